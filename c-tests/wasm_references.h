/* References of each kind, made with gcroots_wasm.h. */
#ifndef WASM_REFERENCES_H
#define WASM_REFERENCES_H

#include "wasm_refusals.h"

/* One reference of each kind. */
enum { NOTHING, HOST, STRUCT_, ARRAY, I31, EXN, FUNC, REFERENCES };

/* Runs the body for each member `at` of a table. A failure shows the member's name. */
#define EACH(at, table)                                                             \
  for (size_t i_##at = 0; i_##at < COUNT_OF(table); ++i_##at)                       \
    for (const void *once = (check_note = table[i_##at].name, &once); once != NULL; \
         once = check_note = NULL)

/* A struct of an i32 and a reference, and an array of i32s, both mutable. */
static gcroots_type_t *pair, *numbers;

static inline void use_types(void) {
  pair = STRUCT_TYPE(mutable_of(GCROOTS_STORAGE_I32), any_field());
  numbers = new_array(mutable_of(GCROOTS_STORAGE_I32));
}

__attribute__((destructor)) static inline void free_the_types(void) {
  gcroots_type_free(pair);
  gcroots_type_free(numbers);
}

/* Replaces the fixture's engine by one with this configuration (taken). */
static inline void use_stores_with(gcroots_config_t *config) {
  OK(gcroots_store_free(store));
  gcroots_engine_free(engine);
  OK(gcroots_engine_new(config, &engine));
  gcroots_config_free(config);
  OK(gcroots_store_new(engine, &store));
}

static inline wasm_anyref_t i31_of(uint32_t value) {
  wasm_anyref_t ref;
  CHECK(wasm_anyref_from_i31(store, value, &ref));
  return ref;
}

static inline wasm_structref_t pair_of(int32_t number, gcroots_ref_t second) {
  gcroots_val_t fields[2] = {val_i32(number), val_ref(second)};
  wasm_structref_t ref;
  CHECK(wasm_structref_new(store, pair, fields, 2, &ref));
  return ref;
}

static inline wasm_arrayref_t numbers_of(int32_t number, uint32_t length) {
  gcroots_val_t val = val_i32(number);
  wasm_arrayref_t ref;
  CHECK(wasm_arrayref_new(store, numbers, &val, length, &ref));
  return ref;
}

static inline wasm_anyref_t new_exception(void) {
  gcroots_type_t *type = new_func(NULL, 0, NULL, 0);
  gcroots_scope_t scope = enter();
  wasm_anyref_t ref;
  gcroots_ref_t scoped;
  gcroots_tag_t tag;
  OK(gcroots_tag_new(store, type, &tag));
  OK(gcroots_exn_new(store, tag, NULL, 0, &scoped));
  ref = root(scoped);
  OK(gcroots_scope_exit(store, scope));
  gcroots_type_free(type);
  return ref;
}

static inline gcroots_status_t return_nothing(void *env, gcroots_store_t *of,
                                              const gcroots_val_t *args, size_t nargs,
                                              gcroots_val_t *results, size_t nresults) {
  (void)env, (void)of, (void)args, (void)nargs, (void)results, (void)nresults;
  return GCROOTS_OK;
}

static inline wasm_funcref_t new_funcref(void) {
  gcroots_type_t *type = new_func(NULL, 0, NULL, 0);
  wasm_funcref_t ref;
  CHECK(wasm_funcref_new(store, type, return_nothing, NULL, NULL, &ref));
  gcroots_type_free(type);
  return ref;
}

/* Makes one of each kind, and leaves no scoped root. */
static inline void make_references(wasm_anyref_t *refs) {
  use_types();
  refs[NOTHING] = null_wasm();
  refs[HOST] = new_rooted(NULL, NULL);
  refs[STRUCT_] = pair_of(1, gcroots_ref_null());
  refs[ARRAY] = numbers_of(2, 3);
  refs[I31] = i31_of(4);
  refs[EXN] = new_exception();
  refs[FUNC] = new_funcref();
}

#endif
