//! Who may call: threads, re-entry, poison (`store.one-thread`).
//!
//! A store's first word, `entry`, equals the owner thread's token combined with
//! the hot block's layout version while calls are allowed, and 0 otherwise. So
//! each call makes one comparison; when it fails, [`Store::enter`] finds out
//! why. Other threads read only `entry` and `owner`.

use std::sync::atomic::Ordering;

use super::Store;
use crate::base::thread;
use crate::error::{Error, Result};

/// What a store is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Calls are allowed.
    Open,
    /// The growth callback is being asked.
    Asking,
    /// A root visitor is being called.
    Visiting,
    /// A collection in steps is under way: it may be continued or cancelled.
    Collecting,
    /// Its deletion has begun.
    Closing,
    /// The library found nonsense, or panicked.
    Poisoned,
}

impl Store {
    /// Whether the calling thread may call. The fast form of [`Store::enter`].
    #[inline(always)]
    pub(crate) fn enter_fast(&self) -> bool {
        thread::may_call(&self.entry)
    }

    /// Whether the calling thread may call.
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
            State::Collecting => Err(collecting()),
            State::Closing => Err(closing()),
            State::Poisoned => Err(Error::internal("the store was poisoned before", 0)),
        }
    }

    /// As [`Store::enter`], and also between the steps of a collection.
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

    fn require_owner(&self) -> Result<()> {
        let (owner, caller) = (self.owner.load(Ordering::Relaxed), thread::token());
        if owner == 0 || owner != caller {
            return Err(Error::WrongThread { owner, caller });
        }
        Ok(())
    }

    /// Refuses inside callbacks of this store that may call it.
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

    /// Gives up the store: any thread may attach it.
    ///
    /// Errors: as [`Store::enter`]; [`Error::Busy`] inside a callback.
    pub(crate) fn detach(&self) -> Result<()> {
        self.require_owner()?;
        self.require_no_callback()?;
        self.enter()?;
        self.entry.store(0, Ordering::Relaxed);
        self.owner.store(0, Ordering::Release);
        Ok(())
    }

    /// Makes the calling thread the owner of a store that no living thread
    /// owns; succeeds if it is already. A poisoned store can be attached too,
    /// to be deleted, and one whose owner ended between the steps of a collection.
    ///
    /// Errors: [`Error::WrongThread`] while another living thread owns it or
    /// was faster, [`Error::Busy`] inside a callback, and, to the owner, between the
    /// steps of a collection, [`Error::SystemMemory`]
    /// if the thread never owned a store and cannot be registered.
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

    /// Makes the calling thread the owner, whoever was, and enters. For stores that
    /// travel between threads by other means than `detach` and `attach`.
    ///
    /// Errors: as [`Store::enter`]; [`Error::Busy`] inside a callback, and
    /// [`Error::SystemMemory`] and [`Error::Limit`] if the thread never owned a
    /// store and cannot be registered.
    ///
    /// # Safety
    ///
    /// No other thread may use the store now, or before the calling one has handed
    /// it on.
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

    /// Begins the deletion of a store that no other thread and no callback uses,
    /// whoever owns it; returns whether it is sound.
    pub(super) fn close(&self) -> bool {
        self.entry.store(0, Ordering::Relaxed);
        self.owner.store(thread::token(), Ordering::Relaxed);
        let before = self.state.replace(State::Closing);
        matches!(before, State::Open | State::Collecting)
    }

    /// Begins the store's deletion: from now on every call is refused. Returns
    /// whether the store is sound.
    ///
    /// Errors: [`Error::WrongThread`], [`Error::Busy`].
    pub(super) fn begin_closing(&self) -> Result<bool> {
        self.require_owner()?;
        self.require_no_callback()?;
        self.require_not_busy()?;
        Ok(self.close())
    }

    fn require_not_busy(&self) -> Result<()> {
        match self.state.get() {
            State::Open | State::Collecting | State::Poisoned => Ok(()),
            State::Asking => Err(asking()),
            State::Visiting => Err(visiting()),
            State::Closing => Err(closing()),
        }
    }

    /// Whether the calling thread may report roots.
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

    /// Refuses all calls while the growth callback is asked.
    pub(super) fn begin_asking(&self) {
        self.refuse_calls(State::Asking);
    }

    /// Refuses other calls until the collection that has begun is over.
    pub(super) fn begin_collecting(&self) {
        self.refuse_calls(State::Collecting);
    }

    fn refuse_calls(&self, state: State) {
        self.entry.store(0, Ordering::Relaxed);
        self.state.set(state);
    }

    /// Refuses all calls but reports while a root visitor is called.
    pub(super) fn begin_visiting(&self) {
        self.refuse_calls(State::Visiting);
    }

    /// Allows calls again, unless a report found nonsense.
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

    /// Refuses all calls from now on but deletion, after nonsense was found in
    /// the store or the library panicked inside it.
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
