//! Owns a store of the core's: entry, poison, deletion.
//!
//! The only file that has the pointer. Finalizers, which drop host values, run in
//! [`OwnedStore::allocate`], [`OwnedStore::gc`], [`OwnedStore::gc_step`],
//! [`OwnedStore::gc_cancel`] and `drop` only. These take the store
//! exclusively, which is what a borrow of a value's data cannot outlive; and while
//! they run, nothing here refers to the core's store but through shared references.
//!
//! A collection in steps that was left unfinished (its future was forgotten, or C began
//! it) is finished by the next call that is no step of it; values are dropped by the next
//! of the functions above.

use core::ffi::c_void;
use core::ptr::NonNull;

use crate::engine::EngineRef;
use crate::error::{Error, Result};
use crate::heap::Budget;
use crate::store::host_code::calls::{self, Call};
use crate::store::host_code::finalize;
use crate::store::{Stats, Store as Core};

/// A store of the core's. `Send` and not `Sync`.
pub(super) struct OwnedStore(NonNull<Core>);

// SAFETY: what a store holds for Rust is `Send`, and what C put there must be if
// the store is to be sent (`Store::as_ptr`). The core knows its owner thread:
// `enter` tells it the new one.
unsafe impl Send for OwnedStore {}

impl OwnedStore {
    /// A store of `engine`.
    ///
    /// Errors: those of [`Core::new`].
    pub(super) fn new(engine: EngineRef) -> Result<OwnedStore> {
        Ok(OwnedStore(Core::new(engine)?))
    }

    fn core(&self) -> &Core {
        // SAFETY: alive until `drop`; only shared references to it are made.
        unsafe { self.0.as_ref() }
    }

    /// Enters; takes over the store if it came from another thread, and finishes a
    /// collection in steps.
    #[inline]
    fn enter(&self) -> Result<&Core> {
        let core = self.core();
        if !core.enter_fast() {
            self.enter_between_steps()?;
            poisoning(core, || core.gc_complete())?;
        }
        Ok(core)
    }

    /// As [`OwnedStore::enter`], without finishing a collection.
    fn enter_between_steps(&self) -> Result<&Core> {
        let core = self.core();
        // SAFETY: this is not `Sync`: a reference to it proves that no other
        // thread uses it until it is sent on.
        match unsafe { core.adopt() } {
            Err(Error::Busy { .. }) if core.is_collecting() => {}
            adopted => adopted?,
        }
        Ok(core)
    }

    /// Does an operation that cannot collect.
    ///
    /// Errors: those of [`Core::adopt`]; the operation's.
    #[inline]
    pub(super) fn call<T>(&self, operation: impl FnOnce(&Core) -> Result<T>) -> Result<T> {
        let core = self.enter()?;
        poisoning(core, || operation(core))
    }

    /// Does an operation that may collect, and runs finalizers. The operation is
    /// repeated if it failed to ask the growth callback.
    ///
    /// Errors: as for [`OwnedStore::call`].
    pub(super) fn allocate<T>(&mut self, operation: impl Fn(&Core) -> Result<T>) -> Result<T> {
        let core = self.enter()?;
        // SAFETY: alive, and just entered.
        poisoning(core, || unsafe { finalize::allocating(self.0, operation) })
    }

    /// Collects, and runs finalizers.
    ///
    /// Errors: those of [`Core::adopt`], [`Error::NoGc`].
    pub(super) fn gc(&mut self) -> Result<()> {
        let core = self.enter()?;
        // SAFETY: alive, and just entered.
        poisoning(core, || unsafe { finalize::full_collection(self.0) })
    }

    /// As [`OwnedStore::allocate`], but `None` where it would collect.
    ///
    /// Errors: as for [`OwnedStore::call`].
    pub(super) fn allocate_without_collecting<T>(
        &mut self,
        has_collected: bool,
        operation: impl Fn(&Core) -> Result<T>,
    ) -> Result<Option<T>> {
        self.allocate(|core| core.allocate_without_collecting(has_collected, || operation(core)))
    }

    /// Begins a collection in steps.
    ///
    /// Errors: those of [`Core::adopt`], [`Error::NoGc`].
    pub(super) fn gc_start(&mut self) -> Result<()> {
        let core = self.enter()?;
        poisoning(core, || core.gc_start())
    }

    /// Goes on with a collection in steps; whether it is over. Runs finalizers then.
    ///
    /// Errors: those of [`Core::adopt`].
    pub(super) fn gc_step(&mut self, budget: u64) -> Result<bool> {
        let core = self.enter_between_steps()?;
        let budget = Budget::of(budget);
        // SAFETY: alive, and just entered.
        poisoning(core, || unsafe {
            finalize::collection_step(self.0, budget)
        })
    }

    /// Ends a collection in steps, and runs finalizers if it was completed.
    ///
    /// Errors: those of [`Core::adopt`].
    pub(super) fn gc_cancel(&mut self) -> Result<()> {
        let core = self.enter_between_steps()?;
        // SAFETY: alive, and just entered.
        poisoning(core, || unsafe { finalize::collection_cancel(self.0) })
    }

    /// Has functions find this API's part of the store here.
    pub(super) fn set_rust_part(&self, part: *mut c_void) {
        self.core().replace_rust_part(part);
    }

    /// The core's store, entered, for a call of a function.
    ///
    /// Errors: those of [`Core::adopt`].
    pub(super) fn entered(&self) -> Result<NonNull<Core>> {
        self.enter()?;
        Ok(self.0)
    }

    /// The statistics now.
    pub(super) fn stats(&self) -> Stats {
        self.core().stats()
    }

    /// The pointer, for C. If the calling thread cannot be made the owner, C's calls
    /// answer so.
    #[cfg(feature = "capi")]
    pub(super) fn as_ptr(&mut self) -> *mut Core {
        let _refused_by_each_call = self.enter().is_err();
        self.0.as_ptr()
    }
}

impl Drop for OwnedStore {
    fn drop(&mut self) {
        // SAFETY: `new` made it; the owner of this is the only one who uses it,
        // and none of the store's callbacks can own the store.
        unsafe { finalize::delete_owned(self.0) };
    }
}

/// Calls a function, with `part` this API's part of the store meanwhile; returns the
/// status that its callback answers. No reference into the part may be live but those
/// that `part` is derived from.
///
/// Errors: those of [`calls::call`].
///
/// # Safety
///
/// `core` must be alive and entered, with this part; for `call` as for [`calls::call`].
pub(super) unsafe fn call_function(
    core: NonNull<Core>,
    part: *mut c_void,
    call: Call,
) -> Result<u32> {
    // SAFETY: the caller's promise.
    let borrowed = unsafe { core.as_ref() };
    let before = borrowed.replace_rust_part(part);
    // SAFETY: the caller's promise.
    let called = poisoning(borrowed, || unsafe { calls::call(core, call) });
    borrowed.replace_rust_part(before);
    called
}

/// Does `operation`. If it panics or finds nonsense, the store is poisoned. A panic
/// goes on to the caller.
#[inline]
fn poisoning<T>(core: &Core, operation: impl FnOnce() -> Result<T>) -> Result<T> {
    let on_panic = Poison(core);
    let outcome = operation();
    core::mem::forget(on_panic);
    if let Err(Error::Internal { .. }) = outcome {
        core.poison();
    }
    outcome
}

/// Poisons the store when dropped.
struct Poison<'a>(&'a Core);

impl Drop for Poison<'_> {
    fn drop(&mut self) {
        self.0.poison();
    }
}
