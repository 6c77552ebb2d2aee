/* How well the steps of collections keep to the time that they are given.
 *
 *   timed_steps COLLECTOR MIB STEPS    collects a graph of MIB mebibytes again and again by
 *                                      gcroots_store_gc_step_for(), STEPS times with each
 *                                      budget. Between the steps, pairs of the graph are
 *                                      replaced. For each budget it prints the share of the
 *                                      steps that take at most a tenth more than it, in CPU time
 *                                      of the thread, and percentiles; those of steps that run a
 *                                      minor collection on a line of their own.
 *
 * COLLECTOR is the collector's number. Under a collector whose store is busy between the steps
 * nothing is replaced there, but before each collection.
 */
#include "changing_graph.h"

enum { REPLACED = 20, REPLACED_BEFORE = 20000 };

/* The times of steps of one kind, in microseconds of CPU time. */
struct times {
  const char *name;
  double *all;
  size_t count;
};

static void replace_pairs(int count) {
  gcroots_scope_t scope;
  for (; count > 0; count--) {
    MUST(gcroots_scope_enter(store, &scope));
    replace_pair();
    MUST(gcroots_scope_exit(store, scope));
  }
}

static void print(uint64_t budget, struct times *times) {
  size_t within = 0;
  if (times->count == 0) return;
  sort_times(times->all, times->count);
  while (within < times->count && times->all[within] <= 1.1 * (double)budget) within++;
  printf(
      "%4u us, %-14s %8zu steps, %8.4f %% in time, p50 %5.0f  p99 %5.0f  p99.9 %5.0f  "
      "max %5.0f us\n",
      (unsigned)budget, times->name, times->count, 100 * (double)within / (double)times->count,
      percentile(times->all, times->count, 0.5), percentile(times->all, times->count, 0.99),
      percentile(times->all, times->count, 0.999), percentile(times->all, times->count, 1));
}

static void measure(uint64_t budget, size_t steps, bool is_busy, struct times kinds[2]) {
  bool has_more = false;
  kinds[0].count = kinds[1].count = 0;
  for (size_t step = 0; step < steps; step++) {
    uint64_t minors;
    double began, took;
    struct times *times;
    if (!has_more) {
      if (is_busy) replace_pairs(REPLACED_BEFORE);
      MUST(gcroots_store_gc_start(store));
    }
    if (!is_busy) replace_pairs(REPLACED);
    minors = statistics().minor_collections;
    began = now(CLOCK_THREAD_CPUTIME_ID);
    MUST(gcroots_store_gc_step_for(store, budget, &has_more));
    took = now(CLOCK_THREAD_CPUTIME_ID) - began;
    times = &kinds[statistics().minor_collections > minors];
    times->all[times->count++] = took;
  }
  while (has_more) MUST(gcroots_store_gc_step_for(store, budget, &has_more));
  print(budget, &kinds[0]);
  print(budget, &kinds[1]);
}

int main(int argc, char **argv) {
  static const uint64_t budgets[] = {250, 500, 1000};
  struct times kinds[2] = {{"a step", NULL, 0}, {"with a minor", NULL, 0}};
  size_t steps;
  bool is_busy;
  if (argc != 4) {
    fprintf(stderr, "usage: timed_steps COLLECTOR MIB STEPS\n");
    return 2;
  }
  is_busy = strtoul(argv[1], NULL, 10) != GCROOTS_COLLECTOR_GENERATIONAL;
  steps = strtoul(argv[3], NULL, 10);
  for (int kind = 0; kind < 2; kind++) {
    kinds[kind].all = calloc(steps, sizeof *kinds[kind].all);
    if (kinds[kind].all == NULL) return 1;
  }
  make_graph(argv[1], argv[2]);
  for (size_t i = 0; i < sizeof budgets / sizeof *budgets; i++)
    measure(budgets[i], steps, is_busy, kinds);
  free_graph();
  free(kinds[0].all);
  free(kinds[1].all);
  return 0;
}
