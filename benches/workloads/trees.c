/* Binary trees: many small trees and a few large ones are built, counted and dropped, while
 * one large tree stays. A unit is a node that is built and counted. */
#include "raw.h"

#include "sizes.h"

/* Counts by loads from the heap, as an engine's compiled code does. */
static uint64_t count_by_raw_reads(gcroots_ref_t tree) {
  uint32_t raw;
  uint64_t nodes;
  MUST(gcroots_no_gc_enter(heap));
  MUST(gcroots_ref_to_raw(heap, tree, &raw));
  nodes = raw_count_nodes(raw);
  MUST(gcroots_no_gc_exit(heap));
  return nodes;
}

/* The tree of new_tree(), by calls that make a node and leave its scope. */
static gcroots_ref_t new_tree_fused(int depth) {
  gcroots_scope_t scope;
  gcroots_val_t fields[CHILDREN];
  gcroots_ref_t made;
  if (depth == 0) return new_node(gcroots_ref_null(), gcroots_ref_null());
  MUST(gcroots_scope_enter(heap, &scope));
  fields[LEFT].kind = fields[RIGHT].kind = GCROOTS_STORAGE_REF;
  fields[LEFT].of.ref = new_tree_fused(depth - 1);
  fields[RIGHT].of.ref = new_tree_fused(depth - 1);
  MUST(gcroots_struct_new_escape(heap, scope, node_type, fields, CHILDREN, &made));
  return made;
}

/* How trees are built. */
static gcroots_ref_t (*build)(int depth);

/* Builds, counts and drops a tree. */
static uint64_t pass_tree(int depth, uint64_t (*count)(gcroots_ref_t)) {
  gcroots_scope_t scope;
  uint64_t nodes;
  request_begins();
  MUST(gcroots_scope_enter(heap, &scope));
  nodes = count(build(depth));
  MUST(gcroots_scope_exit(heap, scope));
  if (depth == TREE_LEAST) request_ends();
  EXPECT(nodes == nodes_of(depth));
  return nodes;
}

static uint64_t trees(uint64_t (*count)(gcroots_ref_t)) {
  gcroots_scope_t scope;
  gcroots_ref_t stays;
  uint64_t nodes = pass_tree(TREE_DEPTH + 1, count);
  MUST(gcroots_scope_enter(heap, &scope));
  stays = build(TREE_DEPTH);
  for (int depth = TREE_LEAST; depth <= TREE_DEPTH; depth += 2)
    for (int times = 1 << (TREE_DEPTH - depth + TREE_LEAST); times > 0; times--)
      nodes += pass_tree(depth, count);
  nodes += count(stays);
  MUST(gcroots_scope_exit(heap, scope));
  return nodes;
}

uint64_t trees_by_handles(void) {
  build = new_tree;
  return trees(count_nodes);
}

uint64_t trees_by_fused_calls(void) {
  build = new_tree_fused;
  return trees(count_nodes);
}

uint64_t trees_by_raw_reads(void) {
  raw_find_nodes();
  build = new_tree;
  return trees(count_by_raw_reads);
}
