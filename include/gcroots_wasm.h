/*
 * Externrefs in the manner of Wasmtime's C API, over gcroots.h, for those who
 * come from there: docs/from-wasmtime.md says what differs.
 *
 * Each handle owns a manual root, until it is unrooted; copying its 16 bytes
 * makes no new root. It is a gcroots_manually_rooted_t, so that the functions of
 * gcroots.h take it too. Any bits may be passed as a handle. What is wrong is
 * answered with `false` or NULL, and gcroots_last_error() then has the reason;
 * nothing has changed, except that a call that may collect may have collected.
 *
 * A NULL `ref` counts as a null handle. A NULL `store` or `out` is refused.
 * `ref` and `out` may be at the same address; `out` is written only on success.
 * The words (owned), (taken), (borrowed), (nullable), "May collect" and "Never
 * collects" mean what they mean in gcroots.h, and what is undefined there is so
 * here.
 */
#ifndef GCROOTS_WASM_H
#define GCROOTS_WASM_H

#include <gcroots.h>

/**
 * Owns a manual root of an externref, or is null.
 */
typedef gcroots_manually_rooted_t wasm_externref_t;

/**
 * Makes an externref and a root for it, or neither. May collect.
 *
 * \param data the host's pointer (taken on success, nullable)
 * \param finalizer_or_null runs once with `data`, after the object's death;
 *                          never if the answer is `false`
 * \param[out] out the new root (owned); release it with wasm_externref_unroot()
 * \return whether it was made; if not, the reason is as with
 *         gcroots_externref_new_manually_rooted()
 */
GCROOTS_NODISCARD
static inline bool wasm_externref_new(gcroots_store_t *store, void *data,
                                      gcroots_finalizer_t finalizer_or_null,
                                      wasm_externref_t *out) {
  return gcroots_externref_new_manually_rooted(store, data, finalizer_or_null, out) == GCROOTS_OK;
}

/**
 * The host's pointer of an externref (borrowed). Never collects.
 *
 * \param ref (borrowed, nullable)
 * \return NULL when there is none: for a null handle and for whatever else
 *         gcroots_externref_data() refuses. An externref that was made with NULL
 *         answers NULL too, and leaves the last message as it was.
 */
static inline void *wasm_externref_data(gcroots_store_t *store, const wasm_externref_t *ref) {
  void *data = NULL;
  gcroots_externref_data(store, ref == NULL ? gcroots_ref_null() : ref->ref, &data);
  return data;
}

/**
 * Roots the object of a handle once more; null for null. Never collects.
 *
 * \param ref (borrowed, nullable)
 * \param[out] out the new root (owned); release it with wasm_externref_unroot().
 *             If it is `ref`, the old root has lost its handle: keep a copy to
 *             release it with.
 * \return whether it was made; if not, the reason is as with
 *         gcroots_manually_rooted_clone()
 */
GCROOTS_NODISCARD
static inline bool wasm_externref_clone(gcroots_store_t *store, const wasm_externref_t *ref,
                                        wasm_externref_t *out) {
  wasm_externref_t handle = {ref == NULL ? gcroots_ref_null() : ref->ref};
  return gcroots_manually_rooted_clone(store, handle, out) == GCROOTS_OK;
}

/**
 * Ends a root later, and sets the handle to null now. Any thread may call this
 * at any time, also after the store was deleted, when nothing else happens. The
 * root ends when the store's owner next collects or makes a root (if many wait,
 * one of the next): until then the object lives and copies of the handle still
 * resolve; afterwards they are refused. gcroots_manually_rooted_unroot() ends it
 * at once. A handle that names no live manual root is ignored and counted
 * (`stale_unroots`). Needs no memory. Never collects.
 *
 * \param[in,out] ref (the root is taken, nullable)
 */
static inline void wasm_externref_unroot(wasm_externref_t *ref) {
  if (ref != NULL) gcroots_manually_rooted_unroot_later(ref);
}

/**
 * Whether a handle is null; true for a NULL `ref`. Looks at its bits only: a
 * stale handle is not null. Never collects.
 *
 * \param ref (borrowed, nullable)
 */
static inline bool wasm_externref_is_null(const wasm_externref_t *ref) {
  return ref == NULL || gcroots_ref_is_null(ref->ref);
}

/**
 * Sets a handle to null, whatever its bits were. It ends no root: call
 * wasm_externref_unroot() first if the handle has one. Never collects.
 *
 * \param[out] ref (nullable)
 */
static inline void wasm_externref_set_null(wasm_externref_t *ref) {
  if (ref != NULL) ref->ref = gcroots_ref_null();
}

#endif /* GCROOTS_WASM_H */
