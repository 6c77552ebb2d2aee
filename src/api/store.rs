//! The store.

use anyhow::Result;

use super::Engine;
use super::owned_store::OwnedStore;
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
    // Dropped in this order.
    pub(super) owned: OwnedStore,
    engine: Engine,
    data: T,
}

impl<T> Store<T> {
    /// A store of `engine`. Its heap is made by the first object.
    ///
    /// # Errors
    ///
    /// [`Error::SystemMemory`](crate::Error::SystemMemory);
    /// [`Error::Limit`](crate::Error::Limit) if the thread cannot be registered.
    pub fn new(engine: &Engine, data: T) -> Result<Store<T>> {
        Ok(Store {
            owned: OwnedStore::new(engine.reference()?)?,
            engine: engine.clone(),
            data,
        })
    }

    /// The store's engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The embedder's data.
    pub fn data(&self) -> &T {
        &self.data
    }

    /// The embedder's data.
    pub fn data_mut(&mut self) -> &mut T {
        &mut self.data
    }

    /// Deletes the store, and gives its data back.
    ///
    /// ```
    /// let store = gcroots::Store::new(&gcroots::Engine::default(), vec![1, 2])?;
    /// assert_eq!(store.into_data(), [1, 2]);
    /// # anyhow::Ok(())
    /// ```
    pub fn into_data(self) -> T {
        self.data
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
        Ok(self.owned.gc()?)
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
        Ok(self.owned.call(|core| core.verify())?)
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
        self.owned.stats()
    }
}
