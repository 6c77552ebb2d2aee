/* Objects by raw references. The objects lie still: nothing here collects. */
#include "functions.h"

static uint32_t bits_of(gcroots_ref_t ref) {
  uint32_t raw;
  MUST(gcroots_ref_to_raw(store, ref, &raw));
  return raw;
}

static gcroots_raw_val_t raw_ref(uint32_t bits) {
  gcroots_raw_val_t value;
  memset(&value, 0, sizeof value);
  value.ref = bits;
  return value;
}

static void cast(uint64_t count) {
  const uint32_t of = bits_of(object.pair);
  REPEAT(bool is; MUST(gcroots_raw_cast(store, of, type.upper, &is)); KEEP(is))
}

static void struct_new(uint64_t count) {
  const gcroots_raw_val_t fields[2] = {raw_ref(1), raw_ref(bits_of(object.pair))};
  REPEAT(uint32_t raw; MUST(gcroots_raw_struct_new(store, type.pair, fields, 2, &raw)))
}

static void struct_new_default(uint64_t count) {
  REPEAT(uint32_t raw; MUST(gcroots_raw_struct_new_default(store, type.pair, &raw)))
}

static void field(uint64_t count) {
  const uint32_t of = bits_of(object.pair);
  REPEAT(gcroots_raw_val_t val; MUST(gcroots_raw_struct_get(store, of, 1, &val));
         MUST(gcroots_raw_struct_set(store, of, 1, &val)))
}

static void field_ref(uint64_t count) {
  const uint32_t of = bits_of(object.pair);
  REPEAT(uint32_t raw; MUST(gcroots_raw_struct_get_ref(store, of, 1, &raw));
         MUST(gcroots_raw_struct_set_ref(store, of, 1, raw)))
}

static void array_new(uint64_t count) {
  const gcroots_raw_val_t value = raw_ref(bits_of(object.pair));
  const gcroots_type_t *const of = type.array[GCROOTS_STORAGE_REF];
  REPEAT(uint32_t raw; MUST(gcroots_raw_array_new(store, of, &value, range, &raw)))
}

static void array_new_fixed(uint64_t count) {
  const gcroots_type_t *const of = type.array[GCROOTS_STORAGE_REF];
  gcroots_raw_val_t values[LONGEST];
  for (uint32_t i = 0; i < range; i++) values[i] = raw_ref(bits_of(object.pair));
  REPEAT(uint32_t raw; MUST(gcroots_raw_array_new_fixed(store, of, values, range, &raw)))
}

static void array_new_bytes(uint64_t count) {
  const gcroots_type_t *const of = type.array[GCROOTS_STORAGE_I8];
  static const char bytes[LONGEST];
  REPEAT(uint32_t raw; MUST(gcroots_raw_array_new_bytes(store, of, bytes, range, &raw)))
}

static void element(uint64_t count) {
  const uint32_t of = bits_of(object.array[GCROOTS_STORAGE_I64]);
  REPEAT(gcroots_raw_val_t val; MUST(gcroots_raw_array_get(store, of, 3, &val));
         MUST(gcroots_raw_array_set(store, of, 3, &val)))
}

static void element_ref(uint64_t count) {
  const uint32_t of = bits_of(object.array[GCROOTS_STORAGE_REF]);
  REPEAT(uint32_t raw; MUST(gcroots_raw_array_get_ref(store, of, 3, &raw));
         MUST(gcroots_raw_array_set_ref(store, of, 3, raw)))
}

static void length(uint64_t count) {
  const uint32_t of = bits_of(object.array[GCROOTS_STORAGE_REF]);
  REPEAT(uint32_t found; MUST(gcroots_raw_array_len(store, of, &found)); KEEP(found))
}

static void fill_copy(uint64_t count) {
  const uint32_t of = bits_of(object.array[GCROOTS_STORAGE_REF]);
  const gcroots_raw_val_t value = raw_ref(bits_of(object.pair));
  REPEAT(MUST(gcroots_raw_array_fill(store, of, 0, &value, range));
         MUST(gcroots_raw_array_copy(store, of, range, of, 0, range)))
}

static void externref(uint64_t count) {
  REPEAT(uint32_t raw; void *data; MUST(gcroots_raw_externref_new(store, &store, NULL, &raw));
         MUST(gcroots_raw_externref_data(store, raw, &data)); KEEP(data))
}

static void exception(uint64_t count) {
  const gcroots_raw_val_t one = raw_ref(bits_of(object.pair));
  const gcroots_raw_val_t fields[2] = {one, one};
  REPEAT(uint32_t raw; gcroots_tag_t tag; gcroots_raw_val_t val;
         MUST(gcroots_raw_exn_new(store, object.tag, fields, 2, &raw));
         MUST(gcroots_raw_exn_tag(store, raw, &tag));
         MUST(gcroots_raw_exn_field(store, raw, 1, &val)); MUST(gcroots_raw_throw(store, raw));
         MUST(gcroots_raw_take_exception(store, &raw)))
}

static void call(uint64_t count) {
  const uint32_t func = bits_of(object.func);
  const gcroots_raw_val_t one = raw_ref(bits_of(object.pair));
  const gcroots_raw_val_t args[2] = {one, one};
  REPEAT(gcroots_raw_val_t result; MUST(gcroots_raw_func_call(store, func, args, 2, &result, 1));
         KEEP(&result))
}

const struct row raw_objects[] = {
    ROW(gcroots_raw_cast, 1, cast),
    ROW(gcroots_raw_struct_new, 2, struct_new),
    ROW(gcroots_raw_struct_new_default, 1, struct_new_default),
    ROW(gcroots_raw_struct_get, 2, field),
    ROW(gcroots_raw_struct_set, 2, field),
    ROW(gcroots_raw_struct_get_ref, 2, field_ref),
    ROW(gcroots_raw_struct_set_ref, 2, field_ref),
    BULK(gcroots_raw_array_new, 2, "each element", array_new),
    BULK(gcroots_raw_array_new_fixed, 3, "each element", array_new_fixed),
    BULK(gcroots_raw_array_new_bytes, 1, "each element", array_new_bytes),
    ROW(gcroots_raw_array_get, 1, element),
    ROW(gcroots_raw_array_set, 1, element),
    ROW(gcroots_raw_array_get_ref, 2, element_ref),
    ROW(gcroots_raw_array_set_ref, 2, element_ref),
    ROW(gcroots_raw_array_len, 1, length),
    BULK(gcroots_raw_array_fill, 2, "each element", fill_copy),
    BULK(gcroots_raw_array_copy, 2, "each element", fill_copy),
    ROW(gcroots_raw_externref_new, 1, externref),
    ROW(gcroots_raw_externref_data, 1, externref),
    ROW(gcroots_raw_exn_new, 3, exception),
    ROW(gcroots_raw_exn_tag, 1, exception),
    ROW(gcroots_raw_exn_field, 2, exception),
    ROW(gcroots_raw_throw, 1, exception),
    ROW(gcroots_raw_take_exception, 1, exception),
    ROW(gcroots_raw_func_call, 4, call),
    END};
