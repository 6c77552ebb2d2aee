//! The operations of the Rust API that programs do most often, called as a program calls them:
//! from another crate than the library, and without link-time optimisation. The arguments are
//! those of `benches/measure.h`, without `--count`. `benches/rust/instructions` counts with this.

#[path = "../../peers/measure.rs"]
mod measure;

use std::hint::black_box;

use anyhow::Result;
use gcroots::{
    ArrayRef, ArrayType, Config, Engine, ExternRef, FieldType, ManuallyRooted, Mutability, RefType,
    RootScope, Rooted, Store, StructRef, StructType, Val, ValType,
};
use measure::{Operation, run};

/// How many objects are made in each scope.
const IN_SCOPE: u64 = 256;

/// A store, and the types and objects that the operations use.
struct Fixture {
    store: Store<()>,
    /// Two numbers.
    pair: StructType,
    /// A number and an internal reference.
    node: StructType,
    externref: Rooted<ExternRef>,
    kept: ManuallyRooted<ExternRef>,
    object: Rooted<StructRef>,
    numbers: Rooted<ArrayRef>,
}

impl Fixture {
    fn new() -> Result<Fixture> {
        let engine = Engine::new(&Config::new())?;
        let number = FieldType::new(Mutability::Var, ValType::I32);
        let reference = FieldType::new(Mutability::Var, RefType::ANYREF);
        let pair = StructType::new(&engine, [number.clone(), number.clone()])?;
        let node = StructType::new(&engine, [number.clone(), reference])?;
        let numbers = ArrayType::new(&engine, number)?;
        let mut store = Store::new(&engine, ())?;
        let externref = ExternRef::new(&mut store, 7u64)?;
        let kept = externref.to_manually_rooted(&mut store)?;
        let object = StructRef::new(&mut store, &node, &[Val::I32(1), Val::AnyRef(None)])?;
        object.set_field(&mut store, 1, object.into())?;
        let numbers = ArrayRef::new_default(&mut store, &numbers, 16)?;
        Ok(Fixture {
            store,
            pair,
            node,
            externref,
            kept,
            object,
            numbers,
        })
    }

    /// Calls `body` with the number of each repetition.
    fn each(&mut self, count: u64, mut body: impl FnMut(&mut Fixture, u64) -> Result<()>) {
        for index in 0..count {
            body(self, index).expect("operations succeed");
        }
    }

    /// Calls `body` in scopes that end after [`IN_SCOPE`] repetitions.
    fn each_in_scopes(
        &mut self,
        count: u64,
        mut body: impl FnMut(&mut RootScope<&mut Store<()>>, &Shared<'_>) -> Result<()>,
    ) {
        let shared = Shared {
            pair: &self.pair,
            node: &self.node,
            kept: &self.kept,
            object: self.object,
        };
        let mut left = count;
        while left > 0 {
            let now = left.min(IN_SCOPE);
            let mut scope = RootScope::new(&mut self.store).expect("a scope");
            for _ in 0..now {
                body(&mut scope, &shared).expect("operations succeed");
            }
            left -= now;
        }
    }
}

/// What operations inside scopes use, besides the scope.
struct Shared<'a> {
    pair: &'a StructType,
    node: &'a StructType,
    kept: &'a ManuallyRooted<ExternRef>,
    object: Rooted<StructRef>,
}

fn scope_enter_exit(fixture: &mut Fixture, count: u64) {
    fixture.each(count, |fixture, _| {
        black_box(RootScope::new(&mut fixture.store)?);
        Ok(())
    });
}

fn scope_escape(fixture: &mut Fixture, count: u64) {
    fixture.each(count, |fixture, _| {
        let mut outer = RootScope::new(&mut fixture.store)?;
        let inner = RootScope::new(&mut outer)?;
        black_box(inner.escape(&fixture.externref)?);
        Ok(())
    });
}

fn manual_root_unroot(fixture: &mut Fixture, count: u64) {
    fixture.each(count, |fixture, _| {
        let root = fixture.externref.to_manually_rooted(&mut fixture.store)?;
        black_box(root).unroot(&mut fixture.store)
    });
}

fn to_rooted(fixture: &mut Fixture, count: u64) {
    fixture.each_in_scopes(count, |scope, shared| {
        black_box(shared.kept.to_rooted(scope)?);
        Ok(())
    });
}

fn read_scoped(fixture: &mut Fixture, count: u64) {
    fixture.each(count, |fixture, _| {
        let root = black_box(fixture.externref);
        black_box(
            root.data(&fixture.store)?
                .and_then(|value| value.downcast_ref::<u64>()),
        );
        Ok(())
    });
}

fn read_manual(fixture: &mut Fixture, count: u64) {
    fixture.each(count, |fixture, _| {
        let root = black_box(&fixture.kept);
        black_box(
            root.data(&fixture.store)?
                .and_then(|value| value.downcast_ref::<u64>()),
        );
        Ok(())
    });
}

fn ref_eq(fixture: &mut Fixture, count: u64) {
    fixture.each(count, |fixture, _| {
        let (a, b) = (black_box(&fixture.externref), black_box(&fixture.kept));
        black_box(Rooted::ref_eq(&fixture.store, a, b)?);
        Ok(())
    });
}

fn externref_new(fixture: &mut Fixture, count: u64) {
    fixture.each_in_scopes(count, |scope, _| {
        black_box(ExternRef::new(scope, black_box(7u64))?);
        Ok(())
    });
}

fn struct_new(fixture: &mut Fixture, count: u64) {
    fixture.each_in_scopes(count, |scope, shared| {
        let fields = [Val::I32(black_box(1)), Val::I32(black_box(2))];
        black_box(StructRef::new(scope, shared.pair, &fields)?);
        Ok(())
    });
}

fn struct_new_of_reference(fixture: &mut Fixture, count: u64) {
    fixture.each_in_scopes(count, |scope, shared| {
        let fields = [Val::I32(black_box(1)), black_box(shared.object).into()];
        black_box(StructRef::new(scope, shared.node, &fields)?);
        Ok(())
    });
}

fn struct_new_of_null(fixture: &mut Fixture, count: u64) {
    fixture.each_in_scopes(count, |scope, shared| {
        let fields = [Val::I32(black_box(1)), Val::AnyRef(None)];
        black_box(StructRef::new(scope, shared.node, &fields)?);
        Ok(())
    });
}

fn struct_new_default(fixture: &mut Fixture, count: u64) {
    fixture.each_in_scopes(count, |scope, shared| {
        black_box(StructRef::new_default(scope, shared.pair)?);
        Ok(())
    });
}

fn field_number(fixture: &mut Fixture, count: u64) {
    fixture.each(count, |fixture, _| {
        let value = black_box(fixture.object).field(&mut fixture.store, black_box(0))?;
        black_box(value.unwrap_i32());
        Ok(())
    });
}

fn field_reference(fixture: &mut Fixture, count: u64) {
    fixture.each_in_scopes(count, |scope, shared| {
        let value = black_box(shared.object).field(scope, black_box(1))?;
        black_box(value.unwrap_anyref());
        Ok(())
    });
}

fn cast_to_struct(fixture: &mut Fixture, count: u64) {
    let any = fixture.object.to_anyref();
    fixture.each(count, |fixture, _| {
        black_box(black_box(any).as_struct(&fixture.store)?);
        Ok(())
    });
}

fn set_field_number(fixture: &mut Fixture, count: u64) {
    fixture.each(count, |fixture, index| {
        let value = Val::I32(index as i32);
        black_box(fixture.object).set_field(&mut fixture.store, black_box(0), value)
    });
}

fn set_field_reference(fixture: &mut Fixture, count: u64) {
    fixture.each(count, |fixture, _| {
        let value = black_box(fixture.object).into();
        black_box(fixture.object).set_field(&mut fixture.store, black_box(1), value)
    });
}

fn array_len(fixture: &mut Fixture, count: u64) {
    fixture.each(count, |fixture, _| {
        black_box(black_box(fixture.numbers).len(&fixture.store)?);
        Ok(())
    });
}

fn array_get(fixture: &mut Fixture, count: u64) {
    fixture.each(count, |fixture, _| {
        let value = black_box(fixture.numbers).get(&mut fixture.store, black_box(3))?;
        black_box(value.unwrap_i32());
        Ok(())
    });
}

fn array_set(fixture: &mut Fixture, count: u64) {
    fixture.each(count, |fixture, index| {
        let value = Val::I32(index as i32);
        black_box(fixture.numbers).set(&mut fixture.store, black_box(3), value)
    });
}

fn main() -> Result<()> {
    type Body = fn(&mut Fixture, u64);
    const OPERATIONS: &[(&str, Body)] = &[
        ("scope_enter_exit", scope_enter_exit),
        ("scope_escape", scope_escape),
        ("manual_root_unroot", manual_root_unroot),
        ("to_rooted", to_rooted),
        ("read_scoped", read_scoped),
        ("read_manual", read_manual),
        ("ref_eq", ref_eq),
        ("externref_new", externref_new),
        ("struct_new", struct_new),
        ("struct_new_of_reference", struct_new_of_reference),
        ("struct_new_of_null", struct_new_of_null),
        ("struct_new_default", struct_new_default),
        ("field_number", field_number),
        ("field_reference", field_reference),
        ("cast_to_struct", cast_to_struct),
        ("set_field_number", set_field_number),
        ("set_field_reference", set_field_reference),
        ("array_len", array_len),
        ("array_get", array_get),
        ("array_set", array_set),
    ];
    let mut operations: Vec<Operation<'_>> = Vec::new();
    for &(name, operation) in OPERATIONS {
        let mut fixture = Fixture::new()?;
        operations.push((name, Box::new(move |count| operation(&mut fixture, count))));
    }
    run(1, &mut operations);
    Ok(())
}
