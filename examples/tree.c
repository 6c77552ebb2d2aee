/* A sorted tree of structs: declares a type whose fields refer to it, makes objects of
 * it, and reads them back while collections move them.
 *
 *   tree COLLECTOR [COUNT]    COLLECTOR: copying, drc, generational or null
 */
#include <gcroots.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The fields of a node. */
enum { NUMBER, LEFT, RIGHT, FIELDS };

static gcroots_store_t *store;
static gcroots_type_t *node_type;

#define MUST(call)                                              \
  do {                                                          \
    if ((call) != GCROOTS_OK) {                                 \
      fprintf(stderr, "%s: %s\n", #call, gcroots_last_error()); \
      exit(1);                                                  \
    }                                                           \
  } while (0)

/* A node has a number, which never changes, and two mutable references to nodes or null. */
static void declare_node(gcroots_engine_t *engine) {
  gcroots_field_type_t fields[FIELDS] = {{0}};
  gcroots_rec_group_t *group = gcroots_rec_group_new();
  const gcroots_rec_group_t *groups[1];
  uint32_t position;
  if (group == NULL) exit(1);
  fields[NUMBER].storage = GCROOTS_STORAGE_I64;
  for (int side = LEFT; side <= RIGHT; side++) {
    fields[side].storage = GCROOTS_STORAGE_REF;
    fields[side].heap = GCROOTS_HEAP_LOCAL; /* a type of this group: */
    fields[side].local = 0;                 /* its first, the node itself */
    fields[side].is_nullable = 1;
    fields[side].is_mutable = 1;
  }
  MUST(gcroots_rec_group_add_struct(group, NULL, fields, FIELDS, &position));
  groups[0] = group;
  MUST(gcroots_rec_group_register(engine, groups, 1, &node_type, 1));
  gcroots_rec_group_free(group);
}

static gcroots_ref_t new_node(int64_t number) {
  gcroots_val_t values[FIELDS];
  gcroots_ref_t node;
  values[NUMBER].kind = GCROOTS_STORAGE_I64;
  values[NUMBER].of.i64 = number;
  for (int side = LEFT; side <= RIGHT; side++) {
    values[side].kind = GCROOTS_STORAGE_REF;
    values[side].of.ref = gcroots_ref_null();
  }
  MUST(gcroots_struct_new(store, node_type, values, FIELDS, &node));
  return node;
}

/* Puts a number into the tree, unless the tree has it already. */
static void insert(gcroots_ref_t tree, int64_t number) {
  gcroots_scope_t scope;
  MUST(gcroots_scope_enter(store, &scope));
  for (gcroots_ref_t node = tree, next;; node = next) {
    int64_t here;
    MUST(gcroots_struct_get_i64(store, node, NUMBER, &here));
    if (here == number) break;
    int side = number < here ? LEFT : RIGHT;
    MUST(gcroots_struct_get_ref(store, node, (size_t)side, &next));
    if (gcroots_ref_is_null(next)) {
      MUST(gcroots_struct_set_ref(store, node, (size_t)side, new_node(number)));
      break;
    }
  }
  /* Ends all handles that were made on the way down. */
  MUST(gcroots_scope_exit(store, scope));
}

/* Counts the nodes, and checks that numbers rise from the left to the right. */
static size_t walk(gcroots_ref_t node, int64_t *last) {
  gcroots_scope_t scope;
  gcroots_ref_t side;
  int64_t number;
  size_t count = 1;
  MUST(gcroots_scope_enter(store, &scope));
  MUST(gcroots_struct_get_ref(store, node, LEFT, &side));
  if (!gcroots_ref_is_null(side)) count += walk(side, last);
  MUST(gcroots_struct_get_i64(store, node, NUMBER, &number));
  if (number <= *last) exit(1);
  *last = number;
  MUST(gcroots_struct_get_ref(store, node, RIGHT, &side));
  if (!gcroots_ref_is_null(side)) count += walk(side, last);
  MUST(gcroots_scope_exit(store, scope));
  return count;
}

static gcroots_collector_t collector_of(const char *name) {
  if (strcmp(name, "null") == 0) return GCROOTS_COLLECTOR_NULL;
  if (strcmp(name, "drc") == 0) return GCROOTS_COLLECTOR_DRC;
  if (strcmp(name, "generational") == 0) return GCROOTS_COLLECTOR_GENERATIONAL;
  return GCROOTS_COLLECTOR_COPYING;
}

int main(int argc, char **argv) {
  gcroots_config_t *config = gcroots_config_new();
  gcroots_engine_t *engine;
  gcroots_ref_t tree;
  uint64_t random = 1;
  int64_t last = INT64_MIN;
  long count = argc > 2 ? atol(argv[2]) : 100000;
  if (config == NULL) return 1;
  MUST(gcroots_config_set_collector(config, collector_of(argc > 1 ? argv[1] : "copying")));
  MUST(gcroots_engine_new(config, &engine));
  gcroots_config_free(config);
  MUST(gcroots_store_new(engine, &store));
  declare_node(engine);
  gcroots_engine_free(engine);

  tree = new_node(0);
  for (long i = 0; i < count; i++) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    insert(tree, (int64_t)(random >> 40));
  }
  MUST(gcroots_store_gc(store));
  size_t nodes = walk(tree, &last);
  printf(" %zu numbers, the greatest %lld\n", nodes, (long long)last);

  MUST(gcroots_store_free(store));
  gcroots_type_free(node_type);
  return 0;
}
