/* Configurations: what is accepted, what is refused, and what each setting does. */
#include "refusals.h"

#define GIB ((size_t)1 << 30)

/* Replaces the fixture's store by one with this configuration. */
static void use(gcroots_config_t *config) {
  OK(gcroots_store_free(store));
  store = store_with(config);
}

/* gcroots_engine_new() refuses the configuration and writes nothing. */
static void refused_by_engine(const gcroots_config_t *config) {
  gcroots_engine_t *const before = engine;
  gcroots_engine_t *out = before;
  REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_engine_new(config, &out));
  CHECK(out == before);
}

static void accepted_by_engine(const gcroots_config_t *config) {
  gcroots_engine_t *made;
  OK(gcroots_engine_new(config, &made));
  gcroots_engine_free(made);
}

/* Makes an object that no root holds. */
static void make_garbage(int *finalized) {
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref;
  OK(gcroots_externref_new(store, finalized, count_call, &ref));
  OK(gcroots_scope_exit(store, scope));
}

CASE(a_new_configuration_makes_an_engine) {
  gcroots_config_t *config = gcroots_config_new();
  CHECK(config != NULL);
  use(config);
  CHECK(data_of(new_externref(&store)) == &store);
}

CASE(freeing_no_configuration_does_nothing) {
  gcroots_config_free(NULL);
}

CASE(configurations_are_independent) {
  gcroots_config_t *a = variant_config(0), *b = variant_config(0);
  CHECK(a != b);
  OK(gcroots_config_set_heap_limit(a, 64 << 10));
  OK(gcroots_config_set_heap_initial(b, 1 << 20));
  accepted_by_engine(a);
  gcroots_config_free(a);
  accepted_by_engine(b);
  gcroots_config_free(b);
}

CASE(no_configuration_is_refused_by_each_setter) {
  check_nulls(config_calls);
}

CASE(each_collector_is_accepted) {
  for (gcroots_collector_t number = GCROOTS_COLLECTOR_AUTO; number <= GCROOTS_COLLECTOR_CHECK;
       number++) {
    gcroots_config_t *config = variant_config(0);
    OK(gcroots_config_set_move_always(config, false));
    OK(gcroots_config_set_collector(config, number));
    use(config);
    CHECK(data_of(new_externref(&store)) == &store);
  }
}

CASE(numbers_of_no_collector_are_refused) {
  /* Some of these numbers would be a collector if they were cut to a narrower integer. */
  static const uint32_t none[] = {6,          7,          255,        256,        257,
                                  259,        65536 + 1,  0x7fffffff, 0x80000000, 0x80000001,
                                  0x80000003, 0xfffffffe, 0xffffffff};
  gcroots_config_t *config = variant_config(0);
  for (size_t i = 0; i < sizeof none / sizeof *none; i++)
    REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_config_set_collector(config, none[i]));
  CHECK(strstr(gcroots_last_error(),
               "0 (auto), 1 (null), 2 (drc), 3 (copying), 4 (generational) or 5 (check)") != NULL);
  gcroots_config_free(config);
}

CASE(a_refused_collector_leaves_the_one_before) {
  int finalized = 0;
  gcroots_config_t *config = variant_config(0);
  REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_config_set_collector(config, 99));
  use(config);
  make_garbage(&finalized);
  OK(gcroots_store_gc(store));
  CHECK(finalized == (collects ? 1 : 0));
  OK(gcroots_store_free(store));
  store = NULL;
  CHECK(finalized == 1);
}

CASE(the_last_collector_set_is_the_one) {
  int finalized = 0;
  gcroots_config_t *config = variant_config(0);
  OK(gcroots_config_set_collector(config, GCROOTS_COLLECTOR_NULL));
  OK(gcroots_config_set_collector(config, GCROOTS_COLLECTOR_COPYING));
  OK(gcroots_config_set_collector(config, collector));
  use(config);
  make_garbage(&finalized);
  OK(gcroots_store_gc(store));
  CHECK(finalized == (collects ? 1 : 0));
  OK(gcroots_store_free(store));
  store = NULL;
}

CASE(auto_collects) {
  int finalized = 0;
  gcroots_config_t *config = variant_config(0);
  OK(gcroots_config_set_collector(config, GCROOTS_COLLECTOR_AUTO));
  use(config);
  make_garbage(&finalized);
  OK(gcroots_store_gc(store));
  CHECK(finalized == 1);
}

CASE(the_default_collector_is_auto) {
  int finalized = 0;
  use(gcroots_config_new());
  make_garbage(&finalized);
  OK(gcroots_store_gc(store));
  CHECK(finalized == 1);
}

CASE(null_never_collects_even_under_stress) {
  int finalized = 0;
  gcroots_config_t *config = variant_config(0);
  OK(gcroots_config_set_move_always(config, false));
  OK(gcroots_config_set_collector(config, GCROOTS_COLLECTOR_NULL));
  OK(gcroots_config_set_stress(config, 1));
  OK(gcroots_config_set_poison(config, true));
  use(config);
  for (int i = 0; i < 100; i++) make_garbage(&finalized);
  OK(gcroots_store_gc(store));
  CHECK(finalized == 0);
  CHECK(stats_of(store).objects == 100);
  OK(gcroots_store_free(store));
  store = NULL;
  CHECK(finalized == 100);
}

CASE(a_heap_limit_of_zero_is_refused) {
  gcroots_config_t *config = variant_config(0);
  REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_config_set_heap_limit(config, 0));
  gcroots_config_free(config);
}

CASE(a_heap_limit_above_16_gib_is_refused) {
  static const size_t limits[] = {16 * GIB + 1,     17 * GIB,     32 * GIB,
                                  SIZE_MAX / 2 + 1, SIZE_MAX - 7, SIZE_MAX};
  gcroots_config_t *config = variant_config(0);
  for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
    REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_config_set_heap_limit(config, limits[i]));
  gcroots_config_free(config);
}

CASE(heap_limits_at_the_edges_are_accepted) {
  static const size_t limits[] = {1, 2, 4095, 4096, 4 * GIB, 16 * GIB - 1, 16 * GIB};
  for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
    use(variant_config(limits[i]));
    CHECK(data_of(new_externref(&store)) == &store);
    OK(gcroots_store_gc(store));
    OK(gcroots_store_verify(store));
  }
}

CASE(a_refused_heap_limit_leaves_the_one_before) {
  gcroots_config_t *config = variant_config(64 << 10);
  REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_config_set_heap_limit(config, 0));
  REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_config_set_heap_limit(config, SIZE_MAX));
  use(config);
  CHECK(fill_store(GCROOTS_ERROR_OUT_OF_MEMORY) <= (64 << 10) / 16);
}

CASE(the_last_heap_limit_set_is_the_one) {
  gcroots_config_t *config = variant_config(128 << 10);
  OK(gcroots_config_set_heap_limit(config, 16 * GIB));
  OK(gcroots_config_set_heap_limit(config, 64 << 10));
  use(config);
  CHECK(fill_store(GCROOTS_ERROR_OUT_OF_MEMORY) > (32 << 10) / 16 - 16);
  CHECK(stats_of(store).committed_bytes <= 64 << 10);
}

CASE(an_initial_size_above_the_limit_is_refused_by_engine_new) {
  gcroots_config_t *config = variant_config(1 << 20);
  OK(gcroots_config_set_heap_initial(config, (1 << 20) + 1));
  refused_by_engine(config);
  OK(gcroots_config_set_heap_initial(config, SIZE_MAX));
  refused_by_engine(config);
  gcroots_config_free(config);
}

CASE(an_initial_size_above_the_default_limit_is_refused) {
  gcroots_config_t *config = variant_config(0);
  OK(gcroots_config_set_heap_initial(config, 4 * GIB + 1));
  refused_by_engine(config);
  gcroots_config_free(config);
}

CASE(initial_size_and_limit_may_be_set_in_any_order) {
  gcroots_config_t *config = variant_config(0);
  OK(gcroots_config_set_heap_initial(config, 2 << 20));
  OK(gcroots_config_set_heap_limit(config, 1 << 20));
  refused_by_engine(config);
  OK(gcroots_config_set_heap_limit(config, 4 << 20));
  accepted_by_engine(config);
  gcroots_config_free(config);
}

CASE(a_configuration_that_was_refused_can_be_mended) {
  gcroots_config_t *config = variant_config(1 << 20);
  OK(gcroots_config_set_heap_initial(config, 2 << 20));
  refused_by_engine(config);
  OK(gcroots_config_set_heap_initial(config, 0));
  use(config);
  CHECK(data_of(new_externref(&store)) == &store);
}

CASE(an_initial_size_of_the_whole_limit_is_committed_by_the_first_object) {
  gcroots_config_t *config = variant_config(1 << 20);
  OK(gcroots_config_set_heap_initial(config, 1 << 20));
  use(config);
  CHECK(stats_of(store).committed_bytes == 0);
  new_externref(NULL);
  CHECK(stats_of(store).committed_bytes == 1 << 20);
}

CASE(an_initial_size_of_one_byte_is_accepted) {
  gcroots_config_t *config = variant_config(0);
  OK(gcroots_config_set_heap_initial(config, 1));
  use(config);
  CHECK(data_of(new_externref(&store)) == &store);
  if (!stressed) CHECK(stats_of(store).committed_bytes <= 64 << 10);
}

CASE(an_initial_size_is_committed_by_the_first_object) {
  gcroots_config_t *config = variant_config(0);
  OK(gcroots_config_set_heap_initial(config, 128 << 10));
  use(config);
  new_externref(NULL);
  if (!stressed) CHECK(stats_of(store).committed_bytes == 128 << 10);
}

CASE(the_default_initial_size_is_within_a_small_limit) {
  const size_t limit = 3 * check_collector.least_limit / 2;
  gcroots_config_t *config = variant_config(limit);
  OK(gcroots_config_set_heap_initial(config, 0));
  use(config);
  new_externref(NULL);
  CHECK(stats_of(store).committed_bytes > 0);
  CHECK(stats_of(store).committed_bytes <= limit);
}

CASE(stress_collects_at_every_nth_allocation) {
  static const uint32_t every[] = {1, 2, 3, 7};
  for (size_t i = 0; i < sizeof every / sizeof *every; i++) {
    gcroots_config_t *config = variant_config(0);
    OK(gcroots_config_set_stress(config, every[i]));
    use(config);
    for (int made = 0; made < 84; made++) new_externref(NULL);
    CHECK(has_collected(stats_of(store).collections, collects ? 84 / every[i] : 0));
  }
}

CASE(stress_of_zero_is_off) {
  gcroots_config_t *config = variant_config(0);
  OK(gcroots_config_set_stress(config, 1));
  OK(gcroots_config_set_stress(config, 0));
  use(config);
  for (int made = 0; made < 100; made++) new_externref(NULL);
  CHECK(stats_of(store).collections == 0);
}

CASE(the_greatest_stress_is_accepted) {
  gcroots_config_t *config = variant_config(0);
  OK(gcroots_config_set_stress(config, UINT32_MAX));
  use(config);
  for (int made = 0; made < 100; made++) new_externref(NULL);
  CHECK(stats_of(store).collections == 0);
}

CASE(stress_finalizes_garbage_in_the_next_allocation) {
  int finalized = 0;
  gcroots_config_t *config = variant_config(0);
  OK(gcroots_config_set_stress(config, 1));
  use(config);
  make_garbage(&finalized);
  CHECK(finalized == 0);
  new_externref(NULL);
  CHECK(finalized == (collects ? 1 : 0));
  OK(gcroots_store_free(store));
  store = NULL;
  CHECK(finalized == 1);
}

CASE(poison_does_not_touch_what_lives) {
  gcroots_config_t *config = variant_config(0);
  gcroots_ref_t ref;
  uint64_t hash, again;
  OK(gcroots_config_set_poison(config, true));
  use(config);
  ref = new_externref(&hash);
  OK(gcroots_ref_hash(store, ref, &hash));
  for (int i = 0; i < 5; i++) {
    gcroots_scope_t scope = enter();
    new_externref(NULL);
    OK(gcroots_scope_exit(store, scope));
    OK(gcroots_store_gc(store));
    OK(gcroots_store_verify(store));
    CHECK(data_of(ref) == &hash);
    OK(gcroots_ref_hash(store, ref, &again));
    CHECK(again == hash);
  }
}

CASE(poison_can_be_set_and_unset_again) {
  gcroots_config_t *config = variant_config(0);
  OK(gcroots_config_set_poison(config, true));
  OK(gcroots_config_set_poison(config, true));
  OK(gcroots_config_set_poison(config, false));
  use(config);
  CHECK(data_of(new_externref(&store)) == &store);
  OK(gcroots_store_gc(store));
}

CASE(move_always_moves_each_survivor_at_each_collection) {
  gcroots_config_t *config = variant_config(0);
  gcroots_ref_t kept[50];
  uint64_t hashes[50], hash;
  gcroots_weak_t weak;
  int finalized = 0;
  OK(gcroots_config_set_move_always(config, heap_has(MAY_MOVE)));
  use(config);
  for (int i = 0; i < 50; i++) {
    kept[i] = new_externref(&kept[i]);
    OK(gcroots_ref_hash(store, kept[i], &hashes[i]));
  }
  OK(gcroots_weak_new(store, kept[7], &weak));
  for (int round = 0; round < 5; round++) {
    uint64_t moved;
    gcroots_scope_t scope = enter();
    gcroots_ref_t upgraded;
    make_garbage(&finalized);
    moved = stats_of(store).moved_bytes;
    OK(gcroots_store_gc(store));
    if (collects) CHECK(stats_of(store).objects == 50);
    CHECK(stats_of(store).moved_bytes ==
          (heap_has(MAY_MOVE) ? moved + stats_of(store).live_bytes : 0));
    OK(gcroots_store_verify(store));
    for (int i = 0; i < 50; i++) {
      CHECK(data_of(kept[i]) == &kept[i]);
      OK(gcroots_ref_hash(store, kept[i], &hash));
      CHECK(hash == hashes[i]);
    }
    OK(gcroots_weak_upgrade(store, weak, &upgraded));
    CHECK(data_of(upgraded) == &kept[7]);
    OK(gcroots_scope_exit(store, scope));
  }
  CHECK(finalized == (collects ? 5 : 0));
  free_store();
}

CASE(move_always_is_ok_where_nothing_survives) {
  gcroots_config_t *config = variant_config(0);
  int finalized = 0;
  OK(gcroots_config_set_move_always(config, heap_has(MAY_MOVE)));
  use(config);
  OK(gcroots_store_gc(store));
  make_garbage(&finalized);
  for (int i = 0; i < 3; i++) OK(gcroots_store_gc(store));
  CHECK(finalized == (collects ? 1 : 0) && stats_of(store).moved_bytes == 0);
  free_store();
}

CASE(move_always_moves_nothing_in_a_no_gc_span) {
  gcroots_config_t *config = variant_config(64 << 10);
  gcroots_ref_t first;
  uint64_t moved;
  OK(gcroots_config_set_move_always(config, heap_has(MAY_MOVE)));
  use(config);
  first = new_externref(&first);
  moved = stats_of(store).moved_bytes;
  OK(gcroots_no_gc_enter(store));
  for (int i = 0; i < 1000; i++) new_externref(NULL);
  if (collects) REFUSED(GCROOTS_ERROR_NO_GC, gcroots_store_gc(store));
  CHECK(stats_of(store).moved_bytes == moved && data_of(first) == &first);
  OK(gcroots_no_gc_exit(store));
  OK(gcroots_store_gc(store));
  CHECK(data_of(first) == &first);
}

CASE(a_collector_that_moves_nothing_refuses_to_move_always) {
  gcroots_config_t *config = variant_config(0);
  gcroots_engine_t *made = (gcroots_engine_t *)&config;
  OK(gcroots_config_set_move_always(config, true));
  if (!heap_has(MAY_MOVE)) {
    REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_engine_new(config, &made));
    CHECK(made == (gcroots_engine_t *)&config);
    CHECK(strstr(gcroots_last_error(), "`move_always` is 1") != NULL);
  } else {
    OK(gcroots_engine_new(config, &made));
    gcroots_engine_free(made);
  }
  gcroots_config_free(config);
}

CASE(move_always_can_be_set_and_unset_again) {
  gcroots_config_t *config = variant_config(0);
  OK(gcroots_config_set_move_always(config, true));
  OK(gcroots_config_set_move_always(config, true));
  OK(gcroots_config_set_move_always(config, false));
  use(config);
  CHECK(data_of(new_externref(&store)) == &store);
  OK(gcroots_store_gc(store));
}

CASE(an_engine_keeps_a_copy_of_its_configuration) {
  gcroots_config_t *config = variant_config(64 << 10);
  gcroots_engine_t *made;
  OK(gcroots_engine_new(config, &made));
  OK(gcroots_config_set_heap_limit(config, 1 << 20));
  OK(gcroots_config_set_stress(config, 1));
  OK(gcroots_config_set_heap_initial(config, SIZE_MAX));
  gcroots_config_free(config);
  OK(gcroots_store_free(store));
  OK(gcroots_store_new(made, &store));
  gcroots_engine_free(made);
  new_externref(NULL);
  if (!stressed) CHECK(stats_of(store).collections == 0);
  CHECK(fill_store(GCROOTS_ERROR_OUT_OF_MEMORY) <= (64 << 10) / 16);
}

CASE(a_configuration_makes_any_number_of_engines) {
  gcroots_config_t *config = variant_config(0);
  const gcroots_config_t *same = config;
  for (int i = 0; i < 10; i++) accepted_by_engine(same);
  use(config);
  CHECK(data_of(new_externref(&store)) == &store);
}
