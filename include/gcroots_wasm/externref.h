/*
 * Host data. Included by gcroots_wasm.h, which introduces it.
 */
#ifndef GCROOTS_WASM_EXTERNREF_H
#define GCROOTS_WASM_EXTERNREF_H

#include <gcroots_wasm/ref.h>

/**
 * Makes an externref and a root for it. Makes neither if it fails. May collect.
 *
 * \param data the host data (taken on success, nullable)
 * \param finalizer_or_null runs once with `data`, after the object's death; never if
 *                          the call returns `false`
 * \param[out] out the new root (owned); release it with wasm_externref_unroot()
 * \return whether it was made; if not, the reason is an error of
 *         gcroots_externref_new_manually_rooted()
 */
GCROOTS_NODISCARD
static inline bool wasm_externref_new(gcroots_store_t *store, void *data,
                                      gcroots_finalizer_t finalizer_or_null,
                                      wasm_externref_t *out) {
  return gcroots_externref_new_manually_rooted(store, data, finalizer_or_null, out) == GCROOTS_OK;
}

/**
 * The host data of an externref (borrowed). Never collects.
 *
 * \param ref (borrowed, nullable)
 * \return NULL for a null handle, and if gcroots_externref_data() fails. NULL also for
 *         an externref that was made with NULL; the last message is unchanged then.
 */
static inline void *wasm_externref_data(gcroots_store_t *store, const wasm_externref_t *ref) {
  void *data = GCROOTS_WASM_NULL;
  gcroots_externref_data(store, wasm_ref_at(ref).ref, &data);
  return data;
}

/**
 * Makes another root for the object of a handle. Null stays null. Never collects.
 *
 * \param ref (borrowed, nullable)
 * \param[out] out the new root (owned); release it with wasm_externref_unroot(). If
 *                 `out` is `ref`, the handle of the old root is overwritten: keep a
 *                 copy to release the old root.
 * \return whether it was made; if not, the reason is an error of
 *         gcroots_manually_rooted_clone()
 */
GCROOTS_NODISCARD
static inline bool wasm_externref_clone(gcroots_store_t *store, const wasm_externref_t *ref,
                                        wasm_externref_t *out) {
  return gcroots_manually_rooted_clone(store, wasm_ref_at(ref), out) == GCROOTS_OK;
}

/**
 * Sets a handle to null now and ends its root later. Any thread may call it at any
 * time. After the store was deleted it only sets the handle to null. The root ends when
 * the store's owner next collects or makes a root, or one of the next times if many
 * roots wait. Until then the object lives and copies of the handle are valid.
 * Afterwards copies are refused. gcroots_manually_rooted_unroot() ends a root at once.
 * A handle that names no live manual root is ignored and counted (`stale_unroots`).
 * Needs no memory. Never collects.
 *
 * \param[in,out] ref (the root is taken, nullable)
 */
static inline void wasm_externref_unroot(wasm_externref_t *ref) {
  if (ref != GCROOTS_WASM_NULL) gcroots_manually_rooted_unroot_later(ref);
}

/**
 * Whether a handle is null; `true` for a NULL `ref`. Looks only at the bits: a stale
 * handle is not null. Never collects.
 *
 * \param ref (borrowed, nullable)
 */
static inline bool wasm_externref_is_null(const wasm_externref_t *ref) {
  return ref == GCROOTS_WASM_NULL || gcroots_ref_is_null(ref->ref);
}

/**
 * Sets a handle to null, whatever its bits are. It ends no root: if the handle has one,
 * call wasm_externref_unroot() first. Never collects.
 *
 * \param[out] ref (nullable)
 */
static inline void wasm_externref_set_null(wasm_externref_t *ref) {
  if (ref != GCROOTS_WASM_NULL) ref->ref = gcroots_ref_null();
}

/**
 * Converts an internal reference to an external one, and makes a root for it. Null
 * stays null. Never collects.
 *
 * \param ref (borrowed, nullable)
 * \param[out] out a new root (owned); release it with wasm_externref_unroot()
 * \return whether it was made; if not, the reason is an error of
 *         gcroots_extern_convert_any() or gcroots_manually_rooted_clone()
 */
GCROOTS_NODISCARD
static inline bool wasm_externref_convert_any(gcroots_store_t *store, const wasm_anyref_t *ref,
                                              wasm_externref_t *out) {
  return wasm_ref_up(store, ref, GCROOTS_HEAP_ANY, out);
}

/**
 * The raw reference of a handle. Its bits are not a root, and valid until the next
 * collection. Never collects.
 *
 * \param ref (borrowed, nullable)
 * \return 0 for null, and if gcroots_ref_to_raw() fails
 */
static inline uint32_t wasm_externref_to_raw(gcroots_store_t *store, const wasm_externref_t *ref) {
  return wasm_ref_to_raw(store, ref);
}

/**
 * Makes a root for a raw reference. Any bits may be passed. 0 becomes null. Never
 * collects.
 *
 * \param[out] out the new root (owned); release it with wasm_externref_unroot()
 * \return whether it was made; if not, the reason is an error of gcroots_scope_enter(),
 *         gcroots_ref_from_raw(), gcroots_ref_cast() or gcroots_ref_to_manually_rooted()
 */
GCROOTS_NODISCARD
static inline bool wasm_externref_from_raw(gcroots_store_t *store, uint32_t raw,
                                           wasm_externref_t *out) {
  return wasm_ref_from_raw(store, raw, GCROOTS_HEAP_EXTERN, out);
}

#endif /* GCROOTS_WASM_EXTERNREF_H */
