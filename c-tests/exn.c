/* Tags and exceptions. */
#include "kinds.h"

/* The storage types of parameters, references last. */
static const gcroots_storage_t storages[] = {GCROOTS_STORAGE_I32,  GCROOTS_STORAGE_I64,
                                             GCROOTS_STORAGE_F32,  GCROOTS_STORAGE_F64,
                                             GCROOTS_STORAGE_V128, GCROOTS_STORAGE_REF};

static bool same_tag(gcroots_tag_t a, gcroots_tag_t b) {
  return memcmp(&a, &b, sizeof a) == 0;
}

static gcroots_tag_t tag_of_exn(gcroots_ref_t ref) {
  gcroots_tag_t tag;
  OK(gcroots_exn_tag(store, ref, &tag));
  return tag;
}

static gcroots_tag_t untouched_tag(void) {
  gcroots_tag_t tag;
  memset(&tag, 0x5a, sizeof tag);
  return tag;
}

/* Makes a tag whose exceptions have one field: a reference of this type. */
static gcroots_tag_t tag_of_one(gcroots_field_type_t param) {
  return tag_of(&param, 1);
}

static gcroots_tag_t any_tag(void) {
  return tag_of_one(any_field());
}

/* --- Tags -------------------------------------------------------------------- */

CASE(two_tags_of_one_type_differ) {
  gcroots_type_t *type = new_func(NULL, 0, NULL, 0);
  gcroots_tag_t a = new_tag(type), b = new_tag(type);
  CHECK(!same_tag(a, b));
  CHECK(same_tag(tag_of_exn(make_exn(a, NULL, 0)), a));
  CHECK(same_tag(tag_of_exn(make_exn(b, NULL, 0)), b));
  gcroots_type_free(type);
}

CASE(a_tag_equals_itself_only) {
  gcroots_type_t *type = new_func(NULL, 0, NULL, 0);
  gcroots_tag_t tags[3] = {new_tag(type), new_tag(type), any_tag()};
  for (int a = 0; a < 3; a++)
    for (int b = 0; b < 3; b++) {
      bool equal = a != b;
      OK(gcroots_tag_eq(store, tags[a], tags[b], &equal));
      CHECK(equal == (a == b));
    }
  gcroots_type_free(type);
}

CASE(an_exception_has_the_type_of_its_tag) {
  gcroots_field_type_t param = plain(GCROOTS_STORAGE_I64);
  gcroots_type_t *types[2] = {new_func(NULL, 0, NULL, 0), new_func(&param, 1, NULL, 0)}, *read;
  gcroots_val_t value = val_i64(7);
  for (size_t i = 0; i < 2; i++) {
    gcroots_ref_t exn = make_exn(new_tag(types[i]), &value, i);
    OK(gcroots_store_gc(store));
    OK(gcroots_ref_type(store, exn, &read));
    CHECK(read == types[i]);
    gcroots_type_free(read);
  }
  free_types(types, 2);
}

CASE(a_tag_has_the_type_that_it_was_made_of) {
  gcroots_field_type_t param = plain(GCROOTS_STORAGE_I64);
  gcroots_type_t *types[2] = {new_func(NULL, 0, NULL, 0), new_func(&param, 1, NULL, 0)}, *read;
  gcroots_tag_t tags[2] = {new_tag(types[0]), new_tag(types[1])};
  for (int i = 0; i < 2; i++) {
    OK(gcroots_tag_type(store, tags[i], &read));
    CHECK(read == types[i]);
    gcroots_type_free(read);
  }
  free_types(types, 2);
}

CASE(a_tag_keeps_its_type) {
  gcroots_field_type_t params[2] = {plain(GCROOTS_STORAGE_I64), any_field()};
  gcroots_type_t *type = new_func(params, 2, NULL, 0), *read;
  gcroots_tag_t tag = new_tag(type);
  uint32_t index = index_of(type);
  gcroots_type_free(type);
  OK(gcroots_store_gc(store));
  OK(gcroots_tag_type(store, tag, &read));
  CHECK(index_of(read) == index);
  free_store();
  gcroots_engine_free(engine);
  engine = NULL;
  CHECK(field_of(read, 1).heap == GCROOTS_HEAP_ANY);
  gcroots_type_free(read);
}

CASE(a_tag_lives_as_long_as_its_store) {
  gcroots_scope_t scope = enter();
  gcroots_tag_t tag = any_tag();
  make_exn(tag, (gcroots_val_t[]){val_null()}, 1);
  OK(gcroots_scope_exit(store, scope));
  for (int i = 0; i < 3; i++) {
    new_externref(NULL);
    OK(gcroots_store_gc(store));
  }
  CHECK(same_tag(tag_of_exn(EXN(tag, val_null())), tag));
}

CASE(a_store_has_100_000_tags) {
  enum { COUNT = 100000 };
  static gcroots_tag_t tags[COUNT];
  gcroots_field_type_t param = plain(GCROOTS_STORAGE_I32);
  gcroots_type_t *types[2] = {new_func(&param, 1, NULL, 0), new_func(NULL, 0, NULL, 0)}, *read;
  for (int i = 0; i < COUNT; i++) {
    tags[i] = new_tag(types[i % 2]);
    if (i > 0) CHECK(!same_tag(tags[i], tags[i - 1]) && !same_tag(tags[i], tags[0]));
  }
  CHECK(stats_of(store).committed_bytes == 0);
  for (int i = 0; i < COUNT; i += stressed ? 997 : 1) {
    gcroots_scope_t scope = enter();
    gcroots_val_t field = val_i32(i);
    gcroots_ref_t ref = make_exn(tags[i], &field, i % 2 == 0);
    CHECK(same_tag(tag_of_exn(ref), tags[i]));
    OK(gcroots_tag_type(store, tags[i], &read));
    CHECK(read == types[i % 2]);
    gcroots_type_free(read);
    OK(gcroots_scope_exit(store, scope));
  }
  free_types(types, 2);
}

CASE(only_a_function_type_without_results_makes_a_tag) {
  gcroots_field_type_t field = plain(GCROOTS_STORAGE_I32);
  gcroots_type_t *types[] = {new_func(NULL, 0, &field, 1), new_func(&field, 1, &field, 1),
                             new_struct(&field, 1), new_array(field)};
  for (size_t i = 0; i < COUNT_OF(types); i++) {
    gcroots_tag_t out = untouched_tag();
    REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_tag_new(store, types[i], &out));
    CHECK(same_tag(out, untouched_tag()));
  }
  free_types(types, COUNT_OF(types));
}

CASE(a_type_of_another_engine_makes_no_tag) {
  gcroots_engine_t *kept = engine, *own;
  gcroots_field_type_t field = plain(GCROOTS_STORAGE_I32);
  gcroots_type_t *foreign[3], *mine = new_func(NULL, 0, NULL, 0);
  OK(gcroots_engine_new(NULL, &own));
  engine = own;
  foreign[0] = new_func(NULL, 0, NULL, 0);
  foreign[1] = new_func(NULL, 0, &field, 1);
  foreign[2] = new_struct(NULL, 0);
  engine = kept;
  gcroots_engine_free(own);
  CHECK(index_of(mine) == index_of(foreign[0]));
  for (int used = 0; used < 2; used++) {
    for (size_t i = 0; i < COUNT_OF(foreign); i++) {
      gcroots_tag_t out = untouched_tag();
      REFUSED(GCROOTS_ERROR_WRONG_ENGINE, gcroots_tag_new(store, foreign[i], &out));
      CHECK(same_tag(out, untouched_tag()));
    }
    new_tag(mine);
  }
  free_types(foreign, 3);
  gcroots_type_free(mine);
}

/* No function accepts these bits as a tag. */
static void check_no_tag(gcroots_status_t expected, gcroots_tag_t tag) {
  gcroots_type_t *type = NULL;
  gcroots_ref_t out = untouched();
  REFUSED(expected, gcroots_tag_type(store, tag, &type));
  REFUSED(expected, gcroots_exn_new(store, tag, NULL, 0, &out));
  CHECK(type == NULL && same_bits(out, untouched()));
}

CASE(every_other_bit_names_no_tag) {
  gcroots_tag_t tag = tag_of(NULL, 0), bits;
  for (int bit = 0; bit < 128; bit++) {
    bits = tag;
    ((unsigned char *)&bits)[bit / 8] ^= (unsigned char)(1 << bit % 8);
    check_no_tag(bits.store_id == 0 ? GCROOTS_ERROR_NULL_REFERENCE
                 : bit < 64         ? GCROOTS_ERROR_WRONG_STORE
                                    : GCROOTS_ERROR_UNROOTED,
                 bits);
  }
  for (uint32_t generation = 0; generation < 100; generation++) {
    bits = tag;
    bits.generation = generation;
    if (generation != tag.generation) check_no_tag(GCROOTS_ERROR_UNROOTED, bits);
  }
  for (uint32_t index = 1; index < 100; index++) {
    bits = tag;
    bits.index += index;
    check_no_tag(GCROOTS_ERROR_UNROOTED, bits);
    bits.index |= 1U << 31;
    check_no_tag(GCROOTS_ERROR_UNROOTED, bits);
  }
  memset(&bits, 0xff, sizeof bits);
  check_no_tag(GCROOTS_ERROR_WRONG_STORE, bits);
  bits.store_id = tag.store_id;
  check_no_tag(GCROOTS_ERROR_UNROOTED, bits);
}

CASE(a_tag_whose_store_id_is_0_is_null) {
  gcroots_tag_t null = {0, 0, 0}, odd = {0, UINT32_MAX, UINT32_MAX}, tag = tag_of(NULL, 0);
  check_no_tag(GCROOTS_ERROR_NULL_REFERENCE, null);
  check_no_tag(GCROOTS_ERROR_NULL_REFERENCE, odd);
  tag.store_id = 0;
  check_no_tag(GCROOTS_ERROR_NULL_REFERENCE, tag);
}

/* --- Fields ------------------------------------------------------------------ */

CASE(an_exception_has_the_fields_of_its_tag) {
  enum { COUNT = COUNT_OF(storages) };
  gcroots_field_type_t params[COUNT];
  gcroots_val_t values[COUNT];
  gcroots_ref_t ref;
  gcroots_tag_t tag;
  for (size_t i = 0; i < COUNT; i++) {
    params[i] = mutable_of(storages[i]);
    values[i] = val_made_of(storages[i], (uint32_t)i);
  }
  tag = tag_of(params, COUNT);
  values[COUNT - 1] = val_ref(new_i31(-9));
  ref = make_exn(tag, values, COUNT);
  OK(gcroots_store_gc(store));
  for (size_t i = 0; i < COUNT; i++) CHECK(same_val(exn_field(ref, i), values[i]));
  CHECK(same_tag(tag_of_exn(ref), tag));
  values[COUNT - 1] = val_null();
  CHECK(gcroots_ref_is_null(exn_field(make_exn(tag, values, COUNT), COUNT - 1).of.ref));
}

/* The second field's offset depends on the first field's storage type. */
CASE(a_field_of_each_storage_is_kept) {
  for (size_t first = 0; first < COUNT_OF(storages); first++)
    for (size_t second = 0; second < COUNT_OF(storages); second++) {
      gcroots_field_type_t params[2] = {mutable_of(storages[first]), mutable_of(storages[second])};
      gcroots_val_t a = val_made_of(storages[first], 3), b = val_made_of(storages[second], 4);
      gcroots_tag_t tag = tag_of(params, 2);
      gcroots_ref_t ref = EXN(tag, a, b);
      OK(gcroots_store_gc(store));
      CHECK(same_val(exn_field(ref, 0), a) && same_val(exn_field(ref, 1), b));
      CHECK(same_tag(tag_of_exn(ref), tag));
    }
}

CASE(an_exception_may_have_1000_fields) {
  enum { COUNT = 1000 };
  static gcroots_field_type_t params[COUNT];
  static gcroots_val_t values[COUNT];
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref, host = new_externref(values);
  for (size_t i = 0; i < COUNT; i++) {
    gcroots_storage_t storage = storages[i * 7 % COUNT_OF(storages)];
    params[i] = mutable_of(storage);
    values[i] = val_made_of(storage, (uint32_t)i);
    if (storage == GCROOTS_STORAGE_REF)
      values[i] = val_ref(i % 3 == 0 ? host : new_i31((int32_t)i));
  }
  ref = make_exn(tag_of(params, COUNT), values, COUNT);
  OK(gcroots_store_gc(store));
  for (size_t i = 0; i < COUNT; i++) CHECK(same_val(exn_field(ref, i), values[i]));
  OK(gcroots_scope_escape(store, scope, ref, &ref));
  OK(gcroots_store_gc(store));
  for (size_t i = 0; i < COUNT; i++) {
    gcroots_val_t read = exn_field(ref, i);
    if (read.kind != GCROOTS_STORAGE_REF)
      CHECK(same_val(read, values[i]));
    else if (i % 3 == 0)
      CHECK(data_of(read.of.ref) == values);
    else
      CHECK(is_i31(read.of.ref, (int32_t)i));
  }
}

CASE(a_field_that_is_read_is_a_new_root_of_the_current_scope) {
  gcroots_ref_t host = new_externref(&host), ref = EXN(any_tag(), val_ref(host)), read;
  gcroots_scope_t scope = enter();
  read = exn_field(ref, 0).of.ref;
  CHECK(same_object(read, host) && !gcroots_ref_same_root(read, host));
  OK(gcroots_scope_exit(store, scope));
  REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_externref_set_data(store, read, NULL));
}

CASE(a_field_that_is_not_there_is_out_of_bounds) {
  static const size_t indices[] = {
      0, 1, 2, 1000, UINT32_MAX, (size_t)1 << 32, ((size_t)1 << 32) + 1, SIZE_MAX};
  for (size_t count = 0; count < 3; count++) {
    gcroots_field_type_t params[2] = {plain(GCROOTS_STORAGE_I32), any_field()};
    gcroots_val_t values[2] = {val_i32(1), val_null()}, out = untouched_val();
    gcroots_ref_t ref = make_exn(tag_of(params, count), values, count);
    for (size_t i = 0; i < COUNT_OF(indices); i++)
      if (indices[i] >= count)
        REFUSED(GCROOTS_ERROR_OUT_OF_BOUNDS, gcroots_exn_field(store, ref, indices[i], &out));
    CHECK(is_untouched(out));
  }
}

/* --- Lives and deaths -------------------------------------------------------- */

CASE(an_exception_keeps_what_it_refers_to_alive) {
  static int finalized;
  gcroots_scope_t outer = enter(), inner;
  gcroots_field_type_t params[3] = {any_field(), plain(GCROOTS_STORAGE_I64), any_field()};
  gcroots_ref_t ref, hosts[2];
  finalized = 0;
  inner = enter();
  for (int i = 0; i < 2; i++) OK(gcroots_externref_new(store, &finalized, count_call, &hosts[i]));
  ref = make_exn(tag_of(params, 3),
                 (gcroots_val_t[]){val_ref(hosts[0]), val_i64(-1), val_ref(hosts[1])}, 3);
  OK(gcroots_scope_escape(store, inner, ref, &ref));
  for (int i = 0; i < 3; i++) {
    new_externref(NULL);
    OK(gcroots_store_gc(store));
  }
  CHECK(finalized == 0);
  CHECK(data_of(exn_field(ref, 0).of.ref) == &finalized);
  CHECK(data_of(exn_field(ref, 2).of.ref) == &finalized);
  OK(gcroots_scope_exit(store, outer));
  OK(gcroots_store_gc(store));
  CHECK(finalized == (collects ? 2 : 0));
}

CASE(an_exception_dies_with_its_last_root) {
  gcroots_scope_t scope = enter();
  gcroots_weak_t weak;
  gcroots_ref_t out;
  OK(gcroots_weak_new(store, new_exn(), &weak));
  OK(gcroots_weak_upgrade(store, weak, &out));
  CHECK(kind_of(out) == GCROOTS_REF_EXN);
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_store_gc(store));
  OK(gcroots_weak_upgrade(store, weak, &out));
  CHECK(gcroots_ref_is_null(out) == collects);
  CHECK(stats_of(store).objects == (collects ? 0 : 1));
}

CASE(an_exception_keeps_its_identity_when_it_moves) {
  gcroots_ref_t ref = new_exn(), other = new_exn();
  uint64_t hash = hash_of(ref);
  OK(gcroots_store_gc(store));
  CHECK(hash_of(ref) == hash && same_object(ref, new_local(ref)) && !same_object(ref, other));
}

CASE(a_table_of_roots_holds_exceptions) {
  enum { COUNT = 1000 };
  static gcroots_manually_rooted_t table[COUNT];
  gcroots_field_type_t params[2] = {plain(GCROOTS_STORAGE_I32), any_field()};
  gcroots_tag_t tags[2] = {tag_of(params, 2), tag_of(params, 2)};
  for (int i = 0; i < COUNT; i++) {
    gcroots_scope_t scope = enter();
    table[i] = root(EXN(tags[i % 2], val_i32(i), val_ref(new_externref(&table[i]))));
    OK(gcroots_scope_exit(store, scope));
  }
  for (int i = 0; i < COUNT; i += 3) OK(gcroots_manually_rooted_unroot(store, &table[i]));
  OK(gcroots_store_gc(store));
  for (int i = 0; i < COUNT; i++) {
    gcroots_scope_t scope = enter();
    if (i % 3 != 0) {
      CHECK(exn_field(table[i].ref, 0).of.i32 == i);
      CHECK(data_of(exn_field(table[i].ref, 1).of.ref) == &table[i]);
      CHECK(same_tag(tag_of_exn(table[i].ref), tags[i % 2]));
    }
    OK(gcroots_scope_exit(store, scope));
  }
}

CASE(fields_and_elements_of_exn_hold_exceptions) {
  enum { COUNT = 50 };
  gcroots_field_type_t exn = mutable_(or_null(ref_to(GCROOTS_HEAP_EXN)));
  gcroots_type_t *row_type = new_array(exn), *type = new_struct(&exn, 1);
  gcroots_ref_t row = make_zeros(row_type, COUNT), holder = make_default(type), out;
  gcroots_tag_t tag = tag_of_one(plain(GCROOTS_STORAGE_I32));
  for (int i = 0; i < COUNT; i++) {
    gcroots_scope_t scope = enter();
    gcroots_ref_t ref = EXN(tag, val_i32(i));
    OK(gcroots_array_set_ref(store, row, (size_t)i, ref));
    OK(gcroots_struct_set_ref(store, holder, 0, ref));
    OK(gcroots_scope_exit(store, scope));
  }
  OK(gcroots_store_gc(store));
  for (int i = 0; i < COUNT; i++) {
    OK(gcroots_array_get_ref(store, row, (size_t)i, &out));
    CHECK(exn_field(out, 0).of.i32 == i);
  }
  CHECK(same_object(field_ref(holder, 0), out));
  gcroots_type_free(row_type);
  gcroots_type_free(type);
}

CASE(exceptions_refer_to_exceptions) {
  enum { COUNT = 500 };
  gcroots_field_type_t params[2] = {or_null(ref_to(GCROOTS_HEAP_EXN)), plain(GCROOTS_STORAGE_I32)};
  gcroots_tag_t tag = tag_of(params, 2);
  gcroots_ref_t chain = new_local(gcroots_ref_null());
  for (int i = 0; i < COUNT; i++) {
    gcroots_scope_t scope = enter();
    OK(gcroots_ref_assign(store, chain, EXN(tag, val_ref(chain), val_i32(i))));
    OK(gcroots_scope_exit(store, scope));
  }
  OK(gcroots_store_gc(store));
  for (int i = COUNT; i-- > 0;) {
    CHECK(exn_field(chain, 1).of.i32 == i);
    chain = exn_field(chain, 0).of.ref;
  }
  CHECK(gcroots_ref_is_null(chain));
}

/* A value that only the array of values refers to must survive a collection during the
   allocation of its exception. */
CASE(values_survive_the_making_of_their_exception) {
  gcroots_type_t *type = STRUCT_TYPE(plain(GCROOTS_STORAGE_I32), any_field());
  gcroots_tag_t tag = tag_of_one(or_null(ref_to_type(type)));
  for (int i = 0; i < 300; i++) {
    gcroots_scope_t scope = enter();
    gcroots_ref_t value = STRUCT(type, val_i32(i), val_ref(new_externref(&tag)));
    gcroots_ref_t read = exn_field(EXN(tag, val_ref(value)), 0).of.ref;
    CHECK(field_i32(read, 0) == i && data_of(field_ref(read, 1)) == &tag);
    OK(gcroots_scope_exit(store, scope));
  }
  gcroots_type_free(type);
}

/* --- Refusals ---------------------------------------------------------------- */

CASE(a_wrong_count_is_refused) {
  gcroots_field_type_t params[4] = {plain(GCROOTS_STORAGE_I32), plain(GCROOTS_STORAGE_I32),
                                    plain(GCROOTS_STORAGE_I32), plain(GCROOTS_STORAGE_I32)};
  gcroots_val_t values[5];
  for (size_t i = 0; i < 5; i++) values[i] = val_i32(1);
  for (size_t needed = 0; needed < 5; needed++)
    for (size_t count = 0; count < 6; count++) {
      gcroots_tag_t tag = tag_of(params, needed);
      gcroots_ref_t out = untouched();
      if (count == needed) continue;
      REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT,
              gcroots_exn_new(store, tag, values, count < 5 ? count : 5, &out));
      CHECK(same_bits(out, untouched()) && stats_of(store).objects == 0);
    }
}

/* No exception is made with this value in this field, alone or with other fields. */
static void check_not_taken(gcroots_status_t expected, gcroots_field_type_t param,
                            gcroots_val_t value) {
  gcroots_field_type_t params[3] = {plain(GCROOTS_STORAGE_I32), param, any_field()};
  gcroots_val_t values[3] = {val_i32(1), value, val_null()};
  gcroots_ref_t out = untouched();
  gcroots_tag_t one = tag_of_one(param), three = tag_of(params, 3);
  REFUSED(expected, gcroots_exn_new(store, one, &value, 1, &out));
  REFUSED(expected, gcroots_exn_new(store, three, values, 3, &out));
  CHECK(same_bits(out, untouched()));
}

CASE(bad_handles_are_refused) {
  gcroots_field_type_t field = any_field();
  struct arguments a;
  new_arguments(&a, store);
  a.h.tag = a.h.tag_a = a.h.tag_b = tag_of(&field, 1);
  check_bad_handles(exn_calls, &a);
  free_arguments(&a);
  EACH_BAD_HANDLE(at) {
    check_not_taken(at->status, field, val_ref(at->ref));
    check_not_taken(at->status, ref_to(GCROOTS_HEAP_I31), val_ref(at->ref));
  }
}

CASE(null_is_refused_where_a_field_is_never_null) {
  check_not_taken(GCROOTS_ERROR_NULL_REFERENCE, ref_to(GCROOTS_HEAP_ANY), val_null());
  check_not_taken(GCROOTS_ERROR_NULL_REFERENCE, ref_to(GCROOTS_HEAP_NOEXN), val_null());
  check_not_taken(GCROOTS_ERROR_NULL_REFERENCE, ref_to(GCROOTS_HEAP_ANY),
                  val_ref(new_local(gcroots_ref_null())));
}

CASE(a_value_of_another_kind_is_refused) {
  for (size_t i = 0; i < COUNT_OF(storages); i++)
    for (size_t k = 0; k < COUNT_OF(storages); k++)
      if (i != k)
        check_not_taken(GCROOTS_ERROR_TYPE_MISMATCH, mutable_of(storages[i]),
                        val_made_of(storages[k], 1));
}

CASE(a_value_of_no_kind_is_refused) {
  static const gcroots_storage_t none[] = {
      GCROOTS_STORAGE_I8,        GCROOTS_STORAGE_I16, STORAGES, 255,
      256 + GCROOTS_STORAGE_I32, UINT32_MAX};
  for (size_t i = 0; i < COUNT_OF(none); i++)
    check_not_taken(GCROOTS_ERROR_INVALID_ARGUMENT, plain(GCROOTS_STORAGE_I32), val_of(none[i]));
}

CASE(an_object_of_another_type_is_refused) {
  gcroots_type_t *type = STRUCT_TYPE(plain(GCROOTS_STORAGE_F32));
  EACH_KIND(kind) {
    gcroots_val_t value = val_ref(new_of_kind(kind));
    if (kind == GCROOTS_REF_NULL) continue;
    check_not_taken(GCROOTS_ERROR_TYPE_MISMATCH, or_null(ref_to_type(type)), value);
    check_not_taken(GCROOTS_ERROR_TYPE_MISMATCH, or_null(ref_to(GCROOTS_HEAP_NOEXN)), value);
  }
  gcroots_type_free(type);
}

CASE(an_exception_is_taken_by_slots_of_exn_only) {
  gcroots_val_t value = val_ref(new_exn());
  for (gcroots_heap_type_t heap = 0; heap < GCROOTS_HEAP_TYPE; heap++) {
    if (heap != GCROOTS_HEAP_EXN)
      check_not_taken(GCROOTS_ERROR_TYPE_MISMATCH, or_null(ref_to(heap)), value);
  }
  CHECK(same_val(exn_field(EXN(tag_of_one(ref_to(GCROOTS_HEAP_EXN)), value), 0), value));
}

CASE(what_is_no_exception_is_refused) {
  EACH_KIND(kind) {
    gcroots_status_t expected =
        kind == GCROOTS_REF_NULL ? GCROOTS_ERROR_NULL_REFERENCE : GCROOTS_ERROR_TYPE_MISMATCH;
    gcroots_ref_t refs[2] = {new_of_kind(kind), new_local(new_of_kind(kind))};
    if (kind == GCROOTS_REF_EXN) continue;
    for (int i = 0; i < 2; i++) {
      gcroots_val_t out = untouched_val();
      gcroots_tag_t tag = untouched_tag();
      REFUSED(expected, gcroots_exn_tag(store, refs[i], &tag));
      REFUSED(expected, gcroots_exn_field(store, refs[i], 0, &out));
      REFUSED(expected, gcroots_exn_field(store, refs[i], SIZE_MAX, &out));
      CHECK(same_tag(tag, untouched_tag()) && is_untouched(out));
    }
  }
}

CASE(functions_of_other_objects_refuse_an_exception) {
  static const gcroots_status_t expected = GCROOTS_ERROR_TYPE_MISMATCH;
  gcroots_ref_t ref = EXN(any_tag(), val_null()), out = untouched();
  gcroots_val_t val = val_null(), read = untouched_val();
  void *data = NULL;
  size_t length = 7;
  REFUSED(expected, gcroots_externref_data(store, ref, &data));
  REFUSED(expected, gcroots_externref_set_data(store, ref, &val));
  REFUSED(expected, gcroots_struct_get(store, ref, 0, &read));
  REFUSED(expected, gcroots_struct_set(store, ref, 0, &val));
  REFUSED(expected, gcroots_struct_get_ref(store, ref, 0, &out));
  REFUSED(expected, gcroots_struct_set_ref(store, ref, 0, ref));
  REFUSED(expected, gcroots_array_len(store, ref, &length));
  REFUSED(expected, gcroots_array_get_ref(store, ref, 0, &out));
  REFUSED(expected, gcroots_i31_get_s(store, ref, &read.of.i32));
  CHECK(same_bits(out, untouched()) && is_untouched(read) && data == NULL && length == 7);
}

CASE(refusals_come_in_the_documented_order) {
  gcroots_val_t none[2] = {val_of(STORAGES), val_i32(1)}, bad = val_ref(untouched());
  gcroots_field_type_t params[2] = {any_field(), any_field()};
  gcroots_tag_t tag = any_tag(), two = tag_of(params, 2), no_tag = untouched_tag();
  gcroots_ref_t out = untouched();
  REFUSED_SAYING(GCROOTS_ERROR_WRONG_STORE, "`tag`", gcroots_exn_new(store, no_tag, none, 2, &out));
  REFUSED_SAYING(GCROOTS_ERROR_INVALID_ARGUMENT, "`count`",
                 gcroots_exn_new(store, tag, none, 2, &out));
  REFUSED_SAYING(GCROOTS_ERROR_INVALID_ARGUMENT, "kind",
                 gcroots_exn_new(store, two, (gcroots_val_t[]){bad, none[0]}, 2, &out));
  REFUSED(GCROOTS_ERROR_WRONG_STORE, gcroots_exn_new(store, tag, &bad, 1, &out));
  CHECK(same_bits(out, untouched()));
}

CASE(null_pointers_are_refused) {
  check_nulls(exn_calls);
}

/* --- A full heap ------------------------------------------------------------- */

/* Makes exceptions of this tag until one is refused with this status. */
static void fill_with_exns(gcroots_tag_t tag, gcroots_status_t refusal) {
  gcroots_val_t value = val_null();
  gcroots_ref_t ref = untouched();
  gcroots_status_t status;
  gcroots_stats_t stats;
  while ((status = gcroots_exn_new(store, tag, &value, 1, &ref)) == GCROOTS_OK) continue;
  CHECK(status == refusal);
  ref = untouched();
  stats = stats_of(store);
  REFUSED_AFTER_COLLECTION(refusal, gcroots_exn_new(store, tag, &value, 1, &ref));
  CHECK(same_bits(ref, untouched()) && stats_of(store).objects == stats.objects);
  CHECK(stats_of(store).scoped_roots == stats.scoped_roots);
}

/* Replaces the fixture's engine and store by ones with this heap limit. */
static void limit_store(size_t limit) {
  gcroots_config_t *config = variant_config(limit);
  free_store();
  gcroots_engine_free(engine);
  OK(gcroots_engine_new(config, &engine));
  gcroots_config_free(config);
  OK(gcroots_store_new(engine, &store));
}

CASE(a_full_heap_takes_tags_and_no_exceptions) {
  limit_store(64 << 10);
  fill_with_exns(any_tag(), GCROOTS_ERROR_OUT_OF_MEMORY);
  fill_with_exns(any_tag(), GCROOTS_ERROR_OUT_OF_MEMORY);
}

CASE(a_full_no_gc_span_takes_no_exceptions) {
  limit_store(64 << 10);
  OK(gcroots_no_gc_enter(store));
  fill_with_exns(any_tag(), collects ? GCROOTS_ERROR_NO_GC : GCROOTS_ERROR_OUT_OF_MEMORY);
  CHECK(stats_of(store).collections == 0);
}

CASE(exceptions_that_nothing_holds_make_room) {
  gcroots_tag_t tag;
  limit_store(64 << 10);
  tag = any_tag();
  if (!collects) return;
  for (int32_t i = 0; i < 20000; i++) {
    gcroots_scope_t scope = enter();
    CHECK(is_i31(exn_field(EXN(tag, val_ref(new_i31(i))), 0).of.ref, i));
    OK(gcroots_scope_exit(store, scope));
  }
  CHECK(stats_of(store).committed_bytes <= 64 << 10);
}
