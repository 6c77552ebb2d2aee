;; An exception keeps its fields alive wherever it is while a host function collects.

(module
  (import "wasmtime" "gc" (func $gc))

  (type $box (struct (field (mut i32))))
  (type $garbage (array (mut i64)))
  (type $holder (struct (field (mut exnref))))

  (tag $carries (param (ref $box) i64 anyref))
  (tag $other)

  (global $kept (mut exnref) (ref.null exn))
  (table $table 2 exnref)

  (func $churn
    (drop (array.new_default $garbage (i32.const 100)))
    (call $gc)
    (drop (array.new $garbage (i64.const -1) (i32.const 100))))

  (func $throw
    (throw $carries
      (struct.new $box (i32.const 1))
      (i64.const 20)
      (struct.new $box (i32.const 300))))

  ;; The exception that $throw throws.
  (func $caught (result exnref)
    (block $handler (result exnref)
      (try_table (catch_all_ref $handler) (call $throw))
      (unreachable))
    (call $churn))

  ;; Throws it again, and adds up what it carries.
  (func $sum (param $exception exnref) (result i32)
    (local $first (ref null $box)) (local $second i64) (local $third anyref)
    (block $not
      (block $handler (result (ref $box) i64 anyref)
        (try_table (catch $other $not) (catch $carries $handler)
          (throw_ref (local.get $exception)))
        (unreachable))
      (local.set $third)
      (local.set $second)
      (local.set $first)
      (call $churn)
      (return
        (i32.add
          (struct.get $box 0 (local.get $first))
          (i32.add
            (i32.wrap_i64 (local.get $second))
            (struct.get $box 0 (ref.cast (ref $box) (local.get $third)))))))
    (unreachable))

  (func (export "operand") (result i32)
    (call $caught)
    (call $churn)
    (call $sum))

  (func (export "local") (result i32) (local $exception exnref)
    (local.set $exception (call $caught))
    (call $churn)
    (call $sum (local.get $exception)))

  (func (export "global") (result i32)
    (global.set $kept (call $caught))
    (call $churn)
    (call $sum (global.get $kept)))

  (func (export "table") (result i32)
    (table.set $table (i32.const 1) (call $caught))
    (call $churn)
    (call $sum (table.get $table (i32.const 1))))

  (func (export "field") (result i32) (local $holder (ref null $holder))
    (local.set $holder (struct.new $holder (call $caught)))
    (call $churn)
    (call $sum (struct.get $holder 0 (local.get $holder))))

  ;; Two exceptions of one tag do not get in each other's way.
  (func (export "two") (result i32) (local $a exnref) (local $b exnref)
    (local.set $a (call $caught))
    (local.set $b (call $caught))
    (call $churn)
    (i32.add (call $sum (local.get $b)) (call $sum (local.get $a))))

  (func (export "uncaught") (call $throw)))

(assert_return (invoke "operand") (i32.const 321))
(assert_return (invoke "local") (i32.const 321))
(assert_return (invoke "global") (i32.const 321))
(assert_return (invoke "table") (i32.const 321))
(assert_return (invoke "field") (i32.const 321))
(assert_return (invoke "two") (i32.const 642))
(assert_exception (invoke "uncaught"))
;; The store has no exception pending any more.
(assert_return (invoke "operand") (i32.const 321))
