/* Large graphs of objects. Whatever a graph's shape, collections keep exactly the reachable
 * objects, need no recursion, and leave all values unchanged.
 *
 * Under stress the stores here collect at every 97th allocation, and graphs are smaller.
 */
#include "objects.h"

/* The variant's configuration, with the stress that the opening describes. */
static gcroots_config_t *graph_config(size_t heap_limit) {
  gcroots_config_t *config = variant_config(heap_limit);
  if (stressed) {
    OK(gcroots_config_set_stress(config, 97));
    OK(gcroots_config_set_move_always(config, heap_has(MAY_MOVE)));
  }
  return config;
}

/* Replaces the fixture's engine and store by ones with this heap limit. 0 is the default
   limit. */
static void use_graph_store(size_t heap_limit) {
  gcroots_config_t *config = graph_config(heap_limit);
  free_store();
  gcroots_engine_free(engine);
  OK(gcroots_engine_new(config, &engine));
  gcroots_config_free(config);
  OK(gcroots_store_new(engine, &store));
}

/* Scales a count down for a library that checks itself, or for a stressed store. */
static size_t scaled(size_t count, size_t if_stressed) {
  return stressed ? if_stressed : count / GRAPH_SCALE;
}

static void collect_and_verify(void) {
  OK(gcroots_store_gc(store));
  OK(gcroots_store_verify(store));
}

/* Registers a struct of a number and `count` references to anything. */
static gcroots_type_t *node_type(size_t count) {
  gcroots_field_type_t fields[1 + 4] = {mutable_of(GCROOTS_STORAGE_I32)};
  CHECK(count <= 4);
  for (size_t i = 0; i < count; i++) fields[1 + i] = any_field();
  return new_struct(fields, 1 + count);
}

static gcroots_type_t *new_array_type(gcroots_field_type_t element) {
  gcroots_rec_group_t *group = new_group();
  uint32_t position;
  OK(gcroots_rec_group_add_array(group, NULL, &element, &position));
  return register_one(group);
}

/* --- Trees --------------------------------------------------------------------- */

static gcroots_ref_t make_tree(const gcroots_type_t *type, int depth) {
  gcroots_scope_t scope = enter();
  gcroots_ref_t left = gcroots_ref_null(), right = left, made;
  if (depth > 0) left = make_tree(type, depth - 1), right = make_tree(type, depth - 1);
  made = STRUCT(type, val_i32(depth), val_ref(left), val_ref(right));
  OK(gcroots_scope_escape(store, scope, made, &made));
  return made;
}

/* Counts the nodes of a tree and checks their numbers. */
static size_t count_tree(gcroots_ref_t tree, int depth) {
  gcroots_scope_t scope = enter();
  gcroots_ref_t left = field_ref(tree, 1), right = field_ref(tree, 2);
  size_t count = 1;
  CHECK(field_i32(tree, 0) == depth);
  CHECK(gcroots_ref_is_null(left) == (depth == 0) && gcroots_ref_is_null(right) == (depth == 0));
  if (depth > 0) count += count_tree(left, depth - 1) + count_tree(right, depth - 1);
  OK(gcroots_scope_exit(store, scope));
  return count;
}

/* The program of the benchmark with this name: one tree stays, and many are made and
   dropped. */
CASE(binary_trees_come_and_go) {
  use_graph_store(0);
  int deepest = stressed ? 8 : GRAPH_SCALE == 1 ? 14 : 11;
  gcroots_type_t *type = node_type(2);
  gcroots_ref_t stays = make_tree(type, deepest);
  for (int depth = 4; depth <= deepest; depth += 2)
    for (int times = 1 << (deepest - depth + 2); times > 0; times--) {
      gcroots_scope_t scope = enter();
      CHECK(count_tree(make_tree(type, depth), depth) == (size_t)(2 << depth) - 1);
      OK(gcroots_scope_exit(store, scope));
    }
  CHECK(count_tree(stays, deepest) == (size_t)(2 << deepest) - 1);
  collect_and_verify();
  if (collects) CHECK(stats_of(store).objects == (uint64_t)(2 << deepest) - 1);
  CHECK(count_tree(stays, deepest) == (size_t)(2 << deepest) - 1);
  gcroots_type_free(type);
}

/* --- Lists --------------------------------------------------------------------- */

/* Makes a list of the numbers from count - 1 down to 0 in `list`, a local. */
static void make_list(const gcroots_type_t *type, gcroots_ref_t list, size_t count) {
  for (size_t i = 0; i < count;) {
    gcroots_scope_t scope = enter();
    for (size_t batch = 0; batch < 1000 && i < count; batch++, i++)
      OK(gcroots_ref_assign(store, list, STRUCT(type, val_i32((int32_t)i), val_ref(list))));
    OK(gcroots_scope_exit(store, scope));
  }
}

/* The list has the numbers from count - 1 down to 0. */
static void check_list(gcroots_ref_t list, size_t count) {
  gcroots_scope_t outer = enter();
  gcroots_ref_t at = new_local(list);
  while (count > 0) {
    gcroots_scope_t scope = enter();
    for (size_t batch = 0; batch < 1000 && count > 0; batch++) {
      CHECK(field_i32(at, 0) == (int32_t)--count);
      OK(gcroots_ref_assign(store, at, field_ref(at, 1)));
    }
    OK(gcroots_scope_exit(store, scope));
  }
  gcroots_ref_kind_t kind;
  OK(gcroots_ref_kind(store, at, &kind));
  CHECK(kind == GCROOTS_REF_NULL);
  OK(gcroots_scope_exit(store, outer));
}

CASE(a_list_of_ten_million_nodes_survives_and_dies) {
  use_graph_store(0);
  size_t count = scaled(10000000, 40000);
  gcroots_type_t *type = node_type(1);
  gcroots_ref_t list = new_local(gcroots_ref_null());
  make_list(type, list, count);
  check_list(list, count);
  collect_and_verify();
  CHECK(stats_of(store).objects >= count);
  check_list(list, count);
  OK(gcroots_ref_assign(store, list, gcroots_ref_null()));
  collect_and_verify();
  if (collects) CHECK(stats_of(store).objects == 0);
  gcroots_type_free(type);
}

CASE(the_rest_of_a_list_that_is_cut_dies) {
  use_graph_store(0);
  size_t count = scaled(100000, 5000);
  gcroots_type_t *type = node_type(1);
  gcroots_ref_t list = new_local(gcroots_ref_null());
  make_list(type, list, count);
  gcroots_scope_t scope = enter();
  gcroots_ref_t at = list;
  for (int i = 0; i < 99; i++) at = field_ref(at, 1);
  set_field(at, 1, val_null());
  OK(gcroots_scope_exit(store, scope));
  collect_and_verify();
  if (collects) CHECK(stats_of(store).objects == 100);
  gcroots_type_free(type);
}

/* --- Cycles -------------------------------------------------------------------- */

/* A small random generator with the same results on every machine. */
static uint64_t random_state = 88172645463325252;
static uint32_t random_below(uint32_t bound) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return (uint32_t)(random_state >> 32) % bound;
}

enum { EDGES = 3 };

/* A random graph whose nodes are in an array, and the model of its edges. */
struct graph {
  size_t count;
  gcroots_type_t *type, *array_type;
  gcroots_manually_rooted_t nodes;
  uint32_t (*edges)[EDGES];
};

static gcroots_ref_t node_at(const struct graph *graph, size_t i) {
  gcroots_ref_t node;
  OK(gcroots_array_get_ref(store, graph->nodes.ref, i, &node));
  return node;
}

static struct graph make_graph(size_t count) {
  struct graph graph = {count, node_type(EDGES), NULL, {gcroots_ref_null()}, NULL};
  gcroots_ref_t nodes;
  graph.array_type = new_array_type(any_field());
  graph.edges = calloc(count, sizeof *graph.edges);
  CHECK(graph.edges != NULL);
  OK(gcroots_array_new_default(store, graph.array_type, count, &nodes));
  graph.nodes = root(nodes);
  for (size_t i = 0; i < count; i++) {
    gcroots_scope_t scope = enter();
    gcroots_ref_t node = make_default(graph.type);
    set_field(node, 0, val_i32((int32_t)i));
    OK(gcroots_array_set_ref(store, graph.nodes.ref, i, node));
    OK(gcroots_scope_exit(store, scope));
  }
  for (size_t i = 0; i < count; i++)
    for (size_t edge = 0; edge < EDGES; edge++) {
      gcroots_scope_t scope = enter();
      graph.edges[i][edge] = random_below((uint32_t)count);
      OK(gcroots_struct_set_ref(store, node_at(&graph, i), 1 + edge,
                                node_at(&graph, graph.edges[i][edge])));
      OK(gcroots_scope_exit(store, scope));
    }
  return graph;
}

static void free_graph(struct graph *graph) {
  OK(gcroots_manually_rooted_unroot(store, &graph->nodes));
  gcroots_type_free(graph->type);
  gcroots_type_free(graph->array_type);
  free(graph->edges);
}

/* Every edge leads to the node that the model says. */
static void check_graph(const struct graph *graph) {
  for (size_t i = 0; i < graph->count; i++) {
    gcroots_scope_t scope = enter();
    gcroots_ref_t node = node_at(graph, i);
    CHECK(field_i32(node, 0) == (int32_t)i);
    for (size_t edge = 0; edge < EDGES; edge++)
      CHECK(field_i32(field_ref(node, 1 + edge), 0) == (int32_t)graph->edges[i][edge]);
    OK(gcroots_scope_exit(store, scope));
  }
}

/* How many nodes the model says are reachable from these. */
static size_t reachable(const struct graph *graph, const uint32_t *from, size_t count) {
  uint32_t *queue = calloc(graph->count, sizeof *queue);
  bool *seen = calloc(graph->count, sizeof *seen);
  size_t end = 0;
  CHECK(queue != NULL && seen != NULL);
  for (size_t i = 0; i < count; i++)
    if (!seen[from[i]]) seen[from[i]] = true, queue[end++] = from[i];
  for (size_t at = 0; at < end; at++)
    for (size_t edge = 0; edge < EDGES; edge++) {
      uint32_t next = graph->edges[queue[at]][edge];
      if (!seen[next]) seen[next] = true, queue[end++] = next;
    }
  free(queue);
  free(seen);
  return end;
}

/* Sets the edges of most nodes to the nodes themselves, so that few nodes are reachable
   from the roots. Every tenth node keeps its edges. */
static void cut_edges(struct graph *graph) {
  for (size_t i = 0; i < graph->count; i++) {
    if (i % 10 == 0) continue;
    for (size_t edge = 1; edge < EDGES; edge++) {
      gcroots_scope_t scope = enter();
      /* An edge from a node to itself is a cycle of one. */
      OK(gcroots_struct_set_ref(store, node_at(graph, i), 1 + edge, node_at(graph, i)));
      graph->edges[i][edge] = (uint32_t)i;
      OK(gcroots_scope_exit(store, scope));
    }
  }
}

CASE(of_a_cyclic_graph_just_what_is_reached_survives) {
  use_graph_store(0);
  enum { KEPT = 3 };
  size_t count = scaled(200000, 3000);
  struct graph graph = make_graph(count);
  gcroots_manually_rooted_t kept[KEPT];
  uint32_t from[KEPT];
  check_graph(&graph);
  cut_edges(&graph);
  collect_and_verify();
  check_graph(&graph);
  gcroots_scope_t scope = enter();
  for (size_t i = 0; i < KEPT; i++) {
    from[i] = random_below((uint32_t)count);
    kept[i] = root(node_at(&graph, from[i]));
  }
  OK(gcroots_scope_exit(store, scope));
  size_t expected = reachable(&graph, from, KEPT);
  OK(gcroots_array_fill(store, graph.nodes.ref, 0, &(gcroots_val_t){.kind = GCROOTS_STORAGE_REF},
                        count));
  collect_and_verify();
  if (collects) CHECK(stats_of(store).objects == expected + 1);
  for (size_t i = 0; i < KEPT; i++) {
    CHECK(field_i32(kept[i].ref, 0) == (int32_t)from[i]);
    OK(gcroots_manually_rooted_unroot(store, &kept[i]));
  }
  collect_and_verify();
  if (collects) CHECK(stats_of(store).objects == 1);
  free_graph(&graph);
}

CASE(an_edge_leads_to_where_it_was_set_last) {
  use_graph_store(0);
  struct graph graph = make_graph(300);
  for (int step = 0; step < 20000; step++) {
    gcroots_scope_t scope = enter();
    size_t from = random_below(300), edge = random_below(EDGES);
    /* Few targets, so that edges are often set to the same node and many edges lead to
       one node. */
    uint32_t to = random_below(4) == 0 ? random_below(300) : random_below(5);
    graph.edges[from][edge] = to;
    OK(gcroots_struct_set_ref(store, node_at(&graph, from), 1 + edge, node_at(&graph, to)));
    OK(gcroots_scope_exit(store, scope));
    if (step % 1000 == 0) OK(gcroots_store_verify(store));
  }
  check_graph(&graph);
  collect_and_verify();
  check_graph(&graph);
  free_graph(&graph);
}

/* New objects hold older ones, some of them twice. Objects that held them before die. */
CASE(an_object_lives_while_one_of_many_slots_holds_it) {
  use_graph_store(0);
  enum { SLOTS = 50 };
  gcroots_type_t *type = node_type(2), *array_type = new_array_type(any_field());
  gcroots_scope_t outer = enter();
  gcroots_ref_t made;
  int32_t numbers[SLOTS];
  OK(gcroots_array_new_default(store, array_type, SLOTS, &made));
  gcroots_manually_rooted_t slots = root(made);
  OK(gcroots_scope_exit(store, outer));
  for (int i = 0; i < SLOTS; i++) numbers[i] = -1;
  for (int step = 0; step < 20000; step++) {
    gcroots_scope_t scope = enter();
    uint32_t from = random_below(SLOTS), to = random_below(SLOTS);
    gcroots_ref_t held;
    OK(gcroots_array_get_ref(store, slots.ref, from, &held));
    /* Each step moves a reference, copies it, or makes a new node that holds the old one
       twice. The old one's own references are cleared then. */
    if (step % 3 == 0) OK(gcroots_array_set_ref(store, slots.ref, from, gcroots_ref_null()));
    if (step % 3 == 2) {
      if (!gcroots_ref_is_null(held))
        set_field(held, 1, val_null()), set_field(held, 2, val_null());
      held = STRUCT(type, val_i32(step), val_ref(held), val_ref(held));
    }
    OK(gcroots_array_set_ref(store, slots.ref, to, held));
    int32_t number = step % 3 == 2 ? step : numbers[from];
    if (step % 3 == 0) numbers[from] = -1;
    numbers[to] = number;
    OK(gcroots_scope_exit(store, scope));
    if (step % 1000 == 0) OK(gcroots_store_verify(store));
  }
  collect_and_verify();
  for (uint32_t i = 0; i < SLOTS; i++) {
    gcroots_scope_t scope = enter();
    OK(gcroots_array_get_ref(store, slots.ref, i, &made));
    CHECK(gcroots_ref_is_null(made) == (numbers[i] < 0));
    if (numbers[i] >= 0) CHECK(field_i32(made, 0) == numbers[i]);
    OK(gcroots_scope_exit(store, scope));
  }
  OK(gcroots_manually_rooted_unroot(store, &slots));
  collect_and_verify();
  if (collects) CHECK(stats_of(store).objects == 0);
  gcroots_type_free(type);
  gcroots_type_free(array_type);
}

/* --- Wide and large objects ---------------------------------------------------- */

CASE(a_struct_of_ten_thousand_references_keeps_each) {
  use_graph_store(0);
  enum { WIDTH = 10000 };
  gcroots_field_type_t *fields = calloc(WIDTH, sizeof *fields);
  gcroots_type_t *leaf = node_type(0), *type;
  CHECK(fields != NULL);
  for (size_t i = 0; i < WIDTH; i++) fields[i] = any_field();
  type = new_struct(fields, WIDTH);
  free(fields);
  gcroots_manually_rooted_t wide = root(make_default(type));
  for (size_t i = 0; i < WIDTH; i++) {
    gcroots_scope_t scope = enter();
    set_field(wide.ref, i, val_ref(STRUCT(leaf, val_i32((int32_t)i))));
    OK(gcroots_scope_exit(store, scope));
  }
  collect_and_verify();
  CHECK(stats_of(store).objects >= WIDTH + 1);
  for (size_t i = 0; i < WIDTH; i++) {
    gcroots_scope_t scope = enter();
    CHECK(field_i32(field_ref(wide.ref, i), 0) == (int32_t)i);
    if (i % 2 == 0) set_field(wide.ref, i, val_null());
    OK(gcroots_scope_exit(store, scope));
  }
  collect_and_verify();
  if (collects) CHECK(stats_of(store).objects <= WIDTH + 1);
  OK(gcroots_manually_rooted_unroot(store, &wide));
  gcroots_type_free(type);
  gcroots_type_free(leaf);
}

static gcroots_type_t *bytes_type(void) {
  return new_array_type(mutable_of(GCROOTS_STORAGE_I8));
}

CASE(an_object_larger_than_half_the_free_space_fits_again_and_again) {
  enum { LIMIT = 1 << 20, USED = 100 << 10 };
  const size_t room = LIMIT / spaces() - USED - 4096;
  if (!collects) return;
  use_graph_store(LIMIT);
  gcroots_type_t *type = bytes_type();
  gcroots_ref_t used, large;
  gcroots_val_t value = val_i32(0x77);
  OK(gcroots_array_new(store, type, &value, USED, &used));
  for (int i = 0; i < 200; i++) {
    gcroots_scope_t scope = enter();
    uint8_t last[2] = {0, 0};
    value = val_i32(i);
    OK(gcroots_array_new(store, type, &value, room * 3 / 4, &large));
    OK(gcroots_array_read(store, large, room * 3 / 4 - 1, &last[0], 1));
    OK(gcroots_array_read(store, used, USED - 1, &last[1], 1));
    CHECK(last[0] == (uint8_t)i && last[1] == 0x77);
    /* While this array is alive there is no room for another one. */
    REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_OUT_OF_MEMORY,
                             gcroots_array_new(store, type, &value, room * 3 / 4, &large));
    OK(gcroots_scope_exit(store, scope));
  }
  OK(gcroots_store_verify(store));
  gcroots_type_free(type);
}

CASE(arrays_that_hold_each_other_die_together) {
  use_graph_store(0);
  gcroots_type_t *type = new_array_type(any_field());
  gcroots_scope_t scope = enter();
  gcroots_ref_t first, next, newest;
  OK(gcroots_array_new_default(store, type, 1000, &first));
  newest = new_local(first);
  for (size_t i = 0; i < 1000; i++) {
    gcroots_val_t value = val_ref(newest);
    OK(gcroots_array_new(store, type, &value, 100, &next));
    OK(gcroots_array_set_ref(store, first, i, next));
    OK(gcroots_ref_assign(store, newest, next));
  }
  collect_and_verify();
  CHECK(stats_of(store).objects == 1001);
  OK(gcroots_scope_exit(store, scope));
  collect_and_verify();
  if (collects) CHECK(stats_of(store).objects == 0);
  gcroots_type_free(type);
}
CASE(a_list_that_is_let_go_is_released_by_the_way) {
  if (!collects) return;
  use_graph_store(0);
  size_t count = scaled(1000000, 20000), made = 0;
  gcroots_type_t *type = node_type(1);
  gcroots_ref_t list = new_local(gcroots_ref_null());
  make_list(type, list, count);
  OK(gcroots_ref_assign(store, list, gcroots_ref_null()));
  /* No call asks for a collection. Allocations alone cause it. The scopes are long enough that a
     nursery's objects outlive it: where nothing is promoted, no full collection is due. */
  while (stats_of(store).objects >= count && made < 20 * count) {
    gcroots_scope_t scope = enter();
    for (size_t i = 0; i < count / 10; i++, made++) make_default(type);
    OK(gcroots_scope_exit(store, scope));
  }
  CHECK(stats_of(store).objects < count);
  OK(gcroots_store_verify(store));
  gcroots_type_free(type);
}

CASE(cycles_never_fill_a_heap) {
  if (!collects) return;
  use_graph_store(1 << 20);
  gcroots_type_t *type = node_type(2);
  for (size_t i = 0; i < scaled(400000, 20000); i++) {
    gcroots_scope_t scope = enter();
    gcroots_ref_t a = make_default(type);
    gcroots_ref_t b = STRUCT(type, val_i32(1), val_ref(a), val_null());
    OK(gcroots_struct_set_ref(store, a, 1, b));
    OK(gcroots_struct_set_ref(store, a, 2, a));
    OK(gcroots_scope_exit(store, scope));
  }
  collect_and_verify();
  CHECK(stats_of(store).objects == 0);
  gcroots_type_free(type);
}

enum { KEPT = 2000 };
static gcroots_manually_rooted_t kept[KEPT];

/* Replaces each array that stays, round by round, and makes one array that dies after
   it. `length` gives the length of an array from the round and the array's number. */
static void replace_arrays(const gcroots_type_t *type, int rounds, size_t (*length)(int, int)) {
  for (int round = 0; round < rounds; round++)
    for (int i = 0; i < 2 * KEPT; i += 2) {
      gcroots_scope_t scope = enter();
      gcroots_ref_t made;
      OK(gcroots_array_new_default(store, type, length(round, i), &made));
      OK(gcroots_manually_rooted_unroot(store, &kept[i / 2]));
      kept[i / 2] = root(made);
      OK(gcroots_array_new_default(store, type, length(round, i + 1), &made));
      OK(gcroots_scope_exit(store, scope));
    }
}

/* After replace_arrays() and a collection, a heap of one space uses at least half of its
   memory. */
static void half_is_in_use_after(int rounds, size_t (*length)(int, int)) {
  if (!collects) return;
  use_graph_store(0);
  gcroots_type_t *type = bytes_type();
  uint64_t live = 0;
  replace_arrays(type, rounds, length);
  collect_and_verify();
  gcroots_stats_t stats = stats_of(store);
  for (int i = 0; i < KEPT; i++) {
    size_t elements;
    OK(gcroots_array_len(store, kept[i].ref, &elements));
    live += (16 + elements + 7) / 8 * 8;
    OK(gcroots_manually_rooted_unroot(store, &kept[i]));
  }
  CHECK(stats.live_bytes == live && stats.objects == KEPT);
  if (!heap_has(MAY_MOVE)) CHECK(live * 2 >= stats.committed_bytes);
  gcroots_type_free(type);
}

static size_t by_round(int round, int i) {
  size_t length = round % 2 == 0 ? 2500 : 1000;
  return i % 2 == 0 ? length : length / 2;
}

CASE(memory_between_objects_is_merged_and_used_again) {
  half_is_in_use_after(41, by_round);
}

static size_t by_turns(int round, int i) {
  return (round + i / 2) % 2 == 0 ? 2500 : 1000;
}

CASE(memory_of_objects_of_two_sizes_is_used_again) {
  half_is_in_use_after(41, by_turns);
}

static size_t growing(int round, int i) {
  (void)i;
  return 200 + 100 * (size_t)round;
}

CASE(memory_of_small_objects_is_used_again_by_large_ones) {
  half_is_in_use_after(41, growing);
}
