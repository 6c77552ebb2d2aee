/* Threads: which thread may call, and how a store changes threads. */
#define _GNU_SOURCE
#include "check.h"
#include "handover.h"
#include "refusals.h"
#include "threads.h"

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

static int finalized;

/* --- Wrong threads --------------------------------------------------------- */

static void every_call_is_of_the_wrong_thread(void) {
  gcroots_ref_t ones;
  gcroots_scope_t forged;
  memset(&ones, 0xff, sizeof ones);
  memset(&forged, 0xff, sizeof forged);
  every_call_is_refused(GCROOTS_ERROR_WRONG_THREAD, store, scoped, open_scope);
  every_call_is_refused(GCROOTS_ERROR_WRONG_THREAD, store, manual.ref, open_scope);
  every_call_is_refused(GCROOTS_ERROR_WRONG_THREAD, store, gcroots_ref_null(), open_scope);
  every_call_is_refused(GCROOTS_ERROR_WRONG_THREAD, store, ones, forged);
}

CASE(every_call_of_another_thread_is_refused) {
  struct check_counts before, after;
  gcroots_ref_t ref;
  leave_things();
  OK(gcroots_externref_new(store, &finalized, count_call, &ref));
  OK(gcroots_no_gc_enter(store));
  before = check_count();
  on_another_thread(every_call_is_of_the_wrong_thread);
  on_another_thread(attach_is_of_the_wrong_thread);
  after = check_count();
  CHECK(memcmp(&before, &after, sizeof before) == 0);
  CHECK(finalized == 0);
  OK(gcroots_no_gc_exit(store));
  store_is_usable();
  OK(gcroots_scope_exit(store, open_scope));
}

static void refused_with_a_store_of_its_own(void) {
  gcroots_store_t *own = new_store(0);
  gcroots_ref_t ref;
  OK(gcroots_externref_new(own, NULL, NULL, &ref));
  every_call_is_of_the_wrong_thread();
  attach_is_of_the_wrong_thread();
  OK(gcroots_store_gc(own));
  OK(gcroots_store_free(own));
}

CASE(every_call_of_a_thread_with_another_store_is_refused) {
  leave_things();
  on_another_thread(refused_with_a_store_of_its_own);
  store_is_usable();
}

static void null_comes_before_the_thread(void) {
  REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_store_data(store, NULL));
  REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_NULL_ARGUMENT,
                           gcroots_externref_new(store, NULL, NULL, NULL));
  REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_NULL_ARGUMENT,
                           gcroots_externref_data(store, scoped, NULL));
  REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_scope_enter(store, NULL));
  REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_NULL_ARGUMENT,
                           gcroots_manually_rooted_unroot(store, NULL));
}

CASE(a_null_pointer_comes_before_the_wrong_thread) {
  leave_things();
  on_another_thread(null_comes_before_the_thread);
}

static void read_own_message(void) {
  CHECK(gcroots_last_error()[0] == '\0');
  attach_is_of_the_wrong_thread();
  CHECK(gcroots_last_error()[0] != '\0');
}

CASE(each_thread_has_its_own_message) {
  CHECK(gcroots_last_error()[0] == '\0');
  on_another_thread(read_own_message);
  CHECK(gcroots_last_error()[0] == '\0');
  CHECK(gcroots_store_gc(NULL) == GCROOTS_ERROR_NULL_ARGUMENT);
  on_another_thread(read_own_message);
  CHECK(strstr(gcroots_last_error(), "`store`") != NULL);
}

static void call_from_a_third(void *data) {
  count_call(data);
  on_another_thread(every_call_is_of_the_wrong_thread);
  on_another_thread(attach_is_of_the_wrong_thread);
}

CASE(another_thread_is_the_wrong_one_also_while_a_finalizer_runs) {
  gcroots_scope_t scope;
  gcroots_ref_t ref;
  leave_things();
  scope = enter();
  OK(gcroots_externref_new(store, &finalized, call_from_a_third, &ref));
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_store_gc(store));
  CHECK(finalized == (collects ? 1 : 0));
  OK(gcroots_externref_new(store, &finalized, call_from_a_third, &ref));
  OK(gcroots_store_free(store));
  store = NULL;
  CHECK(finalized == 2);
}

/* --- Detach and attach ----------------------------------------------------- */

CASE(attaching_an_own_store_is_ok) {
  leave_things();
  attach();
  attach();
  store_is_usable();
}

CASE(on_a_detached_store_every_call_but_attach_is_refused) {
  leave_things();
  detach();
  every_call_is_of_the_wrong_thread();
  on_another_thread(every_call_is_of_the_wrong_thread);
  attach();
  store_is_usable();
}

CASE(a_detached_store_is_not_deleted) {
  gcroots_ref_t ref;
  OK(gcroots_externref_new(store, &finalized, count_call, &ref));
  OK(gcroots_store_set_data(store, &finalized, count_call));
  detach();
  REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_WRONG_THREAD, gcroots_store_free(store));
  CHECK(finalized == 0);
  attach();
  OK(gcroots_store_free(store));
  store = NULL;
  CHECK(finalized == 2);
}

CASE(a_new_store_may_be_detached_at_once) {
  detach();
  attach();
  CHECK(stats_of(store).objects == 0);
}

static void take_use_and_give_back(void) {
  attach();
  store_is_usable();
  detach();
}

CASE(a_store_goes_from_thread_to_thread) {
  int i;
  leave_things();
  detach();
  for (i = 0; i < 20; ++i) on_another_thread(take_use_and_give_back);
  every_call_is_of_the_wrong_thread();
  attach();
  store_is_usable();
}

static void close_what_is_open(void) {
  void *data = NULL;
  attach();
  REFUSED(GCROOTS_ERROR_NO_GC, gcroots_store_gc(store));
  CHECK(data_of(scoped) == &host);
  OK(gcroots_no_gc_exit(store));
  REFUSED(GCROOTS_ERROR_SCOPE_ORDER, gcroots_no_gc_exit(store));
  OK(gcroots_store_gc(store));
  OK(gcroots_scope_exit(store, open_scope));
  REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_externref_data(store, scoped, &data));
  CHECK(data_of(manual.ref) == &host);
  open_scope = enter();
  OK(gcroots_no_gc_enter(store));
  detach();
}

CASE(open_scopes_and_spans_are_handed_over) {
  gcroots_scope_t old;
  leave_things();
  OK(gcroots_no_gc_enter(store));
  old = open_scope;
  detach();
  on_another_thread(close_what_is_open);
  attach();
  REFUSED(GCROOTS_ERROR_SCOPE_ORDER, gcroots_scope_exit(store, old));
  REFUSED(GCROOTS_ERROR_NO_GC, gcroots_store_gc(store));
  OK(gcroots_scope_exit(store, open_scope));
  OK(gcroots_store_gc(store));
  CHECK(data_of(manual.ref) == &host);
}

static pthread_t finalizing_thread;

static void note_thread(void *data) {
  finalizing_thread = pthread_self();
  count_call(data);
}

static void drop_and_delete(void) {
  attach();
  OK(gcroots_scope_exit(store, open_scope));
  OK(gcroots_store_gc(store));
  CHECK(finalized == (collects ? 1 : 0));
  if (collects) CHECK(pthread_equal(finalizing_thread, pthread_self()));
  OK(gcroots_store_free(store));
  store = NULL;
  CHECK(finalized == 1);
  CHECK(pthread_equal(finalizing_thread, pthread_self()));
}

CASE(finalizers_run_on_the_thread_that_collects_or_deletes) {
  gcroots_ref_t ref;
  open_scope = enter();
  OK(gcroots_externref_new(store, &finalized, note_thread, &ref));
  detach();
  on_another_thread(drop_and_delete);
}

/* --- Threads that ended ---------------------------------------------------- */

static gcroots_store_t *orphan;

static void make_orphan(void) {
  gcroots_store_t *fixture_store = store;
  orphan = new_store(0);
  store = orphan;
  leave_things();
  OK(gcroots_no_gc_enter(store));
  store = fixture_store;
}

CASE(a_store_of_a_thread_that_ended_may_be_attached) {
  gcroots_store_t *fixture_store = store;
  on_another_thread(make_orphan);
  store = orphan;
  every_call_is_of_the_wrong_thread();
  on_another_thread(every_call_is_of_the_wrong_thread);
  attach();
  REFUSED(GCROOTS_ERROR_NO_GC, gcroots_store_gc(store));
  OK(gcroots_no_gc_exit(store));
  store_is_usable();
  OK(gcroots_scope_exit(store, open_scope));
  OK(gcroots_store_free(store));
  store = fixture_store;
}

CASE(a_thread_in_the_place_of_one_that_ended_is_another) {
  gcroots_store_t *fixture_store = store;
  int i;
  for (i = 0; i < 20; ++i) {
    on_another_thread(make_orphan);
    store = orphan;
    /* The new thread usually gets the stack and the thread-local storage of the ended
       one. */
    on_another_thread(every_call_is_of_the_wrong_thread);
    attach();
    OK(gcroots_store_free(store));
    store = fixture_store;
  }
}

CASE(a_store_attached_and_left_by_many_threads_is_free_again) {
  int i;
  leave_things();
  detach();
  for (i = 0; i < 20; ++i) on_another_thread(attach);
  every_call_is_of_the_wrong_thread();
  attach();
  store_is_usable();
}

static pthread_key_t exit_key;
static int exit_rounds;

static void use_at_thread_exit(void *value) {
  gcroots_store_t *own = value;
  gcroots_ref_t ref;
  OK(gcroots_externref_new(own, NULL, NULL, &ref));
  if (++exit_rounds < 2) {
    CHECK(pthread_setspecific(exit_key, own) == 0);
    return;
  }
  OK(gcroots_store_free(own));
}

static void leave_a_store_to_a_destructor(void) {
  CHECK(pthread_setspecific(exit_key, new_store(0)) == 0);
}

CASE(a_threads_exit_destructor_may_use_and_delete_its_store) {
  CHECK(pthread_key_create(&exit_key, use_at_thread_exit) == 0);
  on_another_thread(leave_a_store_to_a_destructor);
  CHECK(exit_rounds == 2);
}

static void make_in_the_last_round(void *value) {
  if (++exit_rounds < 4) {
    CHECK(pthread_setspecific(exit_key, value) == 0);
    return;
  }
  REFUSED(GCROOTS_ERROR_LIMIT, gcroots_store_new(engine, &orphan));
  REFUSED(GCROOTS_ERROR_LIMIT, gcroots_store_attach(store));
}

/* The library knows the thread, and its own exit hook runs before this key's. */
static void leave_a_key(void) {
  OK(gcroots_store_free(new_store(0)));
  CHECK(pthread_setspecific(exit_key, &exit_rounds) == 0);
}

CASE(a_thread_whose_last_exit_hook_has_run_gets_no_store) {
  CHECK(pthread_key_create(&exit_key, make_in_the_last_round) == 0);
  OK(gcroots_store_detach(store));
  on_another_thread(leave_a_key);
  CHECK(exit_rounds == 4);
  CHECK(orphan == NULL);
  OK(gcroots_store_attach(store));
}

static void make_in_the_first_round(void *value) {
  (void)value;
  orphan = new_store(0);
}

static void leave_a_key_only(void) {
  CHECK(pthread_setspecific(exit_key, &exit_rounds) == 0);
}

/* The kernel may still know the thread for a moment after pthread_join(). */
CASE(a_store_of_a_thread_that_only_exit_hooks_made_may_be_attached) {
  CHECK(pthread_key_create(&exit_key, make_in_the_first_round) == 0);
  on_another_thread(leave_a_key_only);
  CHECK(orphan != NULL);
  while (gcroots_store_attach(orphan) != GCROOTS_OK) sched_yield();
  OK(gcroots_store_free(orphan));
}

/* Such a thread gives up its store when it has ended, though none of its exit hooks was the
   last one. The kernel then gives its number to another thread, which lives on. */
static long late_number;
static int number_is_taken;
static pthread_barrier_t started, may_end;

static void make_in_the_first_round_and_note(void *value) {
  make_in_the_first_round(value);
  late_number = syscall(SYS_gettid);
}

static void *take_the_number(void *nothing) {
  bool taken = syscall(SYS_gettid) == late_number;
  if (taken) number_is_taken = 1;
  pthread_barrier_wait(&started);
  if (taken) pthread_barrier_wait(&may_end);
  return nothing;
}

/* qemu-user has no robust mutexes, so that the library can only ask for the number. */
static bool has_robust_mutexes(void) {
  void *head;
  size_t size;
  return syscall(SYS_get_robust_list, 0, &head, &size) == 0;
}

CASE(an_ended_owner_does_not_live_on_in_a_thread_with_its_number) {
  /* Most systems give 32768 numbers in turn. Elsewhere this case shows less. */
  bool robust = has_robust_mutexes();
  int attempts = robust && strcmp(variant, "copying") == 0 ? 40000 : 0;
  pthread_t thread;
  CHECK(pthread_barrier_init(&started, NULL, 2) == 0);
  CHECK(pthread_barrier_init(&may_end, NULL, 2) == 0);
  CHECK(pthread_key_create(&exit_key, make_in_the_first_round_and_note) == 0);
  on_another_thread(leave_a_key_only);
  while (attempts-- > 0 && !number_is_taken) {
    CHECK(pthread_create(&thread, NULL, take_the_number, NULL) == 0);
    pthread_barrier_wait(&started);
    if (!number_is_taken) CHECK(pthread_join(thread, NULL) == 0);
  }
  while (!robust && gcroots_store_attach(orphan) != GCROOTS_OK) sched_yield();
  OK(gcroots_store_attach(orphan));
  OK(gcroots_store_free(orphan));
  if (!number_is_taken) return;
  pthread_barrier_wait(&may_end);
  CHECK(pthread_join(thread, NULL) == 0);
}

static void use_in_a_destructor(void *value) {
  (void)value;
  OK(gcroots_store_free(new_store(0)));
}

/* Each of them has about 100 bytes in the list of living threads until it is forgotten. */
CASE(threads_that_use_the_library_only_while_they_end_leave_nothing) {
  size_t before = 0, after;
  int i;
  CHECK(pthread_key_create(&exit_key, use_in_a_destructor) == 0);
  for (i = 0; i < 11000; ++i) {
    if (i == 1000) before = resident_bytes();
    on_another_thread(leave_a_key_only);
  }
  after = resident_bytes();
  if (after > before + 512 * 1024)
    check_fail(__FILE__, __LINE__, "%zu bytes before, %zu after", before, after);
}

/* --- Races ----------------------------------------------------------------- */

#define RACERS 4
#define ROUNDS 50
static pthread_barrier_t barrier;
static int winners, refused;

static void *race(void *nothing) {
  int round;
  for (round = 0; round < ROUNDS; ++round) {
    gcroots_status_t status;
    pthread_barrier_wait(&barrier);
    status = gcroots_store_attach(store);
    if (status == GCROOTS_OK) {
      /* Not atomic: only one thread can be here. */
      ++winners;
      store_is_usable();
    } else {
      CHECK(status == GCROOTS_ERROR_WRONG_THREAD);
      every_call_is_of_the_wrong_thread();
      __atomic_fetch_add(&refused, 1, __ATOMIC_RELAXED);
    }
    pthread_barrier_wait(&barrier);
    if (status == GCROOTS_OK) detach();
  }
  return nothing;
}

CASE(of_threads_that_attach_one_wins) {
  pthread_t threads[RACERS];
  int i;
  leave_things();
  detach();
  CHECK(pthread_barrier_init(&barrier, NULL, RACERS) == 0);
  for (i = 0; i < RACERS; ++i) CHECK(pthread_create(&threads[i], NULL, race, NULL) == 0);
  for (i = 0; i < RACERS; ++i) CHECK(pthread_join(threads[i], NULL) == 0);
  CHECK(winners == ROUNDS && refused == ROUNDS * (RACERS - 1));
  attach();
  store_is_usable();
}

static void *race_for_an_orphan(void *nothing) {
  gcroots_status_t status;
  pthread_barrier_wait(&barrier);
  status = gcroots_store_attach(store);
  CHECK(status == GCROOTS_OK || status == GCROOTS_ERROR_WRONG_THREAD);
  if (status == GCROOTS_OK) {
    ++winners;
    store_is_usable();
  }
  /* No thread ends before all have tried. Otherwise another one could win too. */
  pthread_barrier_wait(&barrier);
  return nothing;
}

CASE(of_threads_that_attach_an_ended_threads_store_one_wins) {
  pthread_t threads[RACERS];
  int i, round;
  leave_things();
  detach();
  on_another_thread(attach);
  CHECK(pthread_barrier_init(&barrier, NULL, RACERS) == 0);
  for (round = 1; round <= 20; ++round) {
    for (i = 0; i < RACERS; ++i)
      CHECK(pthread_create(&threads[i], NULL, race_for_an_orphan, NULL) == 0);
    for (i = 0; i < RACERS; ++i) CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK(winners == round);
  }
  attach();
  store_is_usable();
}

static long handovers;

static void *pass_it_on(void *nothing) {
  int i;
  for (i = 0; i < 500; ++i) {
    gcroots_status_t status;
    while ((status = gcroots_store_attach(store)) != GCROOTS_OK) {
      CHECK(status == GCROOTS_ERROR_WRONG_THREAD);
      sched_yield();
    }
    /* Not atomic: attaching is the only synchronisation. */
    ++handovers;
    OK(gcroots_ref_assign(store, scoped, new_externref(&host)));
    CHECK(data_of(manual.ref) == &host);
    detach();
  }
  return nothing;
}

CASE(attaching_sees_all_that_was_done_before_detaching) {
  pthread_t threads[2];
  int i;
  leave_things();
  detach();
  for (i = 0; i < 2; ++i) CHECK(pthread_create(&threads[i], NULL, pass_it_on, NULL) == 0);
  for (i = 0; i < 2; ++i) CHECK(pthread_join(threads[i], NULL) == 0);
  attach();
  CHECK(handovers == 1000);
  store_is_usable();
}

static uint64_t ids[4][100];

static void *make_stores(void *id) {
  gcroots_engine_t *own = gcroots_engine_clone(engine);
  int i;
  for (i = 0; i < 100; ++i) {
    gcroots_store_t *made;
    gcroots_ref_t ref;
    int here;
    void *data = NULL;
    OK(gcroots_store_new(own, &made));
    OK(gcroots_externref_new(made, &here, NULL, &ref));
    OK(gcroots_store_gc(made));
    OK(gcroots_externref_data(made, ref, &data));
    CHECK(data == &here);
    ((uint64_t *)id)[i] = ref.store_id;
    OK(gcroots_store_free(made));
  }
  gcroots_engine_free(own);
  return NULL;
}

CASE(threads_share_an_engine_and_no_store_ids) {
  pthread_t threads[4];
  int i, j;
  for (i = 0; i < 4; ++i) CHECK(pthread_create(&threads[i], NULL, make_stores, ids[i]) == 0);
  for (i = 0; i < 4; ++i) CHECK(pthread_join(threads[i], NULL) == 0);
  for (i = 0; i < 400; ++i) {
    CHECK(ids[i / 100][i % 100] != 0);
    for (j = 0; j < i; ++j) CHECK(ids[i / 100][i % 100] != ids[j / 100][j % 100]);
  }
}
