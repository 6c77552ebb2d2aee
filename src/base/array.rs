//! The growable array: the only file that allocates arrays by hand.
//!
//! Hot paths read and write an array through a shared reference, and index it without a
//! second bounds check. `Vec` offers neither. So an [`Array`] keeps its address and its
//! capacity in `Cell`s, and its elements provide their own interior mutability.
//!
//! All elements up to the capacity hold a value. There is no separate length: an owner
//! that fills an array step by step keeps its own. New elements either start as zeros or
//! come from a closure:
//!
//! * [`Array::grow_zeroed`] allocates zeroed memory and copies. The system delivers large
//!   blocks as untouched pages, so elements that nobody writes cost no memory.
//! * [`Array::grow_with`] lets the allocator extend the block. The system moves the pages
//!   of a large block and copies nothing.
//!
//! Memory comes from `malloc`. [`Array::shrink_to`] gives memory back to it. It may keep that
//! for other blocks, so [`Array::discard_from`] first gives the pages back to the system.
//!
//! No growth aborts when memory is out (`capi.no-abort`). Growth doubles the capacity; if
//! there is no memory for that, it tries the capacity that was asked for.
//!
//! Growth moves the elements. It is `unsafe`: the caller promises that no thread holds a
//! reference to an element.

use core::alloc::Layout;
use core::cell::Cell;
use core::mem::{MaybeUninit, needs_drop, offset_of};
use core::ptr::NonNull;

use crate::base::side_meter::SideMeter;
use crate::base::{fallible, pages};
use crate::error::{Error, Result};

/// A type of which zeroed memory is a value.
///
/// # Safety
///
/// Memory of this type that is all zeros must be a valid value.
pub(crate) unsafe trait Zeroed {}

// SAFETY: any bits are a value.
unsafe impl<T> Zeroed for MaybeUninit<T> {}

/// How an array grows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Growth<'a> {
    /// The least capacity that growth chooses.
    pub(crate) first: usize,
    /// The greatest capacity.
    pub(crate) most: usize,
    /// What the elements are, for [`Error::Limit`].
    pub(crate) what: &'static str,
    /// Bounds the array, if there is one.
    pub(crate) side: Option<&'a SideMeter>,
}

/// A growable array of `capacity` elements and `SPARE` more behind them. An empty array
/// has no memory, and no spare elements either.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Array<T, const SPARE: usize = 0> {
    first: Cell<NonNull<T>>,
    capacity: Cell<usize>,
}

impl<T, const SPARE: usize> Array<T, SPARE> {
    /// Where compiled code finds the address of the first element, and the capacity.
    pub(crate) const FIRST_AT: usize = offset_of!(Array<T, SPARE>, first);
    pub(crate) const CAPACITY_AT: usize = offset_of!(Array<T, SPARE>, capacity);

    /// An empty array, which allocates nothing.
    pub(crate) const fn new() -> Array<T, SPARE> {
        Array::empty_at(NonNull::dangling())
    }

    /// An empty array whose [`Array::first`] is `first` until it grows.
    pub(crate) const fn empty_at(first: NonNull<T>) -> Array<T, SPARE> {
        const { assert!(size_of::<T>() > 0) };
        Array {
            first: Cell::new(first),
            capacity: Cell::new(0),
        }
    }

    /// The number of elements, without the spare ones.
    #[inline(always)]
    pub(crate) fn capacity(&self) -> usize {
        self.capacity.get()
    }

    /// The bytes of memory that the array has, those of spare elements included.
    pub(crate) fn bytes(&self) -> u64 {
        (self.allocated() * size_of::<T>()) as u64
    }

    /// The address of the first element. The others follow it.
    #[inline(always)]
    pub(crate) fn first(&self) -> NonNull<T> {
        self.first.get()
    }

    /// The element at `index`, which may be a spare one.
    ///
    /// # Safety
    ///
    /// `index` must be below the capacity plus `SPARE`. In an empty array that
    /// [`Array::empty_at`] made, `first` must point to more than `index` elements.
    #[inline(always)]
    pub(crate) unsafe fn get_unchecked(&self, index: usize) -> &T {
        debug_assert!(index < self.capacity() + SPARE);
        // SAFETY: the caller's promise. Whoever grows the array promises that the
        // reference has ended by then.
        unsafe { self.first().add(index).as_ref() }
    }

    /// The element at `index`, unless that is beyond the capacity.
    #[inline(always)]
    pub(crate) fn get(&self, index: usize) -> Option<&T> {
        if index >= self.capacity() {
            return None;
        }
        // SAFETY: just checked.
        Some(unsafe { self.get_unchecked(index) })
    }

    /// The elements, without the spare ones.
    pub(crate) fn as_slice(&self) -> &[T] {
        // SAFETY: the array has these elements. Whoever grows it promises that the slice
        // has ended by then.
        unsafe { core::slice::from_raw_parts(self.first().as_ptr(), self.capacity()) }
    }

    /// Grows the array to at least `capacity`. New elements are zeros; the old spare
    /// elements become ordinary ones and keep their values.
    ///
    /// Errors: [`Error::Limit`], [`Error::SideLimit`], [`Error::SystemMemory`]; nothing has
    /// changed then.
    ///
    /// # Safety
    ///
    /// Nobody may refer to an element, on any thread.
    pub(crate) unsafe fn grow_zeroed(&self, capacity: usize, growth: &Growth<'_>) -> Result<()>
    where
        T: Zeroed,
    {
        self.grow(capacity, growth, |capacity| {
            let new = Self::allocate_zeroed(capacity)?;
            // SAFETY: the old array has these elements, and the new one is larger. The
            // old elements are not dropped: they have moved.
            unsafe { new.copy_from_nonoverlapping(self.first(), self.allocated()) };
            self.free();
            self.first.set(new);
            self.capacity.set(capacity);
            Ok(())
        })
    }

    /// Replaces all elements by at least `capacity` zeroed ones, if the array has fewer.
    /// The old elements are not read, so their untouched pages stay untouched.
    ///
    /// Errors: [`Error::Limit`], [`Error::SideLimit`], [`Error::SystemMemory`]; nothing has
    /// changed then.
    ///
    /// # Safety
    ///
    /// Nobody may refer to an element, on any thread.
    pub(crate) unsafe fn replace_zeroed(&self, capacity: usize, growth: &Growth<'_>) -> Result<()>
    where
        T: Zeroed,
    {
        self.grow(capacity, growth, |capacity| {
            let new = Self::allocate_zeroed(capacity)?;
            self.drop_elements();
            self.free();
            self.first.set(new);
            self.capacity.set(capacity);
            Ok(())
        })
    }

    /// Chooses the capacity, and calls `reallocate` with it.
    fn grow(
        &self,
        capacity: usize,
        growth: &Growth<'_>,
        reallocate: impl Fn(usize) -> Result<()>,
    ) -> Result<()> {
        if capacity <= self.capacity() {
            return Ok(());
        }
        if capacity > growth.most {
            return Err(Error::Limit {
                what: growth.what,
                limit: growth.most as u64,
            });
        }
        let doubled = self.capacity().saturating_mul(2).max(growth.first);
        let mut wanted = capacity.max(doubled.min(growth.most));
        let held = self.bytes();
        if let Some(side) = growth.side {
            let bytes = side.choose(held, Self::bytes_of(capacity), Self::bytes_of(wanted))?;
            let chosen = (bytes / size_of::<T>() as u64) as usize - SPARE;
            wanted = chosen.clamp(capacity, wanted);
        }
        reallocate(wanted).or_else(|_| reallocate(capacity))?;
        if let Some(side) = growth.side {
            side.add(self.bytes() - held);
        }
        Ok(())
    }

    /// The bytes of an array of this capacity, which is not 0.
    fn bytes_of(capacity: usize) -> u64 {
        (capacity.saturating_add(SPARE) as u64).saturating_mul(size_of::<T>() as u64)
    }

    /// The number of elements in memory, the spare ones included.
    fn allocated(&self) -> usize {
        match self.capacity() {
            0 => 0,
            capacity => capacity + SPARE,
        }
    }

    /// Shrinks the array to `capacity`, at least 1 unless it is empty, if the system has memory
    /// for it. Whether the array is not larger now. Elements must not need dropping.
    ///
    /// # Safety
    ///
    /// Nobody may refer to an element, on any thread.
    pub(crate) unsafe fn shrink_to(&self, capacity: usize) -> bool {
        const { assert!(!needs_drop::<T>()) };
        debug_assert!(capacity > 0 || self.capacity() == 0);
        if capacity < self.capacity() && self.reallocate(capacity).is_ok() {
            self.capacity.set(capacity);
        }
        self.capacity() <= capacity
    }

    /// Gives the memory of the elements from `index` on, as far as they fill whole pages,
    /// back to the system. Each of them is zeros then, or what it was before.
    ///
    /// # Safety
    ///
    /// Nobody may refer to one of these elements, on any thread.
    pub(crate) unsafe fn discard_from(&self, index: usize)
    where
        T: Zeroed,
    {
        // SAFETY: the caller's promise.
        unsafe { self.discard(index, self.allocated()) };
    }

    /// Gives back the memory of the elements from `from` to `to`, like
    /// [`Array::discard_from`].
    ///
    /// # Safety
    ///
    /// Nobody may refer to one of these elements, on any thread.
    pub(crate) unsafe fn discard(&self, from: usize, to: usize)
    where
        T: Zeroed,
    {
        let count = to.min(self.allocated()).saturating_sub(from);
        if count > 0 {
            // SAFETY: the elements are in the array's memory, and may be zeros.
            unsafe {
                pages::discard(
                    self.first().add(from).as_ptr().cast(),
                    count * size_of::<T>(),
                )
            };
        }
    }

    /// Changes the size of the memory. The caller then sets the capacity.
    fn reallocate(&self, capacity: usize) -> Result<()> {
        let (old, new) = (Self::layout(self.capacity())?, Self::layout(capacity)?);
        // SAFETY: the new size is not 0. The old memory, if any, was allocated with the
        // old layout.
        let memory = unsafe {
            match self.capacity() {
                0 => std::alloc::alloc(new),
                _ => std::alloc::realloc(self.first().as_ptr().cast(), old, new.size()),
            }
        };
        self.first
            .set(NonNull::new(memory.cast()).ok_or(fallible::refused(new.size()))?);
        Ok(())
    }

    fn layout(capacity: usize) -> Result<Layout> {
        Layout::array::<T>(capacity.saturating_add(SPARE))
            .map_err(|_| fallible::refused(usize::MAX))
    }

    fn allocate_zeroed(capacity: usize) -> Result<NonNull<T>> {
        let layout = Self::layout(capacity)?;
        // SAFETY: neither the capacity nor the size of an element is 0.
        let memory = unsafe { std::alloc::alloc_zeroed(layout) };
        NonNull::new(memory.cast()).ok_or(fallible::refused(layout.size()))
    }

    fn drop_elements(&self) {
        let elements = core::ptr::slice_from_raw_parts_mut(self.first().as_ptr(), self.allocated());
        // SAFETY: all elements hold a value, and the caller frees their memory.
        unsafe { elements.drop_in_place() };
    }

    /// Frees the memory without dropping the elements.
    fn free(&self) {
        if self.capacity() == 0 {
            return;
        }
        if let Ok(layout) = Self::layout(self.capacity()) {
            // SAFETY: the memory was allocated with this layout.
            unsafe { std::alloc::dealloc(self.first().as_ptr().cast(), layout) };
        }
    }
}

impl<T> Array<T> {
    /// Grows the array to at least `capacity`. `element` makes the new elements; if it
    /// panics, the array becomes empty and its memory leaks.
    ///
    /// Errors: [`Error::Limit`], [`Error::SideLimit`], [`Error::SystemMemory`]; nothing has
    /// changed then.
    ///
    /// # Safety
    ///
    /// Nobody may refer to an element, on any thread. `element` may not use the array.
    pub(crate) unsafe fn grow_with(
        &self,
        capacity: usize,
        growth: &Growth<'_>,
        element: impl Fn() -> T,
    ) -> Result<()> {
        self.grow(capacity, growth, |capacity| {
            let old = self.capacity();
            self.reallocate(capacity)?;
            // Empty while elements are missing, in case `element` panics.
            self.capacity.set(0);
            for index in old..capacity {
                // SAFETY: the memory has `capacity` elements.
                unsafe { self.first().add(index).write(element()) };
            }
            self.capacity.set(capacity);
            Ok(())
        })
    }
}

impl<T, const SPARE: usize> Drop for Array<T, SPARE> {
    fn drop(&mut self) {
        self.drop_elements();
        self.free();
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;
    use crate::types::tests::refusing_allocator::refusing;

    const GROWTH: Growth<'static> = Growth {
        first: 4,
        most: 1000,
        what: "elements of a test",
        side: None,
    };

    /// An element that needs a larger alignment than `malloc` provides.
    #[derive(Clone, Copy)]
    #[repr(align(64))]
    struct Aligned([u64; 8]);

    // SAFETY: numbers.
    unsafe impl Zeroed for Aligned {}
    // SAFETY: a number.
    unsafe impl Zeroed for Cell<u32> {}

    fn numbers<const SPARE: usize>(array: &Array<Cell<u32>, SPARE>) -> Vec<u32> {
        array.as_slice().iter().map(Cell::get).collect()
    }

    #[test]
    fn an_array_doubles_up_to_its_bound() {
        let array = Array::<Cell<u32>>::new();
        let mut seen = Vec::new();
        for count in 0..=1000 {
            // SAFETY: nothing refers to an element.
            unsafe { array.grow_zeroed(count, &GROWTH) }.unwrap();
            if seen.last() != Some(&array.capacity()) {
                seen.push(array.capacity());
            }
        }
        assert_eq!(seen, [0, 4, 8, 16, 32, 64, 128, 256, 512, 1000]);
        // SAFETY: nothing refers to an element.
        let beyond = unsafe { array.grow_zeroed(1001, &GROWTH) };
        let limit =
            matches!(beyond, Err(Error::Limit { what, limit: 1000 }) if what == GROWTH.what);
        assert!(limit);
        assert_eq!(array.capacity(), 1000);
    }

    #[test]
    fn near_the_limit_an_array_grows_by_half_of_what_is_left() {
        let side = SideMeter::new(4000).unwrap();
        let array = Array::<Cell<u32>>::new();
        let growth = Growth {
            side: Some(&side),
            ..GROWTH
        };
        let mut seen = Vec::new();
        let refused = (0..).find_map(|count| {
            // SAFETY: nothing refers to an element.
            let grown = unsafe { array.grow_zeroed(count, &growth) };
            if seen.last() != Some(&array.capacity()) {
                seen.push(array.capacity());
            }
            grown.err()
        });
        assert!(seen.len() < 22, "{seen:?}");
        assert_eq!(array.capacity(), 1000);
        assert!(matches!(refused, Some(Error::Limit { .. })));
        assert_eq!(side.left(), 0);
        let other = Array::<Cell<u32>>::new();
        // SAFETY: nothing refers to an element.
        let refused = unsafe { other.grow_with(1, &growth, || Cell::new(0)) };
        let (requested, used, limit) = (4, 4000, 4000);
        assert_eq!(
            refused,
            Err(Error::SideLimit {
                requested,
                used,
                limit
            })
        );
        assert_eq!(other.capacity(), 0);
    }

    #[test]
    fn a_size_that_overflows_is_refused() {
        let array = Array::<u64>::new();
        let growth = Growth {
            most: usize::MAX,
            ..GROWTH
        };
        for count in [usize::MAX, usize::MAX / 8] {
            // SAFETY: nothing refers to an element.
            let refused = unsafe { array.grow_with(count, &growth, || 0) };
            assert!(matches!(refused, Err(Error::SystemMemory { .. })));
            assert_eq!(array.capacity(), 0);
        }
    }

    #[test]
    fn elements_keep_their_values_and_new_ones_are_zero() {
        let array = Array::<Cell<u32>>::new();
        for count in 1..=200 {
            // SAFETY: nothing refers to an element.
            unsafe { array.grow_zeroed(count, &GROWTH) }.unwrap();
            assert_eq!(array.as_slice()[count - 1].replace(count as u32), 0);
        }
        let expected: Vec<_> = (1..=200).chain([0; 56]).collect();
        assert_eq!(numbers(&array), expected);
        assert_eq!(array.get(199).map(Cell::get), Some(200));
        assert!(array.get(256).is_none());
    }

    #[test]
    fn a_spare_element_is_beyond_the_capacity_and_becomes_an_ordinary_one() {
        let array = Array::<Cell<u32>, 1>::new();
        // SAFETY: nothing refers to an element, in both calls. Index 4 is the spare one.
        unsafe {
            array.grow_zeroed(1, &GROWTH).unwrap();
            array.get_unchecked(4).set(7);
            assert_eq!(numbers(&array), [0; 4]);
            array.grow_zeroed(5, &GROWTH).unwrap();
        }
        assert_eq!(numbers(&array), [0, 0, 0, 0, 7, 0, 0, 0]);
    }

    #[test]
    fn an_empty_array_is_where_its_maker_says() {
        static PLACE: u64 = 5;
        let array = Array::<u64, 1>::empty_at(NonNull::from(&PLACE));
        assert!(array.as_slice().is_empty());
        // SAFETY: the place has one element.
        assert_eq!(unsafe { *array.get_unchecked(0) }, 5);
    }

    #[test]
    fn a_replaced_array_has_zeros_only() {
        let array = Array::<Cell<u32>>::new();
        // SAFETY: nothing refers to an element, in all calls.
        unsafe {
            array.grow_with(3, &GROWTH, || Cell::new(9)).unwrap();
            array.replace_zeroed(4, &GROWTH).unwrap();
            assert_eq!(numbers(&array), [9; 4], "it was large enough");
            array.replace_zeroed(5, &GROWTH).unwrap();
        }
        assert_eq!(numbers(&array), [0; 8]);
    }

    #[test]
    fn each_refused_growth_changes_nothing() {
        // With two refusals in a row both the doubled and the exact capacity are refused,
        // which the allocator of the tests does for sizes that no system has.
        let array = Array::<Aligned>::new();
        let huge = Growth {
            most: usize::MAX,
            ..GROWTH
        };
        for count in [1, 5, 9] {
            // SAFETY: nothing refers to an element, in all calls.
            unsafe {
                let before = array.capacity();
                let impossible = isize::MAX as usize / size_of::<Aligned>();
                let refused = array.grow_zeroed(impossible, &huge);
                assert!(matches!(refused, Err(Error::SystemMemory { .. })));
                let refused = array.grow_with(impossible, &huge, || Aligned([0; 8]));
                assert!(matches!(refused, Err(Error::SystemMemory { .. })));
                let refused = array.replace_zeroed(impossible, &huge);
                assert!(matches!(refused, Err(Error::SystemMemory { .. })));
                assert_eq!(array.capacity(), before);
                let grown = |count| array.grow_with(count, &GROWTH, || Aligned([count as u64; 8]));
                let (fell_back, refused) = refusing(0, || grown(count));
                fell_back.unwrap();
                assert!(refused);
                assert_eq!(array.capacity(), count, "the exact capacity");
            }
            assert_eq!(array.as_slice()[count - 1].0, [count as u64; 8]);
        }
        let (fell_back, refused) = refusing(0, || {
            // SAFETY: nothing refers to an element.
            unsafe { array.grow_zeroed(10, &GROWTH) }
        });
        fell_back.unwrap();
        assert!(refused && array.capacity() == 10);
        assert_eq!(array.as_slice()[8].0[0], 9);
        assert_eq!(array.as_slice()[9].0[0], 0);
    }

    #[test]
    fn elements_are_aligned() {
        let (zeroed, made) = (Array::<Aligned, 1>::new(), Array::<Aligned>::new());
        for count in 1..100 {
            // SAFETY: nothing refers to an element, in both calls.
            unsafe {
                zeroed.grow_zeroed(count, &GROWTH).unwrap();
                made.grow_with(count, &GROWTH, || Aligned([3; 8])).unwrap();
            }
            for first in [zeroed.first(), made.first()] {
                assert!(first.as_ptr().is_aligned());
            }
        }
        assert!(made.as_slice().iter().all(|element| element.0 == [3; 8]));
    }

    #[test]
    fn each_element_is_dropped_once() {
        let counted = Rc::new(());
        let array = Array::<Option<Rc<()>>>::new();
        for count in 1..=50 {
            let element = || Some(Rc::clone(&counted));
            // SAFETY: nothing refers to an element.
            unsafe { array.grow_with(count, &GROWTH, element) }.unwrap();
            assert_eq!(Rc::strong_count(&counted), array.capacity() + 1);
        }
        drop(array);
        assert_eq!(Rc::strong_count(&counted), 1);
    }

    #[test]
    fn a_panic_while_elements_are_made_leaves_an_empty_array() {
        let counted = Rc::new(());
        let array = Array::<Rc<()>>::new();
        // SAFETY: nothing refers to an element, in both calls.
        unsafe {
            let element = || Rc::clone(&counted);
            array.grow_with(4, &GROWTH, element).unwrap();
            let grow = || {
                array.grow_with(5, &GROWTH, || match Rc::strong_count(&counted) {
                    6 => panic!("as the test wants"),
                    _ => Rc::clone(&counted),
                })
            };
            let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(grow));
            assert!(panicked.is_err());
        }
        assert_eq!(array.capacity(), 0);
        drop(array);
        assert_eq!(Rc::strong_count(&counted), 6, "five elements leaked");
    }

    #[test]
    fn discarded_elements_are_zeros_or_as_before_and_the_others_stay() {
        let array = Array::<Cell<u32>, 1>::new();
        let growth = Growth {
            most: 100_000,
            ..GROWTH
        };
        // SAFETY: nothing refers to an element, in all calls. The spare one is at 50,000.
        unsafe {
            array.grow_zeroed(50_000, &growth).unwrap();
            array.as_slice().iter().for_each(|number| number.set(7));
            array.get_unchecked(50_000).set(7);
            array.discard_from(20_000);
            array.discard_from(50_001);
            array.discard_from(60_000);
        }
        let numbers = numbers(&array);
        assert!(numbers[..20_000].iter().all(|&number| number == 7));
        assert!(
            numbers[20_000..]
                .iter()
                .all(|&number| number == 7 || number == 0)
        );
        assert!(cfg!(miri) || numbers[20_000..].contains(&0));
    }

    #[test]
    fn a_shrunk_array_keeps_its_first_elements() {
        let array = Array::<Cell<u32>>::new();
        // SAFETY: nothing refers to an element, in all calls.
        unsafe {
            array.grow_with(100, &GROWTH, || Cell::new(6)).unwrap();
            let (shrunk, refused) = refusing(0, || array.shrink_to(50));
            assert!(
                !shrunk && refused && array.capacity() == 100,
                "it stays as it is"
            );
            assert!(array.shrink_to(50));
            assert_eq!(numbers(&array), [6; 50]);
            assert!(array.shrink_to(60));
        }
        assert_eq!(array.capacity(), 50);
    }
}
