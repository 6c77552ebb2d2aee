/* Weak handles and weak maps. The map of a row has one entry. */
#include "functions.h"

static void new_free(uint64_t count) {
  REPEAT(gcroots_weak_t weak; MUST(gcroots_weak_new(store, object.host, &weak));
         MUST(gcroots_weak_free(store, &weak)))
}

static void upgrade(uint64_t count) {
  IN_SCOPES(gcroots_ref_t ref; MUST(gcroots_weak_upgrade(store, object.weak, &ref)))
}

static void map_new_free(uint64_t count) {
  REPEAT(gcroots_weakmap_t map; MUST(gcroots_weakmap_new(store, &map));
         MUST(gcroots_weakmap_free(store, &map)))
}

static void map_set_delete(uint64_t count) {
  bool was;
  REPEAT(MUST(gcroots_weakmap_set(store, object.map, object.host, object.pair));
         MUST(gcroots_weakmap_delete(store, object.map, object.host, &was)))
}

static void map_get(uint64_t count) {
  IN_SCOPES(gcroots_ref_t ref; MUST(gcroots_weakmap_get(store, object.map, object.pair, &ref)))
}

static void map_size(uint64_t count) {
  size_t size;
  REPEAT(MUST(gcroots_weakmap_size(store, object.map, &size)); KEEP(size))
}

const struct row weak_handles[] = {ROW(gcroots_weak_new, 2, new_free),
                                   ROW(gcroots_weak_free, 1, new_free),
                                   ROW(gcroots_weak_upgrade, 2, upgrade),
                                   ROW(gcroots_weakmap_new, 1, map_new_free),
                                   ROW(gcroots_weakmap_free, 1, map_new_free),
                                   ROW(gcroots_weakmap_set, 3, map_set_delete),
                                   ROW(gcroots_weakmap_delete, 2, map_set_delete),
                                   ROW(gcroots_weakmap_get, 3, map_get),
                                   ROW(gcroots_weakmap_size, 1, map_size),
                                   END};
