/* The CPU time of a full collection for each live object. The heap holds a tree of 2^20 - 1
 * structs of two references, under one root. Prints the median of seven collections.
 *
 *   collection [COLLECTOR]    COLLECTOR: its number
 */
#include "cpu_time.h"

#include "fixture.h"

enum { DEPTH = 19, NODES = (1 << (DEPTH + 1)) - 1, TIMES = 7 };

static gcroots_type_t *node;

static void register_node(void) {
  const gcroots_field_type_t fields[2] = {{GCROOTS_STORAGE_REF, GCROOTS_HEAP_LOCAL, 0, 1, 1, NULL},
                                          {GCROOTS_STORAGE_REF, GCROOTS_HEAP_LOCAL, 0, 1, 1, NULL}};
  gcroots_rec_group_t *group = gcroots_rec_group_new();
  uint32_t position;
  MUST(gcroots_rec_group_add_struct(group, NULL, fields, 2, &position));
  register_group(group, &node, 1);
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

int main(int argc, char **argv) {
  gcroots_stats_t stats;
  double times[TIMES];
  make_engine(argc == 2 ? argv[1] : NULL);
  make_store();
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
  printf("%d objects of %.0f bytes: %.1f ns an object\n", NODES, (double)stats.live_bytes / NODES,
         median(times, TIMES) / NODES);
  gcroots_type_free(node);
  free_store_and_engine();
  return 0;
}
