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
