//! The root structures by themselves, near the end of their generations
//! (`roots.never-stale`).

use super::floors::WORN;
use super::handle::{MANUAL_BIT, RETIRED, SLOTS_MAX};
use super::scopes::ScopeRecord;
use super::slots::SlotArray;
use super::unroot_queue::{QueueNode, UnrootQueue};
use super::*;
use crate::base::work;
use crate::error::Error;
use crate::heap::{
    Budget, COMMIT_UNIT, CollectionKind, GcRef, LOOKUP, Liveness, Progress, Reservation, RootSlot,
    WeakTable,
};
use crate::types::tests::refusing_allocator::refusing;

fn object(number: u32) -> GcRef {
    GcRef::from_raw(number * 2)
}

fn parts(slot: u64) -> (u32, u32) {
    let handle = Handle { store_id: 1, slot };
    (handle.index(), handle.generation())
}

fn get(roots: &LifoRoots, slot: u64) -> Option<GcRef> {
    let (index, generation) = parts(slot);
    roots.get(index, generation)
}

#[test]
fn a_slot_that_has_issued_its_generations_is_retired() {
    let roots = LifoRoots::starting_at(RETIRED - 4);
    let mut stale = Vec::new();
    // Three generations are left in each slot: RETIRED - 3, -2, -1.
    for round in 0..30 {
        let slot = roots.push(object(round + 1)).unwrap();
        let (index, generation) = parts(slot);
        assert_eq!(index, round / 3);
        assert!(generation < RETIRED);
        assert_eq!(get(&roots, slot), Some(object(round + 1)));
        assert!(stale.iter().all(|&old| get(&roots, old).is_none()));
        roots.check().unwrap();
        roots.truncate(0);
        assert!(get(&roots, slot).is_none());
        stale.push(slot);
    }
    assert_eq!(roots.live(), 0);
}

#[test]
fn forged_handles_on_retired_slots_are_refused() {
    let roots = LifoRoots::starting_at(RETIRED - 2);
    for _ in 0..5 {
        roots.push(object(1)).unwrap();
        roots.truncate(0);
    }
    let live = roots.push(object(2)).unwrap();
    let (length, _) = parts(live);
    assert!(length >= 4, "slots before it are retired");
    for index in 0..length {
        for generation in [0, 1, RETIRED - 2, RETIRED - 1, RETIRED] {
            assert_eq!(roots.get(index, generation), None);
            assert!(!roots.set(index, generation, object(9)));
        }
    }
    assert_eq!(roots.live(), 1);
    // The sentinel, and beyond.
    assert_eq!(roots.get(64, RETIRED), None);
    assert_eq!(roots.get(SLOTS_MAX, RETIRED), None);
    roots.check().unwrap();
}

#[test]
fn a_run_of_retired_slots_is_one_jump_and_no_reference() {
    let roots = LifoRoots::starting_at(RETIRED - 2);
    for _ in 0..3000 {
        roots.push(object(1)).unwrap();
        roots.truncate(0);
    }
    let slot = roots.push(object(1)).unwrap();
    let (index, _) = parts(slot);
    assert_eq!(index, 3000);
    let span = roots.span();
    assert_eq!(span[0].reference.get() >> 1, 3000);
    let object_like =
        |slot: &&crate::heap::RootSlot| GcRef::from_raw(slot.reference.get()).is_object();
    assert_eq!(span.iter().filter(object_like).count(), 1);
    roots.check().unwrap();
}

#[test]
fn growth_keeps_generations_and_frees_the_old_sentinel_slot() {
    let roots = LifoRoots::starting_at(0);
    let first = roots.push(object(1)).unwrap();
    roots.truncate(0);
    // Far beyond the first capacity, so that several growths happen.
    let slots: Vec<_> = (1..=1000)
        .map(|number| roots.push(object(number)).unwrap())
        .collect();
    assert!(get(&roots, first).is_none());
    for (number, &slot) in (1..).zip(&slots) {
        assert_eq!(get(&roots, slot), Some(object(number)));
        assert_eq!(parts(slot).0, number - 1, "no slot was left out");
    }
    roots.check().unwrap();
    assert_eq!(roots.live_max(), 1000);
}

#[test]
fn growth_at_the_end_of_generations_revives_nothing() {
    let roots = LifoRoots::starting_at(RETIRED - 3);
    let mut stale = Vec::new();
    for round in 0..4 {
        let pushed: Vec<_> = (0..200)
            .map(|n| roots.push(object(n + 1)).unwrap())
            .collect();
        assert!(
            stale.iter().all(|&old| get(&roots, old).is_none()),
            "{round}"
        );
        for (n, &slot) in (0..).zip(&pushed) {
            assert_eq!(get(&roots, slot), Some(object(n + 1)));
        }
        roots.check().unwrap();
        roots.truncate(0);
        stale.extend(pushed);
    }
}

#[test]
fn a_push_below_the_length_retires_an_exhausted_slot() {
    // As an escape does: the slot that the new root would take has issued its
    // last generation to a root that is still alive.
    let roots = LifoRoots::starting_at(RETIRED - 2);
    let inner = roots.push(object(1)).unwrap();
    let escaped = roots.push_at(0, object(1)).unwrap();
    assert_eq!(parts(escaped).0, 1);
    assert_eq!(get(&roots, inner), None);
    assert_eq!(get(&roots, escaped), Some(object(1)));
    assert_eq!(roots.len(), 2);
    roots.check().unwrap();
}

#[test]
fn reserving_more_slots_than_handles_can_name_is_refused() {
    let roots = LifoRoots::starting_at(0);
    let refused = |count| matches!(roots.reserve(count), Err(Error::Limit { .. }));
    assert!(refused(u64::from(SLOTS_MAX) + 1));
    assert!(refused(u64::MAX));
    roots.reserve(10_000).unwrap();
    assert_eq!(roots.len(), 0);
    roots.check().unwrap();
}

#[test]
fn slots_of_tables_and_globals_are_told_apart() {
    assert_eq!(FreeListSlots::<MANUAL_BIT>::MAX, SLOTS_MAX);
    for max in [FreeListSlots::<TABLE>::MAX, FreeListSlots::<GLOBAL>::MAX] {
        for index in [0, 1, max - 1] {
            let handle = |kind| Handle {
                store_id: 1,
                slot: Handle::slot_word(1, index | kind),
            };
            assert_eq!(RecordSlots::<TABLE, ()>::index(handle(TABLE)), index);
            assert_eq!(RecordSlots::<GLOBAL, ()>::index(handle(GLOBAL)), index);
            for other in [0, MANUAL_BIT, GLOBAL] {
                assert!(RecordSlots::<TABLE, ()>::index(handle(other)) > max);
            }
            for other in [0, MANUAL_BIT, TABLE] {
                assert!(RecordSlots::<GLOBAL, ()>::index(handle(other)) > max);
            }
        }
    }
}

#[test]
fn a_slot_that_was_given_back_begins_at_the_floor_of_its_page() {
    let roots = LifoRoots::starting_at(0);
    let push = |count| {
        for _ in 0..count {
            roots.push(object(1)).unwrap();
        }
    };
    // The slots of the second page issue three generations, those of the third one.
    for length in [1000, 1000, 1500] {
        push(length);
        roots.truncate(0);
    }
    let live_max = roots.live_max();
    roots.give_back();
    roots.check().unwrap();
    assert_eq!(roots.live_max(), live_max);
    push(2000);
    let generation = |index| roots.span()[index as usize].generation.get();
    assert_eq!(
        [0, 511, 512, 1023, 1024, 1535, 1536].map(generation),
        [4, 4, 4, 4, 2, 2, 1]
    );
    assert_eq!(roots.live_max(), 2000);
    roots.check().unwrap();
}

#[test]
fn a_page_with_a_worn_slot_is_not_given_back() {
    let (given_back, kept) = (513 * 8 + 4 * 4, 2049 * 8);
    for (worn, bytes) in [(WORN, given_back), (WORN + 1, kept), (RETIRED - 1, kept)] {
        let roots = LifoRoots::starting_at(0);
        for _ in 0..2000 {
            roots.push(object(1)).unwrap();
        }
        roots.span()[1600].generation.set(worn);
        roots.truncate(0);
        roots.give_back();
        roots.check().unwrap();
        assert_eq!(roots.side_bytes(), bytes, "{worn}");
    }
}

#[test]
fn slots_that_cannot_be_given_back_keep_their_floors() {
    let roots = ManualRoots::starting_at(1, 0);
    for granted in 0..4 {
        let slots: Vec<_> = (0..2000)
            .map(|_| roots.create(object(1)).unwrap())
            .collect();
        let release = |slots: &[u64]| {
            let released = slots.iter().map(|&slot| parts(slot));
            released.for_each(|(index, generation)| assert!(roots.release(index, generation)));
        };
        release(&slots);
        refusing(granted, || roots.give_back());
        roots.check().unwrap();
        let new: Vec<_> = (0..2000)
            .map(|_| roots.create(object(2)).unwrap())
            .collect();
        for &slot in &slots {
            let (index, generation) = parts(slot);
            assert_eq!(roots.get(index, generation), None);
        }
        release(&new);
    }
}

#[test]
fn no_slot_is_made_beyond_what_handles_can_name() {
    let slots = SlotArray::new(0);
    slots.grow_to(100, 100).unwrap();
    assert_eq!(slots.capacity(), 100);
    let refused = slots.grow_to(101, 100);
    assert!(matches!(refused, Err(Error::Limit { limit: 100, .. })));
    slots.grow_to(101, 110).unwrap();
    assert_eq!(slots.capacity(), 110);
}

#[test]
fn a_record_belongs_to_its_slot() {
    let slots = RecordSlots::<TABLE, u32>::starting_at(0);
    let handle = |slot| Handle { store_id: 1, slot };
    let mut taken = Vec::new();
    for number in 0..1000 {
        slots.reserve(number).unwrap();
        taken.push(handle(slots.allocate(object(number + 1), number)));
    }
    for (number, &handle) in (0..).zip(&taken) {
        assert_eq!(slots.get(handle), Some((object(number + 1), number)));
    }
    slots.set(taken[7], object(5), 6);
    assert_eq!(slots.get(taken[7]), Some((object(5), 6)));
    for &handle in &taken[10..] {
        assert!(slots.release(handle));
        assert!(!slots.release(handle));
        assert_eq!(slots.get(handle), None);
    }
    assert_eq!(
        slots.trim_slots(&mut Budget::unlimited()),
        Progress::Complete
    );
    slots.trim_records(CollectionKind::Major, &mut Budget::unlimited());
    slots.check().unwrap();
    assert!(slots.span().len() < 1000);
    slots.reserve(0).unwrap();
    let again = handle(slots.allocate(object(1), 1));
    assert_eq!(slots.get(again), Some((object(1), 1)));
    assert_eq!(slots.get(taken[9]), Some((object(10), 9)));
    assert_eq!(slots.get(taken[10]), None);
    slots.check().unwrap();
}

#[test]
fn a_check_finds_records_without_their_objects() {
    let slots = RecordSlots::<GLOBAL, u32>::starting_at(0);
    for number in 0..3 {
        slots.reserve(number).unwrap();
        slots.allocate(object(number + 1), number);
    }
    slots.check().unwrap();
    for reference in [GcRef::NULL, GcRef::from_raw(7)] {
        let before = slots.span()[1].reference.replace(reference.raw());
        assert!(slots.check().is_err(), "no object");
        slots.span()[1].reference.set(before);
        slots.check().unwrap();
    }
    let before = slots.span()[2].generation.replace(2);
    assert!(slots.check().is_err(), "a slot less");
    slots.span()[2].generation.set(before);
    slots.check().unwrap();
}

#[test]
fn a_reservation_counts_neither_retired_nor_exhausted_slots() {
    let roots = LifoRoots::starting_at(RETIRED - 2);
    for _ in 0..10 {
        roots.push(object(1)).unwrap();
    }
    roots.truncate(0);
    roots.reserve(64).unwrap();
    let ready = (0..64).filter(|_| {
        // What a push finds without growing the array.
        let room = roots.push(object(1)).map(parts).unwrap().0;
        room < 10 + 64
    });
    assert_eq!(ready.count(), 64);
    roots.check().unwrap();
}

#[test]
fn the_most_roots_at_once_never_falls() {
    let (lifo, manual) = (
        LifoRoots::starting_at(RETIRED - 2),
        ManualRoots::starting_at(1, RETIRED - 3),
    );
    for count in [5, 3, 1, 7, 2] {
        let created: Vec<_> = (0..count)
            .map(|n| {
                lifo.push(object(n + 1)).unwrap();
                parts(manual.create(object(n + 1)).unwrap())
            })
            .collect();
        lifo.truncate(0);
        for (index, generation) in created {
            assert!(manual.release(index, generation));
        }
        let length = if count == 7 || count == 2 { 7 } else { 5 };
        assert_eq!(
            (lifo.live_max(), manual.live_max()),
            (length, length),
            "{count}"
        );
    }
}

#[test]
fn a_manual_slot_is_retired_at_its_last_generation() {
    let roots = ManualRoots::starting_at(1, RETIRED - 5);
    let mut stale = Vec::new();
    for round in 0..2000 {
        let slot = roots.create(object(round + 1)).unwrap();
        let (index, generation) = parts(slot);
        assert!(generation < RETIRED && generation % 2 == 1);
        assert_eq!(roots.get(index, generation), Some(object(round + 1)));
        assert!(roots.release(index, generation));
        assert!(!roots.release(index, generation));
        stale.push((index, generation));
        // What a free or retired slot's generation could be.
        for forged in [generation - 1, generation + 1, 0, RETIRED, RETIRED - 1] {
            assert_eq!(roots.get(index, forged), None);
            assert!(!roots.release(index, forged));
        }
    }
    assert!(stale.iter().all(|&(i, g)| roots.get(i, g).is_none()));
    assert_eq!(roots.live(), 0);
    assert_eq!(stale.iter().map(|&(i, _)| i).max(), Some(999));
    roots.check().unwrap();
}

#[test]
fn manual_roots_are_reused_newest_first_and_never_alias() {
    let roots = ManualRoots::starting_at(1, 0);
    let slots: Vec<_> = (1..=700)
        .map(|n| parts(roots.create(object(n)).unwrap()))
        .collect();
    roots.check().unwrap();
    for &(index, generation) in slots.iter().step_by(3) {
        assert!(roots.release(index, generation));
    }
    roots.check().unwrap();
    assert_eq!(roots.live_max(), 700);
    let again: Vec<_> = (0..234)
        .map(|n| parts(roots.create(object(1000 + n)).unwrap()))
        .collect();
    assert_eq!(roots.live(), 700);
    assert_eq!(roots.live_max(), 700);
    for (n, (index, generation)) in (1..).zip(slots) {
        let expected = if (n - 1) % 3 == 0 {
            None
        } else {
            Some(object(n))
        };
        assert_eq!(roots.get(index, generation), expected);
    }
    for (n, (index, generation)) in (0..).zip(again) {
        assert_eq!(roots.get(index, generation), Some(object(1000 + n)));
    }
    roots.check().unwrap();
}

#[test]
fn scopes_are_left_in_order_and_once() {
    let scopes = ScopeStack::new().unwrap();
    let serials: Vec<_> = (0..100)
        .map(|depth| scopes.enter(depth, 0).unwrap())
        .collect();
    scopes.check(100, 0).unwrap();
    assert!(scopes.exit(serials[98]).is_none());
    assert!(scopes.exit(0).is_none());
    assert_eq!(scopes.exit(serials[99]).unwrap().roots, 99);
    assert!(scopes.exit(serials[99]).is_none());
    assert!(scopes.unwind(serials[99]).is_none());
    assert!(scopes.unwind(u64::MAX).is_none());
    assert_eq!(scopes.unwind(serials[40]).unwrap().roots, 40);
    assert!(scopes.unwind(serials[60]).is_none());
    assert_eq!(scopes.innermost_serial(), serials[39]);
    scopes.check(40, 0).unwrap();
}

#[test]
fn a_callback_hides_the_scopes_outside_it() {
    // At every depth around the first capacity, so that the spare record is
    // the one that is used.
    for depth in 10..20 {
        let scopes = ScopeStack::new().unwrap();
        let outer: Vec<_> = (0..depth).map(|_| scopes.enter(1, 0).unwrap()).collect();
        scopes.enter_callback(2, 0);
        for &serial in outer.iter().chain(&[0, u64::MAX]) {
            assert!(scopes.exit(serial).is_none());
            assert!(scopes.unwind(serial).is_none());
        }
        let inner: Vec<_> = (0..depth).map(|_| scopes.enter(3, 0).unwrap()).collect();
        scopes.check(3, 0).unwrap();
        assert!(scopes.unwind(inner[depth / 2]).is_some());
        assert_eq!(scopes.exit_callback().roots, 2);
        for &serial in outer.iter().rev() {
            assert!(scopes.exit(serial).is_some());
        }
        scopes.check(3, 0).unwrap();
    }
}

#[test]
fn giving_back_scopes_leaves_room_for_a_few_more() {
    for open in [0, 12, 13, 14, 500, 996, 997, 998, 999] {
        let scopes = ScopeStack::new().unwrap();
        let serials: Vec<_> = (0..999)
            .map(|depth| scopes.enter(depth, 0).unwrap())
            .collect();
        for &serial in serials[open..].iter().rev() {
            assert!(scopes.exit(serial).is_some());
        }
        let bytes = scopes.side_bytes();
        scopes.give_back();
        scopes.check(999, 0).unwrap();
        let kept = (open as u64 + 3).max(16) * size_of::<ScopeRecord>() as u64;
        assert_eq!(scopes.side_bytes(), kept.min(bytes), "{open}");
        // The next scope needs no memory, and those before are still open.
        let (entered, refused) = refusing(0, || scopes.enter_fast(999, 0));
        assert!(entered.is_some() && !refused);
        let again: Vec<_> = (0..1000).map(|_| scopes.enter(999, 0).unwrap()).collect();
        for &serial in again.iter().rev() {
            assert!(scopes.exit(serial).is_some());
        }
        assert!(scopes.exit(entered.unwrap()).is_some());
        for (depth, &serial) in serials[..open].iter().enumerate().rev() {
            assert_eq!(scopes.exit(serial).unwrap().roots, depth as u32);
        }
        scopes.check(0, 0).unwrap();
    }
}

#[test]
fn giving_back_records_keeps_those_of_slots_in_use() {
    let slots = RecordSlots::<TABLE, u32>::starting_at(0);
    let handle = |slot| Handle { store_id: 1, slot };
    let taken: Vec<_> = (0..2000)
        .map(|number| {
            slots.reserve(number).unwrap();
            handle(slots.allocate(object(number + 1), number))
        })
        .collect();
    for &handle in &taken[100..] {
        assert!(slots.release(handle));
    }
    let before = slots.side_bytes();
    slots.give_back();
    slots.check().unwrap();
    // Of 2048 slots of 8 bytes a page is left, and of 2048 records of 4 bytes 100.
    assert_eq!(
        before - slots.side_bytes(),
        (2048 - 512) * 8 - 4 * 4 + (2048 - 100) * 4
    );
    for (number, &handle) in (0..).zip(&taken) {
        let expected = (number < 100).then_some((object(number + 1), number));
        assert_eq!(slots.get(handle), expected);
    }
    for number in 0..2000 {
        slots.reserve(number).unwrap();
        let handle = handle(slots.allocate(object(number + 1), number));
        assert_eq!(slots.get(handle), Some((object(number + 1), number)));
    }
    slots.check().unwrap();
}

#[test]
fn trimmed_slots_keep_their_generations() {
    let roots = ManualRoots::starting_at(1, RETIRED - 5);
    let mut stale = Vec::new();
    // Each slot issues two generations and is retired then.
    for round in 0..5 {
        let slots: Vec<_> = (1..=2000)
            .map(|n| parts(roots.create(object(n)).unwrap()))
            .collect();
        assert!(stale.iter().all(|&(i, g)| roots.get(i, g).is_none()));
        for &(index, generation) in &slots {
            assert!(roots.release(index, generation), "{round}");
        }
        let scanned = roots.span().len();
        // Each step does something.
        let steps = (1..).find(|_| roots.trim(&mut Budget::of(0)) == Progress::Complete);
        assert!(steps.unwrap() >= 2000);
        assert!(roots.span().len() < scanned);
        roots.check().unwrap();
        assert!(slots.iter().all(|&(i, g)| roots.get(i, g).is_none()));
        stale.extend(slots);
    }
    assert_eq!(roots.live_max(), 2000);
}

#[test]
fn free_slots_are_trimmed_if_they_are_most_and_more_than_256() {
    // With room for `slots` slots, of which the first `live` are in use.
    for (live, slots, is_trimmed) in [
        (0, 256, false),
        (0, 512, true),
        (255, 512, true),
        (256, 512, false),
        (1023, 2048, true),
        (1024, 2048, true),
        (1025, 2048, false),
    ] {
        let roots = ManualRoots::starting_at(1, 0);
        let made: Vec<_> = (0..slots)
            .map(|n| parts(roots.create(object(n + 1)).unwrap()))
            .collect();
        for &(index, generation) in &made[live..] {
            assert!(roots.release(index, generation));
        }
        assert_eq!(roots.span().len() as u32, slots);
        assert_eq!(
            roots.trim(&mut Budget::unlimited()),
            Progress::Complete,
            "{live}"
        );
        let left = if is_trimmed { live } else { made.len() };
        assert_eq!(roots.span().len(), left, "{live} of {slots}");
        roots.check().unwrap();
    }
}

#[test]
fn giving_back_keeps_the_slots_up_to_the_last_one_in_use() {
    // The last root in use has the first, or the third generation of its slot.
    for uses in [1, 2] {
        for last in [0, 1, 511, 512, 700] {
            let roots = ManualRoots::starting_at(1, 0);
            let create = || -> Vec<_> {
                let slots = (0..2000).map(|n| roots.create(object(n + 1)).unwrap());
                slots.map(parts).collect()
            };
            let release = |roots_of: &[(u32, u32)]| {
                let released = roots_of.iter().rev();
                released.for_each(|&(i, g)| assert!(roots.release(i, g)));
            };
            for _ in 1..uses {
                release(&create());
            }
            let made = create();
            let slot = |index: usize| made[index].0 & !MANUAL_BIT;
            assert!((0..2000).all(|index| slot(index) == index as u32));
            release(&made[..last]);
            release(&made[last + 1..]);
            roots.give_back();
            roots.check().unwrap();
            assert_eq!(roots.span().len(), last + 1);
            let (index, generation) = made[last];
            assert_eq!(generation, 2 * uses - 1);
            assert_eq!(roots.get(index, generation), Some(object(last as u32 + 1)));
            let slots = (last as u64 + 1).next_multiple_of(512);
            // The first page is released if the last root is in the second one.
            let links = 4 * (last as u64 / 512);
            let (bytes_of_slots, bytes_of_floors) = (8 * (slots + 1), 4 * 4 + links);
            assert_eq!(
                roots.side_bytes(),
                bytes_of_slots + bytes_of_floors + 8 * slots
            );
        }
    }
}

#[test]
fn roots_grow_while_many_are_queued() {
    // Slots that are used once, so that ending a root makes no room for another.
    let roots = ManualRoots::starting_at(1, RETIRED - 3);
    let slots: Vec<_> = (1..=64).map(|n| roots.create(object(n)).unwrap()).collect();
    for slot in slots {
        roots.unroot_later(Handle { store_id: 1, slot });
    }
    roots.create(object(65)).unwrap();
    assert_eq!(roots.live(), 1, "all that were queued have ended");
    assert_eq!(roots.stale_unroots(), 0);
    roots.check().unwrap();
}

#[test]
fn roots_grow_while_many_stale_ones_are_queued() {
    let roots = ManualRoots::starting_at(1, RETIRED - 3);
    let slots: Vec<_> = (1..=64).map(|n| roots.create(object(n)).unwrap()).collect();
    for &slot in &slots {
        roots.unroot_later(Handle { store_id: 1, slot });
    }
    for &slot in &slots {
        let (index, generation) = parts(slot);
        assert!(roots.release(index, generation));
    }
    // All slots are retired, so that the next root needs new ones.
    let kept = roots.create(object(65)).unwrap();
    assert_eq!((roots.live(), roots.stale_unroots()), (1, 64));
    let (index, generation) = parts(kept);
    assert_eq!(roots.get(index, generation), Some(object(65)));
    roots.check().unwrap();
}

#[test]
fn a_forged_handle_beyond_the_slots_is_stale_also_after_little_memory() {
    let roots = ManualRoots::starting_at(1, 0);
    for number in 1..=64 {
        roots.create(object(number)).unwrap();
    }
    // The doubled array of slots is refused, so that there is one more slot only.
    let (made, refused) = refusing(0, || roots.create(object(65)));
    assert!(made.is_ok() && refused);
    for index in 60..200 {
        let slot = Handle::slot_word(1, index | MANUAL_BIT);
        roots.unroot_later(Handle { store_id: 1, slot });
    }
    roots.unroot_queued();
    assert_eq!((roots.live(), roots.stale_unroots()), (60, 135));
    roots.check().unwrap();
}

/// The slot of a root, to be overwritten.
fn slot_of(span: &[RootSlot], slot: u64) -> &RootSlot {
    &span[(parts(slot).0 & !MANUAL_BIT) as usize]
}

#[test]
fn a_check_finds_scopes_out_of_order() {
    let scopes = ScopeStack::new().unwrap();
    scopes.enter(5, 2).unwrap();
    scopes.check(5, 2).unwrap();
    assert!(scopes.check(4, 2).is_err());
    assert!(scopes.check(5, 1).is_err());
    scopes.enter(6, 3).unwrap();
    scopes.check(6, 3).unwrap();
    scopes.enter_callback(5, 3);
    assert!(scopes.check(9, 9).is_err(), "fewer roots than outside");
    scopes.exit_callback();
    scopes.enter_callback(6, 2);
    assert!(scopes.check(9, 9).is_err(), "fewer spans than outside");
    scopes.exit_callback();
    scopes.check(6, 3).unwrap();
    for depth in 0..100 {
        scopes.enter_callback(6, 3);
        let is_sound = scopes.check(6, 3).is_ok();
        if !is_sound {
            // The records end here: more callbacks than may take the spare one.
            assert!(depth >= 12);
            return;
        }
        scopes.exit_callback();
        scopes.enter(6, 3).unwrap();
    }
}

#[test]
fn a_check_finds_overwritten_scoped_slots() {
    let roots = LifoRoots::starting_at(RETIRED - 3);
    let spoilt = |index: usize, generation: u32, reference: u32| {
        let slot = &roots.span()[index];
        let before = (slot.generation.get(), slot.reference.get());
        slot.generation.set(generation);
        slot.reference.set(reference);
        let found = roots.check().is_err();
        slot.generation.set(before.0);
        slot.reference.set(before.1);
        roots.check().unwrap();
        found
    };
    // The first slot is retired, the others have roots.
    for number in 1..=2 {
        roots.push(object(number)).unwrap();
        roots.truncate(0);
    }
    for number in 1..=10 {
        roots.push(object(number)).unwrap();
    }
    let retired = roots.span()[0].reference.get();
    assert_eq!(roots.span()[0].generation.get(), RETIRED);
    assert!(spoilt(0, RETIRED, retired + 1), "no jump");
    assert!(spoilt(0, RETIRED, 1), "a jump to itself");
    assert!(spoilt(0, RETIRED, u32::MAX), "a jump beyond the slots");
    assert!(spoilt(0, RETIRED - 1, retired), "a retired slot less");
    assert!(spoilt(3, RETIRED, 3), "a retired slot more");
    assert!(spoilt(3, RETIRED - 3, 8), "a slot that was never used");
    let all = (roots.span().len()..=64).map(|at| at as u32 * 2 + 1);
    assert!(all.into_iter().all(|jump| !spoilt(0, RETIRED, jump)));
}

#[test]
fn a_check_finds_a_slot_below_its_floor_and_a_lost_sentinel() {
    let slots = SlotArray::new(5);
    slots.check(|_| false).unwrap();
    slots.grow_to(1000, SLOTS_MAX).unwrap();
    slots.check(|_| false).unwrap();
    let spoilt = |index: u32, generation: u32, reference: u32| {
        let slot = slots.slot(index);
        let (old_generation, old_reference) = (
            slot.generation.replace(generation),
            slot.reference.replace(reference),
        );
        let found = slots.check(|_| false).is_err();
        slot.generation.set(old_generation);
        slot.reference.set(old_reference);
        slots.check(|_| false).unwrap();
        found
    };
    for index in [0, 511, 512, slots.capacity() - 1] {
        assert!(spoilt(index, 4, 0), "{index} below its floor");
        assert!(!spoilt(index, 5, 8));
    }
    assert!(
        spoilt(slots.capacity(), RETIRED - 1, 0),
        "another generation"
    );
    assert!(spoilt(slots.capacity(), RETIRED, 8), "a reference");
}

#[test]
fn weak_handles_tell_the_references_of_all() {
    let handles = WeakHandles::starting_at(0);
    let references = [object(1), GcRef::NULL, GcRef::from_raw(7), object(2)];
    let slots = references.map(|reference| parts(handles.create(reference).unwrap()));
    assert!(handles.references().eq(references));
    let (index, generation) = slots[2];
    assert!(handles.release(index, generation));
    assert!(handles.references().eq([object(1), GcRef::NULL, object(2)]));
}

#[test]
fn a_check_finds_overwritten_weak_slots() {
    let handles = WeakHandles::starting_at(0);
    let (index, generation) = parts(handles.create(object(1)).unwrap());
    handles.check().unwrap();
    let slot = &handles.slots.span()[index as usize];
    slot.generation.set(generation + 1);
    assert!(handles.check().is_err(), "a handle less");
    slot.generation.set(generation);
    handles.check().unwrap();
}

#[test]
fn a_check_finds_a_queue_that_is_not_that_of_its_nodes() {
    let nodes = || -> Vec<_> { (0..4).map(|_| QueueNode::default()).collect() };
    let (queue, queued) = (UnrootQueue::new(), nodes());
    for index in [1, 3] {
        queue.push(&queued, index, 1);
    }
    assert_eq!(queue.check(&queued), Ok(()));
    assert_eq!(queue.check(&nodes()), Err(3), "an entry that is not queued");
    assert_eq!(queue.check(&queued[..3]), Err(3), "an entry without a node");
    assert_eq!(UnrootQueue::new().check(&queued), Err(0), "lost entries");
}

#[test]
fn the_work_on_slots_is_what_budgets_pay_for() {
    let roots = ManualRoots::starting_at(1, 0);
    let slots: Vec<_> = (0..2048)
        .map(|n| roots.create(object(n + 1)).unwrap())
        .collect();
    for &slot in &slots[10..] {
        roots.unroot_later(Handle { store_id: 1, slot });
    }
    roots.take_queued();
    // At least one entry in each step, and no more than the budget pays for.
    work::take();
    let mut steps = 0;
    while roots.unroot_taken(&mut Budget::of(10 * LOOKUP)) == Progress::Continue {
        steps += 1;
        assert_eq!(work::take(), 10 * LOOKUP);
        assert_eq!(roots.live(), 2048 - 10 * steps);
    }
    assert_eq!((roots.live(), work::take()), (10, 8 * LOOKUP));
    // Each slot is looked at, and the first ten are linked again at twice the cost.
    assert_eq!(roots.trim(&mut Budget::unlimited()), Progress::Complete);
    assert_eq!(work::take(), 2048 + 2 * 10);

    let handles = WeakHandles::starting_at(0);
    for _ in 0..256 {
        handles.create(GcRef::NULL).unwrap();
    }
    let reservation = Reservation::new(COMMIT_UNIT).unwrap();
    let region = reservation.region(0, COMMIT_UNIT);
    let liveness = Liveness::InPlace {
        space: region.view(),
        alive: |_| true,
    };
    let mut steps = 0;
    loop {
        steps += 1;
        let progress = (&handles).sweep(&liveness, &mut Budget::of(16 * LOOKUP));
        assert_eq!(work::take(), 16 * LOOKUP);
        if progress.unwrap() == Progress::Complete {
            break;
        }
    }
    assert_eq!(steps, 16);
}

#[test]
fn a_check_finds_overwritten_manual_slots() {
    let roots = ManualRoots::starting_at(1, RETIRED - 5);
    let words: Vec<_> = (1..=10).map(|n| roots.create(object(n)).unwrap()).collect();
    for &word in &words[..5] {
        let (index, generation) = parts(word);
        assert!(roots.release(index, generation));
    }
    let spoilt = |word: u64, generation: u32, reference: u32| {
        let slot = slot_of(roots.span(), word);
        let before = (slot.generation.get(), slot.reference.get());
        slot.generation.set(generation);
        slot.reference.set(reference);
        let found = roots.check().is_err();
        slot.generation.set(before.0);
        slot.reference.set(before.1);
        roots.check().unwrap();
        found
    };
    let free = slot_of(roots.span(), words[4]);
    let (generation, link) = (free.generation.get(), free.reference.get());
    assert!(spoilt(words[4], generation + 1, link), "a root more");
    assert!(spoilt(words[7], parts(words[7]).1 + 1, 3), "a root less");
    assert!(spoilt(words[4], generation, link - 1), "no link");
    let own = parts(words[4]).0 & !MANUAL_BIT;
    assert!(spoilt(words[4], generation, own << 1 | 1), "a circle");
    let used = parts(words[7]).0 & !MANUAL_BIT;
    assert!(
        spoilt(words[4], generation, used << 1 | 1),
        "a link to a root"
    );
    assert!(
        spoilt(words[4], generation, 5000 << 1 | 1),
        "a link beyond the slots"
    );
    assert!(
        spoilt(words[0], generation, (u32::MAX >> 1) << 1 | 1),
        "a cut list"
    );
    assert!(spoilt(words[0], RETIRED - 1, 0), "a retired slot more");
}

/// Makes `count` roots; returns the indices and generations of their handles.
fn create_many(roots: &ManualRoots, count: u32) -> Vec<(u32, u32)> {
    let slots = (1..=count).map(|n| parts(roots.create(object(n)).unwrap()));
    slots.collect()
}

fn release_all_but(roots: &ManualRoots, made: &[(u32, u32)], kept: &[usize]) {
    for (number, &(index, generation)) in made.iter().enumerate() {
        if !kept.contains(&number) {
            assert!(roots.release(index, generation));
        }
    }
}

#[test]
fn released_pages_are_used_again_from_their_floor() {
    let roots = ManualRoots::starting_at(1, 0);
    let mut stale = Vec::new();
    let mut kept = Vec::new();
    for round in 0..4 {
        let made = create_many(&roots, 5000);
        assert!(stale.iter().all(|&(i, g)| roots.get(i, g).is_none()));
        assert!(stale.iter().all(|&(i, g)| !roots.release(i, g)));
        for (number, &(index, generation)) in (1..).zip(&made) {
            assert_eq!(roots.get(index, generation), Some(object(number)));
        }
        roots.check().unwrap();
        release_all_but(&roots, &made, &[1500, 4999]);
        roots.give_back();
        roots.check().unwrap();
        let zeros = |slot: &&RootSlot| slot.generation.get() == 0;
        let released = roots.span().iter().filter(zeros).count();
        assert!(released >= 4 * 512, "{round}: {released}");
        kept.extend([made[1500], made[4999]].map(|(i, g)| (i, g)));
        assert!(kept.iter().all(|&(i, g)| roots.get(i, g).is_some()));
        let is_stale = |&(i, g): &(u32, u32)| roots.get(i, g).is_none();
        stale.extend(made.into_iter().filter(is_stale));
        // A forged handle of a zeroed slot.
        for index in 0..5000 {
            assert!(
                !roots
                    .get_or_odd(index, 0)
                    .is_some_and(|ref_| ref_.is_object())
            );
        }
    }
    assert_eq!(roots.live_max(), 5006);
}

#[test]
fn the_greatest_number_is_known_after_pages_were_released_and_reused() {
    let mut random = 1_u64;
    let mut next = move |below: u64| {
        random = random.wrapping_mul(6364136223846793005).wrapping_add(1);
        (random >> 33) % below
    };
    for _ in 0..20 {
        let roots = ManualRoots::starting_at(1, 0);
        let (mut live, mut stale) = (Vec::new(), Vec::new());
        let mut most = 0;
        for _ in 0..60 {
            match next(5) {
                0 | 1 => live.extend(create_many(&roots, next(3000) as u32)),
                2 | 3 => {
                    // Those of a range, all but every hundredth.
                    let first = next(live.len() as u64 + 1) as usize;
                    let end = first + next((live.len() - first) as u64 + 1) as usize;
                    let ended = |n: usize| (first..end).contains(&n) && !n.is_multiple_of(100);
                    for (n, &(index, generation)) in live.iter().enumerate() {
                        if ended(n) {
                            assert!(roots.release(index, generation));
                            stale.push((index, generation));
                        }
                    }
                    let mut n = 0..;
                    live.retain(|_| !ended(n.next().unwrap()));
                }
                _ => match next(2) {
                    0 => roots.give_back(),
                    _ => while roots.trim(&mut Budget::of(1000)) == Progress::Continue {},
                },
            }
            most = most.max(live.len());
            roots.check().unwrap();
            assert_eq!(roots.live_max() as usize, most);
            assert_eq!(roots.live() as usize, live.len());
            assert!(live.iter().all(|&(i, g)| roots.get(i, g).is_some()));
            assert!(stale.iter().all(|&(i, g)| roots.get(i, g).is_none()));
        }
    }
}

#[test]
fn pages_are_reused_before_the_array_grows() {
    let roots = ManualRoots::starting_at(1, 0);
    let made = create_many(&roots, 1 << 13);
    release_all_but(&roots, &made, &[(1 << 13) - 1]);
    roots.give_back();
    let bytes = roots.side_bytes();
    create_many(&roots, (1 << 13) - 1);
    roots.check().unwrap();
    assert_eq!(roots.side_bytes(), bytes);
    create_many(&roots, 1);
    assert!(roots.side_bytes() > bytes);
    roots.check().unwrap();
}

#[test]
fn a_page_with_a_worn_slot_is_not_released() {
    for (worn, released) in [(WORN - 1, 512), (WORN + 1, 0), (RETIRED - 1, 0)] {
        let roots = ManualRoots::starting_at(1, 0);
        let made = create_many(&roots, 1024);
        // The use of a slot that leads to the generation.
        let slot = &roots.span()[100];
        slot.generation.set(worn - 1);
        let worn_root = (made[100].0, worn - 1);
        assert!(roots.release(worn_root.0, worn_root.1));
        release_all_but(&roots, &made, &[100, 1023]);
        roots.give_back();
        roots.check().unwrap();
        let zeros = roots
            .span()
            .iter()
            .filter(|slot| slot.generation.get() == 0);
        assert_eq!(zeros.count(), released, "{worn}");
        create_many(&roots, 1500);
        roots.check().unwrap();
        assert_eq!(roots.get(worn_root.0, worn_root.1), None);
    }
}

#[test]
fn pages_that_cannot_be_released_stay_on_the_free_list() {
    for granted in 0..5 {
        let roots = ManualRoots::starting_at(1, 0);
        let made = create_many(&roots, 5000);
        release_all_but(&roots, &made, &[0, 3000]);
        refusing(granted, || roots.give_back());
        roots.check().unwrap();
        create_many(&roots, 6000);
        roots.check().unwrap();
        let stale = |(number, &(i, g))| number == 0 || number == 3000 || roots.get(i, g).is_none();
        assert!(made.iter().enumerate().all(stale));
    }
}
