/* The machine: one function for each instruction, and the loop that has them all in line. The
 * instructions are here, in calls.h and in operations.h. */
#include "machine.h"

#include "calls.h"
#include "errors.h"
#include "instructions.h"
#include "operations.h"
#include "symbols.h"

size_t frame_slot;
int32_t next_word;

/* --- Values --------------------------------------------------------------------------- */

IN_LINE value free_value(struct registers *r, int32_t number) {
  return VECTOR_AT(r->fp[-1])->at[number + 1];
}

IN_LINE value content_of(struct registers *r, value cell) {
  const value v = CELL_AT(cell)->content;
  if (!LIKELY(v != UNSET)) fail_unset(*r, UNSET);
  return v;
}

OP(constant) {
  r->accumulator = r->constants[*r->pc++];
}
OP(immediate) {
  r->accumulator = (value)*r->pc++;
}
OP(local) {
  r->accumulator = r->fp[*r->pc++];
}
OP(free) {
  r->accumulator = free_value(r, *r->pc++);
}
OP(local_cell) {
  r->accumulator = content_of(r, r->fp[*r->pc++]);
}
OP(free_cell) {
  r->accumulator = content_of(r, free_value(r, *r->pc++));
}
OP(self) {
  r->accumulator = r->fp[-1];
}
OP(global) {
  const value symbol = r->constants[*r->pc++];
  r->accumulator = SYMBOL_AT(symbol)->global;
  if (!LIKELY(r->accumulator != UNSET)) fail_unset(*r, symbol);
}
OP(push) {
  push_value(r, r->accumulator);
}
OP(push_immediate) {
  push_value(r, (value)*r->pc++);
}
OP(push_local) {
  push_value(r, r->fp[*r->pc++]);
}
OP(push_free) {
  push_value(r, free_value(r, *r->pc++));
}
OP(push_cell) {
  MAKE(r, new_cell(UNSET));
  push_value(r, r->accumulator);
}

/* --- Stores --------------------------------------------------------------------------- */

OP(set_local) {
  r->fp[*r->pc++] = r->accumulator;
}
OP(set_local_cell) {
  set_field(r->fp[*r->pc++], 0, r->accumulator);
  r->accumulator = UNSPECIFIED;
}
OP(set_free_cell) {
  set_field(free_value(r, *r->pc++), 0, r->accumulator);
  r->accumulator = UNSPECIFIED;
}
OP(set_global) {
  const value symbol = r->constants[*r->pc++];
  if (!LIKELY(SYMBOL_AT(symbol)->global != UNSET)) fail_unset(*r, symbol);
  set_field(symbol, 1, r->accumulator);
  r->accumulator = UNSPECIFIED;
}
OP(define_global) {
  set_field(r->constants[*r->pc++], 1, r->accumulator);
  r->accumulator = UNSPECIFIED;
}
OP(box) {
  const int32_t slot = *r->pc++;
  const value kept = r->accumulator;
  MAKE(r, new_cell(r->fp[slot]));
  r->fp[slot] = r->accumulator;
  r->accumulator = is_object(kept) ? UNSPECIFIED : kept;
}

/* --- The loop ------------------------------------------------------------------------- */

/* Runs from the registers in memory on. With GNU C each instruction ends with a jump of its own to
   the next one: the processor predicts these jumps better than the single one of a switch. */
#ifdef __GNUC__
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
static value interpret(value accumulator) {
#define X(name) &&at_##name,
  static const void *const places[] = {INSTRUCTIONS(X) && at_halt};
#undef X
  struct registers r;
  load(&r);
  r.accumulator = accumulator;
  goto *places[*r.pc++];
#define X(name)              \
  at_##name : op_##name(&r); \
  goto *places[*r.pc++];
  INSTRUCTIONS(X)
#undef X
at_halt:
  save(&r);
  return r.accumulator;
}
#pragma GCC diagnostic pop
#else
static value interpret(value accumulator) {
  struct registers r;
  load(&r);
  r.accumulator = accumulator;
  for (;;) {
    switch (*r.pc++) {
#define X(name)            \
  case INSTRUCTION_##name: \
    op_##name(&r);         \
    break;
      INSTRUCTIONS(X)
#undef X
      default: save(&r); return r.accumulator;
    }
  }
}
#endif

/* Calls the procedure `raise` with the condition that was raised, where it was raised. */
static value call_raise(void) {
  const value condition = roots[CONDITION_RAISED];
  const value procedure = SYMBOL_AT(SYMBOL_AT(global_named(NAME_raise))->base)->global;
  if (procedure == UNSET) machine_stop(condition);
  push_frame(procedure);
  push(condition);
  return apply(1);
}

/* How machine_run() is left by a jump. */
enum { RAISED = 1, STOPPED = 2 };

void machine_stop(value condition) {
  set_root(CONDITION_RAISED, condition);
  longjmp(*raise_target, STOPPED);
}

bool machine_run(void) {
  jmp_buf *const outer = raise_target;
  jmp_buf target;
  const volatile size_t base = stack_height() - 1;
  value result;
  raise_target = &target;
  const int jumped = setjmp(target);
  if (jumped == 0) {
    const value procedure = stack[base];
    frame_slot = 0;
    next_word = 0;
    push_frame(roots[HALT_CLOSURE]);
    frame_slot = stack_height();
    push_frame(procedure);
    result = interpret(apply(0));
  } else if (jumped == RAISED) {
    result = interpret(call_raise());
  } else {
    result = roots[CONDITION_RAISED];
  }
  raise_target = outer;
  stack_cut(base);
  push(result);
  return jumped != STOPPED;
}

void machine_open(void) {
  static const int32_t halt[2] = {INSTRUCTION_halt, INSTRUCTION_return_value};
  gcroots_raw_val_t fields[5];
  memset(fields, 0, sizeof fields);
  push(new_words(halt, 2));
  push(new_vector(VECTOR, 0, UNSET));
  fields[0].ref = stack[stack_height() - 2];
  fields[1].ref = stack[stack_height() - 1];
  fields[2].ref = FALSE;
  push(new_struct(CODE, fields, 5));
  set_root(HALT_CLOSURE, new_vector_of_stack(CLOSURE, 1));
  stack_cut(stack_height() - 3);
}
