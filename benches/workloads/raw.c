/* The stack of the workloads by raw references, and their trees. */
#include "raw.h"

uint32_t raw_stack[RAW_STACK];
gcroots_root_range_t raw_range;
const char *raw_base;
uint32_t node_offsets[CHILDREN];

static gcroots_root_source_t source;

void find_nodes(void) {
  void *address;
  gcroots_layout_t layout;
  MUST(gcroots_heap_base(heap, &address));
  MUST(gcroots_type_layout(node_type, &layout));
  raw_base = address;
  node_offsets[LEFT] = layout.offsets[LEFT];
  node_offsets[RIGHT] = layout.offsets[RIGHT];
}

void raw_begin(void) {
  find_nodes();
  memset(&raw_range, 0, sizeof raw_range);
  raw_range.slots = raw_stack;
  MUST(gcroots_root_range_add(heap, &raw_range, NULL, &source));
}

void raw_end(void) {
  MUST(gcroots_root_range_remove(heap, &source));
}

/* The children of a new node are the two topmost slots. */
void push_raw_tree(int depth) {
  gcroots_raw_val_t fields[CHILDREN];
  fields[LEFT].ref = fields[RIGHT].ref = 0;
  if (depth > 0) {
    push_raw_tree(depth - 1);
    push_raw_tree(depth - 1);
    raw_range.count -= 2;
    fields[LEFT].ref = raw_stack[raw_range.count];
    fields[RIGHT].ref = raw_stack[raw_range.count + 1];
  }
  MUST(gcroots_raw_struct_new(heap, node_type, fields, CHILDREN, &raw_stack[raw_range.count]));
  raw_wrote(raw_range.count++);
}

uint64_t count_raw_nodes(uint32_t tree) {
  const uint32_t left = raw_child(tree, LEFT);
  if (left == 0) return 1;
  return 1 + count_raw_nodes(left) + count_raw_nodes(raw_child(tree, RIGHT));
}
