/* Text outside the heap: a buffer of UTF-8, which the printer fills. */
#ifndef SCHEME_TEXT_H
#define SCHEME_TEXT_H

#include "marks.h"
#include "value.h"

#include <stddef.h>

void text_clear(void);
void text_add(const char *utf8);
void text_add_character(uint32_t code);
void text_add_bytes(const char *utf8, size_t bytes);
/* Prints a value. `quoted` is `write`, otherwise it is `display`. Circles have labels. Stops after
   `limit` bytes. */
void text_add_value(value v, bool quoted, size_t limit);
void text_add_labelled(value v, bool quoted, enum labelling labelling, size_t limit);

/* The buffer, with a zero byte at its end. Valid until the next call of a function above. */
const char *text_bytes(void);
size_t text_length(void);

/* Reads a character, and moves on. Bytes that are not UTF-8 are characters of their own. */
uint32_t utf8_next(const char **at, const char *end);

/* The printed form of a flonum. */
void format_flonum(double number, char *out, size_t bytes);
/* The names of special characters. */
const char *character_name(uint32_t code);

#endif
