/* The most frequent operations of embedders, one function each, for counting instructions.
 * The functions call the shared object. The loop is part of the count.
 *
 *   operations NAME COUNT [COLLECTOR]  runs operation NAME COUNT times to warm up, and COUNT
 *                                      times inside measured(), which a profiler looks for;
 *                                      COLLECTOR is the collector's number
 *   operations                         prints the names
 */
#include "fixture.h"

#include <string.h>

static gcroots_ref_t object;
static gcroots_manually_rooted_t manual;
/* The types: a struct of a number and a reference, its supertype, an array of numbers, an
   array of references, and a function from two references to one. */
enum { BASE, PAIR, NUMBERS, PAIRS, FIRST, TYPES };
static gcroots_type_t *types[TYPES];
/* A table of 10 references to the pair, and a global that refers to it. */
static gcroots_table_t table;
static gcroots_global_t global;
static gcroots_ref_t pair, numbers, pairs, first;
/* A local that refers to the pair. */
static gcroots_ref_t local;

#define KEEP(value) __asm__ volatile("" : : "r"(value) : "memory")

/* Runs BODY `count` times, 256 times in each scope. */
#define IN_SCOPES(BODY)                         \
  gcroots_store_t *const s = store;             \
  while (count > 0) {                           \
    uint64_t batch = count < 256 ? count : 256; \
    gcroots_scope_t scope;                      \
    count -= batch;                             \
    MUST(gcroots_scope_enter(s, &scope));       \
    while (batch-- > 0) {                       \
      BODY;                                     \
    }                                           \
    MUST(gcroots_scope_exit(s, scope));         \
  }

/* The loops below keep the store and handles in locals, as callers do. */

static void scope_enter_exit(uint64_t count) {
  gcroots_store_t *const s = store;
  while (count-- > 0) {
    gcroots_scope_t scope;
    MUST(gcroots_scope_enter(s, &scope));
    MUST(gcroots_scope_exit(s, scope));
  }
}

static void root_push(uint64_t count) {
  const gcroots_manually_rooted_t m = manual;
  IN_SCOPES(gcroots_ref_t ref; MUST(gcroots_manually_rooted_to_rooted(s, m, &ref)); KEEP(&ref))
}

static void read_scoped(uint64_t count) {
  gcroots_store_t *const s = store;
  const gcroots_ref_t ref = object;
  void *data = NULL;
  while (count-- > 0) {
    MUST(gcroots_externref_data(s, ref, &data));
    KEEP(data);
  }
}

static void read_manual(uint64_t count) {
  gcroots_store_t *const s = store;
  const gcroots_ref_t ref = manual.ref;
  void *data = NULL;
  while (count-- > 0) {
    MUST(gcroots_externref_data(s, ref, &data));
    KEEP(data);
  }
}

static void manual_root_unroot(uint64_t count) {
  gcroots_store_t *const s = store;
  const gcroots_ref_t ref = object;
  while (count-- > 0) {
    gcroots_manually_rooted_t handle;
    MUST(gcroots_ref_to_manually_rooted(s, ref, &handle));
    MUST(gcroots_manually_rooted_unroot(s, &handle));
  }
}

static void externref_new(uint64_t count) {
  IN_SCOPES(gcroots_ref_t ref; MUST(gcroots_externref_new(s, &store, NULL, &ref)); KEEP(&ref))
}

static void finalizer(void *data) {
  KEEP(data);
}

static void externref_new_finalized(uint64_t count) {
  IN_SCOPES(gcroots_ref_t ref; MUST(gcroots_externref_new(s, &store, finalizer, &ref)); KEEP(&ref))
}

/* Makes a store with one object and deletes it. */
static void store_new_object_free(uint64_t count) {
  while (count-- > 0) {
    gcroots_store_t *made;
    gcroots_ref_t ref;
    MUST(gcroots_store_new(engine, &made));
    MUST(gcroots_externref_new(made, &store, NULL, &ref));
    MUST(gcroots_store_free(made));
  }
}

static void struct_new(uint64_t count) {
  const gcroots_type_t *const type = types[PAIR];
  gcroots_val_t fields[2];
  fields[0].kind = GCROOTS_STORAGE_I32;
  fields[0].of.i32 = 1;
  fields[1].kind = GCROOTS_STORAGE_REF;
  fields[1].of.ref = pair;
  IN_SCOPES(gcroots_ref_t ref; MUST(gcroots_struct_new(s, type, fields, 2, &ref)); KEEP(&ref))
}

static void struct_get(uint64_t count) {
  gcroots_store_t *const s = store;
  const gcroots_ref_t ref = pair;
  int32_t value;
  while (count-- > 0) {
    MUST(gcroots_struct_get_i32(s, ref, 0, &value));
    KEEP(value);
  }
}

static void struct_set(uint64_t count) {
  gcroots_store_t *const s = store;
  const gcroots_ref_t ref = pair;
  while (count-- > 0) MUST(gcroots_struct_set_i32(s, ref, 0, 1));
}

static void struct_get_ref(uint64_t count) {
  const gcroots_ref_t from = pair;
  IN_SCOPES(gcroots_ref_t ref; MUST(gcroots_struct_get_ref(s, from, 1, &ref)); KEEP(&ref))
}

static void struct_set_ref(uint64_t count) {
  gcroots_store_t *const s = store;
  const gcroots_ref_t ref = pair;
  while (count-- > 0) MUST(gcroots_struct_set_ref(s, ref, 1, ref));
}

static void local_is_null(uint64_t count) {
  gcroots_store_t *const s = store;
  const gcroots_ref_t ref = local;
  bool is;
  while (count-- > 0) {
    MUST(gcroots_local_is_null(s, ref, &is));
    KEEP(is);
  }
}

static void struct_get_ref_into(uint64_t count) {
  gcroots_store_t *const s = store;
  const gcroots_ref_t from = pair, to = local;
  while (count-- > 0) MUST(gcroots_struct_get_ref_into(s, from, 1, to));
}

static void array_get_ref_into(uint64_t count) {
  gcroots_store_t *const s = store;
  const gcroots_ref_t from = pairs, to = local;
  while (count-- > 0) MUST(gcroots_array_get_ref_into(s, from, 5, to));
}

static void table_get_ref_into(uint64_t count) {
  gcroots_store_t *const s = store;
  const gcroots_table_t from = table;
  const gcroots_ref_t to = local;
  while (count-- > 0) MUST(gcroots_table_get_ref_into(s, from, 5, to));
}

static void global_get_ref_into(uint64_t count) {
  gcroots_store_t *const s = store;
  const gcroots_global_t from = global;
  const gcroots_ref_t to = local;
  while (count-- > 0) MUST(gcroots_global_get_ref_into(s, from, to));
}

static void array_get(uint64_t count) {
  gcroots_store_t *const s = store;
  const gcroots_ref_t ref = numbers;
  int32_t value;
  while (count-- > 0) {
    MUST(gcroots_array_get_i32(s, ref, 5, &value));
    KEEP(value);
  }
}

static void array_set(uint64_t count) {
  gcroots_store_t *const s = store;
  const gcroots_ref_t ref = numbers;
  while (count-- > 0) MUST(gcroots_array_set_i32(s, ref, 5, 1));
}

/* Tests against a supertype. */
static void ref_test(uint64_t count) {
  gcroots_store_t *const s = store;
  const gcroots_ref_t ref = pair;
  const gcroots_ref_type_t to = {types[BASE], GCROOTS_HEAP_TYPE, 0};
  bool is;
  while (count-- > 0) {
    MUST(gcroots_ref_test(s, ref, to, &is));
    KEEP(is);
  }
}

static void ref_cast(uint64_t count) {
  const gcroots_ref_type_t to = {types[BASE], GCROOTS_HEAP_TYPE, 0};
  const gcroots_ref_t from = pair;
  IN_SCOPES(gcroots_ref_t ref; MUST(gcroots_ref_cast(s, from, to, &ref)); KEEP(&ref))
}

static void table_get(uint64_t count) {
  const gcroots_table_t from = table;
  IN_SCOPES(gcroots_ref_t ref; MUST(gcroots_table_get(s, from, 5, &ref)); KEEP(&ref))
}

static void table_set(uint64_t count) {
  gcroots_store_t *const s = store;
  const gcroots_table_t to = table;
  const gcroots_ref_t ref = pair;
  while (count-- > 0) MUST(gcroots_table_set(s, to, 5, ref));
}

static void global_get(uint64_t count) {
  const gcroots_global_t from = global;
  IN_SCOPES(gcroots_val_t val; MUST(gcroots_global_get(s, from, &val)); KEEP(&val))
}

static void global_set(uint64_t count) {
  gcroots_store_t *const s = store;
  const gcroots_global_t to = global;
  gcroots_val_t val;
  val.kind = GCROOTS_STORAGE_REF;
  val.of.ref = pair;
  while (count-- > 0) MUST(gcroots_global_set(s, to, &val));
}

static gcroots_status_t answer_first(void *env, gcroots_store_t *s, const gcroots_val_t *args,
                                     size_t nargs, gcroots_val_t *results, size_t nresults) {
  (void)env, (void)s, (void)nargs, (void)nresults;
  results[0] = args[0];
  return GCROOTS_OK;
}

static void func_call(uint64_t count) {
  const gcroots_ref_t func = first;
  gcroots_val_t args[2];
  args[0].kind = args[1].kind = GCROOTS_STORAGE_REF;
  args[0].of.ref = args[1].of.ref = pair;
  IN_SCOPES(gcroots_val_t result; MUST(gcroots_func_call(s, func, args, 2, &result, 1));
            KEEP(&result))
}

static void register_types(void) {
  const gcroots_field_type_t fields[2] = {{GCROOTS_STORAGE_I32, 0, 0, 1, 0, NULL},
                                          {GCROOTS_STORAGE_REF, GCROOTS_HEAP_ANY, 0, 1, 1, NULL}};
  const gcroots_field_type_t params[2] = {fields[1], fields[1]};
  const gcroots_sub_type_t open = {0, 0, 0, NULL}, below_base = {1, 1, BASE, NULL};
  gcroots_rec_group_t *group = gcroots_rec_group_new();
  uint32_t position;
  MUST(gcroots_rec_group_add_struct(group, &open, fields, 1, &position));
  MUST(gcroots_rec_group_add_struct(group, &below_base, fields, 2, &position));
  MUST(gcroots_rec_group_add_array(group, NULL, fields, &position));
  MUST(gcroots_rec_group_add_array(group, NULL, fields + 1, &position));
  MUST(gcroots_rec_group_add_func(group, NULL, params, 2, params, 1, &position));
  register_group(group, types, TYPES);
}

/* Makes the objects that the operations use. The pair refers to itself. */
static void make_objects(void) {
  const gcroots_ref_type_t any = {NULL, GCROOTS_HEAP_ANY, 1};
  const gcroots_field_type_t any_field = {GCROOTS_STORAGE_REF, GCROOTS_HEAP_ANY, 0, 1, 1, NULL};
  gcroots_val_t val;
  MUST(gcroots_struct_new_default(store, types[PAIR], &pair));
  MUST(gcroots_struct_set_ref(store, pair, 1, pair));
  MUST(gcroots_array_new_default(store, types[NUMBERS], 10, &numbers));
  MUST(gcroots_array_new_default(store, types[PAIRS], 10, &pairs));
  MUST(gcroots_array_set_ref(store, pairs, 5, pair));
  MUST(gcroots_local_new(store, pair, &local));
  MUST(gcroots_table_new(store, any, 10, 10, pair, &table));
  val.kind = GCROOTS_STORAGE_REF;
  val.of.ref = pair;
  MUST(gcroots_global_new(store, &any_field, &val, &global));
  MUST(gcroots_func_new(store, types[FIRST], answer_first, NULL, NULL, &first));
}

static const struct {
  const char *name;
  void (*body)(uint64_t count);
} operations[] = {
    {"scope_enter_exit", scope_enter_exit},
    {"root_push", root_push},
    {"read_scoped", read_scoped},
    {"read_manual", read_manual},
    {"manual_root_unroot", manual_root_unroot},
    {"externref_new", externref_new},
    {"externref_new_finalized", externref_new_finalized},
    {"store_new_object_free", store_new_object_free},
    {"struct_new", struct_new},
    {"struct_get", struct_get},
    {"struct_set", struct_set},
    {"struct_get_ref", struct_get_ref},
    {"struct_set_ref", struct_set_ref},
    {"array_get", array_get},
    {"array_set", array_set},
    {"table_get", table_get},
    {"table_set", table_set},
    {"global_get", global_get},
    {"global_set", global_set},
    {"ref_test", ref_test},
    {"ref_cast", ref_cast},
    {"local_is_null", local_is_null},
    {"struct_get_ref_into", struct_get_ref_into},
    {"array_get_ref_into", array_get_ref_into},
    {"table_get_ref_into", table_get_ref_into},
    {"global_get_ref_into", global_get_ref_into},
    {"func_call", func_call},
};

__attribute__((noinline)) static void measured(void (*body)(uint64_t), uint64_t count) {
  body(count);
  KEEP(body);
}

int main(int argc, char **argv) {
  size_t i;
  if (argc < 3 || argc > 4) {
    for (i = 0; i < sizeof operations / sizeof *operations; i++) puts(operations[i].name);
    return argc == 1 ? 0 : 2;
  }
  make_engine(argc == 4 ? argv[3] : NULL);
  make_store();
  MUST(gcroots_externref_new(store, &store, NULL, &object));
  MUST(gcroots_ref_to_manually_rooted(store, object, &manual));
  register_types();
  make_objects();
  for (i = 0; i < sizeof operations / sizeof *operations; i++) {
    if (strcmp(operations[i].name, argv[1]) == 0) {
      uint64_t count = strtoull(argv[2], NULL, 10);
      operations[i].body(count);
      measured(operations[i].body, count);
      free_types(types, TYPES);
      free_store_and_engine();
      return 0;
    }
  }
  fprintf(stderr, "no operation %s\n", argv[1]);
  return 2;
}
