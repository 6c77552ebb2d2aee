/* Short forms for raw references. */
#ifndef RAW_OBJECTS_H
#define RAW_OBJECTS_H

#include "arrays.h"

/* What no call writes to an output of raw bits. */
enum { UNTOUCHED_RAW = 0x5a5a5a5a };

static inline uint32_t raw_of(gcroots_ref_t ref) {
  uint32_t raw;
  OK(gcroots_ref_to_raw(store, ref, &raw));
  return raw;
}

static inline gcroots_ref_t from_raw(uint32_t raw) {
  gcroots_ref_t ref;
  OK(gcroots_ref_from_raw(store, raw, &ref));
  return ref;
}

/* --- Values ------------------------------------------------------------------ */

static inline gcroots_raw_val_t raw_i32(int32_t number) {
  gcroots_raw_val_t value;
  memset(&value, 0, sizeof value);
  value.i32 = number;
  return value;
}

static inline gcroots_raw_val_t raw_ref(uint32_t ref) {
  gcroots_raw_val_t value;
  memset(&value, 0, sizeof value);
  value.ref = ref;
  return value;
}

/* The bits of a value. */
static inline gcroots_raw_val_t raw_val(gcroots_val_t val) {
  gcroots_raw_val_t value;
  memset(&value, 0, sizeof value);
  switch (val.kind) {
    case GCROOTS_STORAGE_REF: value.ref = raw_of(val.of.ref); break;
    case GCROOTS_STORAGE_V128: memcpy(value.v128, val.of.v128.bytes, 16); break;
    case GCROOTS_STORAGE_I64: value.i64 = val.of.i64; break;
    case GCROOTS_STORAGE_F64: memcpy(&value.f64, &val.of.f64, 8); break;
    default: memcpy(&value.i32, &val.of.i32, 4);
  }
  return value;
}

static inline bool same_raw(gcroots_raw_val_t a, gcroots_raw_val_t b) {
  return memcmp(&a, &b, sizeof a) == 0;
}

/* --- Objects ----------------------------------------------------------------- */

static inline uint32_t raw_struct(const gcroots_type_t *type, const gcroots_raw_val_t *fields,
                                  size_t count) {
  uint32_t out;
  OK(gcroots_raw_struct_new(store, type, fields, count, &out));
  return out;
}

/* Makes a struct of the values that follow. */
#define RAW_STRUCT(type, ...)                          \
  raw_struct(type, (gcroots_raw_val_t[]){__VA_ARGS__}, \
             COUNT_OF(((gcroots_raw_val_t[]){__VA_ARGS__})))

static inline uint32_t raw_externref(void *data, gcroots_finalizer_t finalizer) {
  uint32_t out;
  OK(gcroots_raw_externref_new(store, data, finalizer, &out));
  return out;
}

static inline void *raw_data(uint32_t object) {
  void *data = NULL;
  OK(gcroots_raw_externref_data(store, object, &data));
  return data;
}

static inline gcroots_raw_val_t raw_field(uint32_t object, uint32_t field) {
  gcroots_raw_val_t out;
  OK(gcroots_raw_struct_get(store, object, field, &out));
  return out;
}

static inline uint32_t raw_field_ref(uint32_t object, uint32_t field) {
  uint32_t out;
  OK(gcroots_raw_struct_get_ref(store, object, field, &out));
  return out;
}

static inline gcroots_raw_val_t raw_element(uint32_t array, uint32_t index) {
  gcroots_raw_val_t out;
  OK(gcroots_raw_array_get(store, array, index, &out));
  return out;
}

static inline uint32_t raw_element_ref(uint32_t array, uint32_t index) {
  uint32_t out;
  OK(gcroots_raw_array_get_ref(store, array, index, &out));
  return out;
}

static inline uint32_t raw_length(uint32_t array) {
  uint32_t out;
  OK(gcroots_raw_array_len(store, array, &out));
  return out;
}

static inline bool kind_is(uint32_t raw, gcroots_ref_kind_t kind) {
  gcroots_scope_t scope = enter();
  gcroots_ref_kind_t found;
  OK(gcroots_ref_kind(store, from_raw(raw), &found));
  OK(gcroots_scope_exit(store, scope));
  return found == kind;
}

/* The bits of an i31. */
static inline uint32_t new_number(int32_t number) {
  return (uint32_t)number << 1 | 1;
}

/* --- The engine's memory ----------------------------------------------------- */

/* A root range of the engine. */
enum { RAW_SLOTS = 1000 };
static uint32_t raw_slots[RAW_SLOTS];
static gcroots_root_range_t raw_range = {raw_slots, 0, 0};

static inline void wrote_raw_slot(size_t slot) {
  if (raw_range.unchanged > slot) raw_range.unchanged = slot;
}

static inline void set_raw_slot(size_t slot, uint32_t raw) {
  raw_slots[slot] = raw;
  wrote_raw_slot(slot);
}

/* Adds the range, with this number of nulls. */
static inline void use_slots(size_t count) {
  gcroots_root_source_t source;
  memset(raw_slots, 0, sizeof raw_slots);
  raw_range.count = count;
  OK(gcroots_root_range_add(store, &raw_range, NULL, &source));
}

/* Bits far behind the end of any heap of these tests. */
#define NO_OBJECT UINT32_C(0x80000000)

/* Bits that lead to no object: behind the heap's end, and to the words inside an array of
   zeros, which is made here and rooted in the current scope. Returns how many there are. */
enum { MOST_BAD_RAW = 8 };
static inline size_t bad_raw(uint32_t bits[MOST_BAD_RAW]) {
  gcroots_type_t *type = new_array(mutable_(plain(GCROOTS_STORAGE_I64)));
  uint32_t array = raw_of(make_zeros(type, 8));
  size_t count = 0;
  bits[count++] = UINT32_MAX - 1;
  bits[count++] = NO_OBJECT;
  for (uint32_t i = 1; i < 5; i++) bits[count++] = array + 2 * i + 2;
  gcroots_type_free(type);
  return count;
}

/* Replaces the fixture's engine and store by ones with this configuration (taken). */
static inline void use_heap(gcroots_config_t *config) {
  OK(gcroots_store_free(store));
  gcroots_engine_free(engine);
  OK(gcroots_engine_new(config, &engine));
  gcroots_config_free(config);
  OK(gcroots_store_new(engine, &store));
}

/* Runs the body for each of them. */
#define EACH_BAD_RAW(bits)                                                              \
  for (uint32_t bits##_all[MOST_BAD_RAW], bits##_count = (uint32_t)bad_raw(bits##_all), \
                                          bits##_at = 0, bits = 0;                      \
       bits##_at < bits##_count && ((bits = bits##_all[bits##_at]), true); bits##_at++)

/* The bits of the object that holds the contents of a new table. It lies between two others
   that are made in one no-GC span. */
static inline uint32_t hidden_object(void) {
  gcroots_table_t table;
  gcroots_ref_type_t of = {NULL, GCROOTS_HEAP_ANY, 1};
  void *base;
  uint32_t before, after, found = 0;
  OK(gcroots_no_gc_enter(store));
  before = raw_of(new_externref(NULL));
  OK(gcroots_table_new(store, of, 3, UINT64_MAX, gcroots_ref_null(), &table));
  after = raw_of(new_externref(NULL));
  OK(gcroots_no_gc_exit(store));
  OK(gcroots_heap_base(store, &base));
  for (uint32_t raw = before + 4; raw < after && found == 0; raw += 2)
    if (*((unsigned char *)base + 4 * (size_t)raw) == 3) found = raw;
  CHECK(found != 0);
  return found;
}

#endif
