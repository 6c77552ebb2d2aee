/// Stores, and what the header keeps for each store.
#ifndef GCROOTS_STORE_HPP
#define GCROOTS_STORE_HPP

#include "engine.hpp"

#include <exception>
#include <pthread.h>

#pragma GCC visibility push(default)

namespace gcroots {

namespace shared {
inline namespace v1 {

struct Description;

/// Tells the description of an unloaded shared object from another one at its address.
std::uint64_t fingerprint_of(const Description *of) noexcept;

/// Gets the exceptions of finalizers. Counted, because it may be replaced while it runs.
class FinalizerErrors {
 public:
  virtual void take(std::exception_ptr error) noexcept = 0;
  void retain() noexcept {
    count_++;
  }
  void release() noexcept {
    if (--count_ == 0) delete this;
  }

 protected:
  virtual ~FinalizerErrors() = default;

 private:
  std::size_t count_ = 1;
};

/// Something that a destructor could not free, since it ran on a thread that does not own the
/// store, or in a callback that may not call the store.
struct Late {
  Late *next = nullptr;
  /// Frees it, and deletes `self`. The store is null if it has been deleted.
  void (*free)(Late *self, gcroots_store_t *store_or_null) noexcept = nullptr;
};

/// The registered types of the descriptions that a store has used: an open-addressed hash table.
class RegisteredTypes {
 public:
  RegisteredTypes() = default;
  RegisteredTypes(const RegisteredTypes &) = delete;
  RegisteredTypes &operator=(const RegisteredTypes &) = delete;
  ~RegisteredTypes() {
    if (table_ != nullptr)
      for (std::size_t i = 0; i < table_->capacity; i++) gcroots_type_free(table_->entries[i].type);
    while (table_ != nullptr) {
      Table *before = table_->before;
      delete[] table_->entries;
      delete std::exchange(table_, before);
    }
  }

  /// The type, which the table owns, or null.
  gcroots_type_t *find(const Description *of) const noexcept {
    const Table *table = __atomic_load_n(&table_, __ATOMIC_ACQUIRE);
    if (table == nullptr) return nullptr;
    const Entry &entry = place(*table, of);
    gcroots_type_t *type = __atomic_load_n(&entry.type, __ATOMIC_ACQUIRE);
    return __atomic_load_n(&entry.fingerprint, __ATOMIC_RELAXED) == fingerprint_of(of) ? type
                                                                                       : nullptr;
  }

  /// Takes over a type. Returns whether there was memory for it.
  bool add(const Description *of, gcroots_type_t *type) noexcept {
    if ((table_ == nullptr || 2 * (used_ + 1) > table_->capacity) && !grow()) return false;
    Entry &entry = place(*table_, of);
    if (entry.of == nullptr) used_++;
    gcroots_type_t *before = entry.type;
    __atomic_store_n(&entry.fingerprint, fingerprint_of(of), __ATOMIC_RELAXED);
    __atomic_store_n(&entry.type, type, __ATOMIC_RELEASE);
    __atomic_store_n(&entry.of, of, __ATOMIC_RELEASE);
    gcroots_type_free(before);
    return true;
  }

 private:
  struct Entry {
    const Description *of = nullptr;
    std::uint64_t fingerprint = 0;
    gcroots_type_t *type = nullptr;
  };

  /// Another thread may be in find(), by a call that the library will refuse. So the tables that
  /// this one has replaced stay: together they are no larger than it.
  struct Table {
    Table *before;
    Entry *entries;
    std::size_t capacity;
  };

  /// The entry of a description, or the free one for it.
  static Entry &place(const Table &table, const Description *of) noexcept {
    std::size_t at = reinterpret_cast<std::uintptr_t>(of) / 16;
    for (;; at++) {
      Entry &entry = table.entries[at % table.capacity];
      const Description *its = __atomic_load_n(&entry.of, __ATOMIC_ACQUIRE);
      if (its == nullptr || its == of) return entry;
    }
  }

  bool grow() noexcept {
    std::size_t capacity = table_ == nullptr ? 8 : 2 * table_->capacity;
    auto *entries = new (std::nothrow) Entry[capacity];
    auto *table = new (std::nothrow) Table{table_, entries, capacity};
    if (entries == nullptr || table == nullptr) {
      delete[] entries;
      delete table;
      return false;
    }
    for (std::size_t i = 0; table_ != nullptr && i < table_->capacity; i++)
      if (table_->entries[i].of != nullptr)
        place(*table, table_->entries[i].of) = table_->entries[i];
    __atomic_store_n(&table_, table, __ATOMIC_RELEASE);
    return true;
  }

  Table *table_ = nullptr;
  std::size_t used_ = 0;
};

/// What the header keeps for a store, as data of the store under a key. Objects with destructors
/// that need the store count as its users, so it may outlive the store.
///
/// The members that are public belong to the thread that owns the store.
class StoreState {
 public:
  /// The tag of exception objects that carry a std::exception_ptr. The first function of the
  /// store makes it before it can be needed. Its address is the tag of their externrefs, so
  /// that shared objects with variables of their own agree on it.
  gcroots_tag_t tag{};
  /// The root of an exception object for when there is no memory for another one, and what
  /// it carries.
  gcroots_manually_rooted_t reserve{};
  std::exception_ptr *reserved = nullptr;
  FinalizerErrors *on_finalizer_error = nullptr;
  RegisteredTypes types{};

  explicit StoreState(gcroots_store_t *store) noexcept : store_(store) {
    pthread_mutex_init(&mutex_, nullptr);
  }
  StoreState(const StoreState &) = delete;
  StoreState &operator=(const StoreState &) = delete;

  void report(std::exception_ptr error) noexcept {
    FinalizerErrors *handler = on_finalizer_error;
    if (handler == nullptr) return;
    handler->retain();
    handler->take(std::move(error));
    handler->release();
  }

  void retain() noexcept {
    __atomic_fetch_add(&users_, 1, __ATOMIC_RELAXED);
  }
  void release() noexcept {
    if (__atomic_fetch_sub(&users_, 1, __ATOMIC_ACQ_REL) == 1) delete this;
  }

  /// Frees something of the store, on any thread: calls `free(store)`, whose status it returns.
  /// The function must not call back. If the store has been deleted, nothing is called.
  template <class Free>
  gcroots_status_t with_store(Free free) noexcept {
    Locked locked(mutex_);
    return store_ == nullptr ? GCROOTS_OK : free(store_);
  }

  /// Frees something when the owner of the store is next here, or when the store is deleted.
  void free_later(Late *late) noexcept {
    {
      Locked locked(mutex_);
      if (store_ != nullptr) {
        late->next = late_;
        __atomic_store_n(&late_, late, __ATOMIC_RELAXED);
        return;
      }
    }
    late->free(late, nullptr);
  }

  /// Frees what other threads have left, if the calling thread may call the store now.
  static void drain(gcroots_store_t *store, StoreState *state) noexcept {
    if (state != nullptr && __atomic_load_n(&state->late_, __ATOMIC_RELAXED) != nullptr &&
        gcroots_store_drain_unroots(store) == GCROOTS_OK)
      state->free_all(store);
  }

  /// The finalizer of the store's data.
  static void finalize(void *data) noexcept {
    auto *self = static_cast<StoreState *>(data);
    {
      Locked locked(self->mutex_);
      self->store_ = nullptr;
    }
    self->free_all(nullptr);
    self->release();
  }

 private:
  struct Locked {
    explicit Locked(pthread_mutex_t &its_mutex) noexcept : mutex(its_mutex) {
      pthread_mutex_lock(&mutex);
    }
    Locked(const Locked &) = delete;
    Locked &operator=(const Locked &) = delete;
    ~Locked() {
      pthread_mutex_unlock(&mutex);
    }
    pthread_mutex_t &mutex;
  };

  ~StoreState() {
    if (on_finalizer_error != nullptr) on_finalizer_error->release();
    pthread_mutex_destroy(&mutex_);
  }

  void free_all(gcroots_store_t *store) noexcept {
    Late *all;
    {
      Locked locked(mutex_);
      all = late_;
      __atomic_store_n(&late_, nullptr, __ATOMIC_RELAXED);
    }
    while (all != nullptr) {
      Late *next = all->next;
      all->free(all, store);
      all = next;
    }
  }

  std::size_t users_ = 1;
  pthread_mutex_t mutex_;
  /// Null once the store is deleted. Only the owner of the store changes it.
  gcroots_store_t *store_;
  Late *late_ = nullptr;
};

/// The key of the StoreState. It is a number that is no address, and not the address of a variable,
/// since shared objects that hide their symbols have variables of their own. It ends in the version
/// of the namespace.
inline const void *state_key() noexcept {
  return reinterpret_cast<const void *>(std::uintptr_t{0x6763726f6f747301});
}

/// Gets the StoreState of a store. Makes one if the store has none yet.
inline gcroots_status_t state_of(gcroots_store_t *store, StoreState **out) noexcept {
  void *found = nullptr;
  gcroots_status_t status = gcroots_store_data_keyed(store, state_key(), &found);
  if (status != GCROOTS_OK) return status;
  if (found == nullptr) {
    auto *made = new (std::nothrow) StoreState(store);
    if (made == nullptr) return GCROOTS_ERROR_OUT_OF_MEMORY;
    status = gcroots_store_set_data_keyed(store, state_key(), made, StoreState::finalize);
    if (status != GCROOTS_OK) {
      made->release();
      return status;
    }
    found = made;
  }
  *out = static_cast<StoreState *>(found);
  return GCROOTS_OK;
}

}  // namespace v1
}  // namespace shared

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
