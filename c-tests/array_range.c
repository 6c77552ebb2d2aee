/* Ranges of elements: fill, copy, and transfer from and to memory outside the heap.
 */
#include "arrays.h"

enum { LENGTH = 13 };

/* Ranges that are not inside an array of LENGTH elements. */
static const struct {
  size_t index, count, last;
} outside[] = {{0, LENGTH + 1, LENGTH},
               {LENGTH, 1, LENGTH},
               {LENGTH + 1, 0, LENGTH + 1},
               {1, LENGTH, LENGTH},
               {LENGTH - 1, 2, LENGTH},
               {(size_t)1 << 32, 0, (size_t)1 << 32},
               {(size_t)1 << 32, 1, (size_t)1 << 32},
               {0, (size_t)1 << 32, ((size_t)1 << 32) - 1},
               {0, SIZE_MAX, SIZE_MAX - 1},
               {1, SIZE_MAX, SIZE_MAX},
               {2, SIZE_MAX, SIZE_MAX},
               {SIZE_MAX, 0, SIZE_MAX},
               {SIZE_MAX, 1, SIZE_MAX},
               {SIZE_MAX, SIZE_MAX, SIZE_MAX},
               /* Ranges whose offset in bytes is inside the array modulo 2^64, but whose
                  elements are not. */
               {SIZE_MAX / 2 + 1, 1, SIZE_MAX / 2 + 1},
               {0, SIZE_MAX / 2 + 2, SIZE_MAX / 2 + 1},
               {0, SIZE_MAX / 4 + 2, SIZE_MAX / 4 + 1},
               {0, SIZE_MAX / 8 + 2, SIZE_MAX / 8 + 1},
               {0, SIZE_MAX / 16 + 2, SIZE_MAX / 16 + 1}};

/* Runs the body for each of these ranges. `text` is what the message says about the
   range. */
#define EACH_OUTSIDE(at, text) \
  for (size_t at = 0; at < COUNT_OF(outside) && say_outside(text, sizeof text, at); at++)

static bool say_outside(char *text, size_t bytes, size_t at) {
  return snprintf(text, bytes, "element %zu is out of bounds; the number of elements is %d",
                  outside[at].last, LENGTH) > 0;
}

/* --- Fill ---------------------------------------------------------------------- */

CASE(fill_sets_a_range_and_nothing_else) {
  EACH_STORAGE(storage) {
    gcroots_type_t *type = array_of(storage);
    gcroots_val_t elements[LENGTH], expected[LENGTH], value = element_made_of(storage, 99);
    gcroots_ref_t before, ref, after;
    elements_made_of(storage, 1, elements, LENGTH);
    before = make_fixed(type, elements, LENGTH);
    ref = make_fixed(type, elements, LENGTH);
    after = make_fixed(type, elements, LENGTH);
    for (size_t index = 0; index <= LENGTH; index++)
      for (size_t count = 0; count <= LENGTH - index; count++) {
        set_elements(ref, elements, LENGTH);
        memcpy(expected, elements, sizeof expected);
        for (size_t i = 0; i < count; i++) expected[index + i] = value;
        OK(gcroots_array_fill(store, ref, index, &value, count));
        CHECK_ELEMENTS(ref, expected, LENGTH);
      }
    CHECK_ELEMENTS(before, elements, LENGTH);
    CHECK_ELEMENTS(after, elements, LENGTH);
    gcroots_type_free(type);
  }
}

CASE(fill_sets_what_set_sets) {
  static const int32_t numbers[] = {-1, 0x80, 0x1ff, 0x8000, 0x1ffff, INT32_MIN};
  for (gcroots_storage_t storage = GCROOTS_STORAGE_I8; storage <= GCROOTS_STORAGE_I32; storage++) {
    gcroots_type_t *type = array_of(storage);
    gcroots_ref_t ref = make_zeros(type, LENGTH);
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
      gcroots_val_t value = val_i32(numbers[i]);
      OK(gcroots_array_fill(store, ref, 0, &value, LENGTH));
      set_element(ref, 3, value);
      CHECK_ALL(ref, get_element(ref, 3), LENGTH);
    }
    gcroots_type_free(type);
  }
}

CASE(fill_of_references_keeps_their_object_alive) {
  static int finalized;
  gcroots_type_t *type = array_of(GCROOTS_STORAGE_REF);
  gcroots_ref_t ref = make_zeros(type, LENGTH);
  gcroots_val_t value = val_of(GCROOTS_STORAGE_REF), null = val_null();
  gcroots_scope_t scope = enter();
  OK(gcroots_externref_new(store, &finalized, count_call, &value.of.ref));
  OK(gcroots_array_fill(store, ref, 2, &value, 5));
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_store_gc(store));
  for (size_t i = 0; i < LENGTH; i++) {
    bool filled = i >= 2 && i < 7;
    gcroots_ref_t at = element_ref(ref, i);
    CHECK(gcroots_ref_is_null(at) == !filled);
    if (filled) CHECK(data_of(at) == &finalized && same_object(at, element_ref(ref, 2)));
  }
  CHECK(finalized == 0);
  OK(gcroots_array_fill(store, ref, 0, &null, LENGTH));
  CHECK_ALL(ref, null, LENGTH);
  gcroots_type_free(type);
}

CASE(fill_refuses_elements_that_are_not_there_and_changes_none) {
  EACH_STORAGE(storage) {
    gcroots_type_t *type = array_of(storage);
    gcroots_val_t elements[LENGTH], value = element_made_of(storage, 99);
    gcroots_ref_t ref;
    char text[80];
    elements_made_of(storage, 1, elements, LENGTH);
    ref = make_fixed(type, elements, LENGTH);
    EACH_OUTSIDE(at, text)
      REFUSED_SAYING(GCROOTS_ERROR_OUT_OF_BOUNDS, text,
                     gcroots_array_fill(store, ref, outside[at].index, &value, outside[at].count));
    CHECK_ELEMENTS(ref, elements, LENGTH);
    gcroots_type_free(type);
  }
}

CASE(fill_is_refused_in_the_documented_order) {
  gcroots_type_t *type = new_array(mutable_(ref_to(GCROOTS_HEAP_I31)));
  gcroots_type_t *constant = new_array(ref_to(GCROOTS_HEAP_I31));
  gcroots_val_t number = val_ref(new_i31(1)), host = val_ref(new_externref(NULL));
  gcroots_val_t bad = val_ref(untouched()), null = val_null(), other = val_i32(1);
  gcroots_ref_t ref = make_filled(type, number, LENGTH);
  gcroots_ref_t fixed = make_filled(constant, number, LENGTH);
  REFUSED(GCROOTS_ERROR_NULL_REFERENCE, gcroots_array_fill(store, null.of.ref, 99, &bad, 0));
  REFUSED_SAYING(GCROOTS_ERROR_TYPE_MISMATCH, "an array is required",
                 gcroots_array_fill(store, host.of.ref, 99, &bad, 0));
  REFUSED(GCROOTS_ERROR_WRONG_STORE, gcroots_array_fill(store, fixed, 99, &bad, 0));
  REFUSED(GCROOTS_ERROR_IMMUTABLE, gcroots_array_fill(store, fixed, 99, &null, 0));
  REFUSED(GCROOTS_ERROR_IMMUTABLE, gcroots_array_fill(store, fixed, 99, &other, 0));
  REFUSED(GCROOTS_ERROR_IMMUTABLE, gcroots_array_fill(store, fixed, 0, &number, 0));
  REFUSED(GCROOTS_ERROR_IMMUTABLE, gcroots_array_fill(store, fixed, 0, &number, 1));
  REFUSED(GCROOTS_ERROR_NULL_REFERENCE, gcroots_array_fill(store, ref, 99, &null, 0));
  REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_array_fill(store, ref, 99, &other, 0));
  REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_array_fill(store, ref, 99, &host, 0));
  REFUSED(GCROOTS_ERROR_OUT_OF_BOUNDS, gcroots_array_fill(store, ref, 99, &number, 0));
  CHECK_ALL(ref, number, LENGTH);
  CHECK_ALL(fixed, number, LENGTH);
  gcroots_type_free(type);
  gcroots_type_free(constant);
}

/* --- Copy ---------------------------------------------------------------------- */

/* Copies a range inside the array by any distance. */
static void copy_inside(gcroots_ref_t ref, const gcroots_val_t elements[LENGTH], size_t to,
                        size_t from, size_t count) {
  gcroots_val_t expected[LENGTH];
  set_elements(ref, elements, LENGTH);
  memcpy(expected, elements, sizeof expected);
  memcpy(&expected[to], &elements[from], count * sizeof *expected);
  OK(gcroots_array_copy(store, ref, to, ref, from, count));
  CHECK_ELEMENTS(ref, expected, LENGTH);
}

CASE(copy_inside_an_array_reads_all_before_it_writes) {
  EACH_STORAGE(storage) {
    gcroots_type_t *type = array_of(storage);
    gcroots_val_t elements[LENGTH];
    gcroots_ref_t ref;
    elements_made_of(storage, 1, elements, LENGTH);
    ref = make_fixed(type, elements, LENGTH);
    for (size_t to = 0; to <= LENGTH; to++)
      for (size_t from = 0; from <= LENGTH; from++) {
        size_t most = LENGTH - (to > from ? to : from);
        for (size_t count = 0; count <= most; count++) copy_inside(ref, elements, to, from, count);
      }
    gcroots_type_free(type);
  }
}

CASE(copy_across_arrays_leaves_the_source_and_the_neighbours) {
  enum { SHORT = 5 };
  EACH_STORAGE(storage) {
    gcroots_type_t *type = array_of(storage), *constant = immutable_array_of(storage);
    gcroots_val_t elements[LENGTH], others[SHORT], expected[SHORT];
    gcroots_ref_t before, target, source;
    elements_made_of(storage, 1, elements, LENGTH);
    elements_made_of(storage, 100, others, SHORT);
    before = make_fixed(type, others, SHORT);
    target = make_fixed(type, others, SHORT);
    source = make_fixed(constant, elements, LENGTH);
    for (size_t from = 0; from <= LENGTH; from++)
      for (size_t to = 0; to <= SHORT; to++)
        for (size_t count = 0; count <= SHORT - to && count <= LENGTH - from; count++) {
          set_elements(target, others, SHORT);
          memcpy(expected, others, sizeof expected);
          memcpy(&expected[to], &elements[from], count * sizeof *expected);
          OK(gcroots_array_copy(store, target, to, source, from, count));
          CHECK_ELEMENTS(target, expected, SHORT);
        }
    CHECK_ELEMENTS(source, elements, LENGTH);
    CHECK_ELEMENTS(before, others, SHORT);
    gcroots_type_free(type);
    gcroots_type_free(constant);
  }
}

CASE(copied_references_keep_their_objects_alive) {
  static int numbers[LENGTH];
  gcroots_type_t *type = array_of(GCROOTS_STORAGE_REF);
  gcroots_ref_t target = make_zeros(type, LENGTH);
  gcroots_scope_t scope = enter();
  gcroots_ref_t source = make_zeros(type, LENGTH);
  for (size_t i = 0; i < LENGTH; i++) {
    gcroots_ref_t value;
    OK(gcroots_externref_new(store, &numbers[i], count_call, &value));
    OK(gcroots_array_set_ref(store, source, i, value));
  }
  OK(gcroots_array_copy(store, target, 0, source, 0, LENGTH - 3));
  /* Source and target overlap: ten elements move by three places. */
  OK(gcroots_array_copy(store, target, 3, target, 0, LENGTH - 3));
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_store_gc(store));
  for (size_t i = 0; i < LENGTH; i++) {
    bool kept = i < LENGTH - 3;
    CHECK(numbers[i] == (kept || !collects ? 0 : 1));
    CHECK(data_of(element_ref(target, i)) == &numbers[i < 3 ? i : i - 3]);
  }
  gcroots_type_free(type);
}

CASE(copy_needs_elements_of_one_storage) {
  for (gcroots_storage_t from = 0; from < STORAGES; from++)
    EACH_STORAGE(to) {
      gcroots_type_t *types[2] = {array_of(from), array_of(to)};
      gcroots_val_t value = element_made_of(to, 1);
      gcroots_ref_t source = make_zeros(types[0], 3), target = make_filled(types[1], value, 3);
      if (from == to) {
        OK(gcroots_array_copy(store, target, 0, source, 0, 3));
        CHECK_ALL(target, default_of(to), 3);
      } else {
        REFUSED_SAYING(GCROOTS_ERROR_TYPE_MISMATCH, storage_names[from],
                       gcroots_array_copy(store, target, 0, source, 0, 3));
        CHECK(strstr(gcroots_last_error(), storage_names[to]) != NULL);
        /* A wrong element type is reported before bad bounds, and also when no element
           is copied. */
        REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_array_copy(store, target, 9, source, 9, 0));
        CHECK_ALL(target, value, 3);
      }
      free_types(types, 2);
    }
}

/* Types of references. `over` has the direct supertype of each (nullable). */
enum { BRANCH = GCROOTS_HEAP_TYPE, LEAF, ROW, CALL, HEAPS };

/* Whether the type `heap` is `above` or a subtype of it. */
static bool is_below(int heap, int above) {
  static const int over[HEAPS] = {[GCROOTS_HEAP_EQ] = GCROOTS_HEAP_ANY,
                                  [GCROOTS_HEAP_I31] = GCROOTS_HEAP_EQ,
                                  [GCROOTS_HEAP_STRUCT] = GCROOTS_HEAP_EQ,
                                  [GCROOTS_HEAP_ARRAY] = GCROOTS_HEAP_EQ,
                                  [BRANCH] = GCROOTS_HEAP_STRUCT,
                                  [LEAF] = BRANCH,
                                  [ROW] = GCROOTS_HEAP_ARRAY,
                                  [CALL] = GCROOTS_HEAP_FUNC};
  bool top = heap == GCROOTS_HEAP_ANY || heap == GCROOTS_HEAP_FUNC || heap == GCROOTS_HEAP_EXTERN ||
             heap == GCROOTS_HEAP_EXN;
  if (heap == above) return true;
  if (heap == GCROOTS_HEAP_NONE) return is_below(above, GCROOTS_HEAP_ANY);
  if (heap == GCROOTS_HEAP_NOFUNC) return is_below(above, GCROOTS_HEAP_FUNC);
  if (heap == GCROOTS_HEAP_NOEXTERN) return above == GCROOTS_HEAP_EXTERN;
  if (heap == GCROOTS_HEAP_NOEXN) return above == GCROOTS_HEAP_EXN;
  return !top && is_below(over[heap], above);
}

/* The concrete types, from BRANCH on. */
static void register_heaps(gcroots_type_t *types[HEAPS - BRANCH]) {
  gcroots_field_type_t field = plain(GCROOTS_STORAGE_I32);
  gcroots_rec_group_t *group = new_group();
  types[0] = new_struct(&field, 1);
  add_struct_below(group, below_type(types[0]), &field, 1);
  types[1] = register_one(group);
  types[2] = new_array(field);
  types[3] = new_func(&field, 1, NULL, 0);
}

static gcroots_type_t *array_of_heap(int heap, bool nullable,
                                     gcroots_type_t *const types[HEAPS - BRANCH]) {
  gcroots_field_type_t element =
      heap < BRANCH ? ref_to((gcroots_heap_type_t)heap) : ref_to_type(types[heap - BRANCH]);
  return new_array(mutable_(nullable ? or_null(element) : element));
}

CASE(copy_of_references_needs_a_subtype) {
  gcroots_type_t *types[HEAPS - BRANCH];
  char note[64];
  register_heaps(types);
  for (int pair = 0; pair < HEAPS * HEAPS * 4; pair++) {
    int from = pair / 4 / HEAPS, to = pair / 4 % HEAPS;
    bool from_null = (pair & 1) != 0, to_null = (pair & 2) != 0;
    gcroots_type_t *source_type = array_of_heap(from, from_null, types);
    gcroots_type_t *target_type = array_of_heap(to, to_null, types);
    gcroots_ref_t source = make_fixed(source_type, NULL, 0);
    gcroots_ref_t target = make_fixed(target_type, NULL, 0);
    CHECK(snprintf(note, sizeof note, "%d %d to %d %d", from, from_null, to, to_null) > 0);
    check_note = note;
    if (is_below(from, to) && (to_null || !from_null)) {
      OK(gcroots_array_copy(store, target, 0, source, 0, 0));
    } else {
      char text[64];
      CHECK(snprintf(text, sizeof text, "type %u is required", index_of(target_type)) > 0);
      REFUSED_SAYING(GCROOTS_ERROR_TYPE_MISMATCH, text,
                     gcroots_array_copy(store, target, 0, source, 0, 0));
      CHECK(snprintf(text, sizeof text, "of type %u", index_of(source_type)) > 0);
      CHECK(strstr(gcroots_last_error(), text) != NULL);
    }
    gcroots_type_free(source_type);
    gcroots_type_free(target_type);
  }
  check_note = NULL;
  free_types(types, HEAPS - BRANCH);
}

CASE(copy_looks_at_the_types_and_not_at_the_elements) {
  gcroots_type_t *any = array_of(GCROOTS_STORAGE_REF);
  gcroots_type_t *i31 = new_array(mutable_(or_null(ref_to(GCROOTS_HEAP_I31))));
  gcroots_val_t number = val_ref(new_i31(5));
  gcroots_ref_t numbers = make_filled(any, number, 3), target = make_zeros(i31, 3);
  REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_array_copy(store, target, 0, numbers, 0, 3));
  CHECK_ALL(target, val_null(), 3);
  OK(gcroots_array_copy(store, numbers, 1, target, 1, 2));
  CHECK(same_val(get_element(numbers, 0), number) && same_val(get_element(numbers, 2), val_null()));
  gcroots_type_free(any);
  gcroots_type_free(i31);
}

CASE(copy_refuses_elements_that_are_not_there_and_changes_none) {
  EACH_STORAGE(storage) {
    gcroots_type_t *type = array_of(storage);
    gcroots_val_t elements[LENGTH], others[LENGTH];
    gcroots_ref_t target, source;
    char text[80];
    elements_made_of(storage, 1, elements, LENGTH);
    elements_made_of(storage, 50, others, LENGTH);
    target = make_fixed(type, elements, LENGTH);
    source = make_fixed(type, others, LENGTH);
    EACH_OUTSIDE(at, text) {
      size_t index = outside[at].index, count = outside[at].count;
      REFUSED_SAYING(GCROOTS_ERROR_OUT_OF_BOUNDS, text,
                     gcroots_array_copy(store, target, index, source, 0, count));
      REFUSED_SAYING(GCROOTS_ERROR_OUT_OF_BOUNDS, text,
                     gcroots_array_copy(store, target, index, target, 0, count));
      /* More than LENGTH elements do not fit into the target either, and the target is
         checked first. */
      if (count > LENGTH) text[0] = '\0';
      REFUSED_SAYING(GCROOTS_ERROR_OUT_OF_BOUNDS, text,
                     gcroots_array_copy(store, target, 0, source, index, count));
      REFUSED_SAYING(GCROOTS_ERROR_OUT_OF_BOUNDS, text,
                     gcroots_array_copy(store, target, 0, target, index, count));
    }
    /* The target's bounds are checked first. */
    REFUSED_SAYING(GCROOTS_ERROR_OUT_OF_BOUNDS, "element 20 is out of bounds",
                   gcroots_array_copy(store, target, 20, source, 30, 1));
    CHECK_ELEMENTS(target, elements, LENGTH);
    CHECK_ELEMENTS(source, others, LENGTH);
    gcroots_type_free(type);
  }
}

CASE(bad_handles_are_refused) {
  struct arguments a;
  gcroots_type_t *type = array_of(GCROOTS_STORAGE_I32);
  gcroots_type_t *constant = immutable_array_of(GCROOTS_STORAGE_I32);
  new_arguments(&a, store);
  a.h.ref = a.h.dst = make_filled(type, val_i32(1), LENGTH);
  a.h.src = make_filled(constant, val_i32(2), LENGTH);
  check_bad_handles(array_range_calls, &a);
  a.h.dst = a.h.src;
  check_bad_handles(array_range_calls, &a);
  CHECK_ALL(a.h.ref, val_i32(1), LENGTH);
  CHECK_ALL(a.h.src, val_i32(2), LENGTH);
  gcroots_type_free(type);
  gcroots_type_free(constant);
  free_arguments(&a);
}

CASE(copy_is_refused_in_the_documented_order) {
  gcroots_type_t *type = array_of(GCROOTS_STORAGE_I32), *wide = array_of(GCROOTS_STORAGE_I64);
  gcroots_type_t *constant = immutable_array_of(GCROOTS_STORAGE_I32);
  gcroots_ref_t ref = make_filled(type, val_i32(1), 2),
                fixed = make_filled(constant, val_i32(2), 2);
  gcroots_ref_t longs = make_filled(wide, val_i64(3), 2), bad = untouched(), refs[KINDS];
  one_of_each_kind(refs);
  REFUSED_SAYING(GCROOTS_ERROR_NULL_REFERENCE, "`dst`",
                 gcroots_array_copy(store, refs[GCROOTS_REF_NULL], 9, bad, 9, 1));
  REFUSED_SAYING(GCROOTS_ERROR_NULL_REFERENCE, "`src`",
                 gcroots_array_copy(store, fixed, 9, refs[GCROOTS_REF_NULL], 9, 1));
  for (int kind = GCROOTS_REF_EXTERN; kind < KINDS; kind++) {
    if (kind == GCROOTS_REF_ARRAY) continue;
    REFUSED_SAYING(GCROOTS_ERROR_TYPE_MISMATCH, kind_names[kind],
                   gcroots_array_copy(store, refs[kind], 9, bad, 9, 1));
    REFUSED_SAYING(GCROOTS_ERROR_TYPE_MISMATCH, kind_names[kind],
                   gcroots_array_copy(store, fixed, 9, refs[kind], 9, 1));
  }
  REFUSED(GCROOTS_ERROR_IMMUTABLE, gcroots_array_copy(store, fixed, 9, longs, 9, 1));
  REFUSED(GCROOTS_ERROR_IMMUTABLE, gcroots_array_copy(store, fixed, 0, fixed, 0, 0));
  REFUSED(GCROOTS_ERROR_IMMUTABLE, gcroots_array_copy(store, fixed, 0, ref, 0, 2));
  REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_array_copy(store, ref, 9, longs, 9, 1));
  REFUSED(GCROOTS_ERROR_OUT_OF_BOUNDS, gcroots_array_copy(store, ref, 9, fixed, 9, 1));
  CHECK_ALL(ref, val_i32(1), 2);
  CHECK_ALL(fixed, val_i32(2), 2);
  OK(gcroots_array_copy(store, ref, 0, fixed, 0, 2));
  CHECK_ALL(ref, val_i32(2), 2);
  gcroots_type_free(type);
  gcroots_type_free(wide);
  gcroots_type_free(constant);
}

/* --- Read and write ------------------------------------------------------------ */

/* Memory for LENGTH elements of any type, with guard bytes on both sides. */
enum { EDGE = 16, BYTES = EDGE + LENGTH * 16 + EDGE };

/* Reads an element from memory. */
static gcroots_val_t element_in(const unsigned char *memory, gcroots_storage_t storage,
                                size_t index) {
  gcroots_val_t val = default_of(storage);
  /* Integers are little-endian: the low bytes come first. */
  memcpy(&val.of, memory + index * element_bytes[storage], element_bytes[storage]);
  return val;
}

/* Reads a range into memory that may be at an odd address. */
static void read_range(gcroots_ref_t ref, gcroots_storage_t storage, const gcroots_val_t *elements,
                       size_t index, size_t count, size_t odd) {
  unsigned char memory[BYTES];
  size_t begin = EDGE / 2 + odd, end = begin + count * element_bytes[storage];
  memset(memory, 0x5a, sizeof memory);
  OK(gcroots_array_read(store, ref, index, memory + begin, count));
  for (size_t i = 0; i < count; i++)
    CHECK(same_val(element_in(memory + begin, storage, i), elements[index + i]));
  for (size_t i = 0; i < begin; i++) CHECK(memory[i] == 0x5a);
  for (size_t i = end; i < BYTES; i++) CHECK(memory[i] == 0x5a);
}

CASE(read_gives_the_elements_as_memory_has_them) {
  for (gcroots_storage_t storage = 0; storage < GCROOTS_STORAGE_REF; storage++) {
    gcroots_type_t *types[2] = {array_of(storage), immutable_array_of(storage)};
    gcroots_val_t elements[LENGTH];
    elements_made_of(storage, 1, elements, LENGTH);
    for (int t = 0; t < 2; t++) {
      gcroots_ref_t ref = make_fixed(types[t], elements, LENGTH);
      for (size_t index = 0; index <= LENGTH; index++)
        for (size_t count = 0; count <= LENGTH - index; count++)
          for (size_t odd = 0; odd < 8; odd += 1 + 6 * (count % 2))
            read_range(ref, storage, elements, index, count, odd);
      CHECK_ELEMENTS(ref, elements, LENGTH);
    }
    free_types(types, 2);
  }
}

CASE(write_sets_a_range_and_nothing_else) {
  for (gcroots_storage_t storage = 0; storage < GCROOTS_STORAGE_REF; storage++) {
    gcroots_type_t *type = array_of(storage);
    gcroots_val_t elements[LENGTH], expected[LENGTH];
    unsigned char memory[BYTES], kept[BYTES];
    gcroots_ref_t before, ref, after;
    elements_made_of(storage, 1, elements, LENGTH);
    before = make_fixed(type, elements, LENGTH);
    ref = make_fixed(type, elements, LENGTH);
    after = make_fixed(type, elements, LENGTH);
    for (size_t i = 0; i < BYTES; i++) kept[i] = memory[i] = (unsigned char)(i * 37 + 201);
    for (size_t index = 0; index <= LENGTH; index++)
      for (size_t count = 0; count <= LENGTH - index; count++)
        for (size_t odd = 0; odd < 8; odd += 1 + 6 * (count % 2)) {
          set_elements(ref, elements, LENGTH);
          memcpy(expected, elements, sizeof expected);
          for (size_t i = 0; i < count; i++)
            expected[index + i] = element_in(memory + odd, storage, i);
          OK(gcroots_array_write(store, ref, index, memory + odd, count));
          CHECK_ELEMENTS(ref, expected, LENGTH);
        }
    CHECK(memcmp(memory, kept, sizeof memory) == 0);
    CHECK_ELEMENTS(before, elements, LENGTH);
    CHECK_ELEMENTS(after, elements, LENGTH);
    gcroots_type_free(type);
  }
}

/* Copies elements to memory, as they lie there. */
static void elements_to(unsigned char *memory, gcroots_storage_t storage,
                        const gcroots_val_t *elements, size_t count) {
  for (size_t i = 0; i < count; i++)
    memcpy(memory + i * element_bytes[storage], &elements[i].of, element_bytes[storage]);
}

CASE(an_array_is_made_of_elements_in_memory) {
  for (gcroots_storage_t storage = 0; storage < GCROOTS_STORAGE_REF; storage++) {
    gcroots_type_t *types[2] = {array_of(storage), immutable_array_of(storage)};
    gcroots_val_t elements[LENGTH];
    unsigned char memory[BYTES];
    elements_made_of(storage, 7, elements, LENGTH);
    for (uint32_t count = 0; count <= LENGTH; count++)
      for (size_t odd = 0; odd < 8; odd++) {
        gcroots_scope_t scope = enter();
        gcroots_ref_t made[2], after;
        memset(memory, 0x5a, sizeof memory);
        elements_to(memory + odd, storage, elements, count);
        for (int t = 0; t < 2; t++)
          OK(gcroots_array_new_bytes(store, types[t], memory + odd, count, &made[t]));
        after = make_fixed(types[0], elements, LENGTH);
        for (int t = 0; t < 2; t++) CHECK_ELEMENTS(made[t], elements, count);
        CHECK_ELEMENTS(after, elements, LENGTH);
        OK(gcroots_scope_exit(store, scope));
      }
    free_types(types, 2);
  }
}

CASE(an_array_of_many_bytes_is_made_and_keeps_its_neighbours) {
  static unsigned char memory[100003], read[sizeof memory];
  gcroots_type_t *type = array_of(GCROOTS_STORAGE_I8);
  for (size_t i = 0; i < sizeof memory; i++) memory[i] = (unsigned char)(i * i >> 5);
  for (uint32_t length = 1; length < sizeof memory; length = length * 3 / 2 + 1) {
    gcroots_scope_t scope = enter();
    gcroots_ref_t before = make_filled(type, val_i32(1), 3), ref, after;
    OK(gcroots_array_new_bytes(store, type, memory, length, &ref));
    after = make_filled(type, val_i32(2), 3);
    OK(gcroots_array_read(store, ref, 0, read, length));
    CHECK(length_of(ref) == length && memcmp(read, memory, length) == 0);
    CHECK_ALL(before, val_i32(1), 3);
    CHECK_ALL(after, val_i32(2), 3);
    OK(gcroots_scope_exit(store, scope));
  }
  gcroots_type_free(type);
}

CASE(making_of_memory_is_refused_in_the_documented_order) {
  gcroots_type_t *type = array_of(GCROOTS_STORAGE_I32), *of_refs = array_of(GCROOTS_STORAGE_REF);
  gcroots_type_t *record = new_struct(NULL, 0), *foreign;
  gcroots_engine_t *kept = engine;
  const int32_t memory[2] = {3, 4};
  gcroots_ref_t out = untouched(), ref;
  OK(gcroots_engine_new(NULL, &engine));
  foreign = new_array(plain(GCROOTS_STORAGE_I32));
  gcroots_engine_free(engine);
  engine = kept;
  for (int known = 0; known < 2; known++) {
    NULL_REFUSED("bytes", gcroots_array_new_bytes(store, foreign, NULL, 1, &out));
    REFUSED_SAYING(GCROOTS_ERROR_WRONG_ENGINE, "`type`",
                   gcroots_array_new_bytes(store, foreign, memory, 2, &out));
    REFUSED_SAYING(GCROOTS_ERROR_TYPE_MISMATCH, "a struct type",
                   gcroots_array_new_bytes(store, record, memory, 2, &out));
    REFUSED_SAYING(GCROOTS_ERROR_TYPE_MISMATCH, "numbers",
                   gcroots_array_new_bytes(store, of_refs, memory, 2, &out));
    REFUSED_SAYING(GCROOTS_ERROR_TYPE_MISMATCH, "numbers",
                   gcroots_array_new_bytes(store, of_refs, NULL, 0, &out));
    REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_OUT_OF_MEMORY,
                             gcroots_array_new_bytes(store, type, memory, UINT32_MAX, &out));
    CHECK(same_bits(out, untouched()));
    OK(gcroots_array_new_bytes(store, type, memory, 2, &ref));
    CHECK(get_element(ref, 0).of.i32 == 3 && get_element(ref, 1).of.i32 == 4);
    OK(gcroots_array_new_bytes(store, type, NULL, 0, &ref));
    CHECK(length_of(ref) == 0);
    make_zeros(of_refs, 1);
    make_default(record);
  }
  gcroots_type_free(type);
  gcroots_type_free(of_refs);
  gcroots_type_free(record);
  gcroots_type_free(foreign);
}

CASE(a_large_array_comes_back_as_it_was_written) {
  enum { BYTES_WRITTEN = 1 << 20 };
  unsigned char *written = malloc(BYTES_WRITTEN), *read = malloc(BYTES_WRITTEN);
  CHECK(written != NULL && read != NULL);
  for (size_t i = 0; i < BYTES_WRITTEN; i++) written[i] = (unsigned char)(i * i >> 7);
  for (gcroots_storage_t storage = 0; storage < GCROOTS_STORAGE_REF; storage++) {
    gcroots_type_t *type = array_of(storage);
    size_t length = BYTES_WRITTEN / element_bytes[storage];
    gcroots_ref_t ref = make_zeros(type, length), copy = make_zeros(type, length);
    memset(read, 0x5a, BYTES_WRITTEN);
    OK(gcroots_array_write(store, ref, 0, written, length));
    OK(gcroots_store_gc(store));
    OK(gcroots_array_copy(store, copy, 0, ref, 0, length));
    OK(gcroots_array_read(store, copy, 0, read, length));
    CHECK(memcmp(read, written, BYTES_WRITTEN) == 0);
    gcroots_type_free(type);
  }
  free(written);
  free(read);
}

CASE(no_elements_need_no_memory) {
  gcroots_type_t *type = array_of(GCROOTS_STORAGE_I16);
  gcroots_ref_t ref = make_filled(type, val_i32(5), 3), empty = make_zeros(type, 0);
  for (size_t index = 0; index <= 3; index++) {
    OK(gcroots_array_read(store, ref, index, NULL, 0));
    OK(gcroots_array_write(store, ref, index, NULL, 0));
  }
  OK(gcroots_array_read(store, empty, 0, NULL, 0));
  OK(gcroots_array_write(store, empty, 0, NULL, 0));
  REFUSED(GCROOTS_ERROR_OUT_OF_BOUNDS, gcroots_array_read(store, ref, 4, NULL, 0));
  REFUSED(GCROOTS_ERROR_OUT_OF_BOUNDS, gcroots_array_write(store, empty, 1, NULL, 0));
  CHECK_ALL(ref, val_i32(5), 3);
  gcroots_type_free(type);
}

CASE(transfer_refuses_elements_that_are_not_there_and_changes_nothing) {
  for (gcroots_storage_t storage = 0; storage < GCROOTS_STORAGE_REF; storage++) {
    gcroots_type_t *type = array_of(storage);
    gcroots_val_t elements[LENGTH];
    unsigned char memory[BYTES], pattern[BYTES];
    gcroots_ref_t ref;
    char text[80];
    memset(memory, 0x5a, sizeof memory);
    memset(pattern, 0x5a, sizeof pattern);
    elements_made_of(storage, 1, elements, LENGTH);
    ref = make_fixed(type, elements, LENGTH);
    EACH_OUTSIDE(at, text) {
      size_t index = outside[at].index, count = outside[at].count;
      REFUSED_SAYING(GCROOTS_ERROR_OUT_OF_BOUNDS, text,
                     gcroots_array_read(store, ref, index, memory, count));
      REFUSED_SAYING(GCROOTS_ERROR_OUT_OF_BOUNDS, text,
                     gcroots_array_write(store, ref, index, memory, count));
    }
    CHECK(memcmp(memory, pattern, sizeof memory) == 0);
    CHECK_ELEMENTS(ref, elements, LENGTH);
    gcroots_type_free(type);
  }
}

CASE(references_are_not_transferred) {
  gcroots_type_t *types[2] = {array_of(GCROOTS_STORAGE_REF),
                              immutable_array_of(GCROOTS_STORAGE_REF)};
  gcroots_val_t host = val_ref(new_externref(NULL));
  gcroots_ref_t ref = make_filled(types[0], host, 3), fixed = make_filled(types[1], host, 3);
  uint32_t memory[3] = {0, 0, 0};
  /* A wrong element type is reported before bad bounds, and also for no elements. */
  for (size_t index = 0; index < 10; index += 3) {
    REFUSED_SAYING(GCROOTS_ERROR_TYPE_MISMATCH, "numbers",
                   gcroots_array_read(store, ref, index, memory, 3));
    REFUSED_SAYING(GCROOTS_ERROR_TYPE_MISMATCH, "numbers",
                   gcroots_array_write(store, ref, index, memory, 3));
    REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_array_read(store, fixed, index, NULL, 0));
    REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_array_write(store, ref, index, NULL, 0));
    REFUSED(GCROOTS_ERROR_IMMUTABLE, gcroots_array_write(store, fixed, index, NULL, 0));
  }
  CHECK(memory[0] == 0 && memory[1] == 0 && memory[2] == 0);
  CHECK_ALL(ref, host, 3);
  free_types(types, 2);
}

CASE(transfer_is_refused_in_the_documented_order) {
  gcroots_type_t *constant = immutable_array_of(GCROOTS_STORAGE_I32);
  gcroots_ref_t fixed = make_filled(constant, val_i32(2), 2), refs[KINDS];
  int32_t memory[2] = {7, 7};
  one_of_each_kind(refs);
  NULL_REFUSED("out", gcroots_array_read(store, untouched(), 0, NULL, SIZE_MAX));
  for (int kind = 0; kind < KINDS; kind++) {
    bool null = kind == GCROOTS_REF_NULL;
    gcroots_status_t expected = null ? GCROOTS_ERROR_NULL_REFERENCE : GCROOTS_ERROR_TYPE_MISMATCH;
    const char *text = null ? "`ref`" : kind_names[kind];
    if (kind == GCROOTS_REF_ARRAY) continue;
    REFUSED_SAYING(expected, text, gcroots_array_read(store, refs[kind], 9, memory, 1));
    REFUSED_SAYING(expected, text, gcroots_array_write(store, refs[kind], 9, memory, 1));
  }
  REFUSED(GCROOTS_ERROR_IMMUTABLE, gcroots_array_write(store, fixed, 9, memory, 1));
  REFUSED(GCROOTS_ERROR_IMMUTABLE, gcroots_array_write(store, fixed, 0, memory, 2));
  REFUSED(GCROOTS_ERROR_IMMUTABLE, gcroots_array_write(store, fixed, 0, NULL, 0));
  REFUSED(GCROOTS_ERROR_OUT_OF_BOUNDS, gcroots_array_read(store, fixed, 1, memory, 2));
  CHECK(memory[0] == 7 && memory[1] == 7);
  CHECK_ALL(fixed, val_i32(2), 2);
  gcroots_type_free(constant);
}

CASE(null_pointers_are_refused_in_their_order) {
  check_nulls(array_range_calls);
}
