//! Binary trees in WebAssembly, compiled by Cranelift: what a program gets from the collector if
//! its compiler knows the heap.

use wasmtime::{Engine, Instance, Module, Store};

use crate::requests::Requests;
use crate::sizes::{TREE_DEPTH, TREE_LEAST};

const MODULE: &str = r#"(module
  (type $node (struct (field $left (mut (ref null $node))) (field $right (mut (ref null $node)))))
  (global $stays (mut (ref null $node)) (ref.null $node))
  (func $new (param $depth i32) (result (ref $node))
    (if (result (ref $node)) (i32.eqz (local.get $depth))
      (then (struct.new $node (ref.null $node) (ref.null $node)))
      (else (struct.new $node
        (call $new (i32.sub (local.get $depth) (i32.const 1)))
        (call $new (i32.sub (local.get $depth) (i32.const 1)))))))
  (func $count (param $tree (ref null $node)) (result i64)
    (if (result i64) (ref.is_null (local.get $tree))
      (then (i64.const 0))
      (else (i64.add (i64.const 1) (i64.add
        (call $count (struct.get $node $left (local.get $tree)))
        (call $count (struct.get $node $right (local.get $tree))))))))
  (func (export "pass") (param $depth i32) (result i64)
    (call $count (call $new (local.get $depth))))
  (func (export "keep") (param $depth i32)
    (global.set $stays (call $new (local.get $depth))))
  (func (export "count_kept") (result i64)
    (call $count (global.get $stays))))"#;

pub fn trees(engine: &Engine, requests: &mut Requests) -> u64 {
    let module = Module::new(engine, MODULE).expect("a valid module");
    let mut store = Store::new(engine, ());
    let instance = Instance::new(&mut store, &module, &[]).expect("no imports");
    let pass = instance
        .get_typed_func::<u32, u64>(&mut store, "pass")
        .expect("exported");
    let keep = instance
        .get_typed_func::<u32, ()>(&mut store, "keep")
        .expect("exported");
    let kept = instance
        .get_typed_func::<(), u64>(&mut store, "count_kept")
        .expect("exported");
    let mut pass = |store: &mut Store<()>, depth| {
        requests.begin();
        let nodes = pass.call(&mut *store, depth).expect("room");
        if depth == TREE_LEAST {
            requests.end();
        }
        assert_eq!(nodes, (2 << depth) - 1);
        nodes
    };
    let mut nodes = pass(&mut store, TREE_DEPTH + 1);
    keep.call(&mut store, TREE_DEPTH).expect("room");
    for depth in (TREE_LEAST..=TREE_DEPTH).step_by(2) {
        for _ in 0..1 << (TREE_DEPTH - depth + TREE_LEAST) {
            nodes += pass(&mut store, depth);
        }
    }
    nodes + kept.call(&mut store, ()).expect("a count")
}
