/* Structs by raw references. A call may move what the bits lead to, so they are loaded from
   their slot each time. */
#include "operations.h"

void raw_struct_new_2(uint64_t count) {
  gcroots_store_t *const s = store;
  const gcroots_type_t *const type = types[REFERENCES];
  gcroots_raw_val_t fields[2];
  uint32_t made;
  while (count-- > 0) {
    fields[0].ref = fields[1].ref = raw_references;
    MUST(gcroots_raw_struct_new(s, type, fields, 2, &made));
    KEEP(made);
  }
}

void raw_struct_get_ref(uint64_t count) {
  gcroots_store_t *const s = store;
  uint32_t found;
  while (count-- > 0) {
    MUST(gcroots_raw_struct_get_ref(s, raw_references, 1, &found));
    KEEP(found);
  }
}

void raw_struct_set_ref(uint64_t count) {
  gcroots_store_t *const s = store;
  while (count-- > 0) MUST(gcroots_raw_struct_set_ref(s, raw_references, 1, raw_references));
}
