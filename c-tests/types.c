/* Types: what the library says about a registered type, and how long it lives. */
#include "refusals.h"
#include "threads.h"

static const gcroots_storage_t storages[] = {
    GCROOTS_STORAGE_I8,  GCROOTS_STORAGE_I16, GCROOTS_STORAGE_I32,  GCROOTS_STORAGE_I64,
    GCROOTS_STORAGE_F32, GCROOTS_STORAGE_F64, GCROOTS_STORAGE_V128, GCROOTS_STORAGE_REF};

static gcroots_type_t *supertype_of(const gcroots_type_t *type) {
  gcroots_type_t *supertype;
  OK(gcroots_type_supertype(type, &supertype));
  return supertype;
}

static gcroots_type_t *trampoline_of(const gcroots_type_t *type) {
  gcroots_type_t *trampoline;
  OK(gcroots_type_trampoline(type, &trampoline));
  return trampoline;
}

/* --- What a type tells ------------------------------------------------------- */

CASE(a_type_tells_its_kind_and_counts) {
  gcroots_field_type_t fields[] = {plain(GCROOTS_STORAGE_I32), plain(GCROOTS_STORAGE_I64),
                                   plain(GCROOTS_STORAGE_F32)};
  gcroots_type_t *types[5];
  static const struct {
    gcroots_type_kind_t kind;
    size_t fields, params;
  } expected[5] = {{GCROOTS_TYPE_STRUCT, 0, 0},
                   {GCROOTS_TYPE_STRUCT, 3, 0},
                   {GCROOTS_TYPE_ARRAY, 1, 0},
                   {GCROOTS_TYPE_FUNC, 0, 0},
                   {GCROOTS_TYPE_FUNC, 3, 2}};
  types[0] = new_struct(NULL, 0);
  types[1] = new_struct(fields, 3);
  types[2] = new_array(fields[0]);
  types[3] = new_func(NULL, 0, NULL, 0);
  types[4] = new_func(fields, 2, fields, 1);
  for (int i = 0; i < 5; i++) {
    gcroots_type_kind_t kind;
    size_t field_count, param_count;
    OK(gcroots_type_kind(types[i], &kind));
    OK(gcroots_type_field_count(types[i], &field_count));
    OK(gcroots_type_param_count(types[i], &param_count));
    CHECK(kind == expected[i].kind);
    CHECK(field_count == expected[i].fields && param_count == expected[i].params);
  }
  free_types(types, 5);
}

CASE(null_is_refused_in_the_order_of_parameters) {
  check_nulls(type_calls);
}

CASE(null_has_no_clone_and_is_freed) {
  CHECK(gcroots_type_clone(NULL) == NULL);
  gcroots_type_free(NULL);
}

static bool same_declaration(gcroots_field_type_t a, gcroots_field_type_t b) {
  return a.storage == b.storage && a.heap == b.heap && a.local == b.local &&
         a.is_mutable == b.is_mutable && a.is_nullable == b.is_nullable && a.type == b.type;
}

CASE(plain_fields_are_given_back_as_declared) {
  gcroots_field_type_t fields[14];
  gcroots_type_t *type;
  for (size_t i = 0; i < 7; i++) {
    fields[2 * i] = plain(storages[i]);
    fields[2 * i + 1] = mutable_(plain(storages[i]));
  }
  type = new_struct(fields, 14);
  for (size_t i = 0; i < 14; i++) CHECK(same_declaration(field_of(type, i), fields[i]));
  gcroots_type_free(type);
}

CASE(references_are_given_back_as_declared) {
  gcroots_type_t *named = new_struct(NULL, 0), *type;
  gcroots_field_type_t fields[4 * 13];
  for (gcroots_heap_type_t heap = 0; heap < 13; heap++) {
    gcroots_field_type_t field = heap == GCROOTS_HEAP_TYPE ? ref_to_type(named) : ref_to(heap);
    fields[4 * heap] = field;
    fields[4 * heap + 1] = or_null(field);
    fields[4 * heap + 2] = mutable_(field);
    fields[4 * heap + 3] = mutable_(or_null(field));
  }
  type = new_struct(fields, 4 * 13);
  for (size_t i = 0; i < 4 * 13; i++) {
    gcroots_field_type_t field = field_of(type, i);
    CHECK(same_declaration(field, fields[i]));
    gcroots_type_free(field.type);
  }
  free_types((gcroots_type_t *[]){type, named}, 2);
}

CASE(any_flag_but_0_is_yes) {
  gcroots_field_type_t declared = or_null(mutable_(ref_to(GCROOTS_HEAP_ANY))), found;
  gcroots_type_t *type, *same;
  declared.is_mutable = 0x80;
  declared.is_nullable = 2;
  type = new_struct(&declared, 1);
  found = field_of(type, 0);
  CHECK(found.is_mutable == 1 && found.is_nullable == 1);
  same = new_struct(&found, 1);
  CHECK(same_type(type, same));
  free_types((gcroots_type_t *[]){type, same}, 2);
}

CASE(what_a_field_does_not_need_is_not_looked_at) {
  gcroots_field_type_t odd = ref_to(GCROOTS_HEAP_EQ), number = plain(GCROOTS_STORAGE_I16);
  gcroots_field_type_t even = odd, same_number = number;
  gcroots_type_t *types[4];
  even.local = 7;
  even.type = (const gcroots_type_t *)(uintptr_t)1;
  same_number.heap = 999;
  same_number.local = 7;
  same_number.is_nullable = 1;
  same_number.type = (const gcroots_type_t *)(uintptr_t)1;
  types[0] = new_struct(&odd, 1);
  types[1] = new_struct(&even, 1);
  types[2] = new_struct(&number, 1);
  types[3] = new_struct(&same_number, 1);
  CHECK(same_type(types[0], types[1]) && same_type(types[2], types[3]));
  free_types(types, 4);
}

CASE(fields_of_arrays_and_functions_are_given_back) {
  gcroots_field_type_t element = mutable_(plain(GCROOTS_STORAGE_I8));
  gcroots_field_type_t values[] = {mutable_(plain(GCROOTS_STORAGE_F64)),
                                   or_null(ref_to(GCROOTS_HEAP_FUNC)), plain(GCROOTS_STORAGE_V128)};
  gcroots_type_t *array = new_array(element), *func = new_func(values, 2, values + 2, 1);
  CHECK(same_declaration(field_of(array, 0), element));
  values[0].is_mutable = 0;
  for (size_t i = 0; i < 3; i++) CHECK(same_declaration(field_of(func, i), values[i]));
  free_types((gcroots_type_t *[]){array, func}, 2);
}

CASE(a_member_of_the_same_group_is_given_back_as_a_type) {
  gcroots_field_type_t next = or_null(ref_to_local(1)), first = ref_to_local(0), found;
  gcroots_rec_group_t *group = new_group();
  gcroots_type_t *types[2];
  add_struct_of(group, &next);
  add_struct_of(group, &first);
  register_group(group, types, 2);
  found = field_of(types[0], 0);
  CHECK(found.heap == GCROOTS_HEAP_TYPE && found.is_nullable == 1 && found.local == 0);
  CHECK(same_type(found.type, types[1]));
  gcroots_type_free(found.type);
  found = field_of(types[1], 0);
  CHECK(same_type(found.type, types[0]));
  gcroots_type_free(found.type);
  free_types(types, 2);
}

CASE(a_field_that_there_is_not_is_out_of_bounds) {
  gcroots_field_type_t number = plain(GCROOTS_STORAGE_I32), out = ref_to_local(77);
  gcroots_type_t *types[4];
  static const size_t counts[4] = {0, 1, 1, 2};
  types[0] = new_struct(NULL, 0);
  types[1] = new_struct(&number, 1);
  types[2] = new_array(number);
  types[3] = new_func(&number, 1, &number, 1);
  for (int i = 0; i < 4; i++) {
    REFUSED_SAYING(GCROOTS_ERROR_OUT_OF_BOUNDS, "out of bounds; the number of fields is",
                   gcroots_type_field(types[i], counts[i], &out));
    REFUSED_SAYING(GCROOTS_ERROR_OUT_OF_BOUNDS, "18446744073709551615",
                   gcroots_type_field(types[i], SIZE_MAX, &out));
    REFUSED(GCROOTS_ERROR_OUT_OF_BOUNDS, gcroots_type_field(types[i], (size_t)1 << 32, &out));
  }
  CHECK(same_declaration(out, ref_to_local(77)));
  free_types(types, 4);
}

/* --- Supertypes -------------------------------------------------------------- */

CASE(a_type_gives_back_the_supertype_that_it_names) {
  gcroots_rec_group_t *group = new_group();
  gcroots_type_t *types[3], *below_it, *found;
  add_struct_of(group, NULL);
  add_struct_below(group, below(0), NULL, 0);
  add_struct_below(group, below(1), NULL, 0);
  register_group(group, types, 3);
  CHECK(supertype_of(types[0]) == NULL);
  found = supertype_of(types[2]);
  CHECK(same_type(found, types[1]));
  gcroots_type_free(found);
  group = new_group();
  add_struct_below(group, below_type(types[2]), NULL, 0);
  below_it = register_one(group);
  free_types(types, 3);
  found = supertype_of(below_it);
  gcroots_type_free(below_it);
  below_it = supertype_of(found);
  CHECK(found == types[2] && below_it == types[1]);
  free_types((gcroots_type_t *[]){found, below_it}, 2);
}

CASE(a_type_is_a_subtype_of_those_above_it_only) {
  enum { DEEP = 64 };
  gcroots_rec_group_t *group = new_group();
  gcroots_type_t *types[DEEP + 2];
  add_struct_of(group, NULL);
  for (uint32_t i = 1; i < DEEP; i++) add_struct_below(group, below(i - 1), NULL, 0);
  /* Two types outside the chain: a subtype of its tenth type, and one without a
     supertype. */
  add_struct_below(group, below(9), NULL, 0);
  add_struct_of(group, NULL);
  register_group(group, types, DEEP + 2);
  for (int a = 0; a < DEEP; a++)
    for (int b = 0; b < DEEP; b++) CHECK(is_subtype(types[a], types[b]) == (b <= a));
  for (int b = 0; b < DEEP; b++) {
    CHECK(is_subtype(types[DEEP], types[b]) == (b <= 9));
    CHECK(!is_subtype(types[b], types[DEEP]));
    CHECK(!is_subtype(types[DEEP + 1], types[b]) && !is_subtype(types[b], types[DEEP + 1]));
  }
  free_types(types, DEEP + 2);
}

CASE(subtypes_are_known_across_groups) {
  gcroots_type_t *types[20];
  types[0] = new_struct(NULL, 0);
  for (int i = 1; i < 20; i++) {
    gcroots_rec_group_t *group = new_group();
    add_struct_below(group, below_type(types[i - 1]), NULL, 0);
    types[i] = register_one(group);
  }
  for (int a = 0; a < 20; a++)
    for (int b = 0; b < 20; b++) CHECK(is_subtype(types[a], types[b]) == (b <= a));
  free_types(types, 20);
}

static bool is_equal(const gcroots_type_t *type, const gcroots_type_t *other) {
  bool equal;
  OK(gcroots_type_eq(type, other, &equal));
  return equal;
}

CASE(types_declared_alike_are_equal) {
  gcroots_field_type_t field = plain(GCROOTS_STORAGE_I32);
  gcroots_type_t *types[] = {new_struct(NULL, 0), new_struct(NULL, 0), new_struct(&field, 1),
                             new_array(field), gcroots_type_clone(NULL)};
  types[4] = gcroots_type_clone(types[3]);
  for (int a = 0; a < 5; a++)
    for (int b = 0; b < 5; b++)
      CHECK(is_equal(types[a], types[b]) == (a == b || a + b == 1 || a + b == 7));
  free_types(types, COUNT_OF(types));
}

CASE(types_of_two_engines_are_not_equal) {
  gcroots_engine_t *own = engine;
  gcroots_type_t *type = new_struct(NULL, 0), *foreign;
  OK(gcroots_engine_new(NULL, &engine));
  foreign = new_struct(NULL, 0);
  CHECK(!is_equal(type, foreign) && !is_equal(foreign, type));
  gcroots_engine_free(engine);
  engine = own;
  free_types((gcroots_type_t *[]){type, foreign}, 2);
}

CASE(types_of_two_engines_are_not_compared) {
  gcroots_engine_t *own = engine;
  gcroots_type_t *type = new_struct(NULL, 0), *foreign;
  bool out = true;
  OK(gcroots_engine_new(NULL, &engine));
  foreign = new_struct(NULL, 0);
  CHECK(index_of(type) == index_of(foreign));
  REFUSED_SAYING(GCROOTS_ERROR_WRONG_ENGINE, "`supertype`",
                 gcroots_type_is_subtype(type, foreign, &out));
  REFUSED(GCROOTS_ERROR_WRONG_ENGINE, gcroots_type_is_subtype(foreign, type, &out));
  REFUSED(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_type_is_subtype(foreign, type, NULL));
  CHECK(out);
  gcroots_engine_free(engine);
  REFUSED(GCROOTS_ERROR_WRONG_ENGINE, gcroots_type_is_subtype(foreign, type, &out));
  engine = own;
  free_types((gcroots_type_t *[]){type, foreign}, 2);
}

/* --- Trampolines ------------------------------------------------------------- */

CASE(a_trampoline_takes_the_tops_of_hierarchies) {
  static const gcroots_heap_type_t tops[12] = {
      GCROOTS_HEAP_ANY,    GCROOTS_HEAP_ANY,    GCROOTS_HEAP_ANY,  GCROOTS_HEAP_ANY,
      GCROOTS_HEAP_ANY,    GCROOTS_HEAP_ANY,    GCROOTS_HEAP_FUNC, GCROOTS_HEAP_FUNC,
      GCROOTS_HEAP_EXTERN, GCROOTS_HEAP_EXTERN, GCROOTS_HEAP_EXN,  GCROOTS_HEAP_EXN};
  gcroots_field_type_t special[12], top[12];
  gcroots_type_t *func, *expected, *found, *again;
  for (gcroots_heap_type_t heap = 0; heap < 12; heap++) {
    special[heap] = heap % 2 == 0 ? ref_to(heap) : or_null(ref_to(heap));
    top[heap] = or_null(ref_to(tops[heap]));
  }
  func = new_func(special, 12, special + 3, 9);
  expected = new_func(top, 12, top + 3, 9);
  found = trampoline_of(func);
  CHECK(same_type(found, expected) && !same_type(func, expected));
  again = trampoline_of(found);
  CHECK(same_type(again, found));
  free_types((gcroots_type_t *[]){func, expected, found, again}, 4);
}

CASE(a_trampoline_takes_the_tops_of_declared_types) {
  gcroots_field_type_t number = plain(GCROOTS_STORAGE_I64), value, tops[3];
  gcroots_field_type_t params[3] = {ref_to_local(0), ref_to_local(1), ref_to_local(2)};
  gcroots_rec_group_t *group = new_group();
  gcroots_type_t *types[3], *found, *expected, *named;
  uint32_t position;
  add_struct_of(group, NULL);
  OK(gcroots_rec_group_add_array(group, NULL, &number, &position));
  OK(gcroots_rec_group_add_func(group, NULL, params, 3, &number, 1, &position));
  register_group(group, types, 3);
  tops[0] = tops[1] = or_null(ref_to(GCROOTS_HEAP_ANY));
  tops[2] = or_null(ref_to(GCROOTS_HEAP_FUNC));
  expected = new_func(tops, 3, &number, 1);
  found = trampoline_of(types[2]);
  CHECK(same_type(found, expected));
  free_types((gcroots_type_t *[]){found, expected}, 2);
  /* The trampoline may be registered already. */
  value = ref_to_type(types[2]);
  named = new_func(&value, 1, NULL, 0);
  found = trampoline_of(named);
  expected = new_func(tops + 2, 1, NULL, 0);
  CHECK(same_type(found, expected));
  free_types((gcroots_type_t *[]){found, expected, named}, 3);
  free_types(types, 3);
}

CASE(functions_of_one_shape_share_a_trampoline) {
  gcroots_field_type_t value = ref_to(GCROOTS_HEAP_STRUCT), other = ref_to(GCROOTS_HEAP_I31);
  gcroots_type_t *types[3], *found[3];
  types[0] = new_func(&value, 1, NULL, 0);
  types[1] = new_func(&other, 1, NULL, 0);
  types[2] = new_func(NULL, 0, &other, 1);
  for (int i = 0; i < 3; i++) found[i] = trampoline_of(types[i]);
  /* A trampoline outlives the function type that it was made for. */
  free_types(types, 3);
  CHECK(same_type(found[0], found[1]) && !same_type(found[0], found[2]));
  CHECK(field_of(found[0], 0).heap == GCROOTS_HEAP_ANY);
  free_types(found, 3);
}

CASE(what_is_no_function_is_its_own_trampoline) {
  gcroots_type_t *type = new_struct(NULL, 0), *array = new_array(plain(GCROOTS_STORAGE_I8));
  gcroots_type_t *found[2] = {trampoline_of(type), trampoline_of(array)};
  CHECK(same_type(type, found[0]) && same_type(array, found[1]));
  free_types(found, 2);
  free_types((gcroots_type_t *[]){type, array}, 2);
}

/* --- Layouts ----------------------------------------------------------------- */

static const uint32_t sizes[8] = {1, 2, 4, 8, 4, 8, 16, 4};

static uint32_t rounded_up(uint32_t bytes, uint32_t to) {
  return (bytes + to - 1) / to * to;
}

CASE(each_storage_type_has_its_place) {
  /* Each storage type follows each other one, so that every alignment is tested. */
  for (size_t a = 0; a < 8; a++)
    for (size_t b = 0; b < 8; b++) {
      gcroots_field_type_t fields[2] = {plain(storages[a]), plain(storages[b])};
      gcroots_type_t *type = new_struct(fields, 2);
      gcroots_layout_t layout = layout_of(type);
      uint32_t alignment = sizes[b] < 8 ? sizes[b] : 8;
      uint32_t second = rounded_up(8 + sizes[a], alignment);
      CHECK(layout.element_bytes == 0 && layout.offset_count == 2);
      CHECK(layout.offsets[0] == 8 && layout.offsets[1] == second);
      CHECK(layout.bytes == rounded_up(second + sizes[b], 8));
      gcroots_type_free(type);
    }
}

CASE(an_empty_struct_is_16_bytes) {
  gcroots_type_t *type = new_struct(NULL, 0);
  gcroots_layout_t layout = layout_of(type);
  CHECK(layout.bytes == 16 && layout.element_bytes == 0 && layout.offset_count == 0);
  gcroots_type_free(type);
}

CASE(an_array_begins_with_its_length) {
  for (size_t i = 0; i < 8; i++) {
    gcroots_type_t *type = new_array(plain(storages[i]));
    gcroots_layout_t layout = layout_of(type);
    CHECK(layout.bytes == 16 && layout.element_bytes == sizes[i] && layout.offset_count == 0);
    gcroots_type_free(type);
  }
}

CASE(a_function_has_the_layout_of_an_exception_with_its_parameters) {
  gcroots_field_type_t params[2] = {plain(GCROOTS_STORAGE_I32), plain(GCROOTS_STORAGE_I64)};
  gcroots_type_t *type = new_func(params, 2, params, 1);
  gcroots_layout_t layout = layout_of(type);
  CHECK(layout.bytes == 32 && layout.element_bytes == 0 && layout.offset_count == 2);
  CHECK(layout.offsets[0] == 16 && layout.offsets[1] == 24);
  gcroots_type_free(type);
}

CASE(a_struct_begins_as_its_supertype_does) {
  gcroots_field_type_t fields[24];
  gcroots_rec_group_t *group = new_group();
  gcroots_type_t *types[25];
  for (size_t i = 0; i < 24; i++) fields[i] = plain(storages[i * 5 % 8]);
  add_struct_of(group, NULL);
  for (uint32_t i = 1; i <= 24; i++) add_struct_below(group, below(i - 1), fields, i);
  register_group(group, types, 25);
  for (size_t i = 1; i <= 24; i++) {
    gcroots_layout_t above = layout_of(types[i - 1]), layout = layout_of(types[i]);
    CHECK(above.offset_count == i - 1 && layout.offset_count == i);
    CHECK(i == 1 || memcmp(above.offsets, layout.offsets, (i - 1) * sizeof(uint32_t)) == 0);
    CHECK(layout.bytes >= above.bytes);
  }
  free_types(types, 25);
}

CASE(the_largest_struct_has_a_layout) {
  enum { FIELDS = 10000 };
  static gcroots_field_type_t fields[FIELDS];
  gcroots_type_t *type;
  gcroots_layout_t layout;
  for (int i = 0; i < FIELDS; i++) fields[i] = plain(GCROOTS_STORAGE_V128);
  type = new_struct(fields, FIELDS);
  layout = layout_of(type);
  CHECK(layout.offset_count == FIELDS && layout.bytes == 8 + 16 * FIELDS);
  for (uint32_t i = 0; i < FIELDS; i++) CHECK(layout.offsets[i] == 8 + 16 * i);
  gcroots_type_free(type);
}

/* --- How long a type lives --------------------------------------------------- */

/* Reads everything that the type tells, and compares it with what the pair must have. */
static void tells_the_pair(gcroots_type_t *type) {
  gcroots_field_type_t field = field_of(type, 0);
  gcroots_layout_t layout = layout_of(field.type);
  gcroots_type_t *supertype = supertype_of(field.type);
  CHECK(layout.offset_count == 1 && layout.offsets[0] == 8 && supertype == NULL);
  CHECK(!is_subtype(type, field.type) && is_subtype(type, type));
  gcroots_type_free(field.type);
}

/* Makes a struct that refers to a struct of a number. Only the first struct keeps the
   second one alive. */
static gcroots_type_t *new_pair(void) {
  gcroots_field_type_t number = plain(GCROOTS_STORAGE_I32), reference;
  gcroots_type_t *inner = new_struct(&number, 1), *outer;
  reference = ref_to_type(inner);
  outer = new_struct(&reference, 1);
  gcroots_type_free(inner);
  return outer;
}

CASE(a_type_keeps_what_it_refers_to) {
  gcroots_type_t *pair = new_pair(), *others[50];
  for (size_t i = 0; i < 50; i++) {
    gcroots_field_type_t fields[50] = {{0, 0, 0, 0, 0, NULL}};
    others[i] = new_struct(fields, i);
  }
  tells_the_pair(pair);
  free_types(others, 50);
  tells_the_pair(pair);
  gcroots_type_free(pair);
}

CASE(a_type_outlives_its_engine) {
  gcroots_type_t *pair = new_pair(), *clone;
  free_store();
  gcroots_engine_free(engine);
  engine = NULL;
  tells_the_pair(pair);
  clone = gcroots_type_clone(pair);
  gcroots_type_free(pair);
  tells_the_pair(clone);
  gcroots_type_free(clone);
}

CASE(a_type_lives_until_its_last_clone_is_freed) {
  enum { CLONES = 1000 };
  gcroots_type_t *clones[CLONES], *type = new_pair();
  for (int i = 0; i < CLONES; i++) {
    clones[i] = gcroots_type_clone(type);
    CHECK(clones[i] == type);
  }
  gcroots_type_free(type);
  for (int i = 0; i < CLONES; i++) {
    tells_the_pair(clones[i]);
    gcroots_type_free(clones[i]);
  }
}

CASE(any_member_keeps_its_group) {
  gcroots_field_type_t to_first = ref_to_local(0);
  gcroots_rec_group_t *group = new_group();
  gcroots_type_t *types[3], *found;
  add_struct_of(group, NULL);
  add_struct_below(group, below(0), NULL, 0);
  add_struct_of(group, &to_first);
  register_group(group, types, 3);
  gcroots_type_free(types[0]);
  found = supertype_of(types[1]);
  gcroots_type_free(types[1]);
  CHECK(found == types[0] && !is_subtype(found, types[2]));
  gcroots_type_free(found);
  CHECK(field_of(types[2], 0).type == types[0]);
  free_types((gcroots_type_t *[]){types[0], types[2]}, 2);
}

CASE(living_types_have_indices_of_their_own) {
  enum { TYPES = 300 };
  static gcroots_field_type_t fields[TYPES];
  gcroots_type_t *types[TYPES];
  /* Half of the types are freed and made again, with indices that are free. */
  for (int round = 0; round < 3; round++) {
    for (size_t i = 0; i < TYPES; i++)
      if (round == 0 || i % 2 == 0) types[i] = new_struct(fields, i);
    for (int a = 0; a < TYPES; a++)
      for (int b = 0; b < a; b++) CHECK(index_of(types[a]) != index_of(types[b]));
    for (int i = 0; i < TYPES; i++)
      if (round == 2 || i % 2 == 0) gcroots_type_free(types[i]);
  }
}

/* --- Threads ----------------------------------------------------------------- */

static gcroots_type_t *shared;

static void use_and_free_shared(void) {
  gcroots_type_t *clone = gcroots_type_clone(shared);
  tells_the_pair(shared);
  gcroots_type_free(shared);
  tells_the_pair(clone);
  gcroots_type_free(clone);
}

CASE(another_thread_may_use_and_free_a_type) {
  shared = new_pair();
  on_another_thread(use_and_free_shared);
  shared = new_pair();
  free_store();
  gcroots_engine_free(engine);
  engine = NULL;
  on_another_thread(use_and_free_shared);
}

static void *clone_and_free(void *type) {
  for (int i = 0; i < 2000; i++) {
    gcroots_type_t *clone = gcroots_type_clone(type);
    tells_the_pair(clone);
    gcroots_type_free(clone);
  }
  gcroots_type_free(type);
  return NULL;
}

CASE(threads_clone_and_free_one_type_at_once) {
  pthread_t threads[4];
  gcroots_type_t *type = new_pair();
  for (int i = 0; i < 4; i++)
    CHECK(pthread_create(&threads[i], NULL, clone_and_free, gcroots_type_clone(type)) == 0);
  gcroots_type_free(type);
  for (int i = 0; i < 4; i++) CHECK(pthread_join(threads[i], NULL) == 0);
}
