//! The heap's memory: a reservation of address space, and regions of it that commit and
//! decommit pages.
//!
//! A [`Reservation`] reserves the address space for a heap of the limit's size and never
//! moves. A [`Region`] commits pages of it as the heap grows (HEAP-7).
//!
//! A region checks the offset of each load and store against what is committed (HEAP-8,
//! `heap.sandbox`). So a collector that computes an offset from the heap's contents touches
//! no memory outside the heap.
//!
//! The platform's calls for memory are in this file and in `src/base/pages.rs` only.

use core::marker::PhantomData;
use core::ops::Range;
use core::ptr::NonNull;

use super::budget::{Budget, Progress};
use super::header::{HEADER_BYTES, ObjectHeader};
use super::layout_word::{ObjectSize, SimpleLayout};
use super::reference::{LEAST_BYTES, SLOT_BYTES};
use crate::base::prefetch::prefetch;
use crate::base::{fallible, mappings, pages, work};
use crate::error::{Error, Result};

/// The unit in which committed bytes are counted. A system's pages may be larger; then the
/// last page of a region is committed as a whole.
pub(crate) const COMMIT_UNIT: u64 = 4096;

/// The bytes that are decommitted at a time. A page is not larger.
pub(super) const DECOMMIT_CHUNK: u64 = 64 << 10;

/// The cost of decommitting a chunk, for a [`Budget`].
pub(super) const DECOMMIT_COST: u64 = 4096;

/// A heap's address space. Released on drop.
#[derive(Debug)]
pub(crate) struct Reservation {
    base: NonNull<u8>,
    bytes: usize,
}

// SAFETY: address space belongs to no thread.
unsafe impl Send for Reservation {}

impl Reservation {
    /// Reserves `bytes` of address space, which must not be 0.
    ///
    /// Errors: [`Error::AddressSpace`], [`Error::Mappings`].
    pub(crate) fn new(bytes: u64) -> Result<Reservation> {
        let refused = Error::AddressSpace { requested: bytes };
        let bytes = usize::try_from(bytes).map_err(|_| refused)?;
        // SAFETY: an anonymous mapping at an address of the system's choice
        // touches no existing memory.
        let base = unsafe {
            libc::mmap(
                core::ptr::null_mut(),
                bytes,
                libc::PROT_NONE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                -1,
                0,
            )
        };
        if base == libc::MAP_FAILED {
            return Err(mappings::exhausted().unwrap_or(refused));
        }
        let base = NonNull::new(base.cast()).ok_or(refused)?;
        Ok(Reservation { base, bytes })
    }

    /// The address of offset 0.
    pub(crate) fn base(&self) -> *mut u8 {
        self.base.as_ptr()
    }

    /// A region from `start` to `end`, which are multiples of [`COMMIT_UNIT`]. Nothing in
    /// it is committed. The heap must drop its regions together with the reservation.
    pub(crate) fn region(&self, start: u64, end: u64) -> Region {
        assert!(start <= end && end <= self.bytes as u64);
        Region {
            base: self.base,
            reserved: self.bytes as u64,
            start,
            end,
            committed: start,
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        // The system may have joined the mapping with its neighbours. It refuses to split
        // them if the process has no mappings left. Then the address space stays reserved.
        // SAFETY: `new` made this mapping, and nothing uses it any more.
        let failed = unsafe { libc::munmap(self.base.as_ptr().cast(), self.bytes) } != 0;
        debug_assert!(!failed || mappings::exhausted().is_some());
    }
}

/// A part of a reservation. Its front is committed. Offsets count from the reservation's
/// base.
#[derive(Debug)]
pub(crate) struct Region {
    base: NonNull<u8>,
    /// The size of the reservation.
    reserved: u64,
    start: u64,
    end: u64,
    committed: u64,
}

// SAFETY: memory belongs to no thread; only the owner of the region uses it.
unsafe impl Send for Region {}

impl Region {
    /// The address of offset 0 of the reservation.
    #[inline(always)]
    pub(super) fn base(&self) -> NonNull<u8> {
        self.base
    }

    /// The offset at which the region starts.
    pub(crate) fn start(&self) -> u64 {
        self.start
    }

    /// The offset at which the committed front ends.
    pub(crate) fn committed_end(&self) -> u64 {
        self.committed
    }

    /// Commits up to `end`, which lies in the region. New pages are zeros.
    ///
    /// Errors: [`Error::SystemMemory`].
    pub(crate) fn commit_to(&mut self, end: u64) -> Result<()> {
        assert!(end <= self.end);
        if end <= self.committed {
            return Ok(());
        }
        self.protect(
            self.committed / page() * page(),
            end.next_multiple_of(page()),
            libc::PROT_READ | libc::PROT_WRITE,
        )?;
        self.committed = end;
        Ok(())
    }

    /// Decommits the pages from `end` on. If the system refuses, they stay committed.
    pub(crate) fn decommit_from(&mut self, end: u64) {
        let (from, to) = (
            end.max(self.start).next_multiple_of(page()),
            self.committed / page() * page(),
        );
        if from >= to || !self.discard(from, to) {
            return;
        }
        if self.protect(from, to, libc::PROT_NONE).is_ok() {
            self.committed = from;
        }
    }

    /// Another region of the same reservation: see [`Reservation::region`]. The bounds must
    /// lie in the reservation.
    pub(crate) fn sibling(&self, start: u64, end: u64) -> Region {
        assert!(start <= end && end <= self.reserved);
        Region {
            start,
            end,
            committed: start,
            ..*self
        }
    }

    /// Decommits the whole pages of a range of the reservation, which need not lie in this
    /// region. If the system refuses, they stay accessible.
    pub(crate) fn decommit_range(&self, range: Range<u64>) {
        let (from, to) = Region::whole_pages(range.start, range.end.min(self.reserved));
        if from < to && self.discard(from, to) {
            let _ = self.protect(from, to, libc::PROT_NONE);
        }
    }

    /// Makes the pages of a range of the reservation accessible, which need not lie in this
    /// region. They do not count as committed.
    ///
    /// Errors: those of [`Region::commit_to`].
    pub(crate) fn open_range(&self, range: Range<u64>) -> Result<()> {
        assert!(range.end <= self.reserved);
        self.protect(
            range.start / page() * page(),
            range.end.next_multiple_of(page()),
            libc::PROT_READ | libc::PROT_WRITE,
        )
    }

    /// Releases the contents of the whole pages of a range of the reservation, which need
    /// not lie in this region. The pages stay accessible.
    pub(crate) fn discard_range(&self, range: Range<u64>) {
        let (from, to) = Region::whole_pages(range.start, range.end.min(self.reserved));
        if from < to {
            self.discard(from, to);
        }
    }

    /// Ends the committed front at `end`, and leaves the pages after it to another region.
    pub(crate) fn forget_from(&mut self, end: u64) {
        self.committed = self.committed.min(end.max(self.start));
    }

    /// Decommits the pages from `end` on, beginning with the last, as far as the budget
    /// allows. If the system refuses, the rest stays committed, and the work counts as
    /// complete.
    pub(crate) fn decommit_towards(&mut self, end: u64, budget: &mut Budget) -> Progress {
        let before = self.committed;
        let chunks = before.saturating_sub(end).div_ceil(DECOMMIT_CHUNK);
        if chunks > 0 && budget.is_spent() {
            return Progress::Continue;
        }
        let now = budget.take(chunks as usize, DECOMMIT_COST) as u64;
        work::count((now * DECOMMIT_COST) as usize);
        if now == chunks {
            self.decommit_from(end);
            return Progress::Complete;
        }
        self.decommit_from(before - now * DECOMMIT_CHUNK);
        if self.committed < before {
            Progress::Continue
        } else {
            Progress::Complete
        }
    }

    /// Releases the contents of the pages from `from` to the committed end. The pages stay
    /// committed and read as zeros when they are used next.
    pub(crate) fn release_from(&self, from: u64) {
        let (from, to) = (
            from.max(self.start).next_multiple_of(page()),
            self.committed / page() * page(),
        );
        if from < to {
            self.discard(from, to);
        }
    }

    /// The bounds of the whole pages between `from` and `to`. The first is not less than the
    /// second if there is no whole page.
    fn whole_pages(from: u64, to: u64) -> (u64, u64) {
        (from.next_multiple_of(page()), to / page() * page())
    }

    /// Gives the memory of these pages back to the system. Whether it took the memory.
    fn discard(&self, from: u64, to: u64) -> bool {
        // SAFETY: `from..to` is a committed part of the reservation, which no Rust reference
        // points into.
        unsafe {
            let address = self.base.as_ptr().add(from as usize);
            libc::madvise(address.cast(), (to - from) as usize, libc::MADV_DONTNEED) == 0
        }
    }

    /// Changes the access to these pages.
    ///
    /// Errors: [`Error::SystemMemory`], [`Error::Mappings`].
    fn protect(&self, from: u64, to: u64, protection: libc::c_int) -> Result<()> {
        // SAFETY: the range lies in the pages of the reservation, which no Rust reference
        // points into.
        let failed = unsafe {
            let address = self.base.as_ptr().add(from as usize);
            libc::mprotect(address.cast(), (to - from) as usize, protection) != 0
        };
        if failed {
            let refused = fallible::refused((to - from) as usize);
            return Err(mappings::exhausted().unwrap_or(refused));
        }
        Ok(())
    }

    /// A copy of the region's bounds. Loops keep it in registers.
    #[inline(always)]
    pub(crate) fn view(&self) -> RegionView<'_> {
        RegionView {
            base: self.base,
            start: self.start,
            committed: self.committed,
            region: PhantomData,
        }
    }

    /// Reads the `u32` at `offset`.
    #[inline(always)]
    pub(crate) fn load_u32(&self, offset: u64) -> Result<u32> {
        self.view().load_u32(offset)
    }

    /// Reads the `u64` at `offset`.
    #[inline(always)]
    pub(crate) fn load_u64(&self, offset: u64) -> Result<u64> {
        self.view().load_u64(offset)
    }

    /// Writes the `u32` at `offset`.
    #[inline(always)]
    pub(crate) fn store_u32(&self, offset: u64, value: u32) -> Result<()> {
        self.view().store_u32(offset, value)
    }

    /// Writes the `u64` at `offset`.
    #[inline(always)]
    pub(crate) fn store_u64(&self, offset: u64, value: u64) -> Result<()> {
        self.view().store_u64(offset, value)
    }

    /// See [`RegionView::copy_to`].
    pub(crate) fn copy_to(
        &self,
        offset: u64,
        to: &Region,
        to_offset: u64,
        bytes: u64,
    ) -> Result<()> {
        self.view().copy_to(offset, to.view(), to_offset, bytes)
    }

    /// The table of `count` elements at `offset`, which must be aligned and committed.
    #[inline(always)]
    pub(crate) fn table<T: TableElement>(&self, offset: u64, count: usize) -> &[T] {
        let bytes = count.checked_mul(size_of::<T>());
        let end = bytes.and_then(|bytes| offset.checked_add(bytes as u64));
        assert!(offset >= self.start && end.is_some_and(|end| end <= self.committed));
        assert!(offset.is_multiple_of(align_of::<T>() as u64));
        // SAFETY: the bytes are committed, and stay so while the region is borrowed. The base
        // is that of a page. Any bits are a `T`, which is used through shared references only.
        unsafe {
            let first = self.base.as_ptr().add(offset as usize).cast::<T>();
            core::slice::from_raw_parts(first, count)
        }
    }

    /// Fills `from..to` with `byte`.
    ///
    /// Errors: [`Error::Internal`] unless the range is committed.
    pub(crate) fn fill(&self, from: u64, to: u64, byte: u8) -> Result<()> {
        let address = self.view().check(from, to.saturating_sub(from))?;
        // SAFETY: the range is committed.
        unsafe { core::ptr::write_bytes(address, byte, to.saturating_sub(from) as usize) };
        Ok(())
    }
}

/// What a [table](Region::table) consists of.
///
/// # Safety
///
/// Any bits must be a valid value, also after they change while a reference to the value
/// exists. So all fields must be cells of numbers.
pub(crate) unsafe trait TableElement {}

// SAFETY: a cell of a number.
unsafe impl TableElement for core::cell::Cell<u64> {}

/// Copies `N` words of 8 bytes.
///
/// # Safety
///
/// The conditions of [`core::ptr::copy_nonoverlapping`]. The pointers need no alignment.
#[inline(always)]
unsafe fn copy_words<const N: usize>(source: *const u8, target: *mut u8) {
    // SAFETY: the caller's promise.
    unsafe {
        let words = source.cast::<[u64; N]>().read_unaligned();
        target.cast::<[u64; N]>().write_unaligned(words);
    }
}

/// The bounds of a region's committed part. They do not change while the view lives.
///
/// Errors: each function returns [`Error::Internal`] for bytes that are not committed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RegionView<'a> {
    base: NonNull<u8>,
    start: u64,
    committed: u64,
    region: PhantomData<&'a Region>,
}

impl<'a> RegionView<'a> {
    /// The address of `offset`, if the `bytes` from there on are committed.
    #[inline(always)]
    fn check(self, offset: u64, bytes: u64) -> Result<*mut u8> {
        #[cfg(test)]
        super::step_count::count_access(bytes);
        let (into, span) = (offset.wrapping_sub(self.start), self.committed - self.start);
        if into > span || bytes > span - into {
            return Err(Error::internal("an offset outside the heap", offset));
        }
        // SAFETY: `offset` lies in the mapping.
        Ok(unsafe { self.base.as_ptr().add(offset as usize) })
    }

    /// The committed bytes between `start` and `end`, in which objects lie.
    pub(crate) fn objects(self, start: u64, end: u64) -> ObjectSpan<'a> {
        let start = start.max(self.start);
        let bytes = end.min(self.committed).saturating_sub(start);
        ObjectSpan {
            base: self.base,
            start,
            bytes,
            heads: bytes.saturating_sub(u64::from(LEAST_BYTES) - 1),
            region: PhantomData,
        }
    }

    /// Reads the `u32` at `offset`.
    #[inline(always)]
    pub(crate) fn load_u32(self, offset: u64) -> Result<u32> {
        let address = self.check(offset, 4)?;
        // SAFETY: 4 bytes from `address` on are committed.
        Ok(unsafe { address.cast::<u32>().read_unaligned() })
    }

    /// Reads the `u64` at `offset`.
    #[inline(always)]
    pub(crate) fn load_u64(self, offset: u64) -> Result<u64> {
        let address = self.check(offset, 8)?;
        // SAFETY: 8 bytes from `address` on are committed.
        Ok(unsafe { address.cast::<u64>().read_unaligned() })
    }

    /// Writes the `u32` at `offset`.
    #[inline(always)]
    pub(crate) fn store_u32(self, offset: u64, value: u32) -> Result<()> {
        let address = self.check(offset, 4)?;
        // SAFETY: 4 bytes from `address` on are committed.
        unsafe { address.cast::<u32>().write_unaligned(value) };
        Ok(())
    }

    /// Writes the `u64` at `offset`.
    #[inline(always)]
    pub(crate) fn store_u64(self, offset: u64, value: u64) -> Result<()> {
        let address = self.check(offset, 8)?;
        // SAFETY: 8 bytes from `address` on are committed.
        unsafe { address.cast::<u64>().write_unaligned(value) };
        Ok(())
    }

    /// Copies `bytes` from `offset` in this region to `to_offset` in `to`. The two ranges must
    /// not overlap.
    #[inline(always)]
    pub(crate) fn copy_to(
        self,
        offset: u64,
        to: RegionView<'_>,
        to_offset: u64,
        bytes: u64,
    ) -> Result<()> {
        let source = self.check(offset, bytes)?;
        let target = to.check(to_offset, bytes)?;
        // SAFETY: both ranges are committed; the regions do not overlap.
        unsafe {
            match bytes {
                // Most objects are small. They are copied without a call.
                16 => copy_words::<2>(source, target),
                24 => copy_words::<3>(source, target),
                32 => copy_words::<4>(source, target),
                _ => core::ptr::copy_nonoverlapping(source, target, bytes as usize),
            }
        }
        Ok(())
    }
}

/// The committed bytes of a region in which objects lie. A loop over objects checks with it
/// where each object lies, once for all accesses to the object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ObjectSpan<'a> {
    base: NonNull<u8>,
    start: u64,
    bytes: u64,
    /// The places at which [`LEAST_BYTES`] follow are less than this, counted from `start`.
    heads: u64,
    region: PhantomData<&'a Region>,
}

impl<'a> ObjectSpan<'a> {
    /// Asks the processor for the memory at `offset`, which need not lie in the span.
    #[inline(always)]
    pub(crate) fn prefetch(self, offset: u64) {
        prefetch(self.base.as_ptr().wrapping_add(offset as usize));
    }

    /// The first [`LEAST_BYTES`] of an object at `offset`, if the span has them.
    #[inline(always)]
    pub(crate) fn head(self, offset: u64) -> Option<ObjectHead<'a>> {
        #[cfg(test)]
        super::step_count::count_access(LEAST_BYTES.into());
        let into = offset.wrapping_sub(self.start);
        if into >= self.heads {
            return None;
        }
        Some(ObjectHead {
            // SAFETY: the bytes lie in the span, which is committed.
            first: unsafe { self.base.add(offset as usize) },
            room: self.bytes - into,
            region: PhantomData,
        })
    }

    /// The offset of a slot of the span.
    #[inline(always)]
    pub(crate) fn offset_of(self, slot: ObjectSlot<'_>) -> u64 {
        (slot.address.addr() - self.base.as_ptr().addr()) as u64
    }

    /// The `bytes` at `offset`, if they lie in the span.
    #[inline(always)]
    pub(crate) fn object(self, offset: u64, bytes: u64) -> Option<ObjectBytes<'a>> {
        let into = offset.wrapping_sub(self.start);
        if into > self.bytes || bytes > self.bytes - into {
            return None;
        }
        Some(ObjectBytes {
            // SAFETY: the bytes lie in the span, which is committed.
            first: unsafe { self.base.add(offset as usize) },
            bytes,
            region: PhantomData,
        })
    }
}

/// The first [`LEAST_BYTES`] of an object, which are committed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ObjectHead<'a> {
    first: NonNull<u8>,
    /// The bytes from the object's start to the end of the span.
    room: u64,
    region: PhantomData<&'a Region>,
}

impl<'a> ObjectHead<'a> {
    /// Whether an object of this size lies in the span.
    #[inline(always)]
    pub(crate) fn has_room_for(self, size: ObjectSize) -> bool {
        size.bytes() <= self.room
    }

    /// The slots of references of an object with this layout. `None` if it does not lie in the
    /// span.
    #[inline(always)]
    pub(crate) fn slots(self, layout: SimpleLayout) -> Option<Slots<'a>> {
        // SAFETY: the object is committed.
        self.has_room_for(layout.size())
            .then(|| unsafe { Slots::new(self.first, layout) })
    }

    /// Sets the header's bits.
    #[inline(always)]
    pub(crate) fn set_header(self, header: ObjectHeader) {
        // SAFETY: the bytes are committed.
        unsafe {
            let first = self.first.as_ptr().cast::<u64>();
            first.write_unaligned(header.bits());
        }
    }

    /// Sets the 32 bits behind the header.
    #[inline(always)]
    pub(crate) fn set_after_header(self, bits: u32) {
        // SAFETY: the bytes are committed.
        unsafe {
            let after = self.first.as_ptr().add(8).cast::<u32>();
            after.write_unaligned(bits);
        }
    }

    /// The whole object of `bytes`, if it lies in the span.
    #[inline(always)]
    pub(crate) fn object(self, bytes: u64) -> Option<ObjectBytes<'a>> {
        if bytes > self.room {
            return None;
        }
        Some(ObjectBytes {
            first: self.first,
            bytes,
            region: PhantomData,
        })
    }

    /// The header's bits.
    #[inline(always)]
    pub(crate) fn header(self) -> u64 {
        // SAFETY: the bytes are committed.
        unsafe { self.first.as_ptr().cast::<u64>().read_unaligned() }
    }

    /// The 32 bits behind the header, which are the length of an array.
    #[inline(always)]
    pub(crate) fn after_header(self) -> u32 {
        // SAFETY: the bytes are committed.
        unsafe { self.first.as_ptr().add(8).cast::<u32>().read_unaligned() }
    }
}

/// The bytes of an object, which are committed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ObjectBytes<'a> {
    first: NonNull<u8>,
    bytes: u64,
    region: PhantomData<&'a Region>,
}

impl<'a> ObjectBytes<'a> {
    /// The slot of 32 bits at `at`, counted from the object's start.
    #[inline(always)]
    pub(crate) fn slot(self, at: u64) -> Result<ObjectSlot<'a>> {
        if at
            .checked_add(SLOT_BYTES)
            .is_none_or(|end| end > self.bytes)
        {
            return Err(Error::internal("a slot outside its object", at));
        }
        Ok(ObjectSlot {
            // SAFETY: the slot lies in the object.
            address: unsafe { self.first.as_ptr().add(at as usize).cast() },
            region: PhantomData,
        })
    }
}

/// An iterator over the slots of references of an object with a simple layout.
///
/// Invariant: the slots are committed.
#[derive(Clone, Debug)]
pub(crate) struct Slots<'a> {
    /// Where the object is.
    first: NonNull<u8>,
    /// Bit `i` stands for the slot at the offset `HEADER_BYTES + 4 * i`.
    left: u32,
    region: PhantomData<&'a Region>,
}

impl Slots<'_> {
    /// The slots of the object at `first`.
    ///
    /// # Safety
    ///
    /// The object must have the size that the layout says, and stay committed as long as the
    /// lifetime says.
    #[inline(always)]
    pub(super) unsafe fn new(first: NonNull<u8>, layout: SimpleLayout) -> Self {
        Slots {
            first,
            left: layout.references(),
            region: PhantomData,
        }
    }
}

impl<'a> Iterator for Slots<'a> {
    type Item = ObjectSlot<'a>;

    #[inline(always)]
    fn next(&mut self) -> Option<ObjectSlot<'a>> {
        if self.left == 0 {
            return None;
        }
        let slot = u64::from(self.left.trailing_zeros());
        self.left &= self.left - 1;
        let at = HEADER_BYTES + SLOT_BYTES * slot;
        // SAFETY: the slot is committed.
        Some(unsafe { ObjectSlot::at(self.first.add(at as usize)) })
    }
}

/// A slot of 32 bits in an object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ObjectSlot<'a> {
    address: *mut u32,
    region: PhantomData<&'a Region>,
}

impl ObjectSlot<'_> {
    /// The slot at `first`.
    ///
    /// # Safety
    ///
    /// The slot must stay committed as long as the lifetime says.
    #[inline(always)]
    pub(super) unsafe fn at(first: NonNull<u8>) -> Self {
        ObjectSlot {
            address: first.as_ptr().cast(),
            region: PhantomData,
        }
    }

    /// The bits in the slot.
    #[inline(always)]
    pub(crate) fn get(self) -> u32 {
        // SAFETY: the slot lies in committed memory.
        unsafe { self.address.read_unaligned() }
    }

    /// Sets the bits.
    #[inline(always)]
    pub(crate) fn set(self, bits: u32) {
        // SAFETY: the slot lies in committed memory.
        unsafe { self.address.write_unaligned(bits) };
    }
}

/// The size of the system's pages, which is a multiple of [`COMMIT_UNIT`].
fn page() -> u64 {
    pages::size() as u64
}
