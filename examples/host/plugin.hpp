/* plugin.h for a host and plugins in C++. */
#ifndef PLUGIN_HPP
#define PLUGIN_HPP

#include <gcroots.hpp>
#include "plugin.h"
#include <string>

/* The type of a filter. */
using Filter =
    gcroots::TypedFunc<gcroots::Rooted<gcroots::ExternRef>(gcroots::Rooted<gcroots::ExternRef>)>;

/* Runs the body of a function of C, and returns the status that its exception stands for. */
template <class Body>
gcroots_status_t status_of(Body body) noexcept {
  try {
    body();
    return GCROOTS_OK;
  } catch (const gcroots::Error &error) {
    return error.status(); /* the call that failed has left its message */
  } catch (const std::bad_alloc &) {
    return GCROOTS_ERROR_OUT_OF_MEMORY;
  } catch (const std::exception &error) {
    gcroots_set_error(error.what());
  } catch (...) {
    gcroots_set_error("an exception of an unknown type");
  }
  return GCROOTS_STATUS_EMBEDDER;
}

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
