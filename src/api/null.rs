//! Whether a slot takes a null of a value's hierarchy (RUST-21).
//!
//! A null of the core has no hierarchy, but a null [`Val`] has one. So the API compares it
//! with the slot's hierarchy before it passes the null on. Other references need no
//! comparison here: the core looks at the object.

use super::Val;
use crate::error::{Error, Result};
use crate::store::Value;
use crate::types::AbstractType;

impl Val {
    /// The value for the core, for a field or an element. `top` finds the top of the
    /// hierarchy of the field; `None` leaves the check to the core. It is called for null
    /// only. `index` is for the error.
    ///
    /// Errors: [`Error::WrongValue`] for a null of another hierarchy.
    #[inline]
    pub(super) fn for_field(
        &self,
        index: usize,
        top: impl FnOnce() -> Option<AbstractType>,
    ) -> Result<Value> {
        match self.foreign_null(top) {
            None => Ok(self.core()),
            Some(Foreign { needed, found }) => Err(Error::WrongValue {
                index: index as u64,
                needed,
                found,
            }),
        }
    }

    /// Same as [`Val::for_field`], for a table or a global.
    ///
    /// Errors: [`Error::TypeMismatch`] for a null of another hierarchy.
    pub(super) fn for_slot(&self, top: impl FnOnce() -> Option<AbstractType>) -> Result<Value> {
        match self.foreign_null(top) {
            None => Ok(self.core()),
            Some(Foreign { needed, found }) => Err(Error::TypeMismatch { needed, found }),
        }
    }

    /// What is wrong if the value is a null of another hierarchy than that of `top`. `any`
    /// and `extern` count as one hierarchy (RUST-18).
    #[inline]
    fn foreign_null(&self, top: impl FnOnce() -> Option<AbstractType>) -> Option<Foreign> {
        let (own, found) = match self {
            Val::FuncRef(None) => (AbstractType::Func, "a null function"),
            Val::ExternRef(None) => (AbstractType::Any, "a null external reference"),
            Val::AnyRef(None) => (AbstractType::Any, "a null internal reference"),
            Val::ExnRef(None) => (AbstractType::Exn, "a null exception"),
            _ => return None,
        };
        let (top, needed) = match top()? {
            AbstractType::Func => (AbstractType::Func, "a function"),
            AbstractType::Exn => (AbstractType::Exn, "an exception"),
            AbstractType::Any | AbstractType::Extern => {
                (AbstractType::Any, "an internal or external reference")
            }
            _ => return None,
        };
        (own != top).then_some(Foreign { needed, found })
    }
}

/// What is wrong with a null.
struct Foreign {
    needed: &'static str,
    found: &'static str,
}
