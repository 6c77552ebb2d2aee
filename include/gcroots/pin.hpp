/// Pins: roots whose objects do not move.
#ifndef GCROOTS_PIN_HPP
#define GCROOTS_PIN_HPP

#include "owned.hpp"

#pragma GCC visibility push(default)

namespace gcroots {
inline namespace GCROOTS_HPP_MODE {

/// A pin: a root whose object does not move. Owned as any of the owners in owned.hpp.
class Pin : public detail::Owned<gcroots_pin_t, gcroots_unpin> {
 public:
  using Owned::Owned;

  /// Where the contents of a pinned object are.
  struct Contents {
    void *address;
    std::size_t bytes;
  };

  static Returns<Pin> make(StoreRef store, Ref ref) {
    shared::StoreState::drain(store.raw(), store.state());
    gcroots_pin_t made{};
    gcroots_status_t status = gcroots_pin(store.raw(), ref, &made);
    return detail::finish<Pin>(status, store, made);
  }
#if GCROOTS_HPP_THROWS
  Pin(StoreRef store, Ref ref) : Pin(make(store, ref)) {
  }
#endif

  Returns<Contents> contents(StoreRef store) const {
    void *address = nullptr;
    std::size_t bytes = 0;
    gcroots_status_t status = gcroots_pin_data(store.raw(), raw(), &address, &bytes);
    return detail::finish<Contents>(status, Contents{address, bytes});
  }
};

}  // namespace GCROOTS_HPP_MODE
}  // namespace gcroots

#pragma GCC visibility pop

#endif  // GCROOTS_PIN_HPP
