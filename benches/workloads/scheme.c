/* The shape of a small Scheme: numbers are i31s, pairs and environments are structs of two
 * references, and the evaluator's stack is a root range. The program makes lists, maps them
 * and folds them, and computes Fibonacci numbers. A unit is a call of a Scheme function. */
#include "raw.h"

#include "sizes.h"

/* --- Values ---------------------------------------------------------------------- */

/* Makes a struct of the two topmost slots of the stack, and puts it into their place. */
static void (*make)(void);

static uint32_t number(int32_t value) {
  return (uint32_t)value << 1 | 1;
}

static int32_t value_of(uint32_t bits) {
  return (int32_t)bits >> 1;
}

static void make_raw(void) {
  gcroots_raw_val_t fields[CHILDREN];
  fields[LEFT].ref = raw_stack[raw_range.count - 2];
  fields[RIGHT].ref = raw_stack[raw_range.count - 1];
  raw_put(raw_range.count - 2, raw_new_node(fields));
  raw_range.count--;
}

/* The same without the calls for raw references: by handles of a scope. */
static void make_by_handles(void) {
  gcroots_val_t fields[CHILDREN];
  gcroots_ref_t made;
  gcroots_scope_t scope;
  MUST(gcroots_scope_enter(heap, &scope));
  for (int side = LEFT; side < CHILDREN; side++) {
    fields[side].kind = GCROOTS_STORAGE_REF;
    MUST(gcroots_ref_from_raw(heap, raw_stack[raw_range.count - 2 + side], &fields[side].of.ref));
  }
  MUST(gcroots_struct_new(heap, node_type, fields, CHILDREN, &made));
  MUST(gcroots_ref_to_raw(heap, made, &raw_stack[raw_range.count - 2]));
  raw_wrote(raw_range.count - 2);
  MUST(gcroots_scope_exit(heap, scope));
  raw_range.count--;
}

/* --- Expressions ----------------------------------------------------------------- */

/* An environment is a struct of a variable's value and the environment around it. */
enum kind { NUMBER, VARIABLE, ADD, SUBTRACT, MULTIPLY, IF_LESS_2, IF_EMPTY, CONS, CAR, CDR, CALL };

struct expression {
  enum kind kind;
  int32_t number; /* NUMBER: its value; VARIABLE: how many environments out */
  const struct expression *a, *b, *c;
};

static uint64_t calls;

/* Pushes the value of an expression. The environment is the slot at `frame`. */
static void evaluate(const struct expression *e, size_t frame) {
  uint32_t of, x, y;
  switch (e->kind) {
    case NUMBER: raw_push(number(e->number)); return;
    case VARIABLE:
      of = raw_stack[frame];
      for (int32_t out = e->number; out > 0; out--) of = raw_child(of, RIGHT);
      raw_push(raw_child(of, LEFT));
      return;
    case IF_LESS_2:
      evaluate(e->a, frame);
      evaluate(value_of(raw_pop()) < 2 ? e->b : e->c, frame);
      return;
    case IF_EMPTY:
      evaluate(e->a, frame);
      evaluate(raw_pop() == 0 ? e->b : e->c, frame);
      return;
    case CONS:
      evaluate(e->a, frame);
      evaluate(e->b, frame);
      make();
      return;
    case CAR:
    case CDR:
      evaluate(e->a, frame);
      raw_push(raw_child(raw_pop(), e->kind == CAR ? LEFT : RIGHT));
      return;
    case CALL:
      calls++;
      evaluate(e->a, frame);
      raw_push(raw_stack[frame]);
      make();
      evaluate(e->b, raw_range.count - 1);
      x = raw_pop();
      raw_put(raw_range.count - 1, x);
      return;
    default:
      evaluate(e->a, frame);
      evaluate(e->b, frame);
      y = raw_pop(), x = raw_pop();
      if (e->kind == ADD) raw_push(number(value_of(x) + value_of(y)));
      if (e->kind == SUBTRACT) raw_push(number(value_of(x) - value_of(y)));
      if (e->kind == MULTIPLY) raw_push(number(value_of(x) * value_of(y)));
  }
}

/* --- The program ----------------------------------------------------------------- */

static const struct expression variable = {VARIABLE, 0, NULL, NULL, NULL},
                               zero = {NUMBER, 0, NULL, NULL, NULL},
                               one = {NUMBER, 1, NULL, NULL, NULL},
                               two = {NUMBER, 2, NULL, NULL, NULL};
static const struct expression less_1 = {SUBTRACT, 0, &variable, &one, NULL},
                               less_2 = {SUBTRACT, 0, &variable, &two, NULL},
                               rest = {CDR, 0, &variable, NULL, NULL},
                               head = {CAR, 0, &variable, NULL, NULL};

/* (fib n) */
static const struct expression fib;
static const struct expression fib_1 = {CALL, 0, &less_1, &fib, NULL},
                               fib_2 = {CALL, 0, &less_2, &fib, NULL},
                               fib_sum = {ADD, 0, &fib_1, &fib_2, NULL};
static const struct expression fib = {IF_LESS_2, 0, &variable, &variable, &fib_sum};

/* (squares list): the list of their squares; the empty list is the null reference. */
static const struct expression squares;
static const struct expression square = {MULTIPLY, 0, &head, &head, NULL},
                               more_squares = {CALL, 0, &rest, &squares, NULL},
                               squares_cons = {CONS, 0, &square, &more_squares, NULL};
static const struct expression squares = {IF_EMPTY, 0, &variable, &variable, &squares_cons};

/* (sum list) */
static const struct expression sum;
static const struct expression more_sum = {CALL, 0, &rest, &sum, NULL},
                               sum_add = {ADD, 0, &head, &more_sum, NULL};
static const struct expression sum = {IF_EMPTY, 0, &variable, &zero, &sum_add};

/* Calls a function of the value on top of the stack, and returns the answer. */
static int32_t apply(const struct expression *function) {
  size_t frame = raw_range.count;
  raw_push(0);
  make();
  evaluate(function, frame - 1);
  raw_range.count = frame;
  return value_of(raw_stack[frame]);
}

static uint64_t run_program(void) {
  calls = 0;
  for (int round = 0; round < SCHEME_ROUNDS; round++) {
    const struct expression map_and_sum = {CALL, 0, &more_squares, &sum, NULL};
    request_begins();
    raw_push(number(SCHEME_FIB));
    EXPECT(apply(&fib) == SCHEME_FIB_VALUE);
    raw_range.count = 0;
    raw_push(0);
    for (int32_t i = SCHEME_LENGTH; i >= 0; i--) {
      uint32_t list = raw_pop();
      raw_push(number(i % 10));
      raw_push(list);
      make();
    }
    /* The squares of all but the first. */
    EXPECT(apply(&map_and_sum) == SCHEME_SUM);
    raw_range.count = 0;
    request_ends();
  }
  return calls;
}

static uint64_t scheme_with(void (*maker)(void)) {
  uint64_t units;
  make = maker;
  raw_begin();
  units = run_program();
  raw_end();
  return units;
}

uint64_t scheme_by_handles(void) {
  return scheme_with(make_by_handles);
}

uint64_t scheme_raw(void) {
  return scheme_with(make_raw);
}
