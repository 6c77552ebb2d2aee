//! Tests of cases that users of the API cannot set up: panics of the core, overwritten
//! heaps, and a store that is taken over too early.

use core::ffi::c_void;
use core::ptr::NonNull;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::thread;

use super::gc_ref::sealed::RootedGcRefImpl;
use super::{
    Collector, Config, Engine, ExternRef, FieldType, Finality, GcHeapOutOfMemory, HeapType,
    Mutability, RecGroup, RefType, RootScope, Rooted, Store, StructType,
};
use crate::collectors;
use crate::engine::GrowCallback;
use crate::error::Error;
use crate::host::{EXTERN_INDEX, VALUE_BIT};
use crate::store::host_code;
use crate::store::{ExternRefOptions, Store as Core};

fn on_each_collector(test: impl Fn(Store<()>)) {
    for collector in [
        Collector::Null,
        Collector::Drc,
        Collector::Copying,
        Collector::Generational,
        Collector::Check,
    ] {
        let engine = Engine::new(Config::new().collector(collector)).unwrap();
        test(Store::new(&engine, ()).unwrap());
    }
}

#[track_caller]
fn error<T>(result: anyhow::Result<T>) -> Error {
    match result {
        Ok(_) => panic!("no error"),
        Err(error) => *error.downcast_ref().expect("an error of the library"),
    }
}

#[track_caller]
fn poisoned<T>(result: anyhow::Result<T>) {
    let error = error(result);
    assert!(matches!(error, Error::Internal { .. }), "{error}");
}

/// Makes an externref in the same way as C.
fn made_by_c(store: &mut Store<()>, data: *mut c_void) -> Rooted<ExternRef> {
    let options = ExternRefOptions {
        data,
        finalizer: None,
        tag: core::ptr::null(),
        external_bytes: 0,
        store_finalizer: None,
    };
    let made = store
        .part_mut()
        .owned
        .allocate(|core| core.externref_new(options));
    Rooted::new(made.unwrap())
}

/// Flips the bit that says that an externref holds a Rust value.
fn flip(store: &Store<()>, externref: Rooted<ExternRef>) {
    let flipped = store.part().owned.call(|core| {
        let address = core.address_for_tests(externref.handle());
        // SAFETY: the word is inside the externref.
        unsafe {
            let word = address.add(EXTERN_INDEX as usize).cast::<u64>();
            word.write(word.read() ^ VALUE_BIT);
        }
        Ok(())
    });
    flipped.unwrap();
}

#[test]
fn a_panic_of_the_core_poisons_the_store_and_goes_on() {
    on_each_collector(|mut store| {
        let made = ExternRef::new(&mut store, 1u32).unwrap();
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            store
                .part()
                .owned
                .call::<()>(|_| panic!("as if it were a bug"))
        }));
        assert!(panicked.is_err());
        poisoned(made.data(&store));
        poisoned(ExternRef::new(&mut store, 2u32));
        poisoned(RootScope::new(&mut store));
        poisoned(store.gc());
        // The store is poisoned on another thread too, and can be dropped there.
        thread::spawn(move || poisoned(store.verify()))
            .join()
            .unwrap();
    });
}

#[test]
fn an_internal_error_poisons_the_store() {
    on_each_collector(|mut store| {
        let wrong: Result<(), _> = store
            .part()
            .owned
            .call(|_| Err(Error::internal("a bug", 0)));
        assert!(wrong.is_err());
        poisoned(store.gc());
    });
}

#[test]
fn an_overwritten_heap_does_not_turn_cs_pointer_into_a_value() {
    on_each_collector(|mut store| {
        let from_c = made_by_c(&mut store, core::ptr::without_provenance_mut(8));
        flip(&store, from_c);
        assert!(from_c.data(&store).unwrap().is_none());
        assert!(from_c.data_mut(&mut store).unwrap().is_none());
        poisoned(store.verify());
    });
}

#[test]
fn an_overwritten_heap_does_not_lose_a_value() {
    on_each_collector(|mut store| {
        let value = ExternRef::new(&mut store, 7u32).unwrap();
        flip(&store, value);
        let data = value.data(&store).unwrap().unwrap();
        assert_eq!(data.downcast_ref::<u32>(), Some(&7));
        poisoned(store.verify());
    });
}

#[test]
fn a_store_in_a_callback_is_not_taken_over() {
    static STORE: AtomicPtr<Core> = AtomicPtr::new(core::ptr::null_mut());

    unsafe extern "C" fn taken_over_elsewhere(outcome: *mut c_void) {
        let adopted = thread::spawn(|| {
            let store = NonNull::new(STORE.load(Ordering::Relaxed)).unwrap();
            // SAFETY: the store is live, and its thread waits for this one.
            unsafe { store.as_ref().adopt() }
        });
        // SAFETY: the test passed the address of its variable.
        unsafe { *outcome.cast() = Some(adopted.join().unwrap()) };
    }

    let mut outcome: Option<crate::error::Result<()>> = None;
    let mut config = crate::engine::Config::new().unwrap();
    config.set_stress(1);
    let engine = crate::engine::EngineRef::new(config).unwrap();
    let store = Core::new(engine).unwrap();
    STORE.store(store.as_ptr(), Ordering::Relaxed);
    let options = ExternRefOptions {
        data: (&raw mut outcome).cast(),
        finalizer: Some(taken_over_elsewhere),
        tag: core::ptr::null(),
        external_bytes: 0,
        store_finalizer: None,
    };
    // SAFETY: the store is live and owned by this thread, and is not used after its
    // deletion.
    unsafe {
        let scope = store.as_ref().enter_scope().unwrap();
        host_code::allocating(store, |store| store.externref_new(options)).unwrap();
        store.as_ref().exit_scope(scope).unwrap();
        host_code::collect_all(store).unwrap();
        host_code::delete(store).unwrap();
    }
    assert!(
        matches!(outcome, Some(Err(Error::Busy { .. }))),
        "{outcome:?}"
    );
}

#[test]
fn a_store_that_asks_whether_to_grow_is_not_taken_over() {
    unsafe extern "C" fn taken_over_elsewhere(
        outcome: *mut c_void,
        store: *mut c_void,
        _committed: usize,
        _wanted: usize,
    ) -> bool {
        let store = store.expose_provenance();
        let adopted = thread::spawn(move || {
            let store = core::ptr::with_exposed_provenance::<Core>(store);
            // SAFETY: the store is live, and its thread waits for this one.
            unsafe { (*store).adopt() }
        });
        // SAFETY: the test passed the address of its variable.
        unsafe { *outcome.cast() = Some(adopted.join().unwrap()) };
        false
    }

    let mut outcome: Option<crate::error::Result<()>> = None;
    let mut config = crate::engine::Config::new().unwrap();
    config.set_initial(1);
    config.set_grow_callback(Some(GrowCallback {
        function: taken_over_elsewhere,
        env: (&raw mut outcome).cast(),
    }));
    let engine = crate::engine::EngineRef::new(config).unwrap();
    let store = Core::new(engine).unwrap();
    let options = ExternRefOptions {
        data: core::ptr::null_mut(),
        finalizer: None,
        tag: core::ptr::null(),
        external_bytes: 0,
        store_finalizer: None,
    };
    // SAFETY: the store is live and owned by this thread, and is not used after its
    // deletion.
    unsafe {
        while host_code::allocating(store, |store| store.externref_new(options)).is_ok() {}
        // This test uses a store of the core, because a store of the API would take itself
        // over again.
        store.as_ref().enter().unwrap();
        host_code::delete(store).unwrap();
    }
    assert!(
        matches!(outcome, Some(Err(Error::Busy { .. }))),
        "{outcome:?}"
    );
}

#[test]
fn a_value_is_made_once_however_often_the_growth_callback_is_asked() {
    unsafe extern "C" fn at_most(
        most: *mut c_void,
        _store: *mut c_void,
        _committed: usize,
        wanted: usize,
    ) -> bool {
        wanted <= most.addr()
    }

    for collector in collectors::ALL {
        let mut config = crate::engine::Config::new().unwrap();
        config.set_collector(collector).unwrap();
        config.set_initial(1);
        config.set_grow_callback(Some(GrowCallback {
            function: at_most,
            env: core::ptr::without_provenance_mut(1 << 18),
        }));
        let mut store = Store::new(&Engine::of(config), ()).unwrap();
        let shared = Arc::new(());
        let mut made = 0;
        let refused = loop {
            match ExternRef::new(&mut store, Arc::clone(&shared)) {
                Ok(_) => made += 1,
                Err(error) => break error.downcast::<GcHeapOutOfMemory<Arc<()>>>().unwrap(),
            }
        };
        assert!(matches!(refused.cause(), Error::GrowthRefused { .. }));
        assert_eq!(Arc::strong_count(&shared), made + 2);
        drop(refused.into_inner());
        assert_eq!(store.stats().objects, made as u64);
        store.verify().unwrap();
        drop(store);
        assert_eq!(Arc::strong_count(&shared), 1);
    }
}

#[test]
fn types_end_with_what_refers_to_them() {
    let engine = Engine::default();
    let outside = StructType::new(&engine, []).unwrap();
    let reference = RefType::new(true, HeapType::ConcreteStruct(outside));
    let field = FieldType::new(Mutability::Var, reference);
    let mut group = RecGroup::new();
    let too_many = std::iter::repeat_n(field.clone(), 10_001);
    let refused = group.add_struct(Finality::Final, None, too_many);
    assert!(matches!(error(refused), Error::Limit { .. }));

    // The member was not added, so the group does not keep its types.
    let one = FieldType::new(Mutability::Var, RefType::EQREF);
    group.add_struct(Finality::Final, None, [one]).unwrap();
    let types = RecGroup::register(&engine, &[&group]).unwrap();
    assert_eq!(engine.types().len(), 2);
    drop(field);
    assert_eq!(engine.types().len(), 1);
    drop(types);
    assert_eq!(engine.types().len(), 0);
}

#[cfg(feature = "capi")]
#[test]
fn c_cannot_pass_the_tag_of_values() {
    use core::mem::MaybeUninit;

    use crate::capi::externref::{gcroots_externref_new_with, gcroots_externref_options_t};
    use crate::capi::status::GCROOTS_ERROR_INVALID_ARGUMENT;

    on_each_collector(|mut store| {
        let options = gcroots_externref_options_t {
            struct_size: size_of::<gcroots_externref_options_t>(),
            data: core::ptr::without_provenance_mut(8),
            finalizer: None,
            tag: crate::host::value_tag(),
            external_bytes: 0,
            finalizer_with_store: None,
            env: core::ptr::null_mut(),
        };
        let mut out = MaybeUninit::uninit();
        // SAFETY: the store is live and owned by this thread, and `out` is valid.
        let status = unsafe { gcroots_externref_new_with(store.as_ptr(), &options, &mut out) };
        assert_eq!(status, GCROOTS_ERROR_INVALID_ARGUMENT);
        assert_eq!(store.stats().objects, 0);
    });
}
