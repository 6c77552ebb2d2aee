//! The pace of a cycle: how much of it each allocation pays for.
//!
//! A cycle begins when twice as many bytes of the headroom are left as became old during the
//! last cycle, and aims at being complete when half of them are used up. So each allocated byte
//! pays for the same part of the work (Baker's tax). All bytes that the program allocates count;
//! which share of them becomes old is known from the last cycle. Work is done whenever the program
//! has allocated [`STEP_EVERY`] bytes, in steps that are likely to take no longer than they may.
//! What a step could not pay for is a debt of the next.
//!
//! External bytes that the program adds pay as well, from a budget of their own (HEAP-109). While
//! the work that they have paid for and that is not done is enough for a step, each allocation does
//! one. Where it is more than a part of the cycle, steps take longer than they should, because the
//! program would be stopped for all of the work otherwise.
//!
//! The pacer is a value: it reads no clock and no heap, so a simulation can drive it.
//!
//! **Sources.** Baker, "List Processing in Real Time on a Serial Computer", CACM 1978.

use super::budget::Budget;

/// The program's allocated bytes after which a cycle does its next step.
pub(crate) const STEP_EVERY: u64 = 8 << 10;

/// The least work of a step, in bytes of a [`Budget`], and the greatest.
const LEAST_STEP: u64 = 4 << 10;
const LARGEST_STEP: u64 = 1 << 20;

/// The greatest debt.
const LARGEST_DEBT: u64 = 8 * LARGEST_STEP;

/// The part of a cycle's work by which it may be behind external bytes before steps take longer, and
/// the part of what is not done that such a step does.
const BEHIND: u64 = 8;
const CATCH_UP: u64 = 8;

/// What a byte of work takes at first, in nanoseconds.
const FIRST_COST: f64 = 4.0;

/// The weight of the newest step in the average of costs, if it is cheaper. A costlier one counts
/// at once.
const NEWEST: f64 = 1.0 / 16.0;

/// The least and the greatest number of bytes of work for each allocated byte.
const LEAST_RATE: f64 = 1.0;
const GREATEST_RATE: f64 = 64.0;

/// The least share of the allocated bytes that is taken to become old.
const LEAST_SURVIVAL: f64 = 1.0 / 16.0;

/// What the pacer knows of a heap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct CyclePressure {
    /// The bytes that are in use.
    pub(crate) used: u64,
    /// The bytes that became old since the last full collection.
    pub(crate) allocated: u64,
    /// How many may become old between two full collections.
    pub(crate) headroom: u64,
}

/// Decides when a cycle begins, and how much each step does.
#[derive(Debug)]
pub(crate) struct CyclePacer {
    /// The bytes that became old during the last cycle. `None` before the first.
    growth: Option<u64>,
    /// The share of the allocated bytes that becomes old.
    survival: f64,
    /// The bytes of work for each allocated byte.
    rate: f64,
    /// What a byte of work takes, in nanoseconds.
    cost: f64,
    /// The nanoseconds that a step may take.
    step_nanoseconds: u64,
    /// The work that is paid for and not done.
    debt: u64,
    /// The counter of allocated bytes, as of the last step.
    counted: u64,
    /// The bytes that were allocated during the cycle, and those that had become old before it.
    allocated: u64,
    old_before: u64,
    external: ExternalPace,
}

/// The part of the pace that external bytes set.
#[derive(Debug, Default)]
struct ExternalPace {
    /// The bytes of work for each external byte that is added.
    rate: f64,
    /// The work that is paid for and not done.
    debt: u64,
    /// The work of the cycle.
    work: u64,
    /// The counter of added external bytes, as of the last step.
    counted: u64,
}

impl ExternalPace {
    /// The work that is due. `counted` is the counter of added external bytes.
    fn due(&self, counted: u64) -> u64 {
        let added = counted.saturating_sub(self.counted);
        self.debt.saturating_add((added as f64 * self.rate) as u64)
    }

    /// The work that a step must do although it takes too long, where `due` is due. It is a part of
    /// the cycle at most: what is far too late is better done in one stop, which also evacuates.
    fn urgent(&self, due: u64) -> u64 {
        match due > self.work / BEHIND {
            true => due.min(self.work) / CATCH_UP,
            false => 0,
        }
    }

    /// Pays `work` of what is due.
    fn pay(&mut self, counted: u64, work: u64) {
        self.debt = self.due(counted).saturating_sub(work);
        self.counted = counted;
    }
}

impl CyclePacer {
    /// A pacer whose steps may take this number of nanoseconds.
    pub(crate) fn new(step_nanoseconds: u64) -> CyclePacer {
        CyclePacer {
            step_nanoseconds,
            growth: None,
            survival: 1.0,
            rate: LEAST_RATE,
            cost: FIRST_COST,
            debt: 0,
            counted: 0,
            allocated: 0,
            old_before: 0,
            external: ExternalPace::default(),
        }
    }

    /// Whether a cycle should begin.
    pub(crate) fn is_due(&self, pressure: CyclePressure) -> bool {
        let headroom = pressure.headroom;
        let wanted = self.growth.map_or(headroom / 4, |bytes| 2 * bytes);
        let early = wanted.clamp(headroom / 16, headroom / 2);
        pressure.allocated + early >= headroom
    }

    /// Begins a cycle. `counted` is the present state of the counter of allocated bytes.
    pub(crate) fn begin(&mut self, pressure: CyclePressure, counted: u64) {
        let left = pressure.headroom.saturating_sub(pressure.allocated).max(2);
        let rate = pressure.used as f64 * self.survival / (left / 2) as f64;
        self.rate = rate.clamp(LEAST_RATE, GREATEST_RATE);
        self.debt = 0;
        self.counted = counted;
        self.allocated = 0;
        self.old_before = pressure.allocated;
    }

    /// Lets added external bytes pay for the cycle of `work` bytes that begins, so that it is
    /// complete when half of `room` has been added. `counted` is the present state of the counter
    /// of added external bytes.
    pub(crate) fn begin_external(&mut self, work: u64, room: u64, counted: u64) {
        self.external = ExternalPace {
            rate: work as f64 / (room / 2).max(1) as f64,
            debt: 0,
            work,
            counted,
        };
    }

    /// Whether external bytes have paid for a step. `external` is the counter of those that were
    /// added.
    pub(crate) fn owes_external_step(&self, external: u64) -> bool {
        self.external.due(external) >= self.largest_step() / 2
    }

    /// Ends a cycle.
    pub(crate) fn end(&mut self, pressure: CyclePressure) {
        let growth = pressure.allocated.saturating_sub(self.old_before);
        self.growth = Some(growth);
        let share = growth as f64 / self.allocated.max(1) as f64;
        self.survival = share.clamp(LEAST_SURVIVAL, 1.0);
    }

    /// The work that is due now, if a step is. `counted` is the counter of allocated bytes, and
    /// `external` that of added external bytes. A minor collection may set them back.
    pub(crate) fn step(&mut self, counted: u64, external: u64) -> Option<Budget> {
        let allocated = counted.saturating_sub(self.counted);
        let is_early = counted >= self.counted && allocated < STEP_EVERY;
        if is_early && !self.owes_external_step(external) {
            return None;
        }
        self.counted = counted;
        self.allocated += allocated;
        let due = self.debt + (allocated as f64 * self.rate) as u64;
        let due_external = self.external.due(external);
        let most = self.largest_step().max(self.external.urgent(due_external));
        let now = due.saturating_add(due_external).clamp(LEAST_STEP, most);
        self.debt = due.saturating_sub(now).min(LARGEST_DEBT);
        self.external.pay(external, now.saturating_sub(due));
        Some(Budget::of(now))
    }

    /// The work of the largest step.
    fn largest_step(&self) -> u64 {
        let affordable = (self.step_nanoseconds as f64 / self.cost) as u64;
        affordable.clamp(LEAST_STEP, LARGEST_STEP)
    }

    /// Learns what a step of `work` took.
    pub(crate) fn learn(&mut self, work: u64, nanoseconds: u64) {
        if work < LEAST_STEP {
            return;
        }
        let cost = nanoseconds as f64 / work as f64;
        let weight = if cost > self.cost { 0.5 } else { NEWEST };
        self.cost += (cost - self.cost) * weight;
    }

    /// The work of a step right after a minor collection, which has set the counters back to
    /// `counted` and `external`.
    pub(crate) fn step_after_minor(&mut self, counted: u64, external: u64) -> Budget {
        self.counted = counted;
        let due = self.external.due(external);
        let most = self.largest_step().max(self.external.urgent(due));
        let now = due.clamp(LEAST_STEP, most);
        self.external.pay(external, now);
        Budget::of(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    /// Runs a program that allocates `bytes` at a time, of which one of `survives` becomes old,
    /// through cycles of a heap of `live` bytes. Returns the old bytes at the end of the last one,
    /// and when it began.
    fn cycles(live: u64, headroom: u64, bytes: u64, survives: u64) -> (u64, u64) {
        let (mut pacer, mut counted) = (CyclePacer::new(1_000_000), 0);
        let (mut old, mut began) = (0, 0);
        for _ in 0..5 {
            old = 0;
            let pressure = |old| CyclePressure {
                used: live + old,
                allocated: old,
                headroom,
            };
            while !pacer.is_due(pressure(old)) {
                old += bytes / survives;
            }
            began = old;
            pacer.begin(pressure(old), counted);
            let mut work = live + old;
            while work > 0 {
                counted += bytes;
                old += bytes / survives;
                if let Some(budget) = pacer.step(counted, 0) {
                    work = work.saturating_sub(budget.left());
                }
            }
            pacer.end(pressure(old));
        }
        (old, began)
    }

    #[test]
    fn a_cycle_is_complete_before_the_headroom_ends_and_begins_late() {
        for live in [4 * MIB, 256 * MIB, 4096 * MIB] {
            for headroom in [live / 2, live, 2 * live] {
                for survives in [1, 10] {
                    for bytes in [8 << 10, 12 << 10] {
                        let (old, began) = cycles(live, headroom, bytes, survives);
                        assert!(old <= headroom + headroom / 16, "{live} {headroom} {old}");
                        assert!(began >= headroom / 2, "{live} {headroom} {began}");
                        if survives == 10 {
                            assert!(began >= headroom / 4 * 3, "{live} {headroom} {began}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn no_step_is_larger_than_the_largest() {
        let mut pacer = CyclePacer::new(1_000_000);
        let pressure = CyclePressure {
            used: 1 << 40,
            allocated: 1,
            headroom: 1,
        };
        pacer.begin(pressure, 0);
        for step in 1..100 {
            let budget = pacer.step(step * 16 * MIB, 0).unwrap();
            assert_eq!(budget.left(), 250_000);
        }
        // Steps take twice as long now.
        (0..20).for_each(|_| pacer.learn(100_000, 800_000));
        let budget = pacer.step(200 * 16 * MIB, 0).unwrap();
        assert!(budget.left().abs_diff(125_000) < 100);
        // Each byte takes no time.
        (0..200).for_each(|_| pacer.learn(100_000, 0));
        let budget = pacer.step(300 * 16 * MIB, 0).unwrap();
        assert_eq!(budget.left(), LARGEST_STEP);
        assert!(pacer.debt <= LARGEST_DEBT);
        assert!(pacer.step(300 * 16 * MIB + 1, 0).is_none());
    }

    #[test]
    fn a_counter_that_is_set_back_counts_from_there() {
        let mut pacer = CyclePacer::new(1_000_000);
        pacer.begin(CyclePressure::default(), 10 * MIB);
        assert_eq!(pacer.step(0, 0).unwrap().left(), LEAST_STEP);
        assert!(pacer.step(STEP_EVERY - 1, 0).is_none());
        assert!(pacer.step(STEP_EVERY, 0).is_some());
    }

    /// Runs a cycle of a heap of `live` bytes, beside which a program adds `bytes` of external
    /// bytes at a time with `others` small objects. Steps should take at most this number of
    /// nanoseconds. Returns what it has added at the end.
    fn external_at_end(live: u64, room: u64, (bytes, others): (u64, u64), step: u64) -> u64 {
        let mut pacer = CyclePacer::new(step);
        let pressure = CyclePressure {
            used: live,
            allocated: 0,
            headroom: 1 << 40,
        };
        pacer.begin(pressure, 0);
        pacer.begin_external(live, room, 0);
        let (mut external, mut counted, mut work) = (0, 0, live);
        while work > 0 {
            external += bytes;
            for _ in 0..others {
                counted += 16;
                if let Some(budget) = pacer.step(counted, external) {
                    work = work.saturating_sub(budget.left());
                }
            }
        }
        external
    }

    #[test]
    fn external_bytes_complete_a_cycle_when_half_of_their_room_is_used() {
        for live in [MIB, 64 * MIB, 4096 * MIB] {
            for room in [MIB, 64 * MIB, 4096 * MIB] {
                for bytes in [room / 100_000 + 1, room / 10_000] {
                    let external = external_at_end(live, room, (bytes, 4), 1_000_000);
                    assert!(external <= room / 2 + room / 16, "{live} {room} {external}");
                }
                // A few large ones: each object that is made meanwhile does a step.
                let others = live / (128 << 10) + 1;
                let external = external_at_end(live, room, (room / 8, others), 1_000_000);
                assert!(external <= room / 4 * 3, "{live} {room} {external}");
            }
        }
    }

    /// Also where a step may do next to nothing, or where nothing is made in between.
    #[test]
    fn a_cycle_that_is_behind_external_bytes_catches_up() {
        for live in [MIB, 64 * MIB, 4096 * MIB] {
            for room in [MIB, 64 * MIB, 4096 * MIB] {
                for pieces in [32, 1000] {
                    let external = external_at_end(live, room, (room / pieces, 1), 0);
                    assert!(
                        external <= room / 8 * 7,
                        "{live} {room} {pieces} {external}"
                    );
                }
            }
        }
    }

    #[test]
    fn no_number_of_external_bytes_makes_a_step_longer_than_a_part_of_the_cycle() {
        let mut pacer = CyclePacer::new(0);
        pacer.begin(CyclePressure::default(), 0);
        pacer.begin_external(64 * MIB, MIB, 0);
        assert_eq!(pacer.step(1, 1 << 40).unwrap().left(), 8 * MIB);
        assert_eq!(pacer.step_after_minor(0, u64::MAX).left(), 8 * MIB);
    }

    #[test]
    fn external_bytes_that_are_withdrawn_pay_for_nothing() {
        let mut pacer = CyclePacer::new(1_000_000);
        pacer.begin(CyclePressure::default(), 0);
        pacer.begin_external(64 * MIB, MIB, MIB);
        assert!(!pacer.owes_external_step(0));
        assert_eq!(pacer.step_after_minor(0, 0).left(), LEAST_STEP);
        assert!(pacer.step(1, 0).is_none());
        assert!(pacer.step(2, 100 << 10).is_some());
    }
}
