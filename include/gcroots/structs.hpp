/// Structs with typed fields.
///
///   auto node = StructRef<Node>::make(store, 7, nullptr);
///   node.get<Node::number>(store);
///   node.set<Node::next>(store, node);
#ifndef GCROOTS_STRUCTS_HPP
#define GCROOTS_STRUCTS_HPP

#include "types.hpp"

#pragma GCC visibility push(default)

namespace gcroots {
inline namespace GCROOTS_HPP_MODE {

namespace detail {

/// The functions that make structs with a list of fields.
template <class S, class List>
struct MakeStruct;

template <class S, class... Fields>
struct MakeStruct<S, Fields_<Fields...>> {
  using Made = Rooted<StructRef<S>>;

  /// Makes a struct of one value for each field, and roots it in the current scope.
  [[gnu::always_inline]] static inline Returns<Made> make(StoreRef store,
                                                          TypeOf<typename Fields::Type>... values) {
    gcroots_type_t *type = nullptr;
    gcroots_status_t status = detail::type_of<StructRef<S>>(store, &type);
    if (status != GCROOTS_OK) return refuse<Made>(status);
    return make(store, type, values...);
  }
  /// The same without a search for the type, which must be that of the description.
  [[gnu::always_inline]] static inline Returns<Made> make(StoreRef store,
                                                          const gcroots_type_t *type,
                                                          TypeOf<typename Fields::Type>... values) {
    const gcroots_val_t fields[room<sizeof...(Fields)>] = {
        ValueOf<typename Fields::Type>::to(values)...};
    Ref made;
    gcroots_status_t status =
        gcroots_struct_new(store.raw(), type, fields, sizeof...(Fields), &made);
    return finish<Made>(status, made);
  }
  /// Makes a struct whose fields are 0 or null.
  [[gnu::always_inline]] static inline Returns<Made> make_default(StoreRef store) {
    gcroots_type_t *type = nullptr;
    Ref made;
    gcroots_status_t status = detail::type_of<StructRef<S>>(store, &type);
    if (status == GCROOTS_OK) status = gcroots_struct_new_default(store.raw(), type, &made);
    return finish<Made>(status, made);
  }
  /// Makes a struct and assigns it to a local, without a new root.
  template <class K, class = IfBelow<StructRef<S>, K>>
  [[gnu::always_inline]] static inline Returns<void> make_into(
      StoreRef store, const Local<K> &local, TypeOf<typename Fields::Type>... values) {
    gcroots_type_t *type = nullptr;
    gcroots_status_t status = detail::type_of<StructRef<S>>(store, &type);
    if (status != GCROOTS_OK) return refuse<void>(status);
    const gcroots_val_t fields[room<sizeof...(Fields)>] = {
        ValueOf<typename Fields::Type>::to(values)...};
    status = gcroots_struct_new_into(store.raw(), type, fields, sizeof...(Fields), local.ref());
    return finish<void>(status);
  }
  /// Makes a struct, ends the scope, and roots the struct in the scope around it. If that is
  /// refused, the scope is still open.
  [[gnu::always_inline]] static inline Returns<Made> make_escaped(
      StoreRef store, Scope &scope, TypeOf<typename Fields::Type>... values) {
    gcroots_type_t *type = nullptr;
    gcroots_status_t status = detail::type_of<StructRef<S>>(store, &type);
    if (status != GCROOTS_OK) return refuse<Made>(status);
    const gcroots_val_t fields[room<sizeof...(Fields)>] = {
        ValueOf<typename Fields::Type>::to(values)...};
    Ref made;
    status =
        gcroots_struct_new_escape(store.raw(), scope.raw(), type, fields, sizeof...(Fields), &made);
    if (status == GCROOTS_OK) scope.release();
    return finish<Made>(status, made);
  }
};

}  // namespace detail

/// A struct that a description describes: see types.hpp. The static members make structs.
template <class S>
struct StructRef : detail::MakeStruct<S, typename S::described_fields> {
  StructRef() = delete;
};

/// Any struct.
template <>
struct StructRef<void> {
  StructRef() = delete;
  /// Makes a struct of a registered type.
  [[gnu::always_inline]] static inline Returns<Rooted<StructRef<void>>> make(
      StoreRef store, const Type &type, const gcroots_val_t *fields, std::size_t count);
};

namespace detail {

template <class S, class Handle>
struct Operations<StructRef<S>, Handle> {
  template <std::size_t I>
  using FieldType = typename FieldAt<I, typename S::described_fields>::Type;

  /// Reads a field. A reference is a new handle of the current scope.
  template <std::size_t I>
  [[gnu::always_inline]] inline Returns<TypeOf<FieldType<I>>> get(StoreRef store) const {
    return ValueOf<FieldType<I>>::template get<InStruct>(store.raw(), ref(), I);
  }
  /// Reads a reference into a local, without a new root.
  template <std::size_t I, class K>
  [[gnu::always_inline]] inline Returns<void> get_into(StoreRef store,
                                                       const Local<K> &local) const {
    static_assert(is_below<typename ValueOf<FieldType<I>>::Kind, K>(),
                  "the local is of another kind than the field");
    return finish<void>(gcroots_struct_get_ref_into(store.raw(), ref(), I, local.ref()));
  }
  template <std::size_t I>
  [[gnu::always_inline]] inline Returns<void> set(StoreRef store,
                                                  TypeOf<FieldType<I>> value) const {
    static_assert(!std::is_const_v<FieldType<I>>, "the field is immutable");
    return finish<void>(
        ValueOf<FieldType<I>>::template set<InStruct>(store.raw(), ref(), I, value));
  }

 private:
  Ref ref() const noexcept {
    return static_cast<const Handle *>(this)->ref();
  }
};

template <class Handle>
struct Operations<StructRef<void>, Handle> {
  Returns<gcroots_val_t> get(StoreRef store, std::size_t at) const {
    gcroots_val_t value;
    gcroots_status_t status =
        gcroots_struct_get(store.raw(), static_cast<const Handle *>(this)->ref(), at, &value);
    return finish<gcroots_val_t>(status, value);
  }
  Returns<void> set(StoreRef store, std::size_t at, const gcroots_val_t &value) const {
    return finish<void>(
        gcroots_struct_set(store.raw(), static_cast<const Handle *>(this)->ref(), at, &value));
  }
};

}  // namespace detail

inline Returns<Rooted<StructRef<void>>> StructRef<void>::make(StoreRef store, const Type &type,
                                                              const gcroots_val_t *fields,
                                                              std::size_t count) {
  Ref made;
  gcroots_status_t status = gcroots_struct_new(store.raw(), type.raw(), fields, count, &made);
  return detail::finish<Rooted<StructRef<void>>>(status, made);
}

}  // namespace GCROOTS_HPP_MODE
}  // namespace gcroots

#pragma GCC visibility pop

#endif  // GCROOTS_STRUCTS_HPP
