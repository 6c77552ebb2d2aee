/// The signatures of C++ functions and lambdas as function types.
#ifndef GCROOTS_SIGNATURE_HPP
#define GCROOTS_SIGNATURE_HPP

#include "types.hpp"

#include <tuple>

#pragma GCC visibility push(default)

namespace gcroots {
inline namespace GCROOTS_HPP_MODE {

namespace detail {

/// Types in a row, of parameters or of results.
template <class... T>
struct Types {
  static constexpr std::size_t count = sizeof...(T);
  static_assert(((ValueOf<T>::storage == ValueOf<T>::kind) && ... && true),
                "a parameter or result has at least 4 bytes");
  /// Whether values have the kinds of the types.
  static bool match([[maybe_unused]] const gcroots_val_t *values) noexcept {
    return ((values++->kind == ValueOf<T>::kind) && ... && true);
  }
  /// Whether storages are those of the types.
  static bool match_storages([[maybe_unused]] const gcroots_storage_t *storages) noexcept {
    return ((*storages++ == ValueOf<T>::storage) && ... && true);
  }
};

/// The results of a C++ result type, and how they are read and written.
template <class R>
struct Results {
  using Of = Types<R>;
  static_assert(sizeof(Of) != 0);  // its assertions
  static gcroots_status_t write(const R &result, gcroots_val_t *results) noexcept {
    *results = ValueOf<R>::to(TypeOf<R>(result));
    return GCROOTS_OK;
  }
  static R read(const gcroots_val_t *results) noexcept {
    return R(ValueOf<R>::from(*results));
  }
};

template <>
struct Results<void> {
  using Of = Types<>;
  static void read(const gcroots_val_t *) noexcept {
  }
};

template <class... T>
struct Results<std::tuple<T...>> {
  using Of = Types<T...>;
  static gcroots_status_t write(const std::tuple<T...> &all, gcroots_val_t *results) noexcept {
    std::apply([&](const T &...result) { ((*results++ = ValueOf<T>::to(TypeOf<T>(result))), ...); },
               all);
    return GCROOTS_OK;
  }
  static std::tuple<T...> read(const gcroots_val_t *results) noexcept {
    return read(results, std::index_sequence_for<T...>());
  }

 private:
  template <std::size_t... I>
  static std::tuple<T...> read([[maybe_unused]] const gcroots_val_t *results,
                               std::index_sequence<I...>) noexcept {
    return {T(ValueOf<T>::from(results[I]))...};
  }
};

/// The result of a body, without the Result around it.
template <class R>
struct Unwrapped {
  using Type = R;
};

#if !GCROOTS_HPP_THROWS

/// A body may return a Result. Its error is the status of the call.
template <class R>
struct Unwrapped<Result<R>> {
  using Type = R;
};
template <class R>
struct Results<Result<R>> {
  using Of = typename Results<R>::Of;
  static gcroots_status_t write(const Result<R> &result, gcroots_val_t *results) noexcept {
    if (!result.has_value())
      return result.error().category() == category()
                 ? static_cast<gcroots_status_t>(result.error().value())
                 : GCROOTS_STATUS_EMBEDDER;
    if constexpr (!std::is_void_v<R>) return Results<R>::write(*result, results);
    return GCROOTS_OK;
  }
};

#endif

template <class Params, class Returns>
struct DescribeFunc;
template <class... A, class... R>
struct DescribeFunc<Types<A...>, Types<R...>> {
  static constexpr shared::DescribedField fields[sizeof...(A) + sizeof...(R) + 1] = {
      described_field<A>()..., described_field<R>()...};
  static constexpr shared::Description self = {name_of<DescribeFunc>(),
                                               fingerprint<DescribeFunc>(),
                                               GCROOTS_TYPE_FUNC,
                                               true,
                                               nullptr,
                                               fields,
                                               sizeof...(A) + sizeof...(R),
                                               sizeof...(A)};
};

/// The signature of a function object, a function pointer or a function type. A StoreRef as the
/// first parameter is not part of the function's type.
template <class F>
struct Signature : Signature<decltype(&F::operator())> {};

template <class R, class... A>
struct Signature<R(A...)> {
  using Function = typename Unwrapped<std::decay_t<R>>::Type(std::decay_t<A>...);
  using Params = Types<std::decay_t<A>...>;
  static_assert(sizeof(Params) != 0);  // its assertions
  using Returned = Results<std::decay_t<R>>;

  /// Calls the body with the arguments, and writes its results.
  template <class Body>
  static gcroots_status_t apply(Body &body, StoreRef, const gcroots_val_t *args,
                                gcroots_val_t *results) {
    return invoke(body, args, results, std::index_sequence_for<A...>());
  }

  /// Calls the body with `first..., args...`, and writes its results.
  template <class Body, std::size_t... I, class... First>
  static gcroots_status_t invoke(Body &body, [[maybe_unused]] const gcroots_val_t *args,
                                 [[maybe_unused]] gcroots_val_t *results, std::index_sequence<I...>,
                                 First... first) {
    if constexpr (std::is_void_v<R>) {
      body(first..., std::decay_t<A>(ValueOf<std::decay_t<A>>::from(args[I]))...);
      return GCROOTS_OK;
    } else {
      return Returned::write(
          body(first..., std::decay_t<A>(ValueOf<std::decay_t<A>>::from(args[I]))...), results);
    }
  }
};

template <class R, class... A>
struct Signature<R(StoreRef, A...)> : Signature<R(A...)> {
  template <class Body>
  static gcroots_status_t apply(Body &body, StoreRef store, const gcroots_val_t *args,
                                gcroots_val_t *results) {
    return Signature<R(A...)>::invoke(body, args, results, std::index_sequence_for<A...>(), store);
  }
};

template <class R, class... A>
struct Signature<R(const StoreRef &, A...)> : Signature<R(StoreRef, A...)> {};
template <class R, class... A>
struct Signature<R (*)(A...)> : Signature<R(A...)> {};
template <class R, class... A>
struct Signature<R (*)(A...) noexcept> : Signature<R(A...)> {};
template <class C, class R, class... A>
struct Signature<R (C::*)(A...)> : Signature<R(A...)> {};
template <class C, class R, class... A>
struct Signature<R (C::*)(A...) const> : Signature<R(A...)> {};
template <class C, class R, class... A>
struct Signature<R (C::*)(A...) noexcept> : Signature<R(A...)> {};
template <class C, class R, class... A>
struct Signature<R (C::*)(A...) const noexcept> : Signature<R(A...)> {};

template <class S>
struct KindOf<TypedFunc<S>> {
  using Parent = FuncRef;
  static constexpr gcroots_heap_type_t heap = GCROOTS_HEAP_TYPE;
  static const shared::Description *described() noexcept {
    return &DescribeFunc<typename Signature<S>::Params, typename Signature<S>::Returned::Of>::self;
  }
};

/// Whether a body takes values whose types are known only at run time.
template <class Body>
inline constexpr bool is_dynamic = std::is_invocable_v<Body &, StoreRef, const gcroots_val_t *,
                                                       std::size_t, gcroots_val_t *, std::size_t>;

}  // namespace detail

template <class S>
Returns<Type> Type::func(const Engine &engine) {
  return of<TypedFunc<typename detail::Signature<S>::Function>>(engine);
}

}  // namespace GCROOTS_HPP_MODE
}  // namespace gcroots

#pragma GCC visibility pop

#endif  // GCROOTS_SIGNATURE_HPP
