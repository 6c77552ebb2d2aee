//! Arrays.

use std::ffi::c_void;

use super::slot::NO_VAL;
use super::store::NO_REF;
use super::{Extension, Raw, Result, Slot, Store, Type, check, ffi};

impl Store {
    pub fn array_new(&self, of: &Type, value: Slot, length: usize) -> Result<Raw> {
        self.count_allocation();
        self.scope(|| {
            let (val, mut out) = (self.val(value)?, NO_REF);
            // SAFETY: the store and the type are alive.
            check(unsafe {
                ffi::gcroots_array_new(self.ptr(), of.as_ptr(), &val, length, &mut out)
            })?;
            self.raw(out)
        })
    }

    pub fn array_new_default(&self, of: &Type, length: usize) -> Result<Raw> {
        self.count_allocation();
        self.scope(|| {
            let mut out = NO_REF;
            // SAFETY: the store and the type are alive.
            check(unsafe {
                ffi::gcroots_array_new_default(self.ptr(), of.as_ptr(), length, &mut out)
            })?;
            self.raw(out)
        })
    }

    pub fn array_new_fixed(&self, of: &Type, elements: &[Slot]) -> Result<Raw> {
        self.count_allocation();
        self.scope(|| {
            let (vals, mut out) = (self.vals(elements)?, NO_REF);
            // SAFETY: the store and the type are alive, and the values are a slice.
            check(unsafe {
                ffi::gcroots_array_new_fixed(
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

    pub fn array_len(&self, array: Raw) -> Result<usize> {
        self.scope(|| {
            let (array, mut length) = (self.handle(array)?, 0);
            // SAFETY: the store is alive, `out` is a variable's address.
            check(unsafe { ffi::gcroots_array_len(self.ptr(), array, &mut length) })?;
            Ok(length)
        })
    }

    pub fn array_get(&self, array: Raw, index: usize, extension: Extension) -> Result<Slot> {
        self.scope(|| {
            let (store, array) = (self.ptr(), self.handle(array)?);
            let (mut val, mut signed, mut unsigned) = (NO_VAL, 0, 0);
            // SAFETY: the store is alive, outputs are variables' addresses.
            unsafe {
                match extension {
                    Extension::None => {
                        check(ffi::gcroots_array_get(store, array, index, &mut val))?;
                        self.slot(val)
                    }
                    Extension::Signed => {
                        check(ffi::gcroots_array_get_s(store, array, index, &mut signed))?;
                        Ok(Slot::i32(signed))
                    }
                    Extension::Unsigned => {
                        check(ffi::gcroots_array_get_u(store, array, index, &mut unsigned))?;
                        Ok(Slot::i32(unsigned as i32))
                    }
                }
            }
        })
    }

    pub fn array_set(&self, array: Raw, index: usize, value: Slot) -> Result<()> {
        self.scope(|| {
            let (array, val) = (self.handle(array)?, self.val(value)?);
            // SAFETY: the store is alive, and the value is a variable's address.
            check(unsafe { ffi::gcroots_array_set(self.ptr(), array, index, &val) })
        })
    }

    pub fn array_fill(&self, array: Raw, index: usize, value: Slot, count: usize) -> Result<()> {
        self.scope(|| {
            let (array, val) = (self.handle(array)?, self.val(value)?);
            // SAFETY: the store is alive, and the value is a variable's address.
            check(unsafe { ffi::gcroots_array_fill(self.ptr(), array, index, &val, count) })
        })
    }

    /// Copies `count` elements. `to` and `from` are each an array and the index of the
    /// first element.
    pub fn array_copy(&self, to: (Raw, usize), from: (Raw, usize), count: usize) -> Result<()> {
        self.scope(|| {
            let (dst, src) = (self.handle(to.0)?, self.handle(from.0)?);
            // SAFETY: the store is alive.
            check(unsafe { ffi::gcroots_array_copy(self.ptr(), dst, to.1, src, from.1, count) })
        })
    }

    /// Sets elements from bytes. The elements are numbers of `element` bytes each.
    pub fn array_write(&self, array: Raw, index: usize, data: &[u8], element: usize) -> Result<()> {
        self.scope(|| {
            let (array, from) = (self.handle(array)?, data.as_ptr().cast::<c_void>());
            let count = data.len() / element;
            // SAFETY: the store is alive; the slice has the bytes of `count` elements.
            check(unsafe { ffi::gcroots_array_write(self.ptr(), array, index, from, count) })
        })
    }
}
