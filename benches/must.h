/* Calls that must succeed. */
#ifndef MUST_H
#define MUST_H

#ifdef HOT_FUNCTIONS_INLINE
#include <gcroots_inline.h>
#else
#include <gcroots.h>
#endif
#include <stdio.h>
#include <stdlib.h>

/* Ends the program with an error message if the call fails. */
#define MUST(call)                                              \
  do {                                                          \
    if ((call) != GCROOTS_OK) {                                 \
      fprintf(stderr, "%s: %s\n", #call, gcroots_last_error()); \
      exit(1);                                                  \
    }                                                           \
  } while (0)

#endif
