/* The instructions that jump, call, return, and make closures. */
#ifndef SCHEME_CALLS_H
#define SCHEME_CALLS_H

#include "builtins.h"
#include "errors.h"
#include "registers.h"

#include <stddef.h>

/* --- Jumps ---------------------------------------------------------------------------- */

OP(drop) {
  r->sp -= operand(r);
}
OP(jump) {
  jump_if(r, true);
}
OP(jump_if_false) {
  jump_if(r, r->accumulator == FALSE);
}
OP(jump_if_true) {
  jump_if(r, r->accumulator != FALSE);
}

/* --- Calls ---------------------------------------------------------------------------- */

OP(frame) {
  const int32_t distance = operand(r);
  r->sp[0] = (value)(r->fp - stack) << 1 | 1;
  r->sp[1] = (value)(r->pc + distance - r->words) << 1 | 1;
  r->sp[2] = FALSE;
  r->sp += 3;
}

/* Enters a closure whose arguments are on top of the stack, behind a slot for it. Returns false if
   the machine must do more: a rest parameter, a wrong number, a larger stack. */
IN_LINE bool enter_closure(struct registers *r, value closure, int32_t count) {
  if (!LIKELY(is_kind(closure, CLOSURE))) return false;
  const struct code *code = CODE_AT(VECTOR_AT(closure)->at[0]);
  if (!LIKELY(code->required == count && r->sp + code->frame_slots <= r->limit)) return false;
  r->fp = r->sp - count;
  r->fp[-1] = closure;
  load_code(r, 0);
  return true;
}

/* Calls a builtin from the frame of its caller, which it needs no frame beside: the caller goes on
   behind this instruction. Returns false if apply() must do it. */
IN_LINE bool call_builtin(struct registers *r, value procedure, int32_t count) {
  if (!is_kind(procedure, PRIMITIVE)) return false;
  const struct builtin *builtin = builtins[PRIMITIVE_AT(procedure)->index];
  if (builtin->function == NULL || count < builtin->least ||
      (builtin->most >= 0 && count > builtin->most))
    return false;
  const ptrdiff_t height = r->sp - stack - count - 3;
  CALL_OUT(r, builtin->function(r->sp - count, count));
  r->sp = stack + height; /* the builtin may have left values above */
  return true;
}

IN_LINE void call(struct registers *r, value procedure, int32_t count) {
  if (LIKELY(enter_closure(r, procedure, count)) || call_builtin(r, procedure, count)) return;
  r->sp[-count - 1] = procedure;
  CALL_OUT(r, apply(count));
}

/* Moves the arguments down to slots of the current frame, and drops what is above them. */
IN_LINE void move_arguments(struct registers *r, int32_t count, value *to) {
  const value *from = r->sp - count;
  if (from != to)
    for (int32_t i = 0; i < count; i++) to[i] = from[i];
  r->sp = to + count;
}
IN_LINE void tail_call(struct registers *r, value procedure, int32_t count) {
  move_arguments(r, count, r->fp);
  if (LIKELY(enter_closure(r, procedure, count))) return;
  r->fp[-1] = procedure;
  CALL_OUT(r, apply(count));
}

/* The procedure that a global variable names. */
IN_LINE value called_global(struct registers *r) {
  const value symbol = r->constants[operand(r)];
  const value procedure = SYMBOL_AT(symbol)->global;
  if (!LIKELY(procedure != UNSET)) fail_unset(*r, symbol);
  return procedure;
}

OP(call) {
  call(r, r->accumulator, operand(r));
}
OP(call_global) {
  const value procedure = called_global(r);
  call(r, procedure, operand(r));
}
OP(tail_call) {
  tail_call(r, r->accumulator, operand(r));
}
OP(tail_call_global) {
  const value procedure = called_global(r);
  tail_call(r, procedure, operand(r));
}

/* A procedure that calls itself by a variable that nothing assigns needs no checks: it is a
   closure, and the compiler has compared the number of arguments. A tail call is a loop. */
OP(call_self) {
  const int32_t count = operand(r);
  const value closure = r->fp[-1];
  if (!LIKELY(r->sp + CODE_AT(VECTOR_AT(closure)->at[0])->frame_slots <= r->limit)) {
    r->sp[-count - 1] = closure;
    CALL_OUT(r, apply(count));
    return;
  }
  r->fp = r->sp - count;
  r->fp[-1] = closure;
  r->pc = r->words;
}
OP(tail_call_self) {
  move_arguments(r, operand(r), r->fp);
  r->pc = r->words;
}

OP(repeat) {
  const int32_t count = operand(r);
  move_arguments(r, count, r->fp + operand(r));
  jump_if(r, true);
}
OP(return_value) {
  value *const frame = r->fp;
  r->sp = frame - 3;
  r->fp = stack + (frame[-3] >> 1);
  if (r->fp < r->lowest) r->lowest = r->fp;
  load_code(r, (int32_t)(frame[-2] >> 1));
}

/* --- Closures ------------------------------------------------------------------------- */

OP(closure) {
  const value code = r->constants[operand(r)];
  const int32_t count = operand(r);
  /* The captured values are on the stack. The code goes below them for a moment. */
  for (int32_t i = 0; i < count; i++) r->sp[-i] = r->sp[-i - 1];
  r->sp[-count] = code;
  r->sp++;
  MAKE(r, new_vector_of_stack(CLOSURE, (uint32_t)count + 1));
  r->sp -= count + 1;
}

#endif
