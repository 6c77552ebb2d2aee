/* Operations on plain C pointers, of those in benches/operations that have a counterpart. An
 * allocator releases the objects of a scope where it ends. With the collector, memory that it scans
 * and never frees stands for a manual root. */
#include "../../measure.h"
#include "heap.h"

/* Makes `count` objects by `NEW`, 256 in each scope. */
#define IN_SCOPES(NEW)                                          \
  while (count > 0) {                                           \
    uint64_t batch = count < 256 ? count : 256;                 \
    count -= batch;                                             \
    for (uint64_t i = 0; i < batch; i++) made[i] = (NEW);       \
    if (HEAP_COLLECTS) continue;                                \
    for (uint64_t i = 0; i < batch; i++) heap_release(made[i]); \
  }

static void *made[256];

static void *new_pair(void) {
  void **pair = heap_new(2 * sizeof *pair);
  pair[0] = pair[1] = made;
  return pair;
}

static void struct_new(uint64_t count) {
  IN_SCOPES(new_pair())
}

static void struct_new_default(uint64_t count) {
  IN_SCOPES(heap_new(2 * sizeof(void *)))
}

static void array_new_bytes_16(uint64_t count) {
  IN_SCOPES(memcpy(heap_new_without_pointers(16), "0123456789abcde", 16))
}

static void *new_extern(void) {
  void **owner = heap_new_without_pointers(sizeof *owner);
  *owner = made;
  return owner;
}

static void externref_new(uint64_t count) {
  IN_SCOPES(new_extern())
}

#if HEAP_COLLECTS
static void finalizer(void *owner, void *data) {
  KEEP(owner);
  KEEP(data);
}

static void *new_finalized(void) {
  void *owner = new_extern();
  GC_REGISTER_FINALIZER_NO_ORDER(owner, finalizer, NULL, NULL, NULL);
  return owner;
}

static void externref_new_finalized(uint64_t count) {
  IN_SCOPES(new_finalized())
}

static void **new_root(void) {
  void **root = GC_MALLOC_UNCOLLECTABLE(sizeof *root);
  if (root == NULL) abort();
  *root = made;
  return root;
}

static void manual_root_unroot(uint64_t count) {
  while (count-- > 0) GC_FREE(new_root());
}

/* A random one of 65,536 roots ends and is made again. */
static void manual_churn(uint64_t count) {
  enum { CHURNED = 1 << 16 };
  static void **roots[CHURNED];
  static uint32_t random = 12345;
  for (uint32_t i = 0; roots[CHURNED - 1] == NULL; i++) roots[i] = new_root();
  while (count-- > 0) {
    random = random * 1664525u + 1013904223u;
    GC_FREE(roots[random >> 16]);
    roots[random >> 16] = new_root();
  }
}
#endif

static const struct operation operations[] = {
    {"struct_new", struct_new},
    {"struct_new_default", struct_new_default},
    {"array_new_bytes_16", array_new_bytes_16},
    {"externref_new", externref_new},
#if HEAP_COLLECTS
    {"externref_new_finalized", externref_new_finalized},
    {"manual_root_unroot", manual_root_unroot},
    {"manual_churn", manual_churn},
#endif
};

int main(int argc, char **argv) {
  heap_start();
  return run_operations(argc, argv, operations, sizeof operations / sizeof *operations);
}
