/* Opens the store, declares the kinds of objects, and makes objects by calls. */
#include "heap.h"

#include "errors.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

gcroots_store_t *store;
gcroots_type_t *types[KINDS];
char *heap_base;
uint32_t type_index[KINDS];
uint64_t slow_allocations;
#ifdef GCROOTS_INLINE
bool by_calls;
#endif

value roots[ROOTS];
gcroots_root_range_t root_range = {roots, ROOTS, 0};
value *stack;
size_t stack_capacity;
gcroots_root_range_t stack_range;

/* The deepest stack, in slots. The last slots are for the handlers of the error. */
enum { STACK_LIMIT = 1 << 24, STACK_RESERVE = 1 << 16 };

void must(gcroots_status_t status) {
  if (status == GCROOTS_OK) return;
  fprintf(stderr, "scheme: %s\n", gcroots_last_error());
  exit(70);
}

/* --- Types ---------------------------------------------------------------------------- */

/* The fields of each struct: r is a reference, i an i32, l an i64 and d an f64. */
static const char *const struct_fields[STRING] = {
    [PAIR] = "rr",        [FLONUM] = "d",      [INTEGER] = "l",       [SYMBOL] = "rrrrii",
    [PRIMITIVE] = "i",    [CODE] = "rrrii",    [CELL] = "r",          [TABLE] = "rii",
    [RECORD_TYPE] = "rr", [CONDITION] = "rrr", [CONTINUATION] = "rr", [ESCAPE] = "rr",
    [PORT] = "rri",       [MACRO] = "rrrr",
};

/* The elements of each array: also b, an i8. */
static const char array_elements[KINDS] = {
    [STRING] = 'i',  [BYTES] = 'b',  [WORDS] = 'i',  [VECTOR] = 'r',
    [CLOSURE] = 'r', [RECORD] = 'r', [VALUES] = 'r',
};

static gcroots_field_type_t field_of(char letter) {
  gcroots_field_type_t field = {0};
  field.is_mutable = 1;
  switch (letter) {
    case 'b': field.storage = GCROOTS_STORAGE_I8; break;
    case 'i': field.storage = GCROOTS_STORAGE_I32; break;
    case 'l': field.storage = GCROOTS_STORAGE_I64; break;
    case 'd': field.storage = GCROOTS_STORAGE_F64; break;
    default:
      field.storage = GCROOTS_STORAGE_REF;
      field.heap = GCROOTS_HEAP_ANY;
      field.is_nullable = 1;
  }
  return field;
}

/* Ends the program if a field is not where the structures of value.h have it. */
static void check_layout(enum kind kind) {
  gcroots_layout_t layout;
  uint32_t offset = 8;
  must(gcroots_type_layout(types[kind], &layout));
  if (kind >= STRING) {
    if (layout.bytes == 16) return;
  } else {
    size_t i = 0;
    for (; i < layout.offset_count && layout.offsets[i] == offset; i++)
      offset += strchr("ld", struct_fields[kind][i]) == NULL ? 4 : 8;
    if (i == layout.offset_count) return;
  }
  fprintf(stderr, "scheme: the library has another layout of objects\n");
  exit(70);
}

static void declare_types(gcroots_engine_t *engine) {
  gcroots_rec_group_t *group = gcroots_rec_group_new();
  const gcroots_rec_group_t *groups[1];
  uint32_t position;
  if (group == NULL) exit(70);
  for (int kind = 0; kind < KINDS; kind++) {
    gcroots_field_type_t fields[8];
    if (kind < STRING) {
      const size_t count = strlen(struct_fields[kind]);
      for (size_t i = 0; i < count; i++) fields[i] = field_of(struct_fields[kind][i]);
      must(gcroots_rec_group_add_struct(group, NULL, fields, count, &position));
    } else {
      fields[0] = field_of(array_elements[kind]);
      must(gcroots_rec_group_add_array(group, NULL, fields, &position));
    }
  }
  groups[0] = group;
  must(gcroots_rec_group_register(engine, groups, 1, types, KINDS));
  gcroots_rec_group_free(group);
  for (int kind = 0; kind < KINDS; kind++) {
    must(gcroots_type_index(types[kind], &type_index[kind]));
    check_layout((enum kind)kind);
  }
}

/* --- The store ------------------------------------------------------------------------ */

static gcroots_engine_t *new_engine(const struct heap_options *options) {
  gcroots_config_t *config = gcroots_config_new();
  gcroots_engine_t *engine;
  const bool moves =
      options->collector != GCROOTS_COLLECTOR_NULL && options->collector != GCROOTS_COLLECTOR_DRC;
  if (config == NULL) exit(70);
  must(gcroots_config_set_collector(config, options->collector));
  if (options->heap_bytes != 0) must(gcroots_config_set_heap_limit(config, options->heap_bytes));
  if (options->stress != 0) {
    must(gcroots_config_set_stress(config, options->stress));
    must(gcroots_config_set_exact_slots(config, true));
    must(gcroots_config_set_poison(config, true));
    must(gcroots_config_set_move_always(config, moves));
  }
  must(gcroots_engine_new(config, &engine));
  gcroots_config_free(config);
  return engine;
}

void heap_open(const struct heap_options *options) {
  gcroots_engine_t *engine = new_engine(options);
  gcroots_root_source_t source;
  void *base;
  must(gcroots_store_new(engine, &store));
  declare_types(engine);
  gcroots_engine_free(engine);
  must(gcroots_heap_base(store, &base));
  heap_base = base;
#ifdef GCROOTS_INLINE
  by_calls = options->stress != 0;
#endif
  stack_capacity = 1024;
  stack = malloc(stack_capacity * sizeof *stack);
  if (stack == NULL) exit(70);
  stack_range.slots = stack;
  must(gcroots_root_range_add(store, &stack_range, NULL, &source));
  must(gcroots_root_range_add(store, &root_range, NULL, &source));
}

void heap_close(void) {
  must(gcroots_store_free(store));
  for (int kind = 0; kind < KINDS; kind++) gcroots_type_free(types[kind]);
  free(stack);
}

void stack_grow(size_t slots) {
  static bool is_too_deep;
  const size_t needed = stack_range.count + slots;
  size_t capacity = stack_capacity;
  value *grown;
  if (needed < STACK_LIMIT / 2) is_too_deep = false;
  while (needed > capacity) capacity *= 2;
  if (capacity > STACK_LIMIT) {
    capacity = STACK_LIMIT + STACK_RESERVE;
    if (needed > capacity) library_failed(GCROOTS_ERROR_OUT_OF_MEMORY);
  }
  grown = realloc(stack, capacity * sizeof *stack);
  if (grown == NULL) library_failed(GCROOTS_ERROR_OUT_OF_MEMORY);
  stack = grown;
  stack_capacity = capacity;
  stack_range.slots = stack;
  if (capacity > STACK_LIMIT && !is_too_deep) {
    is_too_deep = true;
    fail("the stack is too deep", UNSET);
  }
}

/* --- Objects -------------------------------------------------------------------------- */

/* Returns what a call made, or raises the error for its failure. */
static value made_by_call(gcroots_status_t status, value made) {
  slow_allocations++;
  if (status != GCROOTS_OK) library_failed(status);
  return made;
}

value new_struct(enum kind kind, const gcroots_raw_val_t *fields, size_t count) {
  value made = UNSET;
  const gcroots_status_t status = gcroots_raw_struct_new(store, types[kind], fields, count, &made);
  return made_by_call(status, made);
}

value new_struct_of_2(enum kind kind, value a, value b) {
  const gcroots_raw_val_t fields[2] = {{.ref = a}, {.ref = b}};
  return new_struct(kind, fields, 2);
}

value new_struct_of_3(enum kind kind, value a, value b, value c) {
  const gcroots_raw_val_t fields[3] = {{.ref = a}, {.ref = b}, {.ref = c}};
  return new_struct(kind, fields, 3);
}

value new_flonum_by_call(double number) {
  const gcroots_raw_val_t field = {.f64 = number};
  return new_struct(FLONUM, &field, 1);
}

value new_integer(int64_t number) {
  const gcroots_raw_val_t field = {.i64 = number};
  return new_struct(INTEGER, &field, 1);
}

value new_cell_by_call(value content) {
  const gcroots_raw_val_t field = {.ref = content};
  return new_struct(CELL, &field, 1);
}

value new_primitive(int32_t index) {
  const gcroots_raw_val_t field = {.i32 = index};
  return new_struct(PRIMITIVE, &field, 1);
}

static value new_array(enum kind kind, uint32_t length, const gcroots_raw_val_t *fill_or_null) {
  value made = UNSET;
  const gcroots_status_t status =
      gcroots_raw_array_new(store, types[kind], fill_or_null, length, &made);
  return made_by_call(status, made);
}

value new_vector(enum kind kind, uint32_t length, value fill) {
  const gcroots_raw_val_t element = {.ref = fill};
  return new_array(kind, length, fill == UNSET ? NULL : &element);
}

/* An array of slots of the stack from one on. */
static value new_vector_from(enum kind kind, size_t first, uint32_t length) {
  uint64_t bytes;
  void *elements = begin_array(kind, length, &bytes);
  if (elements != NULL) {
    for (uint32_t i = 0; i < length; i++) ((value *)elements)[i] = stack[first + i];
    return end_object(bytes);
  }
  /* The call makes an array of nulls: the slots are 4 bytes each, and a gcroots_raw_val_t has 16.
   */
  const value made = new_vector(kind, length, UNSET);
  for (uint32_t i = 0; i < length; i++) set_element(made, i, stack[first + i]);
  return made;
}

value new_vector_of_stack(enum kind kind, uint32_t length) {
  return new_vector_from(kind, stack_range.count - length, length);
}

value new_vector_of_slots(size_t height) {
  return new_vector_from(VECTOR, 0, (uint32_t)height);
}

static value new_array_from(enum kind kind, const void *elements, uint32_t length) {
  value made = UNSET;
  const gcroots_status_t status =
      gcroots_raw_array_new_bytes(store, types[kind], elements, length, &made);
  return made_by_call(status, made);
}

value new_string(uint32_t length) {
  return new_array(STRING, length, NULL);
}

value new_string_of(const int32_t *characters, uint32_t length) {
  return new_array_from(STRING, characters, length);
}

value new_words(const int32_t *words, uint32_t length) {
  return new_array_from(WORDS, words, length);
}

value new_bytes(uint32_t length, int fill) {
  const gcroots_raw_val_t element = {.i32 = fill};
  return new_array(BYTES, length, &element);
}
