//! Structs.

use super::slot::NO_VAL;
use super::store::NO_REF;
use super::{Extension, Raw, Result, Slot, Store, Type, check, ffi};

impl Store {
    pub fn struct_new(&self, of: &Type, fields: &[Slot]) -> Result<Raw> {
        self.count_allocation();
        self.scope(|| {
            let (vals, mut out) = (self.vals(fields)?, NO_REF);
            // SAFETY: the store and the type are alive, the values a slice.
            check(unsafe {
                ffi::gcroots_struct_new(
                    self.ptr(),
                    of.as_ptr(),
                    vals.as_ptr(),
                    vals.len(),
                    &mut out,
                )
            })?;
            self.raw(out)
        })
    }

    pub fn struct_new_default(&self, of: &Type) -> Result<Raw> {
        self.count_allocation();
        self.scope(|| {
            let mut out = NO_REF;
            // SAFETY: the store and the type are alive.
            check(unsafe { ffi::gcroots_struct_new_default(self.ptr(), of.as_ptr(), &mut out) })?;
            self.raw(out)
        })
    }

    pub fn struct_get(&self, object: Raw, field: usize, extension: Extension) -> Result<Slot> {
        self.scope(|| {
            let (store, object) = (self.ptr(), self.handle(object)?);
            let (mut val, mut signed, mut unsigned) = (NO_VAL, 0, 0);
            // SAFETY: the store is alive, outputs are variables' addresses.
            unsafe {
                match extension {
                    Extension::None => {
                        check(ffi::gcroots_struct_get(store, object, field, &mut val))?;
                        self.slot(val)
                    }
                    Extension::Signed => {
                        check(ffi::gcroots_struct_get_s(store, object, field, &mut signed))?;
                        Ok(Slot::i32(signed))
                    }
                    Extension::Unsigned => {
                        check(ffi::gcroots_struct_get_u(
                            store,
                            object,
                            field,
                            &mut unsigned,
                        ))?;
                        Ok(Slot::i32(unsigned as i32))
                    }
                }
            }
        })
    }

    pub fn struct_set(&self, object: Raw, field: usize, value: Slot) -> Result<()> {
        self.scope(|| {
            let (object, val) = (self.handle(object)?, self.val(value)?);
            // SAFETY: the store is alive, the value a variable's address.
            check(unsafe { ffi::gcroots_struct_set(self.ptr(), object, field, &val) })
        })
    }
}
