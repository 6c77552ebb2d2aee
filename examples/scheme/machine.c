/* The machine: one function for each instruction, and the loop that calls them, in line.
 *
 * The stack is a root range. The instructions write it by plain stores, and the registers that
 * point into it and into the heap are variables of C. Before each call that may collect, save()
 * tells the library how many slots are in use, and which may have been written since the last
 * collection: all from the lowest frame on that was the current one. Afterwards load() computes all
 * registers again, because everything may have moved. */
#include "machine.h"

#include "errors.h"
#include "instructions.h"
#include "numbers.h"
#include "symbols.h"

size_t frame_slot;
int32_t next_word;

struct registers {
  value accumulator;
  value *sp, *fp, *lowest;
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

/* --- Values --------------------------------------------------------------------------- */

#define OP(name) IN_LINE void op_##name(struct registers *r)

IN_LINE void push_value(struct registers *r, value v) {
  *r->sp++ = v;
}
IN_LINE value free_value(struct registers *r, int32_t number) {
  return VECTOR_AT(r->fp[-1])->at[number + 1];
}

_Noreturn static void fail_unset(struct registers r, value symbol) {
  save(&r);
  fail("the variable is not set:", symbol);
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
  CALL_OUT(r, new_cell(UNSET));
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
  CALL_OUT(r, new_cell(r->fp[slot]));
  r->fp[slot] = r->accumulator;
  r->accumulator = is_object(kept) ? UNSPECIFIED : kept;
}

/* --- Control -------------------------------------------------------------------------- */

OP(drop) {
  r->sp -= *r->pc++;
}
OP(jump) {
  const int32_t distance = *r->pc++;
  r->pc += distance;
}
OP(jump_if_false) {
  const int32_t distance = *r->pc++;
  if (r->accumulator == FALSE) r->pc += distance;
}
OP(jump_if_true) {
  const int32_t distance = *r->pc++;
  if (r->accumulator != FALSE) r->pc += distance;
}
OP(frame) {
  const int32_t distance = *r->pc++;
  r->sp[0] = (value)(r->fp - stack) << 1 | 1;
  r->sp[1] = (value)(r->pc + distance - r->words) << 1 | 1;
  r->sp[2] = FALSE;
  r->sp += 3;
}

/* Calls the accumulator. The arguments are on top of the stack, behind a slot for it. */
IN_LINE void enter(struct registers *r, int32_t count) {
  value *const frame = r->sp - count;
  frame[-1] = r->accumulator;
  if (LIKELY(is_kind(r->accumulator, CLOSURE))) {
    const struct code *code = CODE_AT(VECTOR_AT(r->accumulator)->at[0]);
    if (LIKELY(code->required == count && r->sp + code->frame_slots <= stack + stack_capacity)) {
      r->fp = frame;
      load_code(r, 0);
      return;
    }
  }
  CALL_OUT(r, apply(count));
}
OP(call) {
  enter(r, *r->pc++);
}
OP(tail_call) {
  const int32_t count = *r->pc++;
  const value *from = r->sp - count;
  if (from != r->fp)
    for (int32_t i = 0; i < count; i++) r->fp[i] = from[i];
  r->sp = r->fp + count;
  enter(r, count);
}
OP(return_value) {
  value *const frame = r->fp;
  r->sp = frame - 3;
  r->fp = stack + (frame[-3] >> 1);
  if (r->fp < r->lowest) r->lowest = r->fp;
  load_code(r, (int32_t)(frame[-2] >> 1));
}
OP(closure) {
  const value code = r->constants[*r->pc++];
  const int32_t count = *r->pc++;
  /* The captured values are on the stack. The code goes below them for a moment. */
  for (int32_t i = 0; i < count; i++) r->sp[-i] = r->sp[-i - 1];
  r->sp[-count] = code;
  r->sp++;
  CALL_OUT(r, new_vector_of_stack(CLOSURE, (uint32_t)count + 1));
  r->sp -= count + 1;
}

/* --- Pairs ---------------------------------------------------------------------------- */

_Noreturn static void fail_pair(struct registers r, const char *procedure) {
  save(&r);
  fail_type(procedure, "a pair", r.accumulator);
}
IN_LINE void follow(struct registers *r, const char *procedure, bool is_car) {
  if (!LIKELY(is_pair(r->accumulator))) fail_pair(*r, procedure);
  r->accumulator = is_car ? car(r->accumulator) : cdr(r->accumulator);
}
OP(car) {
  follow(r, "car", true);
}
OP(cdr) {
  follow(r, "cdr", false);
}
OP(cadr) {
  follow(r, "cadr", false);
  follow(r, "cadr", true);
}
OP(cddr) {
  follow(r, "cddr", false);
  follow(r, "cddr", false);
}
OP(caar) {
  follow(r, "caar", true);
  follow(r, "caar", true);
}
OP(is_null) {
  r->accumulator = boolean(r->accumulator == EMPTY);
}
OP(is_pair) {
  r->accumulator = boolean(is_pair(r->accumulator));
}
OP(not ) {
  r->accumulator = boolean(r->accumulator == FALSE);
}
OP(cons) {
  const value made = try_pair(r->sp[-1], r->accumulator);
  if (LIKELY(made != UNSET))
    r->accumulator = made;
  else
    CALL_OUT(r, new_struct_of_2(PAIR, r->sp[-1], r->accumulator));
  r->sp--;
}
OP(is_eq) {
  r->accumulator = boolean(*--r->sp == r->accumulator);
}

/* --- Numbers -------------------------------------------------------------------------- */

IN_LINE bool are_fixnums(value a, value b) {
  return ((a ^ FIXNUM_TAG) | (b ^ FIXNUM_TAG)) << 30 == 0;
}
IN_LINE bool are_flonums(value a, value b) {
  return is_kind(a, FLONUM) && is_kind(b, FLONUM);
}

IN_LINE void arithmetic(struct registers *r, enum operation operation, value a, value b) {
  int32_t sum;
  if (LIKELY(are_fixnums(a, b))) {
    const bool overflows =
        operation == ADD ? __builtin_add_overflow((int32_t)a, (int32_t)(b - FIXNUM_TAG), &sum)
        : operation == SUBTRACT
            ? __builtin_sub_overflow((int32_t)a, (int32_t)(b - FIXNUM_TAG), &sum)
            : __builtin_mul_overflow((int32_t)(a - FIXNUM_TAG), fixnum_value(b), &sum);
    if (LIKELY(!overflows)) {
      r->accumulator = (value)sum | FIXNUM_TAG;
      return;
    }
  } else if (are_flonums(a, b)) {
    const double x = FLONUM_AT(a)->number, y = FLONUM_AT(b)->number;
    const value made = try_flonum(operation == ADD ? x + y : operation == SUBTRACT ? x - y : x * y);
    if (LIKELY(made != UNSET)) {
      r->accumulator = made;
      return;
    }
  }
  CALL_OUT(r, calculate(operation, a, b));
}

/* The operands stay on the stack while a call makes the result. */
#define ARITHMETIC(name, operation)                      \
  OP(name) {                                             \
    arithmetic(r, operation, r->sp[-1], r->accumulator); \
    r->sp--;                                             \
  }
ARITHMETIC(add, ADD)
ARITHMETIC(subtract, SUBTRACT)
ARITHMETIC(multiply, MULTIPLY)

OP(add_number) {
  const value number = (value)*r->pc++;
  arithmetic(r, ADD, r->accumulator, number);
}

#define DIVISION(name, relation, function)                               \
  OP(name) {                                                             \
    const value a = r->sp[-1], b = r->accumulator;                       \
    if (LIKELY(are_fixnums(a, b) && b != fixnum(0) && b != fixnum(-1)))  \
      r->accumulator = fixnum(fixnum_value(a) relation fixnum_value(b)); \
    else                                                                 \
      CALL_OUT(r, function(a, b));                                       \
    r->sp--;                                                             \
  }
DIVISION(quotient, /, quotient)
DIVISION(remainder, %, remainder_of)

static bool compare_out(struct registers r, enum comparison comparison, value a, value b) {
  save(&r);
  return compare(comparison, a, b);
}

#define COMPARES(relation, comparison, a, b)                                      \
  (LIKELY(are_fixnums(a, b)) ? (int32_t)(a)relation(int32_t)(b)                   \
   : are_flonums(a, b)       ? FLONUM_AT(a)->number relation FLONUM_AT(b)->number \
                             : compare_out(*r, comparison, a, b))

#define COMPARISON(name, relation, comparison)                      \
  OP(name) {                                                        \
    const value a = r->sp[-1], b = r->accumulator;                  \
    r->accumulator = boolean(COMPARES(relation, comparison, a, b)); \
    r->sp--;                                                        \
  }
COMPARISON(less, <, LESS)
COMPARISON(greater, >, GREATER)
COMPARISON(less_equal, <=, LESS_EQUAL)
COMPARISON(greater_equal, >=, GREATER_EQUAL)
COMPARISON(equal, ==, EQUAL)

#define COMPARISON_WITH_NUMBER(name, relation, comparison)          \
  OP(name) {                                                        \
    const value a = r->accumulator, b = (value)*r->pc++;            \
    r->accumulator = boolean(COMPARES(relation, comparison, a, b)); \
  }
COMPARISON_WITH_NUMBER(less_number, <, LESS)
COMPARISON_WITH_NUMBER(greater_number, >, GREATER)
COMPARISON_WITH_NUMBER(equal_number, ==, EQUAL)

OP(is_zero) {
  const value a = r->accumulator, b = fixnum(0);
  r->accumulator = boolean(COMPARES(==, EQUAL, a, b));
}

/* --- Vectors, strings and records ----------------------------------------------------- */

_Noreturn static void fail_index(struct registers r, const char *procedure, value array,
                                 value index, enum kind kind) {
  save(&r);
  if (!is_kind(array, kind)) fail_type(procedure, kind == STRING ? "a string" : "a vector", array);
  fail_type(procedure, "an index that is in range", index);
}

IN_LINE uint32_t checked_index(struct registers *r, const char *procedure, value array, value index,
                               enum kind kind) {
  if (!LIKELY(is_kind(array, kind) && is_fixnum(index) &&
              (uint32_t)fixnum_value(index) < VECTOR_AT(array)->length))
    fail_index(*r, procedure, array, index, kind);
  return (uint32_t)fixnum_value(index);
}

OP(vector_ref) {
  const value vector = *--r->sp;
  const uint32_t index = checked_index(r, "vector-ref", vector, r->accumulator, VECTOR);
  r->accumulator = VECTOR_AT(vector)->at[index];
}
OP(vector_set) {
  const value vector = r->sp[-2];
  const uint32_t index = checked_index(r, "vector-set!", vector, r->sp[-1], VECTOR);
  set_element(vector, index, r->accumulator);
  r->accumulator = UNSPECIFIED;
  r->sp -= 2;
}
OP(string_ref) {
  const value string = *--r->sp;
  const uint32_t index = checked_index(r, "string-ref", string, r->accumulator, STRING);
  r->accumulator = character((uint32_t)STRING_AT(string)->at[index]);
}

_Noreturn static void fail_record(struct registers r, value record) {
  save(&r);
  fail("not a record of the right type:", record);
}
OP(record_ref) {
  const value record = r->sp[-2], type = r->sp[-1];
  if (!LIKELY(is_kind(record, RECORD) && VECTOR_AT(record)->at[0] == type)) fail_record(*r, record);
  r->accumulator = VECTOR_AT(record)->at[fixnum_value(r->accumulator)];
  r->sp -= 2;
}

/* --- The loop ------------------------------------------------------------------------- */

/* Runs from the registers in memory on. */
static value interpret(value accumulator) {
  struct registers r;
  load(&r);
  r.accumulator = accumulator;
  for (;;) {
    switch (*r.pc++) {
#define X(name) \
  case INSTRUCTION_##name: op_##name(&r); break;
      INSTRUCTIONS(X)
#undef X
      default: save(&r); return r.accumulator;
    }
  }
}

/* Calls the procedure `raise` with the condition that was raised, where it was raised. */
static value call_raise(void) {
  const value condition = roots[CONDITION_RAISED];
  const value procedure = SYMBOL_AT(symbol_named(NAME_raise))->global;
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
