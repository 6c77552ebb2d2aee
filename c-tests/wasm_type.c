/* gcroots_wasm.h: the types of references. */
#include <gcroots_wasm.h>

#include "wasm_references.h"

/* Functions that return a registered type. */
static const struct concrete {
  const char *name;
  gcroots_type_t *(*ask)(gcroots_store_t *store, const wasm_anyref_t *ref);
  gcroots_heap_type_t heap;
  int kind;
} concretes[] = {
    {"structref_type", wasm_structref_type, GCROOTS_HEAP_STRUCT, STRUCT_},
    {"arrayref_type", wasm_arrayref_type, GCROOTS_HEAP_ARRAY, ARRAY},
    {"funcref_type", wasm_funcref_type, GCROOTS_HEAP_FUNC, FUNC},
};

/* Functions that return a heap type, and those that they return. */
enum { NONE = UINT32_MAX };
static const struct heaptype {
  const char *name;
  bool (*ask)(gcroots_store_t *store, const wasm_anyref_t *ref, wasm_heaptype_t *out);
  gcroots_heap_type_t top;
  gcroots_heap_type_t answers[REFERENCES];
} heaptypes[] = {
    {"anyref_type",
     wasm_anyref_type,
     GCROOTS_HEAP_ANY,
     {NONE, GCROOTS_HEAP_ANY, GCROOTS_HEAP_TYPE, GCROOTS_HEAP_TYPE, GCROOTS_HEAP_I31, NONE, NONE}},
    {"eqref_type",
     wasm_eqref_type,
     GCROOTS_HEAP_EQ,
     {NONE, NONE, GCROOTS_HEAP_TYPE, GCROOTS_HEAP_TYPE, GCROOTS_HEAP_I31, NONE, NONE}},
};

/* The type (owned) that gcroots_ref_type() returns. */
static gcroots_type_t *type_of(wasm_anyref_t ref) {
  gcroots_type_t *type;
  OK(gcroots_ref_type(store, ref.ref, &type));
  return type;
}

/* The cast to non-null references of a heap type. */
static gcroots_status_t cast(gcroots_store_t *of, wasm_anyref_t ref, gcroots_heap_type_t heap) {
  gcroots_ref_type_t type = {NULL, heap, 0};
  gcroots_ref_t out;
  return gcroots_ref_cast(of, ref.ref, type, &out);
}

CASE(the_type_of_an_object_is_that_it_was_made_with) {
  wasm_anyref_t refs[REFERENCES];
  make_references(refs);
  EACH(c, concretes) {
    const struct concrete *concrete = &concretes[i_c];
    gcroots_type_t *type = concrete->ask(store, &refs[concrete->kind]);
    gcroots_type_t *expected = type_of(refs[concrete->kind]);
    CHECK(type != NULL && type == expected);
    gcroots_type_free(type);
    gcroots_type_free(expected);
  }
}

static void concrete_refused(const struct concrete *concrete, gcroots_status_t expected,
                             gcroots_store_t *of, wasm_anyref_t ref) {
  REFUSED_AS(expected, cast(of, ref, concrete->heap), concrete->ask(of, &ref) != NULL);
}

CASE(the_type_of_what_is_of_another_kind_is_refused) {
  wasm_anyref_t refs[REFERENCES];
  make_references(refs);
  EACH(c, concretes) {
    for (int kind = 0; kind < REFERENCES; ++kind) {
      if (kind == concretes[i_c].kind) continue;
      concrete_refused(&concretes[i_c], GCROOTS_ERROR_TYPE_MISMATCH, store, refs[kind]);
    }
    concrete_refused(&concretes[i_c], GCROOTS_ERROR_NULL_ARGUMENT, NULL, refs[STRUCT_]);
    CHECK(concretes[i_c].ask(store, NULL) == NULL);
  }
  EACH_BAD_HANDLE(bad) {
    wasm_anyref_t ref = {bad->ref};
    for (size_t i = 0; i < COUNT_OF(concretes); ++i)
      concrete_refused(&concretes[i], bad->status, store, ref);
  }
}

CASE(a_heap_type_is_the_most_specific_one) {
  wasm_anyref_t refs[REFERENCES];
  make_references(refs);
  EACH(h, heaptypes) {
    for (int kind = 0; kind < REFERENCES; ++kind) {
      wasm_heaptype_t found;
      if (heaptypes[i_h].answers[kind] == NONE) continue;
      CHECK(heaptypes[i_h].ask(store, &refs[kind], &found));
      CHECK(found.heap == heaptypes[i_h].answers[kind]);
      if (found.heap == GCROOTS_HEAP_TYPE) {
        gcroots_type_t *expected = type_of(refs[kind]);
        CHECK(found.type == expected);
        gcroots_type_free(expected);
      } else {
        CHECK(found.type == NULL);
      }
      gcroots_type_free(found.type);
    }
  }
}

static void heaptype_refused(const struct heaptype *heaptype, gcroots_status_t expected,
                             gcroots_store_t *of, wasm_anyref_t ref) {
  wasm_heaptype_t out = {NONE, NULL};
  REFUSED_AS(expected, cast(of, ref, heaptype->top), heaptype->ask(of, &ref, &out));
  CHECK(out.heap == NONE && out.type == NULL);
}

CASE(the_heap_type_of_what_is_of_another_hierarchy_is_refused) {
  wasm_anyref_t refs[REFERENCES];
  make_references(refs);
  EACH(h, heaptypes) {
    for (int kind = 0; kind < REFERENCES; ++kind) {
      if (heaptypes[i_h].answers[kind] != NONE) continue;
      heaptype_refused(&heaptypes[i_h], GCROOTS_ERROR_TYPE_MISMATCH, store, refs[kind]);
    }
    heaptype_refused(&heaptypes[i_h], GCROOTS_ERROR_NULL_ARGUMENT, NULL, refs[I31]);
    REFUSED_AS(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_ref_kind(store, refs[I31].ref, NULL),
               heaptypes[i_h].ask(store, &refs[I31], NULL));
  }
  EACH_BAD_HANDLE(bad) {
    wasm_anyref_t ref = {bad->ref};
    for (size_t i = 0; i < COUNT_OF(heaptypes); ++i)
      heaptype_refused(&heaptypes[i], bad->status, store, ref);
  }
}
