//! The store.

use anyhow::Result;

use super::failure::{Failure, ThrownException};
use super::owned_store::OwnedStore;
use super::{Engine, ExnRef, Rooted, RootedGcRef, StoreToken};
use crate::store::{PauseKind, PauseStats, Stats};

/// A heap with its roots, the host values of its externrefs, and the embedder's data of
/// type `T`.
///
/// A store is `Send` if `T` is. It can be moved to another thread, or used there through an
/// exclusive reference, without further calls. It is not `Sync`.
///
/// The store itself is the outermost scope. A root that is made outside all
/// [`RootScope`](crate::RootScope)s lives as long as the store.
///
/// Dropping the store deletes the heap, drops each host value once, and then drops the
/// data. No other store ever accepts the handles of a dropped store.
///
/// ```
/// use gcroots::{Engine, ExternRef, Store};
///
/// let mut store = Store::new(&Engine::default(), "my data")?;
/// assert_eq!(*store.data(), "my data");
///
/// let externref = ExternRef::new(&mut store, 7u32)?;
/// store.gc()?;
/// let seven = externref.data(&store)?.unwrap();
/// assert_eq!(seven.downcast_ref::<u32>(), Some(&7));
/// # anyhow::Ok(())
/// ```
///
/// Threads cannot share a store:
///
/// ```compile_fail,E0277
/// let store = gcroots::Store::new(&gcroots::Engine::default(), ())?;
/// std::thread::scope(|threads| {
///     threads.spawn(|| store.stats());
/// });
/// # anyhow::Ok(())
/// ```
pub struct Store<T> {
    /// From a leaked box, so that its address does not change when the store moves:
    /// callbacks use that address. A `*mut` pointer makes the store invariant in `T`, which
    /// callbacks rely on.
    part: *mut StorePart<T>,
}

/// The contents of a store, at a fixed address.
pub(super) struct StorePart<T> {
    // The fields are dropped in this order.
    pub(super) owned: OwnedStore,
    /// Why the function that was just called failed. `None` if it threw an exception.
    pub(super) failure: Option<Failure>,
    engine: Engine,
    data: T,
}

// SAFETY: a store owns its part, and all fields of the part are `Send` if `T` is.
unsafe impl<T: Send> Send for Store<T> {}

impl<T> Store<T> {
    /// Makes a store of `engine`. The first allocation of an object makes the heap.
    ///
    /// # Errors
    ///
    /// * [`Error::SystemMemory`](crate::Error::SystemMemory);
    /// * [`Error::Limit`](crate::Error::Limit) if the calling thread cannot be registered.
    pub fn new(engine: &Engine, data: T) -> Result<Store<T>> {
        let part = Box::into_raw(boxed(StorePart {
            owned: OwnedStore::new(engine.reference()?)?,
            failure: None,
            engine: engine.clone(),
            data,
        }));
        // SAFETY: the box was just leaked.
        unsafe { (*part).owned.set_rust_part(part.cast()) };
        Ok(Store { part })
    }

    #[inline]
    pub(super) fn part(&self) -> &StorePart<T> {
        // SAFETY: `new` leaked the part, and `self` is borrowed.
        unsafe { &*self.part }
    }

    #[inline]
    pub(super) fn part_mut(&mut self) -> &mut StorePart<T> {
        // SAFETY: `new` leaked the part, and `self` is borrowed exclusively.
        unsafe { &mut *self.part }
    }

    /// The store's engine.
    #[inline]
    pub fn engine(&self) -> &Engine {
        self.part().engine()
    }

    /// Tells this store from the other stores that live at the same time. The callback of
    /// [`Config::wake_callback`](crate::Config::wake_callback) gets it.
    pub fn token(&self) -> StoreToken {
        self.part().owned.token()
    }

    /// The embedder's data.
    #[inline]
    pub fn data(&self) -> &T {
        self.part().data()
    }

    /// The embedder's data.
    #[inline]
    pub fn data_mut(&mut self) -> &mut T {
        self.part_mut().data_mut()
    }

    /// Deletes the store and returns its data.
    ///
    /// ```
    /// let store = gcroots::Store::new(&gcroots::Engine::default(), vec![1, 2])?;
    /// assert_eq!(store.into_data(), [1, 2]);
    /// # anyhow::Ok(())
    /// ```
    pub fn into_data(self) -> T {
        let part = self.part;
        core::mem::forget(self);
        // SAFETY: `new` leaked the part, and the forgotten store does not drop it.
        unsafe { Box::from_raw(part) }.data
    }

    /// Does a full collection. When this returns, all unreachable objects are freed and
    /// their host values are dropped, or wait because of
    /// [`Finalizers::Deferred`](crate::Finalizers::Deferred). That includes objects that only dropped values kept
    /// alive. Under [`Collector::Null`](crate::Collector::Null) it does nothing.
    ///
    /// # Errors
    ///
    /// * [`Error::NoGc`](crate::Error::NoGc) in a no-GC span, which only C can open;
    /// * [`Error::Internal`](crate::Error::Internal) if the heap is corrupt. The store is
    ///   then poisoned.
    pub fn gc(&mut self) -> Result<()> {
        self.part_mut().gc()
    }

    /// Drops the host values of dead objects that wait because of
    /// [`Finalizers::Deferred`](crate::Finalizers::Deferred), at most `most` of them. Returns
    /// how many wait then. Values that become due meanwhile wait for the next call.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`](crate::Error::Internal) if the store is or becomes poisoned.
    pub fn run_finalizers(&mut self, most: usize) -> Result<usize> {
        self.part_mut().run_finalizers(most)
    }

    /// Ends the roots of all dropped [`ManuallyRooted`](crate::ManuallyRooted)s. Never
    /// collects, so their objects stay until the next collection. Allocations and
    /// collections do the same. Call this in a store that is idle.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`](crate::Error::Internal) if the store was poisoned.
    ///
    /// ```
    /// use gcroots::{Engine, ExternRef, RootScope, Store};
    ///
    /// let mut store = Store::new(&Engine::default(), ())?;
    /// let mut scope = RootScope::new(&mut store)?;
    /// let externref = ExternRef::new(&mut scope, 7)?.to_manually_rooted(&mut scope)?;
    /// drop(scope);
    /// std::thread::spawn(|| drop(externref)).join().unwrap();
    /// assert_eq!(store.stats().manual_roots, 1);
    /// store.drain_unroots()?;
    /// assert_eq!(store.stats().manual_roots, 0);
    /// # anyhow::Ok(())
    /// ```
    pub fn drain_unroots(&mut self) -> Result<()> {
        self.part_mut().drain_unroots()
    }

    /// Collects as [`Store::gc`] does, and then gives back to the system all memory that an
    /// idle store does not need, of its heap and of its tables. The next calls get memory
    /// from the system again, and so take longer.
    ///
    /// ```
    /// use gcroots::{Engine, ExternRef, RootScope, Store};
    ///
    /// let engine = Engine::default();
    /// let mut store = Store::new(&engine, ())?;
    /// {
    ///     let mut scope = RootScope::new(&mut store)?;
    ///     for number in 0..100_000 {
    ///         ExternRef::new(&mut scope, number)?;
    ///     }
    /// }
    /// let before = store.stats().side_bytes;
    /// store.trim()?;
    /// assert!(store.stats().side_bytes < before / 100);
    /// # anyhow::Ok(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`Store::gc`].
    pub fn trim(&mut self) -> Result<()> {
        self.part_mut().trim()
    }

    /// Checks the whole store for debugging: all objects, references and roots, and the
    /// tables behind them. Cost: proportional to the heap.
    ///
    /// # Errors
    ///
    /// * [`Error::Internal`](crate::Error::Internal) if anything is wrong. The store is then
    ///   poisoned.
    /// * [`Error::SystemMemory`](crate::Error::SystemMemory) if there is no memory for the
    ///   check.
    ///
    /// ```
    /// let store = gcroots::Store::new(&gcroots::Engine::default(), ())?;
    /// store.verify()?;
    /// # anyhow::Ok(())
    /// ```
    pub fn verify(&self) -> Result<()> {
        Ok(self.part().owned.call(|core| core.verify())?)
    }

    /// The store's current statistics.
    ///
    /// ```
    /// use gcroots::{Engine, ExternRef, Store};
    ///
    /// let mut store = Store::new(&Engine::default(), ())?;
    /// ExternRef::new(&mut store, ())?;
    /// assert_eq!(store.stats().objects, 1);
    /// # anyhow::Ok(())
    /// ```
    pub fn stats(&self) -> Stats {
        self.part().owned.stats()
    }

    /// How long collections have stopped the program so far, by what stopped it. Finalizers and
    /// other callbacks are not included.
    ///
    /// Never collects. Cost: constant.
    ///
    /// ```
    /// use gcroots::{Engine, ExternRef, PauseKind, Store};
    ///
    /// let mut store = Store::new(&Engine::default(), ())?;
    /// ExternRef::new(&mut store, ())?;
    /// store.gc()?;
    /// let full = store.pauses(PauseKind::Full);
    /// assert_eq!(full.count, 1);
    /// assert!(full.p99 <= full.max_nanoseconds);
    /// # anyhow::Ok(())
    /// ```
    pub fn pauses(&self, kind: PauseKind) -> PauseStats {
        self.part().owned.pauses(kind)
    }

    /// Makes `exception` the pending exception, and replaces any other one. No function can
    /// be called until the exception is taken. Never collects.
    ///
    /// # Errors
    ///
    /// This function always returns an error, which the calling function can return:
    ///
    /// * [`ThrownException`] if the exception is now pending;
    /// * [`Error::WrongStore`](crate::Error::WrongStore) and
    ///   [`Error::Unrooted`](crate::Error::Unrooted) for the exception.
    ///
    /// ```
    /// use gcroots::{Engine, ExnRef, FuncType, Store, Tag, ThrownException};
    ///
    /// let engine = Engine::default();
    /// let mut store = Store::new(&engine, ())?;
    /// let tag = Tag::new(&mut store, &FuncType::new(&engine, [], [])?)?;
    /// let exception = ExnRef::new(&mut store, &tag, &[])?;
    /// let thrown = store.throw::<()>(&exception).unwrap_err();
    /// assert!(thrown.is::<ThrownException>());
    /// let taken = store.take_pending_exception()?.unwrap();
    /// assert_eq!(taken.tag(&store)?, tag);
    /// # anyhow::Ok(())
    /// ```
    pub fn throw<R>(&mut self, exception: &impl RootedGcRef<ExnRef>) -> Result<R> {
        self.part_mut().throw(exception)
    }

    /// Takes the pending exception, as a new root in the current scope. Returns `None` if no
    /// exception is pending. Never collects.
    ///
    /// # Errors
    ///
    /// [`Error::Limit`](crate::Error::Limit) and
    /// [`Error::SystemMemory`](crate::Error::SystemMemory) if there is no room for a root.
    /// The exception stays pending then.
    pub fn take_pending_exception(&mut self) -> Result<Option<Rooted<ExnRef>>> {
        self.part_mut().take_pending_exception()
    }
}

impl<T> StorePart<T> {
    #[inline]
    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }

    #[inline]
    pub(super) fn data(&self) -> &T {
        &self.data
    }

    #[inline]
    pub(super) fn data_mut(&mut self) -> &mut T {
        &mut self.data
    }

    /// Same as [`Store::gc`].
    pub(super) fn gc(&mut self) -> Result<()> {
        Ok(self.owned.gc()?)
    }

    /// Same as [`Store::trim`].
    pub(super) fn trim(&mut self) -> Result<()> {
        Ok(self.owned.trim()?)
    }

    /// Same as [`Store::run_finalizers`].
    pub(super) fn run_finalizers(&mut self, most: usize) -> Result<usize> {
        Ok(self.owned.run_finalizers(most)?)
    }

    /// Same as [`Store::drain_unroots`].
    pub(super) fn drain_unroots(&mut self) -> Result<()> {
        self.owned.call(|core| {
            core.drain_unroots();
            Ok(())
        })?;
        Ok(())
    }

    /// Same as [`Store::throw`].
    pub(super) fn throw<R>(&mut self, exception: &impl RootedGcRef<ExnRef>) -> Result<R> {
        self.owned.call(|core| core.throw(exception.handle()))?;
        Err(ThrownException::new().into())
    }

    /// Same as [`Store::take_pending_exception`].
    pub(super) fn take_pending_exception(&mut self) -> Result<Option<Rooted<ExnRef>>> {
        let taken = self.owned.call(|core| core.take_exception())?;
        Ok((!taken.is_null()).then(|| Rooted::new(taken)))
    }
}

impl<T> Drop for Store<T> {
    fn drop(&mut self) {
        // SAFETY: `new` leaked the part, and nothing uses it after this.
        drop(unsafe { Box::from_raw(self.part) });
    }
}

/// Moves a value to the Rust heap. Like `Box`, it aborts if memory is exhausted.
#[expect(clippy::disallowed_methods, reason = "it is not behind the C ABI")]
fn boxed<T>(value: T) -> Box<T> {
    Box::new(value)
}
