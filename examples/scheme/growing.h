/* Arrays outside the heap that grow, for walks through structures: C's own stack may be too small.
 */
#ifndef SCHEME_GROWING_H
#define SCHEME_GROWING_H

#include "errors.h"

#include <stdlib.h>

/* Returns a full array with twice its capacity, which it updates. Raises the error for a full heap
   if there is no memory. */
static inline void *grown(void *array, size_t *capacity, size_t element_bytes) {
  const size_t larger = *capacity == 0 ? 128 : 2 * *capacity;
  void *made = realloc(array, larger * element_bytes);
  if (made == NULL) library_failed(GCROOTS_ERROR_OUT_OF_MEMORY);
  *capacity = larger;
  return made;
}

#endif
