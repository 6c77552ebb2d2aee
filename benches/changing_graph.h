/* A graph whose objects are replaced and whose references change, and the times of many calls.
 * stops.c and timed_steps.c measure with it. Include this file first. */
#ifndef CHANGING_GRAPH_H
#define CHANGING_GRAPH_H

/* For clock_gettime. */
#define _POSIX_C_SOURCE 199309L
#include <time.h>

#include "fixture.h"
#include "workloads/random.h"

/* The library makes arrays of 4 KiB, each with references to pairs of 24 bytes. */
enum { ELEMENTS = 1022, PAIRS_OF_ARRAY = 256, BYTES_OF_ARRAY = 4096 + 24 * PAIRS_OF_ARRAY };

static gcroots_type_t *types[2];
#define pair types[0]
#define array types[1]

/* The array of all arrays, and its length. */
static gcroots_ref_t all;
static size_t arrays;

/* A clock, in microseconds. */
static inline double now(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return 1e6 * (double)time.tv_sec + (double)time.tv_nsec / 1e3;
}

static inline gcroots_stats_t statistics(void) {
  gcroots_stats_t stats;
  MUST(gcroots_store_stats(store, &stats));
  return stats;
}

static inline void open_store(const char *collector) {
  const gcroots_field_type_t any = {GCROOTS_STORAGE_REF, GCROOTS_HEAP_ANY, 0, 1, 1, NULL};
  const gcroots_field_type_t fields[2] = {any, any};
  gcroots_config_t *config = gcroots_config_new();
  gcroots_rec_group_t *group = gcroots_rec_group_new();
  uint32_t position;
  if (config == NULL || group == NULL) exit(1);
  MUST(gcroots_config_set_collector(config, (uint32_t)strtoul(collector, NULL, 10)));
  MUST(gcroots_config_set_heap_limit(config, (size_t)15 << 30));
  MUST(gcroots_engine_new(config, &engine));
  gcroots_config_free(config);
  make_store();
  MUST(gcroots_rec_group_add_struct(group, NULL, fields, 2, &position));
  MUST(gcroots_rec_group_add_array(group, NULL, &any, &position));
  register_group(group, types, 2);
}

/* Makes an array whose pairs are its own, and stores it in `all`. */
static inline void make_array(size_t index) {
  gcroots_scope_t scope;
  gcroots_ref_t ref, value;
  MUST(gcroots_scope_enter(store, &scope));
  MUST(gcroots_array_new_default(store, array, ELEMENTS, &ref));
  MUST(gcroots_array_set_ref(store, all, index, ref));
  for (size_t k = 0; k < PAIRS_OF_ARRAY; k++) {
    MUST(gcroots_struct_new_default(store, pair, &value));
    MUST(gcroots_array_set_ref(store, ref, 4 * k, value));
  }
  MUST(gcroots_scope_exit(store, scope));
}

/* Makes the store, and in it a graph of this size, and collects. */
static inline void make_graph(const char *collector, const char *mebibytes) {
  arrays = ((size_t)strtoul(mebibytes, NULL, 10) << 20) / BYTES_OF_ARRAY;
  open_store(collector);
  MUST(gcroots_array_new_default(store, array, arrays, &all));
  for (size_t i = 0; i < arrays; i++) make_array(i);
  MUST(gcroots_store_gc(store));
}

/* Replaces a random pair. The caller opens a scope. */
static inline void replace_pair(void) {
  gcroots_ref_t ref, value;
  MUST(gcroots_array_get_ref(store, all, random_below((uint32_t)arrays), &ref));
  MUST(gcroots_struct_new_default(store, pair, &value));
  MUST(gcroots_array_set_ref(store, ref, 4 * random_below(PAIRS_OF_ARRAY), value));
}

static inline void free_graph(void) {
  free_types(types, 2);
  free_store_and_engine();
}

static inline int compare_doubles(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static inline void sort_times(double *times, size_t count) {
  qsort(times, count, sizeof *times, compare_doubles);
}

/* The time that this share of the times does not exceed. They are sorted, and at least one. */
static inline double percentile(const double *times, size_t count, double share) {
  return times[(size_t)(share * (double)(count - 1))];
}

#endif
