/* Slots of every reference: GCROOTS_HEAP_EVERY. */
#include "kinds.h"
#include "refusals.h"

static gcroots_field_type_t every_field(void) {
  return mutable_(or_null(ref_to(GCROOTS_HEAP_EVERY)));
}

static const gcroots_ref_type_t every = {NULL, GCROOTS_HEAP_EVERY, 1};
static const gcroots_ref_type_t every_not_null = {NULL, GCROOTS_HEAP_EVERY, 0};

/* The heap types that WebAssembly has too. */
#define EACH_HEAP(heap) for (gcroots_heap_type_t heap = 0; heap < GCROOTS_HEAP_TYPE; heap++)

CASE(a_slot_of_every_reference_holds_each_kind) {
  gcroots_field_type_t field = every_field();
  gcroots_type_t *types[2] = {STRUCT_TYPE(every_field()), new_array(every_field())};
  gcroots_ref_t object = make_default(types[0]), array;
  gcroots_val_t null = val_null();
  gcroots_table_t table;
  gcroots_global_t global;
  OK(gcroots_array_new_default(store, types[1], 1, &array));
  OK(gcroots_table_new(store, every, 1, 1, gcroots_ref_null(), &table));
  OK(gcroots_global_new(store, &field, &null, &global));
  EACH_KIND(kind) {
    gcroots_scope_t scope = enter();
    gcroots_ref_t ref = new_of_kind(kind), read;
    gcroots_val_t value = val_ref(ref), out;
    OK(gcroots_struct_set_ref(store, object, 0, ref));
    OK(gcroots_array_set_ref(store, array, 0, ref));
    OK(gcroots_table_set(store, table, 0, ref));
    OK(gcroots_global_set(store, global, &value));
    OK(gcroots_store_gc(store));
    OK(gcroots_store_verify(store));
    CHECK(same_object(field_ref(object, 0), ref) && kind_of(field_ref(object, 0)) == kind);
    OK(gcroots_array_get_ref(store, array, 0, &read));
    CHECK(same_object(read, ref));
    OK(gcroots_table_get(store, table, 0, &read));
    CHECK(same_object(read, ref));
    OK(gcroots_global_get(store, global, &out));
    CHECK(same_val(out, value));
    OK(gcroots_scope_exit(store, scope));
  }
  free_types(types, 2);
}

/* What is in the slot lives and dies with it, whatever its kind. */
CASE(a_slot_of_every_reference_keeps_what_it_holds) {
  static int finalized[2];
  gcroots_type_t *types[2] = {STRUCT_TYPE(every_field()), new_func(NULL, 0, NULL, 0)};
  gcroots_field_type_t param = every_field();
  gcroots_ref_t object = make_default(types[0]), ref;
  gcroots_scope_t scope = enter();
  OK(gcroots_func_new(store, types[1], answer_ok, &finalized[0], count_call, &ref));
  set_field(object, 0, val_ref(ref));
  OK(gcroots_scope_exit(store, scope));
  for (int i = 0; i < 2; i++) OK(gcroots_store_gc(store));
  CHECK(finalized[0] == 0 && kind_of(field_ref(object, 0)) == GCROOTS_REF_FUNC);
  scope = enter();
  OK(gcroots_externref_new(store, &finalized[1], count_call, &ref));
  {
    gcroots_val_t value = val_ref(ref);
    set_field(object, 0, val_ref(make_exn(tag_of(&param, 1), &value, 1)));
  }
  OK(gcroots_scope_exit(store, scope));
  scope = enter();
  OK(gcroots_store_gc(store));
  CHECK(kind_of(field_ref(object, 0)) == GCROOTS_REF_EXN && finalized[1] == 0);
  OK(gcroots_scope_exit(store, scope));
  set_field(object, 0, val_null());
  free_types(types, 2);
}

CASE(null_is_refused_where_every_reference_but_null_is_taken) {
  gcroots_type_t *type = STRUCT_TYPE(mutable_(ref_to(GCROOTS_HEAP_EVERY)));
  gcroots_ref_t object, out = untouched();
  REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_struct_new_default(store, type, &out));
  CHECK(same_bits(out, untouched()));
  object = STRUCT(type, val_ref(new_function()));
  REFUSED(GCROOTS_ERROR_NULL_REFERENCE,
          gcroots_struct_set_ref(store, object, 0, gcroots_ref_null()));
  set_field(object, 0, val_ref(new_exn()));
  CHECK(kind_of(field_ref(object, 0)) == GCROOTS_REF_EXN);
  gcroots_type_free(type);
}

CASE(each_reference_is_one_of_every) {
  EACH_KIND(kind) {
    gcroots_ref_t ref = new_of_kind(kind), cast = untouched();
    bool is, is_not_null;
    OK(gcroots_ref_test(store, ref, every, &is));
    OK(gcroots_ref_test(store, ref, every_not_null, &is_not_null));
    CHECK(is && is_not_null == (kind != GCROOTS_REF_NULL));
    OK(gcroots_ref_cast(store, ref, every, &cast));
    CHECK(same_object(cast, ref));
  }
}

/* Registers a struct with this constant field, and a subtype of it with that one. Returns
   whether the subtype is accepted. */
static bool is_narrower(gcroots_field_type_t lower, gcroots_field_type_t upper) {
  gcroots_rec_group_t *group = new_group();
  const gcroots_rec_group_t *groups[1];
  gcroots_type_t *types[2];
  gcroots_status_t status;
  groups[0] = group;
  add_struct_below(group, open_type(), &upper, 1);
  add_struct_below(group, below(0), &lower, 1);
  status = gcroots_rec_group_register(engine, groups, 1, types, 2);
  gcroots_rec_group_free(group);
  if (status == GCROOTS_OK) free_types(types, 2);
  return status == GCROOTS_OK;
}

CASE(every_is_above_all_other_heap_types) {
  gcroots_field_type_t top = ref_to(GCROOTS_HEAP_EVERY);
  gcroots_type_t *types[3] = {new_struct(NULL, 0), new_array(every_field()),
                              new_func(NULL, 0, NULL, 0)};
  CHECK(is_narrower(top, top) && is_narrower(top, or_null(top)));
  CHECK(!is_narrower(or_null(top), top));
  EACH_HEAP(heap) {
    CHECK(is_narrower(ref_to(heap), top) && !is_narrower(top, ref_to(heap)));
    CHECK(is_narrower(or_null(ref_to(heap)), or_null(top)));
    CHECK(!is_narrower(or_null(ref_to(heap)), top));
  }
  for (int i = 0; i < 3; i++) {
    CHECK(is_narrower(ref_to_type(types[i]), top));
    CHECK(!is_narrower(top, ref_to_type(types[i])));
  }
  free_types(types, 3);
}

CASE(types_tell_that_a_field_is_of_every_reference) {
  gcroots_field_type_t param = every_field(), read;
  gcroots_type_t *types[2] = {STRUCT_TYPE(every_field()), new_func(&param, 1, &param, 1)};
  gcroots_type_t *trampoline;
  read = field_of(types[0], 0);
  CHECK(read.heap == GCROOTS_HEAP_EVERY && read.is_nullable == 1 && read.is_mutable == 1);
  OK(gcroots_type_trampoline(types[1], &trampoline));
  CHECK(field_of(trampoline, 0).heap == GCROOTS_HEAP_EVERY);
  gcroots_type_free(trampoline);
  free_types(types, 2);
}

/* Gives its argument back. */
static gcroots_status_t give_back(void *env, gcroots_store_t *of, const gcroots_val_t *args,
                                  size_t nargs, gcroots_val_t *results, size_t nresults) {
  (void)env, (void)of;
  CHECK(nargs == 1 && nresults == 1);
  results[0] = args[0];
  return GCROOTS_OK;
}

CASE(a_function_takes_and_returns_every_reference) {
  gcroots_field_type_t param = every_field();
  gcroots_type_t *type = new_func(&param, 1, &param, 1);
  gcroots_ref_t func = make_func(type, give_back, NULL);
  EACH_KIND(kind) {
    gcroots_val_t arg = val_ref(new_of_kind(kind)), result;
    OK(gcroots_func_call(store, func, &arg, 1, &result, 1));
    CHECK(same_val(result, arg));
  }
  gcroots_type_free(type);
}

CASE(conversions_refuse_what_only_every_holds) {
  gcroots_type_t *type = STRUCT_TYPE(every_field());
  gcroots_ref_t object = make_default(type), held, out = untouched();
  set_field(object, 0, val_ref(new_function()));
  held = field_ref(object, 0);
  REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_extern_convert_any(store, held, &out));
  REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_any_convert_extern(store, held, &out));
  CHECK(same_bits(out, untouched()));
  gcroots_type_free(type);
}
