//! The common part of struct, array and function types: a counted reference to a
//! registered type, and the conversion of its parts to the API's types.

use core::hash::{Hash, Hasher};

use super::{
    Engine, FieldType, Finality, HeapType, Mutability, RefType, StorageType, ValType, declare,
};
use crate::error::Result;
use crate::types::{self, Composite, Declared, RecGroup, RegisteredType, Registry, SubType, Type};

/// A counted reference to a registered type.
#[derive(Debug)]
pub(super) struct Registered(Type);

impl Registered {
    pub(super) fn new(of: Type) -> Registered {
        Registered(of)
    }

    /// Registers one type in its own rec group.
    ///
    /// Errors: those of `composite` and of [`Registry::register`].
    pub(super) fn register(
        engine: &Engine,
        finality: Finality,
        supertype: Option<&Registered>,
        composite: impl FnOnce(&mut RecGroup) -> Result<Composite<Declared>>,
    ) -> Result<Registered> {
        let mut group = RecGroup::default();
        let composite = composite(&mut group)?;
        let supertype = match supertype {
            Some(above) => Some(declare::registered(&mut group, above.core())?),
            None => None,
        };
        group.add(SubType {
            is_final: finality.is_final(),
            supertype,
            composite,
        })?;
        let mut types = Registry::register(engine.types(), &[&group])?;
        let registered = types.pop();
        Ok(Registered(registered.expect("a group of one member")))
    }

    #[inline]
    pub(super) fn core(&self) -> &Type {
        &self.0
    }

    pub(super) fn matches(&self, other: &Registered) -> bool {
        self.0.has_registry_of(&other.0) && self.0.is_subtype_of(&other.0)
    }

    pub(super) fn finality(&self) -> Finality {
        match self.0.is_final {
            true => Finality::Final,
            false => Finality::NonFinal,
        }
    }

    pub(super) fn supertype(&self) -> Option<Registered> {
        let &index = self.0.supertypes.last()?;
        Some(Registered(self.referred(index)))
    }

    /// The type of a struct's field. An array's element type is field 0.
    pub(super) fn field(&self, index: usize) -> Option<FieldType> {
        let (storage, mutable) = self.0.composite.field(index)?;
        let mutability = match mutable {
            true => Mutability::Var,
            false => Mutability::Const,
        };
        Some(FieldType::new(mutability, self.storage(storage)))
    }

    fn storage(&self, storage: types::StorageType<u32>) -> StorageType {
        match storage {
            types::StorageType::I8 => StorageType::I8,
            types::StorageType::I16 => StorageType::I16,
            types::StorageType::Val(value) => StorageType::ValType(self.value(value)),
        }
    }

    /// Converts a value type that occurs in the registered type.
    pub(super) fn value(&self, value: types::ValType<u32>) -> ValType {
        match value {
            types::ValType::I32 => ValType::I32,
            types::ValType::I64 => ValType::I64,
            types::ValType::F32 => ValType::F32,
            types::ValType::F64 => ValType::F64,
            types::ValType::V128 => ValType::V128,
            types::ValType::Ref(reference) => {
                let heap = match reference.heap {
                    types::HeapType::Abstract(of) => HeapType::of_abstract(of),
                    types::HeapType::Concrete(index) => {
                        HeapType::of_registered(self.referred(index))
                    }
                };
                ValType::Ref(RefType::new(reference.nullable, heap))
            }
        }
    }

    fn referred(&self, index: u32) -> Type {
        let referred = self.0.referred(index);
        referred.expect("a type keeps what it refers to, and no program makes 2^64 references")
    }

    fn address(&self) -> *const RegisteredType {
        core::ptr::from_ref(&*self.0)
    }
}

impl Clone for Registered {
    fn clone(&self) -> Registered {
        let cloned = self.0.try_clone();
        Registered(cloned.expect("no program makes 2^64 references to a type"))
    }
}

/// An engine has each type once, so equal types have the same address.
impl PartialEq for Registered {
    fn eq(&self, other: &Registered) -> bool {
        self.address() == other.address()
    }
}

impl Eq for Registered {}

impl Hash for Registered {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.address().hash(state);
    }
}
