/*
 * Host data. Included by gcroots_wasm.h, whose opening is the introduction.
 */
#ifndef GCROOTS_WASM_EXTERNREF_H
#define GCROOTS_WASM_EXTERNREF_H

#include <gcroots_wasm/ref.h>

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
  gcroots_externref_data(store, wasm_ref_at(ref).ref, &data);
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
  return gcroots_manually_rooted_clone(store, wasm_ref_at(ref), out) == GCROOTS_OK;
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

/**
 * An external reference to what an internal one refers to; null for null. Never
 * collects.
 *
 * \param ref (borrowed, nullable)
 * \param[out] out a new root (owned), as from wasm_externref_clone()
 * \return whether it was made; if not, the reason is as with
 *         gcroots_extern_convert_any() and gcroots_manually_rooted_clone()
 */
GCROOTS_NODISCARD
static inline bool wasm_externref_convert_any(gcroots_store_t *store, const wasm_anyref_t *ref,
                                              wasm_externref_t *out) {
  return wasm_ref_up(store, ref, GCROOTS_HEAP_ANY, out);
}

#endif /* GCROOTS_WASM_EXTERNREF_H */
