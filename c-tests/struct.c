/* Structs: how they are made, and what keeps them and their types alive. */
#include "refusals.h"

/* The status of an allocation in a no-GC span when the heap is full. */
static gcroots_status_t full(void) {
  return collects ? GCROOTS_ERROR_NO_GC : GCROOTS_ERROR_OUT_OF_MEMORY;
}

/* --- What is refused --------------------------------------------------------- */

CASE(making_refuses_null_pointers_in_their_order) {
  gcroots_type_t *type = STRUCT_TYPE(plain(GCROOTS_STORAGE_I32));
  gcroots_ref_t out;
  check_nulls(struct_calls);
  NULL_REFUSED("fields", gcroots_struct_new(store, type, NULL, SIZE_MAX, &out));
  gcroots_type_free(type);
}

/* `type` has an i32 and a non-nullable reference to a struct. */
static void making_is_refused_in_order(const gcroots_type_t *type, const gcroots_type_t *array) {
  gcroots_ref_t host = new_externref(NULL), stale = {host.store_id, 1, 1000}, out = untouched();
  gcroots_val_t no_kind = val_of(STORAGES), of_stale = val_ref(stale), null = val_null();
  gcroots_val_t late[2] = {of_stale, no_kind};
  gcroots_val_t swapped[2] = {null, val_i32(1)}, stale_second[2] = {val_i32(1), of_stale};
  gcroots_val_t null_second[2] = {val_i32(1), null}, host_second[2] = {val_i32(1), val_ref(host)};
  gcroots_val_t stale_after[2] = {val_i64(1), of_stale};
  REFUSED_SAYING(GCROOTS_ERROR_INVALID_ARGUMENT, "`kind`",
                 gcroots_struct_new(store, array, &no_kind, 1, &out));
  REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_struct_new(store, array, &of_stale, 1, &out));
  REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_struct_new(store, array, late, 2, &out));
  REFUSED_SAYING(GCROOTS_ERROR_INVALID_ARGUMENT, "`kind`",
                 gcroots_struct_new(store, type, late, 2, &out));
  late[1] = null;
  REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_struct_new(store, type, late, 2, &out));
  REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_struct_new(store, type, swapped, 2, &out));
  REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_struct_new(store, type, stale_after, 2, &out));
  REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_struct_new(store, type, stale_second, 2, &out));
  REFUSED(GCROOTS_ERROR_NULL_REFERENCE, gcroots_struct_new(store, type, null_second, 2, &out));
  REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_struct_new(store, type, host_second, 2, &out));
  CHECK(same_bits(out, untouched()));
}

CASE(making_is_refused_in_the_documented_order) {
  gcroots_field_type_t fields[2] = {plain(GCROOTS_STORAGE_I32), ref_to(GCROOTS_HEAP_STRUCT)};
  gcroots_type_t *type = new_struct(fields, 2), *array = new_array(fields[0]);
  gcroots_type_t *empty = new_struct(NULL, 0);
  gcroots_ref_t inner = make_default(empty);
  making_is_refused_in_order(type, array);
  /* The order is the same when the store already knows the type. */
  STRUCT(type, val_i32(1), val_ref(inner));
  making_is_refused_in_order(type, array);
  gcroots_type_free(type);
  gcroots_type_free(array);
  gcroots_type_free(empty);
}

CASE(a_count_that_is_not_the_types_is_refused_and_no_value_read) {
  static const size_t counts[] = {0, 1, 3, 10001, (size_t)UINT32_MAX + 3, SIZE_MAX};
  gcroots_type_t *type = STRUCT_TYPE(any_field(), any_field());
  gcroots_type_t *array = new_array(plain(GCROOTS_STORAGE_I8));
  gcroots_val_t good[3] = {val_null(), val_null(), val_null()}, no_kind = val_of(STORAGES);
  gcroots_ref_t out = untouched();
  char text[64];
  for (int known = 0; known < 2; known++) {
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
      CHECK(snprintf(text, sizeof text, "`count` is %zu;", counts[i]) > 0);
      REFUSED_SAYING(GCROOTS_ERROR_INVALID_ARGUMENT, text,
                     gcroots_struct_new(store, type, good, counts[i], &out));
      REFUSED_SAYING(GCROOTS_ERROR_INVALID_ARGUMENT, text,
                     gcroots_struct_new(store, type, &no_kind, counts[i], &out));
    }
    REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_struct_new(store, array, good, SIZE_MAX, &out));
    make_struct(type, good, 2);
  }
  CHECK(same_bits(out, untouched()));
  gcroots_type_free(type);
  gcroots_type_free(array);
}

/* Both functions that make a struct refuse the type. */
static void type_is_refused(gcroots_status_t expected, const char *text,
                            const gcroots_type_t *type) {
  gcroots_val_t value = val_i32(1);
  gcroots_ref_t out = untouched();
  REFUSED_SAYING(expected, text, gcroots_struct_new(store, type, &value, 1, &out));
  REFUSED_SAYING(expected, text, gcroots_struct_new(store, type, NULL, 0, &out));
  REFUSED_SAYING(expected, text, gcroots_struct_new_default(store, type, &out));
  CHECK(same_bits(out, untouched()));
}

CASE(a_type_of_no_structs_is_refused) {
  gcroots_field_type_t field = plain(GCROOTS_STORAGE_I32);
  gcroots_type_t *array = new_array(field), *function = new_func(&field, 1, NULL, 0);
  type_is_refused(GCROOTS_ERROR_TYPE_MISMATCH, "an array type", array);
  type_is_refused(GCROOTS_ERROR_TYPE_MISMATCH, "a function type", function);
  gcroots_type_free(array);
  gcroots_type_free(function);
}

CASE(a_type_of_another_engine_is_refused) {
  gcroots_field_type_t field = plain(GCROOTS_STORAGE_I32);
  gcroots_type_t *own = new_struct(&field, 1), *foreign, *array;
  gcroots_engine_t *kept = engine;
  gcroots_ref_t ref = make_default(own);
  OK(gcroots_engine_new(NULL, &engine));
  foreign = new_struct(&field, 1);
  array = new_array(field);
  gcroots_engine_free(engine);
  engine = kept;
  CHECK(index_of(foreign) == index_of(own));
  type_is_refused(GCROOTS_ERROR_WRONG_ENGINE, "`type`", foreign);
  type_is_refused(GCROOTS_ERROR_WRONG_ENGINE, "`type`", array);
  CHECK(field_i32(ref, 0) == 0);
  gcroots_type_free(own);
  gcroots_type_free(foreign);
  gcroots_type_free(array);
}

CASE(a_type_with_a_reference_that_is_never_null_has_no_default) {
  gcroots_field_type_t fields[3] = {any_field(), plain(GCROOTS_STORAGE_I8),
                                    ref_to(GCROOTS_HEAP_ANY)};
  gcroots_type_t *type = new_struct(fields, 3);
  gcroots_ref_t out = untouched();
  REFUSED_SAYING(GCROOTS_ERROR_TYPE_MISMATCH, "never null",
                 gcroots_struct_new_default(store, type, &out));
  CHECK(same_bits(out, untouched()));
  gcroots_type_free(type);
}

CASE(a_bad_value_of_many_changes_nothing) {
  gcroots_field_type_t fields[STORAGES];
  gcroots_type_t *type;
  gcroots_val_t values[STORAGES];
  gcroots_ref_t first, out = untouched();
  uint64_t collections;
  for (gcroots_storage_t i = 0; i < STORAGES; i++) fields[i] = any_field();
  type = new_struct(fields, STORAGES);
  first = make_default(type);
  collections = stats_of(store).collections;
  for (int i = 0; i < STORAGES; i++) values[i] = val_ref(first);
  /* More structs than the default heap can hold. */
  for (int round = 0; round < 20000; round++) {
    gcroots_val_t *bad = &values[round % STORAGES];
    *bad = round % 2 == 0 ? val_i64(1) : val_ref(untouched());
    REFUSED(round % 2 == 0 ? GCROOTS_ERROR_TYPE_MISMATCH : GCROOTS_ERROR_WRONG_STORE,
            gcroots_struct_new(store, type, values, STORAGES, &out));
    *bad = val_ref(first);
  }
  CHECK(same_bits(out, untouched()));
  CHECK(stats_of(store).objects == 1 && stats_of(store).collections == collections);
  OK(gcroots_store_verify(store));
  OK(gcroots_struct_new(store, type, values, STORAGES, &out));
  CHECK(same_object(field_ref(out, 0), first));
  gcroots_type_free(type);
}

CASE(a_struct_may_have_no_field) {
  gcroots_type_t *type = new_struct(NULL, 0);
  gcroots_val_t unread = val_of(STORAGES);
  gcroots_ref_t refs[3], out = untouched();
  OK(gcroots_struct_new(store, type, NULL, 0, &refs[0]));
  OK(gcroots_struct_new(store, type, &unread, 0, &refs[1]));
  OK(gcroots_struct_new_default(store, type, &refs[2]));
  OK(gcroots_store_gc(store));
  for (int i = 0; i < 3; i++) {
    CHECK(!same_object(refs[i], refs[(i + 1) % 3]));
    REFUSED(GCROOTS_ERROR_OUT_OF_BOUNDS, gcroots_struct_get_ref(store, refs[i], 0, &out));
  }
  NULL_REFUSED("fields", gcroots_struct_new(store, type, NULL, 1, &out));
  CHECK(same_bits(out, untouched()));
  gcroots_type_free(type);
}

/* Fills a small heap with structs whose bits are not zero, and drops them. */
static void leave_bits(const gcroots_type_t *type, gcroots_val_t *values, size_t count) {
  gcroots_scope_t scope = enter();
  for (int i = 0; i < 200; i++) make_struct(type, values, count);
  OK(gcroots_scope_exit(store, scope));
}

CASE(fields_are_zeros_where_other_objects_were) {
  gcroots_field_type_t fields[STORAGES];
  gcroots_val_t values[STORAGES];
  gcroots_type_t *type;
  for (gcroots_storage_t i = 0; i < STORAGES; i++) {
    fields[i] = i == GCROOTS_STORAGE_REF ? any_field() : mutable_of(i);
    values[i] = val_made_of(i, 3);
  }
  type = new_struct(fields, STORAGES);
  values[GCROOTS_STORAGE_REF] = val_ref(make_default(type));
  for (int round = 0; round < 3; round++) {
    leave_bits(type, values, STORAGES);
    OK(gcroots_store_gc(store));
    for (int i = 0; i < 100; i++) {
      gcroots_scope_t scope = enter();
      gcroots_ref_t made = make_struct(type, values, STORAGES), zeros = make_default(type);
      for (gcroots_storage_t at = 0; at < STORAGES; at++) {
        gcroots_val_t zero = at <= GCROOTS_STORAGE_I16 ? val_i32(0) : val_of(at);
        CHECK(same_val(get_field(zeros, at), zero));
        if (at < GCROOTS_STORAGE_REF) CHECK(same_val(get_field(made, at), values[at]));
      }
      CHECK(same_object(field_ref(made, GCROOTS_STORAGE_REF), values[GCROOTS_STORAGE_REF].of.ref));
      OK(gcroots_scope_exit(store, scope));
    }
  }
  gcroots_type_free(type);
}

/* --- Handles and collections ------------------------------------------------- */

CASE(an_output_may_be_where_an_input_is) {
  gcroots_type_t *type = STRUCT_TYPE(any_field(), mutable_of(GCROOTS_STORAGE_I32));
  gcroots_ref_t host = new_externref(&type);
  gcroots_val_t values[2] = {val_ref(host), val_i32(7)}, val;
  for (int i = 0; i < 3; i++) {
    OK(gcroots_struct_new(store, type, values, 2, &values[0].of.ref));
    values[0].kind = GCROOTS_STORAGE_REF;
    CHECK(field_i32(values[0].of.ref, 1) == 7);
  }
  val = values[0];
  for (int i = 0; i < 2; i++) OK(gcroots_struct_get(store, val.of.ref, 0, &val));
  OK(gcroots_struct_get_ref(store, val.of.ref, 0, &val.of.ref));
  CHECK(same_object(val.of.ref, host) && data_of(val.of.ref) == &type);
  val = values[0];
  OK(gcroots_struct_get_i32(store, val.of.ref, 1, &val.of.i32));
  CHECK(val.of.i32 == 7);
  gcroots_type_free(type);
}

CASE(values_survive_the_collection_of_the_call) {
  gcroots_type_t *type = new_node();
  gcroots_manually_rooted_t manual = root(make_leaf(type, 2));
  gcroots_ref_t scoped = make_leaf(type, 1);
  gcroots_val_t values[3] = {val_i32(3), val_ref(scoped), val_ref(manual.ref)};
  uint64_t before = stats_of(store).collections;
  for (int i = 0; i < 60000; i++) {
    gcroots_scope_t scope = enter();
    gcroots_ref_t ref = make_struct(type, values, 3);
    CHECK(field_i32(ref, 0) == 3);
    CHECK(field_i32(field_ref(ref, 1), 0) == 1 && field_i32(field_ref(ref, 2), 0) == 2);
    OK(gcroots_scope_exit(store, scope));
  }
  CHECK((stats_of(store).collections > before) == collects);
  CHECK(field_i32(scoped, 0) == 1 && field_i32(manual.ref, 0) == 2);
  gcroots_type_free(type);
}

enum { QUEUED = 200 };

/* Makes a struct of a value whose root was queued with
   gcroots_manually_rooted_unroot_later(), before or after other roots. */
static void make_of_queued(const gcroots_type_t *type, int others, bool before) {
  gcroots_scope_t scope = enter();
  gcroots_manually_rooted_t kept = root(new_externref(&scope)), copy = kept, queued[QUEUED];
  gcroots_val_t values[3] = {val_i32(1), val_ref(kept.ref), val_null()};
  gcroots_ref_t out = untouched();
  gcroots_status_t status;
  gcroots_stats_t stats;
  for (int i = 0; i < others; i++) queued[i] = root(kept.ref);
  OK(gcroots_store_gc(store));
  if (before) OK(gcroots_manually_rooted_unroot_later(&copy));
  for (int i = 0; i < others; i++) OK(gcroots_manually_rooted_unroot_later(&queued[i]));
  if (!before) OK(gcroots_manually_rooted_unroot_later(&copy));
  stats = stats_of(store);
  status = gcroots_struct_new(store, type, values, 3, &out);
  if (status == GCROOTS_OK) {
    CHECK(data_of(field_ref(out, 1)) == &scope);
    CHECK(stats_of(store).objects == stats.objects + 1);
  } else {
    check_refused(__FILE__, __LINE__, "struct_new", GCROOTS_ERROR_UNROOTED, status);
    CHECK(same_bits(out, untouched()) && stats_of(store).objects == stats.objects);
    CHECK(stats_of(store).live_bytes == stats.live_bytes);
    CHECK(stats_of(store).scoped_roots == stats.scoped_roots);
  }
  OK(gcroots_store_verify(store));
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_store_gc(store));
  CHECK(stats_of(store).manual_roots == 0);
}

CASE(a_value_that_is_queued_to_be_unrooted_is_there_or_not) {
  static const int counts[] = {0, 1, 30, 31, 32, 33, 63, 64, 65, QUEUED};
  gcroots_type_t *type = STRUCT_TYPE(mutable_of(GCROOTS_STORAGE_I32), any_field(), any_field());
  for (size_t i = 0; i < COUNT_OF(counts); i++) {
    make_of_queued(type, counts[i], false);
    make_of_queued(type, counts[i], true);
  }
  gcroots_type_free(type);
}

CASE(a_struct_or_value_that_is_queued_to_be_unrooted_can_be_set_or_not) {
  gcroots_type_t *type = STRUCT_TYPE(any_field());
  gcroots_ref_t ref = make_default(type);
  for (int way = 0; way < 4; way++) {
    gcroots_manually_rooted_t kept = root(ref), copy = kept;
    gcroots_val_t value = val_ref(way % 2 == 0 ? kept.ref : ref);
    gcroots_ref_t target = way % 2 == 0 ? ref : kept.ref;
    gcroots_status_t status;
    set_field(ref, 0, val_null());
    OK(gcroots_manually_rooted_unroot_later(&copy));
    status = way < 2 ? gcroots_struct_set(store, target, 0, &value) : set_as(target, 0, value);
    CHECK(status == GCROOTS_OK || status == GCROOTS_ERROR_UNROOTED);
    CHECK(same_object(field_ref(ref, 0), status == GCROOTS_OK ? ref : gcroots_ref_null()));
    OK(gcroots_store_gc(store));
    CHECK(stats_of(store).manual_roots == 0);
  }
  gcroots_type_free(type);
}

/* --- Memory ------------------------------------------------------------------ */

/* Replaces the fixture's store by one with this limit. */
static void limit_store(size_t limit) {
  gcroots_config_t *config = variant_config(limit);
  OK(gcroots_store_free(store));
  gcroots_engine_free(engine);
  OK(gcroots_engine_new(config, &engine));
  gcroots_config_free(config);
  OK(gcroots_store_new(engine, &store));
}

/* No struct can be made, and the store is unchanged except for collections. */
static void nothing_fits(gcroots_status_t expected, const gcroots_type_t *type,
                         const gcroots_val_t *values, size_t count) {
  gcroots_stats_t before = stats_of(store), after;
  gcroots_ref_t out = untouched();
  for (int i = 0; i < 5; i++) {
    REFUSED_AFTER_COLLECTION(expected, gcroots_struct_new(store, type, values, count, &out));
    REFUSED_AFTER_COLLECTION(expected, gcroots_struct_new_default(store, type, &out));
  }
  after = stats_of(store);
  CHECK(same_bits(out, untouched()) && after.scoped_roots == before.scoped_roots);
  CHECK(after.objects == before.objects && after.live_bytes == before.live_bytes);
  OK(gcroots_store_verify(store));
}

CASE(a_full_heap_refuses_a_struct_and_stays) {
  enum { FIELDS = 200 };
  gcroots_field_type_t fields[FIELDS];
  gcroots_val_t values[FIELDS];
  gcroots_type_t *type;
  gcroots_ref_t first, ref;
  size_t small;
  limit_store(64 << 10);
  for (int i = 0; i < FIELDS; i++) fields[i] = mutable_of(GCROOTS_STORAGE_V128);
  for (int i = 0; i < FIELDS; i++) values[i] = val_v128((uint8_t)i);
  type = new_struct(fields, FIELDS);
  first = make_struct(type, values, FIELDS);
  while (gcroots_struct_new(store, type, values, FIELDS, &ref) == GCROOTS_OK) continue;
  nothing_fits(GCROOTS_ERROR_OUT_OF_MEMORY, type, values, FIELDS);
  OK(gcroots_no_gc_enter(store));
  nothing_fits(full(), type, values, FIELDS);
  OK(gcroots_no_gc_exit(store));
  for (int i = 0; i < FIELDS; i++) CHECK(same_val(get_field(first, (size_t)i), values[i]));
  /* Smaller objects still fit. */
  small = fill_store(GCROOTS_ERROR_OUT_OF_MEMORY);
  CHECK(small > 0 && small < layout_of(type).bytes / 16 * (heap_has(BLOCKS) ? 3 : 1));
  gcroots_type_free(type);
}

CASE(dropped_structs_make_room_again) {
  gcroots_type_t *type;
  if (!collects) return;
  limit_store(64 << 10);
  type = new_mixed();
  for (int round = 0; round < 3; round++) {
    gcroots_scope_t scope = enter();
    gcroots_ref_t ref;
    size_t count = 0;
    while (gcroots_struct_new_default(store, type, &ref) == GCROOTS_OK) count++;
    CHECK(count == objects_in(64 << 10, layout_of(type).bytes));
    OK(gcroots_scope_exit(store, scope));
  }
  gcroots_type_free(type);
}

enum { MANY = 10000 };

/* Makes the largest struct, which has 10,000 values. */
static gcroots_type_t *new_largest(gcroots_val_t *values) {
  static gcroots_field_type_t fields[MANY];
  for (int i = 0; i < MANY; i++) fields[i] = plain(GCROOTS_STORAGE_V128);
  for (int i = 0; i < MANY; i++) values[i] = val_v128((uint8_t)i);
  return new_struct(fields, MANY);
}

CASE(a_struct_larger_than_the_heap_never_fits) {
  static gcroots_val_t values[MANY];
  gcroots_type_t *type;
  limit_store(128 << 10);
  type = new_largest(values);
  CHECK(layout_of(type).bytes > 128 << 10);
  new_externref(NULL);
  nothing_fits(GCROOTS_ERROR_OUT_OF_MEMORY, type, values, MANY);
  OK(gcroots_no_gc_enter(store));
  nothing_fits(GCROOTS_ERROR_OUT_OF_MEMORY, type, values, MANY);
  gcroots_type_free(type);
}

CASE(a_struct_larger_than_half_the_heap_fits_where_nothing_is_copied) {
  static gcroots_val_t values[MANY];
  gcroots_type_t *type;
  limit_store(256 << 10);
  type = new_largest(values);
  CHECK(layout_of(type).bytes > 128 << 10 && layout_of(type).bytes < 256 << 10);
  if (heap_has(HALVES))
    nothing_fits(GCROOTS_ERROR_OUT_OF_MEMORY, type, values, MANY);
  else
    CHECK(same_val(get_field(make_struct(type, values, MANY), MANY - 1), values[MANY - 1]));
  gcroots_type_free(type);
}

CASE(a_struct_of_half_the_heap_fits) {
  static gcroots_val_t values[MANY];
  gcroots_type_t *type;
  gcroots_ref_t ref;
  limit_store(2 * (160 << 10));
  type = new_largest(values);
  ref = make_struct(type, values, MANY);
  OK(gcroots_store_gc(store));
  for (size_t i = 0; i < MANY; i++) CHECK(same_val(get_field(ref, i), values[i]));
  gcroots_type_free(type);
}

/* --- What a struct keeps alive ----------------------------------------------- */

CASE(an_externref_dies_with_the_struct_that_held_it) {
  int finalized = 0;
  gcroots_type_t *type = STRUCT_TYPE(any_field());
  gcroots_scope_t outer = enter(), inner = enter();
  gcroots_ref_t ref;
  OK(gcroots_externref_new(store, &finalized, count_call, &ref));
  OK(gcroots_scope_escape(store, inner, STRUCT(type, val_ref(ref)), &ref));
  OK(gcroots_store_gc(store));
  CHECK(finalized == 0 && data_of(field_ref(ref, 0)) == &finalized);
  OK(gcroots_scope_exit(store, outer));
  OK(gcroots_store_gc(store));
  CHECK(finalized == (collects ? 1 : 0));
  gcroots_type_free(type);
  free_store();
  CHECK(finalized == 1);
}

static gcroots_weak_t weak_of(gcroots_ref_t ref) {
  gcroots_weak_t weak;
  OK(gcroots_weak_new(store, ref, &weak));
  return weak;
}

static bool is_alive(gcroots_weak_t weak) {
  gcroots_ref_t ref;
  OK(gcroots_weak_upgrade(store, weak, &ref));
  return !gcroots_ref_is_null(ref);
}

enum { LENGTH = 10 };

/* Makes a ring of nodes that are linked in both directions. Returns the first. */
static gcroots_ref_t make_ring(const gcroots_type_t *type, gcroots_weak_t *weak) {
  gcroots_ref_t first = make_leaf(type, 0), last = first;
  weak[0] = weak_of(first);
  for (int i = 1; i < LENGTH; i++) {
    gcroots_ref_t next = make_node(type, i, gcroots_ref_null(), last);
    set_field(last, 1, val_ref(next));
    weak[i] = weak_of(next);
    last = next;
  }
  set_field(last, 1, val_ref(first));
  set_field(first, 2, val_ref(last));
  return first;
}

CASE(a_ring_lives_as_long_as_one_of_it_is_rooted) {
  gcroots_type_t *type = new_node();
  gcroots_weak_t weak[LENGTH];
  gcroots_scope_t scope = enter();
  gcroots_manually_rooted_t kept = root(field_ref(field_ref(make_ring(type, weak), 1), 1));
  gcroots_ref_t at;
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_store_gc(store));
  scope = enter();
  at = kept.ref;
  for (int i = 0; i < LENGTH; i++) {
    CHECK(is_alive(weak[i]));
    CHECK(field_i32(at, 0) == (i + 2) % LENGTH);
    CHECK(same_object(field_ref(field_ref(at, 1), 2), at));
    at = field_ref(at, 1);
  }
  CHECK(same_object(at, kept.ref));
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_manually_rooted_unroot(store, &kept));
  OK(gcroots_store_gc(store));
  for (int i = 0; i < LENGTH; i++) CHECK(is_alive(weak[i]) == !collects);
  CHECK(stats_of(store).objects == (collects ? 0 : LENGTH));
  gcroots_type_free(type);
}

CASE(a_field_that_is_set_lets_the_old_object_go) {
  gcroots_type_t *type = new_node();
  gcroots_ref_t holder = make_leaf(type, 0);
  gcroots_weak_t old, fresh;
  gcroots_scope_t scope = enter();
  gcroots_ref_t first = make_leaf(type, 1);
  gcroots_ref_t second = make_leaf(type, 2);
  old = weak_of(first);
  fresh = weak_of(second);
  set_field(holder, 1, val_ref(first));
  OK(gcroots_store_gc(store));
  OK(gcroots_struct_set_ref(store, holder, 1, second));
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_store_gc(store));
  CHECK(is_alive(old) == !collects && is_alive(fresh));
  CHECK(field_i32(field_ref(holder, 1), 0) == 2);
  gcroots_type_free(type);
}

/* --- Types ------------------------------------------------------------------- */

CASE(a_store_keeps_the_types_of_its_objects) {
  gcroots_type_t *type = new_mixed();
  gcroots_ref_t ref = make_default(type);
  uint32_t index = index_of(type);
  gcroots_val_t values[STORAGES];
  for (gcroots_storage_t i = 0; i < STORAGES; i++) {
    values[i] = i == GCROOTS_STORAGE_REF ? val_ref(ref) : val_made_of(i, i);
    set_field(ref, i, values[i]);
  }
  gcroots_type_free(type);
  /* No other type gets the type's index. */
  for (int i = 0; i < 100; i++) {
    gcroots_type_t *other = new_struct(NULL, 0);
    CHECK(index_of(other) != index);
    make_default(other);
    gcroots_type_free(other);
  }
  gcroots_engine_free(engine);
  engine = NULL;
  OK(gcroots_store_gc(store));
  OK(gcroots_store_verify(store));
  for (gcroots_storage_t i = 0; i < STORAGES; i++) CHECK(same_val(get_field(ref, i), values[i]));
  REFUSED(GCROOTS_ERROR_OUT_OF_BOUNDS, gcroots_struct_get(store, ref, STORAGES, &values[0]));
}

CASE(a_type_outlives_the_store_that_kept_it) {
  gcroots_type_t *type = new_mixed();
  make_default(type);
  free_store();
  OK(gcroots_store_new(engine, &store));
  CHECK(same_val(get_field(make_default(type), 0), val_i32(0)));
  gcroots_type_free(type);
}

CASE(stores_of_one_engine_share_types) {
  gcroots_type_t *type = STRUCT_TYPE(any_field());
  gcroots_ref_t ref = make_default(type), other;
  gcroots_val_t foreign;
  OK(gcroots_struct_new_default(another_store(), type, &other));
  foreign = val_ref(other);
  REFUSED(GCROOTS_ERROR_WRONG_STORE, gcroots_struct_set(store, ref, 0, &foreign));
  OK(gcroots_struct_set(another, other, 0, &foreign));
  OK(gcroots_store_verify(another));
  gcroots_type_free(type);
}

CASE(a_type_of_a_high_index_serves) {
  enum { TYPES = 100000 };
  static gcroots_type_t *types[TYPES];
  gcroots_field_type_t field = any_field();
  gcroots_rec_group_t *group = new_group();
  gcroots_ref_t last, first;
  for (int i = 0; i < TYPES; i++) add_struct_of(group, &field);
  register_group(group, types, TYPES);
  CHECK(index_of(types[TYPES - 1]) >= TYPES - 1);
  last = make_default(types[TYPES - 1]);
  first = STRUCT(types[0], val_ref(last));
  free_types(types, TYPES);
  OK(gcroots_store_gc(store));
  OK(gcroots_store_verify(store));
  CHECK(same_object(field_ref(first, 0), last));
}

/* --- Growth ------------------------------------------------------------------ */

enum { INITIAL = 32 << 10 };

/* What the growth callback returns, and what it does to values (each nullable). */
static struct host {
  bool allows;
  gcroots_val_t *target, replacement;
  gcroots_manually_rooted_t *let_go;
  int calls;
} host;

static bool answer(void *env, gcroots_store_t *of, size_t committed, size_t wanted) {
  CHECK(env == &host && of == store && wanted > committed);
  if (host.target != NULL) *host.target = host.replacement;
  if (host.let_go != NULL) OK(gcroots_manually_rooted_unroot_later(host.let_go));
  host.calls++;
  return host.allows;
}

/* Replaces the fixture's engine and store by ones that ask `host`. */
static void ask_host(bool allows) {
  gcroots_config_t *config = variant_config(4 * INITIAL);
  memset(&host, 0, sizeof host);
  host.allows = allows;
  OK(gcroots_config_set_heap_initial(config, INITIAL));
  OK(gcroots_config_set_grow_callback(config, answer, &host));
  OK(gcroots_store_free(store));
  gcroots_engine_free(engine);
  OK(gcroots_engine_new(config, &engine));
  gcroots_config_free(config);
  OK(gcroots_store_new(engine, &store));
}

/* Makes nodes until the callback is asked. Returns the status of the last call. */
static gcroots_status_t make_until_asked(const gcroots_type_t *type, gcroots_val_t *values,
                                         gcroots_ref_t *out) {
  gcroots_status_t status = GCROOTS_OK;
  while (host.calls == 0) {
    *out = untouched();
    status = gcroots_struct_new(store, type, values, 3, out);
  }
  return status;
}

CASE(a_growth_that_is_refused_refuses_the_struct) {
  gcroots_type_t *type;
  gcroots_ref_t first, out;
  ask_host(false);
  type = new_node();
  first = make_leaf(type, 1);
  gcroots_val_t values[3] = {val_i32(2), val_ref(first), val_null()};
  CHECK(make_until_asked(type, values, &out) == GCROOTS_ERROR_OUT_OF_MEMORY);
  CHECK(same_bits(out, untouched()) && strstr(gcroots_last_error(), "callback") != NULL);
  nothing_fits(GCROOTS_ERROR_OUT_OF_MEMORY, type, values, 3);
  CHECK(field_i32(first, 0) == 1 && stats_of(store).committed_bytes == INITIAL);
  gcroots_type_free(type);
}

CASE(a_growth_that_is_allowed_makes_the_struct) {
  gcroots_type_t *type;
  gcroots_ref_t first, out;
  ask_host(true);
  type = new_node();
  first = make_leaf(type, 1);
  gcroots_val_t values[3] = {val_i32(2), val_ref(first), val_null()};
  OK(make_until_asked(type, values, &out));
  CHECK(field_i32(out, 0) == 2 && same_object(field_ref(out, 1), first));
  CHECK(gcroots_ref_is_null(field_ref(out, 2)) && stats_of(store).committed_bytes > INITIAL);
  gcroots_type_free(type);
}

/* The callback replaces the second value during the call. The call uses the old or the
   new one, and refuses a new one that is wrong. */
static void replace_while_asked(bool allows, gcroots_val_t replacement, gcroots_status_t refusal) {
  gcroots_type_t *type;
  gcroots_ref_t first, out;
  gcroots_status_t status;
  gcroots_stats_t stats;
  ask_host(allows);
  type = new_node();
  first = make_leaf(type, 1);
  gcroots_val_t values[3] = {val_i32(2), val_ref(first), val_null()};
  host.target = &values[1];
  host.replacement = replacement;
  status = make_until_asked(type, values, &out);
  stats = stats_of(store);
  CHECK(stats.scoped_roots == stats.objects);
  if (status == GCROOTS_OK) {
    gcroots_ref_t second = field_ref(out, 1);
    CHECK(allows && field_i32(out, 0) == 2);
    CHECK(same_object(second, first) || (refusal == GCROOTS_OK && gcroots_ref_is_null(second)));
  } else {
    CHECK(status == (allows ? refusal : GCROOTS_ERROR_OUT_OF_MEMORY) || status == refusal);
    CHECK(same_bits(out, untouched()));
  }
  OK(gcroots_store_verify(store));
  CHECK(field_i32(first, 0) == 1);
  gcroots_type_free(type);
}

CASE(values_that_change_while_growth_is_asked_about_are_checked) {
  for (int allows = 0; allows < 2; allows++) {
    replace_while_asked(allows, val_null(), GCROOTS_OK);
    replace_while_asked(allows, val_of(STORAGES), GCROOTS_ERROR_INVALID_ARGUMENT);
    replace_while_asked(allows, val_i32(1), GCROOTS_ERROR_TYPE_MISMATCH);
    replace_while_asked(allows, val_ref(untouched()), GCROOTS_ERROR_WRONG_STORE);
  }
}

CASE(a_value_that_the_growth_callback_lets_go_is_there_or_not) {
  for (int allows = 0; allows < 2; allows++) {
    gcroots_type_t *type;
    gcroots_manually_rooted_t kept, copy;
    gcroots_ref_t out;
    gcroots_status_t status;
    gcroots_scope_t scope;
    ask_host(allows);
    type = new_node();
    scope = enter();
    kept = copy = root(make_leaf(type, 1));
    OK(gcroots_scope_exit(store, scope));
    gcroots_val_t values[3] = {val_i32(2), val_ref(kept.ref), val_null()};
    host.let_go = &copy;
    status = make_until_asked(type, values, &out);
    if (status == GCROOTS_OK)
      CHECK(field_i32(field_ref(out, 1), 0) == 1);
    else
      CHECK(status == GCROOTS_ERROR_UNROOTED || (!allows && status == GCROOTS_ERROR_OUT_OF_MEMORY));
    CHECK(same_bits(out, untouched()) == (status != GCROOTS_OK));
    OK(gcroots_store_gc(store));
    OK(gcroots_store_verify(store));
    CHECK(stats_of(store).manual_roots == 0);
    gcroots_type_free(type);
  }
}
