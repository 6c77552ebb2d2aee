//! Released pages: pages of free elements that were given back to the system, from inside a
//! table with a free list (ROOTS-40, HEAP-65).
//!
//! The elements of a released page are zeros and not on the free list. A page is used again
//! before the table grows; then it is the *reused* page, until the next one is. A page here
//! is a number of elements that the table chooses.
//!
//! Cost: 4 bytes for each page of a table, once a page of it was released.

use core::cell::Cell;

use super::array::{Array, Growth};
use crate::error::Result;

/// In the place of a link: the page is not released.
const NOT: u32 = u32::MAX;

/// The end of the list, and no page.
const NONE: u32 = u32::MAX - 1;

/// The released pages of a table, as a list through a link for each page.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct ReleasedPages {
    links: Array<Cell<u32>>,
    first: Cell<u32>,
    count: Cell<u32>,
    /// The page that was used again last, or [`NONE`].
    reused: Cell<u32>,
}

const GROWTH: Growth<'static> = Growth {
    first: 0,
    most: NONE as usize,
    what: "pages of a table",
    side: None,
};

impl ReleasedPages {
    /// No pages, which allocates nothing.
    pub(crate) const fn new() -> ReleasedPages {
        ReleasedPages {
            links: Array::new(),
            first: Cell::new(NONE),
            count: Cell::new(0),
            reused: Cell::new(NONE),
        }
    }

    /// Makes sure that the first `pages` pages can be released.
    ///
    /// Errors: [`Error::SystemMemory`](crate::error::Error::SystemMemory).
    pub(crate) fn reserve(&self, pages: u32) -> Result<()> {
        // SAFETY: this file refers to an element within one function only.
        unsafe {
            self.links
                .grow_with(pages as usize, &GROWTH, || Cell::new(NOT))
        }
    }

    /// Adds a page, given [`ReleasedPages::reserve`]. It must not be among them yet.
    pub(crate) fn add(&self, page: u32) {
        debug_assert!(!self.has(page));
        if let Some(link) = self.links.get(page as usize) {
            link.set(self.first.replace(page));
            self.count.set(self.count.get() + 1);
        }
        if self.reused.get() == page {
            self.reused.set(NONE);
        }
    }

    /// Takes a page out, which is the reused one now.
    pub(crate) fn reuse(&self) -> Option<u32> {
        let page = self.first.get();
        let link = self.links.get(page as usize)?;
        self.first.set(link.replace(NOT));
        self.count.set(self.count.get() - 1);
        self.reused.set(page);
        Some(page)
    }

    /// Forgets the pages from `end` on.
    pub(crate) fn truncate(&self, end: u32) {
        if self.reused().is_some_and(|page| page >= end) {
            self.reused.set(NONE);
        }
        self.first.set(NONE);
        self.count.set(0);
        for page in (0..self.links.capacity() as u32).rev() {
            let Some(link) = self.links.get(page as usize) else {
                continue;
            };
            if link.replace(NOT) != NOT && page < end {
                self.add(page);
            }
        }
    }

    /// Whether a page is released.
    pub(crate) fn has(&self, page: u32) -> bool {
        let link = self.links.get(page as usize);
        link.is_some_and(|link| link.get() != NOT)
    }

    /// The page that was used again last, unless it was released since.
    pub(crate) fn reused(&self) -> Option<u32> {
        Some(self.reused.get()).filter(|&page| page != NONE)
    }

    /// The number of released pages.
    pub(crate) fn count(&self) -> u32 {
        self.count.get()
    }

    /// The bytes of memory that the list has.
    pub(crate) fn side_bytes(&self) -> u64 {
        self.links.bytes()
    }

    /// Whether the list has all released pages, once.
    pub(crate) fn is_sound(&self) -> bool {
        let released = |&page: &u32| self.has(page);
        let all = (0..self.links.capacity() as u32).filter(released).count();
        let (mut next, mut count) = (self.first.get(), 0);
        while let Some(link) = self.links.get(next as usize) {
            if count == all || !self.has(next) {
                return false;
            }
            count += 1;
            next = link.get();
        }
        next == NONE
            && count == all
            && count == self.count() as usize
            && !self.reused().is_some_and(|page| self.has(page))
    }
}
