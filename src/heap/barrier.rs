//! The write barrier: the one way in which a reference gets into an object.
//!
//! A collector that counts references, remembers slots or compares them with a copy must be
//! told of each reference that is stored in an object. The mutator stores references
//! with the functions of this module only, and tells them the holder (the object) as well
//! as the slot. Root slots have no barrier (ROOTS-7).
//!
//! The barrier is data (HEAP-34): the [`Barrier`] descriptor, which the heap chooses and
//! the mutator's hot block holds. It says what to do besides writing the slot. One
//! comparison decides whether the stored value concerns the collector at all:
//!
//! | collector | values that concern it | what follows |
//! |---|---|---|
//! | `null`, `copying` | none | nothing |
//! | `drc` | all | counting in line, while no count falls to zero |
//! | `generational` | references to young objects, stored in old ones | logging in line, while the log has room |
//! | `generational`, while it marks | all, stored in old objects | the slow barrier |
//! | `check`; each collector while a finalizer runs | all | the slow barrier |
//!
//! The slow barrier calls the heap's own hook, [`WriteBarrier::write_barrier`]. Compiled
//! code that stores references itself needs the descriptor and nothing else.

use core::cell::Cell;
use core::mem::offset_of;

use super::access::HeapAccess;
use super::counted_header::CountedHeader;
use super::header::ObjectHeader;
use super::memory::Region;
use super::reference::{GRANULE, GcRef, SLOT_BYTES};
use super::remember_log::RememberLog;
use crate::error::{Error, Result};

/// How much of the barrier a fast path of the mutator does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FastPath {
    /// It gives up if a value concerns the collector. Such a path is a leaf function and needs
    /// no stack frame.
    Leaf,
    /// It counts or logs in line, and gives up if that is not enough.
    InLine,
}

impl FastPath {
    /// [`FastPath::InLine`] if `in_line`, else [`FastPath::Leaf`]. Functions that are
    /// compiled once for each path have a constant parameter `IN_LINE`.
    pub(crate) const fn of(in_line: bool) -> FastPath {
        if in_line {
            FastPath::InLine
        } else {
            FastPath::Leaf
        }
    }
}

/// The descriptor of a write barrier: what the mutator does besides writing a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub(crate) struct Barrier {
    /// The first value that concerns the collector: the bits of a reference, rotated right by
    /// one. That is the offset in granules for an object, and at least 2^31 for an `i31`.
    first: u64,
    /// The number of values, from `first` on, that concern the collector.
    length: u64,
    /// The number of them that refer to objects in the nursery. The barrier logs them in line, and
    /// does nothing for a holder that lies there itself.
    nursery: u64,
    /// Whether the heap must see the old value and the new one, so that nothing is logged in line.
    marks: bool,
    /// Whether every value concerns the collector. A fast path asks this first, and must not keep
    /// `length` in a register for later.
    concerns_all: bool,
    /// Whether counting in line is enough for those values.
    counts: bool,
    /// Whether those values concern the collector too where they are the first in their slot,
    /// in an object that a fast path makes.
    new_objects: bool,
}

impl Barrier {
    /// Where compiled code finds the fields.
    pub(super) const FIRST_AT: usize = offset_of!(Barrier, first);
    pub(super) const LENGTH_AT: usize = offset_of!(Barrier, length);
    pub(super) const NURSERY_AT: usize = offset_of!(Barrier, nursery);
    pub(super) const NEW_OBJECTS_AT: usize = offset_of!(Barrier, new_objects);

    /// No barrier: no value concerns the collector.
    pub(crate) const NONE: Barrier = Barrier::young(0, 0, 0);

    /// The slow barrier for every value.
    pub(crate) const SLOW: Barrier = Barrier {
        first: 0,
        length: 1 << 32,
        nursery: 0,
        marks: false,
        concerns_all: true,
        counts: false,
        new_objects: true,
    };

    /// Counting for every value: the count of the new referent is incremented, and the
    /// count of the old referent decremented.
    pub(crate) const COUNTING: Barrier = Barrier {
        counts: true,
        ..Barrier::SLOW
    };

    /// The barrier of a nursery between two offsets, with young large objects up to `end`: for
    /// references to objects between `start` and `end`, where they are stored in an object outside
    /// of the nursery. A fast path makes young objects only, or objects that the collector looks
    /// at anyway.
    pub(crate) const fn young(start: u64, nursery_end: u64, end: u64) -> Barrier {
        Barrier {
            first: start / GRANULE,
            length: (end - start) / GRANULE,
            nursery: (nursery_end - start) / GRANULE,
            marks: false,
            concerns_all: false,
            counts: false,
            new_objects: false,
        }
    }

    /// The barrier while marking, with a nursery between two offsets: for all values that are
    /// stored in an object outside of the nursery, because what the slot refers to before and
    /// after must be marked. What objects in the nursery refer to is marked when they leave it.
    pub(crate) const fn marking(start: u64, nursery_end: u64) -> Barrier {
        Barrier {
            // The bits of no object and of no null are left out: no object is in front of the
            // nursery.
            length: u64::MAX,
            marks: true,
            ..Barrier::young(start, nursery_end, nursery_end)
        }
    }

    /// Whether no value concerns the collector.
    #[inline(always)]
    pub(crate) fn is_none(self) -> bool {
        self.length == 0
    }

    /// Whether storing `value` concerns the collector.
    #[inline(always)]
    fn concerns(self, value: GcRef) -> bool {
        u64::from(value.raw().rotate_right(1)).wrapping_sub(self.first) < self.length
    }

    /// Whether no store in the object at `holder` concerns the collector.
    #[inline(always)]
    fn exempts(self, holder: u64) -> bool {
        (holder / GRANULE).wrapping_sub(self.first) < self.nursery
    }

    /// Whether `value` refers to an object in the nursery.
    #[inline(always)]
    fn is_in_nursery(self, value: GcRef) -> bool {
        u64::from(value.raw().rotate_right(1)).wrapping_sub(self.first) < self.nursery
    }

    /// Whether this is the barrier of a nursery.
    pub(crate) fn is_of_nursery(self) -> bool {
        self.nursery > 0
    }

    /// Stores `value` in the slot at `at`, in the object at `holder`. Returns `None`,
    /// with nothing changed, if the barrier needs more than `path` does, or if the slot
    /// is not in the heap.
    #[inline(always)]
    pub(crate) fn write(
        self,
        path: FastPath,
        (memory, log): (&HeapAccess, &RememberLog),
        holder: u64,
        at: u64,
        value: GcRef,
    ) -> Option<()> {
        debug_assert!(holder < at);
        if !self.concerns(value) || self.exempts(holder) {
            return memory.store(at, value.raw());
        }
        if path == FastPath::Leaf {
            return None;
        }
        if self.counts {
            return write_counted(memory, at, value);
        }
        if self.marks || !self.is_in_nursery(value) || !memory.has_slot(at) {
            return None;
        }
        log.add(memory, holder, at)?;
        memory.store(at, value.raw())
    }

    /// Whether a fast path may make an object that holds references.
    #[inline(always)]
    pub(crate) fn allows_new_objects(self, path: FastPath) -> bool {
        !self.new_objects || (path == FastPath::InLine && self.counts)
    }

    /// Whether a fast path may try to store references. Each value may still need more.
    #[inline(always)]
    pub(crate) fn allows(self, path: FastPath) -> bool {
        path == FastPath::InLine || !self.concerns_all
    }

    /// Counts `value`, the reference in a slot of a new object. The slot is written
    /// already, and nothing has read it yet. Returns `None` if the reference does not
    /// lead to an object. Only for a barrier that
    /// [counts](Barrier::counts_new_objects).
    #[inline(always)]
    pub(crate) fn initialise(memory: &HeapAccess, value: GcRef) -> Option<()> {
        let Some(word) = memory.header_at(value) else {
            return (!value.is_object()).then_some(());
        };
        let header = CountedHeader::of(ObjectHeader::from_bits(word.get())).ok()?;
        word.set(header.increment().bits());
        Some(())
    }

    /// Whether the references in a new object must be counted.
    #[inline(always)]
    pub(crate) fn counts_new_objects(self) -> bool {
        self.counts
    }
}

/// Same as [`Barrier::write`], with counting in line. Also returns `None` if the count of
/// the old referent would fall to zero, because then the heap must put it into the
/// zero-count table.
#[inline(always)]
fn write_counted(memory: &HeapAccess, at: u64, value: GcRef) -> Option<()> {
    let old = GcRef::from_raw(memory.load(at)?);
    if old == value {
        return Some(());
    }
    // Everything is read and checked before anything is written.
    let new_header = match value.is_object() {
        true => Some(counted(memory, value)?),
        false => None,
    };
    if old.is_object() {
        let (word, header) = counted(memory, old)?;
        let old_header = header.decrement().ok()?;
        if old_header.count() == 0 {
            return None;
        }
        word.set(old_header.bits());
    }
    if let Some((word, header)) = new_header {
        word.set(header.increment().bits());
    }
    memory.store(at, value.raw())
}

/// The header of an object, and where it is.
#[inline(always)]
fn counted(memory: &HeapAccess, object: GcRef) -> Option<(&Cell<u64>, CountedHeader)> {
    let word = memory.header_at(object)?;
    let header = ObjectHeader::from_bits(word.get());
    Some((word, CountedHeader::of(header).ok()?))
}

/// The heap's part of the barrier.
pub(crate) trait WriteBarrier {
    /// The memory that the mutator allocates in.
    fn region(&self) -> &Region;

    /// The descriptor that the mutator stores references with.
    fn barrier(&self) -> Barrier {
        Barrier::NONE
    }

    /// The collector's hook. It is called before the slot at `at`, in the object at
    /// `holder`, changes from `old` to `new`. The old reference of a new object's slot is
    /// null.
    ///
    /// Errors: [`Error::Internal`] if the heap finds itself overwritten.
    fn write_barrier(&mut self, holder: u64, at: u64, old: GcRef, new: GcRef) -> Result<()> {
        let _ = (holder, at, old, new);
        Ok(())
    }

    /// Takes over what the barrier has logged in line. The slow barrier begins with this.
    fn take_log(&mut self, log: &RememberLog) {
        let _ = log;
    }

    /// The slow barrier: stores `value` in the slot at `at`, in the object at `holder`.
    ///
    /// Errors: [`Error::Internal`] if the slot is not in the heap, or if the heap finds
    /// itself overwritten.
    fn write_gc_ref(&mut self, holder: u64, at: u64, value: GcRef) -> Result<()> {
        debug_assert!(holder < at);
        let old = GcRef::from_raw(self.region().load_u32(at)?);
        self.write_barrier(holder, at, old, value)?;
        self.region().store_u32(at, value.raw())
    }

    /// Copies `count` references within the heap, from `from` to `to` in the object at
    /// `holder`. The two ranges may overlap.
    ///
    /// Errors: those of [`WriteBarrier::write_gc_ref`].
    fn copy_gc_refs(
        &mut self,
        memory: &HeapAccess,
        holder: u64,
        from: u64,
        to: u64,
        count: u64,
    ) -> Result<()> {
        let mut copy = |index: u64| {
            let value = memory.load(from + SLOT_BYTES * index);
            let value = GcRef::from_raw(value.ok_or(outside(from))?);
            self.write_gc_ref(holder, to + SLOT_BYTES * index, value)
        };
        // No slot is overwritten before it is read.
        if to <= from {
            (0..count).try_for_each(&mut copy)
        } else {
            (0..count).rev().try_for_each(&mut copy)
        }
    }

    /// Stores `value` in `count` slots from `at` on, in the object at `holder`.
    ///
    /// Errors: those of [`WriteBarrier::write_gc_ref`].
    fn fill_gc_refs(&mut self, holder: u64, at: u64, count: u64, value: GcRef) -> Result<()> {
        (0..count).try_for_each(|index| self.write_gc_ref(holder, at + SLOT_BYTES * index, value))
    }
}

/// The error for a slot that is not in the heap.
#[cold]
fn outside(at: u64) -> Error {
    Error::internal("a field outside the heap", at)
}
