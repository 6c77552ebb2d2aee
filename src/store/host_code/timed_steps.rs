//! The budgets of steps that are to end when a time is over.
//!
//! The steps look at the clock only between each other, and what a byte of work takes differs by
//! an order of magnitude, as caches miss or hit. So the steps become smaller towards the end:
//! each gets at most half of the time that is left, by what a byte has taken lately at most.
//!
//! This is a value that reads no clock, so a simulation can drive it.

/// The greatest budget of a step. It takes about ten microseconds.
const GREATEST: u64 = 8 << 10;

/// The least budget of a step.
const LEAST: u64 = 512;

/// What a byte of work is taken to need at least, in nanoseconds. Most need less, but a slow one
/// may always follow.
const LEAST_PACE: f64 = 4.0;

/// How much of a slow step is remembered after the next one.
const REMEMBERED: f64 = 7.0 / 8.0;

/// Chooses the budget of each step.
#[derive(Debug)]
pub(super) struct TimedSteps {
    /// The time for all steps, in nanoseconds.
    time: u64,
    /// What a byte of work takes, in nanoseconds: the most of the last steps.
    pace: f64,
}

impl TimedSteps {
    /// Steps that are to take this number of nanoseconds.
    pub(super) fn new(time: u64) -> TimedSteps {
        TimedSteps {
            time,
            pace: LEAST_PACE,
        }
    }

    /// The budget of the first step, which is done in any case.
    pub(super) fn first(&self) -> u64 {
        self.next(0).unwrap_or(LEAST)
    }

    /// The budget of the next step, when `passed` nanoseconds are over. `None` if no step fits
    /// into the rest of the time.
    pub(super) fn next(&self, passed: u64) -> Option<u64> {
        let left = self.left(passed) as f64;
        // Float to integer conversions saturate.
        let half = (left / 2.0 / self.pace) as u64;
        (left >= LEAST as f64 * self.pace).then_some(half.clamp(LEAST, GREATEST))
    }

    /// The rest of the time, when `passed` nanoseconds are over.
    pub(super) fn left(&self, passed: u64) -> u64 {
        self.time.saturating_sub(passed)
    }

    /// Learns how many nanoseconds a step of this budget took.
    pub(super) fn learn(&mut self, budget: u64, nanoseconds: u64) {
        let newest = nanoseconds as f64 / budget.max(1) as f64;
        self.pace = newest.max(self.pace * REMEMBERED).max(LEAST_PACE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The time that steps take which are given `time`, where the byte number `n` of the work takes
    /// `pace(n)` nanoseconds, and the number of steps.
    fn run(time: u64, pace: impl Fn(u64) -> u64) -> (u64, usize) {
        let mut steps = TimedSteps::new(time);
        let (mut passed, mut work, mut count) = (0, 0, 0);
        let mut next = Some(steps.first());
        while let Some(budget) = next {
            let took = budget * pace(work);
            (passed, work, count) = (passed + took, work + budget, count + 1);
            steps.learn(budget, took);
            next = steps.next(passed);
        }
        (passed, count)
    }

    #[test]
    fn steps_of_one_pace_end_within_the_time_and_use_nearly_all_of_it() {
        for time in [250_000, 500_000, 1_000_000] {
            for pace in [1, 2, 4, 8, 16] {
                let (took, count) = run(time, |_| pace);
                assert!(took <= time, "{time} {pace} {took}");
                assert!(took >= time - time / 20, "{time} {pace} {took}");
                assert!(count < 200, "{time} {pace} {count}");
            }
        }
    }

    #[test]
    fn a_slow_part_exceeds_the_time_by_less_than_a_tenth() {
        for slow in 0..40 {
            let is_slow = |work: u64| work / GREATEST == slow;
            let (took, _) = run(250_000, |work| if is_slow(work) { 9 } else { 1 });
            assert!(took <= 275_000, "{slow} {took}");
        }
    }

    #[test]
    fn the_first_step_is_done_without_time() {
        assert_eq!(run(0, |_| 1).1, 1);
        assert_eq!(TimedSteps::new(0).first(), LEAST);
    }

    #[test]
    fn unlimited_time_has_an_end_for_no_step() {
        let mut steps = TimedSteps::new(u64::MAX);
        steps.learn(LEAST, 1 << 40);
        assert_eq!(steps.next(1 << 50), Some(GREATEST));
    }

    #[test]
    fn a_slow_step_is_forgotten_slowly() {
        let mut steps = TimedSteps::new(100_000);
        steps.learn(1000, 64_000);
        assert_eq!(steps.next(70_000), None);
        steps.learn(1000, 1000);
        assert_eq!(steps.next(75_000), None);
        (0..20).for_each(|_| steps.learn(1000, 1000));
        assert!(steps.next(70_000).is_some());
        assert_eq!(steps.left(70_000), 30_000);
        assert_eq!(steps.left(u64::MAX), 0);
    }
}
