/* Numbers: fixnums, exact integers of 64 bits, and flonums. */
#ifndef SCHEME_NUMBERS_H
#define SCHEME_NUMBERS_H

#include "heap.h"

enum operation { ADD, SUBTRACT, MULTIPLY };
enum comparison { LESS, GREATER, LESS_EQUAL, GREATER_EQUAL, EQUAL };

static inline bool is_number(value v) {
  return is_fixnum(v) || is_kind(v, FLONUM) || is_kind(v, INTEGER);
}
static inline bool is_exact_integer(value v) {
  return is_fixnum(v) || is_kind(v, INTEGER);
}
int64_t integer_value(value exact_integer);
double double_value(value number);

/* The operations for operands of any kind. They read both operands before they make the result. */
value calculate(enum operation operation, value a, value b) MAY_COLLECT;
bool compare(enum comparison comparison, value a, value b);
value quotient(value a, value b) MAY_COLLECT;
value remainder_of(value a, value b) MAY_COLLECT;
value modulo(value a, value b) MAY_COLLECT;

/* The number that a text spells, or FALSE if the text does not spell a number. */
value parse_number(const char *text, size_t bytes, int radix) MAY_COLLECT;

/* eqv? and equal?. */
bool is_eqv(value a, value b);
bool is_equal(value a, value b);

#endif
