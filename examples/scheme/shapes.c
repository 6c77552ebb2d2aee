/* The shapes of the forms that the compiler knows, checked before a form is analysed. The rest of
 * the compiler relies on what is checked here: lengths, variables and bindings. */
#include "marks.h"
#include "syntax.h"

/* How many parts a form has, with its name. -1: any number. Forms without an entry have any number.
 */
static const struct {
  enum form form;
  int least, most;
} lengths[] = {
    {FORM_quote, 2, 2},
    {FORM_quasiquote, 2, 2},
    {FORM_define, 2, -1},
    {FORM_lambda, 3, -1},
    {FORM_if, 3, 4},
    {FORM_set, 3, 3},
    {FORM_let, 3, -1},
    {FORM_let_star, 3, -1},
    {FORM_letrec, 3, -1},
    {FORM_letrec_star, 3, -1},
    {FORM_cond, 2, -1},
    {FORM_case, 2, -1},
    {FORM_when, 2, -1},
    {FORM_unless, 2, -1},
    {FORM_do, 3, -1},
    {FORM_delay, 2, 2},
    {FORM_delay_force, 2, 2},
    {FORM_guard, 3, -1},
    {FORM_let_values, 3, -1},
    {FORM_let_star_values, 3, -1},
    {FORM_define_values, 3, 3},
    {FORM_define_syntax, 3, 3},
    {FORM_let_syntax, 3, -1},
    {FORM_letrec_syntax, 3, -1},
    {FORM_parameterize, 3, -1},
    {FORM_assert, 2, 2},
    {FORM_define_record_type, 4, -1},
};

/* The form that is checked, for errors. */
static value checked;

_Noreturn static void fail_shape(void) {
  fail_syntax("wrong syntax:", checked);
}

static void check_length(value list, int least, int most) {
  const int count = count_of(list);
  if (count < least || (most >= 0 && count > most)) fail_shape();
}

static void check_symbol(value v) {
  if (!is_kind(v, SYMBOL)) fail_shape();
}

/* A variable that must differ from those that were checked since marks_clear(). */
static void check_new_variable(value v) {
  check_symbol(v);
  if ((*mark_of(v))++ != 0) fail_syntax("a variable is bound twice:", checked);
}

/* Parameters: variables in a list, which may end with a variable. */
static void check_formals(value formals) {
  for (; is_pair(formals); formals = cdr(formals)) check_new_variable(car(formals));
  if (formals != EMPTY) check_new_variable(formals);
}

/* ((variable value) ...), each with up to `most` parts. */
static void check_bindings(value bindings, bool are_different, int most) {
  check_length(bindings, 0, -1);
  for (; bindings != EMPTY; bindings = cdr(bindings)) {
    check_length(car(bindings), 2, most);
    if (are_different)
      check_new_variable(car(car(bindings)));
    else
      check_symbol(car(car(bindings)));
  }
}

/* ((formals value) ...) */
static void check_formal_bindings(value bindings, bool are_different) {
  check_length(bindings, 0, -1);
  for (; bindings != EMPTY; bindings = cdr(bindings)) {
    check_length(car(bindings), 2, 2);
    if (!are_different) marks_clear();
    check_formals(car(car(bindings)));
  }
}

static void check_clauses(value clauses, int least) {
  check_length(clauses, 0, -1);
  for (; clauses != EMPTY; clauses = cdr(clauses)) check_length(car(clauses), least, -1);
}

static void check_case(value clauses) {
  check_clauses(clauses, 2);
  for (; clauses != EMPTY; clauses = cdr(clauses)) {
    const value keys = car(car(clauses));
    if (!is_kind(keys, SYMBOL)) check_length(keys, 0, -1); /* a symbol may be `else` */
  }
}

static void check_guard(value handler) {
  check_length(handler, 1, -1);
  check_symbol(car(handler));
  check_clauses(cdr(handler), 1);
}

/* (name constructor predicate field ...), as R7RS has it. Fields may be symbols, and constructor
   and predicate may be #f. */
static void check_record_type(value parts) {
  const value type = car(parts), maker = car(cdr(parts)), predicate = car(cdr(cdr(parts)));
  if (is_pair(type)) check_symbol(car(type));
  if (!is_pair(type)) check_symbol(type);
  if (predicate != FALSE) check_symbol(predicate);
  for (value rest = cdr(cdr(cdr(parts))); rest != EMPTY; rest = cdr(rest)) {
    const value field = car(rest);
    if (is_pair(field)) check_length(field, 1, 3);
    for (value names = is_pair(field) ? cdr(field) : EMPTY; names != EMPTY; names = cdr(names))
      check_symbol(car(names));
    check_new_variable(is_pair(field) ? car(field) : field);
  }
  if (is_pair(maker)) {
    check_length(maker, 1, -1);
    check_symbol(car(maker));
    for (value rest = cdr(maker); rest != EMPTY; rest = cdr(rest))
      if (!is_kind(car(rest), SYMBOL) || *mark_of(car(rest)) != 1)
        fail_syntax("no such field:", car(rest));
      else
        *mark_of(car(rest)) = 2; /* a parameter */
  } else if (maker != FALSE) {
    check_symbol(maker);
  }
}

static void check_let(value parts) {
  if (!is_kind(car(parts), SYMBOL)) {
    check_bindings(car(parts), true, 2);
    return;
  }
  check_length(parts, 3, -1);
  check_bindings(car(cdr(parts)), true, 2);
}

static void check_do(value parts) {
  check_bindings(car(parts), true, 3);
  check_length(car(cdr(parts)), 1, -1);
}

static void check_parameters(value bindings) {
  check_length(bindings, 0, -1);
  for (; bindings != EMPTY; bindings = cdr(bindings)) check_length(car(bindings), 2, 2);
}

static void check_case_lambda(value clauses) {
  check_clauses(clauses, 2);
  for (; clauses != EMPTY; clauses = cdr(clauses)) {
    marks_clear();
    check_formals(car(car(clauses)));
  }
}

/* The parts of a form that has a right length. */
static void check_parts(enum form form, value parts) {
  switch (form) {
    case FORM_lambda:
    case FORM_define_values: check_formals(car(parts)); break;
    case FORM_set: check_symbol(car(parts)); break;
    case FORM_let: check_let(parts); break;
    case FORM_let_star: check_bindings(car(parts), false, 2); break;
    case FORM_letrec:
    case FORM_letrec_star: check_bindings(car(parts), true, 2); break;
    case FORM_cond: check_clauses(parts, 1); break;
    case FORM_case: check_case(cdr(parts)); break;
    case FORM_do: check_do(parts); break;
    case FORM_guard: check_guard(car(parts)); break;
    case FORM_let_values: check_formal_bindings(car(parts), true); break;
    case FORM_let_star_values: check_formal_bindings(car(parts), false); break;
    case FORM_define_syntax: check_symbol(car(parts)); break;
    case FORM_let_syntax:
    case FORM_letrec_syntax: check_bindings(car(parts), true, 2); break;
    case FORM_parameterize: check_parameters(car(parts)); break;
    case FORM_case_lambda: check_case_lambda(parts); break;
    case FORM_define_record_type: check_record_type(parts); break;
    default: break;
  }
}

void check_shape(enum form form, value expression) {
  checked = expression;
  check_length(expression, 1, -1);
  for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++)
    if (lengths[i].form == form) check_length(expression, lengths[i].least, lengths[i].most);
  marks_clear();
  check_parts(form, cdr(expression));
}
