//! Exceptions: their tags and fields, throwing them and taking them.

use crate::error::Result;
use crate::heap::{GcRef, Kind};
use crate::roots::Handle;
use crate::store::Store;
use crate::store::raw::bits::FieldBits;

impl Store {
    /// The tag of an exception. Never collects.
    ///
    /// Errors: as [`Store::raw_typed`].
    pub(crate) fn raw_exn_tag(&self, exception: u32) -> Result<Handle> {
        self.tag_of(self.raw_typed(exception, Kind::Exn, "exn")?)
    }

    /// The value of an exception's field. Never collects.
    ///
    /// Errors: as [`Store::raw_typed`]; [`Error::OutOfBounds`](crate::error::Error).
    pub(crate) fn raw_exn_field(&self, exception: u32, index: usize) -> Result<FieldBits> {
        let exception = self.raw_typed(exception, Kind::Exn, "exn")?;
        let (field, at) = self.field(exception, index)?;
        Ok(self.value_at(field.storage, at)?.into())
    }

    /// Makes an exception pending. It replaces the one that was pending. Never collects.
    ///
    /// Errors: as [`Store::raw_typed`].
    pub(crate) fn raw_throw(&self, exception: u32) -> Result<()> {
        let exception = self.raw_typed(exception, Kind::Exn, "exn")?;
        self.set_pending(GcRef::from_offset(exception.offset));
        Ok(())
    }

    /// The bits of the pending exception, which is pending no more; 0 if none was. Never
    /// collects.
    pub(crate) fn raw_take_exception(&self) -> u32 {
        let exception = self.pending_exception();
        if !exception.is_null() {
            self.set_pending(GcRef::NULL);
        }
        exception.raw()
    }
}
