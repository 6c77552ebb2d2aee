/* Any bits may be passed as a raw reference: random ones, those of dead objects, and those of
 * headers that were forged in arrays. A call answers or refuses, and the worst that happens is
 * that the store is poisoned.
 */
#include "raw_objects.h"

static gcroots_type_t *node;

static void use_nodes(void) {
  gcroots_field_type_t fields[3] = {mutable_of(GCROOTS_STORAGE_I32), any_field(), any_field()};
  node = new_struct(fields, 3);
}

static uint32_t new_raw_node(uint32_t first, uint32_t second) {
  return RAW_STRUCT(node, raw_i32(1), raw_ref(first), raw_ref(second));
}

static uint64_t random_state = 88172645463325252;

static uint32_t random_bits(void) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return (uint32_t)random_state;
}

/* Whether the store still answers. It may have been poisoned, and nothing else. */
static bool is_sound(gcroots_status_t status) {
  CHECK(status <= GCROOTS_ERROR_INTERNAL);
  return status != GCROOTS_ERROR_INTERNAL;
}

/* Makes one call with these bits. */
static gcroots_status_t call_with(uint32_t a, uint32_t b) {
  gcroots_raw_val_t values[3] = {raw_i32(1), raw_ref(a), raw_ref(b)}, out;
  uint32_t bits, index = random_bits() % 4;
  gcroots_tag_t tag;
  bool is;
  void *data;
  gcroots_status_t status;
  switch (random_bits() % 16) {
    case 0:
      status = gcroots_raw_struct_new(store, node, values, 3, &raw_slots[index]);
      wrote_raw_slot(index);
      return status;
    case 1: return gcroots_raw_struct_get(store, a, index, &out);
    case 2: return gcroots_raw_struct_set(store, a, index, &values[2]);
    case 3: return gcroots_raw_struct_get_ref(store, a, index, &bits);
    case 4: return gcroots_raw_struct_set_ref(store, a, index, b);
    case 5: return gcroots_raw_array_len(store, a, &bits);
    case 6: return gcroots_raw_array_get(store, a, index, &out);
    case 7: return gcroots_raw_array_set_ref(store, a, index, b);
    case 8: return gcroots_raw_array_fill(store, a, index, &values[2], 2);
    case 9: return gcroots_raw_array_copy(store, a, index, b, 0, 2);
    case 10: return gcroots_raw_externref_data(store, a, &data);
    case 11: return gcroots_raw_exn_tag(store, a, &tag);
    case 12: return gcroots_raw_cast(store, a, node, &is);
    case 13: return gcroots_raw_throw(store, a);
    case 14: return gcroots_raw_func_call(store, a, values, 1, NULL, 0);
    default: return gcroots_raw_struct_get_ref(store, b, index, &bits);
  }
}

CASE(random_bits_are_answered_or_refused) {
  use_nodes();
  use_slots(4);
  for (uint32_t i = 0; i < 4; i++) set_raw_slot(i, new_raw_node(raw_slots[(i + 1) % 4], i * 2 + 1));
  for (int i = 0; i < 100000; i++)
    CHECK(is_sound(call_with(random_bits(), random_bits() % (1 << 20))));
  OK(gcroots_store_gc(store));
  OK(gcroots_store_verify(store));
  gcroots_type_free(node);
}

CASE(bits_near_objects_harm_nothing_outside_the_heap) {
  use_nodes();
  use_slots(4);
  for (int round = 0; round < 40; round++) {
    gcroots_status_t status = GCROOTS_OK;
    for (uint32_t i = 0; i < 4; i++) set_raw_slot(i, 0);
    for (uint32_t i = 0; i < 4; i++) set_raw_slot(i, new_raw_node(raw_slots[(i + 1) % 4], 1));
    for (int i = 0; i < 400 && is_sound(status); i++) {
      uint32_t a = raw_slots[random_bits() % 4] + random_bits() % 16 * 2;
      status = call_with(a, random_bits() % 2 ? a : raw_slots[random_bits() % 4]);
      if (i % 100 == 50 && is_sound(status)) status = gcroots_store_gc(store);
    }
    OK(gcroots_store_free(store));
    OK(gcroots_store_new(engine, &store));
    use_slots(4);
  }
  gcroots_type_free(node);
}

/* Fills an array of words with the headers of nodes, and returns its bits. */
static uint32_t forge_nodes(const gcroots_type_t *words, uint32_t length) {
  unsigned char *base;
  void *address;
  uint64_t header;
  uint32_t array;
  gcroots_raw_val_t value;
  OK(gcroots_heap_base(store, &address));
  base = address;
  set_raw_slot(0, new_raw_node(1, 1));
  OK(gcroots_raw_array_new(store, words, NULL, length, &array));
  set_raw_slot(1, array);
  memcpy(&header, base + 4 * (size_t)raw_slots[0], sizeof header);
  memset(&value, 0, sizeof value);
  value.i64 = (int64_t)header;
  OK(gcroots_raw_array_fill(store, array, 0, &value, length));
  return array;
}

CASE(a_forged_object_confuses_only_its_own_store) {
  gcroots_type_t *words = array_of(GCROOTS_STORAGE_I64);
  use_nodes();
  use_slots(4);
  for (int round = 0; round < 30; round++) {
    gcroots_status_t status;
    uint32_t array = forge_nodes(words, 40), forged = array + 4 + 2 * (random_bits() % 30);
    uint32_t found;
    OK(gcroots_raw_struct_set_ref(store, forged, 1, forged));
    OK(gcroots_raw_struct_get_ref(store, forged, 1, &found));
    CHECK(found == forged);
    status = gcroots_raw_struct_set_ref(store, raw_slots[0], 1, forged);
    CHECK(is_sound(status));
    for (int i = 0; i < 200 && is_sound(status); i++)
      status = call_with(forged + 2 * (random_bits() % 8), raw_slots[random_bits() % 2]);
    if (is_sound(status)) status = gcroots_store_gc(store);
    if (is_sound(status)) status = gcroots_store_verify(store);
    OK(gcroots_store_free(store));
    OK(gcroots_store_new(engine, &store));
    use_slots(4);
  }
  gcroots_type_free(words);
  gcroots_type_free(node);
}

CASE(exact_slots_refuse_what_is_no_start_of_an_object) {
  gcroots_config_t *config = variant_config(0);
  gcroots_type_t *words;
  gcroots_raw_val_t values[3] = {raw_i32(1), raw_ref(0), raw_ref(0)};
  uint32_t array, forged, out = UNTOUCHED_RAW;
  OK(gcroots_config_set_exact_slots(config, true));
  use_heap(config);
  words = array_of(GCROOTS_STORAGE_I64);
  use_nodes();
  use_slots(2);
  array = forge_nodes(words, 8);
  forged = array + 4;
  values[2] = raw_ref(forged);
  REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_raw_struct_set_ref(store, forged, 1, 0));
  REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_raw_struct_get_ref(store, forged, 1, &out));
  REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT,
          gcroots_raw_struct_set_ref(store, raw_slots[0], 1, forged));
  REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_raw_struct_new(store, node, values, 3, &out));
  REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_raw_cast(store, forged, node, &(bool){0}));
  CHECK(out == UNTOUCHED_RAW);
  OK(gcroots_raw_struct_set_ref(store, raw_slots[0], 1, array));
  OK(gcroots_store_verify(store));
  gcroots_type_free(words);
  gcroots_type_free(node);
}

/* Under stress objects move at each allocation, so that bits outside of slots are wrong. */
CASE(stale_bits_are_found_where_objects_move) {
  gcroots_config_t *config = variant_config(0);
  uint32_t before, out = UNTOUCHED_RAW;
  OK(gcroots_config_set_exact_slots(config, true));
  OK(gcroots_config_set_poison(config, true));
  use_heap(config);
  use_nodes();
  use_slots(1);
  set_raw_slot(0, before = new_raw_node(1, 1));
  OK(gcroots_store_gc(store));
  CHECK(may_have(raw_slots[0] != before));
  if (heap_has(MOVES_ALL)) {
    REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_raw_struct_get_ref(store, before, 1, &out));
  }
  OK(gcroots_raw_struct_get_ref(store, raw_slots[0], 1, &out));
  CHECK(out == 1);
  gcroots_type_free(node);
}
