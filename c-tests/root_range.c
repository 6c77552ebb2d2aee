/* Root ranges: slots that the embedder owns, some of which hold references. */
#include "arrays.h"

#include "threads.h"

static uint32_t raw_of(gcroots_ref_t ref) {
  uint32_t raw;
  OK(gcroots_ref_to_raw(store, ref, &raw));
  return raw;
}

static gcroots_ref_t from_raw(uint32_t raw) {
  gcroots_ref_t ref;
  OK(gcroots_ref_from_raw(store, raw, &ref));
  return ref;
}

static gcroots_root_source_t add(gcroots_root_range_t *range, const gcroots_slot_layout_t *layout) {
  gcroots_root_source_t source;
  OK(gcroots_root_range_add(store, range, layout, &source));
  return source;
}

/* Tells the library that slots from `slot` on may have been written. */
static void lower_unchanged(gcroots_root_range_t *of, size_t slot) {
  if (of->unchanged > slot) of->unchanged = slot;
}

static void remove_range(gcroots_root_source_t *source) {
  OK(gcroots_root_range_remove(store, source));
  CHECK(source->store_id == 0);
}

/* Makes an object that nothing roots, and returns its bits. */
static uint32_t unrooted(void *data, gcroots_finalizer_t finalizer) {
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref;
  uint32_t raw;
  OK(gcroots_externref_new(store, data, finalizer, &ref));
  raw = raw_of(ref);
  OK(gcroots_scope_exit(store, scope));
  return raw;
}

static void *data_at(uint32_t raw) {
  gcroots_scope_t scope = enter();
  void *data = data_of(from_raw(raw));
  OK(gcroots_scope_exit(store, scope));
  return data;
}

/* --- A stack machine ------------------------------------------------------------- */

enum { DEPTH = 4000 };
enum tag { NUMBER = 3, REFERENCE = 7 };

/* A value of the interpreter. Where the tag says that a value is not a reference, the
   bits are invalid as a reference. */
struct value {
  int64_t number;
  uint8_t tag, other[3];
  uint32_t reference;
};

static struct value stack[DEPTH];
static gcroots_root_range_t stack_range = {stack, 0, 0};
static const gcroots_slot_layout_t value_layout = {sizeof(struct value),
                                                   offsetof(struct value, reference),
                                                   offsetof(struct value, tag), 0xff, REFERENCE};
static gcroots_type_t *node_type;
static gcroots_layout_t node_layout;
static unsigned char *base;

static void start_machine(void) {
  void *address;
  node_type = new_node();
  node_layout = layout_of(node_type);
  OK(gcroots_heap_base(store, &address));
  base = address;
  add(&stack_range, &value_layout);
}

static void stop_machine(void) {
  gcroots_type_free(node_type);
  stack_range.count = 0;
}

/* Ends all values from this height on, or makes room for others. */
static void set_height(size_t height) {
  lower_unchanged(&stack_range, height < stack_range.count ? height : stack_range.count);
  stack_range.count = height;
}

static void push(enum tag tag, int64_t number, uint32_t reference) {
  struct value *top = &stack[stack_range.count];
  set_height(stack_range.count + 1);
  CHECK(stack_range.count <= DEPTH);
  top->number = number;
  top->tag = (uint8_t)tag;
  top->reference = reference;
}

static struct value pop(enum tag tag) {
  struct value top = stack[stack_range.count - 1];
  set_height(stack_range.count - 1);
  CHECK(top.tag == tag);
  return top;
}

static void push_number(int64_t number) {
  push(NUMBER, number, 0xdeadbeee);
}

static void push_reference(uint32_t reference) {
  push(REFERENCE, -1, reference);
}

enum code { NUM, NIL, NODE, LOAD, ADD, DUP, SWAP, ROT, DROP, GOTO, IF_EMPTY, CALL, RET, HALT };
struct op {
  enum code code;
  int64_t argument;
};

/* Takes a number and two nodes from the stack and makes a node of them. */
static void make(void) {
  gcroots_scope_t scope = enter();
  struct value *top = &stack[stack_range.count - 1];
  gcroots_ref_t first = from_raw(top[-1].reference), second = from_raw(top->reference), made;
  CHECK(top->tag == REFERENCE && top[-1].tag == REFERENCE);
  made = make_node(node_type, (int32_t)top[-2].number, first, second);
  set_height(stack_range.count - 2);
  pop(NUMBER);
  push_reference(raw_of(made));
  OK(gcroots_scope_exit(store, scope));
}

/* Replaces the node on top of the stack by one of its fields. */
static void load(int64_t field) {
  uint32_t bits;
  OK(gcroots_no_gc_enter(store));
  memcpy(&bits, base + 4 * (uint64_t)pop(REFERENCE).reference + node_layout.offsets[field],
         sizeof bits);
  OK(gcroots_no_gc_exit(store));
  if (field == 0)
    push_number((int32_t)bits);
  else
    push_reference(bits);
}

static bool pop_empty(void) {
  struct value *top = &stack[stack_range.count - 1];
  set_height(stack_range.count - 1);
  return top->tag == NUMBER ? top->number == 0 : top->reference == 0;
}

static void move_to_top(size_t depth) {
  struct value *top = &stack[stack_range.count - 1], moved = top[-(ptrdiff_t)depth];
  memmove(top - depth, top - depth + 1, depth * sizeof *top);
  *top = moved;
  lower_unchanged(&stack_range, stack_range.count - 1 - depth);
}

static void duplicate_top(void) {
  stack[stack_range.count] = stack[stack_range.count - 1];
  set_height(stack_range.count + 1);
}

static void run(const struct op *program, size_t at) {
  for (;; at++) {
    int64_t argument = program[at].argument;
    switch (program[at].code) {
      case NUM: push_number(argument); break;
      case NIL: push_reference(0); break;
      case NODE: make(); break;
      case LOAD: load(argument); break;
      case ADD: push_number(pop(NUMBER).number + pop(NUMBER).number); break;
      case DUP: duplicate_top(); break;
      case SWAP: move_to_top(1); break;
      case ROT: move_to_top(2); break;
      case DROP: set_height(stack_range.count - 1); break;
      case GOTO: at = (size_t)argument - 1; break;
      case IF_EMPTY: at = pop_empty() ? (size_t)argument - 1 : at; break;
      case CALL: push_number((int64_t)at), at = (size_t)argument - 1; break;
      case RET: at = (size_t)pop(NUMBER).number; break;
      case HALT: return;
    }
  }
}

enum { NUMBERS = 500, TREE = 8 };

CASE(a_stack_machine_builds_lists_and_reads_them) {
  /* The program makes a list of the numbers from 1 on and adds them up. */
  static const struct op program[] = {
      {NIL, 0},   {NUM, NUMBERS},                                             /* 0: list n */
      {DUP, 0},   {IF_EMPTY, 12},                                             /* 2 */
      {DUP, 0},   {ROT, 0},       {NIL, 0},  {NODE, 0},                       /* 4: n list */
      {SWAP, 0},  {NUM, -1},      {ADD, 0},  {GOTO, 2},                       /* 8: list n */
      {DROP, 0},  {NUM, 0},       {SWAP, 0},                                  /* 12: sum list */
      {DUP, 0},   {IF_EMPTY, 24},                                             /* 15 */
      {DUP, 0},   {LOAD, 0},      {ROT, 0},  {ADD, 0},  {SWAP, 0}, {LOAD, 1}, /* 17: sum list */
      {GOTO, 15}, {DROP, 0},      {HALT, 0}};                                 /* 23 */
  start_machine();
  for (int round = 0; round < 3; round++) {
    push_reference(unrooted(&stack, NULL));
    run(program, 0);
    CHECK(pop(NUMBER).number == NUMBERS * (NUMBERS + 1) / 2);
    CHECK(data_at(pop(REFERENCE).reference) == &stack && stack_range.count == 0);
    OK(gcroots_store_gc(store));
  }
  if (collects) CHECK(stats_of(store).objects == 0);
  stop_machine();
}

CASE(a_stack_machine_builds_trees_and_reads_them) {
  /* The program makes a tree whose nodes hold their heights and adds the numbers up. */
  static const struct op program[] = {
      {NUM, TREE}, {CALL, 4}, {CALL, 25},     {HALT, 0},             /* 0 */
      {SWAP, 0},   {DUP, 0},  {IF_EMPTY, 20},                        /* 4: return n */
      {DUP, 0},    {NUM, -1}, {ADD, 0},       {CALL, 4},             /* 7: return n tree */
      {SWAP, 0},   {DUP, 0},  {NUM, -1},      {ADD, 0},   {CALL, 4}, /* 11: return tree n tree */
      {ROT, 0},    {NODE, 0}, {SWAP, 0},      {RET, 0},              /* 16 */
      {NIL, 0},    {NIL, 0},  {NODE, 0},      {SWAP, 0},  {RET, 0},  /* 20 */
      {SWAP, 0},   {DUP, 0},  {IF_EMPTY, 41},                        /* 25: return tree */
      {DUP, 0},    {LOAD, 1}, {CALL, 25},                            /* 28: return tree sum */
      {SWAP, 0},   {DUP, 0},  {LOAD, 2},      {CALL, 25},            /* 31: return sum tree sum */
      {ROT, 0},    {ADD, 0},  {SWAP, 0},      {LOAD, 0},  {ADD, 0},
      {GOTO, 43},             /* 35: return sum */
      {DROP, 0},   {NUM, 0},  /* 41: return sum */
      {SWAP, 0},   {RET, 0}}; /* 43 */
  start_machine();
  for (int round = 0; round < 3; round++) {
    run(program, 0);
    CHECK(pop(NUMBER).number == (2 << TREE) - TREE - 2 && stack_range.count == 0);
  }
  OK(gcroots_store_gc(store));
  if (collects) CHECK(stats_of(store).objects == 0);
  stop_machine();
}

/* --- What slots do ----------------------------------------------------------------- */

enum { SLOTS = 64 };
static uint32_t slots[SLOTS];
static gcroots_root_range_t range = {slots, SLOTS, 0};
static int numbers[SLOTS];

static void set_slot(int slot, uint32_t bits) {
  slots[slot] = bits;
  lower_unchanged(&range, (size_t)slot);
}

static void clear_slots(void) {
  memset(slots, 0, sizeof slots);
  range.unchanged = 0;
}

/* Puts a new object into each slot. The object's data count how often it is finalized. */
static void fill_slots(void) {
  for (int i = 0; i < SLOTS; i++) set_slot(i, unrooted(&numbers[i], count_call));
}

static void check_slots(void) {
  for (int i = 0; i < SLOTS; i++) CHECK(numbers[i] == 0 && data_at(slots[i]) == &numbers[i]);
}

CASE(slots_follow_objects) {
  uint32_t before[SLOTS];
  gcroots_root_source_t source = add(&range, NULL);
  fill_slots();
  memcpy(before, slots, sizeof before);
  for (int round = 0; round < 3; round++) {
    OK(gcroots_store_gc(store));
    check_slots();
  }
  CHECK(may_have(memcmp(before, slots, sizeof before) != 0));
  CHECK(stats_of(store).objects == SLOTS);
  remove_range(&source);
  OK(gcroots_store_gc(store));
  for (int i = 0; i < SLOTS; i++) CHECK(numbers[i] == (collects ? 1 : 0));
}

/* Runs steps of this budget until the collection is complete. */
static void finish_steps(size_t budget) {
  bool done = false;
  while (!done) OK(gcroots_store_gc_step(store, budget, &done));
}

CASE(slots_follow_objects_in_steps) {
  uint32_t before[SLOTS];
  add(&range, NULL);
  fill_slots();
  memcpy(before, slots, sizeof before);
  for (size_t budget = 0; budget < 3000; budget += 1000) {
    OK(gcroots_store_gc_start(store));
    finish_steps(budget);
    OK(gcroots_store_verify(store));
    check_slots();
  }
  CHECK(may_have(memcmp(before, slots, sizeof before) != 0));
  CHECK(stats_of(store).objects == SLOTS);
}

CASE(slots_are_read_in_the_first_step) {
  add(&range, NULL);
  fill_slots();
  OK(gcroots_store_gc_start(store));
  clear_slots();
  finish_steps(100);
  for (int i = 0; i < SLOTS; i++) CHECK(numbers[i] == (collects ? 1 : 0));
}

CASE(a_slot_that_refers_to_nothing_refuses_the_first_step) {
  uint32_t before[SLOTS];
  unsigned char done = 77;
  /* Under stress a collection may be under way already. */
  if (!collects || (stressed && heap_has(BETWEEN))) return;
  add(&range, NULL);
  fill_slots();
  for (int end = 0; end < 3; end++) {
    uint32_t kept = slots[5];
    slots[5] = UINT32_MAX - 1;
    memcpy(before, slots, sizeof before);
    OK(gcroots_store_gc_start(store));
    for (int i = 0; i < 2; i++)
      REFUSED_SAYING(GCROOTS_ERROR_INVALID_ARGUMENT, "slot 5",
                     gcroots_store_gc_step(store, 1, (bool *)&done));
    CHECK(done == 77 && memcmp(before, slots, sizeof before) == 0);
    if (!heap_has(BETWEEN)) REFUSED(GCROOTS_ERROR_BUSY, gcroots_store_gc(store));
    if (end == 0) OK(gcroots_store_gc_cancel(store));
    slots[5] = kept;
    if (end == 1) OK(gcroots_store_gc_cancel(store));
    if (end == 2) finish_steps(1);
    OK(gcroots_store_verify(store));
    check_slots();
  }
}

CASE(slots_are_roots_of_collections_that_allocations_need) {
  gcroots_store_t *fixture = store;
  int before = 0;
  store = new_store(64 << 10);
  add(&range, NULL);
  fill_slots();
  while (collects && stats_of(store).collections < 10 && before++ < 100000) unrooted(NULL, NULL);
  CHECK(!collects || stats_of(store).collections >= 10);
  check_slots();
  free_store();
  store = fixture;
}

CASE(slots_keep_what_their_objects_refer_to) {
  gcroots_type_t *node = new_node();
  gcroots_scope_t scope = enter();
  gcroots_ref_t list = gcroots_ref_null();
  add(&range, NULL);
  for (int i = 0; i < 50; i++) list = make_node(node, i, list, gcroots_ref_null());
  set_slot(3, raw_of(list));
  OK(gcroots_scope_exit(store, scope));
  for (int i = 0; i < 3; i++) OK(gcroots_store_gc(store));
  list = from_raw(slots[3]);
  for (int i = 49; i >= 0; i--) {
    CHECK(field_i32(list, 0) == i);
    list = field_ref(list, 1);
  }
  CHECK(stats_of(store).objects == 50);
  gcroots_type_free(node);
}

CASE(slots_without_a_reference_stay) {
  uint32_t before[SLOTS];
  add(&range, NULL);
  for (int i = 0; i < SLOTS; i++) set_slot(i, i % 3 == 0 ? 0 : (uint32_t)i * 2654435761U | 1);
  memcpy(before, slots, sizeof before);
  unrooted(NULL, NULL);
  OK(gcroots_store_gc(store));
  OK(gcroots_store_verify(store));
  CHECK(memcmp(before, slots, sizeof before) == 0);
}

CASE(an_emptied_slot_lets_its_object_die) {
  add(&range, NULL);
  fill_slots();
  for (int i = 0; i < SLOTS; i += 2) set_slot(i, 0);
  OK(gcroots_store_gc(store));
  for (int i = 0; i < SLOTS; i++) CHECK(numbers[i] == (collects && i % 2 == 0 ? 1 : 0));
}

CASE(a_range_is_read_at_each_collection) {
  static gcroots_root_range_t moving;
  add(&moving, NULL);
  fill_slots();
  memset(numbers, 0, sizeof numbers);
  for (size_t count = 1; count <= 4096; count *= 2) {
    uint32_t *grown = realloc(moving.slots, count * sizeof *grown);
    CHECK(grown != NULL);
    for (size_t i = moving.count; i < count; i++) grown[i] = 0;
    moving.slots = grown;
    moving.count = count;
    for (size_t i = count / 2; i < count; i++) {
      ((uint32_t *)moving.slots)[i] = unrooted(&numbers[i % SLOTS], NULL);
      lower_unchanged(&moving, i);
    }
    for (size_t i = 0; i < count; i += 7)
      CHECK(data_at(((uint32_t *)moving.slots)[i]) == &numbers[i % SLOTS]);
    OK(gcroots_store_gc(store));
  }
  CHECK(!collects || stats_of(store).objects == 4096);
  moving.count = 100;
  OK(gcroots_store_gc(store));
  CHECK(!collects || stats_of(store).objects == 100);
  moving.count = 0;
  free(moving.slots);
  moving.slots = NULL;
  OK(gcroots_store_gc(store));
  CHECK(!collects || stats_of(store).objects == 0);
}

/* --- Tags ----------------------------------------------------------------------------- */

CASE(only_slots_with_the_tag_are_references) {
  static const struct {
    uint8_t mask, tag;
  } tags[] = {{0xff, 5}, {0xff, 0}, {0xf0, 0x30}, {1, 1}, {1, 0}, {0x80, 0}, {0, 0}};
  static struct {
    uint8_t other, tag;
    uint16_t more;
    uint32_t number, reference;
  } tagged[256];
  static gcroots_root_range_t tagged_range = {tagged, 256, 0};
  gcroots_slot_layout_t layout = {sizeof *tagged, 8, 1, 0, 0};
  for (size_t i = 0; i < COUNT_OF(tags); i++) {
    uint64_t kept = 0;
    gcroots_root_source_t source;
    layout.tag_mask = tags[i].mask;
    layout.tag = tags[i].tag;
    memset(tagged, 0xfe, sizeof tagged);
    for (int at = 0; at < 256; at++) {
      bool is = (at & tags[i].mask) == tags[i].tag;
      tagged[at].tag = (uint8_t)at;
      tagged[at].reference = is ? 0 : 0xfffffffe;
    }
    source = add(&tagged_range, &layout);
    for (int at = 0; at < 256; at++)
      if (tagged[at].reference == 0) {
        tagged[at].reference = unrooted(&tagged[at], NULL);
        lower_unchanged(&tagged_range, (size_t)at);
        kept++;
      }
    OK(gcroots_store_gc(store));
    for (int at = 0; at < 256; at++)
      if (tagged[at].reference == 0xfffffffe)
        CHECK((at & tags[i].mask) != tags[i].tag);
      else
        CHECK(data_at(tagged[at].reference) == &tagged[at]);
    CHECK(!collects || stats_of(store).objects == kept);
    remove_range(&source);
  }
}

CASE(ranges_may_share_slots) {
  struct pair {
    uint32_t first, second;
  };
  static struct pair pairs[SLOTS];
  static gcroots_root_range_t pair_range = {pairs, SLOTS, 0}, all = {pairs, 2 * SLOTS, 0};
  gcroots_slot_layout_t first = {8, 0, 0, 0, 0}, second = {8, 4, 0, 0, 0};
  add(&pair_range, &first);
  add(&pair_range, &second);
  add(&all, NULL);
  add(&all, NULL);
  for (int i = 0; i < SLOTS; i++) {
    pairs[i].first = unrooted(&pairs[i].first, NULL);
    pair_range.unchanged = all.unchanged = 0;
    pairs[i].second = unrooted(&pairs[i].second, NULL);
    pair_range.unchanged = all.unchanged = 0;
  }
  for (int round = 0; round < 3; round++) {
    OK(gcroots_store_gc(store));
    for (int i = 0; i < SLOTS; i++) {
      CHECK(data_at(pairs[i].first) == &pairs[i].first);
      CHECK(data_at(pairs[i].second) == &pairs[i].second);
    }
    unrooted(NULL, NULL);
  }
}

CASE(many_ranges_are_read) {
  enum { RANGES = 2000 };
  static gcroots_root_range_t ranges[RANGES];
  static uint32_t bits[RANGES];
  static gcroots_root_source_t sources[RANGES];
  for (int i = 0; i < RANGES; i++) {
    ranges[i].slots = &bits[i];
    ranges[i].count = 1;
    sources[i] = add(&ranges[i], NULL);
  }
  OK(gcroots_no_gc_enter(store));
  for (int i = 0; i < RANGES; i++) bits[i] = unrooted(&bits[i], NULL);
  OK(gcroots_no_gc_exit(store));
  for (int i = 0; i < RANGES; i += 2) remove_range(&sources[i]);
  OK(gcroots_store_gc(store));
  CHECK(stats_of(store).objects == (collects ? RANGES / 2 : RANGES));
  for (int i = 1; i < RANGES; i += 2) CHECK(data_at(bits[i]) == &bits[i]);
}

static gcroots_root_source_t held;

static void let_go(void *data) {
  ++*(int *)data;
  remove_range(&held);
}

CASE(what_a_finalizer_lets_go_is_collected) {
  int finalized = 0;
  held = add(&range, NULL);
  fill_slots();
  if (!run_as_finalizer(let_go, &finalized)) return;
  CHECK(finalized == 1);
  for (int i = 0; i < SLOTS; i++) CHECK(numbers[i] == 1);
}

static void empty_slots(void *data) {
  ++*(int *)data;
  clear_slots();
}

CASE(what_a_finalizer_empties_is_collected) {
  int finalized = 0;
  gcroots_root_source_t source = add(&range, NULL);
  fill_slots();
  if (!run_as_finalizer(empty_slots, &finalized)) return;
  CHECK(finalized == 1);
  for (int i = 0; i < SLOTS; i++) CHECK(numbers[i] == 1);
  remove_range(&source);
}

/* --- Unchanged slots --------------------------------------------------------------------- */

/* Replaces the fixture's engine and store by ones with exact slots. */
static void use_exact_slots(void) {
  gcroots_config_t *config = variant_config(0);
  OK(gcroots_config_set_exact_slots(config, true));
  OK(gcroots_store_free(store));
  gcroots_engine_free(engine);
  OK(gcroots_engine_new(config, &engine));
  gcroots_config_free(config);
  OK(gcroots_store_new(engine, &store));
}

/* A slot that holds `after` instead of `before` is found if the engine checks. */
static void change_is_found(bool checks, gcroots_root_source_t source, int slot, uint32_t before,
                            uint32_t after) {
  char text[160];
  size_t unchanged = range.unchanged;
  CHECK(snprintf(text, sizeof text,
                 "root source %u: slot %d is below `unchanged`, which is %zu, but has changed from "
                 "0x%x to 0x%x",
                 source.index, slot, unchanged, before, after) > 0);
  if (!checks) {
    OK(gcroots_store_verify(store));
    return;
  }
  for (int i = 0; i < 2; i++) {
    REFUSED_SAYING(GCROOTS_ERROR_INVALID_ARGUMENT, text, gcroots_store_gc(store));
    REFUSED_SAYING(GCROOTS_ERROR_INVALID_ARGUMENT, text, gcroots_store_verify(store));
  }
  CHECK(range.unchanged == unchanged && slots[slot] == after);
}

CASE(a_collection_sets_unchanged) {
  gcroots_root_source_t source;
  range.unchanged = 77;
  source = add(&range, NULL);
  CHECK(range.unchanged == 0);
  fill_slots();
  range.count = 10;
  OK(gcroots_store_gc(store));
  CHECK(range.unchanged == (collects ? 10 : 0));
  for (int i = 10; i < SLOTS; i++) slots[i] = 0;
  range.count = SLOTS;
  OK(gcroots_store_gc(store));
  CHECK(range.unchanged == (collects ? SLOTS : 0));
  range.unchanged = 3;
  OK(gcroots_store_verify(store));
  CHECK(range.unchanged == 3);
  remove_range(&source);
  OK(gcroots_store_gc(store));
  CHECK(range.unchanged == 3);
}

CASE(the_first_step_of_a_collection_sets_unchanged) {
  bool done = false;
  if (!collects) return;
  add(&range, NULL);
  fill_slots();
  for (int budget = 0; budget <= 1; budget++) {
    uint64_t lowered = heap_has(NURSERY) ? 0 : 4;
    range.unchanged = lowered;
    OK(gcroots_store_gc_start(store));
    CHECK(range.unchanged == lowered);
    OK(gcroots_store_gc_cancel(store));
    CHECK(range.unchanged == lowered);
    OK(gcroots_store_gc_start(store));
    OK(gcroots_store_gc_step(store, (size_t)budget, &done));
    CHECK(range.unchanged == SLOTS);
    /* What is written between the steps stays lowered, until a minor collection has seen it. */
    slots[7] = slots[6];
    range.unchanged = 7;
    finish_steps(100);
    CHECK(range.unchanged == (heap_has(BETWEEN) ? SLOTS : 7));
    OK(gcroots_store_gc(store));
    CHECK(range.unchanged == SLOTS && data_at(slots[7]) == &numbers[6]);
  }
}

CASE(a_refused_collection_leaves_unchanged) {
  uint32_t kept;
  if (!collects) return;
  add(&range, NULL);
  fill_slots();
  range.unchanged = 9;
  kept = slots[20];
  slots[20] = UINT32_MAX - 1;
  REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_store_gc(store));
  CHECK(range.unchanged == 9);
  slots[20] = kept;
  OK(gcroots_store_gc(store));
  CHECK(range.unchanged == SLOTS);
}

/* Slots that are written without lowering `unchanged`. */
static void write_below_unchanged(bool checks) {
  gcroots_root_source_t source = add(&range, NULL);
  uint32_t made, kept;
  if (!collects) return;
  fill_slots();
  OK(gcroots_store_gc(store));
  for (int slot = 0; slot < SLOTS; slot += 21) {
    /* Another object, an i31, null. */
    uint32_t others[] = {slots[(slot + 1) % SLOTS], 5, 0};
    kept = slots[slot];
    for (size_t i = 0; i < COUNT_OF(others); i++) {
      slots[slot] = others[i];
      range.unchanged = (size_t)slot + 1;
      change_is_found(checks, source, slot, kept, others[i]);
      /* More slots than there are: all. */
      range.unchanged = SIZE_MAX;
      change_is_found(checks, source, slot, kept, others[i]);
      /* The slot itself is no longer said to be unchanged. */
      range.unchanged = (size_t)slot;
      OK(gcroots_store_verify(store));
    }
    slots[slot] = kept;
    range.unchanged = SLOTS;
    OK(gcroots_store_gc(store));
  }
  /* In a range that no collection has seen. */
  remove_range(&source);
  source = add(&range, NULL);
  range.unchanged = 1;
  change_is_found(checks, source, 0, 0, slots[0]);
  range.unchanged = 0;
  OK(gcroots_store_gc(store));
  check_slots();
  /* Popped, and pushed again. */
  range.count = 5;
  OK(gcroots_store_verify(store));
  made = slots[6];
  kept = slots[5];
  slots[5] = made;
  range.count = 6;
  change_is_found(checks, source, 5, kept, made);
  lower_unchanged(&range, 5);
  OK(gcroots_store_gc(store));
  CHECK(range.unchanged == 6 && data_at(slots[5]) == &numbers[6]);
}

CASE(a_slot_that_is_written_below_unchanged_is_found_under_stress) {
  write_below_unchanged(stressed);
}

CASE(a_slot_that_is_written_below_unchanged_is_found_with_exact_slots) {
  use_exact_slots();
  write_below_unchanged(true);
}

CASE(an_allocation_finds_a_slot_below_unchanged) {
  gcroots_ref_t out = untouched();
  add(&range, NULL);
  if (!stressed) return;
  fill_slots();
  new_externref(NULL);
  slots[2] = slots[3];
  REFUSED_SAYING(GCROOTS_ERROR_INVALID_ARGUMENT, "slot 2 is below `unchanged`",
                 gcroots_externref_new(store, NULL, NULL, &out));
  CHECK(same_bits(out, untouched()));
  lower_unchanged(&range, 2);
  new_externref(NULL);
  CHECK(data_at(slots[2]) == &numbers[3]);
}

CASE(a_slot_that_is_written_between_steps_is_found) {
  gcroots_root_source_t source;
  uint32_t kept;
  bool done;
  use_exact_slots();
  source = add(&range, NULL);
  if (!collects) return;
  fill_slots();
  OK(gcroots_store_gc_start(store));
  OK(gcroots_store_gc_step(store, 0, &done));
  CHECK(!done);
  kept = slots[1];
  finish_steps(1000);
  slots[1] = slots[0];
  change_is_found(true, source, 1, kept, slots[1]);
  OK(gcroots_store_gc_start(store));
  REFUSED_SAYING(GCROOTS_ERROR_INVALID_ARGUMENT, "slot 1 is below `unchanged`",
                 gcroots_store_gc_step(store, 1, &done));
  lower_unchanged(&range, 1);
  finish_steps(1000);
  CHECK(range.unchanged == SLOTS && data_at(slots[1]) == &numbers[0]);
}

CASE(only_references_below_unchanged_are_compared) {
  use_exact_slots();
  add(&stack_range, &value_layout);
  if (!collects) return;
  push_number(1);
  push_reference(unrooted(&numbers[0], NULL));
  push_number(2);
  OK(gcroots_store_gc(store));
  CHECK(stack_range.unchanged == 3);
  stack[0].number = stack[2].number = 7;
  stack[0].reference = 8;
  OK(gcroots_store_gc(store));
  /* A number that becomes a reference, and a reference that becomes a number. */
  stack[2].reference = stack[1].reference;
  stack[2].tag = REFERENCE;
  REFUSED_SAYING(GCROOTS_ERROR_INVALID_ARGUMENT, "slot 2 is below `unchanged`",
                 gcroots_store_gc(store));
  stack[2].tag = stack[1].tag = NUMBER;
  REFUSED_SAYING(GCROOTS_ERROR_INVALID_ARGUMENT, "slot 1 is below `unchanged`",
                 gcroots_store_gc(store));
  lower_unchanged(&stack_range, 1);
  OK(gcroots_store_gc(store));
  CHECK(stats_of(store).objects == 0 && stack_range.unchanged == 3);
}

CASE(slots_that_move_are_unchanged) {
  static uint32_t moved[2 * SLOTS];
  use_exact_slots();
  add(&range, NULL);
  fill_slots();
  OK(gcroots_store_gc(store));
  memcpy(moved, slots, sizeof slots);
  memset(slots, 0xfe, sizeof slots);
  range.slots = moved;
  range.count = 2 * SLOTS;
  OK(gcroots_store_gc(store));
  CHECK(range.unchanged == (collects ? 2 * SLOTS : 0));
  for (int i = 0; i < SLOTS; i++) CHECK(data_at(moved[i]) == &numbers[i]);
}

CASE(without_memory_for_copies_the_next_collection_finds_nothing) {
  enum { MORE = 1 << 20 };
  static gcroots_root_range_t more = {NULL, MORE, 0};
  gcroots_root_source_t source;
  uint32_t kept;
  add(&range, NULL);
  if (!stressed) return;
  fill_slots();
  OK(gcroots_store_gc(store));
  OK(gcroots_store_trim(store));
  /* A range of more slots, for which there is no room yet. */
  more.slots = calloc(MORE, sizeof(uint32_t));
  CHECK(more.slots != NULL);
  source = add(&more, NULL);
  memory_out(true);
  OK(gcroots_store_gc(store));
  memory_out(false);
  CHECK(range.unchanged == SLOTS && more.unchanged == MORE);
  kept = slots[0];
  slots[0] = slots[1];
  OK(gcroots_store_verify(store));
  slots[0] = kept;
  OK(gcroots_store_gc(store));
  slots[0] = slots[1];
  REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_store_gc(store));
  lower_unchanged(&range, 0);
  remove_range(&source);
  free(more.slots);
}

/* --- Garbage --------------------------------------------------------------------------- */

/* A collection and a verification refuse a slot that refers to nothing. */
static void slot_is_refused(gcroots_root_source_t source, int slot) {
  char text[80], tail[80];
  uint32_t before[SLOTS];
  CHECK(snprintf(text, sizeof text, "root source %u:", source.index) > 0);
  CHECK(snprintf(tail, sizeof tail, "slot %d has 0x%x,", slot, slots[slot]) > 0);
  memcpy(before, slots, sizeof before);
  if (!collects) OK(gcroots_store_gc(store));
  if (collects) {
    REFUSED_SAYING(GCROOTS_ERROR_INVALID_ARGUMENT, text, gcroots_store_gc(store));
    REFUSED_SAYING(GCROOTS_ERROR_INVALID_ARGUMENT, tail, gcroots_store_gc(store));
  }
  REFUSED_SAYING(GCROOTS_ERROR_INVALID_ARGUMENT, text, gcroots_store_verify(store));
  REFUSED_SAYING(GCROOTS_ERROR_INVALID_ARGUMENT, tail, gcroots_store_verify(store));
  if (stressed) {
    gcroots_ref_t out = untouched();
    /* A minor collection does not read the slots that have not changed. */
    REFUSED_SAYING(GCROOTS_ERROR_INVALID_ARGUMENT, heap_has(NURSERY) ? text : tail,
                   gcroots_externref_new(store, NULL, NULL, &out));
    CHECK(same_bits(out, untouched()));
  }
  CHECK(memcmp(before, slots, sizeof before) == 0);
}

CASE(a_slot_that_refers_to_nothing_refuses_a_collection) {
  /* Bits that lie behind all objects. */
  static const uint32_t bits[] = {1U << 20, 1U << 30, 1U << 31, UINT32_MAX - 1};
  gcroots_root_source_t source = add(&range, NULL);
  fill_slots();
  for (int i = 0; i < 4 * (int)COUNT_OF(bits); i++) {
    int slot = i * 9 % SLOTS;
    uint32_t kept = slots[slot];
    slots[slot] = bits[i / 4];
    range.unchanged = 0;
    slot_is_refused(source, slot);
    slots[slot] = kept;
    OK(gcroots_store_gc(store));
    check_slots();
  }
}

CASE(a_store_without_a_heap_has_no_objects_for_slots) {
  gcroots_ref_t out = untouched();
  gcroots_root_source_t source = add(&range, NULL);
  slots[1] = 2;
  /* Succeeds, since there is nothing to collect. */
  OK(gcroots_store_gc(store));
  REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_store_verify(store));
  if (stressed)
    REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_externref_new(store, NULL, NULL, &out));
  remove_range(&source);
  OK(gcroots_store_verify(store));
}

CASE(a_freed_object_in_a_slot_refuses_a_collection) {
  uint32_t stale = unrooted(NULL, NULL);
  gcroots_root_source_t source = add(&range, NULL);
  OK(gcroots_store_gc(store));
  if (!collects) return;
  slots[0] = stale;
  slot_is_refused(source, 0);
  slots[0] = 0;
}

CASE(a_slot_refuses_an_allocation_that_has_to_collect) {
  gcroots_store_t *fixture = store;
  gcroots_status_t status = GCROOTS_OK;
  int finalized = 0, count = 0;
  store = new_store(64 << 10);
  add(&range, NULL);
  while (status == GCROOTS_OK) {
    gcroots_scope_t scope = enter();
    gcroots_ref_t ref = untouched();
    status = gcroots_externref_new(store, &finalized, count_call, &ref);
    CHECK(same_bits(ref, untouched()) == (status != GCROOTS_OK));
    OK(gcroots_scope_exit(store, scope));
    count += status == GCROOTS_OK;
    slots[5] = UINT32_MAX - 1;
  }
  CHECK(status == (collects ? GCROOTS_ERROR_INVALID_ARGUMENT : GCROOTS_ERROR_OUT_OF_MEMORY));
  CHECK(finalized == 0 && stats_of(store).collections == (stressed ? 1 : 0));
  slots[5] = 0;
  if (collects) {
    new_externref(NULL);
    CHECK(finalized == count || heap_has(MINOR_FIRST));
  }
  free_store();
  store = fixture;
  CHECK(finalized == count);
}

CASE(a_slot_does_not_refuse_what_needs_no_collection) {
  gcroots_ref_t out;
  add(&range, NULL);
  new_externref(NULL);
  slots[7] = UINT32_MAX - 1;
  OK(gcroots_no_gc_enter(store));
  for (int i = 0; i < 1000; i++) OK(gcroots_externref_new(store, NULL, NULL, &out));
  REFUSED(GCROOTS_ERROR_NO_GC, gcroots_store_gc(store));
  slots[7] = 0;
}

CASE(bits_inside_an_object_are_found_by_verification) {
  gcroots_root_source_t source = add(&range, NULL);
  gcroots_type_t *array = array_of(GCROOTS_STORAGE_I32);
  gcroots_ref_t ref = make_zeros(array, 10);
  int32_t looks_like_one[2] = {GCROOTS_REF_EXTERN, 0};
  OK(gcroots_array_write(store, ref, 2, looks_like_one, 2));
  slots[2] = raw_of(ref) + (16 + 2 * 4) / 4;
  slots[3] = raw_of(ref);
  lower_unchanged(&range, 2);
  REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_store_verify(store));
  slots[2] = raw_of(ref) + 2;
  slot_is_refused(source, 2);
  slots[2] = 0;
  OK(gcroots_store_gc(store));
  CHECK(same_object(from_raw(slots[3]), ref));
  gcroots_type_free(array);
}

CASE(with_exact_slots_bits_inside_an_object_refuse_a_collection) {
  gcroots_root_source_t source;
  gcroots_type_t *array;
  gcroots_ref_t ref;
  int32_t looks_like_one[2] = {GCROOTS_REF_EXTERN, 0};
  use_exact_slots();
  array = array_of(GCROOTS_STORAGE_I32);
  source = add(&range, NULL);
  ref = make_zeros(array, 10);
  OK(gcroots_array_write(store, ref, 2, looks_like_one, 2));
  for (int inside = 1; inside < 7; inside++) {
    slots[2] = raw_of(ref) + 2 * (uint32_t)inside;
    slot_is_refused(source, 2);
  }
  set_slot(2, raw_of(ref));
  for (int i = 0; i < 3; i++) OK(gcroots_store_gc(store));
  CHECK(same_object(from_raw(slots[2]), ref));
  gcroots_type_free(array);
}

CASE(a_range_that_cannot_be_refuses_a_collection) {
  static const gcroots_root_range_t good = {slots, SLOTS, 0};
  static const struct {
    gcroots_root_range_t range;
    const char *text;
  } bad[] = {{{NULL, 1, 0}, "is NULL"},
             {{(char *)slots + 1, 1, 0}, "is not aligned"},
             {{(char *)slots + 2, 0, 0}, "is not aligned"},
             {{slots, SIZE_MAX, 0}, "does not leave room for them"},
             {{slots, SIZE_MAX / 4, 0}, "does not leave room for them"},
             {{slots, SIZE_MAX / 8 + 1, 0}, "does not leave room for them"},
             {{(void *)(UINTPTR_MAX - 15), 4, 0}, "does not leave room for them"}};
  add(&range, NULL);
  fill_slots();
  for (size_t i = 0; i < COUNT_OF(bad); i++) {
    range = bad[i].range;
    if (collects)
      REFUSED_SAYING(GCROOTS_ERROR_INVALID_ARGUMENT, bad[i].text, gcroots_store_gc(store));
    REFUSED_SAYING(GCROOTS_ERROR_INVALID_ARGUMENT, bad[i].text, gcroots_store_verify(store));
    range = good;
    OK(gcroots_store_gc(store));
    check_slots();
  }
}

/* --- Adding and removing ------------------------------------------------------------------ */

CASE(a_layout_that_no_slot_has_is_refused) {
  static const struct {
    gcroots_slot_layout_t layout;
    const char *text;
  } bad[] = {{{0, 0, 0, 0, 0}, "`slot_bytes` is 0"},
             {{3, 0, 0, 0, 0}, "`slot_bytes` is 3"},
             {{6, 0, 0, 0, 0}, "`slot_bytes` is 6"},
             {{SIZE_MAX, 0, 0, 0, 0}, "`slot_bytes` is"},
             {{8, 2, 0, 0, 0}, "`ref_offset` is 2"},
             {{8, 8, 0, 0, 0}, "`ref_offset` is 8"},
             {{8, SIZE_MAX - 3, 0, 0, 0}, "`ref_offset` is"},
             {{8, 0, 8, 1, 1}, "`tag_offset` is 8"},
             {{8, 0, SIZE_MAX, 0, 0}, "`tag_offset` is"},
             {{8, 0, 3, 1, 1}, "`tag_offset` is 3"},
             {{8, 4, 4, 1, 0}, "`tag_offset` is 4"},
             {{8, 4, 7, 0xff, 0}, "`tag_offset` is 7"},
             {{8, 4, 0, 1, 2}, "`tag` is 2"},
             {{8, 4, 0, 0, 1}, "`tag` is 1"}};
  gcroots_root_source_t source = {1, 2, 3};
  for (size_t i = 0; i < COUNT_OF(bad); i++)
    REFUSED_SAYING(GCROOTS_ERROR_INVALID_ARGUMENT, bad[i].text,
                   gcroots_root_range_add(store, &range, &bad[i].layout, &source));
  CHECK(source.store_id == 1 && source.generation == 2 && source.index == 3);
}

CASE(a_range_at_an_address_that_is_not_aligned_is_refused) {
  static char bytes[64];
  for (int i = 1; i < 8; i++) {
    void *address = bytes + (8 - (uintptr_t)bytes % 8) + i;
    gcroots_root_source_t source;
    REFUSED_SAYING(GCROOTS_ERROR_INVALID_ARGUMENT, "`range`",
                   gcroots_root_range_add(store, address, NULL, &source));
  }
}

static gcroots_status_t remove_both(gcroots_root_source_t source) {
  gcroots_root_source_t kept = source;
  gcroots_status_t status;
  REFUSED(gcroots_root_range_remove(store, &source), gcroots_root_visitor_remove(store, &source));
  status = gcroots_root_range_remove(store, &source);
  CHECK(memcmp(&source, &kept, sizeof source) == 0);
  return status;
}

CASE(handles_that_name_no_range_are_refused) {
  gcroots_root_source_t source = add(&range, NULL), removed, other = add(&range, NULL), bits;
  gcroots_store_t *mine = store;
  gcroots_weak_t weak;
  OK(gcroots_weak_new(store, new_externref(NULL), &weak));
  removed = source;
  remove_range(&source);
  CHECK(remove_both(removed) == GCROOTS_ERROR_UNROOTED);
  OK(gcroots_root_range_remove(store, &source));
  source = add(&range, NULL);
  CHECK(source.index == removed.index && source.generation != removed.generation);
  CHECK(remove_both(removed) == GCROOTS_ERROR_UNROOTED);
  for (uint32_t generation = 0; generation < 20; generation++)
    for (uint32_t index = 0; index < 5000; index = 3 * index + 1) {
      bits = (gcroots_root_source_t){source.store_id, generation, index};
      if (memcmp(&bits, &source, sizeof bits) == 0 || memcmp(&bits, &other, sizeof bits) == 0)
        continue;
      CHECK(remove_both(bits) == GCROOTS_ERROR_UNROOTED);
      bits.index |= 1U << 31;
      CHECK(remove_both(bits) == GCROOTS_ERROR_UNROOTED);
    }
  memset(&bits, 0xff, sizeof bits);
  CHECK(remove_both(bits) == GCROOTS_ERROR_WRONG_STORE);
  store = another_store();
  CHECK(remove_both(source) == GCROOTS_ERROR_WRONG_STORE);
  store = mine;
  REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_root_visitor_remove(store, &source));
  remove_range(&source);
  remove_range(&other);
}

CASE(bad_handles_are_refused) {
  struct arguments a;
  new_arguments(&a, store);
  a.h.source = add(&range, NULL);
  check_bad_handles(root_range_calls, &a);
  free_arguments(&a);
}

CASE(null_pointers_are_refused) {
  check_nulls(root_range_calls);
}

static gcroots_root_source_t shared;

static void use_range(void) {
  every_call_is_refused(GCROOTS_ERROR_WRONG_THREAD, store,
                        (gcroots_ref_t){shared.store_id, shared.generation, shared.index},
                        (gcroots_scope_t){0, 0});
}

CASE(another_thread_is_refused) {
  shared = add(&range, NULL);
  on_another_thread(use_range);
  remove_range(&shared);
}

CASE(a_deleted_store_reads_no_range) {
  add(&range, NULL);
  fill_slots();
  range.slots = (char *)slots + 1;
  free_store();
  for (int i = 0; i < SLOTS; i++) CHECK(numbers[i] == 1);
}

/* --- Memory ---------------------------------------------------------------------------------- */

CASE(a_range_without_memory_is_refused) {
  gcroots_root_source_t source = {1, 2, 3}, last;
  gcroots_status_t status;
  int added = 0;
  fill_slots();
  if (stressed || !collects) return;
  memory_out(true);
  do {
    last = source;
    status = gcroots_root_range_add(store, &range, NULL, &source);
    added += status == GCROOTS_OK;
  } while (status == GCROOTS_OK);
  CHECK(status == GCROOTS_ERROR_OUT_OF_MEMORY);
  CHECK(memcmp(&last, &source, sizeof last) == 0);
  REFUSED(GCROOTS_ERROR_OUT_OF_MEMORY, gcroots_root_range_add(store, &range, NULL, &source));
  /* The ranges that were added need no memory. */
  OK(gcroots_store_gc(store));
  memory_out(false);
  CHECK(added > 0);
  check_slots();
  OK(gcroots_store_verify(store));
}
