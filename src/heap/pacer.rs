//! When to collect: how much may be allocated before the next collection.
//!
//! After each collection the heap gets the headroom that MemBalancer finds
//! optimal (Kirisame, Shenoy, Panchekha: "Optimal Heap Limits for Reducing
//! Browser Memory Use", OOPSLA 2022): the square root of the live bytes times
//! the rate of allocation over the speed of collection, times a constant that
//! trades memory for time. A program that allocates fast, or whose collections
//! are slow, gets more room; one that idles gets less. All heaps of a process
//! that follow the rule share memory as if one allocator had optimised the sum.
//!
//! Bounds keep the rule from two mistakes that Wasmtime made in turn: growing
//! to the limit before the first collection (its issue 11417), and collecting
//! so eagerly that half the time went there (its issue 13470). The headroom is
//! never below half the live bytes, so that the work of collecting a growing
//! heap stays proportional to what is allocated, and never above four times, but
//! at least 256 KiB.
//!
//! Nor is the headroom below half of what a collection goes over beside objects,
//! roots and the host-data table: a heap of a few objects behind a million roots
//! is not worth collecting every 256 KiB. That much and no more: the table grows
//! with the headroom, and must not make the headroom grow in turn.
//!
//! A collector whose users want little memory, and whose collections cost little, gets
//! the least of that: then neither memory nor collections depend on the clock.
//!
//! Bytes outside the heap that its objects keep alive have a budget of their own
//! (`store/collect.rs`): they hasten a collection, never delay one, and never
//! refuse an allocation.

use std::time::Instant;

/// Memory traded for time: the headroom equals the live bytes when those are
/// this many and allocation is as fast as collection.
const BALANCE_BYTES: f64 = (64 << 20) as f64;

/// The least headroom: a heap in which little survives is collected in less
/// time than this takes to fill.
pub(crate) const LEAST_HEADROOM: u64 = 256 << 10;

/// The weight of the newest cycle in the measured rates.
const NEWEST: f64 = 0.5;

/// One collection as the pacer sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cycle {
    /// Bytes that survived.
    pub(crate) live_bytes: u64,
    /// What the collection went over beside objects, in bytes of objects that
    /// take as long.
    pub(crate) scanned_bytes: u64,
    /// Bytes allocated since the collection before.
    pub(crate) allocated_bytes: u64,
    /// Nanoseconds between the two collections, until the second began.
    pub(crate) mutator_nanoseconds: u64,
    /// Nanoseconds that this collection's steps took.
    pub(crate) collector_nanoseconds: u64,
}

/// Decides the headroom after each collection from measured rates.
#[derive(Debug)]
pub(crate) struct Pacer {
    /// Bytes a nanosecond, 0 before the first cycle.
    allocation_rate: f64,
    collection_speed: f64,
    since: Instant,
    frugal: bool,
}

impl Pacer {
    /// A pacer whose first cycle starts now. A frugal one gives the least headroom that
    /// there may be, whatever the rates are.
    pub(crate) fn new(frugal: bool) -> Pacer {
        Pacer {
            frugal,
            allocation_rate: 0.0,
            collection_speed: 0.0,
            since: Instant::now(),
        }
    }

    /// Nanoseconds since the last cycle ended.
    pub(crate) fn mutator_nanoseconds(&self) -> u64 {
        nanoseconds_since(self.since)
    }

    /// Ends a cycle now, and returns the headroom in bytes.
    pub(crate) fn end_cycle(&mut self, cycle: Cycle) -> u64 {
        self.since = Instant::now();
        self.headroom(cycle)
    }

    /// The headroom in bytes after `cycle`.
    pub(crate) fn headroom(&mut self, cycle: Cycle) -> u64 {
        let rate = |bytes: u64, nanoseconds: u64| bytes as f64 / nanoseconds.max(1) as f64;
        smooth(
            &mut self.allocation_rate,
            rate(cycle.allocated_bytes, cycle.mutator_nanoseconds),
        );
        smooth(
            &mut self.collection_speed,
            rate(cycle.live_bytes, cycle.collector_nanoseconds),
        );
        let live = cycle.live_bytes as f64;
        let ratio = self.allocation_rate / self.collection_speed.max(f64::MIN_POSITIVE);
        let optimal = (live * BALANCE_BYTES * ratio).sqrt();
        let most = if self.frugal { live / 2.0 } else { live * 4.0 };
        // Float to integer conversions saturate.
        let optimal = optimal.clamp(live / 2.0, most) as u64;
        optimal.max(LEAST_HEADROOM).max(cycle.scanned_bytes / 2)
    }
}

/// Nanoseconds from then to now.
pub(crate) fn nanoseconds_since(then: Instant) -> u64 {
    u64::try_from(then.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

fn smooth(average: &mut f64, newest: f64) {
    *average = if *average == 0.0 {
        newest
    } else {
        *average * (1.0 - NEWEST) + newest * NEWEST
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn headroom(live_bytes: u64, mutator_nanoseconds: u64, collector_nanoseconds: u64) -> u64 {
        Pacer::new(false).headroom(Cycle {
            live_bytes,
            scanned_bytes: 0,
            allocated_bytes: 64 * MIB,
            mutator_nanoseconds,
            collector_nanoseconds,
        })
    }

    #[test]
    fn headroom_follows_the_square_root_rule() {
        // Allocation as fast as collection.
        assert_eq!(headroom(64 * MIB, 1_000_000, 1_000_000), 64 * MIB);
        assert_eq!(headroom(16 * MIB, 4_000_000, 1_000_000), 32 * MIB);
        // Four times the allocation rate, or a quarter of the speed: twice the room.
        assert_eq!(headroom(64 * MIB, 250_000, 1_000_000), 128 * MIB);
        assert_eq!(headroom(64 * MIB, 1_000_000, 4_000_000), 128 * MIB);
    }

    #[test]
    fn headroom_stays_between_half_and_four_times_the_live_bytes() {
        assert_eq!(headroom(64 * MIB, u64::MAX, 1), 32 * MIB);
        assert_eq!(headroom(64 * MIB, 1, u64::MAX), 256 * MIB);
        assert_eq!(headroom(0, 1_000, 1_000), LEAST_HEADROOM);
        assert_eq!(headroom(1, 0, 0), LEAST_HEADROOM);
    }

    #[test]
    fn a_frugal_pacer_does_not_look_at_the_clock() {
        for (mutator_nanoseconds, collector_nanoseconds) in [(1, u64::MAX), (u64::MAX, 1), (1, 1)] {
            let cycle = Cycle {
                live_bytes: 64 * MIB,
                scanned_bytes: 0,
                allocated_bytes: 64 * MIB,
                mutator_nanoseconds,
                collector_nanoseconds,
            };
            assert_eq!(Pacer::new(true).headroom(cycle), 32 * MIB);
        }
    }

    #[test]
    fn many_roots_make_collections_rarer() {
        let cycle = Cycle {
            live_bytes: 0,
            scanned_bytes: 64 * MIB,
            allocated_bytes: MIB,
            mutator_nanoseconds: 1_000,
            collector_nanoseconds: 1_000,
        };
        assert_eq!(Pacer::new(false).headroom(cycle), 32 * MIB);
    }
}
