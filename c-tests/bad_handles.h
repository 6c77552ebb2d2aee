/* Bits that name nothing: handles of every kind that were valid, are another store's, or
 * were never given out.
 */
#ifndef BAD_HANDLES_H
#define BAD_HANDLES_H

#include "objects.h"

/* --- Roots -------------------------------------------------------------------- */

/* Bits that are not a root's, and the status of every function that takes a root. */
enum { BAD_HANDLES = 19 };
struct bad_handle {
  const char *name;
  gcroots_ref_t ref;
  gcroots_status_t status;
};

/* Fills in the handles. Leaves a scoped and a manual root in the current scope: most of the
   forged handles differ from these in one member. */
static inline void bad_handles(struct bad_handle bad[BAD_HANDLES]) {
  gcroots_store_t *others[2] = {another_store(), NULL};
  gcroots_ref_t live, stale, foreign[2], bits;
  gcroots_manually_rooted_t owned, stale_owned, foreign_owned;
  int n = 0;
#define BAD(name, ref, status) (bad[n++] = (struct bad_handle){name, ref, status})
#define FORGED(name, live, member, value) \
  bits = (live), bits.member = (value), BAD(name, bits, GCROOTS_ERROR_UNROOTED)
  /* After these rounds the scoped root's generation is even, which a manual root's never
     is, and the manual root's differs from the generation of a new slot. */
  for (int i = 0; i < 3; ++i) {
    gcroots_scope_t scope;
    OK(gcroots_scope_enter(store, &scope));
    OK(gcroots_externref_new(store, NULL, NULL, &stale));
    OK(gcroots_ref_to_manually_rooted(store, stale, &owned));
    stale_owned = owned;
    OK(gcroots_manually_rooted_unroot(store, &owned));
    OK(gcroots_scope_exit(store, scope));
  }
  OK(gcroots_externref_new(store, NULL, NULL, &live));
  OK(gcroots_ref_to_manually_rooted(store, live, &owned));
  OK(gcroots_store_new(engine, &others[1]));
  for (int i = 0; i < 2; ++i) OK(gcroots_externref_new(others[i], NULL, NULL, &foreign[i]));
  OK(gcroots_ref_to_manually_rooted(others[0], foreign[0], &foreign_owned));
  OK(gcroots_store_free(others[1]));

  BAD("stale", stale, GCROOTS_ERROR_UNROOTED);
  BAD("unrooted", stale_owned.ref, GCROOTS_ERROR_UNROOTED);
  BAD("of another store", foreign[0], GCROOTS_ERROR_WRONG_STORE);
  BAD("manual, of another store", foreign_owned.ref, GCROOTS_ERROR_WRONG_STORE);
  BAD("of a deleted store", foreign[1], GCROOTS_ERROR_WRONG_STORE);
  memset(&bits, 0xff, sizeof bits);
  BAD("all ones", bits, GCROOTS_ERROR_WRONG_STORE);
  bits.store_id = live.store_id;
  BAD("all ones but the store", bits, GCROOTS_ERROR_UNROOTED);
  FORGED("generation 0", live, generation, 0);
  FORGED("the greatest generation", live, generation, UINT32_MAX);
  FORGED("the next generation", live, generation, live.generation + 1);
  FORGED("manual bit set", live, index, live.index | 1U << 31);
  FORGED("a slot never used", live, index, live.index + 1000000);
  FORGED("the last slot", live, index, UINT32_MAX >> 1);
  FORGED("manual, generation 0", owned.ref, generation, 0);
  FORGED("manual, the greatest generation", owned.ref, generation, UINT32_MAX);
  FORGED("manual, the next generation", owned.ref, generation, owned.ref.generation + 1);
  FORGED("manual bit cleared", owned.ref, index, owned.ref.index & UINT32_MAX >> 1);
  FORGED("a manual slot never used", owned.ref, index, owned.ref.index + 1000000);
  FORGED("the last manual slot", owned.ref, index, UINT32_MAX);
#undef FORGED
#undef BAD
  CHECK(n == BAD_HANDLES);
}

/* The body runs for each bad handle `at`. */
#define EACH_BAD_HANDLE(at)                 \
  struct bad_handle check_bad[BAD_HANDLES]; \
  bad_handles(check_bad);                   \
  for (struct bad_handle *at = check_bad;   \
       at < check_bad + BAD_HANDLES && (check_note = at->name) != NULL; ++at, check_note = NULL)

/* --- Every kind --------------------------------------------------------------- */

enum handle_kind {
  ROOT,
  MANUAL,
  SCOPE,
  WEAK,
  PIN,
  WEAKMAP,
  TAG,
  TABLE,
  GLOBAL,
  SOURCE,
  HANDLE_KINDS
};

/* The most bad handles of one kind. */
enum { MOST_BAD = 11 + 2 * 32 };

/* Every kind of handle has the same size and begins with the id of its store. */
union handle_bits {
  gcroots_ref_t bits;
  gcroots_scope_t scope;
  gcroots_weak_t weak;
  gcroots_pin_t pin;
  gcroots_weakmap_t map;
  gcroots_tag_t tag;
  gcroots_table_t table;
  gcroots_global_t global;
  gcroots_root_source_t source;
};

/* Makes a handle of this kind in a store. */
static inline union handle_bits make_handle(enum handle_kind kind, gcroots_store_t *of) {
  static gcroots_root_range_t no_slots = {NULL, 0, 0};
  gcroots_ref_type_t any = {NULL, GCROOTS_HEAP_ANY, 1};
  gcroots_field_type_t number = plain(GCROOTS_STORAGE_I32);
  gcroots_val_t val = val_i32(7);
  union handle_bits made;
  gcroots_ref_t ref;
  gcroots_type_t *type;
  switch (kind) {
    case SCOPE: OK(gcroots_scope_enter(of, &made.scope)); break;
    case WEAK:
      OK(gcroots_externref_new(of, NULL, NULL, &ref));
      OK(gcroots_weak_new(of, ref, &made.weak));
      break;
    case PIN:
      /* Where objects cannot be pinned, no bits are good. */
      if (!heap_has(PINS)) return make_handle(WEAK, of);
      OK(gcroots_externref_new(of, NULL, NULL, &ref));
      OK(gcroots_pin(of, ref, &made.pin));
      break;
    case WEAKMAP: OK(gcroots_weakmap_new(of, &made.map)); break;
    case TAG:
      type = new_func(NULL, 0, NULL, 0);
      OK(gcroots_tag_new(of, type, &made.tag));
      gcroots_type_free(type);
      break;
    case TABLE: OK(gcroots_table_new(of, any, 1, 1, gcroots_ref_null(), &made.table)); break;
    case GLOBAL: OK(gcroots_global_new(of, &number, &val, &made.global)); break;
    default: OK(gcroots_root_range_add(of, &no_slots, NULL, &made.source));
  }
  return made;
}

/* Ends a handle of the fixture's store. */
static inline void end_handle(enum handle_kind kind, union handle_bits handle) {
  switch (kind) {
    case SCOPE: OK(gcroots_scope_exit(store, handle.scope)); break;
    case WEAK: OK(gcroots_weak_free(store, &handle.weak)); break;
    case PIN:
      if (heap_has(PINS)) OK(gcroots_unpin(store, &handle.pin));
      break;
    case WEAKMAP: OK(gcroots_weakmap_free(store, &handle.map)); break;
    case TABLE: OK(gcroots_table_free(store, &handle.table)); break;
    case GLOBAL: OK(gcroots_global_free(store, &handle.global)); break;
    case SOURCE: OK(gcroots_root_range_remove(store, &handle.source)); break;
    default: break;
  }
}

/* Fills in bad handles of a kind that is not a root, and returns how many there are. The
   forged ones differ in one member or one bit from a good handle, which stays good, except
   that a scope is left: the caller's scope must stay the innermost. */
static inline size_t bad_named(enum handle_kind kind, struct bad_handle bad[MOST_BAD]) {
  const gcroots_status_t unknown =
      kind == SCOPE ? GCROOTS_ERROR_SCOPE_ORDER : GCROOTS_ERROR_UNROOTED;
  union handle_bits made = make_handle(kind, store), foreign;
  gcroots_ref_t good = made.bits, bits;
  gcroots_store_t *deleted;
  size_t n = 0;
  /* A tag cannot be ended. */
  if (kind != TAG) {
    union handle_bits ended = make_handle(kind, store);
    end_handle(kind, ended);
    bad[n++] = (struct bad_handle){"ended", ended.bits, unknown};
  }
  foreign = make_handle(kind, another_store());
  bad[n++] = (struct bad_handle){"of another store", foreign.bits, GCROOTS_ERROR_WRONG_STORE};
  OK(gcroots_store_new(engine, &deleted));
  foreign = make_handle(kind, deleted);
  OK(gcroots_store_free(deleted));
  bad[n++] = (struct bad_handle){"of a deleted store", foreign.bits, GCROOTS_ERROR_WRONG_STORE};
  memset(&bits, 0xff, sizeof bits);
  bad[n++] = (struct bad_handle){"all ones", bits, GCROOTS_ERROR_WRONG_STORE};
  bits.store_id = good.store_id;
  bad[n++] = (struct bad_handle){"all ones but the store", bits, unknown};
  bits = good, bits.generation = 0;
  bad[n++] = (struct bad_handle){"generation 0", bits, unknown};
  bits = good, bits.generation--;
  bad[n++] = (struct bad_handle){"the generation before", bits, unknown};
  bits = good, bits.generation++;
  bad[n++] = (struct bad_handle){"the next generation", bits, unknown};
  bits = good, bits.generation = UINT32_MAX;
  bad[n++] = (struct bad_handle){"the greatest generation", bits, unknown};
  bits = good, bits.index += 1000000;
  bad[n++] = (struct bad_handle){"a slot never used", bits, unknown};
  bits = good, bits.index = UINT32_MAX;
  bad[n++] = (struct bad_handle){"the last slot", bits, unknown};
  for (int bit = 0; bit < 32; bit++) {
    bits = good, bits.generation ^= 1U << bit;
    bad[n++] = (struct bad_handle){"one bit of the generation", bits, unknown};
    bits = good, bits.index ^= 1U << bit;
    bad[n++] = (struct bad_handle){"one bit of the index", bits, unknown};
  }
  if (kind == SCOPE) end_handle(kind, made);
  CHECK(n <= MOST_BAD);
  return n;
}

/* Fills in bad handles of any kind, and returns how many there are. */
static inline size_t bad_of_kind(enum handle_kind kind, struct bad_handle bad[MOST_BAD]) {
  size_t n = BAD_HANDLES;
  if (kind != ROOT && kind != MANUAL) return bad_named(kind, bad);
  bad_handles(bad);
  if (kind == MANUAL)
    bad[n++] = (struct bad_handle){"a scoped root", new_externref(NULL), GCROOTS_ERROR_UNROOTED};
  return n;
}

#endif
