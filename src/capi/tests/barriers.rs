//! The collector `check` finds each kind of write that leaves out its barrier.
//! Verification finds a reference in a slot that does not admit it.

use super::{free, last_error, ok, with_out};
use crate::capi::arrays::*;
use crate::capi::engine::gcroots_engine_free;
use crate::capi::rec_group::*;
use crate::capi::reference::gcroots_ref_t;
use crate::capi::status::*;
use crate::capi::store::*;
use crate::capi::structs::*;
use crate::capi::types::*;
use crate::capi::value::*;
use crate::collectors;
use crate::engine::{Config, EngineRef};
use crate::store::Store;

/// A store with a struct and an array that can hold any reference, and their types. The
/// struct and the array each hold a reference to themselves.
struct Fixture {
    store: *mut gcroots_store_t,
    types: [*mut gcroots_type_t; 3],
    object: gcroots_ref_t,
    array: gcroots_ref_t,
}

impl Fixture {
    fn on(collector: u32) -> Fixture {
        let mut config = Config::new().unwrap();
        config.set_collector(collector).unwrap();
        let engine = EngineRef::new(config).unwrap();
        let store = Store::new(engine.try_clone().unwrap()).unwrap();
        let store = store.cast().as_ptr();
        let engine = engine.into_raw().cast().as_ptr();
        // SAFETY: the store and the engine are alive; each count is the length of its list.
        unsafe {
            let types = register(engine);
            gcroots_engine_free(engine);
            let object = with_out(|out| gcroots_struct_new_default(store, types[0], out)).unwrap();
            let array = with_out(|out| gcroots_array_new_default(store, types[1], 4, out)).unwrap();
            ok(gcroots_struct_set_ref(store, object, 0, object));
            ok(gcroots_array_set_ref(store, array, 0, array));
            Fixture {
                store,
                types,
                object,
                array,
            }
        }
    }

    fn core(&self) -> &Store {
        // SAFETY: the store is alive.
        unsafe { &*self.store.cast() }
    }
}

/// Registers three types: a struct and an array of any reference, and a struct of an `i31`.
///
/// # Safety
///
/// The engine must be alive.
unsafe fn register(engine: *mut crate::capi::engine::gcroots_engine_t) -> [*mut gcroots_type_t; 3] {
    let anything = reference_to(GCROOTS_HEAP_ANY);
    let number = reference_to(GCROOTS_HEAP_I31);
    let group = gcroots_rec_group_new();
    let mut types = [core::ptr::null_mut(); 3];
    let final_type = core::ptr::null();
    // SAFETY: the caller's promise; each count is the length of its list.
    unsafe {
        with_out(|out| gcroots_rec_group_add_struct(group, final_type, &anything, 1, out)).unwrap();
        with_out(|out| gcroots_rec_group_add_array(group, final_type, &anything, out)).unwrap();
        with_out(|out| gcroots_rec_group_add_struct(group, final_type, &number, 1, out)).unwrap();
        let groups = [group.cast_const()];
        ok(gcroots_rec_group_register(
            engine,
            groups.as_ptr(),
            1,
            types.as_mut_ptr(),
            types.len(),
        ));
        gcroots_rec_group_free(group);
    }
    types
}

/// A field that holds a reference to `heap`.
fn reference_to(heap: gcroots_heap_type_t) -> gcroots_field_type_t {
    gcroots_field_type_t {
        storage: GCROOTS_STORAGE_REF,
        heap,
        local: 0,
        is_mutable: 1,
        is_nullable: 1,
        r#type: core::ptr::null(),
    }
}

/// Stores a reference in some way.
type Storing = unsafe fn(&Fixture);

unsafe fn struct_set(f: &Fixture) {
    // SAFETY: the store is alive.
    unsafe { ok(gcroots_struct_set_ref(f.store, f.object, 0, f.array)) }
}

unsafe fn struct_new(f: &Fixture) {
    let value = val(f.object);
    // SAFETY: the store is alive; there is one value.
    unsafe { with_out(|out| gcroots_struct_new(f.store, f.types[0], &value, 1, out)).unwrap() };
}

unsafe fn array_set(f: &Fixture) {
    // SAFETY: the store is alive.
    unsafe { ok(gcroots_array_set_ref(f.store, f.array, 3, f.object)) }
}

unsafe fn array_new(f: &Fixture) {
    let value = val(f.object);
    // SAFETY: the store is alive; there is a value.
    unsafe { with_out(|out| gcroots_array_new(f.store, f.types[1], &value, 2, out)).unwrap() };
}

unsafe fn array_fill(f: &Fixture) {
    // SAFETY: the store is alive; there is a value.
    unsafe { ok(gcroots_array_fill(f.store, f.array, 1, &val(f.object), 2)) }
}

unsafe fn array_copy(f: &Fixture) {
    // SAFETY: the store is alive.
    unsafe { ok(gcroots_array_copy(f.store, f.array, 1, f.array, 0, 1)) }
}

fn val(of: gcroots_ref_t) -> gcroots_val_t {
    gcroots_val_t {
        kind: GCROOTS_STORAGE_REF,
        of: gcroots_val_of_t { r#ref: of },
    }
}

const ALL: [Storing; 6] = [
    struct_set, struct_new, array_set, array_new, array_fill, array_copy,
];

/// For each kind of write: makes a store, writes with or without barriers, and calls `find`
/// with the store. Deletes the store afterwards.
fn after_each(barriers: bool, find: impl Fn(*mut gcroots_store_t)) {
    for store_reference in ALL {
        let f = Fixture::on(collectors::CHECK);
        f.core().leave_barriers_out(!barriers);
        // SAFETY: the store is alive.
        unsafe { store_reference(&f) };
        f.core().leave_barriers_out(false);
        find(f.store);
        free(f.store);
        // SAFETY: the fixture owns the types.
        unsafe { f.types.iter().for_each(|&of| gcroots_type_free(of)) };
    }
}

fn found(status: gcroots_status_t) {
    assert_eq!(status, GCROOTS_ERROR_INTERNAL);
    assert!(
        last_error().contains("without a barrier"),
        "{}",
        last_error()
    );
}

#[test]
fn a_store_without_a_barrier_is_found_by_the_next_collection() {
    // SAFETY: the store is alive.
    after_each(false, |store| found(unsafe { gcroots_store_gc(store) }));
}

#[test]
fn a_store_without_a_barrier_is_found_by_verification() {
    // SAFETY: the store is alive.
    after_each(false, |store| found(unsafe { gcroots_store_verify(store) }));
}

#[test]
fn a_store_with_its_barrier_is_fine() {
    after_each(true, |store| {
        // SAFETY: the store is alive.
        unsafe {
            ok(gcroots_store_verify(store));
            ok(gcroots_store_gc(store));
            ok(gcroots_store_gc(store));
        }
    });
}

#[test]
fn a_reference_in_a_slot_of_others_is_found_by_verification() {
    let f = Fixture::on(collectors::COPYING);
    // SAFETY: the store is alive; a field is overwritten on purpose.
    unsafe {
        let number = with_out(|out| gcroots_struct_new_default(f.store, f.types[2], out)).unwrap();
        ok(gcroots_store_verify(f.store));
        let field = |of: gcroots_ref_t| f.core().address_for_tests(of.into()).add(8).cast::<u32>();
        field(number).write(field(f.object).read());
        assert_eq!(gcroots_store_verify(f.store), GCROOTS_ERROR_INTERNAL);
        assert!(last_error().contains("type in a slot"), "{}", last_error());
    }
    free(f.store);
    // SAFETY: the fixture owns the types.
    unsafe { f.types.iter().for_each(|&of| gcroots_type_free(of)) };
}
