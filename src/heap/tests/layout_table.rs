//! The table of layouts.

use super::*;

/// The layout of structs of `bytes` with references at these offsets.
fn fixed(bytes: u32, offsets: &[u32]) -> Layout {
    Layout::Fixed {
        kind: Kind::Struct,
        bytes,
        references: References::at(offsets.iter().copied()).unwrap(),
    }
}

/// The size and the references of objects of a type.
fn of_type(index: u32, layouts: &LayoutTable) -> (u64, Vec<u64>) {
    let header = ObjectHeader::new(Kind::Struct, index);
    let found = layouts.measure_head(header, || unreachable!()).unwrap();
    let mut offsets = Vec::new();
    let visited = found.each_reference(|at| {
        offsets.push(at);
        Ok(())
    });
    visited.unwrap();
    (found.bytes, offsets)
}

#[test]
fn a_layout_replaces_one_that_a_type_left_behind() {
    let mut layouts = LayoutTable::new();
    for (bytes, offsets) in [
        (16, &[8][..]),
        (32, &[]),
        // Wide layouts: for their size, and for references beyond the first 32 and 64 slots.
        (1 << 16, &[8, 132]),
        (144, &[8, 136]),
        (24, &[12, 16]),
        (1 << 20, &[8, 136, 264, (1 << 20) - 4]),
        (16, &[]),
    ] {
        layouts.add(3, &fixed(bytes, offsets)).unwrap();
        let offsets = offsets.iter().map(|&offset| offset.into()).collect();
        assert_eq!(of_type(3, &layouts), (bytes.into(), offsets));
    }
}

#[test]
fn wide_layouts_that_were_replaced_are_used_again() {
    let mut layouts = LayoutTable::new();
    let mut side_bytes = Vec::new();
    for _ in 0..9 {
        for (index, bytes) in [(3, 1 << 16), (3, 16), (4, 1 << 17), (4, 1 << 18)] {
            layouts.add(index, &fixed(bytes, &[])).unwrap();
        }
        side_bytes.push(layouts.side_bytes());
    }
    assert_eq!(side_bytes, [side_bytes[0]; 9]);
    let sizes = [1 << 16, 1 << 17, 1 << 18, 1 << 19];
    for (index, bytes) in (5..).zip(sizes) {
        layouts.add(index, &fixed(bytes, &[])).unwrap();
    }
    for (index, bytes) in (5..).zip(sizes) {
        assert_eq!(of_type(index, &layouts).0, bytes.into());
    }
}

#[test]
fn the_greatest_simple_layouts_are_simple() {
    let mut layouts = LayoutTable::new();
    let header = ObjectHeader::new(Kind::Struct, 3);
    for (bytes, last, is_simple) in [
        ((1 << 15) - 8, 132, true),
        (1 << 15, 132, false),
        (144, 132, true),
        (144, 136, false),
    ] {
        layouts.add(3, &fixed(bytes, &[8, last])).unwrap();
        let common = layouts.simple_layouts().common(header, || unreachable!());
        let is_found = matches!(common, Some(CommonLayout::Simple(_)));
        assert_eq!(is_found, is_simple, "{bytes} bytes, a reference at {last}");
    }
}
