//! Scopes
//!
//! A scope ends the roots that were made in it, and the no-GC spans that were
//! opened in it, all at once. Scopes nest. The store itself is the outermost:
//! roots made while none is open live as long as the store. Inside a finalizer
//! or a function, scopes that were open before it answer GCROOTS_ERROR_SCOPE_ORDER.

use core::mem::MaybeUninit;

use super::boundary::{call, enter, fast, fast_without_output, put, required};
use super::reference::gcroots_ref_t;
use super::status::{GCROOTS_OK, gcroots_status_t};
use super::store::gcroots_store_t;
use crate::roots::ScopeToken;
use crate::store::Store;

/// Names an open scope. Any bits may be passed.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct gcroots_scope_t {
    /// The store's id.
    pub store_id: u64,
    /// Never given twice by a store; 0 names no scope.
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

/// Enters a scope. Never collects.
///
/// \param[out] out names the scope for gcroots_scope_exit() and the like
/// \return GCROOTS_ERROR_OUT_OF_MEMORY
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
    call(|| {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: as above.
        unsafe { put(out, enter(store)?.enter_scope()?) }
    })
}

/// Leaves the innermost scope. Never collects.
///
/// \return GCROOTS_ERROR_WRONG_STORE; GCROOTS_ERROR_SCOPE_ORDER if `scope` is
///         not the innermost one, or was left before
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
    call(|| {
        let store = required(store, "store")?;
        // SAFETY: as above.
        unsafe { enter(store) }?.exit_scope(scope.into())
    })
}

/// Leaves a scope and all inside it: for early returns, longjmp() and the like.
/// Never collects.
///
/// \return GCROOTS_ERROR_WRONG_STORE; GCROOTS_ERROR_SCOPE_ORDER if `scope` is
///         not open
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_scope_unwind(
    store: *mut gcroots_store_t,
    scope: gcroots_scope_t,
) -> gcroots_status_t {
    call(|| {
        let store = required(store, "store")?;
        // SAFETY: the caller passes a store.
        unsafe { enter(store) }?.unwind_scope(scope.into())
    })
}

/// Leaves the innermost scope and keeps one object, with a new root in the
/// scope around it. On a failure the scope stays open. Never collects.
///
/// \param ref any handle of the store; null, or a local that holds null, gives
///            null
/// \param[out] out the new handle
/// \return GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_SCOPE_ORDER for `scope`;
///         GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED for `ref`;
///         GCROOTS_ERROR_OUT_OF_MEMORY, GCROOTS_ERROR_LIMIT
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_scope_escape(
    store: *mut gcroots_store_t,
    scope: gcroots_scope_t,
    r#ref: gcroots_ref_t,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    call(|| {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { put(out, enter(store)?.escape_scope(scope.into(), r#ref.into())?) }
    })
}

/// Makes sure that `roots` more scoped roots can be made without allocating.
/// Never collects.
///
/// \return GCROOTS_ERROR_LIMIT beyond the slots that handles can name,
///         GCROOTS_ERROR_OUT_OF_MEMORY
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_scope_reserve(
    store: *mut gcroots_store_t,
    roots: usize,
) -> gcroots_status_t {
    call(|| {
        let store = required(store, "store")?;
        // SAFETY: the caller passes a store.
        unsafe { enter(store) }?.reserve_scoped(roots as u64)
    })
}
