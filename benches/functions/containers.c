/* Functions, tables and globals. */
#include "functions.h"

gcroots_status_t answer_first(void *env, gcroots_store_t *of, const gcroots_val_t *args,
                              size_t nargs, gcroots_val_t *results, size_t nresults) {
  (void)env, (void)of, (void)nargs, (void)nresults;
  results[0] = args[0];
  return GCROOTS_OK;
}

static void func_new(uint64_t count) {
  IN_SCOPES(gcroots_ref_t ref;
            MUST(gcroots_func_new(store, type.func, answer_first, NULL, NULL, &ref)))
}

/* Two references go in, one comes out. */
static void func_call(uint64_t count) {
  const gcroots_val_t val = val_of_ref(object.pair), args[2] = {val, val};
  IN_SCOPES(gcroots_val_t result; MUST(gcroots_func_call(store, object.func, args, 2, &result, 1)))
}

static void func_env(uint64_t count) {
  void *env;
  REPEAT(MUST(gcroots_func_env(store, object.func, answer_first, &env)); KEEP(env))
}

const struct row functions[] = {ROW(gcroots_func_new, 1, func_new),
                                ROW(gcroots_func_call, 4, func_call),
                                ROW(gcroots_func_env, 1, func_env), END};

static void table_new_free(uint64_t count) {
  REPEAT(gcroots_table_t made;
         MUST(gcroots_table_new(store, any_ref, range, range, object.pair, &made));
         MUST(gcroots_table_free(store, &made)))
}

static void table_get(uint64_t count) {
  IN_SCOPES(gcroots_ref_t ref; MUST(gcroots_table_get(store, object.table, 5, &ref)))
}

static void table_get_into(uint64_t count) {
  REPEAT(MUST(gcroots_table_get_ref_into(store, object.table, 5, object.local)))
}

static void table_set(uint64_t count) {
  REPEAT(MUST(gcroots_table_set(store, object.table, 5, object.pair)))
}

static void table_size(uint64_t count) {
  uint64_t read;
  REPEAT(MUST(gcroots_table_size(store, object.table, &read)); KEEP(read))
}

static void table_type(uint64_t count) {
  gcroots_table_type_t read;
  REPEAT(MUST(gcroots_table_type(store, object.table, &read)); KEEP(&read))
}

/* By one element. */
static void table_grow(uint64_t count) {
  uint64_t before;
  REPEAT(MUST(gcroots_table_grow(store, object.table, 1, object.pair, &before)); KEEP(before))
}

static void table_fill(uint64_t count) {
  REPEAT(MUST(gcroots_table_fill(store, object.table, 0, object.pair, range)))
}

static void table_copy(uint64_t count) {
  REPEAT(MUST(gcroots_table_copy(store, object.table, range, object.table, 0, range)))
}

const struct row tables[] = {BULK(gcroots_table_new, 2, "each element", table_new_free),
                             ROW(gcroots_table_free, 1, table_new_free),
                             ROW(gcroots_table_get, 2, table_get),
                             ROW(gcroots_table_get_ref_into, 2, table_get_into),
                             ROW(gcroots_table_set, 2, table_set),
                             ROW(gcroots_table_size, 1, table_size),
                             ROW(gcroots_table_type, 1, table_type),
                             BULK(gcroots_table_grow, 2, "the new elements", table_grow),
                             BULK(gcroots_table_fill, 2, "each element", table_fill),
                             BULK(gcroots_table_copy, 2, "each element", table_copy),
                             END};

static void global_new_free(uint64_t count) {
  const gcroots_field_type_t of = field_of(GCROOTS_STORAGE_REF);
  const gcroots_val_t val = val_of_ref(object.pair);
  REPEAT(gcroots_global_t made; MUST(gcroots_global_new(store, &of, &val, &made));
         MUST(gcroots_global_free(store, &made)))
}

static void global_get(uint64_t count) {
  IN_SCOPES(gcroots_val_t val; MUST(gcroots_global_get(store, object.global, &val)))
}

static void global_get_into(uint64_t count) {
  REPEAT(MUST(gcroots_global_get_ref_into(store, object.global, object.local)))
}

static void global_set(uint64_t count) {
  const gcroots_val_t val = val_of_ref(object.pair);
  REPEAT(MUST(gcroots_global_set(store, object.global, &val)))
}

static void global_type(uint64_t count) {
  gcroots_field_type_t read;
  REPEAT(MUST(gcroots_global_type(store, object.global, &read)); KEEP(&read))
}

const struct row globals[] = {ROW(gcroots_global_new, 2, global_new_free),
                              ROW(gcroots_global_free, 1, global_new_free),
                              ROW(gcroots_global_get, 2, global_get),
                              ROW(gcroots_global_get_ref_into, 2, global_get_into),
                              ROW(gcroots_global_set, 2, global_set),
                              ROW(gcroots_global_type, 1, global_type),
                              END};
