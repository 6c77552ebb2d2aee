/* Calls that the machine does not do in line: builtins, rest parameters, apply, continuations. They
 * work on the registers in memory. */
#include "builtins.h"
#include "errors.h"
#include "machine.h"
#include "syntax.h"

void push_frame(value procedure) {
  stack_reserve(3);
  push((value)frame_slot << 1 | 1);
  push((value)next_word << 1 | 1);
  push(procedure);
}

/* Leaves the frame whose arguments begin at a slot. */
static void leave(size_t frame) {
  stack_cut(frame - 3);
  frame_slot = stack[frame - 3] >> 1;
  next_word = (int32_t)(stack[frame - 2] >> 1);
  /* The caller's frame is the current one again, so the machine may write there. */
  stack_wrote(frame_slot - 3);
}

_Noreturn static void fail_count(value procedure) {
  fail("wrong number of arguments:", procedure);
}

/* Enters a closure: makes the list of a rest parameter, and room for the frame. */
static void enter_closure(size_t frame, int count) {
  const int32_t required = CODE_AT(VECTOR_AT(stack[frame - 1])->at[0])->required;
  if (required < 0) {
    const int32_t before = -1 - required;
    if (count < before) fail_count(stack[frame - 1]);
    push(EMPTY);
    for (; count > before; count--) push_pair();
  } else if (count != required) {
    fail_count(stack[frame - 1]);
  }
  stack_reserve((size_t)CODE_AT(VECTOR_AT(stack[frame - 1])->at[0])->frame_slots);
  frame_slot = frame;
  next_word = 0;
}

/* --- Continuations -------------------------------------------------------------------- */

/* The continuation of a frame: the slots below it, and where its caller goes on. */
static value new_continuation(size_t frame) {
  push(new_vector_of_slots(frame - 1));
  return new_struct_of_2(CONTINUATION, stack[stack_height() - 1], roots[HANDLERS]);
}

/* Puts the slots of a continuation back. Returns the frame to leave. */
static size_t resume(size_t frame) {
  const value continuation = stack[frame - 1];
  const value result = stack[frame];
  const uint32_t length = VECTOR_AT(CONTINUATION_AT(continuation)->slots)->length;
  set_root(HANDLERS, CONTINUATION_AT(continuation)->handlers);
  if (length + 2 > stack_height()) {
    stack_reserve(length + 2 - stack_height());
  }
  const struct vector *slots = VECTOR_AT(CONTINUATION_AT(continuation)->slots);
  memcpy(stack, slots->at, length * sizeof *stack);
  stack_wrote(0);
  stack_cut(length);
  push(FALSE);
  push(result);
  return length + 1;
}

/* An escape names the frame that it leaves, whose first slot has the escape as long as it holds. */
static size_t escape(size_t frame) {
  const value target = stack[frame - 1], result = stack[frame];
  const size_t left = ESCAPE_AT(target)->slot >> 1;
  if (left >= frame - 1 || stack[left] != target)
    fail("the continuation of this escape has ended", UNSET);
  set_root(HANDLERS, ESCAPE_AT(target)->handlers);
  stack_cut(left + 1);
  stack_put(left, result);
  return left;
}

/* (call/ec f): this frame keeps the escape, and goes on at the instruction behind `halt`, which
   leaves it. f gets a frame of its own. */
static void begin_escape(size_t frame) {
  const value made = new_struct_of_2(ESCAPE, (value)frame << 1 | 1, roots[HANDLERS]);
  const value procedure = stack[frame];
  stack_put(frame - 1, roots[HALT_CLOSURE]);
  stack_put(frame, made);
  frame_slot = frame;
  next_word = 1;
  push_frame(procedure);
  push(stack[frame]);
}

/* --- apply ---------------------------------------------------------------------------- */

/* (apply f a... list): the arguments move down onto the slot of apply. Returns their number. */
static int spread(size_t frame, int count) {
  value rest = stack[frame + (size_t)count - 1];
  const size_t last = frame + (size_t)count - 1;
  if (list_length(rest) < 0) fail_type("apply", "a list", rest);
  for (size_t slot = frame; slot <= last; slot++) stack_put(slot - 1, stack[slot]);
  stack_cut(last - 1);
  for (; is_pair(rest); rest = cdr(rest), count++) push(car(rest));
  return count - 2;
}

/* What a builtin without a function does. Returns the number of arguments of the next call, or -1
   if the frame is left with the topmost slot as the result. */
static int apply_special(enum special special, size_t *frame, int count) {
  switch (special) {
    case SPECIAL_APPLY: return spread(*frame, count);
    case SPECIAL_CALL_CC: {
      const value made = new_continuation(*frame);
      stack_put(*frame - 1, stack[*frame]);
      stack_put(*frame, made);
      stack_cut(*frame + 1);
      return 1;
    }
    case SPECIAL_SPREAD: { /* (%spread f values): calls f with the values */
      const value all = stack[*frame + 1];
      stack_put(*frame - 1, stack[*frame]);
      stack_cut(*frame);
      if (!is_kind(all, VALUES)) {
        push(all);
        return 1;
      }
      const uint32_t length = VECTOR_AT(all)->length;
      for (uint32_t i = 0; i < length; i++) push(VECTOR_AT(all)->at[i]);
      return (int)length;
    }
    case SPECIAL_CALL_EC:
      begin_escape(*frame);
      *frame = stack_height() - 1;
      return 1;
    default: /* SPECIAL_EVAL */
      stack_cut(*frame + 1);
      compile();
      stack_put(*frame - 1, pop());
      return 0;
  }
}

/* Calls a builtin. Returns -1 if `result` is its result, or the number of arguments of the call to
   do instead. */
static int apply_builtin(size_t *frame, int count, value *result) {
  const struct builtin *builtin = builtins[PRIMITIVE_AT(stack[*frame - 1])->index];
  if (count < builtin->least || (builtin->most >= 0 && count > builtin->most))
    fail_count(intern_text(builtin->name));
  if (builtin->function == NULL) return apply_special(builtin->special, frame, count);
  *result = builtin->function(stack + *frame, count);
  leave(*frame);
  return -1;
}

value apply(int count) {
  size_t frame = stack_height() - (size_t)count;
  value result = UNSPECIFIED;
  for (;;) {
    const value procedure = stack[frame - 1];
    if (is_kind(procedure, CLOSURE)) {
      enter_closure(frame, count);
      return UNSPECIFIED;
    }
    if (is_kind(procedure, PRIMITIVE)) {
      count = apply_builtin(&frame, count, &result);
      if (count < 0) return result;
    } else if (is_kind(procedure, CONTINUATION) || is_kind(procedure, ESCAPE)) {
      if (count != 1) fail_count(procedure);
      frame = is_kind(procedure, ESCAPE) ? escape(frame) : resume(frame);
      result = stack[frame];
      leave(frame);
      return result;
    } else {
      fail("not a procedure:", procedure);
    }
  }
}
