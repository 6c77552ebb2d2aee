/* The time of a full collection, for each object that is alive: a tree of 2^20 - 1
 * structs of two references under one root. Median of seven, in CPU time.
 *
 *   collection [COLLECTOR]    on the collector of this number
 */
/* For clock_gettime. */
#define _POSIX_C_SOURCE 199309L
#include <gcroots.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { DEPTH = 19, NODES = (1 << (DEPTH + 1)) - 1, TIMES = 7 };

static gcroots_engine_t *engine;
static gcroots_store_t *store;
static gcroots_type_t *node;

#define MUST(call)                                              \
  do {                                                          \
    if ((call) != GCROOTS_OK) {                                 \
      fprintf(stderr, "%s: %s\n", #call, gcroots_last_error()); \
      exit(1);                                                  \
    }                                                           \
  } while (0)

static void register_node(void) {
  const gcroots_field_type_t fields[2] = {{GCROOTS_STORAGE_REF, GCROOTS_HEAP_LOCAL, 0, 1, 1, NULL},
                                          {GCROOTS_STORAGE_REF, GCROOTS_HEAP_LOCAL, 0, 1, 1, NULL}};
  gcroots_rec_group_t *group = gcroots_rec_group_new();
  const gcroots_rec_group_t *groups[1];
  uint32_t position;
  groups[0] = group;
  MUST(gcroots_rec_group_add_struct(group, NULL, fields, 2, &position));
  MUST(gcroots_rec_group_register(engine, groups, 1, &node, 1));
  gcroots_rec_group_free(group);
}

static gcroots_ref_t make_tree(int depth) {
  gcroots_scope_t scope;
  gcroots_val_t fields[2];
  gcroots_ref_t made, escaped;
  MUST(gcroots_scope_enter(store, &scope));
  for (int i = 0; i < 2; i++) {
    fields[i].kind = GCROOTS_STORAGE_REF;
    fields[i].of.ref = depth == 0 ? gcroots_ref_null() : make_tree(depth - 1);
  }
  MUST(gcroots_struct_new(store, node, fields, 2, &made));
  MUST(gcroots_scope_escape(store, scope, made, &escaped));
  return escaped;
}

static double nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return 1e9 * (double)now.tv_sec + (double)now.tv_nsec;
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

int main(int argc, char **argv) {
  gcroots_config_t *config = gcroots_config_new();
  gcroots_stats_t stats;
  double times[TIMES];
  if (config == NULL) return 1;
  if (argc == 2) MUST(gcroots_config_set_collector(config, (uint32_t)strtoul(argv[1], NULL, 10)));
  MUST(gcroots_engine_new(config, &engine));
  gcroots_config_free(config);
  MUST(gcroots_store_new(engine, &store));
  register_node();
  make_tree(DEPTH);
  MUST(gcroots_store_gc(store));
  for (int i = 0; i < TIMES; i++) {
    double before = nanoseconds();
    MUST(gcroots_store_gc(store));
    times[i] = nanoseconds() - before;
  }
  MUST(gcroots_store_stats(store, &stats));
  if (stats.objects != NODES) return 1;
  qsort(times, TIMES, sizeof *times, compare);
  printf("%d objects of %.0f bytes: %.1f ns an object\n", NODES, (double)stats.live_bytes / NODES,
         times[TIMES / 2] / NODES);
  MUST(gcroots_store_free(store));
  gcroots_type_free(node);
  gcroots_engine_free(engine);
  return 0;
}
