//! The store.

use anyhow::Result;

use super::func::{Failure, ThrownException};
use super::owned_store::OwnedStore;
use super::{Engine, ExnRef, Rooted, RootedGcRef};
use crate::store::Stats;

/// A heap with its roots and the values that its externrefs hold, and `T`, data of
/// the embedder's own.
///
/// It is `Send` if `T` is: a store may be moved to another thread, or sent there by
/// reference, and simply works. It is not `Sync`. The store itself is the outermost
/// scope: what is rooted outside all [`RootScope`](crate::RootScope)s is alive as
/// long as the store.
///
/// Dropping it deletes the heap and drops all host values, once each, and then the
/// data. Handles of it are refused by other stores for ever.
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
/// Threads cannot share one:
///
/// ```compile_fail,E0277
/// let store = gcroots::Store::new(&gcroots::Engine::default(), ())?;
/// std::thread::scope(|threads| {
///     threads.spawn(|| store.stats());
/// });
/// # anyhow::Ok(())
/// ```
pub struct Store<T> {
    /// From a box, so that functions find it wherever the store moves. Of `T` exactly,
    /// as functions are: a pointer to what may change.
    part: *mut StorePart<T>,
}

/// What a store has, where it stays.
pub(super) struct StorePart<T> {
    // Dropped in this order.
    pub(super) owned: OwnedStore,
    /// Why a function that was just called failed, if not with an exception.
    pub(super) failure: Option<Failure>,
    engine: Engine,
    data: T,
}

// SAFETY: it owns the part, of which all may be sent if the data may.
unsafe impl<T: Send> Send for Store<T> {}

impl<T> Store<T> {
    /// A store of `engine`. Its heap is made by the first object.
    ///
    /// # Errors
    ///
    /// [`Error::SystemMemory`](crate::Error::SystemMemory);
    /// [`Error::Limit`](crate::Error::Limit) if the thread cannot be registered.
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

    pub(super) fn part(&self) -> &StorePart<T> {
        // SAFETY: leaked in `new`, and this is borrowed.
        unsafe { &*self.part }
    }

    pub(super) fn part_mut(&mut self) -> &mut StorePart<T> {
        // SAFETY: leaked in `new`, and this is borrowed exclusively.
        unsafe { &mut *self.part }
    }

    /// The store's engine.
    pub fn engine(&self) -> &Engine {
        self.part().engine()
    }

    /// The embedder's data.
    pub fn data(&self) -> &T {
        self.part().data()
    }

    /// The embedder's data.
    pub fn data_mut(&mut self) -> &mut T {
        self.part_mut().data_mut()
    }

    /// Deletes the store, and gives its data back.
    ///
    /// ```
    /// let store = gcroots::Store::new(&gcroots::Engine::default(), vec![1, 2])?;
    /// assert_eq!(store.into_data(), [1, 2]);
    /// # anyhow::Ok(())
    /// ```
    pub fn into_data(self) -> T {
        let part = self.part;
        core::mem::forget(self);
        // SAFETY: leaked in `new`, and not dropped with the store.
        unsafe { Box::from_raw(part) }.data
    }

    /// Collects: when this returns, every object that was unreachable is gone and
    /// its value dropped, also those that only dropped values let go. Under
    /// [`Collector::Null`](crate::Collector::Null) it does nothing.
    ///
    /// # Errors
    ///
    /// [`Error::NoGc`](crate::Error::NoGc) in a no-GC span, which only C opens;
    /// [`Error::Internal`](crate::Error::Internal) if the heap was found to be
    /// nonsense, which poisons the store.
    pub fn gc(&mut self) -> Result<()> {
        self.part_mut().gc()
    }

    /// Checks the whole store: every object, every reference, every root, and the
    /// tables behind them. For debugging; takes time in proportion to the heap.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`](crate::Error::Internal) if anything is wrong, which
    /// poisons the store; [`Error::SystemMemory`](crate::Error::SystemMemory) if
    /// there is no memory to check with.
    ///
    /// ```
    /// let store = gcroots::Store::new(&gcroots::Engine::default(), ())?;
    /// store.verify()?;
    /// # anyhow::Ok(())
    /// ```
    pub fn verify(&self) -> Result<()> {
        Ok(self.part().owned.call(|core| core.verify())?)
    }

    /// The store's statistics now.
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

    /// Makes an exception the pending one, in place of another: until it is taken no
    /// function is called. The error is for a function to return: see
    /// [`ThrownException`]. Never collects.
    ///
    /// # Errors
    ///
    /// Always one: [`ThrownException`], or [`Error::WrongStore`](crate::Error::WrongStore)
    /// or [`Error::Unrooted`](crate::Error::Unrooted) for the exception.
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

    /// Takes the pending exception, if one is: a new root of the current scope. Never
    /// collects.
    ///
    /// # Errors
    ///
    /// [`Error::Limit`](crate::Error::Limit) and
    /// [`Error::SystemMemory`](crate::Error::SystemMemory) when there is no room for a
    /// root; it is still pending then.
    pub fn take_pending_exception(&mut self) -> Result<Option<Rooted<ExnRef>>> {
        self.part_mut().take_pending_exception()
    }
}

impl<T> StorePart<T> {
    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }

    pub(super) fn data(&self) -> &T {
        &self.data
    }

    pub(super) fn data_mut(&mut self) -> &mut T {
        &mut self.data
    }

    /// As [`Store::gc`].
    pub(super) fn gc(&mut self) -> Result<()> {
        Ok(self.owned.gc()?)
    }

    /// As [`Store::throw`].
    pub(super) fn throw<R>(&mut self, exception: &impl RootedGcRef<ExnRef>) -> Result<R> {
        self.owned.call(|core| core.throw(exception.handle()))?;
        Err(ThrownException::new().into())
    }

    /// As [`Store::take_pending_exception`].
    pub(super) fn take_pending_exception(&mut self) -> Result<Option<Rooted<ExnRef>>> {
        let taken = self.owned.call(|core| core.take_exception())?;
        Ok((!taken.is_null()).then(|| Rooted::new(taken)))
    }
}

impl<T> Drop for Store<T> {
    fn drop(&mut self) {
        // SAFETY: leaked in `new`; nobody uses it after this.
        drop(unsafe { Box::from_raw(self.part) });
    }
}

/// Moves a value to the heap. Aborts if memory is out, as `Box` does.
#[expect(clippy::disallowed_methods, reason = "it is not behind the C ABI")]
fn boxed<T>(value: T) -> Box<T> {
    Box::new(value)
}
