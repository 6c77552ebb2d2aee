/* Finalizers: how often, when, and what they may do. */
#include "check.h"
#include "objects.h"
#include "refusals.h"

/* Makes an externref and drops it. */
static void drop(void *data, gcroots_finalizer_t finalizer) {
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref;
  OK(gcroots_externref_new(store, data, finalizer, &ref));
  OK(gcroots_scope_exit(store, scope));
}

/* Runs `body` inside a finalizer during a collection. Does not run it under the null
   collector, whose finalizers run only when the store is deleted. */
static void (*inside_body)(void);
static int inside_runs;

static void run_inside(void *data) {
  CHECK(data == &inside_runs);
  ++inside_runs;
  if (collects) inside_body();
}

static void inside(void (*body)(void)) {
  inside_body = body;
  inside_runs = 0;
  drop(&inside_runs, run_inside);
  OK(gcroots_store_gc(store));
  CHECK(inside_runs == (collects ? 1 : 0));
}

/* Objects and handles that exist before the bodies run. */
static gcroots_scope_t outer;
static gcroots_ref_t outer_ref;
static gcroots_manually_rooted_t outer_root;
static int outer_data, other_data;

static void make_outer(void) {
  outer = enter();
  outer_ref = new_externref(&outer_data);
  outer_root = root(outer_ref);
}

/* --- How often ------------------------------------------------------------- */

CASE(a_finalizer_runs_once_after_death) {
  int finalized = 0, i;
  drop(&finalized, count_call);
  for (i = 0; i < 5; ++i) OK(gcroots_store_gc(store));
  CHECK(finalized == (collects ? 1 : 0));
  free_store();
  CHECK(finalized == 1);
}

CASE(a_finalizer_runs_once_at_store_deletion) {
  int finalized = 0;
  gcroots_ref_t ref;
  OK(gcroots_externref_new(store, &finalized, count_call, &ref));
  root(ref);
  OK(gcroots_store_gc(store));
  CHECK(finalized == 0);
  free_store();
  CHECK(finalized == 1);
}

CASE(each_finalizer_runs_once_with_its_own_data) {
  static int finalized[3000];
  int i;
  gcroots_scope_t scope = enter();
  for (i = 0; i < 3000; ++i) {
    gcroots_ref_t ref;
    OK(gcroots_externref_new(store, &finalized[i], count_call, &ref));
    if (i % 3 == 0) root(ref);
    if (i % 100 == 99) {
      OK(gcroots_scope_exit(store, scope));
      scope = enter();
    }
  }
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_store_gc(store));
  OK(gcroots_store_gc(store));
  for (i = 0; i < 3000; ++i) CHECK(finalized[i] == (collects && i % 3 != 0 ? 1 : 0));
  CHECK(stats_of(store).finalizers_run == (collects ? 2000 : 0));
  free_store();
  for (i = 0; i < 3000; ++i) CHECK(finalized[i] == 1);
}

static int calls_with_null;

static void count_null(void *data) {
  CHECK(data == NULL);
  ++calls_with_null;
}

CASE(a_finalizer_runs_for_null_data) {
  gcroots_ref_t ref;
  drop(NULL, count_null);
  OK(gcroots_store_gc(store));
  CHECK(calls_with_null == (collects ? 1 : 0));
  OK(gcroots_externref_new(store, NULL, count_null, &ref));
  free_store();
  CHECK(calls_with_null == 2);
}

CASE(an_object_without_finalizer_dies_quietly) {
  drop(&outer_data, NULL);
  OK(gcroots_store_gc(store));
  CHECK(stats_of(store).finalizers_run == 0);
  CHECK(stats_of(store).objects == (collects ? 0 : 1));
}

CASE(a_refused_create_leaves_the_data_to_the_caller) {
  gcroots_store_t *small = new_store(64 << 10);
  gcroots_externref_options_t options = {0, NULL, count_call, NULL, 0, NULL, NULL};
  gcroots_ref_t ref;
  int finalized = 0, i;
  gcroots_status_t full = GCROOTS_ERROR_OUT_OF_MEMORY;
  while (gcroots_externref_new(small, NULL, NULL, &ref) == GCROOTS_OK) continue;
  options.data = &finalized;
  for (i = 0; i < 2; ++i) {
    options.struct_size = 1;
    CHECK(gcroots_externref_new_with(small, &options, &ref) == GCROOTS_ERROR_INVALID_ARGUMENT);
    options.struct_size = sizeof options;
    CHECK(gcroots_externref_new_with(small, &options, NULL) == GCROOTS_ERROR_NULL_ARGUMENT);
    CHECK(gcroots_externref_new(small, &finalized, count_call, NULL) ==
          GCROOTS_ERROR_NULL_ARGUMENT);
    CHECK(gcroots_externref_new_with(small, &options, &ref) == full);
    CHECK(gcroots_externref_new(small, &finalized, count_call, &ref) == full);
    OK(gcroots_no_gc_enter(small));
    if (collects) full = GCROOTS_ERROR_NO_GC;
  }
  OK(gcroots_store_verify(small));
  OK(gcroots_store_free(small));
  CHECK(finalized == 0);
}

/* --- When ------------------------------------------------------------------ */

CASE(allocating_runs_finalizers) {
  gcroots_store_t *small = new_store(collects ? 64 << 10 : 4 << 20);
  int finalized = 0, i;
  for (i = 0; i < 10000; ++i) {
    gcroots_scope_t scope;
    gcroots_ref_t ref;
    OK(gcroots_scope_enter(small, &scope));
    OK(gcroots_externref_new(small, &finalized, count_call, &ref));
    OK(gcroots_scope_exit(small, scope));
  }
  CHECK((finalized > 5000) == collects);
  CHECK(collects || finalized == 0);
  CHECK(stats_of(small).finalizers_run == (uint64_t)finalized);
  OK(gcroots_store_free(small));
  CHECK(finalized == 10000);
}

CASE(calls_that_never_collect_run_no_finalizer) {
  int finalized = 0, data_finalized = 0;
  gcroots_scope_t scope;
  gcroots_ref_t kept, out;
  gcroots_manually_rooted_t handle, second;
  gcroots_stats_t stats;
  void *data;
  uint64_t hash;
  bool equal;
  kept = new_externref(NULL);
  drop(&finalized, count_call);
  OK(gcroots_store_set_data(store, &data_finalized, count_call));
  OK(gcroots_store_set_data(store, NULL, NULL));
  OK(gcroots_store_data(store, &data));
  OK(gcroots_store_stats(store, &stats));
  OK(gcroots_store_verify(store));
  OK(gcroots_scope_enter(store, &scope));
  OK(gcroots_scope_reserve(store, 1000));
  OK(gcroots_local_new(store, kept, &out));
  OK(gcroots_ref_assign(store, out, kept));
  OK(gcroots_ref_eq(store, kept, out, &equal));
  OK(gcroots_ref_hash(store, kept, &hash));
  OK(gcroots_ref_to_manually_rooted(store, kept, &handle));
  OK(gcroots_manually_rooted_clone(store, handle, &second));
  OK(gcroots_manually_rooted_to_rooted(store, handle, &out));
  OK(gcroots_manually_rooted_unroot(store, &second));
  OK(gcroots_manually_rooted_into_rooted(store, &handle, &out));
  OK(gcroots_externref_data(store, out, &data));
  OK(gcroots_externref_data_tagged(store, out, NULL, &data));
  OK(gcroots_externref_set_data(store, out, NULL));
  OK(gcroots_externref_set_external_bytes(store, out, SIZE_MAX));
  OK(gcroots_externref_set_external_bytes(store, out, 0));
  OK(gcroots_no_gc_enter(store));
  OK(gcroots_no_gc_exit(store));
  OK(gcroots_scope_escape(store, scope, out, &out));
  scope = enter();
  OK(gcroots_scope_unwind(store, scope));
  OK(gcroots_store_detach(store));
  OK(gcroots_store_attach(store));
  CHECK(finalized == 0 && data_finalized == 0);
  OK(gcroots_store_gc(store));
  CHECK(finalized == (collects ? 1 : 0) && data_finalized == (collects ? 1 : 0));
  free_store();
  CHECK(finalized == 1 && data_finalized == 1);
}

CASE(a_no_gc_span_holds_finalizers_back) {
  int finalized = 0;
  drop(&finalized, count_call);
  OK(gcroots_no_gc_enter(store));
  REFUSED(GCROOTS_ERROR_NO_GC, gcroots_store_gc(store));
  drop(NULL, NULL);
  CHECK(finalized == 0);
  OK(gcroots_no_gc_exit(store));
  OK(gcroots_store_gc(store));
  CHECK(finalized == (collects ? 1 : 0));
}

static void out_is_unwritten(void *data) {
  (void)data;
  if (collects) CHECK(outer_ref.store_id == 0x5a5a);
  ++inside_runs;
}

CASE(out_is_written_after_the_finalizers) {
  gcroots_externref_options_t options = {sizeof options, NULL, NULL, NULL, 0, NULL, NULL};
  /* The finalizer of replaced store data waits for the next allocation. */
  OK(gcroots_store_set_data(store, NULL, out_is_unwritten));
  OK(gcroots_store_set_data(store, NULL, out_is_unwritten));
  outer_ref.store_id = 0x5a5a;
  OK(gcroots_externref_new(store, &outer_data, NULL, &outer_ref));
  CHECK(inside_runs == (collects ? 1 : 0));
  CHECK(data_of(outer_ref) == &outer_data);
  OK(gcroots_store_set_data(store, NULL, NULL));
  outer_ref.store_id = 0x5a5a;
  OK(gcroots_externref_new_with(store, &options, &outer_ref));
  CHECK(inside_runs == (collects ? 2 : 0));
  CHECK(data_of(outer_ref) == NULL);
}

static void fail_calls(void *data) {
  void *out;
  CHECK(gcroots_externref_data(store, gcroots_ref_null(), NULL) == GCROOTS_ERROR_NULL_ARGUMENT);
  CHECK(gcroots_store_data(NULL, &out) == GCROOTS_ERROR_NULL_ARGUMENT);
  count_call(data);
}

CASE(a_failing_call_runs_finalizers_and_keeps_its_own_message) {
  gcroots_store_t *fixture = store;
  int finalized = 0;
  gcroots_ref_t ref;
  char message[256];
  store = new_store(64 << 10);
  while (gcroots_externref_new(store, NULL, NULL, &ref) == GCROOTS_OK) continue;
  snprintf(message, sizeof message, "%s", gcroots_last_error());
  OK(gcroots_store_set_data(store, &finalized, fail_calls));
  OK(gcroots_store_set_data(store, NULL, NULL));
  REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_OUT_OF_MEMORY,
                           gcroots_externref_new(store, NULL, NULL, &ref));
  CHECK(finalized == (collects ? 1 : 0));
  CHECK(strcmp(gcroots_last_error(), message) == 0);
  free_store();
  CHECK(finalized == 1);
  store = fixture;
}

static void allocate_in_vain(void) {
  gcroots_ref_t ref;
  CHECK(gcroots_externref_new(store, NULL, NULL, NULL) == GCROOTS_ERROR_NULL_ARGUMENT);
  CHECK(gcroots_store_gc(NULL) == GCROOTS_ERROR_NULL_ARGUMENT);
  OK(gcroots_externref_new(store, NULL, NULL, &ref));
}

CASE(a_call_succeeds_although_its_finalizers_failed_calls) {
  inside(allocate_in_vain);
  CHECK(strstr(gcroots_last_error(), collects ? "`store`" : "") != NULL);
}

/* --- What they may do ------------------------------------------------------ */

static void allocate_much(void) {
  int i;
  gcroots_ref_t ref;
  for (i = 0; i < 3000; ++i) OK(gcroots_externref_new(store, &outer_data, NULL, &ref));
  CHECK(data_of(ref) == &outer_data);
  CHECK(data_of(outer_ref) == &outer_data);
  OK(gcroots_ref_to_manually_rooted(store, ref, &outer_root));
}

CASE(a_finalizer_may_allocate) {
  uint64_t roots;
  make_outer();
  OK(gcroots_manually_rooted_unroot(store, &outer_root));
  roots = stats_of(store).scoped_roots;
  inside(allocate_much);
  CHECK(stats_of(store).scoped_roots == roots);
  CHECK(data_of(outer_ref) == &outer_data);
  OK(gcroots_store_gc(store));
  if (collects) CHECK(data_of(outer_root.ref) == &outer_data);
}

static int running, most_running, nested_finalized;
static gcroots_manually_rooted_t held[10];

static void count_depth(void *data) {
  (void)data;
  if (++running > most_running) most_running = running;
  ++nested_finalized;
  --running;
}

static void collect_inside(void *data) {
  gcroots_manually_rooted_t *handle = data;
  int before = nested_finalized;
  if (++running > most_running) most_running = running;
  if (collects) {
    OK(gcroots_manually_rooted_unroot(store, handle));
    OK(gcroots_store_gc(store));
    OK(gcroots_store_gc(store));
    /* Objects that this collection found dead wait for the loop that runs this
       finalizer. */
    CHECK(nested_finalized == before);
    CHECK(data_of(outer_ref) == &outer_data);
  }
  --running;
}

CASE(a_finalizer_may_collect_and_finalizers_do_not_nest) {
  int i;
  uint64_t before;
  gcroots_scope_t scope;
  gcroots_ref_t ref;
  make_outer();
  scope = enter();
  for (i = 0; i < 10; ++i) {
    OK(gcroots_externref_new(store, NULL, count_depth, &ref));
    held[i] = root(ref);
    OK(gcroots_externref_new(store, &held[i], collect_inside, &ref));
  }
  OK(gcroots_scope_exit(store, scope));
  before = stats_of(store).collections;
  OK(gcroots_store_gc(store));
  CHECK(most_running == (collects ? 1 : 0));
  CHECK(nested_finalized == (collects ? 10 : 0));
  if (collects) CHECK(stats_of(store).collections >= before + 21);
  CHECK(data_of(outer_ref) == &outer_data);
}

static void refuse_what_is_busy(void) {
  REFUSED(GCROOTS_ERROR_BUSY, gcroots_store_free(store));
  REFUSED(GCROOTS_ERROR_BUSY, gcroots_store_detach(store));
  REFUSED(GCROOTS_ERROR_BUSY, gcroots_store_attach(store));
  CHECK(data_of(outer_ref) == &outer_data);
}

CASE(a_finalizer_cannot_delete_or_hand_over_its_store) {
  make_outer();
  inside(refuse_what_is_busy);
  CHECK(data_of(outer_ref) == &outer_data);
}

static void call_everything(void) {
  gcroots_externref_options_t options = {sizeof options, NULL, NULL, NULL, 5, NULL, NULL};
  gcroots_scope_t scope, again;
  gcroots_ref_t ref, local;
  gcroots_manually_rooted_t handle, second;
  gcroots_stats_t stats;
  void *data;
  uint64_t hash;
  bool equal;
  OK(gcroots_store_set_data(store, &outer_data, NULL));
  OK(gcroots_store_data(store, &data));
  CHECK(data == &outer_data);
  OK(gcroots_store_gc(store));
  OK(gcroots_store_verify(store));
  OK(gcroots_store_stats(store, &stats));
  OK(gcroots_scope_enter(store, &scope));
  OK(gcroots_scope_reserve(store, 100));
  OK(gcroots_externref_new(store, &other_data, NULL, &ref));
  OK(gcroots_externref_new_with(store, &options, &ref));
  OK(gcroots_local_new(store, gcroots_ref_null(), &local));
  OK(gcroots_ref_assign(store, local, ref));
  OK(gcroots_ref_eq(store, local, ref, &equal));
  CHECK(equal);
  OK(gcroots_ref_hash(store, ref, &hash));
  OK(gcroots_ref_to_manually_rooted(store, ref, &handle));
  OK(gcroots_manually_rooted_clone(store, handle, &second));
  OK(gcroots_manually_rooted_unroot(store, &second));
  OK(gcroots_manually_rooted_to_rooted(store, handle, &local));
  OK(gcroots_manually_rooted_into_rooted(store, &handle, &local));
  OK(gcroots_externref_data(store, ref, &data));
  OK(gcroots_externref_data_tagged(store, ref, NULL, &data));
  OK(gcroots_externref_set_data(store, ref, &other_data));
  OK(gcroots_externref_set_external_bytes(store, ref, 6));
  OK(gcroots_no_gc_enter(store));
  REFUSED(GCROOTS_ERROR_NO_GC, gcroots_store_gc(store));
  OK(gcroots_no_gc_exit(store));
  OK(gcroots_scope_escape(store, scope, ref, &ref));
  CHECK(data_of(ref) == &other_data);
  OK(gcroots_scope_enter(store, &scope));
  OK(gcroots_scope_enter(store, &again));
  OK(gcroots_scope_unwind(store, scope));
  OK(gcroots_scope_enter(store, &scope));
  OK(gcroots_scope_exit(store, scope));
  CHECK(data_of(ref) == &other_data);
}

CASE(a_finalizer_may_call_everything_else) {
  inside(call_everything);
}

static void misuse_handles(void) {
  gcroots_ref_t forged = outer_ref;
  int pattern;
  void *data = &pattern;
  forged.generation = UINT32_MAX;
  REFUSED(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_externref_data(NULL, forged, &data));
  REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_externref_data(store, forged, &data));
  REFUSED(GCROOTS_ERROR_NULL_REFERENCE, gcroots_externref_data(store, gcroots_ref_null(), &data));
  CHECK(data == &pattern);
}

CASE(misuse_in_a_finalizer_is_refused_as_elsewhere) {
  make_outer();
  inside(misuse_handles);
}

static void leave_outer_scopes(void) {
  gcroots_scope_t unnamed = {outer.store_id, 0}, inner;
  gcroots_ref_t out, before;
  memset(&out, 0x5a, sizeof out);
  before = out;
  REFUSED(GCROOTS_ERROR_SCOPE_ORDER, gcroots_scope_exit(store, outer));
  REFUSED(GCROOTS_ERROR_SCOPE_ORDER, gcroots_scope_unwind(store, outer));
  REFUSED(GCROOTS_ERROR_SCOPE_ORDER, gcroots_scope_escape(store, outer, outer_ref, &out));
  REFUSED(GCROOTS_ERROR_SCOPE_ORDER, gcroots_scope_exit(store, unnamed));
  REFUSED(GCROOTS_ERROR_SCOPE_ORDER, gcroots_scope_unwind(store, unnamed));
  REFUSED(GCROOTS_ERROR_SCOPE_ORDER, gcroots_scope_escape(store, unnamed, outer_ref, &out));
  REFUSED(GCROOTS_ERROR_SCOPE_ORDER, gcroots_no_gc_exit(store));
  inner = enter();
  REFUSED(GCROOTS_ERROR_SCOPE_ORDER, gcroots_scope_unwind(store, outer));
  REFUSED(GCROOTS_ERROR_SCOPE_ORDER, gcroots_no_gc_exit(store));
  OK(gcroots_scope_exit(store, inner));
  REFUSED(GCROOTS_ERROR_SCOPE_ORDER, gcroots_scope_exit(store, inner));
  CHECK(same_bits(out, before));
}

CASE(a_finalizer_cannot_leave_scopes_below_its_own) {
  make_outer();
  inside(leave_outer_scopes);
  CHECK(data_of(outer_ref) == &outer_data);
  OK(gcroots_scope_exit(store, outer));
}

static gcroots_scope_t left_open[40];
static gcroots_ref_t left_inside;

static void leave_things_open(void) {
  int i;
  for (i = 0; i < 40; ++i) {
    left_open[i] = enter();
    OK(gcroots_no_gc_enter(store));
    left_inside = new_externref(&other_data);
  }
}

CASE(what_a_finalizer_leaves_open_is_closed) {
  uint64_t roots;
  void *data = NULL;
  make_outer();
  roots = stats_of(store).scoped_roots;
  inside(leave_things_open);
  CHECK(stats_of(store).scoped_roots == roots);
  if (collects) {
    REFUSED(GCROOTS_ERROR_SCOPE_ORDER, gcroots_scope_exit(store, left_open[39]));
    REFUSED(GCROOTS_ERROR_SCOPE_ORDER, gcroots_scope_unwind(store, left_open[0]));
    REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_externref_data(store, left_inside, &data));
  }
  REFUSED(GCROOTS_ERROR_SCOPE_ORDER, gcroots_no_gc_exit(store));
  OK(gcroots_store_gc(store));
  OK(gcroots_scope_exit(store, outer));
}

static void open_and_close_scopes(void) {
  gcroots_scope_t first = enter(), second = enter();
  new_externref(NULL);
  OK(gcroots_scope_exit(store, second));
  OK(gcroots_scope_unwind(store, first));
  leave_things_open();
}

CASE(finalizers_run_at_every_depth_of_scopes) {
  gcroots_scope_t scopes[80];
  int depth;
  for (depth = 0; depth < 80; ++depth) {
    inside(open_and_close_scopes);
    OK(gcroots_store_verify(store));
    scopes[depth] = enter();
  }
  while (depth-- > 0) OK(gcroots_scope_exit(store, scopes[depth]));
}

static void use_outer_roots(void) {
  gcroots_ref_t made = new_externref(&other_data);
  CHECK(data_of(outer_ref) == &outer_data && data_of(outer_root.ref) == &outer_data);
  OK(gcroots_ref_assign(store, outer_ref, made));
  OK(gcroots_manually_rooted_unroot(store, &outer_root));
  outer_root = root(made);
}

CASE(a_finalizer_may_change_outer_roots) {
  make_outer();
  inside(use_outer_roots);
  OK(gcroots_store_gc(store));
  CHECK(data_of(outer_ref) == (collects ? &other_data : &outer_data));
  CHECK(data_of(outer_root.ref) == (collects ? &other_data : &outer_data));
}

static void escape_inside(void) {
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref = new_externref(&other_data);
  OK(gcroots_scope_escape(store, scope, ref, &left_inside));
  CHECK(data_of(left_inside) == &other_data);
}

CASE(what_escapes_inside_a_finalizer_ends_with_it) {
  void *data = NULL;
  inside(escape_inside);
  if (collects) REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_externref_data(store, left_inside, &data));
}

/* --- Finalizers that release others ---------------------------------------- */

#define LINKS 50
static gcroots_manually_rooted_t links[LINKS];
static int link_numbers[LINKS], links_finalized;

static void unroot_next(void *data) {
  int next = *(int *)data + 1;
  ++links_finalized;
  if (collects && next < LINKS) OK(gcroots_manually_rooted_unroot(store, &links[next]));
}

CASE(one_gc_ends_a_chain_that_finalizers_release) {
  int i;
  gcroots_scope_t scope = enter();
  for (i = 0; i < LINKS; ++i) {
    gcroots_ref_t ref;
    link_numbers[i] = i;
    OK(gcroots_externref_new(store, &link_numbers[i], unroot_next, &ref));
    links[i] = root(ref);
  }
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_store_gc(store));
  CHECK(links_finalized == 0);
  OK(gcroots_manually_rooted_unroot(store, &links[0]));
  OK(gcroots_store_gc(store));
  CHECK(links_finalized == (collects ? LINKS : 0));
  CHECK(stats_of(store).objects == (collects ? 0 : LINKS));
  free_store();
  CHECK(links_finalized == LINKS);
}

static void assign_null(void *data) {
  if (collects) OK(gcroots_ref_assign(store, *(gcroots_ref_t *)data, gcroots_ref_null()));
}

/* A table of one element, which is null. */
static gcroots_table_t null_table;

static void read_null(void *data) {
  if (collects) OK(gcroots_table_get_ref_into(store, null_table, 0, *(gcroots_ref_t *)data));
}

static void one_gc_ends_what_is_dropped_by(gcroots_finalizer_t finalizer) {
  int finalized = 0;
  gcroots_ref_t local;
  OK(gcroots_local_new(store, gcroots_ref_null(), &local));
  {
    gcroots_scope_t scope = enter();
    gcroots_ref_t ref;
    OK(gcroots_externref_new(store, &finalized, count_call, &ref));
    OK(gcroots_ref_assign(store, local, ref));
    OK(gcroots_externref_new(store, &local, finalizer, &ref));
    OK(gcroots_scope_exit(store, scope));
  }
  OK(gcroots_store_gc(store));
  CHECK(finalized == (collects ? 1 : 0));
}

CASE(one_gc_ends_what_a_finalizer_assigned_away) {
  one_gc_ends_what_is_dropped_by(assign_null);
}

CASE(one_gc_ends_what_a_finalizer_reads_over) {
  gcroots_ref_type_t any = {NULL, GCROOTS_HEAP_ANY, 1};
  OK(gcroots_table_new(store, any, 1, 1, gcroots_ref_null(), &null_table));
  one_gc_ends_what_is_dropped_by(read_null);
}

/* What finalizers clear: a struct's field, an array's element, and an array of nulls
   that is copied over the array. */
static gcroots_ref_t box, boxes, no_boxes;

static void clear_field(void *data) {
  (void)data;
  if (collects) OK(gcroots_struct_set_ref(store, box, 0, gcroots_ref_null()));
}

static void clear_any_field(void *data) {
  gcroots_val_t null = val_null();
  (void)data;
  if (collects) OK(gcroots_struct_set(store, box, 0, &null));
}

static void clear_element(void *data) {
  (void)data;
  if (collects) OK(gcroots_array_set_ref(store, boxes, 1, gcroots_ref_null()));
}

static void fill_elements(void *data) {
  gcroots_val_t null = val_null();
  (void)data;
  if (collects) OK(gcroots_array_fill(store, boxes, 0, &null, 2));
}

static void copy_elements(void *data) {
  (void)data;
  if (collects) OK(gcroots_array_copy(store, boxes, 0, no_boxes, 0, 2));
}

CASE(one_gc_ends_what_a_finalizer_takes_out_of_objects) {
  static const gcroots_finalizer_t finalizers[] = {clear_field, clear_any_field, clear_element,
                                                   fill_elements, copy_elements};
  static int finalized[2 * COUNT_OF(finalizers)];
  gcroots_field_type_t any = mutable_(or_null(ref_to(GCROOTS_HEAP_ANY)));
  gcroots_type_t *struct_type = STRUCT_TYPE(any), *cycle_type = STRUCT_TYPE(any, any);
  gcroots_type_t *array_type = new_array(any);
  for (size_t i = 0; i < COUNT_OF(finalized); i++) {
    gcroots_finalizer_t clear = finalizers[i / 2];
    gcroots_ref_t held, cycle;
    gcroots_scope_t scope = enter(), inner;
    OK(gcroots_struct_new_default(store, struct_type, &box));
    OK(gcroots_array_new_default(store, array_type, 2, &boxes));
    OK(gcroots_array_new_default(store, array_type, 2, &no_boxes));
    inner = enter();
    OK(gcroots_externref_new(store, &finalized[i], count_call, &held));
    /* Every second object is held by an object that also holds itself. */
    if (i % 2 == 1) {
      OK(gcroots_struct_new_default(store, cycle_type, &cycle));
      OK(gcroots_struct_set_ref(store, cycle, 0, held));
      OK(gcroots_struct_set_ref(store, cycle, 1, cycle));
      held = cycle;
    }
    if (i / 2 < 2)
      OK(gcroots_struct_set_ref(store, box, 0, held));
    else
      OK(gcroots_array_set_ref(store, boxes, 1, held));
    OK(gcroots_scope_exit(store, inner));
    drop(NULL, clear);
    OK(gcroots_store_gc(store));
    CHECK(finalized[i] == (collects ? 1 : 0));
    OK(gcroots_scope_exit(store, scope));
  }
  gcroots_type_free(struct_type);
  gcroots_type_free(cycle_type);
  gcroots_type_free(array_type);
}

static void unroot_outer(void *data) {
  (void)data;
  if (collects) OK(gcroots_manually_rooted_unroot(store, &outer_root));
}

static int make_manual_with_finalizer(int *finalized) {
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref;
  OK(gcroots_externref_new(store, finalized, count_call, &ref));
  outer_root = root(ref);
  OK(gcroots_scope_exit(store, scope));
  return *finalized;
}

CASE(one_gc_ends_what_an_inner_gc_found_and_released) {
  int finalized = 0;
  gcroots_ref_t ref;
  CHECK(make_manual_with_finalizer(&finalized) == 0);
  {
    gcroots_scope_t scope = enter();
    OK(gcroots_externref_new(store, NULL, unroot_outer, &ref));
    outer_ref = ref;
    OK(gcroots_scope_exit(store, scope));
  }
  inside(call_everything);
  CHECK(finalized == (collects ? 1 : 0));
}

CASE(one_gc_ends_what_the_finalizer_of_old_store_data_released) {
  static int finalized = 0;
  CHECK(make_manual_with_finalizer(&finalized) == 0);
  OK(gcroots_store_set_data(store, NULL, unroot_outer));
  OK(gcroots_store_set_data(store, NULL, NULL));
  OK(gcroots_store_gc(store));
  CHECK(gcroots_ref_is_null(outer_root.ref) == collects);
  CHECK(finalized == (collects ? 1 : 0));
}

CASE(one_gc_ends_objects_without_finalizers_that_finalizers_released) {
  make_outer();
  OK(gcroots_scope_exit(store, outer));
  drop(NULL, unroot_outer);
  OK(gcroots_store_gc(store));
  CHECK(stats_of(store).objects == (collects ? 0 : 2));
}

/* A limit, so that an endless loop fails the test instead of hanging. */
#define RESPAWNS 20000
static int respawned;
static bool respawning;

static void respawn(void *data) {
  (void)data;
  if (!respawning || ++respawned >= RESPAWNS) return;
  drop(NULL, respawn);
  drop(NULL, NULL);
  outer_root = root(new_externref(NULL));
  OK(gcroots_manually_rooted_unroot(store, &outer_root));
}

/* gcroots_store_gc() returns although each finalizer drops another object like its own. */
static void respawn_from(int count) {
  gcroots_store_t *fixture = store;
  gcroots_scope_t scope;
  gcroots_ref_t ref;
  int i;
  store = new_store(collects ? 64 << 10 : 0);
  scope = enter();
  for (i = 0; i < count; ++i) OK(gcroots_externref_new(store, NULL, respawn, &ref));
  OK(gcroots_scope_exit(store, scope));
  respawning = true;
  OK(gcroots_store_gc(store));
  CHECK(collects ? respawned >= count && respawned < RESPAWNS : respawned == 0);
  respawning = false;
  free_store();
  store = fixture;
}

CASE(a_finalizer_that_makes_garbage_does_not_loop) {
  respawn_from(1);
}

CASE(two_finalizers_that_make_garbage_do_not_loop) {
  respawn_from(2);
}

CASE(many_finalizers_that_make_garbage_do_not_loop) {
  respawn_from(1000);
}

/* --- The store's data ------------------------------------------------------ */

CASE(old_store_data_is_finalized_at_the_next_gc) {
  int first = 0, second = 0;
  OK(gcroots_store_set_data(store, &first, count_call));
  OK(gcroots_store_set_data(store, &second, count_call));
  CHECK(first == 0);
  OK(gcroots_store_gc(store));
  OK(gcroots_store_gc(store));
  CHECK(first == (collects ? 1 : 0) && second == 0);
  free_store();
  CHECK(first == 1 && second == 1);
}

CASE(old_store_data_is_finalized_at_the_next_allocation) {
  int first = 0, second = 0;
  new_externref(NULL);
  OK(gcroots_store_set_data(store, &first, count_call));
  OK(gcroots_store_set_data(store, &second, count_call));
  CHECK(first == 0);
  new_externref(NULL);
  CHECK(first == (collects ? 1 : 0) && second == 0);
  new_externref(NULL);
  free_store();
  CHECK(first == 1 && second == 1);
}

CASE(store_data_replaced_many_times_is_finalized_once_each) {
  static int finalized[1000];
  int i;
  for (i = 0; i < 1000; ++i) OK(gcroots_store_set_data(store, &finalized[i], count_call));
  for (i = 0; i < 1000; ++i) CHECK(finalized[i] == 0);
  OK(gcroots_store_gc(store));
  for (i = 0; i < 1000; ++i) CHECK(finalized[i] == (collects && i < 999 ? 1 : 0));
  free_store();
  for (i = 0; i < 1000; ++i) CHECK(finalized[i] == 1);
}

CASE(the_same_store_data_set_twice_is_finalized_twice) {
  int finalized = 0;
  OK(gcroots_store_set_data(store, &finalized, count_call));
  OK(gcroots_store_set_data(store, &finalized, count_call));
  OK(gcroots_store_gc(store));
  CHECK(finalized == (collects ? 1 : 0));
  free_store();
  CHECK(finalized == 2);
}

CASE(old_store_data_without_finalizer_is_dropped) {
  int finalized = 0;
  OK(gcroots_store_set_data(store, &outer_data, NULL));
  OK(gcroots_store_set_data(store, &finalized, count_call));
  OK(gcroots_store_gc(store));
  CHECK(stats_of(store).finalizers_run == 0);
  free_store();
  CHECK(finalized == 1);
}

CASE(null_store_data_is_finalized) {
  OK(gcroots_store_set_data(store, NULL, count_null));
  OK(gcroots_store_set_data(store, NULL, count_null));
  OK(gcroots_store_gc(store));
  CHECK(calls_with_null == (collects ? 1 : 0));
  free_store();
  CHECK(calls_with_null == 2);
}

static void replace_data(void) {
  OK(gcroots_store_set_data(store, &other_data, count_call));
}

CASE(a_finalizer_may_replace_the_store_data) {
  OK(gcroots_store_set_data(store, &outer_data, count_call));
  inside(replace_data);
  CHECK(outer_data == (collects ? 1 : 0) && other_data == 0);
  free_store();
  CHECK(outer_data == 1 && other_data == (collects ? 1 : 0));
}

static void check_that_objects_are_gone(void *data) {
  CHECK(outer_data == 3);
  count_call(data);
}

CASE(the_store_data_is_finalized_after_all_objects) {
  int i, finalized = 0;
  OK(gcroots_store_set_data(store, &finalized, check_that_objects_are_gone));
  for (i = 0; i < 3; ++i) {
    gcroots_ref_t ref;
    OK(gcroots_externref_new(store, &outer_data, count_call, &ref));
  }
  free_store();
  CHECK(finalized == 1);
}

/* --- During the store's deletion ------------------------------------------- */

static gcroots_store_t *dying;
static int deleted_inside;

static void everything_is_busy(void *data) {
  (void)data;
  every_call_is_refused(GCROOTS_ERROR_BUSY, dying, outer_ref, outer);
  every_call_is_refused(GCROOTS_ERROR_BUSY, dying, outer_root.ref, outer);
  every_call_is_refused(GCROOTS_ERROR_BUSY, dying, gcroots_ref_null(), outer);
  REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_BUSY, gcroots_store_attach(dying));
  REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_store_data(dying, NULL));
  ++deleted_inside;
}

CASE(during_deletion_every_call_is_busy) {
  gcroots_ref_t ref;
  make_outer();
  OK(gcroots_no_gc_enter(store));
  OK(gcroots_externref_new(store, NULL, everything_is_busy, &ref));
  OK(gcroots_externref_new(store, NULL, everything_is_busy, &ref));
  OK(gcroots_store_set_data(store, NULL, everything_is_busy));
  dying = store;
  free_store();
  CHECK(deleted_inside == 3);
}

static void use_the_other_store(void *data) {
  void *out = NULL;
  /* `store` is the fixture's store again. */
  CHECK(data_of(new_externref(data)) == data);
  REFUSED(GCROOTS_ERROR_WRONG_STORE, gcroots_externref_data(store, left_inside, &out));
  OK(gcroots_store_gc(store));
  ++deleted_inside;
}

CASE(during_deletion_another_store_may_be_used) {
  dying = new_store(0);
  OK(gcroots_externref_new(dying, NULL, use_the_other_store, &left_inside));
  OK(gcroots_store_set_data(dying, NULL, use_the_other_store));
  OK(gcroots_store_free(dying));
  CHECK(deleted_inside == 2);
}

static void delete_the_other_store(void) {
  OK(gcroots_store_free(dying));
  CHECK(data_of(outer_ref) == &outer_data);
}

CASE(a_finalizer_may_delete_another_store) {
  gcroots_ref_t ref;
  make_outer();
  dying = new_store(0);
  OK(gcroots_externref_new(dying, &other_data, count_call, &ref));
  inside(delete_the_other_store);
  CHECK(other_data == (collects ? 1 : 0));
  if (!collects) OK(gcroots_store_free(dying));
}

static void cross_back(void *data) {
  (void)data;
  if (!collects) return;
  REFUSED(GCROOTS_ERROR_BUSY, gcroots_store_free(store));
  REFUSED(GCROOTS_ERROR_BUSY, gcroots_store_free(dying));
  REFUSED(GCROOTS_ERROR_BUSY, gcroots_store_detach(store));
  OK(gcroots_store_gc(store));
  CHECK(data_of(outer_ref) == &outer_data);
  ++deleted_inside;
}

static void collect_the_other_store(void) {
  OK(gcroots_store_gc(dying));
}

CASE(a_store_is_busy_while_a_finalizer_of_another_runs_inside_its_own) {
  gcroots_scope_t scope;
  gcroots_ref_t ref;
  make_outer();
  dying = new_store(0);
  OK(gcroots_scope_enter(dying, &scope));
  OK(gcroots_externref_new(dying, NULL, cross_back, &ref));
  OK(gcroots_scope_exit(dying, scope));
  inside(collect_the_other_store);
  CHECK(deleted_inside == (collects ? 1 : 0));
  OK(gcroots_store_verify(dying));
  OK(gcroots_store_free(dying));
}

/* --- What an old finalizer releases late ------------------------------------- */

static gcroots_manually_rooted_t first_held, second_held;
static int first_runs, second_runs, third_runs;

static void run_third(void *data) {
  (void)data;
  third_runs++;
}

static void run_second(void *data) {
  (void)data;
  second_runs++;
  if (collects) OK(gcroots_manually_rooted_unroot(store, &second_held));
}

/* Adds more garbage to the queue than one run takes, before the object that this drops. */
static void run_first(void *data) {
  gcroots_scope_t scope;
  gcroots_ref_t ref;
  static int garbage;
  int i;
  (void)data;
  first_runs++;
  if (!collects) return;
  scope = enter();
  for (i = 0; i < 1000; ++i) OK(gcroots_externref_new(store, &garbage, count_call, &ref));
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_store_gc(store));
  OK(gcroots_manually_rooted_unroot(store, &first_held));
  OK(gcroots_store_gc(store));
}

CASE(one_gc_ends_what_an_old_finalizer_releases_after_much_garbage) {
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref;
  OK(gcroots_externref_new(store, NULL, run_third, &ref));
  second_held = root(ref);
  OK(gcroots_externref_new(store, NULL, run_second, &ref));
  first_held = root(ref);
  OK(gcroots_externref_new(store, NULL, run_first, &ref));
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_store_gc(store));
  CHECK(first_runs == (collects ? 1 : 0));
  CHECK(second_runs == (collects ? 1 : 0));
  CHECK(third_runs == (collects ? 1 : 0));
}
