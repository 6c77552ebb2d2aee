/* A program with two Rust libraries, each of which has Rust's standard library in its archive.
   Both use threads and unwind. */
#include <gcroots.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>

uint32_t other_panics(uint32_t count);

static int finalized;

static void finalize(void *data) {
  *(int *)data += 1;
}

/* Makes a store with an object in it, and frees both. */
static void *use(void *ok) {
  gcroots_engine_t *engine;
  gcroots_store_t *store;
  gcroots_ref_t ref;
  if (gcroots_engine_new(NULL, &engine) != GCROOTS_OK) return NULL;
  if (gcroots_store_new(engine, &store) != GCROOTS_OK) return NULL;
  gcroots_engine_free(engine);
  if (gcroots_externref_new(store, &finalized, finalize, &ref) != GCROOTS_OK) return NULL;
  if (gcroots_store_gc(store) != GCROOTS_OK) return NULL;
  return gcroots_store_free(store) == GCROOTS_OK ? ok : NULL;
}

int main(void) {
  pthread_t thread;
  void *ok = NULL;
  if (other_panics(4) != 3) return 1;
  if (pthread_create(&thread, NULL, use, &ok) != 0) return 1;
  if (pthread_join(thread, &ok) != 0 || !ok) return 1;
  if (!use(&ok) || finalized != 2) return 1;
  if (other_panics(4) != 3) return 1;
  puts(gcroots_version());
  return 0;
}
