//! Making a struct together with what a builder mostly does next: making a local refer to it, or
//! leaving the scope with it. These are the fast forms; `host_code/fused.rs` has the others.

use crate::heap::{FastPath, GcRef};
use crate::roots::{Handle, ScopeToken};
use crate::store::Store;
use crate::store::objects::value::RawValue;
use crate::types::RegisteredType;

impl Store {
    /// The fast form of [`struct_new_into`](crate::store::host_code::fused::struct_new_into).
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

    /// The fast form of [`struct_new_escape`](crate::store::host_code::fused::struct_new_escape).
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
