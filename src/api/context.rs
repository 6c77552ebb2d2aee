//! Access to a store through references, contexts and scopes.

use anyhow::Result;

use super::store::StorePart;
use super::{Engine, ExnRef, GcAsync, RootScope, Rooted, RootedGcRef, Store};

/// Read access to a store. A [`Store`], a [`StoreContext`], a [`StoreContextMut`] and a
/// [`RootScope`] give it, and so do references to them.
///
/// ```
/// use gcroots::{AsContext, Engine, Store};
///
/// fn length(store: impl AsContext<Data = String>) -> usize {
///     store.as_context().data().len()
/// }
///
/// let store = Store::new(&Engine::default(), String::from("four"))?;
/// assert_eq!(length(&store), 4);
/// # anyhow::Ok(())
/// ```
pub trait AsContext {
    /// The type of the store's data.
    type Data;

    /// A shared reference to the store.
    fn as_context(&self) -> StoreContext<'_, Self::Data>;
}

/// Exclusive access to a store, to make and drop roots and to allocate.
///
/// ```
/// use anyhow::Result;
/// use gcroots::{AsContextMut, Engine, ExternRef, RootScope, Store};
///
/// fn last_of(mut store: impl AsContextMut, values: &[u32]) -> Result<Option<u32>> {
///     let mut scope = RootScope::new(&mut store)?;
///     let mut last = None;
///     for &value in values {
///         last = Some(ExternRef::new(&mut scope, value)?);
///     }
///     let Some(last) = last else { return Ok(None) };
///     Ok(last.data(&scope)?.and_then(|value| value.downcast_ref().copied()))
/// }
///
/// let mut store = Store::new(&Engine::default(), ())?;
/// assert_eq!(last_of(&mut store, &[1, 2])?, Some(2));
/// assert_eq!(last_of(RootScope::new(&mut store)?, &[])?, None);
/// # anyhow::Ok(())
/// ```
pub trait AsContextMut: AsContext {
    /// An exclusive reference to the store.
    fn as_context_mut(&mut self) -> StoreContextMut<'_, Self::Data>;
}

/// A shared reference to a store.
///
/// ```
/// use gcroots::{AsContext, Engine, Store};
///
/// let store = Store::new(&Engine::default(), 3)?;
/// assert_eq!(*store.as_context().data(), 3);
/// # anyhow::Ok(())
/// ```
pub struct StoreContext<'a, T>(pub(super) &'a StorePart<T>);

/// An exclusive reference to a store.
///
/// ```
/// use gcroots::{AsContextMut, Engine, RootScope, Store};
///
/// let mut store = Store::new(&Engine::default(), 3)?;
/// let mut scope = RootScope::new(&mut store)?;
/// *scope.as_context_mut().data_mut() += 1;
/// scope.as_context_mut().gc()?;
/// drop(scope);
/// assert_eq!(store.into_data(), 4);
/// # anyhow::Ok(())
/// ```
pub struct StoreContextMut<'a, T>(pub(super) &'a mut StorePart<T>);

impl<'a, T> StoreContext<'a, T> {
    /// Same as [`Store::data`].
    #[inline]
    pub fn data(&self) -> &'a T {
        self.0.data()
    }

    /// Same as [`Store::engine`].
    #[inline]
    pub fn engine(&self) -> &'a Engine {
        self.0.engine()
    }
}

impl<T> StoreContextMut<'_, T> {
    /// Same as [`Store::data`].
    #[inline]
    pub fn data(&self) -> &T {
        self.0.data()
    }

    /// Same as [`Store::data_mut`].
    #[inline]
    pub fn data_mut(&mut self) -> &mut T {
        self.0.data_mut()
    }

    /// Same as [`Store::engine`].
    #[inline]
    pub fn engine(&self) -> &Engine {
        self.0.engine()
    }

    /// Same as [`Store::gc`].
    ///
    /// # Errors
    ///
    /// The errors of [`Store::gc`].
    pub fn gc(&mut self) -> Result<()> {
        self.0.gc()
    }

    /// Same as [`Store::trim`].
    ///
    /// # Errors
    ///
    /// The errors of [`Store::gc`].
    pub fn trim(&mut self) -> Result<()> {
        self.0.trim()
    }

    /// Same as [`Store::run_finalizers`].
    ///
    /// # Errors
    ///
    /// The errors of [`Store::run_finalizers`].
    pub fn run_finalizers(&mut self, most: usize) -> Result<usize> {
        self.0.run_finalizers(most)
    }

    /// Same as [`Store::drain_unroots`].
    ///
    /// # Errors
    ///
    /// The errors of [`Store::drain_unroots`].
    pub fn drain_unroots(&mut self) -> Result<()> {
        self.0.drain_unroots()
    }

    /// Same as [`Store::gc_async`].
    pub fn gc_async(&mut self) -> GcAsync<'_, T> {
        self.0.gc_async()
    }

    /// Same as [`Store::throw`].
    ///
    /// # Errors
    ///
    /// The errors of [`Store::throw`].
    pub fn throw<R>(&mut self, exception: &impl RootedGcRef<ExnRef>) -> Result<R> {
        self.0.throw(exception)
    }

    /// Same as [`Store::take_pending_exception`].
    ///
    /// # Errors
    ///
    /// The errors of [`Store::take_pending_exception`].
    pub fn take_pending_exception(&mut self) -> Result<Option<Rooted<ExnRef>>> {
        self.0.take_pending_exception()
    }
}

impl<T> Clone for StoreContext<'_, T> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for StoreContext<'_, T> {}

impl<T> AsContext for Store<T> {
    type Data = T;

    #[inline]
    fn as_context(&self) -> StoreContext<'_, T> {
        StoreContext(self.part())
    }
}

impl<T> AsContextMut for Store<T> {
    #[inline]
    fn as_context_mut(&mut self) -> StoreContextMut<'_, T> {
        StoreContextMut(self.part_mut())
    }
}

impl<T> AsContext for StoreContext<'_, T> {
    type Data = T;

    #[inline]
    fn as_context(&self) -> StoreContext<'_, T> {
        *self
    }
}

impl<T> AsContext for StoreContextMut<'_, T> {
    type Data = T;

    #[inline]
    fn as_context(&self) -> StoreContext<'_, T> {
        StoreContext(self.0)
    }
}

impl<T> AsContextMut for StoreContextMut<'_, T> {
    #[inline]
    fn as_context_mut(&mut self) -> StoreContextMut<'_, T> {
        StoreContextMut(self.0)
    }
}

impl<C: AsContext> AsContext for &C {
    type Data = C::Data;

    #[inline]
    fn as_context(&self) -> StoreContext<'_, C::Data> {
        C::as_context(self)
    }
}

impl<C: AsContext> AsContext for &mut C {
    type Data = C::Data;

    #[inline]
    fn as_context(&self) -> StoreContext<'_, C::Data> {
        C::as_context(self)
    }
}

impl<C: AsContextMut> AsContextMut for &mut C {
    #[inline]
    fn as_context_mut(&mut self) -> StoreContextMut<'_, C::Data> {
        C::as_context_mut(self)
    }
}

impl<C: AsContextMut> AsContext for RootScope<C> {
    type Data = C::Data;

    #[inline]
    fn as_context(&self) -> StoreContext<'_, C::Data> {
        self.store().as_context()
    }
}

impl<C: AsContextMut> AsContextMut for RootScope<C> {
    #[inline]
    fn as_context_mut(&mut self) -> StoreContextMut<'_, C::Data> {
        self.store_mut().as_context_mut()
    }
}

// Functions whose result borrows from the store need these conversions.

impl<'a, C: AsContext> From<&'a C> for StoreContext<'a, C::Data> {
    #[inline]
    fn from(store: &'a C) -> Self {
        store.as_context()
    }
}

impl<'a, C: AsContext> From<&'a mut C> for StoreContext<'a, C::Data> {
    #[inline]
    fn from(store: &'a mut C) -> Self {
        C::as_context(store)
    }
}

impl<'a, C: AsContextMut> From<&'a mut C> for StoreContextMut<'a, C::Data> {
    #[inline]
    fn from(store: &'a mut C) -> Self {
        store.as_context_mut()
    }
}
