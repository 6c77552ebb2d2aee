//! Tests that use one store from Rust and through the C API.
#![cfg(feature = "capi")]

mod collectors;

use core::ffi::{CStr, c_void};
use core::mem::MaybeUninit;
use core::ptr::{null, null_mut};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use gcroots::capi::casts::*;
use gcroots::capi::exceptions::*;
use gcroots::capi::externref::*;
use gcroots::capi::func::*;
use gcroots::capi::i31::*;
use gcroots::capi::manually_rooted::*;
use gcroots::capi::no_gc::*;
use gcroots::capi::reference::gcroots_ref_t;
use gcroots::capi::scope::*;
use gcroots::capi::status::*;
use gcroots::capi::store::*;
use gcroots::capi::structs::*;
use gcroots::capi::types::*;
use gcroots::capi::value::*;
use gcroots::{
    AnyRef, ArrayRef, ArrayType, AsContextMut, Caller, Config, Engine, EqRef, Error, ExnRef,
    ExternRef, FieldType, Func, FuncType, GcHeapOutOfMemory, GcRef, HeapType, I31, ManuallyRooted,
    Mutability, RefType, RootScope, Rooted, Store, StructRef, StructType, Tag, ThrownException,
    Val, ValType,
};

fn on_each_collector(test: impl Fn(Store<()>)) {
    for (name, config, _) in collectors::variants() {
        println!("on {name}");
        test(Store::new(&Engine::new(&config).unwrap(), ()).unwrap());
    }
}

fn with_out<T: Copy>(function: impl FnOnce(*mut MaybeUninit<T>) -> u32) -> Result<T, u32> {
    let mut out = MaybeUninit::uninit();
    match function(&mut out) {
        // SAFETY: outputs are written on success.
        GCROOTS_OK => Ok(unsafe { out.assume_init() }),
        status => Err(status),
    }
}

fn last_error() -> &'static str {
    // SAFETY: the message ends in 0, and is read before the next call.
    unsafe { CStr::from_ptr(gcroots_last_error()) }
        .to_str()
        .unwrap()
}

fn pointer(number: usize) -> *mut c_void {
    core::ptr::without_provenance_mut(number)
}

/// Makes an externref through C.
fn made_by_c(store: &mut Store<()>, data: usize) -> gcroots_ref_t {
    let store = store.as_ptr();
    // SAFETY: the store is alive and belongs to this thread.
    with_out(|out| unsafe { gcroots_externref_new(store, pointer(data), None, out) }).unwrap()
}

#[track_caller]
fn error<T>(result: anyhow::Result<T>) -> Error {
    match result {
        Ok(_) => panic!("no error"),
        Err(error) => *error.downcast_ref().expect("an error of the library"),
    }
}

struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn what_c_made_is_no_value_of_rusts() {
    on_each_collector(|mut store| {
        static TAG: u8 = 0;
        let plain = made_by_c(&mut store, 7);
        let options = gcroots_externref_options_t {
            struct_size: size_of::<gcroots_externref_options_t>(),
            data: pointer(8),
            finalizer: None,
            tag: (&raw const TAG).cast(),
            external_bytes: 0,
            finalizer_with_store: None,
            env: null_mut(),
        };
        let raw = store.as_ptr();
        // SAFETY: the store is alive and belongs to this thread.
        let tagged = with_out(|out| unsafe { gcroots_externref_new_with(raw, &options, out) });
        for (handle, data) in [(plain, 7), (tagged.unwrap(), 8)] {
            let rooted = Rooted::<ExternRef>::from(handle);
            assert!(rooted.data(&store).unwrap().is_none());
            assert!(rooted.data_mut(&mut store).unwrap().is_none());
            store.gc().unwrap();
            assert!(rooted.data(&store).unwrap().is_none());
            let raw = store.as_ptr();
            // SAFETY: the store is alive and belongs to this thread.
            let read = with_out(|out| unsafe { gcroots_externref_data(raw, handle, out) });
            assert_eq!(read, Ok(pointer(data)));
        }
        store.verify().unwrap();
    });
}

#[test]
fn what_rust_made_has_no_data_for_c() {
    on_each_collector(|mut store| {
        let rooted = ExternRef::new(&mut store, 7u32).unwrap();
        let slow = {
            // `rooted` is the first object with host data, and `slow` one after 300
            // others.
            for _ in 0..300 {
                ExternRef::new(RootScope::new(&mut store).unwrap(), 0u32).unwrap();
            }
            ExternRef::new(&mut store, 8u32).unwrap()
        };
        for (rooted, value) in [(rooted, 7), (slow, 8)] {
            let handle = gcroots_ref_t::from(rooted);
            let raw = store.as_ptr();
            let refused = |status| {
                assert_eq!(status, GCROOTS_ERROR_TYPE_MISMATCH);
                let message = "an externref made through C is required, \
                               but one that holds a Rust value was found";
                assert!(last_error().ends_with(message), "{}", last_error());
            };
            // SAFETY: the store is alive and belongs to this thread.
            unsafe {
                refused(with_out(|out| gcroots_externref_data(raw, handle, out)).unwrap_err());
                for tag in [null(), (&raw const raw).cast()] {
                    let read = with_out(|out| gcroots_externref_data_tagged(raw, handle, tag, out));
                    refused(read.unwrap_err());
                }
                refused(gcroots_externref_set_data(raw, handle, null_mut()));
                refused(gcroots_externref_set_data(raw, handle, pointer(1)));
                assert_eq!(
                    gcroots_externref_set_external_bytes(raw, handle, 100),
                    GCROOTS_OK
                );
                assert_eq!(gcroots_store_gc(raw), GCROOTS_OK);
                refused(with_out(|out| gcroots_externref_data(raw, handle, out)).unwrap_err());
            }
            let data = rooted.data(&store).unwrap().unwrap();
            assert_eq!(data.downcast_ref::<u32>(), Some(&value));
        }
        assert_eq!(store.stats().external_bytes, 200);
        store.verify().unwrap();
    });
}

#[test]
fn c_collects_and_rusts_values_are_dropped_once() {
    struct Panics(#[expect(dead_code, reason = "is dropped")] Counted);
    impl Drop for Panics {
        fn drop(&mut self) {
            panic!("not into C");
        }
    }
    on_each_collector(|mut store| {
        let dropped = Arc::new(AtomicUsize::new(0));
        let mut scope = RootScope::new(&mut store).unwrap();
        ExternRef::new(&mut scope, Counted(Arc::clone(&dropped))).unwrap();
        ExternRef::new(&mut scope, Panics(Counted(Arc::clone(&dropped)))).unwrap();
        drop(scope);
        for _ in 0..2 {
            let raw = store.as_ptr();
            // SAFETY: the store is alive and belongs to this thread.
            assert_eq!(unsafe { gcroots_store_gc(raw) }, GCROOTS_OK);
        }
        let finalizers = store.stats().finalizers_run as usize;
        assert_eq!(dropped.load(Ordering::Relaxed), finalizers);
        store.verify().unwrap();
        drop(store);
        assert_eq!(dropped.load(Ordering::Relaxed), 2);
    });
}

#[test]
fn cs_finalizers_run_with_rusts_store() {
    unsafe extern "C" fn count(data: *mut c_void) {
        // SAFETY: `data` is the counter of the test, which is alive.
        unsafe { &*data.cast::<AtomicUsize>() }.fetch_add(1, Ordering::Relaxed);
    }
    on_each_collector(|mut store| {
        let count_of = AtomicUsize::new(0);
        let data = (&raw const count_of).cast_mut().cast();
        let raw = store.as_ptr();
        // SAFETY: the store is alive and belongs to this thread.
        with_out(|out| unsafe { gcroots_externref_new(raw, data, Some(count), out) }).unwrap();
        // SAFETY: the store is alive and belongs to this thread.
        let status = unsafe { gcroots_store_set_data(raw, data, Some(count)) };
        assert_eq!(status, GCROOTS_OK);
        drop(store);
        assert_eq!(count_of.load(Ordering::Relaxed), 2);
    });
}

#[test]
fn a_manual_root_changes_hands() {
    on_each_collector(|mut store| {
        let rooted = ExternRef::new(&mut store, 7u32).unwrap();
        let kept = rooted.to_manually_rooted(&mut store).unwrap();
        let mut in_c = gcroots_manually_rooted_t::from(kept);
        let copy = in_c;
        let raw = store.as_ptr();
        // SAFETY: the store is alive and belongs to this thread.
        let status = unsafe { gcroots_manually_rooted_unroot(raw, &mut in_c) };
        assert_eq!(status, GCROOTS_OK);
        assert_eq!(store.stats().manual_roots, 0);

        // Copies of its bits are stale in Rust too.
        let stale = ManuallyRooted::<ExternRef>::from(copy);
        let refused = error(stale.unroot(&mut store));
        assert!(matches!(refused, Error::Unrooted { .. }), "{refused}");

        // From Rust to C.
        let raw = store.as_ptr();
        // SAFETY: the store is alive and belongs to this thread.
        let mut in_c =
            with_out(|out| unsafe { gcroots_ref_to_manually_rooted(raw, rooted.into(), out) })
                .unwrap();
        ManuallyRooted::<ExternRef>::from(in_c)
            .unroot(&mut store)
            .unwrap();
        let raw = store.as_ptr();
        // SAFETY: the store is alive and belongs to this thread.
        let status = unsafe { gcroots_manually_rooted_unroot(raw, &mut in_c) };
        assert_eq!(status, GCROOTS_ERROR_UNROOTED);
        store.verify().unwrap();
    });
}

#[test]
fn any_bits_are_refused_or_mean_what_they_name() {
    on_each_collector(|mut store| {
        let rooted = ExternRef::new(&mut store, 7u32).unwrap();
        let kept = rooted.to_manually_rooted(&mut store).unwrap();
        let real = [
            gcroots_ref_t::from(rooted),
            gcroots_manually_rooted_t::from(kept).r#ref,
        ];
        let live = |handle: gcroots_ref_t| real.contains(&handle);
        for store_id in [0, 1, real[0].store_id, u64::MAX] {
            for index in [0, 1, 2, 1 << 31, 1 << 31 | 1, u32::MAX] {
                for generation in [0, 1, 2, 3, u32::MAX] {
                    let bits = gcroots_ref_t {
                        store_id,
                        generation,
                        index,
                    };
                    let scoped = Rooted::<ExternRef>::from(bits);
                    assert_eq!(scoped.data(&store).is_ok(), live(bits), "{bits:?}");
                    if live(bits) {
                        continue;
                    }
                    let bits = gcroots_manually_rooted_t { r#ref: bits };
                    let _ = ManuallyRooted::<ExternRef>::from(bits).unroot(&mut store);
                    drop(ManuallyRooted::<ExternRef>::from(bits));
                }
            }
        }
        store.gc().unwrap();
        store.verify().unwrap();
        assert_eq!(store.stats().manual_roots, 1);
    });
}

#[test]
fn null_from_c_is_refused_where_an_object_is_needed() {
    on_each_collector(|mut store| {
        let bits = |index| gcroots_ref_t {
            store_id: 0,
            generation: 1,
            index,
        };
        let (a, b) = (
            Rooted::<ExternRef>::from(bits(1)),
            Rooted::<ExternRef>::from(bits(2)),
        );
        assert!(Rooted::rooted_eq(a, b));
        assert!(Rooted::ref_eq(&store, &a, &b).unwrap());
        let refused = error(a.data(&store));
        assert!(matches!(refused, Error::NullReference { .. }), "{refused}");
        let kept = a.to_manually_rooted(&mut store).unwrap();
        kept.unroot(&mut store).unwrap();
    });
}

#[test]
fn a_value_that_a_no_gc_span_has_no_room_for_comes_back() {
    on_each_collector(|mut store| {
        // SAFETY: the store is alive and belongs to this thread.
        unsafe {
            assert_eq!(gcroots_no_gc_enter(store.as_ptr()), GCROOTS_OK);
        }
        let refused = error(store.gc());
        assert!(matches!(refused, Error::NoGc { .. }), "{refused}");
        store.verify().unwrap();
    });
    let engine = Engine::new(Config::new().heap_limit(1)).unwrap();
    let mut store = Store::new(&engine, ()).unwrap();
    // SAFETY: the store is alive and belongs to this thread.
    assert_eq!(unsafe { gcroots_no_gc_enter(store.as_ptr()) }, GCROOTS_OK);
    let refused = loop {
        if let Err(error) = ExternRef::new(&mut store, String::from("mine")) {
            break error.downcast::<GcHeapOutOfMemory<String>>().unwrap();
        }
    };
    assert!(matches!(refused.cause(), Error::NoGc { spans: 1 }));
    assert_eq!(refused.into_inner(), "mine");
}

#[test]
fn c_may_leave_a_scope_of_rusts() {
    on_each_collector(|mut store| {
        let raw = store.as_ptr();
        // SAFETY: the store is alive and belongs to this thread.
        let outer = with_out(|out| unsafe { gcroots_scope_enter(raw, out) }).unwrap();
        let mut scope = RootScope::new(&mut store).unwrap();
        let inside = ExternRef::new(&mut scope, 7u32).unwrap();
        // SAFETY: the store is alive and belongs to this thread.
        assert_eq!(unsafe { gcroots_scope_unwind(raw, outer) }, GCROOTS_OK);
        let refused = error(inside.data(&scope));
        assert!(matches!(refused, Error::Unrooted { .. }), "{refused}");
        drop(scope);
        store.verify().unwrap();
    });
}

#[test]
fn c_knows_which_thread_a_store_went_to() {
    on_each_collector(|mut store| {
        let made = made_by_c(&mut store, 7);
        let raw = store.as_ptr().expose_provenance();
        let mut store = thread::spawn(move || {
            store.gc().unwrap();
            store
        })
        .join()
        .unwrap();
        let read = || {
            let raw = core::ptr::with_exposed_provenance_mut(raw);
            // SAFETY: the store is alive, and no other thread uses it.
            with_out(|out| unsafe { gcroots_externref_data(raw, made, out) })
        };
        assert_eq!(read(), Err(GCROOTS_ERROR_WRONG_THREAD));
        store.as_ptr();
        assert_eq!(read(), Ok(pointer(7)));
    });
}

#[test]
fn objects_cross_both_ways() {
    on_each_collector(|mut store| {
        let fields = [ValType::I32, RefType::ANYREF.into()];
        let pair = fields.map(|of| FieldType::new(Mutability::Var, of));
        let pair = StructType::new(store.engine(), pair).unwrap();
        let five = AnyRef::from_i31(&mut store, I31::wrapping_i32(-5)).unwrap();
        let ours = StructRef::new(&mut store, &pair, &[Val::I32(1), five.into()]).unwrap();

        // C reads and sets a struct of Rust, and makes another of its type.
        let (raw, handle) = (store.as_ptr(), gcroots_ref_t::from(ours));
        // SAFETY: the store is alive and belongs to this thread.
        let theirs = unsafe {
            let integer = with_out(|out| gcroots_struct_get_ref(raw, handle, 1, out)).unwrap();
            assert_eq!(with_out(|out| gcroots_i31_get_s(raw, integer, out)), Ok(-5));
            assert_eq!(gcroots_struct_set_i32(raw, handle, 0, 2), GCROOTS_OK);
            assert_eq!(gcroots_struct_set_ref(raw, handle, 1, handle), GCROOTS_OK);
            let of = with_out(|out| gcroots_ref_type(raw, handle, out)).unwrap();
            let made = with_out(|out| gcroots_struct_new_default(raw, of, out)).unwrap();
            gcroots_type_free(of);
            assert_eq!(gcroots_store_gc(raw), GCROOTS_OK);
            made
        };
        assert_eq!(ours.field(&mut store, 0).unwrap().unwrap_i32(), 2);
        let itself = ours.field(&mut store, 1).unwrap().unwrap_anyref().unwrap();
        assert!(Rooted::ref_eq(&store, &itself, &ours.to_anyref()).unwrap());
        let theirs = Rooted::<AnyRef>::from(theirs);
        let theirs = theirs.unwrap_struct(&store).unwrap();
        assert_eq!(theirs.ty(&store).unwrap(), pair);
        assert_eq!(theirs.field(&mut store, 0).unwrap().unwrap_i32(), 0);

        // A tag and an exception.
        let failed = FuncType::new(store.engine(), [ValType::I32], []).unwrap();
        let tag = Tag::new(&mut store, &failed).unwrap();
        let thrown = ExnRef::new(&mut store, &tag, &[Val::I32(3)]).unwrap();
        let raw = store.as_ptr();
        // SAFETY: the store is alive and belongs to this thread.
        let in_c = with_out(|out| unsafe { gcroots_exn_tag(raw, thrown.into(), out) }).unwrap();
        assert_eq!(in_c, tag.into());
        let back = Tag::from(in_c);
        assert_eq!((back, back.ty(&store).unwrap()), (tag, failed));
        let no_tag = gcroots_tag_t { index: 1, ..in_c };
        let refused = error(Tag::from(no_tag).ty(&store));
        assert!(matches!(refused, Error::Unrooted { .. }), "{refused}");
        store.verify().unwrap();
    });
}

/// Asserts that each function for structs, arrays and exceptions refuses a handle.
fn refuse_as_each(store: &mut Store<()>, handle: gcroots_ref_t, check: impl Fn(Error)) {
    fn of<T: GcRef>(handle: gcroots_ref_t) -> Rooted<T> {
        handle.into()
    }
    let object = of::<StructRef>(handle);
    check(error(object.ty(&*store)));
    check(error(object.field(&mut *store, 0)));
    check(error(object.fields(&mut *store)));
    check(error(object.set_field(&mut *store, 0, Val::I32(0))));
    let array = of::<ArrayRef>(handle);
    check(error(array.ty(&*store)));
    check(error(array.len(&*store)));
    check(error(array.get(&mut *store, 0)));
    check(error(array.elems(&mut *store)));
    check(error(array.set(&mut *store, 0, Val::I32(0))));
    check(error(array.fill(&mut *store, 0, Val::I32(0), 0)));
    check(error(array.copy(&mut *store, 0, &array, 0, 0)));
    check(error(array.read(&*store, 0, &mut [0i32; 0])));
    check(error(array.write(&mut *store, 0, &[0i32; 0])));
    let exception = of::<ExnRef>(handle);
    check(error(exception.tag(&*store)));
    check(error(exception.field(&mut *store, 0)));
    check(error(exception.fields(&mut *store)));
    store.verify().unwrap();
}

#[test]
fn a_handle_that_is_said_to_be_of_another_type_is_refused() {
    on_each_collector(|mut store| {
        let five = AnyRef::from_i31(&mut store, I31::default()).unwrap();
        let host = ExternRef::new(&mut store, ()).unwrap();
        for handle in [gcroots_ref_t::from(five), host.into()] {
            refuse_as_each(&mut store, handle, |error| {
                assert!(matches!(error, Error::TypeMismatch { .. }), "{error}");
            });
        }
        let null = gcroots_ref_t::from(Rooted::<AnyRef>::from(gcroots_ref_t {
            store_id: 0,
            generation: 7,
            index: 7,
        }));
        refuse_as_each(&mut store, null, |error| {
            assert!(matches!(error, Error::NullReference { .. }), "{error}");
        });

        // Objects of the wrong kind.
        let mismatch = |error| assert!(matches!(error, Error::TypeMismatch { .. }), "{error}");
        let empty_type = StructType::new(store.engine(), []).unwrap();
        let empty = StructRef::new_default(&mut store, &empty_type).unwrap();
        let numbers = FieldType::new(Mutability::Var, ValType::I32);
        let numbers = ArrayType::new(store.engine(), numbers).unwrap();
        let numbers = ArrayRef::new_default(&mut store, &numbers, 1).unwrap();
        let nothing = FuncType::new(store.engine(), [], []).unwrap();
        let tag = Tag::new(&mut store, &nothing).unwrap();
        let thrown = ExnRef::new(&mut store, &tag, &[]).unwrap();
        let (empty, numbers) = (gcroots_ref_t::from(empty), gcroots_ref_t::from(numbers));
        mismatch(error(Rooted::<StructRef>::from(numbers).ty(&store)));
        mismatch(error(Rooted::<StructRef>::from(numbers).fields(&mut store)));
        mismatch(error(Rooted::<ArrayRef>::from(empty).ty(&store)));
        mismatch(error(Rooted::<ArrayRef>::from(empty).read(
            &store,
            0,
            &mut [0u8],
        )));
        mismatch(error(Rooted::<ExnRef>::from(empty).tag(&store)));
        mismatch(error(Rooted::<ExternRef>::from(numbers).data(&store)));

        // A cast checks the object, not the type of the handle.
        let wrong = Rooted::<EqRef>::from(gcroots_ref_t::from(thrown));
        assert!(!wrong.is_struct(&store).unwrap() && !wrong.is_i31(&store).unwrap());
        mismatch(error(wrong.ty(&store)));
        let wrong = Rooted::<AnyRef>::from(null);
        assert!(wrong.as_struct(&store).unwrap().is_none());
        assert!(!wrong.matches_ty(&store, &HeapType::Any).unwrap());
        let wrong_struct = Rooted::<StructRef>::from(null);
        assert!(!wrong_struct.matches_ty(&store, &empty_type).unwrap());
        let converted = error(ExternRef::convert_any(&mut store, &wrong));
        assert!(
            matches!(converted, Error::NullReference { .. }),
            "{converted}"
        );
    });
}

/// Calls a function from one number to one number through C.
fn call_through_c(
    store: *mut gcroots_store_t,
    func: Rooted<Func>,
    number: i32,
) -> Result<i32, u32> {
    let of = gcroots_val_of_t { i32: number };
    let mut value = gcroots_val_t {
        kind: GCROOTS_STORAGE_I32,
        of,
    };
    // SAFETY: the store is alive and belongs to this thread. Both lists are the single
    // value.
    unsafe {
        match gcroots_func_call(store, func.into(), &value, 1, &mut value, 1) {
            GCROOTS_OK => Ok(value.of.i32),
            status => Err(status),
        }
    }
}

/// A C callback. `env` is a handle of a function, which it calls. It adds 1 to the
/// result, or returns the status of a failed call.
unsafe extern "C" fn one_more(
    env: *mut c_void,
    store: *mut gcroots_store_t,
    args: *const gcroots_val_t,
    nargs: usize,
    results: *mut gcroots_val_t,
    nresults: usize,
) -> gcroots_status_t {
    assert_eq!((nargs, nresults), (1, 1));
    // SAFETY: there is one argument and one result, and `env` is such a handle.
    unsafe {
        let func = Rooted::from(*env.cast::<gcroots_ref_t>());
        match call_through_c(store, func, (*args).of.i32) {
            Ok(number) => {
                (*results).of.i32 = number + 1;
                GCROOTS_OK
            }
            Err(status) => status,
        }
    }
}

/// Makes a C function that calls `inner`, which must outlive it.
fn function_of_c(
    store: &mut Store<u32>,
    inner: &mut gcroots_ref_t,
    of: &Rooted<Func>,
) -> Rooted<Func> {
    let env = core::ptr::from_mut(inner).cast();
    let store = store.as_ptr();
    // SAFETY: the store is alive.
    unsafe {
        let of = with_out(|out| gcroots_ref_type(store, (*of).into(), out)).unwrap();
        let made = with_out(|out| gcroots_func_new(store, of, Some(one_more), env, None, out));
        gcroots_type_free(of);
        Rooted::from(made.unwrap())
    }
}

/// Returns twice its argument and counts the call. Fails for some arguments.
fn doubling(mut caller: Caller<'_, u32>, number: i32) -> anyhow::Result<i32> {
    *caller.data_mut() += 1;
    caller.gc()?;
    match number {
        -1 => anyhow::bail!("not minus one"),
        -2 => panic!("not minus two"),
        -3 => Err(Error::NullReference { parameter: "mine" }.into()),
        _ => Ok(2 * number),
    }
}

#[test]
fn c_calls_functions_of_rust() {
    let mut store = Store::new(&Engine::default(), 0).unwrap();
    let double = Func::wrap(&mut store, doubling).unwrap();
    let pointer = store.as_ptr();
    assert_eq!(call_through_c(pointer, double, 21), Ok(42));
    assert_eq!(
        call_through_c(pointer, double, -1),
        Err(GCROOTS_ERROR_EXCEPTION)
    );
    assert_eq!(last_error(), "not minus one");
    assert_eq!(
        call_through_c(pointer, double, -2),
        Err(GCROOTS_ERROR_EXCEPTION)
    );
    assert_eq!(
        call_through_c(pointer, double, -3),
        Err(GCROOTS_ERROR_NULL_REFERENCE)
    );
    assert!(last_error().contains("`mine`"), "{}", last_error());
    // After an error or a panic no exception is pending, and the store is sound.
    assert_eq!(call_through_c(pointer, double, 1), Ok(2));
    let mut env = null_mut::<c_void>();
    // SAFETY: the store is alive.
    let status = unsafe {
        gcroots_func_env(
            pointer,
            double.into(),
            Some(one_more),
            (&raw mut env).cast(),
        )
    };
    assert_eq!((status, env), (GCROOTS_ERROR_TYPE_MISMATCH, null_mut()));
    assert_eq!(*store.data(), 5);
    store.verify().unwrap();
}

#[test]
fn rust_calls_functions_of_c_that_call_rust() {
    let mut store = Store::new(&Engine::default(), 0).unwrap();
    let double = Func::wrap(&mut store, doubling).unwrap();
    let mut inner = double.into();
    let more = function_of_c(&mut store, &mut inner, &double);
    let more = more.typed::<i32, i32>(&store).unwrap();
    assert_eq!(more.call(&mut store, 20).unwrap(), 41);
    // C passes the status on, and Rust gets the original error or panic.
    let error = more.call(&mut store, -1).unwrap_err();
    assert_eq!(error.to_string(), "not minus one");
    let call = std::panic::AssertUnwindSafe(|| more.call(&mut store, -2));
    let panic = std::panic::catch_unwind(call).unwrap_err();
    assert_eq!(panic.downcast_ref(), Some(&"not minus two"));
    let error = more.call(&mut store, -3).unwrap_err();
    assert!(matches!(
        error.downcast_ref(),
        Some(Error::NullReference { .. })
    ));
    assert_eq!(more.call(&mut store, 1).unwrap(), 3);
    assert_eq!(*store.data(), 5);
}

/// A closure uses the store through C, and calls another Rust function from there.
#[test]
fn a_closure_calls_through_c() {
    let mut store = Store::new(&Engine::default(), 0).unwrap();
    let double = Func::wrap(&mut store, doubling).unwrap();
    let through = move |mut caller: Caller<'_, u32>, number: i32| {
        let pointer = caller.as_context_mut().as_ptr();
        let doubled = call_through_c(pointer, double, number);
        *caller.data_mut() += 10;
        doubled.map_err(|status| anyhow::anyhow!("status {status}"))
    };
    let through = Func::wrap(&mut store, through).unwrap();
    let through = through.typed::<i32, i32>(&store).unwrap();
    assert_eq!(through.call(&mut store, 4).unwrap(), 8);
    let error = through.call(&mut store, -3).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("status {GCROOTS_ERROR_NULL_REFERENCE}")
    );
    assert_eq!(*store.data(), 22);
}

/// If a closure lets C swallow a panic and then throws an exception, the caller gets the
/// exception.
#[test]
fn what_is_thrown_after_a_swallowed_panic_is_the_exception() {
    let mut store = Store::new(&Engine::default(), 0).unwrap();
    let nothing = Func::wrap(&mut store, || ()).unwrap();
    let of = nothing.ty(&store).unwrap();
    let tag = Tag::new(&mut store, &of).unwrap();
    let exn = ExnRef::new(&mut store, &tag, &[]).unwrap();
    let double = Func::wrap(&mut store, doubling).unwrap();
    for returns_ok in [false, true] {
        let through = move |mut caller: Caller<'_, u32>| -> anyhow::Result<()> {
            let pointer = caller.as_context_mut().as_ptr();
            let swallowed = call_through_c(pointer, double, -2);
            assert_eq!(swallowed, Err(GCROOTS_ERROR_EXCEPTION));
            let thrown = caller.throw(&exn);
            if returns_ok { Ok(()) } else { thrown }
        };
        let through = Func::wrap(&mut store, through).unwrap();
        let error = through.call(&mut store, &[], &mut []).unwrap_err();
        assert!(error.is::<ThrownException>());
        assert!(store.take_pending_exception().unwrap().is_some());
    }
}

/// A C callback that returns the status to which `env` points.
unsafe extern "C" fn answer_env(
    env: *mut c_void,
    _store: *mut gcroots_store_t,
    _args: *const gcroots_val_t,
    _nargs: usize,
    _results: *mut gcroots_val_t,
    _nresults: usize,
) -> gcroots_status_t {
    // SAFETY: `env` points to a status.
    unsafe { *env.cast() }
}

#[test]
fn a_status_of_c_is_an_error_and_an_exception_is_thrown() {
    let mut store = Store::new(&Engine::default(), ()).unwrap();
    let nothing = Func::wrap(&mut store, || ()).unwrap();
    let of = nothing.ty(&store).unwrap();
    let tag = Tag::new(&mut store, &of).unwrap();
    let exn = ExnRef::new(&mut store, &tag, &[]).unwrap();
    let mut status = GCROOTS_ERROR_LIMIT;
    let (pointer, env) = (store.as_ptr(), (&raw mut status).cast());
    // SAFETY: the store is alive.
    let func: Rooted<Func> = unsafe {
        let of = with_out(|out| gcroots_ref_type(pointer, nothing.into(), out)).unwrap();
        let made = with_out(|out| gcroots_func_new(pointer, of, Some(answer_env), env, None, out));
        gcroots_type_free(of);
        made.unwrap().into()
    };
    let error = func.call(&mut store, &[], &mut []).unwrap_err();
    let expected = Error::Returned {
        status: GCROOTS_ERROR_LIMIT,
    };
    assert_eq!(error.downcast_ref(), Some(&expected));
    status = GCROOTS_ERROR_EXCEPTION;
    let error = func.call(&mut store, &[], &mut []).unwrap_err();
    assert!(matches!(error.downcast_ref(), Some(Error::Returned { .. })));

    // Rust catches an exception that C throws, and C one that Rust throws.
    // SAFETY: the store is alive.
    unsafe {
        assert_eq!(gcroots_store_throw(store.as_ptr(), exn.into()), GCROOTS_OK);
    }
    assert!(store.take_pending_exception().unwrap().is_some());
    assert!(store.throw::<()>(&exn).unwrap_err().is::<ThrownException>());
    // SAFETY: the store is alive.
    let taken = with_out(|out| unsafe { gcroots_store_take_exception(store.as_ptr(), out) });
    assert!(Rooted::ref_eq(&store, &exn, &Rooted::<ExnRef>::from(taken.unwrap())).unwrap());
    assert_eq!(status, GCROOTS_ERROR_EXCEPTION);
}
