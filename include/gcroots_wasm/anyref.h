/*
 * Internal references: structs, arrays, i31s, and converted host data.
 * Included by gcroots_wasm.h, which introduces it.
 */
#ifndef GCROOTS_WASM_ANYREF_H
#define GCROOTS_WASM_ANYREF_H

#include <gcroots_wasm/externref.h>

/**
 * Makes an i31 of the lower 31 bits of an integer, and a root for it. Makes neither if
 * it fails. Never collects.
 *
 * \param value the highest bit is dropped
 * \param[out] out the new root (owned); release it with wasm_anyref_unroot()
 * \return whether it was made; if not, the reason is an error of gcroots_scope_enter(),
 *         gcroots_i31_new() or gcroots_ref_to_manually_rooted()
 */
GCROOTS_NODISCARD
static inline bool wasm_anyref_from_i31(gcroots_store_t *store, uint32_t value,
                                        wasm_anyref_t *out) {
  gcroots_ref_t made = gcroots_ref_null();
  gcroots_scope_t scope;
  gcroots_status_t status;
  if (gcroots_scope_enter(store, &scope) != GCROOTS_OK) return false;
  status = gcroots_i31_new(store, GCROOTS_WASM_CAST(int32_t, value & INT32_MAX), &made);
  return wasm_ref_keep(store, scope, status, made, out);
}

/**
 * Reads the integer of an i31, extended with zeros. Never collects.
 *
 * \param ref (borrowed, nullable)
 * \return whether it is an i31; if not, the reason is an error of gcroots_i31_get_u()
 */
static inline bool wasm_anyref_i31_get_u(gcroots_store_t *store, const wasm_anyref_t *ref,
                                         uint32_t *out) {
  return gcroots_i31_get_u(store, wasm_ref_at(ref).ref, out) == GCROOTS_OK;
}

/**
 * Reads the integer of an i31, extended with its sign. Never collects.
 *
 * \param ref (borrowed, nullable)
 * \return whether it is an i31; if not, the reason is an error of gcroots_i31_get_s()
 */
static inline bool wasm_anyref_i31_get_s(gcroots_store_t *store, const wasm_anyref_t *ref,
                                         int32_t *out) {
  return gcroots_i31_get_s(store, wasm_ref_at(ref).ref, out) == GCROOTS_OK;
}

/**
 * Whether a reference is an i31; `false` for null, and if gcroots_ref_test() fails.
 * Never collects.
 *
 * \param ref (borrowed, nullable)
 */
static inline bool wasm_anyref_is_i31(gcroots_store_t *store, const wasm_anyref_t *ref) {
  return wasm_ref_is(store, ref, GCROOTS_HEAP_I31);
}

/**
 * Whether a reference is a struct, an array or an i31; `false` for null, and if
 * gcroots_ref_test() fails. Never collects.
 *
 * \param ref (borrowed, nullable)
 */
static inline bool wasm_anyref_is_eqref(gcroots_store_t *store, const wasm_anyref_t *ref) {
  return wasm_ref_is(store, ref, GCROOTS_HEAP_EQ);
}

/**
 * Whether a reference is a struct; `false` for null, and if gcroots_ref_test() fails.
 * Never collects.
 *
 * \param ref (borrowed, nullable)
 */
static inline bool wasm_anyref_is_struct(gcroots_store_t *store, const wasm_anyref_t *ref) {
  return wasm_ref_is(store, ref, GCROOTS_HEAP_STRUCT);
}

/**
 * Whether a reference is an array; `false` for null, and if gcroots_ref_test() fails.
 * Never collects.
 *
 * \param ref (borrowed, nullable)
 */
static inline bool wasm_anyref_is_array(gcroots_store_t *store, const wasm_anyref_t *ref) {
  return wasm_ref_is(store, ref, GCROOTS_HEAP_ARRAY);
}

/**
 * Makes another root for a reference, if it refers to a struct, an array or an i31.
 * Null is refused. Never collects.
 *
 * \param ref (borrowed, nullable)
 * \param[out] out the new root (owned); release it with wasm_eqref_unroot()
 * \return whether it was made; if not, the reason is an error of gcroots_ref_cast() or
 *         gcroots_manually_rooted_clone()
 */
GCROOTS_NODISCARD
static inline bool wasm_anyref_as_eqref(gcroots_store_t *store, const wasm_anyref_t *ref,
                                        wasm_eqref_t *out) {
  return wasm_ref_down(store, ref, GCROOTS_HEAP_EQ, out);
}

/**
 * Makes another root for a reference, if it refers to a struct. Null is refused. Never
 * collects.
 *
 * \param ref (borrowed, nullable)
 * \param[out] out the new root (owned); release it with wasm_structref_unroot()
 * \return whether it was made; if not, the reason is an error of gcroots_ref_cast() or
 *         gcroots_manually_rooted_clone()
 */
GCROOTS_NODISCARD
static inline bool wasm_anyref_as_struct(gcroots_store_t *store, const wasm_anyref_t *ref,
                                         wasm_structref_t *out) {
  return wasm_ref_down(store, ref, GCROOTS_HEAP_STRUCT, out);
}

/**
 * Makes another root for a reference, if it refers to an array. Null is refused. Never
 * collects.
 *
 * \param ref (borrowed, nullable)
 * \param[out] out the new root (owned); release it with wasm_arrayref_unroot()
 * \return whether it was made; if not, the reason is an error of gcroots_ref_cast() or
 *         gcroots_manually_rooted_clone()
 */
GCROOTS_NODISCARD
static inline bool wasm_anyref_as_array(gcroots_store_t *store, const wasm_anyref_t *ref,
                                        wasm_arrayref_t *out) {
  return wasm_ref_down(store, ref, GCROOTS_HEAP_ARRAY, out);
}

/**
 * Makes another root for the referent of a handle, of any kind. Null stays null. Does
 * the same as wasm_externref_clone(). Never collects.
 */
GCROOTS_NODISCARD
static inline bool wasm_anyref_clone(gcroots_store_t *store, const wasm_anyref_t *ref,
                                     wasm_anyref_t *out) {
  return wasm_externref_clone(store, ref, out);
}

/**
 * Sets a handle to null now and ends its root later. Any thread may call it. Does the
 * same as wasm_externref_unroot(). Never collects.
 */
static inline void wasm_anyref_unroot(wasm_anyref_t *ref) {
  wasm_externref_unroot(ref);
}

/**
 * Whether a handle is null. Looks only at its bits. Does the same as
 * wasm_externref_is_null(). Never collects.
 */
static inline bool wasm_anyref_is_null(const wasm_anyref_t *ref) {
  return wasm_externref_is_null(ref);
}

/**
 * Sets a handle to null and ends no root. Does the same as wasm_externref_set_null().
 * Never collects.
 */
static inline void wasm_anyref_set_null(wasm_anyref_t *ref) {
  wasm_externref_set_null(ref);
}

/**
 * Converts an external reference to an internal one, and makes a root for it. Null
 * stays null. Host data become an anyref, but not an eqref. Never collects.
 *
 * \param ref (borrowed, nullable)
 * \param[out] out a new root (owned); release it with wasm_anyref_unroot()
 * \return whether it was made; if not, the reason is an error of
 *         gcroots_any_convert_extern() or gcroots_manually_rooted_clone()
 */
GCROOTS_NODISCARD
static inline bool wasm_anyref_convert_extern(gcroots_store_t *store, const wasm_externref_t *ref,
                                              wasm_anyref_t *out) {
  return wasm_ref_up(store, ref, GCROOTS_HEAP_EXTERN, out);
}

/**
 * The raw reference of a handle. Its bits are not a root, and valid until the next
 * collection. Never collects.
 *
 * \param ref (borrowed, nullable)
 * \return 0 for null, and if gcroots_ref_to_raw() fails
 */
static inline uint32_t wasm_anyref_to_raw(gcroots_store_t *store, const wasm_anyref_t *ref) {
  return wasm_ref_to_raw(store, ref);
}

/**
 * Makes a root for a raw reference. Any bits may be passed. 0 becomes null. Never
 * collects.
 *
 * \param[out] out the new root (owned); release it with wasm_anyref_unroot()
 * \return whether it was made; if not, the reason is an error of gcroots_scope_enter(),
 *         gcroots_ref_from_raw(), gcroots_ref_cast() or gcroots_ref_to_manually_rooted()
 */
GCROOTS_NODISCARD
static inline bool wasm_anyref_from_raw(gcroots_store_t *store, uint32_t raw, wasm_anyref_t *out) {
  return wasm_ref_from_raw(store, raw, GCROOTS_HEAP_ANY, out);
}

/**
 * Reads the most specific type of a reference. Host data have GCROOTS_HEAP_ANY. Null is
 * refused. Never collects.
 *
 * \param ref (borrowed, nullable)
 * \param[out] out the type; release its `type` (owned) with gcroots_type_free()
 * \return whether it was read; if not, the reason is an error of gcroots_ref_kind(),
 *         gcroots_ref_cast() or gcroots_ref_type()
 */
GCROOTS_NODISCARD
static inline bool wasm_anyref_type(gcroots_store_t *store, const wasm_anyref_t *ref,
                                    wasm_heaptype_t *out) {
  return wasm_ref_heaptype(store, ref, GCROOTS_HEAP_ANY, out);
}

#endif /* GCROOTS_WASM_ANYREF_H */
