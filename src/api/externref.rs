//! References to objects that hold a host value.

use core::any::Any;
use core::cell::Cell;
use core::ffi::c_void;
use core::fmt;

use anyhow::Result;

use super::host_value::{self, HostValue};
use super::out_of_memory::is_about_room;
use super::owned_store::OwnedStore;
use super::{
    AnyRef, AsContext, AsContextMut, GcHeapOutOfMemory, Rooted, StoreContext, StoreContextMut, raw,
    val,
};
use crate::error::Error;
use crate::host::value_tag;
use crate::roots::Handle;
use crate::store::protocol::{Attempt, Stop};
use crate::store::{ExternRefOptions, Store as Core};
use crate::types::AbstractType;

/// A reference to an object that holds a host value of any type.
///
/// It is only accessible through a [`Rooted`] or a
/// [`ManuallyRooted`](crate::ManuallyRooted).
///
/// The value is dropped exactly once: after the collection that finds its object dead, or
/// with the store. That happens on the thread that collects or drops the store. If the
/// value's `drop` panics, the panic hook runs and the panic is caught. The other values
/// are still dropped, and the call that collected succeeds.
///
/// ```
/// use gcroots::{Engine, ExternRef, Store};
///
/// let mut store = Store::new(&Engine::default(), ())?;
/// let externref = ExternRef::new(&mut store, vec![1, 2, 3])?;
///
/// let data = externref.data_mut(&mut store)?.unwrap();
/// data.downcast_mut::<Vec<i32>>().unwrap().push(4);
///
/// let data = externref.data(&store)?.unwrap();
/// assert_eq!(data.downcast_ref::<Vec<i32>>().unwrap().len(), 4);
/// # anyhow::Ok(())
/// ```
#[repr(transparent)]
pub struct ExternRef {
    handle: Handle,
}

impl ExternRef {
    /// Makes an object that holds `value`, rooted in the current scope. May collect.
    ///
    /// # Errors
    ///
    /// * [`GcHeapOutOfMemory<T>`](GcHeapOutOfMemory) if there is no room. It contains the
    ///   value.
    /// * [`Error::Internal`] if the store is poisoned.
    #[inline]
    pub fn new<T>(mut store: impl AsContextMut, value: T) -> Result<Rooted<ExternRef>>
    where
        T: Any + Send + Sync + 'static,
    {
        let value = Box::into_raw(boxed(value)?);
        let owned = &mut store.as_context_mut().0.owned;
        match owned.try_fast(|core| make_fast(core, value)) {
            Some(made) => Ok(Rooted::new(made)),
            // SAFETY: the box was leaked above, and the core did not take it.
            None => ExternRef::new_slow(owned, unsafe { Box::from_raw(value) }),
        }
    }

    #[cold]
    #[inline(never)]
    fn new_slow<T: Any + Send + Sync>(
        owned: &mut OwnedStore,
        value: Box<HostValue<T>>,
    ) -> Result<Rooted<ExternRef>> {
        let value = Cell::new(Some(value));
        let made = owned.allocate(|core| make(core, &value));
        made.map(Rooted::new).map_err(|error| refused(error, value))
    }

    /// Same as [`ExternRef::new`], but returns the value if a collection is needed. With
    /// `has_collected`, the caller has just collected for this allocation, so the heap grows
    /// if there is no room.
    pub(super) fn new_without_collecting<T: Any + Send + Sync>(
        store: &mut OwnedStore,
        value: T,
        has_collected: bool,
    ) -> Result<core::result::Result<Rooted<ExternRef>, T>> {
        let value = Cell::new(Some(boxed(value)?));
        let made = store.allocate_without_collecting(has_collected, |core| make(core, &value));
        match (made, value.take()) {
            (Ok(Some(made)), _) => Ok(Ok(Rooted::new(made))),
            (Ok(None), Some(value)) => Ok(Err(value.into_value())),
            (Ok(None), None) => Err(Error::internal("a value that was lost", 0).into()),
            (Err(error), value) => Err(refused(error, Cell::new(value))),
        }
    }

    /// Converts an internal reference to an external one, as a new root in the current
    /// scope for the same object. This is the inverse of [`AnyRef::convert_extern`]. Never
    /// collects.
    ///
    /// # Errors
    ///
    /// * [`Error::WrongStore`] and [`Error::Unrooted`] for `anyref`;
    /// * [`Error::Limit`] and [`Error::SystemMemory`] if there is no room for a root.
    ///
    /// ```
    /// use gcroots::{AnyRef, Engine, Error, ExternRef, I31, Store};
    ///
    /// let mut store = Store::new(&Engine::default(), ())?;
    /// let five = AnyRef::from_i31(&mut store, I31::wrapping_u32(5))?;
    /// let external = ExternRef::convert_any(&mut store, &five)?;
    /// let error = external.data(&store).unwrap_err();
    /// assert!(matches!(error.downcast_ref(), Some(Error::TypeMismatch { .. })));
    ///
    /// let again = AnyRef::convert_extern(&mut store, &external)?;
    /// assert_eq!(again.unwrap_i31(&store)?.get_u32(), 5);
    /// # anyhow::Ok(())
    /// ```
    pub fn convert_any(mut store: impl AsContextMut, anyref: &AnyRef) -> Result<Rooted<ExternRef>> {
        let store = store.as_context_mut().0;
        let converted = store.owned.call(|core| core.convert(anyref.handle()))?;
        Ok(val::never_null(converted)?)
    }

    #[inline]
    pub(super) fn handle(&self) -> Handle {
        self.handle
    }

    /// The host value. `None` if the object was made through C and does not hold a Rust
    /// value.
    ///
    /// # Errors
    ///
    /// * [`Error::WrongStore`] and [`Error::Unrooted`];
    /// * [`Error::TypeMismatch`] for a converted internal reference;
    /// * [`Error::NullReference`] for a null handle that came from C.
    ///
    /// ```
    /// use gcroots::{Engine, ExternRef, Store};
    ///
    /// let mut store = Store::new(&Engine::default(), ())?;
    /// let externref = ExternRef::new(&mut store, "text")?;
    /// let data = externref.data(&store)?.unwrap();
    /// assert_eq!(data.downcast_ref(), Some(&"text"));
    /// # anyhow::Ok(())
    /// ```
    ///
    /// While the value is borrowed, nothing can collect:
    ///
    /// ```compile_fail,E0502
    /// # use gcroots::{Engine, ExternRef, Store};
    /// # let mut store = Store::new(&Engine::default(), ())?;
    /// # let externref = ExternRef::new(&mut store, "text")?;
    /// let data = externref.data(&store)?.unwrap();
    /// store.gc()?;
    /// assert!(data.is::<&str>());
    /// # anyhow::Ok(())
    /// ```
    #[inline]
    pub fn data<'a, T: 'a>(
        &self,
        store: impl Into<StoreContext<'a, T>>,
    ) -> Result<Option<&'a (dyn Any + Send + Sync)>> {
        let value = value(&store.into().0.owned, self.handle)?;
        // SAFETY: the core checked that this is a value. Functions that drop values, and
        // `data_mut`, borrow the store exclusively, so none of them runs during 'a.
        Ok(value.map(|value| unsafe { &*host_value::value(value) }))
    }

    /// The host value, for changes.
    ///
    /// # Errors
    ///
    /// The errors of [`ExternRef::data`].
    ///
    /// ```
    /// use gcroots::{Engine, ExternRef, Store};
    ///
    /// let mut store = Store::new(&Engine::default(), ())?;
    /// let externref = ExternRef::new(&mut store, 1u8)?;
    /// *externref.data_mut(&mut store)?.unwrap().downcast_mut::<u8>().unwrap() += 1;
    /// assert_eq!(externref.data(&store)?.unwrap().downcast_ref(), Some(&2u8));
    /// # anyhow::Ok(())
    /// ```
    #[inline]
    pub fn data_mut<'a, T: 'a>(
        &self,
        store: impl Into<StoreContextMut<'a, T>>,
    ) -> Result<Option<&'a mut (dyn Any + Send + Sync)>> {
        let value = value(&store.into().0.owned, self.handle)?;
        // SAFETY: as in `data`; the store is borrowed exclusively during 'a.
        Ok(value.map(|value| unsafe { &mut *host_value::value(value) }))
    }

    /// Adds `difference` to the object's external bytes: the size of the memory outside the
    /// heap that it keeps alive. A new object has none. More external bytes make the next
    /// collection come earlier. Never collects, unless
    /// [`Config::external_limit`](crate::Config::external_limit) sets a limit: then it may
    /// collect, and drop the values of dead objects.
    ///
    /// # Errors
    ///
    /// * [`Error::ExternalLimit`] if there is a limit and the sum does not fit below it;
    /// * [`Error::NoGc`] if that would need a collection inside a no-GC span;
    /// * [`Error::FewExternalBytes`] if the object has fewer bytes than `difference` takes
    ///   away;
    /// * [`Error::Limit`] if the sum would be greater than `usize::MAX`;
    /// * [`Error::WrongStore`] and [`Error::Unrooted`];
    /// * [`Error::TypeMismatch`] for a converted internal reference;
    /// * [`Error::NullReference`] for a null handle that came from C.
    ///
    /// ```
    /// use gcroots::{Engine, Error, ExternRef, Store};
    ///
    /// let mut store = Store::new(&Engine::default(), ())?;
    /// let buffer = ExternRef::new(&mut store, vec![0u8; 1 << 20])?;
    /// buffer.adjust_external_bytes(&mut store, 1 << 20)?;
    /// assert_eq!(store.stats().external_bytes, 1 << 20);
    ///
    /// let refused = buffer.adjust_external_bytes(&mut store, -(2 << 20));
    /// let error = refused.unwrap_err().downcast::<Error>()?;
    /// assert!(matches!(error, Error::FewExternalBytes { bytes: 0x10_0000, .. }));
    /// # anyhow::Ok(())
    /// ```
    pub fn adjust_external_bytes(
        &self,
        mut store: impl AsContextMut,
        difference: i64,
    ) -> Result<()> {
        let store = store.as_context_mut().0;
        let adjust = |core: &Core| core.externref_adjust_external_bytes(self.handle, difference);
        Ok(store.owned.change_external_bytes(adjust)?)
    }

    /// The raw bits of the reference, for code that reads the heap itself (see
    /// `docs/engines.md`). The bits are not a root, and are valid until the next
    /// collection.
    ///
    /// # Errors
    ///
    /// [`Error::WrongStore`] and [`Error::Unrooted`].
    ///
    /// ```
    /// use gcroots::{Engine, ExternRef, Rooted, Store};
    ///
    /// let mut store = Store::new(&Engine::default(), ())?;
    /// let text = ExternRef::new(&mut store, "text")?;
    /// let raw = text.to_raw(&store)?;
    ///
    /// let again = ExternRef::from_raw(&mut store, raw)?.unwrap();
    /// assert!(Rooted::ref_eq(&store, &again, &text)?);
    /// assert!(ExternRef::from_raw(&mut store, raw + 2).is_err()); // inside the object
    /// # anyhow::Ok(())
    /// ```
    pub fn to_raw(&self, store: impl AsContext) -> Result<u32> {
        raw::to_raw(store, self.handle)
    }

    /// Roots the reference with the bits `raw` in the current scope. Returns `None` for
    /// null. `raw` may be any 32 bits. Never collects.
    ///
    /// # Errors
    ///
    /// * [`Error::InvalidArgument`] if the bits do not refer to an object;
    /// * [`Error::TypeMismatch`] if the reference is not external;
    /// * [`Error::Limit`] and [`Error::SystemMemory`] if there is no room for a root.
    pub fn from_raw(store: impl AsContextMut, raw: u32) -> Result<Option<Rooted<ExternRef>>> {
        raw::from_raw(store, raw, AbstractType::Extern)
    }
}

/// A value that a new object may take out of the cell.
type Offered<T> = Cell<Option<Box<HostValue<T>>>>;

/// Allocates a host value.
///
/// Errors: [`GcHeapOutOfMemory<T>`](GcHeapOutOfMemory).
#[inline]
fn boxed<T: Any + Send + Sync>(value: T) -> Result<Box<HostValue<T>>> {
    HostValue::new(value).map_err(|(value, cause)| GcHeapOutOfMemory::new(value, cause).into())
}

/// The error to return after no object was made. If there was no room, the error contains
/// the value.
fn refused<T: Any + Send + Sync>(error: Error, value: Offered<T>) -> anyhow::Error {
    match value.into_inner() {
        Some(value) if is_about_room(error) => {
            GcHeapOutOfMemory::new(value.into_value(), error).into()
        }
        _ => error.into(),
    }
}

/// The fast form of [`make`], of a leaked box. Unless it succeeds, the box is the caller's.
#[inline(always)]
fn make_fast<T: Any + Send + Sync>(core: &Core, value: *mut HostValue<T>) -> Option<Handle> {
    core.externref_new_value_fast(value.cast(), host_value::drop_value::<T>)
}

/// The value of an externref. `None` if it was made through C.
#[inline(always)]
fn value(owned: &OwnedStore, handle: Handle) -> Result<Option<*mut c_void>> {
    owned.call_fast(
        move |core| core.externref_value_fast(handle).map(Some),
        move |core| core.externref_value(handle),
    )
}

/// Makes an object that takes `value`. If there is no room, or the attempt is to be
/// repeated, `value` stays in its cell.
///
/// Any other error is a bug, after which the object may exist. The value is then leaked.
fn make<T: Any + Send + Sync>(core: &Core, value: &Offered<T>) -> Attempt<Handle> {
    let Some(taken) = value.take() else {
        return Err(Error::internal("a value that is taken already", 0).into());
    };
    let taken = Box::into_raw(taken);
    if let Some(handle) = make_fast(core, taken) {
        return Ok(handle);
    }
    let made = core.externref_new(ExternRefOptions {
        data: taken.cast(),
        finalizer: Some(host_value::drop_value::<T>),
        tag: value_tag(),
        external_bytes: 0,
        store_finalizer: None,
    });
    let is_unmade = match made {
        Ok(_) => false,
        Err(Stop::Ask(_)) => true,
        Err(Stop::Refused(error)) => is_about_room(error),
    };
    if is_unmade {
        // SAFETY: the box was leaked above, and the core did not take it.
        value.set(Some(unsafe { Box::from_raw(taken) }));
    }
    made
}

impl fmt::Debug for ExternRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ExternRef").field(&self.handle).finish()
    }
}
