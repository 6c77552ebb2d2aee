//! The configuration of an engine.

use crate::collectors;
use crate::error::{Error, Result};
use crate::heap::{GcRuntime, HEAP_MAX, HeapOptions, HeapSizing, KEPT_BYTES, Overhead, Pacer};

use super::growth::GrowCallback;
use super::heap_pool::POOL_MAX;
use crate::roots::WakeCallback;

/// The heap limit of a new configuration: 4 GiB.
const DEFAULT_LIMIT: u64 = 4 << 30;

/// The number of reset heaps that an engine keeps by default.
const DEFAULT_POOL: usize = 8;

/// The numbers of the rules of heap sizing.
pub(crate) const BALANCED: u32 = 0;
pub(crate) const RATIO: u32 = 1;
pub(crate) const TIME_SHARE: u32 = 2;

/// The share of the heap that a collection at the heap's limit has to free, in percent.
const DEFAULT_OVERHEAD_LIMIT: u32 = 2;

/// How deep calls of host functions nest by default (HOST-21).
const DEFAULT_CALL_DEPTH: u32 = 200;

/// When finalizers run (HOST-31).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Finalizers {
    /// Last in each call that may collect.
    #[default]
    Inline,
    /// When the owner asks for it, and when the store is deleted.
    Deferred,
}

/// A configuration. An engine has a copy of its own.
#[derive(Clone, Copy)]
pub(crate) struct Config {
    runtime: &'static dyn GcRuntime,
    /// `None` means the default, which may shrink (HEAP-52).
    limit: Option<u64>,
    /// 0 means the default.
    initial: u64,
    sizing: HeapSizing,
    /// In microseconds. 0 means the default.
    pause_budget: u32,
    overhead_limit: u32,
    /// 0 means never.
    stress: u32,
    poison: bool,
    move_always: bool,
    exact_slots: bool,
    /// 0 means none.
    side_limit: u64,
    /// 0 means none.
    external_limit: u64,
    pool: usize,
    call_depth: u32,
    finalizers: Finalizers,
    grow_callback: Option<GrowCallback>,
    wake_callback: Option<WakeCallback>,
}

/// In nanoseconds.
const DEFAULT_PAUSE_BUDGET: u64 = 1_000_000;

impl Config {
    /// The default configuration.
    ///
    /// Errors: [`Error::InvalidArgument`] if the default collector is not built.
    pub(crate) fn new() -> Result<Config> {
        Ok(Config {
            runtime: collectors::by_number(collectors::AUTO)?,
            limit: None,
            initial: 0,
            sizing: HeapSizing::Balanced,
            pause_budget: 0,
            overhead_limit: DEFAULT_OVERHEAD_LIMIT,
            stress: 0,
            poison: false,
            move_always: false,
            exact_slots: false,
            side_limit: 0,
            external_limit: 0,
            pool: DEFAULT_POOL,
            call_depth: DEFAULT_CALL_DEPTH,
            finalizers: Finalizers::Inline,
            grow_callback: None,
            wake_callback: None,
        })
    }

    /// Chooses the collector by its number.
    ///
    /// Errors: [`Error::InvalidArgument`].
    pub(crate) fn set_collector(&mut self, number: u32) -> Result<()> {
        self.runtime = collectors::by_number(number)?;
        Ok(())
    }

    /// Sets the limit of each heap in bytes. A limit below the least one of the collector is
    /// rounded up to that.
    ///
    /// Errors: [`Error::InvalidArgument`].
    pub(crate) fn set_limit(&mut self, bytes: u64) -> Result<()> {
        if bytes == 0 || bytes > HEAP_MAX {
            return Err(Error::InvalidArgument {
                parameter: "bytes",
                value: bytes,
                allowed: "1 to 17179869184 (16 GiB)",
            });
        }
        self.limit = Some(bytes);
        Ok(())
    }

    /// Sets the number of bytes that a heap commits at first. 0 means the default.
    pub(crate) fn set_initial(&mut self, bytes: u64) {
        self.initial = bytes;
    }

    /// Sets the headroom in percent of the live bytes. 0 means the pacer's own rule.
    pub(crate) fn set_growth(&mut self, percent: u32) {
        self.sizing = match percent {
            0 => HeapSizing::Balanced,
            percent => HeapSizing::Ratio(percent),
        };
    }

    /// Sets how the headroom follows from what the pacer knows. `percent` is the number of that
    /// rule.
    ///
    /// Errors: [`Error::InvalidArgument`] for a rule that does not exist, and for a percentage that
    /// the rule does not allow.
    pub(crate) fn set_sizing(&mut self, rule: u32, percent: u32) -> Result<()> {
        let wrong_percent = |allowed| Error::InvalidArgument {
            parameter: "percent",
            value: percent.into(),
            allowed,
        };
        self.sizing = match (rule, percent) {
            (BALANCED, 0) => HeapSizing::Balanced,
            (BALANCED, _) => return Err(wrong_percent("0, for the balanced rule")),
            (RATIO, 1..) => HeapSizing::Ratio(percent),
            (RATIO, 0) => return Err(wrong_percent("at least 1, for a ratio")),
            (TIME_SHARE, 1..=99) => HeapSizing::TimeShare(percent),
            (TIME_SHARE, _) => return Err(wrong_percent("1 to 99, for a share of the time")),
            _ => {
                return Err(Error::InvalidArgument {
                    parameter: "rule",
                    value: rule.into(),
                    allowed: "0 (balanced), 1 (ratio) or 2 (share of the time)",
                });
            }
        };
        Ok(())
    }

    /// How many nanoseconds a stop should take at most.
    pub(crate) fn pause_budget(&self) -> u64 {
        match self.pause_budget {
            0 => DEFAULT_PAUSE_BUDGET,
            microseconds => u64::from(microseconds) * 1000,
        }
    }

    /// Sets how long a minor collection should take at most, in microseconds. 0 means the
    /// default.
    pub(crate) fn set_pause_budget(&mut self, microseconds: u32) {
        self.pause_budget = microseconds;
    }

    /// Sets the share of the heap that a collection at the heap's limit has to free. 0 turns
    /// the overhead limit off.
    ///
    /// Errors: [`Error::InvalidArgument`].
    pub(crate) fn set_overhead_limit(&mut self, percent: u32) -> Result<()> {
        if percent > 100 {
            return Err(Error::InvalidArgument {
                parameter: "percent",
                value: percent.into(),
                allowed: "0 to 100",
            });
        }
        self.overhead_limit = percent;
        Ok(())
    }

    /// Makes every n-th allocation collect. 0 turns that off.
    pub(crate) fn set_stress(&mut self, every_nth: u32) {
        self.stress = every_nth;
    }

    /// Whether freed memory is filled with a pattern.
    pub(crate) fn poisons(&self) -> bool {
        self.poison
    }

    /// Sets whether freed memory is filled with a pattern.
    pub(crate) fn set_poison(&mut self, on: bool) {
        self.poison = on;
    }

    /// Sets whether collections must move every object.
    pub(crate) fn set_move_always(&mut self, on: bool) {
        self.move_always = on;
    }

    /// Sets whether slots of root ranges must refer to the start of an object (ROOTS-22).
    pub(crate) fn set_exact_slots(&mut self, on: bool) {
        self.exact_slots = on;
    }

    /// Sets the limit of each store's memory beside its heap in bytes. 0 means none.
    pub(crate) fn set_side_limit(&mut self, bytes: u64) {
        self.side_limit = bytes;
    }

    /// The limit of each store's memory beside its heap in bytes. 0 means none.
    pub(crate) fn side_limit(&self) -> u64 {
        self.side_limit
    }

    /// Sets the limit of each store's external bytes. 0 means none.
    pub(crate) fn set_external_limit(&mut self, bytes: u64) {
        self.external_limit = bytes;
    }

    /// The limit of each store's external bytes. 0 means none.
    pub(crate) fn external_limit(&self) -> u64 {
        self.external_limit
    }

    /// Sets the number of reset heaps that the engine keeps.
    ///
    /// Errors: [`Error::InvalidArgument`].
    pub(crate) fn set_pool(&mut self, heaps: usize) -> Result<()> {
        if heaps > POOL_MAX {
            return Err(Error::InvalidArgument {
                parameter: "heaps",
                value: heaps as u64,
                allowed: "0 to 4096",
            });
        }
        self.pool = heaps;
        Ok(())
    }

    /// Sets how deep calls of host functions nest.
    ///
    /// Errors: [`Error::InvalidArgument`].
    pub(crate) fn set_call_depth(&mut self, depth: u32) -> Result<()> {
        if depth == 0 {
            return Err(Error::InvalidArgument {
                parameter: "depth",
                value: 0,
                allowed: "1 or more",
            });
        }
        self.call_depth = depth;
        Ok(())
    }

    /// Sets when finalizers run.
    pub(crate) fn set_finalizers(&mut self, when: Finalizers) {
        self.finalizers = when;
    }

    /// Sets the callback that is asked before a heap grows.
    pub(crate) fn set_grow_callback(&mut self, callback: Option<GrowCallback>) {
        self.grow_callback = callback;
    }

    /// Sets the callback that tells that a store has something to do.
    pub(crate) fn set_wake_callback(&mut self, callback: Option<WakeCallback>) {
        self.wake_callback = callback;
    }

    /// Whether collections must move every object.
    pub(crate) fn move_always(&self) -> bool {
        self.move_always
    }

    /// How deep calls of host functions nest.
    pub(crate) fn call_depth(&self) -> u32 {
        self.call_depth
    }

    /// Whether finalizers wait until the owner asks for them.
    pub(crate) fn defers_finalizers(&self) -> bool {
        self.finalizers == Finalizers::Deferred
    }

    /// Whether slots of root ranges must refer to the start of an object.
    pub(crate) fn exact_slots(&self) -> bool {
        self.exact_slots
    }

    /// Whether collections check the `unchanged` of root ranges (ROOTS-39).
    pub(crate) fn checks_unchanged(&self) -> bool {
        self.exact_slots || self.stress > 0
    }

    /// The number of reset heaps that the engine keeps.
    pub(crate) fn pool(&self) -> usize {
        self.pool
    }

    /// The callback that is asked before a heap grows.
    pub(crate) fn grow_callback(&self) -> Option<GrowCallback> {
        self.grow_callback
    }

    /// The callback that tells that a store has something to do.
    pub(crate) fn wake_callback(&self) -> Option<WakeCallback> {
        self.wake_callback
    }

    /// The collector.
    pub(crate) fn runtime(&self) -> &'static dyn GcRuntime {
        self.runtime
    }

    /// Every n-th allocation collects. 0 means none.
    pub(crate) fn stress(&self) -> u32 {
        self.stress
    }

    /// Whether the configuration sets the initial size of heaps (HEAP-50).
    pub(crate) fn sets_initial(&self) -> bool {
        self.initial != 0
    }

    /// The pacer of a new store.
    pub(crate) fn new_pacer(&self) -> Pacer {
        Pacer::new(self.runtime.headroom_ceiling(), self.sizing)
    }

    /// The overhead limit of a new store.
    pub(crate) fn new_overhead(&self) -> Overhead {
        Overhead::new(self.overhead_limit)
    }

    /// The options of each store's heap.
    ///
    /// Errors: [`Error::InvalidArgument`] if the initial size exceeds the limit, or if
    /// collections must move every object but the collector never does.
    pub(crate) fn heap_options(&self) -> Result<HeapOptions> {
        let least = self.runtime.least_limit();
        let limit = self.limit.unwrap_or(DEFAULT_LIMIT).max(least);
        if self.initial > limit {
            return Err(Error::InvalidArgument {
                parameter: "heap_initial",
                value: self.initial,
                allowed: "at most heap_limit",
            });
        }
        if self.move_always && !self.runtime.moves() {
            return Err(Error::InvalidArgument {
                parameter: "move_always",
                value: 1,
                allowed: "0 with a collector that never moves objects",
            });
        }
        let initial = match self.initial {
            0 => KEPT_BYTES.min(limit),
            explicit => explicit,
        };
        Ok(HeapOptions {
            moves_all: self.move_always,
            asks_to_grow: self.grow_callback.is_some(),
            limit,
            least_limit: match self.limit {
                Some(_) => limit,
                None => least.max(initial),
            },
            initial,
            poison: self.poison,
            pause_budget: self.pause_budget(),
        })
    }
}
