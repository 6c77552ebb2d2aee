//! Globals: one value each, of any type.
//!
//! A global is a record outside the heap ([`Global`]) and a hidden struct of one field
//! that holds the value (OBJECTS-12). The field is always mutable; the record says
//! whether the global is.

mod record;

use crate::error::{Error, Result};
use crate::heap::{FastPath, GcRef, HEADER_BYTES, Kind};
use crate::roots::Handle;
use crate::store::Store;
use crate::store::containers::hidden::HiddenForm;
use crate::store::objects::{Value, as_registered, require_storage};
use crate::store::protocol::Attempt;
use crate::types::{AbstractType, Admits, FieldLayout, Storage, Type, ValType};
pub(in crate::store) use record::{Global, Globals};

impl Store {
    /// Makes a global with this value. May collect; finalizers are queued.
    ///
    /// Errors: [`Error::WrongEngine`]; as [`Store::resolve`] for the value; as
    /// [`Store::require_global_value`]; as [`Store::hidden_type`] and
    /// [`Store::make_unrooted`]; [`Error::Limit`] for too many globals.
    pub(crate) fn global_new(
        &self,
        of: ValType<&Type>,
        mutable: bool,
        value: Value,
    ) -> Attempt<Handle> {
        let admits = match of {
            ValType::Ref(reference) => self.slot_of(as_registered(reference))?,
            _ => Admits::default(),
        };
        let storage = Storage::of_value(&of);
        let field = FieldLayout::new(HEADER_BYTES as u32, admits, storage, mutable);
        let check = || self.require_global_value(&field, self.resolve_value(value)?);
        check()?;
        let of = self.hidden_type(HiddenForm::Struct, of)?;
        debug_assert!(of.fields.iter().all(|held| held.offset == field.offset));
        let global = Global {
            field,
            struct_type: of.index,
        };
        let bytes = Ok(of.layout.bytes.into());
        let reserve = || self.globals.reserve(global);
        let object = self.make_unrooted(&of, bytes, reserve, check, |cold, object| {
            let at = object.offset() + u64::from(field.offset);
            let value = self.resolve_value(value)?;
            cold.write_value(self, field.storage, object.offset(), at, value)
        })?;
        Ok(self.handle(self.globals.allocate(object, global)))
    }

    /// Requires that a global admits a value.
    ///
    /// Errors: [`Error::TypeMismatch`]; as [`Store::require_admitted`].
    fn require_global_value(&self, field: &FieldLayout, value: Value<GcRef>) -> Result<()> {
        if value.storage() != field.storage {
            return Err(Error::TypeMismatch {
                needed: field.storage.name(),
                found: value.storage().name(),
            });
        }
        match value {
            Value::Ref(reference) => self.require_admitted(field.admits, reference, "value"),
            _ => Ok(()),
        }
    }

    /// The layout of the global that `handle` names, and where its value is.
    ///
    /// Errors: [`Error::NullReference`], [`Error::WrongStore`], [`Error::Unrooted`];
    /// [`Error::Internal`].
    fn resolve_global(&self, handle: Handle) -> Result<(FieldLayout, u64)> {
        let parameter = "global";
        if handle.is_null() {
            return Err(Error::NullReference { parameter });
        }
        self.require_mine(handle.store_id, parameter)?;
        match self.globals.get(handle) {
            Some((object, global)) => self.checked_value(object, &global),
            None => Err(no_global(handle)),
        }
    }

    /// The layout of a global, and where its value is. Checks that the struct is the
    /// global's.
    ///
    /// Errors: [`Error::Internal`].
    fn checked_value(&self, object: GcRef, global: &Global) -> Result<(FieldLayout, u64)> {
        let header = self.header(object);
        if header.kind() != Some(Kind::Struct) || header.type_index() != global.struct_type {
            return Err(Error::internal(
                "a global without its struct",
                header.bits(),
            ));
        }
        let field = global.field;
        Ok((field, object.offset() + u64::from(field.offset)))
    }

    /// The fast form of [`Store::resolve_global`]. Does not check the struct.
    #[inline(always)]
    fn resolve_global_fast(&self, handle: Handle) -> Option<(FieldLayout, u64)> {
        if handle.store_id != self.id {
            return None;
        }
        let (object, Global { field, .. }) = self.globals.get(handle)?;
        Some((field, object.offset() + u64::from(field.offset)))
    }

    /// The hidden type of a global's struct, and whether the global is mutable. Never
    /// collects.
    ///
    /// Errors: as [`Store::resolve_global`]; [`Error::Limit`] for too many references to
    /// the type.
    pub(crate) fn global_type(&self, handle: Handle) -> Result<(Type, bool)> {
        let (field, _) = self.resolve_global(handle)?;
        let (_, global) = self.globals.get(handle).ok_or(no_global(handle))?;
        Ok((self.types.kept(global.struct_type)?, field.mutable))
    }

    /// The top type of the hierarchy of a global's value, which must be a reference.
    /// Never collects.
    ///
    /// Errors: as [`Store::global_type`].
    pub(crate) fn global_top(&self, handle: Handle) -> Result<AbstractType> {
        let (of, _) = self.global_type(handle)?;
        of.top_of_field(0).ok_or(Error::internal(
            "a global whose type is unknown",
            of.index.into(),
        ))
    }

    /// The value of a global. A reference becomes a new scoped root. Never collects.
    ///
    /// Errors: as [`Store::resolve_global`] and [`Store::push_root`].
    pub(crate) fn global_get(&self, handle: Handle) -> Result<Value> {
        let (field, at) = self.resolve_global(handle)?;
        self.read_value(field.storage, at)
    }

    /// The fast form of [`Store::global_get`].
    #[inline(always)]
    pub(crate) fn global_get_fast(&self, handle: Handle) -> Option<Value> {
        let (field, at) = self.resolve_global_fast(handle)?;
        let mutator = &self.mutator;
        Some(match field.storage {
            Storage::I32 => Value::I32(mutator.memory.load(at)?),
            Storage::I64 => Value::I64(mutator.memory.load(at)?),
            Storage::F32 => Value::F32(mutator.memory.load(at)?),
            Storage::F64 => Value::F64(mutator.memory.load(at)?),
            Storage::V128 => Value::V128(mutator.memory.load(at)?),
            Storage::Ref => Value::Ref(self.root_at_fast(at)?),
            Storage::I8 | Storage::I16 => return None,
        })
    }

    /// Sets a scoped root to the value of a global, which may be null. Never collects.
    ///
    /// Errors: as [`Store::resolve_global`]; as [`Store::require_scoped`] for `target`;
    /// [`Error::TypeMismatch`] if the value is not a reference.
    pub(crate) fn global_get_ref_into(&self, handle: Handle, target: Handle) -> Result<()> {
        let (field, at) = self.resolve_global(handle)?;
        self.require_scoped(target)?;
        require_storage(&field, Storage::Ref)?;
        self.load_into(at, target)
    }

    /// The fast form of [`Store::global_get_ref_into`].
    #[inline(always)]
    pub(crate) fn global_get_ref_into_fast(&self, handle: Handle, target: Handle) -> bool {
        self.resolve_global_fast(handle)
            .filter(|(field, _)| field.storage == Storage::Ref)
            .and_then(|(_, at)| self.load_into_fast(at, target))
            .is_some()
    }

    /// Sets a global. Never collects.
    ///
    /// Errors: as [`Store::resolve_global`]; as [`Store::resolve`] for the value;
    /// [`Error::ImmutableGlobal`]; as [`Store::require_global_value`].
    pub(crate) fn global_set(&self, handle: Handle, value: Value) -> Result<()> {
        let (field, at) = self.resolve_global(handle)?;
        let value = self.resolve_value(value)?;
        if !field.mutable {
            return Err(Error::ImmutableGlobal {
                index: Globals::index(handle),
            });
        }
        self.require_global_value(&field, value)?;
        self.cold
            .borrow_mut()
            .write_value(self, field.storage, holder_of(&field, at), at, value)
    }

    /// The fast form of [`Store::global_set`].
    #[inline(always)]
    pub(crate) fn global_set_fast(&self, path: FastPath, handle: Handle, value: Value) -> bool {
        let Some((field, at)) = self.resolve_global_fast(handle) else {
            return false;
        };
        if !field.mutable || value.storage() != field.storage {
            return false;
        }
        let mutator = &self.mutator;
        let stored = match value {
            Value::I32(bits) | Value::F32(bits) => mutator.memory.store(at, bits),
            Value::I64(bits) | Value::F64(bits) => mutator.memory.store(at, bits),
            Value::V128(bytes) => mutator.memory.store(at, bytes),
            Value::Ref(value) => {
                self.store_ref_fast(path, &field, holder_of(&field, at), at, value)
            }
        };
        stored.is_some()
    }

    /// Ends a global, which no longer keeps its value alive. Does nothing for null. Never
    /// collects.
    ///
    /// Errors: [`Error::WrongStore`], [`Error::Unrooted`].
    pub(crate) fn global_free(&self, handle: Handle) -> Result<()> {
        if handle.is_null() {
            return Ok(());
        }
        self.require_mine(handle.store_id, "global")?;
        if !self.globals.release(handle) {
            return Err(no_global(handle));
        }
        self.count_release();
        Ok(())
    }

    /// Checks that each global has a struct of its type, with a value that the global
    /// admits. The caller has checked that every reference in the heap refers to an
    /// object.
    ///
    /// Errors: [`Error::Internal`].
    pub(in crate::store) fn check_globals(&self) -> Result<()> {
        self.globals.each(|object, global| {
            let (field, at) = self.checked_value(object, global)?;
            if field.storage != Storage::Ref {
                return Ok(());
            }
            let reference = GcRef::from_raw(self.load(at)?);
            match self.admits(&{ field.admits }, reference) {
                true => Ok(()),
                false => Err(Error::internal("a wrong value of a global", at)),
            }
        })
    }
}

/// The error for a handle of this store that names no global.
fn no_global(handle: Handle) -> Error {
    Error::Unrooted {
        parameter: "global",
        kind: "global",
        slot: Globals::index(handle),
        generation: handle.generation(),
    }
}

/// Where the struct starts whose field is at `at`.
#[inline(always)]
fn holder_of(field: &FieldLayout, at: u64) -> u64 {
    at - u64::from(field.offset)
}
