//! Loads and stores of values in the heap. Every store of a reference goes through the
//! barrier here.
//!
//! Positions are offsets from the heap's base. `holder` is where the object that contains
//! the position starts, for the barrier.

use crate::error::{Error, Result};
#[cfg(test)]
use crate::heap::Barrier;
use crate::heap::{FastPath, GcRef, PlainBits};
use crate::host::CallValue;
use crate::roots::Handle;
use crate::store::objects::value::{RawValue, ReferenceSource, Value};
use crate::store::{Cold, Store};
use crate::types::{AbstractType, FieldLayout, RegisteredType, Storage};

impl Store {
    /// Loads the bits at `at`.
    ///
    /// Errors: [`Error::Internal`] if `at` is not in the heap: something that led there
    /// was overwritten.
    pub(in crate::store) fn load<T: PlainBits>(&self, at: u64) -> Result<T> {
        self.mutator.memory.load(at).ok_or(outside(at))
    }

    /// Stores bits at `at` that are not a reference.
    ///
    /// Errors: as [`Store::load`].
    pub(in crate::store) fn store<T: PlainBits>(&self, at: u64, bits: T) -> Result<()> {
        self.mutator.memory.store(at, bits).ok_or(outside(at))
    }

    /// Loads the value of a field. A reference becomes a new scoped root. A packed field
    /// is extended with zeros (OBJECTS-2).
    ///
    /// Errors: as [`Store::push_root`]; [`Error::Internal`].
    pub(in crate::store) fn read_value(&self, storage: Storage, at: u64) -> Result<Value> {
        self.value_at(storage, at)?
            .try_map(|reference| self.push_unless_null(reference))
    }

    /// Loads the value of a field. A packed field is extended with zeros (OBJECTS-2).
    ///
    /// Errors: [`Error::Internal`].
    #[inline]
    pub(in crate::store) fn value_at(&self, storage: Storage, at: u64) -> Result<Value<GcRef>> {
        Ok(match storage {
            Storage::I8 => Value::I32(self.load::<u8>(at)?.into()),
            Storage::I16 => Value::I32(self.load::<u16>(at)?.into()),
            Storage::I32 => Value::I32(self.load(at)?),
            Storage::I64 => Value::I64(self.load(at)?),
            Storage::F32 => Value::F32(self.load(at)?),
            Storage::F64 => Value::F64(self.load(at)?),
            Storage::V128 => Value::V128(self.load(at)?),
            Storage::Ref => Value::Ref(self.reference_at(at)?),
        })
    }

    /// A new scoped root for the reference at `at`. Null for null.
    ///
    /// Errors: as [`Store::push_root`]; [`Error::Internal`].
    pub(in crate::store) fn root_at(&self, at: u64) -> Result<Handle> {
        self.push_unless_null(self.reference_at(at)?)
    }

    /// Loads the reference at `at`.
    ///
    /// Errors: [`Error::Internal`].
    pub(in crate::store) fn reference_at(&self, at: u64) -> Result<GcRef> {
        let reference = GcRef::from_raw(self.load(at)?);
        if !self.mutator.memory.may_hold(reference) {
            return Err(Error::internal(
                "a reference outside the heap",
                reference.raw().into(),
            ));
        }
        Ok(reference)
    }

    /// The fast form of [`Store::root_at`].
    #[inline(always)]
    pub(in crate::store) fn root_at_fast(&self, at: u64) -> Option<Handle> {
        self.root_bits_fast(self.mutator.memory.load(at)?)
    }

    /// The fast form of [`Store::root_at`] for a field or an element, in an object that
    /// starts in the heap.
    #[inline(always)]
    pub(in crate::store) fn root_field_fast(&self, at: u64) -> Option<Handle> {
        self.root_bits_fast(self.load_field(at)?)
    }

    #[inline(always)]
    fn root_bits_fast(&self, bits: u32) -> Option<Handle> {
        let reference = GcRef::from_raw(bits);
        if reference.is_null() {
            return Some(Handle::NULL);
        }
        if !self.mutator.memory.may_hold(reference) {
            return None;
        }
        self.push_fast(reference)
    }

    /// The fast form of [`Store::load_packed`].
    #[inline(always)]
    pub(in crate::store) fn load_packed_fast(
        &self,
        storage: Storage,
        at: u64,
        signed: bool,
    ) -> Option<u32> {
        match storage {
            Storage::I8 => {
                let bits: u8 = self.load_field(at)?;
                Some(if signed {
                    bits as i8 as u32
                } else {
                    bits.into()
                })
            }
            Storage::I16 => {
                let bits: u16 = self.load_field(at)?;
                Some(if signed {
                    bits as i16 as u32
                } else {
                    bits.into()
                })
            }
            _ => None,
        }
    }

    /// Loads a packed field. `signed` chooses sign extension over zero extension.
    ///
    /// Errors: [`Error::TypeMismatch`] if the field is not packed; [`Error::Internal`].
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

    /// The fast form of [`Store::read_value`].
    #[inline(always)]
    pub(in crate::store) fn read_value_fast(&self, storage: Storage, at: u64) -> Option<CallValue> {
        let words = match storage {
            Storage::I8 => [self.load_field::<u8>(at)?.into(), 0],
            Storage::I16 => [self.load_field::<u16>(at)?.into(), 0],
            Storage::I32 | Storage::F32 => [self.load_field::<u32>(at)?.into(), 0],
            Storage::I64 | Storage::F64 => [self.load_field::<u64>(at)?, 0],
            Storage::V128 => [self.load_field::<u64>(at)?, self.load_field::<u64>(at + 8)?],
            Storage::Ref => {
                let handle = self.root_field_fast(at)?;
                [handle.store_id, handle.slot]
            }
        };
        Some(CallValue::of_words(storage, words))
    }

    /// The fast form of [`Store::read_value`] for field `index` of an object of type `of`,
    /// with the top of the hierarchy of a reference. For a number that is
    /// [`AbstractType::Any`]. `None` also for a slot of every reference (TYPES-18).
    #[inline(always)]
    pub(in crate::store) fn value_and_top_fast(
        &self,
        of: &RegisteredType,
        index: usize,
        storage: Storage,
        at: u64,
    ) -> Option<(Value, AbstractType)> {
        let number = match storage {
            Storage::I8 => Value::I32(self.load_field::<u8>(at)?.into()),
            Storage::I16 => Value::I32(self.load_field::<u16>(at)?.into()),
            Storage::I32 => Value::I32(self.load_field(at)?),
            Storage::I64 => Value::I64(self.load_field(at)?),
            Storage::F32 => Value::F32(self.load_field(at)?),
            Storage::F64 => Value::F64(self.load_field(at)?),
            Storage::V128 => Value::V128(self.load_field(at)?),
            Storage::Ref => {
                let top = of.top_of_field(index)?;
                if top == AbstractType::Every {
                    return None;
                }
                return Some((Value::Ref(self.root_field_fast(at)?), top));
            }
        };
        Some((number, AbstractType::Any))
    }

    /// Stores a value that the field admits. `None`, with nothing changed, if the field
    /// does not admit it, or if the barrier needs more than `path`.
    #[inline(always)]
    pub(in crate::store) fn store_value_fast(
        &self,
        path: FastPath,
        field: &FieldLayout,
        holder: u64,
        at: u64,
        value: impl RawValue,
    ) -> Option<()> {
        if !value.fits(field.takes) {
            return None;
        }
        match field.storage {
            Storage::I8 => self.store_field(at, value.bits32() as u8),
            Storage::I16 => self.store_field(at, value.bits32() as u16),
            Storage::I32 | Storage::F32 => self.store_field(at, value.bits32()),
            Storage::I64 | Storage::F64 => self.store_field(at, value.bits64()),
            Storage::V128 => self.store_field(at, value.bits128()),
            Storage::Ref => self.store_ref_fast(path, field, holder, at, value.reference()),
        }
    }

    /// Stores a reference that the field admits. `None`, with nothing changed, if the
    /// field does not admit it, or if the barrier needs more than `path`.
    #[inline(always)]
    pub(in crate::store) fn store_ref_fast(
        &self,
        path: FastPath,
        field: &FieldLayout,
        holder: u64,
        at: u64,
        value: impl ReferenceSource,
    ) -> Option<()> {
        if field.storage != Storage::Ref {
            return None;
        }
        let reference = value.admitted_fast(self, &field.admits)?;
        self.mutator.write_gc_ref(path, holder, at, reference)
    }
}

impl Cold {
    /// Stores a value that the field admits ([`Store::require_value`]).
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
                let heap = self.heap()?;
                heap.take_log(&store.mutator.log);
                heap.write_gc_ref(holder, at, reference)
            }
        }
    }

    /// Stores a value that the element admits in `count` elements from `at` on.
    ///
    /// Errors: [`Error::Internal`].
    pub(in crate::store) fn fill_values(
        &mut self,
        store: &Store,
        element: &FieldLayout,
        holder: u64,
        at: u64,
        count: u64,
        value: Value<GcRef>,
    ) -> Result<()> {
        let mutator = &store.mutator;
        let memory = &mutator.memory;
        let filled = match value {
            Value::I32(bits) if element.storage == Storage::I8 => {
                memory.fill(at, count, bits as u8)
            }
            Value::I32(bits) if element.storage == Storage::I16 => {
                memory.fill(at, count, bits as u16)
            }
            Value::I32(bits) | Value::F32(bits) => memory.fill(at, count, bits),
            Value::I64(bits) | Value::F64(bits) => memory.fill(at, count, bits),
            Value::V128(bytes) => memory.fill(at, count, bytes),
            Value::Ref(reference) if mutator.barrier().is_none() => {
                memory.fill(at, count, reference.raw())
            }
            Value::Ref(reference) => {
                store.count_release();
                return self.heap()?.fill_gc_refs(holder, at, count, reference);
            }
        };
        filled.ok_or(outside(at))
    }

    /// Copies `count` elements from `from` to `to`, which is in the object at `holder`.
    /// The two ranges may overlap.
    ///
    /// Errors: [`Error::Internal`].
    pub(in crate::store) fn copy_values(
        &mut self,
        store: &Store,
        storage: Storage,
        from: u64,
        holder: u64,
        to: u64,
        count: u64,
    ) -> Result<()> {
        if storage == Storage::Ref && !store.mutator.barrier().is_none() {
            store.count_release();
            let memory = &store.mutator.memory;
            return self.heap()?.copy_gc_refs(memory, holder, from, to, count);
        }
        let bytes = count * u64::from(storage.bytes());
        let copied = store.mutator.memory.copy_within(from, to, bytes);
        copied.ok_or(outside(to))
    }
}

/// The error for a position outside the heap.
#[cold]
pub(in crate::store) fn outside(at: u64) -> Error {
    Error::internal("a field outside the heap", at)
}

#[cfg(test)]
impl Store {
    /// Injects a fault: with `on`, fast forms store references without a barrier;
    /// otherwise through the slow barrier. For tests of the checks that find the fault.
    pub(crate) fn leave_barriers_out(&self, on: bool) {
        self.mutator
            .set_barrier(if on { Barrier::NONE } else { Barrier::SLOW });
    }
}
