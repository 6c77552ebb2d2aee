//! The dynamic type of a reference, for all reference types.

use anyhow::Result;

use super::{ArrayType, AsContext, GcRef, HeapType, I31, Rooted, StructType};
use crate::error::Error;
use crate::roots::Handle;
use crate::store::RefKind;
use crate::types::{self, AbstractType, RefType, RegisteredType, Type};

/// The kind of the object that `handle` refers to.
///
/// Errors: [`Error::WrongStore`], [`Error::Unrooted`]. All functions of this file can
/// return these two.
#[inline]
pub(super) fn kind(store: impl AsContext, handle: Handle) -> Result<RefKind> {
    let store = store.as_context().0;
    store.owned.call_fast(
        move |core| core.ref_kind_fast(handle),
        move |core| core.ref_kind(handle),
    )
}

/// Whether the object that `handle` refers to has a type.
///
/// Errors: also [`Error::WrongEngine`].
#[inline]
pub(super) fn matches(
    store: impl AsContext,
    handle: Handle,
    of: RefType<&RegisteredType>,
) -> Result<bool> {
    let store = store.as_context().0;
    store.owned.call_fast(
        |core| core.ref_test_fast(handle, of),
        |core| core.ref_test(handle, of),
    )
}

/// Whether the internal reference `handle` has a type. A type of another hierarchy may
/// admit the object (TYPES-12), but is not the reference's.
///
/// Errors: as [`matches()`].
pub(super) fn matches_internal(
    store: impl AsContext,
    handle: Handle,
    of: &HeapType,
) -> Result<bool> {
    Ok(matches(store, handle, of.to_core())? && of.top() == AbstractType::Any)
}

/// The type of non-null references to objects of a registered type.
pub(super) fn to_registered(of: &Type) -> RefType<&RegisteredType> {
    RefType {
        nullable: false,
        heap: types::HeapType::Concrete(of),
    }
}

/// The same root, if its object is of the kind `to`.
#[inline]
pub(super) fn cast<T: GcRef>(
    store: impl AsContext,
    handle: Handle,
    to: RefKind,
) -> Result<Option<Rooted<T>>> {
    let is = kind(store, handle)? == to;
    Ok(is.then(|| Rooted::new(handle)))
}

/// The integer, if the reference is an `i31`.
#[inline]
pub(super) fn i31(store: impl AsContext, handle: Handle) -> Result<Option<I31>> {
    let store = store.as_context().0;
    let bits: Result<Option<u32>> = store.owned.call_fast(
        move |core| match core.ref_kind_fast(handle)? {
            RefKind::I31 => core.i31_get_fast(handle).map(Some),
            _ => Some(None),
        },
        move |core| match core.ref_kind(handle)? {
            RefKind::I31 => core.i31_get(handle).map(Some),
            _ => Ok(None),
        },
    );
    Ok(bits?.map(I31::wrapping_u32))
}

/// The most specific type of an internal reference.
///
/// Errors: also [`Error::NullReference`] and [`Error::TypeMismatch`] for a handle that
/// came from C.
pub(super) fn ty(store: impl AsContext, handle: Handle) -> Result<HeapType> {
    let store = store.as_context().0;
    Ok(store.owned.call(|core| {
        Ok(match core.ref_kind(handle)? {
            RefKind::Struct => HeapType::ConcreteStruct(StructType::of(core.ref_type(handle)?)),
            RefKind::Array => HeapType::ConcreteArray(ArrayType::of(core.ref_type(handle)?)),
            RefKind::I31 => HeapType::I31,
            RefKind::Extern => HeapType::Any,
            RefKind::Null => return Err(Error::NullReference { parameter: "ref" }),
            RefKind::Exn => return Err(not_internal("an exception")),
            RefKind::Func => return Err(not_internal("a function")),
        })
    })?)
}

fn not_internal(found: &'static str) -> Error {
    Error::TypeMismatch {
        needed: "an internal reference",
        found,
    }
}
