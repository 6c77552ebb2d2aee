/* Weak handles and weak maps: collections of them, and their calls. */
#include "curves.h"

static gcroots_weak_t *weak;
static gcroots_weakmap_t map;

static void make_weak(uint64_t size) {
  weak = memory(size, sizeof *weak);
  EACH(i, size) MUST(gcroots_weak_new(store, objects[i].ref, &weak[i]));
}

static void weak_to_live(uint64_t size) {
  root_objects(size);
  make_weak(size);
}

static void unroot_objects(uint64_t size) {
  EACH(i, size) MUST(gcroots_manually_rooted_unroot(store, &objects[i]));
}

static void weak_to_dead(uint64_t size) {
  weak_to_live(size);
  unroot_objects(size);
}

static void map_new(uint64_t size) {
  root_objects(size);
  MUST(gcroots_weakmap_new(store, &map));
}

/* Each object is the key of an entry, whose value is the first object. */
static void map_set(uint64_t size) {
  EACH(i, size) MUST(gcroots_weakmap_set(store, map, objects[i].ref, objects[0].ref));
}

static void map_of_live(uint64_t size) {
  map_new(size);
  map_set(size);
}

static void map_of_dead(uint64_t size) {
  map_of_live(size);
  unroot_objects(size);
}

/* Each value is the key of the next entry. Only the first key is rooted. */
static void map_chain(uint64_t size) {
  map_new(size);
  EACH(i, size - 1) MUST(gcroots_weakmap_set(store, map, objects[i].ref, objects[i + 1].ref));
  for (uint64_t i = 1; i < size; i++) MUST(gcroots_manually_rooted_unroot(store, &objects[i]));
}

/* One map for each key. */
static void maps_chain(uint64_t size) {
  root_objects(size);
  EACH(i, size - 1) {
    MUST(gcroots_weakmap_new(store, &map));
    MUST(gcroots_weakmap_set(store, map, objects[i].ref, objects[i + 1].ref));
  }
  for (uint64_t i = 1; i < size; i++) MUST(gcroots_manually_rooted_unroot(store, &objects[i]));
}

static void collect(uint64_t size) {
  (void)size;
  MUST(gcroots_store_gc(store));
}

const struct curve weak_collections[] = {{"gc_weak_live", weak_to_live, collect, LINEAR, false},
                                         {"gc_weak_dead", weak_to_dead, collect, LINEAR, false},
                                         {"gc_weakmap_live", map_of_live, collect, LINEAR, false},
                                         {"gc_weakmap_dead", map_of_dead, collect, LINEAR, false},
                                         {"gc_weakmap_chain", map_chain, collect, LINEAR, false},
                                         {"gc_weakmaps_chain", maps_chain, collect, LINEAR, false},
                                         {NULL, NULL, NULL, LINEAR, false}};

static void new_free(uint64_t size) {
  make_weak(size);
  EACH(i, size) MUST(gcroots_weak_free(store, &weak[i]));
}

static void map_get(uint64_t size) {
  EACH(i, size)
    IN_SCOPE(gcroots_ref_t key = objects[random_below((uint32_t)size)].ref, value;
             MUST(gcroots_weakmap_get(store, map, key, &value)));
}

static void map_delete(uint64_t size) {
  bool was;
  EACH(i, size) MUST(gcroots_weakmap_delete(store, map, objects[i].ref, &was));
}

/* Hashes objects for the first time. */
static void hash(uint64_t size) {
  uint64_t value;
  EACH(i, size) MUST(gcroots_ref_hash(store, objects[i].ref, &value));
}

const struct curve weak_handles[] = {{"weak_new_free", root_objects, new_free, LINEAR, false},
                                     {"weakmap_set", map_new, map_set, LINEAR, false},
                                     {"weakmap_get", map_of_live, map_get, LINEAR, false},
                                     {"weakmap_delete", map_of_live, map_delete, LINEAR, false},
                                     {"ref_hash", root_objects, hash, LINEAR, false},
                                     {NULL, NULL, NULL, LINEAR, false}};
