/* Host objects: how they are made and read; and a store with one of them. */
#include "operations.h"

void read_scoped(uint64_t count) {
  gcroots_store_t *const s = store;
  const gcroots_ref_t ref = object;
  void *data = NULL;
  while (count-- > 0) {
    MUST(gcroots_externref_data(s, ref, &data));
    KEEP(data);
  }
}

void read_manual(uint64_t count) {
  gcroots_store_t *const s = store;
  const gcroots_ref_t ref = manual.ref;
  void *data = NULL;
  while (count-- > 0) {
    MUST(gcroots_externref_data(s, ref, &data));
    KEEP(data);
  }
}

void externref_new(uint64_t count) {
  IN_SCOPES(gcroots_ref_t ref; MUST(gcroots_externref_new(s, &store, NULL, &ref)); KEEP(&ref))
}

static void finalizer(void *data) {
  KEEP(data);
}

void externref_new_finalized(uint64_t count) {
  IN_SCOPES(gcroots_ref_t ref; MUST(gcroots_externref_new(s, &store, finalizer, &ref)); KEEP(&ref))
}

static void scope_of_externrefs(uint64_t count, int externrefs) {
  gcroots_store_t *const s = store;
  while (count-- > 0) {
    gcroots_scope_t scope;
    MUST(gcroots_scope_enter(s, &scope));
    for (int i = 0; i < externrefs; i++) {
      gcroots_ref_t ref;
      MUST(gcroots_externref_new(s, &store, NULL, &ref));
      KEEP(&ref);
    }
    MUST(gcroots_scope_exit(s, scope));
  }
}

/* An externref in a scope of its own. */
void externref_in_scope(uint64_t count) {
  scope_of_externrefs(count, 1);
}

void scope_10_externrefs(uint64_t count) {
  scope_of_externrefs(count, 10);
}

void store_new_free(uint64_t count) {
  while (count-- > 0) {
    gcroots_store_t *made;
    MUST(gcroots_store_new(engine, &made));
    MUST(gcroots_store_free(made));
  }
}

/* Makes a store with one object and deletes it. */
void store_new_object_free(uint64_t count) {
  while (count-- > 0) {
    gcroots_store_t *made;
    gcroots_ref_t ref;
    MUST(gcroots_store_new(engine, &made));
    MUST(gcroots_externref_new(made, &store, NULL, &ref));
    MUST(gcroots_store_free(made));
  }
}
