/* A graph of nodes with edges to random nodes. Each step redirects an edge, or replaces a
 * node by a new one. A unit is a step. */
#include "workload.h"

#include "random.h"
#include "sizes.h"

static gcroots_ref_t all;

/* Makes a node with edges to random nodes, and puts it into the graph. */
static void replace_node(uint32_t at) {
  gcroots_scope_t scope;
  gcroots_ref_t made, to;
  MUST(gcroots_scope_enter(heap, &scope));
  MUST(gcroots_array_new_default(heap, array_type, GRAPH_EDGES, &made));
  for (uint32_t edge = 0; edge < GRAPH_EDGES; edge++) {
    MUST(gcroots_array_get_ref(heap, all, random_below(GRAPH_NODES), &to));
    MUST(gcroots_array_set_ref(heap, made, edge, to));
  }
  MUST(gcroots_array_set_ref(heap, all, at, made));
  MUST(gcroots_scope_exit(heap, scope));
}

static void redirect_edge(uint32_t at) {
  gcroots_scope_t scope;
  gcroots_ref_t from, to;
  MUST(gcroots_scope_enter(heap, &scope));
  MUST(gcroots_array_get_ref(heap, all, at, &from));
  MUST(gcroots_array_get_ref(heap, all, random_below(GRAPH_NODES), &to));
  MUST(gcroots_array_set_ref(heap, from, random_below(GRAPH_EDGES), to));
  MUST(gcroots_scope_exit(heap, scope));
}

uint64_t graph(void) {
  gcroots_scope_t scope;
  MUST(gcroots_scope_enter(heap, &scope));
  MUST(gcroots_array_new_default(heap, array_type, GRAPH_NODES, &all));
  for (uint32_t at = 0; at < GRAPH_NODES; at++) replace_node(at);
  for (int step = 0; step < GRAPH_CHANGES; step++) {
    if (step % REQUEST == 0) request_begins();
    if (step % GRAPH_MAKES == 0)
      replace_node(random_below(GRAPH_NODES));
    else
      redirect_edge(random_below(GRAPH_NODES));
    if (step % REQUEST == REQUEST - 1) request_ends();
  }
  MUST(gcroots_scope_exit(heap, scope));
  return GRAPH_NODES + GRAPH_CHANGES;
}
