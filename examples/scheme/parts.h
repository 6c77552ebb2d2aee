/* Arguments that are indices, and parts of strings, vectors and bytevectors that two of them name.
 */
#ifndef SCHEME_PARTS_H
#define SCHEME_PARTS_H

#include "errors.h"

/* The number of an index that is `most` at most, or an error. */
static inline uint32_t checked_index(const char *procedure, value index, uint32_t most) {
  if (!is_fixnum(index) || (uint32_t)fixnum_value(index) > most)
    fail_type(procedure, "an index that is in range", index);
  return (uint32_t)fixnum_value(index);
}

struct part {
  uint32_t start, end;
};

/* The part that the optional arguments of a procedure name, its start and its end. */
static inline struct part part_of(const char *procedure, uint32_t length, const value *arguments,
                                  int count) {
  struct part part = {0, length};
  if (count > 1) part.end = checked_index(procedure, arguments[1], length);
  if (count > 0) part.start = checked_index(procedure, arguments[0], part.end);
  return part;
}

#endif
