//! The value stack. It holds the operands and locals of all calls, and is a root range.
//!
//! The range's `count` is the height of the stack; each push and pop changes it. A
//! collection therefore sees exactly the slots in use. Its `unchanged` is lowered at each
//! write and each pop. The slots are cells because a
//! collection that moves objects writes to them. They and the range are behind `Rc`, not
//! `Box`: moving a `Box` asserts that no other pointer leads into it, and the library has
//! one.

use std::cell::{Cell, UnsafeCell};
use std::ffi::c_void;
use std::rc::Rc;

use super::slot::LAYOUT;
use super::{Result, Slot, Store, check, ffi};

/// The value stack: see the module's documentation.
pub struct ValueStack {
    slots: Rc<[Cell<Slot>]>,
    /// The library keeps its address.
    range: Rc<UnsafeCell<ffi::gcroots_root_range_t>>,
    source: Cell<ffi::gcroots_root_source_t>,
    store: Store,
}

impl ValueStack {
    /// An empty stack of at most `capacity` slots.
    pub fn new(store: &Store, capacity: usize) -> Result<ValueStack> {
        let slots: Rc<[Cell<Slot>]> = vec![Cell::new(Slot::i32(0)); capacity].into();
        let range = Rc::new(UnsafeCell::new(ffi::gcroots_root_range_t {
            slots: slots.as_ptr() as *mut c_void,
            count: 0,
            unchanged: 0,
        }));
        let mut source = ffi::gcroots_root_source_t {
            store_id: 0,
            generation: 0,
            index: 0,
        };
        // SAFETY: the range and its slots stay where they are until `drop` removes it.
        check(unsafe {
            ffi::gcroots_root_range_add(store.ptr(), range.get(), &LAYOUT, &mut source)
        })?;
        Ok(ValueStack {
            slots,
            range,
            source: Cell::new(source),
            store: store.clone(),
        })
    }

    pub fn height(&self) -> usize {
        // SAFETY: the library reads the range only during its own calls, on this thread.
        unsafe { (*self.range.get()).count }
    }

    fn set_height(&self, height: usize) {
        // SAFETY: as in `height`; and no reference into the range outlives this line.
        unsafe { (*self.range.get()).count = height }
        self.lower_unchanged(height);
    }

    /// Tells the library that the slots from `height` on may have been written.
    fn lower_unchanged(&self, height: usize) {
        let range = self.range.get();
        // SAFETY: as in `set_height`.
        unsafe { (*range).unchanged = height.min((*range).unchanged) }
    }

    fn write(&self, at: usize, slot: Slot) {
        self.slots[at].set(slot);
        self.lower_unchanged(at);
    }

    /// Whether there is room for `slots` more slots.
    pub fn has_room(&self, slots: usize) -> bool {
        self.slots.len() - self.height() >= slots
    }

    pub fn push(&self, slot: Slot) {
        let height = self.height();
        self.write(height, slot);
        self.set_height(height + 1);
    }

    pub fn pop(&self) -> Slot {
        let height = self.height() - 1;
        self.set_height(height);
        self.slots[height].get()
    }

    /// The slot at depth `below`, where 0 is the top.
    pub fn peek(&self, below: usize) -> Slot {
        self.get(self.height() - 1 - below)
    }

    /// Removes the upper `count` slots and returns them, the lowest first.
    pub fn pop_many(&self, count: usize) -> Vec<Slot> {
        let height = self.height() - count;
        self.set_height(height);
        let slots = &self.slots[height..height + count];
        slots.iter().map(Cell::get).collect()
    }

    /// Replaces the top slot.
    pub fn set_top(&self, slot: Slot) {
        self.set(self.height() - 1, slot);
    }

    pub fn get(&self, at: usize) -> Slot {
        debug_assert!(at < self.height());
        self.slots[at].get()
    }

    pub fn set(&self, at: usize, slot: Slot) {
        debug_assert!(at < self.height());
        self.write(at, slot);
    }

    pub fn truncate(&self, height: usize) {
        assert!(height <= self.height());
        self.set_height(height);
    }

    /// Moves the upper `count` slots down to `height`, and drops the slots between.
    pub fn keep_top(&self, count: usize, height: usize) {
        let from = self.height() - count;
        if from != height {
            for i in 0..count {
                self.write(height + i, self.slots[from + i].get());
            }
        }
        self.truncate(height + count);
    }
}

impl Drop for ValueStack {
    fn drop(&mut self) {
        let mut source = self.source.get();
        // SAFETY: `new` added the range; nothing reads it afterwards.
        let removed =
            check(unsafe { ffi::gcroots_root_range_remove(self.store.ptr(), &mut source) });
        if let Err(refused) = removed {
            // A poisoned store keeps the address, so the memory must stay.
            eprintln!("the value stack was not removed: {refused}");
            std::mem::forget((self.slots.clone(), self.range.clone()));
        }
    }
}
