/* Between the two halves of the compiler: finds loops. A named let, `do`, and a call of a lambda
 * expression need no closure if the procedure is only called where its value is the loop's: the
 * calls are jumps, and its parameters are variables of the procedure around it. */
#include "syntax.h"

struct lambda *home_of(struct lambda *lambda) {
  while (lambda->merged_into != NULL) lambda = lambda->merged_into;
  return lambda;
}

static bool is_reference(const struct node *node, const struct variable *v) {
  return node->kind == REFERENCE && node->variable == v;
}

/* Whether a part of a node has the node's own value. */
static bool is_last(const struct node *node, int part) {
  switch (node->kind) {
    case CONDITIONAL: return part > 0;
    case EITHER:
    case LET: return part == 1;
    case SEQUENCE: return part == node->count - 1;
    case BODY: return part == node->count - 1 && node->variables[part] == NULL;
    default: return false;
  }
}

/* Whether a node uses a procedure only to repeat the loop whose value the node has, if it has. */
static bool only_repeats(const struct node *node, const struct variable *v, int parameters,
                         bool has_value) {
  int first = 0;
  if ((node->kind == REFERENCE || node->kind == ASSIGNMENT) && node->variable == v) return false;
  if (node->kind == CALL && is_reference(node->parts[0], v)) {
    if (!has_value || node->count - 1 != parameters) return false;
    first = 1;
  }
  if (node->kind == FUNCTION && !only_repeats(node->lambda->body, v, parameters, false))
    return false;
  if (node->kind == LOOP && !only_repeats(node->lambda->body, v, parameters, has_value))
    return false;
  for (int i = first; i < node->count; i++)
    if (!only_repeats(node->parts[i], v, parameters, has_value && is_last(node, i))) return false;
  return true;
}

/* The function that a call of a named let calls, or NULL: its operator is a body that defines the
   variable, and has it as its value. */
static struct node *named_function(const struct node *operator, struct variable ** v) {
  if (operator->kind != BODY || operator->count != 2 || operator->variables[0] == NULL ||
      operator->variables[1] != NULL || operator->parts[0]->kind != FUNCTION)
    return NULL;
  const struct node *value = operator->parts[1];
  while (value->kind == BODY && value->count == 1 && value->variables[0] == NULL)
    value = value->parts[0];
  *v = operator->variables[0];
  return is_reference(value, *v) ? operator->parts[0] : NULL;
}

/* Makes a loop of a call, if it is one. */
static void try_loop(struct node *call, struct lambda *lambda) {
  struct variable *v = NULL;
  struct node *function = call->parts[0];
  if (function->kind != FUNCTION) function = named_function(function, &v);
  if (function == NULL) return;
  struct lambda *loop = function->lambda;
  if (loop->has_rest || loop->required != call->count - 1 ||
      (v != NULL && !only_repeats(loop->body, v, loop->required, true)))
    return;
  loop->merged_into = lambda;
  if (v != NULL) v->loop = loop;
  call->kind = LOOP;
  call->lambda = loop;
  call->parts++;
  call->count--;
}

void find_loops(struct node *node, struct lambda *lambda) {
  if (node->kind == FUNCTION) find_loops(node->lambda->body, node->lambda);
  for (int i = 0; i < node->count; i++) find_loops(node->parts[i], lambda);
  if (node->kind == CALL) try_loop(node, lambda);
}
