/* A program of another project: it reads its object back and prints the version. */
#include <gcroots.h>
#include <stdio.h>
#include <string.h>

static int finds_its_object(gcroots_store_t *store) {
  int host;
  void *data = NULL;
  gcroots_scope_t scope;
  gcroots_ref_t ref;
  return gcroots_scope_enter(store, &scope) == GCROOTS_OK &&
         gcroots_externref_new(store, &host, NULL, &ref) == GCROOTS_OK &&
         gcroots_store_gc(store) == GCROOTS_OK &&
         gcroots_externref_data(store, ref, &data) == GCROOTS_OK && data == &host &&
         gcroots_scope_exit(store, scope) == GCROOTS_OK &&
         gcroots_externref_data(store, ref, &data) == GCROOTS_ERROR_UNROOTED;
}

int main(void) {
  gcroots_engine_t *engine;
  gcroots_store_t *store;
  int found;
  if (gcroots_engine_new(NULL, &engine) != GCROOTS_OK) return 1;
  if (gcroots_store_new(engine, &store) != GCROOTS_OK) return 1;
  gcroots_engine_free(engine);
  found = finds_its_object(store);
  gcroots_store_free(store);
  puts(gcroots_version());
  return found && strcmp(gcroots_version(), GCROOTS_VERSION) == 0 ? 0 : 1;
}
