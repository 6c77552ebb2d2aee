//! A collection in steps, as a future.
//!
//! A future does one step each time that it is polled, wakes itself, and is pending: an
//! executor runs what else there is to do between two steps. No executor of a particular
//! kind is needed.
//!
//! What a collection leaves unfinished: a future that is dropped cancels it, which
//! completes it unless no step was done; of one that is forgotten (`mem::forget`), the
//! next call on the store completes it.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use anyhow::Result;

use super::Store;
use super::owned_store::OwnedStore;
use super::store::StorePart;
use crate::error;

/// About so many bytes of objects are traced in a step, if nothing was said.
const INCREMENT: usize = 64 << 10;

/// Steps of a collection, one each time that it is polled.
pub(super) struct Steps {
    under_way: bool,
    increment: u64,
}

impl Steps {
    /// None done yet.
    pub(super) fn new() -> Steps {
        Steps {
            under_way: false,
            increment: INCREMENT as u64,
        }
    }

    /// Sets about how many bytes of objects are traced in each of the steps to come.
    pub(super) fn set_increment(&mut self, bytes: usize) {
        self.increment = bytes as u64;
    }

    /// Does a step, of a new collection if none is under way.
    pub(super) fn poll(
        &mut self,
        store: &mut OwnedStore,
        context: &mut Context<'_>,
    ) -> Poll<error::Result<()>> {
        if !self.under_way {
            store.gc_start()?;
            self.under_way = true;
        }
        let outcome = store.gc_step(self.increment);
        if let Ok(false) = outcome {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.under_way = false;
        Poll::Ready(outcome.map(|_over| ()))
    }

    /// Ends the collection, if one is under way.
    pub(super) fn cancel(&mut self, store: &mut OwnedStore) {
        if core::mem::take(&mut self.under_way) {
            // An error has poisoned the store, and the next call says so.
            let _poisoned = store.gc_cancel();
        }
    }
}

/// What [`Store::gc_async`] returns: a collection that does one step each time that it is
/// polled.
///
/// Dropping it before it is done completes what is left of the collection at once,
/// unless it was never polled. If it is forgotten instead, the next use of the store
/// completes it, and values are dropped by the next call that may collect.
#[must_use = "a future does nothing unless it is polled"]
pub struct GcAsync<'a, T> {
    store: &'a mut StorePart<T>,
    steps: Steps,
}

impl<T> Store<T> {
    /// Collects once, in steps, between which the task yields. When it is done, the objects
    /// that were unreachable when it began are gone and their values dropped; unlike
    /// [`Store::gc`], it does not collect again what only dropped values let go. Under
    /// [`Collector::Null`](crate::Collector::Null) it does nothing.
    ///
    /// # Errors
    ///
    /// As for [`Store::gc`]; [`Error::Busy`](crate::Error::Busy) inside a host function.
    ///
    /// ```
    /// use core::pin::pin;
    /// use core::task::{Context, Poll, Waker};
    /// use gcroots::{Engine, ExternRef, Store};
    ///
    /// let mut store = Store::new(&Engine::default(), ())?;
    /// let kept = ExternRef::new(&mut store, 7u32)?;
    /// {
    ///     // Within a task this is `store.gc_async().await?`.
    ///     let mut collection = pin!(store.gc_async());
    ///     let mut context = Context::from_waker(Waker::noop());
    ///     while collection.as_mut().poll(&mut context)?.is_pending() {}
    /// }
    /// assert_eq!(store.stats().collections, 1);
    /// assert_eq!(kept.data(&store)?.unwrap().downcast_ref(), Some(&7u32));
    /// # anyhow::Ok(())
    /// ```
    pub fn gc_async(&mut self) -> GcAsync<'_, T> {
        self.part_mut().gc_async()
    }
}

impl<T> StorePart<T> {
    pub(super) fn gc_async(&mut self) -> GcAsync<'_, T> {
        GcAsync {
            store: self,
            steps: Steps::new(),
        }
    }
}

impl<T> GcAsync<'_, T> {
    /// Sets about how many bytes of objects are traced in a step: 64 KiB if this is not
    /// called. With 0 each step does the least that it can.
    ///
    /// ```
    /// # fn collect<'a>(store: &'a mut gcroots::Store<()>) -> impl Future + 'a {
    /// store.gc_async().increment(16 << 10)
    /// # }
    /// ```
    pub fn increment(mut self, bytes: usize) -> Self {
        self.steps.set_increment(bytes);
        self
    }
}

impl<T> Future for GcAsync<'_, T> {
    type Output = Result<()>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        let GcAsync { store, steps } = self.get_mut();
        steps.poll(&mut store.owned, context).map_err(Into::into)
    }
}

impl<T> Drop for GcAsync<'_, T> {
    fn drop(&mut self) {
        self.steps.cancel(&mut self.store.owned);
    }
}

impl<T> fmt::Debug for GcAsync<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GcAsync")
            .field("under_way", &self.steps.under_way)
            .field("increment", &self.steps.increment)
            .finish_non_exhaustive()
    }
}
