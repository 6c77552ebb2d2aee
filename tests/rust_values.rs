//! Values in the Rust API: nulls and their hierarchies, types of values, conversions and
//! getters, on each collector.

mod collectors;

use gcroots::{
    AnyRef, ArrayRef, ArrayType, Caller, Config, Engine, EqRef, Error, ExnRef, ExternRef,
    FieldType, Func, FuncType, Global, GlobalType, HeapType, I31, Mutability, RefType, Rooted,
    StorageType, Store, StructRef, StructType, Table, TableType, Tag, Val, ValType,
};

fn on_each_collector(test: impl Fn(&Engine, &mut Store<()>)) {
    for collector in collectors::ALL {
        let mut config = Config::new();
        config.collector(collector).stress(1);
        let engine = Engine::new(&config).unwrap();
        let mut store = Store::new(&engine, ()).unwrap();
        test(&engine, &mut store);
        store.verify().unwrap();
    }
}

#[track_caller]
fn refused<T>(outcome: anyhow::Result<T>) -> Error {
    match outcome {
        Ok(_) => panic!("not refused"),
        Err(error) => *error.downcast_ref().unwrap(),
    }
}

fn var(of: impl Into<StorageType>) -> FieldType {
    FieldType::new(Mutability::Var, of)
}

fn constant(of: impl Into<StorageType>) -> FieldType {
    FieldType::new(Mutability::Const, of)
}

/// The nullable reference types at the top of the hierarchies, with a null of each.
fn hierarchies() -> [(RefType, Val); 4] {
    [
        (RefType::FUNCREF, Val::null_func_ref()),
        (RefType::EXTERNREF, Val::null_extern_ref()),
        (RefType::ANYREF, Val::null_any_ref()),
        (RefType::EXNREF, Val::null_exn_ref()),
    ]
}

/// Whether a slot of type `slot` takes `null`. `any` and `extern` count as one hierarchy,
/// since a conversion between them does not change the object.
fn takes(slot: &RefType, null: &Val) -> bool {
    let hierarchy = |of: &RefType| match of.heap_type() {
        HeapType::Extern => HeapType::Any,
        other => other.clone(),
    };
    let of_null = hierarchies()
        .into_iter()
        .find(|(_, other)| core::mem::discriminant(other) == core::mem::discriminant(null));
    hierarchy(slot) == hierarchy(&of_null.unwrap().0)
}

/// Calls `test` with each type at the top of a hierarchy, a null that it takes, and a null.
fn each_slot_and_null(mut test: impl FnMut(RefType, Val, Val, bool)) {
    for (slot, own) in hierarchies() {
        for (_, null) in hierarchies() {
            test(slot.clone(), own, null, takes(&slot, &null));
        }
    }
}

#[test]
fn a_field_takes_a_null_of_its_hierarchy_only() {
    on_each_collector(|engine, store| {
        each_slot_and_null(|slot, own, null, taken| {
            let of = StructType::new(engine, [var(ValType::I32), var(slot.clone())]).unwrap();
            let made = StructRef::new(&mut *store, &of, &[Val::I32(1), null]);
            let set = StructRef::new(&mut *store, &of, &[Val::I32(1), own])
                .unwrap()
                .set_field(&mut *store, 1, null);
            assert_eq!(
                (made.is_ok(), set.is_ok()),
                (taken, taken),
                "{slot:?} {null:?}"
            );
            if !taken {
                for error in [refused(made), refused(set)] {
                    assert!(
                        matches!(error, Error::WrongValue { index: 1, .. }),
                        "{error}"
                    );
                }
            }
        });
    });
}

#[test]
fn an_element_takes_a_null_of_its_hierarchy_only() {
    on_each_collector(|engine, store| {
        each_slot_and_null(|slot, own, null, taken| {
            let of = ArrayType::new(engine, var(slot)).unwrap();
            let array = ArrayRef::new(&mut *store, &of, &own, 3).unwrap();
            let outcomes = [
                ArrayRef::new(&mut *store, &of, &null, 3).map(|_| ()),
                ArrayRef::new_fixed(&mut *store, &of, &[own, null]).map(|_| ()),
                array.set(&mut *store, 2, null),
                array.fill(&mut *store, 1, null, 2),
            ];
            for outcome in outcomes {
                assert_eq!(outcome.is_ok(), taken);
                if !taken {
                    assert!(matches!(refused(outcome), Error::WrongValue { .. }));
                }
            }
        });
    });
}

#[test]
fn an_exception_takes_a_null_of_its_hierarchy_only() {
    on_each_collector(|engine, store| {
        each_slot_and_null(|slot, own, null, taken| {
            let of = FuncType::new(engine, [slot.clone().into(), slot.into()], []).unwrap();
            let tag = Tag::new(&mut *store, &of).unwrap();
            let made = ExnRef::new(&mut *store, &tag, &[own, null]);
            assert_eq!(made.is_ok(), taken);
            if !taken {
                assert!(matches!(refused(made), Error::WrongValue { index: 1, .. }));
            }
        });
    });
}

#[test]
fn a_table_takes_a_null_of_its_hierarchy_only() {
    on_each_collector(|_, store| {
        each_slot_and_null(|slot, own, null, taken| {
            let of = |size| TableType::new(slot.clone(), size, None);
            let table = Table::new(&mut *store, of(2), own).unwrap();
            let outcomes = [
                Table::new(&mut *store, of(2), null).map(|_| ()),
                Table::new(&mut *store, of(0), null).map(|_| ()),
                table.set(&mut *store, 0, null),
                table.fill(&mut *store, 0, null, 2),
                table.grow(&mut *store, 1, null).map(|_| ()),
                table.grow(&mut *store, 0, null).map(|_| ()),
            ];
            for outcome in outcomes {
                assert_eq!(outcome.is_ok(), taken, "{slot:?} {null:?}");
                if !taken {
                    assert!(matches!(refused(outcome), Error::TypeMismatch { .. }));
                }
            }
            assert_eq!(table.size(&*store).unwrap(), 2 + u64::from(taken));
        });
    });
}

#[test]
fn a_global_takes_a_null_of_its_hierarchy_only() {
    on_each_collector(|_, store| {
        each_slot_and_null(|slot, own, null, taken| {
            let of = || GlobalType::new(slot.clone().into(), Mutability::Var);
            let global = Global::new(&mut *store, of(), own).unwrap();
            let outcomes = [
                Global::new(&mut *store, of(), null).map(|_| ()),
                global.set(&mut *store, null),
            ];
            for outcome in outcomes {
                assert_eq!(outcome.is_ok(), taken);
                if !taken {
                    assert!(matches!(refused(outcome), Error::TypeMismatch { .. }));
                }
            }
        });
    });
}

#[test]
fn a_call_takes_and_returns_nulls_of_its_hierarchies_only() {
    on_each_collector(|engine, store| {
        each_slot_and_null(|slot, own, null, taken| {
            let slot = ValType::from(slot);
            let of = FuncType::new(engine, [slot.clone()], [slot]).unwrap();
            let give = move |_: Caller<'_, ()>, _: &[Val], results: &mut [Val]| {
                results[0] = null;
                Ok(())
            };
            let keep = |_: Caller<'_, ()>, _: &[Val], _: &mut [Val]| Ok(());
            let give = Func::new(&mut *store, &of, give).unwrap();
            let keep = Func::new(&mut *store, &of, keep).unwrap();
            let mut results = [Val::I32(0)];
            let given = give.call(&mut *store, &[own], &mut results);
            let kept = keep.call(&mut *store, &[null], &mut results);
            assert_eq!((given.is_ok(), kept.is_ok()), (taken, taken));
            if taken {
                return;
            }
            for (outcome, of) in [(given, "result"), (kept, "argument")] {
                let error = refused(outcome);
                assert!(
                    matches!(error, Error::InCall { what, index: 0, .. } if what == of),
                    "{error}"
                );
                assert!(error.to_string().contains(" null "), "{error}");
            }
        });
    });
}

#[test]
fn handles_bounds_and_counts_are_checked_before_nulls() {
    on_each_collector(|engine, store| {
        let null = Val::null_func_ref();
        let of = StructType::new(engine, [constant(RefType::ANYREF)]).unwrap();
        let fixed = StructRef::new_default(&mut *store, &of).unwrap();
        let error = refused(fixed.set_field(&mut *store, 1, null));
        assert!(matches!(error, Error::OutOfBounds { .. }), "{error}");

        let of = GlobalType::new(RefType::ANYREF.into(), Mutability::Var);
        let global = Global::new(&mut *store, of, Val::null_any_ref()).unwrap();
        global.free(&mut *store).unwrap();
        let error = refused(global.set(&mut *store, null));
        assert!(matches!(error, Error::Unrooted { .. }), "{error}");

        let of = FuncType::new(engine, [ValType::I32], [RefType::ANYREF.into()]).unwrap();
        let keep = |_: Caller<'_, ()>, _: &[Val], _: &mut [Val]| Ok(());
        let keep = Func::new(&mut *store, &of, keep).unwrap();
        let error = refused(keep.call(&mut *store, &[Val::I32(1), null], &mut [Val::I32(0)]));
        assert!(matches!(error, Error::WrongArity { .. }), "{error}");
    });
}

#[test]
fn the_message_names_the_null_and_what_is_needed() {
    on_each_collector(|engine, store| {
        let of = StructType::new(engine, [var(RefType::EXNREF)]).unwrap();
        let made = StructRef::new_default(&mut *store, &of).unwrap();
        let error = refused(made.set_field(&mut *store, 0, Val::null_func_ref()));
        assert_eq!(
            error.to_string(),
            "the value for field or element 0 is a null function; an exception is required"
        );
        let of = TableType::new(RefType::FUNCREF, 0, None);
        let error = refused(Table::new(&mut *store, of, Val::null_extern_ref()));
        assert_eq!(
            error.to_string(),
            "a function is required, but a null external reference was found"
        );
    });
}

/// One reference of each kind, as a value.
fn references(engine: &Engine, store: &mut Store<()>) -> Vec<Val> {
    let of = StructType::new(engine, []).unwrap();
    let made = StructRef::new(&mut *store, &of, &[]).unwrap();
    let of = ArrayType::new(engine, var(ValType::I32)).unwrap();
    let array = ArrayRef::new_default(&mut *store, &of, 1).unwrap();
    let number = AnyRef::from_i31(&mut *store, I31::wrapping_u32(1)).unwrap();
    let host = ExternRef::new(&mut *store, 7u32).unwrap();
    let of = FuncType::new(engine, [], []).unwrap();
    let tag = Tag::new(&mut *store, &of).unwrap();
    let thrown = ExnRef::new(&mut *store, &tag, &[]).unwrap();
    let func = Func::new(&mut *store, &of, |_, _, _| Ok(())).unwrap();
    vec![
        made.into(),
        array.into(),
        number.into(),
        host.into(),
        ExternRef::convert_any(&mut *store, &made.to_anyref())
            .unwrap()
            .into(),
        AnyRef::convert_extern(&mut *store, &host).unwrap().into(),
        thrown.into(),
        func.into(),
    ]
}

fn heap_types(engine: &Engine) -> Vec<HeapType> {
    vec![
        HeapType::Extern,
        HeapType::NoExtern,
        HeapType::Func,
        HeapType::ConcreteFunc(FuncType::new(engine, [], []).unwrap()),
        HeapType::ConcreteFunc(FuncType::new(engine, [ValType::I32], []).unwrap()),
        HeapType::NoFunc,
        HeapType::Any,
        HeapType::Eq,
        HeapType::I31,
        HeapType::Array,
        HeapType::ConcreteArray(ArrayType::new(engine, var(ValType::I32)).unwrap()),
        HeapType::ConcreteArray(ArrayType::new(engine, var(ValType::I64)).unwrap()),
        HeapType::Struct,
        HeapType::ConcreteStruct(StructType::new(engine, []).unwrap()),
        HeapType::ConcreteStruct(StructType::new(engine, [var(ValType::I64)]).unwrap()),
        HeapType::Exn,
        HeapType::NoExn,
        HeapType::None,
    ]
}

/// All value types but those of V128 and float numbers.
fn value_types(engine: &Engine) -> impl Iterator<Item = ValType> {
    let references = heap_types(engine).into_iter().flat_map(|heap| {
        [true, false].map(|nullable| ValType::Ref(RefType::new(nullable, heap.clone())))
    });
    [ValType::I32, ValType::I64].into_iter().chain(references)
}

#[test]
fn matching_a_type_agrees_with_the_type() {
    on_each_collector(|engine, store| {
        let mut values = references(engine, store);
        values.extend(hierarchies().map(|(_, null)| null));
        values.extend([Val::I32(1), Val::I64(2), Val::V128(3)]);
        for value in values {
            for of in value_types(engine) {
                let matches = value.ty(&*store).unwrap().matches(&of);
                assert_eq!(
                    value.matches_ty(&*store, &of).unwrap(),
                    matches,
                    "{value:?} {of:?}"
                );
            }
            let Val::AnyRef(Some(any)) = value else {
                continue;
            };
            for of in heap_types(engine) {
                let matches = any.ty(&*store).unwrap().matches(&of);
                assert_eq!(
                    any.matches_ty(&*store, &of).unwrap(),
                    matches,
                    "{any:?} {of:?}"
                );
                if let Some(eq) = any.as_eqref(&*store).unwrap() {
                    assert_eq!(
                        eq.matches_ty(&*store, &of).unwrap(),
                        matches,
                        "{eq:?} {of:?}"
                    );
                }
            }
        }
    });
}

#[test]
fn matching_a_type_refuses_bad_handles_and_foreign_types() {
    on_each_collector(|engine, store| {
        let other = Engine::default();
        let foreign = FuncType::new(&other, [], []).unwrap();
        let foreign = HeapType::ConcreteFunc(foreign);
        let mut second = Store::new(engine, ()).unwrap();
        for value in references(engine, store) {
            // The last one is a type of another hierarchy for most values.
            for of in [
                HeapType::Any,
                HeapType::Extern,
                HeapType::Func,
                HeapType::Exn,
            ] {
                let of = ValType::Ref(RefType::new(true, of));
                let error = refused(value.matches_ty(&second, &of));
                assert!(matches!(error, Error::WrongStore { .. }), "{error}");
            }
            let error = refused(value.ty(&second));
            assert!(matches!(error, Error::WrongStore { .. }), "{error}");
            let of = ValType::Ref(RefType::new(true, foreign.clone()));
            let error = refused(value.matches_ty(&*store, &of));
            assert!(matches!(error, Error::WrongEngine { .. }), "{error}");
        }
        let number = AnyRef::from_i31(&mut second, I31::wrapping_u32(1)).unwrap();
        let error = refused(number.matches_ty(&*store, &HeapType::Extern));
        assert!(matches!(error, Error::WrongStore { .. }), "{error}");
    });
}

#[test]
fn a_function_matches_its_type_and_supertypes() {
    on_each_collector(|engine, store| {
        let of = FuncType::new(engine, [ValType::I32], []).unwrap();
        let other = FuncType::new(engine, [], []).unwrap();
        let func = Func::new(&mut *store, &of, |_, _, _| Ok(())).unwrap();
        assert!(func.matches_ty(&*store, &of).unwrap());
        assert!(!func.matches_ty(&*store, &other).unwrap());
        let foreign = FuncType::new(&Engine::default(), [ValType::I32], []).unwrap();
        let error = refused(func.matches_ty(&*store, &foreign));
        assert!(matches!(error, Error::WrongEngine { .. }), "{error}");
    });
}

#[test]
fn nulls_and_defaults_have_the_hierarchy_of_their_type() {
    let engine = Engine::default();
    for of in heap_types(&engine) {
        let null = Val::null_ref(&of);
        let of = RefType::new(true, of);
        let store = Store::new(&engine, ()).unwrap();
        assert!(
            null.matches_ty(&store, &ValType::Ref(of.clone())).unwrap(),
            "{of:?}"
        );
        let default = Val::default_for_ty(&ValType::Ref(of.clone())).unwrap();
        assert_eq!(
            core::mem::discriminant(&null),
            core::mem::discriminant(&default)
        );
        let never_null = RefType::new(false, of.heap_type().clone());
        assert!(Val::default_for_ty(&ValType::Ref(never_null)).is_none());
    }
    let zero = |of| Val::default_for_ty(&of).unwrap();
    assert_eq!(zero(ValType::I32).i32(), Some(0));
    assert_eq!(zero(ValType::I64).i64(), Some(0));
    assert_eq!(zero(ValType::F32).f32(), Some(0.0));
    assert_eq!(zero(ValType::F64).f64(), Some(0.0));
    assert_eq!(zero(ValType::V128).v128(), Some(0));
}

#[test]
fn getters_return_none_for_another_kind_and_some_none_for_null() {
    let numbers = [
        Val::I32(-1),
        Val::I64(-2),
        Val::from(1.5f32),
        Val::from(2.5f64),
        Val::V128(3),
    ];
    let nulls = hierarchies().map(|(_, null)| null);
    for (index, value) in numbers.iter().chain(&nulls).enumerate() {
        assert_eq!(value.i32(), (index == 0).then_some(-1));
        assert_eq!(value.i64(), (index == 1).then_some(-2));
        assert_eq!(value.f32(), (index == 2).then_some(1.5));
        assert_eq!(value.f64(), (index == 3).then_some(2.5));
        assert_eq!(value.v128(), (index == 4).then_some(3));
        assert_eq!(
            value.funcref().map(|of| of.is_none()),
            (index == 5).then_some(true)
        );
        assert_eq!(
            value.externref().map(|of| of.is_none()),
            (index == 6).then_some(true)
        );
        assert_eq!(
            value.anyref().map(|of| of.is_none()),
            (index == 7).then_some(true)
        );
        assert_eq!(
            value.exnref().map(|of| of.is_none()),
            (index == 8).then_some(true)
        );
    }
}

#[test]
fn roots_and_options_of_roots_become_values() {
    on_each_collector(|engine, store| {
        let values = references(engine, store);
        let made = values[0].anyref().unwrap().unwrap().unwrap_struct(&*store);
        let made = made.unwrap();
        let array = values[1].anyref().unwrap().unwrap().unwrap_array(&*store);
        let array = array.unwrap();
        let any = made.to_anyref();
        let same = |value: Val, root: Rooted<AnyRef>| {
            Rooted::rooted_eq(value.anyref().unwrap().unwrap(), root)
        };
        assert!(same(Val::from(Some(made)), any));
        assert!(same(Val::from(Some(made.to_eqref())), any));
        assert!(same(Val::from(Some(any)), any));
        assert!(same(Val::from(Some(array)), array.to_anyref()));

        let host = values[3].externref().unwrap();
        let thrown = values[6].exnref().unwrap();
        let func = values[7].funcref().unwrap();
        assert!(Val::from(host).externref().unwrap().is_some());
        assert!(Val::from(thrown).exnref().unwrap().is_some());
        assert!(Val::from(func).funcref().unwrap().is_some());

        let nulls = [
            Val::from(None::<Rooted<StructRef>>),
            Val::from(None::<Rooted<ArrayRef>>),
            Val::from(None::<Rooted<EqRef>>),
            Val::from(None::<Rooted<AnyRef>>),
        ];
        assert!(nulls.iter().all(|null| matches!(null, Val::AnyRef(None))));
        assert!(matches!(
            Val::from(None::<Rooted<ExternRef>>),
            Val::ExternRef(None)
        ));
        assert!(matches!(
            Val::from(None::<Rooted<ExnRef>>),
            Val::ExnRef(None)
        ));
        assert!(matches!(
            Val::from(None::<Rooted<Func>>),
            Val::FuncRef(None)
        ));
    });
}

#[test]
fn an_array_is_made_of_a_slice() {
    on_each_collector(|engine, store| {
        let bytes = ArrayType::new(engine, constant(StorageType::I8)).unwrap();
        let made = ArrayRef::new_from_slice(&mut *store, &bytes, b"heap").unwrap();
        let mut read = [0u8; 4];
        made.read(&*store, 0, &mut read).unwrap();
        assert_eq!((&read, made.len(&*store).unwrap()), (b"heap", 4));
        let none = ArrayRef::new_from_slice::<u8>(&mut *store, &bytes, &[]).unwrap();
        assert!(none.is_empty(&*store).unwrap());

        let wide = ArrayType::new(engine, constant(ValType::V128)).unwrap();
        let made = ArrayRef::new_from_slice(&mut *store, &wide, &[1u128 << 100, 2]).unwrap();
        assert_eq!(made.get(&mut *store, 0).unwrap().v128(), Some(1 << 100));

        let many: Vec<f64> = (0..10_000).map(f64::from).collect();
        let floats = ArrayType::new(engine, var(ValType::F64)).unwrap();
        let made = ArrayRef::new_from_slice(&mut *store, &floats, &many).unwrap();
        let mut read = vec![0.0; many.len()];
        made.read(&*store, 0, &mut read).unwrap();
        assert_eq!(read, many);
    });
}

#[test]
fn an_array_of_a_slice_needs_elements_of_the_slices_type() {
    on_each_collector(|engine, store| {
        let bytes = ArrayType::new(engine, constant(StorageType::I8)).unwrap();
        let error = refused(ArrayRef::new_from_slice(&mut *store, &bytes, &[1u16]));
        assert!(matches!(error, Error::TypeMismatch { .. }), "{error}");
        let floats = ArrayType::new(engine, constant(ValType::F32)).unwrap();
        let error = refused(ArrayRef::new_from_slice(&mut *store, &floats, &[1u32]));
        assert!(matches!(error, Error::TypeMismatch { .. }), "{error}");
        let anys = ArrayType::new(engine, constant(RefType::ANYREF)).unwrap();
        let error = refused(ArrayRef::new_from_slice(&mut *store, &anys, &[1u32]));
        assert!(matches!(error, Error::TypeMismatch { .. }), "{error}");
        let foreign = ArrayType::new(&Engine::default(), constant(StorageType::I8)).unwrap();
        let error = refused(ArrayRef::new_from_slice(&mut *store, &foreign, b"x"));
        assert!(matches!(error, Error::WrongEngine { .. }), "{error}");
    });
    let mut config = Config::new();
    config.heap_limit(64 << 10);
    let engine = Engine::new(&config).unwrap();
    let mut store = Store::new(&engine, ()).unwrap();
    let bytes = ArrayType::new(&engine, constant(StorageType::I8)).unwrap();
    let error = refused(ArrayRef::new_from_slice(
        &mut store,
        &bytes,
        &[0u8; 1 << 20],
    ));
    assert!(matches!(error, Error::HeapLimit { .. }), "{error}");
}
