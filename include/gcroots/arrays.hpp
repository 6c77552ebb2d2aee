/// Arrays with typed elements, byte strings, and spans of elements.
///
///   auto numbers = ArrayRef<double>::make(store, 100);
///   numbers.set(store, 3, 0.5);
///   NoGc no_gc(store);
///   for (double &number : numbers.span(no_gc)) number *= 2;
#ifndef GCROOTS_ARRAYS_HPP
#define GCROOTS_ARRAYS_HPP

#include "types.hpp"

#include <string_view>
#if __cplusplus >= 202002L
#include <span>
#endif

#pragma GCC visibility push(default)

namespace gcroots {
inline namespace GCROOTS_HPP_MODE {

/// Elements that lie in memory one after another. Converts to std::span from C++20 on.
template <class T>
class Span {
 public:
  constexpr Span() noexcept = default;
  constexpr Span(T *data, std::size_t size) noexcept : data_(data), size_(size) {
  }
  template <std::size_t N>
  constexpr Span(T (&array)[N]) noexcept : Span(array, N) {
  }
  /// Of a container with data() and size(), such as std::vector.
  template <class Container, class = decltype(std::declval<Container &>().data()),
            class = std::enable_if_t<
                std::is_convertible_v<decltype(std::declval<Container &>().data()), T *>>>
  constexpr Span(Container &&container) noexcept : Span(container.data(), container.size()) {
  }

  constexpr T *data() const noexcept {
    return data_;
  }
  constexpr std::size_t size() const noexcept {
    return size_;
  }
  constexpr T *begin() const noexcept {
    return data_;
  }
  constexpr T *end() const noexcept {
    return data_ + size_;
  }
  constexpr T &operator[](std::size_t at) const noexcept {
    return data_[at];
  }
#ifdef __cpp_lib_span
  constexpr operator std::span<T>() const noexcept {
    return {data_, size_};
  }
#endif

 private:
  T *data_ = nullptr;
  std::size_t size_ = 0;
};

/// An array of elements of E. `ArrayRef<const E>` is a type of immutable elements. The static
/// members make arrays.
template <class E>
struct ArrayRef {
  ArrayRef() = delete;
  using Made = Rooted<ArrayRef>;
  using Element = detail::TypeOf<E>;

  /// Makes an array whose elements are 0 or null, and roots it in the current scope.
  static Returns<Made> make(StoreRef store, std::size_t length) {
    gcroots_type_t *type = nullptr;
    Ref made;
    gcroots_status_t status = detail::type_of<ArrayRef>(store, &type);
    if (status == GCROOTS_OK) status = gcroots_array_new_default(store.raw(), type, length, &made);
    return detail::finish<Made>(status, made);
  }
  /// Makes an array whose elements are all equal to one value.
  static Returns<Made> make(StoreRef store, std::size_t length, Element value) {
    gcroots_type_t *type = nullptr;
    Ref made;
    gcroots_status_t status = detail::type_of<ArrayRef>(store, &type);
    if (status == GCROOTS_OK) {
      const gcroots_val_t of = detail::ValueOf<E>::to(value);
      status = gcroots_array_new(store.raw(), type, &of, length, &made);
    }
    return detail::finish<Made>(status, made);
  }
  /// Makes an array of the given elements.
  template <class... Values>
  static Returns<Made> of(StoreRef store, const Values &...values) {
    gcroots_type_t *type = nullptr;
    Ref made;
    gcroots_status_t status = detail::type_of<ArrayRef>(store, &type);
    if (status == GCROOTS_OK) {
      const gcroots_val_t all[detail::room<sizeof...(Values)>] = {
          detail::ValueOf<E>::to(values)...};
      status = gcroots_array_new_fixed(store.raw(), type, all, sizeof...(Values), &made);
    }
    return detail::finish<Made>(status, made);
  }
  /// Makes an array of elements in memory, which are not references.
  static Returns<Made> copy_of(StoreRef store, Span<const Element> elements) {
    static_assert(detail::ValueOf<E>::storage != GCROOTS_STORAGE_REF);
    return copy(store, elements.data(), elements.size());
  }
  /// Makes a byte string.
  static Returns<Made> copy_of(StoreRef store, std::string_view text) {
    static_assert(sizeof(Element) == 1, "a string is an array of bytes");
    return copy(store, text.data(), text.size());
  }
  static Returns<Made> copy_of(StoreRef store, const char *text) {
    if (text == nullptr) return detail::refuse<Made>(GCROOTS_ERROR_NULL_ARGUMENT, "no text");
    return copy_of(store, std::string_view(text));
  }
  static Returns<Made> copy_of(StoreRef store, const std::string &text) {
    return copy_of(store, std::string_view(text));
  }

 private:
  static Returns<Made> copy(StoreRef store, const void *data, std::size_t length) {
    gcroots_type_t *type = nullptr;
    Ref made;
    gcroots_status_t status = detail::type_of<ArrayRef>(store, &type);
    if (length > UINT32_MAX)
      return detail::refuse<Made>(GCROOTS_ERROR_OUT_OF_MEMORY, "more than 2^32 elements");
    if (status == GCROOTS_OK)
      status = gcroots_array_new_bytes(store.raw(), type, data, static_cast<std::uint32_t>(length),
                                       &made);
    return detail::finish<Made>(status, made);
  }
};

/// Any array.
template <>
struct ArrayRef<void> {
  ArrayRef() = delete;
};

/// A byte string.
using Bytes = ArrayRef<const std::uint8_t>;

namespace detail {

/// The elements of an array, one handle or number after another.
template <class E>
class Elements {
 public:
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = TypeOf<E>;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = Returns<TypeOf<E>>;
    Iterator(StoreRef store, Ref ref, std::size_t at) noexcept : store_(store), ref_(ref), at_(at) {
    }
    Returns<TypeOf<E>> operator*() const {
      return ValueOf<E>::template get<InArray>(store_.raw(), ref_, at_);
    }
    Iterator &operator++() noexcept {
      at_++;
      return *this;
    }
    Iterator operator++(int) noexcept {
      Iterator before = *this;
      at_++;
      return before;
    }
    bool operator==(const Iterator &other) const noexcept {
      return at_ == other.at_;
    }
    bool operator!=(const Iterator &other) const noexcept {
      return at_ != other.at_;
    }

   private:
    StoreRef store_;
    Ref ref_;
    std::size_t at_;
  };

  Elements(StoreRef store, Ref ref, std::size_t length) noexcept
      : store_(store), ref_(ref), length_(length) {
  }
  Iterator begin() const noexcept {
    return {store_, ref_, 0};
  }
  Iterator end() const noexcept {
    return {store_, ref_, length_};
  }
  std::size_t size() const noexcept {
    return length_;
  }

 private:
  StoreRef store_;
  Ref ref_;
  std::size_t length_;
};

template <class Handle>
struct Operations<ArrayRef<void>, Handle> {
  [[gnu::always_inline]] inline Returns<std::size_t> length(StoreRef store) const {
    std::size_t found = 0;
    gcroots_status_t status = gcroots_array_len(store.raw(), ref(), &found);
    return finish<std::size_t>(status, found);
  }
  Returns<gcroots_val_t> get_value(StoreRef store, std::size_t at) const {
    gcroots_val_t value;
    gcroots_status_t status = gcroots_array_get(store.raw(), ref(), at, &value);
    return finish<gcroots_val_t>(status, value);
  }
  Returns<void> set_value(StoreRef store, std::size_t at, const gcroots_val_t &value) const {
    return finish<void>(gcroots_array_set(store.raw(), ref(), at, &value));
  }

 protected:
  Ref ref() const noexcept {
    return static_cast<const Handle *>(this)->ref();
  }
};

template <class E, class Handle>
struct Operations<ArrayRef<E>, Handle> : Operations<ArrayRef<void>, Handle> {
  using Element = TypeOf<E>;

  /// Reads an element. A reference is a new handle of the current scope.
  [[gnu::always_inline]] inline Returns<Element> get(StoreRef store, std::size_t at) const {
    return ValueOf<E>::template get<InArray>(store.raw(), this->ref(), at);
  }
  /// Reads a reference into a local, without a new root.
  template <class K>
  [[gnu::always_inline]] inline Returns<void> get_into(StoreRef store, std::size_t at,
                                                       const Local<K> &local) const {
    static_assert(is_below<typename ValueOf<E>::Kind, K>(),
                  "the local is of another kind than the elements");
    return finish<void>(gcroots_array_get_ref_into(store.raw(), this->ref(), at, local.ref()));
  }
  [[gnu::always_inline]] inline Returns<void> set(StoreRef store, std::size_t at,
                                                  Element value) const {
    is_mutable();
    return finish<void>(ValueOf<E>::template set<InArray>(store.raw(), this->ref(), at, value));
  }
  Returns<void> fill(StoreRef store, std::size_t at, Element value, std::size_t count) const {
    is_mutable();
    const gcroots_val_t of = ValueOf<E>::to(value);
    return finish<void>(gcroots_array_fill(store.raw(), this->ref(), at, &of, count));
  }
  /// Copies elements of another array to `at`. The arrays may be one.
  Returns<void> copy(StoreRef store, std::size_t at, Rooted<ArrayRef<>> from, std::size_t from_at,
                     std::size_t count) const {
    is_mutable();
    return finish<void>(
        gcroots_array_copy(store.raw(), this->ref(), at, from.ref(), from_at, count));
  }
  /// Copies elements, which are not references, from `at` on into memory.
  Returns<void> read(StoreRef store, std::size_t at, Span<Element> out) const {
    is_plain();
    gcroots_status_t status = check_elements(store);
    if (status == GCROOTS_OK)
      status = gcroots_array_read(store.raw(), this->ref(), at, out.data(), out.size());
    return finish<void>(status);
  }
  Returns<void> write(StoreRef store, std::size_t at, Span<const Element> from) const {
    is_plain();
    is_mutable();
    gcroots_status_t status = check_elements(store);
    if (status == GCROOTS_OK)
      status = gcroots_array_write(store.raw(), this->ref(), at, from.data(), from.size());
    return finish<void>(status);
  }

  /// The elements in the heap's memory, as long as the no-GC span is open. Not for references.
  using InPlace = Span<std::conditional_t<std::is_const_v<E>, const Element, Element>>;
  Returns<InPlace> span(const NoGc &no_gc) const {
    is_plain();
    gcroots_store_t *store = no_gc.store().raw();
    std::size_t length = 0;
    void *address = nullptr;
    gcroots_status_t status = gcroots_array_len(store, this->ref(), &length);
    if (status == GCROOTS_OK) status = check_elements(no_gc.store());
    if (status == GCROOTS_OK)
      status =
          gcroots_array_span(store, this->ref(), 0, static_cast<std::uint32_t>(length), &address);
    return finish<InPlace>(status, static_cast<Element *>(address), length);
  }

  /// The elements to iterate over. The length is that of now.
  Returns<Elements<E>> elements(StoreRef store) const {
    std::size_t length = 0;
    gcroots_status_t status = gcroots_array_len(store.raw(), this->ref(), &length);
    return finish<Elements<E>>(status, store, this->ref(), length);
  }

  /// A copy of a byte string.
  Returns<std::string> string(StoreRef store) const {
    static_assert(sizeof(Element) == 1, "a string is an array of bytes");
    std::size_t length = 0;
    std::string text;
    gcroots_status_t status = gcroots_array_len(store.raw(), this->ref(), &length);
    if (status == GCROOTS_OK) status = check_elements(store);
    if (status == GCROOTS_OK) {
      text.resize(length);
      status = gcroots_array_read(store.raw(), this->ref(), 0, text.data(), length);
    }
    return finish<std::string>(status, std::move(text));
  }

 private:
  static void is_mutable() noexcept {
    static_assert(!std::is_const_v<E>, "the elements are immutable");
  }
  /// Refuses an array of other elements: a kind may be wrong, and memory has no types. An array
  /// type that is not that of the description may still have the same elements.
  gcroots_status_t check_elements(StoreRef store) const {
    gcroots_type_t *type = nullptr;
    bool is = false;
    if (detail::type_of<ArrayRef<E>>(store, &type) == GCROOTS_OK &&
        gcroots_ref_test(store.raw(), this->ref(), {type, GCROOTS_HEAP_TYPE, 0}, &is) ==
            GCROOTS_OK &&
        is)
      return GCROOTS_OK;
    gcroots_field_type_t field{};
    gcroots_status_t status = gcroots_ref_type(store.raw(), this->ref(), &type);
    if (status != GCROOTS_OK || type == nullptr) return status;
    status = gcroots_type_field(type, 0, &field);
    gcroots_type_free(type);
    if (status != GCROOTS_OK) return GCROOTS_OK;  // it is no array, and the next call refuses it
    gcroots_type_free(field.type);
    if (field.storage == ValueOf<E>::storage && (std::is_const_v<E> || field.is_mutable != 0))
      return GCROOTS_OK;
    static_cast<void>(gcroots_set_error("the array has other elements than its kind says"));
    return GCROOTS_ERROR_TYPE_MISMATCH;
  }

  static void is_plain() noexcept {
    static_assert(ValueOf<E>::storage != GCROOTS_STORAGE_REF, "references have roots");
    static_assert(!std::is_same_v<Element, bool>, "C may have stored other numbers than 0 and 1");
  }
};

}  // namespace detail

}  // namespace GCROOTS_HPP_MODE
}  // namespace gcroots

#pragma GCC visibility pop

#endif  // GCROOTS_ARRAYS_HPP
