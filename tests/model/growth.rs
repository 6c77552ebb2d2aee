//! The growth callback: checks its arguments, and returns random answers. Sometimes it
//! first does operations, as a finalizer may. Most of them return BUSY, but
//! `gcroots_manually_rooted_unroot_later` gives up a root.

use core::ffi::c_void;

use gcroots::capi::store::gcroots_store_t;

use super::program::{Call, Draw, Operation, op};
use super::session::{CURRENT, Compared, Session};

/// The most calls of the callback in one allocation: before a collection and after it.
const ASKED_AT_MOST: u32 = 2;

/// The calls of the callback during one call of the library.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Asked {
    /// The number of calls.
    pub(crate) times: u32,
    /// The committed bytes of the heap when the callback refused to let it grow.
    pub(crate) refused_at: Option<usize>,
}

/// The growth callback of all stores.
pub(crate) unsafe extern "C" fn may_grow(
    _env: *mut c_void,
    store: *mut gcroots_store_t,
    committed: usize,
    wanted: usize,
) -> bool {
    // SAFETY: a session deletes its store before it ends.
    let session = unsafe { &*CURRENT.get() };
    session.asked_to_grow(store, committed, wanted)
}

impl Session {
    fn asked_to_grow(&self, store: *mut gcroots_store_t, committed: usize, wanted: usize) -> bool {
        if self.has_failed() {
            return true;
        }
        self.note(|| format!("asked for {wanted} bytes, with {committed}"));
        self.keep(self.may_be_asked(store, committed, wanted));
        let mut asked = self.asked.get();
        asked.times += 1;
        let seed = u64::from(self.operation.get().seed) | u64::from(asked.times) << 32;
        let mut draw = Draw::new(seed);
        if draw.one_in(2) {
            self.inside_callback(&mut draw);
        }
        // Rarely, so that there is little room.
        let allowed = draw.one_in(4);
        if allowed {
            self.granted.set(self.granted.get().max(wanted));
        } else {
            asked.refused_at = Some(committed);
        }
        self.asked.set(asked);
        self.note(|| format!("answered {allowed}"));
        allowed
    }

    fn may_be_asked(
        &self,
        store: *mut gcroots_store_t,
        committed: usize,
        wanted: usize,
    ) -> Compared {
        let granted = self.granted.get();
        let what = if !self.lane.asks || !self.allocates.get() || self.model.borrow().asking {
            "in a call that asks nothing"
        } else if store != self.library.store {
            "for another store"
        } else if self.asked.get().times == ASKED_AT_MOST {
            "once more"
        } else if !(self.lane.initial()..=granted).contains(&committed) {
            "with more than was granted, or less than at first"
        } else if wanted <= committed || wanted > self.lane.heap_limit {
            "for no more, or more than the limit"
        } else {
            return Ok(());
        };
        let limit = self.lane.heap_limit;
        Err(format!(
            "growth from {committed} to {wanted} is asked {what}; {granted} granted of {limit}"
        ))
    }

    /// Does an operation in the callback, or gives up some roots.
    fn inside_callback(&self, draw: &mut Draw) {
        self.model.borrow_mut().asking = true;
        if draw.one_in(3) {
            self.step(Operation::drawn(draw));
        } else {
            for _ in 0..=draw.below(8) {
                self.step(op(Call::UnrootLater, draw.next() as u32));
            }
        }
        self.model.borrow_mut().asking = false;
    }
}
