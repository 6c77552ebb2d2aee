//! Globals.

use super::slot::NO_VAL;
use super::{FieldType, Result, Slot, Store, check, ffi};

/// A global of the library. Dropping this frees it.
pub struct Global {
    global: ffi::gcroots_global_t,
    store: Store,
}

impl Global {
    pub fn new(store: &Store, of: &FieldType, value: Slot) -> Result<Global> {
        let mut global = ffi::gcroots_global_t {
            store_id: 0,
            generation: 0,
            index: 0,
        };
        store.scope(|| {
            let (of, val) = (of.to_c(), store.val(value)?);
            // SAFETY: the store is alive; the type and the value are variables'
            // addresses.
            check(unsafe { ffi::gcroots_global_new(store.ptr(), &of, &val, &mut global) })
        })?;
        Ok(Global {
            global,
            store: store.clone(),
        })
    }

    /// The library's handle.
    pub fn handle(&self) -> ffi::gcroots_global_t {
        self.global
    }

    pub fn get(&self) -> Result<Slot> {
        self.store.scope(|| {
            let mut val = NO_VAL;
            // SAFETY: the store is alive, `out` is a variable's address.
            check(unsafe { ffi::gcroots_global_get(self.store.ptr(), self.global, &mut val) })?;
            self.store.slot(val)
        })
    }

    pub fn set(&self, value: Slot) -> Result<()> {
        self.store.scope(|| {
            let val = self.store.val(value)?;
            // SAFETY: the store is alive, and the value is a variable's address.
            check(unsafe { ffi::gcroots_global_set(self.store.ptr(), self.global, &val) })
        })
    }
}

impl Drop for Global {
    fn drop(&mut self) {
        // SAFETY: the store is alive, since this refers to it.
        let freed = check(unsafe { ffi::gcroots_global_free(self.store.ptr(), &mut self.global) });
        if let Err(refused) = freed {
            eprintln!("a global was not freed: {refused}");
        }
    }
}
