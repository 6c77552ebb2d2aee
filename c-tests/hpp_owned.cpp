/* gcroots.hpp: weak handles, weak maps, pins, tables and globals, and the owners' destructors. */
#include "hpp.h"
#include <optional>
#include <thread>

using namespace gcroots;

struct Node : struct_type<field<int32_t>> {
  enum : std::size_t { number };
};

static_assert(!std::is_copy_constructible_v<Weak<>> && std::is_nothrow_move_constructible_v<Pin>);
static_assert(std::is_nothrow_move_assignable_v<Table<>>);

CASE(a_weak_handle_does_not_keep_its_object) {
  Store own = new_hpp_store();
  Weak<StructRef<Node>> weak;
  {
    Scope scope(own);
    auto node = StructRef<Node>::make(own, 7);
    weak = Weak(own, node);
    own.gc();
    CHECK(weak.upgrade(own).get<Node::number>(own) == 7);
  }
  own.gc();
  Scope scope(own);
  CHECK(own.is_null(weak.upgrade(own)) == collects && own.stats().weak_handles == 1);
  weak = Weak<StructRef<Node>>();
  CHECK(own.stats().weak_handles == 0 && own.is_null(weak.upgrade(own)));
}

CASE(a_weak_map_has_entries_as_long_as_their_keys_live) {
  Store own = new_hpp_store();
  WeakMap<StructRef<Node>, ExternRef> map(own);
  Scope scope(own);
  auto key = StructRef<Node>::make(own, 1);
  {
    Scope inner(own);
    map.set(own, key, ExternRef::make<std::string>(own, "value"));
    map.set(own, StructRef<Node>::make(own, 2), ExternRef::make<std::string>(own, "other"));
    CHECK(map.size(own) == 2);
  }
  own.gc();
  CHECK(map.size(own) == (collects ? 1 : 2));
  CHECK(map.get(own, key).get<std::string>(own) == "value");
  CHECK(map.remove(own, key) && !map.remove(own, key) && own.is_null(map.get(own, key)));
  map.free(own);
  THROWS(GCROOTS_ERROR_NULL_REFERENCE, map.size(own));
}

CASE(a_pinned_object_stays_where_it_is) {
  Store own = new_hpp_store();
  Scope scope(own);
  auto bytes = Bytes::copy_of(own, "pinned");
  if (!heap_has(PINS)) {
    THROWS(GCROOTS_ERROR_UNSUPPORTED, Pin(own, bytes));
    return;
  }
  Pin pin(own, bytes);
  Pin::Contents before = pin.contents(own);
  own.gc();
  Pin::Contents after = pin.contents(own);
  CHECK(before.address == after.address && memcmp(after.address, "pinned", 6) == 0);
  pin.free(own);
  THROWS(GCROOTS_ERROR_NULL_REFERENCE, pin.contents(own));
}

CASE(a_table_keeps_its_elements) {
  Store own = new_hpp_store();
  Table<StructRef<Node>> table(own, 2, 5);
  Scope scope(own);
  {
    Scope inner(own);
    table.set(own, 1, StructRef<Node>::make(own, 7));
  }
  own.gc();
  CHECK(own.is_null(table.get(own, 0)) && table.get(own, 1).get<0>(own) == 7);
  CHECK(table.grow(own, 2, table.get(own, 1)) == 2 && table.size(own) == 4);
  table.fill(own, 0, nullptr, 2);
  table.copy(own, 0, table, 2, 2);
  Local<AnyRef> local(own);
  table.get_into(own, 0, local);
  CHECK(as<StructRef<Node>>(local).get<0>(own) == 7);
  THROWS(GCROOTS_ERROR_OUT_OF_BOUNDS, table.get(own, 4));
  THROWS(GCROOTS_ERROR_TYPE_MISMATCH, table.set(own, 0, as<StructRef<Node>>(I31::make(own, 1))));
  gcroots_table_type_t type = table.type(own);
  CHECK(type.maximum == 5 && type.element.heap == GCROOTS_HEAP_TYPE);
  gcroots_type_free(type.element.type);
  Table<> any(own, 1);
  any.copy(own, 0, table, 0, 1);
  CHECK(own.same(any.get(own, 0), local));
}

CASE(a_global_keeps_its_value) {
  Store own = new_hpp_store();
  Global<int64_t> number(own, 5);
  number.set(own, INT64_MIN);
  CHECK(number.get(own) == INT64_MIN);
  Global<nullable<StructRef<Node>>> node(own, nullptr);
  {
    Scope scope(own);
    node.set(own, StructRef<Node>::make(own, 7));
  }
  own.gc();
  Scope scope(own);
  CHECK(node.get(own).get<0>(own) == 7);
  Local<StructRef<Node>> local(own);
  node.get_into(own, local);
  CHECK(local.get<0>(own) == 7);
  Global<const float> constant(own, 1.5f);
  CHECK(constant.get(own) == 1.5f && !constant.type(own).is_mutable);
  THROWS(GCROOTS_ERROR_NULL_REFERENCE, (Global<ref<StructRef<Node>>>(own, nullptr)));
}

/* Calls `with` with each kind of owner, of a new store that owns it. */
template <class With>
static void each_owner(With with) {
  auto weak = [](StoreRef of) { return Weak<>(of, I31::make(of, 1)); };
  auto map = [](StoreRef of) { return WeakMap<>(of); };
  auto table = [](StoreRef of) { return Table<>(of, 1); };
  auto global = [](StoreRef of) { return Global<Ref>(of, nullptr); };
  auto range = [](StoreRef of) { return RootRange<>(of); };
  auto visitor = [](StoreRef of) { return RootVisitor(of, [](gcroots_store_t *) {}); };
  auto root = [](StoreRef of) {
    Scope scope(of);
    return ManuallyRooted<>(of, ExternRef::make<int>(of, 1));
  };
  with(weak);
  with(map);
  with(table);
  with(global);
  with(range);
  with(visitor);
  with(root);
}

CASE(an_owner_may_be_destroyed_by_another_thread) {
  each_owner([](auto make) {
    Store own = new_hpp_store();
    for (int i = 0; i < 3; i++) std::thread([owner = make(own)] {}).join();
    own.gc();
    auto next = make(own);
    own.drain_unroots();
    own.gc();
    own.verify();
  });
}

CASE(handles_that_wait_are_freed_when_the_owner_of_the_store_is_next_here) {
  Store own = new_hpp_store();
  Scope scope(own);
  auto node = StructRef<Node>::make(own, 1);
  for (int i = 0; i < 5; i++) std::thread([weak = Weak(own, node)] {}).join();
  CHECK(own.stats().weak_handles == 1);
  Weak another(own, node);
  CHECK(own.stats().weak_handles == 1);
  std::thread([weak = std::move(another)] {}).join();
  CHECK(own.stats().weak_handles == 1);
  own.drain_unroots();
  CHECK(own.stats().weak_handles == 0);
}

CASE(an_owner_may_outlive_its_store) {
  each_owner([](auto make) {
    using Owner = decltype(make(std::declval<StoreRef>()));
    std::optional<Owner> owner;
    {
      Store own = new_hpp_store();
      owner.emplace(make(own));
    }
    Store own = new_hpp_store();
    owner.reset();
    own.verify();
  });
}

CASE(an_owner_that_waits_may_outlive_its_store) {
  each_owner([](auto make) {
    Store own = new_hpp_store();
    std::thread([owner = make(own)] {}).join();
    own.close();
  });
}

/* The owner is destroyed by a finalizer, during a collection or with the store. */
CASE(a_finalizer_may_own_an_owner) {
  each_owner([](auto make) {
    using Owner = decltype(make(std::declval<StoreRef>()));
    Store own = new_hpp_store();
    {
      Scope scope(own);
      ExternRef::make<Owner>(own, make(own));
    }
    own.gc();
    own.verify();
  });
}

CASE(an_owner_that_is_moved_is_one_handle) {
  Store own = new_hpp_store();
  Table<> a(own, 1), b(own, 2);
  Table<> c(std::move(a));
  CHECK(c.size(own) == 1);
  b = std::move(c);
  CHECK(b.size(own) == 1);
  Table<> &same = b;
  b = std::move(same);
  CHECK(b.size(own) == 1 && b && !a && !c);
  THROWS(GCROOTS_ERROR_NULL_REFERENCE, c.size(own));
  gcroots_table_t raw = b.release();
  OK(gcroots_table_free(own.raw(), &raw));
}
