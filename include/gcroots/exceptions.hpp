/// Tags and exception objects, and C++ exceptions that travel as exception objects.
///
/// An exception never passes through the library's own code. If the body of a host function ends
/// with a C++ exception, the header makes it a pending exception of the store:
///
/// - A call through this header takes the pending exception and rethrows the same C++ exception.
///   It does not matter how many host functions, of C or of C++, lie between.
/// - Code in C sees GCROOTS_ERROR_EXCEPTION, and gcroots_store_take_exception() gives it
///   the exception object. Its one field is an externref. Code in C may take the exception
///   and throw it again.
/// - If the store has no memory for a new exception object, the header throws one that it
///   has made in advance. It carries the last exception that needed it: code in C that keeps
///   the object of an earlier one finds the later one in it.
///
/// An exception object that other code threw arrives as Thrown. If a Thrown leaves the body of a
/// host function, the same object is pending again.
#ifndef GCROOTS_EXCEPTIONS_HPP
#define GCROOTS_EXCEPTIONS_HPP

#include "externrefs.hpp"
#include "signature.hpp"

#pragma GCC visibility push(default)

namespace gcroots {
inline namespace GCROOTS_HPP_MODE {

/// A tag of exception objects with fields of the types A. It lives as long as its store. Two tags
/// are different even if their fields are the same.
template <class... A>
class Tag {
 public:
  explicit Tag(gcroots_tag_t raw) noexcept : raw_(raw) {
  }
  static Returns<Tag> make(StoreRef store) {
    gcroots_type_t *type = nullptr;
    gcroots_tag_t made{};
    gcroots_status_t status = detail::type_of<TypedFunc<void(A...)>>(store, &type);
    if (status == GCROOTS_OK) status = gcroots_tag_new(store.raw(), type, &made);
    return detail::finish<Tag>(status, made);
  }
#if GCROOTS_HPP_THROWS
  explicit Tag(StoreRef store) : Tag(make(store)) {
  }
#endif
  gcroots_tag_t raw() const noexcept {
    return raw_;
  }
  Returns<Type> type(StoreRef store) const {
    gcroots_type_t *found = nullptr;
    gcroots_status_t status = gcroots_tag_type(store.raw(), raw_, &found);
    return detail::finish<Type>(status, found);
  }

 private:
  gcroots_tag_t raw_;
};

namespace detail {

template <class Handle>
struct Operations<ExnRef, Handle> {
  Returns<gcroots_tag_t> tag(StoreRef store) const {
    gcroots_tag_t found{};
    gcroots_status_t status = gcroots_exn_tag(store.raw(), ref(), &found);
    return finish<gcroots_tag_t>(status, found);
  }
  template <class... A>
  Returns<bool> has(StoreRef store, const Tag<A...> &tag) const {
    gcroots_tag_t its_tag{};
    bool same = false;
    gcroots_status_t status = gcroots_exn_tag(store.raw(), ref(), &its_tag);
    if (status == GCROOTS_OK) status = gcroots_tag_eq(store.raw(), its_tag, tag.raw(), &same);
    return finish<bool>(status, same);
  }
  Returns<gcroots_val_t> field(StoreRef store, std::size_t at) const {
    gcroots_val_t value{};
    gcroots_status_t status = gcroots_exn_field(store.raw(), ref(), at, &value);
    return finish<gcroots_val_t>(status, value);
  }
  /// A field of an exception object of a tag. Refuses an object of another tag with
  /// GCROOTS_ERROR_TYPE_MISMATCH.
  template <std::size_t I, class... A>
  Returns<TypeOf<typename FieldAt<I, Fields_<gcroots::field<A>...>>::Type>> get(
      StoreRef store, const Tag<A...> &tag) const {
    using V = ValueOf<typename FieldAt<I, Fields_<gcroots::field<A>...>>::Type>;
    gcroots_tag_t its_tag{};
    gcroots_val_t value{};
    bool same = false;
    gcroots_status_t status = gcroots_exn_tag(store.raw(), ref(), &its_tag);
    if (status == GCROOTS_OK) status = gcroots_tag_eq(store.raw(), its_tag, tag.raw(), &same);
    if (status == GCROOTS_OK && !same)
      return refuse<typename V::Type>(GCROOTS_ERROR_TYPE_MISMATCH, "the exception has another tag");
    if (status == GCROOTS_OK) status = gcroots_exn_field(store.raw(), ref(), I, &value);
    return finish<typename V::Type>(status, V::from(value));
  }

 private:
  Ref ref() const noexcept {
    return static_cast<const Handle *>(this)->ref();
  }
};

}  // namespace detail

/// An exception object: a tag and fields that never change.
struct ExnRef {
  ExnRef() = delete;
  template <class... A>
  static Returns<Rooted<ExnRef>> make(StoreRef store, const Tag<A...> &tag,
                                      detail::TypeOf<A>... values) {
    const gcroots_val_t fields[detail::room<sizeof...(A)>] = {detail::ValueOf<A>::to(values)...};
    Ref made;
    gcroots_status_t status = gcroots_exn_new(store.raw(), tag.raw(), fields, sizeof...(A), &made);
    return detail::finish<Rooted<ExnRef>>(status, made);
  }
};

inline Returns<Rooted<ExnRef>> StoreRef::take_exception() const {
  Ref made;
  gcroots_status_t status = gcroots_store_take_exception(raw_, &made);
  return detail::finish<Rooted<ExnRef>>(status, made);
}

#if GCROOTS_HPP_THROWS

/// An exception object of a store, as a C++ exception. Throw it in the body of a host
/// function to throw the object. Copies share one root.
class Thrown : public Error {
 public:
  Thrown(StoreRef store, Ref exn) : Thrown(ManuallyRooted<ExnRef>(store, exn)) {
  }
  /// If it throws, `exn` is unchanged.
  explicit Thrown(ManuallyRooted<ExnRef> &&exn)
      : Error(GCROOTS_ERROR_EXCEPTION, "an exception object of the store"), root_(new Root{1, {}}) {
    root_->exn = std::move(exn);
  }
  Thrown(const Thrown &other) noexcept : Error(other), root_(other.root_) {
    __atomic_fetch_add(&root_->count, 1, __ATOMIC_RELAXED);
  }
  Thrown &operator=(const Thrown &other) noexcept {
    Thrown copy(other);
    Error::operator=(other);
    std::swap(root_, copy.root_);
    return *this;
  }
  ~Thrown() override {
    if (__atomic_fetch_sub(&root_->count, 1, __ATOMIC_ACQ_REL) == 1) delete root_;
  }

  Rooted<ExnRef> exn() const noexcept {
    return Rooted<ExnRef>(root_->exn.ref());
  }

 private:
  struct Root {
    std::size_t count;
    ManuallyRooted<ExnRef> exn;
  };
  Root *root_;
};

namespace detail {

/// C++ exceptions as exception objects of one store.
class Carriers {
 public:
  explicit Carriers(StoreRef store) noexcept : store_(store), state_(store.state()) {
  }

  /// Makes an exception pending. Returns what the callback returns to the library. It does not
  /// fail unless the store is poisoned, which gcroots_func_call() reports.
  gcroots_status_t raise(std::exception_ptr error) const noexcept {
    try {
      std::rethrow_exception(error);
    } catch (const Thrown &thrown) {
      if (gcroots_store_throw(store_.raw(), thrown.exn()) == GCROOTS_OK) return GCROOTS_OK;
    } catch (...) {
    }
    return throw_carrier(std::move(error));
  }

  /// Makes the reserve, unless the store has one.
  void reserve() const {
    if (state_ == nullptr) detail::fail(GCROOTS_ERROR_NULL_ARGUMENT);
    if (state_->reserved == nullptr) make_reserve();
  }

  /// Throws the C++ exception that a failed call stands for.
  [[noreturn]] void rethrow(gcroots_status_t status) const {
    if (status == GCROOTS_ERROR_EXCEPTION && store_.has_exception()) rethrow_pending();
    throw Error(status);
  }

 private:
  struct Carrier {
    Ref exn;
    std::exception_ptr *carried;
  };

  /// Throws an exception object that carries a C++ exception: a new one, or without memory for
  /// it the reserve.
  gcroots_status_t throw_carrier(std::exception_ptr error) const noexcept {
    try {
      if (*state_->reserved != nullptr) make_reserve();
      return gcroots_store_throw(store_.raw(), new_carrier(error).exn);
    } catch (...) {
      *state_->reserved = std::move(error);
      return gcroots_store_throw(store_.raw(), state_->reserve.ref);
    }
  }

  /// Makes the reserve, or another one if somebody may still have the exception object.
  void make_reserve() const {
    if (state_->tag.store_id == 0) state_->tag = Tag<Ref>::make(store_).raw();
    Scope scope(store_);
    Carrier carrier = new_carrier(nullptr);
    ManuallyRooted root(store_, carrier.exn);
    check(gcroots_manually_rooted_unroot(store_.raw(), &state_->reserve));
    state_->reserve = root.release();
    state_->reserved = carrier.carried;
  }

  Carrier new_carrier(std::exception_ptr error) const {
    Offered<std::exception_ptr> object(store_, std::move(error));
    gcroots_externref_options_t options{};
    options.struct_size = sizeof options;
    options.data = object.get();
    options.finalizer = finalize<std::exception_ptr>;
    options.tag = &state_->tag;
    std::exception_ptr *carried = &object.get()->value;
    gcroots_val_t field{};
    field.kind = GCROOTS_STORAGE_REF;
    check(object.taken(gcroots_externref_new_with(store_.raw(), &options, &field.of.ref)));
    return {out<Ref>(gcroots_exn_new, store_.raw(), state_->tag, &field, std::size_t{1}), carried};
  }

  /// The C++ exception that an exception object carries, or null.
  std::exception_ptr carried(Ref exn) const {
    if (state_->tag.store_id == 0) return nullptr;
    auto its_tag = out<gcroots_tag_t>(gcroots_exn_tag, store_.raw(), exn);
    if (!out<bool>(gcroots_tag_eq, store_.raw(), its_tag, state_->tag)) return nullptr;
    Scope scope(store_);
    auto field = out<gcroots_val_t>(gcroots_exn_field, store_.raw(), exn, std::size_t{0});
    void *data = out<void *>(gcroots_externref_data_tagged, store_.raw(), field.of.ref,
                             static_cast<const void *>(&state_->tag));
    return static_cast<shared::Held<std::exception_ptr> *>(data)->value;
  }

  /// Throws the C++ exception that the pending exception carries, or Thrown. If there is no
  /// memory for that, the exception stays pending.
  [[noreturn]] void rethrow_pending() const {
    ManuallyRooted<ExnRef> exn(
        out<gcroots_manually_rooted_t>(gcroots_store_take_exception_manually_rooted, store_.raw()));
    std::exception_ptr error;
    try {
      error = carried(exn.ref());
      if (error == nullptr) error = std::make_exception_ptr(Thrown(std::move(exn)));
      exn.unroot(store_);
    } catch (...) {
      static_cast<void>(gcroots_store_throw(store_.raw(), exn.ref()));
      throw;
    }
    std::rethrow_exception(error);
  }

  StoreRef store_;
  shared::StoreState *state_;
};

}  // namespace detail

#endif

}  // namespace GCROOTS_HPP_MODE
}  // namespace gcroots

#pragma GCC visibility pop

#endif  // GCROOTS_EXCEPTIONS_HPP
