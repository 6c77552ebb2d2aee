//! References to arrays.

use core::fmt;
use std::vec;

use anyhow::Result;

use super::{
    AnyRef, ArrayElement, ArrayType, AsContext, AsContextMut, EqRef, ManuallyRooted, Pinned,
    Rooted, Val, casts, gc_ref, val,
};
use crate::error;
use crate::heap::{FastPath, Kind};
use crate::roots::Handle;
use crate::store::{Store as Core, Value};

/// A reference to an array.
///
/// It is only accessible through a [`Rooted`] or a [`ManuallyRooted`]. Every method can
/// return the errors for the array: [`Error::WrongStore`](crate::Error::WrongStore) and
/// [`Error::Unrooted`](crate::Error::Unrooted). A handle that came from C can also cause
/// [`Error::NullReference`](crate::Error::NullReference) and
/// [`Error::TypeMismatch`](crate::Error::TypeMismatch).
///
/// ```
/// use gcroots::{ArrayRef, ArrayType, Engine, FieldType, Mutability, RefType, Store, Val};
///
/// let engine = Engine::default();
/// let table = ArrayType::new(&engine, FieldType::new(Mutability::Var, RefType::ANYREF))?;
/// let mut store = Store::new(&engine, ())?;
/// let table = ArrayRef::new(&mut store, &table, &Val::AnyRef(None), 10)?;
/// table.set(&mut store, 3, table.into())?; // a cycle, which collections see
///
/// store.gc()?; // may move it
/// assert_eq!(table.len(&store)?, 10);
/// assert!(table.get(&mut store, 2)?.unwrap_anyref().is_none());
/// assert!(table.get(&mut store, 3)?.unwrap_anyref().is_some());
/// # anyhow::Ok(())
/// ```
#[repr(transparent)]
pub struct ArrayRef {
    handle: Handle,
}

impl ArrayRef {
    /// Makes an array of `len` elements that are all `elem`, rooted in the current scope.
    /// May collect.
    ///
    /// # Errors
    ///
    /// * [`Error::WrongEngine`](crate::Error::WrongEngine) if `ty` is a type of another
    ///   engine;
    /// * the errors for a value, as listed at [`ArrayRef::set`];
    /// * [`Error::HeapLimit`](crate::Error::HeapLimit),
    ///   [`Error::GrowthRefused`](crate::Error::GrowthRefused),
    ///   [`Error::SystemMemory`](crate::Error::SystemMemory),
    ///   [`Error::NoGc`](crate::Error::NoGc) and [`Error::Limit`](crate::Error::Limit) if
    ///   there is no room.
    pub fn new(
        mut store: impl AsContextMut,
        ty: &ArrayType,
        elem: &Val,
        len: u32,
    ) -> Result<Rooted<ArrayRef>> {
        let store = store.as_context_mut().0;
        let elem = elem.for_field(0, || ty.core().top_of_field(0))?;
        let make = |core: &Core| core.array_new(ty.core(), elem, len.into());
        Ok(Rooted::new(store.owned.allocate(make)?))
    }

    /// Makes an array of zeros or nulls, rooted in the current scope. May collect.
    ///
    /// # Errors
    ///
    /// The errors of [`ArrayRef::new`], and
    /// [`Error::TypeMismatch`](crate::Error::TypeMismatch) if the elements are non-nullable.
    ///
    /// ```
    /// use gcroots::{ArrayRef, ArrayType, Engine, FieldType, Mutability, Store, ValType};
    ///
    /// let engine = Engine::default();
    /// let numbers = ArrayType::new(&engine, FieldType::new(Mutability::Var, ValType::F64))?;
    /// let mut store = Store::new(&engine, ())?;
    /// let zeros = ArrayRef::new_default(&mut store, &numbers, 100)?;
    /// assert_eq!(zeros.get(&mut store, 99)?.unwrap_f64(), 0.0);
    /// # anyhow::Ok(())
    /// ```
    pub fn new_default(
        mut store: impl AsContextMut,
        ty: &ArrayType,
        len: u32,
    ) -> Result<Rooted<ArrayRef>> {
        let store = store.as_context_mut().0;
        let make = |core: &Core| core.array_new_default(ty.core(), len.into());
        Ok(Rooted::new(store.owned.allocate(make)?))
    }

    /// Makes an array with the elements `elems`, rooted in the current scope. May collect.
    ///
    /// # Errors
    ///
    /// The errors of [`ArrayRef::new`].
    ///
    /// ```
    /// use gcroots::{ArrayRef, ArrayType, Engine, FieldType, Mutability, Store, Val, ValType};
    ///
    /// let engine = Engine::default();
    /// let numbers = ArrayType::new(&engine, FieldType::new(Mutability::Const, ValType::I32))?;
    /// let mut store = Store::new(&engine, ())?;
    /// let three = [Val::I32(1), Val::I32(2), Val::I32(3)];
    /// let three = ArrayRef::new_fixed(&mut store, &numbers, &three)?;
    /// assert_eq!(three.len(&store)?, 3);
    /// # anyhow::Ok(())
    /// ```
    pub fn new_fixed(
        mut store: impl AsContextMut,
        ty: &ArrayType,
        elems: &[Val],
    ) -> Result<Rooted<ArrayRef>> {
        let store = store.as_context_mut().0;
        let value = |index: usize| elems[index].for_field(index, || ty.core().top_of_field(0));
        let make = |core: &Core| core.array_new_fixed(ty.core(), elems.len(), &value);
        Ok(Rooted::new(store.owned.allocate(make)?))
    }

    /// Makes an array with the elements `elems`, rooted in the current scope. The elements
    /// must be numbers of the size and kind of `T`. May collect. Cost: one copy of the
    /// slice; [`ArrayRef::new_fixed`] checks each value.
    ///
    /// # Errors
    ///
    /// * The errors of [`ArrayRef::new`];
    /// * [`Error::TypeMismatch`](crate::Error::TypeMismatch) if the elements are not stored
    ///   as `T`.
    ///
    /// ```
    /// use gcroots::{ArrayRef, ArrayType, Engine, FieldType, Mutability, Store, StorageType};
    ///
    /// let engine = Engine::default();
    /// let text = FieldType::new(Mutability::Const, StorageType::I8);
    /// let text = ArrayType::new(&engine, text)?;
    /// let mut store = Store::new(&engine, ())?;
    /// let word = ArrayRef::new_from_slice(&mut store, &text, b"word")?;
    /// assert_eq!(word.len(&store)?, 4);
    /// # anyhow::Ok(())
    /// ```
    pub fn new_from_slice<T: ArrayElement>(
        mut store: impl AsContextMut,
        ty: &ArrayType,
        elems: &[T],
    ) -> Result<Rooted<ArrayRef>> {
        let store = store.as_context_mut().0;
        let make = |core: &Core| core.array_new_slice(ty.core(), elems, T::STORAGE);
        Ok(Rooted::new(store.owned.allocate(make)?))
    }

    /// Pins the array. May collect, if the array is new and the collector is
    /// [`Generational`](crate::Collector::Generational).
    ///
    /// # Errors
    ///
    /// * The errors for the array;
    /// * [`Error::Unsupported`](crate::Error::Unsupported) if the collector has no pins, because
    ///   it moves all objects: [`Copying`](crate::Collector::Copying);
    /// * [`Error::NoGc`](crate::Error::NoGc), [`Error::Limit`](crate::Error::Limit) and
    ///   [`Error::SystemMemory`](crate::Error::SystemMemory) if there is no room.
    pub fn pin(&self, mut store: impl AsContextMut) -> Result<Pinned> {
        let store = store.as_context_mut().0;
        let pin = store.owned.allocate(|core: &Core| core.pin(self.handle))?;
        Ok(Pinned::new(pin))
    }

    /// The array's type.
    ///
    /// # Errors
    ///
    /// The errors for the array.
    ///
    /// ```
    /// use gcroots::{ArrayRef, ArrayType, Engine, FieldType, Mutability, Store, ValType};
    ///
    /// let engine = Engine::default();
    /// let numbers = ArrayType::new(&engine, FieldType::new(Mutability::Var, ValType::F64))?;
    /// let mut store = Store::new(&engine, ())?;
    /// let zeros = ArrayRef::new_default(&mut store, &numbers, 100)?;
    /// assert_eq!(zeros.ty(&store)?, numbers);
    /// assert!(zeros.matches_ty(&store, &numbers)?);
    /// # anyhow::Ok(())
    /// ```
    pub fn ty(&self, store: impl AsContext) -> Result<ArrayType> {
        let store = store.as_context().0;
        let of = store
            .owned
            .call(|core| core.type_of_kind(self.handle, Kind::Array))?;
        Ok(ArrayType::of(of))
    }

    /// Whether the array's type is `ty` or a subtype of it. Cost: constant, without a lock.
    ///
    /// # Errors
    ///
    /// The errors for the array, and [`Error::WrongEngine`](crate::Error::WrongEngine) if
    /// `ty` is a type of another engine.
    pub fn matches_ty(&self, store: impl AsContext, ty: &ArrayType) -> Result<bool> {
        casts::matches(store, self.handle, casts::to_registered(ty.core()))
    }

    /// The number of elements.
    ///
    /// # Errors
    ///
    /// The errors for the array.
    #[inline]
    pub fn len(&self, store: impl AsContext) -> Result<u32> {
        let (store, handle) = (store.as_context().0, self.handle);
        let length: Result<u64> = store.owned.call_fast(
            move |core| core.array_len_fast(handle),
            move |core| core.array_len(handle),
        );
        Ok(length? as u32)
    }

    /// Whether the array has no elements.
    ///
    /// # Errors
    ///
    /// The errors for the array.
    #[inline]
    pub fn is_empty(&self, store: impl AsContext) -> Result<bool> {
        Ok(self.len(store)? == 0)
    }

    /// The value of an element. A reference becomes a new root in the current scope. Never
    /// collects.
    ///
    /// # Errors
    ///
    /// * The errors for the array;
    /// * [`Error::OutOfBounds`](crate::Error::OutOfBounds);
    /// * [`Error::Limit`](crate::Error::Limit) and
    ///   [`Error::SystemMemory`](crate::Error::SystemMemory) if there is no room for a
    ///   root.
    #[inline]
    pub fn get(&self, mut store: impl AsContextMut, index: u32) -> Result<Val> {
        let (store, handle, index) = (store.as_context_mut().0, self.handle, index.into());
        store.owned.call_fast(
            |core| Some(Val::of(core.array_get_with_top_fast(handle, index)?)),
            move |core| read_one(core, handle, index),
        )
    }

    /// The values of all elements, in order. References become new roots in the current
    /// scope. Never collects. [`ArrayRef::read`] is faster for numbers.
    ///
    /// # Errors
    ///
    /// The errors for the array, and [`Error::Limit`](crate::Error::Limit) and
    /// [`Error::SystemMemory`](crate::Error::SystemMemory) if there is no room.
    ///
    /// ```
    /// use gcroots::{ArrayRef, ArrayType, Engine, FieldType, Mutability, Store, Val, ValType};
    ///
    /// let engine = Engine::default();
    /// let numbers = ArrayType::new(&engine, FieldType::new(Mutability::Const, ValType::I32))?;
    /// let mut store = Store::new(&engine, ())?;
    /// let fours = ArrayRef::new(&mut store, &numbers, &Val::I32(4), 3)?;
    /// assert!(fours.elems(&mut store)?.all(|value| value.unwrap_i32() == 4));
    /// # anyhow::Ok(())
    /// ```
    pub fn elems(&self, mut store: impl AsContextMut) -> Result<vec::IntoIter<Val>> {
        let store = store.as_context_mut().0;
        let read_all = |core: &Core| {
            let of = core.type_of_kind(self.handle, Kind::Array)?;
            let count = core.array_len(self.handle)? as usize;
            let references = count * val::references(&of.fields);
            let read = |index| read_one(core, self.handle, index as u64);
            val::read_all(core, count, references, read)
        };
        Ok(store.owned.call(read_all)?)
    }

    /// Sets an element. Never collects.
    ///
    /// # Errors
    ///
    /// * The errors for the array;
    /// * [`Error::WrongStore`](crate::Error::WrongStore) and
    ///   [`Error::Unrooted`](crate::Error::Unrooted) for the value;
    /// * [`Error::Immutable`](crate::Error::Immutable);
    /// * [`Error::NullValue`](crate::Error::NullValue) if the value is null and the elements
    ///   are non-nullable;
    /// * [`Error::WrongValue`](crate::Error::WrongValue) and
    ///   [`Error::NotOfType`](crate::Error::NotOfType) if the value does not have the
    ///   element type;
    /// * [`Error::OutOfBounds`](crate::Error::OutOfBounds).
    #[inline]
    pub fn set(&self, mut store: impl AsContextMut, index: u32, value: Val) -> Result<()> {
        let (store, handle) = (store.as_context_mut().0, self.handle);
        store.owned.call_fast(
            |core| {
                let set = core.array_set_fast(FastPath::InLine, handle, index.into(), value);
                set.then_some(())
            },
            move |core| {
                let value = value_for(core, handle, index, &value)?;
                core.array_set(handle, index.into(), value)
            },
        )
    }

    /// Sets `len` elements, starting at `index`, to `value`. Never collects.
    ///
    /// # Errors
    ///
    /// The errors of [`ArrayRef::set`].
    ///
    /// ```
    /// use gcroots::{ArrayRef, ArrayType, Engine, FieldType, Mutability, Store, Val, ValType};
    ///
    /// let engine = Engine::default();
    /// let numbers = ArrayType::new(&engine, FieldType::new(Mutability::Var, ValType::I32))?;
    /// let mut store = Store::new(&engine, ())?;
    /// let numbers = ArrayRef::new_default(&mut store, &numbers, 4)?;
    /// numbers.fill(&mut store, 1, Val::I32(7), 2)?;
    /// let mut read = [0; 4];
    /// numbers.read(&store, 0, &mut read)?;
    /// assert_eq!(read, [0, 7, 7, 0]);
    /// # anyhow::Ok(())
    /// ```
    pub fn fill(
        &self,
        mut store: impl AsContextMut,
        index: u32,
        value: Val,
        len: u32,
    ) -> Result<()> {
        let store = store.as_context_mut().0;
        let fill = |core: &Core| {
            let value = value_for(core, self.handle, index, &value)?;
            core.array_fill(self.handle, index.into(), value, len.into())
        };
        Ok(store.owned.call(fill)?)
    }

    /// Copies `len` elements of `src`, starting at `src_index`, to the elements of this
    /// array that start at `index`. `src` may be this array, and the ranges may overlap.
    /// Never collects.
    ///
    /// # Errors
    ///
    /// * The errors for this array, then for `src`;
    /// * [`Error::Immutable`](crate::Error::Immutable) for this array;
    /// * [`Error::TypeMismatch`](crate::Error::TypeMismatch) and
    ///   [`Error::NotOfType`](crate::Error::NotOfType) if the element type of `src` does not
    ///   match that of this array;
    /// * [`Error::OutOfBounds`](crate::Error::OutOfBounds) for this array, then for `src`.
    ///
    /// ```
    /// use gcroots::{ArrayRef, ArrayType, Engine, FieldType, Mutability, Store, StorageType};
    ///
    /// let engine = Engine::default();
    /// let bytes = ArrayType::new(&engine, FieldType::new(Mutability::Var, StorageType::I8))?;
    /// let mut store = Store::new(&engine, ())?;
    /// let bytes = ArrayRef::new_default(&mut store, &bytes, 6)?;
    /// bytes.write(&mut store, 0, b"abcdef")?;
    /// bytes.copy(&mut store, 2, &bytes, 0, 4)?;
    /// let mut read = [0u8; 6];
    /// bytes.read(&store, 0, &mut read)?;
    /// assert_eq!(&read, b"ababcd");
    /// # anyhow::Ok(())
    /// ```
    pub fn copy(
        &self,
        mut store: impl AsContextMut,
        index: u32,
        src: &ArrayRef,
        src_index: u32,
        len: u32,
    ) -> Result<()> {
        let store = store.as_context_mut().0;
        let to = (self.handle, index.into());
        let from = (src.handle, src_index.into());
        Ok(store
            .owned
            .call(|core| core.array_copy(to, from, len.into()))?)
    }

    /// Copies `out.len()` elements, starting at `index`, to `out`. The elements must be
    /// numbers of the size and kind of `T`. Never collects.
    ///
    /// # Errors
    ///
    /// After an error `out` is unchanged.
    ///
    /// * The errors for the array;
    /// * [`Error::TypeMismatch`](crate::Error::TypeMismatch) if the elements are not stored
    ///   as `T`;
    /// * [`Error::OutOfBounds`](crate::Error::OutOfBounds).
    ///
    /// ```
    /// use gcroots::{ArrayRef, ArrayType, Engine, FieldType, Mutability, Store, Val, ValType};
    ///
    /// let engine = Engine::default();
    /// let numbers = ArrayType::new(&engine, FieldType::new(Mutability::Const, ValType::I64))?;
    /// let mut store = Store::new(&engine, ())?;
    /// let sevens = ArrayRef::new(&mut store, &numbers, &Val::I64(7), 100)?;
    /// let mut read = [0u64; 3];
    /// sevens.read(&store, 97, &mut read)?;
    /// assert_eq!(read, [7, 7, 7]);
    /// assert!(sevens.read(&store, 98, &mut read).is_err());
    /// # anyhow::Ok(())
    /// ```
    pub fn read<T: ArrayElement>(
        &self,
        store: impl AsContext,
        index: u32,
        out: &mut [T],
    ) -> Result<()> {
        let store = store.as_context().0;
        Ok(store
            .owned
            .call(|core| core.array_read_slice(self.handle, index.into(), out, T::STORAGE))?)
    }

    /// Copies `data` to the elements that start at `index`. The elements must be numbers of
    /// the size and kind of `T`. Never collects.
    ///
    /// # Errors
    ///
    /// * The errors for the array;
    /// * [`Error::Immutable`](crate::Error::Immutable);
    /// * [`Error::TypeMismatch`](crate::Error::TypeMismatch) if the elements are not stored
    ///   as `T`;
    /// * [`Error::OutOfBounds`](crate::Error::OutOfBounds).
    ///
    /// ```
    /// use gcroots::{ArrayRef, ArrayType, Engine, FieldType, Mutability, Store, StorageType};
    ///
    /// let engine = Engine::default();
    /// let text = ArrayType::new(&engine, FieldType::new(Mutability::Var, StorageType::I16))?;
    /// let mut store = Store::new(&engine, ())?;
    /// let text = ArrayRef::new_default(&mut store, &text, 4)?;
    /// let units: Vec<u16> = "word".encode_utf16().collect();
    /// text.write(&mut store, 0, &units)?;
    /// assert_eq!(text.get(&mut store, 0)?.unwrap_i32(), 'w' as i32);
    /// # anyhow::Ok(())
    /// ```
    pub fn write<T: ArrayElement>(
        &self,
        mut store: impl AsContextMut,
        index: u32,
        data: &[T],
    ) -> Result<()> {
        let store = store.as_context_mut().0;
        Ok(store
            .owned
            .call(|core| core.array_write_slice(self.handle, index.into(), data, T::STORAGE))?)
    }
}

/// The element at `index` of the array that `handle` refers to.
fn read_one(core: &Core, handle: Handle, index: u64) -> error::Result<Val> {
    let value = core.array_get(handle, index)?;
    Val::read(core, value, handle, 0)
}

/// The value for the core, for the element at `index` of the array that `handle` refers to.
fn value_for(core: &Core, handle: Handle, index: u32, value: &Val) -> error::Result<Value> {
    value.for_field(index as usize, || core.top_of_field(handle, 0).ok())
}

impl Rooted<ArrayRef> {
    /// The same root as an [`AnyRef`].
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

impl ManuallyRooted<ArrayRef> {
    /// The same root as an [`AnyRef`].
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

impl From<Rooted<ArrayRef>> for Rooted<AnyRef> {
    #[inline]
    fn from(root: Rooted<ArrayRef>) -> Rooted<AnyRef> {
        root.to_anyref()
    }
}

impl From<Rooted<ArrayRef>> for Rooted<EqRef> {
    #[inline]
    fn from(root: Rooted<ArrayRef>) -> Rooted<EqRef> {
        root.to_eqref()
    }
}

impl From<ManuallyRooted<ArrayRef>> for ManuallyRooted<AnyRef> {
    #[inline]
    fn from(root: ManuallyRooted<ArrayRef>) -> ManuallyRooted<AnyRef> {
        root.to_anyref()
    }
}

impl From<ManuallyRooted<ArrayRef>> for ManuallyRooted<EqRef> {
    #[inline]
    fn from(root: ManuallyRooted<ArrayRef>) -> ManuallyRooted<EqRef> {
        root.to_eqref()
    }
}

impl fmt::Debug for ArrayRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ArrayRef").field(&self.handle).finish()
    }
}
