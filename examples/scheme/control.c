/* Errors, continuations, multiple values, and the program itself as procedures. */
#include "builtins.h"
#include "errors.h"
#include "machine.h"
#include "symbols.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* (error message irritant...) makes the condition; the prelude raises it. */
static value make_condition(value *arguments, int count) {
  const size_t slot = (size_t)(arguments - stack);
  const size_t list = push(EMPTY);
  for (int i = count; i > 1; i--)
    stack_put(list, new_pair(stack[slot + (size_t)i - 1], stack[list]));
  return new_struct_of_3(CONDITION, FALSE, stack[slot], stack[list]);
}

static struct condition *condition(value v) {
  if (!is_kind(v, CONDITION)) fail_type("error-object-message", "an error object", v);
  return CONDITION_AT(v);
}
static value condition_message(value *arguments, int count) {
  (void)count;
  return condition(arguments[0])->message;
}
static value condition_irritants(value *arguments, int count) {
  (void)count;
  return condition(arguments[0])->irritants;
}
static value condition_kind(value *arguments, int count) {
  (void)count;
  return is_kind(arguments[0], CONDITION) ? CONDITION_AT(arguments[0])->kind : FALSE;
}
static value condition_p(value *arguments, int count) {
  (void)count;
  return boolean(is_kind(arguments[0], CONDITION));
}

static value handlers(value *arguments, int count) {
  (void)arguments, (void)count;
  return roots[HANDLERS];
}
static value set_handlers(value *arguments, int count) {
  (void)count;
  set_root(HANDLERS, arguments[0]);
  return UNSPECIFIED;
}
static value winders(value *arguments, int count) {
  (void)arguments, (void)count;
  return roots[WINDERS];
}
static value set_winders(value *arguments, int count) {
  (void)count;
  set_root(WINDERS, arguments[0]);
  return UNSPECIFIED;
}
static value uncaught(value *arguments, int count) {
  (void)count;
  machine_stop(arguments[0]);
}

static value values(value *arguments, int count) {
  return count == 1 ? arguments[0] : new_vector_of_stack(VALUES, (uint32_t)count);
}

/* Whether a closure takes a number of arguments. */
static value accepts(value *arguments, int count) {
  const int32_t number = fixnum_value(arguments[1]);
  (void)count;
  if (!is_kind(arguments[0], CLOSURE)) return FALSE;
  const int32_t required = CODE_AT(VECTOR_AT(arguments[0])->at[0])->required;
  return boolean(required < 0 ? number >= -1 - required : number == required);
}

static value leave_program(value *arguments, int count) {
  int status = 0;
  if (count > 0)
    status = is_fixnum(arguments[0]) ? fixnum_value(arguments[0]) : arguments[0] == FALSE;
  fflush(stdout);
  exit(status);
}

static value collect(value *arguments, int count) {
  (void)arguments, (void)count;
  const gcroots_status_t status = gcroots_store_gc(store);
  if (status != GCROOTS_OK) library_failed(status);
  return UNSPECIFIED;
}

static value jiffy(value *arguments, int count) {
  (void)arguments, (void)count;
  return new_fixnum_or_integer((int64_t)clock() * (1000000 / CLOCKS_PER_SEC));
}

const struct builtin control_builtins[] = {
    {"apply", NULL, 2, -1, SPECIAL_APPLY},
    {"%call/cc", NULL, 1, 1, SPECIAL_CALL_CC},
    {"%call/ec", NULL, 1, 1, SPECIAL_CALL_EC},
    {"eval", NULL, 1, 2, SPECIAL_EVAL},
    {"%spread", NULL, 2, 2, SPECIAL_SPREAD},
    {"values", values, 0, -1, 0},
    {"%accepts?", accepts, 2, 2, 0},
    {"%condition", make_condition, 1, -1, 0},
    {"error-object?", condition_p, 1, 1, 0},
    {"error-object-message", condition_message, 1, 1, 0},
    {"error-object-irritants", condition_irritants, 1, 1, 0},
    {"%condition-kind", condition_kind, 1, 1, 0},
    {"%handlers", handlers, 0, 0, 0},
    {"%set-handlers!", set_handlers, 1, 1, 0},
    {"%winders", winders, 0, 0, 0},
    {"%set-winders!", set_winders, 1, 1, 0},
    {"%uncaught", uncaught, 1, 1, 0},
    {"emergency-exit", leave_program, 0, 1, 0},
    {"collect", collect, 0, 0, 0},
    {"current-jiffy", jiffy, 0, 0, 0},
    {NULL, NULL, 0, 0, 0},
};
