/*
 * Internal references: structs, arrays, i31s, and host data that were converted.
 * Included by gcroots_wasm.h, whose opening is the introduction.
 */
#ifndef GCROOTS_WASM_ANYREF_H
#define GCROOTS_WASM_ANYREF_H

#include <gcroots_wasm/externref.h>

/**
 * Makes a reference that is the lower 31 bits of an integer, and a root for it, or
 * neither. Never collects.
 *
 * \param value the highest bit is dropped
 * \param[out] out the new root (owned); release it with wasm_anyref_unroot()
 * \return whether it was made; if not, the reason is as with gcroots_scope_enter(),
 *         gcroots_i31_new() and gcroots_ref_to_manually_rooted()
 */
GCROOTS_NODISCARD
static inline bool wasm_anyref_from_i31(gcroots_store_t *store, uint32_t value,
                                        wasm_anyref_t *out) {
  gcroots_ref_t made = gcroots_ref_null();
  gcroots_scope_t scope;
  gcroots_status_t status;
  if (gcroots_scope_enter(store, &scope) != GCROOTS_OK) return false;
  status = gcroots_i31_new(store, (int32_t)(value & INT32_MAX), &made);
  return wasm_ref_keep(store, scope, status, made, out);
}

/**
 * The integer of an i31, a 0 before it. Never collects.
 *
 * \param ref (borrowed, nullable)
 * \return whether it is one; if not, the reason is as with gcroots_i31_get_u()
 */
static inline bool wasm_anyref_i31_get_u(gcroots_store_t *store, const wasm_anyref_t *ref,
                                         uint32_t *out) {
  return gcroots_i31_get_u(store, wasm_ref_at(ref).ref, out) == GCROOTS_OK;
}

/**
 * The integer of an i31, its sign extended. Never collects.
 *
 * \param ref (borrowed, nullable)
 * \return whether it is one; if not, the reason is as with gcroots_i31_get_s()
 */
static inline bool wasm_anyref_i31_get_s(gcroots_store_t *store, const wasm_anyref_t *ref,
                                         int32_t *out) {
  return gcroots_i31_get_s(store, wasm_ref_at(ref).ref, out) == GCROOTS_OK;
}

/**
 * Whether a reference is an i31; `false` for null, and for whatever gcroots_ref_test()
 * refuses. Never collects.
 *
 * \param ref (borrowed, nullable)
 */
static inline bool wasm_anyref_is_i31(gcroots_store_t *store, const wasm_anyref_t *ref) {
  return wasm_ref_is(store, ref, GCROOTS_HEAP_I31);
}

/**
 * Whether a reference is a struct, an array or an i31; `false` for null, and for
 * whatever gcroots_ref_test() refuses. Never collects.
 *
 * \param ref (borrowed, nullable)
 */
static inline bool wasm_anyref_is_eqref(gcroots_store_t *store, const wasm_anyref_t *ref) {
  return wasm_ref_is(store, ref, GCROOTS_HEAP_EQ);
}

/**
 * Whether a reference is a struct; `false` for null, and for whatever gcroots_ref_test()
 * refuses. Never collects.
 *
 * \param ref (borrowed, nullable)
 */
static inline bool wasm_anyref_is_struct(gcroots_store_t *store, const wasm_anyref_t *ref) {
  return wasm_ref_is(store, ref, GCROOTS_HEAP_STRUCT);
}

/**
 * Whether a reference is an array; `false` for null, and for whatever gcroots_ref_test()
 * refuses. Never collects.
 *
 * \param ref (borrowed, nullable)
 */
static inline bool wasm_anyref_is_array(gcroots_store_t *store, const wasm_anyref_t *ref) {
  return wasm_ref_is(store, ref, GCROOTS_HEAP_ARRAY);
}

/**
 * Roots what a reference refers to once more, if that is a struct, an array or an
 * i31. Null is none. Never collects.
 *
 * \param ref (borrowed, nullable)
 * \param[out] out the new root (owned); release it with wasm_eqref_unroot()
 * \return whether it was made; if not, the reason is as with gcroots_ref_cast() and
 *         gcroots_manually_rooted_clone()
 */
GCROOTS_NODISCARD
static inline bool wasm_anyref_as_eqref(gcroots_store_t *store, const wasm_anyref_t *ref,
                                        wasm_eqref_t *out) {
  return wasm_ref_down(store, ref, GCROOTS_HEAP_EQ, out);
}

/**
 * Roots what a reference refers to once more, if that is a struct. Null is none.
 * Never collects.
 *
 * \param ref (borrowed, nullable)
 * \param[out] out the new root (owned); release it with wasm_structref_unroot()
 * \return whether it was made; if not, the reason is as with gcroots_ref_cast() and
 *         gcroots_manually_rooted_clone()
 */
GCROOTS_NODISCARD
static inline bool wasm_anyref_as_struct(gcroots_store_t *store, const wasm_anyref_t *ref,
                                         wasm_structref_t *out) {
  return wasm_ref_down(store, ref, GCROOTS_HEAP_STRUCT, out);
}

/**
 * Roots what a reference refers to once more, if that is an array. Null is none.
 * Never collects.
 *
 * \param ref (borrowed, nullable)
 * \param[out] out the new root (owned); release it with wasm_arrayref_unroot()
 * \return whether it was made; if not, the reason is as with gcroots_ref_cast() and
 *         gcroots_manually_rooted_clone()
 */
GCROOTS_NODISCARD
static inline bool wasm_anyref_as_array(gcroots_store_t *store, const wasm_anyref_t *ref,
                                        wasm_arrayref_t *out) {
  return wasm_ref_down(store, ref, GCROOTS_HEAP_ARRAY, out);
}

/**
 * Roots what a handle refers to once more, whatever it is; null for null. As
 * wasm_externref_clone(). Never collects.
 */
GCROOTS_NODISCARD
static inline bool wasm_anyref_clone(gcroots_store_t *store, const wasm_anyref_t *ref,
                                     wasm_anyref_t *out) {
  return wasm_externref_clone(store, ref, out);
}

/**
 * Ends a root later, from any thread, and sets the handle to null now. As
 * wasm_externref_unroot(). Never collects.
 */
static inline void wasm_anyref_unroot(wasm_anyref_t *ref) {
  wasm_externref_unroot(ref);
}

/**
 * Whether a handle is null, by its bits. As wasm_externref_is_null(). Never collects.
 */
static inline bool wasm_anyref_is_null(const wasm_anyref_t *ref) {
  return wasm_externref_is_null(ref);
}

/**
 * Sets a handle to null and ends no root. As wasm_externref_set_null(). Never
 * collects.
 */
static inline void wasm_anyref_set_null(wasm_anyref_t *ref) {
  wasm_externref_set_null(ref);
}

/**
 * An internal reference to what an external one refers to; null for null. Host data
 * become an anyref and no eqref. Never collects.
 *
 * \param ref (borrowed, nullable)
 * \param[out] out a new root (owned); release it with wasm_anyref_unroot()
 * \return whether it was made; if not, the reason is as with
 *         gcroots_any_convert_extern() and gcroots_manually_rooted_clone()
 */
GCROOTS_NODISCARD
static inline bool wasm_anyref_convert_extern(gcroots_store_t *store, const wasm_externref_t *ref,
                                              wasm_anyref_t *out) {
  return wasm_ref_up(store, ref, GCROOTS_HEAP_EXTERN, out);
}

#endif /* GCROOTS_WASM_ANYREF_H */
