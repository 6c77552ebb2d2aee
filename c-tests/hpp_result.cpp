/* gcroots.hpp without exceptions: functions return results. It is built with -fno-exceptions and
 * -fno-rtti, and linked with a part that has exceptions.
 */
#include "hpp.h"

using namespace gcroots;

struct Node : struct_type<field<int32_t>, field<nullable<StructRef<Node>>>> {
  enum : std::size_t { number, next };
};

/* In outer/hpp_part.cpp, which is built with exceptions. */
Ref part_func(gcroots_store_t *store);
std::string *part_string(gcroots_store_t *store, Ref ref);

/* The call is refused with this status. */
#define FAILS(expected, expression)                                       \
  do {                                                                    \
    auto check_result = (expression);                                     \
    CHECK(!check_result.has_value() && !check_result);                    \
    CHECK(check_result.error() == std::error_code(expected, category())); \
  } while (0)

static Store new_result_store() {
  return Store::make(fixture_engine()).value();
}

CASE(a_result_has_a_value_or_a_status) {
  Store own = new_result_store();
  Scope scope(own);
  CHECK(scope.status() == GCROOTS_OK);
  auto node = StructRef<Node>::make(own, 7, nullptr);
  CHECK(node && node.has_value() && node->get<Node::number>(own).value() == 7);
  CHECK(node->set<Node::next>(own, *node));
  CHECK(own.same(node->get<Node::next>(own).value(), *node).value());
  FAILS(GCROOTS_ERROR_NULL_REFERENCE, Rooted<StructRef<Node>>().get<0>(own));
  FAILS(GCROOTS_ERROR_TYPE_MISMATCH, own.cast<I31>(*node));
  CHECK(own.cast<I31>(*node).error() == Status::type_mismatch);
  CHECK(Rooted<StructRef<Node>>().get<0>(own).value_or(5) == 5);
}

CASE(a_result_may_be_moved) {
  Store own = new_result_store();
  Scope scope(own);
  auto a = ManuallyRooted<>::make(own, I31::make(own, 1).value());
  auto b = std::move(a);
  auto failed = ManuallyRooted<>::make(own, as<Every>(untouched()));
  FAILS(GCROOTS_ERROR_WRONG_STORE, std::move(failed));
  failed = std::move(b);
  CHECK(failed && own.stats()->manual_roots == 1);
  CHECK(std::move(failed).value().unroot(own) && own.stats()->manual_roots == 0);
}

CASE(a_configuration_remembers_the_first_refusal) {
  Config config;
  config.collector(99).heap_limit(1 << 20);
  CHECK(config.status() == GCROOTS_ERROR_INVALID_ARGUMENT);
  FAILS(GCROOTS_ERROR_INVALID_ARGUMENT, Engine::make(config));
  Config right;
  CHECK(right.heap_limit(1 << 20).status() == GCROOTS_OK && Engine::make(right));
}

CASE(a_scope_that_was_not_entered_does_nothing) {
  Store own = new_result_store();
  CHECK(own.detach());
  {
    Scope scope(own);
    CHECK(scope.status() == GCROOTS_ERROR_WRONG_THREAD);
    NoGc no_gc(own);
    CHECK(no_gc.status() == GCROOTS_ERROR_WRONG_THREAD);
    Local local(own);
    CHECK(local.status() == GCROOTS_ERROR_WRONG_THREAD);
    FAILS(GCROOTS_ERROR_WRONG_THREAD, scope.escape(Ref{}));
  }
  CHECK(own.attach() && own.stats()->scoped_roots == 0);
}

CASE(a_local_has_the_status_of_its_last_assignment) {
  Store own = new_result_store();
  Scope scope(own);
  Local<> local(own);
  local = untouched();
  CHECK(local.status() == GCROOTS_ERROR_WRONG_STORE && local.is_null().value());
  local = I31::make(own, 1).value();
  CHECK(local.status() == GCROOTS_OK && !local.is_null().value());
}

CASE(the_body_of_a_function_returns_a_result) {
  Store own = new_result_store();
  Scope scope(own);
  auto half = FuncRef::make(own, [](int32_t number) -> Result<int32_t> {
                if (number % 2 != 0) return refusal(GCROOTS_STATUS_EMBEDDER + 7);
                return number / 2;
              }).value();
  CHECK(half(own, 8).value() == 4);
  FAILS(GCROOTS_STATUS_EMBEDDER + 7, half(own, 7));
  auto nothing = FuncRef::make(own, []() -> Result<void> { return {}; }).value();
  CHECK(nothing(own));
  FAILS(GCROOTS_ERROR_TYPE_MISMATCH, as<FuncRef>(half).call<int64_t>(own, 8));
}

CASE(owners_are_made_by_functions) {
  Store own = new_result_store();
  Scope scope(own);
  auto node = StructRef<Node>::make(own, 7, nullptr).value();
  auto weak = Weak<StructRef<Node>>::make(own, node).value();
  CHECK(own.same(weak.upgrade(own).value(), node).value());
  auto table = Table<>::make(own, 3).value();
  CHECK(table.set(own, 2, node));
  FAILS(GCROOTS_ERROR_OUT_OF_BOUNDS, table.set(own, 3, node));
  auto global = Global<int32_t>::make(own, 3).value();
  CHECK(global.get(own).value() == 3);
  FAILS(GCROOTS_ERROR_NULL_REFERENCE, (Global<ref<AnyRef>>::make(own, nullptr)));
  auto stack = RootRange<>::make(own).value();
  CHECK(stack.push(RawRef<StructRef<Node>>::of(own, node).value()) && stack.pop());
  FAILS(GCROOTS_ERROR_OUT_OF_BOUNDS, stack.pop());
  CHECK(own.verify());
}

/* What throws there is a pending exception here. */
CASE(an_exception_of_another_part_is_pending) {
  Store own = new_result_store();
  Scope scope(own);
  auto func = as<TypedFunc<int32_t(int32_t)>>(part_func(own.raw()));
  CHECK(func(own, 4).value() == 8);
  FAILS(GCROOTS_ERROR_EXCEPTION, func(own, 5));
  FAILS(GCROOTS_ERROR_EXCEPTION, func(own, 4));
  CHECK(own.has_exception().value());
  auto exn = own.take_exception();
  CHECK(exn && own.kind(*exn).value() == GCROOTS_REF_EXN && !own.has_exception().value());
  CHECK(func(own, 4).value() == 8);
}

CASE(parts_with_and_without_exceptions_share_objects) {
  Store own = new_result_store();
  Scope scope(own);
  auto text = ExternRef::make<std::string>(own, "text").value();
  CHECK(part_string(own.raw(), text) == text.get<std::string>(own).value());
  CHECK(text.get_if<int>(own).value() == nullptr);
  FAILS(GCROOTS_ERROR_TYPE_MISMATCH, text.get<int>(own));
}
