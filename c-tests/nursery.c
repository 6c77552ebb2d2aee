/* New objects, and what keeps them alive. A collector may collect new objects apart from old
 * ones: then it must know of each place that refers to a new one. These cases store references to
 * new objects in each kind of place, old and new, and let many more objects be made.
 */
#include "objects.h"

enum { COUNT = 40 };

static int data[COUNT];

/* Makes a few hundred KiB of garbage, or under stress a few objects. So new objects are
   collected, and those that stay are old afterwards. */
static void churn(void) {
  for (int i = 0; i < (stressed ? 8 : 100000); i++) {
    gcroots_scope_t scope = enter();
    new_externref(NULL);
    OK(gcroots_scope_exit(store, scope));
  }
}

/* Makes an object old. */
static gcroots_ref_t aged(gcroots_ref_t ref) {
  churn();
  OK(gcroots_store_gc(store));
  return ref;
}

static gcroots_type_t *pair_type(void) {
  return STRUCT_TYPE(any_field(), any_field());
}

static gcroots_ref_t array_of(size_t length) {
  gcroots_type_t *type = new_array(any_field());
  gcroots_ref_t ref;
  OK(gcroots_array_new_default(store, type, length, &ref));
  gcroots_type_free(type);
  return ref;
}

static void set_element(gcroots_ref_t array, size_t index, gcroots_ref_t element) {
  OK(gcroots_array_set_ref(store, array, index, element));
}

static void *data_of_element(gcroots_ref_t array, size_t index) {
  gcroots_scope_t scope = enter();
  gcroots_ref_t element;
  void *found;
  OK(gcroots_array_get_ref(store, array, index, &element));
  found = data_of(element);
  OK(gcroots_scope_exit(store, scope));
  return found;
}

/* --- In objects ------------------------------------------------------------------------- */

CASE(fields_of_old_objects_keep_new_ones) {
  gcroots_type_t *type = pair_type();
  gcroots_ref_t old = aged(make_default(type));
  for (int i = 0; i < COUNT; i++) {
    gcroots_scope_t scope = enter();
    OK(gcroots_struct_set_ref(store, old, i % 2, new_externref(&data[i])));
    if (i % 3 == 0) churn();
    CHECK(data_of(field_ref(old, i % 2)) == &data[i]);
    if (i > 0) CHECK(data_of(field_ref(old, (i + 1) % 2)) == &data[i - 1]);
    OK(gcroots_scope_exit(store, scope));
  }
  gcroots_type_free(type);
}

CASE(a_chain_of_new_objects_hangs_on_an_old_one) {
  gcroots_type_t *type = pair_type();
  gcroots_ref_t old = aged(make_default(type)), node;
  gcroots_scope_t scope = enter();
  node = STRUCT(type, val_ref(new_externref(&data[0])), val_null());
  for (int i = 1; i < COUNT; i++)
    node = STRUCT(type, val_ref(new_externref(&data[i])), val_ref(node));
  OK(gcroots_struct_set_ref(store, old, 1, node));
  OK(gcroots_scope_exit(store, scope));
  churn();
  scope = enter();
  node = field_ref(old, 1);
  for (int i = COUNT - 1; i >= 0; i--) {
    CHECK(data_of(field_ref(node, 0)) == &data[i]);
    node = field_ref(node, 1);
  }
  CHECK(gcroots_ref_is_null(node));
  OK(gcroots_scope_exit(store, scope));
  gcroots_type_free(type);
}

/* Stores in elements of an old array of this length, again and again. */
static void check_elements(size_t length) {
  gcroots_ref_t array = aged(array_of(length));
  for (int round = 0; round < 3; round++) {
    for (size_t i = 0; i < length; i++) {
      gcroots_scope_t scope = enter();
      set_element(array, i, new_externref(&data[(i + round) % COUNT]));
      OK(gcroots_scope_exit(store, scope));
    }
    churn();
    for (size_t i = 0; i < length; i++)
      CHECK(data_of_element(array, i) == &data[(i + round) % COUNT]);
  }
}

CASE(elements_of_old_short_arrays_keep_new_objects) {
  check_elements(1);
  check_elements(64);
}

CASE(elements_of_old_long_arrays_keep_new_objects) {
  check_elements(65);
  check_elements(stressed ? 100 : 5000);
}

/* More slots than a list of slots may have. */
CASE(many_elements_of_an_old_array_keep_new_objects) {
  size_t length = stressed ? 80 : 40000;
  gcroots_ref_t array = aged(array_of(length)), element = new_externref(&data[1]);
  for (size_t i = 0; i < length; i++) set_element(array, i, element);
  churn();
  for (size_t i = 0; i < length; i++) CHECK(data_of_element(array, i) == &data[1]);
}

CASE(copied_and_filled_elements_keep_new_objects) {
  size_t length = 100;
  gcroots_ref_t copied = array_of(length), filled = aged(array_of(length));
  gcroots_scope_t scope = enter();
  gcroots_ref_t young = array_of(length);
  gcroots_val_t fill = val_ref(new_externref(&data[1]));
  for (size_t i = 0; i < length; i++) set_element(young, i, new_externref(&data[i % COUNT]));
  OK(gcroots_array_copy(store, copied, 10, young, 10, 60));
  OK(gcroots_array_fill(store, filled, 80, &fill, 10));
  OK(gcroots_scope_exit(store, scope));
  churn();
  for (size_t i = 10; i < 70; i++) CHECK(data_of_element(copied, i) == &data[i % COUNT]);
  for (size_t i = 80; i < 90; i++) CHECK(data_of_element(filled, i) == &data[1]);
}

/* Larger than what is made in a nursery, and as large as several blocks. */
CASE(new_large_arrays_keep_new_objects) {
  static const size_t lengths[] = {2100, 4200, 30000};
  for (size_t i = 0; i < COUNT_OF(lengths); i++) {
    gcroots_scope_t scope = enter();
    gcroots_ref_t before = new_externref(&data[2]), array = array_of(lengths[i]);
    set_element(array, 0, before);
    set_element(array, lengths[i] - 1, new_externref(&data[3]));
    churn();
    CHECK(data_of_element(array, 0) == &data[2]);
    CHECK(data_of_element(array, lengths[i] - 1) == &data[3]);
    OK(gcroots_scope_exit(store, scope));
  }
}

CASE(large_arrays_that_are_made_of_a_new_object_keep_it) {
  gcroots_type_t *type = new_array(any_field());
  gcroots_scope_t scope = enter();
  gcroots_val_t value = val_ref(new_externref(&data[4]));
  gcroots_ref_t array;
  OK(gcroots_array_new(store, type, &value, 10000, &array));
  churn();
  CHECK(data_of_element(array, 0) == &data[4] && data_of_element(array, 9999) == &data[4]);
  OK(gcroots_scope_exit(store, scope));
  gcroots_type_free(type);
}

/* --- Outside of objects ----------------------------------------------------------------- */

CASE(roots_keep_new_objects) {
  gcroots_ref_t scoped[COUNT];
  gcroots_manually_rooted_t manual[COUNT];
  for (int i = 0; i < COUNT; i++) {
    scoped[i] = new_externref(&data[i]);
    manual[i] = new_rooted(&data[i], NULL);
    if (i % 8 == 0) churn();
  }
  churn();
  for (int i = 0; i < COUNT; i++) {
    gcroots_ref_t ref;
    CHECK(data_of(scoped[i]) == &data[i]);
    OK(gcroots_manually_rooted_to_rooted(store, manual[i], &ref));
    CHECK(data_of(ref) == &data[i]);
  }
}

CASE(manual_roots_keep_new_objects_whose_scope_has_ended) {
  gcroots_manually_rooted_t manual[COUNT];
  for (int round = 0; round < 2; round++) {
    for (int i = 0; i < COUNT; i++) {
      gcroots_scope_t scope = enter();
      OK(gcroots_ref_to_manually_rooted(store, new_externref(&data[i]), &manual[i]));
      OK(gcroots_scope_exit(store, scope));
      if (i % 8 == 0) churn();
    }
    churn();
    for (int i = 0; i < COUNT; i++) {
      CHECK(data_of(manual[i].ref) == &data[i]);
      OK(gcroots_manually_rooted_unroot(store, &manual[i]));
    }
  }
}

/* A scope is left, and its places are used by new roots. */
CASE(roots_in_places_of_old_roots_keep_new_objects) {
  for (int i = 0; i < 12; i++) {
    gcroots_scope_t scope = enter();
    gcroots_ref_t refs[8];
    for (int k = 0; k < 8; k++) refs[k] = new_externref(&data[(i + k) % COUNT]);
    churn();
    OK(gcroots_scope_exit(store, scope));
    scope = enter();
    for (int k = 0; k < 8 - i % 8; k++) refs[k] = new_externref(&data[(2 * i + k) % COUNT]);
    churn();
    for (int k = 0; k < 8 - i % 8; k++) CHECK(data_of(refs[k]) == &data[(2 * i + k) % COUNT]);
    OK(gcroots_scope_exit(store, scope));
  }
}

CASE(a_root_that_escapes_keeps_a_new_object) {
  gcroots_ref_t below = aged(new_externref(&data[0])), escaped;
  gcroots_scope_t scope = enter();
  new_externref(NULL);
  churn();
  OK(gcroots_scope_escape(store, scope, new_externref(&data[1]), &escaped));
  churn();
  CHECK(data_of(escaped) == &data[1] && data_of(below) == &data[0]);
}

CASE(an_old_root_that_is_assigned_keeps_a_new_object) {
  gcroots_ref_t local, others[4];
  OK(gcroots_local_new(store, new_externref(&data[0]), &local));
  for (int i = 0; i < 4; i++) others[i] = new_externref(&data[10 + i]);
  aged(local);
  for (int i = 1; i < 6; i++) {
    gcroots_scope_t scope = enter();
    OK(gcroots_ref_assign(store, local, new_externref(&data[i])));
    OK(gcroots_scope_exit(store, scope));
    churn();
    CHECK(data_of(local) == &data[i]);
  }
  for (int i = 0; i < 4; i++) CHECK(data_of(others[i]) == &data[10 + i]);
}

CASE(tables_and_globals_keep_new_objects) {
  gcroots_ref_type_t any = {NULL, GCROOTS_HEAP_ANY, 1};
  gcroots_field_type_t field = any_field();
  gcroots_val_t val = val_null();
  gcroots_table_t table;
  gcroots_global_t global;
  OK(gcroots_table_new(store, any, 200, UINT64_MAX, gcroots_ref_null(), &table));
  OK(gcroots_global_new(store, &field, &val, &global));
  aged(gcroots_ref_null());
  for (int i = 0; i < 6; i++) {
    gcroots_scope_t scope = enter();
    gcroots_ref_t ref;
    uint64_t before;
    OK(gcroots_table_set(store, table, 7, new_externref(&data[i])));
    OK(gcroots_table_fill(store, table, 100, new_externref(&data[i + 1]), 50));
    val = val_ref(new_externref(&data[i + 2]));
    OK(gcroots_global_set(store, global, &val));
    OK(gcroots_table_grow(store, table, 10, new_externref(&data[i + 3]), &before));
    churn();
    OK(gcroots_table_get(store, table, 7, &ref));
    CHECK(data_of(ref) == &data[i]);
    OK(gcroots_table_get(store, table, 149, &ref));
    CHECK(data_of(ref) == &data[i + 1]);
    OK(gcroots_table_get(store, table, before + 9, &ref));
    CHECK(data_of(ref) == &data[i + 3]);
    OK(gcroots_global_get(store, global, &val));
    CHECK(data_of(val.of.ref) == &data[i + 2]);
    OK(gcroots_scope_exit(store, scope));
  }
}

CASE(slots_of_a_root_range_keep_new_objects) {
  static uint32_t slots[COUNT];
  gcroots_root_range_t range = {.slots = slots, .count = COUNT};
  gcroots_root_source_t source;
  OK(gcroots_root_range_add(store, &range, NULL, &source));
  for (int i = 0; i < COUNT; i++) {
    gcroots_scope_t scope = enter();
    gcroots_ref_t ref;
    OK(gcroots_ref_to_raw(store, new_externref(&data[i]), &slots[i]));
    if (range.unchanged > (size_t)i) range.unchanged = (size_t)i;
    if (i % 4 == 0) churn();
    for (int k = 0; k <= i; k++) {
      OK(gcroots_ref_from_raw(store, slots[k], &ref));
      CHECK(data_of(ref) == &data[k]);
    }
    OK(gcroots_scope_exit(store, scope));
  }
  OK(gcroots_root_range_remove(store, &source));
}

/* --- Beside the heap -------------------------------------------------------------------- */

CASE(weak_handles_follow_new_objects_until_they_die) {
  gcroots_weak_t kept[COUNT], dropped[COUNT];
  gcroots_ref_t refs[COUNT], ref;
  for (int i = 0; i < COUNT; i++) {
    gcroots_scope_t scope;
    refs[i] = new_externref(&data[i]);
    OK(gcroots_weak_new(store, refs[i], &kept[i]));
    scope = enter();
    OK(gcroots_weak_new(store, new_externref(NULL), &dropped[i]));
    OK(gcroots_scope_exit(store, scope));
    if (i % 10 == 5) churn();
  }
  churn();
  for (int i = 0; i < COUNT; i++) {
    OK(gcroots_weak_upgrade(store, kept[i], &ref));
    CHECK(data_of(ref) == &data[i] && same_object(ref, refs[i]));
  }
  OK(gcroots_store_gc(store));
  for (int i = 0; i < COUNT; i++) {
    OK(gcroots_weak_upgrade(store, dropped[i], &ref));
    CHECK(gcroots_ref_is_null(ref) == collects);
  }
}

CASE(finalizers_of_new_objects_run_once) {
  static int calls;
  uint64_t made = 0, before = stats_of(store).finalizers_run, ran;
  for (int i = 0; i < COUNT; i++) {
    gcroots_scope_t scope = enter();
    gcroots_ref_t ref;
    OK(gcroots_externref_new(store, &calls, count_call, &ref));
    made++;
    OK(gcroots_scope_exit(store, scope));
  }
  churn();
  ran = stats_of(store).finalizers_run - before;
  /* The collections of new objects have found them. */
  if (heap_has(NURSERY) && !stressed) CHECK(ran == made);
  OK(gcroots_store_gc(store));
  CHECK(stats_of(store).finalizers_run - before == (collects ? made : 0));
}

CASE(hashes_of_new_objects_stay) {
  gcroots_ref_t refs[COUNT];
  uint64_t hashes[COUNT], hash;
  for (int i = 0; i < COUNT; i++) {
    gcroots_scope_t scope;
    refs[i] = new_externref(&data[i]);
    OK(gcroots_ref_hash(store, refs[i], &hashes[i]));
    scope = enter();
    OK(gcroots_ref_hash(store, new_externref(NULL), &hash));
    OK(gcroots_scope_exit(store, scope));
    if (i % 16 == 3) churn();
  }
  churn();
  for (int i = 0; i < COUNT; i++) {
    OK(gcroots_ref_hash(store, refs[i], &hash));
    CHECK(hash == hashes[i]);
  }
}

CASE(weak_maps_follow_new_keys_and_values) {
  gcroots_weakmap_t maps[2];
  gcroots_ref_t keys[COUNT], old = aged(new_externref(NULL)), value;
  size_t size;
  for (int m = 0; m < 2; m++) OK(gcroots_weakmap_new(store, &maps[m]));
  for (int i = 0; i < COUNT; i++) {
    gcroots_scope_t scope;
    keys[i] = new_externref(NULL);
    scope = enter();
    for (int m = 0; m < 2; m++)
      OK(gcroots_weakmap_set(store, maps[m], keys[i], new_externref(&data[i])));
    OK(gcroots_weakmap_set(store, maps[1], new_externref(NULL), keys[i]));
    /* The key is old, the value new. */
    OK(gcroots_weakmap_set(store, maps[0], old, new_externref(&data[i])));
    OK(gcroots_scope_exit(store, scope));
    if (i % 8 == 7) churn();
    scope = enter();
    OK(gcroots_weakmap_get(store, maps[0], old, &value));
    CHECK(data_of(value) == &data[i]);
    OK(gcroots_scope_exit(store, scope));
  }
  churn();
  for (int i = 0; i < COUNT; i++) {
    for (int m = 0; m < 2; m++) {
      OK(gcroots_weakmap_get(store, maps[m], keys[i], &value));
      CHECK(data_of(value) == &data[i]);
    }
  }
  OK(gcroots_store_gc(store));
  OK(gcroots_weakmap_size(store, maps[0], &size));
  CHECK(size == COUNT + 1);
  OK(gcroots_weakmap_size(store, maps[1], &size));
  CHECK(size == (collects ? COUNT : 2 * COUNT));
}

/* --- Without room ----------------------------------------------------------------------- */

/* In a no-GC span, objects are made that a collection cannot make room for. They refer to new
   objects, and these to them. */
CASE(objects_of_a_no_gc_span_are_collected_like_others) {
  gcroots_type_t *type = pair_type();
  int count = stressed ? 2000 : 50000;
  gcroots_ref_t last = gcroots_ref_null(), local, next;
  gcroots_scope_t scope;
  OK(gcroots_local_new(store, last, &local));
  OK(gcroots_no_gc_enter(store));
  for (int i = 0; i < count; i++) {
    scope = enter();
    last = STRUCT(type, val_ref(local), val_ref(new_externref(&data[i % COUNT])));
    OK(gcroots_ref_assign(store, local, last));
    OK(gcroots_scope_exit(store, scope));
  }
  OK(gcroots_no_gc_exit(store));
  churn();
  OK(gcroots_store_verify(store));
  for (int i = count - 1; i >= 0; i--) {
    scope = enter();
    CHECK(data_of(field_ref(local, 1)) == &data[i % COUNT]);
    next = field_ref(local, 0);
    CHECK(gcroots_ref_is_null(next) == (i == 0));
    OK(gcroots_ref_assign(store, local, next));
    OK(gcroots_scope_exit(store, scope));
  }
  gcroots_type_free(type);
}

/* With a small budget the nursery stays small, so there are more collections. */
static uint64_t minors_with_budget(uint32_t microseconds) {
  gcroots_config_t *config = variant_config(0);
  gcroots_type_t *type;
  gcroots_ref_t kept;
  OK(gcroots_config_set_pause_budget(config, microseconds));
  free_store();
  gcroots_engine_free(engine);
  OK(gcroots_engine_new(config, &engine));
  gcroots_config_free(config);
  OK(gcroots_store_new(engine, &store));
  type = pair_type();
  OK(gcroots_local_new(store, gcroots_ref_null(), &kept));
  for (int i = 0; i < 20 * (stressed ? 1 : 10000); i++) {
    gcroots_scope_t scope = enter();
    gcroots_ref_t made = STRUCT(type, val_ref(kept), val_null());
    OK(gcroots_ref_assign(store, kept, i % 64 == 0 ? gcroots_ref_null() : made));
    OK(gcroots_scope_exit(store, scope));
  }
  gcroots_type_free(type);
  return stats_of(store).minor_collections;
}

CASE(a_small_pause_budget_keeps_the_nursery_small) {
  uint64_t many = minors_with_budget(1), few = minors_with_budget(0);
  if (!heap_has(NURSERY) || stressed) return;
  CHECK(many > 2 * few && few > 0);
  CHECK(minors_with_budget(UINT32_MAX) <= few);
}

CASE(statistics_tell_minor_collections_and_what_they_promote) {
  gcroots_stats_t before = stats_of(store), after;
  gcroots_ref_t kept[COUNT];
  for (int i = 0; i < COUNT; i++) kept[i] = new_externref(&data[i]);
  churn();
  after = stats_of(store);
  CHECK(after.minor_collections - before.minor_collections <=
        after.collections - before.collections);
  CHECK(after.promoted_bytes - before.promoted_bytes <= after.moved_bytes - before.moved_bytes);
  if (heap_has(NURSERY)) CHECK(after.promoted_bytes - before.promoted_bytes >= COUNT * 8);
  if (heap_has(NURSERY)) CHECK(after.minor_collections > before.minor_collections);
  if (!heap_has(NURSERY)) CHECK(after.promoted_bytes == 0);
  for (int i = 0; i < COUNT; i++) CHECK(data_of(kept[i]) == &data[i]);
}

/* --- Large objects ---------------------------------------------------------------------- */

static gcroots_ref_t large_of(gcroots_type_t *type) {
  gcroots_ref_t ref;
  OK(gcroots_array_new_default(store, type, 100 << 10, &ref));
  return ref;
}

/* Each kind of place refers to a large object while it is new. */
CASE(large_objects_that_are_held_survive) {
  gcroots_type_t *bytes = new_array(plain(GCROOTS_STORAGE_I8)), *pair = pair_type();
  gcroots_ref_t old = aged(make_default(pair)), array = aged(array_of(100)), ref;
  for (int i = 0; i < 4; i++) {
    gcroots_scope_t scope = enter();
    gcroots_ref_t root = large_of(bytes),
                  young = STRUCT(pair, val_ref(large_of(bytes)), val_null());
    gcroots_ref_t list = array_of(20000);
    size_t length;
    set_element(list, 19999, large_of(bytes));
    OK(gcroots_struct_set_ref(store, old, 0, large_of(bytes)));
    set_element(array, 99, large_of(bytes));
    churn();
    OK(gcroots_store_verify(store));
    OK(gcroots_array_len(store, root, &length));
    CHECK(length == 100 << 10);
    OK(gcroots_array_len(store, field_ref(young, 0), &length));
    CHECK(length == 100 << 10);
    OK(gcroots_array_len(store, field_ref(old, 0), &length));
    CHECK(length == 100 << 10);
    OK(gcroots_array_get_ref(store, array, 99, &ref));
    OK(gcroots_array_len(store, ref, &length));
    CHECK(length == 100 << 10);
    OK(gcroots_array_get_ref(store, list, 19999, &ref));
    OK(gcroots_array_len(store, ref, &length));
    CHECK(length == 100 << 10);
    OK(gcroots_scope_exit(store, scope));
  }
  gcroots_type_free(bytes);
  gcroots_type_free(pair);
}

CASE(large_objects_that_die_young_need_no_full_collection) {
  gcroots_type_t *bytes = new_array(plain(GCROOTS_STORAGE_I8));
  gcroots_weak_t weak;
  gcroots_ref_t kept = aged(new_externref(&data[0])), ref;
  gcroots_stats_t before = stats_of(store), after;
  gcroots_scope_t scope = enter();
  OK(gcroots_weak_new(store, large_of(bytes), &weak));
  OK(gcroots_scope_exit(store, scope));
  for (int i = 0; i < (stressed ? 10 : 300); i++) {
    scope = enter();
    large_of(bytes);
    OK(gcroots_scope_exit(store, scope));
  }
  after = stats_of(store);
  if (heap_has(NURSERY) && !stressed) {
    CHECK(after.minor_collections > before.minor_collections);
    CHECK(after.collections - before.collections ==
          after.minor_collections - before.minor_collections);
    CHECK(after.committed_bytes < 8 << 20);
  }
  if (collects && !stressed) {
    OK(gcroots_store_gc(store));
    OK(gcroots_weak_upgrade(store, weak, &ref));
    CHECK(gcroots_ref_is_null(ref));
  }
  CHECK(data_of(kept) == &data[0]);
  gcroots_type_free(bytes);
}
