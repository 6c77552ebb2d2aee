//! The structure of the table of entries.

use core::cell::Cell;

use crate::base::dirty_groups::DirtyGroups;
use crate::base::hashing::KeyedHash;
use crate::base::place_index::PlaceIndex;
use crate::heap::{GcRef, RootSlot, Shrinking};

/// The place of no entry. Ends a chain.
pub(super) const NONE: u32 = u32::MAX;

/// The index in [`Entry::links`] of the chain of a key's entries.
pub(super) const OF_KEY: usize = 0;

/// The index in [`Entry::links`] of the chain of a map's entries.
pub(super) const OF_MAP: usize = 1;

/// The neighbours of an entry in a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Links {
    pub(super) previous: u32,
    pub(super) next: u32,
}

pub(super) const UNLINKED: Links = Links {
    previous: NONE,
    next: NONE,
};

/// An entry, without its value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) map: u32,
    /// Null in a free place. The next free place is then the `next` of `links[OF_MAP]`.
    pub(super) key: GcRef,
    pub(super) links: [Links; 2],
}

/// The chain of a map's entries.
#[derive(Clone, Copy, Debug)]
pub(super) struct Map {
    pub(super) first: u32,
    pub(super) count: u32,
}

pub(super) const EMPTY: Map = Map {
    first: NONE,
    count: 0,
};

/// The progress of a sweep.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sweep {
    /// The places below `at` were visited. `kept` survivors are at the front.
    Compact { at: usize, kept: usize },
    /// The first `at` chains of maps and slots of the index, counted through all of them, are
    /// empty.
    Clear { at: usize },
    /// The entries below `at` are in the index.
    Index { at: usize },
}

impl Sweep {
    pub(super) const NOT_BEGUN: Sweep = Sweep::Compact { at: 0, kept: 0 };
}

/// The entries of all weak maps of a store.
///
/// Invariants:
/// * `values` is as long as `entries`, and null at free places.
/// * Unless a sweep is under way, each entry is in `by_entry`, in the chain of its key,
///   which begins in `by_key`, and in the chain of its map, which begins in `maps`.
/// * All other places are in the chain of free places, which begins in `free`.
#[derive(Debug)]
pub(in crate::store::containers::weak_maps) struct Entries {
    pub(super) entries: Vec<Entry>,
    pub(super) values: Vec<RootSlot>,
    pub(super) by_entry: PlaceIndex,
    pub(super) by_key: PlaceIndex,
    /// Programs choose their keys.
    pub(super) hash: KeyedHash,
    pub(super) maps: Vec<Map>,
    pub(super) free: u32,
    /// The number of values that the collection under way has traced. `None` if it does
    /// not trace values by their keys.
    pub(super) traced: Option<usize>,
    /// The number of entries that [`Entries::trace_immortal`], or the sweep between the program's
    /// steps, has visited.
    pub(super) visited: usize,
    /// The next entry of the key whose values are being traced, or [`NONE`]. Never one that was
    /// removed.
    pub(super) tracing: u32,
    pub(super) sweep: Sweep,
    pub(super) trimming: Trimming,
    /// The entries whose key or value may be young.
    pub(super) young: DirtyGroups,
}

/// How the arrays and hash tables shrink.
#[derive(Debug)]
pub(super) struct Trimming {
    /// The number of those that the collection under way has trimmed.
    pub(super) trimmed: u32,
    pub(super) entries: Shrinking,
    pub(super) values: Shrinking,
    pub(super) maps: Shrinking,
    pub(super) by_entry: Shrinking,
    pub(super) by_key: Shrinking,
}

impl Entries {
    /// No entries. Allocates nothing.
    pub(in crate::store::containers::weak_maps) fn new() -> Entries {
        Entries {
            entries: Vec::new(),
            values: Vec::new(),
            by_entry: PlaceIndex::new(),
            by_key: PlaceIndex::new(),
            hash: KeyedHash::new(),
            maps: Vec::new(),
            free: NONE,
            traced: None,
            visited: 0,
            tracing: NONE,
            sweep: Sweep::NOT_BEGUN,
            trimming: Trimming {
                trimmed: 0,
                entries: Shrinking::new(),
                values: Shrinking::new(),
                maps: Shrinking::new(),
                by_entry: Shrinking::new(),
                by_key: Shrinking::new(),
            },
            young: DirtyGroups::new(),
        }
    }

    /// The value of the entry at `at`.
    pub(super) fn value(&self, at: u32) -> &Cell<u32> {
        &self.values[at as usize].reference
    }
}
