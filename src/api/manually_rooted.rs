//! Manual roots.

use core::fmt;
use core::hash::Hasher;
use core::marker::PhantomData;
use core::mem;
use core::ops::Deref;

use anyhow::Result;

use super::gc_ref::{self, sealed::RootedGcRefImpl};
use super::{AsContext, AsContextMut, GcRef, Rooted, RootedGcRef};
use crate::roots::{Handle, unroot_later};

/// Owns a root that is independent of scopes. Size: 16 bytes.
///
/// The root ends in one of two ways, and neither leaks:
///
/// * [`ManuallyRooted::unroot`] ends it at once. This is cheaper.
/// * Dropping it needs no store. It works on any thread, even after the store was dropped.
///   It takes a lock briefly and queues the root. The store ends queued roots when it
///   collects or makes a root. If many roots are queued, this may take several calls.
///
/// A host value may hold a `ManuallyRooted` of its own store. If that root keeps the
/// value's object alive, the two form a cycle that no collection can free. The cycle lives
/// as long as the store.
///
/// ```
/// use gcroots::{Engine, ExternRef, Store};
///
/// let mut store = Store::new(&Engine::default(), ())?;
/// let kept = ExternRef::new(&mut store, 1)?.to_manually_rooted(&mut store)?;
/// let also = kept.clone(&mut store)?;
/// kept.unroot(&mut store)?;
/// std::thread::spawn(move || drop(also)).join().unwrap();
/// store.gc()?;
/// assert_eq!(store.stats().manual_roots, 0);
/// # anyhow::Ok(())
/// ```
pub struct ManuallyRooted<T: GcRef> {
    handle: Handle,
    _phantom: PhantomData<fn() -> T>,
}

impl<T: GcRef> ManuallyRooted<T> {
    /// Takes ownership of a root.
    #[inline]
    pub(super) fn new(handle: Handle) -> ManuallyRooted<T> {
        ManuallyRooted {
            handle,
            _phantom: PhantomData,
        }
    }

    /// Gives up ownership of the root.
    #[inline]
    pub(super) fn into_handle(self) -> Handle {
        let handle = self.handle;
        mem::forget(self);
        handle
    }

    /// Makes another manual root for the same object.
    ///
    /// # Errors
    ///
    /// * [`Error::WrongStore`](crate::Error::WrongStore);
    /// * [`Error::Unrooted`](crate::Error::Unrooted), only for a handle that came from C;
    /// * [`Error::Limit`](crate::Error::Limit) and
    ///   [`Error::SystemMemory`](crate::Error::SystemMemory) if there is no room for a
    ///   root.
    ///
    /// ```
    /// use gcroots::{Engine, ExternRef, ManuallyRooted, Store};
    ///
    /// let mut store = Store::new(&Engine::default(), ())?;
    /// let a = ExternRef::new(&mut store, 1)?.to_manually_rooted(&mut store)?;
    /// let b = a.clone(&mut store)?;
    /// assert!(!ManuallyRooted::rooted_eq(&a, &b));
    /// assert!(ManuallyRooted::ref_eq(&store, &a, &b)?);
    /// # anyhow::Ok(())
    /// ```
    #[inline]
    pub fn clone(&self, mut store: impl AsContextMut) -> Result<ManuallyRooted<T>> {
        let (store, handle) = (store.as_context_mut().0, self.handle);
        let made: Result<_> = store.owned.call_fast(
            move |core| core.clone_root_fast(handle),
            move |core| core.clone_root(handle),
        );
        Ok(ManuallyRooted::new(made?))
    }

    /// Ends the root now.
    ///
    /// # Errors
    ///
    /// * [`Error::WrongStore`](crate::Error::WrongStore);
    /// * [`Error::Unrooted`](crate::Error::Unrooted), only for a handle that came from C.
    ///
    /// After an error the root ends as if it were dropped.
    ///
    /// ```
    /// use gcroots::{Engine, ExternRef, Store};
    ///
    /// let mut store = Store::new(&Engine::default(), ())?;
    /// let kept = ExternRef::new(&mut store, 1)?.to_manually_rooted(&mut store)?;
    /// kept.unroot(&mut store)?;
    /// assert_eq!(store.stats().manual_roots, 0);
    /// # anyhow::Ok(())
    /// ```
    #[inline]
    pub fn unroot(self, mut store: impl AsContextMut) -> Result<()> {
        let (store, handle) = (store.as_context_mut().0, self.handle);
        let ended: Result<()> = store.owned.call_fast(
            move |core| core.unroot_fast(handle).then_some(()),
            move |core| core.unroot(handle),
        );
        ended?;
        mem::forget(self);
        Ok(())
    }

    /// Makes a scoped root for the object in the current scope.
    ///
    /// # Errors
    ///
    /// * [`Error::WrongStore`](crate::Error::WrongStore);
    /// * [`Error::Unrooted`](crate::Error::Unrooted), only for a handle that came from C;
    /// * [`Error::Limit`](crate::Error::Limit) and
    ///   [`Error::SystemMemory`](crate::Error::SystemMemory) if there is no room for a
    ///   root.
    ///
    /// ```
    /// use gcroots::{Engine, ExternRef, RootScope, Store};
    ///
    /// let mut store = Store::new(&Engine::default(), ())?;
    /// let kept = ExternRef::new(&mut store, 1)?.to_manually_rooted(&mut store)?;
    /// let mut scope = RootScope::new(&mut store)?;
    /// let rooted = kept.to_rooted(&mut scope)?;
    /// assert!(rooted.data(&scope)?.is_some());
    /// # anyhow::Ok(())
    /// ```
    #[inline]
    pub fn to_rooted(&self, mut store: impl AsContextMut) -> Result<Rooted<T>> {
        let (store, handle) = (store.as_context_mut().0, self.handle);
        let made: Result<_> = store.owned.call_fast(
            move |core| core.to_rooted_fast(handle),
            move |core| core.to_rooted(handle),
        );
        Ok(Rooted::new(made?))
    }

    /// Replaces this root by a scoped root in the current scope.
    ///
    /// # Errors
    ///
    /// The errors of [`ManuallyRooted::to_rooted`]. After an error the root ends as if it
    /// were dropped.
    ///
    /// ```
    /// use gcroots::{Engine, ExternRef, Store};
    ///
    /// let mut store = Store::new(&Engine::default(), ())?;
    /// let kept = ExternRef::new(&mut store, 1)?.to_manually_rooted(&mut store)?;
    /// let rooted = kept.into_rooted(&mut store)?;
    /// assert!(rooted.data(&store)?.is_some());
    /// assert_eq!(store.stats().manual_roots, 0);
    /// # anyhow::Ok(())
    /// ```
    pub fn into_rooted(self, mut store: impl AsContextMut) -> Result<Rooted<T>> {
        let store = store.as_context_mut().0;
        let made = store.owned.call(|core| core.into_rooted(self.handle))?;
        mem::forget(self);
        Ok(Rooted::new(made))
    }

    /// Whether two handles name the same root. In Rust each root has one handle, but C can
    /// make copies. Does not access a store.
    #[inline]
    pub fn rooted_eq(a: &ManuallyRooted<T>, b: &ManuallyRooted<T>) -> bool {
        gc_ref::rooted_eq(a, b)
    }

    /// Same as [`Rooted::ref_eq`].
    ///
    /// # Errors
    ///
    /// The errors of [`Rooted::ref_eq`].
    #[inline]
    pub fn ref_eq(
        store: impl AsContext,
        a: &impl RootedGcRef<T>,
        b: &impl RootedGcRef<T>,
    ) -> Result<bool> {
        gc_ref::ref_eq(store, a, b)
    }

    /// Same as [`Rooted::rooted_hash`].
    pub fn rooted_hash<H: Hasher>(&self, state: &mut H) {
        gc_ref::rooted_hash(self, state);
    }

    /// Same as [`Rooted::ref_hash`].
    ///
    /// # Errors
    ///
    /// The errors of [`Rooted::ref_hash`].
    pub fn ref_hash<H: Hasher>(&self, store: impl AsContext, state: &mut H) -> Result<()> {
        gc_ref::ref_hash(store, self, state)
    }
}

impl<T: GcRef> Drop for ManuallyRooted<T> {
    #[inline]
    fn drop(&mut self) {
        unroot_later(self.handle);
    }
}

impl<T: GcRef> Deref for ManuallyRooted<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        gc_ref::from_handle(&self.handle)
    }
}

impl<T: GcRef> RootedGcRefImpl for ManuallyRooted<T> {
    #[inline]
    fn handle(&self) -> Handle {
        self.handle
    }
}

impl<T: GcRef> fmt::Debug for ManuallyRooted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ManuallyRooted").field(&self.handle).finish()
    }
}
