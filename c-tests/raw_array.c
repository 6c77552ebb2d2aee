/* Arrays by raw references: making, reading, setting, filling and copying them. */
#include "raw_objects.h"

static uint32_t raw_filled(const gcroots_type_t *type, gcroots_raw_val_t value, uint32_t length) {
  uint32_t out;
  OK(gcroots_raw_array_new(store, type, &value, length, &out));
  return out;
}

static uint32_t raw_zeros(const gcroots_type_t *type, uint32_t length) {
  uint32_t out;
  OK(gcroots_raw_array_new(store, type, NULL, length, &out));
  return out;
}

static uint32_t raw_fixed(const gcroots_type_t *type, const gcroots_raw_val_t *elements,
                          uint32_t length) {
  uint32_t out;
  OK(gcroots_raw_array_new_fixed(store, type, elements, length, &out));
  return out;
}

/* --- Making ------------------------------------------------------------------ */

CASE(an_array_has_the_value_it_is_filled_with) {
  EACH_STORAGE(storage) {
    gcroots_type_t *type = array_of(storage);
    for (uint32_t length = 0; length < 70; length += 1 + length / 3) {
      gcroots_raw_val_t value = raw_val(val_made_of(storage, length));
      uint32_t filled = raw_filled(type, value, length), zeros;
      CHECK(raw_length(filled) == length);
      for (uint32_t i = 0; i < length; i++) CHECK(same_raw(raw_element(filled, i), value));
      zeros = raw_zeros(type, length);
      CHECK(raw_length(zeros) == length);
      for (uint32_t i = 0; i < length; i++) CHECK(same_raw(raw_element(zeros, i), raw_ref(0)));
    }
    gcroots_type_free(type);
  }
}

CASE(an_array_has_the_elements_it_was_made_of) {
  enum { LENGTH = 40 };
  EACH_STORAGE(storage) {
    gcroots_type_t *type = array_of(storage);
    gcroots_raw_val_t values[LENGTH];
    for (uint32_t i = 0; i < LENGTH; i++) values[i] = raw_val(val_made_of(storage, i));
    for (uint32_t length = 0; length < LENGTH; length += 1 + length / 4) {
      uint32_t raw = raw_fixed(type, values, length);
      CHECK(raw_length(raw) == length);
      for (uint32_t i = 0; i < length; i++) CHECK(same_raw(raw_element(raw, i), values[i]));
    }
    CHECK(raw_length(raw_fixed(type, NULL, 0)) == 0);
    gcroots_type_free(type);
  }
}

CASE(an_array_has_the_bytes_it_was_made_of) {
  static unsigned char bytes[16 * 300], back[16 * 300];
  for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (unsigned char)(i * 7 + 1);
  EACH_STORAGE(storage) {
    gcroots_type_t *type = array_of(storage);
    if (storage != GCROOTS_STORAGE_REF) {
      for (uint32_t length = 0; length <= 300; length += 1 + length / 2) {
        gcroots_scope_t scope = enter();
        uint32_t raw;
        OK(gcroots_raw_array_new_bytes(store, type, length == 0 ? NULL : bytes, length, &raw));
        CHECK(raw_length(raw) == length);
        OK(gcroots_array_read(store, from_raw(raw), 0, back, length));
        CHECK(memcmp(bytes, back, length * element_bytes[storage]) == 0);
        OK(gcroots_scope_exit(store, scope));
      }
    }
    gcroots_type_free(type);
  }
}

CASE(references_among_the_elements_stay_alive) {
  enum { LENGTH = 100 };
  int finalized = 0;
  gcroots_type_t *type = array_of(GCROOTS_STORAGE_REF);
  gcroots_raw_val_t values[LENGTH];
  use_slots(LENGTH + 2);
  for (uint32_t i = 0; i < LENGTH; i++) set_raw_slot(i, raw_externref(&finalized, count_call));
  for (uint32_t i = 0; i < LENGTH; i++) values[i] = raw_ref(raw_slots[i]);
  set_raw_slot(LENGTH, raw_fixed(type, values, LENGTH));
  for (uint32_t i = 0; i < LENGTH; i++)
    CHECK(raw_element_ref(raw_slots[LENGTH], i) == raw_slots[i]);
  set_raw_slot(LENGTH + 1, raw_filled(type, raw_ref(raw_slots[0]), LENGTH));
  for (uint32_t i = 0; i < LENGTH; i++)
    CHECK(raw_element_ref(raw_slots[LENGTH + 1], i) == raw_slots[0]);
  for (uint32_t i = 0; i < LENGTH; i++) set_raw_slot(i, 0);
  OK(gcroots_store_gc(store));
  CHECK(finalized == 0);
  set_raw_slot(LENGTH, 0);
  OK(gcroots_store_gc(store));
  CHECK(finalized == dead(LENGTH - 1));
  CHECK(stats_of(store).scoped_roots == 0);
  free_store();
  gcroots_type_free(type);
}

/* --- Setting ----------------------------------------------------------------- */

CASE(an_element_has_the_value_it_was_set_to) {
  gcroots_raw_val_t value;
  use_slots(2);
  set_raw_slot(1, raw_externref(&value, NULL));
  EACH_STORAGE(storage) {
    gcroots_type_t *type = array_of(storage);
    set_raw_slot(0, raw_zeros(type, 9));
    for (uint32_t i = 0; i < 9; i += 2) {
      value = raw_val(val_made_of(storage, i));
      if (storage == GCROOTS_STORAGE_REF) value = raw_ref(raw_slots[i / 2 % 2]);
      OK(gcroots_raw_array_set(store, raw_slots[0], i, &value));
      CHECK(same_raw(raw_element(raw_slots[0], i), value));
      if (i < 8) CHECK(same_raw(raw_element(raw_slots[0], i + 1), raw_ref(0)));
    }
    gcroots_type_free(type);
  }
  for (uint32_t i = 0; i < 9; i++) {
    OK(gcroots_raw_array_set_ref(store, raw_slots[0], i, raw_slots[i % 2]));
    CHECK(raw_element_ref(raw_slots[0], i) == raw_slots[i % 2]);
    OK(gcroots_store_gc(store));
    CHECK(raw_element_ref(raw_slots[0], i) == raw_slots[i % 2]);
  }
  OK(gcroots_raw_array_set_ref(store, raw_slots[0], 1, 0));
  CHECK(raw_element_ref(raw_slots[0], 1) == 0);
}

CASE(elements_are_filled_and_copied) {
  enum { LENGTH = 12 };
  gcroots_type_t *type = array_of(GCROOTS_STORAGE_REF), *bytes = array_of(GCROOTS_STORAGE_I8);
  gcroots_raw_val_t value;
  use_slots(3);
  set_raw_slot(0, raw_zeros(type, LENGTH));
  set_raw_slot(1, raw_zeros(type, LENGTH));
  set_raw_slot(2, raw_externref(&value, NULL));
  value = raw_ref(raw_slots[2]);
  OK(gcroots_raw_array_fill(store, raw_slots[0], 2, &value, 3));
  for (uint32_t i = 0; i < LENGTH; i++)
    CHECK(raw_element_ref(raw_slots[0], i) == (i >= 2 && i < 5 ? raw_slots[2] : 0));
  OK(gcroots_raw_array_copy(store, raw_slots[1], 0, raw_slots[0], 1, 3));
  OK(gcroots_raw_array_copy(store, raw_slots[0], 3, raw_slots[0], 2, 4));
  OK(gcroots_raw_array_copy(store, raw_slots[0], LENGTH, raw_slots[1], LENGTH, 0));
  OK(gcroots_store_gc(store));
  for (uint32_t i = 0; i < LENGTH; i++) {
    CHECK(raw_element_ref(raw_slots[1], i) == (i >= 1 && i < 3 ? raw_slots[2] : 0));
    CHECK(raw_element_ref(raw_slots[0], i) == (i >= 2 && i < 6 ? raw_slots[2] : 0));
  }
  CHECK(raw_data(raw_slots[2]) == &value);
  set_raw_slot(0, raw_zeros(bytes, LENGTH));
  value = raw_i32(0x1ff);
  OK(gcroots_raw_array_fill(store, raw_slots[0], 0, &value, LENGTH));
  for (uint32_t i = 0; i < LENGTH; i++) CHECK(raw_element(raw_slots[0], i).i32 == 0xff);
  gcroots_type_free(type);
  gcroots_type_free(bytes);
}

/* --- Refusals ---------------------------------------------------------------- */

static void array_is_refused(gcroots_status_t expected, uint32_t array) {
  gcroots_raw_val_t value = raw_ref(NO_OBJECT), out = raw_i32(UNTOUCHED_RAW);
  uint32_t bits = UNTOUCHED_RAW;
  REFUSED_SAYING(expected, "", gcroots_raw_array_len(store, array, &bits));
  REFUSED_SAYING(expected, "", gcroots_raw_array_get(store, array, 99, &out));
  REFUSED_SAYING(expected, "", gcroots_raw_array_set(store, array, 99, &value));
  REFUSED_SAYING(expected, "", gcroots_raw_array_get_ref(store, array, 99, &bits));
  REFUSED_SAYING(expected, "", gcroots_raw_array_set_ref(store, array, 99, NO_OBJECT));
  REFUSED_SAYING(expected, "", gcroots_raw_array_fill(store, array, 99, &value, 1));
  REFUSED_SAYING(expected, "", gcroots_raw_array_copy(store, array, 99, NO_OBJECT, 99, 1));
  CHECK(same_raw(out, raw_i32(UNTOUCHED_RAW)) && bits == UNTOUCHED_RAW);
}

CASE(an_object_that_is_no_array_is_refused) {
  gcroots_type_t *type = new_struct(NULL, 0);
  use_slots(3);
  set_raw_slot(0, raw_externref(NULL, NULL));
  OK(gcroots_raw_struct_new_default(store, type, &raw_slots[1]));
  wrote_raw_slot(1);
  set_raw_slot(2, raw_of(make_zeros(type = array_of(GCROOTS_STORAGE_REF), 2)));
  EACH_BAD_RAW(bits) array_is_refused(GCROOTS_ERROR_INVALID_ARGUMENT, bits);
  array_is_refused(GCROOTS_ERROR_NULL_REFERENCE, 0);
  array_is_refused(GCROOTS_ERROR_TYPE_MISMATCH, 9);
  array_is_refused(GCROOTS_ERROR_TYPE_MISMATCH, raw_slots[0]);
  array_is_refused(GCROOTS_ERROR_TYPE_MISMATCH, raw_slots[1]);
  REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT,
          gcroots_raw_array_copy(store, raw_slots[2], 99, NO_OBJECT, 99, 1));
  REFUSED(GCROOTS_ERROR_NULL_REFERENCE, gcroots_raw_array_copy(store, raw_slots[2], 99, 0, 99, 1));
  REFUSED(GCROOTS_ERROR_TYPE_MISMATCH,
          gcroots_raw_array_copy(store, raw_slots[2], 99, raw_slots[0], 99, 1));
}

CASE(hidden_arrays_are_refused) {
  array_is_refused(GCROOTS_ERROR_INVALID_ARGUMENT, hidden_object());
}

CASE(a_wrong_element_or_value_is_refused) {
  gcroots_type_t *strict = new_array(mutable_(ref_to(GCROOTS_HEAP_I31)));
  gcroots_type_t *fixed = immutable_array_of(GCROOTS_STORAGE_REF);
  gcroots_type_t *bytes = array_of(GCROOTS_STORAGE_I8);
  gcroots_raw_val_t value = raw_ref(NO_OBJECT), out = raw_i32(UNTOUCHED_RAW);
  uint32_t bits = UNTOUCHED_RAW, a, b, c;
  use_slots(3);
  set_raw_slot(0, raw_filled(strict, raw_ref(1), 4));
  set_raw_slot(1, raw_zeros(fixed, 4));
  set_raw_slot(2, raw_zeros(bytes, 4));
  a = raw_slots[0], b = raw_slots[1], c = raw_slots[2];
  REFUSED(GCROOTS_ERROR_OUT_OF_BOUNDS, gcroots_raw_array_get(store, a, 4, &out));
  REFUSED(GCROOTS_ERROR_OUT_OF_BOUNDS, gcroots_raw_array_get_ref(store, a, UINT32_MAX, &bits));
  REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_raw_array_get_ref(store, c, 99, &bits));
  REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_raw_array_set_ref(store, b, 99, NO_OBJECT));
  REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_raw_array_set(store, b, 99, &value));
  REFUSED(GCROOTS_ERROR_IMMUTABLE, gcroots_raw_array_set_ref(store, b, 99, a));
  REFUSED(GCROOTS_ERROR_NULL_REFERENCE, gcroots_raw_array_set_ref(store, a, 99, 0));
  REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_raw_array_set_ref(store, a, 99, b));
  REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_raw_array_set_ref(store, c, 99, b));
  REFUSED(GCROOTS_ERROR_OUT_OF_BOUNDS, gcroots_raw_array_set_ref(store, a, 4, 3));
  value = raw_ref(3);
  REFUSED(GCROOTS_ERROR_OUT_OF_BOUNDS, gcroots_raw_array_set(store, a, 4, &value));
  REFUSED(GCROOTS_ERROR_OUT_OF_BOUNDS, gcroots_raw_array_fill(store, a, 3, &value, 2));
  REFUSED(GCROOTS_ERROR_OUT_OF_BOUNDS, gcroots_raw_array_fill(store, a, 1, &value, UINT32_MAX));
  REFUSED(GCROOTS_ERROR_IMMUTABLE, gcroots_raw_array_fill(store, b, 0, &value, 1));
  REFUSED(GCROOTS_ERROR_IMMUTABLE, gcroots_raw_array_copy(store, b, 99, a, 99, 1));
  REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_raw_array_copy(store, a, 99, b, 99, 1));
  REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_raw_array_copy(store, c, 99, a, 99, 1));
  REFUSED(GCROOTS_ERROR_OUT_OF_BOUNDS, gcroots_raw_array_copy(store, a, 3, a, 0, 2));
  REFUSED(GCROOTS_ERROR_OUT_OF_BOUNDS, gcroots_raw_array_copy(store, a, 0, a, 3, 2));
  CHECK(same_raw(out, raw_i32(UNTOUCHED_RAW)) && bits == UNTOUCHED_RAW);
  for (uint32_t i = 0; i < 4; i++) CHECK(raw_element_ref(a, i) == 1);
  gcroots_type_free(strict);
  gcroots_type_free(fixed);
  gcroots_type_free(bytes);
}

/* No array is made of these elements, nor of the first one. */
static void not_made(gcroots_status_t expected, const gcroots_type_t *type,
                     const gcroots_raw_val_t *elements, uint32_t length) {
  uint32_t out = UNTOUCHED_RAW;
  REFUSED(expected, gcroots_raw_array_new_fixed(store, type, elements, length, &out));
  REFUSED(expected, gcroots_raw_array_new(store, type, elements, length, &out));
  CHECK(out == UNTOUCHED_RAW);
}

CASE(an_array_of_wrong_values_is_refused) {
  gcroots_type_t *strict = new_array(mutable_(ref_to(GCROOTS_HEAP_I31)));
  gcroots_type_t *no_array = new_struct(NULL, 0), *foreign;
  gcroots_engine_t *own = engine, *other;
  gcroots_raw_val_t values[2] = {raw_ref(NO_OBJECT), raw_ref(3)};
  uint32_t out = UNTOUCHED_RAW;
  OK(gcroots_engine_new(NULL, &other));
  engine = other;
  foreign = array_of(GCROOTS_STORAGE_I8);
  engine = own;
  use_slots(1);
  set_raw_slot(0, raw_externref(NULL, NULL));
  not_made(GCROOTS_ERROR_WRONG_ENGINE, foreign, values, 2);
  not_made(GCROOTS_ERROR_TYPE_MISMATCH, no_array, values, 2);
  not_made(GCROOTS_ERROR_INVALID_ARGUMENT, strict, values, 2);
  values[0] = raw_ref(0);
  not_made(GCROOTS_ERROR_NULL_REFERENCE, strict, values, 2);
  values[0] = raw_ref(raw_slots[0]);
  not_made(GCROOTS_ERROR_TYPE_MISMATCH, strict, values, 2);
  REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_raw_array_new(store, strict, NULL, 2, &out));
  REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_raw_array_new_bytes(store, strict, "", 1, &out));
  REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_raw_array_new_bytes(store, no_array, "", 1, &out));
  REFUSED(GCROOTS_ERROR_WRONG_ENGINE, gcroots_raw_array_new_bytes(store, foreign, "", 1, &out));
  CHECK(out == UNTOUCHED_RAW);
  gcroots_type_free(strict);
  gcroots_type_free(no_array);
  gcroots_type_free(foreign);
  gcroots_engine_free(other);
}

CASE(an_array_that_can_never_fit_is_refused) {
  gcroots_type_t *type;
  uint32_t out = UNTOUCHED_RAW;
  gcroots_raw_val_t value = raw_i32(1);
  static char bytes[256 << 10];
  use_heap(variant_config(128 << 10));
  type = array_of(GCROOTS_STORAGE_I64);
  REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_OUT_OF_MEMORY,
                           gcroots_raw_array_new(store, type, &value, UINT32_MAX, &out));
  REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_OUT_OF_MEMORY,
                           gcroots_raw_array_new(store, type, NULL, 1 << 20, &out));
  REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_OUT_OF_MEMORY,
                           gcroots_raw_array_new_bytes(store, type, bytes, sizeof bytes / 8, &out));
  CHECK(out == UNTOUCHED_RAW && stats_of(store).scoped_roots == 0);
  gcroots_type_free(type);
}

CASE(null_pointers_are_refused) {
  check_nulls(raw_array_calls);
}
