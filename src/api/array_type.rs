//! Types of arrays.

use core::fmt;

use anyhow::Result;

use super::registered::Registered;
use super::{Engine, FieldType, Finality, Mutability, StorageType, declare};
use crate::types::Type;

/// A registered array type. Like a [`StructType`](crate::StructType), it exists once in its
/// engine, any thread may use it, and it outlives its engine.
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
    /// Registers a final type without a supertype, in its own rec group.
    ///
    /// # Errors
    ///
    /// * [`Error::ForeignType`](crate::Error::ForeignType) if the element type refers to a
    ///   type of another engine;
    /// * [`Error::Limit`](crate::Error::Limit) and
    ///   [`Error::SystemMemory`](crate::Error::SystemMemory).
    pub fn new(engine: &Engine, field_type: FieldType) -> Result<ArrayType> {
        ArrayType::with_finality_and_supertype(engine, Finality::Final, None, field_type)
    }

    /// Registers a type in its own rec group.
    ///
    /// # Errors
    ///
    /// The errors of [`ArrayType::new`], and
    /// [`Error::InvalidType`](crate::Error::InvalidType) if the supertype is final or the
    /// element type does not match that of the supertype.
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

    /// Wraps a type of the core, which must be an array type.
    pub(super) fn of(registered: Type) -> ArrayType {
        ArrayType(Registered::new(registered))
    }

    #[inline]
    pub(super) fn core(&self) -> &Type {
        self.0.core()
    }

    /// Whether the type is final, that is, cannot be a supertype.
    pub fn finality(&self) -> Finality {
        self.0.finality()
    }

    /// The declared supertype, if any.
    pub fn supertype(&self) -> Option<ArrayType> {
        self.0.supertype().map(ArrayType)
    }

    /// The type of the elements, with their mutability.
    pub fn field_type(&self) -> FieldType {
        self.0.field(0).expect("an array has elements")
    }

    /// Whether the elements are mutable.
    pub fn mutability(&self) -> Mutability {
        self.field_type().mutability()
    }

    /// The storage type of the elements.
    pub fn element_type(&self) -> StorageType {
        self.field_type().element_type().clone()
    }

    /// Whether this type is `other` or a declared subtype of it. Types of different engines
    /// never match. Cost: constant, without a lock.
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
