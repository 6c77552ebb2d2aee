/* Short forms for arrays. */
#ifndef ARRAYS_H
#define ARRAYS_H

#include "refusals.h"

/* The bytes of an element of each storage type. */
static const size_t element_bytes[STORAGES] = {1, 2, 4, 8, 4, 8, 16, 4};

/* The names of storage types, for `check_note` and as they are in messages. */
static const char *const storage_names[STORAGES] = {"an i8",  "an i16", "an i32", "an i64",
                                                    "an f32", "an f64", "a v128", "a reference"};

/* Runs the body for each storage type. */
#define EACH_STORAGE(storage)                                               \
  for (gcroots_storage_t storage = GCROOTS_STORAGE_I8;                      \
       storage < STORAGES && (check_note = storage_names[storage]) != NULL; \
       storage++, check_note = NULL)

/* --- Types ------------------------------------------------------------------- */

/* Registers an array type with mutable elements of this storage type. */
static inline gcroots_type_t *array_of(gcroots_storage_t storage) {
  return new_array(mutable_of(storage));
}

/* Registers an array type with immutable elements of this storage type. */
static inline gcroots_type_t *immutable_array_of(gcroots_storage_t storage) {
  gcroots_field_type_t element = mutable_of(storage);
  element.is_mutable = 0;
  return new_array(element);
}

/* Registers an open array type below another one. */
static inline gcroots_type_t *new_array_below(const gcroots_type_t *supertype,
                                              gcroots_field_type_t element) {
  gcroots_rec_group_t *group = new_group();
  gcroots_sub_type_t sub = supertype != NULL ? below_type(supertype) : open_type();
  uint32_t position;
  OK(gcroots_rec_group_add_array(group, &sub, &element, &position));
  return register_one(group);
}

/* --- Making ------------------------------------------------------------------ */

/* Makes an array of the values that follow. */
#define ARRAY(type, ...) \
  make_fixed(type, (gcroots_val_t[]){__VA_ARGS__}, COUNT_OF(((gcroots_val_t[]){__VA_ARGS__})))

static inline gcroots_ref_t make_fixed(const gcroots_type_t *type, const gcroots_val_t *elements,
                                       size_t count) {
  gcroots_ref_t ref;
  OK(gcroots_array_new_fixed(store, type, elements, count, &ref));
  return ref;
}

static inline gcroots_ref_t make_filled(const gcroots_type_t *type, gcroots_val_t value,
                                        size_t length) {
  gcroots_ref_t ref;
  OK(gcroots_array_new(store, type, &value, length, &ref));
  return ref;
}

static inline gcroots_ref_t make_zeros(const gcroots_type_t *type, size_t length) {
  gcroots_ref_t ref;
  OK(gcroots_array_new_default(store, type, length, &ref));
  return ref;
}

static inline gcroots_ref_t new_i31(int32_t number) {
  gcroots_ref_t ref;
  OK(gcroots_i31_new(store, number, &ref));
  return ref;
}

/* --- Elements ---------------------------------------------------------------- */

/* The value that an element of this storage type has after it was set to a value made of
   the number. References are i31s. */
static inline gcroots_val_t element_made_of(gcroots_storage_t storage, uint32_t number) {
  if (storage == GCROOTS_STORAGE_REF) return val_ref(new_i31((int32_t)(number & 0xffffff)));
  return val_made_of(storage, number);
}

/* Makes values of the numbers from `first` on. */
static inline void elements_made_of(gcroots_storage_t storage, uint32_t first,
                                    gcroots_val_t *elements, size_t count) {
  for (size_t i = 0; i < count; i++) elements[i] = element_made_of(storage, first + (uint32_t)i);
}

/* The value of a new element. */
static inline gcroots_val_t default_of(gcroots_storage_t storage) {
  return storage < GCROOTS_STORAGE_I32 ? val_i32(0) : val_of(storage);
}

static inline size_t length_of(gcroots_ref_t ref) {
  size_t length;
  OK(gcroots_array_len(store, ref, &length));
  return length;
}

static inline gcroots_val_t get_element(gcroots_ref_t ref, size_t index) {
  gcroots_val_t val;
  OK(gcroots_array_get(store, ref, index, &val));
  return val;
}

static inline void set_element(gcroots_ref_t ref, size_t index, gcroots_val_t val) {
  OK(gcroots_array_set(store, ref, index, &val));
}

static inline void set_elements(gcroots_ref_t ref, const gcroots_val_t *elements, size_t count) {
  for (size_t i = 0; i < count; i++) set_element(ref, i, elements[i]);
}

static inline gcroots_ref_t element_ref(gcroots_ref_t ref, size_t index) {
  gcroots_ref_t out;
  OK(gcroots_array_get_ref(store, ref, index, &out));
  return out;
}

/* The array has these elements and no others. */
#define CHECK_ELEMENTS(ref, elements, count) \
  check_elements(__FILE__, __LINE__, ref, elements, count)

static inline void check_elements(const char *file, int line, gcroots_ref_t ref,
                                  const gcroots_val_t *elements, size_t count) {
  gcroots_scope_t scope = enter();
  if (length_of(ref) != count)
    check_fail(file, line, "length %zu instead of %zu", length_of(ref), count);
  for (size_t i = 0; i < count; i++)
    if (!same_val(get_element(ref, i), elements[i]))
      check_fail(file, line, "element %zu of %zu is another", i, count);
  OK(gcroots_scope_exit(store, scope));
}

/* The array has this length, and every element is this value. */
#define CHECK_ALL(ref, value, count) check_all(__FILE__, __LINE__, ref, value, count)

static inline void check_all(const char *file, int line, gcroots_ref_t ref, gcroots_val_t value,
                             size_t count) {
  gcroots_scope_t scope = enter();
  if (length_of(ref) != count)
    check_fail(file, line, "length %zu instead of %zu", length_of(ref), count);
  for (size_t i = 0; i < count; i++)
    if (!same_val(get_element(ref, i), value))
      check_fail(file, line, "element %zu of %zu is another", i, count);
  OK(gcroots_scope_exit(store, scope));
}

/* --- Objects of every kind --------------------------------------------------- */

enum { KINDS = GCROOTS_REF_FUNC + 1 };

static const char *const kind_names[KINDS] = {"null",   "an externref", "a struct",  "an array",
                                              "an i31", "an exception", "a function"};

static inline gcroots_ref_t new_exception(void) {
  gcroots_type_t *type = new_func(NULL, 0, NULL, 0);
  gcroots_tag_t tag;
  gcroots_ref_t ref;
  OK(gcroots_tag_new(store, type, &tag));
  OK(gcroots_exn_new(store, tag, NULL, 0, &ref));
  gcroots_type_free(type);
  return ref;
}

/* One reference of each kind, at GCROOTS_REF_NULL to GCROOTS_REF_FUNC. */
static inline void one_of_each_kind(gcroots_ref_t refs[KINDS]) {
  gcroots_type_t *type = new_struct(NULL, 0), *array = array_of(GCROOTS_STORAGE_I8);
  refs[GCROOTS_REF_NULL] = gcroots_ref_null();
  refs[GCROOTS_REF_EXTERN] = new_externref(NULL);
  refs[GCROOTS_REF_STRUCT] = make_default(type);
  refs[GCROOTS_REF_ARRAY] = make_zeros(array, 0);
  refs[GCROOTS_REF_I31] = new_i31(7);
  refs[GCROOTS_REF_EXN] = new_exception();
  refs[GCROOTS_REF_FUNC] = new_function();
  gcroots_type_free(type);
  gcroots_type_free(array);
}

#endif
