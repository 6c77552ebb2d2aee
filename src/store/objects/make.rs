//! Making objects: check, allocate, check again, write (OBJECTS-1).

use crate::error::{Error, Result};
use crate::heap::GcRef;
use crate::roots::Handle;
use crate::store::objects::value::Value;
use crate::store::protocol::Attempt;
use crate::store::{Cold, Store};
use crate::types::{RegisteredType, Type};

impl Store {
    /// Makes an object of a type of this engine, and roots it in the current scope. May
    /// collect; finalizers are queued.
    ///
    /// `bytes` is the size, or the error for a size that is too large. `check` checks the
    /// contents, and `write` writes them. Bytes that `write` leaves alone are 0.
    ///
    /// Errors: as [`Store::make_unrooted`]; [`Error::Limit`] for too many roots.
    pub(in crate::store) fn make(
        &self,
        of: &Type,
        bytes: Result<u64>,
        check: impl Fn() -> Result<()>,
        write: impl FnOnce(&mut Cold, GcRef) -> Result<()>,
    ) -> Attempt<Handle> {
        let reserve = || self.lifo.reserve_one();
        let object = self.make_unrooted(of, bytes, reserve, check, write)?;
        Ok(self.handle(self.lifo.push(object)?))
    }

    /// As [`Store::make`], but the caller keeps the object alive: `reserve` makes room
    /// for the slot by which it will do so.
    ///
    /// `check` runs twice: before anything happens, and after the allocation, because a
    /// collection may end manual roots that other threads want unrooted. If a check or
    /// `reserve` fails, the object is freed.
    ///
    /// Errors: those of `check`, then the error in `bytes`, then those of
    /// [`Cold::allocate`] and [`Cold::keep_type`], then those of `reserve`.
    pub(in crate::store) fn make_unrooted(
        &self,
        of: &Type,
        bytes: Result<u64>,
        reserve: impl FnOnce() -> Result<()>,
        check: impl Fn() -> Result<()>,
        write: impl FnOnce(&mut Cold, GcRef) -> Result<()>,
    ) -> Attempt<GcRef> {
        self.manual.unroot_some();
        check()?;
        let bytes = bytes?;
        let mut cold = self.cold.borrow_mut();
        let object = cold.allocate(self, of.header, bytes)?;
        cold.keep_type(self, of)
            .and_then(|()| reserve())
            .and_then(|()| check())
            .inspect_err(|_| cold.free_unused(self, object, bytes))?;
        write(&mut cold, object)?;
        Ok(object)
    }

    /// Makes a struct or an exception whose fields have these values, and roots it in the
    /// current scope. `write` writes what the object has besides its fields. May collect;
    /// finalizers are queued.
    ///
    /// Errors: as [`require_count`]; for each value those of `value`, then as
    /// [`Store::require_value`]; as [`Store::make`].
    pub(in crate::store) fn make_with_fields(
        &self,
        of: &Type,
        count: usize,
        value: &impl Fn(usize) -> Result<Value<GcRef>>,
        write: impl FnOnce(&Store, GcRef) -> Result<()>,
    ) -> Attempt<Handle> {
        require_count(of, count)?;
        let fields = || of.fields.iter().enumerate();
        let check = || {
            fields().try_for_each(|(index, field)| {
                self.require_value(field, index as u64, value(index)?)
            })
        };
        self.make(of, Ok(of.layout.bytes.into()), check, |cold, object| {
            for (index, field) in fields() {
                let at = object.offset() + u64::from(field.offset);
                let value = value(index)?;
                cold.write_value(self, field.storage, object.offset(), at, value)?;
            }
            write(self, object)
        })
    }
}

/// Requires one value for each field of a type.
///
/// Errors: [`Error::WrongCount`].
pub(in crate::store) fn require_count(of: &RegisteredType, count: usize) -> Result<()> {
    if count == of.fields.len() {
        return Ok(());
    }
    Err(Error::WrongCount {
        count: count as u64,
        needed: of.fields.len() as u64,
    })
}

impl Cold {
    /// Keeps a type in this store (TYPES-9): in the table that readers of headers use,
    /// and in the table of layouts that collectors use (TYPES-17).
    ///
    /// Errors: [`Error::SystemMemory`], [`Error::Limit`].
    pub(in crate::store) fn keep_type(&mut self, store: &Store, of: &Type) -> Result<()> {
        if store.types.has(of) {
            return Ok(());
        }
        // The layout comes first, so that each type in the table has a layout. If keeping
        // the type then fails, a later type with this index replaces the layout.
        self.layouts.add(of.index, &of.trace)?;
        store.types.keep(of)
    }
}
