;; The scale space of SIFT, four float32 at a time: doubling, halving, blurs with their differences, and extrema. vectors.ts
;; lays out the memory and says what each function is for; `npm run build` assembles this file. Addresses and strides are in
;; bytes. What the innermost loops do is written out: the compiler of V8 does not inline calls.
(module
  (memory (export "memory") 1)

  ;; A symmetric filter over `rows` lines of `width` bytes (a multiple of 64), 16 pixels at a time (4 vectors, so that one
  ;; addition need not wait for another): target[x] = Σ kernel[k] · source[x + k·step] over 2·radius + 1 taps, which go in
  ;; pairs around the middle. The kernel is its first radius + 1 weights. All lines of 16 columns come before the next
  ;; columns, so that what they share is read once. Where `difference` is not 0, target − (target + from) goes to
  ;; target + difference.
  (func $filter (param $source i32) (param $step i32) (param $sourceRow i32) (param $target i32) (param $targetRow i32)
                (param $rows i32) (param $width i32) (param $kernel i32) (param $radius i32)
                (param $from i32) (param $difference i32)
    (local $reach i32) (local $last i32) (local $end i32) (local $row i32) (local $in i32) (local $out i32)
    (local $above i32) (local $below i32) (local $tap i32)
    (local $weight v128) (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (local.set $reach (i32.mul (local.get $radius) (local.get $step)))
    (local.set $last (i32.add (local.get $kernel) (i32.shl (local.get $radius) (i32.const 2))))
    (local.set $end (i32.add (local.get $target) (local.get $width)))
    (loop $pixels
      (local.set $in (local.get $source))
      (local.set $out (local.get $target))
      (local.set $row (local.get $rows))
      (loop $lines
        (local.set $above (local.get $in))
        (local.set $below (i32.add (local.get $in) (local.get $reach)))
        (local.set $weight (v128.load32_splat (local.get $last)))
        (local.set $a (f32x4.mul (local.get $weight) (v128.load (local.get $below))))
        (local.set $b (f32x4.mul (local.get $weight) (v128.load offset=16 (local.get $below))))
        (local.set $c (f32x4.mul (local.get $weight) (v128.load offset=32 (local.get $below))))
        (local.set $d (f32x4.mul (local.get $weight) (v128.load offset=48 (local.get $below))))
        (local.set $below (i32.add (local.get $below) (local.get $reach)))
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
        (v128.store (local.get $out) (local.get $a))
        (v128.store offset=16 (local.get $out) (local.get $b))
        (v128.store offset=32 (local.get $out) (local.get $c))
        (v128.store offset=48 (local.get $out) (local.get $d))
        (if (local.get $difference) (then
          (local.set $above (i32.add (local.get $out) (local.get $from)))
          (local.set $below (i32.add (local.get $out) (local.get $difference)))
          (v128.store (local.get $below) (f32x4.sub (local.get $a) (v128.load (local.get $above))))
          (v128.store offset=16 (local.get $below) (f32x4.sub (local.get $b) (v128.load offset=16 (local.get $above))))
          (v128.store offset=32 (local.get $below) (f32x4.sub (local.get $c) (v128.load offset=32 (local.get $above))))
          (v128.store offset=48 (local.get $below) (f32x4.sub (local.get $d) (v128.load offset=48 (local.get $above))))))
        (local.set $in (i32.add (local.get $in) (local.get $sourceRow)))
        (local.set $out (i32.add (local.get $out) (local.get $targetRow)))
        (br_if $lines (local.tee $row (i32.sub (local.get $row) (i32.const 1)))))
      (local.set $source (i32.add (local.get $source) (i32.const 64)))
      (local.set $target (i32.add (local.get $target) (i32.const 64)))
      (br_if $pixels (i32.lt_u (local.get $target) (local.get $end)))))

  ;; The pixels on both sides of a line, as many as the radius, mirrored without the edge. Further away than the line is
  ;; long, mirrored ones are mirrored again. `last` is the offset of the last pixel.
  (func $mirrorEnds (param $line i32) (param $last i32) (param $radius i32)
    (local $near i32) (local $far i32) (local $reach i32)
    (local.set $reach (i32.shl (local.get $radius) (i32.const 2)))
    (loop $pixels
      (local.set $far (i32.add (local.get $far) (i32.const 4)))
      ;; A single pixel is its own neighbour.
      (local.set $near (select (local.get $far) (i32.const 0) (local.get $last)))
      (f32.store (i32.sub (local.get $line) (local.get $far)) (f32.load (i32.add (local.get $line) (local.get $near))))
      (f32.store (i32.add (i32.add (local.get $line) (local.get $last)) (local.get $far))
                 (f32.load (i32.sub (i32.add (local.get $line) (local.get $last)) (local.get $near))))
      (br_if $pixels (i32.lt_u (local.get $far) (local.get $reach)))))

  (func $copy (param $from i32) (param $to i32) (param $bytes i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $from) (local.get $bytes)))
    (loop $pixels
      (v128.store (local.get $to) (v128.load (local.get $from)))
      (local.set $to (i32.add (local.get $to) (i32.const 16)))
      (br_if $pixels (i32.lt_u (local.tee $from (i32.add (local.get $from) (i32.const 16))) (local.get $end)))))

  ;; The same for the rows above and below a plane.
  (func (export "mirror") (param $plane i32) (param $stride i32) (param $width i32) (param $rows i32) (param $radius i32)
    (local $last i32) (local $near i32) (local $far i32)
    (local.set $last (i32.mul (local.get $stride) (i32.sub (local.get $rows) (i32.const 1))))
    (loop $lines
      (local.set $far (i32.add (local.get $far) (local.get $stride)))
      (local.set $near (select (local.get $far) (i32.const 0) (local.get $last)))
      (call $copy (i32.add (local.get $plane) (local.get $near)) (i32.sub (local.get $plane) (local.get $far))
                  (local.get $width))
      (call $copy (i32.sub (i32.add (local.get $plane) (local.get $last)) (local.get $near))
                  (i32.add (i32.add (local.get $plane) (local.get $last)) (local.get $far)) (local.get $width))
      (br_if $lines (local.tee $radius (i32.sub (local.get $radius) (i32.const 1))))))

  ;; Columns, then rows, four rows at a time, which `lines` holds in between. `pixels` are the columns that mean something.
  (func (export "blur") (param $source i32) (param $target i32) (param $difference i32) (param $stride i32)
                        (param $width i32) (param $pixels i32) (param $rows i32) (param $kernel i32) (param $radius i32)
                        (param $lines i32) (param $lineStride i32)
    (local $at i32) (local $count i32) (local $i i32) (local $line i32) (local $from i32) (local $last i32)
    (local.set $from (i32.sub (local.get $source) (local.get $target)))
    (local.set $last (i32.shl (i32.sub (local.get $pixels) (i32.const 1)) (i32.const 2)))
    (if (local.get $difference) (then
      (local.set $difference (i32.sub (local.get $difference) (local.get $target)))))
    (local.set $source (i32.sub (local.get $source) (i32.mul (local.get $radius) (local.get $stride))))
    (loop $down
      (local.set $count (select (local.get $rows) (i32.const 4) (i32.lt_u (local.get $rows) (i32.const 4))))
      (call $filter (local.get $source) (local.get $stride) (local.get $stride) (local.get $lines) (local.get $lineStride)
                    (local.get $count) (local.get $width) (local.get $kernel) (local.get $radius)
                    (i32.const 0) (i32.const 0))
      (local.set $line (local.get $lines))
      (local.set $i (local.get $count))
      (loop $ends
        (call $mirrorEnds (local.get $line) (local.get $last) (local.get $radius))
        (local.set $line (i32.add (local.get $line) (local.get $lineStride)))
        (br_if $ends (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
      (call $filter (i32.sub (local.get $lines) (i32.shl (local.get $radius) (i32.const 2))) (i32.const 4)
                    (local.get $lineStride) (local.get $target) (local.get $stride) (local.get $count) (local.get $width)
                    (local.get $kernel) (local.get $radius) (local.get $from) (local.get $difference))
      (local.set $at (i32.mul (local.get $count) (local.get $stride)))
      (local.set $source (i32.add (local.get $source) (local.get $at)))
      (local.set $target (i32.add (local.get $target) (local.get $at)))
      (br_if $down (local.tee $rows (i32.sub (local.get $rows) (local.get $count))))))

  ;; One row of twice the width: three quarters of the nearer and one of the farther pixel, down and across. `line` has room
  ;; for one pixel before it.
  (func $doubleRow (param $near i32) (param $far i32) (param $pixels i32) (param $line i32) (param $target i32)
    (local $at i32) (local $bytes i32) (local $here v128) (local $even v128) (local $odd v128)
    (local.set $bytes (i32.shl (local.get $pixels) (i32.const 2)))
    (loop $down
      (v128.store (i32.add (local.get $line) (local.get $at)) (f32x4.add
        (f32x4.mul (v128.const f32x4 0.75 0.75 0.75 0.75) (v128.load (i32.add (local.get $near) (local.get $at))))
        (f32x4.mul (v128.const f32x4 0.25 0.25 0.25 0.25) (v128.load (i32.add (local.get $far) (local.get $at))))))
      (br_if $down (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 16))) (local.get $bytes))))
    (f32.store (i32.sub (local.get $line) (i32.const 4)) (f32.load (local.get $line)))
    (f32.store (i32.add (local.get $line) (local.get $bytes))
               (f32.load (i32.sub (i32.add (local.get $line) (local.get $bytes)) (i32.const 4))))
    (local.set $bytes (i32.add (local.get $line) (local.get $bytes)))
    (loop $across
      (local.set $here (f32x4.mul (v128.const f32x4 0.75 0.75 0.75 0.75) (v128.load (local.get $line))))
      (local.set $even (f32x4.add (local.get $here) (f32x4.mul (v128.const f32x4 0.25 0.25 0.25 0.25)
        (v128.load (i32.sub (local.get $line) (i32.const 4))))))
      (local.set $odd (f32x4.add (local.get $here) (f32x4.mul (v128.const f32x4 0.25 0.25 0.25 0.25)
        (v128.load offset=4 (local.get $line)))))
      (v128.store (local.get $target)
        (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $even) (local.get $odd)))
      (v128.store offset=16 (local.get $target)
        (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $even) (local.get $odd)))
      (local.set $target (i32.add (local.get $target) (i32.const 32)))
      (br_if $across (i32.lt_u (local.tee $line (i32.add (local.get $line) (i32.const 16))) (local.get $bytes)))))

  (func (export "double") (param $source i32) (param $sourceStride i32) (param $pixels i32) (param $rows i32)
                          (param $target i32) (param $stride i32) (param $line i32)
    (local $row i32) (local $last i32)
    (local.set $last (i32.sub (local.get $rows) (i32.const 1)))
    (loop $down
      ;; An even row lies a quarter of a pixel before its source, an odd one as far behind it; borders are repeated.
      (call $doubleRow (local.get $source)
        (select (i32.sub (local.get $source) (local.get $sourceStride)) (local.get $source) (local.get $row))
        (local.get $pixels) (local.get $line) (local.get $target))
      (call $doubleRow (local.get $source)
        (select (i32.add (local.get $source) (local.get $sourceStride)) (local.get $source)
                (i32.lt_u (local.get $row) (local.get $last)))
        (local.get $pixels) (local.get $line) (i32.add (local.get $target) (local.get $stride)))
      (local.set $source (i32.add (local.get $source) (local.get $sourceStride)))
      (local.set $target (i32.add (local.get $target) (i32.shl (local.get $stride) (i32.const 1))))
      (br_if $down (i32.lt_u (local.tee $row (i32.add (local.get $row) (i32.const 1))) (local.get $rows)))))

  ;; Every second pixel of every second row; `width` bytes of the target, a multiple of 16.
  (func (export "halve") (param $source i32) (param $sourceStride i32) (param $target i32) (param $stride i32)
                         (param $width i32) (param $rows i32)
    (local $at i32) (local $in i32)
    (loop $down
      (local.set $at (i32.const 0))
      (loop $across
        (local.set $in (i32.add (local.get $source) (i32.shl (local.get $at) (i32.const 1))))
        (v128.store (i32.add (local.get $target) (local.get $at))
          (i8x16.shuffle 0 1 2 3 8 9 10 11 16 17 18 19 24 25 26 27
            (v128.load (local.get $in)) (v128.load offset=16 (local.get $in))))
        (br_if $across (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 16))) (local.get $width))))
      (local.set $source (i32.add (local.get $source) (i32.shl (local.get $sourceStride) (i32.const 1))))
      (local.set $target (i32.add (local.get $target) (local.get $stride)))
      (br_if $down (local.tee $rows (i32.sub (local.get $rows) (i32.const 1))))))

  ;; The largest, or the smallest, of the nine pixels around each of four.
  (func $largest9 (param $at i32) (param $stride i32) (result v128)
    (local $up i32) (local $down i32)
    (local.set $up (i32.sub (local.get $at) (local.get $stride)))
    (local.set $down (i32.add (local.get $at) (local.get $stride)))
    (f32x4.pmax
      (f32x4.pmax (f32x4.pmax (v128.load (local.get $at)) (v128.load offset=4 (local.get $at)))
        (f32x4.pmax (v128.load (i32.sub (local.get $at) (i32.const 4))) (v128.load (local.get $up))))
      (f32x4.pmax
        (f32x4.pmax (v128.load offset=4 (local.get $up)) (v128.load (i32.sub (local.get $up) (i32.const 4))))
        (f32x4.pmax (v128.load (local.get $down))
          (f32x4.pmax (v128.load offset=4 (local.get $down)) (v128.load (i32.sub (local.get $down) (i32.const 4))))))))
  (func $smallest9 (param $at i32) (param $stride i32) (result v128)
    (local $up i32) (local $down i32)
    (local.set $up (i32.sub (local.get $at) (local.get $stride)))
    (local.set $down (i32.add (local.get $at) (local.get $stride)))
    (f32x4.pmin
      (f32x4.pmin (f32x4.pmin (v128.load (local.get $at)) (v128.load offset=4 (local.get $at)))
        (f32x4.pmin (v128.load (i32.sub (local.get $at) (i32.const 4))) (v128.load (local.get $up))))
      (f32x4.pmin
        (f32x4.pmin (v128.load offset=4 (local.get $up)) (v128.load (i32.sub (local.get $up) (i32.const 4))))
        (f32x4.pmin (v128.load (local.get $down))
          (f32x4.pmin (v128.load offset=4 (local.get $down)) (v128.load (i32.sub (local.get $down) (i32.const 4))))))))

  ;; Pixels of the plane `at`, from the offset `first` on, `columns` bytes in each of `rows` rows, that are larger than the
  ;; threshold and than none of their 26 neighbours exceeded, or likewise small: their numbers (int32) go to `out`. Up to
  ;; three too many at the end of a row. Returns the address behind the last. Four columns are walked downwards at a time, so
  ;; that the largest and the smallest of three neighbours in a row are found once for three rows; in bands that the cache
  ;; holds.
  (func (export "extrema") (param $below i32) (param $at i32) (param $above i32) (param $stride i32) (param $first i32)
                           (param $columns i32) (param $rows i32) (param $threshold f32) (param $out i32) (result i32)
    (local $band i32) (local $row i32) (local $column i32) (local $end i32) (local $offset i32) (local $here i32)
    (local $lanes i32) (local $left v128) (local $right v128) (local $value v128) (local $next v128) (local $limit v128)
    (local $keep v128) (local $high v128) (local $low v128)
    (local $highUp v128) (local $highHere v128) (local $highDown v128)
    (local $lowUp v128) (local $lowHere v128) (local $lowDown v128)
    (local.set $limit (f32x4.splat (local.get $threshold)))
    (local.set $end (i32.add (local.get $first) (local.get $columns)))
    (loop $bands
      (local.set $band (select (local.get $rows) (i32.const 64) (i32.lt_u (local.get $rows) (i32.const 64))))
      (local.set $column (local.get $first))
      (loop $across
        (local.set $here (i32.sub (i32.add (local.get $at) (local.get $column)) (local.get $stride)))
        (local.set $value (v128.load (local.get $here)))
        (local.set $left (v128.load (i32.sub (local.get $here) (i32.const 4))))
        (local.set $right (v128.load offset=4 (local.get $here)))
        (local.set $highUp (f32x4.pmax (f32x4.pmax (local.get $left) (local.get $right)) (local.get $value)))
        (local.set $lowUp (f32x4.pmin (f32x4.pmin (local.get $left) (local.get $right)) (local.get $value)))
        (local.set $here (i32.add (local.get $here) (local.get $stride)))
        (local.set $value (v128.load (local.get $here)))
        (local.set $left (v128.load (i32.sub (local.get $here) (i32.const 4))))
        (local.set $right (v128.load offset=4 (local.get $here)))
        (local.set $highHere (f32x4.pmax (f32x4.pmax (local.get $left) (local.get $right)) (local.get $value)))
        (local.set $lowHere (f32x4.pmin (f32x4.pmin (local.get $left) (local.get $right)) (local.get $value)))
        (local.set $row (local.get $band))
        (loop $down
          (local.set $here (i32.add (local.get $here) (local.get $stride)))
          (local.set $next (v128.load (local.get $here)))
          (local.set $left (v128.load (i32.sub (local.get $here) (i32.const 4))))
          (local.set $right (v128.load offset=4 (local.get $here)))
          (local.set $highDown (f32x4.pmax (f32x4.pmax (local.get $left) (local.get $right)) (local.get $next)))
          (local.set $lowDown (f32x4.pmin (f32x4.pmin (local.get $left) (local.get $right)) (local.get $next)))
          (local.set $high (f32x4.pmax (f32x4.pmax (local.get $highUp) (local.get $highDown)) (local.get $highHere)))
          (local.set $low (f32x4.pmin (f32x4.pmin (local.get $lowUp) (local.get $lowDown)) (local.get $lowHere)))
          (local.set $keep (v128.and (f32x4.gt (f32x4.abs (local.get $value)) (local.get $limit))
            (v128.or (f32x4.ge (local.get $value) (local.get $high)) (f32x4.le (local.get $value) (local.get $low)))))
          ;; Most pixels lose against a neighbour in their own plane.
          (if (v128.any_true (local.get $keep)) (then
            (local.set $offset (i32.sub (i32.sub (local.get $here) (local.get $stride)) (local.get $at)))
            (local.set $high (f32x4.pmax (local.get $high) (f32x4.pmax
              (call $largest9 (i32.add (local.get $below) (local.get $offset)) (local.get $stride))
              (call $largest9 (i32.add (local.get $above) (local.get $offset)) (local.get $stride)))))
            (local.set $low (f32x4.pmin (local.get $low) (f32x4.pmin
              (call $smallest9 (i32.add (local.get $below) (local.get $offset)) (local.get $stride))
              (call $smallest9 (i32.add (local.get $above) (local.get $offset)) (local.get $stride)))))
            (local.set $lanes (i32x4.bitmask (v128.and (local.get $keep) (v128.or
              (v128.and (f32x4.gt (local.get $value) (v128.const f32x4 0 0 0 0))
                        (f32x4.ge (local.get $value) (local.get $high)))
              (v128.and (f32x4.lt (local.get $value) (v128.const f32x4 0 0 0 0))
                        (f32x4.le (local.get $value) (local.get $low)))))))
            (local.set $offset (i32.shr_u (local.get $offset) (i32.const 2)))
            (block $none
              (loop $lane
                (br_if $none (i32.eqz (local.get $lanes)))
                (i32.store (local.get $out)
                  (i32.add (local.get $offset) (i32.ctz (local.get $lanes))))
                (local.set $out (i32.add (local.get $out) (i32.const 4)))
                (local.set $lanes (i32.and (local.get $lanes) (i32.sub (local.get $lanes) (i32.const 1))))
                (br $lane)))))
          (local.set $value (local.get $next))
          (local.set $highUp (local.get $highHere))
          (local.set $lowUp (local.get $lowHere))
          (local.set $highHere (local.get $highDown))
          (local.set $lowHere (local.get $lowDown))
          (br_if $down (local.tee $row (i32.sub (local.get $row) (i32.const 1)))))
        (br_if $across (i32.lt_u (local.tee $column (i32.add (local.get $column) (i32.const 16))) (local.get $end))))
      (local.set $column (i32.mul (local.get $band) (local.get $stride)))
      (local.set $first (i32.add (local.get $first) (local.get $column)))
      (local.set $end (i32.add (local.get $end) (local.get $column)))
      (br_if $bands (local.tee $rows (i32.sub (local.get $rows) (local.get $band)))))
    (local.get $out)))
