//! The table of layouts.

use super::*;

#[test]
fn a_layout_replaces_one_that_a_type_left_behind() {
    let mut layouts = LayoutTable::new();
    let bytes = |bytes| Layout::Fixed {
        kind: Kind::Struct,
        bytes,
        references: References::default(),
    };
    let header = ObjectHeader::new(Kind::Struct, 3);
    for size in [16, 32] {
        layouts.add(3, &bytes(size)).unwrap();
        let found = layouts.of(header).unwrap();
        assert_eq!(found.fixed_bytes_for_tests(), u64::from(size));
    }
}
