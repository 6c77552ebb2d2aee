/* Forms that are rewritten as other forms: cond, case, do, guard, records and so on. In the no-GC
 * span of the compiler, so lists are made and kept in variables of C. The names in the results
 * are those of global_named(), which variables of the program do not hide. */
#include "syntax.h"

#include "errors.h"

#include <stdarg.h>

#define G(name) global_named(NAME_##name)

value list_of(int count, ...) {
  value elements[8], list = EMPTY;
  va_list arguments;
  va_start(arguments, count);
  for (int i = 0; i < count; i++) elements[i] = va_arg(arguments, value);
  va_end(arguments);
  for (int i = count; i > 0; i--) list = new_pair(elements[i - 1], list);
  return list;
}

int count_of(value list) {
  int count = 0;
  for (; is_pair(list); list = cdr(list)) count++;
  return list == EMPTY ? count : -1;
}

static value cadr(value v) {
  return car(cdr(v));
}
static value cddr(value v) {
  return cdr(cdr(v));
}
/* Forms are rewritten by recursion, also along these lists. */
enum { LONGEST = 5000 };
static int depth;

static void descend(void) {
  if (++depth > LONGEST) fail_syntax("a form is too long or nested too deeply", UNSET);
}

static value quoted(value v) {
  return list_of(2, G(quote), v);
}
static value new_temporary(void) {
  return new_alias(symbol_named(NAME_temporary), true);
}
/* The scope of the form that is rewritten. */
static struct scope *here;

static bool is_named(value v, enum name name) {
  return is_kind(v, SYMBOL) && look_up(here, &v) == NULL && v == symbol_named(name);
}
/* (lambda parameters body...) */
static value lambda_of(value parameters, value body) {
  return new_pair(G(lambda), new_pair(parameters, body));
}
static value let_of(value variable, value init, value body) {
  return list_of(3, G(let), list_of(1, list_of(2, variable, init)), body);
}

/* --- Conditions ----------------------------------------------------------------------- */

/* The clauses of cond. `otherwise` is what happens if none holds, or UNSET. */
static value cond_of(value clauses, value otherwise) {
  if (!is_pair(clauses)) return otherwise == UNSET ? quoted(UNSPECIFIED) : otherwise;
  descend();
  const value clause = car(clauses);
  if (count_of(clause) < 1) fail_syntax("wrong clause:", clause);
  const value test = car(clause), body = cdr(clause);
  if (is_named(test, NAME_else)) return new_pair(G(begin), body);
  const value rest =
      is_pair(cdr(clauses)) || otherwise != UNSET ? cond_of(cdr(clauses), otherwise) : UNSET;
  if (body == EMPTY) return list_of(3, G(or), test, rest == UNSET ? quoted(UNSPECIFIED) : rest);
  if (is_named(car(body), NAME_arrow)) {
    if (count_of(body) != 2) fail_syntax("wrong clause:", clause);
    const value t = new_temporary(), call = list_of(2, cadr(body), t);
    return let_of(t, test, list_of(4, G(if), t, call, rest == UNSET ? quoted(FALSE) : rest));
  }
  const value then = new_pair(G(begin), body);
  return rest == UNSET ? list_of(3, G(if), test, then) : list_of(4, G(if), test, then, rest);
}

/* The clauses of case, for a key in a variable. */
static value case_of(value key, value clauses) {
  if (!is_pair(clauses)) return quoted(UNSPECIFIED);
  descend();
  const value clause = car(clauses);
  if (count_of(clause) < 2) fail_syntax("wrong clause:", clause);
  value body = new_pair(G(begin), cdr(clause));
  if (is_named(cadr(clause), NAME_arrow) && count_of(clause) != 3)
    fail_syntax("wrong clause:", clause);
  if (is_named(cadr(clause), NAME_arrow)) body = list_of(2, car(cddr(clause)), key);
  if (is_named(car(clause), NAME_else)) return body;
  if (count_of(car(clause)) < 0) fail_syntax("wrong clause:", clause);
  const value one = is_pair(car(clause)) && cdr(car(clause)) == EMPTY ? car(car(clause)) : UNSET;
  const value test = one != UNSET ? list_of(3, G(eqv), key, quoted(one))
                                  : list_of(3, G(memv), key, quoted(car(clause)));
  return list_of(4, G(if), test, body, case_of(key, cdr(clauses)));
}

static value rewrite_case(value form) {
  const value key = new_temporary();
  return let_of(key, cadr(form), case_of(key, cddr(form)));
}

/* (do ((variable init step)...) (test result...) body...) is a loop with a name. */
static value rewrite_do(value form) {
  const value loop = new_temporary(), test = car(cddr(form));
  value bindings = EMPTY, steps = EMPTY, reversed = EMPTY;
  for (value rest = cadr(form); is_pair(rest); rest = cdr(rest))
    reversed = new_pair(car(rest), reversed);
  for (; reversed != EMPTY; reversed = cdr(reversed)) {
    const value variable = car(reversed);
    const int count = count_of(variable);
    if (count != 2 && count != 3) fail_syntax("wrong variable:", variable);
    bindings = new_pair(list_of(2, car(variable), cadr(variable)), bindings);
    steps = new_pair(count == 3 ? car(cddr(variable)) : car(variable), steps);
  }
  const value again = list_of(1, new_pair(loop, steps));
  value body = cdr(cddr(form)), backwards = EMPTY, result = again;
  for (; is_pair(body); body = cdr(body)) backwards = new_pair(car(body), backwards);
  for (; backwards != EMPTY; backwards = cdr(backwards)) result = new_pair(car(backwards), result);
  const value end = is_pair(cdr(test)) ? new_pair(G(begin), cdr(test)) : quoted(UNSPECIFIED);
  const value choice = list_of(4, G(if), car(test), end, new_pair(G(begin), result));
  return list_of(4, G(let), loop, bindings, choice);
}

static value rewrite_when(value form, bool holds) {
  const value body = new_pair(G(begin), cddr(form));
  if (holds) return list_of(3, G(if), cadr(form), body);
  return list_of(4, G(if), cadr(form), quoted(UNSPECIFIED), body);
}

/* --- Quasiquotation ------------------------------------------------------------------- */

static value quasi(value form, int level);

/* (unquote x) and the like, at a level. */
static value quasi_nested(enum name name, value form, int level) {
  return list_of(3, G(list), quoted(symbol_named(name)), quasi(cadr(form), level));
}

static value quasi_form(value form, int level) {
  if (is_kind(form, VECTOR)) {
    value list = EMPTY;
    for (uint32_t i = VECTOR_AT(form)->length; i > 0; i--)
      list = new_pair(VECTOR_AT(form)->at[i - 1], list);
    return list_of(2, G(list_to_vector), quasi(list, level));
  }
  if (!is_pair(form)) return quoted(form);
  if (is_named(car(form), NAME_unquote) && count_of(form) == 2)
    return level == 1 ? cadr(form) : quasi_nested(NAME_unquote, form, level - 1);
  if (is_named(car(form), NAME_quasiquote) && count_of(form) == 2)
    return quasi_nested(NAME_quasiquote, form, level + 1);
  if (is_pair(car(form)) && is_named(car(car(form)), NAME_unquote_splicing) &&
      count_of(car(form)) == 2 && level == 1) {
    if (cdr(form) == EMPTY) return cadr(car(form));
    return list_of(3, G(append), cadr(car(form)), quasi(cdr(form), level));
  }
  return list_of(3, G(cons), quasi(car(form), level), quasi(cdr(form), level));
}

static value quasi(value form, int level) {
  descend();
  const value result = quasi_form(form, level);
  depth--;
  return result;
}

/* --- Errors, records, values and others ----------------------------------------------- */

/* (guard (variable clause...) body...) */
static value rewrite_guard(value form) {
  const value clauses = cadr(form);
  if (count_of(clauses) < 1) fail_syntax("wrong guard:", form);
  const value variable = car(clauses);
  const value again = list_of(2, G(raise_continuable), variable);
  return list_of(3, G(call_guard), lambda_of(EMPTY, cddr(form)),
                 lambda_of(list_of(1, variable), list_of(1, cond_of(cdr(clauses), again))));
}

/* The number of a field of a record: it counts from 1. */
static value field_index(value fields, value name) {
  int32_t index = 1;
  for (; is_pair(fields); fields = cdr(fields), index++)
    if ((is_pair(car(fields)) ? car(car(fields)) : car(fields)) == name) return fixnum(index);
  fail_syntax("no such field:", name);
}

/* A procedure of the constructor's fields that makes a record. */
static value constructor(value type, value parameters, value fields) {
  value values = EMPTY, reversed = EMPTY;
  for (value rest = fields; is_pair(rest); rest = cdr(rest))
    reversed = new_pair(is_pair(car(rest)) ? car(car(rest)) : car(rest), reversed);
  for (; reversed != EMPTY; reversed = cdr(reversed)) {
    bool is_parameter = false;
    for (value p = parameters; is_pair(p); p = cdr(p))
      is_parameter = is_parameter || car(p) == car(reversed);
    values = new_pair(is_parameter ? car(reversed) : quoted(FALSE), values);
  }
  return lambda_of(parameters, list_of(1, new_pair(G(new_record), new_pair(type, values))));
}

/* Adds the definitions of a field's accessor and modifier. */
static value field_definitions(value type, value field, value index, value rest) {
  const value record = new_temporary(), v = new_temporary();
  if (count_of(field) == 3) {
    const value set = list_of(5, G(record_set), record, type, index, v);
    rest = new_pair(
        list_of(3, G(define), car(cddr(field)), lambda_of(list_of(2, record, v), list_of(1, set))),
        rest);
  }
  const value get = list_of(4, G(record_ref), record, type, index);
  return new_pair(
      list_of(3, G(define), cadr(field), lambda_of(list_of(1, record), list_of(1, get))), rest);
}

static value rewrite_record_type(value form) {
  if (count_of(form) < 4) fail_syntax("wrong record type:", form);
  const value type = is_pair(cadr(form)) ? car(cadr(form)) : cadr(form);
  const value maker = car(cddr(form)), predicate = cadr(cddr(form)), fields = cddr(cddr(form));
  const value record = new_temporary();
  value definitions = EMPTY, names = EMPTY, parameters = is_pair(maker) ? cdr(maker) : EMPTY;
  for (value rest = fields; is_pair(rest); rest = cdr(rest)) {
    const value field = car(rest), name = is_pair(field) ? car(field) : field;
    names = new_pair(name, names);
    if (is_pair(field) && is_pair(cdr(field)))
      definitions = field_definitions(type, field, field_index(fields, name), definitions);
  }
  if (!is_pair(maker))
    for (value rest = names; rest != EMPTY; rest = cdr(rest))
      parameters = new_pair(car(rest), parameters);
  if (is_kind(predicate, SYMBOL))
    definitions = new_pair(
        list_of(3, G(define), predicate,
                lambda_of(list_of(1, record), list_of(1, list_of(3, G(is_record), record, type)))),
        definitions);
  if (maker != FALSE)
    definitions = new_pair(list_of(3, G(define), is_pair(maker) ? car(maker) : maker,
                                   constructor(type, parameters, fields)),
                           definitions);
  const value made = list_of(3, G(new_record_type), quoted(type), quoted(names));
  return new_pair(G(begin), new_pair(list_of(3, G(define), type, made), definitions));
}

/* Copies formals with a temporary for each variable, and adds the bindings of the variables. */
static value temporaries_for(value formals, value *bindings) {
  if (formals == EMPTY) return EMPTY;
  descend();
  const value temporary = new_temporary();
  const value variable = is_pair(formals) ? car(formals) : formals;
  *bindings = new_pair(list_of(2, variable, temporary), *bindings);
  return is_pair(formals) ? new_pair(temporary, temporaries_for(cdr(formals), bindings))
                          : temporary;
}

/* (let-values ((formals expression)...) body...). If it is not sequential, temporaries get all
   values first, and `inner` has the bindings of the variables so far. */
static value rewrite_let_values(value bindings, value body, bool is_sequential, value inner) {
  if (bindings == EMPTY) return new_pair(G(let), new_pair(inner, body));
  descend();
  const value formals = car(car(bindings));
  const value parameters = is_sequential ? formals : temporaries_for(formals, &inner);
  const value rest = rewrite_let_values(cdr(bindings), body, is_sequential, inner);
  return list_of(3, G(call_with_values), lambda_of(EMPTY, cdr(car(bindings))),
                 lambda_of(parameters, list_of(1, rest)));
}

/* An expression for the list of the values of parameters. */
static value parameters_as_list(value parameters) {
  if (!is_pair(parameters)) return parameters == EMPTY ? quoted(EMPTY) : parameters;
  return list_of(3, G(cons), car(parameters), parameters_as_list(cdr(parameters)));
}

/* (define-values formals expression): the first definition gets the values in a list. */
static value rewrite_define_values(value form) {
  const value all = new_temporary();
  value definitions = EMPTY, formals = cadr(form), path = all;
  for (; is_pair(formals); formals = cdr(formals)) {
    definitions =
        new_pair(list_of(3, G(define), car(formals), list_of(2, G(car), path)), definitions);
    path = list_of(2, G(cdr), path);
  }
  if (formals != EMPTY) definitions = new_pair(list_of(3, G(define), formals, path), definitions);
  value ordered = EMPTY;
  for (; definitions != EMPTY; definitions = cdr(definitions))
    ordered = new_pair(car(definitions), ordered);
  /* A lambda, so that the number of values is checked: it collects them in a list. */
  value ignored = EMPTY;
  const value parameters = temporaries_for(cadr(form), &ignored);
  const value collected = parameters_as_list(parameters);
  const value values = list_of(3, G(call_with_values), lambda_of(EMPTY, cddr(form)),
                               lambda_of(parameters, list_of(1, collected)));
  return new_pair(G(begin), new_pair(list_of(3, G(define), all, values), ordered));
}

/* (case-lambda (formals body...)...) is a procedure that chooses by the number of arguments. */
static value rewrite_case_lambda(value form) {
  value lambdas = EMPTY, reversed = EMPTY;
  for (value rest = cdr(form); is_pair(rest); rest = cdr(rest))
    reversed = new_pair(new_pair(G(lambda), car(rest)), reversed);
  for (; reversed != EMPTY; reversed = cdr(reversed)) lambdas = new_pair(car(reversed), lambdas);
  return new_pair(G(call_case), lambdas);
}

static value rewrite_parameterize(value form) {
  value pairs = EMPTY;
  for (value rest = cadr(form); is_pair(rest); rest = cdr(rest))
    pairs = new_pair(list_of(3, G(cons), car(car(rest)), cadr(car(rest))), pairs);
  return list_of(3, G(call_parameterized), new_pair(G(list), pairs), lambda_of(EMPTY, cddr(form)));
}

value rewrite(enum form form, value expression, struct scope *scope) {
  const value rest = cdr(expression);
  here = scope;
  depth = 0;
  switch (form) {
    case FORM_cond: return cond_of(rest, UNSET);
    case FORM_case: return rewrite_case(expression);
    case FORM_do: return count_of(expression) < 3 ? UNSET : rewrite_do(expression);
    case FORM_when: return rewrite_when(expression, true);
    case FORM_unless: return rewrite_when(expression, false);
    case FORM_quasiquote: return quasi(car(rest), 1);
    case FORM_delay:
    case FORM_delay_force: return list_of(2, G(make_promise), lambda_of(EMPTY, rest));
    case FORM_guard: return rewrite_guard(expression);
    case FORM_define_record_type: return rewrite_record_type(expression);
    case FORM_let_values: return rewrite_let_values(car(rest), cdr(rest), false, EMPTY);
    case FORM_let_star_values: return rewrite_let_values(car(rest), cdr(rest), true, EMPTY);
    case FORM_define_values: return rewrite_define_values(expression);
    case FORM_case_lambda: return rewrite_case_lambda(expression);
    case FORM_parameterize: return rewrite_parameterize(expression);
    case FORM_assert:
      return list_of(
          4, G(if), car(rest), quoted(UNSPECIFIED),
          list_of(3, G(error), new_string_from("assertion failed:", 17), quoted(car(rest))));
    default: return UNSET;
  }
}
