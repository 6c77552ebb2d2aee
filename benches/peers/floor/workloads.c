/* Workloads on the floor: by handles, called. */
#include "../../workloads/requests.h"
#include "../../workloads/sizes.h"
#include "floor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct floor_store *store;

static root_t new_tree(int depth) {
  root_t mark, left, right;
  if (depth == 0) return floor_pair_new(store, NULL, NULL);
  mark = floor_scope_enter(store);
  left = new_tree(depth - 1);
  right = new_tree(depth - 1);
  return floor_scope_escape(store, mark, floor_pair_new(store, left, right));
}

static uint64_t count_nodes(root_t tree) {
  root_t mark = floor_scope_enter(store), child = floor_field(store, tree, 0);
  uint64_t nodes = 1;
  if (child != NULL) nodes += count_nodes(child) + count_nodes(floor_field(store, tree, 1));
  floor_scope_exit(store, mark);
  return nodes;
}

static uint64_t pass_tree(int depth) {
  root_t mark;
  uint64_t nodes;
  request_begins();
  mark = floor_scope_enter(store);
  nodes = count_nodes(new_tree(depth));
  floor_scope_exit(store, mark);
  if (depth == TREE_LEAST) request_ends();
  if (nodes != ((uint64_t)2 << depth) - 1) abort();
  return nodes;
}

static uint64_t trees(void) {
  uint64_t nodes = pass_tree(TREE_DEPTH + 1);
  root_t stays = new_tree(TREE_DEPTH);
  for (int depth = TREE_LEAST; depth <= TREE_DEPTH; depth += 2)
    for (int times = 1 << (TREE_DEPTH - depth + TREE_LEAST); times > 0; times--)
      nodes += pass_tree(depth);
  return nodes + count_nodes(stays);
}

static uint64_t full_collections(void) {
  const uint64_t nodes = ((uint64_t)2 << COLLECTED_DEPTH) - 1;
  root_t tree = new_tree(COLLECTED_DEPTH);
  for (int collection = 0; collection < COLLECTIONS; collection++) {
    request_begins();
    floor_collect(store, 0);
    request_ends();
  }
  if (count_nodes(tree) != nodes) abort();
  return COLLECTIONS * nodes;
}

static const struct {
  const char *name;
  uint64_t (*body)(void);
} workloads[] = {{"trees", trees}, {"full_collections", full_collections}};

int main(int argc, char **argv) {
  for (size_t i = 0; i < sizeof workloads / sizeof *workloads; i++) {
    if (argc < 2) {
      puts(workloads[i].name);
    } else if (strcmp(argv[1], workloads[i].name) == 0) {
      store = floor_store_new();
      run_workload(workloads[i].name, workloads[i].body);
      floor_store_free(store);
      return 0;
    }
  }
  return argc < 2 ? 0 : 2;
}
