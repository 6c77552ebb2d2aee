/* Short forms for references of every kind. */
#ifndef KINDS_H
#define KINDS_H

#include "objects.h"
#include "refusals.h"

static inline gcroots_ref_kind_t kind_of(gcroots_ref_t ref) {
  gcroots_ref_kind_t kind;
  OK(gcroots_ref_kind(store, ref, &kind));
  return kind;
}

static inline uint64_t hash_of(gcroots_ref_t ref) {
  uint64_t hash;
  OK(gcroots_ref_hash(store, ref, &hash));
  return hash;
}

static inline gcroots_ref_t new_i31(int32_t value) {
  gcroots_ref_t ref;
  OK(gcroots_i31_new(store, value, &ref));
  return ref;
}

/* Whether a reference is the i31 of this signed 31-bit integer. */
static inline bool is_i31(gcroots_ref_t ref, int32_t value) {
  int32_t with_sign;
  uint32_t without;
  OK(gcroots_i31_get_s(store, ref, &with_sign));
  OK(gcroots_i31_get_u(store, ref, &without));
  return with_sign == value && without == ((uint32_t)value & INT32_MAX);
}

/* Makes an array of zeros or nulls. */
static inline gcroots_ref_t make_zeros(const gcroots_type_t *type, size_t length) {
  gcroots_ref_t ref;
  OK(gcroots_array_new_default(store, type, length, &ref));
  return ref;
}

static inline gcroots_tag_t new_tag(const gcroots_type_t *type) {
  gcroots_tag_t tag;
  OK(gcroots_tag_new(store, type, &tag));
  return tag;
}

/* Makes a tag of a function type that nothing else refers to. */
static inline gcroots_tag_t tag_of(const gcroots_field_type_t *params, size_t count) {
  gcroots_type_t *type = new_func(params, count, NULL, 0);
  gcroots_tag_t tag = new_tag(type);
  gcroots_type_free(type);
  return tag;
}

/* Makes an exception of the values that follow. */
#define EXN(tag, ...) \
  make_exn(tag, (gcroots_val_t[]){__VA_ARGS__}, COUNT_OF(((gcroots_val_t[]){__VA_ARGS__})))

static inline gcroots_ref_t make_exn(gcroots_tag_t tag, const gcroots_val_t *fields, size_t count) {
  gcroots_ref_t ref;
  OK(gcroots_exn_new(store, tag, fields, count, &ref));
  return ref;
}

/* Makes an exception without fields, of a tag of its own. */
static inline gcroots_ref_t new_exn(void) {
  return make_exn(tag_of(NULL, 0), NULL, 0);
}

static inline gcroots_val_t exn_field(gcroots_ref_t ref, size_t index) {
  gcroots_val_t val;
  OK(gcroots_exn_field(store, ref, index, &val));
  return val;
}

/* Makes a struct without fields, of a type that nothing else refers to. */
static inline gcroots_ref_t new_empty_struct(void) {
  gcroots_type_t *type = new_struct(NULL, 0);
  gcroots_ref_t ref = make_default(type);
  gcroots_type_free(type);
  return ref;
}

/* Makes an array of bytes, of a type that nothing else refers to. */
static inline gcroots_ref_t new_bytes(void) {
  gcroots_type_t *type = new_array(plain(GCROOTS_STORAGE_I8));
  gcroots_ref_t ref = make_zeros(type, 3);
  gcroots_type_free(type);
  return ref;
}

/* The integer of the i31 that new_of_kind() makes. */
enum { ITS_INTEGER = -77 };

/* Makes a reference of this kind. */
static inline gcroots_ref_t new_of_kind(gcroots_ref_kind_t kind) {
  switch (kind) {
    case GCROOTS_REF_EXTERN: return new_externref(NULL);
    case GCROOTS_REF_STRUCT: return new_empty_struct();
    case GCROOTS_REF_ARRAY: return new_bytes();
    case GCROOTS_REF_I31: return new_i31(ITS_INTEGER);
    case GCROOTS_REF_EXN: return new_exn();
    case GCROOTS_REF_FUNC: return new_function();
    default: return gcroots_ref_null();
  }
}

/* The names of kinds, for `check_note`. */
static const char *const kind_names[] = {"null",   "an externref", "a struct",  "an array",
                                         "an i31", "an exception", "a function"};

/* Runs the body for each kind, null included. */
#define EACH_KIND(kind)                                                     \
  for (gcroots_ref_kind_t kind = GCROOTS_REF_NULL;                          \
       kind <= GCROOTS_REF_FUNC && (check_note = kind_names[kind]) != NULL; \
       kind++, check_note = NULL)

#endif
