//! Tables.

use core::hash::{Hash, Hasher};

use anyhow::Result;

use super::registered::Registered;
use super::{AsContext, AsContextMut, RefType, TableType, Val, ValType};
use crate::error;
use crate::roots::Handle;
use crate::store::{Store as Core, Value};

/// References by index, of which there may become more.
///
/// It keeps them alive until it is freed, or until its store is dropped. This is a handle,
/// which may be copied.
///
/// Indices and sizes have 64 bits; a table has `u32::MAX` elements at most. They lie in
/// the heap, in a hidden array, which the statistics count as an object.
///
/// What takes a table answers [`Error::WrongStore`](crate::Error::WrongStore), and
/// [`Error::Unrooted`](crate::Error::Unrooted) for one that was freed. What takes a value
/// answers the same for its root, [`Error::NullReference`](crate::Error::NullReference) for
/// null where an element is never null, and
/// [`Error::TypeMismatch`](crate::Error::TypeMismatch) and
/// [`Error::NotOfType`](crate::Error::NotOfType) for what is no element.
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
    /// Makes a table, of as many elements as `ty` has at least, which all are `init`. If
    /// there are none, null is fine also where they are never null. May collect.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for a minimum above the
    /// maximum; [`Error::WrongEngine`](crate::Error::WrongEngine); those for the value;
    /// [`Error::HeapLimit`](crate::Error::HeapLimit),
    /// [`Error::GrowthRefused`](crate::Error::GrowthRefused),
    /// [`Error::NoGc`](crate::Error::NoGc),
    /// [`Error::SystemMemory`](crate::Error::SystemMemory) and
    /// [`Error::Limit`](crate::Error::Limit) when there is no room.
    pub fn new(mut store: impl AsContextMut, ty: TableType, init: impl Into<Val>) -> Result<Table> {
        let store = store.as_context_mut().0;
        let init = init.into().reference()?;
        let maximum = ty.maximum().unwrap_or(u64::MAX);
        let make = |core: &Core| {
            let element = ty.element().to_core();
            core.table_new(element, ty.minimum(), maximum, init)
        };
        Ok(Table(store.owned.allocate(make)?))
    }

    /// Its type, with as many elements as there are.
    ///
    /// # Errors
    ///
    /// Those for the table.
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

    /// An element, as a new root of the current scope. Never collects.
    ///
    /// # Errors
    ///
    /// Those for the table; [`Error::OutOfBounds`](crate::Error::OutOfBounds);
    /// [`Error::Limit`](crate::Error::Limit) and
    /// [`Error::SystemMemory`](crate::Error::SystemMemory) when there is no room for a
    /// root.
    pub fn get(&self, mut store: impl AsContextMut, index: u64) -> Result<Val> {
        let store = store.as_context_mut().0;
        let read = |core: &Core| -> error::Result<Val> {
            let top = core.table_top(self.0)?;
            Ok(Val::of(Value::Ref(core.table_get(self.0, index)?), top))
        };
        Ok(store.owned.call(read)?)
    }

    /// Sets an element. Never collects.
    ///
    /// # Errors
    ///
    /// Those for the table, then for the value;
    /// [`Error::OutOfBounds`](crate::Error::OutOfBounds).
    pub fn set(
        &self,
        mut store: impl AsContextMut,
        index: u64,
        value: impl Into<Val>,
    ) -> Result<()> {
        let store = store.as_context_mut().0;
        let value = value.into().reference()?;
        Ok(store
            .owned
            .call(|core| core.table_set(self.0, index, value))?)
    }

    /// How many elements there are.
    ///
    /// # Errors
    ///
    /// Those for the table.
    pub fn size(&self, store: impl AsContext) -> Result<u64> {
        let store = store.as_context().0;
        Ok(store.owned.call(|core| core.table_size(self.0))?)
    }

    /// Appends `delta` elements, which all are `init`; answers how many there were. If
    /// `delta` is 0, null is fine also where elements are never null. May collect. An
    /// error leaves the table as it was.
    ///
    /// # Errors
    ///
    /// Those for the table, then for the value; [`Error::Limit`](crate::Error::Limit)
    /// beyond the maximum; those of [`Table::new`] when there is no room.
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
        let init = init.into().reference()?;
        let grow = |core: &Core| core.table_grow(self.0, delta, init);
        Ok(store.owned.allocate(grow)?)
    }

    /// Sets `count` elements from `index` on. Never collects.
    ///
    /// # Errors
    ///
    /// As for [`Table::set`]; nothing is set then.
    pub fn fill(
        &self,
        mut store: impl AsContextMut,
        index: u64,
        value: impl Into<Val>,
        count: u64,
    ) -> Result<()> {
        let store = store.as_context_mut().0;
        let value = value.into().reference()?;
        Ok(store
            .owned
            .call(|core| core.table_fill(self.0, index, value, count))?)
    }

    /// Copies `count` elements from one table to another or to the same, where the two
    /// ranges may overlap. Never collects.
    ///
    /// # Errors
    ///
    /// Those for both tables; [`Error::TypeMismatch`](crate::Error::TypeMismatch) unless
    /// the type of the source's elements is that of the target's or below it;
    /// [`Error::OutOfBounds`](crate::Error::OutOfBounds); nothing is copied then.
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

    /// Ends the table, and lets its elements go. All copies of the handle are stale then.
    ///
    /// # Errors
    ///
    /// Those for the table.
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

    /// A table of the core's.
    #[cfg(feature = "capi")]
    pub(super) fn of(handle: Handle) -> Table {
        Table(handle)
    }

    #[cfg(feature = "capi")]
    pub(super) fn handle(&self) -> Handle {
        self.0
    }
}

impl Hash for Table {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0.store_id);
        state.write_u64(self.0.slot);
    }
}
