/* Globals: one value each, of any type. */
#include "kinds.h"

static gcroots_global_t new_global(gcroots_field_type_t type, gcroots_val_t value) {
  gcroots_global_t global;
  OK(gcroots_global_new(store, &type, &value, &global));
  return global;
}

static gcroots_val_t get(gcroots_global_t global) {
  gcroots_val_t out = untouched_val();
  OK(gcroots_global_get(store, global, &out));
  return out;
}

static void set(gcroots_global_t global, gcroots_val_t value) {
  OK(gcroots_global_set(store, global, &value));
}

/* Whether the global has this value. Leaves no root. */
static bool is(gcroots_global_t global, gcroots_val_t value) {
  gcroots_scope_t scope = enter();
  bool same = same_val(get(global), value);
  OK(gcroots_scope_exit(store, scope));
  return same;
}

/* Whether the global has an externref with this data. Leaves no root. */
static bool has_data(gcroots_global_t global, void *data) {
  gcroots_scope_t scope = enter();
  bool same = data_of(get(global).of.ref) == data;
  OK(gcroots_scope_exit(store, scope));
  return same;
}

/* Sets a global to a new externref that nothing else keeps alive. */
static void set_new(gcroots_global_t global, void *data, gcroots_finalizer_t finalizer) {
  gcroots_scope_t scope = enter();
  gcroots_ref_t value;
  OK(gcroots_externref_new(store, data, finalizer, &value));
  set(global, val_ref(value));
  OK(gcroots_scope_exit(store, scope));
}

/* Frees a global and checks that its handle is zeroed. */
static void free_global(gcroots_global_t *global) {
  static const unsigned char zeros[sizeof *global];
  OK(gcroots_global_free(store, global));
  CHECK(memcmp(global, zeros, sizeof zeros) == 0);
}

static gcroots_global_t untouched_global(void) {
  gcroots_global_t global;
  memset(&global, 0x5a, sizeof global);
  return global;
}

static bool same_global(gcroots_global_t a, gcroots_global_t b) {
  return memcmp(&a, &b, sizeof a) == 0;
}

/* Runs the body for each storage type that a global may have. */
#define EACH_VALUE_STORAGE(storage) \
  for (gcroots_storage_t storage = GCROOTS_STORAGE_I32; storage < STORAGES; storage++)

/* Makes a value of this storage type. References are i31s. */
static gcroots_val_t value_made_of(gcroots_storage_t storage, uint32_t number) {
  if (storage == GCROOTS_STORAGE_REF) return val_ref(new_i31((int32_t)(number & 0xffff)));
  return val_made_of(storage, number);
}

/* --- Values ------------------------------------------------------------------ */

CASE(a_global_has_the_value_that_it_was_made_with_and_then_set_to) {
  EACH_VALUE_STORAGE(storage) {
    gcroots_val_t value = value_made_of(storage, 1);
    gcroots_global_t global = new_global(mutable_of(storage), value);
    gcroots_field_type_t constant = mutable_of(storage);
    gcroots_global_t other;
    constant.is_mutable = 0;
    other = new_global(constant, value);
    for (uint32_t number = 1; number < 100; number++) {
      gcroots_scope_t scope = enter();
      if (number % 30 == 0) OK(gcroots_store_gc(store));
      CHECK(is(global, value_made_of(storage, number)) && is(other, value));
      set(global, value_made_of(storage, number + 1));
      OK(gcroots_scope_exit(store, scope));
    }
  }
}

static gcroots_field_type_t type_of(gcroots_global_t global) {
  gcroots_field_type_t type;
  OK(gcroots_global_type(store, global, &type));
  return type;
}

CASE(a_global_has_the_type_that_it_was_made_with) {
  EACH_VALUE_STORAGE(storage)
    for (uint8_t mutable = 0; mutable < 2; mutable ++) {
      gcroots_field_type_t made = mutable_of(storage), read;
      made.is_mutable = mutable;
      read = type_of(new_global(made, value_made_of(storage, 1)));
      CHECK(read.storage == storage && read.is_mutable == mutable && read.type == NULL);
      CHECK(read.is_nullable == (storage == GCROOTS_STORAGE_REF));
    }
  for (gcroots_heap_type_t heap = GCROOTS_HEAP_ANY; heap < GCROOTS_HEAP_TYPE; heap++) {
    gcroots_field_type_t read = type_of(new_global(or_null(ref_to(heap)), val_null()));
    CHECK(read.storage == GCROOTS_STORAGE_REF && read.heap == heap && read.is_nullable == 1);
    CHECK(read.is_mutable == 0 && read.type == NULL);
  }
}

CASE(the_type_of_a_global_is_one_more_reference) {
  gcroots_type_t *type = STRUCT_TYPE(any_field());
  gcroots_global_t global = new_global(ref_to_type(type), val_ref(make_default(type)));
  gcroots_field_type_t read;
  for (int i = 0; i < 100; i++) {
    read = type_of(global);
    CHECK(read.type == type && read.heap == GCROOTS_HEAP_TYPE && read.is_nullable == 0);
    gcroots_type_free(read.type);
  }
  read = type_of(global);
  gcroots_type_free(type);
  free_store();
  gcroots_engine_free(engine);
  engine = NULL;
  CHECK(field_of(read.type, 0).heap == GCROOTS_HEAP_ANY);
  gcroots_type_free(read.type);
}

CASE(floats_and_vectors_keep_their_bits) {
  static const uint32_t narrow[] = {0x80000000, 1, 0x7f800001, 0xffc12345};
  static const uint64_t wide[] = {1ULL << 63, 1, 0x7ff0000000000001, 0xfff8123456789abc};
  gcroots_global_t f32 = new_global(mutable_of(GCROOTS_STORAGE_F32), val_f32(0));
  gcroots_global_t f64 = new_global(mutable_of(GCROOTS_STORAGE_F64), val_f64(0));
  gcroots_global_t v128 = new_global(mutable_of(GCROOTS_STORAGE_V128), val_v128(0));
  for (size_t i = 0; i < 4; i++) {
    set(f32, val_f32(narrow[i]));
    set(f64, val_f64(wide[i]));
    set(v128, val_v128((uint8_t)(i * 16)));
    CHECK(is(f32, val_f32(narrow[i])) && is(f64, val_f64(wide[i])));
    CHECK(is(v128, val_v128((uint8_t)(i * 16))));
  }
}

CASE(a_global_keeps_a_reference_of_any_kind) {
  gcroots_global_t global = new_global(any_field(), val_null()), exn, func;
  EACH_KIND(kind) {
    gcroots_ref_t ref = new_of_kind(kind);
    if (kind >= GCROOTS_REF_EXN) continue;
    set(global, val_ref(ref));
    OK(gcroots_store_gc(store));
    CHECK(is(global, val_ref(ref)) && kind_of(get(global).of.ref) == kind);
  }
  exn = new_global(ref_to(GCROOTS_HEAP_EXN), val_ref(new_exn()));
  CHECK(kind_of(get(exn).of.ref) == GCROOTS_REF_EXN);
  func = new_global(ref_to(GCROOTS_HEAP_FUNC), val_ref(new_function()));
  OK(gcroots_store_gc(store));
  CHECK(kind_of(get(func).of.ref) == GCROOTS_REF_FUNC);
}

CASE(a_reference_that_is_read_is_a_new_root) {
  gcroots_ref_t object = new_externref(NULL);
  gcroots_global_t global = new_global(any_field(), val_ref(object));
  uint64_t roots = stats_of(store).scoped_roots;
  gcroots_val_t out = get(global);
  CHECK(same_object(out.of.ref, object) && !gcroots_ref_same_root(out.of.ref, object));
  CHECK(stats_of(store).scoped_roots == roots + 1);
  set(global, val_ref(new_local(gcroots_ref_null())));
  CHECK(same_bits(get(global).of.ref, gcroots_ref_null()));
  CHECK(stats_of(store).scoped_roots == roots + 2);
  /* The output may be at the input's address. */
  out = val_ref(object);
  OK(gcroots_global_set(store, global, &out));
  OK(gcroots_global_get(store, global, &out));
  CHECK(same_object(out.of.ref, object));
}

/* --- Lives and deaths -------------------------------------------------------- */

CASE(a_global_keeps_its_object_alive_until_it_is_set_or_freed) {
  static int finalized[2];
  gcroots_scope_t scope = enter();
  gcroots_global_t global = new_global(any_field(), val_null());
  OK(gcroots_scope_exit(store, scope));
  set_new(global, &finalized[0], count_call);
  for (int i = 0; i < 3; i++) {
    OK(gcroots_store_gc(store));
    CHECK(finalized[0] == 0 && has_data(global, &finalized[0]));
  }
  set_new(global, &finalized[1], count_call);
  OK(gcroots_store_gc(store));
  CHECK(finalized[0] == dead(1) && finalized[1] == 0 && has_data(global, &finalized[1]));
  free_global(&global);
  OK(gcroots_store_gc(store));
  CHECK(finalized[1] == dead(1));
  if (collects) CHECK(stats_of(store).objects == 0);
}

CASE(a_cycle_through_a_global_dies_with_it) {
  gcroots_type_t *node = new_node();
  gcroots_scope_t scope = enter();
  gcroots_ref_t first = make_leaf(node, 1), second = make_node(node, 2, first, first);
  gcroots_global_t global = new_global(any_field(), val_ref(second));
  set_field(first, 1, val_ref(second));
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_store_gc(store));
  scope = enter();
  CHECK(field_i32(field_ref(get(global).of.ref, 1), 0) == 1);
  OK(gcroots_scope_exit(store, scope));
  free_global(&global);
  OK(gcroots_store_gc(store));
  if (collects) CHECK(stats_of(store).objects == 0);
  gcroots_type_free(node);
}

CASE(hidden_structs_are_counted_as_objects) {
  gcroots_global_t number, vector;
  OK(gcroots_no_gc_enter(store));
  number = new_global(plain(GCROOTS_STORAGE_I64), val_i64(1));
  CHECK(stats_of(store).objects == 1 && stats_of(store).live_bytes == 16);
  vector = new_global(plain(GCROOTS_STORAGE_V128), val_v128(1));
  CHECK(stats_of(store).objects == 2 && stats_of(store).live_bytes == 16 + 24);
  CHECK(stats_of(store).scoped_roots == 0 && stats_of(store).manual_roots == 0);
  OK(gcroots_no_gc_exit(store));
  CHECK(is(number, val_i64(1)) && is(vector, val_v128(1)));
}

static gcroots_global_t in_finalizer;

static void set_null_in_finalizer(void *data) {
  (void)data;
  set(in_finalizer, val_null());
}

static void free_in_finalizer(void *data) {
  (void)data;
  free_global(&in_finalizer);
}

CASE(what_a_finalizer_takes_out_of_a_global_is_gone_after_the_collection) {
  static const gcroots_finalizer_t takes[2] = {set_null_in_finalizer, free_in_finalizer};
  for (int i = 0; i < 2; i++) {
    static int finalized;
    finalized = 0;
    in_finalizer = new_global(any_field(), val_null());
    set_new(in_finalizer, &finalized, count_call);
    if (!run_as_finalizer(takes[i], NULL)) return;
    CHECK(finalized == 1);
  }
}

/* --- Many -------------------------------------------------------------------- */

CASE(many_globals_keep_their_values) {
  enum { COUNT = 600 };
  static gcroots_global_t globals[COUNT];
  static int marks[COUNT];
  for (int i = 0; i < COUNT; i++) {
    if (i % 2 == 0) {
      globals[i] = new_global(mutable_of(GCROOTS_STORAGE_I64), val_i64(i));
    } else {
      globals[i] = new_global(any_field(), val_null());
      set_new(globals[i], &marks[i], count_call);
    }
  }
  OK(gcroots_store_gc(store));
  for (int i = 0; i < COUNT; i += 3) free_global(&globals[i]);
  OK(gcroots_store_gc(store));
  for (int i = 0; i < COUNT; i++) {
    if (i % 2 != 0) CHECK(marks[i] == (i % 3 == 0 ? dead(1) : 0));
    if (i % 3 == 0) continue;
    CHECK(i % 2 == 0 ? is(globals[i], val_i64(i)) : has_data(globals[i], &marks[i]));
  }
  free_store();
}

CASE(handles_of_freed_globals_never_resolve_again) {
  enum { COUNT = 300, ROUNDS = 5 };
  static gcroots_global_t globals[ROUNDS][COUNT];
  gcroots_val_t out = untouched_val();
  for (int round = 0; round < ROUNDS; round++) {
    for (int i = 0; i < COUNT; i++)
      globals[round][i] = new_global(plain(GCROOTS_STORAGE_I32), val_i32(i));
    for (int i = 0; i < COUNT; i++) {
      gcroots_global_t freed = globals[round][i];
      CHECK(is(freed, val_i32(i)));
      free_global(&freed);
    }
    if (round % 2 == 0) OK(gcroots_store_gc(store));
    for (int k = 0; k <= round; k++)
      for (int i = 0; i < COUNT; i += k == round ? 1 : 37)
        REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_global_get(store, globals[k][i], &out));
  }
  CHECK(is_untouched(out));
}

CASE(a_full_heap_refuses_a_global) {
  gcroots_field_type_t type = plain(GCROOTS_STORAGE_V128);
  gcroots_val_t value = val_v128(7);
  gcroots_global_t first, out = untouched_global();
  OK(gcroots_store_free(store));
  store = new_store(64 << 10);
  first = new_global(type, value);
  fill_store(GCROOTS_ERROR_OUT_OF_MEMORY);
  REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_OUT_OF_MEMORY,
                           gcroots_global_new(store, &type, &value, &out));
  OK(gcroots_no_gc_enter(store));
  REFUSED(collects ? GCROOTS_ERROR_NO_GC : GCROOTS_ERROR_OUT_OF_MEMORY,
          gcroots_global_new(store, &type, &value, &out));
  OK(gcroots_no_gc_exit(store));
  CHECK(same_global(out, untouched_global()) && is(first, value));
}

CASE(no_call_but_new_collects) {
  gcroots_global_t global = new_global(any_field(), val_null());
  gcroots_val_t value = val_ref(new_externref(NULL));
  uint64_t before = stats_of(store).collections;
  for (int i = 0; i < 5000; i++) {
    set(global, i % 2 == 0 ? value : val_null());
    CHECK(is(global, i % 2 == 0 ? value : val_null()));
  }
  free_global(&global);
  CHECK(stats_of(store).collections == before);
}

/* --- Refusals ---------------------------------------------------------------- */

/* Every function that takes a global returns this status and names the global. */
static void check_refused_by_all(gcroots_status_t status, gcroots_global_t global) {
  gcroots_global_t kept = global;
  gcroots_val_t out = untouched_val(), values[2] = {val_i32(1), val_ref(untouched())};
  REFUSED_SAYING(status, "`global`", gcroots_global_get(store, global, &out));
  for (int i = 0; i < 2; i++)
    REFUSED_SAYING(status, "`global`", gcroots_global_set(store, global, &values[i]));
  if (status != GCROOTS_ERROR_NULL_REFERENCE)
    REFUSED_SAYING(status, "`global`", gcroots_global_free(store, &global));
  CHECK(is_untouched(out) && same_global(global, kept));
}

CASE(null_pointers_are_refused_in_their_order) {
  gcroots_field_type_t of_null = ref_to_type(NULL);
  check_nulls(global_calls);
  NULL_REFUSED("type", gcroots_global_new(store, &of_null, NULL, NULL));
}

CASE(a_null_global_is_refused_and_freed) {
  gcroots_global_t nulls[2] = {{0, 0, 0}, {0, UINT32_MAX, UINT32_MAX}};
  for (int i = 0; i < 2; i++) {
    check_refused_by_all(GCROOTS_ERROR_NULL_REFERENCE, nulls[i]);
    free_global(&nulls[i]);
  }
}

static gcroots_global_t global_of(gcroots_ref_t bits) {
  gcroots_global_t global;
  memcpy(&global, &bits, sizeof global);
  return global;
}

CASE(bad_globals_are_refused) {
  gcroots_ref_t ref = new_externref(NULL);
  gcroots_global_t good = new_global(any_field(), val_null()), as_global;
  gcroots_table_t table;
  struct arguments a;
  new_arguments(&a, store);
  a.h.global = good;
  check_bad_handles(global_calls, &a);
  free_arguments(&a);
  EACH_BAD_HANDLE(bad) check_refused_by_all(bad->status, global_of(bad->ref));
  check_refused_by_all(GCROOTS_ERROR_UNROOTED, global_of(ref));
  check_refused_by_all(GCROOTS_ERROR_UNROOTED, global_of(root(ref).ref));
  OK(gcroots_table_new(store, (gcroots_ref_type_t){NULL, GCROOTS_HEAP_ANY, 1}, 1, 1,
                       gcroots_ref_null(), &table));
  memcpy(&as_global, &table, sizeof as_global);
  check_refused_by_all(GCROOTS_ERROR_UNROOTED, as_global);
  CHECK(is(good, val_null()));
}

CASE(an_immutable_global_is_not_set) {
  gcroots_val_t bad = val_ref(untouched());
  EACH_VALUE_STORAGE(storage) {
    gcroots_field_type_t type = mutable_of(storage);
    gcroots_val_t value = value_made_of(storage, 3), other = value_made_of(storage, 4);
    gcroots_global_t global;
    type.is_mutable = 0;
    global = new_global(type, value);
    REFUSED(GCROOTS_ERROR_IMMUTABLE, gcroots_global_set(store, global, &other));
    REFUSED(GCROOTS_ERROR_IMMUTABLE, gcroots_global_set(store, global, &value));
    /* An immutable global is reported before a wrong value type, but after a bad handle. */
    other = storage == GCROOTS_STORAGE_I32 ? val_i64(1) : val_i32(1);
    REFUSED(GCROOTS_ERROR_IMMUTABLE, gcroots_global_set(store, global, &other));
    REFUSED(GCROOTS_ERROR_WRONG_STORE, gcroots_global_set(store, global, &bad));
    CHECK(is(global, value));
  }
}

CASE(a_value_of_another_type_is_refused) {
  EACH_VALUE_STORAGE(storage) {
    gcroots_field_type_t type = mutable_of(storage);
    gcroots_val_t value = value_made_of(storage, 3);
    gcroots_global_t global = new_global(type, value), out = untouched_global();
    EACH_VALUE_STORAGE(kind) {
      gcroots_val_t other = val_of(kind);
      if (kind == storage) continue;
      REFUSED_SAYING(GCROOTS_ERROR_TYPE_MISMATCH, "is required",
                     gcroots_global_set(store, global, &other));
      REFUSED_SAYING(GCROOTS_ERROR_TYPE_MISMATCH, "is required",
                     gcroots_global_new(store, &type, &other, &out));
    }
    CHECK(is(global, value) && same_global(out, untouched_global()));
  }
}

static void reference_is_refused(gcroots_status_t expected, gcroots_field_type_t type,
                                 gcroots_global_t global, gcroots_ref_t ref) {
  gcroots_val_t value = val_ref(ref);
  gcroots_global_t out = untouched_global();
  REFUSED(expected, gcroots_global_new(store, &type, &value, &out));
  REFUSED(expected, gcroots_global_set(store, global, &value));
  CHECK(same_global(out, untouched_global()));
}

CASE(a_reference_of_another_type_is_refused) {
  gcroots_field_type_t number = plain(GCROOTS_STORAGE_I32);
  gcroots_type_t *types[3] = {new_struct(NULL, 0), new_array(plain(GCROOTS_STORAGE_I8)),
                              new_struct(&number, 1)};
  gcroots_field_type_t eq = mutable_(or_null(ref_to(GCROOTS_HEAP_EQ)));
  gcroots_field_type_t never_null = mutable_(ref_to(GCROOTS_HEAP_EXTERN));
  gcroots_field_type_t its = mutable_(ref_to_type(types[0]));
  gcroots_ref_t object = new_externref(NULL), of_type = make_default(types[0]);
  gcroots_global_t eqs = new_global(eq, val_null());
  gcroots_global_t externs = new_global(never_null, val_ref(object));
  gcroots_global_t typed = new_global(its, val_ref(of_type));
  reference_is_refused(GCROOTS_ERROR_TYPE_MISMATCH, eq, eqs, object);
  reference_is_refused(GCROOTS_ERROR_TYPE_MISMATCH, eq, eqs, new_exn());
  reference_is_refused(GCROOTS_ERROR_NULL_REFERENCE, never_null, externs, gcroots_ref_null());
  reference_is_refused(GCROOTS_ERROR_TYPE_MISMATCH, never_null, externs, new_exn());
  reference_is_refused(GCROOTS_ERROR_NULL_REFERENCE, its, typed, gcroots_ref_null());
  reference_is_refused(GCROOTS_ERROR_TYPE_MISMATCH, its, typed, make_zeros(types[1], 1));
  reference_is_refused(GCROOTS_ERROR_TYPE_MISMATCH, its, typed, make_default(types[2]));
  EACH_BAD_HANDLE(bad) reference_is_refused(bad->status, its, typed, bad->ref);
  CHECK(is(eqs, val_null()) && is(externs, val_ref(object)) && is(typed, val_ref(of_type)));
  free_types(types, 3);
  OK(gcroots_store_gc(store));
  CHECK(is(typed, val_ref(of_type)));
}

CASE(a_type_that_a_global_cannot_have_is_refused) {
  gcroots_field_type_t types[] = {plain(GCROOTS_STORAGE_I8), plain(GCROOTS_STORAGE_I16),
                                  plain(STORAGES),           plain(UINT32_MAX),
                                  ref_to_local(0),           ref_to(15),
                                  ref_to(UINT32_MAX)};
  gcroots_field_type_t number = plain(GCROOTS_STORAGE_I32), of_type;
  gcroots_val_t value = val_i32(1), none = val_of(STORAGES), packed = val_of(GCROOTS_STORAGE_I8);
  gcroots_val_t bad = val_ref(untouched());
  gcroots_global_t out = untouched_global(), global = new_global(mutable_(number), value);
  gcroots_engine_t *fixture = engine;
  gcroots_type_t *foreign;
  for (size_t i = 0; i < COUNT_OF(types); i++) {
    REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_global_new(store, &types[i], &value, &out));
    REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_global_new(store, &types[i], &bad, &out));
  }
  OK(gcroots_engine_new(NULL, &engine));
  foreign = new_struct(NULL, 0);
  gcroots_engine_free(engine);
  engine = fixture;
  of_type = ref_to_type(foreign);
  REFUSED(GCROOTS_ERROR_WRONG_ENGINE, gcroots_global_new(store, &of_type, &bad, &out));
  /* A value of an invalid kind is reported before a wrong type. */
  REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_global_new(store, &of_type, &none, &out));
  REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_global_new(store, &number, &packed, &out));
  REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_global_set(store, out, &none));
  REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_global_set(store, global, &packed));
  CHECK(same_global(out, untouched_global()) && is(global, value));
  gcroots_type_free(foreign);
}
