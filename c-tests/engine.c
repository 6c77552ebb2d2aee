/* Engines: counted, kept by their stores, shared by threads. */
#define _GNU_SOURCE
#include <pthread.h>

#include "refusals.h"

#define THREADS 8

static void run_threads(void *(*body)(void *), void *argument) {
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++) CHECK(pthread_create(&threads[i], NULL, body, argument) == 0);
  for (int i = 0; i < THREADS; i++) CHECK(pthread_join(threads[i], NULL) == 0);
}

/* Takes one more reference to the fixture's engine. */
static gcroots_engine_t *clone_engine(void) {
  gcroots_engine_t *clone = gcroots_engine_clone(engine);
  CHECK(clone != NULL);
  return clone;
}

/* Makes a store of the engine `of` and an object in it, and deletes the store. */
static void use_engine(gcroots_engine_t *of) {
  gcroots_store_t *made;
  gcroots_ref_t ref;
  void *data = NULL;
  int finalized = 0;
  OK(gcroots_store_new(of, &made));
  OK(gcroots_externref_new(made, &finalized, count_call, &ref));
  OK(gcroots_store_gc(made));
  OK(gcroots_externref_data(made, ref, &data));
  CHECK(data == &finalized);
  OK(gcroots_store_free(made));
  CHECK(finalized == 1);
}

CASE(no_configuration_is_the_defaults) {
  gcroots_engine_t *made;
  OK(gcroots_engine_new(NULL, &made));
  use_engine(made);
  gcroots_engine_free(made);
}

CASE(engine_new_needs_a_place_for_its_output) {
  gcroots_config_t *config = variant_config(0);
  check_nulls(engine_calls);
  OK(gcroots_config_set_heap_initial(config, SIZE_MAX));
  REFUSED(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_engine_new(config, NULL));
  gcroots_config_free(config);
}

CASE(engine_new_leaves_its_output_alone_when_it_is_refused) {
  gcroots_config_t *config = variant_config(1 << 20);
  gcroots_engine_t *out = engine;
  OK(gcroots_config_set_heap_initial(config, SIZE_MAX));
  REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_engine_new(config, &out));
  CHECK(out == engine);
  gcroots_config_free(config);
}

CASE(engines_differ) {
  gcroots_engine_t *a, *b;
  OK(gcroots_engine_new(NULL, &a));
  OK(gcroots_engine_new(NULL, &b));
  CHECK(a != NULL && b != NULL && a != b && a != engine);
  gcroots_engine_free(a);
  use_engine(b);
  gcroots_engine_free(b);
}

CASE(a_clone_of_no_engine_is_none) {
  CHECK(gcroots_engine_clone(NULL) == NULL);
  CHECK(gcroots_last_error()[0] == '\0');
}

CASE(freeing_no_engine_does_nothing) {
  gcroots_engine_free(NULL);
  CHECK(gcroots_last_error()[0] == '\0');
}

CASE(a_clone_is_the_same_engine) {
  gcroots_engine_t *clone = clone_engine();
  CHECK(clone == engine);
  gcroots_engine_free(clone);
  use_engine(engine);
}

CASE(a_clone_may_be_made_through_a_pointer_to_const) {
  const gcroots_engine_t *only_read = engine;
  gcroots_engine_t *clone = gcroots_engine_clone(only_read);
  CHECK(clone == engine);
  gcroots_engine_free(clone);
}

CASE(references_end_one_by_one) {
  gcroots_engine_t *made, *clones[10];
  OK(gcroots_engine_new(NULL, &made));
  for (int i = 0; i < 10; i++) {
    clones[i] = gcroots_engine_clone(i == 0 ? made : clones[i - 1]);
    CHECK(clones[i] != NULL);
  }
  gcroots_engine_free(made);
  for (int i = 0; i < 10; i++) {
    use_engine(clones[i]);
    gcroots_engine_free(clones[i]);
  }
}

CASE(an_engine_can_be_cloned_very_often) {
  enum { COUNT = 100000 };
  for (int i = 0; i < COUNT; i++) clone_engine();
  use_engine(engine);
  for (int i = 0; i < COUNT; i++) gcroots_engine_free(engine);
  use_engine(engine);
}

CASE(a_store_keeps_its_engine) {
  gcroots_ref_t ref;
  gcroots_engine_free(engine);
  engine = NULL;
  ref = new_externref(&ref);
  for (int i = 0; i < 1000; i++) {
    gcroots_scope_t scope = enter();
    new_externref(NULL);
    OK(gcroots_scope_exit(store, scope));
  }
  OK(gcroots_store_gc(store));
  CHECK(data_of(ref) == &ref);
}

CASE(each_of_many_stores_keeps_the_engine) {
  gcroots_store_t *stores[20];
  for (int i = 0; i < 20; i++) OK(gcroots_store_new(engine, &stores[i]));
  gcroots_engine_free(engine);
  engine = NULL;
  for (int i = 0; i < 20; i++) {
    gcroots_ref_t ref;
    OK(gcroots_externref_new(stores[i], NULL, NULL, &ref));
    OK(gcroots_store_free(stores[i]));
  }
  new_externref(NULL);
}

CASE(stores_of_one_engine_do_not_share_handles) {
  gcroots_store_t *other;
  gcroots_ref_t ref;
  void *data = &other;
  OK(gcroots_store_new(engine, &other));
  OK(gcroots_externref_new(other, &ref, NULL, &ref));
  REFUSED(GCROOTS_ERROR_WRONG_STORE, gcroots_externref_data(store, ref, &data));
  CHECK(data == &other);
  OK(gcroots_store_free(other));
  REFUSED(GCROOTS_ERROR_WRONG_STORE, gcroots_externref_data(store, ref, &data));
  CHECK(data == &other);
}

static void *clone_and_free(void *argument) {
  gcroots_engine_t *mine = argument;
  for (int i = 0; i < 5000; i++) {
    gcroots_engine_t *clone = gcroots_engine_clone(mine);
    CHECK(clone == mine);
    if (i % 100 == 0) use_engine(clone);
    gcroots_engine_free(clone);
  }
  return NULL;
}

CASE(threads_share_an_engine) {
  run_threads(clone_and_free, engine);
  use_engine(engine);
  CHECK(data_of(new_externref(&store)) == &store);
}

static void *use_and_free(void *argument) {
  gcroots_store_t *made;
  gcroots_ref_t ref;
  OK(gcroots_store_new(argument, &made));
  gcroots_engine_free(argument);
  OK(gcroots_externref_new(made, NULL, NULL, &ref));
  OK(gcroots_store_gc(made));
  OK(gcroots_store_free(made));
  return NULL;
}

/* The last reference or store to go ends the engine, on any thread. A memory checker
   shows whether the engine ends exactly once. */
CASE(the_last_reference_may_end_on_any_thread) {
  for (int round = 0; round < 50; round++) {
    pthread_t threads[THREADS];
    gcroots_engine_t *made;
    OK(gcroots_engine_new(NULL, &made));
    for (int i = 0; i < THREADS; i++) {
      gcroots_engine_t *clone = gcroots_engine_clone(made);
      CHECK(clone != NULL);
      CHECK(pthread_create(&threads[i], NULL, use_and_free, clone) == 0);
    }
    gcroots_engine_free(made);
    for (int i = 0; i < THREADS; i++) CHECK(pthread_join(threads[i], NULL) == 0);
  }
}

static void *make_store(void *argument) {
  gcroots_store_t *made;
  OK(gcroots_store_new(argument, &made));
  OK(gcroots_store_detach(made));
  return made;
}

CASE(a_store_made_by_another_thread_keeps_the_engine) {
  pthread_t thread;
  void *made;
  gcroots_ref_t ref;
  CHECK(pthread_create(&thread, NULL, make_store, engine) == 0);
  CHECK(pthread_join(thread, &made) == 0);
  gcroots_engine_free(engine);
  engine = NULL;
  OK(gcroots_store_attach(made));
  OK(gcroots_externref_new(made, NULL, NULL, &ref));
  OK(gcroots_store_free(made));
}

static void free_engine(void *data) {
  gcroots_engine_free(data);
}

CASE(a_finalizer_may_give_up_the_stores_engine) {
  gcroots_ref_t ref;
  OK(gcroots_externref_new(store, engine, free_engine, &ref));
  engine = NULL;
  OK(gcroots_store_free(store));
  store = NULL;
}

static void make_and_free_store(void *data) {
  use_engine(data);
}

CASE(a_finalizer_may_make_stores_of_the_engine) {
  gcroots_ref_t ref;
  OK(gcroots_externref_new(store, engine, make_and_free_store, &ref));
  OK(gcroots_store_free(store));
  store = NULL;
}
