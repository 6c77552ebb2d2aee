/* The functions that read a reference into a local: of a field, an element, a table and a
 * global. */
#include "kinds.h"
#include "refusals.h"

enum { FIELD, ELEMENT, TABLE_ELEMENT, GLOBAL_VALUE, PLACES };

/* A place of each kind. The struct, the array and the table have a second reference, which
   is null. */
struct places {
  gcroots_type_t *types[2];
  gcroots_ref_t object, array;
  gcroots_table_t table;
  gcroots_global_t global;
};

static struct places new_places(void) {
  gcroots_field_type_t field = any_field();
  gcroots_val_t null = val_null();
  gcroots_ref_type_t any = {NULL, GCROOTS_HEAP_ANY, 1};
  struct places it = {.types = {STRUCT_TYPE(any_field(), any_field()), new_array(any_field())}};
  it.object = make_default(it.types[0]);
  OK(gcroots_array_new_default(store, it.types[1], 2, &it.array));
  OK(gcroots_table_new(store, any, 2, 2, gcroots_ref_null(), &it.table));
  OK(gcroots_global_new(store, &field, &null, &it.global));
  return it;
}

static gcroots_status_t get_into(const struct places *of, int place, size_t index,
                                 gcroots_ref_t dst) {
  switch (place) {
    case FIELD: return gcroots_struct_get_ref_into(store, of->object, index, dst);
    case ELEMENT: return gcroots_array_get_ref_into(store, of->array, index, dst);
    case TABLE_ELEMENT: return gcroots_table_get_ref_into(store, of->table, index, dst);
    default: return gcroots_global_get_ref_into(store, of->global, dst);
  }
}

static void set(const struct places *of, int place, gcroots_ref_t ref) {
  gcroots_val_t value = val_ref(ref);
  switch (place) {
    case FIELD: OK(gcroots_struct_set_ref(store, of->object, 0, ref)); break;
    case ELEMENT: OK(gcroots_array_set_ref(store, of->array, 0, ref)); break;
    case TABLE_ELEMENT: OK(gcroots_table_set(store, of->table, 0, ref)); break;
    default: OK(gcroots_global_set(store, of->global, &value));
  }
}

static bool is_null(gcroots_ref_t ref) {
  bool null;
  OK(gcroots_local_is_null(store, ref, &null));
  return null;
}

CASE(a_local_refers_to_what_was_read) {
  struct places places = new_places();
  int numbers[PLACES];
  gcroots_ref_t local = new_local(gcroots_ref_null()), copy = local;
  for (int place = 0; place < PLACES; place++) {
    gcroots_scope_t scope = enter();
    uint64_t roots;
    set(&places, place, new_externref(&numbers[place]));
    roots = stats_of(store).scoped_roots;
    OK(get_into(&places, place, 0, local));
    CHECK(stats_of(store).scoped_roots == roots);
    OK(gcroots_scope_exit(store, scope));
    OK(gcroots_store_gc(store));
    CHECK(data_of(local) == &numbers[place] && data_of(copy) == &numbers[place]);
    set(&places, place, gcroots_ref_null());
    OK(gcroots_store_gc(store));
    CHECK(data_of(local) == &numbers[place]);
  }
  free_types(places.types, 2);
}

CASE(an_i31_is_read_into_a_local) {
  struct places places = new_places();
  gcroots_ref_t local = new_local(gcroots_ref_null());
  for (int place = 0; place < PLACES; place++) {
    set(&places, place, new_i31(-place));
    OK(get_into(&places, place, 0, local));
    CHECK(is_i31(local, -place));
  }
  free_types(places.types, 2);
}

CASE(null_read_into_a_local_empties_it) {
  static int finalized[PLACES];
  struct places places = new_places();
  for (int place = 0; place < PLACES; place++) {
    gcroots_ref_t local = new_local(gcroots_ref_null()), ref;
    gcroots_scope_t scope = enter();
    OK(gcroots_externref_new(store, &finalized[place], count_call, &ref));
    OK(gcroots_ref_assign(store, local, ref));
    OK(gcroots_scope_exit(store, scope));
    OK(get_into(&places, place, 1, local));
    CHECK(is_null(local));
    OK(gcroots_store_gc(store));
    CHECK(finalized[place] == (collects ? 1 : 0));
  }
  free_types(places.types, 2);
}

CASE(any_scoped_root_of_an_open_scope_is_read_into) {
  struct places places = new_places();
  int number;
  gcroots_ref_t outer = new_externref(NULL), object = new_externref(&number);
  for (int place = 0; place < PLACES; place++) {
    gcroots_scope_t scope;
    OK(gcroots_ref_assign(store, outer, places.object));
    scope = enter();
    set(&places, place, object);
    OK(get_into(&places, place, 0, outer));
    OK(gcroots_scope_exit(store, scope));
    CHECK(data_of(outer) == &number);
  }
  free_types(places.types, 2);
}

CASE(a_list_is_walked_with_one_local) {
  enum { LENGTH = 200 };
  gcroots_type_t *node = new_node(), *pair = new_array(any_field());
  for (int of_arrays = 0; of_arrays < 2; of_arrays++) {
    gcroots_ref_t cell = new_local(gcroots_ref_null());
    uint64_t roots = stats_of(store).scoped_roots;
    int count = 0;
    for (int i = 0; i < LENGTH; i++) {
      gcroots_scope_t scope = enter();
      gcroots_ref_t made;
      if (of_arrays) {
        gcroots_val_t next = val_ref(cell);
        OK(gcroots_array_new(store, pair, &next, 1, &made));
      } else {
        made = make_node(node, i, cell, gcroots_ref_null());
      }
      OK(gcroots_ref_assign(store, cell, made));
      OK(gcroots_scope_exit(store, scope));
    }
    for (; !is_null(cell); count++)
      OK(of_arrays ? gcroots_array_get_ref_into(store, cell, 0, cell)
                   : gcroots_struct_get_ref_into(store, cell, 1, cell));
    CHECK(count == LENGTH);
    CHECK(stats_of(store).scoped_roots == roots);
  }
  gcroots_type_free(node);
  gcroots_type_free(pair);
}

CASE(reading_into_a_local_needs_no_memory) {
  struct places places = new_places();
  int number;
  gcroots_ref_t object = new_externref(&number), local = object, made = object;
  OK(gcroots_local_new(store, gcroots_ref_null(), &local));
  for (int place = 0; place < PLACES; place++) set(&places, place, object);
  memory_out(true);
  while (gcroots_local_new(store, object, &made) == GCROOTS_OK) {
  }
  for (int place = 0; place < PLACES; place++) {
    OK(gcroots_ref_assign(store, local, gcroots_ref_null()));
    OK(get_into(&places, place, 0, local));
    CHECK(data_of(local) == &number);
  }
  memory_out(false);
  free_types(places.types, 2);
}

/* The call is refused, and leaves `object`, which is an externref, unchanged. */
#define REFUSED_FOR(expected, object, call) \
  do {                                      \
    void *before = data_of(object);         \
    REFUSED(expected, call);                \
    CHECK(data_of(object) == before);       \
  } while (0)

CASE(only_a_scoped_handle_is_read_into) {
  struct places places = new_places();
  gcroots_ref_t nulls[2] = {gcroots_ref_null(), {0, UINT32_MAX, UINT32_MAX}};
  int number;
  gcroots_manually_rooted_t manual = root(new_externref(&number));
  for (int place = 0; place < PLACES; place++) {
    static const size_t indices[] = {0, SIZE_MAX};
    for (int i = 0; i < 2; i++) {
      for (int n = 0; n < 2; n++)
        REFUSED_SAYING(GCROOTS_ERROR_NULL_REFERENCE, "`dst`",
                       get_into(&places, place, indices[i], nulls[n]));
      REFUSED_FOR(GCROOTS_ERROR_INVALID_ARGUMENT, manual.ref,
                  get_into(&places, place, indices[i], manual.ref));
      CHECK(strstr(gcroots_last_error(), "`dst`") != NULL);
    }
    EACH_BAD_HANDLE(bad) {
      REFUSED_SAYING(bad->status, "`dst`", get_into(&places, place, 0, bad->ref));
      REFUSED_SAYING(bad->status, "`dst`", get_into(&places, place, SIZE_MAX, bad->ref));
    }
  }
  OK(gcroots_manually_rooted_unroot(store, &manual));
  free_types(places.types, 2);
}

CASE(a_place_out_of_bounds_is_not_read) {
  struct places places = new_places();
  int number;
  gcroots_ref_t local = new_externref(&number);
  for (int place = 0; place < GLOBAL_VALUE; place++) {
    REFUSED_FOR(GCROOTS_ERROR_OUT_OF_BOUNDS, local, get_into(&places, place, 2, local));
    REFUSED_FOR(GCROOTS_ERROR_OUT_OF_BOUNDS, local, get_into(&places, place, SIZE_MAX, local));
  }
  free_types(places.types, 2);
}

CASE(a_number_is_not_read_into_a_local) {
  int number;
  gcroots_ref_t local = new_externref(&number);
  for (gcroots_storage_t storage = 0; storage < GCROOTS_STORAGE_REF; storage++) {
    gcroots_field_type_t field = mutable_of(storage);
    gcroots_type_t *types[2] = {STRUCT_TYPE(mutable_of(storage)), new_array(mutable_of(storage))};
    gcroots_ref_t object = make_default(types[0]), array;
    gcroots_val_t value = val_made_of(storage, 1);
    gcroots_global_t global;
    OK(gcroots_array_new_default(store, types[1], 1, &array));
    REFUSED_FOR(GCROOTS_ERROR_TYPE_MISMATCH, local,
                gcroots_struct_get_ref_into(store, object, 0, local));
    REFUSED_FOR(GCROOTS_ERROR_TYPE_MISMATCH, local,
                gcroots_array_get_ref_into(store, array, 0, local));
    REFUSED_FOR(GCROOTS_ERROR_TYPE_MISMATCH, local,
                gcroots_array_get_ref_into(store, array, 1, local));
    if (storage >= GCROOTS_STORAGE_I32) {
      OK(gcroots_global_new(store, &field, &value, &global));
      REFUSED_FOR(GCROOTS_ERROR_TYPE_MISMATCH, local,
                  gcroots_global_get_ref_into(store, global, local));
    }
    free_types(types, 2);
  }
}

CASE(what_is_read_from_is_checked_before_the_local) {
  gcroots_ref_t other = new_externref(NULL), null = gcroots_ref_null();
  gcroots_table_t no_table = {0, 0, 0};
  gcroots_global_t no_global = {0, 0, 0};
  REFUSED_SAYING(GCROOTS_ERROR_NULL_REFERENCE, "`ref`",
                 gcroots_struct_get_ref_into(store, null, 0, null));
  REFUSED_SAYING(GCROOTS_ERROR_NULL_REFERENCE, "`ref`",
                 gcroots_array_get_ref_into(store, null, 0, null));
  REFUSED_SAYING(GCROOTS_ERROR_NULL_REFERENCE, "`table`",
                 gcroots_table_get_ref_into(store, no_table, 0, null));
  REFUSED_SAYING(GCROOTS_ERROR_NULL_REFERENCE, "`global`",
                 gcroots_global_get_ref_into(store, no_global, null));
  REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_struct_get_ref_into(store, other, 0, null));
  REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_array_get_ref_into(store, other, 0, null));
}
