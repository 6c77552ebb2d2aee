//! Values: what fields and elements are set to and read as.

use crate::error::{Error, Result};
#[cfg(test)]
use crate::heap::Barrier;
use crate::heap::{FastPath, GcRef, PlainBits};
use crate::roots::Handle;
use crate::store::{Cold, Store};
use crate::types::{FieldLayout, Storage};

/// A value. `R` is a handle outside the store, and what it resolves to inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value<R = Handle> {
    /// 32 bits; packed fields take the lower ones.
    I32(u32),
    /// 64 bits.
    I64(u64),
    /// The bits of a 32-bit float.
    F32(u32),
    /// The bits of a 64-bit float.
    F64(u64),
    /// 128 bits.
    V128([u8; 16]),
    /// A reference.
    Ref(R),
}

/// A value that is taken apart where it lies, for fast paths.
pub(crate) trait RawValue {
    /// The number of the [`Storage`] of a field that is not packed and has it, or any
    /// other.
    fn kind(&self) -> u32;
    /// The bits of a value of 32.
    fn bits32(&self) -> u32;
    /// The bits of a value of 64.
    fn bits64(&self) -> u64;
    /// The handle of a reference.
    fn handle(&self) -> Handle;
}

impl<R> Value<R> {
    /// What a field that is not packed stores it as.
    #[inline(always)]
    pub(crate) fn storage(&self) -> Storage {
        match self {
            Value::I32(_) => Storage::I32,
            Value::I64(_) => Storage::I64,
            Value::F32(_) => Storage::F32,
            Value::F64(_) => Storage::F64,
            Value::V128(_) => Storage::V128,
            Value::Ref(_) => Storage::Ref,
        }
    }

    /// The same value with the reference that `convert` makes of its own.
    ///
    /// Errors: those of `convert`.
    #[inline(always)]
    pub(in crate::store) fn try_map<S>(
        self,
        convert: impl FnOnce(R) -> Result<S>,
    ) -> Result<Value<S>> {
        Ok(match self {
            Value::I32(bits) => Value::I32(bits),
            Value::I64(bits) => Value::I64(bits),
            Value::F32(bits) => Value::F32(bits),
            Value::F64(bits) => Value::F64(bits),
            Value::V128(bytes) => Value::V128(bytes),
            Value::Ref(reference) => Value::Ref(convert(reference)?),
        })
    }
}

impl Store {
    /// What a value's handle refers to.
    ///
    /// Errors: as [`Store::resolve`].
    #[inline]
    pub(in crate::store) fn resolve_value(&self, value: Value) -> Result<Value<GcRef>> {
        value.try_map(|handle| self.resolve(handle, "value"))
    }

    /// Refuses a value that the field does not take; `index` is the field's, or the
    /// element's.
    ///
    /// Errors: [`Error::WrongValue`], [`Error::NotOfType`]; [`Error::NullValue`] for null
    /// where it is not taken.
    pub(in crate::store) fn admit(
        &self,
        field: &FieldLayout,
        index: u64,
        value: Value<GcRef>,
    ) -> Result<()> {
        let needed = match field.storage {
            Storage::I8 | Storage::I16 => Storage::I32,
            other => other,
        };
        if value.storage() != needed {
            return Err(Error::WrongValue {
                index,
                needed: needed.name(),
                found: value.storage().name(),
            });
        }
        match value {
            Value::Ref(reference) => self
                .require_admitted(field.admits, reference, "value")
                .map_err(|error| of_value(error, index)),
            _ => Ok(()),
        }
    }

    /// Reads a field's value; the handle that it may hold is a new scoped root. Packed
    /// fields are extended with zeros.
    ///
    /// Errors: those of a push, [`Error::Internal`].
    pub(in crate::store) fn read_value(&self, storage: Storage, at: u64) -> Result<Value> {
        Ok(match storage {
            Storage::I8 => Value::I32(self.load::<u8>(at)?.into()),
            Storage::I16 => Value::I32(self.load::<u16>(at)?.into()),
            Storage::I32 => Value::I32(self.load(at)?),
            Storage::I64 => Value::I64(self.load(at)?),
            Storage::F32 => Value::F32(self.load(at)?),
            Storage::F64 => Value::F64(self.load(at)?),
            Storage::V128 => Value::V128(self.load(at)?),
            Storage::Ref => Value::Ref(self.root_at(at)?),
        })
    }

    /// A new scoped root for the reference at `at`; null for null.
    ///
    /// Errors: those of a push, [`Error::Internal`].
    pub(in crate::store) fn root_at(&self, at: u64) -> Result<Handle> {
        let reference = GcRef::from_raw(self.load(at)?);
        if !self.mutator.memory.may_hold(reference) {
            return Err(Error::internal(
                "a reference outside the heap",
                reference.raw().into(),
            ));
        }
        if reference.is_null() {
            return Ok(Handle::NULL);
        }
        self.push_root(reference)
    }

    /// [`Store::root_at`], if it needs no slow path. `None` for null too.
    #[inline(always)]
    pub(in crate::store) fn root_at_fast(&self, at: u64) -> Option<Handle> {
        let reference = GcRef::from_raw(self.mutator.memory.load(at)?);
        if reference.is_null() || !self.mutator.memory.may_hold(reference) {
            return None;
        }
        self.push_fast(reference)
    }

    /// [`Store::root_at`], if it needs no slow path.
    #[inline(always)]
    pub(in crate::store) fn root_or_null_at_fast(&self, at: u64) -> Option<Handle> {
        let reference = GcRef::from_raw(self.mutator.memory.load(at)?);
        if reference.is_null() {
            return Some(Handle::NULL);
        }
        if !self.mutator.memory.may_hold(reference) {
            return None;
        }
        self.push_fast(reference)
    }

    /// A packed field, its sign extended or zeros before it; `None` if it is not packed.
    #[inline(always)]
    pub(in crate::store) fn load_packed_fast(
        &self,
        storage: Storage,
        at: u64,
        signed: bool,
    ) -> Option<u32> {
        match storage {
            Storage::I8 => {
                let bits: u8 = self.mutator.memory.load(at)?;
                Some(if signed {
                    bits as i8 as u32
                } else {
                    bits.into()
                })
            }
            Storage::I16 => {
                let bits: u16 = self.mutator.memory.load(at)?;
                Some(if signed {
                    bits as i16 as u32
                } else {
                    bits.into()
                })
            }
            _ => None,
        }
    }

    /// [`Store::load_packed_fast`].
    ///
    /// Errors: [`Error::TypeMismatch`], [`Error::Internal`].
    pub(in crate::store) fn load_packed(
        &self,
        field: &FieldLayout,
        at: u64,
        signed: bool,
    ) -> Result<u32> {
        if !matches!(field.storage, Storage::I8 | Storage::I16) {
            return Err(Error::TypeMismatch {
                needed: "an i8 or i16",
                found: field.storage.name(),
            });
        }
        self.load_packed_fast(field.storage, at, signed)
            .ok_or(outside(at))
    }

    /// What a handle to be stored refers to, if everything is as usual.
    #[inline(always)]
    pub(in crate::store) fn resolve_value_fast(&self, handle: Handle) -> Option<GcRef> {
        if handle.is_null() {
            return Some(GcRef::NULL);
        }
        self.resolve_fast(handle)
    }

    /// Stores a reference in the slot at `at`, in the object at `holder`, if everything
    /// is as usual and the barrier takes no more than `path`.
    #[inline(always)]
    pub(in crate::store) fn store_ref_fast(
        &self,
        path: FastPath,
        field: &FieldLayout,
        holder: u64,
        at: u64,
        value: Handle,
    ) -> Option<()> {
        let reference = self.resolve_value_fast(value)?;
        if field.storage != Storage::Ref || !self.admits(field.admits, reference) {
            return None;
        }
        self.mutator.write_gc_ref(path, holder, at, reference)
    }

    /// Reads what is at `at` in the heap.
    ///
    /// Errors: [`Error::Internal`] if no object is there: what led there is nonsense.
    pub(in crate::store) fn load<T: PlainBits>(&self, at: u64) -> Result<T> {
        self.mutator.memory.load(at).ok_or(outside(at))
    }

    /// Writes to `at` in the heap what is no reference.
    ///
    /// Errors: as [`Store::load`].
    pub(in crate::store) fn store<T: PlainBits>(&self, at: u64, bits: T) -> Result<()> {
        self.mutator.memory.store(at, bits).ok_or(outside(at))
    }
}

impl Cold {
    /// Writes a value that the field takes ([`Store::admit`]) to `at`, in the object at
    /// `holder`.
    ///
    /// Errors: [`Error::Internal`].
    pub(in crate::store) fn write_value(
        &mut self,
        store: &Store,
        storage: Storage,
        holder: u64,
        at: u64,
        value: Value<GcRef>,
    ) -> Result<()> {
        match value {
            Value::I32(bits) => match storage {
                Storage::I8 => store.store(at, bits as u8),
                Storage::I16 => store.store(at, bits as u16),
                _ => store.store(at, bits),
            },
            Value::F32(bits) => store.store(at, bits),
            Value::I64(bits) | Value::F64(bits) => store.store(at, bits),
            Value::V128(bytes) => store.store(at, bytes),
            Value::Ref(reference) => {
                store.count_release();
                self.heap()?.write_gc_ref(holder, at, reference)
            }
        }
    }
}

#[cfg(test)]
impl Store {
    /// Has the fast paths store references without a barrier, or through the slow one: a
    /// fault, for tests of what finds it.
    pub(crate) fn leave_barriers_out(&self, on: bool) {
        self.mutator
            .set_barrier(if on { Barrier::NONE } else { Barrier::SLOW });
    }
}

/// The error for a value at `index` that is refused as a reference would be.
fn of_value(error: Error, index: u64) -> Error {
    match error {
        Error::NullReference { .. } => Error::NullValue { index },
        Error::TypeMismatch { needed, found } => Error::WrongValue {
            index,
            needed,
            found,
        },
        Error::NotOfType {
            needed,
            found,
            found_type,
            ..
        } => Error::NotOfType {
            value: Some(index),
            needed,
            found,
            found_type,
        },
        other => other,
    }
}

/// The error for a place where no object is.
#[cold]
pub(in crate::store) fn outside(at: u64) -> Error {
    Error::internal("a field outside the heap", at)
}
