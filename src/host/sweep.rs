//! The sweep of the host-data table at the end of a collection.
//!
//! A collection sweeps the table and does not visit dead objects (OBJECTS-8): an entry
//! whose object has died becomes free, or pending if it has a finalizer. The sweep links
//! the free entries in their order and leaves out those at the end, so later sweeps are short
//! when most objects have died. The table's memory shrinks later (OBJECTS-11, HEAP-43).
//!
//! Cost: a lookup for each entry of the table. A sweep may be done in several steps.

use super::entry::{
    END, FREE, FUNCTION, PENDING, PENDING_OLD, RELEASED, has_store, in_use, is_old,
};
use super::store_finalizer::old_link;
use super::table::{HostData, Sweep};
use crate::base::work;
use crate::error::{Error, Result};
use crate::heap::{Budget, GcRef, LOOKUP, Liveness, Progress, WeakTable};

impl HostData {
    /// Ends the entry of an object that died. It becomes pending if it has a finalizer.
    /// Otherwise it is free: this returns true, and the caller puts it on the free list.
    #[inline(always)]
    fn on_death(&self, index: u32) -> bool {
        if self.has_external_bytes(index) {
            return self.on_death_of_other(index);
        }
        if !self.has_finalizer(index) {
            self.set_tag(index, core::ptr::null());
            return true;
        }
        let link = self.link(index);
        if has_store(link) {
            return self.on_death_of_other(index);
        }
        self.set_tag(index, core::ptr::null());
        self.make_pending(index, self.pending_state(link));
        false
    }

    /// [`HostData::on_death`] for an entry with external bytes, or with a finalizer that gets
    /// the store.
    #[inline(never)]
    fn on_death_of_other(&self, index: u32) -> bool {
        let entry = self.read(index);
        let external_bytes = entry.external_bytes();
        if external_bytes > 0 {
            self.external_bytes
                .set(self.external_bytes.get() - external_bytes);
        }
        self.clear(index);
        let (data, finalizer) = entry.queued();
        if finalizer.is_some() {
            self.wait_for_finalizer(index, external_bytes);
            self.set_data(index, data);
            self.make_pending(index, self.pending_state(entry.link));
        }
        finalizer.is_none()
    }

    /// The `object` of an entry that becomes pending and was in use with this `link`.
    #[inline(always)]
    fn pending_state(&self, link: u32) -> u32 {
        if is_old(link) || self.all_old.get() {
            PENDING_OLD
        } else {
            PENDING
        }
    }

    /// Ends the entries of all objects when the store is deleted. A sweep may be
    /// unfinished: each entry is in one of its states even then.
    pub(crate) fn on_store_end(&self) {
        for index in 0..self.used.get() {
            if in_use(self.object(index)) && self.on_death(index) {
                self.put_on_free_list(index);
            }
        }
    }

    /// The number of entries that a sweep visits.
    pub(crate) fn swept(&self) -> u64 {
        self.used.get().into()
    }

    /// Continues a sweep down to the entry at `stop`. `current` returns the reference that
    /// an object has now, or `None` if the object died.
    ///
    /// Errors: those of `current`.
    #[inline(always)]
    fn sweep_to(
        &self,
        stop: u32,
        sweep: &mut Sweep,
        current: impl Fn(GcRef) -> Result<Option<GcRef>>,
    ) -> Result<()> {
        let all_old = self.all_old.get();
        let Sweep {
            mut used, mut free, ..
        } = *sweep;
        for index in (stop..sweep.at).rev() {
            let object = self.object(index);
            let is_free = if in_use(object) {
                match current(GcRef::from_raw(object & !FUNCTION))? {
                    Some(new) => {
                        self.set_object(index, new.raw() | object & FUNCTION);
                        if all_old {
                            self.set_link(index, old_link(self.link(index)));
                        }
                        false
                    }
                    None => self.on_death(index),
                }
            } else {
                // A released entry leaves the table at its end only.
                object == FREE || object == RELEASED && index + 1 == used
            };
            if is_free && index + 1 == used {
                used = index;
            } else if is_free {
                self.set(index, FREE, free);
                free = index;
            }
        }
        *sweep = Sweep {
            at: stop,
            used,
            free,
        };
        Ok(())
    }
}

impl HostData {
    /// Ends the entries whose young objects died, and updates those of the others.
    ///
    /// Errors: those of [`Liveness::current_ref`].
    fn sweep_young(&self, liveness: &Liveness<'_>) -> Result<()> {
        for range in self.young.ranges(self.used.get() as usize) {
            // The first entry of the range becomes the first on the free list.
            for index in range.rev().map(|index| index as u32) {
                let object = self.object(index);
                if !in_use(object) {
                    continue;
                }
                match liveness.current_ref(GcRef::from_raw(object & !FUNCTION))? {
                    Some(new) => self.set_object(index, new.raw() | object & FUNCTION),
                    None if self.on_death(index) => self.put_on_free_list(index),
                    None => {}
                }
            }
        }
        Ok(())
    }

    /// Ends the entries of dead objects among the `count` entries from `at` on.
    ///
    /// Errors: those of [`Liveness::current_ref`].
    fn sweep_in_place(&self, at: u32, count: u32, liveness: &Liveness<'_>) -> Result<()> {
        for index in at..at + count {
            let object = self.object(index);
            if in_use(object)
                && liveness
                    .current_ref(GcRef::from_raw(object & !FUNCTION))?
                    .is_none()
                && self.on_death(index)
            {
                self.put_on_free_list(index);
            }
        }
        Ok(())
    }

    /// Notes that the object of the entry at `index` has moved.
    ///
    /// Errors: [`Error::Internal`] if the entry is of another object.
    pub(crate) fn note_moved(&self, index: u64, old: GcRef, new: GcRef) -> Result<()> {
        let entry = u32::try_from(index).ok().filter(|&at| at < self.used.get());
        let wrong = Error::internal("host data of another object", index);
        let index = entry.ok_or(wrong)?;
        let object = self.object(index);
        if !in_use(object) || object & !FUNCTION != old.raw() {
            return Err(wrong);
        }
        self.set_object(index, new.raw() | object & FUNCTION);
        Ok(())
    }

    /// Notes that no entry has a young object.
    pub(crate) fn forget_young(&self) {
        self.young.clear(self.capacity() as usize);
    }
}

impl WeakTable for &HostData {
    fn sweep(&mut self, liveness: &Liveness<'_>, budget: &mut Budget) -> Result<Progress> {
        if let Liveness::Promoted { .. } = liveness
            && !self.all_old.get()
        {
            self.sweep_young(liveness)?;
            return Ok(Progress::Complete);
        }
        let used = self.used.get();
        let mut sweep = self.sweep.get().unwrap_or(Sweep {
            at: used,
            used,
            free: END,
        });
        let now = budget.take(sweep.at as usize, LOOKUP) as u32;
        work::count(now as usize * LOOKUP as usize);
        let stop = sweep.at - now;
        // Each kind has a loop of its own. A copy of the liveness stays in registers: writing
        // entries cannot change it.
        match *liveness {
            moved @ Liveness::Moved { .. } => {
                self.sweep_to(stop, &mut sweep, |old| moved.current_ref(old))?;
            }
            in_place @ Liveness::InPlace { .. } => {
                self.sweep_to(stop, &mut sweep, |old| in_place.current_ref(old))?;
            }
            Liveness::Promoted { space } => {
                self.sweep_to(stop, &mut sweep, |old| space.ref_after_promotion(old))?;
            }
            Liveness::Marked { space } => {
                self.sweep_to(stop, &mut sweep, |old| space.current_ref(old))?;
            }
            between @ Liveness::MarkedBetween { .. } => {
                self.sweep_to(stop, &mut sweep, |old| between.current_ref(old))?;
            }
        }
        if sweep.at > 0 {
            self.sweep.set(Some(sweep));
            return Ok(Progress::Continue);
        }
        self.sweep.set(None);
        let mut shrinking = self.shrinking.get();
        shrinking.note(used as usize);
        self.shrinking.set(shrinking);
        self.used.set(sweep.used);
        self.free.set(sweep.free);
        self.all_old.set(false);
        Ok(Progress::Complete)
    }

    fn sweep_between(&mut self, liveness: &Liveness<'_>, budget: &mut Budget) -> Result<Progress> {
        let at = self.visited.get().min(self.used.get());
        let left = self.used.get() - at;
        let now = budget.take(left as usize, LOOKUP) as u32;
        work::count(now as usize * LOOKUP as usize);
        self.sweep_in_place(at, now, liveness)?;
        self.visited.set(at + now);
        Ok(Progress::complete_if(now == left))
    }

    fn restart_sweep(&mut self) {
        self.visited.set(0);
    }
}
