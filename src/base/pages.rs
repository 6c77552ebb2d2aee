//! Pages of an allocated block that nobody needs: the system takes them back, and the block
//! stays as it is.

use core::sync::atomic::{AtomicUsize, Ordering};

/// The system's page size in bytes. Asks the system once.
pub(crate) fn size() -> usize {
    static SIZE: AtomicUsize = AtomicUsize::new(0);

    let known = SIZE.load(Ordering::Relaxed);
    if known != 0 {
        return known;
    }
    // SAFETY: sysconf has no preconditions.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    let size = usize::try_from(size).unwrap_or(4096).max(4096);
    SIZE.store(size, Ordering::Relaxed);
    size
}

/// Gives the whole pages among the `bytes` from `first` on back to the system. The bytes in
/// them are zeros afterwards, or what they were if the system does not take the pages.
///
/// # Safety
///
/// The bytes must be of one allocated block. Nothing may refer to them, and zeros and their
/// present values must both be valid there.
pub(crate) unsafe fn discard(first: *mut u8, bytes: usize) {
    let into = first.align_offset(size());
    let whole = bytes.saturating_sub(into) / size() * size();
    if whole > 0 {
        // SAFETY: the caller's promise. If it fails, the bytes stay as they are.
        unsafe { libc::madvise(first.add(into).cast(), whole, libc::MADV_DONTNEED) };
    }
}
