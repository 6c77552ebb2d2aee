/* gcroots_wasm.h: internal references as Wasmtime's C API has them. */
#include <gcroots_wasm.h>

#include "threads.h"
#include "wasm_references.h"

/* --- The functions by shape ---------------------------------------------------- */

/* Functions that tell whether a reference has this heap type. */
static const struct question {
  const char *name;
  bool (*ask)(gcroots_store_t *store, const wasm_anyref_t *ref);
  gcroots_heap_type_t heap;
  bool answers[REFERENCES];
} questions[] = {
    {"anyref_is_i31", wasm_anyref_is_i31, GCROOTS_HEAP_I31, {0, 0, 0, 0, 1, 0}},
    {"anyref_is_eqref", wasm_anyref_is_eqref, GCROOTS_HEAP_EQ, {0, 0, 1, 1, 1, 0}},
    {"anyref_is_struct", wasm_anyref_is_struct, GCROOTS_HEAP_STRUCT, {0, 0, 1, 0, 0, 0}},
    {"anyref_is_array", wasm_anyref_is_array, GCROOTS_HEAP_ARRAY, {0, 0, 0, 1, 0, 0}},
    {"eqref_is_i31", wasm_eqref_is_i31, GCROOTS_HEAP_I31, {0, 0, 0, 0, 1, 0}},
    {"eqref_is_struct", wasm_eqref_is_struct, GCROOTS_HEAP_STRUCT, {0, 0, 1, 0, 0, 0}},
    {"eqref_is_array", wasm_eqref_is_array, GCROOTS_HEAP_ARRAY, {0, 0, 0, 1, 0, 0}},
};

/* Functions that root a reference again if it has this type. */
enum { ANYTHING = GCROOTS_HEAP_LOCAL };
static const struct rooting {
  const char *name;
  bool (*call)(gcroots_store_t *store, const wasm_anyref_t *ref, wasm_anyref_t *out);
  gcroots_heap_type_t heap;
  uint8_t is_nullable;
  bool takes[REFERENCES];
} rootings[] = {
    {"anyref_clone", wasm_anyref_clone, ANYTHING, 1, {1, 1, 1, 1, 1, 1, 1}},
    {"eqref_clone", wasm_eqref_clone, ANYTHING, 1, {1, 1, 1, 1, 1, 1, 1}},
    {"structref_clone", wasm_structref_clone, ANYTHING, 1, {1, 1, 1, 1, 1, 1, 1}},
    {"arrayref_clone", wasm_arrayref_clone, ANYTHING, 1, {1, 1, 1, 1, 1, 1, 1}},
    {"exnref_clone", wasm_exnref_clone, ANYTHING, 1, {1, 1, 1, 1, 1, 1, 1}},
    {"funcref_clone", wasm_funcref_clone, ANYTHING, 1, {1, 1, 1, 1, 1, 1, 1}},
    {"externref_convert_any", wasm_externref_convert_any, GCROOTS_HEAP_ANY, 1, {1, 1, 1, 1, 1, 0}},
    {"anyref_convert_extern",
     wasm_anyref_convert_extern,
     GCROOTS_HEAP_EXTERN,
     1,
     {1, 1, 1, 1, 1, 0}},
    {"eqref_to_anyref", wasm_eqref_to_anyref, GCROOTS_HEAP_EQ, 1, {1, 0, 1, 1, 1, 0}},
    {"structref_to_anyref", wasm_structref_to_anyref, GCROOTS_HEAP_STRUCT, 1, {1, 0, 1, 0, 0, 0}},
    {"structref_to_eqref", wasm_structref_to_eqref, GCROOTS_HEAP_STRUCT, 1, {1, 0, 1, 0, 0, 0}},
    {"arrayref_to_anyref", wasm_arrayref_to_anyref, GCROOTS_HEAP_ARRAY, 1, {1, 0, 0, 1, 0, 0}},
    {"arrayref_to_eqref", wasm_arrayref_to_eqref, GCROOTS_HEAP_ARRAY, 1, {1, 0, 0, 1, 0, 0}},
    {"anyref_as_eqref", wasm_anyref_as_eqref, GCROOTS_HEAP_EQ, 0, {0, 0, 1, 1, 1, 0}},
    {"anyref_as_struct", wasm_anyref_as_struct, GCROOTS_HEAP_STRUCT, 0, {0, 0, 1, 0, 0, 0}},
    {"anyref_as_array", wasm_anyref_as_array, GCROOTS_HEAP_ARRAY, 0, {0, 0, 0, 1, 0, 0}},
    {"eqref_as_struct", wasm_eqref_as_struct, GCROOTS_HEAP_STRUCT, 0, {0, 0, 1, 0, 0, 0}},
    {"eqref_as_array", wasm_eqref_as_array, GCROOTS_HEAP_ARRAY, 0, {0, 0, 0, 1, 0, 0}},
};

/* Calls the function of gcroots.h whose status the rooting must have. */
static gcroots_status_t as_rooting(const struct rooting *rooting, gcroots_store_t *of,
                                   wasm_anyref_t ref, wasm_anyref_t *out) {
  gcroots_ref_type_t type = {NULL, rooting->heap, rooting->is_nullable};
  if (rooting->heap == ANYTHING) return gcroots_manually_rooted_clone(of, ref, out);
  return gcroots_ref_cast(of, ref.ref, type, out == NULL ? NULL : &out->ref);
}

/* The rooting refuses the handle, also when `out` is the handle's address. */
static void rooting_refused(const struct rooting *rooting, gcroots_status_t expected,
                            wasm_anyref_t ref) {
  wasm_anyref_t out = untouched_wasm(), kept = ref;
  REFUSED_AS(expected, as_rooting(rooting, store, ref, &out), rooting->call(store, &ref, &out));
  CHECK(same_bits(out.ref, untouched()));
  REFUSED_AS(expected, as_rooting(rooting, store, ref, &out), rooting->call(store, &ref, &ref));
  CHECK(same_bits(ref.ref, kept.ref));
}

static void question_refused(const struct question *question, gcroots_status_t expected,
                             gcroots_store_t *of, wasm_anyref_t ref) {
  gcroots_ref_type_t type = {NULL, question->heap, 0};
  bool is;
  REFUSED_AS(expected, gcroots_ref_test(of, ref.ref, type, &is), question->ask(of, &ref));
}

/* --- Types and objects --------------------------------------------------------- */

static gcroots_val_t field_at(wasm_structref_t ref, size_t index) {
  gcroots_val_t val;
  CHECK(wasm_structref_field(store, &ref, index, &val));
  return val;
}

/* --- Questions ----------------------------------------------------------------- */

CASE(each_question_is_answered_by_what_the_object_is) {
  wasm_anyref_t refs[REFERENCES];
  struct check_counts before;
  make_references(refs);
  before = check_count();
  leave_another_message();
  EACH(q, questions) {
    for (int kind = 0; kind < REFERENCES; ++kind)
      CHECK(questions[i_q].ask(store, &refs[kind]) == questions[i_q].answers[kind]);
    CHECK(!questions[i_q].ask(store, NULL));
  }
  CHECK(another_message_is_still_there() && same_counts(before, check_count()));
}

CASE(what_is_null_or_a_bad_handle_is_nothing) {
  EACH_BAD_HANDLE(bad) {
    wasm_anyref_t ref = {bad->ref};
    for (size_t i = 0; i < COUNT_OF(questions); ++i)
      question_refused(&questions[i], bad->status, store, ref);
  }
  EACH(q, questions) {
    question_refused(&questions[i_q], GCROOTS_ERROR_NULL_ARGUMENT, NULL, null_wasm());
  }
}

/* --- Rooting once more --------------------------------------------------------- */

/* The rooting accepts the reference and makes one manual root. */
static void rooting_succeeds(const struct rooting *rooting, wasm_anyref_t ref) {
  struct check_counts before = check_count(), after;
  wasm_anyref_t out = untouched_wasm();
  CHECK(rooting->call(store, &ref, &out));
  CHECK(same_object(out.ref, ref.ref));
  CHECK(wasm_anyref_is_null(&out) == wasm_anyref_is_null(&ref));
  CHECK(wasm_anyref_is_null(&ref) || !gcroots_ref_same_root(out.ref, ref.ref));
  after = check_count();
  CHECK(after.manual_roots == before.manual_roots + !wasm_anyref_is_null(&ref));
  OK(gcroots_manually_rooted_unroot(store, &out));
  CHECK(same_counts(before, check_count()));
}

CASE(each_rooting_takes_what_its_name_says_and_refuses_the_rest) {
  wasm_anyref_t refs[REFERENCES];
  make_references(refs);
  EACH(r, rootings) {
    for (int kind = 0; kind < REFERENCES; ++kind) {
      if (rootings[i_r].takes[kind])
        rooting_succeeds(&rootings[i_r], refs[kind]);
      else
        rooting_refused(&rootings[i_r], GCROOTS_ERROR_TYPE_MISMATCH, refs[kind]);
    }
  }
}

CASE(a_null_pointer_is_rooted_as_null) {
  EACH(r, rootings) {
    wasm_anyref_t out = untouched_wasm();
    if (rootings[i_r].is_nullable) {
      CHECK(rootings[i_r].call(store, NULL, &out) && wasm_anyref_is_null(&out));
    } else {
      REFUSED_AS(GCROOTS_ERROR_TYPE_MISMATCH, as_rooting(&rootings[i_r], store, null_wasm(), &out),
                 rootings[i_r].call(store, NULL, &out));
      CHECK(same_bits(out.ref, untouched()));
    }
  }
  CHECK(stats_of(store).manual_roots_max == 0 && stats_of(store).scoped_roots_max == 0);
}

CASE(rooting_makes_no_scoped_root_even_for_a_moment) {
  wasm_anyref_t refs[REFERENCES], out;
  uint64_t most;
  make_references(refs);
  most = stats_of(store).scoped_roots_max;
  for (uint64_t i = 0; i < most; ++i) new_local(gcroots_ref_null());
  EACH(r, rootings) {
    for (int kind = 0; kind < REFERENCES; ++kind)
      CHECK(rootings[i_r].call(store, &refs[kind], &out) == rootings[i_r].takes[kind]);
  }
  CHECK(stats_of(store).scoped_roots_max == most);
}

CASE(what_was_rooted_once_more_outlives_the_original) {
  wasm_anyref_t refs[REFERENCES], out;
  make_references(refs);
  EACH(r, rootings) {
    wasm_anyref_t ref;
    int kind = rootings[i_r].takes[STRUCT_] ? STRUCT_ : ARRAY;
    ref = kind == STRUCT_ ? pair_of(7, gcroots_ref_null()) : numbers_of(7, 1);
    CHECK(rootings[i_r].call(store, &ref, &out));
    wasm_anyref_unroot(&ref);
    OK(gcroots_store_gc(store));
    if (kind == STRUCT_)
      CHECK(field_i32(out.ref, 0) == 7);
    else
      CHECK(wasm_arrayref_set(store, &out, 0, &(gcroots_val_t){GCROOTS_STORAGE_I32, {8}}));
    wasm_anyref_unroot(&out);
  }
}

CASE(a_new_root_may_be_written_over_the_old) {
  wasm_anyref_t refs[REFERENCES];
  make_references(refs);
  EACH(r, rootings) {
    wasm_anyref_t ref = refs[rootings[i_r].takes[STRUCT_] ? STRUCT_ : ARRAY], old = ref;
    CHECK(rootings[i_r].call(store, &ref, &ref));
    CHECK(same_object(ref.ref, old.ref) && !gcroots_ref_same_root(ref.ref, old.ref));
    OK(gcroots_manually_rooted_unroot(store, &ref));
  }
}

CASE(each_rooting_refuses_null_pointers) {
  wasm_anyref_t refs[REFERENCES], out = untouched_wasm();
  make_references(refs);
  EACH(r, rootings) {
    for (int kind = 0; kind < REFERENCES; ++kind) {
      REFUSED_AS(GCROOTS_ERROR_NULL_ARGUMENT, as_rooting(&rootings[i_r], NULL, refs[kind], &out),
                 rootings[i_r].call(NULL, &refs[kind], &out));
      REFUSED_AS(GCROOTS_ERROR_NULL_ARGUMENT, as_rooting(&rootings[i_r], store, refs[kind], NULL),
                 rootings[i_r].call(store, &refs[kind], NULL));
    }
  }
  CHECK(same_bits(out.ref, untouched()));
}

CASE(each_rooting_refuses_bad_handles) {
  EACH_BAD_HANDLE(bad) {
    wasm_anyref_t ref = {bad->ref};
    for (size_t i = 0; i < COUNT_OF(rootings); ++i) rooting_refused(&rootings[i], bad->status, ref);
  }
}

CASE(a_scoped_handle_is_asked_and_not_rooted) {
  wasm_anyref_t refs[REFERENCES], scoped, out = untouched_wasm();
  make_references(refs);
  OK(gcroots_manually_rooted_to_rooted(store, refs[STRUCT_], &scoped.ref));
  CHECK(wasm_anyref_is_struct(store, &scoped) && field_at(scoped, 0).of.i32 == 1);
  EACH(r, rootings) {
    if (!rootings[i_r].takes[STRUCT_]) continue;
    REFUSED_AS(GCROOTS_ERROR_UNROOTED, gcroots_manually_rooted_clone(store, scoped, &out),
               rootings[i_r].call(store, &scoped, &out));
  }
  CHECK(same_bits(out.ref, untouched()));
}

CASE(rooting_without_memory_is_refused) {
  wasm_anyref_t refs[REFERENCES], out;
  make_references(refs);
  memory_out(true);
  while (wasm_anyref_clone(store, &refs[I31], &out)) {
  }
  out = untouched_wasm();
  EACH(r, rootings) {
    int kind = rootings[i_r].takes[STRUCT_] ? STRUCT_ : ARRAY;
    REFUSED_AS(GCROOTS_ERROR_OUT_OF_MEMORY, gcroots_manually_rooted_clone(store, refs[kind], &out),
               rootings[i_r].call(store, &refs[kind], &out));
  }
  CHECK(same_bits(out.ref, untouched()));
  memory_out(false);
  CHECK(wasm_anyref_as_struct(store, &refs[STRUCT_], &out));
  CHECK(same_object(out.ref, refs[STRUCT_].ref));
}

CASE(host_data_go_to_any_and_back) {
  static int host;
  wasm_externref_t ref = new_rooted(&host, NULL), back;
  wasm_anyref_t any;
  CHECK(wasm_anyref_convert_extern(store, &ref, &any));
  wasm_externref_unroot(&ref);
  OK(gcroots_store_gc(store));
  CHECK(!wasm_anyref_is_eqref(store, &any) && !wasm_anyref_is_null(&any));
  CHECK(wasm_externref_convert_any(store, &any, &back));
  CHECK(wasm_externref_data(store, &back) == &host && same_object(any.ref, back.ref));
}

/* --- Unrooting and null -------------------------------------------------------- */

static const struct {
  const char *name;
  void (*unroot)(wasm_anyref_t *ref);
  bool (*is_null)(const wasm_anyref_t *ref);
  void (*set_null)(wasm_anyref_t *ref);
} endings[] = {
    {"anyref", wasm_anyref_unroot, wasm_anyref_is_null, wasm_anyref_set_null},
    {"eqref", wasm_eqref_unroot, wasm_eqref_is_null, wasm_eqref_set_null},
    {"structref", wasm_structref_unroot, wasm_structref_is_null, wasm_structref_set_null},
    {"arrayref", wasm_arrayref_unroot, wasm_arrayref_is_null, wasm_arrayref_set_null},
    {"exnref", wasm_exnref_unroot, wasm_exnref_is_null, wasm_exnref_set_null},
    {"funcref", wasm_funcref_unroot, wasm_funcref_is_null, wasm_funcref_set_null},
};

CASE(unrooting_sets_to_null_and_ends_the_root) {
  use_types();
  EACH(e, endings) {
    wasm_structref_t ref = pair_of(1, gcroots_ref_null()), copy = ref;
    uint64_t objects = stats_of(store).objects;
    CHECK(!endings[i_e].is_null(&ref));
    endings[i_e].unroot(&ref);
    CHECK(same_bits(ref.ref, gcroots_ref_null()) && endings[i_e].is_null(&ref));
    OK(gcroots_store_gc(store));
    CHECK(stats_of(store).objects == objects - collects && stats_of(store).manual_roots == 0);
    REFUSED_AS(GCROOTS_ERROR_UNROOTED, gcroots_struct_get(store, copy.ref, 0, &(gcroots_val_t){0}),
               wasm_structref_field(store, &copy, 0, &(gcroots_val_t){0}));
    endings[i_e].unroot(&copy);
    endings[i_e].unroot(NULL);
    CHECK(endings[i_e].is_null(&copy) && endings[i_e].is_null(NULL));
  }
}

CASE(set_null_ends_no_root) {
  EACH(e, endings) {
    wasm_anyref_t ref = i31_of(6), copy = ref, ones;
    uint32_t value;
    memset(&ones, 0xff, sizeof ones);
    CHECK(!endings[i_e].is_null(&ones));
    endings[i_e].set_null(&ref);
    endings[i_e].set_null(&ones);
    endings[i_e].set_null(NULL);
    CHECK(same_bits(ref.ref, gcroots_ref_null()) && same_bits(ones.ref, gcroots_ref_null()));
    OK(gcroots_store_gc(store));
    CHECK(wasm_anyref_i31_get_u(store, &copy, &value) && value == 6);
  }
}

/* --- i31s ---------------------------------------------------------------------- */

CASE(an_i31_has_31_bits) {
  static const struct {
    uint32_t value, zeros;
    int32_t sign;
  } values[] = {
      {0, 0, 0},
      {1, 1, 1},
      {0x3fffffff, 0x3fffffff, 0x3fffffff},
      {0x40000000, 0x40000000, -0x40000000},
      {0x7fffffff, 0x7fffffff, -1},
      {0x80000000, 0, 0},
      {0x80000001, 1, 1},
      {0xffffffff, 0x7fffffff, -1},
  };
  for (size_t i = 0; i < COUNT_OF(values); ++i) {
    wasm_anyref_t any = untouched_wasm();
    wasm_eqref_t eq = untouched_wasm();
    uint32_t zeros[2] = {42, 42};
    int32_t sign[2] = {42, 42};
    CHECK(wasm_anyref_from_i31(store, values[i].value, &any));
    CHECK(wasm_eqref_from_i31(store, values[i].value, &eq));
    CHECK(wasm_anyref_i31_get_u(store, &any, &zeros[0]) && zeros[0] == values[i].zeros);
    CHECK(wasm_eqref_i31_get_u(store, &eq, &zeros[1]) && zeros[1] == values[i].zeros);
    CHECK(wasm_anyref_i31_get_s(store, &any, &sign[0]) && sign[0] == values[i].sign);
    CHECK(wasm_eqref_i31_get_s(store, &eq, &sign[1]) && sign[1] == values[i].sign);
    CHECK(same_object(any.ref, eq.ref) && !gcroots_ref_same_root(any.ref, eq.ref));
  }
  CHECK(stats_of(store).manual_roots == 2 * COUNT_OF(values));
  CHECK(stats_of(store).scoped_roots == 0 && stats_of(store).objects == 0);
}

/* Reading an integer refuses the handle with this status. */
static void i31_refused(gcroots_status_t expected, gcroots_store_t *of, const wasm_anyref_t *ref) {
  gcroots_ref_t handle = ref == NULL ? gcroots_ref_null() : ref->ref;
  uint32_t zeros = 42;
  int32_t sign = 42;
  REFUSED_AS(expected, gcroots_i31_get_u(of, handle, &zeros),
             wasm_anyref_i31_get_u(of, ref, &zeros));
  REFUSED_AS(expected, gcroots_i31_get_u(of, handle, &zeros),
             wasm_eqref_i31_get_u(of, ref, &zeros));
  REFUSED_AS(expected, gcroots_i31_get_s(of, handle, &sign), wasm_anyref_i31_get_s(of, ref, &sign));
  REFUSED_AS(expected, gcroots_i31_get_s(of, handle, &sign), wasm_eqref_i31_get_s(of, ref, &sign));
  CHECK(zeros == 42 && sign == 42);
}

CASE(the_integer_of_what_is_no_i31_is_refused) {
  wasm_anyref_t refs[REFERENCES];
  make_references(refs);
  i31_refused(GCROOTS_ERROR_NULL_REFERENCE, store, NULL);
  i31_refused(GCROOTS_ERROR_NULL_REFERENCE, store, &refs[NOTHING]);
  for (int kind = HOST; kind < REFERENCES; ++kind)
    if (kind != I31) i31_refused(GCROOTS_ERROR_TYPE_MISMATCH, store, &refs[kind]);
  i31_refused(GCROOTS_ERROR_NULL_ARGUMENT, NULL, &refs[I31]);
  REFUSED_AS(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_i31_get_u(store, refs[I31].ref, NULL),
             wasm_anyref_i31_get_u(store, &refs[I31], NULL));
  REFUSED_AS(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_i31_get_s(store, refs[I31].ref, NULL),
             wasm_eqref_i31_get_s(store, &refs[I31], NULL));
  EACH_BAD_HANDLE(bad) {
    wasm_anyref_t ref = {bad->ref};
    i31_refused(bad->status, store, &ref);
  }
}

/* --- Making, in each way ------------------------------------------------------- */

static bool make_pair(gcroots_store_t *of, wasm_anyref_t *out) {
  gcroots_val_t fields[2] = {val_i32(9), val_null()};
  return wasm_structref_new(of, pair, fields, 2, out);
}

static bool make_default_pair(gcroots_store_t *of, wasm_anyref_t *out) {
  return wasm_structref_new_default(of, pair, out);
}

static bool make_numbers(gcroots_store_t *of, wasm_anyref_t *out) {
  gcroots_val_t val = val_i32(9);
  return wasm_arrayref_new(of, numbers, &val, 4, out);
}

static bool make_default_numbers(gcroots_store_t *of, wasm_anyref_t *out) {
  return wasm_arrayref_new_default(of, numbers, 4, out);
}

static bool make_any_i31(gcroots_store_t *of, wasm_anyref_t *out) {
  return wasm_anyref_from_i31(of, 9, out);
}

static bool make_eq_i31(gcroots_store_t *of, wasm_anyref_t *out) {
  return wasm_eqref_from_i31(of, 9, out);
}

/* `objects` is how many objects the maker makes. */
static const struct maker {
  const char *name;
  bool (*make)(gcroots_store_t *store, wasm_anyref_t *out);
  uint64_t objects;
} makers[] = {
    {"structref_new", make_pair, 1},      {"structref_new_default", make_default_pair, 1},
    {"arrayref_new", make_numbers, 1},    {"arrayref_new_default", make_default_numbers, 1},
    {"anyref_from_i31", make_any_i31, 0}, {"eqref_from_i31", make_eq_i31, 0},
};

/* Making the object is refused with the reason of the last message, and leaves no root. */
static void maker_refused(const struct maker *maker) {
  struct check_counts before = check_count(), after;
  wasm_anyref_t out = untouched_wasm();
  char reason[512];
  snprintf(reason, sizeof reason, "%s", last_reason());
  leave_another_message();
  CHECK(!maker->make(store, &out));
  if (strcmp(last_reason(), reason) != 0)
    check_fail(__FILE__, __LINE__, "\"%s\" instead of \"%s\"", gcroots_last_error(), reason);
  after = check_count();
  CHECK(same_bits(out.ref, untouched()));
  CHECK(after.scoped_roots == before.scoped_roots && after.manual_roots == before.manual_roots);
}

CASE(each_makes_one_manual_root_and_leaves_no_scoped_one) {
  use_types();
  EACH(m, makers) {
    gcroots_scope_t scope = enter();
    struct check_counts before = check_count(), after;
    wasm_anyref_t ref = untouched_wasm();
    CHECK(makers[i_m].make(store, &ref) && !wasm_anyref_is_null(&ref));
    after = check_count();
    CHECK(after.manual_roots == before.manual_roots + 1);
    CHECK(after.scoped_roots == before.scoped_roots);
    OK(gcroots_scope_exit(store, scope));
    OK(gcroots_store_gc(store));
    CHECK(wasm_anyref_is_eqref(store, &ref));
    OK(gcroots_manually_rooted_unroot(store, &ref));
  }
}

CASE(making_refuses_null_pointers) {
  wasm_anyref_t out = untouched_wasm();
  use_types();
  EACH(m, makers) {
    REFUSED_AS(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_i31_new(NULL, 9, &out.ref),
               makers[i_m].make(NULL, &out));
    REFUSED_AS(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_i31_new(store, 9, NULL),
               makers[i_m].make(store, NULL));
  }
  CHECK(same_bits(out.ref, untouched()));
}

CASE(without_memory_for_its_root_no_root_is_left) {
  wasm_anyref_t kept = i31_of(9), out;
  uint64_t objects;
  use_types();
  EACH(m, makers) {
    CHECK(makers[i_m].make(store, &out));
    OK(gcroots_manually_rooted_unroot(store, &out));
  }
  OK(gcroots_store_gc(store));
  objects = stats_of(store).objects;
  memory_out(true);
  while (wasm_anyref_clone(store, &kept, &out)) {
  }
  EACH(m, makers) {
    uint64_t before = stats_of(store).objects;
    REFUSED(GCROOTS_ERROR_OUT_OF_MEMORY, gcroots_manually_rooted_clone(store, kept, &out));
    maker_refused(&makers[i_m]);
    /* The object was made before the call failed to root it. */
    CHECK(stressed || stats_of(store).objects == before + makers[i_m].objects);
  }
  memory_out(false);
  OK(gcroots_store_gc(store));
  CHECK(!collects || stats_of(store).objects == objects);
  EACH(m, makers) {
    CHECK(makers[i_m].make(store, &out));
  }
}

CASE(without_memory_for_a_scope_nothing_is_made) {
  gcroots_scope_t scope;
  uint64_t objects;
  use_types();
  memory_out(true);
  while (gcroots_scope_enter(store, &scope) == GCROOTS_OK) {
  }
  objects = stats_of(store).objects;
  EACH(m, makers) {
    REFUSED(GCROOTS_ERROR_OUT_OF_MEMORY, gcroots_scope_enter(store, &scope));
    maker_refused(&makers[i_m]);
  }
  memory_out(false);
  CHECK(stats_of(store).objects == objects);
}

CASE(a_full_heap_refuses_until_a_root_ends) {
  enum { MOST = (64 << 10) / 16 + 1 };
  static wasm_anyref_t made[MOST];
  use_stores_with(variant_config(64 << 10));
  use_types();
  EACH(m, makers) {
    wasm_anyref_t out = untouched_wasm();
    int count = 0;
    if (makers[i_m].objects == 0) continue;
    while (count < MOST && makers[i_m].make(store, &made[count])) ++count;
    CHECK(count > 0 && count < MOST && strstr(gcroots_last_error(), "limit") != NULL);
    maker_refused(&makers[i_m]);
    CHECK(stats_of(store).manual_roots == (uint64_t)count && stats_of(store).scoped_roots == 0);
    wasm_anyref_unroot(&made[count / 2]);
    CHECK(makers[i_m].make(store, &out) == collects);
    OK(gcroots_store_free(store));
    OK(gcroots_store_new(engine, &store));
  }
}

CASE(a_full_heap_refuses_inside_a_no_gc_span) {
  wasm_anyref_t kept, out;
  use_stores_with(variant_config(32 << 10));
  use_types();
  kept = numbers_of(1, 1);
  OK(gcroots_no_gc_enter(store));
  EACH(m, makers) {
    if (makers[i_m].objects == 0) {
      CHECK(makers[i_m].make(store, &out));
      continue;
    }
    while (makers[i_m].make(store, &out)) wasm_anyref_unroot(&out);
    REFUSED(collects ? GCROOTS_ERROR_NO_GC : GCROOTS_ERROR_OUT_OF_MEMORY,
            i_m < 2 ? gcroots_struct_new_default(store, pair, &out.ref)
                    : gcroots_array_new_default(store, numbers, 4, &out.ref));
    maker_refused(&makers[i_m]);
  }
  OK(gcroots_no_gc_exit(store));
  CHECK(make_pair(store, &out) == collects && wasm_anyref_is_array(store, &kept));
}

static int finalized;

static void leave_scopes_open(void *data) {
  for (int i = 0; i < 3; ++i) {
    enter();
    new_externref(NULL);
  }
  count_call(data);
}

CASE(a_finalizer_inside_a_making_leaves_nothing_behind) {
  gcroots_config_t *config = variant_config(0);
  if (collects) OK(gcroots_config_set_stress(config, 1));
  use_stores_with(config);
  use_types();
  EACH(m, makers) {
    gcroots_scope_t scope;
    wasm_externref_t dying;
    wasm_anyref_t out;
    struct check_counts before;
    if (makers[i_m].objects == 0 || !collects) continue;
    scope = enter();
    dying = new_rooted(&finalized, leave_scopes_open);
    before = check_count();
    wasm_externref_unroot(&dying);
    CHECK(makers[i_m].make(store, &out) && wasm_anyref_is_eqref(store, &out));
    CHECK(check_count().finalizers_run == before.finalizers_run + 1);
    CHECK(check_count().scoped_roots == before.scoped_roots);
    OK(gcroots_scope_exit(store, scope));
  }
  CHECK(finalized == (collects ? 4 : 0));
}

/* --- Structs ------------------------------------------------------------------- */

CASE(a_struct_has_the_values_that_it_was_made_of) {
  wasm_anyref_t second;
  wasm_structref_t ref, made;
  use_types();
  second = i31_of(3);
  ref = pair_of(-5, second.ref);
  CHECK(wasm_structref_new_default(store, pair, &made));
  OK(gcroots_store_gc(store));
  CHECK(same_val(field_at(ref, 0), val_i32(-5)) && same_val(field_at(ref, 1), val_ref(second.ref)));
  CHECK(same_val(field_at(made, 0), val_i32(0)) && same_val(field_at(made, 1), val_null()));
  CHECK(wasm_structref_new(store, new_struct(NULL, 0), NULL, 0, &made));
}

CASE(a_new_struct_may_be_written_over_what_it_refers_to) {
  wasm_structref_t ref;
  gcroots_val_t fields[2] = {val_i32(2), val_null()};
  use_types();
  ref = pair_of(1, gcroots_ref_null());
  fields[1] = val_ref(ref.ref);
  CHECK(wasm_structref_new(store, pair, fields, 2, &ref));
  CHECK(field_at(ref, 0).of.i32 == 2 && field_i32(field_at(ref, 1).of.ref, 0) == 1);
  fields[1] = val_ref(ref.ref);
  CHECK(wasm_structref_new(store, pair, fields, 2, (wasm_structref_t *)&fields[1].of.ref));
  CHECK(same_object(field_ref(fields[1].of.ref, 1), ref.ref));
}

/* Making a struct is refused with this status. */
static void struct_refused(gcroots_status_t expected, const gcroots_type_t *type,
                           const gcroots_val_t *fields, size_t count) {
  wasm_structref_t out = untouched_wasm();
  REFUSED_AS(expected, gcroots_struct_new(store, type, fields, count, &out.ref),
             wasm_structref_new(store, type, fields, count, &out));
  CHECK(same_bits(out.ref, untouched()));
}

static void default_struct_refused(gcroots_status_t expected, const gcroots_type_t *type) {
  wasm_structref_t out = untouched_wasm();
  REFUSED_AS(expected, gcroots_struct_new_default(store, type, &out.ref),
             wasm_structref_new_default(store, type, &out));
  CHECK(same_bits(out.ref, untouched()));
}

/* A type like that of `pair`, of another engine. */
static gcroots_type_t *foreign_type(void) {
  gcroots_engine_t *mine = engine;
  gcroots_type_t *type;
  OK(gcroots_engine_new(NULL, &engine));
  type = STRUCT_TYPE(mutable_of(GCROOTS_STORAGE_I32), any_field());
  gcroots_engine_free(engine);
  engine = mine;
  return type;
}

CASE(structs_of_bad_types_and_values_are_refused) {
  gcroots_val_t fields[2] = {val_i32(1), val_null()}, swapped[2] = {val_null(), val_i32(1)};
  gcroots_type_t *foreign = foreign_type(), *never_null = STRUCT_TYPE(ref_to(GCROOTS_HEAP_EQ));
  use_types();
  struct_refused(GCROOTS_ERROR_NULL_ARGUMENT, NULL, fields, 2);
  struct_refused(GCROOTS_ERROR_NULL_ARGUMENT, pair, NULL, 2);
  struct_refused(GCROOTS_ERROR_TYPE_MISMATCH, numbers, fields, 2);
  struct_refused(GCROOTS_ERROR_WRONG_ENGINE, foreign, fields, 2);
  struct_refused(GCROOTS_ERROR_INVALID_ARGUMENT, pair, fields, 1);
  struct_refused(GCROOTS_ERROR_TYPE_MISMATCH, pair, swapped, 2);
  struct_refused(GCROOTS_ERROR_NULL_REFERENCE, never_null, &fields[1], 1);
  fields[1].kind = UINT32_MAX;
  struct_refused(GCROOTS_ERROR_INVALID_ARGUMENT, pair, fields, 2);
  default_struct_refused(GCROOTS_ERROR_NULL_ARGUMENT, NULL);
  default_struct_refused(GCROOTS_ERROR_TYPE_MISMATCH, numbers);
  default_struct_refused(GCROOTS_ERROR_TYPE_MISMATCH, never_null);
  default_struct_refused(GCROOTS_ERROR_WRONG_ENGINE, foreign);
  EACH_BAD_HANDLE(bad) {
    fields[1] = val_ref(bad->ref);
    struct_refused(bad->status, pair, fields, 2);
  }
  gcroots_type_free(foreign);
  gcroots_type_free(never_null);
}

CASE(fields_are_set_and_read_of_each_storage) {
  gcroots_type_t *mixed = new_mixed();
  wasm_structref_t ref;
  wasm_anyref_t any = i31_of(8);
  CHECK(wasm_structref_new_default(store, mixed, &ref));
  for (gcroots_storage_t storage = 0; storage < STORAGES; ++storage) {
    gcroots_val_t val = val_made_of(storage, storage);
    if (storage == GCROOTS_STORAGE_REF) val = val_ref(any.ref);
    CHECK(wasm_structref_set_field(store, &ref, storage, &val));
    CHECK(same_val(field_at(ref, storage), val) && same_val(get_field(ref.ref, storage), val));
  }
  gcroots_type_free(mixed);
}

CASE(a_reference_that_was_read_ends_with_its_scope) {
  wasm_structref_t ref;
  wasm_anyref_t inner, kept;
  gcroots_scope_t scope;
  gcroots_val_t val;
  use_types();
  inner = pair_of(4, gcroots_ref_null());
  ref = pair_of(3, inner.ref);
  wasm_anyref_unroot(&inner);
  OK(gcroots_store_gc(store));
  scope = enter();
  val = field_at(ref, 1);
  kept = root(val.of.ref);
  CHECK(check_count().scoped_roots == 1);
  OK(gcroots_scope_exit(store, scope));
  REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_struct_get(store, val.of.ref, 0, &val));
  wasm_structref_unroot(&ref);
  OK(gcroots_store_gc(store));
  CHECK(wasm_anyref_as_struct(store, &kept, &ref) && field_at(ref, 0).of.i32 == 4);
}

/* Reading and setting a field are refused with this status. */
static void fields_refused(gcroots_status_t expected, gcroots_store_t *of,
                           const wasm_structref_t *ref, size_t index) {
  gcroots_ref_t handle = ref == NULL ? gcroots_ref_null() : ref->ref;
  gcroots_val_t out = untouched_val(), val = val_i32(1);
  REFUSED_AS(expected, gcroots_struct_get(of, handle, index, &out),
             wasm_structref_field(of, ref, index, &out));
  REFUSED_AS(expected, gcroots_struct_set(of, handle, index, &val),
             wasm_structref_set_field(of, ref, index, &val));
  CHECK(is_untouched(out));
}

CASE(fields_of_what_is_no_struct_are_refused) {
  wasm_anyref_t refs[REFERENCES];
  make_references(refs);
  fields_refused(GCROOTS_ERROR_NULL_REFERENCE, store, NULL, 0);
  fields_refused(GCROOTS_ERROR_NULL_REFERENCE, store, &refs[NOTHING], 0);
  for (int kind = HOST; kind < REFERENCES; ++kind)
    if (kind != STRUCT_) fields_refused(GCROOTS_ERROR_TYPE_MISMATCH, store, &refs[kind], 0);
  fields_refused(GCROOTS_ERROR_NULL_ARGUMENT, NULL, &refs[STRUCT_], 0);
  fields_refused(GCROOTS_ERROR_OUT_OF_BOUNDS, store, &refs[STRUCT_], 2);
  fields_refused(GCROOTS_ERROR_OUT_OF_BOUNDS, store, &refs[STRUCT_], SIZE_MAX);
  EACH_BAD_HANDLE(bad) {
    wasm_structref_t ref = {bad->ref};
    fields_refused(bad->status, store, &ref, 0);
  }
}

/* Setting a field of a good struct is refused with this status. */
static void value_refused(gcroots_status_t expected, wasm_structref_t ref, size_t index,
                          const gcroots_val_t *value) {
  gcroots_val_t before = get_field(ref.ref, index);
  REFUSED_AS(expected, gcroots_struct_set(store, ref.ref, index, value),
             wasm_structref_set_field(store, &ref, index, value));
  CHECK(same_val(get_field(ref.ref, index), before));
}

CASE(values_that_a_field_does_not_take_are_refused) {
  gcroots_type_t *immutable = STRUCT_TYPE(plain(GCROOTS_STORAGE_I32));
  gcroots_type_t *never_null = STRUCT_TYPE(mutable_(ref_to(GCROOTS_HEAP_I31)));
  gcroots_val_t number = val_i32(1), null_value = val_null(), none = val_of(STORAGES), of_bad;
  wasm_structref_t ref, fixed, owner;
  wasm_anyref_t i31 = i31_of(1);
  gcroots_val_t i31_value = val_ref(i31.ref);
  use_types();
  ref = pair_of(1, i31.ref);
  CHECK(wasm_structref_new(store, immutable, &number, 1, &fixed));
  CHECK(wasm_structref_new(store, never_null, &i31_value, 1, &owner));
  value_refused(GCROOTS_ERROR_NULL_ARGUMENT, ref, 0, NULL);
  value_refused(GCROOTS_ERROR_INVALID_ARGUMENT, ref, 0, &none);
  value_refused(GCROOTS_ERROR_TYPE_MISMATCH, ref, 0, &null_value);
  value_refused(GCROOTS_ERROR_TYPE_MISMATCH, ref, 1, &number);
  value_refused(GCROOTS_ERROR_IMMUTABLE, fixed, 0, &number);
  value_refused(GCROOTS_ERROR_NULL_REFERENCE, owner, 0, &null_value);
  of_bad = val_ref(ref.ref);
  value_refused(GCROOTS_ERROR_TYPE_MISMATCH, owner, 0, &of_bad);
  REFUSED_AS(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_struct_get(store, ref.ref, 0, NULL),
             wasm_structref_field(store, &ref, 0, NULL));
  EACH_BAD_HANDLE(bad) {
    of_bad = val_ref(bad->ref);
    value_refused(bad->status, ref, 1, &of_bad);
  }
  gcroots_type_free(immutable);
  gcroots_type_free(never_null);
}

/* --- Arrays -------------------------------------------------------------------- */

static gcroots_val_t element_at(wasm_arrayref_t ref, uint32_t index) {
  gcroots_val_t val;
  CHECK(wasm_arrayref_get(store, &ref, index, &val));
  return val;
}

CASE(an_array_has_a_length_and_elements) {
  wasm_arrayref_t ref, zeros, empty;
  gcroots_val_t val = val_i32(6);
  uint32_t length = 42;
  use_types();
  ref = numbers_of(5, 3);
  CHECK(wasm_arrayref_len(store, &ref, &length) && length == 3);
  CHECK(wasm_arrayref_set(store, &ref, 1, &val));
  OK(gcroots_store_gc(store));
  CHECK(element_at(ref, 0).of.i32 == 5 && element_at(ref, 1).of.i32 == 6);
  CHECK(element_at(ref, 2).of.i32 == 5);
  CHECK(wasm_arrayref_new_default(store, numbers, 2, &zeros));
  CHECK(same_val(element_at(zeros, 1), val_i32(0)));
  empty = numbers_of(0, 0);
  CHECK(wasm_arrayref_len(store, &empty, &length) && length == 0);
}

CASE(an_array_keeps_what_its_elements_refer_to) {
  gcroots_type_t *type = new_array(any_field());
  wasm_anyref_t inner;
  wasm_arrayref_t ref;
  gcroots_val_t val;
  use_types();
  inner = pair_of(4, gcroots_ref_null());
  val = val_ref(inner.ref);
  CHECK(wasm_arrayref_new(store, type, &val, 2, &ref));
  wasm_anyref_unroot(&inner);
  OK(gcroots_store_gc(store));
  CHECK(field_i32(element_at(ref, 1).of.ref, 0) == 4);
  val = val_null();
  CHECK(wasm_arrayref_set(store, &ref, 1, &val) && same_val(element_at(ref, 1), val));
  gcroots_type_free(type);
}

/* Making an array is refused with this status. */
static void array_refused(gcroots_status_t expected, const gcroots_type_t *type,
                          const gcroots_val_t *value) {
  wasm_arrayref_t out = untouched_wasm();
  REFUSED_AS(expected, gcroots_array_new(store, type, value, 2, &out.ref),
             wasm_arrayref_new(store, type, value, 2, &out));
  CHECK(same_bits(out.ref, untouched()));
}

static void default_array_refused(gcroots_status_t expected, const gcroots_type_t *type) {
  wasm_arrayref_t out = untouched_wasm();
  REFUSED_AS(expected, gcroots_array_new_default(store, type, 2, &out.ref),
             wasm_arrayref_new_default(store, type, 2, &out));
  CHECK(same_bits(out.ref, untouched()));
}

CASE(arrays_of_bad_types_and_values_are_refused) {
  gcroots_val_t number = val_i32(1), null_value = val_null(), none = val_of(STORAGES), of_bad;
  gcroots_type_t *foreign = foreign_type(), *refs = new_array(any_field());
  gcroots_type_t *never_null = new_array(ref_to(GCROOTS_HEAP_EQ));
  use_types();
  array_refused(GCROOTS_ERROR_NULL_ARGUMENT, NULL, &number);
  array_refused(GCROOTS_ERROR_NULL_ARGUMENT, numbers, NULL);
  array_refused(GCROOTS_ERROR_TYPE_MISMATCH, pair, &number);
  array_refused(GCROOTS_ERROR_WRONG_ENGINE, foreign, &number);
  array_refused(GCROOTS_ERROR_TYPE_MISMATCH, numbers, &null_value);
  array_refused(GCROOTS_ERROR_NULL_REFERENCE, never_null, &null_value);
  array_refused(GCROOTS_ERROR_INVALID_ARGUMENT, numbers, &none);
  default_array_refused(GCROOTS_ERROR_NULL_ARGUMENT, NULL);
  default_array_refused(GCROOTS_ERROR_TYPE_MISMATCH, pair);
  default_array_refused(GCROOTS_ERROR_TYPE_MISMATCH, never_null);
  default_array_refused(GCROOTS_ERROR_WRONG_ENGINE, foreign);
  EACH_BAD_HANDLE(bad) {
    of_bad = val_ref(bad->ref);
    array_refused(bad->status, refs, &of_bad);
  }
  gcroots_type_free(foreign);
  gcroots_type_free(refs);
  gcroots_type_free(never_null);
}

CASE(an_array_that_no_heap_holds_is_refused) {
  wasm_arrayref_t out = untouched_wasm();
  use_types();
  REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_OUT_OF_MEMORY,
                           gcroots_array_new_default(store, numbers, UINT32_MAX, &out.ref));
  CHECK(!wasm_arrayref_new_default(store, numbers, UINT32_MAX, &out));
  CHECK(same_bits(out.ref, untouched()) && stats_of(store).scoped_roots == 0);
}

/* Reading and setting an element are refused with this status. */
static void elements_refused(gcroots_status_t expected, gcroots_store_t *of,
                             const wasm_arrayref_t *ref, uint32_t index) {
  gcroots_ref_t handle = ref == NULL ? gcroots_ref_null() : ref->ref;
  gcroots_val_t out = untouched_val(), val = val_i32(1);
  REFUSED_AS(expected, gcroots_array_get(of, handle, index, &out),
             wasm_arrayref_get(of, ref, index, &out));
  REFUSED_AS(expected, gcroots_array_set(of, handle, index, &val),
             wasm_arrayref_set(of, ref, index, &val));
  CHECK(is_untouched(out));
}

/* Accessing an element and reading the length are refused with this status. */
static void array_access_refused(gcroots_status_t expected, gcroots_store_t *of,
                                 const wasm_arrayref_t *ref) {
  uint32_t length = 42;
  size_t long_length;
  elements_refused(expected, of, ref, 0);
  REFUSED_AS(expected,
             gcroots_array_len(of, ref == NULL ? gcroots_ref_null() : ref->ref, &long_length),
             wasm_arrayref_len(of, ref, &length));
  CHECK(length == 42);
}

CASE(elements_of_what_is_no_array_are_refused) {
  wasm_anyref_t refs[REFERENCES];
  make_references(refs);
  array_access_refused(GCROOTS_ERROR_NULL_REFERENCE, store, NULL);
  array_access_refused(GCROOTS_ERROR_NULL_REFERENCE, store, &refs[NOTHING]);
  for (int kind = HOST; kind < REFERENCES; ++kind)
    if (kind != ARRAY) array_access_refused(GCROOTS_ERROR_TYPE_MISMATCH, store, &refs[kind]);
  array_access_refused(GCROOTS_ERROR_NULL_ARGUMENT, NULL, &refs[ARRAY]);
  elements_refused(GCROOTS_ERROR_OUT_OF_BOUNDS, store, &refs[ARRAY], 3);
  elements_refused(GCROOTS_ERROR_OUT_OF_BOUNDS, store, &refs[ARRAY], UINT32_MAX);
  EACH_BAD_HANDLE(bad) {
    wasm_arrayref_t ref = {bad->ref};
    array_access_refused(bad->status, store, &ref);
  }
}

/* Setting an element of a good array is refused with this status. */
static void element_refused(gcroots_status_t expected, wasm_arrayref_t ref,
                            const gcroots_val_t *value) {
  gcroots_val_t before = element_at(ref, 0);
  REFUSED_AS(expected, gcroots_array_set(store, ref.ref, 0, value),
             wasm_arrayref_set(store, &ref, 0, value));
  CHECK(same_val(element_at(ref, 0), before));
}

CASE(values_that_an_element_does_not_take_are_refused) {
  gcroots_type_t *immutable = new_array(plain(GCROOTS_STORAGE_I32)), *any = new_array(any_field());
  gcroots_val_t number = val_i32(1), null_value = val_null(), none = val_of(STORAGES), of_bad;
  wasm_arrayref_t ref, fixed, owner;
  use_types();
  ref = numbers_of(1, 1);
  CHECK(wasm_arrayref_new(store, immutable, &number, 1, &fixed));
  CHECK(wasm_arrayref_new(store, any, &null_value, 1, &owner));
  element_refused(GCROOTS_ERROR_NULL_ARGUMENT, ref, NULL);
  element_refused(GCROOTS_ERROR_INVALID_ARGUMENT, ref, &none);
  element_refused(GCROOTS_ERROR_TYPE_MISMATCH, ref, &null_value);
  element_refused(GCROOTS_ERROR_TYPE_MISMATCH, owner, &number);
  element_refused(GCROOTS_ERROR_IMMUTABLE, fixed, &number);
  REFUSED_AS(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_array_get(store, ref.ref, 0, NULL),
             wasm_arrayref_get(store, &ref, 0, NULL));
  REFUSED_AS(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_array_len(store, ref.ref, NULL),
             wasm_arrayref_len(store, &ref, NULL));
  EACH_BAD_HANDLE(bad) {
    of_bad = val_ref(bad->ref);
    element_refused(bad->status, owner, &of_bad);
  }
  gcroots_type_free(immutable);
  gcroots_type_free(any);
}

/* --- At the wrong time --------------------------------------------------------- */

static wasm_anyref_t shared[REFERENCES];

/* Every function that takes a store refuses with this status. */
static void every_call_is_refused_with(gcroots_status_t status) {
  wasm_anyref_t out = untouched_wasm();
  gcroots_scope_t scope;
  EACH(q, questions) {
    question_refused(&questions[i_q], status, store, shared[STRUCT_]);
  }
  EACH(r, rootings) {
    rooting_refused(&rootings[i_r], status, shared[STRUCT_]);
    rooting_refused(&rootings[i_r], status, untouched_wasm());
  }
  EACH(m, makers) {
    REFUSED_AS(status, gcroots_scope_enter(store, &scope), makers[i_m].make(store, &out));
  }
  i31_refused(status, store, &shared[I31]);
  fields_refused(status, store, &shared[STRUCT_], 0);
  array_access_refused(status, store, &shared[ARRAY]);
  CHECK(same_bits(out.ref, untouched()));
}

static void every_call_is_of_the_wrong_thread(void) {
  every_call_is_refused_with(GCROOTS_ERROR_WRONG_THREAD);
}

CASE(another_threads_calls_are_refused) {
  make_references(shared);
  on_another_thread(every_call_is_of_the_wrong_thread);
  OK(gcroots_store_detach(store));
  every_call_is_of_the_wrong_thread();
  OK(gcroots_store_attach(store));
  CHECK(field_at(shared[STRUCT_], 0).of.i32 == 1);
}

static void unroot_shared(void) {
  wasm_structref_unroot(&shared[STRUCT_]);
  wasm_arrayref_unroot(&shared[ARRAY]);
  wasm_eqref_unroot(&shared[I31]);
  wasm_exnref_unroot(&shared[EXN]);
  wasm_funcref_unroot(&shared[FUNC]);
}

CASE(another_thread_may_unroot) {
  make_references(shared);
  on_another_thread(unroot_shared);
  OK(gcroots_store_gc(store));
  CHECK(stats_of(store).manual_roots == 1 && stats_of(store).stale_unroots == 0);
  CHECK(!collects || stats_of(store).objects == 1);
  CHECK(wasm_structref_is_null(&shared[STRUCT_]) && wasm_anyref_is_null(&shared[EXN]));
}

static void every_call_is_busy(void *data) {
  count_call(data);
  every_call_is_refused_with(GCROOTS_ERROR_BUSY);
}

CASE(calls_in_the_deletion_of_the_store_are_refused) {
  make_references(shared);
  new_rooted(&finalized, every_call_is_busy);
  free_store();
  CHECK(finalized == 1);
}

static void use_inside(void *data) {
  wasm_structref_t ref = pair_of(7, shared[ARRAY].ref);
  count_call(data);
  OK(gcroots_store_gc(store));
  CHECK(wasm_structref_to_eqref(store, &ref, &shared[STRUCT_]));
  CHECK(element_at(shared[ARRAY], 2).of.i32 == 2);
  wasm_structref_unroot(&ref);
}

CASE(a_finalizer_may_call_everything) {
  make_references(shared);
  if (!run_as_finalizer(use_inside, &finalized)) return;
  OK(gcroots_store_gc(store));
  CHECK(finalized == 1 && field_at(shared[STRUCT_], 0).of.i32 == 7);
  CHECK(same_object(field_at(shared[STRUCT_], 1).of.ref, shared[ARRAY].ref));
}

static void every_call_is_of_another_store(void) {
  gcroots_val_t val = val_ref(shared[STRUCT_].ref);
  EACH(q, questions) {
    question_refused(&questions[i_q], GCROOTS_ERROR_WRONG_STORE, store, shared[STRUCT_]);
  }
  EACH(r, rootings) {
    rooting_refused(&rootings[i_r], GCROOTS_ERROR_WRONG_STORE, shared[ARRAY]);
  }
  i31_refused(GCROOTS_ERROR_WRONG_STORE, store, &shared[I31]);
  fields_refused(GCROOTS_ERROR_WRONG_STORE, store, &shared[STRUCT_], 0);
  array_access_refused(GCROOTS_ERROR_WRONG_STORE, store, &shared[ARRAY]);
  value_refused(GCROOTS_ERROR_WRONG_STORE, pair_of(1, gcroots_ref_null()), 1, &val);
}

CASE(handles_of_another_and_of_a_deleted_store_are_refused) {
  gcroots_store_t *mine = store;
  make_references(shared);
  store = another_store();
  every_call_is_of_another_store();
  OK(gcroots_store_free(mine));
  every_call_is_of_another_store();
  store = another, another = NULL;
}
