//! A store, made here or lent, with its scopes and their handles.

use std::cell::Cell;
use std::ptr;
use std::rc::Rc;

use super::{Raw, Result, check, ffi};

/// The library's collectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Collector {
    Null,
    Drc,
    Copying,
    Generational,
    Check,
}

impl Collector {
    pub const ALL: [Collector; 5] = [
        Collector::Null,
        Collector::Drc,
        Collector::Copying,
        Collector::Generational,
        Collector::Check,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Collector::Null => "null",
            Collector::Drc => "drc",
            Collector::Copying => "copying",
            Collector::Generational => "generational",
            Collector::Check => "check",
        }
    }

    fn number(self) -> ffi::gcroots_collector_t {
        match self {
            Collector::Null => ffi::GCROOTS_COLLECTOR_NULL,
            Collector::Drc => ffi::GCROOTS_COLLECTOR_DRC,
            Collector::Copying => ffi::GCROOTS_COLLECTOR_COPYING,
            Collector::Generational => ffi::GCROOTS_COLLECTOR_GENERATIONAL,
            Collector::Check => ffi::GCROOTS_COLLECTOR_CHECK,
        }
    }
}

/// The settings of a store.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    pub collector: Collector,
    /// Collect at each n-th allocation. With 0, collect when the heap is full.
    pub stress: u32,
}

/// A store. Clones refer to the same store. Dropping the last clone deletes the store,
/// unless it was lent.
#[derive(Clone)]
pub struct Store(Rc<Inner>);

struct Inner {
    store: *mut ffi::gcroots_store_t,
    /// A reference to the engine (owned).
    engine: *mut ffi::gcroots_engine_t,
    is_lent: bool,
    allocations: Cell<u64>,
}

impl Store {
    pub fn new(settings: Settings) -> Result<Store> {
        let engine = engine(settings)?;
        let mut inner = Inner {
            store: ptr::null_mut(),
            engine,
            is_lent: false,
            allocations: Cell::new(0),
        };
        // SAFETY: the engine is alive, `out` is a variable's address.
        check(unsafe { ffi::gcroots_store_new(engine, &mut inner.store) })?;
        Ok(Store(Rc::new(inner)))
    }

    /// Wraps the caller's store (borrowed).
    ///
    /// # Safety
    ///
    /// `engine` and `store` are alive, and the store outlives all clones. The result is used
    /// only on a thread that may use the store.
    pub unsafe fn lent(
        engine: *mut ffi::gcroots_engine_t,
        store: *mut ffi::gcroots_store_t,
    ) -> Store {
        // SAFETY: the engine is alive.
        let engine = unsafe { ffi::gcroots_engine_clone(engine) };
        Store(Rc::new(Inner {
            store,
            engine,
            is_lent: true,
            allocations: Cell::new(0),
        }))
    }

    pub fn ptr(&self) -> *mut ffi::gcroots_store_t {
        self.0.store
    }

    pub fn engine(&self) -> *mut ffi::gcroots_engine_t {
        self.0.engine
    }

    pub fn collect(&self) -> Result<()> {
        // SAFETY: the store is alive.
        check(unsafe { ffi::gcroots_store_gc(self.ptr()) })
    }

    /// Lets the library check the whole store.
    pub fn verify(&self) -> Result<()> {
        // SAFETY: the store is alive.
        check(unsafe { ffi::gcroots_store_verify(self.ptr()) })
    }

    /// The number of collections so far.
    pub fn collections(&self) -> Result<u64> {
        let mut stats = ffi::gcroots_stats_t::default();
        // SAFETY: the store is alive, `out` is a variable's address.
        check(unsafe { ffi::gcroots_store_stats(self.ptr(), &mut stats) })?;
        Ok(stats.collections)
    }

    /// The number of objects that were made through this wrapper, without those that hold
    /// tables and globals.
    pub fn allocations(&self) -> u64 {
        self.0.allocations.get()
    }

    pub(super) fn count_allocation(&self) {
        self.0.allocations.set(self.0.allocations.get() + 1);
    }

    /// Runs `operation` in a scope, which ends the handles that the operation makes.
    pub(super) fn scope<T>(&self, operation: impl FnOnce() -> Result<T>) -> Result<T> {
        let mut scope = ffi::gcroots_scope_t {
            store_id: 0,
            serial: 0,
        };
        // SAFETY: the store is alive, `out` is a variable's address.
        check(unsafe { ffi::gcroots_scope_enter(self.ptr(), &mut scope) })?;
        let result = operation();
        // SAFETY: the store is alive.
        check(unsafe { ffi::gcroots_scope_exit(self.ptr(), scope) })?;
        result
    }

    /// Makes a handle of the current scope.
    pub fn handle(&self, raw: Raw) -> Result<ffi::gcroots_ref_t> {
        let mut handle = NO_REF;
        // SAFETY: the store is alive, `out` is a variable's address.
        check(unsafe { ffi::gcroots_ref_from_raw(self.ptr(), raw.0, &mut handle) })?;
        Ok(handle)
    }

    pub fn raw(&self, handle: ffi::gcroots_ref_t) -> Result<Raw> {
        let mut raw = Raw::NULL;
        // SAFETY: the store is alive, `out` is a variable's address.
        check(unsafe { ffi::gcroots_ref_to_raw(self.ptr(), handle, &mut raw.0) })?;
        Ok(raw)
    }
}

pub(super) const NO_REF: ffi::gcroots_ref_t = ffi::gcroots_ref_t {
    store_id: 0,
    generation: 0,
    index: 0,
};

fn engine(settings: Settings) -> Result<*mut ffi::gcroots_engine_t> {
    let mut engine = ptr::null_mut();
    // SAFETY: the configuration is alive until it is freed, and not used afterwards.
    unsafe {
        let config = ffi::gcroots_config_new();
        assert!(!config.is_null(), "no memory for a configuration");
        let made = check(ffi::gcroots_config_set_collector(
            config,
            settings.collector.number(),
        ))
        .and_then(|()| check(ffi::gcroots_config_set_stress(config, settings.stress)))
        .and_then(|()| check(ffi::gcroots_config_set_poison(config, true)))
        .and_then(|()| check(ffi::gcroots_config_set_exact_slots(config, true)))
        .and_then(|()| check(ffi::gcroots_engine_new(config, &mut engine)));
        ffi::gcroots_config_free(config);
        made?;
    }
    Ok(engine)
}

impl Drop for Inner {
    fn drop(&mut self) {
        // SAFETY: this owns its reference to the engine, and owns the store unless it is
        // lent.
        unsafe {
            if !self.is_lent
                && let Err(refused) = check(ffi::gcroots_store_free(self.store))
            {
                eprintln!("the store was not freed: {refused}");
            }
            ffi::gcroots_engine_free(self.engine);
        }
    }
}
