//! Tests of the block space without a collector.

use super::record::{LINES, LineUse};
use super::*;
use crate::base::hashing::mix;
use crate::heap::mutator::Mutator;
use crate::heap::{Budget, LayoutTable};

/// A space of 100 blocks, of which `blocks` are committed.
fn with_space(blocks: u64, test: impl FnOnce(&mut BlockSpace)) {
    let limit = BlockSpace::limit_for(100 * BLOCK_BYTES, 0);
    let reservation = Reservation::new(BlockSpace::reserved_bytes(limit, 0)).unwrap();
    test(&mut BlockSpace::new(&reservation, (limit, 0), blocks * BLOCK_BYTES).unwrap());
}

fn check(space: &BlockSpace) {
    // The check walks over blocks with objects, and there are no objects.
    space.check_tables().unwrap();
}

#[test]
fn blocks_and_runs_are_taken_and_freed() {
    with_space(64, |space| {
        let mut used: Vec<(usize, usize)> = Vec::new();
        for step in 0..5000_u64 {
            let count = mix(step) as usize % 9;
            match mix(step + 7) % 3 {
                0 => {
                    if let Some(hole) = space.take_block() {
                        used.push((space.block_of(hole.start), 1));
                    }
                }
                1 if count > 0 => {
                    if let Some(first) = space.acquire_run(count) {
                        used.push((first, count));
                    }
                }
                _ if !used.is_empty() => {
                    let index = mix(step + 3) as usize % used.len();
                    let (first, count) = used.swap_remove(index);
                    assert_eq!(space.release(first, false).unwrap(), count);
                }
                _ => {}
            }
            let taken: usize = used.iter().map(|&(_, count)| count).sum();
            assert_eq!(space.free_blocks() + taken, space.blocks());
            check(space);
        }
        let mut blocks: Vec<usize> = used.iter().flat_map(|&(f, n)| f..f + n).collect();
        blocks.sort_unstable();
        assert!(
            blocks.windows(2).all(|pair| pair[0] < pair[1]),
            "no block is used twice"
        );
    });
}

#[test]
fn a_fortieth_of_the_blocks_is_kept_for_evacuation() {
    with_space(80, |space| {
        let mut taken = 0;
        while space.take_block().is_some() {
            taken += 1;
        }
        assert_eq!((taken, space.free_blocks()), (78, 2));
        assert!(!space.has_run(1));
        assert!(space.acquire_target().is_some() && space.acquire_target().is_some());
        assert!(space.acquire_target().is_none());
    });
}

#[test]
fn holes_are_the_runs_of_free_lines() {
    with_space(4, |space| {
        space.begin_cycle();
        let block = space.acquire().unwrap();
        let record = &space.records()[block];
        for round in 0..200_u64 {
            space.forget_new();
            space.begin_marks(block, false);
            let live: Vec<bool> = (0..LINES as u64)
                .map(|line| mix(round << 32 | line) % 5 < 1 + round % 4)
                .collect();
            for (line, _) in live.iter().enumerate().filter(|(_, live)| **live) {
                let into = line as u64 * LINE_BYTES;
                record.mark_lines(into, into + 16);
                space.marks()[block].set(into);
            }
            space.sweep_for_tests(block);
            let mut found = vec![true; LINES];
            while let Some(hole) = space.take_hole() {
                let first = (hole.start - space.start_of(block)) / LINE_BYTES;
                for line in first..first + hole.bytes() / LINE_BYTES {
                    found[line as usize] = false;
                }
                let after = first + hole.bytes() / LINE_BYTES;
                assert!(after == LINES as u64 || record.is_live_at(after * LINE_BYTES));
                assert!(record.is_start(hole.start - space.start_of(block)));
            }
            assert_eq!(found, live);
            assert!(!space.has_hole_of(LINE_BYTES) && record.free_lines() == 0);
            check(space);
        }
    });
}

#[test]
fn a_hole_of_several_lines_leaves_smaller_ones_alone() {
    with_space(4, |space| {
        space.begin_cycle();
        let block = space.acquire().unwrap();
        let record = &space.records()[block];
        space.begin_marks(block, false);
        for line in [1, 3, 6, 255] {
            record.mark_lines(line * LINE_BYTES, line * LINE_BYTES + 16);
            space.marks()[block].set(line * LINE_BYTES);
        }
        space.sweep_for_tests(block);
        let hole = space.take_any_hole_of(2 * LINE_BYTES).unwrap();
        assert_eq!(hole.start, space.start_of(block) + 4 * LINE_BYTES);
        assert_eq!(hole.bytes(), 2 * LINE_BYTES);
        assert_eq!(record.line_at(0), LineUse::Free);
        assert_eq!(record.line_at(4 * LINE_BYTES), LineUse::New);
        let next = space.take_hole().unwrap();
        assert_eq!(
            (next.start, next.bytes()),
            (space.start_of(block), LINE_BYTES)
        );
        check(space);
    });
}

#[test]
fn objects_over_several_lines_mark_all_of_them() {
    with_space(4, |space| {
        space.begin_cycle();
        let block = space.acquire().unwrap();
        let record = &space.records()[block];
        space.begin_marks(block, false);
        record.mark_lines(3 * LINE_BYTES - 8, 5 * LINE_BYTES + 8);
        space.sweep_for_tests(block);
        let marked = (0..LINES as u64).filter(|line| record.is_live_at(line * LINE_BYTES));
        assert!(marked.eq(2..=5));
    });
}

#[test]
fn gray_objects_are_taken_once_each() {
    with_space(4, |space| {
        let take = |_| space.block_of(space.take_block().unwrap().start);
        let blocks = [0, 1].map(take);
        let mut gray: Vec<u64> = (0..500)
            .map(|number| space.start_of(blocks[number % 2]) + mix(number as u64) % 4096 * 8)
            .collect();
        gray.iter().for_each(|&offset| space.set_gray(offset));
        gray.sort_unstable();
        gray.dedup();
        let mut taken = Vec::new();
        let mut turns = 0;
        loop {
            let mut room = turns % 5;
            let first = space.take_gray(|offset| {
                let has_room = room > 0;
                if has_room {
                    room -= 1;
                    taken.push(offset);
                }
                has_room
            });
            let Some(first) = first else { break };
            taken.push(first);
            turns += 1;
        }
        taken.sort_unstable();
        assert_eq!(taken, gray);
        check(space);
    });
}

#[test]
fn memory_at_the_end_goes_back_and_comes_again() {
    with_space(40, |space| {
        let first = space.acquire().unwrap();
        let run = space.acquire_run(20).unwrap();
        space.release(run, false).unwrap();
        space.decommit_towards(0, &mut Budget::unlimited());
        assert_eq!(space.blocks(), 40, "what was committed at first stays");
        let wanted = space.after_growth(60, 0).unwrap();
        space.commit(wanted).unwrap();
        assert!(space.has_run(60));
        assert!(space.after_growth(101, 0).is_none());
        let far = space.acquire_run(space.blocks() - 1).unwrap();
        space.release(far, false).unwrap();
        space.decommit_towards(0, &mut Budget::unlimited());
        assert_eq!((space.blocks(), space.free_blocks()), (40, 39));
        space.release(first, false).unwrap();
        space.reset(true);
        assert_eq!((space.free_blocks(), space.used_end()), (40, 0));
        check(space);
    });
}

#[test]
fn an_empty_space_has_no_objects() {
    with_space(4, |space| {
        let (mutator, layouts) = (Mutator::new(), LayoutTable::new());
        space.check(&mutator, &layouts).unwrap();
        let start = space.start();
        assert!(!space.is_object(start, &mutator, &layouts).unwrap());
        assert!(!space.may_start_at(start) && !space.may_start_at(0));
        assert!(space.check_may_hold(start).is_err());
    });
}

/// The lines that the objects at these places, in bytes from the block's start, have.
fn lines_of(objects: &[(u64, u64)]) -> Vec<bool> {
    let mut lines = vec![false; LINES];
    for &(into, bytes) in objects {
        let last = (into + bytes - 1) / LINE_BYTES;
        (into / LINE_BYTES..=last).for_each(|line| lines[line as usize] = true);
    }
    lines
}

#[test]
fn a_line_is_free_when_the_last_of_its_objects_is_released() {
    for seed in 0..20_u64 {
        with_space(4, |space| {
            let block = space.block_of(space.take_block().unwrap().start);
            let start = space.start_of(block);
            assert_eq!(space.young_block(0), Some(block));
            assert_eq!(space.young_lines(block, 0), Some(0..LINES));
            let mut objects = Vec::new();
            let mut into = 0;
            while into < BLOCK_BYTES {
                let bytes = (16 + 8 * (mix(seed ^ into) % 60)).min(BLOCK_BYTES - into);
                if !mix(seed + into).is_multiple_of(3) {
                    space.keep(start + into, bytes);
                    objects.push((into, bytes));
                } else {
                    // It died before the walk came to it.
                    space.release_object(start + into, bytes).unwrap();
                }
                into += bytes;
            }
            space.end_young(block).unwrap();
            while let Some(left) = objects.len().checked_sub(1) {
                let record = &space.records()[block];
                let lines = lines_of(&objects);
                let are_live = (0..LINES as u64).map(|line| record.is_live_at(line * LINE_BYTES));
                assert!(
                    are_live.eq(lines.iter().copied()),
                    "seed {seed}, {left} left"
                );
                assert_eq!(space.has_hole_of(LINE_BYTES), lines.contains(&false));
                check(space);
                let (into, bytes) =
                    objects.swap_remove(mix(seed + left as u64) as usize % (left + 1));
                space.release_object(start + into, bytes).unwrap();
            }
            assert_eq!(space.free_blocks(), space.blocks());
            check(space);
        });
    }
}

#[test]
fn an_object_that_no_line_counts_is_not_released() {
    with_space(4, |space| {
        let hole = space.take_block().unwrap();
        let block = space.block_of(hole.start);
        space.young_lines(block, 0);
        space.keep(hole.start, 64);
        space.end_young(block).unwrap();
        assert!(
            space.release_object(hole.start, 72).is_err(),
            "more than is alive"
        );
        assert!(
            space.release_object(hole.start + BLOCK_BYTES, 16).is_err(),
            "in a free block"
        );
    });
}

#[test]
fn what_is_released_in_a_live_line_is_a_gap_until_the_line_is_free() {
    with_space(4, |space| {
        let block = space.block_of(space.take_block().unwrap().start);
        let start = space.start_of(block);
        space.young_lines(block, 0);
        // Two objects in each of two lines, and one that lies in both.
        let objects = [(0, 64), (64, 128), (192, 64)];
        for (into, bytes) in objects {
            space.keep(start + into, bytes);
        }
        space.end_young(block).unwrap();
        space.use_gaps();
        space.release_object(start + 64, 128).unwrap();
        check(space);
        let gap = space.take_gap(120).unwrap();
        assert_eq!((gap.start, gap.bytes()), (start + 64, 120));
        space.keep(gap.start, 120);
        assert!(!space.has_gap(16), "8 bytes are left");
        space.release_object(gap.start, 120).unwrap();
        space.release_object(start, 64).unwrap();
        check(space);
        assert_eq!(space.take_gap(72), None, "the first line is free");
        assert_eq!(space.take_gap(64).map(|gap| gap.start), Some(start + 128));
    });
}

/// A space of at most 100 blocks with a slot of `slot` blocks, of which about `blocks` blocks are
/// committed.
fn with_nursery(slot: usize, blocks: u64, test: impl FnOnce(&mut BlockSpace)) {
    let limit = BlockSpace::limit_for(100 * BLOCK_BYTES, slot);
    let reservation = Reservation::new(BlockSpace::reserved_bytes(limit, slot)).unwrap();
    let initial = blocks * BLOCK_BYTES;
    test(&mut BlockSpace::new(&reservation, (limit, slot), initial).unwrap());
}

#[test]
fn there_is_room_to_promote_a_full_nursery() {
    with_nursery(8, 60, |space| {
        for round in 0..400_u64 {
            let blocks = space.nursery_that_fits(1 + (mix(round) % 8) as usize, u64::MAX);
            space.set_nursery_blocks(blocks);
            let free = space.free_blocks();
            let mut window = PromotionWindow::default();
            // Objects of awkward sizes fill each block of the nursery.
            for block in 0..blocks {
                let hole = space.take_nursery_block(block);
                assert_eq!(space.block_of(hole.start), block);
                let (mut left, mut step) = (hole.bytes(), round * 1000);
                while left >= 16 {
                    let most = [64, 2000, LARGEST_SMALL, BLOCK_BYTES][(mix(step) % 4) as usize];
                    let bytes = (16 + mix(step + 1) % most).min(left) / 8 * 8;
                    let at = space
                        .promote_into(&mut window, bytes)
                        .expect("a reserved block");
                    assert!(!space.is_in_slot(at));
                    let (into, block) = (at - space.start(), space.block_of(at));
                    space.records()[block].set_start(into % BLOCK_BYTES);
                    assert!(into % BLOCK_BYTES + bytes <= BLOCK_BYTES);
                    (left, step) = (left - bytes, step + 2);
                }
            }
            space.close_promotion(&mut window);
            space.empty_nursery(true);
            assert!(free - space.free_blocks() <= space.promotion_reserve());
            check(space);
            // Some of the blocks become free again.
            for block in space.first_old_block()..space.used_end() {
                let is_used = space.records()[block].state() == BlockState::Small;
                if is_used && !mix(round + block as u64).is_multiple_of(3) {
                    space.release(block, false).unwrap();
                }
            }
            check(space);
        }
    });
}

/// Two objects fill a block of the nursery, and neither fits into the lines that the other leaves.
#[test]
fn promotion_may_need_more_blocks_than_the_nursery_has() {
    const LARGE: u64 = BLOCK_BYTES / 2 + 1032;
    with_nursery(8, 60, |space| {
        space.set_nursery_blocks(8);
        let (free, mut window) = (space.free_blocks(), PromotionWindow::default());
        for bytes in [LARGE, BLOCK_BYTES - LARGE] {
            (0..8).for_each(|_| {
                let at = space.promote_into(&mut window, bytes).unwrap();
                let into = at - space.start();
                space.records()[space.block_of(at)].set_start(into % BLOCK_BYTES);
            });
        }
        space.close_promotion(&mut window);
        let used = free - space.free_blocks();
        assert!(
            used > 8 && used <= space.promotion_reserve(),
            "{used} blocks"
        );
        check(space);
    });
}

#[test]
fn a_nursery_counts_as_committed_and_stays_below_the_limit() {
    with_nursery(8, 40, |space| {
        let others = space.committed_bytes() - space.nursery_blocks() as u64 * BLOCK_BYTES;
        for blocks in [0, 1, 8] {
            space.set_nursery_blocks(blocks);
            assert_eq!(
                space.committed_bytes(),
                others + blocks as u64 * BLOCK_BYTES
            );
            assert!(space.spare_blocks() + space.promotion_reserve() <= space.free_blocks());
        }
        space.set_nursery_blocks(0);
        space.commit(space.limit_bytes()).unwrap();
        assert_eq!(space.nursery_that_fits(8, u64::MAX), 0, "all is committed");
        assert_eq!(space.committed_bytes(), space.limit_bytes());
    });
}

#[test]
fn a_reset_space_has_its_first_nursery() {
    with_nursery(8, 40, |space| {
        let (committed, first) = (space.committed_bytes(), space.nursery_blocks());
        assert_eq!(first, FIRST_NURSERY_BLOCKS);
        space.commit_for_nursery(8).unwrap();
        space.set_nursery_blocks(space.nursery_that_fits(8, u64::MAX));
        assert_eq!(space.nursery_blocks(), 8);
        (0..8).for_each(|block| {
            space.take_nursery_block(block);
        });
        space.reset(true);
        assert_eq!(space.nursery_blocks(), first);
        assert_eq!(space.committed_bytes(), committed);
        check(space);
    });
}
