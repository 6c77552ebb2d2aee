/* gcroots_wasm.h: exceptions. */
#include <gcroots_wasm.h>

#include "wasm_references.h"

/* A tag whose exceptions have an i32 and a reference. Its type is that of `params_type`. */
static gcroots_type_t *params_type;

static gcroots_tag_t new_pair_tag(void) {
  gcroots_field_type_t params[2] = {plain(GCROOTS_STORAGE_I32), any_field()};
  gcroots_tag_t tag;
  params_type = new_func(params, 2, NULL, 0);
  OK(gcroots_tag_new(store, params_type, &tag));
  return tag;
}

__attribute__((destructor)) static void free_the_params_type(void) {
  gcroots_type_free(params_type);
}

static wasm_exnref_t exception_of(gcroots_tag_t tag, int32_t number, gcroots_ref_t second) {
  gcroots_val_t fields[2] = {val_i32(number), val_ref(second)};
  wasm_exnref_t ref;
  CHECK(wasm_exnref_new(store, tag, fields, 2, &ref));
  return ref;
}

static int32_t number_in(wasm_exnref_t ref) {
  gcroots_val_t val;
  CHECK(wasm_exnref_field(store, &ref, 0, &val));
  return val.of.i32;
}

CASE(an_exception_has_its_tag_type_and_fields) {
  gcroots_tag_t tag = new_pair_tag(), found;
  wasm_anyref_t seven = i31_of(7);
  wasm_exnref_t ref = exception_of(tag, -3, seven.ref);
  gcroots_type_t *type = wasm_exnref_type(store, &ref);
  gcroots_val_t val;
  OK(gcroots_store_gc(store));
  CHECK(wasm_exnref_tag(store, &ref, &found) && memcmp(&tag, &found, sizeof tag) == 0);
  CHECK(type == params_type && wasm_exnref_field_count(store, &ref) == 2);
  CHECK(number_in(ref) == -3);
  CHECK(wasm_exnref_field(store, &ref, 1, &val) && same_object(val.of.ref, seven.ref));
  gcroots_type_free(type);
}

CASE(making_one_makes_one_manual_root) {
  gcroots_tag_t tag = new_pair_tag();
  struct check_counts before = check_count(), after;
  wasm_exnref_t ref = exception_of(tag, 1, gcroots_ref_null());
  after = check_count();
  CHECK(after.manual_roots == before.manual_roots + 1);
  CHECK(after.scoped_roots == before.scoped_roots && !wasm_exnref_is_null(&ref));
}

static void making_refused(gcroots_status_t expected, gcroots_store_t *of, gcroots_tag_t tag,
                           const gcroots_val_t *fields, size_t count) {
  wasm_exnref_t out = untouched_wasm();
  REFUSED_AS(expected, gcroots_exn_new(of, tag, fields, count, &out.ref),
             wasm_exnref_new(of, tag, fields, count, &out));
  CHECK(same_bits(out.ref, untouched()));
}

CASE(exceptions_of_bad_tags_and_values_are_refused) {
  gcroots_val_t fields[2] = {val_i32(1), val_null()}, swapped[2] = {val_null(), val_i32(1)};
  gcroots_tag_t tag = new_pair_tag(), none = tag, foreign = tag, forged = tag;
  none.store_id = 0;
  ++foreign.store_id;
  ++forged.index;
  making_refused(GCROOTS_ERROR_NULL_ARGUMENT, NULL, tag, fields, 2);
  making_refused(GCROOTS_ERROR_NULL_ARGUMENT, store, tag, NULL, 2);
  making_refused(GCROOTS_ERROR_NULL_REFERENCE, store, none, fields, 2);
  making_refused(GCROOTS_ERROR_WRONG_STORE, store, foreign, fields, 2);
  making_refused(GCROOTS_ERROR_UNROOTED, store, forged, fields, 2);
  making_refused(GCROOTS_ERROR_INVALID_ARGUMENT, store, tag, fields, 1);
  making_refused(GCROOTS_ERROR_TYPE_MISMATCH, store, tag, swapped, 2);
  REFUSED_AS(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_exn_new(store, tag, fields, 2, NULL),
             wasm_exnref_new(store, tag, fields, 2, NULL));
  EACH_BAD_HANDLE(bad) {
    fields[1] = val_ref(bad->ref);
    making_refused(bad->status, store, tag, fields, 2);
  }
}

CASE(without_memory_for_its_root_no_root_is_left) {
  gcroots_tag_t tag = new_pair_tag();
  gcroots_val_t fields[2] = {val_i32(1), val_null()};
  wasm_exnref_t first = exception_of(tag, 1, gcroots_ref_null()), out;
  struct check_counts before;
  memory_out(true);
  while (wasm_exnref_clone(store, &first, &out)) {
  }
  out = untouched_wasm();
  before = check_count();
  CHECK(!wasm_exnref_new(store, tag, fields, 2, &out) && same_bits(out.ref, untouched()));
  CHECK(check_count().manual_roots == before.manual_roots);
  CHECK(check_count().scoped_roots == before.scoped_roots);
  memory_out(false);
}

/* Reading the exception is refused with this status. */
static void reading_refused(gcroots_status_t expected, gcroots_store_t *of, wasm_exnref_t ref) {
  gcroots_tag_t tag;
  gcroots_val_t out = untouched_val();
  REFUSED_AS(expected, gcroots_exn_tag(of, ref.ref, &tag), wasm_exnref_tag(of, &ref, &tag));
  REFUSED_AS(expected, gcroots_exn_tag(of, ref.ref, &tag), wasm_exnref_type(of, &ref) != NULL);
  REFUSED_AS(expected, gcroots_exn_tag(of, ref.ref, &tag), wasm_exnref_field_count(of, &ref) > 0);
  REFUSED_AS(expected, gcroots_exn_field(of, ref.ref, 0, &out),
             wasm_exnref_field(of, &ref, 0, &out));
  REFUSED_AS(expected, gcroots_store_throw(of, ref.ref), wasm_context_set_exception(of, &ref));
  CHECK(is_untouched(out));
}

CASE(reading_and_throwing_what_is_no_exception_is_refused) {
  wasm_anyref_t refs[REFERENCES], out = untouched_wasm();
  gcroots_val_t val;
  make_references(refs);
  reading_refused(GCROOTS_ERROR_NULL_ARGUMENT, NULL, refs[EXN]);
  reading_refused(GCROOTS_ERROR_NULL_REFERENCE, store, refs[NOTHING]);
  for (int kind = HOST; kind < REFERENCES; ++kind)
    if (kind != EXN) reading_refused(GCROOTS_ERROR_TYPE_MISMATCH, store, refs[kind]);
  REFUSED_AS(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_exn_tag(store, refs[EXN].ref, NULL),
             wasm_exnref_tag(store, &refs[EXN], NULL));
  REFUSED_AS(GCROOTS_ERROR_OUT_OF_BOUNDS, gcroots_exn_field(store, refs[EXN].ref, 0, &val),
             wasm_exnref_field(store, &refs[EXN], 0, &val));
  EACH_BAD_HANDLE(bad) {
    wasm_exnref_t ref = {bad->ref};
    reading_refused(bad->status, store, ref);
  }
  CHECK(wasm_exnref_field_count(store, &refs[EXN]) == 0);
  CHECK(!wasm_context_take_exception(store, &out) && same_bits(out.ref, untouched()));
}

CASE(the_pending_exception_is_taken_once) {
  gcroots_tag_t tag = new_pair_tag();
  wasm_exnref_t ref = exception_of(tag, 5, gcroots_ref_null()), taken = untouched_wasm();
  struct check_counts before;
  CHECK(!wasm_context_has_exception(store));
  CHECK(wasm_context_set_exception(store, &ref) && !wasm_exnref_is_null(&ref));
  CHECK(wasm_context_has_exception(store));
  wasm_exnref_unroot(&ref);
  OK(gcroots_store_gc(store));
  before = check_count();
  CHECK(wasm_context_take_exception(store, &taken) && number_in(taken) == 5);
  CHECK(check_count().manual_roots == before.manual_roots + 1);
  CHECK(check_count().scoped_roots == before.scoped_roots);
  leave_another_message();
  CHECK(!wasm_context_has_exception(store));
  CHECK(!wasm_context_take_exception(store, &ref) && wasm_exnref_is_null(&ref));
  CHECK(another_message_is_still_there());
}

CASE(an_exception_that_cannot_be_taken_stays_pending) {
  gcroots_tag_t tag = new_pair_tag();
  wasm_exnref_t ref = exception_of(tag, 5, gcroots_ref_null()), out;
  bool has;
  REFUSED_AS(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_store_take_exception_manually_rooted(NULL, &out),
             wasm_context_take_exception(NULL, &out));
  REFUSED_AS(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_store_has_exception(NULL, &has),
             wasm_context_has_exception(NULL));
  CHECK(wasm_context_set_exception(store, &ref));
  memory_out(true);
  while (wasm_exnref_clone(store, &ref, &out)) {
  }
  REFUSED_AS(GCROOTS_ERROR_OUT_OF_MEMORY, gcroots_manually_rooted_clone(store, ref, &out),
             wasm_context_take_exception(store, &out));
  memory_out(false);
  REFUSED_AS(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_store_take_exception_manually_rooted(store, NULL),
             wasm_context_take_exception(store, NULL));
  CHECK(wasm_context_take_exception(store, &out) && number_in(out) == 5);
}
