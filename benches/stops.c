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
#include "changing_graph.h"

struct stops {
  double *cpu, *wall;
  size_t count, most;
};

/* Replaces a random pair, and notes how long that took if it was stopped. */
static void change(struct stops *stops) {
  gcroots_scope_t scope;
  MUST(gcroots_scope_enter(store, &scope));
  double cpu = now(CLOCK_THREAD_CPUTIME_ID), wall = now(CLOCK_MONOTONIC);
  replace_pair();
  MUST(gcroots_scope_exit(store, scope));
  double took = now(CLOCK_MONOTONIC) - wall;
  if (took > 5 && stops->count < stops->most) {
    stops->cpu[stops->count] = now(CLOCK_THREAD_CPUTIME_ID) - cpu;
    stops->wall[stops->count++] = took;
  }
}

static void print_percentiles(const char *name, double *values, size_t count) {
  static const double shares[] = {0.5, 0.9, 0.99, 0.999, 0.9999};
  sort_times(values, count);
  printf("%-10s", name);
  for (size_t i = 0; i < sizeof shares / sizeof *shares; i++)
    printf("  p%g %6.0f us", 100 * shares[i], percentile(values, count, shares[i]));
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
  double began;
  uint64_t changes = 0;
  if (argc != 4) {
    fprintf(stderr, "usage: stops COLLECTOR MIB STOPS\n");
    return 2;
  }
  stops.most = strtoul(argv[3], NULL, 10);
  stops.cpu = calloc(stops.most + 1, sizeof *stops.cpu);
  stops.wall = calloc(stops.most + 1, sizeof *stops.wall);
  if (stops.cpu == NULL || stops.wall == NULL) return 1;
  make_graph(argv[1], argv[2]);
  before = statistics();
  began = now(CLOCK_THREAD_CPUTIME_ID);
  for (; stops.count < stops.most; changes++) change(&stops);
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
  free_graph();
  free(stops.cpu);
  free(stops.wall);
  return 0;
}
