//! The 32-bit reference (HEAP-6).

/// The least size of an object in bytes: a header and one word of 8 bytes.
pub(crate) const LEAST_BYTES: u32 = 16;

/// Objects start at multiples of this many bytes.
pub(crate) const GRANULE: u64 = 8;

/// The size in bytes of a slot that holds a reference.
pub(crate) const SLOT_BYTES: u64 = 4;

/// The number of bytes that 32-bit references can address: 16 GiB.
pub(crate) const HEAP_MAX: u64 = 1 << 34;

/// A reference to an object, an `i31`, or null.
///
/// 0 is null. If the low bit is set, the upper 31 bits are an `i31`. Otherwise the bits are
/// the offset from the heap's base in half granules, so an object's address is
/// `base + 4 * bits`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub(crate) struct GcRef(u32);

impl GcRef {
    /// The null reference.
    pub(crate) const NULL: GcRef = GcRef(0);

    /// The reference with these bits.
    #[inline(always)]
    pub(crate) const fn from_raw(bits: u32) -> GcRef {
        GcRef(bits)
    }

    /// The reference to the object that is `offset` bytes from the base. `offset` is a
    /// multiple of [`GRANULE`], below [`HEAP_MAX`], and not 0.
    #[inline(always)]
    pub(crate) const fn from_offset(offset: u64) -> GcRef {
        debug_assert!(offset.is_multiple_of(GRANULE) && offset != 0 && offset < HEAP_MAX);
        GcRef((offset / 4) as u32)
    }

    /// The bits.
    #[inline(always)]
    pub(crate) const fn raw(self) -> u32 {
        self.0
    }

    /// Whether this is null.
    #[inline(always)]
    pub(crate) const fn is_null(self) -> bool {
        self.0 == 0
    }

    /// Whether the low bit is set. Then this is an `i31`, or a link in a root slot that has
    /// no root (ROOTS-5).
    #[inline(always)]
    pub(crate) const fn is_odd(self) -> bool {
        self.0 & 1 == 1
    }

    /// Whether this is an `i31`.
    #[inline(always)]
    pub(crate) const fn is_i31(self) -> bool {
        self.is_odd()
    }

    /// The `i31` of an integer's lower 31 bits.
    #[inline(always)]
    pub(crate) const fn from_i31(bits: u32) -> GcRef {
        GcRef(bits << 1 | 1)
    }

    /// The 31 bits of an `i31`.
    #[inline(always)]
    pub(crate) const fn i31(self) -> Option<u32> {
        if self.is_i31() {
            Some(self.0 >> 1)
        } else {
            None
        }
    }

    /// Whether this refers to an object.
    #[inline(always)]
    pub(crate) const fn is_object(self) -> bool {
        // The low bit becomes the sign.
        self.0.rotate_right(1) as i32 > 0
    }

    /// Whether this refers to an object between `start`, which is not 0, and `end` that has room
    /// for the least size of an object. So the first [`LEAST_BYTES`] can be read without a
    /// check.
    #[inline(always)]
    pub(crate) const fn lies_in(self, start: u64, end: u64) -> bool {
        let offset = self.object_offset();
        debug_assert!(start > 0 && end <= HEAP_MAX);
        offset >= start && offset + LEAST_BYTES as u64 <= end
    }

    /// The object's offset from the base in bytes. Beyond every heap for an `i31`, and 0 for
    /// null. So one comparison with the bounds of a heap also refuses these two.
    #[inline(always)]
    pub(crate) const fn object_offset(self) -> u64 {
        // The low bit of an `i31` becomes the highest.
        self.0.rotate_right(1) as u64 * GRANULE
    }

    /// The object's offset from the base in bytes.
    #[inline(always)]
    pub(crate) const fn offset(self) -> u64 {
        self.0 as u64 * 4
    }
}
