//! Type tests, casts, and the conversions between `any` and `extern`. The conversions
//! change no object (TYPES-12).

use crate::error::{Error, Result};
use crate::roots::Handle;
use crate::store::Store;
use crate::types::{AbstractType, Admits, RefType, RegisteredType};

impl Store {
    /// Whether the referent of `handle` is of a type.
    ///
    /// Errors: as [`Store::resolve`]; [`Error::WrongEngine`].
    pub(crate) fn ref_test(&self, handle: Handle, of: RefType<&RegisteredType>) -> Result<bool> {
        let reference = self.resolve(handle, "ref")?;
        Ok(self.admits(&self.slot_of(of)?, reference))
    }

    /// The fast form of [`Store::ref_test`].
    #[inline(always)]
    pub(crate) fn ref_test_fast(
        &self,
        handle: Handle,
        of: RefType<&RegisteredType>,
    ) -> Option<bool> {
        let reference = self.resolve_or_null_fast(handle)?;
        Some(self.admits(&self.slot_of_fast(of)?, reference))
    }

    /// A new scoped root for the referent of `handle`, which must be of a type. Null for
    /// null.
    ///
    /// Errors: as [`Store::ref_test`]; [`Error::TypeMismatch`], [`Error::NotOfType`]; as
    /// [`Store::push_root`].
    pub(crate) fn ref_cast(&self, handle: Handle, to: RefType<&RegisteredType>) -> Result<Handle> {
        let reference = self.resolve(handle, "ref")?;
        self.require_admitted(self.slot_of(to)?, reference, "ref")
            .map_err(|error| match error {
                // If the type does not admit null, the cast of null fails (CAPI-10).
                Error::NullReference { .. } => Error::TypeMismatch {
                    needed: "a non-null reference",
                    found: "null",
                },
                other => other,
            })?;
        self.push_unless_null(reference)
    }

    /// The fast form of [`Store::ref_cast`]. `None` for null too.
    #[inline(always)]
    pub(crate) fn ref_cast_fast(
        &self,
        handle: Handle,
        to: RefType<&RegisteredType>,
    ) -> Option<Handle> {
        let reference = self.resolve_fast(handle)?;
        if reference.is_null() || !self.admits(&self.slot_of_fast(to)?, reference) {
            return None;
        }
        self.push_fast(reference)
    }

    /// Converts a reference from `any` to `extern`, or from `extern` to `any`: a new
    /// scoped root for the referent of `handle`. Null for null.
    ///
    /// Errors: as [`Store::resolve`]; [`Error::TypeMismatch`] for a referent of another
    /// hierarchy; as [`Store::push_root`].
    pub(crate) fn convert(&self, handle: Handle) -> Result<Handle> {
        const EITHER: Admits = Admits::of_abstract(AbstractType::Any, true);
        let reference = self.resolve(handle, "ref")?;
        self.require_admitted(EITHER, reference, "ref")?;
        self.push_unless_null(reference)
    }
}
