/* Measures work at a size.
 *
 *   curves --time NAME SIZE [COLLECTOR]    prints a line with tabs between the fields:
 *                                          curve NAME SIZE NANOSECONDS, the CPU time of a unit
 *   curves --count NAME SIZE [COLLECTOR]   does the work once inside measured(), which a profiler
 *                                          looks for
 *   curves                                 prints the names, and after a tab the kinds
 */
#include "curves.h"

static const struct curve *const groups[] = {collections,  weak_collections, objects_made, roots,
                                             weak_handles, containers,       types,        stores};

static const char *const kinds[] = {"linear", "flat", "square"};

uint32_t collector = GCROOTS_COLLECTOR_AUTO;
gcroots_engine_t *engine;
gcroots_store_t *store;
gcroots_type_t *node_type, *array_type;
gcroots_manually_rooted_t *objects;
const gcroots_ref_type_t any_ref = {NULL, GCROOTS_HEAP_ANY, 1};

static void *allocated[16];
static size_t allocated_count;

void *memory(uint64_t count, size_t bytes) {
  void *made = calloc(count, bytes);
  if (made == NULL || allocated_count == sizeof allocated / sizeof *allocated) abort();
  return allocated[allocated_count++] = made;
}

/* The types that are released after the run. */
static gcroots_type_t **left_types[2];
static uint64_t left_counts[2];

gcroots_type_t **memory_of_types(uint64_t count) {
  const int at = left_types[0] == NULL ? 0 : 1;
  left_counts[at] = count;
  return left_types[at] = memory(count, sizeof **left_types);
}

gcroots_field_type_t any_field(void) {
  const gcroots_field_type_t field = {GCROOTS_STORAGE_REF, GCROOTS_HEAP_ANY, 0, 1, 1, NULL};
  return field;
}

void register_group(gcroots_rec_group_t *group, gcroots_type_t **made, size_t count) {
  const gcroots_rec_group_t *registered[1];
  registered[0] = group;
  MUST(gcroots_rec_group_register(engine, registered, 1, made, count));
  gcroots_rec_group_free(group);
}

gcroots_ref_t new_node(gcroots_ref_t left, gcroots_ref_t right) {
  gcroots_val_t fields[2];
  gcroots_ref_t made;
  fields[0].kind = fields[1].kind = GCROOTS_STORAGE_REF;
  fields[0].of.ref = left;
  fields[1].of.ref = right;
  MUST(gcroots_struct_new(store, node_type, fields, 2, &made));
  return made;
}

void root_objects(uint64_t size) {
  const gcroots_ref_t null = gcroots_ref_null();
  objects = memory(size, sizeof *objects);
  EACH(i, size)
    IN_SCOPE(MUST(gcroots_ref_to_manually_rooted(store, new_node(null, null), &objects[i])));
}

/* The heap of most curves begins with this size, so that they cause no collection. */
static const size_t initial = (size_t)256 << 20;

static void begin(bool grows) {
  const gcroots_field_type_t fields[2] = {any_field(), any_field()};
  gcroots_config_t *config = gcroots_config_new();
  gcroots_rec_group_t *group = gcroots_rec_group_new();
  gcroots_type_t *made[2];
  uint32_t position;
  if (config == NULL) exit(1);
  MUST(gcroots_config_set_collector(config, collector));
  if (!grows) MUST(gcroots_config_set_heap_initial(config, initial));
  MUST(gcroots_engine_new(config, &engine));
  gcroots_config_free(config);
  MUST(gcroots_store_new(engine, &store));
  MUST(gcroots_rec_group_add_struct(group, NULL, fields, 2, &position));
  MUST(gcroots_rec_group_add_array(group, NULL, fields, &position));
  register_group(group, made, 2);
  node_type = made[0];
  array_type = made[1];
}

static void end(void) {
  for (int at = 0; at < 2; at++) {
    for (uint64_t i = 0; i < left_counts[at]; i++) gcroots_type_free(left_types[at][i]);
    left_types[at] = NULL;
    left_counts[at] = 0;
  }
  gcroots_type_free(node_type);
  gcroots_type_free(array_type);
  MUST(gcroots_store_free(store));
  gcroots_engine_free(engine);
  while (allocated_count > 0) free(allocated[--allocated_count]);
}

/* The CPU time of the whole work: the median of at least three runs, and of more while they take
   less than 50 milliseconds together. */
static double time_of_run(const struct curve *curve, uint64_t size) {
  enum { MOST = 101 };
  double times[MOST], total = 0;
  size_t runs = 0;
  while (runs < 3 || (total < 50e6 && runs < MOST)) {
    double before;
    begin(curve->heap_grows);
    curve->prepare(size);
    before = nanoseconds();
    curve->body(size);
    times[runs] = nanoseconds() - before;
    total += times[runs++];
    end();
  }
  return median(times, runs);
}

static void count_run(const struct curve *curve, uint64_t size) {
  begin(curve->heap_grows);
  curve->prepare(size);
  measured(curve->body, size);
  end();
}

static int run(const struct curve *curve, const char *mode, uint64_t size) {
  if (strcmp(mode, "--count") == 0)
    count_run(curve, size);
  else if (strcmp(mode, "--time") == 0)
    printf("curve\t%s\t%" PRIu64 "\t%.3f\n", curve->name, size,
           time_of_run(curve, size) / (curve->kind == FLAT ? 1.0 : (double)size));
  else
    return 2;
  return 0;
}

int main(int argc, char **argv) {
  if (argc > 4) collector = (uint32_t)strtoul(argv[4], NULL, 10);
  for (size_t group = 0; group < sizeof groups / sizeof *groups; group++)
    for (const struct curve *curve = groups[group]; curve->name != NULL; curve++)
      if (argc < 4)
        printf("%s\t%s\n", curve->name, kinds[curve->kind]);
      else if (strcmp(curve->name, argv[2]) == 0)
        return run(curve, argv[1], strtoull(argv[3], NULL, 10));
  return argc < 4 ? 0 : 2;
}
