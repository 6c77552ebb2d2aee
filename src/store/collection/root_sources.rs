//! A store's root ranges and root visitors: where roots are that the embedder keeps.

use core::ffi::c_void;

use crate::base::fallible;
use crate::error::{Error, Result};
use crate::heap::{GcRef, RangeSpan, RootRange, SlotLayout};
use crate::roots::{FreeListSlots, Handle};
use crate::store::Store;
use crate::store::handles::resolve::unrooted_as;

/// Tells where roots are, by reporting ranges, when a collection begins.
pub(crate) type VisitorFunction = unsafe extern "C" fn(env: *mut c_void, store: *mut Store);

/// A root visitor.
#[derive(Clone, Copy)]
pub(crate) struct RootVisitor {
    pub(crate) function: VisitorFunction,
    pub(crate) env: *mut c_void,
}

/// Where roots are.
#[derive(Clone, Copy)]
pub(in crate::store) enum Source {
    /// Where a structure of the embedder's says.
    Range {
        range: *const RootRange,
        layout: SlotLayout,
    },
    /// Where a function of the embedder's says.
    Visitor(RootVisitor),
}

/// What a source's handle names.
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

/// A store's ranges and visitors, and what the visitors have reported.
pub(in crate::store) struct RootSources {
    /// A handle's slot refers to nothing; its index is the source's.
    handles: FreeListSlots<0>,
    sources: Vec<Option<Source>>,
    ranges: usize,
    visitors: usize,
    /// The ranges that visitors have reported, for the collections of the call that is
    /// under way.
    reported: Vec<RangeSpan>,
    /// Whether all visitors have reported.
    report_is_complete: bool,
    /// Bytes of the slots that the last collection looked at.
    scanned: u64,
}

impl RootSources {
    /// No sources, which allocates nothing. Slots have issued all generations up to this
    /// one, an even one.
    pub(in crate::store) fn starting_at(generation: u32) -> RootSources {
        RootSources {
            handles: FreeListSlots::starting_at(generation),
            sources: Vec::new(),
            ranges: 0,
            visitors: 0,
            reported: Vec::new(),
            report_is_complete: false,
            scanned: 0,
        }
    }

    /// Adds a source; returns its handle's slot word.
    ///
    /// Errors: [`Error::Limit`], [`Error::SystemMemory`].
    pub(in crate::store) fn add(&mut self, source: Source) -> Result<u64> {
        self.handles.reserve()?;
        let missing = self.handles.span().len() - self.sources.len();
        self.sources
            .try_reserve(missing)
            .map_err(|_| fallible::refused(missing * size_of::<Option<Source>>()))?;
        let word = self.handles.allocate(GcRef::NULL);
        let index = Handle {
            store_id: 0,
            slot: word,
        }
        .index() as usize;
        let missing = (index + 1).saturating_sub(self.sources.len());
        self.sources.extend(core::iter::repeat_n(None, missing));
        self.sources[index] = Some(source);
        *self.count_of(source.kind()) += 1;
        Ok(word)
    }

    fn count_of(&mut self, kind: SourceKind) -> &mut usize {
        match kind {
            SourceKind::Range => &mut self.ranges,
            SourceKind::Visitor => &mut self.visitors,
        }
    }

    /// Removes the source of a kind whose handle has these bits; `false` if there is none.
    pub(in crate::store) fn remove(
        &mut self,
        kind: SourceKind,
        index: u32,
        generation: u32,
    ) -> bool {
        let source = self.sources.get_mut(index as usize);
        let found = source.filter(|source| source.is_some_and(|source| source.kind() == kind));
        let (Some(source), Some(_)) = (found, self.handles.get(index, generation)) else {
            return false;
        };
        *source = None;
        self.handles.release(index, generation);
        *self.count_of(kind) -= 1;
        true
    }

    /// Whether each visitor has reported. Without visitors: yes.
    pub(in crate::store) fn have_reported(&self) -> bool {
        self.visitors == 0 || self.report_is_complete
    }

    /// Notes that each visitor has reported.
    pub(in crate::store) fn complete_report(&mut self) {
        self.report_is_complete = true;
    }

    /// The first visitor from an index on, and its index.
    pub(in crate::store) fn visitor_from(&self, index: u32) -> Option<(u32, RootVisitor)> {
        let from = self.sources.iter().enumerate().skip(index as usize);
        from.filter_map(|(at, source)| match source {
            Some(Source::Visitor(visitor)) => Some((at as u32, *visitor)),
            _ => None,
        })
        .next()
    }

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.ranges + self.visitors == 0
    }

    /// How many ranges a collection may have to look at.
    pub(in crate::store) fn span_count(&self) -> usize {
        self.ranges + self.reported.len()
    }

    /// Each range as it is now, and those that were reported.
    ///
    /// # Safety
    ///
    /// The embedder's structures must be there to read, and their slots as for
    /// [`RangeSpan::new`].
    pub(in crate::store) unsafe fn spans(&self) -> impl Iterator<Item = Result<RangeSpan>> {
        let registered = self.sources.iter().enumerate().filter_map(|(at, source)| {
            let Some(Source::Range { range, layout }) = *source else {
                return None;
            };
            // SAFETY: the caller's promise; the address was aligned.
            Some(unsafe { RangeSpan::new(at as u32, range.read(), layout) })
        });
        registered.chain(self.reported.iter().copied().map(Ok))
    }

    /// Adds a range that a visitor reports.
    ///
    /// Errors: [`Error::SystemMemory`].
    pub(in crate::store) fn add_reported(&mut self, span: RangeSpan) -> Result<()> {
        fallible::push(&mut self.reported, span)
    }

    /// Forgets what was reported.
    pub(in crate::store) fn forget_reported(&mut self) {
        let used = self.reported.len();
        self.report_is_complete = false;
        self.reported.clear();
        fallible::shrink(&mut self.reported, used);
    }

    /// Notes how many bytes of slots a collection looks at.
    pub(in crate::store) fn set_scanned(&mut self, bytes: u64) {
        self.scanned = bytes;
    }

    /// How many bytes of slots the last collection looked at.
    pub(in crate::store) fn scanned(&self) -> u64 {
        self.scanned
    }

    /// Checks the handles, and that each has its source.
    ///
    /// Errors: [`Error::Internal`].
    pub(in crate::store) fn check(&self) -> Result<()> {
        self.handles.check()?;
        let sources = self.sources.iter().flatten().count();
        let slots = self.handles.span().iter().zip(&self.sources);
        let agree = slots
            .filter(|(slot, source)| source.is_some() == (slot.generation.get() & 1 == 1))
            .count();
        if agree != self.sources.len()
            || sources as u64 != self.handles.live()
            || sources != self.ranges + self.visitors
        {
            return Err(Error::internal(
                "a root source without its handle",
                sources as u64,
            ));
        }
        Ok(())
    }
}

impl Store {
    /// Adds a source of roots.
    ///
    /// Errors: [`Error::Limit`], [`Error::SystemMemory`].
    pub(in crate::store) fn add_root_source(&self, source: Source) -> Result<Handle> {
        let cold = &mut *self.cold.borrow_mut();
        cold.roots.reserve_ranges(cold.sources.span_count() + 1)?;
        Ok(self.handle(cold.sources.add(source)?))
    }

    /// Whether there are roots that the embedder keeps.
    pub(in crate::store) fn has_root_sources(&self) -> bool {
        !self.cold.borrow().sources.is_empty()
    }

    /// Removes a source of roots of a kind; nothing happens for null.
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
