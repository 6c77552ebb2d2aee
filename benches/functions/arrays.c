/* Arrays. */
#include "functions.h"

/* Two references. */
static void new (uint64_t count) {
  const gcroots_val_t val = val_of_ref(object.pair);
  gcroots_type_t *const of = type.array[GCROOTS_STORAGE_REF];
  IN_SCOPES(gcroots_ref_t ref; MUST(gcroots_array_new(store, of, &val, 2, &ref)))
}

static void new_default(uint64_t count) {
  gcroots_type_t *const of = type.array[GCROOTS_STORAGE_REF];
  IN_SCOPES(gcroots_ref_t ref; MUST(gcroots_array_new_default(store, of, 2, &ref)))
}

static void new_bytes(uint64_t count) {
  static const uint8_t bytes[16];
  gcroots_type_t *const of = type.array[GCROOTS_STORAGE_I8];
  IN_SCOPES(gcroots_ref_t ref; MUST(gcroots_array_new_bytes(store, of, bytes, 16, &ref)))
}

static void new_fixed(uint64_t count) {
  const gcroots_val_t val = val_of_ref(object.pair), elements[2] = {val, val};
  gcroots_type_t *const of = type.array[GCROOTS_STORAGE_REF];
  IN_SCOPES(gcroots_ref_t ref; MUST(gcroots_array_new_fixed(store, of, elements, 2, &ref)))
}

static void len(uint64_t count) {
  size_t read;
  REPEAT(MUST(gcroots_array_len(store, object.array[0], &read)); KEEP(read))
}

/* By value, of a number. */
static void get_set(uint64_t count) {
  const gcroots_ref_t from = object.array[GCROOTS_STORAGE_I32];
  REPEAT(gcroots_val_t val; MUST(gcroots_array_get(store, from, 5, &val));
         MUST(gcroots_array_set(store, from, 5, &val)))
}

#define OF_STORAGE(name, c_type, storage)                         \
  static void name(uint64_t count) {                              \
    const gcroots_ref_t from = object.array[storage];             \
    c_type read;                                                  \
    REPEAT(MUST(gcroots_array_get_##name(store, from, 5, &read)); \
           MUST(gcroots_array_set_##name(store, from, 5, read)))  \
  }
OF_STORAGE(i32, int32_t, GCROOTS_STORAGE_I32)
OF_STORAGE(i64, int64_t, GCROOTS_STORAGE_I64)
OF_STORAGE(f32, float, GCROOTS_STORAGE_F32)
OF_STORAGE(f64, double, GCROOTS_STORAGE_F64)
OF_STORAGE(v128, gcroots_v128_t, GCROOTS_STORAGE_V128)

static void packed(uint64_t count) {
  const gcroots_ref_t from = object.array[GCROOTS_STORAGE_I8];
  REPEAT(int32_t s; uint32_t u; MUST(gcroots_array_get_s(store, from, 5, &s)); KEEP(s);
         MUST(gcroots_array_get_u(store, from, 5, &u)); KEEP(u))
}

static void ref(uint64_t count) {
  const gcroots_ref_t from = object.array[GCROOTS_STORAGE_REF];
  IN_SCOPES(gcroots_ref_t read; MUST(gcroots_array_get_ref(store, from, 5, &read));
            MUST(gcroots_array_set_ref(store, from, 5, read)))
}

static void ref_into(uint64_t count) {
  const gcroots_ref_t from = object.array[GCROOTS_STORAGE_REF];
  REPEAT(MUST(gcroots_array_get_ref_into(store, from, 5, object.local)))
}

static void fill(uint64_t count) {
  const gcroots_val_t val = val_of_number(7);
  REPEAT(MUST(gcroots_array_fill(store, object.array[GCROOTS_STORAGE_I32], 0, &val, range)))
}

static void copy(uint64_t count) {
  const gcroots_ref_t of = object.array[GCROOTS_STORAGE_I32];
  REPEAT(MUST(gcroots_array_copy(store, of, range, of, 0, range)))
}

/* Bytes. */
static void read_write(uint64_t count) {
  const gcroots_ref_t of = object.array[GCROOTS_STORAGE_I8];
  char bytes[LONGEST];
  REPEAT(MUST(gcroots_array_read(store, of, 0, bytes, range));
         MUST(gcroots_array_write(store, of, 0, bytes, range)))
}

static void span(uint64_t count) {
  void *address;
  MUST(gcroots_no_gc_enter(store));
  REPEAT(MUST(gcroots_array_span(store, object.array[0], 0, range, &address)); KEEP(address))
  MUST(gcroots_no_gc_exit(store));
}

const struct row arrays[] = {ROW(gcroots_array_new, 2, new),
                             ROW(gcroots_array_new_default, 1, new_default),
                             ROW(gcroots_array_new_fixed, 3, new_fixed),
                             ROW(gcroots_array_new_bytes, 1, new_bytes),
                             ROW(gcroots_array_len, 1, len),
                             ROW(gcroots_array_get, 1, get_set),
                             ROW(gcroots_array_set, 1, get_set),
                             ROW(gcroots_array_get_i32, 1, i32),
                             ROW(gcroots_array_set_i32, 1, i32),
                             ROW(gcroots_array_get_i64, 1, i64),
                             ROW(gcroots_array_set_i64, 1, i64),
                             ROW(gcroots_array_get_f32, 1, f32),
                             ROW(gcroots_array_set_f32, 1, f32),
                             ROW(gcroots_array_get_f64, 1, f64),
                             ROW(gcroots_array_set_f64, 1, f64),
                             ROW(gcroots_array_get_v128, 1, v128),
                             ROW(gcroots_array_set_v128, 1, v128),
                             ROW(gcroots_array_get_s, 1, packed),
                             ROW(gcroots_array_get_u, 1, packed),
                             ROW(gcroots_array_get_ref, 2, ref),
                             ROW(gcroots_array_set_ref, 2, ref),
                             ROW(gcroots_array_get_ref_into, 2, ref_into),
                             BULK(gcroots_array_fill, 1, "each element", fill),
                             BULK(gcroots_array_copy, 2, "each element", copy),
                             BULK(gcroots_array_read, 1, "each element", read_write),
                             BULK(gcroots_array_write, 1, "each element", read_write),
                             ROW(gcroots_array_span, 1, span),
                             END};
