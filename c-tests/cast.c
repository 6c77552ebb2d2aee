/* Kinds, types, casts and conversions of references. */
#include "kinds.h"

static gcroots_ref_type_t of_heap(gcroots_heap_type_t heap, bool nullable) {
  gcroots_ref_type_t type = {NULL, heap, nullable};
  return type;
}

static gcroots_ref_type_t of_type(const gcroots_type_t *concrete, bool nullable) {
  gcroots_ref_type_t type = {concrete, GCROOTS_HEAP_TYPE, nullable};
  return type;
}

static bool is_of(gcroots_ref_t ref, gcroots_ref_type_t type) {
  bool is;
  OK(gcroots_ref_test(store, ref, type, &is));
  return is;
}

static gcroots_ref_t cast(gcroots_ref_t ref, gcroots_ref_type_t type) {
  gcroots_ref_t out;
  OK(gcroots_ref_cast(store, ref, type, &out));
  return out;
}

/* Checks that both a test and a cast are refused. */
static void check_no_result(gcroots_status_t expected, gcroots_ref_t ref, gcroots_ref_type_t type) {
  gcroots_ref_t out = untouched();
  unsigned char is = 0x5a;
  REFUSED(expected, gcroots_ref_test(store, ref, type, (bool *)&is));
  REFUSED(expected, gcroots_ref_cast(store, ref, type, &out));
  CHECK(is == 0x5a && same_bits(out, untouched()));
}

/* --- A world of types -------------------------------------------------------- */

enum {
  DEPTHS = 64,
  /* Two hierarchies of structs, two of arrays and one of functions. */
  HIERARCHIES = 5,
  FUNCTIONS = HIERARCHIES - 1,
  TYPES = HIERARCHIES * DEPTHS + 6
};

/* The type at this depth of a hierarchy is `world[hierarchy * DEPTHS + depth]`. Siblings
   follow. */
static gcroots_type_t *world[TYPES];
static size_t world_count;

/* Declares a member of this hierarchy. */
static void add_to(gcroots_rec_group_t *group, size_t hierarchy, gcroots_sub_type_t sub,
                   bool is_sibling) {
  gcroots_field_type_t fields[2] = {plain(GCROOTS_STORAGE_I32), plain(GCROOTS_STORAGE_I64)};
  gcroots_field_type_t element =
      or_null(ref_to(hierarchy == 2 ? GCROOTS_HEAP_ANY : GCROOTS_HEAP_EXTERN));
  uint32_t position;
  if (is_sibling) element.heap = hierarchy == 2 ? GCROOTS_HEAP_NONE : GCROOTS_HEAP_NOEXTERN;
  if (hierarchy < 2)
    add_struct_below(group, sub, fields, hierarchy + is_sibling);
  else if (hierarchy < FUNCTIONS)
    OK(gcroots_rec_group_add_array(group, &sub, &element, &position));
  else
    OK(gcroots_rec_group_add_func(group, &sub, fields, 1, NULL, 0, &position));
}

/* Registers a second direct subtype of a type of the hierarchy. */
static void add_sibling(size_t hierarchy, size_t depth) {
  gcroots_rec_group_t *group = new_group();
  add_to(group, hierarchy, below_type(world[hierarchy * DEPTHS + depth - 1]), true);
  world[world_count++] = register_one(group);
}

/* Registers hierarchies of the greatest depth, each in one group, and siblings. */
static void make_world(void) {
  for (size_t hierarchy = 0; hierarchy < HIERARCHIES; hierarchy++) {
    gcroots_rec_group_t *group = new_group();
    for (uint32_t depth = 0; depth < DEPTHS; depth++)
      add_to(group, hierarchy, depth == 0 ? open_type() : below(depth - 1), false);
    register_group(group, &world[hierarchy * DEPTHS], DEPTHS);
  }
  world_count = HIERARCHIES * DEPTHS;
  for (size_t hierarchy = 0; hierarchy < FUNCTIONS; hierarchy += 2) {
    add_sibling(hierarchy, 1);
    add_sibling(hierarchy, 32);
    add_sibling(hierarchy, 63);
  }
  CHECK(world_count == TYPES);
}

static void free_world(void) {
  free_types(world, world_count);
}

/* Whether a type is another one or a declared subtype of it, found by following the
   supertypes. */
static bool is_below(const gcroots_type_t *type, const gcroots_type_t *above) {
  gcroots_type_t *at = gcroots_type_clone(type);
  bool found = false;
  while (at != NULL && !found) {
    gcroots_type_t *supertype;
    found = at == above;
    OK(gcroots_type_supertype(at, &supertype));
    gcroots_type_free(at);
    at = supertype;
  }
  gcroots_type_free(at);
  return found;
}

/* --- Objects of that world --------------------------------------------------- */

struct specimen {
  gcroots_ref_kind_t kind;
  /* The type of a struct, an array or a function; NULL for other objects. */
  const gcroots_type_t *type;
  gcroots_ref_t ref;
};

enum { SPECIMENS_MAX = 80 };
static struct specimen specimens[SPECIMENS_MAX];
static size_t specimen_count;

static void add_specimen(gcroots_ref_kind_t kind, const gcroots_type_t *type, gcroots_ref_t ref) {
  CHECK(specimen_count < SPECIMENS_MAX);
  specimens[specimen_count++] = (struct specimen){kind, type, ref};
}

/* Adds an object of the type at this place in the world. */
static void add_typed(size_t place) {
  gcroots_type_kind_t kind;
  OK(gcroots_type_kind(world[place], &kind));
  switch (kind) {
    case GCROOTS_TYPE_STRUCT:
      add_specimen(GCROOTS_REF_STRUCT, world[place], make_default(world[place]));
      break;
    case GCROOTS_TYPE_ARRAY:
      add_specimen(GCROOTS_REF_ARRAY, world[place], make_zeros(world[place], place % 3));
      break;
    default:
      add_specimen(GCROOTS_REF_EXN, NULL, EXN(new_tag(world[place]), val_i32(1)));
      add_specimen(GCROOTS_REF_FUNC, world[place], make_func(world[place], answer_ok, NULL));
  }
}

/* Makes objects of some depths in each hierarchy. Most types never have an object. */
static void make_specimens(void) {
  static const size_t depths[] = {0, 1, 5, 31, 32, 62, 63};
  add_specimen(GCROOTS_REF_NULL, NULL, gcroots_ref_null());
  add_specimen(GCROOTS_REF_NULL, NULL, new_local(gcroots_ref_null()));
  add_specimen(GCROOTS_REF_I31, NULL, new_i31(0));
  add_specimen(GCROOTS_REF_I31, NULL, new_i31(-1));
  add_specimen(GCROOTS_REF_EXTERN, NULL, new_externref(NULL));
  for (size_t hierarchy = 0; hierarchy < HIERARCHIES; hierarchy++)
    for (size_t i = 0; i < COUNT_OF(depths); i++) add_typed(hierarchy * DEPTHS + depths[i]);
  for (size_t place = HIERARCHIES * DEPTHS; place < world_count; place++) add_typed(place);
}

/* Whether a slot of this type accepts the object, by the rules and without the library's
   tables. */
static bool belongs(const struct specimen *it, gcroots_ref_type_t type) {
  bool is_struct = it->kind == GCROOTS_REF_STRUCT, is_array = it->kind == GCROOTS_REF_ARRAY;
  bool is_i31 = it->kind == GCROOTS_REF_I31;
  if (it->kind == GCROOTS_REF_NULL) return type.is_nullable;
  switch (type.heap) {
    case GCROOTS_HEAP_ANY:
    case GCROOTS_HEAP_EXTERN: return it->kind != GCROOTS_REF_EXN && it->kind != GCROOTS_REF_FUNC;
    case GCROOTS_HEAP_EQ: return is_struct || is_array || is_i31;
    case GCROOTS_HEAP_I31: return is_i31;
    case GCROOTS_HEAP_STRUCT: return is_struct;
    case GCROOTS_HEAP_ARRAY: return is_array;
    case GCROOTS_HEAP_EXN: return it->kind == GCROOTS_REF_EXN;
    case GCROOTS_HEAP_FUNC: return it->kind == GCROOTS_REF_FUNC;
    case GCROOTS_HEAP_TYPE: return it->type != NULL && is_below(it->type, type.type);
    default: return false;
  }
}

/* Runs the body for each type of references `type`, nullable and not nullable. */
#define EACH_REF_TYPE(type)                                             \
  for (size_t at = 0; at < 2 * (GCROOTS_HEAP_TYPE + world_count); at++) \
    for (gcroots_ref_type_t type = nth_type(at), *once = &type; once != NULL; once = NULL)

static gcroots_ref_type_t nth_type(size_t n) {
  if (n / 2 < GCROOTS_HEAP_TYPE) return of_heap((gcroots_heap_type_t)(n / 2), n % 2);
  return of_type(world[n / 2 - GCROOTS_HEAP_TYPE], n % 2);
}

/* --- Kinds and types --------------------------------------------------------- */

CASE(a_reference_has_the_kind_of_its_object) {
  EACH_KIND(kind) {
    gcroots_ref_t ref = new_of_kind(kind), local = new_local(ref);
    gcroots_manually_rooted_t manual = root(ref);
    CHECK(kind_of(ref) == kind && kind_of(local) == kind && kind_of(manual.ref) == kind);
    if (kind != GCROOTS_REF_NULL) hash_of(ref);
    OK(gcroots_store_gc(store));
    CHECK(kind_of(ref) == kind && kind_of(local) == kind && kind_of(manual.ref) == kind);
  }
}

CASE(the_type_of_an_object_is_the_one_that_was_registered) {
  make_world();
  make_specimens();
  for (size_t i = 0; i < specimen_count; i++) {
    gcroots_type_t *type = NULL;
    if (specimens[i].type == NULL) continue;
    OK(gcroots_ref_type(store, specimens[i].ref, &type));
    CHECK(type == specimens[i].type);
    gcroots_type_free(type);
  }
  free_world();
}

/* If gcroots_ref_type() did not add a reference, the type would be freed too early. */
CASE(the_type_of_an_object_is_one_more_reference) {
  gcroots_type_t *type = STRUCT_TYPE(any_field()), *read;
  gcroots_ref_t ref = make_default(type);
  for (int i = 0; i < 100; i++) {
    OK(gcroots_ref_type(store, ref, &read));
    CHECK(read == type);
    gcroots_type_free(read);
  }
  OK(gcroots_ref_type(store, ref, &read));
  gcroots_type_free(type);
  free_store();
  gcroots_engine_free(engine);
  engine = NULL;
  CHECK(field_of(read, 0).heap == GCROOTS_HEAP_ANY);
  gcroots_type_free(read);
}

CASE(an_object_keeps_its_type) {
  gcroots_type_t *type = STRUCT_TYPE(plain(GCROOTS_STORAGE_I64)), *read, *same;
  gcroots_ref_t ref = STRUCT(type, val_i64(77));
  uint32_t index = index_of(type);
  gcroots_type_free(type);
  OK(gcroots_store_gc(store));
  OK(gcroots_ref_type(store, ref, &read));
  same = STRUCT_TYPE(plain(GCROOTS_STORAGE_I64));
  CHECK(index_of(read) == index && read == same && is_of(ref, of_type(same, false)));
  gcroots_type_free(read);
  gcroots_type_free(same);
}

CASE(host_data_numbers_and_null_have_no_type) {
  EACH_KIND(kind) {
    gcroots_ref_t ref = new_of_kind(kind);
    gcroots_type_t *out = NULL;
    if (kind != GCROOTS_REF_EXTERN && kind != GCROOTS_REF_I31 && kind != GCROOTS_REF_NULL) continue;
    REFUSED(kind == GCROOTS_REF_NULL ? GCROOTS_ERROR_NULL_REFERENCE : GCROOTS_ERROR_TYPE_MISMATCH,
            gcroots_ref_type(store, ref, &out));
    CHECK(out == NULL);
  }
}

/* --- Tests and casts --------------------------------------------------------- */

/* A test and a cast of this object have the results that the rules require. */
static void check_one(const struct specimen *it, gcroots_ref_type_t type) {
  bool expected = belongs(it, type);
  CHECK(is_of(it->ref, type) == expected);
  if (expected) {
    gcroots_ref_t out = cast(it->ref, type);
    bool is_null = it->kind == GCROOTS_REF_NULL;
    CHECK(same_object(out, it->ref) && gcroots_ref_is_null(out) == is_null);
    CHECK(!gcroots_ref_same_root(out, it->ref) || gcroots_ref_is_null(it->ref));
  } else {
    gcroots_ref_t out = untouched();
    REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_ref_cast(store, it->ref, type, &out));
    CHECK(same_bits(out, untouched()));
  }
}

static void check_all(void) {
  for (size_t i = 0; i < specimen_count; i++) {
    EACH_REF_TYPE(type) {
      gcroots_scope_t scope = enter();
      check_note = kind_names[specimens[i].kind];
      check_one(&specimens[i], type);
      OK(gcroots_scope_exit(store, scope));
    }
  }
}

CASE(every_object_is_tested_and_cast_by_the_rule) {
  make_world();
  make_specimens();
  check_all();
  free_world();
}

/* A hash and a collection change bits of the header that are neither kind nor type. */
CASE(a_hash_or_a_move_changes_no_test) {
  make_world();
  make_specimens();
  for (size_t i = 0; i < specimen_count; i++) hash_of(specimens[i].ref);
  OK(gcroots_store_gc(store));
  check_all();
  free_world();
}

/* Fields use tables of their own, not those of tests. */
CASE(every_field_takes_what_a_test_admits) {
  make_world();
  make_specimens();
  EACH_REF_TYPE(type) {
    gcroots_field_type_t field =
        type.heap == GCROOTS_HEAP_TYPE ? ref_to_type(type.type) : ref_to(type.heap);
    gcroots_type_t *holder, *row;
    field.is_nullable = type.is_nullable;
    holder = new_struct(&field, 1);
    row = new_array(field);
    for (size_t i = 0; i < specimen_count; i++) {
      gcroots_scope_t scope = enter();
      gcroots_val_t val = val_ref(specimens[i].ref);
      gcroots_ref_t of_fields = untouched(), of_elements = untouched();
      if (belongs(&specimens[i], type)) {
        OK(gcroots_struct_new(store, holder, &val, 1, &of_fields));
        OK(gcroots_array_new_fixed(store, row, &val, 1, &of_elements));
        CHECK(same_object(field_ref(of_fields, 0), specimens[i].ref));
      } else {
        gcroots_status_t expected = specimens[i].kind == GCROOTS_REF_NULL
                                        ? GCROOTS_ERROR_NULL_REFERENCE
                                        : GCROOTS_ERROR_TYPE_MISMATCH;
        REFUSED(expected, gcroots_struct_new(store, holder, &val, 1, &of_fields));
        REFUSED(expected, gcroots_array_new_fixed(store, row, &val, 1, &of_elements));
        CHECK(same_bits(of_fields, untouched()) && same_bits(of_elements, untouched()));
      }
      OK(gcroots_scope_exit(store, scope));
    }
    gcroots_type_free(holder);
    gcroots_type_free(row);
  }
  free_world();
}

CASE(a_type_that_no_store_has_used_is_tested_against) {
  gcroots_ref_t ref = new_empty_struct();
  make_world();
  for (size_t i = 0; i < world_count; i++) {
    EACH_KIND(kind) {
      gcroots_ref_t other = new_of_kind(kind);
      CHECK(is_of(other, of_type(world[i], true)) == (kind == GCROOTS_REF_NULL));
      CHECK(!is_of(other, of_type(world[i], false)));
    }
    CHECK(!is_of(ref, of_type(world[i], true)));
  }
  free_world();
}

/* What a slot of each abstract type requires, as messages say it. */
static const char *const needed_names[GCROOTS_HEAP_TYPE] = {
    "a struct, an array, an i31 or an externref",
    "a struct, an array or an i31",
    "an i31",
    "a struct",
    "an array",
    "null",
    "a function",
    "null",
    "a struct, an array, an i31 or an externref",
    "null",
    "an exception",
    "null"};

CASE(a_failed_cast_says_what_was_needed_and_found) {
  EACH_KIND(kind) {
    struct specimen it = {kind, NULL, new_of_kind(kind)};
    for (gcroots_heap_type_t heap = 0; heap < GCROOTS_HEAP_TYPE; heap++) {
      gcroots_ref_t out;
      const char *needed = kind == GCROOTS_REF_NULL ? "a non-null reference" : needed_names[heap];
      if (belongs(&it, of_heap(heap, false))) continue;
      REFUSED_SAYING(GCROOTS_ERROR_TYPE_MISMATCH, needed,
                     gcroots_ref_cast(store, it.ref, of_heap(heap, false), &out));
      CHECK(strstr(gcroots_last_error(), kind_names[kind]) != NULL);
    }
  }
}

CASE(any_byte_but_0_says_nullable) {
  static const uint8_t bytes[] = {1, 2, 0x80, 0xff};
  gcroots_ref_t null = gcroots_ref_null(), ref = new_i31(1);
  for (size_t i = 0; i < COUNT_OF(bytes); i++) {
    gcroots_ref_type_t type = {NULL, GCROOTS_HEAP_NONE, 0};
    type.is_nullable = bytes[i];
    CHECK(is_of(null, type) && gcroots_ref_is_null(cast(null, type)) && !is_of(ref, type));
    type.heap = GCROOTS_HEAP_EQ;
    CHECK(is_of(null, type) && is_of(ref, type));
  }
}

CASE(null_cast_is_null_without_a_root) {
  gcroots_ref_t local = new_local(gcroots_ref_null());
  uint64_t before = stats_of(store).scoped_roots;
  CHECK(same_bits(cast(gcroots_ref_null(), of_heap(GCROOTS_HEAP_ANY, true)), gcroots_ref_null()));
  CHECK(same_bits(cast(local, of_heap(GCROOTS_HEAP_EXN, true)), gcroots_ref_null()));
  CHECK(stats_of(store).scoped_roots == before);
}

CASE(a_cast_roots_in_the_current_scope) {
  int finalized = 0;
  gcroots_manually_rooted_t manual = new_rooted(&finalized, count_call);
  gcroots_scope_t scope = enter();
  gcroots_ref_t out = cast(manual.ref, of_heap(GCROOTS_HEAP_EXTERN, false));
  OK(gcroots_manually_rooted_unroot(store, &manual));
  OK(gcroots_store_gc(store));
  CHECK(data_of(out) == &finalized && finalized == 0);
  OK(gcroots_scope_exit(store, scope));
  REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_ref_cast(store, out, of_heap(0, true), &out));
  OK(gcroots_store_gc(store));
  CHECK(finalized == (collects ? 1 : 0));
  free_store();
}

CASE(a_cast_may_write_over_its_input) {
  gcroots_ref_t ref = new_empty_struct(), kept = ref;
  OK(gcroots_ref_cast(store, ref, of_heap(GCROOTS_HEAP_STRUCT, false), &ref));
  CHECK(same_object(ref, kept) && !same_bits(ref, kept));
  OK(gcroots_extern_convert_any(store, ref, &ref));
  OK(gcroots_any_convert_extern(store, ref, &ref));
  CHECK(same_object(ref, kept));
}

CASE(a_cast_works_where_slots_are_full) {
  gcroots_ref_t first = new_empty_struct();
  for (int i = 0; i < 100000; i++)
    CHECK(same_object(cast(first, of_heap(GCROOTS_HEAP_EQ, false)), first));
}

CASE(a_cast_ends_roots_that_were_unrooted_later) {
  gcroots_ref_t ref = new_empty_struct();
  gcroots_manually_rooted_t manual = root(ref);
  OK(gcroots_manually_rooted_unroot_later(&manual));
  CHECK(same_object(cast(ref, of_heap(GCROOTS_HEAP_STRUCT, true)), ref));
  CHECK(stats_of(store).manual_roots == 0);
}

/* --- Conversions ------------------------------------------------------------- */

static gcroots_ref_t to_extern(gcroots_ref_t ref) {
  gcroots_ref_t out;
  OK(gcroots_extern_convert_any(store, ref, &out));
  return out;
}

static gcroots_ref_t to_any(gcroots_ref_t ref) {
  gcroots_ref_t out;
  OK(gcroots_any_convert_extern(store, ref, &out));
  return out;
}

CASE(conversions_keep_the_object) {
  EACH_KIND(kind) {
    gcroots_ref_t ref = new_of_kind(kind), external, internal, back;
    if (kind == GCROOTS_REF_NULL || kind >= GCROOTS_REF_EXN) continue;
    external = to_extern(ref);
    internal = to_any(ref);
    CHECK(!gcroots_ref_same_root(external, ref) && !gcroots_ref_same_root(internal, ref));
    CHECK(same_object(external, ref) && same_object(internal, ref));
    OK(gcroots_store_gc(store));
    back = to_any(external);
    CHECK(same_object(back, ref) && same_object(to_extern(internal), ref));
    CHECK(hash_of(back) == hash_of(ref) && kind_of(back) == kind && kind_of(external) == kind);
    CHECK(is_of(external, of_heap(GCROOTS_HEAP_EXTERN, false)));
    CHECK(is_of(back, of_heap(GCROOTS_HEAP_ANY, false)));
    CHECK(is_of(back, of_heap(GCROOTS_HEAP_EQ, false)) == (kind != GCROOTS_REF_EXTERN));
  }
}

CASE(null_converts_to_null) {
  gcroots_ref_t nulls[] = {gcroots_ref_null(), new_local(gcroots_ref_null())};
  for (size_t i = 0; i < COUNT_OF(nulls); i++) {
    CHECK(same_bits(to_extern(nulls[i]), gcroots_ref_null()));
    CHECK(same_bits(to_any(nulls[i]), gcroots_ref_null()));
  }
  CHECK(stats_of(store).scoped_roots == 1);
}

CASE(an_exception_and_a_function_are_not_converted) {
  gcroots_ref_t refs[] = {new_exn(), new_function()}, out = untouched();
  for (size_t i = 0; i < COUNT_OF(refs); i++) {
    REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_extern_convert_any(store, refs[i], &out));
    REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_any_convert_extern(store, refs[i], &out));
  }
  CHECK(same_bits(out, untouched()));
}

CASE(what_was_converted_reads_as_before) {
  gcroots_type_t *type = STRUCT_TYPE(mutable_(plain(GCROOTS_STORAGE_I32)), any_field());
  int number;
  gcroots_ref_t host = new_externref(&number);
  gcroots_ref_t external = to_extern(STRUCT(type, val_i32(5), val_ref(to_any(host))));
  gcroots_ref_t integer = to_extern(new_i31(1));
  void *data = NULL;
  OK(gcroots_store_gc(store));
  CHECK(field_i32(external, 0) == 5 && data_of(field_ref(external, 1)) == &number);
  set_field(external, 0, val_i32(6));
  CHECK(field_i32(to_any(external), 0) == 6 && data_of(to_any(host)) == &number);
  REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_externref_data(store, external, &data));
  REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_externref_set_data(store, external, &number));
  REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_externref_data(store, integer, &data));
  CHECK(data == NULL);
  gcroots_type_free(type);
}

CASE(slots_of_any_and_of_extern_take_the_same) {
  gcroots_type_t *type = STRUCT_TYPE(any_field(), mutable_(or_null(ref_to(GCROOTS_HEAP_EXTERN))));
  gcroots_ref_t ref = make_default(type);
  EACH_KIND(kind) {
    gcroots_ref_t value = new_of_kind(kind);
    for (size_t index = 0; index < 2; index++) {
      if (kind >= GCROOTS_REF_EXN) {
        REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_struct_set_ref(store, ref, index, value));
        continue;
      }
      OK(gcroots_struct_set_ref(store, ref, index, value));
      OK(gcroots_store_gc(store));
      CHECK(same_object(field_ref(ref, index), value));
    }
  }
  gcroots_type_free(type);
}

/* --- Refusals ---------------------------------------------------------------- */

CASE(bad_handles_are_refused) {
  gcroots_type_t *type = new_struct(NULL, 0);
  struct arguments a;
  new_arguments(&a, store);
  check_bad_handles(cast_calls, &a);
  free_arguments(&a);
  EACH_BAD_HANDLE(at) {
    for (int nullable = 0; nullable < 2; nullable++) {
      check_no_result(at->status, at->ref, of_heap(GCROOTS_HEAP_ANY, nullable));
      check_no_result(at->status, at->ref, of_heap(GCROOTS_HEAP_I31, nullable));
      check_no_result(at->status, at->ref, of_heap(GCROOTS_HEAP_NONE, nullable));
      check_no_result(at->status, at->ref, of_type(type, nullable));
    }
  }
  gcroots_type_free(type);
}

CASE(heap_types_that_do_not_exist_are_refused) {
  static const gcroots_heap_type_t none[] = {13,  15,  16,       17,       255,
                                             256, 268, 1U << 16, 1U << 31, UINT32_MAX};
  for (size_t i = 0; i < COUNT_OF(none); i++)
    EACH_KIND(kind) {
      check_no_result(GCROOTS_ERROR_INVALID_ARGUMENT, new_of_kind(kind), of_heap(none[i], true));
      CHECK(strstr(gcroots_last_error(), "heap") != NULL);
    }
}

CASE(the_type_is_not_looked_at_for_other_heap_types) {
  static const char no_type[1];
  gcroots_ref_t ref = new_empty_struct();
  for (gcroots_heap_type_t heap = 0; heap < GCROOTS_HEAP_TYPE; heap++) {
    gcroots_ref_type_t type = of_heap(heap, false);
    bool expected = is_of(ref, type);
    type.type = (const gcroots_type_t *)(const void *)no_type;
    CHECK(is_of(ref, type) == expected);
  }
}

CASE(types_of_another_engine_are_refused) {
  gcroots_engine_t *kept = engine, *own;
  gcroots_type_t *mine = new_struct(NULL, 0), *foreign[2];
  OK(gcroots_engine_new(NULL, &own));
  engine = own;
  foreign[0] = new_struct(NULL, 0);
  foreign[1] = new_array(plain(GCROOTS_STORAGE_I8));
  engine = kept;
  gcroots_engine_free(own);
  CHECK(index_of(foreign[0]) == index_of(mine));
  for (int used = 0; used < 2; used++) {
    EACH_KIND(kind) {
      gcroots_ref_t ref = new_of_kind(kind);
      for (int nullable = 0; nullable < 2; nullable++)
        for (size_t i = 0; i < COUNT_OF(foreign); i++)
          check_no_result(GCROOTS_ERROR_WRONG_ENGINE, ref, of_type(foreign[i], nullable));
    }
    make_default(mine);
  }
  gcroots_type_free(mine);
  free_types(foreign, 2);
}

CASE(refusals_come_in_the_documented_order) {
  gcroots_engine_t *kept = engine, *own;
  gcroots_type_t *foreign;
  gcroots_ref_t bad = untouched();
  gcroots_ref_type_t no_heap = of_heap(99, false);
  OK(gcroots_engine_new(NULL, &own));
  engine = own;
  foreign = new_struct(NULL, 0);
  engine = kept;
  gcroots_engine_free(own);
  check_no_result(GCROOTS_ERROR_INVALID_ARGUMENT, bad, no_heap);
  check_no_result(GCROOTS_ERROR_WRONG_STORE, bad, of_type(foreign, false));
  bad.store_id = new_i31(1).store_id;
  check_no_result(GCROOTS_ERROR_UNROOTED, bad, of_type(foreign, false));
  check_no_result(GCROOTS_ERROR_WRONG_ENGINE, gcroots_ref_null(), of_type(foreign, false));
  gcroots_type_free(foreign);
}

CASE(null_pointers_are_refused) {
  check_nulls(cast_calls);
}
