/* gcroots_wasm.h: externrefs as Wasmtime's C API has them. */
#include <gcroots_wasm.h>

#include "threads.h"
#include "wasm_refusals.h"

static wasm_externref_t new_wasm(void *data, gcroots_finalizer_t finalizer) {
  wasm_externref_t ref;
  CHECK(wasm_externref_new(store, data, finalizer, &ref));
  return ref;
}

static wasm_externref_t clone_of(wasm_externref_t ref) {
  wasm_externref_t clone;
  CHECK(wasm_externref_clone(store, &ref, &clone));
  return clone;
}

/* Reading and cloning refuse the handle with this status. */
static void check_refused_by_readers(gcroots_status_t status, wasm_externref_t ref) {
  wasm_externref_t out = untouched_wasm(), kept = ref;
  void *data;
  REFUSED_AS(status, gcroots_externref_data(store, ref.ref, &data),
             wasm_externref_data(store, &ref));
  REFUSED_AS(status, gcroots_manually_rooted_clone(store, ref, &out),
             wasm_externref_clone(store, &ref, &out));
  REFUSED_AS(status, gcroots_manually_rooted_clone(store, ref, &out),
             wasm_externref_clone(store, &ref, &ref));
  CHECK(same_bits(out.ref, untouched()) && same_bits(ref.ref, kept.ref));
}

/* Replaces the fixture's store by one with the smallest limit. */
static void use_a_small_store(void) {
  OK(gcroots_store_free(store));
  store = new_store(64 << 10);
}

/* What other threads and finalizers use. */
static wasm_externref_t shared;
static int host, finalized;

/* --- Making -------------------------------------------------------------------- */

CASE(new_makes_one_manual_root) {
  wasm_externref_t ref = new_wasm(&host, NULL);
  CHECK(stats_of(store).manual_roots == 1 && stats_of(store).scoped_roots_max == 0);
  CHECK(stats_of(store).objects == 1 && !wasm_externref_is_null(&ref));
  CHECK(wasm_externref_data(store, &ref) == &host);
}

CASE(a_handle_is_16_bytes_and_outlives_scopes) {
  gcroots_scope_t scope = enter();
  wasm_externref_t ref = new_wasm(&host, NULL);
  CHECK(sizeof ref == 16);
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_store_gc(store));
  CHECK(wasm_externref_data(store, &ref) == &host);
}

CASE(a_handle_is_a_manual_one_of_gcroots) {
  wasm_externref_t ref = new_wasm(&host, NULL);
  gcroots_manually_rooted_t clone;
  OK(gcroots_manually_rooted_clone(store, ref, &clone));
  CHECK(data_of(ref.ref) == &host && wasm_externref_data(store, &clone) == &host);
  OK(gcroots_manually_rooted_unroot(store, &ref));
  CHECK(wasm_externref_is_null(&ref) && stats_of(store).manual_roots == 1);
}

CASE(new_refuses_null_pointers) {
  wasm_externref_t out = untouched_wasm();
  REFUSED_AS(GCROOTS_ERROR_NULL_ARGUMENT,
             gcroots_externref_new_manually_rooted(NULL, &finalized, count_call, &out),
             wasm_externref_new(NULL, &finalized, count_call, &out));
  REFUSED_AS(GCROOTS_ERROR_NULL_ARGUMENT,
             gcroots_externref_new_manually_rooted(store, &finalized, count_call, NULL),
             wasm_externref_new(store, &finalized, count_call, NULL));
  CHECK(same_bits(out.ref, untouched()));
  free_store();
  CHECK(finalized == 0);
}

CASE(the_finalizer_runs_once_after_the_last_root) {
  wasm_externref_t ref = new_wasm(&finalized, count_call), clone = clone_of(ref);
  wasm_externref_unroot(&ref);
  OK(gcroots_store_gc(store));
  CHECK(finalized == 0 && wasm_externref_data(store, &clone) == &finalized);
  wasm_externref_unroot(&clone);
  CHECK(finalized == 0);
  OK(gcroots_store_gc(store));
  CHECK(finalized == (collects ? 1 : 0));
  free_store();
  CHECK(finalized == 1);
}

CASE(a_full_heap_refuses_until_a_root_ends) {
  enum { MOST = (64 << 10) / 16 + 1 };
  static wasm_externref_t made[MOST];
  wasm_externref_t out = untouched_wasm();
  int count = 0;
  use_a_small_store();
  while (count < MOST && wasm_externref_new(store, NULL, NULL, &made[count])) ++count;
  REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_OUT_OF_MEMORY,
                           gcroots_externref_new_manually_rooted(store, NULL, NULL, &out));
  CHECK(count > 0);
  CHECK(!wasm_externref_new(store, &finalized, count_call, &out));
  CHECK(strstr(gcroots_last_error(), "limit") != NULL && same_bits(out.ref, untouched()));
  CHECK(stats_of(store).manual_roots == (uint64_t)count);
  CHECK(stats_of(store).objects == (uint64_t)count);
  wasm_externref_unroot(&made[count / 2]);
  CHECK(wasm_externref_new(store, NULL, NULL, &out) == collects);
  free_store();
  CHECK(finalized == 0);
}

CASE(without_memory_for_its_root_no_object_is_made) {
  wasm_externref_t first = new_wasm(&host, NULL), out;
  uint64_t roots;
  memory_out(true);
  while (wasm_externref_clone(store, &first, &out)) {
  }
  out = untouched_wasm();
  check_refused(__FILE__, __LINE__, "new", GCROOTS_ERROR_OUT_OF_MEMORY,
                gcroots_externref_new_manually_rooted(store, NULL, NULL, &out));
  roots = stats_of(store).manual_roots;
  leave_another_message();
  CHECK(!wasm_externref_new(store, &finalized, count_call, &out));
  CHECK(!another_message_is_still_there() && same_bits(out.ref, untouched()));
  CHECK(stats_of(store).manual_roots == roots && stats_of(store).objects == 1);
  memory_out(false);
  CHECK(wasm_externref_new(store, NULL, NULL, &out));
  free_store();
  CHECK(finalized == 0);
}

/* --- Reading ------------------------------------------------------------------- */

CASE(the_data_of_null_is_null_with_a_message) {
  wasm_externref_t null_handle = null_wasm();
  void *data;
  REFUSED_AS(GCROOTS_ERROR_NULL_REFERENCE, gcroots_externref_data(store, gcroots_ref_null(), &data),
             wasm_externref_data(store, &null_handle));
  REFUSED_AS(GCROOTS_ERROR_NULL_REFERENCE, gcroots_externref_data(store, gcroots_ref_null(), &data),
             wasm_externref_data(store, NULL));
  REFUSED_AS(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_externref_data(NULL, untouched(), &data),
             wasm_externref_data(NULL, &null_handle));
}

CASE(null_data_leaves_no_message) {
  wasm_externref_t ref = new_wasm(NULL, NULL);
  leave_another_message();
  CHECK(wasm_externref_data(store, &ref) == NULL && another_message_is_still_there());
}

/* --- Cloning ------------------------------------------------------------------- */

CASE(a_clone_is_a_root_of_its_own) {
  wasm_externref_t ref = new_wasm(&host, NULL), clone = clone_of(ref);
  CHECK(!gcroots_ref_same_root(ref.ref, clone.ref));
  CHECK(stats_of(store).manual_roots == 2);
  wasm_externref_unroot(&ref);
  OK(gcroots_store_gc(store));
  CHECK(wasm_externref_data(store, &clone) == &host);
}

CASE(a_clone_of_null_is_null) {
  wasm_externref_t nulls[2] = {null_wasm(), {{0, UINT32_MAX, UINT32_MAX}}}, out;
  for (int i = 0; i < 2; ++i) {
    out = untouched_wasm();
    CHECK(wasm_externref_clone(store, &nulls[i], &out) && wasm_externref_is_null(&out));
    CHECK(wasm_externref_clone(store, &nulls[i], &nulls[i]) && wasm_externref_is_null(&nulls[i]));
  }
  out = untouched_wasm();
  CHECK(wasm_externref_clone(store, NULL, &out) && wasm_externref_is_null(&out));
  CHECK(stats_of(store).manual_roots_max == 0);
}

CASE(a_clone_may_be_written_over_its_original) {
  wasm_externref_t ref = new_wasm(&host, NULL), original = ref;
  CHECK(wasm_externref_clone(store, &ref, &ref));
  CHECK(!gcroots_ref_same_root(ref.ref, original.ref) && stats_of(store).manual_roots == 2);
  wasm_externref_unroot(&original);
  OK(gcroots_store_gc(store));
  CHECK(wasm_externref_data(store, &ref) == &host && stats_of(store).manual_roots == 1);
}

CASE(clone_refuses_null_pointers) {
  wasm_externref_t ref = new_wasm(NULL, NULL), out = untouched_wasm();
  REFUSED_AS(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_manually_rooted_clone(NULL, ref, &out),
             wasm_externref_clone(NULL, &ref, &out));
  REFUSED_AS(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_manually_rooted_clone(store, ref, NULL),
             wasm_externref_clone(store, &ref, NULL));
  REFUSED_AS(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_manually_rooted_clone(store, ref, NULL),
             wasm_externref_clone(store, NULL, NULL));
  CHECK(same_bits(out.ref, untouched()));
}

CASE(a_clone_without_memory_is_refused) {
  wasm_externref_t ref = new_wasm(&host, NULL), out;
  memory_out(true);
  while (wasm_externref_clone(store, &ref, &out)) {
  }
  out = untouched_wasm();
  REFUSED_AS(GCROOTS_ERROR_OUT_OF_MEMORY, gcroots_manually_rooted_clone(store, ref, &out),
             wasm_externref_clone(store, &ref, &out));
  CHECK(same_bits(out.ref, untouched()));
  memory_out(false);
  CHECK(wasm_externref_clone(store, &ref, &out) && wasm_externref_data(store, &out) == &host);
}

/* --- Unrooting ----------------------------------------------------------------- */

CASE(unrooting_sets_to_null_and_unrooting_null_does_nothing) {
  wasm_externref_t ref = new_wasm(NULL, NULL);
  leave_another_message();
  for (int i = 0; i < 3; ++i) {
    wasm_externref_unroot(&ref);
    CHECK(same_bits(ref.ref, gcroots_ref_null()));
  }
  wasm_externref_unroot(NULL);
  CHECK(another_message_is_still_there());
  OK(gcroots_store_gc(store));
  CHECK(stats_of(store).manual_roots == 0 && stats_of(store).stale_unroots == 0);
}

CASE(copies_resolve_until_the_owner_collects) {
  wasm_externref_t ref = new_wasm(&finalized, count_call), copy = ref;
  wasm_externref_unroot(&ref);
  CHECK(wasm_externref_data(store, &copy) == &finalized && finalized == 0);
  OK(gcroots_store_gc(store));
  CHECK(finalized == (collects ? 1 : 0));
  check_refused_by_readers(GCROOTS_ERROR_UNROOTED, copy);
}

CASE(copies_resolve_until_the_owner_makes_a_root) {
  wasm_externref_t ref = new_wasm(&host, NULL), kept = new_wasm(NULL, NULL), copy = ref;
  wasm_externref_unroot(&ref);
  CHECK(wasm_externref_data(store, &copy) == &host);
  clone_of(kept);
  check_refused_by_readers(GCROOTS_ERROR_UNROOTED, copy);
}

CASE(a_second_unroot_through_a_copy_ends_no_other_root) {
  wasm_externref_t ref = new_wasm(NULL, NULL), copy = ref, next;
  wasm_externref_unroot(&ref);
  next = new_wasm(&host, NULL);
  wasm_externref_unroot(&copy);
  CHECK(wasm_externref_is_null(&copy));
  new_wasm(NULL, NULL);
  OK(gcroots_store_gc(store));
  CHECK(wasm_externref_data(store, &next) == &host);
  CHECK(stats_of(store).manual_roots == 2 && stats_of(store).stale_unroots == 1);
}

CASE(a_second_unroot_while_the_first_waits_ends_no_other_root) {
  wasm_externref_t ref = new_wasm(NULL, NULL), copy = ref, next[2];
  wasm_externref_unroot(&ref);
  wasm_externref_unroot(&copy);
  for (int i = 0; i < 2; ++i) next[i] = new_wasm(&next[i], NULL);
  OK(gcroots_store_gc(store));
  for (int i = 0; i < 2; ++i) CHECK(wasm_externref_data(store, &next[i]) == &next[i]);
  CHECK(stats_of(store).manual_roots == 2);
}

static void unroot_shared(void) {
  wasm_externref_unroot(&shared);
  CHECK(wasm_externref_is_null(&shared));
}

CASE(another_thread_may_unroot) {
  wasm_externref_t kept = new_wasm(&host, NULL);
  shared = new_wasm(&finalized, count_call);
  on_another_thread(unroot_shared);
  CHECK(finalized == 0);
  clone_of(kept);
  OK(gcroots_store_gc(store));
  CHECK(finalized == (collects ? 1 : 0) && stats_of(store).manual_roots == 2);
  CHECK(wasm_externref_data(store, &kept) == &host);
}

CASE(a_root_of_a_deleted_store_may_be_unrooted) {
  wasm_externref_t copy;
  shared = copy = new_wasm(&finalized, count_call);
  OK(gcroots_store_free(store));
  CHECK(finalized == 1);
  OK(gcroots_store_new(engine, &store));
  wasm_externref_unroot(&copy);
  CHECK(wasm_externref_is_null(&copy));
  on_another_thread(unroot_shared);
  CHECK(finalized == 1);
}

static void unroot_inside(void *data) {
  count_call(data);
  unroot_shared();
}

CASE(a_finalizer_may_unroot_also_in_the_deletion_of_the_store) {
  wasm_externref_t ref;
  shared = new_wasm(NULL, NULL);
  ref = new_wasm(&finalized, unroot_inside);
  wasm_externref_unroot(&ref);
  OK(gcroots_store_gc(store));
  CHECK(finalized == (collects ? 1 : 0));
  free_store();
  CHECK(finalized == 1 && wasm_externref_is_null(&shared));
}

/* --- Null ---------------------------------------------------------------------- */

CASE(is_null_looks_at_bits_only) {
  wasm_externref_t ref = new_wasm(NULL, NULL), stale = ref;
  wasm_externref_t null_handle = {{0, UINT32_MAX, UINT32_MAX}}, ones;
  memset(&ones, 0xff, sizeof ones);
  CHECK(wasm_externref_is_null(NULL) && wasm_externref_is_null(&null_handle));
  CHECK(!wasm_externref_is_null(&ref) && !wasm_externref_is_null(&ones));
  OK(gcroots_manually_rooted_unroot(store, &ref));
  CHECK(wasm_externref_is_null(&ref) && !wasm_externref_is_null(&stale));
}

CASE(set_null_ends_no_root) {
  wasm_externref_t ref = new_wasm(&host, NULL), copy = ref, ones;
  memset(&ones, 0xff, sizeof ones);
  wasm_externref_set_null(&ref);
  wasm_externref_set_null(&ones);
  wasm_externref_set_null(NULL);
  CHECK(same_bits(ref.ref, gcroots_ref_null()) && same_bits(ones.ref, gcroots_ref_null()));
  OK(gcroots_store_gc(store));
  CHECK(wasm_externref_data(store, &copy) == &host);
}

/* --- Handles that name nothing ------------------------------------------------- */

CASE(stale_foreign_and_forged_handles_are_refused) {
  wasm_externref_t alive = new_wasm(&host, NULL);
  EACH_BAD_HANDLE(bad) {
    wasm_externref_t ref = {bad->ref};
    check_refused_by_readers(bad->status, ref);
    CHECK(wasm_externref_data(store, &alive) == &host);
  }
}

CASE(unrooting_what_names_nothing_ends_no_root) {
  wasm_externref_t alive = new_wasm(&host, NULL);
  struct check_counts before;
  EACH_BAD_HANDLE(bad) {
    wasm_externref_t ref = {bad->ref};
    before = check_count();
    wasm_externref_unroot(&ref);
    CHECK(wasm_externref_is_null(&ref) && same_counts(before, check_count()));
  }
  before = check_count();
  OK(gcroots_store_gc(store));
  CHECK(check_count().manual_roots == before.manual_roots);
  CHECK(check_count().scoped_roots == before.scoped_roots);
  CHECK(wasm_externref_data(store, &alive) == &host);
}

CASE(a_handle_after_unrooting_is_refused_for_ever) {
  wasm_externref_t stale[100], ref;
  for (int i = 0; i < 100; ++i) {
    ref = stale[i] = new_wasm(NULL, NULL);
    wasm_externref_unroot(&ref);
    new_wasm(NULL, NULL);
    for (int k = 0; k <= i; ++k) {
      leave_another_message();
      CHECK(wasm_externref_data(store, &stale[k]) == NULL && !another_message_is_still_there());
    }
    check_refused_by_readers(GCROOTS_ERROR_UNROOTED, stale[i]);
  }
}

CASE(a_handle_of_another_store_is_refused) {
  gcroots_store_t *mine = store;
  wasm_externref_t ref = new_wasm(&host, NULL);
  store = another_store();
  new_wasm(NULL, NULL);
  check_refused_by_readers(GCROOTS_ERROR_WRONG_STORE, ref);
  store = mine;
  CHECK(wasm_externref_data(store, &ref) == &host);
}

CASE(a_handle_of_a_deleted_store_is_refused) {
  wasm_externref_t ref = new_wasm(&host, NULL);
  OK(gcroots_store_free(store));
  OK(gcroots_store_new(engine, &store));
  new_wasm(NULL, NULL);
  check_refused_by_readers(GCROOTS_ERROR_WRONG_STORE, ref);
}

CASE(a_scoped_handle_is_read_and_not_cloned) {
  wasm_externref_t scoped = {new_externref(&host)}, out = untouched_wasm();
  CHECK(wasm_externref_data(store, &scoped) == &host);
  REFUSED_AS(GCROOTS_ERROR_UNROOTED, gcroots_manually_rooted_clone(store, scoped, &out),
             wasm_externref_clone(store, &scoped, &out));
  CHECK(same_bits(out.ref, untouched()));
}

/* --- At the wrong time --------------------------------------------------------- */

/* Every function that takes a store refuses with this status. */
static void every_call_is_refused_with(gcroots_status_t status) {
  wasm_externref_t out = untouched_wasm();
  REFUSED_AS(status, gcroots_externref_new_manually_rooted(store, &host, count_call, &out),
             wasm_externref_new(store, &host, count_call, &out));
  CHECK(same_bits(out.ref, untouched()));
  check_refused_by_readers(status, shared);
  check_refused_by_readers(status, null_wasm());
  check_refused_by_readers(status, untouched_wasm());
}

static void every_call_is_of_the_wrong_thread(void) {
  every_call_is_refused_with(GCROOTS_ERROR_WRONG_THREAD);
}

CASE(another_threads_calls_are_refused) {
  shared = new_wasm(&host, NULL);
  on_another_thread(every_call_is_of_the_wrong_thread);
  OK(gcroots_store_detach(store));
  every_call_is_of_the_wrong_thread();
  OK(gcroots_store_attach(store));
  CHECK(wasm_externref_data(store, &shared) == &host && host == 0);
}

static void every_call_is_busy(void *data) {
  count_call(data);
  every_call_is_refused_with(GCROOTS_ERROR_BUSY);
}

CASE(calls_in_the_deletion_of_the_store_are_refused) {
  shared = new_wasm(&finalized, every_call_is_busy);
  free_store();
  CHECK(finalized == 1 && host == 0);
}

static void use_inside(void *data) {
  wasm_externref_t made = new_wasm(data, NULL), clone = clone_of(made);
  count_call(data);
  CHECK(wasm_externref_data(store, &clone) == data);
  CHECK(wasm_externref_data(store, &shared) == &host);
  OK(gcroots_store_gc(store));
  wasm_externref_unroot(&made);
  shared = clone;
}

CASE(a_finalizer_may_call_everything) {
  wasm_externref_t first = shared = new_wasm(&host, NULL);
  if (!run_as_finalizer(use_inside, &finalized)) return;
  OK(gcroots_store_gc(store));
  CHECK(finalized == 1 && wasm_externref_data(store, &shared) == &finalized);
  CHECK(wasm_externref_data(store, &first) == &host);
  CHECK(stats_of(store).manual_roots == 2);
}
