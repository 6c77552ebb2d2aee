/* 31-bit integers: references without an object. */
#include "kinds.h"

/* Integers at the limits of 31 bits, and what their i31s read as with and without the
   sign. */
static const struct {
  int32_t value, with_sign;
  uint32_t without;
} integers[] = {
    {0, 0, 0},
    {1, 1, 1},
    {-1, -1, 0x7fffffff},
    {0x3fffffff, 0x3fffffff, 0x3fffffff},
    {0x40000000, -0x40000000, 0x40000000},
    {0x40000001, -0x3fffffff, 0x40000001},
    {INT32_MAX, -1, 0x7fffffff},
    {-0x3fffffff, -0x3fffffff, 0x40000001},
    {-0x40000000, -0x40000000, 0x40000000},
    {-0x40000001, 0x3fffffff, 0x3fffffff},
    {INT32_MIN, 0, 0},
    {INT32_MIN + 1, 1, 1},
};

/* --- Values ------------------------------------------------------------------ */

CASE(an_i31_is_the_lower_31_bits_of_an_integer) {
  for (size_t i = 0; i < COUNT_OF(integers); i++) {
    gcroots_ref_t ref = new_i31(integers[i].value);
    int32_t with_sign;
    uint32_t without;
    OK(gcroots_i31_get_s(store, ref, &with_sign));
    OK(gcroots_i31_get_u(store, ref, &without));
    CHECK(with_sign == integers[i].with_sign && without == integers[i].without);
    CHECK(!gcroots_ref_is_null(ref) && kind_of(ref) == GCROOTS_REF_I31);
  }
}

CASE(only_the_highest_bit_is_dropped) {
  for (size_t i = 0; i < COUNT_OF(integers); i++) {
    uint32_t value = (uint32_t)integers[i].value;
    gcroots_ref_t ref = new_i31((int32_t)value);
    for (int bit = 0; bit < 32; bit++)
      CHECK(same_object(ref, new_i31((int32_t)(value ^ 1U << bit))) == (bit == 31));
  }
}

CASE(i31s_are_equal_by_value) {
  for (size_t i = 0; i < COUNT_OF(integers); i++)
    for (size_t k = 0; k < COUNT_OF(integers); k++) {
      gcroots_ref_t a = new_i31(integers[i].value), b = new_i31(integers[k].value);
      bool equal = integers[i].without == integers[k].without;
      CHECK(same_object(a, b) == equal && !gcroots_ref_same_root(a, b));
      CHECK((hash_of(a) == hash_of(b)) == equal);
    }
}

CASE(an_i31s_hash_stays) {
  gcroots_scope_t scope = enter();
  uint64_t hash = hash_of(new_i31(12345));
  OK(gcroots_scope_exit(store, scope));
  new_externref(NULL);
  OK(gcroots_store_gc(store));
  CHECK(hash_of(new_i31(12345)) == hash && hash != 0);
}

CASE(an_i31_is_neither_null_nor_an_object) {
  gcroots_ref_t null = gcroots_ref_null();
  EACH_KIND(kind) {
    gcroots_ref_t other = new_of_kind(kind), local = new_local(other);
    for (int32_t value = 0; value < 500; value++) {
      gcroots_scope_t scope = enter();
      gcroots_ref_t ref = new_i31(value);
      CHECK(!same_object(ref, other) && !same_object(local, ref) && !same_object(null, ref));
      OK(gcroots_scope_exit(store, scope));
    }
  }
  CHECK(hash_of(new_i31(0)) != hash_of(null));
}

/* --- Roots ------------------------------------------------------------------- */

CASE(every_kind_of_root_keeps_an_i31) {
  for (size_t i = 0; i < COUNT_OF(integers); i++) {
    int32_t value = integers[i].with_sign;
    gcroots_ref_t scoped = new_i31(value), local = new_local(scoped), escaped, upgraded, back;
    gcroots_ref_t assigned = new_externref(NULL);
    gcroots_manually_rooted_t manual = root(scoped), clone = clone_root(manual);
    gcroots_weak_t weak;
    gcroots_scope_t scope = enter();
    OK(gcroots_weak_new(store, new_i31(value), &weak));
    OK(gcroots_scope_escape(store, scope, new_i31(value), &escaped));
    OK(gcroots_ref_assign(store, assigned, manual.ref));
    for (int n = 0; n < 3; n++) {
      new_externref(NULL);
      OK(gcroots_store_gc(store));
    }
    OK(gcroots_weak_upgrade(store, weak, &upgraded));
    OK(gcroots_manually_rooted_to_rooted(store, clone, &back));
    CHECK(is_i31(scoped, value) && is_i31(local, value) && is_i31(manual.ref, value));
    CHECK(is_i31(escaped, value) && is_i31(upgraded, value) && is_i31(back, value));
    CHECK(is_i31(assigned, value) && is_i31(clone.ref, value));
    OK(gcroots_manually_rooted_into_rooted(store, &clone, &back));
    CHECK(is_i31(back, value));
    OK(gcroots_manually_rooted_unroot(store, &manual));
    OK(gcroots_weak_free(store, &weak));
  }
}

CASE(a_weak_handle_of_an_i31_always_upgrades) {
  enum { COUNT = 1000 };
  static gcroots_weak_t weak[COUNT];
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref;
  for (int i = 0; i < COUNT; i++) OK(gcroots_weak_new(store, new_i31(i - COUNT / 2), &weak[i]));
  OK(gcroots_scope_exit(store, scope));
  CHECK(stats_of(store).scoped_roots == 0);
  new_externref(NULL);
  OK(gcroots_store_gc(store));
  OK(gcroots_store_gc(store));
  for (int i = 0; i < COUNT; i++) {
    OK(gcroots_weak_upgrade(store, weak[i], &ref));
    CHECK(is_i31(ref, i - COUNT / 2));
    OK(gcroots_weak_free(store, &weak[i]));
  }
}

CASE(an_i31s_root_ends_as_others_do) {
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref = new_i31(5), local = new_local(ref);
  gcroots_manually_rooted_t owned = root(ref), later = root(ref), copy = owned, late = later;
  int32_t out = 7;
  OK(gcroots_scope_exit(store, scope));
  REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_i31_get_s(store, ref, &out));
  REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_i31_get_s(store, local, &out));
  CHECK(is_i31(owned.ref, 5));
  OK(gcroots_manually_rooted_unroot(store, &owned));
  OK(gcroots_manually_rooted_unroot_later(&later));
  OK(gcroots_store_gc(store));
  REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_i31_get_s(store, copy.ref, &out));
  REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_i31_get_s(store, late.ref, &out));
  REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_manually_rooted_unroot(store, &copy));
  CHECK(out == 7 && stats_of(store).scoped_roots == 0 && stats_of(store).manual_roots == 0);
}

CASE(an_i31_that_is_assigned_lets_the_object_go) {
  int finalized = 0;
  gcroots_ref_t ref;
  OK(gcroots_externref_new(store, &finalized, count_call, &ref));
  OK(gcroots_ref_assign(store, ref, new_i31(-3)));
  OK(gcroots_store_gc(store));
  CHECK(is_i31(ref, -3) && finalized == (collects ? 1 : 0));
  free_store();
}

/* A free slot holds a link to another slot, which looks like an i31. */
CASE(a_slot_without_a_root_is_no_i31) {
  enum { COUNT = 64 };
  gcroots_manually_rooted_t manual[COUNT];
  gcroots_ref_t refs[2 * COUNT];
  gcroots_scope_t scope = enter();
  for (int i = 0; i < COUNT; i++) {
    refs[i] = new_i31(i);
    manual[i] = root(refs[i]);
    refs[COUNT + i] = manual[i].ref;
  }
  for (int i = 0; i < COUNT; i++) OK(gcroots_manually_rooted_unroot(store, &manual[i * 5 % COUNT]));
  OK(gcroots_scope_exit(store, scope));
  for (int i = 0; i < 2 * COUNT; i++) {
    uint32_t last = refs[i].generation;
    for (refs[i].generation = 0; refs[i].generation < last + 8; refs[i].generation++) {
      int32_t with_sign = 7;
      uint32_t without = 7;
      bool is = true;
      gcroots_ref_type_t type = {NULL, GCROOTS_HEAP_I31, 1};
      REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_i31_get_s(store, refs[i], &with_sign));
      REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_i31_get_u(store, refs[i], &without));
      REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_ref_test(store, refs[i], type, &is));
      CHECK(with_sign == 7 && without == 7 && is);
    }
  }
}

/* --- Fields and elements ----------------------------------------------------- */

/* Whether a slot of this heap type accepts i31s. */
static bool takes_i31s(gcroots_heap_type_t heap) {
  return heap == GCROOTS_HEAP_ANY || heap == GCROOTS_HEAP_EQ || heap == GCROOTS_HEAP_I31 ||
         heap == GCROOTS_HEAP_EXTERN;
}

CASE(fields_keep_i31s) {
  for (gcroots_heap_type_t heap = 0; heap < GCROOTS_HEAP_TYPE; heap++) {
    gcroots_type_t *type =
        STRUCT_TYPE(mutable_(or_null(ref_to(heap))), mutable_(plain(GCROOTS_STORAGE_I32)));
    gcroots_ref_t ref = make_default(type), value = new_i31(-1);
    gcroots_ref_t out = untouched();
    gcroots_val_t fields[2] = {val_ref(value), val_i32(-1)};
    if (takes_i31s(heap)) {
      OK(gcroots_struct_set_ref(store, ref, 0, value));
      OK(gcroots_store_gc(store));
      CHECK(is_i31(field_ref(ref, 0), -1) && field_i32(ref, 1) == 0);
      out = make_struct(type, fields, 2);
      OK(gcroots_store_gc(store));
      CHECK(is_i31(get_field(out, 0).of.ref, -1) && field_i32(out, 1) == -1);
    } else {
      REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_struct_set_ref(store, ref, 0, value));
      REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_struct_set(store, ref, 0, &fields[0]));
      REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_struct_new(store, type, fields, 2, &out));
      CHECK(same_bits(out, untouched()) && gcroots_ref_is_null(field_ref(ref, 0)));
    }
    gcroots_type_free(type);
  }
}

CASE(elements_keep_i31s) {
  enum { COUNT = 300 };
  for (gcroots_heap_type_t heap = 0; heap < GCROOTS_HEAP_TYPE; heap++) {
    gcroots_type_t *type = new_array(mutable_(or_null(ref_to(heap))));
    gcroots_ref_t ref = make_zeros(type, COUNT), out;
    gcroots_type_free(type);
    for (int32_t i = 0; i < COUNT; i++) {
      gcroots_scope_t scope = enter();
      gcroots_ref_t value = new_i31(i - COUNT / 2);
      if (takes_i31s(heap))
        OK(gcroots_array_set_ref(store, ref, (size_t)i, value));
      else
        REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_array_set_ref(store, ref, (size_t)i, value));
      OK(gcroots_scope_exit(store, scope));
    }
    OK(gcroots_store_gc(store));
    for (int32_t i = 0; i < COUNT; i++) {
      OK(gcroots_array_get_ref(store, ref, (size_t)i, &out));
      CHECK(takes_i31s(heap) ? is_i31(out, i - COUNT / 2) : gcroots_ref_is_null(out));
    }
  }
}

CASE(a_field_of_i31s_takes_nothing_else) {
  gcroots_type_t *type = STRUCT_TYPE(mutable_(ref_to(GCROOTS_HEAP_I31)));
  gcroots_ref_t ref = STRUCT(type, val_ref(new_i31(9)));
  EACH_KIND(kind) {
    gcroots_ref_t value = new_of_kind(kind);
    if (kind == GCROOTS_REF_I31)
      OK(gcroots_struct_set_ref(store, ref, 0, value));
    else
      REFUSED(kind == GCROOTS_REF_NULL ? GCROOTS_ERROR_NULL_REFERENCE : GCROOTS_ERROR_TYPE_MISMATCH,
              gcroots_struct_set_ref(store, ref, 0, value));
    CHECK(is_i31(field_ref(ref, 0), kind < GCROOTS_REF_I31 ? 9 : ITS_INTEGER));
  }
  gcroots_type_free(type);
}

/* --- No object --------------------------------------------------------------- */

CASE(a_million_i31s_need_no_heap) {
  enum { COUNT = 1000000 };
  static gcroots_ref_t refs[COUNT];
  gcroots_stats_t stats;
  for (int32_t i = 0; i < COUNT; i++) refs[i] = new_i31(i * 1021);
  stats = stats_of(store);
  CHECK(stats.scoped_roots == COUNT && stats.objects == 0 && stats.live_bytes == 0);
  CHECK(stats.committed_bytes == 0 && stats.collections == 0);
  OK(gcroots_store_gc(store));
  for (int32_t i = 0; i < COUNT; i++) {
    int32_t value;
    OK(gcroots_i31_get_s(store, refs[i], &value));
    CHECK(value == i * 1021);
  }
}

CASE(a_store_without_a_heap_has_i31s) {
  gcroots_ref_type_t i31 = {NULL, GCROOTS_HEAP_I31, 0}, is_struct = {NULL, GCROOTS_HEAP_STRUCT, 0};
  gcroots_type_t *type = new_struct(NULL, 0);
  gcroots_ref_type_t concrete = {type, GCROOTS_HEAP_TYPE, 1};
  gcroots_ref_t ref = new_i31(1), out;
  gcroots_manually_rooted_t manual = root(ref);
  gcroots_weak_t weak;
  bool is;
  OK(gcroots_weak_new(store, ref, &weak));
  OK(gcroots_store_gc(store));
  OK(gcroots_store_verify(store));
  OK(gcroots_weak_upgrade(store, weak, &out));
  CHECK(same_object(out, manual.ref) && hash_of(out) == hash_of(ref));
  OK(gcroots_ref_test(store, ref, i31, &is));
  CHECK(is);
  OK(gcroots_ref_test(store, ref, is_struct, &is));
  CHECK(!is);
  OK(gcroots_ref_test(store, ref, concrete, &is));
  CHECK(!is);
  OK(gcroots_ref_cast(store, ref, i31, &out));
  OK(gcroots_extern_convert_any(store, out, &out));
  CHECK(is_i31(out, 1) && kind_of(out) == GCROOTS_REF_I31);
  REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_ref_cast(store, ref, concrete, &out));
  CHECK(stats_of(store).committed_bytes == 0);
  gcroots_type_free(type);
}

CASE(a_full_heap_has_i31s) {
  gcroots_stats_t before;
  free_store();
  store = new_store(64 << 10);
  fill_store(GCROOTS_ERROR_OUT_OF_MEMORY);
  before = stats_of(store);
  for (int32_t i = 0; i < 1000; i++) CHECK(is_i31(new_i31(i), i));
  CHECK(stats_of(store).collections == before.collections);
  CHECK(stats_of(store).objects == before.objects);
}

CASE(a_no_gc_span_has_i31s) {
  free_store();
  store = new_store(64 << 10);
  OK(gcroots_no_gc_enter(store));
  CHECK(is_i31(new_i31(1), 1));
  fill_store(collects ? GCROOTS_ERROR_NO_GC : GCROOTS_ERROR_OUT_OF_MEMORY);
  for (int32_t i = 0; i < 1000; i++) CHECK(is_i31(new_i31(i), i));
  CHECK(stats_of(store).collections == 0);
}

/* --- Refusals ---------------------------------------------------------------- */

/* Both ways to read the integer of a reference are refused. */
static void check_no_i31(gcroots_status_t expected, gcroots_ref_t ref) {
  int32_t with_sign = 7;
  uint32_t without = 7;
  REFUSED(expected, gcroots_i31_get_s(store, ref, &with_sign));
  REFUSED(expected, gcroots_i31_get_u(store, ref, &without));
  CHECK(with_sign == 7 && without == 7);
}

CASE(bad_handles_are_refused) {
  struct arguments a;
  new_arguments(&a, store);
  check_bad_handles(i31_calls, &a);
  free_arguments(&a);
}

CASE(null_and_objects_are_no_i31s) {
  EACH_KIND(kind) {
    gcroots_status_t expected =
        kind == GCROOTS_REF_NULL ? GCROOTS_ERROR_NULL_REFERENCE : GCROOTS_ERROR_TYPE_MISMATCH;
    gcroots_ref_t ref = new_of_kind(kind);
    gcroots_manually_rooted_t manual = root(ref);
    if (kind == GCROOTS_REF_I31) continue;
    check_no_i31(expected, ref);
    check_no_i31(expected, new_local(ref));
    check_no_i31(expected, manual.ref);
  }
}

CASE(functions_of_objects_refuse_an_i31) {
  static const gcroots_status_t expected = GCROOTS_ERROR_TYPE_MISMATCH;
  for (size_t i = 0; i < COUNT_OF(integers); i++) {
    gcroots_ref_t ref = new_i31(integers[i].value), out = untouched();
    gcroots_val_t val = val_i32(1), read = untouched_val();
    gcroots_tag_t tag = {1, 2, 3};
    gcroots_type_t *type = NULL;
    void *data = NULL;
    size_t length = 7;
    REFUSED(expected, gcroots_externref_data(store, ref, &data));
    REFUSED(expected, gcroots_externref_data_tagged(store, ref, NULL, &data));
    REFUSED(expected, gcroots_externref_set_data(store, ref, &val));
    REFUSED(expected, gcroots_externref_set_external_bytes(store, ref, 1));
    REFUSED(expected, gcroots_externref_adjust_external_bytes(store, ref, 1));
    REFUSED(expected, gcroots_struct_get(store, ref, 0, &read));
    REFUSED(expected, gcroots_struct_set(store, ref, 0, &val));
    REFUSED(expected, gcroots_struct_get_i32(store, ref, 0, &read.of.i32));
    REFUSED(expected, gcroots_struct_set_i32(store, ref, 0, 1));
    REFUSED(expected, gcroots_struct_get_ref(store, ref, 0, &out));
    REFUSED(expected, gcroots_struct_set_ref(store, ref, 0, ref));
    REFUSED(expected, gcroots_array_len(store, ref, &length));
    REFUSED(expected, gcroots_array_get(store, ref, 0, &read));
    REFUSED(expected, gcroots_array_set(store, ref, 0, &val));
    REFUSED(expected, gcroots_array_fill(store, ref, 0, &val, 1));
    REFUSED(expected, gcroots_array_copy(store, ref, 0, ref, 0, 0));
    REFUSED(expected, gcroots_exn_tag(store, ref, &tag));
    REFUSED(expected, gcroots_exn_field(store, ref, 0, &read));
    REFUSED(expected, gcroots_ref_type(store, ref, &type));
    CHECK(same_bits(out, untouched()) && is_untouched(read) && tag.index == 3);
    CHECK(data == NULL && type == NULL && length == 7);
  }
}

CASE(null_pointers_are_refused) {
  check_nulls(i31_calls);
}
