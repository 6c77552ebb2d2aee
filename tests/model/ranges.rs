//! Raw references and root ranges. The slots of a range are in memory of the program.
//! Collections read them, and write those whose objects moved. The slots of a range may
//! move and their number may change at any time. Sometimes a slot has invalid bits during
//! one call, or was written and the library was not told.

use core::ptr::{null, slice_from_raw_parts_mut};
use std::slice;

use gcroots::capi::raw::*;
use gcroots::capi::reference::gcroots_ref_t;
use gcroots::capi::root_range::*;
use gcroots::capi::status::*;
use gcroots::capi::store::{gcroots_store_gc, gcroots_store_verify};

use super::action::{Action, Handle, Named, Planner, Wanted};
use super::library::{Library, Status, Written, complain, done, with_out};
use super::model::{Model, Reference};
use super::pointers::Pointer;
use super::predict::{Answer, Predicted, Prediction};
use super::program::Call;

/// A call with its arguments. Most calls first read or write slots.
#[derive(Clone, Debug)]
pub(crate) enum RangeAction {
    Add {
        slots: usize,
        layout: Layout,
    },
    /// Writes a raw reference to a slot.
    Set(usize, usize, Handle),
    /// Roots the referent of a slot.
    Get(usize, usize),
    /// Verifies the heap, then moves the slots of a range and changes their number.
    Move(usize, usize),
    /// Collects or verifies while a slot has invalid bits.
    Wrong(usize, usize, Collects),
    /// Verifies while a slot has other bits and the library was not told so.
    Forget(usize, usize),
    Remove(Named),
    FromRaw(Raw),
}

/// The layout of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    References,
    /// A reference, and a word that tells whether the slot holds a reference.
    Tagged,
    /// An invalid layout.
    None,
}

/// Whether a call collects, or only verifies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Collects {
    Yes,
    No,
}

/// A raw reference, as it is passed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Raw {
    Of(Handle),
    /// An address inside this object.
    Inside(Handle),
    I31(u32),
    Nothing,
}

/// A range of the model.
#[derive(Clone, Debug)]
pub(crate) struct Range {
    /// The reference in each slot. `None` for a slot that does not hold one.
    slots: Vec<Option<Reference>>,
    layout: Layout,
    removed: bool,
}

/// Bits that refer to no object: no heap here is this large.
const NOTHING: u32 = 0xdead_beee;

impl Layout {
    fn words(self) -> usize {
        if self == Layout::Tagged { 2 } else { 1 }
    }

    /// The initial contents of a slot.
    fn empty(self) -> Option<Reference> {
        (self != Layout::Tagged).then_some(Reference::Null)
    }

    fn slot(self) -> gcroots_slot_layout_t {
        gcroots_slot_layout_t {
            slot_bytes: 8,
            ref_offset: if self == Layout::None { 8 } else { 0 },
            tag_offset: 4,
            tag_mask: 3,
            tag: 1,
        }
    }
}

impl RangeAction {
    pub(crate) fn pointers(&self) -> Vec<Pointer> {
        use Pointer::*;
        match self {
            RangeAction::Add { .. } => vec![Store, Range, Out],
            RangeAction::Set(..) | RangeAction::Get(..) | RangeAction::FromRaw(_) => {
                vec![Store, Out]
            }
            RangeAction::Remove(_) => vec![Store, Source],
            RangeAction::Move(..) | RangeAction::Wrong(..) | RangeAction::Forget(..) => {
                vec![Store]
            }
        }
    }
}

impl Model {
    pub(crate) fn ranges_in_use(&self) -> Vec<usize> {
        let all = 0..self.ranges.len();
        all.filter(|range| !self.ranges[*range].removed).collect()
    }

    /// The references in a range, with the numbers of their slots.
    pub(crate) fn range_slots(&self, range: usize) -> Vec<(usize, Reference)> {
        let slots = self.ranges[range].slots.iter().enumerate();
        slots
            .filter_map(|(slot, held)| held.map(|reference| (slot, reference)))
            .collect()
    }

    /// All references in root ranges.
    pub(crate) fn in_ranges(&self) -> Vec<Reference> {
        let ranges = self.ranges.iter().filter(|range| !range.removed);
        ranges
            .flat_map(|range| range.slots.iter().flatten().copied())
            .collect()
    }
}

impl Planner<'_> {
    pub(crate) fn plan_range(&mut self, call: Call) -> Action {
        let ranges = self.model.ranges_in_use();
        let with_slots = |range: &usize| !self.model.ranges[*range].slots.is_empty();
        let usable: Vec<_> = ranges.iter().copied().filter(with_slots).collect();
        Action::Range(match call {
            Call::RangeRemove => {
                let removed = |range: &usize| self.model.ranges[*range].removed;
                let all = 0..self.model.ranges.len();
                let removed: Vec<_> = all.filter(removed).collect();
                RangeAction::Remove(self.container(&ranges, &removed))
            }
            Call::FromRaw => RangeAction::FromRaw(self.raw()),
            Call::RangeMove if !ranges.is_empty() => {
                RangeAction::Move(self.draw.among(&ranges), self.draw.below(12))
            }
            Call::RangeSet | Call::RangeGet | Call::RangeWrong | Call::RangeForget
                if !usable.is_empty() =>
            {
                let range = self.draw.among(&usable);
                self.slot_action(call, range)
            }
            _ => RangeAction::Add {
                slots: self.draw.below(12),
                layout: match self.draw.below(12) {
                    0 => Layout::None,
                    1..6 => Layout::Tagged,
                    _ => Layout::References,
                },
            },
        })
    }

    fn slot_action(&mut self, call: Call, range: usize) -> RangeAction {
        let slot = self.draw.below(self.model.ranges[range].slots.len());
        match call {
            Call::RangeSet => RangeAction::Set(range, slot, self.handle(Wanted::Anything)),
            Call::RangeGet => RangeAction::Get(range, slot),
            Call::RangeForget => RangeAction::Forget(range, slot),
            _ => {
                let model = self.model;
                // Without a heap no slots are read, and in a no-GC span nothing is
                // collected.
                let may = model.collects && model.spans == 0 && model.bytes_made > 0;
                let collects = if may && self.draw.one_in(2) {
                    Collects::Yes
                } else {
                    Collects::No
                };
                RangeAction::Wrong(range, slot, collects)
            }
        }
    }

    fn raw(&mut self) -> Raw {
        let body = |model: &Model, root: usize| model.body_of(Handle::Root(root)).is_some();
        let handle = self.root_that(body);
        match (self.draw.below(6), handle) {
            (0, _) | (_, None) => Raw::Nothing,
            (1, _) => Raw::I31(self.draw.next() as u32 >> 1),
            (2, Some(handle)) => Raw::Inside(handle),
            (_, Some(handle)) => Raw::Of(handle),
        }
    }
}

impl Prediction<'_> {
    pub(crate) fn root_ranges(&mut self, action: &RangeAction) -> Predicted {
        match *action {
            RangeAction::Add {
                layout: Layout::None,
                ..
            } => Err(GCROOTS_ERROR_INVALID_ARGUMENT),
            RangeAction::Add { slots, layout } => {
                self.model.ranges.push(Range {
                    slots: vec![layout.empty(); slots],
                    layout,
                    removed: false,
                });
                Ok(Answer::NewRange)
            }
            RangeAction::Set(range, slot, handle) => {
                let target = self.resolve(handle)?;
                self.model.ranges[range].slots[slot] = Some(target);
                Ok(Answer::Nothing)
            }
            RangeAction::Get(range, slot) => match self.model.ranges[range].slots[slot] {
                Some(target) => Ok(self.rooted(target)),
                None => Err(GCROOTS_ERROR_INVALID_ARGUMENT),
            },
            RangeAction::Move(range, slots) => {
                let Range {
                    slots: now, layout, ..
                } = &mut self.model.ranges[range];
                now.resize(slots, layout.empty());
                Ok(Answer::Nothing)
            }
            RangeAction::Wrong(..) => Err(GCROOTS_ERROR_INVALID_ARGUMENT),
            // `Library::verify_forgotten` decides whether this must be found.
            RangeAction::Forget(..) => Ok(Answer::Nothing),
            RangeAction::Remove(range) => self.range_remove(range),
            RangeAction::FromRaw(Raw::Of(handle)) => {
                let target = self.resolve(handle)?;
                Ok(self.rooted(target))
            }
            RangeAction::FromRaw(Raw::I31(bits)) => Ok(self.rooted(Reference::I31(bits))),
            RangeAction::FromRaw(Raw::Inside(_) | Raw::Nothing) => {
                Err(GCROOTS_ERROR_INVALID_ARGUMENT)
            }
        }
    }

    fn range_remove(&mut self, range: Named) -> Predicted {
        match range {
            Named::Null => Ok(Answer::Nothing),
            Named::Foreign => Err(GCROOTS_ERROR_WRONG_STORE),
            Named::Own(range) if !self.model.ranges[range].removed => {
                self.model.ranges[range].removed = true;
                Ok(Answer::Nothing)
            }
            Named::Own(_) | Named::Forged => Err(GCROOTS_ERROR_UNROOTED),
        }
    }
}

/// The memory of a range. The library also uses it until the range is removed.
pub(crate) struct Slots {
    range: *mut gcroots_root_range_t,
    layout: Layout,
}

impl Slots {
    fn new(slots: usize, layout: Layout) -> Slots {
        let range = Box::into_raw(Box::new(words(slots, layout)));
        Slots { range, layout }
    }

    fn range(&self) -> gcroots_root_range_t {
        // SAFETY: the memory lives until `free`, and nobody writes it now.
        unsafe { *self.range }
    }

    /// The address of the reference in a slot.
    fn word(&self, slot: usize) -> *mut u32 {
        let first = self.range().slots.cast::<u32>();
        first.wrapping_add(slot * self.layout.words())
    }

    pub(crate) fn read(&self, slot: usize) -> u32 {
        // SAFETY: the slot is in the range.
        unsafe { self.word(slot).read() }
    }

    /// Writes a slot, and tells the library so.
    fn write(&self, slot: usize, bits: u32) {
        self.lower_unchanged(slot);
        self.overwrite(slot, bits);
    }

    fn lower_unchanged(&self, slots: usize) {
        // SAFETY: the memory lives until `free`, and nobody else uses it now.
        let unchanged = unsafe { &mut (*self.range).unchanged };
        *unchanged = slots.min(*unchanged);
    }

    fn overwrite(&self, slot: usize, bits: u32) {
        // SAFETY: the slot is in the range. The tag comes after the reference.
        unsafe {
            self.word(slot).write(bits);
            if self.layout == Layout::Tagged {
                // The layout uses only two bits of one byte.
                self.word(slot).add(1).write(0xabcd_ef05);
            }
        }
    }

    /// Writes bits to a slot and does not tell the library. Returns a function that restores
    /// the slot.
    fn spoil(&self, slot: usize, bits: u32) -> impl FnOnce() + use<> {
        let (word, count) = (self.word(slot), self.layout.words());
        // SAFETY: the slot is in the range.
        let before = unsafe { slice::from_raw_parts(word, count) }.to_vec();
        self.overwrite(slot, bits);
        // SAFETY: the slot is in the range, whose slots have not moved.
        move || unsafe { word.copy_from_nonoverlapping(before.as_ptr(), count) }
    }

    /// Moves the slots and changes their number. Keeps the references for which there is
    /// room, and tells the library which slots are new.
    fn relocate(&self, slots: usize) {
        self.lower_unchanged(slots);
        let (old, mut new) = (self.range(), words(slots, self.layout));
        new.unchanged = old.unchanged;
        let count = old.count.min(slots) * self.layout.words();
        // SAFETY: both have at least `count` words. The old ones are not used again.
        unsafe {
            let to = new.slots.cast::<u32>();
            to.copy_from_nonoverlapping(old.slots.cast(), count);
            *self.range = new;
            free_words(old, self.layout);
        }
    }

    /// Frees the memory. The range must be removed.
    pub(crate) fn free(&self) {
        // SAFETY: `new` allocated both. The caller promises that nobody uses them again.
        unsafe {
            free_words(self.range(), self.layout);
            drop(Box::from_raw(self.range));
        }
    }
}

/// New slots: null, or without a reference.
fn words(slots: usize, layout: Layout) -> gcroots_root_range_t {
    let one: &[u32] = match layout {
        // A tag with a wrong bit among those that the layout uses.
        Layout::Tagged => &[NOTHING, 7],
        _ => &[0],
    };
    let words = one.repeat(slots).into_boxed_slice();
    gcroots_root_range_t {
        slots: Box::into_raw(words).cast(),
        count: slots,
        unchanged: 0,
    }
}

/// # Safety
///
/// The range must be from [`words`], and its slots must not be used again.
unsafe fn free_words(range: gcroots_root_range_t, layout: Layout) {
    let count = range.count * layout.words();
    let words = slice_from_raw_parts_mut(range.slots.cast::<u32>(), count);
    // SAFETY: the caller's promise.
    drop(unsafe { Box::from_raw(words) });
}

impl Library {
    fn source(&self, range: Named) -> gcroots_root_source_t {
        let named = |store_id, generation, index| gcroots_root_source_t {
            store_id,
            generation,
            index,
        };
        match range {
            Named::Null => named(0, 7, 7),
            Named::Own(range) => self.bits.borrow().ranges[range],
            Named::Foreign => named(self.foreign.table.store_id, 0, 0),
            Named::Forged => named(self.store_id, 7, u32::MAX),
        }
    }

    pub(crate) fn ranges(&self, action: &RangeAction) -> Status<Written> {
        let store = self.store();
        // SAFETY: the store is alive and belongs to this thread.
        unsafe {
            match *action {
                RangeAction::Add { slots, layout } => self.range_add(slots, layout),
                RangeAction::Set(range, slot, handle) => {
                    let handle = self.handle(handle);
                    let bits = self.with_out(|out| gcroots_ref_to_raw(store, handle, out))?;
                    self.slots.borrow()[range].write(slot, bits);
                    Ok(Written::Nothing)
                }
                RangeAction::Get(range, slot) => {
                    let bits = self.slots.borrow()[range].read(slot);
                    self.root_raw(bits).map(Written::Ref)
                }
                RangeAction::Move(range, slots) => {
                    let verified = done(gcroots_store_verify(store))?;
                    self.slots.borrow()[range].relocate(slots);
                    Ok(verified)
                }
                RangeAction::Wrong(range, slot, collects) => {
                    let put_right = self.slots.borrow()[range].spoil(slot, NOTHING);
                    let status = match collects {
                        Collects::Yes => gcroots_store_gc(store),
                        Collects::No => gcroots_store_verify(store),
                    };
                    put_right();
                    done(status)
                }
                RangeAction::Forget(range, slot) => self.verify_forgotten(range, slot),
                RangeAction::Remove(range) => {
                    let passed = self.source(range);
                    let mut taken = passed;
                    let source = self.passed(Pointer::Source, &mut taken);
                    let removed = done(gcroots_root_range_remove(store, source));
                    self.check_freed(removed, taken.store_id == 0, taken == passed)
                }
                RangeAction::FromRaw(raw) => self.root_raw(self.raw(raw)).map(Written::Ref),
            }
        }
    }

    /// Verifies while an `i31` stands in a slot and the library was not told so. The library
    /// finds it if the slot is below `unchanged`.
    fn verify_forgotten(&self, range: usize, slot: usize) -> Status<Written> {
        let slots = &self.slots.borrow()[range];
        let is_found = self.checks_unchanged && slot < slots.range().unchanged;
        let put_right = slots.spoil(slot, slots.read(slot) ^ 2 | 1);
        // SAFETY: the store is alive and belongs to this thread.
        let status = unsafe { gcroots_store_verify(self.store()) };
        put_right();
        match status {
            GCROOTS_ERROR_INVALID_ARGUMENT if is_found => Ok(Written::Nothing),
            GCROOTS_OK if is_found => {
                complain(format!("slot {slot} of range {range} was written"));
                Ok(Written::Nothing)
            }
            status => done(status),
        }
    }

    fn range_add(&self, slots: usize, layout: Layout) -> Status<Written> {
        let slots = Slots::new(slots, layout);
        let slot = layout.slot();
        let slot = if layout == Layout::References {
            null()
        } else {
            &raw const slot
        };
        let range = self.passed(Pointer::Range, slots.range);
        // SAFETY: the store is alive and belongs to this thread. The memory outlives the
        // range.
        let added =
            self.with_out(|out| unsafe { gcroots_root_range_add(self.store(), range, slot, out) });
        match added {
            Ok(_) => self.slots.borrow_mut().push(slots),
            Err(_) => slots.free(),
        }
        added.map(Written::Range)
    }

    pub(crate) fn root_raw(&self, bits: u32) -> Status<gcroots_ref_t> {
        // SAFETY: the store is alive and belongs to this thread.
        self.with_out(|out| unsafe { gcroots_ref_from_raw(self.store(), bits, out) })
    }

    pub(crate) fn raw(&self, raw: Raw) -> u32 {
        let (handle, more) = match raw {
            Raw::Of(handle) => (handle, 0),
            // 8 bytes after the start: objects have at least 16 bytes.
            Raw::Inside(handle) => (handle, 2),
            Raw::I31(bits) => return bits << 1 | 1,
            Raw::Nothing => return NOTHING,
        };
        let handle = self.handle(handle);
        // SAFETY: the store is alive and belongs to this thread. If this call is refused,
        // so is the call that gets the bits.
        let bits = with_out(|out| unsafe { gcroots_ref_to_raw(self.store, handle, out) });
        bits.unwrap_or(0) + more
    }
}
