//! What is known of one block.

use core::cell::Cell;
use core::ops::Range;

use super::granule_bits::GranuleBits;
use super::sizes::{BLOCK_BYTES, LINE_BYTES};
use crate::heap::memory::TableElement;
use crate::heap::reference::LEAST_BYTES;

/// The lines of a block.
pub(in crate::heap) const LINES: usize = (BLOCK_BYTES / LINE_BYTES) as usize;

/// What a block is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum BlockState {
    /// Nothing.
    Free = 0,
    /// Objects that each lie within the block.
    Small = 1,
    /// The first block of a large object.
    LargeHead = 2,
    /// Another block of a large object.
    LargeTail = 3,
}

/// A line that has no object.
pub(super) const LINE_FREE: u8 = 0;
/// A line that an object has which the last collection reached. Under a collector that counts,
/// the number of such objects.
const LINE_LIVE: u8 = 1;
/// More objects than a line can have.
const LINE_FULL: u8 = LINE_MARKED - 1;
/// Set in a line that has an object which the collection under way has reached.
const LINE_MARKED: u8 = 0x40;
/// Set in a line that was taken for new objects since the last collection.
pub(super) const LINE_NEW: u8 = 0x80;

const _: () = assert!(LINE_LIVE == true as u8 && LINE_FREE == false as u8);
const _: () = assert!(LINE_BYTES / LEAST_BYTES as u64 + 1 < LINE_FULL as u64);

/// What a line is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LineUse {
    /// Nothing.
    Free,
    /// Objects that were made since the last collection.
    New,
    /// Objects that a collection has kept.
    Live,
}

impl LineUse {
    fn of(line: u8) -> LineUse {
        if line & LINE_NEW != 0 {
            LineUse::New
        } else if line & !LINE_MARKED == 0 {
            LineUse::Free
        } else {
            LineUse::Live
        }
    }
}

/// Marks a line.
#[inline(always)]
fn mark_line(line: &Cell<u8>) {
    line.set(line.get() | LINE_MARKED);
}

/// The block's objects are to move to other blocks in the collection that is under way.
const CANDIDATE: u8 = 1;
/// Objects have moved here in the collection that is under way.
const TARGET: u8 = 2;
/// The block was taken since the last collection.
const FRESH: u8 = 4;
/// The block's pages were given back to the system, and nothing has used them since.
const RELEASED: u8 = 8;

/// Set in [`BlockRecord::marked_in`] of a candidate, so that it equals no cycle.
const IN_CANDIDATE: u8 = 0x80;

/// What is known of one block. All zeros are the record of a free block.
#[derive(Debug)]
#[repr(C, align(1024))]
pub(crate) struct BlockRecord {
    /// Where objects are known to start: those that the last collection reached and those that
    /// minor collections moved here since, and the first of each window.
    starts: GranuleBits,
    lines: [Cell<u8>; LINES],
    /// The bytes of the objects that the last collection found alive here.
    live: Cell<u64>,
    /// The bytes of the objects that the collection under way has found alive here.
    marked_live: Cell<u64>,
    /// The number of blocks of a large object, in its first block.
    run: Cell<u32>,
    /// If the block is leaving: its number plus one. Otherwise 0.
    leaving: Cell<u32>,
    /// No line before this one is free.
    first_free: Cell<u32>,
    /// The number of pins of objects here.
    pins: Cell<u32>,
    state: Cell<u8>,
    /// The cycle of the last collection that reached an object here.
    marked_in: Cell<u8>,
    flags: Cell<u8>,
}

// SAFETY: all fields are cells of numbers.
unsafe impl TableElement for BlockRecord {}

// A power of two is found by a shift.
const _: () = assert!(size_of::<BlockRecord>() == 1024);

impl BlockRecord {
    /// What the block is used for.
    #[inline(always)]
    pub(crate) fn state(&self) -> BlockState {
        match self.state.get() {
            1 => BlockState::Small,
            2 => BlockState::LargeHead,
            3 => BlockState::LargeTail,
            _ => BlockState::Free,
        }
    }

    /// Begins to use the block, which was free.
    pub(super) fn begin_use(&self, state: BlockState, run: u32) {
        self.starts.clear_all();
        self.set_lines(0, LINES, LINE_FREE);
        self.live.set(0);
        self.run.set(run);
        self.leaving.set(0);
        self.first_free.set(0);
        self.pins.set(0);
        self.marked_in.set(0);
        self.flags.set(FRESH);
        self.state.set(state as u8);
    }

    /// Ends the use of the block.
    pub(super) fn end_use(&self) {
        self.state.set(BlockState::Free as u8);
        self.marked_in.set(0);
        self.flags.set(0);
        self.live.set(0);
        self.run.set(0);
        self.leaving.set(0);
        self.pins.set(0);
    }

    /// If the block is leaving: as which block.
    pub(crate) fn leaving(&self) -> Option<usize> {
        (self.leaving.get() as usize).checked_sub(1)
    }

    /// Notes whether the block is leaving, and as which block.
    pub(super) fn set_leaving(&self, number: Option<usize>) {
        self.leaving
            .set(number.map_or(0, |number| number as u32 + 1));
        let marked_in = self.marked_in.get() & !IN_CANDIDATE;
        self.marked_in.set(marked_in | self.candidate_bit());
    }

    /// What [`BlockRecord::marked_in`] has besides the cycle, so that marking does more than to
    /// set a bit.
    fn candidate_bit(&self) -> u8 {
        if self.is_candidate() || self.leaving.get() != 0 {
            IN_CANDIDATE
        } else {
            0
        }
    }

    /// Forgets the marked objects, which have moved away.
    pub(super) fn forget_marked(&self, marks: &GranuleBits) {
        self.starts.remove(marks);
        let dead = self.live.get().saturating_sub(self.marked_live.get());
        self.live.set(dead);
        self.drop_marks();
    }

    /// The number of blocks of the large object that starts here.
    pub(super) fn run(&self) -> usize {
        self.run.get() as usize
    }

    /// The bytes of the objects that the last collection found alive here.
    pub(crate) fn live(&self) -> u64 {
        self.live.get()
    }

    /// Adds an object of `bytes` that is alive.
    pub(crate) fn add_live(&self, bytes: u64) {
        self.live.set(self.live.get().saturating_add(bytes));
    }

    /// The bytes of the objects that the collection under way has found alive here.
    pub(crate) fn marked_live(&self) -> u64 {
        self.marked_live.get()
    }

    /// Adds an object of `bytes` that the collection under way has found alive. Returns the
    /// bytes of all of them.
    #[inline(always)]
    pub(crate) fn add_marked_live(&self, bytes: u64) -> u64 {
        let live = self.marked_live.get().saturating_add(bytes);
        self.marked_live.set(live);
        live
    }

    /// Subtracts an object of `bytes` that was alive. Whether there were as many.
    pub(super) fn take_live(&self, bytes: u64) -> bool {
        let left = self.live.get().checked_sub(bytes);
        self.live.set(left.unwrap_or(0));
        left.is_some()
    }

    /// Whether an object is known to start at `into`, bytes from the block's start.
    #[inline(always)]
    pub(crate) fn is_start(&self, into: u64) -> bool {
        self.starts.has(into)
    }

    /// Notes that an object starts at `into`.
    #[inline(always)]
    pub(crate) fn set_start(&self, into: u64) {
        self.starts.set(into);
    }

    /// Notes that no object starts at `into` any more.
    pub(super) fn clear_start(&self, into: u64) {
        self.starts.clear(into);
    }

    /// Notes that no object starts in these lines.
    pub(super) fn clear_starts_in(&self, lines: Range<usize>) {
        self.starts.clear_lines(lines);
    }

    /// The last known start that is not after `into`, in bytes from the block's start.
    pub(super) fn last_start_up_to(&self, into: u64) -> Option<u64> {
        self.starts.last_up_to(into)
    }

    /// The first known start that is not before `into`, in bytes from the block's start.
    pub(super) fn first_start_from(&self, into: u64) -> Option<u64> {
        self.starts.first_from(into)
    }

    /// The number of known starts in lines that are not new.
    pub(super) fn old_starts(&self) -> u64 {
        let is_old = |line: usize| self.lines[line].get() & LINE_NEW == 0;
        self.starts.count_in(is_old)
    }

    /// What the line at `into`, bytes from the block's start, is used for.
    pub(super) fn line_at(&self, into: u64) -> LineUse {
        LineUse::of(self.lines[(into / LINE_BYTES) as usize % LINES].get())
    }

    /// Marks the lines of a live object from `into` to `end`, bytes from the block's start.
    #[inline(always)]
    pub(crate) fn mark_lines(&self, into: u64, end: u64) {
        let (first, last) = (into / LINE_BYTES, (end - 1) / LINE_BYTES);
        // Most objects have one line.
        mark_line(&self.lines[first as usize % LINES]);
        let mut line = first + 1;
        while line <= last {
            mark_line(&self.lines[line as usize % LINES]);
            line += 1;
        }
    }

    /// Whether the line at `into`, bytes from the block's start, has an object that the last
    /// collection reached.
    pub(super) fn is_live_at(&self, into: u64) -> bool {
        self.line_at(into) == LineUse::Live
    }

    /// Whether the line at `into`, bytes from the block's start, was taken for new objects since
    /// the last collection.
    pub(super) fn is_new_at(&self, into: u64) -> bool {
        self.line_at(into) == LineUse::New
    }

    /// The lines of an object from `into` to `end`, bytes from the block's start.
    fn lines_of(&self, into: u64, end: u64) -> &[Cell<u8>] {
        let (first, last) = (into / LINE_BYTES, (end - 1) / LINE_BYTES);
        self.lines
            .get(first as usize..=last as usize)
            .unwrap_or(&[])
    }

    /// Counts an object from `into` to `end` in its lines.
    #[inline]
    pub(crate) fn count_in_lines(&self, into: u64, end: u64) {
        for line in self.lines_of(into, end) {
            let (mark, line_use) = (line.get() & LINE_MARKED, line.get() & !LINE_MARKED);
            line.set(
                mark | match line_use {
                    LINE_NEW => 1,
                    count => count.saturating_add(1).min(LINE_FULL),
                },
            );
        }
    }

    /// Ends the count of an object from `into` to `end` in its lines. Whether one of them is
    /// free then. `None` if a line does not count it.
    pub(super) fn uncount_in_lines(&self, into: u64, end: u64) -> Option<bool> {
        let mut has_freed = false;
        let first = into / LINE_BYTES;
        for (at, line) in (first..).zip(self.lines_of(into, end)) {
            let count = line.get();
            if count == LINE_FREE || count == LINE_NEW {
                return None;
            }
            line.set(count - 1);
            if count == 1 {
                has_freed = true;
                self.first_free.set(self.first_free.get().min(at as u32));
            }
        }
        Some(has_freed)
    }

    /// The first run of new lines from line `from` on.
    pub(super) fn new_lines_from(&self, from: usize) -> Option<Range<usize>> {
        let is_new = |line: &Cell<u8>| LineUse::of(line.get()) == LineUse::New;
        let first = from + self.lines.get(from..)?.iter().position(is_new)?;
        let rest = self.lines[first..].iter();
        let count = rest.take_while(|line| is_new(line)).count();
        Some(first..first + count)
    }

    /// Makes new lines free.
    pub(super) fn free_new_lines(&self) {
        let new = self.lines.iter().filter(|line| line.get() & LINE_NEW != 0);
        new.for_each(|line| line.set(LINE_FREE));
    }

    /// Whether each line that is not new counts this number of objects.
    pub(super) fn counts_are(&self, counts: &[u8; LINES]) -> bool {
        let mut pairs = self.lines.iter().zip(counts);
        pairs.all(|(line, count)| line.get() & LINE_NEW != 0 || line.get() == *count)
    }

    /// Takes the lines from `first` up to `end`, which are free, for new objects. Whether other
    /// lines are free.
    pub(super) fn take_lines(&self, first: usize, end: usize) -> bool {
        self.take_lines_as(LINE_NEW, first, end)
    }

    /// As [`BlockRecord::take_lines`], for objects that a collection keeps.
    pub(super) fn take_lines_for_live(&self, first: usize, end: usize) -> bool {
        self.take_lines_as(LINE_LIVE, first, end)
    }

    /// Makes the lines from `first` up to `end` free again, in which no object is.
    pub(super) fn return_lines(&self, first: usize, end: usize) {
        self.set_lines(first, end, LINE_FREE);
        self.first_free.set(self.first_free.get().min(first as u32));
    }

    fn take_lines_as(&self, value: u8, first: usize, end: usize) -> bool {
        self.set_lines(first, end, value);
        if first == self.first_free.get() as usize {
            self.first_free.set(self.next_line(end, true) as u32);
        }
        self.next_line(self.first_free.get() as usize, true) < LINES
    }

    /// Finds the first free line, after lines were marked.
    pub(super) fn find_first_free(&self) {
        self.first_free.set(self.next_line(0, true) as u32);
    }

    /// Whether no line before the first free one is free.
    pub(super) fn is_first_free_right(&self) -> bool {
        self.next_line(0, true) >= self.first_free.get() as usize
    }

    /// The first run of free lines: its first line, and the line after it.
    pub(super) fn first_hole(&self) -> Option<(usize, usize)> {
        self.hole_from(self.first_free.get() as usize)
    }

    fn set_lines(&self, first: usize, end: usize, value: u8) {
        self.lines[first..end]
            .iter()
            .for_each(|line| line.set(value));
    }

    /// Eight lines from number `8 * eight` on, each in one byte, the first in the lowest.
    fn eight_lines(&self, eight: usize) -> u64 {
        let mut bytes = [0; 8];
        for (byte, line) in bytes.iter_mut().zip(&self.lines[8 * eight..]) {
            *byte = line.get();
        }
        u64::from_le_bytes(bytes)
    }

    /// The first run of free lines from line `from` on: its first line, and the line after it.
    pub(super) fn hole_from(&self, from: usize) -> Option<(usize, usize)> {
        let first = self.next_line(from, true);
        (first < LINES).then(|| (first, self.next_line(first, false)))
    }

    /// The first line from `from` on that is free, or is not, as asked; [`LINES`] if there is
    /// none.
    fn next_line(&self, from: usize, free: bool) -> usize {
        let mut line = from;
        while line < LINES {
            if line.is_multiple_of(8) && !may_have(self.eight_lines(line / 8), free) {
                line += 8;
            } else if (self.lines[line].get() == LINE_FREE) == free {
                return line;
            } else {
                line += 1;
            }
        }
        LINES
    }

    /// The number of free lines.
    pub(super) fn free_lines(&self) -> usize {
        let free = self.lines.iter().filter(|line| line.get() == LINE_FREE);
        free.count()
    }

    /// The bytes of the lines that were taken for new objects since the last collection.
    pub(crate) fn new_bytes(&self) -> u64 {
        let new = self.lines.iter().filter(|line| line.get() & LINE_NEW != 0);
        new.count() as u64 * LINE_BYTES
    }

    /// Whether a collection of this cycle has reached an object here, and the block is no
    /// candidate.
    #[inline(always)]
    pub(crate) fn is_marked_in(&self, cycle: u8) -> bool {
        self.marked_in.get() == cycle
    }

    /// Whether a collection of this cycle has reached an object that is still here.
    #[inline(always)]
    pub(crate) fn has_marks_of(&self, cycle: u8) -> bool {
        self.marked_in.get() & !IN_CANDIDATE == cycle
    }

    /// Notes that a collection of this cycle reaches its first object here. `marks` are the
    /// block's. The lines are to count the objects that are reached if `counts`.
    pub(super) fn begin_marks(&self, cycle: u8, marks: &GranuleBits, counts: bool) {
        marks.clear_all();
        let kept = if counts { 0 } else { !LINE_MARKED };
        self.lines
            .iter()
            .for_each(|line| line.set(line.get() & kept));
        self.marked_live.set(0);
        self.marked_in.set(cycle | self.candidate_bit());
    }

    /// Forgets what a collection that was dropped has reached.
    pub(super) fn drop_marks(&self) {
        self.marked_in.set(0);
    }

    /// Ends the count of the bytes that are alive here.
    pub(super) fn take_over_live(&self) {
        self.live.set(self.marked_live.get());
    }

    /// Ends a collection that has marked objects here: what it has not reached is forgotten, and
    /// so are lines without an object that it has reached. New lines stay as they are if
    /// `keeps_new`. Lines that count their objects are right already.
    pub(super) fn take_over_marks(&self, marks: &GranuleBits, keeps_new: bool, counts: bool) {
        let is_new = |line: usize| self.lines[line].get() & LINE_NEW != 0;
        match keeps_new {
            true => self.starts.copy_from(marks, is_new),
            false => self.starts.copy_from(marks, |_| false),
        }
        self.take_over_live();
        if counts {
            return;
        }
        let kept = if keeps_new { LINE_NEW } else { 0 };
        for line in &self.lines {
            let (new, marked) = (line.get() & kept, line.get() & LINE_MARKED != 0);
            line.set(if new != 0 { new } else { marked.into() });
        }
    }

    fn has_flag(&self, flag: u8) -> bool {
        self.flags.get() & flag != 0
    }

    fn set_flag(&self, flag: u8, on: bool) {
        let others = self.flags.get() & !flag;
        self.flags.set(others | if on { flag } else { 0 });
    }

    /// Whether the block's objects are to move away.
    pub(crate) fn is_candidate(&self) -> bool {
        self.has_flag(CANDIDATE)
    }

    pub(crate) fn set_candidate(&self, on: bool) {
        self.set_flag(CANDIDATE, on);
    }

    /// Whether the block has a pinned object.
    pub(crate) fn is_pinned(&self) -> bool {
        self.pins.get() > 0
    }

    /// Counts a pin.
    pub(super) fn add_pin(&self) {
        self.pins.set(self.pins.get().saturating_add(1));
    }

    /// Ends the count of a pin.
    pub(super) fn take_pin(&self) {
        debug_assert!(self.is_pinned());
        self.pins.set(self.pins.get().saturating_sub(1));
    }

    /// Whether objects have moved here in the collection that is under way.
    pub(crate) fn is_target(&self) -> bool {
        self.has_flag(TARGET)
    }

    pub(super) fn set_target(&self) {
        self.set_flag(TARGET, true);
    }

    /// Whether the block was taken since the last collection.
    pub(crate) fn is_fresh(&self) -> bool {
        self.has_flag(FRESH)
    }

    /// Clears what holds from one collection to the next only.
    pub(super) fn end_cycle(&self) {
        self.set_flag(CANDIDATE | TARGET | FRESH, false);
    }

    /// Whether the block's pages were given back.
    pub(super) fn is_released(&self) -> bool {
        self.has_flag(RELEASED)
    }

    pub(super) fn set_released(&self) {
        self.set_flag(RELEASED, true);
    }
}

/// Whether one of eight lines may be free, or may not be free, as asked. Exact.
fn may_have(lines: u64, free: bool) -> bool {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    if free {
        // Whether a byte is 0 (Mycroft's test).
        lines.wrapping_sub(ONES) & !lines & ONES << 7 != 0
    } else {
        lines != 0
    }
}
