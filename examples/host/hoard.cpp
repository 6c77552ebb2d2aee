/* A plugin that runs out of memory: it copies a text into its heap again and again, and keeps all
 * copies. At the limit of its store a call throws gcroots::Error, which the host catches.
 */
#include "plugin.hpp"

using namespace gcroots;

/* A copy of a text, and the copy before. */
struct Copy : struct_type<field<ref<ArrayRef<char>>>, field<nullable<StructRef<Copy>>>> {};

static gcroots_status_t load(host_t *host, gcroots_ref_t *out_filter, void **) {
  return gcroots::status_of([=] {
    auto filter = [host](StoreRef store, Rooted<ExternRef> text) -> Rooted<ExternRef> {
      Local<StructRef<Copy>> last(store);
      for (;;) {
        Scope scope(store); /* ends the handles of this copy: `last` keeps it */
        auto bytes = ArrayRef<char>::copy_of(store, std::string_view(read_text(host, text)));
        last = StructRef<Copy>::make(store, bytes, last);
      }
    };
    *out_filter = FuncRef::make(StoreRef(host->store), filter);
  });
}

const plugin_t plugin = {PLUGIN_VERSION, load, nullptr};
