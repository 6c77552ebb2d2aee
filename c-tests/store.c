/* Stores: their life, their data, and their statistics. */
#define _GNU_SOURCE
#include "refusals.h"

#include <sys/resource.h>
#include <unistd.h>

static const size_t mib = (size_t)1 << 20;

/* The bytes of address space and of memory that the process uses. */
static void process_bytes(size_t *mapped, size_t *resident) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  FILE *statm = open_statm();
  CHECK(statm != NULL);
  CHECK(fscanf(statm, "%zu %zu", mapped, resident) == 2);
  fclose(statm);
  *mapped *= page;
  *resident *= page;
}

/* The process grows by less than 1 MiB in the last 90 % of the rounds. */
static void leaks_nothing(int rounds, void (*body)(void)) {
  size_t mapped_before = 0, resident_before = 0, mapped, resident;
  int i;
  for (i = 0; i < rounds; ++i) {
    if (i == rounds / 10) process_bytes(&mapped_before, &resident_before);
    body();
  }
  process_bytes(&mapped, &resident);
  CHECK(mapped < mapped_before + mib);
  CHECK(resident < resident_before + mib);
}

static gcroots_store_t *sibling_store(void) {
  gcroots_store_t *made = NULL;
  OK(gcroots_store_new(engine, &made));
  CHECK(made != NULL);
  return made;
}

/* --- Life ------------------------------------------------------------------ */

CASE(deleting_null_does_nothing) {
  OK(gcroots_store_free(NULL));
  CHECK(data_of(new_externref(&store)) == &store);
}

CASE(the_other_functions_refuse_a_null_store) {
  check_nulls(store_calls);
  check_nulls(step_calls);
  check_nulls(attach_calls);
}

CASE(a_store_keeps_its_engine) {
  gcroots_engine_free(engine);
  engine = NULL;
  CHECK(data_of(new_externref(&engine)) == &engine);
  OK(gcroots_store_gc(store));
  free_store();
}

CASE(a_store_may_be_deleted_with_everything_open) {
  int finalized = 0, i;
  gcroots_ref_t ref;
  for (i = 0; i < 100; ++i) {
    enter();
    OK(gcroots_no_gc_enter(store));
    OK(gcroots_externref_new(store, &finalized, count_call, &ref));
    root(ref);
    OK(gcroots_local_new(store, gcroots_ref_null(), &ref));
  }
  free_store();
  CHECK(finalized == 100);
}

CASE(an_unused_store_may_be_deleted) {
  free_store();
}

CASE(handles_of_a_deleted_store_are_refused_by_others) {
  gcroots_store_t *other = sibling_store();
  gcroots_ref_t ref = gcroots_ref_null(), out = new_externref(NULL), pattern = out, mine = out;
  gcroots_manually_rooted_t handle, rooted = {pattern};
  gcroots_scope_t scope, here = enter();
  int data_pattern;
  void *data = &data_pattern;
  uint64_t hash = 77;
  bool equal = true;
  OK(gcroots_scope_enter(other, &scope));
  OK(gcroots_externref_new(other, NULL, NULL, &ref));
  OK(gcroots_ref_to_manually_rooted(other, ref, &handle));
  OK(gcroots_store_free(other));
  for (;;) {
    gcroots_manually_rooted_t before = {ref}, stale = before;
    REFUSED(GCROOTS_ERROR_WRONG_STORE, gcroots_ref_eq(store, ref, mine, &equal));
    REFUSED(GCROOTS_ERROR_WRONG_STORE, gcroots_ref_eq(store, mine, ref, &equal));
    REFUSED(GCROOTS_ERROR_WRONG_STORE, gcroots_ref_hash(store, ref, &hash));
    REFUSED(GCROOTS_ERROR_WRONG_STORE, gcroots_ref_assign(store, ref, mine));
    REFUSED(GCROOTS_ERROR_WRONG_STORE, gcroots_ref_assign(store, mine, ref));
    REFUSED(GCROOTS_ERROR_WRONG_STORE, gcroots_local_new(store, ref, &out));
    REFUSED(GCROOTS_ERROR_WRONG_STORE, gcroots_scope_escape(store, here, ref, &out));
    REFUSED(GCROOTS_ERROR_WRONG_STORE, gcroots_ref_to_manually_rooted(store, ref, &rooted));
    REFUSED(GCROOTS_ERROR_WRONG_STORE, gcroots_manually_rooted_clone(store, stale, &rooted));
    REFUSED(GCROOTS_ERROR_WRONG_STORE, gcroots_manually_rooted_unroot(store, &stale));
    REFUSED(GCROOTS_ERROR_WRONG_STORE, gcroots_manually_rooted_to_rooted(store, stale, &out));
    REFUSED(GCROOTS_ERROR_WRONG_STORE, gcroots_manually_rooted_into_rooted(store, &stale, &out));
    REFUSED(GCROOTS_ERROR_WRONG_STORE, gcroots_externref_data(store, ref, &data));
    REFUSED(GCROOTS_ERROR_WRONG_STORE, gcroots_externref_data_tagged(store, ref, NULL, &data));
    REFUSED(GCROOTS_ERROR_WRONG_STORE, gcroots_externref_set_data(store, ref, NULL));
    REFUSED(GCROOTS_ERROR_WRONG_STORE, gcroots_externref_set_external_bytes(store, ref, 1));
    REFUSED(GCROOTS_ERROR_WRONG_STORE, gcroots_externref_adjust_external_bytes(store, ref, 1));
    CHECK(same_bits(stale.ref, before.ref));
    if (same_bits(ref, handle.ref)) break;
    ref = handle.ref;
  }
  REFUSED(GCROOTS_ERROR_WRONG_STORE, gcroots_scope_exit(store, scope));
  REFUSED(GCROOTS_ERROR_WRONG_STORE, gcroots_scope_unwind(store, scope));
  REFUSED(GCROOTS_ERROR_WRONG_STORE, gcroots_scope_escape(store, scope, mine, &out));
  CHECK(same_bits(out, pattern) && same_bits(rooted.ref, pattern));
  CHECK(data == &data_pattern && hash == 77 && equal);
  OK(gcroots_scope_exit(store, here));
}

CASE(a_store_in_the_place_of_a_deleted_one_refuses_its_handles) {
  gcroots_ref_t stale[50];
  void *data = NULL;
  int i, j;
  for (i = 0; i < 50; ++i) {
    gcroots_store_t *next = sibling_store();
    gcroots_ref_t own;
    OK(gcroots_externref_new(next, &i, NULL, &own));
    for (j = 0; j < i; ++j) {
      CHECK(stale[j].store_id != own.store_id);
      CHECK(gcroots_externref_data(next, stale[j], &data) == GCROOTS_ERROR_WRONG_STORE);
    }
    CHECK(own.store_id != 0 && data == NULL);
    stale[i] = own;
    OK(gcroots_store_free(next));
  }
}

CASE(many_stores_live_side_by_side) {
  static gcroots_store_t *stores[100];
  static gcroots_ref_t refs[100];
  int i, round;
  void *data;
  for (i = 0; i < 100; ++i) {
    stores[i] = new_store(mib);
    OK(gcroots_externref_new(stores[i], &refs[i], NULL, &refs[i]));
  }
  for (round = 0; round < 3; ++round)
    for (i = 0; i < 100; ++i) {
      OK(gcroots_store_gc(stores[i]));
      OK(gcroots_externref_data(stores[i], refs[i], &data));
      CHECK(data == &refs[i]);
      CHECK(gcroots_externref_data(stores[i], refs[(i + 1) % 100], &data) ==
            GCROOTS_ERROR_WRONG_STORE);
    }
  for (i = 0; i < 100; ++i) OK(gcroots_store_free(stores[i * 37 % 100]));
}

static void make_and_delete(void) {
  OK(gcroots_store_free(sibling_store()));
}

CASE(empty_stores_leak_nothing) {
  leaks_nothing(20000, make_and_delete);
}

static void make_use_and_delete(void) {
  gcroots_store_t *made = sibling_store();
  gcroots_manually_rooted_t handle;
  gcroots_scope_t scope;
  gcroots_ref_t ref;
  uint64_t hash;
  OK(gcroots_scope_enter(made, &scope));
  OK(gcroots_externref_new(made, NULL, NULL, &ref));
  OK(gcroots_ref_to_manually_rooted(made, ref, &handle));
  OK(gcroots_ref_hash(made, ref, &hash));
  OK(gcroots_store_gc(made));
  OK(gcroots_store_free(made));
}

CASE(used_stores_leak_nothing) {
  leaks_nothing(2000, make_use_and_delete);
}

static void make_and_delete_with_its_engine(void) {
  OK(gcroots_store_free(new_store(0)));
}

CASE(engines_with_their_stores_leak_nothing) {
  leaks_nothing(20000, make_and_delete_with_its_engine);
}

static void enter_and_exit_with_nulls(void) {
  gcroots_scope_t scope = enter();
  gcroots_manually_rooted_t handle = root(gcroots_ref_null()), second;
  gcroots_ref_t local, out;
  int i;
  for (i = 0; i < 10; ++i) OK(gcroots_local_new(store, gcroots_ref_null(), &local));
  OK(gcroots_manually_rooted_clone(store, handle, &second));
  OK(gcroots_manually_rooted_to_rooted(store, second, &out));
  OK(gcroots_manually_rooted_into_rooted(store, &handle, &out));
  OK(gcroots_manually_rooted_unroot(store, &second));
  OK(gcroots_scope_escape(store, scope, local, &out));
  CHECK(gcroots_ref_is_null(out));
}

CASE(scopes_with_nulls_only_leak_nothing) {
  gcroots_stats_t stats;
  leaks_nothing(100000, enter_and_exit_with_nulls);
  stats = stats_of(store);
  CHECK(stats.scoped_roots == 0 && stats.manual_roots == 0);
  CHECK(stats.scoped_roots_max == 10 && stats.manual_roots_max == 0);
  CHECK(stats.committed_bytes == 0);
}

static void replace_store_data(void) {
  static int finalized;
  OK(gcroots_store_set_data(store, &finalized, count_call));
  OK(gcroots_store_gc(store));
}

CASE(replaced_store_data_leaks_nothing) {
  if (collects)
    leaks_nothing(100000, replace_store_data);
  else
    replace_store_data();
}

CASE(no_address_space_for_a_heap_is_out_of_memory) {
  rlim_t before;
  size_t mapped, resident;
  int finalized = 0;
  gcroots_ref_t ref, pattern;
  memset(&ref, 0x5a, sizeof ref);
  pattern = ref;
  OK(gcroots_store_free(store));
  store = new_store((size_t)4 << 30);
  process_bytes(&mapped, &resident);
  before = limit_addresses(mapped + 64 * mib);
  REFUSED(GCROOTS_ERROR_OUT_OF_MEMORY, gcroots_externref_new(store, &finalized, count_call, &ref));
  REFUSED(GCROOTS_ERROR_OUT_OF_MEMORY, gcroots_scope_reserve(store, 100 * mib));
  CHECK(same_bits(ref, pattern));
  OK(gcroots_store_gc(store));
  OK(gcroots_store_verify(store));
  limit_addresses(before);
  OK(gcroots_externref_new(store, &finalized, NULL, &ref));
  CHECK(data_of(ref) == &finalized);
  free_store();
  CHECK(finalized == 0);
}

/* --- Data ------------------------------------------------------------------ */

CASE(the_data_of_a_new_store_is_null) {
  int pattern;
  void *data = &pattern;
  OK(gcroots_store_data(store, &data));
  CHECK(data == NULL);
}

CASE(the_data_is_the_one_set_last) {
  int a, b;
  void *data = NULL;
  OK(gcroots_store_set_data(store, &a, NULL));
  OK(gcroots_store_data(store, &data));
  CHECK(data == &a);
  OK(gcroots_store_set_data(store, &b, NULL));
  OK(gcroots_store_gc(store));
  OK(gcroots_store_data(store, &data));
  CHECK(data == &b);
  OK(gcroots_store_set_data(store, NULL, NULL));
  OK(gcroots_store_data(store, &data));
  CHECK(data == NULL);
}

static uint64_t id_of(gcroots_store_t *of) {
  uint64_t id = 0;
  OK(gcroots_store_id(of, &id));
  return id;
}

CASE(the_id_of_a_store_is_in_its_handles) {
  gcroots_scope_t scope = enter();
  uint64_t id = id_of(store), last = id;
  CHECK(id != 0 && id == scope.store_id && id == new_externref(NULL).store_id);
  OK(gcroots_store_gc(store));
  CHECK(id_of(store) == id);
  for (int i = 0; i < 3; i++) {
    gcroots_store_t *other = sibling_store();
    CHECK(id_of(other) != id && id_of(other) != last);
    last = id_of(other);
    OK(gcroots_store_free(other));
  }
}

CASE(the_data_belongs_to_one_store) {
  gcroots_store_t *other = sibling_store();
  void *data = store;
  OK(gcroots_store_set_data(store, &data, NULL));
  OK(gcroots_store_data(other, &data));
  CHECK(data == NULL);
  OK(gcroots_store_free(other));
}

CASE(the_data_may_be_written_over_the_store_pointer) {
  int here;
  void *both = store;
  OK(gcroots_store_set_data(store, &here, NULL));
  OK(gcroots_store_data(both, &both));
  CHECK(both == &here);
}

CASE(the_last_data_is_finalized_with_the_store) {
  int finalized = 0;
  OK(gcroots_store_set_data(store, &finalized, count_call));
  OK(gcroots_store_gc(store));
  CHECK(finalized == 0);
  free_store();
  CHECK(finalized == 1);
}

CASE(refused_data_is_the_callers) {
  int finalized = 0;
  REFUSED(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_store_set_data(NULL, &finalized, count_call));
  free_store();
  CHECK(finalized == 0);
}

/* --- Its engine -------------------------------------------------------------- */

CASE(a_store_tells_its_engine) {
  gcroots_engine_t *its_engine = NULL, *again = NULL;
  gcroots_store_t *sibling;
  OK(gcroots_store_engine(store, &its_engine));
  OK(gcroots_store_engine(store, &again));
  CHECK(its_engine == engine && again == engine);
  gcroots_engine_free(again);
  gcroots_engine_free(engine);
  engine = NULL;
  free_store();
  OK(gcroots_store_new(its_engine, &sibling));
  gcroots_engine_free(its_engine);
  OK(gcroots_store_free(sibling));
}

/* --- Collection and verification ------------------------------------------- */

CASE(collecting_an_empty_store_is_ok) {
  int i;
  for (i = 0; i < 3; ++i) OK(gcroots_store_gc(store));
  OK(gcroots_store_verify(store));
  CHECK(stats_of(store).objects == 0 && stats_of(store).committed_bytes == 0);
}

CASE(a_collection_takes_what_nothing_holds) {
  gcroots_scope_t scope = enter();
  gcroots_manually_rooted_t handle = root(new_externref(&scope));
  int i;
  for (i = 0; i < 99; ++i) new_externref(NULL);
  OK(gcroots_store_gc(store));
  CHECK(stats_of(store).objects == 100);
  OK(gcroots_scope_exit(store, scope));
  CHECK(stats_of(store).objects == 100);
  OK(gcroots_store_gc(store));
  CHECK(stats_of(store).objects == (collects ? 1 : 100));
  CHECK(data_of(handle.ref) == &scope);
  OK(gcroots_manually_rooted_unroot(store, &handle));
  OK(gcroots_store_gc(store));
  CHECK(stats_of(store).objects == (collects ? 0 : 100));
}

CASE(a_no_gc_span_refuses_a_collection) {
  gcroots_scope_t scope = enter();
  uint64_t before;
  new_externref(NULL);
  before = stats_of(store).collections;
  OK(gcroots_no_gc_enter(store));
  OK(gcroots_no_gc_enter(store));
  REFUSED(GCROOTS_ERROR_NO_GC, gcroots_store_gc(store));
  OK(gcroots_no_gc_exit(store));
  REFUSED(GCROOTS_ERROR_NO_GC, gcroots_store_gc(store));
  new_externref(NULL);
  CHECK(stats_of(store).collections == before);
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_store_gc(store));
  CHECK(stats_of(store).collections == (collects ? before + 1 : 0));
}

CASE(a_no_gc_span_refuses_a_collection_of_an_empty_store) {
  OK(gcroots_no_gc_enter(store));
  REFUSED(GCROOTS_ERROR_NO_GC, gcroots_store_gc(store));
}

CASE(verification_changes_nothing) {
  int i;
  gcroots_manually_rooted_t handles[100];
  gcroots_stats_t before, after;
  uint64_t hash;
  for (i = 0; i < 100; ++i) {
    handles[i] = root(new_externref(&handles[i]));
    OK(gcroots_ref_hash(store, handles[i].ref, &hash));
    if (i % 2) OK(gcroots_manually_rooted_unroot(store, &handles[i]));
  }
  enter();
  OK(gcroots_no_gc_enter(store));
  /* A verification finishes the sweep that is under way. */
  OK(gcroots_store_verify(store));
  before = stats_of(store);
  OK(gcroots_store_verify(store));
  OK(gcroots_store_verify(store));
  after = stats_of(store);
  CHECK(memcmp(&before, &after, sizeof before) == 0);
}

CASE(verification_after_every_kind_of_refusal_is_ok) {
  gcroots_ref_t ref = new_externref(NULL), forged = ref;
  gcroots_scope_t scope = {ref.store_id, UINT64_MAX};
  void *data;
  forged.generation = UINT32_MAX;
  REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_externref_data(store, forged, &data));
  REFUSED(GCROOTS_ERROR_SCOPE_ORDER, gcroots_scope_unwind(store, scope));
  REFUSED(GCROOTS_ERROR_LIMIT, gcroots_scope_reserve(store, SIZE_MAX));
  REFUSED(GCROOTS_ERROR_SCOPE_ORDER, gcroots_no_gc_exit(store));
  REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_externref_data_tagged(store, ref, &ref, &data));
  OK(gcroots_store_verify(store));
}

/* --- Statistics ------------------------------------------------------------ */

CASE(the_statistics_of_a_new_store_are_zeros_except_its_own_tables) {
  gcroots_stats_t stats, zeros;
  memset(&stats, 0x5a, sizeof stats);
  memset(&zeros, 0, sizeof zeros);
  OK(gcroots_store_stats(store, &stats));
  CHECK(stats.side_bytes > 0 && stats.side_bytes < 1024);
  stats.side_bytes = 0;
  CHECK(memcmp(&stats, &zeros, sizeof stats) == 0);
}

CASE(statistics_are_256_bytes_and_no_more) {
  struct {
    gcroots_stats_t stats;
    unsigned char after[64];
  } out;
  size_t i;
  memset(&out, 0x5a, sizeof out);
  new_externref(NULL);
  OK(gcroots_store_stats(store, &out.stats));
  for (i = 0; i < sizeof out.after; ++i) CHECK(out.after[i] == 0x5a);
  for (i = 0; i < sizeof out.stats.reserved / sizeof *out.stats.reserved; ++i)
    CHECK(out.stats.reserved[i] == 0);
  CHECK(out.stats.weak_handles == 0 && out.stats.weak_handles_max == 0);
  CHECK(out.stats.stale_unroots == 0);
}

CASE(statistics_count_objects_and_their_bytes) {
  gcroots_scope_t scope = enter();
  uint64_t one;
  int i;
  new_externref(NULL);
  one = stats_of(store).live_bytes;
  CHECK(one >= 8 && one % 8 == 0);
  for (i = 0; i < 9; ++i) new_externref(NULL);
  CHECK(stats_of(store).objects == 10);
  CHECK(stats_of(store).live_bytes == 10 * one);
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_store_gc(store));
  CHECK(stats_of(store).objects == (collects ? 0 : 10));
  CHECK(stats_of(store).live_bytes == (collects ? 0 : 10 * one));
}

CASE(statistics_count_scoped_roots_and_the_most_of_them) {
  gcroots_scope_t scope = enter(), inner;
  gcroots_ref_t ref = new_externref(NULL);
  int i;
  for (i = 0; i < 4; ++i) OK(gcroots_local_new(store, gcroots_ref_null(), &ref));
  CHECK(stats_of(store).scoped_roots == 5 && stats_of(store).scoped_roots_max == 5);
  inner = enter();
  new_externref(NULL);
  OK(gcroots_scope_exit(store, inner));
  CHECK(stats_of(store).scoped_roots == 5 && stats_of(store).scoped_roots_max == 6);
  OK(gcroots_scope_exit(store, scope));
  CHECK(stats_of(store).scoped_roots == 0 && stats_of(store).scoped_roots_max == 6);
  OK(gcroots_scope_reserve(store, 1000));
  new_externref(NULL);
  CHECK(stats_of(store).scoped_roots == 1 && stats_of(store).scoped_roots_max == 6);
}

CASE(statistics_count_manual_roots_and_the_most_of_them) {
  gcroots_manually_rooted_t handles[300];
  gcroots_ref_t ref = new_externref(NULL);
  int i;
  for (i = 0; i < 300; ++i) handles[i] = root(ref);
  CHECK(stats_of(store).manual_roots == 300 && stats_of(store).manual_roots_max == 300);
  for (i = 0; i < 299; ++i) OK(gcroots_manually_rooted_unroot(store, &handles[i]));
  CHECK(stats_of(store).manual_roots == 1 && stats_of(store).manual_roots_max == 300);
  handles[0] = root(gcroots_ref_null());
  handles[0] = root(ref);
  CHECK(stats_of(store).manual_roots == 2 && stats_of(store).manual_roots_max == 300);
}

CASE(statistics_count_collections_and_what_they_moved) {
  gcroots_stats_t before, after;
  new_externref(NULL);
  before = stats_of(store);
  OK(gcroots_store_gc(store));
  OK(gcroots_store_gc(store));
  after = stats_of(store);
  CHECK(after.collections - before.collections == (collects ? 2 : 0));
  if (heap_has(MOVES_ALL)) CHECK(after.moved_bytes - before.moved_bytes == 2 * before.live_bytes);
  CHECK(after.moved_bytes - before.moved_bytes <= (heap_has(MAY_MOVE) ? 2 * before.live_bytes : 0));
  CHECK(collects ? after.gc_nanoseconds > before.gc_nanoseconds : after.gc_nanoseconds == 0);
}

CASE(statistics_tell_the_committed_bytes) {
  gcroots_store_t *small = new_store(64 << 10);
  gcroots_ref_t ref;
  int i;
  CHECK(stats_of(small).committed_bytes == 0);
  for (i = 0; i < 1000; ++i) {
    OK(gcroots_externref_new(small, NULL, NULL, &ref));
    CHECK(stats_of(small).committed_bytes <= 64 << 10);
    CHECK(stats_of(small).committed_bytes >= stats_of(small).live_bytes);
  }
  OK(gcroots_store_free(small));
}

CASE(statistics_count_finalizers_that_have_run) {
  static int finalized;
  int i;
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref;
  for (i = 0; i < 7; ++i) OK(gcroots_externref_new(store, &finalized, count_call, &ref));
  for (i = 0; i < 7; ++i) new_externref(NULL);
  OK(gcroots_scope_exit(store, scope));
  CHECK(stats_of(store).finalizers_run == 0);
  OK(gcroots_store_gc(store));
  CHECK(stats_of(store).finalizers_run == (collects ? 7 : 0));
}

CASE(statistics_are_of_one_store) {
  gcroots_store_t *other = sibling_store();
  gcroots_stats_t zeros;
  gcroots_stats_t stats;
  memset(&zeros, 0, sizeof zeros);
  zeros.side_bytes = stats_of(other).side_bytes;
  root(new_externref(NULL));
  OK(gcroots_store_gc(store));
  CHECK(stats_of(store).side_bytes > zeros.side_bytes);
  stats = stats_of(other);
  CHECK(memcmp(&stats, &zeros, sizeof stats) == 0);
  OK(gcroots_store_free(other));
}
