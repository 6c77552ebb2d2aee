/* syntax-rules. A symbol that a template introduces becomes an alias: if the expansion binds it, it
 * is a variable of its own, and otherwise it means what its base means. In the no-GC span of the
 * compiler. */
#include "syntax.h"

#include "errors.h"
#include "numbers.h"

/* What a variable of a pattern stands for. For a variable under an ellipsis it is a list of what
   it stands for in each repetition. */
struct match {
  value variable, form;
  struct match *next;
};

/* An expansion of one macro. */
struct expansion {
  value literals, ellipsis;
  bool is_global;        /* the macro was defined outside of all procedures */
  struct match *aliases; /* from symbols of the template to their aliases */
};

/* (syntax-rules [ellipsis] (literal...) (pattern template)...) */
value new_macro(value rules, struct scope *scope) {
  gcroots_raw_val_t fields[4] = {{.ref = EMPTY}};
  value rest = is_pair(rules) ? cdr(rules) : EMPTY;
  if (!is_pair(rules) || !is_kind(car(rules), SYMBOL) ||
      strip_aliases(car(rules)) != symbol_named(NAME_syntax_rules) || !is_pair(rest))
    fail_syntax("not syntax-rules:", rules);
  fields[2].ref = symbol_named(NAME_dots);
  if (is_kind(car(rest), SYMBOL)) {
    fields[2].ref = car(rest);
    rest = cdr(rest);
  }
  fields[0].ref = car(rest);
  fields[1].ref = cdr(rest);
  fields[3].ref = boolean(scope == NULL);
  return new_struct(MACRO, fields, 4);
}

static bool is_in(value symbol, value list) {
  for (; is_pair(list); list = cdr(list))
    if (car(list) == symbol) return true;
  return false;
}

static bool is_ellipsis(const struct expansion *e, value v) {
  return is_kind(v, SYMBOL) && (v == e->ellipsis || strip_aliases(v) == e->ellipsis) &&
         !is_in(v, e->literals);
}

static struct match *add_match(value variable, value form, struct match *next) {
  struct match *match = allocate(sizeof *match);
  match->variable = variable;
  match->form = form;
  match->next = next;
  return match;
}

static const struct match *find_match(value variable, const struct match *matches) {
  while (matches != NULL && matches->variable != variable) matches = matches->next;
  return matches;
}

/* --- Patterns ------------------------------------------------------------------------- */

static bool matches(const struct expansion *e, value pattern, value form, struct match **out);

/* Adds an empty list for each variable of a pattern. */
static void add_empty(const struct expansion *e, value pattern, struct match **out) {
  if (is_pair(pattern)) {
    add_empty(e, car(pattern), out);
    add_empty(e, cdr(pattern), out);
  } else if (is_kind(pattern, SYMBOL) && !is_ellipsis(e, pattern) && !is_in(pattern, e->literals)) {
    *out = add_match(pattern, EMPTY, *out);
  }
}

/* Matches (pattern ... . after): as many forms as leave enough for what comes after. */
static bool matches_repeated(const struct expansion *e, value pattern, value form,
                             struct match **out) {
  const value after = cdr(cdr(pattern));
  value forms[512];
  int count = 0, least_after = 0;
  for (value rest = after; is_pair(rest); rest = cdr(rest)) least_after++;
  for (value rest = form; is_pair(rest); rest = cdr(rest)) count++;
  count -= least_after;
  if (count < 0 || count > 512) return false;
  for (int i = 0; i < count; i++, form = cdr(form)) forms[i] = car(form);
  struct match *lists = NULL;
  add_empty(e, car(pattern), &lists);
  for (int i = count; i > 0; i--) {
    struct match *one = NULL;
    if (!matches(e, car(pattern), forms[i - 1], &one)) return false;
    for (struct match *list = lists; list != NULL; list = list->next)
      list->form = new_pair(find_match(list->variable, one)->form, list->form);
  }
  for (; lists != NULL; lists = lists->next) *out = add_match(lists->variable, lists->form, *out);
  return matches(e, after, form, out);
}

static value vector_to_list(value vector) {
  value list = EMPTY;
  for (uint32_t i = VECTOR_AT(vector)->length; i > 0; i--)
    list = new_pair(VECTOR_AT(vector)->at[i - 1], list);
  return list;
}

static bool matches(const struct expansion *e, value pattern, value form, struct match **out) {
  if (is_kind(pattern, SYMBOL)) {
    if (is_in(pattern, e->literals))
      return is_kind(form, SYMBOL) && strip_aliases(form) == strip_aliases(pattern);
    *out = add_match(pattern, form, *out); /* also "_", which templates do not use */
    return true;
  }
  if (is_pair(pattern)) {
    if (is_pair(cdr(pattern)) && is_ellipsis(e, car(cdr(pattern))))
      return matches_repeated(e, pattern, form, out);
    return is_pair(form) && matches(e, car(pattern), car(form), out) &&
           matches(e, cdr(pattern), cdr(form), out);
  }
  if (is_kind(pattern, VECTOR))
    return is_kind(form, VECTOR) && matches(e, vector_to_list(pattern), vector_to_list(form), out);
  return is_equal(pattern, form);
}

/* --- Templates ------------------------------------------------------------------------ */

static value fill(struct expansion *e, value template, const struct match *matches);

/* The alias of a symbol of the template, one for each expansion. */
static value alias_of(struct expansion *e, value symbol) {
  const struct match *found = find_match(symbol, e->aliases);
  if (found == NULL) {
    e->aliases = add_match(symbol, new_alias(symbol, e->is_global), e->aliases);
    found = e->aliases;
  }
  return found->form;
}

/* The longest list that a variable of the template stands for, or -1. */
static int repetitions(value template, const struct match *matches) {
  if (is_pair(template)) {
    const int a = repetitions(car(template), matches), b = repetitions(cdr(template), matches);
    return a > b ? a : b;
  }
  const struct match *found = is_kind(template, SYMBOL) ? find_match(template, matches) : NULL;
  return found == NULL || !(is_pair(found->form) || found->form == EMPTY) ? -1
                                                                          : count_of(found->form);
}

/* The matches of one repetition: those that the template uses stand for the element. */
static struct match *matches_of(value template, const struct match *matches, int index,
                                struct match *all) {
  if (is_pair(template))
    return matches_of(car(template), matches, index,
                      matches_of(cdr(template), matches, index, all));
  const struct match *found = is_kind(template, SYMBOL) ? find_match(template, matches) : NULL;
  if (found == NULL) return all;
  value list = found->form;
  for (int i = 0; i < index && is_pair(list); i++) list = cdr(list);
  return is_pair(list) ? add_match(template, car(list), all) : all;
}

/* Appends one list in front of another. */
static value append(value front, value back) {
  return is_pair(front) ? new_pair(car(front), append(cdr(front), back)) : back;
}

static value fill_repeated(struct expansion *e, value template, const struct match *matches) {
  const value part = car(template);
  value after = cdr(cdr(template)), result;
  int depth = 1;
  for (; is_pair(after) && is_ellipsis(e, car(after)); after = cdr(after)) depth++;
  const int count = repetitions(part, matches);
  result = fill(e, after, matches);
  for (int i = count; i > 0; i--) {
    struct match *one = matches_of(part, matches, i - 1, (struct match *)matches);
    if (depth > 1)
      result = append(fill(e, list_of(2, part, e->ellipsis), one), result);
    else
      result = new_pair(fill(e, part, one), result);
  }
  return result;
}

static value fill(struct expansion *e, value template, const struct match *matches) {
  if (is_kind(template, SYMBOL)) {
    const struct match *found = find_match(template, matches);
    return found != NULL ? found->form : alias_of(e, template);
  }
  if (is_kind(template, VECTOR)) {
    const value list = fill(e, vector_to_list(template), matches);
    const value vector = new_vector(VECTOR, (uint32_t)count_of(list), FALSE);
    uint32_t i = 0;
    for (value rest = list; is_pair(rest); rest = cdr(rest)) set_element(vector, i++, car(rest));
    return vector;
  }
  if (!is_pair(template)) return template;
  if (is_ellipsis(e, car(template)) && is_pair(cdr(template))) { /* (... template) */
    struct expansion literally = *e;
    literally.ellipsis = UNSET;
    return fill(&literally, car(cdr(template)), matches);
  }
  if (is_pair(cdr(template)) && is_ellipsis(e, car(cdr(template))))
    return fill_repeated(e, template, matches);
  return new_pair(fill(e, car(template), matches), fill(e, cdr(template), matches));
}

value expand_macro(value macro, value form, struct scope *scope) {
  const struct macro *m = MACRO_AT(macro);
  struct expansion e = {m->literals, m->ellipsis, m->is_global == TRUE, NULL};
  (void)scope;
  for (value rest = m->rules; is_pair(rest); rest = cdr(rest)) {
    struct match *found = NULL;
    const value rule = car(rest);
    if (count_of(rule) != 2 || !is_pair(car(rule))) fail_syntax("wrong rule:", rule);
    if (matches(&e, cdr(car(rule)), cdr(form), &found)) return fill(&e, car(cdr(rule)), found);
  }
  fail_syntax("no rule matches:", form);
}
