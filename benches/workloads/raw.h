/* What the workloads by raw references share: a stack whose slots are a root range, loads from the
 * heap as an engine's compiled code does them, making and storing, and trees. */
#ifndef RAW_H
#define RAW_H

#include "compiled.h"

/* The engine's stack. */
enum { RAW_STACK = 1 << 14 };
extern uint32_t raw_stack[RAW_STACK];
extern gcroots_root_range_t raw_range;

/* Where compiled code finds objects, and the fields of a node. */
extern const char *raw_base;
extern uint32_t node_offsets[CHILDREN];

/* Finds the fields of nodes in the heap. */
void raw_find_nodes(void);

/* Does the same, makes the stack empty, and makes its slots roots. */
void raw_begin(void);

/* The slots are no roots any more. */
void raw_end(void);

/* Tells the library of a slot that was written. */
static inline void raw_wrote(size_t slot) {
  if (raw_range.unchanged > slot) raw_range.unchanged = slot;
}

static inline void raw_put(size_t slot, uint32_t value) {
  raw_stack[slot] = value;
  raw_wrote(slot);
}

static inline void raw_push(uint32_t value) {
  EXPECT(raw_range.count < RAW_STACK);
  raw_put(raw_range.count++, value);
}

static inline uint32_t raw_pop(void) {
  return raw_stack[--raw_range.count];
}

/* A reference in an object. */
static inline uint32_t raw_load(uint32_t object, uint64_t offset) {
  uint32_t found;
  memcpy(&found, raw_base + (uint64_t)object * 4 + offset, sizeof found);
  return found;
}

static inline uint32_t raw_child(uint32_t node, uint32_t side) {
  return raw_load(node, node_offsets[side]);
}

/* The offset of an element of an array of references. */
static inline uint64_t element_offset(uint32_t index) {
  return 16 + (uint64_t)index * 4;
}

static inline uint32_t raw_element(uint32_t array, uint32_t index) {
  return raw_load(array, element_offset(index));
}

/* A new node. May collect. */
static inline uint32_t raw_new_node(const gcroots_raw_val_t children[CHILDREN]) {
  uint32_t made = compiled_struct(node_type, node_offsets, children, CHILDREN);
  if (made == 0) MUST(gcroots_raw_struct_new(heap, node_type, children, CHILDREN, &made));
  return made;
}

/* A new array of references. May collect. */
static inline uint32_t raw_new_array(const gcroots_raw_val_t *elements, uint32_t count) {
  uint32_t made = compiled_array(array_type, elements, count);
  if (made == 0) MUST(gcroots_raw_array_new_fixed(heap, array_type, elements, count, &made));
  return made;
}

/* Sets a field, which is at this offset. */
static inline void raw_set(uint32_t object, uint32_t field, uint64_t offset, uint32_t value) {
  if (!compiled_store(object, offset, value))
    MUST(gcroots_raw_struct_set_ref(heap, object, field, value));
}

static inline void raw_set_child(uint32_t node, uint32_t side, uint32_t child) {
  raw_set(node, side, node_offsets[side], child);
}

static inline void raw_set_element(uint32_t array, uint32_t index, uint32_t element) {
  if (!compiled_store(array, element_offset(index), element))
    MUST(gcroots_raw_array_set_ref(heap, array, index, element));
}

/* Pushes a new tree. A tree of depth 0 is one node. */
void raw_push_tree(int depth);

/* The number of nodes of a tree. */
uint64_t raw_count_nodes(uint32_t tree);

#endif
