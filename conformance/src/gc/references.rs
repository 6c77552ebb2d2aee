//! Operations on references: kinds, identity, conversions, 31-bit integers and host
//! objects.

use std::ffi::c_void;
use std::ptr;

use super::store::NO_REF;
use super::{Raw, Result, Store, check, ffi};

/// The kind of a reference's referent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefKind {
    Null,
    Extern,
    Struct,
    Array,
    I31,
    Exn,
    Func,
}

impl Store {
    pub fn ref_kind(&self, raw: Raw) -> Result<RefKind> {
        self.scope(|| {
            let (handle, mut kind) = (self.handle(raw)?, 0);
            // SAFETY: the store is alive, `out` is a variable's address.
            check(unsafe { ffi::gcroots_ref_kind(self.ptr(), handle, &mut kind) })?;
            Ok(match kind {
                ffi::GCROOTS_REF_NULL => RefKind::Null,
                ffi::GCROOTS_REF_EXTERN => RefKind::Extern,
                ffi::GCROOTS_REF_STRUCT => RefKind::Struct,
                ffi::GCROOTS_REF_ARRAY => RefKind::Array,
                ffi::GCROOTS_REF_I31 => RefKind::I31,
                ffi::GCROOTS_REF_EXN => RefKind::Exn,
                ffi::GCROOTS_REF_FUNC => RefKind::Func,
                _ => unreachable!("a reference of kind {kind}"),
            })
        })
    }

    pub fn ref_eq(&self, a: Raw, b: Raw) -> Result<bool> {
        self.scope(|| {
            let (a, b, mut equal) = (self.handle(a)?, self.handle(b)?, false);
            // SAFETY: the store is alive, `out` is a variable's address.
            check(unsafe { ffi::gcroots_ref_eq(self.ptr(), a, b, &mut equal) })?;
            Ok(equal)
        })
    }

    pub fn extern_convert_any(&self, raw: Raw) -> Result<Raw> {
        self.scope(|| {
            let (handle, mut out) = (self.handle(raw)?, NO_REF);
            // SAFETY: the store is alive, `out` is a variable's address.
            check(unsafe { ffi::gcroots_extern_convert_any(self.ptr(), handle, &mut out) })?;
            self.raw(out)
        })
    }

    pub fn any_convert_extern(&self, raw: Raw) -> Result<Raw> {
        self.scope(|| {
            let (handle, mut out) = (self.handle(raw)?, NO_REF);
            // SAFETY: the store is alive, `out` is a variable's address.
            check(unsafe { ffi::gcroots_any_convert_extern(self.ptr(), handle, &mut out) })?;
            self.raw(out)
        })
    }

    pub fn i31_new(&self, value: i32) -> Result<Raw> {
        self.scope(|| {
            let mut out = NO_REF;
            // SAFETY: the store is alive, `out` is a variable's address.
            check(unsafe { ffi::gcroots_i31_new(self.ptr(), value, &mut out) })?;
            self.raw(out)
        })
    }

    pub fn i31_get_s(&self, raw: Raw) -> Result<i32> {
        self.scope(|| {
            let (handle, mut value) = (self.handle(raw)?, 0);
            // SAFETY: the store is alive, `out` is a variable's address.
            check(unsafe { ffi::gcroots_i31_get_s(self.ptr(), handle, &mut value) })?;
            Ok(value)
        })
    }

    pub fn i31_get_u(&self, raw: Raw) -> Result<u32> {
        self.scope(|| {
            let (handle, mut value) = (self.handle(raw)?, 0);
            // SAFETY: the store is alive, `out` is a variable's address.
            check(unsafe { ffi::gcroots_i31_get_u(self.ptr(), handle, &mut value) })?;
            Ok(value)
        })
    }

    /// Makes a host object that stands for a number. May collect.
    pub fn extern_new(&self, number: u32) -> Result<Raw> {
        self.count_allocation();
        self.scope(|| {
            let (data, mut out) = (ptr::without_provenance_mut(number as usize), NO_REF);
            // SAFETY: the store is alive; the data is never followed.
            check(unsafe { ffi::gcroots_externref_new(self.ptr(), data, None, &mut out) })?;
            self.raw(out)
        })
    }

    /// The number that [`extern_new`](Store::extern_new) was given.
    pub fn extern_number(&self, raw: Raw) -> Result<u32> {
        self.scope(|| {
            let handle = self.handle(raw)?;
            let mut data: *mut c_void = ptr::null_mut();
            // SAFETY: the store is alive, `out` is a variable's address.
            check(unsafe { ffi::gcroots_externref_data(self.ptr(), handle, &mut data) })?;
            Ok(data.addr() as u32)
        })
    }
}
