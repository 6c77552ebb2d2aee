/// Owners of handles whose functions need the store: weak handles, pins, tables and the like.
#ifndef GCROOTS_OWNED_HPP
#define GCROOTS_OWNED_HPP

#include "roots.hpp"

#pragma GCC visibility push(default)

namespace gcroots {

namespace shared {
inline namespace v1 {

/// A handle that waits for the thread that owns its store.
template <class Raw, auto Free>
struct LateHandle : Late {
  Raw raw;

  static void free_now(Late *self, gcroots_store_t *store_or_null) noexcept {
    auto *late = static_cast<LateHandle *>(self);
    if (store_or_null != nullptr) static_cast<void>(Free(store_or_null, &late->raw));
    delete late;
  }
};

}  // namespace v1
}  // namespace shared

inline namespace GCROOTS_HPP_MODE {

namespace detail {

/// Owns a handle that `Free` frees. Its destructor may run on any thread, at any time, and after
/// the store. If the thread does not own the store, the handle is freed when the owner next makes
/// such a handle or calls StoreRef::drain_unroots().
template <class Raw, auto Free>
class Owned {
 public:
  /// Null.
  Owned() noexcept = default;
  /// Takes over a handle that the caller owns.
  Owned(StoreRef store, Raw taken) noexcept : raw_(taken), state_(store.state()) {
    state_->retain();
  }
  Owned(Owned &&other) noexcept
      : raw_(std::exchange(other.raw_, Raw{})), state_(std::exchange(other.state_, nullptr)) {
  }
  Owned &operator=(Owned &&other) noexcept {
    Owned taken(std::move(other));
    std::swap(raw_, taken.raw_);
    std::swap(state_, taken.state_);
    return *this;
  }
  ~Owned() {
    if (state_ == nullptr) return;
    gcroots_status_t status =
        state_->with_store([this](gcroots_store_t *store) { return Free(store, &raw_); });
    if (status == GCROOTS_ERROR_WRONG_THREAD || status == GCROOTS_ERROR_BUSY) free_later();
    state_->release();
  }

  /// Whether it owns a handle.
  explicit operator bool() const noexcept {
    return raw_.store_id != 0;
  }
  Raw raw() const noexcept {
    return raw_;
  }
  /// Frees the handle now, on the thread that owns the store.
  Returns<void> free(StoreRef store) {
    gcroots_status_t status = Free(store.raw(), &raw_);
    if (status == GCROOTS_OK && state_ != nullptr) std::exchange(state_, nullptr)->release();
    return finish<void>(status);
  }
  /// Gives the handle to the caller, who owns it from then on.
  Raw release() noexcept {
    if (state_ != nullptr) std::exchange(state_, nullptr)->release();
    return std::exchange(raw_, Raw{});
  }

 private:
  void free_later() noexcept {
    using Waiting = shared::LateHandle<Raw, Free>;
    auto *late = new (std::nothrow) Waiting;
    if (late == nullptr) return;
    late->raw = raw_;
    late->free = Waiting::free_now;
    state_->free_later(late);
  }

  Raw raw_{};
  shared::StoreState *state_ = nullptr;
};

}  // namespace detail

}  // namespace GCROOTS_HPP_MODE
}  // namespace gcroots

#pragma GCC visibility pop

#endif  // GCROOTS_OWNED_HPP
