/* The floor's time for the operations of benches/operations.c, under the same names. */
#include "../../measure.h"

#include "floor.h"

static struct floor_store *store;

/* Ends the program if an operation was refused. */
#define MUST(condition)        \
  do {                         \
    if (!(condition)) abort(); \
  } while (0)

/* Runs BODY `count` times, 256 times in each scope. */
#define IN_SCOPES(BODY)                         \
  struct floor_store *const s = store;          \
  while (count > 0) {                           \
    uint64_t batch = count < 256 ? count : 256; \
    root_t mark = floor_scope_enter(s);         \
    count -= batch;                             \
    while (batch-- > 0) {                       \
      BODY;                                     \
    }                                           \
    floor_scope_exit(s, mark);                  \
  }

static root_t object, pair, bytes;
static struct manual manual;
enum { BYTES = 4096, CHURNED = 1 << 16 };

static void call_empty(uint64_t count) {
  while (count-- > 0) floor_empty();
}

static void scope_enter_exit(uint64_t count) {
  struct floor_store *const s = store;
  while (count-- > 0) floor_scope_exit(s, floor_scope_enter(s));
}

static void scope_of_locals(uint64_t count, int locals) {
  struct floor_store *const s = store;
  const root_t from = object;
  while (count-- > 0) {
    root_t mark = floor_scope_enter(s);
    for (int i = 0; i < locals; i++) KEEP(floor_push(s, from));
    floor_scope_exit(s, mark);
  }
}

static void scope_1_local(uint64_t count) {
  scope_of_locals(count, 1);
}

static void scope_10_locals(uint64_t count) {
  scope_of_locals(count, 10);
}

static void root_push(uint64_t count) {
  const struct manual from = manual;
  IN_SCOPES(root_t root = floor_push_manual(s, from); KEEP(root))
}

static void local_new(uint64_t count) {
  const root_t from = object;
  IN_SCOPES(root_t root = floor_push(s, from); KEEP(root))
}

static void read_scoped(uint64_t count) {
  struct floor_store *const s = store;
  const root_t from = object;
  while (count-- > 0) MUST(floor_extern_data(s, from) != NULL);
}

static void read_manual(uint64_t count) {
  struct floor_store *const s = store;
  const struct manual from = manual;
  while (count-- > 0) MUST(floor_extern_data_manual(s, from) != NULL);
}

static void manual_root_unroot(uint64_t count) {
  struct floor_store *const s = store;
  const root_t from = object;
  while (count-- > 0) MUST(floor_manual_free(s, floor_manual_new(s, from)) == 0);
}

/* A thousand at a time are made, and ended in the same order. */
static void manual_batch_1000(uint64_t count) {
  enum { BATCH = 1000 };
  static struct manual roots[BATCH];
  struct floor_store *const s = store;
  const root_t from = object;
  while (count > 0) {
    uint64_t batch = count < BATCH ? count : BATCH;
    count -= batch;
    for (uint64_t i = 0; i < batch; i++) roots[i] = floor_manual_new(s, from);
    for (uint64_t i = 0; i < batch; i++) MUST(floor_manual_free(s, roots[i]) == 0);
  }
}

/* A random one of 65,536 manual roots ends and is made again. */
static void manual_churn(uint64_t count) {
  static struct manual roots[CHURNED];
  static uint32_t random = 12345;
  struct floor_store *const s = store;
  const root_t from = object;
  if (roots[0].store == 0)
    for (uint32_t i = 0; i < CHURNED; i++) roots[i] = floor_manual_new(s, from);
  while (count-- > 0) {
    random = random * 1664525u + 1013904223u;
    MUST(floor_manual_free(s, roots[random >> 16]) == 0);
    roots[random >> 16] = floor_manual_new(s, from);
  }
}

static void externref_new(uint64_t count) {
  IN_SCOPES(root_t root = floor_extern_new(s, &store); KEEP(root))
}

static void finalizer(void *data) {
  KEEP(data);
}

static void externref_new_finalized(uint64_t count) {
  IN_SCOPES(root_t root = floor_extern_new_finalized(s, &store, finalizer); KEEP(root))
}

static void scope_of_externrefs(uint64_t count, int externrefs) {
  struct floor_store *const s = store;
  while (count-- > 0) {
    root_t mark = floor_scope_enter(s);
    for (int i = 0; i < externrefs; i++) KEEP(floor_extern_new(s, &store));
    floor_scope_exit(s, mark);
  }
}

static void externref_in_scope(uint64_t count) {
  scope_of_externrefs(count, 1);
}

static void scope_10_externrefs(uint64_t count) {
  scope_of_externrefs(count, 10);
}

static void store_new_free(uint64_t count) {
  while (count-- > 0) floor_store_free(floor_store_new());
}

static void store_new_object_free(uint64_t count) {
  while (count-- > 0) {
    struct floor_store *made = floor_store_new();
    root_t root = floor_extern_new(made, &store);
    KEEP(root);
    floor_store_free(made);
  }
}

static void struct_new(uint64_t count) {
  const root_t field = pair;
  IN_SCOPES(root_t root = floor_pair_new(s, field, field); KEEP(root))
}

static void struct_new_default(uint64_t count) {
  IN_SCOPES(root_t root = floor_pair_new(s, NULL, NULL); KEEP(root))
}

static root_t numbers;

static void struct_get(uint64_t count) {
  struct floor_store *const s = store;
  const root_t from = numbers;
  int32_t value;
  while (count-- > 0) {
    MUST(floor_number(s, from, 0, &value) == 0);
    KEEP(value);
  }
}

static void struct_set(uint64_t count) {
  struct floor_store *const s = store;
  const root_t to = numbers;
  while (count-- > 0) MUST(floor_set_number(s, to, 0, 1) == 0);
}

static void struct_get_ref(uint64_t count) {
  const root_t from = pair;
  IN_SCOPES(root_t root = floor_field(s, from, 1); KEEP(root))
}

static void struct_set_ref(uint64_t count) {
  struct floor_store *const s = store;
  const root_t to = pair;
  while (count-- > 0) MUST(floor_set_field(s, to, 1, to) == 0);
}

static void array_new_bytes_16(uint64_t count) {
  const char contents[16] = "0123456789abcde";
  IN_SCOPES(root_t root = floor_bytes_new(s, contents, sizeof contents); KEEP(root))
}

static void read_bytes(uint64_t count, uint32_t length) {
  struct floor_store *const s = store;
  const root_t from = bytes;
  char read[BYTES];
  while (count-- > 0) {
    MUST(floor_bytes_read(s, from, 0, length, read) == 0);
    KEEP(read);
  }
}

static void array_read_16(uint64_t count) {
  read_bytes(count, 16);
}

static void array_read_4096(uint64_t count) {
  read_bytes(count, BYTES);
}

static void array_len(uint64_t count) {
  struct floor_store *const s = store;
  const root_t from = bytes;
  while (count-- > 0) MUST(floor_bytes_length(s, from) == BYTES);
}

static void scope_escape(uint64_t count) {
  const root_t from = object;
  IN_SCOPES(root_t mark = floor_scope_enter(s); root_t root = floor_scope_escape(s, mark, from);
            KEEP(root))
}

static const struct operation operations[] = {
    {"call_empty", call_empty},
    {"scope_enter_exit", scope_enter_exit},
    {"scope_1_local", scope_1_local},
    {"scope_10_locals", scope_10_locals},
    {"scope_escape", scope_escape},
    {"root_push", root_push},
    {"local_new", local_new},
    {"read_scoped", read_scoped},
    {"read_manual", read_manual},
    {"manual_root_unroot", manual_root_unroot},
    {"manual_batch_1000", manual_batch_1000},
    {"externref_new", externref_new},
    {"externref_new_finalized", externref_new_finalized},
    {"externref_in_scope", externref_in_scope},
    {"scope_10_externrefs", scope_10_externrefs},
    {"store_new_free", store_new_free},
    {"store_new_object_free", store_new_object_free},
    {"struct_new", struct_new},
    {"struct_new_default", struct_new_default},
    {"struct_get", struct_get},
    {"struct_set", struct_set},
    {"struct_get_ref", struct_get_ref},
    {"struct_set_ref", struct_set_ref},
    {"raw_struct_new_2", struct_new},
    {"raw_struct_get_ref", struct_get_ref},
    {"raw_struct_set_ref", struct_set_ref},
    {"array_new_bytes_16", array_new_bytes_16},
    {"array_read_16", array_read_16},
    {"array_read_4096", array_read_4096},
    {"array_len", array_len},
    {"manual_churn", manual_churn},
};

int main(int argc, char **argv) {
  static char contents[BYTES];
  store = floor_store_new();
  object = floor_extern_new(store, &store);
  manual = floor_manual_new(store, object);
  pair = floor_pair_new(store, NULL, NULL);
  MUST(floor_set_field(store, pair, 1, pair) == 0);
  numbers = floor_numbers_new(store, 1, 2);
  bytes = floor_bytes_new(store, contents, sizeof contents);
  return run_operations(argc, argv, operations, sizeof operations / sizeof *operations);
}
