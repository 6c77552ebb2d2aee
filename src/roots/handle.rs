//! The 16 bytes that name a root.

/// The bit of a handle's index that tells manual roots from scoped ones.
pub(crate) const MANUAL_BIT: u32 = 1 << 31;

/// Slots of each kind that handles can name.
pub(crate) const SLOTS_MAX: u32 = MANUAL_BIT - 1;

/// The bits of a table's index that others do not have.
pub(crate) const TABLE: u32 = 1 << 30;

/// Those of a global's.
pub(crate) const GLOBAL: u32 = MANUAL_BIT | 1 << 30;

/// The greatest generation: never issued, never resolved.
pub(crate) const RETIRED: u32 = u32::MAX;

/// A handle: any bits, until resolved.
///
/// `generation` and `index` travel as one word. Written as two halves and then
/// passed by value, they would be read back as one word before the halves have
/// left the store buffer, which stalls for longer than the rest of a call takes.
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

    /// The slot word of a scoped root, or with [`MANUAL_BIT`] in `index` of a
    /// manual one.
    #[inline(always)]
    pub(crate) const fn slot_word(generation: u32, index: u32) -> u64 {
        generation as u64 | (index as u64) << 32
    }

    /// Whether this is the null reference.
    #[inline(always)]
    pub(crate) const fn is_null(self) -> bool {
        self.store_id == 0
    }

    /// Whether the bits are those of a manual root.
    #[inline(always)]
    pub(crate) const fn is_manual(self) -> bool {
        self.slot >> 63 != 0
    }

    /// The slot, without the manual bit.
    #[inline(always)]
    pub(crate) const fn index(self) -> u32 {
        (self.slot >> 32) as u32 & !MANUAL_BIT
    }

    /// The slot, with all bits that say of what kind it is.
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
