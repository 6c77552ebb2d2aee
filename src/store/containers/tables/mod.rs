//! Tables: references by index, of which there may become more.
//!
//! A table is a record outside the heap ([`Table`]) and a hidden array in it, which no
//! handle refers to: a root slot of the table's own does. So references in tables go
//! through the barriers, and are traced, counted, verified and moved like those in other
//! objects; a collection that does not trace everything need not scan them.
//!
//! The array is as long as the table could grow without another. What is beyond the
//! table's size is null, and keeps nothing alive; so the elements of the array's type are
//! nullable, also where the table's are not, and a table says itself what it admits.
//!
//! Rejected: elements in spans of root slots. No barrier sees those, so each collection,
//! also one of a nursery, would scan all tables.

mod record;
#[cfg(test)]
mod tests;

use crate::error::{Error, Result};
use crate::heap::{ARRAY_ELEMENTS, ARRAY_LENGTH, FastPath, GcRef, Kind, array_bytes};
use crate::roots::Handle;
use crate::store::Store;
use crate::store::host_code::{Attempt, Stop};
use crate::store::objects::arrays::{element_at, require_range};
use crate::store::objects::value::Value;
use crate::types::{
    AbstractType, Composite, FieldLayout, HeapType, RefType, RegisteredType, Storage, StorageType,
    Type, ValType,
};
pub(in crate::store) use record::{Table, Tables, limited};

/// A table and its array.
#[derive(Clone, Copy, Debug)]
struct Found {
    table: Table,
    /// Where the array starts.
    offset: u64,
    /// How many elements the array has: the table's, and then nulls.
    length: u64,
}

/// What a table is of.
#[derive(Debug)]
pub(crate) struct TableOf {
    /// The type of its array.
    pub(crate) array: Type,
    /// The type of its elements, but that null is one here.
    pub(crate) element: ValType<u32>,
    /// Whether null is one.
    pub(crate) nullable: bool,
    /// How many elements there are.
    pub(crate) size: u64,
    /// How many there may be.
    pub(crate) maximum: u64,
}

impl Found {
    /// Where the element at `index` is.
    fn at(&self, index: u64) -> u64 {
        element_at(self.offset, Storage::Ref, index)
    }
}

impl Store {
    /// Makes a table of `size` elements, all of them `init`. May collect; finalizers are
    /// queued.
    ///
    /// Errors: [`Error::InvalidArgument`] if there are more than `maximum`;
    /// [`Error::WrongEngine`]; as [`Store::admitted`]; [`Error::Limit`]; those of
    /// allocating.
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
        let mut table = Table {
            element: FieldLayout {
                offset: ARRAY_ELEMENTS as u32,
                admits: self.slot_of(registered(element))?,
                storage: Storage::Ref,
                mutable: true,
            },
            array_type: 0,
            size: 0,
            maximum,
        };
        let check = || self.admitted(&table, size, init);
        check()?;
        let length = limited(size)?;
        let of = self.array_type(element)?;
        let array = self.make_array(&of, length, || self.tables.reserve(table), &check)?;
        (table.array_type, table.size) = (of.index, length);
        self.cold.borrow_mut().fill_values(
            self,
            &table.element,
            array.offset(),
            element_at(array.offset(), Storage::Ref, 0),
            size,
            Value::Ref(self.admitted(&table, size, init)?),
        )?;
        Ok(self.handle(self.tables.allocate(array, table)))
    }

    /// The type of the arrays of tables whose elements are of this type, or null.
    fn array_type(&self, element: RefType<&Type>) -> Result<Type> {
        let nullable = RefType {
            nullable: true,
            ..element
        };
        self.hidden_type(ValType::Ref(nullable), |of| Ok(Composite::Array(of)))
    }

    /// Makes an array of nulls that no root refers to, unless `check` refuses; `reserve`
    /// as in [`Store::make_held`].
    fn make_array(
        &self,
        of: &Type,
        length: u32,
        reserve: impl FnOnce() -> Result<()>,
        check: &impl Fn() -> Result<GcRef>,
    ) -> Attempt<GcRef> {
        let bytes = Ok(array_bytes(length, Storage::Ref.bytes()));
        self.make_held(
            of,
            bytes,
            reserve,
            || check().map(|_| ()),
            |_, array| self.store(array.offset() + ARRAY_LENGTH, length),
        )
    }

    /// What `value` refers to, which is to be in `count` elements; null for none is
    /// fine also where elements are never null.
    ///
    /// Errors: as [`Store::resolve`], then as [`Store::require_admitted`].
    fn admitted(&self, table: &Table, count: u64, value: Handle) -> Result<GcRef> {
        let parameter = "init_or_null";
        let reference = self.resolve(value, parameter)?;
        if count > 0 || !reference.is_null() {
            self.require_admitted(table.element.admits, reference, parameter)?;
        }
        Ok(reference)
    }

    /// The table that `handle` names.
    ///
    /// Errors: [`Error::NullReference`], [`Error::WrongStore`], [`Error::Unrooted`];
    /// [`Error::Internal`].
    fn table(&self, handle: Handle, parameter: &'static str) -> Result<Found> {
        if handle.is_null() {
            return Err(Error::NullReference { parameter });
        }
        self.require_mine(handle.store_id, parameter)?;
        match self.tables.get(handle) {
            Some((array, table)) => self.found(array, &table),
            None => Err(no_table(handle, parameter)),
        }
    }

    /// A table and its array, which must agree.
    ///
    /// Errors: [`Error::Internal`].
    fn found(&self, array: GcRef, &table: &Table) -> Result<Found> {
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
        Ok(Found {
            table,
            offset,
            length: length.into(),
        })
    }

    /// The table that `handle` names, where its array is, and where in that its element at
    /// `index` is, if everything is as usual.
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

    /// An element, as a new scoped root; null for null. Never collects.
    ///
    /// Errors: as [`Store::table`]; [`Error::OutOfBounds`]; those of a push.
    pub(crate) fn table_get(&self, handle: Handle, index: u64) -> Result<Handle> {
        let found = self.table(handle, "table")?;
        require_range(index, 1, found.table.size.into())?;
        self.root_at(found.at(index))
    }

    /// [`Store::table_get`], if everything is as usual.
    #[inline(always)]
    pub(crate) fn table_get_fast(&self, handle: Handle, index: u64) -> Option<Handle> {
        let (_, _, at) = self.table_element_fast(handle, index)?;
        self.root_or_null_at_fast(at)
    }

    /// Sets an element. Never collects.
    ///
    /// Errors: as [`Store::table`]; those of the value's handle;
    /// [`Store::require_admitted`]; [`Error::OutOfBounds`].
    pub(crate) fn table_set(&self, handle: Handle, index: u64, value: Handle) -> Result<()> {
        self.table_fill(handle, index, value, 1)
    }

    /// [`Store::table_set`], if everything is as usual.
    #[inline(always)]
    pub(crate) fn table_set_fast(&self, handle: Handle, index: u64, value: Handle) -> bool {
        let Some((table, holder, at)) = self.table_element_fast(handle, index) else {
            return false;
        };
        self.store_ref_fast(FastPath::Leaf, &table.element, holder, at, value)
            .is_some()
    }

    /// What a table is of. Never collects.
    ///
    /// Errors: as [`Store::table`].
    pub(crate) fn table_type(&self, handle: Handle) -> Result<TableOf> {
        let table = self.table(handle, "table")?.table;
        let array = self.types.kept(table.array_type)?;
        match array.composite.field(0) {
            Some((StorageType::Val(element), _)) => Ok(TableOf {
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

    /// The top of the hierarchy of a table's elements. Never collects.
    ///
    /// Errors: as [`Store::table`].
    pub(crate) fn table_top(&self, handle: Handle) -> Result<AbstractType> {
        let array_type = self.table(handle, "table")?.table.array_type;
        let top = self.types.get(array_type).and_then(|of| of.top_of_field(0));
        top.ok_or(Error::internal(
            "a table of unknown type",
            array_type.into(),
        ))
    }

    /// How many elements a table has. Never collects.
    ///
    /// Errors: as [`Store::table`].
    pub(crate) fn table_size(&self, handle: Handle) -> Result<u64> {
        Ok(self.table(handle, "table")?.table.size.into())
    }

    /// Sets `count` elements from `index` on to a value. Never collects.
    ///
    /// Errors: as [`Store::table_set`].
    pub(crate) fn table_fill(
        &self,
        handle: Handle,
        index: u64,
        value: Handle,
        count: u64,
    ) -> Result<()> {
        let found = self.table(handle, "table")?;
        let parameter = "value_or_null";
        let value = self.resolve(value, parameter)?;
        self.require_admitted(found.table.element.admits, value, parameter)?;
        require_range(index, count, found.table.size.into())?;
        let (at, value) = (found.at(index), Value::Ref(value));
        self.cold.borrow_mut().fill_values(
            self,
            &found.table.element,
            found.offset,
            at,
            count,
            value,
        )
    }

    /// Copies `count` elements from one table to another or the same, also where the two
    /// ranges overlap. Never collects.
    ///
    /// Errors: as [`Store::table`] for `target`, then for `source`;
    /// [`Error::TypeMismatch`] if not every element of the source's type may be one of
    /// the target's; [`Error::OutOfBounds`].
    pub(crate) fn table_copy(
        &self,
        (target, target_index): (Handle, u64),
        (source, source_index): (Handle, u64),
        count: u64,
    ) -> Result<()> {
        let target = self.table(target, "dst")?;
        let source = self.table(source, "src")?;
        self.require_elements_fit(&source.table, &target.table)?;
        require_range(target_index, count, target.table.size.into())?;
        require_range(source_index, count, source.table.size.into())?;
        let (from, to) = (source.at(source_index), target.at(target_index));
        self.cold
            .borrow_mut()
            .copy_values(self, Storage::Ref, from, target.offset, to, count)
    }

    /// Refuses a table whose elements are not all elements of another.
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
        let same = from.index == to.index || self.engine.types().elements_fit(from, to);
        if same && (target.element.admits.null() || !source.element.admits.null()) {
            return Ok(());
        }
        Err(Error::TypeMismatch {
            needed: "a table whose elements fit the target table",
            found: "an incompatible table",
        })
    }

    /// Appends `delta` elements, all of them `init`; answers how many there were. May
    /// collect; finalizers are queued. A failure changes nothing.
    ///
    /// Errors: as [`Store::table`]; as [`Store::admitted`]; [`Error::Limit`]; those of
    /// allocating.
    pub(crate) fn table_grow(&self, handle: Handle, delta: u64, init: Handle) -> Attempt<u64> {
        let found = self.table(handle, "table")?;
        let check = || self.admitted(&found.table, delta, init);
        check()?;
        let size = found.table.grown(delta)?;
        if u64::from(size) > found.length {
            self.lengthen(handle, &found.table, size, &check)?;
        }
        let mut grown = self.table(handle, "table")?;
        let before = grown.table.size.into();
        self.cold.borrow_mut().fill_values(
            self,
            &grown.table.element,
            grown.offset,
            grown.at(before),
            delta,
            Value::Ref(check()?),
        )?;
        grown.table.size = size;
        self.tables
            .set(handle, GcRef::from_offset(grown.offset), grown.table);
        Ok(before)
    }

    /// Gives a table an array for `size` elements, and perhaps for more.
    ///
    /// Errors: those of `check`, of allocating.
    fn lengthen(
        &self,
        handle: Handle,
        table: &Table,
        size: u32,
        check: &impl Fn() -> Result<GcRef>,
    ) -> Attempt<()> {
        let of = self.types.kept(table.array_type)?;
        let mut outcome = Ok(());
        for length in table.lengths(size) {
            outcome = self.replace_array(handle, &of, length, check);
            // A shorter array may have room. An attempt that asks is repeated as a whole.
            if !matches!(outcome, Err(Stop::Refused(error)) if is_for_room(error)) {
                break;
            }
        }
        outcome
    }

    /// Gives a table an array of this length, with the elements that it has.
    fn replace_array(
        &self,
        handle: Handle,
        of: &Type,
        length: u32,
        check: &impl Fn() -> Result<GcRef>,
    ) -> Attempt<()> {
        let array = self.make_array(of, length, || Ok(()), check)?;
        // Found again: a collection may have moved it.
        let old = self.table(handle, "table")?;
        let to = element_at(array.offset(), Storage::Ref, 0);
        let count = old.table.size.into();
        self.cold.borrow_mut().copy_values(
            self,
            Storage::Ref,
            old.at(0),
            array.offset(),
            to,
            count,
        )?;
        self.tables.set(handle, array, old.table);
        Ok(())
    }

    /// Ends a table, and lets its elements go; nothing happens for null. Never collects.
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

    /// Checks that each table has an array of its type, with elements that it admits and
    /// then nulls. References in objects have been found to lead to objects.
    ///
    /// Errors: [`Error::Internal`].
    pub(in crate::store) fn check_tables(&self) -> Result<()> {
        self.tables.each(|array, table| {
            let found = self.found(array, table)?;
            (0..found.length).try_for_each(|index| {
                let reference = GcRef::from_raw(self.load(found.at(index))?);
                let sound = if index < table.size.into() {
                    self.admits(table.element.admits, reference)
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

/// A reference's type, with registered types as slots know them.
pub(in crate::store) fn registered(of: RefType<&Type>) -> RefType<&RegisteredType> {
    RefType {
        nullable: of.nullable,
        heap: match of.heap {
            HeapType::Abstract(heap) => HeapType::Abstract(heap),
            HeapType::Concrete(concrete) => HeapType::Concrete(concrete),
        },
    }
}

/// Whether an array was refused that might have been too long only.
fn is_for_room(error: Error) -> bool {
    matches!(
        error,
        Error::HeapLimit { .. }
            | Error::GrowthRefused { .. }
            | Error::NoGc { .. }
            | Error::SystemMemory { .. }
    )
}

fn no_table(handle: Handle, parameter: &'static str) -> Error {
    Error::Unrooted {
        parameter,
        kind: "table",
        slot: Tables::index(handle),
        generation: handle.generation(),
    }
}
