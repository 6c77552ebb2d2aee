/* Structs, and casts. */
#include "operations.h"

void struct_new(uint64_t count) {
  const gcroots_type_t *const type = types[PAIR];
  gcroots_val_t fields[2];
  fields[0].kind = GCROOTS_STORAGE_I32;
  fields[0].of.i32 = 1;
  fields[1].kind = GCROOTS_STORAGE_REF;
  fields[1].of.ref = pair;
  IN_SCOPES(gcroots_ref_t ref; MUST(gcroots_struct_new(s, type, fields, 2, &ref)); KEEP(&ref))
}

void struct_new_default(uint64_t count) {
  const gcroots_type_t *const type = types[PAIR];
  IN_SCOPES(gcroots_ref_t ref; MUST(gcroots_struct_new_default(s, type, &ref)); KEEP(&ref))
}

void struct_get(uint64_t count) {
  gcroots_store_t *const s = store;
  const gcroots_ref_t ref = pair;
  int32_t value;
  while (count-- > 0) {
    MUST(gcroots_struct_get_i32(s, ref, 0, &value));
    KEEP(value);
  }
}

void struct_get_val(uint64_t count) {
  gcroots_store_t *const s = store;
  const gcroots_ref_t ref = pair;
  gcroots_val_t value;
  while (count-- > 0) {
    MUST(gcroots_struct_get(s, ref, 0, &value));
    KEEP(&value);
  }
}

void struct_set(uint64_t count) {
  gcroots_store_t *const s = store;
  const gcroots_ref_t ref = pair;
  while (count-- > 0) MUST(gcroots_struct_set_i32(s, ref, 0, 1));
}

void struct_get_ref(uint64_t count) {
  const gcroots_ref_t from = pair;
  IN_SCOPES(gcroots_ref_t ref; MUST(gcroots_struct_get_ref(s, from, 1, &ref)); KEEP(&ref))
}

void struct_get_ref_into(uint64_t count) {
  gcroots_store_t *const s = store;
  const gcroots_ref_t from = pair, to = local;
  while (count-- > 0) MUST(gcroots_struct_get_ref_into(s, from, 1, to));
}

void struct_set_ref(uint64_t count) {
  gcroots_store_t *const s = store;
  const gcroots_ref_t ref = pair;
  while (count-- > 0) MUST(gcroots_struct_set_ref(s, ref, 1, ref));
}

/* Tests against a supertype. */
void ref_test(uint64_t count) {
  gcroots_store_t *const s = store;
  const gcroots_ref_t ref = pair;
  const gcroots_ref_type_t to = {types[BASE], GCROOTS_HEAP_TYPE, 0};
  bool is;
  while (count-- > 0) {
    MUST(gcroots_ref_test(s, ref, to, &is));
    KEEP(is);
  }
}

void ref_cast(uint64_t count) {
  const gcroots_ref_type_t to = {types[BASE], GCROOTS_HEAP_TYPE, 0};
  const gcroots_ref_t from = pair;
  IN_SCOPES(gcroots_ref_t ref; MUST(gcroots_ref_cast(s, from, to, &ref)); KEEP(&ref))
}
