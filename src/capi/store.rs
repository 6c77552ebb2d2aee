//! Store
//!
//! A heap, its roots and its host data. A store belongs to the thread that made
//! it; another thread's call answers GCROOTS_ERROR_WRONG_THREAD, until the owner
//! detaches the store and the other attaches it.

use core::ffi::c_void;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use super::boundary::{call, enter, enter_between_steps, not_entered, put, required};
use super::engine::{borrowed, gcroots_engine_t};
use super::status::gcroots_status_t;
use crate::heap::Budget;
use crate::store::host_code::finalize;
use crate::store::{Stats, Store};

/// A store.
pub struct gcroots_store_t {
    _private: [u8; 0],
}

/// Runs once, after the death of what `data` belongs to. It must return.
pub type gcroots_finalizer_t = Option<unsafe extern "C" fn(data: *mut c_void)>;

/// What gcroots_store_stats() tells. Bytes and counts are as of now; objects
/// and live bytes include what died since the last collection.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gcroots_stats_t {
    /// Objects: the last collection's survivors and what came since. Those that hold
    /// what is in tables and globals are among them.
    pub objects: u64,
    /// Bytes of those objects.
    pub live_bytes: u64,
    /// Bytes that the heap has committed, in all its spaces together.
    pub committed_bytes: u64,
    /// External bytes of the objects that have not been found dead.
    pub external_bytes: u64,
    /// Scoped roots, locals included.
    pub scoped_roots: u64,
    /// The most scoped roots that there were at once.
    pub scoped_roots_max: u64,
    /// Manual roots.
    pub manual_roots: u64,
    /// The most manual roots that there were at once.
    pub manual_roots_max: u64,
    /// Weak handles, those of dead objects included.
    pub weak_handles: u64,
    /// The most weak handles that there were at once.
    pub weak_handles_max: u64,
    /// Collections.
    pub collections: u64,
    /// Bytes that collections moved.
    pub moved_bytes: u64,
    /// Nanoseconds spent in collections, finalizers not included.
    pub gc_nanoseconds: u64,
    /// Finalizers that have run.
    pub finalizers_run: u64,
    /// Handles given to gcroots_manually_rooted_unroot_later() that named no live
    /// root: ignored, and counted when that was found out.
    pub stale_unroots: u64,
    /// Zeros.
    pub reserved: [u64; 17],
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
            reserved: [0; 17],
        }
    }
}

/// Makes a store, owned by this thread. Its heap is made by the first object.
/// Never collects.
///
/// \param engine (borrowed): the store keeps a reference of its own
/// \param[out] out the store (owned); release it with gcroots_store_free()
/// \return GCROOTS_ERROR_OUT_OF_MEMORY; GCROOTS_ERROR_LIMIT if the system has no
///         thread-specific key left
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn gcroots_store_new(
    engine: *mut gcroots_engine_t,
    out: *mut MaybeUninit<*mut gcroots_store_t>,
) -> gcroots_status_t {
    call(|| {
        let (engine, out) = (required(engine, "engine")?, required(out, "out")?);
        // SAFETY: the caller holds a reference to the engine.
        let engine = unsafe { borrowed(engine) }.try_clone()?;
        let store = Store::new(engine)?;
        // SAFETY: the caller's `out` is valid for writing.
        unsafe { put(out, store.cast::<gcroots_store_t>().as_ptr()) }
    })
}

/// Deletes a store (taken, nullable) with all its objects and roots, whatever
/// is open or poisoned, after running the finalizers of all objects and then
/// that of the store's data. Finalizers that call the store get
/// GCROOTS_ERROR_BUSY. Handles of the store are refused by other stores for
/// ever. Never collects: it only runs finalizers.
///
/// \return GCROOTS_ERROR_WRONG_THREAD, GCROOTS_ERROR_BUSY inside a finalizer or a
///         function of the store, its growth callback or a root visitor; nothing has
///         run then
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_store_free(store: *mut gcroots_store_t) -> gcroots_status_t {
    call(|| match NonNull::new(store) {
        // SAFETY: the caller gives up what `gcroots_store_new` returned.
        Some(store) => unsafe { finalize::delete(store.cast()) },
        None => Ok(()),
    })
}

/// Gives up a store, so that another thread can attach it. Open scopes and
/// no-GC spans stay with the store. Until it is attached, every call on it but
/// gcroots_store_attach() answers GCROOTS_ERROR_WRONG_THREAD. Never collects.
///
/// \return GCROOTS_ERROR_BUSY inside a finalizer or a function of the store, its
///         growth callback or a root visitor, and between the steps of a collection
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_store_detach(store: *mut gcroots_store_t) -> gcroots_status_t {
    call(|| {
        let store = required(store, "store")?;
        // SAFETY: the caller passes a store.
        unsafe { not_entered(store) }.detach()
    })
}

/// Makes this thread the owner of a store that was detached, or whose owner
/// thread has ended, also between the steps of a collection. Succeeds if it is the owner
/// already. Of several threads, one wins. Never collects.
///
/// \return GCROOTS_ERROR_WRONG_THREAD while another living thread owns it,
///         GCROOTS_ERROR_BUSY inside a finalizer or a function of the store, its
///         growth callback or a root visitor, and to its owner between the steps of a
///         collection, GCROOTS_ERROR_OUT_OF_MEMORY or GCROOTS_ERROR_LIMIT if a thread that
///         never owned a store cannot be registered
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_store_attach(store: *mut gcroots_store_t) -> gcroots_status_t {
    call(|| {
        let store = required(store, "store")?;
        // SAFETY: the caller passes a store.
        unsafe { not_entered(store) }.attach()
    })
}

/// Attaches the embedder's own pointer to a store. The finalizer of the pointer
/// before runs at the next point where finalizers may run; that of the last one
/// when the store is deleted, after those of all objects. Never collects.
///
/// \param data (taken on success, nullable)
/// \return GCROOTS_ERROR_OUT_OF_MEMORY, GCROOTS_ERROR_LIMIT
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_store_set_data(
    store: *mut gcroots_store_t,
    data: *mut c_void,
    finalizer_or_null: gcroots_finalizer_t,
) -> gcroots_status_t {
    call(|| {
        let store = required(store, "store")?;
        // SAFETY: the caller passes a store.
        unsafe { enter(store) }?.set_data(data, finalizer_or_null)
    })
}

/// The pointer that gcroots_store_set_data() set; NULL before. Never collects.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_store_data(
    store: *mut gcroots_store_t,
    out: *mut MaybeUninit<*mut c_void>,
) -> gcroots_status_t {
    call(|| {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { put(out, enter(store)?.data()) }
    })
}

/// Collects: when this returns, every object that was unreachable is gone and
/// finalized, also those that only finalizers let go. Inside a finalizer it
/// collects, and the finalizers that it finds run after the one that is
/// running. Under the null collector it does nothing. May collect.
///
/// \return GCROOTS_ERROR_NO_GC in a no-GC span; if a root range or a root visitor's report
///         is refused, what the sections about them say
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_store_gc(store: *mut gcroots_store_t) -> gcroots_status_t {
    call(|| {
        let store = required(store, "store")?;
        // SAFETY: the caller passes a store.
        unsafe {
            enter(store)?;
            finalize::full_collection(store.cast())
        }
    })
}

/// Begins a collection in steps: gcroots_store_gc_step() goes on with it. Until it is
/// over, every call on the store but gcroots_store_gc_step(), gcroots_store_gc_cancel(),
/// gcroots_store_stats() and gcroots_store_free() answers GCROOTS_ERROR_BUSY;
/// gcroots_manually_rooted_unroot_later() works, for the next collection. Does a bounded
/// amount of work, after the roots that other threads want unrooted. Under the null
/// collector, and before the first allocation, the first step ends it. Never collects by
/// itself.
///
/// \return GCROOTS_ERROR_BUSY also inside a finalizer or a function of the store, and if a
///         collection is under way; GCROOTS_ERROR_NO_GC in a no-GC span
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_store_gc_start(store: *mut gcroots_store_t) -> gcroots_status_t {
    call(|| {
        let store = required(store, "store")?;
        // SAFETY: the caller passes a store.
        unsafe { enter(store) }?.gc_start()
    })
}

/// Goes on with the collection that gcroots_store_gc_start() began. The step that ends
/// it runs the finalizers of the objects that were unreachable when it began, once each;
/// what only those let go is left to the next collection. The first step calls the root
/// visitors, reads the root ranges and updates their slots. If none is under way, it does
/// nothing, and answers that it is over. May collect.
///
/// \param budget about so many bytes of objects are traced, or other work done that takes
///        as long. With 0 it does the least that it can: each step makes progress
/// \param[out] out whether the collection is over
/// \return of the first step also what root ranges and visitors are refused for, as
///         gcroots_store_gc(); nothing has been changed then, and the step may be repeated
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_store_gc_step(
    store: *mut gcroots_store_t,
    budget: usize,
    out: *mut MaybeUninit<bool>,
) -> gcroots_status_t {
    call(|| {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe {
            enter_between_steps(store)?;
            let budget = Budget::of(budget as u64);
            put(out, finalize::collection_step(store.cast(), budget)?)
        }
    })
}

/// Ends the collection that gcroots_store_gc_start() began. If no step has been done, it
/// is as if it had not begun; else the collection is completed, as by a step with no
/// limit, finalizers included. Does nothing if none is under way. May collect.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_store_gc_cancel(store: *mut gcroots_store_t) -> gcroots_status_t {
    call(|| {
        let store = required(store, "store")?;
        // SAFETY: the caller passes a store.
        unsafe {
            enter_between_steps(store)?;
            finalize::collection_cancel(store.cast())
        }
    })
}

/// Checks the whole store: every object, reference, root, table and global, what lies
/// behind them, and root ranges. For debugging; takes time in proportion to the heap.
/// Never collects.
///
/// \return GCROOTS_ERROR_INTERNAL if anything is wrong, which poisons the store;
///         GCROOTS_ERROR_INVALID_ARGUMENT if only a root range is;
///         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory to check with
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_store_verify(store: *mut gcroots_store_t) -> gcroots_status_t {
    call(|| {
        let store = required(store, "store")?;
        // SAFETY: the caller passes a store.
        unsafe { enter(store) }?.verify()
    })
}

/// A store's statistics; also between the steps of a collection. Never collects.
///
/// \param[out] out 256 bytes, whatever the version; unused ones are 0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_store_stats(
    store: *mut gcroots_store_t,
    out: *mut MaybeUninit<gcroots_stats_t>,
) -> gcroots_status_t {
    call(|| {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { put(out, enter_between_steps(store)?.stats()) }
    })
}
