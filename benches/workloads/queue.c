/* A long queue as a linked list. Each step appends an element, whose predecessor is old by
 * the next collection, and removes the first one. A unit is an element. */
#include "workload.h"

#include "sizes.h"

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

static bool one_is_left(void) {
  bool same;
  MUST(gcroots_ref_eq(heap, first, last, &same));
  return same;
}

uint64_t queue(void) {
  const gcroots_ref_t null = gcroots_ref_null();
  gcroots_scope_t scope, inner;
  uint64_t left = 1;
  MUST(gcroots_scope_enter(heap, &scope));
  MUST(gcroots_local_new(heap, null, &first));
  /* The handle of the first element ends, or it would keep all elements alive. */
  MUST(gcroots_scope_enter(heap, &inner));
  MUST(gcroots_ref_assign(heap, first, new_node(null, null)));
  MUST(gcroots_scope_exit(heap, inner));
  MUST(gcroots_local_new(heap, first, &last));
  for (int length = 1; length < QUEUE_LENGTH; length++) append();
  for (int step = 0; step < QUEUE_PASSES; step++) {
    if (step % REQUEST == 0) request_begins();
    append();
    MUST(gcroots_struct_get_ref_into(heap, first, RIGHT, first));
    if (step % REQUEST == REQUEST - 1) request_ends();
  }
  for (; !one_is_left(); left++) MUST(gcroots_struct_get_ref_into(heap, first, RIGHT, first));
  EXPECT(left == QUEUE_LENGTH);
  MUST(gcroots_scope_exit(heap, scope));
  return QUEUE_LENGTH + QUEUE_PASSES;
}
