/// Externrefs that own C++ objects, and i31 references.
///
///   Rooted<ExternRef> ref = ExternRef::make<Texture>(store, 640, 480);
///   ref.get<Texture>(store).width();
#ifndef GCROOTS_EXTERNREFS_HPP
#define GCROOTS_EXTERNREFS_HPP

#include "types.hpp"

#pragma GCC visibility push(default)

namespace gcroots {

namespace shared {
inline namespace v1 {

/// A C++ object that the library owns through a finalizer.
template <class T>
struct Held {
  StoreState *state;
  T value;
};

/// Its address is the tag of externrefs that hold a T. It is not const, because a linker may
/// give equal constants one address.
template <class T>
inline char tag = 0;

}  // namespace v1
}  // namespace shared

inline namespace GCROOTS_HPP_MODE {

namespace detail {

template <class T>
void finalize(void *data) noexcept {
  auto *held = static_cast<shared::Held<T> *>(data);
#if GCROOTS_HPP_THROWS
  shared::StoreState *state = held->state;
  try {
    delete held;
  } catch (...) {
    state->report(std::current_exception());
  }
#else
  delete held;
#endif
}

/// An object that is deleted unless the library takes it.
template <class T>
class Offered {
 public:
  template <class... Args>
  explicit Offered(StoreRef store, Args &&...args)
      : held_(new shared::Held<T>{store.state(), made(std::forward<Args>(args)...)}) {
  }
  Offered(const Offered &) = delete;
  Offered &operator=(const Offered &) = delete;
  ~Offered() {
#if GCROOTS_HPP_THROWS
    try {
      delete held_;
    } catch (...) {  // the refusal is what the caller gets
    }
#else
    delete held_;
#endif
  }
  shared::Held<T> *get() const noexcept {
    return held_;
  }
  /// The status of the function that takes the object on success.
  gcroots_status_t taken(gcroots_status_t status) noexcept {
    if (status == GCROOTS_OK) held_ = nullptr;
    return status;
  }

 private:
  /// Not `T(args...)` for numbers and pointers: that is a cast of C.
  template <class... Args>
  static T made(Args &&...args) {
    if constexpr (std::is_scalar_v<T> && sizeof...(Args) == 1)
      return (static_cast<T>(std::forward<Args>(args)), ...);
    else
      return T(std::forward<Args>(args)...);
  }

  shared::Held<T> *held_;
};

}  // namespace detail

namespace detail {

template <class Handle>
struct Operations<ExternRef, Handle> {
  /// The T of the externref, which may be used as long as the externref is reachable. T must be
  /// the type that ExternRef::make() was called with: a base class is another type. Refuses any
  /// other object with GCROOTS_ERROR_TYPE_MISMATCH.
  ///
  /// Shared objects may exchange objects of a type that is visible in both. A program shares
  /// types with its plugins only if it exports its symbols (-rdynamic). Otherwise the types
  /// count as different.
#if GCROOTS_HPP_THROWS
  template <class T>
  T &get(StoreRef store) const {
    void *data = nullptr;
    check(gcroots_externref_data_tagged(store.raw(), ref(), &shared::tag<T>, &data));
    return static_cast<shared::Held<T> *>(data)->value;
  }
#else
  template <class T>
  Returns<T *> get(StoreRef store) const {
    void *data = nullptr;
    gcroots_status_t status =
        gcroots_externref_data_tagged(store.raw(), ref(), &shared::tag<T>, &data);
    return finish<T *>(
        status, status == GCROOTS_OK ? &static_cast<shared::Held<T> *>(data)->value : nullptr);
  }
#endif
  /// Like get(), but returns a null pointer if the reference is null or holds anything else.
  template <class T>
  Returns<T *> get_if(StoreRef store) const {
    void *data = nullptr;
    gcroots_status_t status =
        gcroots_externref_data_tagged(store.raw(), ref(), &shared::tag<T>, &data);
    if (status == GCROOTS_ERROR_NULL_REFERENCE || status == GCROOTS_ERROR_TYPE_MISMATCH)
      status = GCROOTS_OK;
    return finish<T *>(status,
                       data == nullptr ? nullptr : &static_cast<shared::Held<T> *>(data)->value);
  }
  /// The pointer of an externref that C has made, without a tag.
  Returns<void *> data(StoreRef store) const {
    void *found = nullptr;
    gcroots_status_t status = gcroots_externref_data(store.raw(), ref(), &found);
    return finish<void *>(status, found);
  }
  /// Sets the size of the memory outside the heap that the object keeps alive.
  Returns<void> set_external_bytes(StoreRef store, std::size_t bytes) const {
    return finish<void>(gcroots_externref_set_external_bytes(store.raw(), ref(), bytes));
  }
  Returns<void> adjust_external_bytes(StoreRef store, std::int64_t difference) const {
    return finish<void>(gcroots_externref_adjust_external_bytes(store.raw(), ref(), difference));
  }
  /// The reference in the hierarchy `any`.
  Returns<Rooted<AnyRef>> any(StoreRef store) const {
    Ref made;
    gcroots_status_t status = gcroots_any_convert_extern(store.raw(), ref(), &made);
    return finish<Rooted<AnyRef>>(status, made);
  }

 private:
  Ref ref() const noexcept {
    return static_cast<const Handle *>(this)->ref();
  }
};

template <class Handle>
struct Operations<I31, Handle> {
  Returns<std::int32_t> get(StoreRef store) const {
    std::int32_t found = 0;
    gcroots_status_t status =
        gcroots_i31_get_s(store.raw(), static_cast<const Handle *>(this)->ref(), &found);
    return finish<std::int32_t>(status, found);
  }
  Returns<std::uint32_t> get_unsigned(StoreRef store) const {
    std::uint32_t found = 0;
    gcroots_status_t status =
        gcroots_i31_get_u(store.raw(), static_cast<const Handle *>(this)->ref(), &found);
    return finish<std::uint32_t>(status, found);
  }
};

}  // namespace detail

struct ExternRef {
  ExternRef() = delete;

  /// Makes an externref that owns a T, made from `args`. The T is destroyed after the
  /// externref has died, on the thread that collects. Its address never changes.
  template <class T, class... Args>
  static Returns<Rooted<ExternRef>> make(StoreRef store, Args &&...args) {
    detail::Offered<T> object(store, std::forward<Args>(args)...);
    gcroots_externref_options_t options = options_of(object);
    Ref made;
    gcroots_status_t status =
        object.taken(gcroots_externref_new_with(store.raw(), &options, &made));
    return detail::finish<Rooted<ExternRef>>(status, made);
  }
  /// Does the same, with the size of the memory that the object has outside the heap.
  template <class T, class... Args>
  static Returns<Rooted<ExternRef>> make_with_bytes(StoreRef store, std::size_t external_bytes,
                                                    Args &&...args) {
    detail::Offered<T> object(store, std::forward<Args>(args)...);
    gcroots_externref_options_t options = options_of(object);
    options.external_bytes = external_bytes;
    Ref made;
    gcroots_status_t status =
        object.taken(gcroots_externref_new_with(store.raw(), &options, &made));
    return detail::finish<Rooted<ExternRef>>(status, made);
  }
  /// Makes an externref as make() does, with a manual root instead of a scoped one.
  template <class T, class... Args>
  static Returns<ManuallyRooted<ExternRef>> make_manually_rooted(StoreRef store, Args &&...args) {
    detail::Offered<T> object(store, std::forward<Args>(args)...);
    gcroots_externref_options_t options = options_of(object);
    gcroots_manually_rooted_t made{};
    gcroots_status_t status =
        object.taken(gcroots_externref_new_with_manually_rooted(store.raw(), &options, &made));
    return detail::finish<ManuallyRooted<ExternRef>>(status, made);
  }
  /// Makes an externref of a pointer of C.
  static Returns<Rooted<ExternRef>> make_raw(StoreRef store, void *data,
                                             gcroots_finalizer_t finalizer = nullptr) {
    Ref made;
    gcroots_status_t status = gcroots_externref_new(store.raw(), data, finalizer, &made);
    return detail::finish<Rooted<ExternRef>>(status, made);
  }
  static Returns<ManuallyRooted<ExternRef>> make_raw_manually_rooted(
      StoreRef store, void *data, gcroots_finalizer_t finalizer = nullptr) {
    gcroots_manually_rooted_t made{};
    gcroots_status_t status =
        gcroots_externref_new_manually_rooted(store.raw(), data, finalizer, &made);
    return detail::finish<ManuallyRooted<ExternRef>>(status, made);
  }
  /// An external reference for a reference of the hierarchy `any`.
  static Returns<Rooted<ExternRef>> of(StoreRef store, Rooted<AnyRef> ref) {
    Ref made;
    gcroots_status_t status = gcroots_extern_convert_any(store.raw(), ref, &made);
    return detail::finish<Rooted<ExternRef>>(status, made);
  }

 private:
  template <class T>
  static gcroots_externref_options_t options_of(const detail::Offered<T> &object) noexcept {
    gcroots_externref_options_t options{};
    options.struct_size = sizeof options;
    options.data = object.get();
    options.finalizer = detail::finalize<T>;
    options.tag = &shared::tag<T>;
    return options;
  }
};

struct I31 {
  I31() = delete;
  static Returns<Rooted<I31>> make(StoreRef store, std::int32_t value) {
    Ref made;
    gcroots_status_t status = gcroots_i31_new(store.raw(), value, &made);
    return detail::finish<Rooted<I31>>(status, made);
  }
};

}  // namespace GCROOTS_HPP_MODE
}  // namespace gcroots

#pragma GCC visibility pop

#endif  // GCROOTS_EXTERNREFS_HPP
