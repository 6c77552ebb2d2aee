/// Globals: variables of a store.
#ifndef GCROOTS_GLOBALS_HPP
#define GCROOTS_GLOBALS_HPP

#include "owned.hpp"
#include "types.hpp"

#pragma GCC visibility push(default)

namespace gcroots {
inline namespace GCROOTS_HPP_MODE {

/// A variable of a store that holds a T: see values.hpp. `Global<const T>` is immutable. Owned as
/// any of the owners in owned.hpp: a reference in it is a root until it is freed.
template <class T>
class Global : public detail::Owned<gcroots_global_t, gcroots_global_free> {
 public:
  using Owned = detail::Owned<gcroots_global_t, gcroots_global_free>;
  using Owned::Owned;
  using Type = detail::TypeOf<T>;

  static Returns<Global> make(StoreRef store, Type value) {
    shared::StoreState::drain(store.raw(), store.state());
    gcroots_field_type_t type;
    gcroots_global_t made{};
    gcroots_status_t status = detail::field_type_of<T>(store, &type);
    if (status == GCROOTS_OK) {
      const gcroots_val_t first = detail::ValueOf<T>::to(value);
      status = gcroots_global_new(store.raw(), &type, &first, &made);
    }
    return detail::finish<Global>(status, store, made);
  }
#if GCROOTS_HPP_THROWS
  Global(StoreRef store, Type value) : Global(make(store, value)) {
  }
#endif

  Returns<Type> get(StoreRef store) const {
    gcroots_val_t value{};
    gcroots_status_t status = gcroots_global_get(store.raw(), raw(), &value);
    return detail::finish<Type>(status, detail::ValueOf<T>::from(value));
  }
  /// Reads a reference into a local, without a new root.
  template <class Above, class U = T,
            class = detail::IfBelow<typename detail::ValueOf<U>::Kind, Above>>
  Returns<void> get_into(StoreRef store, const Local<Above> &local) const {
    return detail::finish<void>(gcroots_global_get_ref_into(store.raw(), raw(), local.ref()));
  }
  Returns<void> set(StoreRef store, Type value) const {
    static_assert(!std::is_const_v<T>, "the global is immutable");
    const gcroots_val_t val = detail::ValueOf<T>::to(value);
    return detail::finish<void>(gcroots_global_set(store.raw(), raw(), &val));
  }
  /// The caller owns the member `type` of the result.
  Returns<gcroots_field_type_t> type(StoreRef store) const {
    gcroots_field_type_t found{};
    gcroots_status_t status = gcroots_global_type(store.raw(), raw(), &found);
    return detail::finish<gcroots_field_type_t>(status, found);
  }
};

}  // namespace GCROOTS_HPP_MODE
}  // namespace gcroots

#pragma GCC visibility pop

#endif  // GCROOTS_GLOBALS_HPP
