/* Arrays, tables, globals and tags. */
#include "curves.h"

static gcroots_ref_t node;

static void make_node(uint64_t size) {
  const gcroots_ref_t null = gcroots_ref_null();
  (void)size;
  node = new_node(null, null);
}

/* An element at a time. */
static void table_grow(uint64_t size) {
  gcroots_table_t table;
  uint64_t before;
  MUST(gcroots_table_new(store, any_ref, 0, size, gcroots_ref_null(), &table));
  EACH(i, size) MUST(gcroots_table_grow(store, table, 1, node, &before));
}

static void table_new(uint64_t size) {
  gcroots_table_t table;
  MUST(gcroots_table_new(store, any_ref, size, size, node, &table));
  MUST(gcroots_table_free(store, &table));
}

static void tables(uint64_t size) {
  gcroots_table_t *made = memory(size, sizeof *made);
  EACH(i, size) MUST(gcroots_table_new(store, any_ref, 1, 1, node, &made[i]));
  EACH(i, size) MUST(gcroots_table_free(store, &made[i]));
}

static void globals(uint64_t size) {
  const gcroots_field_type_t of = any_field();
  gcroots_global_t *made = memory(size, sizeof *made);
  gcroots_val_t val;
  val.kind = GCROOTS_STORAGE_REF;
  val.of.ref = node;
  EACH(i, size) MUST(gcroots_global_new(store, &of, &val, &made[i]));
  EACH(i, size) MUST(gcroots_global_free(store, &made[i]));
}

static void array_new(uint64_t size) {
  IN_SCOPE(gcroots_val_t val; gcroots_ref_t array; val.kind = GCROOTS_STORAGE_REF;
           val.of.ref = node; MUST(gcroots_array_new(store, array_type, &val, size, &array)));
}

static void tags(uint64_t size) {
  const gcroots_field_type_t of = any_field();
  gcroots_type_t *type;
  MUST(gcroots_type_new_func(engine, &of, 1, NULL, 0, &type));
  EACH(i, size) {
    gcroots_tag_t tag;
    MUST(gcroots_tag_new(store, type, &tag));
  }
  gcroots_type_free(type);
}

const struct curve containers[] = {{"table_grow", make_node, table_grow, LINEAR, false},
                                   {"table_new", make_node, table_new, LINEAR, false},
                                   {"tables", make_node, tables, LINEAR, false},
                                   {"globals", make_node, globals, LINEAR, false},
                                   {"array_new", make_node, array_new, LINEAR, false},
                                   {"tags", make_node, tags, LINEAR, false},
                                   {NULL, NULL, NULL, LINEAR, false}};
