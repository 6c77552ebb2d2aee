/* Bits that the store did not issue name no root, scope or weak handle. The bits are next to
 * live ones, one or two bits away from them, or random. tests/model forges handles too, but
 * in few ways. Tables, globals, tags and weak maps have such cases in their own files.
 */
#include "objects.h"

union bits {
  gcroots_ref_t ref;
  gcroots_manually_rooted_t manual;
  gcroots_weak_t weak;
  gcroots_scope_t scope;
};

/* Live bits, and the status for unknown ones. 0: scopes, 1: roots, 2: weak handles. */
enum { NOUNS = 3, LIVE = 20 };
static union bits live[NOUNS][LIVE];
static const gcroots_status_t unknown[NOUNS] = {GCROOTS_ERROR_SCOPE_ORDER, GCROOTS_ERROR_UNROOTED,
                                                GCROOTS_ERROR_UNROOTED};
static int host;

/* Leaves scopes open, makes roots of both kinds in them, and weak handles. */
static void make_live(void) {
  for (int i = 0; i < LIVE; i++) {
    live[0][i].scope = enter();
    if (i % 2 == 0)
      live[1][i].ref = new_externref(&host);
    else
      live[1][i].manual = new_rooted(&host, NULL);
    OK(gcroots_weak_new(store, live[1][i].ref, &live[2][i].weak));
  }
}

static gcroots_status_t use(int noun, union bits bits) {
  gcroots_ref_t out = untouched();
  void *data = NULL;
  gcroots_status_t status = noun == 0   ? gcroots_scope_unwind(store, bits.scope)
                            : noun == 1 ? gcroots_externref_data(store, bits.ref, &data)
                                        : gcroots_weak_upgrade(store, bits.weak, &out);
  if (status == GCROOTS_OK) return status;
  CHECK(data == NULL && same_bits(out, untouched()));
  if (noun == 0) CHECK(gcroots_scope_exit(store, bits.scope) == status);
  if (noun == 1) CHECK(gcroots_manually_rooted_unroot(store, &bits.manual) == status);
  if (noun == 2) CHECK(gcroots_weak_free(store, &bits.weak) == status);
  return status;
}

/* These bits name nothing, unless they are those of a live handle, or null. */
static void check_unknown(int noun, union bits bits) {
  bool own = bits.ref.store_id == live[0][0].ref.store_id;
  for (int i = 0; i < LIVE; i++)
    if (bits.ref.store_id == 0 || memcmp(&bits, &live[noun][i], sizeof bits) == 0) return;
  REFUSED(own ? unknown[noun] : GCROOTS_ERROR_WRONG_STORE, use(noun, bits));
}

/* Nothing was changed: the live bits are still valid, scopes from the inside out. */
static void check_live(void) {
  CHECK(stats_of(store).manual_roots == LIVE / 2 && stats_of(store).weak_handles == LIVE);
  for (int noun = NOUNS; noun-- > 0;)
    for (int i = LIVE; i-- > 0;) OK(use(noun, live[noun][i]));
}

CASE(bits_close_to_a_live_handle_name_nothing) {
  make_live();
  for (int noun = 0; noun < NOUNS; noun++)
    for (int i = 0; i < LIVE; i++)
      for (int bit = 0; bit < 128; bit++)
        for (int other = bit; other < 128; other++) {
          union bits bits = live[noun][i];
          ((unsigned char *)&bits)[bit / 8] ^= (unsigned char)(1 << bit % 8);
          if (other != bit) ((unsigned char *)&bits)[other / 8] ^= (unsigned char)(1 << other % 8);
          check_unknown(noun, bits);
        }
  check_live();
}

CASE(generations_and_slots_near_the_live_ones_name_nothing) {
  make_live();
  for (int noun = 0; noun < NOUNS; noun++)
    for (uint32_t index = 0; index < 600; index++)
      for (uint32_t step = 0; step < 64; step++) {
        union bits bits = live[noun][0];
        bits.ref.generation = step - 32;
        bits.ref.index = index / 2 | index << 31;
        check_unknown(noun, bits);
      }
  check_live();
}

CASE(random_bits_name_nothing) {
  uint64_t state = 42;
  make_live();
  for (int i = 0; i < 600000; i++) {
    union bits bits = live[i % NOUNS][0];
    state = state * 6364136223846793005 + 1442695040888963407;
    bits.ref.generation = (uint32_t)(state >> 32);
    bits.ref.index = (uint32_t)(state ^ state >> 32);
    check_unknown(i % NOUNS, bits);
  }
  check_live();
}
