/* Full collections, by what the heap has. A unit is one of what the name says. */
#include "curves.h"

static void collect(uint64_t size) {
  (void)size;
  MUST(gcroots_store_gc(store));
}

static void roots_of_one(uint64_t size) {
  gcroots_manually_rooted_t *same = memory(size, sizeof *same);
  root_objects(1);
  EACH(i, size) MUST(gcroots_manually_rooted_clone(store, objects[0], &same[i]));
}

/* The outermost scope keeps the tree: nodes 2i and 2i + 1 are below node i. */
static gcroots_ref_t tree_of(uint64_t size, uint64_t at) {
  const gcroots_ref_t null = gcroots_ref_null();
  gcroots_scope_t scope;
  gcroots_ref_t left, right, made;
  if (at > size) return null;
  MUST(gcroots_scope_enter(store, &scope));
  left = tree_of(size, 2 * at);
  right = tree_of(size, 2 * at + 1);
  MUST(gcroots_scope_escape(store, scope, new_node(left, right), &made));
  return made;
}

static void tree(uint64_t size) {
  tree_of(size, 1);
}

static void list(uint64_t size) {
  const gcroots_ref_t null = gcroots_ref_null();
  gcroots_ref_t first;
  MUST(gcroots_local_new(store, null, &first));
  EACH(i, size)
    IN_SCOPE(gcroots_ref_t next; MUST(gcroots_local_new(store, null, &next));
             MUST(gcroots_ref_assign(store, next, first));
             MUST(gcroots_ref_assign(store, first, new_node(i == 0 ? null : next, null))));
}

static void array_elements(uint64_t size) {
  const gcroots_ref_t null = gcroots_ref_null();
  gcroots_val_t node;
  gcroots_ref_t array;
  node.kind = GCROOTS_STORAGE_REF;
  node.of.ref = new_node(null, null);
  MUST(gcroots_array_new(store, array_type, &node, size, &array));
}

static void ignore(void *data) {
  KEEP(data);
}

static void live_finalized(uint64_t size) {
  EACH(i, size) {
    gcroots_ref_t ref;
    MUST(gcroots_externref_new(store, &store, ignore, &ref));
  }
}

static void dead_finalized(uint64_t size) {
  IN_SCOPE(live_finalized(size));
}

static void range_slots(uint64_t size) {
  uint32_t *slots = memory(size, sizeof *slots);
  gcroots_root_range_t *range = memory(1, sizeof *range);
  gcroots_root_source_t source;
  root_objects(1);
  range->slots = slots;
  range->count = size;
  EACH(i, size) MUST(gcroots_ref_to_raw(store, objects[0].ref, &slots[i]));
  MUST(gcroots_root_range_add(store, range, NULL, &source));
}

static void table_elements(uint64_t size) {
  const gcroots_ref_t null = gcroots_ref_null();
  gcroots_table_t table;
  MUST(gcroots_table_new(store, any_ref, size, size, new_node(null, null), &table));
}

static void hashed(uint64_t size) {
  uint64_t hash;
  root_objects(size);
  EACH(i, size) MUST(gcroots_ref_hash(store, objects[i].ref, &hash));
}

/* In steps that each do the work of about a thousand objects. */
static void collect_in_steps(uint64_t size) {
  bool is_over = false;
  (void)size;
  MUST(gcroots_store_gc_start(store));
  while (!is_over) MUST(gcroots_store_gc_step(store, 1 << 14, &is_over));
}

const struct curve collections[] = {{"gc_roots_of_one", roots_of_one, collect, LINEAR, false},
                                    {"gc_rooted_objects", root_objects, collect, LINEAR, false},
                                    {"gc_tree_nodes", tree, collect, LINEAR, false},
                                    {"gc_list_nodes", list, collect, LINEAR, false},
                                    {"gc_array_elements", array_elements, collect, LINEAR, false},
                                    {"gc_dead_finalized", dead_finalized, collect, LINEAR, false},
                                    {"gc_live_finalized", live_finalized, collect, LINEAR, false},
                                    {"gc_range_slots", range_slots, collect, LINEAR, false},
                                    {"gc_table_elements", table_elements, collect, LINEAR, false},
                                    {"gc_hashed_objects", hashed, collect, LINEAR, false},
                                    {"gc_in_steps", root_objects, collect_in_steps, LINEAR, false},
                                    {NULL, NULL, NULL, LINEAR, false}};

static void nothing(uint64_t size) {
  (void)size;
}

static void make_kept(uint64_t size) {
  const gcroots_ref_t null = gcroots_ref_null();
  EACH(i, size) new_node(null, null);
}

static void make_dropped(uint64_t size) {
  const gcroots_ref_t null = gcroots_ref_null();
  EACH(i, size) IN_SCOPE(new_node(null, null));
}

/* Collections belong to the work. */
const struct curve objects_made[] = {{"objects_kept", nothing, make_kept, LINEAR, true},
                                     {"objects_in_list", nothing, list, LINEAR, true},
                                     {"objects_in_tree", nothing, tree, LINEAR, true},
                                     {"objects_dropped", nothing, make_dropped, LINEAR, true},
                                     {NULL, NULL, NULL, LINEAR, false}};
