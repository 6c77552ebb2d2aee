/* Minor collections of a heap with a nursery.
 *
 *   minors beside     prints how long a minor collection takes beside a million old roots,
 *                     externrefs with finalizers, entries of a weak map, or objects
 *   minors pauses     prints how long minor collections take in a graph of 256 MiB whose objects
 *                     are replaced and whose references change: percentiles in CPU time of the
 *                     thread and in wall time, and a histogram
 */
#define _POSIX_C_SOURCE 199309L
#include <time.h>

#include "fixture.h"
#include "workloads/random.h"

#include <string.h>

enum { MILLION = 1000000, ITERATIONS = 4 * MILLION, MOST_PAUSES = 1 << 16 };

static gcroots_type_t *types[2];
#define pair types[0]
#define array types[1]

static double now(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return 1e6 * (double)time.tv_sec + (double)time.tv_nsec / 1e3;
}

static void open_store(void) {
  const gcroots_field_type_t any = {GCROOTS_STORAGE_REF, GCROOTS_HEAP_ANY, 0, 1, 1, NULL};
  const gcroots_field_type_t fields[2] = {any, any};
  gcroots_rec_group_t *group = gcroots_rec_group_new();
  uint32_t position;
  make_engine("4");
  make_store();
  MUST(gcroots_rec_group_add_struct(group, NULL, fields, 2, &position));
  MUST(gcroots_rec_group_add_array(group, NULL, &any, &position));
  register_group(group, types, 2);
}

static void close_store(void) {
  free_types(types, 2);
  free_store_and_engine();
}

static gcroots_stats_t statistics(void) {
  gcroots_stats_t stats;
  MUST(gcroots_store_stats(store, &stats));
  return stats;
}

/* --- Beside old things -------------------------------------------------------------------- */

static void ignore(void *data) {
  (void)data;
}

static void keep(gcroots_ref_t ref) {
  gcroots_manually_rooted_t root;
  MUST(gcroots_ref_to_manually_rooted(store, ref, &root));
}

/* Makes old things of a kind. */
static void make_old(const char *kind, size_t count, gcroots_ref_t head) {
  gcroots_weakmap_t map;
  gcroots_ref_t ref, last;
  MUST(gcroots_weakmap_new(store, &map));
  for (size_t i = 0; i < count; i++) {
    gcroots_scope_t scope;
    if (strcmp(kind, "scoped roots") == 0) {
      MUST(gcroots_struct_new_default(store, pair, &ref));
      continue;
    }
    MUST(gcroots_scope_enter(store, &scope));
    if (strcmp(kind, "externrefs") == 0) {
      MUST(gcroots_externref_new(store, &scope, ignore, &ref));
    } else {
      MUST(gcroots_struct_new_default(store, pair, &ref));
    }
    if (strcmp(kind, "entries") == 0) MUST(gcroots_weakmap_set(store, map, ref, ref));
    if (strcmp(kind, "objects") == 0) {
      MUST(gcroots_struct_get_ref(store, head, 0, &last));
      MUST(gcroots_struct_set_ref(store, ref, 0, last));
      MUST(gcroots_struct_set_ref(store, head, 0, ref));
    } else {
      keep(ref);
    }
    MUST(gcroots_scope_exit(store, scope));
  }
  MUST(gcroots_store_gc(store));
}

/* Makes objects, of which one in 20 lives for a short time. */
static void churn(gcroots_ref_t head) {
  for (int i = 0; i < ITERATIONS; i++) {
    gcroots_scope_t scope;
    gcroots_ref_t ref, last;
    MUST(gcroots_scope_enter(store, &scope));
    MUST(gcroots_struct_new_default(store, pair, &ref));
    if (i % 20 == 0) {
      MUST(gcroots_struct_get_ref(store, head, 1, &last));
      if (i % 20000 != 0) MUST(gcroots_struct_set_ref(store, ref, 1, last));
      MUST(gcroots_struct_set_ref(store, head, 1, ref));
    }
    MUST(gcroots_scope_exit(store, scope));
  }
}

static void beside(const char *kind, size_t count) {
  gcroots_stats_t before, after;
  gcroots_ref_t head;
  open_store();
  MUST(gcroots_struct_new_default(store, pair, &head));
  make_old(kind, count, head);
  churn(head);
  before = statistics();
  churn(head);
  after = statistics();
  printf("%-14s %9zu  %4llu minor, %llu major, %6.1f us each\n", kind, count,
         (unsigned long long)(after.minor_collections - before.minor_collections),
         (unsigned long long)(after.collections - after.minor_collections - before.collections +
                              before.minor_collections),
         (double)(after.gc_nanoseconds - before.gc_nanoseconds) / 1e3 /
             (double)(after.collections - before.collections));
  close_store();
}

/* --- Pauses ------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void print_percentiles(const char *name, double *pauses, size_t count) {
  static const double shares[] = {0.5, 0.9, 0.99, 0.999};
  qsort(pauses, count, sizeof *pauses, compare);
  printf("%-10s", name);
  for (size_t i = 0; i < 4; i++)
    printf("  p%g %7.0f us", 100 * shares[i], pauses[(size_t)(shares[i] * (double)count)]);
  printf("  max %7.0f us\n", pauses[count - 1]);
}

static void print_histogram(const double *pauses, size_t count) {
  size_t at = 0;
  for (double bound = 31.25; at < count; bound *= 2) {
    size_t in = 0;
    while (at < count && pauses[at] < bound) at++, in++;
    if (in > 0) printf("  below %6.0f us: %6zu\n", bound, in);
  }
}

enum { ELEMENTS = 1022, ARRAYS = 32768, CHANGES = 12 * MILLION };

/* Arrays of 4 KiB with references to pairs: 128 MiB of arrays, and as much of pairs. */
static void pauses(void) {
  static double cpu[MOST_PAUSES], wall[MOST_PAUSES];
  gcroots_ref_t all, ref, value;
  size_t count = 0;
  uint64_t collections;
  open_store();
  MUST(gcroots_array_new_default(store, array, ARRAYS, &all));
  for (size_t i = 0; i < ARRAYS; i++) {
    gcroots_scope_t scope;
    MUST(gcroots_scope_enter(store, &scope));
    MUST(gcroots_array_new_default(store, array, ELEMENTS, &ref));
    MUST(gcroots_array_set_ref(store, all, i, ref));
    for (size_t k = 0; k < ELEMENTS; k += 4) {
      MUST(gcroots_struct_new_default(store, pair, &value));
      MUST(gcroots_array_set_ref(store, ref, k, value));
    }
    MUST(gcroots_scope_exit(store, scope));
  }
  MUST(gcroots_store_gc(store));
  collections = statistics().minor_collections;
  for (int i = 0; i < CHANGES && count < MOST_PAUSES; i++) {
    double cpu_before, wall_before, took;
    gcroots_scope_t scope;
    MUST(gcroots_scope_enter(store, &scope));
    MUST(gcroots_array_get_ref(store, all, random_below(ARRAYS), &ref));
    cpu_before = now(CLOCK_THREAD_CPUTIME_ID), wall_before = now(CLOCK_MONOTONIC);
    MUST(gcroots_struct_new_default(store, pair, &value));
    took = now(CLOCK_MONOTONIC) - wall_before;
    /* Most calls take less than a microsecond. */
    if (took > 5 && statistics().minor_collections > collections) {
      cpu[count] = now(CLOCK_THREAD_CPUTIME_ID) - cpu_before;
      wall[count++] = took;
    }
    collections = took > 5 ? statistics().minor_collections : collections;
    MUST(gcroots_array_set_ref(store, ref, random_below(ELEMENTS), value));
    MUST(gcroots_scope_exit(store, scope));
  }
  printf("%zu minor collections, %.0f MiB alive\n", count,
         (double)statistics().live_bytes / (1 << 20));
  print_percentiles("CPU time", cpu, count);
  print_percentiles("wall time", wall, count);
  print_histogram(cpu, count);
  close_store();
}

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "pauses") == 0) {
    pauses();
  } else if (argc == 2 && strcmp(argv[1], "beside") == 0) {
    beside("nothing", 0);
    beside("scoped roots", MILLION);
    beside("manual roots", MILLION);
    beside("externrefs", MILLION);
    beside("entries", MILLION);
    beside("objects", 10 * MILLION);
    beside("nothing", 0);
  } else {
    fprintf(stderr, "usage: minors beside | pauses\n");
    return 1;
  }
  return 0;
}
