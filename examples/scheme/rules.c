/* syntax-rules. A symbol that a template introduces becomes an alias: if the expansion binds it, it
 * is a variable of its own, and otherwise it means what its base means. In the no-GC span of the
 * compiler. */
#include "syntax.h"

#include "errors.h"
#include "numbers.h"

/* What a variable of a pattern stands for. For a variable under `depth` ellipses it is a list of
   what it stands for in each repetition. */
struct match {
  value variable, form;
  int depth;
  struct match *next;
};

/* An expansion of one macro. */
struct expansion {
  value literals, ellipsis;
  int32_t meaning;       /* what aliases stand for: ALIAS_OF_GLOBAL, or less for a scope */
  struct scope *scope;   /* of the form */
  struct match *aliases; /* from symbols of the template to their aliases */
};

/* Patterns and templates are gone through by recursion. */
enum { DEEPEST = 10000 };
static int depth;

static void descend(void) {
  if (++depth > DEEPEST) fail_syntax("a macro is nested too deeply", UNSET);
}

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
  if (!is_pair(rest) || count_of(car(rest)) < 0) fail_syntax("not syntax-rules:", rules);
  fields[0].ref = car(rest);
  fields[1].ref = cdr(rest);
  fields[3].ref = fixnum(scope == NULL ? ALIAS_OF_GLOBAL : add_environment(scope));
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

static struct match *add_match(value variable, value form, int levels, struct match *next) {
  struct match *match = allocate(sizeof *match);
  match->variable = variable;
  match->form = form;
  match->depth = levels;
  match->next = next;
  return match;
}

static const struct match *find_match(value variable, const struct match *matches) {
  while (matches != NULL && matches->variable != variable) matches = matches->next;
  return matches;
}

/* --- Patterns ------------------------------------------------------------------------- */

static value vector_to_list(value vector) {
  value list = EMPTY;
  for (uint32_t i = VECTOR_AT(vector)->length; i > 0; i--)
    list = new_pair(VECTOR_AT(vector)->at[i - 1], list);
  return list;
}

static bool matches(const struct expansion *e, value pattern, value form, struct match **out);

/* Whether a literal of the macro and a symbol of the form mean the same. */
static bool is_literal(const struct expansion *e, value literal, value form) {
  if (!is_kind(form, SYMBOL)) return false;
  const value alias = new_alias(literal, false);
  SYMBOL_AT(alias)->inlined = e->meaning;
  value a = alias, b = form;
  const struct scope *here = look_up(e->scope, &a), *there = look_up(e->scope, &b);
  return here == there && (here != NULL || a == b);
}

/* Adds an empty list for each variable of a pattern that is under `levels` ellipses. */
static void add_empty(const struct expansion *e, value pattern, int levels, struct match **out) {
  descend();
  if (is_kind(pattern, VECTOR)) pattern = vector_to_list(pattern);
  if (is_pair(pattern)) {
    const bool is_repeated = is_pair(cdr(pattern)) && is_ellipsis(e, car(cdr(pattern)));
    add_empty(e, car(pattern), levels + is_repeated, out);
    add_empty(e, cdr(pattern), levels, out);
  } else if (is_kind(pattern, SYMBOL) && !is_ellipsis(e, pattern) && !is_in(pattern, e->literals) &&
             strip_aliases(pattern) != symbol_named(NAME_underscore)) {
    *out = add_match(pattern, EMPTY, levels, *out);
  }
  depth--;
}

/* Matches (pattern ... . after): as many forms as leave enough for what comes after. */
static bool matches_repeated(const struct expansion *e, value pattern, value form,
                             struct match **out) {
  const value after = cdr(cdr(pattern));
  int count = 0, least_after = 0;
  for (value rest = after; is_pair(rest); rest = cdr(rest)) least_after++;
  for (value rest = form; is_pair(rest); rest = cdr(rest)) count++;
  count -= least_after;
  if (count < 0) return false;
  value *forms = allocate((size_t)count * sizeof *forms);
  for (int i = 0; i < count; i++, form = cdr(form)) forms[i] = car(form);
  struct match *lists = NULL;
  add_empty(e, car(pattern), 1, &lists);
  for (int i = count; i > 0; i--) {
    struct match *one = NULL;
    if (!matches(e, car(pattern), forms[i - 1], &one)) return false;
    for (struct match *list = lists; list != NULL; list = list->next)
      list->form = new_pair(find_match(list->variable, one)->form, list->form);
  }
  for (; lists != NULL; lists = lists->next)
    *out = add_match(lists->variable, lists->form, lists->depth, *out);
  return matches(e, after, form, out);
}

static bool matches_pair(const struct expansion *e, value pattern, value form, struct match **out) {
  if (is_pair(cdr(pattern)) && is_ellipsis(e, car(cdr(pattern))))
    return matches_repeated(e, pattern, form, out);
  return is_pair(form) && matches(e, car(pattern), car(form), out) &&
         matches(e, cdr(pattern), cdr(form), out);
}

static bool matches(const struct expansion *e, value pattern, value form, struct match **out) {
  bool result = true;
  descend();
  if (is_kind(pattern, SYMBOL) && is_in(pattern, e->literals)) {
    result = is_literal(e, pattern, form);
  } else if (is_kind(pattern, SYMBOL)) {
    if (strip_aliases(pattern) != symbol_named(NAME_underscore))
      *out = add_match(pattern, form, 0, *out);
  } else if (is_pair(pattern)) {
    result = matches_pair(e, pattern, form, out);
  } else if (is_kind(pattern, VECTOR)) {
    result =
        is_kind(form, VECTOR) && matches(e, vector_to_list(pattern), vector_to_list(form), out);
  } else {
    result = is_equal(pattern, form);
  }
  depth--;
  return result;
}

/* --- Templates ------------------------------------------------------------------------ */

static value fill(struct expansion *e, value template, const struct match *matches);

/* The alias of a symbol of the template, one for each expansion. */
static value alias_of(struct expansion *e, value symbol) {
  const struct match *found = find_match(symbol, e->aliases);
  if (found == NULL) {
    const value alias = new_alias(symbol, false);
    SYMBOL_AT(alias)->inlined = e->meaning;
    e->aliases = add_match(symbol, alias, 0, e->aliases);
    found = e->aliases;
  }
  return found->form;
}

/* The longest list that a repeated variable of the template stands for, or -1. */
static int repetitions(value template, const struct match *matches) {
  int result = -1;
  descend();
  if (is_kind(template, VECTOR)) template = vector_to_list(template);
  if (is_pair(template)) {
    const int a = repetitions(car(template), matches), b = repetitions(cdr(template), matches);
    result = a > b ? a : b;
  } else if (is_kind(template, SYMBOL)) {
    const struct match *found = find_match(template, matches);
    if (found != NULL && found->depth > 0) result = count_of(found->form);
  }
  depth--;
  return result;
}

/* The matches of one repetition: repeated variables of the template stand for the element. */
static const struct match *matches_of(value template, const struct match *matches, int index,
                                      const struct match *all) {
  descend();
  if (is_kind(template, VECTOR)) template = vector_to_list(template);
  if (is_pair(template)) {
    all = matches_of(cdr(template), matches, index, all);
    all = matches_of(car(template), matches, index, all);
  } else if (is_kind(template, SYMBOL)) {
    const struct match *found = find_match(template, matches);
    if (found != NULL && found->depth > 0) {
      value list = found->form;
      for (int i = 0; i < index && is_pair(list); i++) list = cdr(list);
      if (is_pair(list))
        all = add_match(template, car(list), found->depth - 1, (struct match *)all);
    }
  }
  depth--;
  return all;
}

/* Fills a part of a template that `levels` ellipses repeat, and puts the results in front of the
   list `after`. */
static value fill_repeated(struct expansion *e, value part, int levels, const struct match *matches,
                           value after) {
  if (levels == 0) return new_pair(fill(e, part, matches), after);
  const int count = repetitions(part, matches);
  if (count < 0) fail_syntax("nothing to repeat in a template:", part);
  for (int i = count; i > 0; i--)
    after = fill_repeated(e, part, levels - 1, matches_of(part, matches, i - 1, matches), after);
  return after;
}

static value fill_vector(struct expansion *e, value template, const struct match *matches) {
  const value list = fill(e, vector_to_list(template), matches);
  const value vector = new_vector(VECTOR, (uint32_t)count_of(list), FALSE);
  uint32_t i = 0;
  for (value rest = list; is_pair(rest); rest = cdr(rest)) set_element(vector, i++, car(rest));
  return vector;
}

static value fill_pair(struct expansion *e, value template, const struct match *matches) {
  if (is_ellipsis(e, car(template)) && is_pair(cdr(template))) { /* (... template) */
    const value ellipsis = e->ellipsis;
    e->ellipsis = UNSET;
    const value result = fill(e, car(cdr(template)), matches);
    e->ellipsis = ellipsis;
    return result;
  }
  value after = cdr(template);
  int levels = 0;
  for (; is_pair(after) && is_ellipsis(e, car(after)); after = cdr(after)) levels++;
  const value rest = fill(e, after, matches);
  return fill_repeated(e, car(template), levels, matches, rest);
}

static value fill(struct expansion *e, value template, const struct match *matches) {
  value result = template;
  descend();
  if (is_kind(template, SYMBOL)) {
    const struct match *found = find_match(template, matches);
    if (found != NULL && found->depth > 0)
      fail_syntax("a repeated variable without an ellipsis:", template);
    result = found != NULL ? found->form : alias_of(e, template);
  } else if (is_kind(template, VECTOR)) {
    result = fill_vector(e, template, matches);
  } else if (is_pair(template)) {
    result = fill_pair(e, template, matches);
  }
  depth--;
  return result;
}

value expand_macro(value macro, value form, struct scope *scope) {
  const struct macro *m = MACRO_AT(macro);
  struct expansion e = {m->literals, m->ellipsis, fixnum_value(m->meaning), scope, NULL};
  depth = 0;
  for (value rest = m->rules; is_pair(rest); rest = cdr(rest)) {
    struct match *found = NULL;
    const value rule = car(rest);
    if (count_of(rule) != 2 || !is_pair(car(rule))) fail_syntax("wrong rule:", rule);
    if (matches(&e, cdr(car(rule)), cdr(form), &found)) return fill(&e, car(cdr(rule)), found);
  }
  fail_syntax("no rule matches:", form);
}
