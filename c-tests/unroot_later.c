/* Manual roots that end later: gcroots_manually_rooted_unroot_later() takes no store and
 * may be called from any thread.
 */
#define _GNU_SOURCE
#include "check.h"
#include "refusals.h"
#include "threads.h"

#include <sched.h>

/* Queues the handle's root. The handle must become null. */
static void later(gcroots_manually_rooted_t *handle) {
  OK(gcroots_manually_rooted_unroot_later(handle));
  CHECK(same_bits(handle->ref, gcroots_ref_null()));
}

/* Queues a copy's root, so that the caller's handle keeps its bits. */
static void later_copy(gcroots_manually_rooted_t copy) {
  later(&copy);
}

static bool resolves(gcroots_manually_rooted_t handle) {
  void *data = NULL;
  return gcroots_externref_data(store, handle.ref, &data) == GCROOTS_OK;
}

/* The owner drains the queue, as part of a collection. */
static void drain(void) {
  OK(gcroots_store_gc(store));
}

static uint64_t manual_roots(void) {
  return stats_of(store).manual_roots;
}

static uint64_t stale_unroots(void) {
  return stats_of(store).stale_unroots;
}

/* --- What it does ------------------------------------------------------------ */

CASE(a_root_unrooted_later_ends_with_the_next_collection) {
  static int finalized;
  gcroots_manually_rooted_t handle = new_rooted(&finalized, count_call), copy = handle;
  later(&handle);
  CHECK(finalized == 0 && manual_roots() == 1 && data_of(copy.ref) == &finalized);
  OK(gcroots_store_gc(store));
  CHECK(finalized == (collects ? 1 : 0) && manual_roots() == 0 && !resolves(copy));
  CHECK(stats_of(store).objects == (collects ? 0 : 1) && stale_unroots() == 0);
}

CASE(the_handle_must_not_be_a_null_pointer) {
  check_nulls(unroot_later_calls);
  CHECK(stale_unroots() == 0);
}

CASE(a_null_handle_is_ok_and_counts_nowhere) {
  gcroots_ref_t nulls[2] = {gcroots_ref_null(), {0, UINT32_MAX, UINT32_MAX}};
  for (int i = 0; i < 2; ++i) {
    gcroots_manually_rooted_t handle = {nulls[i]};
    later(&handle);
    later(&handle);
  }
  drain();
  CHECK(stale_unroots() == 0);
}

CASE(only_the_root_of_the_handle_ends) {
  enum { COUNT = 500 };
  static int numbers[COUNT];
  gcroots_manually_rooted_t handles[COUNT], copies[COUNT];
  for (int i = 0; i < COUNT; ++i) copies[i] = handles[i] = new_rooted(&numbers[i], NULL);
  for (int i = 0; i < COUNT; i += 3) later(&handles[i]);
  drain();
  for (int i = 0; i < COUNT; ++i) {
    CHECK(resolves(copies[i]) == (i % 3 != 0));
    if (i % 3 != 0) CHECK(data_of(copies[i].ref) == &numbers[i]);
  }
  CHECK(manual_roots() == COUNT - (COUNT + 2) / 3 && stale_unroots() == 0);
}

CASE(a_clone_is_not_unrooted_with_its_original) {
  int number;
  gcroots_manually_rooted_t handle = new_rooted(&number, NULL), clone = clone_root(handle);
  later(&handle);
  drain();
  CHECK(data_of(clone.ref) == &number && manual_roots() == 1);
}

CASE(a_slot_is_unrooted_later_again_and_again) {
  gcroots_ref_t ref = new_externref(NULL);
  for (int i = 0; i < 20000; ++i) {
    gcroots_manually_rooted_t handle = root(ref), copy = handle;
    later(&handle);
    CHECK(resolves(copy));
    if (i % 1000 == 0) drain();
  }
  drain();
  CHECK(manual_roots() == 0 && stale_unroots() == 0);
  CHECK(stats_of(store).manual_roots_max <= 2);
}

/* --- When -------------------------------------------------------------------- */

CASE(reads_leave_the_queue) {
  gcroots_manually_rooted_t handle = new_rooted(NULL, NULL), copy = handle;
  gcroots_scope_t scope;
  bool equal;
  uint64_t hash;
  void *data;
  later(&handle);
  for (int i = 0; i < 10; ++i) {
    OK(gcroots_externref_data(store, copy.ref, &data));
    OK(gcroots_externref_data_tagged(store, copy.ref, NULL, &data));
    OK(gcroots_ref_eq(store, copy.ref, copy.ref, &equal));
    OK(gcroots_ref_hash(store, copy.ref, &hash));
    OK(gcroots_externref_set_data(store, copy.ref, NULL));
    OK(gcroots_store_verify(store));
    scope = enter();
    OK(gcroots_scope_exit(store, scope));
    CHECK(manual_roots() == 1 && resolves(copy));
  }
}

enum { QUEUED = 300 };

/* What the functions below make roots from. */
static struct {
  gcroots_ref_t ref;
  gcroots_manually_rooted_t manual, taken[QUEUED];
  int taken_count;
  gcroots_weak_t weak;
  gcroots_type_t *type, *array_type, *func_type;
  gcroots_ref_t func, holder;
} source;

static void to_manually_rooted(void) {
  root(source.ref);
}

static void clone_manual(void) {
  clone_root(source.manual);
}

static void to_rooted(void) {
  gcroots_ref_t out;
  OK(gcroots_manually_rooted_to_rooted(store, source.manual, &out));
}

static void into_rooted(void) {
  gcroots_ref_t out;
  gcroots_manually_rooted_t *taken = &source.taken[--source.taken_count];
  OK(gcroots_manually_rooted_into_rooted(store, taken, &out));
}

static void make_local(void) {
  new_local(source.ref);
}

static void make_null_local(void) {
  new_local(gcroots_ref_null());
}

static void make_externref(void) {
  new_externref(NULL);
}

static void make_externref_with(void) {
  gcroots_externref_options_t options = {sizeof options, NULL, NULL, NULL, 0, NULL, NULL};
  gcroots_ref_t out;
  OK(gcroots_externref_new_with(store, &options, &out));
}

static void make_manually_rooted(void) {
  new_rooted(NULL, NULL);
}

static void escape(void) {
  gcroots_ref_t out;
  OK(gcroots_scope_escape(store, enter(), source.ref, &out));
}

static void upgrade(void) {
  gcroots_ref_t out;
  OK(gcroots_weak_upgrade(store, source.weak, &out));
}

static void make_a_struct(void) {
  gcroots_ref_t out;
  OK(gcroots_struct_new_default(store, source.type, &out));
}

static void make_an_array(void) {
  gcroots_ref_t out;
  OK(gcroots_array_new_default(store, source.array_type, 3, &out));
}

static void make_a_func(void) {
  make_func(source.func_type, answer_ok, NULL);
}

static void call_func(void) {
  OK(gcroots_func_call(store, source.func, NULL, 0, NULL, 0));
}

static void read_field(void) {
  field_ref(source.holder, 0);
}

static const struct {
  const char *name;
  void (*make)(void);
  /* By how much the function changes the number of manual roots. */
  int made;
} creations[] = {{"to_manually_rooted", to_manually_rooted, 1},
                 {"clone", clone_manual, 1},
                 {"to_rooted", to_rooted, 0},
                 {"into_rooted", into_rooted, -1},
                 {"local_new", make_local, 0},
                 {"local_new of null", make_null_local, 0},
                 {"externref_new", make_externref, 0},
                 {"externref_new_with", make_externref_with, 0},
                 {"externref_new_manually_rooted", make_manually_rooted, 1},
                 {"scope_escape", escape, 0},
                 {"weak_upgrade", upgrade, 0},
                 {"struct_new_default", make_a_struct, 0},
                 {"array_new_default", make_an_array, 0},
                 {"func_new", make_a_func, 0},
                 {"func_call", call_func, 0},
                 {"struct_get_ref", read_field, 0}};
enum { CREATIONS = sizeof creations / sizeof *creations };

static void make_source(void) {
  gcroots_field_type_t field = mutable_(or_null(ref_to(GCROOTS_HEAP_ANY)));
  gcroots_field_type_t extern_field = mutable_(or_null(ref_to(GCROOTS_HEAP_EXTERN)));
  gcroots_val_t value;
  source.ref = new_externref(NULL);
  source.type = new_struct(&extern_field, 1);
  source.array_type = new_array(field);
  source.func_type = new_func(NULL, 0, NULL, 0);
  source.func = make_func(source.func_type, answer_ok, NULL);
  value = val_ref(source.ref);
  source.holder = make_struct(source.type, &value, 1);
  source.manual = root(source.ref);
  for (int i = 0; i < QUEUED; ++i) source.taken[i] = root(source.ref);
  source.taken_count = QUEUED;
  OK(gcroots_weak_new(store, source.ref, &source.weak));
}

static void free_source(void) {
  free_types((gcroots_type_t *[]){source.type, source.array_type, source.func_type}, 3);
}

CASE(each_creation_of_a_root_ends_a_queued_one) {
  for (int i = 0; i < CREATIONS; ++i) {
    gcroots_manually_rooted_t handle, copy;
    uint64_t before;
    check_note = creations[i].name;
    make_source();
    copy = handle = root(source.ref);
    before = manual_roots();
    later(&handle);
    CHECK(manual_roots() == before && resolves(copy));
    creations[i].make();
    CHECK(!resolves(copy));
    CHECK(manual_roots() == before - 1 + (uint64_t)creations[i].made);
    free_source();
  }
  CHECK(stale_unroots() == 0);
}

CASE(each_creation_of_a_root_ends_at_least_one_of_many) {
  for (int i = 0; i < CREATIONS; ++i) {
    gcroots_manually_rooted_t handles[QUEUED];
    check_note = creations[i].name;
    make_source();
    for (int k = 0; k < QUEUED; ++k) later_copy(handles[k] = root(source.ref));
    /* Making the roots drained the queue, except for the last root. */
    CHECK(!resolves(handles[0]) && resolves(handles[QUEUED - 1]));
    for (int k = 0; k < QUEUED; ++k) handles[k] = root(source.ref);
    for (int k = 0; k < QUEUED; ++k) later_copy(handles[k]);
    for (int left = QUEUED, before = QUEUED + 1; left > 0;) {
      CHECK(left < before);
      before = left;
      creations[i].make();
      left = 0;
      for (int k = 0; k < QUEUED; ++k) left += resolves(handles[k]);
    }
    free_source();
  }
  CHECK(stale_unroots() == 0);
}

CASE(a_root_is_made_in_a_no_gc_span_while_roots_are_queued) {
  static int finalized;
  gcroots_manually_rooted_t handle = new_rooted(&finalized, count_call), copy = handle;
  OK(gcroots_no_gc_enter(store));
  later(&handle);
  REFUSED(GCROOTS_ERROR_NO_GC, gcroots_store_gc(store));
  new_local(gcroots_ref_null());
  CHECK(!resolves(copy) && manual_roots() == 0 && finalized == 0);
  OK(gcroots_no_gc_exit(store));
  drain();
  CHECK(finalized == (collects ? 1 : 0));
}

enum { MANY = 100000 };
static gcroots_manually_rooted_t many[MANY];

CASE(a_collection_ends_all_queued_roots) {
  enum { OBJECTS = 1000 };
  static int finalized;
  for (int i = 0; i < OBJECTS; ++i) many[i] = new_rooted(&finalized, count_call);
  for (int i = OBJECTS; i < MANY; ++i) many[i] = clone_root(many[i % OBJECTS]);
  gcroots_manually_rooted_t kept = clone_root(many[0]);
  for (int i = 0; i < MANY; ++i) later(&many[i]);
  CHECK(manual_roots() == MANY + 1);
  OK(gcroots_store_verify(store));
  OK(gcroots_store_gc(store));
  CHECK(manual_roots() == 1 && finalized == (collects ? OBJECTS - 1 : 0));
  CHECK(data_of(kept.ref) == &finalized && stale_unroots() == 0);
  CHECK(stats_of(store).objects == (collects ? 1 : OBJECTS));
}

CASE(a_collection_inside_an_allocation_ends_all_queued_roots) {
  gcroots_store_t *fixture = store;
  enum { QUEUED = 1000 };
  static int finalized;
  if (!collects) return;
  store = new_store(64 << 10);
  for (int i = 0; i < QUEUED; ++i) many[i] = new_rooted(&finalized, count_call);
  uint64_t before = stats_of(store).collections;
  for (int i = 0; i < QUEUED; ++i) later(&many[i]);
  while (stats_of(store).collections == before) {
    gcroots_scope_t scope = enter();
    new_externref(NULL);
    OK(gcroots_scope_exit(store, scope));
  }
  CHECK(finalized == QUEUED && manual_roots() == 0);
  free_store();
  store = fixture;
}

CASE(a_queued_copy_is_converted_as_long_as_it_resolves) {
  int number;
  gcroots_manually_rooted_t handle = new_rooted(&number, NULL), made;
  gcroots_ref_t ref;
  /* Each conversion makes a root, which drains the queue. */
  gcroots_manually_rooted_t copies[4] = {clone_root(handle), clone_root(handle), clone_root(handle),
                                         clone_root(handle)};
  later_copy(copies[0]);
  OK(gcroots_manually_rooted_clone(store, copies[0], &made));
  CHECK(data_of(made.ref) == &number && !resolves(copies[0]));
  later_copy(copies[1]);
  OK(gcroots_manually_rooted_to_rooted(store, copies[1], &ref));
  CHECK(data_of(ref) == &number && !resolves(copies[1]));
  later_copy(copies[2]);
  OK(gcroots_ref_to_manually_rooted(store, copies[2].ref, &made));
  CHECK(data_of(made.ref) == &number && !resolves(copies[2]));
  later_copy(copies[3]);
  made = copies[3];
  OK(gcroots_manually_rooted_into_rooted(store, &copies[3], &ref));
  CHECK(same_bits(copies[3].ref, gcroots_ref_null()) && data_of(ref) == &number);
  CHECK(!resolves(made) && stats_of(store).scoped_roots == 2 && manual_roots() == 3);
}

CASE(a_queued_copy_may_be_unrooted_at_once) {
  gcroots_manually_rooted_t handle = new_rooted(NULL, NULL), copy = handle;
  later(&handle);
  OK(gcroots_manually_rooted_unroot(store, &copy));
  CHECK(manual_roots() == 0);
  /* The queued handle is stale now. */
  drain();
  CHECK(manual_roots() == 0 && stale_unroots() == 1);
}

/* --- Handles that name nothing ----------------------------------------------- */

CASE(bad_handles_are_ignored_and_counted_by_their_store) {
  gcroots_manually_rooted_t kept = new_rooted(NULL, NULL);
  EACH_BAD_HANDLE(bad) {
    gcroots_manually_rooted_t handle = {bad->ref};
    bool mine = bad->ref.store_id == kept.ref.store_id;
    struct check_counts before = check_count(), after;
    uint64_t stale = stale_unroots(), other = stats_of(another).stale_unroots;
    later(&handle);
    CHECK(stale_unroots() == stale + (mine ? 1 : 0));
    CHECK(stats_of(another).stale_unroots ==
          other + (strcmp(bad->name, "of another store") == 0 ? 1 : 0));
    drain();
    after = check_count();
    CHECK(before.manual_roots == after.manual_roots && before.scoped_roots == after.scoped_roots);
    CHECK(stale_unroots() == stale + (mine ? 1 : 0));
  }
  /* Only one of the handles was valid, in the other store. */
  OK(gcroots_store_gc(another));
  CHECK(stats_of(another).manual_roots == 0 && stats_of(another).stale_unroots == 1);
  CHECK(resolves(kept));
}

CASE(a_live_scoped_handle_is_ignored_and_counted) {
  int number;
  gcroots_ref_t ref = new_externref(&number);
  later_copy((gcroots_manually_rooted_t){ref});
  drain();
  CHECK(data_of(ref) == &number && stale_unroots() == 1 && stats_of(store).scoped_roots == 1);
}

CASE(weak_bits_are_ignored_and_counted) {
  gcroots_manually_rooted_t kept = new_rooted(NULL, NULL);
  for (int i = 0; i < 3; ++i) {
    gcroots_weak_t weak;
    OK(gcroots_weak_new(store, kept.ref, &weak));
    later_copy((gcroots_manually_rooted_t){{weak.store_id, weak.generation, weak.index}});
    drain();
  }
  CHECK(stale_unroots() == 3 && resolves(kept) && stats_of(store).weak_handles == 3);
}

CASE(a_store_without_roots_counts_what_names_nothing) {
  gcroots_scope_t scope = enter();
  for (uint32_t generation = 0; generation < 4; ++generation) {
    later_copy((gcroots_manually_rooted_t){{scope.store_id, generation, 1U << 31}});
    later_copy((gcroots_manually_rooted_t){{scope.store_id, UINT32_MAX - generation, UINT32_MAX}});
  }
  drain();
  CHECK(stale_unroots() == 8);
}

CASE(the_generation_of_a_free_slot_is_ignored_and_counted_at_once) {
  gcroots_manually_rooted_t kept = new_rooted(NULL, NULL), handle = clone_root(kept), forged;
  forged = handle;
  OK(gcroots_manually_rooted_unroot(store, &handle));
  ++forged.ref.generation;
  later_copy(forged);
  CHECK(stale_unroots() == 1);
  OK(gcroots_store_verify(store));
  handle = clone_root(kept);
  drain();
  CHECK(resolves(handle) && manual_roots() == 2 && stale_unroots() == 1);
}

CASE(a_second_unroot_is_counted) {
  gcroots_manually_rooted_t handle = new_rooted(NULL, NULL), kept = new_rooted(NULL, NULL);
  for (int i = 0; i < 3; ++i) later_copy(handle);
  drain();
  CHECK(stale_unroots() == 2 && manual_roots() == 1);
  later_copy(handle);
  drain();
  CHECK(stale_unroots() == 3 && resolves(kept));
}

CASE(the_handle_of_a_deleted_store_is_ignored) {
  gcroots_manually_rooted_t handle = new_rooted(NULL, NULL);
  OK(gcroots_store_free(store));
  OK(gcroots_store_new(engine, &store));
  gcroots_manually_rooted_t next = new_rooted(NULL, NULL);
  later(&handle);
  drain();
  CHECK(resolves(next) && stale_unroots() == 0 && manual_roots() == 1);
}

CASE(the_handle_of_another_store_ends_its_root_there) {
  gcroots_store_t *mine = store;
  gcroots_manually_rooted_t here = new_rooted(NULL, NULL), there;
  store = another_store();
  there = new_rooted(NULL, NULL);
  store = mine;
  CHECK(here.ref.index == there.ref.index && here.ref.generation == there.ref.generation);
  later(&there);
  drain();
  CHECK(resolves(here) && stale_unroots() == 0);
  CHECK(stats_of(another).manual_roots == 1);
  OK(gcroots_store_gc(another));
  CHECK(stats_of(another).manual_roots == 0 && stats_of(another).stale_unroots == 0);
}

/* Queues bits that differ slightly from a live root's and name nothing. Returns how many
   there are. */
static int pass_near_misses(gcroots_manually_rooted_t live) {
  static const uint32_t steps[] = {-4U, -3U, -2U, -1U, 1, 2, 3, 4, 1000, 1U << 31};
  int count = 0;
  for (size_t i = 0; i < sizeof steps / sizeof *steps; ++i, ++count) {
    gcroots_manually_rooted_t forged = live;
    forged.ref.generation += steps[i];
    later(&forged);
  }
  return count;
}

CASE(a_bad_handle_never_displaces_a_good_one_of_its_slot) {
  static int finalized;
  for (int good_first = 0; good_first < 2; ++good_first)
    for (int with_collection = 0; with_collection < 2; ++with_collection) {
      uint64_t stale = stale_unroots();
      int before = finalized, bad = 0;
      gcroots_manually_rooted_t old = new_rooted(NULL, NULL), older = old, handle;
      OK(gcroots_manually_rooted_unroot(store, &old));
      handle = new_rooted(&finalized, count_call);
      CHECK(handle.ref.index == older.ref.index);
      gcroots_manually_rooted_t copy = handle;
      if (good_first) later(&handle);
      later_copy(older);
      bad += 1 + pass_near_misses(copy);
      if (!good_first) later(&handle);
      CHECK(resolves(copy) && stale_unroots() == stale + (uint64_t)bad);
      if (with_collection)
        OK(gcroots_store_gc(store));
      else
        new_local(gcroots_ref_null());
      CHECK(!resolves(copy) && manual_roots() == 0);
      OK(gcroots_store_gc(store));
      CHECK(finalized == before + (collects ? 1 : 0));
      CHECK(stale_unroots() == stale + (uint64_t)bad);
    }
}

CASE(a_stale_entry_never_ends_the_slots_next_root) {
  gcroots_ref_t ref = new_externref(NULL);
  for (int i = 0; i < 1000; ++i) {
    gcroots_manually_rooted_t handle = root(ref), copy = handle, next;
    later_copy(handle);
    OK(gcroots_manually_rooted_unroot(store, &handle));
    next = root(ref);
    later_copy(copy);
    CHECK(resolves(next));
    new_local(gcroots_ref_null());
    CHECK(resolves(next) && stale_unroots() == 2 * (uint64_t)i + 2);
    OK(gcroots_manually_rooted_unroot(store, &next));
  }
}

/* The queue gives the newest entry first. An owner that makes a root drains only a part of
   it, and all of that part may be stale. */
CASE(many_stale_entries_hold_up_nothing_behind_them) {
  enum { LIVE = 40, STALE = 200 };
  for (int by_gc = 0; by_gc < 2; ++by_gc) {
    gcroots_ref_t ref = new_externref(NULL);
    gcroots_manually_rooted_t live[LIVE], stale[STALE];
    uint64_t counted = stale_unroots();
    for (int i = 0; i < LIVE; ++i) live[i] = root(ref);
    for (int i = 0; i < STALE; ++i) stale[i] = root(ref);
    for (int i = 0; i < LIVE; ++i) later_copy(live[i]);
    for (int i = 0; i < STALE; ++i) later_copy(stale[i]);
    for (int i = 0; i < STALE; ++i) OK(gcroots_manually_rooted_unroot(store, &stale[i]));
    CHECK(manual_roots() == LIVE && stale_unroots() == counted);
    if (by_gc) drain();
    for (int i = 0; !by_gc && i < (LIVE + STALE) / 32 + 1; ++i) {
      new_local(ref);
      CHECK(stale_unroots() > counted);
      OK(gcroots_store_verify(store));
    }
    CHECK(manual_roots() == 0 && stale_unroots() == counted + STALE);
    for (int i = 0; i < LIVE; ++i) CHECK(!resolves(live[i]));
  }
}

/* --- From anywhere ----------------------------------------------------------- */

static gcroots_manually_rooted_t shared;
static int host;

static void unroot_shared(void) {
  later(&shared);
}

CASE(another_thread_needs_no_ownership) {
  static int finalized;
  shared = new_rooted(&finalized, count_call);
  on_another_thread(unroot_shared);
  CHECK(gcroots_ref_is_null(shared.ref));
  OK(gcroots_store_gc(store));
  CHECK(finalized == (collects ? 1 : 0) && manual_roots() == 0 && stale_unroots() == 0);
}

static void unroot_null_on_a_thread(void) {
  CHECK(gcroots_manually_rooted_unroot_later(NULL) == GCROOTS_ERROR_NULL_ARGUMENT);
  CHECK(strstr(gcroots_last_error(), "`handle`") != NULL);
}

CASE(another_threads_null_pointer_is_refused) {
  on_another_thread(unroot_null_on_a_thread);
}

CASE(a_detached_stores_roots_are_unrooted_later) {
  shared = new_rooted(&host, NULL);
  gcroots_manually_rooted_t second = new_rooted(&host, NULL), copy = second;
  OK(gcroots_store_detach(store));
  on_another_thread(unroot_shared);
  later(&second);
  later_copy(copy);
  OK(gcroots_store_attach(store));
  CHECK(manual_roots() == 2 && resolves(copy));
  OK(gcroots_store_gc(store));
  CHECK(manual_roots() == 0 && stale_unroots() == 1);
}

static gcroots_store_t *orphan;

static void make_orphan(void) {
  orphan = new_store(0);
  OK(gcroots_externref_new_manually_rooted(orphan, &host, NULL, &shared));
}

CASE(roots_whose_owner_thread_has_ended_are_unrooted_later) {
  on_another_thread(make_orphan);
  on_another_thread(unroot_shared);
  OK(gcroots_store_attach(orphan));
  CHECK(stats_of(orphan).manual_roots == 1);
  OK(gcroots_store_gc(orphan));
  CHECK(stats_of(orphan).manual_roots == 0 && stats_of(orphan).stale_unroots == 0);
  OK(gcroots_store_free(orphan));
}

CASE(it_needs_no_memory) {
  enum { COUNT = 5000 };
  gcroots_ref_t ref = new_externref(NULL), local, out = untouched();
  gcroots_manually_rooted_t stale;
  for (int i = 0; i < COUNT; ++i) many[i] = root(ref);
  stale = many[0];
  memory_out(true);
  while (gcroots_local_new(store, ref, &local) == GCROOTS_OK) {
  }
  for (int i = 0; i < COUNT; ++i) later(&many[i]);
  later(&stale);
  CHECK(manual_roots() == COUNT && stale_unroots() == 1);
  /* A call that fails to make a root may drain part of the queue. */
  REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_OUT_OF_MEMORY, gcroots_local_new(store, ref, &out));
  CHECK(same_bits(out, untouched()));
  OK(gcroots_store_gc(store));
  CHECK(manual_roots() == 0 && stale_unroots() == 1);
  memory_out(false);
}

/* --- In finalizers ----------------------------------------------------------- */

CASE(the_last_unroots_of_a_store_are_dropped_with_it) {
  static int finalized;
  for (int i = 0; i < 100; ++i) many[i] = new_rooted(&finalized, count_call);
  for (int i = 0; i < 100; ++i) later(&many[i]);
  free_store();
  CHECK(finalized == 100);
}

static void unroot_its_data(void *handle) {
  ++host;
  later(handle);
}

CASE(a_finalizer_may_unroot_later) {
  static int finalized;
  shared = new_rooted(&finalized, count_call);
  if (!run_as_finalizer(unroot_its_data, &shared)) return;
  CHECK(host == 1 && gcroots_ref_is_null(shared.ref));
  /* The collection whose finalizer queued the root freed the object too. */
  CHECK(finalized == 1 && manual_roots() == 0 && stats_of(store).objects == 0);
}

CASE(a_finalizer_in_the_deletion_of_the_store_may_unroot_later) {
  static gcroots_manually_rooted_t handles[3];
  static int finalized;
  handles[0] = new_rooted(&finalized, count_call);
  handles[1] = new_rooted(&handles[0], unroot_its_data);
  handles[2] = new_rooted(&handles[1], unroot_its_data);
  OK(gcroots_store_set_data(store, &handles[2], unroot_its_data));
  free_store();
  CHECK(host == 3 && finalized == 1);
  for (int i = 0; i < 3; ++i) CHECK(gcroots_ref_is_null(handles[i].ref));
}

CASE(the_deletion_of_one_store_may_unroot_in_another) {
  gcroots_store_t *dying = new_store(0);
  gcroots_ref_t ref;
  shared = new_rooted(NULL, NULL);
  OK(gcroots_externref_new(dying, &shared, unroot_its_data, &ref));
  OK(gcroots_store_free(dying));
  CHECK(host == 1 && gcroots_ref_is_null(shared.ref) && manual_roots() == 1);
  OK(gcroots_store_gc(store));
  CHECK(manual_roots() == 0);
}

enum { LINKS = 1000 };
static gcroots_manually_rooted_t chain[LINKS];

/* Under the null collector finalizers run when the store is deleted, where queuing a
   root is allowed too. */
static void release_next(void *link) {
  ++host;
  later(link);
}

CASE(one_gc_ends_a_chain_that_finalizers_unroot_later) {
  static int finalized;
  gcroots_manually_rooted_t first;
  chain[LINKS - 1] = new_rooted(&finalized, count_call);
  for (int i = LINKS - 2; i >= 0; --i) chain[i] = new_rooted(&chain[i + 1], release_next);
  first = new_rooted(&chain[0], release_next);
  OK(gcroots_store_gc(store));
  CHECK(host == 0);
  later(&first);
  OK(gcroots_store_gc(store));
  CHECK(host == (collects ? LINKS : 0) && finalized == (collects ? 1 : 0));
  CHECK(stats_of(store).objects == (collects ? 0 : LINKS + 1));
  CHECK(manual_roots() == (collects ? 0 : LINKS) && stale_unroots() == 0);
  free_store();
  CHECK(host == LINKS && finalized == 1);
}

static void release_on_another_thread(void *link) {
  ++host;
  shared = *(gcroots_manually_rooted_t *)link;
  on_another_thread(unroot_shared);
}

CASE(one_gc_ends_what_finalizers_let_other_threads_unroot) {
  enum { COUNT = 20 };
  static int finalized;
  chain[COUNT - 1] = new_rooted(&finalized, count_call);
  for (int i = COUNT - 2; i >= 0; --i)
    chain[i] = new_rooted(&chain[i + 1], release_on_another_thread);
  later(&chain[0]);
  OK(gcroots_store_gc(store));
  CHECK(host == (collects ? COUNT - 1 : 0) && finalized == (collects ? 1 : 0));
}

/* --- Races ------------------------------------------------------------------- */

enum { THREADS = 4, EACH = 100000 };
static gcroots_manually_rooted_t queues[THREADS][EACH];
static int running;

static void *unroot_all(void *queue) {
  gcroots_manually_rooted_t *handles = queue;
  for (int i = 0; i < EACH; ++i) later(&handles[i]);
  __atomic_sub_fetch(&running, 1, __ATOMIC_RELEASE);
  return NULL;
}

static bool still_running(void) {
  return __atomic_load_n(&running, __ATOMIC_ACQUIRE) > 0;
}

static void start(pthread_t *threads, int count, void *(*body)(void *), bool own_queue) {
  __atomic_store_n(&running, count, __ATOMIC_RELEASE);
  for (int i = 0; i < count; ++i)
    CHECK(pthread_create(&threads[i], NULL, body, own_queue ? queues[i] : NULL) == 0);
}

static void join(pthread_t *threads, int count) {
  for (int i = 0; i < count; ++i) CHECK(pthread_join(threads[i], NULL) == 0);
}

CASE(threads_unroot_while_the_owner_makes_roots_and_collects) {
  enum { OBJECTS = 100 };
  static int finalized, kept_number;
  pthread_t threads[THREADS];
  gcroots_manually_rooted_t kept = new_rooted(&kept_number, NULL);
  uint64_t made = 0;
  for (int i = 0; i < THREADS; ++i)
    for (int k = 0; k < EACH; ++k)
      queues[i][k] = i == 0 && k < OBJECTS ? new_rooted(&finalized, count_call)
                                           : clone_root(queues[0][k % OBJECTS]);
  start(threads, THREADS, unroot_all, true);
  do {
    gcroots_scope_t scope = enter();
    for (int i = 0; i < 1000; ++i) {
      gcroots_manually_rooted_t handle = clone_root(kept);
      new_local(handle.ref);
      if (i % 2 == 0)
        OK(gcroots_manually_rooted_unroot(store, &handle));
      else
        later(&handle);
    }
    OK(gcroots_scope_exit(store, scope));
    if (++made % 8 == 0) OK(gcroots_store_gc(store));
  } while (still_running());
  join(threads, THREADS);
  OK(gcroots_store_gc(store));
  CHECK(manual_roots() == 1 && stale_unroots() == 0);
  CHECK(finalized == (collects ? OBJECTS : 0) && data_of(kept.ref) == &kept_number);
}

static pthread_barrier_t barrier;
enum { ROUNDS = 2000 };

static void *unroot_the_same(void *nothing) {
  for (int round = 0; round < ROUNDS; ++round) {
    pthread_barrier_wait(&barrier);
    later_copy(shared);
    pthread_barrier_wait(&barrier);
  }
  return nothing;
}

CASE(of_threads_that_unroot_the_same_handle_one_ends_it) {
  pthread_t threads[THREADS];
  gcroots_ref_t ref = new_externref(NULL);
  CHECK(pthread_barrier_init(&barrier, NULL, THREADS + 1) == 0);
  start(threads, THREADS, unroot_the_same, false);
  for (int round = 0; round < ROUNDS; ++round) {
    gcroots_manually_rooted_t next = root(ref);
    shared = root(ref);
    pthread_barrier_wait(&barrier);
    /* Every second time the owner drains the queue meanwhile. */
    if (round % 2 == 0) new_local(gcroots_ref_null());
    pthread_barrier_wait(&barrier);
    new_local(gcroots_ref_null());
    CHECK(!resolves(shared) && manual_roots() == 1);
    CHECK(stale_unroots() == (THREADS - 1) * ((uint64_t)round + 1));
    OK(gcroots_manually_rooted_unroot(store, &next));
  }
  join(threads, THREADS);
}

CASE(the_owner_and_a_thread_unroot_the_same_handle_once) {
  pthread_t thread;
  gcroots_ref_t ref = new_externref(NULL);
  CHECK(pthread_barrier_init(&barrier, NULL, 2) == 0);
  start(&thread, 1, unroot_the_same, false);
  for (int round = 0; round < ROUNDS; ++round) {
    shared = root(ref);
    gcroots_manually_rooted_t mine = shared, next;
    pthread_barrier_wait(&barrier);
    OK(gcroots_manually_rooted_unroot(store, &mine));
    /* Most often in the same slot. */
    next = root(ref);
    pthread_barrier_wait(&barrier);
    new_local(gcroots_ref_null());
    CHECK(resolves(next) && manual_roots() == 1);
    CHECK(stale_unroots() == (uint64_t)round + 1);
    OK(gcroots_manually_rooted_unroot(store, &next));
  }
  join(&thread, 1);
}

CASE(the_owners_roots_grow_while_a_thread_unroots) {
  enum { GROWN = 1000000, SAMPLES = 1000 };
  static gcroots_manually_rooted_t samples[SAMPLES];
  pthread_t thread;
  int number;
  gcroots_ref_t ref = new_externref(&number);
  for (int i = 0; i < EACH; ++i) queues[0][i] = root(ref);
  start(&thread, 1, unroot_all, true);
  for (int i = 0; i < GROWN; ++i) {
    gcroots_manually_rooted_t handle = root(ref);
    if (i % (GROWN / SAMPLES) == 0) samples[i / (GROWN / SAMPLES)] = handle;
  }
  join(&thread, 1);
  OK(gcroots_store_gc(store));
  CHECK(manual_roots() == GROWN && stale_unroots() == 0);
  for (int i = 0; i < SAMPLES; ++i) CHECK(data_of(samples[i].ref) == &number);
  for (int i = 0; i < SAMPLES; ++i) later(&samples[i]);
  OK(gcroots_store_gc(store));
  CHECK(manual_roots() == GROWN - SAMPLES);
}

enum { SHORT = 64 };
static gcroots_manually_rooted_t short_lived[SHORT];
static bool stop;

static void *unroot_in_a_loop(void *nothing) {
  for (int i = 0; !__atomic_load_n(&stop, __ATOMIC_RELAXED); i = (i + 1) % SHORT) {
    later_copy(short_lived[i]);
    if (i == 0) __atomic_store_n(&running, 0, __ATOMIC_RELEASE);
  }
  return nothing;
}

CASE(a_store_is_deleted_while_a_thread_unroots_its_roots) {
  for (int round = 0; round < 200; ++round) {
    gcroots_store_t *fixture = store;
    gcroots_manually_rooted_t next[SHORT];
    pthread_t thread;
    __atomic_store_n(&stop, false, __ATOMIC_RELAXED);
    store = new_store(0);
    for (int i = 0; i < SHORT; ++i) short_lived[i] = new_rooted(NULL, NULL);
    start(&thread, 1, unroot_in_a_loop, false);
    while (still_running()) sched_yield();
    free_store();
    /* Often at the same address. Its roots are different ones. */
    store = new_store(0);
    for (int i = 0; i < SHORT; ++i) next[i] = new_rooted(&next[i], NULL);
    OK(gcroots_store_gc(store));
    CHECK(manual_roots() == SHORT && stale_unroots() == 0);
    for (int i = 0; i < SHORT; ++i) CHECK(data_of(next[i].ref) == &next[i]);
    __atomic_store_n(&stop, true, __ATOMIC_RELAXED);
    join(&thread, 1);
    CHECK(stale_unroots() == 0);
    free_store();
    store = fixture;
  }
}

/* --- gcroots_store_drain_unroots() --------------------------------------------- */

CASE(draining_ends_all_queued_roots_and_collects_nothing) {
  enum { MANY_ROOTS = 1000 };
  static int finalized;
  gcroots_manually_rooted_t kept = new_rooted(&finalized, count_call);
  for (int i = 0; i < MANY_ROOTS; ++i) many[i] = new_rooted(&finalized, count_call);
  for (int i = 0; i < MANY_ROOTS; ++i) later_copy(many[i]);
  gcroots_stats_t before = stats_of(store), after;
  CHECK(before.manual_roots == MANY_ROOTS + 1);
  OK(gcroots_store_drain_unroots(store));
  after = stats_of(store);
  CHECK(after.manual_roots == 1 && after.collections == before.collections);
  CHECK(after.objects == before.objects && after.finalizers_run == before.finalizers_run);
  for (int i = 0; i < MANY_ROOTS; ++i) CHECK(!resolves(many[i]));
  CHECK(resolves(kept) && stale_unroots() == 0);
  OK(gcroots_store_drain_unroots(store));
  CHECK(manual_roots() == 1);
  OK(gcroots_store_gc(store));
  CHECK(stats_of(store).objects == (collects ? 1 : MANY_ROOTS + 1));
}

CASE(draining_works_in_a_no_gc_span) {
  gcroots_manually_rooted_t handle = new_rooted(NULL, NULL), copy = handle;
  OK(gcroots_no_gc_enter(store));
  later(&handle);
  OK(gcroots_store_drain_unroots(store));
  CHECK(!resolves(copy) && manual_roots() == 0);
  OK(gcroots_no_gc_exit(store));
}

CASE(draining_between_the_steps_of_a_collection_is_busy) {
  bool over;
  gcroots_manually_rooted_t handle = new_rooted(NULL, NULL);
  OK(gcroots_store_gc_start(store));
  later(&handle);
  if (heap_has(BETWEEN)) {
    OK(gcroots_store_drain_unroots(store));
    CHECK(manual_roots() == 0);
    return;
  }
  REFUSED(GCROOTS_ERROR_BUSY, gcroots_store_drain_unroots(store));
  OK(gcroots_store_gc_step(store, SIZE_MAX, &over));
  CHECK(over && manual_roots() == 1);
  OK(gcroots_store_drain_unroots(store));
  CHECK(manual_roots() == 0);
}

static gcroots_manually_rooted_t held;

/* Queues `held` inside a finalizer, and drains it there. */
static void drain_held(void *ran) {
  later(&held);
  OK(gcroots_store_drain_unroots(store));
  CHECK(manual_roots() == 0);
  ++*(int *)ran;
}

CASE(what_a_finalizer_drains_is_collected_by_the_same_gc) {
  static int ran, finalized;
  held = new_rooted(&finalized, count_call);
  if (run_as_finalizer(drain_held, &ran)) CHECK(ran == 1 && finalized == 1);
}
