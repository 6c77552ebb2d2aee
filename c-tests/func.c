/* Functions: what they are called with, what they may do, and what is refused. */
#include "kinds.h"

#define IGNORED(of, args, nargs, results, nresults) \
  ((void)(of), (void)(args), (void)(nargs), (void)(results), (void)(nresults))

/* The signature of a callback. */
#define CALLBACK(name)                                                                    \
  static gcroots_status_t name(void *env, gcroots_store_t *of, const gcroots_val_t *args, \
                               size_t nargs, gcroots_val_t *results, size_t nresults)

/* How often callbacks ran. */
static int calls;

/* Returns its arguments, in their order. */
CALLBACK(answer_args) {
  (void)env, (void)of;
  CHECK(nargs == nresults);
  memcpy(results, args, nargs * sizeof *args);
  calls++;
  return GCROOTS_OK;
}

/* The values that answer_planned() returns. */
static gcroots_val_t planned[4];
static gcroots_status_t planned_status;

CALLBACK(answer_planned) {
  (void)env, (void)of, (void)args, (void)nargs;
  memcpy(results, planned, nresults * sizeof *planned);
  calls++;
  return planned_status;
}

/* The bodies that run_env() can run. */
struct body {
  void (*run)(void);
};
static struct body bodies[8];
static size_t body_count;

/* Runs the body that is its env. */
CALLBACK(run_env) {
  IGNORED(of, args, nargs, results, nresults);
  calls++;
  ((struct body *)env)->run();
  return GCROOTS_OK;
}

/* Makes a function of a type that nothing else refers to. */
static gcroots_ref_t func_of(const gcroots_field_type_t *params, size_t nparams,
                             const gcroots_field_type_t *results, size_t nresults,
                             gcroots_callback_t callback, void *env) {
  gcroots_type_t *type = new_func(params, nparams, results, nresults);
  gcroots_ref_t ref = make_func(type, callback, env);
  gcroots_type_free(type);
  return ref;
}

/* Makes a function that takes and returns references to anything. */
static gcroots_ref_t func_of_refs(size_t nparams, size_t nresults, gcroots_callback_t callback,
                                  void *env) {
  gcroots_field_type_t fields[32];
  for (int i = 0; i < 32; i++) fields[i] = or_null(ref_to(GCROOTS_HEAP_ANY));
  return func_of(fields, nparams, fields, nresults, callback, env);
}

static gcroots_ref_t func_that_runs(void (*run)(void)) {
  CHECK(body_count < COUNT_OF(bodies));
  bodies[body_count].run = run;
  return func_of(NULL, 0, NULL, 0, run_env, &bodies[body_count++]);
}

static void call0(gcroots_ref_t func) {
  OK(gcroots_func_call(store, func, NULL, 0, NULL, 0));
}

/* Runs the body in a host function. */
static void inside(void (*body)(void)) {
  int before = calls;
  call0(func_that_runs(body));
  CHECK(calls > before);
}

/* The call returns this status, writes no result, and runs the callback `ran` times. */
static void call_refused(const char *text, gcroots_status_t expected, gcroots_ref_t func,
                         const gcroots_val_t *args, size_t nargs, size_t nresults, int ran) {
  gcroots_val_t results[4] = {untouched_val(), untouched_val(), untouched_val(), untouched_val()};
  int before = calls;
  uint64_t roots = stats_of(store).scoped_roots;
  REFUSED_AFTER_COLLECTION(expected,
                           gcroots_func_call(store, func, args, nargs, results, nresults));
  CHECK(stats_of(store).scoped_roots == roots && calls == before + ran);
  for (int i = 0; i < 4; i++) CHECK(is_untouched(results[i]));
  if (strstr(gcroots_last_error(), text) == NULL)
    check_fail(__FILE__, __LINE__, "no \"%s\" in \"%s\"", text, gcroots_last_error());
}

/* --- Values ------------------------------------------------------------------ */

/* One value of each storage type that is not packed. */
enum { VALUES = GCROOTS_STORAGE_REF - GCROOTS_STORAGE_I32 + 1 };
static gcroots_field_type_t of_each[VALUES];

static void fill_of_each(void) {
  for (gcroots_storage_t i = 0; i < VALUES; i++)
    of_each[i] = i == VALUES - 1 ? any_field() : plain(GCROOTS_STORAGE_I32 + i);
}

CASE(values_of_every_kind_come_and_go) {
  gcroots_val_t args[VALUES], results[VALUES];
  gcroots_ref_t func;
  fill_of_each();
  func = func_of(of_each, VALUES, of_each, VALUES, answer_args, NULL);
  for (uint32_t round = 0; round < 50; round++) {
    for (gcroots_storage_t i = 0; i < VALUES; i++)
      args[i] = val_made_of(GCROOTS_STORAGE_I32 + i, round);
    if (round % 2 != 0) args[VALUES - 1] = val_ref(new_externref(&calls));
    OK(gcroots_func_call(store, func, args, VALUES, results, VALUES));
    for (int i = 0; i < VALUES; i++) CHECK(same_val(results[i], args[i]));
  }
  CHECK(calls == 50);
}

CALLBACK(results_are_defaults) {
  gcroots_val_t zeros = val_null();
  (void)env, (void)of, (void)args;
  CHECK(nargs == 0 && nresults == VALUES);
  for (gcroots_storage_t i = 0; i < VALUES; i++) {
    CHECK(results[i].kind == GCROOTS_STORAGE_I32 + i);
    CHECK(memcmp(&results[i].of, &zeros.of, sizeof zeros.of) == 0);
  }
  return GCROOTS_OK;
}

CASE(results_that_a_callback_leaves_are_zeros_and_null) {
  gcroots_val_t results[VALUES];
  gcroots_ref_t func;
  fill_of_each();
  func = func_of(NULL, 0, of_each, VALUES, results_are_defaults, NULL);
  for (int round = 0; round < 3; round++) {
    memset(results, 0x5a, sizeof results);
    OK(gcroots_func_call(store, func, NULL, 0, results, VALUES));
    for (gcroots_storage_t i = 0; i < VALUES; i++)
      CHECK(same_val(results[i], val_of(GCROOTS_STORAGE_I32 + i)));
  }
}

CASE(a_default_that_is_not_taken_is_refused) {
  gcroots_field_type_t result = ref_to(GCROOTS_HEAP_ANY);
  gcroots_ref_t func = func_of(NULL, 0, &result, 1, answer_ok, NULL);
  call_refused("result 0", GCROOTS_ERROR_NULL_REFERENCE, func, NULL, 0, 1, 0);
}

CASE(any_number_of_values_is_passed) {
  enum { MOST = 1000 };
  static const size_t counts[] = {0, 1, 2, 7, 8, 9, 16, 17, 20, 100, MOST};
  static gcroots_field_type_t fields[MOST];
  static gcroots_val_t args[MOST], results[MOST];
  for (int i = 0; i < MOST; i++) {
    fields[i] = i % 3 == 0 ? any_field() : plain(GCROOTS_STORAGE_I64);
    args[i] = i % 3 == 0 ? val_ref(new_i31(i)) : val_i64(i);
  }
  args[0] = val_ref(new_externref(&calls));
  for (size_t i = 0; i < COUNT_OF(counts); i++) {
    gcroots_ref_t func = func_of(fields, counts[i], fields, counts[i], answer_args, NULL);
    gcroots_scope_t scope = enter();
    memset(results, 0x5a, sizeof results);
    OK(gcroots_func_call(store, func, args, counts[i], results, counts[i]));
    for (size_t j = 0; j < counts[i]; j++) CHECK(same_val(results[j], args[j]));
    for (size_t j = counts[i]; j < MOST; j++) CHECK(is_untouched(results[j]));
    OK(gcroots_scope_exit(store, scope));
  }
}

CASE(arguments_and_results_may_be_the_same_memory) {
  gcroots_val_t values[3] = {val_ref(new_externref(&calls)), val_null(), val_ref(new_i31(7))};
  gcroots_val_t kept[3];
  memcpy(kept, values, sizeof kept);
  OK(gcroots_func_call(store, func_of_refs(3, 3, answer_args, NULL), values, 3, values, 3));
  for (int i = 0; i < 3; i++) CHECK(same_object(values[i].of.ref, kept[i].of.ref));
  CHECK(!gcroots_ref_same_root(values[0].of.ref, kept[0].of.ref));
}

/* --- Scopes ------------------------------------------------------------------ */

static gcroots_ref_t seen[2];

CALLBACK(note_args) {
  (void)env, (void)results;
  CHECK(of == store && nargs == 2 && nresults == 0);
  for (int i = 0; i < 2; i++) seen[i] = args[i].of.ref;
  CHECK(data_of(seen[0]) == &calls);
  return GCROOTS_OK;
}

CASE(arguments_are_handles_of_the_call) {
  gcroots_ref_t ref = new_externref(&calls);
  gcroots_manually_rooted_t manual = root(ref);
  gcroots_val_t args[2] = {val_ref(ref), val_ref(manual.ref)};
  uint64_t roots;
  gcroots_ref_t func = func_of_refs(2, 0, note_args, NULL);
  gcroots_type_t *pair = STRUCT_TYPE(any_field());
  roots = stats_of(store).scoped_roots;
  for (int round = 0; round < 3; round++) {
    OK(gcroots_func_call(store, func, args, 2, NULL, 0));
    CHECK(!gcroots_ref_same_root(seen[0], ref) && !gcroots_ref_same_root(seen[1], manual.ref));
    for (int i = 0; i < 2; i++) {
      void *data;
      REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_externref_data(store, seen[i], &data));
    }
    CHECK(stats_of(store).scoped_roots == roots);
  }
  gcroots_type_free(pair);
}

CALLBACK(leave_much_open) {
  gcroots_scope_t scope;
  gcroots_ref_t ref;
  (void)env, (void)args, (void)nargs;
  OK(gcroots_no_gc_enter(of));
  for (int i = 0; i < 50; i++) {
    OK(gcroots_scope_enter(of, &scope));
    OK(gcroots_no_gc_enter(of));
    OK(gcroots_externref_new(of, &calls, NULL, &ref));
  }
  if (nresults == 1) results[0] = val_ref(ref);
  return GCROOTS_OK;
}

CASE(what_a_callback_leaves_open_ends_with_it) {
  gcroots_scope_t scope = enter();
  gcroots_val_t result;
  gcroots_ref_t funcs[2] = {func_of_refs(0, 0, leave_much_open, NULL),
                            func_of_refs(0, 1, leave_much_open, NULL)};
  uint64_t roots = stats_of(store).scoped_roots;
  call0(funcs[0]);
  CHECK(stats_of(store).scoped_roots == roots);
  OK(gcroots_func_call(store, funcs[1], NULL, 0, &result, 1));
  CHECK(stats_of(store).scoped_roots == roots + 1);
  OK(gcroots_store_gc(store));
  CHECK(data_of(result.of.ref) == &calls);
  REFUSED(GCROOTS_ERROR_SCOPE_ORDER, gcroots_no_gc_exit(store));
  OK(gcroots_scope_exit(store, scope));
  CHECK(stats_of(store).scoped_roots == roots - 2);
}

static gcroots_scope_t outer;
static gcroots_ref_t outer_ref;
static int outer_data;

static void make_outer(void) {
  outer = enter();
  outer_ref = new_externref(&outer_data);
  OK(gcroots_no_gc_enter(store));
}

static void try_outer(void) {
  gcroots_ref_t out = untouched();
  REFUSED(GCROOTS_ERROR_SCOPE_ORDER, gcroots_scope_exit(store, outer));
  REFUSED(GCROOTS_ERROR_SCOPE_ORDER, gcroots_scope_unwind(store, outer));
  REFUSED(GCROOTS_ERROR_SCOPE_ORDER, gcroots_scope_escape(store, outer, outer_ref, &out));
  REFUSED(GCROOTS_ERROR_SCOPE_ORDER, gcroots_no_gc_exit(store));
  REFUSED(GCROOTS_ERROR_NO_GC, gcroots_store_gc(store));
  CHECK(same_bits(out, untouched()) && data_of(outer_ref) == &outer_data);
}

CASE(scopes_and_spans_outside_are_out_of_reach) {
  make_outer();
  inside(try_outer);
  OK(gcroots_no_gc_exit(store));
  OK(gcroots_scope_exit(store, outer));
}

/* Opens more scopes than the scope stack first has room for, at every depth of it. */
CASE(a_call_may_be_made_at_any_depth_of_scopes) {
  gcroots_ref_t func = func_of_refs(0, 0, leave_much_open, NULL);
  for (int depth = 0; depth < 200; depth++) {
    call0(func);
    enter();
  }
}

/* Enters a scope and verifies the store, which checks the records of scopes. */
static void verify_in_a_scope(void *runs) {
  OK(gcroots_store_verify(store));
  enter();
  OK(gcroots_store_verify(store));
  ++*(int *)runs;
}

static gcroots_manually_rooted_t dying;

/* Enters no scope by itself, which would give the finalizer room. */
static void collect_dying(void) {
  OK(gcroots_manually_rooted_unroot(store, &dying));
  OK(gcroots_store_gc(store));
}

/* Collects in new stores, with another number of open scopes in each. In one of them the
   finalizer runs in the last record that there is. */
static void collect_at_any_depth(bool in_a_call) {
  for (int depth = 0; depth < 40; depth++) {
    static int runs;
    gcroots_ref_t func;
    free_store();
    OK(gcroots_store_new(engine, &store));
    body_count = 0;
    func = func_that_runs(collect_dying);
    dying = new_rooted(&runs, collects ? verify_in_a_scope : count_call);
    for (int i = 0; i < depth; i++) enter();
    runs = 0;
    if (in_a_call)
      call0(func);
    else
      collect_dying();
    CHECK(runs == (collects ? 1 : 0));
  }
}

CASE(a_callback_may_collect_with_a_finalizer_at_any_depth_of_scopes) {
  collect_at_any_depth(true);
}

CASE(a_finalizer_may_enter_scopes_at_any_depth_of_scopes) {
  collect_at_any_depth(false);
}

static void try_what_is_busy(void) {
  REFUSED_SAYING(GCROOTS_ERROR_BUSY, "host function", gcroots_store_free(store));
  REFUSED_SAYING(GCROOTS_ERROR_BUSY, "host function", gcroots_store_detach(store));
  REFUSED_SAYING(GCROOTS_ERROR_BUSY, "host function", gcroots_store_attach(store));
}

CASE(a_store_is_not_given_up_inside_a_function) {
  inside(try_what_is_busy);
  OK(gcroots_store_detach(store));
  OK(gcroots_store_attach(store));
}

static void call_and_try(void) {
  inside(try_what_is_busy);
  try_what_is_busy();
}

CASE(nor_after_an_inner_function) {
  inside(call_and_try);
}

/* --- What they may do -------------------------------------------------------- */

static gcroots_ref_t self;

/* Adds the numbers from its argument down to 0. Each number is in a struct. */
CALLBACK(add_up) {
  gcroots_type_t *type;
  gcroots_val_t inner, sum;
  int32_t number = field_i32(args[0].of.ref, 0);
  (void)env, (void)nargs, (void)nresults;
  OK(gcroots_ref_type(of, args[0].of.ref, &type));
  if (number == 0) {
    sum = val_i32(0);
  } else {
    inner = val_ref(STRUCT(type, val_i32(number - 1)));
    OK(gcroots_func_call(of, self, &inner, 1, &inner, 1));
    sum = val_i32(number + field_i32(inner.of.ref, 0));
  }
  results[0] = val_ref(STRUCT(type, sum));
  CHECK(field_i32(args[0].of.ref, 0) == number);
  gcroots_type_free(type);
  return GCROOTS_OK;
}

CASE(a_function_may_call_itself) {
  gcroots_type_t *type = STRUCT_TYPE(plain(GCROOTS_STORAGE_I32));
  gcroots_field_type_t number = ref_to_type(type);
  gcroots_val_t value = val_ref(STRUCT(type, val_i32(150)));
  uint64_t roots;
  self = func_of(&number, 1, &number, 1, add_up, NULL);
  roots = stats_of(store).scoped_roots;
  OK(gcroots_func_call(store, self, &value, 1, &value, 1));
  CHECK(field_i32(value.of.ref, 0) == 150 * 151 / 2);
  CHECK(stats_of(store).scoped_roots == roots + 1);
  gcroots_type_free(type);
}

CALLBACK(allocate_and_collect) {
  gcroots_type_t *type = STRUCT_TYPE(any_field());
  gcroots_ref_t last = args[0].of.ref;
  (void)env, (void)nargs, (void)nresults;
  for (int i = 0; i < 2000; i++) {
    last = STRUCT(type, val_ref(last));
    if (i % 500 == 0) OK(gcroots_store_gc(of));
  }
  CHECK(data_of(args[0].of.ref) == &calls);
  results[0] = val_ref(last);
  gcroots_type_free(type);
  return GCROOTS_OK;
}

CASE(a_callback_may_allocate_and_collect) {
  gcroots_val_t value = val_ref(new_externref(&calls));
  int depth = 0;
  OK(gcroots_func_call(store, func_of_refs(1, 1, allocate_and_collect, NULL), &value, 1, &value,
                       1));
  while (kind_of(value.of.ref) == GCROOTS_REF_STRUCT) {
    value.of.ref = field_ref(value.of.ref, 0);
    depth++;
  }
  CHECK(depth == 2000 && data_of(value.of.ref) == &calls);
}

static int finalized;

static void collect_garbage(void) {
  gcroots_scope_t scope = enter();
  new_externref(NULL);
  for (int i = 0; i < 10; i++) {
    gcroots_ref_t ref;
    OK(gcroots_externref_new(store, &finalized, count_call, &ref));
  }
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_store_gc(store));
  CHECK(finalized == (collects ? 10 : 0));
}

CASE(a_collection_in_a_callback_runs_finalizers) {
  inside(collect_garbage);
}

static gcroots_ref_t called_by_finalizer;
static int in_finalizer;

static void call_a_function(void *data) {
  in_finalizer++;
  OK(gcroots_func_call(store, called_by_finalizer, NULL, 0, NULL, 0));
  in_finalizer--;
  count_call(data);
}

static void collect_in_function(void) {
  CHECK(in_finalizer == 1);
  REFUSED_SAYING(GCROOTS_ERROR_BUSY, "finalizer", gcroots_store_free(store));
  for (int i = 0; i < 3; i++) {
    gcroots_scope_t scope = enter();
    gcroots_ref_t ref;
    OK(gcroots_externref_new(store, &finalized, count_call, &ref));
    OK(gcroots_scope_exit(store, scope));
    OK(gcroots_store_gc(store));
  }
  /* Finalizers do not nest, even with a function call between them. */
  CHECK(finalized == 0);
}

CASE(a_finalizer_may_call_a_function) {
  called_by_finalizer = func_that_runs(collect_in_function);
  if (run_as_finalizer(call_a_function, &outer_data)) {
    CHECK(calls == 1 && outer_data == 1 && finalized == 3);
    OK(gcroots_store_detach(store));
    OK(gcroots_store_attach(store));
  }
}

static void finalize_in_function(void) {
  run_as_finalizer(call_a_function, &outer_data);
}

CASE(functions_and_finalizers_nest) {
  called_by_finalizer = func_that_runs(collect_in_function);
  inside(finalize_in_function);
  CHECK(calls == (collects ? 2 : 1) && outer_data == (collects ? 1 : 0));
}

/* --- Life -------------------------------------------------------------------- */

CASE(a_function_is_finalized_once_with_its_env) {
  gcroots_scope_t scope = enter();
  gcroots_type_t *type = new_func(NULL, 0, NULL, 0);
  gcroots_ref_t ref;
  int data[3] = {0, 0, 0};
  for (int i = 0; i < 3; i++) {
    OK(gcroots_func_new(store, type, answer_ok, &data[i], count_call, &ref));
    if (i == 1) root(ref);
  }
  gcroots_type_free(type);
  for (int i = 0; i < 3; i++) {
    OK(gcroots_store_gc(store));
    CHECK(data[0] == 0 && data[1] == 0 && data[2] == 0);
  }
  OK(gcroots_scope_exit(store, scope));
  for (int i = 0; i < 3; i++) {
    OK(gcroots_store_gc(store));
    CHECK(data[0] == collects && data[1] == 0 && data[2] == collects);
  }
  free_store();
  CHECK(data[0] == 1 && data[1] == 1 && data[2] == 1);
}

CASE(a_function_that_was_not_made_is_not_finalized) {
  gcroots_type_t *type = new_func(NULL, 0, NULL, 0), *wrong = new_struct(NULL, 0), *row;
  gcroots_store_t *fixture = store;
  int data = 0, made = 0;
  gcroots_ref_t ref = untouched();
  REFUSED(GCROOTS_ERROR_TYPE_MISMATCH,
          gcroots_func_new(store, wrong, answer_ok, &data, count_call, &ref));
  CHECK(same_bits(ref, untouched()));
  {
    gcroots_engine_t *kept = engine;
    gcroots_config_t *config = variant_config(64 << 10);
    OK(gcroots_engine_new(config, &engine));
    gcroots_config_free(config);
    OK(gcroots_store_new(engine, &store));
    gcroots_type_free(type);
    type = new_func(NULL, 0, NULL, 0);
    row = new_array(plain(GCROOTS_STORAGE_I64));
    for (; made < 10; made++) OK(gcroots_func_new(store, type, answer_ok, &data, count_call, &ref));
    /* Few and large arrays, so that a library that checks itself is not slow. */
    while (gcroots_array_new_default(store, row, 100, &ref) == GCROOTS_OK) continue;
    while (gcroots_func_new(store, type, answer_ok, &data, count_call, &ref) == GCROOTS_OK) made++;
    REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_OUT_OF_MEMORY,
                             gcroots_func_new(store, type, answer_ok, &data, count_call, &ref));
    CHECK(data == 0);
    gcroots_type_free(row);
    free_store();
    CHECK(data == made);
    gcroots_engine_free(engine);
    engine = kept;
    store = fixture;
  }
  gcroots_type_free(type);
  gcroots_type_free(wrong);
}

static gcroots_manually_rooted_t last_root;

static void free_last_root(void) {
  OK(gcroots_manually_rooted_unroot(store, &last_root));
  for (int i = 0; i < 3; i++) {
    new_externref(NULL);
    OK(gcroots_store_gc(store));
  }
  CHECK(finalized == 0);
}

CALLBACK(free_itself) {
  IGNORED(of, args, nargs, results, nresults);
  free_last_root();
  /* The env is still valid. */
  CHECK(env == &finalized);
  return GCROOTS_OK;
}

CASE(a_function_lives_while_it_runs) {
  gcroots_scope_t scope = enter();
  gcroots_type_t *type = new_func(NULL, 0, NULL, 0);
  gcroots_ref_t ref;
  OK(gcroots_func_new(store, type, free_itself, &finalized, count_call, &ref));
  last_root = root(ref);
  OK(gcroots_scope_exit(store, scope));
  call0(last_root.ref);
  CHECK(gcroots_ref_is_null(last_root.ref));
  OK(gcroots_store_gc(store));
  CHECK(finalized == collects);
  gcroots_type_free(type);
}

CASE(arguments_and_results_die_after_the_call) {
  gcroots_ref_t func = func_of_refs(1, 1, answer_args, NULL);
  gcroots_scope_t scope = enter();
  gcroots_val_t value;
  OK(gcroots_externref_new(store, &finalized, count_call, &value.of.ref));
  value.kind = GCROOTS_STORAGE_REF;
  OK(gcroots_func_call(store, func, &value, 1, &value, 1));
  OK(gcroots_store_gc(store));
  CHECK(finalized == 0);
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_store_gc(store));
  CHECK(finalized == collects);
}

CASE(a_function_has_an_identity) {
  gcroots_type_t *type = new_func(NULL, 0, NULL, 0);
  gcroots_ref_t a = make_func(type, answer_ok, NULL), b = make_func(type, answer_ok, NULL);
  uint64_t hash = hash_of(a);
  gcroots_type_t *read;
  CHECK(!same_object(a, b) && same_object(a, new_local(a)) && hash_of(b) != hash);
  for (int i = 0; i < 3; i++) {
    OK(gcroots_store_gc(store));
    CHECK(hash_of(a) == hash && kind_of(a) == GCROOTS_REF_FUNC);
  }
  OK(gcroots_ref_type(store, a, &read));
  CHECK(read == type);
  gcroots_type_free(read);
  gcroots_type_free(type);
}

CASE(a_weak_handle_tells_when_a_function_has_died) {
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref = new_function(), out;
  gcroots_weak_t weak;
  OK(gcroots_weak_new(store, ref, &weak));
  OK(gcroots_store_gc(store));
  OK(gcroots_weak_upgrade(store, weak, &out));
  CHECK(same_object(out, ref));
  call0(out);
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_store_gc(store));
  OK(gcroots_weak_upgrade(store, weak, &out));
  CHECK(gcroots_ref_is_null(out) == collects);
}

CASE(a_function_keeps_its_type) {
  gcroots_field_type_t field = plain(GCROOTS_STORAGE_I64);
  gcroots_ref_t func = func_of(&field, 1, &field, 1, answer_args, NULL);
  gcroots_val_t value = val_i64(77);
  OK(gcroots_store_gc(store));
  OK(gcroots_func_call(store, func, &value, 1, &value, 1));
  CHECK(same_val(value, val_i64(77)));
}

/* Struct fields, array elements, exceptions and weak maps hold functions. */
CASE(an_object_keeps_the_functions_that_it_holds) {
  gcroots_field_type_t field = plain(GCROOTS_STORAGE_I32);
  gcroots_type_t *type = new_func(&field, 1, &field, 1);
  gcroots_type_t *holder =
      STRUCT_TYPE(mutable_(or_null(ref_to(GCROOTS_HEAP_FUNC))), mutable_(ref_to_type(type)));
  gcroots_type_t *row = new_array(or_null(ref_to_type(type)));
  gcroots_scope_t scope = enter();
  gcroots_ref_t func = make_func(type, answer_args, NULL), other, object, array, out;
  gcroots_manually_rooted_t roots[2];
  gcroots_val_t value = val_ref(func);
  OK(gcroots_func_new(store, type, answer_args, &finalized, count_call, &other));
  object = STRUCT(holder, val_null(), val_ref(other));
  OK(gcroots_array_new_fixed(store, row, &value, 1, &array));
  set_field(object, 0, val_ref(other));
  roots[0] = root(object);
  roots[1] = root(array);
  OK(gcroots_scope_exit(store, scope));
  for (int round = 0; round < 3; round++) {
    OK(gcroots_store_gc(store));
    scope = enter();
    OK(gcroots_array_get_ref(store, roots[1].ref, 0, &out));
    value = val_i32(round);
    OK(gcroots_func_call(store, out, &value, 1, &value, 1));
    CHECK(same_val(value, val_i32(round)) && finalized == 0);
    CHECK(same_object(field_ref(roots[0].ref, 0), field_ref(roots[0].ref, 1)));
    OK(gcroots_scope_exit(store, scope));
  }
  OK(gcroots_manually_rooted_unroot(store, &roots[0]));
  OK(gcroots_store_gc(store));
  CHECK(finalized == collects);
  free_types((gcroots_type_t *[]){type, holder, row}, 3);
}

/* --- Their env --------------------------------------------------------------- */

CASE(env_is_told_to_who_knows_the_callback) {
  int data;
  gcroots_ref_t func = func_of(NULL, 0, NULL, 0, answer_ok, &data);
  void *env = NULL;
  OK(gcroots_func_env(store, func, answer_ok, &env));
  CHECK(env == &data);
  OK(gcroots_store_gc(store));
  env = &calls;
  REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_func_env(store, func, answer_args, &env));
  CHECK(env == &calls);
  NULL_REFUSED("store", gcroots_func_env(NULL, func, NULL, NULL));
  NULL_REFUSED("callback", gcroots_func_env(store, func, NULL, NULL));
  NULL_REFUSED("out", gcroots_func_env(store, func, answer_ok, NULL));
}

CASE(a_function_is_no_externref_and_the_other_way_round) {
  gcroots_ref_t func = new_function();
  void *data = &calls;
  REFUSED_SAYING(GCROOTS_ERROR_TYPE_MISMATCH, "a function",
                 gcroots_externref_data(store, func, &data));
  REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_externref_data_tagged(store, func, NULL, &data));
  REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_externref_set_data(store, func, NULL));
  REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_externref_set_external_bytes(store, func, 1));
  REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_externref_adjust_external_bytes(store, func, 1));
  EACH_KIND(kind) {
    gcroots_ref_t ref = new_of_kind(kind);
    gcroots_status_t expected =
        kind == GCROOTS_REF_NULL ? GCROOTS_ERROR_NULL_REFERENCE : GCROOTS_ERROR_TYPE_MISMATCH;
    if (kind == GCROOTS_REF_FUNC) continue;
    REFUSED(expected, gcroots_func_env(store, ref, answer_ok, &data));
    call_refused(kind == GCROOTS_REF_NULL ? "`func`" : kind_names[kind], expected, ref, NULL, 0, 0,
                 0);
  }
  CHECK(data == &calls);
}

/* --- Statuses ---------------------------------------------------------------- */

CALLBACK(fail_with_message) {
  IGNORED(of, args, nargs, results, nresults);
  CHECK(gcroots_store_data(NULL, env) == GCROOTS_ERROR_NULL_ARGUMENT);
  return *(gcroots_status_t *)env;
}

CASE(a_status_of_a_callback_is_its_callers) {
  gcroots_field_type_t result = plain(GCROOTS_STORAGE_I32);
  for (gcroots_status_t status = 1; status <= GCROOTS_ERROR_UNSUPPORTED; status++) {
    gcroots_ref_t func = func_of(NULL, 0, &result, 1, fail_with_message, &status);
    call_refused("`store` is NULL", status, func, NULL, 0, 1, 0);
  }
  OK(gcroots_store_verify(store));
}

CASE(any_status_of_a_callback_is_its_callers) {
  static const gcroots_status_t own[] = {19, 20, 255, 256, 1U << 31, UINT32_MAX};
  gcroots_field_type_t result = plain(GCROOTS_STORAGE_I32);
  for (size_t i = 0; i < COUNT_OF(own); i++) {
    gcroots_status_t status = own[i];
    gcroots_ref_t func = func_of(NULL, 0, &result, 1, fail_with_message, &status);
    call_refused("`store` is NULL", status, func, NULL, 0, 1, 0);
  }
  OK(gcroots_store_verify(store));
}

CALLBACK(fail_without_message) {
  IGNORED(of, args, nargs, results, nresults);
  return *(gcroots_status_t *)env;
}

/* Calls another function, whose message and status are its own. */
CALLBACK(pass_on) {
  IGNORED(of, args, nargs, results, nresults);
  return gcroots_func_call(of, *(gcroots_ref_t *)env, NULL, 0, NULL, 0);
}

/* Calls another function, and returns a status of its own instead of the other's. */
CALLBACK(replace_status) {
  CHECK(pass_on(env, of, args, nargs, results, nresults) != GCROOTS_OK);
  return GCROOTS_STATUS_EMBEDDER + 9;
}

CALLBACK(fail_with_set_message) {
  IGNORED(of, args, nargs, results, nresults);
  OK(gcroots_set_error("out of cheese"));
  return *(gcroots_status_t *)env;
}

/* Calls without values. It returns this status, and leaves exactly this message. */
static void call_fails(gcroots_ref_t func, gcroots_status_t status, const char *message) {
  CHECK(gcroots_func_call(store, func, NULL, 0, NULL, 0) == status);
  if (strcmp(gcroots_last_error(), message) != 0)
    check_fail(__FILE__, __LINE__, "status %u: \"%s\"", (unsigned)status, gcroots_last_error());
}

CASE(the_message_that_a_callback_sets_is_its_callers) {
  gcroots_status_t status = GCROOTS_STATUS_EMBEDDER;
  gcroots_ref_t func = func_of(NULL, 0, NULL, 0, fail_with_set_message, &status);
  gcroots_ref_t outer = func_of(NULL, 0, NULL, 0, pass_on, &func);
  for (int i = 0; i < 2; i++) call_fails(func, status, "out of cheese");
  call_fails(outer, status, "out of cheese");
  status = GCROOTS_ERROR_OUT_OF_BOUNDS;
  call_fails(outer, status, "out of cheese");
}

CASE(a_callback_without_a_message_leaves_no_stale_one) {
  gcroots_status_t status = 70000;
  gcroots_ref_t func = func_of(NULL, 0, NULL, 0, fail_without_message, &status);
  gcroots_ref_t outer = func_of(NULL, 0, NULL, 0, pass_on, &func);
  gcroots_ref_t other = func_of(NULL, 0, NULL, 0, replace_status, &func);
  call_fails(func, 70000, "gcroots_func_call: the function returned status 70000");
  REFUSED(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_store_gc(NULL));
  for (int i = 0; i < 2; i++)
    call_fails(func, 70000, "gcroots_func_call: the function returned status 70000");
  OK(gcroots_set_error("stale"));
  status = GCROOTS_ERROR_BUSY;
  call_fails(func, status, "gcroots_func_call: the function returned status 6");
  OK(gcroots_set_error("stale"));
  status = 70001;
  call_fails(outer, status, "gcroots_func_call: the function returned status 70001");
  OK(gcroots_set_error("stale"));
  call_fails(other, GCROOTS_STATUS_EMBEDDER + 9,
             "gcroots_func_call: the function returned status 70001");
}

CASE(a_callback_that_succeeds_leaves_the_message) {
  OK(gcroots_set_error("before"));
  OK(gcroots_func_call(store, func_of(NULL, 0, NULL, 0, answer_ok, NULL), NULL, 0, NULL, 0));
  CHECK(strcmp(gcroots_last_error(), "before") == 0);
}

/* --- Wrong values ------------------------------------------------------------ */

/* A value at place 1 of three is refused with this status, as an argument and as a
   result. */
static void value_refused(gcroots_status_t expected, gcroots_field_type_t type,
                          gcroots_val_t value) {
  gcroots_field_type_t fields[3] = {plain(GCROOTS_STORAGE_I32), type, plain(GCROOTS_STORAGE_I32)};
  planned[0] = planned[2] = val_i32(1);
  planned[1] = value;
  planned_status = GCROOTS_OK;
  call_refused("argument 1 ", expected, func_of(fields, 3, NULL, 0, answer_planned, NULL), planned,
               3, 0, 0);
  call_refused("result 1 ", expected, func_of(NULL, 0, fields, 3, answer_planned, NULL), NULL, 0, 3,
               1);
}

CASE(values_of_no_kind_are_refused) {
  static const gcroots_storage_t none[] = {
      GCROOTS_STORAGE_I8,        GCROOTS_STORAGE_I16, STORAGES, 255,
      256 + GCROOTS_STORAGE_I32, UINT32_MAX};
  for (size_t i = 0; i < COUNT_OF(none); i++)
    value_refused(GCROOTS_ERROR_INVALID_ARGUMENT, plain(GCROOTS_STORAGE_I32), val_of(none[i]));
}

CASE(values_of_another_kind_are_refused) {
  for (gcroots_storage_t needed = GCROOTS_STORAGE_I32; needed < STORAGES; needed++)
    for (gcroots_storage_t kind = GCROOTS_STORAGE_I32; kind < STORAGES; kind++)
      if (kind != needed)
        value_refused(GCROOTS_ERROR_TYPE_MISMATCH, mutable_of(needed), val_of(kind));
}

CASE(bad_handles_are_refused) {
  struct arguments a;
  gcroots_ref_t out = untouched();
  new_arguments(&a, store);
  check_bad_handles(func_calls, &a);
  EACH_BAD_HANDLE(at) {
    value_refused(at->status, any_field(), val_ref(at->ref));
    call_refused("`func`", at->status, at->ref, NULL, 0, 0, 0);
  }
  OK(gcroots_store_take_exception(store, &out));
  CHECK(gcroots_ref_is_null(out));
  free_arguments(&a);
}

CASE(a_handle_of_an_ended_scope_is_no_result) {
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref = new_externref(NULL);
  OK(gcroots_scope_exit(store, scope));
  value_refused(GCROOTS_ERROR_UNROOTED, any_field(), val_ref(ref));
}

CASE(null_where_it_is_not_taken_is_refused) {
  gcroots_ref_t nulls[] = {gcroots_ref_null(), new_local(gcroots_ref_null())};
  for (int i = 0; i < 2; i++)
    value_refused(GCROOTS_ERROR_NULL_REFERENCE, ref_to(GCROOTS_HEAP_ANY), val_ref(nulls[i]));
}

CASE(objects_of_another_type_are_refused) {
  gcroots_type_t *type = STRUCT_TYPE(plain(GCROOTS_STORAGE_F32));
  EACH_KIND(kind) {
    gcroots_val_t value = val_ref(new_of_kind(kind));
    if (kind == GCROOTS_REF_NULL) continue;
    value_refused(GCROOTS_ERROR_TYPE_MISMATCH, or_null(ref_to_type(type)), value);
    check_note = kind_names[kind];
    value_refused(GCROOTS_ERROR_TYPE_MISMATCH, ref_to(GCROOTS_HEAP_NONE), value);
  }
  gcroots_type_free(type);
}

CASE(functions_of_subtypes_are_taken) {
  gcroots_rec_group_t *group = new_group();
  gcroots_type_t *types[3];
  gcroots_sub_type_t subs[3] = {open_type(), below(0), below(1)};
  uint32_t position;
  subs[2].is_final = 1;
  for (int i = 0; i < 3; i++)
    OK(gcroots_rec_group_add_func(group, &subs[i], NULL, 0, NULL, 0, &position));
  register_group(group, types, 3);
  for (int of = 0; of < 3; of++) {
    for (int needed = 0; needed < 3; needed++) {
      gcroots_field_type_t field = ref_to_type(types[needed]);
      gcroots_val_t value = val_ref(make_func(types[of], answer_ok, NULL));
      if (of < needed) {
        value_refused(GCROOTS_ERROR_TYPE_MISMATCH, field, value);
      } else {
        gcroots_val_t result;
        OK(gcroots_func_call(store, func_of(&field, 1, &field, 1, answer_args, NULL), &value, 1,
                             &result, 1));
        CHECK(same_val(value, result));
        call0(result.of.ref);
      }
    }
  }
  free_types(types, 3);
}

CASE(a_result_may_be_any_live_handle) {
  gcroots_ref_t ref = new_externref(&calls);
  gcroots_manually_rooted_t manual = root(ref);
  gcroots_val_t results[3];
  planned[0] = val_ref(ref);
  planned[1] = val_ref(manual.ref);
  planned[2] = val_ref(new_i31(5));
  planned_status = GCROOTS_OK;
  OK(gcroots_func_call(store, func_of_refs(0, 3, answer_planned, NULL), NULL, 0, results, 3));
  for (int i = 0; i < 3; i++) {
    CHECK(same_object(results[i].of.ref, planned[i].of.ref));
    CHECK(!gcroots_ref_same_root(results[i].of.ref, planned[i].of.ref));
  }
  OK(gcroots_manually_rooted_unroot(store, &manual));
  OK(gcroots_store_gc(store));
  CHECK(data_of(results[1].of.ref) == &calls);
}

CASE(another_number_of_values_is_refused) {
  /* Values that no parameter takes, and values that the parameters take. */
  gcroots_val_t of_99 = val_of(99), taken = val_ref(new_i31(5));
  gcroots_ref_t func = func_of_refs(2, 1, answer_planned, NULL);
  static const size_t counts[] = {0, 1, 3, 1001, SIZE_MAX};
  for (int good = 0; good < 2; good++) {
    gcroots_val_t value = good ? taken : of_99, values[3] = {value, value, value};
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
      call_refused("`nargs`", GCROOTS_ERROR_INVALID_ARGUMENT, func, values, counts[i], 1, 0);
      if (counts[i] != 1)
        call_refused("`nresults`", GCROOTS_ERROR_INVALID_ARGUMENT, func, values, 2, counts[i], 0);
    }
  }
}

/* --- Depth ------------------------------------------------------------------- */

static int deepest;

/* Calls itself until a call is refused. */
CALLBACK(descend) {
  gcroots_status_t status;
  int depth = ++calls;
  (void)env, IGNORED(of, args, nargs, results, nresults);
  if (depth > deepest) deepest = depth;
  status = gcroots_func_call(of, self, NULL, 0, NULL, 0);
  if (depth == deepest) {
    CHECK(status == GCROOTS_ERROR_LIMIT);
    REFUSED(GCROOTS_ERROR_LIMIT, gcroots_func_call(of, self, NULL, 0, NULL, 0));
    new_externref(NULL);
    OK(gcroots_store_gc(of));
  }
  calls--;
  return depth % 2 == 0 ? status : GCROOTS_OK;
}

static void descend_to(int expected) {
  deepest = 0;
  self = func_of(NULL, 0, NULL, 0, descend, &deepest);
  call0(self);
  CHECK(deepest == expected && calls == 0);
  deepest = 0;
  call0(self);
  CHECK(deepest == expected && calls == 0);
}

CASE(functions_nest_200_deep_if_not_configured) {
  descend_to(200);
}

CASE(functions_nest_as_deep_as_configured) {
  static const uint32_t depths[] = {1, 2, 30, 300};
  gcroots_store_t *fixture = store;
  gcroots_engine_t *kept = engine;
  for (size_t i = 0; i < COUNT_OF(depths); i++) {
    gcroots_config_t *config = variant_config(0);
    OK(gcroots_config_set_call_depth(config, depths[i]));
    OK(gcroots_engine_new(config, &engine));
    gcroots_config_free(config);
    OK(gcroots_store_new(engine, &store));
    descend_to((int)depths[i]);
    free_store();
    gcroots_engine_free(engine);
  }
  store = fixture;
  engine = kept;
}

CASE(a_depth_of_0_is_refused) {
  gcroots_config_t *config = gcroots_config_new();
  REFUSED_SAYING(GCROOTS_ERROR_INVALID_ARGUMENT, "`depth`",
                 gcroots_config_set_call_depth(config, 0));
  NULL_REFUSED("config", gcroots_config_set_call_depth(NULL, 0));
  gcroots_config_free(config);
}

/* --- Refusals ---------------------------------------------------------------- */

CASE(null_pointers_are_refused) {
  gcroots_val_t val = val_of(STORAGES);
  check_nulls(func_calls);
  NULL_REFUSED("results", gcroots_func_call(store, untouched(), &val, 1, NULL, SIZE_MAX));
}

CASE(a_type_of_another_engine_makes_no_function) {
  gcroots_engine_t *kept = engine, *own;
  gcroots_type_t *foreign[2];
  gcroots_ref_t out = untouched();
  OK(gcroots_engine_new(NULL, &own));
  engine = own;
  foreign[0] = new_func(NULL, 0, NULL, 0);
  foreign[1] = new_struct(NULL, 0);
  engine = kept;
  gcroots_engine_free(own);
  for (int i = 0; i < 2; i++)
    REFUSED(GCROOTS_ERROR_WRONG_ENGINE,
            gcroots_func_new(store, foreign[i], answer_ok, NULL, NULL, &out));
  CHECK(same_bits(out, untouched()));
  free_types(foreign, 2);
}

CASE(only_a_function_type_makes_a_function) {
  gcroots_type_t *types[] = {new_struct(NULL, 0), new_array(plain(GCROOTS_STORAGE_I8))};
  gcroots_ref_t out = untouched();
  for (int i = 0; i < 2; i++)
    REFUSED(GCROOTS_ERROR_TYPE_MISMATCH,
            gcroots_func_new(store, types[i], answer_ok, NULL, NULL, &out));
  CHECK(same_bits(out, untouched()));
  free_types(types, 2);
}

CASE(a_function_is_not_made_in_a_full_heap_without_collecting) {
  gcroots_type_t *type;
  gcroots_ref_t out = untouched();
  gcroots_store_t *fixture = store;
  gcroots_engine_t *kept = engine;
  gcroots_config_t *config = variant_config(64 << 10);
  OK(gcroots_engine_new(config, &engine));
  gcroots_config_free(config);
  OK(gcroots_store_new(engine, &store));
  type = new_func(NULL, 0, NULL, 0);
  OK(gcroots_no_gc_enter(store));
  fill_store(collects ? GCROOTS_ERROR_NO_GC : GCROOTS_ERROR_OUT_OF_MEMORY);
  REFUSED(collects ? GCROOTS_ERROR_NO_GC : GCROOTS_ERROR_OUT_OF_MEMORY,
          gcroots_func_new(store, type, answer_ok, NULL, NULL, &out));
  CHECK(same_bits(out, untouched()));
  gcroots_type_free(type);
  free_store();
  gcroots_engine_free(engine);
  store = fixture;
  engine = kept;
}

/* All arguments are wrong at first. They are corrected one by one. */
CASE(refusals_come_in_the_documented_order) {
  gcroots_field_type_t fields[2] = {ref_to(GCROOTS_HEAP_ANY), plain(GCROOTS_STORAGE_I32)};
  gcroots_ref_t func = func_of(fields, 2, fields + 1, 1, answer_planned, NULL);
  gcroots_ref_t exn = new_exn(), out;
  gcroots_val_t args[2] = {val_ref(untouched()), val_of(99)};
  OK(gcroots_store_throw(store, exn));
  call_refused("`func`", GCROOTS_ERROR_WRONG_STORE, untouched(), args, 7, 3, 0);
  call_refused("an exception", GCROOTS_ERROR_TYPE_MISMATCH, exn, args, 7, 3, 0);
  call_refused("`nargs`", GCROOTS_ERROR_INVALID_ARGUMENT, func, args, 7, 3, 0);
  call_refused("`nresults`", GCROOTS_ERROR_INVALID_ARGUMENT, func, args, 2, 3, 0);
  call_refused("argument 1 has the kind 99", GCROOTS_ERROR_INVALID_ARGUMENT, func, args, 2, 1, 0);
  args[1] = val_i64(1);
  call_refused("argument 0 belongs", GCROOTS_ERROR_WRONG_STORE, func, args, 2, 1, 0);
  args[0] = val_null();
  call_refused("argument 0 is null", GCROOTS_ERROR_NULL_REFERENCE, func, args, 2, 1, 0);
  args[0] = val_ref(exn);
  call_refused("argument 0 is an exception", GCROOTS_ERROR_TYPE_MISMATCH, func, args, 2, 1, 0);
  args[0] = val_ref(new_i31(1));
  call_refused("argument 1 is an i64", GCROOTS_ERROR_TYPE_MISMATCH, func, args, 2, 1, 0);
  args[1] = val_i32(1);
  call_refused("pending", GCROOTS_ERROR_EXCEPTION, func, args, 2, 1, 0);
  OK(gcroots_store_take_exception(store, &out));
  planned[0] = val_i32(5);
  planned_status = GCROOTS_OK;
  OK(gcroots_func_call(store, func, args, 2, args, 1));
  CHECK(same_val(args[0], val_i32(5)));
}
