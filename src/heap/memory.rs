//! The heap's memory: a reservation of address space, and regions of it that
//! commit and give back pages.
//!
//! A [`Reservation`] takes what the limit needs at once and never moves, so an
//! object's address is always `base + offset`. Pages are inaccessible until a
//! [`Region`] commits them, so that a failure to commit is an error and not a
//! signal, where the system accounts for memory. All platform calls for memory
//! stand here.
//!
//! A region's loads and stores check their offset against what is committed
//! (`heap.sandbox`): whatever a collector computes from the heap's contents, it
//! touches no memory outside.

use core::marker::PhantomData;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU64, Ordering};

use super::budget::{Budget, Progress};
use crate::base::fallible;
use crate::error::{Error, Result};

/// The unit in which committed bytes are counted. A system's pages may be
/// larger; then the last page of a region is committed as a whole.
pub(crate) const COMMIT_UNIT: u64 = 4096;

/// Bytes that are given back at a time, no less than a page, and what that costs.
const GIVEN_BACK: u64 = 64 << 10;
const GIVING_BACK: u64 = 4096;

/// Address space of a heap. Given back on drop.
#[derive(Debug)]
pub(crate) struct Reservation {
    base: NonNull<u8>,
    bytes: usize,
}

// SAFETY: address space belongs to no thread.
unsafe impl Send for Reservation {}

impl Reservation {
    /// Reserves `bytes`, more than 0, of address space.
    pub(crate) fn new(bytes: u64) -> Result<Reservation> {
        let refused = Error::SystemMemory { requested: bytes };
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
            return Err(refused);
        }
        let base = NonNull::new(base.cast()).ok_or(refused)?;
        Ok(Reservation { base, bytes })
    }

    /// The address of offset 0.
    pub(crate) fn base(&self) -> *mut u8 {
        self.base.as_ptr()
    }

    /// A region from `start` to `end`, multiples of [`COMMIT_UNIT`], with
    /// nothing committed. The heap drops its regions with the reservation.
    pub(crate) fn region(&self, start: u64, end: u64) -> Region {
        assert!(start <= end && end <= self.bytes as u64);
        Region {
            base: self.base,
            start,
            end,
            committed: start,
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        // SAFETY: this is the mapping that `new` made, and its user is gone.
        let failed = unsafe { libc::munmap(self.base.as_ptr().cast(), self.bytes) } != 0;
        debug_assert!(!failed);
    }
}

/// A part of a reservation whose front is committed. Offsets count from the
/// reservation's base.
#[derive(Debug)]
pub(crate) struct Region {
    base: NonNull<u8>,
    start: u64,
    end: u64,
    committed: u64,
}

// SAFETY: memory belongs to no thread; whoever has the region uses it.
unsafe impl Send for Region {}

impl Region {
    /// Where the region starts.
    pub(crate) fn start(&self) -> u64 {
        self.start
    }

    /// Where the committed front ends.
    pub(crate) fn committed_end(&self) -> u64 {
        self.committed
    }

    /// Commits up to `end`, at most the region's own. New pages are zeros.
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

    /// Gives back what is committed from `end` on. If the system refuses, it
    /// stays committed.
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

    /// Gives back what is committed from `end` on, the last first, as far as the budget
    /// allows. If the system refuses to, the rest stays committed.
    pub(crate) fn decommit_towards(&mut self, end: u64, budget: &mut Budget) -> Progress {
        let before = self.committed;
        let pieces = before.saturating_sub(end).div_ceil(GIVEN_BACK);
        let now = budget.take(pieces as usize, GIVING_BACK) as u64;
        if now == pieces {
            self.decommit_from(end);
            return Progress::Complete;
        }
        self.decommit_from(before - now * GIVEN_BACK);
        if self.committed < before {
            Progress::Continue
        } else {
            Progress::Complete
        }
    }

    /// Gives the pages from `from` to the committed end back to the system;
    /// they stay committed and read as zeros when next used.
    pub(crate) fn release_from(&self, from: u64) {
        let (from, to) = (
            from.max(self.start).next_multiple_of(page()),
            self.committed / page() * page(),
        );
        if from < to {
            self.discard(from, to);
        }
    }

    fn discard(&self, from: u64, to: u64) -> bool {
        // SAFETY: `from..to` lies in this region's committed part, which no Rust
        // reference points into.
        unsafe {
            let address = self.base.as_ptr().add(from as usize);
            libc::madvise(address.cast(), (to - from) as usize, libc::MADV_DONTNEED) == 0
        }
    }

    fn protect(&self, from: u64, to: u64, protection: libc::c_int) -> Result<()> {
        // SAFETY: the range lies in the reservation (rounded to the pages that
        // the mapping consists of), which no Rust reference points into.
        let failed = unsafe {
            let address = self.base.as_ptr().add(from as usize);
            libc::mprotect(address.cast(), (to - from) as usize, protection) != 0
        };
        if failed {
            return Err(fallible::refused((to - from) as usize));
        }
        Ok(())
    }

    /// A copy of the region's bounds, which loops keep in registers.
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

    /// As [`RegionView::copy_to`].
    pub(crate) fn copy_to(
        &self,
        offset: u64,
        to: &Region,
        to_offset: u64,
        bytes: u64,
    ) -> Result<()> {
        self.view().copy_to(offset, to.view(), to_offset, bytes)
    }

    /// Fills `from..to` with `byte`.
    pub(crate) fn fill(&self, from: u64, to: u64, byte: u8) -> Result<()> {
        let address = self.view().check(from, to.saturating_sub(from))?;
        // SAFETY: the range is committed.
        unsafe { core::ptr::write_bytes(address, byte, to.saturating_sub(from) as usize) };
        Ok(())
    }
}

/// Copies `N` words.
///
/// # Safety
///
/// As for [`core::ptr::copy_nonoverlapping`], but for alignment.
#[inline(always)]
unsafe fn copy_words<const N: usize>(source: *const u8, target: *mut u8) {
    // SAFETY: the caller's promise.
    unsafe {
        let words = source.cast::<[u64; N]>().read_unaligned();
        target.cast::<[u64; N]>().write_unaligned(words);
    }
}

/// The bounds of a region's committed part, which do not change while this lives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RegionView<'a> {
    base: NonNull<u8>,
    start: u64,
    committed: u64,
    region: PhantomData<&'a Region>,
}

impl RegionView<'_> {
    /// The address of `offset`, if `bytes` from there on are committed.
    #[inline(always)]
    fn check(self, offset: u64, bytes: u64) -> Result<*mut u8> {
        let (into, span) = (offset.wrapping_sub(self.start), self.committed - self.start);
        if into > span || bytes > span - into {
            return Err(Error::internal("an offset outside the heap", offset));
        }
        // SAFETY: `offset` lies in the mapping.
        Ok(unsafe { self.base.as_ptr().add(offset as usize) })
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

    /// Copies `bytes` from `offset` here to `to_offset` in `to`, of a region that
    /// does not overlap with this one.
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
                // Small objects, which are the most, without a call.
                16 => copy_words::<2>(source, target),
                24 => copy_words::<3>(source, target),
                32 => copy_words::<4>(source, target),
                _ => core::ptr::copy_nonoverlapping(source, target, bytes as usize),
            }
        }
        Ok(())
    }
}

/// The system's page size in bytes, asked for once.
fn page() -> u64 {
    static PAGE: AtomicU64 = AtomicU64::new(0);

    let known = PAGE.load(Ordering::Relaxed);
    if known != 0 {
        return known;
    }
    // SAFETY: sysconf has no preconditions.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    let page = u64::try_from(page).unwrap_or(COMMIT_UNIT).max(COMMIT_UNIT);
    PAGE.store(page, Ordering::Relaxed);
    page
}
