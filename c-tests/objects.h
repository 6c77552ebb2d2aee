/* Short forms for values and objects. */
#ifndef OBJECTS_H
#define OBJECTS_H

#include "declare.h"

enum { STORAGES = GCROOTS_STORAGE_REF + 1 };

/* --- Values ------------------------------------------------------------------ */

/* Makes a value of this kind whose bits are zeros. */
static inline gcroots_val_t val_of(gcroots_storage_t kind) {
  gcroots_val_t val;
  memset(&val, 0, sizeof val);
  val.kind = kind;
  return val;
}

static inline gcroots_val_t val_i32(int32_t number) {
  gcroots_val_t val = val_of(GCROOTS_STORAGE_I32);
  val.of.i32 = number;
  return val;
}

static inline gcroots_val_t val_i64(int64_t number) {
  gcroots_val_t val = val_of(GCROOTS_STORAGE_I64);
  val.of.i64 = number;
  return val;
}

/* Makes a value of these bits. */
static inline gcroots_val_t val_f32(uint32_t bits) {
  gcroots_val_t val = val_of(GCROOTS_STORAGE_F32);
  memcpy(&val.of.f32, &bits, sizeof bits);
  return val;
}

static inline gcroots_val_t val_f64(uint64_t bits) {
  gcroots_val_t val = val_of(GCROOTS_STORAGE_F64);
  memcpy(&val.of.f64, &bits, sizeof bits);
  return val;
}

/* Makes a value of 16 bytes that count up from `first`. */
static inline gcroots_val_t val_v128(uint8_t first) {
  gcroots_val_t val = val_of(GCROOTS_STORAGE_V128);
  for (int i = 0; i < 16; i++) val.of.v128.bytes[i] = (uint8_t)(first + i);
  return val;
}

static inline gcroots_val_t val_ref(gcroots_ref_t ref) {
  gcroots_val_t val = val_of(GCROOTS_STORAGE_REF);
  val.of.ref = ref;
  return val;
}

static inline gcroots_val_t val_null(void) {
  return val_ref(gcroots_ref_null());
}

/* The value that a field of this storage type has after it was set to a value made of
   the number. The bits depend on the number; a reference is null. */
static inline gcroots_val_t val_made_of(gcroots_storage_t storage, uint32_t number) {
  uint32_t bits = (number + 1) * 2654435761U;
  switch (storage) {
    case GCROOTS_STORAGE_I8: return val_i32((int32_t)(bits >> 24));
    case GCROOTS_STORAGE_I16: return val_i32((int32_t)(bits >> 16));
    case GCROOTS_STORAGE_I32: return val_i32((int32_t)bits);
    case GCROOTS_STORAGE_I64: return val_i64((int64_t)((uint64_t)bits << 32 | ~bits));
    case GCROOTS_STORAGE_F32: return val_f32(bits);
    case GCROOTS_STORAGE_F64: return val_f64((uint64_t)~bits << 32 | bits);
    case GCROOTS_STORAGE_V128: return val_v128((uint8_t)(bits >> 24));
    default: return val_null();
  }
}

/* A value that no call gives, to see whether an output was written. */
static inline gcroots_val_t untouched_val(void) {
  gcroots_val_t val;
  memset(&val, 0x5a, sizeof val);
  return val;
}

static inline bool is_untouched(gcroots_val_t val) {
  gcroots_val_t pattern = untouched_val();
  return val.kind == pattern.kind && memcmp(&val.of, &pattern.of, sizeof val.of) == 0;
}

/* Whether two handles refer to one object, or are both null. */
static inline bool same_object(gcroots_ref_t a, gcroots_ref_t b) {
  bool same;
  OK(gcroots_ref_eq(store, a, b, &same));
  return same;
}

/* Whether two values have one kind and the same bits, or refer to one object. */
static inline bool same_val(gcroots_val_t a, gcroots_val_t b) {
  static const size_t bytes[STORAGES] = {0, 0, 4, 8, 4, 8, 16, 0};
  if (a.kind != b.kind || a.kind >= STORAGES) return false;
  if (a.kind == GCROOTS_STORAGE_REF) return same_object(a.of.ref, b.of.ref);
  return memcmp(&a.of, &b.of, bytes[a.kind]) == 0;
}

/* --- Structs ----------------------------------------------------------------- */

/* Registers an open struct of the fields that follow. */
#define STRUCT_TYPE(...)                            \
  new_struct((gcroots_field_type_t[]){__VA_ARGS__}, \
             COUNT_OF(((gcroots_field_type_t[]){__VA_ARGS__})))

/* Makes a struct of the values that follow. */
#define STRUCT(type, ...) \
  make_struct(type, (gcroots_val_t[]){__VA_ARGS__}, COUNT_OF(((gcroots_val_t[]){__VA_ARGS__})))

static inline gcroots_ref_t make_struct(const gcroots_type_t *type, const gcroots_val_t *fields,
                                        size_t count) {
  gcroots_ref_t ref;
  OK(gcroots_struct_new(store, type, fields, count, &ref));
  return ref;
}

static inline gcroots_ref_t make_default(const gcroots_type_t *type) {
  gcroots_ref_t ref;
  OK(gcroots_struct_new_default(store, type, &ref));
  return ref;
}

static inline gcroots_val_t get_field(gcroots_ref_t ref, size_t index) {
  gcroots_val_t val;
  OK(gcroots_struct_get(store, ref, index, &val));
  return val;
}

static inline void set_field(gcroots_ref_t ref, size_t index, gcroots_val_t val) {
  OK(gcroots_struct_set(store, ref, index, &val));
}

static inline gcroots_ref_t field_ref(gcroots_ref_t ref, size_t index) {
  gcroots_ref_t out;
  OK(gcroots_struct_get_ref(store, ref, index, &out));
  return out;
}

static inline int32_t field_i32(gcroots_ref_t ref, size_t index) {
  int32_t out;
  OK(gcroots_struct_get_i32(store, ref, index, &out));
  return out;
}

/* Reads a field with the function for this storage type. For packed types these are
   get_s for I8, whose result is then cut to 8 bits, and get_u for I16. */
static inline gcroots_status_t get_as(gcroots_storage_t storage, gcroots_ref_t ref, size_t index,
                                      gcroots_val_t *out) {
  gcroots_val_of_t *of = &out->of;
  gcroots_status_t status;
  switch (storage) {
    case GCROOTS_STORAGE_I8: status = gcroots_struct_get_s(store, ref, index, &of->i32); break;
    case GCROOTS_STORAGE_I16:
      status = gcroots_struct_get_u(store, ref, index, (uint32_t *)&of->i32);
      break;
    case GCROOTS_STORAGE_I32: status = gcroots_struct_get_i32(store, ref, index, &of->i32); break;
    case GCROOTS_STORAGE_I64: status = gcroots_struct_get_i64(store, ref, index, &of->i64); break;
    case GCROOTS_STORAGE_F32: status = gcroots_struct_get_f32(store, ref, index, &of->f32); break;
    case GCROOTS_STORAGE_F64: status = gcroots_struct_get_f64(store, ref, index, &of->f64); break;
    case GCROOTS_STORAGE_V128:
      status = gcroots_struct_get_v128(store, ref, index, &of->v128);
      break;
    default: status = gcroots_struct_get_ref(store, ref, index, &of->ref);
  }
  if (status != GCROOTS_OK) return status;
  if (storage == GCROOTS_STORAGE_I8) of->i32 &= 0xff;
  out->kind = storage < GCROOTS_STORAGE_I32 ? GCROOTS_STORAGE_I32 : storage;
  return status;
}

/* Sets a field with the function for values of this kind. */
static inline gcroots_status_t set_as(gcroots_ref_t ref, size_t index, gcroots_val_t val) {
  switch (val.kind) {
    case GCROOTS_STORAGE_I32: return gcroots_struct_set_i32(store, ref, index, val.of.i32);
    case GCROOTS_STORAGE_I64: return gcroots_struct_set_i64(store, ref, index, val.of.i64);
    case GCROOTS_STORAGE_F32: return gcroots_struct_set_f32(store, ref, index, val.of.f32);
    case GCROOTS_STORAGE_F64: return gcroots_struct_set_f64(store, ref, index, val.of.f64);
    case GCROOTS_STORAGE_V128: return gcroots_struct_set_v128(store, ref, index, val.of.v128);
    default: return gcroots_struct_set_ref(store, ref, index, val.of.ref);
  }
}

/* A mutable field that accepts every reference except exceptions and functions. */
static inline gcroots_field_type_t any_field(void) {
  return mutable_(or_null(ref_to(GCROOTS_HEAP_ANY)));
}

/* A mutable field of any storage type. */
static inline gcroots_field_type_t mutable_of(gcroots_storage_t storage) {
  return storage == GCROOTS_STORAGE_REF ? any_field() : mutable_(plain(storage));
}

/* Registers a struct with a mutable field of each storage type. The index of a field is
   its storage type. */
static inline gcroots_type_t *new_mixed(void) {
  gcroots_field_type_t fields[STORAGES];
  for (gcroots_storage_t storage = 0; storage < STORAGES; storage++)
    fields[storage] = mutable_of(storage);
  return new_struct(fields, STORAGES);
}

/* --- Functions --------------------------------------------------------------- */

/* Leaves its results as they were: zeros and nulls. */
static inline gcroots_status_t answer_ok(void *env, gcroots_store_t *of, const gcroots_val_t *args,
                                         size_t nargs, gcroots_val_t *results, size_t nresults) {
  (void)env, (void)of, (void)args, (void)nargs, (void)results, (void)nresults;
  return GCROOTS_OK;
}

static inline gcroots_ref_t make_func(const gcroots_type_t *type, gcroots_callback_t callback,
                                      void *env) {
  gcroots_ref_t ref;
  OK(gcroots_func_new(store, type, callback, env, NULL, &ref));
  return ref;
}

/* Makes a function without parameters and results, of a type that nothing else refers
   to. */
static inline gcroots_ref_t new_function(void) {
  gcroots_type_t *type = new_func(NULL, 0, NULL, 0);
  gcroots_ref_t ref = make_func(type, answer_ok, NULL);
  gcroots_type_free(type);
  return ref;
}

/* --- Nodes ------------------------------------------------------------------- */

/* Registers a node of a graph: a number and references to two nodes. */
static inline gcroots_type_t *new_node(void) {
  gcroots_rec_group_t *group = new_group();
  gcroots_field_type_t fields[3] = {mutable_of(GCROOTS_STORAGE_I32),
                                    mutable_(or_null(ref_to_local(0))),
                                    mutable_(or_null(ref_to_local(0)))};
  add_struct_below(group, open_type(), fields, 3);
  return register_one(group);
}

static inline gcroots_ref_t make_node(const gcroots_type_t *type, int32_t number,
                                      gcroots_ref_t first, gcroots_ref_t second) {
  return STRUCT(type, val_i32(number), val_ref(first), val_ref(second));
}

/* Makes a node that refers to no other. */
static inline gcroots_ref_t make_leaf(const gcroots_type_t *type, int32_t number) {
  return make_node(type, number, gcroots_ref_null(), gcroots_ref_null());
}

#endif
