/* Marks on objects while a structure is traversed, which may be circular. A hash table outside of
 * the heap: its keys are bits of values, so nothing may collect while it is in use. */
#ifndef SCHEME_MARKS_H
#define SCHEME_MARKS_H

#include "value.h"

/* Forgets all marks. */
void marks_clear(void);

/* The mark of a key, which is not 0. It is 0 at first. Valid until the next call. */
uint32_t *mark_of(uint64_t key);

/* What find_labels() looks for. */
enum labelling {
  NO_LABELS,
  CYCLES, /* objects that are parts of themselves */
  SHARED  /* objects that are found twice */
};

/* Marks the pairs and vectors of a structure. Those that need a label get the mark LABELLED.
   Returns whether there are any. */
bool find_labels(value v, enum labelling labelling);

enum { LABELLED = 3 }; /* printers number labels from 4 on */

/* Whether a program is circular outside of its quotations, so that it cannot be compiled. `quote`
   is the symbol. */
bool is_circular_program(value program, value quote);

#endif
