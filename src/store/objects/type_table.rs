//! The types that a store uses, by their index.
//!
//! An object's header names its type by index. This table leads from there to the
//! type without a lock, and keeps each type that the store has allocated, so that
//! what a header names lives as long as the store. Only types of the store's own
//! engine get in: to find a type here under its own index proves that it is one.

use core::alloc::Layout;
use core::cell::Cell;
use core::ptr::NonNull;

use crate::base::fallible;
use crate::error::{Error, Result};
use crate::types::{RegisteredType, Type};

/// The capacity that the first growth gives.
const FIRST_CAPACITY: u32 = 16;

/// A type, or nothing. `Option<Type>` has the same bits as a nullable pointer.
type Slot = Option<Type>;

/// See the module.
#[derive(Debug)]
#[repr(C)]
pub(in crate::store) struct TypeTable {
    slots: Cell<NonNull<Slot>>,
    capacity: Cell<u32>,
}

impl TypeTable {
    /// An empty table, which allocates nothing.
    pub(in crate::store) const fn new() -> TypeTable {
        TypeTable {
            slots: Cell::new(NonNull::dangling()),
            capacity: Cell::new(0),
        }
    }

    /// The type with this index, if it is here.
    #[inline(always)]
    pub(in crate::store) fn get(&self, index: u32) -> Option<&RegisteredType> {
        if index >= self.capacity.get() {
            return None;
        }
        // SAFETY: below the capacity. The table's own reference moves when it grows,
        // so what is handed out is the type itself, which is kept until the table ends.
        let slot = unsafe { self.slots.get().add(index as usize).as_ref() };
        slot.as_ref().map(|kept| {
            // SAFETY: as above.
            unsafe { &*core::ptr::from_ref::<RegisteredType>(kept) }
        })
    }

    /// A reference to the type with this index.
    ///
    /// Errors: [`Error::Internal`] if it is not here, [`Error::Limit`].
    pub(in crate::store) fn kept(&self, index: u32) -> Result<Type> {
        let kept = (index < self.capacity.get()).then(|| {
            // SAFETY: below the capacity, and the table does not grow meanwhile.
            unsafe { self.slots.get().add(index as usize).as_ref() }
        });
        match kept {
            Some(Some(kept)) => kept.try_clone(),
            _ => Err(Error::internal("a type that is unknown", index.into())),
        }
    }

    /// Whether this very type is here.
    #[inline(always)]
    pub(in crate::store) fn has(&self, of: &RegisteredType) -> bool {
        self.get(of.index)
            .is_some_and(|found| core::ptr::eq(found, of))
    }

    /// Keeps a type, which must be of the store's engine.
    ///
    /// Errors: [`Error::SystemMemory`], [`Error::Limit`]; nothing has changed then.
    pub(in crate::store) fn keep(&self, kept: &Type) -> Result<()> {
        if self.has(kept) {
            return Ok(());
        }
        self.grow_to(u64::from(kept.index) + 1)?;
        let reference = kept.try_clone()?;
        // SAFETY: below the capacity, and initialised; there was nothing in it.
        unsafe {
            let slot = self.slots.get().add(kept.index as usize);
            slot.write(Some(reference));
        }
        Ok(())
    }

    fn layout(capacity: u32) -> Result<Layout> {
        Layout::array::<Slot>(capacity as usize).map_err(|_| fallible::refused(usize::MAX))
    }

    fn grow_to(&self, capacity: u64) -> Result<()> {
        let old_capacity = self.capacity.get();
        if capacity <= old_capacity.into() {
            return Ok(());
        }
        let doubled = (2 * u64::from(old_capacity)).max(FIRST_CAPACITY.into());
        let capacity = capacity.max(doubled).min(u32::MAX.into()) as u32;
        let layout = Self::layout(capacity)?;
        // SAFETY: the capacity is not 0.
        let memory = unsafe { std::alloc::alloc(layout) };
        let new = NonNull::new(memory.cast::<Slot>()).ok_or(fallible::refused(layout.size()))?;
        // SAFETY: both have that many slots, and the new one is fresh; what moves is
        // forgotten in the old one, which is freed.
        unsafe {
            new.copy_from_nonoverlapping(self.slots.get(), old_capacity as usize);
            for index in old_capacity..capacity {
                new.add(index as usize).write(None);
            }
        }
        self.free_slots();
        self.slots.set(new);
        self.capacity.set(capacity);
        Ok(())
    }

    fn free_slots(&self) {
        if self.capacity.get() == 0 {
            return;
        }
        if let Ok(layout) = Self::layout(self.capacity.get()) {
            // SAFETY: the slots were allocated with this layout.
            unsafe { std::alloc::dealloc(self.slots.get().as_ptr().cast(), layout) };
        }
    }

    /// Checks that each type stands at its index.
    pub(in crate::store) fn check(&self) -> Result<()> {
        let misplaced = |&index: &u32| self.get(index).is_some_and(|of| of.index != index);
        match (0..self.capacity.get()).find(misplaced) {
            Some(index) => Err(Error::internal(
                "a type under another's index",
                index.into(),
            )),
            None => Ok(()),
        }
    }
}

impl Drop for TypeTable {
    fn drop(&mut self) {
        for index in 0..self.capacity.get() {
            // SAFETY: below the capacity, and initialised; nobody uses it after this.
            unsafe { self.slots.get().add(index as usize).drop_in_place() };
        }
        self.free_slots();
    }
}
