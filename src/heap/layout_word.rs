//! The layout word: the layout of most types in 64 bits.
//!
//! Collectors read a layout for each object that they trace. A word is one load, and what it
//! says is in registers then (HEAP-68).
//!
//! ```text
//! bits  0..8    kind
//! bit   8       elements: the elements of an array are references
//! bits 16..48   simple layout: bit i stands for a reference at the offset HEADER_BYTES + 4 * i
//!               array: the size of an element in bytes
//!               wide layout: its place in the table of wide layouts
//! bits 48..63   simple layout: the size of an object in bytes
//! bit  63       the layout is not simple
//! ```

use super::header::{HEADER_BYTES, Kind, ObjectHeader};
use super::layout::{array_bytes, is_chunked};
use super::reference::{GRANULE, LEAST_BYTES, SLOT_BYTES};

const ELEMENTS: u64 = 1 << 8;
const VALUE_SHIFT: u32 = 16;
const SIZE_SHIFT: u32 = 48;
const NOT_SIMPLE: u64 = 1 << 63;

/// The size of the greatest object that has a simple layout.
const SIMPLE_BYTES: u64 = (1 << 15) - 1;

/// The size of an object in bytes: a multiple of the granule, at least [`LEAST_BYTES`], and
/// below [`SIZES_END`]. So adding it to an offset does not overflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ObjectSize(u64);

/// No object has this number of bytes or more, because every heap is smaller.
const SIZES_END: u64 = 1 << 48;

impl ObjectSize {
    /// The size `bytes`, or `None` if no object has this size.
    pub(crate) const fn new(bytes: u64) -> Option<ObjectSize> {
        let is_possible = bytes >= LEAST_BYTES as u64 && bytes < SIZES_END;
        match is_possible && bytes.is_multiple_of(GRANULE) {
            true => Some(ObjectSize(bytes)),
            false => None,
        }
    }

    /// The size of an array that is not chunked.
    #[inline(always)]
    pub(super) fn of_array(length: u32, element_bytes: u32) -> ObjectSize {
        debug_assert!(!is_chunked(length));
        let bytes = array_bytes(length, element_bytes);
        debug_assert!(bytes < SIZES_END);
        ObjectSize(bytes)
    }

    /// The bytes.
    #[inline(always)]
    pub(crate) const fn bytes(self) -> u64 {
        self.0
    }
}

/// The layout of objects of one size whose references are near their start.
///
/// Invariant: the references lie within the size.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SimpleLayout(u64);

impl SimpleLayout {
    /// The size of an object.
    #[inline(always)]
    pub(crate) const fn size(self) -> ObjectSize {
        ObjectSize(self.0 >> SIZE_SHIFT)
    }

    /// The references: bit `i` stands for the offset `HEADER_BYTES + 4 * i`.
    #[inline(always)]
    pub(crate) const fn references(self) -> u32 {
        (self.0 >> VALUE_SHIFT) as u32
    }
}

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub(super) struct LayoutWord(u64);

/// What a word says.
pub(super) enum Form {
    /// No type has such objects.
    Unknown,
    Simple(SimpleLayout),
    Array {
        element_bytes: u32,
        /// Whether the elements are references.
        elements: bool,
    },
    /// The layout at this place of the table of wide layouts.
    Wide(u32),
}

impl LayoutWord {
    /// The word of a type without a layout.
    pub(super) const UNKNOWN: LayoutWord = LayoutWord(NOT_SIMPLE);

    /// The word of objects with host data.
    pub(super) const fn of_host_data(kind: Kind) -> LayoutWord {
        LayoutWord(kind as u64 | (LEAST_BYTES as u64) << SIZE_SHIFT)
    }

    /// The word of objects of `bytes` with the references `near`. `None` if they need a wide
    /// layout.
    pub(super) fn simple(kind: Kind, bytes: u32, near: u64) -> Option<LayoutWord> {
        let size = ObjectSize::new(bytes.into())?.bytes();
        let near = u32::try_from(near).ok()?;
        let end = HEADER_BYTES + SLOT_BYTES * u64::from(u32::BITS - near.leading_zeros());
        if size > SIMPLE_BYTES || end > size || kind == Kind::Array {
            return None;
        }
        let near = u64::from(near) << VALUE_SHIFT;
        Some(LayoutWord(kind as u64 | near | size << SIZE_SHIFT))
    }

    /// The word of arrays.
    pub(super) fn array(element_bytes: u32, elements: bool) -> LayoutWord {
        let flag = if elements { ELEMENTS } else { 0 };
        let value = u64::from(element_bytes) << VALUE_SHIFT;
        LayoutWord(NOT_SIMPLE | Kind::Array as u64 | flag | value)
    }

    /// The word of the wide layout at `place`.
    pub(super) fn wide(kind: Kind, place: u32) -> LayoutWord {
        debug_assert!(kind != Kind::Array);
        LayoutWord(NOT_SIMPLE | kind as u64 | u64::from(place) << VALUE_SHIFT)
    }

    /// Whether an object with this header may have the layout.
    #[inline(always)]
    pub(super) const fn is_of(self, header: ObjectHeader) -> bool {
        self.0 as u8 == header.kind_bits()
    }

    /// Whether the layout has this kind.
    #[inline(always)]
    pub(super) const fn has_kind(self, kind: Kind) -> bool {
        self.0 as u8 == kind as u8
    }

    /// The layout, if it is simple.
    #[inline(always)]
    pub(super) const fn as_simple(self) -> Option<SimpleLayout> {
        match self.0 & NOT_SIMPLE {
            0 => Some(SimpleLayout(self.0)),
            _ => None,
        }
    }

    /// What the word says.
    #[inline(always)]
    pub(super) const fn form(self) -> Form {
        if let Some(simple) = self.as_simple() {
            return Form::Simple(simple);
        }
        let value = (self.0 >> VALUE_SHIFT) as u32;
        if self.has_kind(Kind::Array) {
            return Form::Array {
                element_bytes: value,
                elements: self.0 & ELEMENTS != 0,
            };
        }
        match self {
            LayoutWord::UNKNOWN => Form::Unknown,
            _ => Form::Wide(value),
        }
    }
}
