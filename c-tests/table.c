/* Tables: references by index, which grow. */
#include "kinds.h"

static gcroots_table_t new_table(gcroots_ref_type_t element, uint64_t size, uint64_t maximum,
                                 gcroots_ref_t init) {
  gcroots_table_t table;
  OK(gcroots_table_new(store, element, size, maximum, init, &table));
  return table;
}

/* The type of nullable references to this heap type. */
static gcroots_ref_type_t nullable(gcroots_heap_type_t heap) {
  gcroots_ref_type_t of = {NULL, heap, 1};
  return of;
}

static gcroots_ref_type_t never_null(gcroots_heap_type_t heap) {
  gcroots_ref_type_t of = {NULL, heap, 0};
  return of;
}

/* Makes a table of references to anything. The elements are null. */
static gcroots_table_t new_anys(uint64_t size) {
  return new_table(nullable(GCROOTS_HEAP_ANY), size, UINT64_MAX, gcroots_ref_null());
}

static uint64_t size(gcroots_table_t table) {
  uint64_t count = 12345;
  OK(gcroots_table_size(store, table, &count));
  return count;
}

static gcroots_ref_t get(gcroots_table_t table, uint64_t index) {
  gcroots_ref_t out = untouched();
  OK(gcroots_table_get(store, table, index, &out));
  return out;
}

static void set(gcroots_table_t table, uint64_t index, gcroots_ref_t value) {
  OK(gcroots_table_set(store, table, index, value));
}

/* Grows a table that had `had` elements. */
static void grow(gcroots_table_t table, uint64_t delta, gcroots_ref_t init, uint64_t had) {
  uint64_t before = 12345;
  OK(gcroots_table_grow(store, table, delta, init, &before));
  CHECK(before == had && size(table) == had + delta);
}

/* Whether the element is this object, or null for null. Leaves no root. */
static bool is(gcroots_table_t table, uint64_t index, gcroots_ref_t value) {
  gcroots_scope_t scope = enter();
  bool same = same_object(get(table, index), value);
  OK(gcroots_scope_exit(store, scope));
  return same;
}

/* Whether the element is an externref with this data. Leaves no root. */
static bool has_data(gcroots_table_t table, uint64_t index, void *data) {
  gcroots_scope_t scope = enter();
  bool same = data_of(get(table, index)) == data;
  OK(gcroots_scope_exit(store, scope));
  return same;
}

/* Whether the element is an i31 of this integer. Leaves no root. */
static bool is_number(gcroots_table_t table, uint64_t index, int32_t number) {
  gcroots_scope_t scope = enter();
  bool same = is_i31(get(table, index), number);
  OK(gcroots_scope_exit(store, scope));
  return same;
}

/* Sets an element to an i31. Leaves no root. */
static void set_number(gcroots_table_t table, uint64_t index, int32_t number) {
  gcroots_scope_t scope = enter();
  set(table, index, new_i31(number));
  OK(gcroots_scope_exit(store, scope));
}

/* Sets an element to a new externref that nothing else keeps alive. */
static void set_new(gcroots_table_t table, uint64_t index, void *data,
                    gcroots_finalizer_t finalizer) {
  gcroots_scope_t scope = enter();
  gcroots_ref_t value;
  OK(gcroots_externref_new(store, data, finalizer, &value));
  set(table, index, value);
  OK(gcroots_scope_exit(store, scope));
}

/* The table has `count` elements, and each is this value. Leaves no root. */
static void check_all(gcroots_table_t table, uint64_t count, gcroots_ref_t value) {
  CHECK(size(table) == count);
  for (uint64_t i = 0; i < count; i++) CHECK(is(table, i, value));
}

/* Frees a table and checks that its handle is zeroed. */
static void free_table(gcroots_table_t *table) {
  static const unsigned char zeros[sizeof *table];
  OK(gcroots_table_free(store, table));
  CHECK(memcmp(table, zeros, sizeof zeros) == 0);
}

static gcroots_table_t untouched_table(void) {
  gcroots_table_t table;
  memset(&table, 0x5a, sizeof table);
  return table;
}

static bool same_table(gcroots_table_t a, gcroots_table_t b) {
  return memcmp(&a, &b, sizeof a) == 0;
}

/* Replaces the fixture's store by one of the same collector without stress, for large
   tables. */
static void calm_store(void) {
  gcroots_config_t *config = gcroots_config_new();
  OK(gcroots_config_set_collector(config, collector));
  OK(gcroots_store_free(store));
  store = store_with(config);
}

/* --- Elements ---------------------------------------------------------------- */

CASE(a_table_has_the_elements_that_it_was_made_with) {
  static const uint64_t sizes[] = {0, 1, 2, 3, 7, 100};
  gcroots_ref_t object = new_externref(NULL);
  for (size_t i = 0; i < COUNT_OF(sizes); i++) {
    gcroots_table_t nulls = new_anys(sizes[i]);
    gcroots_table_t filled = new_table(nullable(GCROOTS_HEAP_ANY), sizes[i], sizes[i], object);
    for (int round = 0; round < 2; round++) {
      check_all(nulls, sizes[i], gcroots_ref_null());
      check_all(filled, sizes[i], object);
      OK(gcroots_store_gc(store));
    }
  }
}

CASE(an_element_that_is_set_reads_as_what_it_was_set_to) {
  gcroots_table_t table = new_anys(5);
  gcroots_ref_t object = new_externref(NULL), other = new_externref(NULL), out;
  uint64_t roots;
  set(table, 2, object);
  roots = stats_of(store).scoped_roots;
  out = get(table, 2);
  CHECK(same_object(out, object) && !gcroots_ref_same_root(out, object));
  CHECK(stats_of(store).scoped_roots == roots + 1);
  set(table, 4, other);
  set(table, 2, root(other).ref);
  CHECK(is(table, 2, other) && is(table, 4, other));
  set(table, 2, new_local(gcroots_ref_null()));
  CHECK(same_bits(get(table, 2), gcroots_ref_null()));
  for (int i = 0; i < 4; i++) CHECK(is(table, (uint64_t)i, gcroots_ref_null()));
  OK(gcroots_store_gc(store));
  CHECK(is(table, 4, other));
}

/* The table has a type of this heap type, nullability and maximum. */
static void check_type(gcroots_table_t table, gcroots_ref_type_t element, uint64_t maximum) {
  gcroots_table_type_t type;
  OK(gcroots_table_type(store, table, &type));
  CHECK(type.element.heap == element.heap && type.element.type == element.type);
  CHECK(type.element.is_nullable == element.is_nullable && type.maximum == maximum);
}

CASE(a_table_has_the_type_that_it_was_made_with) {
  static const uint64_t maxima[] = {1, 7, UINT32_MAX, (uint64_t)UINT32_MAX + 1, UINT64_MAX};
  gcroots_ref_t none = gcroots_ref_null();
  for (gcroots_heap_type_t heap = GCROOTS_HEAP_ANY; heap < GCROOTS_HEAP_TYPE; heap++)
    for (size_t i = 0; i < COUNT_OF(maxima); i++) {
      gcroots_table_t table = new_table(nullable(heap), 1, maxima[i], none);
      check_type(table, nullable(heap), maxima[i]);
      check_type(new_table(never_null(heap), 0, maxima[i], none), never_null(heap), maxima[i]);
      if (maxima[i] == 1) continue;
      grow(table, 1, none, 1);
      check_type(table, nullable(heap), maxima[i]);
    }
}

CASE(the_element_type_of_a_table_is_one_more_reference) {
  gcroots_type_t *type = STRUCT_TYPE(any_field());
  gcroots_ref_type_t element = {type, GCROOTS_HEAP_TYPE, 0};
  gcroots_table_t table = new_table(element, 1, 1, make_default(type));
  gcroots_table_type_t read;
  for (int i = 0; i < 100; i++) {
    OK(gcroots_table_type(store, table, &read));
    CHECK(read.element.type == type && read.element.heap == GCROOTS_HEAP_TYPE);
    CHECK(read.element.is_nullable == 0);
    gcroots_type_free(read.element.type);
  }
  OK(gcroots_table_type(store, table, &read));
  gcroots_type_free(type);
  free_store();
  gcroots_engine_free(engine);
  engine = NULL;
  CHECK(field_of(read.element.type, 0).heap == GCROOTS_HEAP_ANY);
  gcroots_type_free(read.element.type);
}

CASE(references_of_every_kind_may_be_elements) {
  gcroots_table_t table = new_anys(GCROOTS_REF_EXN), exns, funcs;
  EACH_KIND(kind) {
    gcroots_scope_t scope;
    gcroots_ref_t ref;
    if (kind >= GCROOTS_REF_EXN) continue;
    ref = new_of_kind(kind);
    set(table, kind, ref);
    scope = enter();
    OK(gcroots_store_gc(store));
    CHECK(kind_of(get(table, kind)) == kind && same_object(get(table, kind), ref));
    OK(gcroots_scope_exit(store, scope));
  }
  exns = new_table(never_null(GCROOTS_HEAP_EXN), 2, 2, new_exn());
  funcs = new_table(never_null(GCROOTS_HEAP_FUNC), 2, 2, new_function());
  OK(gcroots_store_gc(store));
  CHECK(kind_of(get(exns, 1)) == GCROOTS_REF_EXN);
  CHECK(kind_of(get(funcs, 1)) == GCROOTS_REF_FUNC && same_object(get(funcs, 0), get(funcs, 1)));
}

/* The kinds of references that a slot of each abstract type accepts besides null. */
static const struct {
  gcroots_heap_type_t heap;
  unsigned kinds;
} heaps[] = {
    {GCROOTS_HEAP_ANY, 1 << GCROOTS_REF_EXTERN | 1 << GCROOTS_REF_STRUCT | 1 << GCROOTS_REF_ARRAY |
                           1 << GCROOTS_REF_I31},
    {GCROOTS_HEAP_EXTERN, 1 << GCROOTS_REF_EXTERN | 1 << GCROOTS_REF_STRUCT |
                              1 << GCROOTS_REF_ARRAY | 1 << GCROOTS_REF_I31},
    {GCROOTS_HEAP_EQ, 1 << GCROOTS_REF_STRUCT | 1 << GCROOTS_REF_ARRAY | 1 << GCROOTS_REF_I31},
    {GCROOTS_HEAP_I31, 1 << GCROOTS_REF_I31},
    {GCROOTS_HEAP_STRUCT, 1 << GCROOTS_REF_STRUCT},
    {GCROOTS_HEAP_ARRAY, 1 << GCROOTS_REF_ARRAY},
    {GCROOTS_HEAP_EXN, 1 << GCROOTS_REF_EXN},
    {GCROOTS_HEAP_FUNC, 1 << GCROOTS_REF_FUNC},
    {GCROOTS_HEAP_NONE, 0},
    {GCROOTS_HEAP_NOFUNC, 0},
    {GCROOTS_HEAP_NOEXTERN, 0},
    {GCROOTS_HEAP_NOEXN, 0}};

/* Every function that stores this reference in a table of this type returns this status. */
static void value_is_refused(gcroots_status_t expected, gcroots_ref_type_t element,
                             gcroots_table_t table, gcroots_ref_t value) {
  gcroots_table_t out = untouched_table();
  uint64_t before = 77, had = size(table);
  REFUSED(expected, gcroots_table_new(store, element, 1, 1, value, &out));
  REFUSED(expected, gcroots_table_set(store, table, 0, value));
  REFUSED(expected, gcroots_table_set(store, table, UINT64_MAX, value));
  REFUSED(expected, gcroots_table_fill(store, table, 0, value, 0));
  REFUSED(expected, gcroots_table_fill(store, table, 0, value, 1));
  REFUSED(expected, gcroots_table_grow(store, table, 1, value, &before));
  if (!gcroots_ref_is_null(value)) {
    REFUSED(expected, gcroots_table_new(store, element, 0, 0, value, &out));
    REFUSED(expected, gcroots_table_grow(store, table, 0, value, &before));
  }
  CHECK(same_table(out, untouched_table()) && before == 77 && size(table) == had);
}

static void value_is_taken(gcroots_ref_type_t element, gcroots_ref_t value) {
  gcroots_table_t table = new_table(element, 2, UINT64_MAX, value);
  check_all(table, 2, value);
  set(table, 1, value);
  OK(gcroots_table_fill(store, table, 0, value, 2));
  grow(table, 3, value, 2);
  check_all(table, 5, value);
  free_table(&table);
}

CASE(a_table_takes_what_its_type_says) {
  gcroots_ref_t refs[GCROOTS_REF_FUNC + 1];
  EACH_KIND(kind) refs[kind] = new_of_kind(kind);
  for (size_t i = 0; i < COUNT_OF(heaps); i++) {
    for (uint8_t null = 0; null < 2; null++) {
      gcroots_ref_type_t element = {NULL, heaps[i].heap, null};
      gcroots_table_t table = new_table(element, 0, 9, gcroots_ref_null());
      unsigned kinds = heaps[i].kinds | (unsigned)(null != 0) << GCROOTS_REF_NULL;
      EACH_KIND(kind) {
        gcroots_scope_t scope = enter();
        if ((kinds >> kind & 1) != 0)
          value_is_taken(element, refs[kind]);
        else
          value_is_refused(
              kind == GCROOTS_REF_NULL ? GCROOTS_ERROR_NULL_REFERENCE : GCROOTS_ERROR_TYPE_MISMATCH,
              element, table, refs[kind]);
        OK(gcroots_scope_exit(store, scope));
      }
    }
  }
}

CASE(a_table_of_a_registered_type_takes_it_and_types_below) {
  gcroots_field_type_t field = any_field();
  gcroots_rec_group_t *group = new_group();
  gcroots_type_t *types[3];
  gcroots_ref_type_t element = {NULL, GCROOTS_HEAP_TYPE, 0};
  gcroots_table_t table;
  gcroots_ref_t refs[3];
  add_struct_below(group, open_type(), &field, 1);
  add_struct_below(group, below(0), &field, 1);
  add_struct_below(group, below(1), &field, 1);
  register_group(group, types, 3);
  for (int i = 0; i < 3; i++) refs[i] = make_default(types[i]);
  element.type = types[1];
  value_is_taken(element, refs[1]);
  value_is_taken(element, refs[2]);
  table = new_table(element, 1, 9, refs[2]);
  value_is_refused(GCROOTS_ERROR_TYPE_MISMATCH, element, table, refs[0]);
  value_is_refused(GCROOTS_ERROR_TYPE_MISMATCH, element, table, new_i31(1));
  value_is_refused(GCROOTS_ERROR_NULL_REFERENCE, element, table, gcroots_ref_null());
  /* The table keeps its type alive. */
  free_types(types, 3);
  OK(gcroots_store_gc(store));
  grow(table, 5, refs[1], 1);
  CHECK(is(table, 0, refs[2]) && is(table, 5, refs[1]));
}

CASE(a_table_that_is_never_null_is_null_nowhere) {
  gcroots_ref_t object = new_externref(NULL), other = new_externref(NULL);
  gcroots_ref_type_t element = never_null(GCROOTS_HEAP_EXTERN);
  gcroots_table_t table = new_table(element, 0, UINT64_MAX, gcroots_ref_null());
  grow(table, 0, gcroots_ref_null(), 0);
  value_is_refused(GCROOTS_ERROR_NULL_REFERENCE, element, table, gcroots_ref_null());
  for (uint64_t i = 0; i < 40; i++) {
    grow(table, 1, i % 2 == 0 ? object : other, i);
    /* An element in the spare room is out of bounds. */
    REFUSED(GCROOTS_ERROR_OUT_OF_BOUNDS, gcroots_table_set(store, table, i + 1, object));
    OK(gcroots_store_verify(store));
  }
  OK(gcroots_store_gc(store));
  for (uint64_t i = 0; i < 40; i++) CHECK(is(table, i, i % 2 == 0 ? object : other));
}

/* --- Lives and deaths -------------------------------------------------------- */

CASE(a_table_keeps_its_elements_alive_until_they_are_overwritten) {
  enum { COUNT = 60 };
  static int finalized[COUNT];
  gcroots_scope_t scope = enter();
  gcroots_table_t table = new_anys(COUNT), other;
  OK(gcroots_scope_exit(store, scope));
  for (uint64_t i = 0; i < COUNT; i++) set_new(table, i, &finalized[i], count_call);
  for (int round = 0; round < 3; round++) {
    OK(gcroots_store_gc(store));
    for (uint64_t i = 0; i < COUNT; i++)
      CHECK(finalized[i] == 0 && has_data(table, i, &finalized[i]));
  }
  set(table, 0, gcroots_ref_null());
  set_number(table, 1, 5);
  OK(gcroots_table_fill(store, table, 10, gcroots_ref_null(), 10));
  other = new_anys(10);
  OK(gcroots_table_copy(store, table, 30, other, 0, 10));
  OK(gcroots_table_copy(store, table, 40, table, 50, 5));
  OK(gcroots_store_gc(store));
  for (int i = 0; i < COUNT; i++) {
    bool gone = i < 2 || (i >= 10 && i < 20) || (i >= 30 && i < 45);
    CHECK(finalized[i] == (gone ? dead(1) : 0));
  }
  CHECK(has_data(table, 42, &finalized[52]) && has_data(table, 52, &finalized[52]));
  free_table(&table);
  OK(gcroots_store_gc(store));
  for (int i = 0; i < COUNT; i++) CHECK(finalized[i] == dead(1));
}

CASE(weak_handles_see_what_only_a_table_keeps_alive) {
  gcroots_table_t table = new_anys(3);
  gcroots_scope_t scope = enter();
  gcroots_ref_t out = new_externref(NULL);
  gcroots_weak_t weak;
  OK(gcroots_weak_new(store, out, &weak));
  set(table, 2, out);
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_store_gc(store));
  scope = enter();
  OK(gcroots_weak_upgrade(store, weak, &out));
  CHECK(is(table, 2, out));
  OK(gcroots_scope_exit(store, scope));
  set(table, 2, gcroots_ref_null());
  OK(gcroots_store_gc(store));
  OK(gcroots_weak_upgrade(store, weak, &out));
  CHECK(gcroots_ref_is_null(out) == collects);
}

CASE(a_cycle_through_two_tables_elements_lives_and_dies_with_them) {
  gcroots_type_t *node = new_node();
  gcroots_table_t tables[2] = {new_anys(1), new_anys(1)};
  gcroots_scope_t scope = enter();
  gcroots_ref_t first = make_leaf(node, 1), second = make_node(node, 2, first, first);
  set_field(first, 1, val_ref(second));
  set(tables[0], 0, first);
  set(tables[1], 0, second);
  OK(gcroots_scope_exit(store, scope));
  for (int i = 0; i < 2; i++) {
    OK(gcroots_store_gc(store));
    scope = enter();
    CHECK(field_i32(get(tables[1], 0), 0) == 2);
    CHECK(stats_of(store).objects >= 2);
    OK(gcroots_scope_exit(store, scope));
    free_table(&tables[0]);
  }
  free_table(&tables[1]);
  OK(gcroots_store_gc(store));
  if (collects) CHECK(stats_of(store).objects == 0);
  gcroots_type_free(node);
}

CASE(room_to_grow_keeps_nothing_alive) {
  static int finalized;
  gcroots_scope_t scope = enter();
  gcroots_ref_t object;
  gcroots_table_t table;
  OK(gcroots_externref_new(store, &finalized, count_call, &object));
  table = new_table(nullable(GCROOTS_HEAP_ANY), 10, UINT64_MAX, object);
  grow(table, 1, object, 10);
  OK(gcroots_table_fill(store, table, 0, gcroots_ref_null(), 11));
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_store_gc(store));
  CHECK(finalized == dead(1));
  grow(table, 9, gcroots_ref_null(), 11);
  check_all(table, 20, gcroots_ref_null());
}

CASE(a_tables_elements_are_finalized_with_its_store) {
  static int finalized;
  gcroots_table_t table = new_anys(10);
  for (uint64_t i = 0; i < 10; i++) set_new(table, i, &finalized, count_call);
  free_store();
  CHECK(finalized == 10);
}

CASE(hidden_arrays_are_counted_as_objects) {
  gcroots_table_t table;
  uint64_t before;
  OK(gcroots_no_gc_enter(store));
  before = stats_of(store).live_bytes;
  table = new_anys(10);
  CHECK(stats_of(store).objects == 1 && stats_of(store).live_bytes == before + 16 + 40);
  CHECK(stats_of(store).scoped_roots == 0 && stats_of(store).manual_roots == 0);
  OK(gcroots_no_gc_exit(store));
  free_table(&table);
  OK(gcroots_store_gc(store));
  CHECK(stats_of(store).objects == (collects ? 0 : 1));
}

static gcroots_table_t in_finalizer;

static void set_null_in_finalizer(void *data) {
  (void)data;
  set(in_finalizer, 0, gcroots_ref_null());
}

static void free_in_finalizer(void *data) {
  (void)data;
  free_table(&in_finalizer);
}

static void copy_in_finalizer(void *data) {
  (void)data;
  OK(gcroots_table_copy(store, in_finalizer, 0, in_finalizer, 1, 1));
}

CASE(what_a_finalizer_takes_out_of_a_table_is_gone_after_the_collection) {
  static const gcroots_finalizer_t takes[3] = {set_null_in_finalizer, free_in_finalizer,
                                               copy_in_finalizer};
  for (int i = 0; i < 3; i++) {
    static int finalized;
    finalized = 0;
    in_finalizer = new_anys(2);
    set_new(in_finalizer, 0, &finalized, count_call);
    if (!run_as_finalizer(takes[i], NULL)) return;
    CHECK(finalized == 1);
  }
}

static void use_a_table_in_finalizer(void *data) {
  gcroots_table_t table = new_anys(3);
  set_new(table, 1, data, NULL);
  grow(table, 100, gcroots_ref_null(), 3);
  CHECK(has_data(table, 1, data));
  free_table(&table);
  in_finalizer = new_anys(1);
  set_new(in_finalizer, 0, data, NULL);
}

CASE(finalizers_make_and_use_tables) {
  int number;
  if (!run_as_finalizer(use_a_table_in_finalizer, &number)) return;
  CHECK(has_data(in_finalizer, 0, &number));
}

/* --- Growing ----------------------------------------------------------------- */

CASE(a_table_that_grows_keeps_its_elements) {
  enum { COUNT = 300 };
  static int numbers[COUNT];
  gcroots_table_t table = new_anys(0);
  for (uint64_t i = 0; i < COUNT; i++) {
    gcroots_scope_t scope = enter();
    grow(table, 1, new_externref(&numbers[i]), i);
    OK(gcroots_scope_exit(store, scope));
    CHECK(has_data(table, i / 2, &numbers[i / 2]) && has_data(table, i, &numbers[i]));
  }
  for (uint64_t i = 0; i < COUNT; i++) CHECK(has_data(table, i, &numbers[i]));
}

CASE(new_elements_are_what_they_were_grown_with) {
  static const uint64_t deltas[] = {0, 1, 0, 2, 3, 5, 8, 100, 1, 1, 70, 0};
  gcroots_table_t table = new_anys(3);
  uint64_t count = 3;
  set_number(table, 1, 1);
  for (size_t i = 0; i < COUNT_OF(deltas); i++) {
    gcroots_scope_t scope = enter();
    grow(table, deltas[i], new_i31((int32_t)i), count);
    for (uint64_t k = 0; k < deltas[i]; k++) CHECK(is_number(table, count + k, (int32_t)i));
    count += deltas[i];
    OK(gcroots_scope_exit(store, scope));
  }
  CHECK(is(table, 0, gcroots_ref_null()) && is_number(table, 1, 1) && is_number(table, 3, 1));
  CHECK(is_number(table, count - 1, 10) && size(table) == count);
}

CASE(growing_one_by_one_takes_memory_in_proportion) {
  enum { COUNT = 50000 };
  gcroots_table_t table;
  calm_store();
  table = new_anys(0);
  for (uint64_t i = 0; i < COUNT; i++) grow(table, 1, gcroots_ref_null(), i);
  /* Without collections all earlier arrays are still there. Each is twice as long as the
     one before. */
  if (!collects) CHECK(stats_of(store).live_bytes < 4 * 4 * COUNT);
  CHECK(stats_of(store).moved_bytes < 20 * 4 * COUNT);
}

CASE(a_table_grows_to_its_maximum_and_no_further) {
  static const uint64_t beyond[] = {5, 6, 1 << 20, UINT32_MAX, UINT64_MAX - 3, UINT64_MAX};
  gcroots_ref_t object = new_externref(NULL);
  gcroots_table_t table = new_table(nullable(GCROOTS_HEAP_ANY), 6, 10, object);
  uint64_t before = 77;
  for (size_t i = 0; i < COUNT_OF(beyond); i++) {
    REFUSED_SAYING(GCROOTS_ERROR_LIMIT, "10",
                   gcroots_table_grow(store, table, beyond[i], object, &before));
    CHECK(before == 77);
    check_all(table, 6, object);
  }
  grow(table, 4, object, 6);
  grow(table, 0, object, 10);
  REFUSED(GCROOTS_ERROR_LIMIT, gcroots_table_grow(store, table, 1, object, &before));
  check_all(table, 10, object);
}

CASE(a_maximum_below_the_size_is_refused) {
  gcroots_table_t out = untouched_table(), none;
  REFUSED_SAYING(
      GCROOTS_ERROR_INVALID_ARGUMENT, "`size` is 6",
      gcroots_table_new(store, nullable(GCROOTS_HEAP_ANY), 6, 5, gcroots_ref_null(), &out));
  REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT,
          gcroots_table_new(store, nullable(GCROOTS_HEAP_ANY), UINT64_MAX, UINT64_MAX - 1,
                            gcroots_ref_null(), &out));
  CHECK(same_table(out, untouched_table()));
  none = new_table(nullable(GCROOTS_HEAP_ANY), 0, 0, gcroots_ref_null());
  grow(none, 0, gcroots_ref_null(), 0);
}

CASE(a_table_has_no_more_elements_than_an_array) {
  static const uint64_t sizes[] = {(uint64_t)UINT32_MAX + 1, UINT64_MAX};
  gcroots_table_t out = untouched_table(), table = new_anys(1);
  uint64_t before = 77;
  for (int i = 0; i < 2; i++) {
    REFUSED_SAYING(GCROOTS_ERROR_LIMIT, "4294967295",
                   gcroots_table_new(store, nullable(GCROOTS_HEAP_ANY), sizes[i], UINT64_MAX,
                                     gcroots_ref_null(), &out));
    REFUSED(GCROOTS_ERROR_LIMIT,
            gcroots_table_grow(store, table, sizes[i] - 1, gcroots_ref_null(), &before));
  }
  /* Tables of this size are allowed, but no heap of 4 GiB holds one. */
  REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_OUT_OF_MEMORY,
                           gcroots_table_new(store, nullable(GCROOTS_HEAP_ANY), UINT32_MAX,
                                             UINT64_MAX, gcroots_ref_null(), &out));
  REFUSED_AFTER_COLLECTION(
      GCROOTS_ERROR_OUT_OF_MEMORY,
      gcroots_table_grow(store, table, UINT32_MAX - 1, gcroots_ref_null(), &before));
  CHECK(same_table(out, untouched_table()) && before == 77);
  check_all(table, 1, gcroots_ref_null());
}

/* Replaces the fixture's store by one with this limit. */
static void limit_store(size_t limit) {
  OK(gcroots_store_free(store));
  store = new_store(limit);
}

CASE(a_table_that_cannot_grow_is_as_it_was) {
  /* Two arrays of this length fill a space, or all blocks but one. */
  uint64_t limit = heap_has(BLOCKS) ? 7 * heap_unit() : 64 << 10;
  uint64_t half = (heap_has(BLOCKS) ? 6 * heap_unit() : limit / spaces()) / 4 / 2, before = 77;
  gcroots_ref_t object;
  gcroots_table_t table;
  gcroots_stats_t stats;
  /* Objects that move may lie between free blocks. */
  if (heap_has(BLOCKS) && stressed) return;
  limit_store(limit);
  object = new_externref(&table);
  table = new_table(nullable(GCROOTS_HEAP_ANY), half - 40, UINT64_MAX, object);
  stats = stats_of(store);
  for (uint64_t delta = 100; delta < 4 * half; delta += half) {
    REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_OUT_OF_MEMORY,
                             gcroots_table_grow(store, table, delta, object, &before));
    CHECK(before == 77 && stats_of(store).objects == stats.objects);
    CHECK(stats_of(store).live_bytes == stats.live_bytes);
    check_all(table, half - 40, object);
  }
  CHECK(data_of(object) == &table);
  /* Exactly this much room is left. */
  grow(table, 20, object, half - 40);
  check_all(table, half - 20, object);
  fill_store(GCROOTS_ERROR_OUT_OF_MEMORY);
  check_all(table, half - 20, object);
}

CASE(tables_fill_a_heap_to_its_limit) {
  gcroots_table_t table = untouched_table();
  gcroots_status_t status;
  uint64_t count = 0;
  limit_store(64 << 10);
  while ((status = gcroots_table_new(store, nullable(GCROOTS_HEAP_ANY), 20, 20, gcroots_ref_null(),
                                     &table)) == GCROOTS_OK)
    count++;
  CHECK(status == GCROOTS_ERROR_OUT_OF_MEMORY && stats_of(store).objects == count);
  /* A hole may have room for one object less. */
  CHECK(count + 3 > objects_in(64 << 10, 96) / 4 * (heap_has(BLOCKS) ? 3 : 4));
  check_all(table, 20, gcroots_ref_null());
  free_table(&table);
  status = gcroots_table_new(store, nullable(GCROOTS_HEAP_ANY), 20, 20, gcroots_ref_null(), &table);
  CHECK(status == (collects ? GCROOTS_OK : GCROOTS_ERROR_OUT_OF_MEMORY));
}

CASE(a_table_grows_in_a_no_gc_span_while_there_is_room) {
  gcroots_status_t full = collects ? GCROOTS_ERROR_NO_GC : GCROOTS_ERROR_OUT_OF_MEMORY;
  gcroots_table_t table, out = untouched_table();
  uint64_t before = 77, had;
  limit_store(64 << 10);
  table = new_anys(1);
  OK(gcroots_no_gc_enter(store));
  for (had = 1; had < 1000; had++) grow(table, 1, gcroots_ref_null(), had);
  fill_store(full);
  REFUSED(full, gcroots_table_grow(store, table, 5000, gcroots_ref_null(), &before));
  REFUSED(full,
          gcroots_table_new(store, nullable(GCROOTS_HEAP_ANY), 9, 9, gcroots_ref_null(), &out));
  CHECK(before == 77 && same_table(out, untouched_table()));
  check_all(table, 1000, gcroots_ref_null());
  OK(gcroots_no_gc_exit(store));
}

/* --- The growth callback ----------------------------------------------------- */

static struct {
  bool allows;
  int calls;
  gcroots_manually_rooted_t let_go;
} host;

static bool answer(void *env, gcroots_store_t *asking, size_t committed, size_t wanted) {
  (void)env, (void)asking;
  host.calls++;
  CHECK(wanted > committed);
  OK(gcroots_manually_rooted_unroot_later(&host.let_go));
  return host.allows;
}

static void ask_host(void) {
  gcroots_config_t *config = variant_config(256 << 10);
  OK(gcroots_config_set_heap_initial(config, 32 << 10));
  OK(gcroots_config_set_grow_callback(config, answer, NULL));
  OK(gcroots_store_free(store));
  store = store_with(config);
}

CASE(a_table_grows_as_the_growth_callback_allows) {
  uint64_t had = 100, before = 77, delta = (40 << 10) / 4;
  gcroots_table_t table;
  ask_host();
  table = new_anys(had);
  set_number(table, 99, 5);
  REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_OUT_OF_MEMORY,
                           gcroots_table_grow(store, table, delta, gcroots_ref_null(), &before));
  CHECK(host.calls > 0 && before == 77 && size(table) == had && is_number(table, 99, 5));
  host.allows = true;
  host.calls = 0;
  grow(table, delta, gcroots_ref_null(), had);
  CHECK(host.calls == 1 && is_number(table, 99, 5) && is(table, 100, gcroots_ref_null()));
}

CASE(a_value_that_the_growth_callback_unroots_is_refused) {
  uint64_t before = 77, delta = (40 << 10) / 4;
  gcroots_table_t table, out = untouched_table();
  for (int making = 0; making < 2; making++) {
    gcroots_ref_t kept;
    gcroots_status_t status;
    ask_host();
    table = new_anys(3);
    kept = new_externref(&table);
    host.allows = true;
    host.let_go = root(kept);
    status = making ? gcroots_table_new(store, nullable(GCROOTS_HEAP_ANY), delta, delta,
                                        host.let_go.ref, &out)
                    : gcroots_table_grow(store, table, delta, host.let_go.ref, &before);
    CHECK(status == GCROOTS_ERROR_UNROOTED && before == 77);
    CHECK(same_table(out, untouched_table()) && data_of(kept) == &table);
    check_all(table, 3, gcroots_ref_null());
    OK(gcroots_store_verify(store));
  }
}

/* --- Filling and copying ----------------------------------------------------- */

/* Some of these numbers are out of bounds, and some sums of two wrap around. */
static const uint64_t numbers[] = {0,
                                   1,
                                   4,
                                   9,
                                   10,
                                   11,
                                   UINT32_MAX,
                                   (uint64_t)UINT32_MAX + 1,
                                   1ULL << 62,
                                   UINT64_MAX,
                                   UINT64_MAX - 8};

/* The table holds the i31s from 0 on. */
static gcroots_table_t new_numbers(uint64_t count) {
  gcroots_table_t table = new_anys(count);
  for (uint64_t i = 0; i < count; i++) set_number(table, i, (int32_t)i);
  return table;
}

static void check_numbers(gcroots_table_t table, const int *expected, uint64_t count) {
  CHECK(size(table) == count);
  for (uint64_t i = 0; i < count; i++) CHECK(is_number(table, i, expected[i]));
}

CASE(fill_sets_the_elements_that_there_are_or_none) {
  gcroots_ref_t seven = new_i31(7);
  for (size_t a = 0; a < COUNT_OF(numbers); a++) {
    for (size_t c = 0; c < COUNT_OF(numbers); c++) {
      gcroots_table_t table = new_numbers(10);
      uint64_t at = numbers[a], count = numbers[c];
      int expected[10];
      bool fits = at <= 10 && count <= 10 - at;
      if (fits)
        OK(gcroots_table_fill(store, table, at, seven, count));
      else
        REFUSED(GCROOTS_ERROR_OUT_OF_BOUNDS, gcroots_table_fill(store, table, at, seven, count));
      for (uint64_t i = 0; i < 10; i++)
        expected[i] = fits && i >= at && i - at < count ? 7 : (int)i;
      check_numbers(table, expected, 10);
      free_table(&table);
    }
  }
}

CASE(copy_moves_overlapping_elements_as_memmove_does) {
  for (uint64_t to = 0; to <= 10; to++) {
    for (uint64_t from = 0; from <= 10; from++) {
      for (uint64_t count = 0; count <= 10 - (to > from ? to : from); count++) {
        gcroots_table_t table = new_numbers(10);
        int expected[10];
        for (int i = 0; i < 10; i++) expected[i] = i;
        memmove(expected + to, expected + from, count * sizeof *expected);
        OK(gcroots_table_copy(store, table, to, table, from, count));
        check_numbers(table, expected, 10);
        free_table(&table);
      }
    }
  }
}

CASE(copy_goes_from_one_table_to_another) {
  enum { COUNT = 20 };
  static int marks[COUNT];
  gcroots_table_t source = new_anys(COUNT), target = new_numbers(COUNT);
  for (uint64_t i = 0; i < COUNT; i++) set_new(source, i, &marks[i], NULL);
  OK(gcroots_table_copy(store, target, 3, source, 5, 10));
  free_table(&source);
  OK(gcroots_store_gc(store));
  for (uint64_t i = 0; i < COUNT; i++) {
    if (i < 3 || i >= 13)
      CHECK(is_number(target, i, (int32_t)i));
    else
      CHECK(has_data(target, i, &marks[i + 2]));
  }
}

CASE(copy_writes_nothing_where_something_is_not_there) {
  int expected[10];
  for (int i = 0; i < 10; i++) expected[i] = i;
  for (size_t t = 0; t < COUNT_OF(numbers); t++) {
    for (size_t f = 0; f < COUNT_OF(numbers); f++) {
      for (size_t c = 0; c < COUNT_OF(numbers); c++) {
        gcroots_table_t table, source;
        uint64_t to = numbers[t], from = numbers[f], count = numbers[c];
        if (to <= 10 && from <= 5 && count <= 10 - to && count <= 5 - from) continue;
        table = new_numbers(10);
        source = new_anys(5);
        REFUSED(GCROOTS_ERROR_OUT_OF_BOUNDS,
                gcroots_table_copy(store, table, to, source, from, count));
        check_numbers(table, expected, 10);
        check_all(source, 5, gcroots_ref_null());
        free_table(&table);
        free_table(&source);
      }
    }
  }
}

CASE(copy_takes_elements_of_the_type_or_below) {
  gcroots_type_t *type = new_struct(NULL, 0), *array = new_array(plain(GCROOTS_STORAGE_I8));
  const gcroots_ref_type_t any = nullable(GCROOTS_HEAP_ANY), eq = nullable(GCROOTS_HEAP_EQ);
  const gcroots_ref_type_t its = {type, GCROOTS_HEAP_TYPE, 1}, its_array = {array, 12, 1};
  const gcroots_ref_type_t only = {type, GCROOTS_HEAP_TYPE, 0};
  const gcroots_ref_type_t none = nullable(GCROOTS_HEAP_NONE), ext = nullable(GCROOTS_HEAP_EXTERN);
  const struct {
    gcroots_ref_type_t to, from;
    bool fits;
  } pairs[] = {
      {any, any, true},        {any, eq, true},      {eq, any, false},   {any, its, true},
      {its, any, false},       {eq, its, true},      {its, eq, false},   {its, its, true},
      {its, only, true},       {only, its, false},   {only, only, true}, {any, only, true},
      {only, any, false},      {its, none, true},    {none, its, false}, {any, ext, false},
      {ext, any, false},       {ext, ext, true},     {ext, none, false}, {only, none, false},
      {its, its_array, false}, {eq, its_array, true}};
  gcroots_ref_t object = make_default(type);
  for (size_t i = 0; i < COUNT_OF(pairs); i++) {
    bool has_object = pairs[i].from.is_nullable == 0;
    gcroots_ref_t init = has_object ? object : gcroots_ref_null();
    gcroots_table_t source = new_table(pairs[i].from, 3, 3, init);
    gcroots_table_t target =
        new_table(pairs[i].to, 2, 2, pairs[i].to.is_nullable == 0 ? object : gcroots_ref_null());
    for (uint64_t count = 0; count < 3; count++) {
      if (!pairs[i].fits) {
        REFUSED(GCROOTS_ERROR_TYPE_MISMATCH,
                gcroots_table_copy(store, target, 0, source, 1, count));
        REFUSED(GCROOTS_ERROR_TYPE_MISMATCH,
                gcroots_table_copy(store, target, 9, source, 9, count));
        continue;
      }
      OK(gcroots_table_copy(store, target, 0, source, 1, count));
      REFUSED(GCROOTS_ERROR_OUT_OF_BOUNDS, gcroots_table_copy(store, target, 3, source, 0, count));
    }
    if (pairs[i].fits) check_all(target, 2, init);
  }
  gcroots_type_free(type);
  gcroots_type_free(array);
}

/* --- Many -------------------------------------------------------------------- */

CASE(a_table_of_a_million_elements) {
  enum { COUNT = 1000000 / GRAPH_SCALE };
  static int numbers_of[COUNT];
  gcroots_table_t table;
  calm_store();
  table = new_anys(COUNT / 2);
  grow(table, COUNT - COUNT / 2, gcroots_ref_null(), COUNT / 2);
  for (uint64_t i = 0; i < COUNT; i++) set_new(table, i, &numbers_of[i], count_call);
  for (uint64_t i = 0; i < COUNT; i++) CHECK(has_data(table, i, &numbers_of[i]));
  OK(gcroots_table_copy(store, table, 0, table, COUNT / 2, COUNT / 2));
  OK(gcroots_table_fill(store, table, COUNT / 2, gcroots_ref_null(), COUNT / 4));
  OK(gcroots_store_gc(store));
  OK(gcroots_store_verify(store));
  for (uint64_t i = 0; i < COUNT; i++) {
    CHECK(numbers_of[i] == (i < COUNT / 2 ? dead(1) : 0));
    if (i < COUNT / 2) CHECK(has_data(table, i, &numbers_of[i + COUNT / 2]));
  }
  free_store();
}

CASE(handles_of_freed_tables_never_resolve_again) {
  enum { COUNT = 500, ROUNDS = 6 };
  static gcroots_table_t tables[ROUNDS][COUNT];
  gcroots_ref_t out = untouched();
  calm_store();
  for (int round = 0; round < ROUNDS; round++) {
    for (int i = 0; i < COUNT; i++) {
      tables[round][i] = new_anys(1);
      set_number(tables[round][i], 0, i);
    }
    for (int i = 0; i < COUNT; i++) {
      gcroots_table_t freed = tables[round][i];
      CHECK(is_number(freed, 0, i));
      free_table(&freed);
    }
    if (round % 2 == 0) OK(gcroots_store_gc(store));
    for (int k = 0; k <= round; k++)
      for (int i = 0; i < COUNT; i += k == round ? 1 : 37)
        REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_table_get(store, tables[k][i], 0, &out));
  }
  CHECK(same_bits(out, untouched()));
  for (int round = 0; round < ROUNDS; round++)
    for (int i = 0; i < COUNT; i++)
      for (int k = 0; k < round; k++) CHECK(!same_table(tables[round][i], tables[k][i]));
  OK(gcroots_store_gc(store));
  if (collects) CHECK(stats_of(store).objects == 0);
  free_store();
}

CASE(a_burst_of_tables_leaves_little_memory) {
  enum { COUNT = 200000 / GRAPH_SCALE };
  static gcroots_table_t tables[COUNT];
  size_t before, most;
  if (!collects || GRAPH_SCALE > 1) return;
  calm_store();
  memset(tables, 1, sizeof tables);
  before = resident_bytes();
  for (int i = 0; i < COUNT; i++) tables[i] = new_anys(0);
  most = resident_bytes();
  for (int i = 0; i < COUNT; i++) free_table(&tables[i]);
  for (int i = 0; i < 3; i++) OK(gcroots_store_gc(store));
  CHECK(resident_bytes() < before + (most - before) * 3 / 4);
  tables[0] = new_anys(1);
  check_all(tables[0], 1, gcroots_ref_null());
  free_store();
}

CASE(no_call_but_new_and_grow_collects) {
  gcroots_table_t table = new_anys(10), other = new_anys(10), freed = new_anys(1);
  uint64_t before = stats_of(store).collections;
  for (uint64_t i = 0; i < 5000; i++) {
    set_number(table, i % 10, 1);
    OK(gcroots_table_fill(store, table, 0, gcroots_ref_null(), 10));
    OK(gcroots_table_copy(store, other, 0, table, 0, 10));
    CHECK(size(table) == 10 && is(table, 3, gcroots_ref_null()));
    /* Growing by 0 needs no room. */
    grow(other, 0, gcroots_ref_null(), 10);
  }
  free_table(&freed);
  CHECK(stats_of(store).collections == before);
}

/* --- Refusals ---------------------------------------------------------------- */

/* Every function that takes a table returns this status and names the table. */
static void check_refused_by_all(gcroots_status_t status, gcroots_table_t bad,
                                 gcroots_table_t good) {
  gcroots_table_t kept = bad;
  gcroots_ref_t none = untouched(), out = none;
  uint64_t number = 77;
  REFUSED_SAYING(status, "`table`", gcroots_table_get(store, bad, UINT64_MAX, &out));
  REFUSED_SAYING(status, "`table`", gcroots_table_set(store, bad, UINT64_MAX, none));
  REFUSED_SAYING(status, "`table`", gcroots_table_size(store, bad, &number));
  REFUSED_SAYING(status, "`table`", gcroots_table_grow(store, bad, UINT64_MAX, none, &number));
  REFUSED_SAYING(status, "`table`", gcroots_table_fill(store, bad, 9, none, UINT64_MAX));
  REFUSED_SAYING(status, "`dst`", gcroots_table_copy(store, bad, 9, bad, 9, UINT64_MAX));
  REFUSED_SAYING(status, "`src`", gcroots_table_copy(store, good, 9, bad, 9, UINT64_MAX));
  if (status != GCROOTS_ERROR_NULL_REFERENCE)
    REFUSED_SAYING(status, "`table`", gcroots_table_free(store, &bad));
  CHECK(same_bits(out, none) && number == 77 && same_table(bad, kept));
}

CASE(null_pointers_are_refused_in_their_order) {
  check_nulls(table_calls);
}

CASE(a_null_table_is_refused_and_freed) {
  gcroots_table_t nulls[2] = {{0, 0, 0}, {0, UINT32_MAX, UINT32_MAX}}, good = new_anys(1);
  for (int i = 0; i < 2; i++) {
    check_refused_by_all(GCROOTS_ERROR_NULL_REFERENCE, nulls[i], good);
    free_table(&nulls[i]);
  }
}

static gcroots_table_t table_of(gcroots_ref_t bits) {
  gcroots_table_t table;
  memcpy(&table, &bits, sizeof table);
  return table;
}

CASE(bad_tables_are_refused) {
  struct arguments a;
  new_arguments(&a, store);
  a.h.table = a.h.table_dst = a.h.table_src = new_anys(1);
  check_bad_handles(table_calls, &a);
  check_all(a.h.table, 1, gcroots_ref_null());
  EACH_BAD_HANDLE(bad) check_refused_by_all(bad->status, table_of(bad->ref), a.h.table);
  free_arguments(&a);
}

CASE(a_table_has_bits_of_its_own) {
  gcroots_field_type_t number = plain(GCROOTS_STORAGE_I32);
  gcroots_val_t value = val_i32(1), out_val = untouched_val();
  gcroots_table_t table = new_anys(1), copy;
  gcroots_global_t global, as_global;
  gcroots_weakmap_t map, as_map;
  gcroots_weak_t weak, as_weak;
  gcroots_ref_t ref = new_externref(NULL), as_ref, out = untouched();
  gcroots_manually_rooted_t manual = root(ref);
  size_t count = 77;
  OK(gcroots_global_new(store, &number, &value, &global));
  OK(gcroots_weakmap_new(store, &map));
  OK(gcroots_weak_new(store, ref, &weak));
  check_refused_by_all(GCROOTS_ERROR_UNROOTED, table_of(ref), table);
  check_refused_by_all(GCROOTS_ERROR_UNROOTED, table_of(manual.ref), table);
  memcpy(&copy, &global, sizeof copy);
  check_refused_by_all(GCROOTS_ERROR_UNROOTED, copy, table);
  memcpy(&copy, &map, sizeof copy);
  check_refused_by_all(GCROOTS_ERROR_UNROOTED, copy, table);
  memcpy(&copy, &weak, sizeof copy);
  check_refused_by_all(GCROOTS_ERROR_UNROOTED, copy, table);
  memcpy(&as_ref, &table, sizeof as_ref);
  memcpy(&as_global, &table, sizeof as_global);
  memcpy(&as_map, &table, sizeof as_map);
  memcpy(&as_weak, &table, sizeof as_weak);
  REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_local_new(store, as_ref, &out));
  REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_global_get(store, as_global, &out_val));
  REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_weakmap_size(store, as_map, &count));
  REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_weak_upgrade(store, as_weak, &out));
  CHECK(same_bits(out, untouched()) && is_untouched(out_val) && count == 77);
}

CASE(bad_values_are_refused) {
  gcroots_table_t table = new_numbers(2), out = untouched_table();
  const gcroots_ref_type_t any = nullable(GCROOTS_HEAP_ANY);
  uint64_t number = 77;
  EACH_BAD_HANDLE(bad) {
    REFUSED_SAYING(bad->status, "`init_or_null`",
                   gcroots_table_new(store, any, 0, 0, bad->ref, &out));
    REFUSED_SAYING(bad->status, "`init_or_null`",
                   gcroots_table_new(store, any, UINT64_MAX, UINT64_MAX, bad->ref, &out));
    REFUSED_SAYING(bad->status, "`value_or_null`", gcroots_table_set(store, table, 0, bad->ref));
    REFUSED_SAYING(bad->status, "`value_or_null`", gcroots_table_set(store, table, 5, bad->ref));
    REFUSED_SAYING(bad->status, "`value_or_null`",
                   gcroots_table_fill(store, table, 5, bad->ref, 0));
    REFUSED_SAYING(bad->status, "`init_or_null`",
                   gcroots_table_grow(store, table, UINT64_MAX, bad->ref, &number));
  }
  CHECK(same_table(out, untouched_table()) && number == 77);
  CHECK(is_number(table, 0, 0) && is_number(table, 1, 1) && size(table) == 2);
}

CASE(an_element_that_is_not_there_is_refused) {
  static const uint64_t bad[] = {3,          4,          UINT32_MAX,      (uint64_t)UINT32_MAX + 1,
                                 UINT64_MAX, 1ULL << 62, (1ULL << 62) + 1};
  gcroots_table_t table = new_numbers(3), none = new_anys(0);
  gcroots_ref_t out = untouched(), object = new_i31(9);
  /* Leaves spare room behind the elements. */
  grow(table, 1, object, 3);
  for (size_t i = 0; i < COUNT_OF(bad); i++) {
    uint64_t at = bad[i] + 1 > bad[i] ? bad[i] + 1 : bad[i];
    REFUSED_SAYING(GCROOTS_ERROR_OUT_OF_BOUNDS, "elements is 4",
                   gcroots_table_get(store, table, at, &out));
    REFUSED_SAYING(GCROOTS_ERROR_OUT_OF_BOUNDS, "elements is 4",
                   gcroots_table_set(store, table, at, object));
    REFUSED(GCROOTS_ERROR_OUT_OF_BOUNDS, gcroots_table_get(store, none, bad[i] - 3, &out));
  }
  CHECK(same_bits(out, untouched()));
}

CASE(a_type_that_is_none_or_of_another_engine_is_refused) {
  gcroots_ref_type_t element = {NULL, GCROOTS_HEAP_TYPE, 1};
  gcroots_table_t out = untouched_table();
  gcroots_engine_t *fixture = engine;
  gcroots_type_t *foreign;
  OK(gcroots_engine_new(NULL, &engine));
  foreign = new_struct(NULL, 0);
  gcroots_engine_free(engine);
  engine = fixture;
  element.type = foreign;
  REFUSED(GCROOTS_ERROR_WRONG_ENGINE,
          gcroots_table_new(store, element, UINT64_MAX, UINT64_MAX, untouched(), &out));
  REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT,
          gcroots_table_new(store, element, 1, 0, untouched(), &out));
  for (gcroots_heap_type_t heap = GCROOTS_HEAP_LOCAL; heap != 0; heap *= 2)
    REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT,
            gcroots_table_new(store, nullable(heap), 2, 2, untouched(), &out));
  CHECK(same_table(out, untouched_table()));
  gcroots_type_free(foreign);
}
