/* A large tree lives for the whole program, and small trees do not. Now and then a small tree
 * replaces a subtree of the large one. A unit is a node that is built. */
#include "raw.h"

#include "random.h"
#include "sizes.h"

/* Replaces a random subtree whose depth is LIVED_TEMPORARY. */
static void replace_subtree(gcroots_ref_t tree, gcroots_ref_t by) {
  gcroots_scope_t scope;
  gcroots_ref_t parent;
  MUST(gcroots_scope_enter(heap, &scope));
  MUST(gcroots_local_new(heap, tree, &parent));
  for (int depth = LIVED_DEPTH; depth > LIVED_TEMPORARY + 1; depth--)
    MUST(gcroots_struct_get_ref_into(heap, parent, random_below(CHILDREN), parent));
  MUST(gcroots_struct_set_ref(heap, parent, random_below(CHILDREN), by));
  MUST(gcroots_scope_exit(heap, scope));
}

uint64_t long_lived_tree(void) {
  gcroots_scope_t outer, inner;
  gcroots_ref_t tree, small;
  MUST(gcroots_scope_enter(heap, &outer));
  tree = new_tree(LIVED_DEPTH);
  for (int round = 0; round < LIVED_ROUNDS; round++) {
    request_begins();
    MUST(gcroots_scope_enter(heap, &inner));
    small = new_tree(LIVED_TEMPORARY);
    if (round % LIVED_REPLACE == 0) replace_subtree(tree, small);
    MUST(gcroots_scope_exit(heap, inner));
    request_ends();
  }
  EXPECT(count_nodes(tree) == nodes_of(LIVED_DEPTH));
  MUST(gcroots_scope_exit(heap, outer));
  return nodes_of(LIVED_DEPTH) + LIVED_ROUNDS * nodes_of(LIVED_TEMPORARY);
}

/* --- By raw references ----------------------------------------------------------- */

static void replace_raw_subtree(uint32_t tree, uint32_t by) {
  for (int depth = LIVED_DEPTH; depth > LIVED_TEMPORARY + 1; depth--)
    tree = raw_child(tree, random_below(CHILDREN));
  raw_set_child(tree, random_below(CHILDREN), by);
}

/* The large tree is the first slot of the stack. */
uint64_t long_lived_tree_raw(void) {
  raw_begin();
  raw_push_tree(LIVED_DEPTH);
  for (int round = 0; round < LIVED_ROUNDS; round++) {
    uint32_t small;
    request_begins();
    raw_push_tree(LIVED_TEMPORARY);
    small = raw_pop();
    if (round % LIVED_REPLACE == 0) replace_raw_subtree(raw_stack[0], small);
    request_ends();
  }
  EXPECT(raw_count_nodes(raw_stack[0]) == nodes_of(LIVED_DEPTH));
  raw_end();
  return nodes_of(LIVED_DEPTH) + LIVED_ROUNDS * nodes_of(LIVED_TEMPORARY);
}
