//! What programs run on: a collector and how it is set.

use gcroots::capi::config::*;

/// A configuration of an engine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lane {
    pub(crate) name: &'static str,
    pub(crate) collector: gcroots_collector_t,
    pub(crate) stress: u32,
    pub(crate) poison: bool,
    pub(crate) move_always: bool,
    pub(crate) heap_limit: usize,
}

const fn lane(name: &'static str, collector: gcroots_collector_t) -> Lane {
    Lane {
        name,
        collector,
        stress: 0,
        poison: false,
        move_always: false,
        heap_limit: LARGE,
    }
}

const LARGE: usize = 64 << 20;
/// Limits that programs meet.
const SMALL: [usize; 3] = [32 << 10, 64 << 10, 256 << 10];

pub(crate) const NULL: Lane = lane("null", GCROOTS_COLLECTOR_NULL);
pub(crate) const COPYING: Lane = lane("copying", GCROOTS_COLLECTOR_COPYING);
pub(crate) const CHECK: Lane = lane("check", GCROOTS_COLLECTOR_CHECK);
pub(crate) const DRC: Lane = lane("drc", GCROOTS_COLLECTOR_DRC);
pub(crate) const DRC_STRESS: Lane = Lane {
    stress: 1,
    poison: true,
    ..lane("drc under stress", GCROOTS_COLLECTOR_DRC)
};
pub(crate) const STRESS: Lane = Lane {
    stress: 1,
    poison: true,
    move_always: true,
    ..lane("stress", GCROOTS_COLLECTOR_COPYING)
};

impl Lane {
    /// The lane as the program of this seed has it: some have little memory.
    pub(crate) fn for_seed(self, seed: u64) -> Lane {
        let heap_limit = match seed % 4 {
            0 => SMALL[(seed / 4) as usize % SMALL.len()],
            _ => self.heap_limit,
        };
        Lane { heap_limit, ..self }
    }

    /// Whether anything ever dies.
    pub(crate) fn collects(&self) -> bool {
        self.collector != GCROOTS_COLLECTOR_NULL
    }

    /// How many bytes of objects there is room for.
    pub(crate) fn usable_bytes(&self) -> usize {
        match self.collector {
            GCROOTS_COLLECTOR_COPYING | GCROOTS_COLLECTOR_CHECK => self.heap_limit / 2,
            _ => self.heap_limit,
        }
    }
}
