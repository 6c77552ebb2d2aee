/// Kinds of references: what a reference may refer to, and which kind is a subtype of which.
///
/// A kind is a type without objects. It stands in Rooted<K>, Local<K>, ManuallyRooted<K>,
/// Weak<K> and RawRef<K>. A kind says at compile time what the library checks in each call
/// anyway, so a wrong kind is a refusal and never undefined.
///
///   Every
///     AnyRef
///       EqRef
///         I31, StructRef<S> (below StructRef<>), ArrayRef<E> (below ArrayRef<>)
///     ExternRef
///     FuncRef
///       TypedFunc<R(A...)>
///     ExnRef
#ifndef GCROOTS_KINDS_HPP
#define GCROOTS_KINDS_HPP

#include "store.hpp"

#pragma GCC visibility push(default)

namespace gcroots {
inline namespace GCROOTS_HPP_MODE {

/// Any reference.
struct Every {};
/// A reference of WebAssembly's hierarchy `any`: EqRef, or an external reference in it.
struct AnyRef {};
/// A reference that can be compared: I31, StructRef or ArrayRef.
struct EqRef {};
/// An integer of 31 bits in a reference.
struct I31;
/// A struct with the fields of S, or with S = void any struct.
template <class S = void>
struct StructRef;
/// An array with elements of E, or with E = void any array.
template <class E = void>
struct ArrayRef;
/// A pointer or a C++ object of the program.
struct ExternRef;
/// A function.
struct FuncRef;
/// A function of a signature, such as TypedFunc<double(int32_t, Rooted<AnyRef>)>.
template <class Signature>
struct TypedFunc;
/// An exception object.
struct ExnRef;

namespace detail {

/// What the library calls a kind: its heap type, and the description of its type, if any.
template <class K>
struct KindOf;

template <class Above, gcroots_heap_type_t Heap>
struct Plain {
  using Parent = Above;
  static constexpr gcroots_heap_type_t heap = Heap;
  static const shared::Description *described() noexcept {
    return nullptr;
  }
};

template <>
struct KindOf<Every> : Plain<void, GCROOTS_HEAP_EVERY> {};
template <>
struct KindOf<AnyRef> : Plain<Every, GCROOTS_HEAP_ANY> {};
template <>
struct KindOf<EqRef> : Plain<AnyRef, GCROOTS_HEAP_EQ> {};
template <>
struct KindOf<I31> : Plain<EqRef, GCROOTS_HEAP_I31> {};
template <>
struct KindOf<StructRef<void>> : Plain<EqRef, GCROOTS_HEAP_STRUCT> {};
template <>
struct KindOf<ArrayRef<void>> : Plain<EqRef, GCROOTS_HEAP_ARRAY> {};
template <>
struct KindOf<ExternRef> : Plain<Every, GCROOTS_HEAP_EXTERN> {};
template <>
struct KindOf<FuncRef> : Plain<Every, GCROOTS_HEAP_FUNC> {};
template <>
struct KindOf<ExnRef> : Plain<Every, GCROOTS_HEAP_EXN> {};

/// The kind above a kind. Of a struct it needs the complete description, and so it is apart.
template <class K>
struct ParentOf {
  using Type = typename KindOf<K>::Parent;
};

template <class K, class Above>
constexpr bool is_below() noexcept {
  if constexpr (std::is_same_v<K, Above>)
    return true;
  else if constexpr (std::is_void_v<K>)
    return false;
  else
    return is_below<typename ParentOf<K>::Type, Above>();
}

/// A constraint: a K is also an Above.
template <class K, class Above>
using IfBelow = std::enable_if_t<is_below<K, Above>()>;

/// What the handles of a kind can do. Handle has a member ref().
template <class K, class Handle>
struct Operations {};

/// What the raw references of a kind can do. Raw has a member bits().
template <class K, class Raw>
struct RawOperations {};

}  // namespace detail

}  // namespace GCROOTS_HPP_MODE
}  // namespace gcroots

#pragma GCC visibility pop

#endif  // GCROOTS_KINDS_HPP
