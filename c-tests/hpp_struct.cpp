/* gcroots.hpp: types described in C++, structs with typed fields, and casts. */
#include "hpp.h"
#include <thread>

using namespace gcroots;

struct Node : struct_type<field<int32_t>, field<nullable<StructRef<Node>>>> {
  enum : std::size_t { number, next };
};

/* Every storage, and immutable fields. */
struct Mixed
    : struct_type<field<int8_t>, field<uint8_t>, field<int16_t>, field<uint16_t>, field<uint32_t>,
                  field<int64_t>, field<float>, field<double>, field<gcroots_v128_t>,
                  field<const bool>, field<nullable<AnyRef>>, field<ref<ExternRef>>, field<Ref>> {};

/* Two types that refer to each other, through an array too. */
struct Forest;
struct Tree : struct_type<field<int64_t>, field<nullable<StructRef<Forest>>>> {};
struct Forest : struct_type<field<uint8_t>, field<ref<ArrayRef<nullable<StructRef<Tree>>>>>> {};

struct Shape : open_struct_type<field<double>> {};
struct Circle : sub_struct_type<Shape, field<float>> {};
struct Ring : sub_struct_type<Circle, field<float>, field<nullable<StructRef<Shape>>>> {};

enum class Color : uint16_t { red = 1, blue = 60000 };
struct Painted : struct_type<field<Color>> {};

static_assert(std::is_convertible_v<Rooted<StructRef<Node>>, Rooted<AnyRef>>);
static_assert(std::is_convertible_v<Rooted<StructRef<Ring>>, Rooted<StructRef<Shape>>>);
static_assert(std::is_convertible_v<Rooted<StructRef<Node>>, Rooted<StructRef<>>>);
static_assert(std::is_convertible_v<Local<StructRef<Node>> &, Rooted<EqRef>>);
static_assert(std::is_convertible_v<Rooted<I31>, Rooted<EqRef>>);
static_assert(!std::is_convertible_v<Rooted<AnyRef>, Rooted<StructRef<Node>>>);
static_assert(!std::is_convertible_v<Rooted<StructRef<Shape>>, Rooted<StructRef<Circle>>>);
static_assert(!std::is_convertible_v<Rooted<ExternRef>, Rooted<AnyRef>>);
static_assert(!std::is_convertible_v<Ref, Rooted<AnyRef>>, "the kind must be named");
static_assert(sizeof(Rooted<StructRef<Node>>) == sizeof(Ref));
static_assert(std::is_trivially_copyable_v<Rooted<StructRef<Node>>>);

CASE(a_field_has_the_value_that_was_set) {
  Store own = new_hpp_store();
  Scope scope(own);
  auto node = StructRef<Node>::make(own, 7, nullptr);
  CHECK(node.get<Node::number>(own) == 7);
  node.set<Node::number>(own, -3);
  node.set<Node::next>(own, node);
  own.gc();
  CHECK(node.get<Node::number>(own) == -3);
  CHECK(own.same(node.get<Node::next>(own), node));
  node.set<Node::next>(own, nullptr);
  CHECK(own.is_null(node.get<Node::next>(own)));
}

CASE(each_storage_keeps_its_values) {
  Store own = new_hpp_store();
  Scope scope(own);
  gcroots_v128_t bytes;
  memset(&bytes, 0x5a, sizeof bytes);
  auto text = ExternRef::make<std::string>(own, "text");
  auto number = I31::make(own, -5);
  auto mixed = StructRef<Mixed>::make(own, -128, 255, -32768, 65535, UINT32_MAX, INT64_MIN, 1.5f,
                                      -2.5, bytes, true, number, text, text);
  own.gc();
  CHECK(mixed.get<0>(own) == -128 && mixed.get<1>(own) == 255);
  CHECK(mixed.get<2>(own) == -32768 && mixed.get<3>(own) == 65535);
  CHECK(mixed.get<4>(own) == UINT32_MAX && mixed.get<5>(own) == INT64_MIN);
  CHECK(mixed.get<6>(own) == 1.5f && mixed.get<7>(own) == -2.5);
  gcroots_v128_t read = mixed.get<8>(own);
  CHECK(memcmp(&read, &bytes, sizeof bytes) == 0 && mixed.get<9>(own));
  CHECK(as<I31>(mixed.get<10>(own)).get(own) == -5);
  CHECK(mixed.get<11>(own).get<std::string>(own) == "text");
  CHECK(own.same(mixed.get<12>(own), text));
  mixed.set<0>(own, 127);
  mixed.set<1>(own, 128);
  mixed.set<6>(own, 0.25f);
  CHECK(mixed.get<0>(own) == 127 && mixed.get<1>(own) == 128 && mixed.get<6>(own) == 0.25f);
  auto painted = StructRef<Painted>::make(own, Color::blue);
  CHECK(painted.get<0>(own) == Color::blue);
}

CASE(a_default_struct_is_of_zeros_and_nulls) {
  Store own = new_hpp_store();
  Scope scope(own);
  auto node = StructRef<Node>::make_default(own);
  CHECK(node.get<0>(own) == 0 && own.is_null(node.get<1>(own)));
  THROWS(GCROOTS_ERROR_TYPE_MISMATCH, StructRef<Mixed>::make_default(own));
}

CASE(a_reference_is_read_into_a_local_without_a_root) {
  Store own = new_hpp_store();
  Scope scope(own);
  Local<StructRef<Node>> at(own);
  for (int i = 0; i < 100; i++) {
    Scope step(own);
    at = StructRef<Node>::make(own, i, at);
  }
  uint64_t roots = own.stats().scoped_roots;
  int count = 0;
  for (; !at.is_null(); count++) {
    CHECK(at.get<Node::number>(own) == 99 - count);
    at.get_into<Node::next>(own, at);
  }
  CHECK(count == 100 && own.stats().scoped_roots == roots);
}

CASE(a_struct_is_made_into_a_local_or_out_of_a_scope) {
  Store own = new_hpp_store();
  Scope scope(own);
  Local<AnyRef> local(own);
  uint64_t roots = own.stats().scoped_roots;
  StructRef<Node>::make_into(own, local, 5, nullptr);
  CHECK(own.stats().scoped_roots == roots && as<StructRef<Node>>(local).get<0>(own) == 5);
  Rooted<StructRef<Node>> made;
  {
    Scope inner(own);
    StructRef<Node>::make(own, 1, nullptr);
    made = StructRef<Node>::make_escaped(own, inner, 6, nullptr);
    CHECK(own.stats().scoped_roots == roots + 1);
  }
  own.gc();
  CHECK(made.get<Node::number>(own) == 6);
}

CASE(types_may_refer_to_each_other) {
  Store own = new_hpp_store();
  Scope scope(own);
  auto tree = StructRef<Tree>::make(own, 5, nullptr);
  auto trees = ArrayRef<nullable<StructRef<Tree>>>::make(own, 3, tree);
  auto forest = StructRef<Forest>::make(own, uint8_t(200), trees);
  tree.set<1>(own, forest);
  own.gc();
  auto back = tree.get<1>(own).get<1>(own).get(own, 2);
  CHECK(own.same(back, tree) && back.get<0>(own) == 5 && forest.get<0>(own) == 200);
  own.verify();
}

CASE(one_description_is_one_type_of_the_engine) {
  Store a = new_hpp_store(), b = new_hpp_store();
  /* Two stores meet the types of one rec group in different orders. */
  Type tree = Type::of<StructRef<Tree>>(a), forest = Type::of<StructRef<Forest>>(a);
  Type other = Type::of<StructRef<Forest>>(b);
  CHECK(forest.same(other) && tree.same(Type::of<StructRef<Tree>>(b)));
  CHECK(tree.same(Type::of<StructRef<Tree>>(a.engine())) && !tree.same(forest));
  CHECK(Type::of<StructRef<Ring>>(a).is_subtype_of(Type::of<StructRef<Shape>>(b)));
  CHECK(!Type::of<StructRef<Shape>>(a).is_subtype_of(Type::of<StructRef<Ring>>(b)));
  CHECK(Type::of<StructRef<Circle>>(a).supertype().same(Type::of<StructRef<Shape>>(a)));
  CHECK(Type::of<StructRef<Shape>>(a).supertype().raw() == nullptr);
  CHECK(tree.kind() == GCROOTS_TYPE_STRUCT && tree.field_count() == 2);
  gcroots_field_type_t first = tree.field_type(0);
  CHECK(first.storage == GCROOTS_STORAGE_I64 && first.is_mutable);
  CHECK(tree.layout().offset_count == 2 && tree.index() != forest.index());
}

CASE(a_type_of_c_is_the_same_as_its_description) {
  Store own = new_hpp_store();
  const gcroots_field_type_t fields[] = {{GCROOTS_STORAGE_F64, 0, 0, 1, 0, nullptr}};
  const gcroots_sub_type_t open{};
  gcroots_rec_group_t *group = gcroots_rec_group_new();
  const gcroots_rec_group_t *groups[] = {group};
  uint32_t position;
  gcroots_type_t *type;
  OK(gcroots_rec_group_add_struct(group, &open, fields, 1, &position));
  OK(gcroots_rec_group_register(engine, groups, 1, &type, 1));
  gcroots_rec_group_free(group);
  CHECK(Type(type).same(Type::of<StructRef<Shape>>(own)));
}

CASE(an_upcast_is_free_and_a_downcast_is_checked) {
  Store own = new_hpp_store();
  Scope scope(own);
  auto ring = StructRef<Ring>::make(own, 1.5, 2.5f, 3.5f, nullptr);
  Rooted<StructRef<Shape>> shape = ring;
  CHECK(shape.get<0>(own) == 1.5);
  Rooted<AnyRef> any = shape;
  CHECK(own.test<StructRef<Circle>>(any) && own.test<EqRef>(any) && own.test<StructRef<>>(any));
  CHECK(!own.test<I31>(any) && !own.test<ArrayRef<>>(any) && !own.test<StructRef<Node>>(any));
  CHECK(own.cast<StructRef<Ring>>(any).get<2>(own) == 3.5f);
  auto plain = StructRef<Shape>::make(own, 0.5);
  THROWS(GCROOTS_ERROR_TYPE_MISMATCH, own.cast<StructRef<Circle>>(plain));
  THROWS(GCROOTS_ERROR_TYPE_MISMATCH, own.cast<FuncRef>(plain));
  CHECK(own.is_null(own.cast<StructRef<Circle>>(Ref{})) && !own.test<StructRef<Circle>>(Ref{}));
  CHECK(gcroots::type_of(own, ring).same(Type::of<StructRef<Ring>>(own)));
}

CASE(a_wrong_kind_is_refused) {
  Store own = new_hpp_store();
  Scope scope(own);
  auto node = StructRef<Node>::make(own, 7, nullptr);
  auto text = ExternRef::make<std::string>(own, "text");
  THROWS(GCROOTS_ERROR_TYPE_MISMATCH, as<StructRef<Node>>(text).get<0>(own));
  THROWS(GCROOTS_ERROR_TYPE_MISMATCH, as<StructRef<Node>>(text).set<0>(own, 1));
  THROWS(GCROOTS_ERROR_TYPE_MISMATCH, as<StructRef<Shape>>(node).get<0>(own));
  THROWS(GCROOTS_ERROR_OUT_OF_BOUNDS, as<StructRef<Mixed>>(node).get<7>(own));
  THROWS(GCROOTS_ERROR_NULL_REFERENCE, Rooted<StructRef<Node>>().get<0>(own));
  THROWS(GCROOTS_ERROR_TYPE_MISMATCH, StructRef<Node>::make(own, 1, as<StructRef<Node>>(text)));
  THROWS(GCROOTS_ERROR_NULL_REFERENCE, StructRef<Forest>::make(own, uint8_t(1), nullptr));
  THROWS(GCROOTS_ERROR_IMMUTABLE,
         as<StructRef<>>(StructRef<Mixed>::make(own, 0, 0, 0, 0, 0u, 0, 0.f, 0., gcroots_v128_t{},
                                                false, nullptr, text, nullptr))
             .set(own, 9, {GCROOTS_STORAGE_I32, {1}}));
  CHECK(node.get<Node::number>(own) == 7);
}

CASE(a_handle_of_another_store_is_refused) {
  Store own = new_hpp_store(), other = new_hpp_store();
  Scope scope(own), its_scope(other);
  auto node = StructRef<Node>::make(own, 7, nullptr);
  THROWS(GCROOTS_ERROR_WRONG_STORE, node.get<0>(other));
  THROWS(GCROOTS_ERROR_WRONG_STORE, StructRef<Node>::make(other, 1, node));
  THROWS(GCROOTS_ERROR_WRONG_STORE, other.cast<AnyRef>(node));
}

CASE(any_struct_has_values_by_index) {
  Store own = new_hpp_store();
  Scope scope(own);
  Type type = Type::of<StructRef<Node>>(own);
  gcroots_val_t fields[2] = {};
  fields[0].kind = GCROOTS_STORAGE_I32;
  fields[0].of.i32 = 9;
  fields[1].kind = GCROOTS_STORAGE_REF;
  Rooted<StructRef<>> made = StructRef<>::make(own, type, fields, 2);
  CHECK(made.get(own, 0).of.i32 == 9);
  fields[0].of.i32 = 10;
  made.set(own, 0, fields[0]);
  CHECK(own.cast<StructRef<Node>>(made).get<0>(own) == 10);
  THROWS(GCROOTS_ERROR_INVALID_ARGUMENT, StructRef<>::make(own, type, fields, 1));
}

CASE(manual_roots_and_locals_have_the_fields_of_their_kind) {
  Store own = new_hpp_store();
  ManuallyRooted<StructRef<Node>> kept;
  {
    Scope scope(own);
    Local node(own, StructRef<Node>::make(own, 7, nullptr));
    kept = ManuallyRooted(own, node.get<Node::next>(own));
    kept = ManuallyRooted<StructRef<Node>>(own, Rooted<StructRef<Node>>(node));
  }
  own.gc();
  kept.set<Node::number>(own, 8);
  CHECK(kept.get<Node::number>(own) == 8);
  Scope scope(own);
  Rooted<AnyRef> rooted = kept.rooted(own);
  CHECK(own.same(rooted, kept));
  Rooted<StructRef<Node>> moved = kept.into_rooted(own);
  CHECK(moved.get<0>(own) == 8 && own.is_null(kept));
  ManuallyRooted<AnyRef> above = ManuallyRooted<StructRef<Node>>(own, moved);
  CHECK(own.same(above, moved));
}

CASE(types_are_registered_by_many_threads) {
  std::thread threads[4];
  for (auto &thread : threads)
    thread = std::thread([its = fixture_engine()] {
      Store own{its};
      Scope scope(own);
      auto tree = StructRef<Tree>::make(own, 1, nullptr);
      CHECK(tree.get<0>(own) == 1);
    });
  for (auto &thread : threads) thread.join();
}
