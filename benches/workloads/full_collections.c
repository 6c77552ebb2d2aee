/* Full collections of a heap with one large tree, which survives. A request is a collection. A unit
 * is a node in a collection; the time to build the tree is included. */
#include "workload.h"

#include "sizes.h"

uint64_t full_collections(void) {
  gcroots_scope_t scope;
  gcroots_ref_t tree;
  MUST(gcroots_scope_enter(heap, &scope));
  tree = new_tree(COLLECTED_DEPTH);
  for (int collection = 0; collection < COLLECTIONS; collection++) {
    request_begins();
    MUST(gcroots_store_gc(heap));
    request_ends();
  }
  EXPECT(count_nodes(tree) == nodes_of(COLLECTED_DEPTH));
  MUST(gcroots_scope_exit(heap, scope));
  return COLLECTIONS * nodes_of(COLLECTED_DEPTH);
}
