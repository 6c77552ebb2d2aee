//! No-GC spans
//!
//! Inside a span nothing moves and nothing dies. The heap may grow to its
//! limit; past that allocations answer GCROOTS_ERROR_NO_GC where a collection
//! might have helped. Spans nest, and end with the scope that they were opened
//! in.

use super::boundary::{call, enter, required};
use super::status::gcroots_status_t;
use super::store::gcroots_store_t;

/// Opens a no-GC span in the current scope. Never collects.
///
/// \return GCROOTS_ERROR_LIMIT at 2^32 nested spans
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_no_gc_enter(store: *mut gcroots_store_t) -> gcroots_status_t {
    call(|| {
        let store = required(store, "store")?;
        // SAFETY: the caller passes a store.
        unsafe { enter(store) }?.enter_no_gc()
    })
}

/// Closes the innermost no-GC span of the current scope. Never collects.
///
/// \return GCROOTS_ERROR_SCOPE_ORDER if none was opened in the current scope
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_no_gc_exit(store: *mut gcroots_store_t) -> gcroots_status_t {
    call(|| {
        let store = required(store, "store")?;
        // SAFETY: the caller passes a store.
        unsafe { enter(store) }?.exit_no_gc()
    })
}
