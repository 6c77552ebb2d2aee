//! Weak maps without a store, over heaps of each collector: the work that a collection
//! does, and its answers to headers that were overwritten.

use core::cell::Cell;

use super::entries::Entries;
use super::maps::*;
use crate::collectors;
use crate::error::Result;
use crate::heap::{
    Allocation, Budget, CollectionKind, GarbageCollection, GcHeap, GcRef, GcRootsList, HeapOptions,
    Kind, LOOKUP, Layout, LayoutTable, Mutator, ObjectHeader, Progress, References, RootSlot,
    TraceContext,
};

/// A heap of objects without references, one root, and one map.
struct Fixture {
    mutator: Mutator,
    heap: Box<dyn GcHeap>,
    layouts: LayoutTable,
    root: Vec<RootSlot>,
    maps: WeakMaps,
    map: u32,
    /// The budget of a step.
    step: u64,
}

const TYPE: u32 = 1;

const BYTES: u64 = 16;

const STEP: u64 = 64 << 10;

fn on_each_collector(test: impl Fn(Fixture)) {
    for number in collectors::COLLECTING {
        let runtime = collectors::by_number(number).unwrap();
        println!("{}", runtime.name());
        let mutator = Mutator::new();
        let mut heap = runtime
            .new_heap(HeapOptions {
                limit: 64 << 20,
                least_limit: 64 << 20,
                initial: 32 << 20,
                poison: true,
                moves_all: false,
                asks_to_grow: false,
                pause_budget: 1_000_000,
            })
            .unwrap();
        heap.open(&mutator);
        let mut layouts = LayoutTable::new();
        let layout = Layout::Fixed {
            kind: Kind::Struct,
            bytes: BYTES as u32,
            references: References::at([].into_iter()).unwrap(),
        };
        layouts.add(TYPE, &layout).unwrap();
        let mut maps = WeakMaps::starting_at(0);
        let map = (maps.create().unwrap() >> 32) as u32;
        let root = vec![RootSlot {
            generation: Cell::new(1),
            reference: Cell::new(0),
        }];
        test(Fixture {
            mutator,
            heap,
            layouts,
            root,
            maps,
            map,
            step: STEP,
        });
    }
}

impl Fixture {
    fn allocate(&mut self) -> GcRef {
        let header = ObjectHeader::new(Kind::Struct, TYPE);
        loop {
            match self.heap.allocate(&self.mutator, header, BYTES).unwrap() {
                Allocation::Done(object) => return object,
                Allocation::CollectOrGrow { bytes } => {
                    self.heap.grow(&self.mutator, bytes).unwrap();
                }
                Allocation::Never => panic!("{BYTES} bytes never fit"),
            }
        }
    }

    fn set_is_key(&self, object: GcRef, is_key: bool) {
        let region = self.heap.region();
        let header = ObjectHeader::from_bits(region.load_u64(object.offset()).unwrap());
        let header = header.with_key(is_key);
        region.store_u64(object.offset(), header.bits()).unwrap();
    }

    fn set(&mut self, key: GcRef, value: GcRef) {
        let keys = self.maps.reserve_one().unwrap();
        if key.is_object() {
            self.heap.reserve_keys(keys).unwrap();
            self.set_is_key(key, true);
        }
        if let Some(vacant) = self.maps.replace(self.map, key, value) {
            self.maps.insert(vacant, value);
        }
    }

    fn rooted(&self) -> GcRef {
        GcRef::from_raw(self.root[0].reference.get())
    }

    fn set_root(&self, object: GcRef) {
        self.root[0].reference.set(object.raw());
    }

    /// Runs a major collection. Returns the number of its steps.
    fn collect(&mut self) -> Result<u64> {
        let mut roots = GcRootsList::with_room(1)?;
        // SAFETY: the root stays in place while the list is used.
        unsafe { roots.add(&self.root)? };
        let heap = &mut *self.heap;
        let mut gc = GarbageCollection::begin(heap, &self.mutator, CollectionKind::Major)?.unwrap();
        let mut context = TraceContext {
            mutator: &self.mutator,
            roots: &mut roots,
            end_roots: &mut |_| Progress::Complete,
            layouts: &self.layouts,
            ephemerons: &mut self.maps,
            weak: &mut [],
        };
        let mut steps = 1;
        while gc.step(heap, &mut context, &mut Budget::of(self.step))? == Progress::Continue {
            steps += 1;
        }
        let unlimited = &mut Budget::unlimited();
        self.heap
            .set_headroom(&self.mutator, 16 << 20, true, unlimited);
        self.maps.trim_handles(unlimited);
        while self
            .maps
            .trim_entries(CollectionKind::Major, &mut Budget::of(self.step))
            == Progress::Continue
        {
            steps += 1;
        }
        self.heap.trim_keys(self.maps.key_count(), unlimited);
        self.maps.check()?;
        Ok(steps)
    }

    /// Makes a chain of `count` entries: each value is the key of the next entry. The
    /// first key is rooted.
    fn make_chain(&mut self, count: u32) {
        let mut last = self.allocate();
        self.set_root(last);
        for _ in 0..count {
            let next = self.allocate();
            self.set(last, next);
            last = next;
        }
    }

    /// Runs a major collection in the smallest steps.
    fn collect_slowly(&mut self) {
        self.step = 0;
        self.collect().unwrap();
        self.step = STEP;
    }

    /// Requires that a collection fails with a message that contains `what`.
    fn collect_wrong(&mut self, what: &str) {
        let error = self.collect().unwrap_err().to_string();
        assert!(error.contains(what), "{error}");
    }
}

/// The most steps that a collection with `entries` entries may take. For each entry it
/// traces a value and its object, and sweeps the entry.
fn most_steps(entries: u32) -> u64 {
    u64::from(entries) * (16 * LOOKUP) / STEP + 8
}

#[test]
fn a_chain_takes_work_in_proportion_to_its_length() {
    on_each_collector(|mut f| {
        for count in [1, 1000, 4000, 16000] {
            f.make_chain(count);
            let steps = f.collect().unwrap();
            assert!(steps <= most_steps(count), "{steps}");
            assert_eq!(f.maps.count(f.map), count);
            f.set_root(GcRef::NULL);
            // No key is reached.
            let steps = f.collect().unwrap();
            assert!(steps <= most_steps(count), "{steps}");
            assert_eq!(f.maps.count(f.map), 0);
        }
    });
}

#[test]
fn values_of_many_keys_are_traced_in_few_steps() {
    on_each_collector(|mut f| {
        let keeper = f.allocate();
        f.set_root(keeper);
        for number in 0..10_000 {
            let key = f.allocate();
            f.set(key, GcRef::NULL);
            f.set(GcRef::from_i31(number), key);
        }
        assert!(f.collect().unwrap() <= most_steps(20_000));
        assert_eq!(f.maps.count(f.map), 20_000);
        assert!(f.maps.keys().all(|key| !key.is_null()));
    });
}

#[test]
fn a_sweep_in_the_smallest_steps_keeps_the_same_entries() {
    on_each_collector(|mut f| {
        let keeper = f.allocate();
        f.set_root(keeper);
        for number in 0..200 {
            let (dead, value) = (f.allocate(), f.allocate());
            f.set(dead, value);
            f.set(GcRef::from_i31(number), value);
        }
        f.set(keeper, keeper);
        f.collect_slowly();
        assert_eq!(f.maps.count(f.map), 201);
        assert_eq!(f.maps.get(f.map, f.rooted()), Some(f.rooted()));
        for number in 0..200 {
            assert!(f.maps.get(f.map, GcRef::from_i31(number)).is_some());
        }
        let chain = 300;
        f.make_chain(chain);
        f.collect_slowly();
        assert_eq!(f.maps.count(f.map), 200 + chain);
    });
}

#[test]
fn a_table_that_is_almost_empty_frees_its_room() {
    on_each_collector(|mut f| {
        f.make_chain(50_000);
        let capacity = |f: &Fixture| f.maps.entries.capacity();
        assert!(capacity(&f) >= 50_000);
        f.set_root(GcRef::NULL);
        for _ in 0..2 {
            f.collect().unwrap();
            assert!(capacity(&f) >= 50_000, "it may be needed again soon");
        }
        f.collect().unwrap();
        assert!(capacity(&f) <= 256, "{}", capacity(&f));
        f.make_chain(100);
        f.collect().unwrap();
        assert_eq!(f.maps.count(f.map), 100);
    });
}

#[test]
fn a_live_key_without_its_header_bit_is_an_internal_error() {
    on_each_collector(|mut f| {
        f.make_chain(10);
        f.set_is_key(f.rooted(), false);
        f.collect_wrong("not traced");
    });
}

#[test]
fn an_object_with_the_bit_that_is_not_a_key_is_an_internal_error() {
    on_each_collector(|mut f| {
        f.make_chain(10);
        let other = f.allocate();
        f.set_is_key(other, true);
        f.set_root(other);
        f.collect_wrong("in no weak map");
    });
}

#[test]
fn more_objects_with_the_bit_than_keys_are_an_internal_error() {
    on_each_collector(|mut f| {
        f.make_chain(1);
        f.heap.reserve_keys(0).unwrap();
        for number in 0..10_000 {
            let other = f.allocate();
            f.set_is_key(other, true);
            f.maps.reserve_one().unwrap();
            let vacant = f.maps.replace(f.map, GcRef::from_i31(number), other);
            f.maps.insert(vacant.unwrap(), other);
        }
        f.collect_wrong("more keys");
    });
}

#[test]
fn check_finds_a_wrong_chain_a_wrong_count_and_a_lost_entry() {
    on_each_collector(|mut f| {
        f.make_chain(20);
        let key = f.rooted();
        let removed = f.maps.remove(f.map, key).unwrap();
        assert_eq!(removed.last_of, Some(key));
        f.maps.check().unwrap();
        type Damage = fn(&mut Entries);
        let damages: [Damage; 3] = [
            Entries::break_chain,
            Entries::set_wrong_count,
            Entries::remove_from_one_index,
        ];
        for damage in damages {
            f.maps.check().unwrap();
            damage(&mut f.maps.entries);
            assert!(f.maps.check().is_err());
            f.maps.entries.repair();
        }
    });
}

#[test]
fn maps_retire_their_slots() {
    let mut maps = WeakMaps::starting_at(u32::MAX - 3);
    let mut stale = Vec::new();
    for _ in 0..300 {
        let word = maps.create().unwrap();
        let (generation, index) = (word as u32, (word >> 32) as u32);
        assert!(stale.iter().all(|&(g, i)| !maps.has(i, g)));
        assert!(maps.has(index, generation));
        maps.release(index, generation);
        assert!(!maps.has(index, generation));
        stale.push((generation, index));
        maps.check().unwrap();
    }
    assert!(!stale.iter().any(|&(generation, _)| generation == u32::MAX));
}
