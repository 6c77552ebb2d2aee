/* Symbols: one for each name, in a table that is a root. */
#ifndef SCHEME_SYMBOLS_H
#define SCHEME_SYMBOLS_H

#include "heap.h"

/* The symbols that the program itself uses. */
#define NAMES(X)        \
  X(quote)              \
  X(quasiquote)         \
  X(unquote)            \
  X(unquote_splicing)   \
  X(define)             \
  X(lambda)             \
  X(if)                 \
  X(set)                \
  X(begin)              \
  X(let)                \
  X(let_star)           \
  X(letrec)             \
  X(letrec_star)        \
  X(cond)               \
  X(case)               \
  X(and)                \
  X(or)                 \
  X(when)               \
  X(unless)             \
  X(do)                 \
  X(delay)              \
  X(guard)              \
  X(define_record_type) \
  X(define_syntax)      \
  X(let_syntax)         \
  X(letrec_syntax)      \
  X(syntax_rules)       \
  X(let_values)         \
  X(let_star_values)    \
  X(define_values)      \
  X(case_lambda)        \
  X(assert)             \
  X(parameterize)       \
  X(else)               \
  X(arrow)              \
  X(dots)               \
  X(underscore)         \
  X(raise)              \
  X(list)               \
  X(append)             \
  X(cons)               \
  X(list_to_vector)     \
  X(make_promise)       \
  X(call_guard)         \
  X(new_record_type)    \
  X(new_record)         \
  X(is_record)          \
  X(record_ref)         \
  X(record_set)         \
  X(memv)               \
  X(raise_continuable)  \
  X(call_with_values)   \
  X(call_case)          \
  X(call_parameterized) \
  X(error)              \
  X(temporary)          \
  X(file_error)         \
  X(read_error)         \
  X(values)             \
  X(eqv)                \
  X(vector_ref)         \
  X(delay_force)        \
  X(car)                \
  X(cdr)

enum name {
#define X(name) NAME_##name,
  NAMES(X)
#undef X
      NAME_COUNT
};

static inline value symbol_named(enum name name) {
  return roots[FIRST_SYMBOL + name];
}

/* Another name for a global symbol, which no variable of the program being compiled can hide. */
static inline value global_named(enum name name) {
  return roots[FIRST_SYMBOL + NAME_COUNT + name];
}

/* The field `inlined` of aliases whose base is a global name. Less is the number of a scope in
   which the base is looked up. */
enum { ALIAS_OF_GLOBAL = -1 };

/* Makes the table and the symbols above. */
void symbols_open(void) MAY_COLLECT;

value intern(const char *utf8, size_t bytes) MAY_COLLECT;
value intern_text(const char *utf8) MAY_COLLECT;
value intern_string(value string) MAY_COLLECT;

/* A symbol that is not in the table. It has the name of `base`, and stands for it in macros. */
value new_alias(value base, bool of_global) MAY_COLLECT;

/* A symbol that is not in the table, with the name and the global variable's value of another. */
value new_twin(value symbol) MAY_COLLECT;
/* Gives the prelude and the compiler global variables of their own: see seal.c. */
void seal_prelude(void) MAY_COLLECT;

uint32_t string_hash(value string);
/* A string in UTF-8. Valid until the next call. */
const char *utf8_of_string(value string);

#endif
