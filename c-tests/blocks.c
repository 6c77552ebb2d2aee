/* Variables that release what they own when their block ends. */
#include "check.h"

#include <setjmp.h>

static uint64_t scoped_roots(void) {
  return stats_of(store).scoped_roots;
}

/* The number of manual roots, without those that wait for their end. */
static uint64_t manual_roots(void) {
  OK(gcroots_store_drain_unroots(store));
  return stats_of(store).manual_roots;
}

CASE(a_scope_ends_with_its_block) {
  int number;
  gcroots_ref_t inside, outside = new_externref(&number);
  void *data;
  {
    GCROOTS_AUTO_SCOPE(scope, store);
    OK(scope.status);
    for (int i = 0; i < 100; i++) inside = new_externref(&number);
    CHECK(data_of(inside) == &number);
    CHECK(scoped_roots() == 101);
  }
  CHECK(scoped_roots() == 1);
  REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_externref_data(store, inside, &data));
  CHECK(data_of(outside) == &number);
}

static int leave_by_return(void) {
  GCROOTS_AUTO_SCOPE(scope, store);
  OK(scope.status);
  new_externref(NULL);
  return (int)scoped_roots();
}

static void leave_by_goto(void) {
  {
    GCROOTS_AUTO_SCOPE(scope, store);
    OK(scope.status);
    new_externref(NULL);
    goto out;
  }
out:
  CHECK(scoped_roots() == 0);
}

CASE(each_way_out_of_a_block_ends_its_scope) {
  /* The expression of a return is evaluated before. */
  CHECK(leave_by_return() == 1 && scoped_roots() == 0);
  leave_by_goto();
  for (int i = 0; i < 4; i++) {
    GCROOTS_AUTO_SCOPE(scope, store);
    OK(scope.status);
    new_externref(NULL);
    CHECK(scoped_roots() == 1);
    if (i == 1) continue;
    if (i == 3) break;
  }
  CHECK(scoped_roots() == 0);
}

CASE(a_block_ends_what_was_left_open_inside) {
  {
    GCROOTS_AUTO_SCOPE(scope, store);
    OK(scope.status);
    OK(gcroots_no_gc_enter(store));
    enter();
    enter();
    new_externref(NULL);
  }
  CHECK(scoped_roots() == 0);
  OK(gcroots_store_gc(store));
}

CASE(blocks_end_in_the_reverse_order) {
  int number;
  gcroots_ref_t ref;
  GCROOTS_AUTO_SCOPE(outer, store);
  OK(outer.status);
  {
    GCROOTS_AUTO_SCOPE(inner, store);
    OK(inner.status);
    OK(gcroots_auto_scope_escape(&inner, new_externref(&number), &ref));
  }
  CHECK(data_of(ref) == &number);
  OK(gcroots_auto_scope_escape(&outer, ref, &ref));
  CHECK(data_of(ref) == &number && scoped_roots() == 1);
}

CASE(a_scope_that_was_not_entered_ends_nothing) {
  gcroots_ref_t ref, escaped = untouched();
  {
    GCROOTS_AUTO_SCOPE(scope, NULL);
    check_refused(__FILE__, __LINE__, "the scope", GCROOTS_ERROR_NULL_ARGUMENT, scope.status);
    CHECK(scope.scope.store_id == 0 && scope.scope.serial == 0);
    ref = new_externref(NULL);
    REFUSED(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_auto_scope_escape(&scope, ref, &escaped));
    REFUSED(GCROOTS_ERROR_WRONG_STORE, gcroots_scope_escape(store, scope.scope, ref, &escaped));
    CHECK(same_bits(escaped, untouched()));
  }
  CHECK(scoped_roots() == 1 && data_of(ref) == NULL);
}

static gcroots_status_t fail_inside(void) {
  gcroots_type_t *type = NULL;
  GCROOTS_AUTO_SCOPE(scope, store);
  GCROOTS_AUTO_ROOT(handle);
  OK(scope.status);
  OK(gcroots_ref_to_manually_rooted(store, new_externref(NULL), &handle));
  return gcroots_ref_type(store, handle.ref, &type);
}

CASE(the_message_of_a_failure_survives_its_blocks) {
  check_refused(__FILE__, __LINE__, "fail_inside", GCROOTS_ERROR_TYPE_MISMATCH, fail_inside());
  CHECK(strncmp(gcroots_last_error(), "gcroots_ref_type: ", 18) == 0);
  CHECK(scoped_roots() == 0 && manual_roots() == 0);
}

CASE(an_escape_ends_the_scope_once) {
  int number;
  gcroots_ref_t ref, again = untouched();
  OK(gcroots_set_error("a message"));
  {
    GCROOTS_AUTO_SCOPE(scope, store);
    OK(scope.status);
    OK(gcroots_auto_scope_escape(&scope, new_externref(&number), &ref));
    CHECK(scoped_roots() == 1 && data_of(ref) == &number);
  }
  CHECK(strcmp(gcroots_last_error(), "a message") == 0);
  {
    GCROOTS_AUTO_SCOPE(scope, store);
    OK(scope.status);
    new_externref(NULL);
    REFUSED(GCROOTS_ERROR_WRONG_STORE, gcroots_auto_scope_escape(&scope, untouched(), &again));
    CHECK(scoped_roots() == 2 && same_bits(again, untouched()));
  }
  CHECK(scoped_roots() == 1);
}

CASE(a_root_ends_with_its_block) {
  static int finalized;
  gcroots_manually_rooted_t kept;
  {
    GCROOTS_AUTO_ROOT(nothing);
    GCROOTS_AUTO_ROOT(handle);
    GCROOTS_AUTO_ROOT(given);
    CHECK(gcroots_ref_is_null(nothing.ref) && gcroots_ref_is_null(handle.ref));
    OK(gcroots_externref_new_manually_rooted(store, &finalized, count_call, &handle));
    OK(gcroots_externref_new_manually_rooted(store, &finalized, count_call, &given));
    kept = given;
    given.ref = gcroots_ref_null();
    OK(gcroots_store_gc(store));
    CHECK(finalized == 0 && data_of(handle.ref) == &finalized);
  }
  CHECK(manual_roots() == 1 && stats_of(store).stale_unroots == 0);
  OK(gcroots_store_gc(store));
  CHECK(finalized == dead(1) && data_of(kept.ref) == &finalized);
  OK(gcroots_manually_rooted_unroot(store, &kept));
}

/* Makes a store with an object, and returns it if `keep`. */
static gcroots_store_t *make_all(bool keep, int *finalized) {
  const gcroots_field_type_t *none = NULL;
  const gcroots_rec_group_t *groups[1];
  gcroots_store_t *kept = NULL;
  gcroots_ref_t ref;
  uint32_t position;
  GCROOTS_AUTO_CONFIG(config);
  GCROOTS_AUTO_ENGINE(its_engine);
  GCROOTS_AUTO_REC_GROUP(group);
  GCROOTS_AUTO_TYPE(type);
  GCROOTS_AUTO_STORE(made);
  CHECK(config == NULL && its_engine == NULL && group == NULL && type == NULL && made == NULL);
  config = variant_config(0);
  OK(gcroots_engine_new(config, &its_engine));
  group = gcroots_rec_group_new();
  CHECK(group != NULL);
  OK(gcroots_rec_group_add_struct(group, NULL, none, 0, &position));
  groups[0] = group;
  OK(gcroots_rec_group_register(its_engine, groups, 1, &type, 1));
  OK(gcroots_store_new(its_engine, &made));
  {
    GCROOTS_AUTO_SCOPE(scope, made);
    OK(scope.status);
    OK(gcroots_struct_new(made, type, NULL, 0, &ref));
    OK(gcroots_externref_new(made, finalized, count_call, &ref));
  }
  if (keep) {
    kept = made;
    made = NULL;
  }
  return kept;
}

CASE(a_block_releases_the_pointers_that_it_owns) {
  static int finalized;
  gcroots_store_t *kept;
  CHECK(make_all(false, &finalized) == NULL && finalized == 1);
  kept = make_all(true, &finalized);
  CHECK(kept != NULL && finalized <= 2);
  OK(gcroots_store_free(kept));
  CHECK(finalized == 2);
}

static jmp_buf before;

static void jump_out(void) {
  GCROOTS_AUTO_SCOPE(scope, store);
  OK(scope.status);
  new_externref(NULL);
  longjmp(before, 1);
}

CASE(a_longjmp_leaves_a_scope_open_for_an_unwind) {
  gcroots_scope_t outside = enter();
  if (setjmp(before) == 0) jump_out();
  CHECK(scoped_roots() == 1);
  REFUSED(GCROOTS_ERROR_SCOPE_ORDER, gcroots_scope_exit(store, outside));
  OK(gcroots_scope_unwind(store, outside));
  CHECK(scoped_roots() == 0);
}
