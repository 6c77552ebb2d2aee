/* Bytes of the heap that an object of each kind takes. */
#include "fixture.h"

static uint64_t live_bytes(void) {
  gcroots_stats_t stats;
  MUST(gcroots_store_stats(store, &stats));
  return stats.live_bytes;
}

/* Prints how many bytes of the heap the call takes. */
#define SHOW(what, call)                                                        \
  do {                                                                          \
    uint64_t before = live_bytes();                                             \
    MUST(call);                                                                 \
    printf("%-36s %3llu\n", what, (unsigned long long)(live_bytes() - before)); \
  } while (0)

enum { EMPTY, NUMBER, PAIR, REFERENCES, BYTES, LONGS, NO_VALUES, TYPES };

static void register_types(gcroots_type_t *types[TYPES]) {
  const gcroots_field_type_t number = {GCROOTS_STORAGE_I32, 0, 0, 1, 0, NULL};
  const gcroots_field_type_t byte = {GCROOTS_STORAGE_I8, 0, 0, 1, 0, NULL};
  const gcroots_field_type_t wide = {GCROOTS_STORAGE_I64, 0, 0, 1, 0, NULL};
  const gcroots_field_type_t pair[2] = {{GCROOTS_STORAGE_REF, GCROOTS_HEAP_ANY, 0, 1, 1, NULL},
                                        {GCROOTS_STORAGE_REF, GCROOTS_HEAP_ANY, 0, 1, 1, NULL}};
  gcroots_rec_group_t *group = gcroots_rec_group_new();
  uint32_t position;
  MUST(gcroots_rec_group_add_struct(group, NULL, NULL, 0, &position));
  MUST(gcroots_rec_group_add_struct(group, NULL, &number, 1, &position));
  MUST(gcroots_rec_group_add_struct(group, NULL, pair, 2, &position));
  MUST(gcroots_rec_group_add_array(group, NULL, &pair[0], &position));
  MUST(gcroots_rec_group_add_array(group, NULL, &byte, &position));
  MUST(gcroots_rec_group_add_array(group, NULL, &wide, &position));
  MUST(gcroots_rec_group_add_func(group, NULL, NULL, 0, NULL, 0, &position));
  register_group(group, types, TYPES);
}

int main(void) {
  gcroots_type_t *types[TYPES];
  gcroots_tag_t tag;
  gcroots_ref_t ref;
  make_engine(NULL);
  make_store();
  register_types(types);
  MUST(gcroots_tag_new(store, types[NO_VALUES], &tag));
  SHOW("externref", gcroots_externref_new(store, NULL, NULL, &ref));
  SHOW("i31", gcroots_i31_new(store, 1, &ref));
  SHOW("struct without fields", gcroots_struct_new_default(store, types[EMPTY], &ref));
  SHOW("struct of an i32", gcroots_struct_new_default(store, types[NUMBER], &ref));
  SHOW("struct of two references", gcroots_struct_new_default(store, types[PAIR], &ref));
  SHOW("array of no references", gcroots_array_new_default(store, types[REFERENCES], 0, &ref));
  SHOW("array of 10 references", gcroots_array_new_default(store, types[REFERENCES], 10, &ref));
  SHOW("array of 10 bytes", gcroots_array_new_default(store, types[BYTES], 10, &ref));
  SHOW("array of 10 64-bit numbers", gcroots_array_new_default(store, types[LONGS], 10, &ref));
  SHOW("exception without values", gcroots_exn_new(store, tag, NULL, 0, &ref));
  free_types(types, TYPES);
  free_store_and_engine();
  return 0;
}
