/* Locals: slots of a scope that may hold null and be assigned. */
#include "check.h"
#include "refusals.h"

CASE(a_local_refers_to_what_it_was_made_with) {
  int number;
  gcroots_ref_t ref = new_externref(&number), local = new_local(ref);
  bool equal = false;
  CHECK(!gcroots_ref_same_root(local, ref));
  CHECK(data_of(local) == &number);
  OK(gcroots_ref_eq(store, local, ref, &equal));
  CHECK(equal);
  CHECK(stats_of(store).scoped_roots == 2);
}

CASE(a_local_keeps_its_object_alive) {
  static int finalized;
  gcroots_ref_t ref;
  gcroots_scope_t scope = enter();
  OK(gcroots_externref_new(store, &finalized, count_call, &ref));
  gcroots_ref_t local = new_local(ref);
  OK(gcroots_ref_assign(store, ref, gcroots_ref_null()));
  for (int i = 0; i < 3; ++i) OK(gcroots_store_gc(store));
  CHECK(data_of(local) == &finalized && finalized == 0);
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_store_gc(store));
  CHECK(finalized == (collects ? 1 : 0));
}

CASE(a_local_dies_with_its_scope) {
  gcroots_ref_t ref = new_externref(NULL), none = gcroots_ref_null();
  gcroots_scope_t scope = enter();
  gcroots_ref_t locals[2] = {new_local(ref), new_local(none)}, out = untouched();
  OK(gcroots_scope_exit(store, scope));
  for (int i = 0; i < 2; ++i) {
    void *data = NULL;
    REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_externref_data(store, locals[i], &data));
    REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_local_new(store, locals[i], &out));
    REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_ref_assign(store, locals[i], ref));
    REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_ref_assign(store, ref, locals[i]));
  }
  CHECK(same_bits(out, untouched()));
  CHECK(stats_of(store).scoped_roots == 1);
}

CASE(a_local_that_holds_null_behaves_as_null) {
  gcroots_ref_t local = new_local(gcroots_ref_null()), object = new_externref(NULL);
  gcroots_ref_t none = gcroots_ref_null(), copy;
  bool equal = false;
  uint64_t hash = 1;
  void *data = &hash;
  OK(gcroots_store_gc(store));
  OK(gcroots_ref_eq(store, local, none, &equal));
  CHECK(equal);
  OK(gcroots_ref_eq(store, local, object, &equal));
  CHECK(!equal);
  OK(gcroots_ref_hash(store, local, &hash));
  CHECK(hash == 0);
  REFUSED(GCROOTS_ERROR_NULL_REFERENCE, gcroots_externref_data(store, local, &data));
  REFUSED(GCROOTS_ERROR_NULL_REFERENCE, gcroots_externref_data_tagged(store, local, NULL, &data));
  REFUSED(GCROOTS_ERROR_NULL_REFERENCE, gcroots_externref_set_data(store, local, NULL));
  REFUSED(GCROOTS_ERROR_NULL_REFERENCE, gcroots_externref_set_external_bytes(store, local, 1));
  REFUSED(GCROOTS_ERROR_NULL_REFERENCE, gcroots_externref_adjust_external_bytes(store, local, 1));
  CHECK(data == &hash);
  CHECK(gcroots_ref_is_null(root(local).ref));
  OK(gcroots_scope_escape(store, enter(), local, &copy));
  CHECK(same_bits(copy, none));
  OK(gcroots_ref_assign(store, object, local));
  REFUSED(GCROOTS_ERROR_NULL_REFERENCE, gcroots_externref_data(store, object, &data));
}

static bool is_null(gcroots_ref_t ref) {
  bool null;
  OK(gcroots_local_is_null(store, ref, &null));
  return null;
}

CASE(only_what_refers_to_null_is_null) {
  gcroots_ref_t local = new_local(gcroots_ref_null()), object = new_externref(NULL), i31;
  gcroots_ref_t nulls[2] = {gcroots_ref_null(), {0, UINT32_MAX, UINT32_MAX}};
  gcroots_manually_rooted_t manual = root(object);
  OK(gcroots_i31_new(store, 0, &i31));
  CHECK(is_null(local) && is_null(nulls[0]) && is_null(nulls[1]));
  CHECK(!is_null(object) && !is_null(manual.ref) && !is_null(i31));
  OK(gcroots_ref_assign(store, local, object));
  CHECK(!is_null(local));
  OK(gcroots_store_gc(store));
  CHECK(!is_null(local));
  OK(gcroots_ref_assign(store, object, gcroots_ref_null()));
  CHECK(is_null(object) && !is_null(local));
}

CASE(a_list_is_walked_until_its_local_is_null) {
  enum { LENGTH = 100 };
  gcroots_type_t *type = new_node();
  gcroots_ref_t cell = new_local(gcroots_ref_null()), next;
  int32_t count = 0;
  for (int32_t i = 0; i < LENGTH; ++i) {
    gcroots_scope_t scope = enter();
    OK(gcroots_ref_assign(store, cell, make_node(type, i, cell, gcroots_ref_null())));
    OK(gcroots_scope_exit(store, scope));
  }
  for (; !is_null(cell); ++count) {
    gcroots_scope_t scope = enter();
    CHECK(field_i32(cell, 0) == LENGTH - 1 - count);
    OK(gcroots_struct_get_ref(store, cell, 1, &next));
    OK(gcroots_ref_assign(store, cell, next));
    OK(gcroots_scope_exit(store, scope));
  }
  CHECK(count == LENGTH);
  gcroots_type_free(type);
}

CASE(a_local_that_holds_null_has_bits_of_its_own) {
  gcroots_ref_t locals[2] = {new_local(gcroots_ref_null()), new_local(gcroots_ref_null())};
  CHECK(!gcroots_ref_is_null(locals[0]));
  CHECK(!gcroots_ref_same_root(locals[0], gcroots_ref_null()));
  CHECK(!gcroots_ref_same_root(locals[0], locals[1]));
  CHECK(gcroots_ref_same_root(locals[0], locals[0]));
  CHECK(stats_of(store).scoped_roots == 2);
}

CASE(null_with_any_bits_makes_a_local_that_holds_null) {
  gcroots_ref_t nulls[2] = {{0, UINT32_MAX, UINT32_MAX}, {0, 1, 1U << 31}};
  for (int i = 0; i < 2; ++i) {
    uint64_t hash = 1;
    OK(gcroots_ref_hash(store, new_local(nulls[i]), &hash));
    CHECK(hash == 0);
  }
}

CASE(a_local_of_a_local_is_independent) {
  int numbers[2];
  gcroots_ref_t first = new_local(new_externref(&numbers[0])), second = new_local(first);
  OK(gcroots_ref_assign(store, first, new_externref(&numbers[1])));
  OK(gcroots_store_gc(store));
  CHECK(data_of(first) == &numbers[1]);
  CHECK(data_of(second) == &numbers[0]);
}

CASE(a_local_of_a_null_local_is_filled_alone) {
  int number;
  gcroots_ref_t first = new_local(gcroots_ref_null()), second = new_local(first);
  OK(gcroots_ref_assign(store, second, new_externref(&number)));
  void *data = NULL;
  REFUSED(GCROOTS_ERROR_NULL_REFERENCE, gcroots_externref_data(store, first, &data));
  CHECK(data_of(second) == &number);
}

CASE(a_local_of_a_manual_root_outlives_it) {
  static int finalized;
  gcroots_ref_t ref;
  gcroots_scope_t scope = enter();
  OK(gcroots_externref_new(store, &finalized, count_call, &ref));
  gcroots_manually_rooted_t manual = root(ref);
  OK(gcroots_scope_exit(store, scope));
  scope = enter();
  gcroots_ref_t local = new_local(manual.ref);
  CHECK((local.index & 1U << 31) == 0);
  OK(gcroots_manually_rooted_unroot(store, &manual));
  OK(gcroots_store_gc(store));
  CHECK(data_of(local) == &finalized && finalized == 0);
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_store_gc(store));
  CHECK(finalized == (collects ? 1 : 0));
}

CASE(a_loop_with_a_local_grows_no_roots) {
  enum { TURNS = 20000 };
  static int numbers[TURNS];
  gcroots_ref_t last = new_local(gcroots_ref_null());
  for (int i = 0; i < TURNS; ++i) {
    gcroots_scope_t scope = enter();
    OK(gcroots_ref_assign(store, last, new_externref(&numbers[i])));
    OK(gcroots_scope_exit(store, scope));
    CHECK(data_of(last) == &numbers[i]);
  }
  OK(gcroots_store_gc(store));
  CHECK(stats_of(store).scoped_roots == 1 && stats_of(store).scoped_roots_max == 2);
  CHECK(stats_of(store).objects == (collects ? 1 : TURNS));
}

CASE(a_local_is_filled_and_emptied_across_collections) {
  static int finalized[10];
  gcroots_ref_t local = new_local(gcroots_ref_null()), ref;
  for (int i = 0; i < 10; ++i) {
    gcroots_scope_t scope = enter();
    OK(gcroots_externref_new(store, &finalized[i], count_call, &ref));
    OK(gcroots_ref_assign(store, local, ref));
    OK(gcroots_scope_exit(store, scope));
    OK(gcroots_store_gc(store));
    CHECK(data_of(local) == &finalized[i] && finalized[i] == 0);
    OK(gcroots_ref_assign(store, local, gcroots_ref_null()));
    OK(gcroots_store_gc(store));
    CHECK(finalized[i] == (collects ? 1 : 0));
  }
}

CASE(a_local_is_written_over_its_own_input) {
  int number;
  gcroots_ref_t original = new_externref(&number), ref = original;
  OK(gcroots_local_new(store, ref, &ref));
  CHECK(!gcroots_ref_same_root(ref, original));
  CHECK(data_of(ref) == &number);
}

CASE(a_local_of_a_bad_handle_is_refused) {
  struct arguments a;
  new_arguments(&a, store);
  check_bad_handles(local_calls, &a);
  free_arguments(&a);
  EACH_BAD_HANDLE(bad) {
    gcroots_ref_t out = bad->ref;
    REFUSED(bad->status, gcroots_local_new(store, out, &out));
    CHECK(same_bits(out, bad->ref));
  }
}

CASE(null_pointers_are_refused) {
  check_nulls(local_calls);
}

CASE(a_detached_store_makes_no_local) {
  gcroots_ref_t bad = {UINT64_MAX, 0, 0}, out = untouched();
  OK(gcroots_store_detach(store));
  REFUSED(GCROOTS_ERROR_WRONG_THREAD, gcroots_local_new(store, gcroots_ref_null(), &out));
  REFUSED(GCROOTS_ERROR_WRONG_THREAD, gcroots_local_new(store, bad, &out));
  REFUSED(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_local_new(store, bad, NULL));
  OK(gcroots_store_attach(store));
  CHECK(same_bits(out, untouched()));
}

static void make_local_busy(void *data) {
  gcroots_ref_t out = untouched();
  REFUSED(GCROOTS_ERROR_BUSY, gcroots_local_new(store, *(gcroots_ref_t *)data, &out));
  REFUSED(GCROOTS_ERROR_BUSY, gcroots_local_new(store, gcroots_ref_null(), &out));
  CHECK(same_bits(out, untouched()));
}

CASE(no_local_is_made_in_the_deletion_of_the_store) {
  gcroots_ref_t ref;
  OK(gcroots_externref_new(store, &ref, make_local_busy, &ref));
  OK(gcroots_store_free(store));
  store = NULL;
}

static gcroots_ref_t outside, inside;

static void make_local(void *data) {
  gcroots_scope_t scope = enter();
  inside = new_local(new_externref(data));
  OK(gcroots_ref_assign(store, outside, inside));
  OK(gcroots_scope_exit(store, scope));
  inside = new_local(gcroots_ref_null());
}

CASE(a_finalizer_fills_a_local_from_outside) {
  int number;
  outside = new_local(gcroots_ref_null());
  if (!run_as_finalizer(make_local, &number)) return;
  OK(gcroots_store_gc(store));
  CHECK(data_of(outside) == &number);
  CHECK(stats_of(store).scoped_roots == 1);
  REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_ref_assign(store, inside, outside));
}

CASE(a_local_without_memory_is_refused) {
  int number;
  gcroots_ref_t ref = new_externref(&number), local = ref, out = untouched();
  gcroots_status_t status;
  memory_out(true);
  while ((status = gcroots_local_new(store, ref, &local)) == GCROOTS_OK) {
  }
  CHECK(status == GCROOTS_ERROR_OUT_OF_MEMORY);
  REFUSED(GCROOTS_ERROR_OUT_OF_MEMORY, gcroots_local_new(store, ref, &out));
  REFUSED(GCROOTS_ERROR_OUT_OF_MEMORY, gcroots_local_new(store, gcroots_ref_null(), &out));
  CHECK(same_bits(out, untouched()));
  gcroots_ref_t stale = {ref.store_id, ref.generation + 1, ref.index};
  REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_local_new(store, stale, &out));
  memory_out(false);
  OK(gcroots_store_gc(store));
  CHECK(data_of(local) == &number);
  OK(gcroots_local_new(store, ref, &out));
  CHECK(data_of(out) == &number);
}
