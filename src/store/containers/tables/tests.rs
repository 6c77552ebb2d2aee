use super::record::*;
use crate::error::Error;
use crate::types::{Admits, FieldLayout, Storage};

fn table(size: u32, maximum: u64) -> Table {
    Table {
        element: FieldLayout::new(16, Admits::default(), Storage::Ref, true),
        array_type: 0,
        size,
        maximum,
    }
}

#[test]
fn a_table_grows_to_its_maximum_and_to_an_arrays() {
    assert_eq!(table(3, 10).grown(0), Ok(3));
    assert_eq!(table(3, 10).grown(7), Ok(10));
    for delta in [8, u64::MAX - 3, u64::MAX] {
        let limited = table(3, 10).grown(delta).unwrap_err();
        assert!(matches!(limited, Error::Limit { limit: 10, .. }));
    }
    let max = u64::from(u32::MAX);
    assert_eq!(table(3, u64::MAX).grown(max - 3), Ok(u32::MAX));
    for delta in [max - 2, u64::MAX] {
        let limited = table(3, u64::MAX - 1).grown(delta).unwrap_err();
        let limit = if delta == u64::MAX { u64::MAX - 1 } else { max };
        assert!(matches!(limited, Error::Limit { limit: found, .. } if found == limit));
    }
}

fn lengths(from: Table, size: u32) -> Vec<u32> {
    from.array_lengths(size).collect()
}

#[test]
fn arrays_become_twice_as_long_within_the_maximum() {
    assert_eq!(lengths(table(80, u64::MAX), 81), [160, 90, 81]);
    assert_eq!(lengths(table(80, 100), 81), [100, 90, 81]);
    assert_eq!(lengths(table(80, 81), 81), [81]);
    assert_eq!(lengths(table(80, u64::MAX), 200), [200]);
    assert_eq!(lengths(table(0, u64::MAX), 1), [1]);
    assert_eq!(lengths(table(1, u64::MAX), 2), [2]);
    let large = 1 << 31;
    assert_eq!(
        lengths(table(large, u64::MAX), large + 1),
        [u32::MAX, large + large / 8, large + 1]
    );
}
