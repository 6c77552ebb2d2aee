/// Stores.
#ifndef GCROOTS_STORE_HPP
#define GCROOTS_STORE_HPP

#include "state.hpp"

#pragma GCC visibility push(default)

namespace gcroots {

inline namespace GCROOTS_HPP_MODE {

template <class K>
class Rooted;
struct ExnRef;

namespace detail {

template <class Body>
class Handler final : public shared::FinalizerErrors {
 public:
  explicit Handler(Body body) : body_(std::move(body)) {
  }
  void take(std::exception_ptr error) noexcept override {
#if GCROOTS_HPP_THROWS
    try {
      body_(std::move(error));
    } catch (...) {
    }
#else
    body_(std::move(error));
#endif
  }

 private:
  Body body_;
};

}  // namespace detail

class Store;

/// Refers to a store that somebody else owns. Copy it freely; the bodies of host functions
/// get one. The functions are those of gcroots.h, whose descriptions hold.
class StoreRef {
 public:
  /// Of a Store that ends at once.
  StoreRef(Store &&) = delete;
  StoreRef(gcroots_store_t *raw, shared::StoreState *state) noexcept : raw_(raw), state_(state) {
  }

  /// Refers to a store of C. The calling thread must own it.
  static Returns<StoreRef> of(gcroots_store_t *store) {
    shared::StoreState *state = nullptr;
    gcroots_status_t status = shared::state_of(store, &state);
    return detail::finish<StoreRef>(status, store, state);
  }
#if GCROOTS_HPP_THROWS
  explicit StoreRef(gcroots_store_t *store) : StoreRef(of(store)) {
  }
#endif

  gcroots_store_t *raw() const noexcept {
    return raw_;
  }
  /// What the header keeps for the store.
  shared::StoreState *state() const noexcept {
    return state_;
  }

  Returns<Engine> engine() const {
    gcroots_engine_t *found = nullptr;
    gcroots_status_t status = gcroots_store_engine(raw_, &found);
    return detail::finish<Engine>(status, found);
  }
  Returns<std::uint64_t> id() const {
    std::uint64_t found = 0;
    gcroots_status_t status = gcroots_store_id(raw_, &found);
    return detail::finish<std::uint64_t>(status, found);
  }

  // --- Collection

  Returns<void> gc() const {
    return detail::finish<void>(gcroots_store_gc(raw_));
  }
  Returns<void> trim() const {
    return detail::finish<void>(gcroots_store_trim(raw_));
  }
  Returns<void> gc_start() const {
    return detail::finish<void>(gcroots_store_gc_start(raw_));
  }
  /// Returns whether the collection needs more steps, as gc_step_for() does.
  Returns<bool> gc_step(std::size_t budget) const {
    bool more = false;
    gcroots_status_t status = gcroots_store_gc_step(raw_, budget, &more);
    return detail::finish<bool>(status, more);
  }
  Returns<bool> gc_step_for(std::uint64_t microseconds) const {
    bool more = false;
    gcroots_status_t status = gcroots_store_gc_step_for(raw_, microseconds, &more);
    return detail::finish<bool>(status, more);
  }
  Returns<void> gc_cancel() const {
    return detail::finish<void>(gcroots_store_gc_cancel(raw_));
  }

  // --- What other code has left to do

  /// Returns how many finalizers are left.
  Returns<std::size_t> run_finalizers(std::size_t most = SIZE_MAX) const {
    std::size_t left = 0;
    gcroots_status_t status = gcroots_store_run_finalizers(raw_, most, &left);
    return detail::finish<std::size_t>(status, left);
  }
  /// Also frees what destructors of this header have left on other threads.
  Returns<void> drain_unroots() const {
    shared::StoreState::drain(raw_, state_);
    return detail::finish<void>(gcroots_store_drain_unroots(raw_));
  }
  /// Sets what gets the exceptions that leave the destructors of objects in externrefs and
  /// of the bodies of host functions: `void (std::exception_ptr)`. It runs inside the finalizer.
  /// What it throws is dropped.
  template <class Body>
  Returns<void> on_finalizer_error(Body body) const {
    gcroots_status_t status = owned_here();
    if (status == GCROOTS_OK) handle_finalizer_errors(new detail::Handler<Body>(std::move(body)));
    return detail::finish<void>(status);
  }
  Returns<void> on_finalizer_error(std::nullptr_t) const {
    gcroots_status_t status = owned_here();
    if (status == GCROOTS_OK) handle_finalizer_errors(nullptr);
    return detail::finish<void>(status);
  }

  // --- What a store knows

  Returns<void> verify() const {
    return detail::finish<void>(gcroots_store_verify(raw_));
  }
  Returns<gcroots_stats_t> stats() const {
    gcroots_stats_t found;
    gcroots_status_t status = gcroots_store_stats(raw_, &found);
    return detail::finish<gcroots_stats_t>(status, found);
  }
  Returns<gcroots_pauses_t> pauses(gcroots_pause_kind_t kind) const {
    gcroots_pauses_t found;
    gcroots_status_t status = gcroots_store_pauses(raw_, kind, &found);
    return detail::finish<gcroots_pauses_t>(status, found);
  }
  Returns<void> set_data(void *data, gcroots_finalizer_t finalizer = nullptr) const {
    return detail::finish<void>(gcroots_store_set_data(raw_, data, finalizer));
  }
  Returns<void *> data() const {
    void *found = nullptr;
    gcroots_status_t status = gcroots_store_data(raw_, &found);
    return detail::finish<void *>(status, found);
  }
  Returns<void> set_data(const void *key, void *data, gcroots_finalizer_t finalizer) const {
    return detail::finish<void>(gcroots_store_set_data_keyed(raw_, key, data, finalizer));
  }
  Returns<void *> data(const void *key) const {
    void *found = nullptr;
    gcroots_status_t status = gcroots_store_data_keyed(raw_, key, &found);
    return detail::finish<void *>(status, found);
  }

  // --- Any references

  Returns<gcroots_ref_kind_t> kind(Ref ref) const {
    gcroots_ref_kind_t found = GCROOTS_REF_NULL;
    gcroots_status_t status = gcroots_ref_kind(raw_, ref, &found);
    return detail::finish<gcroots_ref_kind_t>(status, found);
  }
  /// Whether `ref` is null, or a local that holds null.
  Returns<bool> is_null(Ref ref) const {
    gcroots_ref_kind_t found = GCROOTS_REF_NULL;
    gcroots_status_t status = gcroots_ref_kind(raw_, ref, &found);
    return detail::finish<bool>(status, found == GCROOTS_REF_NULL);
  }
  /// Whether both refer to the same object or the same i31, or both to null.
  Returns<bool> same(Ref a, Ref b) const {
    bool found = false;
    gcroots_status_t status = gcroots_ref_eq(raw_, a, b, &found);
    return detail::finish<bool>(status, found);
  }
  Returns<std::uint64_t> hash(Ref ref) const {
    std::uint64_t found = 0;
    gcroots_status_t status = gcroots_ref_hash(raw_, ref, &found);
    return detail::finish<std::uint64_t>(status, found);
  }
  /// Whether `ref` refers to a K. False if it is null.
  template <class K>
  Returns<bool> test(Ref ref) const;
  /// A new handle of the current scope for a reference to a K, or null if it is null. Refuses any
  /// other object with GCROOTS_ERROR_TYPE_MISMATCH.
  template <class K>
  Returns<Rooted<K>> cast(Ref ref) const;

  /// Makes sure that a number of scoped roots can be made without memory of the system.
  Returns<void> reserve_roots(std::size_t roots) const {
    return detail::finish<void>(gcroots_scope_reserve(raw_, roots));
  }

  /// The address from which raw references count: see gcroots_heap_base().
  Returns<void *> heap_base() const {
    void *found = nullptr;
    gcroots_status_t status = gcroots_heap_base(raw_, &found);
    return detail::finish<void *>(status, found);
  }

  // --- The pending exception

  Returns<bool> has_exception() const {
    bool found = false;
    gcroots_status_t status = gcroots_store_has_exception(raw_, &found);
    return detail::finish<bool>(status, found);
  }
  Returns<void> throw_exception(Ref exn) const {
    return detail::finish<void>(gcroots_store_throw(raw_, exn));
  }
  /// Takes the pending exception. Null if none is pending.
  Returns<Rooted<ExnRef>> take_exception() const;

 protected:
  gcroots_store_t *raw_;
  shared::StoreState *state_;

 private:
  /// Whether the calling thread owns the store. A finalizer may run while the store is busy.
  gcroots_status_t owned_here() const noexcept {
    std::uint64_t id = 0;
    gcroots_status_t status = gcroots_store_id(raw_, &id);
    return status == GCROOTS_ERROR_BUSY ? GCROOTS_OK : status;
  }
  void handle_finalizer_errors(shared::FinalizerErrors *handler) const noexcept {
    auto *before = std::exchange(state_->on_finalizer_error, handler);
    if (before != nullptr) before->release();
  }
};

/// Owns a store. Moving a Store does not move the store: each StoreRef stays valid. A Store
/// that was moved from or closed may be assigned to or destroyed, and nothing else.
class Store : public StoreRef {
 public:
  /// Takes over a store that the caller owns, of the calling thread.
  static Returns<Store> take(gcroots_store_t *taken) {
    shared::StoreState *state = nullptr;
    gcroots_status_t status = shared::state_of(taken, &state);
    return detail::finish<Store>(status, taken, state);
  }
  static Returns<Store> make(const Engine &engine) {
    gcroots_store_t *made = nullptr;
    shared::StoreState *state = nullptr;
    gcroots_status_t status = gcroots_store_new(engine.raw(), &made);
    if (status == GCROOTS_OK) {
      status = shared::state_of(made, &state);
      if (status != GCROOTS_OK) static_cast<void>(gcroots_store_free(made));
    }
    return detail::finish<Store>(status, made, state);
  }
  /// Has no store: it can only be assigned to or destroyed.
  Store() noexcept : StoreRef(nullptr, nullptr) {
  }
  Store(gcroots_store_t *taken, shared::StoreState *state) noexcept : StoreRef(taken, state) {
  }
#if GCROOTS_HPP_THROWS
  explicit Store(const Engine &engine) : Store(make(engine)) {
  }
  explicit Store(gcroots_store_t *taken) : Store(take(taken)) {
  }
#endif
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

  /// Deletes the store, or is refused and changes nothing. Each Scope, NoGc and Local of the
  /// store must have ended.
  Returns<void> close() {
    gcroots_status_t status = gcroots_store_free(raw_);
    if (status == GCROOTS_OK) {
      raw_ = nullptr;
      state_ = nullptr;
    }
    return detail::finish<void>(status);
  }
  /// Gives up the store, so that another thread can attach it.
  Returns<void> detach() const {
    return detail::finish<void>(gcroots_store_detach(raw_));
  }
  /// Makes the calling thread the owner of the store.
  Returns<void> attach() const {
    return detail::finish<void>(gcroots_store_attach(raw_));
  }

 private:
  void swap(Store &other) noexcept {
    std::swap(raw_, other.raw_);
    std::swap(state_, other.state_);
  }
};

}  // namespace GCROOTS_HPP_MODE
}  // namespace gcroots

#pragma GCC visibility pop

#endif  // GCROOTS_STORE_HPP
