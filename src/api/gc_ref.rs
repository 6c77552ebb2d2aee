//! The traits of reference types and of roots, and what both kinds of roots share.

use core::hash::Hasher;

use anyhow::Result;

use super::{
    AnyRef, ArrayRef, AsContext, EqRef, ExnRef, ExternRef, Func, HeapType, ManuallyRooted, Rooted,
    StructRef,
};
use crate::roots::Handle;

/// The sealed parts of the traits. Only this crate implements and calls them.
pub(super) mod sealed {
    use crate::api::HeapType;
    use crate::roots::Handle;

    /// A reference type, which has the layout of a handle.
    ///
    /// # Safety
    ///
    /// The type must be a `#[repr(transparent)]` struct around a [`Handle`].
    pub unsafe trait GcRefImpl: Sized + 'static {
        /// The heap type of references of this type.
        fn heap_type() -> HeapType;
    }

    /// A root of either kind.
    pub trait RootedGcRefImpl {
        fn handle(&self) -> Handle;
    }
}

use sealed::{GcRefImpl, RootedGcRefImpl};

/// A type of references to objects in the heap: [`AnyRef`], [`EqRef`], [`StructRef`],
/// [`ArrayRef`], [`ExternRef`], [`ExnRef`] or [`Func`]. Sealed.
///
/// ```
/// use gcroots::{AsContextMut, GcRef, ManuallyRooted, Rooted};
///
/// fn keep<T: GcRef>(store: impl AsContextMut, root: Rooted<T>) -> ManuallyRooted<T> {
///     root.to_manually_rooted(store).unwrap()
/// }
/// ```
pub trait GcRef: GcRefImpl {}

/// Either kind of root for a `T`: [`Rooted`] or [`ManuallyRooted`]. Sealed.
///
/// ```
/// use gcroots::{AsContext, ExternRef, Rooted, RootedGcRef};
///
/// fn same(
///     store: impl AsContext,
///     a: &impl RootedGcRef<ExternRef>,
///     b: &impl RootedGcRef<ExternRef>,
/// ) -> bool {
///     Rooted::ref_eq(store, a, b).unwrap()
/// }
/// ```
pub trait RootedGcRef<T: GcRef>: RootedGcRefImpl {}

impl GcRef for AnyRef {}
impl GcRef for EqRef {}
impl GcRef for StructRef {}
impl GcRef for ArrayRef {}
impl GcRef for ExternRef {}
impl GcRef for ExnRef {}
impl GcRef for Func {}

// SAFETY: the type is `repr(transparent)` around a handle.
unsafe impl GcRefImpl for AnyRef {
    fn heap_type() -> HeapType {
        HeapType::Any
    }
}
// SAFETY: the type is `repr(transparent)` around a handle.
unsafe impl GcRefImpl for EqRef {
    fn heap_type() -> HeapType {
        HeapType::Eq
    }
}
// SAFETY: the type is `repr(transparent)` around a handle.
unsafe impl GcRefImpl for StructRef {
    fn heap_type() -> HeapType {
        HeapType::Struct
    }
}
// SAFETY: the type is `repr(transparent)` around a handle.
unsafe impl GcRefImpl for ArrayRef {
    fn heap_type() -> HeapType {
        HeapType::Array
    }
}
// SAFETY: the type is `repr(transparent)` around a handle.
unsafe impl GcRefImpl for ExternRef {
    fn heap_type() -> HeapType {
        HeapType::Extern
    }
}
// SAFETY: the type is `repr(transparent)` around a handle.
unsafe impl GcRefImpl for ExnRef {
    fn heap_type() -> HeapType {
        HeapType::Exn
    }
}
// SAFETY: the type is `repr(transparent)` around a handle.
unsafe impl GcRefImpl for Func {
    fn heap_type() -> HeapType {
        HeapType::Func
    }
}

/// The reference of a root.
#[inline]
pub(super) fn from_handle<T: GcRef>(handle: &Handle) -> &T {
    // SAFETY: `T` has the layout of a handle, and any bits are a valid handle.
    unsafe { &*core::ptr::from_ref(handle).cast() }
}

/// The same root with another reference type, which its object is known to have.
#[inline]
pub(super) fn retyped<T: GcRef, U: GcRef>(root: Rooted<T>) -> Rooted<U> {
    Rooted::new(root.handle())
}

/// Same as [`retyped`], for a manual root.
#[inline]
pub(super) fn retyped_manual<T: GcRef, U: GcRef>(root: ManuallyRooted<T>) -> ManuallyRooted<U> {
    ManuallyRooted::new(root.into_handle())
}

impl<T: GcRef> RootedGcRef<T> for Rooted<T> {}

impl<T: GcRef> RootedGcRef<T> for ManuallyRooted<T> {}

/// Whether two handles have the same bits.
#[inline]
pub(super) fn rooted_eq(a: &impl RootedGcRefImpl, b: &impl RootedGcRefImpl) -> bool {
    a.handle() == b.handle()
}

/// Hashes a handle's bits.
pub(super) fn rooted_hash(root: &impl RootedGcRefImpl, state: &mut impl Hasher) {
    let Handle { store_id, slot } = root.handle();
    state.write_u64(store_id);
    state.write_u64(slot);
}

/// Whether two roots are for the same object.
#[inline]
pub(super) fn ref_eq(
    store: impl AsContext,
    a: &impl RootedGcRefImpl,
    b: &impl RootedGcRefImpl,
) -> Result<bool> {
    let (store, a, b) = (store.as_context().0, a.handle(), b.handle());
    store.owned.call_fast(
        move |core| core.ref_eq_fast(a, b),
        move |core| core.ref_eq(a, b),
    )
}

/// Hashes the identity of a root's object.
pub(super) fn ref_hash(
    store: impl AsContext,
    root: &impl RootedGcRefImpl,
    state: &mut impl Hasher,
) -> Result<()> {
    let store = store.as_context().0;
    state.write_u64(store.owned.call(|core| core.ref_hash(root.handle()))?);
    Ok(())
}
