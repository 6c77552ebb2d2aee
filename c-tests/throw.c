/* The pending exception: throwing, taking, and what it keeps alive. */
#include "kinds.h"

/* The signature of a callback. */
#define CALLBACK(name)                                                                    \
  static gcroots_status_t name(void *env, gcroots_store_t *of, const gcroots_val_t *args, \
                               size_t nargs, gcroots_val_t *results, size_t nresults)

#define UNUSED ((void)env, (void)of, (void)args, (void)nargs, (void)results, (void)nresults)

static gcroots_ref_t take(void) {
  gcroots_ref_t out = untouched();
  OK(gcroots_store_take_exception(store, &out));
  return out;
}

/* Whether an exception is pending: what the store says, and what it does. */
static bool is_pending(void) {
  gcroots_scope_t scope = enter();
  bool before, after = true, is;
  gcroots_ref_t out;
  OK(gcroots_store_has_exception(store, &before));
  out = take();
  is = !gcroots_ref_is_null(out);
  OK(gcroots_store_has_exception(store, &after));
  CHECK(before == is && !after);
  if (is) OK(gcroots_store_throw(store, out));
  OK(gcroots_scope_exit(store, scope));
  return is;
}

/* Makes a function without parameters and results. */
static gcroots_ref_t func_of(gcroots_callback_t callback, void *env) {
  gcroots_type_t *type = new_func(NULL, 0, NULL, 0);
  gcroots_ref_t ref = make_func(type, callback, env);
  gcroots_type_free(type);
  return ref;
}

static gcroots_status_t call0(gcroots_ref_t func) {
  return gcroots_func_call(store, func, NULL, 0, NULL, 0);
}

static int finalized;

/* Makes an exception of a struct that refers to an externref with a finalizer. */
static gcroots_ref_t new_loaded(void) {
  gcroots_field_type_t field = any_field();
  gcroots_tag_t tag = tag_of(&field, 1);
  gcroots_type_t *type = STRUCT_TYPE(plain(GCROOTS_STORAGE_I32), field);
  gcroots_ref_t payload, exn;
  OK(gcroots_externref_new(store, &finalized, count_call, &payload));
  exn = EXN(tag, val_ref(STRUCT(type, val_i32(77), val_ref(payload))));
  gcroots_type_free(type);
  return exn;
}

static void check_loaded(gcroots_ref_t exn) {
  gcroots_val_t held = exn_field(exn, 0);
  CHECK(field_i32(held.of.ref, 0) == 77);
  CHECK(data_of(field_ref(held.of.ref, 1)) == &finalized);
}

/* --- Throwing and taking ----------------------------------------------------- */

CASE(what_is_thrown_is_taken_once) {
  gcroots_ref_t exn = new_exn(), taken;
  uint64_t roots;
  CHECK(gcroots_ref_is_null(take()));
  roots = stats_of(store).scoped_roots;
  OK(gcroots_store_throw(store, exn));
  CHECK(stats_of(store).scoped_roots == roots);
  taken = take();
  CHECK(same_object(taken, exn) && !gcroots_ref_same_root(taken, exn));
  CHECK(stats_of(store).scoped_roots == roots + 1);
  CHECK(gcroots_ref_is_null(take()) && gcroots_ref_is_null(take()));
}

/* Takes the pending exception with a manual root. */
static gcroots_manually_rooted_t take_root(void) {
  gcroots_manually_rooted_t out = untouched_handle();
  OK(gcroots_store_take_exception_manually_rooted(store, &out));
  return out;
}

CASE(what_is_thrown_may_be_taken_with_a_manual_root) {
  gcroots_scope_t scope = enter();
  gcroots_manually_rooted_t taken;
  CHECK(gcroots_ref_is_null(take_root().ref));
  OK(gcroots_store_throw(store, new_loaded()));
  OK(gcroots_scope_exit(store, scope));
  taken = take_root();
  CHECK(!is_pending() && gcroots_ref_is_null(take_root().ref));
  CHECK(stats_of(store).manual_roots == 1 && stats_of(store).scoped_roots == 0);
  OK(gcroots_store_gc(store));
  scope = enter();
  check_loaded(taken.ref);
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_manually_rooted_unroot(store, &taken));
  OK(gcroots_store_gc(store));
  CHECK(finalized == collects);
}

CASE(an_exception_without_room_for_a_manual_root_stays_pending) {
  gcroots_ref_t exn = new_exn();
  gcroots_manually_rooted_t made, out = untouched_handle();
  OK(gcroots_scope_reserve(store, 10));
  OK(gcroots_store_throw(store, exn));
  memory_out(true);
  while (gcroots_ref_to_manually_rooted(store, exn, &made) == GCROOTS_OK) {
  }
  REFUSED(GCROOTS_ERROR_OUT_OF_MEMORY, gcroots_store_take_exception_manually_rooted(store, &out));
  memory_out(false);
  CHECK(same_bits(out.ref, untouched()) && is_pending());
  CHECK(same_object(take_root().ref, exn));
}

CASE(an_exception_is_pending_until_it_is_taken) {
  gcroots_scope_t scope = enter();
  CHECK(!is_pending());
  OK(gcroots_store_throw(store, new_exn()));
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_store_gc(store));
  CHECK(is_pending() && is_pending());
  CHECK(!gcroots_ref_is_null(take()));
  CHECK(!is_pending());
}

CASE(another_exception_takes_the_place_of_the_pending_one) {
  gcroots_scope_t scope = enter();
  gcroots_ref_t other;
  OK(gcroots_store_throw(store, new_loaded()));
  OK(gcroots_scope_exit(store, scope));
  other = new_exn();
  for (int i = 0; i < 2; i++) OK(gcroots_store_throw(store, other));
  OK(gcroots_store_gc(store));
  CHECK(finalized == collects);
  CHECK(same_object(take(), other) && gcroots_ref_is_null(take()));
}

CASE(any_handle_of_an_exception_is_thrown) {
  gcroots_ref_t exn = new_exn(), local = new_local(exn);
  gcroots_manually_rooted_t manual = root(exn);
  gcroots_ref_t handles[] = {exn, local, manual.ref};
  for (size_t i = 0; i < COUNT_OF(handles); i++) {
    OK(gcroots_store_throw(store, handles[i]));
    CHECK(same_object(take(), exn));
  }
}

CASE(what_is_no_exception_is_not_thrown) {
  gcroots_ref_t pending = new_exn();
  OK(gcroots_store_throw(store, pending));
  EACH_KIND(kind) {
    gcroots_ref_t ref = new_of_kind(kind);
    if (kind == GCROOTS_REF_EXN) continue;
    REFUSED(kind == GCROOTS_REF_NULL ? GCROOTS_ERROR_NULL_REFERENCE : GCROOTS_ERROR_TYPE_MISMATCH,
            gcroots_store_throw(store, ref));
  }
  CHECK(same_object(take(), pending));
}

CASE(null_pointers_and_bad_handles_are_refused) {
  gcroots_ref_t out = untouched();
  struct arguments a;
  check_nulls(throw_calls);
  new_arguments(&a, store);
  check_bad_handles(throw_calls, &a);
  free_arguments(&a);
  OK(gcroots_store_take_exception(store, &out));
  CHECK(same_bits(out, gcroots_ref_null()));
}

/* --- Life -------------------------------------------------------------------- */

CASE(the_pending_exception_keeps_what_it_holds) {
  gcroots_scope_t scope = enter();
  gcroots_weak_t weak;
  gcroots_ref_t exn = new_loaded(), out;
  uint64_t hash = hash_of(exn);
  OK(gcroots_weak_new(store, exn, &weak));
  OK(gcroots_store_throw(store, exn));
  OK(gcroots_scope_exit(store, scope));
  for (int round = 0; round < 5; round++) {
    scope = enter();
    for (int i = 0; i < 300; i++) new_externref(NULL);
    OK(gcroots_store_gc(store));
    OK(gcroots_weak_upgrade(store, weak, &out));
    CHECK(hash_of(out) == hash && finalized == 0);
    check_loaded(out);
    OK(gcroots_store_verify(store));
    OK(gcroots_scope_exit(store, scope));
  }
  scope = enter();
  out = take();
  for (int i = 0; i < 3; i++) OK(gcroots_store_gc(store));
  CHECK(hash_of(out) == hash && finalized == 0);
  check_loaded(out);
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_store_gc(store));
  CHECK(finalized == collects);
  OK(gcroots_weak_upgrade(store, weak, &out));
  CHECK(gcroots_ref_is_null(out) == collects);
}

/* Minor collections keep it as well. */
CASE(allocations_leave_the_pending_exception_alone) {
  gcroots_scope_t scope = enter();
  OK(gcroots_store_throw(store, new_loaded()));
  OK(gcroots_scope_exit(store, scope));
  for (int i = 0; i < (stressed ? 2000 : 200000); i++) {
    scope = enter();
    new_externref(NULL);
    OK(gcroots_scope_exit(store, scope));
  }
  CHECK(finalized == 0);
  check_loaded(take());
}

CASE(a_store_is_deleted_with_an_exception_pending) {
  OK(gcroots_store_throw(store, new_loaded()));
  free_store();
  CHECK(finalized == 1);
}

CASE(a_pending_exception_goes_with_its_store_to_another_thread) {
  OK(gcroots_store_throw(store, new_loaded()));
  OK(gcroots_store_detach(store));
  OK(gcroots_store_attach(store));
  check_loaded(take());
}

static void take_and_forget(void *data) {
  gcroots_ref_t exn;
  (void)data;
  OK(gcroots_store_take_exception(store, &exn));
  check_loaded(exn);
}

/* The same collection finds an exception that only a finalizer releases. */
CASE(an_exception_that_a_finalizer_takes_is_found_dead) {
  gcroots_scope_t scope = enter();
  OK(gcroots_store_throw(store, new_loaded()));
  OK(gcroots_scope_exit(store, scope));
  CHECK(run_as_finalizer(take_and_forget, NULL) == (finalized == 1));
}

static void throw_in_finalizer(void *data) {
  (void)data;
  OK(gcroots_store_throw(store, new_loaded()));
}

CASE(a_finalizer_may_throw) {
  if (!run_as_finalizer(throw_in_finalizer, NULL)) return;
  OK(gcroots_store_gc(store));
  CHECK(finalized == 0);
  check_loaded(take());
}

/* --- Functions that throw ---------------------------------------------------- */

/* Throws, and returns the status that its env points to. */
CALLBACK(throw_and_answer) {
  UNUSED;
  OK(gcroots_store_throw(of, new_loaded()));
  if (nresults == 1) results[0] = val_i32(5);
  return *(gcroots_status_t *)env;
}

CASE(a_function_that_throws_answers_exception) {
  gcroots_status_t answer = GCROOTS_OK;
  gcroots_field_type_t number = plain(GCROOTS_STORAGE_I32);
  gcroots_type_t *type = new_func(NULL, 0, &number, 1);
  gcroots_ref_t func = make_func(type, throw_and_answer, &answer);
  gcroots_val_t result = untouched_val();
  uint64_t roots = stats_of(store).scoped_roots;
  for (int round = 0; round < 3; round++) {
    REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_EXCEPTION,
                             gcroots_func_call(store, func, NULL, 0, &result, 1));
    CHECK(strstr(gcroots_last_error(), "threw") != NULL && is_untouched(result));
    CHECK(stats_of(store).scoped_roots == roots);
    OK(gcroots_store_gc(store));
    {
      gcroots_scope_t scope = enter();
      check_loaded(take());
      OK(gcroots_scope_exit(store, scope));
    }
  }
  gcroots_type_free(type);
}

CASE(a_status_of_its_own_leaves_the_exception_pending) {
  gcroots_status_t answer;
  gcroots_ref_t func = func_of(throw_and_answer, &answer);
  for (answer = 1; answer <= GCROOTS_ERROR_UNSUPPORTED; answer++) {
    CHECK(call0(func) == answer);
    check_loaded(take());
  }
  answer = 99;
  CHECK(call0(func) == answer);
  check_loaded(take());
}

static int calls;

CALLBACK(count) {
  UNUSED;
  calls++;
  return GCROOTS_OK;
}

CASE(nothing_is_called_while_an_exception_is_pending) {
  gcroots_ref_t func = func_of(count, NULL);
  OK(gcroots_store_throw(store, new_exn()));
  for (int i = 0; i < 3; i++) REFUSED_SAYING(GCROOTS_ERROR_EXCEPTION, "pending", call0(func));
  CHECK(calls == 0);
  take();
  OK(call0(func));
  CHECK(calls == 1);
}

CALLBACK(answer_exception) {
  UNUSED;
  return GCROOTS_ERROR_EXCEPTION;
}

CASE(exception_without_one_is_a_status_as_any_other) {
  CHECK(call0(func_of(answer_exception, NULL)) == GCROOTS_ERROR_EXCEPTION);
  CHECK(!is_pending());
  OK(call0(func_of(answer_ok, NULL)));
}

static gcroots_ref_t inner[6];

/* Calls the next function. The innermost throws. Each returns the status that it gets,
   or GCROOTS_OK. */
CALLBACK(pass_on) {
  size_t level = (size_t)((gcroots_ref_t *)env - inner);
  gcroots_status_t status;
  UNUSED;
  new_externref(NULL);
  if (level == COUNT_OF(inner) - 1) {
    OK(gcroots_store_throw(of, new_loaded()));
    return GCROOTS_OK;
  }
  status = call0(inner[level + 1]);
  CHECK(status == GCROOTS_ERROR_EXCEPTION && is_pending());
  OK(gcroots_store_gc(of));
  return level % 2 == 0 ? status : GCROOTS_OK;
}

CASE(an_exception_goes_through_many_functions) {
  for (size_t i = 0; i < COUNT_OF(inner); i++) inner[i] = func_of(pass_on, &inner[i]);
  CHECK(call0(inner[0]) == GCROOTS_ERROR_EXCEPTION);
  check_loaded(take());
  CHECK(finalized == 0);
}

CALLBACK(catch_it) {
  UNUSED;
  CHECK(call0(*(gcroots_ref_t *)env) == GCROOTS_ERROR_EXCEPTION);
  check_loaded(take());
  return GCROOTS_OK;
}

CASE(a_function_may_catch_what_another_threw) {
  gcroots_status_t answer = GCROOTS_OK;
  gcroots_ref_t thrower = func_of(throw_and_answer, &answer);
  gcroots_ref_t catcher = func_of(catch_it, &thrower);
  OK(call0(catcher));
  CHECK(!is_pending());
  OK(gcroots_store_gc(store));
  CHECK(finalized == collects);
}
