/*
 * Structs. Included by gcroots_wasm.h, whose opening is the introduction.
 */
#ifndef GCROOTS_WASM_STRUCTREF_H
#define GCROOTS_WASM_STRUCTREF_H

#include <gcroots_wasm/externref.h>

/**
 * Makes a struct of these values, one for each field, and a root for it, or leaves no
 * root. May collect.
 *
 * \param type (borrowed)
 * \param fields the values (borrowed), nullable if there is none
 * \param[out] out the new root (owned); release it with wasm_structref_unroot()
 * \return whether it was made; if not, the reason is as with gcroots_scope_enter(),
 *         gcroots_struct_new() and gcroots_ref_to_manually_rooted()
 */
GCROOTS_NODISCARD
static inline bool wasm_structref_new(gcroots_store_t *store, const gcroots_type_t *type,
                                      const gcroots_val_t *fields, size_t count,
                                      wasm_structref_t *out) {
  gcroots_ref_t made = gcroots_ref_null();
  gcroots_scope_t scope;
  gcroots_status_t status;
  if (gcroots_scope_enter(store, &scope) != GCROOTS_OK) return false;
  status = gcroots_struct_new(store, type, fields, count, out == NULL ? NULL : &made);
  return wasm_ref_keep(store, scope, status, made, out);
}

/**
 * Makes a struct whose fields are zeros and nulls, and a root for it, or leaves no root.
 * May collect.
 *
 * \param type (borrowed)
 * \param[out] out the new root (owned); release it with wasm_structref_unroot()
 * \return whether it was made; if not, the reason is as with gcroots_scope_enter(),
 *         gcroots_struct_new_default() and gcroots_ref_to_manually_rooted()
 */
GCROOTS_NODISCARD
static inline bool wasm_structref_new_default(gcroots_store_t *store, const gcroots_type_t *type,
                                              wasm_structref_t *out) {
  gcroots_ref_t made = gcroots_ref_null();
  gcroots_scope_t scope;
  gcroots_status_t status;
  if (gcroots_scope_enter(store, &scope) != GCROOTS_OK) return false;
  status = gcroots_struct_new_default(store, type, out == NULL ? NULL : &made);
  return wasm_ref_keep(store, scope, status, made, out);
}

/**
 * A field's value. Never collects.
 *
 * \param ref (borrowed, nullable)
 * \param[out] out its `of.ref`, if it is a reference, is a new handle of the current
 *             scope, or null
 * \return whether it was read; if not, the reason is as with gcroots_struct_get()
 */
static inline bool wasm_structref_field(gcroots_store_t *store, const wasm_structref_t *ref,
                                        size_t index, gcroots_val_t *out) {
  return gcroots_struct_get(store, wasm_ref_at(ref).ref, index, out) == GCROOTS_OK;
}

/**
 * Sets a field. Never collects.
 *
 * \param ref (borrowed, nullable)
 * \param value (borrowed)
 * \return whether it was set; if not, the reason is as with gcroots_struct_set()
 */
static inline bool wasm_structref_set_field(gcroots_store_t *store, const wasm_structref_t *ref,
                                            size_t index, const gcroots_val_t *value) {
  return gcroots_struct_set(store, wasm_ref_at(ref).ref, index, value) == GCROOTS_OK;
}

/**
 * Roots a struct once more, for those who take an anyref; null for null. Never
 * collects.
 *
 * \param ref (borrowed, nullable)
 * \param[out] out the new root (owned); release it with wasm_anyref_unroot()
 * \return whether it was made; if not, the reason is as with gcroots_ref_cast() and
 *         gcroots_manually_rooted_clone()
 */
GCROOTS_NODISCARD
static inline bool wasm_structref_to_anyref(gcroots_store_t *store, const wasm_structref_t *ref,
                                            wasm_anyref_t *out) {
  return wasm_ref_up(store, ref, GCROOTS_HEAP_STRUCT, out);
}

/**
 * Roots a struct once more, for those who take an eqref; null for null. Never
 * collects.
 *
 * \param ref (borrowed, nullable)
 * \param[out] out the new root (owned); release it with wasm_eqref_unroot()
 * \return whether it was made; if not, the reason is as with gcroots_ref_cast() and
 *         gcroots_manually_rooted_clone()
 */
GCROOTS_NODISCARD
static inline bool wasm_structref_to_eqref(gcroots_store_t *store, const wasm_structref_t *ref,
                                           wasm_eqref_t *out) {
  return wasm_ref_up(store, ref, GCROOTS_HEAP_STRUCT, out);
}

/**
 * Roots what a handle refers to once more, whatever it is; null for null. As
 * wasm_externref_clone(). Never collects.
 */
GCROOTS_NODISCARD
static inline bool wasm_structref_clone(gcroots_store_t *store, const wasm_structref_t *ref,
                                        wasm_structref_t *out) {
  return wasm_externref_clone(store, ref, out);
}

/**
 * Ends a root later, from any thread, and sets the handle to null now. As
 * wasm_externref_unroot(). Never collects.
 */
static inline void wasm_structref_unroot(wasm_structref_t *ref) {
  wasm_externref_unroot(ref);
}

/**
 * Whether a handle is null, by its bits. As wasm_externref_is_null(). Never collects.
 */
static inline bool wasm_structref_is_null(const wasm_structref_t *ref) {
  return wasm_externref_is_null(ref);
}

/**
 * Sets a handle to null and ends no root. As wasm_externref_set_null(). Never
 * collects.
 */
static inline void wasm_structref_set_null(wasm_structref_t *ref) {
  wasm_externref_set_null(ref);
}

#endif /* GCROOTS_WASM_STRUCTREF_H */
