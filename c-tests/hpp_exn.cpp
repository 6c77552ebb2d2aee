/* gcroots.hpp: tags, exception objects, typed functions. */
#include "hpp.h"

using namespace gcroots;

struct Node : struct_type<field<int32_t>> {};

CASE(an_exception_has_a_tag_and_fields) {
  Store own = new_hpp_store();
  Scope scope(own);
  Tag<int32_t, nullable<StructRef<Node>>> tag(own);
  Tag<int32_t, nullable<StructRef<Node>>> same_fields(own);
  auto exn = ExnRef::make(own, tag, 3, StructRef<Node>::make(own, 7));
  own.gc();
  CHECK(exn.get<0>(own, tag) == 3 && exn.get<1>(own, tag).get<0>(own) == 7);
  CHECK(exn.has(own, tag) && !exn.has(own, same_fields));
  THROWS(GCROOTS_ERROR_TYPE_MISMATCH, exn.get<0>(own, same_fields));
  CHECK(exn.field(own, 0).of.i32 == 3 && tag.type(own).kind() == GCROOTS_TYPE_FUNC);
  THROWS(GCROOTS_ERROR_OUT_OF_BOUNDS, exn.field(own, 2));
  gcroots_tag_t its_tag = exn.tag(own);
  CHECK(gcroots::out<bool>(gcroots_tag_eq, own.raw(), its_tag, tag.raw()));
}

CASE(an_exception_that_a_body_throws_is_pending_for_c) {
  Store own = new_hpp_store();
  Scope scope(own);
  Tag<int32_t> tag(own);
  auto func = FuncRef::make(own, [&](StoreRef of) { throw Thrown(of, ExnRef::make(of, tag, 5)); });
  try {
    func(own);
    CHECK(false);
  } catch (const Thrown &thrown) {
    CHECK(thrown.exn().get<0>(own, tag) == 5);
    Thrown copy = thrown;
    copy = thrown;
    CHECK(own.same(copy.exn(), thrown.exn()));
  }
  CHECK(gcroots_func_call(own.raw(), func, nullptr, 0, nullptr, 0) == GCROOTS_ERROR_EXCEPTION);
  CHECK(own.has_exception());
  CHECK(own.take_exception().get<0>(own, tag) == 5 && !own.has_exception());
  own.throw_exception(ExnRef::make(own, tag, 6));
  THROWS_A(Thrown, func(own));
}

CASE(a_function_has_the_type_of_its_body) {
  Store own = new_hpp_store();
  Scope scope(own);
  auto add = FuncRef::make(own, [](StoreRef of, Rooted<StructRef<Node>> to, int64_t more) {
    to.set<0>(of, to.get<0>(of) + int32_t(more));
    return to;
  });
  static_assert(
      std::is_same_v<decltype(add),
                     Rooted<TypedFunc<Rooted<StructRef<Node>>(Rooted<StructRef<Node>>, int64_t)>>>);
  auto node = StructRef<Node>::make(own, 7);
  CHECK(own.same(add(own, node, 3), node) && node.get<0>(own) == 10);
  Local local(own, node);
  ManuallyRooted kept(own, add);
  CHECK(kept(own, local, 5).get<0>(own) == 15);
  Rooted<FuncRef> any = add;
  CHECK(any.call<Rooted<StructRef<Node>>>(own, node, int64_t(1)).get<0>(own) == 16);
  THROWS(GCROOTS_ERROR_TYPE_MISMATCH, any.call<Ref>(own, I31::make(own, 1), int64_t(1)));
  using Same = TypedFunc<Rooted<StructRef<Node>>(Rooted<StructRef<Node>>, int64_t)>;
  CHECK(own.test<Same>(any) && !own.test<TypedFunc<void()>>(any));
  CHECK(own.cast<Same>(any)(own, node, 1).get<0>(own) == 17);
  THROWS(GCROOTS_ERROR_TYPE_MISMATCH, own.cast<TypedFunc<void()>>(any));
  /* A wrong signature is refused by the call. */
  THROWS(GCROOTS_ERROR_INVALID_ARGUMENT, as<TypedFunc<void()>>(add)(own));
}

CASE(a_function_may_be_kept_in_a_struct) {
  struct Holder : struct_type<field<ref<TypedFunc<int32_t(int32_t)>>>> {};
  Store own = new_hpp_store();
  Scope scope(own);
  auto twice = FuncRef::make(own, [](int32_t number) { return 2 * number; });
  auto holder = StructRef<Holder>::make(own, twice);
  own.gc();
  CHECK(holder.get<0>(own)(own, 21) == 42);
  THROWS(GCROOTS_ERROR_TYPE_MISMATCH,
         StructRef<Holder>::make(own, as<TypedFunc<int32_t(int32_t)>>(FuncRef::make(own, [] {}))));
}

static gcroots_status_t callback_of_c(void *, gcroots_store_t *, const gcroots_val_t *, size_t,
                                      gcroots_val_t *, size_t) {
  return GCROOTS_OK;
}

CASE(a_function_of_c_has_its_env) {
  Store own = new_hpp_store();
  Scope scope(own);
  Type type = Type::func<void()>(own.engine());
  Ref made;
  OK(gcroots_func_new(own.raw(), type.raw(), callback_of_c, &own, nullptr, &made));
  CHECK(as<FuncRef>(made).env(own, callback_of_c) == &own);
  THROWS(GCROOTS_ERROR_TYPE_MISMATCH,
         as<FuncRef>(FuncRef::make(own, [] {})).env(own, callback_of_c));
}

CASE(external_references_hold_internal_ones) {
  Store own = new_hpp_store();
  Scope scope(own);
  Rooted<AnyRef> number = I31::make(own, -1);
  auto external = ExternRef::of(own, number);
  CHECK(own.same(external.any(own), number));
  CHECK(as<I31>(external.any(own)).get(own) == -1);
  CHECK(as<I31>(number).get_unsigned(own) == 0x7fffffff);
}

CASE(an_externref_of_c_has_a_pointer) {
  Store own = new_hpp_store();
  Scope scope(own);
  auto raw = ExternRef::make_raw(own, &own);
  CHECK(raw.data(own) == &own);
  THROWS(GCROOTS_ERROR_TYPE_MISMATCH, raw.get<int>(own));
  auto kept = ExternRef::make_raw_manually_rooted(own, &own);
  CHECK(kept.data(own) == &own);
  uint64_t before = own.stats().external_bytes;
  auto large = ExternRef::make_with_bytes<std::string>(own, 1000, "text");
  large.adjust_external_bytes(own, 500);
  CHECK(own.stats().external_bytes == before + 1500);
  large.set_external_bytes(own, 10);
  CHECK(own.stats().external_bytes == before + 10);
}
