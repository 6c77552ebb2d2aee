/* Errors: conditions, and how they reach the machine. */
#ifndef SCHEME_ERRORS_H
#define SCHEME_ERRORS_H

#include "heap.h"

#include <setjmp.h>

/* Where a raised condition goes. The jump leaves frames of this program only: no function of the
 * library is in between, because none calls back. */
extern jmp_buf *raise_target;

/* Raises an error with a message, and one irritant unless it is UNSET. */
_Noreturn void fail(const char *message, value irritant);

/* The same for an error that file-error? tells from others. */
_Noreturn void fail_file(const char *message, value irritant);

/* The same for an error that read-error? tells from others. */
_Noreturn void fail_read(const char *message);

/* Raises a condition, or any other value. */
_Noreturn void raise_value(value condition);

/* The error for an argument of a wrong type. */
_Noreturn void fail_type(const char *procedure, const char *expected, value irritant);

/* While not NULL, an allocation that needs a collection jumps here: see compile.c. */
extern jmp_buf *no_gc_target;

/* Prints "error: ..." for a condition on stderr. */
void report(value condition);

#endif
