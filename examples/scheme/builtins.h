/* The procedures that are written in C, in one table for each file. */
#ifndef SCHEME_BUILTINS_H
#define SCHEME_BUILTINS_H

#include "heap.h"

/* The arguments are slots of the stack, and stay there during the call. The address is valid until
   the stack grows: a procedure that pushes uses slot numbers after that. May collect. */
typedef value (*builtin_function)(value *arguments, int count);

/* What the machine itself does for a procedure whose function is NULL. */
enum special { SPECIAL_APPLY = 1, SPECIAL_CALL_CC, SPECIAL_CALL_EC, SPECIAL_EVAL, SPECIAL_SPREAD };

struct builtin {
  const char *name;
  builtin_function function;
  int least, most; /* the numbers of arguments; -1: any */
  enum special special;
};

extern const struct builtin number_builtins[], list_builtins[], string_builtins[], table_builtins[],
    vector_builtins[], port_builtins[], control_builtins[];

/* All of them, by the index in the primitives. */
extern const struct builtin *builtins[];

/* The length of a list, or -1. A list that is a circle has none. */
int64_t list_length(value list);

/* Defines them all as global variables. */
void builtins_open(void) MAY_COLLECT;

#endif
