//! The error for a value that the heap has no room for.

use core::fmt;

use crate::error::Error;

/// The heap had no room for the object of a host value. This error contains the value.
///
/// The error's [`source`](core::error::Error::source) is the [`Error`] that is the reason:
/// [`Error::HeapLimit`], [`Error::SideLimit`], [`Error::GrowthRefused`], [`Error::Overhead`],
/// [`Error::SystemMemory`], [`Error::AddressSpace`], [`Error::Mappings`], [`Error::NoGc`] or
/// [`Error::Limit`].
///
/// ```
/// use gcroots::{Config, Engine, Error, ExternRef, GcHeapOutOfMemory, Store};
///
/// let engine = Engine::new(Config::new().heap_limit(32 << 10))?;
/// let mut store = Store::new(&engine, ())?;
/// let error = loop {
///     // The store's own scope roots each object, so none of them dies.
///     if let Err(error) = ExternRef::new(&mut store, String::from("mine")) {
///         break error;
///     }
/// };
/// let error = error.downcast::<GcHeapOutOfMemory<String>>()?;
/// assert!(matches!(error.cause(), Error::HeapLimit { .. }));
/// assert_eq!(error.into_inner(), "mine");
/// # anyhow::Ok(())
/// ```
pub struct GcHeapOutOfMemory<T> {
    value: T,
    cause: Error,
}

impl<T> GcHeapOutOfMemory<T> {
    pub(super) fn new(value: T, cause: Error) -> GcHeapOutOfMemory<T> {
        GcHeapOutOfMemory { value, cause }
    }

    /// The value.
    pub fn into_inner(self) -> T {
        self.value
    }

    /// Why there was no room.
    pub fn cause(&self) -> Error {
        self.cause
    }
}

/// Whether an allocation failed because there was no room. It may succeed later.
pub(super) fn is_about_room(error: Error) -> bool {
    matches!(
        error,
        Error::HeapLimit { .. }
            | Error::SideLimit { .. }
            | Error::ExternalLimit { .. }
            | Error::GrowthRefused { .. }
            | Error::SystemMemory { .. }
            | Error::AddressSpace { .. }
            | Error::Mappings { .. }
            | Error::Overhead { .. }
            | Error::NoGc { .. }
            | Error::Limit { .. }
    )
}

impl<T> fmt::Debug for GcHeapOutOfMemory<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GcHeapOutOfMemory")
            .field("cause", &self.cause)
            .finish_non_exhaustive()
    }
}

impl<T> fmt::Display for GcHeapOutOfMemory<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no room for a new object in the GC heap")
    }
}

impl<T> core::error::Error for GcHeapOutOfMemory<T> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        Some(&self.cause)
    }
}
