/* Weak handles: they name objects and keep nothing alive. */
#include "check.h"
#include "refusals.h"
#include "threads.h"

static gcroots_weak_t weak_of(gcroots_ref_t ref) {
  gcroots_weak_t weak;
  OK(gcroots_weak_new(store, ref, &weak));
  return weak;
}

/* Makes an externref that nothing keeps alive. */
static gcroots_weak_t new_weak(void *data, gcroots_finalizer_t finalizer) {
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref;
  gcroots_weak_t weak;
  OK(gcroots_externref_new(store, data, finalizer, &ref));
  weak = weak_of(ref);
  OK(gcroots_scope_exit(store, scope));
  return weak;
}

static gcroots_ref_t upgraded(gcroots_weak_t weak) {
  gcroots_ref_t ref = untouched();
  OK(gcroots_weak_upgrade(store, weak, &ref));
  return ref;
}

/* The weak handle names an object with this data. Leaves no root. */
static bool names(gcroots_weak_t weak, void *data) {
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref = upgraded(weak);
  bool same = !gcroots_ref_is_null(ref) && data_of(ref) == data;
  OK(gcroots_scope_exit(store, scope));
  return same;
}

/* The weak handle's object has died. */
static bool cleared(gcroots_weak_t weak) {
  return weak.store_id != 0 && gcroots_ref_is_null(upgraded(weak));
}

static bool same_weak(gcroots_weak_t a, gcroots_weak_t b) {
  return memcmp(&a, &b, sizeof a) == 0;
}

/* Frees a weak handle and checks that it is zeroed. */
static void free_weak(gcroots_weak_t *weak) {
  static const unsigned char zeros[sizeof *weak];
  OK(gcroots_weak_free(store, weak));
  CHECK(memcmp(weak, zeros, sizeof zeros) == 0);
}

static gcroots_weak_t untouched_weak(void) {
  gcroots_weak_t weak;
  memset(&weak, 0x5a, sizeof weak);
  return weak;
}

/* Every function returns this status for the weak handle, and writes nothing. */
static void check_refused_by_all(gcroots_status_t status, gcroots_weak_t weak) {
  gcroots_weak_t kept = weak;
  gcroots_ref_t out = untouched();
  REFUSED(status, gcroots_weak_upgrade(store, weak, &out));
  REFUSED(status, gcroots_weak_free(store, &weak));
  CHECK(same_bits(out, untouched()) && same_weak(weak, kept));
}

/* --- Lives and deaths -------------------------------------------------------- */

CASE(an_upgraded_handle_names_the_object) {
  int number;
  gcroots_ref_t ref = new_externref(&number), again;
  gcroots_weak_t weak = weak_of(ref);
  bool equal = false;
  again = upgraded(weak);
  CHECK(data_of(again) == &number && !gcroots_ref_same_root(ref, again));
  OK(gcroots_ref_eq(store, ref, again, &equal));
  CHECK(equal && stats_of(store).scoped_roots == 2);
}

CASE(a_weak_handle_keeps_nothing_alive) {
  static int finalized;
  gcroots_weak_t weak = new_weak(&finalized, count_call);
  CHECK(names(weak, &finalized));
  OK(gcroots_store_gc(store));
  CHECK(finalized == (collects ? 1 : 0));
  CHECK(cleared(weak) == collects);
  CHECK(stats_of(store).objects == (collects ? 0 : 1));
  CHECK(stats_of(store).weak_handles == 1);
}

CASE(a_cleared_handle_stays_cleared) {
  int number;
  gcroots_weak_t weak = new_weak(NULL, NULL);
  if (!collects) return;
  OK(gcroots_store_gc(store));
  for (int i = 0; i < 100; ++i) {
    new_externref(&number);
    CHECK(cleared(weak));
  }
  OK(gcroots_store_gc(store));
  CHECK(cleared(weak));
  free_weak(&weak);
}

CASE(only_the_handles_of_the_dead_are_cleared) {
  enum { COUNT = 300 };
  static int numbers[COUNT];
  static gcroots_weak_t weak[COUNT];
  for (int i = 0; i < COUNT; ++i) {
    gcroots_scope_t scope = enter();
    gcroots_ref_t ref = new_externref(&numbers[i]);
    weak[i] = weak_of(ref);
    if (i % 3 == 0) root(ref);
    OK(gcroots_scope_exit(store, scope));
  }
  for (int round = 0; round < 3; ++round) {
    OK(gcroots_store_gc(store));
    for (int i = 0; i < COUNT; ++i) {
      bool dead = collects && i % 3 != 0;
      CHECK(dead ? cleared(weak[i]) : names(weak[i], &numbers[i]));
    }
  }
}

CASE(a_weak_handle_follows_its_object) {
  int number;
  gcroots_ref_t ref;
  gcroots_weak_t weak;
  uint64_t hash, other = 0;
  for (int i = 0; i < 10; ++i) new_externref(NULL);
  gcroots_scope_t scope = enter();
  new_externref(NULL);
  gcroots_manually_rooted_t handle = new_rooted(&number, NULL);
  weak = weak_of(handle.ref);
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_ref_hash(store, handle.ref, &hash));
  for (int round = 0; round < 20; ++round) {
    bool equal = false;
    /* Garbage before the object makes it move by different distances. */
    scope = enter();
    for (int i = 0; i < round; ++i) new_externref(NULL);
    OK(gcroots_scope_exit(store, scope));
    OK(gcroots_store_gc(store));
    scope = enter();
    ref = upgraded(weak);
    OK(gcroots_ref_eq(store, ref, handle.ref, &equal));
    OK(gcroots_ref_hash(store, ref, &other));
    CHECK(equal && other == hash && data_of(ref) == &number);
    OK(gcroots_scope_exit(store, scope));
  }
  if (heap_has(MOVES_ALL)) CHECK(stats_of(store).moved_bytes > 0);
}

CASE(an_upgraded_handle_keeps_the_object_alive) {
  static int finalized;
  gcroots_weak_t weak = new_weak(&finalized, count_call);
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref = upgraded(weak);
  for (int i = 0; i < 3; ++i) OK(gcroots_store_gc(store));
  CHECK(finalized == 0 && data_of(ref) == &finalized && names(weak, &finalized));
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_store_gc(store));
  CHECK(finalized == (collects ? 1 : 0) && cleared(weak) == collects);
}

CASE(an_upgraded_handle_ends_with_its_scope) {
  gcroots_weak_t weak = new_weak(NULL, NULL);
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref = upgraded(weak);
  void *data = NULL;
  OK(gcroots_scope_exit(store, scope));
  REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_externref_data(store, ref, &data));
  CHECK(names(weak, NULL));
}

CASE(a_weak_handle_outlives_scopes) {
  int number;
  gcroots_scope_t scope = enter();
  gcroots_manually_rooted_t handle = new_rooted(&number, NULL);
  gcroots_weak_t weak;
  enter();
  weak = weak_of(handle.ref);
  OK(gcroots_scope_unwind(store, scope));
  OK(gcroots_store_gc(store));
  CHECK(names(weak, &number));
  scope = enter();
  free_weak(&weak);
  OK(gcroots_scope_exit(store, scope));
}

CASE(a_weak_handle_of_a_manual_root_lives_until_it_is_unrooted) {
  static int finalized;
  gcroots_manually_rooted_t handle = new_rooted(&finalized, count_call), clone = clone_root(handle);
  gcroots_weak_t weak = weak_of(handle.ref);
  OK(gcroots_manually_rooted_unroot(store, &handle));
  OK(gcroots_store_gc(store));
  CHECK(names(weak, &finalized) && finalized == 0);
  OK(gcroots_manually_rooted_unroot(store, &clone));
  OK(gcroots_store_gc(store));
  CHECK(cleared(weak) == collects && finalized == (collects ? 1 : 0));
}

CASE(a_weak_handle_is_cleared_when_the_root_is_unrooted_later) {
  static int finalized;
  gcroots_manually_rooted_t handle = new_rooted(&finalized, count_call);
  gcroots_weak_t weak = weak_of(handle.ref);
  OK(gcroots_manually_rooted_unroot_later(&handle));
  OK(gcroots_store_gc(store));
  CHECK(finalized == (collects ? 1 : 0) && cleared(weak) == collects);
}

CASE(a_weak_handle_is_cleared_when_an_assignment_lets_the_object_go) {
  gcroots_ref_t local = new_local(gcroots_ref_null());
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref = new_externref(&local);
  gcroots_weak_t weak = weak_of(ref);
  OK(gcroots_ref_assign(store, local, ref));
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_store_gc(store));
  CHECK(names(weak, &local));
  OK(gcroots_ref_assign(store, local, gcroots_ref_null()));
  OK(gcroots_store_gc(store));
  CHECK(cleared(weak) == collects);
}

CASE(weak_handles_of_one_object_are_independent) {
  int number;
  gcroots_ref_t ref = new_externref(&number);
  gcroots_weak_t first = weak_of(ref), second = weak_of(ref), copy = first;
  CHECK(!same_weak(first, second));
  free_weak(&first);
  OK(gcroots_store_gc(store));
  CHECK(names(second, &number));
  check_refused_by_all(GCROOTS_ERROR_UNROOTED, copy);
}

CASE(weak_handles_never_collect) {
  gcroots_ref_t ref = new_externref(NULL);
  uint64_t before = stats_of(store).collections;
  for (int i = 0; i < 5000; ++i) {
    gcroots_weak_t weak = weak_of(ref);
    CHECK(names(weak, NULL));
    free_weak(&weak);
  }
  CHECK(stats_of(store).collections == before);
}

CASE(nothing_is_cleared_in_a_no_gc_span) {
  int number;
  gcroots_weak_t weak = new_weak(&number, NULL), other;
  OK(gcroots_no_gc_enter(store));
  for (int i = 0; i < 1000; ++i) new_externref(NULL);
  other = weak_of(upgraded(weak));
  CHECK(names(weak, &number) && names(other, &number));
  free_weak(&other);
  OK(gcroots_no_gc_exit(store));
}

/* --- Many -------------------------------------------------------------------- */

/* SplitMix64. */
static uint64_t random_bits(void) {
  static uint64_t state = 1;
  uint64_t z = state += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

enum { MANY = 100000, OBJECTS = 500 };
static gcroots_weak_t many[MANY];
static int many_numbers[OBJECTS];
static bool many_freed[MANY];

/* Objects with an odd number are alive; the others are alive unless `odd_only`. */
static void check_many(bool odd_only) {
  for (int i = 0; i < MANY; ++i) {
    int object = i % OBJECTS;
    gcroots_ref_t ref = untouched();
    if (many_freed[i]) {
      CHECK(gcroots_weak_upgrade(store, many[i], &ref) == GCROOTS_ERROR_UNROOTED);
      CHECK(same_bits(ref, untouched()));
    } else {
      CHECK(odd_only && object % 2 == 0 ? cleared(many[i]) : names(many[i], &many_numbers[object]));
    }
  }
}

CASE(many_weak_handles_freed_at_random_keep_their_own_objects) {
  gcroots_manually_rooted_t handles[OBJECTS];
  int left = MANY;
  for (int i = 0; i < OBJECTS; ++i) handles[i] = new_rooted(&many_numbers[i], NULL);
  for (int i = 0; i < MANY; ++i) many[i] = weak_of(handles[i % OBJECTS].ref);
  check_many(false);
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < MANY; ++i) {
      gcroots_weak_t copy = many[i];
      if (many_freed[i] || random_bits() % 3 != 0) continue;
      free_weak(&copy);
      many_freed[i] = true;
      --left;
    }
    if (round == 1)
      for (int i = 0; i < OBJECTS; i += 2) OK(gcroots_manually_rooted_unroot(store, &handles[i]));
    OK(gcroots_store_gc(store));
    OK(gcroots_store_verify(store));
    check_many(round >= 1 && collects);
    CHECK(stats_of(store).weak_handles == (uint64_t)left);
  }
  for (int i = 0; i < MANY; ++i)
    if (!many_freed[i]) free_weak(&many[i]);
  CHECK(stats_of(store).weak_handles == 0 && stats_of(store).weak_handles_max == MANY);
}

CASE(the_stats_keep_the_most_weak_handles) {
  gcroots_ref_t ref = new_externref(NULL);
  gcroots_weak_t weak[50];
  CHECK(stats_of(store).weak_handles == 0 && stats_of(store).weak_handles_max == 0);
  for (int round = 1; round <= 3; ++round) {
    for (int i = 0; i < 50 - 20 * (round % 2); ++i) {
      weak[i] = weak_of(ref);
      CHECK(stats_of(store).weak_handles == (uint64_t)i + 1);
    }
    CHECK(stats_of(store).weak_handles_max == (round == 1 ? 30 : 50));
    for (int i = 0; i < 50 - 20 * (round % 2); ++i) free_weak(&weak[i]);
    CHECK(stats_of(store).weak_handles == 0);
    CHECK(stats_of(store).weak_handles_max == (round == 1 ? 30 : 50));
  }
  OK(gcroots_store_gc(store));
  CHECK(stats_of(store).weak_handles_max == 50 && stats_of(store).manual_roots_max == 0);
}

CASE(weak_handles_made_and_freed_leave_no_memory) {
  gcroots_ref_t ref = new_externref(NULL);
  size_t before = 0;
  for (int burst = 0; burst < 10; ++burst) {
    if (burst == 1) before = resident_bytes();
    for (int i = 0; i < MANY; ++i) many[i] = weak_of(ref);
    for (int i = 0; i < MANY; ++i) free_weak(&many[i]);
    OK(gcroots_store_gc(store));
  }
  CHECK(stats_of(store).weak_handles == 0 && stats_of(store).weak_handles_max == MANY);
  CHECK(resident_bytes() < before + (1 << 20));
}

CASE(weak_handles_of_the_dead_leave_no_memory) {
  enum { CYCLES = 100000 };
  int cycles = stressed ? CYCLES / 10 : CYCLES;
  size_t before = 0;
  for (int i = 0; i < cycles; ++i) {
    gcroots_weak_t weak = new_weak(NULL, NULL);
    if (i == cycles / 4) before = resident_bytes();
    free_weak(&weak);
  }
  OK(gcroots_store_gc(store));
  CHECK(stats_of(store).weak_handles_max == 1);
  CHECK(!collects || resident_bytes() < before + (1 << 20));
}

/* --- Freeing ----------------------------------------------------------------- */

CASE(freeing_zeroes_the_handle_and_ends_its_copies) {
  gcroots_weak_t weak = weak_of(new_externref(NULL)), copy = weak;
  free_weak(&weak);
  check_refused_by_all(GCROOTS_ERROR_UNROOTED, copy);
  CHECK(strstr(gcroots_last_error(), "`weak`") != NULL);
  free_weak(&weak);
  CHECK(gcroots_ref_is_null(upgraded(weak)));
  CHECK(stats_of(store).weak_handles == 0);
}

CASE(a_copy_of_a_freed_handle_never_names_the_next_object) {
  enum { KEPT = 64 };
  gcroots_ref_t ref = new_externref(NULL), out = untouched();
  gcroots_weak_t stale[KEPT];
  for (int i = 0; i < 20000; ++i) {
    gcroots_weak_t weak = weak_of(ref), copy = weak;
    for (int k = 0; k < KEPT && k < i; ++k) {
      CHECK(gcroots_weak_upgrade(store, stale[k], &out) == GCROOTS_ERROR_UNROOTED);
      CHECK(gcroots_weak_free(store, &stale[k]) == GCROOTS_ERROR_UNROOTED);
    }
    free_weak(&weak);
    stale[i % KEPT] = copy;
  }
  CHECK(same_bits(out, untouched()) && stats_of(store).weak_handles == 0);
}

CASE(a_handle_is_freed_before_and_after_its_object_dies) {
  gcroots_weak_t before = new_weak(NULL, NULL), after = new_weak(NULL, NULL), copy;
  free_weak(&before);
  OK(gcroots_store_gc(store));
  copy = after;
  free_weak(&after);
  check_refused_by_all(GCROOTS_ERROR_UNROOTED, copy);
  OK(gcroots_store_gc(store));
}

CASE(freed_and_cleared_are_told_apart) {
  gcroots_weak_t weak = new_weak(NULL, NULL), copy = weak;
  if (!collects) return;
  OK(gcroots_store_gc(store));
  CHECK(cleared(copy));
  free_weak(&weak);
  check_refused_by_all(GCROOTS_ERROR_UNROOTED, copy);
}

/* --- Null -------------------------------------------------------------------- */

CASE(null_stays_null) {
  gcroots_ref_t nulls[2] = {gcroots_ref_null(), {0, UINT32_MAX, UINT32_MAX}};
  for (int i = 0; i < 2; ++i) {
    gcroots_weak_t weak = untouched_weak(), zeros = {0, 0, 0};
    OK(gcroots_weak_new(store, nulls[i], &weak));
    CHECK(same_weak(weak, zeros));
    weak.generation = nulls[i].generation;
    weak.index = nulls[i].index;
    CHECK(same_bits(upgraded(weak), gcroots_ref_null()));
    free_weak(&weak);
  }
  CHECK(stats_of(store).weak_handles_max == 0 && stats_of(store).scoped_roots_max == 0);
}

CASE(a_local_that_holds_null_gives_a_null_handle) {
  gcroots_ref_t local = new_local(gcroots_ref_null());
  gcroots_weak_t weak = weak_of(local), zeros = {0, 0, 0};
  CHECK(same_weak(weak, zeros));
  /* A weak handle of a null local does not follow an assignment to the local. */
  OK(gcroots_ref_assign(store, local, new_externref(NULL)));
  CHECK(gcroots_ref_is_null(upgraded(weak)));
  weak = weak_of(local);
  OK(gcroots_ref_assign(store, local, new_externref(&local)));
  CHECK(names(weak, NULL));
}

/* --- Refusals ---------------------------------------------------------------- */

CASE(null_pointers_are_refused_in_their_order) {
  check_nulls(weak_calls);
}

CASE(no_weak_handle_is_made_for_a_bad_one) {
  EACH_BAD_HANDLE(bad) {
    gcroots_weak_t out = untouched_weak();
    REFUSED(bad->status, gcroots_weak_new(store, bad->ref, &out));
    CHECK(strstr(gcroots_last_error(), "`ref`") != NULL);
    CHECK(same_weak(out, untouched_weak()));
  }
  CHECK(stats_of(store).weak_handles_max == 0);
}

CASE(bad_handles_are_refused) {
  int number;
  struct arguments a;
  new_arguments(&a, store);
  a.h.ref = new_externref(&number);
  a.h.weak = weak_of(a.h.ref);
  check_bad_handles(weak_calls, &a);
  CHECK(names(a.h.weak, &number));
  free_arguments(&a);
}

CASE(forged_weak_handles_are_refused_by_a_store_without_any) {
  gcroots_scope_t scope = enter();
  for (uint32_t generation = 0; generation < 4; ++generation) {
    gcroots_weak_t forged = {scope.store_id, generation, 0};
    check_refused_by_all(GCROOTS_ERROR_UNROOTED, forged);
    forged.generation = UINT32_MAX - generation;
    check_refused_by_all(GCROOTS_ERROR_UNROOTED, forged);
  }
}

CASE(the_next_weak_handle_is_not_valid_before_it_is_made) {
  gcroots_ref_t ref = new_externref(NULL);
  gcroots_weak_t kept = weak_of(ref), weak = weak_of(ref), copy = weak;
  free_weak(&weak);
  for (uint32_t generation = 0; generation < 50; ++generation)
    for (uint32_t slot = 0; slot < 1000; slot += 83) {
      gcroots_weak_t beyond = {copy.store_id, generation, copy.index + slot};
      if (!same_weak(beyond, kept)) check_refused_by_all(GCROOTS_ERROR_UNROOTED, beyond);
    }
  CHECK(names(kept, NULL));
}

CASE(a_weak_handle_of_another_store_is_refused) {
  gcroots_store_t *mine = store;
  gcroots_weak_t here = weak_of(new_externref(&here)), there;
  store = another_store();
  there = weak_of(new_externref(&there));
  check_refused_by_all(GCROOTS_ERROR_WRONG_STORE, here);
  store = mine;
  CHECK(here.index == there.index && here.generation == there.generation);
  check_refused_by_all(GCROOTS_ERROR_WRONG_STORE, there);
  CHECK(names(here, &here));
}

CASE(a_weak_handle_of_a_deleted_store_is_refused) {
  gcroots_weak_t weak = weak_of(new_externref(NULL));
  OK(gcroots_store_free(store));
  OK(gcroots_store_new(engine, &store));
  weak_of(new_externref(NULL));
  check_refused_by_all(GCROOTS_ERROR_WRONG_STORE, weak);
}

static gcroots_weak_t shared;
static gcroots_ref_t shared_ref;

static void every_call_is_of_the_wrong_thread(void) {
  gcroots_weak_t weak = untouched_weak();
  check_refused_by_all(GCROOTS_ERROR_WRONG_THREAD, shared);
  check_refused_by_all(GCROOTS_ERROR_WRONG_THREAD, untouched_weak());
  check_refused_by_all(GCROOTS_ERROR_WRONG_THREAD, (gcroots_weak_t){0, 0, 0});
  REFUSED(GCROOTS_ERROR_WRONG_THREAD, gcroots_weak_new(store, shared_ref, &weak));
  REFUSED(GCROOTS_ERROR_WRONG_THREAD, gcroots_weak_new(store, gcroots_ref_null(), &weak));
  CHECK(same_weak(weak, untouched_weak()));
}

CASE(another_thread_is_refused) {
  int number;
  shared_ref = new_externref(&number);
  shared = weak_of(shared_ref);
  on_another_thread(every_call_is_of_the_wrong_thread);
  OK(gcroots_store_detach(store));
  every_call_is_of_the_wrong_thread();
  OK(gcroots_store_attach(store));
  CHECK(names(shared, &number) && stats_of(store).weak_handles == 1);
}

static void attach_upgrade_and_free(void) {
  OK(gcroots_store_attach(store));
  OK(gcroots_store_gc(store));
  CHECK(names(shared, &shared));
  free_weak(&shared);
  OK(gcroots_store_detach(store));
}

CASE(weak_handles_are_handed_over_with_their_store) {
  shared = weak_of(new_externref(&shared));
  OK(gcroots_store_detach(store));
  on_another_thread(attach_upgrade_and_free);
  OK(gcroots_store_attach(store));
  CHECK(stats_of(store).weak_handles == 0);
}

/* Whatever status is returned, only a live object is named. */
static void check_any_answer(gcroots_ref_t ref, void *live) {
  void *data = live;
  gcroots_status_t status = gcroots_externref_data(store, ref, &data);
  CHECK(status == GCROOTS_OK || status == GCROOTS_ERROR_UNROOTED);
  CHECK(data == live);
}

CASE(weak_bits_passed_as_a_reference_name_nothing_dead) {
  int number;
  gcroots_ref_t ref = new_externref(&number);
  gcroots_manually_rooted_t handle = root(ref);
  for (int i = 0; i < 200; ++i) {
    gcroots_weak_t weak = i % 2 == 0 ? weak_of(ref) : new_weak(&number, NULL);
    gcroots_ref_t bits = {weak.store_id, weak.generation, weak.index};
    gcroots_manually_rooted_t manual = {bits};
    check_any_answer(bits, &number);
    bits.index |= 1U << 31;
    check_any_answer(bits, &number);
    REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_manually_rooted_unroot(store, &manual));
    if (i % 3 == 0) free_weak(&weak);
    if (i % 50 == 0) OK(gcroots_store_gc(store));
  }
  CHECK(data_of(ref) == &number && data_of(handle.ref) == &number);
}

CASE(reference_bits_passed_as_a_weak_handle_name_nothing_dead) {
  int number;
  gcroots_weak_t weak;
  for (int i = 0; i < 200; ++i) {
    gcroots_scope_t scope = enter();
    gcroots_ref_t ref = new_externref(&number), out = untouched();
    gcroots_manually_rooted_t handle = root(ref);
    gcroots_weak_t bits = {ref.store_id, ref.generation, ref.index};
    gcroots_weak_t manual = {ref.store_id, handle.ref.generation, handle.ref.index};
    check_refused_by_all(GCROOTS_ERROR_UNROOTED, manual);
    if (gcroots_weak_upgrade(store, bits, &out) == GCROOTS_OK)
      CHECK(gcroots_ref_is_null(out) || data_of(out) == &number);
    else
      CHECK(same_bits(out, untouched()));
    weak = weak_of(ref);
    if (i % 3 == 0) free_weak(&weak);
    OK(gcroots_manually_rooted_unroot(store, &handle));
    OK(gcroots_scope_exit(store, scope));
    if (i % 50 == 0) OK(gcroots_store_gc(store));
  }
}

/* --- Memory ------------------------------------------------------------------ */

CASE(an_upgrade_without_memory_is_refused) {
  int number;
  gcroots_ref_t ref = new_externref(&number), local, out = untouched();
  gcroots_weak_t weak = weak_of(ref);
  memory_out(true);
  while (gcroots_local_new(store, ref, &local) == GCROOTS_OK) {
  }
  for (int i = 0; i < 3; ++i)
    REFUSED(GCROOTS_ERROR_OUT_OF_MEMORY, gcroots_weak_upgrade(store, weak, &out));
  CHECK(same_bits(out, untouched()));
  check_refused_by_all(GCROOTS_ERROR_UNROOTED,
                       (gcroots_weak_t){weak.store_id, weak.generation + 1, weak.index});
  /* A null weak handle needs no root, so it needs no memory. */
  CHECK(gcroots_ref_is_null(upgraded((gcroots_weak_t){0, 0, 0})));
  memory_out(false);
  OK(gcroots_store_verify(store));
  CHECK(data_of(upgraded(weak)) == &number);
}

CASE(a_weak_handle_without_memory_is_refused) {
  int number;
  gcroots_ref_t ref = new_externref(&number);
  gcroots_weak_t first = weak_of(ref), made = first, last = first;
  gcroots_status_t status;
  memory_out(true);
  while ((status = gcroots_weak_new(store, ref, &made)) == GCROOTS_OK) last = made;
  CHECK(status == GCROOTS_ERROR_OUT_OF_MEMORY && same_weak(made, last));
  made = untouched_weak();
  REFUSED(GCROOTS_ERROR_OUT_OF_MEMORY, gcroots_weak_new(store, ref, &made));
  CHECK(same_weak(made, untouched_weak()));
  free_weak(&last);
  made = weak_of(ref);
  memory_out(false);
  OK(gcroots_store_verify(store));
  OK(gcroots_store_gc(store));
  CHECK(names(made, &number) && names(first, &number) && names(weak_of(ref), &number));
}

CASE(collections_clear_without_memory) {
  enum { COUNT = 1000 };
  static gcroots_weak_t weak[COUNT];
  for (int i = 0; i < COUNT; ++i) weak[i] = new_weak(NULL, NULL);
  memory_out(true);
  OK(gcroots_store_gc(store));
  memory_out(false);
  for (int i = 0; i < COUNT; ++i) CHECK(cleared(weak[i]) == collects);
}

/* --- In finalizers ----------------------------------------------------------- */

enum { DYING = 50 };
static gcroots_weak_t dying[DYING], living;
static int dying_finalized, living_number;

/* Checks inside a finalizer that no object is reachable that the same collection found
   dead. */
static void upgrade_all(void *data) {
  CHECK(data == &dying_finalized);
  ++dying_finalized;
  if (!collects) return;
  for (int i = 0; i < DYING; ++i) CHECK(cleared(dying[i]));
  CHECK(names(living, &living_number));
}

/* The scope keeps all of them alive until the last one is made, also under stress. */
static void make_dying(void) {
  gcroots_scope_t scope = enter();
  for (int i = 0; i < DYING; ++i) {
    gcroots_ref_t ref;
    OK(gcroots_externref_new(store, &dying_finalized, upgrade_all, &ref));
    dying[i] = weak_of(ref);
  }
  OK(gcroots_scope_exit(store, scope));
}

CASE(weak_handles_are_cleared_before_the_first_finalizer) {
  living = weak_of(new_externref(&living_number));
  make_dying();
  OK(gcroots_store_gc(store));
  CHECK(dying_finalized == (collects ? DYING : 0));
}

CASE(weak_handles_are_cleared_before_the_first_finalizer_of_an_allocation) {
  gcroots_store_t *fixture = store;
  int calls = 0;
  store = new_store(collects ? 64 << 10 : 0);
  living = weak_of(new_externref(&living_number));
  make_dying();
  while (dying_finalized == 0 && calls++ < 10000) {
    gcroots_scope_t scope = enter();
    new_externref(NULL);
    OK(gcroots_scope_exit(store, scope));
  }
  CHECK(dying_finalized == (collects ? DYING : 0));
  free_store();
  store = fixture;
}

static gcroots_weak_t made_inside;

static void use_inside(void *data) {
  gcroots_ref_t ref = upgraded(living);
  CHECK(data_of(ref) == data);
  made_inside = weak_of(ref);
  OK(gcroots_store_gc(store));
  CHECK(names(made_inside, data));
  free_weak(&living);
}

CASE(a_finalizer_may_make_upgrade_and_free) {
  gcroots_ref_t ref = new_externref(&living_number);
  living = weak_of(ref);
  if (!run_as_finalizer(use_inside, &living_number)) return;
  CHECK(names(made_inside, &living_number) && living.store_id == 0);
  CHECK(stats_of(store).weak_handles == 1);
}

static gcroots_manually_rooted_t rescued;

static void rescue(void *data) {
  (void)data;
  rescued = root(upgraded(living));
  gcroots_ref_t outer = *(gcroots_ref_t *)data;
  OK(gcroots_ref_assign(store, outer, gcroots_ref_null()));
}

CASE(a_finalizer_may_root_what_it_upgraded) {
  gcroots_ref_t ref = new_externref(&living_number);
  living = weak_of(ref);
  if (!run_as_finalizer(rescue, &ref)) return;
  OK(gcroots_store_gc(store));
  CHECK(names(living, &living_number) && data_of(rescued.ref) == &living_number);
  OK(gcroots_manually_rooted_unroot(store, &rescued));
  OK(gcroots_store_gc(store));
  CHECK(cleared(living));
}

static void every_call_is_busy(void *data) {
  gcroots_weak_t out = untouched_weak();
  ++*(int *)data;
  check_refused_by_all(GCROOTS_ERROR_BUSY, living);
  check_refused_by_all(GCROOTS_ERROR_BUSY, untouched_weak());
  check_refused_by_all(GCROOTS_ERROR_BUSY, (gcroots_weak_t){0, 0, 0});
  REFUSED(GCROOTS_ERROR_BUSY, gcroots_weak_new(store, shared_ref, &out));
  CHECK(same_weak(out, untouched_weak()));
}

CASE(every_call_in_the_deletion_of_the_store_is_busy) {
  static int finalized;
  OK(gcroots_externref_new(store, &finalized, every_call_is_busy, &shared_ref));
  living = weak_of(shared_ref);
  OK(gcroots_store_free(store));
  store = NULL;
  CHECK(finalized == 1);
}

CASE(outputs_may_be_written_over_inputs) {
  int number;
  union {
    gcroots_ref_t ref;
    gcroots_weak_t weak;
  } both;
  both.ref = new_externref(&number);
  OK(gcroots_weak_new(store, both.ref, &both.weak));
  OK(gcroots_weak_upgrade(store, both.weak, &both.ref));
  CHECK(data_of(both.ref) == &number);
}
