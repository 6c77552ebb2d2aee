/* The wake callback: it tells that deferred finalizers or queued unroots began to wait. */
#include "check.h"
#include "threads.h"

/* The calls of the callback, by kind. */
static int calls[2];
static gcroots_store_t *woken;
static gcroots_status_t status_inside;

static void note(void *env, gcroots_store_t *of, gcroots_wake_t kind) {
  CHECK(env == calls && kind <= GCROOTS_WAKE_UNROOTS);
  woken = of;
  __atomic_fetch_add(&calls[kind], 1, __ATOMIC_RELAXED);
}

/* Replaces the fixture's store by one with a wake callback. */
static void wake_with(gcroots_wake_callback_t callback, gcroots_finalizers_t when) {
  gcroots_config_t *config = variant_config(0);
  OK(gcroots_config_set_finalizers(config, when));
  OK(gcroots_config_set_wake_callback(config, callback, calls));
  free_store();
  store = store_with(config);
}

static bool called(int finalizers, int unroots) {
  return calls[GCROOTS_WAKE_FINALIZERS] == finalizers && calls[GCROOTS_WAKE_UNROOTS] == unroots;
}

static void drop(void *data, gcroots_finalizer_t finalizer) {
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref;
  OK(gcroots_externref_new(store, data, finalizer, &ref));
  OK(gcroots_scope_exit(store, scope));
}

static size_t run_at_most(size_t most) {
  size_t left;
  OK(gcroots_store_run_finalizers(store, most, &left));
  return left;
}

static void later(gcroots_manually_rooted_t handle) {
  OK(gcroots_manually_rooted_unroot_later(&handle));
}

CASE(it_comes_once_when_finalizers_begin_to_wait) {
  static int finalized;
  int once = collects ? 1 : 0;
  wake_with(note, GCROOTS_FINALIZERS_DEFERRED);
  for (int i = 0; i < 10; ++i) drop(&finalized, count_call);
  OK(gcroots_store_gc(store));
  CHECK(called(once, 0) && (woken == store) == collects);
  drop(&finalized, count_call);
  OK(gcroots_store_gc(store));
  CHECK(run_at_most(5) == (collects ? 6 : 0));
  drop(&finalized, count_call);
  OK(gcroots_store_gc(store));
  CHECK(called(once, 0));
  CHECK(run_at_most(SIZE_MAX) == 0);
  OK(gcroots_store_gc(store));
  CHECK(called(once, 0));
  drop(&finalized, count_call);
  OK(gcroots_store_gc(store));
  CHECK(called(2 * once, 0));
}

CASE(it_comes_when_a_collection_in_steps_is_over) {
  static int finalized;
  bool over = false;
  wake_with(note, GCROOTS_FINALIZERS_DEFERRED);
  drop(&finalized, count_call);
  OK(gcroots_store_gc_start(store));
  while (!over) {
    CHECK(called(0, 0) || heap_has(BETWEEN));
    OK(gcroots_store_gc_step(store, 16, &over));
  }
  CHECK(called(collects ? 1 : 0, 0));
}

CASE(it_comes_for_replaced_store_data_on_every_collector) {
  static int finalized;
  wake_with(note, GCROOTS_FINALIZERS_DEFERRED);
  for (int i = 0; i < 3; ++i) OK(gcroots_store_set_data(store, &finalized, count_call));
  CHECK(called(1, 0) && run_at_most(SIZE_MAX) == 0 && finalized == 2);
  OK(gcroots_store_set_data(store, NULL, NULL));
  CHECK(called(2, 0));
}

CASE(it_comes_for_replaced_data_under_a_key) {
  static int finalized;
  wake_with(note, GCROOTS_FINALIZERS_DEFERRED);
  for (int i = 0; i < 2; ++i)
    OK(gcroots_store_set_data_keyed(store, &finalized, &finalized, count_call));
  CHECK(called(1, 0) && run_at_most(SIZE_MAX) == 0 && finalized == 1);
}

static void drop_and_collect(void *data) {
  if (!collects) return;
  drop(data, count_call);
  OK(gcroots_store_gc(store));
}

CASE(it_comes_when_a_finalizer_makes_the_queue_fill_again) {
  static int finalized;
  wake_with(note, GCROOTS_FINALIZERS_DEFERRED);
  drop(&finalized, drop_and_collect);
  OK(gcroots_store_gc(store));
  CHECK(run_at_most(SIZE_MAX) == (collects ? 1 : 0) && called(collects ? 2 : 0, 0));
}

CASE(finalizers_that_are_not_deferred_wake_nobody) {
  static int finalized;
  wake_with(note, GCROOTS_FINALIZERS_INLINE);
  drop(&finalized, count_call);
  OK(gcroots_store_gc(store));
  OK(gcroots_store_set_data(store, &finalized, count_call));
  OK(gcroots_store_set_data(store, NULL, NULL));
  CHECK(called(0, 0));
}

/* Calls the store, against the rule; nothing but BUSY happens. */
static void call_store(void *env, gcroots_store_t *of, gcroots_wake_t kind) {
  note(env, of, kind);
  status_inside = gcroots_store_free(of);
}

CASE(while_it_is_told_of_finalizers_the_store_is_busy) {
  static int finalized;
  wake_with(call_store, GCROOTS_FINALIZERS_DEFERRED);
  OK(gcroots_store_set_data(store, &finalized, count_call));
  OK(gcroots_store_set_data(store, NULL, NULL));
  CHECK(called(1, 0) && status_inside == GCROOTS_ERROR_BUSY);
  OK(gcroots_store_gc(store));
}

CASE(it_comes_once_when_unroots_begin_to_wait) {
  gcroots_manually_rooted_t handles[10];
  wake_with(note, GCROOTS_FINALIZERS_INLINE);
  for (int i = 0; i < 10; ++i) handles[i] = new_rooted(NULL, NULL);
  for (int i = 0; i < 9; ++i) later(handles[i]);
  CHECK(called(0, 1) && woken == store);
  OK(gcroots_store_drain_unroots(store));
  /* A stale handle is not queued. */
  later(handles[0]);
  CHECK(called(0, 1));
  later(handles[9]);
  CHECK(called(0, 2));
  free_store();
  later(handles[9]);
  CHECK(called(0, 2));
}

static gcroots_manually_rooted_t given[1000];

static void *give_back(void *nothing) {
  for (int i = 0; i < 1000; ++i) later(given[i]);
  return nothing;
}

CASE(another_thread_wakes_the_owner) {
  pthread_t thread;
  wake_with(note, GCROOTS_FINALIZERS_INLINE);
  for (int i = 0; i < 1000; ++i) given[i] = new_rooted(NULL, NULL);
  CHECK(pthread_create(&thread, NULL, give_back, NULL) == 0);
  CHECK(pthread_join(thread, NULL) == 0);
  CHECK(called(0, 1));
  OK(gcroots_store_drain_unroots(store));
  CHECK(stats_of(store).manual_roots == 0);
}
