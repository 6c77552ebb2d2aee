/// Weak handles, weak maps and pins.
#ifndef GCROOTS_WEAK_HPP
#define GCROOTS_WEAK_HPP

#include "owned.hpp"

#pragma GCC visibility push(default)

namespace gcroots {
inline namespace GCROOTS_HPP_MODE {

/// A weak handle: it names an object and does not keep it alive. Owned as any of the owners in
/// owned.hpp.
template <class K = Every>
class Weak : public detail::Owned<gcroots_weak_t, gcroots_weak_free> {
 public:
  using Owned = detail::Owned<gcroots_weak_t, gcroots_weak_free>;
  using Owned::Owned;

  static Returns<Weak> make(StoreRef store, Rooted<K> ref) {
    shared::StoreState::drain(store.raw(), store.state());
    gcroots_weak_t made{};
    gcroots_status_t status = gcroots_weak_new(store.raw(), ref, &made);
    return detail::finish<Weak>(status, store, made);
  }
#if GCROOTS_HPP_THROWS
  Weak(StoreRef store, Rooted<K> ref) : Weak(make(store, ref)) {
  }
#endif

  /// Makes a scoped root for the object. Null if a collection has found it dead.
  Returns<Rooted<K>> upgrade(StoreRef store) const {
    Ref made;
    gcroots_status_t status = gcroots_weak_upgrade(store.raw(), raw(), &made);
    return detail::finish<Rooted<K>>(status, made);
  }
};

#if GCROOTS_HPP_THROWS
template <class K>
Weak(StoreRef, Rooted<K>) -> Weak<K>;
template <class K>
Weak(StoreRef, const Local<K> &) -> Weak<K>;
template <class K>
Weak(StoreRef, const ManuallyRooted<K> &) -> Weak<K>;
#endif

/// A weak map from objects of kind K to references of kind V. An entry keeps its value alive as
/// long as its key is reachable.
template <class K = Every, class V = Every>
class WeakMap : public detail::Owned<gcroots_weakmap_t, gcroots_weakmap_free> {
 public:
  using Owned = detail::Owned<gcroots_weakmap_t, gcroots_weakmap_free>;
  using Owned::Owned;

  static Returns<WeakMap> make(StoreRef store) {
    shared::StoreState::drain(store.raw(), store.state());
    gcroots_weakmap_t made{};
    gcroots_status_t status = gcroots_weakmap_new(store.raw(), &made);
    return detail::finish<WeakMap>(status, store, made);
  }
#if GCROOTS_HPP_THROWS
  explicit WeakMap(StoreRef store) : WeakMap(make(store)) {
  }
#endif

  Returns<void> set(StoreRef store, Rooted<K> key, Rooted<V> value) const {
    return detail::finish<void>(gcroots_weakmap_set(store.raw(), raw(), key, value));
  }
  /// Null if the map has no such key.
  Returns<Rooted<V>> get(StoreRef store, Rooted<K> key) const {
    Ref made;
    gcroots_status_t status = gcroots_weakmap_get(store.raw(), raw(), key, &made);
    return detail::finish<Rooted<V>>(status, made);
  }
  /// Returns whether the map had the key.
  Returns<bool> remove(StoreRef store, Rooted<K> key) const {
    bool found = false;
    gcroots_status_t status = gcroots_weakmap_delete(store.raw(), raw(), key, &found);
    return detail::finish<bool>(status, found);
  }
  Returns<std::size_t> size(StoreRef store) const {
    std::size_t found = 0;
    gcroots_status_t status = gcroots_weakmap_size(store.raw(), raw(), &found);
    return detail::finish<std::size_t>(status, found);
  }
};

}  // namespace GCROOTS_HPP_MODE
}  // namespace gcroots

#pragma GCC visibility pop

#endif  // GCROOTS_WEAK_HPP
