//! Spaces without a collector.

use super::free_lists::FreeLists;
use super::*;
use crate::error::Result;
use crate::heap::{
    Budget, COMMIT_UNIT, GRANULE, Kind, ObjectHeader, Progress, Region, Reservation, SegmentStarts,
    steps_of,
};

/// A committed region of one unit, and its reservation.
fn memory() -> (Reservation, Region) {
    memory_of(COMMIT_UNIT)
}

/// A committed region of `bytes`, and its reservation.
fn memory_of(bytes: u64) -> (Reservation, Region) {
    let reservation = Reservation::new(bytes).unwrap();
    let mut region = reservation.region(0, bytes);
    region.commit_to(bytes).unwrap();
    (reservation, region)
}

fn put_object(region: &Region, offset: u64) {
    let header = ObjectHeader::new(Kind::Extern, 0);
    region.store_u64(offset, header.bits()).unwrap();
}

/// Coalesces the blocks of `lists`.
fn coalesce(lists: &mut FreeLists, region: &Region, wilderness: u64) -> Result<u64> {
    let mut starts = SegmentStarts::default();
    starts.reserve(region.committed_end()).unwrap();
    lists.coalesce(region, &mut starts, wilderness)
}

/// A small random number generator.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005) | 1;
        self.0 = self.0.wrapping_add(1_442_695_040_888_963_406);
        (self.0 >> 33) % bound
    }
}

/// Frees blocks in a random order. After coalescing, each allocation is all the memory
/// between two objects.
#[test]
fn coalesced_blocks_reach_from_object_to_object() {
    let (_reservation, region) = memory();
    for seed in 0..500 {
        let mut random = Random(seed);
        let mut blocks: Vec<(u64, u64)> = Vec::new();
        // Each run of blocks up to an object, from the first block that a list can hold.
        let mut expected: Vec<(u64, u64)> = Vec::new();
        let (mut offset, mut run) = (GRANULE, None);
        while offset < COMMIT_UNIT - 128 {
            let bytes = GRANULE * (1 + random.below(4));
            if random.below(3) == 0 {
                put_object(&region, offset);
                expected.extend(run.take().map(|start| (start, offset - start)));
            } else {
                blocks.push((offset, bytes));
                // A block that is too small for a list joins the block before it only.
                if bytes > GRANULE {
                    run.get_or_insert(offset);
                }
            }
            offset += bytes;
        }
        let wilderness = offset;
        let mut lists = FreeLists::new();
        while !blocks.is_empty() {
            let (offset, bytes) = blocks.swap_remove(random.below(blocks.len() as u64) as usize);
            lists.free(&region, offset, bytes).unwrap();
        }
        lists.check(&region, wilderness).unwrap();
        assert_eq!(
            coalesce(&mut lists, &region, wilderness),
            Ok(run.unwrap_or(wilderness))
        );
        lists.check(&region, run.unwrap_or(wilderness)).unwrap();
        let mut allocated = Vec::new();
        while let Some(block) = lists.allocate(&region, 2 * GRANULE).unwrap() {
            allocated.push(block);
        }
        allocated.sort_unstable();
        assert_eq!(allocated, expected, "{seed}");
        assert_eq!(lists.bytes(), 0);
    }
}

#[test]
fn memory_that_was_not_freed_is_not_coalesced() {
    let (_reservation, region) = memory();
    let mut lists = FreeLists::new();
    lists.free(&region, 8, 16).unwrap();
    write_free(&region, 24, 16).unwrap();
    lists.free(&region, 40, 16).unwrap();
    assert_eq!(coalesce(&mut lists, &region, 64), Ok(64));
    assert_eq!(lists.allocate(&region, 24), Ok(None));
    assert_eq!(lists.bytes(), 32);
}

#[test]
fn a_check_finds_uncoalesced_neighbours() {
    let (_reservation, region) = memory();
    let mut lists = FreeLists::new();
    put_object(&region, 24);
    put_object(&region, 56);
    lists.insert(&region, 8, 16).unwrap();
    lists.insert(&region, 40, 16).unwrap();
    assert!(lists.check(&region, 64).is_ok());
    // The wilderness is a neighbour too.
    assert!(lists.check(&region, 56).is_err());
    lists.insert(&region, 24, 16).unwrap();
    assert!(lists.check(&region, 64).is_err());
}

#[test]
fn a_large_block_behind_many_small_ones_of_its_list_is_found() {
    let (_reservation, region) = memory_of(1 << 20);
    let mut lists = FreeLists::new();
    // Blocks of both sizes are in one list, the newest first.
    lists.free(&region, 8, 1000).unwrap();
    lists.free(&region, 2008, 1000).unwrap();
    for block in 2..=100 {
        lists.free(&region, 8 + block * 2000, 520).unwrap();
    }
    assert_eq!(lists.allocate(&region, 1000), Ok(None));
    assert_eq!(lists.search(&region, 1000), Ok(Some((8, 1000))));
    // The search has put the other large block first.
    assert_eq!(lists.allocate(&region, 1000), Ok(Some((2008, 1000))));
    assert_eq!(lists.search(&region, 1000), Ok(None));
    lists.check(&region, 1 << 20).unwrap();
}

#[test]
fn an_allocation_looks_at_few_blocks_while_the_end_has_room() {
    const BLOCKS: u64 = 10_000;
    let reservation = Reservation::new(16 << 20).unwrap();
    let mut space = FreeListSpace::new(&reservation, 0..16 << 20, 16 << 20).unwrap();
    let (start, end) = space.allocate_all();
    let block_at = |block| start + block * 544;
    for block in 0..BLOCKS {
        put_object(space.region(), block_at(block) + 520);
    }
    space.return_unused(block_at(BLOCKS), end).unwrap();
    let mut ends = space.begin_sweep();
    for block in 0..BLOCKS {
        let offset = block_at(block);
        space.append_free(offset, offset + 520, &mut ends).unwrap();
    }
    let (found, _) = steps_of(200, || space.allocate(1000).unwrap());
    assert_eq!(found, Some((block_at(BLOCKS), end)));
    // One block is freed. It does not pay for a visit to all blocks.
    space.return_unused(end - 2000, end).unwrap();
    space.free(end - 4000, end - 3900).unwrap();
    let (found, _) = steps_of(200, || space.allocate(1000).unwrap());
    assert_eq!(found, Some((end - 2000, end)));
    // Before the space refuses, it visits all blocks.
    let (found, steps) = steps_of(40 * BLOCKS, || space.allocate(1000).unwrap());
    assert!(found.is_none() && steps > BLOCKS, "{steps}");
}

/// Two blocks whose links lead to each other, or one whose link leads to itself.
#[test]
fn a_list_that_leads_in_a_circle_is_an_error() {
    let (_reservation, region) = memory();
    for second in [1000, 2000] {
        let mut lists = FreeLists::new();
        put_object(&region, 1520);
        put_object(&region, 2520);
        lists.free(&region, 1000, 520).unwrap();
        lists.free(&region, 2000, 520).unwrap();
        region.store_u64(1000 + GRANULE, second).unwrap();
        let (outcomes, _) = steps_of(1000, || {
            let allocated = lists
                .allocate(&region, 1000)
                .is_ok_and(|block| block.is_some());
            let searched = lists.search(&region, 1000).is_ok();
            let checked = lists.check(&region, 4000).is_ok();
            (
                allocated,
                searched,
                checked,
                coalesce(&mut lists, &region, 4000).is_ok(),
            )
        });
        assert_eq!(outcomes, (false, false, false, false), "{second}");
    }
}

#[test]
fn overwritten_free_memory_does_not_make_coalescing_quadratic() {
    const BYTES: u64 = 256 << 10;
    let (_reservation, region) = memory_of(BYTES);
    let mut lists = FreeLists::new();
    let wilderness = BYTES - 64;
    lists.free(&region, 8, wilderness - 32 - 8).unwrap();
    put_object(&region, wilderness - 32);
    // Two blocks of 16 bytes that follow each other in their list, and behind each of them
    // blocks that are too small for a list.
    for offset in (8..wilderness - 32).step_by(GRANULE as usize) {
        region.store_u64(offset, header_of_freed(1)).unwrap();
    }
    let list: Vec<u64> = (8..wilderness / 2).step_by(48).collect();
    for (index, &offset) in list.iter().enumerate() {
        region.store_u64(offset, header_of_freed(2)).unwrap();
        let next = list.get(index + 1).copied().unwrap_or(8);
        region.store_u64(offset + GRANULE, next).unwrap();
    }
    let (outcome, _) = steps_of(16 * BYTES / GRANULE, || {
        coalesce(&mut lists, &region, wilderness)
    });
    assert!(outcome.is_err());
}

/// The header of a freed block of this number of granules.
fn header_of_freed(granules: u32) -> u64 {
    let freed = ObjectHeader::new(Kind::Free, granules).with_collector_bits(1);
    freed.bits()
}

#[test]
fn blocks_that_are_in_no_list_do_not_make_coalescing_quadratic() {
    const BYTES: u64 = 256 << 10;
    let (_reservation, region) = memory_of(BYTES);
    let mut lists = FreeLists::new();
    for offset in (8..BYTES / 2).step_by(64) {
        lists.free(&region, offset, 16).unwrap();
    }
    // From each block, others lead to the end. Nothing says that they follow one in a list.
    for offset in (8..BYTES - 64).step_by(16) {
        if offset >= BYTES / 2 || offset % 64 != 8 {
            region.store_u64(offset, header_of_freed(2)).unwrap();
        }
    }
    let (outcome, _) = steps_of(16 * BYTES / GRANULE, || {
        coalesce(&mut lists, &region, BYTES - 64)
    });
    assert!(outcome.is_err());
}

/// A space with a free block of 100 pages, an object, a free block of 10 pages, an object,
/// and the wilderness. Returns the offsets of the two blocks.
fn two_blocks(space: &mut FreeListSpace) -> (u64, u64) {
    let (start, end) = space.allocate_all();
    for offset in (start..end).step_by(GRANULE as usize) {
        space.region().store_u64(offset, u64::MAX).unwrap();
    }
    let first_end = start + 100 * PAGES;
    let second = first_end + 16;
    put_object(space.region(), first_end);
    put_object(space.region(), second + 10 * PAGES);
    space.return_unused(second + 10 * PAGES + 16, end).unwrap();
    append_both(space, start, second);
    (start, second)
}

fn append_both(space: &mut FreeListSpace, first: u64, second: u64) {
    let mut ends = space.begin_sweep();
    space
        .append_free(first, first + 100 * PAGES, &mut ends)
        .unwrap();
    space
        .append_free(second, second + 10 * PAGES, &mut ends)
        .unwrap();
}

/// A multiple of every system's page size.
const PAGES: u64 = 64 << 10;

/// Gives pages back in steps, and keeps some. Returns the number of steps.
fn release(space: &FreeListSpace, kept: u64, budget: u64) -> u64 {
    let mut release = space.begin_page_release(kept);
    let mut steps = 1;
    while space
        .release_pages(&mut release, &mut Budget::of(budget))
        .unwrap()
        == Progress::Continue
    {
        steps += 1;
    }
    space.check().unwrap();
    steps
}

/// The number of words between two offsets that are zero.
fn zeros(space: &FreeListSpace, from: u64, to: u64) -> u64 {
    let words = (from..to).step_by(GRANULE as usize);
    words
        .filter(|&at| space.region().load_u64(at) == Ok(0))
        .count() as u64
}

#[test]
fn free_pages_inside_the_space_go_back_except_for_a_share() {
    const ALL: u64 = 128 * PAGES;
    let reservation = Reservation::new(ALL).unwrap();
    let mut space = FreeListSpace::new(&reservation, 0..ALL, ALL).unwrap();
    let (first, second) = two_blocks(&mut space);
    // The smaller block is allocated first, so its pages are kept first.
    assert!(release(&space, 30 * PAGES, 1) > 70);
    let kept = first + 20 * PAGES;
    assert!(zeros(&space, second + 16, second + 10 * PAGES) == 0);
    assert!(zeros(&space, first + 16, kept) == 0);
    let in_words = 80 * PAGES / GRANULE;
    let released = zeros(&space, kept, first + 100 * PAGES);
    assert!((in_words - 2 * PAGES / GRANULE..=in_words).contains(&released));
    // A sweep that finds the same blocks again keeps what is known of them.
    append_both(&mut space, first, second);
    assert!(release(&space, 0, 1) > 100);
    append_both(&mut space, first, second);
    assert!(release(&space, 0, 1) < 10);
    assert_eq!(zeros(&space, first, first + 24), 1);
    // The blocks can be allocated, and are no longer known to be released.
    assert_eq!(space.allocate(100), Ok(Some((second, second + 10 * PAGES))));
    assert_eq!(
        space.allocate(11 * PAGES),
        Ok(Some((first, first + 100 * PAGES)))
    );
}

#[test]
fn a_check_finds_a_page_in_use_that_was_given_back() {
    const ALL: u64 = 128 * PAGES;
    let reservation = Reservation::new(ALL).unwrap();
    let mut space = FreeListSpace::new(&reservation, 0..ALL, ALL).unwrap();
    let (first, _) = two_blocks(&mut space);
    release(&space, 0, u64::MAX);
    let inside = (first + 50 * PAGES).next_multiple_of(PAGES);
    space.region().store_u64(inside, 1).unwrap();
    assert!(space.check().is_err());
}

#[test]
fn an_overwritten_free_list_is_an_error() {
    let (_reservation, region) = memory();
    let spoil: [fn(&Region); 4] = [
        |region| region.store_u64(8, 0).unwrap(),
        |region| write_free(region, 8, 8).unwrap(),
        |region| write_free(region, 8, 1 << 20).unwrap(),
        |region| region.store_u64(16, 9).unwrap(),
    ];
    for (number, spoil) in spoil.into_iter().enumerate() {
        let mut lists = FreeLists::new();
        lists.free(&region, 8, 24).unwrap();
        spoil(&region);
        assert!(lists.check(&region, 64).is_err(), "{number}");
        assert!(lists.allocate(&region, 16).is_err(), "{number}");
    }
}

/// A free-list space whose memory is all allocated as one block.
fn free_list_space() -> (Reservation, FreeListSpace) {
    let reservation = Reservation::new(2 * COMMIT_UNIT).unwrap();
    let mut space = FreeListSpace::new(&reservation, 0..2 * COMMIT_UNIT, COMMIT_UNIT).unwrap();
    let (start, end) = space.allocate_all();
    assert_eq!((start, end), (GRANULE, space.committed_end()));
    (reservation, space)
}

#[test]
fn the_wilderness_is_allocated_last() {
    let (_reservation, mut space) = free_list_space();
    let end = space.committed_end();
    assert_eq!(space.allocate(16), Ok(None));
    space.return_unused(1000, end).unwrap();
    space.free(8, 24).unwrap();
    assert_eq!(space.free_bytes(), 16 + end - 1000);
    assert_eq!(space.allocate(16), Ok(Some((8, 24))));
    assert_eq!(space.allocate(16), Ok(Some((1000, end))));
    assert_eq!(space.allocate(16), Ok(None));
}

#[test]
fn a_block_before_the_wilderness_joins_it() {
    let (_reservation, mut space) = free_list_space();
    let end = space.committed_end();
    put_object(space.region(), 24);
    space.return_unused(40, end).unwrap();
    space.free(8, 24).unwrap();
    space.check().unwrap();
    space.free(24, 40).unwrap();
    assert_eq!(space.wilderness(), 24);
    let coalescings = space.coalescings();
    // No block is large enough before they are coalesced.
    assert_eq!(space.allocate(end - 8), Ok(Some((8, end))));
    assert_eq!(space.coalescings(), coalescings + 1);
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
