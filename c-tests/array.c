/* Arrays, element by element: how they are made, what their elements take and read as,
 * and what is refused.
 */
#include "arrays.h"

/* --- Making -------------------------------------------------------------------- */

/* Lengths that need padding, and lengths that do not, for each size of element. */
static const size_t lengths[] = {0,  1,  2,  3,  4,  5,  6,  7,  8,   9,   15, 16,
                                 17, 31, 32, 33, 63, 64, 65, 99, 100, 255, 257};

enum { MOST = 257 };

static void made_arrays_have_their_elements(const gcroots_type_t *type, gcroots_storage_t storage,
                                            size_t length) {
  gcroots_val_t elements[MOST];
  gcroots_scope_t scope = enter();
  gcroots_ref_t filled, fixed, zeros;
  elements_made_of(storage, 11, elements, length);
  filled = make_filled(type, element_made_of(storage, 3), length);
  fixed = make_fixed(type, elements, length);
  zeros = make_zeros(type, length);
  for (int round = 0; round < 2; round++) {
    CHECK_ALL(filled, element_made_of(storage, 3), length);
    CHECK_ELEMENTS(fixed, elements, length);
    CHECK_ALL(zeros, default_of(storage), length);
    OK(gcroots_store_gc(store));
  }
  OK(gcroots_scope_exit(store, scope));
}

CASE(an_array_has_the_length_and_the_elements_it_was_made_of) {
  EACH_STORAGE(storage) {
    gcroots_type_t *types[2] = {array_of(storage), immutable_array_of(storage)};
    for (size_t i = 0; i < COUNT_OF(lengths); i++)
      for (int t = 0; t < 2; t++) made_arrays_have_their_elements(types[t], storage, lengths[i]);
    free_types(types, 2);
  }
}

CASE(an_array_of_no_elements_needs_no_values) {
  gcroots_type_t *type = new_array(ref_to(GCROOTS_HEAP_EQ));
  gcroots_ref_t ref;
  OK(gcroots_array_new_fixed(store, type, NULL, 0, &ref));
  CHECK(length_of(ref) == 0);
  gcroots_type_free(type);
}

CASE(a_large_array_keeps_its_elements_and_its_neighbours) {
  enum { LENGTH = (1 << 20) + 3 };
  EACH_STORAGE(storage) {
    gcroots_type_t *type = array_of(storage);
    gcroots_scope_t scope = enter();
    gcroots_val_t value = element_made_of(storage, 1), other = element_made_of(storage, 2);
    gcroots_ref_t before = make_filled(type, other, 3), large = make_filled(type, value, LENGTH);
    gcroots_ref_t after = make_filled(type, other, 3);
    CHECK(length_of(large) == LENGTH);
    set_element(large, LENGTH - 1, other);
    set_element(large, 1 << 16, other);
    OK(gcroots_store_gc(store));
    for (size_t i = 0; i < LENGTH; i += 4095 + (i == 0)) {
      gcroots_scope_t inner = enter();
      CHECK(same_val(get_element(large, i), i == 1 << 16 ? other : value));
      OK(gcroots_scope_exit(store, inner));
    }
    CHECK(same_val(get_element(large, 1 << 16), other));
    CHECK(same_val(get_element(large, LENGTH - 2), value));
    CHECK(same_val(get_element(large, LENGTH - 1), other));
    CHECK_ALL(before, other, 3);
    CHECK_ALL(after, other, 3);
    OK(gcroots_scope_exit(store, scope));
    gcroots_type_free(type);
  }
}

/* Fills a small heap with arrays whose bytes are not zero, and drops them. */
CASE(arrays_of_many_sizes_keep_their_elements_and_their_neighbours) {
  enum { STEP = 2 << 10, LONGEST = 40 << 10 };
  gcroots_type_t *type = array_of(GCROOTS_STORAGE_I8);
  for (size_t length = STEP; length <= LONGEST; length += STEP) {
    gcroots_scope_t scope = enter();
    gcroots_val_t value = element_made_of(GCROOTS_STORAGE_I8, 1);
    gcroots_ref_t before = make_filled(type, value, 3), zeros = make_zeros(type, length);
    gcroots_ref_t filled = make_filled(type, value, length), after = make_filled(type, value, 3);
    for (int round = 0; round < 3; round++) {
      CHECK_ALL(before, value, 3);
      CHECK_ALL(zeros, default_of(GCROOTS_STORAGE_I8), length);
      CHECK_ALL(filled, value, length);
      CHECK_ALL(after, value, 3);
      OK(gcroots_store_gc(store));
    }
    OK(gcroots_scope_exit(store, scope));
  }
  gcroots_type_free(type);
}

static void leave_bits(void) {
  gcroots_type_t *type = array_of(GCROOTS_STORAGE_I64);
  gcroots_scope_t scope = enter();
  for (int i = 0; i < 50; i++) make_filled(type, val_i64(-1), 37);
  OK(gcroots_scope_exit(store, scope));
  gcroots_type_free(type);
}

CASE(elements_are_zeros_where_other_objects_were) {
  EACH_STORAGE(storage) {
    gcroots_type_t *type = array_of(storage);
    gcroots_scope_t scope = enter();
    for (int round = 0; round < 2; round++) {
      leave_bits();
      OK(gcroots_store_gc(store));
    }
    for (size_t length = 0; length < 40; length++)
      CHECK_ALL(make_zeros(type, length), default_of(storage), length);
    OK(gcroots_scope_exit(store, scope));
    gcroots_type_free(type);
  }
}

CASE(elements_are_zeros_where_another_stores_objects_were) {
  gcroots_type_t *type = array_of(GCROOTS_STORAGE_I8);
  leave_bits();
  OK(gcroots_store_free(store));
  OK(gcroots_store_new(engine, &store));
  for (size_t length = 0; length < 40; length++)
    CHECK_ALL(make_zeros(type, length), val_i32(0), length);
  gcroots_type_free(type);
}

CASE(an_array_takes_its_elements_bytes_and_16_rounded_up_to_8) {
  OK(gcroots_no_gc_enter(store));
  EACH_STORAGE(storage) {
    gcroots_type_t *type = array_of(storage);
    for (size_t length = 0; length < 20; length++) {
      uint64_t before = stats_of(store).live_bytes;
      make_zeros(type, length);
      CHECK(stats_of(store).live_bytes - before ==
            (16 + length * element_bytes[storage] + 7) / 8 * 8);
    }
    gcroots_type_free(type);
  }
}

/* --- Elements ------------------------------------------------------------------ */

/* A function that takes an index. `storages` has a bit for each element type that it
   accepts. */
struct access {
  const char *name;
  gcroots_status_t (*call)(gcroots_store_t *of, gcroots_ref_t ref, size_t index);
  unsigned storages;
  bool sets;
};

/* Wraps a function of arrays. A getter's output is only checked to be unwritten after a
   refusal. */
#define GET(name, type)                                                                       \
  static gcroots_status_t call_##name(gcroots_store_t *of, gcroots_ref_t ref, size_t index) { \
    type out;                                                                                 \
    gcroots_val_t pattern = untouched_val();                                                  \
    gcroots_status_t status;                                                                  \
    memset(&out, 0x5a, sizeof out);                                                           \
    status = gcroots_array_##name(of, ref, index, &out);                                      \
    if (status != GCROOTS_OK) CHECK(memcmp(&out, &pattern, sizeof out) == 0);                 \
    return status;                                                                            \
  }
#define SET(name, value)                                                                      \
  static gcroots_status_t call_##name(gcroots_store_t *of, gcroots_ref_t ref, size_t index) { \
    return gcroots_array_##name(of, ref, index, value);                                       \
  }

GET(get, gcroots_val_t)
GET(get_i32, int32_t)
GET(get_i64, int64_t)
GET(get_f32, float)
GET(get_f64, double)
GET(get_v128, gcroots_v128_t)
GET(get_s, int32_t)
GET(get_u, uint32_t)
GET(get_ref, gcroots_ref_t)
SET(set, &(gcroots_val_t){.kind = GCROOTS_STORAGE_F64})
SET(set_i32, 1)
SET(set_i64, 1)
SET(set_f32, 1)
SET(set_f64, 1)
SET(set_v128, (gcroots_v128_t){{0}})
SET(set_ref, gcroots_ref_null())

enum { PACKED = 1 << GCROOTS_STORAGE_I8 | 1 << GCROOTS_STORAGE_I16, ALL = (1 << STORAGES) - 1 };

static const struct access accesses[] = {
    {"get", call_get, ALL, false},
    {"get_i32", call_get_i32, 1 << GCROOTS_STORAGE_I32, false},
    {"get_i64", call_get_i64, 1 << GCROOTS_STORAGE_I64, false},
    {"get_f32", call_get_f32, 1 << GCROOTS_STORAGE_F32, false},
    {"get_f64", call_get_f64, 1 << GCROOTS_STORAGE_F64, false},
    {"get_v128", call_get_v128, 1 << GCROOTS_STORAGE_V128, false},
    {"get_s", call_get_s, PACKED, false},
    {"get_u", call_get_u, PACKED, false},
    {"get_ref", call_get_ref, 1 << GCROOTS_STORAGE_REF, false},
    {"set", call_set, 1 << GCROOTS_STORAGE_F64, true},
    {"set_i32", call_set_i32, PACKED | 1 << GCROOTS_STORAGE_I32, true},
    {"set_i64", call_set_i64, 1 << GCROOTS_STORAGE_I64, true},
    {"set_f32", call_set_f32, 1 << GCROOTS_STORAGE_F32, true},
    {"set_f64", call_set_f64, 1 << GCROOTS_STORAGE_F64, true},
    {"set_v128", call_set_v128, 1 << GCROOTS_STORAGE_V128, true},
    {"set_ref", call_set_ref, 1 << GCROOTS_STORAGE_REF, true}};

#define EACH_ACCESS(at)                                                       \
  for (const struct access *at = accesses;                                    \
       at < accesses + COUNT_OF(accesses) && (check_note = at->name) != NULL; \
       at++, check_note = NULL)

static bool takes(const struct access *at, gcroots_storage_t storage) {
  return (at->storages >> storage & 1) != 0;
}

CASE(each_function_takes_the_elements_that_it_names) {
  for (gcroots_storage_t storage = 0; storage < STORAGES; storage++) {
    gcroots_type_t *type = array_of(storage);
    gcroots_val_t elements[3];
    gcroots_ref_t ref;
    elements_made_of(storage, 5, elements, 3);
    ref = make_fixed(type, elements, 3);
    EACH_ACCESS(at) {
      if (takes(at, storage)) {
        OK(at->call(store, ref, 1));
        set_element(ref, 1, elements[1]);
      } else {
        REFUSED_SAYING(GCROOTS_ERROR_TYPE_MISMATCH, "is required", at->call(store, ref, 1));
        if (!at->sets) CHECK(strstr(gcroots_last_error(), storage_names[storage]) != NULL);
      }
      CHECK_ELEMENTS(ref, elements, 3);
    }
    gcroots_type_free(type);
  }
}

CASE(an_element_that_is_set_reads_as_what_it_was_set_to) {
  EACH_STORAGE(storage) {
    gcroots_type_t *type = array_of(storage);
    gcroots_ref_t ref = make_zeros(type, 3);
    for (uint32_t number = 0; number < 300; number++) {
      gcroots_scope_t scope = enter();
      gcroots_val_t value = element_made_of(storage, number);
      set_element(ref, 1, value);
      CHECK(same_val(get_element(ref, 1), value));
      OK(gcroots_scope_exit(store, scope));
    }
    gcroots_type_free(type);
  }
}

CASE(neighbours_of_an_element_that_is_set_keep_theirs) {
  enum { LENGTH = 9 };
  EACH_STORAGE(storage) {
    gcroots_type_t *type = array_of(storage);
    gcroots_val_t elements[LENGTH], around[2];
    gcroots_ref_t before, ref, after;
    elements_made_of(storage, 1, elements, LENGTH);
    elements_made_of(storage, 100, around, 2);
    before = make_fixed(type, around, 2);
    ref = make_fixed(type, elements, LENGTH);
    after = make_fixed(type, around, 2);
    for (uint32_t i = 0; i < LENGTH; i++) {
      elements[i] = element_made_of(storage, 50 + i);
      set_element(ref, i, elements[i]);
      CHECK_ELEMENTS(ref, elements, LENGTH);
      CHECK_ELEMENTS(before, around, 2);
      CHECK_ELEMENTS(after, around, 2);
    }
    gcroots_type_free(type);
  }
}

CASE(integers_are_set_and_read_at_their_boundaries) {
  static const int64_t numbers[] = {0,         1,         -1,        INT32_MAX,
                                    INT32_MIN, INT64_MAX, INT64_MIN, UINT32_MAX};
  gcroots_type_t *types[2] = {array_of(GCROOTS_STORAGE_I32), array_of(GCROOTS_STORAGE_I64)};
  gcroots_ref_t narrow = make_zeros(types[0], 3), wide = make_zeros(types[1], 3);
  for (size_t i = 0; i < COUNT_OF(numbers); i++) {
    int32_t out = 5;
    int64_t wide_out = 5;
    OK(gcroots_array_set_i32(store, narrow, 1, (int32_t)numbers[i]));
    OK(gcroots_array_set_i64(store, wide, 1, numbers[i]));
    OK(gcroots_array_get_i32(store, narrow, 1, &out));
    OK(gcroots_array_get_i64(store, wide, 1, &wide_out));
    CHECK(out == (int32_t)numbers[i] && wide_out == numbers[i]);
    CHECK(get_element(narrow, 1).of.i32 == out && get_element(wide, 1).of.i64 == wide_out);
    CHECK(get_element(narrow, 0).of.i32 == 0 && get_element(narrow, 2).of.i32 == 0);
    CHECK(get_element(wide, 0).of.i64 == 0 && get_element(wide, 2).of.i64 == 0);
  }
  free_types(types, 2);
}

CASE(a_float_keeps_its_bits) {
  static const uint32_t narrow[] = {0x80000000, 1, 0x7f800000, 0x7f800001, 0xffc12345, 0x7fc00000};
  static const uint64_t wide[] = {
      1ULL << 63, 1, 0x7ffULL << 52, 0x7ff0000000000001, 0xfff8123456789abc, 0x7ff8000000000000};
  gcroots_type_t *types[2] = {array_of(GCROOTS_STORAGE_F32), array_of(GCROOTS_STORAGE_F64)};
  for (size_t i = 0; i < COUNT_OF(narrow); i++) {
    gcroots_val_t f32 = val_f32(narrow[i]), f64 = val_f64(wide[i]);
    gcroots_ref_t floats = make_filled(types[0], f32, 3), doubles = make_filled(types[1], f64, 3);
    float out = 0;
    double wide_out = 0;
    CHECK_ALL(floats, f32, 3);
    CHECK_ALL(doubles, f64, 3);
    OK(gcroots_array_set_f32(store, floats, 0, 1));
    OK(gcroots_array_set_f64(store, doubles, 0, 1));
    OK(gcroots_array_set_f32(store, floats, 0, f32.of.f32));
    OK(gcroots_array_set_f64(store, doubles, 0, f64.of.f64));
    CHECK_ALL(floats, f32, 3);
    CHECK_ALL(doubles, f64, 3);
    OK(gcroots_array_get_f32(store, floats, 1, &out));
    OK(gcroots_array_get_f64(store, doubles, 1, &wide_out));
    CHECK(memcmp(&out, &narrow[i], 4) == 0 && memcmp(&wide_out, &wide[i], 8) == 0);
  }
  free_types(types, 2);
}

CASE(a_v128_keeps_its_bytes_in_their_order) {
  gcroots_type_t *type = array_of(GCROOTS_STORAGE_V128);
  gcroots_val_t value = val_v128(0xf5), zeros = val_of(GCROOTS_STORAGE_V128), expected[3];
  gcroots_ref_t ref = make_zeros(type, 3);
  gcroots_v128_t out;
  OK(gcroots_array_set_v128(store, ref, 1, value.of.v128));
  OK(gcroots_array_get_v128(store, ref, 1, &out));
  CHECK(memcmp(&out, &value.of.v128, 16) == 0);
  expected[0] = expected[2] = zeros;
  expected[1] = value;
  CHECK_ELEMENTS(ref, expected, 3);
  gcroots_type_free(type);
}

CASE(a_packed_element_takes_the_lower_bits_and_is_extended_as_asked) {
  static const int32_t numbers[] = {0,     1,       -1,      0x7f,       0x80,      0xff,
                                    0x100, 0x7fff,  0x8000,  0xffff,     0x10000,   -0x80,
                                    -0x81, -0x8000, -0x8001, 0x12345678, INT32_MAX, INT32_MIN};
  for (gcroots_storage_t storage = GCROOTS_STORAGE_I8; storage <= GCROOTS_STORAGE_I16; storage++) {
    gcroots_type_t *type = array_of(storage);
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
      bool byte = storage == GCROOTS_STORAGE_I8;
      gcroots_val_t value = val_i32(numbers[i]);
      int32_t with_sign = byte ? (int8_t)numbers[i] : (int16_t)numbers[i], s = 5;
      uint32_t bits = byte ? (uint8_t)numbers[i] : (uint16_t)numbers[i], u = 5;
      gcroots_ref_t ref = make_filled(type, value, 5), fixed = ARRAY(type, value, value);
      CHECK_ALL(ref, val_i32((int32_t)bits), 5);
      CHECK_ALL(fixed, val_i32((int32_t)bits), 2);
      set_element(ref, 2, val_i32(~numbers[i]));
      set_element(ref, 2, value);
      OK(gcroots_array_set_i32(store, ref, 3, ~numbers[i]));
      OK(gcroots_array_set_i32(store, ref, 3, numbers[i]));
      CHECK_ALL(ref, val_i32((int32_t)bits), 5);
      OK(gcroots_array_get_s(store, ref, 2, &s));
      OK(gcroots_array_get_u(store, ref, 3, &u));
      CHECK(s == with_sign && u == bits);
    }
    gcroots_type_free(type);
  }
}

CASE(an_output_may_be_where_the_input_was) {
  gcroots_type_t *type = array_of(GCROOTS_STORAGE_REF);
  gcroots_val_t val = val_ref(new_externref(&type));
  OK(gcroots_array_new(store, type, &val, 2, &val.of.ref));
  OK(gcroots_array_new_fixed(store, type, &val, 1, &val.of.ref));
  OK(gcroots_array_get(store, val.of.ref, 0, &val));
  OK(gcroots_array_get_ref(store, val.of.ref, 1, &val.of.ref));
  CHECK(data_of(val.of.ref) == &type);
  gcroots_type_free(type);
}

/* --- References ---------------------------------------------------------------- */

/* The kinds of references that a slot of each abstract type accepts besides null. */
static const struct {
  gcroots_heap_type_t heap;
  const char *name;
  unsigned kinds;
} heaps[] = {{GCROOTS_HEAP_ANY, "any",
              1 << GCROOTS_REF_EXTERN | 1 << GCROOTS_REF_STRUCT | 1 << GCROOTS_REF_ARRAY |
                  1 << GCROOTS_REF_I31},
             {GCROOTS_HEAP_EXTERN, "extern",
              1 << GCROOTS_REF_EXTERN | 1 << GCROOTS_REF_STRUCT | 1 << GCROOTS_REF_ARRAY |
                  1 << GCROOTS_REF_I31},
             {GCROOTS_HEAP_EQ, "eq",
              1 << GCROOTS_REF_STRUCT | 1 << GCROOTS_REF_ARRAY | 1 << GCROOTS_REF_I31},
             {GCROOTS_HEAP_I31, "i31", 1 << GCROOTS_REF_I31},
             {GCROOTS_HEAP_STRUCT, "struct", 1 << GCROOTS_REF_STRUCT},
             {GCROOTS_HEAP_ARRAY, "array", 1 << GCROOTS_REF_ARRAY},
             {GCROOTS_HEAP_EXN, "exn", 1 << GCROOTS_REF_EXN},
             {GCROOTS_HEAP_NONE, "none", 0},
             {GCROOTS_HEAP_FUNC, "func", 1 << GCROOTS_REF_FUNC},
             {GCROOTS_HEAP_NOFUNC, "nofunc", 0},
             {GCROOTS_HEAP_NOEXTERN, "noextern", 0},
             {GCROOTS_HEAP_NOEXN, "noexn", 0}};

/* Every way to store this reference in an array has this result. `ref` is empty or has a
   first element. */
static void reference_answers(gcroots_status_t expected, const char *text,
                              const gcroots_type_t *type, gcroots_ref_t ref, gcroots_ref_t value) {
  gcroots_val_t val = val_ref(value);
  gcroots_ref_t out = untouched(), first = gcroots_ref_null();
  bool has_first = length_of(ref) > 0;
  if (expected == GCROOTS_OK) {
    CHECK(same_object(element_ref(make_filled(type, val, 2), 1), value));
    CHECK(same_object(element_ref(ARRAY(type, val), 0), value));
    OK(gcroots_array_set(store, ref, 0, &val));
    OK(gcroots_array_set_ref(store, ref, 0, value));
    OK(gcroots_array_fill(store, ref, 0, &val, 1));
    CHECK(same_object(element_ref(ref, 0), value));
    return;
  }
  if (has_first) first = element_ref(ref, 0);
  REFUSED_SAYING(expected, text, gcroots_array_new(store, type, &val, 2, &out));
  REFUSED_SAYING(expected, text, gcroots_array_new(store, type, &val, 0, &out));
  REFUSED_SAYING(expected, text, gcroots_array_new_fixed(store, type, &val, 1, &out));
  REFUSED_SAYING(expected, text, gcroots_array_set(store, ref, 0, &val));
  REFUSED_SAYING(expected, text, gcroots_array_set_ref(store, ref, 0, value));
  REFUSED_SAYING(expected, text, gcroots_array_fill(store, ref, 0, &val, has_first));
  CHECK(same_bits(out, untouched()));
  if (has_first) CHECK(same_object(element_ref(ref, 0), first));
}

static void elements_take(gcroots_heap_type_t heap, unsigned kinds, bool nullable,
                          const gcroots_ref_t refs[KINDS]) {
  gcroots_field_type_t element = mutable_(ref_to(heap));
  gcroots_type_t *type = new_array(nullable ? or_null(element) : element);
  gcroots_ref_t ref = make_fixed(type, NULL, 0);
  if (nullable) kinds |= 1 << GCROOTS_REF_NULL;
  for (int kind = 0; kind < KINDS; kind++)
    if ((kinds >> kind & 1) != 0) ref = make_filled(type, val_ref(refs[kind]), 1);
  for (int kind = 0; kind < KINDS; kind++) {
    gcroots_status_t refusal =
        kind == GCROOTS_REF_NULL ? GCROOTS_ERROR_NULL_REFERENCE : GCROOTS_ERROR_TYPE_MISMATCH;
    bool taken = (kinds >> kind & 1) != 0;
    reference_answers(taken ? GCROOTS_OK : refusal, kind_names[kind], type, ref, refs[kind]);
  }
  gcroots_type_free(type);
}

CASE(elements_of_an_abstract_type_take_what_is_below_it) {
  gcroots_ref_t refs[KINDS];
  one_of_each_kind(refs);
  for (size_t i = 0; i < COUNT_OF(heaps); i++) {
    check_note = heaps[i].name;
    elements_take(heaps[i].heap, heaps[i].kinds, false, refs);
    elements_take(heaps[i].heap, heaps[i].kinds, true, refs);
  }
}

enum { CHAIN = 4 };

/* Each type is a subtype of the one before, except the last, which is unrelated to the
   others. */
static void elements_take_their_type_and_those_below(gcroots_type_t *types[CHAIN],
                                                     gcroots_ref_t refs[CHAIN]) {
  gcroots_ref_t others[KINDS];
  one_of_each_kind(others);
  for (int slot = 0; slot < CHAIN; slot++) {
    gcroots_type_t *type = new_array(mutable_(ref_to_type(types[slot])));
    gcroots_ref_t ref = make_filled(type, val_ref(refs[slot]), 1);
    char text[64];
    for (int i = 0; i < CHAIN; i++) {
      bool taken = is_subtype(types[i], types[slot]);
      CHECK(taken == (i == slot || (i > slot && i < CHAIN - 1)));
      CHECK(snprintf(text, sizeof text, "type %u is required", index_of(types[slot])) > 0);
      reference_answers(taken ? GCROOTS_OK : GCROOTS_ERROR_TYPE_MISMATCH, text, type, ref, refs[i]);
      CHECK(snprintf(text, sizeof text, "of type %u", index_of(types[i])) > 0);
      if (!taken) CHECK(strstr(gcroots_last_error(), text) != NULL);
    }
    for (int kind = 0; kind < KINDS; kind++)
      reference_answers(
          kind == GCROOTS_REF_NULL ? GCROOTS_ERROR_NULL_REFERENCE : GCROOTS_ERROR_TYPE_MISMATCH,
          kind_names[kind], type, ref, others[kind]);
    gcroots_type_free(type);
  }
}

/* Registers an open struct of a number, below another. */
static gcroots_type_t *new_struct_below(const gcroots_type_t *supertype, size_t count) {
  gcroots_field_type_t fields[3];
  gcroots_rec_group_t *group = new_group();
  for (size_t i = 0; i < count; i++) fields[i] = plain(GCROOTS_STORAGE_I32);
  add_struct_below(group, supertype != NULL ? below_type(supertype) : open_type(), fields, count);
  return register_one(group);
}

CASE(elements_of_a_struct_type_take_it_and_those_below) {
  gcroots_type_t *types[CHAIN];
  gcroots_ref_t refs[CHAIN];
  for (size_t i = 0; i < CHAIN; i++) {
    types[i] = new_struct_below(i == 0 || i == CHAIN - 1 ? NULL : types[i - 1],
                                i == CHAIN - 1 ? i : i + 1);
    refs[i] = make_default(types[i]);
  }
  elements_take_their_type_and_those_below(types, refs);
  free_types(types, CHAIN);
}

CASE(elements_of_an_array_type_take_it_and_those_below) {
  static const gcroots_heap_type_t of[CHAIN] = {GCROOTS_HEAP_ANY, GCROOTS_HEAP_EQ,
                                                GCROOTS_HEAP_ARRAY, GCROOTS_HEAP_ARRAY};
  gcroots_type_t *types[CHAIN];
  gcroots_ref_t refs[CHAIN];
  for (size_t i = 0; i < CHAIN; i++) {
    types[i] = new_array_below(i == 0 || i == CHAIN - 1 ? NULL : types[i - 1], ref_to(of[i]));
    refs[i] = make_fixed(types[i], NULL, 0);
  }
  elements_take_their_type_and_those_below(types, refs);
  free_types(types, CHAIN);
}

CASE(elements_of_a_function_type_take_its_functions_and_null) {
  gcroots_field_type_t param = plain(GCROOTS_STORAGE_I64);
  gcroots_type_t *function = new_func(&param, 1, NULL, 0);
  gcroots_type_t *type = new_array(mutable_(or_null(ref_to_type(function))));
  gcroots_ref_t refs[KINDS], ref = make_zeros(type, 1);
  one_of_each_kind(refs);
  for (int kind = 0; kind < KINDS; kind++)
    reference_answers(kind == GCROOTS_REF_NULL ? GCROOTS_OK : GCROOTS_ERROR_TYPE_MISMATCH,
                      kind_names[kind], type, ref, refs[kind]);
  reference_answers(GCROOTS_OK, "", type, ref, make_func(function, answer_ok, NULL));
  gcroots_type_free(type);
  gcroots_type_free(function);
}

CASE(an_array_may_hold_itself_and_arrays_of_arrays) {
  gcroots_rec_group_t *group = new_group();
  gcroots_field_type_t element = mutable_(or_null(ref_to_local(0)));
  gcroots_type_t *type;
  gcroots_ref_t root_, at;
  uint32_t position;
  OK(gcroots_rec_group_add_array(group, NULL, &element, &position));
  type = register_one(group);
  root_ = at = make_zeros(type, 3);
  OK(gcroots_array_set_ref(store, root_, 2, root_));
  for (size_t i = 0; i < 100; i++) {
    gcroots_ref_t inner = make_zeros(type, 3 + i);
    OK(gcroots_array_set_ref(store, at, 1, inner));
    at = inner;
  }
  OK(gcroots_store_gc(store));
  CHECK(same_object(element_ref(root_, 2), root_));
  at = root_;
  for (size_t i = 0; i < 100; i++) {
    CHECK(gcroots_ref_is_null(element_ref(at, 0)));
    at = element_ref(at, 1);
    CHECK(length_of(at) == 3 + i);
  }
  gcroots_type_free(type);
}

CASE(elements_keep_their_objects_alive) {
  enum { LENGTH = 100 };
  static int numbers[LENGTH];
  gcroots_type_t *type = array_of(GCROOTS_STORAGE_REF);
  gcroots_ref_t ref = make_zeros(type, LENGTH);
  for (size_t i = 0; i < LENGTH; i++) {
    gcroots_scope_t scope = enter();
    gcroots_ref_t value;
    OK(gcroots_externref_new(store, &numbers[i], count_call, &value));
    OK(gcroots_array_set_ref(store, ref, i, value));
    OK(gcroots_scope_exit(store, scope));
  }
  OK(gcroots_store_gc(store));
  for (size_t i = 0; i < LENGTH; i++) {
    gcroots_scope_t scope = enter();
    CHECK(data_of(element_ref(ref, i)) == &numbers[i] && numbers[i] == 0);
    OK(gcroots_array_set_ref(store, ref, i, gcroots_ref_null()));
    OK(gcroots_scope_exit(store, scope));
  }
  OK(gcroots_store_gc(store));
  for (size_t i = 0; i < LENGTH; i++) CHECK(numbers[i] == (collects ? 1 : 0));
  gcroots_type_free(type);
}

CASE(an_array_keeps_its_type) {
  gcroots_type_t *type = array_of(GCROOTS_STORAGE_I16), *of;
  gcroots_ref_t ref = make_filled(type, val_i32(-2), 5);
  uint32_t index = index_of(type);
  gcroots_type_free(type);
  OK(gcroots_store_gc(store));
  OK(gcroots_ref_type(store, ref, &of));
  CHECK(index_of(of) == index);
  gcroots_type_free(of);
  CHECK_ALL(ref, val_i32(0xfffe), 5);
}

CASE(elements_that_are_never_null_have_no_default) {
  gcroots_type_t *type = new_array(mutable_(ref_to(GCROOTS_HEAP_ANY)));
  gcroots_ref_t out = untouched();
  REFUSED_SAYING(GCROOTS_ERROR_TYPE_MISMATCH, "never null",
                 gcroots_array_new_default(store, type, 3, &out));
  REFUSED_SAYING(GCROOTS_ERROR_TYPE_MISMATCH, "never null",
                 gcroots_array_new_default(store, type, 0, &out));
  CHECK(same_bits(out, untouched()));
  gcroots_type_free(type);
}

/* --- What making refuses ------------------------------------------------------- */

CASE(null_pointers_are_refused_in_their_order) {
  gcroots_type_t *type = array_of(GCROOTS_STORAGE_I32);
  gcroots_ref_t out;
  check_nulls(array_calls);
  NULL_REFUSED("elements", gcroots_array_new_fixed(store, type, NULL, SIZE_MAX, &out));
  gcroots_type_free(type);
}

/* Every function that makes an array refuses this type. */
static void type_is_refused(gcroots_status_t expected, const char *text,
                            const gcroots_type_t *type) {
  gcroots_val_t val = val_ref(untouched());
  gcroots_ref_t out = untouched();
  REFUSED_SAYING(expected, text, gcroots_array_new(store, type, &val, SIZE_MAX, &out));
  REFUSED_SAYING(expected, text, gcroots_array_new_default(store, type, SIZE_MAX, &out));
  REFUSED_SAYING(expected, text, gcroots_array_new_fixed(store, type, &val, 1, &out));
  REFUSED_SAYING(expected, text, gcroots_array_new_fixed(store, type, NULL, 0, &out));
  CHECK(same_bits(out, untouched()));
}

CASE(a_type_of_no_arrays_is_refused) {
  gcroots_type_t *type = new_struct(NULL, 0), *function = new_func(NULL, 0, NULL, 0);
  type_is_refused(GCROOTS_ERROR_TYPE_MISMATCH,
                  "an array type is required, but a struct type was found", type);
  type_is_refused(GCROOTS_ERROR_TYPE_MISMATCH, "a function type was found", function);
  gcroots_type_free(type);
  gcroots_type_free(function);
}

CASE(a_type_of_another_engine_is_refused) {
  gcroots_type_t *own = array_of(GCROOTS_STORAGE_I32), *foreign, *of_structs;
  gcroots_engine_t *kept = engine;
  gcroots_ref_t ref = make_filled(own, val_i32(5), 2);
  OK(gcroots_engine_new(NULL, &engine));
  foreign = array_of(GCROOTS_STORAGE_I32);
  of_structs = new_struct(NULL, 0);
  gcroots_engine_free(engine);
  engine = kept;
  CHECK(index_of(foreign) == index_of(own));
  type_is_refused(GCROOTS_ERROR_WRONG_ENGINE, "`type`", foreign);
  type_is_refused(GCROOTS_ERROR_WRONG_ENGINE, "`type`", of_structs);
  CHECK_ALL(ref, val_i32(5), 2);
  gcroots_type_free(own);
  gcroots_type_free(foreign);
  gcroots_type_free(of_structs);
}

CASE(a_value_of_no_kind_is_refused_first) {
  static const gcroots_storage_t kinds[] = {GCROOTS_STORAGE_I8, GCROOTS_STORAGE_I16, STORAGES,
                                            UINT32_MAX};
  gcroots_type_t *type = new_struct(NULL, 0);
  gcroots_ref_t bad = untouched(), out = untouched();
  for (size_t i = 0; i < COUNT_OF(kinds); i++) {
    gcroots_val_t vals[2] = {val_ref(bad), val_of(kinds[i])};
    char text[32];
    CHECK(snprintf(text, sizeof text, "`kind` is %u;", kinds[i]) > 0);
    REFUSED_SAYING(GCROOTS_ERROR_INVALID_ARGUMENT, text,
                   gcroots_array_new(store, type, &vals[1], SIZE_MAX, &out));
    REFUSED_SAYING(GCROOTS_ERROR_INVALID_ARGUMENT, text,
                   gcroots_array_new_fixed(store, type, vals, 2, &out));
    REFUSED_SAYING(GCROOTS_ERROR_INVALID_ARGUMENT, text,
                   gcroots_array_set(store, bad, SIZE_MAX, &vals[1]));
    REFUSED_SAYING(GCROOTS_ERROR_INVALID_ARGUMENT, text,
                   gcroots_array_fill(store, bad, SIZE_MAX, &vals[1], SIZE_MAX));
  }
  CHECK(same_bits(out, untouched()));
  gcroots_type_free(type);
}

CASE(a_value_of_another_kind_is_refused) {
  EACH_STORAGE(storage) {
    gcroots_type_t *type = array_of(storage);
    gcroots_ref_t ref = make_zeros(type, 3), out = untouched();
    gcroots_storage_t kind = storage < GCROOTS_STORAGE_I32 ? GCROOTS_STORAGE_I32 : storage;
    for (gcroots_storage_t other = GCROOTS_STORAGE_I32; other < STORAGES; other++) {
      gcroots_val_t vals[2] = {default_of(storage), val_of(other)};
      if (other == kind) continue;
      REFUSED_SAYING(GCROOTS_ERROR_TYPE_MISMATCH, storage_names[other],
                     gcroots_array_new(store, type, &vals[1], SIZE_MAX, &out));
      REFUSED_SAYING(GCROOTS_ERROR_TYPE_MISMATCH, storage_names[kind],
                     gcroots_array_new_fixed(store, type, vals, 2, &out));
      CHECK(strstr(gcroots_last_error(), "the value for field or element 1 is ") != NULL);
      REFUSED_SAYING(GCROOTS_ERROR_TYPE_MISMATCH, storage_names[other],
                     gcroots_array_set(store, ref, SIZE_MAX, &vals[1]));
      REFUSED_SAYING(GCROOTS_ERROR_TYPE_MISMATCH, storage_names[other],
                     gcroots_array_fill(store, ref, SIZE_MAX, &vals[1], SIZE_MAX));
    }
    CHECK(same_bits(out, untouched()));
    CHECK_ALL(ref, default_of(storage), 3);
    gcroots_type_free(type);
  }
}

CASE(a_bad_handle_is_no_value) {
  gcroots_type_t *type = array_of(GCROOTS_STORAGE_REF);
  gcroots_type_t *fixed = immutable_array_of(GCROOTS_STORAGE_REF);
  gcroots_ref_t host = new_externref(NULL), ref = make_filled(type, val_ref(host), 3);
  gcroots_ref_t constant = make_filled(fixed, val_ref(host), 3), out = untouched();
  EACH_BAD_HANDLE(at) {
    gcroots_val_t vals[3] = {val_ref(host), val_ref(at->ref), val_ref(host)};
    REFUSED_SAYING(at->status, "`value`", gcroots_array_new(store, type, &vals[1], 3, &out));
    REFUSED(at->status, gcroots_array_new(store, type, &vals[1], SIZE_MAX, &out));
    REFUSED_SAYING(at->status, "`value`", gcroots_array_new_fixed(store, type, vals, 3, &out));
    REFUSED_SAYING(at->status, "`value`", gcroots_array_set(store, ref, 1, &vals[1]));
    REFUSED_SAYING(at->status, "`value`", gcroots_array_set_ref(store, ref, 1, at->ref));
    REFUSED_SAYING(at->status, "`value`", gcroots_array_fill(store, ref, 1, &vals[1], 1));
    /* A bad value is reported before an immutable array and a bad index. */
    REFUSED(at->status, gcroots_array_set(store, constant, SIZE_MAX, &vals[1]));
    REFUSED(at->status, gcroots_array_set_ref(store, constant, SIZE_MAX, at->ref));
    REFUSED(at->status, gcroots_array_fill(store, constant, SIZE_MAX, &vals[1], SIZE_MAX));
    CHECK(same_bits(out, untouched()));
  }
  CHECK_ALL(ref, val_ref(host), 3);
  gcroots_type_free(type);
  gcroots_type_free(fixed);
}

CASE(values_beyond_32_bits_are_refused_and_not_read) {
  gcroots_type_t *type = array_of(GCROOTS_STORAGE_I32), *other = new_struct(NULL, 0);
  gcroots_val_t no_kind = val_of(STORAGES);
  gcroots_ref_t out = untouched();
  for (size_t count = (size_t)1 << 32; count != 0; count *= 2) {
    REFUSED_SAYING(GCROOTS_ERROR_LIMIT, "4294967295",
                   gcroots_array_new_fixed(store, type, &no_kind, count, &out));
    REFUSED(GCROOTS_ERROR_TYPE_MISMATCH,
            gcroots_array_new_fixed(store, other, &no_kind, count, &out));
  }
  REFUSED(GCROOTS_ERROR_LIMIT, gcroots_array_new_fixed(store, type, &no_kind, SIZE_MAX, &out));
  CHECK(same_bits(out, untouched()));
  gcroots_type_free(type);
  gcroots_type_free(other);
}

CASE(a_length_beyond_32_bits_is_refused_after_the_value) {
  static const size_t lengths_beyond[] = {(size_t)1 << 32, ((size_t)1 << 32) + 1, SIZE_MAX / 16,
                                          SIZE_MAX};
  EACH_STORAGE(storage) {
    gcroots_type_t *type = array_of(storage);
    gcroots_val_t val = default_of(storage);
    gcroots_ref_t out = untouched();
    for (size_t i = 0; i < COUNT_OF(lengths_beyond); i++) {
      REFUSED_SAYING(GCROOTS_ERROR_LIMIT, "4294967295",
                     gcroots_array_new(store, type, &val, lengths_beyond[i], &out));
      REFUSED_SAYING(GCROOTS_ERROR_LIMIT, "4294967295",
                     gcroots_array_new_default(store, type, lengths_beyond[i], &out));
    }
    CHECK(same_bits(out, untouched()));
    gcroots_type_free(type);
  }
}

/* --- What reading and setting refuse ------------------------------------------- */

CASE(a_bad_handle_is_no_array) {
  struct arguments a;
  gcroots_type_t *type = array_of(GCROOTS_STORAGE_REF);
  new_arguments(&a, store);
  a.h.ref = make_zeros(type, 1);
  check_bad_handles(array_calls, &a);
  gcroots_type_free(type);
  free_arguments(&a);
}

CASE(what_is_no_array_is_refused) {
  gcroots_ref_t refs[KINDS];
  one_of_each_kind(refs);
  for (int kind = 0; kind < KINDS; kind++) {
    gcroots_status_t expected =
        kind == GCROOTS_REF_NULL ? GCROOTS_ERROR_NULL_REFERENCE : GCROOTS_ERROR_TYPE_MISMATCH;
    const char *text = kind == GCROOTS_REF_NULL ? "`ref`" : kind_names[kind];
    size_t length = 0x5a;
    if (kind == GCROOTS_REF_ARRAY) continue;
    REFUSED_SAYING(expected, text, gcroots_array_len(store, refs[kind], &length));
    CHECK(length == 0x5a);
    EACH_ACCESS(at) REFUSED_SAYING(expected, text, at->call(store, refs[kind], 0));
    /* A wrong kind of reference is reported before a bad value. */
    REFUSED_SAYING(expected, text, gcroots_array_set_ref(store, refs[kind], 0, untouched()));
  }
}

CASE(an_index_from_the_length_on_is_refused_last) {
  static const size_t beyond[] = {3, 4, 5, (size_t)1 << 32, SIZE_MAX / 16, SIZE_MAX - 1, SIZE_MAX};
  for (gcroots_storage_t storage = 0; storage < STORAGES; storage++) {
    gcroots_type_t *type = array_of(storage);
    gcroots_val_t elements[3];
    gcroots_ref_t ref, empty;
    elements_made_of(storage, 1, elements, 3);
    ref = make_fixed(type, elements, 3);
    empty = make_zeros(type, 0);
    EACH_ACCESS(at) {
      if (!takes(at, storage)) {
        REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, at->call(store, ref, 3));
        continue;
      }
      for (size_t i = 0; i < COUNT_OF(beyond); i++) {
        char text[80];
        CHECK(snprintf(text, sizeof text,
                       "element %zu is out of bounds; the number of elements is 3", beyond[i]) > 0);
        REFUSED_SAYING(GCROOTS_ERROR_OUT_OF_BOUNDS, text, at->call(store, ref, beyond[i]));
      }
      REFUSED_SAYING(GCROOTS_ERROR_OUT_OF_BOUNDS,
                     "element 0 is out of bounds; the number of elements is 0",
                     at->call(store, empty, 0));
    }
    CHECK_ELEMENTS(ref, elements, 3);
    gcroots_type_free(type);
  }
}

CASE(elements_that_are_immutable_are_only_read) {
  for (gcroots_storage_t storage = 0; storage < STORAGES; storage++) {
    gcroots_type_t *type = immutable_array_of(storage);
    gcroots_val_t elements[3], val = default_of(storage);
    gcroots_ref_t ref;
    char text[32];
    elements_made_of(storage, 1, elements, 3);
    ref = make_fixed(type, elements, 3);
    CHECK(snprintf(text, sizeof text, "of type %u cannot be set", index_of(type)) > 0);
    EACH_ACCESS(at) {
      if (!at->sets) {
        if (takes(at, storage)) OK(at->call(store, ref, 2));
        continue;
      }
      /* An immutable array is reported whatever the value and the index are. */
      REFUSED_SAYING(GCROOTS_ERROR_IMMUTABLE, text, at->call(store, ref, 1));
      REFUSED_SAYING(GCROOTS_ERROR_IMMUTABLE, text, at->call(store, ref, 3));
    }
    REFUSED_SAYING(GCROOTS_ERROR_IMMUTABLE, text, gcroots_array_set(store, ref, 1, &val));
    CHECK_ELEMENTS(ref, elements, 3);
    gcroots_type_free(type);
  }
}

CASE(null_is_refused_before_the_index) {
  gcroots_type_t *type = new_array(mutable_(ref_to(GCROOTS_HEAP_ANY)));
  gcroots_type_t *constant = new_array(ref_to(GCROOTS_HEAP_ANY));
  gcroots_val_t host = val_ref(new_externref(NULL)), null = val_null();
  gcroots_ref_t ref = make_filled(type, host, 2), fixed = make_filled(constant, host, 2);
  gcroots_ref_t out = untouched();
  REFUSED(GCROOTS_ERROR_NULL_REFERENCE, gcroots_array_set(store, ref, 2, &null));
  REFUSED(GCROOTS_ERROR_NULL_REFERENCE, gcroots_array_set_ref(store, ref, 2, null.of.ref));
  REFUSED(GCROOTS_ERROR_NULL_REFERENCE, gcroots_array_fill(store, ref, 3, &null, 1));
  REFUSED(GCROOTS_ERROR_NULL_REFERENCE, gcroots_array_new(store, type, &null, SIZE_MAX, &out));
  REFUSED(GCROOTS_ERROR_IMMUTABLE, gcroots_array_set(store, fixed, 2, &null));
  REFUSED(GCROOTS_ERROR_IMMUTABLE, gcroots_array_set_ref(store, fixed, 2, null.of.ref));
  CHECK(same_bits(out, untouched()));
  CHECK_ALL(ref, host, 2);
  gcroots_type_free(type);
  gcroots_type_free(constant);
}
