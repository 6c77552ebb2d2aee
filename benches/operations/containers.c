/* Tables, globals and functions. */
#include "operations.h"

void table_get(uint64_t count) {
  const gcroots_table_t from = table;
  IN_SCOPES(gcroots_ref_t ref; MUST(gcroots_table_get(s, from, 5, &ref)); KEEP(&ref))
}

void table_get_ref_into(uint64_t count) {
  gcroots_store_t *const s = store;
  const gcroots_table_t from = table;
  const gcroots_ref_t to = local;
  while (count-- > 0) MUST(gcroots_table_get_ref_into(s, from, 5, to));
}

void table_set(uint64_t count) {
  gcroots_store_t *const s = store;
  const gcroots_table_t to = table;
  const gcroots_ref_t ref = pair;
  while (count-- > 0) MUST(gcroots_table_set(s, to, 5, ref));
}

void global_get(uint64_t count) {
  const gcroots_global_t from = global;
  IN_SCOPES(gcroots_val_t val; MUST(gcroots_global_get(s, from, &val)); KEEP(&val))
}

void global_get_ref_into(uint64_t count) {
  gcroots_store_t *const s = store;
  const gcroots_global_t from = global;
  const gcroots_ref_t to = local;
  while (count-- > 0) MUST(gcroots_global_get_ref_into(s, from, to));
}

void global_set(uint64_t count) {
  gcroots_store_t *const s = store;
  const gcroots_global_t to = global;
  gcroots_val_t val;
  val.kind = GCROOTS_STORAGE_REF;
  val.of.ref = pair;
  while (count-- > 0) MUST(gcroots_global_set(s, to, &val));
}

gcroots_status_t answer_first(void *env, gcroots_store_t *s, const gcroots_val_t *args,
                              size_t nargs, gcroots_val_t *results, size_t nresults) {
  (void)env, (void)s, (void)nargs, (void)nresults;
  results[0] = args[0];
  return GCROOTS_OK;
}

void func_call(uint64_t count) {
  const gcroots_ref_t func = first;
  gcroots_val_t args[2];
  args[0].kind = args[1].kind = GCROOTS_STORAGE_REF;
  args[0].of.ref = args[1].of.ref = pair;
  IN_SCOPES(gcroots_val_t result; MUST(gcroots_func_call(s, func, args, 2, &result, 1));
            KEEP(&result))
}
