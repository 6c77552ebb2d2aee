/* Ports: the standard output, strings as input and as output, and files, which are read as a whole.
 */
#include "builtins.h"
#include "errors.h"
#include "reader.h"
#include "symbols.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>

#define STANDARD_OUTPUT SPECIAL(17)

static value new_port(value text, bool is_output) {
  gcroots_raw_val_t fields[3];
  fields[0].ref = text;
  fields[1].ref = boolean(is_output);
  fields[2].i32 = 0;
  return new_struct(PORT, fields, 3);
}

/* --- Output --------------------------------------------------------------------------- */

/* Appends the buffer of text to the string port in a slot. The string doubles when it is full. */
static void append_to_port(size_t slot) {
  const char *at = text_bytes(), *end = at + text_length();
  const uint32_t capacity = STRING_AT(PORT_AT(stack[slot])->text)->length;
  const uint32_t used = (uint32_t)PORT_AT(stack[slot])->at;
  if (used + (uint64_t)(end - at) > capacity) {
    const value larger = new_string(2 * capacity + (uint32_t)(end - at));
    const struct string *old = STRING_AT(PORT_AT(stack[slot])->text);
    memcpy(STRING_AT(larger)->at, old->at, 4 * (size_t)used);
    set_field(stack[slot], 0, larger);
  }
  struct port *port = PORT_AT(stack[slot]);
  while (at < end) STRING_AT(port->text)->at[port->at++] = (int32_t)utf8_next(&at, end);
}

/* Writes the buffer of text to a port, or to the current one if `given` is UNSET. */
static void write_out(value given) {
  const value port = given == UNSET ? roots[OUTPUT] : given;
  if (port == STANDARD_OUTPUT || (given == UNSET && port == FALSE)) {
    fwrite(text_bytes(), 1, text_length(), stdout);
    return;
  }
  if (!is_kind(port, PORT) || PORT_AT(port)->is_output != TRUE)
    fail_type("write", "an output port", port);
  append_to_port(push(port));
  pop();
}

static value print_labelled(value *arguments, int count, enum labelling labelling) {
  text_clear();
  text_add_labelled(arguments[0], true, labelling, SIZE_MAX);
  write_out(count > 1 ? arguments[1] : UNSET);
  return UNSPECIFIED;
}
/* Without labels a circle has no end. */
static value write_simple(value *arguments, int count) {
  if (find_labels(arguments[0], CYCLES)) fail("write-simple: a circular structure", UNSET);
  return print_labelled(arguments, count, NO_LABELS);
}
static value write_shared(value *arguments, int count) {
  return print_labelled(arguments, count, SHARED);
}

static value print(value *arguments, int count, bool quoted) {
  text_clear();
  text_add_value(arguments[0], quoted, SIZE_MAX);
  write_out(count > 1 ? arguments[1] : UNSET);
  return UNSPECIFIED;
}
/* (write-string string [port start end]) */
static value write_string(value *arguments, int count) {
  if (!is_kind(arguments[0], STRING)) fail_type("write-string", "a string", arguments[0]);
  const struct string *s = STRING_AT(arguments[0]);
  uint32_t range[2] = {0, s->length};
  for (int i = 2; i < count; i++) {
    if (!is_fixnum(arguments[i]) || (uint32_t)fixnum_value(arguments[i]) > s->length)
      fail_type("write-string", "an index that is in range", arguments[i]);
    range[i - 2] = (uint32_t)fixnum_value(arguments[i]);
  }
  text_clear();
  for (uint32_t i = range[0]; i < range[1]; i++) text_add_character((uint32_t)s->at[i]);
  write_out(count > 1 ? arguments[1] : UNSET);
  return UNSPECIFIED;
}
static value write_char(value *arguments, int count) {
  if (!is_character(arguments[0])) fail_type("write-char", "a character", arguments[0]);
  return print(arguments, count, false);
}
static value display(value *arguments, int count) {
  return print(arguments, count, false);
}
static value write_value(value *arguments, int count) {
  return print(arguments, count, true);
}
static value newline(value *arguments, int count) {
  text_clear();
  text_add("\n");
  write_out(count > 0 ? arguments[0] : UNSET);
  return UNSPECIFIED;
}

static value open_output(value *arguments, int count) {
  (void)arguments, (void)count;
  return new_port(new_string(16), true);
}

static value output_string(value *arguments, int count) {
  const size_t slot = (size_t)(arguments - stack);
  (void)count;
  if (!is_kind(arguments[0], PORT) || PORT_AT(arguments[0])->is_output != TRUE)
    fail_type("get-output-string", "an output port", arguments[0]);
  const value copy = new_string((uint32_t)PORT_AT(arguments[0])->at);
  const struct string *from = STRING_AT(PORT_AT(stack[slot])->text);
  memcpy(STRING_AT(copy)->at, from->at, 4 * (size_t)STRING_AT(copy)->length);
  return copy;
}

static value output_port_p(value *arguments, int count);

/* Sets the current output port, and returns the one before. */
static value set_output(value *arguments, int count) {
  const value before = roots[OUTPUT] == FALSE ? STANDARD_OUTPUT : roots[OUTPUT];
  (void)count;
  if (output_port_p(arguments, 1) == FALSE)
    fail_type("current-output-port", "an output port", arguments[0]);
  set_root(OUTPUT, arguments[0]);
  return before;
}

static value current_output(value *arguments, int count) {
  (void)arguments, (void)count;
  return roots[OUTPUT] == FALSE ? STANDARD_OUTPUT : roots[OUTPUT];
}

/* --- Input ---------------------------------------------------------------------------- */

static value open_input(value *arguments, int count) {
  (void)count;
  if (!is_kind(arguments[0], STRING)) fail_type("open-input-string", "a string", arguments[0]);
  return new_port(arguments[0], false);
}

static value open_file(value *arguments, int count) {
  (void)count;
  if (!is_kind(arguments[0], STRING)) fail_type("open-input-file", "a string", arguments[0]);
  FILE *file = fopen(utf8_of_string(arguments[0]), "rb");
  if (file == NULL) fail_file("the file cannot be opened:", arguments[0]);
  text_clear();
  for (int c; (c = getc(file)) != EOF;) {
    const char byte[2] = {(char)c, 0};
    if (c != 0) text_add(byte);
  }
  fclose(file);
  return new_port(new_string_from(text_bytes(), text_length()), false);
}

static struct port *input(value v) {
  if (!is_kind(v, PORT) || PORT_AT(v)->is_output != FALSE) fail_type("read", "an input port", v);
  return PORT_AT(v);
}

static value peek_char(value *arguments, int count) {
  const struct port *port = input(arguments[0]);
  (void)count;
  if ((uint32_t)port->at >= STRING_AT(port->text)->length) return END_OF_FILE;
  return character((uint32_t)STRING_AT(port->text)->at[port->at]);
}

static value read_char(value *arguments, int count) {
  const value c = peek_char(arguments, count);
  if (c != END_OF_FILE) PORT_AT(arguments[0])->at++;
  return c;
}

/* (read-string count port): at most that number of characters, or the end of file. */
static value read_string(value *arguments, int count) {
  struct port *port = input(arguments[1]);
  const uint32_t left = STRING_AT(port->text)->length - (uint32_t)port->at;
  (void)count;
  if (!is_fixnum(arguments[0]) || fixnum_value(arguments[0]) < 0)
    fail_type("read-string", "a length", arguments[0]);
  if (left == 0 && arguments[0] != fixnum(0)) return END_OF_FILE;
  uint32_t length = (uint32_t)fixnum_value(arguments[0]);
  if (length > left) length = left;
  const uint32_t start = (uint32_t)port->at;
  port->at += (int32_t)length;
  const size_t slot = push(port->text);
  const value made = new_string(length);
  memcpy(STRING_AT(made)->at, STRING_AT(stack[slot])->at + start, 4 * (size_t)length);
  return made;
}

static value read_line(value *arguments, int count) {
  struct port *port = input(arguments[0]);
  const struct string *text = STRING_AT(port->text);
  const uint32_t start = (uint32_t)port->at;
  uint32_t end = start;
  (void)count;
  if (start >= text->length) return END_OF_FILE;
  while (end < text->length && text->at[end] != '\n') end++;
  port->at = (int32_t)(end < text->length ? end + 1 : end);
  const size_t slot = push(port->text);
  const value line = new_string(end - start);
  memcpy(STRING_AT(line)->at, STRING_AT(stack[slot])->at + start, 4 * (size_t)(end - start));
  return line;
}

/* Reads a datum from a copy of the rest of the text, because the text in the heap may move. */
static value read_from_port(value *arguments, int count) {
  static char *copy;
  const size_t slot = (size_t)(arguments - stack);
  const struct port *port = input(arguments[0]);
  const struct string *text = STRING_AT(port->text);
  (void)count;
  text_clear();
  for (uint32_t i = (uint32_t)port->at; i < text->length; i++)
    text_add_character((uint32_t)text->at[i]);
  free(copy);
  copy = malloc(text_length() + 1);
  if (copy == NULL) library_failed(GCROOTS_ERROR_OUT_OF_MEMORY);
  memcpy(copy, text_bytes(), text_length() + 1);
  struct source source = {copy, copy + text_length(), 1, false};
  const enum read_result result = read_datum(&source);
  for (const char *at = copy; at < source.at; PORT_AT(stack[slot])->at++)
    utf8_next(&at, source.end);
  if (result == READ_INCOMPLETE) fail_read("read: the text ends within a datum");
  return result == READ_END ? END_OF_FILE : pop();
}

static value eof_object(value *arguments, int count) {
  (void)arguments, (void)count;
  return END_OF_FILE;
}

/* The standard output is a port too. */
static value port_p(value *arguments, int count) {
  (void)count;
  return boolean(is_kind(arguments[0], PORT) || arguments[0] == STANDARD_OUTPUT);
}
static value input_port_p(value *arguments, int count) {
  (void)count;
  return boolean(is_kind(arguments[0], PORT) && PORT_AT(arguments[0])->is_output == FALSE);
}
static value output_port_p(value *arguments, int count) {
  (void)count;
  return boolean(arguments[0] == STANDARD_OUTPUT ||
                 (is_kind(arguments[0], PORT) && PORT_AT(arguments[0])->is_output == TRUE));
}

static value delete_named_file(value *arguments, int count) {
  (void)count;
  if (!is_kind(arguments[0], STRING)) fail_type("delete-file", "a string", arguments[0]);
  if (remove(utf8_of_string(arguments[0])) != 0)
    fail_file("the file cannot be deleted:", arguments[0]);
  return UNSPECIFIED;
}
static value file_exists(value *arguments, int count) {
  (void)count;
  if (!is_kind(arguments[0], STRING)) fail_type("file-exists?", "a string", arguments[0]);
  FILE *file = fopen(utf8_of_string(arguments[0]), "rb");
  if (file != NULL) fclose(file);
  return boolean(file != NULL);
}

const struct builtin port_builtins[] = {
    {"display", display, 1, 2, 0},
    {"write", write_value, 1, 2, 0},
    {"write-simple", write_simple, 1, 2, 0},
    {"write-shared", write_shared, 1, 2, 0},
    {"write-string", write_string, 1, 4, 0},
    {"write-char", write_char, 1, 2, 0},
    {"newline", newline, 0, 1, 0},
    {"open-output-string", open_output, 0, 0, 0},
    {"get-output-string", output_string, 1, 1, 0},
    {"%set-output!", set_output, 1, 1, 0},
    {"%output", current_output, 0, 0, 0},
    {"open-input-string", open_input, 1, 1, 0},
    {"open-input-file", open_file, 1, 1, 0},
    {"peek-char", peek_char, 1, 1, 0},
    {"read-char", read_char, 1, 1, 0},
    {"read-line", read_line, 1, 1, 0},
    {"read", read_from_port, 1, 1, 0},
    {"eof-object", eof_object, 0, 0, 0},
    {"port?", port_p, 1, 1, 0},
    {"input-port?", input_port_p, 1, 1, 0},
    {"output-port?", output_port_p, 1, 1, 0},
    {"read-string", read_string, 2, 2, 0},
    {"delete-file", delete_named_file, 1, 1, 0},
    {"file-exists?", file_exists, 1, 1, 0},
    {NULL, NULL, 0, 0, 0},
};
