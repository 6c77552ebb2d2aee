//! Scopes
//!
//! A scope groups scoped roots. When the scope ends, all roots that were made in it end,
//! and all no-GC spans that were opened in it are closed.
//!
//! Scopes nest. Outside all of them is the store itself: roots that are made while no
//! scope is open live as long as the store.
//!
//! A callback cannot end scopes that were opened before it began: they return
//! GCROOTS_ERROR_SCOPE_ORDER there.

use core::mem::MaybeUninit;

use super::boundary::{call, enter, fast, fast_without_output, required, write_out};
use super::reference::gcroots_ref_t;
use super::status::{GCROOTS_OK, gcroots_status_t};
use super::store::gcroots_store_t;
use crate::roots::ScopeToken;
use crate::store::Store;

/// Names an open scope. Any bits may be passed to functions.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct gcroots_scope_t {
    /// The id of the store.
    pub store_id: u64,
    /// The number of the scope. A store never issues a number twice, and never issues 0.
    pub serial: u64,
}

const _: () = assert!(size_of::<gcroots_scope_t>() == 16 && align_of::<gcroots_scope_t>() == 8);

impl From<ScopeToken> for gcroots_scope_t {
    fn from(scope: ScopeToken) -> gcroots_scope_t {
        gcroots_scope_t {
            store_id: scope.store_id,
            serial: scope.serial,
        }
    }
}

impl From<gcroots_scope_t> for ScopeToken {
    #[inline(always)]
    fn from(scope: gcroots_scope_t) -> ScopeToken {
        ScopeToken {
            store_id: scope.store_id,
            serial: scope.serial,
        }
    }
}

/// Enters a scope, which becomes the current scope. Never collects.
///
/// \param[out] out names the scope, for gcroots_scope_exit(), gcroots_scope_unwind() and
///             gcroots_scope_escape()
/// \return GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_scope_enter(
    store: *mut gcroots_store_t,
    out: *mut MaybeUninit<gcroots_scope_t>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, and `out` valid for writing or
    // NULL.
    if unsafe { fast(store, out, Store::enter_scope_fast) } {
        return GCROOTS_OK;
    }
    scope_enter_slow(store, out)
}

#[cold]
#[inline(never)]
extern "C" fn scope_enter_slow(
    store: *mut gcroots_store_t,
    out: *mut MaybeUninit<gcroots_scope_t>,
) -> gcroots_status_t {
    call("gcroots_scope_enter", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { write_out(out, enter(store)?.enter_scope()?) }
    })
}

/// Ends the current scope. Never collects.
///
/// \return GCROOTS_ERROR_WRONG_STORE if `scope` belongs to another store;
///         GCROOTS_ERROR_SCOPE_ORDER if `scope` is not the current scope, or has ended
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_scope_exit(
    store: *mut gcroots_store_t,
    scope: gcroots_scope_t,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL.
    if unsafe { fast_without_output(store, |store| store.exit_scope_fast(scope.into())) } {
        return GCROOTS_OK;
    }
    scope_exit_slow(store, scope)
}

#[cold]
#[inline(never)]
extern "C" fn scope_exit_slow(
    store: *mut gcroots_store_t,
    scope: gcroots_scope_t,
) -> gcroots_status_t {
    call("gcroots_scope_exit", || {
        let store = required(store, "store")?;
        // SAFETY: the caller passes a store.
        unsafe { enter(store) }?.exit_scope(scope.into())
    })
}

/// Ends a scope and all scopes inside it, for early returns, longjmp() and the like.
/// Never collects.
///
/// \return GCROOTS_ERROR_WRONG_STORE if `scope` belongs to another store;
///         GCROOTS_ERROR_SCOPE_ORDER if `scope` is not open, or was opened before the
///         callback that is running began
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_scope_unwind(
    store: *mut gcroots_store_t,
    scope: gcroots_scope_t,
) -> gcroots_status_t {
    call("gcroots_scope_unwind", || {
        let store = required(store, "store")?;
        // SAFETY: the caller passes a store.
        unsafe { enter(store) }?.unwind_scope(scope.into())
    })
}

/// Ends the current scope and keeps one object alive, with a new root in the enclosing
/// scope. After a failure the scope is still open. Never collects.
///
/// \param ref a scoped or manual handle of the store, or null (borrowed)
/// \param[out] out the new handle, in the enclosing scope; null if `ref` is null or a
///             local that holds null
/// \return GCROOTS_ERROR_WRONG_STORE if `scope` or `ref` belongs to another store;
///         GCROOTS_ERROR_SCOPE_ORDER if `scope` is not the current scope, or has ended;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale;
///         GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory for the new root;
///         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_scope_escape(
    store: *mut gcroots_store_t,
    scope: gcroots_scope_t,
    r#ref: gcroots_ref_t,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, and `out` valid for writing or NULL.
    if unsafe {
        fast(store, out, |store| {
            store.escape_scope_fast(scope.into(), r#ref.into())
        })
    } {
        return GCROOTS_OK;
    }
    scope_escape_slow(store, scope, r#ref, out)
}

#[cold]
#[inline(never)]
extern "C" fn scope_escape_slow(
    store: *mut gcroots_store_t,
    scope: gcroots_scope_t,
    r#ref: gcroots_ref_t,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    call("gcroots_scope_escape", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { write_out(out, enter(store)?.escape_scope(scope.into(), r#ref.into())?) }
    })
}

/// Reserves memory for `roots` more scoped roots, so that making them needs no memory.
/// Never collects.
///
/// \return GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses the memory;
///         GCROOTS_ERROR_LIMIT if the store has fewer slots left for scoped roots
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_scope_reserve(
    store: *mut gcroots_store_t,
    roots: usize,
) -> gcroots_status_t {
    call("gcroots_scope_reserve", || {
        let store = required(store, "store")?;
        // SAFETY: the caller passes a store.
        unsafe { enter(store) }?.reserve_scoped(roots as u64)
    })
}
