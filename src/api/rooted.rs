//! Scoped roots.

use core::fmt;
use core::hash::Hasher;
use core::marker::PhantomData;
use core::ops::Deref;

use anyhow::Result;

use super::gc_ref::{self, sealed::RootedGcRefImpl};
use super::{AsContext, AsContextMut, GcRef, ManuallyRooted, RootedGcRef};
use crate::roots::Handle;

/// A handle of a scoped root. The root ends with the innermost
/// [`RootScope`](crate::RootScope) that was open when it was made.
///
/// The handle has 16 bytes, is `Copy`, and can be sent to other threads. It borrows
/// nothing, so it may outlive its scope. After that, every function returns
/// [`Error::Unrooted`](crate::Error::Unrooted) for it; a stale handle never becomes valid
/// again. With another store, every function returns
/// [`Error::WrongStore`](crate::Error::WrongStore).
///
/// ```
/// use gcroots::{Engine, Error, ExternRef, RootScope, Store};
///
/// let mut store = Store::new(&Engine::default(), ())?;
/// let stale = {
///     let mut scope = RootScope::new(&mut store)?;
///     let rooted = ExternRef::new(&mut scope, "text")?;
///     assert!(rooted.data(&scope)?.is_some());
///     rooted
/// };
/// let error = stale.data(&store).unwrap_err();
/// assert!(matches!(error.downcast_ref(), Some(Error::Unrooted { .. })));
/// # anyhow::Ok(())
/// ```
pub struct Rooted<T: GcRef> {
    handle: Handle,
    _phantom: PhantomData<fn() -> T>,
}

impl<T: GcRef> Rooted<T> {
    #[inline]
    pub(super) fn new(handle: Handle) -> Rooted<T> {
        Rooted {
            handle,
            _phantom: PhantomData,
        }
    }

    /// Makes a manual root for the object. It lives until it is unrooted or dropped.
    ///
    /// # Errors
    ///
    /// * [`Error::WrongStore`](crate::Error::WrongStore) and
    ///   [`Error::Unrooted`](crate::Error::Unrooted);
    /// * [`Error::Limit`](crate::Error::Limit) and
    ///   [`Error::SystemMemory`](crate::Error::SystemMemory) if there is no room for a
    ///   root.
    ///
    /// ```
    /// use gcroots::{Engine, ExternRef, RootScope, Store};
    ///
    /// let mut store = Store::new(&Engine::default(), ())?;
    /// let kept = {
    ///     let mut scope = RootScope::new(&mut store)?;
    ///     ExternRef::new(&mut scope, 'k')?.to_manually_rooted(&mut scope)?
    /// };
    /// assert!(kept.data(&store)?.unwrap().is::<char>());
    /// # anyhow::Ok(())
    /// ```
    #[inline]
    pub fn to_manually_rooted(&self, mut store: impl AsContextMut) -> Result<ManuallyRooted<T>> {
        let (store, handle) = (store.as_context_mut().0, self.handle);
        let made: Result<_> = store.owned.call_fast(
            move |core| core.root_fast(handle),
            move |core| core.root(handle),
        );
        Ok(ManuallyRooted::new(made?))
    }

    /// Whether two handles name the same root, that is, are copies of one handle. Does not
    /// access a store. Two different roots may have the same object: see
    /// [`Rooted::ref_eq`].
    ///
    /// ```
    /// use gcroots::{Engine, ExternRef, Rooted, Store};
    ///
    /// let mut store = Store::new(&Engine::default(), ())?;
    /// let a = ExternRef::new(&mut store, 1)?;
    /// let b = ExternRef::new(&mut store, 1)?;
    /// assert!(Rooted::rooted_eq(a, a));
    /// assert!(!Rooted::rooted_eq(a, b));
    /// # anyhow::Ok(())
    /// ```
    #[inline]
    pub fn rooted_eq(a: Rooted<T>, b: Rooted<T>) -> bool {
        gc_ref::rooted_eq(&a, &b)
    }

    /// Whether two roots, of either kind, have the same object.
    ///
    /// # Errors
    ///
    /// [`Error::WrongStore`](crate::Error::WrongStore) and
    /// [`Error::Unrooted`](crate::Error::Unrooted), for `a` first.
    ///
    /// ```
    /// use gcroots::{Engine, ExternRef, Rooted, Store};
    ///
    /// let mut store = Store::new(&Engine::default(), ())?;
    /// let a = ExternRef::new(&mut store, 1)?;
    /// let also_a = a.to_manually_rooted(&mut store)?;
    /// let b = ExternRef::new(&mut store, 1)?;
    /// assert!(Rooted::ref_eq(&store, &a, &also_a)?);
    /// assert!(!Rooted::ref_eq(&store, &a, &b)?);
    /// # anyhow::Ok(())
    /// ```
    #[inline]
    pub fn ref_eq(
        store: impl AsContext,
        a: &impl RootedGcRef<T>,
        b: &impl RootedGcRef<T>,
    ) -> Result<bool> {
        gc_ref::ref_eq(store, a, b)
    }

    /// Hashes the root. Handles that are equal by [`Rooted::rooted_eq`] have equal hashes.
    ///
    /// ```
    /// use std::hash::{DefaultHasher, Hasher};
    /// use gcroots::{Engine, ExternRef, Store};
    ///
    /// let mut store = Store::new(&Engine::default(), ())?;
    /// let a = ExternRef::new(&mut store, 1)?;
    /// let copy = a;
    /// let (mut one, mut other) = (DefaultHasher::new(), DefaultHasher::new());
    /// a.rooted_hash(&mut one);
    /// copy.rooted_hash(&mut other);
    /// assert_eq!(one.finish(), other.finish());
    /// # anyhow::Ok(())
    /// ```
    pub fn rooted_hash<H: Hasher>(&self, state: &mut H) {
        gc_ref::rooted_hash(self, state);
    }

    /// Hashes the object's identity, which does not change when the object moves. Roots that
    /// are equal by [`Rooted::ref_eq`] have equal hashes.
    ///
    /// # Errors
    ///
    /// * [`Error::WrongStore`](crate::Error::WrongStore) and
    ///   [`Error::Unrooted`](crate::Error::Unrooted);
    /// * [`Error::SystemMemory`](crate::Error::SystemMemory), only the first time that an
    ///   object is hashed.
    ///
    /// ```
    /// use std::hash::{DefaultHasher, Hasher};
    /// use gcroots::{Engine, ExternRef, Store};
    ///
    /// let mut store = Store::new(&Engine::default(), ())?;
    /// let a = ExternRef::new(&mut store, 1)?;
    /// let (mut before, mut after) = (DefaultHasher::new(), DefaultHasher::new());
    /// a.ref_hash(&store, &mut before)?;
    /// store.gc()?;
    /// a.ref_hash(&store, &mut after)?;
    /// assert_eq!(before.finish(), after.finish());
    /// # anyhow::Ok(())
    /// ```
    pub fn ref_hash<H: Hasher>(&self, store: impl AsContext, state: &mut H) -> Result<()> {
        gc_ref::ref_hash(store, self, state)
    }
}

impl<T: GcRef> Clone for Rooted<T> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: GcRef> Copy for Rooted<T> {}

impl<T: GcRef> Deref for Rooted<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        gc_ref::from_handle(&self.handle)
    }
}

impl<T: GcRef> RootedGcRefImpl for Rooted<T> {
    #[inline]
    fn handle(&self) -> Handle {
        self.handle
    }
}

impl<T: GcRef> fmt::Debug for Rooted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Rooted").field(&self.handle).finish()
    }
}
