//! Floors: from which generation on a slot begins.
//!
//! A slot that is given back to the system loses its generation. So its page keeps a floor:
//! the greatest generation that any slot of the page has had. When the array grows over the
//! page again, all its slots begin at the floor, and no old handle matches
//! (`roots.never-stale`, ROOTS-28).
//!
//! Cost: 4 bytes for each page that was ever given back, and for each page before it. Only
//! growing and trimming read them.

use core::cell::Cell;

use super::handle::SLOTS_MAX;
use crate::base::array::{Array, Growth};
use crate::error::Result;

/// The number of slots in a page: 4 KiB of them.
pub(super) const PAGE: u32 = 512;

/// A page with a slot of a greater generation is not given back: all its slots would begin
/// there, and be retired when that slot would have been. Retired slots are among them.
pub(super) const WORN: u32 = u32::MAX / 2;

/// The floors of an array of slots.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Floors {
    /// The floors of the first pages.
    by_page: Array<Cell<u32>>,
    /// The floor of all other pages, which were never given back.
    first: u32,
}

const GROWTH: Growth<'static> = Growth {
    first: 0,
    most: SLOTS_MAX.div_ceil(PAGE) as usize,
    what: "pages of roots of one kind in a store",
    side: None,
};

impl Floors {
    /// The floors of slots that count as having issued all generations up to `first`.
    pub(super) const fn new(first: u32) -> Floors {
        Floors {
            by_page: Array::new(),
            first,
        }
    }

    /// The floor of the slot at `index`.
    pub(super) fn of(&self, index: u32) -> u32 {
        let floor = self.by_page.get((index / PAGE) as usize);
        floor.map_or(self.first, Cell::get)
    }

    /// Makes sure that each page of the first `slots` slots has a floor of its own.
    ///
    /// Errors: [`Error::SystemMemory`](crate::error::Error::SystemMemory).
    pub(super) fn reserve(&self, slots: u32) -> Result<()> {
        let pages = slots.div_ceil(PAGE) as usize;
        let first = || Cell::new(self.first);
        // SAFETY: this file refers to an element within one function only.
        unsafe { self.by_page.grow_with(pages, &GROWTH, first) }
    }

    /// Raises the floor of the page of `index` to `generation`, given [`Floors::reserve`].
    pub(super) fn raise(&self, index: u32, generation: u32) {
        if let Some(floor) = self.by_page.get((index / PAGE) as usize) {
            floor.set(generation.max(floor.get()));
        }
    }

    /// The bytes of memory that the floors have.
    pub(super) fn side_bytes(&self) -> u64 {
        self.by_page.bytes()
    }
}
