/* The data of a store under keys. */
#include "refusals.h"

static const char keys[4];

static void *keyed(const void *key) {
  void *data = &data;
  OK(gcroots_store_data_keyed(store, key, &data));
  return data;
}

CASE(each_key_has_data_of_its_own) {
  int numbers[COUNT_OF(keys)];
  void *data;
  for (size_t i = 0; i < COUNT_OF(keys); i++) {
    CHECK(keyed(&keys[i]) == NULL);
    OK(gcroots_store_set_data_keyed(store, &keys[i], &numbers[i], NULL));
  }
  OK(gcroots_store_gc(store));
  for (size_t i = 0; i < COUNT_OF(keys); i++) CHECK(keyed(&keys[i]) == &numbers[i]);
  OK(gcroots_store_data(store, &data));
  CHECK(data == NULL);
  OK(gcroots_store_set_data(store, &data, NULL));
  OK(gcroots_store_set_data_keyed(store, &keys[1], &numbers[0], NULL));
  OK(gcroots_store_verify(store));
  CHECK(keyed(&keys[0]) == &numbers[0] && keyed(&keys[1]) == &numbers[0]);
}

CASE(a_key_may_be_any_address_but_null) {
  OK(gcroots_store_set_data_keyed(store, (void *)(uintptr_t)1, store, NULL));
  OK(gcroots_store_set_data_keyed(store, (void *)UINTPTR_MAX, engine, NULL));
  CHECK(keyed((void *)(uintptr_t)1) == store && keyed((void *)UINTPTR_MAX) == engine);
}

CASE(a_key_belongs_to_one_store) {
  gcroots_store_t *other = another_store();
  void *data = store;
  OK(gcroots_store_set_data_keyed(store, keys, store, NULL));
  OK(gcroots_store_data_keyed(other, keys, &data));
  CHECK(data == NULL);
}

CASE(keys_without_data_are_forgotten) {
  int number;
  for (int round = 0; round < 3; round++) {
    for (size_t i = 0; i < COUNT_OF(keys); i++)
      OK(gcroots_store_set_data_keyed(store, &keys[i], &number, NULL));
    OK(gcroots_store_set_data_keyed(store, &keys[round], NULL, NULL));
    OK(gcroots_store_set_data_keyed(store, &keys[round], NULL, NULL));
    OK(gcroots_store_verify(store));
    for (size_t i = 0; i < COUNT_OF(keys); i++)
      CHECK(keyed(&keys[i]) == (i == (size_t)round ? NULL : &number));
  }
}

/* The finalizers that have run, by their data. */
static char order[16];

static void note_order(void *data) {
  strcat(order, data);
}

CASE(replaced_data_of_a_key_are_finalized_once) {
  static int first, second, last;
  OK(gcroots_store_set_data_keyed(store, keys, &first, count_call));
  OK(gcroots_store_set_data_keyed(store, keys, &second, count_call));
  CHECK(first == 0 && second == 0 && keyed(keys) == &second);
  OK(gcroots_store_gc(store));
  CHECK(first == (collects ? 1 : 0) && second == 0);
  OK(gcroots_store_set_data_keyed(store, keys, NULL, NULL));
  OK(gcroots_store_set_data_keyed(store, keys, &last, NULL));
  OK(gcroots_store_gc(store));
  CHECK(second == (collects ? 1 : 0));
  free_store();
  CHECK(first == 1 && second == 1 && last == 0);
}

static int nulls;

static void count_null(void *data) {
  CHECK(data == NULL);
  nulls++;
}

CASE(null_data_of_a_key_may_have_a_finalizer) {
  OK(gcroots_store_set_data_keyed(store, keys, NULL, count_null));
  OK(gcroots_store_set_data_keyed(store, keys, NULL, count_null));
  CHECK(keyed(keys) == NULL);
  free_store();
  CHECK(nulls == 2);
}

static void refused_while_deleted(void *data) {
  gcroots_store_t *deleted = *(gcroots_store_t **)data;
  void *out = data;
  CHECK(gcroots_store_data_keyed(deleted, keys, &out) == GCROOTS_ERROR_BUSY && out == data);
  CHECK(gcroots_store_set_data_keyed(deleted, keys, NULL, NULL) == GCROOTS_ERROR_BUSY);
  strcat(order, "x");
}

CASE(data_are_finalized_in_order_after_all_objects) {
  static gcroots_store_t *deleted;
  gcroots_ref_t ref;
  deleted = store;
  OK(gcroots_store_set_data(store, "0", note_order));
  OK(gcroots_store_set_data_keyed(store, &keys[2], "1", note_order));
  OK(gcroots_store_set_data_keyed(store, &keys[0], "2", note_order));
  OK(gcroots_store_set_data_keyed(store, &keys[1], &deleted, refused_while_deleted));
  OK(gcroots_store_set_data_keyed(store, &keys[2], "3", NULL));
  OK(gcroots_store_set_data_keyed(store, &keys[2], "4", note_order));
  OK(gcroots_externref_new(store, "o", note_order, &ref));
  OK(gcroots_store_gc(store));
  CHECK(strcmp(order, collects ? "1" : "") == 0);
  order[0] = '\0';
  free_store();
  CHECK(strlen(order) == (collects ? 5 : 6) && strchr(order, 'o') != NULL);
  CHECK(strcmp(order + strlen(order) - 4, "x240") == 0);
}

CASE(no_memory_for_a_key_changes_nothing) {
  static char numbers[1 << 14];
  static int finalized;
  gcroots_status_t status = GCROOTS_OK;
  int count = 0;
  memory_out(true);
  for (; count < (int)sizeof numbers; count++) {
    status = gcroots_store_set_data_keyed(store, &numbers[count], &finalized, count_call);
    if (status != GCROOTS_OK) break;
  }
  memory_out(false);
  check_refused(__FILE__, __LINE__, "a new key", GCROOTS_ERROR_OUT_OF_MEMORY, status);
  CHECK(keyed(&numbers[count]) == NULL);
  for (int i = 0; i < count; i++) CHECK(keyed(&numbers[i]) == &finalized);
  OK(gcroots_store_verify(store));
  OK(gcroots_store_set_data_keyed(store, &numbers[count], &finalized, count_call));
  free_store();
  CHECK(finalized == count + 1);
}
