/* How long the program is stopped while it allocates and full collections run between its steps.
 *
 *   stops COLLECTOR MIB STOPS     prints how long the calls took that stopped the program, in a
 *                                 graph of MIB mebibytes whose objects are replaced and whose
 *                                 references change, until STOPS stops were seen: percentiles in
 *                                 CPU time of the thread and in wall time, a histogram, and what
 *                                 the library has counted, by kind
 *
 * A stop is a call that takes more than 5 us. COLLECTOR is the collector's number.
 */
#define _POSIX_C_SOURCE 199309L
#include <time.h>

#include "fixture.h"
#include "workloads/random.h"

#include <string.h>

/* The library makes arrays of 4 KiB, each with references to pairs of 24 bytes. */
enum { ELEMENTS = 1022, PAIRS_OF_ARRAY = 256, BYTES_OF_ARRAY = 4096 + 24 * PAIRS_OF_ARRAY };

static gcroots_type_t *types[2];
#define pair types[0]
#define array types[1]

struct stops {
  double *cpu, *wall;
  size_t count, most;
};

static double now(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return 1e6 * (double)time.tv_sec + (double)time.tv_nsec / 1e3;
}

static void open_store(const char *collector) {
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

static gcroots_stats_t statistics(void) {
  gcroots_stats_t stats;
  MUST(gcroots_store_stats(store, &stats));
  return stats;
}

/* Makes an array whose pairs are its own, and stores it in `all`. */
static void make_array(gcroots_ref_t all, size_t index) {
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

/* Replaces a random pair, and notes how long that took if it was stopped. */
static void change(gcroots_ref_t all, size_t arrays, struct stops *stops) {
  gcroots_scope_t scope;
  gcroots_ref_t ref, value;
  MUST(gcroots_scope_enter(store, &scope));
  double cpu = now(CLOCK_THREAD_CPUTIME_ID), wall = now(CLOCK_MONOTONIC);
  MUST(gcroots_array_get_ref(store, all, random_below(arrays), &ref));
  MUST(gcroots_struct_new_default(store, pair, &value));
  MUST(gcroots_array_set_ref(store, ref, 4 * random_below(PAIRS_OF_ARRAY), value));
  MUST(gcroots_scope_exit(store, scope));
  double took = now(CLOCK_MONOTONIC) - wall;
  if (took > 5 && stops->count < stops->most) {
    stops->cpu[stops->count] = now(CLOCK_THREAD_CPUTIME_ID) - cpu;
    stops->wall[stops->count++] = took;
  }
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void print_percentiles(const char *name, double *values, size_t count) {
  static const double shares[] = {0.5, 0.9, 0.99, 0.999, 0.9999};
  qsort(values, count, sizeof *values, compare);
  printf("%-10s", name);
  for (size_t i = 0; i < sizeof shares / sizeof *shares; i++)
    printf("  p%g %6.0f us", 100 * shares[i], values[(size_t)(shares[i] * (double)count)]);
  printf("  max %6.0f us\n", values[count - 1]);
}

static void print_histogram(const double *values, size_t count) {
  size_t at = 0;
  for (double bound = 31.25; at < count; bound *= 2) {
    size_t in = 0;
    while (at < count && values[at] < bound) at++, in++;
    if (in > 0) printf("  below %8.0f us: %8zu\n", bound, in);
  }
}

/* What the library has counted itself, in wall time. */
static void print_kinds(void) {
  static const char *const names[] = {"minor", "step", "mark end", "evacuation", "full"};
  for (gcroots_pause_kind_t kind = 0; kind < sizeof names / sizeof *names; kind++) {
    gcroots_pauses_t pauses;
    MUST(gcroots_store_pauses(store, kind, &pauses));
    if (pauses.count > 0)
      printf("  %-10s %8llu: p50 %5.0f  p99 %5.0f  p99.9 %5.0f  max %5.0f us\n", names[kind],
             (unsigned long long)pauses.count, (double)pauses.p50 / 1e3, (double)pauses.p99 / 1e3,
             (double)pauses.p99_9 / 1e3, (double)pauses.max_nanoseconds / 1e3);
  }
}

int main(int argc, char **argv) {
  struct stops stops = {0};
  gcroots_stats_t before, after;
  gcroots_ref_t all;
  size_t arrays;
  double began;
  uint64_t changes = 0;
  if (argc != 4) {
    fprintf(stderr, "usage: stops COLLECTOR MIB STOPS\n");
    return 2;
  }
  arrays = ((size_t)strtoul(argv[2], NULL, 10) << 20) / BYTES_OF_ARRAY;
  stops.most = strtoul(argv[3], NULL, 10);
  stops.cpu = calloc(stops.most + 1, sizeof *stops.cpu);
  stops.wall = calloc(stops.most + 1, sizeof *stops.wall);
  if (stops.cpu == NULL || stops.wall == NULL) return 1;
  open_store(argv[1]);
  MUST(gcroots_array_new_default(store, array, arrays, &all));
  for (size_t i = 0; i < arrays; i++) make_array(all, i);
  MUST(gcroots_store_gc(store));
  before = statistics();
  began = now(CLOCK_THREAD_CPUTIME_ID);
  for (; stops.count < stops.most; changes++) change(all, arrays, &stops);
  after = statistics();
  printf("%.0f MiB alive, %llu minor and %llu full collections, %.0f ns a change\n",
         (double)after.live_bytes / (1 << 20),
         (unsigned long long)(after.minor_collections - before.minor_collections),
         (unsigned long long)(after.collections - after.minor_collections -
                              (before.collections - before.minor_collections)),
         1e3 * (now(CLOCK_THREAD_CPUTIME_ID) - began) / (double)changes);
  print_percentiles("CPU time", stops.cpu, stops.count);
  print_percentiles("wall time", stops.wall, stops.count);
  print_histogram(stops.cpu, stops.count);
  print_kinds();
  free_types(types, 2);
  free_store_and_engine();
  free(stops.cpu);
  free(stops.wall);
  return 0;
}
