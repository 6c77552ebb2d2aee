//! Values: numbers, vectors and raw references, with a tag that tells them apart.

use super::store::Store;
use super::{Result, ffi};

/// The bits of a reference; 0 is null. They are valid until the next collection. The
/// library updates those in slots of the [`ValueStack`](super::ValueStack).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Raw(pub(super) u32);

impl Raw {
    pub const NULL: Raw = Raw(0);

    pub fn is_null(self) -> bool {
        self == Raw::NULL
    }
}

/// A value of any type. The upper half of `bits` is zero for 32-bit values, so
/// [`bits`](Slot::bits) reads addresses and indices of both widths.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slot {
    bits: u64,
    /// The upper half of a vector. Zero for all other values.
    high: u64,
    /// One of GCROOTS_STORAGE_I32 to GCROOTS_STORAGE_REF.
    tag: u8,
    _padding: [u8; 7],
}

const _: () = assert!(size_of::<Slot>() == 24);

/// Tells the library which slots hold references, and where.
pub(super) const LAYOUT: ffi::gcroots_slot_layout_t = ffi::gcroots_slot_layout_t {
    slot_bytes: size_of::<Slot>(),
    ref_offset: std::mem::offset_of!(Slot, bits),
    tag_offset: std::mem::offset_of!(Slot, tag),
    tag_mask: 0xff,
    tag: ffi::GCROOTS_STORAGE_REF as u8,
};

// A raw reference is the lower half of `bits`: this needs little-endian byte order.
const _: () = assert!(cfg!(target_endian = "little"));

impl Slot {
    pub const NULL: Slot = Slot::new(0, ffi::GCROOTS_STORAGE_REF);

    const fn new(bits: u64, tag: u32) -> Slot {
        Slot {
            bits,
            high: 0,
            tag: tag as u8,
            _padding: [0; 7],
        }
    }

    pub const fn i32(value: i32) -> Slot {
        Slot::new(value as u32 as u64, ffi::GCROOTS_STORAGE_I32)
    }

    pub const fn i64(value: i64) -> Slot {
        Slot::new(value as u64, ffi::GCROOTS_STORAGE_I64)
    }

    pub const fn f32_bits(bits: u32) -> Slot {
        Slot::new(bits as u64, ffi::GCROOTS_STORAGE_F32)
    }

    pub const fn f64_bits(bits: u64) -> Slot {
        Slot::new(bits, ffi::GCROOTS_STORAGE_F64)
    }

    pub const fn v128(value: u128) -> Slot {
        Slot {
            high: (value >> 64) as u64,
            ..Slot::new(value as u64, ffi::GCROOTS_STORAGE_V128)
        }
    }

    pub const fn reference(raw: Raw) -> Slot {
        Slot::new(raw.0 as u64, ffi::GCROOTS_STORAGE_REF)
    }

    pub fn bool(value: bool) -> Slot {
        Slot::i32(value.into())
    }

    /// An index of a memory or table. `is_64` says whether its indices have 64 bits.
    pub fn index(value: u64, is_64: bool) -> Slot {
        if is_64 {
            Slot::i64(value as i64)
        } else {
            Slot::i32(value as i32)
        }
    }

    pub fn bits(self) -> u64 {
        self.bits
    }

    pub fn as_i32(self) -> i32 {
        self.bits as i32
    }

    pub fn as_u32(self) -> u32 {
        self.bits as u32
    }

    pub fn as_i64(self) -> i64 {
        self.bits as i64
    }

    pub fn as_f32(self) -> f32 {
        f32::from_bits(self.bits as u32)
    }

    pub fn as_f64(self) -> f64 {
        f64::from_bits(self.bits)
    }

    /// The 128 bits of a vector. For other values, [`bits`](Slot::bits) with zeros above.
    pub fn as_v128(self) -> u128 {
        u128::from(self.high) << 64 | u128::from(self.bits)
    }

    pub fn as_ref(self) -> Raw {
        Raw(self.bits as u32)
    }

    pub fn is_ref(self) -> bool {
        u32::from(self.tag) == ffi::GCROOTS_STORAGE_REF
    }

    pub fn is_i32(self) -> bool {
        u32::from(self.tag) == ffi::GCROOTS_STORAGE_I32
    }

    pub fn is_i64(self) -> bool {
        u32::from(self.tag) == ffi::GCROOTS_STORAGE_I64
    }

    pub fn is_f32(self) -> bool {
        u32::from(self.tag) == ffi::GCROOTS_STORAGE_F32
    }

    pub fn is_f64(self) -> bool {
        u32::from(self.tag) == ffi::GCROOTS_STORAGE_F64
    }

    pub fn is_v128(self) -> bool {
        u32::from(self.tag) == ffi::GCROOTS_STORAGE_V128
    }
}

pub(super) const NO_VAL: ffi::gcroots_val_t = ffi::gcroots_val_t {
    kind: ffi::GCROOTS_STORAGE_I64,
    of: ffi::gcroots_val_of_t { i64: 0 },
};

impl Store {
    /// The library's form of a value. A reference becomes a handle of the current scope.
    pub(super) fn val(&self, slot: Slot) -> Result<ffi::gcroots_val_t> {
        let of = match u32::from(slot.tag) {
            ffi::GCROOTS_STORAGE_REF => ffi::gcroots_val_of_t {
                ref_: self.handle(slot.as_ref())?,
            },
            ffi::GCROOTS_STORAGE_I32 | ffi::GCROOTS_STORAGE_F32 => {
                ffi::gcroots_val_of_t { i32: slot.as_i32() }
            }
            ffi::GCROOTS_STORAGE_V128 => ffi::gcroots_val_of_t {
                v128: ffi::gcroots_v128_t {
                    bytes: slot.as_v128().to_le_bytes(),
                },
            },
            _ => ffi::gcroots_val_of_t { i64: slot.as_i64() },
        };
        Ok(ffi::gcroots_val_t {
            kind: slot.tag.into(),
            of,
        })
    }

    pub(super) fn vals(&self, slots: &[Slot]) -> Result<Vec<ffi::gcroots_val_t>> {
        slots.iter().map(|slot| self.val(*slot)).collect()
    }

    /// The interpreter's form of a value that came from the library.
    pub(super) fn slot(&self, val: ffi::gcroots_val_t) -> Result<Slot> {
        // SAFETY: the library has set the member that `kind` names, and only that one is
        // read.
        unsafe {
            Ok(match val.kind {
                ffi::GCROOTS_STORAGE_REF => Slot::reference(self.raw(val.of.ref_)?),
                ffi::GCROOTS_STORAGE_I32 => Slot::i32(val.of.i32),
                ffi::GCROOTS_STORAGE_F32 => Slot::f32_bits(val.of.f32.to_bits()),
                ffi::GCROOTS_STORAGE_F64 => Slot::f64_bits(val.of.f64.to_bits()),
                ffi::GCROOTS_STORAGE_I64 => Slot::i64(val.of.i64),
                ffi::GCROOTS_STORAGE_V128 => Slot::v128(u128::from_le_bytes(val.of.v128.bytes)),
                kind => unreachable!("a value of kind {kind}"),
            })
        }
    }
}
