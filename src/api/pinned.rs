//! Pins of arrays (RUST-25).

use core::ptr::slice_from_raw_parts_mut;

use anyhow::Result;

use super::{AsContext, AsContextMut};
use crate::roots::Handle;

/// Keeps an array of numbers where it is, so that the address of its elements can be given to
/// the system or to C.
///
/// [`ArrayRef::pin`](crate::ArrayRef::pin) makes it, and [`Pinned::unpin`] ends it. A pin keeps the array alive, and
/// does not depend on scopes. An array may have several pins, and stays until the last one
/// ends. Dropping a `Pinned` does not end the pin: the array then stays as long as the store.
///
/// ```
/// use gcroots::{
///     ArrayRef, ArrayType, Collector, Config, Engine, FieldType, Mutability, StorageType, Store,
/// };
///
/// let mut config = Config::new();
/// config.collector(Collector::Generational);
/// let engine = Engine::new(&config)?;
/// let bytes = ArrayType::new(&engine, FieldType::new(Mutability::Var, StorageType::I8))?;
/// let mut store = Store::new(&engine, ())?;
/// let buffer = ArrayRef::new_default(&mut store, &bytes, 4)?;
///
/// let pinned = buffer.pin(&mut store)?;
/// let data = pinned.data(&store)?;
/// store.gc()?;
/// // SAFETY: the array is pinned, and nothing else uses its elements now.
/// unsafe { (*data).copy_from_slice(b"read") };
/// assert_eq!(buffer.get(&mut store, 0)?.unwrap_i32(), i32::from(b'r'));
/// pinned.unpin(&mut store)?;
/// # anyhow::Ok(())
/// ```
#[derive(Debug)]
#[must_use = "the array stays where it is until `unpin`"]
pub struct Pinned {
    handle: Handle,
}

impl Pinned {
    /// Takes ownership of a pin.
    pub(super) fn new(handle: Handle) -> Pinned {
        Pinned { handle }
    }

    /// The bytes of all elements, in the machine's byte order. The pointer is valid until the
    /// pin ends. The library does not know of what is written through it, and reads it in
    /// calls on the store. Never collects.
    ///
    /// # Errors
    ///
    /// * [`Error::WrongStore`](crate::Error::WrongStore);
    /// * [`Error::TypeMismatch`](crate::Error::TypeMismatch) if the elements are references.
    pub fn data(&self, store: impl AsContext) -> Result<*mut [u8]> {
        let store = store.as_context().0;
        let (first, bytes) = store.owned.call(|core| core.pin_data(self.handle))?;
        Ok(slice_from_raw_parts_mut(first, bytes))
    }

    /// Ends the pin.
    ///
    /// # Errors
    ///
    /// [`Error::WrongStore`](crate::Error::WrongStore), after which the pin stays.
    pub fn unpin(self, mut store: impl AsContextMut) -> Result<()> {
        let store = store.as_context_mut().0;
        Ok(store.owned.call(|core| core.unpin(self.handle))?)
    }
}
