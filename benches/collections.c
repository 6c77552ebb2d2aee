/* Measures full collections by the things that they scan. scripts/budgets counts the
 * instructions. A function makes `count` things when it is called first, and then runs one
 * collection. It is called with one number of things only.
 *
 *   collections NAME COUNT [COLLECTOR]    runs one collection to warm up and one inside
 *                                         measured(); COLLECTOR is the collector's number
 */
#include "measure.h"

#include "fixture.h"

#include <stdbool.h>

static gcroots_ref_t object;
static gcroots_type_t *node;

/* Manual roots of one object. */
static void gc_manual_root(uint64_t count) {
  static bool made;
  if (!made) {
    made = true;
    for (uint64_t i = 0; i < count; i++) {
      gcroots_manually_rooted_t root;
      MUST(gcroots_ref_to_manually_rooted(store, object, &root));
      KEEP(&root);
    }
  }
  MUST(gcroots_store_gc(store));
}

/* Slots of a root range that refer to one object. */
static void gc_range_slot(uint64_t count) {
  static gcroots_root_range_t range;
  if (range.slots == NULL) {
    uint32_t *slots = malloc(count * sizeof *slots);
    gcroots_root_source_t source;
    if (slots == NULL) exit(1);
    for (uint64_t i = 0; i < count; i++) MUST(gcroots_ref_to_raw(store, object, &slots[i]));
    range.slots = slots;
    range.count = count;
    MUST(gcroots_root_range_add(store, &range, NULL, &source));
  }
  MUST(gcroots_store_gc(store));
}

/* Manual roots of externrefs. Each has one. */
static void gc_rooted_object(uint64_t count) {
  static bool made;
  if (!made) {
    made = true;
    for (uint64_t i = 0; i < count; i++) {
      gcroots_scope_t scope;
      gcroots_ref_t ref;
      gcroots_manually_rooted_t root;
      MUST(gcroots_scope_enter(store, &scope));
      MUST(gcroots_externref_new(store, &made, NULL, &ref));
      MUST(gcroots_ref_to_manually_rooted(store, ref, &root));
      MUST(gcroots_scope_exit(store, scope));
      KEEP(&root);
    }
  }
  MUST(gcroots_store_gc(store));
}

static gcroots_ref_t make_tree(uint64_t nodes) {
  gcroots_scope_t scope;
  gcroots_val_t fields[2];
  gcroots_ref_t made, escaped;
  MUST(gcroots_scope_enter(store, &scope));
  for (int i = 0; i < 2; i++) {
    fields[i].kind = GCROOTS_STORAGE_REF;
    fields[i].of.ref = nodes <= 1 ? gcroots_ref_null() : make_tree(nodes / 2);
  }
  MUST(gcroots_struct_new(store, node, fields, 2, &made));
  MUST(gcroots_scope_escape(store, scope, made, &escaped));
  return escaped;
}

/* The nodes of a tree under one root: structs of two references. `count` is a power of 2. */
static void gc_tree_node(uint64_t count) {
  if (node == NULL) {
    const gcroots_field_type_t fields[2] = {
        {GCROOTS_STORAGE_REF, GCROOTS_HEAP_LOCAL, 0, 1, 1, NULL},
        {GCROOTS_STORAGE_REF, GCROOTS_HEAP_LOCAL, 0, 1, 1, NULL}};
    gcroots_rec_group_t *group = gcroots_rec_group_new();
    uint32_t position;
    MUST(gcroots_rec_group_add_struct(group, NULL, fields, 2, &position));
    register_group(group, &node, 1);
    make_tree(count / 2);
  }
  MUST(gcroots_store_gc(store));
}

static const struct operation operations[] = {{"gc_manual_root", gc_manual_root},
                                              {"gc_range_slot", gc_range_slot},
                                              {"gc_rooted_object", gc_rooted_object},
                                              {"gc_tree_node", gc_tree_node}};

int main(int argc, char **argv) {
  int status;
  make_engine(argc > 3 ? argv[3] : NULL);
  make_store();
  MUST(gcroots_externref_new(store, &store, NULL, &object));
  status = run_operations(argc, argv, operations, sizeof operations / sizeof *operations);
  gcroots_type_free(node);
  free_store_and_engine();
  return status;
}
