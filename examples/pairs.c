/* The heart of a small Scheme: pairs and environments are structs that are made by raw
 * references, and the interpreter's stack is a root range. docs/engines.md explains it.
 *
 *   pairs COLLECTOR [COUNT]    COLLECTOR: copying, drc, generational or null
 */
#include <gcroots.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MUST(call)                                              \
  do {                                                          \
    if ((call) != GCROOTS_OK) {                                 \
      fprintf(stderr, "%s: %s\n", #call, gcroots_last_error()); \
      exit(1);                                                  \
    }                                                           \
  } while (0)

static gcroots_store_t *store;
static gcroots_type_t *pair_type; /* two mutable references to anything, or null */

/* The interpreter's stack. Whatever is live in a call that may collect is in a slot. */
static uint32_t stack[1000];
static gcroots_root_range_t range = {stack, 0, 0};

static void push(uint32_t value) {
  if (range.count == sizeof stack / sizeof *stack) exit(1);
  if (range.unchanged > range.count) range.unchanged = range.count;
  stack[range.count++] = value;
}

static uint32_t pop(void) {
  return stack[--range.count];
}

/* Replaces the two topmost values by a pair of them. */
static void cons(void) {
  gcroots_raw_val_t parts[2];
  uint32_t pair;
  parts[0].ref = stack[range.count - 2];
  parts[1].ref = stack[range.count - 1];
  MUST(gcroots_raw_struct_new(store, pair_type, parts, 2, &pair));
  range.count -= 2; /* not before: the parts stay alive, but their bits may be stale */
  push(pair);
}

static uint32_t part_of(uint32_t pair, uint32_t part) {
  uint32_t value;
  MUST(gcroots_raw_struct_get_ref(store, pair, part, &value));
  return value;
}

/* An environment is a list of the variables' values. This is `(set! variable value)`, with
   the value on top of the stack. */
static void set_variable(uint32_t environment, uint32_t depth) {
  while (depth-- > 0) environment = part_of(environment, 1);
  MUST(gcroots_raw_struct_set_ref(store, environment, 0, pop()));
}

static uint32_t number(int32_t value) {
  return (uint32_t)value << 1 | 1; /* an i31 */
}

static void register_types(gcroots_engine_t *engine) {
  gcroots_field_type_t any = {GCROOTS_STORAGE_REF, GCROOTS_HEAP_ANY, 0, 1, 1, NULL};
  gcroots_field_type_t fields[2];
  gcroots_rec_group_t *group = gcroots_rec_group_new();
  const gcroots_rec_group_t *groups[1];
  uint32_t position;
  if (group == NULL) exit(1);
  fields[0] = fields[1] = any;
  MUST(gcroots_rec_group_add_struct(group, NULL, fields, 2, &position));
  groups[0] = group;
  MUST(gcroots_rec_group_register(engine, groups, 1, &pair_type, 1));
  gcroots_rec_group_free(group);
}

/* Sums the numbers of a list that is made anew for each count, in a variable of an
   environment of two variables. */
static int32_t sum(int32_t count) {
  int32_t total;
  push(number(7)); /* the other variable */
  push(number(0));
  push(0);
  cons();
  cons();
  for (int32_t round = 1; round <= count; round++) {
    uint32_t environment, before;
    push(0);
    for (int32_t i = 0; i < round; i++) {
      uint32_t list = pop();
      push(number(i));
      push(list);
      cons();
    }
    for (total = 0; stack[range.count - 1] != 0; push(part_of(pop(), 1)))
      total += (int32_t)part_of(stack[range.count - 1], 0) >> 1;
    pop();
    environment = stack[range.count - 1];
    before = part_of(part_of(environment, 1), 0);
    push(number(((int32_t)before >> 1) + total));
    set_variable(environment, 1);
  }
  total = (int32_t)part_of(part_of(stack[range.count - 1], 1), 0) >> 1;
  pop();
  return total;
}

int main(int argc, char **argv) {
  const char *const name = argc > 1 ? argv[1] : "copying";
  const int32_t count = argc > 2 ? atoi(argv[2]) : 300;
  gcroots_config_t *config = gcroots_config_new();
  gcroots_engine_t *engine;
  gcroots_root_source_t source;
  gcroots_collector_t collector = strcmp(name, "drc") == 0    ? GCROOTS_COLLECTOR_DRC
                                  : strcmp(name, "null") == 0 ? GCROOTS_COLLECTOR_NULL
                                  : strcmp(name, "generational") == 0
                                      ? GCROOTS_COLLECTOR_GENERATIONAL
                                      : GCROOTS_COLLECTOR_COPYING;
  if (config == NULL) return 1;
  MUST(gcroots_config_set_collector(config, collector));
  MUST(gcroots_engine_new(config, &engine));
  gcroots_config_free(config);
  MUST(gcroots_store_new(engine, &store));
  register_types(engine);
  MUST(gcroots_root_range_add(store, &range, NULL, &source));
  printf("the sums of %d lists: %d\n", count, sum(count));
  gcroots_type_free(pair_type);
  MUST(gcroots_store_free(store));
  gcroots_engine_free(engine);
  return 0;
}
