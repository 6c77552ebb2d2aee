//! Room for an allocation: whether to collect or to grow.
//!
//! Neither the growth callback nor the root visitors are called here: an attempt asks for
//! them and is repeated with the answer ([`protocol`](crate::store::host_code)).

use crate::error::Error;
use crate::heap::CollectionKind;
use crate::store::host_code::{Attempt, Growth, OnDemand, Request, Stop};
use crate::store::{Cold, Store};

impl Cold {
    /// Collects if a collection is due: when external bytes are worth one, and under
    /// stress at every n-th allocation. Not in a no-GC span, and not again for an
    /// allocation that is repeated.
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
            // Alternately, so that stress sees both kinds.
            let kind = match self.collections % 2 {
                0 => CollectionKind::Minor,
                _ => CollectionKind::Major,
            };
            self.collect_on_demand(store, kind)?;
        }
        self.stress_count = if is_stressed { 0 } else { count };
        Ok(())
    }

    /// Collects for an allocation, if its caller lets it.
    fn collect_on_demand(&mut self, store: &Store, kind: CollectionKind) -> Attempt<()> {
        if store.answers.get().on_demand == OnDemand::Ask {
            return Err(Stop::Ask(Request::Collection));
        }
        if store.collects() && !self.sources.have_reported() {
            return Err(Stop::Ask(Request::Roots));
        }
        Ok(self.collect(store, kind)?)
    }

    /// Makes room for `bytes` by growing or collecting. The pacer's headroom decides: a
    /// collection is worth its cost once at least half of the headroom has been
    /// allocated.
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
        // Before an allocation is refused everything is collected.
        self.collect_on_demand(store, CollectionKind::Major)?;
        if self.heap()?.has_room(&store.mutator, bytes)? {
            return Ok(());
        }
        self.grow(store, bytes, Some(CollectionKind::Major))
    }

    /// The first try of [`Cold::make_room`]: grows if a collection is not worth its cost,
    /// else runs a minor one. Returns the kind of the collection that made no room.
    fn grow_or_collect(&mut self, store: &Store, bytes: u64) -> Attempt<Option<CollectionKind>> {
        let mutator = &store.mutator;
        if mutator.bump.allocated_bytes() < self.headroom / 2 {
            match self.grow(store, bytes, None) {
                Ok(()) => return Ok(None),
                Err(Stop::Ask(request)) => return Err(Stop::Ask(request)),
                Err(Stop::Refused(_)) => {}
            }
        }
        let kind = self.heap()?.collection_kind(mutator, CollectionKind::Minor);
        self.collect_on_demand(store, kind)?;
        let has_room = self.heap()?.has_room(mutator, bytes)?;
        Ok((!has_room).then_some(kind))
    }

    /// Makes room and budget for `bytes` more, if the growth callback allows it.
    /// `collected` is the collection that this attempt has just done.
    ///
    /// Errors: those of [`GcHeap::grow`](crate::heap::GcHeap::grow);
    /// [`Error::GrowthRefused`] if the callback refused.
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
                    return Err(Stop::Ask(Request::Growth(Growth {
                        committed,
                        wanted,
                        collected,
                    })));
                }
            }
        }
        Ok(heap.grow(&store.mutator, bytes)?)
    }
}

/// Whether an error says that the heap may not grow so far.
fn is_about_size(error: &Error) -> bool {
    matches!(error, Error::HeapLimit { .. } | Error::GrowthRefused { .. })
}
