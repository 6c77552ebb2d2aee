/// Tables of references.
#ifndef GCROOTS_TABLES_HPP
#define GCROOTS_TABLES_HPP

#include "owned.hpp"
#include "types.hpp"

#pragma GCC visibility push(default)

namespace gcroots {
inline namespace GCROOTS_HPP_MODE {

/// A table of references to K, which may be null. Owned as any of the owners in owned.hpp: its
/// elements are roots until it is freed.
template <class K = Every>
class Table : public detail::Owned<gcroots_table_t, gcroots_table_free> {
 public:
  using Owned = detail::Owned<gcroots_table_t, gcroots_table_free>;
  using Owned::Owned;

  /// Makes a table of `size` references to `init` that can grow up to `maximum`.
  static Returns<Table> make(StoreRef store, std::uint64_t size, std::uint64_t maximum = UINT64_MAX,
                             Rooted<K> init = nullptr) {
    shared::StoreState::drain(store.raw(), store.state());
    gcroots_ref_type_t element;
    gcroots_table_t made{};
    gcroots_status_t status = detail::ref_type_of<K>(store, true, &element);
    if (status == GCROOTS_OK)
      status = gcroots_table_new(store.raw(), element, size, maximum, init, &made);
    return detail::finish<Table>(status, store, made);
  }
#if GCROOTS_HPP_THROWS
  explicit Table(StoreRef store, std::uint64_t size, std::uint64_t maximum = UINT64_MAX,
                 Rooted<K> init = nullptr)
      : Table(make(store, size, maximum, init)) {
  }
#endif

  Returns<Rooted<K>> get(StoreRef store, std::uint64_t at) const {
    Ref made;
    gcroots_status_t status = gcroots_table_get(store.raw(), raw(), at, &made);
    return detail::finish<Rooted<K>>(status, made);
  }
  /// Reads a reference into a local, without a new root.
  template <class Above, class = detail::IfBelow<K, Above>>
  Returns<void> get_into(StoreRef store, std::uint64_t at, const Local<Above> &local) const {
    return detail::finish<void>(gcroots_table_get_ref_into(store.raw(), raw(), at, local.ref()));
  }
  Returns<void> set(StoreRef store, std::uint64_t at, Rooted<K> value) const {
    return detail::finish<void>(gcroots_table_set(store.raw(), raw(), at, value));
  }
  Returns<std::uint64_t> size(StoreRef store) const {
    std::uint64_t found = 0;
    gcroots_status_t status = gcroots_table_size(store.raw(), raw(), &found);
    return detail::finish<std::uint64_t>(status, found);
  }
  /// Returns the size before.
  Returns<std::uint64_t> grow(StoreRef store, std::uint64_t more, Rooted<K> init = nullptr) const {
    std::uint64_t before = 0;
    gcroots_status_t status = gcroots_table_grow(store.raw(), raw(), more, init, &before);
    return detail::finish<std::uint64_t>(status, before);
  }
  Returns<void> fill(StoreRef store, std::uint64_t at, Rooted<K> value, std::uint64_t count) const {
    return detail::finish<void>(gcroots_table_fill(store.raw(), raw(), at, value, count));
  }
  /// Copies elements of another table to `at`. The tables may be one.
  template <class From>
  Returns<void> copy(StoreRef store, std::uint64_t at, const Table<From> &from,
                     std::uint64_t from_at, std::uint64_t count) const {
    return detail::finish<void>(
        gcroots_table_copy(store.raw(), raw(), at, from.raw(), from_at, count));
  }
  /// The caller owns the type in `element`.
  Returns<gcroots_table_type_t> type(StoreRef store) const {
    gcroots_table_type_t found{};
    gcroots_status_t status = gcroots_table_type(store.raw(), raw(), &found);
    return detail::finish<gcroots_table_type_t>(status, found);
  }
};

}  // namespace GCROOTS_HPP_MODE
}  // namespace gcroots

#pragma GCC visibility pop

#endif  // GCROOTS_TABLES_HPP
