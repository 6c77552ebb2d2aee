/* The binary trees of trees.c, built by raw references. The roots are slots of a root range,
 * and trees are counted by loads from the heap. */
#include "workload.h"

#include "sizes.h"

#include <string.h>

/* The engine's stack. A new node's children are its two topmost slots. */
enum { STACK = 4 * TREE_DEPTH };
static uint32_t stack[STACK];
static gcroots_root_range_t range;

/* Where compiled code finds the fields of a node. */
static const char *base;
static uint32_t left_offset, right_offset;

/* Pushes a new tree. */
static void push_tree(int depth) {
  gcroots_raw_val_t fields[CHILDREN];
  fields[LEFT].ref = fields[RIGHT].ref = 0;
  if (depth > 0) {
    push_tree(depth - 1);
    push_tree(depth - 1);
    range.count -= 2;
    fields[LEFT].ref = stack[range.count];
    fields[RIGHT].ref = stack[range.count + 1];
  }
  MUST(gcroots_raw_struct_new(heap, node_type, fields, CHILDREN, &stack[range.count]));
  if (range.unchanged > range.count) range.unchanged = range.count;
  range.count++;
}

static uint64_t count_tree(uint32_t node) {
  const char *at = base + (uint64_t)node * 4;
  uint32_t left, right;
  memcpy(&left, at + left_offset, sizeof left);
  if (left == 0) return 1;
  memcpy(&right, at + right_offset, sizeof right);
  return 1 + count_tree(left) + count_tree(right);
}

/* Builds, counts and drops a tree. */
static uint64_t pass_tree(int depth) {
  uint64_t nodes;
  request_begins();
  push_tree(depth);
  nodes = count_tree(stack[--range.count]);
  if (depth == TREE_LEAST) request_ends();
  EXPECT(nodes == nodes_of(depth));
  return nodes;
}

uint64_t trees_raw(void) {
  void *address;
  gcroots_layout_t layout;
  gcroots_root_source_t source;
  uint64_t nodes;
  MUST(gcroots_heap_base(heap, &address));
  MUST(gcroots_type_layout(node_type, &layout));
  base = address;
  left_offset = layout.offsets[LEFT];
  right_offset = layout.offsets[RIGHT];
  memset(&range, 0, sizeof range);
  range.slots = stack;
  MUST(gcroots_root_range_add(heap, &range, NULL, &source));
  nodes = pass_tree(TREE_DEPTH + 1);
  push_tree(TREE_DEPTH);
  for (int depth = TREE_LEAST; depth <= TREE_DEPTH; depth += 2)
    for (int times = 1 << (TREE_DEPTH - depth + TREE_LEAST); times > 0; times--)
      nodes += pass_tree(depth);
  nodes += count_tree(stack[--range.count]);
  MUST(gcroots_root_range_remove(heap, &source));
  return nodes;
}
