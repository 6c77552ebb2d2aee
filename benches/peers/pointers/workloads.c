/* The workloads on plain C pointers. With an allocator, each object is released where the
 * workload drops it. Collections, and the graph, whose nodes have many owners, need a collector.
 *
 *   pointers NAME    runs one workload
 *   pointers         prints the names
 */
#include "../../workloads/random.h"
#include "../../workloads/requests.h"
#include "../../workloads/sizes.h"
#include "heap.h"

#include <inttypes.h>
#include <stdio.h>

#define EXPECT(condition)      \
  do {                         \
    if (!(condition)) abort(); \
  } while (0)

struct node {
  struct node *child[2];
};

static struct node *new_tree(int depth) {
  struct node *made = heap_new(sizeof *made);
  for (int side = 0; depth > 0 && side < 2; side++) made->child[side] = new_tree(depth - 1);
  return made;
}

static uint64_t count_nodes(const struct node *tree) {
  return tree == NULL ? 0 : 1 + count_nodes(tree->child[0]) + count_nodes(tree->child[1]);
}

static void drop_tree(struct node *tree) {
  if (HEAP_COLLECTS || tree == NULL) return;
  drop_tree(tree->child[0]);
  drop_tree(tree->child[1]);
  heap_release(tree);
}

static uint64_t nodes_of(int depth) {
  return ((uint64_t)2 << depth) - 1;
}

static uint64_t pass_tree(int depth) {
  struct node *tree;
  uint64_t nodes;
  request_begins();
  tree = new_tree(depth);
  nodes = count_nodes(tree);
  drop_tree(tree);
  if (depth == TREE_LEAST) request_ends();
  EXPECT(nodes == nodes_of(depth));
  return nodes;
}

static uint64_t trees(void) {
  uint64_t nodes = pass_tree(TREE_DEPTH + 1);
  struct node *stays = new_tree(TREE_DEPTH);
  for (int depth = TREE_LEAST; depth <= TREE_DEPTH; depth += 2)
    for (int times = 1 << (TREE_DEPTH - depth + TREE_LEAST); times > 0; times--)
      nodes += pass_tree(depth);
  return nodes + count_nodes(stays);
}

/* Puts a tree in the place of a random subtree whose depth is LIVED_TEMPORARY. */
static void replace_subtree(struct node *tree, struct node *by) {
  struct node **place;
  for (int depth = LIVED_DEPTH; depth > LIVED_TEMPORARY + 1; depth--)
    tree = tree->child[random_below(2)];
  place = &tree->child[random_below(2)];
  drop_tree(*place);
  *place = by;
}

static uint64_t long_lived_tree(void) {
  struct node *tree = new_tree(LIVED_DEPTH);
  for (int round = 0; round < LIVED_ROUNDS; round++) {
    struct node *small;
    request_begins();
    small = new_tree(LIVED_TEMPORARY);
    if (round % LIVED_REPLACE == 0)
      replace_subtree(tree, small);
    else
      drop_tree(small);
    request_ends();
  }
  EXPECT(count_nodes(tree) == nodes_of(LIVED_DEPTH));
  return nodes_of(LIVED_DEPTH) + LIVED_ROUNDS * nodes_of(LIVED_TEMPORARY);
}

static uint64_t queue(void) {
  struct node *first = heap_new(sizeof *first), *last = first;
  for (int step = 1; step < QUEUE_LENGTH + QUEUE_PASSES; step++) {
    struct node *removed = first;
    if (step % REQUEST == 0) request_begins();
    last = last->child[1] = heap_new(sizeof *last);
    if (step >= QUEUE_LENGTH) {
      first = first->child[1];
      heap_release(removed);
    }
    if (step % REQUEST == REQUEST - 1 && step > REQUEST) request_ends();
  }
  EXPECT(first != last);
  return QUEUE_LENGTH + QUEUE_PASSES;
}

#if HEAP_COLLECTS
static uint64_t full_collections(void) {
  struct node *tree = new_tree(COLLECTED_DEPTH);
  for (int collection = 0; collection < COLLECTIONS; collection++) {
    request_begins();
    heap_collect();
    request_ends();
  }
  EXPECT(count_nodes(tree) == nodes_of(COLLECTED_DEPTH));
  return COLLECTIONS * nodes_of(COLLECTED_DEPTH);
}

static uint64_t graph(void) {
  void ***all = heap_new(GRAPH_NODES * sizeof *all);
  for (int step = 0; step < GRAPH_NODES + GRAPH_CHANGES; step++) {
    const int change = step - GRAPH_NODES;
    if (change >= 0 && change % REQUEST == 0) request_begins();
    if (change < 0 || change % GRAPH_MAKES == 0) {
      uint32_t at = change < 0 ? (uint32_t)step : random_below(GRAPH_NODES);
      void **made = heap_new(GRAPH_EDGES * sizeof *made);
      for (int edge = 0; edge < GRAPH_EDGES; edge++) made[edge] = all[random_below(GRAPH_NODES)];
      all[at] = made;
    } else {
      void **from = all[random_below(GRAPH_NODES)], *to = all[random_below(GRAPH_NODES)];
      from[random_below(GRAPH_EDGES)] = to;
    }
    if (change >= 0 && change % REQUEST == REQUEST - 1) request_ends();
  }
  return GRAPH_NODES + GRAPH_CHANGES;
}
#endif

struct places {
  uint32_t word, count, last[6];
};

struct entry {
  struct entry *next;
  char *word;
  struct places **places;
};

static uint64_t lists_ended;

#if HEAP_COLLECTS
static void end_list(void *owner, void *data) {
  (void)data;
  free(*(struct places **)owner);
  lists_ended++;
}
#endif

/* A list of places outside the heap, and the object that owns it. */
static struct places **new_list(const struct places *before_or_null, uint32_t word,
                                uint32_t place) {
  struct places *list = malloc(sizeof *list), **owner = heap_new_without_pointers(sizeof *owner);
  if (before_or_null != NULL)
    *list = *before_or_null;
  else
    memset(list, 0, sizeof *list);
  list->word = word;
  list->last[list->count++ % 6] = place;
  *owner = list;
#if HEAP_COLLECTS
  GC_REGISTER_FINALIZER_NO_ORDER(owner, end_list, NULL, NULL, NULL);
#endif
  return owner;
}

static void drop_list(struct places **owner) {
  if (HEAP_COLLECTS) return;
  free(*owner);
  heap_release(owner);
  lists_ended++;
}

static uint64_t text_index(void) {
  struct entry **buckets = heap_new(INDEX_BUCKETS * sizeof *buckets);
  for (uint32_t place = 0; place < INDEX_WORDS; place++) {
    uint32_t word = random_below(1 + random_below(INDEX_VOCABULARY));
    struct entry *entry = buckets[word * 2654435761u % INDEX_BUCKETS];
    if (place % REQUEST == 0) request_begins();
    while (entry != NULL && (*entry->places)->word != word) entry = entry->next;
    if (entry != NULL) {
      struct places **before = entry->places;
      entry->places = new_list(*before, word, place);
      drop_list(before);
    } else {
      char text[16];
      int length = snprintf(text, sizeof text, "word-%" PRIu32, word);
      entry = heap_new(sizeof *entry);
      entry->next = buckets[word * 2654435761u % INDEX_BUCKETS];
      entry->word = heap_new_without_pointers((size_t)length);
      memcpy(entry->word, text, (size_t)length);
      entry->places = new_list(NULL, word, place);
      buckets[word * 2654435761u % INDEX_BUCKETS] = entry;
    }
    if (place % REQUEST == REQUEST - 1) request_ends();
  }
  EXPECT(lists_ended > 0);
  return INDEX_WORDS;
}

static const struct {
  const char *name;
  uint64_t (*body)(void);
} workloads[] = {
    {"trees", trees},
    {"long_lived_tree", long_lived_tree},
#if HEAP_COLLECTS
    {"full_collections", full_collections},
    {"graph", graph},
#endif
    {"queue", queue},
    {"text_index", text_index},
};

int main(int argc, char **argv) {
  heap_start();
  for (size_t i = 0; i < sizeof workloads / sizeof *workloads; i++) {
    if (argc < 2) {
      puts(workloads[i].name);
    } else if (strcmp(argv[1], workloads[i].name) == 0) {
      run_workload(workloads[i].name, workloads[i].body);
      return 0;
    }
  }
  return argc < 2 ? 0 : 2;
}
