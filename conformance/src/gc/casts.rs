//! Tests whether a reference has a type.

use super::{Raw, RefType, Result, Store, check, ffi};

impl Store {
    pub fn ref_test(&self, raw: Raw, of: &RefType) -> Result<bool> {
        self.scope(|| {
            let (handle, mut answer) = (self.handle(raw)?, false);
            // SAFETY: the store is alive, and so is the type that `of` owns.
            check(unsafe { ffi::gcroots_ref_test(self.ptr(), handle, of.to_c(), &mut answer) })?;
            Ok(answer)
        })
    }
}
