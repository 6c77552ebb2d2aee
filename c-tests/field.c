/* Fields of structs: what they keep, what they take, and what they refuse. */
#include "refusals.h"
#include "threads.h"

/* Every function that takes a struct refuses this one, and writes nothing. */
static void all_refuse(gcroots_status_t expected, gcroots_ref_t ref, size_t index) {
  gcroots_val_t out = untouched_val();
  REFUSED(expected, gcroots_struct_get(store, ref, index, &out));
  for (gcroots_storage_t storage = 0; storage < STORAGES; storage++) {
    gcroots_val_t val = val_made_of(storage, 1);
    REFUSED(expected, get_as(storage, ref, index, &out));
    REFUSED(expected, set_as(ref, index, val));
    REFUSED(expected, gcroots_struct_set(store, ref, index, &val));
  }
  CHECK(is_untouched(out));
}

/* --- What they keep ---------------------------------------------------------- */

CASE(each_storage_keeps_what_it_was_made_with) {
  gcroots_type_t *type = new_mixed();
  gcroots_val_t fields[STORAGES], out;
  gcroots_ref_t ref;
  int number;
  for (gcroots_storage_t i = 0; i < STORAGES; i++) fields[i] = val_made_of(i, i);
  fields[GCROOTS_STORAGE_REF] = val_ref(new_externref(&number));
  ref = make_struct(type, fields, STORAGES);
  OK(gcroots_store_gc(store));
  for (gcroots_storage_t i = 0; i < STORAGES; i++) {
    CHECK(same_val(get_field(ref, i), fields[i]));
    OK(get_as(i, ref, i, &out));
    CHECK(same_val(out, fields[i]));
  }
  CHECK(data_of(field_ref(ref, GCROOTS_STORAGE_REF)) == &number);
  gcroots_type_free(type);
}

CASE(each_storage_keeps_what_it_is_set_to) {
  gcroots_type_t *type = new_mixed();
  gcroots_ref_t ref = make_default(type);
  for (gcroots_storage_t i = 0; i < STORAGES; i++) {
    gcroots_val_t first = val_made_of(i, 100), second = val_made_of(i, 200), out;
    if (i == GCROOTS_STORAGE_REF) {
      first = val_ref(new_externref(&first));
      second = val_ref(new_externref(&second));
    }
    OK(gcroots_struct_set(store, ref, i, &first));
    CHECK(same_val(get_field(ref, i), first));
    OK(set_as(ref, i, second));
    OK(get_as(i, ref, i, &out));
    CHECK(same_val(out, second) && !same_val(out, first));
  }
  gcroots_type_free(type);
}

CASE(a_default_struct_is_zeros_and_nulls) {
  gcroots_type_t *type = new_mixed();
  gcroots_val_t ones[STORAGES];
  memset(ones, 0xff, sizeof ones);
  for (gcroots_storage_t i = 0; i < STORAGES; i++)
    ones[i].kind = i < GCROOTS_STORAGE_I32 ? GCROOTS_STORAGE_I32 : i;
  for (int round = 0; round < 3; round++) {
    gcroots_scope_t scope = enter();
    gcroots_ref_t ref;
    /* Values from a refused construction or from dead objects must not appear in a new
       object. */
    REFUSED(GCROOTS_ERROR_WRONG_STORE,
            gcroots_struct_new(store, type, ones, STORAGES, &(gcroots_ref_t){0, 0, 0}));
    ref = make_default(type);
    for (gcroots_storage_t i = 0; i < STORAGES; i++) {
      gcroots_val_t zero = val_of(i < GCROOTS_STORAGE_I32 ? GCROOTS_STORAGE_I32 : i);
      gcroots_val_t value = ones[i];
      CHECK(same_val(get_field(ref, i), zero));
      if (i != GCROOTS_STORAGE_REF) set_field(ref, i, value);
    }
    OK(gcroots_scope_exit(store, scope));
    OK(gcroots_store_gc(store));
  }
  gcroots_type_free(type);
}

CASE(packed_fields_keep_the_lower_bits) {
  static const struct {
    int32_t value, s8, s16;
    uint32_t u8, u16;
  } rows[] = {
      {0, 0, 0, 0, 0},
      {1, 1, 1, 1, 1},
      {0x7f, 127, 127, 0x7f, 0x7f},
      {0x80, -128, 128, 0x80, 0x80},
      {0xff, -1, 255, 0xff, 0xff},
      {0x100, 0, 256, 0, 0x100},
      {0x7fff, -1, 32767, 0xff, 0x7fff},
      {0x8000, 0, -32768, 0, 0x8000},
      {0xffff, -1, -1, 0xff, 0xffff},
      {0x10000, 0, 0, 0, 0},
      {0x12345680, -128, 0x5680, 0x80, 0x5680},
      {-1, -1, -1, 0xff, 0xffff},
      {-128, -128, -128, 0x80, 0xff80},
      {-129, 127, -129, 0x7f, 0xff7f},
      {INT32_MIN, 0, 0, 0, 0},
      {INT32_MAX, -1, -1, 0xff, 0xffff},
  };
  gcroots_type_t *type =
      STRUCT_TYPE(mutable_of(GCROOTS_STORAGE_I8), mutable_of(GCROOTS_STORAGE_I16));
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    gcroots_val_t value = val_i32(rows[i].value);
    gcroots_ref_t refs[3] = {STRUCT(type, value, value), make_default(type), make_default(type)};
    for (size_t at = 0; at < 2; at++) {
      OK(gcroots_struct_set_i32(store, refs[1], at, rows[i].value));
      OK(gcroots_struct_set(store, refs[2], at, &value));
    }
    for (size_t way = 0; way < 3; way++) {
      int32_t s8, s16;
      uint32_t u8, u16;
      OK(gcroots_struct_get_s(store, refs[way], 0, &s8));
      OK(gcroots_struct_get_u(store, refs[way], 0, &u8));
      OK(gcroots_struct_get_s(store, refs[way], 1, &s16));
      OK(gcroots_struct_get_u(store, refs[way], 1, &u16));
      CHECK(s8 == rows[i].s8 && u8 == rows[i].u8 && s16 == rows[i].s16 && u16 == rows[i].u16);
      CHECK(same_val(get_field(refs[way], 0), val_i32((int32_t)u8)));
      CHECK(same_val(get_field(refs[way], 1), val_i32((int32_t)u16)));
    }
  }
  gcroots_type_free(type);
}

CASE(floats_keep_all_their_bits) {
  static const uint32_t bits32[] = {0,          0x80000000, 1,          0x7f800000, 0xff800000,
                                    0x7fc00000, 0x7fc12345, 0x7f800001, 0xffbfffff, UINT32_MAX};
  static const uint64_t bits64[] = {0,
                                    0x8000000000000000,
                                    1,
                                    0x7ff0000000000000,
                                    0xfff0000000000000,
                                    0x7ff8000000000000,
                                    0x7ff8123456789abc,
                                    0x7ff0000000000001,
                                    0xfff7ffffffffffff,
                                    UINT64_MAX};
  gcroots_type_t *type =
      STRUCT_TYPE(mutable_of(GCROOTS_STORAGE_F32), mutable_of(GCROOTS_STORAGE_F64));
  for (size_t i = 0; i < COUNT_OF(bits32); i++) {
    gcroots_val_t values[2] = {val_f32(bits32[i]), val_f64(bits64[i])};
    gcroots_ref_t refs[3] = {make_struct(type, values, 2), make_default(type), make_default(type)};
    for (size_t at = 0; at < 2; at++) {
      OK(set_as(refs[1], at, values[at]));
      OK(gcroots_struct_set(store, refs[2], at, &values[at]));
    }
    OK(gcroots_store_gc(store));
    for (size_t way = 0; way < 3; way++) {
      for (size_t at = 0; at < 2; at++) {
        gcroots_val_t out;
        OK(get_as(values[at].kind, refs[way], at, &out));
        CHECK(same_val(out, values[at]) && same_val(get_field(refs[way], at), values[at]));
      }
    }
  }
  gcroots_type_free(type);
}

static void swap(uint32_t *a, uint32_t *b) {
  uint32_t kept = *a;
  *a = *b, *b = kept;
}

/* Computes the next permutation of the numbers below `count`. Returns `false` after the
   last. */
static bool next_order(uint32_t *order, size_t count) {
  size_t i = count - 1, j = count - 1;
  while (i > 0 && order[i - 1] > order[i]) i--;
  if (i == 0) return false;
  while (order[j] < order[i - 1]) j--;
  swap(&order[i - 1], &order[j]);
  for (j = count - 1; i < j; i++, j--) swap(&order[i], &order[j]);
  return true;
}

enum { SIZES = 5 };

/* Writes the fields of this layout in every order. Each write leaves the other fields
   unchanged. */
static void write_in_every_order(gcroots_ref_t ref, const gcroots_storage_t *storages) {
  gcroots_val_t expected[SIZES];
  uint32_t order[SIZES] = {0, 1, 2, 3, 4}, number = 0;
  for (size_t i = 0; i < SIZES; i++) expected[i] = get_field(ref, i);
  do {
    for (size_t i = 0; i < SIZES; i++) {
      uint32_t at = order[i];
      expected[at] = val_made_of(storages[at], number++);
      OK(set_as(ref, at, expected[at]));
      for (size_t other = 0; other < SIZES; other++)
        CHECK(same_val(get_field(ref, other), expected[other]));
    }
  } while (next_order(order, SIZES));
}

CASE(setting_a_field_leaves_its_neighbours) {
  static const gcroots_storage_t of_size[SIZES] = {GCROOTS_STORAGE_I8, GCROOTS_STORAGE_I16,
                                                   GCROOTS_STORAGE_I32, GCROOTS_STORAGE_F64,
                                                   GCROOTS_STORAGE_V128};
  uint32_t order[SIZES] = {0, 1, 2, 3, 4}, layouts = 0;
  do {
    gcroots_scope_t scope = enter();
    gcroots_storage_t storages[SIZES];
    gcroots_field_type_t fields[SIZES];
    gcroots_val_t values[SIZES];
    gcroots_type_t *type;
    gcroots_ref_t before, ref, after;
    for (size_t i = 0; i < SIZES; i++) {
      storages[i] = of_size[order[i]];
      fields[i] = mutable_of(storages[i]);
      values[i] = val_made_of(storages[i], (uint32_t)i);
    }
    type = new_struct(fields, SIZES);
    before = make_struct(type, values, SIZES);
    ref = make_default(type);
    after = make_struct(type, values, SIZES);
    write_in_every_order(ref, storages);
    for (size_t i = 0; i < SIZES; i++) {
      CHECK(same_val(get_field(before, i), values[i]));
      CHECK(same_val(get_field(after, i), values[i]));
    }
    OK(gcroots_store_verify(store));
    gcroots_type_free(type);
    OK(gcroots_scope_exit(store, scope));
    layouts++;
  } while (next_order(order, SIZES));
  CHECK(layouts == 120);
}

enum { MANY = 10000 };

CASE(a_struct_of_10000_fields_keeps_them_all) {
  static gcroots_field_type_t fields[MANY];
  static gcroots_val_t values[MANY];
  gcroots_ref_t kept[2] = {new_externref(&kept[0]), new_externref(&kept[1])}, ref, other;
  gcroots_type_t *type;
  for (uint32_t i = 0; i < MANY; i++) {
    fields[i] = mutable_of(i % STORAGES);
    values[i] = val_made_of(i % STORAGES, i);
    if (i % STORAGES == GCROOTS_STORAGE_REF) values[i] = val_ref(kept[i % 3 % 2]);
  }
  type = new_struct(fields, MANY);
  ref = make_struct(type, values, MANY);
  other = make_default(type);
  for (uint32_t i = 0; i < MANY; i++) set_field(other, i, values[i]);
  OK(gcroots_store_gc(store));
  OK(gcroots_store_verify(store));
  for (uint32_t i = 0; i < MANY; i++) {
    CHECK(same_val(get_field(ref, i), values[i]));
    CHECK(same_val(get_field(other, i), values[i]));
  }
  values[MANY - 1].kind = GCROOTS_STORAGE_I8;
  REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_struct_new(store, type, values, MANY, &ref));
  all_refuse(GCROOTS_ERROR_OUT_OF_BOUNDS, other, MANY);
  gcroots_type_free(type);
}

/* --- References -------------------------------------------------------------- */

/* One reference of each kind. */
enum { HOST, STRUCT_, ARRAY, I31, EXN, FUNC, REFERENCES };

/* Which references each abstract heap type accepts. */
static const struct {
  gcroots_heap_type_t heap;
  bool takes[REFERENCES];
} heaps[] = {
    {GCROOTS_HEAP_ANY, {true, true, true, true, false, false}},
    {GCROOTS_HEAP_EQ, {false, true, true, true, false, false}},
    {GCROOTS_HEAP_I31, {false, false, false, true, false, false}},
    {GCROOTS_HEAP_STRUCT, {false, true, false, false, false, false}},
    {GCROOTS_HEAP_ARRAY, {false, false, true, false, false, false}},
    {GCROOTS_HEAP_NONE, {false, false, false, false, false, false}},
    {GCROOTS_HEAP_FUNC, {false, false, false, false, false, true}},
    {GCROOTS_HEAP_NOFUNC, {false, false, false, false, false, false}},
    {GCROOTS_HEAP_EXTERN, {true, true, true, true, false, false}},
    {GCROOTS_HEAP_NOEXTERN, {false, false, false, false, false, false}},
    {GCROOTS_HEAP_EXN, {false, false, false, false, true, false}},
    {GCROOTS_HEAP_NOEXN, {false, false, false, false, false, false}},
};

static void make_references(gcroots_ref_t *refs) {
  gcroots_type_t *empty = new_struct(NULL, 0), *array = new_array(plain(GCROOTS_STORAGE_I8));
  gcroots_type_t *function = new_func(NULL, 0, NULL, 0);
  gcroots_tag_t tag;
  OK(gcroots_tag_new(store, function, &tag));
  refs[HOST] = new_externref(NULL);
  refs[STRUCT_] = make_default(empty);
  OK(gcroots_array_new_default(store, array, 3, &refs[ARRAY]));
  OK(gcroots_i31_new(store, 5, &refs[I31]));
  OK(gcroots_exn_new(store, tag, NULL, 0, &refs[EXN]));
  refs[FUNC] = make_func(function, answer_ok, NULL);
  gcroots_type_free(empty);
  gcroots_type_free(array);
  gcroots_type_free(function);
}

/* A struct of `type` accepts the reference in its only field, or refuses it with this
   status: in the constructor and, if `object` is not null, when the field of `object` is
   set. */
static void takes(const gcroots_type_t *type, gcroots_ref_t object, gcroots_ref_t reference,
                  gcroots_status_t expected) {
  gcroots_val_t value = val_ref(reference), kept;
  gcroots_ref_t out = untouched();
  if (expected == GCROOTS_OK) {
    CHECK(same_object(field_ref(STRUCT(type, value), 0), reference));
  } else {
    REFUSED(expected, gcroots_struct_new(store, type, &value, 1, &out));
    CHECK(same_bits(out, untouched()));
  }
  if (gcroots_ref_is_null(object)) return;
  kept = get_field(object, 0);
  for (int way = 0; way < 2; way++) {
    if (expected == GCROOTS_OK) {
      OK(way == 0 ? gcroots_struct_set(store, object, 0, &value) : set_as(object, 0, value));
      CHECK(same_object(field_ref(object, 0), reference));
      set_field(object, 0, kept);
    } else {
      REFUSED(expected,
              way == 0 ? gcroots_struct_set(store, object, 0, &value) : set_as(object, 0, value));
      CHECK(same_object(field_ref(object, 0), kept.of.ref));
    }
  }
}

/* A field of this type accepts the right references, and null if it is nullable. */
static void field_takes(size_t at, bool nullable, const gcroots_ref_t *refs) {
  gcroots_field_type_t field = mutable_(ref_to(heaps[at].heap));
  gcroots_type_t *type;
  gcroots_ref_t null = gcroots_ref_null(), object = null;
  gcroots_status_t of_null = nullable ? GCROOTS_OK : GCROOTS_ERROR_NULL_REFERENCE;
  if (nullable) field = or_null(field);
  type = STRUCT_TYPE(field);
  if (nullable) object = make_default(type);
  for (int i = 0; i < REFERENCES; i++)
    if (!nullable && heaps[at].takes[i]) object = STRUCT(type, val_ref(refs[i]));
  takes(type, object, null, of_null);
  takes(type, object, new_local(null), of_null);
  for (int i = 0; i < REFERENCES; i++)
    takes(type, object, refs[i], heaps[at].takes[i] ? GCROOTS_OK : GCROOTS_ERROR_TYPE_MISMATCH);
  gcroots_type_free(type);
}

CASE(a_reference_is_taken_as_its_field_says) {
  gcroots_ref_t refs[REFERENCES];
  make_references(refs);
  for (size_t at = 0; at < COUNT_OF(heaps); at++) {
    field_takes(at, false, refs);
    field_takes(at, true, refs);
  }
}

/* Registers open structs without fields. Each is a subtype of the one before. */
static void new_chain(gcroots_type_t **chain, size_t count) {
  for (size_t i = 0; i < count; i++) {
    gcroots_rec_group_t *group = new_group();
    add_struct_below(group, i == 0 ? open_type() : below_type(chain[i - 1]), NULL, 0);
    chain[i] = register_one(group);
  }
}

CASE(a_field_of_a_type_takes_its_subtypes_only) {
  /* The greatest depth of subtypes. */
  enum { CHAIN = 64 };
  static const size_t depths[] = {0, 1, 2, 31, 62, 63};
  gcroots_type_t *chain[CHAIN], *unrelated = STRUCT_TYPE(plain(GCROOTS_STORAGE_I8));
  gcroots_ref_t objects[CHAIN], sibling;
  gcroots_rec_group_t *group = new_group();
  gcroots_type_t *sibling_type;
  gcroots_field_type_t more = plain(GCROOTS_STORAGE_I32);
  new_chain(chain, CHAIN);
  add_struct_below(group, below_type(chain[0]), &more, 1);
  sibling_type = register_one(group);
  sibling = make_default(sibling_type);
  for (size_t i = 0; i < CHAIN; i++) objects[i] = make_default(chain[i]);
  for (size_t i = 0; i < COUNT_OF(depths); i++) {
    size_t depth = depths[i];
    gcroots_type_t *type = STRUCT_TYPE(mutable_(ref_to_type(chain[depth])));
    gcroots_ref_t holder = STRUCT(type, val_ref(objects[depth]));
    for (size_t j = 0; j < CHAIN; j++)
      takes(type, holder, objects[j], j >= depth ? GCROOTS_OK : GCROOTS_ERROR_TYPE_MISMATCH);
    takes(type, holder, sibling, depth == 0 ? GCROOTS_OK : GCROOTS_ERROR_TYPE_MISMATCH);
    takes(type, holder, make_default(unrelated), GCROOTS_ERROR_TYPE_MISMATCH);
    takes(type, holder, new_externref(NULL), GCROOTS_ERROR_TYPE_MISMATCH);
    takes(type, holder, gcroots_ref_null(), GCROOTS_ERROR_NULL_REFERENCE);
    gcroots_type_free(type);
  }
  free_types(chain, CHAIN);
  gcroots_type_free(sibling_type);
  gcroots_type_free(unrelated);
}

CASE(a_field_of_a_function_type_takes_its_functions_and_null) {
  gcroots_field_type_t param = plain(GCROOTS_STORAGE_I64);
  gcroots_type_t *function = new_func(&param, 1, NULL, 0);
  gcroots_type_t *type = STRUCT_TYPE(mutable_(or_null(ref_to_type(function))));
  gcroots_ref_t ref = make_default(type);
  gcroots_ref_t refs[REFERENCES];
  make_references(refs);
  takes(type, ref, gcroots_ref_null(), GCROOTS_OK);
  takes(type, ref, ref, GCROOTS_ERROR_TYPE_MISMATCH);
  for (int i = 0; i < REFERENCES; i++) takes(type, ref, refs[i], GCROOTS_ERROR_TYPE_MISMATCH);
  takes(type, ref, make_func(function, answer_ok, NULL), GCROOTS_OK);
  gcroots_type_free(type);
  gcroots_type_free(function);
}

CASE(a_subtypes_object_has_the_fields_of_the_supertype) {
  gcroots_field_type_t fields[2] = {mutable_of(GCROOTS_STORAGE_I8),
                                    mutable_of(GCROOTS_STORAGE_I64)};
  gcroots_type_t *type = new_struct(fields, 1), *subtype;
  gcroots_type_t *holder;
  gcroots_rec_group_t *group = new_group();
  gcroots_ref_t ref;
  add_struct_below(group, below_type(type), fields, 2);
  subtype = register_one(group);
  holder = STRUCT_TYPE(ref_to_type(type));
  ref = field_ref(STRUCT(holder, val_ref(STRUCT(subtype, val_i32(7), val_i64(-8)))), 0);
  CHECK(same_val(get_field(ref, 0), val_i32(7)) && same_val(get_field(ref, 1), val_i64(-8)));
  all_refuse(GCROOTS_ERROR_OUT_OF_BOUNDS, ref, 2);
  gcroots_type_free(type);
  gcroots_type_free(subtype);
  gcroots_type_free(holder);
}

CASE(a_struct_may_refer_to_itself) {
  gcroots_type_t *type = new_node();
  gcroots_ref_t ref = make_default(type), other = make_default(type);
  OK(gcroots_struct_set_i32(store, ref, 0, 7));
  set_field(ref, 1, val_ref(ref));
  OK(gcroots_struct_set_ref(store, ref, 2, ref));
  OK(gcroots_store_gc(store));
  CHECK(same_object(field_ref(field_ref(ref, 1), 2), ref));
  CHECK(field_i32(field_ref(ref, 2), 0) == 7 && !same_object(ref, other));
  OK(gcroots_store_verify(store));
  gcroots_type_free(type);
}

CASE(one_object_may_be_in_many_fields) {
  enum { FIELDS = 100 };
  gcroots_field_type_t fields[FIELDS];
  gcroots_val_t values[FIELDS];
  gcroots_type_t *type;
  gcroots_ref_t ref;
  gcroots_scope_t scope;
  int number;
  for (int i = 0; i < FIELDS; i++) fields[i] = any_field();
  type = new_struct(fields, FIELDS);
  OK(gcroots_scope_enter(store, &scope));
  values[0] = val_ref(new_externref(&number));
  for (int i = 1; i < FIELDS; i++) values[i] = values[0];
  OK(gcroots_scope_escape(store, scope, make_struct(type, values, FIELDS), &ref));
  OK(gcroots_store_gc(store));
  CHECK(stats_of(store).objects == 2);
  for (int i = 0; i < FIELDS; i++) {
    CHECK(same_object(field_ref(ref, (size_t)i), field_ref(ref, 0)));
    CHECK(data_of(field_ref(ref, (size_t)i)) == &number);
  }
  gcroots_type_free(type);
}

CASE(reading_a_reference_makes_a_root_and_reading_null_does_not) {
  gcroots_type_t *type = STRUCT_TYPE(any_field());
  gcroots_ref_t ref = make_default(type);
  uint64_t roots = stats_of(store).scoped_roots;
  CHECK(gcroots_ref_is_null(field_ref(ref, 0)) && gcroots_ref_is_null(get_field(ref, 0).of.ref));
  CHECK(stats_of(store).scoped_roots == roots);
  set_field(ref, 0, val_ref(ref));
  CHECK(!same_bits(field_ref(ref, 0), get_field(ref, 0).of.ref));
  CHECK(stats_of(store).scoped_roots == roots + 2);
  gcroots_type_free(type);
}

/* --- What is refused --------------------------------------------------------- */

CASE(getting_and_setting_refuse_null_pointers_before_all_else) {
  check_nulls(field_calls);
}

static gcroots_ref_t shared_ref;
static gcroots_type_t *shared_type;

static void call_with_what_is_wrong(void) {
  gcroots_val_t wrong = val_of(STORAGES), out = untouched_val();
  gcroots_ref_t stale = {shared_ref.store_id, 1, 1000};
  for (gcroots_storage_t i = 0; i < STORAGES; i++) {
    REFUSED(GCROOTS_ERROR_WRONG_THREAD, get_as(i, stale, SIZE_MAX, &out));
    REFUSED(GCROOTS_ERROR_WRONG_THREAD, set_as(stale, SIZE_MAX, val_made_of(i, 1)));
  }
  REFUSED(GCROOTS_ERROR_WRONG_THREAD, gcroots_struct_get(store, stale, SIZE_MAX, &out));
  REFUSED(GCROOTS_ERROR_WRONG_THREAD, gcroots_struct_set(store, shared_ref, 0, &wrong));
  REFUSED(GCROOTS_ERROR_WRONG_THREAD,
          gcroots_struct_new(store, shared_type, &wrong, 1, &out.of.ref));
  REFUSED(GCROOTS_ERROR_WRONG_THREAD, gcroots_struct_new_default(store, shared_type, &out.of.ref));
  CHECK(is_untouched(out));
  CHECK(gcroots_struct_get(store, stale, 0, NULL) == GCROOTS_ERROR_NULL_ARGUMENT);
  CHECK(gcroots_struct_get_i32(store, stale, 0, NULL) == GCROOTS_ERROR_NULL_ARGUMENT);
  CHECK(gcroots_struct_set(store, stale, 0, NULL) == GCROOTS_ERROR_NULL_ARGUMENT);
  CHECK(gcroots_struct_new(store, shared_type, &wrong, 1, NULL) == GCROOTS_ERROR_NULL_ARGUMENT);
  CHECK(gcroots_struct_new_default(store, shared_type, NULL) == GCROOTS_ERROR_NULL_ARGUMENT);
}

CASE(another_thread_is_refused_after_null_pointers_and_before_all_else) {
  shared_type = new_array(plain(GCROOTS_STORAGE_I8));
  shared_ref = new_externref(NULL);
  on_another_thread(call_with_what_is_wrong);
  gcroots_type_free(shared_type);
}

CASE(a_handle_that_names_no_struct_is_refused) {
  static const char *const names[REFERENCES] = {"an externref", "a struct",     "an array",
                                                "an i31",       "an exception", "a function"};
  gcroots_ref_t refs[REFERENCES];
  gcroots_type_t *type = STRUCT_TYPE(any_field());
  struct arguments a;
  new_arguments(&a, store);
  a.h.ref = make_default(type);
  check_bad_handles(field_calls, &a);
  free_arguments(&a);
  all_refuse(GCROOTS_ERROR_NULL_REFERENCE, gcroots_ref_null(), SIZE_MAX);
  all_refuse(GCROOTS_ERROR_NULL_REFERENCE, new_local(gcroots_ref_null()), 0);
  make_references(refs);
  for (int i = 0; i < REFERENCES; i++) {
    if (i == STRUCT_) continue;
    all_refuse(GCROOTS_ERROR_TYPE_MISMATCH, refs[i], 0);
    all_refuse(GCROOTS_ERROR_TYPE_MISMATCH, root(refs[i]).ref, SIZE_MAX);
    CHECK(strstr(gcroots_last_error(), names[i]) != NULL);
  }
  gcroots_type_free(type);
}

CASE(a_value_that_names_nothing_is_refused) {
  gcroots_type_t *type = STRUCT_TYPE(any_field(), any_field(), any_field());
  gcroots_ref_t ref = make_default(type), out = untouched();
  set_field(ref, 1, val_ref(ref));
  EACH_BAD_HANDLE(bad) {
    gcroots_val_t value = val_ref(bad->ref), values[3] = {val_ref(ref), val_null(), val_null()};
    REFUSED_SAYING(bad->status, "`value`", gcroots_struct_set(store, ref, 1, &value));
    REFUSED_SAYING(bad->status, "`value`", gcroots_struct_set_ref(store, ref, 1, bad->ref));
    for (int at = 0; at < 3; at++) {
      gcroots_val_t kept = values[at];
      values[at] = value;
      REFUSED_SAYING(bad->status, "`value`", gcroots_struct_new(store, type, values, 3, &out));
      values[at] = kept;
    }
    CHECK(same_bits(out, untouched()) && same_object(field_ref(ref, 1), ref));
  }
  gcroots_type_free(type);
}

CASE(a_manual_handle_serves_as_struct_and_value) {
  gcroots_type_t *type = STRUCT_TYPE(any_field());
  gcroots_manually_rooted_t handle = root(make_default(type));
  gcroots_val_t value = val_ref(handle.ref);
  gcroots_ref_t made = make_struct(type, &value, 1);
  set_field(handle.ref, 0, value);
  OK(gcroots_struct_set_ref(store, made, 0, handle.ref));
  OK(gcroots_store_gc(store));
  CHECK(same_object(field_ref(handle.ref, 0), field_ref(made, 0)));
  OK(gcroots_manually_rooted_unroot(store, &handle));
  all_refuse(GCROOTS_ERROR_UNROOTED, value.of.ref, 0);
  gcroots_type_free(type);
}

CASE(setting_is_refused_in_the_documented_order) {
  gcroots_type_t *type =
      STRUCT_TYPE(ref_to(GCROOTS_HEAP_STRUCT), mutable_(ref_to(GCROOTS_HEAP_STRUCT)));
  gcroots_type_t *empty = new_struct(NULL, 0);
  gcroots_ref_t inner = make_default(empty), stale = {inner.store_id, 1, 1000};
  gcroots_ref_t ref = STRUCT(type, val_ref(inner), val_ref(inner)), host = new_externref(NULL);
  gcroots_val_t no_kind = val_of(STORAGES), of_stale = val_ref(stale), of_host = val_ref(host);
  gcroots_val_t null = val_null(), number = val_i32(1);
  REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_struct_set(store, stale, 9, &no_kind));
  REFUSED_SAYING(GCROOTS_ERROR_UNROOTED, "`ref`", gcroots_struct_set(store, stale, 9, &of_stale));
  REFUSED_SAYING(GCROOTS_ERROR_NULL_REFERENCE, "`ref`",
                 gcroots_struct_set(store, gcroots_ref_null(), 9, &of_stale));
  REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_struct_set(store, host, 9, &of_stale));
  REFUSED_SAYING(GCROOTS_ERROR_UNROOTED, "`value`", gcroots_struct_set(store, ref, 9, &of_stale));
  REFUSED(GCROOTS_ERROR_OUT_OF_BOUNDS, gcroots_struct_set(store, ref, 9, &of_host));
  REFUSED(GCROOTS_ERROR_IMMUTABLE, gcroots_struct_set(store, ref, 0, &of_host));
  REFUSED(GCROOTS_ERROR_IMMUTABLE, gcroots_struct_set(store, ref, 0, &null));
  REFUSED(GCROOTS_ERROR_IMMUTABLE, gcroots_struct_set(store, ref, 0, &number));
  REFUSED_SAYING(GCROOTS_ERROR_NULL_REFERENCE, "field or element 1 is null",
                 gcroots_struct_set(store, ref, 1, &null));
  REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_struct_set(store, ref, 1, &of_host));
  REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_struct_set(store, ref, 1, &number));
  REFUSED_SAYING(GCROOTS_ERROR_UNROOTED, "`ref`", gcroots_struct_set_ref(store, stale, 9, stale));
  REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_struct_set_ref(store, host, 9, stale));
  REFUSED_SAYING(GCROOTS_ERROR_UNROOTED, "`value`", gcroots_struct_set_ref(store, ref, 9, stale));
  REFUSED(GCROOTS_ERROR_OUT_OF_BOUNDS, gcroots_struct_set_ref(store, ref, 9, host));
  REFUSED(GCROOTS_ERROR_IMMUTABLE, gcroots_struct_set_ref(store, ref, 0, host));
  REFUSED(GCROOTS_ERROR_NULL_REFERENCE, gcroots_struct_set_ref(store, ref, 1, null.of.ref));
  REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_struct_set_ref(store, ref, 1, host));
  CHECK(same_object(field_ref(ref, 0), inner) && same_object(field_ref(ref, 1), inner));
  gcroots_type_free(type);
  gcroots_type_free(empty);
}

CASE(a_kind_that_is_none_is_refused) {
  static const uint32_t kinds[] = {GCROOTS_STORAGE_I8, GCROOTS_STORAGE_I16, STORAGES, 255,
                                   1U << 31,           UINT32_MAX};
  gcroots_type_t *type = new_mixed();
  gcroots_ref_t ref = make_default(type), out = untouched();
  char text[32];
  for (size_t i = 0; i < COUNT_OF(kinds); i++) {
    gcroots_val_t value = val_of(kinds[i]);
    CHECK(snprintf(text, sizeof text, "`kind` is %u;", kinds[i]) > 0);
    for (size_t at = 0; at < STORAGES; at++) {
      gcroots_val_t values[STORAGES];
      for (gcroots_storage_t k = 0; k < STORAGES; k++) values[k] = val_made_of(k, k);
      values[at] = value;
      REFUSED_SAYING(GCROOTS_ERROR_INVALID_ARGUMENT, text,
                     gcroots_struct_set(store, ref, at, &value));
      REFUSED_SAYING(GCROOTS_ERROR_INVALID_ARGUMENT, text,
                     gcroots_struct_new(store, type, values, STORAGES, &out));
    }
  }
  CHECK(same_bits(out, untouched()));
  gcroots_type_free(type);
}

/* Whether the function for the storage type `as` accepts a field of `storage`. */
static bool reads(gcroots_storage_t as, gcroots_storage_t storage) {
  return as == storage || (as <= GCROOTS_STORAGE_I16 && storage <= GCROOTS_STORAGE_I16);
}

static bool writes(gcroots_storage_t kind, gcroots_storage_t storage) {
  return kind == (storage < GCROOTS_STORAGE_I32 ? GCROOTS_STORAGE_I32 : storage);
}

CASE(a_function_for_another_storage_is_refused) {
  static const char *const names[STORAGES] = {"an i8",  "an i16", "an i32", "an i64",
                                              "an f32", "an f64", "a v128", "a reference"};
  gcroots_type_t *type = new_mixed();
  gcroots_ref_t ref = make_default(type), out = untouched();
  for (gcroots_storage_t at = 0; at < STORAGES; at++) {
    gcroots_val_t kept = val_made_of(at, 5), read = untouched_val();
    set_field(ref, at, kept);
    for (gcroots_storage_t as = 0; as < STORAGES; as++) {
      gcroots_val_t values[STORAGES], value = val_made_of(as, 6);
      if (!reads(as, at))
        REFUSED_SAYING(GCROOTS_ERROR_TYPE_MISMATCH, names[at], get_as(as, ref, at, &read));
      if (writes(value.kind, at)) continue;
      for (gcroots_storage_t k = 0; k < STORAGES; k++) values[k] = val_made_of(k, k);
      values[at] = value;
      REFUSED_SAYING(GCROOTS_ERROR_TYPE_MISMATCH, names[value.kind], set_as(ref, at, value));
      REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_struct_set(store, ref, at, &value));
      REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_struct_new(store, type, values, STORAGES, &out));
    }
    CHECK(is_untouched(read) && same_val(get_field(ref, at), kept));
  }
  CHECK(same_bits(out, untouched()));
  gcroots_type_free(type);
}

CASE(a_field_that_is_not_there_is_out_of_bounds) {
  static const size_t indices[] = {STORAGES, STORAGES + 1, UINT32_MAX, (size_t)UINT32_MAX + 1,
                                   SIZE_MAX};
  gcroots_type_t *type = new_mixed();
  gcroots_ref_t ref = make_default(type);
  char text[80];
  for (size_t i = 0; i < COUNT_OF(indices); i++) {
    all_refuse(GCROOTS_ERROR_OUT_OF_BOUNDS, ref, indices[i]);
    CHECK(snprintf(text, sizeof text, "field %zu is out of bounds; the number of fields is %d",
                   indices[i], STORAGES) > 0);
    CHECK(strstr(gcroots_last_error(), text) != NULL);
  }
  gcroots_type_free(type);
}

CASE(a_field_that_is_immutable_stays) {
  gcroots_field_type_t fields[STORAGES];
  gcroots_val_t values[STORAGES];
  gcroots_type_t *type;
  gcroots_ref_t ref;
  char text[32];
  for (gcroots_storage_t i = 0; i < STORAGES; i++) {
    fields[i] = mutable_of(i);
    fields[i].is_mutable = 0;
    values[i] = val_made_of(i, i);
  }
  type = new_struct(fields, STORAGES);
  ref = make_struct(type, values, STORAGES);
  CHECK(snprintf(text, sizeof text, "type %u", index_of(type)) > 0);
  for (gcroots_storage_t i = 0; i < STORAGES; i++) {
    gcroots_val_t value = val_made_of(i, 99);
    REFUSED_SAYING(GCROOTS_ERROR_IMMUTABLE, text, gcroots_struct_set(store, ref, i, &value));
    REFUSED_SAYING(GCROOTS_ERROR_IMMUTABLE, text, set_as(ref, i, value));
    CHECK(same_val(get_field(ref, i), values[i]));
  }
  gcroots_type_free(type);
}

CASE(a_refused_reference_is_told_with_both_types) {
  gcroots_type_t *wanted = STRUCT_TYPE(plain(GCROOTS_STORAGE_I8));
  gcroots_type_t *found = STRUCT_TYPE(plain(GCROOTS_STORAGE_I16));
  gcroots_type_t *type = STRUCT_TYPE(mutable_(or_null(ref_to_type(wanted))));
  gcroots_ref_t ref = make_default(type), other = make_default(found);
  char text[80];
  CHECK(snprintf(text, sizeof text,
                 "field or element 0 is a struct of type %u; type %u is required", index_of(found),
                 index_of(wanted)) > 0);
  REFUSED_SAYING(GCROOTS_ERROR_TYPE_MISMATCH, text, gcroots_struct_set_ref(store, ref, 0, other));
  gcroots_type_free(wanted);
  gcroots_type_free(found);
  gcroots_type_free(type);
}
