/* A heap of plain C pointers: an allocator with explicit release, or the Boehm collector. */
#ifndef HEAP_H
#define HEAP_H

#include <stdlib.h>
#include <string.h>

#if defined(PEER_BDWGC)
#include <gc.h>
#define HEAP_COLLECTS 1
static inline void heap_start(void) {
  GC_INIT();
}
static inline void *heap_new(size_t bytes) {
  return GC_MALLOC(bytes);
}
static inline void *heap_new_without_pointers(size_t bytes) {
  return GC_MALLOC_ATOMIC(bytes);
}
static inline void heap_release(void *object) {
  (void)object;
}
static inline void heap_collect(void) {
  GC_gcollect();
}
#else
#if defined(PEER_MIMALLOC)
#include <mimalloc.h>
#define PEER_MALLOC mi_malloc
#define PEER_FREE mi_free
#else
#define PEER_MALLOC malloc
#define PEER_FREE free
#endif
#define HEAP_COLLECTS 0
static inline void heap_start(void) {
}
static inline void *heap_new(size_t bytes) {
  void *made = PEER_MALLOC(bytes);
  if (made == NULL) abort();
  return memset(made, 0, bytes);
}
static inline void *heap_new_without_pointers(size_t bytes) {
  void *made = PEER_MALLOC(bytes);
  if (made == NULL) abort();
  return made;
}
static inline void heap_release(void *object) {
  PEER_FREE(object);
}
#endif

#endif
