/* The registers of the machine, and what leads from them to the registers in memory and back.
 *
 * The stack is a root range. The instructions write it by plain stores, and the registers that
 * point into it and into the heap are variables of C. Before each call that may collect, save()
 * tells the library how many slots are in use, and which may have been written since the last
 * collection: all from the lowest frame on that was the current one. Afterwards load() computes all
 * registers again, because everything may have moved. */
#ifndef SCHEME_REGISTERS_H
#define SCHEME_REGISTERS_H

#include "errors.h"
#include "machine.h"

struct registers {
  value accumulator;
  value *sp, *fp, *lowest, *limit; /* the end of the stack's memory */
  const int32_t *pc, *words;
  const value *constants;
};

#define IN_LINE static inline __attribute__((always_inline))
#define LIKELY(condition) __builtin_expect(!!(condition), 1)

/* --- Registers ------------------------------------------------------------------------ */

/* The frame's closure tells where instructions and constants are. */
IN_LINE void load_code(struct registers *r, int32_t word) {
  const struct code *code = CODE_AT(VECTOR_AT(r->fp[-1])->at[0]);
  r->words = WORDS_AT(code->words)->at;
  r->constants = VECTOR_AT(code->constants)->at;
  r->pc = r->words + word;
}

IN_LINE void load(struct registers *r) {
  r->sp = stack + stack_range.count;
  r->fp = r->lowest = stack + frame_slot;
  r->limit = stack + stack_capacity;
  load_code(r, next_word);
}

IN_LINE void save(struct registers *r) {
  stack_range.count = (size_t)(r->sp - stack);
  frame_slot = (size_t)(r->fp - stack);
  next_word = (int32_t)(r->pc - r->words);
  stack_wrote((size_t)(r->lowest - stack) - 3);
}

/* Calls something that may collect, and sets the accumulator to its result. */
#define CALL_OUT(r, call)                  \
  do {                                     \
    const value result_ = (save(r), call); \
    load(r);                               \
    (r)->accumulator = result_;            \
  } while (0)

/* The same if it collects rarely. */
#define MAKE(r, call)                                \
  do {                                               \
    const uint64_t slow_ = slow_allocations;         \
    const value result_ = (save(r), call);           \
    if (!LIKELY(slow_ == slow_allocations)) load(r); \
    (r)->accumulator = result_;                      \
  } while (0)

/* An instruction. The machine's loop has them all in line. */
#define OP(name) IN_LINE void op_##name(struct registers *r)

IN_LINE void push_value(struct registers *r, value v) {
  *r->sp++ = v;
}
/* The next operand of the instruction. */
IN_LINE int32_t operand(struct registers *r) {
  return *r->pc++;
}
IN_LINE void jump_if(struct registers *r, bool condition) {
  const int32_t distance = operand(r);
  if (condition) r->pc += distance;
}

_Noreturn static void fail_unset(struct registers r, value symbol) {
  save(&r);
  fail("the variable is not set:", symbol);
}

#endif
