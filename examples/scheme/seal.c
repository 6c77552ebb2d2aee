/* Makes the prelude and the compiler independent of the program: a program may define `reverse` or
 * `list` for itself, and `map` and quasiquotation still use those of the prelude.
 *
 * After the prelude each global variable gets a second symbol of the same name and value, its twin.
 * The prelude's code and the names of global_named() then refer to the twins, which no program can
 * name. */
#include "marks.h"
#include "symbols.h"

/* Pushes each symbol that has a value, and its twin. `read` is left out: the prelude quotes it. */
static void push_twins(void) {
  const uint32_t length = VECTOR_AT(roots[SYMBOLS])->length;
  const size_t rest = push(EMPTY);
  for (uint32_t i = 0; i < length; i++) {
    stack_put(rest, VECTOR_AT(roots[SYMBOLS])->at[i]);
    for (; stack[rest] != EMPTY; stack_put(rest, cdr(stack[rest]))) {
      const value symbol = car(stack[rest]);
      if (SYMBOL_AT(symbol)->global == UNSET || symbol == symbol_named(NAME_read_error)) continue;
      push(symbol);
      const value twin = new_twin(symbol);
      push(twin);
    }
  }
}

/* The twin of a symbol is in the slot that its mark says. */
static value twin_of(value symbol) {
  const uint32_t slot = *mark_of(symbol);
  return slot == 0 ? symbol : stack[slot];
}

static void replace_constants(value code) {
  const value constants = CODE_AT(code)->constants;
  for (uint32_t i = 0; i < VECTOR_AT(constants)->length; i++) {
    const value constant = VECTOR_AT(constants)->at[i];
    if (is_kind(constant, SYMBOL)) set_element(constants, i, twin_of(constant));
    if (is_kind(constant, CODE)) push(constant);
  }
}

/* Replaces symbols in all code that can be reached from a procedure. Nothing is made, so marks stay
   valid. What is left to visit is on the stack. */
static void replace_from(value procedure) {
  const size_t end = stack_height();
  push(procedure);
  while (stack_height() > end) {
    const value v = pop();
    if (!is_kind(v, CLOSURE) && !is_kind(v, CODE) && !is_kind(v, CELL)) continue;
    uint32_t *is_visited = mark_of((uint64_t)1 << 32 | v);
    if (*is_visited != 0) continue;
    *is_visited = 1;
    if (is_kind(v, CODE)) {
      replace_constants(v);
    } else if (is_kind(v, CELL)) {
      push(CELL_AT(v)->content);
    } else {
      for (uint32_t i = 0; i < VECTOR_AT(v)->length; i++) push(VECTOR_AT(v)->at[i]);
    }
  }
}

void seal_prelude(void) {
  const size_t base = stack_height();
  push_twins();
  const size_t end = stack_height();
  marks_clear();
  for (size_t slot = base + 1; slot < end; slot += 2) *mark_of(stack[slot]) = (uint32_t)slot + 1;
  for (size_t slot = base + 1; slot < end; slot += 2) replace_from(SYMBOL_AT(stack[slot])->global);
  for (int name = 0; name < NAME_COUNT; name++)
    set_field(global_named((enum name)name), 3, twin_of(symbol_named((enum name)name)));
  stack_cut(base);
}
