//! Operations that make objects, tables and globals, and call functions.

use super::*;

/// An operation on a store.
pub(super) type Operation = unsafe fn(&mut World) -> gcroots_status_t;

pub(super) unsafe fn new_externref(w: &mut World) -> gcroots_status_t {
    let data = Rc::as_ptr(&w.finalized).cast_mut().cast();
    // SAFETY: the store is alive.
    let made =
        with_out(|out| unsafe { gcroots_externref_new(w.store, data, Some(count_call), out) });
    w.made += u32::from(made.is_ok());
    w.keep(made)
}

pub(super) unsafe fn new_struct(w: &mut World) -> gcroots_status_t {
    let of = w.type_among(0, STRUCTS);
    // SAFETY: the store is alive.
    let made = with_out(|out| unsafe { gcroots_struct_new_default(w.store, of, out) });
    w.keep(made)
}

pub(super) unsafe fn new_struct_of_values(w: &mut World) -> gcroots_status_t {
    let of = w.types[1];
    let values: Vec<_> = EACH.iter().map(|f| w.value_of(f.storage.max(2))).collect();
    // SAFETY: the store is alive; the count is the length of the list.
    let made = with_out(|out| unsafe {
        gcroots_struct_new(w.store, of, values.as_ptr(), values.len(), out)
    });
    w.keep(made)
}

pub(super) unsafe fn new_struct_of_references(w: &mut World) -> gcroots_status_t {
    let of = w.types[3];
    let values: Vec<_> = (0..90).map(|_| w.value_of(GCROOTS_STORAGE_REF)).collect();
    // SAFETY: the store is alive; the count is the length of the list.
    let made = with_out(|out| unsafe { gcroots_struct_new(w.store, of, values.as_ptr(), 90, out) });
    w.keep(made)
}

pub(super) unsafe fn new_array(w: &mut World) -> gcroots_status_t {
    let of = w.type_among(STRUCTS, ARRAYS);
    let length = w.random.below(20) as usize;
    // SAFETY: the store is alive.
    let made = with_out(|out| unsafe { gcroots_array_new_default(w.store, of, length, out) });
    w.keep(made)
}

pub(super) unsafe fn new_array_of_value(w: &mut World) -> gcroots_status_t {
    let (of, value) = (w.type_among(STRUCTS, ARRAYS), w.value());
    let length = w.number();
    // SAFETY: the store is alive.
    let made = with_out(|out| unsafe { gcroots_array_new(w.store, of, &value, length, out) });
    w.keep(made)
}

pub(super) unsafe fn new_exception(w: &mut World) -> gcroots_status_t {
    let (tag, fields) = match w.random.below(2) {
        0 => (w.tags[0], &EACH[2..]),
        _ => (w.tags[1], &EACH[7..]),
    };
    let values: Vec<_> = fields.iter().map(|f| w.value_of(f.storage)).collect();
    // SAFETY: the store is alive; the count is the length of the list.
    let made = with_out(|out| unsafe {
        gcroots_exn_new(w.store, tag, values.as_ptr(), values.len(), out)
    });
    w.keep(made)
}

pub(super) unsafe fn new_function(w: &mut World) -> gcroots_status_t {
    let of = w.type_among(STRUCTS + ARRAYS, FUNCTIONS);
    let env = Rc::as_ptr(&w.finalized).cast_mut().cast();
    // SAFETY: the store is alive; the counter outlives it.
    let made = with_out(|out| unsafe {
        gcroots_func_new(w.store, of, Some(answer), env, Some(count_call), out)
    });
    w.made += u32::from(made.is_ok());
    w.keep(made)
}

pub(super) unsafe fn call_function(w: &mut World) -> gcroots_status_t {
    let (of, fields) = match w.random.below(2) {
        0 => (w.any(), &EACH[2..]),
        _ => (w.any(), &EACH[7..]),
    };
    let args: Vec<_> = fields.iter().map(|f| w.value_of(f.storage)).collect();
    let results = core::ptr::null_mut();
    // SAFETY: the store is alive; the count is the length of the list.
    unsafe { gcroots_func_call(w.store, of, args.as_ptr(), args.len(), results, 0) }
}

pub(super) unsafe fn throw_and_take(w: &mut World) -> gcroots_status_t {
    let of = w.any();
    // SAFETY: the store is alive.
    unsafe {
        match w.random.below(2) {
            0 => gcroots_store_throw(w.store, of),
            _ => {
                let made = with_out(|out| gcroots_store_take_exception(w.store, out));
                w.keep(made)
            }
        }
    }
}

pub(super) unsafe fn new_i31(w: &mut World) -> gcroots_status_t {
    let integer = w.random.next() as i32;
    // SAFETY: the store is alive.
    let made = with_out(|out| unsafe { gcroots_i31_new(w.store, integer, out) });
    w.keep(made)
}

/// A reference type of which null is a value.
pub(super) const ANY: gcroots_ref_type_t = gcroots_ref_type_t {
    r#type: core::ptr::null(),
    heap: GCROOTS_HEAP_ANY,
    is_nullable: 1,
};

pub(super) unsafe fn new_table(w: &mut World) -> gcroots_status_t {
    let size = w.random.below(20);
    let maximum = w.random.one_of(&[size, size + 30, u64::MAX]);
    // SAFETY: the store is alive.
    let made = with_out(|out| unsafe { gcroots_table_new(w.store, ANY, size, maximum, NULL, out) });
    made.map_or_else(
        |status| status,
        |made| {
            w.tables.push(made);
            GCROOTS_OK
        },
    )
}

pub(super) unsafe fn new_global(w: &mut World) -> gcroots_status_t {
    let kind = 2 + w.random.below(6) as u32;
    let (of, mut value) = (field_with(kind), w.value_of(kind));
    if kind == GCROOTS_STORAGE_REF {
        value.of.r#ref = NULL;
    }
    // SAFETY: the store is alive.
    let made = with_out(|out| unsafe { gcroots_global_new(w.store, &of, &value, out) });
    made.map_or_else(
        |status| status,
        |made| {
            w.globals.push(made);
            GCROOTS_OK
        },
    )
}

pub(super) unsafe fn use_table(w: &mut World) -> gcroots_status_t {
    let (store, table, other) = (
        w.store,
        w.random.one_of(&w.tables),
        w.random.one_of(&w.tables),
    );
    let (index, count, value) = (w.number() as u64, w.number() as u64, w.any());
    // SAFETY: the store is alive.
    unsafe {
        match w.random.below(6) {
            0 => gcroots_table_set(store, table, index, value),
            1 => gcroots_table_fill(store, table, index, value, count),
            2 => gcroots_table_copy(store, table, index, other, w.number() as u64, count),
            3 => status_only(|out| gcroots_table_grow(store, table, count, value, out)),
            4 => status_only(|out| gcroots_table_size(store, table, out)),
            _ => {
                let got = with_out(|out| gcroots_table_get(store, table, index, out));
                w.keep(got)
            }
        }
    }
}

pub(super) unsafe fn use_global(w: &mut World) -> gcroots_status_t {
    let (store, global, value) = (w.store, w.random.one_of(&w.globals), w.value());
    // SAFETY: the store is alive; the kind says that the value is a reference.
    unsafe {
        match w.random.below(2) {
            0 => gcroots_global_set(store, global, &value),
            _ => match with_out(|out| gcroots_global_get(store, global, out)) {
                Ok(got) if got.kind == GCROOTS_STORAGE_REF => w.keep(Ok(got.of.r#ref)),
                Ok(_) => GCROOTS_OK,
                Err(status) => status,
            },
        }
    }
}

/// Frees a table or a global and keeps its stale handle, or makes a new one.
pub(super) unsafe fn free_one(w: &mut World) -> gcroots_status_t {
    let (mut table, mut global) = (w.random.one_of(&w.tables), w.random.one_of(&w.globals));
    // SAFETY: the store is alive.
    unsafe {
        match w.random.below(4) {
            0 => gcroots_table_free(w.store, &mut table),
            1 => gcroots_global_free(w.store, &mut global),
            2 => new_table(w),
            _ => new_global(w),
        }
    }
}

/// The operations that make objects before anything is overwritten. They make no exceptions
/// or functions, since fields of `any` refuse those.
pub(super) const MAKING: [Operation; 4] = [new_externref, new_struct, new_array, new_i31];
