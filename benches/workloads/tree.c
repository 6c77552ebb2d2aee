/* Nodes, and trees of them, by handles. */
#include "workload.h"

gcroots_ref_t new_node(gcroots_ref_t left, gcroots_ref_t right) {
  gcroots_val_t fields[CHILDREN];
  gcroots_ref_t made;
  fields[LEFT].kind = fields[RIGHT].kind = GCROOTS_STORAGE_REF;
  fields[LEFT].of.ref = left;
  fields[RIGHT].of.ref = right;
  MUST(gcroots_struct_new(heap, node_type, fields, CHILDREN, &made));
  return made;
}

gcroots_ref_t new_tree(int depth) {
  gcroots_scope_t scope;
  gcroots_ref_t left, right, made;
  if (depth == 0) return new_node(gcroots_ref_null(), gcroots_ref_null());
  MUST(gcroots_scope_enter(heap, &scope));
  left = new_tree(depth - 1);
  right = new_tree(depth - 1);
  MUST(gcroots_scope_escape(heap, scope, new_node(left, right), &made));
  return made;
}

uint64_t count_nodes(gcroots_ref_t tree) {
  uint64_t nodes = 1;
  gcroots_scope_t scope;
  gcroots_ref_t child;
  MUST(gcroots_scope_enter(heap, &scope));
  for (uint32_t side = LEFT; side < CHILDREN; side++) {
    MUST(gcroots_struct_get_ref(heap, tree, side, &child));
    if (gcroots_ref_is_null(child)) break;
    nodes += count_nodes(child);
  }
  MUST(gcroots_scope_exit(heap, scope));
  return nodes;
}
