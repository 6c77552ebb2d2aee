/*
 * gcroots.hpp: a thin layer of C++17 over gcroots.h.
 *
 *   gcroots::Store store{gcroots::Engine()};
 *   gcroots::Scope scope(store);
 *   gcroots::Ref text = store.externref<std::string>("any value");
 *   gcroots::Ref length = store.func([](gcroots::StoreRef of, gcroots::Ref ref) {
 *     return int64_t(of.get<std::string>(ref).size());
 *   });
 *   store.call<int64_t>(length, text);    // 9
 *   store.call<int64_t>(length, length);  // throws gcroots::Error: not a string
 *
 * The header covers configurations, engines, stores, roots, externrefs and host
 * functions. Use the functions of gcroots.h for the rest: store.raw() is the pointer that
 * they take, gcroots::Ref is their gcroots_ref_t, and check() and out() turn their
 * statuses into exceptions. gcroots.h says what collects, and what each status means.
 *
 * --- Errors and exceptions
 *
 * A call of the library that fails throws Error, which has the status and the message.
 *
 * An exception never passes through the library's own code. If the body of a host function
 * ends with a C++ exception, the header makes it a pending exception of the store:
 *
 * - StoreRef::call() takes the pending exception and rethrows the same C++ exception. It
 *   does not matter how many host functions, of C or of C++, lie between.
 * - Code in C sees GCROOTS_ERROR_EXCEPTION, and gcroots_store_take_exception() gives it
 *   the exception object. Its one field is an externref. Code in C may take the exception
 *   and throw it again.
 * - If the store has no memory for a new exception object, the header throws one that it
 *   has made in advance. It carries the last exception that needed it: code in C that keeps
 *   the object of an earlier one finds the later one in it.
 *
 * An exception object that other code threw arrives at StoreRef::call() as Thrown. If a
 * Thrown leaves the body of a host function, the same object is pending again.
 *
 * Destructors throw nothing. An exception that leaves the destructor of an object that the
 * store owns goes to the handler of StoreRef::on_finalizer_error(). Without a handler it is
 * dropped.
 *
 * The header catches exceptions only in functions that it makes itself. A function that is
 * passed to gcroots.h directly, such as a growth callback, must not throw. A thread must not
 * be cancelled, and longjmp() must not be called, so that either leaves a host function.
 *
 * --- Lifetimes
 *
 * A StoreRef, a Scope or a Local may be used as long as its Store lives. A ManuallyRooted
 * may be destroyed later, and on any thread. A Ref may be kept for ever: it becomes stale.
 *
 * Bodies of host functions and objects in externrefs are destroyed by a collection, or
 * together with the store. While the store is destroyed, calls on it throw an Error with
 * GCROOTS_ERROR_BUSY.
 */
#ifndef GCROOTS_HPP
#define GCROOTS_HPP

#include "gcroots.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

// The names below are visible also in a shared object that hides its symbols. Otherwise its
// exceptions, and the tags of its externrefs, would be its own.
#pragma GCC visibility push(default)

namespace gcroots {

/// A handle: see "References" in gcroots.h. `Ref{}` is null. Copies name the same root.
using Ref = gcroots_ref_t;

// --- Errors ------------------------------------------------------------------

/// A call of the library failed.
class Error : public std::runtime_error {
 public:
  /// Has this thread's last message.
  explicit Error(gcroots_status_t status) : Error(status, gcroots_last_error()) {
  }

  Error(gcroots_status_t status, const std::string &message)
      : std::runtime_error(text(status, message)), status_(status) {
  }

  gcroots_status_t status() const noexcept {
    return status_;
  }

 private:
  static std::string text(gcroots_status_t status, const std::string &message) {
    std::string name = gcroots_status_name(status);
    if (name == "GCROOTS_UNKNOWN") name = "status " + std::to_string(status);
    return message.empty() ? name : name + ": " + message;
  }

  gcroots_status_t status_;
};

/// Throws an Error unless the status is GCROOTS_OK.
inline void check(gcroots_status_t status) {
  if (status != GCROOTS_OK) throw Error(status);
}

/// Calls a function of gcroots.h whose last parameter is `out`, and returns what it wrote:
/// `out<Ref>(gcroots_i31_new, store.raw(), 7)`.
template <class Out, class Function, class... Args>
Out out(Function *function, Args &&...args) {
  Out value{};
  check(function(std::forward<Args>(args)..., &value));
  return value;
}

// --- Configurations, engines and types ---------------------------------------

namespace detail {

template <auto Free>
struct Delete {
  template <class T>
  void operator()(T *taken) const noexcept {
    Free(taken);
  }
};

/// Owns a counted reference to something of the library's.
template <class T, auto Clone, auto Free>
class Counted {
 public:
  explicit Counted(T *taken) noexcept : raw_(taken) {
  }
  Counted(const Counted &other) : raw_(Clone(other.raw_)) {
    if (raw_ == nullptr && other.raw_ != nullptr)
      throw Error(GCROOTS_ERROR_LIMIT, "too many references to one thing");
  }
  Counted(Counted &&other) noexcept : raw_(std::exchange(other.raw_, nullptr)) {
  }
  Counted &operator=(Counted other) noexcept {
    std::swap(raw_, other.raw_);
    return *this;
  }
  ~Counted() {
    Free(raw_);
  }

  T *raw() const noexcept {
    return raw_;
  }

 private:
  T *raw_;
};

}  // namespace detail

/// A configuration. Each setter returns the configuration: `Config().stress(1).poison(true)`.
class Config {
 public:
  Config() : raw_(gcroots_config_new()) {
    if (raw_ == nullptr) throw Error(GCROOTS_ERROR_OUT_OF_MEMORY);
  }

  Config &collector(gcroots_collector_t collector) {
    return set(gcroots_config_set_collector, collector);
  }
  Config &heap_limit(size_t bytes) {
    return set(gcroots_config_set_heap_limit, bytes);
  }
  Config &heap_initial(size_t bytes) {
    return set(gcroots_config_set_heap_initial, bytes);
  }
  Config &heap_growth(uint32_t percent) {
    return set(gcroots_config_set_heap_growth, percent);
  }
  Config &heap_sizing(gcroots_heap_sizing_t rule, uint32_t percent) {
    check(gcroots_config_set_heap_sizing(raw(), rule, percent));
    return *this;
  }
  Config &overhead_limit(uint32_t percent) {
    return set(gcroots_config_set_overhead_limit, percent);
  }
  Config &stress(uint32_t every_nth_allocation) {
    return set(gcroots_config_set_stress, every_nth_allocation);
  }
  Config &move_always(bool on) {
    return set(gcroots_config_set_move_always, on);
  }
  Config &poison(bool on) {
    return set(gcroots_config_set_poison, on);
  }
  Config &side_limit(size_t bytes) {
    return set(gcroots_config_set_side_limit, bytes);
  }
  Config &external_limit(size_t bytes) {
    return set(gcroots_config_set_external_limit, bytes);
  }
  Config &pool(size_t heaps) {
    return set(gcroots_config_set_pool, heaps);
  }
  Config &call_depth(uint32_t depth) {
    return set(gcroots_config_set_call_depth, depth);
  }
  Config &finalizers(gcroots_finalizers_t when) {
    return set(gcroots_config_set_finalizers, when);
  }
  /// Sets the wake callback, which must not call the library. `env` must live as long as the
  /// engines that are made with this configuration, and their stores.
  Config &wake_callback(gcroots_wake_callback_t callback, void *env) {
    check(gcroots_config_set_wake_callback(raw(), callback, env));
    return *this;
  }

  gcroots_config_t *raw() const noexcept {
    return raw_.get();
  }

 private:
  template <class T>
  Config &set(gcroots_status_t (*setter)(gcroots_config_t *, T), T value) {
    check(setter(raw(), value));
    return *this;
  }

  std::unique_ptr<gcroots_config_t, detail::Delete<gcroots_config_free>> raw_;
};

/// A counted reference to an engine. Copies refer to the same engine.
class Engine : public detail::Counted<gcroots_engine_t, gcroots_engine_clone, gcroots_engine_free> {
 public:
  /// Takes over a reference that the caller owns.
  explicit Engine(gcroots_engine_t *taken) noexcept : Counted(taken) {
  }
  Engine() : Counted(out<gcroots_engine_t *>(gcroots_engine_new, nullptr)) {
  }
  explicit Engine(const Config &config)
      : Counted(out<gcroots_engine_t *>(gcroots_engine_new, config.raw())) {
  }
};

/// A counted reference to a registered type.
class Type : public detail::Counted<gcroots_type_t, gcroots_type_clone, gcroots_type_free> {
 public:
  /// Takes over a reference that the caller owns.
  explicit Type(gcroots_type_t *taken) noexcept : Counted(taken) {
  }

  /// The function type of a C++ signature: `Type::func<double(Ref, int32_t)>(engine)`. See
  /// StoreRef::func() for the types that may stand in it.
  template <class Signature>
  static Type func(const Engine &engine);
};

// --- Stores ------------------------------------------------------------------

namespace detail {

/// What the header keeps for a store, as data of the store under a key. Only the thread that
/// owns the store uses it. It is deleted with the store, after all objects.
struct StoreState {
  /// The tag of exception objects that carry a std::exception_ptr. StoreRef::func() makes
  /// it before the first of them can be needed. Its address is the tag of their externrefs,
  /// so that shared objects with variables of their own agree on it.
  gcroots_tag_t tag{};
  /// The root of an exception object for when there is no memory for another one, and what
  /// it carries. StoreRef::func() makes both, too.
  gcroots_manually_rooted_t reserve{};
  std::exception_ptr *reserved = nullptr;
  std::function<void(std::exception_ptr)> on_finalizer_error{};

  void report(std::exception_ptr error) noexcept {
    try {
      auto handler = on_finalizer_error;  // which may replace itself
      if (handler) handler(error);
    } catch (...) {
    }
  }

  static void finalize(void *data) noexcept {
    delete static_cast<StoreState *>(data);
  }
};

/// Its address is the key of the StoreState. It is not const, as `tag` below.
inline char state_key = 0;

/// Returns the StoreState of a store. Makes one if the store has none yet.
inline StoreState *state_of(gcroots_store_t *store) {
  void *found = out<void *>(gcroots_store_data_keyed, store, &state_key);
  if (found != nullptr) return static_cast<StoreState *>(found);
  auto made = std::make_unique<StoreState>();
  check(gcroots_store_set_data_keyed(store, &state_key, made.get(), StoreState::finalize));
  return made.release();
}

/// A C++ object that the library owns through a finalizer.
template <class T>
struct Held {
  StoreState *state;
  T value;

  static void finalize(void *data) noexcept {
    auto *held = static_cast<Held *>(data);
    StoreState *state = held->state;
    try {
      delete held;
    } catch (...) {
      state->report(std::current_exception());
    }
  }
};

/// Its address is the tag of externrefs that hold a T. It is not const, because a linker may
/// give equal constants one address.
template <class T>
inline char tag = 0;

}  // namespace detail

class ManuallyRooted;

/// Refers to a store that somebody else owns. Copy it freely; the bodies of host functions
/// get one. The functions that are not templates are those of gcroots.h.
class StoreRef {
 public:
  /// Refers to a store of C. Throws if the calling thread may not use the store now.
  explicit StoreRef(gcroots_store_t *store) : StoreRef(store, detail::state_of(store)) {
  }

  gcroots_store_t *raw() const noexcept {
    return raw_;
  }
  Engine engine() const {
    return Engine(out<gcroots_engine_t *>(gcroots_store_engine, raw_));
  }

  void gc() const {
    check(gcroots_store_gc(raw_));
  }
  void trim() const {
    check(gcroots_store_trim(raw_));
  }

  /// gcroots_store_run_finalizers().
  std::size_t run_finalizers(std::size_t most = SIZE_MAX) const {
    std::size_t left{};
    check(gcroots_store_run_finalizers(raw_, most, &left));
    return left;
  }

  /// gcroots_store_drain_unroots().
  void drain_unroots() const {
    check(gcroots_store_drain_unroots(raw_));
  }
  void verify() const {
    check(gcroots_store_verify(raw_));
  }
  gcroots_stats_t stats() const {
    return out<gcroots_stats_t>(gcroots_store_stats, raw_);
  }
  /// gcroots_store_pauses().
  gcroots_pauses_t pauses(gcroots_pause_kind_t kind) const {
    return out<gcroots_pauses_t>(gcroots_store_pauses, raw_, kind);
  }
  gcroots_ref_kind_t kind(Ref ref) const {
    return out<gcroots_ref_kind_t>(gcroots_ref_kind, raw_, ref);
  }
  /// Whether `ref` is null, or a local that holds null.
  bool is_null(Ref ref) const {
    return kind(ref) == GCROOTS_REF_NULL;
  }
  /// Whether both refer to the same object or the same i31, or both to null.
  bool same(Ref a, Ref b) const {
    return out<bool>(gcroots_ref_eq, raw_, a, b);
  }

  /// Makes an externref that owns a T, made from `args`. The T is destroyed after the
  /// externref has died, on the thread that collects. Its address never changes.
  template <class T, class... Args>
  Ref externref(Args &&...args) const;

  /// Makes an externref as externref() does, with a manual root instead of a scoped one.
  template <class T, class... Args>
  ManuallyRooted externref_manually_rooted(Args &&...args) const;

  /// The T of an externref. The object may be used as long as the externref is reachable.
  /// Throws an Error with GCROOTS_ERROR_TYPE_MISMATCH if `ref` holds anything else. T must
  /// be the type that externref() was called with: a base class is another type.
  ///
  /// Shared objects may exchange objects of a type that is visible in both. A program shares
  /// types with its plugins only if it exports its symbols (-rdynamic). Otherwise the types
  /// count as different.
  template <class T>
  T &get(Ref ref) const {
    return held<T>(out<void *>(gcroots_externref_data_tagged, raw_, ref, &detail::tag<T>));
  }

  /// Like get(), but returns a null pointer if `ref` is null or holds anything else.
  template <class T>
  T *get_if(Ref ref) const {
    void *data = nullptr;
    gcroots_status_t status = gcroots_externref_data_tagged(raw_, ref, &detail::tag<T>, &data);
    if (status == GCROOTS_ERROR_NULL_REFERENCE || status == GCROOTS_ERROR_TYPE_MISMATCH)
      return nullptr;
    check(status);
    return &held<T>(data);
  }

  /// Makes a host function from a function object, whose signature gives the function's
  /// type. A StoreRef as the first parameter is not part of the type.
  ///
  /// - A parameter may be an integer of 4 or 8 bytes, float, double, gcroots_v128_t, or Ref,
  ///   which is a nullable reference of GCROOTS_HEAP_EVERY: to any object, or an i31.
  /// - The result may be one of these, void, or a std::tuple of them.
  ///
  /// The body may throw anything. It runs in a scope of its own, which ends when it returns.
  /// A Ref that it returns must not be in a Scope that it has left: see Scope::escape().
  template <class Body>
  Ref func(Body body) const;

  /// Makes a host function of a given type. The body is like that of func() above, with
  /// parameters and results of the same storages as those of the type. Or it takes
  /// `(StoreRef, const gcroots_val_t *args, size_t nargs, gcroots_val_t *results,
  /// size_t nresults)`.
  template <class Body>
  Ref func(const Type &type, Body body) const;

  /// Calls a function. R is void, the type of the result, or a std::tuple of the types of
  /// the results. A reference in the result is a new handle of the current scope.
  ///
  /// Throws the exception that left the body of a host function of this header, Thrown for
  /// any other exception of the store, and Error for other failures. This includes an
  /// exception that was pending before: nothing is called then. If there is no memory to
  /// take the exception, call() throws an Error, and the exception stays pending.
  template <class R = void, class... Args>
  R call(Ref func, const Args &...args) const;

  /// Sets what gets the exceptions that leave the destructors of objects in externrefs and
  /// of the bodies of host functions. The handler runs inside the finalizer. What it throws
  /// is dropped.
  void on_finalizer_error(std::function<void(std::exception_ptr)> handler) const {
    state_->on_finalizer_error = std::move(handler);
  }

 protected:
  StoreRef(gcroots_store_t *raw, detail::StoreState *state) noexcept : raw_(raw), state_(state) {
  }

  gcroots_store_t *raw_;
  detail::StoreState *state_;

 private:
  /// The T that the data of an externref hold.
  template <class T>
  static T &held(void *data) noexcept {
    return static_cast<detail::Held<T> *>(data)->value;
  }
  /// Makes an externref by one of the two functions that take options.
  template <class T, class Root, class... Args>
  Root tagged(gcroots_status_t (*make)(gcroots_store_t *, const gcroots_externref_options_t *,
                                       Root *),
              const void *tag, Args &&...args) const;
  template <class Body>
  static gcroots_status_t run(void *env, gcroots_store_t *raw, const gcroots_val_t *args,
                              size_t nargs, gcroots_val_t *results, size_t nresults) noexcept;
  template <class Body>
  Ref make_func(const Type &type, Body body) const;
  gcroots_status_t raise(std::exception_ptr error) const noexcept;
  gcroots_status_t throw_carrier(std::exception_ptr error) const noexcept;
  void reserve_carrier() const;
  std::pair<Ref, std::exception_ptr *> new_carrier(std::exception_ptr error) const;
  std::exception_ptr carried(Ref exn) const;
  [[noreturn]] void rethrow(gcroots_status_t status) const;
  [[noreturn]] void rethrow_pending() const;
};

/// Owns a store. Moving a Store does not move the store: each StoreRef stays valid. A Store
/// that was moved from or closed may be assigned to or destroyed, and nothing else.
class Store : public StoreRef {
 public:
  explicit Store(const Engine &engine) : StoreRef(nullptr, nullptr) {
    std::unique_ptr<gcroots_store_t, detail::Delete<gcroots_store_free>> made(
        out<gcroots_store_t *>(gcroots_store_new, engine.raw()));
    state_ = detail::state_of(made.get());
    raw_ = made.release();
  }
  /// Takes over a store that the caller owns. NULL makes a Store that can only be assigned to
  /// or destroyed.
  explicit Store(gcroots_store_t *taken)
      : StoreRef(taken, taken == nullptr ? nullptr : detail::state_of(taken)) {
  }
  Store(Store &&other) noexcept : StoreRef(nullptr, nullptr) {
    swap(other);
  }
  Store &operator=(Store &&other) noexcept {
    Store taken(std::move(other));
    swap(taken);
    return *this;
  }

  /// Deletes the store. If the calling thread may not do that, the store is leaked: another
  /// thread that has not ended owns it, or a callback of the store is running. close()
  /// reports this.
  ~Store() {
    if (raw_ == nullptr || gcroots_store_free(raw_) == GCROOTS_OK) return;
    if (gcroots_store_attach(raw_) == GCROOTS_OK) static_cast<void>(gcroots_store_free(raw_));
  }

  /// Deletes the store, or throws an Error and changes nothing. Each Scope and Local of the
  /// store must have ended.
  void close() {
    check(gcroots_store_free(raw_));
    raw_ = nullptr;
  }
  /// Gives up the store, so that another thread can attach it.
  void detach() const {
    check(gcroots_store_detach(raw_));
  }
  /// Makes the calling thread the owner of the store.
  void attach() const {
    check(gcroots_store_attach(raw_));
  }

 private:
  void swap(Store &other) noexcept {
    std::swap(raw_, other.raw_);
    std::swap(state_, other.state_);
  }
};

// --- Roots -------------------------------------------------------------------

/// A scope, from the declaration to the end of the block. All roots that are made in it end
/// with it, and so do scopes inside it that are still open.
class Scope {
 public:
  explicit Scope(StoreRef store)
      : store_(store.raw()), scope_(out<gcroots_scope_t>(gcroots_scope_enter, store_)) {
  }
  Scope(const Scope &) = delete;
  Scope &operator=(const Scope &) = delete;
  static void *operator new(size_t) = delete;
  static void *operator new[](size_t) = delete;
  ~Scope() {
    if (open_) static_cast<void>(gcroots_scope_unwind(store_, scope_));
  }

  /// Ends the scope now, and returns a new handle of the enclosing scope for one object.
  /// If it throws, the scope is still open.
  Ref escape(Ref ref) {
    Ref escaped = out<Ref>(gcroots_scope_escape, store_, scope_, ref);
    open_ = false;
    return escaped;
  }

  gcroots_scope_t raw() const noexcept {
    return scope_;
  }

 private:
  gcroots_store_t *store_;
  gcroots_scope_t scope_;
  bool open_ = true;
};

/// A root of the current scope that can be assigned, so that a loop uses one root for all
/// its iterations. It ends with the scope that it was made in.
class Local {
 public:
  explicit Local(StoreRef store, Ref ref = Ref{})
      : store_(store.raw()), ref_(out<Ref>(gcroots_local_new, store_, ref)) {
  }
  Local(const Local &) = delete;
  /// Makes the root refer to the object of another one, or to null.
  Local &operator=(Ref ref) {
    check(gcroots_ref_assign(store_, ref_, ref));
    return *this;
  }
  Local &operator=(const Local &other) {
    return *this = other.ref_;
  }

  /// Whether it holds null. gcroots_ref_is_null() does not tell.
  bool is_null() const {
    return out<bool>(gcroots_local_is_null, store_, ref_);
  }
  Ref ref() const noexcept {
    return ref_;
  }
  operator Ref() const noexcept {
    return ref_;
  }

 private:
  gcroots_store_t *store_;
  Ref ref_;
};

/// Owns a root that lives until it is unrooted. The destructor unroots it by
/// gcroots_manually_rooted_unroot_later(): it may run on any thread, at any time, and after
/// the store.
class ManuallyRooted {
 public:
  /// Null.
  ManuallyRooted() noexcept = default;
  ManuallyRooted(StoreRef store, Ref ref)
      : raw_(out<gcroots_manually_rooted_t>(gcroots_ref_to_manually_rooted, store.raw(), ref)) {
  }
  /// Takes over a root that the caller owns.
  explicit ManuallyRooted(gcroots_manually_rooted_t taken) noexcept : raw_(taken) {
  }
  ManuallyRooted(ManuallyRooted &&other) noexcept : raw_(other.release()) {
  }
  ManuallyRooted &operator=(ManuallyRooted &&other) noexcept {
    ManuallyRooted taken(std::move(other));
    std::swap(raw_, taken.raw_);
    return *this;
  }
  ~ManuallyRooted() {
    static_cast<void>(gcroots_manually_rooted_unroot_later(&raw_));
  }

  /// Makes another root for the same object.
  ManuallyRooted clone(StoreRef store) const {
    return ManuallyRooted(
        out<gcroots_manually_rooted_t>(gcroots_manually_rooted_clone, store.raw(), raw_));
  }
  /// Unroots now, on the thread that owns the store.
  void unroot(StoreRef store) {
    check(gcroots_manually_rooted_unroot(store.raw(), &raw_));
  }
  /// Gives the root to the caller, who owns it from then on.
  gcroots_manually_rooted_t release() noexcept {
    return std::exchange(raw_, gcroots_manually_rooted_t{});
  }

  Ref ref() const noexcept {
    return raw_.ref;
  }
  operator Ref() const &noexcept {
    return raw_.ref;
  }
  /// The root of a temporary ends too soon.
  operator Ref() const && = delete;

 private:
  gcroots_manually_rooted_t raw_{};
};

/// An exception object of a store, as a C++ exception. Throw it in the body of a host
/// function to throw the object. Copies share one root.
class Thrown : public Error {
 public:
  Thrown(StoreRef store, Ref exn) : Thrown(ManuallyRooted(store, exn)) {
  }
  /// If it throws, `exn` is unchanged.
  explicit Thrown(ManuallyRooted &&exn)
      : Error(GCROOTS_ERROR_EXCEPTION, "an exception object of the store"),
        root_(std::make_shared<ManuallyRooted>(std::move(exn))) {
  }

  Ref exn() const noexcept {
    return root_->ref();
  }

 private:
  std::shared_ptr<const ManuallyRooted> root_;
};

// --- Values and signatures ---------------------------------------------------

namespace detail {

template <class>
inline constexpr bool never = false;

/// How a C++ type is a value of the library: its storage, and conversions from and to
/// gcroots_val_t.
template <class T, class = void>
struct Value {
  static_assert(never<T>,
                "a value must be an integer of 4 or 8 bytes, float, double, gcroots_v128_t or Ref");
};

template <class T, gcroots_storage_t Storage, class Member, Member gcroots_val_of_t::*Place>
struct Plain {
  static constexpr gcroots_storage_t storage = Storage;
  static gcroots_val_t to(const T &value) noexcept {
    gcroots_val_t val{};
    val.kind = Storage;
    val.of.*Place = static_cast<Member>(value);
    return val;
  }
  static T from(const gcroots_val_t &val) noexcept {
    return static_cast<T>(val.of.*Place);
  }
};

template <class T, size_t Bytes>
using IfInteger = std::enable_if_t<std::is_integral_v<T> && sizeof(T) == Bytes>;

template <class T>
struct Value<T, IfInteger<T, 4>> : Plain<T, GCROOTS_STORAGE_I32, int32_t, &gcroots_val_of_t::i32> {
};
template <class T>
struct Value<T, IfInteger<T, 8>> : Plain<T, GCROOTS_STORAGE_I64, int64_t, &gcroots_val_of_t::i64> {
};
template <>
struct Value<float> : Plain<float, GCROOTS_STORAGE_F32, float, &gcroots_val_of_t::f32> {};
template <>
struct Value<double> : Plain<double, GCROOTS_STORAGE_F64, double, &gcroots_val_of_t::f64> {};
template <>
struct Value<gcroots_v128_t>
    : Plain<gcroots_v128_t, GCROOTS_STORAGE_V128, gcroots_v128_t, &gcroots_val_of_t::v128> {};
template <>
struct Value<Ref> : Plain<Ref, GCROOTS_STORAGE_REF, Ref, &gcroots_val_of_t::ref> {};

/// An argument of StoreRef::call().
template <class T>
gcroots_val_t argument(const T &value) {
  if constexpr (std::is_convertible_v<const T &, Ref>)
    return Value<Ref>::to(value);
  else
    return Value<T>::to(value);
}

/// The types of parameters or of results.
template <class... T>
struct Types {
  static constexpr size_t count = sizeof...(T);
  static constexpr std::array<gcroots_storage_t, count> storages() noexcept {
    return {Value<T>::storage...};
  }
  static std::array<gcroots_field_type_t, count> fields() noexcept {
    return {field(Value<T>::storage)...};
  }

 private:
  /// The member `heap`, if the storage is a reference, is GCROOTS_HEAP_EVERY.
  static gcroots_field_type_t field(gcroots_storage_t storage) noexcept {
    gcroots_field_type_t field{};
    field.storage = storage;
    field.heap = GCROOTS_HEAP_EVERY;
    field.is_nullable = 1;
    return field;
  }
};

/// The results of a C++ result type: `Types`, and conversions from and to values.
template <class R>
struct Results {
  using Of = Types<R>;
  static void write(const R &result, gcroots_val_t *results) noexcept {
    *results = Value<R>::to(result);
  }
  static R read(const gcroots_val_t *results) noexcept {
    return Value<R>::from(*results);
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
  static void write(const std::tuple<T...> &all, gcroots_val_t *results) noexcept {
    std::apply([&](const T &...result) { ((*results++ = Value<T>::to(result)), ...); }, all);
  }
  static std::tuple<T...> read(const gcroots_val_t *results) noexcept {
    return read(results, std::index_sequence_for<T...>());
  }

 private:
  template <size_t... I>
  static std::tuple<T...> read([[maybe_unused]] const gcroots_val_t *results,
                               std::index_sequence<I...>) noexcept {
    return {Value<T>::from(results[I])...};
  }
};

/// The signature of a function object, a function pointer or a function type.
template <class F>
struct Signature : Signature<decltype(&F::operator())> {};

template <class R, class... A>
struct Signature<R(A...)> {
  using Params = Types<std::decay_t<A>...>;
  using Returns = Results<std::decay_t<R>>;

  /// Calls the body with the arguments, and writes its results.
  template <class Body>
  static void apply(Body &body, StoreRef, const gcroots_val_t *args, gcroots_val_t *results) {
    invoke(body, args, results, std::index_sequence_for<A...>());
  }

  /// Calls the body with `first..., args...`, and writes its results.
  template <class Body, size_t... I, class... First>
  static void invoke(Body &body, [[maybe_unused]] const gcroots_val_t *args,
                     [[maybe_unused]] gcroots_val_t *results, std::index_sequence<I...>,
                     First... first) {
    if constexpr (std::is_void_v<R>)
      body(first..., Value<std::decay_t<A>>::from(args[I])...);
    else
      Returns::write(body(first..., Value<std::decay_t<A>>::from(args[I])...), results);
  }
};

template <class R, class... A>
struct Signature<R(StoreRef, A...)> {
  using Params = typename Signature<R(A...)>::Params;
  using Returns = typename Signature<R(A...)>::Returns;

  template <class Body>
  static void apply(Body &body, StoreRef store, const gcroots_val_t *args, gcroots_val_t *results) {
    Signature<R(A...)>::invoke(body, args, results, std::index_sequence_for<A...>(), store);
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

/// Whether a body takes values whose types are known only at run time.
template <class Body>
inline constexpr bool is_dynamic =
    std::is_invocable_v<Body &, StoreRef, const gcroots_val_t *, size_t, gcroots_val_t *, size_t>;

}  // namespace detail

template <class S>
Type Type::func(const Engine &engine) {
  auto params = detail::Signature<S>::Params::fields();
  auto results = detail::Signature<S>::Returns::Of::fields();
  gcroots_type_t *type = nullptr;
  check(gcroots_type_new_func(engine.raw(), params.data(), params.size(), results.data(),
                              results.size(), &type));
  return Type(type);
}

namespace detail {

/// Throws unless the storages of a function type are those of a signature.
template <class S>
void check_storages(const Type &type) {
  constexpr auto params = Signature<S>::Params::storages();
  constexpr auto results = Signature<S>::Returns::Of::storages();
  size_t nparams = out<size_t>(gcroots_type_param_count, type.raw());
  size_t nfields = out<size_t>(gcroots_type_field_count, type.raw());
  if (nparams != params.size() || nfields - nparams != results.size())
    throw Error(GCROOTS_ERROR_TYPE_MISMATCH,
                "the body of a function has other numbers of parameters or results than its type");
  for (size_t i = 0; i < nfields; i++) {
    auto field = out<gcroots_field_type_t>(gcroots_type_field, type.raw(), i);
    Type owned(const_cast<gcroots_type_t *>(field.type));
    if (field.storage != (i < nparams ? params.data()[i] : results.data()[i - nparams]))
      throw Error(GCROOTS_ERROR_TYPE_MISMATCH,
                  "field " + std::to_string(i) + " of a function's type is not what its body has");
  }
}

}  // namespace detail

// --- Externrefs --------------------------------------------------------------

template <class T, class... Args>
Ref StoreRef::externref(Args &&...args) const {
  return tagged<T>(gcroots_externref_new_with, &detail::tag<T>, std::forward<Args>(args)...);
}

template <class T, class... Args>
ManuallyRooted StoreRef::externref_manually_rooted(Args &&...args) const {
  return ManuallyRooted(tagged<T>(gcroots_externref_new_with_manually_rooted, &detail::tag<T>,
                                  std::forward<Args>(args)...));
}

template <class T, class Root, class... Args>
Root StoreRef::tagged(gcroots_status_t (*make)(gcroots_store_t *,
                                               const gcroots_externref_options_t *, Root *),
                      const void *tag, Args &&...args) const {
  using Held = detail::Held<T>;
  std::unique_ptr<Held> object(new Held{state_, T(std::forward<Args>(args)...)});
  gcroots_externref_options_t options{};
  options.struct_size = sizeof options;
  options.data = object.get();
  options.finalizer = Held::finalize;
  options.tag = tag;
  Root root = out<Root>(make, raw_, &options);
  static_cast<void>(object.release());
  return root;
}

// --- Host functions ----------------------------------------------------------

template <class Body>
Ref StoreRef::func(Body body) const {
  return make_func(Type::func<Body>(engine()), std::move(body));
}

template <class Body>
Ref StoreRef::func(const Type &type, Body body) const {
  if constexpr (!detail::is_dynamic<Body>) detail::check_storages<Body>(type);
  return make_func(type, std::move(body));
}

template <class Body>
Ref StoreRef::make_func(const Type &type, Body body) const {
  using Held = detail::Held<Body>;
  if (state_->reserved == nullptr) reserve_carrier();
  std::unique_ptr<Held> env(new Held{state_, std::move(body)});
  Ref ref = out<Ref>(gcroots_func_new, raw_, type.raw(), run<Body>, env.get(), Held::finalize);
  static_cast<void>(env.release());
  return ref;
}

/// The callback of the functions that make_func() makes. No exception leaves it.
template <class Body>
gcroots_status_t StoreRef::run(void *env, gcroots_store_t *raw, const gcroots_val_t *args,
                               [[maybe_unused]] size_t nargs, gcroots_val_t *results,
                               [[maybe_unused]] size_t nresults) noexcept {
  auto &[state, body] = *static_cast<detail::Held<Body> *>(env);
  StoreRef store(raw, state);
  try {
    if constexpr (detail::is_dynamic<Body>)
      body(store, args, nargs, results, nresults);
    else
      detail::Signature<Body>::apply(body, store, args, results);
    return GCROOTS_OK;
  } catch (...) {
    return store.raise(std::current_exception());
  }
}

/// Makes an exception pending. Returns what the callback returns to the library. It does not
/// fail unless the store is poisoned, which gcroots_func_call() reports.
inline gcroots_status_t StoreRef::raise(std::exception_ptr error) const noexcept {
  try {
    std::rethrow_exception(error);
  } catch (const Thrown &thrown) {
    if (gcroots_store_throw(raw_, thrown.exn()) == GCROOTS_OK) return GCROOTS_OK;
  } catch (...) {
  }
  return throw_carrier(std::move(error));
}

/// Throws an exception object that carries a C++ exception: a new one, or without memory for
/// it the reserve.
inline gcroots_status_t StoreRef::throw_carrier(std::exception_ptr error) const noexcept {
  try {
    if (*state_->reserved != nullptr) reserve_carrier();
    return gcroots_store_throw(raw_, new_carrier(error).first);
  } catch (...) {
    *state_->reserved = std::move(error);
    return gcroots_store_throw(raw_, state_->reserve.ref);
  }
}

/// Makes the reserve, or another one if somebody may still have the exception object.
inline void StoreRef::reserve_carrier() const {
  if (state_->tag.store_id == 0)
    state_->tag = out<gcroots_tag_t>(gcroots_tag_new, raw_, Type::func<void(Ref)>(engine()).raw());
  Scope scope(*this);
  auto [exn, carried] = new_carrier(nullptr);
  ManuallyRooted root(*this, exn);
  check(gcroots_manually_rooted_unroot(raw_, &state_->reserve));
  state_->reserve = root.release();
  state_->reserved = carried;
}

/// Makes an exception object that carries a C++ exception. Returns where it does, too.
inline std::pair<Ref, std::exception_ptr *> StoreRef::new_carrier(std::exception_ptr error) const {
  Ref carrier =
      tagged<std::exception_ptr>(gcroots_externref_new_with, &state_->tag, std::move(error));
  gcroots_val_t field = detail::Value<Ref>::to(carrier);
  Ref exn = out<Ref>(gcroots_exn_new, raw_, state_->tag, &field, size_t{1});
  void *data = out<void *>(gcroots_externref_data_tagged, raw_, carrier, &state_->tag);
  return {exn, &held<std::exception_ptr>(data)};
}

/// The C++ exception that an exception object carries, or null.
inline std::exception_ptr StoreRef::carried(Ref exn) const {
  if (state_->tag.store_id == 0) return nullptr;
  auto its_tag = out<gcroots_tag_t>(gcroots_exn_tag, raw_, exn);
  if (!out<bool>(gcroots_tag_eq, raw_, its_tag, state_->tag)) return nullptr;
  Scope scope(*this);
  auto field = out<gcroots_val_t>(gcroots_exn_field, raw_, exn, size_t{0});
  return held<std::exception_ptr>(
      out<void *>(gcroots_externref_data_tagged, raw_, field.of.ref, &state_->tag));
}

template <class R, class... Args>
R StoreRef::call(Ref func, const Args &...args) const {
  using Results = detail::Results<R>;
  constexpr auto storages = Results::Of::storages();
  std::array<gcroots_val_t, sizeof...(Args)> in{detail::argument(args)...};
  std::array<gcroots_val_t, storages.size()> results{};
  gcroots_status_t status =
      gcroots_func_call(raw_, func, in.data(), in.size(), results.data(), results.size());
  if (status != GCROOTS_OK) rethrow(status);
  for (size_t i = 0; i < results.size(); i++)
    if (results.data()[i].kind != storages.data()[i])
      throw Error(GCROOTS_ERROR_TYPE_MISMATCH, "call: the function's result " + std::to_string(i) +
                                                   " is of another type than the caller's");
  return Results::read(results.data());
}

/// Throws the C++ exception that a failed call stands for.
inline void StoreRef::rethrow(gcroots_status_t status) const {
  if (status == GCROOTS_ERROR_EXCEPTION && out<bool>(gcroots_store_has_exception, raw_))
    rethrow_pending();
  throw Error(status);
}

/// Throws the C++ exception that the pending exception carries, or Thrown. If there is no
/// memory for that, the exception stays pending.
inline void StoreRef::rethrow_pending() const {
  ManuallyRooted exn(
      out<gcroots_manually_rooted_t>(gcroots_store_take_exception_manually_rooted, raw_));
  std::exception_ptr error;
  try {
    error = carried(exn.ref());
    if (error == nullptr) error = std::make_exception_ptr(Thrown(std::move(exn)));
    exn.unroot(*this);
  } catch (...) {
    static_cast<void>(gcroots_store_throw(raw_, exn.ref()));
    throw;
  }
  std::rethrow_exception(error);
}

}  // namespace gcroots

#pragma GCC visibility pop

#endif  // GCROOTS_HPP
