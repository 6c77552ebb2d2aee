/* Externrefs, exceptions and calls by raw references. */
#include "raw_objects.h"

/* Makes a tag of a function type that nothing else refers to. */
static gcroots_tag_t tag_of(const gcroots_field_type_t *params, size_t count) {
  gcroots_type_t *type = new_func(params, count, NULL, 0);
  gcroots_tag_t tag;
  OK(gcroots_tag_new(store, type, &tag));
  gcroots_type_free(type);
  return tag;
}

/* --- Externrefs -------------------------------------------------------------- */

CASE(an_externref_has_its_data_and_runs_its_finalizer_once) {
  int finalized = 0;
  use_slots(1);
  for (int i = 0; i < 40; i++) {
    set_raw_slot(0, raw_externref(&finalized, count_call));
    CHECK(raw_data(raw_slots[0]) == &finalized && data_of(from_raw(raw_slots[0])) == &finalized);
    CHECK(finalized <= i);
  }
  free_store();
  CHECK(finalized == 40);
}

CASE(the_data_of_no_externref_is_refused) {
  void *out = &out;
  gcroots_type_t *type = new_struct(NULL, 0);
  use_slots(1);
  OK(gcroots_raw_struct_new_default(store, type, &raw_slots[0]));
  wrote_raw_slot(0);
  EACH_BAD_RAW(bits)
  REFUSED_SAYING(GCROOTS_ERROR_INVALID_ARGUMENT, "`object`",
                 gcroots_raw_externref_data(store, bits, &out));
  REFUSED(GCROOTS_ERROR_NULL_REFERENCE, gcroots_raw_externref_data(store, 0, &out));
  REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_raw_externref_data(store, 7, &out));
  REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_raw_externref_data(store, raw_slots[0], &out));
  CHECK(out == &out);
  gcroots_type_free(type);
}

CASE(a_refused_externref_leaves_its_data_with_the_caller) {
  static int finalized;
  uint32_t out = UNTOUCHED_RAW;
  gcroots_status_t status;
  use_heap(variant_config(128 << 10));
  use_slots(1);
  OK(gcroots_no_gc_enter(store));
  while ((status = gcroots_raw_externref_new(store, NULL, NULL, &out)) == GCROOTS_OK) {
  }
  CHECK(status == (collects ? GCROOTS_ERROR_NO_GC : GCROOTS_ERROR_OUT_OF_MEMORY));
  out = UNTOUCHED_RAW;
  REFUSED(status, gcroots_raw_externref_new(store, &finalized, count_call, &out));
  CHECK(out == UNTOUCHED_RAW && stats_of(store).scoped_roots == 0);
  OK(gcroots_no_gc_exit(store));
  free_store();
  CHECK(finalized == 0);
}

/* --- Exceptions -------------------------------------------------------------- */

static bool same_tag(gcroots_tag_t a, gcroots_tag_t b) {
  bool same;
  OK(gcroots_tag_eq(store, a, b, &same));
  return same;
}

CASE(an_exception_has_its_tag_and_its_fields) {
  gcroots_field_type_t params[2] = {plain(GCROOTS_STORAGE_I64), or_null(ref_to(GCROOTS_HEAP_ANY))};
  gcroots_tag_t tag = tag_of(params, 2), empty = tag_of(NULL, 0), found;
  gcroots_raw_val_t fields[2], out;
  int finalized = 0;
  use_slots(2);
  OK(gcroots_raw_exn_new(store, empty, NULL, 0, &raw_slots[0]));
  wrote_raw_slot(0);
  OK(gcroots_raw_exn_tag(store, raw_slots[0], &found));
  CHECK(same_tag(found, empty) && !same_tag(found, tag));
  set_raw_slot(1, raw_externref(&finalized, count_call));
  memset(fields, 0, sizeof fields);
  fields[0].i64 = INT64_MIN + 5;
  fields[1] = raw_ref(raw_slots[1]);
  OK(gcroots_raw_exn_new(store, tag, fields, 2, &raw_slots[0]));
  wrote_raw_slot(0);
  OK(gcroots_raw_exn_tag(store, raw_slots[0], &found));
  CHECK(same_tag(found, tag));
  OK(gcroots_raw_exn_field(store, raw_slots[0], 0, &out));
  CHECK(same_raw(out, fields[0]));
  OK(gcroots_raw_exn_field(store, raw_slots[0], 1, &out));
  CHECK(same_raw(out, raw_ref(raw_slots[1])) && raw_data(out.ref) == &finalized);
  CHECK(stats_of(store).scoped_roots == 0);
  free_store();
}

CASE(a_thrown_exception_is_taken) {
  gcroots_tag_t tag = tag_of(NULL, 0);
  uint32_t out = UNTOUCHED_RAW;
  bool pending;
  use_slots(1);
  OK(gcroots_raw_take_exception(store, &out));
  CHECK(out == 0);
  for (int round = 0; round < 3; round++) {
    OK(gcroots_raw_exn_new(store, tag, NULL, 0, &raw_slots[0]));
    wrote_raw_slot(0);
    OK(gcroots_raw_throw(store, raw_slots[0]));
    OK(gcroots_store_has_exception(store, &pending));
    CHECK(pending);
    OK(gcroots_store_gc(store));
    OK(gcroots_raw_take_exception(store, &out));
    CHECK(out == raw_slots[0]);
    OK(gcroots_store_has_exception(store, &pending));
    CHECK(!pending);
  }
}

CASE(a_pending_exception_stays_alive_by_itself) {
  gcroots_field_type_t param = or_null(ref_to(GCROOTS_HEAP_ANY));
  gcroots_tag_t tag = tag_of(&param, 1);
  gcroots_raw_val_t field;
  int finalized = 0;
  uint32_t out;
  field = raw_ref(raw_externref(&finalized, count_call));
  OK(gcroots_raw_exn_new(store, tag, &field, 1, &out));
  OK(gcroots_raw_throw(store, out));
  OK(gcroots_store_gc(store));
  CHECK(finalized == 0);
  OK(gcroots_raw_take_exception(store, &out));
  OK(gcroots_raw_exn_field(store, out, 0, &field));
  CHECK(raw_data(field.ref) == &finalized);
  OK(gcroots_store_gc(store));
  CHECK(finalized == dead(1));
  free_store();
}

static void exception_is_refused(gcroots_status_t expected, uint32_t exn) {
  gcroots_tag_t tag = tag_of(NULL, 0), before = tag;
  gcroots_raw_val_t out = raw_i32(UNTOUCHED_RAW);
  bool pending;
  REFUSED(expected, gcroots_raw_exn_tag(store, exn, &tag));
  REFUSED(expected, gcroots_raw_exn_field(store, exn, 99, &out));
  REFUSED(expected, gcroots_raw_throw(store, exn));
  OK(gcroots_store_has_exception(store, &pending));
  CHECK(!pending && memcmp(&tag, &before, sizeof tag) == 0);
  CHECK(same_raw(out, raw_i32(UNTOUCHED_RAW)));
}

CASE(what_is_no_exception_is_refused) {
  gcroots_tag_t tag = tag_of(NULL, 0);
  gcroots_raw_val_t out = raw_i32(UNTOUCHED_RAW);
  use_slots(2);
  set_raw_slot(0, raw_externref(NULL, NULL));
  OK(gcroots_raw_exn_new(store, tag, NULL, 0, &raw_slots[1]));
  wrote_raw_slot(1);
  EACH_BAD_RAW(bits) exception_is_refused(GCROOTS_ERROR_INVALID_ARGUMENT, bits);
  exception_is_refused(GCROOTS_ERROR_NULL_REFERENCE, 0);
  exception_is_refused(GCROOTS_ERROR_TYPE_MISMATCH, 3);
  exception_is_refused(GCROOTS_ERROR_TYPE_MISMATCH, raw_slots[0]);
  REFUSED(GCROOTS_ERROR_OUT_OF_BOUNDS, gcroots_raw_exn_field(store, raw_slots[1], 0, &out));
}

CASE(an_exception_of_wrong_values_is_refused_in_order) {
  gcroots_field_type_t params[2] = {ref_to(GCROOTS_HEAP_I31), or_null(ref_to(GCROOTS_HEAP_ANY))};
  gcroots_tag_t tag = tag_of(params, 2), none = {0, 0, 0}, foreign = tag, no_tag = tag;
  gcroots_raw_val_t fields[2] = {raw_ref(NO_OBJECT), raw_ref(NO_OBJECT)};
  uint32_t out = UNTOUCHED_RAW;
  foreign.store_id++;
  no_tag.index += 1000;
  REFUSED(GCROOTS_ERROR_NULL_REFERENCE, gcroots_raw_exn_new(store, none, fields, 9, &out));
  REFUSED(GCROOTS_ERROR_WRONG_STORE, gcroots_raw_exn_new(store, foreign, fields, 9, &out));
  REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_raw_exn_new(store, no_tag, fields, 9, &out));
  REFUSED_SAYING(GCROOTS_ERROR_INVALID_ARGUMENT, "`count`",
                 gcroots_raw_exn_new(store, tag, fields, 9, &out));
  REFUSED_SAYING(GCROOTS_ERROR_INVALID_ARGUMENT, "`fields`",
                 gcroots_raw_exn_new(store, tag, fields, 2, &out));
  fields[0] = raw_ref(0);
  REFUSED(GCROOTS_ERROR_NULL_REFERENCE, gcroots_raw_exn_new(store, tag, fields, 2, &out));
  fields[0] = raw_ref(5);
  REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_raw_exn_new(store, tag, fields, 2, &out));
  CHECK(out == UNTOUCHED_RAW);
}

CASE(bad_handles_are_refused) {
  struct arguments a;
  new_arguments(&a, store);
  check_bad_handles(raw_host_calls, &a);
  free_arguments(&a);
}

/* --- Calls ------------------------------------------------------------------- */

/* Answers its arguments in the opposite order. Makes garbage, and collects. */
static gcroots_status_t swap(void *env, gcroots_store_t *of, const gcroots_val_t *args,
                             size_t nargs, gcroots_val_t *results, size_t nresults) {
  ++*(int *)env;
  CHECK(nargs == nresults);
  OK(gcroots_store_gc(of));
  for (size_t i = 0; i < nargs; i++) results[i] = args[nargs - 1 - i];
  new_externref(NULL);
  return GCROOTS_OK;
}

static uint32_t raw_function(const gcroots_field_type_t *params, size_t count,
                             gcroots_callback_t callback, void *env, bool answers) {
  gcroots_field_type_t results[20];
  gcroots_type_t *type;
  gcroots_scope_t scope = enter();
  uint32_t raw;
  for (size_t i = 0; i < count; i++) results[i] = params[count - 1 - i];
  type = new_func(params, count, results, answers ? count : 0);
  raw = raw_of(make_func(type, callback, env));
  OK(gcroots_scope_exit(store, scope));
  gcroots_type_free(type);
  return raw;
}

CASE(a_call_passes_its_arguments_and_answers) {
  enum { COUNT = 9 };
  gcroots_field_type_t params[2 * COUNT];
  gcroots_raw_val_t args[2 * COUNT];
  static int number;
  int calls = 0;
  use_slots(2);
  for (size_t count = COUNT; count <= 2 * COUNT; count += COUNT) {
    for (size_t i = 0; i < count; i++)
      params[i] = i % 2 == 0 ? or_null(ref_to(GCROOTS_HEAP_ANY)) : plain(GCROOTS_STORAGE_F64);
    set_raw_slot(1, raw_externref(&number, NULL));
    set_raw_slot(0, raw_function(params, count, swap, &calls, true));
    for (size_t i = 0; i < count; i++) {
      args[i] = raw_ref(i % 4 == 0 ? raw_slots[1] : 0);
      if (i % 2 == 1) args[i].f64 = (double)i / 3;
    }
    /* The results overwrite the arguments. */
    OK(gcroots_raw_func_call(store, raw_slots[0], args, count, args, count));
    for (size_t i = 0; i < count; i++) {
      size_t from = count - 1 - i;
      if (from % 2 == 1) CHECK(args[i].f64 == (double)from / 3);
      if (from % 2 == 0) CHECK(args[i].ref == (from % 4 == 0 ? raw_slots[1] : 0));
    }
  }
  CHECK(calls == 2 && stats_of(store).scoped_roots == 0);
}

static gcroots_status_t fail(void *env, gcroots_store_t *of, const gcroots_val_t *args,
                             size_t nargs, gcroots_val_t *results, size_t nresults) {
  (void)env, (void)of, (void)args, (void)nargs, (void)results, (void)nresults;
  return 0x12345;
}

static gcroots_status_t throw(void *env, gcroots_store_t *of, const gcroots_val_t *args,
                              size_t nargs, gcroots_val_t *results, size_t nresults) {
  uint32_t exn;
  (void)args, (void)nargs, (void)results, (void)nresults;
  OK(gcroots_raw_exn_new(of, *(gcroots_tag_t *)env, NULL, 0, &exn));
  OK(gcroots_raw_throw(of, exn));
  return GCROOTS_OK;
}

CASE(the_status_and_the_exception_of_a_callback_pass_through) {
  gcroots_tag_t tag = tag_of(NULL, 0);
  uint32_t out;
  use_slots(2);
  set_raw_slot(0, raw_function(NULL, 0, fail, NULL, false));
  set_raw_slot(1, raw_function(NULL, 0, throw, &tag, false));
  CHECK(gcroots_raw_func_call(store, raw_slots[0], NULL, 0, NULL, 0) == 0x12345);
  CHECK(strstr(gcroots_last_error(), "gcroots_raw_func_call: ") == gcroots_last_error());
  CHECK(gcroots_raw_func_call(store, raw_slots[1], NULL, 0, NULL, 0) == GCROOTS_ERROR_EXCEPTION);
  REFUSED(GCROOTS_ERROR_EXCEPTION, gcroots_raw_func_call(store, raw_slots[0], NULL, 0, NULL, 0));
  OK(gcroots_raw_take_exception(store, &out));
  CHECK(kind_is(out, GCROOTS_REF_EXN) && stats_of(store).scoped_roots == 0);
}

CASE(a_wrong_call_is_refused_in_order) {
  gcroots_field_type_t params[2] = {ref_to(GCROOTS_HEAP_I31), or_null(ref_to(GCROOTS_HEAP_ANY))};
  gcroots_raw_val_t args[2] = {raw_ref(NO_OBJECT), raw_ref(NO_OBJECT)};
  gcroots_raw_val_t out[2] = {raw_i32(UNTOUCHED_RAW), raw_i32(UNTOUCHED_RAW)};
  int calls = 0;
  uint32_t func;
  use_slots(2);
  set_raw_slot(1, raw_externref(NULL, NULL));
  set_raw_slot(0, func = raw_function(params, 2, swap, &calls, true));
  EACH_BAD_RAW(bits)
  REFUSED_SAYING(GCROOTS_ERROR_INVALID_ARGUMENT, "`func`",
                 gcroots_raw_func_call(store, bits, args, 9, out, 9));
  func = raw_slots[0];
  REFUSED(GCROOTS_ERROR_NULL_REFERENCE, gcroots_raw_func_call(store, 0, args, 9, out, 9));
  REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_raw_func_call(store, 5, args, 9, out, 9));
  REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_raw_func_call(store, raw_slots[1], args, 9, out, 9));
  REFUSED_SAYING(GCROOTS_ERROR_INVALID_ARGUMENT, "`nargs`",
                 gcroots_raw_func_call(store, func, args, 9, out, 9));
  REFUSED_SAYING(GCROOTS_ERROR_INVALID_ARGUMENT, "`nresults`",
                 gcroots_raw_func_call(store, func, args, 2, out, 9));
  REFUSED_SAYING(GCROOTS_ERROR_INVALID_ARGUMENT, "`args`",
                 gcroots_raw_func_call(store, func, args, 2, out, 2));
  args[0] = raw_ref(0);
  REFUSED(GCROOTS_ERROR_NULL_REFERENCE, gcroots_raw_func_call(store, func, args, 2, out, 2));
  args[0] = raw_ref(raw_slots[1]);
  REFUSED_SAYING(GCROOTS_ERROR_TYPE_MISMATCH, "argument 0",
                 gcroots_raw_func_call(store, func, args, 2, out, 2));
  CHECK(calls == 0 && same_raw(out[0], raw_i32(UNTOUCHED_RAW)));
  CHECK(same_raw(out[1], raw_i32(UNTOUCHED_RAW)));
}

CASE(null_pointers_are_refused) {
  check_nulls(raw_host_calls);
}
