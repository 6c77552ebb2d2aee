//! The operations of benches/operations, by Wasmtime's Rust API.

use std::hint::black_box;

use wasmtime::{
    ArrayRef, ArrayRefPre, ArrayType, Engine, ExternRef, FieldType, Mutability, OwnedRooted,
    RootScope, StorageType, Store, StructRef, StructRefPre, StructType, Val, ValType,
};

use crate::measure::{self, Operation};

const CHURNED: usize = 1 << 16;

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

/// Data of the host whose destructor does something.
struct Finalized(u64);

impl Drop for Finalized {
    fn drop(&mut self) {
        black_box(self.0);
    }
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
    let (mut copied, of_copies) = store(engine);
    let (mut read, object) = store(engine);
    let (read_by_manual, manual) = store(engine);
    let (mut single, of) = store(engine);
    let (mut many, of_many) = store(engine);
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
            "local_new",
            Box::new(move |count| {
                in_scopes(&mut copied, count, |scope| {
                    black_box(of_copies.to_rooted(scope));
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
        (
            "manual_batch_1000",
            Box::new(move |count| {
                let mut scope = RootScope::new(&mut many);
                let object = of_many.to_rooted(&mut scope);
                let mut roots = Vec::with_capacity(1000);
                let mut left = count as usize;
                while left > 0 {
                    let batch = left.min(1000);
                    left -= batch;
                    let root = || object.to_owned_rooted(&mut scope).expect("a live root");
                    roots.extend(std::iter::repeat_with(root).take(batch));
                    roots.clear();
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
    let (mut finalized, _) = store(engine);
    let (mut alone, _) = store(engine);
    let (mut structs, _) = store(engine);
    let pre = StructRefPre::new(&mut structs, ty.clone());
    let values = [Val::I32(1), Val::I32(2)];
    let with_pair = || {
        let (mut store, _) = store(engine);
        let pre = StructRefPre::new(&mut store, ty.clone());
        let pair = StructRef::new(&mut store, &pre, &values).expect("room");
        let pair = pair.to_owned_rooted(&mut store).expect("a live root");
        (store, pair)
    };
    let (mut fields, pair) = with_pair();
    let (mut stored, stored_pair) = with_pair();
    let (engine, empty) = (engine.clone(), engine.clone());
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
            "externref_new_finalized",
            Box::new(move |count| {
                in_scopes(&mut finalized, count, |scope| {
                    black_box(ExternRef::new(scope, Finalized(42)).expect("room"));
                });
            }),
        ),
        (
            "externref_in_scope",
            Box::new(move |count| {
                for _ in 0..count {
                    let mut scope = RootScope::new(&mut alone);
                    black_box(ExternRef::new(&mut scope, 42_u64).expect("room"));
                }
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
            "struct_set",
            Box::new(move |count| {
                let mut scope = RootScope::new(&mut stored);
                let pair = stored_pair.to_rooted(&mut scope);
                for _ in 0..count {
                    let set = black_box(&pair).set_field(&mut scope, 0, Val::I32(1));
                    set.expect("a field");
                }
            }),
        ),
        (
            "store_new_free",
            Box::new(move |count| {
                for _ in 0..count {
                    black_box(Store::new(&empty, ()));
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

/// Arrays of bytes.
fn arrays(engine: &Engine) -> Vec<Operation<'static>> {
    let ty = ArrayType::new(engine, FieldType::new(Mutability::Var, StorageType::I8));
    let (mut made, _) = store(engine);
    let pre = ArrayRefPre::new(&mut made, ty.clone());
    let with_array = || {
        let (mut store, _) = store(engine);
        let pre = ArrayRefPre::new(&mut store, ty.clone());
        let array = ArrayRef::new_from_i8_slice(&mut store, &pre, &[0; 4096]).expect("room");
        (store, array)
    };
    let (mut read, of_read) = with_array();
    let (measured, of_measured) = with_array();
    vec![
        (
            "array_new_bytes_16",
            Box::new(move |count| {
                in_scopes(&mut made, count, |scope| {
                    let bytes = black_box(b"0123456789abcdef");
                    black_box(ArrayRef::new_from_i8_slice(scope, &pre, bytes).expect("room"));
                });
            }),
        ),
        (
            "array_read_4096",
            Box::new(move |count| {
                let mut bytes = [0; 4096];
                for _ in 0..count {
                    let copied = of_read.copy_to_i8_slice(&mut read, black_box(&mut bytes));
                    copied.expect("a range of the array");
                }
            }),
        ),
        (
            "array_len",
            Box::new(move |count| {
                for _ in 0..count {
                    black_box(black_box(&of_measured).len(&measured).expect("a live root"));
                }
            }),
        ),
    ]
}

/// Does what the program's arguments ask for.
pub fn run(engine: &Engine) {
    let mut operations = roots(engine);
    operations.extend(objects(engine));
    operations.extend(arrays(engine));
    measure::run(3, &mut operations);
}
