//! The memory of a table beyond what it uses, and giving it back in parts.
//!
//! Freeing a large block takes time for each of its pages. So a table that shrinks first
//! [discards](Room::discard) its unused pages, some at a time, and then cuts the block
//! ([`Room::cut`]), which has little left to free.

use core::alloc::Layout;
use core::mem::{ManuallyDrop, MaybeUninit};

use super::array::Array;
use super::{pages, work};

/// A growable block of elements, of which those from some index on are unused.
pub(crate) trait Room {
    /// The size of an element in bytes.
    const ELEMENT: usize;

    /// The number of elements that the block has memory for.
    fn capacity(&self) -> usize;

    /// Gives back the pages that lie wholly within the elements from `from` to `to`, which
    /// must be unused. The elements stay in the block, and have no values.
    fn discard(&mut self, from: usize, to: usize);

    /// Cuts the block to `capacity` elements, at least 1. The others must be unused. If the
    /// system refuses the smaller block, the block stays as it is.
    fn cut(&mut self, capacity: usize);
}

impl<T> Room for Vec<T> {
    const ELEMENT: usize = size_of::<T>();

    fn capacity(&self) -> usize {
        self.capacity()
    }

    fn discard(&mut self, from: usize, to: usize) {
        let used = self.len();
        let (from, to) = (from.max(used), to.max(used));
        discard(&mut self.spare_capacity_mut()[from - used..to - used]);
    }

    fn cut(&mut self, capacity: usize) {
        const { assert!(size_of::<T>() > 0) };
        let capacity = capacity.max(self.len()).max(1);
        if capacity >= self.capacity() {
            return;
        }
        let (Ok(old), Ok(new)) = (
            Layout::array::<T>(self.capacity()),
            Layout::array::<T>(capacity),
        ) else {
            return;
        };
        let mut vec = ManuallyDrop::new(core::mem::take(self));
        let first = vec.as_mut_ptr();
        // SAFETY: the vector allocated its memory with the old layout. The new size is not
        // 0. The vector is not used again, and its elements move with the block.
        *self = unsafe {
            let moved = std::alloc::realloc(first.cast(), old, new.size()).cast::<T>();
            match moved.is_null() {
                true => Vec::from_raw_parts(first, vec.len(), vec.capacity()),
                false => Vec::from_raw_parts(moved, vec.len(), capacity),
            }
        };
    }
}

impl<R: Room> Room for &mut R {
    const ELEMENT: usize = R::ELEMENT;

    fn capacity(&self) -> usize {
        (**self).capacity()
    }

    fn discard(&mut self, from: usize, to: usize) {
        (**self).discard(from, to);
    }

    fn cut(&mut self, capacity: usize) {
        (**self).cut(capacity);
    }
}

impl<T: Copy> Room for &Array<MaybeUninit<T>> {
    const ELEMENT: usize = size_of::<T>();

    fn capacity(&self) -> usize {
        Array::capacity(self)
    }

    fn discard(&mut self, from: usize, to: usize) {
        let count = to.min(Array::capacity(self)).saturating_sub(from);
        // SAFETY: the elements are in the array. The caller does not use them, so nothing
        // refers to them.
        let unused =
            unsafe { core::slice::from_raw_parts_mut(self.first().add(from).as_ptr(), count) };
        discard(unused);
    }

    fn cut(&mut self, capacity: usize) {
        // SAFETY: the caller uses no element beyond, and refers to none.
        unsafe { self.shrink_to(capacity.max(1)) };
    }
}

/// Gives the pages that lie wholly within `unused` back to the system. They stay mapped. If
/// the system refuses, they keep their memory.
fn discard<T>(unused: &mut [MaybeUninit<T>]) {
    let bytes = size_of_val(unused);
    work::count(bytes / 16);
    // SAFETY: the pages lie within memory that only this function may use now, and that
    // holds no values. If the system reads them as zeros afterwards, that is fine.
    unsafe { pages::discard(unused.as_mut_ptr().cast(), bytes) };
}

/// The least number of elements that [`give_back`] leaves.
const LEFT: usize = 64;

/// Gives back all memory but that of the first `used` elements, and of a few. The others must
/// be unused.
pub(crate) fn give_back<R: Room>(mut room: R, used: usize) {
    let left = used.max(LEFT);
    if left < room.capacity() {
        room.discard(left, room.capacity());
        room.cut(left);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::tests::refusing_allocator::refusing;

    #[test]
    fn a_cut_vector_keeps_its_elements() {
        let mut vec = Vec::with_capacity(100_000);
        vec.extend(0..1000_u64);
        vec.discard(1000, 100_000);
        vec.cut(1500);
        assert_eq!((vec.len(), vec.capacity()), (1000, 1500));
        vec.cut(10);
        assert_eq!(vec.capacity(), 1000);
        assert!(vec.iter().copied().eq(0..1000));
    }

    #[test]
    fn a_vector_that_is_not_cut_for_lack_of_memory_stays_as_it_is() {
        let mut vec = Vec::with_capacity(1000);
        vec.extend(0..10_u64);
        let ((), refused) = refusing(0, || vec.cut(20));
        assert!(refused);
        assert_eq!(vec.capacity(), 1000);
        assert!(vec.iter().copied().eq(0..10));
    }
}
