//! Wasmtime's Rust API, with its copying collector, for the operations of benches/operations.

#[path = "../../measure.rs"]
mod measure;

use std::hint::black_box;

use measure::{Operation, run};
use wasmtime::{
    Collector, Config, Engine, ExternRef, FieldType, Mutability, OwnedRooted, RootScope,
    StorageType, Store, StructRef, StructRefPre, StructType, Val, ValType,
};

const CHURNED: usize = 1 << 16;

fn engine() -> Engine {
    let mut config = Config::new();
    config.wasm_gc(true).wasm_function_references(true);
    config.collector(Collector::Copying);
    Engine::new(&config).expect("an engine")
}

/// A store with an externref and a manual root of it.
fn store(engine: &Engine) -> (Store<()>, OwnedRooted<ExternRef>) {
    let mut store = Store::new(engine, ());
    let root = {
        let mut scope = RootScope::new(&mut store);
        let object = ExternRef::new(&mut scope, 42_u64).expect("room");
        object.to_owned_rooted(&mut scope).expect("a live root")
    };
    (store, root)
}

/// The type of a struct of two 32-bit numbers.
fn pair_type(engine: &Engine) -> StructType {
    let number = FieldType::new(Mutability::Var, StorageType::ValType(ValType::I32));
    StructType::new(engine, [number.clone(), number]).expect("a valid type")
}

/// Calls `body` the given number of times, 256 times in each scope.
fn in_scopes(
    store: &mut Store<()>,
    count: u64,
    mut body: impl FnMut(&mut RootScope<&mut Store<()>>),
) {
    let mut left = count;
    while left > 0 {
        let batch = left.min(256);
        left -= batch;
        let mut scope = RootScope::new(&mut *store);
        for _ in 0..batch {
            body(&mut scope);
        }
    }
}

fn roots(engine: &Engine) -> Vec<Operation<'static>> {
    let (mut scopes, _) = store(engine);
    let (mut pushed, from) = store(engine);
    let (mut read, object) = store(engine);
    let (read_by_manual, manual) = store(engine);
    let (mut single, of) = store(engine);
    vec![
        (
            "scope_enter_exit",
            Box::new(move |count| {
                for _ in 0..count {
                    black_box(RootScope::new(&mut scopes));
                }
            }),
        ),
        (
            "root_push",
            Box::new(move |count| {
                in_scopes(&mut pushed, count, |scope| {
                    black_box(from.to_rooted(scope));
                });
            }),
        ),
        (
            "read_scoped",
            Box::new(move |count| {
                let mut scope = RootScope::new(&mut read);
                let object = object.to_rooted(&mut scope);
                for _ in 0..count {
                    black_box(black_box(&object).data(&scope).expect("a live root"));
                }
            }),
        ),
        (
            "read_manual",
            Box::new(move |count| {
                for _ in 0..count {
                    black_box(
                        black_box(&manual)
                            .data(&read_by_manual)
                            .expect("a live root"),
                    );
                }
            }),
        ),
        (
            "manual_root_unroot",
            Box::new(move |count| {
                let mut scope = RootScope::new(&mut single);
                let object = of.to_rooted(&mut scope);
                for _ in 0..count {
                    black_box(object.to_owned_rooted(&mut scope).expect("a live root"));
                }
            }),
        ),
        churn(engine),
    ]
}

/// A random one of 65,536 manual roots ends and is made again.
fn churn(engine: &Engine) -> Operation<'static> {
    let (mut store, root) = store(engine);
    let mut roots: Vec<OwnedRooted<ExternRef>> = Vec::new();
    let mut random: u32 = 12345;
    let body = move |count| {
        let mut scope = RootScope::new(&mut store);
        let object = root.to_rooted(&mut scope);
        while roots.len() < CHURNED {
            roots.push(object.to_owned_rooted(&mut scope).expect("a live root"));
        }
        for _ in 0..count {
            random = random.wrapping_mul(1664525).wrapping_add(1013904223);
            let made = object.to_owned_rooted(&mut scope).expect("a live root");
            roots[(random >> 16) as usize] = made;
        }
    };
    ("manual_churn", Box::new(body))
}

fn objects(engine: &Engine) -> Vec<Operation<'static>> {
    let ty = pair_type(engine);
    let (mut externs, _) = store(engine);
    let (mut structs, _) = store(engine);
    let pre = StructRefPre::new(&mut structs, ty.clone());
    let (mut fields, _) = store(engine);
    let of_fields = StructRefPre::new(&mut fields, ty);
    let values = [Val::I32(1), Val::I32(2)];
    let pair = StructRef::new(&mut fields, &of_fields, &values).expect("room");
    let pair = pair.to_owned_rooted(&mut fields).expect("a live root");
    let engine = engine.clone();
    vec![
        (
            "externref_new",
            Box::new(move |count| {
                in_scopes(&mut externs, count, |scope| {
                    black_box(ExternRef::new(scope, 42_u64).expect("room"));
                });
            }),
        ),
        (
            "struct_new",
            Box::new(move |count| {
                in_scopes(&mut structs, count, |scope| {
                    black_box(StructRef::new(scope, &pre, &values).expect("room"));
                });
            }),
        ),
        (
            "struct_get",
            Box::new(move |count| {
                let mut scope = RootScope::new(&mut fields);
                let pair = pair.to_rooted(&mut scope);
                for _ in 0..count {
                    black_box(black_box(&pair).field(&mut scope, 0).expect("a field"));
                }
            }),
        ),
        (
            "store_new_object_free",
            Box::new(move |count| {
                for _ in 0..count {
                    black_box(store(&engine));
                }
            }),
        ),
    ]
}

fn main() {
    let engine = engine();
    let mut operations = roots(&engine);
    operations.extend(objects(&engine));
    run(1, &mut operations);
}
