//! Whether a slot takes a null of a value's hierarchy (RUST-21).
//!
//! A null of the core has no hierarchy, but a null [`Val`] has one. So the API compares it
//! with the slot's hierarchy before it passes the null on. Other references need no
//! comparison here: the core looks at the object.

use super::Val;
use crate::error::{Error, Result};
use crate::heap::GcRef;
use crate::roots::Handle;
use crate::store::{ReferenceSource, Store as Core, Value};
use crate::types::{AbstractType, Admits};

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

/// A reference of a [`Val`], which fast forms store. Its null has a hierarchy (RUST-21).
#[derive(Clone, Copy)]
pub(crate) struct WithHierarchy {
    handle: Handle,
    /// The [kinds](Admits::kinds) of the hierarchy. Those of `any` and of `extern` are equal.
    kinds: u16,
}

impl WithHierarchy {
    const FUNC: u16 = Admits::of_abstract(AbstractType::Func, false).kinds;
    const EXN: u16 = Admits::of_abstract(AbstractType::Exn, false).kinds;
    const ANY: u16 = Admits::of_abstract(AbstractType::Any, false).kinds;

    /// The reference of a value; null for a number.
    #[inline]
    pub(super) fn of(value: &Val) -> WithHierarchy {
        let kinds = match value {
            Val::FuncRef(_) => WithHierarchy::FUNC,
            Val::ExnRef(_) => WithHierarchy::EXN,
            _ => WithHierarchy::ANY,
        };
        WithHierarchy {
            handle: value.handle(),
            kinds,
        }
    }
}

impl ReferenceSource for WithHierarchy {
    #[inline(always)]
    fn resolve_fast(self, core: &Core) -> Option<GcRef> {
        self.handle.resolve_fast(core)
    }

    /// `None` also for null if the slot admits nothing else: such a slot does not say to which
    /// hierarchy it belongs.
    #[inline(always)]
    fn admitted_fast(self, core: &Core, slot: &Admits) -> Option<GcRef> {
        let reference = self.handle.admitted_fast(core, slot)?;
        (!reference.is_null() || slot.kinds & self.kinds != 0).then_some(reference)
    }
}
