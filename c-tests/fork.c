/* fork(): which stores the child has, and that it never waits for a thread of the parent. */
#define _GNU_SOURCE
#include "check.h"
#include "declare.h"
#include "handover.h"
#include "refusals.h"
#include "threads.h"

#include <pthread.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

/* A child that takes longer waits for something that never comes. */
enum { SECONDS_MAX = 60 };

/* Runs `body` in a forked process. */
static void in_a_child(void (*body)(void)) {
  int status = -1;
  pid_t child;
  fflush(NULL);
  child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    alarm(SECONDS_MAX);
    body();
    fflush(NULL);
    _exit(0);
  }
  CHECK(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void every_call_is_of_the_wrong_thread(void) {
  every_call_is_refused(GCROOTS_ERROR_WRONG_THREAD, store, scoped, open_scope);
}

/* --- The stores of the thread that forks ------------------------------------ */

static void use_and_delete(void) {
  store_is_usable();
  attach();
  OK(gcroots_scope_exit(store, open_scope));
  OK(gcroots_store_free(store));
}

CASE(a_forked_child_owns_its_threads_stores) {
  leave_things();
  in_a_child(use_and_delete);
  store_is_usable();
  in_a_child(use_and_delete);
  OK(gcroots_scope_exit(store, open_scope));
}

static void refused_on_another_thread(void) {
  store_is_usable();
  on_another_thread(every_call_is_of_the_wrong_thread);
  on_another_thread(attach_is_of_the_wrong_thread);
  store_is_usable();
}

CASE(in_a_forked_child_another_thread_is_still_the_wrong_one) {
  leave_things();
  in_a_child(refused_on_another_thread);
}

static void refused_after_attaching(void) {
  gcroots_store_t *own = new_store(0);
  OK(gcroots_store_free(own));
  attach();
  refused_on_another_thread();
}

CASE(in_a_forked_child_that_attached_first_another_thread_is_the_wrong_one) {
  leave_things();
  in_a_child(refused_after_attaching);
}

static void attached_by_another_thread_first(void) {
  on_another_thread(attach_is_of_the_wrong_thread);
}

CASE(in_a_forked_child_another_thread_cannot_attach_first) {
  in_a_child(attached_by_another_thread_first);
}

static void fork_again(void) {
  store_is_usable();
  in_a_child(refused_on_another_thread);
  store_is_usable();
}

CASE(a_forked_childs_child_owns_the_store_too) {
  leave_things();
  in_a_child(fork_again);
}

static void fork_here(void) {
  attach();
  in_a_child(refused_on_another_thread);
  store_is_usable();
  detach();
}

CASE(a_child_forked_by_another_thread_owns_that_threads_stores) {
  leave_things();
  detach();
  on_another_thread(fork_here);
  attach();
}

static void make_a_store(void) {
  gcroots_store_t *made = new_store(0);
  gcroots_ref_t ref;
  OK(gcroots_externref_new(made, NULL, NULL, &ref));
  CHECK(ref.store_id != scoped.store_id);
  OK(gcroots_store_free(made));
}

CASE(a_forked_child_makes_stores_of_its_own) {
  leave_things();
  in_a_child(make_a_store);
  make_a_store();
}

static void make_and_free_a_store(void) {
  OK(gcroots_store_free(new_store(0)));
}

/* --- The stores of other threads ---------------------------------------------- */

/* The case forks a process with several threads, and starts threads in the child. */
static void its_child_starts_threads(void) {
  no_emulator("the child of a program with threads cannot start threads in the emulator");
}

static pthread_barrier_t barrier;
static gcroots_store_t *others;

static void the_other_threads_store_is_nobodys(void) {
  gcroots_store_t *own = store;
  store = others;
  every_call_is_of_the_wrong_thread();
  attach_is_of_the_wrong_thread();
  on_another_thread(attach_is_of_the_wrong_thread);
  REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_WRONG_THREAD, gcroots_store_free(store));
  store = own;
  store_is_usable();
}

static void it_stays_nobodys(void) {
  int i;
  the_other_threads_store_is_nobodys();
  /* As many threads come and go as it takes to forget those that have ended. */
  for (i = 0; i < 100; ++i) on_another_thread(make_and_free_a_store);
  the_other_threads_store_is_nobodys();
  in_a_child(the_other_threads_store_is_nobodys);
}

static void *own_a_store_meanwhile(void *nothing) {
  others = new_store(0);
  pthread_barrier_wait(&barrier);
  pthread_barrier_wait(&barrier);
  OK(gcroots_store_free(others));
  return nothing;
}

CASE(in_a_forked_child_stores_of_threads_that_were_not_forked_can_never_be_attached) {
  pthread_t thread;
  its_child_starts_threads();
  leave_things();
  CHECK(pthread_barrier_init(&barrier, NULL, 2) == 0);
  CHECK(pthread_create(&thread, NULL, own_a_store_meanwhile, NULL) == 0);
  pthread_barrier_wait(&barrier);
  in_a_child(it_stays_nobodys);
  CHECK(gcroots_store_attach(others) == GCROOTS_ERROR_WRONG_THREAD);
  pthread_barrier_wait(&barrier);
  CHECK(pthread_join(thread, NULL) == 0);
  store_is_usable();
}

static void attach_and_use(void) {
  attach();
  store_is_usable();
  on_another_thread(attach_is_of_the_wrong_thread);
  OK(gcroots_scope_exit(store, open_scope));
  OK(gcroots_store_free(store));
}

CASE(in_a_forked_child_a_detached_store_may_be_attached) {
  leave_things();
  detach();
  in_a_child(attach_and_use);
  attach();
  store_is_usable();
}

CASE(in_a_forked_child_the_store_of_a_thread_that_had_ended_may_be_attached) {
  leave_things();
  detach();
  on_another_thread(attach);
  in_a_child(attach_and_use);
  attach();
  store_is_usable();
}

/* --- Forks while threads end ---------------------------------------------------- */

enum { ENDING = 4 };
static int out_of_the_library;

static void *use_and_end(void *unused) {
  (void)unused;
  OK(gcroots_store_free(new_store(0)));
  __atomic_add_fetch(&out_of_the_library, 1, __ATOMIC_SEQ_CST);
  return NULL;
}

CASE(a_fork_while_other_threads_end_leaves_a_child_that_works) {
  int round, i, status;
  for (round = 0; round < 100; ++round) {
    pthread_t threads[ENDING];
    pid_t child;
    __atomic_store_n(&out_of_the_library, 0, __ATOMIC_SEQ_CST);
    for (i = 0; i < ENDING; ++i) CHECK(pthread_create(&threads[i], NULL, use_and_end, NULL) == 0);
    while (__atomic_load_n(&out_of_the_library, __ATOMIC_SEQ_CST) < ENDING) continue;
    child = fork();
    CHECK(child >= 0);
    if (child == 0) {
      alarm(20);
      new_externref(NULL);
      OK(gcroots_store_attach(store));
      _exit(gcroots_store_detach(store) == GCROOTS_OK && gcroots_store_attach(store) == GCROOTS_OK
                ? 0
                : 1);
    }
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    for (i = 0; i < ENDING; ++i) CHECK(pthread_join(threads[i], NULL) == 0);
  }
}

/* --- Forks while threads are busy ------------------------------------------------ */

enum { BUSY = 4, FORKS = 60 };
static int stop;
static gcroots_store_t *passed_around;

/* Makes stores and types, roots and unroots: takes each lock of the library. */
static void be_busy_once(void) {
  gcroots_store_t *own;
  gcroots_engine_t *another_engine;
  gcroots_type_t *type;
  int i;
  OK(gcroots_store_new(engine, &own));
  type = new_struct(NULL, 0);
  for (i = 0; i < 50; ++i) {
    gcroots_manually_rooted_t handle;
    OK(gcroots_externref_new_manually_rooted(own, NULL, NULL, &handle));
    OK(gcroots_manually_rooted_unroot_later(&handle));
  }
  gcroots_type_free(type);
  OK(gcroots_store_free(own));
  OK(gcroots_engine_new(NULL, &another_engine));
  gcroots_engine_free(another_engine);
  if (gcroots_store_attach(passed_around) == GCROOTS_OK) OK(gcroots_store_detach(passed_around));
}

static void *be_busy(void *nothing) {
  while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) be_busy_once();
  return nothing;
}

static void use_everything(void) {
  store_is_usable();
  be_busy_once();
  on_another_thread(be_busy_once);
  OK(gcroots_store_detach(store));
  on_another_thread(attach_and_use);
}

CASE(a_fork_while_other_threads_are_busy_leaves_a_child_that_works) {
  pthread_t threads[BUSY];
  int i;
  its_child_starts_threads();
  leave_things();
  OK(gcroots_store_new(engine, &passed_around));
  OK(gcroots_store_detach(passed_around));
  for (i = 0; i < BUSY; ++i) CHECK(pthread_create(&threads[i], NULL, be_busy, NULL) == 0);
  for (i = 0; i < FORKS; ++i) in_a_child(use_everything);
  __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
  for (i = 0; i < BUSY; ++i) CHECK(pthread_join(threads[i], NULL) == 0);
  OK(gcroots_store_attach(passed_around));
  OK(gcroots_store_free(passed_around));
  store_is_usable();
}

static void *fork_too(void *nothing) {
  int i;
  for (i = 0; i < FORKS / BUSY; ++i) in_a_child(make_and_free_a_store);
  return nothing;
}

CASE(several_threads_may_fork_at_once) {
  pthread_t threads[BUSY];
  int i;
  for (i = 0; i < BUSY; ++i) CHECK(pthread_create(&threads[i], NULL, fork_too, NULL) == 0);
  for (i = 0; i < BUSY; ++i) CHECK(pthread_join(threads[i], NULL) == 0);
}

/* --- Fork handlers of the program --------------------------------------------------- */

static int handlers_run;

static void call_the_library(void) {
  ++handlers_run;
  make_and_free_a_store();
  store_is_usable();
}

static void handlers_have_run(void) {
  CHECK(handlers_run == 2);
}

CASE(fork_handlers_of_the_program_may_call_the_library) {
  leave_things();
  CHECK(pthread_atfork(call_the_library, call_the_library, call_the_library) == 0);
  in_a_child(handlers_have_run);
  CHECK(handlers_run == 2);
}

/* --- A finalizer that forks ------------------------------------------------------------ */

static void fork_in_a_finalizer(void *data) {
  count_call(data);
  in_a_child(make_and_free_a_store);
}

CASE(a_finalizer_may_fork) {
  static int calls;
  if (!run_as_finalizer(fork_in_a_finalizer, &calls)) return;
  CHECK(calls == 1);
}
