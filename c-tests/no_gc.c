/* No-GC spans: inside one, no object moves and no object dies. */
#include "check.h"

enum { LIMIT = 128 << 10 };

/* Replaces the fixture's store by one with this heap limit, whose heap starts small. */
static void use_limit(size_t limit) {
  gcroots_config_t *config = variant_config(limit);
  gcroots_engine_t *its_engine;
  OK(gcroots_config_set_heap_initial(config, 8 << 10));
  OK(gcroots_engine_new(config, &its_engine));
  gcroots_config_free(config);
  OK(gcroots_store_free(store));
  OK(gcroots_store_new(its_engine, &store));
  gcroots_engine_free(its_engine);
}

static void enter_span(void) {
  OK(gcroots_no_gc_enter(store));
}

static void exit_span(void) {
  OK(gcroots_no_gc_exit(store));
}

/* Whether a span is open, which gcroots_store_gc() tells. */
static bool in_span(void) {
  gcroots_status_t status = gcroots_store_gc(store);
  CHECK(status == GCROOTS_OK || status == GCROOTS_ERROR_NO_GC);
  return status == GCROOTS_ERROR_NO_GC;
}

/* Allocates objects, rooted in the current scope, until an allocation is refused. */
static gcroots_status_t fill(void) {
  gcroots_ref_t ref;
  gcroots_status_t status;
  while ((status = gcroots_externref_new(store, NULL, NULL, &ref)) == GCROOTS_OK) {
  }
  return status;
}

/* Allocates garbage until an allocation is refused. */
static gcroots_status_t fill_with_garbage(void *data, gcroots_finalizer_t finalizer) {
  gcroots_ref_t ref;
  gcroots_status_t status;
  do {
    gcroots_scope_t scope = enter();
    status = gcroots_externref_new(store, data, finalizer, &ref);
    OK(gcroots_scope_exit(store, scope));
  } while (status == GCROOTS_OK);
  return status;
}

/* The status of an allocation in a span when the heap is full. */
static gcroots_status_t full(void) {
  return collects ? GCROOTS_ERROR_NO_GC : GCROOTS_ERROR_OUT_OF_MEMORY;
}

/* --- Nothing moves, nothing dies --------------------------------------------- */

CASE(a_collection_is_refused_in_a_span) {
  new_externref(NULL);
  enter_span();
  REFUSED(GCROOTS_ERROR_NO_GC, gcroots_store_gc(store));
  exit_span();
  OK(gcroots_store_gc(store));
}

CASE(a_collection_is_refused_in_a_span_before_the_first_object) {
  enter_span();
  REFUSED(GCROOTS_ERROR_NO_GC, gcroots_store_gc(store));
  int number;
  gcroots_ref_t ref = new_externref(&number);
  REFUSED(GCROOTS_ERROR_NO_GC, gcroots_store_gc(store));
  CHECK(data_of(ref) == &number);
}

CASE(nothing_is_collected_in_a_span) {
  enum { COUNT = 100000 };
  static int finalized;
  gcroots_ref_t ref;
  enter_span();
  gcroots_stats_t before = stats_of(store);
  for (int i = 0; i < COUNT; ++i) {
    gcroots_scope_t scope = enter();
    OK(gcroots_externref_new(store, &finalized, count_call, &ref));
    OK(gcroots_scope_exit(store, scope));
  }
  gcroots_stats_t after = stats_of(store);
  CHECK(finalized == 0 && after.finalizers_run == 0);
  CHECK(after.objects == before.objects + COUNT);
  CHECK(after.collections == before.collections && after.moved_bytes == before.moved_bytes);
  exit_span();
  CHECK(finalized == 0);
  OK(gcroots_store_gc(store));
  CHECK(finalized == (collects ? COUNT : 0));
}

CASE(stress_is_ignored_in_a_span) {
  new_externref(NULL);
  uint64_t before = stats_of(store).collections;
  enter_span();
  for (int i = 0; i < 100; ++i) new_externref(NULL);
  CHECK(stats_of(store).collections == before);
  exit_span();
  CHECK(stats_of(store).collections == before);
  new_externref(NULL);
  new_externref(NULL);
  CHECK(stats_of(store).collections == before + (stressed ? 2 : 0));
}

CASE(external_bytes_neither_collect_nor_refuse_in_a_span) {
  gcroots_externref_options_t options = {.struct_size = sizeof options,
                                         .external_bytes = SIZE_MAX / 4};
  static int finalized;
  gcroots_ref_t ref;
  options.data = &finalized;
  options.finalizer = count_call;
  enter_span();
  for (int i = 0; i < 1000; ++i) {
    gcroots_scope_t scope = enter();
    OK(gcroots_externref_new_with(store, &options, &ref));
    OK(gcroots_externref_set_external_bytes(store, ref, SIZE_MAX));
    OK(gcroots_scope_exit(store, scope));
  }
  CHECK(stats_of(store).collections == 0 && finalized == 0);
  exit_span();
  OK(gcroots_store_gc(store));
  CHECK(finalized == (collects ? 1000 : 0));
}

CASE(all_else_works_in_a_span) {
  int numbers[2];
  enter_span();
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref = new_externref(&numbers[0]), local;
  uint64_t hash, again;
  bool equal = false;
  OK(gcroots_ref_hash(store, ref, &hash));
  OK(gcroots_local_new(store, ref, &local));
  gcroots_manually_rooted_t manual = root(local);
  OK(gcroots_ref_eq(store, manual.ref, local, &equal));
  OK(gcroots_externref_set_data(store, ref, &numbers[1]));
  OK(gcroots_scope_escape(store, scope, local, &ref));
  OK(gcroots_manually_rooted_unroot(store, &manual));
  OK(gcroots_store_verify(store));
  exit_span();
  OK(gcroots_store_gc(store));
  OK(gcroots_ref_hash(store, ref, &again));
  CHECK(equal && hash == again && data_of(ref) == &numbers[1]);
}

CASE(a_span_of_one_store_does_not_hold_another) {
  OK(gcroots_no_gc_enter(another_store()));
  CHECK(!in_span());
  REFUSED(GCROOTS_ERROR_SCOPE_ORDER, gcroots_no_gc_exit(store));
  REFUSED(GCROOTS_ERROR_NO_GC, gcroots_store_gc(another));
  OK(gcroots_no_gc_exit(another));
}

/* --- The limit --------------------------------------------------------------- */

CASE(the_heap_grows_to_its_limit_in_a_span) {
  use_limit(1 << 20);
  int number;
  gcroots_ref_t first = new_externref(&number);
  gcroots_stats_t before = stats_of(store);
  CHECK(before.committed_bytes < 1 << 20);
  enter_span();
  CHECK(fill_with_garbage(NULL, NULL) == full());
  gcroots_stats_t after = stats_of(store);
  CHECK(after.committed_bytes == 1 << 20);
  CHECK(after.live_bytes > (collects ? 1 << 19 : 1 << 20) - 128);
  CHECK(after.collections == before.collections && data_of(first) == &number);
}

CASE(a_full_heap_is_no_gc_and_changes_nothing) {
  use_limit(LIMIT);
  static int finalized, refused;
  enter_span();
  CHECK(fill_with_garbage(&finalized, count_call) == full());
  gcroots_externref_options_t options = {sizeof options, &refused, count_call, NULL, 1, NULL, NULL};
  for (int i = 0; i < 3; ++i) {
    gcroots_ref_t out = untouched();
    REFUSED(full(), gcroots_externref_new(store, &refused, count_call, &out));
    REFUSED(full(), gcroots_externref_new_with(store, &options, &out));
    CHECK(same_bits(out, untouched()));
  }
  CHECK(finalized == 0);
  uint64_t objects = stats_of(store).objects;
  OK(gcroots_store_free(store));
  store = NULL;
  CHECK(refused == 0 && (uint64_t)finalized == objects);
}

CASE(garbage_makes_room_when_the_span_has_ended) {
  use_limit(LIMIT);
  static int finalized;
  gcroots_ref_t ref;
  enter_span();
  CHECK(fill_with_garbage(&finalized, count_call) == full());
  uint64_t objects = stats_of(store).objects;
  CHECK(finalized == 0);
  exit_span();
  if (!collects) {
    REFUSED(GCROOTS_ERROR_OUT_OF_MEMORY, gcroots_externref_new(store, NULL, NULL, &ref));
    return;
  }
  OK(gcroots_externref_new(store, NULL, NULL, &ref));
  CHECK((uint64_t)finalized == objects && stats_of(store).objects == 1);
}

CASE(a_heap_full_of_the_living_is_out_of_memory_outside_a_span) {
  use_limit(LIMIT);
  gcroots_ref_t ref = untouched();
  gcroots_scope_t scope = enter();
  enter_span();
  CHECK(fill() == full());
  exit_span();
  uint64_t objects = stats_of(store).objects;
  REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_OUT_OF_MEMORY,
                           gcroots_externref_new(store, NULL, NULL, &ref));
  CHECK(same_bits(ref, untouched()) && stats_of(store).objects == objects);
  enter_span();
  REFUSED(full(), gcroots_externref_new(store, NULL, NULL, &ref));
  exit_span();
  OK(gcroots_scope_exit(store, scope));
  CHECK(gcroots_externref_new(store, NULL, NULL, &ref) ==
        (collects ? GCROOTS_OK : GCROOTS_ERROR_OUT_OF_MEMORY));
}

CASE(no_gc_is_answered_before_out_of_memory) {
  use_limit(LIMIT);
  gcroots_ref_t ref = new_externref(NULL), local = ref, out = untouched();
  enter_span();
  CHECK(fill_with_garbage(NULL, NULL) == full());
  memory_out(true);
  while (gcroots_local_new(store, ref, &local) == GCROOTS_OK) {
  }
  REFUSED(full(), gcroots_externref_new(store, NULL, NULL, &out));
  REFUSED(GCROOTS_ERROR_OUT_OF_MEMORY, gcroots_local_new(store, ref, &out));
  memory_out(false);
  CHECK(same_bits(out, untouched()));
}

CASE(handles_resolve_in_a_full_heap) {
  enum { KEPT = 1000 };
  use_limit(LIMIT);
  static gcroots_ref_t refs[KEPT];
  for (int i = 0; i < KEPT / 2; ++i) refs[i] = new_externref(&refs[i]);
  enter_span();
  for (int i = KEPT / 2; i < KEPT; ++i) refs[i] = new_externref(&refs[i]);
  CHECK(fill_with_garbage(NULL, NULL) == full());
  for (int i = 0; i < KEPT; ++i) CHECK(data_of(refs[i]) == &refs[i]);
  exit_span();
  OK(gcroots_store_gc(store));
  for (int i = 0; i < KEPT; ++i) CHECK(data_of(refs[i]) == &refs[i]);
}

CASE(the_first_object_is_made_in_a_span) {
  use_limit(LIMIT);
  enter_span();
  int number;
  gcroots_ref_t ref = new_externref(&number);
  CHECK(fill() == full());
  CHECK(data_of(ref) == &number);
}

CASE(spans_and_garbage_alternate) {
  use_limit(LIMIT);
  static int finalized;
  int number;
  gcroots_ref_t kept = new_externref(&number);
  for (int i = 0; i < 10; ++i) {
    enter_span();
    CHECK(fill_with_garbage(&finalized, count_call) == full());
    int before = finalized;
    exit_span();
    OK(gcroots_store_gc(store));
    CHECK((finalized > before) == collects);
    CHECK(data_of(kept) == &number);
  }
}

/* --- Nesting ----------------------------------------------------------------- */

CASE(spans_nest) {
  for (int i = 0; i < 10; ++i) enter_span();
  for (int i = 0; i < 10; ++i) {
    CHECK(in_span());
    exit_span();
  }
  CHECK(!in_span());
}

CASE(an_exit_without_a_span_is_refused) {
  REFUSED(GCROOTS_ERROR_SCOPE_ORDER, gcroots_no_gc_exit(store));
  enter_span();
  exit_span();
  REFUSED(GCROOTS_ERROR_SCOPE_ORDER, gcroots_no_gc_exit(store));
  gcroots_scope_t scope = enter();
  REFUSED(GCROOTS_ERROR_SCOPE_ORDER, gcroots_no_gc_exit(store));
  OK(gcroots_scope_exit(store, scope));
  CHECK(!in_span());
}

CASE(a_span_ends_with_its_scope) {
  gcroots_ref_t out;
  for (int way = 0; way < 4; ++way) {
    gcroots_scope_t scope = enter();
    for (int i = 0; i <= way; ++i) enter_span();
    if (way == 0) OK(gcroots_scope_exit(store, scope));
    if (way == 1) OK(gcroots_scope_unwind(store, scope));
    if (way == 2) OK(gcroots_scope_escape(store, scope, new_externref(NULL), &out));
    if (way == 3) OK(gcroots_scope_escape(store, scope, gcroots_ref_null(), &out));
    CHECK(!in_span());
    REFUSED(GCROOTS_ERROR_SCOPE_ORDER, gcroots_no_gc_exit(store));
  }
}

CASE(unwinding_ends_the_spans_of_all_scopes_inside) {
  enter_span();
  gcroots_scope_t scope = enter();
  for (int i = 0; i < 10; ++i) {
    enter_span();
    enter();
    enter_span();
  }
  OK(gcroots_scope_unwind(store, scope));
  CHECK(in_span());
  exit_span();
  CHECK(!in_span());
}

CASE(an_outer_span_outlives_an_inner_scope) {
  enter_span();
  gcroots_scope_t scope = enter();
  CHECK(in_span());
  enter_span();
  exit_span();
  CHECK(in_span());
  OK(gcroots_scope_exit(store, scope));
  CHECK(in_span());
  exit_span();
  CHECK(!in_span());
}

CASE(a_span_of_an_outer_scope_is_not_closed_in_an_inner_one) {
  enter_span();
  gcroots_scope_t scope = enter();
  REFUSED(GCROOTS_ERROR_SCOPE_ORDER, gcroots_no_gc_exit(store));
  enter_span();
  exit_span();
  REFUSED(GCROOTS_ERROR_SCOPE_ORDER, gcroots_no_gc_exit(store));
  CHECK(in_span());
  OK(gcroots_scope_exit(store, scope));
  exit_span();
}

CASE(a_span_closed_by_its_scope_does_not_close_the_one_around) {
  gcroots_scope_t outer = enter();
  enter_span();
  gcroots_scope_t inner = enter();
  enter_span();
  enter_span();
  OK(gcroots_scope_exit(store, inner));
  CHECK(in_span());
  exit_span();
  CHECK(!in_span());
  REFUSED(GCROOTS_ERROR_SCOPE_ORDER, gcroots_no_gc_exit(store));
  OK(gcroots_scope_exit(store, outer));
}

CASE(a_refused_scope_keeps_its_spans) {
  gcroots_scope_t outer = enter();
  enter_span();
  gcroots_scope_t inner = enter();
  gcroots_ref_t stale = {inner.store_id, 0, 0}, out;
  enter_span();
  REFUSED(GCROOTS_ERROR_SCOPE_ORDER, gcroots_scope_exit(store, outer));
  REFUSED(GCROOTS_ERROR_SCOPE_ORDER, gcroots_scope_escape(store, outer, stale, &out));
  REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_scope_escape(store, inner, stale, &out));
  ++inner.serial;
  REFUSED(GCROOTS_ERROR_SCOPE_ORDER, gcroots_scope_unwind(store, inner));
  exit_span();
  CHECK(in_span());
}

CASE(many_spans_end_at_once) {
  gcroots_scope_t scope = enter();
  for (int i = 0; i < 1000000; ++i) enter_span();
  CHECK(in_span());
  OK(gcroots_scope_exit(store, scope));
  CHECK(!in_span());
}

CASE(a_span_needs_no_memory) {
  memory_out(true);
  for (int i = 0; i < 100000; ++i) enter_span();
  memory_out(false);
  for (int i = 0; i < 100000; ++i) exit_span();
  CHECK(!in_span());
}

/* --- Stores ------------------------------------------------------------------ */

CASE(a_span_stays_with_a_detached_store) {
  enter_span();
  OK(gcroots_store_detach(store));
  REFUSED(GCROOTS_ERROR_WRONG_THREAD, gcroots_no_gc_enter(store));
  REFUSED(GCROOTS_ERROR_WRONG_THREAD, gcroots_no_gc_exit(store));
  REFUSED(GCROOTS_ERROR_WRONG_THREAD, gcroots_store_gc(store));
  OK(gcroots_store_attach(store));
  CHECK(in_span());
  exit_span();
  CHECK(!in_span());
}

CASE(a_store_is_deleted_in_a_span) {
  static int finalized;
  gcroots_ref_t ref;
  enter_span();
  OK(gcroots_externref_new(store, &finalized, count_call, &ref));
  enter();
  enter_span();
  OK(gcroots_store_free(store));
  store = NULL;
  CHECK(finalized == 1);
}

static void call_each(void *data) {
  (void)data;
  REFUSED(GCROOTS_ERROR_BUSY, gcroots_no_gc_enter(store));
  REFUSED(GCROOTS_ERROR_BUSY, gcroots_no_gc_exit(store));
  REFUSED(GCROOTS_ERROR_BUSY, gcroots_store_gc(store));
}

CASE(every_call_in_the_deletion_of_the_store_is_busy) {
  gcroots_ref_t ref;
  enter_span();
  OK(gcroots_externref_new(store, NULL, call_each, &ref));
  OK(gcroots_store_free(store));
  store = NULL;
}

/* --- In a finalizer ---------------------------------------------------------- */

static void leave_spans_open(void *runs) {
  CHECK(!in_span());
  REFUSED(GCROOTS_ERROR_SCOPE_ORDER, gcroots_no_gc_exit(store));
  enter_span();
  exit_span();
  enter_span();
  enter();
  enter_span();
  new_externref(NULL);
  CHECK(in_span());
  ++*(int *)runs;
}

CASE(a_span_opened_in_a_finalizer_ends_with_it) {
  int runs = 0;
  if (!run_as_finalizer(leave_spans_open, &runs)) return;
  CHECK(runs == 1 && !in_span());
  REFUSED(GCROOTS_ERROR_SCOPE_ORDER, gcroots_no_gc_exit(store));
}

static void stay_in_span(void *runs) {
  if (!collects) return;
  CHECK(in_span());
  REFUSED(GCROOTS_ERROR_SCOPE_ORDER, gcroots_no_gc_exit(store));
  enter_span();
  new_externref(NULL);
  exit_span();
  REFUSED(GCROOTS_ERROR_SCOPE_ORDER, gcroots_no_gc_exit(store));
  enter_span();
  ++*(int *)runs;
}

CASE(a_finalizer_does_not_close_a_span_around_it) {
  static int runs;
  OK(gcroots_store_set_data(store, &runs, stay_in_span));
  OK(gcroots_store_set_data(store, NULL, NULL));
  enter_span();
  new_externref(NULL);
  CHECK(runs == (collects ? 1 : 0));
  CHECK(in_span());
  exit_span();
  CHECK(!in_span());
}

static void fill_in_span(void *status) {
  enter_span();
  *(gcroots_status_t *)status = fill();
}

CASE(a_finalizer_fills_the_heap_in_a_span) {
  use_limit(LIMIT);
  gcroots_status_t status = GCROOTS_OK;
  if (!run_as_finalizer(fill_in_span, &status)) return;
  CHECK(status == GCROOTS_ERROR_NO_GC);
  CHECK(stats_of(store).scoped_roots == 0);
  new_externref(NULL);
  OK(gcroots_store_gc(store));
  CHECK(stats_of(store).objects == 1);
}
