/* Scopes, roots, weak handles and raw references. */
#include "operations.h"

/* The least that a call costs. */
void call_empty(uint64_t count) {
  while (count-- > 0) KEEP(gcroots_version());
}

void scope_enter_exit(uint64_t count) {
  gcroots_store_t *const s = store;
  while (count-- > 0) {
    gcroots_scope_t scope;
    MUST(gcroots_scope_enter(s, &scope));
    MUST(gcroots_scope_exit(s, scope));
  }
}

static void scope_of_locals(uint64_t count, int locals) {
  gcroots_store_t *const s = store;
  const gcroots_ref_t from = object;
  while (count-- > 0) {
    gcroots_scope_t scope;
    MUST(gcroots_scope_enter(s, &scope));
    for (int i = 0; i < locals; i++) {
      gcroots_ref_t ref;
      MUST(gcroots_local_new(s, from, &ref));
      KEEP(&ref);
    }
    MUST(gcroots_scope_exit(s, scope));
  }
}

void scope_1_local(uint64_t count) {
  scope_of_locals(count, 1);
}

void scope_10_locals(uint64_t count) {
  scope_of_locals(count, 10);
}

/* Enters a scope, and leaves it with one root that escapes. */
void scope_escape(uint64_t count) {
  const gcroots_ref_t ref = object;
  IN_SCOPES(gcroots_scope_t inner; gcroots_ref_t escaped; MUST(gcroots_scope_enter(s, &inner));
            MUST(gcroots_scope_escape(s, inner, ref, &escaped)); KEEP(&escaped))
}

void root_push(uint64_t count) {
  const gcroots_manually_rooted_t m = manual;
  IN_SCOPES(gcroots_ref_t ref; MUST(gcroots_manually_rooted_to_rooted(s, m, &ref)); KEEP(&ref))
}

void local_new(uint64_t count) {
  const gcroots_ref_t from = object;
  IN_SCOPES(gcroots_ref_t ref; MUST(gcroots_local_new(s, from, &ref)); KEEP(&ref))
}

void local_is_null(uint64_t count) {
  gcroots_store_t *const s = store;
  const gcroots_ref_t ref = local;
  bool is;
  while (count-- > 0) {
    MUST(gcroots_local_is_null(s, ref, &is));
    KEEP(is);
  }
}

void manual_root_unroot(uint64_t count) {
  gcroots_store_t *const s = store;
  const gcroots_ref_t ref = object;
  while (count-- > 0) {
    gcroots_manually_rooted_t handle;
    MUST(gcroots_ref_to_manually_rooted(s, ref, &handle));
    MUST(gcroots_manually_rooted_unroot(s, &handle));
  }
}

/* A thousand at a time are made, and ended in the same order. */
void manual_batch_1000(uint64_t count) {
  enum { BATCH = 1000 };
  static gcroots_manually_rooted_t roots[BATCH];
  gcroots_store_t *const s = store;
  const gcroots_ref_t ref = object;
  while (count > 0) {
    uint64_t batch = count < BATCH ? count : BATCH;
    count -= batch;
    for (uint64_t i = 0; i < batch; i++) MUST(gcroots_ref_to_manually_rooted(s, ref, &roots[i]));
    for (uint64_t i = 0; i < batch; i++) MUST(gcroots_manually_rooted_unroot(s, &roots[i]));
  }
}

/* A random one of 65,536 manual roots ends and is made again. */
void manual_churn(uint64_t count) {
  enum { CHURNED = 1 << 16 };
  static gcroots_manually_rooted_t roots[CHURNED];
  static uint32_t random = 12345;
  gcroots_store_t *const s = store;
  const gcroots_ref_t ref = object;
  if (gcroots_ref_is_null(roots[0].ref))
    for (size_t i = 0; i < CHURNED; i++) MUST(gcroots_ref_to_manually_rooted(s, ref, &roots[i]));
  while (count-- > 0) {
    random = random * 1664525u + 1013904223u;
    MUST(gcroots_manually_rooted_unroot(s, &roots[random >> 16]));
    MUST(gcroots_ref_to_manually_rooted(s, ref, &roots[random >> 16]));
  }
}

void weak_new_free(uint64_t count) {
  gcroots_store_t *const s = store;
  const gcroots_ref_t ref = object;
  while (count-- > 0) {
    gcroots_weak_t weak;
    MUST(gcroots_weak_new(s, ref, &weak));
    MUST(gcroots_weak_free(s, &weak));
  }
}

void ref_from_raw(uint64_t count) {
  uint32_t raw;
  MUST(gcroots_ref_to_raw(store, object, &raw));
  IN_SCOPES(gcroots_ref_t ref; MUST(gcroots_ref_from_raw(s, raw, &ref)); KEEP(&ref))
}
