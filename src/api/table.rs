//! Tables.

use core::hash::{Hash, Hasher};

use anyhow::Result;

use super::registered::Registered;
use super::{AsContext, AsContextMut, RefType, TableType, Val, ValType};
use crate::error;
use crate::roots::Handle;
use crate::store::{Store as Core, Value};
use crate::types::Storage;

/// A handle of a table: a growable array of references. The handle is `Copy`.
///
/// The table keeps its elements alive until the table is freed or its store is dropped.
/// Indices and sizes have 64 bits, but a table has at most `u32::MAX` elements. The elements
/// are in the heap, in a hidden array. The statistics count that array as an object.
///
/// # Errors for a table
///
/// * [`Error::WrongStore`](crate::Error::WrongStore);
/// * [`Error::Unrooted`](crate::Error::Unrooted) if the table was freed.
///
/// # Errors for a value
///
/// * [`Error::WrongStore`](crate::Error::WrongStore) and
///   [`Error::Unrooted`](crate::Error::Unrooted) for its root;
/// * [`Error::NullReference`](crate::Error::NullReference) if the value is null and the
///   elements are non-nullable;
/// * [`Error::TypeMismatch`](crate::Error::TypeMismatch) and
///   [`Error::NotOfType`](crate::Error::NotOfType) if the value does not have the element
///   type.
///
/// ```
/// use gcroots::{Engine, ExternRef, RefType, RootScope, Store, Table, TableType, Val};
///
/// let mut store = Store::new(&Engine::default(), ())?;
/// let ty = TableType::new(RefType::EXTERNREF, 2, None);
/// let table = Table::new(&mut store, ty, Val::ExternRef(None))?;
///
/// let mut scope = RootScope::new(&mut store)?;
/// let seven = ExternRef::new(&mut scope, 7u32)?;
/// table.set(&mut scope, 1, seven)?;
/// drop(scope);
///
/// store.gc()?;
/// let seven = table.get(&mut store, 1)?.unwrap_externref().unwrap();
/// assert_eq!(seven.data(&store)?.unwrap().downcast_ref(), Some(&7u32));
/// # anyhow::Ok(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table(Handle);

impl Table {
    /// Makes a table with `ty.minimum()` elements that are all `init`. If there are no
    /// elements, `init` may be null even if they are non-nullable. May collect.
    ///
    /// # Errors
    ///
    /// * [`Error::InvalidArgument`](crate::Error::InvalidArgument) if the minimum is above
    ///   the maximum;
    /// * [`Error::WrongEngine`](crate::Error::WrongEngine) if the element type belongs to
    ///   another engine;
    /// * the errors for the value;
    /// * [`Error::HeapLimit`](crate::Error::HeapLimit),
    ///   [`Error::GrowthRefused`](crate::Error::GrowthRefused),
    ///   [`Error::NoGc`](crate::Error::NoGc),
    ///   [`Error::SystemMemory`](crate::Error::SystemMemory) and
    ///   [`Error::Limit`](crate::Error::Limit) if there is no room.
    pub fn new(mut store: impl AsContextMut, ty: TableType, init: impl Into<Val>) -> Result<Table> {
        let store = store.as_context_mut().0;
        let top = || Some(ty.element().heap_type().top());
        let init = reference(init.into().for_slot(top)?)?;
        let maximum = ty.maximum().unwrap_or(u64::MAX);
        let make = |core: &Core| {
            let element = ty.element().to_core();
            core.table_new(element, ty.minimum(), maximum, init)
        };
        Ok(Table(store.owned.allocate(make)?))
    }

    /// The table's type. Its minimum is the current number of elements.
    ///
    /// # Errors
    ///
    /// The errors for the table.
    ///
    /// ```
    /// use gcroots::{Engine, RefType, Store, Table, TableType, Val};
    ///
    /// let mut store = Store::new(&Engine::default(), ())?;
    /// let ty = TableType::new(RefType::ANYREF, 2, Some(9));
    /// let table = Table::new(&mut store, ty.clone(), Val::AnyRef(None))?;
    /// assert_eq!(table.ty(&store)?, ty);
    /// # anyhow::Ok(())
    /// ```
    pub fn ty(&self, store: impl AsContext) -> Result<TableType> {
        let store = store.as_context().0;
        let found = store.owned.call(|core| core.table_type(self.0))?;
        let array = Registered::new(found.array);
        let ValType::Ref(RefType { heap_type, .. }) = array.value(found.element) else {
            unreachable!("a table has references");
        };
        let element = RefType::new(found.nullable, heap_type);
        let maximum = (found.maximum < u64::MAX).then_some(found.maximum);
        Ok(TableType::new(element, found.size, maximum))
    }

    /// An element, as a new root in the current scope. Never collects.
    ///
    /// # Errors
    ///
    /// * The errors for the table;
    /// * [`Error::OutOfBounds`](crate::Error::OutOfBounds);
    /// * [`Error::Limit`](crate::Error::Limit) and
    ///   [`Error::SystemMemory`](crate::Error::SystemMemory) if there is no room for a
    ///   root.
    pub fn get(&self, mut store: impl AsContextMut, index: u64) -> Result<Val> {
        let store = store.as_context_mut().0;
        let read = |core: &Core| -> error::Result<Val> {
            let top = core.table_top(self.0)?;
            let read = core.table_get(self.0, index)?;
            Ok(Val::of((Value::Ref(read), core.hierarchy(top, read)?)))
        };
        Ok(store.owned.call(read)?)
    }

    /// Sets an element. Never collects.
    ///
    /// # Errors
    ///
    /// The errors for the table, then those for the value, then
    /// [`Error::OutOfBounds`](crate::Error::OutOfBounds).
    pub fn set(
        &self,
        mut store: impl AsContextMut,
        index: u64,
        value: impl Into<Val>,
    ) -> Result<()> {
        let store = store.as_context_mut().0;
        let value = value.into();
        let set = |core: &Core| core.table_set(self.0, index, self.element(core, &value)?);
        Ok(store.owned.call(set)?)
    }

    /// The number of elements.
    ///
    /// # Errors
    ///
    /// The errors for the table.
    pub fn size(&self, store: impl AsContext) -> Result<u64> {
        let store = store.as_context().0;
        Ok(store.owned.call(|core| core.table_size(self.0))?)
    }

    /// Appends `delta` elements that are all `init`, and returns the previous number of
    /// elements. If `delta` is 0, `init` may be null even if the elements are non-nullable.
    /// May collect.
    ///
    /// # Errors
    ///
    /// After an error the table is unchanged.
    ///
    /// * The errors for the table, then those for the value;
    /// * [`Error::Limit`](crate::Error::Limit) if the size would exceed the maximum;
    /// * the errors of [`Table::new`] if there is no room.
    ///
    /// ```
    /// use gcroots::{AnyRef, Engine, Error, I31, RefType, Store, Table, TableType};
    ///
    /// let mut store = Store::new(&Engine::default(), ())?;
    /// let number = AnyRef::from_i31(&mut store, I31::wrapping_u32(1))?;
    /// let table = Table::new(&mut store, TableType::new(RefType::ANYREF, 3, Some(5)), number)?;
    /// assert_eq!(table.grow(&mut store, 2, number)?, 3);
    /// let error = table.grow(&mut store, 1, number).unwrap_err();
    /// assert!(matches!(error.downcast_ref(), Some(Error::Limit { limit: 5, .. })));
    /// assert_eq!(table.size(&store)?, 5);
    /// # anyhow::Ok(())
    /// ```
    pub fn grow(
        &self,
        mut store: impl AsContextMut,
        delta: u64,
        init: impl Into<Val>,
    ) -> Result<u64> {
        let store = store.as_context_mut().0;
        let init = init.into();
        let grow = |core: &Core| core.table_grow(self.0, delta, self.element(core, &init)?);
        Ok(store.owned.allocate(grow)?)
    }

    /// Sets `count` elements, starting at `index`, to `value`. Never collects.
    ///
    /// # Errors
    ///
    /// The errors of [`Table::set`]. After an error no element is set.
    pub fn fill(
        &self,
        mut store: impl AsContextMut,
        index: u64,
        value: impl Into<Val>,
        count: u64,
    ) -> Result<()> {
        let store = store.as_context_mut().0;
        let value = value.into();
        let fill = |core: &Core| {
            let value = self.element(core, &value)?;
            core.table_fill(self.0, index, value, count)
        };
        Ok(store.owned.call(fill)?)
    }

    /// The handle of a value for an element.
    ///
    /// Errors: [`Error::TypeMismatch`](crate::Error::TypeMismatch).
    fn element(&self, core: &Core, value: &Val) -> error::Result<Handle> {
        reference(value.for_slot(|| core.table_top(self.0).ok())?)
    }

    /// Copies `count` elements from one table to another one, or within one table. The two
    /// ranges may overlap. Never collects.
    ///
    /// # Errors
    ///
    /// After an error no element is copied.
    ///
    /// * The errors for both tables;
    /// * [`Error::TypeMismatch`](crate::Error::TypeMismatch) unless the source's element type
    ///   is the target's element type or a subtype of it;
    /// * [`Error::OutOfBounds`](crate::Error::OutOfBounds).
    ///
    /// ```
    /// use gcroots::{AnyRef, Engine, I31, RefType, Store, Table, TableType, Val};
    ///
    /// let mut store = Store::new(&Engine::default(), ())?;
    /// let ty = TableType::new(RefType::ANYREF, 3, None);
    /// let table = Table::new(&mut store, ty, Val::AnyRef(None))?;
    /// for i in 0..3 {
    ///     let number = AnyRef::from_i31(&mut store, I31::wrapping_u32(i))?;
    ///     table.set(&mut store, i.into(), number)?;
    /// }
    /// Table::copy(&mut store, &table, 1, &table, 0, 2)?;
    /// let last = table.get(&mut store, 2)?.unwrap_anyref().unwrap();
    /// assert_eq!(last.unwrap_i31(&store)?.get_u32(), 1);
    /// # anyhow::Ok(())
    /// ```
    pub fn copy(
        mut store: impl AsContextMut,
        target: &Table,
        target_index: u64,
        source: &Table,
        source_index: u64,
        count: u64,
    ) -> Result<()> {
        let store = store.as_context_mut().0;
        let (target, source) = ((target.0, target_index), (source.0, source_index));
        Ok(store
            .owned
            .call(|core| core.table_copy(target, source, count))?)
    }

    /// Frees the table, which no longer keeps its elements alive. All copies of the handle
    /// become stale.
    ///
    /// # Errors
    ///
    /// The errors for the table.
    ///
    /// ```
    /// use gcroots::{Engine, Error, RefType, Store, Table, TableType, Val};
    ///
    /// let mut store = Store::new(&Engine::default(), ())?;
    /// let ty = TableType::new(RefType::ANYREF, 1, None);
    /// let table = Table::new(&mut store, ty, Val::AnyRef(None))?;
    /// table.free(&mut store)?;
    /// let error = table.size(&store).unwrap_err();
    /// assert!(matches!(error.downcast_ref(), Some(Error::Unrooted { .. })));
    /// # anyhow::Ok(())
    /// ```
    pub fn free(self, mut store: impl AsContextMut) -> Result<()> {
        let store = store.as_context_mut().0;
        Ok(store.owned.call(|core| core.table_free(self.0))?)
    }

    /// Wraps a table of the core.
    #[cfg(feature = "capi")]
    pub(super) fn of(handle: Handle) -> Table {
        Table(handle)
    }

    #[cfg(feature = "capi")]
    pub(super) fn handle(&self) -> Handle {
        self.0
    }
}

/// The handle of a value, which must be a reference.
///
/// Errors: [`Error::TypeMismatch`](crate::Error::TypeMismatch).
fn reference(value: Value) -> error::Result<Handle> {
    match value {
        Value::Ref(handle) => Ok(handle),
        number => Err(error::Error::TypeMismatch {
            needed: Storage::Ref.name(),
            found: number.storage().name(),
        }),
    }
}

impl Hash for Table {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0.store_id);
        state.write_u64(self.0.slot);
    }
}
