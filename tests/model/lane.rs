//! A lane: the collector on which programs run, and its configuration.

use gcroots::capi::config::*;

use super::room::{Arrangement, BLOCK};

/// A configuration of an engine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lane {
    pub(crate) name: &'static str,
    pub(crate) collector: gcroots_collector_t,
    pub(crate) stress: u32,
    pub(crate) poison: bool,
    pub(crate) move_always: bool,
    pub(crate) heap_limit: usize,
    /// Whether finalizers wait until a call runs them.
    pub(crate) deferred: bool,
    /// Whether heaps begin small and ask a callback before they grow.
    pub(crate) asks: bool,
}

const fn lane(name: &'static str, collector: gcroots_collector_t) -> Lane {
    Lane {
        name,
        collector,
        stress: 0,
        poison: false,
        move_always: false,
        heap_limit: LARGE,
        deferred: false,
        asks: false,
    }
}

const LARGE: usize = 64 << 20;
/// Heap limits that programs reach.
const SMALL: [usize; 3] = [32 << 10, 64 << 10, 256 << 10];
/// The overhead limit in percent. It is large, so that programs reach it.
pub(crate) const OVERHEAD_LIMIT: u32 = 10;
/// The initial size of a space of the heap, if the growth callback is asked.
const INITIAL: usize = 4 << 10;
/// The number of consecutive seeds that cover all memory configurations.
pub(crate) const MEMORIES: u64 = 48;

pub(crate) const NULL: Lane = lane("null", GCROOTS_COLLECTOR_NULL);
pub(crate) const COPYING: Lane = lane("copying", GCROOTS_COLLECTOR_COPYING);
pub(crate) const CHECK: Lane = lane("check", GCROOTS_COLLECTOR_CHECK);
pub(crate) const DRC: Lane = lane("drc", GCROOTS_COLLECTOR_DRC);
pub(crate) const GENERATIONAL: Lane = lane("generational", GCROOTS_COLLECTOR_GENERATIONAL);
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
pub(crate) const GENERATIONAL_STRESS: Lane = Lane {
    stress: 1,
    poison: true,
    move_always: true,
    ..lane("generational under stress", GCROOTS_COLLECTOR_GENERATIONAL)
};

impl Lane {
    /// The lane with the configuration of the program with this seed. Some programs have
    /// little memory, some must ask for more, and some defer finalizers.
    pub(crate) fn for_seed(self, seed: u64) -> Lane {
        let small = SMALL[(seed / 16) as usize % SMALL.len()];
        let (heap_limit, asks) = match seed / 4 % 4 {
            0 => (small, false),
            1 => (small, true),
            2 => (self.heap_limit, true),
            _ => (self.heap_limit, false),
        };
        Lane {
            heap_limit,
            deferred: seed % 5 == 4,
            asks,
            ..self
        }
        .with_least_limit()
    }

    /// The lane with the least heap limit of its collector, if its limit is smaller.
    fn with_least_limit(self) -> Lane {
        let least = match self.collector {
            GCROOTS_COLLECTOR_DRC | GCROOTS_COLLECTOR_GENERATIONAL => 64 << 10,
            _ => 32 << 10,
        };
        Lane {
            heap_limit: self.heap_limit.max(least),
            ..self
        }
    }

    /// Whether the collector frees objects.
    pub(crate) fn collects(&self) -> bool {
        self.collector != GCROOTS_COLLECTOR_NULL
    }

    /// Whether objects can be pinned.
    pub(crate) fn has_pins(&self) -> bool {
        !matches!(
            self.collector,
            GCROOTS_COLLECTOR_COPYING | GCROOTS_COLLECTOR_CHECK
        )
    }

    /// How the collector arranges objects.
    pub(crate) fn arrangement(&self) -> Arrangement {
        match self.collector {
            GCROOTS_COLLECTOR_COPYING | GCROOTS_COLLECTOR_CHECK => Arrangement::Halves,
            GCROOTS_COLLECTOR_DRC | GCROOTS_COLLECTOR_GENERATIONAL => Arrangement::Blocks,
            _ => Arrangement::Whole,
        }
    }

    /// The initially committed bytes of a heap, if the growth callback is asked.
    pub(crate) fn initial(&self) -> usize {
        match self.arrangement() {
            Arrangement::Halves => 2 * INITIAL,
            Arrangement::Whole => INITIAL,
            Arrangement::Blocks => BLOCK,
        }
    }
}
