//! Which references a slot admits, and which values a field admits (TYPES-11). A slot is
//! a place of the heap or of a type that holds a reference.

use crate::error::{Error, Result};
use crate::heap::{GcRef, ObjectHeader};
use crate::store::Store;
use crate::store::objects::header::name_of;
use crate::store::objects::value::Value;
use crate::types::{Admits, FieldLayout, HeapType, RefType, RegisteredType, Type};

/// A reference type over `Type`, in the form that [`Store::slot_of`] takes.
pub(in crate::store) fn as_registered(of: RefType<&Type>) -> RefType<&RegisteredType> {
    RefType {
        nullable: of.nullable,
        heap: match of.heap {
            HeapType::Abstract(heap) => HeapType::Abstract(heap),
            HeapType::Concrete(concrete) => HeapType::Concrete(concrete),
        },
    }
}

impl Store {
    /// The fast form of [`Store::slot_of`].
    #[inline(always)]
    pub(in crate::store) fn slot_of_fast(&self, of: RefType<&RegisteredType>) -> Option<Admits> {
        match of.heap {
            HeapType::Abstract(heap) => Some(Admits::of_abstract(heap, of.nullable)),
            HeapType::Concrete(concrete) => {
                let mine = self.engine.has(concrete);
                mine.then(|| concrete.admits(of.nullable))
            }
        }
    }

    /// What a slot of this type admits.
    ///
    /// Errors: [`Error::WrongEngine`].
    pub(in crate::store) fn slot_of(&self, of: RefType<&RegisteredType>) -> Result<Admits> {
        self.slot_of_fast(of)
            .ok_or(Error::WrongEngine { parameter: "type" })
    }

    /// Whether a slot admits a reference. Some callers pass a copy, which they keep in a
    /// register.
    #[inline(always)]
    pub(in crate::store) fn admits(&self, slot: &Admits, reference: GcRef) -> bool {
        if !reference.is_object() {
            let kind = if reference.is_null() {
                Admits::NULL
            } else {
                Admits::I31
            };
            return slot.kinds >> kind & 1 == 1;
        }
        let header = self.header(reference);
        if header.kind_bits() >= Admits::KINDS || slot.kinds >> header.kind_bits() & 1 == 0 {
            return false;
        }
        header.type_index() == slot.type_index
            || slot.depth == Admits::ANY_TYPE
            || self.types.get(header.type_index()).is_some_and(|of| {
                of.supertypes.get(usize::from(slot.depth)) == Some(&slot.type_index)
            })
    }

    /// Requires that a slot admits a reference.
    ///
    /// Errors: [`Error::NullReference`], [`Error::TypeMismatch`], [`Error::NotOfType`];
    /// [`Error::Internal`].
    pub(in crate::store) fn require_admitted(
        &self,
        slot: Admits,
        reference: GcRef,
        parameter: &'static str,
    ) -> Result<()> {
        if self.admits(&slot, reference) {
            return Ok(());
        }
        if reference.is_null() {
            return Err(Error::NullReference { parameter });
        }
        let header = self.header_of(reference)?;
        if slot.depth == Admits::ANY_TYPE {
            return Err(Error::TypeMismatch {
                needed: slot.name(),
                found: name_of(header),
            });
        }
        let typed = header.filter(|header| !header.is_extern());
        Err(Error::NotOfType {
            value: None,
            needed: slot.type_index,
            found: name_of(header),
            found_type: typed.map(ObjectHeader::type_index),
        })
    }

    /// Requires that a field or an element admits a value. `index` is the index of the
    /// field or element, for messages.
    ///
    /// Errors: [`Error::WrongValue`], [`Error::NullValue`], [`Error::NotOfType`].
    pub(in crate::store) fn require_value(
        &self,
        field: &FieldLayout,
        index: u64,
        value: Value<GcRef>,
    ) -> Result<()> {
        let needed = field.takes;
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
                .map_err(|error| at_index(error, index)),
            _ => Ok(()),
        }
    }
}

/// An error of [`Store::require_admitted`] as the error for the value at `index`.
fn at_index(error: Error, index: u64) -> Error {
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
