/// Roots and the handles that name them: scopes, scoped handles, locals and manual roots.
#ifndef GCROOTS_ROOTS_HPP
#define GCROOTS_ROOTS_HPP

#include "kinds.hpp"

#pragma GCC visibility push(default)

namespace gcroots {
inline namespace GCROOTS_HPP_MODE {

/// A scoped handle: 16 bytes without a destructor, which name a root of a scope. Copies name the
/// same root. It may be kept for ever: it becomes stale with its scope. It may be null.
///
/// A handle of any kind converts to Ref, and so to the functions of gcroots.h. A handle of a kind
/// converts to the kinds above. StoreRef::cast() goes the other way.
template <class K = Every>
class Rooted : public detail::Operations<K, Rooted<K>> {
 public:
  /// Null.
  constexpr Rooted() noexcept = default;
  constexpr Rooted(std::nullptr_t) noexcept {
  }
  /// Names the kind of a handle, for a handle that comes from C. Nothing is checked now: the
  /// library checks each use.
  explicit constexpr Rooted(Ref ref) noexcept : ref_(ref) {
  }
  /// A handle of C is a Rooted<Every> without a word.
  template <class C, std::enable_if_t<std::is_same_v<C, Ref> && std::is_same_v<K, Every>, int> = 0>
  constexpr Rooted(C ref) noexcept : ref_(ref) {
  }
  template <class Below, class = detail::IfBelow<Below, K>>
  constexpr Rooted(Rooted<Below> other) noexcept : ref_(other.ref()) {
  }

  /// Whether it is not the null handle. A handle of a local is not, whatever the local holds.
  explicit constexpr operator bool() const noexcept {
    return ref_.store_id != 0;
  }
  constexpr Ref ref() const noexcept {
    return ref_;
  }
  constexpr operator Ref() const noexcept {
    return ref_;
  }

 private:
  Ref ref_{};
};

template <class K>
Rooted(K) -> Rooted<Every>;

/// Names the kind of a handle of C: `as<ExternRef>(ref).get<Texture>(store)`.
template <class K>
constexpr Rooted<K> as(Ref ref) noexcept {
  return Rooted<K>(ref);
}

/// A scope, from the declaration to the end of the block. All roots that are made in it end
/// with it, and so do scopes inside it that are still open.
///
/// Neither longjmp() nor a coroutine that suspends may leave the block.
class Scope {
 public:
  /// Without exceptions, status() tells whether the scope was entered. A scope that was not does
  /// nothing.
  [[gnu::always_inline]] explicit inline Scope(StoreRef store) : store_(store.raw()) {
    gcroots_scope_t made;  // not the member, so that the scope may live in registers
    status_ = detail::begin(gcroots_scope_enter(store_, &made));
    scope_ = status_ == GCROOTS_OK ? made : gcroots_scope_t{};
  }
  Scope(const Scope &) = delete;
  Scope &operator=(const Scope &) = delete;
  static void *operator new(std::size_t) = delete;
  static void *operator new[](std::size_t) = delete;
  [[gnu::always_inline]] inline ~Scope() {
    if (open_ && gcroots_scope_exit(store_, scope_) != GCROOTS_OK) unwind(store_, scope_);
  }

  /// Ends the scope now, and returns a new handle of the enclosing scope for one object.
  /// If that is refused, the scope is still open.
  template <class K>
  [[gnu::always_inline]] inline Returns<Rooted<K>> escape(Rooted<K> ref) {
    return escape_as<K>(ref);
  }
  [[gnu::always_inline]] inline Returns<Rooted<>> escape(Ref ref) {
    return escape_as<Every>(ref);
  }

  gcroots_status_t status() const noexcept {
    return status_;
  }
  gcroots_scope_t raw() const noexcept {
    return scope_;
  }
  gcroots_store_t *store() const noexcept {
    return store_;
  }
  /// Says that a function of gcroots.h has ended the scope.
  void release() noexcept {
    open_ = false;
  }

 private:
  /// Ends the scopes of C that are still open in this one.
  [[gnu::cold, gnu::noinline]] static void unwind(gcroots_store_t *store,
                                                  gcroots_scope_t scope) noexcept {
    static_cast<void>(gcroots_scope_unwind(store, scope));
  }

  template <class K>
  [[gnu::always_inline]] inline Returns<Rooted<K>> escape_as(Ref ref) {
    Ref escaped;
    gcroots_status_t status = gcroots_scope_escape(store_, scope_, ref, &escaped);
    if (status == GCROOTS_OK) open_ = false;
    return detail::finish<Rooted<K>>(status, escaped);
  }

  gcroots_store_t *store_;
  gcroots_scope_t scope_;
  gcroots_status_t status_;
  bool open_ = true;
};

/// A no-GC span, from the declaration to the end of the block. Nothing collects in it, so
/// addresses of elements and raw references stay valid.
class NoGc {
 public:
  /// Without exceptions, status() tells whether the span was entered.
  [[gnu::always_inline]] explicit inline NoGc(StoreRef store)
      : store_(store), status_(detail::begin(gcroots_no_gc_enter(store.raw()))) {
  }
  NoGc(const NoGc &) = delete;
  NoGc &operator=(const NoGc &) = delete;
  static void *operator new(std::size_t) = delete;
  static void *operator new[](std::size_t) = delete;
  [[gnu::always_inline]] inline ~NoGc() {
    if (status_ == GCROOTS_OK) static_cast<void>(gcroots_no_gc_exit(store_.raw()));
  }

  gcroots_status_t status() const noexcept {
    return status_;
  }
  StoreRef store() const noexcept {
    return store_;
  }

 private:
  StoreRef store_;
  gcroots_status_t status_;
};

/// A root of the current scope that can be assigned, so that a loop uses one root for all
/// its iterations. It ends with the scope that it was made in.
template <class K = Every>
class Local : public detail::Operations<K, Local<K>> {
 public:
  /// Holds null. Without exceptions, status() tells whether the root was made.
  [[gnu::always_inline]] explicit inline Local(StoreRef store) : Local(store, Rooted<K>()) {
  }
  /// Of a handle of C, whose kind is not known.
  template <class C, class = std::enable_if_t<std::is_same_v<C, Ref>>>
  [[gnu::always_inline]] inline Local(StoreRef store, C ref) : Local(store, Rooted<K>(ref)) {
  }
  [[gnu::always_inline]] inline Local(StoreRef store, Rooted<K> ref) : store_(store.raw()) {
    Ref made;
    status_ = detail::begin(gcroots_local_new(store_, ref.ref(), &made));
    ref_ = status_ == GCROOTS_OK ? made : Ref{};
  }
  Local(const Local &) = delete;

  /// Makes the root refer to the object of another one, or to null. Without exceptions, status()
  /// tells whether it does.
  [[gnu::always_inline]] inline Local &operator=(Rooted<K> ref) {
    status_ = detail::begin(gcroots_ref_assign(store_, ref_, ref.ref()));
    return *this;
  }
  Local &operator=(const Local &other) {
    return *this = Rooted<K>(other.ref_);
  }

  /// Whether it holds null. gcroots_ref_is_null() does not tell.
  [[gnu::always_inline]] inline Returns<bool> is_null() const {
    bool found = false;
    gcroots_status_t status = gcroots_local_is_null(store_, ref_, &found);
    return detail::finish<bool>(status, found);
  }
  gcroots_status_t status() const noexcept {
    return status_;
  }
  Ref ref() const noexcept {
    return ref_;
  }
  operator Ref() const noexcept {
    return ref_;
  }
  template <class Above, class = detail::IfBelow<K, Above>>
  operator Rooted<Above>() const noexcept {
    return Rooted<Above>(ref_);
  }

 private:
  gcroots_store_t *store_;
  Ref ref_;
  gcroots_status_t status_;
};

template <class K>
Local(StoreRef, Rooted<K>) -> Local<K>;
Local(StoreRef, Ref)->Local<Every>;
Local(StoreRef)->Local<Every>;
template <class K>
Local(StoreRef, const Local<K> &) -> Local<K>;

/// Owns a root that lives until it is unrooted. The destructor unroots it by
/// gcroots_manually_rooted_unroot_later(): it may run on any thread, at any time, and after
/// the store. unroot() is cheaper.
template <class K = Every>
class ManuallyRooted : public detail::Operations<K, ManuallyRooted<K>> {
 public:
  /// Null.
  ManuallyRooted() noexcept = default;
  /// Takes over a root that the caller owns.
  explicit ManuallyRooted(gcroots_manually_rooted_t taken) noexcept : raw_(taken) {
  }
  static Returns<ManuallyRooted> make(StoreRef store, Rooted<K> ref) {
    gcroots_manually_rooted_t made{};
    gcroots_status_t status = gcroots_ref_to_manually_rooted(store.raw(), ref.ref(), &made);
    return detail::finish<ManuallyRooted>(status, made);
  }
#if GCROOTS_HPP_THROWS
  [[gnu::always_inline]] inline ManuallyRooted(StoreRef store, Rooted<K> ref) {
    gcroots_manually_rooted_t made;
    check(gcroots_ref_to_manually_rooted(store.raw(), ref.ref(), &made));
    raw_ = made;
  }
  /// Of a handle of C, whose kind is not known.
  template <class C, class = std::enable_if_t<std::is_same_v<C, Ref>>>
  [[gnu::always_inline]] inline ManuallyRooted(StoreRef store, C ref)
      : ManuallyRooted(store, Rooted<K>(ref)) {
  }
#endif
  ManuallyRooted(ManuallyRooted &&other) noexcept : raw_(other.release()) {
  }
  template <class Below, class = detail::IfBelow<Below, K>>
  ManuallyRooted(ManuallyRooted<Below> &&other) noexcept : raw_(other.release()) {
  }
  ManuallyRooted &operator=(ManuallyRooted &&other) noexcept {
    ManuallyRooted taken(std::move(other));
    std::swap(raw_, taken.raw_);
    return *this;
  }
  [[gnu::always_inline]] inline ~ManuallyRooted() {
    if (raw_.ref.store_id == 0) return;
    gcroots_manually_rooted_t own = raw_;  // not the member, so that it may live in registers
    static_cast<void>(gcroots_manually_rooted_unroot_later(&own));
  }

  /// Makes another root for the same object.
  [[gnu::always_inline]] inline Returns<ManuallyRooted> clone(StoreRef store) const {
    gcroots_manually_rooted_t made{};
    gcroots_status_t status = gcroots_manually_rooted_clone(store.raw(), raw_, &made);
    return detail::finish<ManuallyRooted>(status, made);
  }
  /// Unroots now, on the thread that owns the store.
  [[gnu::always_inline]] inline Returns<void> unroot(StoreRef store) {
    gcroots_manually_rooted_t own = raw_;
    gcroots_status_t status = gcroots_manually_rooted_unroot(store.raw(), &own);
    if (status == GCROOTS_OK) raw_ = {};
    return detail::finish<void>(status);
  }
  /// Makes a scoped root for the same object.
  [[gnu::always_inline]] inline Returns<Rooted<K>> rooted(StoreRef store) const {
    Ref made;
    gcroots_status_t status = gcroots_manually_rooted_to_rooted(store.raw(), raw_, &made);
    return detail::finish<Rooted<K>>(status, made);
  }
  /// Makes a scoped root in place of this one.
  Returns<Rooted<K>> into_rooted(StoreRef store) {
    Ref made;
    gcroots_status_t status = gcroots_manually_rooted_into_rooted(store.raw(), &raw_, &made);
    return detail::finish<Rooted<K>>(status, made);
  }
  /// Gives the root to the caller, who owns it from then on.
  gcroots_manually_rooted_t release() noexcept {
    return std::exchange(raw_, gcroots_manually_rooted_t{});
  }

  /// Whether it owns a root.
  explicit operator bool() const noexcept {
    return raw_.ref.store_id != 0;
  }
  Ref ref() const noexcept {
    return raw_.ref;
  }
  operator Ref() const &noexcept {
    return raw_.ref;
  }
  template <class Above, class = detail::IfBelow<K, Above>>
  operator Rooted<Above>() const &noexcept {
    return Rooted<Above>(raw_.ref);
  }
  /// The root of a temporary ends too soon.
  operator Ref() const && = delete;
  template <class Above, class = detail::IfBelow<K, Above>>
  operator Rooted<Above>() const && = delete;

 private:
  gcroots_manually_rooted_t raw_{};
};

#if GCROOTS_HPP_THROWS
template <class K>
ManuallyRooted(StoreRef, Rooted<K>) -> ManuallyRooted<K>;
ManuallyRooted(StoreRef, Ref)->ManuallyRooted<Every>;
template <class K>
ManuallyRooted(StoreRef, const Local<K> &) -> ManuallyRooted<K>;
#endif
ManuallyRooted(gcroots_manually_rooted_t)->ManuallyRooted<Every>;
template <class K>
Local(StoreRef, const ManuallyRooted<K> &) -> Local<K>;

}  // namespace GCROOTS_HPP_MODE
}  // namespace gcroots

#pragma GCC visibility pop

#endif  // GCROOTS_ROOTS_HPP
