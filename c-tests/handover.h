/* Hands the fixture's store over to another thread or process: what its owner leaves in it,
 * and whether it is complete there. */
#ifndef HANDOVER_H
#define HANDOVER_H

#include "check.h"

/* What the fixture's thread leaves for the other threads. */
static gcroots_scope_t open_scope;
static gcroots_ref_t scoped;
static gcroots_manually_rooted_t manual;
static int host;

static inline void leave_things(void) {
  open_scope = enter();
  scoped = new_externref(&host);
  manual = root(scoped);
}

static inline void attach(void) {
  OK(gcroots_store_attach(store));
}

static inline void detach(void) {
  OK(gcroots_store_detach(store));
}

static inline void attach_is_of_the_wrong_thread(void) {
  REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_WRONG_THREAD, gcroots_store_attach(store));
}

/* What was left is there, and the store allocates and collects. */
static inline void store_is_usable(void) {
  CHECK(data_of(scoped) == &host && data_of(manual.ref) == &host);
  new_externref(NULL);
  OK(gcroots_store_gc(store));
  OK(gcroots_store_verify(store));
  CHECK(data_of(scoped) == &host && data_of(manual.ref) == &host);
}

#endif
