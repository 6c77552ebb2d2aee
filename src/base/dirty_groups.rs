//! Which groups of elements of an array were written since the last collection.
//!
//! Elements that refer to young objects are among those that were written. So a minor
//! collection looks at the dirty groups only, and its cost does not depend on the size of the
//! array. There is always the same number of groups: they get larger as the array grows, so
//! marking needs no memory and cannot fail.
//!
//! Cost: marking is two loads, a shift and a store. A group of an array of a million elements
//! has 16,384 of them.
//!
//! **Rejected.** A list of the elements (a slot that is used again and again fills it, unless
//! each slot knows that it is listed). Groups of a constant size (memory that grows with the
//! array, and may be refused).

use core::cell::Cell;
use core::mem::offset_of;
use core::ops::Range;

/// The number of groups.
const GROUPS: usize = 64;

/// Which groups of elements were written. See the [module](self).
#[derive(Debug)]
#[repr(C)]
pub(crate) struct DirtyGroups {
    /// A group has `1 << shift` elements.
    shift: Cell<u32>,
    dirty: [Cell<bool>; GROUPS],
}

impl DirtyGroups {
    /// Where compiled code finds the shift, and the flags of the groups.
    pub(crate) const SHIFT_AT: usize = offset_of!(DirtyGroups, shift);
    pub(crate) const DIRTY_AT: usize = offset_of!(DirtyGroups, dirty);

    /// No group is dirty.
    pub(crate) const fn new() -> DirtyGroups {
        DirtyGroups {
            shift: Cell::new(0),
            dirty: [const { Cell::new(false) }; GROUPS],
        }
    }

    /// Makes the groups so large that an array of `elements` elements has no more than there are.
    pub(crate) fn fit(&self, elements: usize) {
        while elements > GROUPS << self.shift.get() {
            for group in 0..GROUPS {
                let mut halves = self.dirty.iter().skip(2 * group).take(2);
                self.dirty[group].set(halves.any(Cell::get));
            }
            self.shift.set(self.shift.get() + 1);
        }
    }

    /// Notes that the element at `index` was written, of an array that the groups
    /// [fit](DirtyGroups::fit).
    #[inline(always)]
    pub(crate) fn mark(&self, index: u32) {
        let group = index >> self.shift.get();
        debug_assert!((group as usize) < GROUPS);
        // The remainder spares a check of the bounds.
        self.dirty[group as usize % GROUPS].set(true);
    }

    /// The elements of the dirty groups, of an array of `elements` elements.
    pub(crate) fn ranges(&self, elements: usize) -> impl Iterator<Item = Range<usize>> {
        let mut at = 0;
        core::iter::from_fn(move || {
            let range = self.range_from(at, elements)?;
            at = range.end;
            Some(range)
        })
    }

    /// The elements of the first dirty group that begins at `from` or behind it, of an array of
    /// `elements` elements. `from` is where a group begins, or the end.
    #[inline(never)]
    pub(crate) fn range_from(&self, from: usize, elements: usize) -> Option<Range<usize>> {
        let shift = self.shift.get();
        let first = from.div_ceil(1 << shift);
        let dirty = self.dirty.get(first..)?.iter().position(Cell::get)?;
        let start = (first + dirty) << shift;
        (start < elements).then(|| start..(start + (1 << shift)).min(elements))
    }

    /// Notes that no element was written, of an array of at most `elements` elements from now on
    /// unless [`DirtyGroups::fit`] says otherwise.
    pub(crate) fn clear(&self, elements: usize) {
        self.dirty.iter().for_each(|group| group.set(false));
        let each = elements.div_ceil(GROUPS).max(1).next_power_of_two();
        self.shift.set(each.trailing_zeros());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::hashing::mix;
    use std::collections::BTreeSet;

    #[test]
    fn each_marked_element_is_in_a_range_and_few_others_are() {
        let groups = DirtyGroups::new();
        let mut elements = 1_usize;
        for round in 0..40 {
            let mut marked = BTreeSet::new();
            for step in 0..round {
                groups.fit(elements);
                let index = mix(round * 100 + step) as usize % elements;
                groups.mark(index as u32);
                marked.insert(index);
                // The array grows while groups are dirty.
                elements += elements / 7 + 1;
            }
            let ranges: Vec<_> = groups.ranges(elements).collect();
            assert!(
                marked
                    .iter()
                    .all(|index| ranges.iter().any(|r| r.contains(index)))
            );
            let most = marked.len() * elements.div_ceil(GROUPS).next_power_of_two();
            assert!(ranges.iter().map(Range::len).sum::<usize>() <= most);
            groups.clear(elements);
            assert_eq!(groups.ranges(elements).count(), 0);
            elements = elements % 5000 + 1;
            groups.clear(elements);
        }
    }
}
