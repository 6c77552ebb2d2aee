/* Every exported function on its common path, once. Each file has the rows of some nouns. A row
 * names a function, how many handles it takes and gives, and a body that calls it `count` times.
 * The body may call other functions too: only the function of the row is counted.
 *
 * A common path succeeds, makes or reads something small, and causes no collection. */
#ifndef FUNCTIONS_H
#define FUNCTIONS_H

#include "../measure.h"
#include "../must.h"

struct row {
  const char *function;
  unsigned handles;       /* taken and given, those in values too */
  const char *grows_with; /* for a bulk operation, whose work grows with an argument or the heap */
  void (*body)(uint64_t count);
};

#define ROW(function, handles, body) \
  { #function, handles, NULL, body }
#define BULK(function, handles, grows_with, body) \
  { #function, handles, grows_with, body }
#define END \
  { NULL, 0, NULL, NULL }

/* The rows of the files. Each table ends with END. */
extern const struct row errors[], configs[], engines[], stores[], references[], scopes[],
    manual_roots[], weak_handles[], pins[], externrefs[], types[], groups[], structs[], arrays[],
    casts[], exceptions[], functions[], tables[], globals[], raw_references[], raw_objects[],
    root_sources[];

/* What the bodies use. Each row has its own. The objects are referred to by roots of the outermost
   scope. */
enum { STORAGES = GCROOTS_STORAGE_REF + 1, LONGEST = 48 };

/* The length of ranges. Bulk operations that grow with "each element" are called for ranges of this
   length. Arrays and tables have room for two of them. */
extern uint32_t range;

/* Whether objects can be pinned. */
extern bool has_pins;

extern gcroots_engine_t *engine;
extern gcroots_store_t *store;
/* `all` has a field of each storage type, in their order. `upper` is above `pair`, which has a
   number and a reference. `func` takes two references and returns one, `tag` takes the same.
   `array[s]` is of elements of storage type s. */
extern struct types { gcroots_type_t *all, *upper, *pair, *func, *tag, *array[STORAGES]; } type;
extern struct objects {
  gcroots_ref_t all, pair, host, i31, func, exn, local, converted, array[STORAGES];
  gcroots_manually_rooted_t manual;
  gcroots_weak_t weak;
  gcroots_weakmap_t map; /* has the entry pair, host */
  gcroots_table_t table; /* of 2 * LONGEST references */
  gcroots_global_t global;
  gcroots_tag_t tag;
} object;

gcroots_status_t answer_first(void *env, gcroots_store_t *of, const gcroots_val_t *args,
                              size_t nargs, gcroots_val_t *results, size_t nresults);
void ignore(void *data);
gcroots_field_type_t field_of(gcroots_storage_t storage);
gcroots_val_t val_of_ref(gcroots_ref_t ref);
gcroots_val_t val_of_number(int32_t number);
extern const gcroots_ref_type_t any_ref;

/* Runs the statements `count` times. */
#define REPEAT(...)     \
  while (count-- > 0) { \
    __VA_ARGS__;        \
  }

/* Runs the statements `count` times, 64 times in each scope. */
#define IN_SCOPES(...)                        \
  while (count > 0) {                         \
    uint64_t batch = count < 64 ? count : 64; \
    gcroots_scope_t outer;                    \
    count -= batch;                           \
    MUST(gcroots_scope_enter(store, &outer)); \
    while (batch-- > 0) {                     \
      __VA_ARGS__;                            \
    }                                         \
    MUST(gcroots_scope_exit(store, outer));   \
  }

#endif
