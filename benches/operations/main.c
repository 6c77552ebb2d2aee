/* Measures the operations. The loop around an operation is part of its figure.
 *
 *   operations --time [COLLECTOR]      prints the time of each operation; COLLECTOR is the
 *                                      collector's number
 *   operations NAME COUNT [COLLECTOR]  runs operation NAME COUNT times to warm up, and COUNT
 *                                      times inside measured(), which a profiler looks for
 *   operations                         prints the names
 */
#include "operations.h"

gcroots_engine_t *engine;
gcroots_store_t *store;
gcroots_type_t *types[TYPES];
gcroots_ref_t object, pair, numbers, pairs, bytes, first, local;
gcroots_manually_rooted_t manual;
gcroots_table_t table;
gcroots_global_t global;
uint32_t raw_references;

static const struct operation operations[] = {
#define ENTRY(name) {#name, name},
    OPERATIONS(ENTRY)
#undef ENTRY
};

static void make_store(const char *collector_or_null) {
  gcroots_config_t *config = gcroots_config_new();
  if (config == NULL) exit(1);
  if (collector_or_null != NULL)
    MUST(gcroots_config_set_collector(config, (uint32_t)strtoul(collector_or_null, NULL, 10)));
  MUST(gcroots_engine_new(config, &engine));
  gcroots_config_free(config);
  MUST(gcroots_store_new(engine, &store));
}

static void register_types(void) {
  const gcroots_field_type_t fields[2] = {{GCROOTS_STORAGE_I32, 0, 0, 1, 0, NULL},
                                          {GCROOTS_STORAGE_REF, GCROOTS_HEAP_ANY, 0, 1, 1, NULL}};
  const gcroots_field_type_t params[2] = {fields[1], fields[1]};
  const gcroots_field_type_t two[2] = {fields[1], fields[1]};
  const gcroots_field_type_t byte = {GCROOTS_STORAGE_I8, 0, 0, 1, 0, NULL};
  const gcroots_sub_type_t open = {0, 0, 0, NULL}, below_base = {1, 1, BASE, NULL};
  gcroots_rec_group_t *group = gcroots_rec_group_new();
  const gcroots_rec_group_t *groups[1];
  uint32_t position;
  MUST(gcroots_rec_group_add_struct(group, &open, fields, 1, &position));
  MUST(gcroots_rec_group_add_struct(group, &below_base, fields, 2, &position));
  MUST(gcroots_rec_group_add_array(group, NULL, fields, &position));
  MUST(gcroots_rec_group_add_array(group, NULL, fields + 1, &position));
  MUST(gcroots_rec_group_add_array(group, NULL, &byte, &position));
  MUST(gcroots_rec_group_add_func(group, NULL, params, 2, params, 1, &position));
  MUST(gcroots_rec_group_add_struct(group, NULL, two, 2, &position));
  groups[0] = group;
  MUST(gcroots_rec_group_register(engine, groups, 1, types, TYPES));
  gcroots_rec_group_free(group);
}

/* Makes the objects that the operations use. The pair refers to itself. */
static void make_objects(void) {
  const gcroots_ref_type_t any = {NULL, GCROOTS_HEAP_ANY, 1};
  const gcroots_field_type_t any_field = {GCROOTS_STORAGE_REF, GCROOTS_HEAP_ANY, 0, 1, 1, NULL};
  static gcroots_root_range_t range;
  gcroots_root_source_t source;
  gcroots_val_t val;
  range.slots = &raw_references;
  range.count = 1;
  MUST(gcroots_externref_new(store, &store, NULL, &object));
  MUST(gcroots_ref_to_manually_rooted(store, object, &manual));
  MUST(gcroots_struct_new_default(store, types[PAIR], &pair));
  MUST(gcroots_struct_set_ref(store, pair, 1, pair));
  MUST(gcroots_array_new_default(store, types[NUMBERS], 10, &numbers));
  MUST(gcroots_array_new_default(store, types[PAIRS], 10, &pairs));
  MUST(gcroots_array_set_ref(store, pairs, 5, pair));
  MUST(gcroots_array_new_default(store, types[BYTES], BYTES_LENGTH, &bytes));
  MUST(gcroots_local_new(store, pair, &local));
  MUST(gcroots_table_new(store, any, 10, 10, pair, &table));
  val.kind = GCROOTS_STORAGE_REF;
  val.of.ref = pair;
  MUST(gcroots_global_new(store, &any_field, &val, &global));
  MUST(gcroots_func_new(store, types[FIRST], answer_first, NULL, NULL, &first));
  MUST(gcroots_root_range_add(store, &range, NULL, &source));
  MUST(gcroots_raw_struct_new_default(store, types[REFERENCES], &raw_references));
}

int main(int argc, char **argv) {
  const int timed = argc > 1 && strcmp(argv[1], "--time") == 0;
  const int collector = timed ? 2 : 3;
  int status;
  make_store(argc > collector ? argv[collector] : NULL);
  register_types();
  make_objects();
  status = run_operations(argc, argv, operations, sizeof operations / sizeof *operations);
  for (size_t i = 0; i < TYPES; i++) gcroots_type_free(types[i]);
  MUST(gcroots_store_free(store));
  gcroots_engine_free(engine);
  return status;
}
