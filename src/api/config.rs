//! What an engine is configured with.

use super::growth::Growth;
use crate::collectors;
use crate::engine;
use crate::error::Result;

/// Which collector the heaps of an engine's stores have.
///
/// ```
/// use gcroots::{Collector, Config, Engine};
///
/// let mut config = Config::new();
/// config.collector(Collector::Null);
/// Engine::new(&config)?;
/// # anyhow::Ok(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Collector {
    /// The library chooses: copying.
    #[default]
    Auto,
    /// Never collects; memory comes back with the store. At least 16 KiB.
    Null,
    /// Semi-space copying. At least 32 KiB, half of which is usable.
    Copying,
    /// Deferred reference counting: objects stay where they are, and no half of the
    /// memory is idle. At least 16 KiB.
    Drc,
    /// For tests of the library itself: copying, and finds references that were stored
    /// without a barrier.
    Check,
}

impl Collector {
    fn number(self) -> u32 {
        match self {
            Collector::Auto => collectors::AUTO,
            Collector::Null => collectors::NULL,
            Collector::Copying => collectors::COPYING,
            Collector::Drc => collectors::DRC,
            Collector::Check => collectors::CHECK,
        }
    }
}

/// A configuration. [`Engine::new`](crate::Engine::new) copies it, and refuses what
/// is out of range.
///
/// ```
/// use gcroots::{Config, Engine, Error};
///
/// let mut config = Config::new();
/// config.heap_limit(1 << 20).stress(1).poison(true);
/// Engine::new(&config)?;
///
/// config.heap_limit(0);
/// let error = Engine::new(&config).err().unwrap();
/// assert!(matches!(error.downcast_ref(), Some(Error::InvalidArgument { .. })));
/// # anyhow::Ok(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Config {
    collector: Collector,
    limit: Option<u64>,
    initial: u64,
    stress: u32,
    poison: bool,
    move_always: bool,
    pool: Option<usize>,
    call_depth: Option<u32>,
    growth: Option<Growth>,
}

impl Config {
    /// The defaults.
    pub fn new() -> Config {
        Config::default()
    }

    /// Chooses the collector.
    pub fn collector(&mut self, collector: Collector) -> &mut Config {
        self.collector = collector;
        self
    }

    /// How many bytes a store's heap may commit, in all its spaces together: 4 GiB
    /// if not set, at most 16 GiB. Small limits are rounded up to the collector's
    /// least.
    pub fn heap_limit(&mut self, bytes: u64) -> &mut Config {
        self.limit = Some(bytes);
        self
    }

    /// How many bytes a store's heap commits at first, in all its spaces together,
    /// at most the limit; 0 is the default: 512 KiB, or the limit if that is less.
    pub fn heap_initial(&mut self, bytes: u64) -> &mut Config {
        self.initial = bytes;
        self
    }

    /// Collects at every n-th allocation, to find references that no root holds; 0
    /// turns it off.
    pub fn stress(&mut self, every_nth_allocation: u32) -> &mut Config {
        self.stress = every_nth_allocation;
        self
    }

    /// Fills freed memory with a pattern, to find whoever reads it.
    pub fn poison(&mut self, on: bool) -> &mut Config {
        self.poison = on;
        self
    }

    /// Makes each collection move every object that survives, to find references
    /// that no root holds. The copying collector does so anyway.
    pub fn move_always(&mut self, on: bool) -> &mut Config {
        self.move_always = on;
        self
    }

    /// How many heaps of deleted stores the engine keeps for the next stores, each
    /// with at most 512 KiB resident: 8 if not set, at most 4096.
    pub fn pool(&mut self, heaps: usize) -> &mut Config {
        self.pool = Some(heaps);
        self
    }

    /// How many functions may run inside each other in a store: 200 if not set, at
    /// least 1. Each needs some room on the thread's stack.
    pub fn call_depth(&mut self, depth: u32) -> &mut Config {
        self.call_depth = Some(depth);
        self
    }

    /// Asks `allows` before a store's heap commits more than it had committed at
    /// first. It is given the bytes that are committed and the bytes that would be,
    /// on the thread that allocates, and may free other memory or drop a
    /// [`ManuallyRooted`](crate::ManuallyRooted) before it answers. After a refusal,
    /// or a panic, the heap is collected; if that does not make room, the allocation
    /// fails with [`Error::GrowthRefused`](crate::Error::GrowthRefused).
    ///
    /// ```
    /// use gcroots::{Config, Engine, Error, ExternRef, GcHeapOutOfMemory, Store};
    ///
    /// let mut config = Config::new();
    /// config.heap_initial(64 << 10).grow_callback(|_committed, wanted| wanted <= 1 << 20);
    /// let mut store = Store::new(&Engine::new(&config)?, ())?;
    /// let error = loop {
    ///     if let Err(error) = ExternRef::new(&mut store, ()) {
    ///         break error.downcast::<GcHeapOutOfMemory<()>>()?;
    ///     }
    /// };
    /// assert!(matches!(error.cause(), Error::GrowthRefused { wanted } if wanted > 1 << 20));
    /// assert_eq!(store.stats().committed_bytes, 1 << 20);
    /// # anyhow::Ok(())
    /// ```
    pub fn grow_callback(
        &mut self,
        allows: impl Fn(u64, u64) -> bool + Send + Sync + 'static,
    ) -> &mut Config {
        self.growth = Some(Growth::new(allows));
        self
    }

    /// Who is asked before a heap grows, to be kept as long as the engine.
    pub(super) fn growth(&self) -> Option<Growth> {
        self.growth.clone()
    }

    /// The core's configuration.
    ///
    /// Errors: [`Error::InvalidArgument`](crate::Error::InvalidArgument).
    pub(super) fn checked(&self) -> Result<engine::Config> {
        let mut config = engine::Config::new()?;
        config.set_collector(self.collector.number())?;
        if let Some(bytes) = self.limit {
            config.set_limit(bytes)?;
        }
        config.set_initial(self.initial);
        config.set_stress(self.stress);
        config.set_poison(self.poison);
        config.set_move_always(self.move_always);
        if let Some(heaps) = self.pool {
            config.set_pool(heaps)?;
        }
        if let Some(depth) = self.call_depth {
            config.set_call_depth(depth)?;
        }
        config.set_grow_callback(self.growth.as_ref().map(Growth::callback));
        Ok(config)
    }
}
