//! Operations that read and write the contents of objects.

use super::*;

pub(super) unsafe fn struct_set(w: &mut World) -> gcroots_status_t {
    let (of, index, value) = (w.any(), w.number(), w.value());
    // SAFETY: the store is alive.
    unsafe { gcroots_struct_set(w.store, of, index, &value) }
}

pub(super) unsafe fn struct_set_ref(w: &mut World) -> gcroots_status_t {
    let (of, index, value) = (w.any(), w.random.below(10) as usize, w.any());
    // SAFETY: the store is alive.
    unsafe { gcroots_struct_set_ref(w.store, of, index, value) }
}

pub(super) unsafe fn array_set(w: &mut World) -> gcroots_status_t {
    let (of, index, value) = (w.any(), w.number(), w.value());
    // SAFETY: the store is alive.
    unsafe { gcroots_array_set(w.store, of, index, &value) }
}

pub(super) unsafe fn array_set_ref(w: &mut World) -> gcroots_status_t {
    let (of, index, value) = (w.any(), w.number(), w.any());
    // SAFETY: the store is alive.
    unsafe { gcroots_array_set_ref(w.store, of, index, value) }
}

pub(super) unsafe fn array_fill(w: &mut World) -> gcroots_status_t {
    let (of, index, count, value) = (w.any(), w.number(), w.number(), w.value());
    // SAFETY: the store is alive.
    unsafe { gcroots_array_fill(w.store, of, index, &value, count) }
}

pub(super) unsafe fn array_copy(w: &mut World) -> gcroots_status_t {
    let (to, from, count) = (w.any(), w.any(), w.number());
    let (to_index, from_index) = (w.number(), w.number());
    // SAFETY: the store is alive.
    unsafe { gcroots_array_copy(w.store, to, to_index, from, from_index, count) }
}

pub(super) unsafe fn array_write(w: &mut World) -> gcroots_status_t {
    let data = [w.random.next(); ELEMENTS * 2];
    let (of, index, count) = (w.any(), w.number(), w.number().min(ELEMENTS));
    // SAFETY: the store is alive; elements have at most 16 bytes.
    unsafe { gcroots_array_write(w.store, of, index, data.as_ptr().cast(), count) }
}

pub(super) unsafe fn set_numbers(w: &mut World) -> gcroots_status_t {
    let (of, index) = (w.any(), w.number());
    let bytes = [7; 16];
    // SAFETY: the store is alive.
    unsafe {
        match w.random.below(6) {
            0 => gcroots_struct_set_i32(w.store, of, index, -1),
            1 => gcroots_struct_set_i64(w.store, of, index, -1),
            2 => gcroots_struct_set_v128(w.store, of, index, gcroots_v128_t { bytes }),
            3 => gcroots_array_set_i32(w.store, of, index, -1),
            4 => gcroots_array_set_f64(w.store, of, index, 1.5),
            _ => gcroots_array_set_v128(w.store, of, index, gcroots_v128_t { bytes }),
        }
    }
}

pub(super) const SETTING: [Operation; 10] = [
    use_table,
    use_global,
    struct_set,
    struct_set_ref,
    array_set,
    array_set_ref,
    array_fill,
    array_copy,
    array_write,
    set_numbers,
];

/// Calls a function, ignores its output, and returns its status.
pub(super) fn status_only<T: Copy>(
    call: impl FnOnce(*mut MaybeUninit<T>) -> u32,
) -> gcroots_status_t {
    with_out(call).map_or_else(|status| status, |_| GCROOTS_OK)
}

pub(super) unsafe fn get_value(w: &mut World) -> gcroots_status_t {
    let (of, index) = (w.any(), w.number());
    // SAFETY: the store is alive.
    let got = with_out(|out| unsafe {
        match w.random.below(3) {
            0 => gcroots_struct_get(w.store, of, index, out),
            1 => gcroots_array_get(w.store, of, index, out),
            _ => gcroots_exn_field(w.store, of, index, out),
        }
    });
    match got {
        // SAFETY: the kind says that the value is a reference.
        Ok(value) if value.kind == GCROOTS_STORAGE_REF => w.keep(Ok(unsafe { value.of.r#ref })),
        Ok(_) => GCROOTS_OK,
        Err(status) => status,
    }
}

pub(super) unsafe fn get_ref(w: &mut World) -> gcroots_status_t {
    let (of, index) = (w.any(), w.number());
    // SAFETY: the store is alive.
    let got = with_out(|out| unsafe {
        match w.random.below(2) {
            0 => gcroots_struct_get_ref(w.store, of, index, out),
            _ => gcroots_array_get_ref(w.store, of, index, out),
        }
    });
    w.keep(got)
}

/// Reads into any handle, of which some are scoped.
pub(super) unsafe fn read_into(w: &mut World) -> gcroots_status_t {
    let (store, of, index, target) = (w.store, w.any(), w.number(), w.any());
    // SAFETY: the store is alive.
    unsafe {
        match w.random.below(4) {
            0 => gcroots_struct_get_ref_into(store, of, index, target),
            1 => gcroots_array_get_ref_into(store, of, index, target),
            2 => {
                let table = w.random.one_of(&w.tables);
                gcroots_table_get_ref_into(store, table, index as u64, target)
            }
            _ => gcroots_global_get_ref_into(store, w.random.one_of(&w.globals), target),
        }
    }
}

pub(super) unsafe fn get_numbers(w: &mut World) -> gcroots_status_t {
    let (store, of, index) = (w.store, w.any(), w.number());
    // SAFETY: the store is alive.
    unsafe {
        match w.random.below(10) {
            0 => status_only(|out| gcroots_struct_get_i32(store, of, index, out)),
            1 => status_only(|out| gcroots_struct_get_i64(store, of, index, out)),
            2 => status_only(|out| gcroots_struct_get_v128(store, of, index, out)),
            3 => status_only(|out| gcroots_struct_get_s(store, of, index, out)),
            4 => status_only(|out| gcroots_array_get_i32(store, of, index, out)),
            5 => status_only(|out| gcroots_array_get_f64(store, of, index, out)),
            6 => status_only(|out| gcroots_array_get_v128(store, of, index, out)),
            7 => status_only(|out| gcroots_array_get_u(store, of, index, out)),
            8 => status_only(|out| gcroots_i31_get_s(store, of, out)),
            _ => status_only(|out| gcroots_array_len(store, of, out)),
        }
    }
}

pub(super) unsafe fn array_read(w: &mut World) -> gcroots_status_t {
    let mut room = [0_u64; ELEMENTS * 2];
    let (of, index, count) = (w.any(), w.number(), w.number().min(ELEMENTS));
    // SAFETY: the store is alive; elements have at most 16 bytes.
    unsafe { gcroots_array_read(w.store, of, index, room.as_mut_ptr().cast(), count) }
}

pub(super) unsafe fn ask(w: &mut World) -> gcroots_status_t {
    let (store, of) = (w.store, w.any());
    // SAFETY: the store is alive; the type is released.
    unsafe {
        match w.random.below(8) {
            0 => status_only(|out| gcroots_ref_kind(store, of, out)),
            1 => status_only(|out| gcroots_ref_hash(store, of, out)),
            2 => status_only(|out| gcroots_ref_eq(store, of, w.any(), out)),
            3 => status_only(|out| gcroots_exn_tag(store, of, out)),
            4 => status_only(|out| gcroots_externref_data(store, of, out)),
            5 => status_only(|out| gcroots_ref_test(store, of, w.ref_type(), out)),
            6 => status_only(|out| gcroots_func_env(store, of, Some(answer), out)),
            _ => match with_out(|out| gcroots_ref_type(store, of, out)) {
                Ok(found) => {
                    gcroots_type_free(found);
                    GCROOTS_OK
                }
                Err(status) => status,
            },
        }
    }
}
