/* The throughput of a collector in three programs, as CPU time for each node that is made:
 *
 *   trees    binary trees that are made and dropped, while one other tree stays
 *   graphs   random graphs with many cycles, each dropped as a whole
 *   lists    long lists, each dropped as a whole
 *
 *   throughput [COLLECTOR]    COLLECTOR: its number
 */
#include "cpu_time.h"

#include "fixture.h"

enum { LEFT, RIGHT, FIELDS };
enum { DEPTH = 16, GRAPHS = 20, GRAPH = 20000, LISTS = 20, LIST = 100000 };

static gcroots_type_t *node, *nodes;

static void register_types(void) {
  const gcroots_field_type_t any = {GCROOTS_STORAGE_REF, GCROOTS_HEAP_ANY, 0, 1, 1, NULL};
  const gcroots_field_type_t fields[FIELDS] = {any, any};
  gcroots_rec_group_t *group = gcroots_rec_group_new();
  gcroots_type_t *types[2];
  uint32_t position;
  MUST(gcroots_rec_group_add_struct(group, NULL, fields, FIELDS, &position));
  MUST(gcroots_rec_group_add_array(group, NULL, &any, &position));
  register_group(group, types, 2);
  node = types[0];
  nodes = types[1];
}

static gcroots_ref_t make_node(gcroots_ref_t left, gcroots_ref_t right) {
  gcroots_val_t fields[FIELDS];
  gcroots_ref_t made;
  fields[LEFT].kind = fields[RIGHT].kind = GCROOTS_STORAGE_REF;
  fields[LEFT].of.ref = left;
  fields[RIGHT].of.ref = right;
  MUST(gcroots_struct_new(store, node, fields, FIELDS, &made));
  return made;
}

static gcroots_ref_t make_tree(int depth) {
  gcroots_scope_t scope;
  gcroots_ref_t made, left = gcroots_ref_null(), right = left;
  MUST(gcroots_scope_enter(store, &scope));
  if (depth > 0) left = make_tree(depth - 1), right = make_tree(depth - 1);
  made = make_node(left, right);
  MUST(gcroots_scope_escape(store, scope, made, &made));
  return made;
}

static double make_trees(void) {
  double made = 0;
  make_tree(DEPTH);
  for (int depth = 4; depth <= DEPTH; depth += 2)
    for (int times = 1 << (DEPTH - depth); times > 0; times--) {
      gcroots_scope_t scope;
      MUST(gcroots_scope_enter(store, &scope));
      make_tree(depth);
      MUST(gcroots_scope_exit(store, scope));
      made += (2 << depth) - 1;
    }
  return made;
}

static uint32_t random_below(uint32_t bound) {
  static uint64_t state = 1;
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(state >> 33) % bound;
}

static void make_graph(void) {
  gcroots_ref_t all;
  MUST(gcroots_array_new_default(store, nodes, GRAPH, &all));
  for (uint32_t i = 0; i < GRAPH; i++) {
    gcroots_scope_t scope;
    MUST(gcroots_scope_enter(store, &scope));
    MUST(gcroots_array_set_ref(store, all, i, make_node(gcroots_ref_null(), gcroots_ref_null())));
    MUST(gcroots_scope_exit(store, scope));
  }
  for (uint32_t i = 0; i < GRAPH * FIELDS; i++) {
    gcroots_scope_t scope;
    gcroots_ref_t from, to;
    MUST(gcroots_scope_enter(store, &scope));
    MUST(gcroots_array_get_ref(store, all, i / FIELDS, &from));
    MUST(gcroots_array_get_ref(store, all, random_below(GRAPH), &to));
    MUST(gcroots_struct_set_ref(store, from, i % FIELDS, to));
    MUST(gcroots_scope_exit(store, scope));
  }
}

static double make_graphs(void) {
  for (int i = 0; i < GRAPHS; i++) {
    gcroots_scope_t scope;
    MUST(gcroots_scope_enter(store, &scope));
    make_graph();
    MUST(gcroots_scope_exit(store, scope));
  }
  return (double)GRAPHS * GRAPH;
}

static double make_lists(void) {
  for (int i = 0; i < LISTS; i++) {
    gcroots_scope_t outer, scope;
    gcroots_ref_t list;
    MUST(gcroots_scope_enter(store, &outer));
    MUST(gcroots_local_new(store, gcroots_ref_null(), &list));
    for (int length = 0; length < LIST; length++) {
      MUST(gcroots_scope_enter(store, &scope));
      MUST(gcroots_ref_assign(store, list, make_node(list, gcroots_ref_null())));
      MUST(gcroots_scope_exit(store, scope));
    }
    MUST(gcroots_scope_exit(store, outer));
  }
  return (double)LISTS * LIST;
}

static void measure(const char *name, double (*make)(void)) {
  gcroots_stats_t stats;
  double before = nanoseconds(), made;
  make_store();
  made = make();
  MUST(gcroots_store_stats(store, &stats));
  MUST(gcroots_store_free(store));
  printf("%-8s %6.1f ns a node, %4llu collections, %5.1f MiB committed at the end\n", name,
         (nanoseconds() - before) / made, (unsigned long long)stats.collections,
         (double)stats.committed_bytes / (1 << 20));
}

int main(int argc, char **argv) {
  make_engine(argc == 2 ? argv[1] : NULL);
  register_types();
  measure("trees", make_trees);
  measure("graphs", make_graphs);
  measure("lists", make_lists);
  gcroots_type_free(node);
  gcroots_type_free(nodes);
  gcroots_engine_free(engine);
  return 0;
}
