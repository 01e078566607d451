;; Gradients, orientations and descriptors of SIFT, four float32 at a time, in the memory of sift.wat. vectors.ts says what
;; each function is for; `npm run build` assembles this file. Addresses and strides are in bytes.
(module
  (import "sift" "memory" (memory 1))

  ;; Length and direction (0 … 2π, by the polynomial of Abramowitz & Stegun 1964, 4.4.49, to 10⁻⁵) of the differences of
  ;; neighbouring pixels, x to the right and y upwards, over `rows` rows of `width` bytes, a multiple of 16.
  (func (export "gradients") (param $source i32) (param $stride i32) (param $length i32) (param $direction i32)
                             (param $width i32) (param $rows i32)
    (local $at i32) (local $here i32) (local $x v128) (local $y v128) (local $dx v128) (local $dy v128)
    (local $ratio v128) (local $square v128) (local $turn v128)
    (loop $down
      (local.set $at (i32.const 0))
      (loop $across
        (local.set $here (i32.add (local.get $source) (local.get $at)))
        (local.set $dx (f32x4.sub (v128.load offset=4 (local.get $here))
                                  (v128.load (i32.sub (local.get $here) (i32.const 4)))))
        (local.set $dy (f32x4.sub (v128.load (i32.sub (local.get $here) (local.get $stride)))
                                  (v128.load (i32.add (local.get $here) (local.get $stride)))))
        (v128.store (i32.add (local.get $length) (local.get $at)) (f32x4.sqrt (f32x4.add
          (f32x4.mul (local.get $dx) (local.get $dx)) (f32x4.mul (local.get $dy) (local.get $dy)))))
        (local.set $x (f32x4.abs (local.get $dx)))
        (local.set $y (f32x4.abs (local.get $dy)))
        ;; Of the smaller to the larger; the divisor is never zero.
        (local.set $ratio (f32x4.div (f32x4.pmin (local.get $x) (local.get $y))
          (f32x4.pmax (f32x4.pmax (local.get $x) (local.get $y)) (v128.const f32x4 1e-30 1e-30 1e-30 1e-30))))
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
        (v128.store (i32.add (local.get $direction) (local.get $at)) (v128.bitselect
          (f32x4.sub (v128.const f32x4 6.28318531 6.28318531 6.28318531 6.28318531) (local.get $turn))
          (local.get $turn) (f32x4.lt (local.get $dy) (v128.const f32x4 0 0 0 0))))
        (br_if $across (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 16))) (local.get $width))))
      (local.set $source (i32.add (local.get $source) (local.get $stride)))
      (local.set $length (i32.add (local.get $length) (local.get $stride)))
      (local.set $direction (i32.add (local.get $direction) (local.get $stride)))
      (br_if $down (local.tee $rows (i32.sub (local.get $rows) (i32.const 1))))))

  ;; The histogram of 36 directions (and one more, which is the first again) of `rows` rows of `count` pixels. Weights are one
  ;; for each pixel and one for each row. Each of four neighbouring pixels has a histogram of its own, 40 float32 after that
  ;; of the one before, so that one addition need not wait for another; the first gets the sum of all.
  (func (export "orient") (param $length i32) (param $direction i32) (param $stride i32) (param $count i32) (param $rows i32)
                          (param $columnWeights i32) (param $rowWeights i32) (param $histogram i32)
    (local $at i32) (local $bytes i32) (local $bin i32) (local $weight v128) (local $w v128) (local $bins v128)
    (local $inside v128)
    (memory.fill (local.get $histogram) (i32.const 0) (i32.const 640))
    (local.set $bytes (i32.shl (local.get $count) (i32.const 2)))
    (loop $down
      (local.set $weight (v128.load32_splat (local.get $rowWeights)))
      (local.set $at (i32.const 0))
      (loop $across
        (local.set $inside (i32x4.lt_s (i32x4.add (i32x4.splat (local.get $at)) (v128.const i32x4 0 4 8 12))
                                       (i32x4.splat (local.get $bytes))))
        (local.set $w (v128.and (local.get $inside) (f32x4.mul (v128.load (i32.add (local.get $length) (local.get $at)))
          (f32x4.mul (local.get $weight) (v128.load (i32.add (local.get $columnWeights) (local.get $at)))))))
        ;; 18/π bins for each radian.
        (local.set $bins (i32x4.trunc_sat_f32x4_s (f32x4.add (v128.const f32x4 0.5 0.5 0.5 0.5)
          (f32x4.mul (v128.const f32x4 5.72957795 5.72957795 5.72957795 5.72957795)
                     (v128.load (i32.add (local.get $direction) (local.get $at)))))))
        (local.set $bins (i32x4.add (i32x4.splat (local.get $histogram)) (i32x4.add (v128.const i32x4 0 160 320 480)
          (i32x4.shl (v128.and (local.get $inside) (local.get $bins)) (i32.const 2)))))
        (local.set $bin (i32x4.extract_lane 0 (local.get $bins)))
        (f32.store (local.get $bin) (f32.add (f32.load (local.get $bin)) (f32x4.extract_lane 0 (local.get $w))))
        (local.set $bin (i32x4.extract_lane 1 (local.get $bins)))
        (f32.store (local.get $bin) (f32.add (f32.load (local.get $bin)) (f32x4.extract_lane 1 (local.get $w))))
        (local.set $bin (i32x4.extract_lane 2 (local.get $bins)))
        (f32.store (local.get $bin) (f32.add (f32.load (local.get $bin)) (f32x4.extract_lane 2 (local.get $w))))
        (local.set $bin (i32x4.extract_lane 3 (local.get $bins)))
        (f32.store (local.get $bin) (f32.add (f32.load (local.get $bin)) (f32x4.extract_lane 3 (local.get $w))))
        (br_if $across (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 16))) (local.get $bytes))))
      (local.set $length (i32.add (local.get $length) (local.get $stride)))
      (local.set $direction (i32.add (local.get $direction) (local.get $stride)))
      (local.set $rowWeights (i32.add (local.get $rowWeights) (i32.const 4)))
      (br_if $down (local.tee $rows (i32.sub (local.get $rows) (i32.const 1)))))
    (local.set $bytes (i32.add (local.get $histogram) (i32.const 160)))
    (loop $sums
      (v128.store (local.get $histogram) (f32x4.add
        (f32x4.add (v128.load (local.get $histogram)) (v128.load offset=160 (local.get $histogram)))
        (f32x4.add (v128.load offset=320 (local.get $histogram)) (v128.load offset=480 (local.get $histogram)))))
      (br_if $sums (i32.lt_u (local.tee $histogram (i32.add (local.get $histogram) (i32.const 16))) (local.get $bytes)))))

  ;; The gradients of one row of pixels, shared out among the histograms of a descriptor, trilinearly. Between 5×5 places of
  ;; the grid lie four histograms each; for each place and each of 8 + 1 directions two vectors hold what goes to these four:
  ;; the weights, and the weights times how far the direction is from its bin towards the next. `$finish` adds up what
  ;; belongs together. Every second pixel goes to a second set, so that one addition need not wait for another.
  ;; Weights are one for each pixel; x and y are the first pixel's place in the grid from its middle on, across and along the
  ;; steps from one to the next; `turned` is subtracted from directions, both in radians.
  (func $share (param $length i32) (param $direction i32) (param $weights i32) (param $count i32)
               (param $x f32) (param $y f32) (param $across f32) (param $along f32)
               (param $weight f32) (param $turned f32) (param $histogram i32)
    (local $at i32) (local $bytes i32) (local $cell i32)
    (local $px v128) (local $py v128) (local $stepX v128) (local $stepY v128) (local $inside v128) (local $w v128)
    (local $gx v128) (local $gy v128) (local $bin v128) (local $c v128) (local $r v128) (local $d v128) (local $cells v128)
    (local $p v128) (local $q v128) (local $s v128) (local $t v128) (local $even v128) (local $odd v128)
    (local.set $bytes (i32.shl (local.get $count) (i32.const 2)))
    (local.set $px (f32x4.add (f32x4.splat (local.get $x))
      (f32x4.mul (f32x4.splat (local.get $across)) (v128.const f32x4 0 1 2 3))))
    (local.set $py (f32x4.add (f32x4.splat (local.get $y))
      (f32x4.mul (f32x4.splat (local.get $along)) (v128.const f32x4 0 1 2 3))))
    (local.set $stepX (f32x4.splat (f32.mul (f32.const 4) (local.get $across))))
    (local.set $stepY (f32x4.splat (f32.mul (f32.const 4) (local.get $along))))
    (loop $pixels
      (local.set $inside (v128.and
        (f32x4.lt (f32x4.pmax (f32x4.abs (local.get $px)) (f32x4.abs (local.get $py)))
                  (v128.const f32x4 2.5 2.5 2.5 2.5))
        (i32x4.lt_s (i32x4.add (i32x4.splat (local.get $at)) (v128.const i32x4 0 4 8 12))
                    (i32x4.splat (local.get $bytes)))))
      (local.set $w (v128.and (local.get $inside) (f32x4.mul (v128.load (i32.add (local.get $length) (local.get $at)))
        (f32x4.mul (f32x4.splat (local.get $weight)) (v128.load (i32.add (local.get $weights) (local.get $at)))))))
      ;; The grid begins at 0; its directions at 0, in 8 bins; 1/2π is 0.159….
      (local.set $gx (f32x4.add (local.get $px) (v128.const f32x4 2.5 2.5 2.5 2.5)))
      (local.set $gy (f32x4.add (local.get $py) (v128.const f32x4 2.5 2.5 2.5 2.5)))
      (local.set $bin (f32x4.mul (v128.const f32x4 0.159154943 0.159154943 0.159154943 0.159154943)
        (f32x4.sub (v128.load (i32.add (local.get $direction) (local.get $at))) (f32x4.splat (local.get $turned)))))
      (local.set $bin (f32x4.mul (v128.const f32x4 8 8 8 8) (f32x4.sub (local.get $bin) (f32x4.floor (local.get $bin)))))
      (local.set $c (f32x4.floor (local.get $gx)))
      (local.set $r (f32x4.floor (local.get $gy)))
      (local.set $d (f32x4.floor (local.get $bin)))
      ;; 1440 bytes for a row of places, 288 for each, 32 for each direction; 8704 for the first set.
      (local.set $cells (i32x4.add (i32x4.add (i32x4.splat (local.get $histogram)) (v128.const i32x4 0 8704 0 8704))
        (v128.and (local.get $inside) (i32x4.trunc_sat_f32x4_s (f32x4.add
          (f32x4.mul (local.get $r) (v128.const f32x4 1440 1440 1440 1440)) (f32x4.add
          (f32x4.mul (local.get $c) (v128.const f32x4 288 288 288 288))
          (f32x4.mul (local.get $d) (v128.const f32x4 32 32 32 32))))))))
      (local.set $gx (f32x4.sub (local.get $gx) (local.get $c)))
      (local.set $gy (f32x4.sub (local.get $gy) (local.get $r)))
      (local.set $bin (f32x4.sub (local.get $bin) (local.get $d)))
      (local.set $s (f32x4.mul (local.get $w) (local.get $gy)))
      (local.set $p (f32x4.sub (local.get $w) (local.get $s)))
      (local.set $q (f32x4.mul (local.get $p) (local.get $gx)))
      (local.set $p (f32x4.sub (local.get $p) (local.get $q)))
      (local.set $t (f32x4.mul (local.get $s) (local.get $gx)))
      (local.set $s (f32x4.sub (local.get $s) (local.get $t)))
      ;; From four vectors of pixels to a vector for each pixel.
      (local.set $even (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $p) (local.get $q)))
      (local.set $odd (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $s) (local.get $t)))
      (local.set $p (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $p) (local.get $q)))
      (local.set $q (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $s) (local.get $t)))
      (local.set $w (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (local.get $even) (local.get $odd)))
      (local.set $cell (i32x4.extract_lane 0 (local.get $cells)))
      (v128.store (local.get $cell) (f32x4.add (v128.load (local.get $cell)) (local.get $w)))
      (v128.store offset=16 (local.get $cell) (f32x4.add (v128.load offset=16 (local.get $cell))
        (f32x4.mul (local.get $w) (i8x16.shuffle 0 1 2 3 0 1 2 3 0 1 2 3 0 1 2 3 (local.get $bin) (local.get $bin)))))
      (local.set $w (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31 (local.get $even) (local.get $odd)))
      (local.set $cell (i32x4.extract_lane 1 (local.get $cells)))
      (v128.store (local.get $cell) (f32x4.add (v128.load (local.get $cell)) (local.get $w)))
      (v128.store offset=16 (local.get $cell) (f32x4.add (v128.load offset=16 (local.get $cell))
        (f32x4.mul (local.get $w) (i8x16.shuffle 4 5 6 7 4 5 6 7 4 5 6 7 4 5 6 7 (local.get $bin) (local.get $bin)))))
      (local.set $w (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (local.get $p) (local.get $q)))
      (local.set $cell (i32x4.extract_lane 2 (local.get $cells)))
      (v128.store (local.get $cell) (f32x4.add (v128.load (local.get $cell)) (local.get $w)))
      (v128.store offset=16 (local.get $cell) (f32x4.add (v128.load offset=16 (local.get $cell))
        (f32x4.mul (local.get $w) (i8x16.shuffle 8 9 10 11 8 9 10 11 8 9 10 11 8 9 10 11 (local.get $bin) (local.get $bin)))))
      (local.set $w (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31 (local.get $p) (local.get $q)))
      (local.set $cell (i32x4.extract_lane 3 (local.get $cells)))
      (v128.store (local.get $cell) (f32x4.add (v128.load (local.get $cell)) (local.get $w)))
      (v128.store offset=16 (local.get $cell) (f32x4.add (v128.load offset=16 (local.get $cell))
        (f32x4.mul (local.get $w) (i8x16.shuffle 12 13 14 15 12 13 14 15 12 13 14 15 12 13 14 15 (local.get $bin) (local.get $bin)))))
      (local.set $px (f32x4.add (local.get $px) (local.get $stepX)))
      (local.set $py (f32x4.add (local.get $py) (local.get $stepY)))
      (br_if $pixels (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 16))) (local.get $bytes)))))

  ;; The 128 numbers from what $share added up: each histogram is a corner of four places.
  (func $finish (param $histogram i32) (param $out i32)
    (local $at i32) (local $end i32) (local $cell i32) (local $direction i32) (local $to i32)
    (local $all f32) (local $next f32) (local $carry f32)
    (local.set $at (local.get $histogram))
    (local.set $end (i32.add (local.get $histogram) (i32.const 7200)))
    (loop $sets
      (v128.store (local.get $at) (f32x4.add (v128.load (local.get $at)) (v128.load offset=8704 (local.get $at))))
      (br_if $sets (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 16))) (local.get $end))))
    (local.set $end (i32.add (local.get $out) (i32.const 512)))
    ;; The place above and to the left of the first histogram.
    (local.set $cell (local.get $histogram))
    (loop $histograms
      (local.set $direction (i32.const 0))
      (local.set $carry (f32.const 0))
      (local.set $to (local.get $out))
      (loop $directions
        (local.set $at (i32.add (local.get $cell) (local.get $direction)))
        (local.set $all (f32.add
          (f32.add (f32.load offset=12 (local.get $at)) (f32.load offset=296 (local.get $at)))
          (f32.add (f32.load offset=1444 (local.get $at)) (f32.load offset=1728 (local.get $at)))))
        (local.set $next (f32.add
          (f32.add (f32.load offset=28 (local.get $at)) (f32.load offset=312 (local.get $at)))
          (f32.add (f32.load offset=1460 (local.get $at)) (f32.load offset=1744 (local.get $at)))))
        (local.set $all (f32.add (f32.sub (local.get $all) (local.get $next)) (local.get $carry)))
        (local.set $carry (local.get $next))
        (if (i32.lt_u (local.get $direction) (i32.const 256)) (then
          (f32.store (local.get $to) (local.get $all))
          (local.set $to (i32.add (local.get $to) (i32.const 4)))))
        (br_if $directions (i32.le_u (local.tee $direction (i32.add (local.get $direction) (i32.const 32)))
                                     (i32.const 256))))
      ;; The ninth direction is the first.
      (f32.store (local.get $out) (f32.add (f32.load (local.get $out)) (local.get $all)))
      (f32.store offset=4 (local.get $out) (f32.add (f32.load offset=4 (local.get $out)) (local.get $carry)))
      (local.set $out (i32.add (local.get $out) (i32.const 32)))
      (local.set $cell (i32.add (local.get $cell) (i32.const 288)))
      ;; Four histograms lie between five places.
      (if (i32.eqz (i32.and (i32.sub (local.get $end) (local.get $out)) (i32.const 127))) (then
        (local.set $cell (i32.add (local.get $cell) (i32.const 288)))))
      (br_if $histograms (i32.lt_u (local.get $out) (local.get $end)))))

  ;; The Euclidean length of 128 numbers.
  (func $norm (param $at i32) (result f32)
    (local $end i32) (local $sum v128)
    (local.set $end (i32.add (local.get $at) (i32.const 512)))
    (loop $numbers
      (local.set $sum (f32x4.add (local.get $sum) (f32x4.mul (v128.load (local.get $at)) (v128.load (local.get $at)))))
      (br_if $numbers (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 16))) (local.get $end))))
    (f32.sqrt (f32.add
      (f32.add (f32x4.extract_lane 0 (local.get $sum)) (f32x4.extract_lane 1 (local.get $sum)))
      (f32.add (f32x4.extract_lane 2 (local.get $sum)) (f32x4.extract_lane 3 (local.get $sum))))))

  (func $toInteger (param $at i32) (param $factor v128) (result v128)
    (i32x4.trunc_sat_f32x4_s (f32x4.nearest (f32x4.mul (local.get $factor) (v128.load (local.get $at))))))

  ;; At unit length, large elements cut, at unit length again, as bytes (Lowe 2004, §6.1), which take the place of the numbers.
  (func $quantize (param $at i32)
    (local $from i32) (local $end i32) (local $limit v128) (local $factor v128)
    (local.set $limit (f32x4.splat (f32.mul (f32.const 0.2) (call $norm (local.get $at)))))
    (local.set $from (local.get $at))
    (local.set $end (i32.add (local.get $at) (i32.const 512)))
    (loop $cut
      (v128.store (local.get $from) (f32x4.pmin (local.get $limit) (v128.load (local.get $from))))
      (br_if $cut (i32.lt_u (local.tee $from (i32.add (local.get $from) (i32.const 16))) (local.get $end))))
    (local.set $factor (f32x4.splat (f32.div (f32.const 512) (f32.max (call $norm (local.get $at)) (f32.const 1e-7)))))
    (local.set $from (local.get $at))
    (loop $bytes
      (v128.store (local.get $at) (i8x16.narrow_i16x8_u
        (i16x8.narrow_i32x4_s (call $toInteger (local.get $from) (local.get $factor))
          (call $toInteger (i32.add (local.get $from) (i32.const 16)) (local.get $factor)))
        (i16x8.narrow_i32x4_s (call $toInteger (i32.add (local.get $from) (i32.const 32)) (local.get $factor))
          (call $toInteger (i32.add (local.get $from) (i32.const 48)) (local.get $factor)))))
      (local.set $at (i32.add (local.get $at) (i32.const 16)))
      (br_if $bytes (i32.lt_u (local.tee $from (i32.add (local.get $from) (i32.const 64))) (local.get $end)))))

  (func $least (param $a i32) (param $b i32) (result i32)
    (select (local.get $a) (local.get $b) (i32.lt_s (local.get $a) (local.get $b))))
  (func $most (param $a i32) (param $b i32) (result i32)
    (select (local.get $a) (local.get $b) (i32.gt_s (local.get $a) (local.get $b))))

  ;; A descriptor from the gradients of the rows of a plane around the pixel (column, row). `window` holds the weights of
  ;; −radius … radius pixels along one axis: that of a pixel is a product of two, however the grid is turned.
  (func (export "describe") (param $length i32) (param $direction i32) (param $stride i32) (param $width i32)
                            (param $height i32) (param $column i32) (param $row i32) (param $radius i32)
                            (param $cosine f32) (param $sine f32) (param $turned f32)
                            (param $window i32) (param $histogram i32) (param $out i32)
    (local $i i32) (local $bottom i32) (local $left i32) (local $right i32) (local $first i32) (local $last i32)
    (local $offset i32) (local $x f32) (local $y f32) (local $a f32) (local $b f32) (local $c f32) (local $d f32)
    (memory.fill (local.get $histogram) (i32.const 0) (i32.const 17408))
    (local.set $i (call $most (i32.sub (i32.const 0) (local.get $radius)) (i32.sub (i32.const 1) (local.get $row))))
    (local.set $bottom (call $least (local.get $radius)
      (i32.sub (i32.sub (local.get $height) (i32.const 2)) (local.get $row))))
    (local.set $left (call $most (i32.sub (i32.const 0) (local.get $radius)) (i32.sub (i32.const 1) (local.get $column))))
    (local.set $right (call $least (local.get $radius)
      (i32.sub (i32.sub (local.get $width) (i32.const 2)) (local.get $column))))
    (block $done
      (loop $rows
        (br_if $done (i32.gt_s (local.get $i) (local.get $bottom)))
        ;; The place of the row's middle in the grid, and where the turned grid begins and ends on the row. A division by
        ;; zero gives an infinity of the right sign.
        (local.set $x (f32.neg (f32.mul (f32.convert_i32_s (local.get $i)) (local.get $sine))))
        (local.set $y (f32.mul (f32.convert_i32_s (local.get $i)) (local.get $cosine)))
        (local.set $a (f32.div (f32.sub (f32.const -2.5) (local.get $x)) (local.get $cosine)))
        (local.set $b (f32.div (f32.sub (f32.const 2.5) (local.get $x)) (local.get $cosine)))
        (local.set $c (f32.div (f32.sub (f32.const -2.5) (local.get $y)) (local.get $sine)))
        (local.set $d (f32.div (f32.sub (f32.const 2.5) (local.get $y)) (local.get $sine)))
        (local.set $first (call $most (local.get $left) (i32.trunc_sat_f32_s (f32.floor (f32.max
          (f32.min (local.get $a) (local.get $b)) (f32.min (local.get $c) (local.get $d)))))))
        (local.set $last (call $least (local.get $right) (i32.trunc_sat_f32_s (f32.ceil (f32.min
          (f32.max (local.get $a) (local.get $b)) (f32.max (local.get $c) (local.get $d)))))))
        (if (i32.ge_s (local.get $last) (local.get $first)) (then
          (local.set $offset (i32.add
            (i32.mul (i32.add (local.get $row) (local.get $i)) (local.get $stride))
            (i32.shl (i32.add (local.get $column) (local.get $first)) (i32.const 2))))
          (call $share
            (i32.add (local.get $length) (local.get $offset))
            (i32.add (local.get $direction) (local.get $offset))
            (i32.add (local.get $window) (i32.shl (i32.add (local.get $radius) (local.get $first)) (i32.const 2)))
            (i32.add (i32.sub (local.get $last) (local.get $first)) (i32.const 1))
            (f32.add (local.get $x) (f32.mul (f32.convert_i32_s (local.get $first)) (local.get $cosine)))
            (f32.add (local.get $y) (f32.mul (f32.convert_i32_s (local.get $first)) (local.get $sine)))
            (local.get $cosine) (local.get $sine)
            (f32.load (i32.add (local.get $window)
              (i32.shl (i32.add (local.get $radius) (local.get $i)) (i32.const 2))))
            (local.get $turned) (local.get $histogram))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $rows)))
    (call $finish (local.get $histogram) (local.get $out))
    (call $quantize (local.get $out))))
