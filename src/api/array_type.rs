//! Types of arrays.

use core::fmt;

use anyhow::Result;

use super::registered::Registered;
use super::{Engine, FieldType, Finality, Mutability, StorageType, declare};
use crate::types::Type;

/// A registered type of arrays. As for [`StructType`](crate::StructType), an engine has
/// each type once, any thread may use it, and it outlives its engine.
///
/// ```
/// use gcroots::{ArrayType, Engine, FieldType, Mutability, StorageType};
///
/// let engine = Engine::default();
/// let bytes = ArrayType::new(&engine, FieldType::new(Mutability::Var, StorageType::I8))?;
/// assert_eq!(bytes.mutability(), Mutability::Var);
/// assert_eq!(bytes.element_type(), StorageType::I8);
/// # anyhow::Ok(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ArrayType(Registered);

impl ArrayType {
    /// Registers a final type without supertype, in a rec group of its own.
    ///
    /// # Errors
    ///
    /// [`Error::ForeignType`](crate::Error::ForeignType) if the elements refer to a type
    /// of another engine; [`Error::Limit`](crate::Error::Limit),
    /// [`Error::SystemMemory`](crate::Error::SystemMemory).
    pub fn new(engine: &Engine, field_type: FieldType) -> Result<ArrayType> {
        ArrayType::with_finality_and_supertype(engine, Finality::Final, None, field_type)
    }

    /// Registers a type in a rec group of its own.
    ///
    /// # Errors
    ///
    /// As for [`ArrayType::new`]; [`Error::InvalidType`](crate::Error::InvalidType) if
    /// the supertype is final, or the elements do not match its elements.
    ///
    /// ```
    /// use gcroots::{ArrayType, Engine, FieldType, Finality, Mutability, RefType};
    ///
    /// let engine = Engine::default();
    /// let any = FieldType::new(Mutability::Const, RefType::ANYREF);
    /// let open = Finality::NonFinal;
    /// let wide = ArrayType::with_finality_and_supertype(&engine, open, None, any)?;
    /// let eq = FieldType::new(Mutability::Const, RefType::EQREF);
    /// let narrow = ArrayType::with_finality_and_supertype(&engine, open, Some(&wide), eq)?;
    /// assert!(narrow.matches(&wide));
    /// assert_eq!(narrow.supertype(), Some(wide));
    /// assert_eq!(narrow.finality(), open);
    /// # anyhow::Ok(())
    /// ```
    pub fn with_finality_and_supertype(
        engine: &Engine,
        finality: Finality,
        supertype: Option<&ArrayType>,
        field_type: FieldType,
    ) -> Result<ArrayType> {
        let supertype = supertype.map(|above| &above.0);
        let composite = |group: &mut _| declare::array_of(group, &field_type);
        let registered = Registered::register(engine, finality, supertype, composite)?;
        Ok(ArrayType(registered))
    }

    /// A type of the core's, which must be one of arrays.
    pub(super) fn of(registered: Type) -> ArrayType {
        ArrayType(Registered::new(registered))
    }

    pub(super) fn core(&self) -> &Type {
        self.0.core()
    }

    /// Whether a type may name it as its supertype.
    pub fn finality(&self) -> Finality {
        self.0.finality()
    }

    /// The supertype that it was declared with.
    pub fn supertype(&self) -> Option<ArrayType> {
        self.0.supertype().map(ArrayType)
    }

    /// What its elements are.
    pub fn field_type(&self) -> FieldType {
        self.0.field(0).expect("an array has elements")
    }

    /// Whether its elements may be set.
    pub fn mutability(&self) -> Mutability {
        self.field_type().mutability()
    }

    /// What its elements store.
    pub fn element_type(&self) -> StorageType {
        self.field_type().element_type().clone()
    }

    /// Whether each array of this type is one of `other`: the same type, or declared
    /// below it. Types of two engines never match. In constant time, without a lock.
    pub fn matches(&self, other: &ArrayType) -> bool {
        self.0.matches(&other.0)
    }
}

impl fmt::Debug for ArrayType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ArrayType")
            .field(&self.core().index)
            .finish()
    }
}
