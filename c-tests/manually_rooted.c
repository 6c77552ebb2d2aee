/* Manual roots: made and ended by explicit calls, in any order. */
#include "check.h"
#include "refusals.h"

static void unroot(gcroots_manually_rooted_t *handle) {
  OK(gcroots_manually_rooted_unroot(store, handle));
  CHECK(same_bits(handle->ref, gcroots_ref_null()));
}

/* Every function returns this status for the handle, and writes nothing. */
static void check_refused_by_all(gcroots_status_t status, gcroots_manually_rooted_t handle) {
  gcroots_manually_rooted_t kept = handle, made = untouched_handle();
  gcroots_ref_t out = untouched();
  REFUSED(status, gcroots_manually_rooted_clone(store, handle, &made));
  REFUSED(status, gcroots_manually_rooted_to_rooted(store, handle, &out));
  REFUSED(status, gcroots_manually_rooted_into_rooted(store, &handle, &out));
  REFUSED(status, gcroots_manually_rooted_into_rooted(store, &handle, &handle.ref));
  REFUSED(status, gcroots_manually_rooted_unroot(store, &handle));
  CHECK(same_bits(made.ref, untouched()) && same_bits(out, untouched()));
  CHECK(same_bits(handle.ref, kept.ref));
}

/* --- Lives and deaths -------------------------------------------------------- */

CASE(a_manual_root_outlives_scopes) {
  static int finalized;
  gcroots_scope_t outer = enter();
  enter();
  gcroots_manually_rooted_t handle = new_rooted(&finalized, count_call);
  OK(gcroots_scope_unwind(store, outer));
  for (int i = 0; i < 3; ++i) {
    outer = enter();
    OK(gcroots_store_gc(store));
    CHECK(data_of(handle.ref) == &finalized && finalized == 0);
    OK(gcroots_scope_exit(store, outer));
  }
  enter();
  unroot(&handle);
  OK(gcroots_store_gc(store));
  CHECK(finalized == (collects ? 1 : 0));
}

CASE(manual_roots_end_in_any_order) {
  enum { COUNT = 101 };
  static int finalized[COUNT];
  gcroots_manually_rooted_t handles[COUNT];
  for (int i = 0; i < COUNT; ++i) handles[i] = new_rooted(&finalized[i], count_call);
  for (int i = 0, at = 0; i < COUNT; ++i, at = (at + 37) % COUNT) {
    unroot(&handles[at]);
    OK(gcroots_store_gc(store));
    for (int k = 0; k < COUNT; ++k) {
      bool ended = gcroots_ref_is_null(handles[k].ref);
      CHECK(finalized[k] == (ended && collects ? 1 : 0));
      if (!ended) CHECK(data_of(handles[k].ref) == &finalized[k]);
    }
  }
  CHECK(stats_of(store).manual_roots == 0);
}

CASE(clones_die_one_by_one) {
  enum { COUNT = 20 };
  static int finalized;
  gcroots_manually_rooted_t clones[COUNT] = {new_rooted(&finalized, count_call)};
  for (int i = 1; i < COUNT; ++i) clones[i] = clone_root(clones[i / 2]);
  for (int i = 0; i < COUNT; ++i) {
    CHECK(stats_of(store).manual_roots == (uint64_t)(COUNT - i));
    OK(gcroots_store_gc(store));
    for (int k = i; k < COUNT; ++k) CHECK(data_of(clones[k].ref) == &finalized);
    CHECK(finalized == 0);
    gcroots_manually_rooted_t copy = clones[i];
    unroot(&clones[i]);
    check_refused_by_all(GCROOTS_ERROR_UNROOTED, copy);
  }
  OK(gcroots_store_gc(store));
  CHECK(finalized == (collects ? 1 : 0));
}

CASE(a_clone_is_another_root_of_the_same_object) {
  gcroots_manually_rooted_t handle = new_rooted(NULL, NULL), clone = clone_root(handle);
  bool equal = false;
  CHECK(!gcroots_ref_same_root(handle.ref, clone.ref));
  OK(gcroots_ref_eq(store, handle.ref, clone.ref, &equal));
  CHECK(equal);
}

CASE(a_manual_root_of_a_manual_root_is_independent) {
  int number;
  gcroots_manually_rooted_t first = new_rooted(&number, NULL), second = root(first.ref);
  CHECK(!gcroots_ref_same_root(first.ref, second.ref));
  unroot(&first);
  OK(gcroots_store_gc(store));
  CHECK(data_of(second.ref) == &number);
}

CASE(a_manual_root_does_not_follow_an_assignment) {
  int numbers[2];
  gcroots_ref_t ref = new_externref(&numbers[0]);
  gcroots_manually_rooted_t handle = root(ref);
  OK(gcroots_ref_assign(store, ref, new_externref(&numbers[1])));
  OK(gcroots_store_gc(store));
  CHECK(data_of(handle.ref) == &numbers[0]);
}

CASE(many_manual_roots_keep_their_own_objects) {
  enum { COUNT = 2000 };
  static gcroots_manually_rooted_t handles[COUNT];
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < COUNT; ++i)
      if (gcroots_ref_is_null(handles[i].ref)) handles[i] = new_rooted(&handles[i], NULL);
    OK(gcroots_store_gc(store));
    for (int i = 0; i < COUNT; ++i) CHECK(data_of(handles[i].ref) == &handles[i]);
    for (int i = round; i < COUNT; i += 2 + round) unroot(&handles[i]);
    OK(gcroots_store_gc(store));
    for (int i = 0; i < COUNT; ++i)
      if (!gcroots_ref_is_null(handles[i].ref)) CHECK(data_of(handles[i].ref) == &handles[i]);
  }
}

CASE(many_manual_roots_of_one_object_all_resolve) {
  enum { COUNT = 100000 };
  static gcroots_manually_rooted_t handles[COUNT];
  int number;
  handles[0] = new_rooted(&number, NULL);
  for (int i = 1; i < COUNT; ++i) handles[i] = clone_root(handles[i - 1]);
  CHECK(stats_of(store).manual_roots == COUNT);
  OK(gcroots_store_gc(store));
  for (int i = 0; i < COUNT; ++i) CHECK(data_of(handles[i].ref) == &number);
  for (int i = 0; i < COUNT; i += 2) unroot(&handles[i]);
  OK(gcroots_store_gc(store));
  for (int i = 1; i < COUNT; i += 2) CHECK(data_of(handles[i].ref) == &number);
  CHECK(stats_of(store).manual_roots == COUNT / 2);
  CHECK(stats_of(store).manual_roots_max == COUNT);
}

CASE(deletion_ends_manual_roots) {
  static int finalized;
  gcroots_manually_rooted_t handle = new_rooted(&finalized, count_call);
  clone_root(handle);
  OK(gcroots_store_free(store));
  CHECK(finalized == 1);
  OK(gcroots_store_new(engine, &store));
  new_rooted(NULL, NULL);
  check_refused_by_all(GCROOTS_ERROR_WRONG_STORE, handle);
}

/* --- Unrooting --------------------------------------------------------------- */

CASE(unrooting_sets_the_handle_to_null) {
  gcroots_manually_rooted_t handle = new_rooted(NULL, NULL);
  OK(gcroots_manually_rooted_unroot(store, &handle));
  CHECK(same_bits(handle.ref, gcroots_ref_null()));
  OK(gcroots_manually_rooted_unroot(store, &handle));
  CHECK(same_bits(handle.ref, gcroots_ref_null()));
}

CASE(a_second_unroot_through_a_copy_is_refused) {
  int number;
  gcroots_manually_rooted_t handle = new_rooted(NULL, NULL), copy = handle;
  unroot(&handle);
  check_refused_by_all(GCROOTS_ERROR_UNROOTED, copy);
  /* The next root in the slot is not the copy's. */
  gcroots_manually_rooted_t next = new_rooted(&number, NULL);
  check_refused_by_all(GCROOTS_ERROR_UNROOTED, copy);
  CHECK(data_of(next.ref) == &number);
}

CASE(an_unrooted_handle_is_refused_by_readers) {
  gcroots_manually_rooted_t handle = new_rooted(NULL, NULL), copy = handle;
  gcroots_manually_rooted_t made = untouched_handle();
  void *data = &copy;
  unroot(&handle);
  REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_externref_data(store, copy.ref, &data));
  REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_ref_to_manually_rooted(store, copy.ref, &made));
  CHECK(data == &copy && same_bits(made.ref, untouched()));
}

CASE(no_copy_of_an_unrooted_handle_ever_resolves_again) {
  enum { KEPT = 64 };
  gcroots_ref_t ref = new_externref(NULL);
  gcroots_manually_rooted_t stale[KEPT];
  void *data = NULL;
  for (int i = 0; i < 20000; ++i) {
    gcroots_manually_rooted_t handle = root(ref), copy = handle;
    for (int k = 0; k < KEPT && k < i; ++k) {
      CHECK(gcroots_externref_data(store, stale[k].ref, &data) == GCROOTS_ERROR_UNROOTED);
      CHECK(gcroots_manually_rooted_unroot(store, &stale[k]) == GCROOTS_ERROR_UNROOTED);
    }
    OK(gcroots_manually_rooted_unroot(store, &handle));
    stale[i % KEPT] = copy;
  }
  CHECK(data == NULL && stats_of(store).manual_roots == 0);
}

/* --- To scoped --------------------------------------------------------------- */

CASE(to_rooted_leaves_the_manual_root) {
  int number;
  gcroots_manually_rooted_t handle = new_rooted(&number, NULL);
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref;
  void *data = NULL;
  OK(gcroots_manually_rooted_to_rooted(store, handle, &ref));
  CHECK(!gcroots_ref_same_root(ref, handle.ref) && (ref.index & 1U << 31) == 0);
  OK(gcroots_store_gc(store));
  CHECK(data_of(ref) == &number && data_of(handle.ref) == &number);
  OK(gcroots_scope_exit(store, scope));
  REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_externref_data(store, ref, &data));
  CHECK(data_of(handle.ref) == &number);
}

CASE(the_scoped_root_of_a_manual_one_outlives_it) {
  static int finalized;
  gcroots_manually_rooted_t handle = new_rooted(&finalized, count_call);
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref;
  OK(gcroots_manually_rooted_to_rooted(store, handle, &ref));
  unroot(&handle);
  OK(gcroots_store_gc(store));
  CHECK(data_of(ref) == &finalized && finalized == 0);
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_store_gc(store));
  CHECK(finalized == (collects ? 1 : 0));
}

CASE(into_rooted_takes_the_manual_root) {
  static int finalized;
  gcroots_manually_rooted_t handle = new_rooted(&finalized, count_call), copy = handle;
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref;
  OK(gcroots_manually_rooted_into_rooted(store, &handle, &ref));
  CHECK(same_bits(handle.ref, gcroots_ref_null()));
  CHECK(stats_of(store).manual_roots == 0 && stats_of(store).scoped_roots == 1);
  check_refused_by_all(GCROOTS_ERROR_UNROOTED, copy);
  OK(gcroots_store_gc(store));
  CHECK(data_of(ref) == &finalized);
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_store_gc(store));
  CHECK(finalized == (collects ? 1 : 0));
}

CASE(into_rooted_leaves_clones) {
  int number;
  gcroots_manually_rooted_t handle = new_rooted(&number, NULL), clone = clone_root(handle);
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref;
  OK(gcroots_manually_rooted_into_rooted(store, &handle, &ref));
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_store_gc(store));
  CHECK(data_of(clone.ref) == &number);
}

/* --- Same address ------------------------------------------------------------ */

CASE(into_rooted_writes_over_its_own_input) {
  int number;
  gcroots_manually_rooted_t handle = new_rooted(&number, NULL), copy = handle;
  OK(gcroots_manually_rooted_into_rooted(store, &handle, &handle.ref));
  CHECK(data_of(handle.ref) == &number && (handle.ref.index & 1U << 31) == 0);
  check_refused_by_all(GCROOTS_ERROR_UNROOTED, copy);
  CHECK(stats_of(store).manual_roots == 0 && stats_of(store).scoped_roots == 1);
}

CASE(the_others_write_over_their_own_input) {
  int number;
  gcroots_manually_rooted_t handle = new_rooted(&number, NULL), original = handle;
  OK(gcroots_manually_rooted_clone(store, handle, &handle));
  CHECK(data_of(handle.ref) == &number && !gcroots_ref_same_root(handle.ref, original.ref));
  OK(gcroots_ref_to_manually_rooted(store, handle.ref, &handle));
  CHECK(data_of(handle.ref) == &number && stats_of(store).manual_roots == 3);
  OK(gcroots_manually_rooted_to_rooted(store, handle, &handle.ref));
  CHECK(data_of(handle.ref) == &number && stats_of(store).scoped_roots == 1);
}

/* --- Null -------------------------------------------------------------------- */

CASE(null_stays_null) {
  gcroots_ref_t nulls[2] = {gcroots_ref_null(), {0, UINT32_MAX, UINT32_MAX}};
  for (int i = 0; i < 2; ++i) {
    gcroots_manually_rooted_t handle = {nulls[i]}, made = untouched_handle();
    gcroots_ref_t out = untouched();
    OK(gcroots_ref_to_manually_rooted(store, nulls[i], &made));
    CHECK(gcroots_ref_is_null(made.ref));
    made = untouched_handle();
    OK(gcroots_manually_rooted_clone(store, handle, &made));
    CHECK(gcroots_ref_is_null(made.ref));
    OK(gcroots_manually_rooted_to_rooted(store, handle, &out));
    CHECK(gcroots_ref_is_null(out));
    out = untouched();
    OK(gcroots_manually_rooted_into_rooted(store, &handle, &out));
    CHECK(gcroots_ref_is_null(out) && gcroots_ref_is_null(handle.ref));
    handle.ref = nulls[i];
    OK(gcroots_manually_rooted_into_rooted(store, &handle, &handle.ref));
    CHECK(gcroots_ref_is_null(handle.ref));
    OK(gcroots_manually_rooted_unroot(store, &handle));
    CHECK(gcroots_ref_is_null(handle.ref));
  }
  CHECK(stats_of(store).manual_roots_max == 0 && stats_of(store).scoped_roots_max == 0);
}

CASE(a_local_that_holds_null_gives_a_null_handle) {
  gcroots_ref_t local;
  gcroots_manually_rooted_t handle = untouched_handle();
  OK(gcroots_local_new(store, gcroots_ref_null(), &local));
  OK(gcroots_ref_to_manually_rooted(store, local, &handle));
  CHECK(same_bits(handle.ref, gcroots_ref_null()));
  CHECK(stats_of(store).manual_roots_max == 0);
}

/* --- Refusals ---------------------------------------------------------------- */

CASE(bad_handles_are_refused) {
  int number;
  gcroots_manually_rooted_t alive = new_rooted(&number, NULL);
  struct arguments a;
  new_arguments(&a, store);
  check_bad_handles(manually_rooted_calls, &a);
  free_arguments(&a);
  CHECK(data_of(alive.ref) == &number);
}

CASE(the_bits_of_a_scoped_handle_are_refused) {
  int number;
  gcroots_manually_rooted_t scoped = {new_externref(&number)}, null_local;
  OK(gcroots_local_new(store, gcroots_ref_null(), &null_local.ref));
  check_refused_by_all(GCROOTS_ERROR_UNROOTED, scoped);
  check_refused_by_all(GCROOTS_ERROR_UNROOTED, null_local);
  CHECK(data_of(scoped.ref) == &number);
}

CASE(the_next_handle_is_not_valid_before_it_is_made) {
  gcroots_ref_t ref = new_externref(NULL);
  gcroots_manually_rooted_t first = root(ref), coming = root(ref), copy = coming;
  unroot(&coming);
  coming = root(ref);
  unroot(&coming);
  /* No generation or slot that follows is valid yet. */
  for (uint32_t generation = 0; generation < 50; ++generation) {
    copy.ref.generation = generation;
    check_refused_by_all(GCROOTS_ERROR_UNROOTED, copy);
    for (uint32_t slot = 1; slot < 1000; slot += 83) {
      gcroots_manually_rooted_t beyond = copy;
      beyond.ref.index += slot;
      if (!gcroots_ref_same_root(beyond.ref, first.ref))
        check_refused_by_all(GCROOTS_ERROR_UNROOTED, beyond);
    }
  }
  CHECK(stats_of(store).manual_roots == 1);
}

CASE(another_store_does_not_end_a_root) {
  int number;
  gcroots_manually_rooted_t handle = new_rooted(&number, NULL), kept = handle;
  gcroots_store_t *mine = store;
  store = another_store();
  new_rooted(NULL, NULL);
  check_refused_by_all(GCROOTS_ERROR_WRONG_STORE, handle);
  store = mine;
  CHECK(same_bits(handle.ref, kept.ref) && data_of(handle.ref) == &number);
}

CASE(null_pointers_are_refused) {
  check_nulls(manually_rooted_calls);
}

CASE(every_call_on_a_detached_store_is_refused) {
  int number;
  gcroots_manually_rooted_t handle = new_rooted(&number, NULL), made = untouched_handle();
  OK(gcroots_store_detach(store));
  check_refused_by_all(GCROOTS_ERROR_WRONG_THREAD, handle);
  check_refused_by_all(GCROOTS_ERROR_WRONG_THREAD, untouched_handle());
  check_refused_by_all(GCROOTS_ERROR_WRONG_THREAD, (gcroots_manually_rooted_t){gcroots_ref_null()});
  REFUSED(GCROOTS_ERROR_WRONG_THREAD, gcroots_ref_to_manually_rooted(store, handle.ref, &made));
  CHECK(same_bits(made.ref, untouched()));
  OK(gcroots_store_attach(store));
  CHECK(data_of(handle.ref) == &number);
}

static void call_each(void *data) {
  gcroots_manually_rooted_t *handle = data, made;
  check_refused_by_all(GCROOTS_ERROR_BUSY, *handle);
  check_refused_by_all(GCROOTS_ERROR_BUSY, (gcroots_manually_rooted_t){gcroots_ref_null()});
  REFUSED(GCROOTS_ERROR_BUSY, gcroots_ref_to_manually_rooted(store, handle->ref, &made));
}

CASE(every_call_in_the_deletion_of_the_store_is_busy) {
  gcroots_manually_rooted_t handle = new_rooted(&handle, call_each);
  OK(gcroots_store_free(store));
  store = NULL;
}

/* --- Memory ------------------------------------------------------------------ */

enum { CYCLES = 100000 };

CASE(roots_made_and_dropped_leave_no_memory) {
  size_t before = 0;
  gcroots_ref_t ref = new_externref(NULL);
  for (int i = 0; i < CYCLES; ++i) {
    gcroots_scope_t scope = enter();
    gcroots_ref_t scoped;
    if (i == CYCLES / 10) before = resident_bytes();
    OK(gcroots_local_new(store, ref, &scoped));
    gcroots_manually_rooted_t handle = root(scoped), clone = clone_root(handle);
    OK(gcroots_scope_exit(store, scope));
    scope = enter();
    OK(gcroots_manually_rooted_into_rooted(store, &clone, &scoped));
    OK(gcroots_scope_exit(store, scope));
    unroot(&handle);
  }
  CHECK(resident_bytes() < before + (1 << 20));
  CHECK(stats_of(store).manual_roots == 0 && stats_of(store).manual_roots_max == 2);
  CHECK(stats_of(store).scoped_roots == 1 && stats_of(store).scoped_roots_max == 2);
}

CASE(objects_rooted_and_dropped_leave_no_memory) {
  const unsigned cycles = stressed ? CYCLES / 10 : CYCLES;
  size_t before = 0;
  static int finalized;
  for (unsigned i = 0; i < cycles; ++i) {
    if (i == cycles / 10) {
      OK(gcroots_store_gc(store));
      before = resident_bytes();
    }
    gcroots_manually_rooted_t handle = new_rooted(&finalized, count_call);
    unroot(&handle);
  }
  OK(gcroots_store_gc(store));
  CHECK(finalized == (collects ? (int)cycles : 0));
  CHECK(stats_of(store).objects == (collects ? 0 : cycles));
  CHECK(!collects || resident_bytes() < before + (1 << 20));
}

CASE(a_manual_root_without_memory_is_refused) {
  int number;
  gcroots_ref_t ref = new_externref(&number);
  gcroots_manually_rooted_t handle = root(ref), made = handle, last = handle;
  gcroots_status_t status;
  memory_out(true);
  while ((status = gcroots_ref_to_manually_rooted(store, ref, &made)) == GCROOTS_OK) last = made;
  CHECK(status == GCROOTS_ERROR_OUT_OF_MEMORY && gcroots_ref_same_root(made.ref, last.ref));
  made = untouched_handle();
  REFUSED(GCROOTS_ERROR_OUT_OF_MEMORY, gcroots_ref_to_manually_rooted(store, ref, &made));
  REFUSED(GCROOTS_ERROR_OUT_OF_MEMORY, gcroots_manually_rooted_clone(store, handle, &made));
  CHECK(same_bits(made.ref, untouched()));
  gcroots_manually_rooted_t stale = {{last.ref.store_id, 0, last.ref.index}};
  REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_manually_rooted_clone(store, stale, &made));
  unroot(&last);
  last = clone_root(handle);
  memory_out(false);
  OK(gcroots_store_gc(store));
  CHECK(data_of(last.ref) == &number && data_of(clone_root(handle).ref) == &number);
}

CASE(a_failed_conversion_leaves_the_manual_root) {
  int number;
  gcroots_manually_rooted_t handle = new_rooted(&number, NULL), kept = handle;
  gcroots_ref_t out = untouched(), local;
  memory_out(true);
  while (gcroots_local_new(store, handle.ref, &local) == GCROOTS_OK) {
  }
  REFUSED(GCROOTS_ERROR_OUT_OF_MEMORY, gcroots_manually_rooted_to_rooted(store, handle, &out));
  REFUSED(GCROOTS_ERROR_OUT_OF_MEMORY, gcroots_manually_rooted_into_rooted(store, &handle, &out));
  REFUSED(GCROOTS_ERROR_OUT_OF_MEMORY,
          gcroots_manually_rooted_into_rooted(store, &handle, &handle.ref));
  CHECK(same_bits(out, untouched()) && same_bits(handle.ref, kept.ref));
  memory_out(false);
  OK(gcroots_manually_rooted_into_rooted(store, &handle, &out));
  CHECK(data_of(out) == &number && stats_of(store).manual_roots == 0);
}

/* --- In a finalizer ---------------------------------------------------------- */

static gcroots_manually_rooted_t made_inside;

static void root_inside(void *data) {
  gcroots_manually_rooted_t *outside = data, clone = clone_root(*outside);
  gcroots_ref_t ref;
  made_inside = root(new_externref(data));
  OK(gcroots_manually_rooted_to_rooted(store, clone, &ref));
  OK(gcroots_manually_rooted_into_rooted(store, &clone, &ref));
}

CASE(a_manual_root_made_in_a_finalizer_outlives_it) {
  int number;
  gcroots_manually_rooted_t outside = new_rooted(&number, NULL);
  if (!run_as_finalizer(root_inside, &outside)) return;
  OK(gcroots_store_gc(store));
  CHECK(data_of(made_inside.ref) == &outside && data_of(outside.ref) == &number);
  CHECK(stats_of(store).manual_roots == 2 && stats_of(store).scoped_roots == 0);
}

static int released;

static void release(void *handle) {
  ++released;
  if (collects) unroot(handle);
}

CASE(one_collection_takes_what_finalizers_let_go) {
  enum { LENGTH = 50 };
  static gcroots_manually_rooted_t chain[LENGTH];
  static int finalized;
  gcroots_manually_rooted_t first;
  chain[LENGTH - 1] = new_rooted(&finalized, count_call);
  for (int i = LENGTH - 2; i >= 0; --i) chain[i] = new_rooted(&chain[i + 1], release);
  first = new_rooted(&chain[0], release);
  OK(gcroots_store_gc(store));
  CHECK(released == 0);
  unroot(&first);
  OK(gcroots_store_gc(store));
  CHECK(released == (collects ? LENGTH : 0) && finalized == (collects ? 1 : 0));
  CHECK(stats_of(store).objects == (collects ? 0 : LENGTH + 1));
}

CASE(one_collection_takes_what_the_finalizer_of_store_data_lets_go) {
  static gcroots_manually_rooted_t handle;
  static int finalized;
  handle = new_rooted(&finalized, count_call);
  OK(gcroots_store_set_data(store, &handle, release));
  OK(gcroots_store_set_data(store, NULL, NULL));
  CHECK(released == 0);
  OK(gcroots_store_gc(store));
  CHECK(released == (collects ? 1 : 0));
  CHECK(finalized == (collects ? 1 : 0));
}
