/*
 * The types of handles, and functions that several types share. Included by
 * gcroots_wasm.h, which introduces it.
 */
#ifndef GCROOTS_WASM_REF_H
#define GCROOTS_WASM_REF_H

#include <gcroots.h>

/* The null pointer and a cast, in the form that C and C++ compilers each accept without
   a warning. */
#ifdef __cplusplus
#define GCROOTS_WASM_NULL nullptr
#define GCROOTS_WASM_CAST(type, value) static_cast<type>(value)
#else
#define GCROOTS_WASM_NULL NULL
#define GCROOTS_WASM_CAST(type, value) ((type)(value))
#endif

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
 * Owns a manual root of an exception, or is null.
 */
typedef gcroots_manually_rooted_t wasm_exnref_t;

/**
 * Owns a manual root of a function, or is null.
 */
typedef gcroots_manually_rooted_t wasm_funcref_t;

/**
 * The type of what a reference refers to.
 */
typedef struct {
  /**
   * GCROOTS_HEAP_TYPE, or an abstract type.
   */
  gcroots_heap_type_t heap;
  /**
   * With GCROOTS_HEAP_TYPE: the registered type (owned), which gcroots_type_free()
   * releases. Otherwise NULL.
   */
  gcroots_type_t *type;
} wasm_heaptype_t;

/**
 * The handle at an address, or null for NULL. Never collects.
 *
 * \param ref (borrowed, nullable)
 */
static inline gcroots_manually_rooted_t wasm_ref_at(const gcroots_manually_rooted_t *ref) {
  gcroots_manually_rooted_t handle = {ref == GCROOTS_WASM_NULL ? gcroots_ref_null() : ref->ref};
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
  gcroots_ref_type_t type = {GCROOTS_WASM_NULL, heap, 0};
  bool is = false;
  gcroots_ref_test(store, wasm_ref_at(ref).ref, type, &is);
  return is;
}

/**
 * Requires that a reference has this type. Never collects.
 *
 * \param ref a scoped or manual handle (borrowed), or null
 * \return whether it has; if not, the reason is an error of gcroots_ref_cast()
 */
static inline bool wasm_ref_require(gcroots_store_t *store, gcroots_ref_t ref,
                                    gcroots_ref_type_t type) {
  bool is = false;
  if (gcroots_ref_test(store, ref, type, &is) != GCROOTS_OK) return false;
  /* The cast fails and leaves the reason as the message. */
  if (!is) gcroots_ref_cast(store, ref, type, &ref);
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
  /* The clone refuses a NULL `out`. */
  if (out != GCROOTS_WASM_NULL && !wasm_ref_require(store, handle.ref, type)) return false;
  return gcroots_manually_rooted_clone(store, handle, out) == GCROOTS_OK;
}

/**
 * Does the same as wasm_ref_as() for a heap type. Null is refused. Never collects.
 */
GCROOTS_NODISCARD
static inline bool wasm_ref_down(gcroots_store_t *store, const gcroots_manually_rooted_t *ref,
                                 gcroots_heap_type_t heap, gcroots_manually_rooted_t *out) {
  gcroots_ref_type_t type = {GCROOTS_WASM_NULL, heap, 0};
  return wasm_ref_as(store, ref, type, out);
}

/**
 * Does the same as wasm_ref_as() for a heap type that every such reference has. Null
 * stays null. Never collects.
 */
GCROOTS_NODISCARD
static inline bool wasm_ref_up(gcroots_store_t *store, const gcroots_manually_rooted_t *ref,
                               gcroots_heap_type_t heap, gcroots_manually_rooted_t *out) {
  gcroots_ref_type_t type = {GCROOTS_WASM_NULL, heap, 1};
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

/**
 * The raw reference of a handle. Never collects.
 *
 * \param ref (borrowed, nullable)
 * \return 0 for null, and if gcroots_ref_to_raw() fails
 */
static inline uint32_t wasm_ref_to_raw(gcroots_store_t *store,
                                       const gcroots_manually_rooted_t *ref) {
  uint32_t raw = 0;
  gcroots_ref_to_raw(store, wasm_ref_at(ref).ref, &raw);
  return raw;
}

/**
 * Makes a root for a raw reference, if it has this heap type. 0 becomes null. Never
 * collects.
 *
 * \param[out] out the new root (owned)
 * \return whether it was made; if not, the reason is an error of gcroots_scope_enter(),
 *         gcroots_ref_from_raw(), gcroots_ref_cast() or gcroots_ref_to_manually_rooted()
 */
GCROOTS_NODISCARD
static inline bool wasm_ref_from_raw(gcroots_store_t *store, uint32_t raw, gcroots_heap_type_t heap,
                                     gcroots_manually_rooted_t *out) {
  gcroots_ref_type_t type = {GCROOTS_WASM_NULL, heap, 1};
  gcroots_ref_t made = gcroots_ref_null();
  gcroots_scope_t scope;
  gcroots_status_t status;
  if (gcroots_scope_enter(store, &scope) != GCROOTS_OK) return false;
  status = gcroots_ref_from_raw(store, raw, &made);
  if (status == GCROOTS_OK) status = gcroots_ref_cast(store, made, type, &made);
  return wasm_ref_keep(store, scope, status, made, out);
}

/**
 * The type that the object of a reference was made with. The object must have this heap
 * type. Null is refused. Never collects.
 *
 * \param ref (borrowed, nullable)
 * \return the type (owned); release it with gcroots_type_free(). NULL if
 *         gcroots_ref_cast() or gcroots_ref_type() fails
 */
GCROOTS_NODISCARD
static inline gcroots_type_t *wasm_ref_type(gcroots_store_t *store,
                                            const gcroots_manually_rooted_t *ref,
                                            gcroots_heap_type_t heap) {
  gcroots_ref_type_t needed = {GCROOTS_WASM_NULL, heap, 0};
  gcroots_ref_t handle = wasm_ref_at(ref).ref;
  gcroots_type_t *type = GCROOTS_WASM_NULL;
  if (!wasm_ref_require(store, handle, needed)) return GCROOTS_WASM_NULL;
  if (gcroots_ref_type(store, handle, &type) != GCROOTS_OK) return GCROOTS_WASM_NULL;
  return type;
}

/**
 * Reads the most specific type of an internal reference, which must have the type `top`.
 * Null is refused. Never collects.
 *
 * \param ref (borrowed, nullable)
 * \param[out] out the type; its `type` is (owned)
 * \return whether it was read; if not, the reason is an error of gcroots_ref_kind(),
 *         gcroots_ref_cast() or gcroots_ref_type()
 */
GCROOTS_NODISCARD
static inline bool wasm_ref_heaptype(gcroots_store_t *store, const gcroots_manually_rooted_t *ref,
                                     gcroots_heap_type_t top, wasm_heaptype_t *out) {
  gcroots_ref_type_t needed = {GCROOTS_WASM_NULL, top, 0};
  wasm_heaptype_t found = {top, GCROOTS_WASM_NULL};
  gcroots_ref_t handle = wasm_ref_at(ref).ref;
  gcroots_ref_kind_t kind, *to = out ? &kind : GCROOTS_WASM_NULL;
  if (gcroots_ref_kind(store, handle, to) != GCROOTS_OK) return false;
  if (!wasm_ref_require(store, handle, needed)) return false;
  if (kind == GCROOTS_REF_I31) {
    found.heap = GCROOTS_HEAP_I31;
  } else if (kind != GCROOTS_REF_EXTERN) {
    found.heap = GCROOTS_HEAP_TYPE;
    if (gcroots_ref_type(store, handle, &found.type) != GCROOTS_OK) return false;
  }
  *out = found;
  return true;
}

#endif /* GCROOTS_WASM_REF_H */
