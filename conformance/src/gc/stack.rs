//! The value stack: operands and locals of all calls, and a root range of the library's.
//!
//! The range's count is the stack's height, changed by each push and pop, so that a
//! collection sees just the slots that are in use, at any time. The slots are cells,
//! since a collection that moves objects writes to them, behind counted pointers, since
//! to move a box claims that nothing else points into it.

use std::cell::{Cell, UnsafeCell};
use std::ffi::c_void;
use std::rc::Rc;

use super::slot::LAYOUT;
use super::{Result, Slot, Store, check, ffi};

/// See above.
pub struct ValueStack {
    slots: Rc<[Cell<Slot>]>,
    /// The library has its address.
    range: Rc<UnsafeCell<ffi::gcroots_root_range_t>>,
    source: Cell<ffi::gcroots_root_source_t>,
    store: Store,
}

impl ValueStack {
    /// An empty stack of at most so many slots.
    pub fn new(store: &Store, capacity: usize) -> Result<ValueStack> {
        let slots: Rc<[Cell<Slot>]> = vec![Cell::new(Slot::i32(0)); capacity].into();
        let range = Rc::new(UnsafeCell::new(ffi::gcroots_root_range_t {
            slots: slots.as_ptr() as *mut c_void,
            count: 0,
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
        // SAFETY: as above; and no reference into the range outlives a line.
        unsafe { (*self.range.get()).count = height }
    }

    /// Whether so many more slots fit.
    pub fn has_room(&self, slots: usize) -> bool {
        self.slots.len() - self.height() >= slots
    }

    pub fn push(&self, slot: Slot) {
        let height = self.height();
        self.slots[height].set(slot);
        self.set_height(height + 1);
    }

    pub fn pop(&self) -> Slot {
        let height = self.height() - 1;
        self.set_height(height);
        self.slots[height].get()
    }

    /// The slot that is so many below the top, which is 0.
    pub fn peek(&self, below: usize) -> Slot {
        self.get(self.height() - 1 - below)
    }

    /// Takes the upper slots off, lowest first.
    pub fn pop_many(&self, count: usize) -> Vec<Slot> {
        let height = self.height() - count;
        self.set_height(height);
        let slots = &self.slots[height..height + count];
        slots.iter().map(Cell::get).collect()
    }

    /// Replaces the top.
    pub fn set_top(&self, slot: Slot) {
        self.set(self.height() - 1, slot);
    }

    pub fn get(&self, at: usize) -> Slot {
        debug_assert!(at < self.height());
        self.slots[at].get()
    }

    pub fn set(&self, at: usize, slot: Slot) {
        debug_assert!(at < self.height());
        self.slots[at].set(slot);
    }

    pub fn truncate(&self, height: usize) {
        assert!(height <= self.height());
        self.set_height(height);
    }

    /// Keeps the upper `count` slots, moved down to `height`, and drops what was between.
    pub fn keep_top(&self, count: usize, height: usize) {
        let from = self.height() - count;
        if from != height {
            for i in 0..count {
                self.slots[height + i].set(self.slots[from + i].get());
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
            // A store that is poisoned keeps the address.
            eprintln!("the value stack was not removed: {refused}");
            std::mem::forget((self.slots.clone(), self.range.clone()));
        }
    }
}
