//! Store
//!
//! A store is a heap with its roots and its host data. It belongs to the thread that made
//! it. Calls from another thread return GCROOTS_ERROR_WRONG_THREAD, until the owner
//! detaches the store and the other thread attaches it.

use core::ffi::c_void;
use core::mem::MaybeUninit;
use core::ptr::NonNull;
use core::time::Duration;

use super::boundary::{
    call, enter, enter_between_steps, not_entered, required, required_const, write_out,
};
use super::engine::{borrowed, gcroots_engine_t};
use super::status::gcroots_status_t;
use crate::heap::Budget;
use crate::store::host_code;
use crate::store::{Stats, Store};

/// A store.
pub struct gcroots_store_t {
    _private: [u8; 0],
}

/// Releases `data`. It is called once, after the object, function or store that `data`
/// belongs to has died, or after gcroots_store_set_data() or gcroots_store_set_data_keyed()
/// has replaced `data`. It must return.
pub type gcroots_finalizer_t = Option<unsafe extern "C" fn(data: *mut c_void)>;

/// The statistics of a store: see gcroots_store_stats(). They are as of now, but
/// `objects` and `live_bytes` include the objects that have died since the last
/// collection.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gcroots_stats_t {
    /// The number of objects: those that survived the last collection, and those that
    /// were made since. The internal objects that hold the contents of tables and globals
    /// are included.
    pub objects: u64,
    /// The bytes of those objects.
    pub live_bytes: u64,
    /// The bytes that the heap has committed, in all its spaces together.
    pub committed_bytes: u64,
    /// The external bytes of all objects that no collection has found dead.
    pub external_bytes: u64,
    /// The number of scoped roots, including locals.
    pub scoped_roots: u64,
    /// The highest number of scoped roots so far.
    pub scoped_roots_max: u64,
    /// The number of manual roots.
    pub manual_roots: u64,
    /// The highest number of manual roots so far.
    pub manual_roots_max: u64,
    /// The number of weak handles, including those whose objects have died.
    pub weak_handles: u64,
    /// The highest number of weak handles so far.
    pub weak_handles_max: u64,
    /// The number of collections.
    pub collections: u64,
    /// The bytes of objects that collections have moved.
    pub moved_bytes: u64,
    /// The time that collections have taken, without finalizers, in nanoseconds.
    pub gc_nanoseconds: u64,
    /// The number of finalizers that have run.
    pub finalizers_run: u64,
    /// The number of handles that were passed to gcroots_manually_rooted_unroot_later()
    /// and named no live root. They were ignored. A handle is counted when the library
    /// finds that it is stale.
    pub stale_unroots: u64,
    /// The most bytes that the heap may commit, in all its spaces together: the limit that
    /// is in force, see gcroots_config_set_heap_limit(). The collector rounds it. 0 before
    /// the first object is made.
    pub heap_limit: u64,
    /// The bytes of memory that the store has beside its heap: the tables of roots, scopes,
    /// weak handles, weak maps, root sources, host data, identity hashes, tables, globals,
    /// tags and types, and what the collector has for itself. Parts of the tables that were
    /// never used count, although they may take no memory yet. So do the pages that
    /// gcroots_store_trim() has given back before the end of a table.
    pub side_bytes: u64,
    /// The number of minor collections, which `collections` includes: those that find a part of
    /// the garbage only.
    pub minor_collections: u64,
    /// The bytes of young objects that minor collections have moved to the old blocks.
    /// `moved_bytes` includes them.
    pub promoted_bytes: u64,
    /// Reserved: zeros.
    pub reserved: [u64; 13],
}

const _: () = assert!(size_of::<gcroots_stats_t>() == 256);

impl From<Stats> for gcroots_stats_t {
    fn from(stats: Stats) -> gcroots_stats_t {
        gcroots_stats_t {
            objects: stats.objects,
            live_bytes: stats.live_bytes,
            committed_bytes: stats.committed_bytes,
            external_bytes: stats.external_bytes,
            scoped_roots: stats.scoped_roots,
            scoped_roots_max: stats.scoped_roots_max,
            manual_roots: stats.manual_roots,
            manual_roots_max: stats.manual_roots_max,
            weak_handles: stats.weak_handles,
            weak_handles_max: stats.weak_handles_max,
            collections: stats.collections,
            moved_bytes: stats.moved_bytes,
            gc_nanoseconds: stats.gc_nanoseconds,
            finalizers_run: stats.finalizers_run,
            stale_unroots: stats.stale_unroots,
            heap_limit: stats.heap_limit,
            side_bytes: stats.side_bytes,
            minor_collections: stats.minor_collections,
            promoted_bytes: stats.promoted_bytes,
            reserved: [0; 13],
        }
    }
}

/// Makes a store, which belongs to the calling thread. The store gets its heap when the
/// first object is made. Never collects.
///
/// \param engine (borrowed); the store keeps a reference of its own
/// \param[out] out the store (owned); release it with gcroots_store_free()
/// \return GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory;
///         GCROOTS_ERROR_LIMIT if the system has no thread-specific key left;
///         GCROOTS_ERROR_LIMIT if the calling thread is ending, and has already given up
///         its stores
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn gcroots_store_new(
    engine: *mut gcroots_engine_t,
    out: *mut MaybeUninit<*mut gcroots_store_t>,
) -> gcroots_status_t {
    call("gcroots_store_new", || {
        let (engine, out) = (required(engine, "engine")?, required(out, "out")?);
        // SAFETY: the caller holds a reference to the engine.
        let engine = unsafe { borrowed(engine) }.try_clone()?;
        let store = Store::new(engine)?;
        // SAFETY: the caller's `out` is valid for writing.
        unsafe { write_out(out, store.cast::<gcroots_store_t>().as_ptr()) }
    })
}

/// Deletes a store with all its objects and roots.
///
/// First the finalizers of all objects run, then those of the store's data. Calls
/// on the store inside them return GCROOTS_ERROR_BUSY. The store may have open scopes,
/// and a collection in steps may be under way. A poisoned store is deleted in the same
/// way. Other stores return GCROOTS_ERROR_WRONG_STORE for handles of the deleted store,
/// for ever.
///
/// Never collects: it only runs finalizers.
///
/// \param store (taken on success, nullable)
/// \return GCROOTS_ERROR_WRONG_THREAD if the calling thread does not own the store;
///         GCROOTS_ERROR_BUSY inside a callback of the store. After a failure no
///         finalizer has run.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_store_free(store: *mut gcroots_store_t) -> gcroots_status_t {
    call("gcroots_store_free", || match NonNull::new(store) {
        // SAFETY: the caller gives up what `gcroots_store_new` returned.
        Some(store) => unsafe { host_code::delete(store.cast()) },
        None => Ok(()),
    })
}

/// Gives up a store, so that another thread can attach it. Open scopes and no-GC spans
/// stay open. Until the store is attached, every call on it except gcroots_store_attach()
/// returns GCROOTS_ERROR_WRONG_THREAD. Never collects.
///
/// \return GCROOTS_ERROR_BUSY inside a callback of the store;
///         GCROOTS_ERROR_BUSY between the steps of a collection
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_store_detach(store: *mut gcroots_store_t) -> gcroots_status_t {
    call("gcroots_store_detach", || {
        let store = required(store, "store")?;
        // SAFETY: the caller passes a store.
        unsafe { not_entered(store) }.detach()
    })
}

/// Makes the calling thread the owner of a store.
///
/// The store must be detached, or its owner thread must have ended. The owner thread may
/// have ended between the steps of a collection, and the store may be poisoned. If the
/// calling thread is the owner already, the call does nothing and succeeds. If several
/// threads attach a store at the same time, one of them succeeds.
///
/// The child of a fork() has the thread that forked, with its stores. It can attach
/// detached stores. The stores of other threads stay theirs in the child for ever, because
/// the fork may have interrupted a call.
///
/// Never collects.
///
/// \return GCROOTS_ERROR_WRONG_THREAD if another thread, which has not ended, owns the
///         store;
///         GCROOTS_ERROR_BUSY inside a callback of the store;
///         GCROOTS_ERROR_BUSY if the calling thread is the owner, between the steps of a
///         collection;
///         GCROOTS_ERROR_OUT_OF_MEMORY or GCROOTS_ERROR_LIMIT if the calling thread never
///         owned a store and cannot be registered: see gcroots_store_new()
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_store_attach(store: *mut gcroots_store_t) -> gcroots_status_t {
    call("gcroots_store_attach", || {
        let store = required(store, "store")?;
        // SAFETY: the caller passes a store.
        unsafe { not_entered(store) }.attach()
    })
}

/// Returns the id of a store: the `store_id` of its handles and scopes. No other store has
/// had this id, and none will. Never collects.
///
/// \param[out] out the id, which is never 0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_store_id(
    store: *mut gcroots_store_t,
    out: *mut MaybeUninit<u64>,
) -> gcroots_status_t {
    call("gcroots_store_id", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { write_out(out, enter(store)?.id()) }
    })
}

/// Returns the engine of a store. Never collects.
///
/// \param[out] out a reference to the engine (owned); release it with gcroots_engine_free()
/// \return GCROOTS_ERROR_LIMIT if the engine has too many references
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn gcroots_store_engine(
    store: *mut gcroots_store_t,
    out: *mut MaybeUninit<*mut gcroots_engine_t>,
) -> gcroots_status_t {
    call("gcroots_store_engine", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store.
        let engine = unsafe { enter(store) }?.engine().try_clone()?.into_raw();
        // SAFETY: the caller's `out` is valid for writing.
        unsafe { write_out(out, engine.as_ptr().cast::<gcroots_engine_t>()) }
    })
}

/// Attaches a pointer of the program to a store, in place of the previous one.
///
/// The finalizer of the previous pointer runs in the next call on the store that may
/// collect. Under the null collector, and with GCROOTS_FINALIZERS_DEFERRED, it waits for
/// gcroots_store_run_finalizers() or the store's deletion, and takes 48 bytes meanwhile. The
/// finalizer of the last pointer runs when the store is deleted, after the finalizers of all
/// objects.
///
/// Never collects.
///
/// \param data (taken on success, nullable)
/// \param finalizer_or_null runs with `data`; NULL for none
/// \return GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory to queue the previous
///         finalizer;
///         GCROOTS_ERROR_LIMIT if the store has too many externrefs and functions to
///         queue it
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_store_set_data(
    store: *mut gcroots_store_t,
    data: *mut c_void,
    finalizer_or_null: gcroots_finalizer_t,
) -> gcroots_status_t {
    call("gcroots_store_set_data", || {
        let store = required(store, "store")?;
        // SAFETY: the caller passes a store.
        unsafe {
            enter(store)?.set_data(data, finalizer_or_null)?;
            host_code::announce(store.cast());
        }
        Ok(())
    })
}

/// Gets the pointer that gcroots_store_set_data() has set. Never collects.
///
/// \param[out] out the pointer (borrowed); NULL if none was set
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_store_data(
    store: *mut gcroots_store_t,
    out: *mut MaybeUninit<*mut c_void>,
) -> gcroots_status_t {
    call("gcroots_store_data", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { write_out(out, enter(store)?.data()) }
    })
}

/// Attaches a pointer of the program to a store under a key, in place of the pointer that
/// the key had.
///
/// Each library that uses a store takes the address of a variable of its own as the key. So
/// several libraries can share a store, and the program still has gcroots_store_set_data().
///
/// The finalizer of the previous pointer runs as gcroots_store_set_data() says. When the
/// store is deleted, the finalizers of the last pointers run: after the finalizers of all
/// objects, in the reverse order in which the keys were set, and before the finalizer of the
/// pointer without a key.
///
/// Never collects. Cost: in proportion to the number of keys.
///
/// \param key an address, which the library compares and never follows
/// \param data (taken on success, nullable). With NULL and without a finalizer, the library
///        forgets the key
/// \param finalizer_or_null runs with `data`; NULL for none
/// \return GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory for a new key, or to
///         queue the previous finalizer;
///         GCROOTS_ERROR_LIMIT if the store has too many externrefs and functions to
///         queue it
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_store_set_data_keyed(
    store: *mut gcroots_store_t,
    key: *const c_void,
    data: *mut c_void,
    finalizer_or_null: gcroots_finalizer_t,
) -> gcroots_status_t {
    call("gcroots_store_set_data_keyed", || {
        let (store, key) = (required(store, "store")?, required_const(key, "key")?);
        // SAFETY: the caller passes a store.
        unsafe {
            enter(store)?.set_keyed_data(key.as_ptr(), data, finalizer_or_null)?;
            host_code::announce(store.cast());
        }
        Ok(())
    })
}

/// Gets the pointer that gcroots_store_set_data_keyed() has set under a key. Never collects.
/// Cost: in proportion to the number of keys.
///
/// \param key an address, which the library compares and never follows
/// \param[out] out the pointer (borrowed); NULL if none was set
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_store_data_keyed(
    store: *mut gcroots_store_t,
    key: *const c_void,
    out: *mut MaybeUninit<*mut c_void>,
) -> gcroots_status_t {
    call("gcroots_store_data_keyed", || {
        let (store, key) = (required(store, "store")?, required_const(key, "key")?);
        let out = required(out, "out")?;
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { write_out(out, enter(store)?.keyed_data(key.as_ptr())) }
    })
}

/// Collects everything that is unreachable. May collect. Hold no lock that a finalizer
/// takes.
///
/// - Normally: when it returns, every object that was unreachable has been freed and
///   finalized, including objects that became unreachable through those finalizers.
/// - With GCROOTS_FINALIZERS_DEFERRED: when it returns, every object that was unreachable
///   has been freed, and its finalizer waits. Objects that only waiting finalizers would
///   release stay.
/// - Inside a finalizer: it collects once. The finalizers that this makes due run after
///   the one that is running.
/// - Under the null collector: it does nothing.
///
/// \return GCROOTS_ERROR_NO_GC if a no-GC span is open;
///         GCROOTS_ERROR_INVALID_ARGUMENT or GCROOTS_ERROR_OUT_OF_MEMORY if a root range,
///         or the report of a root visitor, is refused: see the sections "Root ranges"
///         and "Root visitors"
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_store_gc(store: *mut gcroots_store_t) -> gcroots_status_t {
    call("gcroots_store_gc", || {
        let store = required(store, "store")?;
        // SAFETY: the caller passes a store.
        unsafe {
            enter(store)?;
            host_code::collect_all(store.cast())
        }
    })
}

/// Collects as gcroots_store_gc() does, and then gives back to the system all memory that an
/// idle store does not need: of its heap, and of its tables of roots, scopes, weak handles,
/// host data and the like. May collect. Hold no lock that a finalizer takes.
///
/// - The heap keeps what it has committed at first, but nothing of that is resident where no
///   object is.
/// - A table gives back whole pages. Manual roots, externrefs, functions, and handles of weak
///   references, weak maps, tables, globals and root sources that are still alive keep the page
///   that they are in. In other tables, things that are still alive keep all pages before them.
/// - Room that gcroots_scope_reserve() has made is given back too.
/// - Handles that have ended stay refused for ever, also when their memory is used again.
///
/// The next calls get memory from the system again, and so take longer. Under the null
/// collector nothing is collected, and the unused memory is given back.
///
/// Cost: that of gcroots_store_gc(), and in proportion to the tables.
///
/// \return GCROOTS_ERROR_NO_GC if a no-GC span is open;
///         GCROOTS_ERROR_INVALID_ARGUMENT or GCROOTS_ERROR_OUT_OF_MEMORY if a root range,
///         or the report of a root visitor, is refused: see gcroots_store_gc()
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_store_trim(store: *mut gcroots_store_t) -> gcroots_status_t {
    call("gcroots_store_trim", || {
        let store = required(store, "store")?;
        // SAFETY: the caller passes a store.
        unsafe {
            enter(store)?;
            host_code::trim(store.cast())
        }
    })
}

/// Ends all manual roots that gcroots_manually_rooted_unroot_later() has queued so far.
/// Never collects, so the objects of those roots stay until the next collection.
///
/// An owner that is idle calls this now and then. The owner does the same in part whenever
/// it makes a root, and completely whenever it collects.
///
/// Works in no-GC spans too.
///
/// Cost: in proportion to the queued roots.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_store_drain_unroots(
    store: *mut gcroots_store_t,
) -> gcroots_status_t {
    call("gcroots_store_drain_unroots", || {
        let store = required(store, "store")?;
        // SAFETY: the caller passes a store.
        unsafe { enter(store) }?.drain_unroots();
        Ok(())
    })
}

/// Runs the finalizers that wait, at most `most` of them. Finalizers that become due
/// meanwhile wait for the next call. May collect, if a finalizer does. Hold no lock that
/// a finalizer takes.
///
/// - Finalizers wait if the engine was configured with GCROOTS_FINALIZERS_DEFERRED. Under
///   the null collector the finalizers of replaced store data wait.
/// - Otherwise the calls that may collect have run most finalizers already, and this
///   function runs the rest.
/// - Inside a finalizer it runs none, and tells how many wait.
///
/// Works in no-GC spans too.
///
/// \param[out] out_left the number of finalizers that wait when the call returns
/// \return GCROOTS_ERROR_INTERNAL if a finalizer found the store corrupt
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_store_run_finalizers(
    store: *mut gcroots_store_t,
    most: usize,
    out_left: *mut MaybeUninit<usize>,
) -> gcroots_status_t {
    call("gcroots_store_run_finalizers", || {
        let (store, out) = (required(store, "store")?, required(out_left, "out_left")?);
        // SAFETY: the caller passes a store, and `out_left` valid for writing.
        unsafe {
            enter(store)?;
            write_out(out, host_code::run_waiting(store.cast(), most)? as usize)
        }
    })
}

/// Begins a collection in steps. gcroots_store_gc_step() and gcroots_store_gc_step_for() do
/// the steps.
///
/// Under the generational collector the store takes all calls between the steps, and
/// allocations do steps as well. If such a collection is under way already, the steps
/// complete it first and then another one, so that all that is unreachable now is freed.
///
/// Under the other collectors, and in a heap whose limit is below 256 KiB, every call on the
/// store returns GCROOTS_ERROR_BUSY until the collection is over, except
/// gcroots_store_gc_step(), gcroots_store_gc_step_for(), gcroots_store_gc_cancel(),
/// gcroots_store_stats(), gcroots_store_free(), and gcroots_store_attach() after the owner
/// thread has ended. gcroots_manually_rooted_unroot_later() may be called, and takes effect
/// after the collection. Under the null collector, and before the first object is made, the
/// first step ends the collection.
///
/// Never collects by itself.
///
/// Cost: bounded. The first steps end the roots that wait to be unrooted.
///
/// \return GCROOTS_ERROR_BUSY if a collection is under way during which the store is busy;
///         GCROOTS_ERROR_BUSY inside a callback of the store;
///         GCROOTS_ERROR_NO_GC if a no-GC span is open
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_store_gc_start(store: *mut gcroots_store_t) -> gcroots_status_t {
    call("gcroots_store_gc_start", || {
        let store = required(store, "store")?;
        // SAFETY: the caller passes a store.
        unsafe { enter(store) }?.gc_start()
    })
}

/// Does one step of the collection that gcroots_store_gc_start() began, or that allocations
/// have begun. May collect. Hold no lock that a finalizer takes.
///
/// - The first step calls the root visitors, reads the root ranges and updates their
///   slots. Under the generational collector it first runs a minor collection, which takes
///   no more than the pause budget beyond the step's own; so does the step in which marking
///   ends. The steps then read the root ranges again, as far as the budget goes.
/// - The last step runs the finalizers of the objects that were unreachable when the
///   collection began, once each, or lets them wait with GCROOTS_FINALIZERS_DEFERRED.
///   Objects that become unreachable through these finalizers are left to the next
///   collection.
/// - If no collection is under way, the call does nothing, and `out` is true.
///
/// Under the generational collector, finalizers may run in the steps before the last one.
///
/// \param budget the work of this step, in bytes: about as much as it takes to trace
///        objects of that size. Each step makes some progress, also with 0.
/// \param[out] out whether the collection is over
/// \return GCROOTS_ERROR_INVALID_ARGUMENT or GCROOTS_ERROR_OUT_OF_MEMORY from a step that
///         reads root ranges, if one, or the report of a root visitor, is refused: see the
///         sections "Root ranges" and "Root visitors". Nothing has been collected then,
///         and the step may be repeated;
///         GCROOTS_ERROR_NO_GC if a no-GC span is open and a collection is under way
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_store_gc_step(
    store: *mut gcroots_store_t,
    budget: usize,
    out: *mut MaybeUninit<bool>,
) -> gcroots_status_t {
    call("gcroots_store_gc_step", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe {
            enter_between_steps(store)?;
            let budget = Budget::of(budget as u64);
            write_out(out, host_code::collect_step(store.cast(), budget)?)
        }
    })
}

/// Does steps of a collection, as gcroots_store_gc_step() does, until a time is over. May
/// collect. Hold no lock that a finalizer takes.
///
/// Finalizers, and the root visitors in the first step, take their time besides. Under the
/// generational collector a minor collection may take as long as the pause budget. It begins a
/// call, if so much of the time is not left when it is due.
///
/// \param microseconds the time, as wall time. At least one small step is done, also with 0.
/// \param[out] out_more whether the collection is not over
/// \return as gcroots_store_gc_step()
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_store_gc_step_for(
    store: *mut gcroots_store_t,
    microseconds: u64,
    out_more: *mut MaybeUninit<bool>,
) -> gcroots_status_t {
    call("gcroots_store_gc_step_for", || {
        let (store, out) = (required(store, "store")?, required(out_more, "out_more")?);
        // SAFETY: the caller passes a store, and `out_more` valid for writing.
        unsafe {
            enter_between_steps(store)?;
            let time = Duration::from_micros(microseconds);
            write_out(out, !host_code::collect_for(store.cast(), time)?)
        }
    })
}

/// Ends the collection that gcroots_store_gc_start() began, or that allocations have begun.
/// May collect. Hold no lock that a finalizer takes.
///
/// - If no step has been done, nothing is collected, as if the collection had not begun.
/// - If a step has been done, the rest is done now, as by gcroots_store_gc_step() with an
///   unlimited budget. Finalizers run as in its last step. Under the generational collector
///   this holds only once marking has ended. Before that, the marks are dropped, and nothing is
///   collected.
/// - If no collection is under way, the call does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_store_gc_cancel(store: *mut gcroots_store_t) -> gcroots_status_t {
    call("gcroots_store_gc_cancel", || {
        let store = required(store, "store")?;
        // SAFETY: the caller passes a store.
        unsafe {
            enter_between_steps(store)?;
            host_code::cancel_collection(store.cast())
        }
    })
}

/// Checks the whole store, for debugging: every object, reference, root, table and
/// global, the structures behind them, and the root ranges. Never collects.
///
/// Cost: in proportion to the heap.
///
/// \return GCROOTS_ERROR_INTERNAL if anything but a root range is wrong; this poisons the
///         store;
///         GCROOTS_ERROR_INVALID_ARGUMENT if a root range is wrong and nothing else is;
///         GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses the memory for checking
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_store_verify(store: *mut gcroots_store_t) -> gcroots_status_t {
    call("gcroots_store_verify", || {
        let store = required(store, "store")?;
        // SAFETY: the caller passes a store.
        unsafe { enter(store) }?.verify()
    })
}

/// Gets a store's statistics. Works between the steps of a collection too. Never
/// collects.
///
/// \param[out] out 256 bytes in every version of the library; unused ones are 0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_store_stats(
    store: *mut gcroots_store_t,
    out: *mut MaybeUninit<gcroots_stats_t>,
) -> gcroots_status_t {
    call("gcroots_store_stats", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { write_out(out, enter_between_steps(store)?.stats()) }
    })
}
