//! A list that never changes, with its address and its length where compiled code finds them.
//! `Vec` does not say where it keeps them.

use core::mem::offset_of;
use core::ops::Deref;

/// A list that never changes. See the [module](self).
#[derive(Debug)]
#[repr(C)]
pub(crate) struct FixedList<T> {
    first: *const T,
    count: usize,
    /// Owns what the address points to.
    items: Vec<T>,
}

// SAFETY: the address is that of the list's own items.
unsafe impl<T: Send> Send for FixedList<T> {}
// SAFETY: see `Send`. Nothing writes through the address.
unsafe impl<T: Sync> Sync for FixedList<T> {}

impl<T> FixedList<T> {
    /// Where compiled code finds the address of the first item, and the number of items.
    pub(crate) const FIRST_AT: usize = offset_of!(FixedList<T>, first);
    pub(crate) const COUNT_AT: usize = offset_of!(FixedList<T>, count);
}

impl<T> From<Vec<T>> for FixedList<T> {
    fn from(items: Vec<T>) -> FixedList<T> {
        FixedList {
            first: items.as_ptr(),
            count: items.len(),
            items,
        }
    }
}

impl<T> Deref for FixedList<T> {
    type Target = [T];

    #[inline(always)]
    fn deref(&self) -> &[T] {
        &self.items
    }
}
