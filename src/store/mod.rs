//! The store: one heap, its roots, its host data, owned by one thread.
//!
//! # Layout
//!
//! A [`Store`] begins with its *hot block*: the entry word, the id, and what
//! creating, reading and dropping roots and externrefs touches. All of it is
//! atomics and cells, reached through a shared reference, so that no exclusive
//! reference is ever live where foreign code could run. What only the slow
//! paths need is in [`Cold`], behind a `RefCell` whose borrows end before any
//! callback begins.
//!
//! # Fast and slow
//!
//! Operations that must be fast come in two forms. `*_fast` answers `None`
//! whenever anything is unusual, without having changed anything; it is small,
//! inlined, and cannot fail or panic. The other form does all checks in the
//! documented order (`capi.error-order`) and everything that may need memory.
//!
//! # Foreign code
//!
//! Foreign code is called only in [`host_code`], whose functions hold no borrow of the
//! store meanwhile. An operation that needs an answer from foreign code stops and is
//! repeated with it. Finalizers run last in each call that may collect, and at deletion.

mod access;
mod collection;
mod containers;
mod handles;
pub(crate) mod host_code;
mod objects;
mod stats;

use core::cell::{Cell, RefCell};
use core::ffi::c_void;
use core::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};

#[cfg(feature = "capi")]
pub(crate) use collection::{RootVisitor, VisitorFunction};
use collection::{collect, root_sources};
use containers::globals::Globals;
use containers::tables::Tables;
use containers::weak_maps::WeakMaps;
use host_code::{Answers, Report};
use objects::tags::Tags;
use objects::type_table::TypeTable;
pub(crate) use objects::{ExternRefOptions, RawValue, RefKind, Value};
pub use stats::Stats;

use crate::base::fallible;
use crate::base::hashing::start_of_counter;
use crate::base::thread;
use crate::engine::EngineRef;
use crate::error::Result;
use crate::heap::{
    GcHeap, GcRef, GcRootsList, IdentityHashes, LayoutTable, Mutator, ObjectStartTable, Pacer,
    RootSlot,
};
use crate::host::{Finalizer, HostData};
use crate::roots::{LifoRoots, ManualRoots, ScopeStack, WeakHandles, directory};

/// One heap and everything that belongs to it. See the module.
#[repr(C)]
pub(crate) struct Store {
    // The hot block.
    entry: AtomicU64,
    id: u64,
    lifo: LifoRoots,
    scopes: ScopeStack,
    manual: ManualRoots,
    mutator: Mutator,
    host: HostData,
    types: TypeTable,
    tables: Tables,
    globals: Globals,
    // The rest.
    owner: AtomicU64,
    state: Cell<access::State>,
    /// Whether a finalizer is running; it may be calling host functions.
    in_finalizer: Cell<bool>,
    /// How many host functions are running, one inside the other; in them finalizers
    /// may be running.
    call_depth: Cell<u32>,
    /// Refers to the pending exception, or null.
    pending: RootSlot,
    finalizers_run: Cell<u64>,
    /// Whether external bytes are worth a collection.
    external_pressure: Cell<bool>,
    /// How often `assign` or a weak map dropped what it referred to.
    dropped: Cell<u64>,
    weak: WeakHandles,
    /// What the driver tells the operation that is under way.
    answers: Cell<Answers>,
    /// The report of the root visitor that is being called.
    report: Cell<Option<Report>>,
    data: Cell<StoreData>,
    /// Where functions of the Rust API find its own part of the store; null in C's.
    rust_part: Cell<*mut c_void>,
    engine: EngineRef,
    cold: RefCell<Cold>,
}

/// What only the slow paths need.
struct Cold {
    /// Made by the first allocation.
    heap: Option<Box<dyn GcHeap>>,
    layouts: LayoutTable,
    tags: Tags,
    hashes: IdentityHashes,
    weak_maps: WeakMaps,
    /// Until the next collection.
    starts: ObjectStartTable,
    sources: root_sources::RootSources,
    roots: GcRootsList,
    pacer: Pacer,
    /// What the pacer last decided.
    headroom: u64,
    /// External bytes announced since the last collection and not withdrawn.
    external_allocated: u64,
    /// So many are worth a collection.
    external_budget: u64,
    /// The collection that is under way in steps; `None` also if there is nothing to do.
    collection: Option<collect::Collection>,
    /// Allocations since the last one that stress made collect.
    stress_count: u32,
    collections: u64,
    moved_bytes: u64,
    gc_nanoseconds: u64,
}

/// The embedder's own pointer.
#[derive(Clone, Copy)]
struct StoreData {
    pointer: *mut c_void,
    finalizer: Option<Finalizer>,
}

/// Spans of roots that a collection has at most: LIFO, manual, tables, globals, the
/// pending exception, values of weak maps.
const ROOT_SPANS: usize = 6;

impl Store {
    /// A store of `engine`, owned by the calling thread; [`delete`](host_code::delete) ends it.
    /// Not in a box: to move one claims that nothing else points into it, but other
    /// threads find its roots.
    ///
    /// Errors: [`Error::SystemMemory`](crate::error::Error::SystemMemory); those of
    /// registering the thread.
    pub(crate) fn new(engine: EngineRef) -> Result<NonNull<Store>> {
        Store::starting_at(engine, 0, 0)
    }

    /// A store whose slots have issued all generations up to these: of scoped
    /// roots, and, an even one, of manual roots, weak handles, weak maps, tables,
    /// globals and root sources.
    pub(crate) fn starting_at(
        engine: EngineRef,
        scoped: u32,
        manual: u32,
    ) -> Result<NonNull<Store>> {
        let owner = thread::token_or_new()?;
        let id = next_id();
        let cold = Cold {
            heap: None,
            layouts: LayoutTable::new(),
            tags: Tags::default(),
            hashes: IdentityHashes::new(),
            weak_maps: WeakMaps::starting_at(manual),
            starts: ObjectStartTable::default(),
            sources: root_sources::RootSources::starting_at(manual),
            roots: GcRootsList::with_room(ROOT_SPANS)?,
            pacer: Pacer::new(engine.config().runtime().prefers_small_heap()),
            headroom: 0,
            external_allocated: 0,
            external_budget: 0,
            collection: None,
            stress_count: 0,
            collections: 0,
            moved_bytes: 0,
            gc_nanoseconds: 0,
        };
        let store = fallible::boxed(Store {
            entry: AtomicU64::new(thread::entry_word_of(owner)),
            id,
            lifo: LifoRoots::starting_at(scoped),
            scopes: ScopeStack::new()?,
            manual: ManualRoots::starting_at(id, manual),
            mutator: Mutator::new(),
            host: HostData::new(),
            types: TypeTable::new(),
            tables: Tables::starting_at(manual),
            globals: Globals::starting_at(manual),
            owner: AtomicU64::new(owner),
            state: Cell::new(access::State::Open),
            in_finalizer: Cell::new(false),
            call_depth: Cell::new(0),
            pending: RootSlot {
                generation: Cell::new(0),
                reference: Cell::new(GcRef::NULL.raw()),
            },
            finalizers_run: Cell::new(0),
            external_pressure: Cell::new(false),
            dropped: Cell::new(0),
            weak: WeakHandles::starting_at(manual),
            answers: Cell::new(Answers::default()),
            report: Cell::new(None),
            data: Cell::new(StoreData {
                pointer: core::ptr::null_mut(),
                finalizer: None,
            }),
            rust_part: Cell::new(core::ptr::null_mut()),
            engine,
            cold: RefCell::new(cold),
        })?;
        let store = NonNull::from(Box::leak(store));
        // SAFETY: the store is alive, and stays where it is until `free`, which
        // removes its roots first.
        unsafe {
            let added = directory::add(NonNull::from(&store.as_ref().manual));
            added.inspect_err(|_| Store::free(store))?;
        }
        Ok(store)
    }

    /// Frees a store, which no other thread can find any more then.
    ///
    /// # Safety
    ///
    /// `store` must be from [`Store::starting_at`], not freed before, and not used by
    /// anything else but `unroot_later`.
    unsafe fn free(store: NonNull<Store>) {
        // SAFETY: the caller's promise. Only now is the store this thread's alone, so
        // that it may be in a box, which is what it was made as.
        unsafe {
            directory::remove(store.as_ref().id);
            drop(Box::from_raw(store.as_ptr()));
        }
    }

    /// Gives the heap, if there is one, to the engine, at the store's end.
    fn return_heap(&self) {
        if let Some(heap) = self.cold.borrow_mut().heap.take() {
            self.engine.return_heap(heap);
        }
    }

    /// Where functions of the Rust API find its own part of the store.
    pub(crate) fn rust_part(&self) -> *mut c_void {
        self.rust_part.get()
    }

    /// Sets where they find it, and returns where they did.
    pub(crate) fn replace_rust_part(&self, part: *mut c_void) -> *mut c_void {
        self.rust_part.replace(part)
    }

    /// The embedder's pointer.
    pub(crate) fn data(&self) -> *mut c_void {
        self.data.get().pointer
    }

    /// Sets the embedder's pointer. The finalizer of the one before is queued
    /// for the next point where finalizers may run.
    ///
    /// Errors: when there is no room to queue it.
    pub(crate) fn set_data(
        &self,
        pointer: *mut c_void,
        finalizer: Option<Finalizer>,
    ) -> Result<()> {
        let old = self.data.get();
        if let Some(old_finalizer) = old.finalizer {
            self.host.reserve()?;
            self.host.queue(old.pointer, old_finalizer);
            self.update_slow_path();
        }
        self.data.set(StoreData { pointer, finalizer });
        Ok(())
    }
}

/// A number that no other store has or had, in any copy of the library in this
/// process: a counter from a random start. Never 0.
fn next_id() -> u64 {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    loop {
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let id = start_of_counter(&COUNT).wrapping_add(count);
        if id != 0 {
            return id;
        }
    }
}
