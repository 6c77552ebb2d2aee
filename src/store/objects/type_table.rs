//! The types that a store uses, by their index.
//!
//! The header of an object names its type by index. This table leads from the index to the
//! type without a lock. It keeps a reference to each type that the store has allocated, so
//! a type lives as long as the store. It has types of the store's own engine only: a type
//! that stands here under its own index belongs to that engine.
//!
//! Cost: 8 bytes for each index up to the greatest one in use; a lookup is one comparison
//! and two loads.

use core::cell::OnceCell;
use core::mem::offset_of;

use crate::base::array::{Array, Growth};
use crate::error::{Error, Result};
use crate::types::{RegisteredType, Type};

/// The registry issues no more indices than this.
const GROWTH: Growth<'static> = Growth {
    first: 16,
    most: 1 << 32,
    what: "types of a store",
    side: None,
};

/// See the module.
#[derive(Debug)]
#[repr(C)]
pub(in crate::store) struct TypeTable {
    /// The type of each index, once the store has used it.
    types: Array<OnceCell<Type>>,
}

impl TypeTable {
    /// Where compiled code finds the address of the types, and their number.
    pub(in crate::store) const FIRST_AT: usize =
        offset_of!(TypeTable, types) + Array::<OnceCell<Type>>::FIRST_AT;
    pub(in crate::store) const COUNT_AT: usize =
        offset_of!(TypeTable, types) + Array::<OnceCell<Type>>::CAPACITY_AT;

    /// An empty table, which allocates nothing.
    pub(in crate::store) const fn new() -> TypeTable {
        TypeTable {
            types: Array::new(),
        }
    }

    #[inline(always)]
    fn find(&self, index: u32) -> Option<&Type> {
        self.types.get(index as usize)?.get()
    }

    /// The type with this index, if the store uses it. The table may grow while the caller
    /// has the type: only the table's own reference to the type moves then.
    #[inline(always)]
    pub(in crate::store) fn get(&self, index: u32) -> Option<&RegisteredType> {
        self.find(index).map(|kept| &**kept)
    }

    /// A new reference to the type with this index.
    ///
    /// Errors: [`Error::Internal`] if the store does not use it, [`Error::Limit`].
    pub(in crate::store) fn kept(&self, index: u32) -> Result<Type> {
        match self.find(index) {
            Some(kept) => kept.try_clone(),
            None => Err(Error::internal("a type that is unknown", index.into())),
        }
    }

    /// Whether the store uses this very type.
    #[inline(always)]
    pub(in crate::store) fn has(&self, of: &RegisteredType) -> bool {
        self.get(of.index)
            .is_some_and(|found| core::ptr::eq(found, of))
    }

    /// Keeps a type of the store's engine.
    ///
    /// Errors: [`Error::SystemMemory`], [`Error::Limit`]; nothing has changed then.
    pub(in crate::store) fn keep(&self, kept: &Type) -> Result<()> {
        if self.has(kept) {
            return Ok(());
        }
        let index = kept.index as usize;
        // SAFETY: this file refers to an element within one function only.
        unsafe { self.types.grow_with(index + 1, &GROWTH, OnceCell::new) }?;
        let reference = kept.try_clone()?;
        let is_new = self.types.get(index).map(|cell| cell.set(reference));
        debug_assert!(matches!(is_new, Some(Ok(()))));
        Ok(())
    }

    /// The bytes of memory that the table has.
    pub(in crate::store) fn side_bytes(&self) -> u64 {
        self.types.bytes()
    }

    /// Checks that each type stands at its index.
    pub(in crate::store) fn check(&self) -> Result<()> {
        let misplaced = |&index: &u32| self.get(index).is_some_and(|of| of.index != index);
        match (0..self.types.capacity() as u32).find(misplaced) {
            Some(index) => Err(Error::internal(
                "a type under another's index",
                index.into(),
            )),
            None => Ok(()),
        }
    }
}
