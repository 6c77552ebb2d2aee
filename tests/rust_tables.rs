//! Tables and globals in the Rust API, on each collector.

mod collectors;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use gcroots::{
    AnyRef, ArrayType, Collector, Config, Engine, Error, ExnRef, ExternRef, FieldType, Func,
    FuncType, Global, GlobalType, HeapType, I31, Mutability, RefType, RootScope, Rooted, Store,
    StructRef, StructType, Table, TableType, Tag, Val, ValType,
};

const NULL: Val = Val::AnyRef(None);

fn on_each_collector(test: impl Fn(&Engine, Collector)) {
    for collector in collectors::ALL {
        for stress in [0, 1] {
            let mut config = Config::new();
            config.collector(collector).stress(stress);
            test(&Engine::new(&config).unwrap(), collector);
        }
    }
}

/// Runs `test` with a store on each collector.
fn on_each(test: impl Fn(&mut Store<()>, Collector)) {
    on_each_collector(|engine, collector| {
        let mut store = Store::new(engine, ()).unwrap();
        test(&mut store, collector);
        store.verify().unwrap();
    });
}

#[track_caller]
fn refused<T>(outcome: anyhow::Result<T>) -> Error {
    match outcome {
        Ok(_) => panic!("not refused"),
        Err(error) => *error.downcast_ref().unwrap(),
    }
}

fn number(store: &mut Store<()>, value: u32) -> Rooted<AnyRef> {
    AnyRef::from_i31(store, I31::wrapping_u32(value)).unwrap()
}

fn anys(store: &mut Store<()>, size: u64) -> Table {
    Table::new(store, TableType::new(RefType::ANYREF, size, None), NULL).unwrap()
}

/// The number of an element that is an i31.
fn get(store: &mut Store<()>, table: &Table, index: u64) -> u32 {
    let found = table.get(&mut *store, index).unwrap().unwrap_anyref();
    found.unwrap().unwrap_i31(&*store).unwrap().get_u32()
}

#[test]
fn elements_survive_collections() {
    on_each(|store, _| {
        let ty = TableType::new(RefType::EXTERNREF, 20, None);
        let table = Table::new(&mut *store, ty, Val::ExternRef(None)).unwrap();
        for i in 0..20 {
            let mut scope = RootScope::new(&mut *store).unwrap();
            let value = ExternRef::new(&mut scope, i).unwrap();
            table.set(&mut scope, i, value).unwrap();
        }
        store.gc().unwrap();
        for i in 0..20 {
            let found = table.get(&mut *store, i).unwrap().unwrap_externref();
            let found = found.unwrap().data(&*store).unwrap().unwrap();
            assert_eq!(found.downcast_ref::<u64>(), Some(&i));
        }
    });
}

/// A value that counts the drops of its kind.
struct Counting(Arc<AtomicU32>);

impl Drop for Counting {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_table_keeps_its_elements_alive_until_they_are_overwritten_or_it_is_freed() {
    on_each(|store, collector| {
        let dropped = Arc::new(AtomicU32::new(0));
        let after = |store: &mut Store<()>, count| {
            store.gc().unwrap();
            let expected = if collector == Collector::Null {
                0
            } else {
                count
            };
            assert_eq!(dropped.load(Ordering::Relaxed), expected);
        };
        let table = anys(store, 5);
        for i in 0..5 {
            let mut scope = RootScope::new(&mut *store).unwrap();
            let value = ExternRef::new(&mut scope, Counting(dropped.clone())).unwrap();
            table.set(&mut scope, i, value).unwrap();
        }
        after(store, 0);
        table.set(&mut *store, 2, NULL).unwrap();
        after(store, 1);
        table.fill(&mut *store, 3, NULL, 2).unwrap();
        after(store, 3);
        Table::copy(&mut *store, &table, 0, &table, 1, 1).unwrap();
        after(store, 4);
        table.free(&mut *store).unwrap();
        after(store, 5);
    });
}

#[test]
fn a_table_grows_within_its_maximum() {
    on_each(|store, _| {
        let one = number(store, 1);
        let ty = TableType::new(RefType::ANYREF, 2, Some(100));
        let table = Table::new(&mut *store, ty, one).unwrap();
        for size in 2..60 {
            let init = number(store, size);
            let before = table.grow(&mut *store, 1, init).unwrap();
            assert_eq!(before, size.into());
        }
        assert_eq!(table.grow(&mut *store, 0, NULL).unwrap(), 60);
        assert_eq!(get(store, &table, 1), 1);
        assert!((2..60).all(|i| get(store, &table, i) == i as u32));
        for delta in [41, u64::MAX] {
            let error = refused(table.grow(&mut *store, delta, one));
            assert!(matches!(error, Error::Limit { limit: 100, .. }));
        }
        assert_eq!(table.size(&*store).unwrap(), 60);
        let error = refused(table.get(&mut *store, 60));
        assert!(matches!(
            error,
            Error::OutOfBounds {
                index: 60,
                length: 60,
                ..
            }
        ));
    });
}

#[test]
fn fill_and_copy_write_all_or_nothing() {
    on_each(|store, _| {
        let table = anys(store, 10);
        for i in 0..10 {
            let value = number(store, i);
            table.set(&mut *store, i.into(), value).unwrap();
        }
        Table::copy(&mut *store, &table, 2, &table, 0, 5).unwrap();
        let seven = number(store, 7);
        table.fill(&mut *store, 8, seven, 2).unwrap();
        for (index, count) in [(8, 3), (11, 0), (u64::MAX, 1), (1, u64::MAX)] {
            let error = refused(table.fill(&mut *store, index, NULL, count));
            assert!(matches!(error, Error::OutOfBounds { .. }));
            let error = refused(Table::copy(&mut *store, &table, 0, &table, index, count));
            assert!(matches!(error, Error::OutOfBounds { .. }));
            let error = refused(Table::copy(&mut *store, &table, index, &table, 0, count));
            assert!(matches!(error, Error::OutOfBounds { .. }));
        }
        table.fill(&mut *store, 10, NULL, 0).unwrap();
        let found: Vec<_> = (0..10).map(|i| get(store, &table, i)).collect();
        assert_eq!(found, [0, 1, 0, 1, 2, 3, 4, 7, 7, 7]);
    });
}

#[test]
fn elements_read_as_what_their_type_says() {
    on_each_collector(|engine, _| {
        let mut store = Store::new(engine, ()).unwrap();
        let s = &mut store;
        let externref = ExternRef::new(&mut *s, ()).unwrap();
        let ty = StructType::new(engine, []).unwrap();
        let made = StructRef::new_default(&mut *s, &ty).unwrap();
        let tag = FuncType::new(engine, [], []).unwrap();
        let tag = Tag::new(&mut *s, &tag).unwrap();
        let exn = ExnRef::new(&mut *s, &tag, &[]).unwrap();
        let concrete = RefType::new(false, HeapType::ConcreteStruct(ty));
        let mut element = |of: RefType, init: Val| {
            let ty = TableType::new(of, 1, Some(1));
            let table = Table::new(&mut *s, ty.clone(), init).unwrap();
            assert_eq!(table.ty(&*s).unwrap(), ty);
            table.get(&mut *s, 0).unwrap()
        };
        assert!(
            element(RefType::EXTERNREF, externref.into())
                .unwrap_externref()
                .is_some()
        );
        assert!(
            element(RefType::EXNREF, exn.into())
                .unwrap_exnref()
                .is_some()
        );
        assert!(
            element(RefType::STRUCTREF, made.into())
                .unwrap_anyref()
                .is_some()
        );
        assert!(element(concrete, made.into()).unwrap_anyref().is_some());
        assert!(element(RefType::NULLREF, NULL).unwrap_anyref().is_none());
        assert!(matches!(
            element(RefType::FUNCREF, Val::FuncRef(None)),
            Val::FuncRef(None)
        ));
    });
}

#[test]
fn what_every_reference_may_be_reads_as_its_kind() {
    on_each_collector(|engine, _| {
        let mut store = Store::new(engine, ()).unwrap();
        let s = &mut store;
        let every = RefType::new(true, HeapType::Every);
        let of = FuncType::new(engine, [every.clone().into()], [every.clone().into()]).unwrap();
        let same = Func::new(&mut *s, &of, |_, params, results| {
            results[0] = params[0];
            Ok(())
        });
        let same = same.unwrap();
        let tag = FuncType::new(engine, [], []).unwrap();
        let tag = Tag::new(&mut *s, &tag).unwrap();
        let field = FieldType::new(Mutability::Var, every.clone());
        let cell = StructType::new(engine, [field]).unwrap();
        let cell = StructRef::new_default(&mut *s, &cell).unwrap();
        let table = TableType::new(every.clone(), 1, None);
        let table = Table::new(&mut *s, table, NULL).unwrap();
        let global = GlobalType::new(every.into(), Mutability::Var);
        let global = Global::new(&mut *s, global, NULL).unwrap();
        let values: [Val; 6] = [
            NULL,
            same.into(),
            ExnRef::new(&mut *s, &tag, &[]).unwrap().into(),
            ExternRef::new(&mut *s, ()).unwrap().into(),
            cell.into(),
            number(s, 7).into(),
        ];
        for value in values {
            cell.set_field(&mut *s, 0, value).unwrap();
            table.set(&mut *s, 0, value).unwrap();
            global.set(&mut *s, value).unwrap();
            let mut results = [Val::I32(0)];
            same.call(&mut *s, &[value], &mut results).unwrap();
            let read = [
                cell.field(&mut *s, 0).unwrap(),
                table.get(&mut *s, 0).unwrap(),
                global.get(&mut *s).unwrap(),
                results[0],
            ];
            for read in read {
                let (read, value) = (format!("{read:?}"), format!("{value:?}"));
                let kind = |val: &str| val.split('(').next().map(str::to_owned);
                assert_eq!(kind(&read), kind(&value), "{read}, {value}");
            }
        }
        s.verify().unwrap();
    });
}

#[test]
fn values_that_are_no_elements_are_refused() {
    on_each_collector(|engine, _| {
        let mut store = Store::new(engine, ()).unwrap();
        let never_null = RefType::new(false, HeapType::I31);
        let ty = TableType::new(never_null.clone(), 0, None);
        let table = Table::new(&mut store, ty, NULL).unwrap();
        let one = number(&mut store, 1);
        table.grow(&mut store, 2, one).unwrap();
        let externref = ExternRef::new(&mut store, ()).unwrap();
        assert!(matches!(
            refused(table.set(&mut store, 0, NULL)),
            Error::NullReference { .. }
        ));
        for bad in [Val::from(externref), Val::I32(1)] {
            assert!(matches!(
                refused(table.set(&mut store, 0, bad)),
                Error::TypeMismatch { .. }
            ));
            let error = refused(table.fill(&mut store, 0, bad, 1));
            assert!(matches!(error, Error::TypeMismatch { .. }));
            let error = refused(table.grow(&mut store, 1, bad));
            assert!(matches!(error, Error::TypeMismatch { .. }));
            let ty = TableType::new(never_null.clone(), 1, None);
            let error = refused(Table::new(&mut store, ty, bad));
            assert!(matches!(error, Error::TypeMismatch { .. }));
        }
        let ty = TableType::new(RefType::ANYREF, 2, Some(1));
        let error = refused(Table::new(&mut store, ty, NULL));
        assert!(matches!(error, Error::InvalidArgument { value: 2, .. }));
        let wider = anys(&mut store, 2);
        let error = refused(Table::copy(&mut store, &table, 0, &wider, 0, 1));
        assert!(matches!(error, Error::TypeMismatch { .. }));
        Table::copy(&mut store, &wider, 0, &table, 0, 2).unwrap();
        assert_eq!(get(&mut store, &wider, 1), 1);
    });
}

#[test]
fn handles_of_other_stores_and_freed_ones_are_refused() {
    on_each_collector(|engine, _| {
        let (mut store, mut other) = (
            Store::new(engine, ()).unwrap(),
            Store::new(engine, ()).unwrap(),
        );
        let table = anys(&mut store, 1);
        let ty = GlobalType::new(ValType::I32, Mutability::Var);
        let global = Global::new(&mut store, ty, Val::I32(1)).unwrap();
        assert!(matches!(
            refused(table.size(&other)),
            Error::WrongStore { .. }
        ));
        assert!(matches!(
            refused(table.free(&mut other)),
            Error::WrongStore { .. }
        ));
        assert!(matches!(
            refused(global.get(&mut other)),
            Error::WrongStore { .. }
        ));
        let foreign = number(&mut other, 1);
        let foreign = foreign.to_manually_rooted(&mut other).unwrap();
        let foreign = foreign.to_rooted(&mut other).unwrap();
        assert!(matches!(
            refused(table.set(&mut store, 0, foreign)),
            Error::WrongStore { .. }
        ));
        table.free(&mut store).unwrap();
        global.free(&mut store).unwrap();
        let again = anys(&mut store, 1);
        assert_ne!(again, table);
        assert!(matches!(refused(table.ty(&store)), Error::Unrooted { .. }));
        assert!(matches!(
            refused(table.free(&mut store)),
            Error::Unrooted { .. }
        ));
        assert!(matches!(refused(global.ty(&store)), Error::Unrooted { .. }));
        assert!(matches!(
            refused(global.set(&mut store, Val::I32(2))),
            Error::Unrooted { .. }
        ));
        assert_eq!(again.size(&store).unwrap(), 1);
    });
}

#[test]
fn types_of_another_engine_are_refused() {
    let mut store = Store::new(&Engine::default(), ()).unwrap();
    let foreign = FieldType::new(Mutability::Var, ValType::I32);
    let foreign = ArrayType::new(&Engine::default(), foreign).unwrap();
    let foreign = RefType::new(true, HeapType::ConcreteArray(foreign));
    let ty = TableType::new(foreign.clone(), 1, None);
    assert!(matches!(
        refused(Table::new(&mut store, ty, NULL)),
        Error::WrongEngine { .. }
    ));
    let ty = GlobalType::new(foreign.into(), Mutability::Var);
    assert!(matches!(
        refused(Global::new(&mut store, ty, NULL)),
        Error::WrongEngine { .. }
    ));
}

#[test]
fn a_table_that_cannot_grow_is_as_it_was() {
    for collector in collectors::ALL {
        let mut config = Config::new();
        config.collector(collector).heap_limit(64 << 10);
        let mut store = Store::new(&Engine::new(&config).unwrap(), ()).unwrap();
        let seven = number(&mut store, 7);
        let ty = TableType::new(RefType::ANYREF, 1000, None);
        let table = Table::new(&mut store, ty, seven).unwrap();
        let error = refused(table.grow(&mut store, 1 << 20, NULL));
        assert!(matches!(error, Error::HeapLimit { .. }));
        assert_eq!(table.size(&store).unwrap(), 1000);
        assert_eq!(get(&mut store, &table, 999), 7);
        store.verify().unwrap();
    }
}

#[test]
fn a_global_has_the_value_that_it_was_set_to() {
    on_each(|store, _| {
        let cases = [
            (ValType::I32, Val::I32(-1), Val::I32(5)),
            (ValType::I64, Val::I64(i64::MIN), Val::I64(1)),
            (ValType::F32, Val::F32(0x7f80_0001), Val::F32(1)),
            (ValType::F64, Val::F64(u64::MAX), Val::F64(2)),
            (ValType::V128, Val::V128(1 << 100), Val::V128(3)),
        ];
        for (content, first, second) in cases {
            for mutability in [Mutability::Var, Mutability::Const] {
                let ty = GlobalType::new(content.clone(), mutability);
                let global = Global::new(&mut *store, ty.clone(), first).unwrap();
                assert_eq!(global.ty(&*store).unwrap(), ty);
                let set = global.set(&mut *store, second);
                store.gc().unwrap();
                let expected = if mutability.is_var() {
                    set.unwrap();
                    second
                } else {
                    assert!(matches!(refused(set), Error::ImmutableGlobal { .. }));
                    first
                };
                let found = global.get(&mut *store).unwrap();
                assert_eq!(format!("{found:?}"), format!("{expected:?}"));
                let error = refused(Global::new(&mut *store, ty, NULL));
                assert!(matches!(error, Error::TypeMismatch { .. }));
            }
        }
    });
}

#[test]
fn a_global_keeps_its_reference_alive() {
    on_each(|store, collector| {
        let dropped = Arc::new(AtomicU32::new(0));
        let ty = GlobalType::new(RefType::EXTERNREF.into(), Mutability::Var);
        let global = {
            let mut scope = RootScope::new(&mut *store).unwrap();
            let value = ExternRef::new(&mut scope, Counting(dropped.clone())).unwrap();
            Global::new(&mut scope, ty.clone(), value).unwrap()
        };
        assert_eq!(global.ty(&*store).unwrap(), ty);
        store.gc().unwrap();
        let mut scope = RootScope::new(&mut *store).unwrap();
        let value = global.get(&mut scope).unwrap().unwrap_externref().unwrap();
        assert!(value.data(&scope).unwrap().unwrap().is::<Counting>());
        drop(scope);
        assert_eq!(dropped.load(Ordering::Relaxed), 0);
        global.set(&mut *store, Val::ExternRef(None)).unwrap();
        store.gc().unwrap();
        let expected = u32::from(collector != Collector::Null);
        assert_eq!(dropped.load(Ordering::Relaxed), expected);
        assert!(
            global
                .get(&mut *store)
                .unwrap()
                .unwrap_externref()
                .is_none()
        );
    });
}

#[test]
fn one_table_is_used_from_rust_and_c() {
    use gcroots::capi::table::{gcroots_table_free, gcroots_table_size, gcroots_table_t};
    let mut store = Store::new(&Engine::default(), ()).unwrap();
    let table = anys(&mut store, 3);
    let mut handle = gcroots_table_t::from(table);
    let mut size = std::mem::MaybeUninit::uninit();
    // SAFETY: the store is alive and belongs to this thread. `size` may be written.
    unsafe {
        assert_eq!(gcroots_table_size(store.as_ptr(), handle, &mut size), 0);
        assert_eq!(size.assume_init(), 3);
        assert_eq!(Table::from(handle), table);
        assert_eq!(gcroots_table_free(store.as_ptr(), &mut handle), 0);
    }
    assert!(matches!(
        refused(table.size(&store)),
        Error::Unrooted { .. }
    ));
    assert!(matches!(
        refused(Table::from(handle).size(&store)),
        Error::NullReference { .. }
    ));
}
