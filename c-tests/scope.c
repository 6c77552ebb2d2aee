/* Scopes: what they end, and in which order they may be left. */
#include "check.h"

CASE(a_handle_dies_with_its_scope) {
  int finalized = 0;
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref;
  void *data = NULL;
  OK(gcroots_externref_new(store, &finalized, count_call, &ref));
  OK(gcroots_store_gc(store));
  CHECK(data_of(ref) == &finalized);
  CHECK(finalized == 0);
  OK(gcroots_scope_exit(store, scope));
  REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_externref_data(store, ref, &data));
  CHECK(data == NULL);
  OK(gcroots_store_gc(store));
  CHECK(finalized == (collects ? 1 : 0));
  OK(gcroots_store_free(store));
  store = NULL;
  CHECK(finalized == 1);
}
