/// Raw references: 32 bits without a root, for interpreters and compiled code.
///
/// A raw reference is valid until the next call that may collect. In a no-GC span nothing
/// collects. In a slot of a root range, a collection keeps the object alive and writes the new
/// bits. Wrong bits are refused, or name another object of the store: see "Raw references" in
/// gcroots.h.
#ifndef GCROOTS_RAW_HPP
#define GCROOTS_RAW_HPP

#include "structs.hpp"

#pragma GCC visibility push(default)

namespace gcroots {
inline namespace GCROOTS_HPP_MODE {

/// A raw reference to a K. It is 4 bytes, and 0 is null.
template <class K = Every>
class RawRef : public detail::RawOperations<K, RawRef<K>> {
 public:
  constexpr RawRef() noexcept = default;
  constexpr RawRef(std::nullptr_t) noexcept {
  }
  /// Names the kind of some bits. Nothing is checked now.
  explicit constexpr RawRef(std::uint32_t bits) noexcept : bits_(bits) {
  }
  template <class Below, class = detail::IfBelow<Below, K>>
  constexpr RawRef(RawRef<Below> other) noexcept : bits_(other.bits()) {
  }
  /// The raw reference of a handle.
  [[gnu::always_inline]] static inline Returns<RawRef> of(StoreRef store, Rooted<K> ref) {
    std::uint32_t bits = 0;
    gcroots_status_t status = gcroots_ref_to_raw(store.raw(), ref, &bits);
    return detail::finish<RawRef>(status, bits);
  }

  /// Makes a scoped root.
  [[gnu::always_inline]] inline Returns<Rooted<K>> rooted(StoreRef store) const {
    Ref made;
    gcroots_status_t status = gcroots_ref_from_raw(store.raw(), bits_, &made);
    return detail::finish<Rooted<K>>(status, made);
  }
  /// Whether the object is of a kind that has a type of its own.
  template <class Below>
  [[gnu::always_inline]] inline Returns<bool> is(StoreRef store) const {
    gcroots_type_t *type = nullptr;
    bool found = false;
    gcroots_status_t status = detail::type_of<Below>(store, &type);
    if (status == GCROOTS_OK) status = gcroots_raw_cast(store.raw(), bits_, type, &found);
    return detail::finish<bool>(status, found);
  }

  constexpr bool is_null() const noexcept {
    return bits_ == 0;
  }
  constexpr std::uint32_t bits() const noexcept {
    return bits_;
  }
  friend constexpr bool operator==(RawRef a, RawRef b) noexcept {
    return a.bits_ == b.bits_;
  }
  friend constexpr bool operator!=(RawRef a, RawRef b) noexcept {
    return a.bits_ != b.bits_;
  }

 private:
  std::uint32_t bits_ = 0;
};

namespace detail {

template <class T>
using RawOf = typename ValueOf<T>::Raw;

template <class S, class List>
struct MakeRawStruct;
template <class S, class... Fields>
struct MakeRawStruct<S, Fields_<Fields...>> {
  [[gnu::always_inline]] static inline Returns<RawRef<StructRef<S>>> make(
      StoreRef store, const gcroots_type_t *type, RawOf<typename Fields::Type>... values) {
    const gcroots_raw_val_t fields[room<sizeof...(Fields)>] = {
        ValueOf<typename Fields::Type>::to_raw(values)...};
    std::uint32_t made = 0;
    gcroots_status_t status =
        gcroots_raw_struct_new(store.raw(), type, fields, sizeof...(Fields), &made);
    return finish<RawRef<StructRef<S>>>(status, made);
  }
};

template <class S, class Raw>
struct RawOperations<StructRef<S>, Raw> {
  template <std::size_t I>
  using FieldType = typename FieldAt<I, typename S::described_fields>::Type;

  template <std::size_t I>
  [[gnu::always_inline]] inline Returns<RawOf<FieldType<I>>> get(StoreRef store) const {
    using V = ValueOf<FieldType<I>>;
    if constexpr (V::storage == GCROOTS_STORAGE_REF) {
      std::uint32_t found = 0;
      gcroots_status_t status = gcroots_raw_struct_get_ref(store.raw(), bits(), I, &found);
      return finish<typename V::Raw>(status, found);
    } else {
      gcroots_raw_val_t found;
      gcroots_status_t status = gcroots_raw_struct_get(store.raw(), bits(), I, &found);
      if (status != GCROOTS_OK) return refuse<typename V::Raw>(status);
      return finish<typename V::Raw>(status, V::from_raw(found));
    }
  }
  template <std::size_t I>
  [[gnu::always_inline]] inline Returns<void> set(StoreRef store, RawOf<FieldType<I>> value) const {
    static_assert(!std::is_const_v<FieldType<I>>, "the field is immutable");
    using V = ValueOf<FieldType<I>>;
    if constexpr (V::storage == GCROOTS_STORAGE_REF) {
      return finish<void>(gcroots_raw_struct_set_ref(store.raw(), bits(), I, value.bits()));
    } else {
      const gcroots_raw_val_t val = V::to_raw(value);
      return finish<void>(gcroots_raw_struct_set(store.raw(), bits(), I, &val));
    }
  }

 private:
  std::uint32_t bits() const noexcept {
    return static_cast<const Raw *>(this)->bits();
  }
};

template <class E, class Raw>
struct RawOperations<ArrayRef<E>, Raw> {
  [[gnu::always_inline]] inline Returns<std::uint32_t> length(StoreRef store) const {
    std::uint32_t found = 0;
    gcroots_status_t status = gcroots_raw_array_len(store.raw(), bits(), &found);
    return finish<std::uint32_t>(status, found);
  }
  [[gnu::always_inline]] inline Returns<RawOf<E>> get(StoreRef store, std::uint32_t at) const {
    using V = ValueOf<E>;
    if constexpr (V::storage == GCROOTS_STORAGE_REF) {
      std::uint32_t found = 0;
      gcroots_status_t status = gcroots_raw_array_get_ref(store.raw(), bits(), at, &found);
      return finish<typename V::Raw>(status, found);
    } else {
      gcroots_raw_val_t found;
      gcroots_status_t status = gcroots_raw_array_get(store.raw(), bits(), at, &found);
      if (status != GCROOTS_OK) return refuse<typename V::Raw>(status);
      return finish<typename V::Raw>(status, V::from_raw(found));
    }
  }
  [[gnu::always_inline]] inline Returns<void> set(StoreRef store, std::uint32_t at,
                                                  RawOf<E> value) const {
    static_assert(!std::is_const_v<E>, "the elements are immutable");
    using V = ValueOf<E>;
    if constexpr (V::storage == GCROOTS_STORAGE_REF) {
      return finish<void>(gcroots_raw_array_set_ref(store.raw(), bits(), at, value.bits()));
    } else {
      const gcroots_raw_val_t val = V::to_raw(value);
      return finish<void>(gcroots_raw_array_set(store.raw(), bits(), at, &val));
    }
  }
  [[gnu::always_inline]] inline Returns<void> fill(StoreRef store, std::uint32_t at, RawOf<E> value,
                                                   std::uint32_t count) const {
    const gcroots_raw_val_t val = ValueOf<E>::to_raw(value);
    return finish<void>(gcroots_raw_array_fill(store.raw(), bits(), at, &val, count));
  }
  [[gnu::always_inline]] inline Returns<void> copy(StoreRef store, std::uint32_t at,
                                                   RawRef<ArrayRef<E>> from, std::uint32_t from_at,
                                                   std::uint32_t count) const {
    return finish<void>(
        gcroots_raw_array_copy(store.raw(), bits(), at, from.bits(), from_at, count));
  }

 private:
  std::uint32_t bits() const noexcept {
    return static_cast<const Raw *>(this)->bits();
  }
};

}  // namespace detail

/// Makes a struct of one value for each field, without a root: `make_raw<Node>(store, type, 7,
/// {})`. The type must be that of the description: see Type::of(). May collect.
template <class S, class... Values>
Returns<RawRef<StructRef<S>>> make_raw(StoreRef store, const gcroots_type_t *type,
                                       const Values &...values) {
  return detail::MakeRawStruct<S, typename S::described_fields>::make(store, type, values...);
}
template <class S, class... Values>
Returns<RawRef<StructRef<S>>> make_raw(StoreRef store, const Type &type, const Values &...values) {
  return detail::MakeRawStruct<S, typename S::described_fields>::make(store, type.raw(), values...);
}

/// Makes a struct whose fields are 0 or null, without a root. May collect.
template <class S>
Returns<RawRef<StructRef<S>>> make_raw_default(StoreRef store, const Type &type) {
  std::uint32_t made = 0;
  gcroots_status_t status = gcroots_raw_struct_new_default(store.raw(), type.raw(), &made);
  return detail::finish<RawRef<StructRef<S>>>(status, made);
}

/// Makes an array of equal elements, without a root. May collect.
template <class E>
Returns<RawRef<ArrayRef<E>>> make_raw_array(StoreRef store, std::uint32_t length,
                                            detail::RawOf<E> value) {
  gcroots_type_t *type = nullptr;
  std::uint32_t made = 0;
  gcroots_status_t status = detail::type_of<ArrayRef<E>>(store, &type);
  if (status == GCROOTS_OK) {
    const gcroots_raw_val_t fill = detail::ValueOf<E>::to_raw(value);
    status = gcroots_raw_array_new(store.raw(), type, &fill, length, &made);
  }
  return detail::finish<RawRef<ArrayRef<E>>>(status, made);
}

/// Makes an array of the given elements, without a root. May collect.
template <class E, class... Values>
Returns<RawRef<ArrayRef<E>>> make_raw_array_of(StoreRef store, const Values &...values) {
  gcroots_type_t *type = nullptr;
  std::uint32_t made = 0;
  gcroots_status_t status = detail::type_of<ArrayRef<E>>(store, &type);
  if (status == GCROOTS_OK) {
    const gcroots_raw_val_t all[detail::room<sizeof...(Values)>] = {
        detail::ValueOf<E>::to_raw(values)...};
    status = gcroots_raw_array_new_fixed(store.raw(), type, all, sizeof...(Values), &made);
  }
  return detail::finish<RawRef<ArrayRef<E>>>(status, made);
}

/// Makes an array of elements in memory, which are not references, without a root. May collect.
template <class E>
Returns<RawRef<ArrayRef<E>>> make_raw_array_copy(StoreRef store, const detail::TypeOf<E> *elements,
                                                 std::uint32_t length) {
  static_assert(detail::ValueOf<E>::storage != GCROOTS_STORAGE_REF);
  gcroots_type_t *type = nullptr;
  std::uint32_t made = 0;
  gcroots_status_t status = detail::type_of<ArrayRef<E>>(store, &type);
  if (status == GCROOTS_OK)
    status = gcroots_raw_array_new_bytes(store.raw(), type, elements, length, &made);
  return detail::finish<RawRef<ArrayRef<E>>>(status, made);
}

}  // namespace GCROOTS_HPP_MODE
}  // namespace gcroots

#pragma GCC visibility pop

#endif  // GCROOTS_RAW_HPP
