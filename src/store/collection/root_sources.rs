//! A store's root sources: the root ranges and root visitors that tell where the embedder
//! keeps roots.

use core::ffi::c_void;

use crate::base::fallible;
use crate::base::room;
use crate::base::side_meter::SideMeter;
use crate::error::{Error, Result};
use crate::heap::{
    Budget, CollectionKind, GcRef, Progress, RangeSpan, RootRange, RootSlot, Shrinking, SlotLayout,
};
use crate::roots::{FreeListSlots, Handle};
use crate::store::Store;
use crate::store::collection::slot_copies::SlotCopies;
use crate::store::handles::resolve::unrooted_as;

/// The function of a root visitor. It reports root ranges when a collection begins.
pub(crate) type VisitorFunction = unsafe extern "C" fn(env: *mut c_void, store: *mut Store);

/// A root visitor: a function of the embedder and its first argument.
#[derive(Clone, Copy)]
pub(crate) struct RootVisitor {
    pub(crate) function: VisitorFunction,
    pub(crate) env: *mut c_void,
}

/// A root source.
#[derive(Clone, Copy)]
pub(in crate::store) enum Source {
    /// The embedder's structure says where the roots are.
    Range {
        range: *mut RootRange,
        layout: SlotLayout,
    },
    /// The embedder's function says where the roots are.
    Visitor(RootVisitor),
}

/// The kind of source that a handle names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum SourceKind {
    Range,
    Visitor,
}

impl Source {
    fn kind(&self) -> SourceKind {
        match self {
            Source::Range { .. } => SourceKind::Range,
            Source::Visitor(_) => SourceKind::Visitor,
        }
    }
}

/// A store's root sources, and the ranges that its visitors have reported.
pub(in crate::store) struct RootSources {
    /// The handles of the sources. A handle's slot holds no reference.
    handles: FreeListSlots<0>,
    /// The sources, each with the index of its handle. They have no gaps, so a collection
    /// visits no others (ROOTS-24).
    pub(super) sources: Vec<(u32, Source)>,
    /// Where in `sources` the source of each handle is, by the index of the handle. Has no
    /// meaning for handles that are not in use.
    positions: Vec<u32>,
    /// The number of ranges in `sources`.
    ranges: usize,
    /// The number of visitors in `sources`.
    visitors: usize,
    /// The ranges that visitors have reported, for the collections of the call that is
    /// under way.
    pub(super) reported: Vec<RangeSpan>,
    /// Whether all visitors have reported.
    report_is_complete: bool,
    /// The ranges that the cycle under way has still to read.
    pub(super) unread: Unread,
    /// The bytes of the slots that the last full collection scanned.
    scanned_bytes: u64,
    /// What the last collection left in the slots of registered ranges, in engines that
    /// check `unchanged`.
    copies: SlotCopies,
    trimming: Trimming,
}

/// The ranges that a cycle has still to read.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::store) struct Unread {
    /// The number of sources, from the first one on. The last of them is being read.
    pub(super) sources: usize,
    /// The number of slots of that source that have been read.
    pub(super) slots: usize,
    /// Whether what visitors have reported is still to be read. Each minor collection reads all
    /// of it besides.
    pub(super) reported: bool,
}

impl Unread {
    /// Whether nothing is left to read.
    pub(super) fn is_nothing(&self) -> bool {
        self.sources == 0 && !self.reported
    }
}

/// How the lists shrink.
#[derive(Default)]
struct Trimming {
    /// The number of those that the collection under way has trimmed.
    trimmed: u32,
    sources: Shrinking,
    positions: Shrinking,
    reported: Shrinking,
}

impl RootSources {
    /// No sources. Allocates nothing. The handles' slots have issued all generations up
    /// to `generation`, which is even.
    pub(in crate::store) fn starting_at(generation: u32) -> RootSources {
        RootSources {
            handles: FreeListSlots::starting_at(generation),
            sources: Vec::new(),
            positions: Vec::new(),
            ranges: 0,
            visitors: 0,
            reported: Vec::new(),
            report_is_complete: false,
            unread: Unread::default(),
            scanned_bytes: 0,
            copies: SlotCopies::default(),
            trimming: Trimming::default(),
        }
    }

    /// The same sources, bounded by a meter.
    pub(in crate::store) fn limited_by(mut self, side: &SideMeter) -> RootSources {
        self.handles = self.handles.limited_by(side);
        self
    }

    /// Adds a source and returns the slot word of its handle.
    ///
    /// Errors: [`Error::Limit`], [`Error::SystemMemory`].
    pub(in crate::store) fn add(&mut self, source: Source) -> Result<u64> {
        self.handles.reserve()?;
        let missing = self
            .handles
            .span()
            .len()
            .saturating_sub(self.positions.len());
        self.handles.side().reserve(&mut self.positions, missing)?;
        self.handles.side().reserve(&mut self.sources, 1)?;
        self.positions.extend(core::iter::repeat_n(0, missing));
        let position = self.sources.len() as u32;
        let index = self.handles.next();
        fallible::push(&mut self.sources, (index, source))?;
        let word = self.handles.allocate(GcRef::NULL);
        self.positions[index as usize] = position;
        *self.count_of(source.kind()) += 1;
        self.trimming.sources.note(self.sources.len());
        Ok(word)
    }

    fn count_of(&mut self, kind: SourceKind) -> &mut usize {
        match kind {
            SourceKind::Range => &mut self.ranges,
            SourceKind::Visitor => &mut self.visitors,
        }
    }

    /// Removes the source of `kind` that the handle's bits name. Returns `false` if there
    /// is no such source.
    pub(in crate::store) fn remove(
        &mut self,
        kind: SourceKind,
        index: u32,
        generation: u32,
    ) -> bool {
        if self.handles.get(index, generation).is_none() {
            return false;
        }
        let position = self.positions[index as usize] as usize;
        if self.sources[position].1.kind() != kind {
            return false;
        }
        let position = self.leave_unread(position);
        let last = self.sources.len() - 1;
        self.swap(position, last);
        self.sources.truncate(last);
        self.handles.release(index, generation);
        self.copies.forget(index);
        *self.count_of(kind) -= 1;
        true
    }

    /// Moves a source that is to be removed behind those that are still to be read. Returns its
    /// new position.
    fn leave_unread(&mut self, position: usize) -> usize {
        let Some(current) = self.unread.sources.checked_sub(1) else {
            return position;
        };
        if position > current {
            return position;
        }
        if position == current {
            self.unread.slots = 0;
        } else {
            self.swap(position, current - 1);
            self.swap(current - 1, current);
        }
        self.unread.sources = current;
        current
    }

    /// Exchanges two sources.
    fn swap(&mut self, one: usize, other: usize) {
        self.sources.swap(one, other);
        for position in [one, other] {
            self.positions[self.sources[position].0 as usize] = position as u32;
        }
    }

    /// Whether all visitors have reported. Also `true` without visitors.
    pub(in crate::store) fn have_reported(&self) -> bool {
        self.visitors == 0 || self.report_is_complete
    }

    /// Records that all visitors have reported.
    pub(in crate::store) fn complete_report(&mut self) {
        self.report_is_complete = true;
    }

    /// The first visitor at `position` or behind it: its position, the index of its handle,
    /// and the visitor.
    pub(in crate::store) fn visitor_from(
        &self,
        position: usize,
    ) -> Option<(usize, u32, RootVisitor)> {
        let from = self.sources.iter().enumerate().skip(position);
        from.filter_map(|(at, &(index, source))| match source {
            Source::Visitor(visitor) => Some((at, index, visitor)),
            Source::Range { .. } => None,
        })
        .next()
    }

    /// Whether the store has no sources.
    fn is_empty(&self) -> bool {
        self.ranges + self.visitors == 0
    }

    /// The number of ranges that a collection scans.
    pub(in crate::store) fn span_count(&self) -> usize {
        self.ranges + self.reported.len()
    }

    /// The registered ranges, as they are now, and the reported ranges. With `changed_only`, the
    /// slots from `unchanged` on of the registered ranges.
    ///
    /// # Safety
    ///
    /// The embedder's structures must be valid for reading, and their slots must satisfy
    /// the conditions of [`RangeSpan::new`].
    pub(in crate::store) unsafe fn spans(
        &self,
        changed_only: bool,
    ) -> impl Iterator<Item = Result<RangeSpan>> {
        // SAFETY: the caller's promise.
        let registered = unsafe { registered(&self.sources) }.map(move |(range, span)| {
            let unchanged = match changed_only {
                // SAFETY: the caller's promise; `root_range_add` checked the alignment.
                true => unsafe { (*range).unchanged },
                false => 0,
            };
            span.map(|span| span.from(unchanged))
        });
        registered.chain(self.reported.iter().copied().map(Ok))
    }

    /// Checks that no slot below the `unchanged` of its registered range was written since
    /// the last collection. Only for engines that check this (ROOTS-39).
    ///
    /// Errors: [`Error::ChangedSlot`], [`Error::BadRange`].
    ///
    /// # Safety
    ///
    /// See [`RootSources::spans`].
    pub(in crate::store) unsafe fn check_unchanged(&self) -> Result<()> {
        // SAFETY: the caller's promise.
        unsafe { registered(&self.sources) }.try_for_each(|(range, span)| {
            // SAFETY: the caller's promise; `root_range_add` checked the alignment.
            let unchanged = unsafe { (*range).unchanged };
            self.copies.check_slots(&span?, unchanged)
        })
    }

    /// Sets the `unchanged` of registered ranges to their `count`, when a collection has
    /// updated their slots (ROOTS-37). Copies the slots if the engine checks `unchanged`.
    ///
    /// Errors: [`Error::BadRange`], but not after the ranges have been scanned.
    ///
    /// # Safety
    ///
    /// See [`RootSources::spans`]. The structures must be valid for writing, too.
    pub(in crate::store) unsafe fn set_unchanged(&mut self, copies: bool) -> Result<()> {
        // SAFETY: the caller's promise.
        for (range, span) in unsafe { registered(&self.sources) } {
            // SAFETY: the caller's promise; `root_range_add` checked the alignment.
            unsafe { (*range).unchanged = span?.count() };
        }
        if !copies {
            return Ok(());
        }
        // SAFETY: the caller's promise.
        let spans = || unsafe { registered(&self.sources) }.map(|(_, span)| span);
        self.copies.take(self.positions.len(), spans)
    }

    /// Adds a range that a visitor has reported.
    ///
    /// Errors: [`Error::SystemMemory`].
    pub(in crate::store) fn add_reported(&mut self, span: RangeSpan) -> Result<()> {
        fallible::push(&mut self.reported, span)
    }

    /// Forgets the reported ranges.
    pub(in crate::store) fn forget_reported(&mut self) {
        self.trimming.reported.note(self.reported.len());
        self.report_is_complete = false;
        self.reported.clear();
    }

    /// Trims the handles, as far as the budget allows.
    pub(in crate::store) fn trim_handles(&self, budget: &mut Budget) -> Progress {
        self.handles.trim(budget)
    }

    /// Forgets the places of handles that were trimmed, and in a major collection gives back
    /// memory, as far as the budget allows.
    pub(in crate::store) fn trim_lists(
        &mut self,
        kind: CollectionKind,
        budget: &mut Budget,
    ) -> Progress {
        self.trimming.positions.note(self.positions.len());
        self.positions.truncate(self.handles.span().len());
        if kind == CollectionKind::Minor {
            return Progress::Complete;
        }
        loop {
            let (sources, positions) = (self.sources.len(), self.positions.len());
            let reported = self.reported.len();
            let Trimming {
                trimmed,
                sources: of_sources,
                positions: of_positions,
                reported: of_reported,
            } = &mut self.trimming;
            let progress = match trimmed {
                0 => of_sources.end_major(&mut self.sources, sources, budget),
                1 => of_positions.end_major(&mut self.positions, positions, budget),
                2 => of_reported.end_major(&mut self.reported, reported, budget),
                _ => {
                    *trimmed = 0;
                    return Progress::Complete;
                }
            };
            if progress == Progress::Continue {
                return progress;
            }
            *trimmed += 1;
        }
    }

    /// Records how many bytes of slots a full collection scans.
    pub(in crate::store) fn set_scanned_bytes(&mut self, bytes: u64) {
        self.scanned_bytes = bytes;
    }

    /// The bytes of the slots that the last full collection scanned.
    pub(in crate::store) fn scanned_bytes(&self) -> u64 {
        self.scanned_bytes
    }

    /// Gives back the free handles at the end, in whole pages (ROOTS-28), and their places.
    pub(in crate::store) fn give_back(&mut self) {
        self.handles.give_back();
        self.positions.truncate(self.handles.span().len());
        let (sources, positions) = (self.sources.len(), self.positions.len());
        let reported = self.reported.len();
        room::give_back(&mut self.sources, sources);
        room::give_back(&mut self.positions, positions);
        room::give_back(&mut self.reported, reported);
        self.copies.give_back(self.positions.len());
    }

    /// The bytes of memory that the sources and the reports have.
    pub(in crate::store) fn side_bytes(&self) -> u64 {
        let sources = fallible::bytes(&self.sources) + fallible::bytes(&self.positions);
        let reported = fallible::bytes(&self.reported);
        self.handles.side_bytes() + sources + reported + self.copies.side_bytes()
    }

    /// Checks the handles, and that each live handle has its source.
    ///
    /// Errors: [`Error::Internal`].
    pub(in crate::store) fn check(&self) -> Result<()> {
        self.handles.check()?;
        self.copies.check()?;
        let sources = self.sources.len();
        let slots = self.handles.span();
        let sound = |(position, &(index, _)): (usize, &(u32, Source))| {
            let in_use = |slot: &RootSlot| slot.generation.get() & 1 == 1;
            slots.get(index as usize).is_some_and(in_use)
                && self.positions[index as usize] as usize == position
        };
        if !self.sources.iter().enumerate().all(sound)
            || sources as u64 != self.handles.live()
            || sources != self.ranges + self.visitors
            || self.unread.sources > sources
        {
            return Err(Error::internal(
                "a root source without its handle",
                sources as u64,
            ));
        }
        Ok(())
    }
}

/// The registered ranges among `sources`: the structure of each, and its slots as they are
/// now.
///
/// # Safety
///
/// See [`RootSources::spans`].
pub(super) unsafe fn registered(
    sources: &[(u32, Source)],
) -> impl Iterator<Item = (*mut RootRange, Result<RangeSpan>)> {
    sources.iter().filter_map(|&(index, source)| {
        let Source::Range { range, layout } = source else {
            return None;
        };
        // SAFETY: the caller's promise; `root_range_add` checked the alignment.
        let span = unsafe { RangeSpan::new(index, range.read(), layout) };
        Some((range, span))
    })
}

impl Store {
    /// Adds a root source.
    ///
    /// Errors: [`Error::Limit`], [`Error::SystemMemory`].
    pub(in crate::store) fn add_root_source(&self, source: Source) -> Result<Handle> {
        let cold = &mut *self.cold.borrow_mut();
        cold.roots
            .reserve_ranges(cold.sources.span_count() + 1, &self.side)?;
        Ok(self.handle(cold.sources.add(source)?))
    }

    /// Whether the store has root ranges or root visitors.
    pub(in crate::store) fn has_root_sources(&self) -> bool {
        !self.cold.borrow().sources.is_empty()
    }

    /// Removes a root source of `kind`. Does nothing for null.
    ///
    /// Errors: [`Error::WrongStore`], [`Error::Unrooted`].
    pub(in crate::store) fn remove_root_source(
        &self,
        kind: SourceKind,
        source: Handle,
    ) -> Result<()> {
        if source.is_null() {
            return Ok(());
        }
        self.require_mine(source.store_id, "source")?;
        let sources = &mut self.cold.borrow_mut().sources;
        if source.is_manual() || !sources.remove(kind, source.index(), source.generation()) {
            let name = match kind {
                SourceKind::Range => "root range",
                SourceKind::Visitor => "root visitor",
            };
            return Err(unrooted_as(name, source, "source"));
        }
        self.count_release();
        Ok(())
    }
}
