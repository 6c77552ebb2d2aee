//! Tests of heaps without a store. Each test runs on every collector, with collections in
//! steps of several sizes.

mod allocation;
mod barrier;
mod layout_table;
mod mark_region;
mod memory;
mod nursery;
mod object_starts;
mod pacer_simulation;
mod sandbox;
mod steps;
mod tracing;

use core::cell::Cell;

use super::*;
use crate::collectors;
use crate::error::{Error, Result};

/// A heap, and the parts of a store that a heap needs.
struct Fixture {
    collects: bool,
    /// The budget of each step of a collection, in bytes.
    step: u64,
    mutator: Mutator,
    heap: Box<dyn GcHeap>,
    layouts: LayoutTable,
    /// The header of a pair: two references and a number.
    pair: ObjectHeader,
    /// The header of an array of references.
    references: ObjectHeader,
    /// The header of an array of bytes.
    bytes: ObjectHeader,
    roots: Vec<RootSlot>,
}

/// A table without ephemerons.
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
        key: GcRef,
        _trace: &mut Trace<'_>,
        _budget: &mut Budget,
    ) -> Result<Progress> {
        panic!("a key: {key:?}");
    }
}

const PAIR_BYTES: u64 = 24;

const PAIR_NUMBER: u64 = 16;

fn on_each_collector(test: impl Fn(Fixture)) {
    on_each_collector_with_limit(1 << 20, test);
}

/// The budgets of steps: everything in one step, one thing in a step, a few.
const STEPS: [u64; 3] = [u64::MAX, 0, 100];

/// Calls `test` on each collector, with each budget of steps.
fn on_each_collector_with_limit(limit: u64, test: impl Fn(Fixture)) {
    for number in collectors::ALL {
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
        least_limit: limit,
        initial: 64 << 10,
        poison: true,
        moves_all: false,
        asks_to_grow: false,
        pause_budget: 1_000_000,
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

    /// Allocates. Grows the heap if that is needed.
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

    /// Makes a pair of nulls on the fast path of an allocation, if that has room.
    fn new_pair_in_line(&mut self) -> GcRef {
        let Some(offset) = self.mutator.bump.room(PAIR_BYTES) else {
            return self.new_pair(GcRef::NULL, GcRef::NULL, 0);
        };
        self.mutator.bump.advance(PAIR_BYTES);
        self.mutator.write_new_object(offset, self.pair, PAIR_BYTES);
        GcRef::from_offset(offset)
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

    fn roots_list(&self) -> GcRootsList {
        let mut list = GcRootsList::with_room(1).unwrap();
        // SAFETY: the fixture's roots stay in place while the list is used.
        unsafe { list.add(&self.roots) }.unwrap();
        list
    }

    /// Begins a major collection. Returns `None` if the heap never collects.
    fn begin(&mut self) -> Option<GarbageCollection> {
        GarbageCollection::begin(&mut *self.heap, &self.mutator, CollectionKind::Major).unwrap()
    }

    /// Runs one step of a collection, with a budget of `bytes`.
    fn run_step(&mut self, gc: &mut GarbageCollection, bytes: u64) -> Result<Progress> {
        let mut context = TraceContext {
            mutator: &self.mutator,
            roots: &mut self.roots_list(),
            end_roots: &mut |_| Progress::Complete,
            layouts: &self.layouts,
            ephemerons: &mut NoMaps,
            weak: &mut [],
        };
        gc.step(&mut *self.heap, &mut context, &mut Budget::of(bytes))
    }

    /// Runs a major collection in steps. Returns `None` if the heap never collects.
    fn collect(&mut self) -> Option<Result<CollectionStats>> {
        let mut gc = self.begin()?;
        loop {
            match self.run_step(&mut gc, self.step) {
                Ok(Progress::Continue) => continue,
                Ok(Progress::Complete) => break,
                Err(error) => return Some(Err(error)),
            }
        }
        let mut set_headroom = || {
            let mut budget = Budget::of(self.step);
            self.heap.set_headroom(&self.mutator, 0, true, &mut budget)
        };
        while set_headroom() == Progress::Continue {}
        self.verify().unwrap();
        Some(Ok(gc.stats()))
    }

    /// Checks the heap and the roots. Returns the number of objects.
    fn verify(&self) -> Result<u64> {
        let mut objects = 0;
        let mut visit = |_, _| {
            objects += 1;
            Ok(())
        };
        let starts = verify(&self.mutator, &*self.heap, &self.layouts, &mut visit)?;
        for root in 0..self.roots.len() {
            starts.check(self.rooted(root))?;
        }
        Ok(objects)
    }
}
