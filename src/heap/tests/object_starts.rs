//! The object-start table.

use super::*;

/// Numbers that look random.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        crate::base::hashing::mix(self.0) % end
    }
}

impl Fixture {
    /// Makes an object of any kind. Roots it, mostly in place of another object.
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

    /// Asks the table about `questions` places in and behind the heap, and compares its
    /// answers with a walk over the heap.
    fn check_starts(&self, table: &mut ObjectStartTable, random: &mut Random, questions: u64) {
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
            let found = table.is_object(reference, &self.mutator, &*self.heap, &self.layouts);
            assert_eq!(found.unwrap(), starts.is_valid(reference), "{reference:?}");
        }
        table
            .check(&self.mutator, &*self.heap, &self.layouts)
            .unwrap();
    }

    /// Whether an object starts at `offset`, and the steps that the answer takes.
    fn ask(&self, table: &mut ObjectStartTable, offset: u64) -> (bool, u64) {
        let reference = GcRef::from_offset(offset);
        let (found, steps) = steps_of(u64::MAX, || {
            table.is_object(reference, &self.mutator, &*self.heap, &self.layouts)
        });
        (found.unwrap(), steps)
    }
}

/// The most steps of a walk through one segment. An object has at least 16 bytes. Its header
/// is one access of 8 bytes, and an array's length another.
const SEGMENT_STEPS: u64 = SEGMENT_BYTES / 16 * 3 + 8;

#[test]
fn a_question_walks_through_one_segment_at_most() {
    on_each_collector_with_limit(16 << 20, |mut f| {
        for number in 0..20_000 {
            let pair = f.new_pair(GcRef::NULL, GcRef::NULL, number);
            f.root(pair);
        }
        let array = f.new_array(f.bytes, 300_000, 1);
        let array = f.root(array);
        let last = f.new_pair(GcRef::NULL, GcRef::NULL, 0);
        let last = f.root(last);
        for _ in 0..2 {
            let mut table = ObjectStartTable::default();
            let (array, last) = (f.rooted(array), f.rooted(last));
            let (is_object, steps) = f.ask(&mut table, last.offset());
            assert!(is_object && steps <= SEGMENT_STEPS, "{steps} steps");
            let (is_object, steps) = f.ask(&mut table, array.offset() + 200_000);
            assert!(
                !is_object && steps <= 8,
                "{steps} steps inside a large object"
            );
            f.collect().transpose().unwrap();
        }
    });
}

#[test]
fn questions_pass_each_object_once_between_collections() {
    on_each_collector_with_limit(16 << 20, |mut f| {
        let objects: Vec<usize> = (0..20_000)
            .map(|number| {
                let pair = f.new_pair(GcRef::NULL, GcRef::NULL, number);
                f.root(pair)
            })
            .collect();
        let mut table = ObjectStartTable::default();
        let mut all = 0;
        for &object in objects.iter().rev() {
            let (is_object, steps) = f.ask(&mut table, f.rooted(object).offset());
            assert!(is_object);
            all += steps;
        }
        // One header for the walk past an object, and one for the question about it.
        assert!(all <= 20_000 * 2 * 2 + 100, "{all} steps");
        for &object in &objects {
            let (_, steps) = f.ask(&mut table, f.rooted(object).offset());
            assert!(steps <= 2, "{steps} steps for an object that is known");
        }
    });
}

#[test]
fn the_fast_path_passes_no_border() {
    on_each_collector(|mut f| {
        let mut table = ObjectStartTable::default();
        for _ in 0..10_000 {
            let pair = f.new_pair_in_line();
            assert!(f.ask(&mut table, pair.offset()).0, "{pair:?}");
        }
    });
}

#[test]
fn starts_are_known_where_many_objects_have_died() {
    on_each_collector(|mut f| {
        for number in 0..20_000 {
            let pair = f.new_pair(GcRef::NULL, GcRef::NULL, number);
            if number % 1000 == 999 {
                f.root(pair);
            }
        }
        f.collect().transpose().unwrap();
        let (mut table, mut random) = (ObjectStartTable::default(), Random(3));
        f.check_starts(&mut table, &mut random, 500);
        for _ in 0..100 {
            f.change_something(&mut random);
        }
        f.check_starts(&mut table, &mut random, 500);
    });
}

#[test]
fn starts_are_known_where_an_object_was_taken_back() {
    on_each_collector(|mut f| {
        let (mut table, mut random) = (ObjectStartTable::default(), Random(9));
        for round in 0..200 {
            let bytes = 16 + 8 * random.below(6000);
            let length = (bytes - ARRAY_ELEMENTS) as u32;
            let Allocation::Done(taken) = f.try_allocate(f.bytes, bytes) else {
                break;
            };
            f.set(taken, ARRAY_LENGTH, length);
            if round % 3 != 0 {
                f.heap.deallocate_uninit(&f.mutator, taken, bytes);
            }
            f.change_something(&mut random);
            f.check_starts(&mut table, &mut random, 20);
        }
    });
}

#[test]
fn starts_of_objects_are_known_while_objects_are_made() {
    on_each_collector(|mut f| {
        let (mut table, mut random) = (ObjectStartTable::default(), Random(5));
        for round in 0..80 {
            for _ in 0..random.below(if f.collects { 40 } else { 10 }) {
                f.change_something(&mut random);
                f.check_starts(&mut table, &mut random, 3);
            }
            f.check_starts(&mut table, &mut random, 2000);
            if round % 4 == 0 && f.collect().is_some() {
                table.invalidate();
            }
        }
    });
}
