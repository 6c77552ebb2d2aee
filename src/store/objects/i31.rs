//! 31-bit integers, which are references without an object.

use crate::error::{Error, Result};
use crate::heap::GcRef;
use crate::roots::Handle;
use crate::store::Store;
use crate::store::objects::header::name_of;

impl Store {
    /// An `i31` of the lower 31 bits of an integer, rooted in the current scope. Never
    /// collects.
    ///
    /// Errors: as [`Store::push_root`].
    pub(crate) fn i31_new(&self, bits: u32) -> Result<Handle> {
        self.push_root(GcRef::from_i31(bits))
    }

    /// The fast form of [`Store::i31_new`].
    #[inline(always)]
    pub(crate) fn i31_new_fast(&self, bits: u32) -> Option<Handle> {
        self.push_fast(GcRef::from_i31(bits))
    }

    /// The 31 bits of an `i31`. The highest bit of the result is 0.
    ///
    /// Errors: as [`Store::object`]; [`Error::TypeMismatch`].
    pub(crate) fn i31_get(&self, handle: Handle) -> Result<u32> {
        let reference = self.object(handle, "ref")?;
        match reference.i31() {
            Some(bits) => Ok(bits),
            None => Err(Error::TypeMismatch {
                needed: "an i31",
                found: name_of(self.header_of(reference)?),
            }),
        }
    }

    /// The fast form of [`Store::i31_get`].
    #[inline(always)]
    pub(crate) fn i31_get_fast(&self, handle: Handle) -> Option<u32> {
        self.resolve_fast(handle)?.i31()
    }
}
