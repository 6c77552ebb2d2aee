//! What a collection keeps, frees and updates.

use super::*;

#[test]
fn a_graph_survives_and_garbage_does_not() {
    on_each_collector(|mut f| {
        let bytes = f.new_array(f.bytes, 100, 1);
        f.set(bytes, ARRAY_ELEMENTS + 96, 0xfeed);
        let array = f.new_array(f.references, 3, 4);
        let pair = f.new_pair(array, bytes, 7);
        // A cycle, an i31, and a second reference to one object.
        f.set_reference(array, ARRAY_ELEMENTS, pair);
        f.set_reference(array, ARRAY_ELEMENTS + 4, GcRef::from_raw(0x99));
        f.set_reference(array, ARRAY_ELEMENTS + 8, bytes);
        let root = f.root(pair);
        for number in 0..1000 {
            f.new_pair(pair, GcRef::NULL, number);
        }
        assert_eq!(f.verify().unwrap(), 1003);
        let Some(stats) = f.collect() else {
            return assert!(!f.collects);
        };
        let stats = stats.unwrap();
        assert_eq!(stats.objects, 3);
        assert_eq!(stats.live_bytes, PAIR_BYTES + 16 + 16 + 16 + 104);
        assert_eq!(stats.live_bytes, f.mutator.bump.used_bytes());
        let pair = f.rooted(root);
        assert_eq!(f.get(pair, PAIR_NUMBER), 7);
        let (array, bytes) = (f.reference(pair, 8), f.reference(pair, 12));
        assert_eq!(f.get(array, ARRAY_LENGTH), 3);
        assert_eq!(f.reference(array, ARRAY_ELEMENTS), pair);
        assert_eq!(f.get(array, ARRAY_ELEMENTS + 4), 0x99);
        assert_eq!(f.reference(array, ARRAY_ELEMENTS + 8), bytes);
        assert_eq!(f.get(bytes, ARRAY_ELEMENTS + 96), 0xfeed);
    });
}

#[test]
fn a_long_list_survives_in_increments_and_without_recursion() {
    on_each_collector_with_limit(256 << 20, |mut f| {
        const LENGTH: u32 = 1_000_000;
        if f.step != u64::MAX {
            // This test has steps of its own.
            return;
        }
        let mut head = GcRef::NULL;
        for number in 0..LENGTH {
            head = f.new_pair(head, GcRef::NULL, number);
        }
        let root = f.root(head);
        if let Some(mut gc) = f.begin() {
            const STEP: u64 = 64 << 10;
            let mut steps = 1;
            while f.run_step(&mut gc, STEP).unwrap() == Progress::Continue {
                steps += 1;
            }
            assert!(steps >= u64::from(LENGTH) * PAIR_BYTES / STEP);
        }
        assert_eq!(f.verify().unwrap(), LENGTH.into());
        let mut node = f.rooted(root);
        for number in (0..LENGTH).rev() {
            assert_eq!(f.get(node, PAIR_NUMBER), number);
            node = f.reference(node, 8);
        }
        assert!(node.is_null());
    });
}

#[test]
fn a_long_array_survives_in_array_chunks() {
    const LENGTH: u32 = 5001;
    on_each_collector(|mut f| {
        let array = f.new_array(f.references, LENGTH, 4);
        let root = f.root(array);
        for index in 0..LENGTH {
            // Small objects, each of them twice, and long arrays between them.
            let at = ARRAY_ELEMENTS + 4 * u64::from(index);
            let element = match index % 1000 {
                0 => f.new_array(f.bytes, 3000 + index, 1),
                odd if odd & 1 == 1 => f.new_pair(f.rooted(root), GcRef::NULL, index),
                _ => f.reference(array, at - 4),
            };
            f.set_reference(array, at, element);
        }
        let long = f.reference(array, ARRAY_ELEMENTS + 4 * 3000);
        f.set(long, ARRAY_ELEMENTS + 5996, 0xfeed);
        let before = f.verify().unwrap();
        if let Some(stats) = f.collect() {
            assert_eq!(stats.unwrap().objects, before);
        }
        let array = f.rooted(root);
        assert_eq!(f.get(array, ARRAY_LENGTH), LENGTH);
        for index in 0..LENGTH {
            let element = f.reference(array, ARRAY_ELEMENTS + 4 * u64::from(index));
            match index % 1000 {
                0 => assert_eq!(f.get(element, ARRAY_LENGTH), 3000 + index),
                odd if odd & 1 == 1 => {
                    assert_eq!(f.get(element, PAIR_NUMBER), index);
                    assert_eq!(f.reference(element, 8), array);
                }
                _ => {
                    let before = f.reference(array, ARRAY_ELEMENTS + 4 * u64::from(index - 1));
                    assert_eq!(element, before);
                }
            }
        }
        let long = f.reference(array, ARRAY_ELEMENTS + 4 * 3000);
        assert_eq!(f.get(long, ARRAY_ELEMENTS + 5996), 0xfeed);
    });
}
