/* A shared object of another project, linked with the archive. */
#include <gcroots.h>

/* Makes a store and ends it. The thread then has the library's exit hook. Returns 0 on
   success. */
int plugin_run(void);

int plugin_run(void) {
  gcroots_engine_t *engine;
  gcroots_store_t *store;
  if (gcroots_engine_new(NULL, &engine) != GCROOTS_OK) return 1;
  if (gcroots_store_new(engine, &store) != GCROOTS_OK) return 1;
  gcroots_engine_free(engine);
  gcroots_store_free(store);
  return 0;
}
