//! External bytes: memory outside the heap that objects keep alive. Many of them bring
//! the next collection forward (HEAP-12), or begin a cycle and hasten it (HEAP-109). The
//! configuration may limit them (HEAP-53).

use crate::error::Error;
use crate::host::HostEntry;
use crate::roots::Handle;
use crate::store::protocol::{Attempt, OnDemand, Request, Stop};
use crate::store::{Cold, Store};

impl Store {
    /// Whether the configuration limits external bytes.
    pub(in crate::store) fn limits_external_bytes(&self) -> bool {
        self.engine.config().external_limit() > 0
    }

    /// Makes sure that an object's external bytes may change from `before` to `now`
    /// (HEAP-53). Changes nothing.
    ///
    /// Errors: [`Request::ExternalBytes`] if a collection may help and has not run yet, or
    /// [`Request::Collection`] if the caller runs collections itself; [`Error::NoGc`] if it
    /// must not run; [`Error::ExternalLimit`].
    pub(in crate::store) fn admit_external_bytes(&self, before: u64, now: u64) -> Attempt<()> {
        let limit = self.engine.config().external_limit();
        let used = self.host.held_bytes();
        let wanted = used - u128::from(before) + u128::from(now);
        if limit == 0 || now <= before || wanted <= u128::from(limit) {
            return Ok(());
        }
        let refused = Error::ExternalLimit {
            requested: now - before,
            used: u64::try_from(used).unwrap_or(u64::MAX),
            waiting: self.host.waiting_bytes(),
            limit,
        };
        let answers = self.answers.get();
        if !self.collects() || now > limit || answers.made_external_room {
            return Err(refused.into());
        }
        let spans = self.mutator.no_gc_spans();
        if spans > 0 {
            return Err(Error::NoGc { spans }.into());
        }
        Err(match answers.on_demand {
            OnDemand::Collect => Stop::Ask(Request::ExternalBytes),
            OnDemand::Ask => Stop::Ask(Request::Collection),
            OnDemand::Done => Stop::Refused(refused),
        })
    }

    /// Sets the external bytes of an externref. May ask for a collection if the
    /// configuration limits external bytes.
    ///
    /// Errors: as [`Store::externref`] and [`Store::admit_external_bytes`].
    pub(crate) fn externref_set_external_bytes(
        &self,
        handle: Handle,
        external_bytes: u64,
    ) -> Attempt<()> {
        let (index, entry) = self.externref(handle)?;
        self.replace_external_bytes(index, entry, external_bytes)
    }

    /// Adds `difference` to the external bytes of an externref. May ask for a collection if
    /// the configuration limits external bytes.
    ///
    /// Errors: as [`Store::externref`] and [`Store::admit_external_bytes`];
    /// [`Error::FewExternalBytes`] if the sum is negative; [`Error::Limit`] if it needs more
    /// than 64 bits.
    pub(crate) fn externref_adjust_external_bytes(
        &self,
        handle: Handle,
        difference: i64,
    ) -> Attempt<()> {
        let (index, entry) = self.externref(handle)?;
        let bytes = entry.external_bytes;
        let sum = bytes
            .checked_add_signed(difference)
            .ok_or(if difference < 0 {
                Error::FewExternalBytes { difference, bytes }
            } else {
                Error::Limit {
                    what: "external bytes of an externref",
                    limit: u64::MAX,
                }
            })?;
        self.replace_external_bytes(index, entry, sum)
    }

    /// Sets the external bytes of the externref with this entry at `index`.
    ///
    /// Errors: as [`Store::admit_external_bytes`].
    fn replace_external_bytes(
        &self,
        index: u64,
        mut entry: HostEntry,
        external_bytes: u64,
    ) -> Attempt<()> {
        self.admit_external_bytes(entry.external_bytes, external_bytes)?;
        let before = core::mem::replace(&mut entry.external_bytes, external_bytes);
        self.host.replace(index, entry);
        self.cold
            .borrow_mut()
            .count_external(self, before, external_bytes);
        Ok(())
    }
}

impl Cold {
    /// Counts that an object's external bytes changed from `before` to `now`. If the
    /// bytes since the last full collection are over the budget, the next allocation collects.
    pub(in crate::store) fn count_external(&mut self, store: &Store, before: u64, now: u64) {
        self.external_allocated = self
            .external_allocated
            .saturating_add(now.saturating_sub(before))
            .saturating_sub(before.saturating_sub(now));
        self.update_external(store);
    }

    /// Whether external bytes are due for a collection.
    pub(in crate::store) fn is_external_due(&self) -> bool {
        self.external_allocated >= self.external_due
    }

    /// Whether external bytes are over two budgets, so that a cycle could not end in time.
    pub(in crate::store) fn is_external_far_over(&self) -> bool {
        self.external_allocated / 2 >= self.external_budget
    }

    /// Sends allocations to the slow path while external bytes are due for a collection, or for a
    /// step of the cycle that is under way.
    pub(in crate::store) fn update_external(&mut self, store: &Store) {
        let is_due = self.is_external_due() && store.collects();
        self.external_minor &= is_due;
        store.external_pressure.set(is_due);
        let owes_step = self.cycles.owes_external_step(self.external_allocated);
        store.external_step.set(owes_step);
        store.update_slow_path();
    }

    /// Takes the external bytes that a minor collection has freed out of those that count.
    pub(in crate::store) fn forget_freed_external(&mut self, store: &Store, freed: u64) {
        self.external_allocated = self.external_allocated.saturating_sub(freed);
        self.update_external(store);
    }

    /// Moves the next collection away by a budget, because a cycle begins.
    pub(in crate::store) fn postpone_external(&mut self) {
        self.external_due = self.external_allocated.saturating_add(self.external_budget);
    }

    /// Takes [`Cold::postpone_external`] back, because the cycle is dropped. It began with a minor
    /// collection.
    pub(in crate::store) fn recall_external(&mut self, store: &Store) {
        self.external_due = self.external_budget;
        self.external_minor = self.is_external_far_over();
        self.update_external(store);
    }
}
