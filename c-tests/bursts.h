/* Bursts: many things of one kind that a store keeps in a table beside its heap. */
#ifndef BURSTS_H
#define BURSTS_H

#include "kinds.h"

enum { BURST_MOST = 200000 };

struct burst {
  const char *name;
  /* Makes the thing with this number. Numbers rise from 0. */
  gcroots_status_t (*make)(size_t number);
  /* Ends all `count` of them. */
  void (*end)(size_t count);
  /* The bytes of a table for each of them, at least. */
  size_t bytes;
  /* Only a collection frees the objects or the entries of these. */
  bool has_object;
};

static gcroots_manually_rooted_t burst_roots[BURST_MOST];
static gcroots_weak_t burst_weak[BURST_MOST];
static gcroots_weakmap_t burst_maps[BURST_MOST];
static gcroots_table_t burst_tables[BURST_MOST];
static gcroots_global_t burst_globals[BURST_MOST];
static gcroots_root_source_t burst_sources[BURST_MOST];
static gcroots_scope_t burst_scopes[BURST_MOST];
static gcroots_weakmap_t burst_map;

/* The scope that a burst of objects is in, and the object that handles refer to. */
static gcroots_scope_t burst_scope;
static gcroots_manually_rooted_t burst_object;
static gcroots_type_t *burst_type;

/* Makes the memory of all handles resident. */
static inline void touch_bursts(void) {
  memset(burst_roots, 1, sizeof burst_roots);
  memset(burst_weak, 1, sizeof burst_weak);
  memset(burst_maps, 1, sizeof burst_maps);
  memset(burst_tables, 1, sizeof burst_tables);
  memset(burst_globals, 1, sizeof burst_globals);
  memset(burst_sources, 1, sizeof burst_sources);
  memset(burst_scopes, 1, sizeof burst_scopes);
}

/* Opens the scope of a burst. */
static inline void begin_burst(void) {
  burst_object = new_rooted(NULL, NULL);
  burst_type = new_func(NULL, 0, NULL, 0);
  burst_scope = enter();
  OK(gcroots_weakmap_new(store, &burst_map));
}

/* Ends what begin_burst() made. */
static inline void end_burst(void) {
  OK(gcroots_scope_unwind(store, burst_scope));
  OK(gcroots_weakmap_free(store, &burst_map));
  OK(gcroots_manually_rooted_unroot(store, &burst_object));
  gcroots_type_free(burst_type);
}

static inline gcroots_status_t burst_make_root(size_t number) {
  gcroots_ref_t ref;
  return gcroots_i31_new(store, (int32_t)number, &ref);
}

static inline void burst_end_nothing(size_t count) {
  (void)count;
}

static inline gcroots_status_t burst_make_manual(size_t number) {
  return gcroots_manually_rooted_clone(store, burst_object, &burst_roots[number]);
}

static inline void burst_end_manual(size_t count) {
  for (size_t i = 0; i < count; i++) OK(gcroots_manually_rooted_unroot(store, &burst_roots[i]));
}

static inline void burst_end_manual_later(size_t count) {
  for (size_t i = 0; i < count; i++) OK(gcroots_manually_rooted_unroot_later(&burst_roots[i]));
}

static inline gcroots_status_t burst_make_weak(size_t number) {
  return gcroots_weak_new(store, burst_object.ref, &burst_weak[number]);
}

static inline void burst_end_weak(size_t count) {
  for (size_t i = 0; i < count; i++) OK(gcroots_weak_free(store, &burst_weak[i]));
}

static inline gcroots_status_t burst_make_scope(size_t number) {
  return gcroots_scope_enter(store, &burst_scopes[number]);
}

/* Makes an object that only a slot of its own keeps alive, and leaves no root. */
static inline gcroots_status_t burst_make_externref(size_t number) {
  gcroots_ref_t ref;
  (void)number;
  return gcroots_externref_new(store, NULL, NULL, &ref);
}

static inline gcroots_status_t burst_make_finalized(size_t number) {
  static int finalized;
  gcroots_ref_t ref;
  (void)number;
  return gcroots_externref_new(store, &finalized, count_call, &ref);
}

static inline gcroots_status_t burst_make_hash(size_t number) {
  gcroots_ref_t ref;
  uint64_t hash;
  gcroots_status_t status = gcroots_externref_new(store, NULL, NULL, &ref);
  (void)number;
  return status == GCROOTS_OK ? gcroots_ref_hash(store, ref, &hash) : status;
}

static inline gcroots_status_t burst_make_map(size_t number) {
  return gcroots_weakmap_new(store, &burst_maps[number]);
}

static inline void burst_end_maps(size_t count) {
  for (size_t i = 0; i < count; i++) OK(gcroots_weakmap_free(store, &burst_maps[i]));
}

static inline gcroots_status_t burst_make_entry(size_t number) {
  gcroots_scope_t scope = enter();
  gcroots_ref_t key = new_i31((int32_t)number);
  gcroots_status_t status = gcroots_weakmap_set(store, burst_map, key, key);
  OK(gcroots_scope_exit(store, scope));
  return status;
}

static inline void burst_end_entries(size_t count) {
  for (size_t i = 0; i < count; i++) {
    gcroots_scope_t scope = enter();
    bool found;
    OK(gcroots_weakmap_delete(store, burst_map, new_i31((int32_t)i), &found));
    CHECK(found);
    OK(gcroots_scope_exit(store, scope));
  }
}

static inline gcroots_status_t burst_make_table(size_t number) {
  gcroots_ref_type_t any = {NULL, GCROOTS_HEAP_ANY, true};
  return gcroots_table_new(store, any, 0, 0, gcroots_ref_null(), &burst_tables[number]);
}

static inline void burst_end_tables(size_t count) {
  for (size_t i = 0; i < count; i++) OK(gcroots_table_free(store, &burst_tables[i]));
}

static inline gcroots_status_t burst_make_global(size_t number) {
  gcroots_field_type_t of = mutable_of(GCROOTS_STORAGE_I32);
  gcroots_val_t value = val_i32(1);
  return gcroots_global_new(store, &of, &value, &burst_globals[number]);
}

static inline void burst_end_globals(size_t count) {
  for (size_t i = 0; i < count; i++) OK(gcroots_global_free(store, &burst_globals[i]));
}

static inline gcroots_status_t burst_make_source(size_t number) {
  static gcroots_root_range_t none;
  return gcroots_root_range_add(store, &none, NULL, &burst_sources[number]);
}

static inline void burst_end_sources(size_t count) {
  for (size_t i = 0; i < count; i++) OK(gcroots_root_range_remove(store, &burst_sources[i]));
}

static inline gcroots_status_t burst_make_tag(size_t number) {
  gcroots_tag_t tag;
  (void)number;
  return gcroots_tag_new(store, burst_type, &tag);
}

static const struct burst bursts[] = {
    {"scoped roots", burst_make_root, burst_end_nothing, 8, false},
    {"manual roots", burst_make_manual, burst_end_manual, 16, false},
    {"manual roots that end later", burst_make_manual, burst_end_manual_later, 16, false},
    {"weak handles", burst_make_weak, burst_end_weak, 8, false},
    {"scopes", burst_make_scope, burst_end_nothing, 16, false},
    {"externrefs", burst_make_externref, burst_end_nothing, 40, true},
    {"externrefs with finalizers", burst_make_finalized, burst_end_nothing, 40, true},
    {"identity hashes", burst_make_hash, burst_end_nothing, 20, true},
    {"weak maps", burst_make_map, burst_end_maps, 8, false},
    {"entries of a weak map", burst_make_entry, burst_end_entries, 32, true},
    {"tables", burst_make_table, burst_end_tables, 16, true},
    {"globals", burst_make_global, burst_end_globals, 16, true},
    {"root ranges", burst_make_source, burst_end_sources, 40, false},
    {"tags", burst_make_tag, burst_end_nothing, 8, false},
};

/* Runs the body for each kind of burst. */
#define EACH_BURST(burst)                                                       \
  for (const struct burst *burst = bursts;                                      \
       burst < bursts + COUNT_OF(bursts) && (check_note = burst->name) != NULL; \
       burst++, check_note = NULL)

#endif
