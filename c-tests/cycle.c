/* Full collections between whose steps the program runs: what it does meanwhile neither loses an
 * object nor keeps one for ever. Each case runs on all collectors. On those whose store is busy
 * between the steps, the collection is complete before the program goes on.
 */
#include "refusals.h"

enum { NEVER = 1000000 };

/* Budgets of a step, from one thing at a time to all at once. */
static const size_t budgets[] = {0, 100, 1000, 20000, SIZE_MAX};

static gcroots_type_t *node, *refs;

static void begin(void) {
  gcroots_rec_group_t *group = new_group();
  const gcroots_rec_group_t *groups[1] = {group};
  gcroots_field_type_t element = any_field();
  uint32_t position;
  node = new_node();
  OK(gcroots_rec_group_add_array(group, NULL, &element, &position));
  OK(gcroots_rec_group_register(engine, groups, 1, &refs, 1));
  gcroots_rec_group_free(group);
}

static void end(void) {
  OK(gcroots_store_verify(store));
  gcroots_type_free(node);
  gcroots_type_free(refs);
}

static bool step(size_t budget) {
  bool done = false;
  OK(gcroots_store_gc_step(store, budget, &done));
  return done;
}

static void start(void) {
  OK(gcroots_store_gc_start(store));
  if (!heap_has(BETWEEN))
    while (!step(SIZE_MAX)) continue;
}

static void finish(size_t budget) {
  for (int steps = 0; !step(budget); steps++) CHECK(steps < NEVER);
}

/* A collection that finds all that is dead now. */
static void collect(void) {
  OK(gcroots_store_gc(store));
}

/* Makes a node that no handle outlives the call of, referred to by field 1 of `holder`. */
static gcroots_weak_t make_in(gcroots_ref_t holder, int32_t number) {
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref = make_leaf(node, number);
  gcroots_weak_t weak;
  set_field(holder, 1, val_ref(ref));
  OK(gcroots_weak_new(store, ref, &weak));
  OK(gcroots_scope_exit(store, scope));
  return weak;
}

static bool is_alive(gcroots_weak_t weak) {
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref;
  bool alive;
  OK(gcroots_weak_upgrade(store, weak, &ref));
  alive = !gcroots_ref_is_null(ref);
  OK(gcroots_scope_exit(store, scope));
  return alive;
}

/* Makes a list of `count` nodes, so that marking takes some steps. */
static gcroots_ref_t make_list(int count) {
  gcroots_scope_t scope = enter();
  gcroots_ref_t last = new_local(gcroots_ref_null()), out;
  for (int i = 0; i < count; i++) {
    gcroots_scope_t inner = enter();
    OK(gcroots_ref_assign(store, last, make_node(node, i, last, gcroots_ref_null())));
    OK(gcroots_scope_exit(store, inner));
  }
  OK(gcroots_scope_escape(store, scope, last, &out));
  return out;
}

static int length_of(gcroots_ref_t list) {
  gcroots_scope_t scope = enter();
  gcroots_ref_t at = new_local(list);
  int length = 0;
  for (bool ends = false; !ends; length++) {
    gcroots_scope_t inner = enter();
    gcroots_ref_t next = field_ref(at, 1);
    ends = gcroots_ref_is_null(next);
    if (!ends) OK(gcroots_ref_assign(store, at, next));
    OK(gcroots_scope_exit(store, inner));
  }
  OK(gcroots_scope_exit(store, scope));
  return length;
}

/* What happens right before a collection starts, or NULL. */
static void (*prepare)(void);

/* Runs `change` after each number of steps of a collection, and then the rest of the steps. */
static void after_each_step(void (*set_up)(void), void (*change)(void), void (*check)(void)) {
  begin();
  for (size_t i = 0; i < COUNT_OF(budgets); i++) {
    for (int steps = 0;; steps++) {
      bool over = false;
      gcroots_scope_t scope = enter();
      set_up();
      collect();
      if (prepare != NULL) prepare();
      start();
      for (int k = 0; k < steps && !over; k++) over = step(budgets[i]);
      change();
      finish(budgets[i]);
      OK(gcroots_store_verify(store));
      check();
      OK(gcroots_scope_exit(store, scope));
      if (over || steps == 60) break;
    }
  }
  end();
}

/* --- What must not be lost ------------------------------------------------------------ */

static gcroots_ref_t list, from, to;
static gcroots_weak_t moved;

static void make_two_holders(void) {
  from = make_leaf(node, 1);
  list = make_list(30);
  to = make_leaf(node, 2);
  moved = make_in(from, 3);
}

static void check_that_it_moved(void) {
  CHECK(is_alive(moved) && field_i32(field_ref(to, 1), 0) == 3);
  CHECK(length_of(list) == 30);
}

static void move_from_one_field_to_another(void) {
  gcroots_scope_t scope = enter();
  set_field(to, 1, val_ref(field_ref(from, 1)));
  set_field(from, 1, val_null());
  OK(gcroots_scope_exit(store, scope));
}

CASE(an_object_moves_from_one_field_to_another) {
  after_each_step(make_two_holders, move_from_one_field_to_another, check_that_it_moved);
}

/* The object is in a root only, while some steps run. */
static void move_by_way_of_a_root(void) {
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref = field_ref(from, 1);
  set_field(from, 1, val_null());
  if (heap_has(BETWEEN)) step(100);
  set_field(to, 1, val_ref(ref));
  OK(gcroots_scope_exit(store, scope));
}

CASE(an_object_moves_by_way_of_a_root) {
  after_each_step(make_two_holders, move_by_way_of_a_root, check_that_it_moved);
}

static void move_by_way_of_a_manual_root(void) {
  gcroots_scope_t scope = enter();
  gcroots_manually_rooted_t held = root(field_ref(from, 1));
  set_field(from, 1, val_null());
  OK(gcroots_scope_exit(store, scope));
  if (heap_has(BETWEEN)) step(100);
  set_field(to, 1, val_ref(held.ref));
  OK(gcroots_manually_rooted_unroot(store, &held));
}

CASE(an_object_moves_by_way_of_a_manual_root) {
  after_each_step(make_two_holders, move_by_way_of_a_manual_root, check_that_it_moved);
}

static void move_by_way_of_a_new_object(void) {
  gcroots_scope_t scope = enter();
  gcroots_ref_t young = make_node(node, 9, field_ref(from, 1), gcroots_ref_null());
  set_field(from, 1, val_null());
  if (heap_has(BETWEEN)) step(0);
  set_field(to, 1, val_ref(field_ref(young, 1)));
  OK(gcroots_scope_exit(store, scope));
}

CASE(an_object_moves_by_way_of_a_new_object) {
  after_each_step(make_two_holders, move_by_way_of_a_new_object, check_that_it_moved);
}

static void upgrade_and_store(void) {
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref;
  OK(gcroots_weak_upgrade(store, moved, &ref));
  set_field(from, 1, val_null());
  set_field(to, 1, val_ref(ref));
  OK(gcroots_scope_exit(store, scope));
}

CASE(an_upgraded_object_stays) {
  after_each_step(make_two_holders, upgrade_and_store, check_that_it_moved);
}

/* --- Weak handles -------------------------------------------------------------------- */

static bool was_alive;

static void make_garbage_with_a_weak_handle(void) {
  make_two_holders();
  set_field(from, 1, val_null());
}

/* The handle may still name the object, which is kept then. */
static void upgrade_garbage(void) {
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref;
  OK(gcroots_weak_upgrade(store, moved, &ref));
  was_alive = !gcroots_ref_is_null(ref);
  if (was_alive) set_field(to, 1, val_ref(ref));
  OK(gcroots_scope_exit(store, scope));
}

static void check_upgraded_garbage(void) {
  CHECK(is_alive(moved) == was_alive);
  if (was_alive) CHECK(field_i32(field_ref(to, 1), 0) == 3);
}

static void make_holders_and_drop_later(void) {
  gcroots_scope_t scope;
  make_two_holders();
  scope = enter();
  /* Garbage of which the next collection in steps decides. */
  set_field(to, 2, val_ref(make_leaf(node, 4)));
  OK(gcroots_scope_exit(store, scope));
}

static void drop_and_upgrade(void) {
  set_field(from, 1, val_null());
  upgrade_garbage();
}

static void drop_from(void) {
  set_field(from, 1, val_null());
}

/* The object is garbage when the collection starts. Until that has found it dead the handle names
   it, and a root keeps it. */
CASE(garbage_is_upgraded_until_it_is_found_dead) {
  prepare = drop_from;
  after_each_step(make_two_holders, upgrade_garbage, check_upgraded_garbage);
}

static gcroots_ref_t local;

static void make_holders_and_a_root(void) {
  make_two_holders();
  local = new_local(gcroots_ref_null());
}

static void upgrade_into_a_root(void) {
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref;
  OK(gcroots_weak_upgrade(store, moved, &ref));
  was_alive = !gcroots_ref_is_null(ref);
  OK(gcroots_ref_assign(store, local, ref));
  OK(gcroots_scope_exit(store, scope));
}

static void check_root(void) {
  CHECK(is_alive(moved) == was_alive);
  if (was_alive) CHECK(field_i32(local, 0) == 3);
}

CASE(garbage_is_upgraded_into_a_root) {
  prepare = drop_from;
  after_each_step(make_holders_and_a_root, upgrade_into_a_root, check_root);
}

CASE(what_a_weak_handle_names_is_alive_or_the_handle_names_nothing) {
  after_each_step(make_garbage_with_a_weak_handle, upgrade_garbage, check_upgraded_garbage);
  after_each_step(make_holders_and_drop_later, drop_and_upgrade, check_upgraded_garbage);
}

/* A collection in steps that begins now frees what is dead now. */
CASE(garbage_dies) {
  begin();
  for (size_t i = 0; i < COUNT_OF(budgets); i++) {
    gcroots_scope_t scope = enter();
    make_two_holders();
    collect();
    set_field(from, 1, val_null());
    start();
    finish(budgets[i]);
    CHECK(is_alive(moved) == !collects || stressed);
    OK(gcroots_scope_exit(store, scope));
  }
  end();
}

CASE(one_that_is_started_during_another_frees_what_is_dead_then) {
  begin();
  for (size_t i = 0; i < COUNT_OF(budgets); i++) {
    for (int steps = 0; steps < 20; steps++) {
      gcroots_scope_t scope = enter();
      bool over = false;
      make_two_holders();
      collect();
      start();
      for (int k = 0; k < steps && !over; k++) over = step(budgets[i]);
      set_field(from, 1, val_null());
      start();
      finish(budgets[i]);
      CHECK(is_alive(moved) == !collects);
      OK(gcroots_scope_exit(store, scope));
    }
  }
  end();
}

/* --- Raw references ---------------------------------------------------------------- */

static uint32_t raw;

static void take_raw(void) {
  gcroots_scope_t scope = enter();
  OK(gcroots_ref_to_raw(store, field_ref(from, 1), &raw));
  OK(gcroots_scope_exit(store, scope));
}

static void take_raw_and_drop(void) {
  take_raw();
  drop_from();
}

/* What is dead is refused; what is not lives on. */
static void root_a_raw_reference(void) {
  gcroots_ref_t ref = untouched();
  gcroots_scope_t scope = enter();
  gcroots_status_t status;
  if (!heap_has(BETWEEN)) collect();
  status = gcroots_ref_from_raw(store, raw, &ref);
  was_alive = status == GCROOTS_OK;
  if (was_alive) set_field(to, 1, val_ref(ref));
  OK(gcroots_scope_exit(store, scope));
}

static void drop_and_root_raw(void) {
  set_field(from, 1, val_null());
  root_a_raw_reference();
}

static void check_rooted_raw(void) {
  /* Under a collector that moves it the bits may name another object. */
  if (was_alive && heap_has(BETWEEN)) CHECK(is_alive(moved) && field_i32(field_ref(to, 1), 0) == 3);
}

CASE(garbage_is_rooted_by_its_raw_reference_until_it_is_found_dead) {
  prepare = take_raw_and_drop;
  after_each_step(make_two_holders, root_a_raw_reference, check_rooted_raw);
}

CASE(a_raw_reference_to_a_dead_object_is_refused) {
  prepare = take_raw;
  after_each_step(make_two_holders, drop_and_root_raw, check_rooted_raw);
}

/* --- Weak maps ------------------------------------------------------------------- */

static gcroots_weakmap_t map;

static void make_map(void) {
  make_two_holders();
  OK(gcroots_weakmap_new(store, &map));
  OK(gcroots_weakmap_set(store, map, to, make_leaf(node, 6)));
}

static void set_a_value(void) {
  gcroots_scope_t scope = enter();
  OK(gcroots_weakmap_set(store, map, to, field_ref(from, 1)));
  set_field(from, 1, val_null());
  OK(gcroots_scope_exit(store, scope));
}

static void check_value(void) {
  gcroots_ref_t value;
  OK(gcroots_weakmap_get(store, map, to, &value));
  CHECK(field_i32(value, 0) == 3 && is_alive(moved));
  OK(gcroots_weakmap_free(store, &map));
}

CASE(a_value_that_is_set_lives_while_its_key_does) {
  after_each_step(make_map, set_a_value, check_value);
}

static void set_many_keys(void) {
  gcroots_scope_t scope = enter();
  for (int i = 0; i < 100; i++) {
    gcroots_ref_t key = make_leaf(node, i);
    OK(gcroots_weakmap_set(store, map, key, key));
  }
  set_a_value();
  OK(gcroots_scope_exit(store, scope));
}

CASE(many_keys_are_added) {
  after_each_step(make_map, set_many_keys, check_value);
}

enum { VALUES = 60 };

/* Keys that a list holds, and values that only the map holds. */
static void make_keys_and_values(void) {
  gcroots_scope_t scope;
  make_two_holders();
  list = make_list(VALUES);
  OK(gcroots_weakmap_new(store, &map));
  scope = enter();
  gcroots_ref_t key = new_local(list);
  for (int i = 0; i < VALUES; i++) {
    gcroots_scope_t inner = enter();
    OK(gcroots_weakmap_set(store, map, key, make_leaf(node, i)));
    if (i + 1 < VALUES) OK(gcroots_ref_assign(store, key, field_ref(key, 1)));
    OK(gcroots_scope_exit(store, inner));
  }
  OK(gcroots_scope_exit(store, scope));
}

static void add_a_key(void) {
  OK(gcroots_weakmap_set(store, map, from, to));
}

static void check_values(void) {
  gcroots_scope_t scope = enter();
  gcroots_ref_t key = new_local(list), value;
  for (int i = 0; i < VALUES; i++) {
    gcroots_scope_t inner = enter();
    OK(gcroots_weakmap_get(store, map, key, &value));
    CHECK(field_i32(value, 0) == i);
    if (i + 1 < VALUES) OK(gcroots_ref_assign(store, key, field_ref(key, 1)));
    OK(gcroots_scope_exit(store, inner));
  }
  OK(gcroots_weakmap_free(store, &map));
  OK(gcroots_scope_exit(store, scope));
}

CASE(keys_that_wait_are_not_forgotten_for_a_new_one) {
  after_each_step(make_keys_and_values, add_a_key, check_values);
}

static void delete_and_set(void) {
  bool deleted;
  OK(gcroots_weakmap_delete(store, map, to, &deleted));
  CHECK(deleted);
  if (heap_has(BETWEEN)) step(50);
  set_a_value();
}

CASE(a_key_is_deleted_and_set_again) {
  after_each_step(make_map, delete_and_set, check_value);
}

/* --- Hashes, tables, globals, arrays -------------------------------------------------- */

static uint64_t hash;

static void hash_to(void) {
  gcroots_scope_t scope = enter();
  for (int i = 0; i < 20; i++) {
    uint64_t other;
    OK(gcroots_ref_hash(store, make_leaf(node, i), &other));
  }
  OK(gcroots_ref_hash(store, to, &hash));
  OK(gcroots_scope_exit(store, scope));
}

static void check_hash(void) {
  uint64_t now;
  OK(gcroots_ref_hash(store, to, &now));
  CHECK(now == hash);
}

CASE(an_identity_hash_stays) {
  after_each_step(make_two_holders, hash_to, check_hash);
}

static gcroots_table_t table;
static gcroots_ref_t array;

static void make_table_and_array(void) {
  gcroots_ref_type_t any = {NULL, GCROOTS_HEAP_ANY, 1};
  gcroots_val_t null = val_null();
  make_two_holders();
  OK(gcroots_table_new(store, any, 100, UINT64_MAX, gcroots_ref_null(), &table));
  OK(gcroots_array_new(store, refs, &null, 6000, &array));
}

static void move_to_table(void) {
  gcroots_scope_t scope = enter();
  OK(gcroots_table_set(store, table, 77, field_ref(from, 1)));
  set_field(from, 1, val_null());
  OK(gcroots_scope_exit(store, scope));
}

static void check_table(void) {
  gcroots_ref_t ref;
  OK(gcroots_table_get(store, table, 77, &ref));
  CHECK(field_i32(ref, 0) == 3);
  OK(gcroots_table_free(store, &table));
}

CASE(an_object_moves_into_a_table) {
  after_each_step(make_table_and_array, move_to_table, check_table);
}

static void move_to_long_array(void) {
  gcroots_scope_t scope = enter();
  OK(gcroots_array_set_ref(store, array, 5999, field_ref(from, 1)));
  set_field(from, 1, val_null());
  if (heap_has(BETWEEN)) step(0);
  OK(gcroots_array_copy(store, array, 10, array, 5990, 10));
  OK(gcroots_array_set_ref(store, array, 5999, gcroots_ref_null()));
  OK(gcroots_scope_exit(store, scope));
}

static void check_array(void) {
  gcroots_ref_t ref;
  OK(gcroots_array_get_ref(store, array, 19, &ref));
  CHECK(field_i32(ref, 0) == 3);
  OK(gcroots_table_free(store, &table));
}

CASE(an_object_moves_within_a_long_array) {
  after_each_step(make_table_and_array, move_to_long_array, check_array);
}

/* --- Root ranges ---------------------------------------------------------------------- */

enum { RANGES = 3, RANGE_SLOTS = 15 };

static uint32_t slots[RANGES][RANGE_SLOTS], more_slots[2 * RANGE_SLOTS];
static gcroots_root_range_t ranges[RANGES];
static gcroots_root_source_t sources[RANGES];
static gcroots_weak_t held[RANGES][RANGE_SLOTS];

static void write_slot(int range, int slot, gcroots_ref_t ref) {
  uint32_t *all_slots = ranges[range].slots;
  OK(gcroots_ref_to_raw(store, ref, &all_slots[slot]));
  if (ranges[range].unchanged > (size_t)slot) ranges[range].unchanged = (size_t)slot;
}

static void add_range(int range) {
  memset(slots[range], 0, sizeof slots[range]);
  ranges[range].slots = slots[range];
  ranges[range].count = RANGE_SLOTS;
  OK(gcroots_root_range_add(store, &ranges[range], NULL, &sources[range]));
}

/* Fills the slots of a range with nodes that nothing else holds. */
static void fill_range(int range) {
  for (int i = 0; i < RANGE_SLOTS; i++) {
    gcroots_scope_t scope = enter();
    gcroots_ref_t made = make_leaf(node, 100 * range + i);
    OK(gcroots_weak_new(store, made, &held[range][i]));
    write_slot(range, i, made);
    OK(gcroots_scope_exit(store, scope));
  }
}

static void make_ranges(void) {
  make_two_holders();
  for (int i = 0; i < RANGES; i++) add_range(i);
  for (int i = 0; i < RANGES; i++) fill_range(i);
}

static void check_slot(int range, int slot, int32_t number) {
  gcroots_scope_t scope = enter();
  const uint32_t *all_slots = ranges[range].slots;
  gcroots_ref_t ref;
  OK(gcroots_ref_from_raw(store, all_slots[slot], &ref));
  CHECK(field_i32(ref, 0) == number);
  OK(gcroots_scope_exit(store, scope));
}

/* The ranges that are still there hold their nodes. They are removed. */
static void check_ranges(void) {
  for (int i = 0; i < RANGES; i++) {
    if (sources[i].store_id == 0) continue;
    for (int k = 0; k < RANGE_SLOTS; k++) {
      CHECK(is_alive(held[i][k]));
      check_slot(i, k, 100 * i + k);
    }
    OK(gcroots_root_range_remove(store, &sources[i]));
  }
}

/* Under the generational collector a long range is read in many steps. */
CASE(a_long_root_range_is_read_in_steps) {
  enum { SLOTS = 20000, BUDGET = 1000, SLOT_COST = 16 };
  static uint32_t long_slots[SLOTS];
  gcroots_root_range_t range = {long_slots, SLOTS, 0};
  gcroots_root_source_t source;
  int steps = 1;
  begin();
  OK(gcroots_ref_to_raw(store, make_leaf(node, 1), &long_slots[0]));
  for (int i = 1; i < SLOTS; i++) long_slots[i] = long_slots[0];
  OK(gcroots_root_range_add(store, &range, NULL, &source));
  collect();
  OK(gcroots_store_gc_start(store));
  for (; !step(BUDGET); steps++) CHECK(steps < NEVER);
  if (heap_has(BETWEEN)) CHECK(steps > SLOTS / BUDGET * SLOT_COST);
  OK(gcroots_store_verify(store));
  OK(gcroots_root_range_remove(store, &source));
  end();
}

static void move_to_a_slot(void) {
  gcroots_scope_t scope = enter();
  write_slot(1, 7, field_ref(from, 1));
  set_field(from, 1, val_null());
  OK(gcroots_scope_exit(store, scope));
}

static void check_moved_slot(void) {
  CHECK(is_alive(moved));
  check_slot(1, 7, 3);
  for (int i = 0; i < RANGES; i++) OK(gcroots_root_range_remove(store, &sources[i]));
}

CASE(an_object_moves_into_a_root_range) {
  after_each_step(make_ranges, move_to_a_slot, check_moved_slot);
}

static void move_out_of_a_slot(void) {
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref;
  OK(gcroots_ref_from_raw(store, slots[0][4], &ref));
  set_field(to, 1, val_ref(ref));
  write_slot(0, 4, gcroots_ref_null());
  OK(gcroots_scope_exit(store, scope));
}

static void check_moved_out(void) {
  CHECK(is_alive(held[0][4]) && field_i32(field_ref(to, 1), 0) == 4);
  for (int i = 0; i < RANGES; i++) OK(gcroots_root_range_remove(store, &sources[i]));
}

CASE(an_object_moves_out_of_a_root_range) {
  after_each_step(make_ranges, move_out_of_a_slot, check_moved_out);
}

static void remove_first(void) {
  OK(gcroots_root_range_remove(store, &sources[0]));
}

static void remove_second(void) {
  OK(gcroots_root_range_remove(store, &sources[1]));
}

static void remove_last(void) {
  OK(gcroots_root_range_remove(store, &sources[2]));
}

static void remove_two(void) {
  remove_second();
  remove_first();
}

CASE(a_root_range_is_removed) {
  after_each_step(make_ranges, remove_first, check_ranges);
  after_each_step(make_ranges, remove_second, check_ranges);
  after_each_step(make_ranges, remove_last, check_ranges);
  after_each_step(make_ranges, remove_two, check_ranges);
}

/* A new range takes the place of one that may not have been read. */
static void replace_second(void) {
  remove_second();
  add_range(1);
  fill_range(1);
}

CASE(a_root_range_is_replaced) {
  after_each_step(make_ranges, replace_second, check_ranges);
}

/* The slots move to other memory, where there is room for more. */
static void grow_second(void) {
  memset(more_slots, 0, sizeof more_slots);
  memcpy(more_slots, slots[1], sizeof slots[1]);
  memset(slots[1], 0xfe, sizeof slots[1]);
  ranges[1].slots = more_slots;
  if (heap_has(BETWEEN)) step(40);
  ranges[1].count = 2 * RANGE_SLOTS;
  if (ranges[1].unchanged > RANGE_SLOTS) ranges[1].unchanged = RANGE_SLOTS;
}

static void check_grown(void) {
  gcroots_ref_t last = make_leaf(node, 77);
  write_slot(1, 2 * RANGE_SLOTS - 1, last);
  check_ranges();
}

CASE(a_root_range_moves_and_grows) {
  after_each_step(make_ranges, grow_second, check_grown);
}

/* A slot that no minor collection looks at is read in a later step, which is refused. */
CASE(a_bad_slot_refuses_the_step_that_reads_it) {
  unsigned char done = 77;
  gcroots_scope_t scope = enter();
  uint32_t kept;
  if (!heap_has(BETWEEN) || stressed) return;
  begin();
  make_ranges();
  collect();
  OK(gcroots_store_gc_start(store));
  CHECK(!step(0));
  kept = slots[0][9];
  slots[0][9] = UINT32_MAX - 1;
  while (gcroots_store_gc_step(store, 0, (bool *)&done) == GCROOTS_OK) CHECK(done == false);
  done = 77;
  for (int i = 0; i < 3; i++)
    REFUSED_SAYING(GCROOTS_ERROR_INVALID_ARGUMENT, "slot 9",
                   gcroots_store_gc_step(store, (size_t)i, (bool *)&done));
  CHECK(done == 77);
  slots[0][9] = kept;
  finish(0);
  OK(gcroots_store_verify(store));
  check_ranges();
  OK(gcroots_scope_exit(store, scope));
  end();
}

/* --- New objects ------------------------------------------------------------------ */

static void make_in_a_span(void) {
  gcroots_scope_t scope = enter();
  OK(gcroots_no_gc_enter(store));
  for (int i = 0; i < 5000; i++) {
    gcroots_scope_t inner = enter();
    gcroots_ref_t ref = make_node(node, i, field_ref(from, 1), gcroots_ref_null());
    set_field(to, 2, val_ref(ref));
    OK(gcroots_scope_exit(store, inner));
  }
  OK(gcroots_no_gc_exit(store));
  set_field(from, 1, val_null());
  OK(gcroots_scope_exit(store, scope));
}

static void check_made_in_a_span(void) {
  gcroots_ref_t last = field_ref(to, 2);
  CHECK(field_i32(last, 0) == 4999 && field_i32(field_ref(last, 1), 0) == 3);
}

CASE(objects_are_made_in_a_no_gc_span) {
  after_each_step(make_two_holders, make_in_a_span, check_made_in_a_span);
}

static void make_large(void) {
  gcroots_scope_t scope = enter();
  gcroots_val_t value = val_ref(field_ref(from, 1));
  gcroots_ref_t made;
  OK(gcroots_array_new(store, refs, &value, 9000, &made));
  OK(gcroots_ref_assign(store, local, made));
  OK(gcroots_array_new(store, refs, &value, 9000, &made));
  set_field(from, 1, val_null());
  OK(gcroots_scope_exit(store, scope));
}

static void check_large(void) {
  gcroots_ref_t element;
  OK(gcroots_array_get_ref(store, local, 8999, &element));
  CHECK(field_i32(element, 0) == 3);
}

CASE(large_objects_are_made) {
  after_each_step(make_holders_and_a_root, make_large, check_large);
}

CASE(a_step_in_a_no_gc_span_is_refused) {
  bool done = false;
  begin();
  list = make_list(10);
  OK(gcroots_store_gc_start(store));
  if (!heap_has(BETWEEN)) {
    finish(0);
  } else {
    OK(gcroots_no_gc_enter(store));
    REFUSED(GCROOTS_ERROR_NO_GC, gcroots_store_gc_step(store, 0, &done));
    REFUSED(GCROOTS_ERROR_NO_GC, gcroots_store_gc_step_for(store, 1, &done));
    OK(gcroots_no_gc_exit(store));
    finish(0);
  }
  OK(gcroots_no_gc_enter(store));
  if (!(stressed && heap_has(BETWEEN))) OK(gcroots_store_gc_step(store, 0, &done));
  OK(gcroots_no_gc_exit(store));
  end();
}

/* --- Sparse blocks ------------------------------------------------------------------- */

enum { MADE = 30000, KEPT_OF = 16, KEPT = MADE / KEPT_OF };

static uint64_t hashes[KEPT];
static int datas[KEPT];
static gcroots_ref_t all, hosts;

static gcroots_ref_t element(gcroots_ref_t of, uint32_t index) {
  gcroots_ref_t ref;
  OK(gcroots_array_get_ref(store, of, index, &ref));
  return ref;
}

/* Fills a long array with nodes of which few stay. Nothing else refers to them. Each that stays
   is a key of a weak map, and has a hash and a reference to the one before it. */
static void make_sparse(void) {
  gcroots_val_t null = val_null();
  OK(gcroots_weakmap_new(store, &map));
  OK(gcroots_array_new(store, refs, &null, MADE, &all));
  OK(gcroots_array_new(store, refs, &null, KEPT, &hosts));
  for (uint32_t i = 0; i < MADE; i++) {
    gcroots_scope_t scope = enter();
    uint32_t kept = i / KEPT_OF;
    gcroots_ref_t before = i >= KEPT_OF ? element(all, i - KEPT_OF) : gcroots_ref_null();
    gcroots_ref_t made = make_node(node, (int32_t)i, before, gcroots_ref_null());
    OK(gcroots_array_set_ref(store, all, i, made));
    if (i % KEPT_OF == 0) {
      gcroots_ref_t host;
      OK(gcroots_ref_hash(store, made, &hashes[kept]));
      OK(gcroots_weakmap_set(store, map, made, hosts));
      OK(gcroots_externref_new(store, &datas[kept], NULL, &host));
      OK(gcroots_array_set_ref(store, hosts, kept, host));
    }
    OK(gcroots_scope_exit(store, scope));
  }
  collect();
  for (uint32_t i = 0; i < MADE; i++)
    if (i % KEPT_OF != 0) OK(gcroots_array_set_ref(store, all, i, gcroots_ref_null()));
}

static void check_sparse(void) {
  for (uint32_t i = 0; i < MADE; i += KEPT_OF) {
    gcroots_scope_t scope = enter();
    gcroots_ref_t ref = element(all, i), value;
    uint64_t now;
    CHECK(field_i32(ref, 0) == (int32_t)i);
    if (i > 0) CHECK(same_object(field_ref(ref, 1), element(all, i - KEPT_OF)));
    OK(gcroots_ref_hash(store, ref, &now));
    CHECK(now == hashes[i / KEPT_OF]);
    OK(gcroots_weakmap_get(store, map, ref, &value));
    CHECK(same_object(value, hosts));
    if (!gcroots_ref_is_null(element(all, i + 4)))
      CHECK(field_i32(element(all, i + 4), 0) % KEPT_OF == 0);
    CHECK(data_of(element(hosts, i / KEPT_OF)) == &datas[i / KEPT_OF]);
    OK(gcroots_scope_exit(store, scope));
  }
}

/* The bytes that full collections have moved. */
static uint64_t moved_bytes(void) {
  gcroots_stats_t stats = stats_of(store);
  return stats.moved_bytes - stats.promoted_bytes;
}

static void name_and_root(void);

static void run_sparse(size_t budget, void (*between)(void)) {
  uint64_t before;
  gcroots_scope_t scope = enter();
  begin();
  make_sparse();
  /* The first collection finds out which blocks are sparse. */
  OK(gcroots_store_gc_start(store));
  finish(SIZE_MAX);
  before = moved_bytes();
  OK(gcroots_store_gc_start(store));
  for (int steps = 0; !step(budget); steps++) {
    CHECK(steps < NEVER);
    if (heap_has(BETWEEN)) between();
  }
  check_sparse();
  if (heap_has(BETWEEN) && !stressed && between != name_and_root) CHECK(moved_bytes() > before);
  OK(gcroots_scope_exit(store, scope));
  end();
}

static void do_nothing(void) {
}

CASE(objects_leave_sparse_blocks) {
  if (stressed) return;
  run_sparse(5000, do_nothing);
}

static uint32_t turn;

/* Moves references of nodes that stay, and makes new ones that refer to them. */
static void exchange(void) {
  for (int i = 0; i < 20; i++) {
    gcroots_scope_t scope = enter();
    uint32_t at = (turn++ * 7919 % KEPT) * KEPT_OF;
    gcroots_ref_t ref = element(all, at);
    gcroots_ref_t holder = make_node(node, -1, ref, gcroots_ref_null());
    OK(gcroots_array_set_ref(store, all, at + 1, holder));
    if (at + KEPT_OF < MADE) set_field(element(all, at + KEPT_OF), 1, val_ref(ref));
    OK(gcroots_array_copy(store, all, at + 2, all, at, 2));
    set_field(element(all, at + 3), 2, val_ref(element(all, at + 2)));
    CHECK(same_object(field_ref(element(all, at + 3), 1), ref));
    OK(gcroots_scope_exit(store, scope));
  }
}

CASE(references_change_while_objects_leave_sparse_blocks) {
  if (stressed) return;
  run_sparse(3000, exchange);
}

/* Stores references to nodes that stay where none were, and makes nothing. */
static void store_old(void) {
  for (int i = 0; i < 40; i++) {
    gcroots_scope_t scope = enter();
    uint32_t at = (turn++ * 7919 % KEPT) * KEPT_OF;
    gcroots_ref_t ref = element(all, at);
    OK(gcroots_array_set_ref(store, all, at + 4, ref));
    set_field(element(all, turn * 104729 % KEPT * KEPT_OF), 2, val_ref(ref));
    OK(gcroots_scope_exit(store, scope));
  }
}

CASE(references_are_stored_while_objects_leave_sparse_blocks) {
  if (stressed) return;
  run_sparse(3000, store_old);
}

static gcroots_weak_t names[KEPT];

static void name_and_root(void) {
  static gcroots_manually_rooted_t roots[64];
  gcroots_scope_t scope = enter();
  uint32_t kept = turn++ * 7919 % KEPT;
  if (names[kept].store_id != 0) OK(gcroots_weak_free(store, &names[kept]));
  OK(gcroots_weak_new(store, element(all, kept * KEPT_OF), &names[kept]));
  OK(gcroots_manually_rooted_unroot(store, &roots[turn % 64]));
  roots[turn % 64] = root(element(all, (turn * 104729 % KEPT) * KEPT_OF));
  for (uint32_t i = 0; i < KEPT; i += 97) {
    gcroots_ref_t ref;
    if (names[i].store_id == 0) continue;
    OK(gcroots_weak_upgrade(store, names[i], &ref));
    CHECK(same_object(ref, element(all, i * KEPT_OF)));
  }
  OK(gcroots_scope_exit(store, scope));
}

CASE(blocks_of_named_and_rooted_objects_stay) {
  if (stressed) return;
  run_sparse(5000, name_and_root);
  for (uint32_t i = 0; i < KEPT; i++) CHECK(names[i].store_id == 0 || is_alive(names[i]));
}

/* Allocations do the steps of a large heap. Nothing stops the program to collect all of it. */
CASE(allocations_complete_collections) {
  enum { NODES = 60000 };
  gcroots_stats_t stats;
  if (!heap_has(BETWEEN) || stressed) return;
  begin();
  list = make_list(NODES);
  for (int i = 0; i < 150; i++) {
    gcroots_scope_t scope = enter();
    CHECK(length_of(make_list(NODES / 2)) == NODES / 2);
    OK(gcroots_scope_exit(store, scope));
  }
  CHECK(length_of(list) == NODES);
  stats = stats_of(store);
  CHECK(stats.collections - stats.minor_collections >= 3);
  CHECK(stats.committed_bytes < (size_t)24 << 20);
  end();
}

/* --- External bytes -------------------------------------------------------------------- */

static gcroots_ref_t new_external(size_t bytes) {
  gcroots_externref_options_t options = {0};
  gcroots_ref_t ref;
  options.struct_size = sizeof options;
  options.external_bytes = bytes;
  OK(gcroots_externref_new_with(store, &options, &ref));
  return ref;
}

/* The number of times that the program was stopped for a full collection. */
static uint64_t full_stops(void) {
  gcroots_pauses_t pauses;
  OK(gcroots_store_pauses(store, GCROOTS_PAUSE_FULL, &pauses));
  return pauses.count;
}

/* The number of full collections. */
static uint64_t full_collections(void) {
  gcroots_stats_t stats = stats_of(store);
  return stats.collections - stats.minor_collections;
}

/* Makes a heap that is too large to be collected at once, and collects. */
static void make_large_heap(void) {
  begin();
  list = make_list(100000);
  collect();
}

/* Makes objects with external bytes, of which those that were made last are alive. What dies is
   freed between the program's steps. Only large heaps are collected so. */
static void make_externals_that_die_old(void) {
  enum { MADE_EXTERNALS = 60000, ALIVE = 4096, BYTES = 16 << 10 };
  gcroots_val_t null = val_null();
  uint64_t stops, collections, most = 0;
  make_large_heap();
  OK(gcroots_array_new(store, refs, &null, ALIVE, &array));
  stops = full_stops();
  collections = full_collections();
  for (uint32_t i = 0; i < MADE_EXTERNALS; i++) {
    gcroots_scope_t scope = enter();
    uint64_t now;
    OK(gcroots_array_set_ref(store, array, i % ALIVE, new_external(BYTES)));
    now = stats_of(store).external_bytes;
    most = now > most ? now : most;
    OK(gcroots_scope_exit(store, scope));
  }
  if (collects) CHECK(most < (uint64_t)ALIVE * BYTES * 4);
  if (heap_has(BETWEEN)) {
    CHECK(full_stops() == stops);
    CHECK(full_collections() >= collections + 5);
  }
  end();
}

CASE(external_bytes_begin_collections_and_complete_them) {
  if (!stressed) make_externals_that_die_old();
}

static void report_nothing(void *env, gcroots_store_t *of) {
  (void)of;
  ++*(int *)env;
}

CASE(external_bytes_complete_collections_of_a_store_with_root_visitors) {
  gcroots_root_source_t source;
  int visits = 0;
  if (stressed) return;
  OK(gcroots_root_visitor_add(store, report_nothing, &visits, &source));
  make_externals_that_die_old();
  CHECK((visits > 0) == collects);
  OK(gcroots_root_visitor_remove(store, &source));
}

/* Minor collections free what dies young, so nothing is left for a full one. */
CASE(external_bytes_of_objects_that_die_young_need_no_full_collection) {
  int count = heap_has(BETWEEN) ? 20000 : 300;
  uint64_t collections, most = 0;
  if (stressed) return;
  make_large_heap();
  collections = full_collections();
  for (int i = 0; i < count; i++) {
    gcroots_scope_t scope = enter();
    uint64_t now;
    new_external(64 << 10);
    now = stats_of(store).external_bytes;
    most = now > most ? now : most;
    OK(gcroots_scope_exit(store, scope));
  }
  if (collects) CHECK(most < (uint64_t)64 << 20);
  if (heap_has(BETWEEN)) CHECK(full_collections() == collections);
  end();
}

/* Far more external bytes than a collection in steps could bear stop the program: one stop. */
CASE(external_bytes_that_exceed_two_budgets_stop_the_program) {
  gcroots_ref_t kept;
  if (!heap_has(BETWEEN) || stressed) return;
  make_large_heap();
  kept = new_external(0);
  for (int is_under_way = 0; is_under_way < 2; is_under_way++) {
    uint64_t stops;
    OK(gcroots_externref_set_external_bytes(store, kept, 0));
    collect();
    stops = full_stops();
    if (is_under_way) {
      OK(gcroots_store_gc_start(store));
      CHECK(!step(0));
    }
    OK(gcroots_externref_set_external_bytes(store, kept, (size_t)1 << 40));
    for (int i = 0; i < 100; i++) {
      gcroots_scope_t scope = enter();
      new_external(1);
      CHECK(i == 0 || full_stops() == stops + 1);
      OK(gcroots_scope_exit(store, scope));
    }
    finish(SIZE_MAX);
  }
  end();
}

/* A collection that is begun and dropped again and again does not put off the one that external
   bytes need. */
CASE(a_dropped_collection_puts_nothing_off) {
  gcroots_ref_t kept;
  uint64_t stops;
  if (!heap_has(BETWEEN) || stressed) return;
  make_large_heap();
  kept = new_external(0);
  collect();
  stops = full_stops();
  for (size_t i = 1; i < 1000 && full_stops() == stops && full_collections() < 1000; i++) {
    gcroots_scope_t scope = enter();
    OK(gcroots_externref_set_external_bytes(store, kept, i << 20));
    OK(gcroots_store_gc_start(store));
    CHECK(!step(0));
    OK(gcroots_store_gc_cancel(store));
    new_external(0);
    OK(gcroots_scope_exit(store, scope));
    CHECK(i < 100);
  }
  end();
}
