/* The first half of the compiler: S-expressions become a tree. In a no-GC span, so values may be in
 * variables of C. */
#include "syntax.h"

#include "errors.h"
#include "instructions.h"

enum { DEEPEST = 2000 };
static int depth;

struct node *new_node(enum node_kind kind, int count) {
  struct node *node = allocate(sizeof *node);
  node->kind = kind;
  node->count = count;
  if (count > 0) node->parts = allocate((size_t)count * sizeof *node->parts);
  return node;
}

/* --- Names ---------------------------------------------------------------------------- */

/* The scopes in which local macros were defined, in blocks that stay where they are. */
enum { ENVIRONMENTS = 64 };
struct environments {
  struct scope *scopes[ENVIRONMENTS];
  struct environments *older;
};
static struct environments *environments;
static int32_t environment_count;

static struct scope **environment_of(int32_t number) {
  const int32_t index = ALIAS_OF_GLOBAL - 1 - number;
  struct environments *block = environments;
  for (int32_t i = (environment_count - 1) / ENVIRONMENTS; i > index / ENVIRONMENTS; i--)
    block = block->older;
  return &block->scopes[index % ENVIRONMENTS];
}

int32_t add_environment(struct scope *scope) {
  if (environment_count % ENVIRONMENTS == 0) {
    struct environments *block = allocate(sizeof *block);
    block->older = environments;
    environments = block;
  }
  environments->scopes[environment_count % ENVIRONMENTS] = scope;
  return ALIAS_OF_GLOBAL - 1 - environment_count++;
}

struct scope *look_up(struct scope *scope, value *symbol) {
  for (;;) {
    for (struct scope *s = scope; s != NULL; s = s->outer)
      if (s->symbol == *symbol) return s;
    const struct symbol *found = SYMBOL_AT(*symbol);
    if (found->base == FALSE) return NULL;
    if (found->inlined == ALIAS_OF_GLOBAL) scope = NULL;
    if (found->inlined < ALIAS_OF_GLOBAL) scope = *environment_of(found->inlined);
    *symbol = found->base;
  }
}

static struct scope *bind(value symbol, struct variable *variable, struct scope *outer) {
  struct scope *scope = allocate(sizeof *scope);
  if (!is_kind(symbol, SYMBOL)) fail_syntax("not a variable:", symbol);
  scope->symbol = symbol;
  scope->variable = variable;
  scope->outer = outer;
  return scope;
}

static struct variable *new_variable(struct lambda *owner) {
  struct variable *variable = allocate(sizeof *variable);
  variable->owner = owner;
  return variable;
}

/* The form or the macro that a symbol names: a fixnum, a macro, or FALSE. */
static value syntax_of(value head, struct scope *scope) {
  if (!is_kind(head, SYMBOL)) return FALSE;
  const struct scope *found = look_up(scope, &head);
  if (found == NULL) return SYMBOL_AT(head)->syntax;
  return found->variable == NULL ? found->macro : FALSE;
}

static struct node *literal(value v) {
  struct node *node = new_node(is_object(v) ? LITERAL : IMMEDIATE, 0);
  node->number = is_object(v) ? add_literal(v) : (int)v;
  return node;
}

static struct node *reference(value symbol, struct scope *scope) {
  const struct scope *found = look_up(scope, &symbol);
  struct node *node = new_node(found == NULL ? GLOBAL : REFERENCE, 0);
  if (found == NULL) {
    if (SYMBOL_AT(symbol)->syntax != FALSE) fail_syntax("syntax is no variable:", symbol);
    node->number = add_literal(symbol);
    return node;
  }
  if (found->variable == NULL) fail_syntax("syntax is no variable:", symbol);
  node->variable = found->variable;
  if (!found->variable->is_set && !found->variable->is_being_set) found->variable->is_early = true;
  return node;
}

/* --- Lambdas and bodies --------------------------------------------------------------- */

/* The parts of a body, before they are analysed: definitions and expressions. */
struct item {
  value symbol, form; /* symbol: UNSET for an expression */
  struct variable *variable;
  struct item *next;
};

struct body {
  struct scope *scope;
  struct lambda *lambda;
  struct item *first, **end;
  int count;
};

static void add_item(struct body *body, value symbol, value form) {
  struct item *item = allocate(sizeof *item);
  item->symbol = symbol;
  item->form = form;
  if (symbol != UNSET) {
    item->variable = new_variable(body->lambda);
    body->scope = bind(symbol, item->variable, body->scope);
  }
  *body->end = item;
  body->end = &item->next;
  body->count++;
}

/* Splits a definition: returns its variable, and replaces the form by the value. */
static value split_define(value *form) {
  value target, rest = cdr(*form);
  if (!is_pair(rest)) fail_syntax("wrong definition:", *form);
  target = car(rest), rest = cdr(rest);
  while (is_pair(target)) { /* (define (name . parameters) body...), maybe curried */
    rest = list_of(1, new_pair(global_named(NAME_lambda), new_pair(cdr(target), rest)));
    target = car(target);
  }
  if (!is_kind(target, SYMBOL) || count_of(rest) < 0 || (is_pair(rest) && is_pair(cdr(rest))))
    fail_syntax("wrong definition:", *form);
  *form = is_pair(rest) ? car(rest) : list_of(2, global_named(NAME_quote), UNSPECIFIED);
  return target;
}

static void define_local_syntax(struct body *body, value form) {
  if (count_of(form) != 3) fail_syntax("wrong definition:", form);
  body->scope = bind(car(cdr(form)), NULL, body->scope);
  body->scope->macro = new_macro(car(cdr(cdr(form))), body->scope);
}

/* Sorts the forms of a body into definitions and expressions. */
static void collect_items(struct body *body, value forms) {
  if (++depth > DEEPEST) fail_syntax("a form is nested too deeply", UNSET);
  for (; is_pair(forms); forms = cdr(forms)) {
    value form = car(forms), syntax;
    while (is_pair(form)) {
      syntax = syntax_of(car(form), body->scope);
      if (is_kind(syntax, MACRO)) {
        form = expand_macro(syntax, form, body->scope);
        continue;
      }
      if (syntax != fixnum(FORM_define_record_type) && syntax != fixnum(FORM_define_values)) break;
      check_shape((enum form)fixnum_value(syntax), form);
      form = rewrite((enum form)fixnum_value(syntax), form, body->scope);
    }
    syntax = is_pair(form) ? syntax_of(car(form), body->scope) : FALSE;
    if (is_fixnum(syntax)) check_shape((enum form)fixnum_value(syntax), form);
    if (syntax == fixnum(FORM_begin)) {
      collect_items(body, cdr(form));
    } else if (syntax == fixnum(FORM_define)) {
      const value symbol = split_define(&form);
      add_item(body, symbol, form);
    } else if (syntax == fixnum(FORM_define_syntax)) {
      define_local_syntax(body, form);
    } else {
      add_item(body, UNSET, form);
    }
  }
  depth--;
}

static struct node *analyse_lambda(value form, struct scope *scope, struct lambda *parent,
                                   value name, struct variable *self);

/* Analyses the value of a variable. Lambdas are named after it. */
static struct node *analyse_value(value symbol, struct variable *variable, value form,
                                  struct scope *scope, struct lambda *lambda) {
  struct node *node;
  const bool is_lambda = is_pair(form) && syntax_of(car(form), scope) == fixnum(FORM_lambda);
  if (!is_lambda) {
    node = analyse(form, scope, lambda);
  } else {
    if (variable != NULL) variable->is_being_set = true;
    node = analyse_lambda(form, scope, lambda, symbol, variable);
  }
  if (variable != NULL) variable->is_set = true;
  return node;
}

static struct node *analyse_body(value forms, struct scope *scope, struct lambda *lambda) {
  struct body body = {scope, lambda, NULL, NULL, 0};
  struct node *node;
  int i = 0;
  body.end = &body.first;
  const int32_t first = environment_count;
  collect_items(&body, forms);
  /* The macros of the body see all its definitions. */
  for (int32_t i = first; i < environment_count; i++)
    *environment_of(ALIAS_OF_GLOBAL - 1 - i) = body.scope;
  if (body.count == 0) return literal(UNSPECIFIED);
  node = new_node(BODY, body.count);
  node->variables = allocate((size_t)body.count * sizeof *node->variables);
  for (struct item *item = body.first; item != NULL; item = item->next, i++) {
    node->variables[i] = item->variable;
    node->parts[i] = analyse_value(item->symbol, item->variable, item->form, body.scope, lambda);
  }
  return node;
}

static struct node *analyse_lambda(value form, struct scope *scope, struct lambda *parent,
                                   value name, struct variable *self) {
  struct lambda *lambda = allocate(sizeof *lambda);
  struct node *node = new_node(FUNCTION, 0);
  int count = 0;
  if (!is_pair(cdr(form))) fail_syntax("wrong lambda:", form);
  value rest = car(cdr(form));
  for (value p = rest; is_pair(p); p = cdr(p)) count++;
  lambda->parent = parent;
  lambda->self = self;
  lambda->name = name == UNSET ? -1 : add_literal(strip_aliases(name));
  lambda->parameters = allocate(((size_t)count + 1) * sizeof *lambda->parameters);
  for (; rest != EMPTY; rest = is_pair(rest) ? cdr(rest) : EMPTY) {
    struct variable *parameter = new_variable(lambda);
    parameter->is_set = true;
    parameter->slot = lambda->required;
    lambda->parameters[lambda->required] = parameter;
    scope = bind(is_pair(rest) ? car(rest) : rest, parameter, scope);
    if (is_pair(rest))
      lambda->required++;
    else
      lambda->has_rest = true;
  }
  lambda->body = analyse_body(cdr(cdr(form)), scope, lambda);
  node->lambda = lambda;
  return node;
}

struct lambda *analyse_program(value form) {
  struct lambda *lambda = allocate(sizeof *lambda);
  depth = 0;
  environments = NULL;
  environment_count = 0;
  lambda->name = -1;
  lambda->body = analyse(form, NULL, lambda);
  return lambda;
}

/* --- Core forms ----------------------------------------------------------------------- */

static struct node *analyse_sequence(value forms, struct scope *scope, struct lambda *lambda) {
  const int count = count_of(forms);
  if (count == 0) return literal(UNSPECIFIED);
  if (count == 1) return analyse(car(forms), scope, lambda);
  struct node *node = new_node(SEQUENCE, count < 0 ? 0 : count);
  for (int i = 0; i < count; i++, forms = cdr(forms))
    node->parts[i] = analyse(car(forms), scope, lambda);
  return node;
}

static struct node *analyse_if(value form, struct scope *scope, struct lambda *lambda) {
  const int count = count_of(form);
  struct node *node = new_node(CONDITIONAL, 3);
  if (count != 3 && count != 4) fail_syntax("wrong if:", form);
  node->parts[0] = analyse(car(cdr(form)), scope, lambda);
  node->parts[1] = analyse(car(cdr(cdr(form))), scope, lambda);
  node->parts[2] =
      count == 4 ? analyse(car(cdr(cdr(cdr(form)))), scope, lambda) : literal(UNSPECIFIED);
  return node;
}

static struct node *analyse_and_or(value parts, bool is_and, struct scope *scope,
                                   struct lambda *lambda) {
  if (!is_pair(parts)) return literal(boolean(is_and));
  if (!is_pair(cdr(parts))) return analyse(car(parts), scope, lambda);
  struct node *node = new_node(is_and ? CONDITIONAL : EITHER, is_and ? 3 : 2);
  if (++depth > DEEPEST) fail_syntax("a form is nested too deeply", UNSET);
  node->parts[0] = analyse(car(parts), scope, lambda);
  node->parts[1] = analyse_and_or(cdr(parts), is_and, scope, lambda);
  if (is_and) node->parts[2] = literal(FALSE);
  depth--;
  return node;
}

static struct node *analyse_set(value form, struct scope *scope, struct lambda *lambda) {
  struct node *node = new_node(GLOBAL_SET, 1);
  if (count_of(form) != 3 || !is_kind(car(cdr(form)), SYMBOL)) fail_syntax("wrong set!:", form);
  value symbol = car(cdr(form));
  const struct scope *found = look_up(scope, &symbol);
  if (found == NULL) {
    SYMBOL_AT(symbol)->inlined = 0;
    node->number = add_literal(symbol);
  } else {
    if (found->variable == NULL) fail_syntax("syntax is no variable:", symbol);
    node->kind = ASSIGNMENT;
    node->variable = found->variable;
    node->variable->is_assigned = true;
  }
  node->parts[0] = analyse(car(cdr(cdr(form))), scope, lambda);
  return node;
}

static struct node *analyse_define(value form, struct lambda *lambda) {
  struct node *node = new_node(GLOBAL_DEFINE, 1);
  const value symbol = strip_aliases(split_define(&form));
  SYMBOL_AT(symbol)->inlined = 0;
  set_field(symbol, 2, FALSE);
  node->number = add_literal(symbol);
  node->parts[0] = analyse_value(symbol, NULL, form, NULL, lambda);
  return node;
}

static struct node *analyse_define_syntax(value form) {
  if (count_of(form) != 3) fail_syntax("wrong definition:", form);
  const value macro = new_macro(car(cdr(cdr(form))), NULL);
  set_field(strip_aliases(car(cdr(form))), 2, macro);
  return literal(UNSPECIFIED);
}

/* The variables of `bindings` become local to the body one after another. */
static struct node *analyse_let_from(value bindings, value forms, struct scope *outer,
                                     struct scope *inner, bool is_sequential,
                                     struct lambda *lambda) {
  if (!is_pair(bindings)) return analyse_body(forms, inner, lambda);
  const value binding = car(bindings);
  if (count_of(binding) != 2) fail_syntax("wrong binding:", binding);
  if (++depth > DEEPEST) fail_syntax("a form is nested too deeply", UNSET);
  struct node *node = new_node(LET, 2);
  node->variable = new_variable(lambda);
  node->parts[0] = analyse_value(car(binding), NULL, car(cdr(binding)), outer, lambda);
  node->variable->is_set = true;
  inner = bind(car(binding), node->variable, inner);
  node->parts[1] = analyse_let_from(cdr(bindings), forms, is_sequential ? inner : outer, inner,
                                    is_sequential, lambda);
  depth--;
  return node;
}

/* (let name bindings body...) is ((letrec ((name (lambda variables body...))) name) values...). */
static value named_let(value form) {
  const value name = car(cdr(form)), bindings = car(cdr(cdr(form)));
  value variables = EMPTY, values = EMPTY, *reversed[2] = {&variables, &values};
  for (value rest = bindings; is_pair(rest); rest = cdr(rest)) {
    if (count_of(car(rest)) != 2) fail_syntax("wrong binding:", car(rest));
    variables = new_pair(car(car(rest)), variables);
    values = new_pair(car(cdr(car(rest))), values);
  }
  for (int i = 0; i < 2; i++) {
    value list = EMPTY;
    for (value rest = *reversed[i]; rest != EMPTY; rest = cdr(rest))
      list = new_pair(car(rest), list);
    *reversed[i] = list;
  }
  const value function =
      new_pair(global_named(NAME_lambda), new_pair(variables, cdr(cdr(cdr(form)))));
  return new_pair(
      list_of(3, global_named(NAME_letrec), list_of(1, list_of(2, name, function)), name), values);
}

/* letrec and letrec* are bodies with definitions. */
static value letrec(value form) {
  value body = list_of(1, new_pair(global_named(NAME_let), new_pair(EMPTY, cdr(cdr(form)))));
  value reversed = EMPTY;
  for (value rest = car(cdr(form)); is_pair(rest); rest = cdr(rest))
    reversed = new_pair(new_pair(global_named(NAME_define), car(rest)), reversed);
  for (; reversed != EMPTY; reversed = cdr(reversed)) body = new_pair(car(reversed), body);
  return body;
}

static struct node *analyse_let_syntax(value form, struct scope *scope, struct lambda *lambda) {
  for (value rest = car(cdr(form)); is_pair(rest); rest = cdr(rest)) {
    if (count_of(car(rest)) != 2) fail_syntax("wrong binding:", car(rest));
    scope = bind(car(car(rest)), NULL, scope);
    scope->macro = new_macro(car(cdr(car(rest))), scope);
  }
  return analyse_body(cdr(cdr(form)), scope, lambda);
}

static struct node *analyse_form(enum form form, value expression, struct scope *scope,
                                 struct lambda *lambda) {
  const value rest = cdr(expression);
  check_shape(form, expression);
  switch (form) {
    case FORM_quote: return literal(strip_aliases(car(rest)));
    case FORM_if: return analyse_if(expression, scope, lambda);
    case FORM_lambda: return analyse_lambda(expression, scope, lambda, UNSET, NULL);
    case FORM_begin: return analyse_sequence(rest, scope, lambda);
    case FORM_set: return analyse_set(expression, scope, lambda);
    case FORM_define:
      if (scope != NULL) fail_syntax("a definition is not allowed here:", expression);
      return analyse_define(expression, lambda);
    case FORM_define_syntax: return analyse_define_syntax(expression);
    case FORM_let_syntax:
    case FORM_letrec_syntax: return analyse_let_syntax(expression, scope, lambda);
    case FORM_and: return analyse_and_or(rest, true, scope, lambda);
    case FORM_or: return analyse_and_or(rest, false, scope, lambda);
    case FORM_let:
      if (is_kind(car(rest), SYMBOL)) return analyse(named_let(expression), scope, lambda);
      return analyse_let_from(car(rest), cdr(rest), scope, scope, false, lambda);
    case FORM_let_star: return analyse_let_from(car(rest), cdr(rest), scope, scope, true, lambda);
    case FORM_letrec:
    case FORM_letrec_star: return analyse_body(letrec(expression), scope, lambda);
    default: break;
  }
  const value rewritten = rewrite(form, expression, scope);
  if (rewritten == UNSET) fail_syntax("wrong syntax:", expression);
  return analyse(rewritten, scope, lambda);
}

/* --- Calls ---------------------------------------------------------------------------- */

static struct node *inlined(int instruction, int count, struct node **operands) {
  struct node *node = new_node(INLINED, count);
  node->number = instruction;
  for (int i = 0; i < count; i++) node->parts[i] = operands[i];
  return node;
}

/* Puts a constant last, where an instruction has a form for it, if the order is all the same. */
static void move_constant(int instruction, struct node **operands) {
  struct node *first = operands[0];
  const bool commutes = instruction == INSTRUCTION_add || instruction == INSTRUCTION_multiply ||
                        instruction == INSTRUCTION_equal || instruction == INSTRUCTION_is_eq;
  if (!commutes || (first->kind != IMMEDIATE && first->kind != LITERAL)) return;
  operands[0] = operands[1];
  operands[1] = first;
}

/* Chooses the node for a call of a global procedure that the compiler knows. The field `inlined`
   has the number of operands in its lowest bits, and the instruction above. A sum of several
   numbers is a sum of sums. */
static struct node *try_inlining(struct node *call) {
  enum { MOST = 8 };
  const struct node *head = call->parts[0];
  if (head->kind != GLOBAL) return call;
  const struct symbol *symbol = SYMBOL_AT(stack[first_literal + (size_t)head->number]);
  const int count = symbol->inlined & 3, instruction = symbol->inlined >> 2;
  const int given = call->count - 1;
  const bool adds = instruction == INSTRUCTION_add || instruction == INSTRUCTION_multiply ||
                    instruction == INSTRUCTION_subtract;
  if (symbol->inlined <= 0 || (given != count && !(adds && given > count && given <= MOST)))
    return call;
  if (count == 2) move_constant(instruction, call->parts + 1);
  struct node *node = inlined(instruction, count, call->parts + 1);
  for (int i = count; i < given; i++) {
    struct node *operands[2] = {node, call->parts[i + 1]};
    node = inlined(instruction, 2, operands);
  }
  return node;
}

static struct node *analyse_call(value form, struct scope *scope, struct lambda *lambda) {
  const int count = count_of(form);
  if (count < 0) fail_syntax("wrong call:", form);
  struct node *node = new_node(CALL, count);
  for (int i = 0; i < count; i++, form = cdr(form))
    node->parts[i] = analyse(car(form), scope, lambda);
  return try_inlining(node);
}

struct node *analyse(value form, struct scope *scope, struct lambda *lambda) {
  struct node *node;
  if (is_kind(form, SYMBOL)) return reference(form, scope);
  if (!is_pair(form)) {
    if (form == EMPTY) fail_syntax("an empty list is no expression", UNSET);
    return literal(form);
  }
  if (++depth > DEEPEST) fail_syntax("a form is nested too deeply", UNSET);
  const value syntax = syntax_of(car(form), scope);
  if (is_kind(syntax, MACRO))
    node = analyse(expand_macro(syntax, form, scope), scope, lambda);
  else if (is_fixnum(syntax))
    node = analyse_form((enum form)fixnum_value(syntax), form, scope, lambda);
  else
    node = analyse_call(form, scope, lambda);
  depth--;
  return node;
}
