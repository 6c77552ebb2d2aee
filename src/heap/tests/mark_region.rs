//! What only heaps that are made of blocks of lines do.

use super::*;

/// Calls `test` on a heap of blocks, with each budget of steps.
fn on_blocks(limit: u64, test: impl Fn(Fixture)) {
    for step in STEPS {
        on_collector(collectors::GENERATIONAL, step, limit, &test);
    }
}

impl Fixture {
    /// The statistics of a collection.
    fn collected(&mut self) -> CollectionStats {
        self.collect().unwrap().unwrap()
    }

    /// Makes an array of references with a root. Returns the number of the root.
    fn rooted_array(&mut self, length: u32) -> usize {
        let array = self.new_array(self.references, length, 4);
        self.root(array)
    }

    fn set_element(&mut self, array: usize, index: u32, element: GcRef) {
        let at = ARRAY_ELEMENTS + 4 * u64::from(index);
        self.set_reference(self.rooted(array), at, element);
    }

    fn element(&self, array: usize, index: u32) -> GcRef {
        self.reference(self.rooted(array), ARRAY_ELEMENTS + 4 * u64::from(index))
    }
}

#[test]
fn the_few_survivors_of_new_blocks_move_together() {
    on_blocks(64 << 20, |mut f| {
        const KEPT: u32 = 2000;
        let array = f.rooted_array(KEPT);
        for index in 0..KEPT {
            let pair = f.new_pair(GcRef::NULL, GcRef::NULL, index);
            f.set_element(array, index, pair);
            (0..32).for_each(|_| {
                f.new_pair(GcRef::NULL, GcRef::NULL, 0);
            });
        }
        let pairs = u64::from(KEPT) * PAIR_BYTES;
        let stats = f.collected();
        assert_eq!(stats.objects, u64::from(KEPT) + 1);
        assert!(
            stats.moved_bytes >= pairs / 2,
            "{} moved",
            stats.moved_bytes
        );
        let places: std::collections::BTreeSet<u64> = (0..KEPT)
            .map(|index| f.element(array, index).offset() / LINE_BYTES)
            .collect();
        let lines = pairs / LINE_BYTES;
        assert!((places.len() as u64) < 2 * lines, "{} lines", places.len());
        for index in 0..KEPT {
            assert_eq!(f.get(f.element(array, index), PAIR_NUMBER), index);
        }
        assert_eq!(f.collected().moved_bytes, 0, "they lie together already");
    });
}

#[test]
fn a_trace_needs_no_room_for_what_it_has_to_scan() {
    on_blocks(64 << 20, |mut f| {
        // Many more objects wait to be scanned than a stack has room for.
        const WIDTH: u32 = 1000;
        let array = f.rooted_array(WIDTH);
        for index in 0..WIDTH {
            let inner = f.rooted_array(20);
            for place in 0..20 {
                let number = index * 20 + place;
                let pair = f.new_pair(GcRef::NULL, GcRef::NULL, number);
                f.set_element(inner, place, pair);
            }
            f.set_element(array, index, f.rooted(inner));
            f.roots.pop();
        }
        for _ in 0..3 {
            let objects = f.collected().objects;
            assert_eq!(objects, u64::from(WIDTH) * 21 + 1);
        }
        for index in 0..WIDTH {
            let inner = f.element(array, index);
            for place in 0..20_u32 {
                let pair = f.reference(inner, ARRAY_ELEMENTS + 4 * u64::from(place));
                assert_eq!(f.get(pair, PAIR_NUMBER), index * 20 + place);
            }
        }
    });
}

#[test]
fn a_heap_at_its_limit_uses_the_gaps_of_single_objects() {
    on_blocks(256 << 10, |mut f| {
        let mut made = 0;
        loop {
            match f.try_allocate(f.pair, PAIR_BYTES) {
                Allocation::Done(pair) => {
                    f.root(pair);
                    made += 1;
                }
                _ if f.heap.grow(&f.mutator, PAIR_BYTES).is_ok() => {}
                _ => break,
            }
        }
        assert!(made > 7 * (256 << 10) / PAIR_BYTES / 8);
        for round in 0..5 {
            // One object of each 30 dies: no line becomes free.
            let dead: Vec<usize> = (round..made as usize).step_by(30).collect();
            for &root in &dead {
                f.roots[root].reference.set(0);
            }
            f.collected();
            for &root in &dead {
                let headroom = &mut Budget::unlimited();
                f.heap.set_headroom(&f.mutator, 1 << 20, true, headroom);
                let Allocation::Done(pair) = f.try_allocate(f.pair, PAIR_BYTES) else {
                    panic!("the memory of a dead object is lost");
                };
                f.roots[root].reference.set(pair.raw());
            }
            assert_eq!(f.verify().unwrap(), made);
        }
    });
}

#[test]
fn a_large_object_has_blocks_to_itself_and_never_moves() {
    on_blocks(16 << 20, |mut f| {
        let length = (LARGEST_SMALL + BLOCK_BYTES) as u32;
        let first = f.new_array(f.bytes, length, 1);
        let first = f.root(first);
        let dead = f.new_array(f.bytes, length, 1);
        let after = f.new_array(f.bytes, length, 1);
        let after = f.root(after);
        let (at, end) = (f.rooted(first), f.rooted(after));
        let stats = f.collected();
        assert_eq!((stats.objects, stats.moved_bytes), (2, 0));
        assert_eq!((f.rooted(first), f.rooted(after)), (at, end));
        let again = f.new_array(f.bytes, length, 1);
        assert_eq!(again, dead, "the first free run is used again");
    });
}

#[test]
fn holes_are_filled_before_blocks_are_taken() {
    on_blocks(16 << 20, |mut f| {
        const PAIRS: u32 = 20_000;
        let array = f.rooted_array(PAIRS);
        for index in 0..PAIRS {
            let pair = f.new_pair(GcRef::NULL, GcRef::NULL, index);
            f.set_element(array, index, pair);
        }
        f.collected();
        // Runs of 25 objects die, which leave four or five free lines.
        for index in (0..PAIRS).filter(|index| index / 25 % 2 == 0) {
            f.set_element(array, index, GcRef::NULL);
        }
        f.collected();
        let committed = f.heap.committed_bytes();
        let headroom = &mut Budget::unlimited();
        f.heap.set_headroom(&f.mutator, 16 << 20, false, headroom);
        for index in (0..PAIRS).filter(|index| index / 25 % 2 == 0).step_by(2) {
            let pair = f.new_pair_in_line();
            f.set(pair, PAIR_NUMBER, index);
            f.set_element(array, index, pair);
        }
        assert_eq!(f.heap.committed_bytes(), committed);
        f.verify().unwrap();
        for index in (1..PAIRS).filter(|index| index / 25 % 2 == 1) {
            assert_eq!(f.get(f.element(array, index), PAIR_NUMBER), index);
        }
        f.collected();
    });
}
