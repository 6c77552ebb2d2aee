/* The floor's functions, called through a shared object as the library's are. */
#define _GNU_SOURCE
#include "floor.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define SPACE ((size_t)1 << 31)
#define ROOTS ((size_t)4 << 20)
#define NO_SLOT UINT32_MAX
#define UNLIKELY(condition) __builtin_expect(condition, 0)

static void *reserve(size_t bytes) {
  void *memory =
      mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) abort();
  return memory;
}

void floor_empty(void) {
  __asm__ volatile("");
}

struct floor_store *floor_store_new(void) {
  struct floor_store *store = calloc(1, sizeof *store);
  if (store == NULL) abort();
  store->base = store->top = malloc(ROOTS * sizeof *store->base);
  if (store->base == NULL) abort();
  store->limit = store->base + ROOTS;
  store->from = reserve(SPACE);
  store->to = reserve(SPACE);
  store->bump = 16;
  store->end = store->capacity = 1 << 20;
  store->id = 1;
  store->first_free = NO_SLOT;
  return store;
}

void floor_store_free(struct floor_store *store) {
  munmap(store->from, SPACE);
  munmap(store->to, SPACE);
  free(store->base);
  free(store->slots);
  free(store->finalizers);
  free(store);
}

static uint64_t *header_of(char *space, uint32_t reference) {
  return (uint64_t *)(void *)(space + reference);
}

/* Copies an object unless it was copied before. Returns its new place. */
static uint32_t evacuate(struct floor_store *store, uint32_t *next, uint32_t reference) {
  uint64_t *old = header_of(store->from, reference);
  uint32_t made = *next, bytes = (uint32_t)*old;
  if (reference == 0) return 0;
  if (*old & MOVED) return bytes;
  memcpy(store->to + made, old, bytes);
  *next = made + bytes;
  *old = MOVED | made;
  return made;
}

/* Runs the finalizers of the objects that were not copied. */
static void finalize(struct floor_store *store) {
  uint32_t kept = 0;
  for (uint32_t i = 0; i < store->finalizer_count; i++) {
    struct finalizer finalizer = store->finalizers[i];
    uint64_t header = *header_of(store->from, finalizer.object);
    if (header & MOVED) {
      finalizer.object = (uint32_t)header;
      store->finalizers[kept++] = finalizer;
    } else {
      finalizer.run(finalizer.data);
    }
  }
  store->finalizer_count = kept;
}

void floor_collect(struct floor_store *store, uint32_t needed) {
  uint32_t next = 16;
  char *from = store->from;
  for (root_t root = store->base; root < store->top; root++) *root = evacuate(store, &next, *root);
  for (uint32_t i = 0; i < store->slot_count; i++)
    if (store->slots[i].generation & 1)
      store->slots[i].reference_or_next = evacuate(store, &next, store->slots[i].reference_or_next);
  for (uint32_t scan = 16; scan < next;) {
    uint64_t header = *header_of(store->to, scan);
    uint32_t *fields = (uint32_t *)(void *)(store->to + scan + 8);
    for (uint32_t i = (uint32_t)(header >> 32) & 0xffff; i > 0; i--, fields++)
      *fields = evacuate(store, &next, *fields);
    scan += (uint32_t)header;
  }
  finalize(store);
  store->from = store->to;
  store->to = from;
  store->bump = next;
  while (next + needed > store->capacity / 2 && store->capacity < SPACE / 2) store->capacity *= 2;
  store->end = store->capacity;
  if (store->end - next < needed) abort();
}

static root_t push(struct floor_store *store, uint32_t reference) {
  root_t root = store->top;
  if (UNLIKELY(root == store->limit)) abort();
  *root = reference;
  store->top = root + 1;
  return root;
}

/* A new object with this header, whose fields are not written. */
static uint32_t allocate(struct floor_store *store, uint64_t header) {
  uint32_t bytes = (uint32_t)header, made;
  if (UNLIKELY(store->end - store->bump < bytes)) floor_collect(store, bytes);
  made = store->bump;
  store->bump = made + bytes;
  *header_of(store->from, made) = header;
  return made;
}

static int is_live(struct floor_store *store, root_t root) {
  return root >= store->base && root < store->top;
}

/* The contents of an object of this kind, if it has at least `end` bytes. Else NULL. */
static char *contents(struct floor_store *store, root_t object, unsigned kind, uint32_t end) {
  uint64_t header;
  if (UNLIKELY(!is_live(store, object))) return NULL;
  header = *header_of(store->from, *object);
  if (UNLIKELY((header >> 56) != kind || end > (uint32_t)header - 8)) return NULL;
  return store->from + *object + 8;
}

root_t floor_scope_enter(struct floor_store *store) {
  return store->top;
}

void floor_scope_exit(struct floor_store *store, root_t mark) {
  store->top = mark;
}

root_t floor_scope_escape(struct floor_store *store, root_t mark, root_t kept) {
  *mark = *kept;
  store->top = mark + 1;
  return mark;
}

root_t floor_push(struct floor_store *store, root_t root) {
  return is_live(store, root) ? push(store, *root) : NULL;
}

static int is_valid(struct floor_store *store, struct manual manual) {
  return manual.store == store->id && manual.index < store->slot_count &&
         store->slots[manual.index].generation == manual.generation;
}

root_t floor_push_manual(struct floor_store *store, struct manual manual) {
  return is_valid(store, manual) ? push(store, store->slots[manual.index].reference_or_next) : NULL;
}

static void add_slots(struct floor_store *store) {
  uint32_t before = store->slot_count, count = before > 0 ? 2 * before : 64;
  store->slots = realloc(store->slots, count * sizeof *store->slots);
  if (store->slots == NULL) abort();
  for (uint32_t i = before; i < count; i++) {
    store->slots[i].generation = 0;
    store->slots[i].reference_or_next = i + 1 < count ? i + 1 : NO_SLOT;
  }
  store->slot_count = count;
  store->first_free = before;
}

struct manual floor_manual_new(struct floor_store *store, root_t root) {
  struct manual manual;
  struct slot *slot;
  if (UNLIKELY(store->first_free == NO_SLOT)) add_slots(store);
  slot = &store->slots[store->first_free];
  manual.index = store->first_free;
  manual.generation = ++slot->generation;
  manual.store = store->id;
  store->first_free = slot->reference_or_next;
  slot->reference_or_next = *root;
  return manual;
}

int floor_manual_free(struct floor_store *store, struct manual manual) {
  struct slot *slot;
  if (UNLIKELY(!is_valid(store, manual))) return -1;
  slot = &store->slots[manual.index];
  slot->generation++;
  slot->reference_or_next = store->first_free;
  store->first_free = manual.index;
  return 0;
}

root_t floor_pair_new(struct floor_store *store, root_t left_or_null, root_t right_or_null) {
  uint32_t made, *fields;
  if (left_or_null != NULL && !is_live(store, left_or_null)) return NULL;
  if (right_or_null != NULL && !is_live(store, right_or_null)) return NULL;
  made = allocate(store, HEADER(16, 2, IS_STRUCT));
  fields = (uint32_t *)(void *)(store->from + made + 8);
  fields[0] = left_or_null != NULL ? *left_or_null : 0;
  fields[1] = right_or_null != NULL ? *right_or_null : 0;
  return push(store, made);
}

root_t floor_field(struct floor_store *store, root_t object, uint32_t index) {
  const char *fields = contents(store, object, IS_STRUCT, 4 * index + 4);
  uint32_t value;
  if (fields == NULL) return NULL;
  memcpy(&value, fields + 4 * index, sizeof value);
  return value != 0 ? push(store, value) : NULL;
}

int floor_set_field(struct floor_store *store, root_t object, uint32_t index, root_t value) {
  char *fields = contents(store, object, IS_STRUCT, 4 * index + 4);
  if (fields == NULL || !is_live(store, value)) return -1;
  memcpy(fields + 4 * index, value, sizeof *value);
  return 0;
}

root_t floor_numbers_new(struct floor_store *store, int32_t first, int32_t second) {
  const int32_t numbers[2] = {first, second};
  uint32_t made = allocate(store, HEADER(16, 0, IS_STRUCT));
  memcpy(store->from + made + 8, numbers, sizeof numbers);
  return push(store, made);
}

int floor_number(struct floor_store *store, root_t object, uint32_t index, int32_t *out) {
  const char *fields = contents(store, object, IS_STRUCT, 4 * index + 4);
  if (fields == NULL) return -1;
  memcpy(out, fields + 4 * index, sizeof *out);
  return 0;
}

int floor_set_number(struct floor_store *store, root_t object, uint32_t index, int32_t value) {
  char *fields = contents(store, object, IS_STRUCT, 4 * index + 4);
  if (fields == NULL) return -1;
  memcpy(fields + 4 * index, &value, sizeof value);
  return 0;
}

root_t floor_bytes_new(struct floor_store *store, const void *bytes, uint32_t length) {
  uint32_t made = allocate(store, HEADER(8 + (length + 7) / 8 * 8, 0, IS_BYTES));
  memcpy(store->from + made + 8, bytes, length);
  return push(store, made);
}

int floor_bytes_read(struct floor_store *store, root_t array, uint32_t at, uint32_t length,
                     void *out) {
  const char *bytes = contents(store, array, IS_BYTES, at + length);
  if (bytes == NULL) return -1;
  memcpy(out, bytes + at, length);
  return 0;
}

int64_t floor_bytes_length(struct floor_store *store, root_t array) {
  if (contents(store, array, IS_BYTES, 0) == NULL) return -1;
  return (int64_t)(uint32_t)*header_of(store->from, *array) - 8;
}

root_t floor_extern_new(struct floor_store *store, void *data) {
  uint32_t made = allocate(store, HEADER(16, 0, IS_EXTERN));
  memcpy(store->from + made + 8, &data, sizeof data);
  return push(store, made);
}

root_t floor_extern_new_finalized(struct floor_store *store, void *data, void (*run)(void *)) {
  root_t root = floor_extern_new(store, data);
  if (store->finalizer_count == store->finalizer_room) {
    store->finalizer_room = store->finalizer_room > 0 ? 2 * store->finalizer_room : 1024;
    store->finalizers =
        realloc(store->finalizers, store->finalizer_room * sizeof *store->finalizers);
    if (store->finalizers == NULL) abort();
  }
  store->finalizers[store->finalizer_count++] = (struct finalizer){*root, data, run};
  return root;
}

static void *data_at(struct floor_store *store, uint32_t reference) {
  void *data;
  memcpy(&data, store->from + reference + 8, sizeof data);
  return data;
}

void *floor_extern_data(struct floor_store *store, root_t object) {
  return is_live(store, object) ? data_at(store, *object) : NULL;
}

void *floor_extern_data_manual(struct floor_store *store, struct manual manual) {
  if (UNLIKELY(!is_valid(store, manual))) return NULL;
  return data_at(store, store->slots[manual.index].reference_or_next);
}
