//! The pacer: how much may be allocated before the next collection.
//!
//! After each collection the heap gets a *headroom*: the number of bytes that may be
//! allocated until the next one. It follows MemBalancer's square-root rule (HEAP-11): a
//! program that allocates fast, or whose collections are slow, gets more headroom.
//!
//! ```text
//! headroom = sqrt(live bytes * BALANCE_BYTES * allocation rate / collection speed)
//! ```
//!
//! The headroom is at least half the live bytes and at most four times the live bytes. It
//! is also at least [`LEAST_HEADROOM`], and at least half of what the collection scanned
//! besides objects. HEAP-11 has the reasons for these bounds. For a collector that prefers
//! a small heap, the headroom is half the live bytes, whatever the rates are (HEAP-29); the
//! other lower bounds hold as well. The configuration may set the share of the live bytes
//! instead, or the share of the time that collections are to take ([`HeapSizing`]): then the
//! headroom is what the program allocates in the time that this leaves to it. An initial size that it sets is another lower bound (HEAP-50).
//!
//! External bytes have a budget of their own, outside of this file (HEAP-12).

use std::time::Instant;

/// How much memory is traded for time. With this number of live bytes, and allocation as
/// fast as collection, the headroom equals the live bytes.
const BALANCE_BYTES: f64 = (64 << 20) as f64;

/// The least headroom. Collecting a heap in which little survives takes less time than
/// allocating this number of bytes.
pub(crate) const LEAST_HEADROOM: u64 = 256 << 10;

/// The weight of the newest sample in the averages.
const NEWEST: f64 = 0.5;

/// How the headroom follows from what the pacer knows (HEAP-107).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum HeapSizing {
    /// The square-root rule.
    #[default]
    Balanced,
    /// This percentage of the live bytes.
    Ratio(u32),
    /// So that collections take this percentage of the time, from 1 to 99.
    TimeShare(u32),
}

/// The least and the greatest headroom for a share of the time, as a multiple of the live bytes.
const LEAST_FOR_SHARE: f64 = 1.0 / 8.0;
const GREATEST_FOR_SHARE: f64 = 16.0;

/// What the pacer learns from one cycle: a collection, and the time since the one before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PacerSample {
    /// The bytes that survived.
    pub(crate) live_bytes: u64,
    /// What the collection scanned besides objects, as the bytes of objects that take the
    /// same time.
    pub(crate) scanned_bytes: u64,
    /// The bytes allocated since the previous collection.
    pub(crate) allocated_bytes: u64,
    /// The time from the end of the previous collection to the start of this one.
    pub(crate) mutator_nanoseconds: u64,
    /// The time that the steps of this collection took.
    pub(crate) collector_nanoseconds: u64,
    /// The bytes that objects may occupy in a new heap, or 0 if the configuration does not
    /// set its size.
    pub(crate) initial_bytes: u64,
}

/// Decides the headroom after each collection.
#[derive(Debug)]
pub(crate) struct Pacer {
    /// An average in bytes per nanosecond, 0 before the first cycle ends.
    allocation_rate: f64,
    /// An average in live bytes per nanosecond, 0 before the first cycle ends.
    collection_speed: f64,
    cycle_began: Instant,
    /// The most headroom as a multiple of the live bytes: at least a half.
    ceiling: f64,
    sizing: HeapSizing,
}

impl Pacer {
    /// A pacer whose first cycle begins now.
    pub(crate) fn new(ceiling: f64, sizing: HeapSizing) -> Pacer {
        Pacer {
            ceiling,
            sizing,
            allocation_rate: 0.0,
            collection_speed: 0.0,
            cycle_began: Instant::now(),
        }
    }

    /// Whether an allocation of `bytes` should grow the heap rather than collect, when
    /// `allocated` bytes of the headroom are used. Until half of it is used, a collection is
    /// not worth its cost. A headroom that was configured is used up.
    pub(crate) fn prefers_growth(&self, headroom: u64, allocated: u64, bytes: u64) -> bool {
        let is_configured = self.sizing != HeapSizing::Balanced;
        allocated < headroom / 2 || is_configured && allocated.saturating_add(bytes) <= headroom
    }

    /// The time since the cycle began.
    pub(crate) fn mutator_nanoseconds(&self) -> u64 {
        nanoseconds_since(self.cycle_began)
    }

    /// Ends the cycle now and begins the next one. Returns the headroom in bytes.
    pub(crate) fn end_cycle(&mut self, sample: PacerSample) -> u64 {
        self.cycle_began = Instant::now();
        self.headroom(sample)
    }

    /// The headroom in bytes after `sample`, which enters the averages.
    pub(super) fn headroom(&mut self, sample: PacerSample) -> u64 {
        let rate = |bytes: u64, nanoseconds: u64| bytes as f64 / nanoseconds.max(1) as f64;
        smooth(
            &mut self.allocation_rate,
            rate(sample.allocated_bytes, sample.mutator_nanoseconds),
        );
        smooth(
            &mut self.collection_speed,
            rate(sample.live_bytes, sample.collector_nanoseconds),
        );
        let live = sample.live_bytes as f64;
        // Float to integer conversions saturate.
        let wanted = match self.sizing {
            HeapSizing::Balanced => self.balanced(live),
            HeapSizing::Ratio(percent) => (live * f64::from(percent) / 100.0) as u64,
            HeapSizing::TimeShare(percent) => self.for_share(live, f64::from(percent) / 100.0),
        };
        wanted
            .max(LEAST_HEADROOM)
            .max(sample.scanned_bytes / 2)
            .max(sample.initial_bytes.saturating_sub(sample.live_bytes))
    }

    /// The headroom of the square-root rule for `live` bytes, between its bounds.
    fn balanced(&self, live: f64) -> u64 {
        let ratio = self.allocation_rate / self.collection_speed.max(f64::MIN_POSITIVE);
        let optimal = (live * BALANCE_BYTES * ratio).sqrt();
        // Float to integer conversions saturate.
        optimal.clamp(live / 2.0, live * self.ceiling) as u64
    }

    /// The headroom with which a collection of `live` bytes takes this share of the time.
    fn for_share(&self, live: f64, share: f64) -> u64 {
        let collection = live / self.collection_speed.max(f64::MIN_POSITIVE);
        let left_to_program = collection * (1.0 - share) / share;
        let allocated = self.allocation_rate * left_to_program;
        allocated.clamp(live * LEAST_FOR_SHARE, live * GREATEST_FOR_SHARE) as u64
    }
}

/// The time from `then` to now.
pub(crate) fn nanoseconds_since(then: Instant) -> u64 {
    u64::try_from(then.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// Adds a sample to a weighted average. The first sample is the average.
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
        Pacer::new(4.0, HeapSizing::Balanced).headroom(PacerSample {
            live_bytes,
            scanned_bytes: 0,
            allocated_bytes: 64 * MIB,
            mutator_nanoseconds,
            collector_nanoseconds,
            initial_bytes: 0,
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
    fn a_pacer_that_prefers_a_small_heap_ignores_the_clock() {
        for (mutator_nanoseconds, collector_nanoseconds) in [(1, u64::MAX), (u64::MAX, 1), (1, 1)] {
            let sample = PacerSample {
                live_bytes: 64 * MIB,
                scanned_bytes: 0,
                allocated_bytes: 64 * MIB,
                mutator_nanoseconds,
                collector_nanoseconds,
                initial_bytes: 0,
            };
            assert_eq!(
                Pacer::new(0.5, HeapSizing::Balanced).headroom(sample),
                32 * MIB
            );
        }
    }

    #[test]
    fn the_clock_runs_until_the_cycle_ends() {
        const LONG: u64 = 3_000;
        let pacer = Pacer::new(4.0, HeapSizing::Balanced);
        while nanoseconds_since(pacer.cycle_began) < LONG {}
        assert!(pacer.cycle_began.elapsed().as_nanos() >= LONG.into());
        assert!(pacer.mutator_nanoseconds() >= LONG);
    }

    #[test]
    fn rates_are_averages_in_which_the_newest_counts_half() {
        let sample = |allocated_bytes, collector_nanoseconds| PacerSample {
            live_bytes: 64 * MIB,
            scanned_bytes: 0,
            allocated_bytes,
            mutator_nanoseconds: 1_000_000,
            collector_nanoseconds,
            initial_bytes: 0,
        };
        let is_about = |headroom: u64, expected: u64| headroom.abs_diff(expected) < 16;
        let mut pacer = Pacer::new(4.0, HeapSizing::Balanced);
        let first = pacer.headroom(sample(64 * MIB, 1_000_000));
        assert!(is_about(first, 64 * MIB));
        // Seven times as fast: four times on average, and so twice the headroom.
        let faster = pacer.headroom(sample(7 * 64 * MIB, 1_000_000));
        assert!(is_about(faster, 128 * MIB));
        let as_fast = pacer.headroom(sample(4 * 64 * MIB, 1_000_000));
        assert!(is_about(as_fast, 128 * MIB));
        // A collection that takes for ever halves the average speed of collecting.
        let mut pacer = Pacer::new(4.0, HeapSizing::Balanced);
        pacer.headroom(sample(64 * MIB, 1_000_000));
        let slower = pacer.headroom(sample(3 * 64 * MIB, u64::MAX));
        assert!(is_about(slower, 128 * MIB));
    }

    #[test]
    fn the_clock_starts_again_with_each_cycle() {
        let mut pacer = Pacer::new(4.0, HeapSizing::Balanced);
        for _ in 0..3 {
            let before = pacer.cycle_began;
            let mut now = Instant::now();
            while now == before {
                now = Instant::now();
            }
            pacer.end_cycle(PacerSample {
                live_bytes: MIB,
                scanned_bytes: 0,
                allocated_bytes: MIB,
                mutator_nanoseconds: pacer.mutator_nanoseconds(),
                collector_nanoseconds: 1_000,
                initial_bytes: 0,
            });
            assert!(pacer.cycle_began >= now);
        }
    }

    #[test]
    fn many_roots_make_collections_rarer() {
        let sample = PacerSample {
            live_bytes: 0,
            scanned_bytes: 64 * MIB,
            allocated_bytes: MIB,
            mutator_nanoseconds: 1_000,
            collector_nanoseconds: 1_000,
            initial_bytes: 0,
        };
        assert_eq!(
            Pacer::new(4.0, HeapSizing::Balanced).headroom(sample),
            32 * MIB
        );
    }

    #[test]
    fn a_configured_share_replaces_the_rule() {
        let sample = |live_bytes| PacerSample {
            live_bytes,
            scanned_bytes: 0,
            allocated_bytes: MIB,
            mutator_nanoseconds: 1,
            collector_nanoseconds: u64::MAX,
            initial_bytes: 0,
        };
        for ceiling in [4.0, 0.5] {
            let headroom = |percent, live| {
                Pacer::new(ceiling, HeapSizing::Ratio(percent)).headroom(sample(live))
            };
            assert_eq!(headroom(30, 10 * MIB), 3 * MIB);
            assert_eq!(headroom(900, 10 * MIB), 90 * MIB);
            assert_eq!(headroom(1, 10 * MIB), LEAST_HEADROOM);
            assert_eq!(headroom(u32::MAX, u64::MAX), u64::MAX);
        }
    }

    #[test]
    fn a_share_of_the_time_decides_how_long_the_program_runs() {
        let sample = |collector_nanoseconds| PacerSample {
            live_bytes: 64 * MIB,
            scanned_bytes: 0,
            // 64 bytes in a nanosecond.
            allocated_bytes: 64_000_000,
            mutator_nanoseconds: 1_000_000,
            collector_nanoseconds,
            initial_bytes: 0,
        };
        for (percent, nanoseconds) in [(50, 1_000_000_u64), (20, 1_000_000), (5, 250_000)] {
            let mut pacer = Pacer::new(0.5, HeapSizing::TimeShare(percent));
            let headroom = pacer.headroom(sample(nanoseconds));
            let program = headroom / 64;
            let share = 100 * nanoseconds / (nanoseconds + program);
            assert!(share.abs_diff(percent.into()) <= 1, "{percent} {share}");
        }
        // Collections that take all of the time, or none.
        let headroom = |percent, nanoseconds| {
            Pacer::new(0.5, HeapSizing::TimeShare(percent)).headroom(sample(nanoseconds))
        };
        assert_eq!(headroom(1, 1_000_000_000), 16 * 64 * MIB);
        assert_eq!(headroom(99, 1), 8 * MIB);
    }

    #[test]
    fn headroom_reaches_the_initial_size() {
        let sample = |live_bytes| PacerSample {
            live_bytes,
            scanned_bytes: 0,
            allocated_bytes: MIB,
            mutator_nanoseconds: u64::MAX,
            collector_nanoseconds: 1,
            initial_bytes: 64 * MIB,
        };
        assert_eq!(
            Pacer::new(4.0, HeapSizing::Balanced).headroom(sample(0)),
            64 * MIB
        );
        assert_eq!(
            Pacer::new(4.0, HeapSizing::Ratio(10)).headroom(sample(16 * MIB)),
            48 * MIB
        );
        assert_eq!(
            Pacer::new(0.5, HeapSizing::Balanced).headroom(sample(60 * MIB)),
            30 * MIB
        );
        assert_eq!(
            Pacer::new(0.5, HeapSizing::Balanced).headroom(sample(80 * MIB)),
            40 * MIB
        );
    }
}
