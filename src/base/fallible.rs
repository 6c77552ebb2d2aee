//! Boxes and vectors whose allocation can fail.
//!
//! `Box::new` and `Vec::push` abort the process when memory is out, which no exported
//! function may do (`capi.no-abort`). The core allocates through this file and
//! [`array`](crate::base::array). Clippy's `disallowed_methods` bans the forms that abort.

use core::alloc::Layout;
use core::ptr::NonNull;

use crate::error::{Error, Result};

/// No vector is shrunk to room for fewer elements than this.
const KEPT: usize = 64;

/// Moves `value` to the heap.
///
/// Errors: [`Error::SystemMemory`].
pub(crate) fn boxed<T>(value: T) -> Result<Box<T>> {
    boxed_or_back(value).map_err(|(_, error)| error)
}

/// Moves `value` to the heap. Gives it back together with the error.
#[inline]
pub(crate) fn boxed_or_back<T>(value: T) -> core::result::Result<Box<T>, (T, Error)> {
    let layout = Layout::new::<T>();
    if layout.size() == 0 {
        // SAFETY: a dangling, aligned pointer is a valid box of a zero-sized type.
        return Ok(unsafe { Box::from_raw(NonNull::dangling().as_ptr()) });
    }
    // SAFETY: the layout's size is not zero.
    let pointer = unsafe { std::alloc::alloc(layout) }.cast::<T>();
    if pointer.is_null() {
        return Err((value, refused(layout.size())));
    }
    // SAFETY: `pointer` is fresh memory of T's layout, from the allocator that `Box` uses.
    unsafe {
        pointer.write(value);
        Ok(Box::from_raw(pointer))
    }
}

/// Appends `value` to `vec`.
///
/// Errors: [`Error::SystemMemory`].
#[expect(clippy::disallowed_methods, reason = "room is reserved first")]
pub(crate) fn push<T>(vec: &mut Vec<T>, value: T) -> Result<()> {
    reserve(vec, 1)?;
    vec.push(value);
    Ok(())
}

/// An empty vector with room for `count` elements.
///
/// Errors: [`Error::SystemMemory`].
pub(crate) fn with_room<T>(count: usize) -> Result<Vec<T>> {
    let mut vec = Vec::new();
    vec.try_reserve_exact(count)
        .map_err(|_| refused(count.saturating_mul(size_of::<T>())))?;
    Ok(vec)
}

/// Makes room in `vec` for `more` elements.
///
/// Errors: [`Error::SystemMemory`].
pub(crate) fn reserve<T>(vec: &mut Vec<T>, more: usize) -> Result<()> {
    vec.try_reserve(more)
        .map_err(|_| refused(more.saturating_mul(size_of::<T>())))
}

/// Shrinks `vec` if it has far more room than `count` elements need; it keeps room for
/// those. Does nothing if the system has no memory for the smaller copy.
pub(crate) fn shrink<T>(vec: &mut Vec<T>, count: usize) {
    let wanted = count.max(vec.len()).saturating_mul(2).max(KEPT);
    if vec.capacity() / 2 <= wanted {
        return;
    }
    let mut smaller = Vec::new();
    if smaller.try_reserve_exact(wanted).is_ok() {
        smaller.append(vec);
        *vec = smaller;
    }
}

/// The bytes of memory that `vec` has.
pub(crate) fn bytes<T>(vec: &Vec<T>) -> u64 {
    (vec.capacity() * size_of::<T>()) as u64
}

/// The error for a request of `bytes` that the system's allocator refused.
pub(crate) fn refused(bytes: usize) -> Error {
    Error::SystemMemory {
        requested: bytes as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::tests::refusing_allocator::refusing;

    #[test]
    fn a_refusal_names_the_bytes_of_the_elements() {
        let names = |error: Error, bytes: u64| matches!(error, Error::SystemMemory { requested } if requested == bytes);
        let (made, _) = refusing(0, || with_room::<u32>(5));
        assert!(names(made.unwrap_err(), 20));
        let mut vec = vec![0u64; 3];
        let (made, _) = refusing(0, || reserve(&mut vec, 100));
        assert!(names(made.unwrap_err(), 800));
        let (made, _) = refusing(0, || push(&mut Vec::new(), 0u16));
        assert!(names(made.unwrap_err(), 2));
        let (made, _) = refusing(0, || boxed([0u8; 7]));
        assert!(names(made.unwrap_err(), 7));
    }
}
