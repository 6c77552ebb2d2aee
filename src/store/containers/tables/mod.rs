//! Tables: references by index.
//!
//! A table is a record outside the heap ([`Table`]) and a hidden array that holds the
//! elements (OBJECTS-12). The array may be longer than the table, so that the table can
//! grow without a new array. The spare elements are null. So the elements of the array's
//! type are nullable even where the table admits no null; the record says what the table
//! admits (OBJECTS-13).
//!
//! This file has tables as a whole; `elements.rs` reads and writes elements, and
//! `grow.rs` grows a table.

mod elements;
mod grow;
mod record;
#[cfg(test)]
mod tests;

use crate::error::{Error, Result};
use crate::heap::{ARRAY_ELEMENTS, ARRAY_LENGTH, GcRef, Kind, array_bytes};
use crate::roots::Handle;
use crate::store::Store;
use crate::store::containers::hidden::HiddenForm;
use crate::store::objects::{Value, as_registered, element_at};
use crate::store::protocol::{Attempt, Stop};
use crate::types::{AbstractType, FieldLayout, RefType, Storage, StorageType, Type, ValType};
use record::array_length;
pub(in crate::store) use record::{Table, Tables};

/// A table and its array.
#[derive(Clone, Copy, Debug)]
struct ResolvedTable {
    table: Table,
    /// Where the array starts.
    array: u64,
    /// The length of the array: the table's elements and the spare ones.
    length: u64,
}

impl ResolvedTable {
    /// Where the element at `index` is.
    fn at(&self, index: u64) -> u64 {
        element_at(self.array, Storage::Ref, index)
    }
}

/// The type and the size of a table.
#[derive(Debug)]
pub(crate) struct TableDescription {
    /// The hidden type of the table's array.
    pub(crate) array: Type,
    /// The type of the array's elements, which are always nullable.
    pub(crate) element: ValType<u32>,
    /// Whether the table admits null.
    pub(crate) nullable: bool,
    /// The number of elements.
    pub(crate) size: u64,
    /// The greatest size that the table may grow to.
    pub(crate) maximum: u64,
}

impl Store {
    /// Makes a table of `size` elements that are all `init`. May collect; finalizers are
    /// queued.
    ///
    /// Errors: [`Error::InvalidArgument`] if `size` is greater than `maximum`;
    /// [`Error::WrongEngine`]; as [`Store::resolve_init`]; as [`Store::hidden_type`] and
    /// [`Store::make_unrooted`]; [`Error::Limit`] for too many elements or tables.
    pub(crate) fn table_new(
        &self,
        element: RefType<&Type>,
        size: u64,
        maximum: u64,
        init: Handle,
    ) -> Attempt<Handle> {
        if size > maximum {
            return Err(Stop::Refused(Error::InvalidArgument {
                parameter: "size",
                value: size,
                allowed: "at most `maximum`",
            }));
        }
        let admits = self.slot_of(as_registered(element))?;
        let mut table = Table {
            element: FieldLayout::new(ARRAY_ELEMENTS as u32, admits, Storage::Ref, true),
            array_type: 0,
            size: 0,
            maximum,
        };
        let check = || self.resolve_init(&table, size, init);
        check()?;
        let length = array_length(size)?;
        let of = self.array_type(element)?;
        let array = self.make_array(&of, length, || self.tables.reserve(table), &check)?;
        (table.array_type, table.size) = (of.index, length);
        self.cold.borrow_mut().fill_values(
            self,
            &table.element,
            array.offset(),
            element_at(array.offset(), Storage::Ref, 0),
            size,
            Value::Ref(self.resolve_init(&table, size, init)?),
        )?;
        Ok(self.handle(self.tables.allocate(array, table)))
    }

    /// The hidden type of the arrays of tables with these elements. The arrays' elements
    /// are nullable.
    fn array_type(&self, element: RefType<&Type>) -> Result<Type> {
        let nullable = RefType {
            nullable: true,
            ..element
        };
        self.hidden_type(HiddenForm::Array, ValType::Ref(nullable))
    }

    /// Makes a hidden array of nulls. `check` and `reserve` are those of
    /// [`Store::make_unrooted`].
    ///
    /// Errors: as [`Store::make_unrooted`].
    fn make_array(
        &self,
        of: &Type,
        length: u32,
        reserve: impl FnOnce() -> Result<()>,
        check: &impl Fn() -> Result<GcRef>,
    ) -> Attempt<GcRef> {
        let bytes = Ok(array_bytes(length, Storage::Ref.bytes()));
        self.make_unrooted(
            of,
            bytes,
            reserve,
            || check().map(|_| ()),
            |_, array| self.store(array.offset() + ARRAY_LENGTH, length),
        )
    }

    /// The reference that `init` names, which is to be the value of `count` new elements.
    /// If `count` is 0, null is accepted even where the table admits no null.
    ///
    /// Errors: as [`Store::resolve`], then as [`Store::require_admitted`].
    fn resolve_init(&self, table: &Table, count: u64, init: Handle) -> Result<GcRef> {
        let parameter = "init_or_null";
        let reference = self.resolve(init, parameter)?;
        if count > 0 || !reference.is_null() {
            self.require_admitted(table.element.admits, reference, parameter)?;
        }
        Ok(reference)
    }

    /// The table that `handle` names, and its array.
    ///
    /// Errors: [`Error::NullReference`], [`Error::WrongStore`], [`Error::Unrooted`];
    /// [`Error::Internal`].
    fn resolve_table(&self, handle: Handle, parameter: &'static str) -> Result<ResolvedTable> {
        if handle.is_null() {
            return Err(Error::NullReference { parameter });
        }
        self.require_mine(handle.store_id, parameter)?;
        match self.tables.get(handle) {
            Some((array, table)) => self.checked_array(array, &table),
            None => Err(no_table(handle, parameter)),
        }
    }

    /// A table and its array. Checks that the array is the table's, and lies in the heap.
    ///
    /// Errors: [`Error::Internal`].
    fn checked_array(&self, array: GcRef, &table: &Table) -> Result<ResolvedTable> {
        let (header, offset) = (self.header(array), array.offset());
        let length: u32 = self.load(offset + ARRAY_LENGTH)?;
        let sound = header.kind() == Some(Kind::Array)
            && header.type_index() == table.array_type
            && length >= table.size
            && self
                .mutator
                .memory
                .contains(offset, array_bytes(length, Storage::Ref.bytes()));
        if !sound {
            return Err(Error::internal("a table without its array", header.bits()));
        }
        Ok(ResolvedTable {
            table,
            array: offset,
            length: length.into(),
        })
    }

    /// The type and the size of a table. Never collects.
    ///
    /// Errors: as [`Store::resolve_table`]; [`Error::Limit`] for too many references to
    /// the type.
    pub(crate) fn table_type(&self, handle: Handle) -> Result<TableDescription> {
        let table = self.resolve_table(handle, "table")?.table;
        let array = self.types.kept(table.array_type)?;
        match array.composite.field(0) {
            Some((StorageType::Val(element), _)) => Ok(TableDescription {
                element,
                array,
                nullable: table.element.admits.null(),
                size: table.size.into(),
                maximum: table.maximum,
            }),
            _ => Err(Error::internal(
                "a table of unknown type",
                table.array_type.into(),
            )),
        }
    }

    /// The top type of the hierarchy of a table's elements. Never collects.
    ///
    /// Errors: as [`Store::resolve_table`].
    pub(crate) fn table_top(&self, handle: Handle) -> Result<AbstractType> {
        let array_type = self.resolve_table(handle, "table")?.table.array_type;
        let top = self.types.get(array_type).and_then(|of| of.top_of_field(0));
        top.ok_or(Error::internal(
            "a table of unknown type",
            array_type.into(),
        ))
    }

    /// The number of elements of a table. Never collects.
    ///
    /// Errors: as [`Store::resolve_table`].
    pub(crate) fn table_size(&self, handle: Handle) -> Result<u64> {
        Ok(self.resolve_table(handle, "table")?.table.size.into())
    }

    /// Ends a table, which no longer keeps its elements alive. Does nothing for null.
    /// Never collects.
    ///
    /// Errors: [`Error::WrongStore`], [`Error::Unrooted`].
    pub(crate) fn table_free(&self, handle: Handle) -> Result<()> {
        if handle.is_null() {
            return Ok(());
        }
        self.require_mine(handle.store_id, "table")?;
        if !self.tables.release(handle) {
            return Err(no_table(handle, "table"));
        }
        self.count_release();
        Ok(())
    }

    /// Checks that each table has an array of its type, with elements that the table
    /// admits, and null in the spare elements. The caller has checked that every
    /// reference in the heap refers to an object.
    ///
    /// Errors: [`Error::Internal`].
    pub(in crate::store) fn check_tables(&self) -> Result<()> {
        self.tables.each(|array, table| {
            let resolved = self.checked_array(array, table)?;
            (0..resolved.length).try_for_each(|index| {
                let reference = GcRef::from_raw(self.load(resolved.at(index))?);
                let sound = if index < table.size.into() {
                    self.admits(&{ table.element.admits }, reference)
                } else {
                    reference.is_null()
                };
                match sound {
                    true => Ok(()),
                    false => Err(Error::internal("a wrong element of a table", index)),
                }
            })
        })
    }
}

/// The error for a handle of this store that names no table.
fn no_table(handle: Handle, parameter: &'static str) -> Error {
    Error::Unrooted {
        parameter,
        kind: "table",
        slot: Tables::index(handle),
        generation: handle.generation(),
    }
}
