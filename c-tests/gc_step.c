/* Collections in steps: they collect what a collection at once does. Also which calls are
 * allowed between steps, and how a collection ends early.
 */
#include "refusals.h"
#include "threads.h"

/* Budgets of a step: the smallest, a few objects, more objects, and everything at once. */
static const size_t budgets[] = {0, 1, 200, 5000, SIZE_MAX};

enum { NEVER = 1000000 };

static bool step(size_t budget) {
  unsigned char done = 77;
  OK(gcroots_store_gc_step(store, budget, (bool *)&done));
  CHECK(done < 2);
  return done == 1;
}

static void start(void) {
  OK(gcroots_store_gc_start(store));
}

/* Runs steps until the collection is complete. Returns how many steps it took. */
static int finish(size_t budget) {
  int steps = 1;
  while (!step(budget)) CHECK(++steps < NEVER);
  return steps;
}

static int collect(size_t budget) {
  start();
  return finish(budget);
}

static void verify(void) {
  OK(gcroots_store_verify(store));
}

/* --- Everything that a collection works on --------------------------------------- */

enum { NODES = 60, ELEMENTS = 3000, KEYS = 40, DOOMED = 50, HASHED = 30 };

static int doomed_finalized[DOOMED], kept_finalized;

static struct {
  gcroots_type_t *node, *refs;
  /* A ring of nodes. Its first node is rooted. */
  gcroots_ref_t ring;
  /* A long array with a manual root. Every third element is a node. */
  gcroots_manually_rooted_t array;
  gcroots_ref_t host;
  /* Weak handles of the ring's first node and of a dead object. */
  gcroots_weak_t weak, weak_dead;
  gcroots_weakmap_t map;
  /* How many keys of the map are garbage, if they have not been removed. */
  size_t dead_keys;
  uint64_t hashes[HASHED];
  gcroots_ref_t hashed[HASHED];
} world;

static gcroots_ref_t make_ring(int count) {
  gcroots_scope_t scope = enter();
  gcroots_ref_t first = make_leaf(world.node, 0), last = new_local(first), out;
  for (int i = 1; i < count; i++) {
    gcroots_scope_t inner = enter();
    gcroots_ref_t next = make_node(world.node, i, gcroots_ref_null(), last);
    set_field(last, 1, val_ref(next));
    OK(gcroots_ref_assign(store, last, next));
    OK(gcroots_scope_exit(store, inner));
  }
  set_field(last, 1, val_ref(first));
  set_field(first, 2, val_ref(last));
  OK(gcroots_scope_escape(store, scope, first, &out));
  return out;
}

static void check_ring(gcroots_ref_t first, int count) {
  gcroots_scope_t scope = enter();
  gcroots_ref_t at = new_local(first);
  for (int i = 0; i < count; i++) {
    gcroots_scope_t inner = enter();
    gcroots_ref_t next = field_ref(at, 1);
    CHECK(field_i32(at, 0) == i);
    CHECK(same_object(field_ref(next, 2), at));
    OK(gcroots_ref_assign(store, at, next));
    OK(gcroots_scope_exit(store, inner));
  }
  CHECK(same_object(at, first));
  OK(gcroots_scope_exit(store, scope));
}

static gcroots_type_t *new_refs(void) {
  gcroots_rec_group_t *group = new_group();
  const gcroots_rec_group_t *groups[1] = {group};
  gcroots_field_type_t element = any_field();
  gcroots_type_t *type;
  uint32_t position;
  OK(gcroots_rec_group_add_array(group, NULL, &element, &position));
  OK(gcroots_rec_group_register(engine, groups, 1, &type, 1));
  gcroots_rec_group_free(group);
  return type;
}

static void make_array(void) {
  gcroots_scope_t scope = enter();
  gcroots_ref_t array;
  gcroots_val_t null = val_null();
  OK(gcroots_array_new(store, world.refs, &null, ELEMENTS, &array));
  for (uint32_t i = 0; i < ELEMENTS; i += 3) {
    gcroots_scope_t inner = enter();
    OK(gcroots_array_set_ref(store, array, i, make_leaf(world.node, (int32_t)i)));
    OK(gcroots_scope_exit(store, inner));
  }
  world.array = root(array);
  OK(gcroots_scope_exit(store, scope));
}

static void check_array(void) {
  size_t length;
  OK(gcroots_array_len(store, world.array.ref, &length));
  CHECK(length == ELEMENTS);
  for (uint32_t i = 0; i < ELEMENTS; i++) {
    gcroots_scope_t scope = enter();
    gcroots_ref_t element;
    OK(gcroots_array_get_ref(store, world.array.ref, i, &element));
    CHECK(gcroots_ref_is_null(element) == (i % 3 != 0));
    if (i % 3 == 0) CHECK(field_i32(element, 0) == (int32_t)i);
    OK(gcroots_scope_exit(store, scope));
  }
}

/* Makes a chain in the map that begins at the ring's first node: each value is the next
   key. */
static void make_chain(void) {
  gcroots_scope_t scope = enter();
  gcroots_ref_t key = world.ring;
  for (int i = 0; i < KEYS; i++) {
    gcroots_ref_t value = make_leaf(world.node, 1000 + i);
    OK(gcroots_weakmap_set(store, world.map, key, value));
    key = value;
  }
  OK(gcroots_scope_exit(store, scope));
}

static void check_chain(void) {
  gcroots_scope_t scope = enter();
  gcroots_ref_t key = world.ring;
  size_t size;
  for (int i = 0; i < KEYS; i++) {
    OK(gcroots_weakmap_get(store, world.map, key, &key));
    CHECK(field_i32(key, 0) == 1000 + i);
  }
  OK(gcroots_weakmap_size(store, world.map, &size));
  CHECK(size == (collects ? KEYS : KEYS + world.dead_keys));
  OK(gcroots_scope_exit(store, scope));
}

/* Makes garbage: externrefs with finalizers, a weak handle's object, a map's key, a
   ring, and objects with identity hashes. */
static void make_garbage(void) {
  gcroots_scope_t scope = enter();
  gcroots_ref_t dead, ring = make_ring(NODES);
  uint64_t hash;
  for (int i = 0; i < DOOMED; i++)
    OK(gcroots_externref_new(store, &doomed_finalized[i], count_call, &dead));
  OK(gcroots_weak_new(store, dead, &world.weak_dead));
  OK(gcroots_weakmap_set(store, world.map, ring, ring));
  world.dead_keys++;
  OK(gcroots_ref_hash(store, ring, &hash));
  OK(gcroots_ref_hash(store, dead, &hash));
  OK(gcroots_scope_exit(store, scope));
}

static void check_garbage(int finalized) {
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref;
  for (int i = 0; i < DOOMED; i++) CHECK(doomed_finalized[i] == finalized);
  OK(gcroots_weak_upgrade(store, world.weak_dead, &ref));
  CHECK(gcroots_ref_is_null(ref) == (finalized == 1));
  OK(gcroots_scope_exit(store, scope));
}

/* Does not collect, even under stress, so that the garbage exists when a collection in
   steps begins. */
static void make_world(void) {
  memset(doomed_finalized, 0, sizeof doomed_finalized);
  kept_finalized = 0;
  world.dead_keys = 0;
  if (world.node == NULL) world.node = new_node(), world.refs = new_refs();
  OK(gcroots_no_gc_enter(store));
  OK(gcroots_weakmap_new(store, &world.map));
  world.ring = make_ring(NODES);
  make_array();
  OK(gcroots_externref_new(store, &kept_finalized, count_call, &world.host));
  OK(gcroots_weak_new(store, world.ring, &world.weak));
  make_chain();
  for (int i = 0; i < HASHED; i++) {
    world.hashed[i] = i % 2 == 0 ? new_externref(&world) : make_leaf(world.node, i);
    OK(gcroots_ref_hash(store, world.hashed[i], &world.hashes[i]));
  }
  make_garbage();
  OK(gcroots_no_gc_exit(store));
  verify();
}

static void check_world(void) {
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref;
  verify();
  check_ring(world.ring, NODES);
  check_array();
  CHECK(data_of(world.host) == &kept_finalized && kept_finalized == 0);
  OK(gcroots_weak_upgrade(store, world.weak, &ref));
  CHECK(same_object(ref, world.ring));
  check_chain();
  for (int i = 0; i < HASHED; i++) {
    uint64_t hash;
    OK(gcroots_ref_hash(store, world.hashed[i], &hash));
    CHECK(hash == world.hashes[i]);
  }
  OK(gcroots_scope_exit(store, scope));
}

static void end_world(void) {
  gcroots_type_free(world.node);
  gcroots_type_free(world.refs);
}

/* Replaces the fixture's store by another one with a world. */
static void new_world(void) {
  free_store();
  OK(gcroots_store_new(engine, &store));
  make_world();
}

/* --- What a collection does -------------------------------------------------------- */

CASE(it_collects_what_one_at_once_does) {
  for (size_t i = 0; i < COUNT_OF(budgets); i++) {
    gcroots_stats_t before, after;
    uint64_t live;
    new_world();
    before = stats_of(store);
    collect(budgets[i]);
    after = stats_of(store);
    CHECK(has_collected(after.collections, before.collections + (collects ? 1 : 0)));
    CHECK(after.finalizers_run == before.finalizers_run + (collects ? DOOMED : 0));
    check_garbage(collects ? 1 : 0);
    check_world();
    live = stats_of(store).objects;
    CHECK(live == after.objects);
    OK(gcroots_store_gc(store));
    CHECK(stats_of(store).objects == live);
    check_world();
  }
  end_world();
}

CASE(a_small_budget_takes_many_steps_and_all_of_it_one) {
  int steps, more;
  new_world();
  CHECK(collect(SIZE_MAX) == 1);
  steps = collect(5000);
  more = collect(0);
  CHECK(collects ? steps > 5 && more > 10 * steps : steps == 1 && more == 1);
  check_world();
  end_world();
}

CASE(one_collection_follows_another) {
  new_world();
  for (size_t i = 0; i < 20; i++) {
    collect(budgets[i % COUNT_OF(budgets)]);
    check_world();
    OK(gcroots_no_gc_enter(store));
    make_garbage();
    OK(gcroots_no_gc_exit(store));
    if (i % 3 == 0) OK(gcroots_store_gc(store));
    collect(100);
    memset(doomed_finalized, 0, sizeof doomed_finalized);
  }
  check_world();
  end_world();
}

CASE(nothing_is_to_do_before_the_first_allocation) {
  start();
  CHECK(step(0));
  CHECK(stats_of(store).collections == 0);
  new_externref(NULL);
}

CASE(under_null_the_first_step_ends_it) {
  static int finalized;
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref;
  OK(gcroots_externref_new(store, &finalized, count_call, &ref));
  OK(gcroots_scope_exit(store, scope));
  start();
  if (!collects) CHECK(step(0) && finalized == 0 && stats_of(store).collections == 0);
  if (collects) CHECK(finish(0) >= 1 && finalized == 1);
}

CASE(a_step_without_a_collection_is_done_and_does_nothing) {
  struct check_counts before, after;
  new_externref(NULL);
  before = check_count();
  if (stressed && heap_has(BETWEEN)) return;
  CHECK(step(0) && step(SIZE_MAX));
  OK(gcroots_store_gc_cancel(store));
  after = check_count();
  CHECK(memcmp(&before, &after, sizeof before) == 0);
  collect(0);
  CHECK(step(0));
  OK(gcroots_store_gc_cancel(store));
}

CASE(a_million_roots_take_many_steps) {
  size_t count = stressed ? 2000 : 1000000 / GRAPH_SCALE;
  gcroots_scope_t scope = enter();
  OK(gcroots_no_gc_enter(store));
  for (size_t i = 0; i < count; i++) new_externref(&world);
  OK(gcroots_no_gc_exit(store));
  CHECK(collect(64 << 10) >= (int)(collects ? count * 32 / (64 << 10) : 1));
  CHECK(stats_of(store).objects == count);
  OK(gcroots_scope_exit(store, scope));
  collect(64 << 10);
  CHECK(stats_of(store).objects == (collects ? 0 : count));
}

CASE(queued_roots_end_in_the_steps_and_not_before) {
  enum { COUNT = 300 };
  static gcroots_manually_rooted_t roots[COUNT];
  int steps;
  /* A minor collection ends all of them. */
  if (!collects || heap_has(BETWEEN)) return;
  for (int i = 0; i < COUNT; i++) roots[i] = new_rooted(NULL, NULL);
  for (int i = 0; i < COUNT; i++) gcroots_manually_rooted_unroot_later(&roots[i]);
  start();
  /* Beginning ends as many of them as making a root does. */
  CHECK(stats_of(store).manual_roots >= COUNT - 32);
  CHECK(!step(0));
  CHECK(stats_of(store).manual_roots >= COUNT - 33);
  steps = finish(0);
  CHECK(steps >= COUNT - 33 && stats_of(store).manual_roots == 0);
  CHECK(stats_of(store).objects == 0);
}

CASE(queued_roots_end_when_a_collection_is_cancelled) {
  enum { COUNT = 300 };
  static gcroots_manually_rooted_t roots[COUNT];
  for (int i = 0; i < COUNT; i++) roots[i] = new_rooted(NULL, NULL);
  for (int i = 0; i < COUNT; i++) gcroots_manually_rooted_unroot_later(&roots[i]);
  start();
  OK(gcroots_store_gc_cancel(store));
  for (int i = 0; i < COUNT; i++) roots[i] = new_rooted(NULL, NULL);
  verify();
  CHECK(stats_of(store).manual_roots == COUNT);
}

/* Replaces the fixture's store by one whose heap has grown for `bytes` bytes, all garbage
   now. Under drc the heap may end with them: what lives is older. */
static void new_grown_store(size_t bytes) {
  gcroots_type_t *words = new_array(mutable_of(GCROOTS_STORAGE_I64));
  gcroots_scope_t scope;
  gcroots_ref_t out;
  free_store();
  OK(gcroots_store_new(engine, &store));
  OK(gcroots_array_new_default(store, words, 1000, &out));
  scope = enter();
  OK(gcroots_no_gc_enter(store));
  for (size_t made = 0; made < bytes; made += 80000)
    OK(gcroots_array_new_default(store, words, 10000, &out));
  OK(gcroots_no_gc_exit(store));
  OK(gcroots_scope_exit(store, scope));
  gcroots_type_free(words);
}

CASE(steps_give_back_as_much_memory_as_one_collection_at_once) {
  static const size_t sizes[] = {1 << 20, 5 << 20, 32 << 20};
  for (size_t i = 0; i < COUNT_OF(sizes); i++) {
    uint64_t grown, at_once;
    new_grown_store(sizes[i]);
    grown = stats_of(store).committed_bytes;
    OK(gcroots_store_gc(store));
    at_once = stats_of(store).committed_bytes;
    CHECK(!collects || grown > at_once);
    for (size_t k = 2; k < COUNT_OF(budgets); k++) {
      new_grown_store(sizes[i]);
      CHECK(stats_of(store).committed_bytes == grown);
      collect(budgets[k]);
      CHECK(stats_of(store).committed_bytes == at_once);
    }
  }
}

/* Collects in steps of this budget a store in which one array of `bytes` bytes lives. Returns
   how many steps it took. */
static int steps_of_array(gcroots_storage_t storage, size_t element_bytes, size_t bytes,
                          size_t budget) {
  gcroots_type_t *type = new_array(mutable_of(storage));
  gcroots_ref_t out;
  int steps;
  free_store();
  OK(gcroots_store_new(engine, &store));
  OK(gcroots_no_gc_enter(store));
  OK(gcroots_array_new_default(store, type, bytes / element_bytes, &out));
  OK(gcroots_no_gc_exit(store));
  gcroots_type_free(type);
  collect(SIZE_MAX);
  steps = collect(budget);
  CHECK(stats_of(store).objects == 1);
  return steps;
}

/* A step of a budget may handle one thing more than the budget pays for. */
CASE(a_long_array_is_paid_for_in_steps) {
  enum { BYTES = 4 << 20, BUDGET = 64 << 10 };
  int refs = steps_of_array(GCROOTS_STORAGE_REF, 4, BYTES, BUDGET);
  int numbers = steps_of_array(GCROOTS_STORAGE_I64, 8, BYTES, BUDGET);
  CHECK(refs >= (collects ? BYTES / BUDGET / 2 : 1));
  CHECK(numbers >= (heap_has(MOVES_ALL) ? BYTES / BUDGET / 2 : 1));
}

/* Functions that make one dead object with an entry in a table beside the heap. */
static void make_dead_externref(gcroots_weakmap_t map) {
  (void)map;
  new_externref(NULL);
}

static void make_dead_weak(gcroots_weakmap_t map) {
  gcroots_weak_t weak;
  (void)map;
  OK(gcroots_weak_new(store, make_leaf(world.node, 0), &weak));
}

static void make_dead_hash(gcroots_weakmap_t map) {
  uint64_t hash;
  (void)map;
  OK(gcroots_ref_hash(store, make_leaf(world.node, 0), &hash));
}

static void make_dead_entry(gcroots_weakmap_t map) {
  OK(gcroots_weakmap_set(store, map, make_leaf(world.node, 0), gcroots_ref_null()));
}

/* Functions that make one live entry. */
static void make_live_hash(gcroots_weakmap_t map) {
  uint64_t hash;
  (void)map;
  OK(gcroots_ref_hash(store, root(make_leaf(world.node, 0)).ref, &hash));
}

static void make_live_entry(gcroots_weakmap_t map) {
  OK(gcroots_weakmap_set(store, map, root(make_leaf(world.node, 0)).ref, gcroots_ref_null()));
}

static void make_i31_entry(gcroots_weakmap_t map) {
  static int32_t number;
  gcroots_ref_t key;
  OK(gcroots_i31_new(store, number++, &key));
  OK(gcroots_weakmap_set(store, map, key, world.ring));
}

static void make_root(gcroots_weakmap_t map) {
  (void)map;
  root(world.ring);
}

/* How many steps a collection takes at least for 4000 entries, if a step pays for one look at
   100 entries. A live object is also a root, and is itself traced. */
static const struct {
  const char *name;
  void (*make)(gcroots_weakmap_t map);
  int steps;
} tables[] = {
    {"dead externrefs", make_dead_externref, 40},
    {"dead weak handles", make_dead_weak, 40},
    {"dead identity hashes", make_dead_hash, 40},
    {"dead entries of a weak map", make_dead_entry, 80},
    {"roots", make_root, 40},
    {"live identity hashes", make_live_hash, 140},
    {"live entries of a weak map", make_live_entry, 460},
    {"entries of a weak map whose keys are integers", make_i31_entry, 240},
};

CASE(each_entry_beside_the_heap_is_paid_for_in_steps) {
  enum { COUNT = 4000, ENTRIES_IN_STEP = 100, LOOKUP = 16 };
  world.node = new_node();
  for (size_t i = 0; i < COUNT_OF(tables); i++) {
    gcroots_weakmap_t map;
    gcroots_scope_t scope;
    int steps;
    check_note = tables[i].name;
    free_store();
    OK(gcroots_store_new(engine, &store));
    OK(gcroots_no_gc_enter(store));
    OK(gcroots_weakmap_new(store, &map));
    world.ring = make_leaf(world.node, 0);
    for (int k = 0; k < COUNT; k++) {
      scope = enter();
      tables[i].make(map);
      OK(gcroots_scope_exit(store, scope));
    }
    OK(gcroots_no_gc_exit(store));
    steps = collect(ENTRIES_IN_STEP * LOOKUP);
    /* Where the program runs between the steps, no table is built again. */
    CHECK(steps >= (collects ? tables[i].steps / (heap_has(BETWEEN) ? 4 : 1) : 1));
  }
  end_world();
}

CASE(gc_nanoseconds_count_the_steps) {
  uint64_t before;
  new_world();
  before = stats_of(store).gc_nanoseconds;
  start();
  while (!step(1000)) continue;
  CHECK(stats_of(store).gc_nanoseconds > before || !collects);
  end_world();
}

CASE(steps_by_time_collect_what_one_at_once_does) {
  static const uint64_t times[] = {0, 1, 200, UINT64_MAX};
  for (size_t i = 0; i < COUNT_OF(times); i++) {
    bool more = true;
    int steps = 0;
    new_world();
    start();
    for (; more; steps++) {
      OK(gcroots_store_gc_step_for(store, times[i], &more));
      CHECK(steps < NEVER);
    }
    CHECK(times[i] < UINT64_MAX || steps == 1);
    check_garbage(collects ? 1 : 0);
    check_world();
    OK(gcroots_store_gc_step_for(store, times[i], &more));
    CHECK(!more || (stressed && heap_has(BETWEEN)));
  }
  end_world();
}

CASE(a_step_of_no_time_does_a_part) {
  bool more = false;
  new_world();
  start();
  OK(gcroots_store_gc_step_for(store, 0, &more));
  CHECK(more == collects);
  while (more) OK(gcroots_store_gc_step_for(store, 10, &more));
  check_world();
  end_world();
}

/* --- Finalizers ---------------------------------------------------------------- */

static gcroots_weak_t finalizers_weak;
static int in_finalizer;

/* When the finalizer runs, the collection is complete, weak handles are cleared, and the
   store can be used. */
static void use_the_store(void *data) {
  gcroots_ref_t ref = untouched();
  unsigned char done = 77;
  ++*(int *)data;
  OK(gcroots_weak_upgrade(store, finalizers_weak, &ref));
  CHECK(gcroots_ref_is_null(ref));
  new_externref(NULL);
  verify();
  REFUSED(GCROOTS_ERROR_BUSY, gcroots_store_gc_start(store));
  CHECK(strstr(gcroots_last_error(), "finalizer") != NULL);
  if (!heap_has(BETWEEN)) {
    OK(gcroots_store_gc_step(store, 0, (bool *)&done));
    CHECK(done == 1);
    OK(gcroots_store_gc_cancel(store));
  }
  OK(gcroots_store_gc(store));
}

CASE(finalizers_run_in_the_last_step_and_may_use_the_store) {
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref;
  if (!collects) return;
  OK(gcroots_no_gc_enter(store));
  for (int i = 0; i < 3; i++) OK(gcroots_externref_new(store, &in_finalizer, use_the_store, &ref));
  OK(gcroots_weak_new(store, ref, &finalizers_weak));
  OK(gcroots_scope_exit(store, scope));
  start();
  while (in_finalizer == 0) CHECK(step(0) == (in_finalizer != 0) || heap_has(BETWEEN));
  CHECK(in_finalizer == 3);
}

static gcroots_manually_rooted_t released;

static void release(void *data) {
  ++*(int *)data;
  OK(gcroots_manually_rooted_unroot(store, &released));
}

/* gcroots_store_gc() would collect again after the finalizers; steps do not. */
CASE(what_finalizers_release_is_left_to_the_next_collection) {
  static int first, second;
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref;
  if (!collects) return;
  OK(gcroots_no_gc_enter(store));
  OK(gcroots_externref_new_manually_rooted(store, &second, count_call, &released));
  OK(gcroots_externref_new(store, &first, release, &ref));
  OK(gcroots_scope_exit(store, scope));
  collect(0);
  CHECK(first == 1 && second == 0);
  collect(0);
  CHECK(first == 1 && second == 1);
}

/* --- What is refused ----------------------------------------------------------- */

static gcroots_scope_t open_scope;

static void every_call_is_of_the_wrong_thread(void) {
  every_call_is_refused(GCROOTS_ERROR_WRONG_THREAD, store, world.ring, open_scope);
  REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_WRONG_THREAD, gcroots_store_attach(store));
}

static void every_other_call_is_busy(void) {
  if (heap_has(BETWEEN)) {
    on_another_thread(every_call_is_of_the_wrong_thread);
    check_ring(world.ring, NODES);
    verify();
    return;
  }
  every_other_call_is_refused(GCROOTS_ERROR_BUSY, store, world.ring, open_scope);
  REFUSED(GCROOTS_ERROR_BUSY, gcroots_store_attach(store));
  CHECK(strstr(gcroots_last_error(), "steps of a collection") != NULL);
  REFUSED(GCROOTS_ERROR_BUSY, gcroots_store_gc_start(store));
  CHECK(strstr(gcroots_last_error(), "steps of a collection") != NULL);
  on_another_thread(every_call_is_of_the_wrong_thread);
}

CASE(every_other_call_is_busy_between_steps) {
  new_world();
  open_scope = enter();
  start();
  do every_other_call_is_busy();
  while (!step(10000));
  check_world();
  OK(gcroots_scope_exit(store, open_scope));
  end_world();
}

CASE(no_pointer_may_be_null) {
  start();
  check_nulls(step_calls);
  REFUSED(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_store_gc_start(NULL));
  finish(0);
}

CASE(none_is_begun_in_a_no_gc_span) {
  new_externref(NULL);
  OK(gcroots_no_gc_enter(store));
  REFUSED(GCROOTS_ERROR_NO_GC, gcroots_store_gc_start(store));
  new_externref(NULL);
  OK(gcroots_no_gc_exit(store));
  collect(0);
}

static gcroots_status_t start_inside(void *env, gcroots_store_t *of, const gcroots_val_t *args,
                                     size_t nargs, gcroots_val_t *results, size_t nresults) {
  bool done = false;
  (void)args, (void)nargs, (void)results, (void)nresults;
  REFUSED(GCROOTS_ERROR_BUSY, gcroots_store_gc_start(of));
  CHECK(strstr(gcroots_last_error(), "host function") != NULL);
  OK(gcroots_store_gc_step(of, 0, &done));
  CHECK(done || (stressed && heap_has(BETWEEN)));
  OK(gcroots_store_gc_cancel(of));
  ++*(int *)env;
  return GCROOTS_OK;
}

CASE(none_is_begun_in_a_host_function) {
  gcroots_type_t *type = new_func(NULL, 0, NULL, 0);
  gcroots_ref_t func;
  int called = 0;
  OK(gcroots_func_new(store, type, start_inside, &called, NULL, &func));
  OK(gcroots_func_call(store, func, NULL, 0, NULL, 0));
  collect(0);
  OK(gcroots_func_call(store, func, NULL, 0, NULL, 0));
  CHECK(called == 2);
  gcroots_type_free(type);
}

/* The hidden objects of a table and a global move and stay alive. */
CASE(tables_and_globals_survive) {
  gcroots_ref_type_t any = {NULL, GCROOTS_HEAP_ANY, 1};
  gcroots_field_type_t type = any_field();
  gcroots_val_t val;
  gcroots_table_t table;
  gcroots_global_t global;
  gcroots_scope_t scope;
  new_world();
  val = val_ref(world.ring);
  OK(gcroots_table_new(store, any, 5000, UINT64_MAX, gcroots_ref_null(), &table));
  OK(gcroots_table_set(store, table, 4321, world.ring));
  OK(gcroots_global_new(store, &type, &val, &global));
  for (size_t i = 0; i < COUNT_OF(budgets); i++) {
    gcroots_ref_t ref;
    collect(budgets[i]);
    scope = enter();
    OK(gcroots_table_get(store, table, 4321, &ref));
    CHECK(same_object(ref, world.ring));
    OK(gcroots_global_get(store, global, &val));
    CHECK(same_object(val.of.ref, world.ring));
    OK(gcroots_scope_exit(store, scope));
    check_world();
  }
  end_world();
}

static void attach_and_finish(void) {
  OK(gcroots_store_attach(store));
  if (collects && !heap_has(BETWEEN)) REFUSED(GCROOTS_ERROR_BUSY, gcroots_store_verify(store));
  finish(100);
  check_world();
  OK(gcroots_store_detach(store));
}

static void attach_and_leave_a_collection(void) {
  OK(gcroots_store_attach(store));
  new_world();
  OK(gcroots_store_gc_start(store));
  step(2000);
}

CASE(a_thread_that_ends_between_steps_leaves_the_rest_to_another) {
  OK(gcroots_store_detach(store));
  on_another_thread(attach_and_leave_a_collection);
  on_another_thread(attach_and_finish);
  OK(gcroots_store_attach(store));
  check_world();
  end_world();
}

CASE(another_store_is_used_between_steps) {
  gcroots_store_t *other = another_store();
  bool done = false;
  new_world();
  start();
  while (!done) {
    gcroots_ref_t ref;
    OK(gcroots_externref_new(other, NULL, NULL, &ref));
    OK(gcroots_store_gc(other));
    OK(gcroots_store_gc_step(store, 5000, &done));
  }
  OK(gcroots_store_verify(other));
  check_world();
  end_world();
}

/* --- Cancelling ------------------------------------------------------------------ */

CASE(one_that_was_only_begun_is_as_if_it_had_not) {
  struct check_counts before, after;
  new_world();
  before = check_count();
  start();
  OK(gcroots_store_gc_cancel(store));
  after = check_count();
  CHECK(memcmp(&before, &after, sizeof before) == 0);
  check_garbage(0);
  verify();
  collect(0);
  check_garbage(collects ? 1 : 0);
  check_world();
  end_world();
}

/* The budget of a step. It is small enough that each phase takes several steps. */
static const size_t pace = 3000;

CASE(cancelling_after_any_step_leaves_all_as_it_is) {
  for (int steps = 0;; steps++) {
    bool over = false;
    gcroots_stats_t before;
    new_world();
    before = stats_of(store);
    start();
    for (int i = 0; i < steps && !over; i++) over = step(pace);
    OK(gcroots_store_gc_cancel(store));
    if (heap_has(BETWEEN)) {
      /* It was dropped if it still marked, and finished otherwise. */
      verify();
      CHECK(doomed_finalized[0] <= 1);
      check_garbage(doomed_finalized[0]);
      check_ring(world.ring, NODES);
    } else {
      if (steps > 0) CHECK(stats_of(store).collections == before.collections + (collects ? 1 : 0));
      if (steps > 0) check_garbage(collects ? 1 : 0);
      if (steps > 0 || !collects) check_world();
    }
    collect(pace);
    check_garbage(collects ? 1 : 0);
    check_world();
    if (over) break;
  }
  end_world();
}

CASE(a_store_is_deleted_after_any_step) {
  for (int steps = 0;; steps++) {
    bool over = false;
    new_world();
    start();
    for (int i = 0; i < steps && !over; i++) over = step(pace);
    free_store();
    for (int i = 0; i < DOOMED; i++) CHECK(doomed_finalized[i] == 1);
    CHECK(kept_finalized == 1);
    OK(gcroots_store_new(engine, &store));
    if (over) break;
  }
  end_world();
}

/* --- Between steps -------------------------------------------------------------- */

CASE(a_root_unrooted_later_between_steps_ends_with_the_next_collection) {
  static int finalized;
  gcroots_manually_rooted_t first, second;
  OK(gcroots_no_gc_enter(store));
  first = new_rooted(&finalized, count_call);
  second = new_rooted(&finalized, count_call);
  OK(gcroots_no_gc_exit(store));
  OK(gcroots_manually_rooted_unroot_later(&first));
  start();
  CHECK(stats_of(store).manual_roots == (heap_has(BETWEEN) ? 2 : 1));
  OK(gcroots_manually_rooted_unroot_later(&second));
  CHECK(stats_of(store).manual_roots == (heap_has(BETWEEN) ? 2 : 1));
  finish(0);
  if (!heap_has(BETWEEN))
    CHECK(finalized == (collects ? 1 : 0) && stats_of(store).manual_roots == 1);
  collect(0);
  CHECK(finalized == (collects ? 2 : 0) && stats_of(store).manual_roots == 0);
}

static gcroots_manually_rooted_t others_handles[100];

static void unroot_all_later(void) {
  for (size_t i = 0; i < COUNT_OF(others_handles); i++)
    OK(gcroots_manually_rooted_unroot_later(&others_handles[i]));
}

CASE(other_threads_unroot_later_between_steps) {
  new_world();
  for (size_t i = 0; i < COUNT_OF(others_handles); i++) others_handles[i] = root(world.ring);
  start();
  step(1000);
  on_another_thread(unroot_all_later);
  finish(1000);
  check_world();
  collect(1000);
  CHECK(stats_of(store).manual_roots == 1);
  check_world();
  end_world();
}

CASE(external_bytes_of_the_dead_are_gone_at_the_end) {
  gcroots_externref_options_t options = {sizeof options, NULL, NULL, NULL, 1000, NULL, NULL};
  gcroots_scope_t scope = enter();
  OK(gcroots_no_gc_enter(store));
  for (int i = 0; i < 100; i++) {
    gcroots_ref_t ref;
    OK(gcroots_externref_new_with(store, &options, &ref));
  }
  OK(gcroots_scope_exit(store, scope));
  CHECK(stats_of(store).external_bytes == 100000);
  collect(0);
  CHECK(stats_of(store).external_bytes == (collects ? 0 : 100000));
}

/* --- Full heaps ------------------------------------------------------------------ */

CASE(a_full_heap_is_collected_in_steps) {
  size_t count, again;
  gcroots_scope_t scope;
  free_store();
  store = new_store(64 << 10);
  scope = enter();
  count = fill_store(GCROOTS_ERROR_OUT_OF_MEMORY);
  collect(1000);
  CHECK(stats_of(store).objects == count);
  verify();
  OK(gcroots_scope_exit(store, scope));
  collect(1000);
  verify();
  if (!collects) return;
  CHECK(stats_of(store).objects == 0);
  scope = enter();
  again = fill_store(GCROOTS_ERROR_OUT_OF_MEMORY);
  CHECK(again == count);
  OK(gcroots_scope_exit(store, scope));
}
