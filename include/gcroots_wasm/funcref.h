/*
 * Functions. Included by gcroots_wasm.h, which introduces it. gcroots_func_call() calls
 * them: its `func` is the `ref` of a handle.
 */
#ifndef GCROOTS_WASM_FUNCREF_H
#define GCROOTS_WASM_FUNCREF_H

#include <gcroots_wasm/externref.h>

/**
 * Makes a function and a root for it. Makes neither if it fails. May collect.
 *
 * \param type the function's type (borrowed)
 * \param callback the code that a call runs
 * \param env a pointer that the callback receives (taken on success, nullable)
 * \param finalizer_or_null runs once with `env`, after the function's death; never if the
 *                          call returns `false`
 * \param[out] out the new root (owned); release it with wasm_funcref_unroot()
 * \return whether it was made; if not, the reason is an error of gcroots_scope_enter(),
 *         gcroots_i31_new(), gcroots_ref_to_manually_rooted() or gcroots_func_new()
 */
GCROOTS_NODISCARD
static inline bool wasm_funcref_new(gcroots_store_t *store, const gcroots_type_t *type,
                                    gcroots_callback_t callback, void *env,
                                    gcroots_finalizer_t finalizer_or_null, wasm_funcref_t *out) {
  gcroots_ref_t made = gcroots_ref_null(), *to = out ? &made : GCROOTS_WASM_NULL;
  gcroots_manually_rooted_t reserved;
  gcroots_scope_t scope;
  gcroots_status_t status;
  if (gcroots_scope_enter(store, &scope) != GCROOTS_OK) return false;
  /* Reserves the slot of the manual root. A function that gets none is garbage, and its
     finalizer runs. */
  status = gcroots_i31_new(store, 0, &made);
  if (status == GCROOTS_OK) status = gcroots_ref_to_manually_rooted(store, made, &reserved);
  if (status == GCROOTS_OK) {
    status = gcroots_func_new(store, type, callback, env, finalizer_or_null, to);
    gcroots_manually_rooted_unroot(store, &reserved);
  }
  return wasm_ref_keep(store, scope, status, made, out);
}

/**
 * The type that a function was made with. Null is refused. Never collects.
 *
 * \param ref (borrowed, nullable)
 * \return the type (owned); release it with gcroots_type_free(). NULL if
 *         gcroots_ref_cast() to GCROOTS_HEAP_FUNC or gcroots_ref_type() fails
 */
GCROOTS_NODISCARD
static inline gcroots_type_t *wasm_funcref_type(gcroots_store_t *store, const wasm_funcref_t *ref) {
  return wasm_ref_type(store, ref, GCROOTS_HEAP_FUNC);
}

/**
 * Makes another root for the referent of a handle, of any kind. Null stays null. Does
 * the same as wasm_externref_clone(). Never collects.
 */
GCROOTS_NODISCARD
static inline bool wasm_funcref_clone(gcroots_store_t *store, const wasm_funcref_t *ref,
                                      wasm_funcref_t *out) {
  return wasm_externref_clone(store, ref, out);
}

/**
 * Sets a handle to null now and ends its root later. Any thread may call it. Does the
 * same as wasm_externref_unroot(). Never collects.
 */
static inline void wasm_funcref_unroot(wasm_funcref_t *ref) {
  wasm_externref_unroot(ref);
}

/**
 * Whether a handle is null. Looks only at its bits. Does the same as
 * wasm_externref_is_null(). Never collects.
 */
static inline bool wasm_funcref_is_null(const wasm_funcref_t *ref) {
  return wasm_externref_is_null(ref);
}

/**
 * Sets a handle to null and ends no root. Does the same as wasm_externref_set_null().
 * Never collects.
 */
static inline void wasm_funcref_set_null(wasm_funcref_t *ref) {
  wasm_externref_set_null(ref);
}

/**
 * The raw reference of a handle. Its bits are not a root, and valid until the next
 * collection. Never collects.
 *
 * \param ref (borrowed, nullable)
 * \return 0 for null, and if gcroots_ref_to_raw() fails
 */
static inline uint32_t wasm_funcref_to_raw(gcroots_store_t *store, const wasm_funcref_t *ref) {
  return wasm_ref_to_raw(store, ref);
}

/**
 * Makes a root for a raw reference. Any bits may be passed. 0 becomes null. Never
 * collects.
 *
 * \param[out] out the new root (owned); release it with wasm_funcref_unroot()
 * \return whether it was made; if not, the reason is an error of gcroots_scope_enter(),
 *         gcroots_ref_from_raw(), gcroots_ref_cast() or gcroots_ref_to_manually_rooted()
 */
GCROOTS_NODISCARD
static inline bool wasm_funcref_from_raw(gcroots_store_t *store, uint32_t raw,
                                         wasm_funcref_t *out) {
  return wasm_ref_from_raw(store, raw, GCROOTS_HEAP_FUNC, out);
}

#endif /* GCROOTS_WASM_FUNCREF_H */
