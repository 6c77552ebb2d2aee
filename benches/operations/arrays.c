/* Arrays. */
#include "operations.h"

void array_new_default_16(uint64_t count) {
  const gcroots_type_t *const type = types[BYTES];
  IN_SCOPES(gcroots_ref_t ref; MUST(gcroots_array_new_default(s, type, 16, &ref)); KEEP(&ref))
}

void array_new_bytes_16(uint64_t count) {
  const gcroots_type_t *const type = types[BYTES];
  const char contents[16] = "0123456789abcde";
  IN_SCOPES(gcroots_ref_t ref;
            MUST(gcroots_array_new_bytes(s, type, contents, sizeof contents, &ref)); KEEP(&ref))
}

void array_new_fixed_2(uint64_t count) {
  const gcroots_type_t *const type = types[PAIRS];
  gcroots_val_t elements[2];
  elements[0].kind = elements[1].kind = GCROOTS_STORAGE_REF;
  elements[0].of.ref = elements[1].of.ref = pair;
  IN_SCOPES(gcroots_ref_t ref; MUST(gcroots_array_new_fixed(s, type, elements, 2, &ref));
            KEEP(&ref))
}

void array_get(uint64_t count) {
  gcroots_store_t *const s = store;
  const gcroots_ref_t ref = numbers;
  int32_t value;
  while (count-- > 0) {
    MUST(gcroots_array_get_i32(s, ref, 5, &value));
    KEEP(value);
  }
}

void array_get_ref_into(uint64_t count) {
  gcroots_store_t *const s = store;
  const gcroots_ref_t from = pairs, to = local;
  while (count-- > 0) MUST(gcroots_array_get_ref_into(s, from, 5, to));
}

void array_set(uint64_t count) {
  gcroots_store_t *const s = store;
  const gcroots_ref_t ref = numbers;
  while (count-- > 0) MUST(gcroots_array_set_i32(s, ref, 5, 1));
}

void array_len(uint64_t count) {
  gcroots_store_t *const s = store;
  const gcroots_ref_t ref = bytes;
  size_t length;
  while (count-- > 0) {
    MUST(gcroots_array_len(s, ref, &length));
    KEEP(length);
  }
}

static void array_read(uint64_t count, size_t length) {
  gcroots_store_t *const s = store;
  const gcroots_ref_t ref = bytes;
  char read[BYTES_LENGTH];
  while (count-- > 0) {
    MUST(gcroots_array_read(s, ref, 0, read, length));
    KEEP(read);
  }
}

void array_read_16(uint64_t count) {
  array_read(count, 16);
}

void array_read_4096(uint64_t count) {
  array_read(count, BYTES_LENGTH);
}
