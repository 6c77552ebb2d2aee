/* Deferred finalizers: they run only in gcroots_store_run_finalizers() and when the store is
 * deleted.
 */
#define _GNU_SOURCE
#include "check.h"
#include "objects.h"

#include <errno.h>
#include <pthread.h>

/* Replaces the fixture's store by one that defers finalizers. */
static void defer(size_t heap_limit) {
  gcroots_config_t *config = variant_config(heap_limit);
  OK(gcroots_config_set_finalizers(config, GCROOTS_FINALIZERS_DEFERRED));
  free_store();
  store = store_with(config);
}

/* Makes an externref that nothing keeps alive. */
static void drop(void *data, gcroots_finalizer_t finalizer) {
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref;
  OK(gcroots_externref_new(store, data, finalizer, &ref));
  OK(gcroots_scope_exit(store, scope));
}

/* Runs at most `most` finalizers, and returns how many wait then. */
static size_t run_at_most(size_t most) {
  size_t left = SIZE_MAX;
  OK(gcroots_store_run_finalizers(store, most, &left));
  return left;
}

static size_t waiting(void) {
  return run_at_most(0);
}

CASE(a_collection_frees_the_object_and_lets_the_finalizer_wait) {
  static int finalized;
  defer(0);
  for (int i = 0; i < 100; ++i) drop(&finalized, count_call);
  OK(gcroots_store_gc(store));
  CHECK(stats_of(store).objects == (collects ? 0 : 100) && waiting() == (collects ? 100 : 0));
  OK(gcroots_store_gc(store));
  new_externref(NULL);
  CHECK(finalized == 0 && stats_of(store).finalizers_run == 0);
  CHECK(waiting() == (collects ? 100 : 0));
}

CASE(at_most_the_given_number_runs_each_once) {
  enum { COUNT = 10 };
  static int finalized[COUNT];
  int sum = 0;
  defer(0);
  for (int i = 0; i < COUNT; ++i) drop(&finalized[i], count_call);
  OK(gcroots_store_gc(store));
  CHECK(run_at_most(3) == (collects ? 7 : 0) && run_at_most(0) == (collects ? 7 : 0));
  for (int i = 0; i < COUNT; ++i) sum += finalized[i];
  CHECK(sum == (collects ? 3 : 0) && stats_of(store).finalizers_run == (uint64_t)sum);
  CHECK(run_at_most(SIZE_MAX) == 0);
  for (int i = 0; i < COUNT; ++i) CHECK(finalized[i] == (collects ? 1 : 0));
  CHECK(run_at_most(SIZE_MAX) == 0);
  free_store();
  for (int i = 0; i < COUNT; ++i) CHECK(finalized[i] == 1);
}

static pthread_mutex_t mutex;
static int deadlocks, locked;

static void lock_mutex(void *data) {
  (void)data;
  if (pthread_mutex_lock(&mutex) == EDEADLK) {
    ++deadlocks;
    return;
  }
  ++locked;
  CHECK(pthread_mutex_unlock(&mutex) == 0);
}

CASE(a_lock_that_finalizers_take_may_be_held_while_allocating) {
  enum { COUNT = 20000 };
  pthread_mutexattr_t checked;
  CHECK(pthread_mutexattr_init(&checked) == 0);
  CHECK(pthread_mutexattr_settype(&checked, PTHREAD_MUTEX_ERRORCHECK) == 0);
  CHECK(pthread_mutex_init(&mutex, &checked) == 0);
  defer(0);
  for (int i = 0; i < COUNT; ++i) {
    CHECK(pthread_mutex_lock(&mutex) == 0);
    drop(NULL, lock_mutex);
    if (i % 1000 == 0) OK(gcroots_store_gc(store));
    CHECK(pthread_mutex_unlock(&mutex) == 0);
    if (i % 1000 == 500) CHECK(run_at_most(SIZE_MAX) == 0);
  }
  CHECK(deadlocks == 0 && (locked > 0) == collects);
  free_store();
  CHECK(deadlocks == 0 && locked == COUNT);
}

CASE(a_collection_in_steps_runs_none) {
  static int finalized;
  bool over = false;
  defer(0);
  drop(&finalized, count_call);
  OK(gcroots_store_gc_start(store));
  while (!over) OK(gcroots_store_gc_step(store, 64, &over));
  CHECK(finalized == 0 && waiting() == (collects ? 1 : 0));
  drop(&finalized, count_call);
  OK(gcroots_store_gc_start(store));
  OK(gcroots_store_gc_step(store, 0, &over));
  OK(gcroots_store_gc_cancel(store));
  CHECK(finalized == 0 && waiting() == (collects ? 2 : 0));
  CHECK(run_at_most(SIZE_MAX) == 0 && finalized == (collects ? 2 : 0));
}

/* What ran_inside() found. */
static size_t left_inside;

static void run_inside(void *ran) {
  if (!collects) return;
  left_inside = run_at_most(SIZE_MAX);
  ++*(int *)ran;
  CHECK(*(int *)ran + (int)left_inside == 3);
}

CASE(inside_a_finalizer_none_runs_and_the_number_is_told) {
  static int ran;
  defer(0);
  for (int i = 0; i < 3; ++i) drop(&ran, run_inside);
  OK(gcroots_store_gc(store));
  CHECK(run_at_most(1) == (collects ? 2 : 0) && left_inside == (collects ? 2 : 0));
  CHECK(run_at_most(SIZE_MAX) == 0 && ran == (collects ? 3 : 0));
}

static int inner_finalized;

/* Leaves one more object to die, and collects. */
static void drop_and_collect(void *ran) {
  if (!collects) return;
  drop(&inner_finalized, count_call);
  OK(gcroots_store_gc(store));
  CHECK(inner_finalized == 0);
  ++*(int *)ran;
}

CASE(finalizers_that_become_due_meanwhile_wait_for_the_next_call) {
  static int ran;
  defer(0);
  drop(&ran, drop_and_collect);
  OK(gcroots_store_gc(store));
  CHECK(run_at_most(SIZE_MAX) == (collects ? 1 : 0) && ran == (collects ? 1 : 0));
  CHECK(inner_finalized == 0 && run_at_most(SIZE_MAX) == 0);
  CHECK(inner_finalized == (collects ? 1 : 0));
}

static gcroots_manually_rooted_t released;

static void unroot_released(void *data) {
  (void)data;
  if (collects) OK(gcroots_manually_rooted_unroot(store, &released));
}

CASE(what_only_a_waiting_finalizer_keeps_stays) {
  defer(0);
  drop(NULL, unroot_released);
  released = new_rooted(NULL, NULL);
  OK(gcroots_store_gc(store));
  CHECK(stats_of(store).objects == (collects ? 1 : 2));
  CHECK(run_at_most(SIZE_MAX) == 0);
  OK(gcroots_store_gc(store));
  CHECK(stats_of(store).objects == (collects ? 0 : 2));
}

CASE(deletion_runs_those_that_wait_before_the_stores_data) {
  static int finalized, data_finalized;
  defer(0);
  OK(gcroots_store_set_data(store, &data_finalized, count_call));
  drop(&finalized, count_call);
  OK(gcroots_store_gc(store));
  drop(&finalized, count_call);
  CHECK(finalized == 0);
  free_store();
  CHECK(finalized == 2 && data_finalized == 1);
}

CASE(replaced_store_data_waits_on_every_collector) {
  enum { COUNT = 1000 };
  static int finalized;
  defer(0);
  for (int i = 0; i <= COUNT; ++i) OK(gcroots_store_set_data(store, &finalized, count_call));
  OK(gcroots_store_gc(store));
  new_externref(NULL);
  CHECK(finalized == 0 && waiting() == COUNT);
  CHECK(run_at_most(SIZE_MAX) == 0 && finalized == COUNT);
  free_store();
  CHECK(finalized == COUNT + 1);
}

/* In a store that does not defer finalizers, too. */
CASE(replaced_store_data_needs_no_memory_once_it_has_run) {
  static int finalized;
  for (int i = 0; i < 100000; ++i) {
    OK(gcroots_store_set_data(store, &finalized, count_call));
    if (i % 64 == 63) CHECK(run_at_most(SIZE_MAX) == 0 && finalized == i);
  }
  OK(gcroots_store_gc(store));
  CHECK(run_at_most(SIZE_MAX) == 0 && finalized == 99999);
}

CASE(finalizers_run_in_a_no_gc_span) {
  static int finalized;
  defer(0);
  drop(&finalized, count_call);
  OK(gcroots_store_gc(store));
  OK(gcroots_no_gc_enter(store));
  CHECK(run_at_most(SIZE_MAX) == 0 && finalized == (collects ? 1 : 0));
  OK(gcroots_no_gc_exit(store));
}

CASE(between_the_steps_of_a_collection_none_may_run) {
  size_t left = 7;
  bool over;
  defer(0);
  new_externref(NULL);
  OK(gcroots_store_gc_start(store));
  if (!heap_has(BETWEEN)) {
    REFUSED(GCROOTS_ERROR_BUSY, gcroots_store_run_finalizers(store, 1, &left));
    CHECK(left == 7);
  }
  OK(gcroots_store_gc_step(store, SIZE_MAX, &over));
  CHECK((over || stressed) && waiting() == 0);
}

CASE(a_number_that_names_no_time_is_refused) {
  gcroots_config_t *config = gcroots_config_new();
  REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_config_set_finalizers(config, 2));
  CHECK(strstr(gcroots_last_error(), "2") != NULL);
  REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_config_set_finalizers(config, UINT32_MAX));
  OK(gcroots_config_set_finalizers(config, GCROOTS_FINALIZERS_DEFERRED));
  OK(gcroots_config_set_finalizers(config, GCROOTS_FINALIZERS_INLINE));
  gcroots_config_free(config);
}
