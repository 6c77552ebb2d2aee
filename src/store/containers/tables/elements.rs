//! Reading and writing the elements of tables.

use super::Table;
use crate::error::{Error, Result};
use crate::heap::FastPath;
use crate::roots::Handle;
use crate::store::Store;
use crate::store::objects::{Value, element_at, require_range};
use crate::types::Storage;

impl Store {
    /// The table that `handle` names, where its array starts, and where the element at
    /// `index` is. The fast form of [`Store::resolve_table`] with a check of the index.
    /// Does not check the array.
    #[inline(always)]
    fn table_element_fast(&self, handle: Handle, index: u64) -> Option<(Table, u64, u64)> {
        if handle.store_id != self.id {
            return None;
        }
        let (array, table) = self.tables.get(handle)?;
        if index >= table.size.into() {
            return None;
        }
        let holder = array.offset();
        Some((table, holder, element_at(holder, Storage::Ref, index)))
    }

    /// An element, as a new scoped root. Null for null. Never collects.
    ///
    /// Errors: as [`Store::resolve_table`]; [`Error::OutOfBounds`]; as
    /// [`Store::push_root`].
    pub(crate) fn table_get(&self, handle: Handle, index: u64) -> Result<Handle> {
        let found = self.resolve_table(handle, "table")?;
        require_range(index, 1, found.table.size.into())?;
        self.root_at(found.at(index))
    }

    /// The fast form of [`Store::table_get`].
    #[inline(always)]
    pub(crate) fn table_get_fast(&self, handle: Handle, index: u64) -> Option<Handle> {
        let (_, _, at) = self.table_element_fast(handle, index)?;
        self.root_at_fast(at)
    }

    /// Sets a scoped root to an element, which may be null. Never collects.
    ///
    /// Errors: as [`Store::resolve_table`]; as [`Store::require_scoped`] for `target`;
    /// [`Error::OutOfBounds`].
    pub(crate) fn table_get_ref_into(
        &self,
        handle: Handle,
        index: u64,
        target: Handle,
    ) -> Result<()> {
        let found = self.resolve_table(handle, "table")?;
        self.require_scoped(target)?;
        require_range(index, 1, found.table.size.into())?;
        self.load_into(found.at(index), target)
    }

    /// The fast form of [`Store::table_get_ref_into`].
    #[inline(always)]
    pub(crate) fn table_get_ref_into_fast(
        &self,
        handle: Handle,
        index: u64,
        target: Handle,
    ) -> bool {
        self.table_element_fast(handle, index)
            .and_then(|(_, _, at)| self.load_into_fast(at, target))
            .is_some()
    }

    /// Sets an element. Never collects.
    ///
    /// Errors: as [`Store::table_fill`].
    pub(crate) fn table_set(&self, handle: Handle, index: u64, value: Handle) -> Result<()> {
        self.table_fill(handle, index, value, 1)
    }

    /// The fast form of [`Store::table_set`].
    #[inline(always)]
    pub(crate) fn table_set_fast(
        &self,
        path: FastPath,
        handle: Handle,
        index: u64,
        value: Handle,
    ) -> bool {
        let Some((table, holder, at)) = self.table_element_fast(handle, index) else {
            return false;
        };
        self.store_ref_fast(path, &table.element, holder, at, value)
            .is_some()
    }

    /// Sets `count` elements from `index` on to one value. Never collects.
    ///
    /// Errors: as [`Store::resolve_table`]; as [`Store::resolve`] for the value; as
    /// [`Store::require_admitted`]; [`Error::OutOfBounds`].
    pub(crate) fn table_fill(
        &self,
        handle: Handle,
        index: u64,
        value: Handle,
        count: u64,
    ) -> Result<()> {
        let found = self.resolve_table(handle, "table")?;
        let parameter = "value_or_null";
        let value = self.resolve(value, parameter)?;
        self.require_admitted(found.table.element.admits, value, parameter)?;
        require_range(index, count, found.table.size.into())?;
        let (at, value) = (found.at(index), Value::Ref(value));
        self.cold.borrow_mut().fill_values(
            self,
            &found.table.element,
            found.array,
            at,
            count,
            value,
        )
    }

    /// Copies `count` elements from one table to another, or within one table. The two
    /// ranges may overlap. Never collects.
    ///
    /// Errors: as [`Store::resolve_table`] for `target`, then for `source`; as
    /// [`Store::require_elements_fit`]; [`Error::OutOfBounds`].
    pub(crate) fn table_copy(
        &self,
        (target, target_index): (Handle, u64),
        (source, source_index): (Handle, u64),
        count: u64,
    ) -> Result<()> {
        let target = self.resolve_table(target, "dst")?;
        let source = self.resolve_table(source, "src")?;
        self.require_elements_fit(&source.table, &target.table)?;
        require_range(target_index, count, target.table.size.into())?;
        require_range(source_index, count, source.table.size.into())?;
        let (from, to) = (source.at(source_index), target.at(target_index));
        self.cold
            .borrow_mut()
            .copy_values(self, Storage::Ref, from, target.array, to, count)
    }

    /// Requires that every reference that `source` admits is admitted by `target`.
    /// Compares their types (OBJECTS-3).
    ///
    /// Errors: [`Error::TypeMismatch`].
    fn require_elements_fit(&self, source: &Table, target: &Table) -> Result<()> {
        let types = (
            self.types.get(source.array_type),
            self.types.get(target.array_type),
        );
        let (Some(from), Some(to)) = types else {
            return Err(Error::internal(
                "a table of unknown type",
                source.array_type.into(),
            ));
        };
        let fit = from.index == to.index || self.engine.types().elements_fit(from, to);
        if fit && (target.element.admits.null() || !source.element.admits.null()) {
            return Ok(());
        }
        Err(Error::TypeMismatch {
            needed: "a table whose elements fit the target table",
            found: "an incompatible table",
        })
    }
}
