/* Structs by raw references: making, reading and setting them. */
#include "raw_objects.h"

#include "threads.h"

/* A struct of a number and two references. */
static gcroots_type_t *node;

static void use_nodes(void) {
  gcroots_field_type_t fields[3] = {mutable_of(GCROOTS_STORAGE_I32), any_field(), any_field()};
  node = new_struct(fields, 3);
}

static uint32_t make_raw_node(int32_t number, uint32_t first, uint32_t second) {
  return RAW_STRUCT(node, raw_i32(number), raw_ref(first), raw_ref(second));
}

/* --- Making ------------------------------------------------------------------ */

CASE(a_struct_has_the_values_it_was_made_of) {
  gcroots_type_t *type = new_mixed();
  for (uint32_t number = 0; number < 20; number++) {
    gcroots_raw_val_t values[STORAGES];
    gcroots_scope_t scope = enter();
    uint32_t raw;
    for (gcroots_storage_t s = 0; s < STORAGES; s++) values[s] = raw_val(val_made_of(s, number));
    values[GCROOTS_STORAGE_I8].i32 |= 0x7f00;
    raw = raw_struct(type, values, STORAGES);
    values[GCROOTS_STORAGE_I8].i32 &= 0xff;
    for (gcroots_storage_t s = 0; s < STORAGES; s++) {
      check_note = storage_names[s];
      CHECK(same_raw(raw_field(raw, s), values[s]));
      CHECK(same_val(get_field(from_raw(raw), s), val_made_of(s, number)));
    }
    check_note = NULL;
    OK(gcroots_scope_exit(store, scope));
  }
  gcroots_type_free(type);
}

CASE(a_default_struct_has_zeros_and_nulls) {
  gcroots_type_t *type = new_mixed();
  for (int round = 0; round < 20; round++) {
    uint32_t raw;
    OK(gcroots_raw_struct_new_default(store, type, &raw));
    for (uint32_t s = 0; s < STORAGES; s++) CHECK(same_raw(raw_field(raw, s), raw_ref(0)));
  }
  gcroots_type_free(type);
}

CASE(a_struct_without_fields_is_made_of_nothing) {
  gcroots_type_t *type = new_struct(NULL, 0);
  uint32_t raw;
  OK(gcroots_raw_struct_new(store, type, NULL, 0, &raw));
  CHECK(kind_is(raw, GCROOTS_REF_STRUCT));
  gcroots_type_free(type);
}

CASE(a_call_leaves_no_root) {
  int finalized = 0;
  uint64_t roots = stats_of(store).scoped_roots;
  use_nodes();
  for (int i = 0; i < 3; i++)
    make_raw_node(i, raw_externref(&finalized, count_call), new_number(i));
  CHECK(stats_of(store).scoped_roots == roots && stats_of(store).manual_roots == 0);
  OK(gcroots_store_gc(store));
  CHECK(finalized == dead(3));
  CHECK(!collects || stats_of(store).objects == 0);
  gcroots_type_free(node);
}

CASE(references_among_the_fields_stay_alive) {
  static int data[200];
  use_nodes();
  use_slots(1);
  for (int i = 0; i < 200; i++) {
    uint32_t raw = raw_externref(&data[i], NULL);
    set_raw_slot(0, raw = make_raw_node(i, raw, raw_slots[0]));
    CHECK(raw_field(raw, 0).i32 == i && raw_data(raw_field_ref(raw, 1)) == &data[i]);
  }
  OK(gcroots_store_gc(store));
  for (int i = 200; i-- > 0; set_raw_slot(0, raw_field_ref(raw_slots[0], 2))) {
    CHECK(raw_field(raw_slots[0], 0).i32 == i);
    CHECK(raw_data(raw_field_ref(raw_slots[0], 1)) == &data[i]);
  }
  CHECK(raw_slots[0] == 0);
  gcroots_type_free(node);
}

/* A finalizer that collects once, so that everything moves, while the store is in use. */
static bool in_use;

static void collect_again(void *data) {
  ++*(int *)data;
  if (!in_use) return;
  OK(gcroots_store_gc(store));
}

CASE(a_new_struct_is_named_where_it_is_after_finalizers) {
  int finalized = 0;
  use_nodes();
  in_use = true;
  for (int i = 0; i < 20000 && finalized < 50; i++) {
    uint32_t raw = make_raw_node(i, raw_externref(&finalized, collect_again), 0);
    CHECK(raw_field(raw, 0).i32 == i && raw_data(raw_field_ref(raw, 1)) == &finalized);
    if (i % 64 == 0 && !stressed) {
      OK(gcroots_store_gc(store));
    }
  }
  in_use = false;
  CHECK(!collects || finalized >= 50);
  free_store();
  gcroots_type_free(node);
}

/* What the growth callback overwrites. */
static gcroots_raw_val_t passed[3];
static int asked;

static bool overwrite_passed(void *env, gcroots_store_t *of, size_t committed, size_t wanted) {
  (void)env, (void)of, (void)committed, (void)wanted;
  asked++;
  memset(passed, 0x4e, sizeof passed);
  return true;
}

CASE(the_fields_are_not_read_again_after_asking) {
  gcroots_config_t *config = variant_config(8 << 20);
  OK(gcroots_config_set_heap_initial(config, 32 << 10));
  OK(gcroots_config_set_grow_callback(config, overwrite_passed, NULL));
  use_heap(config);
  use_nodes();
  use_slots(1);
  for (int i = 0; i < 5000; i++) {
    passed[1] = raw_ref(raw_externref(&passed[i % 3], NULL));
    passed[0] = raw_i32(i);
    passed[2] = raw_ref(raw_slots[0]);
    set_raw_slot(0, raw_struct(node, passed, 3));
    CHECK(raw_field(raw_slots[0], 0).i32 == i);
    CHECK(raw_data(raw_field_ref(raw_slots[0], 1)) == &passed[i % 3]);
    if (stressed && i == 1500) break;
  }
  CHECK(asked > 0);
  gcroots_type_free(node);
}

/* --- Setting ----------------------------------------------------------------- */

CASE(a_field_has_the_reference_it_was_set_to) {
  static int number;
  gcroots_raw_val_t value;
  use_nodes();
  use_slots(2);
  set_raw_slot(0, make_raw_node(1, 0, 0));
  set_raw_slot(1, raw_externref(&number, NULL));
  for (int round = 0; round < 3; round++) {
    OK(gcroots_raw_struct_set_ref(store, raw_slots[0], 1, raw_slots[1]));
    OK(gcroots_raw_struct_set_ref(store, raw_slots[0], 2, raw_slots[0]));
    CHECK(raw_field_ref(raw_slots[0], 1) == raw_slots[1]);
    OK(gcroots_store_gc(store));
    CHECK(raw_field_ref(raw_slots[0], 1) == raw_slots[1]);
    CHECK(raw_field_ref(raw_slots[0], 2) == raw_slots[0]);
    value = raw_ref(0);
    OK(gcroots_raw_struct_set(store, raw_slots[0], 1, &value));
    value = raw_ref(15);
    OK(gcroots_raw_struct_set(store, raw_slots[0], 2, &value));
    CHECK(raw_field_ref(raw_slots[0], 1) == 0 && raw_field(raw_slots[0], 2).ref == 15);
    OK(gcroots_store_verify(store));
  }
  gcroots_type_free(node);
}

CASE(what_is_replaced_dies_and_what_is_stored_lives) {
  int finalized = 0;
  use_nodes();
  use_slots(1);
  set_raw_slot(0, make_raw_node(0, 0, 0));
  for (int i = 0; i < 50; i++) {
    uint32_t made = raw_externref(&finalized, count_call);
    OK(gcroots_raw_struct_set_ref(store, raw_slots[0], 1 + i % 2, made));
    OK(gcroots_store_gc(store));
    CHECK(finalized == dead(i < 2 ? 0 : i - 1));
  }
  free_store();
  gcroots_type_free(node);
}

CASE(a_field_of_each_storage_is_set) {
  gcroots_type_t *type = new_mixed();
  use_slots(1);
  OK(gcroots_raw_struct_new_default(store, type, &raw_slots[0]));
  wrote_raw_slot(0);
  EACH_STORAGE(storage) {
    gcroots_raw_val_t value = raw_val(val_made_of(storage, 5));
    if (storage == GCROOTS_STORAGE_REF) value = raw_ref(raw_slots[0]);
    OK(gcroots_raw_struct_set(store, raw_slots[0], storage, &value));
    CHECK(same_raw(raw_field(raw_slots[0], storage), value));
  }
  gcroots_type_free(type);
}

/* --- Refusals of making ------------------------------------------------------ */

static void not_made(gcroots_status_t expected, const char *text, const gcroots_type_t *type,
                     const gcroots_raw_val_t *fields, size_t count) {
  uint32_t out = UNTOUCHED_RAW;
  REFUSED_SAYING(expected, text, gcroots_raw_struct_new(store, type, fields, count, &out));
  CHECK(out == UNTOUCHED_RAW);
}

CASE(bits_that_name_no_object_are_refused_as_a_field) {
  use_nodes();
  EACH_BAD_RAW(bits) {
    gcroots_raw_val_t fields[3] = {raw_i32(1), raw_ref(3), raw_ref(bits)};
    not_made(GCROOTS_ERROR_INVALID_ARGUMENT, "`fields`", node, fields, 3);
    fields[1] = raw_ref(bits);
    not_made(GCROOTS_ERROR_INVALID_ARGUMENT, "`fields`", node, fields, 3);
  }
  gcroots_type_free(node);
}

CASE(hidden_objects_are_refused) {
  uint32_t hidden = hidden_object(), out = UNTOUCHED_RAW, own;
  gcroots_raw_val_t fields[3] = {raw_i32(1), raw_ref(0), raw_ref(hidden)};
  use_nodes();
  use_slots(1);
  not_made(GCROOTS_ERROR_INVALID_ARGUMENT, "`fields`", node, fields, 3);
  hidden = hidden_object();
  REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_raw_array_get_ref(store, hidden, 0, &out));
  REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_raw_array_set_ref(store, hidden, 0, 0));
  REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_raw_array_len(store, hidden, &out));
  set_raw_slot(0, make_raw_node(1, 0, 0));
  hidden = hidden_object();
  own = raw_slots[0];
  REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_raw_struct_set_ref(store, own, 1, hidden));
  CHECK(out == UNTOUCHED_RAW);
  gcroots_type_free(node);
}

CASE(a_value_that_its_field_does_not_admit_is_refused) {
  gcroots_field_type_t fields[2] = {mutable_(ref_to(GCROOTS_HEAP_STRUCT)),
                                    mutable_(or_null(ref_to(GCROOTS_HEAP_I31)))};
  gcroots_type_t *type = new_struct(fields, 2), *empty = new_struct(NULL, 0);
  gcroots_raw_val_t values[2];
  use_slots(2);
  OK(gcroots_raw_struct_new(store, empty, NULL, 0, &raw_slots[0]));
  wrote_raw_slot(0);
  set_raw_slot(1, raw_externref(NULL, NULL));
  values[0] = raw_ref(0);
  values[1] = raw_ref(raw_slots[1]);
  not_made(GCROOTS_ERROR_NULL_REFERENCE, "0", type, values, 2);
  values[0] = raw_ref(3);
  not_made(GCROOTS_ERROR_TYPE_MISMATCH, "element 0", type, values, 2);
  values[0] = raw_ref(raw_slots[1]);
  not_made(GCROOTS_ERROR_TYPE_MISMATCH, "element 0", type, values, 2);
  values[0] = raw_ref(raw_slots[0]);
  not_made(GCROOTS_ERROR_TYPE_MISMATCH, "element 1", type, values, 2);
  values[1] = raw_ref(7);
  raw_struct(type, values, 2);
  gcroots_type_free(type);
  gcroots_type_free(empty);
}

/* Each case in the order of the header: with everything after it wrong as well. */
CASE(what_is_wrong_is_refused_in_order) {
  gcroots_raw_val_t bad[3] = {raw_i32(1), raw_ref(NO_OBJECT), raw_ref(NO_OBJECT)};
  gcroots_field_type_t never_null = ref_to(GCROOTS_HEAP_ANY);
  gcroots_type_t *array = array_of(GCROOTS_STORAGE_I8), *strict = new_struct(&never_null, 1);
  gcroots_engine_t *own = engine, *other;
  gcroots_type_t *foreign;
  uint32_t out = UNTOUCHED_RAW;
  OK(gcroots_engine_new(NULL, &other));
  engine = other;
  foreign = array_of(GCROOTS_STORAGE_I8);
  engine = own;
  use_nodes();
  not_made(GCROOTS_ERROR_WRONG_ENGINE, "type", foreign, bad, 2);
  not_made(GCROOTS_ERROR_TYPE_MISMATCH, "struct type", array, bad, 2);
  not_made(GCROOTS_ERROR_INVALID_ARGUMENT, "`count`", node, bad, 2);
  not_made(GCROOTS_ERROR_INVALID_ARGUMENT, "`count`", node, bad, SIZE_MAX);
  not_made(GCROOTS_ERROR_INVALID_ARGUMENT, "`fields` is", node, bad, 3);
  REFUSED(GCROOTS_ERROR_WRONG_ENGINE, gcroots_raw_struct_new_default(store, foreign, &out));
  REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_raw_struct_new_default(store, array, &out));
  REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_raw_struct_new_default(store, strict, &out));
  CHECK(out == UNTOUCHED_RAW);
  gcroots_type_free(array);
  gcroots_type_free(strict);
  gcroots_type_free(foreign);
  gcroots_type_free(node);
  gcroots_engine_free(other);
}

/* --- Refusals of access ------------------------------------------------------ */

static void object_is_refused(gcroots_status_t expected, uint32_t object) {
  gcroots_raw_val_t value = raw_ref(NO_OBJECT), out = raw_i32(UNTOUCHED_RAW);
  uint32_t bits = UNTOUCHED_RAW;
  REFUSED_SAYING(expected, "", gcroots_raw_struct_get(store, object, 99, &out));
  REFUSED_SAYING(expected, "", gcroots_raw_struct_set(store, object, 99, &value));
  REFUSED_SAYING(expected, "", gcroots_raw_struct_get_ref(store, object, 99, &bits));
  REFUSED_SAYING(expected, "", gcroots_raw_struct_set_ref(store, object, 99, NO_OBJECT));
  CHECK(same_raw(out, raw_i32(UNTOUCHED_RAW)) && bits == UNTOUCHED_RAW);
}

CASE(an_object_that_is_no_struct_is_refused) {
  gcroots_type_t *array = array_of(GCROOTS_STORAGE_REF);
  use_slots(2);
  set_raw_slot(0, raw_externref(NULL, NULL));
  set_raw_slot(1, raw_of(make_zeros(array, 3)));
  EACH_BAD_RAW(bits) object_is_refused(GCROOTS_ERROR_INVALID_ARGUMENT, bits);
  object_is_refused(GCROOTS_ERROR_NULL_REFERENCE, 0);
  object_is_refused(GCROOTS_ERROR_TYPE_MISMATCH, 9);
  object_is_refused(GCROOTS_ERROR_TYPE_MISMATCH, raw_slots[0]);
  object_is_refused(GCROOTS_ERROR_TYPE_MISMATCH, raw_slots[1]);
  gcroots_type_free(array);
}

CASE(a_wrong_field_or_value_is_refused) {
  gcroots_field_type_t fields[4] = {any_field(), or_null(ref_to(GCROOTS_HEAP_ANY)),
                                    mutable_(ref_to(GCROOTS_HEAP_I31)),
                                    mutable_(plain(GCROOTS_STORAGE_I32))};
  gcroots_type_t *type = new_struct(fields, 4);
  gcroots_raw_val_t value = raw_ref(NO_OBJECT), out = raw_i32(UNTOUCHED_RAW);
  uint32_t bits = UNTOUCHED_RAW, object;
  use_slots(1);
  set_raw_slot(0, RAW_STRUCT(type, raw_ref(0), raw_ref(0), raw_ref(1), raw_i32(5)));
  object = raw_slots[0];
  REFUSED(GCROOTS_ERROR_OUT_OF_BOUNDS, gcroots_raw_struct_get(store, object, 4, &out));
  REFUSED(GCROOTS_ERROR_OUT_OF_BOUNDS, gcroots_raw_struct_get_ref(store, object, 4, &bits));
  REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_raw_struct_get_ref(store, object, 3, &bits));
  REFUSED(GCROOTS_ERROR_OUT_OF_BOUNDS, gcroots_raw_struct_set(store, object, 4, &value));
  REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_raw_struct_set_ref(store, object, 4, NO_OBJECT));
  REFUSED(GCROOTS_ERROR_OUT_OF_BOUNDS, gcroots_raw_struct_set_ref(store, object, 4, 1));
  REFUSED(GCROOTS_ERROR_OUT_OF_BOUNDS, gcroots_raw_struct_set_ref(store, object, UINT32_MAX, 1));
  for (uint32_t field = 0; field < 3; field++) {
    REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_raw_struct_set(store, object, field, &value));
    REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT,
            gcroots_raw_struct_set_ref(store, object, field, NO_OBJECT));
  }
  REFUSED(GCROOTS_ERROR_IMMUTABLE, gcroots_raw_struct_set_ref(store, object, 1, 1));
  REFUSED(GCROOTS_ERROR_NULL_REFERENCE, gcroots_raw_struct_set_ref(store, object, 2, 0));
  REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_raw_struct_set_ref(store, object, 2, object));
  REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_raw_struct_set_ref(store, object, 3, object));
  value = raw_ref(object);
  REFUSED(GCROOTS_ERROR_IMMUTABLE, gcroots_raw_struct_set(store, object, 1, &value));
  REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_raw_struct_set(store, object, 2, &value));
  CHECK(same_raw(out, raw_i32(UNTOUCHED_RAW)) && bits == UNTOUCHED_RAW);
  CHECK(raw_field_ref(object, 2) == 1 && raw_field(object, 3).i32 == 5);
  gcroots_type_free(type);
}

/* --- Casts ------------------------------------------------------------------- */

static bool is_of(uint32_t object, const gcroots_type_t *type) {
  bool out;
  OK(gcroots_raw_cast(store, object, type, &out));
  return out;
}

CASE(a_cast_tells_types_and_subtypes) {
  gcroots_type_t *base = new_struct(NULL, 0), *array = array_of(GCROOTS_STORAGE_REF), *below,
                 *other;
  gcroots_rec_group_t *group = new_group();
  gcroots_field_type_t field = any_field();
  add_struct_below(group, below_type(base), &field, 1);
  below = register_one(group);
  other = new_struct(&field, 1);
  use_slots(5);
  OK(gcroots_raw_struct_new_default(store, base, &raw_slots[0]));
  wrote_raw_slot(0);
  OK(gcroots_raw_struct_new_default(store, below, &raw_slots[1]));
  wrote_raw_slot(1);
  set_raw_slot(2, raw_of(make_zeros(array, 2)));
  set_raw_slot(3, raw_externref(NULL, NULL));
  CHECK(is_of(raw_slots[0], base) && is_of(raw_slots[1], base) && is_of(raw_slots[1], below));
  CHECK(!is_of(raw_slots[0], below) && !is_of(raw_slots[0], array));
  CHECK(is_of(raw_slots[2], array) && !is_of(raw_slots[2], base));
  OK(gcroots_raw_struct_new_default(store, other, &raw_slots[4]));
  wrote_raw_slot(4);
  CHECK(is_of(raw_slots[4], other) && !is_of(raw_slots[4], base) && !is_of(raw_slots[4], below));
  CHECK(!is_of(raw_slots[1], other) && !is_of(raw_slots[0], other));
  CHECK(!is_of(raw_slots[3], base) && !is_of(raw_slots[3], array) && !is_of(11, base));
  gcroots_type_free(base);
  gcroots_type_free(below);
  gcroots_type_free(other);
  gcroots_type_free(array);
}

CASE(a_cast_of_no_object_is_refused) {
  gcroots_engine_t *own = engine, *other;
  gcroots_type_t *foreign, *type = new_struct(NULL, 0);
  bool out = true;
  OK(gcroots_engine_new(NULL, &other));
  engine = other;
  foreign = new_struct(NULL, 0);
  engine = own;
  EACH_BAD_RAW(bits)
  REFUSED_SAYING(GCROOTS_ERROR_INVALID_ARGUMENT, "`object`",
                 gcroots_raw_cast(store, bits, foreign, &out));
  REFUSED(GCROOTS_ERROR_NULL_REFERENCE, gcroots_raw_cast(store, 0, foreign, &out));
  REFUSED(GCROOTS_ERROR_WRONG_ENGINE, gcroots_raw_cast(store, 1, foreign, &out));
  REFUSED(GCROOTS_ERROR_NULL_REFERENCE, gcroots_raw_cast(store, 0, type, &out));
  CHECK(out);
  gcroots_type_free(type);
  gcroots_type_free(foreign);
  gcroots_engine_free(other);
}

/* --- Memory ------------------------------------------------------------------ */

/* Nothing is left of a call that has no room: no root, no object, no reference. */
CASE(a_full_heap_is_refused_and_nothing_is_kept) {
  static int finalized;
  gcroots_raw_val_t fields[3];
  gcroots_status_t status;
  uint32_t out = UNTOUCHED_RAW;
  uint64_t roots;
  use_heap(variant_config(128 << 10));
  use_nodes();
  use_slots(1);
  for (;;) {
    gcroots_raw_val_t values[3] = {raw_i32(1), raw_ref(0), raw_ref(raw_slots[0])};
    uint32_t made = UNTOUCHED_RAW;
    status = gcroots_raw_struct_new(store, node, values, 3, &made);
    if (status != GCROOTS_OK) {
      CHECK(made == UNTOUCHED_RAW);
      break;
    }
    set_raw_slot(0, made);
  }
  CHECK(status == GCROOTS_ERROR_OUT_OF_MEMORY);
  roots = stats_of(store).scoped_roots;
  for (int i = 0; i < 3; i++) {
    fields[0] = raw_i32(1), fields[1] = raw_ref(0), fields[2] = raw_ref(raw_slots[0]);
    REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_OUT_OF_MEMORY,
                             gcroots_raw_struct_new(store, node, fields, 3, &out));
    REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_OUT_OF_MEMORY,
                             gcroots_raw_struct_new_default(store, node, &out));
    while (gcroots_raw_externref_new(store, &finalized, NULL, &out) == GCROOTS_OK && !collects) {
    }
  }
  CHECK(stats_of(store).scoped_roots == roots && roots == 0);
  set_raw_slot(0, 0);
  OK(gcroots_store_gc(store));
  if (collects) make_raw_node(1, 0, 0);
  gcroots_type_free(node);
}

CASE(a_no_gc_span_is_refused_when_the_heap_is_full) {
  gcroots_status_t expected = collects ? GCROOTS_ERROR_NO_GC : GCROOTS_ERROR_OUT_OF_MEMORY;
  gcroots_status_t status;
  uint32_t out;
  use_heap(variant_config(128 << 10));
  use_nodes();
  OK(gcroots_no_gc_enter(store));
  do {
    gcroots_raw_val_t values[3] = {raw_i32(1), raw_ref(1), raw_ref(0)};
    out = UNTOUCHED_RAW;
    status = gcroots_raw_struct_new(store, node, values, 3, &out);
  } while (status == GCROOTS_OK);
  CHECK(status == expected && out == UNTOUCHED_RAW);
  REFUSED(expected, gcroots_raw_struct_new_default(store, node, &out));
  OK(gcroots_no_gc_exit(store));
  if (collects) make_raw_node(1, 0, 0);
  gcroots_type_free(node);
}

CASE(no_memory_for_the_roots_of_a_call_is_refused) {
  enum { FIELDS = 3000 };
  static gcroots_field_type_t fields[FIELDS];
  static gcroots_raw_val_t values[FIELDS];
  gcroots_type_t *type;
  gcroots_config_t *config = variant_config(0);
  uint32_t out = UNTOUCHED_RAW;
  gcroots_status_t status = GCROOTS_OK;
  OK(gcroots_config_set_stress(config, 1));
  OK(gcroots_config_set_side_limit(config, 16 << 10));
  use_heap(config);
  for (int i = 0; i < FIELDS; i++) fields[i] = any_field();
  type = new_struct(fields, FIELDS);
  use_nodes();
  use_slots(1);
  set_raw_slot(0, make_raw_node(1, 0, 0));
  for (int round = 0; round < 3; round++) {
    for (int i = 0; i < FIELDS; i++) values[i] = raw_ref(raw_slots[0]);
    status = gcroots_raw_struct_new(store, type, values, FIELDS, &out);
    CHECK(status == GCROOTS_ERROR_OUT_OF_MEMORY || (!collects && status == GCROOTS_OK));
    CHECK(stats_of(store).scoped_roots == 0);
  }
  CHECK(raw_field(raw_slots[0], 0).i32 == 1);
  gcroots_type_free(type);
  gcroots_type_free(node);
}

/* A collection that is needed is refused before the roots that there is no memory for, as in
   the functions with handles. */
CASE(a_no_gc_span_is_refused_before_missing_roots) {
  enum { FIELDS = 3000 };
  static gcroots_field_type_t fields[FIELDS];
  static gcroots_raw_val_t values[FIELDS];
  gcroots_status_t expected = collects ? GCROOTS_ERROR_NO_GC : GCROOTS_ERROR_OUT_OF_MEMORY;
  gcroots_config_t *config = variant_config(128 << 10);
  gcroots_type_t *type, *array;
  gcroots_status_t status;
  uint32_t out;
  OK(gcroots_config_set_side_limit(config, 16 << 10));
  use_heap(config);
  for (int i = 0; i < FIELDS; i++) fields[i] = any_field();
  array = new_array(mutable_(or_null(ref_to(GCROOTS_HEAP_ANY))));
  type = new_struct(fields, FIELDS);
  for (int i = 0; i < FIELDS; i++) values[i] = raw_ref(7);
  OK(gcroots_no_gc_enter(store));
  do {
    status = gcroots_raw_struct_new_default(store, type, &out);
  } while (status == GCROOTS_OK);
  CHECK(status == expected);
  out = UNTOUCHED_RAW;
  REFUSED(expected, gcroots_raw_struct_new(store, type, values, FIELDS, &out));
  REFUSED(expected, gcroots_raw_array_new_fixed(store, array, values, FIELDS, &out));
  values[FIELDS - 1] = raw_ref(NO_OBJECT);
  REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT,
          gcroots_raw_struct_new(store, type, values, FIELDS, &out));
  OK(gcroots_no_gc_exit(store));
  CHECK(out == UNTOUCHED_RAW && stats_of(store).scoped_roots == 0);
  gcroots_type_free(array);
  gcroots_type_free(type);
}

/* --- Refusals of every call -------------------------------------------------- */

CASE(null_pointers_are_refused) {
  check_nulls(raw_struct_calls);
}

static void all_are_of_the_wrong_thread(void) {
  every_call_is_refused(GCROOTS_ERROR_WRONG_THREAD, store, gcroots_ref_null(),
                        (gcroots_scope_t){0, 0});
}

CASE(another_thread_is_refused) {
  on_another_thread(all_are_of_the_wrong_thread);
}
