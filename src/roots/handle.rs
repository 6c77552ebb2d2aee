//! The 16 bytes that name a root (ROOTS-1).

/// The bit of a handle's index that marks a manual root.
pub(crate) const MANUAL_BIT: u32 = 1 << 31;

/// The number of slots of one kind that handles can name.
pub(crate) const SLOTS_MAX: u32 = MANUAL_BIT - 1;

/// The bits of a handle's index that mark a table (ROOTS-17).
pub(crate) const TABLE: u32 = 1 << 30;

/// The bits of a handle's index that mark a global (ROOTS-17).
pub(crate) const GLOBAL: u32 = MANUAL_BIT | 1 << 30;

/// The greatest generation. It is never issued and never resolved.
pub(crate) const RETIRED: u32 = u32::MAX;

/// A handle. Its bits may be anything until they are resolved (`handles.any-bits`).
///
/// Generation and index are one word: two halves would stall the call that reads them back
/// (ROOTS-6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Handle {
    /// The store's id, 0 for the null reference.
    pub(crate) store_id: u64,
    /// The generation in the lower half, the index in the upper.
    pub(crate) slot: u64,
}

impl Handle {
    /// The null reference.
    pub(crate) const NULL: Handle = Handle {
        store_id: 0,
        slot: 0,
    };

    /// The slot word of a scoped root, or of another kind if `index` has its bits.
    #[inline(always)]
    pub(crate) const fn slot_word(generation: u32, index: u32) -> u64 {
        generation as u64 | (index as u64) << 32
    }

    /// Whether this is the null reference.
    #[inline(always)]
    pub(crate) const fn is_null(self) -> bool {
        self.store_id == 0
    }

    /// Whether the index has [`MANUAL_BIT`].
    #[inline(always)]
    pub(crate) const fn is_manual(self) -> bool {
        self.slot >> 63 != 0
    }

    /// The index, without [`MANUAL_BIT`].
    #[inline(always)]
    pub(crate) const fn index(self) -> u32 {
        (self.slot >> 32) as u32 & !MANUAL_BIT
    }

    /// The index, with the bits that mark its kind.
    #[inline(always)]
    pub(crate) const fn index_and_kind(self) -> u32 {
        (self.slot >> 32) as u32
    }

    /// The generation.
    #[inline(always)]
    pub(crate) const fn generation(self) -> u32 {
        self.slot as u32
    }
}
