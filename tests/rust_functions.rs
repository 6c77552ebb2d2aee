//! Functions from Rust: typed and untyped closures, what they may do, and how they fail.

mod collectors;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Result, bail};
use gcroots::{
    AnyRef, AsContextMut, Caller, Collector, Config, Engine, Error, ExnRef, ExternRef, FieldType,
    Func, FuncType, GcRef, HeapType, I31, ManuallyRooted, Mutability, RefType, RootScope, Rooted,
    Store, StructRef, StructType, Tag, ThrownException, Val, ValType,
};

/// Runs `test` with a store on each collector.
fn on_each(test: impl Fn(&Engine, &mut Store<u32>, bool)) {
    for collector in collectors::ALL {
        let mut config = Config::new();
        config.collector(collector);
        let engine = Engine::new(&config).unwrap();
        let mut store = Store::new(&engine, 0).unwrap();
        test(&engine, &mut store, collector != Collector::Null);
        store.verify().unwrap();
    }
}

fn store() -> Store<u32> {
    Store::new(&Engine::default(), 0).unwrap()
}

/// The library error of a failed call.
fn error_of<T>(failed: Result<T>) -> Error {
    let Err(error) = failed else {
        panic!("it did not fail")
    };
    *error.downcast_ref().unwrap_or_else(|| panic!("{error}"))
}

fn host(store: impl AsContextMut, number: u32) -> Rooted<ExternRef> {
    ExternRef::new(store, number).unwrap()
}

fn number(store: &Store<u32>, of: &ExternRef) -> u32 {
    let data = of.data(store).unwrap().unwrap();
    *data.downcast_ref().unwrap()
}

/// A value that counts its drops.
struct Counted(Arc<AtomicU32>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_closure_takes_and_leaves_values_of_every_kind() {
    on_each(|engine, store, _| {
        let types = [
            ValType::I32,
            ValType::I64,
            ValType::F32,
            ValType::F64,
            ValType::V128,
            RefType::FUNCREF.into(),
            RefType::EXTERNREF.into(),
            RefType::ANYREF.into(),
            RefType::EXNREF.into(),
        ];
        let of = FuncType::new(engine, types.clone(), types).unwrap();
        let same = Func::new(&mut *store, &of, |mut caller, params, results| {
            caller.gc()?;
            assert!(matches!(results[5], Val::FuncRef(None)));
            assert!(matches!(results[8], Val::ExnRef(None)));
            results.copy_from_slice(params);
            Ok(())
        })
        .unwrap();
        let tag = Tag::new(&mut *store, &FuncType::new(engine, [], []).unwrap()).unwrap();
        let exn = ExnRef::new(&mut *store, &tag, &[]).unwrap();
        let five = AnyRef::from_i31(&mut *store, I31::wrapping_u32(5)).unwrap();
        let text = host(&mut *store, 77);
        let params = [
            Val::I32(-1),
            Val::I64(-2),
            Val::from(1.5f32),
            Val::from(2.5f64),
            Val::V128(1 << 100),
            same.into(),
            text.into(),
            five.into(),
            exn.into(),
        ];
        let mut results = [Val::I32(0); 9];
        same.call(&mut *store, &params, &mut results).unwrap();
        assert_eq!(results[0].unwrap_i32(), -1);
        assert_eq!(results[1].unwrap_i64(), -2);
        assert_eq!(results[2].unwrap_f32(), 1.5);
        assert_eq!(results[3].unwrap_f64(), 2.5);
        assert_eq!(results[4].unwrap_v128(), 1 << 100);
        let func = results[5].unwrap_funcref().unwrap();
        assert!(Rooted::ref_eq(&*store, &func, &same).unwrap());
        assert_eq!(number(store, &results[6].unwrap_externref().unwrap()), 77);
        let five = results[7].unwrap_anyref().unwrap();
        assert_eq!(five.unwrap_i31(&*store).unwrap().get_u32(), 5);
        let exn = results[8].unwrap_exnref().unwrap();
        assert_eq!(exn.tag(&*store).unwrap(), tag);
        assert_eq!(func.ty(&*store).unwrap(), of);
    });
}

#[test]
fn a_typed_closure_takes_and_returns_its_own_types() {
    on_each(|_, store, _| {
        let all = |a: i32, b: u32, c: i64, d: u64, e: f32, f: f64, g: u128| {
            (a + 1, b + 1, c + 1, d + 1, e + 1.0, f + 1.0, g + 1)
        };
        let all = Func::wrap(&mut *store, all).unwrap();
        type All = (i32, u32, i64, u64, f32, f64, u128);
        let all = all.typed::<All, All>(&*store).unwrap();
        let one_more = all
            .call(&mut *store, (-2, u32::MAX - 1, -3, 1, 0.5, 0.25, 9))
            .unwrap();
        assert_eq!(one_more, (-1, u32::MAX, -2, 2, 1.5, 1.25, 10));

        let nothing = Func::wrap(&mut *store, || ()).unwrap();
        let nothing = nothing.typed::<(), ()>(&*store).unwrap();
        nothing.call(&mut *store, ()).unwrap();

        let eight = |a: i32, b: i32, c: i32, d: i32, e: i32, f: i32, g: i32, h: i32| {
            a + b + c + d + e + f + g + h
        };
        let eight = Func::wrap(&mut *store, eight).unwrap();
        type Eight = (i32, i32, i32, i32, i32, i32, i32, i32);
        let eight = eight.typed::<Eight, i32>(&*store).unwrap();
        assert_eq!(
            eight.call(&mut *store, (1, 2, 3, 4, 5, 6, 7, 8)).unwrap(),
            36
        );
    });
}

#[test]
fn references_go_in_and_out_of_typed_closures() {
    on_each(|_, store, collects| {
        type Null = Option<Rooted<ExternRef>>;
        let swap = |mut caller: Caller<'_, u32>, a: Null, b: Rooted<ExternRef>| {
            *caller.data_mut() += 1;
            caller.gc()?;
            let kept = b.to_manually_rooted(&mut caller)?;
            Ok((kept, a))
        };
        let swap = Func::wrap(&mut *store, swap).unwrap();
        let swap = swap
            .typed::<(Null, Rooted<ExternRef>), (Rooted<ExternRef>, Null)>(&*store)
            .unwrap();
        let (a, b) = (host(&mut *store, 1), host(&mut *store, 2));
        let before = store.stats();
        let (first, second) = swap.call(&mut *store, (Some(a), b)).unwrap();
        assert_eq!(number(store, &first), 2);
        assert_eq!(number(store, &second.unwrap()), 1);
        assert!(swap.call(&mut *store, (None, b)).unwrap().1.is_none());
        store.gc().unwrap();
        let after = store.stats();
        assert_eq!(after.scoped_roots, before.scoped_roots + 3);
        assert_eq!(after.manual_roots, 0);
        assert_eq!(*store.data(), 2);
        assert!(!collects || after.collections >= 3);
    });
}

#[test]
fn manual_roots_go_in_and_out_of_typed_closures() {
    on_each(|_, store, _| {
        type Kept = ManuallyRooted<ExternRef>;
        let keep = Func::wrap(&mut *store, |a: Kept, b: Option<Kept>| (b, a)).unwrap();
        let keep = keep.typed::<(Kept, Option<Kept>), (Option<Kept>, Kept)>(&*store);
        let keep = keep.unwrap();
        let mut scope = RootScope::new(&mut *store).unwrap();
        let a = host(&mut scope, 1).to_manually_rooted(&mut scope).unwrap();
        let (none, a) = keep.call(&mut scope, (a, None)).unwrap();
        assert!(none.is_none());
        drop(scope);
        store.gc().unwrap();
        assert_eq!(number(store, &a), 1);
        assert_eq!(store.stats().manual_roots, 1);
        a.unroot(&mut *store).unwrap();
        assert_eq!(store.stats().manual_roots, 0);
    });
}

#[test]
fn a_closure_may_call_others_and_itself() {
    on_each(|engine, store, _| {
        let types = [ValType::I32, RefType::FUNCREF.into()];
        let of = FuncType::new(engine, types, [ValType::I32]).unwrap();
        let sum = Func::new(
            &mut *store,
            &of,
            |mut caller: Caller<'_, u32>, params, results| {
                *caller.data_mut() += 1;
                let (n, itself) = (params[0].unwrap_i32(), params[1]);
                if n > 0 {
                    let func = itself.unwrap_funcref().unwrap();
                    func.call(&mut caller, &[Val::I32(n - 1), itself], results)?;
                    results[0] = Val::I32(results[0].unwrap_i32() + n);
                }
                Ok(())
            },
        )
        .unwrap();
        let mut results = [Val::I32(0)];
        sum.call(&mut *store, &[Val::I32(100), sum.into()], &mut results)
            .unwrap();
        assert_eq!((results[0].unwrap_i32(), *store.data()), (5050, 101));
    });
}

#[test]
fn functions_nest_as_deep_as_configured() {
    let engine = Engine::new(Config::new().call_depth(20)).unwrap();
    let mut store = Store::new(&engine, 0).unwrap();
    let of = FuncType::new(&engine, [RefType::FUNCREF.into()], []).unwrap();
    let descend = Func::new(&mut store, &of, |mut caller: Caller<'_, u32>, params, _| {
        *caller.data_mut() += 1;
        let itself = params[0].unwrap_funcref().unwrap();
        itself.call(&mut caller, params, &mut [])
    })
    .unwrap();
    let error = error_of(descend.call(&mut store, &[descend.into()], &mut []));
    assert!(matches!(error, Error::Limit { limit: 20, .. }), "{error}");
    assert_eq!(*store.data(), 20);
    let mut config = Config::new();
    config.call_depth(0);
    let error = error_of(Engine::new(&config));
    assert!(matches!(error, Error::InvalidArgument { .. }), "{error}");
}

#[test]
fn a_closure_is_dropped_once_with_its_function() {
    on_each(|engine, store, collects| {
        let dropped = Arc::new(AtomicU32::new(0));
        let count = || dropped.load(Ordering::Relaxed);
        let of = FuncType::new(engine, [], []).unwrap();
        let mut scope = RootScope::new(&mut *store).unwrap();
        let counted = Counted(dropped.clone());
        let kept = Func::wrap(&mut scope, move || {
            let _counted = &counted;
        })
        .unwrap();
        let kept = kept.to_manually_rooted(&mut scope).unwrap();
        let counted = Counted(dropped.clone());
        let func = move |_: Caller<'_, u32>, _: &[Val], _: &mut [Val]| {
            let _counted = &counted;
            Ok(())
        };
        Func::new(&mut scope, &of, func).unwrap();
        drop(scope);
        store.gc().unwrap();
        store.gc().unwrap();
        assert_eq!(count(), u32::from(collects));
        kept.call(&mut *store, &[], &mut []).unwrap();
        kept.unroot(&mut *store).unwrap();
        store.gc().unwrap();
        assert_eq!(count(), 2 * u32::from(collects));
    });
}

#[test]
fn a_closure_that_makes_no_function_is_dropped() {
    let (mut store, other) = (store(), Engine::default());
    let dropped = Arc::new(AtomicU32::new(0));
    let counted = Counted(dropped.clone());
    let of = FuncType::new(&other, [], []).unwrap();
    let made = Func::new(&mut store, &of, move |_, _, _| {
        let _counted = &counted;
        Ok(())
    });
    assert!(matches!(error_of(made), Error::WrongEngine { .. }));
    assert_eq!(dropped.load(Ordering::Relaxed), 1);
    drop(store);
    assert_eq!(dropped.load(Ordering::Relaxed), 1);
}

#[test]
fn a_function_that_runs_is_not_dropped() {
    on_each(|_, store, collects| {
        type Last = std::sync::Mutex<Option<ManuallyRooted<Func>>>;
        let last = Arc::new(Last::default());
        let dropped = Arc::new(AtomicU32::new(0));
        let (counted, held) = (Counted(dropped.clone()), last.clone());
        let mut scope = RootScope::new(&mut *store).unwrap();
        let func = Func::wrap(&mut scope, move |mut caller: Caller<'_, u32>| {
            drop(held.lock().unwrap().take());
            for _ in 0..3 {
                host(&mut caller, 1);
                caller.gc().unwrap();
            }
            counted.0.load(Ordering::Relaxed)
        });
        let func = func.unwrap().to_manually_rooted(&mut scope).unwrap();
        drop(scope);
        let typed = func.typed::<(), u32>(&*store).unwrap();
        *last.lock().unwrap() = Some(func);
        assert_eq!(typed.call(&mut *store, ()).unwrap(), 0);
        store.gc().unwrap();
        assert_eq!(dropped.load(Ordering::Relaxed), u32::from(collects));
        let error = error_of(typed.call(&mut *store, ()));
        assert!(matches!(error, Error::Unrooted { .. }), "{error}");
    });
}

#[test]
fn arguments_end_with_the_call() {
    let mut store = store();
    type Seen = std::sync::Mutex<Option<Rooted<ExternRef>>>;
    let seen = Arc::new(Seen::default());
    let note = seen.clone();
    let func = move |a: Rooted<ExternRef>| *note.lock().unwrap() = Some(a);
    let func = Func::wrap(&mut store, func).unwrap();
    let a = host(&mut store, 1);
    func.call(&mut store, &[a.into()], &mut []).unwrap();
    let stale = seen.lock().unwrap().unwrap();
    assert!(matches!(
        error_of(stale.data(&store).map(|_| ())),
        Error::Unrooted { .. }
    ));
    assert_eq!(number(&store, &a), 1);
}

#[derive(Debug)]
struct Mine(u32);

impl std::fmt::Display for Mine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "mine, number {}", self.0)
    }
}

impl std::error::Error for Mine {}

#[test]
fn an_error_comes_back_as_it_is() {
    on_each(|_, store, _| {
        let fail = Func::wrap(&mut *store, |n: u32| -> Result<()> { bail!(Mine(n)) }).unwrap();
        let error = fail.call(&mut *store, &[Val::I32(7)], &mut []).unwrap_err();
        assert_eq!(error.downcast_ref::<Mine>().unwrap().0, 7);

        // The error passes through another closure. A closure that catches it succeeds.
        let pass = Func::wrap(
            &mut *store,
            |mut caller: Caller<'_, u32>, f: Rooted<Func>| {
                f.call(&mut caller, &[Val::I32(8)], &mut [])
            },
        )
        .unwrap();
        let error = pass.call(&mut *store, &[fail.into()], &mut []).unwrap_err();
        assert_eq!(error.downcast_ref::<Mine>().unwrap().0, 8);
        let catch = Func::wrap(
            &mut *store,
            |mut caller: Caller<'_, u32>, f: Rooted<Func>| {
                let error = f.call(&mut caller, &[Val::I32(9)], &mut []).unwrap_err();
                error.downcast_ref::<Mine>().unwrap().0
            },
        )
        .unwrap();
        let catch = catch.typed::<Rooted<Func>, u32>(&*store).unwrap();
        assert_eq!(catch.call(&mut *store, fail).unwrap(), 9);
    });
}

#[test]
fn a_panic_goes_on_in_the_caller() {
    on_each(|_, store, _| {
        let panic = |_: u32| -> u32 { panic!("{}", Mine(3)) };
        let panics = Func::wrap(&mut *store, panic).unwrap();
        let outer = Func::wrap(
            &mut *store,
            |mut caller: Caller<'_, u32>, f: Rooted<Func>| {
                f.call(&mut caller, &[Val::I32(1)], &mut [Val::I32(0)])
            },
        )
        .unwrap();
        for _ in 0..2 {
            let call = || outer.call(&mut *store, &[panics.into()], &mut []);
            let panic = catch_unwind(AssertUnwindSafe(call)).unwrap_err();
            assert_eq!(panic.downcast_ref::<String>().unwrap(), "mine, number 3");
            store.verify().unwrap();
        }
        host(&mut *store, 1);
    });
}

#[test]
fn what_is_thrown_is_caught() {
    on_each(|engine, store, _| {
        let of = FuncType::new(engine, [ValType::I32], []).unwrap();
        let tag = Tag::new(&mut *store, &of).unwrap();
        let throws = Func::new(&mut *store, &of, move |mut caller, params, _| {
            let exn = ExnRef::new(&mut caller, &tag, params)?;
            caller.throw(&exn)
        })
        .unwrap();
        let fine = Func::wrap(&mut *store, || ()).unwrap();
        for n in 0..3 {
            let thrown = throws.call(&mut *store, &[Val::I32(n)], &mut []);
            assert!(thrown.unwrap_err().is::<ThrownException>());
            // No function can be called while the exception is pending.
            let error = error_of(fine.call(&mut *store, &[], &mut []));
            assert!(
                matches!(error, Error::Exception { thrown: false }),
                "{error}"
            );
            store.gc().unwrap();
            let exn = store.take_pending_exception().unwrap().unwrap();
            assert_eq!(exn.field(&mut *store, 0).unwrap().unwrap_i32(), n);
            assert!(store.take_pending_exception().unwrap().is_none());
            fine.call(&mut *store, &[], &mut []).unwrap();
        }

        // A closure leaves an exception pending and returns successfully.
        let leaves = Func::new(&mut *store, &of, move |mut caller, params, _| {
            let exn = ExnRef::new(&mut caller, &tag, params)?;
            caller.throw::<()>(&exn).unwrap_err();
            Ok(())
        });
        let thrown = leaves.unwrap().call(&mut *store, &[Val::I32(5)], &mut []);
        assert!(thrown.unwrap_err().is::<ThrownException>());
        store.take_pending_exception().unwrap().unwrap();
    });
}

#[test]
fn a_closure_may_catch_and_fail_otherwise() {
    let mut store = store();
    let engine = store.engine().clone();
    let tag = Tag::new(&mut store, &FuncType::new(&engine, [], []).unwrap()).unwrap();
    let throws = Func::wrap(&mut store, move |mut caller: Caller<'_, u32>| {
        let exn = ExnRef::new(&mut caller, &tag, &[])?;
        caller.throw::<()>(&exn)
    })
    .unwrap();
    let catches = Func::wrap(
        &mut store,
        move |mut caller: Caller<'_, u32>, f: Rooted<Func>| {
            let error = f.call(&mut caller, &[], &mut []).unwrap_err();
            caller.take_pending_exception()?.unwrap();
            // The exception is no longer pending. It is now an error like any other.
            Err::<(), _>(error)
        },
    )
    .unwrap();
    let error = error_of(catches.call(&mut store, &[throws.into()], &mut []));
    assert!(matches!(error, Error::Returned { status: 16 }), "{error}");
}

#[test]
fn wrong_calls_are_refused() {
    let mut store = store();
    let mut other = Store::new(&Engine::default(), 0).unwrap();
    let func = Func::wrap(&mut store, |_: i32, a: Rooted<AnyRef>| a).unwrap();
    let five = AnyRef::from_i31(&mut store, I31::wrapping_u32(5)).unwrap();
    let foreign = host(&mut other, 1);
    let mut one = [Val::I32(77)];
    let mut call = |params: &[Val], count: usize| {
        let error = error_of(func.call(&mut store, params, &mut one[..count]));
        assert_eq!(one[0].unwrap_i32(), 77);
        error.to_string()
    };
    assert_eq!(call(&[], 1), "`nargs` is 0; the function's type requires 2");
    assert_eq!(
        call(&[Val::I32(1), five.into()], 0),
        "`nresults` is 0; the function's type requires 1"
    );
    let wrong = call(&[Val::I64(1), five.into()], 1);
    assert_eq!(wrong, "argument 0 is an i64; an i32 is required");
    let null = call(&[Val::I32(1), Val::AnyRef(None)], 1);
    assert_eq!(null, "argument 1 is null; a non-null reference is required");
    assert!(call(&[Val::I32(1), foreign.into()], 1).starts_with("argument 1 belongs to store"));
    let error = error_of(func.call(&mut other, &[], &mut []));
    assert!(matches!(error, Error::WrongStore { .. }), "{error}");
}

#[test]
fn results_are_checked() {
    on_each(|engine, store, _| {
        let any = ValType::Ref(RefType::new(false, HeapType::Any));
        let of = FuncType::new(engine, [], [ValType::I32, any]).unwrap();
        let wrong = |with: [Val; 2]| {
            let plan = move |_: Caller<'_, u32>, _: &[Val], results: &mut [Val]| {
                results.copy_from_slice(&with);
                Ok(())
            };
            let func = Func::new(&mut *store, &of, plan).unwrap();
            let mut results = [Val::I64(1), Val::I64(2)];
            let error = error_of(func.call(&mut *store, &[], &mut results));
            assert_eq!(results[1].unwrap_i64(), 2);
            error.to_string()
        };
        let mut wrong = wrong;
        let null = Val::AnyRef(None);
        assert!(wrong([Val::I64(1), null]).starts_with("result 0 is an i64"));
        assert!(wrong([Val::I32(1), null]).starts_with("result 1 is null"));
        assert!(wrong([Val::I32(1), Val::I32(1)]).starts_with("result 1 is an i32"));
    });
}

#[test]
fn typed_looks_at_the_types() {
    let mut store = store();
    let func = Func::wrap(&mut store, |_: i32, a: Option<Rooted<AnyRef>>| a).unwrap();
    type Any = Rooted<AnyRef>;
    assert!(
        func.typed::<(i32, Option<Any>), Option<Any>>(&store)
            .is_ok()
    );
    // Arguments may have a subtype, or a supertype, which the call checks.
    assert!(
        func.typed::<(u32, Rooted<StructRef>), Option<Any>>(&store)
            .is_ok()
    );
    // Results may only have a supertype.
    assert!(func.typed::<(i32, Any), Any>(&store).is_err());
    assert!(
        func.typed::<(i32, Any), Option<Rooted<StructRef>>>(&store)
            .is_err()
    );
    assert!(func.typed::<(i64, Any), Option<Any>>(&store).is_err());
    assert!(func.typed::<i32, Option<Any>>(&store).is_err());
    let error = error_of(func.typed::<(i32, Rooted<ExternRef>), Option<Any>>(&store));
    assert!(matches!(error, Error::TypeMismatch { .. }), "{error}");
}

#[test]
fn fields_hold_functions() {
    on_each(|engine, store, _| {
        let dropped = Arc::new(AtomicU32::new(0));
        let counted = Counted(dropped.clone());
        let of = FuncType::new(engine, [], [ValType::I32]).unwrap();
        let field = RefType::new(true, HeapType::ConcreteFunc(of.clone()));
        let holder = StructType::new(engine, [FieldType::new(Mutability::Var, field)]).unwrap();
        let mut scope = RootScope::new(&mut *store).unwrap();
        let func = Func::new(&mut scope, &of, move |_, _, results| {
            let _counted = &counted;
            results[0] = Val::I32(42);
            Ok(())
        })
        .unwrap();
        let object = StructRef::new(&mut scope, &holder, &[func.into()]).unwrap();
        let object = scope.escape(&object).unwrap();
        store.gc().unwrap();
        let held = object
            .field(&mut *store, 0)
            .unwrap()
            .unwrap_funcref()
            .unwrap();
        let typed = held.typed::<(), i32>(&*store).unwrap();
        assert_eq!(typed.call(&mut *store, ()).unwrap(), 42);
        let another = Func::wrap(&mut *store, || ()).unwrap();
        let error = error_of(object.set_field(&mut *store, 0, another.into()));
        assert!(matches!(error, Error::NotOfType { .. }), "{error}");
        object
            .set_field(&mut *store, 0, Val::FuncRef(None))
            .unwrap();
        assert!(
            object
                .field(&mut *store, 0)
                .unwrap()
                .unwrap_funcref()
                .is_none()
        );
        assert_eq!(dropped.load(Ordering::Relaxed), 0);
        store.gc().unwrap();
        assert_eq!(dropped.load(Ordering::Relaxed), 0, "`held` is a root");
    });
}

#[test]
fn a_store_with_functions_moves_and_travels() {
    let mut store = Box::new(store());
    let add = |mut caller: Caller<'_, u32>, n: u32| {
        *caller.data_mut() += n;
        *caller.data()
    };
    let add = Func::wrap(&mut *store, add).unwrap();
    let add = add.typed::<u32, u32>(&*store).unwrap();
    assert_eq!(add.call(&mut *store, 1).unwrap(), 1);
    let mut moved = *store;
    assert_eq!(add.call(&mut moved, 2).unwrap(), 3);
    let mut sent = std::thread::spawn(move || {
        assert_eq!(add.call(&mut moved, 3).unwrap(), 6);
        moved
    })
    .join()
    .unwrap();
    assert_eq!(add.call(&mut sent, 4).unwrap(), 10);
    assert_eq!(sent.into_data(), 10);
}

/// Functions work as `T: GcRef`.
#[test]
fn functions_are_references_as_others() {
    fn kept<T: GcRef>(mut store: impl AsContextMut, root: Rooted<T>) -> ManuallyRooted<T> {
        root.to_manually_rooted(&mut store).unwrap()
    }
    let mut store = store();
    let func = Func::wrap(&mut store, || 5i32).unwrap();
    let kept = kept(&mut store, func);
    store.gc().unwrap();
    assert!(Rooted::ref_eq(&store, &func, &kept).unwrap());
    assert_eq!(
        kept.typed::<(), i32>(&store)
            .unwrap()
            .call(&mut store, ())
            .unwrap(),
        5
    );
}
