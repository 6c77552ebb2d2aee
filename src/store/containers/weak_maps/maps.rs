//! The weak maps of a store: their handles and their entries.

use super::entries::{Entries, Removed, Vacant};

use crate::base::dirty_groups::DirtyGroups;
use crate::base::side_meter::SideMeter;
use crate::error::Result;
use crate::heap::{
    Budget, CollectionKind, Ephemerons, GcRef, Liveness, Progress, RootSlot, Trace, WeakTable,
};
use crate::roots::FreeListSlots;

/// A store's weak maps. Parameters called `map` are the index of a map that exists.
#[derive(Debug)]
pub(crate) struct WeakMaps {
    /// One slot for each map, at the map's index. The slots refer to nothing.
    handles: FreeListSlots<0>,
    pub(super) entries: Entries,
}

impl WeakMaps {
    /// No maps. Allocates nothing. The slots of handles count as having issued all
    /// generations up to `generation`, which is even.
    pub(crate) fn starting_at(generation: u32) -> WeakMaps {
        WeakMaps {
            handles: FreeListSlots::starting_at(generation),
            entries: Entries::new(),
        }
    }

    /// The same maps, bounded by a meter.
    pub(crate) fn limited_by(mut self, side: &SideMeter) -> WeakMaps {
        self.handles = self.handles.limited_by(side);
        self
    }

    /// Makes a map. Returns the slot word of its handle.
    ///
    /// Errors: [`Error::Limit`](crate::error::Error::Limit),
    /// [`Error::SystemMemory`](crate::error::Error::SystemMemory).
    pub(crate) fn create(&mut self) -> Result<u64> {
        self.handles.reserve()?;
        self.entries
            .make_maps(self.handles.span().len(), self.handles.side())?;
        Ok(self.handles.allocate(GcRef::NULL))
    }

    /// Whether a map exists whose handle has this index and this generation.
    pub(crate) fn has(&self, index: u32, generation: u32) -> bool {
        self.handles.get(index, generation).is_some()
    }

    /// Ends the map whose handle has this index and this generation. It must be empty.
    pub(crate) fn release(&mut self, index: u32, generation: u32) {
        debug_assert!(self.entries.count(index) == 0);
        self.handles.release(index, generation);
    }

    /// The number of entries of a map.
    pub(crate) fn count(&self, map: u32) -> u32 {
        self.entries.count(map)
    }

    /// The value of a key; `None` if the map has no entry of this key.
    pub(crate) fn get(&self, map: u32, key: GcRef) -> Option<GcRef> {
        self.entries.get(map, key)
    }

    /// Replaces the value of a key. If the map has no entry of this key, returns where it
    /// would be.
    pub(crate) fn replace(&mut self, map: u32, key: GcRef, value: GcRef) -> Option<Vacant> {
        self.entries.replace(map, key, value)
    }

    /// Makes room for one more entry. Returns the number of keys that there may be then.
    ///
    /// Errors: [`Error::Limit`](crate::error::Error::Limit),
    /// [`Error::SystemMemory`](crate::error::Error::SystemMemory).
    pub(crate) fn reserve_one(&mut self) -> Result<usize> {
        self.entries.reserve_one(self.handles.side())?;
        Ok(self.key_count() + 1)
    }

    /// Adds an entry. [`WeakMaps::reserve_one`] must have made room.
    pub(crate) fn insert(&mut self, vacant: Vacant, value: GcRef) {
        self.entries.insert(vacant, value);
    }

    /// Removes the entry of a key, if the map has one.
    pub(crate) fn remove(&mut self, map: u32, key: GcRef) -> Option<Removed> {
        self.entries.remove(map, key)
    }

    /// Removes any one entry of a map, if it has one.
    pub(crate) fn remove_any(&mut self, map: u32) -> Option<Removed> {
        self.entries.remove_any(map)
    }

    /// The keys of all maps, each once.
    pub(crate) fn keys(&self) -> impl Iterator<Item = GcRef> {
        self.entries.keys()
    }

    /// Notes that a key has moved.
    pub(crate) fn note_moved(&mut self, old: GcRef, new: GcRef) {
        self.entries.note_moved(old, new);
    }

    /// The keys of all entries, and their values.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (GcRef, GcRef)> {
        self.entries.pairs()
    }

    /// The number of keys.
    pub(crate) fn key_count(&self) -> usize {
        self.entries.key_count()
    }

    /// The values of all entries, for a collection that has them as roots. Free slots
    /// hold null. The slots stay in place until an entry is added or the entries are
    /// swept.
    pub(crate) fn values(&self) -> &[RootSlot] {
        self.entries.values()
    }

    /// The values, or their keys, that may be young.
    pub(crate) fn young(&self) -> &DirtyGroups {
        self.entries.young()
    }

    /// Notes that no key and no value is young.
    pub(crate) fn forget_young(&mut self) {
        self.entries.forget_young();
    }

    /// The number of bytes that a sweep visits.
    pub(crate) fn swept_bytes(&self) -> u64 {
        self.entries.swept_bytes()
    }

    /// Gives back the free handles at the end, in whole pages (ROOTS-28), the maps that they
    /// named, and the room that the present entries do not need.
    pub(crate) fn give_back(&mut self) {
        self.handles.give_back();
        self.entries.truncate_maps(self.handles.span().len());
        self.entries.give_back();
    }

    /// The bytes of memory that handles and entries have.
    pub(crate) fn side_bytes(&self) -> u64 {
        self.handles.side_bytes() + self.entries.side_bytes()
    }

    /// Trims the handles of maps, as far as the budget allows.
    pub(crate) fn trim_handles(&self, budget: &mut Budget) -> Progress {
        self.handles.trim(budget)
    }

    /// Forgets the maps whose handles were trimmed, and in a major collection gives back
    /// memory, as far as the budget allows.
    pub(crate) fn trim_entries(&mut self, kind: CollectionKind, budget: &mut Budget) -> Progress {
        self.entries.truncate_maps(self.handles.span().len());
        match kind {
            CollectionKind::Minor => Progress::Complete,
            CollectionKind::Major => self.entries.trim(budget),
        }
    }

    /// Checks the handles and the entries.
    ///
    /// Errors: [`Error::Internal`](crate::error::Error::Internal).
    pub(crate) fn check(&self) -> Result<()> {
        self.handles.check()?;
        let slots = self.handles.span();
        self.entries.check(|map| {
            slots
                .get(map as usize)
                .is_some_and(|slot| slot.generation.get() & 1 == 1)
        })
    }
}

impl WeakTable for WeakMaps {
    fn sweep(&mut self, liveness: &Liveness<'_>, budget: &mut Budget) -> Result<Progress> {
        self.entries.sweep(liveness, budget)
    }

    fn sweep_between(&mut self, liveness: &Liveness<'_>, budget: &mut Budget) -> Result<Progress> {
        self.entries.sweep_between(liveness, budget)
    }

    fn restart_sweep(&mut self) {
        self.entries.restart_sweep();
    }
}

impl Ephemerons for WeakMaps {
    fn begin_trace(&mut self, between: bool) {
        self.entries.begin_trace(between);
    }

    fn trace_immortal(&mut self, trace: &mut Trace<'_>, budget: &mut Budget) -> Result<Progress> {
        self.entries.trace_immortal(trace, budget)
    }

    fn trace_values(
        &mut self,
        key: GcRef,
        trace: &mut Trace<'_>,
        budget: &mut Budget,
    ) -> Result<Progress> {
        self.entries.trace_values(key, trace, budget)
    }
}
