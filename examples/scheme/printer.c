/* Prints values to a buffer of text. Never collects. Pending parts of nested values are on a stack
 * of its own, so that nesting is limited by memory only. */
#include "text.h"

#include "heap.h"
#include "errors.h"
#include "growing.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* --- The buffer ----------------------------------------------------------------------- */

static char *buffer;
static size_t length, capacity;

static void reserve(size_t bytes) {
  if (length + bytes + 1 <= capacity) return;
  size_t larger = capacity == 0 ? 256 : capacity;
  while (length + bytes + 1 > larger) larger *= 2;
  char *made = realloc(buffer, larger);
  if (made == NULL) library_failed(GCROOTS_ERROR_OUT_OF_MEMORY);
  buffer = made;
  capacity = larger;
}

void text_clear(void) {
  length = 0;
}

void text_add(const char *utf8) {
  text_add_bytes(utf8, strlen(utf8));
}

void text_add_bytes(const char *utf8, size_t bytes) {
  reserve(bytes);
  memcpy(buffer + length, utf8, bytes);
  length += bytes;
}

void text_add_character(uint32_t code) {
  reserve(4);
  if (code < 0x80) {
    buffer[length++] = (char)code;
  } else if (code < 0x800) {
    buffer[length++] = (char)(0xc0 | code >> 6);
    buffer[length++] = (char)(0x80 | (code & 63));
  } else if (code < 0x10000) {
    buffer[length++] = (char)(0xe0 | code >> 12);
    buffer[length++] = (char)(0x80 | (code >> 6 & 63));
    buffer[length++] = (char)(0x80 | (code & 63));
  } else {
    buffer[length++] = (char)(0xf0 | code >> 18);
    buffer[length++] = (char)(0x80 | (code >> 12 & 63));
    buffer[length++] = (char)(0x80 | (code >> 6 & 63));
    buffer[length++] = (char)(0x80 | (code & 63));
  }
}

const char *text_bytes(void) {
  reserve(0);
  buffer[length] = 0;
  return buffer;
}

size_t text_length(void) {
  return length;
}

uint32_t utf8_next(const char **at, const char *end) {
  const unsigned char *p = (const unsigned char *)*at;
  const size_t left = (size_t)(end - *at);
  const size_t bytes = *p < 0xc0 ? 1 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : 4;
  uint32_t code = bytes == 1 ? *p : *p & (0x7fu >> bytes);
  if (bytes > left) {
    *at += 1;
    return *p;
  }
  for (size_t i = 1; i < bytes; i++) code = code << 6 | (p[i] & 63u);
  *at += bytes;
  return code;
}

/* --- Atoms ---------------------------------------------------------------------------- */

static const struct {
  uint32_t code;
  const char *name;
} names[] = {{' ', "space"}, {'\n', "newline"}, {'\t', "tab"},   {'\r', "return"}, {0, "null"},
             {7, "alarm"},   {8, "backspace"},  {127, "delete"}, {27, "escape"}};

const char *character_name(uint32_t code) {
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (names[i].code == code) return names[i].name;
  return NULL;
}

/* Prints a text between quotation marks or bars. */
static void add_quoted(const struct string *string, char mark) {
  static const char escaped[] = "\n\t\r\a", letters[] = "ntra";
  text_add_character((uint32_t)mark);
  for (uint32_t i = 0; i < string->length; i++) {
    const uint32_t code = (uint32_t)string->at[i];
    const char *found = code < 32 && code > 0 ? strchr(escaped, (int)code) : NULL;
    char hex[16];
    if (code == (uint32_t)mark || code == '\\') text_add("\\");
    snprintf(hex, sizeof hex, "\\x%x;", code);
    if (found != NULL)
      text_add_character('\\'), text_add_character((uint32_t)letters[found - escaped]);
    else if (code < 32)
      text_add(hex);
    else
      text_add_character(code);
  }
  text_add_character((uint32_t)mark);
}

static void add_string(value v, bool quoted) {
  const struct string *string = STRING_AT(v);
  if (quoted) {
    add_quoted(string, '"');
    return;
  }
  for (uint32_t i = 0; i < string->length; i++) text_add_character((uint32_t)string->at[i]);
}

/* Whether characters of numbers, such as "-1e5", are a number. */
static bool spells_number(const struct string *name) {
  char copy[64], *end;
  if (name->length >= sizeof copy) return true;
  for (uint32_t i = 0; i < name->length; i++) copy[i] = (char)name->at[i];
  copy[name->length] = 0;
  strtod(copy, &end);
  return *end == 0;
}

/* Whether a symbol can be read again only if it is between bars. */
static bool needs_bars(const struct string *name) {
  bool has_letter = false;
  if (name->length == 0) return true;
  for (uint32_t i = 0; i < name->length; i++) {
    const uint32_t code = (uint32_t)name->at[i];
    if (code <= ' ' || (code < 128 && strchr("()\";'`,|", (int)code) != NULL)) return true;
    has_letter = has_letter || !((code >= '0' && code <= '9') || code == '.' || code == '-' ||
                                 code == '+' || code == 'e' || code == 'E');
  }
  const uint32_t first = (uint32_t)name->at[0];
  if (first == '#') return true;
  if (name->length == 1) return first == '.' || (first >= '0' && first <= '9');
  return !has_letter && spells_number(name);
}

static void add_symbol(value v, bool quoted) {
  const value name = SYMBOL_AT(v)->name;
  if (quoted && needs_bars(STRING_AT(name)))
    add_quoted(STRING_AT(name), '|');
  else
    add_string(name, false);
}

static void add_character(uint32_t code, bool quoted) {
  char hex[16];
  if (!quoted) {
    text_add_character(code);
    return;
  }
  text_add("#\\");
  snprintf(hex, sizeof hex, "x%x", code);
  if (character_name(code) != NULL)
    text_add(character_name(code));
  else if (code < 32)
    text_add(hex);
  else
    text_add_character(code);
}

void format_flonum(double number, char *out, size_t bytes) {
  if (isnan(number)) {
    snprintf(out, bytes, "+nan.0");
  } else if (isinf(number)) {
    snprintf(out, bytes, number < 0 ? "-inf.0" : "+inf.0");
  } else {
    for (int digits = 15; digits <= 17; digits++) {
      snprintf(out, bytes, "%.*g", digits, number);
      if (strtod(out, NULL) == number) break;
    }
    if (strpbrk(out, ".e") == NULL) strncat(out, ".0", bytes - strlen(out) - 1);
  }
}

static void add_number(value v) {
  char text[40];
  if (is_fixnum(v))
    snprintf(text, sizeof text, "%d", fixnum_value(v));
  else if (is_kind(v, INTEGER))
    snprintf(text, sizeof text, "%lld", (long long)INTEGER_AT(v)->number);
  else
    format_flonum(FLONUM_AT(v)->number, text, sizeof text);
  text_add(text);
}

static void add_special(value v) {
  switch (v) {
    case FALSE: text_add("#f"); break;
    case TRUE: text_add("#t"); break;
    case EMPTY: text_add("()"); break;
    case UNSPECIFIED: text_add("#<unspecified>"); break;
    case END_OF_FILE: text_add("#<eof>"); break;
    case SPECIAL(17): text_add("#<port>"); break;
    default: text_add("#<unset>");
  }
}

static void add_named(const char *what, value name) {
  text_add("#<");
  text_add(what);
  if (is_kind(name, SYMBOL)) {
    text_add(" ");
    add_string(SYMBOL_AT(name)->name, false);
  }
  text_add(">");
}

static void add_bytes(value v) {
  char number[8];
  text_add("#u8(");
  for (uint32_t i = 0; i < BYTES_AT(v)->length; i++) {
    snprintf(number, sizeof number, i == 0 ? "%d" : " %d", BYTES_AT(v)->at[i]);
    text_add(number);
  }
  text_add(")");
}

static void add_object(value v, bool quoted) {
  if (is_kind(v, STRING))
    add_string(v, quoted);
  else if (is_kind(v, SYMBOL))
    add_symbol(v, quoted);
  else if (is_kind(v, FLONUM) || is_kind(v, INTEGER))
    add_number(v);
  else if (is_kind(v, CLOSURE))
    add_named("procedure", CODE_AT(VECTOR_AT(v)->at[0])->name);
  else if (is_kind(v, PRIMITIVE))
    text_add("#<procedure>");
  else if (is_kind(v, RECORD))
    add_named("record", RECORD_TYPE_AT(VECTOR_AT(v)->at[0])->name);
  else if (is_kind(v, RECORD_TYPE))
    add_named("record-type", RECORD_TYPE_AT(v)->name);
  else if (is_kind(v, TABLE))
    text_add("#<hash-table>");
  else if (is_kind(v, CONDITION))
    text_add("#<error>");
  else if (is_kind(v, PORT))
    text_add("#<port>");
  else if (is_kind(v, BYTES))
    add_bytes(v);
  else
    text_add(is_kind(v, CONTINUATION) || is_kind(v, ESCAPE) ? "#<continuation>" : "#<object>");
}

/* --- Pairs and vectors ---------------------------------------------------------------- */

/* What is left to print: an element from `index` on of a vector, or the rest of a list. */
struct pending {
  value rest;
  uint32_t index;
  bool in_vector;
};
static struct pending *pending;
static size_t pending_count, pending_capacity;

/* Labels that have been printed, and whether there are labels at all. */
static uint32_t label_count;
static bool has_labels;

static void push_pending(value rest) {
  if (pending_count == pending_capacity)
    pending = grown(pending, &pending_capacity, sizeof *pending);
  pending[pending_count].rest = rest;
  pending[pending_count].in_vector = is_kind(rest, VECTOR);
  pending[pending_count++].index = 0;
}

static bool needs_label(value v) {
  return has_labels && (is_pair(v) || is_kind(v, VECTOR)) && *mark_of(v) >= LABELLED;
}

/* Prints "#n=" in front of an object that needs a label, or "#n#" instead of it. The mark becomes
   LABELLED + 1 + n. Returns true if that is all of the object. */
static bool add_label(value v) {
  char text[24];
  if (!needs_label(v)) return false;
  uint32_t *mark = mark_of(v);
  const bool is_printed = *mark > LABELLED;
  if (!is_printed) *mark = LABELLED + 1 + label_count++;
  snprintf(text, sizeof text, is_printed ? "#%u#" : "#%u=", *mark - LABELLED - 1);
  text_add(text);
  return is_printed;
}

/* Prints an atom, or begins a pair or a vector. */
static void add_start(value v, bool quoted) {
  if (add_label(v)) return;
  if (is_pair(v)) {
    text_add("(");
    push_pending(v);
  } else if (is_kind(v, VECTOR)) {
    text_add("#(");
    push_pending(v);
  } else if (is_object(v)) {
    add_object(v, quoted);
  } else if (is_fixnum(v)) {
    add_number(v);
  } else if (is_character(v)) {
    add_character(character_code(v), quoted);
  } else {
    add_special(v);
  }
}

static void add_end(void) {
  pending_count--;
  text_add(")");
}

static void add_next_element(struct pending *top, bool quoted) {
  const uint32_t index = top->index++;
  if (index == VECTOR_AT(top->rest)->length) {
    add_end();
    return;
  }
  if (index > 0) text_add(" ");
  add_start(VECTOR_AT(top->rest)->at[index], quoted);
}

/* A tail that has a label is printed behind a dot, like a tail that is no pair. */
static void add_next_of_list(struct pending *top, bool quoted) {
  const value rest = top->rest;
  if (rest == EMPTY) {
    add_end();
    return;
  }
  const bool is_first = top->index++ == 0;
  if (!is_first) text_add(" ");
  if (is_pair(rest) && (is_first || !needs_label(rest))) {
    top->rest = cdr(rest);
    add_start(car(rest), quoted);
    return;
  }
  top->rest = EMPTY;
  text_add(". ");
  add_start(rest, quoted);
}

void text_add_labelled(value v, bool quoted, enum labelling labelling, size_t limit) {
  const size_t end = length + limit < length ? SIZE_MAX : length + limit;
  pending_count = 0;
  label_count = 0;
  has_labels = find_labels(v, labelling);
  add_start(v, quoted);
  while (pending_count > 0 && length < end) {
    struct pending *top = &pending[pending_count - 1];
    if (top->in_vector)
      add_next_element(top, quoted);
    else
      add_next_of_list(top, quoted);
  }
  if (pending_count > 0) text_add("...");
}

void text_add_value(value v, bool quoted, size_t limit) {
  text_add_labelled(v, quoted, CYCLES, limit);
}
