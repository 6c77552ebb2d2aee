/// C++ types as values of the library: fields, elements, parameters and results.
///
///   int8_t, uint8_t, bool, char      i8           float, double      f32, f64
///   int16_t, uint16_t                i16          gcroots_v128_t     v128
///   int32_t, uint32_t                i32          ref<K>             a reference to a K
///   int64_t, uint64_t                i64          nullable<K>        the same, or null
///
/// Enumerations are as their integers. A field, element or global of `const T` is immutable. A
/// program reads and writes references as Rooted<K>, which also stands for nullable<K>. Ref stands
/// for nullable<Every>.
#ifndef GCROOTS_VALUES_HPP
#define GCROOTS_VALUES_HPP

#include "roots.hpp"

#pragma GCC visibility push(default)

namespace gcroots {
inline namespace GCROOTS_HPP_MODE {

/// A field, element or value that refers to a K and is not null.
template <class K>
struct ref {};
/// A field, element or value that refers to a K or is null.
template <class K>
struct nullable {};

/// A raw reference: see raw.hpp.
template <class K>
class RawRef;

namespace detail {

/// The length of an array for some values: C++ has no arrays without elements.
template <std::size_t Count>
inline constexpr std::size_t room = Count == 0 ? 1 : Count;

// --- The functions of each storage, under one name

struct InStruct {};
struct InArray {};

[[gnu::always_inline]] inline gcroots_status_t load(InStruct, gcroots_store_t *store, Ref ref,
                                                    std::size_t at, std::int32_t *out) {
  return gcroots_struct_get_i32(store, ref, at, out);
}
[[gnu::always_inline]] inline gcroots_status_t load(InStruct, gcroots_store_t *store, Ref ref,
                                                    std::size_t at, std::int64_t *out) {
  return gcroots_struct_get_i64(store, ref, at, out);
}
[[gnu::always_inline]] inline gcroots_status_t load(InStruct, gcroots_store_t *store, Ref ref,
                                                    std::size_t at, float *out) {
  return gcroots_struct_get_f32(store, ref, at, out);
}
[[gnu::always_inline]] inline gcroots_status_t load(InStruct, gcroots_store_t *store, Ref ref,
                                                    std::size_t at, double *out) {
  return gcroots_struct_get_f64(store, ref, at, out);
}
[[gnu::always_inline]] inline gcroots_status_t load(InStruct, gcroots_store_t *store, Ref ref,
                                                    std::size_t at, gcroots_v128_t *out) {
  return gcroots_struct_get_v128(store, ref, at, out);
}
[[gnu::always_inline]] inline gcroots_status_t load(InStruct, gcroots_store_t *store, Ref ref,
                                                    std::size_t at, Ref *out) {
  return gcroots_struct_get_ref(store, ref, at, out);
}
[[gnu::always_inline]] inline gcroots_status_t load_packed(InStruct, gcroots_store_t *store,
                                                           Ref ref, std::size_t at,
                                                           std::int32_t *out) {
  return gcroots_struct_get_s(store, ref, at, out);
}
[[gnu::always_inline]] inline gcroots_status_t load_packed(InStruct, gcroots_store_t *store,
                                                           Ref ref, std::size_t at,
                                                           std::uint32_t *out) {
  return gcroots_struct_get_u(store, ref, at, out);
}
[[gnu::always_inline]] inline gcroots_status_t load_into(InStruct, gcroots_store_t *store, Ref ref,
                                                         std::size_t at, Ref local) {
  return gcroots_struct_get_ref_into(store, ref, at, local);
}

[[gnu::always_inline]] inline gcroots_status_t load(InArray, gcroots_store_t *store, Ref ref,
                                                    std::size_t at, std::int32_t *out) {
  return gcroots_array_get_i32(store, ref, at, out);
}
[[gnu::always_inline]] inline gcroots_status_t load(InArray, gcroots_store_t *store, Ref ref,
                                                    std::size_t at, std::int64_t *out) {
  return gcroots_array_get_i64(store, ref, at, out);
}
[[gnu::always_inline]] inline gcroots_status_t load(InArray, gcroots_store_t *store, Ref ref,
                                                    std::size_t at, float *out) {
  return gcroots_array_get_f32(store, ref, at, out);
}
[[gnu::always_inline]] inline gcroots_status_t load(InArray, gcroots_store_t *store, Ref ref,
                                                    std::size_t at, double *out) {
  return gcroots_array_get_f64(store, ref, at, out);
}
[[gnu::always_inline]] inline gcroots_status_t load(InArray, gcroots_store_t *store, Ref ref,
                                                    std::size_t at, gcroots_v128_t *out) {
  return gcroots_array_get_v128(store, ref, at, out);
}
[[gnu::always_inline]] inline gcroots_status_t load(InArray, gcroots_store_t *store, Ref ref,
                                                    std::size_t at, Ref *out) {
  return gcroots_array_get_ref(store, ref, at, out);
}
[[gnu::always_inline]] inline gcroots_status_t load_packed(InArray, gcroots_store_t *store, Ref ref,
                                                           std::size_t at, std::int32_t *out) {
  return gcroots_array_get_s(store, ref, at, out);
}
[[gnu::always_inline]] inline gcroots_status_t load_packed(InArray, gcroots_store_t *store, Ref ref,
                                                           std::size_t at, std::uint32_t *out) {
  return gcroots_array_get_u(store, ref, at, out);
}
[[gnu::always_inline]] inline gcroots_status_t load_into(InArray, gcroots_store_t *store, Ref ref,
                                                         std::size_t at, Ref local) {
  return gcroots_array_get_ref_into(store, ref, at, local);
}

[[gnu::always_inline]] inline gcroots_status_t save(InStruct, gcroots_store_t *store, Ref ref,
                                                    std::size_t at, std::int32_t value) {
  return gcroots_struct_set_i32(store, ref, at, value);
}
[[gnu::always_inline]] inline gcroots_status_t save(InStruct, gcroots_store_t *store, Ref ref,
                                                    std::size_t at, std::int64_t value) {
  return gcroots_struct_set_i64(store, ref, at, value);
}
[[gnu::always_inline]] inline gcroots_status_t save(InStruct, gcroots_store_t *store, Ref ref,
                                                    std::size_t at, float value) {
  return gcroots_struct_set_f32(store, ref, at, value);
}
[[gnu::always_inline]] inline gcroots_status_t save(InStruct, gcroots_store_t *store, Ref ref,
                                                    std::size_t at, double value) {
  return gcroots_struct_set_f64(store, ref, at, value);
}
[[gnu::always_inline]] inline gcroots_status_t save(InStruct, gcroots_store_t *store, Ref ref,
                                                    std::size_t at, gcroots_v128_t value) {
  return gcroots_struct_set_v128(store, ref, at, value);
}
[[gnu::always_inline]] inline gcroots_status_t save(InStruct, gcroots_store_t *store, Ref ref,
                                                    std::size_t at, Ref value) {
  return gcroots_struct_set_ref(store, ref, at, value);
}

[[gnu::always_inline]] inline gcroots_status_t save(InArray, gcroots_store_t *store, Ref ref,
                                                    std::size_t at, std::int32_t value) {
  return gcroots_array_set_i32(store, ref, at, value);
}
[[gnu::always_inline]] inline gcroots_status_t save(InArray, gcroots_store_t *store, Ref ref,
                                                    std::size_t at, std::int64_t value) {
  return gcroots_array_set_i64(store, ref, at, value);
}
[[gnu::always_inline]] inline gcroots_status_t save(InArray, gcroots_store_t *store, Ref ref,
                                                    std::size_t at, float value) {
  return gcroots_array_set_f32(store, ref, at, value);
}
[[gnu::always_inline]] inline gcroots_status_t save(InArray, gcroots_store_t *store, Ref ref,
                                                    std::size_t at, double value) {
  return gcroots_array_set_f64(store, ref, at, value);
}
[[gnu::always_inline]] inline gcroots_status_t save(InArray, gcroots_store_t *store, Ref ref,
                                                    std::size_t at, gcroots_v128_t value) {
  return gcroots_array_set_v128(store, ref, at, value);
}
[[gnu::always_inline]] inline gcroots_status_t save(InArray, gcroots_store_t *store, Ref ref,
                                                    std::size_t at, Ref value) {
  return gcroots_array_set_ref(store, ref, at, value);
}

// --- C++ types

/// How a C++ type is a value of the library. `Type` is what a program reads and writes.
template <class T, class = void>
struct Value {
  static_assert(never<T>,
                "a value is a number, an enumeration, gcroots_v128_t, Ref, Rooted<K>, ref<K> or "
                "nullable<K>");
};

/// A value that is not a reference. `Member` is its type in a gcroots_val_t.
template <class T, gcroots_storage_t Storage, class Member, Member gcroots_val_of_t::*InVal,
          Member gcroots_raw_val_t::*InRawVal>
struct Number {
  using Type = T;
  using Raw = T;
  static constexpr gcroots_storage_t storage = Storage;
  static constexpr gcroots_storage_t kind = Storage;
  static constexpr gcroots_heap_type_t heap = 0;
  static constexpr bool is_nullable = false;
  static const shared::Description *described() noexcept {
    return nullptr;
  }

  [[gnu::always_inline]] static inline gcroots_val_t to(T value) noexcept {
    gcroots_val_t val;
    val.kind = Storage;
    val.of.*InVal = static_cast<Member>(value);
    return val;
  }
  [[gnu::always_inline]] static inline T from(const gcroots_val_t &val) noexcept {
    return static_cast<T>(val.of.*InVal);
  }
  [[gnu::always_inline]] static inline gcroots_raw_val_t to_raw(T value) noexcept {
    gcroots_raw_val_t val;
    val.*InRawVal = static_cast<Member>(value);
    return val;
  }
  [[gnu::always_inline]] static inline T from_raw(const gcroots_raw_val_t &val) noexcept {
    return static_cast<T>(val.*InRawVal);
  }
  template <class Place>
  [[gnu::always_inline]] static inline Returns<T> get(gcroots_store_t *store, Ref ref,
                                                      std::size_t at) {
    Member value;
    gcroots_status_t status = load(Place(), store, ref, at, &value);
    return finish<T>(status, static_cast<T>(value));
  }
  template <class Place>
  [[gnu::always_inline]] static inline gcroots_status_t set(gcroots_store_t *store, Ref ref,
                                                            std::size_t at, T value) {
    return save(Place(), store, ref, at, static_cast<Member>(value));
  }
};

/// An i8 or i16.
template <class T, gcroots_storage_t Storage>
struct Packed : Number<T, GCROOTS_STORAGE_I32, std::int32_t, &gcroots_val_of_t::i32,
                       &gcroots_raw_val_t::i32> {
  static constexpr gcroots_storage_t storage = Storage;
  template <class Place>
  [[gnu::always_inline]] static inline Returns<T> get(gcroots_store_t *store, Ref ref,
                                                      std::size_t at) {
    std::conditional_t<std::is_signed_v<T>, std::int32_t, std::uint32_t> value;
    gcroots_status_t status = load_packed(Place(), store, ref, at, &value);
    return finish<T>(status, static_cast<T>(value));
  }
};

template <class T, std::size_t Bytes>
using IfInteger =
    std::enable_if_t<(std::is_integral_v<T> || std::is_enum_v<T>)&&sizeof(T) == Bytes>;

template <class T>
struct Value<T, IfInteger<T, 1>> : Packed<T, GCROOTS_STORAGE_I8> {};
template <class T>
struct Value<T, IfInteger<T, 2>> : Packed<T, GCROOTS_STORAGE_I16> {};
template <class T>
struct Value<T, IfInteger<T, 4>> : Number<T, GCROOTS_STORAGE_I32, std::int32_t,
                                          &gcroots_val_of_t::i32, &gcroots_raw_val_t::i32> {};
template <class T>
struct Value<T, IfInteger<T, 8>> : Number<T, GCROOTS_STORAGE_I64, std::int64_t,
                                          &gcroots_val_of_t::i64, &gcroots_raw_val_t::i64> {};
template <>
struct Value<float>
    : Number<float, GCROOTS_STORAGE_F32, float, &gcroots_val_of_t::f32, &gcroots_raw_val_t::f32> {};
template <>
struct Value<double>
    : Number<double, GCROOTS_STORAGE_F64, double, &gcroots_val_of_t::f64, &gcroots_raw_val_t::f64> {
};

template <>
struct Value<gcroots_v128_t> {
  using Type = gcroots_v128_t;
  using Raw = gcroots_v128_t;
  static constexpr gcroots_storage_t storage = GCROOTS_STORAGE_V128;
  static constexpr gcroots_storage_t kind = GCROOTS_STORAGE_V128;
  static constexpr gcroots_heap_type_t heap = 0;
  static constexpr bool is_nullable = false;
  static const shared::Description *described() noexcept {
    return nullptr;
  }
  [[gnu::always_inline]] static inline gcroots_val_t to(const Type &value) noexcept {
    gcroots_val_t val;
    val.kind = GCROOTS_STORAGE_V128;
    val.of.v128 = value;
    return val;
  }
  [[gnu::always_inline]] static inline Type from(const gcroots_val_t &val) noexcept {
    return val.of.v128;
  }
  [[gnu::always_inline]] static inline gcroots_raw_val_t to_raw(const Type &value) noexcept {
    gcroots_raw_val_t val;
    __builtin_memcpy(val.v128, value.bytes, sizeof value.bytes);
    return val;
  }
  [[gnu::always_inline]] static inline Type from_raw(const gcroots_raw_val_t &val) noexcept {
    Type value;
    __builtin_memcpy(value.bytes, val.v128, sizeof value.bytes);
    return value;
  }
  template <class Place>
  [[gnu::always_inline]] static inline Returns<Type> get(gcroots_store_t *store, Ref ref,
                                                         std::size_t at) {
    Type value;
    gcroots_status_t status = load(Place(), store, ref, at, &value);
    return finish<Type>(status, value);
  }
  template <class Place>
  [[gnu::always_inline]] static inline gcroots_status_t set(gcroots_store_t *store, Ref ref,
                                                            std::size_t at, const Type &value) {
    return save(Place(), store, ref, at, value);
  }
};

template <class K, bool Nullable>
struct Reference {
  using Type = Rooted<K>;
  using Raw = RawRef<K>;
  using Kind = K;
  static constexpr gcroots_storage_t storage = GCROOTS_STORAGE_REF;
  static constexpr gcroots_storage_t kind = GCROOTS_STORAGE_REF;
  static constexpr bool is_nullable = Nullable;
  static constexpr gcroots_heap_type_t heap = KindOf<K>::heap;
  static const shared::Description *described() noexcept {
    return KindOf<K>::described();
  }
  [[gnu::always_inline]] static inline gcroots_val_t to(Rooted<K> value) noexcept {
    gcroots_val_t val;
    val.kind = GCROOTS_STORAGE_REF;
    val.of.ref = value.ref();
    return val;
  }
  [[gnu::always_inline]] static inline Rooted<K> from(const gcroots_val_t &val) noexcept {
    return Rooted<K>(val.of.ref);
  }
  [[gnu::always_inline]] static inline gcroots_raw_val_t to_raw(RawRef<K> value) noexcept {
    gcroots_raw_val_t val;
    val.ref = value.bits();
    return val;
  }
  [[gnu::always_inline]] static inline RawRef<K> from_raw(const gcroots_raw_val_t &val) noexcept {
    return RawRef<K>(val.ref);
  }
  template <class Place>
  [[gnu::always_inline]] static inline Returns<Rooted<K>> get(gcroots_store_t *store, Ref ref,
                                                              std::size_t at) {
    Ref value;
    gcroots_status_t status = load(Place(), store, ref, at, &value);
    return finish<Rooted<K>>(status, value);
  }
  template <class Place>
  [[gnu::always_inline]] static inline gcroots_status_t set(gcroots_store_t *store, Ref ref,
                                                            std::size_t at, Rooted<K> value) {
    return save(Place(), store, ref, at, value.ref());
  }
};

template <class K>
struct Value<ref<K>> : Reference<K, false> {};
template <class K>
struct Value<nullable<K>> : Reference<K, true> {};
template <class K>
struct Value<Rooted<K>> : Reference<K, true> {};
template <>
struct Value<Ref> : Reference<Every, true> {};

/// The value of something that may be `const`.
template <class T>
using ValueOf = Value<std::remove_const_t<T>>;
/// What a program reads and writes for a T.
template <class T>
using TypeOf = typename ValueOf<T>::Type;

/// The type of a parameter, argument or result of C++: any handle stands for Rooted.
template <class T, class = void>
struct ArgumentOf {
  using Type = T;
};
template <class K>
struct ArgumentOf<Local<K>> {
  using Type = Rooted<K>;
};
template <class K>
struct ArgumentOf<ManuallyRooted<K>> {
  using Type = Rooted<K>;
};
template <>
struct ArgumentOf<std::nullptr_t> {
  using Type = Rooted<Every>;
};

/// The value of an argument.
template <class T>
gcroots_val_t argument(const T &value) {
  using Type = typename ArgumentOf<T>::Type;
  if constexpr (std::is_same_v<Type, Rooted<Every>> && !std::is_same_v<T, Ref>)
    return Value<Ref>::to(Rooted<Every>(value));
  else
    return Value<Type>::to(TypeOf<Type>(value));
}

}  // namespace detail

}  // namespace GCROOTS_HPP_MODE
}  // namespace gcroots

#pragma GCC visibility pop

#endif  // GCROOTS_VALUES_HPP
