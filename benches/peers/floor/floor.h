/* The floor: the least work that can stand behind such an API. It has a stack of scoped roots,
 * a slab of manual roots with generations, and a semi-space collector of objects with a header
 * of 8 bytes and references of 4 bytes. It has no types, no threads and no error messages,
 * reads no field that it need not, and ends the process when memory is used up. It is a lower
 * bound to compare with, and no design. */
#ifndef FLOOR_H
#define FLOOR_H

#include <stddef.h>
#include <stdint.h>

/* A slot of a manual root. Its generation is odd while it is in use. */
struct slot {
  uint32_t reference_or_next, generation;
};

struct manual {
  uint32_t index, generation;
  uint64_t store;
};

struct finalizer {
  uint32_t object;
  void *data;
  void (*run)(void *data);
};

/* A scoped root: its place in the stack. */
typedef uint32_t *root_t;

struct floor_store {
  root_t top, limit, base;
  char *from, *to;
  uint32_t bump, end, capacity; /* offsets into `from`; 0 is the null reference */
  uint64_t id;
  struct slot *slots;
  uint32_t slot_count, first_free;
  struct finalizer *finalizers;
  uint32_t finalizer_count, finalizer_room;
};

/* The header of an object: its bytes, the references that it begins with, what it is, and
   whether it was moved. */
enum { IS_STRUCT = 1, IS_BYTES = 2, IS_EXTERN = 3 };
#define HEADER(bytes, references, kind) \
  ((uint64_t)(bytes) | (uint64_t)(references) << 32 | (uint64_t)(kind) << 56)
#define MOVED ((uint64_t)1 << 63)

void floor_empty(void);
struct floor_store *floor_store_new(void);
void floor_store_free(struct floor_store *store);
void floor_collect(struct floor_store *store, uint32_t needed);

root_t floor_scope_enter(struct floor_store *store);
void floor_scope_exit(struct floor_store *store, root_t mark);
/* Ends the scope and keeps one root. */
root_t floor_scope_escape(struct floor_store *store, root_t mark, root_t kept);

/* These return NULL, -1 or an invalid handle for a stale root or a wrong object. */
root_t floor_push(struct floor_store *store, root_t root);
root_t floor_push_manual(struct floor_store *store, struct manual manual);
struct manual floor_manual_new(struct floor_store *store, root_t root);
int floor_manual_free(struct floor_store *store, struct manual manual);

root_t floor_pair_new(struct floor_store *store, root_t left_or_null, root_t right_or_null);
root_t floor_field(struct floor_store *store, root_t object, uint32_t index);
int floor_set_field(struct floor_store *store, root_t object, uint32_t index, root_t value);
root_t floor_numbers_new(struct floor_store *store, int32_t first, int32_t second);
int floor_number(struct floor_store *store, root_t object, uint32_t index, int32_t *out);
int floor_set_number(struct floor_store *store, root_t object, uint32_t index, int32_t value);

root_t floor_bytes_new(struct floor_store *store, const void *bytes, uint32_t length);
int floor_bytes_read(struct floor_store *store, root_t array, uint32_t at, uint32_t length,
                     void *out);
int64_t floor_bytes_length(struct floor_store *store, root_t array);

root_t floor_extern_new(struct floor_store *store, void *data);
root_t floor_extern_new_finalized(struct floor_store *store, void *data, void (*run)(void *));
void *floor_extern_data(struct floor_store *store, root_t object);
void *floor_extern_data_manual(struct floor_store *store, struct manual manual);

#endif
