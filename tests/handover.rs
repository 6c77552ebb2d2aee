//! A thousand stores that change threads, end and are replaced, while other threads
//! unroot what they hold. This is a program of its own, without the test harness. Built
//! with a thread sanitizer (`scripts/test` also does that), the sanitizer sees only code
//! of the library and of this file.
//!
//! With the argument `race` it has a race on purpose, to show that the sanitizer is on.

use std::cell::UnsafeCell;
use std::ffi::c_void;
use std::mem::MaybeUninit;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize, Ordering::*};
use std::{env, fs, thread};

use gcroots::capi::engine::*;
use gcroots::capi::externref::*;
use gcroots::capi::manually_rooted::*;
use gcroots::capi::reference::gcroots_ref_t;
use gcroots::capi::scope::*;
use gcroots::capi::status::{GCROOTS_ERROR_UNROOTED, GCROOTS_OK};
use gcroots::capi::store::*;

const STORES: usize = 1000;
const THREADS: usize = 4;
/// The turns of each thread. A store has about 40 turns.
const TURNS: usize = STORES * 10;
/// The number of places for manual roots that any thread may unroot.
const PARKED: usize = 256;
const OBJECTS: usize = 20;

/// The engine of all stores.
static ENGINE: AtomicPtr<gcroots_engine_t> = AtomicPtr::new(null_mut());

/// Stores without an owner.
static SHELF: [AtomicPtr<gcroots_store_t>; STORES] = [const { AtomicPtr::new(null_mut()) }; STORES];
static MADE: AtomicU64 = AtomicU64::new(0);
static FINALIZED: AtomicU64 = AtomicU64::new(0);

/// A place for a root. Threads pass each other handles by their bits.
struct Parked {
    store_id: AtomicU64,
    slot: AtomicU64,
    /// 0: empty. 1: being written or read. 2: full.
    state: AtomicUsize,
}

static PARKED_ROOTS: [Parked; PARKED] = [const {
    Parked {
        store_id: AtomicU64::new(0),
        slot: AtomicU64::new(0),
        state: AtomicUsize::new(0),
    }
}; PARKED];

impl Parked {
    /// Leaves a root here. Returns it if there is no room.
    fn leave(&self, root: gcroots_manually_rooted_t) -> Option<gcroots_manually_rooted_t> {
        if self.state.compare_exchange(0, 1, Acquire, Relaxed).is_err() {
            return Some(root);
        }
        let slot = u64::from(root.r#ref.generation) | u64::from(root.r#ref.index) << 32;
        self.store_id.store(root.r#ref.store_id, Relaxed);
        self.slot.store(slot, Relaxed);
        self.state.store(2, Release);
        None
    }

    fn take(&self) -> Option<gcroots_manually_rooted_t> {
        self.state.compare_exchange(2, 1, Acquire, Relaxed).ok()?;
        let slot = self.slot.load(Relaxed);
        let r#ref = gcroots_ref_t {
            store_id: self.store_id.load(Relaxed),
            generation: slot as u32,
            index: (slot >> 32) as u32,
        };
        self.state.store(0, Release);
        Some(gcroots_manually_rooted_t { r#ref })
    }
}

fn ok(status: u32) {
    assert_eq!(status, 0);
}

fn with_out<T>(function: impl FnOnce(*mut MaybeUninit<T>) -> u32) -> T {
    let mut out = MaybeUninit::uninit();
    ok(function(&mut out));
    // SAFETY: outputs are written on success.
    unsafe { out.assume_init() }
}

/// Memory that the objects of a store share. The owner of the store and its finalizers
/// use it without a lock.
struct Counter(UnsafeCell<u64>);

unsafe extern "C" fn count_death(data: *mut c_void) {
    FINALIZED.fetch_add(1, Relaxed);
    // SAFETY: the counter outlives the store, which belongs to this thread.
    unsafe { *(*data.cast::<Counter>()).0.get() += 1 };
}

/// Uses a store during a turn.
fn use_store(store: *mut gcroots_store_t, random: &mut u64) {
    // SAFETY: the store is alive and belongs to this thread. Outputs are valid.
    unsafe {
        let counter = with_out(|out| gcroots_store_data(store, out));
        let scope = with_out(|out| gcroots_scope_enter(store, out));
        for _ in 0..OBJECTS {
            let object =
                with_out(|out| gcroots_externref_new(store, counter, Some(count_death), out));
            MADE.fetch_add(1, Relaxed);
            let root = with_out(|out| gcroots_ref_to_manually_rooted(store, object, out));
            let place = &PARKED_ROOTS[next(random) as usize % PARKED];
            let mut copy = root;
            if let Some(mut root) = place.leave(root) {
                ok(gcroots_manually_rooted_unroot(store, &mut root));
            } else if next(random).is_multiple_of(4) {
                // Another thread may take the parked copy first, or find it stale.
                let status = gcroots_manually_rooted_unroot(store, &mut copy);
                assert!(matches!(status, GCROOTS_OK | GCROOTS_ERROR_UNROOTED));
            }
        }
        ok(gcroots_scope_exit(store, scope));
        if next(random).is_multiple_of(8) {
            ok(gcroots_store_gc(store));
        }
    }
}

/// Deletes a store while other threads may unroot what it held. Makes another store for
/// the same counter, which most often gets the heap of a deleted store.
fn renew(store: *mut gcroots_store_t) -> *mut gcroots_store_t {
    // SAFETY: the store is alive and belongs to this thread. The engine and the counter
    // outlive it.
    unsafe {
        let counter = with_out(|out| gcroots_store_data(store, out));
        ok(gcroots_store_free(store));
        let store = with_out(|out| gcroots_store_new(ENGINE.load(Relaxed), out));
        ok(gcroots_store_set_data(store, counter, None));
        store
    }
}

fn next(random: &mut u64) -> u64 {
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    *random
}

fn work(thread: usize) {
    let mut random = 0x9e37_79b9_7f4a_7c15 ^ (thread as u64 + 1);
    for _ in 0..TURNS {
        let place = &SHELF[next(&mut random) as usize % STORES];
        let mut store = place.swap(null_mut(), Acquire);
        if !store.is_null() {
            // SAFETY: the store is alive, and only this thread has it.
            unsafe {
                ok(gcroots_store_attach(store));
                use_store(store, &mut random);
                if next(&mut random).is_multiple_of(8) {
                    store = renew(store);
                }
                ok(gcroots_store_detach(store));
            }
            place.store(store, Release);
        }
        let parked = &PARKED_ROOTS[next(&mut random) as usize % PARKED];
        if let Some(mut root) = parked.take() {
            // SAFETY: a root of any store is valid, alive or not.
            ok(unsafe { gcroots_manually_rooted_unroot_later(&mut root) });
        }
    }
}

unsafe extern "C" {
    /// A function of glibc: returns free memory of the allocator to the system.
    fn malloc_trim(pad: usize) -> i32;
}

/// The resident memory in KiB, without memory that the allocator keeps.
fn resident() -> u64 {
    // SAFETY: the function has no preconditions.
    unsafe { malloc_trim(0) };
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    line.and_then(|line| line.split_whitespace().nth(1))
        .and_then(|kib| kib.parse().ok())
        .unwrap()
}

fn on_threads(body: fn(usize)) {
    let threads: Vec<_> = (0..THREADS)
        .map(|n| thread::spawn(move || body(n)))
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
}

/// Makes the stores. Their owner ends without detaching them.
fn make_stores(counters: &[Counter]) {
    for (place, counter) in SHELF.iter().zip(counters) {
        // SAFETY: the engine and the counters outlive the stores.
        unsafe {
            let store = with_out(|out| gcroots_store_new(ENGINE.load(Relaxed), out));
            ok(gcroots_store_set_data(store, counter.0.get().cast(), None));
            place.store(store, Release);
        }
    }
}

// SAFETY: only the owner of the store uses its counter.
unsafe impl Sync for Counter {}

fn live_and_die() {
    let counters: Vec<_> = (0..STORES).map(|_| Counter(UnsafeCell::new(0))).collect();
    // SAFETY: outputs are valid.
    let engine = with_out(|out| unsafe { gcroots_engine_new(std::ptr::null(), out) });
    ENGINE.store(engine, Relaxed);
    // The thread that made the stores has ended when other threads attach them.
    thread::scope(|scope| scope.spawn(|| make_stores(&counters)).join().unwrap());
    on_threads(work);
    for place in &SHELF {
        let store = place.swap(null_mut(), Acquire);
        // SAFETY: the store is alive, and only this thread has it.
        unsafe {
            ok(gcroots_store_attach(store));
            ok(gcroots_store_free(store));
        }
    }
    // SAFETY: the engine is given up here.
    unsafe { gcroots_engine_free(engine) };
    // These roots belong to deleted stores.
    for mut root in PARKED_ROOTS.iter().filter_map(Parked::take) {
        // SAFETY: the handle is valid for reading and writing.
        ok(unsafe { gcroots_manually_rooted_unroot_later(&mut root) });
    }
    // SAFETY: the stores are deleted, and no other thread is left.
    let counted: u64 = counters
        .iter()
        .map(|counter| unsafe { *counter.0.get() })
        .sum();
    let (made, finalized) = (MADE.swap(0, Relaxed), FINALIZED.swap(0, Relaxed));
    assert!(made > (THREADS * TURNS * OBJECTS / 2) as u64);
    assert_eq!((counted, finalized), (made, made));
    println!("{made} objects of {STORES} stores made and finalized on {THREADS} threads");
}

/// Moves a store from thread to thread with `attach` and `detach`. Nothing else orders
/// the accesses of its owners.
fn attach_and_detach() {
    static STORE: AtomicPtr<gcroots_store_t> = AtomicPtr::new(null_mut());
    static COUNTER: Counter = Counter(UnsafeCell::new(0));
    const TURNS: usize = 2000;
    // SAFETY: outputs are valid. The thread that made the engine and the store uses them.
    unsafe {
        let engine = with_out(|out| gcroots_engine_new(std::ptr::null(), out));
        let store = with_out(|out| gcroots_store_new(engine, out));
        gcroots_engine_free(engine);
        ok(gcroots_store_detach(store));
        STORE.store(store, Relaxed);
    }
    on_threads(|_| {
        let store = STORE.load(Relaxed);
        let mut turns = 0;
        while turns < TURNS {
            // SAFETY: the store is alive. Only its owner uses the counter.
            unsafe {
                if gcroots_store_attach(store) != GCROOTS_OK {
                    thread::yield_now();
                    continue;
                }
                *COUNTER.0.get() += 1;
                ok(gcroots_store_detach(store));
            }
            turns += 1;
        }
    });
    // SAFETY: no other thread is left.
    unsafe {
        assert_eq!(*COUNTER.0.get(), (THREADS * TURNS) as u64);
        ok(gcroots_store_attach(STORE.load(Relaxed)));
        ok(gcroots_store_free(STORE.load(Relaxed)));
    }
}

fn race() {
    static SHARED: Counter = Counter(UnsafeCell::new(0));
    on_threads(|_| {
        // SAFETY: none. This is the race that a sanitizer must find.
        unsafe { *SHARED.0.get() += 1 };
    });
}

fn main() {
    if env::args().any(|argument| argument == "race") {
        return race();
    }
    attach_and_detach();
    let start = resident();
    // The first run allocates memory that the process keeps, such as arenas of the
    // allocator.
    live_and_die();
    let before = resident();
    // The allocator sometimes keeps an arena for some time, so a second and a third look decide.
    let mut after = u64::MAX;
    let is_kept = |after| after >= before + 1024 || before >= start + 4096;
    for _ in 0..3 {
        if is_kept(after) {
            live_and_die();
            live_and_die();
            after = resident();
        }
    }
    println!("resident: {start} KiB, {before} after the first time, {after} at the end");
    // The memory of a sanitizer may grow.
    assert!(cfg!(gcroots_tsan) || !is_kept(after), "memory is kept");
}
