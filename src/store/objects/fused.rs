//! Making a struct together with what a builder mostly does next: making a local refer to it, or
//! leaving the scope with it.

use core::ptr::NonNull;

use crate::error::Result;
use crate::heap::{FastPath, GcRef};
use crate::roots::{Handle, ScopeToken};
use crate::store::Store;
use crate::store::host_code::allocating;
use crate::store::objects::value::{RawValue, Value};
use crate::types::{RegisteredType, Type};

impl Store {
    /// The fast form of [`struct_new_into`].
    #[inline(always)]
    pub(crate) fn struct_new_into_fast<V: RawValue>(
        &self,
        path: FastPath,
        of: &RegisteredType,
        count: usize,
        value: impl Fn(usize) -> V,
        target: Handle,
    ) -> bool {
        if target.store_id != self.id || target.is_manual() {
            return false;
        }
        let (index, generation) = (target.index(), target.generation());
        if self.lifo.get(index, generation).is_none() {
            return false;
        }
        let Some(object) = self.struct_new_fast::<GcRef, V>(path, of, count, value) else {
            return false;
        };
        self.count_release();
        self.lifo.set(index, generation, object)
    }

    /// The fast form of [`struct_new_escape`].
    #[inline(always)]
    pub(crate) fn struct_new_escape_fast<V: RawValue>(
        &self,
        path: FastPath,
        of: &RegisteredType,
        count: usize,
        value: impl Fn(usize) -> V,
        scope: ScopeToken,
    ) -> Option<Handle> {
        if scope.store_id != self.id || !self.scopes.is_innermost(scope.serial) {
            return None;
        }
        // The values are in the scope, so it ends last. Its slots are not used before.
        self.lifo.next_slot_at(self.scopes.innermost().roots)?;
        let object: GcRef = self.struct_new_fast(path, of, count, value)?;
        let saved = self.scopes.exit(scope.serial)?;
        self.mutator.restore_no_gc(saved.no_gc_spans);
        self.lifo.truncate(saved.roots);
        Some(self.handle(self.lifo.push_into(self.lifo.next_slot_again(), object)))
    }
}

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
