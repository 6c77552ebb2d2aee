/* Resident bytes for each root or externref: the growth over a million of each, without the
 * caller's array of handles.
 */
#include "fixture.h"

#include <string.h>
#include <unistd.h>

enum { COUNT = 1000000 };

static double resident_bytes(void) {
  long pages = 0, resident = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (file == NULL || fscanf(file, "%ld %ld", &pages, &resident) != 2) exit(1);
  fclose(file);
  return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

int main(void) {
  gcroots_ref_t object, scoped;
  gcroots_manually_rooted_t *manual = (gcroots_manually_rooted_t *)malloc(COUNT * sizeof *manual);
  double before;
  int i;
  if (manual == NULL) return 1;
  memset(manual, 1, COUNT * sizeof *manual);
  make_engine(NULL);
  make_store();
  MUST(gcroots_externref_new(store, NULL, NULL, &object));

  before = resident_bytes();
  for (i = 0; i < COUNT; i++) MUST(gcroots_ref_to_manually_rooted(store, object, &manual[i]));
  printf("manual root   %.1f bytes\n", (resident_bytes() - before) / COUNT);

  before = resident_bytes();
  for (i = 0; i < COUNT; i++) MUST(gcroots_local_new(store, object, &scoped));
  printf("scoped root   %.1f bytes\n", (resident_bytes() - before) / COUNT);

  /* Reserves the roots of the externrefs, so that only the externrefs are measured. */
  MUST(gcroots_scope_reserve(store, COUNT));
  before = resident_bytes();
  for (i = 0; i < COUNT; i++) {
    MUST(gcroots_externref_new(store, NULL, NULL, &scoped));
  }
  printf("externref     %.1f bytes, with its root, its host data and both spaces\n",
         (resident_bytes() - before) / COUNT);
  free_store_and_engine();
  free(manual);
  return 0;
}
