/* Growth: when the callback of an engine is asked, what its answers do, and what it may do
 * itself.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "refusals.h"

/* The smallest sizes that the collectors accept, so that few objects fill the heap. */
enum { INITIAL = 32 << 10, LIMIT = 128 << 10 };

/* What the callback returns, and what it was told in the last call. */
static struct host {
  /* A heap may commit this many bytes. */
  size_t allowed;
  /* Runs inside the callback (nullable). */
  void (*body)(void);
  int calls;
  gcroots_store_t *store;
  size_t committed, wanted;
} host;

static bool answer(void *env, gcroots_store_t *of, size_t committed, size_t wanted) {
  struct host *asked = env;
  asked->calls++;
  asked->store = of;
  asked->committed = committed;
  asked->wanted = wanted;
  CHECK(wanted > committed);
  /* An allocation that asks for ever fails here, and not only at the time limit. */
  CHECK(asked->calls < 200000);
  if (asked->body != NULL) asked->body();
  return wanted <= asked->allowed;
}

/* Makes an engine whose stores ask `host`. */
static gcroots_engine_t *asking_engine(size_t initial, size_t limit) {
  gcroots_engine_t *made;
  gcroots_config_t *config = variant_config(limit);
  OK(gcroots_config_set_heap_initial(config, initial));
  OK(gcroots_config_set_grow_callback(config, answer, &host));
  OK(gcroots_engine_new(config, &made));
  gcroots_config_free(config);
  return made;
}

/* Replaces the fixture's engine and store by ones that ask the callback. */
static void ask_host(size_t initial, size_t limit) {
  OK(gcroots_store_free(store));
  gcroots_engine_free(engine);
  engine = asking_engine(initial, limit);
  OK(gcroots_store_new(engine, &store));
}

/* How many objects fit into a heap of this many bytes. */
static size_t room(size_t committed) {
  return objects_in(committed, 16);
}

static void make_garbage(int *finalized) {
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref;
  OK(gcroots_externref_new(store, finalized, count_call, &ref));
  OK(gcroots_scope_exit(store, scope));
}

/* --- Setting it --------------------------------------------------------------- */

CASE(no_configuration_is_refused) {
  REFUSED(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_config_set_grow_callback(NULL, answer, &host));
  CHECK(strstr(gcroots_last_error(), "config") != NULL);
  REFUSED(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_config_set_grow_callback(NULL, NULL, NULL));
}

CASE(null_removes_the_callback) {
  gcroots_config_t *config = variant_config(LIMIT);
  OK(gcroots_config_set_heap_initial(config, INITIAL));
  OK(gcroots_config_set_grow_callback(config, answer, &host));
  OK(gcroots_config_set_grow_callback(config, NULL, &host));
  OK(gcroots_store_free(store));
  store = store_with(config);
  OK(gcroots_no_gc_enter(store));
  for (size_t i = 0; i <= room(INITIAL); i++) new_externref(NULL);
  CHECK(host.calls == 0 && stats_of(store).committed_bytes > INITIAL);
}

static bool allow(void *env, gcroots_store_t *of, size_t committed, size_t wanted) {
  (void)env, (void)of, (void)committed, (void)wanted;
  return true;
}

CASE(its_env_is_finalized_with_the_last_store) {
  static int finalized;
  gcroots_config_t *config = variant_config(0);
  gcroots_engine_t *first, *second;
  gcroots_store_t *its_store;
  OK(gcroots_config_set_grow_callback_finalized(config, allow, &finalized, count_call));
  OK(gcroots_engine_new(config, &first));
  OK(gcroots_engine_new(config, &second));
  gcroots_config_free(config);
  OK(gcroots_store_new(first, &its_store));
  gcroots_engine_free(first);
  gcroots_engine_free(gcroots_engine_clone(second));
  gcroots_engine_free(second);
  CHECK(finalized == 0);
  OK(gcroots_store_free(its_store));
  CHECK(finalized == 1);
}

CASE(its_env_is_finalized_when_the_configuration_gets_another) {
  static int first, second, third;
  gcroots_config_t *config = gcroots_config_new();
  OK(gcroots_config_set_grow_callback_finalized(config, allow, &first, count_call));
  OK(gcroots_config_set_grow_callback_finalized(config, allow, &second, count_call));
  CHECK(first == 1 && second == 0);
  OK(gcroots_config_set_grow_callback(config, allow, NULL));
  CHECK(first == 1 && second == 1);
  OK(gcroots_config_set_grow_callback_finalized(config, NULL, &third, count_call));
  OK(gcroots_config_set_grow_callback_finalized(config, NULL, NULL, NULL));
  CHECK(third == 1);
  gcroots_config_free(config);
  CHECK(first == 1 && second == 1 && third == 1);
}

CASE(a_refused_engine_leaves_the_env_to_the_configuration) {
  static int finalized;
  gcroots_config_t *config = gcroots_config_new();
  gcroots_engine_t *out = engine;
  OK(gcroots_config_set_grow_callback_finalized(config, allow, &finalized, count_call));
  OK(gcroots_config_set_heap_limit(config, 64 * 1024));
  OK(gcroots_config_set_heap_initial(config, 128 * 1024));
  REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_engine_new(config, &out));
  CHECK(finalized == 0 && out == engine);
  gcroots_config_free(config);
  CHECK(finalized == 1);
}

CASE(the_last_callback_set_is_the_one) {
  struct host first;
  gcroots_config_t *config = variant_config(LIMIT);
  memset(&first, 0, sizeof first);
  OK(gcroots_config_set_heap_initial(config, INITIAL));
  OK(gcroots_config_set_grow_callback(config, answer, &first));
  OK(gcroots_config_set_grow_callback(config, answer, &host));
  OK(gcroots_store_free(store));
  store = store_with(config);
  fill_one_by_one(GCROOTS_ERROR_OUT_OF_MEMORY);
  CHECK(first.calls == 0 && host.calls == 1);
}

/* --- When it is asked ---------------------------------------------------------- */

CASE(it_is_told_the_store_and_the_bytes) {
  ask_host(INITIAL, LIMIT);
  host.allowed = SIZE_MAX;
  while (host.calls < 2) {
    size_t committed = stats_of(store).committed_bytes;
    int calls = host.calls;
    new_externref(NULL);
    if (host.calls == calls) continue;
    CHECK(host.calls == calls + 1);
    CHECK(host.store == store);
    CHECK(host.committed == (committed == 0 ? INITIAL : committed));
    CHECK(host.wanted > host.committed && host.wanted <= LIMIT);
    CHECK(stats_of(store).committed_bytes == host.wanted);
  }
}

CASE(it_is_not_asked_for_the_initial_size) {
  ask_host(INITIAL, LIMIT);
  for (size_t i = 0; i < room(INITIAL); i++) new_externref(NULL);
  CHECK(host.calls == 0 && stats_of(store).committed_bytes == INITIAL);
  REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_OUT_OF_MEMORY,
                           gcroots_externref_new(store, NULL, NULL, &(gcroots_ref_t){0, 0, 0}));
  CHECK(host.calls == 1);
}

CASE(it_is_not_asked_for_the_initial_size_after_collections) {
  size_t kept, initial = 4 << 20;
  ask_host(initial, 4 * initial);
  new_externref(NULL);
  for (int i = 0; i < 3; i++) OK(gcroots_store_gc(store));
  /* In a no-GC span, since collections at every allocation would take quadratic time. */
  OK(gcroots_no_gc_enter(store));
  /* The objects that share a line with one that stays may be lost, and what is kept for a
     nursery. */
  kept = 8 + (heap_has(NURSERY) ? room(7 * heap_unit()) : 0);
  for (size_t i = 1; i < room(initial) - kept; i++) new_externref(NULL);
  CHECK(host.calls == 0);
}

CASE(it_is_not_asked_for_more_than_the_limit) {
  int calls;
  ask_host(INITIAL, LIMIT);
  host.allowed = SIZE_MAX;
  OK(gcroots_no_gc_enter(store));
  CHECK(fill_one_by_one(collects ? GCROOTS_ERROR_NO_GC : GCROOTS_ERROR_OUT_OF_MEMORY) ==
        room(LIMIT));
  CHECK(stats_of(store).committed_bytes == LIMIT && host.wanted == LIMIT);
  OK(gcroots_no_gc_exit(store));
  calls = host.calls;
  CHECK(fill_one_by_one(GCROOTS_ERROR_OUT_OF_MEMORY) == 0);
  CHECK(host.calls == calls);
}

CASE(an_allocation_asks_once_before_and_once_after_its_collection_at_most) {
  ask_host(INITIAL, LIMIT);
  fill_one_by_one(GCROOTS_ERROR_OUT_OF_MEMORY);
  for (int i = 0; i < 20; i++) {
    int calls = host.calls;
    CHECK(fill_one_by_one(GCROOTS_ERROR_OUT_OF_MEMORY) == 0);
    CHECK(host.calls - calls >= 1 && host.calls - calls <= 2);
  }
}

CASE(a_refused_allocation_collects_once) {
  uint64_t collections = heap_has(MINOR_FIRST) ? 2 : 1;
  if (!collects || stressed) return;
  ask_host(INITIAL, LIMIT);
  fill_one_by_one(GCROOTS_ERROR_OUT_OF_MEMORY);
  CHECK(host.calls == 1 && stats_of(store).collections == collections);
}

CASE(an_allocation_that_asks_counts_once_for_stress) {
  enum { NTH = 100 };
  gcroots_config_t *config = variant_config(0);
  if (!collects) {
    gcroots_config_free(config);
    return;
  }
  OK(gcroots_config_set_stress(config, NTH));
  OK(gcroots_config_set_heap_initial(config, INITIAL));
  OK(gcroots_config_set_grow_callback(config, answer, &host));
  host.allowed = SIZE_MAX;
  OK(gcroots_store_free(store));
  store = store_with(config);
  for (uint64_t i = 1; i <= 100 * NTH; i++) {
    new_externref(NULL);
    CHECK(has_collected(stats_of(store).collections, i / NTH));
  }
  CHECK(host.calls >= 3);
}

CASE(a_collection_is_not_asked_about) {
  int finalized = 0;
  ask_host(INITIAL, LIMIT);
  for (int round = 0; round < 10; round++) {
    for (int i = 0; i < 50; i++) make_garbage(&finalized);
    new_externref(NULL);
    OK(gcroots_store_gc(store));
    CHECK(stats_of(store).committed_bytes == INITIAL);
  }
  CHECK(host.calls == 0 && finalized == (collects ? 500 : 0));
  free_store();
}

/* The most bytes that the callback allowed, and how often it refused. */
static size_t granted;
static int denied;
static uint32_t random_state = 1;

static uint32_t random_below(uint32_t bound) {
  random_state = random_state * 1664525 + 1013904223;
  return (random_state >> 16) % bound;
}

static void allow_or_not(void) {
  bool yes = random_below(4) == 0;
  host.allowed = yes ? host.wanted : 0;
  denied += !yes;
  if (yes && host.wanted > granted) granted = host.wanted;
}

CASE(the_heap_commits_no_more_than_was_allowed) {
  enum { ROOTS = 6000 };
  static gcroots_manually_rooted_t roots[ROOTS];
  /* Fewer objects under stress, but enough that the heap must grow. */
  uint32_t fewer = 2500 * (uint32_t)(3 - spaces());
  int steps = stressed ? 2 * (int)fewer : 100000;
  ask_host(INITIAL, 1 << 20);
  host.body = allow_or_not;
  granted = INITIAL;
  for (int i = 0; i < steps; i++) {
    gcroots_manually_rooted_t *at = &roots[random_below(stressed ? fewer : ROOTS)];
    if (random_below(5) == 0) {
      OK(gcroots_manually_rooted_unroot(store, at));
    } else if (gcroots_ref_is_null(at->ref)) {
      gcroots_status_t status = gcroots_externref_new_manually_rooted(store, at, NULL, at);
      CHECK(status == GCROOTS_OK || status == GCROOTS_ERROR_OUT_OF_MEMORY);
      CHECK(gcroots_ref_is_null(at->ref) == (status != GCROOTS_OK));
    } else {
      CHECK(data_of(at->ref) == at);
    }
    if (random_below(2000) == 0) OK(gcroots_store_gc(store));
    CHECK(stats_of(store).committed_bytes <= granted);
  }
  CHECK(denied > 0 && granted > INITIAL);
  CHECK(stats_of(store).committed_bytes > INITIAL);
}

CASE(a_store_with_a_used_heap_asks_again) {
  ask_host(INITIAL, LIMIT);
  host.allowed = SIZE_MAX;
  for (int round = 1; round <= 3; round++) {
    gcroots_store_t *before = store;
    while (host.calls < round) new_externref(NULL);
    CHECK(host.store == store && host.committed == INITIAL);
    OK(gcroots_store_new(engine, &store));
    OK(gcroots_store_free(before));
    new_externref(NULL);
    CHECK(stats_of(store).committed_bytes == INITIAL && host.calls == round);
    OK(gcroots_store_verify(store));
  }
}

/* --- Refusing ------------------------------------------------------------------- */

CASE(a_refused_heap_answers_out_of_memory_with_the_bytes) {
  char bytes[32];
  ask_host(INITIAL, LIMIT);
  CHECK(fill_one_by_one(GCROOTS_ERROR_OUT_OF_MEMORY) == room(INITIAL));
  CHECK(snprintf(bytes, sizeof bytes, " %zu bytes", host.wanted) > 0);
  CHECK(strstr(gcroots_last_error(), bytes) != NULL);
  CHECK(strstr(gcroots_last_error(), "callback") != NULL);
}

CASE(a_refused_object_changes_nothing) {
  int finalized = 0;
  gcroots_externref_options_t options = {sizeof options, &finalized, count_call, NULL,
                                         1000,           NULL,       NULL};
  gcroots_ref_t out = untouched(), first;
  gcroots_manually_rooted_t rooted = {untouched()};
  gcroots_stats_t before, after;
  ask_host(INITIAL, LIMIT);
  first = new_externref(&first);
  fill_one_by_one(GCROOTS_ERROR_OUT_OF_MEMORY);
  before = stats_of(store);
  for (int i = 0; i < 5; i++) {
    REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_OUT_OF_MEMORY,
                             gcroots_externref_new(store, &finalized, count_call, &out));
    REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_OUT_OF_MEMORY,
                             gcroots_externref_new_with(store, &options, &out));
    REFUSED_AFTER_COLLECTION(
        GCROOTS_ERROR_OUT_OF_MEMORY,
        gcroots_externref_new_manually_rooted(store, &finalized, count_call, &rooted));
  }
  after = stats_of(store);
  CHECK(same_bits(out, untouched()) && same_bits(rooted.ref, untouched()));
  CHECK(after.objects == before.objects && after.live_bytes == before.live_bytes);
  CHECK(after.committed_bytes == before.committed_bytes && after.external_bytes == 0);
  CHECK(after.scoped_roots == before.scoped_roots && after.manual_roots == 0);
  CHECK(after.finalizers_run == 0);
  CHECK(data_of(first) == &first);
  OK(gcroots_store_verify(store));
  free_store();
  CHECK(finalized == 0);
}

CASE(a_refused_store_works_on) {
  gcroots_scope_t scope;
  gcroots_ref_t first;
  ask_host(INITIAL, LIMIT);
  first = new_externref(&first);
  scope = enter();
  fill_one_by_one(GCROOTS_ERROR_OUT_OF_MEMORY);
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_store_gc(store));
  if (collects) CHECK(fill_one_by_one(GCROOTS_ERROR_OUT_OF_MEMORY) == room(INITIAL) - 1);
  host.allowed = SIZE_MAX;
  CHECK(data_of(new_externref(&scope)) == &scope);
  CHECK(stats_of(store).committed_bytes == host.wanted);
  CHECK(data_of(first) == &first);
}

CASE(a_collection_that_makes_room_needs_no_growth) {
  int finalized = 0, rounds = stressed ? 3000 : 20000;
  gcroots_ref_t kept[100];
  ask_host(INITIAL, LIMIT);
  for (int i = 0; i < 100; i++) kept[i] = new_externref(&kept[i]);
  if (!collects) return;
  for (int i = 0; i < rounds; i++) make_garbage(&finalized);
  for (int i = 0; i < 100; i++) CHECK(data_of(kept[i]) == &kept[i]);
  CHECK(stats_of(store).committed_bytes == INITIAL);
  /* Under stress, collections make room before the heap is full. */
  CHECK(stressed || host.calls > 0);
  free_store();
  CHECK(finalized == rounds);
}

CASE(garbage_cycles_make_room_when_growth_is_refused) {
  gcroots_field_type_t field = any_field();
  gcroots_type_t *type;
  if (!collects) return;
  ask_host(INITIAL, LIMIT);
  type = new_struct(&field, 1);
  for (int i = 0; i < 5000; i++) {
    gcroots_scope_t scope = enter();
    gcroots_ref_t ref;
    OK(gcroots_struct_new_default(store, type, &ref));
    OK(gcroots_struct_set_ref(store, ref, 0, ref));
    OK(gcroots_scope_exit(store, scope));
  }
  CHECK(stats_of(store).committed_bytes == INITIAL);
  /* Under stress, collections make room before the heap is full. */
  CHECK(stressed || host.calls > 0);
  OK(gcroots_store_verify(store));
  gcroots_type_free(type);
}

CASE(finalizers_run_when_growth_is_refused) {
  int finalized = 0;
  gcroots_status_t status = GCROOTS_OK;
  gcroots_ref_t ref;
  ask_host(INITIAL, LIMIT);
  for (size_t i = 0; i < room(INITIAL) - 1; i++) new_externref(NULL);
  make_garbage(&finalized);
  /* The first object takes the place of the garbage, and there is no room for the
     second. */
  for (int i = 0; i < 2; i++) status = gcroots_externref_new(store, NULL, NULL, &ref);
  CHECK(status == GCROOTS_ERROR_OUT_OF_MEMORY && finalized == (collects ? 1 : 0));
  free_store();
}

/* --- No-GC spans ----------------------------------------------------------------- */

CASE(a_refusal_in_a_no_gc_span_answers_no_gc) {
  gcroots_status_t refusal = collects ? GCROOTS_ERROR_NO_GC : GCROOTS_ERROR_OUT_OF_MEMORY;
  gcroots_ref_t out = untouched();
  int finalized = 0, calls;
  gcroots_scope_t scope;
  ask_host(INITIAL, LIMIT);
  scope = enter();
  OK(gcroots_no_gc_enter(store));
  CHECK(fill_one_by_one(refusal) == room(INITIAL) && host.calls == 1);
  calls = host.calls;
  REFUSED(refusal, gcroots_externref_new(store, &finalized, count_call, &out));
  CHECK(host.calls == calls + 1 && same_bits(out, untouched()));
  CHECK(stats_of(store).collections == 0 && stats_of(store).committed_bytes == INITIAL);
  OK(gcroots_scope_exit(store, scope));
  if (collects) new_externref(NULL);
  free_store();
  CHECK(finalized == 0);
}

CASE(in_a_no_gc_span_the_heap_grows_as_allowed) {
  ask_host(INITIAL, LIMIT);
  host.allowed = 2 * INITIAL;
  OK(gcroots_no_gc_enter(store));
  CHECK(fill_one_by_one(collects ? GCROOTS_ERROR_NO_GC : GCROOTS_ERROR_OUT_OF_MEMORY) ==
        room(2 * INITIAL));
  CHECK(stats_of(store).committed_bytes == 2 * INITIAL && stats_of(store).collections == 0);
}

/* --- What it may do --------------------------------------------------------------- */

static gcroots_manually_rooted_t rooted[2 * INITIAL / 16];
static size_t rooted_count, released;

/* Gives the newest roots to gcroots_manually_rooted_unroot_later(). */
static void release(void) {
  for (size_t i = 0; i < released && rooted_count > 0; i++)
    OK(gcroots_manually_rooted_unroot_later(&rooted[--rooted_count]));
}

/* Fills the heap with manual roots. The callback unroots some when it is asked. Returns
   how many objects died. */
static size_t fill_and_release(size_t releases, bool collected_before, gcroots_status_t *status) {
  int finalized = 0;
  gcroots_ref_t out;
  ask_host(INITIAL, LIMIT);
  rooted_count = 0;
  released = releases;
  host.calls = 0;
  host.body = NULL;
  if (collected_before) {
    new_externref(NULL);
    OK(gcroots_store_gc(store));
  }
  while (stats_of(store).objects < room(INITIAL))
    OK(gcroots_externref_new_manually_rooted(store, &finalized, count_call,
                                             &rooted[rooted_count++]));
  CHECK(host.calls == 0);
  host.body = release;
  *status = gcroots_externref_new(store, NULL, NULL, &out);
  CHECK(stats_of(store).committed_bytes == INITIAL);
  OK(gcroots_store_verify(store));
  releases = (size_t)finalized;
  free_store();
  OK(gcroots_store_new(engine, &store));
  return releases;
}

CASE(what_it_unroots_before_it_refuses_makes_room) {
  static const size_t counts[] = {1, 500};
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
    /* The heap is collected before the callback is asked, or only afterwards. A collection
       leaves some memory between objects in blocks unused. */
    for (int before = 0; before < (heap_has(BLOCKS) ? 1 : 2); before++) {
      gcroots_status_t status;
      size_t died = fill_and_release(counts[i], before != 0, &status);
      CHECK(died == (collects ? counts[i] : 0));
      CHECK(status == (collects ? GCROOTS_OK : GCROOTS_ERROR_OUT_OF_MEMORY));
      CHECK(host.calls >= 1 && host.calls <= 2);
    }
  }
}

static gcroots_ref_t live_ref;
static gcroots_scope_t live_scope;

static void every_call_is_busy(void) {
  every_call_is_refused(GCROOTS_ERROR_BUSY, store, live_ref, live_scope);
  REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_BUSY, gcroots_store_attach(store));
  CHECK(strstr(gcroots_last_error(), "growth callback") != NULL);
  REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_BUSY, gcroots_store_free(store));
  CHECK(strstr(gcroots_last_error(), "growth callback") != NULL);
}

CASE(every_call_on_the_store_is_busy_inside) {
  for (int allow = 0; allow < 2; allow++) {
    ask_host(INITIAL, LIMIT);
    host.allowed = allow ? SIZE_MAX : 0;
    host.calls = 0;
    host.body = every_call_is_busy;
    live_scope = enter();
    live_ref = new_externref(&live_ref);
    while (host.calls == 0) {
      gcroots_ref_t ref;
      gcroots_status_t status = gcroots_externref_new(store, NULL, NULL, &ref);
      CHECK(status == GCROOTS_OK || (!allow && host.calls == 1));
    }
    CHECK(data_of(live_ref) == &live_ref);
    OK(gcroots_scope_exit(store, live_scope));
    OK(gcroots_store_gc(store));
    OK(gcroots_store_detach(store));
    OK(gcroots_store_attach(store));
  }
}

static void *every_call_is_of_the_wrong_thread(void *nothing) {
  every_call_is_refused(GCROOTS_ERROR_WRONG_THREAD, store, live_ref, live_scope);
  REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_WRONG_THREAD, gcroots_store_attach(store));
  return nothing;
}

static void call_from_another_thread(void) {
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, every_call_is_of_the_wrong_thread, NULL) == 0);
  CHECK(pthread_join(thread, NULL) == 0);
}

CASE(another_thread_is_the_wrong_one_inside) {
  ask_host(INITIAL, LIMIT);
  host.body = call_from_another_thread;
  live_scope = enter();
  live_ref = new_externref(NULL);
  fill_one_by_one(GCROOTS_ERROR_OUT_OF_MEMORY);
  CHECK(host.calls == 1);
}

static int inner_finalized;

/* Uses a store that asks the callback too. */
static void use_another(void) {
  gcroots_store_t *outer = store;
  struct host of_outer = host;
  host.body = NULL;
  OK(gcroots_store_new(engine, &store));
  make_garbage(&inner_finalized);
  /* In a no-GC span, since collections at every allocation would take quadratic time. */
  OK(gcroots_no_gc_enter(store));
  fill_one_by_one(collects ? GCROOTS_ERROR_NO_GC : GCROOTS_ERROR_OUT_OF_MEMORY);
  CHECK(host.store == store && host.calls > of_outer.calls);
  OK(gcroots_store_verify(store));
  OK(gcroots_store_free(store));
  store = outer;
  host = of_outer;
}

CASE(another_store_may_be_used_inside) {
  gcroots_ref_t first;
  ask_host(INITIAL, LIMIT);
  first = new_externref(&first);
  host.body = use_another;
  CHECK(fill_one_by_one(GCROOTS_ERROR_OUT_OF_MEMORY) == room(INITIAL) - 1);
  CHECK(host.calls == 1 && inner_finalized == 1);
  CHECK(data_of(first) == &first);
  host.allowed = SIZE_MAX;
  CHECK(data_of(new_externref(&host)) == &host);
  CHECK(inner_finalized == 2);
}

static void fill_until_asked(void *calls) {
  gcroots_status_t status = GCROOTS_OK;
  gcroots_ref_t ref;
  while (host.calls == 0) status = gcroots_externref_new(store, NULL, NULL, &ref);
  CHECK(status == (host.allowed > 0 ? GCROOTS_OK : GCROOTS_ERROR_OUT_OF_MEMORY));
  *(int *)calls = host.calls;
}

static void busy_in_a_finalizer(void) {
  every_call_is_refused(GCROOTS_ERROR_BUSY, store, gcroots_ref_null(), live_scope);
  REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_BUSY, gcroots_store_attach(store));
}

CASE(a_finalizers_allocation_asks) {
  for (int allow = 0; allow < 2; allow++) {
    static int calls;
    ask_host(INITIAL, LIMIT);
    host.calls = calls = 0;
    host.allowed = allow ? SIZE_MAX : 0;
    host.body = busy_in_a_finalizer;
    if (!run_as_finalizer(fill_until_asked, &calls)) return;
    CHECK(calls == 1);
    CHECK(stats_of(store).scoped_roots == 0);
    OK(gcroots_store_gc(store));
    new_externref(NULL);
    CHECK(host.calls == 1);
  }
}

/* --- Threads ----------------------------------------------------------------------- */

static _Thread_local gcroots_store_t *own;

static bool count_atomically(void *env, gcroots_store_t *of, size_t committed, size_t wanted) {
  atomic_fetch_add((atomic_int *)env, 1);
  /* The callback runs on the thread that allocates. */
  CHECK(of == own && wanted > committed && wanted <= 1 << 20);
  return true;
}

static void *grow_own_stores(void *shared) {
  for (int i = 0; i < 20; i++) {
    gcroots_ref_t ref;
    OK(gcroots_store_new(shared, &own));
    OK(gcroots_no_gc_enter(own));
    while (gcroots_externref_new(own, own, NULL, &ref) == GCROOTS_OK) {
    }
    OK(gcroots_store_free(own));
  }
  return NULL;
}

CASE(stores_of_two_threads_share_it) {
  atomic_int calls = 0;
  int doublings = 0;
  pthread_t threads[2];
  gcroots_engine_t *shared;
  gcroots_config_t *config = variant_config(1 << 20);
  OK(gcroots_config_set_heap_initial(config, INITIAL));
  OK(gcroots_config_set_grow_callback(config, count_atomically, &calls));
  OK(gcroots_engine_new(config, &shared));
  gcroots_config_free(config);
  for (int i = 0; i < 2; i++)
    CHECK(pthread_create(&threads[i], NULL, grow_own_stores, shared) == 0);
  for (int i = 0; i < 2; i++) CHECK(pthread_join(threads[i], NULL) == 0);
  gcroots_engine_free(shared);
  for (size_t bytes = INITIAL; bytes < 1 << 20; bytes *= 2) doublings++;
  CHECK(calls == 2 * 20 * doublings);
}
