//! Free lists by themselves.

use super::free_lists::{FreeLists, write_free};
use crate::heap::{COMMIT_UNIT, GRANULE, Kind, ObjectHeader, Region, Reservation};

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
