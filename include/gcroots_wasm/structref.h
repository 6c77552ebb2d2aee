/*
 * Structs. Included by gcroots_wasm.h, which introduces it.
 */
#ifndef GCROOTS_WASM_STRUCTREF_H
#define GCROOTS_WASM_STRUCTREF_H

#include <gcroots_wasm/externref.h>

/**
 * Makes a struct of these values, one for each field, and a root for it. Leaves no root
 * if it fails. May collect.
 *
 * \param type (borrowed)
 * \param fields the values (borrowed), nullable if the struct has no fields
 * \param[out] out the new root (owned); release it with wasm_structref_unroot()
 * \return whether it was made; if not, the reason is an error of gcroots_scope_enter(),
 *         gcroots_struct_new() or gcroots_ref_to_manually_rooted()
 */
GCROOTS_NODISCARD
static inline bool wasm_structref_new(gcroots_store_t *store, const gcroots_type_t *type,
                                      const gcroots_val_t *fields, size_t count,
                                      wasm_structref_t *out) {
  gcroots_ref_t made = gcroots_ref_null();
  gcroots_scope_t scope;
  gcroots_status_t status;
  if (gcroots_scope_enter(store, &scope) != GCROOTS_OK) return false;
  status = gcroots_struct_new(store, type, fields, count, out ? &made : GCROOTS_WASM_NULL);
  return wasm_ref_keep(store, scope, status, made, out);
}

/**
 * Makes a struct whose fields are zeros and nulls, and a root for it. Leaves no root if
 * it fails. May collect.
 *
 * \param type (borrowed)
 * \param[out] out the new root (owned); release it with wasm_structref_unroot()
 * \return whether it was made; if not, the reason is an error of gcroots_scope_enter(),
 *         gcroots_struct_new_default() or gcroots_ref_to_manually_rooted()
 */
GCROOTS_NODISCARD
static inline bool wasm_structref_new_default(gcroots_store_t *store, const gcroots_type_t *type,
                                              wasm_structref_t *out) {
  gcroots_ref_t made = gcroots_ref_null();
  gcroots_scope_t scope;
  gcroots_status_t status;
  if (gcroots_scope_enter(store, &scope) != GCROOTS_OK) return false;
  status = gcroots_struct_new_default(store, type, out ? &made : GCROOTS_WASM_NULL);
  return wasm_ref_keep(store, scope, status, made, out);
}

/**
 * Reads a field. Never collects.
 *
 * \param ref (borrowed, nullable)
 * \param[out] out the value; if it is a reference, its `of.ref` is null or a new handle
 *                 of the current scope
 * \return whether it was read; if not, the reason is an error of gcroots_struct_get()
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
 * \return whether it was set; if not, the reason is an error of gcroots_struct_set()
 */
static inline bool wasm_structref_set_field(gcroots_store_t *store, const wasm_structref_t *ref,
                                            size_t index, const gcroots_val_t *value) {
  return gcroots_struct_set(store, wasm_ref_at(ref).ref, index, value) == GCROOTS_OK;
}

/**
 * Makes another root for a struct, as an anyref. Null stays null. Never collects.
 *
 * \param ref (borrowed, nullable)
 * \param[out] out the new root (owned); release it with wasm_anyref_unroot()
 * \return whether it was made; if not, the reason is an error of gcroots_ref_cast() or
 *         gcroots_manually_rooted_clone()
 */
GCROOTS_NODISCARD
static inline bool wasm_structref_to_anyref(gcroots_store_t *store, const wasm_structref_t *ref,
                                            wasm_anyref_t *out) {
  return wasm_ref_up(store, ref, GCROOTS_HEAP_STRUCT, out);
}

/**
 * Makes another root for a struct, as an eqref. Null stays null. Never collects.
 *
 * \param ref (borrowed, nullable)
 * \param[out] out the new root (owned); release it with wasm_eqref_unroot()
 * \return whether it was made; if not, the reason is an error of gcroots_ref_cast() or
 *         gcroots_manually_rooted_clone()
 */
GCROOTS_NODISCARD
static inline bool wasm_structref_to_eqref(gcroots_store_t *store, const wasm_structref_t *ref,
                                           wasm_eqref_t *out) {
  return wasm_ref_up(store, ref, GCROOTS_HEAP_STRUCT, out);
}

/**
 * Makes another root for the referent of a handle, of any kind. Null stays null. Does
 * the same as wasm_externref_clone(). Never collects.
 */
GCROOTS_NODISCARD
static inline bool wasm_structref_clone(gcroots_store_t *store, const wasm_structref_t *ref,
                                        wasm_structref_t *out) {
  return wasm_externref_clone(store, ref, out);
}

/**
 * Sets a handle to null now and ends its root later. Any thread may call it. Does the
 * same as wasm_externref_unroot(). Never collects.
 */
static inline void wasm_structref_unroot(wasm_structref_t *ref) {
  wasm_externref_unroot(ref);
}

/**
 * Whether a handle is null. Looks only at its bits. Does the same as
 * wasm_externref_is_null(). Never collects.
 */
static inline bool wasm_structref_is_null(const wasm_structref_t *ref) {
  return wasm_externref_is_null(ref);
}

/**
 * Sets a handle to null and ends no root. Does the same as wasm_externref_set_null().
 * Never collects.
 */
static inline void wasm_structref_set_null(wasm_structref_t *ref) {
  wasm_externref_set_null(ref);
}

/**
 * The type that a struct was made with. Null is refused. Never collects.
 *
 * \param ref (borrowed, nullable)
 * \return the type (owned); release it with gcroots_type_free(). NULL if
 *         gcroots_ref_cast() to GCROOTS_HEAP_STRUCT or gcroots_ref_type() fails
 */
GCROOTS_NODISCARD
static inline gcroots_type_t *wasm_structref_type(gcroots_store_t *store,
                                                  const wasm_structref_t *ref) {
  return wasm_ref_type(store, ref, GCROOTS_HEAP_STRUCT);
}

#endif /* GCROOTS_WASM_STRUCTREF_H */
