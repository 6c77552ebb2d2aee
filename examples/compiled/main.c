/* Runs the code that a compiler emits: making a pair and storing a reference, in C and in
 * assembly. docs/engines.md explains it.
 *
 *   compiled COLLECTOR    COLLECTOR: copying, drc, generational or null
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

/* In x86_64.S or aarch64.S. */
extern const uint32_t compiled_offsets[10];
uint32_t compiled_new_pair(gcroots_store_t *store, uint64_t header, int32_t number, uint32_t rest);
int compiled_store(gcroots_store_t *store, uint32_t holder, uint32_t offset, uint32_t value);

static gcroots_store_t *store;
static gcroots_type_t *pair_type; /* a number, and a reference to anything or null */
static gcroots_code_layout_t at;  /* where things are in a store */
static uint64_t header;           /* of a pair */

/* --- In C ------------------------------------------------------------------------ */

static uint64_t word(uint32_t offset) {
  uint64_t value;
  memcpy(&value, (char *)store + offset, sizeof value);
  return value;
}

static void set_word(uint32_t offset, uint64_t value) {
  memcpy((char *)store + offset, &value, sizeof value);
}

extern __thread uint64_t gcroots_thread_token;

/* Whether this thread may call the store now, and it has the layout that the code knows. */
static int is_entered(void) {
  return word(at.entry) == (gcroots_thread_token | at.version);
}

/* Makes a pair. Returns 0 if that needs a call. */
static uint32_t new_pair(gcroots_store_t *of, uint64_t pair, int32_t number, uint32_t rest) {
  uint64_t next = word(at.window_next), end = next + 16;
  char *object = (char *)of + at.barrier_new_objects;
  if (!is_entered() || *object != 0 || end > word(at.window_limit)) return 0;
  object = (char *)word(at.heap_base) + next;
  memcpy(object, &pair, 8);
  memcpy(object + 8, &number, 4);
  memcpy(object + 12, &rest, 4);
  set_word(at.window_next, end);
  set_word(at.objects, word(at.objects) + 1);
  return (uint32_t)(next / 4);
}

/* Stores a reference. Returns 0 if that needs a call. */
static int store_reference(gcroots_store_t *of, uint32_t holder, uint32_t offset, uint32_t value) {
  uint64_t first = word(at.barrier_first);
  uint32_t rotated = value >> 1 | value << 31;
  (void)of;
  if (!is_entered()) return 0;
  if (rotated - first < word(at.barrier_length) &&
      (holder >> 1) - first >= word(at.barrier_nursery))
    return 0;
  memcpy((char *)word(at.heap_base) + 4 * (uint64_t)holder + offset, &value, 4);
  return 1;
}

/* --- A list ---------------------------------------------------------------------- */

typedef uint32_t (*maker)(gcroots_store_t *store, uint64_t header, int32_t number, uint32_t rest);
typedef int (*setter)(gcroots_store_t *store, uint32_t holder, uint32_t offset, uint32_t value);

/* The list, the last pair, and the pair that is made: the roots. */
static uint32_t slots[3];
static gcroots_root_range_t range = {slots, 3, 0};
static unsigned calls;

/* Appends a number to the list. */
static void append(maker make, setter set, int32_t number) {
  uint32_t pair = make(store, header, number, 0);
  if (pair == 0) {
    gcroots_raw_val_t fields[2];
    calls++;
    fields[0].i32 = number;
    fields[1].ref = 0;
    MUST(gcroots_raw_struct_new(store, pair_type, fields, 2, &pair));
  }
  range.unchanged = 0;
  if (slots[0] == 0) {
    slots[0] = pair;
  } else if (!set(store, slots[1], 12, pair)) {
    calls++;
    MUST(gcroots_raw_struct_set_ref(store, slots[1], 1, pair));
  }
  slots[1] = pair;
}

static int64_t sum(void) {
  gcroots_raw_val_t number;
  int64_t total = 0;
  for (uint32_t pair = slots[0]; pair != 0;) {
    MUST(gcroots_raw_struct_get(store, pair, 0, &number));
    MUST(gcroots_raw_struct_get_ref(store, pair, 1, &pair));
    total += number.i32;
  }
  return total;
}

static void run(const char *what, maker make, setter set) {
  enum { LENGTH = 100000 };
  calls = 0;
  slots[0] = slots[1] = 0;
  for (int32_t number = 1; number <= LENGTH; number++) append(make, set, number);
  MUST(gcroots_store_gc(store));
  MUST(gcroots_store_verify(store));
  printf("%-9s the sum of %d numbers is %lld\n", what, LENGTH, (long long)sum());
  fprintf(stderr, "%-9s %u calls\n", what, calls);
}

/* Requires the offsets that the assembly was written for. */
static void check_offsets(void) {
  const uint32_t expected[10] = {
      at.version, at.entry,         at.heap_base,      at.window_next,     at.window_limit,
      at.objects, at.barrier_first, at.barrier_length, at.barrier_nursery, at.barrier_new_objects};
  if (memcmp(compiled_offsets, expected, sizeof expected) != 0) {
    fprintf(stderr, "the assembly is for another layout\n");
    exit(1);
  }
}

static void register_pair(gcroots_engine_t *engine) {
  gcroots_rec_group_t *group = gcroots_rec_group_new();
  const gcroots_rec_group_t *groups[1] = {group};
  gcroots_field_type_t fields[2];
  gcroots_layout_t layout;
  uint32_t position;
  memset(fields, 0, sizeof fields);
  fields[0].storage = GCROOTS_STORAGE_I32;
  fields[1].storage = GCROOTS_STORAGE_REF;
  fields[1].heap = GCROOTS_HEAP_ANY;
  fields[1].is_nullable = fields[1].is_mutable = 1;
  MUST(gcroots_rec_group_add_struct(group, NULL, fields, 2, &position));
  MUST(gcroots_rec_group_register(engine, groups, 1, &pair_type, 1));
  gcroots_rec_group_free(group);
  MUST(gcroots_type_layout(pair_type, &layout));
  if (layout.offsets[0] != 8 || layout.offsets[1] != 12) exit(1);
}

int main(int count, char **arguments) {
  static const char *const names[] = {"auto", "null", "drc", "copying", "generational"};
  gcroots_config_t *config = gcroots_config_new();
  gcroots_engine_t *engine;
  gcroots_root_source_t source;
  gcroots_ref_t first;
  for (gcroots_collector_t i = 0; i < sizeof names / sizeof *names; i++)
    if (count > 1 && strcmp(arguments[1], names[i]) == 0)
      MUST(gcroots_config_set_collector(config, i));
  MUST(gcroots_engine_new(config, &engine));
  gcroots_config_free(config);
  MUST(gcroots_store_new(engine, &store));
  MUST(gcroots_code_layout(&at));
  check_offsets();
  register_pair(engine);
  /* The store knows a type from its first object on. */
  MUST(gcroots_struct_new_default(store, pair_type, &first));
  memcpy(&header, (char *)pair_type + at.type_header, sizeof header);
  MUST(gcroots_root_range_add(store, &range, NULL, &source));
  run("C:", new_pair, store_reference);
  run("assembly:", compiled_new_pair, compiled_store);
  gcroots_type_free(pair_type);
  MUST(gcroots_store_free(store));
  gcroots_engine_free(engine);
  return 0;
}
