//! An incremental collection as a future.
//!
//! Each poll of the future does one step of the collection. The future then wakes itself
//! and is pending, so that the executor can run other tasks between two steps. Any
//! executor will do.
//!
//! An unfinished collection ends in one of two ways:
//!
//! * If the future is dropped, it cancels the collection. That completes the collection
//!   at once, unless no step was done yet.
//! * If the future is forgotten (`mem::forget`), the next call on the store completes the
//!   collection.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use anyhow::Result;

use super::Store;
use super::owned_store::OwnedStore;
use super::store::StorePart;
use crate::error;

/// The approximate number of bytes of objects that a step traces by default.
const INCREMENT: usize = 64 << 10;

/// The steps of a collection, one for each poll.
pub(super) struct Steps {
    under_way: bool,
    increment: u64,
}

impl Steps {
    /// No step is done yet.
    pub(super) fn new() -> Steps {
        Steps {
            under_way: false,
            increment: INCREMENT as u64,
        }
    }

    /// Sets the approximate number of bytes of objects that each later step traces.
    pub(super) fn set_increment(&mut self, bytes: usize) {
        self.increment = bytes as u64;
    }

    /// Does a step. Starts a collection if none is under way.
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
            // After an error the store is poisoned, and the next call reports that.
            let _poisoned = store.gc_cancel();
        }
    }
}

/// The future that [`Store::gc_async`] returns. Each poll does one step of a collection.
///
/// Dropping the future early completes the rest of the collection at once, unless the
/// future was never polled. If the future is forgotten instead, the next use of the store
/// completes the collection. The next call that may collect then drops the host values.
#[must_use = "a future does nothing unless it is polled"]
pub struct GcAsync<'a, T> {
    store: &'a mut StorePart<T>,
    steps: Steps,
}

impl<T> Store<T> {
    /// Collects once, in steps. The task yields between two steps.
    ///
    /// When the future is done, all objects that were unreachable at the start are freed
    /// and their host values are dropped. Unlike [`Store::gc`], it does not collect again
    /// to free objects that only the dropped values kept alive. Under
    /// [`Collector::Null`](crate::Collector::Null) it does nothing.
    ///
    /// # Errors
    ///
    /// The errors of [`Store::gc`], and [`Error::Busy`](crate::Error::Busy) inside a host
    /// function.
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
    /// assert!(store.stats().collections >= 1);
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
    /// Sets the approximate number of bytes of objects that a step traces. The default is
    /// 64 KiB. With 0, each step does as little as possible.
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
