//! No-GC spans
//!
//! While a no-GC span is open, nothing collects: no object moves and no object dies. The
//! heap may grow up to its limit. An allocation that does not fit then returns
//! GCROOTS_ERROR_NO_GC if a collection might have made room. Under the null collector none
//! could, so it returns GCROOTS_ERROR_OUT_OF_MEMORY.
//!
//! Spans nest. A span ends, at the latest, with the scope that it was opened in.

use super::boundary::{call, enter, required};
use super::status::gcroots_status_t;
use super::store::gcroots_store_t;

/// Opens a no-GC span in the current scope. Never collects.
///
/// \return GCROOTS_ERROR_LIMIT if 2^32 - 1 spans are open
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_no_gc_enter(store: *mut gcroots_store_t) -> gcroots_status_t {
    call("gcroots_no_gc_enter", || {
        let store = required(store, "store")?;
        // SAFETY: the caller passes a store.
        unsafe { enter(store) }?.enter_no_gc()
    })
}

/// Closes the innermost no-GC span of the current scope. Never collects.
///
/// \return GCROOTS_ERROR_SCOPE_ORDER if no span is open that was opened in the current
///         scope
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_no_gc_exit(store: *mut gcroots_store_t) -> gcroots_status_t {
    call("gcroots_no_gc_exit", || {
        let store = required(store, "store")?;
        // SAFETY: the caller passes a store.
        unsafe { enter(store) }?.exit_no_gc()
    })
}
