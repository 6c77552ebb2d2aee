//! Whether a heap may grow: the embedder's growth callback.
//!
//! An allocation that needs more committed memory than there is does not call the
//! callback itself, since it holds borrows of the store. It notes what it wants,
//! fails, and has changed nothing that a repetition would mind; the driver of
//! foreign code (`finalize.rs`) asks, notes the answer, and repeats it.

use core::ptr::NonNull;

use crate::engine::GrowCallback;
use crate::error::{Error, Result};
use crate::heap::CollectionKind;
use crate::store::{Cold, Store};

/// What an allocation and the driver tell each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Growth {
    /// No allocation waits for an answer.
    Settled,
    /// The allocation wants the heap to have committed so many bytes.
    Wanted {
        committed: u64,
        wanted: u64,
        /// The collection that it has just done.
        collected: Option<CollectionKind>,
    },
    /// The callback's answer. `collected`: another such collection would find no more.
    Answered {
        allowed: bool,
        collected: Option<CollectionKind>,
    },
}

impl Store {
    /// Whether the allocation that just failed waits for an answer.
    pub(in crate::store) fn wants_growth(&self) -> bool {
        matches!(self.growth.get(), Growth::Wanted { .. })
    }

    /// Whether an allocation is repeated with an answer.
    pub(in crate::store) fn repeats_allocation(&self) -> bool {
        matches!(self.growth.get(), Growth::Answered { .. })
    }

    /// The collection that it did before it asked, unless something was unrooted since.
    pub(in crate::store) fn collected_for_growth(&self) -> Option<CollectionKind> {
        match self.growth.get() {
            Growth::Answered { collected, .. } => collected,
            Growth::Settled | Growth::Wanted { .. } => None,
        }
    }

    /// Ends an allocation; what it asks of the callback, if it failed for that.
    pub(in crate::store) fn take_wanted(&self) -> Option<(u64, u64, Option<CollectionKind>)> {
        match self.growth.replace(Growth::Settled) {
            Growth::Wanted {
                committed,
                wanted,
                collected,
            } => Some((committed, wanted, collected)),
            _ => None,
        }
    }
}

/// Asks the callback, with the store busy meanwhile, and notes the answer.
///
/// # Safety
///
/// As for [`run_pending`](crate::store::host_code::finalize::run_pending).
pub(in crate::store) unsafe fn ask(
    store: NonNull<Store>,
    committed: u64,
    wanted: u64,
    collected: Option<CollectionKind>,
) {
    // SAFETY: the caller's promise; the borrows end before the callback begins.
    let callback = unsafe { store.as_ref() }.engine.config().grow_callback();
    let Some(GrowCallback { function, env }) = callback else {
        return;
    };
    // SAFETY: as above.
    unsafe { store.as_ref() }.begin_asking();
    // SAFETY: whoever configured the callback promised that it may be called.
    let allowed = unsafe {
        function(
            env,
            store.as_ptr().cast(),
            committed as usize,
            wanted as usize,
        )
    };
    // SAFETY: the store is still there, since deleting it was refused.
    let store = unsafe { store.as_ref() };
    store.allow_calls();
    // A collection may find now what the callback unrooted (`unroot_later`).
    let collected = collected.filter(|_| !store.manual.has_queued());
    store.growth.set(Growth::Answered { allowed, collected });
}

impl Cold {
    /// Makes room and budget for `bytes` more, if the callback allows: see the
    /// module. `collected` is the collection that the allocation has just done.
    ///
    /// Errors: those of [`GcHeap::grow`](crate::heap::GcHeap::grow),
    /// [`Error::GrowthRefused`], also while the callback is still to be asked.
    pub(in crate::store) fn grow(
        &mut self,
        store: &Store,
        bytes: u64,
        collected: Option<CollectionKind>,
    ) -> Result<()> {
        let heap = self.heap()?;
        let committed = heap.committed_bytes();
        let wanted = heap.committed_after_growth(&store.mutator, bytes)?;
        let asks = store.engine.config().grow_callback().is_some();
        if asks && wanted > committed {
            match store.growth.get() {
                Growth::Answered { allowed: true, .. } => {}
                Growth::Answered { allowed: false, .. } => {
                    return Err(Error::GrowthRefused { wanted });
                }
                Growth::Settled | Growth::Wanted { .. } => {
                    store.growth.set(Growth::Wanted {
                        committed,
                        wanted,
                        collected,
                    });
                    return Err(Error::GrowthRefused { wanted });
                }
            }
        }
        heap.grow(&store.mutator, bytes)
    }
}
