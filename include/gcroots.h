/*
 * gcroots 1.0.0-alpha.1: a garbage-collected heap with roots that cannot be misused.
 *
 * Generated from src/capi; do not edit.
 *
 * This comment is the introduction. The sections after it are the reference
 * manual, in the order in which a newcomer needs them. The section "Costs" near
 * the end says how many instructions each function takes.
 *
 * --- A first program
 *
 *   gcroots_engine_t *engine;
 *   gcroots_store_t *store;
 *   gcroots_scope_t scope;
 *   gcroots_ref_t ref;
 *   void *data;
 *
 *   if (gcroots_engine_new(NULL, &engine) != GCROOTS_OK) // the default configuration
 *     return 1;
 *   if (gcroots_store_new(engine, &store) != GCROOTS_OK) // a heap, owned by this thread
 *     return 1;
 *   gcroots_engine_free(engine);               // the store keeps the engine
 *
 *   gcroots_scope_enter(store, &scope);
 *   gcroots_externref_new(store, my_data, my_finalizer, &ref);
 *   gcroots_store_gc(store);                   // `ref` keeps its object alive
 *   gcroots_externref_data(store, ref, &data); // data == my_data
 *   gcroots_scope_exit(store, scope);          // `ref` is stale from here on
 *   gcroots_externref_data(store, ref, &data); // GCROOTS_ERROR_UNROOTED
 *
 *   gcroots_store_free(store);                 // runs my_finalizer(my_data)
 *
 * A real program checks the status of each call.
 *
 * --- Stores and objects
 *
 * A store is one heap with its roots and its host data. Stores that share a
 * configuration and types are made from one engine. An object lives in one
 * store and is freed by the store's collector. There are five kinds of objects:
 *
 * - An externref holds a pointer of the program, and a finalizer for it.
 * - A struct has fields, an array has elements. Both have a registered type.
 * - An exception has a tag and fields. It never changes.
 * - A function holds a callback of the program.
 *
 * A reference refers to an object, or is an i31 (a 31-bit integer), or is null.
 *
 * --- Handles and roots
 *
 * The program names objects by handles (gcroots_ref_t). A handle is 16 bytes of
 * plain data, without an address in it. It names a root: a slot inside the
 * store that holds a reference. A root keeps its object alive, and everything
 * that can be reached from it. A collection that moves the object updates the
 * root, so the handle stays valid.
 *
 * - A scoped root ends with the scope that it was made in.
 * - A manual root (gcroots_manually_rooted_t) lives until it is unrooted.
 * - A weak handle (gcroots_weak_t) names an object and does not keep it alive.
 * - A pin (gcroots_pin_t) is a root whose object does not move.
 *
 * A handle is stale once its root has ended. A stale handle never becomes valid
 * again, and never names another object. Weak maps, tables, globals, tags, root
 * ranges and root visitors have handles of their own, with the same rules.
 *
 * Any bits may be passed as a handle or a scope, and any number as an integer.
 * The library checks them in each call, in release builds too: stale and
 * forged handles, and handles of another store, cause a status and a message.
 *
 * --- Scopes
 *
 * The current scope is the innermost scope that is open. A function whose output
 * is a gcroots_ref_t makes a new scoped root in the current scope.
 * gcroots_scope_exit() ends all roots of a scope at once. While no scope is open,
 * new scoped roots live as long as the store. So a program that runs for long
 * enters a scope for each unit of work.
 *
 * --- Errors
 *
 * A function that can fail returns a gcroots_status_t. After a failure,
 * gcroots_last_error() is a message: the name of the function, and the values that
 * were wrong. Callbacks leave messages of their own by gcroots_set_error().
 *
 * A function writes its outputs, such as `out`, only on success. A failed call
 * has changed nothing, with these exceptions:
 *
 * - Roots that were given to gcroots_manually_rooted_unroot_later() may have
 *   ended.
 * - A call that may collect may have collected and run callbacks.
 * - gcroots_func_call() does not undo what the function did.
 *
 * Some statuses are not repeated in the descriptions of functions:
 *
 * - Any function returns GCROOTS_ERROR_NULL_ARGUMENT if a pointer that must not
 *   be NULL is NULL.
 * - Any call on a store can return GCROOTS_ERROR_WRONG_THREAD,
 *   GCROOTS_ERROR_BUSY and GCROOTS_ERROR_INTERNAL.
 * - Functions that may collect can also return the errors listed under "Root
 *   ranges" and "Root visitors", if the store has root ranges or root visitors.
 *
 * If several things are wrong, the call returns the first status in this order:
 *
 *   1. NULL pointers, in the order of the parameters.
 *   2. The store: GCROOTS_ERROR_WRONG_THREAD, GCROOTS_ERROR_BUSY,
 *      GCROOTS_ERROR_INTERNAL.
 *   3. Integers that are out of their documented range.
 *   4. Each handle, in the order of the parameters: GCROOTS_ERROR_WRONG_STORE,
 *      GCROOTS_ERROR_UNROOTED, GCROOTS_ERROR_NULL_REFERENCE, then its type.
 *      For a scope: GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_SCOPE_ORDER.
 *   5. GCROOTS_ERROR_UNSUPPORTED.
 *   6. GCROOTS_ERROR_NO_GC.
 *   7. Memory and limits: GCROOTS_ERROR_OUT_OF_MEMORY, GCROOTS_ERROR_LIMIT.
 *
 * --- Pointers and ownership
 *
 *   (owned)     The caller owns it now, and releases it in the way that is named.
 *   (taken)     The library owns it now: the caller gives it up.
 *   (borrowed)  The owner does not change.
 *   (nullable)  NULL is allowed. Parameters called `..._or_null` are nullable too.
 *
 * All other pointers must not be NULL. An input and `out` may be at the same
 * address.
 *
 * --- Threads
 *
 * A store belongs to one thread: the one that made it, until
 * gcroots_store_detach() and gcroots_store_attach() hand it to another. A call
 * from a thread that is not the owner returns GCROOTS_ERROR_WRONG_THREAD. Engines
 * and types may be used by any thread at any time. A configuration or a rec
 * group may be used by one thread at a time.
 * gcroots_manually_rooted_unroot_later() may be called from any thread. Each
 * thread has its own last error message.
 *
 * --- Collection
 *
 * A collection frees the objects that cannot be reached from a root, and may
 * move the others, except pinned ones. Roots are scoped and manual roots, pins,
 * tables, globals, the pending exception, and the slots of root ranges. Collections happen only inside
 * calls. The description of each function says one of:
 *
 *   May collect.      Objects may move or die, and finalizers may run, before
 *                     the call returns. So the caller must hold no lock that a
 *                     finalizer takes: see the section "Host objects".
 *   Never collects.   No object moves or dies, and no finalizer runs.
 *
 * Functions that allocate objects collect when they need memory. gcroots_store_gc()
 * collects at once. gcroots_store_gc_start() collects in small steps. In a no-GC
 * span (gcroots_no_gc_enter()) nothing collects.
 *
 * --- Callbacks
 *
 * A callback is a function of the program that the library calls: a finalizer,
 * the callback of a function object, a growth callback or a root visitor. The
 * library calls it on the thread that made the call on the store. A callback
 * must return.
 *
 * - Finalizers and function callbacks may call the store, allocate and
 *   collect. On this store gcroots_store_free(), gcroots_store_detach(),
 *   gcroots_store_attach() and gcroots_store_gc_start() return GCROOTS_ERROR_BUSY
 *   there. Each runs in a scope of its own, which ends when it returns.
 *   Scopes and no-GC spans from outside cannot be closed inside.
 * - Inside growth callbacks and root visitors, calls on the store return
 *   GCROOTS_ERROR_BUSY. A root visitor may call gcroots_root_visitor_report().
 * - A wake callback must not call the library at all.
 * - While gcroots_store_free() runs finalizers, calls on the store return
 *   GCROOTS_ERROR_BUSY.
 *
 * gcroots_manually_rooted_unroot_later() may be called in any callback except
 * wake callbacks.
 *
 * --- Undefined behaviour
 *
 * C cannot check the following. The behaviour is undefined if
 *
 * - a pointer to a store, a configuration, an engine, a rec group or a type does
 *   not point to a live one, for instance because a callback freed it during the
 *   call;
 * - `out` is not valid for writing, or another pointer is not valid for what the
 *   function does with it;
 * - the slots of a root range cannot be read and written when the library needs
 *   them;
 * - a C++ exception or a longjmp() leaves a callback through the library.
 *
 * --- Help from compilers
 *
 * Macros after each declaration tell compilers and other tools what the description
 * says. They are empty for a compiler that does not know the attribute, and if
 * GCROOTS_DECLARATIONS_ONLY is defined.
 *
 *   GCROOTS_NODISCARD           The result is owned, so ignoring it leaks. It stands
 *                               before the declaration.
 *   GCROOTS_MAY_COLLECT         The function may collect.
 *   GCROOTS_NEVER_COLLECTS      The function never collects. Clang keeps these two as
 *                               annotations, for tools that read the syntax tree:
 *                               "gcroots_may_collect" and "gcroots_never_collects".
 *   GCROOTS_NONNULL(numbers)    The parameters, by number, that must not be NULL.
 *   GCROOTS_ACCESS(mode, array, count)
 *                               The numbers of an array and of the parameter that
 *                               counts its elements. GCC warns if the array is shorter.
 *   GCROOTS_REQUIRES_STORE(store)
 *                               The calling thread must own the store.
 *   GCROOTS_ACQUIRES_STORE(store)
 *                               The calling thread owns the store if GCROOTS_OK is
 *                               returned.
 *   GCROOTS_RELEASES_STORE(store)
 *                               The calling thread does not own the store afterwards.
 *
 * Two of these checks are on only if the program defines a macro before this header.
 * Both are for builds that are compiled to find mistakes, and not to run. In such builds
 * gcroots_inline.h has no inline code, because the attributes are those of the functions.
 *
 * - GCROOTS_CHECK_NULL: compilers warn if NULL is passed where GCROOTS_NONNULL forbids
 *   it. An optimizer may conclude from the attribute that the caller's pointer is not
 *   NULL, and delete the caller's own tests of it. So the macro is empty in other builds,
 *   where the library's status is what a program can depend on. Analyzers that define
 *   __clang_analyzer__ or __COVERITY__ see the attribute always.
 * - GCROOTS_CHECK_THREADS: Clang's option -Wthread-safety treats each store as a lock
 *   that gcroots_store_new() and gcroots_store_attach() acquire, if they return
 *   GCROOTS_OK, and gcroots_store_detach() and gcroots_store_free() release. It warns of a
 *   call on a store that the function has not acquired, and of a store that is not
 *   released on some path. The program declares its own functions that take a store, and
 *   its callbacks, with GCROOTS_REQUIRES_STORE(store) after the parameters, and a
 *   function that makes a store for its caller with GCROOTS_ACQUIRES_STORE(*out). A
 *   function that is right in a way that Clang does not understand is declared with
 *   GCROOTS_NO_THREAD_CHECK. Clang identifies a store by the expression that names it, so
 *   it takes a copy of the pointer for another store.
 *
 * The section "Blocks" has variables that release what they own at the end of a block.
 */
#ifndef GCROOTS_H
#define GCROOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The version of this header. gcroots_version() is the version of the library. The
   string also names a pre-release, the numbers do not. */
#define GCROOTS_VERSION "1.0.0-alpha.1"
#define GCROOTS_VERSION_MAJOR 1
#define GCROOTS_VERSION_MINOR 0
#define GCROOTS_VERSION_PATCH 0

/* Stands before each function. Define it before this header to add attributes. */
#ifndef GCROOTS_API
#define GCROOTS_API
#endif

/* Whether the compiler knows an attribute of GNU C. */
#if defined(__GNUC__) && defined(__has_attribute) && !defined(GCROOTS_DECLARATIONS_ONLY)
#define GCROOTS_HAS_ATTRIBUTE(name) __has_attribute(name)
#else
#define GCROOTS_HAS_ATTRIBUTE(name) 0
#endif

/* Stands before each function that returns something owned: compilers warn if the
   result is ignored. Define it as nothing to turn the warning off. */
#ifndef GCROOTS_NODISCARD
#if GCROOTS_HAS_ATTRIBUTE(warn_unused_result)
#define GCROOTS_NODISCARD __attribute__((warn_unused_result))
#else
#define GCROOTS_NODISCARD
#endif
#endif

/* One of these stands after each function. Define them before this header for a tool that
   reads another annotation. */
#ifndef GCROOTS_MAY_COLLECT
#if GCROOTS_HAS_ATTRIBUTE(annotate)
#define GCROOTS_MAY_COLLECT __attribute__((annotate("gcroots_may_collect")))
#else
#define GCROOTS_MAY_COLLECT
#endif
#endif
#ifndef GCROOTS_NEVER_COLLECTS
#if GCROOTS_HAS_ATTRIBUTE(annotate)
#define GCROOTS_NEVER_COLLECTS __attribute__((annotate("gcroots_never_collects")))
#else
#define GCROOTS_NEVER_COLLECTS
#endif
#endif

/* The parameters that must not be NULL. Only for builds and tools that check. */
#if GCROOTS_HAS_ATTRIBUTE(nonnull) && \
    (defined(GCROOTS_CHECK_NULL) || defined(__clang_analyzer__) || defined(__COVERITY__))
#define GCROOTS_NONNULL(...) __attribute__((nonnull(__VA_ARGS__)))
#else
#define GCROOTS_NONNULL(...)
#endif

/* An array that is only read or only written, and the number of its elements. Define it as
   nothing to turn the warnings off, for a program that tests wrong numbers. */
#ifndef GCROOTS_ACCESS
#if GCROOTS_HAS_ATTRIBUTE(access)
#define GCROOTS_ACCESS(mode, array, count) __attribute__((access(mode, array, count)))
#else
#define GCROOTS_ACCESS(mode, array, count)
#endif
#endif

/* Which thread owns a store. The structure is declared here for the attribute. */
#if GCROOTS_HAS_ATTRIBUTE(capability) && defined(GCROOTS_CHECK_THREADS)
#define GCROOTS_REQUIRES_STORE(store) __attribute__((requires_capability(store)))
#define GCROOTS_ACQUIRES_STORE(store) __attribute__((try_acquire_capability(0, store)))
#define GCROOTS_RELEASES_STORE(store) __attribute__((release_capability(store)))
#define GCROOTS_NO_THREAD_CHECK __attribute__((no_thread_safety_analysis))
struct __attribute__((capability("store"))) gcroots_store_t;
#else
#define GCROOTS_REQUIRES_STORE(store)
#define GCROOTS_ACQUIRES_STORE(store)
#define GCROOTS_RELEASES_STORE(store)
#define GCROOTS_NO_THREAD_CHECK
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* --- Version ----------------------------------------------------------------- */

/**
 * Returns the version of the library that was loaded, such as "1.0.0". Before a
 * release, it ends in a hyphen and the name of the pre-release ("1.0.0-alpha.1"). The
 * version of the header is GCROOTS_VERSION. Never collects.
 *
 * \return a static string, never NULL
 */
GCROOTS_API const char *gcroots_version(void)
    GCROOTS_NEVER_COLLECTS;

/* --- Statuses and messages ---------------------------------------------------
 *
 * A function that can fail returns a status. The introduction at the top of this header
 * says which statuses any function can return, and in which order errors are checked.
 */

/**
 * The outcome of a call: one of the GCROOTS_OK and GCROOTS_ERROR_... numbers below. They
 * are never renumbered. gcroots_func_call() may also return a number of its callback's
 * choice: see GCROOTS_STATUS_EMBEDDER.
 */
typedef uint32_t gcroots_status_t;

/**
 * The call succeeded.
 */
#define GCROOTS_OK 0

/**
 * A pointer that must not be NULL is NULL.
 */
#define GCROOTS_ERROR_NULL_ARGUMENT 1

/**
 * The function does not accept an argument, because
 *
 * - a number is out of its documented range;
 * - the number of values is not what the type or the function needs;
 * - a handle is manual where a scoped one is needed;
 * - a type declaration is not well formed;
 * - a root range is invalid, or one of its slots holds bits that do not refer to an
 *   object.
 */
#define GCROOTS_ERROR_INVALID_ARGUMENT 2

/**
 * The handle or scope belongs to another store, or to a store that was deleted.
 */
#define GCROOTS_ERROR_WRONG_STORE 3

/**
 * The type belongs to another engine than the store, or a type declaration refers to a
 * type of another engine.
 */
#define GCROOTS_ERROR_WRONG_ENGINE 4

/**
 * The calling thread does not own the store: another thread does, or it is detached.
 */
#define GCROOTS_ERROR_WRONG_THREAD 5

/**
 * The store does not allow this call now, because
 *
 * - a callback is running: see "Callbacks" in the introduction;
 * - a collection in steps is under way: see gcroots_store_gc_start();
 * - the store is being deleted and runs its last finalizers;
 * - the function is gcroots_root_visitor_report(), and no root visitor is running.
 */
#define GCROOTS_ERROR_BUSY 6

/**
 * The handle names nothing that is live in this store, because
 *
 * - the scope of the root was exited;
 * - the handle was unrooted, freed or removed;
 * - its bits were never issued by this store;
 * - it is of a kind that the function does not take, such as a scoped handle where a
 *   manual one is needed.
 */
#define GCROOTS_ERROR_UNROOTED 7

/**
 * A reference is null where an object is needed, or a handle is zeroed where it must
 * name a weak map or the like.
 */
#define GCROOTS_ERROR_NULL_REFERENCE 8

/**
 * An object, value or type is not of the type that is needed, or a cast failed.
 */
#define GCROOTS_ERROR_TYPE_MISMATCH 9

/**
 * The field, element or global is immutable, and the call would write it.
 */
#define GCROOTS_ERROR_IMMUTABLE 10

/**
 * An index, or a range of indices, is not all inside the object, table or type.
 */
#define GCROOTS_ERROR_OUT_OF_BOUNDS 11

/**
 * Scopes or no-GC spans are not nested as the function needs, because
 *
 * - the scope is not open, or was opened outside the callback that is running;
 * - the scope is not the current one, and the function needs the current one;
 * - the no-GC span to close was not opened in the current scope;
 * - no no-GC span is open, and the function works only in one.
 */
#define GCROOTS_ERROR_SCOPE_ORDER 12

/**
 * A no-GC span is open, and
 *
 * - the function is gcroots_store_gc() or gcroots_store_gc_start(); or
 * - an allocation does not fit, the heap has reached its limit or the growth callback
 *   has refused, and a collection might have made room; or
 * - gcroots_pin() would have to collect.
 */
#define GCROOTS_ERROR_NO_GC 13

/**
 * There is no memory, because
 *
 * - the object does not fit within the heap's limit, even after a collection;
 * - the growth callback refused memory, and a collection did not make room;
 * - the system refused memory.
 */
#define GCROOTS_ERROR_OUT_OF_MEMORY 14

/**
 * The call would exceed a limit of the library or of the system on the number of
 * something, such as the 2^31 - 1 roots of each kind that a store can have.
 */
#define GCROOTS_ERROR_LIMIT 15

/**
 * An exception is pending: the function that gcroots_func_call() called threw it, or it
 * was pending before, and nothing was called. gcroots_store_take_exception() takes it.
 */
#define GCROOTS_ERROR_EXCEPTION 16

/**
 * The library found a bug of its own, or a heap that something has overwritten. The
 * store is poisoned: every call on it returns this status, except gcroots_store_attach()
 * and gcroots_store_free().
 */
#define GCROOTS_ERROR_INTERNAL 17

/**
 * The store's collector does not have what the function needs, such as pins.
 */
#define GCROOTS_ERROR_UNSUPPORTED 18

/**
 * The first status of the embedder. The library never returns this number or a greater one
 * of its own accord: only gcroots_func_call() returns them, if a callback does. So a caller
 * can tell a callback's status from the library's. The numbers below that have no name are
 * reserved for the library.
 */
#define GCROOTS_STATUS_EMBEDDER 65536

/**
 * Returns the name of a status, such as "GCROOTS_ERROR_BUSY". Never collects.
 *
 * \return a static string, never NULL; "GCROOTS_UNKNOWN" if the number is not a status
 */
GCROOTS_API const char *gcroots_status_name(gcroots_status_t status)
    GCROOTS_NEVER_COLLECTS;

/**
 * Returns the message of this thread's last failed call: the function's name, a colon, and
 * what was wrong, with the values. A successful call does not change it, except
 * gcroots_set_error(). If the system has no memory for a thread's first message, the message
 * says so instead. Never collects.
 *
 * \return the message (borrowed), at most 255 bytes, valid until the next call on this
 *         thread that fails or sets the message; never NULL; "" before the first failure
 */
GCROOTS_API
const char *gcroots_last_error(void)
    GCROOTS_NEVER_COLLECTS;

/**
 * Sets this thread's last message. Never collects.
 *
 * A callback calls it before it returns a status of its own. gcroots_func_call() then
 * returns that status and leaves the message as it is. Any code may call it, at any time.
 * The library's own messages still replace it: if an allocation fails, its message comes
 * after those that finalizers and growth callbacks have set.
 *
 * \param message the text (borrowed). It is copied. What follows its first 255 bytes is left
 *        out, and so is a character of UTF-8 that they cut
 */
GCROOTS_API
gcroots_status_t gcroots_set_error(const char *message)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1);

/* --- Configuration -----------------------------------------------------------
 *
 * A configuration says how an engine's stores work: their collector, their memory, and
 * checks for debugging. gcroots_engine_new() copies it.
 */

/**
 * A configuration. Use it from one thread at a time.
 */
typedef struct gcroots_config_t gcroots_config_t;

/**
 * The collector of a store's heap: one of the GCROOTS_COLLECTOR_... numbers below.
 */
typedef uint32_t gcroots_collector_t;

/**
 * How much may be allocated between two full collections: see
 * gcroots_config_set_heap_sizing(). Any other number is refused.
 */
typedef uint32_t gcroots_heap_sizing_t;

/**
 * When finalizers run: one of the GCROOTS_FINALIZERS_... numbers below.
 */
typedef uint32_t gcroots_finalizers_t;

/**
 * The library chooses: GCROOTS_COLLECTOR_GENERATIONAL.
 */
#define GCROOTS_COLLECTOR_AUTO 0

/**
 * The null collector: never collects. Objects, and their finalizers, wait for the
 * store's deletion. The least heap limit is 16 KiB.
 */
#define GCROOTS_COLLECTOR_NULL 1

/**
 * Deferred reference counting. Objects never move. There is no second half: objects may
 * occupy all of the limit except one of 40 blocks. The heap consists of blocks of 32 KiB, and
 * an object of more than half a block has blocks to itself. The least heap limit is 64 KiB.
 */
#define GCROOTS_COLLECTOR_DRC 2

/**
 * Semi-space copying: each collection moves all live objects. Half of the heap limit is
 * usable. The least limit is 32 KiB.
 */
#define GCROOTS_COLLECTOR_COPYING 3

/**
 * Generational. New objects are made in a nursery of 64 KiB to 4 MiB. When it is full, a minor
 * collection moves those that are alive to the rest of the heap: its cost depends on what
 * is alive of the new objects, and not on old objects, roots, externrefs or weak maps. A full
 * collection marks the whole heap, frees what is dead in place, and moves the objects of
 * sparsely used blocks together. So each object moves once, and old ones rarely. In a heap of
 * more than some hundred kilobytes it runs in steps, which allocations do, and the program goes on
 * between them. gcroots_store_gc() stops the program for all of it.
 *
 * The heap consists of blocks of 32 KiB, and an object of more than half a block has blocks to
 * itself and never moves. Objects may occupy all of the limit except one of 40 blocks; a heap
 * that is nearly full gives its nursery up. In a no-GC span, twice the nursery stays free
 * besides. The least limit is 64 KiB.
 */
#define GCROOTS_COLLECTOR_GENERATIONAL 4

/**
 * For tests of the library itself. Collects as GCROOTS_COLLECTOR_COPYING does, and finds
 * references that were stored without a barrier. Such a reference poisons the store.
 * Half of the heap limit is usable, and a third space of that size is not counted
 * against the limit. The least limit is 32 KiB.
 */
#define GCROOTS_COLLECTOR_CHECK 5

/**
 * Finalizers run last in each call that may collect, on the calling thread.
 */
#define GCROOTS_FINALIZERS_INLINE 0

/**
 * Finalizers wait until gcroots_store_run_finalizers() or gcroots_store_free() runs them.
 */
#define GCROOTS_FINALIZERS_DEFERRED 1

/**
 * The library decides from the rates of allocation and collection: the square root of their
 * ratio, and of the bytes of the surviving objects. This is the default.
 */
#define GCROOTS_HEAP_SIZING_BALANCED 0

/**
 * A percentage of the bytes of the surviving objects.
 */
#define GCROOTS_HEAP_SIZING_RATIO 1

/**
 * As much as lets full collections take a percentage of the time. At least an eighth of the
 * bytes of the surviving objects, and at most 16 times these.
 */
#define GCROOTS_HEAP_SIZING_TIME_SHARE 2

/**
 * Makes a configuration with the defaults. Never collects.
 *
 * \return the configuration (owned); release it with gcroots_config_free(). NULL if the
 *         system refuses memory.
 */
GCROOTS_API GCROOTS_NODISCARD gcroots_config_t *gcroots_config_new(void)
    GCROOTS_NEVER_COLLECTS;

/**
 * Deletes a configuration. Engines that were made with it are not affected. Never
 * collects.
 *
 * \param config (taken, nullable)
 */
GCROOTS_API void gcroots_config_free(gcroots_config_t *config)
    GCROOTS_NEVER_COLLECTS;

/**
 * Chooses the collector; GCROOTS_COLLECTOR_AUTO if not set. Never collects.
 *
 * \return GCROOTS_ERROR_INVALID_ARGUMENT if `collector` is not the number of a
 *         collector
 */
GCROOTS_API
gcroots_status_t gcroots_config_set_collector(gcroots_config_t *config,
                                              gcroots_collector_t collector)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1);

/**
 * Sets the number of bytes that a store's heap may commit at most, in all its spaces
 * together; 4 GiB if not set. A limit below the collector's least limit is raised to it.
 *
 * A store reserves address space for the whole limit when its first object is made. The
 * copying collector reserves up to 1 MiB more, and GCROOTS_COLLECTOR_CHECK half of the
 * limit more. If the system refuses, for example under `ulimit -v`:
 *
 * - a limit that was set stays, and the call returns GCROOTS_ERROR_OUT_OF_MEMORY;
 * - the default is halved until the system accepts. The member `heap_limit` of
 *   gcroots_stats_t is the limit that is in force.
 *
 * Never collects.
 *
 * \return GCROOTS_ERROR_INVALID_ARGUMENT if `bytes` is 0 or more than 16 GiB
 */
GCROOTS_API
gcroots_status_t gcroots_config_set_heap_limit(gcroots_config_t *config,
                                               size_t bytes)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1);

/**
 * Sets the number of bytes that a store's heap commits at first, in all its spaces
 * together. The heap never shrinks below this size. If it is set, no allocation collects for
 * lack of room before objects fill it: with the copying collector before they fill half of
 * it, which is one of its two spaces. External bytes and gcroots_config_set_stress() may
 * make an allocation collect earlier. 0 is the default: 512 KiB, or the heap limit if that
 * is less. gcroots_engine_new() fails if the size is greater than the heap limit. Never
 * collects.
 */
GCROOTS_API
gcroots_status_t gcroots_config_set_heap_initial(gcroots_config_t *config,
                                                 size_t bytes)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1);

/**
 * Sets the number of bytes that a store may have beside its heap: `side_bytes` in
 * gcroots_stats_t. 0 is the default, and means no limit.
 *
 * A call that needs a larger table for what it makes (roots, scopes, weak handles, weak maps
 * and their entries, externrefs, functions, identity hashes, tables, globals, tags, root
 * ranges and visitors) then returns GCROOTS_ERROR_OUT_OF_MEMORY, and changes nothing.
 * Unrooting, leaving scopes, freeing and collecting never fail for this limit. What they and
 * the collector need, and what the store keeps of types, counts as in use, and may exceed the
 * limit. gcroots_store_trim() makes tables smaller.
 *
 * Never collects.
 */
GCROOTS_API
gcroots_status_t gcroots_config_set_side_limit(gcroots_config_t *config,
                                               size_t bytes)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1);

/**
 * Sets the number of external bytes that a store may have: the memory outside the heap that
 * its externrefs say they keep alive. 0 is the default, and means no limit.
 *
 * A call that makes an externref, or raises the external bytes of one, may bring the sum over
 * the limit. Then it first collects in full and runs the finalizers of what it finds dead. If
 * the bytes do not fit even then, it returns GCROOTS_ERROR_OUT_OF_MEMORY and changes nothing.
 *
 * The bytes of a dead object count until its finalizer runs, as its memory is still there.
 * With GCROOTS_FINALIZERS_DEFERRED, gcroots_store_run_finalizers() makes room; the message
 * says how many bytes wait. Inside a no-GC span the call does not collect and returns
 * GCROOTS_ERROR_NO_GC. GCROOTS_COLLECTOR_NULL never collects, and refuses at once.
 *
 * Never collects.
 */
GCROOTS_API
gcroots_status_t gcroots_config_set_external_limit(gcroots_config_t *config,
                                                   size_t bytes)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1);

/**
 * Sets how much may be allocated after a collection until the next one, in percent of the
 * bytes of the surviving objects. More takes more memory and less time. 0 is the default:
 * the library decides from the rates of allocation and collection, and grants 50 to 400
 * percent (GCROOTS_COLLECTOR_DRC: 50 percent).
 *
 * At least 256 KiB may be allocated in any case, and what is left of the initial size. With
 * many roots it is more. The heap limit may allow less. Never collects.
 */
GCROOTS_API
gcroots_status_t gcroots_config_set_heap_growth(gcroots_config_t *config,
                                                uint32_t percent)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1);

/**
 * Sets how much may be allocated after a full collection until the next one. More takes more
 * memory and less time. gcroots_config_set_heap_growth() sets the same: its percentage is that
 * of GCROOTS_HEAP_SIZING_RATIO, and 0 stands for GCROOTS_HEAP_SIZING_BALANCED.
 *
 * At least 256 KiB may be allocated in any case, and what is left of the initial size. With
 * many roots it is more. The heap limit may allow less. Never collects.
 *
 * \param rule one of the constants
 * \param percent 0 for GCROOTS_HEAP_SIZING_BALANCED; at least 1 for GCROOTS_HEAP_SIZING_RATIO;
 *        1 to 99 for GCROOTS_HEAP_SIZING_TIME_SHARE
 * \return GCROOTS_ERROR_INVALID_ARGUMENT if `rule` is another number, or does not allow
 *         `percent`
 */
GCROOTS_API
gcroots_status_t gcroots_config_set_heap_sizing(gcroots_config_t *config,
                                                gcroots_heap_sizing_t rule,
                                                uint32_t percent)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1);

/**
 * Sets how long a stop of the program should take at most, in microseconds. 0 is the default, and
 * means 1000.
 *
 * A step of a full collection takes a quarter of it, a minor collection at most about two thirds.
 * GCROOTS_COLLECTOR_GENERATIONAL lets its nursery grow while collections of that take much less
 * than this, and makes it smaller when they take nearly as long. It has at least 64 KiB, so a
 * collection that finds much alive may take longer. The other collectors have no nursery. Never
 * collects.
 */
GCROOTS_API
gcroots_status_t gcroots_config_set_pause_budget(gcroots_config_t *config,
                                                 uint32_t microseconds)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1);

/**
 * Sets when an allocation is refused because collecting is in vain: 2 percent if not set.
 * 0 turns this off.
 *
 * Near the heap limit each collection frees little, and the next one follows soon. The
 * library counts the full collections that an allocation needed because the heap could not
 * grow, and that freed less than `percent` of what objects may occupy: of the committed
 * bytes, or with the copying collector of half of them. After five in a row, the next such
 * allocation collects too, and then returns GCROOTS_ERROR_OUT_OF_MEMORY although the object
 * would fit. The count starts anew when a collection frees more, when the heap grows,
 * and with gcroots_store_trim(). Never collects.
 *
 * \return GCROOTS_ERROR_INVALID_ARGUMENT if `percent` is more than 100
 */
GCROOTS_API
gcroots_status_t gcroots_config_set_overhead_limit(gcroots_config_t *config,
                                                   uint32_t percent)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1);

/**
 * Makes stores collect at every n-th allocation outside no-GC spans, to find references
 * that no root keeps alive. 0 turns this off, which is the default. Also makes collections
 * check `unchanged` of root ranges. Never collects.
 */
GCROOTS_API
gcroots_status_t gcroots_config_set_stress(gcroots_config_t *config,
                                           uint32_t every_nth_allocation)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1);

/**
 * Makes each collection move every object that survives, to find references that no root
 * keeps up to date. Off by default. The copying collector always does so.
 * GCROOTS_COLLECTOR_GENERATIONAL leaves large objects, which have blocks of their own, where
 * they are. With a collector that never moves objects (GCROOTS_COLLECTOR_NULL,
 * GCROOTS_COLLECTOR_DRC), gcroots_engine_new() fails. Never collects.
 */
GCROOTS_API
gcroots_status_t gcroots_config_set_move_always(gcroots_config_t *config,
                                                bool on)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1);

/**
 * Sets how many heaps of deleted stores an engine keeps, to reuse them in new stores; 8
 * if not set. Each kept heap has at most 512 KiB resident. With 0 the heap of each
 * deleted store is returned to the system. Never collects.
 *
 * \return GCROOTS_ERROR_INVALID_ARGUMENT if `heaps` is more than 4096
 */
GCROOTS_API
gcroots_status_t gcroots_config_set_pool(gcroots_config_t *config,
                                         size_t heaps)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1);

/**
 * Makes collections fill freed memory with a pattern, to find code that still reads it.
 * Off by default. Never collects.
 */
GCROOTS_API gcroots_status_t gcroots_config_set_poison(gcroots_config_t *config, bool on)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1);

/**
 * Chooses when finalizers run; GCROOTS_FINALIZERS_INLINE if not set. Never collects.
 *
 * With GCROOTS_FINALIZERS_DEFERRED, a call that may collect runs no finalizer, so the
 * program may hold any lock during it. A dead object is freed and its finalizer waits. What
 * only waiting finalizers would release, such as a manual root, stays until they have run.
 *
 * \return GCROOTS_ERROR_INVALID_ARGUMENT if `when` is not one of these numbers
 */
GCROOTS_API
gcroots_status_t gcroots_config_set_finalizers(gcroots_config_t *config,
                                               gcroots_finalizers_t when)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1);

/* --- Engine ------------------------------------------------------------------
 *
 * An engine has what stores share: a configuration, types, and a pool of heaps. It is
 * reference-counted, and each store keeps its engine. Any thread may use an engine at
 * any time.
 */

/**
 * An engine. A pointer to it is a counted reference.
 */
typedef struct gcroots_engine_t gcroots_engine_t;

/**
 * Makes an engine. Never collects.
 *
 * \param config_or_null copied; NULL for the defaults
 * \param[out] out the engine (owned); release it with gcroots_engine_free()
 * \return GCROOTS_ERROR_INVALID_ARGUMENT if the initial heap size exceeds the heap
 *         limit;
 *         GCROOTS_ERROR_INVALID_ARGUMENT if gcroots_config_set_move_always() is on and
 *         the collector never moves objects (GCROOTS_COLLECTOR_NULL,
 *         GCROOTS_COLLECTOR_DRC);
 *         GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory
 */
GCROOTS_API
GCROOTS_NODISCARD
gcroots_status_t gcroots_engine_new(const gcroots_config_t *config_or_null,
                                    gcroots_engine_t **out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(2);

/**
 * Makes one more reference to an engine. Never collects.
 *
 * \param engine (borrowed, nullable)
 * \return the same engine (owned); release it with gcroots_engine_free(). NULL if
 *         `engine` is NULL.
 */
GCROOTS_API
GCROOTS_NODISCARD
gcroots_engine_t *gcroots_engine_clone(const gcroots_engine_t *engine)
    GCROOTS_NEVER_COLLECTS;

/**
 * Releases a reference to an engine. The engine is deleted when its last reference and
 * its last store are gone. Never collects.
 *
 * \param engine (taken, nullable)
 */
GCROOTS_API void gcroots_engine_free(gcroots_engine_t *engine)
    GCROOTS_NEVER_COLLECTS;

/* --- Store -------------------------------------------------------------------
 *
 * A store is a heap with its roots and its host data. It belongs to the thread that made
 * it. Calls from another thread return GCROOTS_ERROR_WRONG_THREAD, until the owner
 * detaches the store and the other thread attaches it.
 */

/**
 * A store.
 */
typedef struct gcroots_store_t gcroots_store_t;

/**
 * Releases `data`. It is called once, after the object, function or store that `data`
 * belongs to has died, or after gcroots_store_set_data() or gcroots_store_set_data_keyed()
 * has replaced `data`. It must return.
 */
typedef void (*gcroots_finalizer_t)(void *data);

/**
 * The statistics of a store: see gcroots_store_stats(). They are as of now, but
 * `objects` and `live_bytes` include the objects that have died since the last
 * collection.
 */
typedef struct {
  /**
   * The number of objects: those that survived the last collection, and those that
   * were made since. The internal objects that hold the contents of tables and globals
   * are included.
   */
  uint64_t objects;
  /**
   * The bytes of those objects.
   */
  uint64_t live_bytes;
  /**
   * The bytes that the heap has committed, in all its spaces together.
   */
  uint64_t committed_bytes;
  /**
   * The external bytes of all objects that no collection has found dead.
   */
  uint64_t external_bytes;
  /**
   * The number of scoped roots, including locals.
   */
  uint64_t scoped_roots;
  /**
   * The highest number of scoped roots so far.
   */
  uint64_t scoped_roots_max;
  /**
   * The number of manual roots.
   */
  uint64_t manual_roots;
  /**
   * The highest number of manual roots so far.
   */
  uint64_t manual_roots_max;
  /**
   * The number of weak handles, including those whose objects have died.
   */
  uint64_t weak_handles;
  /**
   * The highest number of weak handles so far.
   */
  uint64_t weak_handles_max;
  /**
   * The number of collections.
   */
  uint64_t collections;
  /**
   * The bytes of objects that collections have moved.
   */
  uint64_t moved_bytes;
  /**
   * The time that collections have taken, without finalizers, in nanoseconds.
   */
  uint64_t gc_nanoseconds;
  /**
   * The number of finalizers that have run.
   */
  uint64_t finalizers_run;
  /**
   * The number of handles that were passed to gcroots_manually_rooted_unroot_later()
   * and named no live root. They were ignored. A handle is counted when the library
   * finds that it is stale.
   */
  uint64_t stale_unroots;
  /**
   * The most bytes that the heap may commit, in all its spaces together: the limit that
   * is in force, see gcroots_config_set_heap_limit(). The collector rounds it. 0 before
   * the first object is made.
   */
  uint64_t heap_limit;
  /**
   * The bytes of memory that the store has beside its heap: the tables of roots, scopes,
   * weak handles, weak maps, root sources, host data, identity hashes, tables, globals,
   * tags and types, and what the collector has for itself. Parts of the tables that were
   * never used count, although they may take no memory yet. So do the pages that
   * gcroots_store_trim() has given back before the end of a table.
   */
  uint64_t side_bytes;
  /**
   * The number of minor collections, which `collections` includes: those that find a part of
   * the garbage only.
   */
  uint64_t minor_collections;
  /**
   * The bytes of young objects that minor collections have moved to the old blocks.
   * `moved_bytes` includes them.
   */
  uint64_t promoted_bytes;
  /**
   * Reserved: zeros.
   */
  uint64_t reserved[13];
} gcroots_stats_t;

/**
 * Makes a store, which belongs to the calling thread. The store gets its heap when the
 * first object is made. Never collects.
 *
 * \param engine (borrowed); the store keeps a reference of its own
 * \param[out] out the store (owned); release it with gcroots_store_free()
 * \return GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory;
 *         GCROOTS_ERROR_LIMIT if the system has no thread-specific key left;
 *         GCROOTS_ERROR_LIMIT if the calling thread is ending, and has already given up
 *         its stores
 */
GCROOTS_API
GCROOTS_NODISCARD
gcroots_status_t gcroots_store_new(gcroots_engine_t *engine,
                                   gcroots_store_t **out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 2) GCROOTS_ACQUIRES_STORE(*out);

/**
 * Deletes a store with all its objects and roots.
 *
 * First the finalizers of all objects run, then those of the store's data. Calls
 * on the store inside them return GCROOTS_ERROR_BUSY. The store may have open scopes,
 * and a collection in steps may be under way. A poisoned store is deleted in the same
 * way. Other stores return GCROOTS_ERROR_WRONG_STORE for handles of the deleted store,
 * for ever.
 *
 * Never collects: it only runs finalizers.
 *
 * \param store (taken on success, nullable)
 * \return GCROOTS_ERROR_WRONG_THREAD if the calling thread does not own the store;
 *         GCROOTS_ERROR_BUSY inside a callback of the store. After a failure no
 *         finalizer has run.
 */
GCROOTS_API gcroots_status_t gcroots_store_free(gcroots_store_t *store)
    GCROOTS_NEVER_COLLECTS GCROOTS_RELEASES_STORE(store);

/**
 * Gives up a store, so that another thread can attach it. Open scopes and no-GC spans
 * stay open. Until the store is attached, every call on it except gcroots_store_attach()
 * returns GCROOTS_ERROR_WRONG_THREAD. Never collects.
 *
 * \return GCROOTS_ERROR_BUSY inside a callback of the store;
 *         GCROOTS_ERROR_BUSY between the steps of a collection
 */
GCROOTS_API gcroots_status_t gcroots_store_detach(gcroots_store_t *store)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1) GCROOTS_RELEASES_STORE(store);

/**
 * Makes the calling thread the owner of a store.
 *
 * The store must be detached, or its owner thread must have ended. The owner thread may
 * have ended between the steps of a collection, and the store may be poisoned. If the
 * calling thread is the owner already, the call does nothing and succeeds. If several
 * threads attach a store at the same time, one of them succeeds.
 *
 * The child of a fork() has the thread that forked, with its stores. It can attach
 * detached stores. The stores of other threads stay theirs in the child for ever, because
 * the fork may have interrupted a call.
 *
 * Never collects.
 *
 * \return GCROOTS_ERROR_WRONG_THREAD if another thread, which has not ended, owns the
 *         store;
 *         GCROOTS_ERROR_BUSY inside a callback of the store;
 *         GCROOTS_ERROR_BUSY if the calling thread is the owner, between the steps of a
 *         collection;
 *         GCROOTS_ERROR_OUT_OF_MEMORY or GCROOTS_ERROR_LIMIT if the calling thread never
 *         owned a store and cannot be registered: see gcroots_store_new()
 */
GCROOTS_API gcroots_status_t gcroots_store_attach(gcroots_store_t *store)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1) GCROOTS_ACQUIRES_STORE(store);

/**
 * Returns the id of a store: the `store_id` of its handles and scopes. No other store has
 * had this id, and none will. Never collects.
 *
 * \param[out] out the id, which is never 0
 */
GCROOTS_API gcroots_status_t gcroots_store_id(gcroots_store_t *store, uint64_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 2) GCROOTS_REQUIRES_STORE(store);

/**
 * Returns the engine of a store. Never collects.
 *
 * \param[out] out a reference to the engine (owned); release it with gcroots_engine_free()
 * \return GCROOTS_ERROR_LIMIT if the engine has too many references
 */
GCROOTS_API
GCROOTS_NODISCARD
gcroots_status_t gcroots_store_engine(gcroots_store_t *store,
                                      gcroots_engine_t **out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 2) GCROOTS_REQUIRES_STORE(store);

/**
 * Attaches a pointer of the program to a store, in place of the previous one.
 *
 * The finalizer of the previous pointer runs in the next call on the store that may
 * collect. Under the null collector, and with GCROOTS_FINALIZERS_DEFERRED, it waits for
 * gcroots_store_run_finalizers() or the store's deletion, and takes 48 bytes meanwhile. The
 * finalizer of the last pointer runs when the store is deleted, after the finalizers of all
 * objects.
 *
 * Never collects.
 *
 * \param data (taken on success, nullable)
 * \param finalizer_or_null runs with `data`; NULL for none
 * \return GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory to queue the previous
 *         finalizer;
 *         GCROOTS_ERROR_LIMIT if the store has too many externrefs and functions to
 *         queue it
 */
GCROOTS_API
gcroots_status_t gcroots_store_set_data(gcroots_store_t *store,
                                        void *data,
                                        gcroots_finalizer_t finalizer_or_null)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1) GCROOTS_REQUIRES_STORE(store);

/**
 * Gets the pointer that gcroots_store_set_data() has set. Never collects.
 *
 * \param[out] out the pointer (borrowed); NULL if none was set
 */
GCROOTS_API gcroots_status_t gcroots_store_data(gcroots_store_t *store, void **out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 2) GCROOTS_REQUIRES_STORE(store);

/**
 * Attaches a pointer of the program to a store under a key, in place of the pointer that
 * the key had.
 *
 * Each library that uses a store takes the address of a variable of its own as the key. So
 * several libraries can share a store, and the program still has gcroots_store_set_data().
 *
 * The finalizer of the previous pointer runs as gcroots_store_set_data() says. When the
 * store is deleted, the finalizers of the last pointers run: after the finalizers of all
 * objects, in the reverse order in which the keys were set, and before the finalizer of the
 * pointer without a key.
 *
 * Never collects. Cost: in proportion to the number of keys.
 *
 * \param key an address, which the library compares and never follows
 * \param data (taken on success, nullable). With NULL and without a finalizer, the library
 *        forgets the key
 * \param finalizer_or_null runs with `data`; NULL for none
 * \return GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory for a new key, or to
 *         queue the previous finalizer;
 *         GCROOTS_ERROR_LIMIT if the store has too many externrefs and functions to
 *         queue it
 */
GCROOTS_API
gcroots_status_t gcroots_store_set_data_keyed(gcroots_store_t *store,
                                              const void *key,
                                              void *data,
                                              gcroots_finalizer_t finalizer_or_null)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 2) GCROOTS_REQUIRES_STORE(store);

/**
 * Gets the pointer that gcroots_store_set_data_keyed() has set under a key. Never collects.
 * Cost: in proportion to the number of keys.
 *
 * \param key an address, which the library compares and never follows
 * \param[out] out the pointer (borrowed); NULL if none was set
 */
GCROOTS_API
gcroots_status_t gcroots_store_data_keyed(gcroots_store_t *store,
                                          const void *key,
                                          void **out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 2, 3) GCROOTS_REQUIRES_STORE(store);

/**
 * Collects everything that is unreachable. May collect. Hold no lock that a finalizer
 * takes.
 *
 * - Normally: when it returns, every object that was unreachable has been freed and
 *   finalized, including objects that became unreachable through those finalizers.
 * - With GCROOTS_FINALIZERS_DEFERRED: when it returns, every object that was unreachable
 *   has been freed, and its finalizer waits. Objects that only waiting finalizers would
 *   release stay.
 * - Inside a finalizer: it collects once. The finalizers that this makes due run after
 *   the one that is running.
 * - Under the null collector: it does nothing.
 *
 * \return GCROOTS_ERROR_NO_GC if a no-GC span is open;
 *         GCROOTS_ERROR_INVALID_ARGUMENT or GCROOTS_ERROR_OUT_OF_MEMORY if a root range,
 *         or the report of a root visitor, is refused: see the sections "Root ranges"
 *         and "Root visitors"
 */
GCROOTS_API gcroots_status_t gcroots_store_gc(gcroots_store_t *store)
    GCROOTS_MAY_COLLECT GCROOTS_NONNULL(1) GCROOTS_REQUIRES_STORE(store);

/**
 * Collects as gcroots_store_gc() does, and then gives back to the system all memory that an
 * idle store does not need: of its heap, and of its tables of roots, scopes, weak handles,
 * host data and the like. May collect. Hold no lock that a finalizer takes.
 *
 * - The heap keeps what it has committed at first, but nothing of that is resident where no
 *   object is.
 * - A table gives back whole pages. Manual roots, externrefs, functions, and handles of weak
 *   references, weak maps, tables, globals and root sources that are still alive keep the page
 *   that they are in. In other tables, things that are still alive keep all pages before them.
 * - Room that gcroots_scope_reserve() has made is given back too.
 * - Handles that have ended stay refused for ever, also when their memory is used again.
 *
 * The next calls get memory from the system again, and so take longer. Under the null
 * collector nothing is collected, and the unused memory is given back.
 *
 * Cost: that of gcroots_store_gc(), and in proportion to the tables.
 *
 * \return GCROOTS_ERROR_NO_GC if a no-GC span is open;
 *         GCROOTS_ERROR_INVALID_ARGUMENT or GCROOTS_ERROR_OUT_OF_MEMORY if a root range,
 *         or the report of a root visitor, is refused: see gcroots_store_gc()
 */
GCROOTS_API
gcroots_status_t gcroots_store_trim(gcroots_store_t *store)
    GCROOTS_MAY_COLLECT GCROOTS_NONNULL(1) GCROOTS_REQUIRES_STORE(store);

/**
 * Ends all manual roots that gcroots_manually_rooted_unroot_later() has queued so far.
 * Never collects, so the objects of those roots stay until the next collection.
 *
 * An owner that is idle calls this now and then. The owner does the same in part whenever
 * it makes a root, and completely whenever it collects.
 *
 * Works in no-GC spans too.
 *
 * Cost: in proportion to the queued roots.
 */
GCROOTS_API gcroots_status_t gcroots_store_drain_unroots(gcroots_store_t *store)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1) GCROOTS_REQUIRES_STORE(store);

/**
 * Runs the finalizers that wait, at most `most` of them. Finalizers that become due
 * meanwhile wait for the next call. May collect, if a finalizer does. Hold no lock that
 * a finalizer takes.
 *
 * - Finalizers wait if the engine was configured with GCROOTS_FINALIZERS_DEFERRED. Under
 *   the null collector the finalizers of replaced store data wait.
 * - Otherwise the calls that may collect have run most finalizers already, and this
 *   function runs the rest.
 * - Inside a finalizer it runs none, and tells how many wait.
 *
 * Works in no-GC spans too.
 *
 * \param[out] out_left the number of finalizers that wait when the call returns
 * \return GCROOTS_ERROR_INTERNAL if a finalizer found the store corrupt
 */
GCROOTS_API
gcroots_status_t gcroots_store_run_finalizers(gcroots_store_t *store,
                                              size_t most,
                                              size_t *out_left)
    GCROOTS_MAY_COLLECT GCROOTS_NONNULL(1, 3) GCROOTS_REQUIRES_STORE(store);

/**
 * Begins a collection in steps. gcroots_store_gc_step() and gcroots_store_gc_step_for() do
 * the steps.
 *
 * Under the generational collector the store takes all calls between the steps, and
 * allocations do steps as well. If such a collection is under way already, the steps
 * complete it first and then another one, so that all that is unreachable now is freed.
 *
 * Under the other collectors, and in a heap whose limit is below 256 KiB, every call on the
 * store returns GCROOTS_ERROR_BUSY until the collection is over, except
 * gcroots_store_gc_step(), gcroots_store_gc_step_for(), gcroots_store_gc_cancel(),
 * gcroots_store_stats(), gcroots_store_free(), and gcroots_store_attach() after the owner
 * thread has ended. gcroots_manually_rooted_unroot_later() may be called, and takes effect
 * after the collection. Under the null collector, and before the first object is made, the
 * first step ends the collection.
 *
 * Never collects by itself.
 *
 * Cost: bounded. The first steps end the roots that wait to be unrooted.
 *
 * \return GCROOTS_ERROR_BUSY if a collection is under way during which the store is busy;
 *         GCROOTS_ERROR_BUSY inside a callback of the store;
 *         GCROOTS_ERROR_NO_GC if a no-GC span is open
 */
GCROOTS_API
gcroots_status_t gcroots_store_gc_start(gcroots_store_t *store)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1) GCROOTS_REQUIRES_STORE(store);

/**
 * Does one step of the collection that gcroots_store_gc_start() began, or that allocations
 * have begun. May collect. Hold no lock that a finalizer takes.
 *
 * - The first step calls the root visitors, reads the root ranges and updates their
 *   slots. Under the generational collector it first runs a minor collection, which takes
 *   no more than the pause budget beyond the step's own; so does the step in which marking
 *   ends. The steps then read the root ranges again, as far as the budget goes.
 * - The last step runs the finalizers of the objects that were unreachable when the
 *   collection began, once each, or lets them wait with GCROOTS_FINALIZERS_DEFERRED.
 *   Objects that become unreachable through these finalizers are left to the next
 *   collection.
 * - If no collection is under way, the call does nothing, and `out` is true.
 *
 * Under the generational collector, finalizers may run in the steps before the last one.
 *
 * \param budget the work of this step, in bytes: about as much as it takes to trace
 *        objects of that size. Each step makes some progress, also with 0.
 * \param[out] out whether the collection is over
 * \return GCROOTS_ERROR_INVALID_ARGUMENT or GCROOTS_ERROR_OUT_OF_MEMORY from a step that
 *         reads root ranges, if one, or the report of a root visitor, is refused: see the
 *         sections "Root ranges" and "Root visitors". Nothing has been collected then,
 *         and the step may be repeated;
 *         GCROOTS_ERROR_NO_GC if a no-GC span is open and a collection is under way
 */
GCROOTS_API
gcroots_status_t gcroots_store_gc_step(gcroots_store_t *store,
                                       size_t budget,
                                       bool *out)
    GCROOTS_MAY_COLLECT GCROOTS_NONNULL(1, 3) GCROOTS_REQUIRES_STORE(store);

/**
 * Does steps of a collection, as gcroots_store_gc_step() does, until a time is over. May
 * collect. Hold no lock that a finalizer takes.
 *
 * Finalizers, and the root visitors in the first step, take their time besides. Under the
 * generational collector a minor collection may take as long as the pause budget. It begins a
 * call, if so much of the time is not left when it is due.
 *
 * \param microseconds the time, as wall time. At least one small step is done, also with 0.
 * \param[out] out_more whether the collection is not over
 * \return as gcroots_store_gc_step()
 */
GCROOTS_API
gcroots_status_t gcroots_store_gc_step_for(gcroots_store_t *store,
                                           uint64_t microseconds,
                                           bool *out_more)
    GCROOTS_MAY_COLLECT GCROOTS_NONNULL(1, 3) GCROOTS_REQUIRES_STORE(store);

/**
 * Ends the collection that gcroots_store_gc_start() began, or that allocations have begun.
 * May collect. Hold no lock that a finalizer takes.
 *
 * - If no step has been done, nothing is collected, as if the collection had not begun.
 * - If a step has been done, the rest is done now, as by gcroots_store_gc_step() with an
 *   unlimited budget. Finalizers run as in its last step. Under the generational collector
 *   this holds only once marking has ended. Before that, the marks are dropped, and nothing is
 *   collected.
 * - If no collection is under way, the call does nothing.
 */
GCROOTS_API
gcroots_status_t gcroots_store_gc_cancel(gcroots_store_t *store)
    GCROOTS_MAY_COLLECT GCROOTS_NONNULL(1) GCROOTS_REQUIRES_STORE(store);

/**
 * Checks the whole store, for debugging: every object, reference, root, table and
 * global, the structures behind them, and the root ranges. Never collects.
 *
 * Cost: in proportion to the heap.
 *
 * \return GCROOTS_ERROR_INTERNAL if anything but a root range is wrong; this poisons the
 *         store;
 *         GCROOTS_ERROR_INVALID_ARGUMENT if a root range is wrong and nothing else is;
 *         GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses the memory for checking
 */
GCROOTS_API gcroots_status_t gcroots_store_verify(gcroots_store_t *store)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1) GCROOTS_REQUIRES_STORE(store);

/**
 * Gets a store's statistics. Works between the steps of a collection too. Never
 * collects.
 *
 * \param[out] out 256 bytes in every version of the library; unused ones are 0
 */
GCROOTS_API
gcroots_status_t gcroots_store_stats(gcroots_store_t *store,
                                     gcroots_stats_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 2) GCROOTS_REQUIRES_STORE(store);

/* --- Pauses ------------------------------------------------------------------
 *
 * A store measures how long its collections stop the program, and counts the stops in
 * histograms, one for each kind of stop. Each stop is counted once, with the time by the
 * clock. Finalizers, root visitors and the growth callback are not included.
 *
 * A call may stop the program more than once: an allocation that a minor collection did not
 * help runs a full one too, and gcroots_store_gc() repeats while finalizers release objects.
 */

/**
 * What stops the program: one of the GCROOTS_PAUSE_... numbers below.
 */
typedef uint32_t gcroots_pause_kind_t;

/**
 * The pauses of one kind since the store was made: see gcroots_store_pauses().
 *
 * A percentile is at most an eighth too high, and never higher than the maximum. Below 4096
 * nanoseconds it is at most 4095; from 2^32 nanoseconds on it is the maximum. If the system
 * has refused memory for the histogram, the percentiles leave out the pauses until it
 * granted memory.
 */
typedef struct {
  /**
   * The number of pauses.
   */
  uint64_t count;
  /**
   * The time of all pauses together, in nanoseconds.
   */
  uint64_t total_nanoseconds;
  /**
   * The longest pause, in nanoseconds.
   */
  uint64_t max_nanoseconds;
  /**
   * Half of the pauses take at most this time, in nanoseconds.
   */
  uint64_t p50;
  /**
   * 90 percent of the pauses take at most this time, in nanoseconds.
   */
  uint64_t p90;
  /**
   * 99 percent of the pauses take at most this time, in nanoseconds.
   */
  uint64_t p99;
  /**
   * 99.9 percent of the pauses take at most this time, in nanoseconds.
   */
  uint64_t p99_9;
  /**
   * 99.99 percent of the pauses take at most this time, in nanoseconds.
   */
  uint64_t p99_99;
  /**
   * Reserved: zeros.
   */
  uint64_t reserved[8];
} gcroots_pauses_t;

/**
 * A minor collection for an allocation. A step of a full collection that follows it is
 * included.
 */
#define GCROOTS_PAUSE_MINOR 0

/**
 * A step of a full collection that runs in steps: one that allocations pay for, or one of
 * gcroots_store_gc_step() or gcroots_store_gc_cancel().
 */
#define GCROOTS_PAUSE_STEP 1

/**
 * The stop in which the marking of a full collection ends, if the program runs between its
 * steps. This stop is counted here, and not as a minor collection or a step.
 */
#define GCROOTS_PAUSE_MARK_END 2

/**
 * Moving objects out of sparsely used blocks. No collector counts it yet.
 */
#define GCROOTS_PAUSE_EVACUATION 3

/**
 * A full collection at once.
 */
#define GCROOTS_PAUSE_FULL 4

/**
 * Gets a store's pauses of one kind. All are 0 if there was none. Works between the steps of
 * a collection too. Never collects.
 *
 * Cost: constant. A histogram takes less than 1 KiB, which is in the `side_bytes` of
 * gcroots_store_stats(). The first pause of its kind makes it.
 *
 * \param kind one of the GCROOTS_PAUSE_... numbers
 * \param[out] out 128 bytes in every version of the library; unused ones are 0
 * \return GCROOTS_ERROR_INVALID_ARGUMENT if `kind` is not one of these numbers
 */
GCROOTS_API
gcroots_status_t gcroots_store_pauses(gcroots_store_t *store,
                                      gcroots_pause_kind_t kind,
                                      gcroots_pauses_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 3) GCROOTS_REQUIRES_STORE(store);

/* --- Growth ------------------------------------------------------------------
 *
 * The growth callback of an engine decides whether the heap of a store may commit more
 * memory than it commits at first (gcroots_config_set_heap_initial()). Without a
 * callback a heap grows up to its limit.
 *
 * The callback may free other memory of the program before it answers, and may call
 * gcroots_manually_rooted_unroot_later(). If it refuses, the heap is collected. If that
 * makes no room, the allocation returns GCROOTS_ERROR_OUT_OF_MEMORY. In a no-GC span
 * nothing is collected, and the allocation returns GCROOTS_ERROR_NO_GC. Under the null
 * collector nothing is collected, and the allocation returns
 * GCROOTS_ERROR_OUT_OF_MEMORY.
 */

/**
 * Returns whether a store's heap, which has committed `committed_bytes`, may have
 * committed `wanted_bytes`. Both are for all spaces of the heap together.
 *
 * It is called on the thread that allocates. So the stores of one engine may call it at
 * the same time. Inside it, calls on `store` return GCROOTS_ERROR_BUSY;
 * gcroots_manually_rooted_unroot_later() may be called. It must return.
 */
typedef bool (*gcroots_grow_callback_t)(void *env,
                                        gcroots_store_t *store,
                                        size_t committed_bytes,
                                        size_t wanted_bytes);

/**
 * Sets the growth callback for the stores of all engines that are made with this
 * configuration. Never collects.
 *
 * \param callback_or_null the callback; NULL for none
 * \param env passed to the callback (borrowed, nullable); it must live as long as the
 *        engines and their stores
 */
GCROOTS_API
gcroots_status_t gcroots_config_set_grow_callback(gcroots_config_t *config,
                                                  gcroots_grow_callback_t callback_or_null,
                                                  void *env)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1);

/**
 * Sets the growth callback as gcroots_config_set_grow_callback() does, and a finalizer for
 * its `env`. Never collects.
 *
 * The finalizer runs once, after the last of these is gone: the configuration, or its use of
 * this callback, the engines that were made with it, and their stores. It runs on the thread
 * that releases the last one, inside the function that does so. There, the store or engine
 * does not exist any more; other ones may be used.
 *
 * \param callback_or_null the callback; NULL for none
 * \param env passed to the callback (taken on success, nullable)
 * \param finalizer_or_null runs with `env`; NULL for none
 * \return GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory for the finalizer; the
 *         configuration has not changed
 */
GCROOTS_API
gcroots_status_t gcroots_config_set_grow_callback_finalized(gcroots_config_t *config,
                                                            gcroots_grow_callback_t callback_or_null,
                                                            void *env,
                                                            gcroots_finalizer_t finalizer_or_null)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1);

/* --- Wake-up -----------------------------------------------------------------
 *
 * The wake callback of an engine tells that a store has something to do, so that an owner
 * that waits for other events learns of it.
 *
 * It comes once for each change from nothing to something. Until the owner has done all of
 * it, more of the same kind brings no other call.
 */

/**
 * What a store has to do: one of the GCROOTS_WAKE_... numbers below.
 */
typedef uint32_t gcroots_wake_t;

/**
 * Tells that `store` has something to do: `kind`.
 *
 * Several threads may call it at the same time. It must not call the library, and must
 * return at once: the library may hold a lock, so it must not wait for a lock that another
 * thread holds during a call of the library. To write to an eventfd, to post a semaphore and
 * to set an atomic flag are fine. `store` only tells which store it is.
 */
typedef void (*gcroots_wake_callback_t)(void *env,
                                        gcroots_store_t *store,
                                        gcroots_wake_t kind);

/**
 * Deferred finalizers wait for gcroots_store_run_finalizers(). The call comes on the
 * owner's thread. It comes only with GCROOTS_FINALIZERS_DEFERRED.
 */
#define GCROOTS_WAKE_FINALIZERS 0

/**
 * Roots that were given to gcroots_manually_rooted_unroot_later() wait for
 * gcroots_store_drain_unroots(). The call comes inside
 * gcroots_manually_rooted_unroot_later(), on any thread.
 */
#define GCROOTS_WAKE_UNROOTS 1

/**
 * Sets the wake callback for the stores of all engines that are made with this
 * configuration. Never collects.
 *
 * \param callback_or_null the callback; NULL for none
 * \param env passed to the callback (borrowed, nullable); it must live as long as the
 *        engines and their stores
 */
GCROOTS_API
gcroots_status_t gcroots_config_set_wake_callback(gcroots_config_t *config,
                                                  gcroots_wake_callback_t callback_or_null,
                                                  void *env)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1);

/* --- References --------------------------------------------------------------
 *
 * A handle is 16 bytes of plain data that name a root in a store. Copying the bytes
 * makes no new root. Any bits may be passed to functions: the library checks that they
 * name a live root of the store.
 *
 * A function that takes a gcroots_ref_t takes scoped and manual handles (borrowed). Pass
 * the `ref` of a gcroots_manually_rooted_t for a manual one.
 */

/**
 * Names a root. If `store_id` is 0, it is the null reference, whatever the other fields
 * are.
 */
typedef struct {
  /**
   * The id of the store.
   */
  uint64_t store_id;
  /**
   * Tells apart the roots that have used the slot, one after another.
   */
  uint32_t generation;
  /**
   * The number of the slot. The highest bit is set in manual handles.
   */
  uint32_t index;
} gcroots_ref_t;

/**
 * Returns whether two handles are copies of one handle, that is, have the same bits. All
 * null handles are the same. Never collects.
 *
 * No store is asked. Two different handles may refer to the same object: see
 * gcroots_ref_eq().
 */
GCROOTS_API bool gcroots_ref_same_root(gcroots_ref_t a, gcroots_ref_t b)
    GCROOTS_NEVER_COLLECTS;

/**
 * Tests whether two handles refer to the same object or the same i31, or both to null.
 * Never collects.
 *
 * \return GCROOTS_ERROR_WRONG_STORE if `a` or `b` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `a` or `b` is stale
 */
GCROOTS_API
gcroots_status_t gcroots_ref_eq(gcroots_store_t *store,
                                gcroots_ref_t a,
                                gcroots_ref_t b,
                                bool *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 4) GCROOTS_REQUIRES_STORE(store);

/**
 * Gets a hash of an object's identity. It stays the same when the object moves, and does
 * not depend on what the object or its host data contain. The hash of null is 0. Never
 * collects.
 *
 * \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref` is stale;
 *         GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory; this can happen only
 *         the first time that an object's hash is asked for
 */
GCROOTS_API
gcroots_status_t gcroots_ref_hash(gcroots_store_t *store,
                                  gcroots_ref_t ref,
                                  uint64_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 3) GCROOTS_REQUIRES_STORE(store);

/**
 * Makes a scoped root refer to another object, or to null. All copies of `dst` see the
 * change. Never collects.
 *
 * \param dst a scoped handle of any open scope
 * \param src_or_null a scoped or manual handle (borrowed), or null
 * \return GCROOTS_ERROR_NULL_REFERENCE if `dst` is null;
 *         GCROOTS_ERROR_WRONG_STORE if `dst` or `src_or_null` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `dst` or `src_or_null` is stale;
 *         GCROOTS_ERROR_INVALID_ARGUMENT if `dst` is a manual handle
 */
GCROOTS_API
gcroots_status_t gcroots_ref_assign(gcroots_store_t *store,
                                    gcroots_ref_t dst,
                                    gcroots_ref_t src_or_null)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1) GCROOTS_REQUIRES_STORE(store);

/* --- Scopes ------------------------------------------------------------------
 *
 * A scope groups scoped roots. When the scope ends, all roots that were made in it end,
 * and all no-GC spans that were opened in it are closed.
 *
 * Scopes nest. Outside all of them is the store itself: roots that are made while no
 * scope is open live as long as the store.
 *
 * A callback cannot end scopes that were opened before it began: they return
 * GCROOTS_ERROR_SCOPE_ORDER there.
 */

/**
 * Names an open scope. Any bits may be passed to functions.
 */
typedef struct {
  /**
   * The id of the store.
   */
  uint64_t store_id;
  /**
   * The number of the scope. A store never issues a number twice, and never issues 0.
   */
  uint64_t serial;
} gcroots_scope_t;

/**
 * Enters a scope, which becomes the current scope. Never collects.
 *
 * \param[out] out names the scope, for gcroots_scope_exit(), gcroots_scope_unwind() and
 *             gcroots_scope_escape()
 * \return GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory
 */
GCROOTS_API
gcroots_status_t gcroots_scope_enter(gcroots_store_t *store,
                                     gcroots_scope_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 2) GCROOTS_REQUIRES_STORE(store);

/**
 * Ends the current scope. Never collects.
 *
 * \return GCROOTS_ERROR_WRONG_STORE if `scope` belongs to another store;
 *         GCROOTS_ERROR_SCOPE_ORDER if `scope` is not the current scope, or has ended
 */
GCROOTS_API
gcroots_status_t gcroots_scope_exit(gcroots_store_t *store,
                                    gcroots_scope_t scope)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1) GCROOTS_REQUIRES_STORE(store);

/**
 * Ends a scope and all scopes inside it, for early returns, longjmp() and the like.
 * Never collects.
 *
 * \return GCROOTS_ERROR_WRONG_STORE if `scope` belongs to another store;
 *         GCROOTS_ERROR_SCOPE_ORDER if `scope` is not open, or was opened before the
 *         callback that is running began
 */
GCROOTS_API
gcroots_status_t gcroots_scope_unwind(gcroots_store_t *store,
                                      gcroots_scope_t scope)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1) GCROOTS_REQUIRES_STORE(store);

/**
 * Ends the current scope and keeps one object alive, with a new root in the enclosing
 * scope. After a failure the scope is still open. Never collects.
 *
 * \param ref a scoped or manual handle of the store, or null (borrowed)
 * \param[out] out the new handle, in the enclosing scope; null if `ref` is null or a
 *             local that holds null
 * \return GCROOTS_ERROR_WRONG_STORE if `scope` or `ref` belongs to another store;
 *         GCROOTS_ERROR_SCOPE_ORDER if `scope` is not the current scope, or has ended;
 *         GCROOTS_ERROR_UNROOTED if `ref` is stale;
 *         GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory for the new root;
 *         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root
 */
GCROOTS_API
gcroots_status_t gcroots_scope_escape(gcroots_store_t *store,
                                      gcroots_scope_t scope,
                                      gcroots_ref_t ref,
                                      gcroots_ref_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 4) GCROOTS_REQUIRES_STORE(store);

/**
 * Reserves memory for `roots` more scoped roots, so that making them needs no memory.
 * Never collects.
 *
 * \return GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses the memory;
 *         GCROOTS_ERROR_LIMIT if the store has fewer slots left for scoped roots
 */
GCROOTS_API gcroots_status_t gcroots_scope_reserve(gcroots_store_t *store, size_t roots)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1) GCROOTS_REQUIRES_STORE(store);

/* --- Locals ------------------------------------------------------------------
 *
 * A local is a scoped root that can be changed: gcroots_ref_assign() makes it refer to
 * another object, or to null. gcroots_struct_get_ref_into(), and the same function of
 * arrays, tables and globals, read a reference into a local. So a loop can use one root for
 * all its iterations.
 *
 * A local that holds null behaves as null in every function that takes the store. But its
 * bits are not those of null: for such a local, gcroots_ref_is_null() and
 * gcroots_ref_same_root(), which look at the bits only, return false. Test a local with
 * gcroots_local_is_null().
 */

/**
 * Makes a local in the current scope. Never collects.
 *
 * \param ref_or_null a scoped or manual handle (borrowed), or null: what the local holds
 *        at first
 * \param[out] out the handle of the local
 * \return GCROOTS_ERROR_WRONG_STORE if `ref_or_null` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref_or_null` is stale;
 *         GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory for the new root;
 *         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root
 */
GCROOTS_API
gcroots_status_t gcroots_local_new(gcroots_store_t *store,
                                   gcroots_ref_t ref_or_null,
                                   gcroots_ref_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 3) GCROOTS_REQUIRES_STORE(store);

/**
 * Tests whether a local holds null. Never collects.
 *
 * Cost: constant, a few instructions.
 *
 * \param ref a local, or any other scoped or manual handle (borrowed), or null
 * \param[out] out whether `ref` is null, or a local that holds null
 * \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref` is stale
 */
GCROOTS_API
gcroots_status_t gcroots_local_is_null(gcroots_store_t *store,
                                       gcroots_ref_t ref,
                                       bool *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 3) GCROOTS_REQUIRES_STORE(store);

/* --- Manual roots ------------------------------------------------------------
 *
 * A manual root lives until it is unrooted. Manual roots may be unrooted in any order,
 * and do not depend on scopes.
 *
 * The handle owns the root. After the root was unrooted, each copy of the handle is
 * stale: using it, or unrooting it again, returns GCROOTS_ERROR_UNROOTED. The functions
 * of this section take null handles. For a scoped handle those that take a
 * gcroots_manually_rooted_t return GCROOTS_ERROR_UNROOTED.
 */

/**
 * Owns a manual root. To read the object, pass `ref` (borrowed) to functions that take a
 * gcroots_ref_t.
 */
typedef struct {
  /**
   * The handle.
   */
  gcroots_ref_t ref;
} gcroots_manually_rooted_t;

/**
 * Makes a manual root for the object that a handle refers to. Never collects.
 *
 * \param ref a scoped or manual handle (borrowed), or null
 * \param[out] out the new root (owned); release it with
 *             gcroots_manually_rooted_unroot(). Null if `ref` is null or a local that
 *             holds null.
 * \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref` is stale;
 *         GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory for the new root;
 *         GCROOTS_ERROR_LIMIT if the store has no slot left for a manual root
 */
GCROOTS_API
GCROOTS_NODISCARD
gcroots_status_t gcroots_ref_to_manually_rooted(gcroots_store_t *store,
                                                gcroots_ref_t ref,
                                                gcroots_manually_rooted_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 3) GCROOTS_REQUIRES_STORE(store);

/**
 * Makes another manual root for the object of a manual root. Never collects.
 *
 * \param handle a manual handle (borrowed), or null
 * \param[out] out the new root (owned); release it with
 *             gcroots_manually_rooted_unroot(). Null if `handle` is null.
 * \return GCROOTS_ERROR_WRONG_STORE if `handle` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `handle` is stale or scoped;
 *         GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory for the new root;
 *         GCROOTS_ERROR_LIMIT if the store has no slot left for a manual root
 */
GCROOTS_API
GCROOTS_NODISCARD
gcroots_status_t gcroots_manually_rooted_clone(gcroots_store_t *store,
                                               gcroots_manually_rooted_t handle,
                                               gcroots_manually_rooted_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 3) GCROOTS_REQUIRES_STORE(store);

/**
 * Ends a manual root and sets the handle to null. Copies of the handle become stale.
 * Does nothing if the handle is null. Never collects.
 *
 * \param[in,out] handle (the root is taken)
 * \return GCROOTS_ERROR_WRONG_STORE if `handle` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `handle` is stale or scoped. After a failure the
 *         handle is unchanged.
 */
GCROOTS_API
gcroots_status_t gcroots_manually_rooted_unroot(gcroots_store_t *store,
                                                gcroots_manually_rooted_t *handle)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 2) GCROOTS_REQUIRES_STORE(store);

/**
 * Sets the handle to null now, and has the root ended later by the store's owner.
 *
 * Any thread may call this at any time, also inside callbacks. It does not need the
 * store, and does nothing if the store was deleted. The root ends when the owner next
 * collects or calls gcroots_store_drain_unroots(). It may end earlier, when the owner
 * makes a root: each new root ends a bounded number of those that wait. Until then copies
 * of the handle stay valid. A
 * handle that names no live manual root is ignored, and counted in gcroots_stats_t's
 * `stale_unroots`.
 *
 * Never collects. Needs no memory.
 *
 * \param[in,out] handle (the root is taken); it may be null
 * \return GCROOTS_OK for every handle; GCROOTS_ERROR_NULL_ARGUMENT if `handle` is a NULL
 *         pointer. So a caller that passes the address of a handle may ignore the status
 */
GCROOTS_API
gcroots_status_t gcroots_manually_rooted_unroot_later(gcroots_manually_rooted_t *handle)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1);

/**
 * Makes a scoped root for the object of a manual root. Never collects.
 *
 * \param handle a manual handle (borrowed), or null
 * \param[out] out the new handle, in the current scope; null if `handle` is null
 * \return GCROOTS_ERROR_WRONG_STORE if `handle` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `handle` is stale or scoped;
 *         GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory for the new root;
 *         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root
 */
GCROOTS_API
gcroots_status_t gcroots_manually_rooted_to_rooted(gcroots_store_t *store,
                                                   gcroots_manually_rooted_t handle,
                                                   gcroots_ref_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 3) GCROOTS_REQUIRES_STORE(store);

/**
 * Turns a manual root into a scoped root: makes a scoped root for its object, ends the
 * manual root and sets its handle to null. After a failure the manual root is unchanged.
 * Never collects.
 *
 * \param[in,out] handle (the root is taken); it may be null
 * \param[out] out the new handle, in the current scope; null if `handle` is null. It may
 *             be `&handle->ref`, which is the new handle then.
 * \return GCROOTS_ERROR_WRONG_STORE if `handle` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `handle` is stale or scoped;
 *         GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory for the new root;
 *         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root
 */
GCROOTS_API
gcroots_status_t gcroots_manually_rooted_into_rooted(gcroots_store_t *store,
                                                     gcroots_manually_rooted_t *handle,
                                                     gcroots_ref_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 2, 3) GCROOTS_REQUIRES_STORE(store);

/* --- Weak handles ------------------------------------------------------------
 *
 * A weak handle names an object and does not keep it alive. To use the object, upgrade
 * the weak handle to a scoped root.
 *
 * A collection that finds the object dead clears its weak handles, before any finalizer
 * runs. A cleared handle stays until it is freed. Weak handles do not depend on scopes.
 * Under the null collector no object dies, and no weak handle is cleared.
 *
 * A weak handle is not a gcroots_ref_t, and its bits are not valid as one.
 */

/**
 * Names an object weakly. If `store_id` is 0, it is the null handle, whatever the other
 * fields are.
 */
typedef struct {
  /**
   * The id of the store.
   */
  uint64_t store_id;
  /**
   * Tells apart the weak handles that have used the slot, one after another.
   */
  uint32_t generation;
  /**
   * The number of the slot.
   */
  uint32_t index;
} gcroots_weak_t;

/**
 * Makes a weak handle for what a handle refers to. A weak handle for an i31 is never
 * cleared. Never collects.
 *
 * \param ref a scoped or manual handle (borrowed), or null
 * \param[out] out the weak handle (owned); release it with gcroots_weak_free(). Null if
 *             `ref` is null or a local that holds null.
 * \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref` is stale;
 *         GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory for the weak handle;
 *         GCROOTS_ERROR_LIMIT if the store has no slot left for a weak handle
 */
GCROOTS_API
GCROOTS_NODISCARD
gcroots_status_t gcroots_weak_new(gcroots_store_t *store,
                                  gcroots_ref_t ref,
                                  gcroots_weak_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 3) GCROOTS_REQUIRES_STORE(store);

/**
 * Makes a scoped root for the object of a weak handle. Never collects.
 *
 * \param weak a weak handle (borrowed), or null
 * \param[out] out the new handle, in the current scope; null if a collection has found
 *             the object dead, or if `weak` is null
 * \return GCROOTS_ERROR_WRONG_STORE if `weak` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `weak` was freed;
 *         GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory for the new root;
 *         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root
 */
GCROOTS_API
gcroots_status_t gcroots_weak_upgrade(gcroots_store_t *store,
                                      gcroots_weak_t weak,
                                      gcroots_ref_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 3) GCROOTS_REQUIRES_STORE(store);

/**
 * Ends a weak handle and sets it to zeros. Copies of it become stale. Does nothing if it
 * is null. Never collects.
 *
 * \param[in,out] weak (taken)
 * \return GCROOTS_ERROR_WRONG_STORE if `weak` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `weak` was freed. After a failure the handle is
 *         unchanged.
 */
GCROOTS_API
gcroots_status_t gcroots_weak_free(gcroots_store_t *store,
                                   gcroots_weak_t *weak)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 2) GCROOTS_REQUIRES_STORE(store);

/* --- Weak maps ---------------------------------------------------------------
 *
 * A weak map gives keys values. Both are references. The map keeps a value alive while
 * the map and the key are alive, and never keeps a key alive. So a key that only its own
 * value refers to dies, together with the value. The same holds for a chain or a cycle of
 * keys and values that nothing else keeps alive. (The entries of a map are ephemerons.)
 *
 * A collection removes the entries whose keys it finds dead, before any finalizer runs.
 * Under the null collector no key dies, and entries stay until they are deleted.
 *
 * - A key is any reference except null. Keys are compared by identity, as
 *   gcroots_ref_eq() compares references. An i31 never dies. An object may be a key in
 *   any number of maps.
 * - A value is any reference, or null.
 * - A map lives until it is freed, or until its store is deleted. It does not depend on
 *   scopes.
 *
 * The handle of a map is not a gcroots_ref_t, and its bits are not valid as one.
 */

/**
 * Names a weak map. If `store_id` is 0, it is zeroed and names no map, whatever the
 * other fields are.
 */
typedef struct {
  /**
   * The id of the store.
   */
  uint64_t store_id;
  /**
   * Tells apart the maps that have used the slot, one after another.
   */
  uint32_t generation;
  /**
   * The number of the slot.
   */
  uint32_t index;
} gcroots_weakmap_t;

/**
 * Makes an empty weak map. Never collects.
 *
 * \param[out] out the map (owned); release it with gcroots_weakmap_free()
 * \return GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory;
 *         GCROOTS_ERROR_LIMIT if the store has no slot left for a weak map
 */
GCROOTS_API
GCROOTS_NODISCARD
gcroots_status_t gcroots_weakmap_new(gcroots_store_t *store,
                                     gcroots_weakmap_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 2) GCROOTS_REQUIRES_STORE(store);

/**
 * Sets the value of a key in a map. The key may have a value there already, which is
 * replaced; this needs no memory. The map roots neither the key nor the value. Never
 * collects.
 *
 * \param key a scoped or manual handle (borrowed)
 * \param value_or_null a scoped or manual handle (borrowed), or null
 * \return GCROOTS_ERROR_NULL_REFERENCE if `map` is zeroed or `key` is null;
 *         GCROOTS_ERROR_WRONG_STORE if `map`, `key` or `value_or_null` belongs to
 *         another store;
 *         GCROOTS_ERROR_UNROOTED if `map` was freed, or `key` or `value_or_null` is
 *         stale;
 *         GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory for a new entry;
 *         GCROOTS_ERROR_LIMIT if the weak maps of the store have too many entries
 */
GCROOTS_API
gcroots_status_t gcroots_weakmap_set(gcroots_store_t *store,
                                     gcroots_weakmap_t map,
                                     gcroots_ref_t key,
                                     gcroots_ref_t value_or_null)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1) GCROOTS_REQUIRES_STORE(store);

/**
 * Makes a scoped root for the value of a key in a map. Never collects.
 *
 * \param key a scoped or manual handle (borrowed)
 * \param[out] out the new handle, in the current scope; null if the map does not have
 *             the key, or if the value is null
 * \return GCROOTS_ERROR_NULL_REFERENCE if `map` is zeroed or `key` is null;
 *         GCROOTS_ERROR_WRONG_STORE if `map` or `key` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `map` was freed or `key` is stale;
 *         GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory for the new root;
 *         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root
 */
GCROOTS_API
gcroots_status_t gcroots_weakmap_get(gcroots_store_t *store,
                                     gcroots_weakmap_t map,
                                     gcroots_ref_t key,
                                     gcroots_ref_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 4) GCROOTS_REQUIRES_STORE(store);

/**
 * Removes a key and its value from a map. Never collects.
 *
 * \param key a scoped or manual handle (borrowed)
 * \param[out] out whether the map had the key, also if the value was null
 * \return GCROOTS_ERROR_NULL_REFERENCE if `map` is zeroed or `key` is null;
 *         GCROOTS_ERROR_WRONG_STORE if `map` or `key` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `map` was freed or `key` is stale
 */
GCROOTS_API
gcroots_status_t gcroots_weakmap_delete(gcroots_store_t *store,
                                        gcroots_weakmap_t map,
                                        gcroots_ref_t key,
                                        bool *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 4) GCROOTS_REQUIRES_STORE(store);

/**
 * Gets the number of entries of a map. Entries whose keys have died are included until a
 * collection finds the keys dead. Never collects.
 *
 * \return GCROOTS_ERROR_NULL_REFERENCE if `map` is zeroed;
 *         GCROOTS_ERROR_WRONG_STORE if `map` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `map` was freed
 */
GCROOTS_API
gcroots_status_t gcroots_weakmap_size(gcroots_store_t *store,
                                      gcroots_weakmap_t map,
                                      size_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 3) GCROOTS_REQUIRES_STORE(store);

/**
 * Deletes a map and sets its handle to zeros. Copies of the handle become stale. Values
 * that only the map kept alive are unreachable from then on. Does nothing if the handle
 * is zeroed. Never collects.
 *
 * Cost: in proportion to the number of entries.
 *
 * \param[in,out] map (taken)
 * \return GCROOTS_ERROR_WRONG_STORE if `map` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `map` was freed. After a failure the handle is
 *         unchanged.
 */
GCROOTS_API
gcroots_status_t gcroots_weakmap_free(gcroots_store_t *store,
                                      gcroots_weakmap_t *map)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 2) GCROOTS_REQUIRES_STORE(store);

/* --- Host objects ------------------------------------------------------------
 *
 * An externref is an object that stands for something of the host. It holds:
 * - a pointer of the host, which the library never follows
 * - a finalizer, which runs once: after the collection that finds the object dead, or
 *   when the store is deleted
 *
 * A finalizer gets the pointer. With options, it can get an `env` and the store as well.
 * It runs on the thread that collects or deletes the store. It may call the
 * store, allocate and collect; while the store is deleted, such calls return
 * GCROOTS_ERROR_BUSY. It must return.
 *
 * Locks: each allocation may collect, and a collection runs finalizers before the call
 * returns. A thread that allocates while it holds a lock, and has a finalizer that takes
 * the same lock, waits for itself for ever. Two ways avoid this:
 * - hold no lock that a finalizer takes during a call that may collect
 * - let finalizers wait for gcroots_store_run_finalizers(), with
 *   gcroots_config_set_finalizers(), and hold no such lock then
 *
 * An externref made through the Rust API holds a Rust value instead of a pointer.
 * Functions that read or set the pointer return GCROOTS_ERROR_TYPE_MISMATCH for it.
 */

/**
 * Releases `data`, the pointer of an externref of `store`. It is called once, after the
 * object has died. While the store is deleted, calls with `store` return
 * GCROOTS_ERROR_BUSY. It must return.
 */
typedef void (*gcroots_externref_finalizer_t)(void *env,
                                              gcroots_store_t *store,
                                              void *data);

/**
 * The options of gcroots_externref_new_with() and
 * gcroots_externref_new_with_manually_rooted(). Zero is the default for each member
 * except `struct_size`.
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
   * Runs with `data` after the object's death; NULL for no finalizer.
   */
  gcroots_finalizer_t finalizer;
  /**
   * An address that identifies the host's type, such as that of a `static const
   * char`. The library compares it and never follows it. NULL for no tag.
   */
  const void *tag;
  /**
   * The size of the memory outside the heap that the object keeps alive. More
   * external memory makes collections more frequent. It makes no call fail, unless
   * gcroots_config_set_external_limit() sets a limit.
   */
  size_t external_bytes;
  /**
   * Runs with `env`, the store and `data` after the object's death, under the rules of
   * `finalizer`; NULL for no such finalizer. One of the two must be NULL. An externref
   * with this finalizer takes a small allocation of its own, which counts as memory
   * beside the heap: `side_bytes` in gcroots_stats_t.
   */
  gcroots_externref_finalizer_t finalizer_with_store;
  /**
   * Passed to `finalizer_with_store` (borrowed, nullable). It must live until the last
   * finalizer that gets it has returned.
   */
  void *env;
} gcroots_externref_options_t;

/**
 * Makes an externref, and roots it in the current scope. May collect. Hold no lock that
 * a finalizer takes.
 *
 * If the call fails, the caller keeps `data` and the finalizer never runs.
 *
 * \param data the host's pointer (taken on success, nullable)
 * \param finalizer_or_null runs with `data` after the object's death
 * \param[out] out the new handle
 * \return GCROOTS_ERROR_NO_GC if a collection is needed inside a no-GC span;
 *         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the object, its root
 *         or its host data;
 *         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root, or too
 *         many externrefs and functions
 */
GCROOTS_API
gcroots_status_t gcroots_externref_new(gcroots_store_t *store,
                                       void *data,
                                       gcroots_finalizer_t finalizer_or_null,
                                       gcroots_ref_t *out)
    GCROOTS_MAY_COLLECT GCROOTS_NONNULL(1, 4) GCROOTS_REQUIRES_STORE(store);

/**
 * Makes an externref and a manual root for it: both or neither. May collect. Hold no
 * lock that a finalizer takes.
 *
 * This is gcroots_externref_new() and gcroots_ref_to_manually_rooted() in one step,
 * without a scoped root.
 *
 * If the call fails, the caller keeps `data` and the finalizer never runs.
 *
 * \param data the host's pointer (taken on success, nullable)
 * \param finalizer_or_null runs with `data` after the object's death
 * \param[out] out the new root (owned); release it with
 *             gcroots_manually_rooted_unroot()
 * \return GCROOTS_ERROR_NO_GC if a collection is needed inside a no-GC span;
 *         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the object, its root
 *         or its host data;
 *         GCROOTS_ERROR_LIMIT if the store has no slot left for a manual root, or too
 *         many externrefs and functions
 */
GCROOTS_API
GCROOTS_NODISCARD
gcroots_status_t gcroots_externref_new_manually_rooted(gcroots_store_t *store,
                                                       void *data,
                                                       gcroots_finalizer_t finalizer_or_null,
                                                       gcroots_manually_rooted_t *out)
    GCROOTS_MAY_COLLECT GCROOTS_NONNULL(1, 4) GCROOTS_REQUIRES_STORE(store);

/**
 * Makes an externref with options, such as a tag and external bytes, and roots it in the
 * current scope. May collect. Hold no lock that a finalizer takes.
 *
 * If the call fails, the caller keeps `options->data` and the finalizer never runs.
 *
 * \param options the options (borrowed). Only the first `struct_size` bytes are read
 * \param[out] out the new handle
 * \return GCROOTS_ERROR_INVALID_ARGUMENT if this library does not know `struct_size`;
 *         GCROOTS_ERROR_INVALID_ARGUMENT if the tag is the one address that the
 *         library reserves for the values of its Rust API;
 *         GCROOTS_ERROR_INVALID_ARGUMENT if both finalizers are given;
 *         GCROOTS_ERROR_NO_GC if a collection is needed inside a no-GC span;
 *         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the object, its root
 *         or its host data, or if its external bytes do not fit below their limit;
 *         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root, or too
 *         many externrefs and functions
 */
GCROOTS_API
gcroots_status_t gcroots_externref_new_with(gcroots_store_t *store,
                                            const gcroots_externref_options_t *options,
                                            gcroots_ref_t *out)
    GCROOTS_MAY_COLLECT GCROOTS_NONNULL(1, 2, 3) GCROOTS_REQUIRES_STORE(store);

/**
 * Makes an externref with options and a manual root for it: both or neither. May
 * collect. Hold no lock that a finalizer takes.
 *
 * This is gcroots_externref_new_with() and gcroots_ref_to_manually_rooted() in one step,
 * without a scoped root.
 *
 * If the call fails, the caller keeps `options->data` and the finalizer never runs.
 *
 * \param options the options (borrowed). Only the first `struct_size` bytes are read
 * \param[out] out the new root (owned); release it with
 *             gcroots_manually_rooted_unroot()
 * \return GCROOTS_ERROR_INVALID_ARGUMENT if this library does not know `struct_size`;
 *         GCROOTS_ERROR_INVALID_ARGUMENT if the tag is the one address that the
 *         library reserves for the values of its Rust API;
 *         GCROOTS_ERROR_INVALID_ARGUMENT if both finalizers are given;
 *         GCROOTS_ERROR_NO_GC if a collection is needed inside a no-GC span;
 *         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the object, its root
 *         or its host data, or if its external bytes do not fit below their limit;
 *         GCROOTS_ERROR_LIMIT if the store has no slot left for a manual root, or too
 *         many externrefs and functions
 */
GCROOTS_API
GCROOTS_NODISCARD
gcroots_status_t gcroots_externref_new_with_manually_rooted(gcroots_store_t *store,
                                                            const gcroots_externref_options_t *options,
                                                            gcroots_manually_rooted_t *out)
    GCROOTS_MAY_COLLECT GCROOTS_NONNULL(1, 2, 3) GCROOTS_REQUIRES_STORE(store);

/**
 * Returns the host's pointer of an externref. Never collects.
 *
 * \param[out] out the pointer (borrowed)
 * \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an externref made
 *         through C
 */
GCROOTS_API
gcroots_status_t gcroots_externref_data(gcroots_store_t *store,
                                        gcroots_ref_t ref,
                                        void **out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 3) GCROOTS_REQUIRES_STORE(store);

/**
 * Returns the host's pointer of an externref that has the given tag. Never collects.
 *
 * \param tag the tag that the externref must have (nullable); NULL matches only
 *        externrefs without a tag
 * \param[out] out the pointer (borrowed)
 * \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an externref made
 *         through C;
 *         GCROOTS_ERROR_TYPE_MISMATCH if the externref has another tag
 */
GCROOTS_API
gcroots_status_t gcroots_externref_data_tagged(gcroots_store_t *store,
                                               gcroots_ref_t ref,
                                               const void *tag,
                                               void **out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 4) GCROOTS_REQUIRES_STORE(store);

/**
 * Replaces the host's pointer of an externref. Never collects.
 *
 * The caller owns the old pointer again. The finalizer will get the new pointer.
 *
 * \param data the new pointer (taken on success, nullable)
 * \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an externref made
 *         through C
 */
GCROOTS_API
gcroots_status_t gcroots_externref_set_data(gcroots_store_t *store,
                                            gcroots_ref_t ref,
                                            void *data)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1) GCROOTS_REQUIRES_STORE(store);

/**
 * Sets the size of the memory outside the heap that an externref keeps alive now.
 * Never collects, unless gcroots_config_set_external_limit() sets a limit: then it may
 * collect, as gcroots_externref_new_with() does.
 *
 * A higher value makes the next collection come earlier.
 *
 * \param bytes the new size, which replaces the old one
 * \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an externref;
 *         GCROOTS_ERROR_OUT_OF_MEMORY if there is a limit of external bytes and the higher
 *         value does not fit below it;
 *         GCROOTS_ERROR_NO_GC if that would need a collection inside a no-GC span
 */
GCROOTS_API
gcroots_status_t gcroots_externref_set_external_bytes(gcroots_store_t *store,
                                                      gcroots_ref_t ref,
                                                      size_t bytes)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1) GCROOTS_REQUIRES_STORE(store);

/**
 * Adds a difference to the size of the memory outside the heap that an externref keeps
 * alive. Never collects, unless gcroots_config_set_external_limit() sets a limit: then it may
 * collect, as gcroots_externref_new_with() does.
 *
 * The owner of a buffer that grows or shrinks passes the change, and need not know the
 * sum. gcroots_externref_set_external_bytes() sets the sum itself.
 *
 * \param difference what is added; a negative number takes away
 * \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an externref;
 *         GCROOTS_ERROR_INVALID_ARGUMENT if the externref has fewer bytes than
 *         `difference` takes away;
 *         GCROOTS_ERROR_LIMIT if the sum would be greater than SIZE_MAX;
 *         GCROOTS_ERROR_OUT_OF_MEMORY if there is a limit of external bytes and the sum does
 *         not fit below it;
 *         GCROOTS_ERROR_NO_GC if that would need a collection inside a no-GC span
 */
GCROOTS_API
gcroots_status_t gcroots_externref_adjust_external_bytes(gcroots_store_t *store,
                                                         gcroots_ref_t ref,
                                                         int64_t difference)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1) GCROOTS_REQUIRES_STORE(store);

/* --- No-GC spans -------------------------------------------------------------
 *
 * While a no-GC span is open, nothing collects: no object moves and no object dies. The
 * heap may grow up to its limit. An allocation that does not fit then returns
 * GCROOTS_ERROR_NO_GC if a collection might have made room. Under the null collector none
 * could, so it returns GCROOTS_ERROR_OUT_OF_MEMORY.
 *
 * Spans nest. A span ends, at the latest, with the scope that it was opened in.
 */

/**
 * Opens a no-GC span in the current scope. Never collects.
 *
 * \return GCROOTS_ERROR_LIMIT if 2^32 - 1 spans are open
 */
GCROOTS_API gcroots_status_t gcroots_no_gc_enter(gcroots_store_t *store)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1) GCROOTS_REQUIRES_STORE(store);

/**
 * Closes the innermost no-GC span of the current scope. Never collects.
 *
 * \return GCROOTS_ERROR_SCOPE_ORDER if no span is open that was opened in the current
 *         scope
 */
GCROOTS_API gcroots_status_t gcroots_no_gc_exit(gcroots_store_t *store)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1) GCROOTS_REQUIRES_STORE(store);

/* --- Pins --------------------------------------------------------------------
 *
 * A pin is a root whose object does not move before the pin ends. So the address of an
 * array's elements can be given to the system or to other libraries, for as long as they
 * need it: across calls that collect, and without a no-GC span.
 *
 * A pin keeps its object alive, does not depend on scopes, and lives until
 * gcroots_unpin(). An object may have several pins, and stays until the last one ends.
 *
 * - GCROOTS_COLLECTOR_DRC and GCROOTS_COLLECTOR_NULL move no objects. A pin there is no more
 *   than a root.
 * - GCROOTS_COLLECTOR_GENERATIONAL moves new objects out of the way first, by a minor
 *   collection. Later it leaves the blocks of 32 KiB as they are in which pinned objects
 *   lie. Pin few objects, or large ones.
 * - GCROOTS_COLLECTOR_COPYING and GCROOTS_COLLECTOR_CHECK have no pins.
 *
 * A pin is not a gcroots_ref_t, and its bits are not valid as one.
 */

/**
 * Names a pin. If `store_id` is 0, it is the null pin, whatever the other fields are.
 */
typedef struct {
  /**
   * The id of the store.
   */
  uint64_t store_id;
  /**
   * Tells apart the pins that have used the slot, one after another.
   */
  uint32_t generation;
  /**
   * The number of the slot.
   */
  uint32_t index;
} gcroots_pin_t;

/**
 * Pins an object. May collect. Hold no lock that a finalizer takes.
 *
 * It collects only under GCROOTS_COLLECTOR_GENERATIONAL, and only if the object is new: if no
 * collection has moved it yet.
 *
 * \param ref a scoped or manual handle (borrowed)
 * \param[out] out the pin (owned); release it with gcroots_unpin()
 * \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `ref` is an i31;
 *         GCROOTS_ERROR_UNSUPPORTED if the store's collector has no pins;
 *         GCROOTS_ERROR_NO_GC if a collection is needed inside a no-GC span;
 *         GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory for the pin;
 *         GCROOTS_ERROR_LIMIT if the store has no slot left for a pin
 */
GCROOTS_API
GCROOTS_NODISCARD
gcroots_status_t gcroots_pin(gcroots_store_t *store,
                             gcroots_ref_t ref,
                             gcroots_pin_t *out)
    GCROOTS_MAY_COLLECT GCROOTS_NONNULL(1, 3) GCROOTS_REQUIRES_STORE(store);

/**
 * Gets the address of the elements of a pinned array, to read them and, if they are
 * mutable, to write them. They lie in memory one after another. Works only for elements
 * that are not references. Never collects.
 *
 * \param pin a pin (borrowed) of an array
 * \param[out] address the address of the first element (borrowed); valid until the pin
 *             ends
 * \param[out] bytes the number of bytes of all elements
 * \return GCROOTS_ERROR_WRONG_STORE if `pin` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `pin` has ended;
 *         GCROOTS_ERROR_NULL_REFERENCE if `pin` is null;
 *         GCROOTS_ERROR_TYPE_MISMATCH if the object is not an array, or its elements are
 *         references
 */
GCROOTS_API
gcroots_status_t gcroots_pin_data(gcroots_store_t *store,
                                  gcroots_pin_t pin,
                                  void **address,
                                  size_t *bytes)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 3, 4) GCROOTS_REQUIRES_STORE(store);

/**
 * Ends a pin and sets it to zeros. Copies of it become stale, and the address that
 * gcroots_pin_data() returned must not be used any more, unless the object has another
 * pin. Does nothing if the pin is null. Never collects.
 *
 * \param[in,out] pin (taken)
 * \return GCROOTS_ERROR_WRONG_STORE if `pin` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `pin` has ended. After a failure the pin is
 *         unchanged.
 */
GCROOTS_API gcroots_status_t gcroots_unpin(gcroots_store_t *store, gcroots_pin_t *pin)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 2) GCROOTS_REQUIRES_STORE(store);

/* --- Types -------------------------------------------------------------------
 *
 * The types of structs, arrays and functions, as in WebAssembly GC. Types are declared
 * in rec groups (the next section) and registered with an engine. An engine keeps one copy
 * of equal rec groups: registering an equal group again returns the same types, unless the
 * group is unique.
 *
 * A gcroots_type_t is a counted reference to a registered type. A registered type never
 * changes, and any thread may use it. A reference keeps alive the type and all types to
 * which it refers, even after the engine was released. Whether a pointer to a type is
 * const says nothing about who owns the reference.
 */

/**
 * A registered type. Within one engine, equal types have the same address.
 */
typedef struct gcroots_type_t gcroots_type_t;

/**
 * The kind of a type: one of GCROOTS_TYPE_STRUCT to GCROOTS_TYPE_FUNC.
 */
typedef uint32_t gcroots_type_kind_t;

/**
 * What a field stores: one of GCROOTS_STORAGE_I8 to GCROOTS_STORAGE_REF.
 */
typedef uint32_t gcroots_storage_t;

/**
 * A heap type: what a reference may refer to. One of GCROOTS_HEAP_ANY to
 * GCROOTS_HEAP_EVERY.
 */
typedef uint32_t gcroots_heap_type_t;

/**
 * The type of a field, element, parameter or result. Members that do not apply are
 * ignored; they may be zero.
 */
typedef struct {
  /**
   * What the field stores.
   */
  gcroots_storage_t storage;
  /**
   * If it stores a reference: what the reference may refer to.
   */
  gcroots_heap_type_t heap;
  /**
   * With GCROOTS_HEAP_LOCAL: the index of the type in the collection.
   */
  uint32_t local;
  /**
   * Nonzero if the field is mutable. Ignored for parameters and results.
   */
  uint8_t is_mutable;
  /**
   * If it stores a reference: nonzero if the reference may be null.
   */
  uint8_t is_nullable;
  /**
   * With GCROOTS_HEAP_TYPE: the type. Ignored otherwise.
   */
  const gcroots_type_t *type;
} gcroots_field_type_t;

/**
 * The layout of a type's objects in memory. Offsets are in bytes, from the start of
 * the object. An object starts with a header of 8 bytes.
 */
typedef struct {
  /**
   * Depends on the kind of the type:
   * - struct: the size of an object
   * - array: the offset of the first element; the length, a uint32_t, is at offset 8
   * - function: the size of an exception whose tag has this type
   */
  uint32_t bytes;
  /**
   * The size of an array element; 0 for structs and functions.
   */
  uint32_t element_bytes;
  /**
   * The number of `offsets`:
   * - struct: the number of fields
   * - array: 0
   * - function: the number of parameters
   */
  size_t offset_count;
  /**
   * The offsets of the fields of a struct, or of an exception whose tag has this type
   * (borrowed, valid as long as the type).
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
 * 8 bits (packed). For fields and elements only.
 */
#define GCROOTS_STORAGE_I8 0

/**
 * 16 bits (packed). For fields and elements only.
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
 * No internal reference except null.
 */
#define GCROOTS_HEAP_NONE 5

/**
 * All functions.
 */
#define GCROOTS_HEAP_FUNC 6

/**
 * No function except null.
 */
#define GCROOTS_HEAP_NOFUNC 7

/**
 * All external references.
 */
#define GCROOTS_HEAP_EXTERN 8

/**
 * No external reference except null.
 */
#define GCROOTS_HEAP_NOEXTERN 9

/**
 * All exceptions.
 */
#define GCROOTS_HEAP_EXN 10

/**
 * No exception except null.
 */
#define GCROOTS_HEAP_NOEXN 11

/**
 * Objects of a registered type, which the member `type` names.
 */
#define GCROOTS_HEAP_TYPE 12

/**
 * Objects of a type that is registered in the same call. The member `local` is its
 * index in the collection: see gcroots_rec_group_register(). For declarations only.
 */
#define GCROOTS_HEAP_LOCAL 13

/**
 * Every reference: internal and external ones, functions and exceptions. It is a
 * supertype of all other heap types, and a subtype of none of them. WebAssembly does not
 * have it: it is for dynamically typed slots of other embedders.
 */
#define GCROOTS_HEAP_EVERY 14

/**
 * Adds a reference to a type. Any thread may call this. Never collects.
 *
 * \param type (borrowed, nullable)
 * \return the same type (owned); release it with gcroots_type_free(). NULL if `type`
 *         is NULL or has too many references
 */
GCROOTS_API
GCROOTS_NODISCARD
gcroots_type_t *gcroots_type_clone(const gcroots_type_t *type)
    GCROOTS_NEVER_COLLECTS;

/**
 * Releases a reference to a type. Any thread may call this at any time. Never collects.
 *
 * The parameter is const, as the `type` of a gcroots_field_type_t is, through which
 * gcroots_type_field() returns a reference that the caller owns.
 *
 * \param type (taken, nullable)
 */
GCROOTS_API void gcroots_type_free(const gcroots_type_t *type)
    GCROOTS_NEVER_COLLECTS;

/**
 * Returns whether a type is a struct, an array or a function type. Never collects.
 *
 * \param[out] out one of GCROOTS_TYPE_STRUCT to GCROOTS_TYPE_FUNC
 */
GCROOTS_API
gcroots_status_t gcroots_type_kind(const gcroots_type_t *type,
                                   gcroots_type_kind_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 2);

/**
 * Returns the index of a type in its engine. Never collects.
 *
 * Equal types have equal indices. As long as anything refers to the type, no other
 * type of the engine has its index.
 *
 * \param[out] out the index
 */
GCROOTS_API
gcroots_status_t gcroots_type_index(const gcroots_type_t *type,
                                    uint32_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 2);

/**
 * Returns the number of fields of a type. Never collects.
 *
 * \param[out] out for a struct type the number of fields; for an array type 1, its
 *             element; for a function type the number of parameters and results
 *             together
 */
GCROOTS_API
gcroots_status_t gcroots_type_field_count(const gcroots_type_t *type,
                                          size_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 2);

/**
 * Returns how many of a function type's fields are parameters. Never collects.
 *
 * The parameters are the first fields; the results follow.
 *
 * \param[out] out the number of parameters; 0 for struct and array types
 */
GCROOTS_API
gcroots_status_t gcroots_type_param_count(const gcroots_type_t *type,
                                          size_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 2);

/**
 * Returns a field of a type: a field, an element, a parameter or a result. Never
 * collects.
 *
 * \param index the field's index, below gcroots_type_field_count(). For a function
 *        type the results come after the parameters
 * \param[out] out the field. If its `type` is not NULL, it is a new reference (owned);
 *             release it with gcroots_type_free()
 * \return GCROOTS_ERROR_OUT_OF_BOUNDS if the type has no field `index`;
 *         GCROOTS_ERROR_LIMIT if the field's type has too many references
 */
GCROOTS_API
gcroots_status_t gcroots_type_field(const gcroots_type_t *type,
                                    size_t index,
                                    gcroots_field_type_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 3);

/**
 * Returns the supertype with which a type was declared. Never collects.
 *
 * \param[out] out the supertype (owned); release it with gcroots_type_free(). NULL if
 *             the type has no supertype
 * \return GCROOTS_ERROR_LIMIT if the supertype has too many references
 */
GCROOTS_API
GCROOTS_NODISCARD
gcroots_status_t gcroots_type_supertype(const gcroots_type_t *type,
                                        gcroots_type_t **out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 2);

/**
 * Returns the trampoline type of a function type. Never collects.
 *
 * In a trampoline type, each reference is nullable and of the top type of its
 * hierarchy (GCROOTS_HEAP_ANY, _FUNC, _EXTERN, _EXN or _EVERY), so that one trampoline serves many function types. For a struct or array
 * type, the function returns the type itself.
 *
 * \param[out] out the type (owned); release it with gcroots_type_free()
 * \return GCROOTS_ERROR_LIMIT if the type has too many references
 */
GCROOTS_API
GCROOTS_NODISCARD
gcroots_status_t gcroots_type_trampoline(const gcroots_type_t *type,
                                         gcroots_type_t **out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 2);

/**
 * Tests whether two types are the same type. Never collects.
 *
 * Cost: constant. Takes no lock.
 *
 * \param[out] out whether `type` and `other` are one type of one engine: then they are at
 *             the same address. Types of different engines are never the same
 */
GCROOTS_API
gcroots_status_t gcroots_type_eq(const gcroots_type_t *type,
                                 const gcroots_type_t *other,
                                 bool *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 2, 3);

/**
 * Tests whether a type is a subtype of another: the same type, or declared below it.
 * Never collects.
 *
 * Cost: constant. Takes no lock.
 *
 * \param[out] out whether each object of `type` is also one of `supertype`
 * \return GCROOTS_ERROR_WRONG_ENGINE if the two types belong to different engines
 */
GCROOTS_API
gcroots_status_t gcroots_type_is_subtype(const gcroots_type_t *type,
                                         const gcroots_type_t *supertype,
                                         bool *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 2, 3);

/**
 * Returns the memory layout of a type's objects, for engines that access objects
 * directly. Never collects.
 *
 * \param[out] out the layout. Its `offsets` are valid as long as the type
 */
GCROOTS_API
gcroots_status_t gcroots_type_layout(const gcroots_type_t *type,
                                     gcroots_layout_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 2);

/* --- Rec groups --------------------------------------------------------------
 *
 * A rec group declares types that may refer to each other. A collection of groups, such
 * as those of a whole module, is registered in one call. A member refers to another by its
 * index in the collection. The other must be in the same group, or in an earlier one.
 *
 * Two types are equal if their groups are equal and they have the same position there.
 * gcroots_rec_group_set_unique() makes types that equal no other, however they are declared.
 * gcroots_type_new_func() registers a function type without a rec group.
 */

/**
 * A rec group that is being declared. Use it from one thread at a time.
 */
typedef struct gcroots_rec_group_t gcroots_rec_group_t;

/**
 * The supertype of a declared type, and whether the type is final. Zeros: not final,
 * without a supertype.
 */
typedef struct {
  /**
   * Nonzero if no type may name this one as its supertype.
   */
  uint8_t is_final;
  /**
   * Nonzero if there is a supertype. If zero, `supertype` must be NULL.
   */
  uint8_t has_supertype;
  /**
   * The supertype's index in the collection, if `supertype` is NULL. It must be the
   * index of an earlier member of this group, or of a member of an earlier group.
   */
  uint32_t local;
  /**
   * The supertype, if it is registered already (borrowed, nullable).
   */
  const gcroots_type_t *supertype;
} gcroots_sub_type_t;

/**
 * Makes an empty rec group. Never collects.
 *
 * \return the group (owned); release it with gcroots_rec_group_free(). NULL if there
 *         is no memory for it
 */
GCROOTS_API GCROOTS_NODISCARD gcroots_rec_group_t *gcroots_rec_group_new(void)
    GCROOTS_NEVER_COLLECTS;

/**
 * Deletes a rec group. Types that were registered from it stay. Never collects.
 *
 * \param group (taken, nullable)
 */
GCROOTS_API void gcroots_rec_group_free(gcroots_rec_group_t *group)
    GCROOTS_NEVER_COLLECTS;

/**
 * Makes a rec group equal to no other, so that its types are new ones, or undoes that.
 * Groups are not unique at first. Never collects.
 *
 * A unique group does not even equal itself: each time that it is registered it gives other
 * types. An embedder whose types have identities of their own, such as classes with a name,
 * registers each in a unique group. The trampoline types of its functions are shared.
 */
GCROOTS_API
gcroots_status_t gcroots_rec_group_set_unique(gcroots_rec_group_t *group,
                                              bool on)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1);

/**
 * Adds a struct type to a rec group. If it fails, the group is unchanged. Never
 * collects.
 *
 * \param sub_or_null whether the type is final, and its supertype (borrowed). NULL for
 *        a final type without a supertype
 * \param fields the types of the fields (borrowed), nullable if `count` is 0
 * \param count the number of fields
 * \param[out] out the type's position in the group
 * \return GCROOTS_ERROR_LIMIT if `count` is above 10,000;
 *         GCROOTS_ERROR_NULL_ARGUMENT if a field refers to GCROOTS_HEAP_TYPE and its
 *         `type` is NULL;
 *         GCROOTS_ERROR_INVALID_ARGUMENT if the storage or heap type of a field does
 *         not exist;
 *         GCROOTS_ERROR_INVALID_ARGUMENT if `sub_or_null` has a `supertype` and its
 *         `has_supertype` is 0;
 *         GCROOTS_ERROR_LIMIT if the group has 1,000,000 members, or a type that it
 *         names has too many references;
 *         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the member
 */
GCROOTS_API
gcroots_status_t gcroots_rec_group_add_struct(gcroots_rec_group_t *group,
                                              const gcroots_sub_type_t *sub_or_null,
                                              const gcroots_field_type_t *fields,
                                              size_t count,
                                              uint32_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 5) GCROOTS_ACCESS(read_only, 3, 4);

/**
 * Adds an array type to a rec group. If it fails, the group is unchanged. Never
 * collects.
 *
 * \param sub_or_null whether the type is final, and its supertype (borrowed). NULL for
 *        a final type without a supertype
 * \param element the type of the elements (borrowed)
 * \param[out] out the type's position in the group
 * \return GCROOTS_ERROR_NULL_ARGUMENT if `element` refers to GCROOTS_HEAP_TYPE and its
 *         `type` is NULL;
 *         GCROOTS_ERROR_INVALID_ARGUMENT if the storage or heap type of `element` does
 *         not exist;
 *         GCROOTS_ERROR_INVALID_ARGUMENT if `sub_or_null` has a `supertype` and its
 *         `has_supertype` is 0;
 *         GCROOTS_ERROR_LIMIT if the group has 1,000,000 members, or a type that it
 *         names has too many references;
 *         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the member
 */
GCROOTS_API
gcroots_status_t gcroots_rec_group_add_array(gcroots_rec_group_t *group,
                                             const gcroots_sub_type_t *sub_or_null,
                                             const gcroots_field_type_t *element,
                                             uint32_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 3, 4);

/**
 * Adds a function type to a rec group. If it fails, the group is unchanged. Never
 * collects.
 *
 * \param sub_or_null whether the type is final, and its supertype (borrowed). NULL for
 *        a final type without a supertype
 * \param params the types of the parameters (borrowed), nullable if `param_count` is 0
 * \param results the types of the results (borrowed), nullable if `result_count` is 0
 * \param[out] out the type's position in the group
 * \return GCROOTS_ERROR_LIMIT if `param_count` or `result_count` is above 1,000;
 *         GCROOTS_ERROR_NULL_ARGUMENT if a parameter or result refers to
 *         GCROOTS_HEAP_TYPE and its `type` is NULL;
 *         GCROOTS_ERROR_INVALID_ARGUMENT if the storage or heap type of a parameter or
 *         result does not exist, or the storage is packed (i8 or i16);
 *         GCROOTS_ERROR_INVALID_ARGUMENT if `sub_or_null` has a `supertype` and its
 *         `has_supertype` is 0;
 *         GCROOTS_ERROR_LIMIT if the group has 1,000,000 members, or a type that it
 *         names has too many references;
 *         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the member
 */
GCROOTS_API
gcroots_status_t gcroots_rec_group_add_func(gcroots_rec_group_t *group,
                                            const gcroots_sub_type_t *sub_or_null,
                                            const gcroots_field_type_t *params,
                                            size_t param_count,
                                            const gcroots_field_type_t *results,
                                            size_t result_count,
                                            uint32_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 7) GCROOTS_ACCESS(read_only, 3, 4)
    GCROOTS_ACCESS(read_only, 5, 6);

/**
 * Registers a collection of rec groups with an engine: all of them, or none if it
 * fails. Never collects.
 *
 * A group that equals a registered one gives the same types, whichever thread
 * registered it, unless it is unique.
 *
 * \param groups the groups (borrowed), nullable if `group_count` is 0
 * \param[out] out an array of `type_count` types, nullable if `type_count` is 0. It
 *             gets the types of all members of all groups, in order (each owned);
 *             release each with gcroots_type_free()
 * \param type_count the number of members of all groups
 * \return GCROOTS_ERROR_NULL_ARGUMENT if one of the groups is NULL;
 *         GCROOTS_ERROR_INVALID_ARGUMENT if `type_count` is not the number of members
 *         of all groups;
 *         GCROOTS_ERROR_INVALID_ARGUMENT if a member refers to an index that neither
 *         its group nor an earlier one declares;
 *         GCROOTS_ERROR_INVALID_ARGUMENT if a supertype is final, is of another kind,
 *         is not declared earlier, or does not match the type that names it;
 *         GCROOTS_ERROR_WRONG_ENGINE if a member refers to a type of another engine;
 *         GCROOTS_ERROR_LIMIT if a type has more than 63 supertypes above it, the
 *         collection has more than 1,000,000 types, or the engine cannot have more
 *         types;
 *         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the types
 */
GCROOTS_API
GCROOTS_NODISCARD
gcroots_status_t gcroots_rec_group_register(gcroots_engine_t *engine,
                                            const gcroots_rec_group_t *const *groups,
                                            size_t group_count,
                                            gcroots_type_t **out,
                                            size_t type_count)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1) GCROOTS_ACCESS(read_only, 2, 3)
    GCROOTS_ACCESS(write_only, 4, 5);

/**
 * Registers a function type that is final and has no supertype, and that refers only to
 * registered types. Never collects.
 *
 * It does the same as a rec group with this one member: equal function types are one type.
 *
 * \param params the types of the parameters (borrowed), nullable if `param_count` is 0
 * \param results the types of the results (borrowed), nullable if `result_count` is 0
 * \param[out] out the type (owned); release it with gcroots_type_free()
 * \return GCROOTS_ERROR_LIMIT if `param_count` or `result_count` is above 1,000;
 *         GCROOTS_ERROR_NULL_ARGUMENT if a parameter or result refers to
 *         GCROOTS_HEAP_TYPE and its `type` is NULL;
 *         GCROOTS_ERROR_INVALID_ARGUMENT if the storage or heap type of a parameter or
 *         result does not exist, or the storage is packed (i8 or i16);
 *         GCROOTS_ERROR_INVALID_ARGUMENT if a parameter or result refers to
 *         GCROOTS_HEAP_LOCAL, except `local` 0, which is the new type itself;
 *         GCROOTS_ERROR_WRONG_ENGINE if a parameter or result refers to a type of another
 *         engine;
 *         GCROOTS_ERROR_LIMIT if a type that it names has too many references, or the
 *         engine cannot have more types;
 *         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the type
 */
GCROOTS_API
GCROOTS_NODISCARD
gcroots_status_t gcroots_type_new_func(gcroots_engine_t *engine,
                                       const gcroots_field_type_t *params,
                                       size_t param_count,
                                       const gcroots_field_type_t *results,
                                       size_t result_count,
                                       gcroots_type_t **out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 6) GCROOTS_ACCESS(read_only, 2, 3)
    GCROOTS_ACCESS(read_only, 4, 5);

/* --- Values ------------------------------------------------------------------
 *
 * A gcroots_val_t is a value whose type is known only at run time. Fields and elements are
 * set to such values and read as such values. Functions for one type, such as
 * gcroots_struct_get_i32(), are faster.
 */

/**
 * A value of 128 bits.
 */
typedef struct {
  /**
   * The bytes, in memory order.
   */
  uint8_t bytes[16];
} gcroots_v128_t;

/**
 * The content of a gcroots_val_t. The `kind` of the value says which member is valid.
 */
typedef union {
  /**
   * Valid for GCROOTS_STORAGE_I32.
   */
  int32_t i32;
  /**
   * Valid for GCROOTS_STORAGE_I64.
   */
  int64_t i64;
  /**
   * Valid for GCROOTS_STORAGE_F32.
   */
  float f32;
  /**
   * Valid for GCROOTS_STORAGE_F64.
   */
  double f64;
  /**
   * Valid for GCROOTS_STORAGE_V128.
   */
  gcroots_v128_t v128;
  /**
   * Valid for GCROOTS_STORAGE_REF:
   * - passed to a function: a handle of either kind (borrowed), or null
   * - written by a function: a new handle of the current scope, or null
   */
  gcroots_ref_t ref;
} gcroots_val_of_t;

/**
 * A value. A field or element of storage i8 or i16 takes the lower bits of an i32, and
 * is read as an i32, zero-extended.
 */
typedef struct {
  /**
   * Says which member of `of` is valid: one of GCROOTS_STORAGE_I32 to
   * GCROOTS_STORAGE_REF.
   */
  gcroots_storage_t kind;
  /**
   * The value.
   */
  gcroots_val_of_t of;
} gcroots_val_t;

/* --- Structs -----------------------------------------------------------------
 *
 * A struct has the fields that its type declares. Field indices start at 0.
 *
 * Ownership:
 * - The store keeps each type of which it has made an object. The caller may release
 *   its own reference to the type.
 * - A handle inside a gcroots_val_t is borrowed when the value is passed to a function.
 *   It is a new handle of the current scope when a function writes the value.
 *
 * Each function checks for its errors in the order in which it lists them.
 */

/**
 * Makes a struct from one value for each field, and roots it in the current scope. May
 * collect. Hold no lock that a finalizer takes.
 *
 * \param type the struct's type (borrowed)
 * \param fields the values (borrowed), nullable if `count` is 0. They are read only if
 *        `count` is the number of fields of the type. Each value is checked completely
 *        before the next one
 * \param count the number of values
 * \param[out] out the new handle
 * \return GCROOTS_ERROR_INVALID_ARGUMENT if `count` is the number of fields and the
 *         `kind` of a value is not a valid one;
 *         GCROOTS_ERROR_WRONG_ENGINE if `type` belongs to another engine;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `type` is not a struct type;
 *         GCROOTS_ERROR_INVALID_ARGUMENT if `count` is not the number of fields;
 *         GCROOTS_ERROR_WRONG_STORE if the handle in a value belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if the handle in a value is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if a value is null and its field is not
 *         nullable;
 *         GCROOTS_ERROR_TYPE_MISMATCH if a value is not of its field's type;
 *         GCROOTS_ERROR_NO_GC if a collection is needed inside a no-GC span;
 *         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the object or its
 *         root;
 *         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root
 */
GCROOTS_API
gcroots_status_t gcroots_struct_new(gcroots_store_t *store,
                                    const gcroots_type_t *type,
                                    const gcroots_val_t *fields,
                                    size_t count,
                                    gcroots_ref_t *out)
    GCROOTS_MAY_COLLECT GCROOTS_NONNULL(1, 2, 5) GCROOTS_ACCESS(read_only, 3, 4)
    GCROOTS_REQUIRES_STORE(store);

/**
 * Makes a struct whose fields are zero or null, and roots it in the current scope. May
 * collect. Hold no lock that a finalizer takes.
 *
 * \param type the struct's type (borrowed)
 * \param[out] out the new handle
 * \return GCROOTS_ERROR_WRONG_ENGINE if `type` belongs to another engine;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `type` is not a struct type;
 *         GCROOTS_ERROR_TYPE_MISMATCH if a field is a reference that is not nullable;
 *         GCROOTS_ERROR_NO_GC if a collection is needed inside a no-GC span;
 *         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the object or its
 *         root;
 *         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root
 */
GCROOTS_API
gcroots_status_t gcroots_struct_new_default(gcroots_store_t *store,
                                            const gcroots_type_t *type,
                                            gcroots_ref_t *out)
    GCROOTS_MAY_COLLECT GCROOTS_NONNULL(1, 2, 3) GCROOTS_REQUIRES_STORE(store);

/**
 * Reads a field of any storage. Never collects.
 *
 * A field of storage i8 or i16 is read as an i32, zero-extended.
 *
 * \param[out] out the value; a reference is a new handle of the current scope, or null
 * \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to a struct;
 *         GCROOTS_ERROR_OUT_OF_BOUNDS if the struct has no field `index`;
 *         GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory for the new root;
 *         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root
 */
GCROOTS_API
gcroots_status_t gcroots_struct_get(gcroots_store_t *store,
                                    gcroots_ref_t ref,
                                    size_t index,
                                    gcroots_val_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 4) GCROOTS_REQUIRES_STORE(store);

/**
 * Sets a field of any storage. Never collects.
 *
 * A field of storage i8 or i16 takes the lower bits of an i32.
 *
 * \param value the new value (borrowed)
 * \return GCROOTS_ERROR_INVALID_ARGUMENT if the `kind` of `value` is not a valid one;
 *         GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to a struct;
 *         GCROOTS_ERROR_WRONG_STORE if the handle in `value` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if the handle in `value` is stale;
 *         GCROOTS_ERROR_OUT_OF_BOUNDS if the struct has no field `index`;
 *         GCROOTS_ERROR_IMMUTABLE if the field is immutable;
 *         GCROOTS_ERROR_NULL_REFERENCE if `value` is null and the field is not
 *         nullable;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `value` is not of the field's type
 */
GCROOTS_API
gcroots_status_t gcroots_struct_set(gcroots_store_t *store,
                                    gcroots_ref_t ref,
                                    size_t index,
                                    const gcroots_val_t *value)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 4) GCROOTS_REQUIRES_STORE(store);

/**
 * Reads a field of storage i32. Never collects.
 *
 * \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to a struct;
 *         GCROOTS_ERROR_OUT_OF_BOUNDS if the struct has no field `index`;
 *         GCROOTS_ERROR_TYPE_MISMATCH if the field's storage is not i32
 */
GCROOTS_API
gcroots_status_t gcroots_struct_get_i32(gcroots_store_t *store,
                                        gcroots_ref_t ref,
                                        size_t index,
                                        int32_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 4) GCROOTS_REQUIRES_STORE(store);

/**
 * Reads a field of storage i64. Never collects.
 *
 * \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to a struct;
 *         GCROOTS_ERROR_OUT_OF_BOUNDS if the struct has no field `index`;
 *         GCROOTS_ERROR_TYPE_MISMATCH if the field's storage is not i64
 */
GCROOTS_API
gcroots_status_t gcroots_struct_get_i64(gcroots_store_t *store,
                                        gcroots_ref_t ref,
                                        size_t index,
                                        int64_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 4) GCROOTS_REQUIRES_STORE(store);

/**
 * Reads a field of storage f32. Never collects.
 *
 * \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to a struct;
 *         GCROOTS_ERROR_OUT_OF_BOUNDS if the struct has no field `index`;
 *         GCROOTS_ERROR_TYPE_MISMATCH if the field's storage is not f32
 */
GCROOTS_API
gcroots_status_t gcroots_struct_get_f32(gcroots_store_t *store,
                                        gcroots_ref_t ref,
                                        size_t index,
                                        float *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 4) GCROOTS_REQUIRES_STORE(store);

/**
 * Reads a field of storage f64. Never collects.
 *
 * \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to a struct;
 *         GCROOTS_ERROR_OUT_OF_BOUNDS if the struct has no field `index`;
 *         GCROOTS_ERROR_TYPE_MISMATCH if the field's storage is not f64
 */
GCROOTS_API
gcroots_status_t gcroots_struct_get_f64(gcroots_store_t *store,
                                        gcroots_ref_t ref,
                                        size_t index,
                                        double *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 4) GCROOTS_REQUIRES_STORE(store);

/**
 * Reads a field of storage v128. Never collects.
 *
 * \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to a struct;
 *         GCROOTS_ERROR_OUT_OF_BOUNDS if the struct has no field `index`;
 *         GCROOTS_ERROR_TYPE_MISMATCH if the field's storage is not v128
 */
GCROOTS_API
gcroots_status_t gcroots_struct_get_v128(gcroots_store_t *store,
                                         gcroots_ref_t ref,
                                         size_t index,
                                         gcroots_v128_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 4) GCROOTS_REQUIRES_STORE(store);

/**
 * Sets a field of storage i32, i16 or i8. An i16 or i8 takes the lower bits. Never
 * collects.
 *
 * \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to a struct;
 *         GCROOTS_ERROR_OUT_OF_BOUNDS if the struct has no field `index`;
 *         GCROOTS_ERROR_IMMUTABLE if the field is immutable;
 *         GCROOTS_ERROR_TYPE_MISMATCH if the field's storage is not i32, i16 or i8
 */
GCROOTS_API
gcroots_status_t gcroots_struct_set_i32(gcroots_store_t *store,
                                        gcroots_ref_t ref,
                                        size_t index,
                                        int32_t value)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1) GCROOTS_REQUIRES_STORE(store);

/**
 * Sets a field of storage i64. Never collects.
 *
 * \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to a struct;
 *         GCROOTS_ERROR_OUT_OF_BOUNDS if the struct has no field `index`;
 *         GCROOTS_ERROR_IMMUTABLE if the field is immutable;
 *         GCROOTS_ERROR_TYPE_MISMATCH if the field's storage is not i64
 */
GCROOTS_API
gcroots_status_t gcroots_struct_set_i64(gcroots_store_t *store,
                                        gcroots_ref_t ref,
                                        size_t index,
                                        int64_t value)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1) GCROOTS_REQUIRES_STORE(store);

/**
 * Sets a field of storage f32. Never collects.
 *
 * \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to a struct;
 *         GCROOTS_ERROR_OUT_OF_BOUNDS if the struct has no field `index`;
 *         GCROOTS_ERROR_IMMUTABLE if the field is immutable;
 *         GCROOTS_ERROR_TYPE_MISMATCH if the field's storage is not f32
 */
GCROOTS_API
gcroots_status_t gcroots_struct_set_f32(gcroots_store_t *store,
                                        gcroots_ref_t ref,
                                        size_t index,
                                        float value)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1) GCROOTS_REQUIRES_STORE(store);

/**
 * Sets a field of storage f64. Never collects.
 *
 * \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to a struct;
 *         GCROOTS_ERROR_OUT_OF_BOUNDS if the struct has no field `index`;
 *         GCROOTS_ERROR_IMMUTABLE if the field is immutable;
 *         GCROOTS_ERROR_TYPE_MISMATCH if the field's storage is not f64
 */
GCROOTS_API
gcroots_status_t gcroots_struct_set_f64(gcroots_store_t *store,
                                        gcroots_ref_t ref,
                                        size_t index,
                                        double value)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1) GCROOTS_REQUIRES_STORE(store);

/**
 * Sets a field of storage v128. Never collects.
 *
 * \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to a struct;
 *         GCROOTS_ERROR_OUT_OF_BOUNDS if the struct has no field `index`;
 *         GCROOTS_ERROR_IMMUTABLE if the field is immutable;
 *         GCROOTS_ERROR_TYPE_MISMATCH if the field's storage is not v128
 */
GCROOTS_API
gcroots_status_t gcroots_struct_set_v128(gcroots_store_t *store,
                                         gcroots_ref_t ref,
                                         size_t index,
                                         gcroots_v128_t value)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1) GCROOTS_REQUIRES_STORE(store);

/**
 * Reads a field of storage i8 or i16, sign-extended. Never collects.
 *
 * \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to a struct;
 *         GCROOTS_ERROR_OUT_OF_BOUNDS if the struct has no field `index`;
 *         GCROOTS_ERROR_TYPE_MISMATCH if the field's storage is not i8 or i16
 */
GCROOTS_API
gcroots_status_t gcroots_struct_get_s(gcroots_store_t *store,
                                      gcroots_ref_t ref,
                                      size_t index,
                                      int32_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 4) GCROOTS_REQUIRES_STORE(store);

/**
 * Reads a field of storage i8 or i16, zero-extended. Never collects.
 *
 * \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to a struct;
 *         GCROOTS_ERROR_OUT_OF_BOUNDS if the struct has no field `index`;
 *         GCROOTS_ERROR_TYPE_MISMATCH if the field's storage is not i8 or i16
 */
GCROOTS_API
gcroots_status_t gcroots_struct_get_u(gcroots_store_t *store,
                                      gcroots_ref_t ref,
                                      size_t index,
                                      uint32_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 4) GCROOTS_REQUIRES_STORE(store);

/**
 * Reads a field that is a reference. Never collects.
 *
 * \param[out] out a new handle of the current scope, or null
 * \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to a struct;
 *         GCROOTS_ERROR_OUT_OF_BOUNDS if the struct has no field `index`;
 *         GCROOTS_ERROR_TYPE_MISMATCH if the field is not a reference;
 *         GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory for the new root;
 *         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root
 */
GCROOTS_API
gcroots_status_t gcroots_struct_get_ref(gcroots_store_t *store,
                                        gcroots_ref_t ref,
                                        size_t index,
                                        gcroots_ref_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 4) GCROOTS_REQUIRES_STORE(store);

/**
 * Makes a local refer to what a field refers to, or to null. Never collects.
 *
 * The function makes no new root, so a loop can use one local for all its iterations.
 * All copies of `dst` see the change. `dst` may be `ref` itself.
 *
 * \param dst a local, or any other scoped handle of an open scope
 * \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to a struct;
 *         GCROOTS_ERROR_NULL_REFERENCE if `dst` is the null reference;
 *         GCROOTS_ERROR_WRONG_STORE if `dst` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `dst` is stale;
 *         GCROOTS_ERROR_INVALID_ARGUMENT if `dst` is a manual handle;
 *         GCROOTS_ERROR_OUT_OF_BOUNDS if the struct has no field `index`;
 *         GCROOTS_ERROR_TYPE_MISMATCH if the field is not a reference
 */
GCROOTS_API
gcroots_status_t gcroots_struct_get_ref_into(gcroots_store_t *store,
                                             gcroots_ref_t ref,
                                             size_t index,
                                             gcroots_ref_t dst)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1) GCROOTS_REQUIRES_STORE(store);

/**
 * Sets a field that is a reference. Never collects.
 *
 * \param value_or_null the new value (borrowed)
 * \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to a struct;
 *         GCROOTS_ERROR_WRONG_STORE if `value_or_null` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `value_or_null` is stale;
 *         GCROOTS_ERROR_OUT_OF_BOUNDS if the struct has no field `index`;
 *         GCROOTS_ERROR_IMMUTABLE if the field is immutable;
 *         GCROOTS_ERROR_NULL_REFERENCE if `value_or_null` is null and the field is not
 *         nullable;
 *         GCROOTS_ERROR_TYPE_MISMATCH if the field is not a reference, or
 *         `value_or_null` is not of the field's type
 */
GCROOTS_API
gcroots_status_t gcroots_struct_set_ref(gcroots_store_t *store,
                                        gcroots_ref_t ref,
                                        size_t index,
                                        gcroots_ref_t value_or_null)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1) GCROOTS_REQUIRES_STORE(store);

/* --- Structs made for a root -------------------------------------------------
 *
 * Functions that make a struct and do what mostly follows, in one call.
 */

/**
 * Makes a struct as gcroots_struct_new() does, and makes a scoped root refer to it: for loops
 * that use one local for all their objects. May collect. Hold no lock that a finalizer takes.
 *
 * \param type the struct's type (borrowed)
 * \param fields as for gcroots_struct_new() (borrowed), nullable if `count` is 0. A value may
 *        be `dst` itself
 * \param count the number of values
 * \param dst a scoped handle, usually that of a local (borrowed)
 * \return GCROOTS_ERROR_NULL_REFERENCE if `dst` is null;
 *         GCROOTS_ERROR_WRONG_STORE if `dst` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `dst` is stale;
 *         GCROOTS_ERROR_INVALID_ARGUMENT if `dst` is a manual handle;
 *         as gcroots_struct_new() otherwise. `dst` is unchanged then
 */
GCROOTS_API
gcroots_status_t gcroots_struct_new_into(gcroots_store_t *store,
                                         const gcroots_type_t *type,
                                         const gcroots_val_t *fields,
                                         size_t count,
                                         gcroots_ref_t dst)
    GCROOTS_MAY_COLLECT GCROOTS_NONNULL(1, 2) GCROOTS_ACCESS(read_only, 3, 4)
    GCROOTS_REQUIRES_STORE(store);

/**
 * Makes a struct as gcroots_struct_new() does, ends the current scope, and roots the struct in
 * the enclosing scope: for functions that build from what they have made. After a failure the
 * scope is still open. May collect. Hold no lock that a finalizer takes.
 *
 * \param scope the current scope
 * \param type the struct's type (borrowed)
 * \param fields as for gcroots_struct_new() (borrowed), nullable if `count` is 0
 * \param count the number of values
 * \param[out] out the new handle, in the enclosing scope
 * \return GCROOTS_ERROR_WRONG_STORE if `scope` belongs to another store;
 *         GCROOTS_ERROR_SCOPE_ORDER if `scope` is not the current scope, or has ended;
 *         as gcroots_struct_new() otherwise
 */
GCROOTS_API
gcroots_status_t gcroots_struct_new_escape(gcroots_store_t *store,
                                           gcroots_scope_t scope,
                                           const gcroots_type_t *type,
                                           const gcroots_val_t *fields,
                                           size_t count,
                                           gcroots_ref_t *out)
    GCROOTS_MAY_COLLECT GCROOTS_NONNULL(1, 3, 6) GCROOTS_ACCESS(read_only, 4, 5)
    GCROOTS_REQUIRES_STORE(store);

/* --- Arrays ------------------------------------------------------------------
 *
 * An array has elements of one type. Its length never changes. Indices start at 0.
 *
 * Ownership:
 * - The store keeps each type of which it has made an object. The caller may release
 *   its own reference to the type.
 * - A handle inside a gcroots_val_t is borrowed when the value is passed to a function.
 *   It is a new handle of the current scope when a function writes the value.
 *
 * Each function checks for its errors in the order in which it lists them. An empty range
 * of elements may start at the end of the array, but not beyond it.
 */

/**
 * Makes an array whose elements all have the same value, and roots it in the current
 * scope. May collect. Hold no lock that a finalizer takes.
 *
 * \param type the array's type (borrowed)
 * \param value the value of each element (borrowed). It is checked even if `length` is
 *        0
 * \param length the number of elements
 * \param[out] out the new handle
 * \return GCROOTS_ERROR_INVALID_ARGUMENT if the `kind` of `value` is not a valid one;
 *         GCROOTS_ERROR_WRONG_ENGINE if `type` belongs to another engine;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `type` is not an array type;
 *         GCROOTS_ERROR_WRONG_STORE if the handle in `value` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if the handle in `value` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `value` is null and the elements are not
 *         nullable;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `value` is not of the element type;
 *         GCROOTS_ERROR_LIMIT if `length` is above 2^32 - 1;
 *         GCROOTS_ERROR_NO_GC if a collection is needed inside a no-GC span;
 *         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the object or its
 *         root;
 *         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root
 */
GCROOTS_API
gcroots_status_t gcroots_array_new(gcroots_store_t *store,
                                   const gcroots_type_t *type,
                                   const gcroots_val_t *value,
                                   size_t length,
                                   gcroots_ref_t *out)
    GCROOTS_MAY_COLLECT GCROOTS_NONNULL(1, 2, 3, 5) GCROOTS_REQUIRES_STORE(store);

/**
 * Makes an array whose elements are zero or null, and roots it in the current scope. May
 * collect. Hold no lock that a finalizer takes.
 *
 * \param type the array's type (borrowed)
 * \param length the number of elements
 * \param[out] out the new handle
 * \return GCROOTS_ERROR_WRONG_ENGINE if `type` belongs to another engine;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `type` is not an array type;
 *         GCROOTS_ERROR_TYPE_MISMATCH if the elements are references that are not
 *         nullable;
 *         GCROOTS_ERROR_LIMIT if `length` is above 2^32 - 1;
 *         GCROOTS_ERROR_NO_GC if a collection is needed inside a no-GC span;
 *         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the object or its
 *         root;
 *         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root
 */
GCROOTS_API
gcroots_status_t gcroots_array_new_default(gcroots_store_t *store,
                                           const gcroots_type_t *type,
                                           size_t length,
                                           gcroots_ref_t *out)
    GCROOTS_MAY_COLLECT GCROOTS_NONNULL(1, 2, 4) GCROOTS_REQUIRES_STORE(store);

/**
 * Makes an array from one value for each element, and roots it in the current scope. May
 * collect. Hold no lock that a finalizer takes.
 *
 * \param type the array's type (borrowed)
 * \param elements the values (borrowed), nullable if `count` is 0. Each value is
 *        checked completely before the next one
 * \param count the number of values, which is the array's length
 * \param[out] out the new handle
 * \return GCROOTS_ERROR_INVALID_ARGUMENT if `count` is at most 2^32 - 1 and the `kind`
 *         of a value is not a valid one;
 *         GCROOTS_ERROR_WRONG_ENGINE if `type` belongs to another engine;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `type` is not an array type;
 *         GCROOTS_ERROR_LIMIT if `count` is above 2^32 - 1;
 *         GCROOTS_ERROR_WRONG_STORE if the handle in a value belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if the handle in a value is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if a value is null and the elements are not
 *         nullable;
 *         GCROOTS_ERROR_TYPE_MISMATCH if a value is not of the element type;
 *         GCROOTS_ERROR_NO_GC if a collection is needed inside a no-GC span;
 *         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the object or its
 *         root;
 *         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root
 */
GCROOTS_API
gcroots_status_t gcroots_array_new_fixed(gcroots_store_t *store,
                                         const gcroots_type_t *type,
                                         const gcroots_val_t *elements,
                                         size_t count,
                                         gcroots_ref_t *out)
    GCROOTS_MAY_COLLECT GCROOTS_NONNULL(1, 2, 5) GCROOTS_ACCESS(read_only, 3, 4)
    GCROOTS_REQUIRES_STORE(store);

/**
 * Makes an array from elements in memory, and roots it in the current scope. May collect.
 * Hold no lock that a finalizer takes.
 *
 * The elements must not be references. In memory they lie one after another, each of
 * the size of its storage, as gcroots_array_read() copies them.
 *
 * \param type the array's type (borrowed)
 * \param bytes the elements (borrowed), nullable if `length` is 0
 * \param length the number of elements
 * \param[out] out the new handle
 * \return GCROOTS_ERROR_WRONG_ENGINE if `type` belongs to another engine;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `type` is not an array type;
 *         GCROOTS_ERROR_TYPE_MISMATCH if the elements are references;
 *         GCROOTS_ERROR_NO_GC if a collection is needed inside a no-GC span;
 *         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the object or its
 *         root;
 *         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root
 */
GCROOTS_API
gcroots_status_t gcroots_array_new_bytes(gcroots_store_t *store,
                                         const gcroots_type_t *type,
                                         const void *bytes,
                                         uint32_t length,
                                         gcroots_ref_t *out)
    GCROOTS_MAY_COLLECT GCROOTS_NONNULL(1, 2, 5) GCROOTS_REQUIRES_STORE(store);

/**
 * Returns the length of an array. Never collects.
 *
 * \param[out] out the number of elements
 * \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an array
 */
GCROOTS_API
gcroots_status_t gcroots_array_len(gcroots_store_t *store,
                                   gcroots_ref_t ref,
                                   size_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 3) GCROOTS_REQUIRES_STORE(store);

/**
 * Reads an element of any storage. Never collects.
 *
 * An element of storage i8 or i16 is read as an i32, zero-extended.
 *
 * \param[out] out the value; a reference is a new handle of the current scope, or null
 * \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an array;
 *         GCROOTS_ERROR_OUT_OF_BOUNDS if the array has no element `index`;
 *         GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory for the new root;
 *         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root
 */
GCROOTS_API
gcroots_status_t gcroots_array_get(gcroots_store_t *store,
                                   gcroots_ref_t ref,
                                   size_t index,
                                   gcroots_val_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 4) GCROOTS_REQUIRES_STORE(store);

/**
 * Sets an element of any storage. Never collects.
 *
 * An element of storage i8 or i16 takes the lower bits of an i32.
 *
 * \param value the new value (borrowed)
 * \return GCROOTS_ERROR_INVALID_ARGUMENT if the `kind` of `value` is not a valid one;
 *         GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an array;
 *         GCROOTS_ERROR_WRONG_STORE if the handle in `value` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if the handle in `value` is stale;
 *         GCROOTS_ERROR_IMMUTABLE if the elements are immutable;
 *         GCROOTS_ERROR_NULL_REFERENCE if `value` is null and the elements are not
 *         nullable;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `value` is not of the element type;
 *         GCROOTS_ERROR_OUT_OF_BOUNDS if the array has no element `index`
 */
GCROOTS_API
gcroots_status_t gcroots_array_set(gcroots_store_t *store,
                                   gcroots_ref_t ref,
                                   size_t index,
                                   const gcroots_val_t *value)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 4) GCROOTS_REQUIRES_STORE(store);

/**
 * Reads an element of storage i32. Never collects.
 *
 * \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an array;
 *         GCROOTS_ERROR_TYPE_MISMATCH if the elements' storage is not i32;
 *         GCROOTS_ERROR_OUT_OF_BOUNDS if the array has no element `index`
 */
GCROOTS_API
gcroots_status_t gcroots_array_get_i32(gcroots_store_t *store,
                                       gcroots_ref_t ref,
                                       size_t index,
                                       int32_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 4) GCROOTS_REQUIRES_STORE(store);

/**
 * Reads an element of storage i64. Never collects.
 *
 * \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an array;
 *         GCROOTS_ERROR_TYPE_MISMATCH if the elements' storage is not i64;
 *         GCROOTS_ERROR_OUT_OF_BOUNDS if the array has no element `index`
 */
GCROOTS_API
gcroots_status_t gcroots_array_get_i64(gcroots_store_t *store,
                                       gcroots_ref_t ref,
                                       size_t index,
                                       int64_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 4) GCROOTS_REQUIRES_STORE(store);

/**
 * Reads an element of storage f32. Never collects.
 *
 * \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an array;
 *         GCROOTS_ERROR_TYPE_MISMATCH if the elements' storage is not f32;
 *         GCROOTS_ERROR_OUT_OF_BOUNDS if the array has no element `index`
 */
GCROOTS_API
gcroots_status_t gcroots_array_get_f32(gcroots_store_t *store,
                                       gcroots_ref_t ref,
                                       size_t index,
                                       float *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 4) GCROOTS_REQUIRES_STORE(store);

/**
 * Reads an element of storage f64. Never collects.
 *
 * \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an array;
 *         GCROOTS_ERROR_TYPE_MISMATCH if the elements' storage is not f64;
 *         GCROOTS_ERROR_OUT_OF_BOUNDS if the array has no element `index`
 */
GCROOTS_API
gcroots_status_t gcroots_array_get_f64(gcroots_store_t *store,
                                       gcroots_ref_t ref,
                                       size_t index,
                                       double *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 4) GCROOTS_REQUIRES_STORE(store);

/**
 * Reads an element of storage v128. Never collects.
 *
 * \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an array;
 *         GCROOTS_ERROR_TYPE_MISMATCH if the elements' storage is not v128;
 *         GCROOTS_ERROR_OUT_OF_BOUNDS if the array has no element `index`
 */
GCROOTS_API
gcroots_status_t gcroots_array_get_v128(gcroots_store_t *store,
                                        gcroots_ref_t ref,
                                        size_t index,
                                        gcroots_v128_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 4) GCROOTS_REQUIRES_STORE(store);

/**
 * Sets an element of storage i32, i16 or i8. An i16 or i8 takes the lower bits. Never
 * collects.
 *
 * \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an array;
 *         GCROOTS_ERROR_IMMUTABLE if the elements are immutable;
 *         GCROOTS_ERROR_TYPE_MISMATCH if the elements' storage is not i32, i16 or i8;
 *         GCROOTS_ERROR_OUT_OF_BOUNDS if the array has no element `index`
 */
GCROOTS_API
gcroots_status_t gcroots_array_set_i32(gcroots_store_t *store,
                                       gcroots_ref_t ref,
                                       size_t index,
                                       int32_t value)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1) GCROOTS_REQUIRES_STORE(store);

/**
 * Sets an element of storage i64. Never collects.
 *
 * \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an array;
 *         GCROOTS_ERROR_IMMUTABLE if the elements are immutable;
 *         GCROOTS_ERROR_TYPE_MISMATCH if the elements' storage is not i64;
 *         GCROOTS_ERROR_OUT_OF_BOUNDS if the array has no element `index`
 */
GCROOTS_API
gcroots_status_t gcroots_array_set_i64(gcroots_store_t *store,
                                       gcroots_ref_t ref,
                                       size_t index,
                                       int64_t value)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1) GCROOTS_REQUIRES_STORE(store);

/**
 * Sets an element of storage f32. Never collects.
 *
 * \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an array;
 *         GCROOTS_ERROR_IMMUTABLE if the elements are immutable;
 *         GCROOTS_ERROR_TYPE_MISMATCH if the elements' storage is not f32;
 *         GCROOTS_ERROR_OUT_OF_BOUNDS if the array has no element `index`
 */
GCROOTS_API
gcroots_status_t gcroots_array_set_f32(gcroots_store_t *store,
                                       gcroots_ref_t ref,
                                       size_t index,
                                       float value)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1) GCROOTS_REQUIRES_STORE(store);

/**
 * Sets an element of storage f64. Never collects.
 *
 * \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an array;
 *         GCROOTS_ERROR_IMMUTABLE if the elements are immutable;
 *         GCROOTS_ERROR_TYPE_MISMATCH if the elements' storage is not f64;
 *         GCROOTS_ERROR_OUT_OF_BOUNDS if the array has no element `index`
 */
GCROOTS_API
gcroots_status_t gcroots_array_set_f64(gcroots_store_t *store,
                                       gcroots_ref_t ref,
                                       size_t index,
                                       double value)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1) GCROOTS_REQUIRES_STORE(store);

/**
 * Sets an element of storage v128. Never collects.
 *
 * \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an array;
 *         GCROOTS_ERROR_IMMUTABLE if the elements are immutable;
 *         GCROOTS_ERROR_TYPE_MISMATCH if the elements' storage is not v128;
 *         GCROOTS_ERROR_OUT_OF_BOUNDS if the array has no element `index`
 */
GCROOTS_API
gcroots_status_t gcroots_array_set_v128(gcroots_store_t *store,
                                        gcroots_ref_t ref,
                                        size_t index,
                                        gcroots_v128_t value)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1) GCROOTS_REQUIRES_STORE(store);

/**
 * Reads an element of storage i8 or i16, sign-extended. Never collects.
 *
 * \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an array;
 *         GCROOTS_ERROR_TYPE_MISMATCH if the elements' storage is not i8 or i16;
 *         GCROOTS_ERROR_OUT_OF_BOUNDS if the array has no element `index`
 */
GCROOTS_API
gcroots_status_t gcroots_array_get_s(gcroots_store_t *store,
                                     gcroots_ref_t ref,
                                     size_t index,
                                     int32_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 4) GCROOTS_REQUIRES_STORE(store);

/**
 * Reads an element of storage i8 or i16, zero-extended. Never collects.
 *
 * \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an array;
 *         GCROOTS_ERROR_TYPE_MISMATCH if the elements' storage is not i8 or i16;
 *         GCROOTS_ERROR_OUT_OF_BOUNDS if the array has no element `index`
 */
GCROOTS_API
gcroots_status_t gcroots_array_get_u(gcroots_store_t *store,
                                     gcroots_ref_t ref,
                                     size_t index,
                                     uint32_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 4) GCROOTS_REQUIRES_STORE(store);

/**
 * Reads an element that is a reference. Never collects.
 *
 * \param[out] out a new handle of the current scope, or null
 * \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an array;
 *         GCROOTS_ERROR_TYPE_MISMATCH if the elements are not references;
 *         GCROOTS_ERROR_OUT_OF_BOUNDS if the array has no element `index`;
 *         GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory for the new root;
 *         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root
 */
GCROOTS_API
gcroots_status_t gcroots_array_get_ref(gcroots_store_t *store,
                                       gcroots_ref_t ref,
                                       size_t index,
                                       gcroots_ref_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 4) GCROOTS_REQUIRES_STORE(store);

/**
 * Makes a local refer to what an element refers to, or to null. Never collects.
 *
 * The function makes no new root, so a loop can use one local for all its iterations.
 * All copies of `dst` see the change. `dst` may be `ref` itself.
 *
 * \param dst a local, or any other scoped handle of an open scope
 * \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an array;
 *         GCROOTS_ERROR_NULL_REFERENCE if `dst` is the null reference;
 *         GCROOTS_ERROR_WRONG_STORE if `dst` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `dst` is stale;
 *         GCROOTS_ERROR_INVALID_ARGUMENT if `dst` is a manual handle;
 *         GCROOTS_ERROR_TYPE_MISMATCH if the elements are not references;
 *         GCROOTS_ERROR_OUT_OF_BOUNDS if the array has no element `index`
 */
GCROOTS_API
gcroots_status_t gcroots_array_get_ref_into(gcroots_store_t *store,
                                            gcroots_ref_t ref,
                                            size_t index,
                                            gcroots_ref_t dst)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1) GCROOTS_REQUIRES_STORE(store);

/**
 * Sets an element that is a reference. Never collects.
 *
 * \param value_or_null the new value (borrowed)
 * \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an array;
 *         GCROOTS_ERROR_WRONG_STORE if `value_or_null` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `value_or_null` is stale;
 *         GCROOTS_ERROR_IMMUTABLE if the elements are immutable;
 *         GCROOTS_ERROR_NULL_REFERENCE if `value_or_null` is null and the elements are
 *         not nullable;
 *         GCROOTS_ERROR_TYPE_MISMATCH if the elements are not references, or
 *         `value_or_null` is not of the element type;
 *         GCROOTS_ERROR_OUT_OF_BOUNDS if the array has no element `index`
 */
GCROOTS_API
gcroots_status_t gcroots_array_set_ref(gcroots_store_t *store,
                                       gcroots_ref_t ref,
                                       size_t index,
                                       gcroots_ref_t value_or_null)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1) GCROOTS_REQUIRES_STORE(store);

/**
 * Sets `count` elements, from `index` on, to one value. Never collects.
 *
 * Elements of storage i8 or i16 take the lower bits of an i32.
 *
 * \param value the new value (borrowed)
 * \return GCROOTS_ERROR_INVALID_ARGUMENT if the `kind` of `value` is not a valid one;
 *         GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an array;
 *         GCROOTS_ERROR_WRONG_STORE if the handle in `value` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if the handle in `value` is stale;
 *         GCROOTS_ERROR_IMMUTABLE if the elements are immutable;
 *         GCROOTS_ERROR_NULL_REFERENCE if `value` is null and the elements are not
 *         nullable;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `value` is not of the element type;
 *         GCROOTS_ERROR_OUT_OF_BOUNDS if the range is not inside the array
 */
GCROOTS_API
gcroots_status_t gcroots_array_fill(gcroots_store_t *store,
                                    gcroots_ref_t ref,
                                    size_t index,
                                    const gcroots_val_t *value,
                                    size_t count)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 4) GCROOTS_REQUIRES_STORE(store);

/**
 * Copies `count` elements from one array to another, or within one array. Never
 * collects.
 *
 * The two ranges may overlap: the result is as if the elements were copied to a
 * temporary array first.
 *
 * \param dst the array that is written
 * \param dst_index the first element that is written
 * \param src the array that is read
 * \param src_index the first element that is read
 * \return GCROOTS_ERROR_WRONG_STORE if `dst` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `dst` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `dst` is null;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `dst` does not refer to an array;
 *         GCROOTS_ERROR_WRONG_STORE if `src` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `src` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `src` is null;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `src` does not refer to an array;
 *         GCROOTS_ERROR_IMMUTABLE if the elements of `dst` are immutable;
 *         GCROOTS_ERROR_TYPE_MISMATCH unless the element type of `src` is that of
 *         `dst` or, for references, a subtype of it;
 *         GCROOTS_ERROR_OUT_OF_BOUNDS if the range of `dst` is not inside the array;
 *         GCROOTS_ERROR_OUT_OF_BOUNDS if the range of `src` is not inside the array
 */
GCROOTS_API
gcroots_status_t gcroots_array_copy(gcroots_store_t *store,
                                    gcroots_ref_t dst,
                                    size_t dst_index,
                                    gcroots_ref_t src,
                                    size_t src_index,
                                    size_t count)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1) GCROOTS_REQUIRES_STORE(store);

/**
 * Copies `count` elements, from `index` on, out of the heap. Never collects.
 *
 * The elements must not be references. They are copied as they lie in the heap: one
 * after another, each of the size of its storage.
 *
 * \param[out] out memory for `count` elements, nullable if `count` is 0
 * \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an array;
 *         GCROOTS_ERROR_TYPE_MISMATCH if the elements are references;
 *         GCROOTS_ERROR_OUT_OF_BOUNDS if the range is not inside the array
 */
GCROOTS_API
gcroots_status_t gcroots_array_read(gcroots_store_t *store,
                                    gcroots_ref_t ref,
                                    size_t index,
                                    void *out,
                                    size_t count)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1) GCROOTS_REQUIRES_STORE(store);

/**
 * Copies `count` elements into the heap, from `index` on: the opposite of
 * gcroots_array_read(). Never collects.
 *
 * The elements must not be references. In memory they lie one after another, each of
 * the size of its storage.
 *
 * \param data the elements (borrowed), nullable if `count` is 0
 * \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an array;
 *         GCROOTS_ERROR_IMMUTABLE if the elements are immutable;
 *         GCROOTS_ERROR_TYPE_MISMATCH if the elements are references;
 *         GCROOTS_ERROR_OUT_OF_BOUNDS if the range is not inside the array
 */
GCROOTS_API
gcroots_status_t gcroots_array_write(gcroots_store_t *store,
                                     gcroots_ref_t ref,
                                     size_t index,
                                     const void *data,
                                     size_t count)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1) GCROOTS_REQUIRES_STORE(store);

/* --- 31-bit integers ---------------------------------------------------------
 *
 * An i31 is a reference that holds an integer and refers to no object. Making one never
 * collects. Two i31 references with the same integer are equal.
 */

/**
 * Makes an i31 from the lower 31 bits of an integer, and roots it in the current
 * scope. Never collects.
 *
 * \param value the integer; its highest bit is ignored
 * \param[out] out the new handle
 * \return GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory for the new root;
 *         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root
 */
GCROOTS_API
gcroots_status_t gcroots_i31_new(gcroots_store_t *store,
                                 int32_t value,
                                 gcroots_ref_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 3) GCROOTS_REQUIRES_STORE(store);

/**
 * Returns the integer of an i31, sign-extended: -2^30 to 2^30 - 1. Never collects.
 *
 * \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an i31
 */
GCROOTS_API
gcroots_status_t gcroots_i31_get_s(gcroots_store_t *store,
                                   gcroots_ref_t ref,
                                   int32_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 3) GCROOTS_REQUIRES_STORE(store);

/**
 * Returns the integer of an i31, zero-extended: 0 to 2^31 - 1. Never collects.
 *
 * \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an i31
 */
GCROOTS_API
gcroots_status_t gcroots_i31_get_u(gcroots_store_t *store,
                                   gcroots_ref_t ref,
                                   uint32_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 3) GCROOTS_REQUIRES_STORE(store);

/* --- Kinds, casts and conversions --------------------------------------------
 *
 * These functions tell what a reference refers to, and whether it is of a type.
 *
 * A reference is internal or external because of the slot that holds it, and not because
 * of its object. Slots of GCROOTS_HEAP_ANY and GCROOTS_HEAP_EXTERN hold the same
 * objects. Conversions between the two change no object.
 */

/**
 * What a reference refers to: one of the GCROOTS_REF_... numbers below.
 */
typedef uint32_t gcroots_ref_kind_t;

/**
 * The type of a reference.
 */
typedef struct {
  /**
   * The registered type (borrowed), if `heap` is GCROOTS_HEAP_TYPE; otherwise ignored.
   */
  const gcroots_type_t *type;
  /**
   * What a reference of this type may refer to: GCROOTS_HEAP_ANY to GCROOTS_HEAP_TYPE,
   * or GCROOTS_HEAP_EVERY.
   */
  gcroots_heap_type_t heap;
  /**
   * Whether null is of this type: 0 if not, any other number if so.
   */
  uint8_t is_nullable;
} gcroots_ref_type_t;

/**
 * Nothing: the reference is null.
 */
#define GCROOTS_REF_NULL 0

/**
 * An externref, which holds host data.
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
 * An i31: a 31-bit integer.
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
 * Gets what a reference refers to. Never collects.
 *
 * \param ref a scoped or manual handle (borrowed), or null
 * \param[out] out one of GCROOTS_REF_NULL to GCROOTS_REF_FUNC
 * \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref` is stale
 */
GCROOTS_API
gcroots_status_t gcroots_ref_kind(gcroots_store_t *store,
                                  gcroots_ref_t ref,
                                  gcroots_ref_kind_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 3) GCROOTS_REQUIRES_STORE(store);

/**
 * Gets the type that a struct, an array or a function was made with, or the type of an
 * exception's tag. Never collects.
 *
 * \param ref a scoped or manual handle (borrowed)
 * \param[out] out the type (owned); release it with gcroots_type_free()
 * \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
 *         GCROOTS_ERROR_TYPE_MISMATCH unless `ref` is a struct, an array, a function or
 *         an exception;
 *         GCROOTS_ERROR_LIMIT if the reference count of the type would overflow
 */
GCROOTS_API
GCROOTS_NODISCARD
gcroots_status_t gcroots_ref_type(gcroots_store_t *store,
                                  gcroots_ref_t ref,
                                  gcroots_type_t **out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 3) GCROOTS_REQUIRES_STORE(store);

/**
 * Tests whether a reference is of a type. Never collects.
 *
 * Cost: constant; takes no lock.
 *
 * \param ref a scoped or manual handle (borrowed), or null
 * \param[out] out whether `ref` is of the type `of`
 * \return GCROOTS_ERROR_NULL_ARGUMENT also if `of.heap` is GCROOTS_HEAP_TYPE and
 *         `of.type` is NULL;
 *         GCROOTS_ERROR_INVALID_ARGUMENT if `of.heap` is not a heap type, or is
 *         GCROOTS_HEAP_LOCAL;
 *         GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref` is stale;
 *         GCROOTS_ERROR_WRONG_ENGINE if `of.type` belongs to another engine
 */
GCROOTS_API
gcroots_status_t gcroots_ref_test(gcroots_store_t *store,
                                  gcroots_ref_t ref,
                                  gcroots_ref_type_t of,
                                  bool *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 4) GCROOTS_REQUIRES_STORE(store);

/**
 * Makes a scoped root for what a reference refers to, if it is of a type. Never
 * collects.
 *
 * Cost: constant; takes no lock.
 *
 * \param ref a scoped or manual handle (borrowed), or null
 * \param[out] out the new handle, in the current scope; null if `ref` is null and null
 *             is of the type
 * \return GCROOTS_ERROR_NULL_ARGUMENT also if `to.heap` is GCROOTS_HEAP_TYPE and
 *         `to.type` is NULL;
 *         GCROOTS_ERROR_INVALID_ARGUMENT if `to.heap` is not a heap type, or is
 *         GCROOTS_HEAP_LOCAL;
 *         GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref` is stale;
 *         GCROOTS_ERROR_WRONG_ENGINE if `to.type` belongs to another engine;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `ref` is not of the type, also if it is null;
 *         GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory for the new root;
 *         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root
 */
GCROOTS_API
gcroots_status_t gcroots_ref_cast(gcroots_store_t *store,
                                  gcroots_ref_t ref,
                                  gcroots_ref_type_t to,
                                  gcroots_ref_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 4) GCROOTS_REQUIRES_STORE(store);

/**
 * Converts an internal reference to an external one, for a slot of GCROOTS_HEAP_EXTERN.
 * Never collects.
 *
 * \param ref a scoped or manual handle (borrowed), or null
 * \param[out] out the new handle, in the current scope, for the same object or i31; null
 *             if `ref` is null
 * \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref` is stale;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `ref` is an exception or a function;
 *         GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory for the new root;
 *         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root
 */
GCROOTS_API
gcroots_status_t gcroots_extern_convert_any(gcroots_store_t *store,
                                            gcroots_ref_t ref,
                                            gcroots_ref_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 3) GCROOTS_REQUIRES_STORE(store);

/**
 * Converts an external reference to an internal one, for a slot of GCROOTS_HEAP_ANY: the
 * opposite of gcroots_extern_convert_any(). An object that was internal before is so
 * again, of its own type. An externref becomes a reference of GCROOTS_HEAP_ANY, and of
 * none of the types below it. Never collects.
 *
 * \param ref a scoped or manual handle (borrowed), or null
 * \param[out] out the new handle, in the current scope, for the same object or i31; null
 *             if `ref` is null
 * \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref` is stale;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `ref` is an exception or a function;
 *         GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory for the new root;
 *         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root
 */
GCROOTS_API
gcroots_status_t gcroots_any_convert_extern(gcroots_store_t *store,
                                            gcroots_ref_t ref,
                                            gcroots_ref_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 3) GCROOTS_REQUIRES_STORE(store);

/* --- Tags and exceptions -----------------------------------------------------
 *
 * A tag identifies a kind of exception. It is made from a function type without results;
 * the parameters of that type are the fields of the tag's exceptions. Two tags are
 * different even if they are made from the same type. A tag lives as long as its store.
 *
 * An exception is an object with a tag and fields. Neither ever changes.
 */

/**
 * Names a tag. All handles of one tag have the same bits. A handle whose `store_id` is
 * 0 names no tag.
 */
typedef struct {
  /**
   * The store's id.
   */
  uint64_t store_id;
  /**
   * The same for all tags. It tells tags from other handles.
   */
  uint32_t generation;
  /**
   * The tag's number in its store.
   */
  uint32_t index;
} gcroots_tag_t;

/**
 * Makes a tag that differs from all other tags. Never collects.
 *
 * \param type a function type without results (borrowed)
 * \param[out] out the tag. It lives as long as the store and is not released
 * \return GCROOTS_ERROR_WRONG_ENGINE if `type` belongs to another engine;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `type` is not a function type, or has
 *         results;
 *         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the tag;
 *         GCROOTS_ERROR_LIMIT if the store has too many tags, or the type too many
 *         references
 */
GCROOTS_API
gcroots_status_t gcroots_tag_new(gcroots_store_t *store,
                                 const gcroots_type_t *type,
                                 gcroots_tag_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 2, 3) GCROOTS_REQUIRES_STORE(store);

/**
 * Returns the function type from which a tag was made. Never collects.
 *
 * \param[out] out the type (owned); release it with gcroots_type_free()
 * \return GCROOTS_ERROR_NULL_REFERENCE if the `store_id` of `tag` is 0;
 *         GCROOTS_ERROR_WRONG_STORE if `tag` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `tag` does not name a tag;
 *         GCROOTS_ERROR_LIMIT if the type has too many references
 */
GCROOTS_API
GCROOTS_NODISCARD
gcroots_status_t gcroots_tag_type(gcroots_store_t *store,
                                  gcroots_tag_t tag,
                                  gcroots_type_t **out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 3) GCROOTS_REQUIRES_STORE(store);

/**
 * Tests whether two handles name the same tag. Never collects.
 *
 * \return GCROOTS_ERROR_NULL_REFERENCE if the `store_id` of `a` or `b` is 0;
 *         GCROOTS_ERROR_WRONG_STORE if `a` or `b` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `a` or `b` does not name a tag
 */
GCROOTS_API
gcroots_status_t gcroots_tag_eq(gcroots_store_t *store,
                                gcroots_tag_t a,
                                gcroots_tag_t b,
                                bool *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 4) GCROOTS_REQUIRES_STORE(store);

/**
 * Makes an exception from one value for each field, and roots it in the current scope.
 * May collect. Hold no lock that a finalizer takes.
 *
 * The new exception is not pending: gcroots_store_throw() makes it so.
 *
 * \param fields the values (borrowed), nullable if `count` is 0. They are read only if
 *        `count` is the number of fields of the tag. Each value is checked completely
 *        before the next one
 * \param count the number of values
 * \param[out] out the new handle
 * \return GCROOTS_ERROR_NULL_REFERENCE if the `store_id` of `tag` is 0;
 *         GCROOTS_ERROR_WRONG_STORE if `tag` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `tag` does not name a tag;
 *         GCROOTS_ERROR_INVALID_ARGUMENT if `count` is not the number of fields;
 *         GCROOTS_ERROR_INVALID_ARGUMENT if the `kind` of a value is not a valid one;
 *         GCROOTS_ERROR_WRONG_STORE if the handle in a value belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if the handle in a value is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if a value is null and its field is not
 *         nullable;
 *         GCROOTS_ERROR_TYPE_MISMATCH if a value is not of its field's type;
 *         GCROOTS_ERROR_NO_GC if a collection is needed inside a no-GC span;
 *         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the object or its
 *         root;
 *         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root
 */
GCROOTS_API
gcroots_status_t gcroots_exn_new(gcroots_store_t *store,
                                 gcroots_tag_t tag,
                                 const gcroots_val_t *fields,
                                 size_t count,
                                 gcroots_ref_t *out)
    GCROOTS_MAY_COLLECT GCROOTS_NONNULL(1, 5) GCROOTS_ACCESS(read_only, 3, 4)
    GCROOTS_REQUIRES_STORE(store);

/**
 * Returns the tag of an exception. Never collects.
 *
 * \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an exception
 */
GCROOTS_API
gcroots_status_t gcroots_exn_tag(gcroots_store_t *store,
                                 gcroots_ref_t ref,
                                 gcroots_tag_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 3) GCROOTS_REQUIRES_STORE(store);

/**
 * Reads a field of an exception. Never collects.
 *
 * \param[out] out the value; a reference is a new handle of the current scope, or null
 * \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an exception;
 *         GCROOTS_ERROR_OUT_OF_BOUNDS if the exception has no field `index`;
 *         GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory for the new root;
 *         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root
 */
GCROOTS_API
gcroots_status_t gcroots_exn_field(gcroots_store_t *store,
                                   gcroots_ref_t ref,
                                   size_t index,
                                   gcroots_val_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 4) GCROOTS_REQUIRES_STORE(store);

/**
 * Makes an exception the store's pending exception, and replaces any other. Never
 * collects.
 *
 * The store keeps the exception alive until gcroots_store_take_exception() takes it.
 * While an exception is pending, gcroots_func_call() calls nothing and returns
 * GCROOTS_ERROR_EXCEPTION.
 *
 * \param exn the exception (borrowed)
 * \return GCROOTS_ERROR_WRONG_STORE if `exn` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `exn` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `exn` is null;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `exn` does not refer to an exception
 */
GCROOTS_API
gcroots_status_t gcroots_store_throw(gcroots_store_t *store,
                                     gcroots_ref_t exn)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1) GCROOTS_REQUIRES_STORE(store);

/**
 * Takes the pending exception. Afterwards no exception is pending. Never collects.
 *
 * \param[out] out a new handle of the current scope, or null if no exception was
 *             pending
 * \return GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory for the new root;
 *         the exception stays pending;
 *         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root; the
 *         exception stays pending
 */
GCROOTS_API
gcroots_status_t gcroots_store_take_exception(gcroots_store_t *store,
                                              gcroots_ref_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 2) GCROOTS_REQUIRES_STORE(store);

/**
 * Takes the pending exception, and makes a manual root for it instead of a scoped one.
 * Afterwards no exception is pending. Never collects.
 *
 * \param[out] out the new root (owned); release it with gcroots_manually_rooted_unroot().
 *             Null if no exception was pending
 * \return GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory for the new root;
 *         the exception stays pending;
 *         GCROOTS_ERROR_LIMIT if the store has no slot left for a manual root; the
 *         exception stays pending
 */
GCROOTS_API
GCROOTS_NODISCARD
gcroots_status_t gcroots_store_take_exception_manually_rooted(gcroots_store_t *store,
                                                              gcroots_manually_rooted_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 2) GCROOTS_REQUIRES_STORE(store);

/**
 * Tests whether an exception is pending. Never collects.
 *
 * \param[out] out whether gcroots_store_take_exception() would take an exception
 */
GCROOTS_API
gcroots_status_t gcroots_store_has_exception(gcroots_store_t *store,
                                             bool *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 2) GCROOTS_REQUIRES_STORE(store);

/* --- Tables ------------------------------------------------------------------
 *
 * A table holds references of one type, at indices from 0 on. It can grow up to its
 * maximum. It keeps its elements alive, across scopes, until it is freed or its store is
 * deleted. A gcroots_table_t is not a gcroots_ref_t.
 *
 * Indices and sizes have 64 bits, as in WebAssembly. Like an array, a table has at most
 * 2^32 - 1 elements. Each takes 4 bytes.
 *
 * The elements lie in a hidden array in the heap. gcroots_store_stats() counts that array
 * as an object. A table that grows beyond its array gets a larger one; the old array is
 * counted until a collection frees it.
 *
 * Cost: when a table needs a larger array, it reserves more room than requested, if its
 * maximum and the heap allow that. So appending elements one by one takes time
 * proportional to their number.
 *
 * Each function checks for its errors in the order in which it lists them. A function
 * that fails writes no element. An empty range of elements may start at the end of the
 * table, but not beyond it.
 */

/**
 * Names a table. A handle whose `store_id` is 0 names no table, whatever its other
 * members are.
 */
typedef struct {
  /**
   * The store's id.
   */
  uint64_t store_id;
  /**
   * Tells apart the tables that use the slot one after another.
   */
  uint32_t generation;
  /**
   * The table's slot in its store.
   */
  uint32_t index;
} gcroots_table_t;

/**
 * The type of a table.
 */
typedef struct {
  /**
   * The type of the elements.
   */
  gcroots_ref_type_t element;
  /**
   * The greatest size to which the table can grow, as gcroots_table_new() got it.
   */
  uint64_t maximum;
} gcroots_table_type_t;

/**
 * Makes a table of `size` elements, which are all the same reference or null. May
 * collect. Hold no lock that a finalizer takes.
 *
 * \param element the type of the elements; its member `type` (borrowed)
 * \param size the number of elements
 * \param maximum the greatest size to which the table can grow; UINT64_MAX for no
 *        other limit than that of all tables
 * \param init_or_null the value of each element (borrowed). It may be null if `size`
 *        is 0, even if the elements are not nullable
 * \param[out] out the table (owned); release it with gcroots_table_free()
 * \return GCROOTS_ERROR_NULL_ARGUMENT if `element.heap` is GCROOTS_HEAP_TYPE and
 *         `element.type` is NULL;
 *         GCROOTS_ERROR_INVALID_ARGUMENT if `element.heap` is not a heap type, or is
 *         GCROOTS_HEAP_LOCAL;
 *         GCROOTS_ERROR_INVALID_ARGUMENT if `size` is above `maximum`;
 *         GCROOTS_ERROR_WRONG_ENGINE if `element.type` belongs to another engine;
 *         GCROOTS_ERROR_WRONG_STORE if `init_or_null` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `init_or_null` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `init_or_null` is null and the elements are
 *         not nullable;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `init_or_null` is not of the element type;
 *         GCROOTS_ERROR_LIMIT if `size` is above 2^32 - 1;
 *         GCROOTS_ERROR_NO_GC if a collection is needed inside a no-GC span;
 *         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the table;
 *         GCROOTS_ERROR_LIMIT if the store has no slot left for a table, or the engine
 *         too many types
 */
GCROOTS_API
GCROOTS_NODISCARD
gcroots_status_t gcroots_table_new(gcroots_store_t *store,
                                   gcroots_ref_type_t element,
                                   uint64_t size,
                                   uint64_t maximum,
                                   gcroots_ref_t init_or_null,
                                   gcroots_table_t *out)
    GCROOTS_MAY_COLLECT GCROOTS_NONNULL(1, 6) GCROOTS_REQUIRES_STORE(store);

/**
 * Reads an element, and roots it in the current scope. Never collects.
 *
 * \param[out] out a new handle of the current scope, or null
 * \return GCROOTS_ERROR_NULL_REFERENCE if the `store_id` of `table` is 0;
 *         GCROOTS_ERROR_WRONG_STORE if `table` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `table` does not name a table, or the table was
 *         freed;
 *         GCROOTS_ERROR_OUT_OF_BOUNDS if the table has no element `index`;
 *         GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory for the new root;
 *         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root
 */
GCROOTS_API
gcroots_status_t gcroots_table_get(gcroots_store_t *store,
                                   gcroots_table_t table,
                                   uint64_t index,
                                   gcroots_ref_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 4) GCROOTS_REQUIRES_STORE(store);

/**
 * Makes a local refer to what an element refers to, or to null. Never collects.
 *
 * The function makes no new root, so a loop can use one local for all its iterations.
 * All copies of `dst` see the change.
 *
 * \param dst a local, or any other scoped handle of an open scope
 * \return GCROOTS_ERROR_NULL_REFERENCE if the `store_id` of `table` is 0;
 *         GCROOTS_ERROR_WRONG_STORE if `table` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `table` does not name a table, or the table was
 *         freed;
 *         GCROOTS_ERROR_NULL_REFERENCE if `dst` is the null reference;
 *         GCROOTS_ERROR_WRONG_STORE if `dst` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `dst` is stale;
 *         GCROOTS_ERROR_INVALID_ARGUMENT if `dst` is a manual handle;
 *         GCROOTS_ERROR_OUT_OF_BOUNDS if the table has no element `index`
 */
GCROOTS_API
gcroots_status_t gcroots_table_get_ref_into(gcroots_store_t *store,
                                            gcroots_table_t table,
                                            uint64_t index,
                                            gcroots_ref_t dst)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1) GCROOTS_REQUIRES_STORE(store);

/**
 * Sets an element. Never collects.
 *
 * \param value_or_null the new value (borrowed)
 * \return GCROOTS_ERROR_NULL_REFERENCE if the `store_id` of `table` is 0;
 *         GCROOTS_ERROR_WRONG_STORE if `table` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `table` does not name a table, or the table was
 *         freed;
 *         GCROOTS_ERROR_WRONG_STORE if `value_or_null` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `value_or_null` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `value_or_null` is null and the elements are
 *         not nullable;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `value_or_null` is not of the element type;
 *         GCROOTS_ERROR_OUT_OF_BOUNDS if the table has no element `index`
 */
GCROOTS_API
gcroots_status_t gcroots_table_set(gcroots_store_t *store,
                                   gcroots_table_t table,
                                   uint64_t index,
                                   gcroots_ref_t value_or_null)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1) GCROOTS_REQUIRES_STORE(store);

/**
 * Returns the number of elements of a table. Never collects.
 *
 * \param[out] out the number of elements
 * \return GCROOTS_ERROR_NULL_REFERENCE if the `store_id` of `table` is 0;
 *         GCROOTS_ERROR_WRONG_STORE if `table` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `table` does not name a table, or the table was
 *         freed
 */
GCROOTS_API
gcroots_status_t gcroots_table_size(gcroots_store_t *store,
                                    gcroots_table_t table,
                                    uint64_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 3) GCROOTS_REQUIRES_STORE(store);

/**
 * Returns the type of a table. Never collects.
 *
 * \param[out] out the type. If its `element.type` is not NULL, it is a new reference
 *             (owned); release it with gcroots_type_free()
 * \return GCROOTS_ERROR_NULL_REFERENCE if the `store_id` of `table` is 0;
 *         GCROOTS_ERROR_WRONG_STORE if `table` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `table` does not name a table, or the table was
 *         freed;
 *         GCROOTS_ERROR_LIMIT if the type of the elements has too many references
 */
GCROOTS_API
gcroots_status_t gcroots_table_type(gcroots_store_t *store,
                                    gcroots_table_t table,
                                    gcroots_table_type_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 3) GCROOTS_REQUIRES_STORE(store);

/**
 * Appends `delta` elements, which are all the same reference or null. May collect. Hold
 * no lock that a finalizer takes.
 *
 * If it fails, the table is unchanged.
 *
 * \param init_or_null the value of each new element (borrowed). It may be null if
 *        `delta` is 0, even if the elements are not nullable
 * \param[out] out the number of elements before the call
 * \return GCROOTS_ERROR_NULL_REFERENCE if the `store_id` of `table` is 0;
 *         GCROOTS_ERROR_WRONG_STORE if `table` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `table` does not name a table, or the table was
 *         freed;
 *         GCROOTS_ERROR_WRONG_STORE if `init_or_null` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `init_or_null` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `init_or_null` is null and the elements are
 *         not nullable;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `init_or_null` is not of the element type;
 *         GCROOTS_ERROR_LIMIT if the new size is above the table's maximum, or above
 *         2^32 - 1;
 *         GCROOTS_ERROR_NO_GC if a collection is needed inside a no-GC span;
 *         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the elements
 */
GCROOTS_API
gcroots_status_t gcroots_table_grow(gcroots_store_t *store,
                                    gcroots_table_t table,
                                    uint64_t delta,
                                    gcroots_ref_t init_or_null,
                                    uint64_t *out)
    GCROOTS_MAY_COLLECT GCROOTS_NONNULL(1, 5) GCROOTS_REQUIRES_STORE(store);

/**
 * Sets `count` elements, from `at` on, to a reference or null. Never collects.
 *
 * \param value_or_null the new value (borrowed). It is checked even if `count` is 0
 * \return GCROOTS_ERROR_NULL_REFERENCE if the `store_id` of `table` is 0;
 *         GCROOTS_ERROR_WRONG_STORE if `table` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `table` does not name a table, or the table was
 *         freed;
 *         GCROOTS_ERROR_WRONG_STORE if `value_or_null` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `value_or_null` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `value_or_null` is null and the elements are
 *         not nullable;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `value_or_null` is not of the element type;
 *         GCROOTS_ERROR_OUT_OF_BOUNDS if the range is not inside the table
 */
GCROOTS_API
gcroots_status_t gcroots_table_fill(gcroots_store_t *store,
                                    gcroots_table_t table,
                                    uint64_t at,
                                    gcroots_ref_t value_or_null,
                                    uint64_t count)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1) GCROOTS_REQUIRES_STORE(store);

/**
 * Copies `count` elements from one table to another, or within one table. Never
 * collects.
 *
 * The two ranges may overlap: the result is as if the elements were copied to a
 * temporary table first.
 *
 * \param dst the table that is written
 * \param dst_at the first element that is written
 * \param src the table that is read
 * \param src_at the first element that is read
 * \return GCROOTS_ERROR_NULL_REFERENCE if the `store_id` of `dst` is 0;
 *         GCROOTS_ERROR_WRONG_STORE if `dst` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `dst` does not name a table, or the table was
 *         freed;
 *         GCROOTS_ERROR_NULL_REFERENCE if the `store_id` of `src` is 0;
 *         GCROOTS_ERROR_WRONG_STORE if `src` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `src` does not name a table, or the table was
 *         freed;
 *         GCROOTS_ERROR_TYPE_MISMATCH unless the element type of `src` is that of
 *         `dst` or a subtype of it;
 *         GCROOTS_ERROR_OUT_OF_BOUNDS if the range of `dst` is not inside the table;
 *         GCROOTS_ERROR_OUT_OF_BOUNDS if the range of `src` is not inside the table
 */
GCROOTS_API
gcroots_status_t gcroots_table_copy(gcroots_store_t *store,
                                    gcroots_table_t dst,
                                    uint64_t dst_at,
                                    gcroots_table_t src,
                                    uint64_t src_at,
                                    uint64_t count)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1) GCROOTS_REQUIRES_STORE(store);

/**
 * Ends a table and zeroes its handle. Never collects.
 *
 * Copies of the handle become stale. The table no longer keeps its elements alive. For
 * a zeroed handle the function does nothing. If it fails, the handle is unchanged.
 *
 * \param[in,out] table the table (taken)
 * \return GCROOTS_ERROR_WRONG_STORE if `table` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `table` does not name a table, or the table was
 *         freed
 */
GCROOTS_API
gcroots_status_t gcroots_table_free(gcroots_store_t *store,
                                    gcroots_table_t *table)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 2) GCROOTS_REQUIRES_STORE(store);

/* --- Globals -----------------------------------------------------------------
 *
 * A global holds one value of any type except a packed one. It can be set if it was made
 * mutable. It keeps a reference alive, across scopes, until it is freed or its store is
 * deleted. A gcroots_global_t is not a gcroots_ref_t.
 *
 * The value lies in a hidden struct in the heap. gcroots_store_stats() counts that struct
 * as an object.
 *
 * Each function checks for its errors in the order in which it lists them.
 */

/**
 * Names a global. A handle whose `store_id` is 0 names no global, whatever its other
 * members are.
 */
typedef struct {
  /**
   * The store's id.
   */
  uint64_t store_id;
  /**
   * Tells apart the globals that use the slot one after another.
   */
  uint32_t generation;
  /**
   * The global's slot in its store.
   */
  uint32_t index;
} gcroots_global_t;

/**
 * Makes a global with the given value. May collect. Hold no lock that a finalizer takes.
 *
 * \param type the type of the value, and whether the global is mutable (borrowed). The
 *        storage must not be i8 or i16, and the heap type must not be
 *        GCROOTS_HEAP_LOCAL
 * \param value the first value (borrowed)
 * \param[out] out the global (owned); release it with gcroots_global_free()
 * \return GCROOTS_ERROR_NULL_ARGUMENT if `type` is a reference to GCROOTS_HEAP_TYPE
 *         and `type->type` is NULL;
 *         GCROOTS_ERROR_INVALID_ARGUMENT if the heap type or the storage is not an
 *         allowed one;
 *         GCROOTS_ERROR_INVALID_ARGUMENT if the `kind` of `value` is not a valid one;
 *         GCROOTS_ERROR_WRONG_ENGINE if `type->type` belongs to another engine;
 *         GCROOTS_ERROR_WRONG_STORE if the handle in `value` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if the handle in `value` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `value` is null and the global is not
 *         nullable;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `value` is not of the global's type;
 *         GCROOTS_ERROR_NO_GC if a collection is needed inside a no-GC span;
 *         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the global;
 *         GCROOTS_ERROR_LIMIT if the store has no slot left for a global, or the
 *         engine too many types
 */
GCROOTS_API
GCROOTS_NODISCARD
gcroots_status_t gcroots_global_new(gcroots_store_t *store,
                                    const gcroots_field_type_t *type,
                                    const gcroots_val_t *value,
                                    gcroots_global_t *out)
    GCROOTS_MAY_COLLECT GCROOTS_NONNULL(1, 2, 3, 4) GCROOTS_REQUIRES_STORE(store);

/**
 * Reads the value of a global. Never collects.
 *
 * \param[out] out the value; a reference is a new handle of the current scope, or null
 * \return GCROOTS_ERROR_NULL_REFERENCE if the `store_id` of `global` is 0;
 *         GCROOTS_ERROR_WRONG_STORE if `global` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `global` does not name a global, or the global was
 *         freed;
 *         GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory for the new root;
 *         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root
 */
GCROOTS_API
gcroots_status_t gcroots_global_get(gcroots_store_t *store,
                                    gcroots_global_t global,
                                    gcroots_val_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 3) GCROOTS_REQUIRES_STORE(store);

/**
 * Makes a local refer to what a global refers to, or to null. Never collects.
 *
 * The function makes no new root, so a loop can use one local for all its iterations.
 * All copies of `dst` see the change.
 *
 * \param dst a local, or any other scoped handle of an open scope
 * \return GCROOTS_ERROR_NULL_REFERENCE if the `store_id` of `global` is 0;
 *         GCROOTS_ERROR_WRONG_STORE if `global` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `global` does not name a global, or the global was
 *         freed;
 *         GCROOTS_ERROR_NULL_REFERENCE if `dst` is the null reference;
 *         GCROOTS_ERROR_WRONG_STORE if `dst` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `dst` is stale;
 *         GCROOTS_ERROR_INVALID_ARGUMENT if `dst` is a manual handle;
 *         GCROOTS_ERROR_TYPE_MISMATCH if the global is not a reference
 */
GCROOTS_API
gcroots_status_t gcroots_global_get_ref_into(gcroots_store_t *store,
                                             gcroots_global_t global,
                                             gcroots_ref_t dst)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1) GCROOTS_REQUIRES_STORE(store);

/**
 * Sets the value of a global. Never collects.
 *
 * \param value the new value (borrowed)
 * \return GCROOTS_ERROR_INVALID_ARGUMENT if the `kind` of `value` is not a valid one;
 *         GCROOTS_ERROR_NULL_REFERENCE if the `store_id` of `global` is 0;
 *         GCROOTS_ERROR_WRONG_STORE if `global` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `global` does not name a global, or the global was
 *         freed;
 *         GCROOTS_ERROR_WRONG_STORE if the handle in `value` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if the handle in `value` is stale;
 *         GCROOTS_ERROR_IMMUTABLE if the global is immutable;
 *         GCROOTS_ERROR_NULL_REFERENCE if `value` is null and the global is not
 *         nullable;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `value` is not of the global's type
 */
GCROOTS_API
gcroots_status_t gcroots_global_set(gcroots_store_t *store,
                                    gcroots_global_t global,
                                    const gcroots_val_t *value)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 3) GCROOTS_REQUIRES_STORE(store);

/**
 * Returns the type of a global. Never collects.
 *
 * \param[out] out the type of the value, and whether the global is mutable. If its `type`
 *             is not NULL, it is a new reference (owned); release it with
 *             gcroots_type_free()
 * \return GCROOTS_ERROR_NULL_REFERENCE if the `store_id` of `global` is 0;
 *         GCROOTS_ERROR_WRONG_STORE if `global` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `global` does not name a global, or the global was
 *         freed;
 *         GCROOTS_ERROR_LIMIT if the type of the value has too many references
 */
GCROOTS_API
gcroots_status_t gcroots_global_type(gcroots_store_t *store,
                                     gcroots_global_t global,
                                     gcroots_field_type_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 3) GCROOTS_REQUIRES_STORE(store);

/**
 * Ends a global and zeroes its handle. Never collects.
 *
 * Copies of the handle become stale. The global no longer keeps its value alive. For a
 * zeroed handle the function does nothing. If it fails, the handle is unchanged.
 *
 * \param[in,out] global the global (taken)
 * \return GCROOTS_ERROR_WRONG_STORE if `global` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `global` does not name a global, or the global was
 *         freed
 */
GCROOTS_API
gcroots_status_t gcroots_global_free(gcroots_store_t *store,
                                     gcroots_global_t *global)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 2) GCROOTS_REQUIRES_STORE(store);

/* --- Functions ---------------------------------------------------------------
 *
 * A function is an object that stands for a callback of the host. It has a function
 * type. C and Rust can both call it, with values of that type.
 *
 * A callback runs in a scope of its own. Its arguments are handles of that scope. When
 * the callback returns, that scope ends, and with it all scopes, roots and no-GC spans
 * that are still open inside.
 *
 * A callback may call its store, with two exceptions:
 * - gcroots_store_free(), gcroots_store_detach() and gcroots_store_attach() return
 *   GCROOTS_ERROR_BUSY
 * - it cannot end scopes and no-GC spans that were opened outside
 *
 * A callback returns GCROOTS_OK, or a status that its caller gets. It may pass on the status
 * of a call that has failed. For a failure of its own it returns GCROOTS_STATUS_EMBEDDER or a
 * greater number, after gcroots_set_error(). To throw an exception, it calls
 * gcroots_store_throw() and returns any status.
 */

/**
 * The code of a function. It runs on the thread that calls the function, and must
 * return.
 *
 * - `args` holds the arguments, of the function's types. Handles in it are valid until
 *   the callback returns.
 * - `results` holds zeros and nulls, of the function's types, which the callback
 *   replaces. Handles that it writes there are borrowed, and of either kind.
 *
 * The library owns both arrays. They are valid until the callback returns.
 */
typedef gcroots_status_t (*gcroots_callback_t)(void *env,
                                               gcroots_store_t *store,
                                               const gcroots_val_t *args,
                                               size_t nargs,
                                               gcroots_val_t *results,
                                               size_t nresults);

/**
 * Sets how deep calls of host functions may nest in one store. The default is 200.
 * Never collects.
 *
 * Each nested call takes about 1 KiB of the thread's stack, in addition to what the
 * callback itself uses.
 *
 * \return GCROOTS_ERROR_INVALID_ARGUMENT if `depth` is 0
 */
GCROOTS_API
gcroots_status_t gcroots_config_set_call_depth(gcroots_config_t *config,
                                               uint32_t depth)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1);

/**
 * Makes a function, and roots it in the current scope. May collect. Hold no lock that a
 * finalizer takes.
 *
 * \param type the function's type (borrowed)
 * \param callback the code that a call runs
 * \param env a pointer that the callback receives (taken on success, nullable)
 * \param finalizer_or_null runs once with `env`: after a collection has found the
 *        function dead, or when the store is deleted. It does not run while the
 *        callback is running, and never if gcroots_func_new() fails
 * \param[out] out the new handle
 * \return GCROOTS_ERROR_WRONG_ENGINE if `type` belongs to another engine;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `type` is not a function type;
 *         GCROOTS_ERROR_NO_GC if a collection is needed inside a no-GC span;
 *         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the object, its root
 *         or its host data;
 *         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root, or too
 *         many externrefs and functions
 */
GCROOTS_API
gcroots_status_t gcroots_func_new(gcroots_store_t *store,
                                  const gcroots_type_t *type,
                                  gcroots_callback_t callback,
                                  void *env,
                                  gcroots_finalizer_t finalizer_or_null,
                                  gcroots_ref_t *out)
    GCROOTS_MAY_COLLECT GCROOTS_NONNULL(1, 2, 3, 6) GCROOTS_REQUIRES_STORE(store);

/**
 * Calls a function. May collect, if the callback does. Hold no lock that a finalizer
 * takes.
 *
 * The call does the following:
 * 1. It checks the arguments.
 * 2. If an exception is pending, it returns GCROOTS_ERROR_EXCEPTION and calls nothing.
 * 3. It runs the callback. The function stays alive meanwhile.
 * 4. If the callback returns another status than GCROOTS_OK, of any number, it returns
 *    that status. gcroots_last_error() is then the last message that was left during the
 *    callback, by gcroots_set_error() or by a call that failed. Without such a message, it
 *    says which status the callback returned.
 * 5. If an exception is pending now, it returns GCROOTS_ERROR_EXCEPTION.
 * 6. It checks the results as it checks arguments, and writes them.
 *
 * \param args the arguments (borrowed), nullable if `nargs` is 0. They are read only
 *        if `nargs` and `nresults` are the numbers of the function's parameters and
 *        results. Each argument is checked completely before the next one
 * \param[out] results the results, nullable if `nresults` is 0. They are written only
 *             on success. A reference is a new handle of the current scope, or null.
 *             `results` may be the same memory as `args`
 * \return GCROOTS_ERROR_WRONG_STORE if `func` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `func` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `func` is null;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `func` does not refer to a function;
 *         GCROOTS_ERROR_INVALID_ARGUMENT if `nargs` or `nresults` is not the
 *         function's number;
 *         GCROOTS_ERROR_INVALID_ARGUMENT if the `kind` of an argument is not a valid
 *         one;
 *         GCROOTS_ERROR_WRONG_STORE if the handle in an argument belongs to another
 *         store;
 *         GCROOTS_ERROR_UNROOTED if the handle in an argument is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if an argument is null and its parameter is not
 *         nullable;
 *         GCROOTS_ERROR_TYPE_MISMATCH if an argument is not of its parameter's type;
 *         GCROOTS_ERROR_EXCEPTION if an exception is pending; nothing was called;
 *         GCROOTS_ERROR_LIMIT if the call depth is reached: see
 *         gcroots_config_set_call_depth();
 *         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the call;
 *         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root;
 *         the callback's status, if that is not GCROOTS_OK;
 *         GCROOTS_ERROR_EXCEPTION if an exception is pending after the callback;
 *         the status listed above for an argument, if a result fails the same check;
 *         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the roots of the
 *         results;
 *         GCROOTS_ERROR_LIMIT if the store has no slots left for the roots of the
 *         results
 */
GCROOTS_API
gcroots_status_t gcroots_func_call(gcroots_store_t *store,
                                   gcroots_ref_t func,
                                   const gcroots_val_t *args,
                                   size_t nargs,
                                   gcroots_val_t *results,
                                   size_t nresults)
    GCROOTS_MAY_COLLECT GCROOTS_NONNULL(1) GCROOTS_ACCESS(read_only, 3, 4)
    GCROOTS_ACCESS(write_only, 5, 6) GCROOTS_REQUIRES_STORE(store);

/**
 * Returns the `env` of a function that has the given callback. Never collects.
 *
 * \param callback the callback that the function must have
 * \param[out] out the pointer (borrowed)
 * \return GCROOTS_ERROR_WRONG_STORE if `func` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `func` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `func` is null;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `func` does not refer to a function;
 *         GCROOTS_ERROR_TYPE_MISMATCH if the function has another callback
 */
GCROOTS_API
gcroots_status_t gcroots_func_env(gcroots_store_t *store,
                                  gcroots_ref_t func,
                                  gcroots_callback_t callback,
                                  void **out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 3, 4) GCROOTS_REQUIRES_STORE(store);

/* --- Raw references ----------------------------------------------------------
 *
 * For engines: interpreters and compilers that keep references in their own memory and
 * read objects themselves. docs/engines.md is the introduction.
 *
 * A raw reference is 32 bits:
 *
 * - 0 is null.
 * - If the lowest bit is 1, it is an i31. The other bits are the integer.
 * - Otherwise it is an object. Its address is the heap's base plus 4 times the bits.
 *
 * A raw reference is a copy of what a root refers to, and is not a root itself. Roots
 * keep the object alive; the slots of root ranges are roots. The bits are valid until
 * the next collection. Under GCROOTS_COLLECTOR_DRC and GCROOTS_COLLECTOR_NULL, which
 * move no objects, they are valid as long as the object lives.
 *
 * The functions gcroots_raw_... do what the functions without `raw_` do for handles. They
 * make objects, read them and store in them without a root that outlives the call:
 *
 * - The references that are passed stay alive during the call, and so does a new object.
 *   If the call collects, the new object refers to where they are then. The roots that
 *   the call has for this count in `scoped_roots` and `scoped_roots_max` of
 *   gcroots_stats_t.
 * - After a call that may collect, all bits that the caller holds are stale, also if the
 *   call failed. Only slots of root ranges are updated. The bits that the call returns are
 *   those of the object after the collection and its finalizers.
 * - Any 32 bits may be passed. The check takes constant time: bits pass if they lead to
 *   something in the heap that has the header of a type that the store knows. So bits from
 *   before a collection may pass and name another object, or the middle of one. The call
 *   then acts on that, in the heap of this store and nowhere else. Objects that hold the
 *   contents of tables and globals are refused.
 * - With gcroots_config_set_exact_slots() bits pass only if they refer to the start of an
 *   object. Use it in tests, together with gcroots_config_set_stress() and
 *   gcroots_config_set_poison().
 *
 * Each function checks for its errors in the order in which it lists them.
 */

/**
 * A value without a kind. The type of the field or element says which member is valid. A
 * field or element of storage i8 or i16 takes the lower bits of `i32`, and is read as an
 * `i32`, zero-extended.
 */
typedef union {
  /**
   * Storage ref: a raw reference.
   */
  uint32_t ref;
  /**
   * Storages i8, i16 and i32.
   */
  int32_t i32;
  /**
   * Storage i64.
   */
  int64_t i64;
  /**
   * Storage f32.
   */
  float f32;
  /**
   * Storage f64.
   */
  double f64;
  /**
   * Storage v128: the bytes, in memory order.
   */
  uint8_t v128[16];
} gcroots_raw_val_t;

/**
 * Gets the raw reference for a handle. Never collects.
 *
 * \param ref_or_null a scoped or manual handle (borrowed), or null
 * \param[out] out the raw reference; 0 for null
 * \return GCROOTS_ERROR_WRONG_STORE if `ref_or_null` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref_or_null` is stale
 */
GCROOTS_API
gcroots_status_t gcroots_ref_to_raw(gcroots_store_t *store,
                                    gcroots_ref_t ref_or_null,
                                    uint32_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 3) GCROOTS_REQUIRES_STORE(store);

/**
 * Makes a scoped root for a raw reference. Never collects.
 *
 * `raw` may be any 32 bits. The call fails unless they are null, an i31, or refer to the
 * start of an object that is in the heap now. Internal objects, such as those that hold
 * the contents of tables and globals, are refused as well. Bits from before a collection
 * may refer to another object now.
 *
 * Cost: constant for an object that was found before. Otherwise the call passes objects
 * before it to find where it starts, at most those of 64 KiB. Between two collections the
 * calls together pass each object once. Bits that refer into a large object are refused in
 * constant time.
 *
 * \param[out] out the handle, in the current scope; null if `raw` is 0
 * \return GCROOTS_ERROR_INVALID_ARGUMENT if `raw` refers to no object, or to an internal
 *         one;
 *         GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory to find the object,
 *         or for the new root;
 *         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root
 */
GCROOTS_API
gcroots_status_t gcroots_ref_from_raw(gcroots_store_t *store,
                                      uint32_t raw,
                                      gcroots_ref_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 3) GCROOTS_REQUIRES_STORE(store);

/**
 * Gets the base of the heap: the address that raw references count from. It does not
 * change until the store is deleted. If the store has no heap yet, the call makes it.
 * Never collects.
 *
 * \param[out] out the address (borrowed)
 * \return GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory
 */
GCROOTS_API gcroots_status_t gcroots_heap_base(gcroots_store_t *store, void **out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 2) GCROOTS_REQUIRES_STORE(store);

/**
 * Gets the address of `count` elements of an array, from index `start` on, to read them
 * and, if they are mutable, to write them. They lie in memory one after another. Works
 * only in a no-GC span, and only for elements that are not references. Never collects.
 *
 * \param ref a scoped or manual handle (borrowed) of an array
 * \param[out] out the address (borrowed); valid until the last open no-GC span of the
 *             store ends
 * \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `ref` is stale;
 *         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `ref` is not an array, or its elements are
 *         references;
 *         GCROOTS_ERROR_OUT_OF_BOUNDS if the elements are not all in the array;
 *         GCROOTS_ERROR_SCOPE_ORDER if no no-GC span is open
 */
GCROOTS_API
gcroots_status_t gcroots_array_span(gcroots_store_t *store,
                                    gcroots_ref_t ref,
                                    uint32_t start,
                                    uint32_t count,
                                    void **out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 5) GCROOTS_REQUIRES_STORE(store);

/**
 * Tests whether an object is of a type or of a subtype of it. Never collects.
 *
 * \param object the bits of an object
 * \param type the type (borrowed)
 * \param[out] out whether `object` is of the type; false for an i31 and an externref
 * \return GCROOTS_ERROR_INVALID_ARGUMENT if `object` refers to no object;
 *         GCROOTS_ERROR_NULL_REFERENCE if `object` is 0;
 *         GCROOTS_ERROR_WRONG_ENGINE if `type` belongs to another engine
 */
GCROOTS_API
gcroots_status_t gcroots_raw_cast(gcroots_store_t *store,
                                  uint32_t object,
                                  const gcroots_type_t *type,
                                  bool *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 3, 4) GCROOTS_REQUIRES_STORE(store);

/* --- Structs by raw references -----------------------------------------------
 *
 * See the section "Raw references". Field indices start at 0.
 */

/**
 * Makes a struct from one value for each field. May collect. Hold no lock that a finalizer
 * takes.
 *
 * \param type the struct's type (borrowed)
 * \param fields the values (borrowed), nullable if `count` is 0. They are read only if
 *        `count` is the number of fields of the type, and not any more once the call
 *        collects or runs host code. Each value is checked completely before the next one
 * \param count the number of values
 * \param[out] out the bits of the new struct
 * \return GCROOTS_ERROR_WRONG_ENGINE if `type` belongs to another engine;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `type` is not a struct type;
 *         GCROOTS_ERROR_INVALID_ARGUMENT if `count` is not the number of fields;
 *         GCROOTS_ERROR_INVALID_ARGUMENT if the reference in a value refers to no object;
 *         GCROOTS_ERROR_NULL_REFERENCE if a value is 0 and its field is not nullable;
 *         GCROOTS_ERROR_TYPE_MISMATCH if a value is not of its field's type;
 *         GCROOTS_ERROR_NO_GC if a collection is needed inside a no-GC span;
 *         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the object or for the
 *         roots that the call needs meanwhile;
 *         GCROOTS_ERROR_LIMIT if the store has no slots left for those roots
 */
GCROOTS_API
gcroots_status_t gcroots_raw_struct_new(gcroots_store_t *store,
                                        const gcroots_type_t *type,
                                        const gcroots_raw_val_t *fields,
                                        size_t count,
                                        uint32_t *out)
    GCROOTS_MAY_COLLECT GCROOTS_NONNULL(1, 2, 5) GCROOTS_ACCESS(read_only, 3, 4)
    GCROOTS_REQUIRES_STORE(store);

/**
 * Makes a struct whose fields are zero or null. May collect. Hold no lock that a finalizer
 * takes.
 *
 * \param type the struct's type (borrowed)
 * \param[out] out the bits of the new struct
 * \return GCROOTS_ERROR_WRONG_ENGINE if `type` belongs to another engine;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `type` is not a struct type;
 *         GCROOTS_ERROR_TYPE_MISMATCH if a field is a reference that is not nullable;
 *         GCROOTS_ERROR_NO_GC if a collection is needed inside a no-GC span;
 *         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the object or for the root
 *         that the call needs meanwhile;
 *         GCROOTS_ERROR_LIMIT if the store has no slot left for that root
 */
GCROOTS_API
gcroots_status_t gcroots_raw_struct_new_default(gcroots_store_t *store,
                                                const gcroots_type_t *type,
                                                uint32_t *out)
    GCROOTS_MAY_COLLECT GCROOTS_NONNULL(1, 2, 3) GCROOTS_REQUIRES_STORE(store);

/**
 * Reads a field of any storage. Never collects.
 *
 * \param object the bits of a struct
 * \param[out] out the value; the bytes that the field does not have are 0
 * \return GCROOTS_ERROR_INVALID_ARGUMENT if `object` refers to no object;
 *         GCROOTS_ERROR_NULL_REFERENCE if `object` is 0;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `object` does not refer to a struct;
 *         GCROOTS_ERROR_OUT_OF_BOUNDS if the struct has no field `field`
 */
GCROOTS_API
gcroots_status_t gcroots_raw_struct_get(gcroots_store_t *store,
                                        uint32_t object,
                                        uint32_t field,
                                        gcroots_raw_val_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 4) GCROOTS_REQUIRES_STORE(store);

/**
 * Sets a field of any storage. Never collects.
 *
 * \param object the bits of a struct
 * \param value the new value (borrowed). It is read only if the struct has the field
 * \return GCROOTS_ERROR_INVALID_ARGUMENT if `object` refers to no object;
 *         GCROOTS_ERROR_NULL_REFERENCE if `object` is 0;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `object` does not refer to a struct;
 *         GCROOTS_ERROR_OUT_OF_BOUNDS if the struct has no field `field`;
 *         GCROOTS_ERROR_INVALID_ARGUMENT if the reference in `value` refers to no object;
 *         GCROOTS_ERROR_IMMUTABLE if the field is immutable;
 *         GCROOTS_ERROR_NULL_REFERENCE if `value` is 0 and the field is not nullable;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `value` is not of the field's type
 */
GCROOTS_API
gcroots_status_t gcroots_raw_struct_set(gcroots_store_t *store,
                                        uint32_t object,
                                        uint32_t field,
                                        const gcroots_raw_val_t *value)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 4) GCROOTS_REQUIRES_STORE(store);

/**
 * Reads a field of storage ref. Never collects.
 *
 * \param object the bits of a struct
 * \param[out] out the bits of the reference in the field; valid until the next collection
 * \return GCROOTS_ERROR_INVALID_ARGUMENT if `object` refers to no object;
 *         GCROOTS_ERROR_NULL_REFERENCE if `object` is 0;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `object` does not refer to a struct;
 *         GCROOTS_ERROR_OUT_OF_BOUNDS if the struct has no field `field`;
 *         GCROOTS_ERROR_TYPE_MISMATCH if the field's storage is not ref
 */
GCROOTS_API
gcroots_status_t gcroots_raw_struct_get_ref(gcroots_store_t *store,
                                            uint32_t object,
                                            uint32_t field,
                                            uint32_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 4) GCROOTS_REQUIRES_STORE(store);

/**
 * Sets a field of storage ref. Never collects.
 *
 * \param object the bits of a struct
 * \param value the bits of the new reference
 * \return GCROOTS_ERROR_INVALID_ARGUMENT if `object` refers to no object;
 *         GCROOTS_ERROR_NULL_REFERENCE if `object` is 0;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `object` does not refer to a struct;
 *         GCROOTS_ERROR_INVALID_ARGUMENT if `value` refers to no object;
 *         GCROOTS_ERROR_OUT_OF_BOUNDS if the struct has no field `field`;
 *         GCROOTS_ERROR_IMMUTABLE if the field is immutable;
 *         GCROOTS_ERROR_NULL_REFERENCE if `value` is 0 and the field is not nullable;
 *         GCROOTS_ERROR_TYPE_MISMATCH if the field's storage is not ref, or `value` is not
 *         of the field's type
 */
GCROOTS_API
gcroots_status_t gcroots_raw_struct_set_ref(gcroots_store_t *store,
                                            uint32_t object,
                                            uint32_t field,
                                            uint32_t value)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1) GCROOTS_REQUIRES_STORE(store);

/* --- Arrays by raw references ------------------------------------------------
 *
 * See the section "Raw references". Element indices start at 0.
 */

/**
 * Makes an array whose elements all have one value. May collect. Hold no lock that a
 * finalizer takes.
 *
 * \param type the array's type (borrowed)
 * \param fill_or_null the value of all elements (borrowed). NULL makes them zero or null
 * \param length the number of elements
 * \param[out] out the bits of the new array
 * \return GCROOTS_ERROR_WRONG_ENGINE if `type` belongs to another engine;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `type` is not an array type;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `fill_or_null` is NULL and the elements are
 *         references that are not nullable;
 *         GCROOTS_ERROR_INVALID_ARGUMENT if the reference in `fill_or_null` refers to no
 *         object;
 *         GCROOTS_ERROR_NULL_REFERENCE if `fill_or_null` is a 0 and the elements are not
 *         nullable;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `fill_or_null` is not of the elements' type;
 *         GCROOTS_ERROR_NO_GC if a collection is needed inside a no-GC span;
 *         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the object or for the
 *         roots that the call needs meanwhile;
 *         GCROOTS_ERROR_LIMIT if the store has no slots left for those roots
 */
GCROOTS_API
gcroots_status_t gcroots_raw_array_new(gcroots_store_t *store,
                                       const gcroots_type_t *type,
                                       const gcroots_raw_val_t *fill_or_null,
                                       uint32_t length,
                                       uint32_t *out)
    GCROOTS_MAY_COLLECT GCROOTS_NONNULL(1, 2, 5) GCROOTS_REQUIRES_STORE(store);

/**
 * Makes an array of the given values. May collect. Hold no lock that a finalizer takes.
 *
 * \param type the array's type (borrowed)
 * \param elements the values (borrowed), nullable if `length` is 0. They are not read any
 *        more once the call collects or runs host code. Each value is checked completely
 *        before the next one
 * \param length the number of values
 * \param[out] out the bits of the new array
 * \return GCROOTS_ERROR_WRONG_ENGINE if `type` belongs to another engine;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `type` is not an array type;
 *         GCROOTS_ERROR_INVALID_ARGUMENT if the reference in a value refers to no object;
 *         GCROOTS_ERROR_NULL_REFERENCE if a value is 0 and the elements are not nullable;
 *         GCROOTS_ERROR_TYPE_MISMATCH if a value is not of the elements' type;
 *         GCROOTS_ERROR_NO_GC if a collection is needed inside a no-GC span;
 *         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the object or for the
 *         roots that the call needs meanwhile;
 *         GCROOTS_ERROR_LIMIT if the store has no slots left for those roots
 */
GCROOTS_API
gcroots_status_t gcroots_raw_array_new_fixed(gcroots_store_t *store,
                                             const gcroots_type_t *type,
                                             const gcroots_raw_val_t *elements,
                                             uint32_t length,
                                             uint32_t *out)
    GCROOTS_MAY_COLLECT GCROOTS_NONNULL(1, 2, 5) GCROOTS_ACCESS(read_only, 3, 4)
    GCROOTS_REQUIRES_STORE(store);

/**
 * Makes an array of numbers that are copied from memory outside the heap. May collect.
 * Hold no lock that a finalizer takes.
 *
 * \param type the array's type (borrowed)
 * \param bytes the elements (borrowed), one after another as gcroots_array_read() writes
 *        them; nullable if `length` is 0
 * \param length the number of elements
 * \param[out] out the bits of the new array
 * \return GCROOTS_ERROR_WRONG_ENGINE if `type` belongs to another engine;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `type` is not an array type, or its elements are
 *         references;
 *         GCROOTS_ERROR_NO_GC if a collection is needed inside a no-GC span;
 *         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the object or for the
 *         roots that the call needs meanwhile;
 *         GCROOTS_ERROR_LIMIT if the store has no slots left for those roots
 */
GCROOTS_API
gcroots_status_t gcroots_raw_array_new_bytes(gcroots_store_t *store,
                                             const gcroots_type_t *type,
                                             const void *bytes,
                                             uint32_t length,
                                             uint32_t *out)
    GCROOTS_MAY_COLLECT GCROOTS_NONNULL(1, 2, 5) GCROOTS_REQUIRES_STORE(store);

/**
 * Gets an array's length. Never collects.
 *
 * \param array the bits of an array
 * \param[out] out the number of elements
 * \return GCROOTS_ERROR_INVALID_ARGUMENT if `array` refers to no object;
 *         GCROOTS_ERROR_NULL_REFERENCE if `array` is 0;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `array` does not refer to an array
 */
GCROOTS_API
gcroots_status_t gcroots_raw_array_len(gcroots_store_t *store,
                                       uint32_t array,
                                       uint32_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 3) GCROOTS_REQUIRES_STORE(store);

/**
 * Reads an element of any storage. Never collects.
 *
 * \param array the bits of an array
 * \param[out] out the value; the bytes that the element does not have are 0
 * \return GCROOTS_ERROR_INVALID_ARGUMENT if `array` refers to no object;
 *         GCROOTS_ERROR_NULL_REFERENCE if `array` is 0;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `array` does not refer to an array;
 *         GCROOTS_ERROR_OUT_OF_BOUNDS if the array has no element `index`
 */
GCROOTS_API
gcroots_status_t gcroots_raw_array_get(gcroots_store_t *store,
                                       uint32_t array,
                                       uint32_t index,
                                       gcroots_raw_val_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 4) GCROOTS_REQUIRES_STORE(store);

/**
 * Sets an element of any storage. Never collects.
 *
 * \param array the bits of an array
 * \param value the new value (borrowed)
 * \return GCROOTS_ERROR_INVALID_ARGUMENT if `array` refers to no object;
 *         GCROOTS_ERROR_NULL_REFERENCE if `array` is 0;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `array` does not refer to an array;
 *         GCROOTS_ERROR_INVALID_ARGUMENT if the reference in `value` refers to no object;
 *         GCROOTS_ERROR_IMMUTABLE if the elements are immutable;
 *         GCROOTS_ERROR_NULL_REFERENCE if `value` is 0 and the elements are not nullable;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `value` is not of the elements' type;
 *         GCROOTS_ERROR_OUT_OF_BOUNDS if the array has no element `index`
 */
GCROOTS_API
gcroots_status_t gcroots_raw_array_set(gcroots_store_t *store,
                                       uint32_t array,
                                       uint32_t index,
                                       const gcroots_raw_val_t *value)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 4) GCROOTS_REQUIRES_STORE(store);

/**
 * Reads an element of storage ref. Never collects.
 *
 * \param array the bits of an array
 * \param[out] out the bits of the reference in the element; valid until the next
 *             collection
 * \return GCROOTS_ERROR_INVALID_ARGUMENT if `array` refers to no object;
 *         GCROOTS_ERROR_NULL_REFERENCE if `array` is 0;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `array` does not refer to an array;
 *         GCROOTS_ERROR_TYPE_MISMATCH if the elements' storage is not ref;
 *         GCROOTS_ERROR_OUT_OF_BOUNDS if the array has no element `index`
 */
GCROOTS_API
gcroots_status_t gcroots_raw_array_get_ref(gcroots_store_t *store,
                                           uint32_t array,
                                           uint32_t index,
                                           uint32_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 4) GCROOTS_REQUIRES_STORE(store);

/**
 * Sets an element of storage ref. Never collects.
 *
 * \param array the bits of an array
 * \param value the bits of the new reference
 * \return GCROOTS_ERROR_INVALID_ARGUMENT if `array` refers to no object;
 *         GCROOTS_ERROR_NULL_REFERENCE if `array` is 0;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `array` does not refer to an array;
 *         GCROOTS_ERROR_INVALID_ARGUMENT if `value` refers to no object;
 *         GCROOTS_ERROR_IMMUTABLE if the elements are immutable;
 *         GCROOTS_ERROR_NULL_REFERENCE if `value` is 0 and the elements are not nullable;
 *         GCROOTS_ERROR_TYPE_MISMATCH if the elements' storage is not ref, or `value` is
 *         not of the elements' type;
 *         GCROOTS_ERROR_OUT_OF_BOUNDS if the array has no element `index`
 */
GCROOTS_API
gcroots_status_t gcroots_raw_array_set_ref(gcroots_store_t *store,
                                           uint32_t array,
                                           uint32_t index,
                                           uint32_t value)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1) GCROOTS_REQUIRES_STORE(store);

/**
 * Sets `count` elements from `index` on to one value. Never collects.
 *
 * \param array the bits of an array
 * \param value the new value (borrowed)
 * \return GCROOTS_ERROR_INVALID_ARGUMENT if `array` refers to no object;
 *         GCROOTS_ERROR_NULL_REFERENCE if `array` is 0;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `array` does not refer to an array;
 *         GCROOTS_ERROR_INVALID_ARGUMENT if the reference in `value` refers to no object;
 *         GCROOTS_ERROR_IMMUTABLE if the elements are immutable;
 *         GCROOTS_ERROR_NULL_REFERENCE if `value` is 0 and the elements are not nullable;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `value` is not of the elements' type;
 *         GCROOTS_ERROR_OUT_OF_BOUNDS if the elements are not all in the array
 */
GCROOTS_API
gcroots_status_t gcroots_raw_array_fill(gcroots_store_t *store,
                                        uint32_t array,
                                        uint32_t index,
                                        const gcroots_raw_val_t *value,
                                        uint32_t count)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 4) GCROOTS_REQUIRES_STORE(store);

/**
 * Copies `count` elements from one array to another. The two may be the same array, and the
 * ranges may overlap. Never collects.
 *
 * \param dst the bits of the array that is written
 * \param dst_index the first element that is written
 * \param src the bits of the array that is read
 * \param src_index the first element that is read
 * \return GCROOTS_ERROR_INVALID_ARGUMENT if `dst` refers to no object;
 *         GCROOTS_ERROR_NULL_REFERENCE if `dst` is 0;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `dst` does not refer to an array;
 *         the same three for `src`;
 *         GCROOTS_ERROR_IMMUTABLE if the elements of `dst` are immutable;
 *         GCROOTS_ERROR_TYPE_MISMATCH if the type of the elements of `src` is not that of
 *         `dst` or a subtype of it;
 *         GCROOTS_ERROR_OUT_OF_BOUNDS if the elements are not all in the arrays
 */
GCROOTS_API
gcroots_status_t gcroots_raw_array_copy(gcroots_store_t *store,
                                        uint32_t dst,
                                        uint32_t dst_index,
                                        uint32_t src,
                                        uint32_t src_index,
                                        uint32_t count)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1) GCROOTS_REQUIRES_STORE(store);

/* --- Externrefs, exceptions and calls by raw references ----------------------
 *
 * See the section "Raw references".
 */

/**
 * Makes an externref. May collect. Hold no lock that a finalizer takes.
 *
 * \param data the host's pointer (taken with the finalizer, otherwise borrowed), nullable
 * \param finalizer_or_null called with `data` after the externref has died. It never runs
 *        if this call fails; `data` is still the caller's then
 * \param[out] out the bits of the new externref
 * \return GCROOTS_ERROR_NO_GC if a collection is needed inside a no-GC span;
 *         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the object or for the root
 *         that the call needs meanwhile;
 *         GCROOTS_ERROR_LIMIT if the store has no slot left for that root, or too many
 *         externrefs
 */
GCROOTS_API
gcroots_status_t gcroots_raw_externref_new(gcroots_store_t *store,
                                           void *data,
                                           gcroots_finalizer_t finalizer_or_null,
                                           uint32_t *out)
    GCROOTS_MAY_COLLECT GCROOTS_NONNULL(1, 4) GCROOTS_REQUIRES_STORE(store);

/**
 * Gets the host's pointer of an externref. Never collects.
 *
 * \param object the bits of an externref
 * \param[out] out the pointer (borrowed)
 * \return GCROOTS_ERROR_INVALID_ARGUMENT if `object` refers to no object;
 *         GCROOTS_ERROR_NULL_REFERENCE if `object` is 0;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `object` does not refer to an externref, or to one
 *         that was made through the Rust API
 */
GCROOTS_API
gcroots_status_t gcroots_raw_externref_data(gcroots_store_t *store,
                                            uint32_t object,
                                            void **out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 3) GCROOTS_REQUIRES_STORE(store);

/**
 * Makes an exception from one value for each field. May collect. Hold no lock that a
 * finalizer takes.
 *
 * The new exception is not pending: gcroots_raw_throw() makes it so.
 *
 * \param fields the values (borrowed), nullable if `count` is 0. They are read only if
 *        `count` is the number of fields of the tag, and not any more once the call
 *        collects or runs host code. Each value is checked completely before the next one
 * \param count the number of values
 * \param[out] out the bits of the new exception
 * \return GCROOTS_ERROR_NULL_REFERENCE if the `store_id` of `tag` is 0;
 *         GCROOTS_ERROR_WRONG_STORE if `tag` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `tag` does not name a tag;
 *         GCROOTS_ERROR_INVALID_ARGUMENT if `count` is not the number of fields;
 *         GCROOTS_ERROR_INVALID_ARGUMENT if the reference in a value refers to no object;
 *         GCROOTS_ERROR_NULL_REFERENCE if a value is 0 and its field is not nullable;
 *         GCROOTS_ERROR_TYPE_MISMATCH if a value is not of its field's type;
 *         GCROOTS_ERROR_NO_GC if a collection is needed inside a no-GC span;
 *         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the object or for the
 *         roots that the call needs meanwhile;
 *         GCROOTS_ERROR_LIMIT if the store has no slots left for those roots
 */
GCROOTS_API
gcroots_status_t gcroots_raw_exn_new(gcroots_store_t *store,
                                     gcroots_tag_t tag,
                                     const gcroots_raw_val_t *fields,
                                     size_t count,
                                     uint32_t *out)
    GCROOTS_MAY_COLLECT GCROOTS_NONNULL(1, 5) GCROOTS_ACCESS(read_only, 3, 4)
    GCROOTS_REQUIRES_STORE(store);

/**
 * Gets the tag of an exception. Never collects.
 *
 * \param exn the bits of an exception
 * \return GCROOTS_ERROR_INVALID_ARGUMENT if `exn` refers to no object;
 *         GCROOTS_ERROR_NULL_REFERENCE if `exn` is 0;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `exn` does not refer to an exception
 */
GCROOTS_API
gcroots_status_t gcroots_raw_exn_tag(gcroots_store_t *store,
                                     uint32_t exn,
                                     gcroots_tag_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 3) GCROOTS_REQUIRES_STORE(store);

/**
 * Reads a field of an exception. Never collects.
 *
 * \param exn the bits of an exception
 * \param[out] out the value; the bytes that the field does not have are 0
 * \return GCROOTS_ERROR_INVALID_ARGUMENT if `exn` refers to no object;
 *         GCROOTS_ERROR_NULL_REFERENCE if `exn` is 0;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `exn` does not refer to an exception;
 *         GCROOTS_ERROR_OUT_OF_BOUNDS if the exception has no field `field`
 */
GCROOTS_API
gcroots_status_t gcroots_raw_exn_field(gcroots_store_t *store,
                                       uint32_t exn,
                                       uint32_t field,
                                       gcroots_raw_val_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 4) GCROOTS_REQUIRES_STORE(store);

/**
 * Makes an exception pending. It replaces the one that was pending. A pending exception
 * stays alive. Never collects.
 *
 * \param exn the bits of an exception
 * \return GCROOTS_ERROR_INVALID_ARGUMENT if `exn` refers to no object;
 *         GCROOTS_ERROR_NULL_REFERENCE if `exn` is 0;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `exn` does not refer to an exception
 */
GCROOTS_API gcroots_status_t gcroots_raw_throw(gcroots_store_t *store, uint32_t exn)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1) GCROOTS_REQUIRES_STORE(store);

/**
 * Takes the pending exception. None is pending afterwards. Never collects.
 *
 * \param[out] out the bits of the exception, 0 if none was pending. Nothing keeps it alive
 *             any more
 */
GCROOTS_API
gcroots_status_t gcroots_raw_take_exception(gcroots_store_t *store,
                                            uint32_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 2) GCROOTS_REQUIRES_STORE(store);

/**
 * Calls a function. Does what gcroots_func_call() does; the callback gets handles. May
 * collect, if the callback does. Hold no lock that a finalizer takes.
 *
 * \param func the bits of a function
 * \param args the arguments (borrowed), nullable if `nargs` is 0. They are read only if
 *        `nargs` and `nresults` are the numbers of the function's parameters and results,
 *        and not any more once the callback runs. Each argument is checked completely
 *        before the next one
 * \param[out] results the results, nullable if `nresults` is 0. They are written only on
 *             success. `results` may be the same memory as `args`
 * \return GCROOTS_ERROR_INVALID_ARGUMENT if `func` refers to no object;
 *         GCROOTS_ERROR_NULL_REFERENCE if `func` is 0;
 *         GCROOTS_ERROR_TYPE_MISMATCH if `func` does not refer to a function;
 *         GCROOTS_ERROR_INVALID_ARGUMENT if `nargs` or `nresults` is not the function's
 *         number;
 *         GCROOTS_ERROR_INVALID_ARGUMENT if the reference in an argument refers to no
 *         object;
 *         GCROOTS_ERROR_NULL_REFERENCE if an argument is 0 and its parameter is not
 *         nullable;
 *         GCROOTS_ERROR_TYPE_MISMATCH if an argument is not of its parameter's type;
 *         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the roots that the call
 *         needs meanwhile;
 *         GCROOTS_ERROR_LIMIT if the store has no slots left for those roots;
 *         what gcroots_func_call() returns from its check for a pending exception on
 */
GCROOTS_API
gcroots_status_t gcroots_raw_func_call(gcroots_store_t *store,
                                       uint32_t func,
                                       const gcroots_raw_val_t *args,
                                       size_t nargs,
                                       gcroots_raw_val_t *results,
                                       size_t nresults)
    GCROOTS_MAY_COLLECT GCROOTS_NONNULL(1) GCROOTS_ACCESS(read_only, 3, 4)
    GCROOTS_ACCESS(write_only, 5, 6) GCROOTS_REQUIRES_STORE(store);

/* --- Root ranges -------------------------------------------------------------
 *
 * A root range is an array of slots in the program's memory, such as the stack of an
 * interpreter. Some slots hold raw references, and these are roots. The program reads
 * and writes the slots without a call. Each collection reads all slots, keeps their
 * objects alive, and writes the new bits where objects have moved.
 *
 * The program describes the slots in a gcroots_root_range_t. The library reads that
 * structure at the start of each collection, and under the generational collector in steps of
 * a collection. So the array may grow or move between collections and steps. Two ranges may overlap, as long as the tag bytes of one do not lie inside
 * references of the other.
 *
 * Each collection checks the slots before it moves or frees anything, and a step checks the
 * slots that it reads. The call that collects fails, and nothing has been collected, if
 *
 * - a structure describes memory that cannot be an array of slots
 *   (GCROOTS_ERROR_INVALID_ARGUMENT);
 * - a slot holds bits that are not null, not an i31, and do not refer to an object
 *   (GCROOTS_ERROR_INVALID_ARGUMENT). The message has the `index` of the range's handle,
 *   the number of the slot, and the bits;
 * - a slot below `unchanged` was written (GCROOTS_ERROR_INVALID_ARGUMENT). Only some
 *   engines check this: see "Unchanged slots" below. The message has the `index` of the
 *   range's handle, the number of the slot, and its bits before and now;
 * - the system refuses memory for the check of the bits, with gcroots_config_set_exact_slots()
 *   (GCROOTS_ERROR_OUT_OF_MEMORY).
 *
 * Without gcroots_config_set_exact_slots() this check is approximate. Bits that refer
 * into an object or into free memory may pass, if the memory there looks like an object.
 * The heap's contents may be overwritten then, but no memory outside the heap.
 * gcroots_store_verify() always checks exactly.
 *
 * Under the null collector, which never collects, only gcroots_store_verify() reads
 * ranges.
 *
 * Unchanged slots: the member `unchanged` tells a collection which slots the previous one
 * has seen. The first `unchanged` slots have not been written since the library last set
 * the member.
 *
 * - The library sets it to 0 when the range is added. Each collection sets it to `count`
 *   when it has updated the slots; a collection in steps does so at the end of its first
 *   step. A collection that fails leaves it as it is.
 * - The program lowers it to the number of the lowest slot that it writes; a push writes
 *   slot `count`. A program that writes slots only by pushing may instead lower it to the
 *   new `count` when it pops. It never raises it. 0 is always right.
 * - A value above `count` means `count`.
 * - If the slots move to other memory, `unchanged` stays as it is.
 * - If two structures describe the same slot, the program lowers it in both.
 * - Root visitors report copies of the structure. The library ignores their `unchanged`.
 *
 * Minor collections of GCROOTS_COLLECTOR_GENERATIONAL do not read the slots below it. So an
 * object may die whose only reference was written to such a slot. All other collections read
 * all slots.
 *
 * The check is made by collections, and by gcroots_store_verify(), in engines with
 * gcroots_config_set_exact_slots() or gcroots_config_set_stress(). It compares the
 * references in slots below `unchanged` with copies, which the previous collection made.
 * If the system refuses memory for the copies, nothing is compared until the collection
 * after the next one.
 */

/**
 * Says where the slots of a root range are.
 */
typedef struct {
  /**
   * The first slot, aligned to 4 bytes (borrowed; nullable if `count` is 0).
   */
  void *slots;
  /**
   * The number of slots.
   */
  size_t count;
  /**
   * The number of slots, from the first one on, that have not been written since the
   * library last set this member: see "Unchanged slots" above. Lowered by the program.
   */
  size_t unchanged;
} gcroots_root_range_t;

/**
 * Describes the slots of a root range. A slot holds a raw reference, a uint32_t, if
 * `(byte & tag_mask) == tag`, where `byte` is the byte at `tag_offset`. If `tag_mask` and
 * `tag` are 0, every slot holds a reference.
 */
typedef struct {
  /**
   * The bytes from one slot to the next: a multiple of 4, not 0.
   */
  size_t slot_bytes;
  /**
   * The offset of the reference in a slot: a multiple of 4, less than `slot_bytes`.
   */
  size_t ref_offset;
  /**
   * The offset of the tag byte in a slot: less than `slot_bytes`, and outside the
   * reference unless `tag_mask` is 0.
   */
  size_t tag_offset;
  /**
   * The bits of the tag byte that are compared.
   */
  uint8_t tag_mask;
  /**
   * The value of these bits in slots that hold a reference. Other bits must be 0.
   */
  uint8_t tag;
} gcroots_slot_layout_t;

/**
 * Names a root range or a root visitor. If `store_id` is 0, it is zeroed and names
 * neither, whatever the other fields are.
 */
typedef struct {
  /**
   * The id of the store.
   */
  uint64_t store_id;
  /**
   * Tells apart the ranges and visitors that have used the slot, one after another.
   */
  uint32_t generation;
  /**
   * The number of the slot.
   */
  uint32_t index;
} gcroots_root_source_t;

/**
 * Adds a root range to a store, and sets its `unchanged` to 0. Never collects.
 *
 * \param range where the slots are (borrowed). The library keeps this address. It reads
 *        and writes the structure and the slots in this call, in calls that may collect and in
 *        gcroots_store_verify(), until the range is removed or the store is deleted.
 *        Structure and slots must be valid in these calls.
 * \param layout_or_null copied; NULL if the slots are an array of uint32_t
 * \param[out] out the handle (owned); release it with gcroots_root_range_remove()
 * \return GCROOTS_ERROR_INVALID_ARGUMENT if `range` is not aligned to 8 bytes;
 *         GCROOTS_ERROR_INVALID_ARGUMENT if the layout breaks a rule of
 *         gcroots_slot_layout_t;
 *         GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory;
 *         GCROOTS_ERROR_LIMIT if the store has no slot left for a root range
 */
GCROOTS_API
GCROOTS_NODISCARD
gcroots_status_t gcroots_root_range_add(gcroots_store_t *store,
                                        gcroots_root_range_t *range,
                                        const gcroots_slot_layout_t *layout_or_null,
                                        gcroots_root_source_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 2, 4) GCROOTS_REQUIRES_STORE(store);

/**
 * Removes a root range and sets its handle to zeros. Copies of the handle become stale.
 * The slots are no roots from then on. Does nothing if the handle is zeroed. Never
 * collects.
 *
 * \param[in,out] source (taken)
 * \return GCROOTS_ERROR_WRONG_STORE if `source` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `source` was removed, or names a root visitor. After
 *         a failure the handle is unchanged.
 */
GCROOTS_API
gcroots_status_t gcroots_root_range_remove(gcroots_store_t *store,
                                           gcroots_root_source_t *source)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 2) GCROOTS_REQUIRES_STORE(store);

/**
 * Makes collections check exactly that each slot of a root range refers to the start of
 * an object, to find mistakes. A collection may then return GCROOTS_ERROR_OUT_OF_MEMORY.
 * The functions gcroots_raw_... then check their raw references exactly too, before anything
 * else about them, and may return GCROOTS_ERROR_OUT_OF_MEMORY for it. Also makes collections
 * check `unchanged` of root ranges. Off by default. Never collects.
 *
 * Cost: a walk over the heap, and memory, in each collection. 4 bytes for each slot of a
 * root range, which gcroots_store_stats() counts in `side_bytes`. A call with raw references
 * costs as much as gcroots_ref_from_raw() for each of them.
 */
GCROOTS_API
gcroots_status_t gcroots_config_set_exact_slots(gcroots_config_t *config,
                                                bool on)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1);

/* --- Root visitors -----------------------------------------------------------
 *
 * A root visitor is a function of the program that reports where roots are. The library
 * calls it at the start of a collection, on the thread that collects. It is meant for
 * stacks whose references only a walk can find, and for roots that change too often to
 * be root ranges.
 *
 * One call may do several collections. The library calls the visitors before the first
 * one and uses the reports for the others too, unless a finalizer or the growth callback
 * has run since: then it calls the visitors again. A collection in steps calls them in
 * its first step.
 *
 * Inside a visitor, calls on the store return GCROOTS_ERROR_BUSY, except
 * gcroots_root_visitor_report(). gcroots_manually_rooted_unroot_later() may be called.
 *
 * If a report fails with GCROOTS_ERROR_INVALID_ARGUMENT or GCROOTS_ERROR_OUT_OF_MEMORY,
 * nothing is collected, since a root might be missed. The call that collects returns the
 * status of the first report that failed so.
 *
 * gcroots_store_verify() calls no visitors. Under the null collector visitors are never
 * called.
 */

/**
 * Reports the roots of `store` with gcroots_root_visitor_report(). It must return.
 */
typedef void (*gcroots_root_visitor_t)(void *env, gcroots_store_t *store);

/**
 * Adds a root visitor to a store. Never collects.
 *
 * \param env passed to the visitor (borrowed, nullable)
 * \param[out] out the handle (owned); release it with gcroots_root_visitor_remove()
 * \return GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory;
 *         GCROOTS_ERROR_LIMIT if the store has no slot left for a root visitor
 */
GCROOTS_API
GCROOTS_NODISCARD
gcroots_status_t gcroots_root_visitor_add(gcroots_store_t *store,
                                          gcroots_root_visitor_t visitor,
                                          void *env,
                                          gcroots_root_source_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 2, 4) GCROOTS_REQUIRES_STORE(store);

/**
 * Removes a root visitor and sets its handle to zeros. Copies of the handle become
 * stale. Does nothing if the handle is zeroed. Never collects.
 *
 * \param[in,out] source (taken)
 * \return GCROOTS_ERROR_WRONG_STORE if `source` belongs to another store;
 *         GCROOTS_ERROR_UNROOTED if `source` was removed, or names a root range. After a
 *         failure the handle is unchanged.
 */
GCROOTS_API
gcroots_status_t gcroots_root_visitor_remove(gcroots_store_t *store,
                                             gcroots_root_source_t *source)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 2) GCROOTS_REQUIRES_STORE(store);

/**
 * Reports a range of slots to the collection that is calling a visitor of this store.
 * The slots are roots of this collection, like those of a root range. The check of root
 * ranges applies to them; in its messages the index is that of the visitor's handle.
 * Never collects.
 *
 * \param range where the slots are, copied. The slots must be valid for reading and
 *        writing until the call that collects returns, or calls a finalizer or the
 *        growth callback.
 * \param layout_or_null copied; NULL if the slots are an array of uint32_t
 * \return GCROOTS_ERROR_BUSY outside a visitor of this store;
 *         GCROOTS_ERROR_INVALID_ARGUMENT if the layout breaks a rule of
 *         gcroots_slot_layout_t;
 *         GCROOTS_ERROR_INVALID_ARGUMENT if `range` describes memory that cannot be an
 *         array of slots;
 *         GCROOTS_ERROR_INVALID_ARGUMENT if a slot holds bits that do not refer to an
 *         object;
 *         GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory
 */
GCROOTS_API
gcroots_status_t gcroots_root_visitor_report(gcroots_store_t *store,
                                             const gcroots_root_range_t *range,
                                             const gcroots_slot_layout_t *layout_or_null)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1, 2) GCROOTS_REQUIRES_STORE(store);

/* --- Layout for compiled code ------------------------------------------------
 *
 * For compilers that emit the fast paths of this library: where a store, a type and a field
 * have what such code reads and writes. docs/engines.md explains the paths, and works out an
 * allocation and a store. gcroots_inline.h is an implementation of them in C.
 *
 * The layout has a version, which is part of the entry word of each store. Code that adds the
 * version that it was made for to its thread's word finds no match in a library with another
 * layout, and must call then. So it is never silently wrong.
 */

/**
 * Offsets in bytes. A slot of a root is two `uint32_t`: the generation and the raw reference.
 * The record of a scope is a `uint64_t`, the serial number, and two `uint32_t`: the length of
 * the scoped roots and the number of no-GC spans when the scope was entered.
 */
typedef struct {
  /**
   * The version of the layout.
   */
  uint32_t version;
  /**
   * The size of an entry of the host data.
   */
  uint32_t host_entry_bytes;
  /**
   * The offset of the thread's word from the thread pointer, as the ABI of the platform
   * defines it. The word is a `uint64_t`, the variable gcroots_thread_token.
   */
  int64_t thread_token;
  /**
   * From a store: the entry word, a `uint64_t`. The thread may call while it is the thread's word plus the version.
   */
  uint32_t entry;
  /**
   * From a store: the id that is in the store's handles, a `uint64_t`.
   */
  uint32_t id;
  /**
   * From a store: the number of slots in use, a `uint32_t`.
   */
  uint32_t scoped_length;
  /**
   * From a store: the number of slots, from the first on, that refer to no young object, a `uint32_t`.
   */
  uint32_t scoped_old;
  /**
   * From a store: the address of the first slot.
   */
  uint32_t scoped_slots;
  /**
   * From a store: the address of the innermost scope's record.
   */
  uint32_t scope_top;
  /**
   * From a store: the address of the record that is kept for finalizers. Records before it can be used.
   */
  uint32_t scope_end;
  /**
   * From a store: the serial number of the next scope, a `uint64_t`.
   */
  uint32_t scope_next_serial;
  /**
   * From a store: the heap's base.
   */
  uint32_t heap_base;
  /**
   * From a store: the offset at which the heap starts, a `uint64_t`.
   */
  uint32_t heap_start;
  /**
   * From a store: the offset at which it ends, a `uint64_t`.
   */
  uint32_t heap_end;
  /**
   * From a store: the number of offsets, from the start on, at which the least object fits, a `uint64_t`.
   */
  uint32_t heap_object_offsets;
  /**
   * From a store: the offset of the next object, a `uint64_t`.
   */
  uint32_t window_next;
  /**
   * From a store: the greatest offset at which it may end, a `uint64_t`.
   */
  uint32_t window_limit;
  /**
   * From a store: the offset of the window's end, a `uint64_t`.
   */
  uint32_t window_end;
  /**
   * From a store: the number of objects, a `uint64_t`.
   */
  uint32_t objects;
  /**
   * From a store: the first value that concerns the collector, a `uint64_t`.
   */
  uint32_t barrier_first;
  /**
   * From a store: the number of values that concern it, a `uint64_t`.
   */
  uint32_t barrier_length;
  /**
   * From a store: the number of granules of the nursery, a `uint64_t`.
   */
  uint32_t barrier_nursery;
  /**
   * From a store: whether values in new objects concern it too, a `bool`.
   */
  uint32_t barrier_new_objects;
  /**
   * From a store: the number of open spans, a `uint32_t`.
   */
  uint32_t no_gc_spans;
  /**
   * From a store: the address of the array of types.
   */
  uint32_t type_table;
  /**
   * From a store: the length of that array, a `size_t`.
   */
  uint32_t type_count;
  /**
   * From a store: whether raw references need calls, a `bool`.
   */
  uint32_t checks_raw_slowly;
  /**
   * From a store: how often a root was made to refer to something else, a `uint64_t`.
   */
  uint32_t counted_releases;
  /**
   * From a store: the number of slots that were ever used, a `uint32_t`.
   */
  uint32_t manual_used;
  /**
   * From a store: the index of the first free slot, a `uint32_t`.
   */
  uint32_t manual_free;
  /**
   * From a store: the address of the first slot.
   */
  uint32_t manual_slots;
  /**
   * From a store: how many were made, a `uint64_t`.
   */
  uint32_t manual_created;
  /**
   * From a store: how many have ended, a `uint64_t`.
   */
  uint32_t manual_released;
  /**
   * From a store: the binary logarithm of the slots of a group, a `uint32_t`.
   */
  uint32_t manual_group_shift;
  /**
   * From a store: whether a slot of each group was written, 64 `bool`s.
   */
  uint32_t manual_groups;
  /**
   * From a store: not 0 if roots wait for being unrooted, a `uint32_t`.
   */
  uint32_t manual_queue;
  /**
   * From a store: the address of the first entry.
   */
  uint32_t host_entries;
  /**
   * From a store: the number of entries that were ever used, a `uint32_t`.
   */
  uint32_t host_used;
  /**
   * From a store: the index of the first free entry, a `uint32_t`.
   */
  uint32_t host_free;
  /**
   * From a store: as `manual_group_shift`.
   */
  uint32_t host_group_shift;
  /**
   * From a store: as `manual_groups`.
   */
  uint32_t host_groups;
  /**
   * From a gcroots_type_t: the header of the type's objects, a `uint64_t`.
   */
  uint32_t type_header;
  /**
   * From a gcroots_type_t: the bytes of a struct, a `uint32_t`.
   */
  uint32_t type_bytes;
  /**
   * From a gcroots_type_t: the bytes of an element, a `uint32_t`.
   */
  uint32_t type_element_bytes;
  /**
   * From a gcroots_type_t: whether all fields have defaults, a `bool`.
   */
  uint32_t type_has_defaults;
  /**
   * From a gcroots_type_t: the address of the first field's layout.
   */
  uint32_t type_fields;
  /**
   * From a gcroots_type_t: the number of fields, a `size_t`. An array has one, for its elements.
   */
  uint32_t type_field_count;
  /**
   * From a gcroots_type_t: the address of the first supertype's index.
   */
  uint32_t type_supertypes;
  /**
   * From a gcroots_type_t: the number of supertypes, a `size_t`.
   */
  uint32_t type_supertype_count;
  /**
   * From a gcroots_type_t: the kind of objects that raw references may lead to, a `uint8_t`.
   */
  uint32_t type_raw_kind;
  /**
   * From a field's layout, of 16 bytes: the offset of the field in its object, a `uint32_t`.
   */
  uint32_t field_offset;
  /**
   * From a field's layout, of 16 bytes: the index of the type that a reference must have, a `uint32_t`.
   */
  uint32_t field_type_index;
  /**
   * From a field's layout, of 16 bytes: the kinds of references that it admits, a bit each, a `uint16_t`: those of headers, 8 for an i31, 9 for null.
   */
  uint32_t field_kinds;
  /**
   * From a field's layout, of 16 bytes: the number of supertypes of that type, a `uint8_t`; 255 for a type that is not concrete.
   */
  uint32_t field_depth;
  /**
   * From a field's layout, of 16 bytes: its gcroots_storage_t, a `uint8_t`.
   */
  uint32_t field_storage;
  /**
   * From a field's layout, of 16 bytes: whether it may be set, a `bool`.
   */
  uint32_t field_mutable;
  /**
   * From a field's layout, of 16 bytes: the `kind` of the gcroots_val_t that it takes, a `uint8_t`.
   */
  uint32_t field_takes;
  /**
   * From an entry of the host data: the pointer of an externref.
   */
  uint32_t host_entry_data;
  /**
   * From an entry of the host data: its finalizer.
   */
  uint32_t host_entry_finalizer;
  /**
   * From an entry of the host data: the bits of its raw reference, a `uint32_t`.
   */
  uint32_t host_entry_object;
  /**
   * From an entry of the host data: of a free entry, the index of the next one, a `uint32_t`.
   */
  uint32_t host_entry_link;
} gcroots_code_layout_t;

/**
 * Copies the layout to `out`. It is the same for all stores and threads of the process. Never
 * collects. Cost: a copy of a few hundred bytes.
 *
 * \param[out] out the layout
 */
GCROOTS_API
gcroots_status_t gcroots_code_layout(gcroots_code_layout_t *out)
    GCROOTS_NEVER_COLLECTS GCROOTS_NONNULL(1);

/* --- Blocks -----------------------------------------------------------------
 *
 * A C program that is compiled by GCC or Clang can declare variables that release what
 * they own when their block ends:
 *
 *   gcroots_status_t make(gcroots_store_t *store, gcroots_ref_t *out) {
 *     gcroots_ref_t pair;
 *     GCROOTS_AUTO_SCOPE(scope, store);
 *     if (scope.status != GCROOTS_OK) return scope.status;
 *     if (!make_pair(store, &pair)) return GCROOTS_STATUS_EMBEDDER; // ends the scope
 *     return gcroots_auto_scope_escape(&scope, pair, out);          // ends it too
 *   }
 *
 * - Each macro declares a variable that owns nothing at first, except
 *   GCROOTS_AUTO_SCOPE(), which enters a scope. Pass the address of the variable as
 *   `out`, or assign to it. If that fails, the variable still owns nothing.
 * - A variable is released at the end of its block, and when return, break, continue or
 *   goto leaves the block. The expression of a return is evaluated before. Variables are
 *   released in the reverse order of their declarations, so declare a store before its
 *   scopes.
 * - To keep what a variable owns, copy it and set the variable to NULL, or to the null
 *   handle.
 * - A longjmp() out of the block, exit() and abort() release nothing. After a longjmp(),
 *   gcroots_scope_unwind() of a scope outside ends the scopes that were left.
 * - No goto and no case label may skip the declaration: a variable without a value
 *   would be released. Clang refuses such a program. GCC warns with -Wjump-misses-init.
 * - A release that is refused has no effect, and its status is lost, but its message is
 *   that of gcroots_last_error(). For example, a store that another thread owns is not
 *   deleted, and a scope that gcroots_scope_exit() has ended is not ended again.
 * - Clang's -Wthread-safety does not know what GCROOTS_AUTO_STORE() releases. Declare a
 *   function that has one with GCROOTS_NO_THREAD_CHECK.
 *
 * C++ has the classes of gcroots.hpp instead.
 */

#if !defined(__cplusplus) && GCROOTS_HAS_ATTRIBUTE(cleanup)

/** What GCROOTS_AUTO_SCOPE() declares. */
typedef struct {
  /** The store (borrowed). */
  gcroots_store_t *store;
  /** The scope, for gcroots_scope_escape() and the like. Zeros if it was not entered, or
      has ended by gcroots_auto_scope_escape(). */
  gcroots_scope_t scope;
  /** What gcroots_scope_enter() returned. If it failed, new scoped roots belong to the
      scope outside. */
  gcroots_status_t status;
} gcroots_auto_scope_t;

/** Enters a scope that the block ends, with all scopes inside it. No-GC spans that were
    opened in it are closed. Check `name.status`. Never collects. */
#define GCROOTS_AUTO_SCOPE(name, store)                                  \
  gcroots_auto_scope_t name __attribute__((cleanup(gcroots_auto_end))) = \
      gcroots_auto_scope_enter(store)

/** A manual root, null at first. The block gives it to
    gcroots_manually_rooted_unroot_later(). */
#define GCROOTS_AUTO_ROOT(name)                                           \
  gcroots_manually_rooted_t name                                          \
      __attribute__((cleanup(gcroots_manually_rooted_unroot_later))) = {{0, 0, 0}}

/** Pointers, NULL at first. The block passes each to its `_free` function. */
#define GCROOTS_AUTO_STORE(name) \
  gcroots_store_t *name __attribute__((cleanup(gcroots_auto_store))) = NULL
#define GCROOTS_AUTO_ENGINE(name) \
  gcroots_engine_t *name __attribute__((cleanup(gcroots_auto_engine))) = NULL
#define GCROOTS_AUTO_CONFIG(name) \
  gcroots_config_t *name __attribute__((cleanup(gcroots_auto_config))) = NULL
#define GCROOTS_AUTO_TYPE(name) \
  gcroots_type_t *name __attribute__((cleanup(gcroots_auto_type))) = NULL
#define GCROOTS_AUTO_REC_GROUP(name) \
  gcroots_rec_group_t *name __attribute__((cleanup(gcroots_auto_rec_group))) = NULL

/** Ends the scope of a block early and keeps one object alive, as gcroots_scope_escape()
    does. After a failure the scope is still open. Never collects. */
GCROOTS_NEVER_COLLECTS GCROOTS_NO_THREAD_CHECK
static inline gcroots_status_t gcroots_auto_scope_escape(gcroots_auto_scope_t *scope,
                                                         gcroots_ref_t ref, gcroots_ref_t *out) {
  gcroots_status_t status = gcroots_scope_escape(scope->store, scope->scope, ref, out);
  if (status == GCROOTS_OK) scope->scope.store_id = scope->scope.serial = 0;
  return status;
}

/* The functions behind the macros. */

static inline gcroots_auto_scope_t gcroots_auto_scope_enter(gcroots_store_t *store)
    GCROOTS_NEVER_COLLECTS GCROOTS_REQUIRES_STORE(store);
static inline gcroots_auto_scope_t gcroots_auto_scope_enter(gcroots_store_t *store) {
  gcroots_auto_scope_t scope = {store, {0, 0}, GCROOTS_OK};
  scope.status = gcroots_scope_enter(store, &scope.scope);
  return scope;
}

GCROOTS_NEVER_COLLECTS GCROOTS_NO_THREAD_CHECK
static inline void gcroots_auto_end(gcroots_auto_scope_t *scope) {
  /* A store never issues 0. */
  if (scope->scope.serial != 0) gcroots_scope_unwind(scope->store, scope->scope);
}

GCROOTS_NEVER_COLLECTS GCROOTS_NO_THREAD_CHECK
static inline void gcroots_auto_store(gcroots_store_t **store) {
  gcroots_store_free(*store);
}

GCROOTS_NEVER_COLLECTS
static inline void gcroots_auto_engine(gcroots_engine_t **engine) {
  gcroots_engine_free(*engine);
}

GCROOTS_NEVER_COLLECTS
static inline void gcroots_auto_config(gcroots_config_t **config) {
  gcroots_config_free(*config);
}

GCROOTS_NEVER_COLLECTS
static inline void gcroots_auto_type(gcroots_type_t **type) {
  gcroots_type_free(*type);
}

GCROOTS_NEVER_COLLECTS
static inline void gcroots_auto_rec_group(gcroots_rec_group_t **group) {
  gcroots_rec_group_free(*group);
}

#endif /* C with the attribute */

/* --- Costs ------------------------------------------------------------------
 *
 * What calls cost in instructions: those of the function and of all that it calls, without the
 * caller's own. callgrind (of valgrind) has counted them on x86-64, in a release build by rustc
 * 1.95.0. Figures have two digits. They say how much work a call is. They do not depend on the
 * machine, and leave out what does: the time of an instruction, cache misses and the work of
 * the operating system.
 *
 * Each call succeeds on its common path, and causes no collection. Structs, calls and exceptions
 * have two fields or arguments, arrays of references that are made have two elements, and arrays
 * of bytes 16. A call that allocates also costs its share of later collections. That share
 * depends on how many objects live.
 *
 * Functions that programs call often:
 *
 *                                         copying     drc  generational    null
 *   gcroots_scope_enter                        26      26            26      26
 *   gcroots_scope_exit                         23      23            23      23
 *   gcroots_scope_escape                       66      66            66      66
 *   gcroots_local_new                          48      48            48      48
 *   gcroots_local_is_null                      29      29            29      29
 *   gcroots_ref_assign                         87      87            87      87
 *   gcroots_ref_to_manually_rooted             54      54            54      54
 *   gcroots_manually_rooted_to_rooted          49      49            49      49
 *   gcroots_manually_rooted_unroot             39      39            39      39
 *   gcroots_manually_rooted_unroot_later      120     120           120     120
 *   gcroots_weak_new                          140     140           160     140
 *   gcroots_weak_upgrade                       91      91            91      91
 *   gcroots_weak_free                          72      72            72      72
 *   gcroots_weakmap_set                       360     360           450     340
 *   gcroots_weakmap_get                       190     190           190     190
 *   gcroots_externref_new                      81      81            81      81
 *   gcroots_externref_data                     38      38            38      38
 *   gcroots_struct_new                        150     230           150     150
 *   gcroots_struct_new_default                 77     110            77      77
 *   gcroots_struct_get                         67      67            67      67
 *   gcroots_struct_set                        120     120           120     120
 *   gcroots_struct_get_i32                     52      52            52      52
 *   gcroots_struct_set_i32                     49      49            49      49
 *   gcroots_struct_get_ref                     83      83            83      83
 *   gcroots_struct_get_ref_into                80      80            80      80
 *   gcroots_struct_set_ref                    110     150           110     110
 *   gcroots_array_new                         150     320           150     150
 *   gcroots_array_new_default                  95     150            95      95
 *   gcroots_array_new_fixed                   190     310           190     190
 *   gcroots_array_new_bytes                    96     150            96      96
 *   gcroots_array_len                          38      38            38      38
 *   gcroots_array_get_i32                      54      54            54      54
 *   gcroots_array_set_i32                      51      51            51      51
 *   gcroots_array_get_ref                      85      85            85      85
 *   gcroots_array_set_ref                     110     160           110     110
 *   gcroots_ref_eq                             97      97            97      97
 *   gcroots_ref_kind                           81      81            81      81
 *   gcroots_ref_test                           89      89            89      89
 *   gcroots_ref_cast                          110     110           110     110
 *   gcroots_table_get                          86      86            86      86
 *   gcroots_table_set                         100     230           100     100
 *   gcroots_global_get                         96      96            96      96
 *   gcroots_global_set                        130     270           130     130
 *   gcroots_func_call                         500     500           500     500
 *   gcroots_ref_to_raw                         53      53            53      53
 *   gcroots_ref_from_raw                      320     280           280     310
 *   gcroots_raw_struct_new                    140     240           140     140
 *   gcroots_raw_struct_get_ref                 57      59            59      57
 *   gcroots_raw_struct_set_ref                100     150           110     100
 *   gcroots_raw_array_get_ref                  69      71            71      69
 *   gcroots_raw_array_set_ref                 140     190           150     140
 *
 * Functions whose work grows with an argument or with the store. The figures are for a range of
 * 16 elements, or a store of about 30 objects with 200 references. In the last column are the
 * instructions of each further element, or what the work grows with:
 *
 *                                         copying     drc  generational    null   grows with
 *   gcroots_engine_new                        920     920           920     920   constant
 *   gcroots_engine_free                       660     660           660     660   the pooled heaps
 *   gcroots_store_new                        2700    2700          2700    2700   constant
 *   gcroots_store_free                       1700    3100          3100    1400   the roots and host objects
 *   gcroots_store_gc                        26000   42000         78000     390   the objects and roots
 *   gcroots_store_gc_step                   32000   47000         42000     150   the budget
 *   gcroots_store_gc_step_for               33000   48000         53000     260   the time
 *   gcroots_store_gc_cancel                 25000   40000           820      79   the objects and roots
 *   gcroots_store_trim                      25000   43000         79000    3600   the objects, roots and tables
 *   gcroots_store_verify                    48000  510000        310000   50000   the heap
 *   gcroots_store_drain_unroots                96      96            96      96   the queued roots
 *   gcroots_type_new_func                    3600    3600          3600    3600   the parameters
 *   gcroots_rec_group_free                    640     660           710     660   the types and fields
 *   gcroots_rec_group_add_struct              460     460           460     460   the fields
 *   gcroots_rec_group_add_func                590     590           590     590   the parameters
 *   gcroots_rec_group_register               5200    5200          5100    4900   the types and fields
 *   gcroots_array_fill                        360     360           360     360   0.63
 *   gcroots_array_copy                        420     420           420     420   0.56
 *   gcroots_array_read                         81      81            81      81   0.34
 *   gcroots_array_write                        83      83            83      83   0.34
 *   gcroots_table_new                        1100    2600          1400    1100   0.85, 89, 18, 0.85
 *   gcroots_table_grow                        710     990           740     690   the new elements
 *   gcroots_table_fill                        340    2300           620     340   0.63, 120, 17, 0.63
 *   gcroots_table_copy                        400    3000           460     400   0.56, 160, 0.56, 0.56
 *   gcroots_raw_array_new                     160     770           170     160   1.1, 32, 2.3, 1.1
 *   gcroots_raw_array_new_fixed               950    1600          1100     950   61, 96, 69, 61
 *   gcroots_raw_array_new_bytes                79     130            79      79   1.7, 0.19, 1.7, 1.7
 *   gcroots_raw_array_fill                    470    2400           760     470   0.63, 120, 17, 0.63
 *   gcroots_raw_array_copy                    370    3000           440     370   0.56, 160, 0.56, 0.56
 *   gcroots_root_visitor_report               680    1000          1000       -   the slots
 *
 * The other functions, by the most that a call takes under one of these collectors:
 *
 *   At most 25:
 *     gcroots_version, gcroots_status_name, gcroots_last_error,
 *     gcroots_config_set_collector, gcroots_config_set_heap_limit,
 *     gcroots_config_set_heap_initial, gcroots_config_set_side_limit,
 *     gcroots_config_set_external_limit, gcroots_config_set_heap_growth,
 *     gcroots_config_set_heap_sizing, gcroots_config_set_pause_budget,
 *     gcroots_config_set_overhead_limit, gcroots_config_set_stress,
 *     gcroots_config_set_move_always, gcroots_config_set_pool,
 *     gcroots_config_set_poison, gcroots_config_set_call_depth,
 *     gcroots_config_set_exact_slots, gcroots_config_set_finalizers,
 *     gcroots_config_set_grow_callback, gcroots_config_set_wake_callback,
 *     gcroots_engine_clone, gcroots_ref_same_root, gcroots_type_clone,
 *     gcroots_type_kind, gcroots_type_index, gcroots_type_param_count, gcroots_type_eq,
 *     gcroots_type_layout, gcroots_rec_group_set_unique
 *
 *   At most 50:
 *     gcroots_code_layout, gcroots_config_set_grow_callback_finalized,
 *     gcroots_store_detach, gcroots_store_id, gcroots_store_engine, gcroots_store_data,
 *     gcroots_type_free, gcroots_type_field_count, gcroots_type_is_subtype,
 *     gcroots_struct_set_i64, gcroots_struct_set_f32, gcroots_struct_set_f64,
 *     gcroots_i31_new, gcroots_i31_get_s, gcroots_i31_get_u,
 *     gcroots_store_has_exception, gcroots_no_gc_enter, gcroots_no_gc_exit,
 *     gcroots_raw_externref_data, gcroots_raw_take_exception
 *
 *   At most 100:
 *     gcroots_config_new, gcroots_store_attach, gcroots_store_set_data,
 *     gcroots_store_data_keyed, gcroots_store_set_data_keyed,
 *     gcroots_store_run_finalizers, gcroots_scope_unwind, gcroots_weakmap_size,
 *     gcroots_externref_new_manually_rooted, gcroots_type_trampoline,
 *     gcroots_rec_group_new, gcroots_struct_get_i64, gcroots_struct_get_f32,
 *     gcroots_struct_get_f64, gcroots_struct_get_v128, gcroots_struct_set_v128,
 *     gcroots_struct_get_s, gcroots_struct_get_u, gcroots_array_get,
 *     gcroots_array_get_i64, gcroots_array_set_i64, gcroots_array_get_f32,
 *     gcroots_array_set_f32, gcroots_array_get_f64, gcroots_array_set_f64,
 *     gcroots_array_get_v128, gcroots_array_set_v128, gcroots_array_get_s,
 *     gcroots_array_get_u, gcroots_array_get_ref_into, gcroots_tag_type, gcroots_tag_eq,
 *     gcroots_exn_field, gcroots_store_take_exception, gcroots_table_free,
 *     gcroots_table_get_ref_into, gcroots_global_free, gcroots_global_get_ref_into,
 *     gcroots_heap_base, gcroots_raw_struct_new_default, gcroots_raw_array_len,
 *     gcroots_raw_externref_new
 *
 *   At most 200:
 *     gcroots_set_error, gcroots_config_free, gcroots_ref_hash,
 *     gcroots_manually_rooted_clone, gcroots_manually_rooted_into_rooted,
 *     gcroots_weakmap_new, gcroots_weakmap_free, gcroots_unpin, gcroots_pin_data,
 *     gcroots_externref_data_tagged, gcroots_externref_set_data, gcroots_type_field,
 *     gcroots_type_supertype, gcroots_rec_group_add_array, gcroots_array_set,
 *     gcroots_array_span, gcroots_ref_type, gcroots_extern_convert_any,
 *     gcroots_any_convert_extern, gcroots_tag_new, gcroots_exn_tag, gcroots_store_throw,
 *     gcroots_store_take_exception_manually_rooted, gcroots_func_new, gcroots_func_env,
 *     gcroots_table_size, gcroots_raw_cast, gcroots_raw_struct_get,
 *     gcroots_raw_struct_set, gcroots_raw_array_get, gcroots_raw_array_set,
 *     gcroots_raw_exn_tag, gcroots_raw_exn_field, gcroots_raw_throw,
 *     gcroots_root_range_remove, gcroots_root_visitor_remove
 *
 *   At most 400:
 *     gcroots_scope_reserve, gcroots_weakmap_delete, gcroots_pin,
 *     gcroots_externref_new_with, gcroots_externref_new_with_manually_rooted,
 *     gcroots_externref_set_external_bytes, gcroots_externref_adjust_external_bytes,
 *     gcroots_struct_new_into, gcroots_struct_new_escape, gcroots_exn_new,
 *     gcroots_table_type, gcroots_global_type, gcroots_raw_exn_new,
 *     gcroots_root_range_add, gcroots_root_visitor_add
 *
 *   At most 800:
 *     gcroots_store_gc_start, gcroots_raw_func_call
 *
 *   At most 1600:
 *     gcroots_store_stats, gcroots_store_pauses, gcroots_global_new
 */

/* --- Inline ------------------------------------------------------------------
 *
 * A program that reads this header without a compiler, such as a generator of bindings,
 * may know declarations only. Define GCROOTS_DECLARATIONS_ONLY before this header to
 * leave this section and all attributes out.
 */

#ifndef GCROOTS_DECLARATIONS_ONLY

/** Returns the null reference. Never collects. */
GCROOTS_NEVER_COLLECTS
static inline gcroots_ref_t gcroots_ref_null(void) {
  gcroots_ref_t null_reference = {0, 0, 0};
  return null_reference;
}

/** Returns whether a handle is the null reference. Looks at the bits only: it returns
    false for a local that holds null, for which there is gcroots_local_is_null(). Never
    collects. */
GCROOTS_NEVER_COLLECTS
static inline bool gcroots_ref_is_null(gcroots_ref_t ref) {
  return ref.store_id == 0;
}

/* These do not compile if a size differs from the library's. */
typedef char gcroots_assert_ref_size[sizeof(gcroots_ref_t) == 16 ? 1 : -1];
typedef char gcroots_assert_manually_rooted_size[sizeof(gcroots_manually_rooted_t) == 16 ? 1 : -1];
typedef char gcroots_assert_weak_size[sizeof(gcroots_weak_t) == 16 ? 1 : -1];
typedef char gcroots_assert_pin_size[sizeof(gcroots_pin_t) == 16 ? 1 : -1];
typedef char gcroots_assert_scope_size[sizeof(gcroots_scope_t) == 16 ? 1 : -1];
typedef char gcroots_assert_stats_size[sizeof(gcroots_stats_t) == 256 ? 1 : -1];

#endif /* GCROOTS_DECLARATIONS_ONLY */

#ifdef __cplusplus
}
#endif

#endif /* GCROOTS_H */
