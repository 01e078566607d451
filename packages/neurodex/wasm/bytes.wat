;; The products of a vector of bytes with rows of bytes, sixteen at a time, exact. byte-kernel.ts holds what this file assembles to, and
;; says what the function is for. Addresses are in bytes.
(module
  (memory (import "bytes" "memory") 1)

  ;; out[r] = Σ query[i] · row[r][i] for r < count, i < width, as float64: `count` rows, 1 or more, one behind the other. `width` is a
  ;; multiple of sixteen.
  (func (export "multiply") (param $query i32) (param $row i32) (param $count i32) (param $width i32) (param $out i32)
    (local $at i32) (local $end i32) (local $block i32) (local $x v128) (local $y v128)
    (local $a v128) (local $b v128) (local $sum i64)
    (loop $rows
      (local.set $sum (i64.const 0))
      (local.set $at (local.get $query))
      (local.set $end (i32.add (local.get $query) (local.get $width)))
      (block $rowDone (loop $blocks
        (br_if $rowDone (i32.ge_u (local.get $at) (local.get $end)))
        ;; Of 2¹⁷ bytes a lane adds up 2¹⁴ products, below 2³⁰.
        (local.set $block (i32.add (local.get $at) (i32.const 131072)))
        (local.set $block (select (local.get $block) (local.get $end) (i32.lt_u (local.get $block) (local.get $end))))
        (local.set $a (v128.const i32x4 0 0 0 0))
        (local.set $b (local.get $a))
        (loop $sixteens
          (local.set $x (v128.load (local.get $at)))
          (local.set $y (v128.load (local.get $row)))
          (local.set $a (i32x4.add (local.get $a) (i32x4.dot_i16x8_s
            (i16x8.extend_low_i8x16_u (local.get $x)) (i16x8.extend_low_i8x16_u (local.get $y)))))
          (local.set $b (i32x4.add (local.get $b) (i32x4.dot_i16x8_s
            (i16x8.extend_high_i8x16_u (local.get $x)) (i16x8.extend_high_i8x16_u (local.get $y)))))
          (local.set $at (i32.add (local.get $at) (i32.const 16)))
          (local.set $row (i32.add (local.get $row) (i32.const 16)))
          (br_if $sixteens (i32.lt_u (local.get $at) (local.get $block))))
        ;; Two lanes together are below 2³².
        (local.set $a (i32x4.add (local.get $a) (local.get $b)))
        (local.set $sum (i64.add (local.get $sum) (i64.add
          (i64.add
            (i64.extend_i32_u (i32x4.extract_lane 0 (local.get $a))) (i64.extend_i32_u (i32x4.extract_lane 1 (local.get $a))))
          (i64.add
            (i64.extend_i32_u (i32x4.extract_lane 2 (local.get $a))) (i64.extend_i32_u (i32x4.extract_lane 3 (local.get $a)))))))
        (br $blocks)))
      (f64.store (local.get $out) (f64.convert_i64_u (local.get $sum)))
      (local.set $out (i32.add (local.get $out) (i32.const 8)))
      (local.set $count (i32.sub (local.get $count) (i32.const 1)))
      (br_if $rows (i32.gt_s (local.get $count) (i32.const 0))))))
