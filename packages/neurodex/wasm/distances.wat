;; The points near a query: squared distances of rows of float32, four numbers at a time. distance-kernel.ts holds what this file
;; assembles to, and says what the function is for. Addresses are in bytes.
(module
  (memory (import "points" "memory") 1)

  ;; For each row r < count with Σ (query[d] − row[r][d])² ≤ radius, d < width: r as int32 and the sum as float32 to `out`, one pair
  ;; behind the other. `count` rows, 1 or more, one behind the other; `width` is a multiple of eight. Gives the number of pairs.
  (func (export "within") (param $query i32) (param $row i32) (param $count i32) (param $width i32) (param $radius f32) (param $out i32)
    (result i32)
    (local $r i32) (local $at i32) (local $end i32) (local $next i32) (local $first i32)
    (local $a v128) (local $b v128) (local $x v128) (local $sum f32)
    (local.set $first (local.get $out))
    (local.set $end (i32.add (local.get $query) (i32.shl (local.get $width) (i32.const 2))))
    (local.set $next (local.get $row))
    (loop $rows
      (local.set $row (local.get $next))
      (local.set $next (i32.add (local.get $row) (i32.shl (local.get $width) (i32.const 2))))
      (local.set $at (local.get $query))
      (local.set $a (v128.const f32x4 0 0 0 0))
      (local.set $b (local.get $a))
      (block $far
        (loop $eights
          (local.set $x (f32x4.sub (v128.load (local.get $at)) (v128.load (local.get $row))))
          (local.set $a (f32x4.add (local.get $a) (f32x4.mul (local.get $x) (local.get $x))))
          (local.set $x (f32x4.sub (v128.load offset=16 (local.get $at)) (v128.load offset=16 (local.get $row))))
          (local.set $b (f32x4.add (local.get $b) (f32x4.mul (local.get $x) (local.get $x))))
          (local.set $x (f32x4.add (local.get $a) (local.get $b)))
          (local.set $x (f32x4.add (local.get $x)
            (i8x16.shuffle 8 9 10 11 12 13 14 15 0 1 2 3 4 5 6 7 (local.get $x) (local.get $x))))
          (local.set $sum (f32.add (f32x4.extract_lane 0 (local.get $x)) (f32x4.extract_lane 1 (local.get $x))))
          ;; What is no number is far, too.
          (br_if $far (i32.eqz (f32.le (local.get $sum) (local.get $radius))))
          (local.set $at (i32.add (local.get $at) (i32.const 32)))
          (local.set $row (i32.add (local.get $row) (i32.const 32)))
          (br_if $eights (i32.lt_u (local.get $at) (local.get $end))))
        (i32.store (local.get $out) (local.get $r))
        (f32.store offset=4 (local.get $out) (local.get $sum))
        (local.set $out (i32.add (local.get $out) (i32.const 8))))
      (local.set $r (i32.add (local.get $r) (i32.const 1)))
      (br_if $rows (i32.lt_s (local.get $r) (local.get $count))))
    (i32.shr_u (i32.sub (local.get $out) (local.get $first)) (i32.const 3))))
