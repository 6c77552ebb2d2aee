//! Calls with raw references (`raw.any-bits`). Most bits lead to something in the heap, which
//! may be a header that was forged in an array of bytes.

use super::*;
use crate::capi::raw_arrays::*;
use crate::capi::raw_host::*;
use crate::capi::raw_structs::*;

/// The status of a call that reads something.
fn reads<T: Copy>(call: impl FnOnce(*mut MaybeUninit<T>) -> u32) -> gcroots_status_t {
    with_out(call).map_or_else(|status| status, |_| GCROOTS_OK)
}

impl World {
    /// Bits of an object, or of a place near one.
    fn raw(&mut self) -> u32 {
        let of = self.any();
        // SAFETY: the store is alive.
        let raw = with_out(|out| unsafe { gcroots_ref_to_raw(self.store, of, out) }).unwrap_or(0);
        match self.random.below(8) {
            0 => self.nasty_half(),
            1 => raw.wrapping_add(2 * self.random.below(12) as u32),
            2 => self.random.below(1 << 16) as u32,
            3 => self.slots[self.random.below(SLOTS as u64) as usize].get(),
            _ => raw,
        }
    }

    fn raw_val(&mut self) -> gcroots_raw_val_t {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&self.raw().to_ne_bytes());
        bytes[4..12].copy_from_slice(&self.random.next().to_ne_bytes());
        gcroots_raw_val_t { v128: bytes }
    }

    fn raw_vals(&mut self, count: usize) -> Vec<gcroots_raw_val_t> {
        (0..count).map(|_| self.raw_val()).collect()
    }

    /// Puts new bits into a slot of the root range.
    fn keep_raw(&mut self, made: Result<u32, u32>) -> gcroots_status_t {
        match made {
            Ok(raw) => {
                let slot = self.random.below(self.slots.len() as u64) as usize;
                self.slots[slot].set(raw);
                GCROOTS_OK
            }
            Err(status) => status,
        }
    }
}

/// Makes an object.
pub(super) unsafe fn raw_make(w: &mut World) -> gcroots_status_t {
    let (store, many) = (w.store, w.random.below(20) as u32);
    let (a_struct, array) = (w.type_among(0, STRUCTS), w.type_among(STRUCTS, ARRAYS));
    let values = w.raw_vals(90);
    let (first, each) = (values.as_ptr(), w.types[1]);
    let (tag, kind) = (w.tags[1], w.random.below(8));
    // SAFETY: the store is alive, and there are as many values as each call reads.
    let made = with_out(|out| unsafe {
        match kind {
            0 => gcroots_raw_struct_new_default(store, a_struct, out),
            1 => gcroots_raw_struct_new(store, each, first, EACH.len(), out),
            2 => gcroots_raw_struct_new(store, w.types[3], first, 90, out),
            3 => gcroots_raw_array_new(store, array, first, many, out),
            4 => gcroots_raw_array_new(store, array, core::ptr::null(), many, out),
            5 => gcroots_raw_array_new_fixed(store, array, first, many, out),
            6 => gcroots_raw_array_new_bytes(store, array, first.cast::<c_void>(), many, out),
            _ => gcroots_raw_exn_new(store, tag, first, 1, out),
        }
    });
    w.keep_raw(made)
}

/// Makes an externref.
pub(super) unsafe fn raw_externref(w: &mut World) -> gcroots_status_t {
    let data = std::rc::Rc::as_ptr(&w.finalized).cast_mut().cast();
    // SAFETY: the store is alive; the counter outlives it.
    let made =
        with_out(|out| unsafe { gcroots_raw_externref_new(w.store, data, Some(count_call), out) });
    w.made += u32::from(made.is_ok());
    w.keep_raw(made)
}

/// Reads an object.
pub(super) unsafe fn raw_read(w: &mut World) -> gcroots_status_t {
    let (store, of, index, ty) = (w.store, w.raw(), w.number() as u32, w.any_type());
    // SAFETY: the store is alive.
    unsafe {
        match w.random.below(9) {
            0 => reads(|out| gcroots_raw_struct_get(store, of, index, out)),
            1 => reads(|out| gcroots_raw_struct_get_ref(store, of, index, out)),
            2 => reads(|out| gcroots_raw_array_len(store, of, out)),
            3 => reads(|out| gcroots_raw_array_get(store, of, index, out)),
            4 => reads(|out| gcroots_raw_array_get_ref(store, of, index, out)),
            5 => reads(|out| gcroots_raw_exn_tag(store, of, out)),
            6 => reads(|out| gcroots_raw_exn_field(store, of, index, out)),
            7 => reads(|out| gcroots_raw_externref_data(store, of, out)),
            _ => reads(|out| gcroots_raw_cast(store, of, ty, out)),
        }
    }
}

/// Stores in an object.
pub(super) unsafe fn raw_write(w: &mut World) -> gcroots_status_t {
    let (store, of, from, value) = (w.store, w.raw(), w.raw(), w.raw_val());
    let (index, other, count) = (w.number() as u32, w.number() as u32, w.number() as u32);
    // SAFETY: the store is alive.
    unsafe {
        match w.random.below(6) {
            0 => gcroots_raw_struct_set(store, of, index, &value),
            1 => gcroots_raw_struct_set_ref(store, of, index, from),
            2 => gcroots_raw_array_set(store, of, index, &value),
            3 => gcroots_raw_array_set_ref(store, of, index, from),
            4 => gcroots_raw_array_fill(store, of, index, &value, count),
            _ => gcroots_raw_array_copy(store, of, index, from, other, count),
        }
    }
}

/// Throws, takes, or calls.
pub(super) unsafe fn raw_throw_or_call(w: &mut World) -> gcroots_status_t {
    let (store, of, args) = (w.store, w.raw(), w.raw_vals(8));
    let results = core::ptr::null_mut();
    // SAFETY: the store is alive; there are enough arguments for each function.
    unsafe {
        match w.random.below(4) {
            0 => gcroots_raw_throw(store, of),
            1 => {
                let taken = with_out(|out| gcroots_raw_take_exception(store, out));
                w.keep_raw(taken)
            }
            2 => gcroots_raw_func_call(store, of, args.as_ptr(), 1, results, 0),
            _ => gcroots_raw_func_call(store, of, args.as_ptr(), 6, results, 0),
        }
    }
}
