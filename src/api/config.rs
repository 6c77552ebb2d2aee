//! The configuration of an engine.

use super::growth::GrowthCallback;
use super::wake::{StoreToken, Wake, Waker};
use crate::collectors;
use crate::engine;
use crate::error::Result;

/// The collector of the heaps of an engine's stores.
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
    /// The library's choice: [`Collector::Generational`].
    #[default]
    Auto,
    /// No collector. Memory is freed with the store. The smallest heap is 16 KiB.
    Null,
    /// A copying collector with two semi-spaces, so that half of the heap is usable. The
    /// smallest heap is 32 KiB.
    Copying,
    /// Deferred reference counting. Objects do not move, and there is no second half of the
    /// heap. The smallest heap is 64 KiB.
    Drc,
    /// Generational: new objects are made in a nursery, and a minor collection moves those that
    /// are alive to the rest of the heap. A full collection marks the whole heap, frees what is
    /// dead in place, and moves the objects of sparsely used blocks together. There is no second
    /// half of the heap. The smallest heap is 64 KiB.
    Generational,
    /// For tests of the library itself: the copying collector, with a check that finds
    /// references that were stored without a barrier.
    Check,
}

impl Collector {
    fn number(self) -> u32 {
        match self {
            Collector::Auto => collectors::AUTO,
            Collector::Null => collectors::NULL,
            Collector::Copying => collectors::COPYING,
            Collector::Drc => collectors::DRC,
            Collector::Generational => collectors::GENERATIONAL,
            Collector::Check => collectors::CHECK,
        }
    }
}

/// When the host values of dead objects are dropped.
///
/// ```
/// use gcroots::{Config, Engine, ExternRef, Finalizers, RootScope, Store};
/// use std::sync::Arc;
///
/// let mut config = Config::new();
/// config.finalizers(Finalizers::Deferred);
/// let mut store = Store::new(&Engine::new(&config)?, ())?;
/// let value = Arc::new(7);
/// ExternRef::new(RootScope::new(&mut store)?, value.clone())?;
/// store.gc()?;
/// assert_eq!(Arc::strong_count(&value), 2);
/// assert_eq!(store.run_finalizers(usize::MAX)?, 0);
/// assert_eq!(Arc::strong_count(&value), 1);
/// # anyhow::Ok(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finalizers {
    /// Last in each call that allocates or collects. The caller must hold no lock that the
    /// `Drop` of a value takes.
    #[default]
    Inline,
    /// In [`Store::run_finalizers`](crate::Store::run_finalizers) and when the store is
    /// dropped.
    Deferred,
}

/// A configuration. [`Engine::new`](crate::Engine::new) copies it, and fails if a value
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
    side_limit: u64,
    external_limit: u64,
    growth_percent: u32,
    time_share: Option<u32>,
    pause_budget: u32,
    overhead_limit: Option<u32>,
    stress: u32,
    poison: bool,
    move_always: bool,
    pool: Option<usize>,
    call_depth: Option<u32>,
    finalizers: Finalizers,
    growth: Option<GrowthCallback>,
    waker: Option<Waker>,
}

impl Config {
    /// The default configuration.
    pub fn new() -> Config {
        Config::default()
    }

    /// Chooses the collector.
    pub fn collector(&mut self, collector: Collector) -> &mut Config {
        self.collector = collector;
        self
    }

    /// Sets the number of bytes that a store's heap may commit in all its spaces. The
    /// default is 4 GiB and the maximum 16 GiB. A smaller limit than the collector's
    /// smallest heap is rounded up to that.
    ///
    /// The store's first allocation reserves address space for the whole limit: up to 1 MiB
    /// more with the copying collector. If the system refuses, a limit that was set stays,
    /// and the allocation fails. The default is halved until the system accepts;
    /// [`Stats::heap_limit`](crate::Stats::heap_limit) is the limit in force.
    pub fn heap_limit(&mut self, bytes: u64) -> &mut Config {
        self.limit = Some(bytes);
        self
    }

    /// Sets the number of bytes that a store's heap commits at first in all its spaces, at
    /// most the heap limit. 0 is the default: 512 KiB, or the limit if that is less.
    ///
    /// If it is set, no allocation collects for lack of room before objects fill this size;
    /// with the copying collector, before they fill half of it.
    pub fn heap_initial(&mut self, bytes: u64) -> &mut Config {
        self.initial = bytes;
        self
    }

    /// Sets the number of bytes that a store may have beside its heap, for the tables of its
    /// roots, scopes, externrefs and the like. A call that needs more for what it makes fails
    /// with [`Error::SideLimit`](crate::Error::SideLimit). Dropping and collecting never fail
    /// for it. 0 is the default, and means no limit.
    pub fn side_limit(&mut self, bytes: u64) -> &mut Config {
        self.side_limit = bytes;
        self
    }

    /// Sets the number of external bytes that a store may have: see
    /// [`ExternRef::adjust_external_bytes`](crate::ExternRef::adjust_external_bytes). 0 is the
    /// default, and means no limit.
    ///
    /// A call that would bring the sum over the limit first collects in full, and drops the
    /// values of what it finds dead. If that does not help, it fails with
    /// [`Error::ExternalLimit`](crate::Error::ExternalLimit). The bytes of a dead object count
    /// until its value is dropped, which may be deferred: [`Config::finalizers`].
    pub fn external_limit(&mut self, bytes: u64) -> &mut Config {
        self.external_limit = bytes;
        self
    }

    /// Sets how much may be allocated after a collection until the next one, in percent of
    /// the bytes of the surviving objects. 0 is the default: the library decides, from the
    /// rates of allocation and collection.
    ///
    /// At least 256 KiB may be allocated in any case, and what is left of the initial size.
    pub fn heap_growth(&mut self, percent: u32) -> &mut Config {
        self.growth_percent = percent;
        self.time_share = None;
        self
    }

    /// Sets which percentage of the time full collections are to take, instead of
    /// [`Config::heap_growth`]: from 1 to 99. What may be allocated between two of them is at
    /// least an eighth of the bytes of the surviving objects, and at most 16 times these.
    /// [`Engine::new`](crate::Engine::new) refuses other percentages.
    pub fn heap_time_share(&mut self, percent: u32) -> &mut Config {
        self.time_share = Some(percent);
        self
    }

    /// Sets how long a minor collection should take at most, in microseconds. 0 is the default,
    /// and means 1000.
    ///
    /// A collector with a nursery lets it grow while collections of that take much less than
    /// this, and makes it smaller when they take nearly as long.
    pub fn pause_budget(&mut self, microseconds: u32) -> &mut Config {
        self.pause_budget = microseconds;
        self
    }

    /// Sets when an allocation is refused because collecting is in vain. The default is 2
    /// percent, the maximum 100, and 0 turns it off.
    ///
    /// The library counts the full collections that an allocation needed because the heap
    /// could not grow, and that freed less than `percent` of what objects may occupy. After
    /// five in a row, the next such allocation collects too, and then fails with
    /// [`Error::Overhead`](crate::Error::Overhead). The count starts anew when a
    /// collection frees more, when the heap grows, and with a trim.
    pub fn overhead_limit(&mut self, percent: u32) -> &mut Config {
        self.overhead_limit = Some(percent);
        self
    }

    /// Collects at every n-th allocation, which helps to find unrooted references. 0 turns
    /// this off.
    pub fn stress(&mut self, every_nth_allocation: u32) -> &mut Config {
        self.stress = every_nth_allocation;
        self
    }

    /// Fills freed memory with a pattern, which helps to find code that reads it.
    pub fn poison(&mut self, on: bool) -> &mut Config {
        self.poison = on;
        self
    }

    /// Makes each collection move every surviving object, which helps to find unrooted
    /// references. The copying collector always does so. `Generational` leaves large objects,
    /// which have blocks of their own, where they are. With a collector that never moves
    /// objects (`Null`, `Drc`), making the engine fails.
    pub fn move_always(&mut self, on: bool) -> &mut Config {
        self.move_always = on;
        self
    }

    /// Sets the number of heaps of deleted stores that the engine keeps for new stores,
    /// each with at most 512 KiB resident. The default is 8 and the maximum 4096.
    pub fn pool(&mut self, heaps: usize) -> &mut Config {
        self.pool = Some(heaps);
        self
    }

    /// Sets how deep calls of functions may be nested in a store. The default is 200 and
    /// the minimum 1. Each nested call needs some of the thread's stack.
    pub fn call_depth(&mut self, depth: u32) -> &mut Config {
        self.call_depth = Some(depth);
        self
    }

    /// Chooses when the host values of dead objects are dropped.
    pub fn finalizers(&mut self, when: Finalizers) -> &mut Config {
        self.finalizers = when;
        self
    }

    /// Sets a callback that decides whether a store's heap may commit more than its initial
    /// size.
    ///
    /// The first argument is the number of committed bytes, and the second is the number
    /// of bytes that the heap would have committed after it grew. The callback runs on the
    /// allocating thread. It may free other memory, or drop a
    /// [`ManuallyRooted`](crate::ManuallyRooted), before it returns.
    ///
    /// If the callback returns `false` or panics, the store collects its heap. If the
    /// collection does not make room, the allocation fails with
    /// [`Error::GrowthRefused`](crate::Error::GrowthRefused).
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
        self.growth = Some(GrowthCallback::new(allows));
        self
    }

    /// Sets a callback that tells that a store has something to do, so that an owner that
    /// waits for other events learns of it. It comes once for each change from nothing to
    /// something: more of the same kind brings no other call until all of it is done.
    ///
    /// Several threads may call it at the same time. It must return at once, and it must not
    /// use this library: a root that it drops may wait for ever for a lock. To set an atomic
    /// flag, to send on a channel, and to unpark a thread are fine. A panic in it is ignored.
    ///
    /// ```
    /// use gcroots::{Config, Engine, ExternRef, RootScope, Store, Wake};
    /// use std::sync::mpsc;
    ///
    /// let (sender, receiver) = mpsc::channel();
    /// let mut config = Config::new();
    /// config.wake_callback(move |store, what| drop(sender.send((store, what))));
    /// let mut store = Store::new(&Engine::new(&config)?, ())?;
    /// let mut scope = RootScope::new(&mut store)?;
    /// let root = ExternRef::new(&mut scope, 7)?.to_manually_rooted(&mut scope)?;
    /// drop(scope);
    /// drop(root); // no store is at hand, so the root waits
    /// assert_eq!(receiver.try_recv(), Ok((store.token(), Wake::Unroots)));
    /// store.drain_unroots()?;
    /// # anyhow::Ok(())
    /// ```
    pub fn wake_callback(
        &mut self,
        wakes: impl Fn(StoreToken, Wake) + Send + Sync + 'static,
    ) -> &mut Config {
        self.waker = Some(Waker::new(wakes));
        self
    }

    /// The wake callback. It must live as long as the engine.
    pub(super) fn waker(&self) -> Option<Waker> {
        self.waker.clone()
    }

    /// The growth callback. It must live as long as the engine.
    pub(super) fn growth(&self) -> Option<GrowthCallback> {
        self.growth.clone()
    }

    /// The configuration for the core.
    ///
    /// Errors: [`Error::InvalidArgument`](crate::Error::InvalidArgument).
    pub(super) fn checked(&self) -> Result<engine::Config> {
        let mut config = engine::Config::new()?;
        config.set_collector(self.collector.number())?;
        if let Some(bytes) = self.limit {
            config.set_limit(bytes)?;
        }
        config.set_initial(self.initial);
        config.set_side_limit(self.side_limit);
        config.set_external_limit(self.external_limit);
        match self.time_share {
            Some(percent) => config.set_sizing(engine::TIME_SHARE, percent)?,
            None => config.set_growth(self.growth_percent),
        }
        config.set_pause_budget(self.pause_budget);
        if let Some(percent) = self.overhead_limit {
            config.set_overhead_limit(percent)?;
        }
        config.set_stress(self.stress);
        config.set_poison(self.poison);
        config.set_move_always(self.move_always);
        if let Some(heaps) = self.pool {
            config.set_pool(heaps)?;
        }
        if let Some(depth) = self.call_depth {
            config.set_call_depth(depth)?;
        }
        config.set_finalizers(match self.finalizers {
            Finalizers::Inline => engine::Finalizers::Inline,
            Finalizers::Deferred => engine::Finalizers::Deferred,
        });
        config.set_grow_callback(self.growth.as_ref().map(GrowthCallback::callback));
        config.set_wake_callback(self.waker.as_ref().map(Waker::callback));
        Ok(config)
    }
}
