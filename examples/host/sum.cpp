/* A plugin that throws: it adds the numbers of a text. A word that is not a number ends the filter
 * with a C++ exception, which the host catches. The plugin goes on with the next text.
 */
#include "plugin.hpp"
#include <sstream>
#include <stdexcept>

using namespace gcroots;

static int number(const std::string &word) {
  if (word.find_first_not_of("0123456789") != std::string::npos)
    throw std::invalid_argument(word + " is not a number");
  return std::stoi(word);
}

static gcroots_status_t load(host_t *host, gcroots_ref_t *out_filter, void **) {
  return gcroots::status_of([=] {
    *out_filter = FuncRef::make(StoreRef(host->store), [host](Rooted<ExternRef> text) {
      std::istringstream words(read_text(host, text));
      int sum = 0;
      for (std::string word; words >> word;) sum += number(word);
      return new_text(host, std::to_string(sum));
    });
  });
}

const plugin_t plugin = {PLUGIN_VERSION, load, nullptr};
