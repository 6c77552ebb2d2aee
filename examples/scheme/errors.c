/* Raises errors as Scheme conditions, those of the library included. */
#include "errors.h"

#include "symbols.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>

jmp_buf *raise_target;
jmp_buf *no_gc_target;

void raise_value(value condition) {
  set_root(CONDITION_RAISED, condition);
  longjmp(*raise_target, 1);
}

/* Raises a condition. `kind` is the name of its kind, or NAME_COUNT if it has no kind. */
_Noreturn static void fail_of(enum name kind, const char *message, value irritant) {
  const size_t base = push(UNSET);
  push(irritant == UNSET ? EMPTY : irritant);
  if (irritant != UNSET) {
    push(EMPTY);
    push_pair();
  }
  stack_put(base, new_string_from(message, strlen(message)));
  const value made = kind == NAME_COUNT ? FALSE : symbol_named(kind);
  raise_value(new_struct_of_3(CONDITION, made, stack[base], stack[base + 1]));
}

void fail(const char *message, value irritant) {
  fail_of(NAME_COUNT, message, irritant);
}

void fail_file(const char *message, value irritant) {
  fail_of(NAME_file_error, message, irritant);
}

void fail_read(const char *message) {
  fail_of(NAME_read_error, message, UNSET);
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
