/* Shows that a stale handle stays stale forever (`roots.never-stale`).
 *
 * The program takes a handle, ends its scope, and then pushes more than 2^32 roots through
 * the same slot. If the 32-bit generation wrapped around, the handle would become valid
 * again and name another object. The program tests the handle every 65,536 pushes. At the
 * end it also tests the 64 smallest and the 64 largest generations. Takes about a minute.
 */
#include "fixture.h"

#include <time.h>

static const uint64_t PUSHES = (UINT64_C(1) << 32) + (UINT64_C(1) << 20);

/* Checks that the handle is refused. */
static void refuse(gcroots_ref_t ref, uint64_t pushes) {
  void *data = NULL;
  gcroots_status_t status = gcroots_externref_data(store, ref, &data);
  if (status == GCROOTS_ERROR_UNROOTED && data == NULL) return;
  fprintf(stderr, "soak: after %llu pushes generation %u of slot %u answers %s\n",
          (unsigned long long)pushes, ref.generation, ref.index, gcroots_status_name(status));
  exit(1);
}

int main(void) {
  gcroots_scope_t scope;
  gcroots_ref_t object, stale, pushed, forged;
  gcroots_manually_rooted_t manual;
  uint64_t pushes = 0, moves = 0;
  clock_t begin = clock();
  int old_data, new_data;
  void *data;

  make_engine(NULL);
  make_store();
  MUST(gcroots_scope_enter(store, &scope));
  MUST(gcroots_externref_new(store, &new_data, NULL, &object));
  MUST(gcroots_ref_to_manually_rooted(store, object, &manual));
  MUST(gcroots_scope_exit(store, scope));

  MUST(gcroots_scope_enter(store, &scope));
  MUST(gcroots_externref_new(store, &old_data, NULL, &stale));
  MUST(gcroots_scope_exit(store, scope));

  pushed = stale;
  for (; pushes < PUSHES; pushes++) {
    uint32_t slot = pushed.index;
    MUST(gcroots_scope_enter(store, &scope));
    MUST(gcroots_manually_rooted_to_rooted(store, manual, &pushed));
    MUST(gcroots_scope_exit(store, scope));
    if (pushed.index != slot) {
      moves++;
      printf("after %llu pushes slot %u has issued its last generation; pushes go on in slot %u\n",
             (unsigned long long)pushes, slot, pushed.index);
    }
    if (pushes % (UINT64_C(1) << 16) == 0) refuse(stale, pushes);
  }

  /* Tests after every push near the count at which a 32-bit counter would reach the
     stale handle's generation again. */
  for (; pushes < PUSHES + 1000; pushes++) {
    MUST(gcroots_scope_enter(store, &scope));
    MUST(gcroots_manually_rooted_to_rooted(store, manual, &pushed));
    refuse(stale, pushes);
    for (forged = stale, forged.generation = 0; forged.generation < 64; forged.generation++)
      refuse(forged, pushes);
    for (forged.generation = UINT32_MAX - 64; forged.generation != 0; forged.generation++)
      refuse(forged, pushes);
    MUST(gcroots_externref_data(store, pushed, &data));
    if (data != &new_data) return 1;
    MUST(gcroots_scope_exit(store, scope));
  }
  if (moves != 1) {
    fprintf(stderr, "soak: pushes moved to another slot %llu times, not once\n",
            (unsigned long long)moves);
    return 1;
  }
  MUST(gcroots_store_verify(store));
  free_store_and_engine();
  printf(
      "%llu roots went through one slot and the next; the handle of generation %u of slot %u\n"
      "is refused: GCROOTS_ERROR_UNROOTED (%.0f s)\n",
      (unsigned long long)pushes, stale.generation, stale.index,
      (double)(clock() - begin) / CLOCKS_PER_SEC);
  return 0;
}
