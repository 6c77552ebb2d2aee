//! Types of functions.

use core::fmt;

use anyhow::Result;

use super::registered::Registered;
use super::{Engine, Finality, ValType, declare};
use crate::types::{self, Composite, Type};

/// A registered function type. It is the type of a [`Func`](crate::Func) or the signature of
/// a [`Tag`](crate::Tag). Like a [`StructType`](crate::StructType), it exists once in its
/// engine, any thread may use it, and it outlives its engine.
///
/// ```
/// use gcroots::{Engine, FuncType, ValType};
///
/// let engine = Engine::default();
/// let add = FuncType::new(&engine, [ValType::I32, ValType::I32], [ValType::I64])?;
/// assert_eq!(add.params().len(), 2);
/// assert_eq!(add.param(1), Some(ValType::I32));
/// assert_eq!(add.result(0), Some(ValType::I64));
/// assert_eq!(add.result(1), None);
/// # anyhow::Ok(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct FuncType(Registered);

impl FuncType {
    /// Registers a final type without a supertype, in its own rec group.
    ///
    /// # Errors
    ///
    /// * [`Error::ForeignType`](crate::Error::ForeignType) if a parameter or result refers
    ///   to a type of another engine;
    /// * [`Error::Limit`](crate::Error::Limit) for more than 1,000 parameters or results;
    /// * [`Error::SystemMemory`](crate::Error::SystemMemory).
    pub fn new(
        engine: &Engine,
        params: impl IntoIterator<Item = ValType>,
        results: impl IntoIterator<Item = ValType>,
    ) -> Result<FuncType> {
        FuncType::with_finality_and_supertype(engine, Finality::Final, None, params, results)
    }

    /// Registers a type in its own rec group.
    ///
    /// # Errors
    ///
    /// The errors of [`FuncType::new`], and
    /// [`Error::InvalidType`](crate::Error::InvalidType) if the supertype is final or the
    /// parameters and results do not match those of the supertype.
    ///
    /// ```
    /// use gcroots::{Engine, Finality, FuncType, RefType};
    ///
    /// let engine = Engine::default();
    /// let open = Finality::NonFinal;
    /// let any = [RefType::ANYREF.into()];
    /// let wide = FuncType::with_finality_and_supertype(&engine, open, None, [], any)?;
    /// let eq = [RefType::EQREF.into()];
    /// let narrow = FuncType::with_finality_and_supertype(&engine, open, Some(&wide), [], eq)?;
    /// assert!(narrow.matches(&wide));
    /// assert_eq!(narrow.supertype(), Some(wide));
    /// assert_eq!(narrow.finality(), open);
    /// # anyhow::Ok(())
    /// ```
    pub fn with_finality_and_supertype(
        engine: &Engine,
        finality: Finality,
        supertype: Option<&FuncType>,
        params: impl IntoIterator<Item = ValType>,
        results: impl IntoIterator<Item = ValType>,
    ) -> Result<FuncType> {
        let supertype = supertype.map(|above| &above.0);
        let composite = |group: &mut _| declare::func_of(group, params, results);
        let registered = Registered::register(engine, finality, supertype, composite)?;
        Ok(FuncType(registered))
    }

    /// Wraps a type of the core, which must be a function type.
    pub(super) fn of(registered: Type) -> FuncType {
        FuncType(Registered::new(registered))
    }

    pub(super) fn core(&self) -> &Type {
        self.0.core()
    }

    /// Whether the type is final, that is, cannot be a supertype.
    pub fn finality(&self) -> Finality {
        self.0.finality()
    }

    /// The declared supertype, if any.
    pub fn supertype(&self) -> Option<FuncType> {
        self.0.supertype().map(FuncType)
    }

    /// The type of a parameter. `None` if `index` is out of bounds.
    pub fn param(&self, index: usize) -> Option<ValType> {
        let &value = self.values().0.get(index)?;
        Some(self.0.value(value))
    }

    /// The types of all parameters, in order.
    pub fn params(&self) -> impl ExactSizeIterator<Item = ValType> + '_ {
        self.values().0.iter().map(|&value| self.0.value(value))
    }

    /// The type of a result. `None` if `index` is out of bounds.
    pub fn result(&self, index: usize) -> Option<ValType> {
        let &value = self.values().1.get(index)?;
        Some(self.0.value(value))
    }

    /// The types of all results, in order.
    pub fn results(&self) -> impl ExactSizeIterator<Item = ValType> + '_ {
        self.values().1.iter().map(|&value| self.0.value(value))
    }

    /// The core's types of the parameters and of the results.
    fn values(&self) -> (&[types::ValType<u32>], &[types::ValType<u32>]) {
        match &self.core().composite {
            Composite::Func { params, results } => (params, results),
            _ => (&[], &[]),
        }
    }

    /// Whether this type is `other` or a declared subtype of it. Types of different engines
    /// never match. Cost: constant, without a lock.
    pub fn matches(&self, other: &FuncType) -> bool {
        self.0.matches(&other.0)
    }
}

impl fmt::Debug for FuncType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FuncType").field(&self.core().index).finish()
    }
}
