//! Internal references.

use core::fmt;

use anyhow::Result;

use super::{
    ArrayRef, AsContext, AsContextMut, EqRef, ExternRef, HeapType, I31, Rooted, StructRef, casts,
    raw, val,
};
use crate::roots::Handle;
use crate::store::RefKind;
use crate::types::AbstractType;

/// An internal reference: to a struct or an array, an [`I31`], or an external reference
/// that was converted.
///
/// It is reached through a [`Rooted`] or a [`ManuallyRooted`](crate::ManuallyRooted)
/// only. Functions answer [`Error::WrongStore`](crate::Error::WrongStore) and
/// [`Error::Unrooted`](crate::Error::Unrooted) for it.
///
/// A cast gives the same root, for a reference of another type: the result lives as long
/// as what it was made from.
///
/// ```
/// use gcroots::{AnyRef, Engine, HeapType, I31, Rooted, Store, StructRef, StructType};
///
/// let engine = Engine::default();
/// let mut store = Store::new(&engine, ())?;
/// let empty = StructType::new(&engine, [])?;
/// let empty = StructRef::new_default(&mut store, &empty)?;
/// let five = AnyRef::from_i31(&mut store, I31::wrapping_u32(5))?;
///
/// let any: Rooted<AnyRef> = empty.into();
/// assert!(any.is_struct(&store)? && !any.is_i31(&store)?);
/// assert!(any.as_array(&store)?.is_none());
/// assert_eq!(five.as_i31(&store)?, I31::new_u32(5));
/// assert!(five.matches_ty(&store, &HeapType::Eq)?);
/// # anyhow::Ok(())
/// ```
#[repr(transparent)]
pub struct AnyRef {
    handle: Handle,
}

impl AnyRef {
    /// A reference that is an integer, rooted in the current scope. Never collects.
    ///
    /// # Errors
    ///
    /// [`Error::Limit`](crate::Error::Limit) and
    /// [`Error::SystemMemory`](crate::Error::SystemMemory) when there is no room for a
    /// root.
    pub fn from_i31(mut store: impl AsContextMut, value: I31) -> Result<Rooted<AnyRef>> {
        let store = store.as_context_mut().0;
        let made = store.owned.call(|core| core.i31_new(value.get_u32()))?;
        Ok(Rooted::new(made))
    }

    /// An external reference as an internal one: a new root of the current scope. What
    /// was internal is so again; another is one of [`HeapType::Any`] and of nothing
    /// below. The opposite of [`ExternRef::convert_any`]. Never collects.
    ///
    /// # Errors
    ///
    /// [`Error::WrongStore`](crate::Error::WrongStore),
    /// [`Error::Unrooted`](crate::Error::Unrooted);
    /// [`Error::Limit`](crate::Error::Limit) and
    /// [`Error::SystemMemory`](crate::Error::SystemMemory) when there is no room.
    ///
    /// ```
    /// use gcroots::{AnyRef, Engine, ExternRef, HeapType, Store};
    ///
    /// let mut store = Store::new(&Engine::default(), ())?;
    /// let text = ExternRef::new(&mut store, "text")?;
    /// let any = AnyRef::convert_extern(&mut store, &text)?;
    /// assert_eq!(any.ty(&store)?, HeapType::Any);
    ///
    /// let again = ExternRef::convert_any(&mut store, &any)?;
    /// assert_eq!(again.data(&store)?.unwrap().downcast_ref(), Some(&"text"));
    /// # anyhow::Ok(())
    /// ```
    pub fn convert_extern(
        mut store: impl AsContextMut,
        externref: &ExternRef,
    ) -> Result<Rooted<AnyRef>> {
        let store = store.as_context_mut().0;
        let converted = store.owned.call(|core| core.convert(externref.handle()))?;
        Ok(val::never_null(converted)?)
    }

    /// The narrowest type that it is of.
    ///
    /// # Errors
    ///
    /// Those for the reference; for a handle that came from C also
    /// [`Error::NullReference`](crate::Error::NullReference) and
    /// [`Error::TypeMismatch`](crate::Error::TypeMismatch).
    ///
    /// ```
    /// use gcroots::{AnyRef, Engine, HeapType, I31, Store};
    ///
    /// let mut store = Store::new(&Engine::default(), ())?;
    /// let five = AnyRef::from_i31(&mut store, I31::wrapping_u32(5))?;
    /// assert_eq!(five.ty(&store)?, HeapType::I31);
    /// # anyhow::Ok(())
    /// ```
    pub fn ty(&self, store: impl AsContext) -> Result<HeapType> {
        casts::ty(store, self.handle)
    }

    /// Whether it is one of `ty`. In constant time, without a lock.
    ///
    /// # Errors
    ///
    /// Those for the reference; [`Error::WrongEngine`](crate::Error::WrongEngine).
    pub fn matches_ty(&self, store: impl AsContext, ty: &HeapType) -> Result<bool> {
        casts::matches(store, self.handle, ty.to_core())
    }

    /// Whether it can be compared: whether it is a struct, an array or an `i31`.
    ///
    /// # Errors
    ///
    /// Those for the reference, as for all that follow.
    pub fn is_eqref(&self, store: impl AsContext) -> Result<bool> {
        casts::matches(store, self.handle, HeapType::Eq.to_core())
    }

    /// The same root, if it can be compared.
    ///
    /// ```
    /// use gcroots::{AnyRef, Engine, ExternRef, I31, Store};
    ///
    /// let mut store = Store::new(&Engine::default(), ())?;
    /// let five = AnyRef::from_i31(&mut store, I31::wrapping_u32(5))?;
    /// assert!(five.as_eqref(&store)?.is_some());
    ///
    /// let host = ExternRef::new(&mut store, "text")?;
    /// let host = AnyRef::convert_extern(&mut store, &host)?;
    /// assert!(host.as_eqref(&store)?.is_none());
    /// # anyhow::Ok(())
    /// ```
    pub fn as_eqref(&self, store: impl AsContext) -> Result<Option<Rooted<EqRef>>> {
        let is = self.is_eqref(store)?;
        Ok(is.then(|| Rooted::new(self.handle)))
    }

    /// The same root, of a reference that can be compared.
    ///
    /// # Panics
    ///
    /// If it cannot be.
    #[track_caller]
    pub fn unwrap_eqref(&self, store: impl AsContext) -> Result<Rooted<EqRef>> {
        let cast = self.as_eqref(store)?;
        Ok(cast.expect("not an eqref"))
    }

    /// Whether it is a struct.
    pub fn is_struct(&self, store: impl AsContext) -> Result<bool> {
        Ok(casts::kind(store, self.handle)? == RefKind::Struct)
    }

    /// The same root, if it is a struct.
    pub fn as_struct(&self, store: impl AsContext) -> Result<Option<Rooted<StructRef>>> {
        casts::cast(store, self.handle, RefKind::Struct)
    }

    /// The same root, of a struct.
    ///
    /// # Panics
    ///
    /// If it is something else.
    #[track_caller]
    pub fn unwrap_struct(&self, store: impl AsContext) -> Result<Rooted<StructRef>> {
        let cast = self.as_struct(store)?;
        Ok(cast.expect("not a struct"))
    }

    /// Whether it is an array.
    pub fn is_array(&self, store: impl AsContext) -> Result<bool> {
        Ok(casts::kind(store, self.handle)? == RefKind::Array)
    }

    /// The same root, if it is an array.
    pub fn as_array(&self, store: impl AsContext) -> Result<Option<Rooted<ArrayRef>>> {
        casts::cast(store, self.handle, RefKind::Array)
    }

    /// The same root, of an array.
    ///
    /// # Panics
    ///
    /// If it is something else.
    #[track_caller]
    pub fn unwrap_array(&self, store: impl AsContext) -> Result<Rooted<ArrayRef>> {
        let cast = self.as_array(store)?;
        Ok(cast.expect("not an array"))
    }

    /// Whether it is an integer.
    pub fn is_i31(&self, store: impl AsContext) -> Result<bool> {
        Ok(casts::kind(store, self.handle)? == RefKind::I31)
    }

    /// The integer, if it is one.
    pub fn as_i31(&self, store: impl AsContext) -> Result<Option<I31>> {
        casts::i31(store, self.handle)
    }

    /// The integer.
    ///
    /// # Panics
    ///
    /// If it is something else.
    #[track_caller]
    pub fn unwrap_i31(&self, store: impl AsContext) -> Result<I31> {
        let value = self.as_i31(store)?;
        Ok(value.expect("not an i31"))
    }

    pub(super) fn handle(&self) -> Handle {
        self.handle
    }

    /// The reference's bits, for code that reads the heap itself: `docs/engines.md`. They
    /// are no root, and valid until the next collection.
    ///
    /// # Errors
    ///
    /// [`Error::WrongStore`](crate::Error::WrongStore),
    /// [`Error::Unrooted`](crate::Error::Unrooted).
    ///
    /// ```
    /// use gcroots::{AnyRef, Engine, I31, Store};
    ///
    /// let mut store = Store::new(&Engine::default(), ())?;
    /// let five = AnyRef::from_i31(&mut store, I31::wrapping_u32(5))?;
    /// let raw = five.to_raw(&store)?;
    /// assert_eq!(raw, 5 << 1 | 1);
    ///
    /// let again = AnyRef::from_raw(&mut store, raw)?.unwrap();
    /// assert_eq!(again.unwrap_i31(&store)?.get_u32(), 5);
    /// assert!(AnyRef::from_raw(&mut store, 0)?.is_none());
    /// # anyhow::Ok(())
    /// ```
    pub fn to_raw(&self, store: impl AsContext) -> Result<u32> {
        raw::to_raw(store, self.handle)
    }

    /// A new root of the current scope for what raw bits refer to; `None` for null. Any
    /// bits may be passed: what is no reference to an internal object is refused. Never
    /// collects.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for bits of no object,
    /// [`Error::TypeMismatch`](crate::Error::TypeMismatch) for those of another;
    /// [`Error::Limit`](crate::Error::Limit) and
    /// [`Error::SystemMemory`](crate::Error::SystemMemory) when there is no room.
    pub fn from_raw(store: impl AsContextMut, raw: u32) -> Result<Option<Rooted<AnyRef>>> {
        raw::from_raw(store, raw, AbstractType::Any)
    }
}

impl fmt::Debug for AnyRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AnyRef").field(&self.handle).finish()
    }
}
