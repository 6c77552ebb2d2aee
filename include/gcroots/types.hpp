/// Types: registered ones, and descriptions of structs, arrays and functions as C++ types.
///
///   struct Node : gcroots::struct_type<gcroots::field<int32_t>,
///                                      gcroots::field<gcroots::nullable<gcroots::StructRef<Node>>>>
///                                      {
///     enum : std::size_t { number, next };
///   };
///
/// A description is registered with the engine when a store first needs its type. Types that
/// refer to each other are registered as one rec group, in the order of their C++ names, with
/// supertypes first. So one description gives one type of the engine in each store. GCC and Clang
/// spell names differently: where parts of a process are compiled by both, types that refer to each
/// other may be different types in the two.
#ifndef GCROOTS_TYPES_HPP
#define GCROOTS_TYPES_HPP

#include "registration.hpp"
#include "values.hpp"

#pragma GCC visibility push(default)

namespace gcroots {

inline namespace GCROOTS_HPP_MODE {

/// A field of a description. `field<const T>` is immutable. See values.hpp for the types.
template <class T>
struct field {
  using Type = T;
};

namespace detail {

template <class... Fields>
struct Fields_ {
  static constexpr std::size_t count = sizeof...(Fields);
};

template <class List, class... More>
struct Append;
template <class... Fields, class... More>
struct Append<Fields_<Fields...>, More...> {
  using Type = Fields_<Fields..., More...>;
};

template <std::size_t I, class List>
struct FieldAt;
template <std::size_t I>
struct FieldAt<I, Fields_<>> {
  static_assert(I == SIZE_MAX, "the type has no such field");
};
template <std::size_t I, class First, class... Rest>
struct FieldAt<I, Fields_<First, Rest...>> : FieldAt<I - 1, Fields_<Rest...>> {};
template <class First, class... Rest>
struct FieldAt<0, Fields_<First, Rest...>> {
  using Type = typename First::Type;
};

}  // namespace detail

/// A struct type that is final and has no supertype.
template <class... Fields>
struct struct_type {
  using described_fields = detail::Fields_<Fields...>;
  using described_supertype = void;
  static constexpr bool described_final = true;
};

/// A struct type that others may extend.
template <class... Fields>
struct open_struct_type {
  using described_fields = detail::Fields_<Fields...>;
  using described_supertype = void;
  static constexpr bool described_final = false;
};

/// A struct type with the fields of Super, an open one, and then its own.
template <class Super, class... Fields>
struct sub_struct_type {
  static_assert(!Super::described_final,
                "only an open_struct_type or a sub_struct_type can be extended");
  using described_fields =
      typename detail::Append<typename Super::described_fields, Fields...>::Type;
  using described_supertype = Super;
  static constexpr bool described_final = false;
};

namespace detail {

template <class T>
constexpr shared::DescribedField described_field() noexcept {
  using V = ValueOf<T>;
  return {V::storage, V::heap, !std::is_const_v<T>, V::is_nullable, V::described};
}

/// The name of a C++ type, as the compiler spells it.
template <class T>
constexpr const char *name_of() noexcept {
  return __PRETTY_FUNCTION__;
}

/// A hash of a C++ type's name: FNV-1a.
template <class T>
constexpr std::uint64_t fingerprint() noexcept {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char *at = name_of<T>(); *at != 0; at++)
    hash = (hash ^ static_cast<unsigned char>(*at)) * 0x100000001b3;
  return hash;
}

template <class List>
struct FieldArray;
template <class... Fields>
struct FieldArray<Fields_<Fields...>> {
  static constexpr shared::DescribedField all[sizeof...(Fields) + 1] = {
      described_field<typename Fields::Type>()...};
};

template <class S>
const shared::Description *describe() noexcept;

template <class S>
struct Describe {
  static constexpr shared::Description self = {
      name_of<S>(),
      fingerprint<S>() ^ fingerprint<typename S::described_fields>(),
      GCROOTS_TYPE_STRUCT,
      S::described_final,
      std::is_void_v<typename S::described_supertype> ? nullptr
                                                      : describe<typename S::described_supertype>,
      FieldArray<typename S::described_fields>::all,
      S::described_fields::count,
      0};
};

template <class S>
const shared::Description *describe() noexcept {
  if constexpr (std::is_void_v<S>)
    return nullptr;
  else
    return &Describe<S>::self;
}

template <class E>
struct DescribeArray {
  static constexpr shared::DescribedField element = described_field<E>();
  static constexpr shared::Description self = {name_of<ArrayRef<E>>(),
                                               fingerprint<ArrayRef<E>>(),
                                               GCROOTS_TYPE_ARRAY,
                                               true,
                                               nullptr,
                                               &element,
                                               1,
                                               0};
};

template <class S>
struct ParentOf<StructRef<S>> {
  using Type = StructRef<typename S::described_supertype>;
};
template <>
struct ParentOf<StructRef<void>> {
  using Type = EqRef;
};

template <class S>
struct KindOf<StructRef<S>> {
  static constexpr gcroots_heap_type_t heap = GCROOTS_HEAP_TYPE;
  static const shared::Description *described() noexcept {
    return describe<S>();
  }
};

template <class E>
struct KindOf<ArrayRef<E>> {
  using Parent = ArrayRef<void>;
  static constexpr gcroots_heap_type_t heap = GCROOTS_HEAP_TYPE;
  static const shared::Description *described() noexcept {
    return &DescribeArray<E>::self;
  }
};

/// The registered type of a kind, owned by the store's table. Null for kinds without one.
template <class K>
gcroots_status_t type_of(StoreRef store, gcroots_type_t **out) {
  static_assert(KindOf<K>::heap == GCROOTS_HEAP_TYPE, "the kind has no type of its own");
  return shared::type_of(store.raw(), store.state(), KindOf<K>::described(), out);
}

/// The reference type of a kind, for casts.
template <class K>
gcroots_status_t ref_type_of(StoreRef store, bool is_nullable, gcroots_ref_type_t *out) {
  *out = {};
  out->heap = KindOf<K>::heap;
  out->is_nullable = is_nullable;
  if constexpr (KindOf<K>::heap == GCROOTS_HEAP_TYPE) {
    gcroots_type_t *type = nullptr;
    gcroots_status_t status = type_of<K>(store, &type);
    out->type = type;
    return status;
  } else {
    return GCROOTS_OK;
  }
}

/// The type of a field or global that holds a T.
template <class T>
gcroots_status_t field_type_of(StoreRef store, gcroots_field_type_t *out) {
  using V = ValueOf<T>;
  *out = {};
  out->storage = V::storage;
  out->heap = V::heap;
  out->is_mutable = !std::is_const_v<T>;
  out->is_nullable = V::is_nullable;
  const shared::Description *described = V::described();
  if (described == nullptr) return GCROOTS_OK;
  gcroots_type_t *type = nullptr;
  gcroots_status_t status = shared::type_of(store.raw(), store.state(), described, &type);
  out->type = type;
  return status;
}

}  // namespace detail

/// A counted reference to a registered type.
class Type : public detail::Counted<gcroots_type_t, gcroots_type_clone, gcroots_type_free> {
 public:
  /// None.
  Type() noexcept : Counted(nullptr) {
  }
  /// Takes over a reference that the caller owns.
  explicit Type(gcroots_type_t *taken) noexcept : Counted(taken) {
  }

  /// The type of a kind: `Type::of<StructRef<Node>>(store)`.
  template <class K>
  static Returns<Type> of(StoreRef store) {
    gcroots_type_t *type = nullptr;
    gcroots_status_t status = detail::type_of<K>(store, &type);
    if (status == GCROOTS_OK) {
      type = gcroots_type_clone(type);
      if (type == nullptr) status = GCROOTS_ERROR_LIMIT;
    }
    return detail::finish<Type>(status, type);
  }
  /// The type of a kind, registered with an engine.
  template <class K>
  static Returns<Type> of(const Engine &engine) {
    static_assert(detail::KindOf<K>::heap == GCROOTS_HEAP_TYPE, "the kind has no type of its own");
    gcroots_type_t *found = nullptr;
    const shared::Description *described = detail::KindOf<K>::described();
    gcroots_status_t status = shared::Registration().run(
        engine.raw(), described, [&](const shared::Description *each, gcroots_type_t *type) {
          if (each == described)
            found = type;
          else
            gcroots_type_free(type);
        });
    return detail::finish<Type>(status, found);
  }
  /// The function type of a C++ signature: `Type::func<double(Ref, int32_t)>(engine)`.
  template <class Signature>
  static Returns<Type> func(const Engine &engine);

  Returns<gcroots_type_kind_t> kind() const {
    gcroots_type_kind_t found = 0;
    gcroots_status_t status = gcroots_type_kind(raw(), &found);
    return detail::finish<gcroots_type_kind_t>(status, found);
  }
  Returns<std::uint32_t> index() const {
    std::uint32_t found = 0;
    gcroots_status_t status = gcroots_type_index(raw(), &found);
    return detail::finish<std::uint32_t>(status, found);
  }
  /// Of a function type: parameters and results.
  Returns<std::size_t> field_count() const {
    std::size_t found = 0;
    gcroots_status_t status = gcroots_type_field_count(raw(), &found);
    return detail::finish<std::size_t>(status, found);
  }
  Returns<std::size_t> param_count() const {
    std::size_t found = 0;
    gcroots_status_t status = gcroots_type_param_count(raw(), &found);
    return detail::finish<std::size_t>(status, found);
  }
  /// The caller owns the member `type` of the result.
  Returns<gcroots_field_type_t> field_type(std::size_t at) const {
    gcroots_field_type_t found{};
    gcroots_status_t status = gcroots_type_field(raw(), at, &found);
    return detail::finish<gcroots_field_type_t>(status, found);
  }
  /// The raw() of the result is null if the type has no supertype.
  Returns<Type> supertype() const {
    gcroots_type_t *found = nullptr;
    gcroots_status_t status = gcroots_type_supertype(raw(), &found);
    return detail::finish<Type>(status, found);
  }
  Returns<Type> trampoline() const {
    gcroots_type_t *found = nullptr;
    gcroots_status_t status = gcroots_type_trampoline(raw(), &found);
    return detail::finish<Type>(status, found);
  }
  Returns<bool> same(const Type &other) const {
    bool found = false;
    gcroots_status_t status = gcroots_type_eq(raw(), other.raw(), &found);
    return detail::finish<bool>(status, found);
  }
  Returns<bool> is_subtype_of(const Type &other) const {
    bool found = false;
    gcroots_status_t status = gcroots_type_is_subtype(raw(), other.raw(), &found);
    return detail::finish<bool>(status, found);
  }
  Returns<gcroots_layout_t> layout() const {
    gcroots_layout_t found{};
    gcroots_status_t status = gcroots_type_layout(raw(), &found);
    return detail::finish<gcroots_layout_t>(status, found);
  }
};

// --- Casts

template <class K>
Returns<bool> StoreRef::test(Ref ref) const {
  gcroots_ref_type_t type;
  bool found = false;
  gcroots_status_t status = detail::ref_type_of<K>(*this, false, &type);
  if (status == GCROOTS_OK) status = gcroots_ref_test(raw_, ref, type, &found);
  return detail::finish<bool>(status, found);
}

template <class K>
Returns<Rooted<K>> StoreRef::cast(Ref ref) const {
  gcroots_ref_type_t type;
  Ref made{};
  gcroots_status_t status = detail::ref_type_of<K>(*this, true, &type);
  if (status == GCROOTS_OK) status = gcroots_ref_cast(raw_, ref, type, &made);
  return detail::finish<Rooted<K>>(status, made);
}

/// The registered type of the object that a reference refers to. Its raw() is null if the
/// object has no type of its own.
inline Returns<Type> type_of(StoreRef store, Ref ref) {
  gcroots_type_t *found = nullptr;
  gcroots_status_t status = gcroots_ref_type(store.raw(), ref, &found);
  return detail::finish<Type>(status, found);
}

}  // namespace GCROOTS_HPP_MODE
}  // namespace gcroots

#pragma GCC visibility pop

#endif  // GCROOTS_TYPES_HPP
