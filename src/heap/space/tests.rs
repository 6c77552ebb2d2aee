//! Spaces without a collector.

use super::*;
use crate::heap::{Budget, COMMIT_UNIT, Progress, Reservation};

/// A multiple of every system's page size.
const PAGES: u64 = 64 << 10;

/// A small random number generator.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005) | 1;
        self.0 = self.0.wrapping_add(1_442_695_040_888_963_406);
        (self.0 >> 33) % bound
    }
}

#[test]
fn the_halves_of_a_semi_space_are_committed_together() {
    let reservation = Reservation::new(SemiSpace::reserved_bytes(4 * PAGES)).unwrap();
    let mut space = SemiSpace::new(&reservation, 4 * PAGES, PAGES).unwrap();
    assert_eq!(
        (space.capacity(), space.committed_bytes()),
        (PAGES, 2 * PAGES)
    );
    space.commit(3 * PAGES).unwrap();
    assert_eq!(
        (space.capacity(), space.committed_bytes()),
        (3 * PAGES, 6 * PAGES)
    );
    space.check().unwrap();
    let (from, to) = (space.from().start(), space.to().start());
    space.flip();
    assert_eq!((space.from().start(), space.to().start()), (to, from));
    assert_eq!(space.usable_end(), to + 3 * PAGES);
    let progress = space.decommit_towards(PAGES, &mut Budget::unlimited());
    assert_eq!(progress, Progress::Complete);
    assert_eq!(
        (space.capacity(), space.committed_bytes()),
        (PAGES, 2 * PAGES)
    );
}

/// Grows, shrinks, flips and resets a semi-space at random. The objects in the from half
/// stay, both halves can be written, and a reset brings them together.
#[test]
fn the_halves_of_a_semi_space_move_around_each_other() {
    for seed in 0..40 {
        let mut random = Random(seed);
        let half = PAGES * [4, 33, 100, 1000][seed as usize % 4];
        let reservation = Reservation::new(SemiSpace::reserved_bytes(half)).unwrap();
        let mut space = SemiSpace::new(&reservation, half, PAGES).unwrap();
        let mut size = PAGES;
        for round in 0..200 {
            let largest = if random.below(4) == 0 {
                half
            } else {
                half.min(10 * PAGES)
            };
            let wanted = PAGES * (1 + random.below(largest / PAGES));
            match random.below(4) {
                0 => space.flip(),
                1 => {
                    let progress = space.decommit_towards(wanted, &mut Budget::unlimited());
                    assert_eq!(progress, Progress::Complete);
                    size = size.min(wanted);
                    space.settle();
                }
                2 if random.below(10) == 0 => {
                    space.reset(false);
                    size = size.min(PAGES);
                }
                _ => {
                    let last = space.usable_end() - 8;
                    space.from().store_u64(last, round).unwrap();
                    space.commit(wanted).unwrap();
                    size = size.max(wanted);
                    assert_eq!(space.from().load_u64(last), Ok(round));
                }
            }
            space.check().unwrap();
            assert_eq!(
                (space.capacity(), space.committed_bytes()),
                (size, 2 * size)
            );
            for half in [space.from(), space.to()] {
                half.store_u64(half.start(), round).unwrap();
                half.store_u64(half.start() + size - 8, round).unwrap();
            }
        }
        space.reset(false);
        space.settle();
        let mut starts = [space.from().start(), space.to().start()];
        starts.sort_unstable();
        assert_eq!(starts, [0, half.min(1 << 20)], "{seed}");
    }
}

#[test]
fn halves_at_the_greatest_limit_lie_apart() {
    assert_eq!(SemiSpace::reserved_bytes(8 << 30), 16 << 30);
    assert_eq!(SemiSpace::reserved_bytes(2 << 30), (4 << 30) + (1 << 20));
    assert_eq!(SemiSpace::reserved_bytes(16 << 10), 48 << 10);
}

#[test]
fn a_space_grows_by_its_step_up_to_its_limit() {
    let reservation = Reservation::new(8 * COMMIT_UNIT).unwrap();
    let space = ContiguousSpace::new(&reservation, 0..8 * COMMIT_UNIT, COMMIT_UNIT).unwrap();
    let committed = space.committed_bytes();
    assert_eq!(space.after_growth(committed, 0), Some(committed));
    let more = space.after_growth(committed + 1, COMMIT_UNIT);
    assert_eq!(more, Some(committed + COMMIT_UNIT));
    let all = Some(8 * COMMIT_UNIT);
    assert_eq!(space.after_growth(committed + 1, 99 * COMMIT_UNIT), all);
    assert_eq!(space.after_growth(8 * COMMIT_UNIT + 1, 0), None);
}

#[test]
fn a_reset_space_is_poisoned_if_asked() {
    let reservation = Reservation::new(COMMIT_UNIT).unwrap();
    let mut space = ContiguousSpace::new(&reservation, 0..COMMIT_UNIT, 1).unwrap();
    space.region().store_u64(8, 7).unwrap();
    space.reset(false);
    assert_eq!(space.region().load_u64(8), Ok(7));
    space.reset(true);
    let poison = u64::from_ne_bytes([POISON; 8]);
    assert_eq!(space.region().load_u64(8), Ok(poison));
}
