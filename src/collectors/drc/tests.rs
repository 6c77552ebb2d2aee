//! Counts without a heap, and tests that look into the heap.

use super::*;
use crate::heap::{
    Budget, CountedHeader, Ephemerons, GarbageCollection, Layout, POISON, References, RootSlot,
    STICKY, Trace, TraceContext, WeakTable, steps_of, verify, write_free,
};
use crate::types::tests::refusing_allocator::refusing_all;

#[test]
fn a_sticky_count_stays() {
    let header = CountedHeader::of(ObjectHeader::new(Kind::Struct, 1))
        .unwrap()
        .in_zero_counts(true);
    let almost = header.with_count(STICKY - 1);
    assert_eq!(almost.decrement().unwrap().count(), STICKY - 2);
    let sticky = almost.increment();
    assert_eq!((sticky.count(), sticky.is_in_zero_counts()), (STICKY, true));
    assert_eq!(sticky.increment().bits(), sticky.bits());
    assert_eq!(sticky.decrement().unwrap().bits(), sticky.bits());
}

#[test]
fn a_count_below_zero_is_an_error() {
    let header = CountedHeader::of(ObjectHeader::new(Kind::Struct, 1)).unwrap();
    assert!(header.decrement().is_err());
    assert_eq!(
        header.increment().decrement().unwrap().bits(),
        header.bits()
    );
}

/// A heap with the parts of a store that it needs. Its objects have a pair of references
/// and a number.
struct Fixture {
    mutator: Mutator,
    heap: DrcHeap,
    layouts: LayoutTable,
    pair: ObjectHeader,
    roots: Vec<RootSlot>,
    /// No memory is allocated while a collection runs.
    without_memory: bool,
}

const PAIR_BYTES: u64 = 32;

/// No weak maps.
struct NoMaps;

impl WeakTable for NoMaps {
    fn sweep(&mut self, _liveness: &Liveness<'_>, _budget: &mut Budget) -> Result<Progress> {
        Ok(Progress::Complete)
    }

    fn sweep_between(
        &mut self,
        _liveness: &Liveness<'_>,
        _budget: &mut Budget,
    ) -> Result<Progress> {
        Ok(Progress::Complete)
    }

    fn restart_sweep(&mut self) {}
}

impl Ephemerons for NoMaps {
    fn begin_trace(&mut self, _between: bool) {}

    fn trace_immortal(&mut self, _trace: &mut Trace<'_>, _budget: &mut Budget) -> Result<Progress> {
        Ok(Progress::Complete)
    }

    fn trace_values(
        &mut self,
        _key: GcRef,
        _trace: &mut Trace<'_>,
        _budget: &mut Budget,
    ) -> Result<Progress> {
        Ok(Progress::Complete)
    }
}

impl Fixture {
    fn new() -> Fixture {
        let mutator = Mutator::new();
        let options = HeapOptions {
            limit: 16 << 20,
            least_limit: 16 << 20,
            initial: 64 << 10,
            poison: true,
            moves_all: false,
            asks_to_grow: false,
            pause_budget: 1_000_000,
        };
        let mut heap = DrcHeap::new(options).unwrap();
        heap.open(&mutator);
        let layout = Layout::Fixed {
            kind: Kind::Struct,
            bytes: PAIR_BYTES as u32,
            references: References::at([8, 12].into_iter()).unwrap(),
        };
        let mut layouts = LayoutTable::new();
        layouts.add(1, &layout).unwrap();
        Fixture {
            mutator,
            heap,
            layouts,
            pair: ObjectHeader::new(Kind::Struct, 1),
            roots: Vec::new(),
            without_memory: false,
        }
    }

    fn pair(&mut self, first: GcRef) -> GcRef {
        let made = self.heap.allocate(&self.mutator, self.pair, PAIR_BYTES);
        let Ok(Allocation::Done(pair)) = made else {
            panic!("no room: {made:?}");
        };
        let holder = pair.offset();
        self.heap.write_gc_ref(holder, holder + 8, first).unwrap();
        pair
    }

    /// Makes a pair of two references, with growth where needed.
    fn pair_of(&mut self, first: GcRef, second: GcRef) -> GcRef {
        if !self.heap.has_room(&self.mutator, PAIR_BYTES).unwrap() {
            self.heap.grow(&self.mutator, PAIR_BYTES).unwrap();
        }
        let pair = self.pair(first);
        let holder = pair.offset();
        self.heap.write_gc_ref(holder, holder + 12, second).unwrap();
        pair
    }

    fn root(&mut self, reference: GcRef) {
        self.roots.push(RootSlot {
            generation: 1.into(),
            reference: reference.raw().into(),
        });
    }

    fn collect(&mut self, asked: CollectionKind) -> CollectionStats {
        let mut list = GcRootsList::with_room(1).unwrap();
        // SAFETY: the roots stay in place while the list is used.
        unsafe { list.add(&self.roots) }.unwrap();
        let kind = self.heap.collection_kind(&self.mutator, asked);
        let heap: &mut dyn GcHeap = &mut self.heap;
        let mut gc = GarbageCollection::begin(heap, &self.mutator, kind)
            .unwrap()
            .unwrap();
        let mut context = TraceContext {
            mutator: &self.mutator,
            roots: &mut list,
            end_roots: &mut |_| Progress::Complete,
            layouts: &self.layouts,
            ephemerons: &mut NoMaps,
            weak: &mut [],
        };
        let budget = &mut Budget::unlimited();
        if self.without_memory {
            refusing_all(|| gc.step(heap, &mut context, budget)).unwrap();
        } else {
            gc.step(heap, &mut context, budget).unwrap();
        }
        let stats = gc.stats();
        self.heap
            .set_headroom(&self.mutator, 64 << 10, true, budget);
        self.verify();
        stats
    }

    fn verify(&self) {
        verify(&self.mutator, &self.heap, &self.layouts, &mut |_, _| Ok(())).unwrap();
    }

    /// Whether no block is in use.
    fn is_empty(&self) -> bool {
        let space = &self.heap.blocks.space;
        space.free_blocks() == space.blocks()
    }

    fn byte(&self, offset: u64) -> u8 {
        self.heap.region().load_u64(offset).unwrap() as u8
    }
}

#[test]
fn a_table_without_room_makes_the_next_collection_a_major_one() {
    let mut f = Fixture::new();
    // A count collection does not find a cycle.
    let cycle = f.pair(GcRef::NULL);
    let holder = cycle.offset();
    f.heap.write_gc_ref(holder, holder + 8, cycle).unwrap();
    assert_eq!(f.collect(CollectionKind::Minor).objects, 1);
    f.heap.must_trace = true;
    assert_eq!(f.collect(CollectionKind::Minor).objects, 0);
    assert_eq!(
        f.heap.collection_kind(&f.mutator, CollectionKind::Minor),
        CollectionKind::Minor
    );
}

#[test]
fn a_heap_that_has_doubled_gets_a_major_collection() {
    let mut f = Fixture::new();
    f.heap.trace_threshold = f.mutator.bump.used_bytes() + PAIR_BYTES;
    let first = f.pair(GcRef::NULL);
    f.root(first);
    assert_eq!(
        f.heap.collection_kind(&f.mutator, CollectionKind::Minor),
        CollectionKind::Minor
    );
    f.pair(GcRef::NULL);
    assert_eq!(
        f.heap.collection_kind(&f.mutator, CollectionKind::Minor),
        CollectionKind::Major
    );
    f.collect(CollectionKind::Minor);
    assert_eq!(f.heap.trace_threshold, LEAST_TRACE_THRESHOLD);
    while f.mutator.bump.used_bytes() <= LEAST_TRACE_THRESHOLD {
        f.heap.grow(&f.mutator, 64 << 10).unwrap();
        let newest = f.pair(GcRef::from_raw(f.roots[0].reference.get()));
        f.roots[0].reference.set(newest.raw());
    }
    let used = f.mutator.bump.used_bytes();
    assert_eq!(f.collect(CollectionKind::Minor).live_bytes, used);
    assert_eq!(f.heap.trace_threshold, 2 * used);
}

#[test]
fn freed_memory_is_poisoned() {
    for kind in [CollectionKind::Minor, CollectionKind::Major] {
        let mut f = Fixture::new();
        let (dead, kept) = (f.pair(GcRef::NULL), f.pair(GcRef::NULL));
        f.root(kept);
        f.collect(kind);
        assert_eq!(f.byte(dead.offset() + 24), POISON, "{kind:?}");
        assert_eq!(f.byte(kept.offset() + 24), 0, "{kind:?}");
    }
}

#[test]
fn a_reset_heap_forgets_everything() {
    let mut f = Fixture::new();
    let first = f.pair(GcRef::NULL);
    f.pair(first);
    let second = f.pair(GcRef::NULL);
    f.root(second);
    // The table, the blocks and the window have something.
    f.collect(CollectionKind::Minor);
    f.pair(second);
    f.heap.blocks.take_back(&f.mutator).unwrap();
    f.heap.must_trace = true;
    f.heap.trace_threshold += 1;
    assert!(!f.heap.zero_counts.is_empty() && !f.is_empty());
    f.heap.reset();
    assert_eq!(f.byte(second.offset() + 24), POISON);
    f.mutator = Mutator::new();
    f.heap.open(&f.mutator);
    f.roots.clear();
    assert!(f.heap.zero_counts.is_empty() && f.is_empty() && !f.heap.must_trace);
    assert_eq!(f.heap.trace_threshold, LEAST_TRACE_THRESHOLD);
    assert_eq!(f.collect(CollectionKind::Minor).objects, 0);
}

#[test]
fn allocation_stops_at_the_headroom() {
    let mut f = Fixture::new();
    // Free blocks of two pairs each.
    for _ in 0..100 {
        let kept = f.pair(GcRef::NULL);
        f.root(kept);
        f.pair(GcRef::NULL);
        f.pair(GcRef::NULL);
    }
    f.collect(CollectionKind::Minor);
    f.heap
        .set_headroom(&f.mutator, 51 * PAIR_BYTES, true, &mut Budget::unlimited());
    for _ in 0..51 {
        f.pair(GcRef::NULL);
    }
    let refused = f.heap.allocate(&f.mutator, f.pair, PAIR_BYTES);
    assert_eq!(refused, Ok(Allocation::CollectOrGrow { bytes: PAIR_BYTES }));
    f.verify();
}

#[test]
fn free_memory_of_no_bytes_does_not_stop_a_walk() {
    let mut f = Fixture::new();
    let spoiled = f.pair(GcRef::NULL);
    write_free(f.heap.region(), spoiled.offset(), 0).unwrap();
    let header = ObjectHeader::new(Kind::Free, 0);
    assert_eq!(
        f.heap.size(spoiled.offset(), header, &f.layouts),
        Ok(GRANULE)
    );
}

/// Collects without memory, and requires that `objects` survive and that this takes a number
/// of steps for each of them that does not grow with their number.
fn trace_without_memory(f: &mut Fixture, objects: u64) {
    f.without_memory = true;
    let (stats, steps) = steps_of(400 * objects, || f.collect(CollectionKind::Major));
    println!("{} steps for each object", steps / objects);
    assert_eq!(stats.objects, objects);
}

#[test]
fn a_list_whose_end_comes_first_is_traced_without_memory() {
    const COUNT: u64 = 100_000;
    let mut f = Fixture::new();
    let last = (0..COUNT).fold(GcRef::NULL, |last, _| f.pair_of(last, GcRef::NULL));
    f.root(last);
    trace_without_memory(&mut f, COUNT);
}

#[test]
fn a_list_with_an_object_at_each_pair_is_traced_without_memory() {
    const COUNT: u64 = 50_000;
    let mut f = Fixture::new();
    // The trace goes along the list first, so the stack fills up with the other objects.
    let last = (0..COUNT).fold(GcRef::NULL, |last, _| {
        let inner = f.pair_of(GcRef::NULL, GcRef::NULL);
        let other = f.pair_of(inner, GcRef::NULL);
        f.pair_of(other, last)
    });
    f.root(last);
    assert!(f.heap.side_bytes() < COUNT);
    trace_without_memory(&mut f, 3 * COUNT);
}
