//! Values that stay alive while an operation collects or runs host code.
//!
//! The operation reads its caller's values once, into copies, and pushes a scoped root for
//! each reference. Collections update the roots. When the operation ends, all scoped roots
//! that it has pushed end too: those of the copies, and the one of the object that it made.

use core::ptr::NonNull;

use crate::base::fallible;
use crate::error::{Error, Result};
use crate::heap::GcRef;
use crate::roots::Handle;
use crate::store::raw::bits::FieldBits;
use crate::store::{Store, Value};
use crate::types::FieldLayout;

/// The scoped roots of one operation. They end when this is dropped.
pub(super) struct OwnRoots<'a> {
    store: &'a Store,
    before: u32,
}

impl<'a> OwnRoots<'a> {
    /// No roots. Those that are pushed from now on are the operation's.
    pub(super) fn new(store: &'a Store) -> OwnRoots<'a> {
        OwnRoots {
            store,
            before: store.lifo.len(),
        }
    }

    /// Roots a reference; null for null.
    ///
    /// Errors: [`Error::SystemMemory`], [`Error::Limit`].
    pub(super) fn push(&self, reference: GcRef) -> Result<Handle> {
        if reference.is_null() {
            return Ok(Handle::NULL);
        }
        Ok(self.store.handle(self.store.lifo.push(reference)?))
    }
}

impl Drop for OwnRoots<'_> {
    fn drop(&mut self) {
        self.store.lifo.truncate(self.before);
    }
}

/// A caller's values, in the order of its memory.
#[derive(Clone, Copy)]
pub(super) struct Given<'a> {
    /// The values.
    pub(super) first: NonNull<FieldBits>,
    /// Their fields: one for each value, or one element for all.
    pub(super) fields: &'a [FieldLayout],
    /// Their number.
    pub(super) count: usize,
    /// The parameter's name.
    pub(super) parameter: &'static str,
}

impl Given<'_> {
    fn field(&self, index: usize) -> Result<&FieldLayout> {
        let field = self.fields.get(index).or(self.fields.first());
        field.ok_or(Error::internal("a value without a field", index as u64))
    }

    /// Checks all values, each completely before the next. An error's `at` says of which
    /// value it is.
    ///
    /// Errors: as [`Store::raw_reference`]; as [`Store::require_value`].
    ///
    /// # Safety
    ///
    /// `first` must point to `count` values, each valid for reading as its field says.
    pub(super) unsafe fn check(
        &self,
        store: &Store,
        at: impl Fn(Error, usize) -> Error,
    ) -> Result<()> {
        // SAFETY: the caller's promise.
        let check = |index| unsafe { self.read(store, index) }.map_err(|error| at(error, index));
        (0..self.count).try_for_each(|index| check(index).map(|_| ()))
    }

    /// Reads the value at `index` and checks it completely.
    ///
    /// Errors: as [`Store::raw_reference`]; as [`Store::require_value`].
    ///
    /// # Safety
    ///
    /// The values must be readable.
    pub(super) unsafe fn read(&self, store: &Store, index: usize) -> Result<Value<GcRef>> {
        let field = self.field(index)?;
        // SAFETY: the caller's promise.
        let value = unsafe { FieldBits::read(self.first.add(index).as_ptr(), field.storage) };
        let value = value.try_map(|raw| store.raw_reference(raw, self.parameter))?;
        store.require_value(field, index as u64, value)?;
        Ok(value)
    }
}

/// Copies of a caller's values.
pub(super) struct Held<'a> {
    roots: OwnRoots<'a>,
    values: Vec<Value>,
    parameter: &'static str,
}

impl<'a> Held<'a> {
    /// Copies values that [`Given::check`] has passed.
    ///
    /// Errors: [`Error::SystemMemory`], [`Error::SideLimit`], [`Error::Limit`].
    ///
    /// # Safety
    ///
    /// The safety conditions of [`Given::check`] hold.
    pub(super) unsafe fn new(store: &'a Store, given: Given<'_>) -> Result<Held<'a>> {
        let mut held = Held {
            roots: OwnRoots::new(store),
            values: Vec::new(),
            parameter: given.parameter,
        };
        let reserved = held.values.try_reserve_exact(given.count);
        reserved.map_err(|_| fallible::refused(given.count.saturating_mul(size_of::<Value>())))?;
        for index in 0..given.count {
            // Checked again, because other threads may have written to the caller's memory.
            // SAFETY: the caller's promise.
            let value = unsafe { given.read(store, index) }?;
            let value = value.try_map(|reference| held.roots.push(reference))?;
            fallible::push(&mut held.values, value)?;
        }
        Ok(held)
    }

    /// The value at `index`, with its referent where it is now.
    ///
    /// Errors: [`Error::InvalidArgument`] if a reference that was never the start of an
    /// object does not look like one any more.
    pub(super) fn value(&self, index: usize) -> Result<Value<GcRef>> {
        let store = self.roots.store;
        let value = self.values.get(index).copied();
        let value = value.ok_or(Error::internal("a value that is not held", index as u64))?;
        value.try_map(|handle| {
            let reference = store.resolve(handle, self.parameter)?;
            if reference.is_object() {
                store.require_object(reference, self.parameter)?;
            }
            Ok(reference)
        })
    }
}
