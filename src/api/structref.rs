//! References to structs.

use core::fmt;
use std::vec;

use anyhow::Result;

use super::{
    AnyRef, AsContext, AsContextMut, EqRef, ManuallyRooted, Rooted, StructType, Val, casts, gc_ref,
    val,
};
use crate::error;
use crate::heap::{FastPath, Kind};
use crate::roots::Handle;
use crate::store::Store as Core;

/// A reference to a struct.
///
/// It is only accessible through a [`Rooted`] or a [`ManuallyRooted`]. The store keeps the
/// type of each object that it made.
///
/// Every method can return the errors for the struct:
/// [`Error::WrongStore`](crate::Error::WrongStore) and
/// [`Error::Unrooted`](crate::Error::Unrooted). A handle that came from C can also cause
/// [`Error::NullReference`](crate::Error::NullReference) and
/// [`Error::TypeMismatch`](crate::Error::TypeMismatch).
///
/// ```
/// use gcroots::{Engine, FieldType, Mutability, RefType, Store, StructRef, StructType};
/// use gcroots::{Val, ValType};
///
/// let engine = Engine::default();
/// let list = StructType::new(&engine, [
///     FieldType::new(Mutability::Const, ValType::I32),
///     FieldType::new(Mutability::Var, RefType::ANYREF),
/// ])?;
/// let mut store = Store::new(&engine, ())?;
/// let two = StructRef::new(&mut store, &list, &[Val::I32(2), Val::AnyRef(None)])?;
/// let one = StructRef::new(&mut store, &list, &[Val::I32(1), two.into()])?;
///
/// store.gc()?; // may move them
/// let rest = one.field(&mut store, 1)?.unwrap_anyref().unwrap();
/// let rest = rest.unwrap_struct(&store)?;
/// assert_eq!(rest.field(&mut store, 0)?.unwrap_i32(), 2);
/// # anyhow::Ok(())
/// ```
#[repr(transparent)]
pub struct StructRef {
    handle: Handle,
}

impl StructRef {
    /// Makes a struct with one value for each field, rooted in the current scope. May
    /// collect.
    ///
    /// # Errors
    ///
    /// * [`Error::WrongEngine`](crate::Error::WrongEngine) if `ty` is a type of another
    ///   engine;
    /// * [`Error::WrongCount`](crate::Error::WrongCount) if the number of values differs from
    ///   the number of fields;
    /// * the errors for a value, as listed at [`StructRef::set_field`];
    /// * [`Error::HeapLimit`](crate::Error::HeapLimit),
    ///   [`Error::GrowthRefused`](crate::Error::GrowthRefused),
    ///   [`Error::SystemMemory`](crate::Error::SystemMemory),
    ///   [`Error::NoGc`](crate::Error::NoGc) and [`Error::Limit`](crate::Error::Limit) if
    ///   there is no room.
    #[inline]
    pub fn new(
        mut store: impl AsContextMut,
        ty: &StructType,
        fields: &[Val],
    ) -> Result<Rooted<StructRef>> {
        let (of, count) = (ty.core(), fields.len());
        let store = store.as_context_mut().0;
        let value = move |index: usize| fields[index].for_field(index, || of.top_of_field(index));
        let made: Result<_> = store.owned.allocate_fast(
            |core| core.struct_new_fast(FastPath::InLine, of, count, |index| fields[index]),
            move |core| core.struct_new(of, count, &value),
        );
        Ok(Rooted::new(made?))
    }

    /// Makes a struct of zeros and nulls, rooted in the current scope. May collect.
    ///
    /// # Errors
    ///
    /// The errors of [`StructRef::new`], and
    /// [`Error::TypeMismatch`](crate::Error::TypeMismatch) if a field is non-nullable.
    ///
    /// ```
    /// use gcroots::{Engine, FieldType, Mutability, Store, StructRef, StructType, ValType};
    ///
    /// let engine = Engine::default();
    /// let counter = FieldType::new(Mutability::Var, ValType::I64);
    /// let counter = StructType::new(&engine, [counter])?;
    /// let mut store = Store::new(&engine, ())?;
    /// let made = StructRef::new_default(&mut store, &counter)?;
    /// assert_eq!(made.field(&mut store, 0)?.unwrap_i64(), 0);
    /// # anyhow::Ok(())
    /// ```
    #[inline]
    pub fn new_default(mut store: impl AsContextMut, ty: &StructType) -> Result<Rooted<StructRef>> {
        let (store, of) = (store.as_context_mut().0, ty.core());
        let made: Result<_> = store.owned.allocate_fast(
            |core| core.struct_new_default_fast(FastPath::InLine, of),
            move |core| core.struct_new_default(of),
        );
        Ok(Rooted::new(made?))
    }

    /// The struct's type.
    ///
    /// # Errors
    ///
    /// The errors for the struct.
    ///
    /// ```
    /// use gcroots::{Engine, Store, StructRef, StructType};
    ///
    /// let engine = Engine::default();
    /// let empty = StructType::new(&engine, [])?;
    /// let mut store = Store::new(&engine, ())?;
    /// let made = StructRef::new_default(&mut store, &empty)?;
    /// assert_eq!(made.ty(&store)?, empty);
    /// # anyhow::Ok(())
    /// ```
    pub fn ty(&self, store: impl AsContext) -> Result<StructType> {
        let store = store.as_context().0;
        let of = store
            .owned
            .call(|core| core.type_of_kind(self.handle, Kind::Struct))?;
        Ok(StructType::of(of))
    }

    /// Whether the struct's type is `ty` or a subtype of it. Cost: constant, without a lock.
    ///
    /// # Errors
    ///
    /// The errors for the struct, and [`Error::WrongEngine`](crate::Error::WrongEngine) if
    /// `ty` is a type of another engine.
    ///
    /// ```
    /// use gcroots::{Engine, Store, StructRef, StructType};
    ///
    /// let engine = Engine::default();
    /// let empty = StructType::new(&engine, [])?;
    /// let mut store = Store::new(&engine, ())?;
    /// let made = StructRef::new_default(&mut store, &empty)?;
    /// assert!(made.matches_ty(&store, &empty)?);
    /// # anyhow::Ok(())
    /// ```
    pub fn matches_ty(&self, store: impl AsContext, ty: &StructType) -> Result<bool> {
        casts::matches(store, self.handle, casts::to_registered(ty.core()))
    }

    /// The value of a field. A reference becomes a new root in the current scope. Never
    /// collects.
    ///
    /// # Errors
    ///
    /// * The errors for the struct;
    /// * [`Error::OutOfBounds`](crate::Error::OutOfBounds);
    /// * [`Error::Limit`](crate::Error::Limit) and
    ///   [`Error::SystemMemory`](crate::Error::SystemMemory) if there is no room for a
    ///   root.
    #[inline]
    pub fn field(&self, mut store: impl AsContextMut, index: usize) -> Result<Val> {
        let (store, handle) = (store.as_context_mut().0, self.handle);
        store.owned.call_fast(
            |core| Some(Val::of(core.struct_get_with_top_fast(handle, index)?)),
            move |core| read(core, handle, index),
        )
    }

    /// The values of all fields, in order. References become new roots in the current
    /// scope. Never collects.
    ///
    /// # Errors
    ///
    /// The errors for the struct, and [`Error::Limit`](crate::Error::Limit) and
    /// [`Error::SystemMemory`](crate::Error::SystemMemory) if there is no room.
    ///
    /// ```
    /// use gcroots::{Engine, FieldType, Mutability, Store, StructRef, StructType};
    /// use gcroots::{Val, ValType};
    ///
    /// let engine = Engine::default();
    /// let number = FieldType::new(Mutability::Const, ValType::I32);
    /// let pair = StructType::new(&engine, [number.clone(), number])?;
    /// let mut store = Store::new(&engine, ())?;
    /// let pair = StructRef::new(&mut store, &pair, &[Val::I32(3), Val::I32(4)])?;
    /// let sum: i32 = pair.fields(&mut store)?.map(|value| value.unwrap_i32()).sum();
    /// assert_eq!(sum, 7);
    /// # anyhow::Ok(())
    /// ```
    pub fn fields(&self, mut store: impl AsContextMut) -> Result<vec::IntoIter<Val>> {
        let store = store.as_context_mut().0;
        let read_all = |core: &Core| {
            let of = core.type_of_kind(self.handle, Kind::Struct)?;
            let (count, references) = (of.fields.len(), val::references(&of.fields));
            val::read_all(core, count, references, |index| {
                read(core, self.handle, index)
            })
        };
        Ok(store.owned.call(read_all)?)
    }

    /// Sets a field. Never collects.
    ///
    /// # Errors
    ///
    /// * The errors for the struct;
    /// * [`Error::WrongStore`](crate::Error::WrongStore) and
    ///   [`Error::Unrooted`](crate::Error::Unrooted) for the value;
    /// * [`Error::OutOfBounds`](crate::Error::OutOfBounds);
    /// * [`Error::Immutable`](crate::Error::Immutable);
    /// * [`Error::NullValue`](crate::Error::NullValue) if the value is null and the field is
    ///   non-nullable;
    /// * [`Error::WrongValue`](crate::Error::WrongValue) and
    ///   [`Error::NotOfType`](crate::Error::NotOfType) if the value does not have the
    ///   field's type.
    ///
    /// ```
    /// use gcroots::{Engine, Error, FieldType, Mutability, Store, StructRef, StructType};
    /// use gcroots::{Val, ValType};
    ///
    /// let engine = Engine::default();
    /// let counter = FieldType::new(Mutability::Var, ValType::I64);
    /// let counter = StructType::new(&engine, [counter])?;
    /// let mut store = Store::new(&engine, ())?;
    /// let counter = StructRef::new_default(&mut store, &counter)?;
    /// counter.set_field(&mut store, 0, Val::I64(1))?;
    /// let error = counter.set_field(&mut store, 0, Val::I32(2)).unwrap_err();
    /// assert!(matches!(error.downcast_ref(), Some(Error::WrongValue { index: 0, .. })));
    /// assert_eq!(counter.field(&mut store, 0)?.unwrap_i64(), 1);
    /// # anyhow::Ok(())
    /// ```
    #[inline]
    pub fn set_field(&self, mut store: impl AsContextMut, index: usize, value: Val) -> Result<()> {
        let (store, handle) = (store.as_context_mut().0, self.handle);
        store.owned.call_fast(
            |core| {
                let set = core.struct_set_fast(FastPath::InLine, handle, index, value);
                set.then_some(())
            },
            move |core| {
                let top = || core.top_of_field(handle, index).ok();
                core.struct_set(handle, index, value.for_field(index, top)?)
            },
        )
    }
}

/// The field `index` of the struct that `handle` refers to.
fn read(core: &Core, handle: Handle, index: usize) -> error::Result<Val> {
    let value = core.struct_get(handle, index)?;
    Val::read(core, value, handle, index)
}

impl Rooted<StructRef> {
    /// The same root as an [`AnyRef`].
    ///
    /// ```
    /// use gcroots::{Engine, Rooted, Store, StructRef, StructType};
    ///
    /// let engine = Engine::default();
    /// let empty = StructType::new(&engine, [])?;
    /// let mut store = Store::new(&engine, ())?;
    /// let made = StructRef::new_default(&mut store, &empty)?;
    /// assert!(Rooted::rooted_eq(made.to_anyref(), made.to_eqref().to_anyref()));
    /// # anyhow::Ok(())
    /// ```
    #[inline]
    pub fn to_anyref(self) -> Rooted<AnyRef> {
        gc_ref::retyped(self)
    }

    /// The same root as an [`EqRef`].
    #[inline]
    pub fn to_eqref(self) -> Rooted<EqRef> {
        gc_ref::retyped(self)
    }
}

impl ManuallyRooted<StructRef> {
    /// The same root as an [`AnyRef`].
    ///
    /// ```
    /// use gcroots::{Engine, Store, StructRef, StructType};
    ///
    /// let engine = Engine::default();
    /// let empty = StructType::new(&engine, [])?;
    /// let mut store = Store::new(&engine, ())?;
    /// let made = StructRef::new_default(&mut store, &empty)?;
    /// let kept = made.to_manually_rooted(&mut store)?.to_anyref();
    /// assert!(kept.is_struct(&store)?);
    /// # anyhow::Ok(())
    /// ```
    #[inline]
    pub fn to_anyref(self) -> ManuallyRooted<AnyRef> {
        gc_ref::retyped_manual(self)
    }

    /// The same root as an [`EqRef`].
    #[inline]
    pub fn to_eqref(self) -> ManuallyRooted<EqRef> {
        gc_ref::retyped_manual(self)
    }
}

impl From<Rooted<StructRef>> for Rooted<AnyRef> {
    #[inline]
    fn from(root: Rooted<StructRef>) -> Rooted<AnyRef> {
        root.to_anyref()
    }
}

impl From<Rooted<StructRef>> for Rooted<EqRef> {
    #[inline]
    fn from(root: Rooted<StructRef>) -> Rooted<EqRef> {
        root.to_eqref()
    }
}

impl From<ManuallyRooted<StructRef>> for ManuallyRooted<AnyRef> {
    #[inline]
    fn from(root: ManuallyRooted<StructRef>) -> ManuallyRooted<AnyRef> {
        root.to_anyref()
    }
}

impl From<ManuallyRooted<StructRef>> for ManuallyRooted<EqRef> {
    #[inline]
    fn from(root: ManuallyRooted<StructRef>) -> ManuallyRooted<EqRef> {
        root.to_eqref()
    }
}

impl fmt::Debug for StructRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StructRef").field(&self.handle).finish()
    }
}
