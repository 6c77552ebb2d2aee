/* Scopes: which roots they end, and in which order they may be left. */
#include "check.h"
#include "refusals.h"

#include <setjmp.h>

CASE(a_handle_dies_with_its_scope) {
  static int finalized;
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref;
  void *data = NULL;
  OK(gcroots_externref_new(store, &finalized, count_call, &ref));
  OK(gcroots_store_gc(store));
  CHECK(data_of(ref) == &finalized);
  CHECK(finalized == 0);
  OK(gcroots_scope_exit(store, scope));
  REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_externref_data(store, ref, &data));
  CHECK(data == NULL);
  OK(gcroots_store_gc(store));
  CHECK(finalized == (collects ? 1 : 0));
  OK(gcroots_store_free(store));
  store = NULL;
  CHECK(finalized == 1);
}

CASE(scopes_end_their_own_handles_only) {
  int numbers[3];
  gcroots_scope_t scopes[3];
  gcroots_ref_t refs[3];
  for (int i = 0; i < 3; ++i) {
    scopes[i] = enter();
    refs[i] = new_externref(&numbers[i]);
  }
  for (int open = 3; open > 0; --open) {
    OK(gcroots_store_gc(store));
    for (int i = 0; i < open; ++i) CHECK(data_of(refs[i]) == &numbers[i]);
    OK(gcroots_scope_exit(store, scopes[open - 1]));
    for (int i = open - 1; i < 3; ++i) {
      void *data = NULL;
      REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_externref_data(store, refs[i], &data));
    }
  }
}

CASE(the_store_is_the_outermost_scope) {
  int number;
  gcroots_ref_t ref = new_externref(&number);
  for (int i = 0; i < 10; ++i) {
    gcroots_scope_t scope = enter();
    new_externref(NULL);
    OK(gcroots_scope_exit(store, scope));
    OK(gcroots_store_gc(store));
    CHECK(data_of(ref) == &number);
  }
  CHECK(stats_of(store).scoped_roots == 1);
  CHECK(stats_of(store).objects == (collects ? 1 : 11));
}

CASE(empty_scopes_leave_nothing) {
  for (int i = 0; i < 100000; ++i) OK(gcroots_scope_exit(store, enter()));
  OK(gcroots_store_gc(store));
  gcroots_stats_t stats = stats_of(store);
  CHECK(stats.scoped_roots == 0 && stats.scoped_roots_max == 0 && stats.manual_roots_max == 0);
  CHECK(stats.objects == 0 && stats.committed_bytes == 0);
}

CASE(scopes_of_nulls_leave_nothing) {
  for (int i = 0; i < 1000; ++i) {
    gcroots_scope_t scope = enter();
    gcroots_ref_t local, escaped;
    OK(gcroots_local_new(store, gcroots_ref_null(), &local));
    gcroots_manually_rooted_t none = root(local);
    OK(gcroots_manually_rooted_unroot(store, &none));
    OK(gcroots_scope_escape(store, scope, local, &escaped));
    CHECK(gcroots_ref_is_null(escaped));
  }
  gcroots_stats_t stats = stats_of(store);
  CHECK(stats.scoped_roots == 0 && stats.scoped_roots_max == 1 && stats.manual_roots_max == 0);
  CHECK(stats.objects == 0 && stats.committed_bytes == 0);
}

CASE(roots_are_counted) {
  gcroots_scope_t outer = enter();
  for (int i = 0; i < 70; ++i) new_externref(NULL);
  gcroots_scope_t inner = enter();
  for (int i = 0; i < 30; ++i) new_externref(NULL);
  CHECK(stats_of(store).scoped_roots == 100);
  OK(gcroots_scope_exit(store, inner));
  CHECK(stats_of(store).scoped_roots == 70);
  OK(gcroots_scope_exit(store, outer));
  CHECK(stats_of(store).scoped_roots == 0 && stats_of(store).scoped_roots_max == 100);
}

CASE(no_two_scopes_have_the_same_name) {
  gcroots_scope_t before = enter();
  for (int i = 0; i < 1000; ++i) {
    gcroots_scope_t scope = enter();
    CHECK(scope.store_id == before.store_id && scope.serial != 0);
    CHECK(scope.serial != before.serial);
    REFUSED(GCROOTS_ERROR_SCOPE_ORDER, gcroots_scope_exit(store, before));
    OK(i % 2 == 0 ? gcroots_scope_exit(store, scope) : gcroots_scope_unwind(store, scope));
    if (i == 0) OK(gcroots_scope_exit(store, before));
    before = scope;
  }
}

CASE(many_scopes_nest) {
  enum { DEPTH = 100000 };
  static gcroots_scope_t scopes[DEPTH];
  static gcroots_ref_t refs[DEPTH / 1000];
  for (int i = 0; i < DEPTH; ++i) {
    scopes[i] = enter();
    if (i % 1000 == 0) refs[i / 1000] = new_externref(&scopes[i]);
  }
  OK(gcroots_store_gc(store));
  for (int i = DEPTH - 1; i >= DEPTH / 2; --i) OK(gcroots_scope_exit(store, scopes[i]));
  OK(gcroots_store_gc(store));
  for (int i = 0; i < DEPTH / 2; i += 1000) CHECK(data_of(refs[i / 1000]) == &scopes[i]);
  OK(gcroots_scope_unwind(store, scopes[0]));
  CHECK(stats_of(store).scoped_roots == 0);
  for (int i = 0; i < DEPTH; i += 1000)
    REFUSED(GCROOTS_ERROR_SCOPE_ORDER, gcroots_scope_unwind(store, scopes[i]));
}

/* --- Order ------------------------------------------------------------------- */

/* Exit, escape and unwind refuse the scope, which is not open. */
static void check_not_open(gcroots_scope_t scope) {
  gcroots_ref_t out = untouched();
  REFUSED(GCROOTS_ERROR_SCOPE_ORDER, gcroots_scope_exit(store, scope));
  REFUSED(GCROOTS_ERROR_SCOPE_ORDER, gcroots_scope_unwind(store, scope));
  REFUSED(GCROOTS_ERROR_SCOPE_ORDER, gcroots_scope_escape(store, scope, gcroots_ref_null(), &out));
  CHECK(same_bits(out, untouched()));
}

CASE(a_scope_that_is_not_the_innermost_is_not_exited) {
  gcroots_scope_t outer = enter(), inner = enter();
  int number;
  gcroots_ref_t ref = new_externref(&number), out = untouched();
  REFUSED(GCROOTS_ERROR_SCOPE_ORDER, gcroots_scope_exit(store, outer));
  REFUSED(GCROOTS_ERROR_SCOPE_ORDER, gcroots_scope_escape(store, outer, ref, &out));
  CHECK(same_bits(out, untouched()));
  CHECK(data_of(ref) == &number);
  OK(gcroots_scope_exit(store, inner));
  OK(gcroots_scope_exit(store, outer));
}

CASE(a_scope_is_left_once) {
  gcroots_ref_t out;
  gcroots_scope_t around = enter(), exited = enter();
  OK(gcroots_scope_exit(store, exited));
  gcroots_scope_t unwound = enter(), inside = enter();
  OK(gcroots_scope_unwind(store, unwound));
  gcroots_scope_t escaped = enter();
  OK(gcroots_scope_escape(store, escaped, new_externref(NULL), &out));
  int number;
  gcroots_ref_t ref = new_externref(&number);
  for (int twice = 0; twice < 2; ++twice) {
    check_not_open(exited);
    check_not_open(unwound);
    check_not_open(inside);
    check_not_open(escaped);
    enter();
  }
  CHECK(data_of(ref) == &number);
  OK(gcroots_scope_unwind(store, around));
}

CASE(a_scope_left_with_none_open_stays_left) {
  gcroots_scope_t scope = enter();
  int number;
  OK(gcroots_scope_exit(store, scope));
  gcroots_ref_t ref = new_externref(&number);
  check_not_open(scope);
  CHECK(data_of(ref) == &number);
}

CASE(a_forged_scope_is_not_open) {
  gcroots_scope_t open = enter(), scope = open;
  const uint64_t forged[] = {open.serial - 1, 1ULL << 32, UINT64_MAX - 1};
  int number;
  gcroots_ref_t ref = new_externref(&number);
  struct arguments a;
  new_arguments(&a, store);
  a.h.scope = open;
  check_bad_handles(scope_calls, &a);
  free_arguments(&a);
  for (size_t i = 0; i < COUNT_OF(forged); ++i) {
    scope.serial = forged[i];
    check_not_open(scope);
  }
  CHECK(data_of(ref) == &number);
}

/* Every function returns GCROOTS_ERROR_WRONG_STORE for the scope. */
static void check_wrong_store(gcroots_scope_t scope) {
  gcroots_ref_t out = untouched();
  REFUSED(GCROOTS_ERROR_WRONG_STORE, gcroots_scope_exit(store, scope));
  REFUSED(GCROOTS_ERROR_WRONG_STORE, gcroots_scope_unwind(store, scope));
  REFUSED(GCROOTS_ERROR_WRONG_STORE, gcroots_scope_escape(store, scope, gcroots_ref_null(), &out));
  CHECK(same_bits(out, untouched()));
}

CASE(a_scope_of_another_store_is_refused) {
  gcroots_store_t *deleted;
  gcroots_scope_t mine = enter(), theirs, of_deleted;
  OK(gcroots_scope_enter(another_store(), &theirs));
  OK(gcroots_store_new(engine, &deleted));
  OK(gcroots_scope_enter(deleted, &of_deleted));
  CHECK(mine.serial == theirs.serial && mine.serial == of_deleted.serial);
  check_wrong_store(of_deleted);
  OK(gcroots_store_free(deleted));
  check_wrong_store(of_deleted);
  check_wrong_store(theirs);
  OK(gcroots_scope_exit(another, theirs));
  check_wrong_store(theirs);
  check_wrong_store((gcroots_scope_t){0, 0});
  check_wrong_store((gcroots_scope_t){0, mine.serial});
  check_wrong_store((gcroots_scope_t){UINT64_MAX, UINT64_MAX});
  check_wrong_store((gcroots_scope_t){mine.store_id + 1, mine.serial});
  OK(gcroots_scope_exit(store, mine));
}

CASE(scopes_of_two_stores_do_not_order_each_other) {
  gcroots_scope_t mine = enter(), theirs;
  OK(gcroots_scope_enter(another_store(), &theirs));
  OK(gcroots_scope_exit(store, mine));
  mine = enter();
  OK(gcroots_scope_exit(another, theirs));
  OK(gcroots_scope_exit(store, mine));
}

CASE(null_pointers_are_refused) {
  check_nulls(scope_calls);
}

CASE(every_call_on_a_detached_store_is_refused) {
  gcroots_scope_t scope = enter(), entered = {0x5a, 0x5a}, forged = {0, 0};
  int number;
  gcroots_ref_t ref = new_externref(&number), out = untouched();
  OK(gcroots_store_detach(store));
  REFUSED(GCROOTS_ERROR_WRONG_THREAD, gcroots_scope_enter(store, &entered));
  REFUSED(GCROOTS_ERROR_WRONG_THREAD, gcroots_scope_exit(store, scope));
  REFUSED(GCROOTS_ERROR_WRONG_THREAD, gcroots_scope_unwind(store, forged));
  REFUSED(GCROOTS_ERROR_WRONG_THREAD, gcroots_scope_escape(store, scope, ref, &out));
  REFUSED(GCROOTS_ERROR_WRONG_THREAD, gcroots_scope_reserve(store, SIZE_MAX));
  REFUSED(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_scope_enter(store, NULL));
  REFUSED(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_scope_escape(store, scope, ref, NULL));
  OK(gcroots_store_attach(store));
  CHECK(entered.store_id == 0x5a && entered.serial == 0x5a && same_bits(out, untouched()));
  CHECK(data_of(ref) == &number);
  OK(gcroots_scope_exit(store, scope));
}

static void call_each(void *scope) {
  gcroots_scope_t open = *(gcroots_scope_t *)scope, entered;
  gcroots_ref_t out;
  REFUSED(GCROOTS_ERROR_BUSY, gcroots_scope_enter(store, &entered));
  REFUSED(GCROOTS_ERROR_BUSY, gcroots_scope_exit(store, open));
  REFUSED(GCROOTS_ERROR_BUSY, gcroots_scope_unwind(store, open));
  REFUSED(GCROOTS_ERROR_BUSY, gcroots_scope_escape(store, open, gcroots_ref_null(), &out));
  REFUSED(GCROOTS_ERROR_BUSY, gcroots_scope_reserve(store, SIZE_MAX));
  REFUSED(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_scope_enter(store, NULL));
}

CASE(every_call_in_the_deletion_of_the_store_is_busy) {
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref;
  OK(gcroots_externref_new(store, &scope, call_each, &ref));
  OK(gcroots_store_free(store));
  store = NULL;
}

/* --- Unwind ------------------------------------------------------------------ */

CASE(unwinding_leaves_all_inside) {
  int numbers[5];
  gcroots_scope_t scopes[5];
  gcroots_ref_t refs[5];
  for (int i = 0; i < 5; ++i) {
    scopes[i] = enter();
    refs[i] = new_externref(&numbers[i]);
  }
  OK(gcroots_scope_unwind(store, scopes[2]));
  OK(gcroots_store_gc(store));
  for (int i = 0; i < 2; ++i) CHECK(data_of(refs[i]) == &numbers[i]);
  for (int i = 2; i < 5; ++i) {
    void *data = NULL;
    REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_externref_data(store, refs[i], &data));
    check_not_open(scopes[i]);
  }
  CHECK(stats_of(store).scoped_roots == 2);
  OK(gcroots_scope_exit(store, scopes[1]));
  OK(gcroots_scope_exit(store, scopes[0]));
}

CASE(the_innermost_scope_unwinds_like_an_exit) {
  gcroots_scope_t outer = enter(), inner = enter();
  new_externref(NULL);
  OK(gcroots_scope_unwind(store, inner));
  CHECK(stats_of(store).scoped_roots == 0);
  OK(gcroots_scope_exit(store, outer));
}

static jmp_buf back;

static void enter_and_jump(void) {
  for (int i = 0; i < 20; ++i) {
    enter();
    new_externref(NULL);
  }
  longjmp(back, 1);
}

CASE(a_longjmp_over_scopes_is_unwound) {
  int number;
  gcroots_ref_t ref = new_externref(&number);
  gcroots_scope_t scope = enter();
  if (setjmp(back) == 0) enter_and_jump();
  CHECK(stats_of(store).scoped_roots == 21);
  OK(gcroots_scope_unwind(store, scope));
  CHECK(stats_of(store).scoped_roots == 1);
  CHECK(data_of(ref) == &number);
}

/* --- Escape ------------------------------------------------------------------ */

CASE(escape_keeps_one_object) {
  static int finalized[3];
  gcroots_scope_t outer = enter(), inner = enter();
  gcroots_ref_t refs[3], kept;
  for (int i = 0; i < 3; ++i) OK(gcroots_externref_new(store, &finalized[i], count_call, &refs[i]));
  OK(gcroots_scope_escape(store, inner, refs[1], &kept));
  OK(gcroots_store_gc(store));
  CHECK(data_of(kept) == &finalized[1]);
  CHECK(stats_of(store).scoped_roots == 1);
  for (int i = 0; i < 3; ++i) {
    void *data = NULL;
    REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_externref_data(store, refs[i], &data));
    CHECK(finalized[i] == (collects && i != 1 ? 1 : 0));
  }
  OK(gcroots_scope_exit(store, outer));
  OK(gcroots_store_gc(store));
  CHECK(finalized[1] == (collects ? 1 : 0));
}

CASE(the_only_root_of_a_scope_escapes_with_a_new_handle) {
  int number;
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref = new_externref(&number), kept;
  void *data = NULL;
  OK(gcroots_scope_escape(store, scope, ref, &kept));
  CHECK(!gcroots_ref_same_root(ref, kept));
  REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_externref_data(store, ref, &data));
  CHECK(data_of(kept) == &number);
}

CASE(an_object_escapes_many_scopes) {
  enum { DEPTH = 1000 };
  gcroots_scope_t scopes[DEPTH];
  int number;
  for (int i = 0; i < DEPTH; ++i) scopes[i] = enter();
  gcroots_ref_t ref = new_externref(&number);
  for (int i = DEPTH - 1; i >= 0; --i) {
    new_externref(NULL);
    OK(gcroots_scope_escape(store, scopes[i], ref, &ref));
    CHECK(data_of(ref) == &number);
  }
  OK(gcroots_store_gc(store));
  CHECK(data_of(ref) == &number);
  CHECK(stats_of(store).scoped_roots == 1);
}

CASE(escape_of_an_outer_handle_leaves_the_original) {
  int number;
  gcroots_scope_t outer = enter();
  gcroots_ref_t original = new_externref(&number), kept;
  gcroots_scope_t inner = enter();
  OK(gcroots_scope_escape(store, inner, original, &kept));
  CHECK(!gcroots_ref_same_root(original, kept));
  OK(gcroots_ref_assign(store, original, gcroots_ref_null()));
  OK(gcroots_store_gc(store));
  CHECK(data_of(kept) == &number);
  CHECK(stats_of(store).scoped_roots == 2);
  OK(gcroots_scope_exit(store, outer));
}

CASE(escape_of_a_manual_handle_leaves_the_original) {
  int number;
  gcroots_scope_t outer = enter();
  gcroots_manually_rooted_t original = root(new_externref(&number));
  gcroots_ref_t kept;
  OK(gcroots_scope_escape(store, enter(), original.ref, &kept));
  CHECK((kept.index & 1U << 31) == 0);
  CHECK(data_of(original.ref) == &number);
  OK(gcroots_manually_rooted_unroot(store, &original));
  CHECK(data_of(kept) == &number);
  OK(gcroots_scope_exit(store, outer));
  CHECK(stats_of(store).scoped_roots == 0 && stats_of(store).manual_roots == 0);
}

CASE(escape_of_null_exits_with_null) {
  gcroots_ref_t nulls[3] = {gcroots_ref_null(), {0, UINT32_MAX, UINT32_MAX}, {0, 0, 0}}, out;
  OK(gcroots_local_new(store, gcroots_ref_null(), &nulls[2]));
  for (int i = 0; i < 3; ++i) {
    gcroots_scope_t scope = enter();
    new_externref(NULL);
    out = untouched();
    OK(gcroots_scope_escape(store, scope, nulls[i], &out));
    CHECK(same_bits(out, gcroots_ref_null()));
    CHECK(stats_of(store).scoped_roots == 1);
    check_not_open(scope);
  }
}

CASE(escape_writes_over_its_own_input) {
  int number;
  gcroots_ref_t ref = new_externref(&number), kept;
  union {
    gcroots_scope_t scope;
    gcroots_ref_t out;
  } both = {enter()};
  OK(gcroots_scope_escape(store, both.scope, ref, &both.out));
  CHECK(data_of(both.out) == &number);
  kept = both.out;
  OK(gcroots_scope_escape(store, enter(), kept, &kept));
  CHECK(data_of(kept) == &number);
}

CASE(escape_of_a_bad_handle_leaves_the_scope_open) {
  int number;
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref = new_externref(&number);
  EACH_BAD_HANDLE(bad) {
    gcroots_ref_t out = untouched();
    REFUSED(bad->status, gcroots_scope_escape(store, scope, bad->ref, &out));
    CHECK(same_bits(out, untouched()) && data_of(ref) == &number);
  }
  OK(gcroots_scope_exit(store, scope));
}

CASE(escape_checks_the_scope_before_the_handle) {
  gcroots_scope_t outer = enter(), inner = enter(), forged = {outer.store_id + 1, inner.serial};
  EACH_BAD_HANDLE(bad) {
    gcroots_ref_t out = untouched();
    REFUSED(GCROOTS_ERROR_SCOPE_ORDER, gcroots_scope_escape(store, outer, bad->ref, &out));
    REFUSED(GCROOTS_ERROR_WRONG_STORE, gcroots_scope_escape(store, forged, bad->ref, &out));
    REFUSED(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_scope_escape(store, forged, bad->ref, NULL));
    CHECK(same_bits(out, untouched()));
  }
  OK(gcroots_scope_exit(store, inner));
}

/* --- Slots ------------------------------------------------------------------- */

CASE(a_stale_handle_stays_stale_in_a_slot_that_is_used_again) {
  enum { KEPT = 64 };
  gcroots_ref_t stale[KEPT];
  void *data = NULL;
  for (int i = 0; i < 20000; ++i) {
    gcroots_scope_t scope = enter();
    gcroots_ref_t ref;
    OK(gcroots_local_new(store, gcroots_ref_null(), &ref));
    for (int k = 0; k < KEPT && k < i; ++k)
      CHECK(gcroots_externref_data(store, stale[k], &data) == GCROOTS_ERROR_UNROOTED);
    stale[i % KEPT] = ref;
    OK(gcroots_scope_exit(store, scope));
  }
  CHECK(data == NULL);
}

CASE(handles_keep_their_meaning_when_the_roots_grow) {
  enum { COUNT = 100000 };
  static gcroots_ref_t refs[COUNT];
  void *data = NULL;
  gcroots_scope_t scope = enter();
  gcroots_ref_t stale[10];
  for (int i = 0; i < 10; ++i) stale[i] = new_externref(NULL);
  OK(gcroots_scope_exit(store, scope));
  for (int i = 0; i < COUNT; ++i) {
    if (stressed && i >= 2000)
      OK(gcroots_local_new(store, refs[i - 2000], &refs[i]));
    else
      refs[i] = new_externref(&refs[i]);
  }
  OK(gcroots_store_gc(store));
  for (int i = 0; i < COUNT; ++i) CHECK(data_of(refs[i]) == &refs[stressed ? i % 2000 : i]);
  for (int i = 0; i < 10; ++i)
    REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_externref_data(store, stale[i], &data));
}

CASE(exactly_the_live_handles_resolve) {
  enum { SLOTS = 300, GENERATIONS = 40 };
  gcroots_ref_t ref = gcroots_ref_null();
  for (int i = 0; i < 20; ++i) {
    gcroots_scope_t scope = enter();
    for (int k = 0; k <= i; ++k) {
      gcroots_manually_rooted_t handle;
      ref = new_externref(NULL);
      handle = root(ref);
      if (k % 3 != 0) OK(gcroots_manually_rooted_unroot(store, &handle));
    }
    if (i % 4 != 0) OK(gcroots_scope_exit(store, scope));
  }
  uint64_t scoped = 0, manual = 0;
  for (ref.index = 0; ref.index < SLOTS; ++ref.index) {
    for (ref.generation = 0; ref.generation < GENERATIONS; ++ref.generation) {
      gcroots_ref_t flipped = {ref.store_id, ref.generation, ref.index | 1U << 31};
      void *data;
      scoped += gcroots_externref_data(store, ref, &data) == GCROOTS_OK;
      manual += gcroots_externref_data(store, flipped, &data) == GCROOTS_OK;
    }
  }
  CHECK(scoped == stats_of(store).scoped_roots && scoped > 0);
  CHECK(manual == stats_of(store).manual_roots && manual > 0);
}

/* --- Memory ------------------------------------------------------------------ */

CASE(reserved_roots_need_no_memory) {
  enum { COUNT = 200000 };
  gcroots_ref_t ref = new_externref(NULL), local = ref;
  OK(gcroots_scope_reserve(store, COUNT));
  memory_out(true);
  for (int i = 0; i < COUNT; ++i) OK(gcroots_local_new(store, ref, &local));
  OK(gcroots_scope_reserve(store, 0));
  memory_out(false);
  CHECK(stats_of(store).scoped_roots == COUNT + 1);
}

CASE(more_roots_than_slots_cannot_be_reserved) {
  const size_t slots = (size_t)1 << 31;
  int number;
  gcroots_ref_t ref = new_externref(&number);
  REFUSED(GCROOTS_ERROR_LIMIT, gcroots_scope_reserve(store, SIZE_MAX));
  REFUSED(GCROOTS_ERROR_LIMIT, gcroots_scope_reserve(store, SIZE_MAX - 1));
  REFUSED(GCROOTS_ERROR_LIMIT, gcroots_scope_reserve(store, SIZE_MAX / 8 + 1));
  REFUSED(GCROOTS_ERROR_LIMIT, gcroots_scope_reserve(store, 2 * slots));
  REFUSED(GCROOTS_ERROR_LIMIT, gcroots_scope_reserve(store, slots));
  OK(gcroots_scope_reserve(store, 0));
  CHECK(data_of(ref) == &number);
}

CASE(reserving_without_memory_is_refused) {
  int number;
  gcroots_ref_t ref = new_externref(&number);
  memory_out(true);
  REFUSED(GCROOTS_ERROR_OUT_OF_MEMORY, gcroots_scope_reserve(store, 1 << 20));
  REFUSED(GCROOTS_ERROR_LIMIT, gcroots_scope_reserve(store, SIZE_MAX));
  memory_out(false);
  CHECK(data_of(ref) == &number);
  OK(gcroots_scope_reserve(store, 1 << 20));
  CHECK(data_of(ref) == &number);
}

CASE(entering_without_memory_is_refused) {
  gcroots_scope_t scope = enter(), first = scope, refused = {0x5a, 0x5a};
  gcroots_status_t status;
  int number;
  gcroots_ref_t ref = new_externref(&number);
  memory_out(true);
  while ((status = gcroots_scope_enter(store, &scope)) == GCROOTS_OK) {
  }
  CHECK(status == GCROOTS_ERROR_OUT_OF_MEMORY);
  REFUSED(GCROOTS_ERROR_OUT_OF_MEMORY, gcroots_scope_enter(store, &refused));
  CHECK(refused.store_id == 0x5a && refused.serial == 0x5a);
  OK(gcroots_store_gc(store));
  CHECK(data_of(ref) == &number);
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_scope_enter(store, &scope));
  memory_out(false);
  OK(gcroots_scope_enter(store, &scope));
  OK(gcroots_scope_unwind(store, first));
}

CASE(escaping_without_memory_leaves_the_scope_open) {
  int number;
  gcroots_ref_t ref = new_externref(&number), local, out = untouched();
  memory_out(true);
  while (gcroots_local_new(store, ref, &local) == GCROOTS_OK) {
  }
  gcroots_scope_t scope = enter();
  REFUSED(GCROOTS_ERROR_OUT_OF_MEMORY, gcroots_scope_escape(store, scope, ref, &out));
  CHECK(same_bits(out, untouched()));
  memory_out(false);
  OK(gcroots_scope_escape(store, scope, ref, &out));
  CHECK(data_of(out) == &number);
}

CASE(a_root_that_escapes_needs_no_memory_in_place_of_itself) {
  int number;
  gcroots_ref_t ref = new_externref(&number), newest, out;
  gcroots_scope_t scope = enter();
  memory_out(true);
  while (gcroots_local_new(store, ref, &newest) == GCROOTS_OK) {
  }
  OK(gcroots_scope_escape(store, scope, newest, &out));
  memory_out(false);
  CHECK(data_of(out) == &number);
  CHECK(stats_of(store).scoped_roots == 2);
}

/* --- In a finalizer ---------------------------------------------------------- */

/* Handles from before the finalizer ran, and handles that it left. */
struct around {
  gcroots_scope_t outer, inner, left_open;
  gcroots_ref_t ref, made;
  int runs;
};

static void check_levels(void *data) {
  struct around *around = data;
  gcroots_ref_t out = untouched();
  ++around->runs;
  gcroots_scope_t below[2] = {around->inner, around->outer};
  for (int i = 0; i < 2; ++i) {
    check_not_open(below[i]);
    gcroots_scope_t own = enter();
    check_not_open(below[i]);
    OK(gcroots_scope_exit(store, own));
  }
  CHECK(data_of(around->ref) == around);
  gcroots_scope_t own = enter();
  gcroots_ref_t escaping = new_externref(&own);
  OK(gcroots_scope_escape(store, own, escaping, &out));
  CHECK(data_of(out) == &own);
  around->made = out;
  gcroots_scope_t unwound = enter();
  enter();
  OK(gcroots_scope_unwind(store, unwound));
  around->left_open = enter();
  new_externref(NULL);
  enter();
}

CASE(a_finalizer_leaves_only_its_own_scopes) {
  struct around around = {.outer = enter()};
  around.inner = enter();
  around.ref = new_externref(&around);
  if (!run_as_finalizer(check_levels, &around)) return;
  CHECK(around.runs == 1);
  CHECK(stats_of(store).scoped_roots == 1);
  void *data = NULL;
  REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_externref_data(store, around.made, &data));
  check_not_open(around.left_open);
  CHECK(data_of(around.ref) == &around);
  OK(gcroots_scope_exit(store, around.inner));
  OK(gcroots_scope_exit(store, around.outer));
}

static void enter_many(void *runs) {
  gcroots_scope_t first = enter();
  for (int i = 0; i < 50; ++i) enter();
  OK(gcroots_scope_unwind(store, first));
  for (int i = 0; i < 50; ++i) enter();
  ++*(int *)runs;
}

CASE(a_finalizer_enters_scopes_at_every_depth) {
  gcroots_scope_t scopes[100];
  static int runs;
  for (int i = 0; i < 100; ++i) {
    scopes[i] = enter();
    gcroots_ref_t ref = new_externref(&scopes[i]);
    run_as_finalizer(enter_many, &runs);
    CHECK(data_of(ref) == &scopes[i]);
  }
  CHECK(runs == (collects ? 100 : 0));
  for (int i = 99; i >= 0; --i) OK(gcroots_scope_exit(store, scopes[i]));
}

CASE(a_finalizer_runs_where_no_scope_can_be_entered) {
  static int runs;
  gcroots_manually_rooted_t dying[10];
  gcroots_scope_t first = enter(), scope;
  for (int i = 0; i < 10; ++i) {
    gcroots_ref_t ref;
    scope = enter();
    OK(gcroots_externref_new(store, &runs, count_call, &ref));
    dying[i] = root(ref);
    OK(gcroots_scope_exit(store, scope));
  }
  memory_out(true);
  while (gcroots_scope_enter(store, &scope) == GCROOTS_OK) {
  }
  for (int i = 0; i < 10; ++i) {
    OK(gcroots_manually_rooted_unroot(store, &dying[i]));
    OK(gcroots_store_gc(store));
    CHECK(runs == (collects ? i + 1 : 0));
  }
  memory_out(false);
  OK(gcroots_scope_unwind(store, first));
}

static void make_two(void *data) {
  if (!collects) return;
  gcroots_ref_t *made = data;
  made[1] = made[0];
  made[0] = new_externref(NULL);
  CHECK(stats_of(store).scoped_roots == 1);
}

CASE(each_finalizer_has_a_scope_of_its_own) {
  static gcroots_ref_t made[2];
  gcroots_ref_t ref;
  gcroots_scope_t scope = enter();
  void *data = NULL;
  for (int i = 0; i < 2; ++i) OK(gcroots_externref_new(store, made, make_two, &ref));
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_store_gc(store));
  for (int i = 0; i < 2; ++i) {
    CHECK(gcroots_ref_is_null(made[i]) == !collects);
    if (collects) REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_externref_data(store, made[i], &data));
  }
  CHECK(!collects || !gcroots_ref_same_root(made[0], made[1]));
  CHECK(stats_of(store).scoped_roots == 0);
}
