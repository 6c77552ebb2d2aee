/* Raw references, the heap's base, and spans of elements.
 */
#include "arrays.h"

#include "threads.h"

static uint32_t raw_of(gcroots_ref_t ref) {
  uint32_t raw;
  OK(gcroots_ref_to_raw(store, ref, &raw));
  return raw;
}

static gcroots_ref_t from_raw(uint32_t raw) {
  gcroots_ref_t ref;
  OK(gcroots_ref_from_raw(store, raw, &ref));
  return ref;
}

static void check_no_object(uint32_t raw) {
  gcroots_ref_t out = untouched();
  char bits[16];
  REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_ref_from_raw(store, raw, &out));
  CHECK(snprintf(bits, sizeof bits, " %u;", raw) > 0);
  CHECK(strstr(gcroots_last_error(), bits) != NULL);
  CHECK(same_bits(out, untouched()));
}

/* Whether the bits refer to an object. Asks in a scope of its own. */
static bool is_object(uint32_t raw) {
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref;
  gcroots_status_t status = gcroots_ref_from_raw(store, raw, &ref);
  CHECK(status == GCROOTS_OK || status == GCROOTS_ERROR_INVALID_ARGUMENT);
  if (status == GCROOTS_OK) CHECK(raw_of(ref) == raw);
  OK(gcroots_scope_exit(store, scope));
  return status == GCROOTS_OK;
}

static unsigned char *base_of(gcroots_store_t *of) {
  void *base = NULL;
  OK(gcroots_heap_base(of, &base));
  return base;
}

/* Replaces the fixture's engine and store by ones with a small heap, which has few
   offsets. */
static void use_small_heap(void) {
  OK(gcroots_store_free(store));
  gcroots_engine_free(engine);
  gcroots_config_t *config = variant_config(64 << 10);
  OK(gcroots_engine_new(config, &engine));
  gcroots_config_free(config);
  OK(gcroots_store_new(engine, &store));
}

static uint32_t random_state = 1;

static uint32_t random_bits(void) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 17;
  return random_state ^= random_state << 5;
}

/* --- There and back ------------------------------------------------------------ */

CASE(null_is_0) {
  gcroots_ref_t out = untouched(), local = new_local(gcroots_ref_null());
  uint64_t roots = stats_of(store).scoped_roots;
  CHECK(raw_of(gcroots_ref_null()) == 0 && raw_of(local) == 0);
  OK(gcroots_ref_from_raw(store, 0, &out));
  CHECK(gcroots_ref_is_null(out) && stats_of(store).scoped_roots == roots);
}

CASE(an_odd_number_is_an_i31) {
  static const uint32_t integers[] = {0, 1, 12345, 0x3fffffff, 0x40000000, 0x7fffffff};
  for (size_t i = 0; i < COUNT_OF(integers); i++) {
    uint32_t raw = integers[i] << 1 | 1, integer;
    OK(gcroots_i31_get_u(store, from_raw(raw), &integer));
    CHECK(integer == integers[i]);
    CHECK(raw_of(new_i31((int32_t)integers[i])) == raw);
    CHECK(raw_of(from_raw(raw)) == raw);
  }
  CHECK(stats_of(store).committed_bytes == 0);
}

CASE(each_kind_comes_back) {
  gcroots_ref_t refs[KINDS];
  one_of_each_kind(refs);
  for (size_t i = 0; i < KINDS; i++) {
    gcroots_ref_t back = from_raw(raw_of(refs[i]));
    check_note = kind_names[i];
    CHECK(same_object(back, refs[i]));
    CHECK((raw_of(refs[i]) & 1) == (i == GCROOTS_REF_I31));
  }
}

CASE(manual_roots_have_the_same_bits) {
  gcroots_ref_t ref = new_externref(NULL);
  gcroots_manually_rooted_t rooted = root(ref);
  CHECK(raw_of(rooted.ref) == raw_of(ref));
}

CASE(what_comes_back_is_a_root_of_the_current_scope) {
  int number;
  gcroots_scope_t outer = enter(), inner;
  gcroots_ref_t kept, back, out;
  uint32_t raw = raw_of(new_externref(&number));
  gcroots_ref_t first = from_raw(raw);
  inner = enter();
  back = from_raw(raw);
  OK(gcroots_scope_escape(store, inner, back, &kept));
  REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_local_new(store, back, &out));
  OK(gcroots_store_gc(store));
  CHECK(data_of(kept) == &number && data_of(first) == &number);
  OK(gcroots_scope_exit(store, outer));
}

CASE(bits_stay_where_nothing_moves_and_change_where_it_does) {
  gcroots_ref_t ref = new_externref(&store);
  uint32_t raw = raw_of(ref);
  OK(gcroots_store_gc(store));
  CHECK(may_have(raw_of(ref) != raw));
  CHECK(data_of(from_raw(raw_of(ref))) == &store);
  if (heap_has(MOVES_ALL)) check_no_object(raw);
}

CASE(garbage_that_was_not_collected_comes_back) {
  gcroots_scope_t scope = enter();
  uint32_t raw = raw_of(new_externref(&random_state));
  gcroots_ref_t back;
  OK(gcroots_scope_exit(store, scope));
  back = from_raw(raw);
  OK(gcroots_store_gc(store));
  CHECK(data_of(back) == &random_state);
}

CASE(the_dead_do_not_come_back) {
  enum { COUNT = 100 };
  uint32_t raw[COUNT];
  gcroots_ref_t kept = new_externref(NULL);
  gcroots_scope_t scope = enter();
  for (int i = 0; i < COUNT; i++) {
    OK(gcroots_no_gc_enter(store));
    raw[i] = raw_of(new_externref(NULL));
  }
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_store_gc(store));
  for (int i = 0; i < COUNT; i++) CHECK(is_object(raw[i]) == !collects);
  CHECK(is_object(raw_of(kept)));
}

/* --- Any bits -------------------------------------------------------------------- */

enum { OBJECTS = 300, SMALL_RAW = 64 << 10 };
static gcroots_manually_rooted_t objects[OBJECTS];
static bool is_start[SMALL_RAW];

/* Makes an object of a random kind and size. Its manual root replaces the one at `at`. */
static void replace_object(int at, gcroots_type_t *const types[4]) {
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref;
  uint32_t length = random_bits() % 60;
  OK(gcroots_manually_rooted_unroot(store, &objects[at]));
  switch (random_bits() % 5) {
    case 0: ref = new_externref(&objects[at]); break;
    case 1: ref = make_default(types[0]); break;
    case 2: ref = make_default(types[1]); break;
    case 3: ref = make_zeros(types[2], length * 20); break;
    default: ref = make_zeros(types[3], length);
  }
  objects[at] = root(ref);
  OK(gcroots_scope_exit(store, scope));
}

/* All bits below the small heap's end are tested: they refer to the start of an object
   or are refused. The heap has no garbage. */
static void check_all_bits(void) {
  memset(is_start, 0, sizeof is_start);
  for (int i = 0; i < OBJECTS; i++) {
    uint32_t raw = raw_of(objects[i].ref);
    CHECK(raw < SMALL_RAW);
    if (raw != 0) is_start[raw] = true;
  }
  for (uint32_t raw = 2; raw < SMALL_RAW; raw += 2) {
    /* Also in random order, since answers depend on the lookups before. */
    uint32_t any = random_bits() % SMALL_RAW & ~1U;
    CHECK(is_object(raw) == is_start[raw]);
    CHECK(any == 0 || is_object(any) == is_start[any]);
  }
}

CASE(exactly_the_objects_of_a_heap_are_named) {
  gcroots_type_t *types[4];
  use_small_heap();
  types[0] = new_struct(NULL, 0);
  types[1] = new_mixed();
  types[2] = array_of(GCROOTS_STORAGE_I8);
  types[3] = array_of(GCROOTS_STORAGE_REF);
  check_all_bits();
  for (int i = 0; i < 60; i++) {
    replace_object(i, types);
    if (i % 10 == 0) check_all_bits();
  }
  if (collects) {
    for (int round = 0; round < 12; round++) {
      for (int i = 0; i < 20; i++) replace_object((int)(random_bits() % 70), types);
      OK(gcroots_store_gc(store));
      check_all_bits();
    }
  }
  OK(gcroots_store_verify(store));
  free_types(types, 4);
}

CASE(objects_are_named_as_soon_as_they_are_made) {
  enum { ROUNDS = 3000, KEPT = 200 };
  gcroots_type_t *array = array_of(GCROOTS_STORAGE_I64);
  /* Few collections happen, since a collection discards the object-start table. */
  gcroots_config_t *config = variant_config(0);
  OK(gcroots_config_set_stress(config, stressed ? 100 : 0));
  OK(gcroots_store_free(store));
  gcroots_engine_free(engine);
  OK(gcroots_engine_new(config, &engine));
  gcroots_config_free(config);
  OK(gcroots_store_new(engine, &store));
  gcroots_type_free(array);
  array = array_of(GCROOTS_STORAGE_I64);
  for (int i = 0; i < ROUNDS; i++) {
    gcroots_scope_t scope = enter();
    gcroots_ref_t ref = make_zeros(array, random_bits() % (random_bits() % 8 == 0 ? 500 : 7));
    uint32_t raw = raw_of(ref), length = (uint32_t)length_of(ref);
    int at = (int)(random_bits() % KEPT);
    CHECK(same_object(from_raw(raw), ref));
    /* Bits inside an object, and bits behind it where nothing is. */
    CHECK(!is_object(raw + 2) && (length == 0 || !is_object(raw + 4)));
    CHECK(length == 0 || !is_object(raw + 2 * length + 2));
    OK(gcroots_manually_rooted_unroot(store, &objects[at]));
    objects[at] = root(ref);
    OK(gcroots_scope_exit(store, scope));
    if (i % 97 == 0) OK(gcroots_store_gc(store));
    if (i % 501 == 0) OK(gcroots_store_verify(store));
    at = (int)(random_bits() % KEPT);
    CHECK(gcroots_ref_is_null(objects[at].ref) || is_object(raw_of(objects[at].ref)));
  }
  gcroots_type_free(array);
}

CASE(random_bits_name_an_object_or_are_refused) {
  enum { COUNT = 100000 };
  gcroots_type_t *node = new_node();
  gcroots_ref_t list = gcroots_ref_null();
  uint32_t last;
  OK(gcroots_no_gc_enter(store));
  for (int i = 0; i < 1000; i++) list = make_node(node, i, list, list);
  OK(gcroots_no_gc_exit(store));
  last = raw_of(list);
  for (int i = 0; i < COUNT; i++) {
    uint32_t raw = random_bits() >> random_bits() % 32;
    bool found = is_object(raw);
    if (raw & 1 || raw == 0) CHECK(found);
    if (raw > last && raw % 2 == 0) CHECK(!found);
  }
  check_no_object(UINT32_MAX - 1);
  gcroots_type_free(node);
}

CASE(a_store_without_objects_has_none) {
  check_no_object(2);
  check_no_object(4);
  check_no_object(UINT32_MAX - 1);
  base_of(store);
  check_no_object(2);
  check_no_object(4);
  check_no_object(UINT32_MAX - 1);
}

CASE(an_object_that_was_refused_is_none) {
  gcroots_type_t *type = new_mixed();
  gcroots_ref_t ref = make_default(type), local, out = untouched();
  uint32_t raw, bytes = layout_of(type).bytes;
  CHECK(is_object(raw_of(ref)));
  memory_out(true);
  while (gcroots_local_new(store, ref, &local) == GCROOTS_OK) {
  }
  CHECK(gcroots_struct_new_default(store, type, &out) == GCROOTS_ERROR_OUT_OF_MEMORY);
  memory_out(false);
  raw = raw_of(ref);
  for (uint32_t after = raw + 2; after < raw + bytes; after += 2) CHECK(!is_object(after));
  CHECK(is_object(raw) && same_bits(out, untouched()));
  gcroots_type_free(type);
}

/* Otherwise an immutable global could be set, and null stored in a table that does not
   accept it. */
CASE(what_holds_the_contents_of_tables_and_globals_is_no_object) {
  gcroots_table_t table;
  gcroots_global_t global;
  gcroots_field_type_t type = plain(GCROOTS_STORAGE_I32);
  gcroots_val_t value = val_i32(7);
  gcroots_ref_type_t element;
  memset(&element, 0, sizeof element);
  element.heap = GCROOTS_HEAP_I31;
  use_small_heap();
  gcroots_ref_t i31;
  OK(gcroots_i31_new(store, 5, &i31));
  OK(gcroots_table_new(store, element, 3, UINT64_MAX, i31, &table));
  OK(gcroots_global_new(store, &type, &value, &global));
  for (int round = 0; round < 3; round++) {
    uint64_t before;
    for (uint32_t raw = 2; raw < (64 << 10) / 4 + 10; raw += 2) check_no_object(raw);
    if (round == 0) OK(gcroots_table_grow(store, table, 30, i31, &before));
    OK(gcroots_store_gc(store));
  }
  /* They are refused as garbage too. */
  OK(gcroots_table_free(store, &table));
  OK(gcroots_global_free(store, &global));
  for (uint32_t raw = 2; raw < (64 << 10) / 4 + 10; raw += 2) check_no_object(raw);
}

CASE(what_is_declared_as_what_tables_are_made_of_comes_back) {
  gcroots_type_t *array = new_array(mutable_(or_null(ref_to(GCROOTS_HEAP_I31))));
  gcroots_ref_t declared = make_zeros(array, 3);
  gcroots_table_t table;
  gcroots_ref_type_t element;
  memset(&element, 0, sizeof element);
  element.heap = GCROOTS_HEAP_I31;
  element.is_nullable = 1;
  OK(gcroots_table_new(store, element, 3, UINT64_MAX, gcroots_ref_null(), &table));
  CHECK(same_object(from_raw(raw_of(declared)), declared));
  OK(gcroots_table_free(store, &table));
  gcroots_type_free(array);
}

static gcroots_type_t *declared_array, *declared_struct;
static gcroots_ref_t declared[2];

/* Declares an array and a struct of the forms that a table of nullable i31s and a global of
   a number have, and makes one object of each. */
static void make_declared(void) {
  gcroots_rec_group_t *group = new_group();
  gcroots_field_type_t number = mutable_(plain(GCROOTS_STORAGE_I32));
  uint32_t position;
  OK(gcroots_rec_group_add_struct(group, NULL, &number, 1, &position));
  declared_struct = register_one(group);
  declared_array = new_array(mutable_(or_null(ref_to(GCROOTS_HEAP_I31))));
  declared[0] = make_zeros(declared_array, 3);
  declared[1] = make_default(declared_struct);
}

static void make_hidden(gcroots_table_t *table, gcroots_global_t *global) {
  gcroots_field_type_t number = mutable_(plain(GCROOTS_STORAGE_I32));
  gcroots_val_t value = val_i32(7);
  gcroots_ref_type_t element;
  memset(&element, 0, sizeof element);
  element.heap = GCROOTS_HEAP_I31;
  element.is_nullable = 1;
  OK(gcroots_table_new(store, element, 3, UINT64_MAX, gcroots_ref_null(), table));
  OK(gcroots_global_new(store, &number, &value, global));
}

/* Exactly the declared objects have raw references. */
static void check_declared(void) {
  int found = 0;
  for (uint32_t raw = 2; raw < (64 << 10) / 4 + 10; raw += 2) found += is_object(raw);
  CHECK(found == 2);
  for (int i = 0; i < 2; i++) CHECK(same_object(from_raw(raw_of(declared[i])), declared[i]));
}

/* Whichever type the engine registers first, and whichever object the store makes first. */
CASE(hidden_and_declared_types_of_one_form_are_two_types_in_each_order) {
  for (int hidden_first = 0; hidden_first < 2; hidden_first++) {
    gcroots_table_t table;
    gcroots_global_t global;
    use_small_heap();
    if (hidden_first) make_hidden(&table, &global);
    make_declared();
    if (!hidden_first) make_hidden(&table, &global);
    for (int round = 0; round < 3; round++) {
      gcroots_scope_t scope = enter();
      check_declared();
      OK(gcroots_scope_exit(store, scope));
      OK(gcroots_store_gc(store));
    }
    OK(gcroots_table_free(store, &table));
    OK(gcroots_global_free(store, &global));
    check_declared();
    gcroots_type_free(declared_array);
    gcroots_type_free(declared_struct);
  }
}

CASE(large_objects_have_one_start) {
  gcroots_type_t *array = array_of(GCROOTS_STORAGE_I8);
  gcroots_ref_t before = new_externref(NULL), large = make_zeros(array, 1 << 20);
  gcroots_ref_t after = new_externref(NULL);
  uint32_t first = raw_of(large), end = raw_of(after);
  CHECK(end > first + (1 << 18) || !heap_has(IN_ORDER));
  CHECK(is_object(end) && is_object(first) && is_object(raw_of(before)));
  for (uint32_t inside = first + 2; inside < first + (1 << 18); inside += 4098)
    CHECK(!is_object(inside));
  CHECK(is_object(end) && is_object(first));
  gcroots_type_free(array);
}

/* --- The heap's base --------------------------------------------------------------- */

/* The objects take more than two segments of 64 KiB. Where a segment begins, an object is made
   on the slow path. */
CASE(objects_on_each_side_of_a_border_are_named) {
  int number;
  for (int i = 0; i < 10000; i++) {
    gcroots_scope_t scope = enter();
    CHECK(is_object(raw_of(new_externref(&number))));
    OK(gcroots_scope_exit(store, scope));
  }
}

CASE(the_base_is_there_before_the_first_object_and_stays) {
  unsigned char *base = base_of(store);
  gcroots_type_t *array = array_of(GCROOTS_STORAGE_I8);
  CHECK(base != NULL && base_of(another_store()) != base);
  for (int i = 0; i < 20; i++) {
    make_zeros(array, (size_t)1 << i);
    OK(gcroots_store_gc(store));
    CHECK(base_of(store) == base);
  }
  gcroots_type_free(array);
}

CASE(a_header_says_what_an_object_is) {
  gcroots_type_t *type = new_node(), *array = array_of(GCROOTS_STORAGE_I16);
  gcroots_ref_t node = make_leaf(type, 7), elements = make_zeros(array, 5);
  unsigned char *base = base_of(store);
  OK(gcroots_no_gc_enter(store));
  for (int i = 0; i < 2; i++) {
    gcroots_ref_t ref = i == 0 ? node : elements;
    uint32_t header[2];
    memcpy(header, base + 4 * (uint64_t)raw_of(ref), sizeof header);
    CHECK((header[0] & 0xff) == (i == 0 ? GCROOTS_REF_STRUCT : GCROOTS_REF_ARRAY));
    CHECK(header[1] == index_of(i == 0 ? type : array));
  }
  gcroots_type_free(type);
  gcroots_type_free(array);
}

CASE(fields_are_where_the_layout_says) {
  gcroots_type_t *type = new_node();
  gcroots_layout_t layout = layout_of(type);
  gcroots_ref_t leaf = make_leaf(type, 1), node = make_node(type, 77, leaf, new_local(leaf));
  unsigned char *base = base_of(store);
  uint32_t words[3];
  OK(gcroots_no_gc_enter(store));
  for (int i = 0; i < 3; i++)
    memcpy(&words[i], base + 4 * (uint64_t)raw_of(node) + layout.offsets[i], sizeof *words);
  CHECK(words[0] == 77 && words[1] == raw_of(leaf) && words[2] == raw_of(leaf));
  /* The host may also write numbers. */
  words[0] = 78;
  memcpy(base + 4 * (uint64_t)raw_of(node) + layout.offsets[0], words, sizeof *words);
  OK(gcroots_no_gc_exit(store));
  OK(gcroots_store_gc(store));
  CHECK(field_i32(node, 0) == 78 && same_object(field_ref(node, 1), leaf));
  gcroots_type_free(type);
}

/* --- Spans of elements --------------------------------------------------------------- */

static unsigned char *span_of(gcroots_ref_t ref, uint32_t start, uint32_t count) {
  void *first = NULL;
  OK(gcroots_array_span(store, ref, start, count, &first));
  return first;
}

CASE(a_span_has_the_elements) {
  enum { LENGTH = 9, START = 2, COUNT = 5 };
  for (gcroots_storage_t storage = GCROOTS_STORAGE_I8; storage < GCROOTS_STORAGE_REF; storage++) {
    gcroots_type_t *type = array_of(storage);
    gcroots_val_t values[LENGTH];
    gcroots_ref_t ref = make_zeros(type, LENGTH);
    size_t bytes = element_bytes[storage];
    unsigned char read[LENGTH * 16], *first;
    elements_made_of(storage, 5, values, LENGTH);
    set_elements(ref, values, LENGTH);
    OK(gcroots_no_gc_enter(store));
    first = span_of(ref, START, COUNT);
    OK(gcroots_array_read(store, ref, 0, read, LENGTH));
    CHECK(memcmp(first, read + START * bytes, COUNT * bytes) == 0);
    CHECK(span_of(ref, 0, LENGTH) == first - START * bytes);
    CHECK(first - START * bytes == base_of(store) + 4 * (uint64_t)raw_of(ref) + 16);
    /* Copies the last element of the span over its first. */
    memcpy(first, first + (COUNT - 1) * bytes, bytes);
    OK(gcroots_no_gc_exit(store));
    OK(gcroots_store_gc(store));
    values[START] = values[START + COUNT - 1];
    CHECK_ELEMENTS(ref, values, LENGTH);
    gcroots_type_free(type);
  }
}

CASE(a_span_may_be_empty_and_of_a_manual_root) {
  gcroots_type_t *type = immutable_array_of(GCROOTS_STORAGE_I32);
  gcroots_manually_rooted_t rooted = root(make_zeros(type, 4));
  OK(gcroots_no_gc_enter(store));
  for (uint32_t start = 0; start <= 4; start++) span_of(rooted.ref, start, 0);
  for (uint32_t start = 0; start < 4; start++) span_of(rooted.ref, start, 4 - start);
  gcroots_type_free(type);
}

CASE(elements_move_between_spans_of_one_array) {
  gcroots_type_t *type = array_of(GCROOTS_STORAGE_I32);
  gcroots_val_t values[6];
  gcroots_ref_t ref = make_zeros(type, 6);
  elements_made_of(GCROOTS_STORAGE_I32, 1, values, 6);
  set_elements(ref, values, 6);
  OK(gcroots_no_gc_enter(store));
  OK(gcroots_array_write(store, ref, 1, span_of(ref, 0, 5), 5));
  for (int i = 5; i > 0; i--) values[i] = values[i - 1];
  CHECK_ELEMENTS(ref, values, 6);
  OK(gcroots_array_read(store, ref, 0, span_of(ref, 2, 4), 4));
  for (int i = 5; i > 1; i--) values[i] = values[i - 2];
  CHECK_ELEMENTS(ref, values, 6);
  gcroots_type_free(type);
}

static void span_is_refused(gcroots_status_t expected, gcroots_ref_t ref, uint32_t start,
                            uint32_t count) {
  void *out = &out;
  REFUSED(expected, gcroots_array_span(store, ref, start, count, &out));
  CHECK(out == &out);
}

CASE(a_span_without_a_no_gc_span_is_refused) {
  gcroots_type_t *type = array_of(GCROOTS_STORAGE_I8);
  gcroots_ref_t ref = make_zeros(type, 3);
  gcroots_scope_t scope;
  span_is_refused(GCROOTS_ERROR_SCOPE_ORDER, ref, 0, 3);
  span_is_refused(GCROOTS_ERROR_SCOPE_ORDER, ref, 0, 0);
  scope = enter();
  OK(gcroots_no_gc_enter(store));
  enter();
  span_of(ref, 0, 3);
  OK(gcroots_scope_unwind(store, scope));
  span_is_refused(GCROOTS_ERROR_SCOPE_ORDER, ref, 0, 3);
  gcroots_type_free(type);
}

CASE(a_span_out_of_bounds_is_refused) {
  static const uint32_t ranges[][2] = {{0, 4},
                                       {3, 1},
                                       {4, 0},
                                       {1, 3},
                                       {UINT32_MAX, 0},
                                       {0, UINT32_MAX},
                                       {UINT32_MAX, UINT32_MAX},
                                       {2, UINT32_MAX - 1}};
  gcroots_type_t *type = array_of(GCROOTS_STORAGE_I64);
  gcroots_ref_t ref = make_zeros(type, 3);
  for (int inside = 0; inside < 2; inside++) {
    for (size_t i = 0; i < COUNT_OF(ranges); i++)
      span_is_refused(GCROOTS_ERROR_OUT_OF_BOUNDS, ref, ranges[i][0], ranges[i][1]);
    OK(gcroots_no_gc_enter(store));
  }
  gcroots_type_free(type);
}

CASE(a_span_of_what_has_no_numbers_is_refused) {
  gcroots_type_t *type = array_of(GCROOTS_STORAGE_REF);
  gcroots_ref_t refs[KINDS], array = make_zeros(type, 3);
  one_of_each_kind(refs);
  OK(gcroots_no_gc_enter(store));
  span_is_refused(GCROOTS_ERROR_TYPE_MISMATCH, array, 0, 3);
  span_is_refused(GCROOTS_ERROR_TYPE_MISMATCH, array, 7, 3);
  for (size_t i = 0; i < KINDS; i++)
    if (i == GCROOTS_REF_NULL)
      span_is_refused(GCROOTS_ERROR_NULL_REFERENCE, refs[i], 0, 0);
    else if (i != GCROOTS_REF_ARRAY)
      span_is_refused(GCROOTS_ERROR_TYPE_MISMATCH, refs[i], 0, 0);
  gcroots_type_free(type);
}

/* --- Refusals -------------------------------------------------------------------------- */

CASE(bad_handles_are_refused) {
  struct arguments a;
  new_arguments(&a, store);
  check_bad_handles(raw_calls, &a);
  EACH_BAD_HANDLE(bad) span_is_refused(bad->status, bad->ref, 0, 0);
  free_arguments(&a);
}

CASE(null_pointers_are_refused) {
  check_nulls(raw_calls);
}

static void all_are_of_the_wrong_thread(void) {
  every_call_is_refused(GCROOTS_ERROR_WRONG_THREAD, store, gcroots_ref_null(),
                        (gcroots_scope_t){0, 0});
}

CASE(another_thread_is_refused) {
  on_another_thread(all_are_of_the_wrong_thread);
}

/* --- Memory ------------------------------------------------------------------------------ */

CASE(a_root_without_memory_is_refused) {
  int number;
  gcroots_ref_t ref = new_externref(&number), local, out = untouched();
  uint32_t raw = raw_of(ref);
  from_raw(raw);
  memory_out(true);
  while (gcroots_local_new(store, ref, &local) == GCROOTS_OK) {
  }
  for (int i = 0; i < 3; i++) {
    REFUSED(GCROOTS_ERROR_OUT_OF_MEMORY, gcroots_ref_from_raw(store, raw, &out));
    REFUSED(GCROOTS_ERROR_OUT_OF_MEMORY, gcroots_ref_from_raw(store, 1, &out));
  }
  CHECK(same_bits(out, untouched()));
  REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_ref_from_raw(store, raw + 2, &out));
  memory_out(false);
  CHECK(data_of(from_raw(raw)) == &number);
}
