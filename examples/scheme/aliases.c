/* What a macro put into a quotation has aliases for symbols. They are replaced in a copy, because
 * the form belongs to the program, which may use it again. In the no-GC span of the compiler. */
#include "errors.h"
#include "marks.h"
#include "syntax.h"

enum { DEEPEST = 10000 };
static int depth;

static void descend(void) {
  if (++depth > DEEPEST) fail("a quotation is nested too deeply", UNSET);
}

static bool is_alias(value v) {
  return is_kind(v, SYMBOL) && SYMBOL_AT(v)->base != FALSE;
}

/* Whether a form has aliases. Each object is visited once, because quotations may be circular. */
static bool has_aliases(value form) {
  descend();
  bool found = false;
  while (!found && is_pair(form) && *mark_of(form) == 0) {
    *mark_of(form) = 1;
    found = has_aliases(car(form));
    form = cdr(form);
  }
  if (!found && is_kind(form, VECTOR) && *mark_of(form) == 0) {
    *mark_of(form) = 1;
    for (uint32_t i = 0; i < VECTOR_AT(form)->length && !found; i++)
      found = has_aliases(VECTOR_AT(form)->at[i]);
  }
  depth--;
  return found || is_alias(form);
}

static value copy(value form);

static value copy_list(value form) {
  value first = EMPTY, last = EMPTY;
  for (; is_pair(form); form = cdr(form)) {
    const value pair = new_pair(copy(car(form)), EMPTY);
    if (last == EMPTY)
      first = pair;
    else
      set_cdr(last, pair);
    last = pair;
  }
  set_cdr(last, copy(form));
  return first;
}

static value copy(value form) {
  if (is_kind(form, SYMBOL)) {
    while (SYMBOL_AT(form)->base != FALSE) form = SYMBOL_AT(form)->base;
    return form;
  }
  descend();
  if (is_pair(form)) {
    form = copy_list(form);
  } else if (is_kind(form, VECTOR)) {
    const uint32_t length = VECTOR_AT(form)->length;
    const value made = new_vector(VECTOR, length, FALSE);
    for (uint32_t i = 0; i < length; i++) set_element(made, i, copy(VECTOR_AT(form)->at[i]));
    form = made;
  }
  depth--;
  return form;
}

value strip_aliases(value form) {
  if (is_kind(form, SYMBOL)) return copy(form);
  if (!is_pair(form) && !is_kind(form, VECTOR)) return form;
  depth = 0;
  marks_clear();
  if (!has_aliases(form)) return form;
  if (find_labels(form, CYCLES)) fail("a macro made a circular quotation", UNSET);
  depth = 0;
  return copy(form);
}
