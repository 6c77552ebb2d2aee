/* gcroots_wasm.h: functions. */
#include <gcroots_wasm.h>

#include "wasm_references.h"

static gcroots_type_t *add_type;
static int finalized;

/* Adds `env`, an int, to the argument. */
static gcroots_status_t add(void *env, gcroots_store_t *of, const gcroots_val_t *args, size_t nargs,
                            gcroots_val_t *results, size_t nresults) {
  CHECK(of == store && nargs == 1 && nresults == 1);
  results[0] = val_i32(args[0].of.i32 + *(int *)env);
  return GCROOTS_OK;
}

static void use_the_type(void) {
  gcroots_field_type_t number = plain(GCROOTS_STORAGE_I32);
  add_type = new_func(&number, 1, &number, 1);
}

__attribute__((destructor)) static void free_the_type(void) {
  gcroots_type_free(add_type);
}

CASE(a_function_is_called_by_its_handle) {
  int two = 2;
  gcroots_val_t arg = val_i32(40), result;
  wasm_funcref_t func;
  use_the_type();
  CHECK(wasm_funcref_new(store, add_type, add, &two, NULL, &func));
  OK(gcroots_store_gc(store));
  OK(gcroots_func_call(store, func.ref, &arg, 1, &result, 1));
  CHECK(result.of.i32 == 42);
}

CASE(making_one_makes_one_manual_root) {
  gcroots_scope_t scope = enter();
  struct check_counts before, after;
  wasm_funcref_t func;
  use_the_type();
  before = check_count();
  CHECK(wasm_funcref_new(store, add_type, add, NULL, NULL, &func));
  after = check_count();
  CHECK(after.manual_roots == before.manual_roots + 1);
  CHECK(after.scoped_roots == before.scoped_roots && !wasm_funcref_is_null(&func));
  OK(gcroots_scope_exit(store, scope));
}

CASE(the_finalizer_runs_once_after_the_last_root) {
  wasm_funcref_t func, clone;
  use_the_type();
  CHECK(wasm_funcref_new(store, add_type, add, &finalized, count_call, &func));
  CHECK(wasm_funcref_clone(store, &func, &clone));
  wasm_funcref_unroot(&func);
  OK(gcroots_store_gc(store));
  CHECK(finalized == 0 && wasm_funcref_is_null(&func));
  wasm_funcref_unroot(&clone);
  OK(gcroots_store_gc(store));
  CHECK(finalized == (collects ? 1 : 0));
  free_store();
  CHECK(finalized == 1);
}

static void making_refused(gcroots_status_t expected, gcroots_store_t *of,
                           const gcroots_type_t *type, gcroots_callback_t callback) {
  wasm_funcref_t out = untouched_wasm();
  REFUSED_AS(expected, gcroots_func_new(of, type, callback, &finalized, count_call, &out.ref),
             wasm_funcref_new(of, type, callback, &finalized, count_call, &out));
  CHECK(same_bits(out.ref, untouched()));
}

CASE(making_refuses_bad_types_and_null_pointers) {
  gcroots_engine_t *mine = engine;
  gcroots_type_t *foreign;
  use_types();
  use_the_type();
  OK(gcroots_engine_new(NULL, &engine));
  foreign = new_func(NULL, 0, NULL, 0);
  gcroots_engine_free(engine);
  engine = mine;
  making_refused(GCROOTS_ERROR_NULL_ARGUMENT, NULL, add_type, add);
  making_refused(GCROOTS_ERROR_NULL_ARGUMENT, store, NULL, add);
  making_refused(GCROOTS_ERROR_NULL_ARGUMENT, store, add_type, NULL);
  making_refused(GCROOTS_ERROR_TYPE_MISMATCH, store, pair, add);
  making_refused(GCROOTS_ERROR_WRONG_ENGINE, store, foreign, add);
  REFUSED_AS(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_func_new(store, add_type, add, NULL, NULL, NULL),
             wasm_funcref_new(store, add_type, add, NULL, NULL, NULL));
  gcroots_type_free(foreign);
  free_store();
  CHECK(finalized == 0);
}

CASE(without_memory_for_its_root_no_function_is_made) {
  wasm_funcref_t first, out;
  uint64_t objects;
  use_the_type();
  CHECK(wasm_funcref_new(store, add_type, add, NULL, NULL, &first));
  memory_out(true);
  while (wasm_funcref_clone(store, &first, &out)) {
  }
  objects = stats_of(store).objects;
  out = untouched_wasm();
  REFUSED_AS(GCROOTS_ERROR_OUT_OF_MEMORY, gcroots_manually_rooted_clone(store, first, &out),
             wasm_funcref_new(store, add_type, add, &finalized, count_call, &out));
  CHECK(same_bits(out.ref, untouched()) && stats_of(store).objects == objects);
  memory_out(false);
  free_store();
  CHECK(finalized == 0);
}

CASE(a_full_heap_refuses_and_the_finalizer_never_runs) {
  enum { MOST = (64 << 10) / 16 + 1 };
  static wasm_funcref_t made[MOST];
  wasm_funcref_t out = untouched_wasm();
  int count = 0;
  use_stores_with(variant_config(64 << 10));
  use_the_type();
  while (count < MOST && wasm_funcref_new(store, add_type, add, NULL, NULL, &made[count])) ++count;
  CHECK(count > 0 && count < MOST);
  CHECK(!wasm_funcref_new(store, add_type, add, &finalized, count_call, &out));
  CHECK(strstr(gcroots_last_error(), "limit") != NULL && same_bits(out.ref, untouched()));
  CHECK(stats_of(store).manual_roots == (uint64_t)count);
  free_store();
  CHECK(finalized == 0);
}
