/*
 * The types of handles, and functions that several types share. Included by
 * gcroots_wasm.h, which introduces it.
 */
#ifndef GCROOTS_WASM_REF_H
#define GCROOTS_WASM_REF_H

#include <gcroots.h>

/**
 * Owns a manual root of an externref, or is null.
 */
typedef gcroots_manually_rooted_t wasm_externref_t;

/**
 * Owns a manual root of an internal reference, or is null.
 */
typedef gcroots_manually_rooted_t wasm_anyref_t;

/**
 * Owns a manual root of a struct, an array or an i31, or is null.
 */
typedef gcroots_manually_rooted_t wasm_eqref_t;

/**
 * Owns a manual root of a struct, or is null.
 */
typedef gcroots_manually_rooted_t wasm_structref_t;

/**
 * Owns a manual root of an array, or is null.
 */
typedef gcroots_manually_rooted_t wasm_arrayref_t;

/**
 * The handle at an address, or null for NULL. Never collects.
 *
 * \param ref (borrowed, nullable)
 */
static inline gcroots_manually_rooted_t wasm_ref_at(const gcroots_manually_rooted_t *ref) {
  gcroots_manually_rooted_t handle = {ref == NULL ? gcroots_ref_null() : ref->ref};
  return handle;
}

/**
 * Whether a reference has a heap type and is not null. `false` if gcroots_ref_test()
 * fails. Never collects.
 *
 * \param ref (borrowed, nullable)
 */
static inline bool wasm_ref_is(gcroots_store_t *store, const gcroots_manually_rooted_t *ref,
                               gcroots_heap_type_t heap) {
  gcroots_ref_type_t type = {NULL, heap, 0};
  bool is = false;
  gcroots_ref_test(store, wasm_ref_at(ref).ref, type, &is);
  return is;
}

/**
 * Makes another root for a reference, if it has this type. Makes no scoped root, not
 * even for a moment. Never collects.
 *
 * \param ref (borrowed, nullable)
 * \param[out] out the new root (owned); null if the reference is null
 * \return whether it was made; if not, the reason is an error of gcroots_ref_cast() or
 *         gcroots_manually_rooted_clone()
 */
GCROOTS_NODISCARD
static inline bool wasm_ref_as(gcroots_store_t *store, const gcroots_manually_rooted_t *ref,
                               gcroots_ref_type_t type, gcroots_manually_rooted_t *out) {
  gcroots_manually_rooted_t handle = wasm_ref_at(ref);
  bool is = false;
  if (gcroots_ref_test(store, handle.ref, type, out == NULL ? NULL : &is) != GCROOTS_OK)
    return false;
  if (!is) {
    /* The cast fails and leaves the reason as the message. */
    gcroots_ref_cast(store, handle.ref, type, &handle.ref);
    return false;
  }
  return gcroots_manually_rooted_clone(store, handle, out) == GCROOTS_OK;
}

/**
 * Does the same as wasm_ref_as() for a heap type. Null is refused. Never collects.
 */
GCROOTS_NODISCARD
static inline bool wasm_ref_down(gcroots_store_t *store, const gcroots_manually_rooted_t *ref,
                                 gcroots_heap_type_t heap, gcroots_manually_rooted_t *out) {
  gcroots_ref_type_t type = {NULL, heap, 0};
  return wasm_ref_as(store, ref, type, out);
}

/**
 * Does the same as wasm_ref_as() for a heap type that every such reference has. Null
 * stays null. Never collects.
 */
GCROOTS_NODISCARD
static inline bool wasm_ref_up(gcroots_store_t *store, const gcroots_manually_rooted_t *ref,
                               gcroots_heap_type_t heap, gcroots_manually_rooted_t *out) {
  gcroots_ref_type_t type = {NULL, heap, 1};
  return wasm_ref_as(store, ref, type, out);
}

/**
 * Leaves the scope in which a reference was made, and keeps the reference with a manual
 * root. Never collects.
 *
 * \param made the status of the call that made it; if it is not GCROOTS_OK, nothing is
 *             kept
 * \param[out] out the new root (owned)
 * \return whether it was kept; if not, the reason is the error of `made`, or an error
 *         of gcroots_ref_to_manually_rooted()
 */
GCROOTS_NODISCARD
static inline bool wasm_ref_keep(gcroots_store_t *store, gcroots_scope_t scope,
                                 gcroots_status_t made, gcroots_ref_t ref,
                                 gcroots_manually_rooted_t *out) {
  bool kept = made == GCROOTS_OK && gcroots_ref_to_manually_rooted(store, ref, out) == GCROOTS_OK;
  gcroots_scope_unwind(store, scope);
  return kept;
}

#endif /* GCROOTS_WASM_REF_H */
