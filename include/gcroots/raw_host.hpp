/// Raw references to externrefs, exceptions and functions.
#ifndef GCROOTS_RAW_HOST_HPP
#define GCROOTS_RAW_HOST_HPP

#include "functions.hpp"
#include "raw.hpp"

#pragma GCC visibility push(default)

namespace gcroots {
inline namespace GCROOTS_HPP_MODE {

namespace detail {

template <class Raw>
struct RawOperations<ExternRef, Raw> {
  /// The pointer of an externref. If ExternRef::make() has made it, use rooted() and get<T>().
  Returns<void *> data(StoreRef store) const {
    void *found = nullptr;
    gcroots_status_t status =
        gcroots_raw_externref_data(store.raw(), static_cast<const Raw *>(this)->bits(), &found);
    return finish<void *>(status, found);
  }
};

template <class Raw>
struct RawOperations<ExnRef, Raw> {
  Returns<gcroots_tag_t> tag(StoreRef store) const {
    gcroots_tag_t found{};
    gcroots_status_t status =
        gcroots_raw_exn_tag(store.raw(), static_cast<const Raw *>(this)->bits(), &found);
    return finish<gcroots_tag_t>(status, found);
  }
  Returns<gcroots_raw_val_t> field(StoreRef store, std::uint32_t at) const {
    gcroots_raw_val_t found{};
    gcroots_status_t status =
        gcroots_raw_exn_field(store.raw(), static_cast<const Raw *>(this)->bits(), at, &found);
    return finish<gcroots_raw_val_t>(status, found);
  }
  /// Makes the exception pending.
  Returns<void> make_pending(StoreRef store) const {
    return finish<void>(gcroots_raw_throw(store.raw(), static_cast<const Raw *>(this)->bits()));
  }
};

template <class Raw>
struct RawOperations<FuncRef, Raw> {
  /// Calls the function. A C++ exception stays a pending exception of the store, and the call is
  /// refused with GCROOTS_ERROR_EXCEPTION.
  Returns<void> call(StoreRef store, const gcroots_raw_val_t *args, std::size_t nargs,
                     gcroots_raw_val_t *results, std::size_t nresults) const {
    return finish<void>(gcroots_raw_func_call(store.raw(), static_cast<const Raw *>(this)->bits(),
                                              args, nargs, results, nresults));
  }
};

}  // namespace detail

/// Makes an externref of a pointer of C, without a root. May collect.
inline Returns<RawRef<ExternRef>> make_raw_externref(StoreRef store, void *data,
                                                     gcroots_finalizer_t finalizer = nullptr) {
  std::uint32_t made = 0;
  gcroots_status_t status = gcroots_raw_externref_new(store.raw(), data, finalizer, &made);
  return detail::finish<RawRef<ExternRef>>(status, made);
}

/// Makes an exception object, without a root. May collect.
template <class... A>
Returns<RawRef<ExnRef>> make_raw_exn(StoreRef store, const Tag<A...> &tag,
                                     detail::RawOf<A>... values) {
  const gcroots_raw_val_t fields[detail::room<sizeof...(A)>] = {
      detail::ValueOf<A>::to_raw(values)...};
  std::uint32_t made = 0;
  gcroots_status_t status =
      gcroots_raw_exn_new(store.raw(), tag.raw(), fields, sizeof...(A), &made);
  return detail::finish<RawRef<ExnRef>>(status, made);
}

/// Takes the pending exception, without a root. Null if none is pending.
inline Returns<RawRef<ExnRef>> take_raw_exception(StoreRef store) {
  std::uint32_t taken = 0;
  gcroots_status_t status = gcroots_raw_take_exception(store.raw(), &taken);
  return detail::finish<RawRef<ExnRef>>(status, taken);
}

}  // namespace GCROOTS_HPP_MODE
}  // namespace gcroots

#pragma GCC visibility pop

#endif  // GCROOTS_RAW_HOST_HPP
