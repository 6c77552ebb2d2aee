//! Weak maps: values that are alive while their keys are.
//!
//! A store has one table for the entries of all its maps (`entries.rs`), and handles
//! that name the maps as weak handles name objects. An entry is found by its map and
//! key, and by its key alone when a collection reaches that ([`Ephemerons`]).
//!
//! Neither keys nor values go through barriers: they are references from outside the
//! heap, as roots are. A collector that counts references does not count them. Keys are
//! swept with the weak tables. Values are traced when their keys are reached; a
//! collection that does not trace everything has them among its roots
//! ([`WeakMaps::values`]).

use super::entries::{Entries, Removed};

use crate::error::{Error, Result};
use crate::heap::{Budget, Ephemerons, GcRef, Liveness, Progress, RootSlot, Trace, WeakTable};
use crate::roots::FreeListSlots;

/// A store's weak maps.
#[derive(Debug)]
pub(crate) struct WeakMaps {
    /// A handle's slot refers to nothing; its index is the map's.
    handles: FreeListSlots<0>,
    pub(super) entries: Entries,
}

impl WeakMaps {
    /// No maps, which allocates nothing. Slots have issued all generations up to this
    /// one, an even one.
    pub(crate) fn starting_at(generation: u32) -> WeakMaps {
        WeakMaps {
            handles: FreeListSlots::starting_at(generation),
            entries: Entries::new(),
        }
    }

    /// Makes a map; returns its handle's slot word.
    ///
    /// Errors: [`Error::Limit`], [`Error::SystemMemory`].
    pub(crate) fn create(&mut self) -> Result<u64> {
        self.handles.reserve()?;
        self.entries.make_maps(self.handles.span().len())?;
        Ok(self.handles.allocate(GcRef::NULL))
    }

    /// Whether there is a map whose handle has these bits. In what follows `map` is
    /// the index of one.
    pub(crate) fn has(&self, index: u32, generation: u32) -> bool {
        self.handles.get(index, generation).is_some()
    }

    /// Ends a map, which must be empty, whose handle has these bits.
    pub(crate) fn release(&mut self, index: u32, generation: u32) {
        debug_assert!(self.entries.count(index) == 0);
        self.handles.release(index, generation);
    }

    /// How many entries a map has.
    pub(crate) fn count(&self, map: u32) -> u32 {
        self.entries.count(map)
    }

    /// A key's value; `None` if it has none.
    pub(crate) fn get(&self, map: u32, key: GcRef) -> Option<GcRef> {
        self.entries.get(map, key)
    }

    /// Gives a key that has a value another; `false` if it has none.
    pub(crate) fn replace(&mut self, map: u32, key: GcRef, value: GcRef) -> bool {
        self.entries.replace(map, key, value)
    }

    /// Makes room for one entry more; returns how many keys there may be then.
    ///
    /// Errors: [`Error::Limit`], [`Error::SystemMemory`].
    pub(crate) fn reserve_one(&mut self) -> Result<usize> {
        self.entries.reserve_one()?;
        Ok(self.keys().len() + 1)
    }

    /// Gives a key that has none a value, given room for an entry.
    pub(crate) fn insert(&mut self, map: u32, key: GcRef, value: GcRef) {
        self.entries.insert(map, key, value);
    }

    /// Removes a key's entry, if it has one.
    pub(crate) fn remove(&mut self, map: u32, key: GcRef) -> Option<Removed> {
        self.entries.remove(map, key)
    }

    /// Removes some entry of a map, if it has one.
    pub(crate) fn remove_any(&mut self, map: u32) -> Option<Removed> {
        self.entries.remove_any(map)
    }

    /// The keys of all maps, each once.
    pub(crate) fn keys(&self) -> impl ExactSizeIterator<Item = GcRef> {
        self.entries.keys()
    }

    /// The values of all entries, for a collection whose roots they are: in slots that
    /// no call but those above and the sweep moves. Free slots hold null.
    pub(crate) fn values(&self) -> &[RootSlot] {
        self.entries.values()
    }

    /// Bytes that a sweep goes over.
    pub(crate) fn swept_bytes(&self) -> u64 {
        self.entries.swept_bytes()
    }

    /// Gives back room that is far more than what is in use needs.
    pub(crate) fn trim(&mut self) {
        self.handles.trim();
        self.entries.trim(self.handles.span().len());
    }

    /// Checks the handles, that each entry is found, and belongs to a map.
    ///
    /// Errors: [`Error::Internal`].
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
}

impl Ephemerons for WeakMaps {
    fn trace_immortal(&mut self, trace: &mut Trace<'_>, budget: &mut Budget) -> Result<Progress> {
        self.entries.trace_immortal(trace, budget)
    }

    fn trace_values(&mut self, key: GcRef, trace: &mut Trace<'_>) -> Result<usize> {
        match self.entries.trace_values(key, trace)? {
            0 => Err(Error::internal(
                "a key that is in no weak map",
                key.raw().into(),
            )),
            count => Ok(count),
        }
    }
}
