//! What a collection does with the entries: it traces the values of keys that it reaches,
//! and sweeps the entries of keys that died.
//!
//! A sweep has three phases. The first moves the survivors to the front of the array. The
//! second empties the index. The third builds the index of the survivors, in hash tables that
//! have room for them. A budget may end any phase, and the next call continues there.

use super::index::BATCH;
use super::table::{Entries, Entry, NONE, OF_KEY, Sweep};
use crate::base::dirty_groups::DirtyGroups;
use crate::base::work;
use crate::error::{Error, Result};
use crate::heap::{Budget, GcRef, LOOKUP, Liveness, Progress, Trace, WeakTable};

impl Entries {
    /// Begins to trace values. The program changes the entries between the steps if `between`.
    pub(in crate::store::containers::weak_maps) fn begin_trace(&mut self, between: bool) {
        self.traced = (!between).then_some(0);
        self.visited = 0;
        self.tracing = NONE;
    }

    /// Traces the values of keys that never die: keys that are not objects.
    pub(in crate::store::containers::weak_maps) fn trace_immortal(
        &mut self,
        trace: &mut Trace<'_>,
        budget: &mut Budget,
    ) -> Result<Progress> {
        let left = self.entries.len() - self.visited;
        let now = budget.take(left, LOOKUP);
        work::count(now * LOOKUP as usize);
        for at in self.visited..self.visited + now {
            if self.entries[at].key.is_i31() {
                self.trace_value(at as u32, trace)?;
            }
        }
        if now < left {
            self.visited += now;
            return Ok(Progress::Continue);
        }
        self.visited = 0;
        Ok(Progress::Complete)
    }

    /// Traces the values of a key, as far as the budget allows. The next call, with the same
    /// key, continues.
    ///
    /// Errors: [`Error::Internal`] if no map has the key.
    pub(in crate::store::containers::weak_maps) fn trace_values(
        &mut self,
        key: GcRef,
        trace: &mut Trace<'_>,
        budget: &mut Budget,
    ) -> Result<Progress> {
        if self.tracing == NONE {
            self.tracing = match self.first_of_key(key) {
                Some(first) => first,
                // The program has removed its entries.
                None if self.traced.is_none() => return Ok(Progress::Complete),
                None => {
                    return Err(Error::internal(
                        "a key that is in no weak map",
                        key.raw().into(),
                    ));
                }
            };
        }
        while self.tracing != NONE {
            if budget.is_spent() {
                return Ok(Progress::Continue);
            }
            // Four lookups for each value: the key's place in a hash table, the entry, the
            // value, and the value's object.
            budget.spend(4 * LOOKUP);
            work::count(LOOKUP as usize);
            let at = self.tracing;
            self.trace_value(at, trace)?;
            self.tracing = self.entries[at as usize].links[OF_KEY].next;
        }
        Ok(Progress::Complete)
    }

    fn trace_value(&mut self, at: u32, trace: &mut Trace<'_>) -> Result<()> {
        let value = GcRef::from_raw(self.value(at).get());
        if value.is_object() {
            self.value(at).set(trace(value)?.raw());
        }
        self.traced = self.traced.map(|count| count + 1);
        Ok(())
    }

    /// Visits `count` places from `at` on, and moves the entries whose key is alive
    /// behind the `kept` entries at the front. Returns the new number of entries at the
    /// front.
    fn compact(
        &mut self,
        at: usize,
        count: usize,
        mut kept: usize,
        liveness: &Liveness<'_>,
    ) -> Result<usize> {
        work::count(count * LOOKUP as usize);
        for at in at..at + count {
            let entry = self.entries[at];
            let alive = match entry.key {
                null if null.is_null() => None,
                object if object.is_object() => liveness.current_ref(object)?,
                i31 => Some(i31),
            };
            let Some(key) = alive else {
                continue;
            };
            self.entries[kept] = Entry { key, ..entry };
            let value = self.values[at].reference.get();
            self.values[kept].reference.set(value);
            kept += 1;
        }
        Ok(kept)
    }

    /// Ends the first phase of a sweep, which kept `kept` entries.
    ///
    /// Errors: [`Error::Internal`] if the value of a kept entry was not traced. Such a
    /// value still refers to the old place of its object. It happens when the bit in the
    /// header of a key was overwritten, so that the collection did not notice the key.
    fn end_compaction(&mut self, kept: usize) -> Result<()> {
        if self.traced.take().is_some_and(|traced| traced != kept) {
            return Err(Error::internal(
                "a value of a weak map that was not traced",
                kept as u64,
            ));
        }
        self.note_use();
        self.entries.truncate(kept);
        self.values.truncate(kept);
        self.begin_clearing();
        Ok(())
    }
}

impl Entries {
    /// Removes the entries whose young keys died, and finds those of the others by where the keys
    /// are now.
    ///
    /// Errors: those of [`Liveness::current_ref`].
    fn sweep_young(&mut self, liveness: &Liveness<'_>) -> Result<()> {
        let young = core::mem::replace(&mut self.young, DirtyGroups::new());
        let outcome = young
            .ranges(self.entries.len())
            .flatten()
            .try_for_each(|at| self.sweep_young_entry(at as u32, liveness));
        self.young = young;
        outcome
    }

    /// Notes that a key has moved.
    pub(in crate::store::containers::weak_maps) fn note_moved(&mut self, old: GcRef, new: GcRef) {
        while let Some(at) = self.first_of_key(old) {
            self.set_key(at, new);
        }
    }

    /// Sets the key of an entry.
    fn set_key(&mut self, at: u32, new: GcRef) {
        let Entry { map, key, .. } = self.entries[at as usize];
        self.remove_from_index(self.entry_hash(map, key), at);
        self.entries[at as usize].key = new;
        self.add_to_index_hashed(self.entry_hash(map, new), at);
    }

    fn sweep_young_entry(&mut self, at: u32, liveness: &Liveness<'_>) -> Result<()> {
        let Entry { map, key, .. } = self.entries[at as usize];
        if !key.is_object() {
            return Ok(());
        }
        let new = liveness.current_ref(key)?;
        if new == Some(key) {
            return Ok(());
        }
        match new {
            Some(new) => self.set_key(at, new),
            None => {
                self.remove_at(self.entry_hash(map, key), at);
            }
        }
        Ok(())
    }
}

impl WeakTable for Entries {
    fn sweep(&mut self, liveness: &Liveness<'_>, budget: &mut Budget) -> Result<Progress> {
        if let Liveness::Promoted { .. } = liveness {
            self.sweep_young(liveness)?;
            return Ok(Progress::Complete);
        }
        let count = self.entries.len();
        if let Sweep::Compact { at, kept } = self.sweep {
            let now = budget.take(count - at, LOOKUP);
            let kept = self.compact(at, now, kept, liveness)?;
            let at = at + now;
            self.sweep = Sweep::Compact { at, kept };
            if at < count {
                return Ok(Progress::Continue);
            }
            self.end_compaction(kept)?;
            self.sweep = Sweep::Clear { at: 0 };
        }
        if let Sweep::Clear { at } = self.sweep {
            if let Some(at) = self.clear_index(at, budget) {
                self.sweep = Sweep::Clear { at };
                return Ok(Progress::Continue);
            }
            self.sweep = Sweep::Index { at: 0 };
        }
        if let Sweep::Index { mut at } = self.sweep {
            while at < self.entries.len() && !budget.is_spent() {
                let few = (budget.left() / (4 * LOOKUP)).clamp(1, BATCH as u64) as usize;
                let few = few.min(self.entries.len() - at);
                at += self.add_batch_to_index(at, few, budget);
            }
            self.sweep = Sweep::Index { at };
            if at < self.entries.len() {
                return Ok(Progress::Continue);
            }
        }
        self.sweep = Sweep::NOT_BEGUN;
        Ok(Progress::Complete)
    }

    fn sweep_between(&mut self, liveness: &Liveness<'_>, budget: &mut Budget) -> Result<Progress> {
        let left = self.entries.len() - self.visited;
        let now = budget.take(left, 2 * LOOKUP);
        work::count(now * LOOKUP as usize);
        for at in self.visited..self.visited + now {
            let Entry { map, key, .. } = self.entries[at];
            if key.is_object() && liveness.current_ref(key)?.is_none() {
                self.remove_at(self.entry_hash(map, key), at as u32);
            }
        }
        self.visited += now;
        Ok(Progress::complete_if(now == left))
    }

    fn restart_sweep(&mut self) {
        self.visited = 0;
    }
}
