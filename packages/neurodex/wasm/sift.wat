;; The loops of SIFT over all pixels, four float32 at a time. vectors.ts lays out the memory and says what each function is
;; for; `npm run build` assembles this file. Addresses and strides are in bytes.
(module
  (memory (export "memory") 1)

  ;; Blur: a separable, symmetric filter, 16 pixels at a time (4 vectors, so that one addition need not wait for another).

  ;; target[x] = Σ kernel[k] · source[x + k·step] for x < width, over 2·radius + 1 taps, which go in pairs around the
  ;; middle. Addresses and steps are in bytes; width is a multiple of 16; the kernel is its first radius + 1 weights.
  (func $line (param $source i32) (param $step i32) (param $kernel i32) (param $radius i32)
              (param $target i32) (param $width i32)
    (local $end i32) (local $above i32) (local $below i32) (local $tap i32) (local $middle i32) (local $last i32)
    (local $weight v128) (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (local.set $end (i32.add (local.get $target) (i32.shl (local.get $width) (i32.const 2))))
    (local.set $last (i32.add (local.get $kernel) (i32.shl (local.get $radius) (i32.const 2))))
    (loop $pixels
      (local.set $middle (i32.add (local.get $source) (i32.mul (local.get $radius) (local.get $step))))
      (local.set $weight (v128.load32_splat (local.get $last)))
      (local.set $a (f32x4.mul (local.get $weight) (v128.load (local.get $middle))))
      (local.set $b (f32x4.mul (local.get $weight) (v128.load offset=16 (local.get $middle))))
      (local.set $c (f32x4.mul (local.get $weight) (v128.load offset=32 (local.get $middle))))
      (local.set $d (f32x4.mul (local.get $weight) (v128.load offset=48 (local.get $middle))))
      (local.set $above (local.get $source))
      (local.set $below (i32.add (local.get $middle) (i32.mul (local.get $radius) (local.get $step))))
      (local.set $tap (local.get $kernel))
      (loop $taps
        (local.set $weight (v128.load32_splat (local.get $tap)))
        (local.set $a (f32x4.add (local.get $a) (f32x4.mul (local.get $weight)
          (f32x4.add (v128.load (local.get $above)) (v128.load (local.get $below))))))
        (local.set $b (f32x4.add (local.get $b) (f32x4.mul (local.get $weight)
          (f32x4.add (v128.load offset=16 (local.get $above)) (v128.load offset=16 (local.get $below))))))
        (local.set $c (f32x4.add (local.get $c) (f32x4.mul (local.get $weight)
          (f32x4.add (v128.load offset=32 (local.get $above)) (v128.load offset=32 (local.get $below))))))
        (local.set $d (f32x4.add (local.get $d) (f32x4.mul (local.get $weight)
          (f32x4.add (v128.load offset=48 (local.get $above)) (v128.load offset=48 (local.get $below))))))
        (local.set $above (i32.add (local.get $above) (local.get $step)))
        (local.set $below (i32.sub (local.get $below) (local.get $step)))
        (local.set $tap (i32.add (local.get $tap) (i32.const 4)))
        (br_if $taps (i32.lt_u (local.get $tap) (local.get $last))))
      (v128.store (local.get $target) (local.get $a))
      (v128.store offset=16 (local.get $target) (local.get $b))
      (v128.store offset=32 (local.get $target) (local.get $c))
      (v128.store offset=48 (local.get $target) (local.get $d))
      (local.set $source (i32.add (local.get $source) (i32.const 64)))
      (local.set $target (i32.add (local.get $target) (i32.const 64)))
      (br_if $pixels (i32.lt_u (local.get $target) (local.get $end)))))

  ;; Rows first, from `source` [rows + 2·radius, stride] to `middle` [rows + 2·radius, width], then columns, to `target`
  ;; [rows, width]. Strides and width are in pixels; radius is 1 or more.
  (func (export "blur") (param $source i32) (param $stride i32) (param $middle i32) (param $target i32)
                        (param $width i32) (param $rows i32) (param $kernel i32) (param $radius i32)
    (local $row i32) (local $to i32) (local $bytes i32)
    (local.set $bytes (i32.shl (local.get $width) (i32.const 2)))
    (local.set $row (i32.add (local.get $rows) (i32.shl (local.get $radius) (i32.const 1))))
    (local.set $to (local.get $middle))
    (loop $across
      (call $line (local.get $source) (i32.const 4) (local.get $kernel) (local.get $radius)
                  (local.get $to) (local.get $width))
      (local.set $source (i32.add (local.get $source) (i32.shl (local.get $stride) (i32.const 2))))
      (local.set $to (i32.add (local.get $to) (local.get $bytes)))
      (br_if $across (local.tee $row (i32.sub (local.get $row) (i32.const 1)))))
    (loop $down
      (call $line (local.get $middle) (local.get $bytes) (local.get $kernel) (local.get $radius)
                  (local.get $target) (local.get $width))
      (local.set $middle (i32.add (local.get $middle) (local.get $bytes)))
      (local.set $target (i32.add (local.get $target) (local.get $bytes)))
      (br_if $down (local.tee $rows (i32.sub (local.get $rows) (i32.const 1))))))

  ;; target = a − b, over `bytes`, a multiple of 16.
  (func (export "difference") (param $a i32) (param $b i32) (param $target i32) (param $bytes i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $target) (local.get $bytes)))
    (loop $pixels
      (v128.store (local.get $target) (f32x4.sub (v128.load (local.get $a)) (v128.load (local.get $b))))
      (local.set $a (i32.add (local.get $a) (i32.const 16)))
      (local.set $b (i32.add (local.get $b) (i32.const 16)))
      (local.set $target (i32.add (local.get $target) (i32.const 16)))
      (br_if $pixels (i32.lt_u (local.get $target) (local.get $end)))))

  ;; The largest, or the smallest, of the three pixels around each of four, in one row; and of three rows.
  (func $largest3 (param $at i32) (result v128)
    (f32x4.max (v128.load (local.get $at))
      (f32x4.max (v128.load (i32.sub (local.get $at) (i32.const 4))) (v128.load offset=4 (local.get $at)))))
  (func $smallest3 (param $at i32) (result v128)
    (f32x4.min (v128.load (local.get $at))
      (f32x4.min (v128.load (i32.sub (local.get $at) (i32.const 4))) (v128.load offset=4 (local.get $at)))))
  (func $largest9 (param $at i32) (param $stride i32) (result v128)
    (f32x4.max (call $largest3 (local.get $at))
      (f32x4.max (call $largest3 (i32.sub (local.get $at) (local.get $stride)))
                 (call $largest3 (i32.add (local.get $at) (local.get $stride))))))
  (func $smallest9 (param $at i32) (param $stride i32) (result v128)
    (f32x4.min (call $smallest3 (local.get $at))
      (f32x4.min (call $smallest3 (i32.sub (local.get $at) (local.get $stride)))
                 (call $smallest3 (i32.add (local.get $at) (local.get $stride))))))

  ;; Pixels of the plane `at`, from the offset `first` on, `columns` bytes in each of `rows` rows, that are larger than the
  ;; threshold and than none of their 26 neighbours exceeded, or likewise small: their numbers (int32) go to `out`. Up to
  ;; three too many at the end of a row. Returns the address behind the last.
  (func (export "extrema") (param $below i32) (param $at i32) (param $above i32) (param $stride i32) (param $first i32)
                           (param $columns i32) (param $rows i32) (param $threshold f32) (param $out i32) (result i32)
    (local $offset i32) (local $end i32) (local $here i32) (local $lanes i32)
    (local $value v128) (local $limit v128) (local $keep v128) (local $high v128) (local $low v128)
    (local.set $limit (f32x4.splat (local.get $threshold)))
    (loop $down
      (local.set $offset (local.get $first))
      (local.set $end (i32.add (local.get $first) (local.get $columns)))
      (loop $across
        (local.set $here (i32.add (local.get $at) (local.get $offset)))
        (local.set $value (v128.load (local.get $here)))
        (local.set $keep (f32x4.gt (f32x4.abs (local.get $value)) (local.get $limit)))
        (if (v128.any_true (local.get $keep)) (then
          (local.set $high (call $largest9 (local.get $here) (local.get $stride)))
          (local.set $low (call $smallest9 (local.get $here) (local.get $stride)))
          ;; Most pixels lose against a neighbour in their own plane.
          (if (v128.any_true (v128.and (local.get $keep) (v128.or
                (f32x4.ge (local.get $value) (local.get $high)) (f32x4.le (local.get $value) (local.get $low))))) (then
            (local.set $high (f32x4.max (local.get $high) (f32x4.max
              (call $largest9 (i32.add (local.get $below) (local.get $offset)) (local.get $stride))
              (call $largest9 (i32.add (local.get $above) (local.get $offset)) (local.get $stride)))))
            (local.set $low (f32x4.min (local.get $low) (f32x4.min
              (call $smallest9 (i32.add (local.get $below) (local.get $offset)) (local.get $stride))
              (call $smallest9 (i32.add (local.get $above) (local.get $offset)) (local.get $stride)))))
            (local.set $lanes (i32x4.bitmask (v128.and (local.get $keep) (v128.or
              (v128.and (f32x4.gt (local.get $value) (v128.const f32x4 0 0 0 0))
                        (f32x4.ge (local.get $value) (local.get $high)))
              (v128.and (f32x4.lt (local.get $value) (v128.const f32x4 0 0 0 0))
                        (f32x4.le (local.get $value) (local.get $low)))))))
            (local.set $here (i32.shr_u (local.get $offset) (i32.const 2)))
            (block $none
              (loop $lane
                (br_if $none (i32.eqz (local.get $lanes)))
                (if (i32.and (local.get $lanes) (i32.const 1)) (then
                  (i32.store (local.get $out) (local.get $here))
                  (local.set $out (i32.add (local.get $out) (i32.const 4)))))
                (local.set $lanes (i32.shr_u (local.get $lanes) (i32.const 1)))
                (local.set $here (i32.add (local.get $here) (i32.const 1)))
                (br $lane)))))))
        (local.set $offset (i32.add (local.get $offset) (i32.const 16)))
        (br_if $across (i32.lt_u (local.get $offset) (local.get $end))))
      (local.set $first (i32.add (local.get $first) (local.get $stride)))
      (br_if $down (local.tee $rows (i32.sub (local.get $rows) (i32.const 1)))))
    (local.get $out))

  ;; Length and direction (0 … 2π, by the polynomial of Abramowitz & Stegun 1964, 4.4.49, to 10⁻⁵) of the differences of
  ;; neighbouring pixels, x to the right and y upwards, over `bytes` from `source` on: a multiple of 16.
  (func (export "gradients") (param $source i32) (param $stride i32) (param $length i32) (param $direction i32)
                             (param $bytes i32)
    (local $end i32) (local $x v128) (local $y v128) (local $dx v128) (local $dy v128) (local $ratio v128)
    (local $square v128) (local $turn v128)
    (local.set $end (i32.add (local.get $source) (local.get $bytes)))
    (loop $pixels
      (local.set $dx (f32x4.sub (v128.load offset=4 (local.get $source))
                                (v128.load (i32.sub (local.get $source) (i32.const 4)))))
      (local.set $dy (f32x4.sub (v128.load (i32.sub (local.get $source) (local.get $stride)))
                                (v128.load (i32.add (local.get $source) (local.get $stride)))))
      (v128.store (local.get $length) (f32x4.sqrt (f32x4.add
        (f32x4.mul (local.get $dx) (local.get $dx)) (f32x4.mul (local.get $dy) (local.get $dy)))))
      (local.set $x (f32x4.abs (local.get $dx)))
      (local.set $y (f32x4.abs (local.get $dy)))
      ;; Of the smaller to the larger; the divisor is never zero.
      (local.set $ratio (f32x4.div (f32x4.min (local.get $x) (local.get $y))
        (f32x4.max (f32x4.max (local.get $x) (local.get $y)) (v128.const f32x4 1e-30 1e-30 1e-30 1e-30))))
      (local.set $square (f32x4.mul (local.get $ratio) (local.get $ratio)))
      (local.set $turn (v128.const f32x4 0.0208351 0.0208351 0.0208351 0.0208351))
      (local.set $turn (f32x4.add (v128.const f32x4 -0.085133 -0.085133 -0.085133 -0.085133)
        (f32x4.mul (local.get $square) (local.get $turn))))
      (local.set $turn (f32x4.add (v128.const f32x4 0.180141 0.180141 0.180141 0.180141)
        (f32x4.mul (local.get $square) (local.get $turn))))
      (local.set $turn (f32x4.add (v128.const f32x4 -0.3302995 -0.3302995 -0.3302995 -0.3302995)
        (f32x4.mul (local.get $square) (local.get $turn))))
      (local.set $turn (f32x4.add (v128.const f32x4 0.999866 0.999866 0.999866 0.999866)
        (f32x4.mul (local.get $square) (local.get $turn))))
      (local.set $turn (f32x4.mul (local.get $ratio) (local.get $turn)))
      ;; From the octant to the quadrant, the half and the whole.
      (local.set $turn (v128.bitselect (local.get $turn)
        (f32x4.sub (v128.const f32x4 1.57079633 1.57079633 1.57079633 1.57079633) (local.get $turn))
        (f32x4.ge (local.get $x) (local.get $y))))
      (local.set $turn (v128.bitselect
        (f32x4.sub (v128.const f32x4 3.14159265 3.14159265 3.14159265 3.14159265) (local.get $turn))
        (local.get $turn) (f32x4.lt (local.get $dx) (v128.const f32x4 0 0 0 0))))
      (v128.store (local.get $direction) (v128.bitselect
        (f32x4.sub (v128.const f32x4 6.28318531 6.28318531 6.28318531 6.28318531) (local.get $turn))
        (local.get $turn) (f32x4.lt (local.get $dy) (v128.const f32x4 0 0 0 0))))
      (local.set $source (i32.add (local.get $source) (i32.const 16)))
      (local.set $length (i32.add (local.get $length) (i32.const 16)))
      (local.set $direction (i32.add (local.get $direction) (i32.const 16)))
      (br_if $pixels (i32.lt_u (local.get $source) (local.get $end)))))

  ;; Adds a share to two neighbouring directions of a histogram.
  (func $spread (param $bin i32) (param $weight f32) (param $fraction f32)
    (local $next f32)
    (local.set $next (f32.mul (local.get $weight) (local.get $fraction)))
    (f32.store (local.get $bin) (f32.add (f32.load (local.get $bin)) (f32.sub (local.get $weight) (local.get $next))))
    (f32.store offset=4 (local.get $bin) (f32.add (f32.load offset=4 (local.get $bin)) (local.get $next))))

  ;; The gradients of one row of pixels, shared out among the 6×6 histograms of 8 + 2 directions of a descriptor, trilinearly.
  ;; Weights are one for each pixel; column and row are the first pixel's place in the grid, across and along the steps from
  ;; one to the next; `turned` is subtracted from directions, which then count `per` bins for each radian.
  (func (export "share") (param $length i32) (param $direction i32) (param $weights i32) (param $count i32)
                         (param $column f32) (param $row f32) (param $across f32) (param $along f32)
                         (param $weight f32) (param $turned f32) (param $per f32) (param $histogram i32)
    (local $i i32) (local $x f32) (local $y f32) (local $bin f32) (local $w f32) (local $low f32) (local $right f32)
    (local $c i32) (local $r i32) (local $d i32) (local $at i32)
    (loop $pixels
      (local.set $x (f32.add (local.get $column) (f32.mul (f32.convert_i32_u (local.get $i)) (local.get $across))))
      (local.set $y (f32.add (local.get $row) (f32.mul (f32.convert_i32_u (local.get $i)) (local.get $along))))
      (if (i32.and
            (i32.and (f32.gt (local.get $x) (f32.const 0)) (f32.lt (local.get $x) (f32.const 5)))
            (i32.and (f32.gt (local.get $y) (f32.const 0)) (f32.lt (local.get $y) (f32.const 5)))) (then
        (local.set $at (i32.shl (local.get $i) (i32.const 2)))
        (local.set $w (f32.mul (local.get $weight) (f32.mul
          (f32.load (i32.add (local.get $length) (local.get $at)))
          (f32.load (i32.add (local.get $weights) (local.get $at))))))
        (local.set $bin (f32.mul (local.get $per)
          (f32.sub (f32.load (i32.add (local.get $direction) (local.get $at))) (local.get $turned))))
        (if (f32.lt (local.get $bin) (f32.const 0)) (then
          (local.set $bin (f32.add (local.get $bin) (f32.const 8)))))
        (if (f32.ge (local.get $bin) (f32.const 8)) (then
          (local.set $bin (f32.sub (local.get $bin) (f32.const 8)))))
        (local.set $c (i32.trunc_f32_s (local.get $x)))
        (local.set $r (i32.trunc_f32_s (local.get $y)))
        (local.set $d (i32.trunc_f32_s (local.get $bin)))
        (local.set $x (f32.sub (local.get $x) (f32.convert_i32_s (local.get $c))))
        (local.set $y (f32.sub (local.get $y) (f32.convert_i32_s (local.get $r))))
        (local.set $bin (f32.sub (local.get $bin) (f32.convert_i32_s (local.get $d))))
        ;; 240 bytes for a row of histograms, 40 for each, 4 for each direction.
        (local.set $at (i32.add (local.get $histogram) (i32.add (i32.mul (local.get $r) (i32.const 240))
          (i32.add (i32.mul (local.get $c) (i32.const 40)) (i32.shl (local.get $d) (i32.const 2))))))
        (local.set $low (f32.mul (local.get $w) (local.get $y)))
        (local.set $w (f32.sub (local.get $w) (local.get $low)))
        (local.set $right (f32.mul (local.get $w) (local.get $x)))
        (call $spread (local.get $at) (f32.sub (local.get $w) (local.get $right)) (local.get $bin))
        (call $spread (i32.add (local.get $at) (i32.const 40)) (local.get $right) (local.get $bin))
        (local.set $right (f32.mul (local.get $low) (local.get $x)))
        (call $spread (i32.add (local.get $at) (i32.const 240)) (f32.sub (local.get $low) (local.get $right))
                      (local.get $bin))
        (call $spread (i32.add (local.get $at) (i32.const 280)) (local.get $right) (local.get $bin))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $pixels (i32.lt_u (local.get $i) (local.get $count))))))
