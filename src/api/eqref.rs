//! Comparable internal references.

use core::fmt;

use anyhow::Result;

use super::{
    AnyRef, ArrayRef, AsContext, AsContextMut, HeapType, I31, ManuallyRooted, Rooted, StructRef,
    casts, gc_ref,
};
use crate::roots::Handle;
use crate::store::RefKind;

/// An internal reference that [`Rooted::ref_eq`] can compare: a reference to a struct or an
/// array, or an [`I31`].
///
/// It is only accessible through a [`Rooted`] or a [`ManuallyRooted`]. Every method can
/// return the errors for the reference: [`Error::WrongStore`](crate::Error::WrongStore) and
/// [`Error::Unrooted`](crate::Error::Unrooted). A cast returns the same root, like a cast of
/// an [`AnyRef`].
///
/// ```
/// use gcroots::{Engine, EqRef, I31, Rooted, Store};
///
/// let mut store = Store::new(&Engine::default(), ())?;
/// let a = EqRef::from_i31(&mut store, I31::wrapping_u32(5))?;
/// let b = EqRef::from_i31(&mut store, I31::wrapping_u32(5))?;
/// assert!(Rooted::ref_eq(&store, &a, &b)?);
/// assert_eq!(a.unwrap_i31(&store)?.get_i32(), 5);
/// assert!(a.as_struct(&store)?.is_none() && !a.is_array(&store)?);
/// # anyhow::Ok(())
/// ```
#[repr(transparent)]
pub struct EqRef {
    handle: Handle,
}

impl EqRef {
    /// Makes an `i31` reference, rooted in the current scope. Never collects.
    ///
    /// # Errors
    ///
    /// The errors of [`AnyRef::from_i31`].
    pub fn from_i31(store: impl AsContextMut, value: I31) -> Result<Rooted<EqRef>> {
        AnyRef::from_i31(store, value).map(gc_ref::retyped)
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
    /// use gcroots::{EqRef, Engine, HeapType, I31, Store};
    ///
    /// let mut store = Store::new(&Engine::default(), ())?;
    /// let five = EqRef::from_i31(&mut store, I31::wrapping_u32(5))?;
    /// assert_eq!(five.ty(&store)?, HeapType::I31);
    /// # anyhow::Ok(())
    /// ```
    pub fn ty(&self, store: impl AsContext) -> Result<HeapType> {
        casts::ty(store, self.handle)
    }

    /// Whether the reference has the type `ty`: whether [`EqRef::ty`] matches it. No internal
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

    /// Whether the reference is a struct.
    ///
    /// # Errors
    ///
    /// The errors for the reference. The methods below return the same errors.
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
}

impl Rooted<EqRef> {
    /// The same root as an [`AnyRef`].
    #[inline]
    pub fn to_anyref(self) -> Rooted<AnyRef> {
        gc_ref::retyped(self)
    }
}

impl ManuallyRooted<EqRef> {
    /// The same root as an [`AnyRef`].
    #[inline]
    pub fn to_anyref(self) -> ManuallyRooted<AnyRef> {
        gc_ref::retyped_manual(self)
    }
}

impl From<Rooted<EqRef>> for Rooted<AnyRef> {
    #[inline]
    fn from(root: Rooted<EqRef>) -> Rooted<AnyRef> {
        root.to_anyref()
    }
}

impl From<ManuallyRooted<EqRef>> for ManuallyRooted<AnyRef> {
    #[inline]
    fn from(root: ManuallyRooted<EqRef>) -> ManuallyRooted<AnyRef> {
        root.to_anyref()
    }
}

impl fmt::Debug for EqRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("EqRef").field(&self.handle).finish()
    }
}
