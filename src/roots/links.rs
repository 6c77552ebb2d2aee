//! The links of the slots that can be unrooted from any thread.

use core::alloc::Layout;
use core::cell::Cell;
use core::ptr::NonNull;

use super::unroot_queue::Link;
use crate::base::fallible;
use crate::error::Result;

/// A growable array of [`Link`]s. They are not touched before a slot is queued,
/// so that they cost no memory until then.
#[derive(Debug)]
pub(crate) struct Links {
    links: Cell<NonNull<Link>>,
    count: Cell<u32>,
}

impl Links {
    /// No links, which allocates nothing.
    pub(super) const fn new() -> Links {
        Links {
            links: Cell::new(NonNull::dangling()),
            count: Cell::new(0),
        }
    }

    /// The links.
    pub(super) fn as_slice(&self) -> &[Link] {
        // SAFETY: there are that many, zeros at first, which is a link that is
        // not queued. They change through atomics, and callers drop the slice
        // before they grow the array.
        unsafe { core::slice::from_raw_parts(self.links.get().as_ptr(), self.count.get() as usize) }
    }

    /// Makes at least `count` links, of which none is queued: nor may any be now.
    pub(super) fn grow_to(&self, count: u32) -> Result<()> {
        if count <= self.count.get() {
            return Ok(());
        }
        let layout = Self::layout(count)?;
        // SAFETY: there is at least one link.
        let links = NonNull::new(unsafe { std::alloc::alloc_zeroed(layout) }.cast())
            .ok_or(fallible::refused(layout.size()))?;
        self.free();
        self.links.set(links);
        self.count.set(count);
        Ok(())
    }

    fn layout(count: u32) -> Result<Layout> {
        Layout::array::<Link>(count as usize).map_err(|_| fallible::refused(usize::MAX))
    }

    fn free(&self) {
        if self.count.get() == 0 {
            return;
        }
        if let Ok(layout) = Self::layout(self.count.get()) {
            // SAFETY: allocated with this layout.
            unsafe { std::alloc::dealloc(self.links.get().as_ptr().cast(), layout) };
        }
    }
}

impl Drop for Links {
    fn drop(&mut self) {
        self.free();
    }
}
