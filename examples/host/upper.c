/* A plugin in C that behaves: it writes texts in capitals. It keeps a root of its first text, and
 * ends the root when it is unloaded.
 *
 * It is talkative, too: it writes the handle of its first text and the address of its store on the
 * board, where the plugin in misuse.c finds them.
 */
#include "plugin.h"
#include <ctype.h>
#include <stdlib.h>

typedef struct {
  host_t *host;
  gcroots_manually_rooted_t first;
} state_t;

/* What the plugin writes on the board. */
typedef struct {
  gcroots_store_t *store;
  gcroots_ref_t text;
} notice_t;

static gcroots_status_t keep(state_t *state, gcroots_ref_t text) {
  gcroots_status_t status = gcroots_ref_to_manually_rooted(state->host->store, text, &state->first);
  if (status == GCROOTS_OK) {
    notice_t notice = {state->host->store, state->first.ref};
    state->host->write_board(state->host, &notice, sizeof notice);
  }
  return status;
}

/* A failed call of the host or of the library has left a status and a message. The filter passes
   the status on. */
static gcroots_status_t filter(void *env, gcroots_store_t *store, const gcroots_val_t *args,
                               size_t nargs, gcroots_val_t *results, size_t nresults) {
  state_t *state = env;
  host_t *host = state->host;
  gcroots_ref_t text = args[0].of.ref;
  gcroots_status_t status = GCROOTS_OK;
  const char *bytes;
  char *capitals;
  size_t size;
  (void)store, (void)nargs, (void)nresults;
  if (gcroots_ref_is_null(state->first.ref)) status = keep(state, text);
  if (status == GCROOTS_OK) status = host->read_text(host, text, &bytes, &size);
  if (status != GCROOTS_OK) return status;
  capitals = malloc(size + 1);
  if (capitals == NULL) return GCROOTS_ERROR_OUT_OF_MEMORY;
  for (size_t i = 0; i < size; i++) capitals[i] = (char)toupper((unsigned char)bytes[i]);
  status = host->new_text(host, capitals, size, &results[0].of.ref);
  free(capitals);
  return status;
}

static gcroots_status_t load(host_t *host, gcroots_ref_t *out_filter, void **out_state) {
  gcroots_status_t status;
  state_t *state = calloc(1, sizeof *state);
  if (state == NULL) return GCROOTS_ERROR_OUT_OF_MEMORY;
  state->host = host;
  status = gcroots_func_new(host->store, host->filter_type, filter, state, NULL, out_filter);
  if (status != GCROOTS_OK)
    free(state);
  else
    *out_state = state;
  return status;
}

static void unload(void *data) {
  state_t *state = data;
  gcroots_manually_rooted_unroot(state->host->store, &state->first);
  free(state);
}

const plugin_t plugin = {PLUGIN_VERSION, load, unload};
