/// Configurations and engines.
#ifndef GCROOTS_ENGINE_HPP
#define GCROOTS_ENGINE_HPP

#include "error.hpp"

#pragma GCC visibility push(default)

namespace gcroots {
inline namespace GCROOTS_HPP_MODE {

namespace detail {

/// Owns a counted reference to something of the library's. It is empty after a move, and the
/// library refuses it then (GCROOTS_ERROR_NULL_ARGUMENT).
template <class T, auto Clone, auto Free>
class Counted {
 public:
  explicit Counted(T *taken) noexcept : raw_(taken) {
  }
  /// If there are too many references, it throws, or without exceptions the copy is empty.
  Counted(const Counted &other) : raw_(Clone(other.raw_)) {
    if (raw_ == nullptr && other.raw_ != nullptr) begin(GCROOTS_ERROR_LIMIT);
  }
  Counted(Counted &&other) noexcept : raw_(std::exchange(other.raw_, nullptr)) {
  }
  Counted &operator=(Counted other) noexcept {
    std::swap(raw_, other.raw_);
    return *this;
  }
  ~Counted() {
    Free(raw_);
  }

  T *raw() const noexcept {
    return raw_;
  }

 private:
  T *raw_;
};

}  // namespace detail

/// A configuration. Each setter returns the configuration: `Config().stress(1).poison(true)`.
///
/// Without exceptions, a configuration remembers the first refusal of a setter: status() is that
/// refusal, and Engine::make() returns it.
class Config {
 public:
  Config() : raw_(gcroots_config_new()) {
    if (raw_ == nullptr) status_ = detail::begin(GCROOTS_ERROR_OUT_OF_MEMORY);
  }
  Config(const Config &) = delete;
  Config(Config &&other) noexcept
      : raw_(std::exchange(other.raw_, nullptr)), status_(other.status_) {
  }
  Config &operator=(Config &&other) noexcept {
    std::swap(raw_, other.raw_);
    std::swap(status_, other.status_);
    return *this;
  }
  ~Config() {
    gcroots_config_free(raw_);
  }

  Config &collector(gcroots_collector_t collector) {
    return done(gcroots_config_set_collector(raw_, collector));
  }
  Config &heap_limit(std::size_t bytes) {
    return done(gcroots_config_set_heap_limit(raw_, bytes));
  }
  Config &heap_initial(std::size_t bytes) {
    return done(gcroots_config_set_heap_initial(raw_, bytes));
  }
  Config &heap_growth(std::uint32_t percent) {
    return done(gcroots_config_set_heap_growth(raw_, percent));
  }
  Config &heap_sizing(gcroots_heap_sizing_t rule, std::uint32_t percent) {
    return done(gcroots_config_set_heap_sizing(raw_, rule, percent));
  }
  Config &overhead_limit(std::uint32_t percent) {
    return done(gcroots_config_set_overhead_limit(raw_, percent));
  }
  Config &pause_budget(std::uint32_t microseconds) {
    return done(gcroots_config_set_pause_budget(raw_, microseconds));
  }
  Config &stress(std::uint32_t every_nth_allocation) {
    return done(gcroots_config_set_stress(raw_, every_nth_allocation));
  }
  Config &move_always(bool on) {
    return done(gcroots_config_set_move_always(raw_, on));
  }
  Config &poison(bool on) {
    return done(gcroots_config_set_poison(raw_, on));
  }
  Config &exact_slots(bool on) {
    return done(gcroots_config_set_exact_slots(raw_, on));
  }
  Config &side_limit(std::size_t bytes) {
    return done(gcroots_config_set_side_limit(raw_, bytes));
  }
  Config &external_limit(std::size_t bytes) {
    return done(gcroots_config_set_external_limit(raw_, bytes));
  }
  Config &pool(std::size_t heaps) {
    return done(gcroots_config_set_pool(raw_, heaps));
  }
  Config &call_depth(std::uint32_t depth) {
    return done(gcroots_config_set_call_depth(raw_, depth));
  }
  Config &finalizers(gcroots_finalizers_t when) {
    return done(gcroots_config_set_finalizers(raw_, when));
  }
  /// Sets the wake callback, which must not call the library. `env` must live as long as the
  /// engines that are made with this configuration, and their stores.
  Config &wake_callback(gcroots_wake_callback_t callback, void *env) {
    return done(gcroots_config_set_wake_callback(raw_, callback, env));
  }

  /// Sets a function object that decides whether a heap may grow:
  /// `bool (gcroots_store_t *store, size_t committed_bytes, size_t wanted_bytes)`. It is
  /// destroyed with the last engine that has it. If it throws, the heap does not grow.
  template <class Body>
  Config &grow_callback(Body body) {
    auto *env = new (std::nothrow) Body(std::move(body));
    if (env == nullptr) return done(GCROOTS_ERROR_OUT_OF_MEMORY);
    gcroots_status_t status = gcroots_config_set_grow_callback_finalized(
        raw_, may_grow<Body>, env, [](void *taken) { delete static_cast<Body *>(taken); });
    if (status != GCROOTS_OK) delete env;
    return done(status);
  }
  /// Sets a growth callback of C. `env` must live as long as the engines that are made with
  /// this configuration, and their stores.
  Config &grow_callback(gcroots_grow_callback_t callback, void *env) {
    return done(gcroots_config_set_grow_callback(raw_, callback, env));
  }

  gcroots_config_t *raw() const noexcept {
    return raw_;
  }
  gcroots_status_t status() const noexcept {
    return status_;
  }

 private:
  Config &done(gcroots_status_t status) {
    if (status != GCROOTS_OK && status_ == GCROOTS_OK) status_ = detail::begin(status);
    return *this;
  }

  template <class Body>
  static bool may_grow(void *env, gcroots_store_t *store, std::size_t committed,
                       std::size_t wanted) noexcept {
#if GCROOTS_HPP_THROWS
    try {
      return (*static_cast<Body *>(env))(store, committed, wanted);
    } catch (...) {
      return false;
    }
#else
    return (*static_cast<Body *>(env))(store, committed, wanted);
#endif
  }

  gcroots_config_t *raw_;
  gcroots_status_t status_ = GCROOTS_OK;
};

/// A counted reference to an engine. Copies refer to the same engine.
class Engine : public detail::Counted<gcroots_engine_t, gcroots_engine_clone, gcroots_engine_free> {
 public:
  /// Takes over a reference that the caller owns.
  explicit Engine(gcroots_engine_t *taken) noexcept : Counted(taken) {
  }
  static Returns<Engine> make() {
    return make(nullptr);
  }
  static Returns<Engine> make(const Config &config) {
    if (config.status() != GCROOTS_OK) return detail::refuse<Engine>(config.status());
    // A null pointer stands for the default configuration.
    if (config.raw() == nullptr)
      return detail::refuse<Engine>(GCROOTS_ERROR_NULL_ARGUMENT,
                                    "the configuration was moved from");
    return make(config.raw());
  }
#if GCROOTS_HPP_THROWS
  Engine() : Counted(make()) {
  }
  explicit Engine(const Config &config) : Counted(make(config)) {
  }
#endif

 private:
  static Returns<Engine> make(const gcroots_config_t *config) {
    gcroots_engine_t *made = nullptr;
    gcroots_status_t status = gcroots_engine_new(config, &made);
    return detail::finish<Engine>(status, made);
  }
};

}  // namespace GCROOTS_HPP_MODE
}  // namespace gcroots

#pragma GCC visibility pop

#endif  // GCROOTS_ENGINE_HPP
