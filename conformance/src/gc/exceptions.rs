//! Tags and exceptions.

use super::slot::NO_VAL;
use super::store::NO_REF;
use super::{Raw, Result, Slot, Store, Type, check, ffi};

/// The tag of an exception. Two values are equal if they name the same tag.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Tag(ffi::gcroots_tag_t);

const NO_TAG: ffi::gcroots_tag_t = ffi::gcroots_tag_t {
    store_id: 0,
    generation: 0,
    index: 0,
};

impl Store {
    pub fn tag_new(&self, of: &Type) -> Result<Tag> {
        let mut tag = NO_TAG;
        // SAFETY: the store and the type are alive.
        check(unsafe { ffi::gcroots_tag_new(self.ptr(), of.as_ptr(), &mut tag) })?;
        Ok(Tag(tag))
    }

    pub fn exn_new(&self, tag: Tag, fields: &[Slot]) -> Result<Raw> {
        self.count_allocation();
        self.scope(|| {
            let (vals, mut out) = (self.vals(fields)?, NO_REF);
            // SAFETY: the store is alive, and the values are a slice.
            check(unsafe {
                ffi::gcroots_exn_new(self.ptr(), tag.0, vals.as_ptr(), vals.len(), &mut out)
            })?;
            self.raw(out)
        })
    }

    pub fn exn_tag(&self, exception: Raw) -> Result<Tag> {
        self.scope(|| {
            let (handle, mut tag) = (self.handle(exception)?, NO_TAG);
            // SAFETY: the store is alive, `out` is a variable's address.
            check(unsafe { ffi::gcroots_exn_tag(self.ptr(), handle, &mut tag) })?;
            Ok(Tag(tag))
        })
    }

    pub fn exn_field(&self, exception: Raw, index: usize) -> Result<Slot> {
        self.scope(|| {
            let (handle, mut val) = (self.handle(exception)?, NO_VAL);
            // SAFETY: the store is alive, `out` is a variable's address.
            check(unsafe { ffi::gcroots_exn_field(self.ptr(), handle, index, &mut val) })?;
            self.slot(val)
        })
    }

    /// Takes the pending exception. Returns null if no exception is pending.
    pub fn take_exception(&self) -> Result<Raw> {
        self.scope(|| {
            let mut out = NO_REF;
            // SAFETY: the store is alive, `out` is a variable's address.
            check(unsafe { ffi::gcroots_store_take_exception(self.ptr(), &mut out) })?;
            self.raw(out)
        })
    }
}
