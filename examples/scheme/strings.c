/* Strings: arrays of code points. */
#include "builtins.h"
#include "errors.h"
#include "parts.h"
#include "symbols.h"
#include "text.h"

#include <stdlib.h>

static struct string *checked(const char *procedure, value v) {
  if (!is_kind(v, STRING)) fail_type(procedure, "a string", v);
  return STRING_AT(v);
}

/* A new string with a part of the string in a slot. */
static value copy_part(size_t slot, struct part part) {
  const value copy = new_string(part.end - part.start);
  memcpy(STRING_AT(copy)->at, STRING_AT(stack[slot])->at + part.start,
         4 * (size_t)(part.end - part.start));
  return copy;
}

static int32_t checked_character(const char *procedure, value v) {
  if (!is_character(v)) fail_type(procedure, "a character", v);
  return (int32_t)character_code(v);
}

static value make_string(value *arguments, int count) {
  const uint32_t length = checked_index("make-string", arguments[0], FIXNUM_MAX);
  const int32_t filler = count > 1 ? checked_character("make-string", arguments[1]) : ' ';
  const value made = new_string(length);
  for (uint32_t i = 0; i < length; i++) STRING_AT(made)->at[i] = filler;
  return made;
}

static value string_of(value *arguments, int count) {
  const size_t slot = (size_t)(arguments - stack);
  const value made = new_string((uint32_t)count);
  for (int i = 0; i < count; i++) {
    if (!is_character(stack[slot + (size_t)i]))
      fail_type("string", "a character", stack[slot + (size_t)i]);
    STRING_AT(made)->at[i] = (int32_t)character_code(stack[slot + (size_t)i]);
  }
  return made;
}

static value string_length(value *arguments, int count) {
  (void)count;
  return fixnum((int32_t)checked("string-length", arguments[0])->length);
}

static value string_ref(value *arguments, int count) {
  const struct string *s = checked("string-ref", arguments[0]);
  (void)count;
  if (s->length == 0) fail_type("string-ref", "an index that is in range", arguments[1]);
  return character((uint32_t)s->at[checked_index("string-ref", arguments[1], s->length - 1)]);
}

static value string_set(value *arguments, int count) {
  struct string *s = checked("string-set!", arguments[0]);
  (void)count;
  if (s->length == 0) fail_type("string-set!", "an index that is in range", arguments[1]);
  const uint32_t index = checked_index("string-set!", arguments[1], s->length - 1);
  if (!is_character(arguments[2])) fail_type("string-set!", "a character", arguments[2]);
  s->at[index] = (int32_t)character_code(arguments[2]);
  return UNSPECIFIED;
}

static value substring(value *arguments, int count) {
  const uint32_t length = checked("substring", arguments[0])->length;
  return copy_part((size_t)(arguments - stack),
                   part_of("substring", length, arguments + 1, count - 1));
}

static value string_append(value *arguments, int count) {
  const size_t slot = (size_t)(arguments - stack);
  uint64_t length = 0;
  uint32_t at = 0;
  for (int i = 0; i < count; i++) length += checked("string-append", arguments[i])->length;
  if (length > FIXNUM_MAX) fail("string-append: the string is too long", UNSET);
  const value made = new_string((uint32_t)length);
  for (int i = 0; i < count; i++) {
    const struct string *part = STRING_AT(stack[slot + (size_t)i]);
    memcpy(STRING_AT(made)->at + at, part->at, 4 * (size_t)part->length);
    at += part->length;
  }
  return made;
}

/* Less than 0, 0, or more. */
static int order_of(value a, value b) {
  const struct string *x = STRING_AT(a), *y = STRING_AT(b);
  for (uint32_t i = 0; i < x->length && i < y->length; i++)
    if (x->at[i] != y->at[i]) return x->at[i] < y->at[i] ? -1 : 1;
  return x->length == y->length ? 0 : x->length < y->length ? -1 : 1;
}

#define COMPARISON(name, scheme_name, relation)                             \
  static value name(value *arguments, int count) {                          \
    bool holds = true;                                                      \
    for (int i = 0; i < count; i++) checked(scheme_name, arguments[i]);     \
    for (int i = 0; i + 1 < count; i++)                                     \
      holds = holds && order_of(arguments[i], arguments[i + 1]) relation 0; \
    return boolean(holds);                                                  \
  }
COMPARISON(is_same, "string=?", ==)
COMPARISON(is_less, "string<?", <)
COMPARISON(is_greater, "string>?", >)
COMPARISON(is_less_same, "string<=?", <=)
COMPARISON(is_greater_same, "string>=?", >=)

#define CHARACTER_COMPARISON(name, scheme_name, relation)                                        \
  static value name(value *arguments, int count) {                                               \
    bool holds = true;                                                                           \
    for (int i = 0; i < count; i++)                                                              \
      if (!is_character(arguments[i])) fail_type(scheme_name, "a character", arguments[i]);      \
    for (int i = 0; i + 1 < count; i++) holds = holds && arguments[i] relation arguments[i + 1]; \
    return boolean(holds);                                                                       \
  }
CHARACTER_COMPARISON(char_same, "char=?", ==)
CHARACTER_COMPARISON(char_less, "char<?", <)
CHARACTER_COMPARISON(char_greater, "char>?", >)
CHARACTER_COMPARISON(char_less_same, "char<=?", <=)
CHARACTER_COMPARISON(char_greater_same, "char>=?", >=)

static value string_to_list(value *arguments, int count) {
  const size_t slot = (size_t)(arguments - stack);
  const struct part part = part_of("string->list", checked("string->list", arguments[0])->length,
                                   arguments + 1, count - 1);
  const size_t list = push(EMPTY);
  for (uint32_t i = part.end; i > part.start; i--)
    stack_put(list, new_pair(character((uint32_t)STRING_AT(stack[slot])->at[i - 1]), stack[list]));
  return stack[list];
}

static value list_to_string(value *arguments, int count) {
  const size_t slot = (size_t)(arguments - stack);
  uint32_t length = 0;
  (void)count;
  if (list_length(stack[slot]) < 0) fail_type("list->string", "a list", stack[slot]);
  for (value rest = stack[slot]; is_pair(rest); rest = cdr(rest), length++)
    if (!is_character(car(rest))) fail_type("list->string", "a character", car(rest));
  const value made = new_string(length);
  length = 0;
  for (value rest = stack[slot]; is_pair(rest); rest = cdr(rest))
    STRING_AT(made)->at[length++] = (int32_t)character_code(car(rest));
  return made;
}

/* (string-search pattern string start): an index, or #f */
static value string_search(value *arguments, int count) {
  const struct string *pattern = checked("string-search", arguments[0]);
  const struct string *s = checked("string-search", arguments[1]);
  uint32_t i = count > 2 ? checked_index("string-search", arguments[2], s->length) : 0;
  for (; i + pattern->length <= s->length; i++)
    if (memcmp(s->at + i, pattern->at, 4 * (size_t)pattern->length) == 0) return fixnum((int32_t)i);
  return FALSE;
}

static int32_t upper(int32_t c) {
  const bool is_latin = c >= 0xe0 && c <= 0xfe && c != 0xf7;
  return (c >= 'a' && c <= 'z') || is_latin ? c - 32 : c;
}
static int32_t lower(int32_t c) {
  const bool is_latin = c >= 0xc0 && c <= 0xde && c != 0xd7;
  return (c >= 'A' && c <= 'Z') || is_latin ? c + 32 : c;
}

#define CASES(of_character, of_string, scheme_name, convert)                                      \
  static value of_character(value *arguments, int count) {                                        \
    (void)count;                                                                                  \
    if (!is_character(arguments[0])) fail_type("char-" scheme_name, "a character", arguments[0]); \
    return character((uint32_t)convert((int32_t)character_code(arguments[0])));                   \
  }                                                                                               \
  static value of_string(value *arguments, int count) {                                           \
    const struct part all = {0, checked("string-" scheme_name, arguments[0])->length};            \
    const value copy = copy_part((size_t)(arguments - stack), all);                               \
    (void)count;                                                                                  \
    for (uint32_t i = 0; i < all.end; i++)                                                        \
      STRING_AT(copy)->at[i] = convert(STRING_AT(copy)->at[i]);                                   \
    return copy;                                                                                  \
  }
CASES(char_upcase, string_upcase, "upcase", upper)
CASES(char_downcase, string_downcase, "downcase", lower)

#define CHARACTER_PREDICATE(name, condition)                           \
  static value name(value *arguments, int count) {                     \
    (void)count;                                                       \
    if (!is_character(arguments[0]))                                   \
      fail_type("a character predicate", "a character", arguments[0]); \
    const uint32_t c = character_code(arguments[0]);                   \
    return boolean(condition);                                         \
  }
CHARACTER_PREDICATE(is_alphabetic, (c | 32) - 'a' < 26 || (c >= 0xc0 && c != 0xd7 && c != 0xf7))
CHARACTER_PREDICATE(is_numeric, c - '0' < 10)
CHARACTER_PREDICATE(is_whitespace, c == ' ' || (c >= 9 && c <= 13) || c == 0xa0)
CHARACTER_PREDICATE(is_upper, lower((int32_t)c) != (int32_t)c)
CHARACTER_PREDICATE(is_lower, upper((int32_t)c) != (int32_t)c)

static value string_p(value *arguments, int count) {
  (void)count;
  return boolean(is_kind(arguments[0], STRING));
}

static value digit_value(value *arguments, int count) {
  const uint32_t digit = (uint32_t)checked_character("digit-value", arguments[0]) - '0';
  (void)count;
  return digit < 10 ? fixnum((int32_t)digit) : FALSE;
}

static value string_fill(value *arguments, int count) {
  struct string *s = checked("string-fill!", arguments[0]);
  const int32_t filler = checked_character("string-fill!", arguments[1]);
  const struct part part = part_of("string-fill!", s->length, arguments + 2, count - 2);
  for (uint32_t i = part.start; i < part.end; i++) s->at[i] = filler;
  return UNSPECIFIED;
}

/* (string-copy! to at from [start end]) */
static value string_copy_to(value *arguments, int count) {
  struct string *to = checked("string-copy!", arguments[0]);
  const struct string *from = checked("string-copy!", arguments[2]);
  const struct part part = part_of("string-copy!", from->length, arguments + 3, count - 3);
  const uint32_t at = checked_index("string-copy!", arguments[1], to->length);
  if (part.end - part.start > to->length - at) fail("string-copy!: no room", arguments[1]);
  memmove(to->at + at, from->at + part.start, 4 * (size_t)(part.end - part.start));
  return UNSPECIFIED;
}

const struct builtin string_builtins[] = {
    {"make-string", make_string, 1, 2, 0},
    {"string", string_of, 0, -1, 0},
    {"string?", string_p, 1, 1, 0},
    {"string-length", string_length, 1, 1, 0},
    {"string-ref", string_ref, 2, 2, 0},
    {"string-set!", string_set, 3, 3, 0},
    {"string-fill!", string_fill, 2, 4, 0},
    {"string-copy!", string_copy_to, 3, 5, 0},
    {"substring", substring, 3, 3, 0},
    {"string-copy", substring, 1, 3, 0},
    {"string-append", string_append, 0, -1, 0},
    {"string=?", is_same, 1, -1, 0},
    {"string<?", is_less, 1, -1, 0},
    {"string>?", is_greater, 1, -1, 0},
    {"string<=?", is_less_same, 1, -1, 0},
    {"string>=?", is_greater_same, 1, -1, 0},
    {"char=?", char_same, 1, -1, 0},
    {"char<?", char_less, 1, -1, 0},
    {"char>?", char_greater, 1, -1, 0},
    {"char<=?", char_less_same, 1, -1, 0},
    {"char>=?", char_greater_same, 1, -1, 0},
    {"string->list", string_to_list, 1, 3, 0},
    {"list->string", list_to_string, 1, 1, 0},
    {"string-search", string_search, 2, 3, 0},
    {"string-upcase", string_upcase, 1, 1, 0},
    {"string-downcase", string_downcase, 1, 1, 0},
    {"char-upcase", char_upcase, 1, 1, 0},
    {"char-downcase", char_downcase, 1, 1, 0},
    {"string-foldcase", string_downcase, 1, 1, 0},
    {"char-foldcase", char_downcase, 1, 1, 0},
    {"char-alphabetic?", is_alphabetic, 1, 1, 0},
    {"char-numeric?", is_numeric, 1, 1, 0},
    {"char-whitespace?", is_whitespace, 1, 1, 0},
    {"char-upper-case?", is_upper, 1, 1, 0},
    {"char-lower-case?", is_lower, 1, 1, 0},
    {"digit-value", digit_value, 1, 1, 0},
    {NULL, NULL, 0, 0, 0},
};
