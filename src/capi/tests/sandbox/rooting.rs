//! Operations on roots, weak handles, raw references and scopes, and collections.

use super::*;

pub(super) unsafe fn root_again(w: &mut World) -> gcroots_status_t {
    let (store, of) = (w.store, w.any());
    // SAFETY: the store is alive.
    let made = with_out(|out| unsafe {
        match w.random.below(5) {
            0 => gcroots_ref_cast(store, of, w.ref_type(), out),
            1 => gcroots_extern_convert_any(store, of, out),
            2 => gcroots_any_convert_extern(store, of, out),
            3 => gcroots_local_new(store, of, out),
            _ => {
                let mut root = MaybeUninit::<gcroots_manually_rooted_t>::uninit();
                match gcroots_ref_to_manually_rooted(store, of, &mut root) {
                    GCROOTS_OK => {
                        (*out).write(root.assume_init().r#ref);
                        GCROOTS_OK
                    }
                    status => status,
                }
            }
        }
    });
    w.keep(made)
}

pub(super) unsafe fn weakly(w: &mut World) -> gcroots_status_t {
    let (store, of) = (w.store, w.any());
    if w.weak.is_empty() || w.random.below(2) == 0 {
        // SAFETY: the store is alive.
        return match with_out(|out| unsafe { gcroots_weak_new(store, of, out) }) {
            Ok(made) => {
                w.weak.push(made);
                GCROOTS_OK
            }
            Err(status) => status,
        };
    }
    let weak = w.random.one_of(&w.weak);
    // SAFETY: the store is alive.
    let made = with_out(|out| unsafe { gcroots_weak_upgrade(store, weak, out) });
    w.keep(made)
}

pub(super) unsafe fn raw_there_and_back(w: &mut World) -> gcroots_status_t {
    let (store, of) = (w.store, w.any());
    // SAFETY: the store is alive.
    let raw = match with_out(|out| unsafe { gcroots_ref_to_raw(store, of, out) }) {
        Ok(raw) => w.random.one_of(&[raw, raw, raw.wrapping_add(2)]),
        Err(status) => return status,
    };
    // SAFETY: the store is alive.
    let made = with_out(|out| unsafe { gcroots_ref_from_raw(store, raw, out) });
    w.keep(made)
}

pub(super) unsafe fn from_any_raw(w: &mut World) -> gcroots_status_t {
    let raw = w.nasty_half();
    // SAFETY: the store is alive.
    let made = with_out(|out| unsafe { gcroots_ref_from_raw(w.store, raw, out) });
    w.keep(made)
}

/// Sets a slot of the root range. Most of its bits are sound, since a collection refuses
/// others.
pub(super) unsafe fn set_slot(w: &mut World) -> gcroots_status_t {
    let (store, of) = (w.store, w.any());
    // SAFETY: the store is alive.
    let raw = with_out(|out| unsafe { gcroots_ref_to_raw(store, of, out) });
    let bits = match w.random.below(16) {
        0 => w.nasty_half(),
        1 => 0,
        _ => raw.unwrap_or(0),
    };
    let slot = w.random.below(SLOTS as u64) as usize;
    w.slots[slot].set(bits);
    let mut range = w.range.get();
    range.unchanged = range.unchanged.min(slot);
    w.range.set(range);
    GCROOTS_OK
}

pub(super) unsafe fn array_span(w: &mut World) -> gcroots_status_t {
    let (store, of) = (w.store, w.any());
    let (start, count) = (w.number() as u32, w.number() as u32);
    // SAFETY: the store is alive; elements have at least a byte.
    unsafe {
        // Choosing random bits for an earlier operation may have poisoned the store.
        match gcroots_no_gc_enter(store) {
            GCROOTS_OK => {}
            status => return status,
        }
        let span = with_out(|out| gcroots_array_span(store, of, start, count, out));
        if let Ok(first) = span {
            let bytes = core::slice::from_raw_parts(first.cast::<u8>(), count as usize);
            assert!(bytes.iter().map(|&byte| u64::from(byte)).sum::<u64>() <= 255 << 32);
        }
        match gcroots_no_gc_exit(store) {
            GCROOTS_OK => span.map_or_else(|status| status, |_| GCROOTS_OK),
            status => status,
        }
    }
}

pub(super) unsafe fn in_a_scope(w: &mut World) -> gcroots_status_t {
    let count = w.refs.len();
    // SAFETY: the store is alive.
    unsafe {
        let scope = match with_out(|out| gcroots_scope_enter(w.store, out)) {
            Ok(scope) => scope,
            Err(status) => return status,
        };
        let first = w.random.one_of(&CALLING);
        let status = first(w);
        w.refs.truncate(count);
        match status {
            GCROOTS_ERROR_INTERNAL => status,
            _ => gcroots_scope_exit(w.store, scope),
        }
    }
}

pub(super) unsafe fn collect(w: &mut World) -> gcroots_status_t {
    // SAFETY: the store is alive.
    unsafe { gcroots_store_gc(w.store) }
}

/// Collects in steps, and overwrites words between the steps, where objects were when the
/// collection began.
pub(super) unsafe fn collect_in_steps(w: &mut World) -> gcroots_status_t {
    let places: Vec<_> = (0..4).filter_map(|_| w.place()).collect();
    // SAFETY: the store is alive; the places are in its heap.
    unsafe {
        let status = gcroots_store_gc_start(w.store);
        if status != GCROOTS_OK {
            return status;
        }
        loop {
            match with_out(|out| gcroots_store_gc_step(w.store, 500, out)) {
                Ok(true) => return GCROOTS_OK,
                Ok(false) => {}
                Err(status) => return status,
            }
            if w.random.below(8) == 0 && !places.is_empty() {
                *(w.random.one_of(&places) as *mut u64) = w.nasty_word();
            }
        }
    }
}

pub(super) unsafe fn verify(w: &mut World) -> gcroots_status_t {
    // SAFETY: the store is alive.
    unsafe { gcroots_store_verify(w.store) }
}
