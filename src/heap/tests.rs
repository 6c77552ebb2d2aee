//! Heaps by themselves, each test on every collector: objects of several
//! layouts, so that tracing is tried before structs and arrays reach the API.

use core::cell::Cell;

use super::*;
use crate::collectors;
use crate::error::{Error, Result};

/// A heap with what a store would have around it.
struct Fixture {
    collects: bool,
    /// The budget of each step of a collection.
    step: u64,
    mutator: Mutator,
    heap: Box<dyn GcHeap>,
    layouts: LayoutTable,
    /// Two references and a number.
    pair: ObjectHeader,
    /// References.
    references: ObjectHeader,
    /// Bytes.
    bytes: ObjectHeader,
    roots: Vec<RootSlot>,
}

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

    fn trace_values(&mut self, key: GcRef, _trace: &mut Trace<'_>) -> Result<usize> {
        panic!("a key: {key:?}");
    }
}

const PAIR_BYTES: u64 = 24;
const PAIR_NUMBER: u64 = 16;

fn on_each_collector(test: impl Fn(Fixture)) {
    on_each_collector_with_limit(1 << 20, test);
}

/// Budgets of steps: all at once, one thing at a time, a few.
const STEPS: [u64; 3] = [u64::MAX, 0, 100];

/// Calls `test` for each collector with collections in each kind of steps.
fn on_each_collector_with_limit(limit: u64, test: impl Fn(Fixture)) {
    for number in [
        collectors::NULL,
        collectors::DRC,
        collectors::COPYING,
        collectors::CHECK,
    ] {
        for step in STEPS {
            on_collector(number, step, limit, &test);
        }
    }
}

fn on_collector(number: u32, step: u64, limit: u64, test: impl Fn(Fixture)) {
    let runtime = collectors::by_number(number).unwrap();
    println!("{}, in steps of {step} bytes", runtime.name());
    let mutator = Mutator::new();
    let options = HeapOptions {
        limit,
        initial: 64 << 10,
        poison: true,
    };
    let mut heap = runtime.new_heap(options).unwrap();
    heap.open(&mutator);
    let mut layouts = LayoutTable::new();
    let mut types = 1..;
    let mut add = |kind, layout| {
        let type_index = types.next().unwrap();
        layouts.add(type_index, &layout).unwrap();
        ObjectHeader::new(kind, type_index)
    };
    let pair = add(
        Kind::Struct,
        Layout::Fixed {
            kind: Kind::Struct,
            bytes: PAIR_BYTES as u32,
            references: References::at([8, 12].into_iter()).unwrap(),
        },
    );
    let array = |element_bytes, references| Layout::Array {
        element_bytes,
        references,
    };
    let references = add(Kind::Array, array(4, true));
    let bytes = add(Kind::Array, array(1, false));
    test(Fixture {
        collects: runtime.collects(),
        step,
        mutator,
        heap,
        layouts,
        pair,
        references,
        bytes,
        roots: Vec::new(),
    });
}

impl Fixture {
    fn try_allocate(&mut self, header: ObjectHeader, bytes: u64) -> Allocation {
        self.heap.allocate(&self.mutator, header, bytes).unwrap()
    }

    /// Allocates, growing where needed.
    fn allocate(&mut self, header: ObjectHeader, bytes: u64) -> GcRef {
        loop {
            match self.try_allocate(header, bytes) {
                Allocation::Done(object) => return object,
                Allocation::CollectOrGrow { bytes } => {
                    self.heap.grow(&self.mutator, bytes).unwrap()
                }
                Allocation::Never => panic!("{bytes} bytes never fit"),
            }
        }
    }

    fn new_pair(&mut self, first: GcRef, second: GcRef, number: u32) -> GcRef {
        let pair = self.allocate(self.pair, PAIR_BYTES);
        self.set_reference(pair, 8, first);
        self.set_reference(pair, 12, second);
        self.set(pair, PAIR_NUMBER, number);
        pair
    }

    fn new_array(&mut self, header: ObjectHeader, length: u32, element_bytes: u64) -> GcRef {
        let bytes = ARRAY_ELEMENTS + u64::from(length) * element_bytes;
        let array = self.allocate(header, bytes);
        self.set(array, ARRAY_LENGTH, length);
        array
    }

    fn set(&self, object: GcRef, at: u64, value: u32) {
        let region = self.heap.region();
        region.store_u32(object.offset() + at, value).unwrap();
    }

    fn set_reference(&mut self, object: GcRef, at: u64, reference: GcRef) {
        let holder = object.offset();
        let written = self.heap.write_gc_ref(holder, holder + at, reference);
        written.unwrap();
    }

    fn get(&self, object: GcRef, at: u64) -> u32 {
        self.heap.region().load_u32(object.offset() + at).unwrap()
    }

    fn reference(&self, object: GcRef, at: u64) -> GcRef {
        GcRef::from_raw(self.get(object, at))
    }

    fn root(&mut self, reference: GcRef) -> usize {
        self.roots.push(RootSlot {
            generation: Cell::new(1),
            reference: Cell::new(reference.raw()),
        });
        self.roots.len() - 1
    }

    fn rooted(&self, root: usize) -> GcRef {
        GcRef::from_raw(self.roots[root].reference.get())
    }

    fn list(&self) -> GcRootsList {
        let mut list = GcRootsList::with_room(1).unwrap();
        // SAFETY: the fixture's roots stay in place while the list is used.
        unsafe { list.add(&self.roots) }.unwrap();
        list
    }

    /// Begins a full collection; `None` where nothing is collected.
    fn begin(&mut self) -> Option<GarbageCollection> {
        GarbageCollection::begin(&mut *self.heap, &self.mutator, CollectionKind::Major).unwrap()
    }

    /// Goes on with it, by a budget of so many bytes.
    fn step(&mut self, gc: &mut GarbageCollection, bytes: u64) -> Result<Progress> {
        let mut context = TraceContext {
            mutator: &self.mutator,
            roots: &mut self.list(),
            layouts: &self.layouts,
            ephemerons: &mut NoMaps,
            weak: &mut [],
        };
        gc.step(&mut *self.heap, &mut context, &mut Budget::of(bytes))
    }

    /// Collects in steps; `None` where nothing is collected.
    fn collect(&mut self) -> Option<Result<CollectionStats>> {
        let mut gc = self.begin()?;
        loop {
            match self.step(&mut gc, self.step) {
                Ok(Progress::Continue) => continue,
                Ok(Progress::Complete) => break,
                Err(error) => return Some(Err(error)),
            }
        }
        let mut settle = || {
            let mut budget = Budget::of(self.step);
            self.heap.set_headroom(&self.mutator, 0, true, &mut budget)
        };
        while settle() == Progress::Continue {}
        self.verify().unwrap();
        Some(Ok(gc.stats()))
    }

    fn verify(&self) -> Result<u64> {
        let mut visited = 0;
        let mut visit = |_, _| {
            visited += 1;
            Ok(())
        };
        let starts = verify(&self.mutator, &*self.heap, &self.layouts, &mut visit)?;
        for root in 0..self.roots.len() {
            starts.check(self.rooted(root))?;
        }
        Ok(visited)
    }
}

#[test]
fn a_graph_survives_and_garbage_does_not() {
    on_each_collector(|mut f| {
        let bytes = f.new_array(f.bytes, 100, 1);
        f.set(bytes, ARRAY_ELEMENTS + 96, 0xfeed);
        let array = f.new_array(f.references, 3, 4);
        let pair = f.new_pair(array, bytes, 7);
        // A cycle, an i31, and a second reference to one object.
        f.set_reference(array, ARRAY_ELEMENTS, pair);
        f.set_reference(array, ARRAY_ELEMENTS + 4, GcRef::from_raw(0x99));
        f.set_reference(array, ARRAY_ELEMENTS + 8, bytes);
        let root = f.root(pair);
        for number in 0..1000 {
            f.new_pair(pair, GcRef::NULL, number);
        }
        assert_eq!(f.verify().unwrap(), 1003);
        let Some(collected) = f.collect() else {
            return assert!(!f.collects);
        };
        let collected = collected.unwrap();
        assert_eq!(collected.objects, 3);
        assert_eq!(collected.live_bytes, PAIR_BYTES + 16 + 16 + 16 + 104);
        assert_eq!(collected.live_bytes, f.mutator.bump.used_bytes());
        let pair = f.rooted(root);
        assert_eq!(f.get(pair, PAIR_NUMBER), 7);
        let (array, bytes) = (f.reference(pair, 8), f.reference(pair, 12));
        assert_eq!(f.get(array, ARRAY_LENGTH), 3);
        assert_eq!(f.reference(array, ARRAY_ELEMENTS), pair);
        assert_eq!(f.get(array, ARRAY_ELEMENTS + 4), 0x99);
        assert_eq!(f.reference(array, ARRAY_ELEMENTS + 8), bytes);
        assert_eq!(f.get(bytes, ARRAY_ELEMENTS + 96), 0xfeed);
    });
}

#[test]
fn a_long_list_survives_in_increments_and_without_recursion() {
    on_each_collector_with_limit(256 << 20, |mut f| {
        const LENGTH: u32 = 1_000_000;
        if f.step != u64::MAX {
            // It has steps of its own.
            return;
        }
        let mut head = GcRef::NULL;
        for number in 0..LENGTH {
            head = f.new_pair(head, GcRef::NULL, number);
        }
        let root = f.root(head);
        if let Some(mut gc) = f.begin() {
            const STEP: u64 = 64 << 10;
            let mut steps = 1;
            while f.step(&mut gc, STEP).unwrap() == Progress::Continue {
                steps += 1;
            }
            assert!(steps >= u64::from(LENGTH) * PAIR_BYTES / STEP);
        }
        assert_eq!(f.verify().unwrap(), LENGTH.into());
        let mut node = f.rooted(root);
        for number in (0..LENGTH).rev() {
            assert_eq!(f.get(node, PAIR_NUMBER), number);
            node = f.reference(node, 8);
        }
        assert!(node.is_null());
    });
}

#[test]
fn a_long_array_survives_in_pieces() {
    const LENGTH: u32 = 5001;
    on_each_collector(|mut f| {
        let array = f.new_array(f.references, LENGTH, 4);
        let root = f.root(array);
        for index in 0..LENGTH {
            // Small ones, each twice, and long ones between them.
            let at = ARRAY_ELEMENTS + 4 * u64::from(index);
            let element = match index % 1000 {
                0 => f.new_array(f.bytes, 3000 + index, 1),
                odd if odd & 1 == 1 => f.new_pair(f.rooted(root), GcRef::NULL, index),
                _ => f.reference(array, at - 4),
            };
            f.set_reference(array, at, element);
        }
        let long = f.reference(array, ARRAY_ELEMENTS + 4 * 3000);
        f.set(long, ARRAY_ELEMENTS + 5996, 0xfeed);
        let before = f.verify().unwrap();
        if let Some(collected) = f.collect() {
            assert_eq!(collected.unwrap().objects, before);
        }
        let array = f.rooted(root);
        assert_eq!(f.get(array, ARRAY_LENGTH), LENGTH);
        for index in 0..LENGTH {
            let element = f.reference(array, ARRAY_ELEMENTS + 4 * u64::from(index));
            match index % 1000 {
                0 => assert_eq!(f.get(element, ARRAY_LENGTH), 3000 + index),
                odd if odd & 1 == 1 => {
                    assert_eq!(f.get(element, PAIR_NUMBER), index);
                    assert_eq!(f.reference(element, 8), array);
                }
                _ => {
                    let before = f.reference(array, ARRAY_ELEMENTS + 4 * u64::from(index - 1));
                    assert_eq!(element, before);
                }
            }
        }
        let long = f.reference(array, ARRAY_ELEMENTS + 4 * 3000);
        assert_eq!(f.get(long, ARRAY_ELEMENTS + 5996), 0xfeed);
    });
}

#[test]
fn a_collection_that_was_begun_only_leaves_the_heap_as_it_was() {
    on_each_collector(|mut f| {
        let pair = f.new_pair(GcRef::NULL, GcRef::NULL, 1);
        let kept = f.new_pair(pair, GcRef::NULL, 2);
        let root = f.root(kept);
        f.new_pair(kept, GcRef::NULL, 3);
        let Some(gc) = f.begin() else {
            return assert!(!f.collects);
        };
        assert!(gc.may_be_abandoned());
        assert_eq!(f.verify().unwrap(), 3);
        assert_eq!(
            (f.mutator.bump.objects(), f.mutator.bump.used_bytes()),
            (3, 3 * PAIR_BYTES)
        );
        // Used, and collected after all.
        let pair = f.new_pair(f.rooted(root), GcRef::NULL, 4);
        f.root(pair);
        assert_eq!(f.verify().unwrap(), 4);
        let mut gc = f.begin().unwrap();
        f.step(&mut gc, 0).unwrap();
        assert!(!gc.may_be_abandoned());
        while f.step(&mut gc, f.step).unwrap() == Progress::Continue {}
        f.heap
            .set_headroom(&f.mutator, 0, true, &mut Budget::unlimited());
        assert_eq!(f.verify().unwrap(), 3);
    });
}

#[test]
fn a_heap_is_reset_in_the_middle_of_a_collection() {
    on_each_collector(|mut f| {
        for steps in 0..30 {
            let mut head = GcRef::NULL;
            for number in 0..10 {
                head = f.new_pair(head, GcRef::NULL, number);
            }
            f.root(head);
            let Some(mut gc) = f.begin() else { return };
            for _ in 0..steps {
                f.step(&mut gc, 0).unwrap();
            }
            f.roots.clear();
            f.heap.reset();
            f.heap.open(&f.mutator);
            assert_eq!(f.verify().unwrap(), 0);
        }
    });
}

#[test]
fn allocation_tells_collect_or_grow_from_never() {
    on_each_collector(|mut f| {
        let largest = f.heap.largest_object();
        assert_eq!(f.try_allocate(f.pair, largest + 1), Allocation::Never);
        assert_eq!(f.try_allocate(f.pair, u64::MAX), Allocation::Never);
        let expected = Allocation::CollectOrGrow { bytes: largest };
        assert_eq!(f.try_allocate(f.pair, largest - 7), expected);
        f.heap.grow(&f.mutator, largest).unwrap();
        assert_eq!(f.heap.committed_bytes(), f.heap.limit_bytes());
        assert!(matches!(
            f.try_allocate(f.pair, largest),
            Allocation::Done(_)
        ));
        let refused = Error::HeapLimit {
            requested: 8,
            limit: f.heap.limit_bytes(),
        };
        assert_eq!(f.heap.grow(&f.mutator, 8), Err(refused));
    });
}

#[test]
fn an_uninitialised_object_is_given_back() {
    on_each_collector(|mut f| {
        let first = f.allocate(f.pair, PAIR_BYTES);
        let second = f.allocate(f.pair, PAIR_BYTES);
        // Not the newest: becomes free memory that walks skip.
        f.heap.deallocate_uninit(&f.mutator, first, PAIR_BYTES);
        assert_eq!(f.verify().unwrap(), 1);
        // The newest: its memory is used again at once.
        f.heap.deallocate_uninit(&f.mutator, second, PAIR_BYTES);
        assert_eq!(f.verify().unwrap(), 0);
        assert_eq!(f.allocate(f.pair, PAIR_BYTES), second);
    });
}

#[test]
fn the_slow_barrier_of_a_tracing_collector_changes_the_slot_alone() {
    on_each_collector(|mut f| {
        let (a, b) = (
            f.allocate(f.pair, PAIR_BYTES),
            f.allocate(f.pair, PAIR_BYTES),
        );
        f.set_reference(a, 8, b);
        assert_eq!(f.reference(a, 8), b);
        assert_eq!(f.reference(a, 12), GcRef::NULL);
        assert_eq!(f.verify().unwrap(), 2);
    });
}

#[test]
fn a_descriptor_sends_the_values_of_its_interval_to_the_slow_barrier() {
    on_each_collector(|mut f| {
        let (holder, young) = (
            f.allocate(f.pair, PAIR_BYTES),
            f.allocate(f.pair, PAIR_BYTES),
        );
        let (old, odd) = (holder, GcRef::from_raw(u32::MAX));
        let first = u64::from(young.raw());
        for (barrier, slow) in [
            (Barrier::NONE, [false; 4]),
            (Barrier::slow_for(first, 1), [true, false, false, false]),
            (
                Barrier::slow_for(first, 1 << 32),
                [true, false, false, true],
            ),
            (Barrier::SLOW, [true; 4]),
        ] {
            f.mutator.set_barrier(barrier);
            for (value, slow) in [young, old, GcRef::NULL, odd].into_iter().zip(slow) {
                f.set(holder, 8, GcRef::NULL.raw());
                let at = holder.offset() + 8;
                let written = f
                    .mutator
                    .write_gc_ref(FastPath::InLine, holder.offset(), at, value);
                assert_eq!(written.is_none(), slow, "{barrier:?}, {value:?}");
                let now = if slow { GcRef::NULL } else { value };
                assert_eq!(f.reference(holder, 8), now);
            }
        }
        f.set(holder, 8, GcRef::NULL.raw());
    });
}

#[test]
fn a_no_gc_span_refuses_a_collection() {
    on_each_collector(|mut f| {
        let object = f.new_pair(GcRef::NULL, GcRef::NULL, 1);
        let root = f.root(object);
        f.mutator.enter_no_gc().unwrap();
        f.mutator.enter_no_gc().unwrap();
        f.mutator.restore_no_gc(1);
        assert!(f.collect().is_none());
        assert_eq!(f.rooted(root), object);
        f.mutator.restore_no_gc(0);
        assert_eq!(f.collect().is_some(), f.collects);
    });
}

#[test]
fn a_reset_heap_is_empty_and_new_objects_are_zeros() {
    on_each_collector(|mut f| {
        let object = f.new_pair(GcRef::NULL, GcRef::NULL, 5);
        f.collect();
        f.heap.reset();
        f.heap.open(&f.mutator);
        assert_eq!(
            (f.mutator.bump.used_bytes(), f.mutator.bump.objects()),
            (0, 0)
        );
        assert_eq!(f.verify().unwrap(), 0);
        let again = f.allocate(f.pair, PAIR_BYTES);
        assert_eq!(f.get(again, PAIR_NUMBER), 0);
        let _ = object;
    });
}

#[test]
fn the_heap_shrinks_when_little_survives() {
    on_each_collector_with_limit(64 << 20, |mut f| {
        for number in 0..500_000 {
            f.new_pair(GcRef::NULL, GcRef::NULL, number);
        }
        let before = f.heap.committed_bytes();
        assert!(before >= 500_000 * PAIR_BYTES);
        if f.collect().is_some() {
            assert!(f.heap.committed_bytes() < before / 8);
            // And grows again.
            for number in 0..500_000 {
                f.new_pair(GcRef::NULL, GcRef::NULL, number);
            }
        }
    });
}

/// Overwrites part of the heap with nonsense and expects that both a collection
/// and a walk find it.
fn nonsense_is_found(spoil: impl Fn(&mut Fixture, GcRef)) {
    on_each_collector(|mut f| {
        let inner = f.new_array(f.references, 2, 4);
        let outer = f.new_pair(inner, GcRef::NULL, 1);
        f.root(outer);
        f.verify().unwrap();
        spoil(&mut f, inner);
        assert!(matches!(f.verify(), Err(Error::Internal { .. })));
        if let Some(collected) = f.collect() {
            assert!(matches!(collected, Err(Error::Internal { .. })));
        }
    });
}

#[test]
fn a_reference_far_outside_is_nonsense() {
    for raw in [u32::MAX - 1, 0x8000_0000, 0x0100_0000] {
        nonsense_is_found(|f, array| f.set(array, ARRAY_ELEMENTS, raw));
    }
}

#[test]
fn a_reference_to_unused_memory_is_nonsense() {
    nonsense_is_found(|f, array| {
        let unused = GcRef::from_offset(f.mutator.bump.next());
        f.set(array, ARRAY_ELEMENTS, unused.raw());
    });
}

#[test]
fn a_reference_into_the_middle_of_an_object_is_found_by_a_walk() {
    on_each_collector(|mut f| {
        let array = f.new_array(f.references, 2, 4);
        f.root(array);
        let middle = GcRef::from_offset(array.offset() + 8);
        f.set(array, ARRAY_ELEMENTS, middle.raw());
        assert!(matches!(f.verify(), Err(Error::Internal { .. })));
        // A collection sees a header there, as good or bad as the bits are.
        let kind_and_type = u64::from(f.get(array, ARRAY_LENGTH));
        assert!(
            f.layouts
                .of(ObjectHeader::from_bits(kind_and_type))
                .is_err()
        );
        assert!(f.collect().is_none_or(|collected| collected.is_err()));
    });
}

#[test]
fn an_unknown_type_or_kind_is_nonsense() {
    nonsense_is_found(|f, array| f.set(array, 4, 77));
    nonsense_is_found(|f, array| f.set(array, 0, 0));
    nonsense_is_found(|f, array| f.set(array, 0, Kind::Struct as u32));
}

#[test]
fn an_array_longer_than_the_heap_is_nonsense() {
    for length in [u32::MAX, 0x1000_0000, 64] {
        nonsense_is_found(|f, array| f.set(array, ARRAY_LENGTH, length));
    }
}

#[test]
fn a_forged_forwarding_is_nonsense() {
    nonsense_is_found(|f, array| {
        let forged = ObjectHeader::forwarding(GcRef::from_offset(8 << 20)).bits();
        let region = f.heap.region();
        region.store_u64(array.offset(), forged).unwrap();
    });
}

/// Bits of references that no copy between these offsets has: an `i31`'s, and of the
/// last granule, behind which there may be no memory.
fn no_copies(start: u64, end: u64) -> [u32; 3] {
    [start / 4 + 1, (end - GRANULE) / 4, end / 4].map(|raw| raw as u32)
}

#[test]
fn a_forwarding_to_no_whole_object_is_nonsense() {
    for forged in 0..3 {
        on_each_collector(|mut f| {
            let pair = f.new_pair(GcRef::NULL, GcRef::NULL, 1);
            let spoiled = f.new_pair(GcRef::NULL, GcRef::NULL, 2);
            f.root(pair);
            f.root(spoiled);
            let start = f.heap.limit_bytes() / 2 + GRANULE;
            let raw = no_copies(start, start + PAIR_BYTES)[forged];
            let forged = ObjectHeader::forwarding(GcRef::from_raw(raw)).bits();
            let region = f.heap.region();
            region.store_u64(spoiled.offset(), forged).unwrap();
            assert!(f.collect().is_none_or(|collected| collected.is_err()));
        });
    }
}

#[test]
fn a_table_is_not_told_of_a_forwarding_to_no_whole_object() {
    let reservation = Reservation::new(16 << 10).unwrap();
    let mut from = reservation.region(0, 8 << 10);
    from.commit_to(4 << 10).unwrap();
    let (to_start, to_end) = (8 << 10, (8 << 10) + PAIR_BYTES);
    let liveness = Liveness::Moved {
        from: from.view(),
        from_end: 4 << 10,
        to_start,
        to_end,
    };
    let old = GcRef::from_offset(16);
    let told = |new| {
        let forwarding = ObjectHeader::forwarding(new).bits();
        from.store_u64(old.offset(), forwarding).unwrap();
        liveness.current_ref(old)
    };
    let first = GcRef::from_offset(to_start);
    assert_eq!(told(first), Ok(Some(first)));
    for raw in no_copies(to_start, to_end) {
        assert!(told(GcRef::from_raw(raw)).is_err(), "{raw}");
    }
}

#[test]
fn a_layout_replaces_one_that_a_type_left_behind() {
    let mut layouts = LayoutTable::new();
    let bytes = |bytes| Layout::Fixed {
        kind: Kind::Struct,
        bytes,
        references: References::default(),
    };
    let header = ObjectHeader::new(Kind::Struct, 3);
    for size in [16, 32] {
        layouts.add(3, &bytes(size)).unwrap();
        let found = layouts.of(header).unwrap();
        assert!(matches!(found, Layout::Fixed { bytes, .. } if *bytes == size));
    }
}

#[test]
fn a_root_that_points_outside_is_nonsense() {
    on_each_collector(|mut f| {
        f.new_pair(GcRef::NULL, GcRef::NULL, 1);
        f.root(GcRef::from_raw(0x7000_0000));
        assert!(f.verify().is_err());
        assert!(f.collect().is_none_or(|collected| collected.is_err()));
    });
}

#[test]
fn regions_check_every_offset() {
    let reservation = Reservation::new(64 << 10).unwrap();
    let mut region = reservation.region(8 << 10, 32 << 10);
    region.commit_to(16 << 10).unwrap();
    assert_eq!(region.load_u64((16 << 10) - 8), Ok(0));
    for outside in [
        0,
        (8 << 10) - 1,
        (16 << 10) - 7,
        16 << 10,
        u64::MAX - 3,
        u64::MAX,
    ] {
        assert!(region.load_u64(outside).is_err(), "{outside}");
        assert!(region.store_u64(outside, 1).is_err(), "{outside}");
    }
    assert!(region.copy_to(8 << 10, &region, 12 << 10, 5 << 10).is_err());
    assert!(region.fill(8 << 10, (16 << 10) + 1, 1).is_err());
    region.store_u64(8 << 10, 9).unwrap();
    region.decommit_from(12 << 10);
    assert!(region.load_u64(12 << 10).is_err());
    assert_eq!(region.load_u64(8 << 10), Ok(9));
    region.commit_to(32 << 10).unwrap();
    assert_eq!(region.load_u64(12 << 10), Ok(0));
}

/// Numbers that look random.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        crate::base::hashing::mix(self.0) % end
    }
}

impl Fixture {
    /// Makes some object, and mostly roots it in place of another.
    fn change_something(&mut self, random: &mut Random) {
        let object = match random.below(6) {
            0 => self.new_array(self.bytes, random.below(3000) as u32, 1),
            1 | 2 => self.new_array(self.references, random.below(70) as u32, 4),
            _ => self.new_pair(GcRef::NULL, GcRef::NULL, 1),
        };
        let root = random.below(60) as usize;
        match self.roots.get(root) {
            Some(slot) => slot.reference.set(object.raw()),
            None => {
                self.root(object);
            }
        }
    }

    /// The map knows of so many places of any kind whether they are starts.
    fn check_starts(&self, map: &mut ObjectStartTable, random: &mut Random, questions: u64) {
        let starts = verify(
            &self.mutator,
            &*self.heap,
            &self.layouts,
            &mut |_, _| Ok(()),
        )
        .unwrap();
        let end = self.heap.region().committed_end() + 100;
        for _ in 0..questions {
            let reference = GcRef::from_offset(GRANULE * (1 + random.below(end / GRANULE)));
            let found = map.is_object(reference, &self.mutator, &*self.heap, &self.layouts);
            assert_eq!(found.unwrap(), starts.is_valid(reference), "{reference:?}");
        }
        map.check(&self.mutator, &*self.heap, &self.layouts)
            .unwrap();
    }
}

#[test]
fn starts_of_objects_are_known_while_objects_are_made() {
    on_each_collector(|mut f| {
        let (mut map, mut random) = (ObjectStartTable::default(), Random(5));
        for round in 0..80 {
            for _ in 0..random.below(if f.collects { 40 } else { 10 }) {
                f.change_something(&mut random);
                f.check_starts(&mut map, &mut random, 3);
            }
            f.check_starts(&mut map, &mut random, 2000);
            if round % 4 == 0 && f.collect().is_some() {
                map.invalidate();
            }
        }
    });
}
