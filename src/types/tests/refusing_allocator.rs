//! The allocator of the unit tests. A test can make it refuse one request, or all.

use core::cell::Cell;
use std::alloc::{GlobalAlloc, Layout, System};

thread_local! {
    /// The number of this thread's requests to grant before one is refused. `None`
    /// grants all requests.
    static GRANTED: Cell<Option<u64>> = const { Cell::new(None) };

    /// Refuses all requests of this thread.
    static REFUSES: Cell<bool> = const { Cell::new(false) };
}

/// The system's allocator, which can refuse requests of a thread.
struct Refusing;

#[global_allocator]
static ALLOCATOR: Refusing = Refusing;

fn refuse() -> bool {
    let granted = GRANTED.get();
    GRANTED.set(granted.and_then(|granted| granted.checked_sub(1)));
    granted == Some(0) || REFUSES.get()
}

// SAFETY: each function returns the result of the system's allocator, or null.
unsafe impl GlobalAlloc for Refusing {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if refuse() {
            return core::ptr::null_mut();
        }
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if refuse() {
            return core::ptr::null_mut();
        }
        // SAFETY: the caller's promise.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        if refuse() {
            return core::ptr::null_mut();
        }
        // SAFETY: the caller's promise.
        unsafe { System.realloc(block, layout, bytes) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(block, layout) }
    }
}

/// Runs `call`. Grants this thread's first `granted` requests, refuses the next one, and
/// grants all later ones. Also returns whether a request was refused.
pub(crate) fn refusing<T>(granted: u64, call: impl FnOnce() -> T) -> (T, bool) {
    GRANTED.set(Some(granted));
    let result = call();
    (result, GRANTED.replace(None).is_none())
}

/// Runs `call`, and refuses all requests of this thread meanwhile.
pub(crate) fn refusing_all<T>(call: impl FnOnce() -> T) -> T {
    REFUSES.set(true);
    let result = call();
    REFUSES.set(false);
    result
}
