//! Ownership of a store of the core: entry, poisoning and deletion.
//!
//! Only this file has the pointer to the core's store. Finalizers, which drop host values,
//! run only in these functions:
//!
//! * [`OwnedStore::allocate`], also as the slow form of [`OwnedStore::allocate_fast`], and
//!   [`OwnedStore::change_external_bytes`],
//! * [`OwnedStore::gc`], [`OwnedStore::gc_step`] and [`OwnedStore::gc_cancel`],
//! * [`OwnedStore::run_finalizers`],
//! * `drop`,
//! * [`call_function`], because a host function may collect.
//!
//! All of them need an exclusive borrow of the store, so no borrow of a host value is live
//! while they run. This API has only shared references to the core's store meanwhile.
//!
//! A collection in steps may stay unfinished, because its future was forgotten or because C
//! started it. The next call that is not a step of the collection finishes it. The next
//! call of a function above then drops the values.

use core::ffi::c_void;
use core::ptr::NonNull;

use super::wake::StoreToken;
use crate::engine::EngineRef;
use crate::error::{Error, Result};
use crate::heap::Budget;
use crate::store::host_code::{self, Call};
use crate::store::protocol::Attempt;
use crate::store::{PauseKind, PauseStats, Stats, Store as Core};

/// An owned store of the core. `Send`, but not `Sync`.
pub(super) struct OwnedStore(NonNull<Core>);

// SAFETY: the Rust values in a store are `Send`. Host data of C must be `Send` too if the
// store is sent (`Store::as_ptr`). The core knows the owner thread, and `enter` updates it.
unsafe impl Send for OwnedStore {}

impl OwnedStore {
    /// Makes a store of `engine`.
    ///
    /// Errors: those of [`Core::new`].
    pub(super) fn new(engine: EngineRef) -> Result<OwnedStore> {
        Ok(OwnedStore(Core::new(engine)?))
    }

    /// Tells this store from others. A wake callback gets the same.
    pub(super) fn token(&self) -> StoreToken {
        StoreToken::of(self.0.as_ptr().cast())
    }

    #[inline]
    fn core(&self) -> &Core {
        // SAFETY: the store lives until `drop`, and this file makes only shared references
        // to it.
        unsafe { self.0.as_ref() }
    }

    /// Enters the store. Takes it over if it came from another thread, and finishes a
    /// collection in steps.
    #[inline]
    fn enter(&self) -> Result<&Core> {
        let core = self.core();
        if !core.enter_fast() {
            self.enter_between_steps()?;
            poisoning(core, || core.finish_collection())?;
            // SAFETY: the store is live, and was just entered.
            unsafe { host_code::announce(self.0) };
        }
        Ok(core)
    }

    /// Same as [`OwnedStore::enter`], but does not finish a collection in steps.
    fn enter_between_steps(&self) -> Result<&Core> {
        let core = self.core();
        // SAFETY: `OwnedStore` is not `Sync`, so this reference proves that no other thread
        // uses the store until it is sent to one.
        match unsafe { core.adopt() } {
            Err(Error::Busy { .. }) if core.is_collecting() => {}
            adopted => adopted?,
        }
        Ok(core)
    }

    /// Runs an operation that cannot collect.
    ///
    /// Errors: those of [`Core::adopt`] and of the operation.
    #[inline]
    pub(super) fn call<T>(&self, operation: impl FnOnce(&Core) -> Result<T>) -> Result<T> {
        let core = self.enter()?;
        poisoning(core, || operation(core))
    }

    /// Runs the fast form of an operation, if the calling thread may call now. `None`, with
    /// nothing changed, if the operation needs its slow form.
    ///
    /// A fast form never collects. One that makes an object needs its slow form while
    /// finalizers wait, which runs them.
    #[inline(always)]
    pub(super) fn try_fast<T>(&self, fast: impl FnOnce(&Core) -> Option<T>) -> Option<T> {
        let core = self.core();
        if !core.enter_fast() {
            return None;
        }
        let on_panic = Poison(core);
        let outcome = fast(core);
        core::mem::forget(on_panic);
        outcome
    }

    /// Runs an operation that cannot collect: its fast form in line, and otherwise its slow
    /// form out of line.
    ///
    /// Errors: those of [`OwnedStore::call`].
    #[inline(always)]
    pub(super) fn call_fast<T, E: From<Error>>(
        &self,
        fast: impl FnOnce(&Core) -> Option<T>,
        slow: impl FnOnce(&Core) -> Result<T>,
    ) -> core::result::Result<T, E> {
        match self.try_fast(fast) {
            Some(value) => Ok(value),
            None => out_of_line(|| self.call(slow)),
        }
    }

    /// Same as [`OwnedStore::call_fast`], for an operation that may collect.
    ///
    /// Errors: those of [`OwnedStore::allocate`].
    #[inline(always)]
    pub(super) fn allocate_fast<T, E: From<Error>>(
        &mut self,
        fast: impl FnOnce(&Core) -> Option<T>,
        slow: impl Fn(&Core) -> Attempt<T>,
    ) -> core::result::Result<T, E> {
        match self.try_fast(fast) {
            Some(value) => Ok(value),
            None => out_of_line(|| self.allocate(slow)),
        }
    }

    /// Runs an operation that may collect, and then finalizers. An attempt that needs the
    /// growth callback or root visitors is repeated with their answer.
    ///
    /// Errors: those of [`OwnedStore::call`].
    pub(super) fn allocate<T>(&mut self, operation: impl Fn(&Core) -> Attempt<T>) -> Result<T> {
        let core = self.enter()?;
        // SAFETY: the store is live, and was just entered.
        poisoning(core, || unsafe { host_code::allocating(self.0, operation) })
    }

    /// Runs an operation that changes external bytes. It collects, and runs finalizers, only
    /// if the configuration limits external bytes.
    ///
    /// Errors: those of [`OwnedStore::call`].
    pub(super) fn change_external_bytes(
        &mut self,
        operation: impl Fn(&Core) -> Attempt<()>,
    ) -> Result<()> {
        let core = self.enter()?;
        // SAFETY: the store is live, and was just entered.
        poisoning(core, || unsafe {
            host_code::changing_external_bytes(self.0, operation)
        })
    }

    /// Collects, and runs finalizers.
    ///
    /// Errors: those of [`Core::adopt`], [`Error::NoGc`].
    pub(super) fn gc(&mut self) -> Result<()> {
        let core = self.enter()?;
        // SAFETY: the store is live, and was just entered.
        poisoning(core, || unsafe { host_code::collect_all(self.0) })
    }

    /// Collects, runs finalizers, and gives back unused memory.
    ///
    /// Errors: those of [`OwnedStore::gc`].
    pub(super) fn trim(&mut self) -> Result<()> {
        let core = self.enter()?;
        // SAFETY: the store is live, and was just entered.
        poisoning(core, || unsafe { host_code::trim(self.0) })
    }

    /// Runs at most `most` of the finalizers that wait, and returns how many wait then.
    ///
    /// Errors: those of [`Core::adopt`] and of [`host_code::run_waiting`].
    pub(super) fn run_finalizers(&mut self, most: usize) -> Result<usize> {
        let core = self.enter()?;
        // SAFETY: the store is live, and was just entered.
        let left = poisoning(core, || unsafe { host_code::run_waiting(self.0, most) })?;
        Ok(left as usize)
    }

    /// Same as [`OwnedStore::allocate`], but returns `None` if a collection is needed.
    ///
    /// Errors: those of [`OwnedStore::call`].
    pub(super) fn allocate_without_collecting<T>(
        &mut self,
        has_collected: bool,
        operation: impl Fn(&Core) -> Attempt<T>,
    ) -> Result<Option<T>> {
        let core = self.enter()?;
        // SAFETY: the store is live, and was just entered.
        poisoning(core, || unsafe {
            host_code::allocating_without_collecting(self.0, has_collected, operation)
        })
    }

    /// Starts a collection in steps.
    ///
    /// Errors: those of [`Core::adopt`], [`Error::NoGc`].
    pub(super) fn gc_start(&mut self) -> Result<()> {
        let core = self.enter()?;
        poisoning(core, || core.gc_start())
    }

    /// Continues a collection in steps. Returns true if it is complete, after it ran the
    /// finalizers.
    ///
    /// Errors: those of [`Core::adopt`].
    pub(super) fn gc_step(&mut self, budget: u64) -> Result<bool> {
        let core = self.enter_between_steps()?;
        let budget = Budget::of(budget);
        // SAFETY: the store is live, and was just entered.
        poisoning(core, || unsafe { host_code::collect_step(self.0, budget) })
    }

    /// Cancels a collection in steps. If that completes it, runs the finalizers.
    ///
    /// Errors: those of [`Core::adopt`].
    pub(super) fn gc_cancel(&mut self) -> Result<()> {
        let core = self.enter_between_steps()?;
        // SAFETY: the store is live, and was just entered.
        poisoning(core, || unsafe { host_code::cancel_collection(self.0) })
    }

    /// Sets the pointer to this API's part of the store, which callbacks use.
    pub(super) fn set_rust_part(&self, part: *mut c_void) {
        self.core().replace_rust_part(part);
    }

    /// Enters the core's store and returns it, for a call of a function.
    ///
    /// Errors: those of [`Core::adopt`].
    pub(super) fn entered(&self) -> Result<NonNull<Core>> {
        self.enter()?;
        Ok(self.0)
    }

    /// The current statistics.
    pub(super) fn stats(&self) -> Stats {
        self.core().stats()
    }

    /// The pauses of this kind so far.
    pub(super) fn pauses(&self, kind: PauseKind) -> PauseStats {
        self.core().pauses(kind)
    }

    /// The pointer for C. If the calling thread cannot become the owner, C's calls return
    /// that error.
    #[cfg(feature = "capi")]
    pub(super) fn as_ptr(&mut self) -> *mut Core {
        let _refused_by_each_call = self.enter().is_err();
        self.0.as_ptr()
    }
}

impl Drop for OwnedStore {
    fn drop(&mut self) {
        // SAFETY: `new` made the store. Only the owner of this value uses it, and no
        // callback of the store can own this value.
        unsafe { host_code::delete_owned(self.0) };
    }
}

/// Calls a function, and returns the status of its callback. During the call, `part` is
/// this API's part of the store. The only live references into the part must be those that
/// `part` derives from.
///
/// Errors: those of [`host_code::call`].
///
/// # Safety
///
/// `core` must be live and entered, and `part` must be its part. `call` must satisfy the
/// conditions of [`host_code::call`].
pub(super) unsafe fn call_function(
    core: NonNull<Core>,
    part: *mut c_void,
    call: Call,
) -> Result<u32> {
    // SAFETY: the caller's promise.
    let borrowed = unsafe { core.as_ref() };
    let before = borrowed.replace_rust_part(part);
    // SAFETY: the caller's promise.
    let called = poisoning(borrowed, || unsafe { host_code::call(core, call) });
    borrowed.replace_rust_part(before);
    called
}

/// Calls a function that has no place in the code of its caller, and converts its error.
#[cold]
#[inline(never)]
fn out_of_line<T, E: From<Error>>(slow: impl FnOnce() -> Result<T>) -> core::result::Result<T, E> {
    slow().map_err(E::from)
}

/// Runs `operation`. If it panics or returns [`Error::Internal`], the store is poisoned. A
/// panic continues in the caller.
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
