/* The compiler's view of a program: a tree in memory of C, which is freed after each compilation.
 *
 * The compiler has two halves. The first one (analyse.c, derived.c, rules.c) reads S-expressions
 * and builds the tree, in a no-GC span: so it may keep values in variables of C and in the tree,
 * and make lists as it likes. If the span needs a collection, the compiler leaves it, collects and
 * begins again. The second half (generate.c) makes objects that stay, outside the span. So the tree
 * names values that outlive the span by their number among the literals, which are slots of the
 * stack. */
#ifndef SCHEME_SYNTAX_H
#define SCHEME_SYNTAX_H

#include "heap.h"
#include "symbols.h"

struct lambda;

struct variable {
  struct lambda *owner;
  bool is_assigned;    /* by set! */
  bool is_early;       /* used before it is set: by a lambda that is made earlier */
  bool is_set;         /* during the analysis */
  bool is_being_set;   /* to a lambda, whose body is being analysed */
  int slot;            /* in the frame of its owner */
  struct lambda *loop; /* the loop that calls of the variable repeat, or NULL */
};

enum node_kind {
  LITERAL,    /* `number` of a literal */
  IMMEDIATE,  /* `number` is the value */
  REFERENCE,  /* to `variable` */
  ASSIGNMENT, /* of `variable` to part 0 */
  GLOBAL,     /* `number` of a literal, the symbol */
  GLOBAL_SET, /* likewise */
  GLOBAL_DEFINE,
  CONDITIONAL, /* parts: condition, then, else */
  EITHER,      /* parts: two values of `or` */
  FUNCTION,    /* `lambda` */
  SEQUENCE,
  LET,    /* `variable` is part 0 in part 1 */
  BODY,   /* parts are set to variables, or evaluated. The last one is the value */
  CALL,   /* the operator, and the arguments */
  LOOP,   /* `lambda` in the frame of the lambda around it. The parts are the arguments */
  INLINED /* `number` of an instruction, and its operands */
};

struct node {
  enum node_kind kind;
  int number;
  struct variable *variable;
  struct lambda *lambda;
  int count;
  struct node **parts;
  struct variable **variables; /* of a body: one for each part, or NULL */
};

struct lambda {
  struct lambda *parent;
  struct variable *self; /* the variable that is set to this lambda, or NULL */
  int name;              /* the number of a literal, or -1 */
  int required;
  bool has_rest;
  struct variable **parameters;
  struct node *body;
  struct variable **captured;
  int captured_count, captured_capacity;
  struct lambda *merged_into; /* of a loop: the lambda around it */
  int start, first_slot;      /* of a loop: its first word, and the slot of its first parameter */
};

/* What a symbol means in a part of the program. */
struct scope {
  value symbol, macro; /* if there is no variable */
  struct variable *variable;
  struct scope *outer;
};

/* The forms that the compiler knows. */
enum form {
#define X(name) FORM_##name,
  NAMES(X)
#undef X
};

/* --- compile.c ---------------------------------------------------------------------------- */

/* Compiles the expression on top of the stack, and puts a procedure without parameters in its
 * place. */
void compile(void) MAY_COLLECT;

/* Memory until the end of the compilation, zeroed. */
void *allocate(size_t bytes);

/* The slot of the first literal. */
extern size_t first_literal;
/* Adds a literal, and returns its number. */
int add_literal(value v);

/* Raises an error about a form. */
_Noreturn void fail_syntax(const char *message, value form);

/* --- analyse.c ---------------------------------------------------------------------------- */

struct node *analyse(value form, struct scope *scope, struct lambda *lambda);
struct node *new_node(enum node_kind kind, int count);
/* The lambda around a program. */
struct lambda *analyse_program(value form);
/* The binding of a symbol, or NULL. Then `symbol` becomes the global symbol. */
struct scope *look_up(struct scope *scope, value *symbol);
/* Keeps a scope for aliases, and returns its number, which is less than ALIAS_OF_GLOBAL. */
int32_t add_environment(struct scope *scope);

/* --- aliases.c ---------------------------------------------------------------------------- */

/* Replaces aliases by the symbols behind them, in a copy of the form if there are any. */
value strip_aliases(value form);

/* --- shapes.c ----------------------------------------------------------------------------- */

/* Raises an error if a form has a wrong shape. */
void check_shape(enum form form, value expression);

/* --- derived.c: forms as other forms ------------------------------------------------------ */

/* Rewrites a derived form. Returns UNSET if the form is not a derived one. */
value rewrite(enum form form, value expression, struct scope *scope);
value list_of(int count, ...);
/* The number of elements of a proper list, or -1. */
int count_of(value list);

/* --- rules.c: syntax-rules ---------------------------------------------------------------- */

value new_macro(value rules, struct scope *scope);
value expand_macro(value macro, value form, struct scope *scope);

/* --- loops.c ------------------------------------------------------------------------------ */

/* Makes loops of the calls in a node, which is a part of a lambda. */
void find_loops(struct node *node, struct lambda *lambda);
/* The lambda whose frame has the variables of a lambda: another one if it is a loop. */
struct lambda *home_of(struct lambda *lambda);

/* --- generate.c --------------------------------------------------------------------------- */

/* Pushes the code of a lambda. */
void generate(struct lambda *lambda) MAY_COLLECT;

#endif
