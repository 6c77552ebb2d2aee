/* Reads data from text. */
#ifndef SCHEME_READER_H
#define SCHEME_READER_H

#include "heap.h"

/* Text in UTF-8, and where in it the reader is. */
struct source {
  const char *at, *end;
  uint32_t line;
  bool has_placeholders; /* "#n#" was read in this datum */
};

/* What read_datum() found. */
enum read_result {
  READ_DATUM,     /* it is on top of the stack */
  READ_END,       /* nothing but white space and comments */
  READ_INCOMPLETE /* the text ends within a datum */
};

/* Reads a datum, and pushes it. Raises an error if the text is wrong. */
enum read_result read_datum(struct source *source) MAY_COLLECT;

#endif
