/* The host's side of a plugin: the shared object, a store with limits of its own, and the filter.
 *
 * What a plugin does with its store and with handles cannot harm the host or another plugin. A
 * plugin that writes to addresses that are not its own can, as in any process.
 */
#ifndef GUEST_HPP
#define GUEST_HPP

#include "plugin.hpp"
#include <dlfcn.h>
#include <algorithm>
#include <cstring>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <vector>

using gcroots::ExternRef;
using gcroots::FuncRef;
using gcroots::ManuallyRooted;
using gcroots::Rooted;
using gcroots::StoreRef;

/* A text. A store owns it, and destroys it when nothing refers to it any more. */
struct Text {
  int &count; /* of the texts of one store */
  std::string bytes;
  Text(int &its_count, const char *its_bytes, std::size_t size)
      : count(its_count), bytes(its_bytes, size) {
    count++;
  }
  Text(const Text &) = delete;
  ~Text() {
    count--;
  }
};

/* A few bytes that all plugins share. */
class Board {
 public:
  std::size_t write(const void *bytes, std::size_t size) {
    std::lock_guard<std::mutex> lock(mutex_);
    used_ = std::min(size, sizeof bytes_);
    std::memcpy(bytes_, bytes, used_);
    return used_;
  }
  std::size_t read(void *bytes, std::size_t size) {
    std::lock_guard<std::mutex> lock(mutex_);
    size = std::min(size, used_);
    std::memcpy(bytes, bytes_, size);
    return size;
  }

 private:
  std::mutex mutex_;
  char bytes_[64];
  std::size_t used_ = 0;
};

/* A shared object. */
class Library {
 public:
  explicit Library(const std::string &path) : handle_(dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) {
    if (handle_ == nullptr) throw std::runtime_error(dlerror());
  }
  Library(const Library &) = delete;
  ~Library() {
    dlclose(handle_);
  }
  void *symbol(const char *name) const {
    void *found = dlsym(handle_, name);
    if (found == nullptr) throw std::runtime_error(dlerror());
    return found;
  }

 private:
  void *handle_;
};

/* A plugin that is loaded. One thread makes it, uses it and destroys it.
 *
 * The host calls the plugin inside functions of the store. There the plugin can neither delete the
 * store nor close a scope of the host, and what the plugin leaves open ends with the function.
 */
class Guest : host_t {
 public:
  /* Its heap, the tables of its store and its texts may each have `limit` bytes. What the plugin
     reports goes to `events`, and `texts` counts its texts that are alive. Both outlive it. */
  Guest(const std::string &path, gcroots_collector_t collector, std::size_t limit, Board &board,
        std::vector<std::string> &events, int &texts)
      : host_t(),
        board_(board),
        events_(events),
        texts_(texts),
        library_(path),
        store_(engine_with(collector, limit)),
        type_(gcroots::Type::of<Filter>(store_)) {
    version = PLUGIN_VERSION;
    store = store_.raw();
    filter_type = type_.raw();
    new_text = new_text_in;
    read_text = read_text_of;
    write_board = [](host_t *host, const void *bytes, std::size_t size) {
      return of(host).board_.write(bytes, size);
    };
    read_board = [](host_t *host, void *bytes, std::size_t size) {
      return of(host).board_.read(bytes, size);
    };
    report = [](host_t *host, const char *what, gcroots_status_t status) {
      gcroots::status_of([&] {
        of(host).events_.push_back(std::string(what) + ": " + gcroots_status_name(status));
      });
    };

    auto *plugin = static_cast<const plugin_t *>(library_.symbol("plugin"));
    if (plugin->version != PLUGIN_VERSION) throw std::runtime_error(path + " has another version");
    gcroots::Scope scope(store_);
    auto load = FuncRef::make(store_, [&](StoreRef of) {
      gcroots_ref_t filter{};
      void *state = nullptr;
      gcroots::check(plugin->load(this, &filter, &state));
      state_ = {state, plugin->unload};
      return of.cast<Filter>(filter); /* refuses what is not a filter */
    });
    unload_ = ManuallyRooted(store_, FuncRef::make(store_, [this] { state_.reset(); }));
    filter_ = ManuallyRooted(store_, load(store_));
    roots_ = store_.stats().manual_roots;
  }

  /* Has the plugin filter a text. Throws what the plugin throws. */
  std::string filter(const std::string &text) {
    gcroots::Scope scope(store_); /* ends the handles that are made here */
    auto result = filter_(store_, make_text(text.data(), text.size()));
    return result.get<Text>(store_).bytes;
  }

  /* What a plugin did wrong, as far as its store knows. */
  struct Left {
    std::uint64_t roots;         /* that the plugin has not ended */
    std::uint64_t stale_unroots; /* of handles that named no root */
  };

  /* Unloads the plugin, and frees what nobody has a root for. */
  Left unload() {
    unload_(store_);
    store_.drain_unroots(); /* ends the roots that destructors gave up */
    gcroots_stats_t stats = store_.stats();
    filter_.unroot(store_);
    store_.gc();
    store_.verify();
    return {stats.manual_roots - roots_, stats.stale_unroots};
  }

 private:
  static gcroots::Engine engine_with(gcroots_collector_t collector, std::size_t limit) {
    gcroots::Config config;
    config.collector(collector).heap_limit(limit).side_limit(limit).external_limit(limit);
    return gcroots::Engine(config);
  }

  Rooted<ExternRef> make_text(const char *bytes, std::size_t size) {
    return ExternRef::make_with_bytes<Text>(store_, sizeof(Text) + size, texts_, bytes, size);
  }

  /* --- What the plugin calls. No exception leaves these functions. */

  static Guest &of(host_t *host) {
    return *static_cast<Guest *>(host);
  }
  static gcroots_status_t new_text_in(host_t *host, const char *bytes, std::size_t size,
                                      gcroots_ref_t *out) {
    return gcroots::status_of([&] { *out = of(host).make_text(bytes, size); });
  }
  static gcroots_status_t read_text_of(host_t *host, gcroots_ref_t ref, const char **bytes,
                                       std::size_t *size) {
    return gcroots::status_of([&] {
      const Text &text = gcroots::as<ExternRef>(ref).get<Text>(of(host).store_);
      *bytes = text.bytes.data();
      *size = text.bytes.size();
    });
  }

  Board &board_;
  std::vector<std::string> &events_;
  int &texts_;
  /* The members below are destroyed in the opposite order. The store runs code of the plugin when
     it is deleted, so the shared object is closed after that. */
  Library library_;
  gcroots::Store store_;
  gcroots::Type type_;
  std::unique_ptr<void, void (*)(void *)> state_{nullptr, nullptr};
  ManuallyRooted<Filter> filter_;
  ManuallyRooted<gcroots::TypedFunc<void()>> unload_;
  std::size_t roots_ = 0; /* the manual roots after loading, most of which are the host's */
};

#endif /* GUEST_HPP */
