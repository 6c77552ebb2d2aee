/* The reader. The data that it has begun are on the stack of roots, and not on the stack of C, so
 * that data may be nested deeply.
 *
 * Something that has begun is three slots: what it is (a fixnum of enum opened), the elements so
 * far as a list in reverse, and the tail behind a dot or UNSET.
 *
 * Below them is a list of the labels, pairs of a number and a datum. While a datum is read, "#n#"
 * is a placeholder, which the datum replaces at the end. */
#include "reader.h"

#include "errors.h"
#include "numbers.h"
#include "symbols.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>

enum opened { LIST, VECTOR_OPENED, BYTES_OPENED, PREFIX, COMMENT, LABEL };
enum { WHAT, ELEMENTS, TAIL, SLOTS };
#define AFTER_DOT SPECIAL(16) /* the tail is the next datum */

/* The placeholders of labels, of which there may be this number. */
enum { LABELS = 1 << 20, FIRST_PLACEHOLDER = 1 << 10 };

_Noreturn static void fail_at(const struct source *source, const char *message) {
  char text[120];
  snprintf(text, sizeof text, "line %u: %s", source->line, message);
  fail_read(text);
}

/* --- Tokens --------------------------------------------------------------------------- */

static bool is_delimiter(char c) {
  return c == 0 || strchr(" \t\r\n\f()\";'`,", c) != NULL;
}

/* Skips "#| ... |#", which may be nested. */
static void skip_block(struct source *s) {
  int depth = 0;
  do {
    if (s->end - s->at >= 2 && s->at[0] == '#' && s->at[1] == '|') {
      depth++;
      s->at += 2;
    } else if (s->end - s->at >= 2 && s->at[0] == '|' && s->at[1] == '#') {
      depth--;
      s->at += 2;
    } else {
      if (s->at == s->end) return;
      if (*s->at == '\n') s->line++;
      s->at++;
    }
  } while (depth > 0);
}

static void skip_space(struct source *s) {
  while (s->at < s->end) {
    if (*s->at == ';') {
      while (s->at < s->end && *s->at != '\n') s->at++;
    } else if (s->end - s->at >= 2 && s->at[0] == '#' && s->at[1] == '|') {
      skip_block(s);
    } else if (strchr(" \t\r\n\f", *s->at) != NULL && *s->at != 0) {
      if (*s->at == '\n') s->line++;
      s->at++;
    } else {
      return;
    }
  }
}

/* Finds the end of a symbol or a number, and moves behind it. */
static size_t take_token(struct source *s) {
  const char *start = s->at;
  while (s->at < s->end && !is_delimiter(*s->at)) s->at++;
  return (size_t)(s->at - start);
}

/* Reads hexadecimal digits of a character. */
static uint32_t read_hex(struct source *s) {
  static const char digits[] = "0123456789abcdef";
  uint32_t code = 0;
  const char *start = s->at, *digit;
  while (s->at < s->end && *s->at != 0 && (digit = strchr(digits, *s->at | 32)) != NULL) {
    code = code << 4 | (uint32_t)(digit - digits);
    s->at++;
    if (code > 0x10ffff) fail_at(s, "no such character");
  }
  if (s->at == start || (code >= 0xd800 && code < 0xe000)) fail_at(s, "no such character");
  return code;
}

/* Skips the space around the end of a line, whose first character was a backslash. */
static void skip_line_end(struct source *s) {
  s->at--;
  while (s->at < s->end && strchr(" \t\r", *s->at) != NULL && *s->at != 0) s->at++;
  if (s->at == s->end || *s->at != '\n') fail_at(s, "unknown escape");
  s->line++;
  s->at++;
  while (s->at < s->end && (*s->at == ' ' || *s->at == '\t')) s->at++;
}

/* Reads an escape in a string, after the backslash. */
static void read_escape(struct source *s) {
  const char c = *s->at++;
  switch (c) {
    case 'n': text_add("\n"); return;
    case 't': text_add("\t"); return;
    case 'r': text_add("\r"); return;
    case 'a': text_add("\a"); return;
    case '0': text_add_character(0); return;
    case 'x':
      text_add_character(read_hex(s));
      if (s->at == s->end || *s->at++ != ';') fail_at(s, "no ; after \\x");
      return;
    case ' ':
    case '\t':
    case '\r':
    case '\n': skip_line_end(s); return;
    case '"':
    case '\\':
    case '|':
    case '\'': text_add_character((unsigned char)c); return;
    default: fail_at(s, "unknown escape");
  }
}

/* Reads the rest of a string, or of a symbol between bars, into the buffer of text. */
static bool read_quoted(struct source *s, char quote) {
  text_clear();
  while (s->at < s->end) {
    if (*s->at == quote) {
      s->at++;
      return true;
    }
    if (*s->at == '\\' && s->end - s->at >= 2) {
      s->at++;
      read_escape(s);
    } else {
      if (*s->at == '\n') s->line++;
      text_add_character(utf8_next(&s->at, s->end));
    }
  }
  return false;
}

/* Reads a character after "#\". */
static value read_character(struct source *s) {
  const char *start = s->at, *next = s->at;
  const uint32_t code = utf8_next(&next, s->end);
  s->at = next;
  take_token(s);
  const size_t length = (size_t)(s->at - start);
  if (s->at == next) return character(code);
  if (*start == 'x') {
    struct source hex = {start + 1, s->at, s->line, false};
    const uint32_t found = read_hex(&hex);
    if (hex.at == s->at) return character(found);
  }
  for (uint32_t c = 0; c < 128; c++) {
    const char *name = character_name(c);
    if (name != NULL && strlen(name) == length && memcmp(name, start, length) == 0)
      return character(c);
  }
  if (length == 3 && memcmp(start, "nul", 3) == 0) return character(0);
  fail_at(s, "unknown character name");
}

static bool token_is(const char *token, size_t length, const char *text) {
  return strlen(text) == length && memcmp(token, text, length) == 0;
}

/* Reads the number of a label at "#n=" or "#n#", or returns -1. */
static int32_t label_at(const struct source *s, char last) {
  const char *at = s->at + 1;
  int32_t number = 0;
  if (*s->at != '#') return -1;
  for (; at < s->end && *at >= '0' && *at <= '9'; at++) {
    number = 10 * number + (*at - '0');
    if (number >= LABELS) fail_at(s, "the number of a label is too large");
  }
  return at > s->at + 1 && at < s->end && *at == last ? number : -1;
}

/* A token that begins with "#". */
static value read_hash(struct source *s) {
  const char *start = s->at;
  const int32_t label = label_at(s, '#');
  if (label >= 0) {
    s->at = (const char *)memchr(s->at + 1, '#', (size_t)(s->end - s->at - 1)) + 1;
    s->has_placeholders = true;
    return SPECIAL(FIRST_PLACEHOLDER + label);
  }
  if (s->end - s->at > 2 && s->at[1] == '\\') {
    s->at += 2;
    return read_character(s);
  }
  const size_t length = take_token(s);
  if (token_is(start, length, "#t") || token_is(start, length, "#true")) return TRUE;
  if (token_is(start, length, "#f") || token_is(start, length, "#false")) return FALSE;
  const value number = parse_number(start, length, 10);
  if (number != FALSE) return number;
  fail_at(s, "unknown syntax after #");
}

static value read_atom(struct source *s) {
  if (*s->at == '#') return read_hash(s);
  const char *start = s->at;
  const size_t length = take_token(s);
  if (length == 0) fail_at(s, "unexpected character");
  const value number = parse_number(start, length, 10);
  return number != FALSE ? number : intern(start, length);
}

/* --- Nested data ---------------------------------------------------------------------- */

static void open(enum opened what, value elements) {
  push(fixnum(what));
  push(elements);
  push(UNSET);
}

/* Reverses a list in place onto a tail. */
static value reverse_onto(value list, value tail) {
  while (list != EMPTY) {
    const value next = cdr(list);
    set_cdr(list, tail);
    tail = list;
    list = next;
  }
  return tail;
}

/* Makes a vector or bytes of the list on top of the stack, in its place. */
static void list_to_array(struct source *s, enum opened what) {
  const size_t slot = stack_height() - 1;
  uint32_t length = 0, i = 0;
  for (value rest = stack[slot]; rest != EMPTY; rest = cdr(rest)) length++;
  push(what == BYTES_OPENED ? new_bytes(length, 0) : new_vector(VECTOR, length, FALSE));
  for (value rest = stack[slot]; rest != EMPTY; rest = cdr(rest), i++) {
    const value array = stack[slot + 1];
    if (what == VECTOR_OPENED)
      set_element(array, i, car(rest));
    else if (is_fixnum(car(rest)) && (uint32_t)fixnum_value(car(rest)) < 256)
      BYTES_AT(array)->at[i] = (uint8_t)fixnum_value(car(rest));
    else
      fail_at(s, "not a byte");
  }
  stack_put(slot, pop());
}

/* Completes what is open, and leaves it on top of the stack. */
static void close_opened(struct source *s) {
  const size_t base = stack_height() - SLOTS;
  const enum opened what = (enum opened)fixnum_value(stack[base + WHAT]);
  const value tail = stack[base + TAIL] == UNSET ? EMPTY : stack[base + TAIL];
  stack_put(base, reverse_onto(stack[base + ELEMENTS], tail));
  stack_cut(base + 1);
  if (what == VECTOR_OPENED || what == BYTES_OPENED) list_to_array(s, what);
}

/* Adds the datum on top of the stack, which a label is open for, to the list of labels. */
static void close_label(struct source *s, size_t start) {
  const size_t base = stack_height() - 1 - SLOTS;
  const value datum = stack[stack_height() - 1];
  if (datum == SPECIAL(FIRST_PLACEHOLDER + fixnum_value(stack[base + ELEMENTS])))
    fail_at(s, "a label of itself");
  push(stack[base + ELEMENTS]);
  push(datum);
  push_pair();
  push(stack[start - 1]);
  push_pair();
  stack_put(start - 1, pop());
  stack_put(base, pop());
  stack_cut(base + 1);
}

/* The datum of a placeholder, which may be a placeholder too. Other values stay. */
static value without_placeholder(struct source *s, value v, value labels) {
  for (int steps = 0; !is_object(v) && v >= SPECIAL(FIRST_PLACEHOLDER) && (v & 0xff) == SPECIAL_TAG;
       steps++) {
    value rest = labels;
    while (rest != EMPTY && v != SPECIAL(FIRST_PLACEHOLDER + fixnum_value(car(car(rest)))))
      rest = cdr(rest);
    if (rest == EMPTY || steps > 1000) fail_at(s, "no such label");
    v = cdr(car(rest));
  }
  return v;
}

/* Replaces the placeholders in the datum on top of the stack. Each part is visited once: it is a
   tree until then. What is left to visit is on the stack. */
static void resolve_labels(struct source *s, size_t start) {
  const size_t slot = stack_height() - 1;
  stack_put(slot, without_placeholder(s, stack[slot], stack[start - 1]));
  if (stack[start - 1] == EMPTY && !s->has_placeholders) return;
  s->has_placeholders = false;
  push(stack[slot]);
  while (stack_height() > slot + 1) {
    const value v = pop();
    const uint32_t count = is_pair(v) ? 2 : is_kind(v, VECTOR) ? VECTOR_AT(v)->length : 0;
    for (uint32_t i = 0; i < count; i++) {
      const value part = is_pair(v) ? (i == 0 ? car(v) : cdr(v)) : VECTOR_AT(v)->at[i];
      const value datum = without_placeholder(s, part, stack[start - 1]);
      if (datum == part) {
        push(part);
      } else if (is_pair(v)) {
        set_field(v, i, datum);
      } else {
        set_element(v, i, datum);
      }
    }
  }
}

/* Adds the datum on top of the stack to what is open below it. Returns true if the datum is
   complete, because nothing is open. */
static bool add_datum(struct source *s, size_t start) {
  while (stack_height() > start + 1) {
    const size_t base = stack_height() - 1 - SLOTS;
    const enum opened what = (enum opened)fixnum_value(stack[base + WHAT]);
    if (what == COMMENT) {
      stack_cut(base);
      return false;
    }
    if (what == LABEL) {
      close_label(s, start);
      continue;
    }
    if (stack[base + TAIL] == AFTER_DOT) { /* after a dot */
      stack_put(base + TAIL, pop());
      return false;
    }
    if (stack[base + TAIL] != UNSET) fail_at(s, "more than one datum after a dot");
    push(stack[base + ELEMENTS]);
    push_pair();
    stack_put(base + ELEMENTS, stack[stack_height() - 1]);
    pop();
    if (what != PREFIX) return false;
    close_opened(s);
  }
  return true;
}

/* Opens (quote ...) and the like. */
static void open_prefix(enum name name) {
  push(symbol_named(name));
  push(EMPTY);
  push_pair();
  const value elements = pop();
  open(PREFIX, elements);
}

/* Reads what opens something. Returns false if it is an atom. */
static bool read_opening(struct source *s) {
  const size_t left = (size_t)(s->end - s->at);
  size_t length = 1;
  if (*s->at == '(') {
    open(LIST, EMPTY);
  } else if (*s->at == '\'') {
    open_prefix(NAME_quote);
  } else if (*s->at == '`') {
    open_prefix(NAME_quasiquote);
  } else if (left >= 2 && memcmp(s->at, ",@", 2) == 0) {
    open_prefix(NAME_unquote_splicing);
    length = 2;
  } else if (*s->at == ',') {
    open_prefix(NAME_unquote);
  } else if (left >= 2 && memcmp(s->at, "#(", 2) == 0) {
    open(VECTOR_OPENED, EMPTY);
    length = 2;
  } else if (left >= 4 && memcmp(s->at, "#u8(", 4) == 0) {
    open(BYTES_OPENED, EMPTY);
    length = 4;
  } else if (left >= 2 && memcmp(s->at, "#;", 2) == 0) {
    open(COMMENT, EMPTY);
    length = 2;
  } else if (label_at(s, '=') >= 0) {
    open(LABEL, fixnum(label_at(s, '=')));
    length = (size_t)((const char *)memchr(s->at, '=', left) - s->at) + 1;
  } else {
    return false;
  }
  s->at += length;
  return true;
}

/* Reads a closing parenthesis. */
static void read_close(struct source *s, size_t start) {
  const size_t base = stack_height() - SLOTS;
  s->at++;
  if (stack_height() < start + SLOTS || fixnum_value(stack[base + WHAT]) >= PREFIX)
    fail_at(s, "unexpected )");
  if (stack[base + TAIL] == AFTER_DOT) fail_at(s, "nothing after a dot");
  close_opened(s);
}

/* Reads a lone dot in a list. */
static bool read_dot(struct source *s, size_t start) {
  if (*s->at != '.' || (s->end - s->at >= 2 && !is_delimiter(s->at[1]))) return false;
  const size_t base = stack_height() - SLOTS;
  s->at++;
  if (stack_height() < start + SLOTS || fixnum_value(stack[base + WHAT]) != LIST ||
      stack[base + ELEMENTS] == EMPTY)
    fail_at(s, "unexpected dot");
  stack_put(base + TAIL, AFTER_DOT);
  return true;
}

/* Reads a string, or a symbol between bars. Returns false if the text ends in it. */
static bool read_string_or_symbol(struct source *s) {
  const char quote = *s->at++;
  if (!read_quoted(s, quote)) return false;
  push(quote == '"' ? new_string_from(text_bytes(), text_length())
                    : intern(text_bytes(), text_length()));
  return true;
}

/* Reads until a datum is complete, above the slot of the labels. */
static enum read_result read_above(struct source *s, size_t start) {
  for (;;) {
    skip_space(s);
    if (s->at == s->end) return stack_height() > start ? READ_INCOMPLETE : READ_END;
    if (read_opening(s) || read_dot(s, start)) continue;
    if (*s->at == ')') {
      read_close(s, start);
    } else if (*s->at == '"' || *s->at == '|') {
      if (!read_string_or_symbol(s)) return READ_INCOMPLETE;
    } else {
      push(read_atom(s));
    }
    if (add_datum(s, start)) return READ_DATUM;
  }
}

enum read_result read_datum(struct source *s) {
  const size_t labels = push(EMPTY);
  const enum read_result result = read_above(s, labels + 1);
  if (result == READ_DATUM) {
    resolve_labels(s, labels + 1);
    stack_put(labels, pop());
  } else {
    stack_cut(labels);
  }
  return result;
}
