/*
 * Arrays. Included by gcroots_wasm.h, which introduces it.
 */
#ifndef GCROOTS_WASM_ARRAYREF_H
#define GCROOTS_WASM_ARRAYREF_H

#include <gcroots_wasm/externref.h>

/**
 * Makes an array in which each element is `value`, and a root for it. Leaves no root if
 * it fails. May collect.
 *
 * \param type (borrowed)
 * \param value (borrowed)
 * \param[out] out the new root (owned); release it with wasm_arrayref_unroot()
 * \return whether it was made; if not, the reason is an error of gcroots_scope_enter(),
 *         gcroots_array_new() or gcroots_ref_to_manually_rooted()
 */
GCROOTS_NODISCARD
static inline bool wasm_arrayref_new(gcroots_store_t *store, const gcroots_type_t *type,
                                     const gcroots_val_t *value, uint32_t length,
                                     wasm_arrayref_t *out) {
  gcroots_ref_t made = gcroots_ref_null();
  gcroots_scope_t scope;
  gcroots_status_t status;
  if (gcroots_scope_enter(store, &scope) != GCROOTS_OK) return false;
  status = gcroots_array_new(store, type, value, length, out ? &made : GCROOTS_WASM_NULL);
  return wasm_ref_keep(store, scope, status, made, out);
}

/**
 * Makes an array of zeros or nulls, and a root for it. Leaves no root if it fails. May
 * collect.
 *
 * \param type (borrowed)
 * \param[out] out the new root (owned); release it with wasm_arrayref_unroot()
 * \return whether it was made; if not, the reason is an error of gcroots_scope_enter(),
 *         gcroots_array_new_default() or gcroots_ref_to_manually_rooted()
 */
GCROOTS_NODISCARD
static inline bool wasm_arrayref_new_default(gcroots_store_t *store, const gcroots_type_t *type,
                                             uint32_t length, wasm_arrayref_t *out) {
  gcroots_ref_t made = gcroots_ref_null();
  gcroots_scope_t scope;
  gcroots_status_t status;
  if (gcroots_scope_enter(store, &scope) != GCROOTS_OK) return false;
  status = gcroots_array_new_default(store, type, length, out ? &made : GCROOTS_WASM_NULL);
  return wasm_ref_keep(store, scope, status, made, out);
}

/**
 * Reads the length of an array. Never collects.
 *
 * \param ref (borrowed, nullable)
 * \return whether it was read; if not, the reason is an error of gcroots_array_len()
 */
static inline bool wasm_arrayref_len(gcroots_store_t *store, const wasm_arrayref_t *ref,
                                     uint32_t *out) {
  size_t length = 0;
  if (gcroots_array_len(store, wasm_ref_at(ref).ref, out ? &length : GCROOTS_WASM_NULL) !=
      GCROOTS_OK)
    return false;
  *out = GCROOTS_WASM_CAST(uint32_t, length);
  return true;
}

/**
 * Reads an element. Never collects.
 *
 * \param ref (borrowed, nullable)
 * \param[out] out the value; if it is a reference, its `of.ref` is null or a new handle
 *                 of the current scope
 * \return whether it was read; if not, the reason is an error of gcroots_array_get()
 */
static inline bool wasm_arrayref_get(gcroots_store_t *store, const wasm_arrayref_t *ref,
                                     uint32_t index, gcroots_val_t *out) {
  return gcroots_array_get(store, wasm_ref_at(ref).ref, index, out) == GCROOTS_OK;
}

/**
 * Sets an element. Never collects.
 *
 * \param ref (borrowed, nullable)
 * \param value (borrowed)
 * \return whether it was set; if not, the reason is an error of gcroots_array_set()
 */
static inline bool wasm_arrayref_set(gcroots_store_t *store, const wasm_arrayref_t *ref,
                                     uint32_t index, const gcroots_val_t *value) {
  return gcroots_array_set(store, wasm_ref_at(ref).ref, index, value) == GCROOTS_OK;
}

/**
 * Makes another root for an array, as an anyref. Null stays null. Never collects.
 *
 * \param ref (borrowed, nullable)
 * \param[out] out the new root (owned); release it with wasm_anyref_unroot()
 * \return whether it was made; if not, the reason is an error of gcroots_ref_cast() or
 *         gcroots_manually_rooted_clone()
 */
GCROOTS_NODISCARD
static inline bool wasm_arrayref_to_anyref(gcroots_store_t *store, const wasm_arrayref_t *ref,
                                           wasm_anyref_t *out) {
  return wasm_ref_up(store, ref, GCROOTS_HEAP_ARRAY, out);
}

/**
 * Makes another root for an array, as an eqref. Null stays null. Never collects.
 *
 * \param ref (borrowed, nullable)
 * \param[out] out the new root (owned); release it with wasm_eqref_unroot()
 * \return whether it was made; if not, the reason is an error of gcroots_ref_cast() or
 *         gcroots_manually_rooted_clone()
 */
GCROOTS_NODISCARD
static inline bool wasm_arrayref_to_eqref(gcroots_store_t *store, const wasm_arrayref_t *ref,
                                          wasm_eqref_t *out) {
  return wasm_ref_up(store, ref, GCROOTS_HEAP_ARRAY, out);
}

/**
 * Makes another root for the referent of a handle, of any kind. Null stays null. Does
 * the same as wasm_externref_clone(). Never collects.
 */
GCROOTS_NODISCARD
static inline bool wasm_arrayref_clone(gcroots_store_t *store, const wasm_arrayref_t *ref,
                                       wasm_arrayref_t *out) {
  return wasm_externref_clone(store, ref, out);
}

/**
 * Sets a handle to null now and ends its root later. Any thread may call it. Does the
 * same as wasm_externref_unroot(). Never collects.
 */
static inline void wasm_arrayref_unroot(wasm_arrayref_t *ref) {
  wasm_externref_unroot(ref);
}

/**
 * Whether a handle is null. Looks only at its bits. Does the same as
 * wasm_externref_is_null(). Never collects.
 */
static inline bool wasm_arrayref_is_null(const wasm_arrayref_t *ref) {
  return wasm_externref_is_null(ref);
}

/**
 * Sets a handle to null and ends no root. Does the same as wasm_externref_set_null().
 * Never collects.
 */
static inline void wasm_arrayref_set_null(wasm_arrayref_t *ref) {
  wasm_externref_set_null(ref);
}

/**
 * The type that an array was made with. Null is refused. Never collects.
 *
 * \param ref (borrowed, nullable)
 * \return the type (owned); release it with gcroots_type_free(). NULL if
 *         gcroots_ref_cast() to GCROOTS_HEAP_ARRAY or gcroots_ref_type() fails
 */
GCROOTS_NODISCARD
static inline gcroots_type_t *wasm_arrayref_type(gcroots_store_t *store,
                                                 const wasm_arrayref_t *ref) {
  return wasm_ref_type(store, ref, GCROOTS_HEAP_ARRAY);
}

#endif /* GCROOTS_WASM_ARRAYREF_H */
