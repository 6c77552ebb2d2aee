;; The messages of traps, as the official interpreter words them. The official tests only have
;; the beginnings of some.

(module
  (type $result (func (result i32)))
  (table $table 3 funcref)
  (table $table64 i64 3 funcref)

  (func (export "unreachable") (unreachable))
  (func (export "call_indirect") (param $index i32) (result i32)
    (call_indirect $table (type $result) (local.get $index)))
  (func (export "call_indirect64") (param $index i64) (result i32)
    (call_indirect $table64 (type $result) (local.get $index)))
  (func (export "return_call_indirect") (param $index i32) (result i32)
    (return_call_indirect $table (type $result) (local.get $index)))
  (func (export "table.get") (param $index i32) (result funcref)
    (table.get $table (local.get $index)))
)

(assert_trap (invoke "unreachable") "unreachable executed")
(assert_trap (invoke "call_indirect" (i32.const 2)) "uninitialized element 2")
(assert_trap (invoke "call_indirect" (i32.const 3)) "undefined element 3")
(assert_trap (invoke "call_indirect" (i32.const -1)) "undefined element 4294967295")
(assert_trap (invoke "call_indirect64" (i64.const 0)) "uninitialized element 0")
(assert_trap (invoke "call_indirect64" (i64.const -1)) "undefined element -1")
(assert_trap (invoke "return_call_indirect" (i32.const 1)) "uninitialized element 1")
(assert_trap (invoke "return_call_indirect" (i32.const 9)) "undefined element 9")
(assert_trap (invoke "table.get" (i32.const 3)) "out of bounds table access")
