;; References stay valid wherever they are while a host function collects.

(module
  (import "wasmtime" "gc" (func $gc))

  (type $box (struct (field (mut i32))))
  (type $pair (struct (field (ref $box)) (field (mut (ref null $box)))))
  (type $boxes (array (mut (ref null $box))))
  (type $garbage (array (mut i64)))
  (type $sum (func (param (ref $box) (ref null $box)) (result i32)))

  (global $kept (mut (ref null $box)) (ref.null $box))
  (global $initial (ref $pair)
    (struct.new $pair (struct.new $box (i32.const 50)) (struct.new $box (i32.const 51))))
  (table $boxes 4 (ref null $box))
  (table $filled 3 (ref $box) (struct.new $box (i32.const 60)))
  (elem $segment (ref $box)
    (item (struct.new $box (i32.const 40)))
    (item (struct.new $box (i32.const 41))))
  (elem declare func $sum)

  ;; Garbage below and above what is kept, and a collection.
  (func $churn
    (drop (array.new_default $garbage (i32.const 100)))
    (call $gc)
    (drop (array.new $garbage (i64.const -1) (i32.const 100))))

  (func $value (param $box (ref null $box)) (result i32)
    (call $churn)
    (struct.get $box 0 (local.get $box)))

  (func $sum (type $sum)
    (i32.add (call $value (local.get 0)) (call $value (local.get 1))))

  (func (export "local") (result i32) (local $box (ref null $box))
    (local.set $box (struct.new $box (i32.const 1)))
    (call $churn)
    (call $value (local.get $box)))

  (func (export "operand") (result i32)
    (struct.new $box (i32.const 2))
    (call $churn)
    (struct.new $box (i32.const 3))
    (call $churn)
    (call $sum))

  (func (export "argument") (result i32)
    (call_ref $sum
      (struct.new $box (i32.const 4))
      (struct.new $box (i32.const 5))
      (ref.func $sum)))

  (func (export "tail call") (result i32)
    (return_call $sum (struct.new $box (i32.const 6)) (struct.new $box (i32.const 7))))

  (func (export "branch") (result i32)
    (block $out (result (ref $box))
      (i32.const 1)
      (struct.new $box (i32.const 8))
      (call $churn)
      (br $out))
    (call $value))

  (func (export "global") (result i32)
    (global.set $kept (struct.new $box (i32.const 9)))
    (call $churn)
    (call $value (global.get $kept)))

  (func (export "initial global") (result i32)
    (call $churn)
    (call $sum
      (struct.get $pair 0 (global.get $initial))
      (struct.get $pair 1 (global.get $initial))))

  (func (export "table") (result i32)
    (table.set $boxes (i32.const 1) (struct.new $box (i32.const 10)))
    (drop (table.grow $boxes (struct.new $box (i32.const 11)) (i32.const 2)))
    (call $churn)
    (table.copy $boxes $boxes (i32.const 0) (i32.const 1) (i32.const 1))
    (i32.add
      (call $value (table.get $boxes (i32.const 0)))
      (call $value (table.get $boxes (i32.const 5)))))

  (func (export "filled table") (result i32)
    (call $churn)
    (call $value (table.get $filled (i32.const 2))))

  (func (export "segment") (result i32)
    (call $churn)
    (table.init $boxes $segment (i32.const 2) (i32.const 0) (i32.const 2))
    (call $churn)
    (i32.add
      (call $value (table.get $boxes (i32.const 2)))
      (call $value (table.get $boxes (i32.const 3)))))

  (func (export "array") (result i32) (local $array (ref null $boxes))
    (local.set $array (array.new_elem $boxes $segment (i32.const 0) (i32.const 2)))
    (elem.drop $segment)
    (call $churn)
    (array.set $boxes (local.get $array) (i32.const 0) (struct.new $box (i32.const 12)))
    (call $churn)
    (i32.add
      (call $value (array.get $boxes (local.get $array) (i32.const 0)))
      (call $value (array.get $boxes (local.get $array) (i32.const 1)))))

  (func (export "fields") (result i32) (local $pair (ref null $pair))
    (local.set $pair
      (struct.new $pair (struct.new $box (i32.const 13)) (struct.new $box (i32.const 14))))
    (call $churn)
    (call $sum
      (struct.get $pair 0 (local.get $pair))
      (struct.get $pair 1 (local.get $pair))))

  (func (export "host") (param $host externref) (result externref)
    (call $churn)
    (local.get $host))

  (func (export "host as any") (param $host externref) (result externref)
    (local $any anyref)
    (local.set $any (any.convert_extern (local.get $host)))
    (call $churn)
    (extern.convert_any (local.get $any)))

  ;; The same object stays the same.
  (func (export "identity") (result i32) (local $box (ref null $box)) (local $as eqref)
    (local.set $box (struct.new $box (i32.const 0)))
    (local.set $as (local.get $box))
    (call $churn)
    (ref.eq (local.get $box) (local.get $as))))

(assert_return (invoke "local") (i32.const 1))
(assert_return (invoke "operand") (i32.const 5))
(assert_return (invoke "argument") (i32.const 9))
(assert_return (invoke "tail call") (i32.const 13))
(assert_return (invoke "branch") (i32.const 8))
(assert_return (invoke "global") (i32.const 9))
(assert_return (invoke "initial global") (i32.const 101))
(assert_return (invoke "table") (i32.const 21))
(assert_return (invoke "filled table") (i32.const 60))
(assert_return (invoke "segment") (i32.const 81))
(assert_return (invoke "array") (i32.const 53))
(assert_return (invoke "fields") (i32.const 27))
(assert_return (invoke "host" (ref.extern 7)) (ref.extern 7))
(assert_return (invoke "host as any" (ref.extern 8)) (ref.extern 8))
(assert_return (invoke "identity") (i32.const 1))
