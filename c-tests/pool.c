/* The pool: heaps of deleted stores serve later stores, and return to the system when their
 * engine ends at the latest.
 */
#include <pthread.h>
#include <unistd.h>

#include "refusals.h"

#define MIB ((size_t)1 << 20)

/* The bytes that the process has mapped. */
static size_t mapped_bytes(void) {
  size_t pages;
  FILE *file = open_statm();
  CHECK(file != NULL && fscanf(file, "%zu", &pages) == 1);
  CHECK(fclose(file) == 0);
  return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* How many heaps stores and pools have, computed from the mapped bytes. A heap reserves
   the default limit, under check half as much again, and some collectors a sixteenth for
   tables. Nothing else maps nearly as much. */
static int heaps(void) {
  bool half_more = heap_has(SHADOWS);
  size_t heap = 4096 * MIB + (half_more ? 2048 * MIB : 0);
  size_t tables = heap_has(BLOCKS) ? heap / 16 : 0;
  return (int)((mapped_bytes() + heap / 2) / (heap + tables));
}

/* Replaces the fixture's engine by one with this configuration, without a store. */
static void use(gcroots_config_t *config) {
  free_store();
  gcroots_engine_free(engine);
  OK(gcroots_engine_new(config, &engine));
  gcroots_config_free(config);
}

static void use_pool(size_t pool) {
  gcroots_config_t *config = variant_config(0);
  OK(gcroots_config_set_pool(config, pool));
  use(config);
}

/* Replaces the fixture's store by a new, empty one. */
static void next_store(void) {
  gcroots_stats_t stats, zeros;
  OK(gcroots_store_free(store));
  OK(gcroots_store_new(engine, &store));
  memset(&zeros, 0, sizeof zeros);
  stats = stats_of(store);
  /* The store has its own tables. */
  stats.side_bytes = 0;
  CHECK(memcmp(&stats, &zeros, sizeof stats) == 0);
}

/* --- How many heaps it keeps ----------------------------------------------------- */

CASE(no_configuration_is_refused) {
  REFUSED(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_config_set_pool(NULL, 1));
  CHECK(strstr(gcroots_last_error(), "config") != NULL);
  REFUSED(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_config_set_pool(NULL, SIZE_MAX));
}

CASE(more_than_4096_heaps_are_refused) {
  static const size_t pools[] = {4097, 65536, (size_t)1 << 32, SIZE_MAX / 2, SIZE_MAX};
  gcroots_config_t *config = variant_config(0);
  OK(gcroots_config_set_pool(config, 0));
  for (size_t i = 0; i < sizeof pools / sizeof *pools; i++) {
    char number[32];
    CHECK(snprintf(number, sizeof number, "%zu", pools[i]) > 0);
    REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_config_set_pool(config, pools[i]));
    CHECK(strstr(gcroots_last_error(), number) != NULL);
  }
  /* A refused setting leaves the configuration unchanged. */
  use(config);
  next_store();
  new_externref(NULL);
  free_store();
  CHECK(heaps() == 0);
}

CASE(up_to_4096_heaps_are_accepted) {
  static const size_t pools[] = {0, 1, 2, 8, 4095, 4096};
  for (size_t i = 0; i < sizeof pools / sizeof *pools; i++) {
    use_pool(pools[i]);
    for (int round = 0; round < 3; round++) {
      next_store();
      CHECK(data_of(new_externref(&store)) == &store);
    }
    free_store();
    CHECK(heaps() == (pools[i] > 0));
  }
}

CASE(a_store_without_an_object_has_no_heap) {
  CHECK(heaps() == 0);
  next_store();
  free_store();
  CHECK(heaps() == 0);
}

CASE(a_deleted_stores_heap_goes_to_the_next) {
  for (int round = 0; round < 20; round++) {
    new_externref(NULL);
    CHECK(heaps() == 1);
    next_store();
    CHECK(heaps() == 1);
  }
}

CASE(a_pool_of_zero_gives_heaps_back) {
  use_pool(0);
  for (int round = 0; round < 20; round++) {
    next_store();
    new_externref(NULL);
    CHECK(heaps() == 1);
    free_store();
    CHECK(heaps() == 0);
  }
}

/* Makes this many stores with an object each, then deletes them. */
static void make_at_once(int count) {
  gcroots_store_t *stores[100];
  int before = heaps();
  for (int i = 0; i < count; i++) {
    gcroots_ref_t ref;
    OK(gcroots_store_new(engine, &stores[i]));
    OK(gcroots_externref_new(stores[i], NULL, NULL, &ref));
  }
  CHECK(heaps() == (before > count ? before : count));
  for (int i = 0; i < count; i++) OK(gcroots_store_free(stores[i]));
}

CASE(a_pool_keeps_eight_heaps_if_nothing_was_said) {
  free_store();
  make_at_once(5);
  CHECK(heaps() == 5);
  make_at_once(100);
  CHECK(heaps() == 8);
  make_at_once(3);
  CHECK(heaps() == 8);
}

CASE(a_pool_keeps_as_many_heaps_as_were_set) {
  static const int pools[] = {1, 3, 20};
  for (size_t i = 0; i < sizeof pools / sizeof *pools; i++) {
    use_pool((size_t)pools[i]);
    make_at_once(40);
    CHECK(heaps() == pools[i]);
  }
}

CASE(a_pool_belongs_to_its_engine) {
  gcroots_engine_t *first = engine;
  gcroots_store_t *firsts;
  gcroots_config_t *config = variant_config(0);
  new_externref(NULL);
  free_store();
  OK(gcroots_engine_new(config, &engine));
  gcroots_config_free(config);
  next_store();
  new_externref(NULL);
  CHECK(heaps() == 2);
  OK(gcroots_store_new(first, &firsts));
  OK(gcroots_externref_new(firsts, NULL, NULL, &(gcroots_ref_t){0, 0, 0}));
  CHECK(heaps() == 2);
  OK(gcroots_store_free(firsts));
  gcroots_engine_free(first);
  CHECK(heaps() == 1);
}

CASE(an_engine_gives_its_heaps_back_at_its_end) {
  free_store();
  make_at_once(8);
  CHECK(heaps() == 8);
  gcroots_engine_free(engine);
  CHECK(heaps() == 0);
  OK(gcroots_engine_new(NULL, &engine));
}

CASE(an_engine_given_up_before_its_stores_ends_with_the_last) {
  gcroots_store_t *last;
  OK(gcroots_store_new(engine, &last));
  new_externref(NULL);
  OK(gcroots_externref_new(last, NULL, NULL, &(gcroots_ref_t){0, 0, 0}));
  gcroots_engine_free(engine);
  free_store();
  CHECK(heaps() == 2);
  OK(gcroots_store_verify(last));
  OK(gcroots_store_free(last));
  CHECK(heaps() == 0);
  OK(gcroots_engine_new(NULL, &engine));
}

/* --- What the next store sees ------------------------------------------------------ */

CASE(a_used_heap_is_empty) {
  enum { OBJECTS = 500 };
  static int finalized;
  gcroots_stats_t fresh;
  uint64_t hash;
  for (int round = 0; round < 5; round++) {
    gcroots_ref_t first = new_externref(&fresh);
    if (round == 0) fresh = stats_of(store);
    CHECK(stats_of(store).objects == 1 && stats_of(store).live_bytes == fresh.live_bytes);
    CHECK(stats_of(store).committed_bytes == fresh.committed_bytes);
    OK(gcroots_store_verify(store));
    OK(gcroots_ref_hash(store, first, &hash));
    finalized = 0;
    for (int i = 0; i < OBJECTS; i++) {
      gcroots_ref_t ref;
      OK(gcroots_externref_new(store, &finalized, count_call, &ref));
      CHECK(data_of(ref) == &finalized);
    }
    /* After an odd number of collections the heap's spaces have changed places. */
    for (int i = 0; i <= round; i++) OK(gcroots_store_gc(store));
    CHECK(data_of(first) == &fresh && finalized == 0);
    CHECK(stats_of(store).objects == OBJECTS + 1);
    OK(gcroots_store_verify(store));
    free_store();
    CHECK(finalized == OBJECTS);
    OK(gcroots_store_new(engine, &store));
    CHECK(heaps() == 1);
  }
}

CASE(handles_of_the_heaps_last_store_are_of_the_wrong_store) {
  gcroots_ref_t scoped = new_externref(&store), fresh, ref;
  gcroots_manually_rooted_t manual = root(scoped);
  gcroots_weak_t weak;
  void *data;
  uint64_t hash;
  OK(gcroots_weak_new(store, scoped, &weak));
  next_store();
  for (int objects = 0; objects < 3; objects++) {
    REFUSED(GCROOTS_ERROR_WRONG_STORE, gcroots_externref_data(store, scoped, &data));
    REFUSED(GCROOTS_ERROR_WRONG_STORE, gcroots_externref_data(store, manual.ref, &data));
    REFUSED(GCROOTS_ERROR_WRONG_STORE, gcroots_externref_set_data(store, scoped, &data));
    REFUSED(GCROOTS_ERROR_WRONG_STORE, gcroots_ref_hash(store, scoped, &hash));
    REFUSED(GCROOTS_ERROR_WRONG_STORE, gcroots_local_new(store, scoped, &ref));
    REFUSED(GCROOTS_ERROR_WRONG_STORE, gcroots_manually_rooted_unroot(store, &manual));
    REFUSED(GCROOTS_ERROR_WRONG_STORE, gcroots_weak_upgrade(store, weak, &ref));
    fresh = new_externref(&fresh);
    root(fresh);
    CHECK(data_of(fresh) == &fresh);
  }
  OK(gcroots_manually_rooted_unroot_later(&manual));
  OK(gcroots_store_gc(store));
  CHECK(stats_of(store).objects == 3 && stats_of(store).manual_roots == 3);
}

CASE(null_finds_no_object_in_a_used_heap) {
  void *data;
  for (int round = 0; round < 3; round++) {
    gcroots_ref_t null = new_local(gcroots_ref_null());
    for (int i = 0; i < 3; i++) {
      REFUSED(GCROOTS_ERROR_NULL_REFERENCE, gcroots_externref_data(store, null, &data));
      new_externref(&data);
      OK(gcroots_store_gc(store));
    }
    next_store();
  }
}

CASE(a_used_heap_has_the_same_limit) {
  size_t limit = stressed ? check_collector.least_limit : 256 << 10, first = 0;
  gcroots_config_t *config = variant_config(limit);
  use(config);
  for (int round = 0; round < 4; round++) {
    size_t count;
    next_store();
    count = fill_store(GCROOTS_ERROR_OUT_OF_MEMORY);
    if (round == 0) first = count;
    CHECK(count == first && stats_of(store).committed_bytes <= limit);
    OK(gcroots_store_verify(store));
  }
}

CASE(a_used_heap_has_the_same_initial_size) {
  gcroots_config_t *config = variant_config(0);
  OK(gcroots_config_set_heap_initial(config, 8 * MIB));
  use(config);
  for (int round = 0; round < 4; round++) {
    next_store();
    new_externref(NULL);
    CHECK(stats_of(store).committed_bytes == 8 * MIB);
    for (int i = 0; i < 3; i++) OK(gcroots_store_gc(store));
  }
}

CASE(stress_collects_in_a_used_heap_too) {
  gcroots_config_t *config = variant_config(0);
  OK(gcroots_config_set_stress(config, 3));
  use(config);
  for (int round = 0; round < 4; round++) {
    next_store();
    for (int made = 0; made < 85; made++) new_externref(NULL);
    CHECK(has_collected(stats_of(store).collections, collects ? 85 / 3 : 0));
  }
}

CASE(external_bytes_of_the_last_store_do_not_count) {
  gcroots_externref_options_t options = {sizeof options, NULL, NULL, NULL, 1 << 30, NULL, NULL};
  gcroots_ref_t ref;
  OK(gcroots_externref_new_with(store, &options, &ref));
  next_store();
  for (int i = 0; i < 100; i++) new_externref(NULL);
  CHECK(stats_of(store).external_bytes == 0);
  if (!stressed) CHECK(stats_of(store).collections == 0);
}

/* --- What it costs ------------------------------------------------------------------ */

CASE(a_heap_that_had_grown_comes_back_small) {
  enum { OBJECTS = 2 << 20 };
  uint64_t initially;
  size_t before;
  new_externref(NULL);
  initially = stats_of(store).committed_bytes;
  next_store();
  before = resident_bytes();
  /* In a no-GC span, since collections at every allocation would take quadratic time. */
  OK(gcroots_no_gc_enter(store));
  for (int i = 0; i < OBJECTS; i++) new_externref(NULL);
  CHECK(stats_of(store).committed_bytes >= OBJECTS * 16 * spaces());
  CHECK(resident_bytes() > before + 32 * MIB);
  next_store();
  CHECK(resident_bytes() < before + 2 * MIB);
  new_externref(NULL);
  CHECK(heaps() == 1 && stats_of(store).committed_bytes == initially);
  OK(gcroots_store_verify(store));
}

CASE(pooled_heaps_keep_512_kib_each) {
  enum { HEAPS = 8 };
  gcroots_store_t *stores[HEAPS];
  size_t before;
  gcroots_config_t *config = variant_config(0);
  OK(gcroots_config_set_heap_initial(config, 8 * MIB));
  use(config);
  before = resident_bytes();
  for (int i = 0; i < HEAPS; i++) {
    gcroots_ref_t ref;
    OK(gcroots_store_new(engine, &stores[i]));
    OK(gcroots_no_gc_enter(stores[i]));
    for (int n = 0; n < 200000; n++) OK(gcroots_externref_new(stores[i], NULL, NULL, &ref));
  }
  CHECK(resident_bytes() > before + HEAPS * 3 * MIB);
  for (int i = 0; i < HEAPS; i++) OK(gcroots_store_free(stores[i]));
  CHECK(heaps() == HEAPS);
  CHECK(resident_bytes() < before + HEAPS * MIB / 2 + MIB);
}

CASE(deleting_a_store_touches_no_more_of_its_heap_than_stays) {
  struct rusage usage;
  long before;
  gcroots_config_t *config = variant_config(0);
  OK(gcroots_config_set_poison(config, true));
  OK(gcroots_config_set_heap_initial(config, 256 * MIB));
  use(config);
  next_store();
  new_externref(NULL);
  CHECK(getrusage(RUSAGE_SELF, &usage) == 0);
  before = usage.ru_maxrss;
  next_store();
  CHECK(getrusage(RUSAGE_SELF, &usage) == 0);
  CHECK(usage.ru_maxrss < before + 8 * 1024);
}

CASE(many_short_lives_take_no_more_memory) {
  size_t before = 0;
  struct rusage usage;
  long faults = 0;
  int lives = stressed ? 3000 : 100000;
  for (int i = 0; i < lives; i++) {
    gcroots_ref_t ref;
    OK(gcroots_store_free(store));
    OK(gcroots_store_new(engine, &store));
    OK(gcroots_externref_new(store, NULL, NULL, &ref));
    if (i != 1000) continue;
    before = resident_bytes();
    CHECK(getrusage(RUSAGE_SELF, &usage) == 0);
    faults = usage.ru_minflt;
  }
  CHECK(getrusage(RUSAGE_SELF, &usage) == 0);
  CHECK(heaps() == 1 && resident_bytes() < before + MIB);
  /* Every store with a new heap would have a page fault for the heap's first page. */
  CHECK(usage.ru_minflt - faults < 1000);
}

/* --- Threads ------------------------------------------------------------------------- */

static void *attach_and_free(void *given) {
  OK(gcroots_store_attach(given));
  OK(gcroots_store_free(given));
  return NULL;
}

CASE(a_heap_may_come_back_on_another_thread) {
  for (int round = 0; round < 20; round++) {
    pthread_t thread;
    gcroots_ref_t first = new_externref(&first);
    CHECK(data_of(first) == &first && stats_of(store).objects == 1);
    OK(gcroots_store_gc(store));
    OK(gcroots_store_verify(store));
    OK(gcroots_store_detach(store));
    CHECK(pthread_create(&thread, NULL, attach_and_free, store) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    store = NULL;
    CHECK(heaps() == 1);
    OK(gcroots_store_new(engine, &store));
  }
}

static void *live_often(void *unused) {
  for (int i = 0; i < 2000; i++) {
    gcroots_store_t *own;
    gcroots_ref_t ref;
    void *data;
    OK(gcroots_store_new(engine, &own));
    for (int n = 0; n < 10; n++) {
      OK(gcroots_externref_new(own, &i, NULL, &ref));
      OK(gcroots_externref_data(own, ref, &data));
      CHECK(data == &i);
    }
    if (i % 100 == 0) OK(gcroots_store_verify(own));
    OK(gcroots_store_free(own));
  }
  return unused;
}

CASE(threads_share_a_pool) {
  enum { THREADS = 4 };
  pthread_t threads[THREADS];
  use_pool(2);
  for (int i = 0; i < THREADS; i++) CHECK(pthread_create(&threads[i], NULL, live_often, NULL) == 0);
  for (int i = 0; i < THREADS; i++) CHECK(pthread_join(threads[i], NULL) == 0);
  CHECK(heaps() >= 1 && heaps() <= 2);
}

/* --- Finalizers ------------------------------------------------------------------------ */

static void use_the_pool(void *inner) {
  gcroots_ref_t ref;
  OK(gcroots_store_new(engine, inner));
  OK(gcroots_externref_new(*(gcroots_store_t **)inner, NULL, NULL, &ref));
}

/* The deleted store still has its heap while its finalizers run. */
CASE(a_finalizer_of_a_store_that_ends_gets_another_heap) {
  static gcroots_store_t *inner;
  gcroots_ref_t ref;
  OK(gcroots_externref_new(store, &inner, use_the_pool, &ref));
  free_store();
  CHECK(heaps() == 2 && stats_of(inner).objects == 1);
  OK(gcroots_store_verify(inner));
  OK(gcroots_store_free(inner));
  CHECK(heaps() == 2);
}
