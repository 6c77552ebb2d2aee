/* The binary trees of trees.c, built by raw references. The roots are slots of a root range,
 * and trees are counted by loads from the heap. */
#include "raw.h"

#include "sizes.h"

/* Builds, counts and drops a tree. */
static uint64_t pass_tree(int depth) {
  uint64_t nodes;
  request_begins();
  raw_push_tree(depth);
  nodes = raw_count_nodes(raw_pop());
  if (depth == TREE_LEAST) request_ends();
  EXPECT(nodes == nodes_of(depth));
  return nodes;
}

uint64_t trees_raw(void) {
  uint64_t nodes;
  raw_begin();
  nodes = pass_tree(TREE_DEPTH + 1);
  raw_push_tree(TREE_DEPTH);
  for (int depth = TREE_LEAST; depth <= TREE_DEPTH; depth += 2)
    for (int times = 1 << (TREE_DEPTH - depth + TREE_LEAST); times > 0; times--)
      nodes += pass_tree(depth);
  nodes += raw_count_nodes(raw_pop());
  raw_end();
  return nodes;
}
