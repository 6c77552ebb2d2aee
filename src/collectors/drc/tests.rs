//! Free lists and counts by themselves, and what only a look into the heap shows.

use super::free_lists::{FreeLists, write_free};
use super::*;
use crate::heap::{
    Budget, CountedHeader, Ephemerons, GarbageCollection, Layout, References, RootSlot, STICKY,
    Trace, TraceContext, WeakTable, verify,
};

/// Memory that is committed, with what it is reserved in.
fn memory() -> (Reservation, Region) {
    let reservation = Reservation::new(COMMIT_UNIT).unwrap();
    let mut space = reservation.region(0, COMMIT_UNIT);
    space.commit_to(COMMIT_UNIT).unwrap();
    (reservation, space)
}

fn put_object(space: &Region, offset: u64) {
    let header = ObjectHeader::new(Kind::Extern, 0);
    space.store_u64(offset, header.bits()).unwrap();
}

/// A small generator.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005) | 1;
        self.0 = self.0.wrapping_add(1_442_695_040_888_963_406);
        (self.0 >> 33) % bound
    }
}

/// Memory is given in pieces, in any order, and comes back as it lies between objects.
#[test]
fn what_is_merged_is_as_large_as_can_be() {
    let (_reservation, space) = memory();
    for seed in 0..500 {
        let mut random = Random(seed);
        let mut pieces: Vec<(u64, u64)> = Vec::new();
        // Runs of pieces that can be listed, as far as an object.
        let mut expected: Vec<(u64, u64)> = Vec::new();
        let (mut offset, mut run) = (GRANULE, None);
        while offset < COMMIT_UNIT - 128 {
            let bytes = GRANULE * (1 + random.below(4));
            if random.below(3) == 0 {
                put_object(&space, offset);
                expected.extend(run.take().map(|start| (start, offset - start)));
            } else {
                pieces.push((offset, bytes));
                // What is too small for a list is merged with what is before it.
                if bytes > GRANULE {
                    run.get_or_insert(offset);
                }
            }
            offset += bytes;
        }
        let tail = offset;
        let mut lists = FreeLists::new();
        while !pieces.is_empty() {
            let (offset, bytes) = pieces.swap_remove(random.below(pieces.len() as u64) as usize);
            lists.give(&space, offset, bytes).unwrap();
        }
        lists.check(&space, tail).unwrap();
        assert_eq!(lists.merge(&space, tail), Ok(run.unwrap_or(tail)));
        lists.check(&space, run.unwrap_or(tail)).unwrap();
        let mut taken = Vec::new();
        while let Some(block) = lists.take(&space, 2 * GRANULE).unwrap() {
            taken.push(block);
        }
        taken.sort_unstable();
        assert_eq!(taken, expected, "{seed}");
        assert_eq!(lists.bytes(), 0);
    }
}

#[test]
fn memory_that_is_not_given_is_not_merged() {
    let (_reservation, space) = memory();
    let mut lists = FreeLists::new();
    lists.give(&space, 8, 16).unwrap();
    write_free(&space, 24, 16).unwrap();
    lists.give(&space, 40, 16).unwrap();
    assert_eq!(lists.merge(&space, 64), Ok(64));
    assert_eq!(lists.take(&space, 24), Ok(None));
    assert_eq!(lists.bytes(), 32);
}

#[test]
fn a_check_finds_neighbours_that_should_be_one() {
    let (_reservation, space) = memory();
    let mut lists = FreeLists::new();
    put_object(&space, 24);
    put_object(&space, 56);
    lists.give_back(&space, 8, 16).unwrap();
    lists.give_back(&space, 40, 16).unwrap();
    assert!(lists.check(&space, 64).is_ok());
    // Unused memory at the end is a neighbour too.
    assert!(lists.check(&space, 56).is_err());
    lists.give_back(&space, 24, 16).unwrap();
    assert!(lists.check(&space, 64).is_err());
}

#[test]
fn a_large_block_behind_many_small_ones_of_its_list_is_found() {
    let reservation = Reservation::new(1 << 20).unwrap();
    let mut space = reservation.region(0, 1 << 20);
    space.commit_to(1 << 20).unwrap();
    let mut lists = FreeLists::new();
    // One list has blocks of these sizes; the newest come first.
    lists.give(&space, 8, 1000).unwrap();
    for block in 1..=100 {
        lists.give(&space, 8 + block * 2000, 520).unwrap();
    }
    assert_eq!(lists.take(&space, 1000), Ok(Some((8, 1000))));
    assert_eq!(lists.take(&space, 1000), Ok(None));
    lists.check(&space, 1 << 20).unwrap();
}

#[test]
fn a_count_that_is_sticky_stays() {
    let header = CountedHeader::of_any(ObjectHeader::new(Kind::Struct, 1)).in_zero_counts(true);
    let almost = header.with_count(STICKY - 1);
    assert_eq!(almost.decrement().unwrap().count(), STICKY - 2);
    let sticky = almost.increment();
    assert_eq!((sticky.count(), sticky.is_in_zero_counts()), (STICKY, true));
    assert_eq!(sticky.increment().bits(), sticky.bits());
    assert_eq!(sticky.decrement().unwrap().bits(), sticky.bits());
}

#[test]
fn a_count_below_zero_is_nonsense() {
    let header = CountedHeader::of_any(ObjectHeader::new(Kind::Struct, 1));
    assert!(header.decrement().is_err());
    assert_eq!(
        header.increment().decrement().unwrap().bits(),
        header.bits()
    );
}

/// A heap with what a store would have around it. Its objects are pairs of references
/// and a number.
struct Fixture {
    mutator: Mutator,
    heap: DrcHeap,
    layouts: LayoutTable,
    pair: ObjectHeader,
    roots: Vec<RootSlot>,
}

const PAIR_BYTES: u64 = 32;

/// No weak maps.
struct NoMaps;

impl WeakTable for NoMaps {
    fn sweep(&mut self, _liveness: &Liveness<'_>, _budget: &mut Budget) -> Result<Progress> {
        Ok(Progress::Complete)
    }
}

impl Ephemerons for NoMaps {
    fn trace_immortal(&mut self, _trace: &mut Trace<'_>, _budget: &mut Budget) -> Result<Progress> {
        Ok(Progress::Complete)
    }

    fn trace_values(&mut self, _key: GcRef, _trace: &mut Trace<'_>) -> Result<usize> {
        Ok(0)
    }
}

impl Fixture {
    fn new() -> Fixture {
        let mutator = Mutator::new();
        let options = HeapOptions {
            limit: 16 << 20,
            initial: 64 << 10,
            poison: true,
        };
        let mut heap = DrcHeap::new(options.limit, options).unwrap();
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
            layouts: &self.layouts,
            ephemerons: &mut NoMaps,
            weak: &mut [],
        };
        let budget = &mut Budget::unlimited();
        gc.step(heap, &mut context, budget).unwrap();
        let collected = gc.stats();
        self.heap
            .set_headroom(&self.mutator, 64 << 10, true, budget);
        self.verify();
        collected
    }

    fn verify(&self) {
        verify(&self.mutator, &self.heap, &self.layouts, &mut |_, _| Ok(())).unwrap();
    }

    fn byte(&self, offset: u64) -> u8 {
        self.heap.space.load_u64(offset).unwrap() as u8
    }
}

#[test]
fn what_did_not_fit_into_a_table_makes_the_next_collection_a_full_one() {
    let mut f = Fixture::new();
    // A cycle, which a partial collection does not find.
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
fn a_heap_that_has_doubled_is_traced() {
    let mut f = Fixture::new();
    f.heap.trace_at = f.mutator.bump.used_bytes() + PAIR_BYTES;
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
    assert_eq!(f.heap.trace_at, TRACE_FROM);
    while f.mutator.bump.used_bytes() <= TRACE_FROM {
        f.heap.grow(&f.mutator, 64 << 10).unwrap();
        let newest = f.pair(GcRef::from_raw(f.roots[0].reference.get()));
        f.roots[0].reference.set(newest.raw());
    }
    let used = f.mutator.bump.used_bytes();
    assert_eq!(f.collect(CollectionKind::Minor).live_bytes, used);
    assert_eq!(f.heap.trace_at, 2 * used);
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
fn a_reset_heap_knows_nothing_of_the_one_before() {
    let mut f = Fixture::new();
    let first = f.pair(GcRef::NULL);
    f.pair(first);
    let second = f.pair(GcRef::NULL);
    f.root(second);
    // Listed, fresh, free and lent.
    f.collect(CollectionKind::Minor);
    f.pair(second);
    f.heap.take_back(&f.mutator).unwrap();
    f.heap.must_trace = true;
    f.heap.trace_at += 1;
    assert!(!f.heap.zeros.is_empty() && !f.heap.fresh.is_empty() && f.heap.free.bytes() > 0);
    f.heap.reset();
    assert_eq!(f.byte(second.offset() + 24), POISON);
    f.mutator = Mutator::new();
    f.heap.open(&f.mutator);
    f.roots.clear();
    assert!(f.heap.zeros.is_empty() && f.heap.fresh.is_empty() && !f.heap.must_trace);
    assert_eq!((f.heap.free.bytes(), f.heap.trace_at), (0, TRACE_FROM));
    assert_eq!(f.collect(CollectionKind::Minor).objects, 0);
}

#[test]
fn no_more_is_allocated_than_the_headroom() {
    let mut f = Fixture::new();
    // Holes of two pairs each.
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
fn a_free_list_that_is_overwritten_is_nonsense() {
    let (_reservation, space) = memory();
    let spoil: [fn(&Region); 4] = [
        |space| space.store_u64(8, 0).unwrap(),
        |space| write_free(space, 8, 8).unwrap(),
        |space| write_free(space, 8, 1 << 20).unwrap(),
        |space| space.store_u64(16, 9).unwrap(),
    ];
    for (number, spoil) in spoil.into_iter().enumerate() {
        let mut lists = FreeLists::new();
        lists.give(&space, 8, 24).unwrap();
        spoil(&space);
        assert!(lists.check(&space, 64).is_err(), "{number}");
        assert!(lists.take(&space, 16).is_err(), "{number}");
    }
}

#[test]
fn an_empty_free_block_ends_no_walk() {
    let mut f = Fixture::new();
    let spoiled = f.pair(GcRef::NULL);
    write_free(&f.heap.space, spoiled.offset(), 0).unwrap();
    let header = ObjectHeader::new(Kind::Free, 0);
    assert_eq!(
        f.heap.size(spoiled.offset(), header, &f.layouts),
        Ok(GRANULE)
    );
}
