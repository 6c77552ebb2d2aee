/* Raises errors as Scheme conditions, those of the library included. */
#include "errors.h"

#include "text.h"

#include <stdio.h>
#include <stdlib.h>

jmp_buf *raise_target;
jmp_buf *no_gc_target;

void raise_value(value condition) {
  set_root(CONDITION_RAISED, condition);
  longjmp(*raise_target, 1);
}

/* Makes a condition of a message and of the irritants on top of the stack, and raises it. */
void fail(const char *message, value irritant) {
  size_t base = stack_height();
  push(UNSET);
  if (irritant == UNSET) {
    push(EMPTY);
  } else {
    push(irritant);
    push(EMPTY);
    push_pair();
  }
  stack_put(base, new_string_from(message, strlen(message)));
  raise_value(new_struct_of_3(CONDITION, FALSE, stack[base], stack[base + 1]));
}

void fail_type(const char *procedure, const char *expected, value irritant) {
  char message[120];
  snprintf(message, sizeof message, "%s: not %s:", procedure, expected);
  fail(message, irritant);
}

/* The condition for a full heap was made in advance, and the reserve gives handlers some room. */
void library_failed(gcroots_status_t status) {
  if (status == GCROOTS_ERROR_NO_GC && no_gc_target != NULL) longjmp(*no_gc_target, 1);
  if (status != GCROOTS_ERROR_OUT_OF_MEMORY && status != GCROOTS_ERROR_LIMIT &&
      status != GCROOTS_ERROR_NO_GC)
    must(status);
  set_root(RESERVE, UNSET);
  raise_value(roots[OUT_OF_MEMORY]);
}

void report(value condition) {
  const size_t slot = push(condition);
  fflush(stdout);
  text_clear();
  if (!is_kind(condition, CONDITION)) {
    text_add("uncaught: ");
    text_add_value(condition, true, 2000);
  } else {
    text_add("error: ");
    text_add_value(CONDITION_AT(condition)->message, false, 2000);
    for (value rest = CONDITION_AT(condition)->irritants; is_pair(rest); rest = cdr(rest)) {
      text_add(" ");
      text_add_value(car(rest), true, 2000);
    }
  }
  fprintf(stderr, "%s\n", text_bytes());
  stack_cut(slot);
}
