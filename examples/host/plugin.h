/* What the host and its plugins know of each other. It is a C ABI: a plugin may be written in any
 * language.
 *
 * A plugin is a shared object with one symbol, `plugin`. It has a filter: a function object that
 * gets a text and returns a text. Texts are objects of the host. A plugin has references to them,
 * in a store that it shares with no other plugin.
 */
#ifndef PLUGIN_H
#define PLUGIN_H

#include <gcroots.h>

/* Stands before `plugin`. A plugin hides all other symbols (-fvisibility=hidden). */
#define PLUGIN_EXPORT __attribute__((visibility("default")))

/* The version of both structs. The host refuses a plugin that has another one. */
#define PLUGIN_VERSION 1

#ifdef __cplusplus
extern "C" {
#endif

/* What the host lends to a plugin. It exists as long as the plugin's store. The functions are
   called on the plugin's thread. A reference that is not to a text makes them return a status. */
typedef struct host {
  uint32_t version;
  /* The store of the plugin. It belongs to the plugin's thread. */
  gcroots_store_t *store;
  /* The type of the filter: one parameter and one result, each of which refers to an external
     object or is null. */
  const gcroots_type_t *filter_type;

  /* Makes a text. `out` is a handle of the current scope. */
  gcroots_status_t (*new_text)(struct host *host, const char *bytes, size_t size,
                               gcroots_ref_t *out);
  /* Reads a text. The bytes stay where they are as long as the text is alive. */
  gcroots_status_t (*read_text)(struct host *host, gcroots_ref_t text, const char **bytes,
                                size_t *size);

  /* Writes and reads the board: a few bytes that all plugins share. Both return how many bytes
     were copied. */
  size_t (*write_board)(struct host *host, const void *bytes, size_t size);
  size_t (*read_board)(struct host *host, void *bytes, size_t size);
  /* Tells the user what a call has returned. */
  void (*report)(struct host *host, const char *what, gcroots_status_t status);
} host_t;

/* What a plugin gives to the host. The host calls it on the plugin's thread. No C++ exception may
   leave `load` or `unload`. One may leave the filter if gcroots.hpp has made the filter. */
typedef struct plugin {
  uint32_t version;
  /* Makes the filter. A plugin that keeps roots or memory between calls sets `out_state`, which
     is NULL otherwise. */
  gcroots_status_t (*load)(host_t *host, gcroots_ref_t *out_filter, void **out_state);
  /* Lets go of a state that is not NULL. The filter still exists, but is not called again. */
  void (*unload)(void *state);
} plugin_t;

extern PLUGIN_EXPORT const plugin_t plugin;

#ifdef __cplusplus
}
#endif

#endif /* PLUGIN_H */
