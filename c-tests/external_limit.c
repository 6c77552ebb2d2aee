/* The limit of external bytes: which calls it refuses, and what makes room below it. */
#include "objects.h"

enum { LIMIT = 1000 };

/* Replaces the fixture's store by one with the limit, which runs finalizers at this time. */
static void limit_external(gcroots_finalizers_t when) {
  gcroots_config_t *config = variant_config(0);
  OK(gcroots_config_set_external_limit(config, LIMIT));
  OK(gcroots_config_set_finalizers(config, when));
  free_store();
  store = store_with(config);
}

static gcroots_status_t try_external(size_t bytes, gcroots_finalizer_t finalizer, void *data,
                                     gcroots_ref_t *ref) {
  gcroots_externref_options_t options = {0};
  options.struct_size = sizeof options;
  options.external_bytes = bytes;
  options.finalizer = finalizer;
  options.data = data;
  return gcroots_externref_new_with(store, &options, ref);
}

static gcroots_ref_t new_external(size_t bytes) {
  gcroots_ref_t ref;
  OK(try_external(bytes, NULL, NULL, &ref));
  return ref;
}

/* Makes an externref that nothing keeps alive. */
static void drop_external(size_t bytes, gcroots_finalizer_t finalizer, void *data) {
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref;
  OK(try_external(bytes, finalizer, data, &ref));
  OK(gcroots_scope_exit(store, scope));
}

/* The store is sound, and its objects have this many external bytes. */
static void check_bytes(uint64_t bytes) {
  CHECK(stats_of(store).external_bytes == bytes);
  OK(gcroots_store_verify(store));
}

/* The data of a refused call stays with the caller. */
static void finalize_nothing(void *data) {
  check_fail(__FILE__, __LINE__, "the finalizer of a refused call ran: %p", data);
}

/* Each way to get more external bytes returns this status, and changes nothing. */
static void all_refuse(gcroots_status_t expected, gcroots_ref_t kept, size_t bytes) {
  gcroots_externref_options_t options = {0};
  gcroots_manually_rooted_t root;
  gcroots_ref_t ref;
  gcroots_stats_t before = stats_of(store), after;
  options.struct_size = sizeof options;
  options.external_bytes = bytes;
  options.finalizer = finalize_nothing;
  REFUSED_AFTER_COLLECTION(expected, gcroots_externref_new_with(store, &options, &ref));
  REFUSED_AFTER_COLLECTION(expected,
                           gcroots_externref_new_with_manually_rooted(store, &options, &root));
  REFUSED_AFTER_COLLECTION(expected,
                           gcroots_externref_adjust_external_bytes(store, kept, (int64_t)bytes));
  after = stats_of(store);
  CHECK(after.external_bytes <= before.external_bytes && after.objects <= before.objects);
  CHECK(after.scoped_roots == before.scoped_roots && after.manual_roots == before.manual_roots);
  OK(gcroots_store_verify(store));
}

CASE(there_is_none_unless_configured) {
  new_external(SIZE_MAX);
  new_external(SIZE_MAX);
}

CASE(as_many_bytes_as_the_limit_fit) {
  limit_external(GCROOTS_FINALIZERS_INLINE);
  gcroots_ref_t kept = new_external(LIMIT - 10);
  new_external(10);
  all_refuse(GCROOTS_ERROR_OUT_OF_MEMORY, kept, 1);
  OK(gcroots_externref_adjust_external_bytes(store, kept, -1));
  OK(gcroots_externref_adjust_external_bytes(store, kept, 1));
  OK(gcroots_externref_set_external_bytes(store, kept, LIMIT - 10));
  REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_OUT_OF_MEMORY,
                           gcroots_externref_set_external_bytes(store, kept, LIMIT - 9));
  /* What needs no external bytes goes on. */
  new_externref(NULL);
  check_bytes(LIMIT);
}

CASE(the_message_has_the_values) {
  limit_external(GCROOTS_FINALIZERS_INLINE);
  gcroots_ref_t kept = new_external(900);
  all_refuse(GCROOTS_ERROR_OUT_OF_MEMORY, kept, 101);
  CHECK(strcmp(gcroots_last_error(),
               "gcroots_externref_adjust_external_bytes: 101 more external bytes do not fit: "
               "900 are in use, and the limit is 1000") == 0);
}

CASE(a_call_over_the_limit_collects_once) {
  static int finalized;
  limit_external(GCROOTS_FINALIZERS_INLINE);
  gcroots_ref_t kept = new_external(1), ref;
  for (int i = 0; i < 9; i++) drop_external(111, count_call, &finalized);
  uint64_t before = stats_of(store).collections;
  if (!collects) {
    all_refuse(GCROOTS_ERROR_OUT_OF_MEMORY, kept, 1);
    CHECK(stats_of(store).collections == before && finalized == 0);
    return;
  }
  OK(try_external(LIMIT - 1, NULL, NULL, &ref));
  CHECK(stats_of(store).collections - before <= (stressed ? 2 : 1));
  CHECK(finalized == 9);
  check_bytes(LIMIT);
  before = stats_of(store).collections;
  REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_OUT_OF_MEMORY, try_external(1, NULL, NULL, &ref));
  CHECK(stats_of(store).collections == before + 1);
}

CASE(raising_the_bytes_of_an_object_collects_too) {
  limit_external(GCROOTS_FINALIZERS_INLINE);
  gcroots_ref_t kept = new_external(1);
  for (int round = 0; round < 2 && collects; round++) {
    drop_external(LIMIT - 1, NULL, NULL);
    if (round == 0)
      OK(gcroots_externref_adjust_external_bytes(store, kept, 10));
    else
      OK(gcroots_externref_set_external_bytes(store, kept, 11));
    check_bytes(11);
    OK(gcroots_externref_set_external_bytes(store, kept, 1));
  }
}

CASE(more_than_the_limit_is_refused_at_once) {
  limit_external(GCROOTS_FINALIZERS_INLINE);
  gcroots_ref_t kept = new_external(1), ref;
  REFUSED(GCROOTS_ERROR_OUT_OF_MEMORY, try_external(LIMIT + 1, NULL, NULL, &ref));
  REFUSED(GCROOTS_ERROR_OUT_OF_MEMORY, try_external(SIZE_MAX, NULL, NULL, &ref));
  REFUSED(GCROOTS_ERROR_OUT_OF_MEMORY, gcroots_externref_set_external_bytes(store, kept, SIZE_MAX));
  REFUSED(GCROOTS_ERROR_OUT_OF_MEMORY,
          gcroots_externref_adjust_external_bytes(store, kept, INT64_MAX));
  check_bytes(1);
}

CASE(no_call_collects_in_a_no_gc_span) {
  limit_external(GCROOTS_FINALIZERS_INLINE);
  gcroots_status_t expected = collects ? GCROOTS_ERROR_NO_GC : GCROOTS_ERROR_OUT_OF_MEMORY;
  gcroots_ref_t kept = new_external(1), ref;
  drop_external(LIMIT - 1, NULL, NULL);
  OK(gcroots_no_gc_enter(store));
  REFUSED(expected, try_external(1, NULL, NULL, &ref));
  REFUSED(expected, gcroots_externref_adjust_external_bytes(store, kept, 1));
  REFUSED(expected, gcroots_externref_set_external_bytes(store, kept, 2));
  OK(gcroots_externref_set_external_bytes(store, kept, 0));
  OK(gcroots_no_gc_exit(store));
}

CASE(bytes_of_deferred_finalizers_count_until_these_run) {
  static int finalized;
  limit_external(GCROOTS_FINALIZERS_DEFERRED);
  gcroots_ref_t kept = new_external(1);
  size_t left;
  for (int i = 0; i < 3; i++) drop_external(333, count_call, &finalized);
  all_refuse(GCROOTS_ERROR_OUT_OF_MEMORY, kept, 1);
  check_bytes(collects ? 1 : 1000);
  CHECK(finalized == 0);
  if (!collects) return;
  CHECK(strstr(gcroots_last_error(),
               "1000 are in use, 999 of which wait for finalizers, and the limit is 1000"));
  OK(gcroots_store_run_finalizers(store, 1, &left));
  CHECK(left == 2 && finalized == 1);
  OK(gcroots_externref_adjust_external_bytes(store, kept, 333));
  all_refuse(GCROOTS_ERROR_OUT_OF_MEMORY, kept, 1);
  OK(gcroots_store_run_finalizers(store, SIZE_MAX, &left));
  OK(gcroots_externref_set_external_bytes(store, kept, LIMIT));
  check_bytes(LIMIT);
}

/* Tries what needs the bytes of the other finalizer. */
static void need_the_others(void *ran) {
  bool is_first = ++*(int *)ran == 1;
  gcroots_ref_t ref;
  if (is_first)
    REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_OUT_OF_MEMORY, try_external(600, NULL, NULL, &ref));
  else
    OK(try_external(600, NULL, NULL, &ref));
}

CASE(a_finalizer_gets_no_bytes_of_one_that_waits_behind_it) {
  static int ran;
  limit_external(GCROOTS_FINALIZERS_INLINE);
  if (stressed || !collects) return;
  for (int i = 0; i < 2; i++) drop_external(500, need_the_others, &ran);
  OK(gcroots_store_gc(store));
  CHECK(ran == 2);
  OK(gcroots_store_verify(store));
}

static gcroots_manually_rooted_t victim;

static void unroot_victim(void *data) {
  OK(gcroots_manually_rooted_unroot(store, &victim));
  ++*(int *)data;
}

CASE(a_finalizer_may_end_what_the_call_is_about) {
  static int finalized;
  limit_external(GCROOTS_FINALIZERS_INLINE);
  if (stressed || !collects) return;
  victim = root(new_externref(NULL));
  drop_external(LIMIT, unroot_victim, &finalized);
  REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_UNROOTED,
                           gcroots_externref_set_external_bytes(store, victim.ref, 1));
  CHECK(finalized == 1);
  OK(gcroots_store_verify(store));
}

/* Reports slots at an address that cannot be. */
static void report_badly(void *env, gcroots_store_t *of) {
  gcroots_root_range_t range = {NULL, 1, 0};
  (void)env;
  REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_INVALID_ARGUMENT,
                           gcroots_root_visitor_report(of, &range, NULL));
}

CASE(a_root_visitor_may_refuse_the_collection) {
  limit_external(GCROOTS_FINALIZERS_INLINE);
  gcroots_ref_t kept = new_external(1);
  gcroots_root_source_t source;
  if (stressed || !collects) return;
  drop_external(LIMIT - 1, NULL, NULL);
  OK(gcroots_root_visitor_add(store, report_badly, NULL, &source));
  REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_externref_adjust_external_bytes(store, kept, 1));
  OK(gcroots_root_visitor_remove(store, &source));
  OK(gcroots_externref_adjust_external_bytes(store, kept, 1));
}
