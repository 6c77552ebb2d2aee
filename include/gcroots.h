/*
 * gcroots 0.1.0: a garbage-collected heap with roots that cannot be misused.
 *
 * Generated from src/capi; do not edit.
 *
 * A handle (gcroots_ref_t) names a root in a store; the root keeps an object
 * alive, and a collection that moves the object updates the root. Scoped
 * handles end with their scope, manual ones when they are unrooted. Any bits
 * may be passed as a handle or a scope, and any integer where a number is
 * wanted: what is wrong is refused with a status and a message
 * (gcroots_last_error()), and nothing has changed, except that a call that may
 * collect may have collected, and that roots may have ended that were given to
 * gcroots_manually_rooted_unroot_later().
 *
 * Functions that can fail return a gcroots_status_t and write their output,
 * `out`, only on success. An input and `out` may be at the same address.
 * Pointers must not be NULL unless they are called `..._or_null` or the
 * documentation says nullable; NULL is refused with
 * GCROOTS_ERROR_NULL_ARGUMENT. Any call on a store can also answer
 * GCROOTS_ERROR_WRONG_THREAD, GCROOTS_ERROR_BUSY and GCROOTS_ERROR_INTERNAL, and
 * one that may collect what is said of root ranges and visitors, in a store that
 * has some; it is not repeated below.
 *
 * Who owns what: (owned) is the caller's to release, in the way that is named;
 * (taken) no longer is; (borrowed) stays the caller's. A callback is code of
 * the caller's that the library calls. "May collect" means that objects may
 * move or die and that finalizers may run before the call returns; "Never
 * collects" means that neither happens.
 *
 * What C cannot check, and is undefined: a pointer that is not to a live store,
 * configuration, engine, rec group or type where one is wanted, also if a
 * callback freed it during the call; an `out` that is not valid for writing; a root
 * range whose slots are not there when it is read; a C++ exception or a longjmp()
 * that leaves a callback through the library.
 */
#ifndef GCROOTS_H
#define GCROOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The version of this header; gcroots_version() is that of the library. */
#define GCROOTS_VERSION "0.1.0"
#define GCROOTS_VERSION_MAJOR 0
#define GCROOTS_VERSION_MINOR 1
#define GCROOTS_VERSION_PATCH 0

/* Before each function. Define it to add attributes. */
#ifndef GCROOTS_API
#define GCROOTS_API
#endif

/* On functions that return something owned. Define it as nothing to be free to
   ignore that. */
#ifndef GCROOTS_NODISCARD
#if defined(__GNUC__)
#define GCROOTS_NODISCARD __attribute__((warn_unused_result))
#else
#define GCROOTS_NODISCARD
#endif
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* --- Version ----------------------------------------------------------------- */

/**
 * The version of the library that was loaded, like "0.1.0". The header's own
 * is in GCROOTS_VERSION. Static; never NULL. Never collects.
 */
GCROOTS_API const char *gcroots_version(void);

/* --- Statuses and messages --------------------------------------------------- */

/**
 * How a call ended: one of the GCROOTS_* numbers below, which are never
 * renumbered.
 */
typedef uint32_t gcroots_status_t;

/**
 * Success.
 */
#define GCROOTS_OK 0

/**
 * A required pointer is NULL.
 */
#define GCROOTS_ERROR_NULL_ARGUMENT 1

/**
 * A value is out of its documented range.
 */
#define GCROOTS_ERROR_INVALID_ARGUMENT 2

/**
 * The handle belongs to another store, or to one since deleted.
 */
#define GCROOTS_ERROR_WRONG_STORE 3

/**
 * The type belongs to another engine.
 */
#define GCROOTS_ERROR_WRONG_ENGINE 4

/**
 * The store belongs to another thread, or is detached.
 */
#define GCROOTS_ERROR_WRONG_THREAD 5

/**
 * Not allowed inside the callback that is running.
 */
#define GCROOTS_ERROR_BUSY 6

/**
 * The handle's scope was exited, or the handle was unrooted.
 */
#define GCROOTS_ERROR_UNROOTED 7

/**
 * A null reference where an object is needed.
 */
#define GCROOTS_ERROR_NULL_REFERENCE 8

/**
 * Not of the needed type, or a failed cast.
 */
#define GCROOTS_ERROR_TYPE_MISMATCH 9

/**
 * A write to something immutable.
 */
#define GCROOTS_ERROR_IMMUTABLE 10

/**
 * A field, element or range that is not there.
 */
#define GCROOTS_ERROR_OUT_OF_BOUNDS 11

/**
 * Not the innermost scope, or not open.
 */
#define GCROOTS_ERROR_SCOPE_ORDER 12

/**
 * A collection is needed inside a no-GC span.
 */
#define GCROOTS_ERROR_NO_GC 13

/**
 * The heap's limit is reached, after a collection; or the system refused.
 */
#define GCROOTS_ERROR_OUT_OF_MEMORY 14

/**
 * More of something than the library supports.
 */
#define GCROOTS_ERROR_LIMIT 15

/**
 * An exception is pending: gcroots_store_take_exception().
 */
#define GCROOTS_ERROR_EXCEPTION 16

/**
 * A bug in gcroots, or an overwritten heap. The store is poisoned: every call on
 * it answers this, except gcroots_store_attach() and gcroots_store_free().
 */
#define GCROOTS_ERROR_INTERNAL 17

/**
 * The name of a status, like "GCROOTS_ERROR_BUSY"; "GCROOTS_UNKNOWN" for a
 * number that is none. Static; never NULL. Never collects.
 */
GCROOTS_API const char *gcroots_status_name(gcroots_status_t status);

/**
 * This thread's last error message, with the values that were wrong: "" before
 * the first failure, never NULL. Valid until this thread's next failing call;
 * success does not clear it. Never collects.
 */
GCROOTS_API const char *gcroots_last_error(void);

/* --- Configuration -----------------------------------------------------------
 *
 * What an engine is made with. gcroots_engine_new() copies it.
 */

/**
 * A configuration. Use it from one thread at a time.
 */
typedef struct gcroots_config_t gcroots_config_t;

/**
 * Which collector a store's heap has.
 */
typedef uint32_t gcroots_collector_t;

/**
 * The library chooses: copying.
 */
#define GCROOTS_COLLECTOR_AUTO 0

/**
 * Never collects; memory comes back with the store. At least 16 KiB.
 */
#define GCROOTS_COLLECTOR_NULL 1

/**
 * Deferred reference counting: objects stay where they are, and no half of the memory
 * is idle. At least 16 KiB.
 */
#define GCROOTS_COLLECTOR_DRC 2

/**
 * Semi-space copying. At least 32 KiB, half of which is usable.
 */
#define GCROOTS_COLLECTOR_COPYING 3

/**
 * Generational. Not built yet: INVALID_ARGUMENT.
 */
#define GCROOTS_COLLECTOR_GENERATIONAL 4

/**
 * For tests of the library itself: copying, and finds references that were stored
 * without a barrier; what is found poisons the store. At least 32 KiB, half of which is
 * usable; takes half as much again beyond the limit.
 */
#define GCROOTS_COLLECTOR_CHECK 5

/**
 * Makes a configuration with the defaults. Never collects.
 *
 * \return the configuration (owned); release it with gcroots_config_free().
 *         NULL if memory is out.
 */
GCROOTS_API GCROOTS_NODISCARD gcroots_config_t *gcroots_config_new(void);

/**
 * Deletes a configuration (taken, nullable). Engines made with it stay.
 * Never collects.
 */
GCROOTS_API void gcroots_config_free(gcroots_config_t *config);

/**
 * Chooses the collector. Never collects.
 *
 * \return GCROOTS_ERROR_INVALID_ARGUMENT if there is no such collector, or it is
 *         not built
 */
GCROOTS_API
gcroots_status_t gcroots_config_set_collector(gcroots_config_t *config,
                                              gcroots_collector_t collector);

/**
 * Sets how many bytes a store's heap may commit, in all its spaces together:
 * 4 GiB if not set. Small limits are rounded up to the collector's least.
 * Never collects.
 *
 * \return GCROOTS_ERROR_INVALID_ARGUMENT for 0 or more than 16 GiB
 */
GCROOTS_API
gcroots_status_t gcroots_config_set_heap_limit(gcroots_config_t *config,
                                               size_t bytes);

/**
 * Sets how many bytes a store's heap commits at first, and keeps, in all its
 * spaces together; 0 is the default: 512 KiB, or the limit if that is less. More
 * than the limit is refused by gcroots_engine_new(). Never collects.
 */
GCROOTS_API
gcroots_status_t gcroots_config_set_heap_initial(gcroots_config_t *config,
                                                 size_t bytes);

/**
 * Makes stores collect at every n-th allocation outside no-GC spans, to find
 * references that no root holds; 0 turns it off. Never collects.
 */
GCROOTS_API
gcroots_status_t gcroots_config_set_stress(gcroots_config_t *config,
                                           uint32_t every_nth_allocation);

/**
 * Makes each collection move every object that survives, to find references that
 * no root holds. The copying collector does so anyway; gcroots_engine_new() refuses it
 * with GCROOTS_COLLECTOR_DRC, which moves nothing. Never collects.
 */
GCROOTS_API
gcroots_status_t gcroots_config_set_move_always(gcroots_config_t *config,
                                                bool on);

/**
 * Sets how many heaps of deleted stores an engine keeps for the next stores: 8 if
 * not set. Each keeps at most 512 KiB resident. With 0 each store's heap is given
 * back to the system. Never collects.
 *
 * \return GCROOTS_ERROR_INVALID_ARGUMENT for more than 4096
 */
GCROOTS_API
gcroots_status_t gcroots_config_set_pool(gcroots_config_t *config,
                                         size_t heaps);

/**
 * Makes collections fill freed memory with a pattern, to find whoever reads
 * it. Never collects.
 */
GCROOTS_API gcroots_status_t gcroots_config_set_poison(gcroots_config_t *config, bool on);

/* --- Engine ------------------------------------------------------------------
 *
 * What stores share. Counted: each store keeps its engine. Any thread may use
 * an engine at any time.
 */

/**
 * An engine.
 */
typedef struct gcroots_engine_t gcroots_engine_t;

/**
 * Makes an engine. Never collects.
 *
 * \param config_or_null copied; NULL for the defaults
 * \param[out] out the engine (owned); release it with gcroots_engine_free()
 * \return GCROOTS_ERROR_INVALID_ARGUMENT if the configuration's initial size
 *         exceeds its limit; GCROOTS_ERROR_OUT_OF_MEMORY
 */
GCROOTS_API
GCROOTS_NODISCARD
gcroots_status_t gcroots_engine_new(const gcroots_config_t *config_or_null,
                                    gcroots_engine_t **out);

/**
 * One more reference to an engine (borrowed, nullable). Never collects.
 *
 * \return the same engine (owned); release it with gcroots_engine_free().
 *         NULL for NULL.
 */
GCROOTS_API
GCROOTS_NODISCARD
gcroots_engine_t *gcroots_engine_clone(gcroots_engine_t *engine);

/**
 * Gives up a reference to an engine (taken, nullable). The engine ends with
 * its last reference and store. Never collects.
 */
GCROOTS_API void gcroots_engine_free(gcroots_engine_t *engine);

/* --- Store -------------------------------------------------------------------
 *
 * A heap, its roots and its host data. A store belongs to the thread that made
 * it; another thread's call answers GCROOTS_ERROR_WRONG_THREAD, until the owner
 * detaches the store and the other attaches it.
 */

/**
 * A store.
 */
typedef struct gcroots_store_t gcroots_store_t;

/**
 * Runs once, after the death of what `data` belongs to. It must return.
 */
typedef void (*gcroots_finalizer_t)(void *data);

/**
 * What gcroots_store_stats() tells. Bytes and counts are as of now; objects
 * and live bytes include what died since the last collection.
 */
typedef struct {
  /**
   * Objects: the last collection's survivors and what came since. Those that hold
   * what is in tables and globals are among them.
   */
  uint64_t objects;
  /**
   * Bytes of those objects.
   */
  uint64_t live_bytes;
  /**
   * Bytes that the heap has committed, in all its spaces together.
   */
  uint64_t committed_bytes;
  /**
   * External bytes of the objects that have not been found dead.
   */
  uint64_t external_bytes;
  /**
   * Scoped roots, locals included.
   */
  uint64_t scoped_roots;
  /**
   * The most scoped roots that there were at once.
   */
  uint64_t scoped_roots_max;
  /**
   * Manual roots.
   */
  uint64_t manual_roots;
  /**
   * The most manual roots that there were at once.
   */
  uint64_t manual_roots_max;
  /**
   * Weak handles, those of dead objects included.
   */
  uint64_t weak_handles;
  /**
   * The most weak handles that there were at once.
   */
  uint64_t weak_handles_max;
  /**
   * Collections.
   */
  uint64_t collections;
  /**
   * Bytes that collections moved.
   */
  uint64_t moved_bytes;
  /**
   * Nanoseconds spent in collections, finalizers not included.
   */
  uint64_t gc_nanoseconds;
  /**
   * Finalizers that have run.
   */
  uint64_t finalizers_run;
  /**
   * Handles given to gcroots_manually_rooted_unroot_later() that named no live
   * root: ignored, and counted when that was found out.
   */
  uint64_t stale_unroots;
  /**
   * Zeros.
   */
  uint64_t reserved[17];
} gcroots_stats_t;

/**
 * Makes a store, owned by this thread. Its heap is made by the first object.
 * Never collects.
 *
 * \param engine (borrowed): the store keeps a reference of its own
 * \param[out] out the store (owned); release it with gcroots_store_free()
 * \return GCROOTS_ERROR_OUT_OF_MEMORY; GCROOTS_ERROR_LIMIT if the system has no
 *         thread-specific key left
 */
GCROOTS_API
GCROOTS_NODISCARD
gcroots_status_t gcroots_store_new(gcroots_engine_t *engine,
                                   gcroots_store_t **out);

/**
 * Deletes a store (taken, nullable) with all its objects and roots, whatever
 * is open or poisoned, after running the finalizers of all objects and then
 * that of the store's data. Finalizers that call the store get
 * GCROOTS_ERROR_BUSY. Handles of the store are refused by other stores for
 * ever. Never collects: it only runs finalizers.
 *
 * \return GCROOTS_ERROR_WRONG_THREAD, GCROOTS_ERROR_BUSY inside a finalizer or a
 *         function of the store, its growth callback or a root visitor; nothing has
 *         run then
 */
GCROOTS_API gcroots_status_t gcroots_store_free(gcroots_store_t *store);

/**
 * Gives up a store, so that another thread can attach it. Open scopes and
 * no-GC spans stay with the store. Until it is attached, every call on it but
 * gcroots_store_attach() answers GCROOTS_ERROR_WRONG_THREAD. Never collects.
 *
 * \return GCROOTS_ERROR_BUSY inside a finalizer or a function of the store, its
 *         growth callback or a root visitor, and between the steps of a collection
 */
GCROOTS_API gcroots_status_t gcroots_store_detach(gcroots_store_t *store);

/**
 * Makes this thread the owner of a store that was detached, or whose owner
 * thread has ended, also between the steps of a collection. Succeeds if it is the owner
 * already. Of several threads, one wins. Never collects.
 *
 * \return GCROOTS_ERROR_WRONG_THREAD while another living thread owns it,
 *         GCROOTS_ERROR_BUSY inside a finalizer or a function of the store, its
 *         growth callback or a root visitor, and to its owner between the steps of a
 *         collection, GCROOTS_ERROR_OUT_OF_MEMORY or GCROOTS_ERROR_LIMIT if a thread that
 *         never owned a store cannot be registered
 */
GCROOTS_API gcroots_status_t gcroots_store_attach(gcroots_store_t *store);

/**
 * Attaches the embedder's own pointer to a store. The finalizer of the pointer
 * before runs at the next point where finalizers may run; that of the last one
 * when the store is deleted, after those of all objects. Never collects.
 *
 * \param data (taken on success, nullable)
 * \return GCROOTS_ERROR_OUT_OF_MEMORY, GCROOTS_ERROR_LIMIT
 */
GCROOTS_API
gcroots_status_t gcroots_store_set_data(gcroots_store_t *store,
                                        void *data,
                                        gcroots_finalizer_t finalizer_or_null);

/**
 * The pointer that gcroots_store_set_data() set; NULL before. Never collects.
 */
GCROOTS_API gcroots_status_t gcroots_store_data(gcroots_store_t *store, void **out);

/**
 * Collects: when this returns, every object that was unreachable is gone and
 * finalized, also those that only finalizers let go. Inside a finalizer it
 * collects, and the finalizers that it finds run after the one that is
 * running. Under the null collector it does nothing. May collect.
 *
 * \return GCROOTS_ERROR_NO_GC in a no-GC span; if a root range or a root visitor's report
 *         is refused, what the sections about them say
 */
GCROOTS_API gcroots_status_t gcroots_store_gc(gcroots_store_t *store);

/**
 * Begins a collection in steps: gcroots_store_gc_step() goes on with it. Until it is
 * over, every call on the store but gcroots_store_gc_step(), gcroots_store_gc_cancel(),
 * gcroots_store_stats() and gcroots_store_free() answers GCROOTS_ERROR_BUSY;
 * gcroots_manually_rooted_unroot_later() works, for the next collection. Does a bounded
 * amount of work, after the roots that other threads want unrooted. Under the null
 * collector, and before the first allocation, the first step ends it. Never collects by
 * itself.
 *
 * \return GCROOTS_ERROR_BUSY also inside a finalizer or a function of the store, and if a
 *         collection is under way; GCROOTS_ERROR_NO_GC in a no-GC span
 */
GCROOTS_API gcroots_status_t gcroots_store_gc_start(gcroots_store_t *store);

/**
 * Goes on with the collection that gcroots_store_gc_start() began. The step that ends
 * it runs the finalizers of the objects that were unreachable when it began, once each;
 * what only those let go is left to the next collection. The first step calls the root
 * visitors, reads the root ranges and updates their slots. If none is under way, it does
 * nothing, and answers that it is over. May collect.
 *
 * \param budget about so many bytes of objects are traced, or other work done that takes
 *        as long. With 0 it does the least that it can: each step makes progress
 * \param[out] out whether the collection is over
 * \return of the first step also what root ranges and visitors are refused for, as
 *         gcroots_store_gc(); nothing has been changed then, and the step may be repeated
 */
GCROOTS_API
gcroots_status_t gcroots_store_gc_step(gcroots_store_t *store,
                                       size_t budget,
                                       bool *out);

/**
 * Ends the collection that gcroots_store_gc_start() began. If no step has been done, it
 * is as if it had not begun; else the collection is completed, as by a step with no
 * limit, finalizers included. Does nothing if none is under way. May collect.
 */
GCROOTS_API gcroots_status_t gcroots_store_gc_cancel(gcroots_store_t *store);

/**
 * Checks the whole store: every object, reference, root, table and global, what lies
 * behind them, and root ranges. For debugging; takes time in proportion to the heap.
 * Never collects.
 *
 * \return GCROOTS_ERROR_INTERNAL if anything is wrong, which poisons the store;
 *         GCROOTS_ERROR_INVALID_ARGUMENT if only a root range is;
 *         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory to check with
 */
GCROOTS_API gcroots_status_t gcroots_store_verify(gcroots_store_t *store);

/**
 * A store's statistics; also between the steps of a collection. Never collects.
 *
 * \param[out] out 256 bytes, whatever the version; unused ones are 0
 */
GCROOTS_API
gcroots_status_t gcroots_store_stats(gcroots_store_t *store,
                                     gcroots_stats_t *out);

/* --- Growth ------------------------------------------------------------------
 *
 * An engine's growth callback is asked before a store's heap commits more memory
 * than it has committed at first (gcroots_config_set_heap_initial()). It may
 * refuse, and it may free memory of the host's first, or unroot objects later
 * (gcroots_manually_rooted_unroot_later()). After a refusal the heap is collected,
 * if it may be; if that does not make room, the allocation answers
 * GCROOTS_ERROR_OUT_OF_MEMORY (in a no-GC span GCROOTS_ERROR_NO_GC). Without a
 * callback the heap grows up to its limit.
 */

/**
 * Answers whether a store's heap, which has committed `committed_bytes`, may have
 * committed `wanted_bytes`, in all its spaces together. It is called on the thread
 * that allocates, so that stores of one engine may call it at the same time. Calls
 * on `store` answer GCROOTS_ERROR_BUSY meanwhile;
 * gcroots_manually_rooted_unroot_later() is allowed. It must return.
 */
typedef bool (*gcroots_grow_callback_t)(void *env,
                                        gcroots_store_t *store,
                                        size_t committed_bytes,
                                        size_t wanted_bytes);

/**
 * Sets the growth callback of the stores of engines that are made with this
 * configuration. Never collects.
 *
 * \param callback_or_null NULL for none
 * \param env given to the callback (borrowed, nullable); it must live as long as
 *            the engines and their stores
 */
GCROOTS_API
gcroots_status_t gcroots_config_set_grow_callback(gcroots_config_t *config,
                                                  gcroots_grow_callback_t callback_or_null,
                                                  void *env);

/* --- References --------------------------------------------------------------
 *
 * A handle is 16 bytes of plain data that name a root in a store. Copying the
 * bytes makes no new root. Any bits may be passed: what is not a live root of
 * the store is refused. Functions that take a gcroots_ref_t take scoped and
 * manual handles (the `ref` of a gcroots_manually_rooted_t, borrowed).
 */

/**
 * Names a root. `store_id` 0 is the null reference, whatever the rest.
 */
typedef struct {
  /**
   * The store's id.
   */
  uint64_t store_id;
  /**
   * Which of the roots that were in the slot.
   */
  uint32_t generation;
  /**
   * The slot; the high bit says manual.
   */
  uint32_t index;
} gcroots_ref_t;

/**
 * Whether two handles have the same bits, so that they are copies of one
 * handle; all null handles are the same. Looks at no store: two handles of one
 * object may well differ. Never collects.
 */
GCROOTS_API bool gcroots_ref_same_root(gcroots_ref_t a, gcroots_ref_t b);

/**
 * Whether two references are to the same object; null equals null. Never
 * collects.
 *
 * \return GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED; `a` first
 */
GCROOTS_API
gcroots_status_t gcroots_ref_eq(gcroots_store_t *store,
                                gcroots_ref_t a,
                                gcroots_ref_t b,
                                bool *out);

/**
 * A hash of the object (not of what the host data says), which stays when the
 * object moves; 0 for null. Never collects.
 *
 * \return GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED,
 *         GCROOTS_ERROR_OUT_OF_MEMORY the first time that an object's hash is
 *         asked for
 */
GCROOTS_API
gcroots_status_t gcroots_ref_hash(gcroots_store_t *store,
                                  gcroots_ref_t ref,
                                  uint64_t *out);

/**
 * Makes a scoped root refer to another object, or to null; copies of `dst` see
 * it. Never collects.
 *
 * \param dst a scoped handle of any open scope
 * \param src_or_null a handle of either kind, or null
 * \return GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED, and for `dst`
 *         GCROOTS_ERROR_NULL_REFERENCE, GCROOTS_ERROR_INVALID_ARGUMENT if it
 *         is manual
 */
GCROOTS_API
gcroots_status_t gcroots_ref_assign(gcroots_store_t *store,
                                    gcroots_ref_t dst,
                                    gcroots_ref_t src_or_null);

/* --- Scopes ------------------------------------------------------------------
 *
 * A scope ends the roots that were made in it, and the no-GC spans that were
 * opened in it, all at once. Scopes nest. The store itself is the outermost:
 * roots made while none is open live as long as the store. Inside a finalizer
 * or a function, scopes that were open before it answer GCROOTS_ERROR_SCOPE_ORDER.
 */

/**
 * Names an open scope. Any bits may be passed.
 */
typedef struct {
  /**
   * The store's id.
   */
  uint64_t store_id;
  /**
   * Never given twice by a store; 0 names no scope.
   */
  uint64_t serial;
} gcroots_scope_t;

/**
 * Enters a scope. Never collects.
 *
 * \param[out] out names the scope for gcroots_scope_exit() and the like
 * \return GCROOTS_ERROR_OUT_OF_MEMORY
 */
GCROOTS_API
gcroots_status_t gcroots_scope_enter(gcroots_store_t *store,
                                     gcroots_scope_t *out);

/**
 * Leaves the innermost scope. Never collects.
 *
 * \return GCROOTS_ERROR_WRONG_STORE; GCROOTS_ERROR_SCOPE_ORDER if `scope` is
 *         not the innermost one, or was left before
 */
GCROOTS_API
gcroots_status_t gcroots_scope_exit(gcroots_store_t *store,
                                    gcroots_scope_t scope);

/**
 * Leaves a scope and all inside it: for early returns, longjmp() and the like.
 * Never collects.
 *
 * \return GCROOTS_ERROR_WRONG_STORE; GCROOTS_ERROR_SCOPE_ORDER if `scope` is
 *         not open
 */
GCROOTS_API
gcroots_status_t gcroots_scope_unwind(gcroots_store_t *store,
                                      gcroots_scope_t scope);

/**
 * Leaves the innermost scope and keeps one object, with a new root in the
 * scope around it. On a failure the scope stays open. Never collects.
 *
 * \param ref any handle of the store; null, or a local that holds null, gives
 *            null
 * \param[out] out the new handle
 * \return GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_SCOPE_ORDER for `scope`;
 *         GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED for `ref`;
 *         GCROOTS_ERROR_OUT_OF_MEMORY, GCROOTS_ERROR_LIMIT
 */
GCROOTS_API
gcroots_status_t gcroots_scope_escape(gcroots_store_t *store,
                                      gcroots_scope_t scope,
                                      gcroots_ref_t ref,
                                      gcroots_ref_t *out);

/**
 * Makes sure that `roots` more scoped roots can be made without allocating.
 * Never collects.
 *
 * \return GCROOTS_ERROR_LIMIT beyond the slots that handles can name,
 *         GCROOTS_ERROR_OUT_OF_MEMORY
 */
GCROOTS_API gcroots_status_t gcroots_scope_reserve(gcroots_store_t *store, size_t roots);

/* --- Locals ------------------------------------------------------------------
 *
 * A slot of the current scope that may hold null and that
 * gcroots_ref_assign() changes, so that a loop need not make a root each time.
 * A local that holds null behaves as null everywhere, except that
 * gcroots_ref_is_null() and gcroots_ref_same_root() see bits only.
 */

/**
 * Makes a local in the current scope. Never collects.
 *
 * \param ref_or_null what it holds at first: a handle of either kind, or null
 * \param[out] out the local's handle
 * \return GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED,
 *         GCROOTS_ERROR_OUT_OF_MEMORY, GCROOTS_ERROR_LIMIT
 */
GCROOTS_API
gcroots_status_t gcroots_local_new(gcroots_store_t *store,
                                   gcroots_ref_t ref_or_null,
                                   gcroots_ref_t *out);

/* --- Manual roots ------------------------------------------------------------
 *
 * A manual root lives until it is unrooted, in any order, across scopes. The
 * handle owns the root: unrooting it twice, or using it afterwards, answers
 * GCROOTS_ERROR_UNROOTED, through any copy of the handle. All functions here
 * take null, and answer GCROOTS_ERROR_UNROOTED to the bits of a scoped handle.
 */

/**
 * Owns a manual root. Pass `ref`, a borrow, to whatever reads.
 */
typedef struct {
  /**
   * The handle.
   */
  gcroots_ref_t ref;
} gcroots_manually_rooted_t;

/**
 * Makes a manual root for the object of a handle of either kind; null for
 * null. Never collects.
 *
 * \param[out] out the new root (owned); release it with
 *             gcroots_manually_rooted_unroot()
 * \return GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED,
 *         GCROOTS_ERROR_OUT_OF_MEMORY, GCROOTS_ERROR_LIMIT
 */
GCROOTS_API
GCROOTS_NODISCARD
gcroots_status_t gcroots_ref_to_manually_rooted(gcroots_store_t *store,
                                                gcroots_ref_t ref,
                                                gcroots_manually_rooted_t *out);

/**
 * Roots the object of a manual root once more; null for null. Never collects.
 *
 * \param[out] out the new root (owned); release it with
 *             gcroots_manually_rooted_unroot()
 * \return GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED,
 *         GCROOTS_ERROR_OUT_OF_MEMORY, GCROOTS_ERROR_LIMIT
 */
GCROOTS_API
GCROOTS_NODISCARD
gcroots_status_t gcroots_manually_rooted_clone(gcroots_store_t *store,
                                               gcroots_manually_rooted_t handle,
                                               gcroots_manually_rooted_t *out);

/**
 * Ends a manual root and sets the handle to null; copies of it become stale.
 * Does nothing for null. Never collects.
 *
 * \param[in,out] handle (the root is taken)
 * \return GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED; the handle is
 *         unchanged then
 */
GCROOTS_API
gcroots_status_t gcroots_manually_rooted_unroot(gcroots_store_t *store,
                                                gcroots_manually_rooted_t *handle);

/**
 * Ends a manual root later, and sets the handle to null now. Any thread may call
 * this at any time, without the store, also inside callbacks, and after the
 * store was deleted, when nothing happens. The root ends when the store's owner
 * next collects or makes a root (if many wait, one of the next); until then copies
 * of the handle are good. A
 * handle that names no live manual root is ignored and counted
 * (`stale_unroots`). Needs no memory. Never collects.
 *
 * \param[in,out] handle (the root is taken); null is allowed
 */
GCROOTS_API
gcroots_status_t gcroots_manually_rooted_unroot_later(gcroots_manually_rooted_t *handle);

/**
 * Makes a scoped root for the object of a manual one; null for null. Never
 * collects.
 *
 * \param[out] out the new handle, in the current scope
 * \return GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED,
 *         GCROOTS_ERROR_OUT_OF_MEMORY, GCROOTS_ERROR_LIMIT
 */
GCROOTS_API
gcroots_status_t gcroots_manually_rooted_to_rooted(gcroots_store_t *store,
                                                   gcroots_manually_rooted_t handle,
                                                   gcroots_ref_t *out);

/**
 * Turns a manual root into a scoped one: gcroots_manually_rooted_to_rooted()
 * and gcroots_manually_rooted_unroot() in one. On a failure the manual root is
 * unchanged. Never collects.
 *
 * \param[in,out] handle (the root is taken); set to null
 * \param[out] out the new handle, in the current scope; may be `&handle->ref`,
 *             which is then the new handle
 * \return GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED,
 *         GCROOTS_ERROR_OUT_OF_MEMORY, GCROOTS_ERROR_LIMIT
 */
GCROOTS_API
gcroots_status_t gcroots_manually_rooted_into_rooted(gcroots_store_t *store,
                                                     gcroots_manually_rooted_t *handle,
                                                     gcroots_ref_t *out);

/* --- Weak handles ------------------------------------------------------------
 *
 * A weak handle names an object and does not keep it alive. Collections clear it
 * when they find the object dead, before any finalizer runs. It lives until it is
 * freed, across scopes, whether its object does or not. Under the null collector,
 * where nothing dies, it is never cleared. It has bits of its own: it is not a
 * gcroots_ref_t, and must be upgraded to reach the object.
 */

/**
 * Names an object weakly. `store_id` 0 is the null handle, whatever the rest.
 */
typedef struct {
  /**
   * The store's id.
   */
  uint64_t store_id;
  /**
   * Which of the handles that were in the slot.
   */
  uint32_t generation;
  /**
   * The slot.
   */
  uint32_t index;
} gcroots_weak_t;

/**
 * Makes a weak handle for the object of a handle of either kind; null for null.
 * That of an i31 is never cleared. Never collects.
 *
 * \param[out] out the weak handle (owned); release it with gcroots_weak_free()
 * \return GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED,
 *         GCROOTS_ERROR_OUT_OF_MEMORY, GCROOTS_ERROR_LIMIT
 */
GCROOTS_API
GCROOTS_NODISCARD
gcroots_status_t gcroots_weak_new(gcroots_store_t *store,
                                  gcroots_ref_t ref,
                                  gcroots_weak_t *out);

/**
 * Makes a scoped root for the object of a weak handle. Never collects.
 *
 * \param[out] out the new handle, in the current scope; null if the object has
 *             died, and for a null weak handle
 * \return GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED if it was freed,
 *         GCROOTS_ERROR_OUT_OF_MEMORY, GCROOTS_ERROR_LIMIT
 */
GCROOTS_API
gcroots_status_t gcroots_weak_upgrade(gcroots_store_t *store,
                                      gcroots_weak_t weak,
                                      gcroots_ref_t *out);

/**
 * Ends a weak handle and zeroes it; copies of it become stale. Does nothing for
 * null. Never collects.
 *
 * \param[in,out] weak (taken)
 * \return GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED; the handle is
 *         unchanged then
 */
GCROOTS_API
gcroots_status_t gcroots_weak_free(gcroots_store_t *store,
                                   gcroots_weak_t *weak);

/* --- Weak maps ---------------------------------------------------------------
 *
 * A weak map gives objects values, and keeps none of them alive by itself: a value is
 * alive while its map and its key are, whatever the value refers to. So a key that
 * only its own value refers to dies, with the value; and so does a chain or a cycle of
 * values and keys of which nothing else is alive (a map's entries are ephemerons).
 * Collections remove the entries of keys that they find dead, before any finalizer
 * runs. Under the null collector nothing dies, and entries go when they are deleted.
 *
 * Keys are told apart by identity, like gcroots_ref_eq() does. Any reference but null
 * may be a key; an i31 never dies. Any reference and null may be a value. An object may
 * be a key in any number of maps. A map lives until it is freed, across scopes, or
 * until its store is deleted. It has bits of its own: it is not a gcroots_ref_t.
 *
 * The functions answer GCROOTS_ERROR_NULL_REFERENCE for a zeroed map and for a null key,
 * GCROOTS_ERROR_WRONG_STORE, and GCROOTS_ERROR_UNROOTED for a map that was freed and
 * for a stale key or value: first for the map, then for the key, then for the value.
 * None of them collects.
 */

/**
 * Names a weak map. `store_id` 0 is none, whatever the rest.
 */
typedef struct {
  /**
   * The store's id.
   */
  uint64_t store_id;
  /**
   * Which of the maps that were in the slot.
   */
  uint32_t generation;
  /**
   * The slot.
   */
  uint32_t index;
} gcroots_weakmap_t;

/**
 * Makes a weak map without entries. Never collects.
 *
 * \param[out] out the map (owned); release it with gcroots_weakmap_free()
 * \return GCROOTS_ERROR_OUT_OF_MEMORY, GCROOTS_ERROR_LIMIT
 */
GCROOTS_API
GCROOTS_NODISCARD
gcroots_status_t gcroots_weakmap_new(gcroots_store_t *store,
                                     gcroots_weakmap_t *out);

/**
 * Gives a key a value in the map, in place of the one that it had there, which needs
 * no memory. The map roots neither: whether they live is as above. Never collects.
 *
 * \return as above; GCROOTS_ERROR_OUT_OF_MEMORY, GCROOTS_ERROR_LIMIT
 */
GCROOTS_API
gcroots_status_t gcroots_weakmap_set(gcroots_store_t *store,
                                     gcroots_weakmap_t map,
                                     gcroots_ref_t key,
                                     gcroots_ref_t value_or_null);

/**
 * Makes a scoped root for a key's value. Never collects.
 *
 * \param[out] out the new handle, in the current scope; null if the map does not have
 *             the key, and if the value is null
 * \return as above; GCROOTS_ERROR_OUT_OF_MEMORY, GCROOTS_ERROR_LIMIT
 */
GCROOTS_API
gcroots_status_t gcroots_weakmap_get(gcroots_store_t *store,
                                     gcroots_weakmap_t map,
                                     gcroots_ref_t key,
                                     gcroots_ref_t *out);

/**
 * Removes a key and its value from the map. Never collects.
 *
 * \param[out] out whether the map had the key, if only for null
 * \return as above
 */
GCROOTS_API
gcroots_status_t gcroots_weakmap_delete(gcroots_store_t *store,
                                        gcroots_weakmap_t map,
                                        gcroots_ref_t key,
                                        bool *out);

/**
 * How many entries the map has, those included whose keys are dead and have not been
 * found dead yet. Never collects.
 *
 * \return as above
 */
GCROOTS_API
gcroots_status_t gcroots_weakmap_size(gcroots_store_t *store,
                                      gcroots_weakmap_t map,
                                      size_t *out);

/**
 * Ends a map and zeroes its handle; copies of it become stale, and values that only
 * the map kept alive are not any more. Takes as long as the map has entries. Does
 * nothing for a zeroed one. Never collects.
 *
 * \param[in,out] map (taken)
 * \return GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED; the handle is
 *         unchanged then
 */
GCROOTS_API
gcroots_status_t gcroots_weakmap_free(gcroots_store_t *store,
                                      gcroots_weakmap_t *map);

/* --- Host objects ------------------------------------------------------------
 *
 * An externref is an object that stands for something of the host's: a
 * pointer, which the library never follows, and a finalizer, which runs once,
 * after the collection that finds the object dead or when the store is
 * deleted, on the thread that drives that. A finalizer may call the store,
 * allocate and collect; it must return.
 *
 * An externref that Rust made in the same store holds a value of Rust's: functions
 * for data answer GCROOTS_ERROR_TYPE_MISMATCH to it.
 */

/**
 * What gcroots_externref_new_with() makes an externref with. Zeros are the
 * defaults, except for `struct_size`.
 */
typedef struct {
  /**
   * sizeof(gcroots_externref_options_t).
   */
  size_t struct_size;
  /**
   * The host's pointer (taken on success, nullable).
   */
  void *data;
  /**
   * Runs with `data` after the object's death; NULL for none.
   */
  gcroots_finalizer_t finalizer;
  /**
   * Tells the host's types apart: an address, compared and never followed, such
   * as that of a `static const char`. NULL is untagged.
   */
  const void *tag;
  /**
   * Memory outside the heap that the object keeps alive: it hastens
   * collections and never refuses an allocation.
   */
  size_t external_bytes;
} gcroots_externref_options_t;

/**
 * Makes an externref, rooted in the current scope. May collect.
 *
 * \param data the host's pointer (taken on success, nullable)
 * \param finalizer_or_null runs with `data` after the object's death
 * \param[out] out the handle
 * \return GCROOTS_ERROR_NO_GC, GCROOTS_ERROR_OUT_OF_MEMORY,
 *         GCROOTS_ERROR_LIMIT; the finalizer never runs then
 */
GCROOTS_API
gcroots_status_t gcroots_externref_new(gcroots_store_t *store,
                                       void *data,
                                       gcroots_finalizer_t finalizer_or_null,
                                       gcroots_ref_t *out);

/**
 * Makes an externref and a manual root for it, as gcroots_externref_new() and
 * gcroots_ref_to_manually_rooted() do, but both or neither. May collect.
 *
 * \param data the host's pointer (taken on success, nullable)
 * \param finalizer_or_null runs with `data` after the object's death
 * \param[out] out the new root (owned); release it with
 *             gcroots_manually_rooted_unroot()
 * \return GCROOTS_ERROR_NO_GC, GCROOTS_ERROR_OUT_OF_MEMORY,
 *         GCROOTS_ERROR_LIMIT; the finalizer never runs then
 */
GCROOTS_API
GCROOTS_NODISCARD
gcroots_status_t gcroots_externref_new_manually_rooted(gcroots_store_t *store,
                                                       void *data,
                                                       gcroots_finalizer_t finalizer_or_null,
                                                       gcroots_manually_rooted_t *out);

/**
 * Makes an externref with a tag and external bytes, rooted in the current
 * scope. May collect.
 *
 * \param options (borrowed); nothing beyond its `struct_size` is read
 * \param[out] out the handle
 * \return GCROOTS_ERROR_INVALID_ARGUMENT for a `struct_size` that this library
 *         does not know, or as the tag the one address that the library keeps for
 *         the values of its Rust API;
 *         GCROOTS_ERROR_NO_GC, GCROOTS_ERROR_OUT_OF_MEMORY,
 *         GCROOTS_ERROR_LIMIT; the finalizer never runs then
 */
GCROOTS_API
gcroots_status_t gcroots_externref_new_with(gcroots_store_t *store,
                                            const gcroots_externref_options_t *options,
                                            gcroots_ref_t *out);

/**
 * The host's pointer of an externref (borrowed). Never collects.
 *
 * \return GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED,
 *         GCROOTS_ERROR_NULL_REFERENCE, GCROOTS_ERROR_TYPE_MISMATCH
 */
GCROOTS_API
gcroots_status_t gcroots_externref_data(gcroots_store_t *store,
                                        gcroots_ref_t ref,
                                        void **out);

/**
 * The host's pointer of an externref that was made with this tag (borrowed).
 * A NULL tag matches the untagged ones only. Never collects.
 *
 * \return GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED,
 *         GCROOTS_ERROR_NULL_REFERENCE, GCROOTS_ERROR_TYPE_MISMATCH
 */
GCROOTS_API
gcroots_status_t gcroots_externref_data_tagged(gcroots_store_t *store,
                                               gcroots_ref_t ref,
                                               const void *tag,
                                               void **out);

/**
 * Replaces the host's pointer. The old one is the caller's again; the
 * finalizer will get the new one. Never collects.
 *
 * \param data (taken on success, nullable)
 * \return GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED,
 *         GCROOTS_ERROR_NULL_REFERENCE, GCROOTS_ERROR_TYPE_MISMATCH
 */
GCROOTS_API
gcroots_status_t gcroots_externref_set_data(gcroots_store_t *store,
                                            gcroots_ref_t ref,
                                            void *data);

/**
 * Says how much memory outside the heap an externref keeps alive now. More
 * hastens the next collection. Never collects.
 *
 * \return GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED,
 *         GCROOTS_ERROR_NULL_REFERENCE, GCROOTS_ERROR_TYPE_MISMATCH
 */
GCROOTS_API
gcroots_status_t gcroots_externref_set_external_bytes(gcroots_store_t *store,
                                                      gcroots_ref_t ref,
                                                      size_t bytes);

/* --- No-GC spans -------------------------------------------------------------
 *
 * Inside a span nothing moves and nothing dies. The heap may grow to its
 * limit; past that allocations answer GCROOTS_ERROR_NO_GC where a collection
 * might have helped. Spans nest, and end with the scope that they were opened
 * in.
 */

/**
 * Opens a no-GC span in the current scope. Never collects.
 *
 * \return GCROOTS_ERROR_LIMIT at 2^32 nested spans
 */
GCROOTS_API gcroots_status_t gcroots_no_gc_enter(gcroots_store_t *store);

/**
 * Closes the innermost no-GC span of the current scope. Never collects.
 *
 * \return GCROOTS_ERROR_SCOPE_ORDER if none was opened in the current scope
 */
GCROOTS_API gcroots_status_t gcroots_no_gc_exit(gcroots_store_t *store);

/* --- Types -------------------------------------------------------------------
 *
 * Types of structs, arrays and functions, as WebAssembly GC has them. They are
 * declared in rec groups (below) and registered with an engine, where equal groups
 * are one: two registrations of the same group give the same types. A
 * gcroots_type_t is a counted reference to a registered type, which never changes.
 * Any thread may use one; it keeps alive what the type refers to, also after its
 * engine was released.
 */

/**
 * A registered type. Equal types of an engine are at the same address.
 */
typedef struct gcroots_type_t gcroots_type_t;

/**
 * What a type is.
 */
typedef uint32_t gcroots_type_kind_t;

/**
 * What a field stores.
 */
typedef uint32_t gcroots_storage_t;

/**
 * What a reference may refer to.
 */
typedef uint32_t gcroots_heap_type_t;

/**
 * The type of a field, element, parameter or result. Zeros but for what is needed
 * are fine.
 */
typedef struct {
  /**
   * What is stored.
   */
  gcroots_storage_t storage;
  /**
   * Of a reference: what it may refer to.
   */
  gcroots_heap_type_t heap;
  /**
   * With GCROOTS_HEAP_LOCAL: the index in the collection.
   */
  uint32_t local;
  /**
   * Whether the field may be set: 0 or not. Of parameters and results ignored.
   */
  uint8_t is_mutable;
  /**
   * Of a reference: whether null is one: 0 or not.
   */
  uint8_t is_nullable;
  /**
   * With GCROOTS_HEAP_TYPE: the type; else not looked at.
   */
  const gcroots_type_t *type;
} gcroots_field_type_t;

/**
 * Where an object has what. Offsets count bytes from the object's start, where its
 * header of 8 bytes is.
 */
typedef struct {
  /**
   * A struct's size; where an array's elements begin (its length, a uint32_t, is at
   * 8); of a function that of an exception whose tag has it.
   */
  uint32_t bytes;
  /**
   * The size of an array's element; 0 of others.
   */
  uint32_t element_bytes;
  /**
   * How many offsets there are: a struct's fields, a function's parameters;
   * 0 of an array.
   */
  size_t offset_count;
  /**
   * The offsets of the fields, or of an exception's (borrowed, as long as the type).
   */
  const uint32_t *offsets;
} gcroots_layout_t;

/**
 * A struct.
 */
#define GCROOTS_TYPE_STRUCT 0

/**
 * An array.
 */
#define GCROOTS_TYPE_ARRAY 1

/**
 * A function.
 */
#define GCROOTS_TYPE_FUNC 2

/**
 * 8 bits, in fields and elements only.
 */
#define GCROOTS_STORAGE_I8 0

/**
 * 16 bits, in fields and elements only.
 */
#define GCROOTS_STORAGE_I16 1

/**
 * 32 bits.
 */
#define GCROOTS_STORAGE_I32 2

/**
 * 64 bits.
 */
#define GCROOTS_STORAGE_I64 3

/**
 * A 32-bit float.
 */
#define GCROOTS_STORAGE_F32 4

/**
 * A 64-bit float.
 */
#define GCROOTS_STORAGE_F64 5

/**
 * 128 bits.
 */
#define GCROOTS_STORAGE_V128 6

/**
 * A reference.
 */
#define GCROOTS_STORAGE_REF 7

/**
 * All internal references.
 */
#define GCROOTS_HEAP_ANY 0

/**
 * Internal references that can be compared.
 */
#define GCROOTS_HEAP_EQ 1

/**
 * 31-bit integers.
 */
#define GCROOTS_HEAP_I31 2

/**
 * All structs.
 */
#define GCROOTS_HEAP_STRUCT 3

/**
 * All arrays.
 */
#define GCROOTS_HEAP_ARRAY 4

/**
 * No internal reference but null.
 */
#define GCROOTS_HEAP_NONE 5

/**
 * All functions.
 */
#define GCROOTS_HEAP_FUNC 6

/**
 * No function but null.
 */
#define GCROOTS_HEAP_NOFUNC 7

/**
 * All external references.
 */
#define GCROOTS_HEAP_EXTERN 8

/**
 * No external reference but null.
 */
#define GCROOTS_HEAP_NOEXTERN 9

/**
 * All exceptions.
 */
#define GCROOTS_HEAP_EXN 10

/**
 * No exception but null.
 */
#define GCROOTS_HEAP_NOEXN 11

/**
 * A registered type: `type`.
 */
#define GCROOTS_HEAP_TYPE 12

/**
 * A type of the collection that is registered together, by its index there: `local`.
 * In declarations only.
 */
#define GCROOTS_HEAP_LOCAL 13

/**
 * One more reference to a type (borrowed, nullable). Never collects.
 *
 * \return the same type (owned); release it with gcroots_type_free(). NULL for NULL.
 */
GCROOTS_API
GCROOTS_NODISCARD
gcroots_type_t *gcroots_type_clone(const gcroots_type_t *type);

/**
 * Gives up a reference to a type (taken, nullable). Any thread may call this at any
 * time. Never collects.
 */
GCROOTS_API void gcroots_type_free(gcroots_type_t *type);

/**
 * Whether a type is a struct, an array or a function. Never collects.
 */
GCROOTS_API
gcroots_status_t gcroots_type_kind(const gcroots_type_t *type,
                                   gcroots_type_kind_t *out);

/**
 * A type's index, which no other type of the engine has while this one is referred
 * to. Equal types have equal indices. Never collects.
 */
GCROOTS_API
gcroots_status_t gcroots_type_index(const gcroots_type_t *type,
                                    uint32_t *out);

/**
 * How many fields a struct has; 1 for an array, its element; for a function its
 * parameters and results together. Never collects.
 */
GCROOTS_API
gcroots_status_t gcroots_type_field_count(const gcroots_type_t *type,
                                          size_t *out);

/**
 * How many of a function's fields are parameters: the first ones. 0 for other types.
 * Never collects.
 */
GCROOTS_API
gcroots_status_t gcroots_type_param_count(const gcroots_type_t *type,
                                          size_t *out);

/**
 * A field, element, parameter or result of a type. Never collects.
 *
 * \param[out] out its `type`, if that is not NULL, is a new reference (owned); release
 *             it with gcroots_type_free()
 * \return GCROOTS_ERROR_OUT_OF_BOUNDS; GCROOTS_ERROR_LIMIT
 */
GCROOTS_API
gcroots_status_t gcroots_type_field(const gcroots_type_t *type,
                                    size_t index,
                                    gcroots_field_type_t *out);

/**
 * The supertype that a type was declared with. Never collects.
 *
 * \param[out] out the supertype (owned); release it with gcroots_type_free(). NULL if
 *             there is none.
 * \return GCROOTS_ERROR_LIMIT
 */
GCROOTS_API
GCROOTS_NODISCARD
gcroots_status_t gcroots_type_supertype(const gcroots_type_t *type,
                                        gcroots_type_t **out);

/**
 * A function's trampoline type, in which each reference is a nullable one to the top
 * of its hierarchy, so that one trampoline serves many types. Of another type itself.
 * Never collects.
 *
 * \param[out] out the type (owned); release it with gcroots_type_free()
 * \return GCROOTS_ERROR_LIMIT
 */
GCROOTS_API
GCROOTS_NODISCARD
gcroots_status_t gcroots_type_trampoline(const gcroots_type_t *type,
                                         gcroots_type_t **out);

/**
 * Whether each object of a type is one of another: the same, or declared below it. In
 * constant time, without a lock. Never collects.
 *
 * \return GCROOTS_ERROR_WRONG_ENGINE if they are of two engines
 */
GCROOTS_API
gcroots_status_t gcroots_type_is_subtype(const gcroots_type_t *type,
                                         const gcroots_type_t *supertype,
                                         bool *out);

/**
 * Where a type's objects have what, for engines that read them directly. Never
 * collects.
 */
GCROOTS_API
gcroots_status_t gcroots_type_layout(const gcroots_type_t *type,
                                     gcroots_layout_t *out);

/* --- Rec groups --------------------------------------------------------------
 *
 * A rec group declares types that may refer to each other. A collection of groups, a
 * whole module's say, is registered at once: members refer to each other, and to
 * those of groups before theirs, by their index in the collection. Types are equal
 * if their whole groups are and they stand at the same place.
 */

/**
 * A declaration. Use it from one thread at a time.
 */
typedef struct gcroots_rec_group_t gcroots_rec_group_t;

/**
 * A type's place in the order of types. Zeros: open, without a supertype.
 */
typedef struct {
  /**
   * Whether no type may name this one as its supertype: 0 or not.
   */
  uint8_t is_final;
  /**
   * Whether there is a supertype: 0 or not. With 0, `supertype` must be NULL.
   */
  uint8_t has_supertype;
  /**
   * The supertype's index in the collection, if `supertype` is NULL: that of a
   * member before this one, or of a group before.
   */
  uint32_t local;
  /**
   * The supertype if it is registered already (borrowed, nullable).
   */
  const gcroots_type_t *supertype;
} gcroots_sub_type_t;

/**
 * Makes an empty rec group. Never collects.
 *
 * \return the group (owned); release it with gcroots_rec_group_free(). NULL if memory
 *         is out.
 */
GCROOTS_API GCROOTS_NODISCARD gcroots_rec_group_t *gcroots_rec_group_new(void);

/**
 * Deletes a rec group (taken, nullable). Registered types stay. Never collects.
 */
GCROOTS_API void gcroots_rec_group_free(gcroots_rec_group_t *group);

/**
 * Adds a struct to a rec group. Never collects.
 *
 * \param sub_or_null its place in the order of types (borrowed); NULL: final, without
 *                    a supertype
 * \param fields (borrowed), nullable if there is none
 * \param[out] out its position in the group
 * \return GCROOTS_ERROR_INVALID_ARGUMENT for a storage or heap type that does not
 *         exist; GCROOTS_ERROR_LIMIT for more than 10,000 fields;
 *         GCROOTS_ERROR_OUT_OF_MEMORY
 */
GCROOTS_API
gcroots_status_t gcroots_rec_group_add_struct(gcroots_rec_group_t *group,
                                              const gcroots_sub_type_t *sub_or_null,
                                              const gcroots_field_type_t *fields,
                                              size_t count,
                                              uint32_t *out);

/**
 * Adds an array to a rec group. Never collects.
 *
 * \param sub_or_null as in gcroots_rec_group_add_struct()
 * \param element (borrowed)
 * \param[out] out its position in the group
 * \return as gcroots_rec_group_add_struct()
 */
GCROOTS_API
gcroots_status_t gcroots_rec_group_add_array(gcroots_rec_group_t *group,
                                             const gcroots_sub_type_t *sub_or_null,
                                             const gcroots_field_type_t *element,
                                             uint32_t *out);

/**
 * Adds a function to a rec group. Never collects.
 *
 * \param sub_or_null as in gcroots_rec_group_add_struct()
 * \param params (borrowed), nullable if there is none
 * \param results (borrowed), nullable if there is none
 * \param[out] out its position in the group
 * \return GCROOTS_ERROR_INVALID_ARGUMENT for a storage or heap type that does not
 *         exist, or a packed one; GCROOTS_ERROR_LIMIT for more than 1,000 parameters
 *         or results; GCROOTS_ERROR_OUT_OF_MEMORY
 */
GCROOTS_API
gcroots_status_t gcroots_rec_group_add_func(gcroots_rec_group_t *group,
                                            const gcroots_sub_type_t *sub_or_null,
                                            const gcroots_field_type_t *params,
                                            size_t param_count,
                                            const gcroots_field_type_t *results,
                                            size_t result_count,
                                            uint32_t *out);

/**
 * Registers a collection of rec groups (borrowed) with an engine, all or none. Groups
 * that are registered already, here or on another thread, give the same types. Never
 * collects.
 *
 * \param groups (borrowed), nullable if there is none
 * \param[out] out the types of all members of all groups, in order (each owned):
 *             `type_count` of them, which must be so many; release each with
 *             gcroots_type_free(). Nullable if there is none.
 * \return GCROOTS_ERROR_NULL_ARGUMENT also for a NULL among the groups;
 *         GCROOTS_ERROR_INVALID_ARGUMENT for another `type_count`, a reference out of
 *         range, and a supertype that is final, of another kind, not declared before,
 *         or that the type does not match; GCROOTS_ERROR_WRONG_ENGINE for a reference
 *         to a type of another engine; GCROOTS_ERROR_LIMIT for more than 63
 *         supertypes above a type, more than 1,000,000 types of the collection, or too
 *         many types; GCROOTS_ERROR_OUT_OF_MEMORY
 */
GCROOTS_API
GCROOTS_NODISCARD
gcroots_status_t gcroots_rec_group_register(gcroots_engine_t *engine,
                                            const gcroots_rec_group_t *const *groups,
                                            size_t group_count,
                                            gcroots_type_t **out,
                                            size_t type_count);

/* --- Values ------------------------------------------------------------------
 *
 * What fields and elements are set to and read as, where the type is known only at
 * run time. Functions for one type, like gcroots_struct_get_i32(), are faster.
 */

/**
 * 128 bits.
 */
typedef struct {
  /**
   * In the order in which memory has them.
   */
  uint8_t bytes[16];
} gcroots_v128_t;

/**
 * What a gcroots_val_t holds.
 */
typedef union {
  /**
   * GCROOTS_STORAGE_I32.
   */
  int32_t i32;
  /**
   * GCROOTS_STORAGE_I64.
   */
  int64_t i64;
  /**
   * GCROOTS_STORAGE_F32.
   */
  float f32;
  /**
   * GCROOTS_STORAGE_F64.
   */
  double f64;
  /**
   * GCROOTS_STORAGE_V128.
   */
  gcroots_v128_t v128;
  /**
   * GCROOTS_STORAGE_REF. Going in a handle of either kind (borrowed) or null; coming
   * out a new handle of the current scope, or null.
   */
  gcroots_ref_t ref;
} gcroots_val_of_t;

/**
 * A value. A packed field or element takes the lower bits of an I32, and is read as
 * one with zeros before it.
 */
typedef struct {
  /**
   * Which member of `of` is meant: GCROOTS_STORAGE_I32 to GCROOTS_STORAGE_REF.
   */
  gcroots_storage_t kind;
  /**
   * The value.
   */
  gcroots_val_of_t of;
} gcroots_val_t;

/* --- Structs -----------------------------------------------------------------
 *
 * A struct has the fields of its type, at indices from 0 on. The store keeps each type
 * that it has made an object of; the caller's reference may go. References inside a
 * gcroots_val_t are borrowed going in and new handles of the current scope coming out.
 *
 * Functions that take a struct answer GCROOTS_ERROR_WRONG_STORE,
 * GCROOTS_ERROR_UNROOTED, GCROOTS_ERROR_NULL_REFERENCE, and
 * GCROOTS_ERROR_TYPE_MISMATCH if it is another object or null; then, for a value that
 * is a reference, GCROOTS_ERROR_WRONG_STORE and GCROOTS_ERROR_UNROOTED; then
 * GCROOTS_ERROR_OUT_OF_BOUNDS for a field that is not there. Functions that set answer
 * GCROOTS_ERROR_IMMUTABLE next, and last GCROOTS_ERROR_NULL_REFERENCE for null in a
 * field that is never null, and GCROOTS_ERROR_TYPE_MISMATCH for a value that the field
 * does not take.
 */

/**
 * Makes a struct of these values, one for each field, rooted in the current scope. May
 * collect.
 *
 * \param type (borrowed)
 * \param fields the values (borrowed), nullable if there is none; read if `count` is
 *               the number of the type's fields
 * \param[out] out the handle
 * \return GCROOTS_ERROR_INVALID_ARGUMENT for a value whose kind is none, if the count is
 *         the type's; GCROOTS_ERROR_WRONG_ENGINE and GCROOTS_ERROR_TYPE_MISMATCH for a
 *         type of another engine, or of no structs; GCROOTS_ERROR_INVALID_ARGUMENT for
 *         a `count` that is not the type's; for a value as functions that set;
 *         GCROOTS_ERROR_NO_GC, GCROOTS_ERROR_OUT_OF_MEMORY, GCROOTS_ERROR_LIMIT
 */
GCROOTS_API
gcroots_status_t gcroots_struct_new(gcroots_store_t *store,
                                    const gcroots_type_t *type,
                                    const gcroots_val_t *fields,
                                    size_t count,
                                    gcroots_ref_t *out);

/**
 * Makes a struct whose fields are zeros and nulls, rooted in the current scope. May
 * collect.
 *
 * \param type (borrowed)
 * \param[out] out the handle
 * \return GCROOTS_ERROR_WRONG_ENGINE; GCROOTS_ERROR_TYPE_MISMATCH for a type of no
 *         structs, or with a reference that is never null; GCROOTS_ERROR_NO_GC,
 *         GCROOTS_ERROR_OUT_OF_MEMORY, GCROOTS_ERROR_LIMIT
 */
GCROOTS_API
gcroots_status_t gcroots_struct_new_default(gcroots_store_t *store,
                                            const gcroots_type_t *type,
                                            gcroots_ref_t *out);

/**
 * A field's value. Never collects.
 *
 * \param[out] out its `of.ref`, if it is a reference, is a new handle or null
 * \return for the struct and the index as above; GCROOTS_ERROR_OUT_OF_MEMORY and
 *         GCROOTS_ERROR_LIMIT if a handle is needed
 */
GCROOTS_API
gcroots_status_t gcroots_struct_get(gcroots_store_t *store,
                                    gcroots_ref_t ref,
                                    size_t index,
                                    gcroots_val_t *out);

/**
 * Sets a field. Never collects.
 *
 * \param value (borrowed)
 * \return GCROOTS_ERROR_INVALID_ARGUMENT for a value whose kind is none; for the
 *         struct, the index and the value as above
 */
GCROOTS_API
gcroots_status_t gcroots_struct_set(gcroots_store_t *store,
                                    gcroots_ref_t ref,
                                    size_t index,
                                    const gcroots_val_t *value);

/**
 * A field that stores an i32. Never collects.
 *
 * \return for the struct and the index as above; GCROOTS_ERROR_TYPE_MISMATCH for
 *         another field
 */
GCROOTS_API
gcroots_status_t gcroots_struct_get_i32(gcroots_store_t *store,
                                        gcroots_ref_t ref,
                                        size_t index,
                                        int32_t *out);

/**
 * A field that stores an i64. Never collects.
 *
 * \return for the struct and the index as above; GCROOTS_ERROR_TYPE_MISMATCH for
 *         another field
 */
GCROOTS_API
gcroots_status_t gcroots_struct_get_i64(gcroots_store_t *store,
                                        gcroots_ref_t ref,
                                        size_t index,
                                        int64_t *out);

/**
 * A field that stores an f32. Never collects.
 *
 * \return for the struct and the index as above; GCROOTS_ERROR_TYPE_MISMATCH for
 *         another field
 */
GCROOTS_API
gcroots_status_t gcroots_struct_get_f32(gcroots_store_t *store,
                                        gcroots_ref_t ref,
                                        size_t index,
                                        float *out);

/**
 * A field that stores an f64. Never collects.
 *
 * \return for the struct and the index as above; GCROOTS_ERROR_TYPE_MISMATCH for
 *         another field
 */
GCROOTS_API
gcroots_status_t gcroots_struct_get_f64(gcroots_store_t *store,
                                        gcroots_ref_t ref,
                                        size_t index,
                                        double *out);

/**
 * A field that stores a v128. Never collects.
 *
 * \return for the struct and the index as above; GCROOTS_ERROR_TYPE_MISMATCH for
 *         another field
 */
GCROOTS_API
gcroots_status_t gcroots_struct_get_v128(gcroots_store_t *store,
                                         gcroots_ref_t ref,
                                         size_t index,
                                         gcroots_v128_t *out);

/**
 * Sets a field that stores an i32. A packed one takes the lower bits. Never collects.
 *
 * \return for the struct, the index and the value as above
 */
GCROOTS_API
gcroots_status_t gcroots_struct_set_i32(gcroots_store_t *store,
                                        gcroots_ref_t ref,
                                        size_t index,
                                        int32_t value);

/**
 * Sets a field that stores an i64. Never collects.
 *
 * \return for the struct, the index and the value as above
 */
GCROOTS_API
gcroots_status_t gcroots_struct_set_i64(gcroots_store_t *store,
                                        gcroots_ref_t ref,
                                        size_t index,
                                        int64_t value);

/**
 * Sets a field that stores an f32. Never collects.
 *
 * \return for the struct, the index and the value as above
 */
GCROOTS_API
gcroots_status_t gcroots_struct_set_f32(gcroots_store_t *store,
                                        gcroots_ref_t ref,
                                        size_t index,
                                        float value);

/**
 * Sets a field that stores an f64. Never collects.
 *
 * \return for the struct, the index and the value as above
 */
GCROOTS_API
gcroots_status_t gcroots_struct_set_f64(gcroots_store_t *store,
                                        gcroots_ref_t ref,
                                        size_t index,
                                        double value);

/**
 * Sets a field that stores a v128. Never collects.
 *
 * \return for the struct, the index and the value as above
 */
GCROOTS_API
gcroots_status_t gcroots_struct_set_v128(gcroots_store_t *store,
                                         gcroots_ref_t ref,
                                         size_t index,
                                         gcroots_v128_t value);

/**
 * A field that is packed, an i8 or i16, with its sign extended. Never collects.
 *
 * \return for the struct and the index as above; GCROOTS_ERROR_TYPE_MISMATCH for
 *         another field
 */
GCROOTS_API
gcroots_status_t gcroots_struct_get_s(gcroots_store_t *store,
                                      gcroots_ref_t ref,
                                      size_t index,
                                      int32_t *out);

/**
 * A field that is packed, an i8 or i16, with zeros before it. Never collects.
 *
 * \return for the struct and the index as above; GCROOTS_ERROR_TYPE_MISMATCH for
 *         another field
 */
GCROOTS_API
gcroots_status_t gcroots_struct_get_u(gcroots_store_t *store,
                                      gcroots_ref_t ref,
                                      size_t index,
                                      uint32_t *out);

/**
 * A field that stores a reference. Never collects.
 *
 * \param[out] out a new handle of the current scope, or null
 * \return for the struct and the index as above; GCROOTS_ERROR_TYPE_MISMATCH for
 *         another field; GCROOTS_ERROR_OUT_OF_MEMORY, GCROOTS_ERROR_LIMIT
 */
GCROOTS_API
gcroots_status_t gcroots_struct_get_ref(gcroots_store_t *store,
                                        gcroots_ref_t ref,
                                        size_t index,
                                        gcroots_ref_t *out);

/**
 * Sets a field that stores a reference. Never collects.
 *
 * \param value_or_null (borrowed)
 * \return for the struct, the index and the value as above
 */
GCROOTS_API
gcroots_status_t gcroots_struct_set_ref(gcroots_store_t *store,
                                        gcroots_ref_t ref,
                                        size_t index,
                                        gcroots_ref_t value_or_null);

/* --- Arrays ------------------------------------------------------------------
 *
 * An array has a length, which never changes, and elements of one type, at indices
 * from 0 on. The store keeps each type that it has made an object of. References
 * inside a gcroots_val_t are borrowed going in and new handles of the current scope
 * coming out.
 *
 * Functions that take an array answer GCROOTS_ERROR_WRONG_STORE,
 * GCROOTS_ERROR_UNROOTED, GCROOTS_ERROR_NULL_REFERENCE, and
 * GCROOTS_ERROR_TYPE_MISMATCH if it is another object or null; then, for a value that
 * is a reference, GCROOTS_ERROR_WRONG_STORE and GCROOTS_ERROR_UNROOTED. Functions that
 * set answer GCROOTS_ERROR_IMMUTABLE next, then GCROOTS_ERROR_NULL_REFERENCE for null
 * where elements are never null, and GCROOTS_ERROR_TYPE_MISMATCH for a value that
 * elements do not take. Last comes GCROOTS_ERROR_OUT_OF_BOUNDS for elements that are
 * not there. A range of no elements may begin at the length, not beyond.
 */

/**
 * Makes an array of `length` times a value, rooted in the current scope. May collect.
 *
 * \param type (borrowed)
 * \param value (borrowed)
 * \param[out] out the handle
 * \return GCROOTS_ERROR_INVALID_ARGUMENT for a value whose kind is none;
 *         GCROOTS_ERROR_WRONG_ENGINE and GCROOTS_ERROR_TYPE_MISMATCH for a type of
 *         another engine, or of no arrays; for the value as functions that set;
 *         GCROOTS_ERROR_LIMIT for more than 2^32 - 1 elements; GCROOTS_ERROR_NO_GC,
 *         GCROOTS_ERROR_OUT_OF_MEMORY, GCROOTS_ERROR_LIMIT
 */
GCROOTS_API
gcroots_status_t gcroots_array_new(gcroots_store_t *store,
                                   const gcroots_type_t *type,
                                   const gcroots_val_t *value,
                                   size_t length,
                                   gcroots_ref_t *out);

/**
 * Makes an array of zeros or nulls, rooted in the current scope. May collect.
 *
 * \param type (borrowed)
 * \param[out] out the handle
 * \return GCROOTS_ERROR_WRONG_ENGINE; GCROOTS_ERROR_TYPE_MISMATCH for a type of no
 *         arrays, or of references that are never null; GCROOTS_ERROR_LIMIT for more
 *         than 2^32 - 1 elements; GCROOTS_ERROR_NO_GC, GCROOTS_ERROR_OUT_OF_MEMORY,
 *         GCROOTS_ERROR_LIMIT
 */
GCROOTS_API
gcroots_status_t gcroots_array_new_default(gcroots_store_t *store,
                                           const gcroots_type_t *type,
                                           size_t length,
                                           gcroots_ref_t *out);

/**
 * Makes an array of these values, rooted in the current scope. May collect.
 *
 * \param type (borrowed)
 * \param elements the values (borrowed), nullable if there is none
 * \param[out] out the handle
 * \return as gcroots_array_new(); GCROOTS_ERROR_LIMIT for the count comes before what
 *         is wrong with values
 */
GCROOTS_API
gcroots_status_t gcroots_array_new_fixed(gcroots_store_t *store,
                                         const gcroots_type_t *type,
                                         const gcroots_val_t *elements,
                                         size_t count,
                                         gcroots_ref_t *out);

/**
 * An array's length. Never collects.
 *
 * \return for the array as above
 */
GCROOTS_API
gcroots_status_t gcroots_array_len(gcroots_store_t *store,
                                   gcroots_ref_t ref,
                                   size_t *out);

/**
 * An element's value. Never collects.
 *
 * \param[out] out its `of.ref`, if it is a reference, is a new handle or null
 * \return for the array and the index as above; GCROOTS_ERROR_OUT_OF_MEMORY and
 *         GCROOTS_ERROR_LIMIT if a handle is needed
 */
GCROOTS_API
gcroots_status_t gcroots_array_get(gcroots_store_t *store,
                                   gcroots_ref_t ref,
                                   size_t index,
                                   gcroots_val_t *out);

/**
 * Sets an element. Never collects.
 *
 * \param value (borrowed)
 * \return GCROOTS_ERROR_INVALID_ARGUMENT for a value whose kind is none; for the
 *         array, the index and the value as above
 */
GCROOTS_API
gcroots_status_t gcroots_array_set(gcroots_store_t *store,
                                   gcroots_ref_t ref,
                                   size_t index,
                                   const gcroots_val_t *value);

/**
 * An element that stores an i32. Never collects.
 *
 * \return for the array and the index as above; GCROOTS_ERROR_TYPE_MISMATCH for
 *         another element
 */
GCROOTS_API
gcroots_status_t gcroots_array_get_i32(gcroots_store_t *store,
                                       gcroots_ref_t ref,
                                       size_t index,
                                       int32_t *out);

/**
 * An element that stores an i64. Never collects.
 *
 * \return for the array and the index as above; GCROOTS_ERROR_TYPE_MISMATCH for
 *         another element
 */
GCROOTS_API
gcroots_status_t gcroots_array_get_i64(gcroots_store_t *store,
                                       gcroots_ref_t ref,
                                       size_t index,
                                       int64_t *out);

/**
 * An element that stores an f32. Never collects.
 *
 * \return for the array and the index as above; GCROOTS_ERROR_TYPE_MISMATCH for
 *         another element
 */
GCROOTS_API
gcroots_status_t gcroots_array_get_f32(gcroots_store_t *store,
                                       gcroots_ref_t ref,
                                       size_t index,
                                       float *out);

/**
 * An element that stores an f64. Never collects.
 *
 * \return for the array and the index as above; GCROOTS_ERROR_TYPE_MISMATCH for
 *         another element
 */
GCROOTS_API
gcroots_status_t gcroots_array_get_f64(gcroots_store_t *store,
                                       gcroots_ref_t ref,
                                       size_t index,
                                       double *out);

/**
 * An element that stores a v128. Never collects.
 *
 * \return for the array and the index as above; GCROOTS_ERROR_TYPE_MISMATCH for
 *         another element
 */
GCROOTS_API
gcroots_status_t gcroots_array_get_v128(gcroots_store_t *store,
                                        gcroots_ref_t ref,
                                        size_t index,
                                        gcroots_v128_t *out);

/**
 * Sets an element that stores an i32. A packed one takes the lower bits. Never collects.
 *
 * \return for the array, the index and the value as above
 */
GCROOTS_API
gcroots_status_t gcroots_array_set_i32(gcroots_store_t *store,
                                       gcroots_ref_t ref,
                                       size_t index,
                                       int32_t value);

/**
 * Sets an element that stores an i64. Never collects.
 *
 * \return for the array, the index and the value as above
 */
GCROOTS_API
gcroots_status_t gcroots_array_set_i64(gcroots_store_t *store,
                                       gcroots_ref_t ref,
                                       size_t index,
                                       int64_t value);

/**
 * Sets an element that stores an f32. Never collects.
 *
 * \return for the array, the index and the value as above
 */
GCROOTS_API
gcroots_status_t gcroots_array_set_f32(gcroots_store_t *store,
                                       gcroots_ref_t ref,
                                       size_t index,
                                       float value);

/**
 * Sets an element that stores an f64. Never collects.
 *
 * \return for the array, the index and the value as above
 */
GCROOTS_API
gcroots_status_t gcroots_array_set_f64(gcroots_store_t *store,
                                       gcroots_ref_t ref,
                                       size_t index,
                                       double value);

/**
 * Sets an element that stores a v128. Never collects.
 *
 * \return for the array, the index and the value as above
 */
GCROOTS_API
gcroots_status_t gcroots_array_set_v128(gcroots_store_t *store,
                                        gcroots_ref_t ref,
                                        size_t index,
                                        gcroots_v128_t value);

/**
 * An element that is packed, an i8 or i16, with its sign extended. Never collects.
 *
 * \return for the array and the index as above; GCROOTS_ERROR_TYPE_MISMATCH for
 *         another element
 */
GCROOTS_API
gcroots_status_t gcroots_array_get_s(gcroots_store_t *store,
                                     gcroots_ref_t ref,
                                     size_t index,
                                     int32_t *out);

/**
 * An element that is packed, an i8 or i16, with zeros before it. Never collects.
 *
 * \return for the array and the index as above; GCROOTS_ERROR_TYPE_MISMATCH for
 *         another element
 */
GCROOTS_API
gcroots_status_t gcroots_array_get_u(gcroots_store_t *store,
                                     gcroots_ref_t ref,
                                     size_t index,
                                     uint32_t *out);

/**
 * An element that stores a reference. Never collects.
 *
 * \param[out] out a new handle of the current scope, or null
 * \return for the array and the index as above; GCROOTS_ERROR_TYPE_MISMATCH for
 *         another element; GCROOTS_ERROR_OUT_OF_MEMORY, GCROOTS_ERROR_LIMIT
 */
GCROOTS_API
gcroots_status_t gcroots_array_get_ref(gcroots_store_t *store,
                                       gcroots_ref_t ref,
                                       size_t index,
                                       gcroots_ref_t *out);

/**
 * Sets an element that stores a reference. Never collects.
 *
 * \param value_or_null (borrowed)
 * \return for the array, the index and the value as above
 */
GCROOTS_API
gcroots_status_t gcroots_array_set_ref(gcroots_store_t *store,
                                       gcroots_ref_t ref,
                                       size_t index,
                                       gcroots_ref_t value_or_null);

/**
 * Sets `count` elements from `index` on to a value. Never collects.
 *
 * \param value (borrowed)
 * \return GCROOTS_ERROR_INVALID_ARGUMENT for a value whose kind is none; for the
 *         array, the value and the elements as above
 */
GCROOTS_API
gcroots_status_t gcroots_array_fill(gcroots_store_t *store,
                                    gcroots_ref_t ref,
                                    size_t index,
                                    const gcroots_val_t *value,
                                    size_t count);

/**
 * Copies `count` elements from one array to another or to the same, where the two
 * ranges may overlap. Never collects.
 *
 * \param dst the array that is written to
 * \param src the array that is read
 * \return for `dst`, then for `src`, as above; GCROOTS_ERROR_IMMUTABLE for `dst`;
 *         GCROOTS_ERROR_TYPE_MISMATCH unless the elements' type in `src` is the one in
 *         `dst`, or references below it; GCROOTS_ERROR_OUT_OF_BOUNDS for `dst`, then
 *         `src`
 */
GCROOTS_API
gcroots_status_t gcroots_array_copy(gcroots_store_t *store,
                                    gcroots_ref_t dst,
                                    size_t dst_index,
                                    gcroots_ref_t src,
                                    size_t src_index,
                                    size_t count);

/**
 * Copies `count` elements from `index` on, which are no references, as memory has
 * them: each takes the size of its storage. Never collects.
 *
 * \param[out] out room for the elements, nullable if `count` is 0
 * \return for the array as above; GCROOTS_ERROR_TYPE_MISMATCH for elements that are
 *         references; for the elements as above
 */
GCROOTS_API
gcroots_status_t gcroots_array_read(gcroots_store_t *store,
                                    gcroots_ref_t ref,
                                    size_t index,
                                    void *out,
                                    size_t count);

/**
 * Sets `count` elements from `index` on, which are no references, to what memory has:
 * the opposite of gcroots_array_read(). Never collects.
 *
 * \param data the elements (borrowed), nullable if `count` is 0
 * \return for the array as above; GCROOTS_ERROR_IMMUTABLE; GCROOTS_ERROR_TYPE_MISMATCH
 *         for elements that are references; for the elements as above
 */
GCROOTS_API
gcroots_status_t gcroots_array_write(gcroots_store_t *store,
                                     gcroots_ref_t ref,
                                     size_t index,
                                     const void *data,
                                     size_t count);

/* --- 31-bit integers ---------------------------------------------------------
 *
 * An i31 is a reference without an object: making one never collects, and two of the
 * same integer are equal.
 */

/**
 * A reference that is the lower 31 bits of an integer, rooted in the current scope.
 * Never collects.
 *
 * \param value the highest bit is dropped
 * \param[out] out the handle
 * \return GCROOTS_ERROR_OUT_OF_MEMORY, GCROOTS_ERROR_LIMIT
 */
GCROOTS_API
gcroots_status_t gcroots_i31_new(gcroots_store_t *store,
                                 int32_t value,
                                 gcroots_ref_t *out);

/**
 * The integer of an i31, its sign extended: -2^30 to 2^30 - 1. Never collects.
 *
 * \return GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED,
 *         GCROOTS_ERROR_NULL_REFERENCE, GCROOTS_ERROR_TYPE_MISMATCH
 */
GCROOTS_API
gcroots_status_t gcroots_i31_get_s(gcroots_store_t *store,
                                   gcroots_ref_t ref,
                                   int32_t *out);

/**
 * The integer of an i31, a 0 before it: 0 to 2^31 - 1. Never collects.
 *
 * \return as gcroots_i31_get_s()
 */
GCROOTS_API
gcroots_status_t gcroots_i31_get_u(gcroots_store_t *store,
                                   gcroots_ref_t ref,
                                   uint32_t *out);

/* --- Kinds, casts and conversions --------------------------------------------
 *
 * What a reference refers to, and whether it is of a type. Whether a reference is
 * external belongs to the slot that holds it: slots of GCROOTS_HEAP_ANY and
 * GCROOTS_HEAP_EXTERN take the same objects, and conversions between the two change
 * none.
 */

/**
 * What a reference refers to.
 */
typedef uint32_t gcroots_ref_kind_t;

/**
 * The type of a reference.
 */
typedef struct {
  /**
   * With GCROOTS_HEAP_TYPE: the type (borrowed); else not looked at.
   */
  const gcroots_type_t *type;
  /**
   * What it may refer to; not GCROOTS_HEAP_LOCAL.
   */
  gcroots_heap_type_t heap;
  /**
   * Whether null is one: 0 or not.
   */
  uint8_t is_nullable;
} gcroots_ref_type_t;

/**
 * Nothing.
 */
#define GCROOTS_REF_NULL 0

/**
 * Host data.
 */
#define GCROOTS_REF_EXTERN 1

/**
 * A struct.
 */
#define GCROOTS_REF_STRUCT 2

/**
 * An array.
 */
#define GCROOTS_REF_ARRAY 3

/**
 * A 31-bit integer.
 */
#define GCROOTS_REF_I31 4

/**
 * An exception.
 */
#define GCROOTS_REF_EXN 5

/**
 * A function.
 */
#define GCROOTS_REF_FUNC 6

/**
 * What a reference refers to: one of GCROOTS_REF_NULL to GCROOTS_REF_FUNC. Never
 * collects.
 *
 * \return GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED
 */
GCROOTS_API
gcroots_status_t gcroots_ref_kind(gcroots_store_t *store,
                                  gcroots_ref_t ref,
                                  gcroots_ref_kind_t *out);

/**
 * The type that a struct, an array or a function was made of. Never collects.
 *
 * \param[out] out the type (owned); release it with gcroots_type_free()
 * \return GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED,
 *         GCROOTS_ERROR_NULL_REFERENCE; GCROOTS_ERROR_TYPE_MISMATCH for other objects;
 *         GCROOTS_ERROR_LIMIT
 */
GCROOTS_API
GCROOTS_NODISCARD
gcroots_status_t gcroots_ref_type(gcroots_store_t *store,
                                  gcroots_ref_t ref,
                                  gcroots_type_t **out);

/**
 * Whether a reference is of a type. In constant time, without a lock. Never collects.
 *
 * \return GCROOTS_ERROR_NULL_ARGUMENT also for a NULL `of.type` with
 *         GCROOTS_HEAP_TYPE; GCROOTS_ERROR_INVALID_ARGUMENT for a heap type that is
 *         none; GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED;
 *         GCROOTS_ERROR_WRONG_ENGINE
 */
GCROOTS_API
gcroots_status_t gcroots_ref_test(gcroots_store_t *store,
                                  gcroots_ref_t ref,
                                  gcroots_ref_type_t of,
                                  bool *out);

/**
 * A new handle for what a reference refers to, if it is of a type; null for null.
 * In constant time, without a lock. Never collects.
 *
 * \param[out] out a new handle of the current scope, or null
 * \return as gcroots_ref_test(); GCROOTS_ERROR_TYPE_MISMATCH if it is not, also for
 *         null; GCROOTS_ERROR_OUT_OF_MEMORY, GCROOTS_ERROR_LIMIT
 */
GCROOTS_API
gcroots_status_t gcroots_ref_cast(gcroots_store_t *store,
                                  gcroots_ref_t ref,
                                  gcroots_ref_type_t to,
                                  gcroots_ref_t *out);

/**
 * An internal reference for a slot of external ones. Null stays null. Never collects.
 *
 * \param[out] out a new handle of the current scope for the same object, or null
 * \return GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED;
 *         GCROOTS_ERROR_TYPE_MISMATCH for an exception;
 *         GCROOTS_ERROR_OUT_OF_MEMORY, GCROOTS_ERROR_LIMIT
 */
GCROOTS_API
gcroots_status_t gcroots_extern_convert_any(gcroots_store_t *store,
                                            gcroots_ref_t ref,
                                            gcroots_ref_t *out);

/**
 * An external reference for a slot of internal ones: the opposite of
 * gcroots_extern_convert_any(). An object that was internal is so again; host data
 * become one of GCROOTS_HEAP_ANY and of nothing below. Never collects.
 *
 * \param[out] out a new handle of the current scope for the same object, or null
 * \return as gcroots_extern_convert_any()
 */
GCROOTS_API
gcroots_status_t gcroots_any_convert_extern(gcroots_store_t *store,
                                            gcroots_ref_t ref,
                                            gcroots_ref_t *out);

/* --- Tags and exceptions -----------------------------------------------------
 *
 * A tag tells exceptions apart: a function type without results, whose parameters are
 * an exception's fields, and an identity of its own. It lives as long as its store. An
 * exception is an object that has a tag and fields, which never change.
 */

/**
 * Names a tag. `store_id` 0 names none. All handles of one tag have the same bits.
 */
typedef struct {
  /**
   * The store's id.
   */
  uint64_t store_id;
  /**
   * Tells tags from what is none.
   */
  uint32_t generation;
  /**
   * Which of the store's tags.
   */
  uint32_t index;
} gcroots_tag_t;

/**
 * Makes a tag, another than all before. Never collects.
 *
 * \param type a function type without results (borrowed)
 * \param[out] out the tag, which lives as long as the store
 * \return GCROOTS_ERROR_WRONG_ENGINE; GCROOTS_ERROR_TYPE_MISMATCH for another type;
 *         GCROOTS_ERROR_OUT_OF_MEMORY, GCROOTS_ERROR_LIMIT
 */
GCROOTS_API
gcroots_status_t gcroots_tag_new(gcroots_store_t *store,
                                 const gcroots_type_t *type,
                                 gcroots_tag_t *out);

/**
 * The type that a tag was made of. Never collects.
 *
 * \param[out] out the type (owned); release it with gcroots_type_free()
 * \return for the tag GCROOTS_ERROR_NULL_REFERENCE, GCROOTS_ERROR_WRONG_STORE, and
 *         GCROOTS_ERROR_UNROOTED for what is no tag; GCROOTS_ERROR_LIMIT
 */
GCROOTS_API
GCROOTS_NODISCARD
gcroots_status_t gcroots_tag_type(gcroots_store_t *store,
                                  gcroots_tag_t tag,
                                  gcroots_type_t **out);

/**
 * Makes an exception of these values, one for each field, rooted in the current scope.
 * May collect.
 *
 * \param fields the values (borrowed), nullable if there is none; read if `count` is
 *               the number of the tag's fields
 * \param[out] out the handle
 * \return for the tag as gcroots_tag_type(); GCROOTS_ERROR_INVALID_ARGUMENT for a
 *         `count` that is not the tag's, and then for a value whose kind is none; for a
 *         value GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED,
 *         GCROOTS_ERROR_NULL_REFERENCE for null in a field that is never null, and
 *         GCROOTS_ERROR_TYPE_MISMATCH; GCROOTS_ERROR_NO_GC,
 *         GCROOTS_ERROR_OUT_OF_MEMORY, GCROOTS_ERROR_LIMIT
 */
GCROOTS_API
gcroots_status_t gcroots_exn_new(gcroots_store_t *store,
                                 gcroots_tag_t tag,
                                 const gcroots_val_t *fields,
                                 size_t count,
                                 gcroots_ref_t *out);

/**
 * The tag of an exception. Never collects.
 *
 * \return GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED,
 *         GCROOTS_ERROR_NULL_REFERENCE, GCROOTS_ERROR_TYPE_MISMATCH
 */
GCROOTS_API
gcroots_status_t gcroots_exn_tag(gcroots_store_t *store,
                                 gcroots_ref_t ref,
                                 gcroots_tag_t *out);

/**
 * The value of an exception's field. Never collects.
 *
 * \param[out] out its `of.ref`, if it is a reference, is a new handle or null
 * \return as gcroots_exn_tag(); GCROOTS_ERROR_OUT_OF_BOUNDS;
 *         GCROOTS_ERROR_OUT_OF_MEMORY and GCROOTS_ERROR_LIMIT if a handle is needed
 */
GCROOTS_API
gcroots_status_t gcroots_exn_field(gcroots_store_t *store,
                                   gcroots_ref_t ref,
                                   size_t index,
                                   gcroots_val_t *out);

/**
 * Makes an exception pending, in place of another. While one is pending
 * gcroots_func_call() calls nothing. It stays alive until it is taken. Never collects.
 *
 * \return GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED,
 *         GCROOTS_ERROR_NULL_REFERENCE, GCROOTS_ERROR_TYPE_MISMATCH for what is no
 *         exception
 */
GCROOTS_API
gcroots_status_t gcroots_store_throw(gcroots_store_t *store,
                                     gcroots_ref_t exn);

/**
 * Takes the pending exception: then none is. Never collects.
 *
 * \param[out] out a new handle of the current scope; null if none was pending
 * \return GCROOTS_ERROR_OUT_OF_MEMORY, GCROOTS_ERROR_LIMIT; it is still pending then
 */
GCROOTS_API
gcroots_status_t gcroots_store_take_exception(gcroots_store_t *store,
                                              gcroots_ref_t *out);

/* --- Tables ------------------------------------------------------------------
 *
 * A table has references by index, from 0 on, all of one type, and may grow up to its
 * maximum. It keeps them alive until it is freed, across scopes, or until its store is
 * deleted. It has bits of its own: it is not a gcroots_ref_t.
 *
 * Indices and sizes have 64 bits, as tables of WebAssembly may. A table has 2^32 - 1
 * elements at most, as an array has, of 4 bytes each; they lie in the heap, in a hidden
 * array, which gcroots_store_stats() counts as an object, as it does one that a table
 * grew out of, until that is collected. A table grows faster than it must, where it may
 * and there is room, so that to grow it one by one takes time in proportion.
 *
 * The functions answer GCROOTS_ERROR_NULL_REFERENCE for a zeroed table,
 * GCROOTS_ERROR_WRONG_STORE, and GCROOTS_ERROR_UNROOTED for a table that was freed; then
 * for a value GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED,
 * GCROOTS_ERROR_NULL_REFERENCE for null where an element is never null, and
 * GCROOTS_ERROR_TYPE_MISMATCH; GCROOTS_ERROR_OUT_OF_BOUNDS for an index, or if one of
 * the elements is not there; nothing is written then.
 */

/**
 * Names a table. `store_id` 0 names none, whatever the rest.
 */
typedef struct {
  /**
   * The store's id.
   */
  uint64_t store_id;
  /**
   * Which of the tables that were in the slot.
   */
  uint32_t generation;
  /**
   * The slot.
   */
  uint32_t index;
} gcroots_table_t;

/**
 * Makes a table of `size` elements, which all are the same reference or null. May
 * collect.
 *
 * \param element the elements' type; its `type` (borrowed)
 * \param maximum more elements it never has; UINT64_MAX: as many as a table may have
 * \param init_or_null (borrowed); if `size` is 0, null is fine for elements of any type
 * \param[out] out the table (owned); release it with gcroots_table_free()
 * \return GCROOTS_ERROR_NULL_ARGUMENT also for a NULL `element.type` with
 *         GCROOTS_HEAP_TYPE; GCROOTS_ERROR_INVALID_ARGUMENT for a heap type that is
 *         none, and if `size` is above `maximum`; GCROOTS_ERROR_WRONG_ENGINE; for the
 *         value as above; GCROOTS_ERROR_NO_GC, GCROOTS_ERROR_OUT_OF_MEMORY,
 *         GCROOTS_ERROR_LIMIT
 */
GCROOTS_API
GCROOTS_NODISCARD
gcroots_status_t gcroots_table_new(gcroots_store_t *store,
                                   gcroots_ref_type_t element,
                                   uint64_t size,
                                   uint64_t maximum,
                                   gcroots_ref_t init_or_null,
                                   gcroots_table_t *out);

/**
 * Makes a scoped root for an element. Never collects.
 *
 * \param[out] out a new handle of the current scope, or null
 * \return as above; GCROOTS_ERROR_OUT_OF_MEMORY, GCROOTS_ERROR_LIMIT
 */
GCROOTS_API
gcroots_status_t gcroots_table_get(gcroots_store_t *store,
                                   gcroots_table_t table,
                                   uint64_t index,
                                   gcroots_ref_t *out);

/**
 * Sets an element. Never collects.
 *
 * \param value_or_null (borrowed)
 * \return as above
 */
GCROOTS_API
gcroots_status_t gcroots_table_set(gcroots_store_t *store,
                                   gcroots_table_t table,
                                   uint64_t index,
                                   gcroots_ref_t value_or_null);

/**
 * How many elements a table has. Never collects.
 *
 * \return as above
 */
GCROOTS_API
gcroots_status_t gcroots_table_size(gcroots_store_t *store,
                                    gcroots_table_t table,
                                    uint64_t *out);

/**
 * Appends `delta` elements, which all are the same reference or null. May collect. A
 * refusal leaves the table as it was.
 *
 * \param init_or_null (borrowed); if `delta` is 0, null is fine for elements of any type
 * \param[out] out how many elements there were before
 * \return for the table and the value as above; GCROOTS_ERROR_LIMIT beyond the table's
 *         maximum, or that of all tables; GCROOTS_ERROR_NO_GC,
 *         GCROOTS_ERROR_OUT_OF_MEMORY
 */
GCROOTS_API
gcroots_status_t gcroots_table_grow(gcroots_store_t *store,
                                    gcroots_table_t table,
                                    uint64_t delta,
                                    gcroots_ref_t init_or_null,
                                    uint64_t *out);

/**
 * Sets `count` elements from `at` on to a reference or null. Never collects.
 *
 * \param value_or_null (borrowed)
 * \return as above
 */
GCROOTS_API
gcroots_status_t gcroots_table_fill(gcroots_store_t *store,
                                    gcroots_table_t table,
                                    uint64_t at,
                                    gcroots_ref_t value_or_null,
                                    uint64_t count);

/**
 * Copies `count` elements from one table to another or to the same, where the two
 * ranges may overlap. Never collects.
 *
 * \param dst the table that is written to
 * \param src the table that is read
 * \return for `dst`, then for `src`, as above; GCROOTS_ERROR_TYPE_MISMATCH unless the
 *         elements' type in `src` is the one in `dst` or below it;
 *         GCROOTS_ERROR_OUT_OF_BOUNDS for `dst`, then `src`
 */
GCROOTS_API
gcroots_status_t gcroots_table_copy(gcroots_store_t *store,
                                    gcroots_table_t dst,
                                    uint64_t dst_at,
                                    gcroots_table_t src,
                                    uint64_t src_at,
                                    uint64_t count);

/**
 * Ends a table and zeroes its handle; copies of it become stale, and what only the
 * table kept alive is not any more. Does nothing for a zeroed one. Never collects.
 *
 * \param[in,out] table (taken)
 * \return GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED; the handle is
 *         unchanged then
 */
GCROOTS_API
gcroots_status_t gcroots_table_free(gcroots_store_t *store,
                                    gcroots_table_t *table);

/* --- Globals -----------------------------------------------------------------
 *
 * A global has one value, of any type but a packed one, which may be set if it was made
 * so. It keeps a reference alive until it is freed, across scopes, or until its store is
 * deleted. It has bits of its own: it is not a gcroots_ref_t. The value lies in the
 * heap, in a hidden struct, which gcroots_store_stats() counts as an object.
 *
 * The functions answer GCROOTS_ERROR_INVALID_ARGUMENT for a value whose kind is none;
 * GCROOTS_ERROR_NULL_REFERENCE for a zeroed global, GCROOTS_ERROR_WRONG_STORE, and
 * GCROOTS_ERROR_UNROOTED for a global that was freed; then for the handle in a value
 * GCROOTS_ERROR_WRONG_STORE and GCROOTS_ERROR_UNROOTED.
 */

/**
 * Names a global. `store_id` 0 names none, whatever the rest.
 */
typedef struct {
  /**
   * The store's id.
   */
  uint64_t store_id;
  /**
   * Which of the globals that were in the slot.
   */
  uint32_t generation;
  /**
   * The slot.
   */
  uint32_t index;
} gcroots_global_t;

/**
 * Makes a global with this value. May collect.
 *
 * \param type what it holds, and whether it may be set (borrowed); not packed, and not
 *             GCROOTS_HEAP_LOCAL
 * \param value (borrowed)
 * \param[out] out the global (owned); release it with gcroots_global_free()
 * \return GCROOTS_ERROR_NULL_ARGUMENT also for a NULL `type->type` with
 *         GCROOTS_HEAP_TYPE; GCROOTS_ERROR_INVALID_ARGUMENT for another type, and for
 *         the value as above; GCROOTS_ERROR_WRONG_ENGINE; for the value as above,
 *         GCROOTS_ERROR_NULL_REFERENCE for null where it is never null, and
 *         GCROOTS_ERROR_TYPE_MISMATCH; GCROOTS_ERROR_NO_GC,
 *         GCROOTS_ERROR_OUT_OF_MEMORY, GCROOTS_ERROR_LIMIT
 */
GCROOTS_API
GCROOTS_NODISCARD
gcroots_status_t gcroots_global_new(gcroots_store_t *store,
                                    const gcroots_field_type_t *type,
                                    const gcroots_val_t *value,
                                    gcroots_global_t *out);

/**
 * A global's value. Never collects.
 *
 * \param[out] out its `of.ref`, if it is a reference, is a new handle or null
 * \return as above; GCROOTS_ERROR_OUT_OF_MEMORY and GCROOTS_ERROR_LIMIT if a handle is
 *         needed
 */
GCROOTS_API
gcroots_status_t gcroots_global_get(gcroots_store_t *store,
                                    gcroots_global_t global,
                                    gcroots_val_t *out);

/**
 * Sets a global. Never collects.
 *
 * \param value (borrowed)
 * \return as above; GCROOTS_ERROR_IMMUTABLE; for the value GCROOTS_ERROR_NULL_REFERENCE
 *         for null where it is never null, and GCROOTS_ERROR_TYPE_MISMATCH
 */
GCROOTS_API
gcroots_status_t gcroots_global_set(gcroots_store_t *store,
                                    gcroots_global_t global,
                                    const gcroots_val_t *value);

/**
 * Ends a global and zeroes its handle; copies of it become stale, and what only the
 * global kept alive is not any more. Does nothing for a zeroed one. Never collects.
 *
 * \param[in,out] global (taken)
 * \return GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED; the handle is
 *         unchanged then
 */
GCROOTS_API
gcroots_status_t gcroots_global_free(gcroots_store_t *store,
                                     gcroots_global_t *global);

/* --- Functions ---------------------------------------------------------------
 *
 * A function is an object that stands for a callback of the host's. It has a function
 * type, and is called with values of that type, through C or Rust.
 *
 * A callback runs in a scope of its own, which ends when it returns with all that was
 * left inside it; its arguments are handles of that scope. It may call everything but
 * gcroots_store_free(), gcroots_store_detach() and gcroots_store_attach() on its store,
 * which answer GCROOTS_ERROR_BUSY; scopes and no-GC spans from outside are out of its
 * reach. It answers GCROOTS_OK, or a status that its caller gets. To throw, it calls
 * gcroots_store_throw() and answers whatever it likes.
 */

/**
 * What a function calls, on the thread of the call.
 *
 * `args` are the arguments, of the function's type; handles in them end when the
 * callback returns. `results` are zeros and null, of the function's type, for the
 * callback to change: handles that it puts there are borrowed, of either kind. Both
 * arrays are the library's, until the callback returns, which it must.
 */
typedef gcroots_status_t (*gcroots_callback_t)(void *env,
                                               gcroots_store_t *store,
                                               const gcroots_val_t *args,
                                               size_t nargs,
                                               gcroots_val_t *results,
                                               size_t nresults);

/**
 * Sets how many host functions may run inside each other in a store: 200 if not set.
 * Each needs about 1 KiB of the thread's stack beside what it uses itself. Never
 * collects.
 *
 * \return GCROOTS_ERROR_INVALID_ARGUMENT for 0
 */
GCROOTS_API
gcroots_status_t gcroots_config_set_call_depth(gcroots_config_t *config,
                                               uint32_t depth);

/**
 * Makes a function, rooted in the current scope. May collect.
 *
 * \param type its type (borrowed)
 * \param env given to the callback (taken, nullable)
 * \param finalizer_or_null runs once, with `env`, after the function was found dead or
 *        when the store is deleted; not while it is running, nor if this call fails
 * \param[out] out the handle
 * \return GCROOTS_ERROR_WRONG_ENGINE; GCROOTS_ERROR_TYPE_MISMATCH for a type of no
 *         functions; GCROOTS_ERROR_NO_GC, GCROOTS_ERROR_OUT_OF_MEMORY,
 *         GCROOTS_ERROR_LIMIT
 */
GCROOTS_API
gcroots_status_t gcroots_func_new(gcroots_store_t *store,
                                  const gcroots_type_t *type,
                                  gcroots_callback_t callback,
                                  void *env,
                                  gcroots_finalizer_t finalizer_or_null,
                                  gcroots_ref_t *out);

/**
 * Calls a function. May collect, if the callback does.
 *
 * If the callback answers GCROOTS_OK, its results are checked as the arguments are. A
 * status of its own, of any number, is answered as it is, with the last message of the
 * thread. While an exception is pending nothing is called, and one that is pending when
 * the callback has answered GCROOTS_OK is GCROOTS_ERROR_EXCEPTION. The function stays
 * alive meanwhile.
 *
 * \param args the arguments (borrowed), nullable if there is none; read if `nargs` and
 *             `nresults` are the numbers of the function's parameters and results
 * \param[out] results the results, nullable if there is none, written on success only;
 *                     references are new handles of the current scope, or null. It may
 *                     be the same memory as `args`
 * \return for `func` GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED,
 *         GCROOTS_ERROR_NULL_REFERENCE, GCROOTS_ERROR_TYPE_MISMATCH;
 *         GCROOTS_ERROR_INVALID_ARGUMENT for a number of arguments or results that is
 *         not the function's, and then for an argument whose kind is none; for an
 *         argument GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED,
 *         GCROOTS_ERROR_NULL_REFERENCE for null where it is not taken, and
 *         GCROOTS_ERROR_TYPE_MISMATCH; GCROOTS_ERROR_EXCEPTION if one is pending;
 *         GCROOTS_ERROR_LIMIT for too many functions inside each other, and too many
 *         roots; GCROOTS_ERROR_OUT_OF_MEMORY; then what the callback answers;
 *         GCROOTS_ERROR_EXCEPTION if it threw; and as for the arguments for its results
 */
GCROOTS_API
gcroots_status_t gcroots_func_call(gcroots_store_t *store,
                                   gcroots_ref_t func,
                                   const gcroots_val_t *args,
                                   size_t nargs,
                                   gcroots_val_t *results,
                                   size_t nresults);

/**
 * The `env` of a function with this callback. Never collects.
 *
 * \return GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED,
 *         GCROOTS_ERROR_NULL_REFERENCE; GCROOTS_ERROR_TYPE_MISMATCH for what is no
 *         function, and for one with another callback
 */
GCROOTS_API
gcroots_status_t gcroots_func_env(gcroots_store_t *store,
                                  gcroots_ref_t func,
                                  gcroots_callback_t callback,
                                  void **out);

/* --- Raw references ----------------------------------------------------------
 *
 * For engines: interpreters and compilers that keep references and read objects
 * themselves. docs/engines.md is the introduction.
 *
 * A raw reference is 32 bits: 0 is null; one whose low bit is set is an i31, whose
 * integer are the other bits; any other is an object, at the address of the heap's base
 * plus 4 times the bits. It is a copy of what a root refers to and no root: the object is
 * kept alive by roots, of which root ranges are one kind, and the bits are valid until the
 * next collection, under GCROOTS_COLLECTOR_DRC and GCROOTS_COLLECTOR_NULL, which move
 * nothing, for as long as the object lives.
 */

/**
 * The raw reference for a handle of either kind; 0 for null. Never collects.
 *
 * \return GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED
 */
GCROOTS_API
gcroots_status_t gcroots_ref_to_raw(gcroots_store_t *store,
                                    gcroots_ref_t ref_or_null,
                                    uint32_t *out);

/**
 * Makes a scoped root for a raw reference. Any 32 bits may be passed: what does not refer
 * to the start of an object that is in the heap now is refused, and so is what tables and
 * globals are made of. Bits from before a collection may refer to another object by now.
 * Takes constant time, but that a collection makes it find objects anew: then the first
 * call walks over the heap, as far as the bits say, and bits that refer into a large
 * object take time in proportion to it. Never collects.
 *
 * \param[out] out the handle, in the current scope; null for 0
 * \return GCROOTS_ERROR_INVALID_ARGUMENT for bits that refer to no object;
 *         GCROOTS_ERROR_OUT_OF_MEMORY, GCROOTS_ERROR_LIMIT
 */
GCROOTS_API
gcroots_status_t gcroots_ref_from_raw(gcroots_store_t *store,
                                      uint32_t raw,
                                      gcroots_ref_t *out);

/**
 * The address that raw references count from. It stays the same until the store is
 * deleted. Makes the store's heap if it has none yet. Never collects.
 *
 * \param[out] out the address (borrowed)
 * \return GCROOTS_ERROR_OUT_OF_MEMORY
 */
GCROOTS_API gcroots_status_t gcroots_heap_base(gcroots_store_t *store, void **out);

/**
 * The address of `count` elements of an array from `start` on, one after another as
 * memory has them, to read and, if they are mutable, to write. Only in a no-GC span, and
 * not for elements that are references. Never collects.
 *
 * \param[out] out the address (borrowed): valid until no no-GC span of the store is open
 * \return GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED,
 *         GCROOTS_ERROR_NULL_REFERENCE; GCROOTS_ERROR_TYPE_MISMATCH for what is no array,
 *         or one of references; GCROOTS_ERROR_OUT_OF_BOUNDS; GCROOTS_ERROR_SCOPE_ORDER
 *         if no no-GC span is open
 */
GCROOTS_API
gcroots_status_t gcroots_array_span(gcroots_store_t *store,
                                    gcroots_ref_t ref,
                                    uint32_t start,
                                    uint32_t count,
                                    void **out);

/* --- Root ranges -------------------------------------------------------------
 *
 * A root range is memory of the embedder's that has references, such as an interpreter's
 * stack: an array of slots, of which some hold raw references. Each collection reads all
 * slots, keeps alive what they refer to, and writes the new bits where objects moved. So
 * slots are read and written by the embedder without a call.
 *
 * Where the slots are says a structure of the embedder's, which is read when a collection
 * begins, so that a stack may grow and move at any time. Two ranges may have slots in
 * common, but not one's tags in the other's references.
 *
 * Slots are looked at before anything moves. If one has bits that refer to nothing, or a
 * range cannot be where it says, the call that wanted to collect answers
 * GCROOTS_ERROR_INVALID_ARGUMENT, with the index of the range's handle, the slot and the
 * bits in the message, and nothing has been collected. Bits into the midst of an object or
 * of free memory may pass if they find what looks like an object there: then the
 * heap's contents, though no memory outside, may be overwritten. With
 * gcroots_config_set_exact_slots() each slot is compared with where objects start.
 * gcroots_store_verify() compares always. Under the null collector, which never collects,
 * only gcroots_store_verify() reads ranges.
 */

/**
 * Where the slots of a root range are.
 */
typedef struct {
  /**
   * The first slot, aligned to 4 bytes (borrowed, nullable if `count` is 0).
   */
  void *slots;
  /**
   * How many slots there are.
   */
  size_t count;
} gcroots_root_range_t;

/**
 * What a slot of a root range looks like: it has a raw reference, a uint32_t, if the byte
 * at `tag_offset` and `tag_mask` have the bits of `tag` in common. With a mask and a tag of
 * 0 each slot has one.
 */
typedef struct {
  /**
   * Bytes from one slot to the next, a multiple of 4.
   */
  size_t slot_bytes;
  /**
   * Where the reference is in a slot, a multiple of 4.
   */
  size_t ref_offset;
  /**
   * Where the byte is that tells references from others: outside the reference, unless
   * the mask is 0.
   */
  size_t tag_offset;
  /**
   * The bits of that byte that are looked at.
   */
  uint8_t tag_mask;
  /**
   * What they are in slots with a reference.
   */
  uint8_t tag;
} gcroots_slot_layout_t;

/**
 * Names a root range or a root visitor. `store_id` 0 is none, whatever the rest.
 */
typedef struct {
  /**
   * The store's id.
   */
  uint64_t store_id;
  /**
   * Which of the sources that were in the slot.
   */
  uint32_t generation;
  /**
   * The slot.
   */
  uint32_t index;
} gcroots_root_source_t;

/**
 * Adds a root range. Never collects.
 *
 * \param range where the slots are (borrowed): its address is kept and read in calls that
 *              may collect, and in gcroots_store_verify(), until the range is removed or
 *              the store deleted. What it says then must be there to read and write.
 * \param layout_or_null copied; NULL for an array of uint32_t
 * \param[out] out the handle (owned); release it with gcroots_root_range_remove()
 * \return GCROOTS_ERROR_INVALID_ARGUMENT for a range whose own address is not aligned, and
 *         for a layout that no slot can have; GCROOTS_ERROR_OUT_OF_MEMORY,
 *         GCROOTS_ERROR_LIMIT
 */
GCROOTS_API
GCROOTS_NODISCARD
gcroots_status_t gcroots_root_range_add(gcroots_store_t *store,
                                        const gcroots_root_range_t *range,
                                        const gcroots_slot_layout_t *layout_or_null,
                                        gcroots_root_source_t *out);

/**
 * Removes a root range and zeroes its handle; copies of it become stale, and what only
 * the range kept alive is not any more. Does nothing for a zeroed one. Never collects.
 *
 * \param[in,out] source (taken)
 * \return GCROOTS_ERROR_WRONG_STORE; GCROOTS_ERROR_UNROOTED if it was removed, or is a
 *         root visitor's; the handle is unchanged then
 */
GCROOTS_API
gcroots_status_t gcroots_root_range_remove(gcroots_store_t *store,
                                           gcroots_root_source_t *source);

/**
 * Makes collections check that each slot of a root range refers to the start of an
 * object, which takes a walk over the heap, and memory: a collection may answer
 * GCROOTS_ERROR_OUT_OF_MEMORY then. To find mistakes. Never collects.
 */
GCROOTS_API
gcroots_status_t gcroots_config_set_exact_slots(gcroots_config_t *config,
                                                bool on);

/* --- Root visitors -----------------------------------------------------------
 *
 * A root visitor is a function of the embedder's that is called when a collection begins,
 * and reports where roots are: for stacks of which only a walk finds the references, or
 * that change too often for root ranges. It is called on the thread that collects. What it
 * reports serves for all collections of one call, until that calls something else of the
 * embedder's: a finalizer or the growth callback.
 *
 * Inside it calls on the store answer GCROOTS_ERROR_BUSY, but for reports and
 * gcroots_manually_rooted_unroot_later(). If a report is refused for what it has, or for
 * memory, nothing is collected, since a root might be missed: the call that wanted to
 * collect answers the status of the first report that was refused.
 *
 * gcroots_store_verify() calls no visitors.
 */

/**
 * Reports a store's roots with gcroots_root_visitor_report(). It must return.
 */
typedef void (*gcroots_root_visitor_t)(void *env, gcroots_store_t *store);

/**
 * Adds a root visitor. Never collects.
 *
 * \param env given to the visitor (borrowed, nullable)
 * \param[out] out the handle (owned); release it with gcroots_root_visitor_remove()
 * \return GCROOTS_ERROR_OUT_OF_MEMORY, GCROOTS_ERROR_LIMIT
 */
GCROOTS_API
GCROOTS_NODISCARD
gcroots_status_t gcroots_root_visitor_add(gcroots_store_t *store,
                                          gcroots_root_visitor_t visitor,
                                          void *env,
                                          gcroots_root_source_t *out);

/**
 * Removes a root visitor and zeroes its handle; copies of it become stale. Does nothing
 * for a zeroed one. Never collects.
 *
 * \param[in,out] source (taken)
 * \return GCROOTS_ERROR_WRONG_STORE; GCROOTS_ERROR_UNROOTED if it was removed, or is a
 *         root range's; the handle is unchanged then
 */
GCROOTS_API
gcroots_status_t gcroots_root_visitor_remove(gcroots_store_t *store,
                                             gcroots_root_source_t *source);

/**
 * Reports a root range to the collection that has called a visitor of this store. The
 * slots are as those of ranges that are added; the index in messages is that of the
 * visitor's handle. Never collects.
 *
 * \param range where the slots are, copied: they must be there to read and write until
 *              the call that collects returns, or calls something else of the embedder's
 * \param layout_or_null copied; NULL for an array of uint32_t
 * \return GCROOTS_ERROR_BUSY outside a visitor of this store;
 *         GCROOTS_ERROR_INVALID_ARGUMENT for a layout that no slot can have, a range that
 *         cannot be where it says, and a slot that refers to nothing;
 *         GCROOTS_ERROR_OUT_OF_MEMORY
 */
GCROOTS_API
gcroots_status_t gcroots_root_visitor_report(gcroots_store_t *store,
                                             const gcroots_root_range_t *range,
                                             const gcroots_slot_layout_t *layout_or_null);

/* --- Inline ---------------------------------------------------------------- */

/** The null reference. */
static inline gcroots_ref_t gcroots_ref_null(void) {
  gcroots_ref_t null_reference = {0, 0, 0};
  return null_reference;
}

/** Whether a handle's bits are the null reference. A local that holds null has
    bits of its own: see gcroots_local_new(). */
static inline bool gcroots_ref_is_null(gcroots_ref_t ref) {
  return ref.store_id == 0;
}

/* The sizes that the library was compiled with. */
typedef char gcroots_assert_ref_size[sizeof(gcroots_ref_t) == 16 ? 1 : -1];
typedef char gcroots_assert_manually_rooted_size[sizeof(gcroots_manually_rooted_t) == 16 ? 1 : -1];
typedef char gcroots_assert_weak_size[sizeof(gcroots_weak_t) == 16 ? 1 : -1];
typedef char gcroots_assert_scope_size[sizeof(gcroots_scope_t) == 16 ? 1 : -1];
typedef char gcroots_assert_stats_size[sizeof(gcroots_stats_t) == 256 ? 1 : -1];

#ifdef __cplusplus
}
#endif

#endif /* GCROOTS_H */
