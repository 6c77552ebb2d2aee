/* Structs and their fields. */
#include "functions.h"

static void new (uint64_t count) {
  const gcroots_val_t fields[2] = {val_of_number(1), val_of_ref(object.pair)};
  IN_SCOPES(gcroots_ref_t ref; MUST(gcroots_struct_new(store, type.pair, fields, 2, &ref)))
}

static void new_into(uint64_t count) {
  const gcroots_val_t fields[2] = {val_of_number(1), val_of_ref(object.pair)};
  REPEAT(MUST(gcroots_struct_new_into(store, type.pair, fields, 2, object.local)))
}

static void new_escape(uint64_t count) {
  const gcroots_val_t fields[2] = {val_of_number(1), val_of_ref(object.pair)};
  IN_SCOPES(gcroots_scope_t scope; gcroots_ref_t ref; MUST(gcroots_scope_enter(store, &scope));
            MUST(gcroots_struct_new_escape(store, scope, type.pair, fields, 2, &ref)))
}

static void new_default(uint64_t count) {
  IN_SCOPES(gcroots_ref_t ref; MUST(gcroots_struct_new_default(store, type.pair, &ref)))
}

/* By value, of a number. */
static void get_set(uint64_t count) {
  REPEAT(gcroots_val_t val; MUST(gcroots_struct_get(store, object.pair, 0, &val));
         MUST(gcroots_struct_set(store, object.pair, 0, &val)))
}

#define OF_STORAGE(name, c_type, storage)                                      \
  static void name(uint64_t count) {                                           \
    c_type read;                                                               \
    REPEAT(MUST(gcroots_struct_get_##name(store, object.all, storage, &read)); \
           MUST(gcroots_struct_set_##name(store, object.all, storage, read)))  \
  }
OF_STORAGE(i32, int32_t, GCROOTS_STORAGE_I32)
OF_STORAGE(i64, int64_t, GCROOTS_STORAGE_I64)
OF_STORAGE(f32, float, GCROOTS_STORAGE_F32)
OF_STORAGE(f64, double, GCROOTS_STORAGE_F64)
OF_STORAGE(v128, gcroots_v128_t, GCROOTS_STORAGE_V128)

static void packed(uint64_t count) {
  REPEAT(int32_t s; uint32_t u;
         MUST(gcroots_struct_get_s(store, object.all, GCROOTS_STORAGE_I8, &s)); KEEP(s);
         MUST(gcroots_struct_get_u(store, object.all, GCROOTS_STORAGE_I8, &u)); KEEP(u))
}

static void ref(uint64_t count) {
  IN_SCOPES(gcroots_ref_t read;
            MUST(gcroots_struct_get_ref(store, object.all, GCROOTS_STORAGE_REF, &read));
            MUST(gcroots_struct_set_ref(store, object.all, GCROOTS_STORAGE_REF, read)))
}

static void ref_into(uint64_t count) {
  REPEAT(MUST(gcroots_struct_get_ref_into(store, object.all, GCROOTS_STORAGE_REF, object.local)))
}

const struct row structs[] = {ROW(gcroots_struct_new, 2, new),
                              ROW(gcroots_struct_new_into, 2, new_into),
                              ROW(gcroots_struct_new_escape, 2, new_escape),
                              ROW(gcroots_struct_new_default, 1, new_default),
                              ROW(gcroots_struct_get, 1, get_set),
                              ROW(gcroots_struct_set, 1, get_set),
                              ROW(gcroots_struct_get_i32, 1, i32),
                              ROW(gcroots_struct_set_i32, 1, i32),
                              ROW(gcroots_struct_get_i64, 1, i64),
                              ROW(gcroots_struct_set_i64, 1, i64),
                              ROW(gcroots_struct_get_f32, 1, f32),
                              ROW(gcroots_struct_set_f32, 1, f32),
                              ROW(gcroots_struct_get_f64, 1, f64),
                              ROW(gcroots_struct_set_f64, 1, f64),
                              ROW(gcroots_struct_get_v128, 1, v128),
                              ROW(gcroots_struct_set_v128, 1, v128),
                              ROW(gcroots_struct_get_s, 1, packed),
                              ROW(gcroots_struct_get_u, 1, packed),
                              ROW(gcroots_struct_get_ref, 2, ref),
                              ROW(gcroots_struct_set_ref, 2, ref),
                              ROW(gcroots_struct_get_ref_into, 2, ref_into),
                              END};
