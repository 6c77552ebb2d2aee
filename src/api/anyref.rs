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

/// An internal reference: a reference to a struct or an array, an [`I31`], or a converted
/// external reference.
///
/// It is only accessible through a [`Rooted`] or a
/// [`ManuallyRooted`](crate::ManuallyRooted). Every method can return the errors for the
/// reference: [`Error::WrongStore`](crate::Error::WrongStore) and
/// [`Error::Unrooted`](crate::Error::Unrooted).
///
/// A cast makes no new root. It returns the same root with another reference type, so the
/// result lives as long as the original.
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
    /// Makes an `i31` reference, rooted in the current scope. Never collects.
    ///
    /// # Errors
    ///
    /// [`Error::Limit`](crate::Error::Limit) and
    /// [`Error::SystemMemory`](crate::Error::SystemMemory) if there is no room for a
    /// root.
    pub fn from_i31(mut store: impl AsContextMut, value: I31) -> Result<Rooted<AnyRef>> {
        let store = store.as_context_mut().0;
        let made = store.owned.call(|core| core.i31_new(value.get_u32()))?;
        Ok(Rooted::new(made))
    }

    /// Converts an external reference to an internal one, as a new root in the current
    /// scope. This is the inverse of [`ExternRef::convert_any`]. Never collects.
    ///
    /// A reference that was internal before [`ExternRef::convert_any`] gets its original
    /// type back. Any other reference matches [`HeapType::Any`], but none of its subtypes.
    ///
    /// # Errors
    ///
    /// * [`Error::WrongStore`](crate::Error::WrongStore) and
    ///   [`Error::Unrooted`](crate::Error::Unrooted) for `externref`;
    /// * [`Error::Limit`](crate::Error::Limit) and
    ///   [`Error::SystemMemory`](crate::Error::SystemMemory) if there is no room for a
    ///   root.
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

    /// The most specific type of the reference.
    ///
    /// # Errors
    ///
    /// The errors for the reference. A handle that came from C can also cause
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

    /// Whether the reference has the type `ty`: whether [`AnyRef::ty`] matches it. No internal
    /// reference has a type of another hierarchy, such as [`HeapType::Extern`]. Cost:
    /// constant, without a lock.
    ///
    /// # Errors
    ///
    /// The errors for the reference, and [`Error::WrongEngine`](crate::Error::WrongEngine)
    /// if `ty` is a type of another engine.
    pub fn matches_ty(&self, store: impl AsContext, ty: &HeapType) -> Result<bool> {
        casts::matches_internal(store, self.handle, ty)
    }

    /// Whether the reference is comparable: a struct, an array or an `i31`.
    ///
    /// # Errors
    ///
    /// The errors for the reference. The methods below return the same errors.
    #[inline]
    pub fn is_eqref(&self, store: impl AsContext) -> Result<bool> {
        casts::matches(store, self.handle, HeapType::Eq.to_core())
    }

    /// The same root as an [`EqRef`], or `None` if the reference is not comparable.
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
    #[inline]
    pub fn as_eqref(&self, store: impl AsContext) -> Result<Option<Rooted<EqRef>>> {
        let is = self.is_eqref(store)?;
        Ok(is.then(|| Rooted::new(self.handle)))
    }

    /// The same root as an [`EqRef`].
    ///
    /// # Panics
    ///
    /// Panics if the reference is not comparable.
    #[inline]
    #[track_caller]
    pub fn unwrap_eqref(&self, store: impl AsContext) -> Result<Rooted<EqRef>> {
        let cast = self.as_eqref(store)?;
        Ok(cast.expect("not an eqref"))
    }

    /// Whether the reference is a struct.
    #[inline]
    pub fn is_struct(&self, store: impl AsContext) -> Result<bool> {
        Ok(casts::kind(store, self.handle)? == RefKind::Struct)
    }

    /// The same root as a [`StructRef`], or `None` if the reference is not a struct.
    #[inline]
    pub fn as_struct(&self, store: impl AsContext) -> Result<Option<Rooted<StructRef>>> {
        casts::cast(store, self.handle, RefKind::Struct)
    }

    /// The same root as a [`StructRef`].
    ///
    /// # Panics
    ///
    /// Panics if the reference is not a struct.
    #[inline]
    #[track_caller]
    pub fn unwrap_struct(&self, store: impl AsContext) -> Result<Rooted<StructRef>> {
        let cast = self.as_struct(store)?;
        Ok(cast.expect("not a struct"))
    }

    /// Whether the reference is an array.
    #[inline]
    pub fn is_array(&self, store: impl AsContext) -> Result<bool> {
        Ok(casts::kind(store, self.handle)? == RefKind::Array)
    }

    /// The same root as an [`ArrayRef`], or `None` if the reference is not an array.
    #[inline]
    pub fn as_array(&self, store: impl AsContext) -> Result<Option<Rooted<ArrayRef>>> {
        casts::cast(store, self.handle, RefKind::Array)
    }

    /// The same root as an [`ArrayRef`].
    ///
    /// # Panics
    ///
    /// Panics if the reference is not an array.
    #[inline]
    #[track_caller]
    pub fn unwrap_array(&self, store: impl AsContext) -> Result<Rooted<ArrayRef>> {
        let cast = self.as_array(store)?;
        Ok(cast.expect("not an array"))
    }

    /// Whether the reference is an `i31`.
    #[inline]
    pub fn is_i31(&self, store: impl AsContext) -> Result<bool> {
        Ok(casts::kind(store, self.handle)? == RefKind::I31)
    }

    /// The integer, or `None` if the reference is not an `i31`.
    #[inline]
    pub fn as_i31(&self, store: impl AsContext) -> Result<Option<I31>> {
        casts::i31(store, self.handle)
    }

    /// The integer.
    ///
    /// # Panics
    ///
    /// Panics if the reference is not an `i31`.
    #[inline]
    #[track_caller]
    pub fn unwrap_i31(&self, store: impl AsContext) -> Result<I31> {
        let value = self.as_i31(store)?;
        Ok(value.expect("not an i31"))
    }

    #[inline]
    pub(super) fn handle(&self) -> Handle {
        self.handle
    }

    /// The raw bits of the reference, for code that reads the heap itself (see
    /// `docs/engines.md`). The bits are not a root, and are valid until the next
    /// collection.
    ///
    /// # Errors
    ///
    /// The errors for the reference.
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

    /// Roots the reference with the bits `raw` in the current scope. Returns `None` for
    /// null. `raw` may be any 32 bits. Never collects.
    ///
    /// # Errors
    ///
    /// * [`Error::InvalidArgument`](crate::Error::InvalidArgument) if the bits do not refer
    ///   to an object;
    /// * [`Error::TypeMismatch`](crate::Error::TypeMismatch) if the reference is not
    ///   internal;
    /// * [`Error::Limit`](crate::Error::Limit) and
    ///   [`Error::SystemMemory`](crate::Error::SystemMemory) if there is no room for a
    ///   root.
    pub fn from_raw(store: impl AsContextMut, raw: u32) -> Result<Option<Rooted<AnyRef>>> {
        raw::from_raw(store, raw, AbstractType::Any)
    }
}

impl fmt::Debug for AnyRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AnyRef").field(&self.handle).finish()
    }
}
