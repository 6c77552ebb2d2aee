/* Stores. */
#include "curves.h"

static gcroots_engine_t *limited;

/* The size is the limit of the heap, in units of 64 KiB. */
static void engine_with_limit(uint64_t size) {
  gcroots_config_t *config = gcroots_config_new();
  if (config == NULL) exit(1);
  MUST(gcroots_config_set_collector(config, collector));
  MUST(gcroots_config_set_heap_limit(config, size << 16));
  MUST(gcroots_config_set_pool(config, 0));
  MUST(gcroots_engine_new(config, &limited));
  gcroots_config_free(config);
}

/* Makes stores with one object, and deletes them. */
static void new_free(uint64_t size) {
  (void)size;
  EACH(i, 64) {
    gcroots_store_t *made;
    gcroots_ref_t ref;
    MUST(gcroots_store_new(limited, &made));
    MUST(gcroots_externref_new(made, &store, NULL, &ref));
    MUST(gcroots_store_free(made));
  }
  gcroots_engine_free(limited);
}

static void nothing(uint64_t size) {
  (void)size;
}

/* All stores are alive at one time. They have no objects. */
static void many(uint64_t size) {
  gcroots_store_t **made = memory(size, sizeof *made);
  EACH(i, size) MUST(gcroots_store_new(engine, &made[i]));
  EACH(i, size) MUST(gcroots_store_free(made[i]));
}

static void keyed_data(uint64_t size) {
  char *keys = memory(size, 1);
  EACH(i, size) {
    void *data;
    MUST(gcroots_store_set_data_keyed(store, &keys[i], &store, NULL));
    MUST(gcroots_store_data_keyed(store, &keys[i], &data));
  }
}

const struct curve stores[] = {{"store_limit", engine_with_limit, new_free, FLAT, false},
                               {"stores", nothing, many, LINEAR, false},
                               {"store_keys", nothing, keyed_data, SQUARE, false},
                               {NULL, NULL, NULL, LINEAR, false}};
