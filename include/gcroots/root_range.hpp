/// A stack of raw references that are roots, and root visitors.
#ifndef GCROOTS_ROOT_RANGE_HPP
#define GCROOTS_ROOT_RANGE_HPP

#include "raw.hpp"

#include <cstdlib>

#pragma GCC visibility push(default)

namespace gcroots {

namespace shared {
inline namespace v1 {

/// The slots of a RootRange, as the library knows them.
struct Slots : Late {
  gcroots_root_range_t range{};
  gcroots_root_source_t source{};
  std::size_t capacity = 0;

  std::uint32_t *all() const noexcept {
    return static_cast<std::uint32_t *>(range.slots);
  }
  static void remove(Late *self, gcroots_store_t *store_or_null) noexcept {
    auto *slots = static_cast<Slots *>(self);
    if (store_or_null != nullptr &&
        gcroots_root_range_remove(store_or_null, &slots->source) != GCROOTS_OK)
      return;  // the library still has it
    std::free(slots->range.slots);
    delete slots;
  }
};

/// A root visitor of C++.
template <class Body>
struct Visitor : Late {
  gcroots_root_source_t source{};
  Body body;

  explicit Visitor(Body its_body) : body(std::move(its_body)) {
  }
  static void remove(Late *self, gcroots_store_t *store_or_null) noexcept {
    auto *visitor = static_cast<Visitor *>(self);
    if (store_or_null != nullptr &&
        gcroots_root_visitor_remove(store_or_null, &visitor->source) != GCROOTS_OK)
      return;  // the library still has it
    delete visitor;
  }
  static void visit(void *env, gcroots_store_t *store) noexcept {
    static_cast<Visitor *>(env)->body(store);
  }
};

}  // namespace v1
}  // namespace shared

inline namespace GCROOTS_HPP_MODE {

/// A stack of raw references, which are roots: the stack of an interpreter. It adds itself to the
/// store as a root range. Its destructor may run on any thread, at any time, and after the store.
///
/// Positions count from the bottom. A position at or above size() is refused with
/// GCROOTS_ERROR_OUT_OF_BOUNDS.
template <class K = Every>
class RootRange {
 public:
  static Returns<RootRange> make(StoreRef store) {
    shared::StoreState::drain(store.raw(), store.state());
    auto *slots = new (std::nothrow) shared::Slots;
    if (slots == nullptr)
      return detail::refuse<RootRange>(GCROOTS_ERROR_OUT_OF_MEMORY, "no memory for the stack");
    gcroots_status_t status = grow(slots);
    if (status == GCROOTS_OK)
      status = gcroots_root_range_add(store.raw(), &slots->range, nullptr, &slots->source);
    if (status != GCROOTS_OK) {
      shared::Slots::remove(slots, nullptr);
      return detail::refuse<RootRange>(status);
    }
    return detail::finish<RootRange>(status, store.state(), slots);
  }
#if GCROOTS_HPP_THROWS
  explicit RootRange(StoreRef store) : RootRange(make(store)) {
  }
#endif
  RootRange(shared::StoreState *state, shared::Slots *slots) noexcept
      : state_(state), slots_(slots) {
    state_->retain();
  }
  RootRange(RootRange &&other) noexcept
      : state_(std::exchange(other.state_, nullptr)), slots_(std::exchange(other.slots_, nullptr)) {
  }
  RootRange &operator=(RootRange &&other) noexcept {
    std::swap(state_, other.state_);
    std::swap(slots_, other.slots_);
    return *this;
  }
  ~RootRange() {
    if (slots_ == nullptr) return;
    gcroots_status_t status = state_->with_store([this](gcroots_store_t *store) {
      return gcroots_root_range_remove(store, &slots_->source);
    });
    slots_->free = shared::Slots::remove;
    if (status == GCROOTS_OK)
      shared::Slots::remove(slots_, nullptr);
    else
      state_->free_later(slots_);
    state_->release();
  }

  std::size_t size() const noexcept {
    return slots_ == nullptr ? 0 : slots_->range.count;
  }
  bool empty() const noexcept {
    return size() == 0;
  }
  Returns<void> push(RawRef<K> ref) {
    if (slots_ == nullptr)
      return detail::refuse<void>(GCROOTS_ERROR_NULL_ARGUMENT, "the stack was moved from");
    if (size() == slots_->capacity) {
      gcroots_status_t status = grow(slots_);
      if (status != GCROOTS_OK)
        return detail::refuse<void>(status, "no memory for more slots of the stack");
    }
    write(slots_->range.count++, ref);
    return detail::finish<void>(GCROOTS_OK);
  }
  Returns<RawRef<K>> pop() {
    if (empty())
      return detail::refuse<RawRef<K>>(GCROOTS_ERROR_OUT_OF_BOUNDS, "the stack has no such slot");
    return detail::finish<RawRef<K>>(GCROOTS_OK, slots_->all()[--slots_->range.count]);
  }
  /// Removes what lies above a position.
  Returns<void> truncate(std::size_t count) {
    if (slots_ == nullptr || count > size())
      return detail::refuse<void>(GCROOTS_ERROR_OUT_OF_BOUNDS, "the stack has no such slot");
    slots_->range.count = count;
    return detail::finish<void>(GCROOTS_OK);
  }
  Returns<RawRef<K>> get(std::size_t at) const {
    if (at >= size())
      return detail::refuse<RawRef<K>>(GCROOTS_ERROR_OUT_OF_BOUNDS, "the stack has no such slot");
    return detail::finish<RawRef<K>>(GCROOTS_OK, slots_->all()[at]);
  }
  Returns<void> set(std::size_t at, RawRef<K> ref) {
    if (at >= size())
      return detail::refuse<void>(GCROOTS_ERROR_OUT_OF_BOUNDS, "the stack has no such slot");
    write(at, ref);
    return detail::finish<void>(GCROOTS_OK);
  }
  /// The reference at the top.
  Returns<RawRef<K>> top() const {
    return get(size() - 1);
  }

 private:
  void write(std::size_t at, RawRef<K> ref) noexcept {
    slots_->all()[at] = ref.bits();
    if (at < slots_->range.unchanged) slots_->range.unchanged = at;
  }

  static gcroots_status_t grow(shared::Slots *slots) noexcept {
    std::size_t capacity = slots->capacity == 0 ? 64 : 2 * slots->capacity;
    void *all = std::realloc(slots->range.slots, capacity * sizeof(std::uint32_t));
    if (all == nullptr) return GCROOTS_ERROR_OUT_OF_MEMORY;
    slots->range.slots = all;
    slots->capacity = capacity;
    return GCROOTS_OK;
  }

  shared::StoreState *state_ = nullptr;
  shared::Slots *slots_ = nullptr;
};

/// A root visitor: a function object `void (gcroots_store_t *store)` that reports roots of the
/// program to each collection, by report_roots(). It must not throw, and other calls on the store
/// are refused in it. Its destructor may run on any thread, at any time, and after the store.
template <class Body>
class RootVisitor {
 public:
  static Returns<RootVisitor> make(StoreRef store, Body body) {
    shared::StoreState::drain(store.raw(), store.state());
    auto *visitor = new (std::nothrow) shared::Visitor<Body>(std::move(body));
    if (visitor == nullptr)
      return detail::refuse<RootVisitor>(GCROOTS_ERROR_OUT_OF_MEMORY, "no memory for the visitor");
    gcroots_status_t status = gcroots_root_visitor_add(store.raw(), shared::Visitor<Body>::visit,
                                                       visitor, &visitor->source);
    if (status != GCROOTS_OK) {
      delete visitor;
      return detail::refuse<RootVisitor>(status);
    }
    return detail::finish<RootVisitor>(status, store.state(), visitor);
  }
#if GCROOTS_HPP_THROWS
  RootVisitor(StoreRef store, Body body) : RootVisitor(make(store, std::move(body))) {
  }
#endif
  RootVisitor(shared::StoreState *state, shared::Visitor<Body> *visitor) noexcept
      : state_(state), visitor_(visitor) {
    state_->retain();
  }
  RootVisitor(RootVisitor &&other) noexcept
      : state_(std::exchange(other.state_, nullptr)),
        visitor_(std::exchange(other.visitor_, nullptr)) {
  }
  RootVisitor &operator=(RootVisitor &&) = delete;
  ~RootVisitor() {
    if (visitor_ == nullptr) return;
    gcroots_status_t status = state_->with_store([this](gcroots_store_t *store) {
      return gcroots_root_visitor_remove(store, &visitor_->source);
    });
    visitor_->free = shared::Visitor<Body>::remove;
    if (status == GCROOTS_OK)
      shared::Visitor<Body>::remove(visitor_, nullptr);
    else
      state_->free_later(visitor_);
    state_->release();
  }

 private:
  shared::StoreState *state_;
  shared::Visitor<Body> *visitor_;
};

/// Reports slots to the collection that runs. For root visitors only.
inline gcroots_status_t report_roots(gcroots_store_t *store, const gcroots_root_range_t &range,
                                     const gcroots_slot_layout_t *layout = nullptr) noexcept {
  return gcroots_root_visitor_report(store, &range, layout);
}

}  // namespace GCROOTS_HPP_MODE
}  // namespace gcroots

#pragma GCC visibility pop

#endif  // GCROOTS_ROOT_RANGE_HPP
