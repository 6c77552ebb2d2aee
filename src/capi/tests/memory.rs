//! Allocations that fail at a point after which the store and its engine must still agree.

use super::{free, ok, with_out};
use crate::capi::arrays::*;
use crate::capi::engine::*;
use crate::capi::rec_group::*;
use crate::capi::store::*;
use crate::capi::structs::*;
use crate::capi::types::*;
use crate::engine::{Config, EngineRef};
use crate::store::Store;
use crate::types::tests::refusing_allocator::refusing;

/// Registers a group of one type, which `add` adds.
///
/// # Safety
///
/// The engine must be alive.
unsafe fn register(
    engine: *mut gcroots_engine_t,
    add: unsafe fn(*mut gcroots_rec_group_t),
) -> *mut gcroots_type_t {
    let mut of = core::ptr::null_mut();
    // SAFETY: the caller's promise; each count is the length of its list.
    unsafe {
        let group = gcroots_rec_group_new();
        add(group);
        let groups = [group.cast_const()];
        ok(gcroots_rec_group_register(
            engine,
            groups.as_ptr(),
            1,
            &mut of,
            1,
        ));
        gcroots_rec_group_free(group);
    }
    of
}

fn number() -> gcroots_field_type_t {
    gcroots_field_type_t {
        storage: GCROOTS_STORAGE_I64,
        heap: GCROOTS_HEAP_ANY,
        local: 0,
        is_mutable: 1,
        is_nullable: 1,
        r#type: core::ptr::null(),
    }
}

unsafe fn add_struct(group: *mut gcroots_rec_group_t) {
    let (place, field) = (core::ptr::null(), number());
    // SAFETY: the group is alive.
    with_out(|out| unsafe { gcroots_rec_group_add_struct(group, place, &field, 1, out) }).unwrap();
}

unsafe fn add_array(group: *mut gcroots_rec_group_t) {
    let (place, element) = (core::ptr::null(), number());
    // SAFETY: the group is alive.
    with_out(|out| unsafe { gcroots_rec_group_add_array(group, place, &element, out) }).unwrap();
}

#[test]
fn a_type_that_the_store_could_not_keep_leaves_its_index_to_others() {
    let engine = EngineRef::new(Config::new().unwrap()).unwrap();
    let raw = engine.try_clone().unwrap().into_raw().cast().as_ptr();
    for granted in 0.. {
        let store = Store::new(engine.try_clone().unwrap()).unwrap();
        let store = store.cast::<gcroots_store_t>().as_ptr();
        // SAFETY: the store and the engine are alive. Each type is used before it is freed.
        let enough = unsafe {
            let refused = register(raw, add_struct);
            let index = with_out(|out| gcroots_type_index(refused, out)).unwrap();
            let make = || with_out(|out| gcroots_struct_new_default(store, refused, out));
            let (made, enough) = refusing(granted, make);
            gcroots_type_free(refused);
            let next = register(raw, add_array);
            let next_index = with_out(|out| gcroots_type_index(next, out)).unwrap();
            assert_eq!(next_index == index, made.is_err());
            with_out(|out| gcroots_array_new_default(store, next, 5, out)).unwrap();
            gcroots_type_free(next);
            ok(gcroots_store_verify(store));
            ok(gcroots_store_gc(store));
            enough
        };
        free(store);
        if !enough {
            break;
        }
    }
    // SAFETY: this function owns the reference.
    unsafe { gcroots_engine_free(raw) };
}
