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

/* Whether these words are free memory, and not an object or arbitrary bytes. */
static bool is_free_block(const uint64_t *words) {
  enum { FREE = 4 };
  return (words[0] & 0x3ff) == FREE && words[0] >> 32 != 0;
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
static void make_free_blocks(const gcroots_type_t *bytes, size_t length, size_t count,
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

CASE(free_blocks_that_lead_in_a_circle_end_a_search) {
  enum { BLOCKS = 4 };
  for (int way = 0; way < BLOCKS; way++) {
    gcroots_type_t *bytes;
    gcroots_ref_t ref;
    gcroots_status_t status = GCROOTS_OK;
    uint32_t raws[BLOCKS];
    use_heap_of(8 << 10);
    bytes = array_of(GCROOTS_STORAGE_I8);
    make_free_blocks(bytes, 600, BLOCKS, raws);
    /* The link of the last block in the list leads to a block before it, or to itself. */
    for (int i = 0; i < BLOCKS; i++)
      if (is_free_block(words_of(raws[i])) && words_of(raws[i])[1] == 0)
        words_of(raws[i])[1] = 4ULL * raws[way];
    /* Blocks of 616 bytes are in one list with blocks of 1016 bytes. The arrays live, until the
       end of the heap has no room. */
    for (size_t i = 0; i < 3000 && status == GCROOTS_OK; i++)
      status = gcroots_array_new_default(store, bytes, 1000, &ref);
    if (status == GCROOTS_OK) status = gcroots_store_gc(store);
    end(status);
    gcroots_type_free(bytes);
  }
}

CASE(free_memory_full_of_small_blocks_is_coalesced_in_linear_time) {
  enum { BYTES = 1 << 20 };
  gcroots_type_t *bytes, *refs;
  gcroots_ref_t holder, ref;
  gcroots_scope_t scope;
  gcroots_status_t status = GCROOTS_OK;
  uint32_t dead[2], large;
  use_heap_of(8 << 20);
  bytes = array_of(GCROOTS_STORAGE_I8);
  refs = array_of(GCROOTS_STORAGE_REF);
  /* Two free blocks of 16 bytes, with a large array between them. */
  scope = enter();
  /* No root refers to the array, or a collection would look at its header. */
  OK(gcroots_array_new_default(store, refs, 1, &holder));
  root(holder);
  dead[0] = raw_of(new_externref(NULL));
  OK(gcroots_array_new_default(store, bytes, BYTES, &ref));
  OK(gcroots_array_set_ref(store, holder, 0, ref));
  large = raw_of(ref);
  dead[1] = raw_of(new_externref(NULL));
  root(new_externref(NULL));
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_store_gc(store));
  if (is_free_block(words_of(dead[0])) && is_free_block(words_of(dead[1]))) {
    /* The blocks lead to each other, and blocks of 8 bytes follow the first one. */
    uint64_t marks = words_of(dead[0])[0] & 0xffffffff;
    for (size_t i = 0; i < BYTES / 8; i++) words_of(large)[i] = marks | 1ULL << 32;
    words_of(dead[0])[1] = 4ULL * dead[1];
    words_of(dead[1])[1] = 4ULL * dead[0];
  }
  /* More than the heap holds. A minor collection frees memory, and pays for coalescing. */
  for (size_t i = 0; i < 400 && status == GCROOTS_OK; i++) status = allocate(bytes, 100000);
  if (collects && !heap_has(MAY_MOVE) && !stressed) CHECK(status == GCROOTS_ERROR_INTERNAL);
  end(status);
  gcroots_type_free(bytes);
  gcroots_type_free(refs);
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

CASE(two_objects_that_overlap_are_found_by_a_collection_that_does_not_move_them) {
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
  if (collects && !heap_has(MAY_MOVE)) CHECK(status == GCROOTS_ERROR_INTERNAL);
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
