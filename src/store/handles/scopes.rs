//! Scopes and no-GC spans (ROOTS-13). A scope ends the scoped roots and the no-GC spans
//! that began in it.

use crate::error::{Error, Result};
use crate::roots::{Handle, ScopeToken};
use crate::store::Store;

impl Store {
    #[inline(always)]
    fn token(&self, serial: u64) -> ScopeToken {
        ScopeToken {
            store_id: self.id,
            serial,
        }
    }

    /// The fast form of [`Store::enter_scope`].
    #[inline(always)]
    pub(crate) fn enter_scope_fast(&self) -> Option<ScopeToken> {
        let serial = self
            .scopes
            .enter_fast(self.lifo.len(), self.mutator.no_gc_spans())?;
        Some(self.token(serial))
    }

    /// Enters a scope.
    ///
    /// Errors: [`Error::SystemMemory`].
    pub(crate) fn enter_scope(&self) -> Result<ScopeToken> {
        let serial = self
            .scopes
            .enter(self.lifo.len(), self.mutator.no_gc_spans())?;
        Ok(self.token(serial))
    }

    /// The fast form of [`Store::exit_scope`]. `false` only for a scope that
    /// [`Store::exit_scope`] refuses.
    #[inline(always)]
    pub(crate) fn exit_scope_fast(&self, scope: ScopeToken) -> bool {
        if scope.store_id != self.id {
            return false;
        }
        let Some(saved) = self.scopes.exit(scope.serial) else {
            return false;
        };
        self.lifo.truncate(saved.roots);
        self.mutator.restore_no_gc(saved.no_gc_spans);
        true
    }

    /// The error for a scope that is not the innermost one.
    fn scope_order(&self, scope: ScopeToken) -> Error {
        Error::ScopeOrder {
            scope: scope.serial,
            innermost: self.scopes.innermost_serial(),
        }
    }

    /// Leaves the innermost scope.
    ///
    /// Errors: [`Error::WrongStore`], [`Error::ScopeOrder`].
    pub(crate) fn exit_scope(&self, scope: ScopeToken) -> Result<()> {
        self.require_mine(scope.store_id, "scope")?;
        if !self.exit_scope_fast(scope) {
            return Err(self.scope_order(scope));
        }
        Ok(())
    }

    /// Fails unless `scope` is the innermost one.
    ///
    /// Errors: [`Error::WrongStore`], [`Error::ScopeOrder`].
    pub(crate) fn require_innermost(&self, scope: ScopeToken) -> Result<()> {
        self.require_mine(scope.store_id, "scope")?;
        if !self.scopes.is_innermost(scope.serial) {
            return Err(self.scope_order(scope));
        }
        Ok(())
    }

    /// Leaves a scope and every scope inside it.
    ///
    /// Errors: [`Error::WrongStore`]; [`Error::ScopeOrder`] if the scope is not open, or
    /// was entered outside the running callback.
    pub(crate) fn unwind_scope(&self, scope: ScopeToken) -> Result<()> {
        self.require_mine(scope.store_id, "scope")?;
        let saved = self
            .scopes
            .unwind(scope.serial)
            .ok_or_else(|| self.scope_order(scope))?;
        self.lifo.truncate(saved.roots);
        self.mutator.restore_no_gc(saved.no_gc_spans);
        Ok(())
    }

    /// The fast form of [`Store::escape_scope`].
    #[inline(always)]
    pub(crate) fn escape_scope_fast(&self, scope: ScopeToken, handle: Handle) -> Option<Handle> {
        if scope.store_id != self.id || !self.scopes.is_innermost(scope.serial) {
            return None;
        }
        let reference = self.resolve_fast(handle)?;
        if reference.is_null() || self.manual.has_queued() {
            return None;
        }
        let saved = self.scopes.innermost();
        let free = self.lifo.next_slot_at(saved.roots)?;
        self.scopes.exit(scope.serial)?;
        self.mutator.restore_no_gc(saved.no_gc_spans);
        self.lifo.truncate(saved.roots);
        Some(self.handle(self.lifo.push_into(free, reference)))
    }

    /// Leaves the innermost scope, and roots the referent of `handle` in the scope around
    /// it. Null stays null. On an error the scope stays open (ROOTS-14).
    ///
    /// Errors: as [`Store::exit_scope`]; as [`Store::resolve`] for `handle`; as
    /// [`Store::push_root`].
    pub(crate) fn escape_scope(&self, scope: ScopeToken, handle: Handle) -> Result<Handle> {
        self.require_innermost(scope)?;
        let innermost = self.scopes.innermost();
        let reference = self.resolve(handle, "ref")?;
        if reference.is_null() {
            self.exit_scope(scope)?;
            return Ok(Handle::NULL);
        }
        self.manual.unroot_some();
        let slot = self.lifo.push_at(innermost.roots, reference)?;
        self.scopes.exit(scope.serial);
        self.mutator.restore_no_gc(innermost.no_gc_spans);
        Ok(self.handle(slot))
    }

    /// Reserves memory for `roots` more scoped roots.
    ///
    /// Errors: [`Error::Limit`], [`Error::SystemMemory`].
    pub(crate) fn reserve_scoped(&self, roots: u64) -> Result<()> {
        self.lifo.reserve(roots)
    }

    /// Opens a no-GC span in the current scope.
    ///
    /// Errors: [`Error::Limit`].
    pub(crate) fn enter_no_gc(&self) -> Result<()> {
        self.mutator.enter_no_gc()
    }

    /// Closes the innermost no-GC span of the current scope.
    ///
    /// Errors: [`Error::ScopeOrder`] if the scope has none.
    pub(crate) fn exit_no_gc(&self) -> Result<()> {
        let spans = self.mutator.no_gc_spans();
        let outside = self.scopes.innermost().no_gc_spans;
        if spans <= outside {
            let innermost = self.scopes.innermost_serial();
            return Err(Error::NoOpenSpan { innermost });
        }
        self.mutator.restore_no_gc(spans - 1);
        Ok(())
    }
}
