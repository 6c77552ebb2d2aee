/* The second half of the compiler: a tree becomes instructions. */
#include "syntax.h"

#include "instructions.h"

#define EMIT_1(g, name) emit(g, INSTRUCTION_##name)
#define EMIT_2(g, name, operand) (emit(g, INSTRUCTION_##name), emit(g, operand))

/* The code of one lambda. */
struct generator {
  const struct lambda *lambda;
  int32_t *words;
  int count, capacity;
  int *constants; /* numbers of literals */
  int constant_count, constant_capacity;
  int depth, deepest; /* the slots of the frame in use */
};

static void generate_node(struct generator *g, struct node *node, bool is_tail);

static bool is_boxed(const struct variable *v) {
  return v->is_assigned || v->is_early;
}

/* --- Captured variables --------------------------------------------------------------- */

/* A lambda that refers to itself by its variable does not capture it. */
static bool is_self(const struct lambda *lambda, const struct variable *v) {
  return lambda->self == v && !is_boxed(v);
}

static void capture(struct lambda *lambda, struct variable *v) {
  if (home_of(v->owner) == lambda || is_self(lambda, v)) return;
  for (int i = 0; i < lambda->captured_count; i++)
    if (lambda->captured[i] == v) return;
  if (lambda->captured_count == lambda->captured_capacity) {
    struct variable **larger =
        allocate((2 * (size_t)lambda->captured_capacity + 4) * sizeof *larger);
    for (int i = 0; i < lambda->captured_count; i++) larger[i] = lambda->captured[i];
    lambda->captured = larger;
    lambda->captured_capacity = 2 * lambda->captured_capacity + 4;
  }
  lambda->captured[lambda->captured_count++] = v;
  capture(home_of(lambda->parent), v);
}

/* Finds which variables each lambda captures. */
static void resolve(struct node *node, struct lambda *lambda) {
  if ((node->kind == REFERENCE || node->kind == ASSIGNMENT) && node->variable->loop == NULL)
    capture(lambda, node->variable);
  if (node->kind == LOOP) resolve(node->lambda->body, lambda);
  if (node->kind == FUNCTION) resolve(node->lambda->body, node->lambda);
  for (int i = 0; i < node->count; i++) resolve(node->parts[i], lambda);
}

/* --- Words ---------------------------------------------------------------------------- */

static void emit(struct generator *g, int32_t word) {
  if (g->count == g->capacity) {
    int32_t *larger = allocate((2 * (size_t)g->capacity + 64) * sizeof *larger);
    for (int i = 0; i < g->count; i++) larger[i] = g->words[i];
    g->words = larger;
    g->capacity = 2 * g->capacity + 64;
  }
  g->words[g->count++] = word;
}

/* Emits an instruction with a distance that is set later, and returns its place. */
static int emit_jump(struct generator *g, enum instruction instruction) {
  emit(g, instruction);
  emit(g, 0);
  return g->count;
}

/* The jump leads to here. */
static void land(struct generator *g, int jump) {
  g->words[jump - 1] = g->count - jump;
}

/* Adds the jump that was emitted last to a list of jumps that lead to one place. The distance of a
   jump names the next one as long as it is not set. 0: the list is empty. */
static void add_jump(struct generator *g, int *list) {
  g->words[g->count - 1] = *list;
  *list = g->count;
}

/* All jumps of a list lead to here. */
static void land_all(struct generator *g, int list) {
  while (list != 0) {
    const int next = g->words[list - 1];
    land(g, list);
    list = next;
  }
}

static void deepen(struct generator *g, int slots) {
  g->depth += slots;
  if (g->depth > g->deepest) g->deepest = g->depth;
}

static void emit_push(struct generator *g) {
  EMIT_1(g, push);
  deepen(g, 1);
}

/* The number of a literal among the constants of this code. */
static int constant_of(struct generator *g, int literal) {
  for (int i = 0; i < g->constant_count; i++)
    if (stack[first_literal + (size_t)g->constants[i]] == stack[first_literal + (size_t)literal])
      return i;
  if (g->constant_count == g->constant_capacity) {
    int *larger = allocate((2 * (size_t)g->constant_capacity + 16) * sizeof *larger);
    for (int i = 0; i < g->constant_count; i++) larger[i] = g->constants[i];
    g->constants = larger;
    g->constant_capacity = 2 * g->constant_capacity + 16;
  }
  g->constants[g->constant_count] = literal;
  return g->constant_count++;
}

/* --- Variables ------------------------------------------------------------------------ */

static int captured_index(const struct lambda *lambda, const struct variable *v) {
  int i = 0;
  while (lambda->captured[i] != v) i++;
  return i;
}

/* Pushes what a closure captures: a variable's cell, if it has one. */
static void push_captured(struct generator *g, const struct variable *v) {
  if (home_of(v->owner) == g->lambda) {
    EMIT_2(g, push_local, v->slot);
    deepen(g, 1);
  } else if (is_self(g->lambda, v)) {
    EMIT_1(g, self);
    emit_push(g);
  } else {
    EMIT_2(g, push_free, captured_index(g->lambda, v));
    deepen(g, 1);
  }
}

static void generate_reference(struct generator *g, const struct variable *v) {
  if (home_of(v->owner) == g->lambda) {
    emit(g, is_boxed(v) ? INSTRUCTION_local_cell : INSTRUCTION_local);
    emit(g, v->slot);
  } else if (is_self(g->lambda, v)) {
    EMIT_1(g, self);
  } else {
    emit(g, is_boxed(v) ? INSTRUCTION_free_cell : INSTRUCTION_free);
    emit(g, captured_index(g->lambda, v));
  }
}

/* Sets a variable to the accumulator. */
static void generate_set(struct generator *g, const struct variable *v) {
  if (home_of(v->owner) != g->lambda)
    EMIT_2(g, set_free_cell, captured_index(g->lambda, v));
  else if (is_boxed(v))
    EMIT_2(g, set_local_cell, v->slot);
  else
    EMIT_2(g, set_local, v->slot);
}

/* --- Nodes ---------------------------------------------------------------------------- */

/* Pushes the value of a node. */
static void generate_push(struct generator *g, struct node *node) {
  if (node->kind == IMMEDIATE) {
    EMIT_2(g, push_immediate, node->number);
    deepen(g, 1);
  } else if (node->kind == REFERENCE && !is_boxed(node->variable)) {
    push_captured(g, node->variable);
  } else {
    generate_node(g, node, false);
    emit_push(g);
  }
}

/* Whether a call is one of the procedure by itself, with as many arguments as it takes. */
static bool calls_itself(const struct generator *g, const struct node *node) {
  const struct node *procedure = node->parts[0];
  return procedure->kind == REFERENCE && home_of(procedure->variable->owner) != g->lambda &&
         is_self(g->lambda, procedure->variable) && !g->lambda->has_rest &&
         g->lambda->required == node->count - 1;
}

/* A loop's variables are in slots of this frame. They get new values, and everything above them
   ends. */
static void generate_repeat(struct generator *g, struct node *node, const struct lambda *loop) {
  const int depth = g->depth;
  for (int i = 1; i < node->count; i++) generate_push(g, node->parts[i]);
  EMIT_2(g, repeat, node->count - 1);
  emit(g, loop->first_slot);
  emit(g, loop->start - g->count - 1);
  g->depth = depth;
}

static void generate_call(struct generator *g, struct node *node, bool is_tail) {
  const int depth = g->depth;
  const struct node *procedure = node->parts[0];
  int frame = 0;
  if (procedure->kind == REFERENCE && procedure->variable->loop != NULL) {
    generate_repeat(g, node, procedure->variable->loop);
    return;
  }
  if (!is_tail) {
    frame = emit_jump(g, INSTRUCTION_frame);
    deepen(g, 3);
  }
  for (int i = 1; i < node->count; i++) generate_push(g, node->parts[i]);
  if (calls_itself(g, node)) {
    emit(g, is_tail ? INSTRUCTION_tail_call_self : INSTRUCTION_call_self);
  } else if (procedure->kind == GLOBAL) {
    emit(g, is_tail ? INSTRUCTION_tail_call_global : INSTRUCTION_call_global);
    emit(g, constant_of(g, procedure->number));
  } else {
    generate_node(g, node->parts[0], false);
    emit(g, is_tail ? INSTRUCTION_tail_call : INSTRUCTION_call);
  }
  emit(g, node->count - 1);
  if (!is_tail) land(g, frame);
  g->depth = depth;
}

/* --- Procedures in line --------------------------------------------------------------- */

static bool is_test(int instruction) {
  return instruction >= FIRST_UNARY_TEST;
}
static bool is_binary(int instruction) {
  return instruction >= FIRST_BINARY_TEST ||
         (instruction >= FIRST_BINARY && instruction < FIRST_UNARY_TEST);
}
static bool is_local(const struct generator *g, const struct node *node) {
  return node->kind == REFERENCE && home_of(node->variable->owner) == g->lambda &&
         !is_boxed(node->variable);
}

/* The forms of instructions, as in instructions.h. */
enum { UNARY_LOCAL = 1, UNARY_FORM_COUNT };
enum { ACCUMULATOR, IMMEDIATE_VALUE, LOCAL, CONSTANT, BINARY_FORM_COUNT };

/* The form for the last operand, and the word behind the instruction. */
static int form_of(struct generator *g, const struct node *node, int32_t *word) {
  const struct node *last = node->parts[node->count - 1];
  const bool takes_two = is_binary(node->number);
  if (is_local(g, last) && (takes_two || node->number >= FIRST_UNARY)) {
    *word = last->variable->slot;
    return takes_two ? LOCAL : UNARY_LOCAL;
  }
  if (!takes_two || (last->kind != IMMEDIATE && last->kind != LITERAL)) return ACCUMULATOR;
  *word = last->kind == IMMEDIATE ? last->number : constant_of(g, last->number);
  return last->kind == IMMEDIATE ? IMMEDIATE_VALUE : CONSTANT;
}

/* Emits the operands, and the instruction in the form for them. */
static void emit_with_operands(struct generator *g, struct node *node, int instruction) {
  const int depth = g->depth, last = node->count - 1;
  int32_t word = 0;
  const int form = form_of(g, node, &word);
  for (int i = 0; i < last; i++)
    if (form == ACCUMULATOR)
      generate_push(g, node->parts[i]);
    else
      generate_node(g, node->parts[i], false);
  if (form == ACCUMULATOR) generate_node(g, node->parts[last], false);
  emit(g, instruction + form);
  if (form != ACCUMULATOR) emit(g, word);
  g->depth = depth;
}

static void generate_inlined(struct generator *g, struct node *node) {
  emit_with_operands(g, node, node->number);
}

/* --- Conditions ----------------------------------------------------------------------- */

static void generate_branch(struct generator *g, struct node *node, bool when, int *list);

/* `and` and `or` have one value that ends them early: false, and true. */
static void branch_of_two(struct generator *g, struct node *node, bool ends, bool when, int *list) {
  int to_here = 0;
  generate_branch(g, node->parts[0], ends, ends == when ? list : &to_here);
  generate_branch(g, node->parts[1], when, list);
  land_all(g, to_here);
}

/* Jumps if the value of a node is true, or false, as `when` says. A condition that only decides
   where the program goes on never becomes a value: tests jump by themselves, and `not`, `and` and
   `or` only change where to. */
static void generate_branch(struct generator *g, struct node *node, bool when, int *list) {
  const bool is_inlined = node->kind == INLINED;
  if (is_inlined && node->number == INSTRUCTION_not) {
    generate_branch(g, node->parts[0], !when, list);
  } else if (node->kind == EITHER) {
    branch_of_two(g, node, true, when, list);
  } else if (node->kind == CONDITIONAL && node->parts[2]->kind == IMMEDIATE &&
             (value)node->parts[2]->number == FALSE) {
    branch_of_two(g, node, false, when, list);
  } else if (is_inlined && is_test(node->number)) {
    const int forms = is_binary(node->number) ? BINARY_FORM_COUNT : UNARY_FORM_COUNT;
    emit_with_operands(g, node, node->number + (when ? 2 * forms : forms));
    emit(g, 0);
    add_jump(g, list);
  } else {
    generate_node(g, node, false);
    emit_jump(g, when ? INSTRUCTION_jump_if_true : INSTRUCTION_jump_if_false);
    add_jump(g, list);
  }
}

static void generate_conditional(struct generator *g, struct node *node, bool is_tail) {
  const int depth = g->depth;
  int to_else = 0;
  generate_branch(g, node->parts[0], false, &to_else);
  generate_node(g, node->parts[1], is_tail);
  g->depth = depth;
  const int to_end = is_tail ? 0 : emit_jump(g, INSTRUCTION_jump);
  land_all(g, to_else);
  generate_node(g, node->parts[2], is_tail);
  g->depth = depth;
  if (!is_tail) land(g, to_end);
}

static void generate_either(struct generator *g, struct node *node, bool is_tail) {
  generate_node(g, node->parts[0], false);
  const int to_end = emit_jump(g, INSTRUCTION_jump_if_true);
  generate_node(g, node->parts[1], false);
  land(g, to_end);
  if (is_tail) EMIT_1(g, return_value);
}

/* Ends a block whose variables are on the stack. */
static void drop_to(struct generator *g, int depth, bool is_tail) {
  if (!is_tail && g->depth > depth) EMIT_2(g, drop, g->depth - depth);
  g->depth = depth;
}

static void generate_let(struct generator *g, struct node *node, bool is_tail) {
  const int depth = g->depth;
  generate_push(g, node->parts[0]);
  node->variable->slot = depth;
  if (is_boxed(node->variable)) EMIT_2(g, box, depth);
  generate_node(g, node->parts[1], is_tail);
  drop_to(g, depth, is_tail);
}

static void generate_body(struct generator *g, struct node *node, bool is_tail) {
  const int depth = g->depth;
  for (int i = 0; i < node->count; i++) {
    struct variable *v = node->variables[i];
    if (v == NULL) continue;
    v->slot = g->depth;
    if (is_boxed(v))
      EMIT_1(g, push_cell);
    else
      EMIT_2(g, push_immediate, UNSET);
    deepen(g, 1);
  }
  for (int i = 0; i < node->count; i++) {
    const bool is_last = is_tail && i == node->count - 1 && node->variables[i] == NULL;
    generate_node(g, node->parts[i], is_last);
    if (node->variables[i] != NULL) generate_set(g, node->variables[i]);
  }
  if (is_tail && node->variables[node->count - 1] != NULL) EMIT_1(g, return_value);
  drop_to(g, depth, is_tail);
}

static void generate_loop(struct generator *g, struct node *node, bool is_tail) {
  struct lambda *loop = node->lambda;
  const int depth = g->depth;
  for (int i = 0; i < node->count; i++) generate_push(g, node->parts[i]);
  loop->first_slot = depth;
  loop->start = g->count;
  for (int i = 0; i < node->count; i++) {
    loop->parameters[i]->slot = depth + i;
    if (is_boxed(loop->parameters[i])) EMIT_2(g, box, depth + i);
  }
  generate_node(g, loop->body, is_tail);
  drop_to(g, depth, is_tail);
}

static void generate_function(struct generator *g, struct lambda *lambda) {
  const int depth = g->depth;
  generate(lambda);
  if (lambda->captured_count == 0) {
    /* A closure without captured values is made once, here. */
    stack_put(stack_height() - 1, new_vector_of_stack(CLOSURE, 1));
    EMIT_2(g, constant, constant_of(g, (int)(stack_height() - 1 - first_literal)));
    return;
  }
  for (int i = 0; i < lambda->captured_count; i++) push_captured(g, lambda->captured[i]);
  /* The code is the last literal. */
  EMIT_2(g, closure, constant_of(g, (int)(stack_height() - 1 - first_literal)));
  emit(g, lambda->captured_count);
  g->depth = depth;
}

static void generate_global(struct generator *g, struct node *node) {
  if (node->kind != GLOBAL) generate_node(g, node->parts[0], false);
  emit(g, node->kind == GLOBAL       ? INSTRUCTION_global
          : node->kind == GLOBAL_SET ? INSTRUCTION_set_global
                                     : INSTRUCTION_define_global);
  emit(g, constant_of(g, node->number));
}

static void generate_node(struct generator *g, struct node *node, bool is_tail) {
  switch (node->kind) {
    case CONDITIONAL: generate_conditional(g, node, is_tail); return;
    case EITHER: generate_either(g, node, is_tail); return;
    case LET: generate_let(g, node, is_tail); return;
    case BODY: generate_body(g, node, is_tail); return;
    case CALL: generate_call(g, node, is_tail); return;
    case LOOP: generate_loop(g, node, is_tail); return;
    case SEQUENCE:
      for (int i = 0; i < node->count; i++)
        generate_node(g, node->parts[i], is_tail && i == node->count - 1);
      return;
    case LITERAL: EMIT_2(g, constant, constant_of(g, node->number)); break;
    case IMMEDIATE: EMIT_2(g, immediate, node->number); break;
    case REFERENCE: generate_reference(g, node->variable); break;
    case ASSIGNMENT:
      generate_node(g, node->parts[0], false);
      generate_set(g, node->variable);
      break;
    case FUNCTION: generate_function(g, node->lambda); break;
    case INLINED: generate_inlined(g, node); break;
    default: generate_global(g, node);
  }
  if (is_tail) EMIT_1(g, return_value);
}

/* --- Code ----------------------------------------------------------------------------- */

/* Pushes the code object. Its parts are on the stack first. */
static void push_code(const struct generator *g) {
  const struct lambda *lambda = g->lambda;
  gcroots_raw_val_t fields[5];
  const size_t slot = push(new_words(g->words, (uint32_t)g->count));
  for (int i = 0; i < g->constant_count; i++) push(stack[first_literal + (size_t)g->constants[i]]);
  const value constants = new_vector_of_stack(VECTOR, (uint32_t)g->constant_count);
  fields[0].ref = stack[slot];
  fields[1].ref = constants;
  fields[2].ref = lambda->name < 0 ? FALSE : stack[first_literal + (size_t)lambda->name];
  fields[3].i32 = lambda->has_rest ? -1 - lambda->required : lambda->required;
  fields[4].i32 = g->deepest + 4;
  stack_put(slot, new_struct(CODE, fields, 5));
  stack_cut(slot + 1);
}

void generate(struct lambda *lambda) {
  struct generator g = {lambda, NULL, 0, 0, NULL, 0, 0, 0, 0};
  if (lambda->parent == NULL) {
    find_loops(lambda->body, lambda);
    resolve(lambda->body, lambda);
  }
  deepen(&g, lambda->required + lambda->has_rest);
  for (int i = 0; i < g.depth; i++)
    if (is_boxed(lambda->parameters[i])) EMIT_2(&g, box, i);
  generate_node(&g, lambda->body, true);
  push_code(&g);
}
