//! A hash table that finds places in an array: of a weak map's entries, for example.
//!
//! A slot holds 32 bits of a hash and a place, so the table grows without its owner's help.
//! Slots are probed one after the other, and removing a place moves later ones up, so there
//! are no tombstones. At most three quarters of the slots are in use.
//!
//! A collection builds such a table again, because objects have moved and places have
//! changed. It may do so in steps and needs no memory: it empties the slots with
//! [`PlaceIndex::begin_clearing`] and [`PlaceIndex::clear`], then it inserts each place.
//!
//! Whoever chooses the keys could choose hashes that collide. So owners hash with a
//! [`KeyedHash`](crate::base::hashing::KeyedHash), and an insertion tells how many slots it
//! has probed.
//!
//! *Rejected:* `hashbrown::HashTable`, which is emptied and freed all at once, and does not
//! tell what it probes.

use crate::base::side_meter::SideMeter;
use crate::base::{fallible, room, work};
use crate::error::Result;

/// The least number of slots of a table that is not empty.
const LEAST: usize = 64;

/// The places of an array's elements, by 32-bit hashes.
#[derive(Debug, Default)]
pub(crate) struct PlaceIndex {
    /// A power of two of slots, or none. A slot is 0 if it is free. Otherwise it holds the
    /// hash in its high half, and the place plus 1 in its low half.
    slots: Vec<u64>,
    count: usize,
}

impl PlaceIndex {
    /// A table without places. Allocates nothing.
    pub(crate) const fn new() -> PlaceIndex {
        PlaceIndex {
            slots: Vec::new(),
            count: 0,
        }
    }

    /// The number of places.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// The number of slots.
    pub(crate) fn slots(&self) -> usize {
        self.slots.len()
    }

    /// The memory of the slots, for giving back what lies behind them.
    pub(crate) fn room(&mut self) -> &mut Vec<u64> {
        &mut self.slots
    }

    /// A number of slots that `count` places fit into.
    pub(crate) fn slots_for(count: usize) -> usize {
        (count + count / 2 + 1).next_power_of_two().max(LEAST)
    }

    /// The places, in no order.
    pub(crate) fn places(&self) -> impl Iterator<Item = u32> {
        let used = self.slots.iter().filter(|&&slot| slot != 0);
        used.map(|&slot| place_of(slot))
    }

    /// Makes room for one more place.
    ///
    /// Errors: [`Error::SideLimit`](crate::error::Error::SideLimit),
    /// [`Error::SystemMemory`](crate::error::Error::SystemMemory); nothing has changed then.
    pub(crate) fn reserve_one(&mut self, side: &SideMeter) -> Result<()> {
        if self.has_room() {
            return Ok(());
        }
        let (slots, held) = ((2 * self.slots.len()).max(LEAST), self.side_bytes());
        side.admit((slots as u64 * 8).saturating_sub(held))?;
        self.rebuild(slots)?;
        side.add(self.side_bytes().saturating_sub(held));
        Ok(())
    }

    /// Moves all places to a new block of `slots` slots.
    fn rebuild(&mut self, slots: usize) -> Result<()> {
        let mut other = PlaceIndex {
            slots: zeros(slots)?,
            count: 0,
        };
        for &slot in self.slots.iter().filter(|&&slot| slot != 0) {
            other.insert((slot >> 32) as u32, place_of(slot));
        }
        let mut old = core::mem::replace(self, other).slots;
        old.clear();
        room::give_back(old, 0);
        Ok(())
    }

    /// Gives back the memory that the present places do not need. Does nothing if the system
    /// has no memory for the smaller table.
    pub(crate) fn give_back(&mut self) {
        let wanted = match self.count {
            0 => 0,
            count => PlaceIndex::slots_for(count),
        };
        if wanted < self.slots.len() {
            let _ = self.rebuild(wanted);
        }
        let used = self.slots.len();
        room::give_back(&mut self.slots, used);
    }

    /// The bytes of memory that the table has.
    pub(crate) fn side_bytes(&self) -> u64 {
        fallible::bytes(&self.slots)
    }

    fn has_room(&self) -> bool {
        self.count < self.slots.len() / 4 * 3
    }

    /// Adds a place. There must be room. Returns the number of slots that were probed.
    pub(crate) fn insert(&mut self, hash: u32, place: u32) -> u64 {
        debug_assert!(self.has_room());
        let (mut at, mut probes) = (self.home(hash), 1);
        while self.slots[at] != 0 {
            at = self.next(at);
            probes += 1;
        }
        self.slots[at] = slot_of(hash, place);
        self.count += 1;
        work::count(probes);
        probes as u64
    }

    /// Adds a place, or puts it where the place with this hash is for which `same` holds.
    /// There must be room. Returns the place that was replaced, and the number of slots that
    /// were probed.
    pub(crate) fn insert_or_replace(
        &mut self,
        hash: u32,
        place: u32,
        same: impl Fn(u32) -> bool,
    ) -> (Option<u32>, u64) {
        debug_assert!(self.has_room());
        let (mut at, mut probes) = (self.home(hash), 1);
        let replaced = loop {
            let slot = self.slots[at];
            if slot == 0 {
                self.count += 1;
                break None;
            }
            if (slot >> 32) as u32 == hash && same(place_of(slot)) {
                break Some(place_of(slot));
            }
            at = self.next(at);
            probes += 1;
        };
        self.slots[at] = slot_of(hash, place);
        work::count(probes);
        (replaced, probes as u64)
    }

    /// What is in the slot at which a search for a hash begins. A loop that reads several of
    /// them waits for the memory of all at once.
    #[inline(always)]
    pub(crate) fn touch(&self, hash: u32) -> u64 {
        self.slots[self.home(hash)]
    }

    /// The first place with this hash for which `same` holds.
    pub(crate) fn find(&self, hash: u32, same: impl Fn(u32) -> bool) -> Option<u32> {
        self.slot(hash, same).map(|at| place_of(self.slots[at]))
    }

    /// Replaces the place `old` by `new`, which has the same hash. Returns whether the table
    /// has `old`.
    pub(crate) fn replace(&mut self, hash: u32, old: u32, new: u32) -> bool {
        let found = self.slot(hash, |place| place == old);
        if let Some(at) = found {
            self.slots[at] = slot_of(hash, new);
        }
        found.is_some()
    }

    /// Removes a place. Returns whether the table has it.
    pub(crate) fn remove(&mut self, hash: u32, place: u32) -> bool {
        let Some(mut hole) = self.slot(hash, |other| other == place) else {
            return false;
        };
        let mut at = self.next(hole);
        while self.slots[at] != 0 {
            // A place must not come before its home.
            let home = self.home((self.slots[at] >> 32) as u32);
            if self.distance(home, at) >= self.distance(hole, at) {
                self.slots[hole] = self.slots[at];
                hole = at;
            }
            at = self.next(at);
        }
        self.slots[hole] = 0;
        self.count -= 1;
        true
    }

    /// Forgets all places, for a new beginning with `slots` slots, a power of two, or with
    /// as many as before if those are fewer. [`PlaceIndex::clear`] must empty the slots
    /// before the table is used.
    pub(crate) fn begin_clearing(&mut self, slots: usize) {
        debug_assert!(slots.is_power_of_two());
        self.slots.truncate(slots);
        self.count = 0;
    }

    /// Empties `count` slots from number `from` on.
    pub(crate) fn clear(&mut self, from: usize, count: usize) {
        work::count(count);
        self.slots[from..from + count].fill(0);
    }

    /// The index of the slot with this hash whose place is the `same`.
    fn slot(&self, hash: u32, same: impl Fn(u32) -> bool) -> Option<usize> {
        if self.slots.is_empty() {
            return None;
        }
        let mut at = self.home(hash);
        loop {
            let slot = self.slots[at];
            if slot == 0 {
                return None;
            }
            if (slot >> 32) as u32 == hash && same(place_of(slot)) {
                return Some(at);
            }
            at = self.next(at);
        }
    }

    /// The slot at which a search for a hash begins.
    fn home(&self, hash: u32) -> usize {
        hash as usize & (self.slots.len() - 1)
    }

    fn next(&self, at: usize) -> usize {
        (at + 1) & (self.slots.len() - 1)
    }

    /// The number of steps from one slot to another.
    fn distance(&self, from: usize, to: usize) -> usize {
        to.wrapping_sub(from) & (self.slots.len() - 1)
    }
}

fn slot_of(hash: u32, place: u32) -> u64 {
    debug_assert!(place < u32::MAX);
    u64::from(hash) << 32 | u64::from(place + 1)
}

fn place_of(slot: u64) -> u32 {
    slot as u32 - 1
}

/// A vector of `count` zeros.
#[expect(clippy::disallowed_methods, reason = "the room is reserved")]
fn zeros(count: usize) -> Result<Vec<u64>> {
    let mut zeros = fallible::with_room(count)?;
    zeros.resize(count, 0);
    Ok(zeros)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::base::hashing::{KeyedHash, mix};

    /// A table whose keys are the places' numbers in `keys`, and what it must hold.
    struct Model {
        index: PlaceIndex,
        places: BTreeMap<u32, u32>,
    }

    impl Model {
        fn check(&self, hash: impl Fn(u32) -> u32) {
            assert_eq!(self.index.len(), self.places.len());
            for (&key, &place) in &self.places {
                assert_eq!(self.index.find(hash(key), |at| at == place), Some(place));
            }
            let mut places: Vec<u32> = self.index.places().collect();
            let mut expected: Vec<u32> = self.places.values().copied().collect();
            places.sort_unstable();
            expected.sort_unstable();
            assert_eq!(places, expected);
        }
    }

    fn agrees_with_a_model(hash: impl Fn(u32) -> u32 + Copy) {
        let mut model = Model {
            index: PlaceIndex::new(),
            places: BTreeMap::new(),
        };
        for step in 0..4000_u64 {
            let random = mix(step + 1);
            let key = (random % 300) as u32;
            match (model.places.get(&key).copied(), random >> 32 & 3) {
                (None, 0) => {
                    model.index.reserve_one(&SideMeter::none()).unwrap();
                    model.index.insert(hash(key), step as u32);
                    model.places.insert(key, step as u32);
                }
                (Some(place), 0) => {
                    let new = step as u32;
                    assert!(model.index.replace(hash(key), place, new));
                    model.places.insert(key, new);
                }
                (None, _) | (Some(_), 1) => {
                    model.index.reserve_one(&SideMeter::none()).unwrap();
                    let (old, new) = (model.places.insert(key, step as u32), step as u32);
                    let same = |at| Some(at) == old;
                    let (replaced, probes) = model.index.insert_or_replace(hash(key), new, same);
                    assert_eq!(replaced, old);
                    assert!(probes >= 1);
                }
                (Some(place), _) => {
                    assert!(model.index.remove(hash(key), place));
                    assert!(!model.index.remove(hash(key), place));
                    model.places.remove(&key);
                }
            }
            if step % 64 == 0 {
                model.check(hash);
            }
        }
        model.check(hash);
    }

    #[test]
    fn an_index_agrees_with_a_model() {
        let keyed = KeyedHash::new();
        agrees_with_a_model(|key| keyed.of(key.into()));
    }

    #[test]
    fn an_index_whose_hashes_all_collide_agrees_with_a_model() {
        agrees_with_a_model(|key| key & 3 | 0xffff_fffc);
    }

    /// The number of slots that are probed to add 4096 keys, each `step` after the one before.
    fn probes_of_keys_in_steps_of(hash: &KeyedHash, step: u64) -> u64 {
        let mut index = PlaceIndex::new();
        let mut probes = 0;
        for place in 0..4096 {
            index.reserve_one(&SideMeter::none()).unwrap();
            probes += index.insert(hash.of(step * u64::from(place)), place);
        }
        probes
    }

    #[test]
    fn keys_at_equal_distances_do_not_collide() {
        for _ in 0..8 {
            let hash = KeyedHash::new();
            for step in (0..50).flat_map(|shift| [1 << shift, 3 << shift]) {
                let probes = probes_of_keys_in_steps_of(&hash, step);
                assert!(probes < 8 * 4096, "{probes} probes with steps of {step}");
            }
        }
    }

    #[test]
    fn two_keyed_hashes_differ() {
        let (one, other) = (KeyedHash::new(), KeyedHash::new());
        let equal = (0..4096).filter(|&key| one.of(key) & 0xff == other.of(key) & 0xff);
        assert!(equal.count() < 64);
    }

    #[test]
    fn an_index_is_built_again_in_fewer_slots() {
        let mut index = PlaceIndex::new();
        for place in 0..1000 {
            index.reserve_one(&SideMeter::none()).unwrap();
            index.insert(mix(place) as u32, place as u32);
        }
        assert_eq!(index.slots(), 2048);
        index.begin_clearing(PlaceIndex::slots_for(100));
        assert_eq!((index.slots(), index.len()), (256, 0));
        for from in (0..256).step_by(64) {
            index.clear(from, 64);
        }
        for place in 0..100 {
            assert!(index.insert(mix(place) as u32, place as u32) >= 1);
        }
        let found = |place: u64| index.find(mix(place) as u32, |at| at == place as u32);
        assert!((0..100).all(|place| found(place).is_some()));
        assert!((100..1000).all(|place| found(place).is_none()));
    }
}
