//! Which thread may call a store, and when: owner threads, re-entry, poison
//! (`store.one-thread`).
//!
//! A store's first word, `entry`, equals its owner's entry word while calls are allowed:
//! the thread's token, combined with the version of the hot block's layout. At other
//! times it is 0. So each call makes one comparison (HOST-3). When it fails,
//! [`Store::enter`] finds out which error to return. Other threads read only `entry` and
//! `owner`.

use std::sync::atomic::Ordering;

use super::Store;
use crate::base::thread;
use crate::error::{Error, Result};

/// What a store is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Calls are allowed.
    Open,
    /// The growth callback is running.
    Asking,
    /// A root visitor is running.
    Visiting,
    /// The wake callback is running.
    Waking,
    /// A collection in steps is under way. It may be continued or cancelled.
    Collecting,
    /// It is being deleted.
    Closing,
    /// The library found it inconsistent, or panicked inside it.
    Poisoned,
}

impl Store {
    /// Whether the calling thread may call now. The fast form of [`Store::enter`].
    #[inline(always)]
    pub(crate) fn enter_fast(&self) -> bool {
        thread::may_call(&self.entry)
    }

    /// Fails unless the calling thread may call now.
    ///
    /// Errors: [`Error::WrongThread`], [`Error::Busy`], [`Error::Internal`].
    pub(crate) fn enter(&self) -> Result<()> {
        if self.enter_fast() {
            return Ok(());
        }
        self.require_owner()?;
        match self.state.get() {
            State::Open => Err(Error::internal("a wrong entry word", 0)),
            State::Asking => Err(asking()),
            State::Visiting => Err(visiting()),
            State::Waking => Err(waking()),
            State::Collecting => Err(collecting()),
            State::Closing => Err(closing()),
            State::Poisoned => Err(Error::internal("the store was poisoned before", 0)),
        }
    }

    /// Same as [`Store::enter`], but also succeeds between the steps of a collection.
    pub(crate) fn enter_between_steps(&self) -> Result<()> {
        match self.enter() {
            Err(Error::Busy { .. }) if self.is_collecting() => Ok(()),
            outcome => outcome,
        }
    }

    /// Whether a collection in steps is under way.
    pub(crate) fn is_collecting(&self) -> bool {
        self.state.get() == State::Collecting
    }

    /// Fails unless the calling thread owns the store.
    ///
    /// Errors: [`Error::WrongThread`].
    fn require_owner(&self) -> Result<()> {
        let (owner, caller) = (self.owner.load(Ordering::Relaxed), thread::token());
        if owner == 0 || owner != caller {
            return Err(Error::WrongThread { owner, caller });
        }
        Ok(())
    }

    /// Fails inside a finalizer or a host function of this store.
    ///
    /// Errors: [`Error::Busy`].
    pub(super) fn require_no_callback(&self) -> Result<()> {
        let during = if self.in_finalizer.get() {
            "inside a finalizer of this store"
        } else if self.call_depth.get() > 0 {
            "inside a host function of this store"
        } else {
            return Ok(());
        };
        Err(Error::Busy { during })
    }

    /// Gives up the store, so that any thread may attach it.
    ///
    /// Errors: those of [`Store::enter`]; [`Error::Busy`] inside a callback.
    pub(crate) fn detach(&self) -> Result<()> {
        self.require_owner()?;
        self.require_no_callback()?;
        self.enter()?;
        self.entry.store(0, Ordering::Relaxed);
        self.owner.store(0, Ordering::Release);
        Ok(())
    }

    /// Makes the calling thread the owner of a store that no living thread owns. Does
    /// nothing if the calling thread is already the owner.
    ///
    /// A poisoned store can be attached too, to be deleted (HOST-6), and a store whose
    /// owner ended between the steps of a collection (HOST-7).
    ///
    /// Errors:
    ///
    /// * [`Error::WrongThread`] while another living thread owns the store, or if another
    ///   thread attached it first;
    /// * [`Error::Busy`] for the owner, inside a callback and between the steps of a
    ///   collection;
    /// * [`Error::SystemMemory`] and [`Error::Limit`] if the thread has never owned a
    ///   store and cannot be registered.
    pub(crate) fn attach(&self) -> Result<()> {
        let caller = thread::token();
        let owner = self.owner.load(Ordering::Acquire);
        if owner != 0 && owner == caller {
            self.require_not_busy()?;
            if self.is_collecting() {
                return Err(collecting());
            }
            return self.require_no_callback();
        }
        if owner != 0 && thread::lives(owner) {
            return Err(Error::WrongThread { owner, caller });
        }
        let caller = thread::token_or_new()?;
        self.owner
            .compare_exchange(owner, caller, Ordering::Acquire, Ordering::Relaxed)
            .map_err(|owner| Error::WrongThread { owner, caller })?;
        if self.state.get() == State::Open {
            self.entry
                .store(thread::entry_word_of(caller), Ordering::Relaxed);
        }
        Ok(())
    }

    /// Makes the calling thread the owner, whichever thread was, and enters the store.
    /// For stores that move between threads without `detach` and `attach`.
    ///
    /// Errors: those of [`Store::enter`]; [`Error::Busy`] inside a callback;
    /// [`Error::SystemMemory`] and [`Error::Limit`] if the thread has never owned a store
    /// and cannot be registered.
    ///
    /// # Safety
    ///
    /// No other thread may be using the store. None may use it before the calling thread
    /// has handed it on.
    #[cold]
    pub(crate) unsafe fn adopt(&self) -> Result<()> {
        if self.require_owner().is_err() {
            self.require_not_busy()?;
            self.require_no_callback()?;
            let owner = thread::token_or_new()?;
            self.owner.store(owner, Ordering::Relaxed);
            if self.state.get() == State::Open {
                self.entry
                    .store(thread::entry_word_of(owner), Ordering::Relaxed);
            }
        }
        self.enter()
    }

    /// Begins the deletion of a store that no other thread and no callback is using,
    /// whichever thread owns it. From now on every call is refused. Returns whether the
    /// store is sound, that is, not poisoned.
    pub(super) fn close(&self) -> bool {
        self.entry.store(0, Ordering::Relaxed);
        self.owner.store(thread::token(), Ordering::Relaxed);
        let before = self.state.replace(State::Closing);
        matches!(before, State::Open | State::Collecting)
    }

    /// Same as [`Store::close`], for the owner only and not inside a callback.
    ///
    /// Errors: [`Error::WrongThread`], [`Error::Busy`].
    pub(super) fn begin_closing(&self) -> Result<bool> {
        self.require_owner()?;
        self.require_no_callback()?;
        self.require_not_busy()?;
        Ok(self.close())
    }

    /// Fails while host code runs that must not call the store, and during deletion.
    ///
    /// Errors: [`Error::Busy`].
    fn require_not_busy(&self) -> Result<()> {
        match self.state.get() {
            State::Open | State::Collecting | State::Poisoned => Ok(()),
            State::Asking => Err(asking()),
            State::Visiting => Err(visiting()),
            State::Waking => Err(waking()),
            State::Closing => Err(closing()),
        }
    }

    /// Fails unless the calling thread may report root ranges now.
    ///
    /// Errors: [`Error::WrongThread`]; [`Error::Busy`] outside root visitors;
    /// [`Error::Internal`].
    pub(crate) fn enter_visiting(&self) -> Result<()> {
        self.require_owner()?;
        if self.state.get() == State::Visiting {
            return Ok(());
        }
        self.enter()?;
        Err(Error::Busy {
            during: "outside the root visitors of this store",
        })
    }

    /// Refuses all calls, while the growth callback runs.
    pub(super) fn begin_asking(&self) {
        self.refuse_calls(State::Asking);
    }

    /// Refuses all calls, while the wake callback runs.
    pub(super) fn begin_waking(&self) {
        self.refuse_calls(State::Waking);
    }

    /// Refuses all calls except steps and cancellation, until the collection is over.
    pub(super) fn begin_collecting(&self) {
        self.refuse_calls(State::Collecting);
    }

    fn refuse_calls(&self, state: State) {
        self.entry.store(0, Ordering::Relaxed);
        self.state.set(state);
    }

    /// Refuses all calls except reports, while a root visitor runs.
    pub(super) fn begin_visiting(&self) {
        self.refuse_calls(State::Visiting);
    }

    /// Allows calls again after a root visitor, unless a report has poisoned the store.
    pub(super) fn end_visiting(&self) {
        if self.state.get() == State::Visiting {
            self.allow_calls();
        }
    }

    /// Allows calls again.
    pub(super) fn allow_calls(&self) {
        self.state.set(State::Open);
        let owner = self.owner.load(Ordering::Relaxed);
        self.entry
            .store(thread::entry_word_of(owner), Ordering::Relaxed);
    }

    /// Refuses all calls except deletion from now on. For a store that the library found
    /// inconsistent or panicked inside.
    pub(crate) fn poison(&self) {
        self.entry.store(0, Ordering::Relaxed);
        let states = [State::Open, State::Visiting, State::Collecting];
        if states.contains(&self.state.get()) {
            self.state.set(State::Poisoned);
        }
    }
}

fn asking() -> Error {
    Error::Busy {
        during: "inside the growth callback of this store",
    }
}

fn visiting() -> Error {
    Error::Busy {
        during: "inside a root visitor of this store",
    }
}

fn waking() -> Error {
    Error::Busy {
        during: "inside the wake callback of this store",
    }
}

fn collecting() -> Error {
    Error::Busy {
        during: "between the steps of a collection of this store",
    }
}

fn closing() -> Error {
    Error::Busy {
        during: "while the store is being deleted",
    }
}
