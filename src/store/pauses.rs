//! Pauses: how long collections have stopped the program, by what stopped it (HEAP-98).
//!
//! Each kind has a log-linear histogram of nanoseconds: 8 buckets for each power of two, from
//! about 4 microseconds to about 4 seconds. What is shorter or longer has one bucket each.
//!
//! ```text
//! 0 ... 4095 | 4096 ... 4607 | 4608 ... 5119 | ... | 2^32 ...
//!  bucket 0  |   bucket 1    |   bucket 2    | ... | the last
//! ```
//!
//! Recording never fails. If the system refuses the memory of a kind's buckets, the pause is in
//! the number, the sum and the maximum only.

use std::time::Instant;

use super::Store;
use crate::base::fallible;
use crate::error::{Error, Result};
use crate::heap::nanoseconds_since;

/// Pauses below this power of two share the first bucket.
const LOWEST: u32 = 12;
/// Pauses from this power of two on share the last bucket.
const HIGHEST: u32 = 32;
/// A power of two has 2 to this power of buckets.
const SPLIT: u32 = 3;
const BUCKETS: usize = 2 + (((HIGHEST - LOWEST) as usize) << SPLIT);

/// The percentiles of [`PauseStats`], as parts of 10,000.
const PERCENTILES: [u64; 5] = [5000, 9000, 9900, 9990, 9999];

/// What stopped the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PauseKind {
    /// A minor collection for an allocation, with the step of a full collection that follows it.
    Minor,
    /// A step of a full collection between whose steps the program runs.
    Step,
    /// A stop of these two kinds in which the marking of a full collection ended.
    MarkEnd,
    /// Moving objects out of sparsely used blocks. No collector records it yet.
    Evacuation,
    /// A full collection at once.
    Full,
}

impl PauseKind {
    const ALL: [PauseKind; 5] = [
        PauseKind::Minor,
        PauseKind::Step,
        PauseKind::MarkEnd,
        PauseKind::Evacuation,
        PauseKind::Full,
    ];

    /// The kind with this number in the C API.
    ///
    /// Errors: [`Error::InvalidArgument`].
    pub(crate) fn from_number(number: u32) -> Result<PauseKind> {
        let kind = PauseKind::ALL.get(number as usize);
        kind.copied().ok_or(Error::InvalidArgument {
            parameter: "kind",
            value: number.into(),
            allowed: "0 to 4, a GCROOTS_PAUSE_... number",
        })
    }
}

/// How long the program was stopped, in all stops of one kind.
///
/// A percentile is at most an eighth too high, and never higher than the maximum. Below 4096
/// nanoseconds it is at most 4095.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PauseStats {
    /// Stops.
    pub count: u64,
    /// Nanoseconds of all of them together.
    pub total_nanoseconds: u64,
    /// Nanoseconds of the longest one.
    pub max_nanoseconds: u64,
    /// Nanoseconds that half of the stops do not exceed.
    pub p50: u64,
    /// Nanoseconds that 90 percent of the stops do not exceed.
    pub p90: u64,
    /// Nanoseconds that 99 percent of the stops do not exceed.
    pub p99: u64,
    /// Nanoseconds that 99.9 percent of the stops do not exceed.
    pub p99_9: u64,
    /// Nanoseconds that 99.99 percent of the stops do not exceed.
    pub p99_99: u64,
}

/// The pauses of a store, by kind.
#[derive(Default)]
pub(in crate::store) struct Pauses([Histogram; PauseKind::ALL.len()]);

impl Pauses {
    /// Records a stop of the program that began at `began` and ends now.
    pub(in crate::store) fn record(&mut self, kind: PauseKind, began: Instant) {
        self.0[kind as usize].record(nanoseconds_since(began));
    }

    fn of(&self, kind: PauseKind) -> PauseStats {
        self.0[kind as usize].stats()
    }

    /// The bytes of the buckets.
    pub(in crate::store) fn side_bytes(&self) -> u64 {
        let made = self.0.iter().filter(|of| of.buckets.is_some()).count();
        (made * size_of::<Buckets>()) as u64
    }
}

impl Store {
    /// The pauses of one kind so far.
    pub(crate) fn pauses(&self, kind: PauseKind) -> PauseStats {
        self.cold.borrow().pauses.of(kind)
    }
}

/// The pauses of one kind. The first one makes the buckets.
#[derive(Default)]
struct Histogram {
    count: u64,
    total: u64,
    max: u64,
    buckets: Option<Box<Buckets>>,
}

impl Histogram {
    fn record(&mut self, nanoseconds: u64) {
        self.count += 1;
        self.total = self.total.saturating_add(nanoseconds);
        self.max = self.max.max(nanoseconds);
        if self.buckets.is_none() {
            self.buckets = fallible::boxed(Buckets([0; BUCKETS])).ok();
        }
        if let Some(buckets) = &mut self.buckets {
            buckets.count(nanoseconds);
        }
    }

    fn stats(&self) -> PauseStats {
        let bounds = match &self.buckets {
            Some(buckets) => buckets.percentiles(),
            None => [u64::MAX; PERCENTILES.len()],
        };
        let [p50, p90, p99, p99_9, p99_99] = bounds.map(|bound| bound.min(self.max));
        PauseStats {
            count: self.count,
            total_nanoseconds: self.total,
            max_nanoseconds: self.max,
            p50,
            p90,
            p99,
            p99_9,
            p99_99,
        }
    }
}

/// The number of pauses in each bucket. A full counter stays full.
struct Buckets([u32; BUCKETS]);

impl Buckets {
    fn count(&mut self, nanoseconds: u64) {
        let counter = &mut self.0[bucket_of(nanoseconds)];
        *counter = counter.saturating_add(1);
    }

    /// The upper bounds of the buckets that have the percentiles.
    fn percentiles(&self) -> [u64; PERCENTILES.len()] {
        let all: u64 = self.0.iter().map(|&count| u64::from(count)).sum();
        let mut counts = self.0.iter().enumerate();
        let (mut bucket, mut passed) = (0, 0);
        PERCENTILES.map(|parts| {
            let rank = (all * parts).div_ceil(10_000);
            while passed < rank
                && let Some((next, &count)) = counts.next()
            {
                bucket = next;
                passed += u64::from(count);
            }
            upper_bound(bucket)
        })
    }
}

/// The bucket of a pause.
fn bucket_of(nanoseconds: u64) -> usize {
    let Some(power) = nanoseconds.checked_ilog2().filter(|&power| power >= LOWEST) else {
        return 0;
    };
    if power >= HIGHEST {
        return BUCKETS - 1;
    }
    // The leading bit, and the bits that choose one of the buckets of this power.
    let leading = (nanoseconds >> (power - SPLIT)) as usize;
    1 + (((power - LOWEST) as usize) << SPLIT) + leading - (1 << SPLIT)
}

/// The longest pause that a bucket may have.
fn upper_bound(bucket: usize) -> u64 {
    if bucket == BUCKETS - 1 {
        return u64::MAX;
    }
    // The next bucket begins at `leading << shift`.
    let shift = LOWEST - SPLIT + (bucket as u32 >> SPLIT);
    let leading = (1 << SPLIT) + (bucket as u64 & ((1 << SPLIT) - 1));
    (leading << shift) - 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::tests::refusing_allocator::refusing;

    fn histogram_of(samples: &[u64]) -> Histogram {
        let mut histogram = Histogram::default();
        samples.iter().for_each(|&sample| histogram.record(sample));
        histogram
    }

    fn percentiles_of(stats: &PauseStats) -> [u64; PERCENTILES.len()] {
        [stats.p50, stats.p90, stats.p99, stats.p99_9, stats.p99_99]
    }

    /// Samples whose powers of two are about equally frequent, from 1 up to `2^powers`.
    fn samples(count: u64, powers: u64) -> Vec<u64> {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        (0..count)
            .map(|_| {
                let power = next() % powers;
                (1 << power) + next() % (1 << power)
            })
            .collect()
    }

    #[test]
    fn nothing_recorded_is_all_zeros() {
        assert_eq!(Histogram::default().stats(), PauseStats::default());
        assert_eq!(Pauses::default().side_bytes(), 0);
    }

    #[test]
    fn the_count_the_sum_and_the_maximum_are_exact() {
        let samples = samples(5000, 40);
        let stats = histogram_of(&samples).stats();
        assert_eq!(stats.count, 5000);
        assert_eq!(stats.total_nanoseconds, samples.iter().sum::<u64>());
        assert_eq!(Some(&stats.max_nanoseconds), samples.iter().max());
    }

    #[test]
    fn the_buckets_follow_each_other_without_gaps() {
        assert_eq!(bucket_of(0), 0);
        for bucket in 0..BUCKETS - 1 {
            let last = upper_bound(bucket);
            assert_eq!(bucket_of(last), bucket);
            assert_eq!(bucket_of(last + 1), bucket + 1);
        }
        assert_eq!(upper_bound(0), (1 << LOWEST) - 1);
        assert_eq!(upper_bound(BUCKETS - 2), (1 << HIGHEST) - 1);
        assert_eq!(bucket_of(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn a_percentile_is_at_most_an_eighth_too_high() {
        for count in [1, 2, 3, 10, 101, 5000, 100_000] {
            let mut sorted = samples(count, 32);
            let stats = histogram_of(&sorted).stats();
            sorted.sort_unstable();
            for (found, parts) in percentiles_of(&stats).into_iter().zip(PERCENTILES) {
                let rank = (count * parts).div_ceil(10_000) as usize;
                let exact = sorted[rank - 1];
                let most = (exact + exact / 8).max((1 << LOWEST) - 1);
                assert!((exact..=most).contains(&found), "{found} for {exact}");
                assert!(found <= stats.max_nanoseconds);
            }
        }
    }

    #[test]
    fn a_percentile_never_exceeds_the_maximum() {
        for only in [0, 5, 4096, 1_000_000, 1 << 32, u64::MAX] {
            let stats = histogram_of(&[only]).stats();
            assert_eq!(percentiles_of(&stats), [only; PERCENTILES.len()]);
        }
    }

    #[test]
    fn sums_and_counters_saturate() {
        let mut histogram = histogram_of(&[u64::MAX, u64::MAX]);
        assert_eq!(histogram.stats().total_nanoseconds, u64::MAX);
        let buckets = histogram.buckets.as_mut().unwrap();
        buckets.0[bucket_of(5000)] = u32::MAX;
        histogram.record(5000);
        let buckets = histogram.buckets.as_ref().unwrap();
        assert_eq!(buckets.0[bucket_of(5000)], u32::MAX);
        assert_eq!(histogram.stats().p99_99, upper_bound(bucket_of(5000)));
        assert_eq!(histogram.stats().count, 3);
        // All counters full: no sum overflows.
        histogram.buckets = Some(Box::new(Buckets([u32::MAX; BUCKETS])));
        assert_eq!(histogram.stats().p50, upper_bound(BUCKETS / 2 - 1));
    }

    #[test]
    fn without_memory_pauses_are_counted_and_percentiles_are_the_maximum() {
        let (histogram, _) = refusing(0, || histogram_of(&[5000]));
        assert!(histogram.buckets.is_none());
        let stats = histogram.stats();
        assert_eq!((stats.count, stats.total_nanoseconds), (1, 5000));
        assert_eq!(percentiles_of(&stats), [5000; PERCENTILES.len()]);
    }

    #[test]
    fn each_kind_has_a_histogram_and_a_number() {
        let mut pauses = Pauses::default();
        for (number, &kind) in PauseKind::ALL.iter().enumerate() {
            assert_eq!(PauseKind::from_number(number as u32), Ok(kind));
            assert_eq!(pauses.of(kind).count, 0);
            pauses.record(kind, Instant::now());
            assert_eq!(pauses.of(kind).count, 1);
            let made = (number + 1) * size_of::<Buckets>();
            assert_eq!(pauses.side_bytes(), made as u64);
        }
        let refused = PauseKind::from_number(5);
        assert!(matches!(
            refused,
            Err(Error::InvalidArgument { value: 5, .. })
        ));
    }
}
