//! Finality: whether a type can be a supertype.

/// Whether a type can be a supertype.
///
/// ```
/// use gcroots::{Engine, Finality, StructType};
///
/// let last = StructType::new(&Engine::default(), [])?;
/// assert_eq!(last.finality(), Finality::Final);
/// assert!(last.finality().is_final());
/// # anyhow::Ok(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Finality {
    /// The type cannot be a supertype.
    Final,
    /// The type can be a supertype of matching types.
    NonFinal,
}

impl Finality {
    /// Whether this is [`Finality::Final`].
    pub fn is_final(&self) -> bool {
        *self == Finality::Final
    }

    /// Whether this is [`Finality::NonFinal`].
    pub fn is_non_final(&self) -> bool {
        *self == Finality::NonFinal
    }
}
