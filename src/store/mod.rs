//! The store: one heap, its roots and its host data, owned by one thread.
//!
//! | file or folder | what it has |
//! |---|---|
//! | `access.rs` | which thread may call the store, and when |
//! | `handles` | scopes, scoped and manual roots, weak handles |
//! | `objects` | structs, arrays, externrefs, functions, exceptions; values and casts |
//! | `containers` | tables, globals, weak maps |
//! | `collection` | collections, from the slow path of an allocation on |
//! | `host_code` | the only callers of host code, and the drivers of operations |
//! | `keyed_data.rs` | the embedder's data with keys |
//! | `raw` | the operations of the raw tier, on references that are 32 bits |
//! | `protocol.rs` | what an operation and its driver tell each other |
//! | `side_bytes.rs` | memory beside the heap |
//! | `pauses.rs` | how long collections have stopped the program |
//! | `stats.rs` | statistics |
//!
//! # Layout
//!
//! A [`Store`] begins with its *hot block*: the entry word, the id, and everything that
//! the fast paths for roots, objects, tables and globals use. The hot block consists of
//! atomics and cells, and is used through shared references. So no exclusive reference to
//! a store is live while host code runs.
//!
//! What only slow paths need is in [`Cold`], behind a `RefCell`. Its borrows end before
//! host code runs.
//!
//! # Fast and slow forms
//!
//! An operation that must be fast has two forms (ROOTS-18).
//!
//! * The *fast form* has the suffix `_fast`. It returns `None` or `false`, with nothing
//!   changed, whenever anything is unusual: a wrong argument, a full array, a barrier
//!   that needs the heap. It is small and inlined. It cannot fail in any other way, and
//!   does not panic.
//! * The *slow form* has the name without the suffix. It does all checks in the
//!   documented order (`capi.error-order`), and everything that may need memory. It is
//!   called when the fast form has given up.
//!
//! # Host code
//!
//! Only [`host_code`] calls functions of the embedder. An operation that needs an answer
//! from the embedder stops, and is repeated with the answer: see [`protocol`]. Finalizers
//! run last in each call that may collect, and when the store is deleted.

mod access;
mod collection;
mod containers;
mod handles;
pub(crate) mod host_code;
mod keyed_data;
mod objects;
mod pauses;
pub(crate) mod protocol;
#[cfg(feature = "capi")]
pub(crate) mod raw;
mod side_bytes;
mod stats;

use core::cell::{Cell, RefCell};
use core::ffi::c_void;
use core::ptr::NonNull;
use std::sync::atomic::AtomicU64;

use access::State;
use collection::collect::PacedCollection;
use collection::cycle::Cycles;
use collection::root_sources::RootSources;
#[cfg(feature = "capi")]
pub(crate) use collection::{RootVisitor, VisitorFunction};
use containers::globals::Globals;
use containers::hidden::RecentHiddenTypes;
use containers::tables::Tables;
use containers::weak_maps::WeakMaps;
use host_code::Report;
use keyed_data::KeyedData;
#[cfg(feature = "capi")]
pub(crate) use objects::ManualRoot;
use objects::tags::Tags;
use objects::type_table::TypeTable;
pub(crate) use objects::{ExternRefOptions, RawValue, RefKind, ReferenceSource, Value};
use pauses::Pauses;
pub use pauses::{PauseKind, PauseStats};
use protocol::Answers;
pub use stats::Stats;

use crate::base::fallible;
use crate::base::hashing::RandomCounter;
use crate::base::side_meter::SideMeter;
use crate::base::thread;
use crate::engine::EngineRef;
use crate::error::Result;
use crate::heap::{
    GcHeap, GcRef, GcRootsList, IdentityHashes, LayoutTable, Mutator, ObjectStartTable, Overhead,
    Pacer, RootSlot,
};
use crate::host::{Finalizer, HostData};
use crate::roots::{LifoRoots, ManualRoots, Pins, ScopeStack, WeakHandles, directory};

/// One heap and everything that belongs to it. See the [module](self).
#[repr(C)]
pub(crate) struct Store {
    // The hot block. Compiled code depends on its layout: see `raw/code_layout.rs`.
    /// The owner's entry word while calls are allowed, otherwise 0: see `access.rs`.
    entry: AtomicU64,
    id: u64,
    lifo: LifoRoots,
    scopes: ScopeStack,
    mutator: Mutator,
    types: TypeTable,
    /// Whether the check of raw references takes more than a look at the heap: each one is looked
    /// up among the starts of objects (CAPI-48), or objects in the heap are dead.
    #[cfg(feature = "capi")]
    checks_raw_slowly: Cell<bool>,
    /// The releases that [`Store::count_release`] has counted.
    counted_releases: Cell<u64>,
    manual: ManualRoots,
    host: HostData,
    tables: Tables,
    globals: Globals,
    // The rest.
    /// The token of the owner thread, or 0.
    owner: AtomicU64,
    state: Cell<State>,
    /// Whether a finalizer is running. It may in turn be calling host functions.
    in_finalizer: Cell<bool>,
    /// The number of host functions that are running inside each other. Finalizers may be
    /// running in them.
    call_depth: Cell<u32>,
    /// The root slot of the pending exception; null if none is pending.
    pending: RootSlot,
    /// Whether the wake callback has been told of the deferred finalizers that wait.
    is_announced: Cell<bool>,
    hidden_types: RecentHiddenTypes,
    /// The number of finalizers that have run.
    finalizers_run: Cell<u64>,
    /// Whether the heap has objects that a collection has found dead and has not freed.
    is_sweeping: Cell<bool>,
    /// Whether external bytes have used up their budget (HEAP-12).
    external_pressure: Cell<bool>,
    /// Whether external bytes have paid for a step of the cycle that is under way (HEAP-109).
    external_step: Cell<bool>,
    weak: WeakHandles,
    pins: Pins,
    /// What the driver tells the attempt that is running.
    answers: Cell<Answers>,
    /// The state of the reports, while a root visitor runs.
    report: Cell<Option<Report>>,
    data: Cell<StoreData>,
    /// Bounds the tables that calls make larger (ROOTS-31).
    side: SideMeter,
    /// The Rust API's own part of the store; null in a store of the C API.
    rust_part: Cell<*mut c_void>,
    engine: EngineRef,
    cold: RefCell<Cold>,
}

/// The part of a store that only slow paths need.
struct Cold {
    /// The first allocation makes it.
    heap: Option<Box<dyn GcHeap>>,
    layouts: LayoutTable,
    tags: Tags,
    hashes: IdentityHashes,
    weak_maps: WeakMaps,
    /// The known starts of objects. Valid until the next collection.
    object_starts: ObjectStartTable,
    sources: RootSources,
    keyed_data: KeyedData,
    /// The list of roots that a collection gets. Empty between collections.
    roots: GcRootsList,
    pacer: Pacer,
    overhead: Overhead,
    /// The pacer's last decision: the bytes that may be allocated until the next
    /// collection.
    headroom: u64,
    /// External bytes that were announced since the last full collection, and were neither
    /// withdrawn nor freed by a minor one.
    external_allocated: u64,
    /// The external bytes that are worth a collection.
    external_budget: u64,
    /// The external bytes at which the next collection is due: the budget, or more while a cycle
    /// is under way.
    external_due: u64,
    /// A minor collection has run because external bytes are due.
    external_minor: bool,
    /// The collection in steps that is under way. Also `None` if that collection has
    /// nothing to do.
    collection: Option<PacedCollection>,
    cycles: Cycles,
    /// Allocations since stress last made one collect.
    stress_count: u32,
    collections: u64,
    minor_collections: u64,
    moved_bytes: u64,
    promoted_bytes: u64,
    /// The bytes that a nursery has freed since debug builds have checked the store.
    unchecked: u64,
    gc_nanoseconds: u64,
    pauses: Pauses,
}

impl Cold {
    /// The cold part of a new store. Slots of weak maps and root sources have issued all
    /// generations up to `generation`, which is even. `roots` is empty and has room for
    /// [`ROOT_SPANS`] spans.
    #[inline(always)]
    fn starting_at(
        engine: &EngineRef,
        generation: u32,
        roots: GcRootsList,
        side: &SideMeter,
    ) -> Cold {
        Cold {
            heap: None,
            layouts: LayoutTable::new(),
            tags: Tags::default(),
            hashes: IdentityHashes::new().limited_by(side),
            weak_maps: WeakMaps::starting_at(generation).limited_by(side),
            object_starts: ObjectStartTable::default(),
            sources: RootSources::starting_at(generation).limited_by(side),
            keyed_data: KeyedData::default(),
            roots,
            pacer: engine.config().new_pacer(),
            overhead: engine.config().new_overhead(),
            headroom: 0,
            external_allocated: 0,
            external_budget: 0,
            external_due: 0,
            external_minor: false,
            collection: None,
            cycles: Cycles::new(engine.config().pause_budget()),
            stress_count: 0,
            collections: 0,
            minor_collections: 0,
            moved_bytes: 0,
            promoted_bytes: 0,
            unchecked: 0,
            gc_nanoseconds: 0,
            pauses: Pauses::default(),
        }
    }
}

/// The embedder's pointer, and the finalizer that it is passed to.
#[derive(Clone, Copy)]
struct StoreData {
    pointer: *mut c_void,
    finalizer: Option<Finalizer>,
}

impl StoreData {
    const NONE: StoreData = StoreData {
        pointer: core::ptr::null_mut(),
        finalizer: None,
    };

    /// Whether nothing is left to point to or to finalize.
    fn is_none(self) -> bool {
        self.pointer.is_null() && self.finalizer.is_none()
    }
}

/// The greatest number of spans of roots in a collection: scoped roots, manual roots,
/// pins, tables, globals, the pending exception, values of weak maps.
const ROOT_SPANS: usize = 7;

impl Store {
    /// Makes a store of `engine`, owned by the calling thread.
    /// [`delete`](host_code::delete) ends it.
    ///
    /// The store is not in a `Box`: to move a box asserts that nothing else points into
    /// it, but other threads find the store's manual roots.
    ///
    /// Errors: [`Error::SystemMemory`](crate::error::Error::SystemMemory); those of
    /// registering the thread.
    pub(crate) fn new(engine: EngineRef) -> Result<NonNull<Store>> {
        Store::starting_at(engine, 0, 0)
    }

    /// Same as [`Store::new`], for tests of retired slots. The slots of scoped roots have
    /// issued all generations up to `scoped`. The slots of manual roots, pins, weak
    /// handles, weak maps, tables, globals and root sources have issued all up to `manual`, which
    /// is even.
    pub(crate) fn starting_at(
        engine: EngineRef,
        scoped: u32,
        manual: u32,
    ) -> Result<NonNull<Store>> {
        let owner = thread::token_or_new()?;
        let id = next_id();
        let roots = GcRootsList::with_room(ROOT_SPANS)?;
        let side = SideMeter::new(engine.config().side_limit())?;
        let cold = Cold::starting_at(&engine, manual, roots, &side);
        let store = fallible::boxed(Store {
            entry: AtomicU64::new(thread::entry_word_of(owner)),
            id,
            lifo: LifoRoots::starting_at(scoped).limited_by(&side),
            scopes: ScopeStack::new()?.limited_by(&side),
            manual: ManualRoots::starting_at(id, manual).limited_by(&side),
            mutator: Mutator::new(),
            host: HostData::new().limited_by(&side),
            types: TypeTable::new(),
            tables: Tables::starting_at(manual).limited_by(&side),
            globals: Globals::starting_at(manual).limited_by(&side),
            #[cfg(feature = "capi")]
            checks_raw_slowly: Cell::new(engine.config().exact_slots()),
            counted_releases: Cell::new(0),
            owner: AtomicU64::new(owner),
            state: Cell::new(State::Open),
            in_finalizer: Cell::new(false),
            call_depth: Cell::new(0),
            pending: RootSlot {
                generation: Cell::new(0),
                reference: Cell::new(GcRef::NULL.raw()),
            },
            is_announced: Cell::new(false),
            hidden_types: RecentHiddenTypes::default(),
            finalizers_run: Cell::new(0),
            is_sweeping: Cell::new(false),
            external_pressure: Cell::new(false),
            external_step: Cell::new(false),
            weak: WeakHandles::starting_at(manual).limited_by(&side),
            pins: Pins::starting_at(manual).limited_by(&side),
            answers: Cell::new(Answers::default()),
            report: Cell::new(None),
            data: Cell::new(StoreData::NONE),
            side,
            rust_part: Cell::new(core::ptr::null_mut()),
            engine,
            cold: RefCell::new(cold),
        })?;
        store.update_side_bytes(&store.cold.borrow());
        let store = NonNull::from(Box::leak(store));
        // SAFETY: the store is alive and is not moved. `free` removes its roots from the
        // directory first.
        unsafe {
            let callback = store.as_ref().engine.config().wake_callback();
            let waker = callback.map(|callback| directory::Waker {
                callback,
                store: store.cast(),
            });
            let added = directory::add(NonNull::from(&store.as_ref().manual), waker);
            added.inspect_err(|_| Store::free(store))?;
        }
        Ok(store)
    }

    /// Frees a store, after other threads can no longer find it.
    ///
    /// # Safety
    ///
    /// `store` must be from [`Store::starting_at`], and not freed before. Nothing may be
    /// using it, except `unroot_later` on any thread.
    unsafe fn free(store: NonNull<Store>) {
        // SAFETY: the caller's promise. The store was made as a box. Once it is removed
        // from the directory, only this thread points into it, so it may be a box again.
        unsafe {
            directory::remove(store.as_ref().id);
            drop(Box::from_raw(store.as_ptr()));
        }
    }

    /// Returns the heap, if there is one, to the engine's pool. The store is at its end.
    fn return_heap(&self) {
        if let Some(heap) = self.cold.borrow_mut().heap.take() {
            self.engine.return_heap(heap);
        }
    }

    /// The Rust API's own part of the store.
    pub(crate) fn rust_part(&self) -> *mut c_void {
        self.rust_part.get()
    }

    /// Sets the Rust API's own part of the store, and returns the previous one.
    pub(crate) fn replace_rust_part(&self, part: *mut c_void) -> *mut c_void {
        self.rust_part.replace(part)
    }

    /// The engine, to which the store has a reference of its own.
    #[cfg(feature = "capi")]
    pub(crate) fn engine(&self) -> &EngineRef {
        &self.engine
    }

    /// The embedder's pointer.
    pub(crate) fn data(&self) -> *mut c_void {
        self.data.get().pointer
    }

    /// Sets the embedder's pointer. The caller announces afterwards:
    /// [`announce`](host_code::announce). Queues the finalizer of the previous pointer for the
    /// next point where finalizers may run (HOST-19).
    ///
    /// Errors: [`Error::Limit`](crate::error::Error::Limit) and
    /// [`Error::SystemMemory`](crate::error::Error::SystemMemory) if there is no room in
    /// the queue; nothing has changed then.
    pub(crate) fn set_data(
        &self,
        pointer: *mut c_void,
        finalizer: Option<Finalizer>,
    ) -> Result<()> {
        let old = self.data.get();
        self.reserve_replaced(old)?;
        self.queue_replaced(old);
        self.data.set(StoreData { pointer, finalizer });
        Ok(())
    }

    /// Reserves what [`Store::queue_replaced`] needs.
    ///
    /// Errors: those of [`Store::set_data`].
    fn reserve_replaced(&self, old: StoreData) -> Result<()> {
        old.finalizer.map_or(Ok(()), |_| self.host.reserve())
    }

    /// Queues the finalizer of data that others have replaced.
    fn queue_replaced(&self, old: StoreData) {
        if let Some(finalizer) = old.finalizer {
            self.host.queue(old.pointer, finalizer);
            self.update_slow_path();
        }
    }
}

/// A number that no other store has had, in any copy of the library in this process
/// (ROOTS-1). It comes from a counter with a random start, and is never 0.
fn next_id() -> u64 {
    static COUNTER: RandomCounter = RandomCounter::new();
    loop {
        let id = COUNTER.next();
        if id != 0 {
            return id;
        }
    }
}
