//! Tests of tables and globals in states that C cannot set up: overwritten arrays and
//! structs, writes without barriers, and slot generations near their maximum.

use super::{free, last_error, ok, on_each_collector, store_starting_at, with_out};
use crate::capi::global::*;
use crate::capi::i31::*;
use crate::capi::reference::gcroots_ref_t;
use crate::capi::status::*;
use crate::capi::store::*;
use crate::capi::table::*;
use crate::capi::types::*;
use crate::capi::value::*;
use crate::capi::{casts::gcroots_ref_type_t, externref::gcroots_externref_new};
use crate::collectors;
use crate::heap::{ARRAY_ELEMENTS, ARRAY_LENGTH};
use crate::store::Store;

const NULL: gcroots_ref_t = gcroots_ref_t {
    store_id: 0,
    generation: 0,
    index: 0,
};

/// A store with a table and a global of externrefs that are not nullable. The table has
/// three elements, and its array has room for four.
struct Fixture {
    store: *mut gcroots_store_t,
    object: gcroots_ref_t,
    table: gcroots_table_t,
    global: gcroots_global_t,
}

const EXTERN: gcroots_ref_type_t = gcroots_ref_type_t {
    r#type: core::ptr::null(),
    heap: GCROOTS_HEAP_EXTERN,
    is_nullable: 0,
};

const fn field(heap: gcroots_heap_type_t, is_nullable: u8) -> gcroots_field_type_t {
    gcroots_field_type_t {
        storage: GCROOTS_STORAGE_REF,
        heap,
        local: 0,
        is_mutable: 1,
        is_nullable,
        r#type: core::ptr::null(),
    }
}

fn val(of: gcroots_ref_t) -> gcroots_val_t {
    gcroots_val_t {
        kind: GCROOTS_STORAGE_REF,
        of: gcroots_val_of_t { r#ref: of },
    }
}

impl Fixture {
    fn on(collector: u32) -> Fixture {
        let store = store_starting_at(collector, 0, 0);
        let data = core::ptr::null_mut();
        // SAFETY: the store is alive.
        unsafe {
            let object = with_out(|out| gcroots_externref_new(store, data, None, out)).unwrap();
            let table =
                with_out(|out| gcroots_table_new(store, EXTERN, 2, u64::MAX, object, out)).unwrap();
            let before = with_out(|out| gcroots_table_grow(store, table, 1, object, out));
            assert_eq!(before, Ok(2));
            let (of, value) = (field(GCROOTS_HEAP_EXTERN, 0), val(object));
            let global = with_out(|out| gcroots_global_new(store, &of, &value, out)).unwrap();
            Fixture {
                store,
                object,
                table,
                global,
            }
        }
    }

    fn core(&self) -> &Store {
        // SAFETY: the store is alive.
        unsafe { &*self.store.cast() }
    }

    /// The addresses of the table's array and of the global's struct.
    fn hidden(&self) -> [*mut u8; 2] {
        self.core().hidden_for_tests().try_into().unwrap()
    }

    fn verify(&self) -> gcroots_status_t {
        // SAFETY: the store is alive.
        unsafe { gcroots_store_verify(self.store) }
    }
}

/// Overwrites something, given the addresses of the table's array and the global's struct.
type Overwriting = unsafe fn([*mut u8; 2]);

unsafe fn shorter_array([array, _]: [*mut u8; 2]) {
    // SAFETY: the caller passes an array of four elements. Its last two become an object
    // of free memory, so that the heap can still be walked.
    unsafe {
        array.add(ARRAY_LENGTH as usize).cast::<u32>().write(2);
        let rest = array.add(ARRAY_ELEMENTS as usize + 8).cast::<u64>();
        rest.write(4 | 1 << 32);
    }
}

unsafe fn null_element([array, _]: [*mut u8; 2]) {
    // SAFETY: the caller passes an array.
    unsafe { array.add(ARRAY_ELEMENTS as usize).cast::<u32>().write(0) }
}

unsafe fn spare_element([array, _]: [*mut u8; 2]) {
    // SAFETY: the caller passes an array of four elements.
    unsafe {
        let first = array.add(ARRAY_ELEMENTS as usize).cast::<u32>();
        first.add(3).write(first.read());
    }
}

unsafe fn other_array([array, of]: [*mut u8; 2]) {
    // SAFETY: the caller passes an array and a struct, with headers.
    unsafe { array.cast::<u64>().write(of.cast::<u64>().read()) }
}

unsafe fn other_struct([array, of]: [*mut u8; 2]) {
    // SAFETY: the caller passes an array and a struct, with headers.
    unsafe { of.cast::<u64>().write(array.cast::<u64>().read()) }
}

unsafe fn null_value([_, of]: [*mut u8; 2]) {
    // SAFETY: the caller passes a struct.
    unsafe { of.add(8).cast::<u32>().write(0) }
}

#[test]
fn verification_finds_what_a_table_or_global_does_not_agree_with() {
    let ways: [Overwriting; 6] = [
        shorter_array,
        null_element,
        spare_element,
        other_array,
        other_struct,
        null_value,
    ];
    for overwrite in ways {
        let f = Fixture::on(collectors::COPYING);
        ok(f.verify());
        // SAFETY: the addresses are of objects in the heap, which are overwritten on purpose.
        unsafe { overwrite(f.hidden()) };
        assert_eq!(f.verify(), GCROOTS_ERROR_INTERNAL);
        free(f.store);
    }
}

#[test]
fn a_table_without_its_array_is_nonsense_where_it_is_used() {
    for way in 0..5 {
        let f = Fixture::on(collectors::COPYING);
        let (store, table, object) = (f.store, f.table, f.object);
        // SAFETY: the addresses are of objects in the heap; one is overwritten on purpose.
        unsafe { shorter_array(f.hidden()) };
        // SAFETY: the store is alive.
        let status = unsafe {
            match way {
                0 => gcroots_table_fill(store, table, 0, object, 3),
                1 => gcroots_table_copy(store, table, 0, table, 1, 2),
                2 => with_out(|out| gcroots_table_grow(store, table, 1, object, out)).unwrap_err(),
                3 => with_out(|out| gcroots_table_size(store, table, out)).unwrap_err(),
                // The element does not exist, so this takes the slow path.
                _ => gcroots_table_set(store, table, 3, object),
            }
        };
        assert_eq!(status, GCROOTS_ERROR_INTERNAL, "{way}: {}", last_error());
        free(store);
    }
}

/// Stores a reference in some way.
type Storing = unsafe fn(&Fixture) -> gcroots_status_t;

unsafe fn table_set(f: &Fixture) -> gcroots_status_t {
    // SAFETY: the store is alive.
    unsafe { gcroots_table_set(f.store, f.table, 1, f.object) }
}

unsafe fn table_fill(f: &Fixture) -> gcroots_status_t {
    // SAFETY: the store is alive.
    unsafe { gcroots_table_fill(f.store, f.table, 0, f.object, 3) }
}

unsafe fn table_copy(f: &Fixture) -> gcroots_status_t {
    // SAFETY: the store is alive.
    unsafe {
        ok(gcroots_table_set(f.store, f.table, 0, f.object));
        gcroots_table_copy(f.store, f.table, 1, f.table, 0, 2)
    }
}

unsafe fn table_grow(f: &Fixture) -> gcroots_status_t {
    // SAFETY: the store is alive.
    unsafe { with_out(|out| gcroots_table_grow(f.store, f.table, 9, f.object, out)) }
        .map_or_else(|status| status, |_| GCROOTS_OK)
}

unsafe fn global_set(f: &Fixture) -> gcroots_status_t {
    // SAFETY: the store is alive.
    unsafe { gcroots_global_set(f.store, f.global, &val(f.object)) }
}

#[test]
fn references_go_through_barriers() {
    let ways: [Storing; 5] = [table_set, table_fill, table_copy, table_grow, global_set];
    for (way, store_reference) in ways.into_iter().enumerate() {
        for barriers in [true, false] {
            let mut f = Fixture::on(collectors::CHECK);
            let data = core::ptr::null_mut();
            // SAFETY: the store is alive.
            unsafe {
                f.object = with_out(|out| gcroots_externref_new(f.store, data, None, out)).unwrap();
                f.core().leave_barriers_out(!barriers);
                ok(store_reference(&f));
                f.core().leave_barriers_out(false);
            }
            let status = f.verify();
            assert_eq!(status == GCROOTS_OK, barriers, "{way}: {}", last_error());
            free(f.store);
        }
    }
}

#[test]
fn tables_and_globals_are_never_stale_where_slots_retire() {
    on_each_collector(|collector| {
        let store = store_starting_at(collector, 0, u32::MAX - 5);
        let any = gcroots_ref_type_t {
            heap: GCROOTS_HEAP_ANY,
            is_nullable: 1,
            ..EXTERN
        };
        let (of, mut stale) = (field(GCROOTS_HEAP_ANY, 1), Vec::new());
        for number in 0..300 {
            // SAFETY: the store is alive.
            unsafe {
                let i31 = with_out(|out| gcroots_i31_new(store, number, out)).unwrap();
                let table = with_out(|out| gcroots_table_new(store, any, 1, 1, i31, out)).unwrap();
                let global =
                    with_out(|out| gcroots_global_new(store, &of, &val(i31), out)).unwrap();
                let read = with_out(|out| gcroots_table_get(store, table, 0, out)).unwrap();
                assert_eq!(
                    with_out(|out| gcroots_i31_get_s(store, read, out)),
                    Ok(number)
                );
                let mut freed = (table, global);
                ok(gcroots_table_free(store, &mut freed.0));
                ok(gcroots_global_free(store, &mut freed.1));
                assert_eq!(
                    gcroots_ref_t::from(crate::roots::Handle::from(freed.0)),
                    NULL
                );
                stale.push((table, global));
                for &(table, global) in &stale {
                    let got = with_out(|out| gcroots_table_get(store, table, 0, out));
                    assert_eq!(got, Err(GCROOTS_ERROR_UNROOTED));
                    let got = with_out(|out| gcroots_global_get(store, global, out));
                    assert!(matches!(got, Err(GCROOTS_ERROR_UNROOTED)));
                }
                if number % 100 == 99 {
                    ok(gcroots_store_verify(store));
                    ok(gcroots_store_gc(store));
                }
            }
        }
        free(store);
    });
}
