/* Roots and scopes. */
#include "curves.h"

/* Makes all, and ends them in another order. The sizes are powers of two. */
static void manual_roots(uint64_t size) {
  gcroots_manually_rooted_t *made = memory(size, sizeof *made);
  EACH(i, size) MUST(gcroots_manually_rooted_clone(store, objects[0], &made[i]));
  EACH(i, size) MUST(gcroots_manually_rooted_unroot(store, &made[(i * 2654435761u) & (size - 1)]));
}

static void root_one(uint64_t size) {
  (void)size;
  root_objects(1);
}

static void unroot_later(uint64_t size) {
  EACH(i, size) MUST(gcroots_manually_rooted_unroot_later(&objects[i]));
  MUST(gcroots_store_drain_unroots(store));
}

static void scoped_roots(uint64_t size) {
  IN_SCOPE(EACH(i, size) {
    gcroots_ref_t ref;
    MUST(gcroots_manually_rooted_to_rooted(store, objects[0], &ref));
  });
}

static void nested_scopes(uint64_t size) {
  gcroots_scope_t *scopes = memory(size, sizeof *scopes);
  EACH(i, size) MUST(gcroots_scope_enter(store, &scopes[i]));
  for (uint64_t i = size; i > 0; i--) MUST(gcroots_scope_exit(store, scopes[i - 1]));
}

static void root_ranges(uint64_t size) {
  gcroots_root_range_t *range = memory(1, sizeof *range);
  gcroots_root_source_t *sources = memory(size, sizeof *sources);
  EACH(i, size) MUST(gcroots_root_range_add(store, range, NULL, &sources[i]));
  EACH(i, size) MUST(gcroots_root_range_remove(store, &sources[i]));
}

const struct curve roots[] = {{"manual_roots", root_one, manual_roots, LINEAR, false},
                              {"unroot_later", root_objects, unroot_later, LINEAR, false},
                              {"scoped_roots", root_one, scoped_roots, LINEAR, false},
                              {"nested_scopes", root_one, nested_scopes, LINEAR, false},
                              {"root_ranges", root_one, root_ranges, LINEAR, false},
                              {NULL, NULL, NULL, LINEAR, false}};
