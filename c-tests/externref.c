/* Host objects: their pointer, tag and external bytes. */
#define _GNU_SOURCE
#include "refusals.h"

#include <sys/mman.h>
#include <unistd.h>

#define MANUAL_BIT 0x80000000u

static const char tag_a, tag_b;

static gcroots_externref_options_t options_of(void *data) {
  gcroots_externref_options_t options = {sizeof options, data, NULL, NULL, 0, NULL, NULL};
  return options;
}

static gcroots_ref_t new_tagged(void *data, const void *tag) {
  gcroots_externref_options_t options = options_of(data);
  gcroots_ref_t ref;
  options.tag = tag;
  OK(gcroots_externref_new_with(store, &options, &ref));
  return ref;
}

static gcroots_ref_t new_external(size_t bytes) {
  gcroots_externref_options_t options = options_of(NULL);
  gcroots_ref_t ref;
  options.external_bytes = bytes;
  OK(gcroots_externref_new_with(store, &options, &ref));
  return ref;
}

/* Every function that takes an externref returns this status for it. */
static void all_refuse(gcroots_status_t expected, gcroots_ref_t ref) {
  int pattern;
  void *data = &pattern;
  REFUSED(expected, gcroots_externref_data(store, ref, &data));
  REFUSED(expected, gcroots_externref_data_tagged(store, ref, NULL, &data));
  REFUSED(expected, gcroots_externref_data_tagged(store, ref, &tag_a, &data));
  REFUSED(expected, gcroots_externref_set_data(store, ref, NULL));
  REFUSED(expected, gcroots_externref_set_external_bytes(store, ref, 1));
  REFUSED(expected, gcroots_externref_set_external_bytes(store, ref, SIZE_MAX));
  REFUSED(expected, gcroots_externref_adjust_external_bytes(store, ref, 1));
  REFUSED(expected, gcroots_externref_adjust_external_bytes(store, ref, INT64_MIN));
  CHECK(data == &pattern);
}

static gcroots_ref_t with_bits(gcroots_ref_t ref, uint32_t generation, uint32_t index) {
  ref.generation = generation;
  ref.index = index;
  return ref;
}

/* Allocates until an allocation is refused. Returns how many allocations succeeded. */
static int fill(gcroots_store_t *of, gcroots_status_t expected) {
  int count = 0, finalized = 0;
  gcroots_ref_t ref, last;
  gcroots_status_t status;
  memset(&ref, 0x5a, sizeof ref);
  do {
    last = ref;
    status = gcroots_externref_new(of, &finalized, NULL, &ref);
    ++count;
  } while (status == GCROOTS_OK);
  CHECK(status == expected);
  CHECK(same_bits(ref, last));
  return count - 1;
}

CASE(the_data_is_what_it_was_made_with) {
  int here;
  CHECK(data_of(new_externref(&here)) == &here);
  CHECK(data_of(new_tagged(&here, &tag_a)) == &here);
}

CASE(null_data_is_data) {
  CHECK(data_of(new_externref(NULL)) == NULL);
  CHECK(data_of(new_tagged(NULL, NULL)) == NULL);
}

CASE(the_data_is_never_followed) {
  void *nowhere = (void *)UINTPTR_MAX;
  gcroots_ref_t ref = new_tagged(nowhere, (const void *)1);
  void *data = NULL;
  OK(gcroots_store_gc(store));
  CHECK(data_of(ref) == nowhere);
  OK(gcroots_externref_data_tagged(store, ref, (const void *)1, &data));
  CHECK(data == nowhere);
}

CASE(null_pointers_are_refused_in_their_order) {
  check_nulls(externref_calls);
  /* No finalizer of a refused call runs. */
  OK(gcroots_store_gc(store));
  free_store();
}

CASE(a_null_reference_is_refused) {
  all_refuse(GCROOTS_ERROR_NULL_REFERENCE, gcroots_ref_null());
  all_refuse(GCROOTS_ERROR_NULL_REFERENCE, with_bits(gcroots_ref_null(), UINT32_MAX, UINT32_MAX));
}

CASE(a_local_that_holds_null_is_a_null_reference) {
  gcroots_ref_t local;
  OK(gcroots_local_new(store, gcroots_ref_null(), &local));
  all_refuse(GCROOTS_ERROR_NULL_REFERENCE, local);
  OK(gcroots_ref_assign(store, local, new_externref(&local)));
  CHECK(data_of(local) == &local);
  OK(gcroots_ref_assign(store, local, gcroots_ref_null()));
  all_refuse(GCROOTS_ERROR_NULL_REFERENCE, local);
}

CASE(a_handle_of_an_exited_scope_is_refused) {
  gcroots_scope_t scope = enter();
  gcroots_ref_t stale = new_externref(NULL), next;
  OK(gcroots_scope_exit(store, scope));
  all_refuse(GCROOTS_ERROR_UNROOTED, stale);
  next = new_externref(&stale);
  CHECK(next.index == stale.index);
  all_refuse(GCROOTS_ERROR_UNROOTED, stale);
  CHECK(data_of(next) == &stale);
}

CASE(an_unrooted_manual_handle_is_refused) {
  gcroots_manually_rooted_t handle = root(new_externref(NULL)), next;
  gcroots_ref_t stale = handle.ref;
  OK(gcroots_manually_rooted_unroot(store, &handle));
  all_refuse(GCROOTS_ERROR_UNROOTED, stale);
  all_refuse(GCROOTS_ERROR_NULL_REFERENCE, handle.ref);
  next = root(new_externref(&stale));
  CHECK(next.ref.index == stale.index);
  all_refuse(GCROOTS_ERROR_UNROOTED, stale);
  OK(gcroots_manually_rooted_unroot(store, &next));
}

CASE(a_handle_of_another_store_is_refused) {
  gcroots_store_t *other = new_store(0);
  gcroots_ref_t ref, mine = new_externref(NULL);
  OK(gcroots_externref_new(other, NULL, NULL, &ref));
  CHECK(mine.index == ref.index && mine.generation == ref.generation);
  all_refuse(GCROOTS_ERROR_WRONG_STORE, ref);
  OK(gcroots_store_free(other));
  all_refuse(GCROOTS_ERROR_WRONG_STORE, ref);
  ref.store_id = UINT64_MAX;
  all_refuse(GCROOTS_ERROR_WRONG_STORE, ref);
}

CASE(bad_handles_are_refused) {
  struct arguments a;
  new_arguments(&a, store);
  check_bad_handles(externref_calls, &a);
  free_arguments(&a);
}

CASE(a_handle_of_all_ones_is_refused) {
  gcroots_ref_t ones;
  memset(&ones, 0xff, sizeof ones);
  all_refuse(GCROOTS_ERROR_WRONG_STORE, ones);
  new_externref(NULL);
  all_refuse(GCROOTS_ERROR_WRONG_STORE, ones);
}

CASE(a_flipped_manual_bit_is_refused) {
  gcroots_ref_t scoped = new_externref(NULL);
  gcroots_manually_rooted_t handle;
  all_refuse(GCROOTS_ERROR_UNROOTED,
             with_bits(scoped, scoped.generation, scoped.index ^ MANUAL_BIT));
  /* Uses the slot a second time, so that its generation differs from the scoped root's. */
  handle = root(scoped);
  OK(gcroots_manually_rooted_unroot(store, &handle));
  handle = root(scoped);
  CHECK(handle.ref.generation != scoped.generation);
  all_refuse(GCROOTS_ERROR_UNROOTED,
             with_bits(handle.ref, handle.ref.generation, handle.ref.index ^ MANUAL_BIT));
  all_refuse(GCROOTS_ERROR_UNROOTED,
             with_bits(scoped, scoped.generation, scoped.index ^ MANUAL_BIT));
  OK(gcroots_manually_rooted_unroot(store, &handle));
}

CASE(forged_bits_are_refused_by_a_store_without_roots) {
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref = {scope.store_id, 0, 0};
  all_refuse(GCROOTS_ERROR_UNROOTED, ref);
  all_refuse(GCROOTS_ERROR_UNROOTED, with_bits(ref, UINT32_MAX, 0));
  all_refuse(GCROOTS_ERROR_UNROOTED, with_bits(ref, UINT32_MAX, MANUAL_BIT));
  all_refuse(GCROOTS_ERROR_UNROOTED, with_bits(ref, 0, MANUAL_BIT));
  all_refuse(GCROOTS_ERROR_UNROOTED, with_bits(ref, 1, MANUAL_BIT));
}

CASE(a_manual_handle_reads_and_writes) {
  int a, b;
  gcroots_manually_rooted_t handle = root(new_tagged(&a, &tag_a));
  void *data = NULL;
  OK(gcroots_externref_data_tagged(store, handle.ref, &tag_a, &data));
  CHECK(data == &a);
  OK(gcroots_externref_set_data(store, handle.ref, &b));
  OK(gcroots_externref_set_external_bytes(store, handle.ref, 3));
  CHECK(data_of(handle.ref) == &b);
  OK(gcroots_manually_rooted_unroot(store, &handle));
}

CASE(data_may_be_written_over_the_handle) {
  int here;
  union {
    gcroots_ref_t ref;
    void *data;
  } both;
  both.ref = new_tagged(&here, &tag_a);
  OK(gcroots_externref_data(store, both.ref, &both.data));
  CHECK(both.data == &here);
  both.ref = new_tagged(&here, &tag_a);
  OK(gcroots_externref_data_tagged(store, both.ref, &tag_a, &both.data));
  CHECK(both.data == &here);
}

CASE(a_handle_may_be_written_over_the_options) {
  int here, finalized = 0;
  union {
    gcroots_externref_options_t options;
    gcroots_ref_t ref;
  } both;
  gcroots_scope_t scope = enter();
  gcroots_ref_t dead;
  /* Garbage with a finalizer, which runs after the options are read and before `ref` is
     written. */
  OK(gcroots_externref_new(store, &finalized, count_call, &dead));
  OK(gcroots_scope_exit(store, scope));
  both.options = options_of(&here);
  both.options.tag = &tag_b;
  OK(gcroots_externref_new_with(store, &both.options, &both.ref));
  CHECK(data_of(both.ref) == &here);
  CHECK(finalized == (stressed ? 1 : 0));
  all_refuse(GCROOTS_ERROR_UNROOTED, dead);
  OK(gcroots_store_free(store));
  store = NULL;
  CHECK(finalized == 1);
}

CASE(the_options_are_copied) {
  int a, b, finalized = 0;
  gcroots_externref_options_t options = options_of(&a);
  gcroots_ref_t ref;
  void *data = NULL;
  options.tag = &tag_a;
  options.external_bytes = 7;
  OK(gcroots_externref_new_with(store, &options, &ref));
  CHECK(options.struct_size == sizeof options && options.data == &a && options.tag == &tag_a);
  options.data = &b;
  options.finalizer = count_call;
  options.tag = &tag_b;
  options.external_bytes = 9;
  OK(gcroots_externref_data_tagged(store, ref, &tag_a, &data));
  CHECK(data == &a);
  CHECK(stats_of(store).external_bytes == 7);
  CHECK(finalized == 0);
}

CASE(an_unknown_struct_size_is_refused) {
  static const size_t sizes[] = {0,
                                 1,
                                 sizeof(size_t),
                                 sizeof(gcroots_externref_options_t) - 1,
                                 sizeof(gcroots_externref_options_t) + 1,
                                 2 * sizeof(gcroots_externref_options_t),
                                 SIZE_MAX / 2,
                                 SIZE_MAX};
  int finalized = 0;
  gcroots_externref_options_t options = options_of(&finalized);
  gcroots_ref_t out, before;
  size_t i;
  options.finalizer = count_call;
  options.external_bytes = 100;
  memset(&out, 0x5a, sizeof out);
  before = out;
  for (i = 0; i < sizeof sizes / sizeof *sizes; ++i) {
    options.struct_size = sizes[i];
    REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_externref_new_with(store, &options, &out));
    CHECK(strstr(gcroots_last_error(), "struct_size") != NULL);
  }
  CHECK(same_bits(out, before));
  CHECK(stats_of(store).external_bytes == 0);
  OK(gcroots_store_gc(store));
  OK(gcroots_store_free(store));
  store = NULL;
  CHECK(finalized == 0);
}

CASE(nothing_beyond_struct_size_is_read) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  char *two = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  gcroots_externref_options_t options = options_of(two);
  size_t only_size = sizeof only_size;
  gcroots_ref_t ref;
  CHECK(two != MAP_FAILED);
  CHECK(mprotect(two + page, page, PROT_NONE) == 0);
  memcpy(two + page - sizeof only_size, &only_size, sizeof only_size);
  REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT,
          gcroots_externref_new_with(store, (const void *)(two + page - sizeof only_size), &ref));
  memcpy(two + page - sizeof options, &options, sizeof options);
  OK(gcroots_externref_new_with(store, (const void *)(two + page - sizeof options), &ref));
  CHECK(data_of(ref) == two);
  CHECK(munmap(two, 2 * page) == 0);
}

CASE(options_of_zeros_are_the_defaults) {
  gcroots_externref_options_t options;
  gcroots_ref_t ref;
  int pattern;
  void *data = &pattern;
  memset(&options, 0, sizeof options);
  options.struct_size = sizeof options;
  OK(gcroots_externref_new_with(store, &options, &ref));
  OK(gcroots_externref_data_tagged(store, ref, NULL, &data));
  CHECK(data == NULL);
  CHECK(stats_of(store).external_bytes == 0);
}

CASE(only_the_right_tag_matches) {
  int here, pattern;
  gcroots_ref_t ref = new_tagged(&here, &tag_a);
  void *data = &pattern;
  REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_externref_data_tagged(store, ref, &tag_b, &data));
  REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_externref_data_tagged(store, ref, NULL, &data));
  REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_externref_data_tagged(store, ref, &here, &data));
  REFUSED(GCROOTS_ERROR_TYPE_MISMATCH,
          gcroots_externref_data_tagged(store, ref, &tag_a + 1, &data));
  CHECK(data == &pattern);
  OK(gcroots_externref_data_tagged(store, ref, &tag_a, &data));
  CHECK(data == &here);
}

CASE(a_null_tag_matches_only_the_untagged) {
  int here, pattern;
  gcroots_ref_t untagged = new_externref(&here);
  void *data = &pattern;
  REFUSED(GCROOTS_ERROR_TYPE_MISMATCH,
          gcroots_externref_data_tagged(store, untagged, &tag_a, &data));
  REFUSED(GCROOTS_ERROR_TYPE_MISMATCH,
          gcroots_externref_data_tagged(store, untagged, &here, &data));
  CHECK(data == &pattern);
  OK(gcroots_externref_data_tagged(store, untagged, NULL, &data));
  CHECK(data == &here);
}

CASE(reading_without_a_tag_takes_any) {
  int here;
  CHECK(data_of(new_tagged(&here, &tag_a)) == &here);
  CHECK(data_of(new_tagged(&here, &tag_b)) == &here);
}

CASE(a_tag_stays_when_the_object_moves_and_changes) {
  int a, b, i;
  gcroots_ref_t ref = new_tagged(&a, &tag_a);
  void *data = NULL;
  for (i = 0; i < 5; ++i) OK(gcroots_store_gc(store));
  OK(gcroots_externref_set_data(store, ref, &b));
  OK(gcroots_externref_set_external_bytes(store, ref, 5));
  OK(gcroots_store_gc(store));
  OK(gcroots_externref_data_tagged(store, ref, &tag_a, &data));
  CHECK(data == &b);
  REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_externref_data_tagged(store, ref, &tag_b, &data));
}

CASE(a_new_externref_does_not_inherit_from_a_dead_one) {
  gcroots_scope_t scope = enter();
  gcroots_externref_options_t options = options_of(&options);
  gcroots_ref_t ref;
  void *data;
  int finalized = 0;
  options.tag = &tag_a;
  options.external_bytes = 1000;
  OK(gcroots_externref_new_with(store, &options, &ref));
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_store_gc(store));
  OK(gcroots_externref_new(store, &finalized, NULL, &ref));
  OK(gcroots_externref_data_tagged(store, ref, NULL, &data));
  CHECK(data == &finalized);
  CHECK(stats_of(store).external_bytes == (collects ? 0 : 1000));
}

/* A live object behind the dead one's keeps its entry in the table. */
static void entry_used_again(gcroots_finalizer_t finalizer) {
  static int finalized;
  gcroots_externref_options_t options = options_of(&finalized);
  gcroots_ref_t ref;
  gcroots_manually_rooted_t behind;
  gcroots_scope_t scope = enter();
  void *data;
  options.finalizer = finalizer;
  options.tag = &tag_a;
  options.external_bytes = 1000;
  OK(gcroots_externref_new_with(store, &options, &ref));
  behind = new_rooted(&behind, NULL);
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_store_gc(store));
  for (int i = 0; i < 3; ++i) {
    OK(gcroots_externref_new(store, &options, NULL, &ref));
    OK(gcroots_externref_data_tagged(store, ref, NULL, &data));
    CHECK(data == &options && stats_of(store).external_bytes == (collects ? 0 : 1000));
  }
  OK(gcroots_store_verify(store));
  CHECK(data_of(behind.ref) == &behind);
}

CASE(a_new_externref_does_not_inherit_from_a_dead_one_before_others) {
  entry_used_again(NULL);
}

CASE(a_new_externref_does_not_inherit_from_a_finalized_one) {
  entry_used_again(count_call);
}

CASE(set_data_is_seen_through_every_handle) {
  int a, b;
  gcroots_ref_t ref = new_externref(&a), local;
  gcroots_manually_rooted_t handle = root(ref);
  OK(gcroots_local_new(store, ref, &local));
  OK(gcroots_externref_set_data(store, local, &b));
  CHECK(data_of(ref) == &b && data_of(local) == &b && data_of(handle.ref) == &b);
  OK(gcroots_store_gc(store));
  CHECK(data_of(ref) == &b && data_of(local) == &b && data_of(handle.ref) == &b);
  OK(gcroots_externref_set_data(store, handle.ref, NULL));
  CHECK(data_of(ref) == NULL && data_of(local) == NULL);
  OK(gcroots_manually_rooted_unroot(store, &handle));
}

CASE(set_data_changes_no_other_object) {
  int a, b, c;
  gcroots_ref_t first = new_externref(&a), second = new_externref(&a), third = new_externref(&b);
  OK(gcroots_externref_set_data(store, second, &c));
  CHECK(data_of(first) == &a && data_of(second) == &c && data_of(third) == &b);
}

CASE(the_finalizer_gets_the_newest_data) {
  int old = 0, new = 0;
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref;
  OK(gcroots_externref_new(store, &old, count_call, &ref));
  OK(gcroots_externref_set_data(store, ref, NULL));
  OK(gcroots_externref_set_data(store, ref, &new));
  OK(gcroots_store_gc(store));
  CHECK(old == 0 && new == 0);
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_store_gc(store));
  CHECK(new == (collects ? 1 : 0));
  OK(gcroots_store_free(store));
  store = NULL;
  CHECK(old == 0 && new == 1);
}

CASE(handles_resolve_to_their_own_object_after_many_moves) {
  static int data[600];
  gcroots_ref_t scoped[200], locals[200];
  gcroots_manually_rooted_t manual[200];
  int i, round;
  for (i = 0; i < 200; ++i) {
    /* Garbage between the objects makes them move by different distances. */
    gcroots_scope_t scope = enter();
    new_externref(NULL);
    OK(gcroots_scope_exit(store, scope));
    scoped[i] = new_externref(&data[i]);
    OK(gcroots_local_new(store, gcroots_ref_null(), &locals[i]));
    scope = enter();
    OK(gcroots_ref_assign(store, locals[i], new_externref(&data[200 + i])));
    manual[i] = root(new_externref(&data[400 + i]));
    OK(gcroots_scope_exit(store, scope));
  }
  for (round = 0; round < 20; ++round) {
    OK(gcroots_store_gc(store));
    for (i = 0; i < 200; ++i) {
      CHECK(data_of(scoped[i]) == &data[i]);
      CHECK(data_of(locals[i]) == &data[200 + i]);
      if (!gcroots_ref_is_null(manual[i].ref)) CHECK(data_of(manual[i].ref) == &data[400 + i]);
    }
    /* Leaves holes that the next collection closes. */
    for (i = round; i < 200; i += 20)
      if (i % 3 == 0) OK(gcroots_manually_rooted_unroot(store, &manual[i]));
  }
  if (heap_has(MOVES_ALL)) CHECK(stats_of(store).moved_bytes > 0);
  for (i = 0; i < 200; ++i) OK(gcroots_manually_rooted_unroot(store, &manual[i]));
}

CASE(handles_resolve_while_collections_happen_by_themselves) {
  static int data[64];
  gcroots_ref_t kept[64];
  gcroots_store_t *small = new_store(collects ? 64 << 10 : 8 << 20);
  int i;
  for (i = 0; i < 64; ++i) OK(gcroots_externref_new(small, &data[i], NULL, &kept[i]));
  for (i = 0; i < 50000; ++i) {
    gcroots_scope_t scope;
    gcroots_ref_t ref;
    void *it = NULL;
    OK(gcroots_scope_enter(small, &scope));
    OK(gcroots_externref_new(small, &scope, NULL, &ref));
    OK(gcroots_externref_data(small, kept[i % 64], &it));
    CHECK(it == &data[i % 64]);
    OK(gcroots_externref_data(small, ref, &it));
    CHECK(it == &scope);
    OK(gcroots_scope_exit(small, scope));
  }
  CHECK((stats_of(small).collections > 0) == collects);
  OK(gcroots_store_verify(small));
  OK(gcroots_store_free(small));
}

CASE(two_externrefs_of_one_pointer_are_two_objects) {
  int here = 0;
  gcroots_scope_t scope = enter();
  gcroots_ref_t a, b;
  bool equal = true;
  OK(gcroots_externref_new(store, &here, count_call, &a));
  OK(gcroots_externref_new(store, &here, count_call, &b));
  OK(gcroots_ref_eq(store, a, b, &equal));
  CHECK(!equal);
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_store_free(store));
  store = NULL;
  CHECK(here == 2);
}

CASE(a_full_heap_refuses_until_roots_are_dropped) {
  gcroots_store_t *small = new_store(64 << 10);
  gcroots_scope_t scope;
  int first, second, finalized = 0;
  gcroots_ref_t ref;
  OK(gcroots_scope_enter(small, &scope));
  first = fill(small, GCROOTS_ERROR_OUT_OF_MEMORY);
  CHECK(first > 1000);
  CHECK(stats_of(small).objects == (uint64_t)first);
  CHECK(stats_of(small).scoped_roots == (uint64_t)first);
  CHECK(stats_of(small).committed_bytes <= 64 << 10);
  REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_OUT_OF_MEMORY,
                           gcroots_externref_new(small, &finalized, count_call, &ref));
  OK(gcroots_store_verify(small));
  OK(gcroots_scope_exit(small, scope));
  if (collects) {
    OK(gcroots_scope_enter(small, &scope));
    second = fill(small, GCROOTS_ERROR_OUT_OF_MEMORY);
    CHECK(second == first);
    OK(gcroots_scope_exit(small, scope));
    OK(gcroots_externref_new(small, &finalized, NULL, &ref));
  } else {
    CHECK(fill(small, GCROOTS_ERROR_OUT_OF_MEMORY) == 0);
  }
  OK(gcroots_store_free(small));
  CHECK(finalized == 0);
}

CASE(a_full_heap_in_a_no_gc_span_says_whether_a_collection_might_help) {
  gcroots_store_t *small = new_store(64 << 10);
  gcroots_scope_t scope;
  gcroots_ref_t ref;
  uint64_t before;
  int finalized = 0;
  OK(gcroots_scope_enter(small, &scope));
  OK(gcroots_externref_new(small, NULL, NULL, &ref));
  OK(gcroots_no_gc_enter(small));
  before = stats_of(small).collections;
  CHECK(fill(small, collects ? GCROOTS_ERROR_NO_GC : GCROOTS_ERROR_OUT_OF_MEMORY) > 1000);
  REFUSED_AFTER_COLLECTION(collects ? GCROOTS_ERROR_NO_GC : GCROOTS_ERROR_OUT_OF_MEMORY,
                           gcroots_externref_new(small, &finalized, count_call, &ref));
  CHECK(stats_of(small).collections == before);
  OK(gcroots_scope_exit(small, scope));
  CHECK(gcroots_externref_new(small, &finalized, NULL, &ref) ==
        (collects ? GCROOTS_OK : GCROOTS_ERROR_OUT_OF_MEMORY));
  OK(gcroots_store_free(small));
  CHECK(finalized == 0);
}

CASE(external_bytes_are_summed) {
  gcroots_ref_t a = new_external(10), b = new_external(200);
  CHECK(stats_of(store).external_bytes == 210);
  OK(gcroots_externref_set_external_bytes(store, a, 3000));
  CHECK(stats_of(store).external_bytes == 3200);
  OK(gcroots_externref_set_external_bytes(store, b, 0));
  CHECK(stats_of(store).external_bytes == 3000);
  OK(gcroots_store_gc(store));
  CHECK(stats_of(store).external_bytes == 3000);
  OK(gcroots_externref_set_data(store, a, &a));
  CHECK(stats_of(store).external_bytes == 3000);
}

CASE(external_bytes_of_the_dead_are_not_counted) {
  gcroots_scope_t scope = enter();
  gcroots_ref_t kept = new_external(1);
  gcroots_manually_rooted_t handle = root(kept);
  new_external(10);
  new_external(100);
  OK(gcroots_scope_exit(store, scope));
  CHECK(stats_of(store).external_bytes == 111);
  OK(gcroots_store_gc(store));
  CHECK(stats_of(store).external_bytes == (collects ? 1 : 111));
  OK(gcroots_manually_rooted_unroot(store, &handle));
  OK(gcroots_store_gc(store));
  CHECK(stats_of(store).external_bytes == (collects ? 0 : 111));
}

CASE(any_number_of_external_bytes_is_accepted) {
  gcroots_ref_t a = new_external(SIZE_MAX), b = new_external(SIZE_MAX);
  CHECK(stats_of(store).external_bytes == UINT64_MAX);
  OK(gcroots_store_verify(store));
  OK(gcroots_store_gc(store));
  OK(gcroots_externref_set_external_bytes(store, a, 0));
  OK(gcroots_externref_set_external_bytes(store, a, SIZE_MAX));
  OK(gcroots_externref_set_external_bytes(store, b, 1));
  OK(gcroots_store_verify(store));
  OK(gcroots_store_gc(store));
  CHECK(data_of(new_external(SIZE_MAX - 1)) == NULL);
}

CASE(a_sum_of_external_bytes_that_saturated_is_right_again_later) {
  gcroots_ref_t huge = new_external(SIZE_MAX);
  new_external(10);
  CHECK(stats_of(store).external_bytes == UINT64_MAX);
  OK(gcroots_externref_set_external_bytes(store, huge, 0));
  CHECK(stats_of(store).external_bytes == 10);
  OK(gcroots_store_verify(store));
}

CASE(a_sum_of_external_bytes_that_saturated_poisons_nothing) {
  gcroots_scope_t scope = enter();
  gcroots_ref_t huge = new_external(SIZE_MAX);
  gcroots_manually_rooted_t kept = root(new_external(10));
  OK(gcroots_externref_set_external_bytes(store, huge, 0));
  OK(gcroots_store_verify(store));
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_store_gc(store));
  OK(gcroots_store_verify(store));
  OK(gcroots_manually_rooted_unroot(store, &kept));
}

/* Returns how many collections run while `count` objects die, each with this many
   external bytes. */
static uint64_t collections_of_garbage(int count, size_t external_bytes) {
  gcroots_store_t *of = new_store(0);
  gcroots_externref_options_t options = options_of(NULL);
  uint64_t collections;
  options.external_bytes = external_bytes;
  while (count-- > 0) {
    gcroots_scope_t scope;
    gcroots_ref_t ref;
    OK(gcroots_scope_enter(of, &scope));
    OK(gcroots_externref_new_with(of, &options, &ref));
    OK(gcroots_scope_exit(of, scope));
  }
  collections = stats_of(of).collections;
  CHECK(collections == 0 || stats_of(of).external_bytes < 64 << 20);
  OK(gcroots_store_free(of));
  return collections;
}

CASE(external_bytes_hasten_a_collection) {
  uint64_t without = collections_of_garbage(2000, 0), with = collections_of_garbage(2000, 1 << 20);
  if (!collects)
    CHECK(without == 0 && with == 0);
  else if (stressed)
    CHECK(without >= 2000 && with >= 2000);
  else
    CHECK(without == 0 && with > 10);
}

CASE(external_bytes_set_later_hasten_a_collection) {
  int i;
  uint64_t before = stats_of(store).collections;
  for (i = 0; i < 2000; ++i) {
    gcroots_scope_t scope = enter();
    OK(gcroots_externref_set_external_bytes(store, new_externref(NULL), 1 << 20));
    OK(gcroots_scope_exit(store, scope));
  }
  CHECK((stats_of(store).collections - before > 10) == collects);
}

CASE(external_bytes_never_refuse_an_allocation) {
  gcroots_store_t *small = new_store(64 << 10);
  gcroots_externref_options_t options = options_of(NULL);
  gcroots_ref_t ref;
  int i;
  options.external_bytes = SIZE_MAX;
  for (i = 0; i < 1000; ++i) OK(gcroots_externref_new_with(small, &options, &ref));
  for (i = 0; i < 500; ++i) {
    OK(gcroots_externref_set_external_bytes(small, ref, i % 2 ? 0 : SIZE_MAX));
    OK(gcroots_externref_new(small, NULL, NULL, &ref));
  }
  OK(gcroots_store_free(small));
}

CASE(external_bytes_never_refuse_an_allocation_in_a_no_gc_span) {
  gcroots_ref_t first = new_externref(NULL);
  int i;
  uint64_t before = stats_of(store).collections;
  OK(gcroots_no_gc_enter(store));
  OK(gcroots_externref_set_external_bytes(store, first, SIZE_MAX));
  for (i = 0; i < 2000; ++i) new_external(SIZE_MAX / 2);
  CHECK(stats_of(store).collections == before);
  OK(gcroots_no_gc_exit(store));
  new_external(1);
}

CASE(external_bytes_fill_no_heap) {
  gcroots_store_t *plain = new_store(64 << 10), *external = new_store(64 << 10);
  gcroots_externref_options_t options = options_of(NULL);
  gcroots_ref_t ref;
  int count = 0, expected = fill(plain, GCROOTS_ERROR_OUT_OF_MEMORY);
  options.external_bytes = (size_t)1 << 40;
  while (gcroots_externref_new_with(external, &options, &ref) == GCROOTS_OK) ++count;
  CHECK(count == expected);
  OK(gcroots_store_free(plain));
  OK(gcroots_store_free(external));
}

/* The ways in which a collection may begin. */
enum { BY_ALLOCATION, BY_GC, BY_STEPS, WAYS };

static void collect_by(int way) {
  bool done = false;
  if (way == BY_ALLOCATION) new_externref(NULL);
  if (way == BY_GC) OK(gcroots_store_gc(store));
  if (way != BY_STEPS) return;
  OK(gcroots_store_gc_start(store));
  while (!done) OK(gcroots_store_gc_step(store, 1000, &done));
}

CASE(external_bytes_hasten_one_collection_only) {
  gcroots_ref_t kept = new_externref(NULL), small = new_externref(NULL);
  for (int way = 0; way < WAYS; way++) {
    uint64_t before = stats_of(store).collections;
    OK(gcroots_externref_set_external_bytes(store, kept, 0));
    OK(gcroots_store_gc(store));
    OK(gcroots_externref_set_external_bytes(store, kept, (size_t)1 << 30));
    collect_by(way);
    CHECK((stats_of(store).collections > before) == collects);
    before = stats_of(store).collections;
    /* Neither allocations nor a few bytes more bring the next collection forward. */
    for (int i = 0; i < 100; ++i) new_externref(NULL);
    CHECK(has_collected(stats_of(store).collections, before + (stressed ? 100 : 0)));
    CHECK(stressed || stats_of(store).collections == before);
    for (int i = 0; i < 100; ++i) {
      OK(gcroots_externref_set_external_bytes(store, small, (size_t)(i % 2)));
      new_externref(NULL);
    }
    CHECK(has_collected(stats_of(store).collections, before + (stressed ? 200 : 0)));
    CHECK(stressed || stats_of(store).collections == before);
  }
}

CASE(external_bytes_of_the_living_do_not_delay_a_collection) {
  gcroots_ref_t kept = new_external((size_t)1 << 30);
  int i;
  uint64_t before;
  OK(gcroots_store_gc(store));
  before = stats_of(store).collections;
  for (i = 0; i < 500000 / (stressed ? 100 : 1); ++i) {
    gcroots_scope_t scope = enter();
    new_externref(NULL);
    OK(gcroots_scope_exit(store, scope));
  }
  CHECK((stats_of(store).collections > before) == collects);
  CHECK(data_of(kept) == NULL);
}

CASE(external_bytes_commit_no_heap) {
  gcroots_ref_t kept = new_externref(NULL);
  uint64_t before;
  OK(gcroots_store_gc(store));
  before = stats_of(store).committed_bytes;
  OK(gcroots_externref_set_external_bytes(store, kept, (size_t)1 << 40));
  OK(gcroots_store_gc(store));
  CHECK(stats_of(store).committed_bytes <= 2 * before);
}

CASE(refused_external_bytes_are_not_counted) {
  gcroots_store_t *small = new_store(64 << 10);
  gcroots_externref_options_t options = options_of(NULL);
  gcroots_ref_t ref;
  options.external_bytes = 1;
  fill(small, GCROOTS_ERROR_OUT_OF_MEMORY);
  REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_OUT_OF_MEMORY,
                           gcroots_externref_new_with(small, &options, &ref));
  CHECK(stats_of(small).external_bytes == 0);
  OK(gcroots_store_free(small));
}

CASE(new_roots_in_the_innermost_scope) {
  gcroots_scope_t outer = enter(), inner;
  gcroots_ref_t before = new_externref(NULL), inside;
  inner = enter();
  inside = new_externref(NULL);
  OK(gcroots_scope_exit(store, inner));
  all_refuse(GCROOTS_ERROR_UNROOTED, inside);
  CHECK(data_of(before) == NULL);
  OK(gcroots_scope_exit(store, outer));
  all_refuse(GCROOTS_ERROR_UNROOTED, before);
}

/* --- External bytes that come and go ------------------------------------------ */

static void make_garbage(void) {
  gcroots_scope_t scope = enter();
  new_externref(NULL);
  OK(gcroots_scope_exit(store, scope));
}

CASE(external_bytes_that_were_withdrawn_hasten_nothing) {
  gcroots_ref_t ref = new_externref(NULL);
  uint64_t before = stats_of(store).collections;
  int i;
  for (i = 0; i < 1000; ++i) {
    OK(gcroots_externref_set_external_bytes(store, ref, 1 << 20));
    OK(gcroots_externref_set_external_bytes(store, ref, 0));
    make_garbage();
  }
  if (!stressed) CHECK(stats_of(store).collections == before);
}

CASE(external_bytes_of_a_no_gc_span_hasten_a_collection_after_it) {
  gcroots_externref_options_t options = {sizeof options,  NULL, NULL, NULL,
                                         (size_t)1 << 30, NULL, NULL};
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref;
  uint64_t before;
  OK(gcroots_no_gc_enter(store));
  OK(gcroots_externref_new_with(store, &options, &ref));
  new_externref(NULL);
  before = stats_of(store).collections;
  OK(gcroots_scope_exit(store, scope));
  make_garbage();
  CHECK(stats_of(store).collections == before + (collects ? 1 : 0));
  CHECK(stats_of(store).external_bytes == (collects ? 0 : (uint64_t)1 << 30));
}

/* --- External bytes by a difference ------------------------------------------- */

static void adjust(gcroots_ref_t ref, int64_t difference, uint64_t expected) {
  OK(gcroots_externref_adjust_external_bytes(store, ref, difference));
  CHECK(stats_of(store).external_bytes == expected);
}

/* The status comes with this text, and the sum stays. */
static void adjust_refused(gcroots_ref_t ref, int64_t difference, gcroots_status_t expected,
                           const char *text) {
  uint64_t before = stats_of(store).external_bytes;
  REFUSED(expected, gcroots_externref_adjust_external_bytes(store, ref, difference));
  CHECK(strstr(gcroots_last_error(), text) != NULL);
  CHECK(stats_of(store).external_bytes == before);
  OK(gcroots_store_verify(store));
}

CASE(external_bytes_change_by_a_difference) {
  gcroots_ref_t a = new_external(10), b = new_externref(NULL);
  adjust(b, 200, 210);
  adjust(a, -10, 200);
  adjust(a, 0, 200);
  adjust(a, 7, 207);
  OK(gcroots_store_gc(store));
  adjust(b, -150, 57);
  OK(gcroots_externref_set_external_bytes(store, b, 1));
  adjust(b, -1, 7);
  OK(gcroots_store_verify(store));
}

CASE(external_bytes_never_become_negative) {
  gcroots_ref_t other = new_external(1000), ref = new_external(3);
  gcroots_status_t refused = GCROOTS_ERROR_INVALID_ARGUMENT;
  adjust_refused(ref, -4, refused, "`difference` is -4, but the externref has 3 external bytes");
  adjust_refused(ref, INT64_MIN, refused, "`difference` is -9223372036854775808, but");
  adjust(ref, -3, 1000);
  adjust_refused(ref, -1, refused, "has 0 external bytes");
  adjust(other, -1000, 0);
}

CASE(a_difference_reaches_the_most_external_bytes_and_no_more) {
  gcroots_ref_t ref = new_external(SIZE_MAX - 1);
  const char *text = "external bytes of an externref are allowed";
  adjust_refused(ref, 2, GCROOTS_ERROR_LIMIT, text);
  adjust(ref, 1, UINT64_MAX);
  adjust_refused(ref, 1, GCROOTS_ERROR_LIMIT, text);
  adjust_refused(ref, INT64_MAX, GCROOTS_ERROR_LIMIT, text);
  adjust(ref, INT64_MIN, INT64_MAX);
  adjust(ref, -INT64_MAX, 0);
}

CASE(external_bytes_added_by_a_difference_hasten_a_collection) {
  uint64_t before = stats_of(store).collections;
  for (int i = 0; i < 2000; ++i) {
    gcroots_scope_t scope = enter();
    OK(gcroots_externref_adjust_external_bytes(store, new_externref(NULL), 1 << 20));
    OK(gcroots_scope_exit(store, scope));
  }
  CHECK((stats_of(store).collections - before > 10) == collects);
}

CASE(external_bytes_taken_away_by_a_difference_hasten_nothing) {
  gcroots_ref_t ref = new_externref(NULL);
  uint64_t before = stats_of(store).collections;
  for (int i = 0; i < 1000; ++i) {
    OK(gcroots_externref_adjust_external_bytes(store, ref, 1 << 20));
    OK(gcroots_externref_adjust_external_bytes(store, ref, -(1 << 20)));
    make_garbage();
  }
  if (!stressed) CHECK(stats_of(store).collections == before);
}

/* --- Manually rooted from the start ------------------------------------------- */

CASE(a_manually_rooted_externref_has_one_root) {
  static int finalized;
  gcroots_scope_t scope = enter();
  gcroots_manually_rooted_t handle = new_rooted(&finalized, count_call);
  void *data = NULL;
  CHECK((handle.ref.index & MANUAL_BIT) != 0);
  CHECK(stats_of(store).manual_roots == 1 && stats_of(store).manual_roots_max == 1);
  CHECK(stats_of(store).scoped_roots_max == 0 && stats_of(store).objects == 1);
  OK(gcroots_externref_data_tagged(store, handle.ref, NULL, &data));
  CHECK(data == &finalized);
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_store_gc(store));
  CHECK(data_of(handle.ref) == &finalized && finalized == 0);
  OK(gcroots_manually_rooted_unroot(store, &handle));
  OK(gcroots_store_gc(store));
  CHECK(finalized == (collects ? 1 : 0));
}

CASE(a_manually_rooted_externref_may_have_null_data) {
  gcroots_manually_rooted_t handle = new_rooted(NULL, NULL);
  OK(gcroots_store_gc(store));
  CHECK(data_of(handle.ref) == NULL);
}

CASE(many_manually_rooted_externrefs_keep_their_own_data) {
  enum { COUNT = 2000 };
  static gcroots_manually_rooted_t handles[COUNT];
  for (int i = 0; i < COUNT; ++i) handles[i] = new_rooted(&handles[i], NULL);
  OK(gcroots_store_gc(store));
  for (int i = 0; i < COUNT; ++i) CHECK(data_of(handles[i].ref) == &handles[i]);
  CHECK(stats_of(store).manual_roots == COUNT && stats_of(store).objects == COUNT);
}

/* Options with a tag, external bytes and a finalizer. */
static gcroots_externref_options_t tagged(void *data, const void *tag) {
  gcroots_externref_options_t options = {0};
  options.struct_size = sizeof options;
  options.data = data;
  options.finalizer = count_call;
  options.tag = tag;
  options.external_bytes = 100;
  return options;
}

CASE(a_manually_rooted_externref_may_have_a_tag) {
  static int finalized;
  static const char tag;
  gcroots_externref_options_t options = tagged(&finalized, &tag);
  gcroots_manually_rooted_t handle = untouched_handle();
  void *data = NULL;
  OK(gcroots_externref_new_with_manually_rooted(store, &options, &handle));
  CHECK(stats_of(store).manual_roots == 1 && stats_of(store).scoped_roots_max == 0);
  OK(gcroots_store_gc(store));
  OK(gcroots_externref_data_tagged(store, handle.ref, &tag, &data));
  CHECK(data == &finalized && finalized == 0 && stats_of(store).external_bytes == 100);
  OK(gcroots_manually_rooted_unroot(store, &handle));
  OK(gcroots_store_gc(store));
  CHECK(finalized == (collects ? 1 : 0));
}

CASE(bad_options_make_no_manually_rooted_externref) {
  static int finalized;
  gcroots_manually_rooted_t out = untouched_handle();
  gcroots_externref_options_t options = tagged(&finalized, NULL);
  for (size_t size = 0; size < 2 * sizeof options; size++) {
    options.struct_size = size;
    if (size != sizeof options &&
        size != offsetof(gcroots_externref_options_t, finalizer_with_store))
      REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT,
              gcroots_externref_new_with_manually_rooted(store, &options, &out));
  }
  free_store();
  CHECK(same_bits(out.ref, untouched()) && finalized == 0);
}

/* The call is refused and the store's counts are unchanged, although it may have
   collected. */
static void check_refused_rooted(gcroots_status_t expected, int *finalized) {
  gcroots_manually_rooted_t out = untouched_handle();
  gcroots_externref_options_t options = tagged(finalized, finalized);
  gcroots_stats_t before = stats_of(store), after;
  REFUSED_AFTER_COLLECTION(
      expected, gcroots_externref_new_manually_rooted(store, finalized, count_call, &out));
  REFUSED_AFTER_COLLECTION(expected,
                           gcroots_externref_new_with_manually_rooted(store, &options, &out));
  after = stats_of(store);
  CHECK(same_bits(out.ref, untouched()));
  CHECK(after.objects == before.objects && after.live_bytes == before.live_bytes);
  CHECK(after.external_bytes == before.external_bytes);
  CHECK(after.manual_roots == before.manual_roots && after.scoped_roots == before.scoped_roots);
}

CASE(a_full_heap_refuses_a_manually_rooted_externref) {
  /* More than the overhead limit's share of the heap. */
  enum { LAST = 256 };
  gcroots_store_t *fixture = store;
  gcroots_manually_rooted_t first, made[LAST];
  gcroots_status_t status;
  size_t count = 0;
  int number, finalized = 0;
  store = new_store(64 << 10);
  first = new_rooted(&number, NULL);
  while ((status = gcroots_externref_new_manually_rooted(store, NULL, NULL, &made[count % LAST])) ==
         GCROOTS_OK)
    count++;
  CHECK(status == GCROOTS_ERROR_OUT_OF_MEMORY && stats_of(store).objects > 1000);
  CHECK(stats_of(store).manual_roots == stats_of(store).objects);
  for (int i = 0; i < 3; ++i) check_refused_rooted(GCROOTS_ERROR_OUT_OF_MEMORY, &finalized);
  OK(gcroots_store_verify(store));
  CHECK(data_of(first.ref) == &number);
  for (int i = 0; i < LAST; ++i)
    if (i != (int)(count % LAST)) OK(gcroots_manually_rooted_unroot(store, &made[i]));
  if (collects) CHECK(data_of(new_rooted(&number, NULL).ref) == &number);
  free_store();
  store = fixture;
  CHECK(finalized == 0);
}

/* Prepares a store whose next manual root needs memory, while its next scoped root does
   not. */
static void use_up_manual_slots(void) {
  gcroots_ref_t ref = new_externref(NULL);
  gcroots_manually_rooted_t made;
  OK(gcroots_scope_reserve(store, 10));
  for (int i = 0; i < 100; ++i) new_externref(NULL);
  memory_out(true);
  while (gcroots_ref_to_manually_rooted(store, ref, &made) == GCROOTS_OK) {
  }
}

CASE(an_externref_whose_manual_root_finds_no_memory_is_refused) {
  int number, finalized = 0;
  gcroots_ref_t scoped;
  use_up_manual_slots();
  check_refused_rooted(GCROOTS_ERROR_OUT_OF_MEMORY, &finalized);
  check_refused_rooted(GCROOTS_ERROR_OUT_OF_MEMORY, &finalized);
  OK(gcroots_externref_new(store, &number, NULL, &scoped));
  memory_out(false);
  OK(gcroots_store_verify(store));
  CHECK(data_of(scoped) == &number);
  gcroots_manually_rooted_t handle = new_rooted(&number, NULL);
  OK(gcroots_store_gc(store));
  CHECK(data_of(handle.ref) == &number && data_of(scoped) == &number);
  free_store();
  CHECK(finalized == 0);
}

CASE(a_full_heap_in_a_no_gc_span_refuses_a_manually_rooted_externref) {
  gcroots_store_t *fixture = store;
  const gcroots_status_t full = collects ? GCROOTS_ERROR_NO_GC : GCROOTS_ERROR_OUT_OF_MEMORY;
  gcroots_manually_rooted_t made;
  gcroots_status_t status;
  int finalized = 0;
  store = new_store(64 << 10);
  OK(gcroots_no_gc_enter(store));
  do status = gcroots_externref_new_manually_rooted(store, NULL, NULL, &made);
  while (status == GCROOTS_OK);
  CHECK(status == full);
  check_refused_rooted(full, &finalized);
  OK(gcroots_no_gc_exit(store));
  OK(gcroots_manually_rooted_unroot(store, &made));
  if (collects) new_rooted(NULL, NULL);
  free_store();
  store = fixture;
  CHECK(finalized == 0);
}

/* Drops an object with this finalizer, and does not collect. */
static void make_doomed(void *data, gcroots_finalizer_t finalizer) {
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref;
  OK(gcroots_externref_new(store, data, finalizer, &ref));
  OK(gcroots_scope_exit(store, scope));
}

static void collect_and_count(void *data) {
  if (collects) OK(gcroots_store_gc(store));
  count_call(data);
}

CASE(finalizers_run_before_a_manually_rooted_externref_is_returned) {
  static int finalized;
  gcroots_store_t *fixture = store;
  int number, calls = 0;
  store = new_store(collects ? 64 << 10 : 0);
  make_doomed(&finalized, collect_and_count);
  /* The finalizer collects while the new root exists and its handle has not been
     returned yet. */
  while (finalized == 0 && calls++ < 10000) {
    gcroots_manually_rooted_t handle = new_rooted(&number, NULL);
    CHECK(data_of(handle.ref) == &number);
    OK(gcroots_manually_rooted_unroot(store, &handle));
  }
  CHECK(finalized == (collects ? 1 : 0));
  CHECK(!stressed || calls == 1);
  OK(gcroots_store_verify(store));
  free_store();
  store = fixture;
}

CASE(finalizers_run_although_a_manually_rooted_externref_is_refused) {
  static int finalized;
  gcroots_manually_rooted_t out = untouched_handle();
  use_up_manual_slots();
  make_doomed(&finalized, count_call);
  REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_OUT_OF_MEMORY,
                           gcroots_externref_new_manually_rooted(store, NULL, NULL, &out));
  memory_out(false);
  CHECK(same_bits(out.ref, untouched()) && finalized == (stressed ? 1 : 0));
}
