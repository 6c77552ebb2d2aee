/* Root visitors: functions that report roots when a collection begins.
 */
#include "refusals.h"

#include "threads.h"

enum { SLOTS = 64 };
static uint32_t slots[SLOTS];
static const gcroots_root_range_t all_slots = {slots, SLOTS, 0};
static int numbers[SLOTS];

/* A visitor whose env is this structure reports the slots and then runs `body`. */
struct visitor {
  int calls;
  void (*body)(void);
  const gcroots_slot_layout_t *layout;
  /* The status that the report must return. */
  gcroots_status_t expected;
  gcroots_root_range_t range;
  gcroots_store_t *store;
  gcroots_root_source_t source;
};
static struct visitor first, second;

static void visit(void *env, gcroots_store_t *of) {
  struct visitor *self = env;
  gcroots_status_t status;
  self->calls++;
  self->store = of;
  status = gcroots_root_visitor_report(of, &self->range, self->layout);
  CHECK(status == self->expected);
  if (self->body != NULL) self->body();
}

static void add(struct visitor *visitor) {
  visitor->range = all_slots;
  OK(gcroots_root_visitor_add(store, visit, visitor, &visitor->source));
}

static void remove_visitor(struct visitor *visitor) {
  OK(gcroots_root_visitor_remove(store, &visitor->source));
  CHECK(visitor->source.store_id == 0);
}

/* Makes an object that nothing roots, and returns its bits. */
static uint32_t unrooted(void *data, gcroots_finalizer_t finalizer) {
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref;
  uint32_t raw;
  OK(gcroots_externref_new(store, data, finalizer, &ref));
  OK(gcroots_ref_to_raw(store, ref, &raw));
  OK(gcroots_scope_exit(store, scope));
  return raw;
}

static void fill_slots(void) {
  for (int i = 0; i < SLOTS; i++) slots[i] = unrooted(&numbers[i], count_call);
}

static void check_slots(void) {
  for (int i = 0; i < SLOTS; i++) {
    gcroots_scope_t scope = enter();
    gcroots_ref_t ref;
    OK(gcroots_ref_from_raw(store, slots[i], &ref));
    CHECK(data_of(ref) == &numbers[i] && numbers[i] == 0);
    OK(gcroots_scope_exit(store, scope));
  }
}

/* Replaces the fixture's engine and store by ones with this configuration. */
static void use_config(gcroots_config_t *config) {
  OK(gcroots_store_free(store));
  gcroots_engine_free(engine);
  OK(gcroots_engine_new(config, &engine));
  gcroots_config_free(config);
  OK(gcroots_store_new(engine, &store));
}

/* --- What is reported ----------------------------------------------------------- */

CASE(what_is_reported_lives_and_is_updated) {
  uint32_t before[SLOTS];
  add(&first);
  fill_slots();
  memcpy(before, slots, sizeof before);
  for (int round = 0; round < 3; round++) {
    int calls = first.calls;
    OK(gcroots_store_gc(store));
    CHECK(first.calls == calls + (collects ? 1 : 0));
    CHECK(!collects || first.store == store);
    check_slots();
  }
  CHECK(may_have(memcmp(before, slots, sizeof before) != 0));
  remove_visitor(&first);
  OK(gcroots_store_gc(store));
  for (int i = 0; i < SLOTS; i++) CHECK(numbers[i] == (collects ? 1 : 0));
}

CASE(the_first_step_of_a_collection_calls_it) {
  bool done = false;
  int before;
  add(&first);
  fill_slots();
  before = first.calls;
  OK(gcroots_store_gc_start(store));
  OK(gcroots_store_gc_cancel(store));
  CHECK(first.calls == before);
  OK(gcroots_store_gc_start(store));
  for (int steps = 1; !done; steps++) {
    OK(gcroots_store_gc_step(store, 1, &done));
    /* A minor collection begins and ends the marking that the program may interrupt. */
    CHECK(first.calls >= before + (collects ? 1 : 0));
    CHECK(first.calls == before + (collects ? 1 : 0) || heap_has(BETWEEN));
    CHECK(done || steps < 100000);
  }
  CHECK(!collects || stats_of(store).collections >= 1);
  check_slots();
}

CASE(what_is_not_reported_dies) {
  add(&first);
  fill_slots();
  first.range.count = SLOTS / 2;
  OK(gcroots_store_gc(store));
  for (int i = 0; i < SLOTS; i++) CHECK(numbers[i] == (collects && i >= SLOTS / 2 ? 1 : 0));
}

CASE(reports_have_layouts) {
  struct pair {
    uint32_t reference, tag;
  };
  static struct pair pairs[SLOTS];
  static const gcroots_slot_layout_t layout = {8, 0, 4, 0xf, 9};
  add(&first);
  first.range = (gcroots_root_range_t){pairs, SLOTS, 0};
  first.layout = &layout;
  for (int i = 0; i < SLOTS; i++) pairs[i].reference = 0xfffffffe;
  for (int i = 0; i < SLOTS; i += 3) {
    pairs[i].reference = unrooted(&numbers[i], count_call);
    pairs[i].tag = 0x39;
  }
  OK(gcroots_store_gc(store));
  CHECK(stats_of(store).objects == (SLOTS + 2) / 3);
  for (int i = 0; i < SLOTS; i++) CHECK(i % 3 == 0 || pairs[i].reference == 0xfffffffe);
}

static void report_each(void) {
  for (int i = 0; i < SLOTS; i++) {
    gcroots_root_range_t one = {&slots[i], 1, 0};
    OK(gcroots_root_visitor_report(store, &one, NULL));
  }
}

CASE(a_visitor_may_report_many_ranges_and_slots_twice) {
  static gcroots_root_range_t range = {slots, SLOTS, 0};
  gcroots_root_source_t source;
  first.body = report_each;
  add(&first);
  fill_slots();
  OK(gcroots_root_range_add(store, &range, NULL, &source));
  for (int round = 0; round < 3; round++) OK(gcroots_store_gc(store));
  OK(gcroots_root_range_remove(store, &source));
  first.range.count = 0;
  for (int round = 0; round < 3; round++) OK(gcroots_store_gc(store));
  check_slots();
}

CASE(each_visitor_is_called) {
  add(&first);
  add(&second);
  first.range.count = SLOTS / 2;
  second.range = (gcroots_root_range_t){slots + SLOTS / 2, SLOTS / 2, 0};
  fill_slots();
  OK(gcroots_store_gc(store));
  CHECK(first.calls == second.calls && (first.calls > 0) == collects);
  check_slots();
  remove_visitor(&first);
  first.calls = second.calls = 0;
  OK(gcroots_store_gc(store));
  /* It is called twice, since the collection repeats after finalizers ran. */
  CHECK(first.calls == 0 && second.calls == (collects ? 2 : 0));
  for (int i = 0; i < SLOTS; i++) CHECK(numbers[i] == (collects && i < SLOTS / 2 ? 1 : 0));
}

/* --- When it is called ------------------------------------------------------------- */

CASE(it_is_not_called_where_nothing_is_collected) {
  add(&first);
  OK(gcroots_store_gc(store));
  new_externref(NULL);
  first.calls = 0;
  OK(gcroots_store_verify(store));
  stats_of(store);
  OK(gcroots_no_gc_enter(store));
  REFUSED(GCROOTS_ERROR_NO_GC, gcroots_store_gc(store));
  new_externref(NULL);
  CHECK(first.calls == 0);
  OK(gcroots_no_gc_exit(store));
  free_store();
  CHECK(first.calls == 0);
}

CASE(it_is_called_when_an_allocation_collects) {
  enum { LIMIT = 64 << 10 };
  use_config(variant_config(LIMIT));
  add(&first);
  fill_slots();
  first.calls = 0;
  for (int i = 0; i < 20000 && first.calls < 50; i++) {
    uint64_t before = stats_of(store).collections;
    int calls = first.calls;
    if (!collects && i == 1000) break;
    unrooted(NULL, NULL);
    CHECK((stats_of(store).collections != before) == (first.calls != calls));
    CHECK(first.calls <= calls + 1);
  }
  CHECK((first.calls > 0) == collects);
  check_slots();
}

CASE(it_does_not_change_how_often_stress_collects) {
  enum { NTH = 10 };
  gcroots_config_t *config = variant_config(0);
  OK(gcroots_config_set_stress(config, NTH));
  use_config(config);
  add(&first);
  for (uint64_t i = 1; i <= 20 * NTH; i++) {
    new_externref(NULL);
    CHECK(has_collected(stats_of(store).collections, collects ? i / NTH : 0));
    CHECK(first.calls == (collects ? (int)(i / NTH) : 0));
  }
}

CASE(an_allocation_that_calls_it_counts_once_for_stress) {
  /* The heap is full several times before stress causes a collection. */
  enum { NTH = 10000, LIMIT = 64 << 10 };
  gcroots_config_t *config = variant_config(LIMIT);
  uint64_t between = 0;
  OK(gcroots_config_set_stress(config, NTH));
  use_config(config);
  add(&first);
  if (!collects) return;
  for (uint64_t i = 1; i <= 5 * NTH; i++) {
    uint64_t before = stats_of(store).collections;
    bool collected;
    unrooted(NULL, NULL);
    collected = stats_of(store).collections != before;
    CHECK(collected || i % NTH != 0);
    between += collected && i % NTH != 0;
  }
  CHECK(between >= 5);
}

static bool refuse_growth(void *env, gcroots_store_t *of, size_t committed, size_t wanted) {
  CHECK(of == store && wanted > committed);
  ++*(int *)env;
  return false;
}

CASE(it_is_called_where_growth_is_refused) {
  enum { INITIAL = 32 << 10, LIMIT = 128 << 10 };
  static const uint32_t every[] = {0, 1, 3};
  for (size_t i = 0; i < COUNT_OF(every); i++) {
    int asked = 0;
    gcroots_config_t *config = variant_config(LIMIT);
    OK(gcroots_config_set_stress(config, every[i]));
    OK(gcroots_config_set_heap_initial(config, INITIAL));
    OK(gcroots_config_set_grow_callback(config, refuse_growth, &asked));
    use_config(config);
    memset(slots, 0, sizeof slots);
    memset(numbers, 0, sizeof numbers);
    add(&first);
    fill_slots();
    first.calls = 0;
    fill_store(GCROOTS_ERROR_OUT_OF_MEMORY);
    for (int round = 0; round < 5; round++) CHECK(fill_store(GCROOTS_ERROR_OUT_OF_MEMORY) == 0);
    CHECK(asked > 0 && (first.calls > 0) == collects);
    check_slots();
    remove_visitor(&first);
  }
}

static uint32_t elsewhere[SLOTS];
static gcroots_manually_rooted_t later;

/* Refuses growth. The first time, it also moves the slots, leaves bits of no object in
   their place, and lets an object go, so that the allocation collects once more. */
static bool move_slots(void *env, gcroots_store_t *of, size_t committed, size_t wanted) {
  bool refused = refuse_growth(env, of, committed, wanted);
  gcroots_manually_rooted_t copy = later;
  if (first.range.slots == slots) {
    memcpy(elsewhere, slots, sizeof slots);
    for (int i = 0; i < SLOTS; i++) slots[i] = 0xfffffffe;
    first.range.slots = elsewhere;
    OK(gcroots_manually_rooted_unroot_later(&copy));
  }
  return refused;
}

CASE(slots_that_the_growth_callback_moves_are_reported_again) {
  enum { INITIAL = 32 << 10, LIMIT = 128 << 10 };
  gcroots_config_t *config = variant_config(LIMIT);
  int asked = 0;
  if (!collects) {
    gcroots_config_free(config);
    return;
  }
  OK(gcroots_config_set_heap_initial(config, INITIAL));
  OK(gcroots_config_set_grow_callback(config, move_slots, &asked));
  use_config(config);
  later = new_rooted(NULL, NULL);
  add(&first);
  fill_slots();
  fill_store(GCROOTS_ERROR_OUT_OF_MEMORY);
  CHECK(asked > 0 && first.range.slots == elsewhere);
  memcpy(slots, elsewhere, sizeof slots);
  check_slots();
}

CASE(a_full_heap_calls_it_and_ends) {
  use_config(variant_config(64 << 10));
  add(&first);
  fill_slots();
  fill_store(GCROOTS_ERROR_OUT_OF_MEMORY);
  for (int round = 0; round < 5; round++) CHECK(fill_store(GCROOTS_ERROR_OUT_OF_MEMORY) == 0);
  check_slots();
}

static void collect_inside(void *data) {
  int calls = first.calls;
  OK(gcroots_store_gc(store));
  CHECK(first.calls == calls + 1);
  for (int i = 0; i < 50; i++) unrooted(NULL, NULL);
  check_slots();
  ++*(int *)data;
}

CASE(a_finalizer_may_collect) {
  int finalized = 0;
  add(&first);
  fill_slots();
  if (!run_as_finalizer(collect_inside, &finalized)) return;
  CHECK(finalized == 1);
  check_slots();
}

static gcroots_store_t *outer;

static void collect_another(void) {
  gcroots_ref_t ref;
  gcroots_root_range_t none = {NULL, 0, 0};
  int calls = second.calls;
  OK(gcroots_externref_new(another, NULL, NULL, &ref));
  OK(gcroots_store_gc(another));
  CHECK(second.calls > calls);
  a_report_is_refused(GCROOTS_ERROR_BUSY, another);
  OK(gcroots_root_visitor_report(outer, &none, NULL));
}

CASE(a_visitor_may_collect_another_store) {
  gcroots_ref_t ref;
  if (!collects) return;
  outer = store;
  store = another_store();
  OK(gcroots_externref_new(store, NULL, NULL, &ref));
  add(&second);
  second.range.count = 0;
  store = outer;
  first.body = collect_another;
  add(&first);
  fill_slots();
  OK(gcroots_store_gc(store));
  check_slots();
}

/* --- What is allowed inside --------------------------------------------------------- */

static gcroots_ref_t live_ref;
static gcroots_scope_t live_scope;

static void all_are_busy(void) {
  gcroots_manually_rooted_t copy = later;
  every_call_is_refused(GCROOTS_ERROR_BUSY, store, live_ref, live_scope);
  every_call_is_refused(GCROOTS_ERROR_BUSY, store, gcroots_ref_null(), live_scope);
  CHECK(gcroots_store_attach(store) == GCROOTS_ERROR_BUSY);
  OK(gcroots_manually_rooted_unroot_later(&copy));
}

CASE(all_but_reports_are_busy_inside) {
  int finalized = 0;
  live_ref = new_externref(&first);
  later = new_rooted(&finalized, count_call);
  live_scope = enter();
  add(&first);
  first.body = all_are_busy;
  fill_slots();
  OK(gcroots_store_gc(store));
  first.body = NULL;
  OK(gcroots_store_gc(store));
  check_slots();
  CHECK(finalized == (collects ? 1 : 0) && data_of(live_ref) == &first);
  free_store();
}

static void all_are_of_the_wrong_thread(void) {
  every_call_is_refused(GCROOTS_ERROR_WRONG_THREAD, store, live_ref, live_scope);
  a_report_is_refused(GCROOTS_ERROR_WRONG_THREAD, store);
}

static void ask_another_thread(void) {
  on_another_thread(all_are_of_the_wrong_thread);
}

CASE(another_thread_is_refused) {
  first.body = ask_another_thread;
  add(&first);
  ask_another_thread();
  fill_slots();
  OK(gcroots_store_gc(store));
  check_slots();
}

CASE(a_report_outside_is_busy) {
  a_report_is_refused(GCROOTS_ERROR_BUSY, store);
  add(&first);
  new_externref(NULL);
  a_report_is_refused(GCROOTS_ERROR_BUSY, store);
  OK(gcroots_store_gc(store));
  a_report_is_refused(GCROOTS_ERROR_BUSY, store);
}

static void report_in_finalizer(void *data) {
  if (store != NULL) a_report_is_refused(GCROOTS_ERROR_BUSY, store);
  ++*(int *)data;
}

CASE(a_report_in_a_finalizer_is_busy) {
  static int finalized;
  add(&first);
  first.range.count = 0;
  unrooted(&finalized, report_in_finalizer);
  OK(gcroots_store_gc(store));
  unrooted(&finalized, report_in_finalizer);
  OK(gcroots_store_free(store));
  store = NULL;
  CHECK(finalized == 2);
}

/* --- Refused reports ------------------------------------------------------------------- */

/* A collection fails with this status and text, and changes nothing. */
static void collection_is_refused(gcroots_status_t status, const char *text) {
  int garbage = 0;
  gcroots_ref_t out = untouched();
  uint64_t collections;
  OK(gcroots_no_gc_enter(store));
  unrooted(&garbage, count_call);
  OK(gcroots_no_gc_exit(store));
  collections = stats_of(store).collections;
  REFUSED_SAYING(status, text, gcroots_store_gc(store));
  if (stressed) {
    REFUSED_SAYING(status, text, gcroots_externref_new(store, NULL, NULL, &out));
    CHECK(same_bits(out, untouched()));
  }
  CHECK(garbage == 0 && stats_of(store).collections == collections);
  first.expected = GCROOTS_OK;
  first.range = all_slots;
  first.layout = NULL;
  OK(gcroots_store_gc(store));
  CHECK(garbage == 1);
  check_slots();
}

CASE(a_reported_slot_that_refers_to_nothing_refuses_the_collection) {
  char text[64];
  uint32_t bad[3] = {0, 1, 0xfffffffe};
  if (!collects) return;
  add(&second);
  add(&first);
  fill_slots();
  first.range = (gcroots_root_range_t){bad, 3, 0};
  first.expected = GCROOTS_ERROR_INVALID_ARGUMENT;
  second.calls = 0;
  CHECK(snprintf(text, sizeof text, "root source %u: slot 2 has 0xfffffffe,", first.source.index) >
        0);
  collection_is_refused(GCROOTS_ERROR_INVALID_ARGUMENT, text);
  CHECK(second.calls >= 2 && bad[0] == 0 && bad[1] == 1 && bad[2] == 0xfffffffe);
}

CASE(a_reported_range_that_cannot_be_refuses_the_collection) {
  if (!collects) return;
  add(&first);
  fill_slots();
  first.expected = GCROOTS_ERROR_INVALID_ARGUMENT;
  first.range.slots = NULL;
  collection_is_refused(GCROOTS_ERROR_INVALID_ARGUMENT, "is NULL");
  first.expected = GCROOTS_ERROR_INVALID_ARGUMENT;
  first.range.slots = (char *)slots + 2;
  collection_is_refused(GCROOTS_ERROR_INVALID_ARGUMENT, "is not aligned");
  first.expected = GCROOTS_ERROR_INVALID_ARGUMENT;
  first.range.count = SIZE_MAX;
  collection_is_refused(GCROOTS_ERROR_INVALID_ARGUMENT, "does not leave room for them");
}

static void report_all(void) {
  OK(gcroots_root_visitor_report(store, &all_slots, NULL));
}

CASE(a_refused_report_refuses_the_collection_whatever_follows) {
  if (!collects) return;
  add(&first);
  add(&second);
  fill_slots();
  /* The same visitor and the next one report what can be reported. */
  first.body = report_all;
  first.expected = GCROOTS_ERROR_INVALID_ARGUMENT;
  first.range.slots = NULL;
  collection_is_refused(GCROOTS_ERROR_INVALID_ARGUMENT, "is NULL");
  /* The first of two refusals is the answer. */
  first.expected = second.expected = GCROOTS_ERROR_INVALID_ARGUMENT;
  first.range.slots = NULL;
  second.range.slots = (char *)slots + 2;
  REFUSED_SAYING(GCROOTS_ERROR_INVALID_ARGUMENT, "is NULL", gcroots_store_gc(store));
  first.expected = second.expected = GCROOTS_OK;
  first.range = second.range = all_slots;
  OK(gcroots_store_gc(store));
  check_slots();
}

CASE(a_reported_layout_that_no_slot_has_refuses_the_collection) {
  static const gcroots_slot_layout_t bad = {8, 6, 0, 0, 0};
  if (!collects) return;
  add(&first);
  fill_slots();
  first.expected = GCROOTS_ERROR_INVALID_ARGUMENT;
  first.layout = &bad;
  collection_is_refused(GCROOTS_ERROR_INVALID_ARGUMENT, "`ref_offset` is 6");
}

static void report_null(void) {
  gcroots_root_range_t none = {NULL, 0, 0};
  REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_NULL_ARGUMENT,
                           gcroots_root_visitor_report(NULL, &none, NULL));
  CHECK(strstr(gcroots_last_error(), "`store`") != NULL);
  REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_NULL_ARGUMENT,
                           gcroots_root_visitor_report(store, NULL, NULL));
  CHECK(strstr(gcroots_last_error(), "`range`") != NULL);
}

CASE(a_report_of_null_reports_nothing) {
  first.body = report_null;
  add(&first);
  fill_slots();
  OK(gcroots_store_gc(store));
  check_slots();
}

static void spoil_slot(void) {
  slots[1] = 0xfffffffe;
}

CASE(a_slot_that_changes_after_its_report_is_seen) {
  uint32_t kept;
  if (!collects) return;
  add(&first);
  fill_slots();
  kept = slots[1];
  first.body = spoil_slot;
  REFUSED_SAYING(GCROOTS_ERROR_INVALID_ARGUMENT, "slot 1 has 0xfffffffe,", gcroots_store_gc(store));
  first.body = NULL;
  slots[1] = kept;
  OK(gcroots_store_gc(store));
  check_slots();
}

static void report_until_refused(void) {
  gcroots_root_range_t none = {NULL, 0, 0};
  gcroots_status_t status;
  memory_out(true);
  do {
    status = gcroots_root_visitor_report(store, &none, NULL);
  } while (status == GCROOTS_OK);
  CHECK(status == GCROOTS_ERROR_OUT_OF_MEMORY);
  CHECK(gcroots_root_visitor_report(store, &none, NULL) == GCROOTS_ERROR_OUT_OF_MEMORY);
  memory_out(false);
}

CASE(a_report_without_memory_refuses_the_collection) {
  gcroots_ref_t out = untouched();
  add(&first);
  fill_slots();
  first.body = report_until_refused;
  if (!collects) return;
  REFUSED(GCROOTS_ERROR_OUT_OF_MEMORY, gcroots_store_gc(store));
  if (stressed)
    REFUSED(GCROOTS_ERROR_OUT_OF_MEMORY, gcroots_externref_new(store, NULL, NULL, &out));
  CHECK(same_bits(out, untouched()));
  first.body = NULL;
  OK(gcroots_store_gc(store));
  check_slots();
}

/* --- Adding and removing ------------------------------------------------------------------ */

/* Ways to begin a collection that calls visitors. */
static gcroots_status_t gc_by_call(void) {
  return gcroots_store_gc(store);
}

static gcroots_status_t gc_by_step(void) {
  bool done;
  OK(gcroots_store_gc_start(store));
  return gcroots_store_gc_step(store, 0, &done);
}

static gcroots_status_t gc_by_allocation(void) {
  gcroots_ref_t out = untouched();
  gcroots_status_t status = gcroots_externref_new(store, NULL, NULL, &out);
  CHECK((status == GCROOTS_OK) != same_bits(out, untouched()));
  return status;
}

/* The first report finds the heap corrupt. The store is poisoned from then on: no visitor,
   no finalizer and no other call may take its objects for sound. */
CASE(a_report_that_finds_the_heap_corrupt_calls_no_other_visitor) {
  gcroots_status_t (*const ways[])(void) = {gc_by_call, gc_by_step, gc_by_allocation};
  static int finalized;
  if (!collects) return;
  for (size_t i = 0; i < COUNT_OF(ways); i++) {
    gcroots_config_t *config = variant_config(0);
    gcroots_ref_t ref;
    void *base;
    uint32_t raw;
    finalized = 0;
    OK(gcroots_config_set_stress(config, 1));
    OK(gcroots_config_set_exact_slots(config, true));
    use_config(config);
    OK(gcroots_no_gc_enter(store));
    OK(gcroots_externref_new(store, &finalized, count_call, &ref));
    OK(gcroots_ref_to_raw(store, ref, &raw));
    for (int k = 0; k < SLOTS; k++) slots[k] = unrooted(&numbers[k], NULL);
    OK(gcroots_no_gc_exit(store));
    OK(gcroots_heap_base(store, &base));
    add(&first);
    add(&second);
    memset((char *)base + (uint64_t)raw * 4, 0xff, 8);
    first.calls = second.calls = 0;
    first.expected = second.expected = GCROOTS_ERROR_INTERNAL;
    CHECK(ways[i]() == GCROOTS_ERROR_INTERNAL);
    CHECK(first.calls == 1 && second.calls == 0 && finalized == 0);
    CHECK(gcroots_store_gc(store) == GCROOTS_ERROR_INTERNAL && first.calls == 1);
    free_store();
    CHECK(finalized == 1);
    OK(gcroots_store_new(engine, &store));
    first.expected = second.expected = GCROOTS_OK;
  }
}

CASE(handles_that_name_no_visitor_are_refused) {
  static gcroots_root_range_t range = {slots, SLOTS, 0};
  gcroots_root_source_t removed, of_range, bits;
  add(&first);
  removed = first.source;
  remove_visitor(&first);
  OK(gcroots_root_visitor_remove(store, &first.source));
  REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_root_visitor_remove(store, &removed));
  OK(gcroots_root_range_add(store, &range, NULL, &of_range));
  add(&first);
  REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_root_visitor_remove(store, &removed));
  REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_root_visitor_remove(store, &of_range));
  REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_root_range_remove(store, &first.source));
  REFUSED(GCROOTS_ERROR_WRONG_STORE, gcroots_root_visitor_remove(another_store(), &first.source));
  for (uint32_t generation = 0; generation < 20; generation++)
    for (uint32_t index = 0; index < 5000; index = 3 * index + 1) {
      bits = (gcroots_root_source_t){removed.store_id, generation, index};
      if (memcmp(&bits, &first.source, sizeof bits) == 0) continue;
      REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_root_visitor_remove(store, &bits));
      CHECK(bits.store_id == removed.store_id && bits.index == index);
    }
  OK(gcroots_root_range_remove(store, &of_range));
  remove_visitor(&first);
}

CASE(bad_handles_are_refused) {
  struct arguments a;
  new_arguments(&a, store);
  check_bad_handles(root_visitor_calls, &a);
  free_arguments(&a);
}

CASE(null_pointers_are_refused) {
  check_nulls(root_visitor_calls);
  check_nulls(report_calls);
  report_null();
}

CASE(a_visitor_without_memory_is_refused) {
  gcroots_root_source_t source = {1, 2, 3}, last;
  gcroots_status_t status;
  memory_out(true);
  do {
    last = source;
    status = gcroots_root_visitor_add(store, never_visit, NULL, &source);
  } while (status == GCROOTS_OK);
  memory_out(false);
  CHECK(status == GCROOTS_ERROR_OUT_OF_MEMORY);
  CHECK(memcmp(&last, &source, sizeof last) == 0);
  OK(gcroots_store_verify(store));
}
