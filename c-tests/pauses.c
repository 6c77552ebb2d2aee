/* Pauses: how long collections stop the program. Each stop is counted once, by what it does. */
#define _GNU_SOURCE
#include "refusals.h"

#include <time.h>

enum { KINDS = GCROOTS_PAUSE_FULL + 1 };

static gcroots_pauses_t pauses_of(gcroots_pause_kind_t kind) {
  gcroots_pauses_t pauses;
  OK(gcroots_store_pauses(store, kind, &pauses));
  return pauses;
}

static uint64_t count_of(gcroots_pause_kind_t kind) {
  return pauses_of(kind).count;
}

/* The number of pauses of all kinds. */
static uint64_t count_all(void) {
  uint64_t count = 0;
  for (gcroots_pause_kind_t kind = 0; kind < KINDS; kind++) count += count_of(kind);
  return count;
}

/* Makes garbage of about this number of bytes. */
static void make_garbage(size_t bytes) {
  gcroots_type_t *words = new_array(mutable_of(GCROOTS_STORAGE_I64));
  for (size_t made = 0; made < bytes; made += 800) {
    gcroots_scope_t scope = enter();
    gcroots_ref_t ref;
    OK(gcroots_array_new_default(store, words, 100, &ref));
    OK(gcroots_scope_exit(store, scope));
  }
  gcroots_type_free(words);
}

/* Runs a collection in steps to its end. Returns the number of steps. */
static uint64_t collect_in_steps(size_t budget) {
  uint64_t steps = 0;
  bool is_over = false;
  OK(gcroots_store_gc_start(store));
  for (; !is_over; steps++) OK(gcroots_store_gc_step(store, budget, &is_over));
  return steps;
}

/* --- What is counted ------------------------------------------------------- */

CASE(a_new_store_has_no_pauses) {
  gcroots_pauses_t zeros, pauses;
  memset(&zeros, 0, sizeof zeros);
  OK(gcroots_store_gc(store));
  for (gcroots_pause_kind_t kind = 0; kind < KINDS; kind++) {
    memset(&pauses, 0x5a, sizeof pauses);
    OK(gcroots_store_pauses(store, kind, &pauses));
    CHECK(memcmp(&zeros, &pauses, sizeof zeros) == 0);
  }
}

CASE(each_collection_at_once_is_a_full_pause) {
  uint64_t full, all;
  new_externref(NULL);
  full = count_of(GCROOTS_PAUSE_FULL), all = count_all();
  for (uint64_t i = 1; i <= 10; i++) {
    OK(gcroots_store_gc(store));
    CHECK(count_of(GCROOTS_PAUSE_FULL) == full + (collects ? i : 0));
    CHECK(count_all() == all + (collects ? i : 0));
  }
}

CASE(nothing_is_counted_where_nothing_is_collected) {
  if (collects) return;
  make_garbage(1 << 20);
  OK(gcroots_store_gc(store));
  collect_in_steps(100);
  CHECK(count_all() == 0);
}

CASE(each_minor_collection_of_an_allocation_is_a_pause) {
  gcroots_stats_t stats;
  uint64_t full;
  make_garbage(stressed ? 1 << 18 : 16 << 20);
  stats = stats_of(store);
  CHECK(!collects || count_all() > 0);
  CHECK(count_of(GCROOTS_PAUSE_MINOR) + count_of(GCROOTS_PAUSE_MARK_END) ==
        stats.minor_collections);
  full = count_of(GCROOTS_PAUSE_FULL);
  /* The other collections that are counted ran between the program's steps. */
  CHECK(heap_has(BETWEEN) ? full <= stats.collections - stats.minor_collections
                          : full == stats.collections - stats.minor_collections);
}

CASE(each_step_is_a_pause) {
  static const size_t budgets[] = {0, 100, 5000, SIZE_MAX};
  make_garbage(1 << 16);
  for (size_t i = 0; i < COUNT_OF(budgets); i++) {
    uint64_t all = count_all(), full = count_of(GCROOTS_PAUSE_FULL);
    uint64_t steps = collect_in_steps(budgets[i]);
    CHECK(count_all() == all + (collects ? steps : 0));
    CHECK(count_of(GCROOTS_PAUSE_FULL) == full);
  }
}

CASE(each_marking_between_the_steps_of_the_program_ends_once) {
  new_externref(NULL);
  OK(gcroots_store_gc(store));
  for (int i = 0; i < 5; i++) {
    uint64_t ends = count_of(GCROOTS_PAUSE_MARK_END);
    collect_in_steps(50);
    CHECK(count_of(GCROOTS_PAUSE_MARK_END) == ends + (heap_has(BETWEEN) ? 1 : 0));
  }
}

CASE(a_cancelled_collection_is_a_pause) {
  uint64_t all;
  bool is_over;
  make_garbage(1 << 16);
  OK(gcroots_store_gc(store));
  OK(gcroots_store_gc_start(store));
  all = count_all();
  OK(gcroots_store_gc_step(store, 0, &is_over));
  CHECK(is_over == !collects);
  OK(gcroots_store_gc_cancel(store));
  CHECK(count_all() == all + (collects ? 2 : 0));
  OK(gcroots_store_gc_cancel(store));
  CHECK(count_all() == all + (collects ? 2 : 0));
}

CASE(each_store_has_its_own_pauses) {
  gcroots_pauses_t pauses;
  new_externref(NULL);
  OK(gcroots_store_gc(store));
  OK(gcroots_store_pauses(another_store(), GCROOTS_PAUSE_FULL, &pauses));
  CHECK(pauses.count == 0 && pauses.max_nanoseconds == 0);
}

/* --- Times ----------------------------------------------------------------- */

CASE(percentiles_are_in_order_and_at_most_the_maximum) {
  make_garbage(stressed ? 1 << 18 : 16 << 20);
  collect_in_steps(1000);
  for (int i = 0; i < 100; i++) OK(gcroots_store_gc(store));
  for (gcroots_pause_kind_t kind = 0; kind < KINDS; kind++) {
    gcroots_pauses_t of = pauses_of(kind);
    CHECK(of.p50 <= of.p90 && of.p90 <= of.p99);
    CHECK(of.p99 <= of.p99_9 && of.p99_9 <= of.p99_99);
    CHECK(of.p99_99 <= of.max_nanoseconds && of.max_nanoseconds <= of.total_nanoseconds);
    CHECK(of.total_nanoseconds <= of.count * of.max_nanoseconds);
    CHECK((of.count == 0) == (of.p50 == 0));
  }
}

enum { SLEEP = 300000000 };

static void sleep_long(void *data) {
  struct timespec time = {0, SLEEP};
  CHECK(nanosleep(&time, NULL) == 0);
  ++*(int *)data;
}

CASE(finalizers_are_not_in_a_pause) {
  static int slept;
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref;
  OK(gcroots_no_gc_enter(store));
  OK(gcroots_externref_new(store, &slept, sleep_long, &ref));
  OK(gcroots_no_gc_exit(store));
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_store_gc(store));
  CHECK(slept == (collects ? 1 : 0));
  CHECK(pauses_of(GCROOTS_PAUSE_FULL).total_nanoseconds < SLEEP);
}

/* --- The call -------------------------------------------------------------- */

CASE(the_output_is_128_bytes_and_no_more) {
  struct {
    gcroots_pauses_t pauses;
    unsigned char after[64];
  } out;
  memset(&out, 0x5a, sizeof out);
  new_externref(NULL);
  OK(gcroots_store_gc(store));
  OK(gcroots_store_pauses(store, GCROOTS_PAUSE_FULL, &out.pauses));
  CHECK(sizeof out.pauses == 128);
  for (size_t i = 0; i < sizeof out.after; i++) CHECK(out.after[i] == 0x5a);
  for (size_t i = 0; i < COUNT_OF(out.pauses.reserved); i++) CHECK(out.pauses.reserved[i] == 0);
}

CASE(pauses_are_told_between_the_steps_of_a_collection) {
  new_externref(NULL);
  OK(gcroots_store_gc_start(store));
  pauses_of(GCROOTS_PAUSE_STEP);
  OK(gcroots_store_gc_cancel(store));
}

CASE(another_kind_is_refused_with_its_number) {
  static const gcroots_pause_kind_t wrong[] = {KINDS, 77, UINT32_MAX};
  gcroots_pauses_t out, untouched_out;
  memset(&untouched_out, 0x5a, sizeof untouched_out);
  for (size_t i = 0; i < COUNT_OF(wrong); i++) {
    char number[32];
    out = untouched_out;
    REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_store_pauses(store, wrong[i], &out));
    snprintf(number, sizeof number, "`kind` is %lu;", (unsigned long)wrong[i]);
    CHECK(strstr(gcroots_last_error(), number) != NULL);
    CHECK(memcmp(&out, &untouched_out, sizeof out) == 0);
  }
  REFUSED(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_store_pauses(store, KINDS, NULL));
}

CASE(asking_adds_no_pause) {
  uint64_t all;
  new_externref(NULL);
  OK(gcroots_store_gc(store));
  all = count_all();
  CHECK(count_all() == all);
  OK(gcroots_store_verify(store));
  CHECK(count_all() == all);
}
