/* gcroots.hpp in a program and in a plugin. Neither exports its symbols to the other. */
#include "hpp.h"
#include <dlfcn.h>

static Ref func_of_plugin(const gcroots::StoreRef &of) {
  void *plugin = dlopen(PLUGIN, RTLD_NOW | RTLD_LOCAL);
  if (plugin == nullptr) check_fail(__FILE__, __LINE__, "%s", dlerror());
  auto make = reinterpret_cast<Ref (*)(gcroots_store_t *)>(dlsym(plugin, "plugin_func"));
  CHECK(make != nullptr);
  return make(of.raw());
}

CASE(an_exception_of_a_plugin_arrives) {
  gcroots::Store own = new_hpp_store();
  THROWS_A(std::out_of_range, as<FuncRef>(func_of_plugin(own)).call(own, 1));
  own.verify();
}

CASE(an_error_of_a_plugin_arrives) {
  gcroots::Store own = new_hpp_store();
  THROWS(GCROOTS_ERROR_WRONG_STORE, as<FuncRef>(func_of_plugin(own)).call(own, 0));
  own.verify();
}
