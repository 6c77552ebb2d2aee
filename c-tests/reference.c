/* References: null, equality, identity hashes, assignment. */
#include "check.h"
#include "refusals.h"

static bool equal(gcroots_ref_t a, gcroots_ref_t b) {
  bool result = false, reverse = true;
  OK(gcroots_ref_eq(store, a, b, &result));
  OK(gcroots_ref_eq(store, b, a, &reverse));
  CHECK(result == reverse);
  return result;
}

static uint64_t hash_of(gcroots_ref_t ref) {
  uint64_t hash = 0;
  OK(gcroots_ref_hash(store, ref, &hash));
  return hash;
}

/* A null reference in which all other bits are set. */
static gcroots_ref_t odd_null(void) {
  gcroots_ref_t null_reference = {0, UINT32_MAX, UINT32_MAX};
  return null_reference;
}

/* --- Bits -------------------------------------------------------------------- */

CASE(null_is_all_zeros) {
  gcroots_ref_t zeros;
  memset(&zeros, 0, sizeof zeros);
  CHECK(same_bits(gcroots_ref_null(), zeros));
}

CASE(a_reference_is_null_by_its_store_id_alone) {
  CHECK(gcroots_ref_is_null(gcroots_ref_null()));
  CHECK(gcroots_ref_is_null(odd_null()));
  CHECK(!gcroots_ref_is_null((gcroots_ref_t){1, 0, 0}));
  CHECK(!gcroots_ref_is_null((gcroots_ref_t){1ULL << 63, 0, 0}));
  CHECK(!gcroots_ref_is_null(new_externref(NULL)));
}

CASE(copies_of_a_handle_are_the_same_root) {
  gcroots_ref_t ref = new_externref(NULL), copy = ref, local = new_local(ref);
  gcroots_manually_rooted_t manual = root(ref), another_manual = root(ref);
  CHECK(gcroots_ref_same_root(ref, copy));
  CHECK(gcroots_ref_same_root(manual.ref, manual.ref));
  CHECK(!gcroots_ref_same_root(ref, local));
  CHECK(!gcroots_ref_same_root(ref, manual.ref));
  CHECK(!gcroots_ref_same_root(manual.ref, another_manual.ref));
  CHECK(!gcroots_ref_same_root(ref, gcroots_ref_null()));
}

CASE(each_bit_tells_roots_apart) {
  gcroots_ref_t ref = new_externref(NULL);
  for (int bit = 0; bit < 128; ++bit) {
    gcroots_ref_t other = ref;
    ((unsigned char *)&other)[bit / 8] ^= (unsigned char)(1 << bit % 8);
    CHECK(!gcroots_ref_same_root(ref, other));
    CHECK(!gcroots_ref_same_root(other, ref));
  }
}

CASE(all_nulls_are_the_same_root) {
  CHECK(gcroots_ref_same_root(gcroots_ref_null(), gcroots_ref_null()));
  CHECK(gcroots_ref_same_root(gcroots_ref_null(), odd_null()));
  CHECK(gcroots_ref_same_root(odd_null(), gcroots_ref_null()));
  CHECK(!gcroots_ref_same_root(gcroots_ref_null(), (gcroots_ref_t){1, 0, 0}));
  CHECK(!gcroots_ref_same_root((gcroots_ref_t){1, 0, 0}, odd_null()));
}

CASE(same_root_looks_at_no_store) {
  EACH_BAD_HANDLE(bad) {
    CHECK(gcroots_ref_same_root(bad->ref, bad->ref));
    CHECK(!gcroots_ref_same_root(bad->ref, gcroots_ref_null()));
  }
  gcroots_ref_t ref = new_externref(NULL);
  OK(gcroots_store_free(store));
  store = NULL;
  CHECK(gcroots_ref_same_root(ref, ref));
}

/* --- Equality ---------------------------------------------------------------- */

CASE(all_handles_of_an_object_are_equal) {
  gcroots_ref_t ref = new_externref(NULL);
  gcroots_manually_rooted_t manual = root(ref);
  gcroots_ref_t handles[4] = {ref, new_local(ref), manual.ref, root(manual.ref).ref};
  for (int collections = 0; collections < 3; ++collections) {
    for (int i = 0; i < 4; ++i)
      for (int j = 0; j < 4; ++j) CHECK(equal(handles[i], handles[j]));
    OK(gcroots_store_gc(store));
  }
}

CASE(objects_with_the_same_data_differ) {
  int number;
  gcroots_ref_t a = new_externref(&number), b = new_externref(&number);
  CHECK(!equal(a, b));
  CHECK(!equal(root(a).ref, root(b).ref));
  OK(gcroots_store_gc(store));
  CHECK(!equal(a, b));
}

CASE(nulls_are_equal) {
  gcroots_ref_t nulls[3] = {gcroots_ref_null(), odd_null(), new_local(gcroots_ref_null())};
  gcroots_ref_t object = new_externref(NULL);
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 3; ++j) CHECK(equal(nulls[i], nulls[j]));
    CHECK(!equal(nulls[i], object));
    CHECK(!equal(nulls[i], root(object).ref));
  }
}

CASE(bad_handles_are_refused) {
  int number;
  struct arguments a;
  new_arguments(&a, store);
  a.h.a = a.h.b = a.h.dst = a.h.src = new_externref(&number);
  check_bad_handles(reference_calls, &a);
  a.h.a = a.h.b = a.h.src = gcroots_ref_null();
  check_bad_handles(reference_calls, &a);
  CHECK(data_of(a.h.dst) == &number);
  free_arguments(&a);
}

CASE(equality_of_a_bad_handle_is_refused) {
  EACH_BAD_HANDLE(bad) {
    for (int initial = 0; initial < 2; initial++) {
      bool out = initial != 0;
      REFUSED(bad->status, gcroots_ref_eq(store, bad->ref, bad->ref, &out));
      CHECK(out == (initial != 0));
    }
  }
}

CASE(assignment_of_a_bad_handle_to_itself_is_refused) {
  EACH_BAD_HANDLE(bad) REFUSED(bad->status, gcroots_ref_assign(store, bad->ref, bad->ref));
}

CASE(equality_checks_its_first_handle_completely) {
  gcroots_ref_t ref = new_externref(NULL), stale = ref, foreign = ref;
  bool out = true;
  ++stale.generation;
  ++foreign.store_id;
  REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_ref_eq(store, stale, foreign, &out));
  REFUSED(GCROOTS_ERROR_WRONG_STORE, gcroots_ref_eq(store, foreign, stale, &out));
  CHECK(out);
}

/* --- Hashes ------------------------------------------------------------------ */

CASE(a_hash_stays_when_the_object_moves) {
  gcroots_ref_t ref = new_externref(NULL), first, second;
  gcroots_scope_t scope = enter();
  new_externref(NULL);
  OK(gcroots_scope_escape(store, scope, new_externref(NULL), &first));
  second = new_externref(NULL);
  uint64_t hash = hash_of(ref), first_hash = hash_of(first), second_hash = hash_of(second);
  for (int i = 0; i < 5; ++i) {
    OK(gcroots_store_gc(store));
    CHECK(hash_of(ref) == hash);
    CHECK(hash_of(first) == first_hash);
    CHECK(hash_of(second) == second_hash);
  }
  CHECK(!heap_has(MOVES_ALL) || stats_of(store).moved_bytes > 0);
}

CASE(all_handles_of_an_object_have_its_hash) {
  gcroots_ref_t ref = new_externref(NULL);
  gcroots_manually_rooted_t manual = root(ref);
  uint64_t hash = hash_of(manual.ref);
  CHECK(hash_of(ref) == hash);
  OK(gcroots_store_gc(store));
  CHECK(hash_of(new_local(ref)) == hash);
  CHECK(hash_of(root(manual.ref).ref) == hash);
}

CASE(nulls_hash_to_0) {
  CHECK(hash_of(gcroots_ref_null()) == 0);
  CHECK(hash_of(odd_null()) == 0);
  CHECK(hash_of(new_local(gcroots_ref_null())) == 0);
}

CASE(a_hash_does_not_follow_the_data) {
  int number;
  gcroots_ref_t ref = new_externref(&number), same_data = new_externref(&number);
  uint64_t hash = hash_of(ref);
  CHECK(hash_of(same_data) != hash);
  OK(gcroots_externref_set_data(store, ref, NULL));
  CHECK(hash_of(ref) == hash);
}

static int compare(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return (x > y) - (x < y);
}

CASE(hashes_of_many_objects_differ_and_stay_as_others_die) {
  enum { COUNT = 1000 };
  static gcroots_manually_rooted_t handles[COUNT];
  static uint64_t hashes[COUNT], sorted[COUNT];
  for (int i = 0; i < COUNT; ++i) {
    gcroots_scope_t scope = enter();
    handles[i] = root(new_externref(NULL));
    hashes[i] = hash_of(handles[i].ref);
    OK(gcroots_scope_exit(store, scope));
  }
  memcpy(sorted, hashes, sizeof sorted);
  qsort(sorted, COUNT, sizeof *sorted, compare);
  for (int i = 1; i < COUNT; ++i) CHECK(sorted[i - 1] != sorted[i]);
  for (int step = 2; step < 10; ++step) {
    for (int i = 0; i < COUNT; i += step) OK(gcroots_manually_rooted_unroot(store, &handles[i]));
    OK(gcroots_store_gc(store));
    OK(gcroots_store_verify(store));
    for (int i = 0; i < COUNT; ++i)
      CHECK(hash_of(handles[i].ref) == (gcroots_ref_is_null(handles[i].ref) ? 0 : hashes[i]));
  }
}

CASE(new_objects_do_not_take_the_hashes_of_the_living) {
  gcroots_ref_t kept = new_externref(NULL);
  uint64_t hash = hash_of(kept);
  for (int i = 0; i < 1000; ++i) {
    gcroots_scope_t scope = enter();
    CHECK(hash_of(new_externref(NULL)) != hash);
    OK(gcroots_scope_exit(store, scope));
    if (i % 100 == 0) OK(gcroots_store_gc(store));
  }
  CHECK(hash_of(kept) == hash);
}

CASE(hashing_never_collects) {
  gcroots_ref_t ref = new_externref(NULL);
  gcroots_stats_t before = stats_of(store);
  hash_of(ref);
  hash_of(ref);
  CHECK(equal(ref, ref));
  CHECK(stats_of(store).collections == before.collections);
  CHECK(stats_of(store).objects == before.objects);
  CHECK(stats_of(store).live_bytes == before.live_bytes);
}

CASE(a_first_hash_without_memory_is_refused) {
  enum { COUNT = 200000 };
  gcroots_config_t *config = variant_config(0);
  gcroots_engine_t *calm;
  gcroots_ref_t ref = gcroots_ref_null(), first;
  uint64_t first_hash, out = 0x5a;
  /* Tens of thousands of objects, so not under stress. */
  OK(gcroots_config_set_stress(config, 0));
  OK(gcroots_engine_new(config, &calm));
  gcroots_config_free(config);
  OK(gcroots_store_free(store));
  OK(gcroots_store_new(calm, &store));
  gcroots_engine_free(calm);
  first = new_externref(NULL);
  first_hash = hash_of(first);
  for (int i = 0; i < COUNT; ++i) ref = new_externref(NULL);
  memory_out(true);
  gcroots_status_t status = GCROOTS_OK;
  for (ref.index = 1; status == GCROOTS_OK && ref.index < COUNT; ++ref.index)
    status = gcroots_ref_hash(store, ref, &out);
  CHECK(status == GCROOTS_ERROR_OUT_OF_MEMORY);
  --ref.index;
  out = 0x5a;
  REFUSED(GCROOTS_ERROR_OUT_OF_MEMORY, gcroots_ref_hash(store, ref, &out));
  CHECK(out == 0x5a);
  CHECK(hash_of(first) == first_hash);
  OK(gcroots_store_gc(store));
  memory_out(false);
  CHECK(hash_of(first) == first_hash);
  CHECK(hash_of(ref) != first_hash);
}

/* --- Assignment -------------------------------------------------------------- */

CASE(all_copies_of_a_handle_see_an_assignment) {
  int numbers[2];
  gcroots_ref_t dst = new_externref(&numbers[0]), copy = dst;
  gcroots_ref_t src = new_externref(&numbers[1]);
  OK(gcroots_ref_assign(store, dst, src));
  CHECK(data_of(copy) == &numbers[1]);
  CHECK(equal(copy, src) && !gcroots_ref_same_root(copy, src));
  OK(gcroots_store_gc(store));
  CHECK(data_of(copy) == &numbers[1]);
  CHECK(stats_of(store).scoped_roots == 2);
}

CASE(assignment_lets_the_old_object_die_and_keeps_the_new) {
  static int finalized[2];
  gcroots_ref_t dst, src;
  OK(gcroots_externref_new(store, &finalized[0], count_call, &dst));
  gcroots_scope_t scope = enter();
  OK(gcroots_externref_new(store, &finalized[1], count_call, &src));
  OK(gcroots_ref_assign(store, dst, src));
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_store_gc(store));
  CHECK(finalized[0] == (collects ? 1 : 0) && finalized[1] == 0);
  CHECK(data_of(dst) == &finalized[1]);
}

CASE(assignment_of_null_empties_the_root) {
  static int finalized;
  gcroots_ref_t nulls[3] = {gcroots_ref_null(), odd_null(), new_local(gcroots_ref_null())};
  for (int i = 0; i < 3; ++i) {
    gcroots_ref_t dst;
    void *data = NULL;
    OK(gcroots_externref_new(store, &finalized, count_call, &dst));
    OK(gcroots_ref_assign(store, dst, nulls[i]));
    REFUSED(GCROOTS_ERROR_NULL_REFERENCE, gcroots_externref_data(store, dst, &data));
    CHECK(equal(dst, gcroots_ref_null()) && !gcroots_ref_is_null(dst));
    OK(gcroots_store_gc(store));
    CHECK(finalized == (collects ? i + 1 : 0));
  }
}

CASE(a_manual_handle_is_assigned_from) {
  int number;
  gcroots_ref_t dst = new_local(gcroots_ref_null());
  gcroots_scope_t scope = enter();
  gcroots_manually_rooted_t manual = root(new_externref(&number));
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_ref_assign(store, dst, manual.ref));
  OK(gcroots_manually_rooted_unroot(store, &manual));
  OK(gcroots_store_gc(store));
  CHECK(data_of(dst) == &number);
}

CASE(assignment_to_itself_changes_nothing) {
  int number;
  gcroots_ref_t ref = new_externref(&number), none = new_local(gcroots_ref_null());
  OK(gcroots_ref_assign(store, ref, ref));
  OK(gcroots_ref_assign(store, none, none));
  OK(gcroots_store_gc(store));
  CHECK(data_of(ref) == &number && equal(none, gcroots_ref_null()));
}

CASE(a_root_of_any_open_scope_is_assigned_to) {
  int number;
  gcroots_ref_t outer = new_local(gcroots_ref_null());
  gcroots_scope_t middle_scope = enter();
  gcroots_ref_t middle = new_local(gcroots_ref_null());
  gcroots_scope_t inner_scope = enter();
  OK(gcroots_ref_assign(store, middle, new_externref(&number)));
  OK(gcroots_ref_assign(store, outer, middle));
  OK(gcroots_scope_exit(store, inner_scope));
  OK(gcroots_store_gc(store));
  CHECK(data_of(middle) == &number);
  OK(gcroots_scope_exit(store, middle_scope));
  OK(gcroots_store_gc(store));
  CHECK(data_of(outer) == &number);
}

CASE(a_manual_root_is_not_assigned_to) {
  int number;
  gcroots_ref_t src = new_externref(NULL), foreign = {src.store_id + 1, 1, 0};
  gcroots_manually_rooted_t dst = root(new_externref(&number));
  REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_ref_assign(store, dst.ref, src));
  REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_ref_assign(store, dst.ref, gcroots_ref_null()));
  REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_ref_assign(store, dst.ref, foreign));
  REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_ref_assign(store, dst.ref, dst.ref));
  CHECK(data_of(dst.ref) == &number);
}

CASE(null_is_not_assigned_to) {
  gcroots_ref_t src = new_externref(NULL), foreign = {src.store_id + 1, 1, 0};
  REFUSED(GCROOTS_ERROR_NULL_REFERENCE, gcroots_ref_assign(store, gcroots_ref_null(), src));
  REFUSED(GCROOTS_ERROR_NULL_REFERENCE, gcroots_ref_assign(store, odd_null(), src));
  REFUSED(GCROOTS_ERROR_NULL_REFERENCE,
          gcroots_ref_assign(store, gcroots_ref_null(), gcroots_ref_null()));
  REFUSED(GCROOTS_ERROR_NULL_REFERENCE, gcroots_ref_assign(store, odd_null(), foreign));
}

CASE(assignment_checks_its_destination_first) {
  gcroots_ref_t ref = new_externref(NULL), stale = ref, foreign = ref;
  ++stale.generation;
  ++foreign.store_id;
  REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_ref_assign(store, stale, foreign));
  REFUSED(GCROOTS_ERROR_WRONG_STORE, gcroots_ref_assign(store, foreign, stale));
}

CASE(assignment_needs_no_memory) {
  int numbers[2];
  gcroots_ref_t dst = new_local(gcroots_ref_null());
  gcroots_ref_t src[2] = {new_externref(&numbers[0]), new_externref(&numbers[1])};
  memory_out(true);
  for (int i = 0; i < 10000; ++i) OK(gcroots_ref_assign(store, dst, src[i % 2]));
  memory_out(false);
  CHECK(data_of(dst) == &numbers[1]);
}

static gcroots_ref_t chain[4];

static void empty_next(void *data) {
  if (!collects) return;
  gcroots_ref_t *at = data;
  OK(gcroots_ref_assign(store, at[1], gcroots_ref_null()));
}

CASE(one_collection_takes_what_finalizers_let_go_by_assignment) {
  gcroots_ref_t last = new_local(gcroots_ref_null());
  static int finalized;
  OK(gcroots_externref_new(store, &finalized, count_call, &chain[3]));
  for (int i = 2; i >= 0; --i) OK(gcroots_externref_new(store, &chain[i], empty_next, &chain[i]));
  OK(gcroots_ref_assign(store, chain[0], last));
  OK(gcroots_store_gc(store));
  CHECK(finalized == (collects ? 1 : 0));
  CHECK(stats_of(store).objects == (collects ? 0 : 4));
}

/* --- All --------------------------------------------------------------------- */

CASE(null_pointers_are_refused) {
  check_nulls(reference_calls);
}

CASE(every_call_on_a_detached_store_is_refused) {
  int number;
  gcroots_ref_t ref = new_externref(&number), bad = {ref.store_id + 1, 0, 0};
  bool same = true;
  uint64_t hash = 0x5a;
  OK(gcroots_store_detach(store));
  REFUSED(GCROOTS_ERROR_WRONG_THREAD, gcroots_ref_eq(store, ref, bad, &same));
  REFUSED(GCROOTS_ERROR_WRONG_THREAD, gcroots_ref_hash(store, bad, &hash));
  REFUSED(GCROOTS_ERROR_WRONG_THREAD, gcroots_ref_hash(store, gcroots_ref_null(), &hash));
  REFUSED(GCROOTS_ERROR_WRONG_THREAD, gcroots_ref_assign(store, ref, gcroots_ref_null()));
  REFUSED(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_ref_eq(store, ref, ref, NULL));
  CHECK(gcroots_ref_same_root(ref, ref));
  OK(gcroots_store_attach(store));
  CHECK(same && hash == 0x5a && data_of(ref) == &number);
}

static void call_each(void *data) {
  gcroots_ref_t ref = *(gcroots_ref_t *)data;
  bool same = true;
  uint64_t hash = 0x5a;
  REFUSED(GCROOTS_ERROR_BUSY, gcroots_ref_eq(store, ref, ref, &same));
  REFUSED(GCROOTS_ERROR_BUSY, gcroots_ref_hash(store, gcroots_ref_null(), &hash));
  REFUSED(GCROOTS_ERROR_BUSY, gcroots_ref_assign(store, gcroots_ref_null(), ref));
  REFUSED(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_ref_hash(store, ref, NULL));
  CHECK(gcroots_ref_same_root(ref, ref) && same && hash == 0x5a);
}

CASE(every_call_in_the_deletion_of_the_store_is_busy) {
  gcroots_ref_t ref;
  OK(gcroots_externref_new(store, &ref, call_each, &ref));
  OK(gcroots_store_free(store));
  store = NULL;
}

static void compare_in_finalizer(void *data) {
  gcroots_ref_t *refs = data, mine = new_externref(NULL);
  CHECK(equal(refs[0], refs[0]) && !equal(refs[0], refs[1]) && !equal(refs[0], mine));
  CHECK(hash_of(refs[0]) != hash_of(refs[1]) && hash_of(mine) != hash_of(refs[0]));
  OK(gcroots_ref_assign(store, refs[0], refs[1]));
  CHECK(equal(refs[0], refs[1]));
}

CASE(references_are_compared_hashed_and_assigned_in_finalizers) {
  gcroots_ref_t refs[2] = {new_externref(NULL), new_externref(NULL)};
  uint64_t hash = hash_of(refs[1]);
  if (!run_as_finalizer(compare_in_finalizer, refs)) return;
  CHECK(hash_of(refs[0]) == hash);
}
