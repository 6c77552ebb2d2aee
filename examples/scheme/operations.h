/* The instructions that are procedures in line: on pairs, numbers, vectors, strings and records. */
#ifndef SCHEME_OPERATIONS_H
#define SCHEME_OPERATIONS_H

#include "errors.h"
#include "numbers.h"
#include "registers.h"

/* --- Forms ---------------------------------------------------------------------------- */

/* The forms of an instruction (instructions.h) of a function do_name(r, a, b), which sets the
   accumulator. */
#define UNARY_OPS(name)              \
  OP(name) {                         \
    do_##name(r, r->accumulator);    \
  }                                  \
  OP(name##_local) {                 \
    do_##name(r, r->fp[operand(r)]); \
  }
#define BINARY_OPS(name)                      \
  OP(name) {                                  \
    const value a = *--r->sp;                 \
    do_##name(r, a, r->accumulator);          \
  }                                           \
  OP(name##_immediate) {                      \
    const value b = (value)operand(r);        \
    do_##name(r, r->accumulator, b);          \
  }                                           \
  OP(name##_local) {                          \
    const value b = r->fp[operand(r)];        \
    do_##name(r, r->accumulator, b);          \
  }                                           \
  OP(name##_constant) {                       \
    const value b = r->constants[operand(r)]; \
    do_##name(r, r->accumulator, b);          \
  }

/* Those of a function holds_name(r, a, b). */
#define UNARY_TEST_OPS(name)                                    \
  IN_LINE void do_##name(struct registers *r, value a) {        \
    r->accumulator = boolean(holds_##name(r, a));               \
  }                                                             \
  IN_LINE void do_unless_##name(struct registers *r, value a) { \
    jump_if(r, !holds_##name(r, a));                            \
  }                                                             \
  IN_LINE void do_when_##name(struct registers *r, value a) {   \
    jump_if(r, holds_##name(r, a));                             \
  }                                                             \
  UNARY_OPS(name) UNARY_OPS(unless_##name) UNARY_OPS(when_##name)
#define BINARY_TEST_OPS(name)                                            \
  IN_LINE void do_##name(struct registers *r, value a, value b) {        \
    r->accumulator = boolean(holds_##name(r, a, b));                     \
  }                                                                      \
  IN_LINE void do_unless_##name(struct registers *r, value a, value b) { \
    jump_if(r, !holds_##name(r, a, b));                                  \
  }                                                                      \
  IN_LINE void do_when_##name(struct registers *r, value a, value b) {   \
    jump_if(r, holds_##name(r, a, b));                                   \
  }                                                                      \
  BINARY_OPS(name) BINARY_OPS(unless_##name) BINARY_OPS(when_##name)

/* --- Pairs ---------------------------------------------------------------------------- */

_Noreturn static void fail_pair(struct registers r, const char *procedure, value v) {
  save(&r);
  fail_type(procedure, "a pair", v);
}
IN_LINE value part_of(struct registers *r, const char *procedure, value v, bool is_car) {
  if (!LIKELY(is_pair(v))) fail_pair(*r, procedure, v);
  return is_car ? car(v) : cdr(v);
}
#define PART(name, is_car)                               \
  IN_LINE void do_##name(struct registers *r, value a) { \
    r->accumulator = part_of(r, #name, a, is_car);       \
  }                                                      \
  UNARY_OPS(name)
#define PART_OF_PART(name, is_car, is_inner_car)            \
  IN_LINE void do_##name(struct registers *r, value a) {    \
    const value inner = part_of(r, #name, a, is_inner_car); \
    r->accumulator = part_of(r, #name, inner, is_car);      \
  }                                                         \
  UNARY_OPS(name)
PART(car, true)
PART(cdr, false)
PART_OF_PART(cadr, true, false)
PART_OF_PART(cddr, false, false)
PART_OF_PART(caar, true, true)

IN_LINE void do_cons(struct registers *r, value a, value b) {
  const value made = try_pair(a, b);
  if (LIKELY(made != UNSET))
    r->accumulator = made;
  else
    CALL_OUT(r, new_struct_of_2(PAIR, a, b));
}
BINARY_OPS(cons)

IN_LINE void set_part(struct registers *r, const char *procedure, uint32_t field) {
  const value pair = *--r->sp;
  if (!LIKELY(is_pair(pair))) fail_pair(*r, procedure, pair);
  set_field(pair, field, r->accumulator);
  r->accumulator = UNSPECIFIED;
}
OP(set_car) {
  set_part(r, "set-car!", 0);
}
OP(set_cdr) {
  set_part(r, "set-cdr!", 1);
}

/* --- Tests ---------------------------------------------------------------------------- */

OP(not ) {
  r->accumulator = boolean(r->accumulator == FALSE);
}

#define TEST(name, condition)                               \
  IN_LINE bool holds_##name(struct registers *r, value a) { \
    (void)r;                                                \
    return condition;                                       \
  }                                                         \
  UNARY_TEST_OPS(name)
TEST(is_null, a == EMPTY)
TEST(is_pair, is_pair(a))

IN_LINE bool holds_is_eq(struct registers *r, value a, value b) {
  (void)r;
  return a == b;
}
BINARY_TEST_OPS(is_eq)

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

#define ARITHMETIC(name, operation)                               \
  IN_LINE void do_##name(struct registers *r, value a, value b) { \
    arithmetic(r, operation, a, b);                               \
  }                                                               \
  BINARY_OPS(name)
ARITHMETIC(add, ADD)
ARITHMETIC(subtract, SUBTRACT)
ARITHMETIC(multiply, MULTIPLY)

#define DIVISION(name, relation, function)                               \
  IN_LINE void do_##name(struct registers *r, value a, value b) {        \
    if (LIKELY(are_fixnums(a, b) && b != fixnum(0) && b != fixnum(-1)))  \
      r->accumulator = fixnum(fixnum_value(a) relation fixnum_value(b)); \
    else                                                                 \
      CALL_OUT(r, function(a, b));                                       \
  }                                                                      \
  BINARY_OPS(name)
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

#define COMPARISON(name, relation, comparison)                       \
  IN_LINE bool holds_##name(struct registers *r, value a, value b) { \
    return COMPARES(relation, comparison, a, b);                     \
  }                                                                  \
  BINARY_TEST_OPS(name)
COMPARISON(less, <, LESS)
COMPARISON(greater, >, GREATER)
COMPARISON(less_equal, <=, LESS_EQUAL)
COMPARISON(greater_equal, >=, GREATER_EQUAL)
COMPARISON(equal, ==, EQUAL)

TEST(is_zero, COMPARES(==, EQUAL, a, fixnum(0)))

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

IN_LINE void do_vector_ref(struct registers *r, value a, value b) {
  const uint32_t index = checked_index(r, "vector-ref", a, b, VECTOR);
  r->accumulator = VECTOR_AT(a)->at[index];
}
BINARY_OPS(vector_ref)
OP(vector_set) {
  const value vector = r->sp[-2];
  const uint32_t index = checked_index(r, "vector-set!", vector, r->sp[-1], VECTOR);
  set_element(vector, index, r->accumulator);
  r->accumulator = UNSPECIFIED;
  r->sp -= 2;
}
IN_LINE void do_string_ref(struct registers *r, value a, value b) {
  const uint32_t index = checked_index(r, "string-ref", a, b, STRING);
  r->accumulator = character((uint32_t)STRING_AT(a)->at[index]);
}
BINARY_OPS(string_ref)

/* A vector and a string have the length in the same place. */
IN_LINE void length_of(struct registers *r, const char *procedure, enum kind kind) {
  const value array = r->accumulator;
  if (!LIKELY(is_kind(array, kind))) fail_index(*r, procedure, array, UNSET, kind);
  r->accumulator = fixnum((int32_t)VECTOR_AT(array)->length);
}
OP(vector_length) {
  length_of(r, "vector-length", VECTOR);
}
OP(string_length) {
  length_of(r, "string-length", STRING);
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

#endif
