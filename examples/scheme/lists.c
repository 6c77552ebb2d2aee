/* Pairs, lists, booleans, symbols and characters. */
#include "builtins.h"
#include "errors.h"
#include "numbers.h"
#include "symbols.h"

#include <stdlib.h>

/* --- Pairs and lists ------------------------------------------------------------------ */

static value checked_pair(const char *procedure, value v) {
  if (!is_pair(v)) fail_type(procedure, "a pair", v);
  return v;
}

static value cons(value *arguments, int count) {
  (void)count;
  return new_pair(arguments[0], arguments[1]);
}

/* Follows a path of cars and cdrs, from the last letter to the first. */
static value follow(const char *path, value v) {
  for (size_t i = strlen(path); i > 0; i--)
    v = path[i - 1] == 'a' ? car(checked_pair("car", v)) : cdr(checked_pair("cdr", v));
  return v;
}
#define PATH(path)                                          \
  static value c##path##r_of(value *arguments, int count) { \
    (void)count;                                            \
    return follow(#path, arguments[0]);                     \
  }
PATH(a)
PATH(d)
PATH(aa)
PATH(ad)
PATH(da)
PATH(dd)
PATH(add)
PATH(ddd)
PATH(aad)
PATH(dad)
PATH(addd)
PATH(aaa)
PATH(ada)
PATH(daa)
PATH(dda)
PATH(dddd)

static value set_car_of(value *arguments, int count) {
  (void)count;
  set_car(checked_pair("set-car!", arguments[0]), arguments[1]);
  return UNSPECIFIED;
}

static value set_cdr_of(value *arguments, int count) {
  (void)count;
  set_cdr(checked_pair("set-cdr!", arguments[0]), arguments[1]);
  return UNSPECIFIED;
}

static value list(value *arguments, int count) {
  const size_t slot = (size_t)(arguments - stack);
  const size_t result = push(EMPTY);
  for (int i = count; i > 0; i--)
    stack_put(result, new_pair(stack[slot + (size_t)i - 1], stack[result]));
  return stack[result];
}

int64_t list_length(value list) {
  int64_t length = 0;
  value slow = list;
  for (; is_pair(list); list = cdr(list)) {
    if (++length % 2 == 0) slow = cdr(slow);
    if (cdr(list) == slow) return -1;
  }
  return list == EMPTY ? length : -1;
}

static value length(value *arguments, int count) {
  const int64_t length = list_length(arguments[0]);
  (void)count;
  if (length < 0) fail_type("length", "a list", arguments[0]);
  return fixnum((int32_t)length);
}

/* Copies the list in a slot in front of the value in another. */
static void append_two(size_t front, size_t back) {
  if (list_length(stack[front]) < 0) fail_type("append", "a list", stack[front]);
  if (stack[front] == EMPTY) return;
  const size_t base = push(stack[front]);  /* what is left to copy */
  push(new_pair(car(stack[base]), EMPTY)); /* the copy */
  push(stack[base + 1]);                   /* its last pair */
  for (stack_put(base, cdr(stack[base])); stack[base] != EMPTY; stack_put(base, cdr(stack[base]))) {
    const value pair = new_pair(car(stack[base]), EMPTY);
    set_cdr(stack[base + 2], pair);
    stack_put(base + 2, pair);
  }
  set_cdr(stack[base + 2], stack[back]);
  stack_put(back, stack[base + 1]);
  stack_cut(base);
}

static value append(value *arguments, int count) {
  const size_t first = (size_t)(arguments - stack);
  if (count == 0) return EMPTY;
  const size_t result = push(arguments[count - 1]);
  for (int i = count - 1; i > 0; i--) append_two(first + (size_t)i - 1, result);
  return stack[result];
}

static value reverse(value *arguments, int count) {
  const size_t rest = (size_t)(arguments - stack);
  const size_t result = push(EMPTY);
  (void)count;
  if (list_length(stack[rest]) < 0) fail_type("reverse", "a list", stack[rest]);
  for (size_t left = push(stack[rest]); stack[left] != EMPTY; stack_put(left, cdr(stack[left])))
    stack_put(result, new_pair(car(stack[left]), stack[result]));
  return stack[result];
}

static value list_tail(value *arguments, int count) {
  value list = arguments[0];
  (void)count;
  if (!is_fixnum(arguments[1]) || fixnum_value(arguments[1]) < 0)
    fail_type("list-tail", "an index", arguments[1]);
  for (int32_t i = fixnum_value(arguments[1]); i > 0; i--)
    list = cdr(checked_pair("list-tail", list));
  return list;
}

static value list_ref(value *arguments, int count) {
  return car(checked_pair("list-ref", list_tail(arguments, count)));
}

/* A walk along a list. A second place in it follows at half the speed, and is met again in a
 * circle.
 */
struct walk {
  value rest, slow;
  bool is_odd;
};
static inline void walk_on(struct walk *w, const char *procedure, value list) {
  w->rest = cdr(w->rest);
  if (w->is_odd) w->slow = cdr(w->slow);
  w->is_odd = !w->is_odd;
  if (w->rest == w->slow && is_pair(w->rest)) fail_type(procedure, "a list", list);
}

/* The searches differ in how they compare. They make nothing, so they hold bits in variables. */
#define SEARCHES(member, assoc, condition)                        \
  static value member(value *arguments, int count) {              \
    struct walk w = {arguments[1], arguments[1], false};          \
    (void)count;                                                  \
    for (; is_pair(w.rest); walk_on(&w, #member, arguments[1])) { \
      const value found = car(w.rest), sought = arguments[0];     \
      if (condition) return w.rest;                               \
    }                                                             \
    return FALSE;                                                 \
  }                                                               \
  static value assoc(value *arguments, int count) {               \
    struct walk w = {arguments[1], arguments[1], false};          \
    (void)count;                                                  \
    for (; is_pair(w.rest); walk_on(&w, #assoc, arguments[1])) {  \
      const value found = car(checked_pair(#assoc, car(w.rest))); \
      const value sought = arguments[0];                          \
      if (condition) return car(w.rest);                          \
    }                                                             \
    return FALSE;                                                 \
  }
SEARCHES(memq, assq, found == sought)
SEARCHES(memv, assv, is_eqv(found, sought))
SEARCHES(member, assoc, is_equal(found, sought))

/* --- Predicates and others ------------------------------------------------------------ */

static value eq_p(value *arguments, int count) {
  (void)count;
  return boolean(arguments[0] == arguments[1]);
}
static value eqv_p(value *arguments, int count) {
  (void)count;
  return boolean(is_eqv(arguments[0], arguments[1]));
}
static value equal_p(value *arguments, int count) {
  (void)count;
  return boolean(is_equal(arguments[0], arguments[1]));
}

#define PREDICATE(name, condition)                 \
  static value name(value *arguments, int count) { \
    const value v = arguments[0];                  \
    (void)count;                                   \
    return boolean(condition);                     \
  }
PREDICATE(null_p, v == EMPTY)
PREDICATE(pair_p, is_pair(v))
PREDICATE(list_p, list_length(v) >= 0)
PREDICATE(not_p, v == FALSE)
PREDICATE(boolean_p, v == TRUE || v == FALSE)
PREDICATE(symbol_p, is_kind(v, SYMBOL))
PREDICATE(character_p, is_character(v))
PREDICATE(procedure_p, is_kind(v, CLOSURE) || is_kind(v, PRIMITIVE) || is_kind(v, CONTINUATION) ||
                           is_kind(v, ESCAPE))
PREDICATE(eof_p, v == END_OF_FILE)

static value symbol_to_string(value *arguments, int count) {
  (void)count;
  if (!is_kind(arguments[0], SYMBOL)) fail_type("symbol->string", "a symbol", arguments[0]);
  const value name = SYMBOL_AT(arguments[0])->name;
  push(name);
  const value copy = new_string(STRING_AT(name)->length);
  const struct string *from = STRING_AT(stack[stack_height() - 1]);
  memcpy(STRING_AT(copy)->at, from->at, 4 * (size_t)from->length);
  return copy;
}

static value string_to_symbol(value *arguments, int count) {
  const size_t slot = (size_t)(arguments - stack);
  (void)count;
  if (!is_kind(stack[slot], STRING)) fail_type("string->symbol", "a string", stack[slot]);
  /* A copy, because the string may be changed later. */
  const value copy = new_string(STRING_AT(stack[slot])->length);
  memcpy(STRING_AT(copy)->at, STRING_AT(stack[slot])->at, 4 * (size_t)STRING_AT(copy)->length);
  return intern_string(copy);
}

static value gensym(value *arguments, int count) {
  (void)arguments, (void)count;
  return new_alias(symbol_named(NAME_temporary), true);
}

static value char_to_integer(value *arguments, int count) {
  (void)count;
  if (!is_character(arguments[0])) fail_type("char->integer", "a character", arguments[0]);
  return fixnum((int32_t)character_code(arguments[0]));
}

/* Surrogates are no characters. */
static value integer_to_char(value *arguments, int count) {
  const uint32_t code = is_fixnum(arguments[0]) ? (uint32_t)fixnum_value(arguments[0]) : UINT32_MAX;
  (void)count;
  if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
    fail_type("integer->char", "a code point", arguments[0]);
  return character(code);
}

const struct builtin list_builtins[] = {
    {"cons", cons, 2, 2, 0},
    {"car", car_of, 1, 1, 0},
    {"cdr", cdr_of, 1, 1, 0},
    {"caar", caar_of, 1, 1, 0},
    {"cadr", cadr_of, 1, 1, 0},
    {"cdar", cdar_of, 1, 1, 0},
    {"cddr", cddr_of, 1, 1, 0},
    {"caddr", caddr_of, 1, 1, 0},
    {"cdddr", cdddr_of, 1, 1, 0},
    {"caadr", caadr_of, 1, 1, 0},
    {"cdadr", cdadr_of, 1, 1, 0},
    {"cadddr", cadddr_of, 1, 1, 0},
    {"caaar", caaar_of, 1, 1, 0},
    {"cadar", cadar_of, 1, 1, 0},
    {"cdaar", cdaar_of, 1, 1, 0},
    {"cddar", cddar_of, 1, 1, 0},
    {"cddddr", cddddr_of, 1, 1, 0},
    {"set-car!", set_car_of, 2, 2, 0},
    {"set-cdr!", set_cdr_of, 2, 2, 0},
    {"list", list, 0, -1, 0},
    {"length", length, 1, 1, 0},
    {"append", append, 0, -1, 0},
    {"reverse", reverse, 1, 1, 0},
    {"list-tail", list_tail, 2, 2, 0},
    {"list-ref", list_ref, 2, 2, 0},
    {"memq", memq, 2, 2, 0},
    {"memv", memv, 2, 2, 0},
    {"%member", member, 2, 2, 0},
    {"assq", assq, 2, 2, 0},
    {"assv", assv, 2, 2, 0},
    {"%assoc", assoc, 2, 2, 0},
    {"eq?", eq_p, 2, 2, 0},
    {"eqv?", eqv_p, 2, 2, 0},
    {"equal?", equal_p, 2, 2, 0},
    {"null?", null_p, 1, 1, 0},
    {"pair?", pair_p, 1, 1, 0},
    {"list?", list_p, 1, 1, 0},
    {"not", not_p, 1, 1, 0},
    {"boolean?", boolean_p, 1, 1, 0},
    {"symbol?", symbol_p, 1, 1, 0},
    {"char?", character_p, 1, 1, 0},
    {"procedure?", procedure_p, 1, 1, 0},
    {"eof-object?", eof_p, 1, 1, 0},
    {"symbol->string", symbol_to_string, 1, 1, 0},
    {"string->symbol", string_to_symbol, 1, 1, 0},
    {"gensym", gensym, 0, 0, 0},
    {"char->integer", char_to_integer, 1, 1, 0},
    {"integer->char", integer_to_char, 1, 1, 0},
    {NULL, NULL, 0, 0, 0},
};
