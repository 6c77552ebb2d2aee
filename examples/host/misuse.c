/* A plugin that leaks texts and misuses handles on purpose. Each misuse has a status.
 *
 * The filter leaks in the first call. In the second it misuses all that it finds. In the third
 * it returns a stale handle, which the host gets as the result.
 */
#include "plugin.h"
#include <string.h>

enum { LEAKS = 100, FORGERIES = 1000 };

static host_t *host;
static gcroots_ref_t first; /* a scoped handle, which is stale after its call */
static int calls;

/* Makes texts and roots, and forgets them. */
static void leak(void) {
  for (int i = 0; i < LEAKS; i++) {
    gcroots_ref_t text;
    gcroots_manually_rooted_t forgotten;
    if (host->new_text(host, "leaked", 6, &text) != GCROOTS_OK) return;
    if (gcroots_ref_to_manually_rooted(host->store, text, &forgotten) != GCROOTS_OK) return;
  }
}

/* Asks the host for a text, by a handle that does not name one of this plugin's texts. */
static void read_as_text(const char *what, gcroots_ref_t ref) {
  const char *bytes;
  size_t size;
  host->report(host, what, host->read_text(host, ref, &bytes, &size));
}

/* Uses what another plugin has written on the board. See upper.c. */
static void read_from_others(void) {
  struct {
    gcroots_store_t *store;
    gcroots_ref_t text;
  } notice;
  void *data;
  if (host->read_board(host, &notice, sizeof notice) != sizeof notice) return;
  read_as_text("reads a text of another plugin", notice.text);
  host->report(host, "uses the store of another plugin",
               gcroots_externref_data(notice.store, notice.text, &data));
}

/* Tries bits that the store has not issued, for small numbers of roots of both kinds. */
static void forge(void) {
  gcroots_status_t status = GCROOTS_ERROR_UNROOTED;
  gcroots_ref_t forged = first;
  uint64_t bits = 1;
  for (int i = 0; i < FORGERIES && status == GCROOTS_ERROR_UNROOTED; i++) {
    const char *bytes;
    size_t size;
    bits = bits * 6364136223846793005u + 1442695040888963407u;
    forged.generation = (uint32_t)(bits >> 32);
    forged.index = (uint32_t)(i % 2) << 31 | (uint32_t)(i % 64);
    status = host->read_text(host, forged, &bytes, &size);
  }
  host->report(host, "forges handles", status);
}

static void unroot_again(gcroots_ref_t text) {
  gcroots_manually_rooted_t root, copy;
  if (gcroots_ref_to_manually_rooted(host->store, text, &root) != GCROOTS_OK) return;
  copy = root;
  gcroots_manually_rooted_unroot(host->store, &root);
  host->report(host, "unroots a handle twice", gcroots_manually_rooted_unroot(host->store, &copy));
  gcroots_manually_rooted_unroot_later(&copy); /* never fails; the store counts it */
}

static void take_other_objects_for_texts(void) {
  gcroots_ref_t ref;
  if (gcroots_i31_new(host->store, 1234, &ref) == GCROOTS_OK)
    read_as_text("takes a number for a text", ref);
  if (gcroots_externref_new(host->store, host, NULL, &ref) == GCROOTS_OK)
    read_as_text("takes an object of its own for a text", ref);
  memset(&ref, 0, sizeof ref);
  read_as_text("takes null for a text", ref);
}

/* Tries to close the scopes that were open before the filter was called, whose numbers are smaller
   than that of a new scope. */
static void close_scopes_of_host(void) {
  gcroots_status_t status = GCROOTS_ERROR_SCOPE_ORDER;
  gcroots_scope_t scope;
  if (gcroots_scope_enter(host->store, &scope) != GCROOTS_OK) return;
  while (--scope.serial > 0 && status == GCROOTS_ERROR_SCOPE_ORDER)
    status = gcroots_scope_exit(host->store, scope);
  host->report(host, "closes scopes of the host", status);
}

/* Forgets to close a scope and a no-GC span. Both end with the call of the filter. */
static void leave_open(void) {
  gcroots_scope_t scope;
  if (gcroots_scope_enter(host->store, &scope) == GCROOTS_OK) gcroots_no_gc_enter(host->store);
}

static gcroots_status_t filter(void *env, gcroots_store_t *store, const gcroots_val_t *args,
                               size_t nargs, gcroots_val_t *results, size_t nresults) {
  gcroots_ref_t text = args[0].of.ref;
  (void)env, (void)store, (void)nargs, (void)nresults;
  results[0].of.ref = text;
  switch (++calls) {
    case 1:
      first = text;
      leak();
      break;
    case 2:
      read_as_text("reads a text of an earlier call", first);
      read_from_others();
      forge();
      unroot_again(text);
      take_other_objects_for_texts();
      close_scopes_of_host();
      leave_open();
      break;
    default: results[0].of.ref = first;
  }
  return GCROOTS_OK;
}

static gcroots_status_t load(host_t *lent, gcroots_ref_t *out_filter, void **out_state) {
  host = lent;
  (void)out_state;
  host->report(host, "deletes its store", gcroots_store_free(host->store));
  host->report(host, "gives its store away", gcroots_store_detach(host->store));
  return gcroots_func_new(host->store, host->filter_type, filter, NULL, NULL, out_filter);
}

const plugin_t plugin = {PLUGIN_VERSION, load, NULL};
