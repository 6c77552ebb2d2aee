/*
 * gcroots @VERSION@: a garbage-collected heap with roots that cannot be misused.
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
#define GCROOTS_VERSION "@VERSION@"
#define GCROOTS_VERSION_MAJOR @MAJOR@
#define GCROOTS_VERSION_MINOR @MINOR@
#define GCROOTS_VERSION_PATCH @PATCH@

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
