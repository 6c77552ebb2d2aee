/// Statuses as C++ errors: exceptions, or results for code without exceptions.
///
/// The header has two modes. With exceptions, a function returns its value, and a refusal throws
/// an Error. With GCROOTS_NO_EXCEPTIONS, which code without exceptions (-fno-exceptions) has by
/// itself, the same function returns a Result of the value. `Returns<T>` stands for either.
///
/// Each mode has an inline namespace, so that one program may use both.
#ifndef GCROOTS_ERROR_HPP
#define GCROOTS_ERROR_HPP

#include "../gcroots_inline.h"

#include <cstddef>
#include <cstdint>
#include <new>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>

#if defined(GCROOTS_NO_EXCEPTIONS) || !defined(__cpp_exceptions)
#define GCROOTS_HPP_THROWS 0
#if __cplusplus > 202002L && __has_include(<expected>)
#include <expected>
#endif
#else
#define GCROOTS_HPP_THROWS 1
#endif

#if GCROOTS_HPP_THROWS
#define GCROOTS_HPP_MODE throwing
#elif defined(__cpp_lib_expected)
#define GCROOTS_HPP_MODE expecting
#else
#define GCROOTS_HPP_MODE returning
#endif

// The names below are visible also in a shared object that hides its symbols. Otherwise its
// exceptions, and the tags of its externrefs, would be its own.
#pragma GCC visibility push(default)

namespace gcroots {

/// A handle of the C API: see "References" in gcroots.h. `Ref{}` is null. Copies name one root.
using Ref = gcroots_ref_t;

/// The statuses of gcroots.h, as an enumeration for std::error_code.
enum class Status : gcroots_status_t {
  ok = GCROOTS_OK,
  null_argument = GCROOTS_ERROR_NULL_ARGUMENT,
  invalid_argument = GCROOTS_ERROR_INVALID_ARGUMENT,
  wrong_store = GCROOTS_ERROR_WRONG_STORE,
  wrong_engine = GCROOTS_ERROR_WRONG_ENGINE,
  wrong_thread = GCROOTS_ERROR_WRONG_THREAD,
  busy = GCROOTS_ERROR_BUSY,
  unrooted = GCROOTS_ERROR_UNROOTED,
  null_reference = GCROOTS_ERROR_NULL_REFERENCE,
  type_mismatch = GCROOTS_ERROR_TYPE_MISMATCH,
  immutable = GCROOTS_ERROR_IMMUTABLE,
  out_of_bounds = GCROOTS_ERROR_OUT_OF_BOUNDS,
  scope_order = GCROOTS_ERROR_SCOPE_ORDER,
  no_gc = GCROOTS_ERROR_NO_GC,
  out_of_memory = GCROOTS_ERROR_OUT_OF_MEMORY,
  limit = GCROOTS_ERROR_LIMIT,
  exception = GCROOTS_ERROR_EXCEPTION,
  internal = GCROOTS_ERROR_INTERNAL,
  unsupported = GCROOTS_ERROR_UNSUPPORTED,
};

namespace shared {
inline namespace v1 {

class Category final : public std::error_category {
 public:
  const char *name() const noexcept override {
    return "gcroots";
  }
  std::string message(int value) const override {
    std::string name = gcroots_status_name(static_cast<gcroots_status_t>(value));
    return name != "GCROOTS_UNKNOWN" ? name : "status " + std::to_string(value);
  }
  std::error_condition default_error_condition(int value) const noexcept override {
    switch (static_cast<Status>(value)) {
      case Status::null_argument:
      case Status::invalid_argument: return std::errc::invalid_argument;
      case Status::out_of_memory: return std::errc::not_enough_memory;
      case Status::busy: return std::errc::device_or_resource_busy;
      case Status::wrong_thread: return std::errc::operation_not_permitted;
      case Status::out_of_bounds: return std::errc::result_out_of_range;
      case Status::unsupported: return std::errc::not_supported;
      default: return {value, *this};
    }
  }
};

}  // namespace v1
}  // namespace shared

/// The category of statuses. A status of the embedder (see GCROOTS_STATUS_EMBEDDER) is a value
/// of this category, too.
inline const std::error_category &category() noexcept {
  static const shared::Category self;
  return self;
}

inline std::error_code make_error_code(Status status) noexcept {
  return {static_cast<int>(status), category()};
}

inline namespace GCROOTS_HPP_MODE {

#if GCROOTS_HPP_THROWS

/// A call of the library failed. code() is the status as a std::error_code.
class Error : public std::system_error {
 public:
  /// Has this thread's last message.
  explicit Error(gcroots_status_t status) : Error(status, gcroots_last_error()) {
  }
  Error(gcroots_status_t status, const std::string &message)
      : std::system_error(made(make_error_code(static_cast<Status>(status)), message)) {
  }

  gcroots_status_t status() const noexcept {
    return static_cast<gcroots_status_t>(code().value());
  }
  /// The message without the status.
  std::string message() const {
    std::string all = what(), end = code().message();
    std::size_t length = all.size() - end.size();
    return all.substr(0, length < 2 ? 0 : length - 2);
  }

 private:
  static std::system_error made(std::error_code code, const std::string &message) {
    return message.empty() ? std::system_error(code) : std::system_error(code, message);
  }
};

template <class T>
using Returns = T;

namespace detail {

[[noreturn, gnu::cold, gnu::noinline]] inline void fail(gcroots_status_t status) {
  throw Error(status);
}

}  // namespace detail

/// Throws an Error unless the status is GCROOTS_OK.
[[gnu::always_inline]] inline void check(gcroots_status_t status) {
  if (__builtin_expect(status != GCROOTS_OK, false)) detail::fail(status);
}

/// Runs a function object, and returns the status that its exception stands for: for functions of
/// C++ that C calls. The message of an exception of another class becomes the last message, and its
/// status is GCROOTS_STATUS_EMBEDDER.
template <class Body>
gcroots_status_t status_of(Body &&body) noexcept {
  try {
    std::forward<Body>(body)();
    return GCROOTS_OK;
  } catch (const Error &error) {
    try {
      static_cast<void>(gcroots_set_error(error.message().c_str()));
    } catch (...) {
    }
    return error.status();
  } catch (const std::bad_alloc &) {
    static_cast<void>(gcroots_set_error("no memory"));
    return GCROOTS_ERROR_OUT_OF_MEMORY;
  } catch (const std::exception &error) {
    static_cast<void>(gcroots_set_error(error.what()));
  } catch (...) {
    static_cast<void>(gcroots_set_error("an exception of an unknown class"));
  }
  return GCROOTS_STATUS_EMBEDDER;
}

/// Calls a function of gcroots.h whose last parameter is `out`, and returns what it wrote:
/// `out<Ref>(gcroots_i31_new, store.raw(), 7)`.
template <class Out, class Function, class... Args>
Out out(Function *function, Args &&...args) {
  Out value{};
  check(function(std::forward<Args>(args)..., &value));
  return value;
}

namespace detail {

/// The result of a function: T, made from `args`, if the status is GCROOTS_OK.
template <class T, class... Args>
[[gnu::always_inline]] inline T finish(gcroots_status_t status, Args &&...args) {
  check(status);
  if constexpr (!std::is_void_v<T>) return T(std::forward<Args>(args)...);
}

/// The failure of a function that would return a T.
template <class T>
[[noreturn]] T refuse(gcroots_status_t status) {
  fail(status);
}

/// A failure that the header finds itself.
template <class T>
[[noreturn]] T refuse(gcroots_status_t status, const char *message) {
  static_cast<void>(gcroots_set_error(message));
  fail(status);
}

/// The status of a constructor, which cannot return a Result.
[[gnu::always_inline]] inline gcroots_status_t begin(gcroots_status_t status) {
  check(status);
  return GCROOTS_OK;
}

}  // namespace detail

#else

#ifdef __cpp_lib_expected

/// A value, or the status of the call that made none. gcroots_last_error() is the message.
template <class T>
using Result = std::expected<T, std::error_code>;

/// A Result that is a status, for functions and bodies that return a Result.
inline std::unexpected<std::error_code> refusal(gcroots_status_t status) noexcept {
  return std::unexpected(make_error_code(static_cast<Status>(status)));
}

#else

/// A value, or the status of the call that made none. gcroots_last_error() is the message. The
/// members are those of std::expected, which takes the place of this class in C++23. Reading the
/// value of a failed call is undefined, except by value(), which ends the program.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) noexcept : has_(true), value_(std::move(value)) {
  }
  Result(std::error_code error) noexcept : has_(false), error_(error) {
  }
  Result(Result &&other) noexcept : has_(other.has_) {
    if (has_)
      new (&value_) T(std::move(other.value_));
    else
      new (&error_) std::error_code(other.error_);
  }
  Result(const Result &) = delete;
  Result &operator=(Result &&other) noexcept {
    if (this != &other) {
      this->~Result();
      new (this) Result(std::move(other));
    }
    return *this;
  }
  ~Result() {
    if (has_) value_.~T();
  }

  bool has_value() const noexcept {
    return has_;
  }
  explicit operator bool() const noexcept {
    return has_;
  }
  T &operator*() &noexcept {
    return value_;
  }
  const T &operator*() const &noexcept {
    return value_;
  }
  T &&operator*() &&noexcept {
    return std::move(value_);
  }
  T *operator->() noexcept {
    return &value_;
  }
  T &value() &noexcept {
    if (!has_) __builtin_trap();
    return value_;
  }
  T &&value() &&noexcept {
    if (!has_) __builtin_trap();
    return std::move(value_);
  }
  template <class U>
  T value_or(U &&other) &&noexcept {
    return has_ ? std::move(value_) : T(std::forward<U>(other));
  }
  /// The status. Of a call that succeeded: an error_code of 0.
  std::error_code error() const noexcept {
    return has_ ? std::error_code() : error_;
  }

 private:
  bool has_;
  union {
    T value_;
    std::error_code error_;
  };
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() noexcept = default;
  Result(std::error_code error) noexcept : error_(error) {
  }
  bool has_value() const noexcept {
    return !error_;
  }
  explicit operator bool() const noexcept {
    return !error_;
  }
  void value() const noexcept {
    if (error_) __builtin_trap();
  }
  std::error_code error() const noexcept {
    return error_;
  }

 private:
  std::error_code error_;
};

/// A Result that is a status, for functions and bodies that return a Result.
inline std::error_code refusal(gcroots_status_t status) noexcept {
  return make_error_code(static_cast<Status>(status));
}

#endif

template <class T>
using Returns = Result<T>;

namespace detail {

/// The result of a function: T, made from `args`, if the status is GCROOTS_OK.
template <class T, class... Args>
[[gnu::always_inline]] inline Result<T> finish(gcroots_status_t status, Args &&...args) {
  if (status != GCROOTS_OK) return refusal(status);
  if constexpr (std::is_void_v<T>)
    return {};
  else
    return T(std::forward<Args>(args)...);
}

/// The failure of a function that would return a T.
template <class T>
Result<T> refuse(gcroots_status_t status) noexcept {
  return refusal(status);
}

/// A failure that the header finds itself.
template <class T>
Result<T> refuse(gcroots_status_t status, const char *message) noexcept {
  static_cast<void>(gcroots_set_error(message));
  return refusal(status);
}

/// The status of a constructor, which cannot return a Result.
[[gnu::always_inline]] inline gcroots_status_t begin(gcroots_status_t status) noexcept {
  return status;
}

}  // namespace detail

#endif

namespace detail {

template <class>
inline constexpr bool never = false;

}  // namespace detail

}  // namespace GCROOTS_HPP_MODE

}  // namespace gcroots

template <>
struct std::is_error_code_enum<gcroots::Status> : std::true_type {};

#pragma GCC visibility pop

#endif  // GCROOTS_ERROR_HPP
