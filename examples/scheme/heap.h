/* The heap: its types, its roots, and making and changing objects.
 *
 * Roots. A value in a variable of C is only bits, which the next collection makes stale. Roots are
 * the slots of two root ranges:
 *
 * - The stack holds what the machine works with: frames, arguments and intermediate values.
 *   Everything else that must outlive an allocation is pushed there too.
 * - `roots` are a few global variables.
 *
 * So the rule of this program: a call of a function marked MAY_COLLECT ends all values that
 * variables of C hold, except that the values which are passed to it stay alive during the call.
 *
 * Three tiers of the library are used:
 *
 * - Loads are plain loads from the heap (value.h).
 * - Pairs, flonums, cells and short arrays are made, and references stored, as compiled code does
 *   it, by the parts of gcroots_inline.h. If something is unusual, and in stress mode always, the
 *   functions gcroots_raw_... do it, which check everything.
 * - Everything else is made by gcroots_raw_... */
#ifndef SCHEME_HEAP_H
#define SCHEME_HEAP_H

#include "value.h"

#include <gcroots_inline.h>
#include <string.h>

#define MAY_COLLECT

struct heap_options {
  gcroots_collector_t collector;
  uint32_t stress;   /* collect at every n-th allocation, and check all that can be checked; or 0 */
  size_t heap_bytes; /* the limit, or 0 */
};

extern gcroots_store_t *store;
extern gcroots_type_t *types[KINDS];

void heap_open(const struct heap_options *options);
void heap_close(void);

/* Ends the program if a call failed that cannot fail unless this program is wrong. */
void must(gcroots_status_t status);

/* Raises the Scheme error for a failure of the library. Called if an allocation failed. */
_Noreturn void library_failed(gcroots_status_t status);

/* --- Roots -------------------------------------------------------------------------- */

enum root {
  SYMBOLS,          /* the table of symbols: a vector of lists */
  CONDITION_RAISED, /* on its way to a handler */
  HANDLERS,
  WINDERS,
  HALT_CLOSURE, /* its code ends the machine's loop */
  OUT_OF_MEMORY,
  RESERVE, /* memory that is given up for handlers of OUT_OF_MEMORY */
  OUTPUT,  /* the current output port, or FALSE for the standard output */
  NAMED_ROOTS,
  FIRST_SYMBOL = NAMED_ROOTS, /* then the symbols of enum name */
  ROOTS = NAMED_ROOTS + 160
};

extern value roots[ROOTS];
extern gcroots_root_range_t root_range;

static inline void set_root(int root, value v) {
  roots[root] = v;
  root_range.unchanged = 0;
}

/* The stack. Its memory moves when it grows, so slots are named by number across pushes. */
extern value *stack;
extern size_t stack_capacity;
extern gcroots_root_range_t stack_range;

/* Makes room for more slots, or raises a Scheme error if the stack is too deep. */
void stack_grow(size_t slots);

static inline size_t stack_height(void) {
  return stack_range.count;
}
static inline void stack_wrote(size_t slot) {
  if (stack_range.unchanged > slot) stack_range.unchanged = slot;
}
static inline void stack_reserve(size_t slots) {
  if (stack_range.count + slots > stack_capacity) stack_grow(slots);
}
static inline size_t push(value v) {
  const size_t slot = stack_range.count;
  stack_reserve(1);
  stack[slot] = v;
  stack_wrote(slot);
  stack_range.count++;
  return slot;
}
static inline value pop(void) {
  return stack[--stack_range.count];
}
static inline void stack_put(size_t slot, value v) {
  stack[slot] = v;
  stack_wrote(slot);
}
static inline void stack_cut(size_t height) {
  stack_range.count = height;
}

/* --- Making objects ------------------------------------------------------------------- */

/* How many allocations went the slow way: afterwards objects may have moved. */
extern uint64_t slow_allocations;

/* Struct by struct, by calls. */
value new_struct(enum kind kind, const gcroots_raw_val_t *fields, size_t count) MAY_COLLECT;
value new_struct_of_2(enum kind kind, value a, value b) MAY_COLLECT;
value new_struct_of_3(enum kind kind, value a, value b, value c) MAY_COLLECT;
value new_flonum_by_call(double number) MAY_COLLECT;
value new_integer(int64_t number) MAY_COLLECT;
value new_cell_by_call(value content) MAY_COLLECT;
value new_primitive(int32_t index) MAY_COLLECT;

/* An array of references whose elements are all `fill`, or unset. */
value new_vector(enum kind kind, uint32_t length, value fill) MAY_COLLECT;
/* An array of the topmost `length` slots of the stack, which stay there. */
value new_vector_of_stack(enum kind kind, uint32_t length) MAY_COLLECT;
/* The slots of the stack below `height`. */
value new_vector_of_slots(size_t height) MAY_COLLECT;
/* `length` characters, at first 0. */
value new_string(uint32_t length) MAY_COLLECT;
value new_string_from(const char *utf8, size_t bytes) MAY_COLLECT;
value new_string_of(const int32_t *characters, uint32_t length) MAY_COLLECT;
value new_bytes(uint32_t length, int fill) MAY_COLLECT;
value new_words(const int32_t *words, uint32_t length) MAY_COLLECT;

#ifdef GCROOTS_INLINE
extern bool by_calls; /* in stress mode, where calls check their arguments */

/* Memory for a struct of `bytes`, or NULL if a call must make it. */
static inline void *begin_object(enum kind kind, uint64_t bytes) {
  struct gcroots_inline_store *s = gcroots_inline_entered(store);
  if (s == NULL || by_calls) return NULL;
  return gcroots_inline_begin(s, gcroots_inline_type_of(types[kind]), GCROOTS_INLINE_STRUCT, bytes);
}
/* The elements of a new array, or NULL if a call must make it. */
static inline void *begin_array(enum kind kind, uint32_t length, uint64_t *bytes) {
  struct gcroots_inline_store *s = gcroots_inline_entered(store);
  if (s == NULL || by_calls) return NULL;
  return gcroots_inline_begin_array(s, gcroots_inline_type_of(types[kind]), length, bytes);
}
static inline value end_object(uint64_t bytes) {
  return gcroots_inline_end((struct gcroots_inline_store *)store, bytes);
}
/* Stores a reference, if the write barrier needs no call. */
static inline bool store_inline(value holder, uint64_t offset, value v) {
  const struct gcroots_inline_store *s = gcroots_inline_entered(store);
  return s != NULL && !by_calls &&
         gcroots_inline_store_reference(s, holder, 4 * (uint64_t)holder + offset, v);
}
#else
static inline void *begin_object(enum kind kind, uint64_t bytes) {
  (void)kind, (void)bytes;
  return NULL;
}
static inline void *begin_array(enum kind kind, uint32_t length, uint64_t *bytes) {
  (void)kind, (void)length, (void)bytes;
  return NULL;
}
static inline value end_object(uint64_t bytes) {
  (void)bytes;
  return UNSET;
}
static inline bool store_inline(value holder, uint64_t offset, value v) {
  (void)holder, (void)offset, (void)v;
  return false;
}
#endif

/* Returns UNSET if a call must make it. */
static inline value try_pair(value a, value b) {
  struct pair *made = (struct pair *)begin_object(PAIR, sizeof *made);
  if (made == NULL) return UNSET;
  made->car = a;
  made->cdr = b;
  return end_object(sizeof *made);
}
static inline value try_flonum(double number) {
  struct flonum *made = (struct flonum *)begin_object(FLONUM, sizeof *made);
  if (made == NULL) return UNSET;
  made->number = number;
  return end_object(sizeof *made);
}
/* An object's bytes are a multiple of 8: a cell has four unused ones, which are 0. */
static inline value try_cell(value content) {
  struct pair *made = (struct pair *)begin_object(CELL, sizeof *made);
  if (made == NULL) return UNSET;
  made->car = content;
  made->cdr = 0;
  return end_object(sizeof *made);
}

static inline value new_pair(value a, value b) MAY_COLLECT {
  const value made = try_pair(a, b);
  return made != UNSET ? made : new_struct_of_2(PAIR, a, b);
}
static inline value new_flonum(double number) MAY_COLLECT {
  const value made = try_flonum(number);
  return made != UNSET ? made : new_flonum_by_call(number);
}
static inline value new_cell(value content) MAY_COLLECT {
  const value made = try_cell(content);
  return made != UNSET ? made : new_cell_by_call(content);
}
static inline value new_fixnum_or_integer(int64_t number) MAY_COLLECT {
  return number >= FIXNUM_MIN && number <= FIXNUM_MAX ? fixnum((int32_t)number)
                                                      : new_integer(number);
}

/* Stores a reference in a struct, whose fields before it are references too. */
static inline void set_field(value object, uint32_t field, value v) {
  if (!store_inline(object, 8 + 4 * (uint64_t)field, v))
    must(gcroots_raw_struct_set_ref(store, object, field, v));
}
static inline void set_element(value array, uint32_t index, value v) {
  if (!store_inline(array, 16 + 4 * (uint64_t)index, v))
    must(gcroots_raw_array_set_ref(store, array, index, v));
}
static inline void set_car(value pair, value v) {
  set_field(pair, 0, v);
}
static inline void set_cdr(value pair, value v) {
  set_field(pair, 1, v);
}

/* Makes a pair of the two topmost slots in their place: the first part is below the second. */
static inline void push_pair(void) MAY_COLLECT {
  const value made = new_pair(stack[stack_range.count - 2], stack[stack_range.count - 1]);
  stack_range.count--;
  stack_put(stack_range.count - 1, made);
}

#endif
