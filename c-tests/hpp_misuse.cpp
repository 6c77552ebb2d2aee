/* gcroots.hpp: what programs do wrong is refused. */
#include "hpp.h"
#include <array>
#include <stdexcept>
#include <thread>
#include <vector>

using namespace gcroots;

struct Node : struct_type<field<int32_t>> {};

/* Names that the header uses itself may be those of a description's fields. */
struct Named : open_struct_type<field<int32_t>, field<int64_t>, field<float>> {
  enum : std::size_t { is_final, fields, supertype };
};

static_assert(!std::is_constructible_v<Local<ExternRef>, StoreRef, Rooted<StructRef<Node>>>);
static_assert(!std::is_constructible_v<ManuallyRooted<ExternRef>, StoreRef, Local<AnyRef> &>);
static_assert(!std::is_constructible_v<Weak<ExternRef>, StoreRef, Rooted<I31>>);
static_assert(std::is_constructible_v<Local<AnyRef>, StoreRef, Rooted<StructRef<Node>>>);
static_assert(std::is_constructible_v<Local<AnyRef>, StoreRef, std::nullptr_t>);
static_assert(std::is_constructible_v<Weak<AnyRef>, StoreRef, Local<StructRef<Node>> &>);
static_assert(!std::is_convertible_v<Store, StoreRef>, "it would name a store that ends at once");

/* Memory has no types, so the type of the elements is checked. */
CASE(an_array_of_another_kind_gives_no_memory) {
  Store own = new_hpp_store();
  Scope scope(own);
  auto bytes = ArrayRef<int8_t>::make(own, 100);
  auto wide = ArrayRef<int64_t>::make(own, 100, 0x41);
  std::vector<int64_t> words(100);
  std::vector<int8_t> room(100);
  NoGc no_gc(own);
  THROWS(GCROOTS_ERROR_TYPE_MISMATCH, as<ArrayRef<int64_t>>(bytes).span(no_gc));
  THROWS(GCROOTS_ERROR_TYPE_MISMATCH, as<ArrayRef<int64_t>>(bytes).read(own, 0, words));
  THROWS(GCROOTS_ERROR_TYPE_MISMATCH, as<ArrayRef<int8_t>>(wide).read(own, 0, room));
  THROWS(GCROOTS_ERROR_TYPE_MISMATCH, as<ArrayRef<int8_t>>(wide).write(own, 0, room));
  THROWS(GCROOTS_ERROR_TYPE_MISMATCH, as<ArrayRef<int8_t>>(wide).string(own));
  auto constant = Bytes::copy_of(own, "constant");
  THROWS(GCROOTS_ERROR_TYPE_MISMATCH, as<ArrayRef<uint8_t>>(constant).span(no_gc));
  CHECK(as<ArrayRef<const int8_t>>(bytes).span(no_gc).size() == 100);
  THROWS(GCROOTS_ERROR_TYPE_MISMATCH,
         as<ArrayRef<int8_t>>(StructRef<Node>::make(own, 1)).span(no_gc));
  THROWS(GCROOTS_ERROR_NULL_REFERENCE, Rooted<ArrayRef<int8_t>>().string(own));
  own.verify();
}

/* An array type that C has declared beside another one is not that of the description. */
CASE(an_array_type_of_c_may_have_the_same_elements) {
  Store own = new_hpp_store();
  Scope scope(own);
  const gcroots_field_type_t element = {GCROOTS_STORAGE_I32, 0, 0, 1, 0, nullptr};
  gcroots_rec_group_t *group = gcroots_rec_group_new();
  const gcroots_rec_group_t *groups[] = {group};
  gcroots_type_t *types[2];
  uint32_t position;
  OK(gcroots_rec_group_add_array(group, nullptr, &element, &position));
  OK(gcroots_rec_group_add_array(group, nullptr, &element, &position));
  OK(gcroots_rec_group_register(engine, groups, 1, types, 2));
  gcroots_rec_group_free(group);
  Ref made;
  OK(gcroots_array_new_default(own.raw(), types[1], 3, &made));
  gcroots_type_free(types[0]);
  gcroots_type_free(types[1]);
  THROWS(GCROOTS_ERROR_TYPE_MISMATCH, own.cast<ArrayRef<int32_t>>(made));
  NoGc no_gc(own);
  as<ArrayRef<int32_t>>(made).span(no_gc)[2] = 7;
  CHECK(as<ArrayRef<int32_t>>(made).get(own, 2) == 7);
  THROWS(GCROOTS_ERROR_TYPE_MISMATCH, as<ArrayRef<float>>(made).span(no_gc));
}

CASE(a_store_that_was_moved_from_or_closed_is_refused) {
  Store moved = new_hpp_store(), closed = new_hpp_store();
  Store own = std::move(moved);
  closed.close();
  for (Store *none : {&moved, &closed}) {
    THROWS(GCROOTS_ERROR_NULL_ARGUMENT, none->gc());
    THROWS(GCROOTS_ERROR_NULL_ARGUMENT, none->drain_unroots());
    THROWS(GCROOTS_ERROR_NULL_ARGUMENT, none->on_finalizer_error(nullptr));
    THROWS(GCROOTS_ERROR_NULL_ARGUMENT, none->test<StructRef<Node>>(Ref{}));
    THROWS(GCROOTS_ERROR_NULL_ARGUMENT, StructRef<Node>::make(*none, 1));
    THROWS(GCROOTS_ERROR_NULL_ARGUMENT, ArrayRef<int32_t>::make(*none, 1));
    THROWS(GCROOTS_ERROR_NULL_ARGUMENT, ExternRef::make<int>(*none, 1));
    THROWS(GCROOTS_ERROR_NULL_ARGUMENT, FuncRef::make(*none, [] {}));
    THROWS(GCROOTS_ERROR_NULL_ARGUMENT, WeakMap<>(*none));
    THROWS(GCROOTS_ERROR_NULL_ARGUMENT, Table<>(*none, 1));
    THROWS(GCROOTS_ERROR_NULL_ARGUMENT, RootRange<>(*none));
    THROWS(GCROOTS_ERROR_NULL_ARGUMENT, Scope{*none});
  }
}

CASE(a_stack_that_was_moved_from_is_refused) {
  Store own = new_hpp_store();
  RootRange<> stack(own);
  RootRange<> other(std::move(stack));
  CHECK(stack.size() == 0 && stack.empty());
  THROWS(GCROOTS_ERROR_NULL_ARGUMENT, stack.push(nullptr));
  THROWS(GCROOTS_ERROR_OUT_OF_BOUNDS, stack.pop());
  THROWS(GCROOTS_ERROR_OUT_OF_BOUNDS, stack.truncate(0));
  other.push(nullptr);
}

CASE(a_configuration_that_was_moved_from_makes_no_engine) {
  Config config;
  Config other(std::move(config));
  THROWS(GCROOTS_ERROR_NULL_ARGUMENT, Engine(config));
  THROWS(GCROOTS_ERROR_NULL_ARGUMENT, config.poison(true));
  other.poison(true);
}

/* A call that is refused frees nothing that waits: the library may still read it. */
CASE(a_call_on_another_thread_frees_nothing) {
  Store own = new_hpp_store();
  RootRange<StructRef<Node>> kept(own);
  Type type = Type::of<StructRef<Node>>(own);
  for (int i = 0; i < 20; i++) {
    RootRange<StructRef<Node>> range(own);
    range.push(make_raw<Node>(own, type, i));
    std::thread([&own, range = std::move(range)]() mutable {
      { RootRange<StructRef<Node>> ends(std::move(range)); }
      THROWS(GCROOTS_ERROR_WRONG_THREAD, WeakMap<>(own));
      THROWS(GCROOTS_ERROR_WRONG_THREAD, own.drain_unroots());
      THROWS(GCROOTS_ERROR_WRONG_THREAD, own.on_finalizer_error(nullptr));
      THROWS(GCROOTS_ERROR_WRONG_THREAD, StructRef<Node>::make(own, 1));
    }).join();
    own.gc();
  }
  own.drain_unroots();
  own.gc();
  CHECK(!collects || own.stats().objects == 0);
  own.verify();
}

CASE(a_call_in_a_root_visitor_frees_nothing) {
  Store own = new_hpp_store();
  Type type = Type::of<StructRef<Node>>(own);
  RootVisitor visitor(own, [&own](gcroots_store_t *) {
    THROWS(GCROOTS_ERROR_BUSY, WeakMap<>(own));
    THROWS(GCROOTS_ERROR_BUSY, own.gc());
  });
  for (int i = 0; i < 10; i++) {
    RootRange<StructRef<Node>> range(own);
    range.push(make_raw<Node>(own, type, i));
    std::thread([range = std::move(range)] {}).join();
    own.gc();
  }
  own.drain_unroots();
  own.gc();
  CHECK(!collects || own.stats().objects == 0);
  own.verify();
}

struct ThrowsAtItsEnd {
  ~ThrowsAtItsEnd() noexcept(false) {
    throw std::out_of_range("end");
  }
};

CASE(an_object_that_is_refused_may_throw_at_its_end) {
  Store own = new_hpp_store();
  own.detach();
  THROWS(GCROOTS_ERROR_WRONG_THREAD, ExternRef::make<ThrowsAtItsEnd>(own));
  own.attach();
}

CASE(a_body_with_values_of_any_types_may_return_a_status) {
  Store own = new_hpp_store();
  Scope scope(own);
  Type type = Type::func<void(int32_t)>(own.engine());
  auto func = FuncRef::make(
      own, type,
      [](StoreRef, const gcroots_val_t *args, size_t, gcroots_val_t *, size_t) -> gcroots_status_t {
        return args[0].of.i32 == 0 ? GCROOTS_OK : gcroots_status_t{GCROOTS_STATUS_EMBEDDER + 1};
      });
  func.call(own, 0);
  THROWS(GCROOTS_STATUS_EMBEDDER + 1, func.call(own, 1));
}

CASE(a_null_pointer_is_refused) {
  Store own = new_hpp_store();
  Scope scope(own);
  int32_t (*none)(int32_t) = nullptr;
  const char *text = nullptr;
  THROWS(GCROOTS_ERROR_NULL_ARGUMENT, FuncRef::make(own, none));
  THROWS(GCROOTS_ERROR_NULL_ARGUMENT, Bytes::copy_of(own, text));
}

CASE(a_refusal_of_the_header_has_a_message) {
  Store own = new_hpp_store();
  Scope scope(own);
  RootRange<> stack(own);
  Tag<int32_t> tag(own), other(own);
  OK(gcroots_set_error("of an earlier call"));
  try {
    stack.pop();
  } catch (const Error &error) {
    CHECK(error.message() == "the stack has no such slot");
  }
  try {
    ExnRef::make(own, tag, 1).get<0>(own, other);
  } catch (const Error &error) {
    CHECK(error.message() == "the exception has another tag");
  }
}

CASE(fields_may_have_any_names) {
  Store own = new_hpp_store();
  Scope scope(own);
  auto named = StructRef<Named>::make(own, 1, 2, 3.5f);
  CHECK(named.get<Named::is_final>(own) == 1 && named.get<Named::supertype>(own) == 3.5f);
  const gcroots_field_type_t fields[] = {{GCROOTS_STORAGE_I32, 0, 0, 1, 0, nullptr},
                                         {GCROOTS_STORAGE_I64, 0, 0, 1, 0, nullptr},
                                         {GCROOTS_STORAGE_F32, 0, 0, 1, 0, nullptr}};
  const gcroots_sub_type_t open{};
  gcroots_rec_group_t *group = gcroots_rec_group_new();
  const gcroots_rec_group_t *groups[] = {group};
  uint32_t position;
  gcroots_type_t *type;
  OK(gcroots_rec_group_add_struct(group, &open, fields, 3, &position));
  OK(gcroots_rec_group_register(engine, groups, 1, &type, 1));
  gcroots_rec_group_free(group);
  CHECK(Type(type).same(Type::of<StructRef<Named>>(own)));
}
