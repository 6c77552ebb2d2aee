/// What the header keeps for a store: its record, and the types that it has registered.
#ifndef GCROOTS_STATE_HPP
#define GCROOTS_STATE_HPP

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
    std::size_t capacity;  // a power of two
  };

  /// The entry of a description, or the free one for it.
  static Entry &place(const Table &table, const Description *of) noexcept {
    std::size_t at = reinterpret_cast<std::uintptr_t>(of) / 16;
    for (;; at++) {
      Entry &entry = table.entries[at & (table.capacity - 1)];
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

}  // namespace gcroots

#pragma GCC visibility pop

#endif  // GCROOTS_STATE_HPP
