/* A program without mistakes, on which no check of gcroots.h has anything to say. A macro
 * MISTAKE_... adds one mistake, which a compiler finds: see CMakeLists.txt.
 */
#include <gcroots.h>

/* --- Pointers, results and arrays ---------------------------------------------- */

gcroots_status_t collect(gcroots_store_t *store) GCROOTS_REQUIRES_STORE(store);
gcroots_status_t collect(gcroots_store_t *store) {
#ifdef MISTAKE_NULL
  (void)store;
  return gcroots_store_gc(NULL);
#else
  return gcroots_store_gc(store);
#endif
}

gcroots_status_t ignore(gcroots_store_t *store, gcroots_ref_t ref, gcroots_weak_t *out)
    GCROOTS_REQUIRES_STORE(store);
gcroots_status_t ignore(gcroots_store_t *store, gcroots_ref_t ref, gcroots_weak_t *out) {
#ifdef MISTAKE_IGNORED
  gcroots_weak_new(store, ref, out);
#endif
  return gcroots_weak_new(store, ref, out);
}

gcroots_status_t pair(gcroots_store_t *store, const gcroots_type_t *type, gcroots_ref_t *out)
    GCROOTS_REQUIRES_STORE(store);
gcroots_status_t pair(gcroots_store_t *store, const gcroots_type_t *type, gcroots_ref_t *out) {
  gcroots_val_t fields[2];
  fields[0].kind = fields[1].kind = GCROOTS_STORAGE_I32;
  fields[0].of.i32 = fields[1].of.i32 = 1;
#ifdef MISTAKE_SHORT_INPUT
  return gcroots_struct_new(store, type, fields, 3, out);
#else
  return gcroots_struct_new(store, type, fields, 2, out);
#endif
}

gcroots_status_t invoke(gcroots_store_t *store, gcroots_ref_t func, int32_t *out)
    GCROOTS_REQUIRES_STORE(store);
gcroots_status_t invoke(gcroots_store_t *store, gcroots_ref_t func, int32_t *out) {
  gcroots_val_t results[2];
  gcroots_status_t status;
#ifdef MISTAKE_UNSET_INPUT
  gcroots_val_t args[2];
  status = gcroots_func_call(store, func, args, 2, results, 2);
#elif defined(MISTAKE_SHORT_OUTPUT)
  status = gcroots_func_call(store, func, NULL, 0, results, 3);
#elif defined(MISTAKE_NULL_ARRAY)
  status = gcroots_func_call(store, func, NULL, 1, results, 2);
#else
  status = gcroots_func_call(store, func, NULL, 0, results, 2);
#endif
  if (status == GCROOTS_OK) *out = results[1].of.i32;
  return status;
}

/* --- Owners -------------------------------------------------------------------- */

static gcroots_status_t answer(void *env, gcroots_store_t *store, const gcroots_val_t *args,
                               size_t nargs, gcroots_val_t *results, size_t nresults)
    GCROOTS_REQUIRES_STORE(store);
static gcroots_status_t answer(void *env, gcroots_store_t *store, const gcroots_val_t *args,
                               size_t nargs, gcroots_val_t *results, size_t nresults) {
  (void)env, (void)args, (void)nargs, (void)results, (void)nresults;
  return collect(store);
}

gcroots_callback_t the_callback(void);
gcroots_callback_t the_callback(void) {
  return answer;
}

gcroots_status_t make_and_delete(gcroots_engine_t *engine);
gcroots_status_t make_and_delete(gcroots_engine_t *engine) {
  gcroots_store_t *store;
  gcroots_status_t status = gcroots_store_new(engine, &store);
  if (status != GCROOTS_OK) return status;
#ifdef MISTAKE_KEPT
  if (gcroots_store_gc(store) != GCROOTS_OK) return GCROOTS_ERROR_INTERNAL;
#endif
  status = collect(store);
  gcroots_store_free(store);
#ifdef MISTAKE_FREED
  gcroots_store_free(store);
#endif
  return status;
}

gcroots_status_t borrow(gcroots_store_t **box);
gcroots_status_t borrow(gcroots_store_t **box) {
  gcroots_status_t status;
#ifdef MISTAKE_NOT_ATTACHED
  gcroots_store_gc(*box);
#endif
#ifdef MISTAKE_UNCHECKED
  gcroots_store_attach(*box);
  gcroots_store_gc(*box);
#endif
  if (gcroots_store_attach(*box) != GCROOTS_OK) return GCROOTS_ERROR_WRONG_THREAD;
  status = gcroots_store_gc(*box);
  gcroots_store_detach(*box);
#ifdef MISTAKE_DETACHED
  gcroots_store_gc(*box);
#endif
  return status;
}

/* --- Blocks -------------------------------------------------------------------- */

#ifdef GCROOTS_AUTO_SCOPE

gcroots_status_t owned(gcroots_engine_t *engine) GCROOTS_NO_THREAD_CHECK;
gcroots_status_t owned(gcroots_engine_t *engine) {
  GCROOTS_AUTO_STORE(store);
  gcroots_status_t status = gcroots_store_new(engine, &store);
  return status != GCROOTS_OK ? status : collect(store);
}

gcroots_status_t in_a_block(gcroots_store_t *store, gcroots_ref_t *out)
    GCROOTS_REQUIRES_STORE(store);
gcroots_status_t in_a_block(gcroots_store_t *store, gcroots_ref_t *out) {
  gcroots_ref_t ref;
  gcroots_status_t status;
#ifdef MISTAKE_SKIPPED
  if (out == NULL) goto end;
#endif
  GCROOTS_AUTO_SCOPE(scope, store);
  GCROOTS_AUTO_ROOT(handle);
  if (scope.status != GCROOTS_OK) return scope.status;
  status = gcroots_externref_new(store, NULL, NULL, &ref);
  if (status != GCROOTS_OK) return status;
  status = gcroots_ref_to_manually_rooted(store, ref, &handle);
  if (status != GCROOTS_OK) return status;
  return gcroots_auto_scope_escape(&scope, ref, out);
#ifdef MISTAKE_SKIPPED
end:
  return GCROOTS_OK;
#endif
}

#endif
