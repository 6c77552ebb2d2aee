/* Arithmetic. Exact integers have 64 bits: a result that does not fit is an error. There are no
 * fractions: a quotient that is no integer is a flonum. */
#include "numbers.h"

#include "builtins.h"
#include "errors.h"
#include "text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

int64_t integer_value(value v) {
  return is_fixnum(v) ? fixnum_value(v) : INTEGER_AT(v)->number;
}

double double_value(value v) {
  return is_kind(v, FLONUM) ? FLONUM_AT(v)->number : (double)integer_value(v);
}

static void check_numbers(const char *procedure, value a, value b) {
  if (!is_number(a)) fail_type(procedure, "a number", a);
  if (!is_number(b)) fail_type(procedure, "a number", b);
}

/* --- Arithmetic ----------------------------------------------------------------------- */

value calculate(enum operation operation, value a, value b) {
  static const char *const names[] = {"+", "-", "*"};
  check_numbers(names[operation], a, b);
  if (is_exact_integer(a) && is_exact_integer(b)) {
    const int64_t x = integer_value(a), y = integer_value(b);
    int64_t result;
    const bool overflows = operation == ADD        ? __builtin_add_overflow(x, y, &result)
                           : operation == SUBTRACT ? __builtin_sub_overflow(x, y, &result)
                                                   : __builtin_mul_overflow(x, y, &result);
    if (overflows) fail("an exact integer has more than 64 bits", UNSET);
    return new_fixnum_or_integer(result);
  }
  const double x = double_value(a), y = double_value(b);
  return new_flonum(operation == ADD ? x + y : operation == SUBTRACT ? x - y : x * y);
}

/* Less than 0, 0 or more, exactly: a double has no room for all integers of 64 bits. */
static int order_of(int64_t x, double y) {
  if (y >= 9223372036854775808.0) return -1;
  if (y < -9223372036854775808.0) return 1;
  const int64_t whole = (int64_t)y;
  if (x != whole) return x < whole ? -1 : 1;
  return y == (double)whole ? 0 : y > (double)whole ? -1 : 1;
}

static bool holds(enum comparison comparison, int order) {
  switch (comparison) {
    case LESS: return order < 0;
    case GREATER: return order > 0;
    case LESS_EQUAL: return order <= 0;
    case GREATER_EQUAL: return order >= 0;
    default: return order == 0;
  }
}

bool compare(enum comparison comparison, value a, value b) {
  static const char *const names[] = {"<", ">", "<=", ">=", "="};
  check_numbers(names[comparison], a, b);
  if (is_exact_integer(a) && is_exact_integer(b)) {
    const int64_t x = integer_value(a), y = integer_value(b);
    return holds(comparison, x < y ? -1 : x > y);
  }
  const double x = double_value(a), y = double_value(b);
  if (isnan(x) || isnan(y)) return false;
  if (is_exact_integer(a)) return holds(comparison, order_of(integer_value(a), y));
  if (is_exact_integer(b)) return holds(comparison, -order_of(integer_value(b), x));
  switch (comparison) {
    case LESS: return x < y;
    case GREATER: return x > y;
    case LESS_EQUAL: return x <= y;
    case GREATER_EQUAL: return x >= y;
    default: return x == y;
  }
}

static bool is_integral(value v) {
  return is_exact_integer(v) || (is_kind(v, FLONUM) && isfinite(double_value(v)) &&
                                 floor(double_value(v)) == double_value(v));
}

static bool fits_integer(value v) {
  return is_integral(v) && fabs(double_value(v)) < 9223372036854775808.0;
}

/* The common part of the divisions of integers. */
static bool divides_exactly(const char *procedure, value a, value b) {
  if (!is_integral(a)) fail_type(procedure, "an integer", a);
  if (!is_integral(b)) fail_type(procedure, "an integer", b);
  if (double_value(b) == 0) fail("division by zero", UNSET);
  if (!is_exact_integer(a) || !is_exact_integer(b)) return false;
  if (integer_value(b) == -1 && integer_value(a) == INT64_MIN)
    fail("an exact integer has more than 64 bits", UNSET);
  return true;
}

value quotient(value a, value b) {
  if (divides_exactly("quotient", a, b))
    return new_fixnum_or_integer(integer_value(a) / integer_value(b));
  return new_flonum(trunc(double_value(a) / double_value(b)));
}

value remainder_of(value a, value b) {
  if (divides_exactly("remainder", a, b))
    return new_fixnum_or_integer(integer_value(a) % integer_value(b));
  return new_flonum(fmod(double_value(a), double_value(b)));
}

value modulo(value a, value b) {
  if (divides_exactly("modulo", a, b)) {
    const int64_t x = integer_value(a), y = integer_value(b), rest = x % y;
    return new_fixnum_or_integer(rest != 0 && (rest < 0) != (y < 0) ? rest + y : rest);
  }
  const double x = double_value(a), y = double_value(b);
  return new_flonum(x - y * floor(x / y));
}

static value divide(value a, value b) {
  check_numbers("/", a, b);
  if (is_exact_integer(b) && integer_value(b) == 0) fail("/: division by zero", a);
  if (is_exact_integer(a) && is_exact_integer(b) && integer_value(b) != -1 &&
      integer_value(a) % integer_value(b) == 0)
    return quotient(a, b);
  if (is_exact_integer(a) && is_exact_integer(b) && integer_value(b) == -1)
    return calculate(SUBTRACT, fixnum(0), a);
  return new_flonum(double_value(a) / double_value(b));
}

/* --- Text ----------------------------------------------------------------------------- */

static value parse_flonum(const char *text, size_t bytes) {
  char copy[64], *end;
  bool has_digit = false;
  if (bytes == 6 && memcmp(text, "+inf.0", 6) == 0) return new_flonum(INFINITY);
  if (bytes == 6 && memcmp(text, "-inf.0", 6) == 0) return new_flonum(-INFINITY);
  if (bytes == 6 && memcmp(text, "+nan.0", 6) == 0) return new_flonum(NAN);
  if (bytes >= sizeof copy) return FALSE;
  for (size_t i = 0; i < bytes; i++) {
    if (strchr("0123456789+-.eE", text[i]) == NULL || text[i] == 0) return FALSE;
    if (text[i] >= '0' && text[i] <= '9') has_digit = true;
    if (!has_digit && (text[i] == 'e' || text[i] == 'E')) return FALSE;
  }
  memcpy(copy, text, bytes);
  copy[bytes] = 0;
  const double number = strtod(copy, &end);
  return has_digit && end == copy + bytes ? new_flonum(number) : FALSE;
}

/* The number that #e or #i makes of another one, or FALSE. */
static value with_exactness(value number, bool is_exact) {
  if (number == FALSE || is_exact == is_exact_integer(number)) return number;
  if (!is_exact) return new_flonum(double_value(number));
  return fits_integer(number) ? new_fixnum_or_integer((int64_t)double_value(number)) : FALSE;
}

value parse_number(const char *text, size_t bytes, int radix) {
  size_t i = 0;
  int64_t number = 0;
  if (bytes > 2 && text[0] == '#') {
    static const char letters[] = "xbodei";
    static const int radixes[] = {16, 2, 8, 10};
    const char *letter = strchr(letters, text[1] | 32);
    if (letter == NULL || *letter == 0) return FALSE;
    if (letter - letters < 4) return parse_number(text + 2, bytes - 2, radixes[letter - letters]);
    return with_exactness(parse_number(text + 2, bytes - 2, radix), *letter == 'e');
  }
  const bool is_negative = bytes > 0 && text[0] == '-';
  if (bytes > 0 && (text[0] == '-' || text[0] == '+')) i = 1;
  if (i == bytes) return FALSE;
  for (; i < bytes; i++) {
    const char c = (char)(text[i] | 32);
    const int digit = c >= '0' + 0 && text[i] <= '9' && text[i] >= '0' ? text[i] - '0'
                      : c >= 'a' && c <= 'f'                           ? c - 'a' + 10
                                                                       : 99;
    if (digit >= radix || __builtin_mul_overflow(number, radix, &number) ||
        __builtin_sub_overflow(number, digit, &number))
      return radix == 10 ? parse_flonum(text, bytes) : FALSE;
  }
  if (!is_negative && number == INT64_MIN) return parse_flonum(text, bytes);
  return new_fixnum_or_integer(is_negative ? number : -number);
}

static int checked_radix(const char *procedure, value v) {
  if (!is_fixnum(v) || fixnum_value(v) < 2 || fixnum_value(v) > 16)
    fail_type(procedure, "a radix from 2 to 16", v);
  return fixnum_value(v);
}

static value number_to_string(value *arguments, int count) {
  const int radix = count > 1 ? checked_radix("number->string", arguments[1]) : 10;
  char digits[72];
  int at = sizeof digits;
  if (!is_number(arguments[0])) fail_type("number->string", "a number", arguments[0]);
  if (is_kind(arguments[0], FLONUM)) {
    format_flonum(double_value(arguments[0]), digits, sizeof digits);
    return new_string_from(digits, strlen(digits));
  }
  const int64_t number = integer_value(arguments[0]);
  uint64_t left = number < 0 ? -(uint64_t)number : (uint64_t)number;
  do {
    digits[--at] = "0123456789abcdef"[left % (unsigned)radix];
    left /= (unsigned)radix;
  } while (left > 0);
  if (number < 0) digits[--at] = '-';
  return new_string_from(digits + at, sizeof digits - (size_t)at);
}

static value string_to_number(value *arguments, int count) {
  const int radix = count > 1 ? checked_radix("string->number", arguments[1]) : 10;
  char text[80];
  if (!is_kind(arguments[0], STRING)) fail_type("string->number", "a string", arguments[0]);
  const struct string *s = STRING_AT(arguments[0]);
  if (s->length >= sizeof text) return FALSE;
  for (uint32_t i = 0; i < s->length; i++) text[i] = s->at[i] < 128 ? (char)s->at[i] : '?';
  return parse_number(text, s->length, radix);
}

/* --- Procedures ----------------------------------------------------------------------- */

/* Folds an operation over the arguments, which are slots of the stack. */
static value fold(enum operation operation, value unit, value *arguments, int count) {
  const size_t slot = (size_t)(arguments - stack);
  value result = unit;
  for (int i = 0; i < count; i++) result = calculate(operation, result, stack[slot + (size_t)i]);
  return result;
}

static value add(value *arguments, int count) {
  return fold(ADD, fixnum(0), arguments, count);
}
static value multiply(value *arguments, int count) {
  return fold(MULTIPLY, fixnum(1), arguments, count);
}
static value subtract(value *arguments, int count) {
  const value first = arguments[0];
  if (count == 1 && is_kind(first, FLONUM)) return new_flonum(-double_value(first));
  if (count == 1) return calculate(SUBTRACT, fixnum(0), first);
  return fold(SUBTRACT, first, arguments + 1, count - 1);
}
static value divide_all(value *arguments, int count) {
  const size_t slot = (size_t)(arguments - stack);
  value result = arguments[0];
  if (count == 1) return divide(fixnum(1), result);
  for (int i = 1; i < count; i++) result = divide(result, stack[slot + (size_t)i]);
  return result;
}

#define COMPARISON(name, comparison)                                        \
  static value name(value *arguments, int count) {                          \
    bool holds = true;                                                      \
    for (int i = 0; i + 1 < count; i++)                                     \
      holds = compare(comparison, arguments[i], arguments[i + 1]) && holds; \
    return boolean(holds);                                                  \
  }
COMPARISON(is_less, LESS)
COMPARISON(is_greater, GREATER)
COMPARISON(is_less_equal, LESS_EQUAL)
COMPARISON(is_greater_equal, GREATER_EQUAL)
COMPARISON(is_equal_number, EQUAL)

#define DIVISION(name, function)                   \
  static value name(value *arguments, int count) { \
    (void)count;                                   \
    return function(arguments[0], arguments[1]);   \
  }
DIVISION(divide_quotient, quotient)
DIVISION(divide_remainder, remainder_of)
DIVISION(divide_modulo, modulo)

/* A function of a double, such as sin. */
#define REAL(name, function)                                                      \
  static value name(value *arguments, int count) {                                \
    (void)count;                                                                  \
    if (!is_number(arguments[0])) fail_type(#function, "a number", arguments[0]); \
    return new_flonum(function(double_value(arguments[0])));                      \
  }
REAL(real_exp, exp)
REAL(real_sin, sin)
REAL(real_cos, cos)
REAL(real_tan, tan)
REAL(real_asin, asin)
REAL(real_acos, acos)

/* The functions that round leave exact integers as they are. */
#define ROUNDING(name, function)                                                  \
  static value name(value *arguments, int count) {                                \
    (void)count;                                                                  \
    if (!is_number(arguments[0])) fail_type(#function, "a number", arguments[0]); \
    if (is_exact_integer(arguments[0])) return arguments[0];                      \
    return new_flonum(function(double_value(arguments[0])));                      \
  }
ROUNDING(round_floor, floor)
ROUNDING(round_ceiling, ceil)
ROUNDING(round_truncate, trunc)
ROUNDING(round_even, rint)

static value real_log(value *arguments, int count) {
  check_numbers("log", arguments[0], arguments[count - 1]);
  const double base = count > 1 ? log(double_value(arguments[1])) : 1;
  return new_flonum(log(double_value(arguments[0])) / base);
}

static value real_atan(value *arguments, int count) {
  check_numbers("atan", arguments[0], arguments[count - 1]);
  const double y = double_value(arguments[0]);
  return new_flonum(count > 1 ? atan2(y, double_value(arguments[1])) : atan(y));
}

static value square_root(value *arguments, int count) {
  (void)count;
  if (!is_number(arguments[0])) fail_type("sqrt", "a number", arguments[0]);
  const double root = sqrt(double_value(arguments[0]));
  if (is_exact_integer(arguments[0]) && root == floor(root) && root <= 3037000499 &&
      (int64_t)root * (int64_t)root == integer_value(arguments[0]))
    return new_fixnum_or_integer((int64_t)root);
  return new_flonum(root);
}

static value exact(value *arguments, int count) {
  (void)count;
  if (is_exact_integer(arguments[0])) return arguments[0];
  if (!fits_integer(arguments[0])) fail_type("exact", "an integer that fits", arguments[0]);
  return new_fixnum_or_integer((int64_t)double_value(arguments[0]));
}

static value inexact(value *arguments, int count) {
  (void)count;
  if (!is_number(arguments[0])) fail_type("inexact", "a number", arguments[0]);
  return is_kind(arguments[0], FLONUM) ? arguments[0] : new_flonum(double_value(arguments[0]));
}

static value expt(value *arguments, int count) {
  (void)count;
  check_numbers("expt", arguments[0], arguments[1]);
  if (!is_exact_integer(arguments[0]) || !is_exact_integer(arguments[1]) ||
      integer_value(arguments[1]) < 0)
    return new_flonum(pow(double_value(arguments[0]), double_value(arguments[1])));
  int64_t base = integer_value(arguments[0]), power = integer_value(arguments[1]), result = 1;
  for (bool overflows = false; power > 0; power >>= 1) {
    if ((power & 1) != 0) overflows |= __builtin_mul_overflow(result, base, &result);
    if (overflows) fail("an exact integer has more than 64 bits", UNSET);
    if (power > 1) overflows |= __builtin_mul_overflow(base, base, &base);
  }
  return new_fixnum_or_integer(result);
}

#define PREDICATE(name, condition)                 \
  static value name(value *arguments, int count) { \
    const value v = arguments[0];                  \
    (void)count;                                   \
    return boolean(condition);                     \
  }
PREDICATE(number_p, is_number(v))
PREDICATE(integer_p, is_integral(v))
PREDICATE(exact_p, is_exact_integer(v))
PREDICATE(inexact_p, is_kind(v, FLONUM))
PREDICATE(rational_p, is_number(v) && isfinite(double_value(v)))
PREDICATE(finite_p, is_number(v) && isfinite(double_value(v)))
PREDICATE(nan_p, is_kind(v, FLONUM) && isnan(double_value(v)))
PREDICATE(infinite_p, is_kind(v, FLONUM) && isinf(double_value(v)))
PREDICATE(zero_p, compare(EQUAL, v, fixnum(0)))
PREDICATE(positive_p, compare(GREATER, v, fixnum(0)))
PREDICATE(negative_p, compare(LESS, v, fixnum(0)))

static int64_t shifted(int64_t number, int64_t shift) {
  if (number == 0) return 0;
  if (shift <= 0) return shift > -63 ? number >> -shift : number < 0 ? -1 : 0;
  const int64_t result = shift < 63 ? (int64_t)((uint64_t)number << shift) : 0;
  if (shift >= 63 || result >> shift != number)
    fail("an exact integer has more than 64 bits", UNSET);
  return result;
}

static value bitwise(value *arguments, int count) {
  for (int i = 0; i < count; i++)
    if (!is_exact_integer(arguments[i])) fail_type("bitwise", "an exact integer", arguments[i]);
  int64_t result = integer_value(arguments[1]);
  for (int i = 2; i < count; i++) {
    const int64_t number = integer_value(arguments[i]);
    switch (integer_value(arguments[0])) {
      case 0: result &= number; break;
      case 1: result |= number; break;
      case 2: result ^= number; break;
      default: result = shifted(result, number);
    }
  }
  return new_fixnum_or_integer(result);
}

const struct builtin number_builtins[] = {
    {"+", add, 0, -1, 0},
    {"-", subtract, 1, -1, 0},
    {"*", multiply, 0, -1, 0},
    {"/", divide_all, 1, -1, 0},
    {"<", is_less, 1, -1, 0},
    {">", is_greater, 1, -1, 0},
    {"<=", is_less_equal, 1, -1, 0},
    {">=", is_greater_equal, 1, -1, 0},
    {"=", is_equal_number, 1, -1, 0},
    {"quotient", divide_quotient, 2, 2, 0},
    {"remainder", divide_remainder, 2, 2, 0},
    {"modulo", divide_modulo, 2, 2, 0},
    {"truncate-quotient", divide_quotient, 2, 2, 0},
    {"truncate-remainder", divide_remainder, 2, 2, 0},
    {"floor-remainder", divide_modulo, 2, 2, 0},
    {"exp", real_exp, 1, 1, 0},
    {"log", real_log, 1, 2, 0},
    {"sin", real_sin, 1, 1, 0},
    {"cos", real_cos, 1, 1, 0},
    {"tan", real_tan, 1, 1, 0},
    {"asin", real_asin, 1, 1, 0},
    {"acos", real_acos, 1, 1, 0},
    {"atan", real_atan, 1, 2, 0},
    {"sqrt", square_root, 1, 1, 0},
    {"expt", expt, 2, 2, 0},
    {"floor", round_floor, 1, 1, 0},
    {"ceiling", round_ceiling, 1, 1, 0},
    {"truncate", round_truncate, 1, 1, 0},
    {"round", round_even, 1, 1, 0},
    {"exact", exact, 1, 1, 0},
    {"inexact", inexact, 1, 1, 0},
    {"exact->inexact", inexact, 1, 1, 0},
    {"inexact->exact", exact, 1, 1, 0},
    {"number->string", number_to_string, 1, 2, 0},
    {"string->number", string_to_number, 1, 2, 0},
    {"number?", number_p, 1, 1, 0},
    {"complex?", number_p, 1, 1, 0},
    {"real?", number_p, 1, 1, 0},
    {"rational?", rational_p, 1, 1, 0},
    {"finite?", finite_p, 1, 1, 0},
    {"integer?", integer_p, 1, 1, 0},
    {"exact?", exact_p, 1, 1, 0},
    {"exact-integer?", exact_p, 1, 1, 0},
    {"inexact?", inexact_p, 1, 1, 0},
    {"nan?", nan_p, 1, 1, 0},
    {"infinite?", infinite_p, 1, 1, 0},
    {"zero?", zero_p, 1, 1, 0},
    {"positive?", positive_p, 1, 1, 0},
    {"negative?", negative_p, 1, 1, 0},
    {"%bitwise", bitwise, 2, -1, 0},
    {NULL, NULL, 0, 0, 0},
};
