//! Regions of memory.

use super::*;

#[test]
fn regions_check_every_offset() {
    let reservation = Reservation::new(64 << 10).unwrap();
    let mut region = reservation.region(8 << 10, 32 << 10);
    region.commit_to(16 << 10).unwrap();
    assert_eq!(region.load_u64((16 << 10) - 8), Ok(0));
    for outside in [
        0,
        (8 << 10) - 1,
        (16 << 10) - 7,
        16 << 10,
        u64::MAX - 3,
        u64::MAX,
    ] {
        assert!(region.load_u64(outside).is_err(), "{outside}");
        assert!(region.store_u64(outside, 1).is_err(), "{outside}");
    }
    assert!(region.copy_to(8 << 10, &region, 12 << 10, 5 << 10).is_err());
    assert!(region.fill(8 << 10, (16 << 10) + 1, 1).is_err());
    region.store_u64(8 << 10, 9).unwrap();
    region.decommit_from(12 << 10);
    assert!(region.load_u64(12 << 10).is_err());
    assert_eq!(region.load_u64(8 << 10), Ok(9));
    region.commit_to(32 << 10).unwrap();
    assert_eq!(region.load_u64(12 << 10), Ok(0));
}
