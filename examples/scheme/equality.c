/* eqv? and equal?. They make nothing, so values are bits in variables of C. */
#include "growing.h"
#include "marks.h"
#include "numbers.h"

bool is_eqv(value a, value b) {
  if (a == b) return true;
  /* By their bits, so that 0.0 differs from -0.0, and a NaN is the same as itself. */
  if (is_kind(a, FLONUM) && is_kind(b, FLONUM))
    return memcmp(&FLONUM_AT(a)->number, &FLONUM_AT(b)->number, sizeof(double)) == 0;
  return is_kind(a, INTEGER) && is_kind(b, INTEGER) && integer_value(a) == integer_value(b);
}

/* What is left to compare. */
static value *compared;
static size_t compared_count, compared_capacity;

static void push_compared(value a, value b) {
  if (compared_count + 2 > compared_capacity)
    compared = grown(compared, &compared_capacity, sizeof *compared);
  compared[compared_count++] = a;
  compared[compared_count++] = b;
}

/* Compares two values, and leaves their parts to be compared. */
static bool compare_start(value a, value b) {
  if (is_eqv(a, b)) return true;
  if (!is_object(a) || !is_object(b)) return false;
  if (((struct header *)address_of(a))->type != ((struct header *)address_of(b))->type)
    return false;
  if (is_pair(a)) {
    push_compared(cdr(a), cdr(b));
    push_compared(car(a), car(b));
    return true;
  }
  if (!is_kind(a, STRING) && !is_kind(a, VECTOR) && !is_kind(a, BYTES)) return false;
  const uint32_t length = VECTOR_AT(a)->length;
  if (length != VECTOR_AT(b)->length) return false;
  if (is_kind(a, STRING))
    return memcmp(STRING_AT(a)->at, STRING_AT(b)->at, 4 * (size_t)length) == 0;
  if (is_kind(a, BYTES)) return memcmp(BYTES_AT(a)->at, BYTES_AT(b)->at, length) == 0;
  for (uint32_t i = 0; i < length; i++) push_compared(VECTOR_AT(a)->at[i], VECTOR_AT(b)->at[i]);
  return true;
}

/* After this number of steps, structures may be circular. Then each two objects are compared once:
   either they differ, or comparing them again finds nothing new. */
enum { STEPS = 1 << 16 };

bool is_equal(value a, value b) {
  compared_count = 0;
  if (!compare_start(a, b)) return false;
  for (uint64_t step = 0; compared_count > 0; step++) {
    compared_count -= 2;
    a = compared[compared_count], b = compared[compared_count + 1];
    if (step == STEPS) marks_clear();
    if (step >= STEPS && is_object(a) && is_object(b)) {
      uint32_t *mark = mark_of((uint64_t)a << 32 | b);
      if (*mark != 0) continue;
      *mark = 1;
    }
    if (!compare_start(a, b)) return false;
  }
  return true;
}
