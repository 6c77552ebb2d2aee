;; Vectors in structs, arrays, exceptions, globals and calls. They survive collections.

(module
  (import "wasmtime" "gc" (func $gc))

  (type $pair (struct (field $low (mut v128)) (field $next (mut (ref null $pair)))
                      (field $high (mut v128))))
  (type $vectors (array (mut v128)))
  (type $of_vectors (func (param v128 v128) (result v128 v128)))

  (tag $thrown (param v128 (ref null $pair)))
  (global $constant v128 (v128.const i64x2 -1 1))
  (global $changed (export "changed") (mut v128) (v128.const i64x2 0 0))
  (data $bytes "\00\01\02\03\04\05\06\07\08\09\0a\0b\0c\0d\0e\0f\10\11\12\13\14\15\16\17\18")

  (func (export "struct") (result v128 v128 v128)
    (local $pair (ref null $pair))
    (local.set $pair
      (struct.new $pair
        (v128.const i32x4 1 2 3 4)
        (struct.new $pair (v128.const i32x4 5 6 7 8) (ref.null $pair)
                          (v128.const i32x4 -1 -2 -3 -4))
        (v128.const i32x4 9 10 11 12)))
    (call $gc)
    (struct.set $pair $high (local.get $pair) (v128.const i8x16 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16))
    (call $gc)
    (struct.get $pair $low (local.get $pair))
    (struct.get $pair $high (local.get $pair))
    (struct.get $pair $high (struct.get $pair $next (local.get $pair))))

  (func (export "default") (result v128)
    (struct.get $pair $low (struct.new_default $pair)))

  ;; An array in which each lane of an element is the index of the element.
  (func $count (param $length i32) (result (ref $vectors))
    (local $array (ref $vectors))
    (local $i i32)
    (local.set $array (array.new $vectors (v128.const i64x2 0 0) (local.get $length)))
    (loop $next
      (if (i32.lt_u (local.get $i) (local.get $length))
        (then
          (array.set $vectors (local.get $array) (local.get $i) (i32x4.splat (local.get $i)))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br $next))))
    (call $gc)
    (local.get $array))

  (func (export "array") (param $index i32) (result v128)
    (array.get $vectors (call $count (i32.const 100)) (local.get $index)))

  (func (export "fill and copy") (param $index i32) (result v128)
    (local $array (ref $vectors))
    (local.set $array (call $count (i32.const 10)))
    (array.fill $vectors (local.get $array) (i32.const 2) (global.get $constant) (i32.const 3))
    (array.copy $vectors $vectors
      (local.get $array) (i32.const 5) (local.get $array) (i32.const 1) (i32.const 4))
    (call $gc)
    (array.get $vectors (local.get $array) (local.get $index)))

  (func (export "fixed") (param $index i32) (result v128)
    (array.get $vectors
      (array.new_fixed $vectors 2 (v128.const f32x4 1 2 nan inf) (v128.const f64x2 -0 1))
      (local.get $index)))

  (func (export "new_data") (param $from i32) (result v128)
    (array.get $vectors (array.new_data $vectors $bytes (local.get $from) (i32.const 1))
      (i32.const 0)))

  (func (export "init_data") (param $from i32) (param $count i32) (result v128)
    (local $array (ref $vectors))
    (local.set $array (call $count (i32.const 3)))
    (array.init_data $vectors $bytes
      (local.get $array) (i32.const 1) (local.get $from) (local.get $count))
    (array.get $vectors (local.get $array) (i32.const 1)))

  (func (export "set global") (param v128)
    (global.set $changed (local.get 0))
    (call $gc))
  (func (export "global") (result v128)
    (global.get $changed))

  (func (export "throw") (param $value v128)
    (throw $thrown (local.get $value) (ref.null $pair)))
  (func (export "catch") (param $value v128) (result v128)
    (block $handler (result v128 (ref null $pair))
      (try_table (catch $thrown $handler)
        (call $gc)
        (throw $thrown (local.get $value)
          (struct.new $pair (v128.const i64x2 3 4) (ref.null $pair) (local.get $value))))
      (unreachable))
    (call $gc)
    (struct.get $pair $high)
    (i64x2.add))

  (func $swap (param $a v128) (param $b v128) (result v128 v128)
    (call $gc)
    (local.get $b)
    (local.get $a))
  (elem declare func $swap)
  (func (export "call") (result v128 v128)
    (call_ref $of_vectors
      (v128.const i32x4 1 2 3 4) (v128.const i32x4 5 6 7 8) (ref.func $swap)))
  (export "swap" (func $swap))
)

(assert_return (invoke "struct")
  (v128.const i32x4 1 2 3 4)
  (v128.const i8x16 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16)
  (v128.const i32x4 -1 -2 -3 -4))
(assert_return (invoke "default") (v128.const i64x2 0 0))

(assert_return (invoke "array" (i32.const 0)) (v128.const i64x2 0 0))
(assert_return (invoke "array" (i32.const 99)) (v128.const i32x4 99 99 99 99))
(assert_trap (invoke "array" (i32.const 100)) "out of bounds array access")

(assert_return (invoke "fill and copy" (i32.const 1)) (v128.const i32x4 1 1 1 1))
(assert_return (invoke "fill and copy" (i32.const 4)) (v128.const i64x2 -1 1))
(assert_return (invoke "fill and copy" (i32.const 5)) (v128.const i32x4 1 1 1 1))
(assert_return (invoke "fill and copy" (i32.const 8)) (v128.const i64x2 -1 1))
(assert_return (invoke "fill and copy" (i32.const 9)) (v128.const i32x4 9 9 9 9))

(assert_return (invoke "fixed" (i32.const 0)) (v128.const f32x4 1 2 nan:canonical inf))
(assert_return (invoke "fixed" (i32.const 1)) (v128.const f64x2 -0 1))

(assert_return (invoke "new_data" (i32.const 0))
  (v128.const i8x16 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15))
(assert_return (invoke "new_data" (i32.const 9))
  (v128.const i8x16 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24))
(assert_trap (invoke "new_data" (i32.const 10)) "out of bounds memory access")
(assert_return (invoke "init_data" (i32.const 2) (i32.const 1))
  (v128.const i8x16 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17))
(assert_return (invoke "init_data" (i32.const 25) (i32.const 0)) (v128.const i32x4 1 1 1 1))
(assert_trap (invoke "init_data" (i32.const 0) (i32.const 2)) "out of bounds memory access")
(assert_trap (invoke "init_data" (i32.const 0) (i32.const 3)) "out of bounds array access")

(assert_return (invoke "set global" (v128.const i64x2 -2 -3)))
(assert_return (invoke "global") (v128.const i64x2 -2 -3))
(assert_return (get "changed") (v128.const i64x2 -2 -3))

(assert_exception (invoke "throw" (v128.const i64x2 1 2)))
(assert_return (invoke "catch" (v128.const i64x2 1 -2)) (v128.const i64x2 2 -4))

(assert_return (invoke "call") (v128.const i32x4 5 6 7 8) (v128.const i32x4 1 2 3 4))
(assert_return (invoke "swap" (v128.const i64x2 1 2) (v128.const i64x2 3 4))
  (v128.const i64x2 3 4) (v128.const i64x2 1 2))
