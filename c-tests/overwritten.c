/* Heaps that a stray write has overwritten (heap.sandbox). Each call returns: with the right
 * answer, or with GCROOTS_ERROR_INTERNAL, after which the store is poisoned. The time that a
 * call takes is linear in the heap. A call that took quadratic time would not return before
 * the test's time is over.
 */
#include "arrays.h"

/* Replaces the fixture's engine and store by ones with this initial memory, which stays
   committed. */
static void use_heap_of(size_t initial) {
  gcroots_config_t *config = variant_config(0);
  OK(gcroots_config_set_heap_initial(config, initial));
  OK(gcroots_store_free(store));
  gcroots_engine_free(engine);
  OK(gcroots_engine_new(config, &engine));
  gcroots_config_free(config);
  OK(gcroots_store_new(engine, &store));
}

static uint32_t raw_of(gcroots_ref_t ref) {
  uint32_t raw;
  OK(gcroots_ref_to_raw(store, ref, &raw));
  return raw;
}

/* The words of the object that the bits of a reference refer to. */
static uint64_t *words_of(uint32_t raw) {
  void *base = NULL;
  OK(gcroots_heap_base(store, &base));
  return (uint64_t *)(void *)((char *)base + 4ULL * raw);
}

static gcroots_status_t allocate(const gcroots_type_t *type, size_t length) {
  gcroots_scope_t scope;
  gcroots_ref_t ref;
  gcroots_status_t status = gcroots_scope_enter(store, &scope);
  if (status != GCROOTS_OK) return status;
  status = gcroots_array_new_default(store, type, length, &ref);
  if (status == GCROOTS_OK) OK(gcroots_scope_exit(store, scope));
  return status;
}

/* Checks that the status is an allowed one, and that the store is poisoned accordingly.
   Deletes the store. */
static void end(gcroots_status_t status) {
  CHECK(status == GCROOTS_OK || status == GCROOTS_ERROR_INTERNAL);
  if (status == GCROOTS_ERROR_INTERNAL) {
    CHECK(strstr(gcroots_last_error(), "panic") == NULL);
    CHECK(gcroots_store_verify(store) == GCROOTS_ERROR_INTERNAL);
  }
  free_store();
}

/* Makes arrays of this length between objects that live, and lets the arrays die. Stores the
   bits of their references. */
static void make_dead_arrays(const gcroots_type_t *bytes, size_t length, size_t count,
                             uint32_t *raws) {
  gcroots_scope_t scope = enter();
  for (size_t i = 0; i < count; i++) {
    gcroots_ref_t ref;
    OK(gcroots_array_new_default(store, bytes, length, &ref));
    raws[i] = raw_of(ref);
    root(new_externref(NULL));
  }
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_store_gc(store));
}

CASE(memory_of_dead_objects_may_hold_anything) {
  enum { COUNT = 100 };
  const bool lie_in_place = heap_has(BLOCKS) && !heap_has(MAY_MOVE);
  static const size_t lengths[] = {8, 40, 200, 600, 5000};
  for (size_t way = 0; way < COUNT_OF(lengths); way++) {
    gcroots_type_t *bytes;
    gcroots_status_t status = GCROOTS_OK;
    uint32_t raws[COUNT];
    use_heap_of(4 << 20);
    bytes = array_of(GCROOTS_STORAGE_I8);
    make_dead_arrays(bytes, lengths[way], COUNT, raws);
    /* Nothing reads what lies between the objects of a block. */
    for (int i = 0; lie_in_place && i < COUNT; i++)
      memset(words_of(raws[i]), 0xa5, (16 + lengths[way]) / 8 * 8);
    for (size_t i = 0; i < (stressed ? 600 : 3000) && status == GCROOTS_OK; i++)
      status = allocate(bytes, 40 + i % 900);
    CHECK(status == GCROOTS_OK || !collects);
    if (lie_in_place) {
      OK(gcroots_store_verify(store));
      OK(gcroots_store_gc(store));
      OK(gcroots_store_verify(store));
    }
    free_store();
    gcroots_type_free(bytes);
  }
}

/* An array type whose index, taken for a reference, is an i31. */
static gcroots_type_t *array_of_odd_index(void) {
  uint32_t index;
  gcroots_type_t *types[2] = {array_of(GCROOTS_STORAGE_REF), NULL}, *odd;
  OK(gcroots_type_index(types[0], &index));
  if (index % 2 == 1) return types[0];
  types[1] = new_array(or_null(mutable_(ref_to(GCROOTS_HEAP_I31))));
  OK(gcroots_type_index(types[1], &index));
  odd = types[index % 2 == 1];
  CHECK(index % 2 == 1);
  gcroots_type_free(types[0]);
  return odd;
}

/* Writes `count` arrays of references into the elements of an array of bytes. Each of them
   reaches to the end, so that they overlap. Makes the elements of `refs` refer to them. */
static void forge_arrays(gcroots_ref_t bytes, gcroots_ref_t refs, const gcroots_type_t *type,
                         size_t count) {
  enum { ARRAY = 3, COUNT_OF_ONE = 1 << 10 };
  uint32_t index, first = raw_of(bytes) + 4;
  uint32_t *to = (uint32_t *)(void *)(words_of(raw_of(refs)) + 2);
  uint32_t *words = (uint32_t *)(void *)words_of(first);
  OK(gcroots_type_index(type, &index));
  for (size_t i = 0; i < count; i++) {
    /* Each word, taken for a reference, is an i31. */
    words[4 * i] = ARRAY | COUNT_OF_ONE;
    words[4 * i + 1] = index;
    words[4 * i + 2] = i + 3 > count ? 1 : (uint32_t)((count - i) * 4 - 7) | 1;
    words[4 * i + 3] = 1;
    /* The last slot refers to the longest array, which is then the first to be released. */
    to[count - 1 - i] = first + 4 * (uint32_t)i;
  }
}

CASE(arrays_that_overlap_are_found_by_a_collection) {
  enum { COUNT = 1 << 16 };
  gcroots_type_t *byte_type, *ref_type;
  gcroots_ref_t bytes, refs;
  gcroots_status_t status;
  use_heap_of(8 << 20);
  byte_type = array_of(GCROOTS_STORAGE_I8);
  ref_type = array_of_odd_index();
  OK(gcroots_array_new_default(store, byte_type, 16 * COUNT + 16, &bytes));
  OK(gcroots_array_new_default(store, ref_type, COUNT, &refs));
  forge_arrays(bytes, refs, ref_type, COUNT);
  status = gcroots_store_gc(store);
  if (collects) CHECK(status == GCROOTS_ERROR_INTERNAL);
  end(status);
  gcroots_type_free(byte_type);
  gcroots_type_free(ref_type);
}

CASE(two_objects_that_overlap_are_found) {
  gcroots_type_t *byte_type, *ref_type;
  gcroots_ref_t bytes, refs;
  gcroots_status_t status;
  use_heap_of(8 << 20);
  byte_type = array_of(GCROOTS_STORAGE_I8);
  ref_type = array_of_odd_index();
  /* Memory that no live object has. */
  CHECK(allocate(byte_type, 1000) == GCROOTS_OK);
  OK(gcroots_array_new_default(store, byte_type, 64, &bytes));
  OK(gcroots_array_new_default(store, ref_type, 1, &refs));
  forge_arrays(bytes, refs, ref_type, 1);
  status = gcroots_store_gc(store);
  /* A collection that fills freed memory looks where each object ends. */
  if (heap_has(BLOCKS) && !heap_has(MAY_MOVE) && stressed) CHECK(status == GCROOTS_ERROR_INTERNAL);
  if (!heap_has(MAY_MOVE)) CHECK(gcroots_store_verify(store) == GCROOTS_ERROR_INTERNAL);
  end(status);
  gcroots_type_free(byte_type);
  gcroots_type_free(ref_type);
}

CASE(arrays_that_overlap_die_in_linear_time) {
  enum { COUNT = 1 << 16 };
  gcroots_type_t *byte_type, *ref_type;
  gcroots_ref_t bytes, refs;
  gcroots_scope_t scope;
  gcroots_status_t status = GCROOTS_OK;
  uint64_t collections;
  /* So little that the collection is a minor one. */
  use_heap_of(2 << 20);
  byte_type = array_of(GCROOTS_STORAGE_I8);
  ref_type = array_of_odd_index();
  OK(gcroots_array_new_default(store, byte_type, 16 * COUNT + 16, &bytes));
  scope = enter();
  OK(gcroots_array_new_default(store, ref_type, COUNT, &refs));
  forge_arrays(bytes, refs, ref_type, COUNT);
  OK(gcroots_scope_exit(store, scope));
  /* An allocation collects, and the arrays die. */
  collections = stats_of(store).collections;
  for (size_t i = 0; collects && status == GCROOTS_OK && stats_of(store).collections == collections;
       i++)
    status = allocate(byte_type, 100000);
  if (collects && !heap_has(MAY_MOVE)) CHECK(status == GCROOTS_ERROR_INTERNAL);
  end(status);
  gcroots_type_free(byte_type);
  gcroots_type_free(ref_type);
}
