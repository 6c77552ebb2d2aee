//! The object header: the first 8 bytes of every object.
//!
//! ```text
//! bits  0..8   kind
//! bit   8      hashed: the identity-hash table has an entry for the object
//! bit   9      key: a weak map has an entry whose key is the object
//! bits 10..31  the collector's own
//! bit   31     forwarded: the upper half is the object's new reference
//! bits 32..64  the type's index, by which the layout is found
//! ```
//!
//! All collectors share this header (HEAP-5). A forwarded header exists only while a
//! copying collection runs, in the space that the objects leave.

use super::reference::GcRef;

/// The size of a header in bytes.
pub(crate) const HEADER_BYTES: u64 = 8;

const HASHED: u64 = 1 << 8;
const KEY: u64 = 1 << 9;
const FORWARDED: u64 = 1 << 31;
const COLLECTOR_SHIFT: u32 = 10;
const REMEMBERED: u64 = 1 << COLLECTOR_SHIFT;
const WEAKLY_NAMED: u64 = 2 << COLLECTOR_SHIFT;
const COLLECTOR_MASK: u32 = (1 << 21) - 1;

/// What a block of the heap is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    /// An externref. It refers to host data.
    Extern = 1,
    /// A struct: fields at fixed offsets.
    Struct = 2,
    /// An array: a length, and elements.
    Array = 3,
    /// Free memory, not an object. Its size in granules stands in place of the type.
    Free = 4,
    /// An exception: a tag, and fields at fixed offsets. The type is the tag's.
    Exn = 5,
    /// A function. It refers to host data. The type is the function's.
    Func = 6,
}

/// An object's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub(crate) struct ObjectHeader(u64);

impl ObjectHeader {
    /// The header of a new object.
    pub(crate) const fn new(kind: Kind, type_index: u32) -> ObjectHeader {
        ObjectHeader(kind as u64 | (type_index as u64) << 32)
    }

    /// The header that forwards to `new`.
    #[inline]
    pub(crate) const fn forwarding(new: GcRef) -> ObjectHeader {
        ObjectHeader(FORWARDED | (new.raw() as u64) << 32)
    }

    /// The header with these bits. Any bits are allowed.
    #[inline(always)]
    pub(crate) const fn from_bits(bits: u64) -> ObjectHeader {
        ObjectHeader(bits)
    }

    /// The bits.
    #[inline(always)]
    pub(crate) const fn bits(self) -> u64 {
        self.0
    }

    /// The kind, or `None` if the bits are not those of a kind.
    #[inline]
    pub(crate) const fn kind(self) -> Option<Kind> {
        match self.0 & 0xff {
            1 => Some(Kind::Extern),
            2 => Some(Kind::Struct),
            3 => Some(Kind::Array),
            4 => Some(Kind::Free),
            5 => Some(Kind::Exn),
            6 => Some(Kind::Func),
            _ => None,
        }
    }

    /// Whether the kind is [`Kind::Extern`], in one comparison.
    #[inline(always)]
    pub(crate) const fn is_extern(self) -> bool {
        self.0 as u8 == Kind::Extern as u8
    }

    /// The bits of the kind, which may not be those of a kind.
    #[inline(always)]
    pub(crate) const fn kind_bits(self) -> u8 {
        self.0 as u8
    }

    /// The type's index; for [`Kind::Free`], the size in granules.
    #[inline]
    pub(crate) const fn type_index(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// The object's new reference, if it moved.
    #[inline]
    pub(crate) const fn forwarded(self) -> Option<GcRef> {
        if self.0 & FORWARDED != 0 {
            Some(GcRef::from_raw((self.0 >> 32) as u32))
        } else {
            None
        }
    }

    /// The collector's bits.
    #[inline]
    pub(crate) const fn collector_bits(self) -> u32 {
        (self.0 >> COLLECTOR_SHIFT) as u32 & COLLECTOR_MASK
    }

    /// This header with the collector's 21 bits replaced.
    #[inline]
    pub(crate) const fn with_collector_bits(self, bits: u32) -> ObjectHeader {
        debug_assert!(bits <= COLLECTOR_MASK);
        let others = self.0 & !((COLLECTOR_MASK as u64) << COLLECTOR_SHIFT);
        ObjectHeader(others | (bits as u64) << COLLECTOR_SHIFT)
    }

    /// This header with 1 added to the collector's bits, which must not overflow.
    #[inline]
    pub(crate) const fn plus_one(self) -> ObjectHeader {
        ObjectHeader(self.0 + (1 << COLLECTOR_SHIFT))
    }

    /// This header with 1 subtracted from the collector's bits, which must not be 0.
    #[inline]
    pub(crate) const fn minus_one(self) -> ObjectHeader {
        ObjectHeader(self.0 - (1 << COLLECTOR_SHIFT))
    }

    /// Whether the remembered set has the whole object, under a collector with such a set. One of
    /// the collector's bits says so.
    #[inline(always)]
    pub(crate) const fn is_remembered(self) -> bool {
        self.0 & REMEMBERED != 0
    }

    /// This header, with the whole object in the remembered set or not.
    #[inline(always)]
    pub(crate) const fn remembered(self, is_remembered: bool) -> ObjectHeader {
        let others = self.0 & !REMEMBERED;
        ObjectHeader(others | if is_remembered { REMEMBERED } else { 0 })
    }

    /// Whether a weak handle has named the object, under a collector that asks. One of the
    /// collector's bits says so.
    pub(crate) const fn is_weakly_named(self) -> bool {
        self.0 & WEAKLY_NAMED != 0
    }

    /// This header, with the bit set that says that a weak handle has named the object.
    pub(crate) const fn weakly_named(self) -> ObjectHeader {
        ObjectHeader(self.0 | WEAKLY_NAMED)
    }

    /// Whether the kind is [`Kind::Func`].
    pub(crate) const fn is_func(self) -> bool {
        self.0 as u8 == Kind::Func as u8
    }

    /// Whether the object has an identity hash.
    pub(crate) const fn is_hashed(self) -> bool {
        self.0 & HASHED != 0
    }

    /// This header with the hashed bit set.
    pub(crate) const fn with_hashed(self) -> ObjectHeader {
        ObjectHeader(self.0 | HASHED)
    }

    /// Whether the object is a key of some weak map.
    #[inline]
    pub(crate) const fn is_key(self) -> bool {
        self.0 & KEY != 0
    }

    /// Whether the object has moved, or is a key of some weak map.
    #[inline(always)]
    pub(crate) const fn is_forwarded_or_key(self) -> bool {
        self.0 & (FORWARDED | KEY) != 0
    }

    /// This header with the key bit set or cleared.
    pub(crate) const fn with_key(self, is_key: bool) -> ObjectHeader {
        ObjectHeader(self.0 & !KEY | if is_key { KEY } else { 0 })
    }
}
