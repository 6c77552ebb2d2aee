/* What the workloads on libgcroots share: nodes of two references, and trees of them. */
#ifndef WORKLOAD_H
#define WORKLOAD_H

#include "../must.h"
#include "requests.h"

#include <stdbool.h>

enum { LEFT, RIGHT, CHILDREN };

/* Each workload returns its number of units. */
uint64_t trees_by_handles(void);
uint64_t trees_by_fused_calls(void);
uint64_t trees_by_raw_reads(void);
uint64_t trees_raw(void);
uint64_t scheme_by_handles(void);
uint64_t scheme_raw(void);
uint64_t long_lived_tree(void);
uint64_t full_collections(void);
uint64_t graph(void);
uint64_t queue(void);
uint64_t text_index(void);

/* The same by raw references. */
uint64_t long_lived_tree_raw(void);
uint64_t graph_raw(void);
uint64_t queue_raw(void);
uint64_t text_index_raw(void);

/* The engine and the store that the workload runs in, and its types: a struct of two references,
   and an array of references. */
extern gcroots_engine_t *heap_engine;
extern gcroots_store_t *heap;
extern gcroots_type_t *node_type, *array_type;

/* Whether the collector frees objects before the store is deleted. */
extern bool collects;

/* The bytes that the workload has on the heap of the host, for objects that are alive. */
extern uint64_t host_bytes;

/* Registers a group (taken) of `count` types. */
void register_types_of(gcroots_rec_group_t *group, gcroots_type_t **types, size_t count);

/* A new node in the current scope. */
gcroots_ref_t new_node(gcroots_ref_t left, gcroots_ref_t right);

/* A new tree in the current scope. A tree of depth 0 is one node. */
gcroots_ref_t new_tree(int depth);

/* The number of nodes of a tree. Each node is read through a handle. */
uint64_t count_nodes(gcroots_ref_t tree);

/* The nodes of a tree of this depth. */
static inline uint64_t nodes_of(int depth) {
  return ((uint64_t)2 << depth) - 1;
}

/* Ends the program if the workload has computed a wrong result. */
#define EXPECT(condition)                                             \
  do {                                                                \
    if (!(condition)) {                                               \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
      exit(1);                                                        \
    }                                                                 \
  } while (0)

#endif
