/*
 * References as Wasmtime's C API has them, on top of gcroots.h. They are for programs that
 * come from Wasmtime: docs/from-wasmtime.md says what differs. Include this file. It
 * includes one file for each type.
 *
 * Each handle owns a manual root until it is unrooted. A copy of its 16 bytes is not a new
 * root. A handle is a gcroots_manually_rooted_t, so the functions of gcroots.h take it too.
 * Any bits may be passed as a handle of any type here, since each function looks at the
 * object itself. A call that fails returns `false` or NULL, and gcroots_last_error() then
 * has the reason. A failed call changes nothing, with two exceptions: a call that may
 * collect may have collected, and an object that could not be rooted is garbage.
 *
 * A NULL `ref` counts as a null handle. A NULL `store` or `out` is an error. `ref` and `out`
 * may be at the same address. `out` is written only on success.
 *
 * Values are those of gcroots.h. A reference in a value that is passed is borrowed: the
 * `ref` of any handle here can be used. A reference in a value that is returned is a new
 * handle of the current scope. gcroots_ref_to_manually_rooted() makes a handle of it that
 * lives longer.
 *
 * The words (owned), (taken), (borrowed), (nullable), "May collect" and "Never collects"
 * have the meanings that gcroots.h gives them. Behaviour that is undefined there is
 * undefined here too.
 */
#ifndef GCROOTS_WASM_H
#define GCROOTS_WASM_H

/* GCROOTS_CHECK_NULL and GCROOTS_CHECK_THREADS do not look into these functions. They pass a
   NULL of their caller on, and do not say which thread calls them. */
#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnonnull"
#if defined(__clang__)
#pragma GCC diagnostic ignored "-Wthread-safety-analysis"
#endif
#endif

#include <gcroots_wasm/anyref.h>
#include <gcroots_wasm/arrayref.h>
#include <gcroots_wasm/eqref.h>
#include <gcroots_wasm/exnref.h>
#include <gcroots_wasm/externref.h>
#include <gcroots_wasm/funcref.h>
#include <gcroots_wasm/structref.h>

#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

#endif /* GCROOTS_WASM_H */
