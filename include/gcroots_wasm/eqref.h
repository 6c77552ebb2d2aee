/*
 * References that can be compared: structs, arrays and i31s. Included by
 * gcroots_wasm.h, which introduces it.
 */
#ifndef GCROOTS_WASM_EQREF_H
#define GCROOTS_WASM_EQREF_H

#include <gcroots_wasm/anyref.h>

/**
 * Does the same as wasm_anyref_from_i31(). Never collects.
 *
 * \param[out] out the new root (owned); release it with wasm_eqref_unroot()
 */
GCROOTS_NODISCARD
static inline bool wasm_eqref_from_i31(gcroots_store_t *store, uint32_t value, wasm_eqref_t *out) {
  return wasm_anyref_from_i31(store, value, out);
}

/**
 * Does the same as wasm_anyref_i31_get_u(). Never collects.
 */
static inline bool wasm_eqref_i31_get_u(gcroots_store_t *store, const wasm_eqref_t *ref,
                                        uint32_t *out) {
  return wasm_anyref_i31_get_u(store, ref, out);
}

/**
 * Does the same as wasm_anyref_i31_get_s(). Never collects.
 */
static inline bool wasm_eqref_i31_get_s(gcroots_store_t *store, const wasm_eqref_t *ref,
                                        int32_t *out) {
  return wasm_anyref_i31_get_s(store, ref, out);
}

/**
 * Does the same as wasm_anyref_is_i31(). Never collects.
 */
static inline bool wasm_eqref_is_i31(gcroots_store_t *store, const wasm_eqref_t *ref) {
  return wasm_anyref_is_i31(store, ref);
}

/**
 * Does the same as wasm_anyref_is_struct(). Never collects.
 */
static inline bool wasm_eqref_is_struct(gcroots_store_t *store, const wasm_eqref_t *ref) {
  return wasm_anyref_is_struct(store, ref);
}

/**
 * Does the same as wasm_anyref_is_array(). Never collects.
 */
static inline bool wasm_eqref_is_array(gcroots_store_t *store, const wasm_eqref_t *ref) {
  return wasm_anyref_is_array(store, ref);
}

/**
 * Does the same as wasm_anyref_as_struct(). Never collects.
 *
 * \param[out] out the new root (owned); release it with wasm_structref_unroot()
 */
GCROOTS_NODISCARD
static inline bool wasm_eqref_as_struct(gcroots_store_t *store, const wasm_eqref_t *ref,
                                        wasm_structref_t *out) {
  return wasm_anyref_as_struct(store, ref, out);
}

/**
 * Does the same as wasm_anyref_as_array(). Never collects.
 *
 * \param[out] out the new root (owned); release it with wasm_arrayref_unroot()
 */
GCROOTS_NODISCARD
static inline bool wasm_eqref_as_array(gcroots_store_t *store, const wasm_eqref_t *ref,
                                       wasm_arrayref_t *out) {
  return wasm_anyref_as_array(store, ref, out);
}

/**
 * Makes another root for a struct, an array or an i31, as an anyref. Null stays null.
 * Never collects.
 *
 * \param ref (borrowed, nullable)
 * \param[out] out the new root (owned); release it with wasm_anyref_unroot()
 * \return whether it was made; if not, the reason is an error of gcroots_ref_cast() or
 *         gcroots_manually_rooted_clone()
 */
GCROOTS_NODISCARD
static inline bool wasm_eqref_to_anyref(gcroots_store_t *store, const wasm_eqref_t *ref,
                                        wasm_anyref_t *out) {
  return wasm_ref_up(store, ref, GCROOTS_HEAP_EQ, out);
}

/**
 * Makes another root for the referent of a handle, of any kind. Null stays null. Does
 * the same as wasm_externref_clone(). Never collects.
 */
GCROOTS_NODISCARD
static inline bool wasm_eqref_clone(gcroots_store_t *store, const wasm_eqref_t *ref,
                                    wasm_eqref_t *out) {
  return wasm_externref_clone(store, ref, out);
}

/**
 * Sets a handle to null now and ends its root later. Any thread may call it. Does the
 * same as wasm_externref_unroot(). Never collects.
 */
static inline void wasm_eqref_unroot(wasm_eqref_t *ref) {
  wasm_externref_unroot(ref);
}

/**
 * Whether a handle is null. Looks only at its bits. Does the same as
 * wasm_externref_is_null(). Never collects.
 */
static inline bool wasm_eqref_is_null(const wasm_eqref_t *ref) {
  return wasm_externref_is_null(ref);
}

/**
 * Sets a handle to null and ends no root. Does the same as wasm_externref_set_null().
 * Never collects.
 */
static inline void wasm_eqref_set_null(wasm_eqref_t *ref) {
  wasm_externref_set_null(ref);
}

/**
 * Reads the most specific type of a reference, as wasm_anyref_type() does. Host data are
 * refused too. Never collects.
 *
 * \param[out] out the type; release its `type` (owned) with gcroots_type_free()
 */
GCROOTS_NODISCARD
static inline bool wasm_eqref_type(gcroots_store_t *store, const wasm_eqref_t *ref,
                                   wasm_heaptype_t *out) {
  return wasm_ref_heaptype(store, ref, GCROOTS_HEAP_EQ, out);
}

#endif /* GCROOTS_WASM_EQREF_H */
