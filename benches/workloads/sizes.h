/* The sizes of the workloads. The programs in OCaml, Java and Rust repeat them. */
#ifndef SIZES_H
#define SIZES_H

/* Trees: the depth of the tree that stays, and the least depth of those that do not. */
enum { TREE_DEPTH = 18, TREE_LEAST = 4 };

/* A long-lived tree: its depth; the depth of temporary trees and of replaced subtrees; how
   many temporary trees are made, and after how many of them a subtree is replaced. */
enum { LIVED_DEPTH = 18, LIVED_TEMPORARY = 5, LIVED_ROUNDS = 200000, LIVED_REPLACE = 8 };

/* Full collections: the depth of the tree that lives, and how many of them there are. */
enum { COLLECTED_DEPTH = 18, COLLECTIONS = 40 };

/* A graph: nodes, edges of each node, changes, and one of how many changes makes a node. */
enum { GRAPH_NODES = 1 << 18, GRAPH_EDGES = 4, GRAPH_CHANGES = 4000000, GRAPH_MAKES = 4 };

/* A queue: its length, and how many elements pass through it. */
enum { QUEUE_LENGTH = 1 << 18, QUEUE_PASSES = 4000000 };

/* A text index: buckets, words of the text, and different words. */
enum { INDEX_BUCKETS = 1 << 15, INDEX_WORDS = 3000000, INDEX_VOCABULARY = 1 << 17 };

/* A small Scheme: rounds of its program, the Fibonacci number that it computes, the length of
   the list that it maps, and the sum of the squares of i modulo 10 up to that length. */
enum {
  SCHEME_ROUNDS = 150,
  SCHEME_FIB = 20,
  SCHEME_FIB_VALUE = 6765,
  SCHEME_LENGTH = 2000,
  SCHEME_SUM = 57000
};

/* Steps in a request. */
enum { REQUEST = 100 };

#endif
