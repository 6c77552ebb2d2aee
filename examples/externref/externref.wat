(module
  (table $table (export "table") 10 externref)

  (global $global (export "global") (mut externref) (ref.null extern))

  (func (export "func") (param externref) (result externref)
    local.get 0)

  ;; What is in the table, as the module sees it.
  (func (export "get") (param i32) (result externref)
    local.get 0
    table.get $table))
