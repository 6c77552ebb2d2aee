/*
 * References in the manner of Wasmtime's C API, over gcroots.h, for those who
 * come from there: docs/from-wasmtime.md says what differs. Include this file;
 * those that it includes have one type each.
 *
 * Each handle owns a manual root, until it is unrooted; copying its 16 bytes
 * makes no new root. It is a gcroots_manually_rooted_t, so that the functions of
 * gcroots.h take it too. Any bits may be passed as a handle, of any of the types
 * here: what an object is, is asked of the object. What is wrong is answered with
 * `false` or NULL, and gcroots_last_error() then has the reason; nothing has
 * changed, except that a call that may collect may have collected, and that an
 * object for which there was no root is garbage.
 *
 * A NULL `ref` counts as a null handle. A NULL `store` or `out` is refused.
 * `ref` and `out` may be at the same address; `out` is written only on success.
 * Values are those of gcroots.h: a reference in one is borrowed going in, where
 * the `ref` of each handle here will do, and coming out a new handle of the current
 * scope. gcroots_ref_to_manually_rooted() makes it one that lives longer.
 *
 * The words (owned), (taken), (borrowed), (nullable), "May collect" and "Never
 * collects" mean what they mean in gcroots.h, and what is undefined there is so
 * here.
 */
#ifndef GCROOTS_WASM_H
#define GCROOTS_WASM_H

#include <gcroots_wasm/anyref.h>
#include <gcroots_wasm/arrayref.h>
#include <gcroots_wasm/eqref.h>
#include <gcroots_wasm/externref.h>
#include <gcroots_wasm/structref.h>

#endif /* GCROOTS_WASM_H */
