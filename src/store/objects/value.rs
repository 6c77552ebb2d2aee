//! Values: what a field, an element or a global is set to and read as.

use crate::error::Result;
use crate::heap::GcRef;
use crate::roots::Handle;
use crate::store::Store;
use crate::types::{Admits, Storage};

/// A value. `R` is the form of a reference: a handle in calls from outside, a [`GcRef`]
/// once the handle is resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value<R = Handle> {
    /// 32 bits. A packed field takes the lower 8 or 16.
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

/// A value that fast forms read in place, without converting it to a [`Value`] first.
/// What it says of its bits holds for a field that it fits.
pub(crate) trait RawValue {
    /// The form of a reference.
    type Reference: ReferenceSource;
    /// Whether the value is of the kind that a field [takes](crate::types::FieldLayout).
    fn fits(&self, takes: Storage) -> bool;
    /// The bits of a 32-bit value.
    fn bits32(&self) -> u32;
    /// The bits of a 64-bit value.
    fn bits64(&self) -> u64;
    /// The bytes of a 128-bit value.
    fn bits128(&self) -> [u8; 16];
    /// The reference.
    fn reference(&self) -> Self::Reference;
}

/// What a caller passes for a reference that fast forms store: a handle, or bits.
pub(crate) trait ReferenceSource: Copy {
    /// The reference; null for null. `None` if the caller's is refused, or needs the slow
    /// form.
    fn resolve_fast(self, store: &Store) -> Option<GcRef>;
    /// [`ReferenceSource::resolve_fast`] for a slot, which must admit the reference.
    #[inline(always)]
    fn admitted_fast(self, store: &Store, slot: &Admits) -> Option<GcRef> {
        let reference = self.resolve_fast(store)?;
        store.admits(slot, reference).then_some(reference)
    }
}

impl ReferenceSource for Handle {
    #[inline(always)]
    fn resolve_fast(self, store: &Store) -> Option<GcRef> {
        store.resolve_or_null_fast(self)
    }

    #[inline(always)]
    fn admitted_fast(self, store: &Store, slot: &Admits) -> Option<GcRef> {
        if self.store_id != store.id() {
            // One comparison finds both null and the handles of other stores.
            return (self.is_null() && slot.null()).then_some(GcRef::NULL);
        }
        let reference = store.resolve_or_odd(self)?;
        if reference.is_odd() {
            // An `i31`, or a link in a slot without a live root.
            let reference = store.resolve_fast(self)?;
            return store.admits(slot, reference).then_some(reference);
        }
        store.admits(slot, reference).then_some(reference)
    }
}

impl<R> Value<R> {
    /// The storage of an unpacked field that takes this value.
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

    /// The same value, with its reference, if it is one, converted.
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
    /// The value with its handle, if it has one, resolved.
    ///
    /// Errors: as [`Store::resolve`].
    #[inline]
    pub(in crate::store) fn resolve_value(&self, value: Value) -> Result<Value<GcRef>> {
        value.try_map(|handle| self.resolve(handle, "value"))
    }
}
