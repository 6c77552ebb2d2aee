//! Structs.

use crate::error::{Error, Result};
use crate::heap::{FastPath, GcRef, Kind, PlainBits};
use crate::roots::Handle;
use crate::store::Store;
use crate::store::host_code::{Attempt, Stop};
use crate::store::objects::typed::Typed;
use crate::store::objects::value::{RawValue, Value};
use crate::types::{FieldLayout, RegisteredType, Storage, Type};

impl Store {
    /// Makes a struct of `count` values and roots it in the current scope. May collect;
    /// finalizers are queued.
    ///
    /// Errors: [`Error::WrongEngine`]; [`Error::TypeMismatch`] for a type of no structs;
    /// [`Error::WrongCount`]; those of `value` and of a value's
    /// handle, [`Store::admit`]; those of [`Store::make`].
    pub(crate) fn struct_new(
        &self,
        of: &Type,
        count: usize,
        value: &impl Fn(usize) -> Result<Value>,
    ) -> Attempt<Handle> {
        self.require_kind(of, Kind::Struct)?;
        self.new_with_fields(of, count, value, |_, _| Ok(()))
    }

    /// Makes an object of a fixed size with these fields; `write` writes what it has
    /// beside. Errors: as [`Store::struct_new`].
    pub(in crate::store) fn new_with_fields(
        &self,
        of: &Type,
        count: usize,
        value: &impl Fn(usize) -> Result<Value>,
        write: impl FnOnce(&Store, GcRef) -> Result<()>,
    ) -> Attempt<Handle> {
        if count != of.fields.len() {
            return Err(Stop::Refused(Error::WrongCount {
                count: count as u64,
                needed: of.fields.len() as u64,
            }));
        }
        let resolved = |index| self.resolve_value(value(index)?);
        let fields = || of.fields.iter().enumerate();
        let check = || {
            fields()
                .try_for_each(|(index, field)| self.admit(field, index as u64, resolved(index)?))
        };
        self.make(of, Ok(of.layout.bytes.into()), check, |cold, object| {
            for (index, field) in fields() {
                let at = object.offset() + u64::from(field.offset);
                let value = resolved(index)?;
                cold.write_value(self, field.storage, object.offset(), at, value)?;
            }
            write(self, object)
        })
    }

    /// [`Store::struct_new`], if it needs no slow path.
    #[inline(always)]
    pub(crate) fn struct_new_fast<V: RawValue>(
        &self,
        path: FastPath,
        of: &RegisteredType,
        count: usize,
        value: impl Fn(usize) -> V,
    ) -> Option<Handle> {
        if !self.mutator.barrier().allows_new_objects(path) {
            return None;
        }
        let usual = self.types.has(of) && of.has_kind(Kind::Struct) && count == of.fields.len();
        if !usual || self.manual.has_queued() {
            return None;
        }
        let bytes = of.layout.bytes.into();
        self.mutator.bump.room(bytes)?;
        self.lifo.free_slot()?;
        for (index, field) in of.fields.iter().enumerate() {
            let at = self.mutator.bump.next() + u64::from(field.offset);
            // SAFETY: the area has room for the struct, of which this is a field.
            unsafe { self.write_new_field(self.mutator.memory.address(at), field, value(index))? };
        }
        // Asked again, so that few values are live in the loop.
        let (offset, free) = (self.mutator.bump.next(), self.lifo.free_slot()?);
        if path == FastPath::InLine {
            // When nothing else can fail any more.
            for field in of.fields.iter() {
                if field.storage == Storage::Ref {
                    let at = offset + u64::from(field.offset);
                    let barrier = self.mutator.barrier();
                    barrier.initialise(&self.mutator.memory, at)?;
                }
            }
        }
        // SAFETY: as above.
        unsafe {
            self.mutator
                .memory
                .address(offset)
                .cast::<u64>()
                .write(of.header.bits())
        };
        self.mutator.bump.advance(bytes);
        Some(self.handle(self.lifo.push_into(free, GcRef::from_offset(offset))))
    }

    /// Writes a field of a struct that is not visible yet; `None` if it does not take
    /// the value, or not without a slow path.
    ///
    /// # Safety
    ///
    /// `address` must be valid for writing the field.
    #[inline(always)]
    unsafe fn write_new_field(
        &self,
        address: *mut u8,
        field: &FieldLayout,
        value: impl RawValue,
    ) -> Option<()> {
        let storage = field.storage as u32;
        if value.kind() != storage.max(Storage::I32 as u32) {
            return None;
        }
        // SAFETY: the caller's promise.
        unsafe {
            match field.storage {
                Storage::Ref => {
                    let reference = self.resolve_value_fast(value.handle())?;
                    if !self.admits(field.admits, reference) {
                        return None;
                    }
                    address.cast::<u32>().write(reference.raw());
                }
                Storage::I32 | Storage::F32 => address.cast::<u32>().write(value.bits32()),
                Storage::I64 | Storage::F64 => address.cast::<u64>().write(value.bits64()),
                Storage::I8 => address.write(value.bits32() as u8),
                Storage::I16 => address.cast::<u16>().write(value.bits32() as u16),
                Storage::V128 => return None,
            }
        }
        Some(())
    }

    /// Makes a struct whose fields are zeros and nulls, rooted in the current scope.
    /// May collect; finalizers are queued.
    ///
    /// Errors: [`Error::WrongEngine`]; [`Error::TypeMismatch`] for a type of no structs,
    /// or one with a field that has no default; those of [`Store::make`].
    pub(crate) fn struct_new_default(&self, of: &Type) -> Attempt<Handle> {
        self.require_kind(of, Kind::Struct)?;
        require_defaults(of)?;
        self.make(of, Ok(of.layout.bytes.into()), || Ok(()), |_, _| Ok(()))
    }

    /// The field at `index` of the struct that `handle` refers to, and where it is, if
    /// everything is as usual.
    #[inline(always)]
    fn field_fast(&self, handle: Handle, index: usize) -> Option<(&FieldLayout, u64)> {
        let Typed { offset, of } = self.typed_fast(handle, Kind::Struct)?;
        let field = of.fields.get(index)?;
        Some((field, offset + u64::from(field.offset)))
    }

    /// The field at `index` of an object.
    ///
    /// Errors: [`Error::OutOfBounds`].
    pub(in crate::store) fn field<'a>(
        &self,
        object: Typed<'a>,
        index: usize,
    ) -> Result<(&'a FieldLayout, u64)> {
        let field = object.of.fields.get(index).ok_or(Error::OutOfBounds {
            what: "field",
            index: index as u64,
            length: object.of.fields.len() as u64,
        })?;
        Ok((field, object.offset + u64::from(field.offset)))
    }

    fn struct_field(&self, handle: Handle, index: usize) -> Result<(&FieldLayout, u64)> {
        self.field(self.typed(handle, Kind::Struct, "ref")?, index)
    }

    /// A field's value; a reference is a new scoped root, a packed field is extended
    /// with zeros. Never collects.
    ///
    /// Errors: as [`Store::typed`]; [`Error::OutOfBounds`]; those of a push.
    pub(crate) fn struct_get(&self, handle: Handle, index: usize) -> Result<Value> {
        let (field, at) = self.struct_field(handle, index)?;
        self.read_value(field.storage, at)
    }

    /// The bits of a field that stores `storage`, which `T` is as large as.
    ///
    /// Errors: as [`Store::struct_get`]; [`Error::TypeMismatch`] for another storage.
    pub(crate) fn struct_get_bits<T: PlainBits>(
        &self,
        handle: Handle,
        index: usize,
        storage: Storage,
    ) -> Result<T> {
        let (field, at) = self.struct_field(handle, index)?;
        require_storage(field, storage)?;
        self.load(at)
    }

    /// [`Store::struct_get_bits`], if everything is as usual.
    #[inline(always)]
    pub(crate) fn struct_get_bits_fast<T: PlainBits>(
        &self,
        handle: Handle,
        index: usize,
        storage: Storage,
    ) -> Option<T> {
        let (field, at) = self.field_fast(handle, index)?;
        if field.storage != storage {
            return None;
        }
        self.mutator.memory.load(at)
    }

    /// A packed field, its sign extended or zeros before it.
    ///
    /// Errors: as [`Store::struct_get_bits`].
    pub(crate) fn struct_get_packed(
        &self,
        handle: Handle,
        index: usize,
        signed: bool,
    ) -> Result<u32> {
        let (field, at) = self.struct_field(handle, index)?;
        self.load_packed(field, at, signed)
    }

    /// [`Store::struct_get_packed`], if everything is as usual.
    #[inline(always)]
    pub(crate) fn struct_get_packed_fast(
        &self,
        handle: Handle,
        index: usize,
        signed: bool,
    ) -> Option<u32> {
        let (field, at) = self.field_fast(handle, index)?;
        self.load_packed_fast(field.storage, at, signed)
    }

    /// A reference, as a new scoped root; null for null.
    ///
    /// Errors: as [`Store::struct_get_bits`]; those of a push.
    pub(crate) fn struct_get_ref(&self, handle: Handle, index: usize) -> Result<Handle> {
        let (field, at) = self.struct_field(handle, index)?;
        require_storage(field, Storage::Ref)?;
        self.root_at(at)
    }

    /// [`Store::struct_get_ref`], if everything is as usual. `None` for null too.
    #[inline(always)]
    pub(crate) fn struct_get_ref_fast(&self, handle: Handle, index: usize) -> Option<Handle> {
        let (field, at) = self.field_fast(handle, index)?;
        if field.storage != Storage::Ref {
            return None;
        }
        self.root_at_fast(at)
    }

    /// Sets a field. Never collects.
    ///
    /// Errors: as [`Store::typed`]; those of the value's handle; [`Error::OutOfBounds`],
    /// [`Error::Immutable`]; those of [`Store::admit`].
    pub(crate) fn struct_set(&self, handle: Handle, index: usize, value: Value) -> Result<()> {
        let object = self.typed(handle, Kind::Struct, "ref")?;
        let value = self.resolve_value(value)?;
        let (field, at) = self.field(object, index)?;
        if !field.mutable {
            return Err(Error::Immutable {
                index: index as u64,
                type_index: object.of.index,
            });
        }
        self.admit(field, index as u64, value)?;
        self.cold
            .borrow_mut()
            .write_value(self, field.storage, object.offset, at, value)
    }

    /// [`Store::struct_set`] of bits that are no reference, if everything is as usual.
    #[inline(always)]
    pub(crate) fn struct_set_bits_fast<T: PlainBits>(
        &self,
        handle: Handle,
        index: usize,
        storage: Storage,
        bits: T,
    ) -> bool {
        self.field_fast(handle, index)
            .filter(|(field, _)| field.storage == storage && field.mutable)
            .and_then(|(_, at)| self.mutator.memory.store(at, bits))
            .is_some()
    }

    /// [`Store::struct_set`] of a reference, if everything is as usual.
    #[inline(always)]
    pub(crate) fn struct_set_ref_fast(
        &self,
        path: FastPath,
        handle: Handle,
        index: usize,
        value: Handle,
    ) -> bool {
        if !self.mutator.barrier().allows(path) {
            return false;
        }
        let Some(object) = self.typed_fast(handle, Kind::Struct) else {
            return false;
        };
        let Some(field) = object.of.fields.get(index) else {
            return false;
        };
        let at = object.offset + u64::from(field.offset);
        field.mutable
            && self
                .store_ref_fast(path, field, object.offset, at, value)
                .is_some()
    }
}

/// Refuses a type with a field that has no default: a reference that is never null.
///
/// Errors: [`Error::TypeMismatch`].
pub(in crate::store) fn require_defaults(of: &RegisteredType) -> Result<()> {
    let has_default = |field: &FieldLayout| field.storage != Storage::Ref || field.admits.null();
    if of.fields.iter().all(has_default) {
        return Ok(());
    }
    Err(Error::TypeMismatch {
        needed: "a type whose fields have defaults",
        found: "one with a reference that is never null",
    })
}

/// Refuses a field that stores something else.
///
/// Errors: [`Error::TypeMismatch`].
pub(in crate::store) fn require_storage(field: &FieldLayout, storage: Storage) -> Result<()> {
    if field.storage == storage {
        return Ok(());
    }
    Err(Error::TypeMismatch {
        needed: storage.name(),
        found: field.storage.name(),
    })
}
