//! Scopes.

use anyhow::Result;

use super::{AsContextMut, GcRef, Rooted, RootedGcRef};
use crate::roots::ScopeToken;
use crate::store::Store as Core;

/// A scope for roots. Dropping it ends the roots that were made in it.
///
/// A scope borrows the store or owns it, and code uses the scope in place of the store.
/// Scopes nest. A forgotten scope (`mem::forget`) does no harm: its roots live until the
/// enclosing scope or the store ends.
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
    /// Whether dropping it exits the scope.
    is_open: bool,
}

impl<C: AsContextMut> RootScope<C> {
    /// Enters a scope.
    ///
    /// # Errors
    ///
    /// [`Error::SystemMemory`](crate::Error::SystemMemory) if the store's array of scopes
    /// cannot grow.
    #[inline]
    pub fn new(mut store: C) -> Result<RootScope<C>> {
        let owned = &store.as_context_mut().0.owned;
        let entered: Result<_> = owned.call_fast(Core::enter_scope_fast, Core::enter_scope);
        Ok(RootScope {
            token: entered?,
            is_open: true,
            store,
        })
    }

    /// Reserves memory, so that `more` scoped roots can be made without an allocation.
    ///
    /// # Errors
    ///
    /// * [`Error::Limit`](crate::Error::Limit) if handles cannot name that number of slots;
    /// * [`Error::SystemMemory`](crate::Error::SystemMemory).
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

    /// Exits the scope, and keeps the object of `kept` with a new root in the enclosing
    /// scope.
    ///
    /// # Errors
    ///
    /// After an error the scope is exited as well.
    ///
    /// * [`Error::WrongStore`](crate::Error::WrongStore) and
    ///   [`Error::Unrooted`](crate::Error::Unrooted) for `kept`;
    /// * [`Error::Limit`](crate::Error::Limit) and
    ///   [`Error::SystemMemory`](crate::Error::SystemMemory) if there is no room for a
    ///   root;
    /// * [`Error::ScopeOrder`](crate::Error::ScopeOrder) if a scope inside this one was
    ///   forgotten.
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
    #[inline]
    pub fn escape<T: GcRef>(mut self, kept: &impl RootedGcRef<T>) -> Result<Rooted<T>> {
        let (token, handle) = (self.token, kept.handle());
        let store = self.store.as_context_mut().0;
        let escaped: Result<_> = store.owned.call_fast(
            move |core| core.escape_scope_fast(token, handle),
            move |core| core.escape_scope(token, handle),
        );
        let escaped = escaped?;
        self.is_open = false;
        Ok(Rooted::new(escaped))
    }

    #[inline]
    pub(super) fn store(&self) -> &C {
        &self.store
    }

    #[inline]
    pub(super) fn store_mut(&mut self) -> &mut C {
        &mut self.store
    }
}

impl<C: AsContextMut> Drop for RootScope<C> {
    /// Exits the scope and all forgotten scopes inside it. An error means that C has exited the
    /// scope or that the store is poisoned.
    #[inline]
    fn drop(&mut self) {
        if !self.is_open {
            return;
        }
        let token = self.token;
        let store = self.store.as_context_mut().0;
        let _left: crate::error::Result<()> = store.owned.call_fast(
            move |core| core.exit_scope_fast(token).then_some(()),
            move |core| core.unwind_scope(token),
        );
    }
}
