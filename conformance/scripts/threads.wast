;; Threads of scripts. Each thread has its own store. A thread that gets a module sees the
;; shared memories that the module exports, and nothing else of it.

(module $Memories
  (memory (export "shared") 1 2 shared)
  (memory (export "own") 1 2)
  (global (export "global") (mut i32) (i32.const 7))
)

(thread $Writer (shared (module $Memories))
  (register "memories" $Memories)
  (assert_unlinkable
    (module (import "memories" "own" (memory 1 2)))
    "unknown import")
  (assert_unlinkable
    (module (import "memories" "global" (global (mut i32))))
    "unknown import")
  (assert_unlinkable
    (module (import "memories" "shared" (memory 1 2)))
    "incompatible import type")

  (module
    (import "memories" "shared" (memory 1 2 shared))
    (import "wasmtime" "gc" (func $gc))
    (type $box (struct (field i32)))
    (func (export "write") (param $value i32)
      (local $box (ref null $box))
      (local.set $box (struct.new $box (local.get $value)))
      (call $gc)
      (i32.store (i32.const 8) (struct.get $box 0 (local.get $box)))))
  (invoke "write" (i32.const 42))
)
(wait $Writer)

(register "memories" $Memories)
(module
  (import "memories" "shared" (memory 1 2 shared))
  (func (export "read") (param $at i32) (result i32)
    (i32.load (local.get $at)))
  (func (export "size") (result i32)
    (memory.size)))
(assert_return (invoke "read" (i32.const 8)) (i32.const 42))

;; Two threads at once. The first one waits until the second one writes.
(thread $Waiter (shared (module $Memories))
  (register "memories" $Memories)
  (module
    (import "memories" "shared" (memory 1 2 shared))
    (func (export "wait")
      (loop $again
        (br_if $again (i32.eqz (i32.load (i32.const 16)))))
      (i32.store (i32.const 20) (i32.load (i32.const 16)))))
  (assert_return (invoke "wait"))
)
(thread $Other (shared (module $Memories))
  (register "memories" $Memories)
  (module
    (import "memories" "shared" (memory 1 2 shared))
    (func (export "write") (result i32)
      (i32.store (i32.const 16) (i32.const 5))
      (memory.grow (i32.const 1))))
  (assert_return (invoke "write") (i32.const 1))
  ;; A thread may start threads.
  (thread $Inner
    (module (func (export "f") (result i32) (i32.const 1)))
    (assert_return (invoke "f") (i32.const 1)))
  (wait $Inner)
)
(wait $Other)
(wait $Waiter)
(assert_return (invoke "read" (i32.const 20)) (i32.const 5))
(assert_return (invoke "size") (i32.const 2))

;; A thread that is not waited for also runs to its end.
(thread $Alone
  (module (func (export "f") (result i32) (i32.const 1)))
  (assert_return (invoke "f") (i32.const 1)))
