/* A graph of nodes with edges to random nodes. Each step redirects an edge, or replaces a
 * node by a new one. A unit is a step. */
#include "raw.h"

#include "random.h"
#include "sizes.h"

/* Makes all nodes of a graph and changes it. `replace_node` makes a node with edges to random
   nodes, and puts it into the graph. */
static inline uint64_t change_graph(void (*replace_node)(uint32_t),
                                    void (*redirect_edge)(uint32_t)) {
  for (uint32_t at = 0; at < GRAPH_NODES; at++) replace_node(at);
  for (int step = 0; step < GRAPH_CHANGES; step++) {
    if (step % REQUEST == 0) request_begins();
    if (step % GRAPH_MAKES == 0)
      replace_node(random_below(GRAPH_NODES));
    else
      redirect_edge(random_below(GRAPH_NODES));
    if (step % REQUEST == REQUEST - 1) request_ends();
  }
  return GRAPH_NODES + GRAPH_CHANGES;
}

/* --- By handles ------------------------------------------------------------------ */

static gcroots_ref_t all;

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
  uint64_t changes;
  MUST(gcroots_scope_enter(heap, &scope));
  MUST(gcroots_array_new_default(heap, array_type, GRAPH_NODES, &all));
  changes = change_graph(replace_node, redirect_edge);
  MUST(gcroots_scope_exit(heap, scope));
  return changes;
}

/* --- By raw references ----------------------------------------------------------- */

/* The array of all nodes is the first slot of the stack. */
static uint32_t random_node(void) {
  return raw_element(raw_stack[0], random_below(GRAPH_NODES));
}

static void replace_node_raw(uint32_t at) {
  gcroots_raw_val_t edges[GRAPH_EDGES];
  for (int edge = 0; edge < GRAPH_EDGES; edge++) edges[edge].ref = random_node();
  raw_set_element(raw_stack[0], at, raw_new_array(edges, GRAPH_EDGES));
}

static void redirect_edge_raw(uint32_t at) {
  const uint32_t from = raw_element(raw_stack[0], at), to = random_node();
  raw_set_element(from, random_below(GRAPH_EDGES), to);
}

uint64_t graph_raw(void) {
  uint32_t all;
  uint64_t changes;
  raw_begin();
  MUST(gcroots_raw_array_new(heap, array_type, NULL, GRAPH_NODES, &all));
  raw_push(all);
  changes = change_graph(replace_node_raw, redirect_edge_raw);
  raw_end();
  return changes;
}
