/* Structs made for a root: into a local, and out of a scope. */
#include "objects.h"
#include "refusals.h"

static gcroots_type_t *list;

/* A list: a number and the rest. */
static void register_list(void) {
  list = STRUCT_TYPE(mutable_of(GCROOTS_STORAGE_I32), any_field());
}

static bool is_null(gcroots_ref_t local) {
  bool out;
  OK(gcroots_local_is_null(store, local, &out));
  return out;
}

static uint64_t scoped_roots(void) {
  return stats_of(store).scoped_roots;
}

/* --- Into a local -------------------------------------------------------------- */

CASE(a_loop_builds_with_one_local) {
  enum { LENGTH = 2000 / GRAPH_SCALE };
  gcroots_ref_t local = new_local(gcroots_ref_null()), at;
  uint64_t roots = scoped_roots();
  register_list();
  for (int32_t i = 0; i < LENGTH; i++) {
    gcroots_val_t fields[2] = {val_i32(i), val_ref(local)};
    OK(gcroots_struct_new_into(store, list, fields, 2, local));
  }
  CHECK(scoped_roots() == roots);
  OK(gcroots_store_gc(store));
  at = new_local(local);
  for (int32_t i = LENGTH; i-- > 0;) {
    CHECK(get_field(at, 0).of.i32 == i);
    OK(gcroots_struct_get_ref_into(store, at, 1, at));
  }
  CHECK(is_null(at));
  gcroots_type_free(list);
}

CASE(what_a_local_referred_to_before_dies) {
  static int finalized;
  gcroots_ref_t local = new_local(gcroots_ref_null());
  gcroots_val_t fields[2] = {val_i32(1), val_null()};
  gcroots_scope_t scope = enter();
  gcroots_ref_t host;
  register_list();
  OK(gcroots_externref_new(store, &finalized, count_call, &host));
  fields[1] = val_ref(host);
  OK(gcroots_struct_new_into(store, list, fields, 2, local));
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_store_gc(store));
  CHECK(finalized == 0);
  fields[1] = val_null();
  OK(gcroots_struct_new_into(store, list, fields, 2, local));
  for (int i = 0; i < 2; i++) OK(gcroots_store_gc(store));
  CHECK(finalized == (collects ? 1 : 0));
  gcroots_type_free(list);
}

CASE(a_struct_without_fields_is_made_into_a_local) {
  gcroots_ref_t local = new_local(gcroots_ref_null());
  gcroots_type_t *empty = new_struct(NULL, 0);
  OK(gcroots_struct_new_into(store, empty, NULL, 0, local));
  CHECK(!is_null(local));
  gcroots_type_free(empty);
}

/* --- Out of a scope ------------------------------------------------------------- */

/* A tree of `depth` levels below its root. */
static gcroots_ref_t tree(int depth) {
  gcroots_scope_t scope = enter();
  gcroots_val_t fields[2] = {val_i32(depth), val_null()};
  gcroots_ref_t made;
  if (depth > 0) fields[1] = val_ref(tree(depth - 1));
  OK(gcroots_struct_new_escape(store, scope, list, fields, 2, &made));
  REFUSED(GCROOTS_ERROR_SCOPE_ORDER, gcroots_scope_exit(store, scope));
  return made;
}

CASE(a_struct_escapes_with_what_it_refers_to) {
  uint64_t roots = scoped_roots();
  gcroots_ref_t at;
  register_list();
  at = new_local(tree(40));
  CHECK(scoped_roots() == roots + 2);
  OK(gcroots_store_gc(store));
  for (int depth = 40; depth >= 0; depth--) {
    CHECK(get_field(at, 0).of.i32 == depth);
    OK(gcroots_struct_get_ref_into(store, at, 1, at));
  }
  CHECK(is_null(at));
  gcroots_type_free(list);
}

CASE(an_escape_closes_the_no_gc_spans_of_its_scope) {
  gcroots_scope_t scope = enter();
  gcroots_val_t fields[2] = {val_i32(1), val_null()};
  gcroots_ref_t made;
  register_list();
  STRUCT(list, val_i32(1), val_null());
  OK(gcroots_no_gc_enter(store));
  OK(gcroots_struct_new_escape(store, scope, list, fields, 2, &made));
  REFUSED(GCROOTS_ERROR_SCOPE_ORDER, gcroots_no_gc_exit(store));
  OK(gcroots_store_gc(store));
  CHECK(get_field(made, 0).of.i32 == 1);
  gcroots_type_free(list);
}

CASE(after_a_refusal_the_scope_is_open) {
  gcroots_scope_t scope = enter();
  gcroots_val_t wrong[2] = {val_i64(1), val_null()}, right[2] = {val_i32(1), val_null()};
  gcroots_ref_t out = untouched(), inside;
  register_list();
  inside = STRUCT(list, val_i32(2), val_null());
  REFUSED(GCROOTS_ERROR_TYPE_MISMATCH,
          gcroots_struct_new_escape(store, scope, list, wrong, 2, &out));
  REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT,
          gcroots_struct_new_escape(store, scope, list, right, 1, &out));
  CHECK(same_bits(out, untouched()));
  CHECK(get_field(inside, 0).of.i32 == 2);
  OK(gcroots_struct_new_escape(store, scope, list, right, 2, &out));
  CHECK(get_field(out, 0).of.i32 == 1);
  REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_struct_set_i32(store, inside, 0, 3));
  gcroots_type_free(list);
}

/* --- What is refused ------------------------------------------------------------- */

CASE(null_pointers_are_refused) {
  check_nulls(fused_calls);
}

CASE(bad_handles_are_refused) {
  gcroots_type_t *type = STRUCT_TYPE(any_field());
  struct arguments a;
  new_arguments(&a, store);
  a.h.scope = enter();
  a.h.dst = new_local(make_default(type));
  check_bad_handles(fused_calls, &a);
  free_arguments(&a);
  gcroots_type_free(type);
}

CASE(the_root_is_checked_before_the_values) {
  gcroots_scope_t outer = enter(), inner = enter();
  gcroots_val_t no_kind[2] = {val_of(STORAGES), val_null()}, right[2] = {val_i32(1), val_null()};
  gcroots_manually_rooted_t manual;
  gcroots_ref_t out = untouched();
  register_list();
  OK(gcroots_ref_to_manually_rooted(store, STRUCT(list, val_i32(5), val_null()), &manual));
  REFUSED(GCROOTS_ERROR_NULL_REFERENCE,
          gcroots_struct_new_into(store, list, no_kind, 2, gcroots_ref_null()));
  REFUSED_SAYING(GCROOTS_ERROR_INVALID_ARGUMENT, "`dst`",
                 gcroots_struct_new_into(store, list, no_kind, 2, manual.ref));
  REFUSED_SAYING(GCROOTS_ERROR_INVALID_ARGUMENT, "`dst`",
                 gcroots_struct_new_into(store, list, right, 2, manual.ref));
  REFUSED(GCROOTS_ERROR_SCOPE_ORDER,
          gcroots_struct_new_escape(store, outer, list, no_kind, 2, &out));
  REFUSED(GCROOTS_ERROR_SCOPE_ORDER, gcroots_struct_new_escape(store, outer, list, right, 2, &out));
  REFUSED_SAYING(GCROOTS_ERROR_INVALID_ARGUMENT, "`kind`",
                 gcroots_struct_new_escape(store, inner, list, no_kind, 2, &out));
  CHECK(get_field(manual.ref, 0).of.i32 == 5 && same_bits(out, untouched()));
  OK(gcroots_manually_rooted_unroot(store, &manual));
  gcroots_type_free(list);
}
