/* Calls every exported function on its common path, for a profiler that counts instructions.
 *
 *   functions --count COUNT COLLECTOR RANGE  runs each row COUNT times to warm up, and COUNT times
 *                                            inside measured(); COLLECTOR is the collector's
 *                                            number, RANGE the length of ranges
 *   functions                                prints a line for each row, in the same order, with
 *                                            tabs between function, number of handles, and what
 *                                            a bulk operation grows with, or "-"
 */
#include "functions.h"

static const struct row *const nouns[] = {
    errors,       configs,        engines,     stores,      references, scopes,
    manual_roots, weak_handles,   pins,        externrefs,  types,      groups,
    structs,      arrays,         casts,       exceptions,  functions,  tables,
    globals,      raw_references, raw_objects, root_sources};

gcroots_engine_t *engine;
gcroots_store_t *store;
struct types type;
struct objects object;
uint32_t range = 16;
bool has_pins;
const gcroots_ref_type_t any_ref = {NULL, GCROOTS_HEAP_ANY, 1};

void ignore(void *data) {
  KEEP(data);
}

gcroots_field_type_t field_of(gcroots_storage_t storage) {
  const gcroots_field_type_t field = {storage, GCROOTS_HEAP_ANY, 0, 1, 1, NULL};
  return field;
}

gcroots_val_t val_of_ref(gcroots_ref_t ref) {
  gcroots_val_t val;
  val.kind = GCROOTS_STORAGE_REF;
  val.of.ref = ref;
  return val;
}

gcroots_val_t val_of_number(int32_t number) {
  gcroots_val_t val;
  val.kind = GCROOTS_STORAGE_I32;
  val.of.i32 = number;
  return val;
}

static void make_store(uint32_t collector) {
  gcroots_config_t *config = gcroots_config_new();
  if (config == NULL) exit(1);
  has_pins = collector != GCROOTS_COLLECTOR_COPYING && collector != GCROOTS_COLLECTOR_CHECK;
  MUST(gcroots_config_set_collector(config, collector));
  MUST(gcroots_engine_new(config, &engine));
  gcroots_config_free(config);
  MUST(gcroots_store_new(engine, &store));
}

static void register_types(void) {
  enum { TYPES = 5 + STORAGES };
  const gcroots_sub_type_t open = {0, 0, 0, NULL}, below_upper = {1, 1, 1, NULL};
  gcroots_field_type_t fields[STORAGES], two[2], refs[2];
  gcroots_rec_group_t *group = gcroots_rec_group_new();
  const gcroots_rec_group_t *registered[1];
  gcroots_type_t *made[TYPES];
  uint32_t position;
  for (uint32_t i = 0; i < STORAGES; i++) fields[i] = field_of(i);
  two[0] = field_of(GCROOTS_STORAGE_I32);
  two[1] = refs[0] = refs[1] = field_of(GCROOTS_STORAGE_REF);
  MUST(gcroots_rec_group_add_struct(group, NULL, fields, STORAGES, &position));
  MUST(gcroots_rec_group_add_struct(group, &open, two, 1, &position));
  MUST(gcroots_rec_group_add_struct(group, &below_upper, two, 2, &position));
  MUST(gcroots_rec_group_add_func(group, NULL, refs, 2, refs, 1, &position));
  MUST(gcroots_rec_group_add_func(group, NULL, refs, 2, NULL, 0, &position));
  for (int i = 0; i < STORAGES; i++)
    MUST(gcroots_rec_group_add_array(group, NULL, &fields[i], &position));
  registered[0] = group;
  MUST(gcroots_rec_group_register(engine, registered, 1, made, TYPES));
  gcroots_rec_group_free(group);
  type.all = made[0], type.upper = made[1], type.pair = made[2];
  type.func = made[3], type.tag = made[4];
  for (int i = 0; i < STORAGES; i++) type.array[i] = made[5 + i];
}

static void make_objects(void) {
  gcroots_field_type_t any_field = field_of(GCROOTS_STORAGE_REF);
  gcroots_val_t val, pairs[2];
  MUST(gcroots_struct_new_default(store, type.all, &object.all));
  MUST(gcroots_struct_new_default(store, type.pair, &object.pair));
  val = pairs[0] = pairs[1] = val_of_ref(object.pair);
  MUST(gcroots_struct_set_ref(store, object.all, GCROOTS_STORAGE_REF, object.pair));
  for (int i = 0; i < STORAGES; i++)
    MUST(gcroots_array_new_default(store, type.array[i], 2 * LONGEST, &object.array[i]));
  for (int i = 0; i < 2 * LONGEST; i++)
    MUST(gcroots_array_set_ref(store, object.array[GCROOTS_STORAGE_REF], i, object.pair));
  MUST(gcroots_externref_new(store, &store, NULL, &object.host));
  MUST(gcroots_i31_new(store, 7, &object.i31));
  MUST(gcroots_func_new(store, type.func, answer_first, NULL, NULL, &object.func));
  MUST(gcroots_tag_new(store, type.tag, &object.tag));
  MUST(gcroots_exn_new(store, object.tag, pairs, 2, &object.exn));
  MUST(gcroots_local_new(store, object.pair, &object.local));
  MUST(gcroots_extern_convert_any(store, object.pair, &object.converted));
  MUST(gcroots_ref_to_manually_rooted(store, object.host, &object.manual));
  MUST(gcroots_weak_new(store, object.host, &object.weak));
  MUST(gcroots_weakmap_new(store, &object.map));
  MUST(gcroots_weakmap_set(store, object.map, object.pair, object.host));
  MUST(gcroots_table_new(store, any_ref, 2 * LONGEST, 1 << 20, object.pair, &object.table));
  MUST(gcroots_global_new(store, &any_field, &val, &object.global));
}

static void free_all(void) {
  const gcroots_type_t *const freed[] = {type.all, type.upper, type.pair, type.func, type.tag};
  for (size_t i = 0; i < sizeof freed / sizeof *freed; i++) gcroots_type_free(freed[i]);
  for (int i = 0; i < STORAGES; i++) gcroots_type_free(type.array[i]);
  MUST(gcroots_store_free(store));
  gcroots_engine_free(engine);
}

static void count_row(const struct row *row, uint64_t count, uint32_t collector) {
  make_store(collector);
  register_types();
  make_objects();
  /* The objects do not move any more. */
  MUST(gcroots_store_gc(store));
  row->body(count);
  measured(row->body, count);
  free_all();
}

int main(int argc, char **argv) {
  const int counts = argc == 5 && strcmp(argv[1], "--count") == 0;
  if (argc != 1 && !counts) return 2;
  if (counts) range = (uint32_t)strtoul(argv[4], NULL, 10);
  if (range > LONGEST) return 2;
  for (size_t noun = 0; noun < sizeof nouns / sizeof *nouns; noun++)
    for (const struct row *row = nouns[noun]; row->function != NULL; row++)
      if (counts)
        count_row(row, strtoull(argv[2], NULL, 10), (uint32_t)strtoul(argv[3], NULL, 10));
      else
        printf("%s\t%u\t%s\n", row->function, row->handles,
               row->grows_with != NULL ? row->grows_with : "-");
  return 0;
}
