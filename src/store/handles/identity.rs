//! The identity of objects: equality and identity hashes of references (OBJECTS-6).

use crate::base::hashing::mix;
use crate::error::{Error, Result};
use crate::roots::Handle;
use crate::store::Store;

impl Store {
    /// The fast form of [`Store::ref_eq`].
    #[inline(always)]
    pub(crate) fn ref_eq_fast(&self, a: Handle, b: Handle) -> Option<bool> {
        Some(self.resolve_or_null_fast(a)? == self.resolve_or_null_fast(b)?)
    }

    /// Whether two handles refer to the same object, or both to null.
    ///
    /// Errors: as [`Store::resolve`], for `a` before `b`.
    pub(crate) fn ref_eq(&self, a: Handle, b: Handle) -> Result<bool> {
        Ok(self.resolve(a, "a")? == self.resolve(b, "b")?)
    }

    /// A hash of the object that stays the same when the object moves; 0 for null. Never
    /// collects.
    ///
    /// Errors: as [`Store::resolve`]; [`Error::SystemMemory`] if this is the first call
    /// for the object.
    pub(crate) fn ref_hash(&self, handle: Handle) -> Result<u64> {
        let reference = self.resolve(handle, "ref")?;
        if !reference.is_object() {
            return Ok(mix(reference.raw().into()));
        }
        let header = self.header(reference);
        let hashes = &mut self.cold.borrow_mut().hashes;
        if header.is_hashed() {
            return hashes.get(reference).ok_or(Error::internal(
                "a hashed object without a hash",
                reference.raw().into(),
            ));
        }
        let hash = hashes.insert(reference)?;
        self.store(reference.offset(), header.with_hashed().bits())?;
        Ok(hash)
    }
}
