;; The products of a state with rows of a memory, four rows and four float32 at a time. memory-kernel.ts holds what this file
;; assembles to, and says what the function is for. Addresses are in bytes and need not be aligned.
(module
  (memory (import "rows" "memory") 1)

  ;; out[r] = Σ state[d] · row[r][d] for r < count, d < width: `count` rows, 1 or more, one behind the other. Whole fours of
  ;; numbers are written to `out`. Every row's sum has one order, wherever it stands among the others: equal rows have equal
  ;; products. Beyond the last row the last one is taken again.
  (func (export "multiply") (param $state i32) (param $row i32) (param $count i32) (param $width i32) (param $out i32)
    (local $stride i32) (local $last i32) (local $at i32) (local $end i32)
    (local $b i32) (local $c i32) (local $d i32) (local $x v128) (local $y v128)
    (local $a0 v128) (local $b0 v128) (local $c0 v128) (local $d0 v128)
    (local $a1 v128) (local $b1 v128) (local $c1 v128) (local $d1 v128)
    (local.set $stride (i32.shl (local.get $width) (i32.const 2)))
    (local.set $last (i32.add (local.get $row) (i32.mul (i32.sub (local.get $count) (i32.const 1)) (local.get $stride))))
    (loop $rows
      (local.set $b (call $next (local.get $row) (local.get $stride) (local.get $last)))
      (local.set $c (call $next (local.get $b) (local.get $stride) (local.get $last)))
      (local.set $d (call $next (local.get $c) (local.get $stride) (local.get $last)))
      (local.set $at (local.get $state))
      ;; Two sums for each row: one addition need not wait for the other.
      (local.set $a0 (v128.const f32x4 0 0 0 0))
      (local.set $b0 (local.get $a0)) (local.set $c0 (local.get $a0)) (local.set $d0 (local.get $a0))
      (local.set $a1 (local.get $a0)) (local.set $b1 (local.get $a0))
      (local.set $c1 (local.get $a0)) (local.set $d1 (local.get $a0))
      (local.set $end (i32.add (local.get $state) (i32.and (local.get $stride) (i32.const -32))))
      (block $eightsDone (loop $eights
        (br_if $eightsDone (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $x (v128.load (local.get $at)))
        (local.set $y (v128.load offset=16 (local.get $at)))
        (local.set $a0 (f32x4.add (local.get $a0) (f32x4.mul (local.get $x) (v128.load (local.get $row)))))
        (local.set $b0 (f32x4.add (local.get $b0) (f32x4.mul (local.get $x) (v128.load (local.get $b)))))
        (local.set $c0 (f32x4.add (local.get $c0) (f32x4.mul (local.get $x) (v128.load (local.get $c)))))
        (local.set $d0 (f32x4.add (local.get $d0) (f32x4.mul (local.get $x) (v128.load (local.get $d)))))
        (local.set $a1 (f32x4.add (local.get $a1) (f32x4.mul (local.get $y) (v128.load offset=16 (local.get $row)))))
        (local.set $b1 (f32x4.add (local.get $b1) (f32x4.mul (local.get $y) (v128.load offset=16 (local.get $b)))))
        (local.set $c1 (f32x4.add (local.get $c1) (f32x4.mul (local.get $y) (v128.load offset=16 (local.get $c)))))
        (local.set $d1 (f32x4.add (local.get $d1) (f32x4.mul (local.get $y) (v128.load offset=16 (local.get $d)))))
        (local.set $at (i32.add (local.get $at) (i32.const 32)))
        (local.set $row (i32.add (local.get $row) (i32.const 32)))
        (local.set $b (i32.add (local.get $b) (i32.const 32)))
        (local.set $c (i32.add (local.get $c) (i32.const 32)))
        (local.set $d (i32.add (local.get $d) (i32.const 32)))
        (br $eights)))
      ;; Lanes are added up: x holds one sum for each of the four rows.
      (local.set $a0 (f32x4.add (local.get $a0) (local.get $a1)))
      (local.set $b0 (f32x4.add (local.get $b0) (local.get $b1)))
      (local.set $c0 (f32x4.add (local.get $c0) (local.get $c1)))
      (local.set $d0 (f32x4.add (local.get $d0) (local.get $d1)))
      (local.set $a1 (f32x4.add
        (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $a0) (local.get $b0))
        (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $a0) (local.get $b0))))
      (local.set $c1 (f32x4.add
        (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $c0) (local.get $d0))
        (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $c0) (local.get $d0))))
      (local.set $x (f32x4.add
        (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (local.get $a1) (local.get $c1))
        (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31 (local.get $a1) (local.get $c1))))
      ;; What is left of a width that is no multiple of eight.
      (local.set $end (i32.add (local.get $state) (local.get $stride)))
      (block $restDone (loop $rest
        (br_if $restDone (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $y (v128.load32_zero (local.get $row)))
        (local.set $y (v128.load32_lane 1 (local.get $b) (local.get $y)))
        (local.set $y (v128.load32_lane 2 (local.get $c) (local.get $y)))
        (local.set $y (v128.load32_lane 3 (local.get $d) (local.get $y)))
        (local.set $x (f32x4.add (local.get $x) (f32x4.mul (v128.load32_splat (local.get $at)) (local.get $y))))
        (local.set $at (i32.add (local.get $at) (i32.const 4)))
        (local.set $row (i32.add (local.get $row) (i32.const 4)))
        (local.set $b (i32.add (local.get $b) (i32.const 4)))
        (local.set $c (i32.add (local.get $c) (i32.const 4)))
        (local.set $d (i32.add (local.get $d) (i32.const 4)))
        (br $rest)))
      (v128.store (local.get $out) (local.get $x))
      (local.set $out (i32.add (local.get $out) (i32.const 16)))
      ;; d stands behind the fourth row: where the fifth begins.
      (local.set $row (local.get $d))
      (local.set $count (i32.sub (local.get $count) (i32.const 4)))
      (br_if $rows (i32.gt_s (local.get $count) (i32.const 0)))))

  ;; The address of the row behind one, or that of the last row.
  (func $next (param $row i32) (param $stride i32) (param $last i32) (result i32)
    (local.set $row (i32.add (local.get $row) (local.get $stride)))
    (select (local.get $row) (local.get $last) (i32.lt_u (local.get $row) (local.get $last)))))
