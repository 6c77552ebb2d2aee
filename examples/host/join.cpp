/* A plugin in C++ that behaves: it joins each text and the one before. Between two calls a
 * ManuallyRooted keeps the text before, which the host destroys when no root is left.
 */
#include "plugin.hpp"
#include <memory>

using namespace gcroots;

struct Last {
  ManuallyRooted<ExternRef> text;
};

static gcroots_status_t load(host_t *host, gcroots_ref_t *out_filter, void **out_state) {
  return gcroots::status_of([=] {
    auto last = std::make_unique<Last>();
    auto filter = [host, last = last.get()](StoreRef store, Rooted<ExternRef> text) {
      std::string before = store.is_null(last->text) ? "" : read_text(host, last->text) + ", ";
      last->text = ManuallyRooted(store, text);
      return new_text(host, before + read_text(host, text));
    };
    *out_filter = FuncRef::make(StoreRef(host->store), filter);
    *out_state = last.release();
  });
}

static void unload(void *state) {
  delete static_cast<Last *>(state);
}

const plugin_t plugin = {PLUGIN_VERSION, load, unload};
