/* gcroots.hpp: host functions from function objects, and calls. */
#include "hpp.h"
#include <functional>
#include <memory>
#include <string>

using gcroots::Local;
using gcroots::ManuallyRooted;
using gcroots::Scope;
using gcroots::Store;
using gcroots::StoreRef;
using gcroots::Type;

using Object = Counted<0>;

CASE(values_of_every_type_come_and_go) {
  Store own = new_hpp_store();
  using All = std::tuple<int32_t, uint32_t, int64_t, uint64_t, float, double, gcroots_v128_t, Ref>;
  Ref func =
      FuncRef::make(own, [](int32_t a, uint32_t b, int64_t c, uint64_t d, float e, double f,
                            gcroots_v128_t g, Ref h) { return All(a, b, c, d, e, f, g, h); });
  Ref ref = ExternRef::make<Object>(own, 5);
  gcroots_v128_t bytes{{1, 2, 3}};
  auto [a, b, c, d, e, f, g, h] = as<FuncRef>(func).call<All>(own, INT32_MIN, UINT32_MAX, INT64_MIN,
                                                              UINT64_MAX, 1.5f, -2.5, bytes, ref);
  CHECK(a == INT32_MIN && b == UINT32_MAX && c == INT64_MIN && d == UINT64_MAX);
  CHECK(e == 1.5f && f == -2.5 && memcmp(&g, &bytes, sizeof g) == 0);
  CHECK(own.same(h, ref) && !gcroots_ref_same_root(h, ref) &&
        as<ExternRef>(h).get<Object>(own).number == 5);
}

static int32_t twice(int32_t number) {
  return 2 * number;
}

static int32_t thrice(int32_t number) noexcept {
  return 3 * number;
}

CASE(a_body_may_be_any_function_object) {
  Store own = new_hpp_store();
  CHECK(FuncRef::make(own, twice).call<int32_t>(own, 4) == 8);
  CHECK(FuncRef::make(own, &thrice).call<int32_t>(own, 4) == 12);
  Ref counter = FuncRef::make(own, [count = 0]() mutable noexcept { return ++count; });
  CHECK(as<FuncRef>(counter).call<int32_t>(own) == 1 &&
        as<FuncRef>(counter).call<int32_t>(own) == 2);
  Ref owner =
      FuncRef::make(own, [number = std::make_unique<int>(6)]() noexcept { return *number; });
  CHECK(as<FuncRef>(owner).call<int32_t>(own) == 6);
  std::function<double(double)> half = [](double number) { return number / 2; };
  CHECK(FuncRef::make(own, half).call<double>(own, 5.0) == 2.5);
}

CASE(a_body_gets_its_store) {
  Store own = new_hpp_store();
  Ref make = FuncRef::make(
      own, [](StoreRef of, int32_t number) { return ExternRef::make<Object>(of, number); });
  Ref check = FuncRef::make(own, [&own](const StoreRef &of, const Ref &object) {
    CHECK(of.raw() == own.raw());
    return as<ExternRef>(object).get<Object>(of).number;
  });
  CHECK(as<FuncRef>(check).call<int32_t>(own, as<FuncRef>(make).call<Ref>(own, 7)) == 7);
}

CASE(a_body_may_call_allocate_and_collect) {
  Store own = new_hpp_store();
  Ref self{};
  self = FuncRef::make(own, [&self](StoreRef of, int32_t number) -> int32_t {
    if (number == 0) return 0;
    Ref ref = ExternRef::make<Object>(of, number);
    int32_t rest = as<FuncRef>(self).call<int32_t>(of, number - 1);
    of.gc();
    return as<ExternRef>(ref).get<Object>(of).number + rest;
  });
  CHECK(as<FuncRef>(self).call<int32_t>(own, 100) == 5050);
  CHECK(own.stats().scoped_roots == 1);
}

CASE(a_body_is_destroyed_with_its_function) {
  {
    Store own = new_hpp_store();
    {
      Scope scope(own);
      FuncRef::make(own, [object = Object()] { (void)object; });
      CHECK(Object::alive == 1);
    }
    own.gc();
    CHECK(Object::alive == (collects ? 0 : 1));
    FuncRef::make(own, [object = Object()] { (void)object; });
  }
  CHECK(Object::alive == 0);
}

CASE(a_body_is_destroyed_if_its_function_is_refused) {
  Store own = new_small_store();
  fill(own);
  THROWS(GCROOTS_ERROR_OUT_OF_MEMORY, FuncRef::make(own, [object = Object()] { (void)object; }));
  CHECK(Object::alive == 0);
}

CASE(locals_and_manual_roots_are_arguments) {
  Store own = new_hpp_store();
  Ref number = FuncRef::make(
      own, [](StoreRef of, Ref ref) { return as<ExternRef>(ref).get<Object>(of).number; });
  Local local(own, ExternRef::make<Object>(own, 1));
  ManuallyRooted manual(own, ExternRef::make<Object>(own, 2));
  CHECK(as<FuncRef>(number).call<int32_t>(own, local) == 1 &&
        as<FuncRef>(number).call<int32_t>(own, manual) == 2);
  CHECK(as<FuncRef>(number).call<int32_t>(own, ManuallyRooted(own, local)) == 1);
}

CASE(a_null_reference_is_an_argument_and_a_result) {
  Store own = new_hpp_store();
  Ref same = FuncRef::make(own, [](Ref ref) { return ref; });
  CHECK(gcroots_ref_is_null(as<FuncRef>(same).call<Ref>(own, Ref{})));
  CHECK(gcroots_ref_is_null(as<FuncRef>(same).call<Ref>(own, Local(own))));
}

CASE(a_reference_of_any_kind_is_an_argument_and_a_result) {
  Store own = new_hpp_store();
  Ref same = FuncRef::make(own, [](Ref ref) { return ref; });
  Ref number = gcroots::out<Ref>(gcroots_i31_new, own.raw(), 7);
  auto tag = gcroots::out<gcroots_tag_t>(gcroots_tag_new, own.raw(),
                                         Type::func<void()>(own.engine()).raw());
  Ref exn = gcroots::out<Ref>(gcroots_exn_new, own.raw(), tag, nullptr, size_t{0});
  for (Ref ref : {number, same, exn, ExternRef::make<Object>(own, 1).ref()})
    CHECK(own.same(as<FuncRef>(same).call<Ref>(own, ref), ref));
}

CASE(the_result_of_a_scope_that_was_left_must_escape) {
  Store own = new_hpp_store();
  Ref stale = FuncRef::make(own, [](StoreRef of) {
    Scope scope(of);
    return ExternRef::make<Object>(of, 1);
  });
  Ref live = FuncRef::make(own, [](StoreRef of) {
    Scope scope(of);
    return scope.escape(ExternRef::make<Object>(of, 2));
  });
  THROWS(GCROOTS_ERROR_UNROOTED, as<FuncRef>(stale).call<Ref>(own));
  CHECK(as<ExternRef>(as<FuncRef>(live).call<Ref>(own)).get<Object>(own).number == 2);
}

CASE(a_call_with_other_types_is_refused) {
  static int calls;
  Store own = new_hpp_store();
  Ref func = FuncRef::make(own, [](int32_t number) { return calls++, int64_t(number); });
  THROWS(GCROOTS_ERROR_INVALID_ARGUMENT, as<FuncRef>(func).call<int64_t>(own));
  THROWS(GCROOTS_ERROR_INVALID_ARGUMENT, as<FuncRef>(func).call<int64_t>(own, 1, 2));
  THROWS(GCROOTS_ERROR_INVALID_ARGUMENT, as<FuncRef>(func).call(own, 1));
  THROWS(GCROOTS_ERROR_INVALID_ARGUMENT,
         (as<FuncRef>(func).call<std::tuple<int64_t, int64_t>>(own, 1)));
  THROWS(GCROOTS_ERROR_TYPE_MISMATCH, as<FuncRef>(func).call<int64_t>(own, 1.0));
  THROWS(GCROOTS_ERROR_TYPE_MISMATCH, as<FuncRef>(func).call<int64_t>(own, func));
  CHECK(calls == 0);
  THROWS(GCROOTS_ERROR_TYPE_MISMATCH, as<FuncRef>(func).call<double>(own, 1));
  CHECK(calls == 1 && as<FuncRef>(func).call<uint64_t>(own, 1) == 1);
}

CASE(what_is_no_function_is_not_called) {
  Store own = new_hpp_store();
  THROWS(GCROOTS_ERROR_NULL_REFERENCE, as<FuncRef>(Ref{}).call(own));
  THROWS(GCROOTS_ERROR_TYPE_MISMATCH, as<FuncRef>(ExternRef::make<Object>(own)).call(own));
  THROWS(GCROOTS_ERROR_WRONG_STORE, as<FuncRef>(untouched()).call(own));
}

/* --- Functions of a given type ----------------------------------------------- */

/* A function type whose parameter is an i31, and whose result is an f64. */
static Type type_of_i31(const gcroots::Engine &of) {
  gcroots_field_type_t param{}, result{};
  param.storage = GCROOTS_STORAGE_REF;
  param.heap = GCROOTS_HEAP_I31;
  result.storage = GCROOTS_STORAGE_F64;
  gcroots_rec_group_t *group = gcroots_rec_group_new();
  uint32_t position;
  OK(gcroots_rec_group_add_func(group, nullptr, &param, 1, &result, 1, &position));
  const gcroots_rec_group_t *groups[] = {group};
  gcroots_type_t *type;
  OK(gcroots_rec_group_register(of.raw(), groups, 1, &type, 1));
  gcroots_rec_group_free(group);
  return Type(type);
}

CASE(a_function_may_have_a_narrower_type_than_its_body) {
  Store own = new_hpp_store();
  Ref func = FuncRef::make(own, type_of_i31(own.engine()), [](StoreRef of, Ref ref) {
    return double(gcroots::out<int32_t>(gcroots_i31_get_s, of.raw(), ref));
  });
  CHECK(as<FuncRef>(func).call<double>(own, gcroots::out<Ref>(gcroots_i31_new, own.raw(), -3)) ==
        -3);
  THROWS(GCROOTS_ERROR_TYPE_MISMATCH,
         as<FuncRef>(func).call<double>(own, ExternRef::make<Object>(own)));
  THROWS(GCROOTS_ERROR_NULL_REFERENCE, as<FuncRef>(func).call<double>(own, Ref{}));
}

CASE(a_body_that_does_not_match_the_type_is_refused) {
  Store own = new_hpp_store();
  Type type = type_of_i31(own.engine());
  THROWS(GCROOTS_ERROR_TYPE_MISMATCH, FuncRef::make(own, type, [](int32_t) { return 0.0; }));
  THROWS(GCROOTS_ERROR_TYPE_MISMATCH, FuncRef::make(own, type, [](Ref) { return 0.0f; }));
  THROWS(GCROOTS_ERROR_TYPE_MISMATCH, FuncRef::make(own, type, [](Ref) {}));
  THROWS(GCROOTS_ERROR_TYPE_MISMATCH, FuncRef::make(own, type, [] { return 0.0; }));
  THROWS(GCROOTS_ERROR_TYPE_MISMATCH, FuncRef::make(own, type, [](Ref, double) {}));
  CHECK(own.stats().objects == 0);
}

CASE(a_type_of_another_engine_is_refused) {
  Store own = new_hpp_store();
  gcroots::Engine other;
  THROWS(GCROOTS_ERROR_WRONG_ENGINE,
         FuncRef::make(own, Type::func<void()>(other), [object = Object()] { (void)object; }));
  CHECK(Object::alive == 0);
}

CASE(a_body_may_take_values_of_types_known_at_run_time) {
  Store own = new_hpp_store();
  auto reverse = [](StoreRef of, const gcroots_val_t *args, size_t nargs, gcroots_val_t *results,
                    size_t nresults) {
    CHECK(nargs == nresults);
    of.gc();
    for (size_t i = 0; i < nargs; i++) results[i] = args[nargs - 1 - i];
  };
  using Two = std::tuple<double, int32_t>;
  Ref func = FuncRef::make(own, Type::func<Two(int32_t, double)>(own.engine()), reverse);
  CHECK(as<FuncRef>(func).call<Two>(own, 1, 2.0) == Two(2.0, 1));
}
