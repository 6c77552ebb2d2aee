//! The allocation of an externref as a future, which collects in steps if necessary.

use core::any::Any;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use anyhow::Result;

use super::gc_async::Steps;
use super::out_of_memory::is_about_room;
use super::{AsContextMut, ExternRef, GcHeapOutOfMemory, Rooted};
use crate::error::Error;

/// The future that [`ExternRef::new_async`] returns. It makes an object when it is polled,
/// after a collection in steps if one is needed.
///
/// Dropping the future early drops the value. A collection under way then ends as if a
/// [`GcAsync`](super::GcAsync) were dropped.
#[must_use = "a future does nothing unless it is polled"]
pub struct NewAsync<C: AsContextMut, T: Any + Send + Sync> {
    store: C,
    /// `None` once the future is done.
    value: Option<T>,
    steps: Steps,
    /// Whether a collection for this object was started. It may be finished.
    collects: bool,
}

impl ExternRef {
    /// Same as [`ExternRef::new`], but collects in steps. The task yields between two steps,
    /// like with [`Store::gc_async`](super::Store::gc_async). Inside a host function it
    /// collects at once.
    ///
    /// # Errors
    ///
    /// The errors of [`ExternRef::new`].
    ///
    /// ```
    /// use core::pin::pin;
    /// use core::task::{Context, Poll, Waker};
    /// use gcroots::{Engine, ExternRef, Store};
    ///
    /// let mut store = Store::new(&Engine::default(), ())?;
    /// // Within a task this is `ExternRef::new_async(&mut store, 7u32).await?`.
    /// let made = {
    ///     let made = pin!(ExternRef::new_async(&mut store, 7u32));
    ///     match made.poll(&mut Context::from_waker(Waker::noop())) {
    ///         Poll::Ready(made) => made?,
    ///         Poll::Pending => unreachable!("a new store has room"),
    ///     }
    /// };
    /// assert_eq!(made.data(&store)?.unwrap().downcast_ref(), Some(&7u32));
    /// # anyhow::Ok(())
    /// ```
    pub fn new_async<C: AsContextMut, T>(store: C, value: T) -> NewAsync<C, T>
    where
        T: Any + Send + Sync + 'static,
    {
        NewAsync {
            store,
            value: Some(value),
            steps: Steps::new(),
            collects: false,
        }
    }
}

impl<C: AsContextMut, T: Any + Send + Sync> NewAsync<C, T> {
    /// Sets the approximate number of bytes of objects that a step traces, like
    /// [`GcAsync::increment`](super::GcAsync::increment).
    ///
    /// ```
    /// # fn make<'a>(store: &'a mut gcroots::Store<()>) -> impl Future + 'a {
    /// gcroots::ExternRef::new_async(store, 7u32).increment(16 << 10)
    /// # }
    /// ```
    pub fn increment(mut self, bytes: usize) -> Self {
        self.steps.set_increment(bytes);
        self
    }
}

// No field is structurally pinned.
impl<C: AsContextMut, T: Any + Send + Sync> Unpin for NewAsync<C, T> {}

impl<C: AsContextMut, T: Any + Send + Sync> Future for NewAsync<C, T> {
    type Output = Result<Rooted<ExternRef>>;

    /// # Panics
    ///
    /// Panics if it is polled after it was done.
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let store = &mut this.store.as_context_mut().0.owned;
        let mut value = this.value.take().expect("a future that is not done");
        if !this.collects {
            match ExternRef::new_without_collecting(store, value, false) {
                Ok(Err(back)) => value = back,
                Ok(Ok(made)) => return Poll::Ready(Ok(made)),
                Err(error) => return Poll::Ready(Err(error)),
            }
            this.collects = true;
        }
        match this.steps.poll(store, context) {
            Poll::Pending => {
                this.value = Some(value);
                Poll::Pending
            }
            Poll::Ready(Ok(())) => Poll::Ready(
                match ExternRef::new_without_collecting(store, value, true) {
                    Ok(made) => made.map_err(|_value| collected_in_vain()),
                    Err(error) => Err(error),
                },
            ),
            // Inside a host function no collection in steps can begin.
            Poll::Ready(Err(Error::Busy { .. })) => {
                Poll::Ready(ExternRef::new(&mut this.store, value))
            }
            Poll::Ready(Err(error)) if is_about_room(error) => {
                Poll::Ready(Err(GcHeapOutOfMemory::new(value, error).into()))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error.into())),
        }
    }
}

/// The error for a second request to collect. It does not happen: after a collection for an
/// allocation, the allocation does not request another one.
fn collected_in_vain() -> anyhow::Error {
    Error::internal("an allocation that asks for two collections", 0).into()
}

impl<C: AsContextMut, T: Any + Send + Sync> Drop for NewAsync<C, T> {
    fn drop(&mut self) {
        self.steps.cancel(&mut self.store.as_context_mut().0.owned);
    }
}

impl<C: AsContextMut, T: Any + Send + Sync> fmt::Debug for NewAsync<C, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewAsync")
            .field("collects", &self.collects)
            .finish_non_exhaustive()
    }
}
