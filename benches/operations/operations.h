/* The operations of embedders that are measured, one function each. The functions call the
 * shared object, and keep the store and handles in locals, as callers do. */
#ifndef OPERATIONS_H
#define OPERATIONS_H

#include "../measure.h"
#include "../must.h"

/* Calls X(name) for each operation. manual_churn is last, because the roots that it leaves
   make every later collection longer. */
#define OPERATIONS(X)        \
  X(call_empty)              \
  X(scope_enter_exit)        \
  X(scope_1_local)           \
  X(scope_10_locals)         \
  X(scope_escape)            \
  X(root_push)               \
  X(local_new)               \
  X(local_is_null)           \
  X(read_scoped)             \
  X(read_manual)             \
  X(manual_root_unroot)      \
  X(manual_batch_1000)       \
  X(weak_new_free)           \
  X(ref_from_raw)            \
  X(externref_new)           \
  X(externref_new_finalized) \
  X(externref_in_scope)      \
  X(scope_10_externrefs)     \
  X(store_new_free)          \
  X(store_new_object_free)   \
  X(struct_new)              \
  X(struct_new_default)      \
  X(struct_get)              \
  X(struct_get_val)          \
  X(struct_set)              \
  X(struct_get_ref)          \
  X(struct_get_ref_into)     \
  X(struct_set_ref)          \
  X(raw_struct_new_2)        \
  X(raw_struct_get_ref)      \
  X(raw_struct_set_ref)      \
  X(array_new_default_16)    \
  X(array_new_bytes_16)      \
  X(array_new_fixed_2)       \
  X(array_get)               \
  X(array_get_ref_into)      \
  X(array_set)               \
  X(array_len)               \
  X(array_read_16)           \
  X(array_read_4096)         \
  X(ref_test)                \
  X(ref_cast)                \
  X(table_get)               \
  X(table_get_ref_into)      \
  X(table_set)               \
  X(global_get)              \
  X(global_get_ref_into)     \
  X(global_set)              \
  X(func_call)               \
  X(manual_churn)

#define DECLARE(name) void name(uint64_t count);
OPERATIONS(DECLARE)
#undef DECLARE

extern gcroots_engine_t *engine;
extern gcroots_store_t *store;

/* The types: a struct of a number and a reference, its supertype, an array of numbers, an
   array of references, an array of bytes, a function from two references to one, and a struct
   of two references. */
enum { BASE, PAIR, NUMBERS, PAIRS, BYTES, FIRST, REFERENCES, TYPES };
extern gcroots_type_t *types[TYPES];

/* An externref, and a manual root of it. */
extern gcroots_ref_t object;
extern gcroots_manually_rooted_t manual;

/* One object of each type. The pair and the array of references refer to the pair. `local` is
   a local that refers to the pair. */
extern gcroots_ref_t pair, numbers, pairs, bytes, first, local;
enum { BYTES_LENGTH = 4096 };

/* The bits of the struct of two references, in a root range. */
extern uint32_t raw_references;

/* A table of 10 references to the pair, and a global that refers to it. */
extern gcroots_table_t table;
extern gcroots_global_t global;

/* The function's callback. */
gcroots_status_t answer_first(void *env, gcroots_store_t *s, const gcroots_val_t *args,
                              size_t nargs, gcroots_val_t *results, size_t nresults);

/* Runs BODY `count` times, 256 times in each scope. */
#define IN_SCOPES(BODY)                         \
  gcroots_store_t *const s = store;             \
  while (count > 0) {                           \
    uint64_t batch = count < 256 ? count : 256; \
    gcroots_scope_t scope;                      \
    count -= batch;                             \
    MUST(gcroots_scope_enter(s, &scope));       \
    while (batch-- > 0) {                       \
      BODY;                                     \
    }                                           \
    MUST(gcroots_scope_exit(s, scope));         \
  }

#endif
