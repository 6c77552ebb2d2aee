/*
 * gcroots @VERSION@: a garbage-collected heap with roots that cannot be misused.
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
#define GCROOTS_VERSION "@VERSION@"
#define GCROOTS_VERSION_MAJOR @MAJOR@
#define GCROOTS_VERSION_MINOR @MINOR@
#define GCROOTS_VERSION_PATCH @PATCH@

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
