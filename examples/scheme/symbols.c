/* The table of symbols: a vector of lists, that grows with the number of symbols. */
#include "symbols.h"

#include "errors.h"
#include "text.h"

#include <stdlib.h>

static uint32_t symbol_count;

static const char *const spelled[NAME_COUNT] = {
    [NAME_quote] = "quote",
    [NAME_quasiquote] = "quasiquote",
    [NAME_unquote] = "unquote",
    [NAME_unquote_splicing] = "unquote-splicing",
    [NAME_define] = "define",
    [NAME_lambda] = "lambda",
    [NAME_if] = "if",
    [NAME_set] = "set!",
    [NAME_begin] = "begin",
    [NAME_let] = "let",
    [NAME_let_star] = "let*",
    [NAME_letrec] = "letrec",
    [NAME_letrec_star] = "letrec*",
    [NAME_cond] = "cond",
    [NAME_case] = "case",
    [NAME_and] = "and",
    [NAME_or] = "or",
    [NAME_when] = "when",
    [NAME_unless] = "unless",
    [NAME_do] = "do",
    [NAME_delay] = "delay",
    [NAME_delay_force] = "delay-force",
    [NAME_guard] = "guard",
    [NAME_define_record_type] = "define-record-type",
    [NAME_define_syntax] = "define-syntax",
    [NAME_let_syntax] = "let-syntax",
    [NAME_letrec_syntax] = "letrec-syntax",
    [NAME_syntax_rules] = "syntax-rules",
    [NAME_let_values] = "let-values",
    [NAME_let_star_values] = "let*-values",
    [NAME_define_values] = "define-values",
    [NAME_case_lambda] = "case-lambda",
    [NAME_assert] = "assert",
    [NAME_parameterize] = "parameterize",
    [NAME_else] = "else",
    [NAME_arrow] = "=>",
    [NAME_dots] = "...",
    [NAME_underscore] = "_",
    [NAME_raise] = "raise",
    [NAME_list] = "list",
    [NAME_append] = "append",
    [NAME_cons] = "cons",
    [NAME_list_to_vector] = "list->vector",
    [NAME_make_promise] = "%make-promise",
    [NAME_call_guard] = "%guard",
    [NAME_new_record_type] = "%record-type",
    [NAME_new_record] = "%record",
    [NAME_is_record] = "%record?",
    [NAME_record_ref] = "%record-ref",
    [NAME_record_set] = "%record-set!",
    [NAME_memv] = "memv",
    [NAME_raise_continuable] = "raise-continuable",
    [NAME_call_with_values] = "call-with-values",
    [NAME_call_case] = "%case-lambda",
    [NAME_call_parameterized] = "%parameterize",
    [NAME_error] = "error",
    [NAME_temporary] = "temporary",
    [NAME_file_error] = "file",
    [NAME_read_error] = "read",
    [NAME_values] = "values",
    [NAME_eqv] = "eqv?",
    [NAME_vector_ref] = "vector-ref",
    [NAME_car] = "car",
    [NAME_cdr] = "cdr",
};

uint32_t string_hash(value string) {
  const struct string *s = STRING_AT(string);
  uint32_t hash = 2166136261u;
  for (uint32_t i = 0; i < s->length; i++) hash = (hash ^ (uint32_t)s->at[i]) * 16777619u;
  return hash & 0x7fffffff;
}

const char *utf8_of_string(value string) {
  text_clear();
  text_add_value(string, false, SIZE_MAX);
  return text_bytes();
}

value new_string_from(const char *utf8, size_t bytes) {
  static int32_t *characters;
  static size_t capacity;
  const char *at = utf8, *end = utf8 + bytes;
  uint32_t count = 0;
  if (bytes > capacity) {
    int32_t *grown = realloc(characters, bytes * sizeof *grown);
    if (grown == NULL) library_failed(GCROOTS_ERROR_OUT_OF_MEMORY);
    characters = grown;
    capacity = bytes;
  }
  while (at < end) characters[count++] = (int32_t)utf8_next(&at, end);
  return new_string_of(characters, count);
}

static bool same_string(value a, value b) {
  const struct string *x = STRING_AT(a), *y = STRING_AT(b);
  return x->length == y->length && memcmp(x->at, y->at, 4 * (size_t)x->length) == 0;
}

/* Makes a symbol of the string on top of the stack, in its place. */
static value new_symbol(value base) {
  gcroots_raw_val_t fields[6];
  memset(fields, 0, sizeof fields);
  fields[0].ref = stack[stack_height() - 1];
  fields[2].ref = FALSE;
  fields[3].ref = base;
  fields[4].i32 = (int32_t)string_hash(fields[0].ref);
  return new_struct(SYMBOL, fields, 6);
}

/* Doubles the number of lists. */
static void grow_table(void) {
  const uint32_t old_length = VECTOR_AT(roots[SYMBOLS])->length;
  const size_t larger = push(new_vector(VECTOR, 2 * old_length, EMPTY));
  for (uint32_t i = 0; i < old_length; i++) {
    for (value rest = VECTOR_AT(roots[SYMBOLS])->at[i]; rest != EMPTY;) {
      /* The pairs stay and move to another list. Nothing is made, so nothing collects. */
      const value pair = rest;
      const uint32_t place = (uint32_t)SYMBOL_AT(car(pair))->hash % (2 * old_length);
      rest = cdr(pair);
      set_cdr(pair, VECTOR_AT(stack[larger])->at[place]);
      set_element(stack[larger], place, pair);
    }
  }
  set_root(SYMBOLS, pop());
}

value intern_string(value string) {
  const uint32_t hash = string_hash(string);
  value table = roots[SYMBOLS];
  uint32_t place = hash % VECTOR_AT(table)->length;
  for (value rest = VECTOR_AT(table)->at[place]; rest != EMPTY; rest = cdr(rest))
    if (same_string(SYMBOL_AT(car(rest))->name, string)) return car(rest);
  const size_t slot = push(string);
  if (++symbol_count > VECTOR_AT(table)->length) {
    grow_table();
    place = hash % VECTOR_AT(roots[SYMBOLS])->length;
  }
  stack_put(slot, new_symbol(FALSE));
  push(VECTOR_AT(roots[SYMBOLS])->at[place]);
  push_pair();
  table = roots[SYMBOLS];
  set_element(table, place, stack[slot]);
  return car(pop());
}

value intern(const char *utf8, size_t bytes) {
  return intern_string(new_string_from(utf8, bytes));
}

value intern_text(const char *utf8) {
  return intern(utf8, strlen(utf8));
}

value new_alias(value base, bool of_global) {
  const size_t slot = push(base);
  push(SYMBOL_AT(base)->name);
  const value alias = new_symbol(stack[slot]);
  SYMBOL_AT(alias)->inlined = of_global ? ALIAS_OF_GLOBAL : 0;
  stack_cut(slot);
  return alias;
}

value new_twin(value symbol) {
  const size_t slot = push(symbol);
  push(SYMBOL_AT(symbol)->name);
  const value twin = new_symbol(FALSE);
  set_field(twin, 1, SYMBOL_AT(stack[slot])->global);
  SYMBOL_AT(twin)->inlined = SYMBOL_AT(stack[slot])->inlined;
  stack_cut(slot);
  return twin;
}

void symbols_open(void) {
  set_root(SYMBOLS, new_vector(VECTOR, 512, EMPTY));
  for (int name = 0; name < NAME_COUNT; name++)
    set_root(FIRST_SYMBOL + name, intern_text(spelled[name]));
  for (int name = 0; name < NAME_COUNT; name++)
    set_root(FIRST_SYMBOL + NAME_COUNT + name, new_alias(roots[FIRST_SYMBOL + name], true));
}
