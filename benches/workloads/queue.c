/* A long queue as a linked list. Each step appends an element, whose predecessor is old by
 * the next collection, and removes the first one. A unit is an element. */
#include "raw.h"

#include "sizes.h"

/* Fills a queue of one element, passes elements through it, and counts what is left. */
static inline uint64_t pass_elements(void (*append)(void), void (*remove_first)(void),
                                     bool (*one_is_left)(void)) {
  uint64_t left = 1;
  for (int length = 1; length < QUEUE_LENGTH; length++) append();
  for (int step = 0; step < QUEUE_PASSES; step++) {
    if (step % REQUEST == 0) request_begins();
    append();
    remove_first();
    if (step % REQUEST == REQUEST - 1) request_ends();
  }
  for (; !one_is_left(); left++) remove_first();
  EXPECT(left == QUEUE_LENGTH);
  return QUEUE_LENGTH + QUEUE_PASSES;
}

/* --- By handles ------------------------------------------------------------------ */

/* The first and the last element, as locals. */
static gcroots_ref_t first, last;

static void append(void) {
  gcroots_scope_t scope;
  gcroots_ref_t element;
  MUST(gcroots_scope_enter(heap, &scope));
  element = new_node(gcroots_ref_null(), gcroots_ref_null());
  MUST(gcroots_struct_set_ref(heap, last, RIGHT, element));
  MUST(gcroots_ref_assign(heap, last, element));
  MUST(gcroots_scope_exit(heap, scope));
}

static void remove_first(void) {
  MUST(gcroots_struct_get_ref_into(heap, first, RIGHT, first));
}

static bool one_is_left(void) {
  bool same;
  MUST(gcroots_ref_eq(heap, first, last, &same));
  return same;
}

uint64_t queue(void) {
  const gcroots_ref_t null = gcroots_ref_null();
  gcroots_scope_t scope, inner;
  uint64_t elements;
  MUST(gcroots_scope_enter(heap, &scope));
  MUST(gcroots_local_new(heap, null, &first));
  /* The handle of the first element ends, or it would keep all elements alive. */
  MUST(gcroots_scope_enter(heap, &inner));
  MUST(gcroots_ref_assign(heap, first, new_node(null, null)));
  MUST(gcroots_scope_exit(heap, inner));
  MUST(gcroots_local_new(heap, first, &last));
  elements = pass_elements(append, remove_first, one_is_left);
  MUST(gcroots_scope_exit(heap, scope));
  return elements;
}

/* --- By raw references ----------------------------------------------------------- */

/* The slots of the first and the last element. */
enum { FIRST, LAST };

static uint32_t new_element(void) {
  gcroots_raw_val_t children[CHILDREN];
  children[LEFT].ref = children[RIGHT].ref = 0;
  return raw_new_node(children);
}

static void append_raw(void) {
  const uint32_t element = new_element();
  raw_set_child(raw_stack[LAST], RIGHT, element);
  raw_put(LAST, element);
}

static void remove_first_raw(void) {
  raw_put(FIRST, raw_child(raw_stack[FIRST], RIGHT));
}

static bool one_is_left_raw(void) {
  return raw_stack[FIRST] == raw_stack[LAST];
}

uint64_t queue_raw(void) {
  uint64_t elements;
  raw_begin();
  raw_push(new_element());
  raw_push(raw_stack[FIRST]);
  elements = pass_elements(append_raw, remove_first_raw, one_is_left_raw);
  raw_end();
  return elements;
}
