/// Host functions from C++ function objects, and calls of functions.
///
///   auto length = FuncRef::make(store, [](StoreRef of, Rooted<ExternRef> text) {
///     return int64_t(text.get<std::string>(of).size());
///   });
///   int64_t letters = length(store, ExternRef::make<std::string>(store, "any value"));
#ifndef GCROOTS_FUNCTIONS_HPP
#define GCROOTS_FUNCTIONS_HPP

#include "exceptions.hpp"

#pragma GCC visibility push(default)

namespace gcroots {
inline namespace GCROOTS_HPP_MODE {

namespace detail {

/// Calls a function. In an `R` a reference is a new handle of the current scope.
template <class R, class... A>
Returns<R> call(StoreRef store, Ref func, const A &...args) {
  using Of = typename Results<R>::Of;
  const gcroots_val_t in[room<sizeof...(A)>] = {argument(args)...};
  gcroots_val_t results[Of::count + 1];
  gcroots_status_t status =
      gcroots_func_call(store.raw(), func, in, sizeof...(A), results, Of::count);
#if GCROOTS_HPP_THROWS
  if (status != GCROOTS_OK) Carriers(store).rethrow(status);
#else
  if (status != GCROOTS_OK) return refusal(status);
#endif
  if (!Of::match(results)) {
    static_cast<void>(
        gcroots_set_error("call: the function's results are of other types than the caller's"));
    return refuse<R>(GCROOTS_ERROR_TYPE_MISMATCH);
  }
  if constexpr (std::is_void_v<R>)
    return finish<void>(GCROOTS_OK);
  else
    return finish<R>(GCROOTS_OK, Results<R>::read(results));
}

template <class Handle>
struct Operations<FuncRef, Handle> {
  /// Calls the function. R is void, the type of the result, or a std::tuple of the types of
  /// the results.
  ///
  /// Throws the exception that left the body of a host function of this header, Thrown for
  /// any other exception of the store, and Error for other failures. This includes an
  /// exception that was pending before: nothing is called then. If there is no memory to
  /// take the exception, it throws an Error, and the exception stays pending. Without
  /// exceptions, an exception stays pending: see StoreRef::take_exception().
  template <class R = void, class... A>
  Returns<R> call(StoreRef store, const A &...args) const {
    return detail::call<R>(store, static_cast<const Handle *>(this)->ref(), args...);
  }
  /// The `env` of a function of C that has this callback.
  Returns<void *> env(StoreRef store, gcroots_callback_t callback) const {
    void *found = nullptr;
    gcroots_status_t status =
        gcroots_func_env(store.raw(), static_cast<const Handle *>(this)->ref(), callback, &found);
    return finish<void *>(status, found);
  }
};

template <class R, class... A, class Handle>
struct Operations<TypedFunc<R(A...)>, Handle> {
  /// Calls the function as Rooted<FuncRef>::call() does.
  Returns<R> operator()(StoreRef store, TypeOf<A>... args) const {
    return detail::call<R>(store, static_cast<const Handle *>(this)->ref(), args...);
  }
  template <class Result = R, class... Args>
  Returns<Result> call(StoreRef store, const Args &...args) const {
    return detail::call<Result>(store, static_cast<const Handle *>(this)->ref(), args...);
  }
};

}  // namespace detail

/// A function. The static members make functions of C++ function objects.
struct FuncRef {
  FuncRef() = delete;

  /// Makes a host function from a function object, whose signature gives the function's
  /// type. A StoreRef as the first parameter is not part of the type.
  ///
  /// - A parameter may be any value of at least 4 bytes of values.hpp, or Rooted<K> or Ref.
  /// - The result may be one of these, void, or a std::tuple of them.
  ///
  /// The body may throw anything. Without exceptions, it may return a Result instead. It runs in
  /// a scope of its own, which ends when it returns. A reference that it returns must not be in a
  /// Scope that it has left: see Scope::escape(). Neither longjmp() nor the cancellation of the
  /// thread may leave it.
  template <class Body>
  static Returns<Rooted<TypedFunc<typename detail::Signature<Body>::Function>>> make(StoreRef store,
                                                                                     Body body) {
    using K = TypedFunc<typename detail::Signature<Body>::Function>;
    if constexpr (std::is_pointer_v<Body>)
      if (body == nullptr)
        return detail::refuse<Rooted<K>>(GCROOTS_ERROR_NULL_ARGUMENT, "no function");
    gcroots_type_t *type = nullptr;
    gcroots_status_t status = detail::type_of<K>(store, &type);
    if (status != GCROOTS_OK) return detail::refuse<Rooted<K>>(status);
    return make_of<K>(store, type, std::move(body));
  }

  /// Makes a host function of a given type. The body is like that of the function above, with
  /// parameters and results of the same storages as those of the type. Or it takes
  /// `(StoreRef, const gcroots_val_t *args, size_t nargs, gcroots_val_t *results,
  /// size_t nresults)`.
  template <class Body>
  static Returns<Rooted<FuncRef>> make(StoreRef store, const Type &type, Body body) {
    if constexpr (!detail::is_dynamic<Body>) {
      gcroots_status_t status = check_storages<Body>(type.raw());
      if (status != GCROOTS_OK) return detail::refuse<Rooted<FuncRef>>(status);
    }
    return make_of<FuncRef>(store, type.raw(), std::move(body));
  }

 private:
  template <class K, class Body>
  static Returns<Rooted<K>> make_of(StoreRef store, const gcroots_type_t *type, Body body) {
#if GCROOTS_HPP_THROWS
    detail::Carriers(store).reserve();
#endif
    detail::Offered<Body> env(store, std::move(body));
    Ref made;
    gcroots_status_t status = env.taken(
        gcroots_func_new(store.raw(), type, run<Body>, env.get(), detail::finalize<Body>, &made));
    return detail::finish<Rooted<K>>(status, made);
  }

  /// The callback. No exception leaves it.
  template <class Body>
  static gcroots_status_t run(void *env, gcroots_store_t *raw, const gcroots_val_t *args,
                              [[maybe_unused]] std::size_t nargs, gcroots_val_t *results,
                              [[maybe_unused]] std::size_t nresults) noexcept {
    auto &[state, body] = *static_cast<shared::Held<Body> *>(env);
    StoreRef store(raw, state);
#if GCROOTS_HPP_THROWS
    try {
      return apply(body, store, args, nargs, results, nresults);
    } catch (...) {
      return detail::Carriers(store).raise(std::current_exception());
    }
#else
    return apply(body, store, args, nargs, results, nresults);
#endif
  }

  template <class Body>
  static gcroots_status_t apply(Body &body, StoreRef store, const gcroots_val_t *args,
                                [[maybe_unused]] std::size_t nargs, gcroots_val_t *results,
                                [[maybe_unused]] std::size_t nresults) {
    if constexpr (detail::is_dynamic<Body>) {
      using R = decltype(body(store, args, nargs, results, nresults));
      static_assert(std::is_void_v<R> || std::is_same_v<R, gcroots_status_t> ||
                        std::is_same_v<R, Returns<void>>,
                    "such a body returns nothing, a gcroots_status_t or a Result<void>");
      if constexpr (std::is_void_v<R>) {
        body(store, args, nargs, results, nresults);
        return GCROOTS_OK;
      } else if constexpr (std::is_same_v<R, gcroots_status_t>) {
        return body(store, args, nargs, results, nresults);
      } else {
        return detail::Results<R>::write(body(store, args, nargs, results, nresults), nullptr);
      }
    } else {
      return detail::Signature<Body>::apply(body, store, args, results);
    }
  }

  /// Refuses a type whose storages are not those of a signature.
  template <class Body>
  static gcroots_status_t check_storages(const gcroots_type_t *type) {
    using Params = typename detail::Signature<Body>::Params;
    using Results = typename detail::Signature<Body>::Returned::Of;
    gcroots_storage_t storages[Params::count + Results::count + 1];
    std::size_t nparams = 0, nfields = 0;
    gcroots_status_t status = gcroots_type_param_count(type, &nparams);
    if (status == GCROOTS_OK) status = gcroots_type_field_count(type, &nfields);
    if (status != GCROOTS_OK) return status;
    bool same = nparams == Params::count && nfields == Params::count + Results::count;
    for (std::size_t i = 0; same && i < nfields; i++) {
      gcroots_field_type_t field{};
      status = gcroots_type_field(type, i, &field);
      if (status != GCROOTS_OK) return status;
      gcroots_type_free(field.type);
      storages[i] = field.storage;
    }
    if (same && Params::match_storages(storages) &&
        Results::match_storages(storages + Params::count))
      return GCROOTS_OK;
    static_cast<void>(
        gcroots_set_error("the body of a function has other parameters or results than its type"));
    return GCROOTS_ERROR_TYPE_MISMATCH;
  }
};

template <class S>
struct TypedFunc {
  TypedFunc() = delete;
};

}  // namespace GCROOTS_HPP_MODE
}  // namespace gcroots

#pragma GCC visibility pop

#endif  // GCROOTS_FUNCTIONS_HPP
