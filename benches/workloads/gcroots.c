/* Runs one workload on libgcroots, in a process of its own.
 *
 *   gcroots_workload NAME [COLLECTOR [LIMIT [RULE PERCENT]]]
 *                                  COLLECTOR: its number
 *                                  LIMIT: that of the heap, in KiB; 0 for the default
 *                                  RULE, PERCENT: the numbers for the sizing of the heap
 *   gcroots_workload --raw NAME [...]
 *                                  runs its form by raw references
 *   gcroots_workload --live NAME   prints the most bytes that are alive at one time
 *   gcroots_workload               prints the names
 *   gcroots_workload --raw         prints the names of those with a form by raw references
 */
#include "workload.h"

#include <inttypes.h>
#include <string.h>

gcroots_engine_t *heap_engine;
gcroots_store_t *heap;
gcroots_type_t *node_type, *array_type;
bool collects;
uint64_t host_bytes;

static const struct {
  const char *name;
  uint64_t (*body)(void);
  uint64_t (*raw_or_null)(void); /* by raw references */
} workloads[] = {
    {"trees", trees_by_handles, trees_raw},
    {"trees_fused", trees_by_fused_calls, NULL},
    {"trees_raw_reads", trees_by_raw_reads, NULL},
    {"trees_raw", trees_raw, NULL},
    {"scheme_handles", scheme_by_handles, NULL},
    {"scheme_raw", scheme_raw, NULL},
    {"long_lived_tree", long_lived_tree, long_lived_tree_raw},
    {"full_collections", full_collections, NULL},
    {"graph", graph, graph_raw},
    {"queue", queue, queue_raw},
    {"text_index", text_index, text_index_raw},
};

void register_types_of(gcroots_rec_group_t *group, gcroots_type_t **types, size_t count) {
  const gcroots_rec_group_t *groups[1];
  groups[0] = group;
  MUST(gcroots_rec_group_register(heap_engine, groups, 1, types, count));
  gcroots_rec_group_free(group);
}

static void register_types(void) {
  const gcroots_field_type_t any = {GCROOTS_STORAGE_REF, GCROOTS_HEAP_ANY, 0, 1, 1, NULL};
  const gcroots_field_type_t fields[CHILDREN] = {any, any};
  gcroots_rec_group_t *group = gcroots_rec_group_new();
  gcroots_type_t *types[2];
  uint32_t position;
  MUST(gcroots_rec_group_add_struct(group, NULL, fields, CHILDREN, &position));
  MUST(gcroots_rec_group_add_array(group, NULL, &any, &position));
  register_types_of(group, types, 2);
  node_type = types[0];
  array_type = types[1];
}

/* The settings of a run. */
struct settings {
  gcroots_collector_t collector;
  size_t limit;
  gcroots_heap_sizing_t rule;
  uint32_t percent;
};

static void make_store(const struct settings *settings) {
  gcroots_config_t *config = gcroots_config_new();
  if (config == NULL) exit(1);
  MUST(gcroots_config_set_collector(config, settings->collector));
  if (settings->limit != 0) MUST(gcroots_config_set_heap_limit(config, settings->limit));
  MUST(gcroots_config_set_heap_sizing(config, settings->rule, settings->percent));
  MUST(gcroots_engine_new(config, &heap_engine));
  gcroots_config_free(config);
  MUST(gcroots_store_new(heap_engine, &heap));
}

/* Prints what the collector did, for readers. */
static void print_statistics(void) {
  gcroots_stats_t stats;
  MUST(gcroots_store_stats(heap, &stats));
  fprintf(stderr,
          "%" PRIu64 " collections, %" PRIu64
          " of them minor, %.3f s in them, %.1f MiB promoted, "
          "%.1f MiB committed\n",
          stats.collections, stats.minor_collections, (double)stats.gc_nanoseconds / 1e9,
          (double)stats.promoted_bytes / (1 << 20), (double)stats.committed_bytes / (1 << 20));
}

/* The most bytes that were alive after a collection, on the heap and beside it. */
static uint64_t most_alive;

static void note_alive(void) {
  gcroots_stats_t stats;
  MUST(gcroots_store_stats(heap, &stats));
  if (stats.live_bytes + host_bytes > most_alive) most_alive = stats.live_bytes + host_bytes;
}

static void run(const char *name, uint64_t (*body)(void), const struct settings *settings,
                bool asks_what_lives) {
  make_store(settings);
  collects = settings->collector != GCROOTS_COLLECTOR_NULL;
  register_types();
  if (asks_what_lives) {
    request_watcher = note_alive;
    body();
    printf("%" PRIu64 "\n", most_alive);
  } else {
    run_workload(name, body);
    print_statistics();
  }
  gcroots_type_free(node_type);
  gcroots_type_free(array_type);
  MUST(gcroots_store_free(heap));
  gcroots_engine_free(heap_engine);
}

/* An argument that is a number, or 0 if it is missing. */
static uint32_t number(int argc, char **argv, int at) {
  return argc > at ? (uint32_t)strtoul(argv[at], NULL, 10) : 0;
}

int main(int argc, char **argv) {
  const size_t count = sizeof workloads / sizeof *workloads;
  const bool asks_what_lives = argc > 1 && strcmp(argv[1], "--live") == 0;
  const bool is_raw = argc > 1 && strcmp(argv[1], "--raw") == 0;
  const int options = asks_what_lives || is_raw ? 1 : 0;
  const char *asked_or_null = argc > 1 + options ? argv[1 + options] : NULL;
  /* Under the copying collector each collection finds all that is dead. This one collects as
     often as the library allows. */
  struct settings settings = {GCROOTS_COLLECTOR_COPYING, 0, GCROOTS_HEAP_SIZING_RATIO, 1};
  if (!asks_what_lives) {
    settings.collector = number(argc, argv, options + 2);
    settings.limit = (size_t)number(argc, argv, options + 3) << 10;
    settings.rule = number(argc, argv, options + 4);
    settings.percent = number(argc, argv, options + 5);
  }
  for (size_t i = 0; i < count; i++) {
    uint64_t (*body)(void) = is_raw ? workloads[i].raw_or_null : workloads[i].body;
    if (body == NULL) continue;
    if (asked_or_null == NULL) {
      puts(workloads[i].name);
    } else if (strcmp(asked_or_null, workloads[i].name) == 0) {
      run(workloads[i].name, body, &settings, asks_what_lives);
      return 0;
    }
  }
  return asked_or_null == NULL ? 0 : 2;
}
