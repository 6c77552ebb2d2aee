/* Resident bytes that a root or an externref costs: growth over a million of
 * each, the caller's array of handles not counted.
 */
#include <gcroots.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COUNT = 1000000 };

static void must(gcroots_status_t status) {
  if (status == GCROOTS_OK) return;
  fprintf(stderr, "bytes: %s\n", gcroots_last_error());
  exit(1);
}

static double resident_bytes(void) {
  long pages = 0, resident = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (file == NULL || fscanf(file, "%ld %ld", &pages, &resident) != 2) exit(1);
  fclose(file);
  return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

int main(void) {
  gcroots_engine_t *engine;
  gcroots_store_t *store;
  gcroots_ref_t object, scoped;
  gcroots_manually_rooted_t *manual = (gcroots_manually_rooted_t *)malloc(COUNT * sizeof *manual);
  double before;
  int i;
  if (manual == NULL) return 1;
  memset(manual, 1, COUNT * sizeof *manual);
  must(gcroots_engine_new(NULL, &engine));
  must(gcroots_store_new(engine, &store));
  must(gcroots_externref_new(store, NULL, NULL, &object));

  before = resident_bytes();
  for (i = 0; i < COUNT; i++) must(gcroots_ref_to_manually_rooted(store, object, &manual[i]));
  printf("manual root   %.1f bytes\n", (resident_bytes() - before) / COUNT);

  before = resident_bytes();
  for (i = 0; i < COUNT; i++) must(gcroots_local_new(store, object, &scoped));
  printf("scoped root   %.1f bytes\n", (resident_bytes() - before) / COUNT);

  /* The externrefs' roots find room among those that this reserves. */
  must(gcroots_scope_reserve(store, COUNT));
  before = resident_bytes();
  for (i = 0; i < COUNT; i++) {
    must(gcroots_externref_new(store, NULL, NULL, &scoped));
  }
  printf("externref     %.1f bytes, with its root, its host data and both spaces\n",
         (resident_bytes() - before) / COUNT);
  must(gcroots_store_free(store));
  gcroots_engine_free(engine);
  free(manual);
  return 0;
}
