/* Weak maps: a value stays alive while its key is alive. */
#include "objects.h"
#include "refusals.h"
#include "threads.h"

static gcroots_weakmap_t new_map(void) {
  gcroots_weakmap_t map;
  OK(gcroots_weakmap_new(store, &map));
  return map;
}

static void set(gcroots_weakmap_t map, gcroots_ref_t key, gcroots_ref_t value) {
  OK(gcroots_weakmap_set(store, map, key, value));
}

static gcroots_ref_t get(gcroots_weakmap_t map, gcroots_ref_t key) {
  gcroots_ref_t value = untouched();
  OK(gcroots_weakmap_get(store, map, key, &value));
  return value;
}

/* Whether the map has a value for the key. Leaves no root. */
static bool has(gcroots_weakmap_t map, gcroots_ref_t key) {
  gcroots_scope_t scope = enter();
  bool found = !gcroots_ref_is_null(get(map, key));
  OK(gcroots_scope_exit(store, scope));
  return found;
}

/* The value is an externref with this data. Leaves no root. */
static bool has_data(gcroots_weakmap_t map, gcroots_ref_t key, void *data) {
  gcroots_scope_t scope = enter();
  gcroots_ref_t value = get(map, key);
  bool same = !gcroots_ref_is_null(value) && data_of(value) == data;
  OK(gcroots_scope_exit(store, scope));
  return same;
}

static bool delete_key(gcroots_weakmap_t map, gcroots_ref_t key) {
  bool found;
  OK(gcroots_weakmap_delete(store, map, key, &found));
  return found;
}

static size_t size(gcroots_weakmap_t map) {
  size_t count = 12345;
  OK(gcroots_weakmap_size(store, map, &count));
  return count;
}

static bool same_map(gcroots_weakmap_t a, gcroots_weakmap_t b) {
  return memcmp(&a, &b, sizeof a) == 0;
}

/* Frees a map and checks that its handle is zeroed. */
static void free_map(gcroots_weakmap_t *map) {
  static const unsigned char zeros[sizeof *map];
  OK(gcroots_weakmap_free(store, map));
  CHECK(memcmp(map, zeros, sizeof zeros) == 0);
}

static gcroots_weakmap_t untouched_map(void) {
  gcroots_weakmap_t map;
  memset(&map, 0x5a, sizeof map);
  return map;
}

static gcroots_ref_t i31(uint32_t number) {
  gcroots_ref_t ref;
  OK(gcroots_i31_new(store, number, &ref));
  return ref;
}

/* Gives the key a new externref that nothing else keeps alive. */
static void set_new(gcroots_weakmap_t map, gcroots_ref_t key, void *data,
                    gcroots_finalizer_t finalizer) {
  gcroots_scope_t scope = enter();
  gcroots_ref_t value;
  OK(gcroots_externref_new(store, data, finalizer, &value));
  set(map, key, value);
  OK(gcroots_scope_exit(store, scope));
}

/* --- Entries ----------------------------------------------------------------- */

CASE(a_key_has_the_value_that_it_was_given) {
  gcroots_weakmap_t map = new_map();
  gcroots_ref_t key = new_externref(NULL), value = new_externref(&map), out;
  uint64_t roots;
  CHECK(size(map) == 0 && !has(map, key));
  set(map, key, value);
  roots = stats_of(store).scoped_roots;
  out = get(map, key);
  CHECK(same_object(out, value) && !gcroots_ref_same_root(out, value));
  CHECK(stats_of(store).scoped_roots == roots + 1);
  CHECK(size(map) == 1 && !has(map, value));
}

CASE(a_value_is_replaced) {
  static int finalized;
  gcroots_weakmap_t map = new_map();
  gcroots_ref_t key = new_externref(NULL);
  set_new(map, key, &finalized, count_call);
  set_new(map, key, &map, NULL);
  CHECK(size(map) == 1 && has_data(map, key, &map));
  OK(gcroots_store_gc(store));
  CHECK(finalized == dead(1) && has_data(map, key, &map));
}

CASE(null_is_a_value) {
  gcroots_weakmap_t map = new_map();
  gcroots_ref_t key = new_externref(NULL);
  set(map, key, gcroots_ref_null());
  CHECK(size(map) == 1 && same_bits(get(map, key), gcroots_ref_null()));
  OK(gcroots_store_gc(store));
  CHECK(size(map) == 1);
  set(map, key, key);
  CHECK(size(map) == 1 && same_object(get(map, key), key));
  set(map, key, gcroots_ref_null());
  CHECK(!has(map, key) && delete_key(map, key) && !delete_key(map, key));
  CHECK(size(map) == 0);
}

CASE(a_deleted_key_has_no_value) {
  static int finalized;
  gcroots_weakmap_t map = new_map();
  gcroots_ref_t key = new_externref(NULL), other = new_externref(NULL);
  set_new(map, key, &finalized, count_call);
  set(map, other, key);
  CHECK(delete_key(map, key) && !has(map, key) && size(map) == 1);
  CHECK(!delete_key(map, key) && same_object(get(map, other), key));
  OK(gcroots_store_gc(store));
  CHECK(finalized == dead(1) && size(map) == 1 && !has(map, key));
  set(map, key, other);
  CHECK(same_object(get(map, key), other) && size(map) == 2);
}

CASE(keys_are_told_apart_by_identity) {
  int number;
  gcroots_weakmap_t map = new_map();
  gcroots_ref_t key = new_externref(&number), alike = new_externref(&number);
  gcroots_manually_rooted_t manual = root(key);
  set(map, key, alike);
  CHECK(same_object(get(map, manual.ref), alike) && !has(map, alike));
  set(map, manual.ref, key);
  CHECK(same_object(get(map, key), key) && size(map) == 1);
}

CASE(any_object_may_be_a_key_and_a_value) {
  gcroots_weakmap_t map = new_map();
  gcroots_type_t *node = new_node(), *none = new_func(NULL, 0, NULL, 0);
  gcroots_type_t *bytes = new_array(plain(GCROOTS_STORAGE_I8));
  gcroots_tag_t tag;
  gcroots_ref_t refs[6];
  OK(gcroots_tag_new(store, none, &tag));
  refs[0] = new_externref(NULL);
  refs[1] = make_leaf(node, 1);
  OK(gcroots_array_new_default(store, bytes, 5, &refs[2]));
  OK(gcroots_exn_new(store, tag, NULL, 0, &refs[3]));
  refs[4] = i31(7);
  refs[5] = make_func(none, answer_ok, NULL);
  for (int i = 0; i < 6; i++) set(map, refs[i], refs[(i + 2) % 6]);
  for (int round = 0; round < 3; round++) {
    for (int i = 0; i < 6; i++) CHECK(same_object(get(map, refs[i]), refs[(i + 2) % 6]));
    OK(gcroots_store_gc(store));
  }
  gcroots_type_free(node);
  gcroots_type_free(none);
  gcroots_type_free(bytes);
}

CASE(an_i31_is_a_key_that_never_dies) {
  static int finalized;
  gcroots_weakmap_t map = new_map(), other = new_map();
  gcroots_scope_t scope = enter();
  set_new(map, i31(5), &finalized, count_call);
  set(map, i31(6), i31(60));
  set(other, i31(5), gcroots_ref_null());
  OK(gcroots_scope_exit(store, scope));
  for (int i = 0; i < 3; i++) OK(gcroots_store_gc(store));
  CHECK(finalized == 0 && size(map) == 2 && has_data(map, i31(5), &finalized));
  CHECK(same_object(get(map, i31(6)), i31(60)) && !has(map, i31(60)) && !has(other, i31(6)));
  CHECK(delete_key(map, i31(5)) && size(map) == 1 && size(other) == 1);
  OK(gcroots_store_gc(store));
  CHECK(finalized == dead(1));
}

CASE(an_i31_is_a_key_in_a_store_without_objects) {
  gcroots_weakmap_t map = new_map();
  set(map, i31(1), i31(2));
  OK(gcroots_store_gc(store));
  OK(gcroots_store_verify(store));
  CHECK(same_object(get(map, i31(1)), i31(2)) && delete_key(map, i31(1)));
}

CASE(a_key_may_be_hashed_as_well) {
  gcroots_weakmap_t map = new_map();
  gcroots_ref_t key = new_externref(NULL);
  uint64_t hash, again;
  OK(gcroots_ref_hash(store, key, &hash));
  set(map, key, key);
  OK(gcroots_store_gc(store));
  CHECK(delete_key(map, key));
  OK(gcroots_store_verify(store));
  OK(gcroots_store_gc(store));
  OK(gcroots_ref_hash(store, key, &again));
  CHECK(hash == again);
}

/* --- Lives and deaths -------------------------------------------------------- */

CASE(a_value_lives_while_its_key_does) {
  static int finalized;
  gcroots_weakmap_t map = new_map();
  gcroots_manually_rooted_t key = new_rooted(NULL, NULL);
  set_new(map, key.ref, &finalized, count_call);
  for (int i = 0; i < 3; i++) {
    OK(gcroots_store_gc(store));
    CHECK(finalized == 0 && size(map) == 1 && has_data(map, key.ref, &finalized));
  }
  OK(gcroots_manually_rooted_unroot(store, &key));
  OK(gcroots_store_gc(store));
  CHECK(finalized == dead(1) && size(map) == (collects ? 0 : 1));
}

CASE(a_value_that_is_rooted_outlives_its_key) {
  int number;
  gcroots_weakmap_t map = new_map();
  gcroots_ref_t value = new_externref(&number);
  gcroots_scope_t scope = enter();
  set(map, new_externref(NULL), value);
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_store_gc(store));
  CHECK(size(map) == (collects ? 0 : 1) && data_of(value) == &number);
}

CASE(a_value_does_not_keep_its_key_alive) {
  static int finalized;
  gcroots_weakmap_t map = new_map();
  gcroots_type_t *node = new_node();
  gcroots_scope_t scope = enter();
  gcroots_ref_t key = make_leaf(node, 1), twin = make_leaf(node, 4);
  gcroots_manually_rooted_t externref = new_rooted(&finalized, count_call);
  /* A value that refers to its key, a key that is its own value, and two keys that are
     each other's values. */
  set(map, key, make_node(node, 2, key, make_node(node, 3, key, key)));
  set(map, externref.ref, externref.ref);
  set(map, twin, make_node(node, 5, twin, gcroots_ref_null()));
  set(map, get(map, twin), twin);
  OK(gcroots_store_gc(store));
  CHECK(size(map) == 4);
  OK(gcroots_manually_rooted_unroot(store, &externref));
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_store_gc(store));
  CHECK(finalized == dead(1) && size(map) == (collects ? 0 : 4));
  if (collects) CHECK(stats_of(store).objects == 0);
  gcroots_type_free(node);
}

CASE(one_key_has_a_value_in_each_map) {
  enum { MAPS = 40 };
  static int finalized[MAPS];
  gcroots_weakmap_t maps[MAPS];
  gcroots_manually_rooted_t key = new_rooted(NULL, NULL);
  for (int i = 0; i < MAPS; i++) {
    maps[i] = new_map();
    set_new(maps[i], key.ref, &finalized[i], count_call);
  }
  for (int i = 0; i < MAPS; i += 4) CHECK(delete_key(maps[i], key.ref));
  for (int i = 1; i < MAPS; i += 4) free_map(&maps[i]);
  OK(gcroots_store_gc(store));
  for (int i = 0; i < MAPS; i++) {
    CHECK(finalized[i] == (i % 4 < 2 ? dead(1) : 0));
    if (i % 4 == 0) CHECK(!has(maps[i], key.ref));
    if (i % 4 >= 2) CHECK(has_data(maps[i], key.ref, &finalized[i]));
  }
  OK(gcroots_manually_rooted_unroot(store, &key));
  OK(gcroots_store_gc(store));
  for (int i = 0; i < MAPS; i++) CHECK(finalized[i] == dead(1));
}

CASE(a_freed_map_lets_its_values_go) {
  static int finalized[2];
  gcroots_weakmap_t map = new_map(), other = new_map();
  gcroots_ref_t keys[100];
  for (int i = 0; i < 100; i++) {
    keys[i] = new_externref(NULL);
    set_new(map, keys[i], &finalized[0], count_call);
    if (i % 2 == 0) set_new(other, keys[i], &finalized[1], count_call);
  }
  set_new(map, i31(1), &finalized[0], count_call);
  free_map(&map);
  OK(gcroots_store_verify(store));
  OK(gcroots_store_gc(store));
  CHECK(finalized[0] == dead(101) && finalized[1] == 0 && size(other) == 50);
  free_map(&other);
  OK(gcroots_store_gc(store));
  CHECK(finalized[1] == dead(50));
  CHECK(stats_of(store).objects == (collects ? 100 : 251));
}

CASE(a_map_outlives_scopes_and_a_freed_ones_slot_is_empty) {
  gcroots_ref_t key = new_externref(NULL);
  gcroots_scope_t scope = enter();
  gcroots_weakmap_t map = new_map(), next;
  set(map, key, key);
  OK(gcroots_scope_exit(store, scope));
  CHECK(has(map, key));
  free_map(&map);
  free_map(&map);
  next = new_map();
  CHECK(size(next) == 0 && !has(next, key));
}

CASE(a_value_that_is_a_key_elsewhere_keeps_its_own_value_alive) {
  static int finalized;
  gcroots_weakmap_t first = new_map(), second = new_map();
  gcroots_manually_rooted_t key = new_rooted(NULL, NULL);
  gcroots_scope_t scope = enter();
  set(first, key.ref, new_externref(NULL));
  set_new(second, get(first, key.ref), &finalized, count_call);
  OK(gcroots_scope_exit(store, scope));
  for (int i = 0; i < 2; i++) OK(gcroots_store_gc(store));
  scope = enter();
  CHECK(finalized == 0 && has_data(second, get(first, key.ref), &finalized));
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_manually_rooted_unroot(store, &key));
  OK(gcroots_store_gc(store));
  CHECK(finalized == dead(1));
  CHECK(size(first) + size(second) == (collects ? 0 : 2));
}

/* Makes a store other than the fixture's, without stress. */
static gcroots_store_t *calm_store(void) {
  gcroots_config_t *config = gcroots_config_new();
  OK(gcroots_config_set_collector(config, collector));
  return store_with(config);
}

enum { CHAIN = 100000 / GRAPH_SCALE };

/* Makes a chain in which each object is the value of the one before or, with
   `backwards`, of the one after. Only the first key keeps a root. */
static gcroots_manually_rooted_t new_chain(gcroots_weakmap_t map, bool backwards, int *finalized) {
  gcroots_scope_t outer = enter();
  gcroots_ref_t last = new_local(gcroots_ref_null());
  gcroots_manually_rooted_t first;
  for (int i = 0; i < CHAIN; i++) {
    gcroots_scope_t scope = enter();
    gcroots_ref_t ref;
    OK(gcroots_externref_new(store, finalized, count_call, &ref));
    if (i == 0)
      first = root(ref);
    else if (backwards)
      set(map, ref, last);
    else
      set(map, last, ref);
    OK(gcroots_ref_assign(store, last, ref));
    OK(gcroots_scope_exit(store, scope));
  }
  if (backwards) {
    OK(gcroots_manually_rooted_unroot(store, &first));
    first = root(last);
  }
  OK(gcroots_scope_exit(store, outer));
  return first;
}

static void check_chain(bool backwards) {
  static int finalized;
  gcroots_store_t *fixture = store;
  gcroots_weakmap_t map;
  gcroots_manually_rooted_t first;
  store = calm_store();
  map = new_map();
  first = new_chain(map, backwards, &finalized);
  for (int round = 0; round < 2; round++) {
    OK(gcroots_store_gc(store));
    CHECK(finalized == 0 && size(map) == CHAIN - 1);
    CHECK(stats_of(store).objects == CHAIN);
  }
  OK(gcroots_manually_rooted_unroot(store, &first));
  OK(gcroots_store_gc(store));
  CHECK(finalized == dead(CHAIN) && size(map) == (collects ? 0 : CHAIN - 1));
  free_store();
  store = fixture;
}

CASE(a_long_chain_of_keys_and_values_lives_and_dies_as_one) {
  check_chain(false);
}

CASE(a_long_chain_made_from_its_end_lives_and_dies_as_one) {
  check_chain(true);
}

CASE(a_long_ring_of_keys_and_values_dies) {
  static int finalized;
  gcroots_store_t *fixture = store;
  gcroots_weakmap_t map;
  gcroots_manually_rooted_t first;
  gcroots_ref_t last;
  gcroots_scope_t scope;
  store = calm_store();
  map = new_map();
  first = new_chain(map, false, &finalized);
  scope = enter();
  last = new_local(first.ref);
  for (int i = 1; i < CHAIN; i++) {
    gcroots_scope_t inner = enter();
    OK(gcroots_ref_assign(store, last, get(map, last)));
    OK(gcroots_scope_exit(store, inner));
  }
  CHECK(!has(map, last));
  set(map, last, first.ref);
  OK(gcroots_manually_rooted_unroot(store, &first));
  OK(gcroots_store_gc(store));
  CHECK(finalized == 0 && size(map) == CHAIN);
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_store_gc(store));
  CHECK(finalized == dead(CHAIN) && size(map) == (collects ? 0 : CHAIN));
  free_store();
  store = fixture;
}

/* --- Against a model --------------------------------------------------------- */

/* SplitMix64. */
static uint64_t random_below(uint64_t bound) {
  static uint64_t state = 1;
  uint64_t z = state += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return (z ^ (z >> 31)) % bound;
}

enum { NODES = 40, MAPS = 3, KEYS = NODES + 4, NOTHING = -1 };

/* Nodes that refer to each other, and maps in which they are keys and values. The keys
   from NODES on are i31s, which never die. */
static struct {
  gcroots_type_t *type;
  gcroots_weakmap_t maps[MAPS];
  gcroots_weak_t weak[NODES];
  gcroots_manually_rooted_t roots[NODES];
  bool rooted[NODES], alive[KEYS];
  int fields[NODES][2], values[MAPS][KEYS];
} model;

static gcroots_ref_t model_ref(int number) {
  gcroots_ref_t ref;
  if (number >= NODES) return i31((uint32_t)number);
  if (number == NOTHING) return gcroots_ref_null();
  OK(gcroots_weak_upgrade(store, model.weak[number], &ref));
  return ref;
}

static void model_set(int map, int key, int value) {
  set(model.maps[map], model_ref(key), model_ref(value));
  model.values[map][key] = value;
}

static void make_model(void) {
  gcroots_scope_t scope = enter();
  for (int i = 0; i < NODES; i++) {
    gcroots_ref_t ref = make_leaf(model.type, i);
    OK(gcroots_weak_new(store, ref, &model.weak[i]));
    model.rooted[i] = random_below(10) == 0;
    model.roots[i] = (gcroots_manually_rooted_t){gcroots_ref_null()};
    if (model.rooted[i]) model.roots[i] = root(ref);
  }
  for (int i = 0; i < NODES; i++)
    for (int f = 0; f < 2; f++) {
      int to = random_below(3) == 0 ? (int)random_below(NODES) : NOTHING;
      model.fields[i][f] = to;
      set_field(model_ref(i), 1 + (size_t)f, val_ref(model_ref(to)));
    }
  for (int m = 0; m < MAPS; m++) {
    model.maps[m] = new_map();
    for (int key = 0; key < KEYS; key++) model.values[m][key] = -2;
    for (uint64_t n = random_below(2 * NODES); n > 0; n--) {
      int key = random_below(20) == 0 ? NODES + (int)random_below(4) : (int)random_below(NODES);
      model_set(m, key, (int)random_below(NODES + 1) - 1);
      if (random_below(8) != 0) continue;
      CHECK(delete_key(model.maps[m], model_ref(key)));
      model.values[m][key] = -2;
    }
  }
  OK(gcroots_scope_exit(store, scope));
}

/* Marks a number as reachable. Returns whether it was unmarked before. */
static bool mark(int number) {
  if (number < 0 || model.alive[number]) return false;
  return model.alive[number] = true;
}

/* A simple and slow computation of the reachable nodes. */
static void mark_model(void) {
  bool more = true;
  for (int i = 0; i < KEYS; i++) model.alive[i] = i >= NODES || model.rooted[i];
  while (more) {
    more = false;
    for (int i = 0; i < NODES; i++)
      for (int f = 0; f < 2; f++)
        if (model.alive[i]) more |= mark(model.fields[i][f]);
    for (int m = 0; m < MAPS; m++)
      for (int key = 0; key < KEYS; key++)
        if (model.alive[key]) more |= mark(model.values[m][key]);
  }
}

static void check_model(void) {
  gcroots_scope_t scope = enter();
  OK(gcroots_store_gc(store));
  OK(gcroots_store_verify(store));
  mark_model();
  for (int i = 0; i < NODES; i++) {
    gcroots_ref_t ref = model_ref(i);
    CHECK(gcroots_ref_is_null(ref) == !model.alive[i]);
    if (model.alive[i]) CHECK(field_i32(ref, 0) == i);
  }
  for (int m = 0; m < MAPS; m++) {
    size_t count = 0;
    for (int key = 0; key < KEYS; key++) {
      int value = model.values[m][key];
      if (!model.alive[key]) model.values[m][key] = -2;
      if (!model.alive[key] || value == -2) continue;
      count++;
      CHECK(same_object(get(model.maps[m], model_ref(key)), model_ref(value)));
    }
    CHECK(size(model.maps[m]) == count);
  }
  OK(gcroots_scope_exit(store, scope));
}

CASE(what_lives_is_what_a_search_by_turns_finds) {
  if (!collects) return;
  model.type = new_node();
  for (int round = 0; round < (stressed ? 20 : 400); round++) {
    make_model();
    check_model();
    for (int i = 0; i < NODES; i++) {
      if (!model.rooted[i] || random_below(2) == 0) continue;
      OK(gcroots_manually_rooted_unroot(store, &model.roots[i]));
      model.rooted[i] = false;
    }
    check_model();
    for (int i = 0; i < NODES; i++) {
      OK(gcroots_manually_rooted_unroot(store, &model.roots[i]));
      OK(gcroots_weak_free(store, &model.weak[i]));
    }
    for (int m = 0; m < MAPS; m++) free_map(&model.maps[m]);
  }
  OK(gcroots_store_gc(store));
  CHECK(stats_of(store).objects == 0);
  gcroots_type_free(model.type);
}

/* --- Many -------------------------------------------------------------------- */

CASE(moved_keys_are_found) {
  enum { COUNT = 50 };
  static int numbers[COUNT];
  gcroots_weakmap_t map = new_map();
  gcroots_ref_t keys[COUNT];
  for (int i = 0; i < COUNT; i++) {
    gcroots_scope_t scope;
    keys[i] = new_externref(NULL);
    set_new(map, keys[i], &numbers[i], NULL);
    scope = enter();
    for (int k = 0; k < i; k++) new_externref(NULL);
    OK(gcroots_scope_exit(store, scope));
    OK(gcroots_store_gc(store));
    for (int k = 0; k <= i; k++) CHECK(has_data(map, keys[k], &numbers[k]));
    CHECK(size(map) == (size_t)i + 1);
  }
  if (heap_has(MOVES_ALL)) CHECK(stats_of(store).moved_bytes > 0);
}

CASE(a_map_grows_and_forgets_the_dead) {
  enum { COUNT = 30000 };
  static gcroots_manually_rooted_t keys[COUNT];
  gcroots_store_t *fixture = store;
  gcroots_weakmap_t map;
  store = calm_store();
  map = new_map();
  for (int i = 0; i < COUNT; i++) {
    keys[i] = new_rooted(NULL, NULL);
    set_new(map, keys[i].ref, &keys[i], NULL);
  }
  for (int i = 0; i < COUNT; i++) CHECK(has_data(map, keys[i].ref, &keys[i]));
  for (int i = 0; i < COUNT; i++)
    if (i % 3 == 0) OK(gcroots_manually_rooted_unroot(store, &keys[i]));
  OK(gcroots_store_gc(store));
  CHECK(size(map) == (collects ? COUNT / 3 * 2 : COUNT));
  for (int i = 0; i < COUNT; i++)
    if (i % 3 != 0) CHECK(has_data(map, keys[i].ref, &keys[i]));
  for (int i = 0; i < COUNT; i++)
    if (i % 3 == 1) CHECK(delete_key(map, keys[i].ref) && !delete_key(map, keys[i].ref));
  OK(gcroots_store_verify(store));
  CHECK(size(map) == (collects ? COUNT / 3 : COUNT / 3 * 2));
  for (int i = 0; i < COUNT; i++)
    if (i % 3 != 0) CHECK(has(map, keys[i].ref) == (i % 3 == 2));
  free_store();
  store = fixture;
}

CASE(entries_set_and_deleted_leave_no_memory) {
  enum { COUNT = 20000 };
  gcroots_weakmap_t map = new_map();
  gcroots_ref_t key = new_externref(NULL);
  size_t before = 0;
  for (int burst = 0; burst < 50; burst++) {
    if (burst == 5) before = resident_bytes();
    for (uint32_t i = 0; i < COUNT; i++) {
      gcroots_scope_t scope = enter();
      set(map, i31(i), key);
      OK(gcroots_scope_exit(store, scope));
    }
    if (burst % 2 == 0) {
      free_map(&map);
      map = new_map();
    }
    for (uint32_t i = 0; i < COUNT && size(map) > 0; i++) {
      gcroots_scope_t scope = enter();
      CHECK(delete_key(map, i31(i)));
      OK(gcroots_scope_exit(store, scope));
    }
  }
  CHECK(size(map) == 0 && resident_bytes() < before + (1 << 20));
}

CASE(a_burst_of_entries_leaves_little_memory) {
  enum { COUNT = 400000 };
  gcroots_weakmap_t map = new_map();
  gcroots_ref_t key = new_externref(NULL);
  size_t before = resident_bytes(), most;
  if (!collects) return;
  for (uint32_t i = 0; i < COUNT; i++) {
    gcroots_scope_t scope = enter();
    set(map, i31(i), key);
    OK(gcroots_scope_exit(store, scope));
  }
  most = resident_bytes();
  CHECK(most > before + COUNT * sizeof(gcroots_ref_t));
  free_map(&map);
  for (int i = 0; i < 4; i++) OK(gcroots_store_gc(store));
  CHECK(resident_bytes() < before + (most - before) / 4);
  map = new_map();
  set(map, key, key);
  CHECK(has(map, key));
}

/* The finalizer of SplitMix64, by which a table without a secret could hash. */
static uint64_t mix(uint64_t z) {
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

/* How many steps a collection takes with these keys in a map. */
static int steps_with(const uint32_t *keys, int count) {
  gcroots_weakmap_t map = new_map();
  bool done = false;
  int steps = 0;
  for (int i = 0; i < count; i++) {
    gcroots_scope_t scope = enter();
    set(map, i31(keys[i]), gcroots_ref_null());
    OK(gcroots_scope_exit(store, scope));
  }
  OK(gcroots_store_gc_start(store));
  for (; !done; steps++) OK(gcroots_store_gc_step(store, 1000, &done));
  CHECK(size(map) == (size_t)count);
  free_map(&map);
  return steps;
}

CASE(keys_that_were_chosen_to_collide_take_no_more_steps) {
  enum { COUNT = 2000, COLLIDING = (1 << 12) - 1 };
  static uint32_t plain[COUNT], chosen[COUNT];
  uint32_t number = 0;
  int expected;
  new_externref(NULL);
  for (int i = 0; i < COUNT; i++) {
    plain[i] = (uint32_t)i;
    /* The bits of the reference. The map is the store's first one. */
    while ((mix((uint64_t)number << 1 | 1) & COLLIDING) != 0) number++;
    chosen[i] = number++;
  }
  expected = steps_with(plain, COUNT);
  CHECK(steps_with(chosen, COUNT) <= expected + expected / 4);
}

CASE(dead_keys_behind_their_values_never_fill_a_small_heap) {
  static int finalized;
  enum { CYCLES = 20000 };
  int cycles = !collects ? 100 : stressed ? CYCLES / 20 : CYCLES;
  gcroots_config_t *config = variant_config(collects ? 64 << 10 : 0);
  gcroots_type_t *node;
  gcroots_weakmap_t map;
  OK(gcroots_store_free(store));
  gcroots_engine_free(engine);
  OK(gcroots_engine_new(config, &engine));
  gcroots_config_free(config);
  OK(gcroots_store_new(engine, &store));
  node = new_node();
  map = new_map();
  for (int i = 0; i < cycles; i++) {
    gcroots_scope_t scope = enter();
    gcroots_ref_t key = make_leaf(node, i), value = make_node(node, i, key, gcroots_ref_null());
    set(map, key, value);
    set_new(map, value, &finalized, count_call);
    OK(gcroots_scope_exit(store, scope));
  }
  CHECK(size(map) < 4000);
  OK(gcroots_store_gc(store));
  CHECK(finalized == dead(cycles) && size(map) == (collects ? 0 : 2 * (size_t)cycles));
  gcroots_type_free(node);
}

CASE(no_call_collects) {
  gcroots_weakmap_t map = new_map();
  gcroots_ref_t key = new_externref(NULL), value = new_externref(NULL);
  uint64_t before = stats_of(store).collections;
  for (int i = 0; i < 5000; i++) {
    gcroots_weakmap_t other = new_map();
    set(other, key, value);
    set(map, key, value);
    CHECK(has(map, key) && delete_key(map, key));
    free_map(&other);
  }
  CHECK(stats_of(store).collections == before);
}

CASE(nothing_goes_in_a_no_gc_span) {
  int number;
  gcroots_weakmap_t map = new_map();
  gcroots_scope_t scope;
  gcroots_ref_t key;
  gcroots_weak_t weak;
  OK(gcroots_no_gc_enter(store));
  scope = enter();
  key = new_externref(NULL);
  OK(gcroots_weak_new(store, key, &weak));
  set_new(map, key, &number, NULL);
  OK(gcroots_scope_exit(store, scope));
  for (int i = 0; i < 1000; i++) new_externref(NULL);
  OK(gcroots_weak_upgrade(store, weak, &key));
  set(map, new_externref(NULL), key);
  CHECK(size(map) == 2 && has_data(map, key, &number));
  OK(gcroots_no_gc_exit(store));
}

/* --- Refusals ---------------------------------------------------------------- */

/* Every function that takes a map returns this status and names the map. */
static void check_refused_by_all(gcroots_status_t status, gcroots_weakmap_t map) {
  gcroots_weakmap_t kept = map;
  gcroots_ref_t bad = untouched(), out = untouched();
  unsigned char found = 77;
  size_t count = 77;
  const char *parameter =
      status == GCROOTS_ERROR_WRONG_THREAD || status == GCROOTS_ERROR_BUSY ? "" : "`map`";
  REFUSED(status, gcroots_weakmap_set(store, map, bad, bad));
  CHECK(strstr(gcroots_last_error(), parameter) != NULL);
  REFUSED(status, gcroots_weakmap_get(store, map, bad, &out));
  CHECK(strstr(gcroots_last_error(), parameter) != NULL);
  REFUSED(status, gcroots_weakmap_delete(store, map, bad, (bool *)&found));
  CHECK(strstr(gcroots_last_error(), parameter) != NULL);
  REFUSED(status, gcroots_weakmap_size(store, map, &count));
  CHECK(strstr(gcroots_last_error(), parameter) != NULL);
  if (status != GCROOTS_ERROR_NULL_REFERENCE) REFUSED(status, gcroots_weakmap_free(store, &map));
  CHECK(same_bits(out, untouched()) && found == 77 && count == 77 && same_map(map, kept));
}

CASE(null_pointers_are_refused_in_their_order) {
  check_nulls(weakmap_calls);
}

CASE(a_null_map_has_no_entries_and_is_freed) {
  gcroots_weakmap_t nulls[2] = {{0, 0, 0}, {0, UINT32_MAX, UINT32_MAX}};
  for (int i = 0; i < 2; i++) {
    check_refused_by_all(GCROOTS_ERROR_NULL_REFERENCE, nulls[i]);
    free_map(&nulls[i]);
  }
}

CASE(a_null_key_is_refused) {
  gcroots_weakmap_t map = new_map();
  gcroots_ref_t nulls[2] = {gcroots_ref_null(), new_local(gcroots_ref_null())};
  gcroots_ref_t bad = untouched(), out = untouched();
  unsigned char found = 77;
  for (int i = 0; i < 2; i++) {
    REFUSED(GCROOTS_ERROR_NULL_REFERENCE, gcroots_weakmap_set(store, map, nulls[i], bad));
    CHECK(strstr(gcroots_last_error(), "`key`") != NULL);
    REFUSED(GCROOTS_ERROR_NULL_REFERENCE, gcroots_weakmap_get(store, map, nulls[i], &out));
    REFUSED(GCROOTS_ERROR_NULL_REFERENCE,
            gcroots_weakmap_delete(store, map, nulls[i], (bool *)&found));
  }
  CHECK(size(map) == 0 && found == 77 && same_bits(out, untouched()));
}

CASE(bad_keys_and_values_are_refused) {
  gcroots_weakmap_t map = new_map();
  gcroots_ref_t key = new_externref(NULL), out = untouched();
  unsigned char found = 77;
  EACH_BAD_HANDLE(bad) {
    REFUSED(bad->status, gcroots_weakmap_set(store, map, bad->ref, bad->ref));
    CHECK(strstr(gcroots_last_error(), "`key`") != NULL);
    REFUSED(bad->status, gcroots_weakmap_get(store, map, bad->ref, &out));
    CHECK(strstr(gcroots_last_error(), "`key`") != NULL);
    REFUSED(bad->status, gcroots_weakmap_delete(store, map, bad->ref, (bool *)&found));
    CHECK(strstr(gcroots_last_error(), "`key`") != NULL);
    REFUSED(bad->status, gcroots_weakmap_set(store, map, key, bad->ref));
    CHECK(strstr(gcroots_last_error(), "`value_or_null`") != NULL);
  }
  CHECK(size(map) == 0 && found == 77 && same_bits(out, untouched()));
}

CASE(a_value_stays_when_a_bad_one_is_refused) {
  gcroots_weakmap_t map = new_map();
  gcroots_ref_t key = new_externref(NULL);
  set(map, key, key);
  EACH_BAD_HANDLE(bad) REFUSED(bad->status, gcroots_weakmap_set(store, map, key, bad->ref));
  CHECK(same_object(get(map, key), key));
}

CASE(bad_handles_are_refused) {
  struct arguments a;
  new_arguments(&a, store);
  a.h.map = new_map();
  a.h.key = a.h.value = new_externref(NULL);
  check_bad_handles(weakmap_calls, &a);
  CHECK(size(a.h.map) == 0);
  free_arguments(&a);
}

CASE(forged_maps_are_refused_by_a_store_without_any) {
  gcroots_scope_t scope = enter();
  for (uint32_t generation = 0; generation < 4; generation++) {
    check_refused_by_all(GCROOTS_ERROR_UNROOTED,
                         (gcroots_weakmap_t){scope.store_id, generation, 0});
    check_refused_by_all(GCROOTS_ERROR_UNROOTED,
                         (gcroots_weakmap_t){scope.store_id, UINT32_MAX - generation, 0});
  }
}

CASE(a_copy_of_a_freed_map_never_names_the_next_one) {
  enum { KEPT = 64 };
  gcroots_weakmap_t stale[KEPT];
  gcroots_ref_t key = new_externref(NULL);
  size_t count;
  for (int i = 0; i < 10000; i++) {
    gcroots_weakmap_t map = new_map(), copy = map;
    set(map, key, key);
    for (int k = 0; k < KEPT && k < i; k++)
      CHECK(gcroots_weakmap_size(store, stale[k], &count) == GCROOTS_ERROR_UNROOTED);
    free_map(&map);
    stale[i % KEPT] = copy;
  }
  check_refused_by_all(GCROOTS_ERROR_UNROOTED, stale[0]);
}

CASE(a_map_of_another_store_is_refused) {
  gcroots_store_t *mine = store;
  gcroots_weakmap_t here = new_map(), there;
  store = another_store();
  there = new_map();
  check_refused_by_all(GCROOTS_ERROR_WRONG_STORE, here);
  store = mine;
  CHECK(here.index == there.index && here.generation == there.generation);
  check_refused_by_all(GCROOTS_ERROR_WRONG_STORE, there);
  OK(gcroots_store_free(another));
  another = NULL;
  check_refused_by_all(GCROOTS_ERROR_WRONG_STORE, there);
}

static gcroots_weakmap_t shared;

static void every_call_is_of_the_wrong_thread(void) {
  gcroots_weakmap_t out = untouched_map();
  check_refused_by_all(GCROOTS_ERROR_WRONG_THREAD, shared);
  check_refused_by_all(GCROOTS_ERROR_WRONG_THREAD, untouched_map());
  REFUSED(GCROOTS_ERROR_WRONG_THREAD, gcroots_weakmap_new(store, &out));
  CHECK(same_map(out, untouched_map()));
}

CASE(another_thread_is_refused) {
  shared = new_map();
  on_another_thread(every_call_is_of_the_wrong_thread);
  CHECK(size(shared) == 0);
}

/* --- Without memory ---------------------------------------------------------- */

CASE(an_entry_without_memory_is_refused) {
  gcroots_weakmap_t map = new_map(), out;
  gcroots_ref_t key = new_externref(NULL);
  gcroots_status_t status = GCROOTS_OK;
  uint32_t count = 0;
  gcroots_ref_t numbers = new_local(i31(0));
  memory_out(true);
  for (; status == GCROOTS_OK; count++) {
    gcroots_scope_t scope;
    if (gcroots_scope_enter(store, &scope) != GCROOTS_OK) continue;
    OK(gcroots_ref_assign(store, numbers, i31(count)));
    OK(gcroots_scope_exit(store, scope));
    status = gcroots_weakmap_set(store, map, numbers, key);
  }
  CHECK(status == GCROOTS_ERROR_OUT_OF_MEMORY && size(map) == count - 1);
  REFUSED(GCROOTS_ERROR_OUT_OF_MEMORY, gcroots_weakmap_set(store, map, numbers, key));
  /* Replacing a value needs no memory, and neither does a key that takes a freed place. */
  OK(gcroots_ref_assign(store, numbers, i31(0)));
  set(map, numbers, numbers);
  CHECK(same_object(get(map, numbers), numbers) && delete_key(map, numbers));
  set(map, numbers, key);
  while (gcroots_weakmap_new(store, &out) == GCROOTS_OK) {
  }
  memory_out(false);
  OK(gcroots_store_verify(store));
  CHECK(size(map) == count - 1 && same_object(get(map, i31(count / 2)), key));
}

CASE(collections_need_no_memory_for_maps) {
  enum { COUNT = 2000 };
  static int finalized;
  gcroots_weakmap_t map = new_map();
  gcroots_scope_t scope = enter();
  gcroots_manually_rooted_t first = new_rooted(NULL, NULL);
  gcroots_ref_t last = new_local(first.ref);
  for (int i = 0; i < (stressed ? COUNT / 10 : COUNT); i++) {
    set_new(map, last, &finalized, count_call);
    OK(gcroots_ref_assign(store, last, get(map, last)));
    set_new(map, new_externref(NULL), &finalized, count_call);
  }
  OK(gcroots_scope_exit(store, scope));
  memory_out(true);
  OK(gcroots_store_gc(store));
  memory_out(false);
  CHECK(size(map) == (stressed ? COUNT / 10 : collects ? COUNT : 2 * COUNT));
  memory_out(true);
  OK(gcroots_manually_rooted_unroot(store, &first));
  OK(gcroots_store_gc(store));
  memory_out(false);
  CHECK(finalized == dead(2 * (stressed ? COUNT / 10 : COUNT)));
  CHECK(size(map) == (collects ? 0 : 2 * COUNT));
}

/* --- In finalizers ----------------------------------------------------------- */

static gcroots_weakmap_t watched;
static gcroots_weak_t dying_key, dying_value;
static int watched_finalized;

/* When a value's finalizer runs, its entry has been removed. */
static void entry_is_gone(void *data) {
  gcroots_ref_t ref;
  ++*(int *)data;
  if (!collects) return;
  CHECK(size(watched) == 1);
  OK(gcroots_weak_upgrade(store, dying_key, &ref));
  CHECK(gcroots_ref_is_null(ref));
  OK(gcroots_weak_upgrade(store, dying_value, &ref));
  CHECK(gcroots_ref_is_null(ref));
  OK(gcroots_store_gc(store));
  OK(gcroots_store_verify(store));
}

CASE(entries_go_before_the_first_finalizer) {
  gcroots_ref_t living = new_externref(NULL);
  gcroots_scope_t scope;
  watched = new_map();
  set(watched, living, living);
  scope = enter();
  gcroots_ref_t key, value;
  OK(gcroots_externref_new(store, &watched_finalized, entry_is_gone, &key));
  OK(gcroots_externref_new(store, &watched_finalized, entry_is_gone, &value));
  set(watched, key, value);
  OK(gcroots_weak_new(store, key, &dying_key));
  OK(gcroots_weak_new(store, value, &dying_value));
  OK(gcroots_scope_exit(store, scope));
  if (!collects) {
    OK(gcroots_store_gc(store));
    CHECK(size(watched) == 2);
    return;
  }
  OK(gcroots_store_gc(store));
  CHECK(watched_finalized == 2 && size(watched) == 1 && has(watched, living));
}

static void change_maps(void *data) {
  gcroots_ref_t key = *(gcroots_ref_t *)data, value = new_externref(&watched);
  gcroots_weakmap_t made = new_map();
  set(made, key, value);
  set(watched, value, key);
  OK(gcroots_store_gc(store));
  CHECK(has_data(made, key, &watched) && same_object(get(watched, value), key));
  CHECK(delete_key(watched, key) && size(watched) == 1);
  free_map(&made);
  OK(gcroots_store_gc(store));
}

CASE(a_finalizer_may_change_maps) {
  gcroots_ref_t key = new_externref(NULL);
  watched = new_map();
  set(watched, key, key);
  if (!run_as_finalizer(change_maps, &key)) return;
  CHECK(!has(watched, key));
  OK(gcroots_store_gc(store));
  CHECK(size(watched) == 0);
}

static void free_watched(void *data) {
  (void)data;
  free_map(&watched);
}

static void delete_watched(void *data) {
  CHECK(delete_key(watched, *(gcroots_ref_t *)data));
}

static void replace_watched(void *data) {
  set(watched, *(gcroots_ref_t *)data, gcroots_ref_null());
}

CASE(what_a_finalizer_takes_out_of_a_map_is_collected_too) {
  static const gcroots_finalizer_t ways[] = {free_watched, delete_watched, replace_watched};
  gcroots_ref_t key = new_externref(NULL);
  for (int i = 0; i < 3; i++) {
    watched_finalized = 0;
    watched = new_map();
    set_new(watched, key, &watched_finalized, count_call);
    if (!run_as_finalizer(ways[i], &key)) return;
    CHECK(watched_finalized == 1);
    free_map(&watched);
  }
}

static void every_call_is_busy(void *data) {
  gcroots_weakmap_t out = untouched_map();
  ++*(int *)data;
  check_refused_by_all(GCROOTS_ERROR_BUSY, watched);
  REFUSED(GCROOTS_ERROR_BUSY, gcroots_weakmap_new(store, &out));
  CHECK(same_map(out, untouched_map()));
}

CASE(a_store_is_deleted_with_its_maps) {
  gcroots_ref_t key;
  watched = new_map();
  OK(gcroots_externref_new(store, &watched_finalized, every_call_is_busy, &key));
  set_new(watched, key, &watched_finalized, every_call_is_busy);
  free_store();
  CHECK(watched_finalized == 2);
}

CASE(a_pooled_heap_knows_no_keys) {
  for (int round = 0; round < 3; round++) {
    gcroots_weakmap_t map = new_map();
    gcroots_ref_t key = new_externref(&map);
    for (int i = 0; i < 200; i++) {
      gcroots_ref_t ref = new_externref(NULL);
      set(map, ref, key);
    }
    OK(gcroots_store_free(store));
    OK(gcroots_store_new(engine, &store));
  }
  new_externref(NULL);
  OK(gcroots_store_gc(store));
}
