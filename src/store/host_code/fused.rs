//! Making a struct together with what a builder mostly does next: making a local refer to it, or
//! leaving the scope with it.

use core::ptr::NonNull;

use super::driver::allocating;
use crate::error::Result;
use crate::roots::{Handle, ScopeToken};
use crate::store::{Store, Value};
use crate::types::Type;

/// Makes a struct, and sets the scoped root that `target` names ([`Store::require_scoped`]) to it.
/// May collect, and runs finalizers.
///
/// Errors: as [`Store::struct_new`].
///
/// # Safety
///
/// The contract of drivers holds for `store`.
pub(crate) unsafe fn struct_new_into(
    store: NonNull<Store>,
    of: &Type,
    count: usize,
    value: &impl Fn(usize) -> Result<Value>,
    target: Handle,
) -> Result<()> {
    // SAFETY: the caller's promise; the borrows are shared.
    unsafe {
        let before = store.as_ref().lifo.len();
        let made = allocating(store, |store| store.struct_new(of, count, value));
        let assigned = made.and_then(|made| store.as_ref().assign(target, made));
        // Also ends what the operation itself has rooted.
        store.as_ref().lifo.truncate(before);
        assigned
    }
}

/// Makes a struct, ends the innermost scope, which is `scope` ([`Store::require_innermost`]), and
/// roots the struct in the scope around it. May collect, and runs finalizers. After an error the
/// scope is open.
///
/// Errors: as [`Store::struct_new`]; as [`Store::escape_scope`].
///
/// # Safety
///
/// The contract of drivers holds for `store`.
pub(crate) unsafe fn struct_new_escape(
    store: NonNull<Store>,
    scope: ScopeToken,
    of: &Type,
    count: usize,
    value: &impl Fn(usize) -> Result<Value>,
) -> Result<Handle> {
    // SAFETY: the caller's promise; the borrows are shared.
    unsafe {
        let before = store.as_ref().lifo.len();
        let made = allocating(store, |store| store.struct_new(of, count, value))?;
        let escaped = store.as_ref().escape_scope(scope, made);
        if escaped.is_err() {
            store.as_ref().lifo.truncate(before);
        }
        escaped
    }
}
