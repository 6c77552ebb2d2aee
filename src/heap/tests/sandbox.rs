//! An overwritten heap (`heap.sandbox`).

use super::*;

/// Expects that a collection and a walk both find what `spoil` overwrites.
fn nonsense_is_found(spoil: impl Fn(&mut Fixture, GcRef)) {
    on_each_collector(|mut f| {
        let inner = f.new_array(f.references, 2, 4);
        let outer = f.new_pair(inner, GcRef::NULL, 1);
        f.root(outer);
        f.verify().unwrap();
        spoil(&mut f, inner);
        assert!(matches!(f.verify(), Err(Error::Internal { .. })));
        if let Some(outcome) = f.collect() {
            assert!(matches!(outcome, Err(Error::Internal { .. })));
        }
    });
}

#[test]
fn a_reference_far_outside_is_nonsense() {
    for raw in [u32::MAX - 1, 0x8000_0000, 0x0100_0000] {
        nonsense_is_found(|f, array| f.set(array, ARRAY_ELEMENTS, raw));
    }
}

#[test]
fn a_reference_to_unused_memory_is_nonsense() {
    nonsense_is_found(|f, array| {
        let unused = GcRef::from_offset(f.mutator.bump.next());
        f.set(array, ARRAY_ELEMENTS, unused.raw());
    });
}

#[test]
fn a_reference_into_the_middle_of_an_object_is_found_by_a_walk() {
    on_each_collector(|mut f| {
        let array = f.new_array(f.references, 2, 4);
        f.root(array);
        let middle = GcRef::from_offset(array.offset() + 8);
        f.set(array, ARRAY_ELEMENTS, middle.raw());
        assert!(matches!(f.verify(), Err(Error::Internal { .. })));
        // A collection takes the bits there for a header. No layout has it.
        let header = ObjectHeader::from_bits(f.get(array, ARRAY_LENGTH).into());
        assert!(f.layouts.measure_head(header, || 0).is_none());
        assert!(f.collect().is_none_or(|outcome| outcome.is_err()));
    });
}

#[test]
fn an_unknown_type_or_kind_is_nonsense() {
    nonsense_is_found(|f, array| f.set(array, 4, 77));
    nonsense_is_found(|f, array| f.set(array, 0, 0));
    nonsense_is_found(|f, array| f.set(array, 0, Kind::Struct as u32));
}

#[test]
fn an_array_longer_than_the_heap_is_nonsense() {
    for length in [u32::MAX, 0x1000_0000, 64] {
        nonsense_is_found(|f, array| f.set(array, ARRAY_LENGTH, length));
    }
}

#[test]
fn an_object_that_ends_behind_the_last_one_is_nonsense() {
    on_each_collector(|mut f| {
        let array = f.new_array(f.references, 2, 4);
        f.root(array);
        f.set(array, ARRAY_LENGTH, 1000);
        assert!(matches!(f.verify(), Err(Error::Internal { .. })));
        assert!(f.collect().is_none_or(|outcome| outcome.is_err()));
    });
}

#[test]
fn a_forged_forwarding_is_nonsense() {
    nonsense_is_found(|f, array| {
        let forged = ObjectHeader::forwarding(GcRef::from_offset(8 << 20)).bits();
        let region = f.heap.region();
        region.store_u64(array.offset(), forged).unwrap();
    });
}

/// References that no copy between `start` and `end` has: an `i31`; the last granule, behind
/// which there may be no memory; and the first granule behind the copies.
fn no_copies(start: u64, end: u64) -> [u32; 3] {
    [start / 4 + 1, (end - GRANULE) / 4, end / 4].map(|raw| raw as u32)
}

#[test]
fn a_forwarding_to_no_whole_object_is_nonsense() {
    for forged in 0..3 {
        on_each_collector(|mut f| {
            let pair = f.new_pair(GcRef::NULL, GcRef::NULL, 1);
            let spoiled = f.new_pair(GcRef::NULL, GcRef::NULL, 2);
            f.root(pair);
            f.root(spoiled);
            let start = f.heap.limit_bytes() / 2 + GRANULE;
            let raw = no_copies(start, start + PAIR_BYTES)[forged];
            let forged = ObjectHeader::forwarding(GcRef::from_raw(raw)).bits();
            let region = f.heap.region();
            region.store_u64(spoiled.offset(), forged).unwrap();
            assert!(f.collect().is_none_or(|outcome| outcome.is_err()));
        });
    }
}

#[test]
fn a_table_is_not_told_of_a_forwarding_to_no_whole_object() {
    let reservation = Reservation::new(16 << 10).unwrap();
    let mut from = reservation.region(0, 8 << 10);
    from.commit_to(4 << 10).unwrap();
    let (to_start, to_end) = (8 << 10, (8 << 10) + PAIR_BYTES);
    let liveness = Liveness::Moved {
        from: from.view().objects(0, 4 << 10),
        to_start,
        to_end,
    };
    let old = GcRef::from_offset(16);
    let told = |new| {
        let forwarding = ObjectHeader::forwarding(new).bits();
        from.store_u64(old.offset(), forwarding).unwrap();
        liveness.current_ref(old)
    };
    let first = GcRef::from_offset(to_start);
    assert_eq!(told(first), Ok(Some(first)));
    for raw in no_copies(to_start, to_end) {
        assert!(told(GcRef::from_raw(raw)).is_err(), "{raw}");
    }
}

#[test]
fn a_root_that_points_outside_is_nonsense() {
    on_each_collector(|mut f| {
        f.new_pair(GcRef::NULL, GcRef::NULL, 1);
        f.root(GcRef::from_raw(0x7000_0000));
        assert!(f.verify().is_err());
        assert!(f.collect().is_none_or(|outcome| outcome.is_err()));
    });
}
