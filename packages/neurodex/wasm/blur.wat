;; A separable, symmetric filter over float32 rows, 16 pixels at a time (4 vectors, so that one addition need not wait for
;; another). blur.ts lays out the memory; `npm run build` assembles this file.
(module
  (memory (export "memory") 1)

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
      (br_if $down (local.tee $rows (i32.sub (local.get $rows) (i32.const 1)))))))
