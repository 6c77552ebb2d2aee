//! Room for an allocation: whether to collect or to grow the heap.
//!
//! Nothing here calls the growth callback or the root visitors. An attempt asks for them
//! and is repeated with the answer ([`protocol`](crate::store::protocol)).

use crate::error::{Error, Result};
use crate::heap::CollectionKind;
use crate::store::protocol::{Attempt, GrowthRequest, OnDemand, Request, Stop};
use crate::store::{Cold, Store};

impl Store {
    /// Counts the collection in steps that the allocation which is repeated now has waited
    /// for, if the heap was at its limit before.
    ///
    /// Errors: [`Error::Overhead`].
    pub(in crate::store) fn count_awaited_collection(&self) -> Result<()> {
        let mut cold = self.cold.borrow_mut();
        let Some((bytes, freed)) = cold.overhead.take_awaited() else {
            return Ok(());
        };
        let counted = cold.count_overhead(bytes, freed);
        if cold.heap()?.has_room(&self.mutator, bytes)? {
            counted?;
        }
        Ok(())
    }
}

impl Cold {
    /// Collects if a collection is due: when external bytes have used up their budget
    /// (HEAP-12, HEAP-109), and under stress at every n-th allocation. Does nothing in a no-GC
    /// span, and when the allocation is repeated after the collection or after the growth
    /// callback.
    pub(in crate::store) fn collect_if_due(&mut self, store: &Store) -> Attempt<()> {
        let answers = store.answers.get();
        let was_counted = answers.growth.is_some() || answers.collected().is_some();
        if was_counted || store.mutator.no_gc_spans() > 0 {
            return Ok(());
        }
        let every = store.engine.config().stress();
        let count = self.stress_count.saturating_add(1);
        let is_stressed = every > 0 && count >= every;
        if is_stressed || store.external_pressure.get() {
            let kind = match is_stressed {
                true => self.kind_that_is_due(true),
                false => self.kind_for_external(store),
            };
            self.collect_on_demand(store, kind, None)?;
            self.external_minor |= store.external_pressure.get();
        }
        self.stress_count = if is_stressed { 0 } else { count };
        Ok(())
    }

    /// The kind of the next collection under stress, or because of external bytes. Minor and major
    /// alternate, so that stress tests both, and external bytes that a minor collection does not
    /// free bring a major one. Where the program runs between the steps of major ones, stress runs
    /// more minor ones, each with a step.
    fn kind_that_is_due(&mut self, is_stressed: bool) -> CollectionKind {
        let heap = self.heap.as_deref_mut();
        let runs_cycles = is_stressed && heap.is_some_and(|heap| heap.cycle().is_some());
        let every = if runs_cycles { 8 } else { 2 };
        match self.collections % every {
            last if last == every - 1 => CollectionKind::Major,
            _ => CollectionKind::Minor,
        }
    }

    /// The kind of the next collection because of external bytes. Where a cycle can free them, or is
    /// under way, a minor collection runs, after which one may begin. A major one runs if external
    /// bytes are still due then.
    fn kind_for_external(&mut self, store: &Store) -> CollectionKind {
        if !self.cycles.is_under_way() && !self.can_begin_cycle(store) {
            return self.kind_that_is_due(false);
        }
        match self.external_minor {
            true => CollectionKind::Major,
            false => CollectionKind::Minor,
        }
    }

    /// Runs a collection that an allocation needs, or asks for what it needs first.
    /// `at_limit` is the size of the allocation if the heap cannot grow for it.
    ///
    /// Errors: [`Request::Collection`] if the caller does not let the allocation collect,
    /// [`Request::Roots`] if the root visitors have not reported; those of
    /// [`Cold::collect`].
    pub(super) fn collect_on_demand(
        &mut self,
        store: &Store,
        kind: CollectionKind,
        at_limit: Option<u64>,
    ) -> Attempt<()> {
        if store.answers.get().on_demand == OnDemand::Ask {
            self.overhead.await_collection(at_limit);
            return Err(Stop::Ask(Request::Collection));
        }
        if store.collects() && !self.sources.have_reported() {
            return Err(Stop::Ask(Request::Roots));
        }
        let stop = self.begin_stop();
        self.collect(store, kind)?;
        if kind == CollectionKind::Minor {
            self.after_minor(store)?;
        }
        self.end_collection_stop(&stop);
        Ok(())
    }

    /// Makes room for `bytes` by growing or collecting. The pacer's headroom decides: a
    /// collection is worth its cost once half of the headroom has been allocated, or all of
    /// it if the configuration sets the headroom. Before the allocation is refused, a major collection runs (HEAP-13).
    ///
    /// Errors: [`Error::NoGc`] if only a collection could make room and a no-GC span is
    /// open; [`Error::Overhead`]; those of [`Cold::grow`] and
    /// [`Cold::collect_on_demand`].
    pub(in crate::store) fn make_room(&mut self, store: &Store, bytes: u64) -> Attempt<()> {
        if !store.collects() {
            return self.grow(store, bytes, None);
        }
        let spans = store.mutator.no_gc_spans();
        if spans > 0 {
            let grown = self.grow(store, bytes, None);
            return grown.map_err(|stop| match stop {
                Stop::Refused(error) if is_about_size(&error) => Error::NoGc { spans }.into(),
                other => other,
            });
        }
        let used = store.mutator.bump.used_bytes();
        let collected = match store.answers.get().collected() {
            Some(kind) => kind,
            None => match self.grow_or_collect(store, bytes)? {
                Some(kind) => kind,
                None => return Ok(()),
            },
        };
        let refused = match self.grow(store, bytes, Some(collected)) {
            Err(Stop::Refused(error)) if is_about_size(&error) => error,
            outcome => return outcome,
        };
        if collected == CollectionKind::Major {
            return Err(refused.into());
        }
        self.collect_on_demand(store, CollectionKind::Major, Some(bytes))?;
        let freed = used.saturating_sub(store.mutator.bump.used_bytes());
        let counted = self.count_overhead(bytes, freed);
        if self.heap()?.has_room(&store.mutator, bytes)? {
            return Ok(counted?);
        }
        self.grow(store, bytes, Some(CollectionKind::Major))
    }

    /// The first try of [`Cold::make_room`]. Grows if a collection is not worth its cost,
    /// otherwise runs a minor collection. Returns `None` if there is room now, and the
    /// kind of the collection if it did not make enough.
    fn grow_or_collect(&mut self, store: &Store, bytes: u64) -> Attempt<Option<CollectionKind>> {
        let mutator = &store.mutator;
        let allocated = mutator.bump.allocated_bytes();
        let prefers_minor = self.heap()?.prefers_minor(mutator, bytes);
        let at_limit = if prefers_minor {
            false
        } else if self.pacer.prefers_growth(self.headroom, allocated, bytes) {
            match self.grow(store, bytes, None) {
                Ok(()) => return Ok(None),
                Err(Stop::Ask(request)) => return Err(Stop::Ask(request)),
                Err(Stop::Refused(_)) => true,
            }
        } else {
            let heap = self.heap()?;
            heap.committed_after_growth(mutator, bytes).is_err()
        };
        let used = mutator.bump.used_bytes();
        let kind = self.heap()?.collection_kind(mutator, CollectionKind::Minor);
        self.collect_on_demand(store, kind, at_limit.then_some(bytes))?;
        let counted = if at_limit && kind == CollectionKind::Major {
            self.count_overhead(bytes, used.saturating_sub(mutator.bump.used_bytes()))
        } else {
            Ok(())
        };
        if self.heap()?.has_room(mutator, bytes)? {
            counted?;
            return Ok(None);
        }
        Ok(Some(kind))
    }

    /// Counts a full collection that an allocation of `bytes` needed because the heap is at
    /// its limit. The collection freed `freed` bytes.
    ///
    /// Errors: [`Error::Overhead`].
    fn count_overhead(&mut self, bytes: u64, freed: u64) -> Result<()> {
        let heap = self.heap()?.object_bytes();
        match self.overhead.count(freed, heap) {
            None => Ok(()),
            Some(collections) => Err(Error::Overhead {
                requested: bytes,
                percent: self.overhead.percent(),
                collections,
            }),
        }
    }

    /// Makes room and budget for `bytes` more, if the growth callback allows it.
    /// `collected` is the collection that this attempt has just run.
    ///
    /// Errors: [`Request::Growth`] if the callback has not answered yet;
    /// [`Error::GrowthRefused`] if it refused; those of
    /// [`GcHeap::grow`](crate::heap::GcHeap::grow).
    fn grow(
        &mut self,
        store: &Store,
        bytes: u64,
        collected: Option<CollectionKind>,
    ) -> Attempt<()> {
        let heap = self.heap()?;
        let committed = heap.committed_bytes();
        let wanted = heap.committed_after_growth(&store.mutator, bytes)?;
        let asks = store.engine.config().grow_callback().is_some();
        if asks && wanted > committed {
            match store.answers.get().growth {
                Some(answer) if answer.allowed => {}
                Some(_) => return Err(Error::GrowthRefused { wanted }.into()),
                None => {
                    return Err(Stop::Ask(Request::Growth(GrowthRequest {
                        committed,
                        wanted,
                        collected,
                    })));
                }
            }
        }
        heap.grow(&store.mutator, bytes)?;
        self.overhead.restart();
        Ok(())
    }
}

/// Whether an error says that the heap must not grow to the size that was wanted.
fn is_about_size(error: &Error) -> bool {
    matches!(error, Error::HeapLimit { .. } | Error::GrowthRefused { .. })
}
