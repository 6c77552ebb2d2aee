/* A plugin that uses gcroots.hpp and hides its symbols, for c-tests/hpp_plugin.cpp. */
#include <gcroots.hpp>

extern "C" __attribute__((visibility("default"))) gcroots_ref_t plugin_func(
    gcroots_store_t *store) {
  return gcroots::FuncRef::make(gcroots::StoreRef(store), [](gcroots::StoreRef of, int32_t error) {
    if (error != 0) throw std::out_of_range("thrown in the plugin");
    of.gc();
    of.kind(gcroots::Ref{1, 1, 1});
  });
}
