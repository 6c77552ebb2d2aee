/* The reader. The data that it has begun are on the stack of roots, and not on the stack of C, so
 * that data may be nested deeply.
 *
 * Something that has begun is three slots: what it is (a fixnum of enum opened), the elements so
 * far as a list in reverse, and the tail behind a dot or UNSET. */
#include "reader.h"

#include "errors.h"
#include "numbers.h"
#include "symbols.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>

enum opened { LIST, VECTOR_OPENED, BYTES_OPENED, PREFIX, COMMENT };
enum { WHAT, ELEMENTS, TAIL, SLOTS };
#define AFTER_DOT SPECIAL(16) /* the tail is the next datum */

_Noreturn static void fail_read(const struct source *source, const char *message) {
  char text[120];
  const size_t slot = stack_height();
  snprintf(text, sizeof text, "line %u: %s", source->line, message);
  push(new_string_from(text, strlen(text)));
  raise_value(new_struct_of_3(CONDITION, symbol_named(NAME_read_error), stack[slot], EMPTY));
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

/* Reads an escape in a string, after the backslash. */
static void read_escape(struct source *s) {
  const char c = *s->at++;
  char *end;
  switch (c) {
    case 'n': text_add("\n"); return;
    case 't': text_add("\t"); return;
    case 'r': text_add("\r"); return;
    case 'a': text_add("\a"); return;
    case '0': text_add_character(0); return;
    case 'x':
      text_add_character((uint32_t)strtoul(s->at, &end, 16) & 0x1fffff);
      s->at = end < s->end ? end + 1 : s->end;
      return;
    case '\n':
      s->line++;
      while (s->at < s->end && (*s->at == ' ' || *s->at == '\t')) s->at++;
      return;
    default: text_add_character((unsigned char)c);
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
    char *end;
    const unsigned long hex = strtoul(start + 1, &end, 16);
    if (end == s->at && hex <= 0x10ffff) return character((uint32_t)hex);
  }
  for (uint32_t c = 0; c < 128; c++) {
    const char *name = character_name(c);
    if (name != NULL && strlen(name) == length && memcmp(name, start, length) == 0)
      return character(c);
  }
  if (length == 3 && memcmp(start, "nul", 3) == 0) return character(0);
  fail_read(s, "unknown character name");
}

static bool token_is(const char *token, size_t length, const char *text) {
  return strlen(text) == length && memcmp(token, text, length) == 0;
}

/* A token that begins with "#". */
static value read_hash(struct source *s) {
  const char *start = s->at;
  if (s->end - s->at > 2 && s->at[1] == '\\') {
    s->at += 2;
    return read_character(s);
  }
  const size_t length = take_token(s);
  if (token_is(start, length, "#t") || token_is(start, length, "#true")) return TRUE;
  if (token_is(start, length, "#f") || token_is(start, length, "#false")) return FALSE;
  const value number = parse_number(start, length, 10);
  if (number != FALSE) return number;
  fail_read(s, "unknown syntax after #");
}

static value read_atom(struct source *s) {
  if (*s->at == '#') return read_hash(s);
  const char *start = s->at;
  const size_t length = take_token(s);
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
      fail_read(s, "not a byte");
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
    if (stack[base + TAIL] == AFTER_DOT) { /* after a dot */
      stack_put(base + TAIL, pop());
      return false;
    }
    if (stack[base + TAIL] != UNSET) fail_read(s, "more than one datum after a dot");
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
    fail_read(s, "unexpected )");
  if (stack[base + TAIL] == AFTER_DOT) fail_read(s, "nothing after a dot");
  close_opened(s);
}

/* Reads a lone dot in a list. */
static bool read_dot(struct source *s, size_t start) {
  if (*s->at != '.' || (s->end - s->at >= 2 && !is_delimiter(s->at[1]))) return false;
  const size_t base = stack_height() - SLOTS;
  s->at++;
  if (stack_height() < start + SLOTS || fixnum_value(stack[base + WHAT]) != LIST ||
      stack[base + ELEMENTS] == EMPTY)
    fail_read(s, "unexpected dot");
  stack_put(base + TAIL, AFTER_DOT);
  return true;
}

enum read_result read_datum(struct source *s) {
  const size_t start = stack_height();
  for (;;) {
    skip_space(s);
    if (s->at == s->end) {
      const bool is_open = stack_height() > start;
      stack_cut(start);
      return is_open ? READ_INCOMPLETE : READ_END;
    }
    if (read_opening(s) || read_dot(s, start)) continue;
    if (*s->at == ')') {
      read_close(s, start);
    } else if (*s->at == '"' || *s->at == '|') {
      const char quote = *s->at++;
      if (!read_quoted(s, quote)) {
        stack_cut(start);
        return READ_INCOMPLETE;
      }
      push(quote == '"' ? new_string_from(text_bytes(), text_length())
                        : intern(text_bytes(), text_length()));
    } else {
      push(read_atom(s));
    }
    if (add_datum(s, start)) return READ_DATUM;
  }
}
