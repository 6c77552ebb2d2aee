/* Runs one workload on libgcroots, in a process of its own.
 *
 *   gcroots_workload NAME [COLLECTOR [LIMIT]]    COLLECTOR: its number
 *                                                LIMIT: that of the heap, in MiB
 *   gcroots_workload                             prints the names
 */
#include "workload.h"

#include <inttypes.h>
#include <string.h>

gcroots_engine_t *heap_engine;
gcroots_store_t *heap;
gcroots_type_t *node_type, *array_type;
bool collects;

static const struct {
  const char *name;
  uint64_t (*body)(void);
} workloads[] = {
    {"trees", trees_by_handles},
    {"trees_fused", trees_by_fused_calls},
    {"trees_raw_reads", trees_by_raw_reads},
    {"trees_raw", trees_raw},
    {"scheme_handles", scheme_by_handles},
    {"scheme_raw", scheme_raw},
    {"long_lived_tree", long_lived_tree},
    {"full_collections", full_collections},
    {"graph", graph},
    {"queue", queue},
    {"text_index", text_index},
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

static void make_store(const char *collector_or_null, const char *limit_or_null) {
  gcroots_config_t *config = gcroots_config_new();
  if (config == NULL) exit(1);
  if (collector_or_null != NULL)
    MUST(gcroots_config_set_collector(config, (uint32_t)strtoul(collector_or_null, NULL, 10)));
  if (limit_or_null != NULL)
    MUST(gcroots_config_set_heap_limit(config, strtoul(limit_or_null, NULL, 10) << 20));
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

static void run(size_t workload, const char *collector_or_null, const char *limit_or_null) {
  make_store(collector_or_null, limit_or_null);
  collects =
      collector_or_null == NULL || strtoul(collector_or_null, NULL, 10) != GCROOTS_COLLECTOR_NULL;
  register_types();
  run_workload(workloads[workload].name, workloads[workload].body);
  print_statistics();
  gcroots_type_free(node_type);
  gcroots_type_free(array_type);
  MUST(gcroots_store_free(heap));
  gcroots_engine_free(heap_engine);
}

int main(int argc, char **argv) {
  const size_t count = sizeof workloads / sizeof *workloads;
  for (size_t i = 0; i < count; i++) {
    if (argc < 2) {
      puts(workloads[i].name);
    } else if (strcmp(argv[1], workloads[i].name) == 0) {
      run(i, argc > 2 ? argv[2] : NULL, argc > 3 ? argv[3] : NULL);
      return 0;
    }
  }
  return argc < 2 ? 0 : 2;
}
