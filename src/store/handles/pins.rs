//! Ends of pins, and the way from a pin to its object (ROOTS-42).
//! [`collection`](crate::store::collection) makes them.

use crate::error::{Error, Result};
use crate::heap::GcRef;
use crate::roots::Handle;
use crate::store::Store;
use crate::store::handles::resolve::unrooted_as;

impl Store {
    /// The object of a pin, or `None` for a null pin.
    ///
    /// Errors: [`Error::WrongStore`], [`Error::Unrooted`].
    fn resolve_pin(&self, pin: Handle) -> Result<Option<GcRef>> {
        if pin.is_null() {
            return Ok(None);
        }
        self.require_mine(pin.store_id, "pin")?;
        let found = if pin.is_manual() {
            None
        } else {
            self.pins.get(pin.index(), pin.generation())
        };
        found.map(Some).ok_or(unrooted_as("pin", pin, "pin"))
    }

    /// The object of a pin, which must not be null.
    ///
    /// Errors: [`Error::WrongStore`], [`Error::Unrooted`], [`Error::NullReference`].
    pub(in crate::store) fn pinned(&self, pin: Handle) -> Result<GcRef> {
        let object = self.resolve_pin(pin)?;
        object.ok_or(Error::NullReference { parameter: "pin" })
    }

    /// Ends a pin. Does nothing for null.
    ///
    /// Errors: [`Error::WrongStore`], [`Error::Unrooted`].
    pub(crate) fn unpin(&self, pin: Handle) -> Result<()> {
        let Some(object) = self.resolve_pin(pin)? else {
            return Ok(());
        };
        self.pins.release(pin.index(), pin.generation());
        let cold = self.cold.borrow();
        if let Some(pinning) = cold.heap.as_deref().and_then(|heap| heap.pinning()) {
            pinning.unpin(object);
        }
        Ok(())
    }
}
