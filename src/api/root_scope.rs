//! Scopes.

use anyhow::Result;

use super::{AsContextMut, GcRef, Rooted, RootedGcRef};
use crate::error;
use crate::roots::ScopeToken;
use crate::store::Store as Core;

/// Ends, when dropped, the roots that were made in it.
///
/// A scope borrows the store, or owns it, and is used in its place. Scopes nest. One
/// that is forgotten does no harm: the roots in it live until the scope around it
/// ends, or the store.
///
/// ```
/// use gcroots::{Engine, ExternRef, RootScope, Store};
///
/// let mut store = Store::new(&Engine::default(), ())?;
/// let kept = ExternRef::new(&mut store, "kept")?;
/// for number in 0..10 {
///     let mut scope = RootScope::new(&mut store)?;
///     let passing = ExternRef::new(&mut scope, number)?;
///     assert!(passing.data(&scope)?.is_some());
/// }
/// assert!(kept.data(&store)?.is_some());
/// assert_eq!(store.stats().scoped_roots, 1);
/// # anyhow::Ok(())
/// ```
pub struct RootScope<C: AsContextMut> {
    store: C,
    token: ScopeToken,
}

impl<C: AsContextMut> RootScope<C> {
    /// Enters a scope.
    ///
    /// # Errors
    ///
    /// [`Error::SystemMemory`](crate::Error::SystemMemory): scopes are noted in the
    /// store, in an array that may have to grow.
    pub fn new(mut store: C) -> Result<RootScope<C>> {
        let token = store.as_context_mut().0.owned.call(enter)?;
        Ok(RootScope { store, token })
    }

    /// Makes sure that `more` scoped roots can be made without allocating.
    ///
    /// # Errors
    ///
    /// [`Error::Limit`](crate::Error::Limit) beyond the slots that handles can name,
    /// [`Error::SystemMemory`](crate::Error::SystemMemory).
    ///
    /// ```
    /// use gcroots::{Engine, RootScope, Store};
    ///
    /// let mut store = Store::new(&Engine::default(), ())?;
    /// let mut scope = RootScope::new(&mut store)?;
    /// scope.reserve(1000)?;
    /// # anyhow::Ok(())
    /// ```
    pub fn reserve(&mut self, more: usize) -> Result<()> {
        let store = self.store.as_context_mut().0;
        Ok(store.owned.call(|core| core.reserve_scoped(more as u64))?)
    }

    /// Leaves the scope and keeps one object, with a new root in the scope around
    /// it.
    ///
    /// # Errors
    ///
    /// [`Error::WrongStore`](crate::Error::WrongStore),
    /// [`Error::Unrooted`](crate::Error::Unrooted),
    /// [`Error::Limit`](crate::Error::Limit) and
    /// [`Error::SystemMemory`](crate::Error::SystemMemory) when there is no room,
    /// [`Error::ScopeOrder`](crate::Error::ScopeOrder) if a scope inside this one was
    /// forgotten. The scope is left all the same.
    ///
    /// ```
    /// use gcroots::{Engine, ExternRef, RootScope, Store};
    ///
    /// let mut store = Store::new(&Engine::default(), ())?;
    /// let mut scope = RootScope::new(&mut store)?;
    /// let passing = ExternRef::new(&mut scope, "passing")?;
    /// let kept = ExternRef::new(&mut scope, "kept")?;
    /// let kept = scope.escape(&kept)?;
    /// assert!(kept.data(&store)?.is_some());
    /// assert!(passing.data(&store).is_err());
    /// # anyhow::Ok(())
    /// ```
    pub fn escape<T: GcRef>(mut self, kept: &impl RootedGcRef<T>) -> Result<Rooted<T>> {
        let token = self.token;
        let store = self.store.as_context_mut().0;
        let escaped = store
            .owned
            .call(|core| core.escape_scope(token, kept.handle()))?;
        // The drop of `self` finds that the scope was left.
        Ok(Rooted::new(escaped))
    }

    pub(super) fn store(&self) -> &C {
        &self.store
    }

    pub(super) fn store_mut(&mut self) -> &mut C {
        &mut self.store
    }
}

impl<C: AsContextMut> Drop for RootScope<C> {
    /// Leaves the scope and all inside it that were forgotten. A refusal means that
    /// it was left already, or that the store is poisoned.
    fn drop(&mut self) {
        let token = self.token;
        let store = self.store.as_context_mut().0;
        let _left = store.owned.call(|core| leave(core, token));
    }
}

#[inline]
fn enter(core: &Core) -> error::Result<ScopeToken> {
    match core.enter_scope_fast() {
        Some(token) => Ok(token),
        None => core.enter_scope(),
    }
}

#[inline]
fn leave(core: &Core, token: ScopeToken) -> error::Result<()> {
    if core.exit_scope_fast(token) {
        return Ok(());
    }
    core.unwind_scope(token)
}
