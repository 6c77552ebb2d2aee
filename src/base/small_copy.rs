//! Copies of few bytes, without a call and without a loop: a function that only copies so
//! needs no stack frame.

/// The greatest number of bytes of a small copy.
pub(crate) const SMALL: u64 = 32;

/// Copies `bytes` bytes, at most [`SMALL`]. The two ranges may overlap: everything is read
/// before anything is written.
///
/// # Safety
///
/// `source` must be valid for reading and `target` for writing `bytes` bytes. Neither needs
/// an alignment.
#[inline(always)]
pub(crate) unsafe fn copy_small(source: *const u8, target: *mut u8, bytes: u64) {
    debug_assert!(bytes <= SMALL);
    let bytes = bytes as usize;
    // SAFETY: the caller's promise.
    unsafe {
        match bytes {
            17.. => copy_ends::<[u64; 2]>(source, target, bytes),
            8.. => copy_ends::<u64>(source, target, bytes),
            4.. => copy_ends::<u32>(source, target, bytes),
            2.. => copy_ends::<u16>(source, target, bytes),
            1 => target.write(source.read()),
            0 => (),
        }
    }
}

/// Copies the first and the last `T` of `bytes` bytes, which together are all of them.
///
/// # Safety
///
/// As for [`copy_small`]. `bytes` must be at least the size of `T` and at most twice it.
#[inline(always)]
unsafe fn copy_ends<T: Copy>(source: *const u8, target: *mut u8, bytes: usize) {
    debug_assert!(bytes >= size_of::<T>() && bytes <= 2 * size_of::<T>());
    let last = bytes - size_of::<T>();
    // SAFETY: the caller's promise.
    unsafe {
        let ends = (
            source.cast::<T>().read_unaligned(),
            source.add(last).cast::<T>().read_unaligned(),
        );
        target.cast::<T>().write_unaligned(ends.0);
        target.add(last).cast::<T>().write_unaligned(ends.1);
    }
}

#[cfg(test)]
mod tests {
    use super::{SMALL, copy_small};

    #[test]
    fn a_small_copy_copies_its_bytes_and_nothing_else() {
        for bytes in 0..=SMALL as usize {
            let source: Vec<u8> = (1..).take(bytes).collect();
            let mut target = [0; SMALL as usize + 2];
            // SAFETY: both have room for the bytes.
            unsafe { copy_small(source.as_ptr(), target[1..].as_mut_ptr(), bytes as u64) };
            assert_eq!(target[1..=bytes], source);
            assert!(target[0] == 0 && target[bytes + 1..].iter().all(|&byte| byte == 0));
        }
    }

    #[test]
    fn the_ranges_may_overlap() {
        for bytes in 0..=SMALL as usize {
            for (from, to) in [(0, 3), (3, 0), (2, 2)] {
                let mut memory: Vec<u8> = (0..SMALL as u8 + 3).collect();
                let mut expected = memory.clone();
                expected.copy_within(from..from + bytes, to);
                let first = memory.as_mut_ptr();
                // SAFETY: both ranges lie in the vector.
                unsafe { copy_small(first.add(from), first.add(to), bytes as u64) };
                assert_eq!(memory, expected);
            }
        }
    }
}
