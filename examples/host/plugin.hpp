/* plugin.h for a host and plugins in C++. */
#ifndef PLUGIN_HPP
#define PLUGIN_HPP

#include <gcroots.hpp>
#include "plugin.h"
#include <string>

/* The type of a filter. */
using Filter =
    gcroots::TypedFunc<gcroots::Rooted<gcroots::ExternRef>(gcroots::Rooted<gcroots::ExternRef>)>;

/* Makes a text of the host. */
inline gcroots::Rooted<gcroots::ExternRef> new_text(host_t *host, const std::string &bytes) {
  gcroots_ref_t made;
  gcroots::check(host->new_text(host, bytes.data(), bytes.size(), &made));
  return gcroots::as<gcroots::ExternRef>(made);
}

/* Copies a text of the host. */
inline std::string read_text(host_t *host, gcroots_ref_t text) {
  const char *bytes;
  size_t size;
  gcroots::check(host->read_text(host, text, &bytes, &size));
  return std::string(bytes, size);
}

#endif /* PLUGIN_HPP */
