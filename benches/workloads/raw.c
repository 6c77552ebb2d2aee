/* The stack of the workloads by raw references, and their trees. */
#include "raw.h"

uint32_t raw_stack[RAW_STACK];
gcroots_root_range_t raw_range;
const char *raw_base;
uint32_t node_offsets[CHILDREN];

static gcroots_root_source_t source;

void raw_find_nodes(void) {
  void *address;
  gcroots_layout_t layout;
  MUST(gcroots_heap_base(heap, &address));
  MUST(gcroots_type_layout(node_type, &layout));
  raw_base = address;
  node_offsets[LEFT] = layout.offsets[LEFT];
  node_offsets[RIGHT] = layout.offsets[RIGHT];
}

void raw_begin(void) {
  raw_find_nodes();
  memset(&raw_range, 0, sizeof raw_range);
  raw_range.slots = raw_stack;
  MUST(gcroots_root_range_add(heap, &raw_range, NULL, &source));
}

void raw_end(void) {
  MUST(gcroots_root_range_remove(heap, &source));
}

/* The children of a new node are the two topmost slots. */
void raw_push_tree(int depth) {
  gcroots_raw_val_t children[CHILDREN];
  children[LEFT].ref = children[RIGHT].ref = 0;
  if (depth > 0) {
    raw_push_tree(depth - 1);
    raw_push_tree(depth - 1);
    raw_range.count -= 2;
    children[LEFT].ref = raw_stack[raw_range.count];
    children[RIGHT].ref = raw_stack[raw_range.count + 1];
  }
  raw_push(raw_new_node(children));
}

uint64_t raw_count_nodes(uint32_t tree) {
  const uint32_t left = raw_child(tree, LEFT);
  if (left == 0) return 1;
  return 1 + raw_count_nodes(left) + raw_count_nodes(raw_child(tree, RIGHT));
}
