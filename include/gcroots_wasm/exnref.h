/*
 * Exceptions. Included by gcroots_wasm.h, which introduces it.
 */
#ifndef GCROOTS_WASM_EXNREF_H
#define GCROOTS_WASM_EXNREF_H

#include <gcroots_wasm/externref.h>

/**
 * Makes an exception from one value for each field of its tag, and a root for it. Leaves
 * no root if it fails. May collect.
 *
 * \param fields the values (borrowed), nullable if `count` is 0
 * \param[out] out the new root (owned); release it with wasm_exnref_unroot()
 * \return whether it was made; if not, the reason is an error of gcroots_scope_enter(),
 *         gcroots_exn_new() or gcroots_ref_to_manually_rooted()
 */
GCROOTS_NODISCARD
static inline bool wasm_exnref_new(gcroots_store_t *store, gcroots_tag_t tag,
                                   const gcroots_val_t *fields, size_t count, wasm_exnref_t *out) {
  gcroots_ref_t made = gcroots_ref_null(), *to = out ? &made : GCROOTS_WASM_NULL;
  gcroots_scope_t scope;
  gcroots_status_t status;
  if (gcroots_scope_enter(store, &scope) != GCROOTS_OK) return false;
  status = gcroots_exn_new(store, tag, fields, count, to);
  return wasm_ref_keep(store, scope, status, made, out);
}

/**
 * Reads the tag of an exception. Never collects.
 *
 * \param ref (borrowed, nullable)
 * \return whether it was read; if not, the reason is an error of gcroots_exn_tag()
 */
static inline bool wasm_exnref_tag(gcroots_store_t *store, const wasm_exnref_t *ref,
                                   gcroots_tag_t *out) {
  return gcroots_exn_tag(store, wasm_ref_at(ref).ref, out) == GCROOTS_OK;
}

/**
 * The type of an exception: the function type of its tag. Never collects.
 *
 * \param ref (borrowed, nullable)
 * \return the type (owned); release it with gcroots_type_free(). NULL if
 *         gcroots_exn_tag() or gcroots_tag_type() fails
 */
GCROOTS_NODISCARD
static inline gcroots_type_t *wasm_exnref_type(gcroots_store_t *store, const wasm_exnref_t *ref) {
  gcroots_tag_t tag;
  gcroots_type_t *type = GCROOTS_WASM_NULL;
  if (!wasm_exnref_tag(store, ref, &tag)) return GCROOTS_WASM_NULL;
  if (gcroots_tag_type(store, tag, &type) != GCROOTS_OK) return GCROOTS_WASM_NULL;
  return type;
}

/**
 * The number of fields of an exception. Never collects.
 *
 * \param ref (borrowed, nullable)
 * \return 0 also if wasm_exnref_type() fails
 */
static inline size_t wasm_exnref_field_count(gcroots_store_t *store, const wasm_exnref_t *ref) {
  size_t count = 0;
  gcroots_type_t *type = wasm_exnref_type(store, ref);
  if (type == GCROOTS_WASM_NULL) return 0;
  gcroots_type_param_count(type, &count);
  gcroots_type_free(type);
  return count;
}

/**
 * Reads a field. Never collects.
 *
 * \param ref (borrowed, nullable)
 * \param[out] out the value; if it is a reference, its `of.ref` is null or a new handle
 *                 of the current scope
 * \return whether it was read; if not, the reason is an error of gcroots_exn_field()
 */
static inline bool wasm_exnref_field(gcroots_store_t *store, const wasm_exnref_t *ref, size_t index,
                                     gcroots_val_t *out) {
  return gcroots_exn_field(store, wasm_ref_at(ref).ref, index, out) == GCROOTS_OK;
}

/**
 * Makes an exception the store's pending exception, and replaces any other. Never
 * collects.
 *
 * \param ref (borrowed, nullable)
 * \return whether it is pending; if not, the reason is an error of gcroots_store_throw()
 */
static inline bool wasm_context_set_exception(gcroots_store_t *store, const wasm_exnref_t *ref) {
  return gcroots_store_throw(store, wasm_ref_at(ref).ref) == GCROOTS_OK;
}

/**
 * Takes the pending exception. If it fails, the exception stays pending. Never collects.
 *
 * \param[out] out the root of the exception (owned); release it with
 *             wasm_exnref_unroot()
 * \return whether there was one; `false` also for an error of
 *         gcroots_store_take_exception_manually_rooted()
 */
GCROOTS_NODISCARD
static inline bool wasm_context_take_exception(gcroots_store_t *store, wasm_exnref_t *out) {
  wasm_exnref_t taken, *to = out ? &taken : GCROOTS_WASM_NULL;
  if (gcroots_store_take_exception_manually_rooted(store, to) != GCROOTS_OK) return false;
  if (gcroots_ref_is_null(taken.ref)) return false;
  *out = taken;
  return true;
}

/**
 * Whether an exception is pending. Never collects.
 *
 * \return `false` also for an error of gcroots_store_has_exception()
 */
static inline bool wasm_context_has_exception(gcroots_store_t *store) {
  bool has = false;
  return gcroots_store_has_exception(store, &has) == GCROOTS_OK && has;
}

/**
 * Makes another root for the referent of a handle, of any kind. Null stays null. Does
 * the same as wasm_externref_clone(). Never collects.
 */
GCROOTS_NODISCARD
static inline bool wasm_exnref_clone(gcroots_store_t *store, const wasm_exnref_t *ref,
                                     wasm_exnref_t *out) {
  return wasm_externref_clone(store, ref, out);
}

/**
 * Sets a handle to null now and ends its root later. Any thread may call it. Does the
 * same as wasm_externref_unroot(). Never collects.
 */
static inline void wasm_exnref_unroot(wasm_exnref_t *ref) {
  wasm_externref_unroot(ref);
}

/**
 * Whether a handle is null. Looks only at its bits. Does the same as
 * wasm_externref_is_null(). Never collects.
 */
static inline bool wasm_exnref_is_null(const wasm_exnref_t *ref) {
  return wasm_externref_is_null(ref);
}

/**
 * Sets a handle to null and ends no root. Does the same as wasm_externref_set_null().
 * Never collects.
 */
static inline void wasm_exnref_set_null(wasm_exnref_t *ref) {
  wasm_externref_set_null(ref);
}

/**
 * The raw reference of a handle. Its bits are not a root, and valid until the next
 * collection. Never collects.
 *
 * \param ref (borrowed, nullable)
 * \return 0 for null, and if gcroots_ref_to_raw() fails
 */
static inline uint32_t wasm_exnref_to_raw(gcroots_store_t *store, const wasm_exnref_t *ref) {
  return wasm_ref_to_raw(store, ref);
}

/**
 * Makes a root for a raw reference. Any bits may be passed. 0 becomes null. Never
 * collects.
 *
 * \param[out] out the new root (owned); release it with wasm_exnref_unroot()
 * \return whether it was made; if not, the reason is an error of gcroots_scope_enter(),
 *         gcroots_ref_from_raw(), gcroots_ref_cast() or gcroots_ref_to_manually_rooted()
 */
GCROOTS_NODISCARD
static inline bool wasm_exnref_from_raw(gcroots_store_t *store, uint32_t raw, wasm_exnref_t *out) {
  return wasm_ref_from_raw(store, raw, GCROOTS_HEAP_EXN, out);
}

#endif /* GCROOTS_WASM_EXNREF_H */
