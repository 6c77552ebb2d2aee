/* What a heap costs by what lives in it. Prints, for each collector that is asked for:
 *
 *   mark_tree        ns a live object of a full collection: a tree of 16,383 nodes
 *   mark_in_cache    the same with 16,000 objects of 32 bytes that refer to four others each, at
 *                    random
 *   mark_scattered   the same with 8 million of these objects, or OBJECTS
 *   bump             ns to make a struct in a heap whose second half has died
 *   holes            the same where every second run of eight objects has died
 *   sparse           the resident bytes over the live bytes, where one object lives of each 33
 *                    that are made
 *
 *   live_heap COLLECTOR [OBJECTS]    COLLECTOR: its number
 */
#include "cpu_time.h"

#include "fixture.h"
#include "workloads/random.h"

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

enum { REFERENCES = 4, ROUNDS = 5 };

static gcroots_type_t *node, *array;

static void register_types(void) {
  gcroots_field_type_t fields[REFERENCES + 1];
  const gcroots_field_type_t element = {GCROOTS_STORAGE_REF, GCROOTS_HEAP_ANY, 0, 1, 1, NULL};
  gcroots_rec_group_t *group = gcroots_rec_group_new();
  gcroots_type_t *types[2];
  uint32_t position;
  for (int i = 0; i < REFERENCES; i++) fields[i] = element;
  memset(&fields[REFERENCES], 0, sizeof fields[REFERENCES]);
  fields[REFERENCES].storage = GCROOTS_STORAGE_I64;
  fields[REFERENCES].is_mutable = 1;
  MUST(gcroots_rec_group_add_struct(group, NULL, fields, REFERENCES + 1, &position));
  MUST(gcroots_rec_group_add_array(group, NULL, &element, &position));
  register_group(group, types, 2);
  node = types[0];
  array = types[1];
}

/* The array that keeps the objects alive, in a root range. */
static uint32_t kept;
static gcroots_root_range_t range;

static uint32_t new_node(void) {
  uint32_t made;
  MUST(gcroots_raw_struct_new_default(store, node, &made));
  return made;
}

/* Keeps `count` new objects alive. Between two of them, `dead` others are made. */
static void keep(uint32_t count, uint32_t dead) {
  MUST(gcroots_raw_array_new(store, array, NULL, count, &kept));
  for (uint32_t i = 0; i < count; i++) {
    MUST(gcroots_raw_array_set_ref(store, kept, i, new_node()));
    for (uint32_t j = 0; j < dead; j++) new_node();
  }
}

static uint32_t element(uint32_t index) {
  gcroots_raw_val_t value;
  MUST(gcroots_raw_array_get(store, kept, index, &value));
  return value.ref;
}

/* Lets each object refer to four others at random. */
static void link_at_random(uint32_t count) {
  for (uint32_t i = 0; i < count; i++)
    for (uint32_t field = 0; field < REFERENCES; field++)
      MUST(gcroots_raw_struct_set_ref(store, element(i), field, element(random_below(count))));
}

/* The median time of a full collection. */
static double time_of_collection(void) {
  double times[ROUNDS];
  for (int i = 0; i < ROUNDS; i++) {
    double began = nanoseconds();
    MUST(gcroots_store_gc(store));
    times[i] = nanoseconds() - began;
  }
  return median(times, ROUNDS);
}

static gcroots_root_source_t source;

/* Makes a store with room for 2 GiB, whose collector has this number. */
static void begin(const char *collector) {
  gcroots_config_t *config = gcroots_config_new();
  MUST(gcroots_config_set_collector(config, (uint32_t)strtoul(collector, NULL, 10)));
  MUST(gcroots_config_set_heap_limit(config, (uint64_t)2 << 30));
  MUST(gcroots_engine_new(config, &engine));
  gcroots_config_free(config);
  make_store();
  register_types();
  kept = 0;
  range.slots = &kept;
  range.count = 1;
  range.unchanged = 0;
  MUST(gcroots_root_range_add(store, &range, NULL, &source));
}

static void end(void) {
  gcroots_type_free(node);
  gcroots_type_free(array);
  free_store_and_engine();
}

/* Objects with references to others. Prints what a full collection takes for each. */
static void mark(const char *collector, const char *name, uint32_t count) {
  begin(collector);
  keep(count, 0);
  link_at_random(count);
  MUST(gcroots_store_gc(store));
  printf("%s %.2f\n", name, time_of_collection() / count);
  end();
}

/* A tree of structs, of which the first two fields are used. */
static void mark_tree(const char *collector) {
  const uint32_t count = (1 << 14) - 1;
  begin(collector);
  keep(count, 0);
  for (uint32_t i = 0; i < count / 2; i++) {
    MUST(gcroots_raw_struct_set_ref(store, element(i), 0, element(2 * i + 1)));
    MUST(gcroots_raw_struct_set_ref(store, element(i), 1, element(2 * i + 2)));
  }
  kept = element(0);
  MUST(gcroots_store_gc(store));
  printf("mark_tree %.2f\n", time_of_collection() / count);
  end();
}

enum { MADE = 500000, ALIVE = 2000000, RUN = 8 };

/* The time of making an object after half of a heap has died: its second half, or every second
 * run of eight objects. */
static void make(const char *collector, const char *name, bool in_runs) {
  double began, time;
  begin(collector);
  keep(ALIVE, 0);
  for (uint32_t i = 0; i < ALIVE; i++)
    if (in_runs ? i / RUN % 2 == 0 : i >= ALIVE / 2)
      MUST(gcroots_raw_array_set_ref(store, kept, i, 0));
  MUST(gcroots_store_gc(store));
  began = nanoseconds();
  for (int i = 0; i < MADE; i++) new_node();
  time = (nanoseconds() - began) / MADE;
  printf("%s %.2f\n", name, time);
  end();
}

/* The bytes of the process that are in memory. */
static double resident(void) {
  long pages = 0, all;
  FILE *file = fopen("/proc/self/statm", "r");
  if (file == NULL || fscanf(file, "%ld %ld", &all, &pages) != 2) exit(1);
  fclose(file);
  return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

/* Keeps one object of each 33 alive, and compares the memory with what is alive. */
static void sparse(const char *collector) {
  const uint32_t count = 1000000, dead = 32;
  gcroots_stats_t stats;
  double before = resident(), most = 0;
  begin(collector);
  MUST(gcroots_raw_array_new(store, array, NULL, count, &kept));
  for (uint32_t i = 0; i < count; i++) {
    MUST(gcroots_raw_array_set_ref(store, kept, i, new_node()));
    for (uint32_t j = 0; j < dead; j++) new_node();
    if (i % 10000 == 0 && resident() > most) most = resident();
  }
  MUST(gcroots_store_gc(store));
  MUST(gcroots_store_stats(store, &stats));
  printf("sparse %.2f\n", (most - before) / (double)stats.live_bytes);
  end();
}

int main(int argc, char **argv) {
  uint32_t objects = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 8000000;
  if (argc < 2) return 2;
  mark_tree(argv[1]);
  mark(argv[1], "mark_in_cache", 16000);
  mark(argv[1], "mark_scattered", objects);
  make(argv[1], "bump", false);
  make(argv[1], "holes", true);
  sparse(argv[1]);
  return 0;
}
