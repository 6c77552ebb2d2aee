//! The stack of open scopes.
//!
//! A record saves the length of the scoped roots when a scope is entered; leaving the scope
//! restores it. A scope token names a record by a serial number that is never reused, so a
//! scope that was left is never accepted again (ROOTS-13). The scope of a callback has no
//! name and hides the scopes outside it.
//!
//! Cost: entering a scope writes one record; leaving the innermost one reads it.

use core::cell::Cell;
use core::mem::offset_of;
use core::ptr::NonNull;

use crate::base::array::{Array, Growth, Zeroed};
use crate::base::side_meter::SideMeter;
use crate::error::{Error, Result};

/// The serial of records that no token names: that of the store's own scope at the bottom,
/// and that of the scope around each callback.
const UNNAMED: u64 = 0;

/// The record of a scope: what leaving the scope restores.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct ScopeRecord {
    serial: u64,
    /// The length of the stack of scoped roots.
    pub(crate) roots: u32,
    /// The number of open no-GC spans.
    pub(crate) no_gc_spans: u32,
}

// SAFETY: numbers.
unsafe impl Zeroed for ScopeRecord {}

/// The record of the store's own scope.
const BOTTOM: ScopeRecord = ScopeRecord {
    serial: UNNAMED,
    roots: 0,
    no_gc_spans: 0,
};

/// The bits that name a scope. They may be anything until they are compared
/// (`handles.any-bits`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub(crate) struct ScopeToken {
    /// The store's id.
    pub(crate) store_id: u64,
    /// The scope's serial number.
    pub(crate) serial: u64,
}

/// The open scopes, innermost last.
///
/// Invariants: the first record is unnamed; the serials of named records rise. The record at
/// `end` is spare. It is for the scope of a finalizer, which must not fail for lack of
/// memory.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct ScopeStack {
    /// The innermost record.
    top: Cell<NonNull<ScopeRecord>>,
    end: Cell<NonNull<ScopeRecord>>,
    next_serial: Cell<u64>,
    records: Array<ScopeRecord>,
    side: SideMeter,
}

/// The least number of records.
const FIRST_CAPACITY: usize = 16;

impl ScopeStack {
    /// Where compiled code finds the fields.
    pub(crate) const TOP_AT: usize = offset_of!(ScopeStack, top);
    pub(crate) const END_AT: usize = offset_of!(ScopeStack, end);
    pub(crate) const NEXT_SERIAL_AT: usize = offset_of!(ScopeStack, next_serial);

    /// The stack of a new store, with the store's own scope only.
    pub(crate) fn new() -> Result<ScopeStack> {
        let records = Array::new();
        let stack = ScopeStack {
            top: Cell::new(records.first()),
            end: Cell::new(records.first()),
            next_serial: Cell::new(UNNAMED + 1),
            records,
            side: SideMeter::none(),
        };
        stack.grow()?;
        Ok(stack)
    }

    /// The same stack, bounded by a meter.
    pub(crate) fn limited_by(mut self, side: &SideMeter) -> ScopeStack {
        self.side = side.share();
        self
    }

    /// Makes room for one record more. New records are like the bottom one.
    fn grow(&self) -> Result<()> {
        let (depth, capacity) = (self.depth(), self.records.capacity());
        let growth = Growth {
            first: FIRST_CAPACITY,
            most: usize::MAX,
            what: "open scopes of a store",
            side: Some(&self.side),
        };
        // SAFETY: only this structure refers to records, and updates its addresses here.
        unsafe { self.records.grow_with(capacity + 1, &growth, || BOTTOM) }?;
        self.set_addresses(depth);
        Ok(())
    }

    /// Updates the addresses of the innermost record and of the end, after the records have
    /// moved.
    fn set_addresses(&self, depth: usize) {
        let first = self.records.first();
        // SAFETY: the array has more records than are open. Its last one is the spare one.
        unsafe {
            self.top.set(first.add(depth));
            self.end.set(first.add(self.records.capacity() - 1));
        }
    }

    /// Gives back the records that the open scopes do not need, except a few.
    pub(crate) fn give_back(&self) {
        // Room for the next scope, and the spare record.
        let wanted = (self.depth() + 3).max(FIRST_CAPACITY);
        if wanted >= self.records.capacity() {
            return;
        }
        let depth = self.depth();
        // SAFETY: only this structure refers to records, and updates its addresses here. The
        // records from `wanted` on are not open, and nothing reads one before it is written.
        unsafe {
            self.records.discard_from(wanted);
            self.records.shrink_to(wanted);
        }
        self.set_addresses(depth);
    }

    /// The number of open scopes, without the store's own.
    fn depth(&self) -> usize {
        // SAFETY: both point into the same memory, the top not before the first.
        unsafe { self.top.get().offset_from_unsigned(self.records.first()) }
    }

    /// The open records, outermost first.
    fn open_records(&self) -> &[ScopeRecord] {
        // SAFETY: the array has the records up to the top. Nothing writes them while the
        // slice is in use.
        unsafe { core::slice::from_raw_parts(self.records.first().as_ptr(), self.depth() + 1) }
    }

    /// The innermost record.
    #[inline(always)]
    pub(crate) fn innermost(&self) -> ScopeRecord {
        // SAFETY: the top is a written record.
        unsafe { self.top.get().read() }
    }

    /// The serial of the innermost scope, or 0 if it has no name.
    pub(crate) fn innermost_serial(&self) -> u64 {
        self.innermost().serial
    }

    /// Enters a scope and returns its serial. `None` if the stack is full.
    #[inline(always)]
    pub(crate) fn enter_fast(&self, roots: u32, no_gc_spans: u32) -> Option<u64> {
        // SAFETY: the spare record lies after every top.
        let record = unsafe { self.top.get().add(1) };
        // Not `==`: in a callback, the top may be the spare record itself.
        if record >= self.end.get() {
            return None;
        }
        let serial = self.next_serial.get();
        self.next_serial.set(serial + 1);
        // SAFETY: the record is before the end.
        unsafe {
            record.write(ScopeRecord {
                serial,
                roots,
                no_gc_spans,
            });
        }
        self.top.set(record);
        Some(serial)
    }

    /// Enters a scope and returns its serial.
    ///
    /// Errors: [`Error::SystemMemory`].
    pub(crate) fn enter(&self, roots: u32, no_gc_spans: u32) -> Result<u64> {
        if let Some(serial) = self.enter_fast(roots, no_gc_spans) {
            return Ok(serial);
        }
        self.grow()?;
        self.enter_fast(roots, no_gc_spans)
            .ok_or(Error::internal("a scope stack that did not grow", 0))
    }

    /// Whether `serial` names the innermost scope.
    #[inline(always)]
    pub(crate) fn is_innermost(&self, serial: u64) -> bool {
        self.innermost().serial == serial && serial != UNNAMED
    }

    /// Leaves the innermost scope, if `serial` names it. Returns its record.
    #[inline(always)]
    pub(crate) fn exit(&self, serial: u64) -> Option<ScopeRecord> {
        if !self.is_innermost(serial) {
            return None;
        }
        let record = self.innermost();
        self.pop();
        Some(record)
    }

    /// Leaves the innermost scope, which must not be the store's own.
    #[inline(always)]
    fn pop(&self) {
        // SAFETY: the bottom record is never popped, so the top was beyond it.
        self.top.set(unsafe { self.top.get().sub(1) });
    }

    /// Leaves the scope that `serial` names and all scopes inside it, if the scope is open
    /// and no callback began inside it. Returns its record.
    pub(crate) fn unwind(&self, serial: u64) -> Option<ScopeRecord> {
        let inner_to_outer = self.open_records().iter().rev();
        let candidates =
            inner_to_outer.take_while(|record| record.serial != UNNAMED && record.serial >= serial);
        let (inside, found) = candidates
            .enumerate()
            .find(|(_, record)| record.serial == serial)
            .map(|(inside, record)| (inside, *record))?;
        (0..=inside).for_each(|_| self.pop());
        Some(found)
    }

    /// Whether the stack has room for a scope without the spare record.
    #[inline(always)]
    fn has_room(&self) -> bool {
        // SAFETY: the spare record lies after every top.
        let record = unsafe { self.top.get().add(1) };
        record < self.end.get()
    }

    /// Enters the scope around a host function. Returns false if the stack is full.
    #[inline(always)]
    pub(crate) fn enter_call_fast(&self, roots: u32, no_gc_spans: u32) -> bool {
        let room = self.has_room();
        if room {
            self.enter_callback(roots, no_gc_spans);
        }
        room
    }

    /// Enters the scope around a host function.
    ///
    /// Errors: [`Error::SystemMemory`].
    pub(crate) fn enter_call(&self, roots: u32, no_gc_spans: u32) -> Result<()> {
        if !self.has_room() {
            self.grow()?;
        }
        self.enter_callback(roots, no_gc_spans);
        Ok(())
    }

    /// Enters the scope around a callback, in the spare record if the stack is full. One
    /// spare record is enough: one finalizer runs at a time, and a scope that it enters grows
    /// the full stack.
    #[inline(always)]
    pub(crate) fn enter_callback(&self, roots: u32, no_gc_spans: u32) {
        // SAFETY: the spare record lies after every top.
        let record = unsafe { self.top.get().add(1) };
        // SAFETY: the record is at most the spare one.
        unsafe {
            record.write(ScopeRecord {
                serial: UNNAMED,
                roots,
                no_gc_spans,
            });
        }
        self.top.set(record);
    }

    /// Leaves the scope of the innermost callback and all scopes inside it. Returns its
    /// record.
    #[inline(always)]
    pub(crate) fn exit_callback(&self) -> ScopeRecord {
        while self.innermost_serial() != UNNAMED {
            self.pop();
        }
        let record = self.innermost();
        if self.depth() > 0 {
            self.pop();
        }
        record
    }

    /// The bytes of memory that the stack has.
    pub(crate) fn side_bytes(&self) -> u64 {
        self.records.bytes()
    }

    /// Checks the order of serials, and that an inner scope has saved no less than an outer
    /// one.
    pub(crate) fn check(&self, roots: u32, no_gc_spans: u32) -> Result<()> {
        let records = self.open_records();
        if records.len() > self.records.capacity() || records[0].serial != UNNAMED {
            return Err(Error::internal(
                "a scope stack without its bottom",
                records.len() as u64,
            ));
        }
        let mut last_serial = UNNAMED;
        for (index, record) in records.iter().enumerate() {
            let inner = records.get(index + 1);
            let sound = record.roots <= inner.map_or(roots, |r| r.roots)
                && record.no_gc_spans <= inner.map_or(no_gc_spans, |r| r.no_gc_spans)
                && (record.serial == UNNAMED || record.serial > last_serial)
                && record.serial < self.next_serial.get();
            if !sound {
                return Err(Error::internal("a scope out of order", record.serial));
            }
            last_serial = last_serial.max(record.serial);
        }
        Ok(())
    }
}
