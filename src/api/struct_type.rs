//! Types of structs.

use core::fmt;

use anyhow::Result;

use super::registered::Registered;
use super::{Engine, FieldType, Finality, declare};
use crate::types::Type;

/// A registered struct type. An engine has each type once: a clone is the same type, and
/// equal declarations give the same type. Any thread may use a type at any time. A type may
/// outlive its engine.
///
/// ```
/// use gcroots::{Engine, FieldType, Mutability, StructType, ValType};
///
/// let engine = Engine::default();
/// let point = || [
///     FieldType::new(Mutability::Var, ValType::F64),
///     FieldType::new(Mutability::Var, ValType::F64),
/// ];
/// let a = StructType::new(&engine, point())?;
/// let b = StructType::new(&engine, point())?;
/// assert_eq!(a, b);
/// assert_eq!(a.fields().len(), 2);
/// assert_ne!(a, StructType::new(&Engine::default(), point())?);
/// # anyhow::Ok(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct StructType(Registered);

impl StructType {
    /// Registers a final type without a supertype, in its own rec group. For types that
    /// refer to each other see [`RecGroup`](crate::RecGroup).
    ///
    /// # Errors
    ///
    /// * [`Error::ForeignType`](crate::Error::ForeignType) if a field refers to a type of
    ///   another engine;
    /// * [`Error::Limit`](crate::Error::Limit) for more than 10,000 fields;
    /// * [`Error::SystemMemory`](crate::Error::SystemMemory).
    pub fn new(engine: &Engine, fields: impl IntoIterator<Item = FieldType>) -> Result<StructType> {
        StructType::with_finality_and_supertype(engine, Finality::Final, None, fields)
    }

    /// Registers a type in its own rec group.
    ///
    /// # Errors
    ///
    /// * The errors of [`StructType::new`];
    /// * [`Error::InvalidType`](crate::Error::InvalidType) if the supertype is final, or the
    ///   first fields do not match the supertype's fields;
    /// * [`Error::Limit`](crate::Error::Limit) for more than 63 supertypes above a type.
    ///
    /// ```
    /// use gcroots::{Engine, FieldType, Finality, Mutability, StructType, ValType};
    ///
    /// let engine = Engine::default();
    /// let x = FieldType::new(Mutability::Var, ValType::F64);
    /// let y = x.clone();
    /// let open = Finality::NonFinal;
    /// let one = StructType::with_finality_and_supertype(&engine, open, None, [x.clone()])?;
    /// let two = StructType::with_finality_and_supertype(&engine, open, Some(&one), [x, y])?;
    /// assert_eq!(two.supertype(), Some(one.clone()));
    /// assert!(two.matches(&one) && !one.matches(&two));
    /// # anyhow::Ok(())
    /// ```
    pub fn with_finality_and_supertype(
        engine: &Engine,
        finality: Finality,
        supertype: Option<&StructType>,
        fields: impl IntoIterator<Item = FieldType>,
    ) -> Result<StructType> {
        let supertype = supertype.map(|above| &above.0);
        let composite = |group: &mut _| declare::struct_of(group, fields);
        let registered = Registered::register(engine, finality, supertype, composite)?;
        Ok(StructType(registered))
    }

    /// Wraps a type of the core, which must be a struct type.
    pub(super) fn of(registered: Type) -> StructType {
        StructType(Registered::new(registered))
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
    pub fn supertype(&self) -> Option<StructType> {
        self.0.supertype().map(StructType)
    }

    /// The type of a field. `None` if `index` is out of bounds.
    ///
    /// ```
    /// use gcroots::{Engine, FieldType, Mutability, RefType, StructType};
    ///
    /// let field = FieldType::new(Mutability::Const, RefType::EQREF);
    /// let boxed = StructType::new(&Engine::default(), [field.clone()])?;
    /// assert_eq!(boxed.field(0), Some(field));
    /// assert_eq!(boxed.field(1), None);
    /// # anyhow::Ok(())
    /// ```
    pub fn field(&self, index: usize) -> Option<FieldType> {
        self.0.field(index)
    }

    /// The types of all fields, in order.
    pub fn fields(&self) -> impl ExactSizeIterator<Item = FieldType> + '_ {
        (0..self.core().composite.len()).map(|index| {
            let field = self.field(index);
            field.expect("there are as many")
        })
    }

    /// Whether this type is `other` or a declared subtype of it. Types of different engines
    /// never match. Cost: constant, without a lock.
    pub fn matches(&self, other: &StructType) -> bool {
        self.0.matches(&other.0)
    }
}

impl fmt::Debug for StructType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StructType")
            .field(&self.core().index)
            .finish()
    }
}
