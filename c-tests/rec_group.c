/* Rec groups: declaring types and registering them. */
#include "allocator.h"
#include "refusals.h"
#include "threads.h"

/* --- Declaring --------------------------------------------------------------- */

CASE(null_is_freed) {
  gcroots_rec_group_free(NULL);
}

CASE(members_count_up) {
  gcroots_rec_group_t *group = new_group(), *another_group = new_group();
  gcroots_field_type_t field = plain(GCROOTS_STORAGE_I32);
  uint32_t out = 77;
  for (uint32_t i = 0; i < 300; i += 3) {
    OK(gcroots_rec_group_add_struct(group, NULL, NULL, 0, &out));
    CHECK(out == i);
    OK(gcroots_rec_group_add_array(group, NULL, &field, &out));
    CHECK(out == i + 1);
    OK(gcroots_rec_group_add_func(group, NULL, NULL, 0, &field, 1, &out));
    CHECK(out == i + 2);
  }
  CHECK(add_struct_of(another_group, NULL) == 0);
  gcroots_rec_group_free(group);
  gcroots_rec_group_free(another_group);
}

#define NULL_OF(parameter, call) \
  REFUSED_SAYING(GCROOTS_ERROR_NULL_ARGUMENT, "`" parameter "` is NULL", call)

CASE(null_is_refused_in_the_order_of_parameters) {
  gcroots_rec_group_t *group = new_group();
  const gcroots_rec_group_t *groups[2] = {group, NULL};
  gcroots_type_t *types[2] = {NULL, NULL};
  uint32_t out = 77;
  check_nulls(group_calls);
  NULL_OF("fields", gcroots_rec_group_add_struct(group, NULL, NULL, SIZE_MAX, &out));
  NULL_OF("groups", gcroots_rec_group_register(engine, groups, 2, types, 1));
  CHECK(out == 77 && types[0] == NULL && types[1] == NULL);
  CHECK(add_struct_of(group, NULL) == 0);
  gcroots_rec_group_free(group);
}

CASE(a_reference_to_a_type_must_have_one) {
  gcroots_rec_group_t *group = new_group();
  gcroots_field_type_t fields[2] = {plain(GCROOTS_STORAGE_I32), ref_to(GCROOTS_HEAP_TYPE)};
  uint32_t out = 77;
  NULL_OF("type", gcroots_rec_group_add_struct(group, NULL, fields, 2, &out));
  NULL_OF("type", gcroots_rec_group_add_array(group, NULL, fields + 1, &out));
  NULL_OF("type", gcroots_rec_group_add_func(group, NULL, fields, 2, NULL, 0, &out));
  NULL_OF("type", gcroots_rec_group_add_func(group, NULL, NULL, 0, fields, 2, &out));
  CHECK(out == 77 && add_struct_of(group, NULL) == 0);
  gcroots_rec_group_free(group);
}

static void add_is_refused(gcroots_field_type_t field, const char *text) {
  gcroots_rec_group_t *group = new_group();
  gcroots_field_type_t fields[2];
  uint32_t out = 77;
  fields[0] = plain(GCROOTS_STORAGE_I32);
  fields[1] = field;
#define BAD(call) REFUSED_SAYING(GCROOTS_ERROR_INVALID_ARGUMENT, text, call)
  BAD(gcroots_rec_group_add_struct(group, NULL, fields, 2, &out));
  BAD(gcroots_rec_group_add_array(group, NULL, &field, &out));
  BAD(gcroots_rec_group_add_func(group, NULL, fields, 2, NULL, 0, &out));
  BAD(gcroots_rec_group_add_func(group, NULL, NULL, 0, fields, 2, &out));
#undef BAD
  CHECK(out == 77 && add_struct_of(group, NULL) == 0);
  gcroots_rec_group_free(group);
}

CASE(a_function_type_needs_no_group) {
  gcroots_field_type_t params[2] = {plain(GCROOTS_STORAGE_I32), ref_to(GCROOTS_HEAP_ANY)};
  gcroots_field_type_t result = plain(GCROOTS_STORAGE_F64);
  gcroots_type_t *type = NULL, *again = NULL, *empty, *self;
  size_t count;
  OK(gcroots_type_new_func(engine, params, 2, &result, 1, &type));
  OK(gcroots_type_new_func(engine, params, 2, &result, 1, &again));
  CHECK(type == again);
  gcroots_type_free(again);
  again = new_func(params, 2, &result, 1);
  CHECK(type == again);
  OK(gcroots_type_param_count(type, &count));
  CHECK(count == 2);
  OK(gcroots_type_new_func(engine, NULL, 0, NULL, 0, &empty));
  params[1] = ref_to_type(type);
  gcroots_type_free(again);
  OK(gcroots_type_new_func(engine, params, 2, NULL, 0, &again));
  CHECK(again != type && again != empty);
  params[0] = ref_to_local(0);
  OK(gcroots_type_new_func(engine, params, 1, NULL, 0, &self));
  CHECK(self != again);
  free_types((gcroots_type_t *[]){type, again, empty, self}, 4);
}

CASE(a_function_type_that_is_refused_is_not_made) {
  gcroots_field_type_t fields[2] = {plain(GCROOTS_STORAGE_I32), ref_to(GCROOTS_HEAP_TYPE)};
  gcroots_type_t *out = (gcroots_type_t *)&fields, *foreign;
  gcroots_engine_t *other;
  NULL_OF("type", gcroots_type_new_func(engine, fields, 2, NULL, 0, &out));
  NULL_OF("type", gcroots_type_new_func(engine, NULL, 0, fields, 2, &out));
  OK(gcroots_engine_new(NULL, &other));
  OK(gcroots_type_new_func(other, NULL, 0, NULL, 0, &foreign));
  fields[1].type = foreign;
  REFUSED(GCROOTS_ERROR_WRONG_ENGINE, gcroots_type_new_func(engine, fields, 2, NULL, 0, &out));
  fields[1] = ref_to_local(1);
  REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_type_new_func(engine, fields, 2, NULL, 0, &out));
  fields[1] = plain(GCROOTS_STORAGE_I8);
  REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_type_new_func(engine, fields, 2, NULL, 0, &out));
  REFUSED(GCROOTS_ERROR_LIMIT, gcroots_type_new_func(engine, fields, 1001, NULL, 0, &out));
  REFUSED(GCROOTS_ERROR_LIMIT, gcroots_type_new_func(engine, NULL, 0, fields, 1001, &out));
  CHECK(out == (gcroots_type_t *)&fields);
  gcroots_type_free(foreign);
  gcroots_engine_free(other);
}

CASE(storage_types_that_do_not_exist_are_refused) {
  add_is_refused(plain(8), "`storage` is 8;");
  add_is_refused(plain(255), "`storage` is 255;");
  add_is_refused(plain(256), "`storage` is 256;");
  add_is_refused(plain(UINT32_MAX), "`storage` is 4294967295;");
}

CASE(heap_types_that_do_not_exist_are_refused) {
  add_is_refused(ref_to(15), "`heap` is 15;");
  add_is_refused(or_null(ref_to(256)), "`heap` is 256;");
  add_is_refused(mutable_(ref_to(UINT32_MAX)), "`heap` is 4294967295;");
}

CASE(a_supertype_must_be_announced) {
  gcroots_type_t *above = NULL;
  gcroots_rec_group_t *group = new_group();
  const gcroots_rec_group_t *groups[1] = {group};
  gcroots_sub_type_t sub = open_type();
  uint32_t out = 77;
  OK(gcroots_rec_group_add_struct(group, &sub, NULL, 0, &out));
  OK(gcroots_rec_group_register(engine, groups, 1, &above, 1));
  sub.supertype = above;
  out = 77;
  REFUSED_SAYING(GCROOTS_ERROR_INVALID_ARGUMENT, "`sub_or_null->has_supertype` is 0",
                 gcroots_rec_group_add_struct(group, &sub, NULL, 0, &out));
  CHECK(out == 77);
  gcroots_type_free(above);
  gcroots_rec_group_free(group);
}

CASE(parameters_and_results_are_not_packed) {
  gcroots_rec_group_t *group = new_group();
  uint32_t out = 77;
  for (gcroots_storage_t storage = 0; storage < 2; storage++) {
    gcroots_field_type_t values[2] = {plain(GCROOTS_STORAGE_I64), plain(storage)};
    const char *text = storage == 0 ? "`storage` is 0;" : "`storage` is 1;";
    REFUSED_SAYING(GCROOTS_ERROR_INVALID_ARGUMENT, text,
                   gcroots_rec_group_add_func(group, NULL, values, 2, NULL, 0, &out));
    REFUSED_SAYING(GCROOTS_ERROR_INVALID_ARGUMENT, text,
                   gcroots_rec_group_add_func(group, NULL, values, 1, values, 2, &out));
  }
  CHECK(out == 77);
  gcroots_rec_group_free(group);
}

CASE(a_struct_has_at_most_10000_fields) {
  enum { MOST = 10000 };
  static gcroots_field_type_t fields[MOST + 1];
  gcroots_rec_group_t *group = new_group();
  uint32_t out = 77;
  REFUSED_SAYING(GCROOTS_ERROR_LIMIT, "10000",
                 gcroots_rec_group_add_struct(group, NULL, fields, MOST + 1, &out));
  CHECK(out == 77);
  OK(gcroots_rec_group_add_struct(group, NULL, fields, MOST, &out));
  CHECK(out == 0);
  gcroots_type_free(register_one(group));
}

CASE(a_function_has_at_most_1000_parameters_and_results) {
  enum { MOST = 1000 };
  gcroots_field_type_t values[MOST + 1];
  gcroots_rec_group_t *group = new_group();
  uint32_t out = 77;
  for (int i = 0; i <= MOST; i++) values[i] = plain(GCROOTS_STORAGE_F32);
  REFUSED_SAYING(GCROOTS_ERROR_LIMIT, "1000",
                 gcroots_rec_group_add_func(group, NULL, values, MOST + 1, values, MOST, &out));
  REFUSED_SAYING(GCROOTS_ERROR_LIMIT, "1000",
                 gcroots_rec_group_add_func(group, NULL, values, MOST, values, MOST + 1, &out));
  CHECK(out == 77);
  OK(gcroots_rec_group_add_func(group, NULL, values, MOST, values, MOST, &out));
  CHECK(out == 0);
  gcroots_type_free(register_one(group));
}

CASE(a_count_beyond_the_limit_is_refused_before_anything_is_read) {
  gcroots_rec_group_t *group = new_group();
  gcroots_field_type_t value = plain(99);
  uint32_t out = 77;
  REFUSED(GCROOTS_ERROR_LIMIT, gcroots_rec_group_add_struct(group, NULL, &value, SIZE_MAX, &out));
  REFUSED(GCROOTS_ERROR_LIMIT,
          gcroots_rec_group_add_func(group, NULL, &value, SIZE_MAX, NULL, 0, &out));
  REFUSED(GCROOTS_ERROR_LIMIT,
          gcroots_rec_group_add_func(group, NULL, &value, 1, &value, SIZE_MAX, &out));
  CHECK(out == 77);
  gcroots_rec_group_free(group);
}

CASE(a_refused_member_keeps_no_type) {
  gcroots_rec_group_t *group = new_group();
  gcroots_field_type_t fields[2];
  long before;
  uint32_t out;
  gcroots_type_free(new_struct(NULL, 0));
  before = blocks;
  fields[0] = ref_to_type(new_struct(NULL, 0));
  fields[1] = plain(99);
  REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT,
          gcroots_rec_group_add_struct(group, NULL, fields, 2, &out));
  gcroots_type_free(fields[0].type);
  /* The group may keep the list of the types that it refers to. */
  CHECK(blocks <= before + 1);
  fields[0] = ref_to_type(new_struct(NULL, 0));
  before = blocks;
  {
    gcroots_sub_type_t sub = below_type(fields[0].type);
    static gcroots_field_type_t too_many[10001];
    REFUSED(GCROOTS_ERROR_LIMIT, gcroots_rec_group_add_struct(group, &sub, too_many, 10001, &out));
  }
  gcroots_type_free(fields[0].type);
  CHECK(blocks < before);
  CHECK(add_struct_of(group, NULL) == 0);
  gcroots_rec_group_free(group);
}

/* --- What is not registered -------------------------------------------------- */

/* Registering these groups (taken) is refused, writes nothing, and leaks nothing. */
static void register_is_refused(gcroots_status_t expected, const char *text,
                                gcroots_rec_group_t *first, gcroots_rec_group_t *second,
                                size_t count) {
  const gcroots_rec_group_t *groups[2];
  gcroots_type_t *types[80];
  long before = 0;
  groups[0] = first;
  groups[1] = second;
  memset(types, 0x5a, sizeof types);
  /* The engine's tables may grow in the first round. */
  for (int round = 0; round < 2; round++) {
    before = blocks;
    REFUSED_SAYING(
        expected, text,
        gcroots_rec_group_register(engine, groups, second != NULL ? 2 : 1, types, count));
    for (size_t i = 0; i < sizeof types; i++) CHECK(((unsigned char *)types)[i] == 0x5a);
  }
  CHECK(blocks == before);
  gcroots_rec_group_free(first);
  gcroots_rec_group_free(second);
}

static gcroots_rec_group_t *group_of_structs(size_t count) {
  gcroots_rec_group_t *group = new_group();
  for (size_t i = 0; i < count; i++) add_struct_of(group, NULL);
  return group;
}

CASE(another_number_of_types_is_refused) {
  static const size_t wrong[] = {1, 2, 4, 5, 80};
  for (size_t i = 0; i < COUNT_OF(wrong); i++)
    register_is_refused(GCROOTS_ERROR_INVALID_ARGUMENT, "`type_count` is", group_of_structs(2),
                        group_of_structs(1), wrong[i]);
  {
    gcroots_rec_group_t *group = group_of_structs(1);
    const gcroots_rec_group_t *groups[1] = {group};
    gcroots_type_t *type = NULL;
    REFUSED_SAYING(GCROOTS_ERROR_INVALID_ARGUMENT, "`type_count` is 0;",
                   gcroots_rec_group_register(engine, groups, 1, NULL, 0));
    REFUSED_SAYING(GCROOTS_ERROR_INVALID_ARGUMENT, "`type_count` is 1;",
                   gcroots_rec_group_register(engine, NULL, 0, &type, 1));
    REFUSED_SAYING(GCROOTS_ERROR_INVALID_ARGUMENT, "`type_count` is 18446744073709551615;",
                   gcroots_rec_group_register(engine, groups, 1, &type, SIZE_MAX));
    CHECK(type == NULL);
    gcroots_rec_group_free(group);
  }
}

CASE(references_out_of_range_are_refused) {
  /* The second group's only member is type 2 of 3. */
  static const uint32_t beyond[] = {3, 4, 1000000, UINT32_MAX};
  const char *text = "type 2 refers to a type that the collection does not have (type ";
  for (size_t i = 0; i < COUNT_OF(beyond); i++) {
    gcroots_field_type_t field = or_null(ref_to_local(beyond[i]));
    for (int where = 0; where < 5; where++) {
      gcroots_rec_group_t *group = new_group();
      gcroots_sub_type_t sub = below(beyond[i]);
      char whole[100];
      uint32_t out;
      switch (where) {
        case 0: add_struct_of(group, &field); break;
        case 1: OK(gcroots_rec_group_add_array(group, NULL, &field, &out)); break;
        case 2: OK(gcroots_rec_group_add_func(group, NULL, &field, 1, NULL, 0, &out)); break;
        case 3: OK(gcroots_rec_group_add_func(group, NULL, NULL, 0, &field, 1, &out)); break;
        case 4: add_struct_below(group, sub, NULL, 0); break;
      }
      snprintf(whole, sizeof whole, "%s%u)", text, beyond[i]);
      register_is_refused(GCROOTS_ERROR_INVALID_ARGUMENT, whole, group_of_structs(2), group, 3);
    }
  }
}

CASE(a_reference_to_a_later_group_is_out_of_range) {
  gcroots_field_type_t field = ref_to_local(1);
  gcroots_rec_group_t *group = new_group();
  add_struct_of(group, &field);
  register_is_refused(GCROOTS_ERROR_INVALID_ARGUMENT, "type 0 refers to a type", group,
                      group_of_structs(1), 2);
  group = new_group();
  add_struct_below(group, below(1), NULL, 0);
  register_is_refused(GCROOTS_ERROR_INVALID_ARGUMENT, "type 0 refers to a type", group,
                      group_of_structs(1), 2);
}

CASE(a_final_supertype_is_refused) {
  gcroots_rec_group_t *group;
  gcroots_sub_type_t final_sub = open_type();
  gcroots_type_t *registered;
  uint32_t out;
  final_sub.is_final = 7;
  for (int null = 0; null < 2; null++) {
    const gcroots_sub_type_t *sub = null ? NULL : &final_sub;
    /* The supertype is in the same group, in a group before, or registered before. */
    group = new_group();
    OK(gcroots_rec_group_add_struct(group, sub, NULL, 0, &out));
    add_struct_below(group, below(0), NULL, 0);
    register_is_refused(GCROOTS_ERROR_INVALID_ARGUMENT, "type 1 names a final supertype", group,
                        NULL, 2);
    {
      gcroots_rec_group_t *second = new_group();
      group = new_group();
      OK(gcroots_rec_group_add_struct(group, sub, NULL, 0, &out));
      add_struct_below(second, below(0), NULL, 0);
      register_is_refused(GCROOTS_ERROR_INVALID_ARGUMENT, "type 1 names a final supertype", group,
                          second, 2);
    }
    group = new_group();
    OK(gcroots_rec_group_add_struct(group, sub, NULL, 0, &out));
    registered = register_one(group);
    group = new_group();
    add_struct_below(group, below_type(registered), NULL, 0);
    gcroots_type_free(registered);
    register_is_refused(GCROOTS_ERROR_INVALID_ARGUMENT, "type 0 names a final supertype", group,
                        NULL, 1);
  }
}

/* Adds a type of this kind with one field or none, at this place in the order of types. */
static void add_of_kind(gcroots_rec_group_t *group, gcroots_type_kind_t kind,
                        gcroots_sub_type_t sub) {
  gcroots_field_type_t field = plain(GCROOTS_STORAGE_I32);
  uint32_t out;
  if (kind == GCROOTS_TYPE_STRUCT)
    OK(gcroots_rec_group_add_struct(group, &sub, &field, 1, &out));
  else if (kind == GCROOTS_TYPE_ARRAY)
    OK(gcroots_rec_group_add_array(group, &sub, &field, &out));
  else
    OK(gcroots_rec_group_add_func(group, &sub, &field, 1, NULL, 0, &out));
}

CASE(a_supertype_of_another_kind_is_refused) {
  for (gcroots_type_kind_t a = 0; a < 3; a++)
    for (gcroots_type_kind_t b = 0; b < 3; b++) {
      gcroots_rec_group_t *group = new_group();
      gcroots_type_t *types[2];
      add_of_kind(group, a, open_type());
      add_of_kind(group, b, below(0));
      if (a != b) {
        register_is_refused(GCROOTS_ERROR_INVALID_ARGUMENT,
                            "type 1 names a supertype of another kind", group, NULL, 2);
        continue;
      }
      register_group(group, types, 2);
      CHECK(is_subtype(types[1], types[0]) && !is_subtype(types[0], types[1]));
      free_types(types, 2);
    }
}

CASE(a_supertype_that_is_not_declared_before_is_refused) {
  for (uint32_t at = 1; at < 4; at++) {
    gcroots_rec_group_t *group = new_group();
    add_struct_below(group, below(at), NULL, 0);
    add_struct_of(group, NULL);
    add_struct_of(group, NULL);
    register_is_refused(GCROOTS_ERROR_INVALID_ARGUMENT, "type 1 comes before its supertype",
                        group_of_structs(1), group, 4);
  }
}

CASE(at_most_63_supertypes_are_above_a_type) {
  gcroots_rec_group_t *group = new_group(), *next = new_group();
  gcroots_type_t *types[65];
  add_struct_of(group, NULL);
  for (uint32_t i = 1; i <= 64; i++) add_struct_below(group, below(i - 1), NULL, 0);
  register_is_refused(GCROOTS_ERROR_LIMIT, "63", group, NULL, 65);
  group = new_group();
  add_struct_of(group, NULL);
  for (uint32_t i = 1; i < 64; i++) add_struct_below(group, below(i - 1), NULL, 0);
  register_group(group, types, 64);
  CHECK(is_subtype(types[63], types[0]));
  add_struct_below(next, below_type(types[63]), NULL, 0);
  register_is_refused(GCROOTS_ERROR_LIMIT, "63", next, NULL, 1);
  free_types(types, 64);
}

CASE(a_collection_has_at_most_1000000_types) {
  enum { REPEATED = 1001 };
  gcroots_rec_group_t *group;
  const gcroots_rec_group_t *groups[REPEATED];
  gcroots_type_t **types;
  if (stressed) return;
  group = group_of_structs(1000);
  types = calloc(REPEATED * 1000, sizeof *types);
  CHECK(types != NULL);
  for (int i = 0; i < REPEATED; i++) groups[i] = group;
  REFUSED_SAYING(GCROOTS_ERROR_LIMIT, "1000000",
                 gcroots_rec_group_register(engine, groups, REPEATED, types, REPEATED * 1000));
  CHECK(types[0] == NULL);
  OK(gcroots_rec_group_register(engine, groups, REPEATED - 1, types, 1000000));
  CHECK(same_type(types[0], types[999000]));
  free_types(types, 1000000);
  free(types);
  gcroots_rec_group_free(group);
}

static gcroots_type_t *foreign_struct(void) {
  gcroots_engine_t *own = engine;
  gcroots_type_t *foreign;
  OK(gcroots_engine_new(NULL, &engine));
  foreign = new_struct(NULL, 0);
  gcroots_engine_free(engine);
  engine = own;
  return foreign;
}

CASE(types_of_another_engine_are_refused) {
  gcroots_type_t *foreign = foreign_struct();
  gcroots_field_type_t field = ref_to_type(foreign);
  for (int where = 0; where < 5; where++) {
    gcroots_rec_group_t *group = group_of_structs(2);
    uint32_t out;
    switch (where) {
      case 0: add_struct_of(group, &field); break;
      case 1: OK(gcroots_rec_group_add_array(group, NULL, &field, &out)); break;
      case 2: OK(gcroots_rec_group_add_func(group, NULL, &field, 1, NULL, 0, &out)); break;
      case 3: OK(gcroots_rec_group_add_func(group, NULL, NULL, 0, &field, 1, &out)); break;
      case 4: add_struct_below(group, below_type(foreign), NULL, 0); break;
    }
    register_is_refused(GCROOTS_ERROR_WRONG_ENGINE, "type 3 refers to a type of another engine",
                        group_of_structs(1), group, 4);
  }
  gcroots_type_free(foreign);
}

CASE(of_several_mistakes_pointers_come_first_then_integers_then_types) {
  gcroots_type_t *foreign = foreign_struct(), *type = NULL;
  gcroots_field_type_t field = ref_to_type(foreign);
  gcroots_rec_group_t *group = new_group();
  const gcroots_rec_group_t *groups[2] = {group, NULL};
  add_struct_of(group, &field);
  REFUSED(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_rec_group_register(engine, groups, 1, NULL, 2));
  REFUSED(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_rec_group_register(engine, groups, 2, &type, 7));
  REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_rec_group_register(engine, groups, 1, &type, 2));
  REFUSED(GCROOTS_ERROR_WRONG_ENGINE, gcroots_rec_group_register(engine, groups, 1, &type, 1));
  CHECK(type == NULL);
  gcroots_rec_group_free(group);
  gcroots_type_free(foreign);
}

CASE(a_collection_is_registered_as_a_whole_or_not) {
  gcroots_rec_group_t *good = new_group(), *bad = new_group();
  const gcroots_rec_group_t *groups[2];
  gcroots_field_type_t number = plain(GCROOTS_STORAGE_F64);
  gcroots_type_t *types[2] = {NULL, NULL};
  long before;
  groups[0] = good;
  groups[1] = bad;
  add_struct_of(good, &number);
  add_struct_below(bad, below(1), NULL, 0);
  free_types((gcroots_type_t *[]){new_struct(NULL, 0), new_struct(&number, 1)}, 2);
  before = blocks;
  REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_rec_group_register(engine, groups, 2, types, 2));
  CHECK(blocks == before && types[0] == NULL && types[1] == NULL);
  gcroots_rec_group_free(good);
  gcroots_rec_group_free(bad);
}

/* Registering this group (taken) of two members is refused a thousand times. */
static void refuse_often(gcroots_rec_group_t *group) {
  const gcroots_rec_group_t *groups[1] = {group};
  gcroots_type_t *types[2];
  for (int i = 0; i < 1000; i++)
    REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT,
            gcroots_rec_group_register(engine, groups, 1, types, 2));
  gcroots_rec_group_free(group);
}

CASE(a_refused_group_uses_up_no_index) {
  gcroots_rec_group_t *group = new_group();
  gcroots_field_type_t number = plain(GCROOTS_STORAGE_I32);
  gcroots_sub_type_t sub = below(0);
  gcroots_type_t *registered;
  uint32_t position;
  add_struct_of(group, NULL);
  add_struct_below(group, below(7), NULL, 0);
  refuse_often(group);
  /* Each member is well formed, but an array is not below a struct. */
  group = new_group();
  add_struct_of(group, NULL);
  OK(gcroots_rec_group_add_array(group, &sub, &number, &position));
  refuse_often(group);
  registered = new_struct(NULL, 0);
  CHECK(index_of(registered) < 10);
  gcroots_type_free(registered);
}

CASE(a_refused_group_keeps_nothing_that_it_names) {
  gcroots_engine_t *own = engine;
  gcroots_type_t *named, *other;
  gcroots_field_type_t fields[3], number = plain(GCROOTS_STORAGE_I32);
  gcroots_rec_group_t *group = new_group();
  long before;
  uint32_t out;
  REFUSED(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_rec_group_register(NULL, NULL, 0, NULL, 0));
  gcroots_rec_group_free(group);
  before = blocks;
  OK(gcroots_engine_new(NULL, &engine));
  named = new_struct(&number, 1);
  other = new_func(&number, 1, NULL, 0);
  fields[0] = fields[2] = ref_to_type(named);
  fields[1] = ref_to_type(other);
  group = new_group();
  OK(gcroots_rec_group_add_func(group, NULL, fields, 3, fields, 3, &out));
  add_struct_below(group, below_type(named), fields, 3);
  register_is_refused(GCROOTS_ERROR_INVALID_ARGUMENT, "type 1 does not match", group, NULL, 2);
  free_types((gcroots_type_t *[]){named, other}, 2);
  gcroots_engine_free(engine);
  engine = own;
  CHECK(blocks == before);
}

/* --- What a subtype may change ----------------------------------------------- */

/* Whether a type with `lower` as a field, an element, a result or a parameter may be a
   subtype of a type with `upper` there. Both may refer to type 0, a struct, and to type
   1, a subtype of it. */
enum place { FIELD, ELEMENT, RESULT, PARAM, PLACES };
static bool may_be_below(enum place place, gcroots_field_type_t lower, gcroots_field_type_t upper) {
  gcroots_rec_group_t *group = new_group();
  const gcroots_rec_group_t *groups[1];
  gcroots_type_t *types[4];
  gcroots_status_t status;
  groups[0] = group;
  add_struct_of(group, NULL);
  add_struct_below(group, below(0), NULL, 0);
  for (int i = 0; i < 2; i++) {
    gcroots_sub_type_t sub = i == 0 ? open_type() : below(2);
    gcroots_field_type_t field = i == 0 ? upper : lower;
    uint32_t out;
    if (place == FIELD) OK(gcroots_rec_group_add_struct(group, &sub, &field, 1, &out));
    if (place == ELEMENT) OK(gcroots_rec_group_add_array(group, &sub, &field, &out));
    if (place == RESULT) OK(gcroots_rec_group_add_func(group, &sub, NULL, 0, &field, 1, &out));
    if (place == PARAM) OK(gcroots_rec_group_add_func(group, &sub, &field, 1, NULL, 0, &out));
  }
  status = gcroots_rec_group_register(engine, groups, 1, types, 4);
  gcroots_rec_group_free(group);
  if (status == GCROOTS_OK) {
    CHECK(is_subtype(types[3], types[2]));
    free_types(types, 4);
    return true;
  }
  check_refused(__FILE__, __LINE__, "register", GCROOTS_ERROR_INVALID_ARGUMENT, status);
  CHECK(strstr(gcroots_last_error(), "type 3 does not match") != NULL);
  return false;
}

/* The heap types: "1" where the type of the row is the type of the column or a subtype of
   it. */
enum { HEAPS = 14 };
static gcroots_field_type_t nth_heap(int n) {
  return n < 12 ? ref_to((gcroots_heap_type_t)n) : ref_to_local((uint32_t)n - 12);
}
static const char *const heap_order[HEAPS] = {
    /* any eq i31 struct array none func nofunc extern noextern exn noexn 0 1 */
    "1.............", /* any */
    "11............", /* eq */
    "111...........", /* i31 */
    "11.1..........", /* struct */
    "11..1.........", /* array */
    "111111......11", /* none */
    "......1.......", /* func */
    "......11......", /* nofunc */
    "........1.....", /* extern */
    "........11....", /* noextern */
    "..........1...", /* exn */
    "..........11..", /* noexn */
    "11.1........1.", /* type 0 */
    "11.1........11", /* type 1, which is below type 0 */
};

CASE(what_is_constant_may_be_narrower_and_parameters_wider) {
  for (int a = 0; a < HEAPS; a++)
    for (int b = 0; b < HEAPS; b++) {
      bool order = heap_order[a][b] == '1';
      gcroots_field_type_t lower = nth_heap(a), upper = nth_heap(b);
      CHECK(may_be_below(FIELD, lower, upper) == order);
      CHECK(may_be_below(ELEMENT, lower, upper) == order);
      CHECK(may_be_below(RESULT, lower, upper) == order);
      CHECK(may_be_below(PARAM, upper, lower) == order);
    }
}

CASE(what_is_mutable_stays_the_same) {
  for (int a = 0; a < HEAPS; a++)
    for (int b = 0; b < HEAPS; b++)
      for (int place = FIELD; place <= ELEMENT; place++) {
        gcroots_field_type_t lower = nth_heap(a), upper = nth_heap(b);
        CHECK(may_be_below(place, mutable_(lower), mutable_(upper)) == (a == b));
        CHECK(!may_be_below(place, mutable_(lower), upper));
        CHECK(!may_be_below(place, lower, mutable_(upper)));
        if (a == b) CHECK(!may_be_below(place, mutable_(lower), mutable_(or_null(upper))));
      }
}

CASE(what_is_not_null_is_below_what_may_be) {
  gcroots_field_type_t never = ref_to_local(1), maybe = or_null(ref_to_local(0));
  for (int place = FIELD; place < PLACES; place++) {
    gcroots_field_type_t lower = place == PARAM ? maybe : never;
    gcroots_field_type_t upper = place == PARAM ? never : maybe;
    CHECK(may_be_below(place, lower, upper));
    lower.local = upper.local;
    CHECK(may_be_below(place, lower, upper) && !may_be_below(place, upper, lower));
  }
}

CASE(numbers_stay_the_same) {
  for (gcroots_storage_t a = 0; a < 8; a++)
    for (gcroots_storage_t b = 0; b < 8; b++)
      for (int place = FIELD; place < PLACES; place++) {
        if (place >= RESULT && (a < 2 || b < 2)) continue;
        CHECK(may_be_below(place, plain(a), plain(b)) == (a == b));
      }
}

CASE(a_struct_may_have_more_fields_than_its_supertype) {
  gcroots_field_type_t fields[4];
  for (size_t a = 0; a < 4; a++)
    for (size_t b = 0; b < 4; b++) {
      gcroots_rec_group_t *group = new_group();
      gcroots_type_t *types[2];
      for (int i = 0; i < 4; i++) fields[i] = mutable_(plain(GCROOTS_STORAGE_I32 + i));
      add_struct_below(group, open_type(), fields, b);
      add_struct_below(group, below(0), fields, a);
      if (a < b) {
        register_is_refused(GCROOTS_ERROR_INVALID_ARGUMENT, "type 1 does not match", group, NULL,
                            2);
        continue;
      }
      register_group(group, types, 2);
      free_types(types, 2);
    }
}

CASE(a_function_has_as_many_parameters_as_its_supertype) {
  gcroots_field_type_t values[2] = {plain(GCROOTS_STORAGE_I32), plain(GCROOTS_STORAGE_I32)};
  for (size_t params = 0; params < 3; params++)
    for (size_t results = 0; results < 3; results++) {
      gcroots_rec_group_t *group = new_group();
      gcroots_sub_type_t subs[2] = {open_type(), below(0)};
      gcroots_type_t *types[2];
      uint32_t out;
      OK(gcroots_rec_group_add_func(group, &subs[0], values, 1, values, 1, &out));
      OK(gcroots_rec_group_add_func(group, &subs[1], values, params, values, results, &out));
      if (params != 1 || results != 1) {
        register_is_refused(GCROOTS_ERROR_INVALID_ARGUMENT, "type 1 does not match", group, NULL,
                            2);
        continue;
      }
      register_group(group, types, 2);
      free_types(types, 2);
    }
}

CASE(a_supertype_may_be_registered_before) {
  gcroots_field_type_t wide = ref_to(GCROOTS_HEAP_ANY), narrow = ref_to(GCROOTS_HEAP_I31);
  gcroots_type_t *upper = new_struct(&wide, 1), *lower;
  gcroots_rec_group_t *group = new_group();
  /* `local` is ignored if a registered supertype is given. */
  gcroots_sub_type_t sub = below_type(upper);
  sub.local = UINT32_MAX;
  add_struct_below(group, sub, &narrow, 1);
  lower = register_one(group);
  CHECK(is_subtype(lower, upper) && !is_subtype(upper, lower));
  free_types((gcroots_type_t *[]){lower, upper}, 2);
}

/* --- Which types are equal --------------------------------------------------- */

/* Registers the node and the leaf of a tree, a function and an array of them. Together
   they have each kind of reference. */
static gcroots_rec_group_t *tree(void) {
  gcroots_rec_group_t *group = new_group();
  gcroots_field_type_t number = mutable_(plain(GCROOTS_STORAGE_I32));
  gcroots_field_type_t fields[2], nodes = or_null(ref_to_local(1)), leaf = ref_to_local(2);
  uint32_t out;
  fields[0] = number;
  fields[1] = ref_to_local(3);
  add_struct_below(group, open_type(), &number, 1);
  add_struct_below(group, below(0), fields, 2);
  add_struct_below(group, below(0), &number, 1);
  OK(gcroots_rec_group_add_array(group, NULL, &nodes, &out));
  OK(gcroots_rec_group_add_func(group, NULL, &nodes, 1, &leaf, 1, &out));
  return group;
}
enum { TREE = 5 };

CASE(an_equal_group_gives_the_same_types) {
  gcroots_type_t *first[TREE], *second[TREE];
  register_group(tree(), first, TREE);
  register_group(tree(), second, TREE);
  for (int a = 0; a < TREE; a++)
    for (int b = 0; b < TREE; b++) CHECK(same_type(first[a], second[b]) == (a == b));
  free_types(first, TREE);
  for (int a = 1; a < 3; a++) CHECK(is_subtype(second[a], second[0]));
  register_group(tree(), first, TREE);
  for (int a = 0; a < TREE; a++) CHECK(same_type(first[a], second[a]));
  free_types(first, TREE);
  free_types(second, TREE);
}

CASE(a_group_may_be_registered_again_and_grow) {
  gcroots_rec_group_t *group = tree();
  const gcroots_rec_group_t *groups[1];
  gcroots_type_t *first[TREE], *second[TREE], *third[TREE + 1];
  groups[0] = group;
  OK(gcroots_rec_group_register(engine, groups, 1, first, TREE));
  OK(gcroots_rec_group_register(engine, groups, 1, second, TREE));
  add_struct_of(group, NULL);
  OK(gcroots_rec_group_register(engine, groups, 1, third, TREE + 1));
  for (int i = 0; i < TREE; i++) {
    CHECK(same_type(first[i], second[i]));
    CHECK(!same_type(first[i], third[i]));
  }
  gcroots_rec_group_free(group);
  free_types(first, TREE);
  free_types(second, TREE);
  free_types(third, TREE + 1);
}

CASE(a_group_of_two_engines_gives_types_of_each) {
  gcroots_rec_group_t *group = tree();
  const gcroots_rec_group_t *groups[1];
  gcroots_engine_t *other;
  gcroots_type_t *types[TREE], *others[TREE];
  bool is;
  groups[0] = group;
  OK(gcroots_engine_new(NULL, &other));
  OK(gcroots_rec_group_register(engine, groups, 1, types, TREE));
  OK(gcroots_rec_group_register(other, groups, 1, others, TREE));
  gcroots_rec_group_free(group);
  gcroots_engine_free(other);
  REFUSED(GCROOTS_ERROR_WRONG_ENGINE, gcroots_type_is_subtype(types[1], others[0], &is));
  CHECK(is_subtype(others[1], others[0]));
  free_types(types, TREE);
  free_types(others, TREE);
}

CASE(equal_groups_of_one_collection_are_one) {
  gcroots_rec_group_t *leaf = group_of_structs(1), *first = new_group(), *second = new_group();
  gcroots_field_type_t to_first = ref_to_local(0), to_second = ref_to_local(1);
  const gcroots_rec_group_t *groups[4];
  gcroots_type_t *types[4];
  groups[0] = groups[1] = leaf;
  groups[2] = first;
  groups[3] = second;
  add_struct_of(first, &to_first);
  add_struct_of(second, &to_second);
  OK(gcroots_rec_group_register(engine, groups, 4, types, 4));
  CHECK(same_type(types[0], types[1]) && same_type(types[2], types[3]));
  CHECK(!same_type(types[0], types[2]));
  free_types(types, 4);
  gcroots_rec_group_free(leaf);
  gcroots_rec_group_free(first);
  gcroots_rec_group_free(second);
}

CASE(the_same_structure_elsewhere_is_another_type) {
  gcroots_type_t *pair[2], *alone, *after[2];
  gcroots_rec_group_t *group = group_of_structs(2);
  gcroots_field_type_t number = plain(GCROOTS_STORAGE_I32);
  register_group(group, pair, 2);
  alone = new_struct(NULL, 0);
  group = new_group();
  add_struct_of(group, &number);
  add_struct_of(group, NULL);
  register_group(group, after, 2);
  CHECK(!same_type(pair[0], pair[1]) && !same_type(pair[0], alone));
  CHECK(!same_type(pair[1], alone) && !same_type(pair[1], after[1]));
  CHECK(!same_type(alone, after[1]));
  free_types(pair, 2);
  free_types(after, 2);
  gcroots_type_free(alone);
}

CASE(each_part_of_a_declaration_tells_types_apart) {
  enum { FIELDS = 2 * 7 + 4 * 14, TYPES = 2 * FIELDS + 6 };
  static gcroots_type_t *types[TYPES];
  gcroots_type_t *named = new_struct(NULL, 0);
  gcroots_field_type_t fields[FIELDS];
  gcroots_sub_type_t subs[4] = {open_type(), open_type(), below_type(named), below_type(named)};
  size_t count = 0;
  subs[1].is_final = subs[3].is_final = 1;
  for (gcroots_storage_t storage = 0; storage < 7; storage++) {
    fields[count++] = plain(storage);
    fields[count++] = mutable_(plain(storage));
  }
  for (int heap = 0; heap < 14; heap++) {
    gcroots_field_type_t field = heap < 12    ? nth_heap(heap)
                                 : heap == 12 ? ref_to_local(0)
                                              : ref_to_type(named);
    fields[count++] = field;
    fields[count++] = or_null(field);
    fields[count++] = mutable_(field);
    fields[count++] = mutable_(or_null(field));
  }
  CHECK(count == FIELDS);
  for (size_t i = 0; i < TYPES; i++) {
    gcroots_rec_group_t *group = new_group();
    gcroots_field_type_t value = plain(GCROOTS_STORAGE_I32);
    uint32_t out;
    if (i < FIELDS)
      add_struct_of(group, &fields[i]);
    else if (i < 2 * FIELDS)
      OK(gcroots_rec_group_add_array(group, NULL, &fields[i - FIELDS], &out));
    else if (i < 2 * FIELDS + 2)
      OK(gcroots_rec_group_add_func(group, NULL, &value, i % 2, &value, 1 - i % 2, &out));
    else {
      gcroots_field_type_t two[2] = {value, value};
      OK(gcroots_rec_group_add_struct(group, &subs[i - 2 * FIELDS - 2], two, 2, &out));
    }
    types[i] = register_one(group);
  }
  for (size_t a = 0; a < TYPES; a++)
    for (size_t b = 0; b < a; b++) CHECK(!same_type(types[a], types[b]));
  free_types(types, TYPES);
  gcroots_type_free(named);
}

CASE(members_may_refer_to_later_ones) {
  gcroots_field_type_t forward[2], back = ref_to_local(0), field;
  gcroots_rec_group_t *group = new_group();
  gcroots_type_t *types[3];
  uint32_t out;
  forward[0] = ref_to_local(1);
  forward[1] = or_null(ref_to_local(2));
  OK(gcroots_rec_group_add_func(group, NULL, forward, 2, forward, 2, &out));
  add_struct_of(group, &forward[1]);
  OK(gcroots_rec_group_add_array(group, NULL, &back, &out));
  register_group(group, types, 3);
  for (size_t i = 0; i < 4; i++) {
    field = field_of(types[0], i);
    CHECK(same_type(field.type, types[1 + i % 2]));
    gcroots_type_free(field.type);
  }
  field = field_of(types[2], 0);
  CHECK(same_type(field.type, types[0]));
  gcroots_type_free(field.type);
  free_types(types, 3);
}

CASE(indices_go_through_the_collection) {
  /* The groups are type 0, types 1 and 2, and type 3. Each group refers to all types
     before. */
  gcroots_rec_group_t *groups[3] = {group_of_structs(1), new_group(), new_group()};
  gcroots_field_type_t fields[4];
  gcroots_type_t *types[4], *separate;
  for (uint32_t i = 0; i < 4; i++) fields[i] = ref_to_local(i);
  add_struct_below(groups[1], below(0), fields, 3);
  add_struct_below(groups[1], below(1), fields, 3);
  add_struct_below(groups[2], below(2), fields, 4);
  OK(gcroots_rec_group_register(engine, (const gcroots_rec_group_t *const *)groups, 3, types, 4));
  for (size_t of = 1; of < 4; of++)
    for (size_t i = 0; i < (of < 3 ? 3 : 4); i++) {
      gcroots_field_type_t field = field_of(types[of], i);
      CHECK(same_type(field.type, types[i]));
      gcroots_type_free(field.type);
    }
  for (int a = 0; a < 4; a++)
    for (int b = 0; b < 4; b++) CHECK(is_subtype(types[a], types[b]) == (b <= a));
  /* Registers the last group again, alone. */
  gcroots_rec_group_free(groups[2]);
  groups[2] = new_group();
  for (uint32_t i = 0; i < 3; i++) fields[i] = ref_to_type(types[i]);
  fields[3] = ref_to_local(0);
  add_struct_below(groups[2], below_type(types[2]), fields, 4);
  separate = register_one(groups[2]);
  CHECK(same_type(separate, types[3]));
  gcroots_type_free(separate);
  free_types(types, 4);
  for (int i = 0; i < 2; i++) gcroots_rec_group_free(groups[i]);
}

CASE(nothing_is_registered_too) {
  gcroots_rec_group_t *empty = new_group(), *one = group_of_structs(1);
  const gcroots_rec_group_t *groups[3];
  gcroots_type_t *type;
  groups[0] = groups[2] = empty;
  groups[1] = one;
  OK(gcroots_rec_group_register(engine, NULL, 0, NULL, 0));
  OK(gcroots_rec_group_register(engine, groups, 1, NULL, 0));
  OK(gcroots_rec_group_register(engine, groups, 3, &type, 1));
  CHECK(layout_of(type).bytes == 16);
  gcroots_type_free(type);
  gcroots_rec_group_free(empty);
  gcroots_rec_group_free(one);
}

/* --- Threads ----------------------------------------------------------------- */

enum { THREADS = 4, GROUPS = 200 };
static gcroots_type_t *registered[THREADS][GROUPS][2];
static pthread_barrier_t all_are_here;

/* Makes the nth group: a struct of n fields with n different types, and a subtype that
   refers to it. */
static gcroots_rec_group_t *nth_group(size_t n) {
  gcroots_rec_group_t *group = new_group();
  gcroots_field_type_t fields[GROUPS + 1];
  for (size_t i = 0; i < n; i++) fields[i] = plain((gcroots_storage_t)((n + i) % 7));
  fields[n] = ref_to_local(0);
  add_struct_below(group, open_type(), fields, n);
  add_struct_below(group, below(0), fields, n + 1);
  return group;
}

static void *register_all(void *thread) {
  size_t which = (size_t)(uintptr_t)thread;
  pthread_barrier_wait(&all_are_here);
  for (size_t i = 0; i < GROUPS; i++) {
    /* Each thread has its own order: its own start and its own step. */
    static const size_t steps[THREADS] = {1, 199, 77, 3};
    size_t n = (which * 50 + i * steps[which]) % GROUPS;
    register_group(nth_group(n), registered[which][n], 2);
  }
  return NULL;
}

CASE(threads_agree_on_the_types_of_equal_groups) {
  pthread_t threads[THREADS];
  CHECK(pthread_barrier_init(&all_are_here, NULL, THREADS) == 0);
  for (uintptr_t i = 0; i < THREADS; i++)
    CHECK(pthread_create(&threads[i], NULL, register_all, (void *)i) == 0);
  for (int i = 0; i < THREADS; i++) CHECK(pthread_join(threads[i], NULL) == 0);
  for (int n = 0; n < GROUPS; n++)
    for (int i = 0; i < THREADS; i++)
      for (int j = 0; j < THREADS; j++) {
        gcroots_type_t **a = registered[i][n], **b = registered[j][n];
        CHECK(same_type(a[0], b[0]) && same_type(a[1], b[1]));
        CHECK(is_subtype(a[1], b[0]) && !is_subtype(a[0], b[1]));
      }
  for (int i = 0; i < THREADS; i++)
    for (int n = 0; n < GROUPS; n++) free_types(registered[i][n], 2);
}

static void *register_and_free(void *unused) {
  pthread_barrier_wait(&all_are_here);
  for (int round = 0; round < 500; round++) {
    gcroots_type_t *types[2];
    register_group(nth_group((size_t)round % 5), types, 2);
    CHECK(is_subtype(types[1], types[0]) && layout_of(types[1]).offset_count > 0);
    free_types(types, 2);
  }
  return unused;
}

CASE(threads_register_and_free_equal_groups_at_once) {
  pthread_t threads[THREADS];
  CHECK(pthread_barrier_init(&all_are_here, NULL, THREADS) == 0);
  for (int i = 0; i < THREADS; i++)
    CHECK(pthread_create(&threads[i], NULL, register_and_free, NULL) == 0);
  for (int i = 0; i < THREADS; i++) CHECK(pthread_join(threads[i], NULL) == 0);
}

/* --- Memory ------------------------------------------------------------------ */

/* Makes each thing, asks it something, and frees it. Returns the first refusal. Outputs
   are unchanged until then. */
static gcroots_status_t declare_and_register(gcroots_engine_t *with) {
  gcroots_rec_group_t *group = gcroots_rec_group_new(), *next = NULL;
  gcroots_type_t *types[4] = {NULL, NULL, NULL, NULL}, *named = NULL;
  gcroots_field_type_t fields[2], field;
  gcroots_sub_type_t sub = open_type(), lower = below(0);
  const gcroots_rec_group_t *groups[1];
  gcroots_status_t status = GCROOTS_ERROR_OUT_OF_MEMORY;
  uint32_t out = 77, at = 0;
  fields[0] = ref_to_local(1);
  fields[1] = plain(GCROOTS_STORAGE_I64);
#define REGISTER(group, count)                                                        \
  do {                                                                                \
    groups[0] = (group);                                                              \
    status = gcroots_rec_group_register(with, groups, 1, types, count);               \
    if (status != GCROOTS_OK) {                                                       \
      check_refused(__FILE__, __LINE__, #group, GCROOTS_ERROR_OUT_OF_MEMORY, status); \
      for (int i = 0; i < 4; i++) CHECK(types[i] == NULL);                            \
      goto over;                                                                      \
    }                                                                                 \
  } while (0)
#define TRY(call)                                                                    \
  do {                                                                               \
    if ((status = (call)) != GCROOTS_OK) {                                           \
      check_refused(__FILE__, __LINE__, #call, GCROOTS_ERROR_OUT_OF_MEMORY, status); \
      goto over;                                                                     \
    }                                                                                \
  } while (0)
#define ADD(call)                                                                    \
  do {                                                                               \
    out = 77;                                                                        \
    if ((status = (call)) != GCROOTS_OK) {                                           \
      check_refused(__FILE__, __LINE__, #call, GCROOTS_ERROR_OUT_OF_MEMORY, status); \
      CHECK(out == 77);                                                              \
      goto over;                                                                     \
    }                                                                                \
    CHECK(out == at++);                                                              \
  } while (0)
  if (group == NULL) goto over;
  ADD(gcroots_rec_group_add_struct(group, &sub, fields, 2, &out));
  ADD(gcroots_rec_group_add_struct(group, &lower, fields, 2, &out));
  ADD(gcroots_rec_group_add_func(group, NULL, fields, 2, fields, 2, &out));
  REGISTER(group, 3);
  named = gcroots_type_clone(types[1]);
  CHECK(named == types[1]);
  TRY(gcroots_type_field(types[2], 0, &field));
  CHECK(field.type == types[1]);
  gcroots_type_free(field.type);
  status = GCROOTS_ERROR_OUT_OF_MEMORY;
  if ((next = gcroots_rec_group_new()) == NULL) goto over;
  at = 0;
  fields[0] = ref_to_type(named);
  lower = below_type(types[0]);
  lower.is_final = 1;
  fields[1] = ref_to_type(types[2]);
  ADD(gcroots_rec_group_add_array(next, NULL, fields, &out));
  ADD(gcroots_rec_group_add_func(next, NULL, fields, 2, fields, 1, &out));
  free_types(types, 3);
  memset(types, 0, sizeof types);
  REGISTER(next, 2);
  status = GCROOTS_OK;
over:
  armed = false;
  gcroots_rec_group_free(group);
  gcroots_rec_group_free(next);
  free_types(types, 4);
  gcroots_type_free(named);
  return status;
#undef ADD
#undef TRY
#undef REGISTER
}

static void refuse_each(bool lastingly) {
  /* Causes the allocations that a thread makes only once. */
  REFUSED(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_rec_group_register(NULL, NULL, 0, NULL, 0));
  for (uint64_t n = 0;; n++) {
    gcroots_engine_t *fresh;
    gcroots_status_t status;
    long before = blocks;
    OK(gcroots_engine_new(NULL, &fresh));
    arm(n, lastingly);
    status = declare_and_register(fresh);
    armed = false;
    CHECK(status == (refusals > 0 ? GCROOTS_ERROR_OUT_OF_MEMORY : GCROOTS_OK));
    CHECK(status == GCROOTS_OK || names_refused_bytes(gcroots_last_error()));
    /* After the refusals the engine registers the types. */
    OK(declare_and_register(fresh));
    gcroots_engine_free(fresh);
    CHECK(blocks == before);
    if (refusals == 0) {
      CHECK(n > 30);
      return;
    }
    CHECK(n < 1000);
  }
}

CASE(memory_that_runs_out_at_any_allocation_is_refused) {
  refuse_each(true);
}

CASE(any_one_allocation_that_is_refused_is_reported) {
  refuse_each(false);
}

/* Freeing needs no memory. It frees everything, including types that other types refer
   to. */
CASE(everything_is_given_back) {
  long before = blocks;
  for (int round = 0; round < 3; round++) {
    gcroots_engine_t *own = engine;
    gcroots_type_t *types[TREE], *found[2];
    gcroots_field_type_t field;
    OK(gcroots_engine_new(NULL, &engine));
    register_group(tree(), types, TREE);
    field = field_of(types[1], 1);
    OK(gcroots_type_supertype(types[2], &found[0]));
    OK(gcroots_type_trampoline(types[4], &found[1]));
    arm(0, true);
    if (round == 0) gcroots_engine_free(engine);
    free_types(types, TREE);
    gcroots_type_free(field.type);
    if (round == 1) gcroots_engine_free(engine);
    free_types(found, 2);
    if (round == 2) gcroots_engine_free(engine);
    armed = false;
    CHECK(refusals == 0);
    engine = own;
    CHECK(blocks == before);
  }
}

CASE(a_chain_of_200000_groups_is_released) {
  enum { LINKS = 200000 };
  gcroots_engine_t *own = engine;
  gcroots_type_t *last;
  long before = blocks;
  OK(gcroots_engine_new(NULL, &engine));
  last = new_struct(NULL, 0);
  for (int i = 0; i < LINKS; i++) {
    gcroots_field_type_t field = ref_to_type(last);
    gcroots_type_t *next = new_struct(&field, 1);
    gcroots_type_free(last);
    last = next;
  }
  CHECK(blocks > before + LINKS);
  gcroots_engine_free(engine);
  engine = own;
  gcroots_type_free(last);
  CHECK(blocks == before);
}

/* --- Unique groups ------------------------------------------------------------ */

CASE(a_unique_group_gives_types_of_its_own) {
  gcroots_field_type_t field = mutable_of(GCROOTS_STORAGE_I32);
  gcroots_rec_group_t *unique = new_group(), *shared = new_group();
  const gcroots_rec_group_t *groups[4] = {unique, shared, unique, shared};
  gcroots_type_t *types[8], *later[4];
  OK(gcroots_rec_group_set_unique(unique, true));
  for (int i = 0; i < 2; i++) {
    gcroots_sub_type_t sub = open_type();
    add_struct_below(unique, sub, &field, 1);
    add_struct_below(shared, sub, &field, 1);
  }
  OK(gcroots_rec_group_register(engine, groups, 4, types, 8));
  OK(gcroots_rec_group_register(engine, groups, 2, later, 4));
  CHECK(same_type(types[2], types[6]) && same_type(types[3], types[7]));
  CHECK(same_type(types[2], later[2]) && same_type(types[3], later[3]));
  for (int a = 0; a < 2; a++)
    for (int b = 0; b < 8; b++) {
      CHECK(same_type(types[a], types[b]) == (a == b));
      CHECK(is_subtype(types[a], types[b]) == (a == b));
      if (b < 4) CHECK(!same_type(types[a], later[b]));
    }
  gcroots_rec_group_free(unique);
  gcroots_rec_group_free(shared);
  free_types(types, 8);
  free_types(later, 4);
}

CASE(objects_of_unique_types_are_told_apart) {
  gcroots_field_type_t field = any_field();
  gcroots_rec_group_t *group = new_group();
  const gcroots_rec_group_t *groups[2] = {group, group};
  gcroots_type_t *types[2], *below_first;
  gcroots_rec_group_t *sub = new_group();
  gcroots_ref_t objects[2], lower;
  OK(gcroots_rec_group_set_unique(group, true));
  add_struct_below(group, open_type(), &field, 1);
  OK(gcroots_rec_group_register(engine, groups, 2, types, 2));
  gcroots_rec_group_free(group);
  add_struct_below(sub, below_type(types[0]), &field, 1);
  below_first = register_one(sub);
  lower = make_default(below_first);
  for (int i = 0; i < 2; i++) objects[i] = make_default(types[i]);
  OK(gcroots_store_gc(store));
  for (int i = 0; i < 2; i++) {
    gcroots_ref_type_t of = {types[i], GCROOTS_HEAP_TYPE, 0};
    bool is;
    for (int object = 0; object < 2; object++) {
      OK(gcroots_ref_test(store, objects[object], of, &is));
      CHECK(is == (object == i));
    }
    OK(gcroots_ref_test(store, lower, of, &is));
    CHECK(is == (i == 0));
  }
  gcroots_type_free(below_first);
  free_types(types, 2);
}

CASE(a_group_is_unique_until_that_is_undone) {
  gcroots_rec_group_t *group = new_group();
  gcroots_type_t *shared = new_struct(NULL, 0), *type;
  const gcroots_rec_group_t *groups[1] = {group};
  uint32_t at;
  OK(gcroots_rec_group_add_struct(group, &(gcroots_sub_type_t){0, 0, 0, NULL}, NULL, 0, &at));
  for (int on = 1; on >= 0; on--) {
    OK(gcroots_rec_group_set_unique(group, on == 1));
    OK(gcroots_rec_group_register(engine, groups, 1, &type, 1));
    CHECK(same_type(type, shared) == (on == 0));
    gcroots_type_free(type);
  }
  gcroots_rec_group_free(group);
  gcroots_type_free(shared);
}

CASE(unique_functions_share_a_trampoline) {
  gcroots_field_type_t param = or_null(ref_to(GCROOTS_HEAP_ANY));
  gcroots_type_t *shared = new_func(&param, 1, NULL, 0), *types[2], *trampoline;
  gcroots_rec_group_t *group = new_group();
  const gcroots_rec_group_t *groups[2] = {group, group};
  uint32_t at;
  OK(gcroots_rec_group_set_unique(group, true));
  OK(gcroots_rec_group_add_func(group, NULL, &param, 1, NULL, 0, &at));
  OK(gcroots_rec_group_register(engine, groups, 2, types, 2));
  gcroots_rec_group_free(group);
  for (int i = 0; i < 2; i++) {
    gcroots_type_t *expected;
    OK(gcroots_type_trampoline(shared, &expected));
    OK(gcroots_type_trampoline(types[i], &trampoline));
    CHECK(same_type(trampoline, expected) && !same_type(trampoline, types[i]));
    gcroots_type_free(expected);
    gcroots_type_free(trampoline);
  }
  free_types(types, 2);
  gcroots_type_free(shared);
}
