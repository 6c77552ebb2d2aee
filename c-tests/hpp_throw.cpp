/* gcroots.hpp: exceptions that leave the bodies of host functions. */
#include "hpp.h"
#include <string>

using gcroots::Error;
using gcroots::ManuallyRooted;
using gcroots::Scope;
using gcroots::Store;
using gcroots::StoreRef;
using gcroots::Thrown;
using gcroots::Type;

using Object = Counted<0>;

struct Failure : std::runtime_error {
  Object object;
  int code;
  explicit Failure(int its_code) : std::runtime_error("failure"), code(its_code) {
  }
};

static Ref func_that_throws(StoreRef of) {
  return FuncRef::make(of, [](int32_t code) { throw Failure(code); });
}

/* Calls it and returns the code of the Failure that arrives. */
template <class... Args>
static int code_of(StoreRef of, Ref func, Args... args) {
  try {
    as<FuncRef>(func).call(of, args...);
  } catch (const Failure &failure) {
    return failure.code;
  }
  return 0;
}

/* No exception is pending, and the store takes calls. */
static void is_at_rest(StoreRef of) {
  CHECK(gcroots_ref_is_null(gcroots::out<Ref>(gcroots_store_take_exception, of.raw())));
  of.gc();
  of.verify();
}

/* --- C++ exceptions ---------------------------------------------------------- */

CASE(the_same_exception_arrives) {
  Store own = new_hpp_store();
  static const void *thrown;
  Ref func = FuncRef::make(own, [] {
    try {
      throw Failure(7);
    } catch (const Failure &failure) {
      thrown = &failure;
      throw;
    }
  });
  uint64_t roots = own.stats().scoped_roots;
  THROWS_A(Failure, as<FuncRef>(func).call(own));
  CHECK(caught == thrown && own.stats().scoped_roots == roots);
  is_at_rest(own);
}

CASE(an_exception_may_be_of_any_type) {
  Store own = new_hpp_store();
  THROWS_A(int, FuncRef::make(own, [] { throw 7; }).call(own));
  THROWS_A(std::bad_alloc, FuncRef::make(own, [] { throw std::bad_alloc(); }).call(own));
  THROWS(GCROOTS_ERROR_LIMIT,
         FuncRef::make(own, [] { throw Error(GCROOTS_ERROR_LIMIT); }).call(own));
  is_at_rest(own);
}

CASE(an_exception_passes_through_functions_in_between) {
  Store own = new_hpp_store();
  Ref chain = func_that_throws(own);
  for (int i = 0; i < 20; i++)
    chain = FuncRef::make(own, [chain](StoreRef of, int32_t code) {
      Scope scope(of);
      ExternRef::make<int>(of, code);
      as<FuncRef>(chain).call(of, code + 1);
    });
  uint64_t roots = own.stats().scoped_roots;
  CHECK(code_of(own, chain, 1) == 21 && own.stats().scoped_roots == roots);
  is_at_rest(own);
}

CASE(a_body_may_catch_what_an_inner_call_threw) {
  Store own = new_hpp_store();
  Ref inner = func_that_throws(own);
  Ref outer = FuncRef::make(own, [inner](StoreRef of) { return code_of(of, inner, 5); });
  CHECK(as<FuncRef>(outer).call<int32_t>(own) == 5);
  Ref another =
      FuncRef::make(own, [inner](StoreRef of) { throw Failure(code_of(of, inner, 5) + 1); });
  CHECK(code_of(own, another) == 6);
}

CASE(an_exception_lives_until_it_is_caught_and_collected) {
  Store own = new_hpp_store();
  Ref func = func_that_throws(own);
  CHECK(code_of(own, func, 1) == 1);
  own.gc();
  CHECK(Object::alive == (collects ? 0 : 1));
  own.close();
  CHECK(Object::alive == 0);
}

CASE(scopes_and_spans_of_a_body_end_with_the_exception) {
  Store own = new_hpp_store();
  Ref func = FuncRef::make(own, [](StoreRef of) {
    gcroots::out<gcroots_scope_t>(gcroots_scope_enter, of.raw());
    OK(gcroots_no_gc_enter(of.raw()));
    ExternRef::make<int>(of, 1);
    throw Failure(3);
  });
  uint64_t roots = own.stats().scoped_roots;
  CHECK(code_of(own, func) == 3 && own.stats().scoped_roots == roots);
  is_at_rest(own);
}

/* --- C in between ------------------------------------------------------------ */

CASE(c_sees_a_pending_exception) {
  Store own = new_hpp_store();
  Ref func = func_that_throws(own);
  gcroots_val_t code{};
  code.kind = GCROOTS_STORAGE_I32;
  CHECK(gcroots_func_call(own.raw(), func, &code, 1, nullptr, 0) == GCROOTS_ERROR_EXCEPTION);
  Ref exn = gcroots::out<Ref>(gcroots_store_take_exception, own.raw());
  CHECK(own.kind(exn) == GCROOTS_REF_EXN);
  auto field = gcroots::out<gcroots_val_t>(gcroots_exn_field, own.raw(), exn, size_t{0});
  CHECK(own.kind(field.of.ref) == GCROOTS_REF_EXTERN);
  is_at_rest(own);
}

static Ref inner_func;
static bool c_catches;
static gcroots_status_t c_status;

/* A callback in C that calls inner_func, and passes its status on or drops it. */
static gcroots_status_t call_inner(void *, gcroots_store_t *of, const gcroots_val_t *args,
                                   size_t nargs, gcroots_val_t *results, size_t nresults) {
  c_status = gcroots_func_call(of, inner_func, args, nargs, results, nresults);
  if (!c_catches) return c_status;
  Ref exn;
  return gcroots_store_take_exception(of, &exn);
}

static Ref func_of_c(StoreRef of, const Type &type) {
  return gcroots::out<Ref>(gcroots_func_new, of.raw(), type.raw(), call_inner, nullptr, nullptr);
}

CASE(an_exception_passes_through_c) {
  Store own = new_hpp_store();
  inner_func = func_that_throws(own);
  Ref outer = func_of_c(own, Type::func<void(int32_t)>(own.engine()));
  CHECK(code_of(own, outer, 9) == 9 && c_status == GCROOTS_ERROR_EXCEPTION);
  is_at_rest(own);
}

CASE(c_may_catch_an_exception) {
  Store own = new_hpp_store();
  inner_func = func_that_throws(own);
  c_catches = true;
  as<FuncRef>(func_of_c(own, Type::func<void(int32_t)>(own.engine()))).call(own, 9);
  is_at_rest(own);
}

CASE(c_may_throw_an_exception_again) {
  Store own = new_hpp_store();
  ManuallyRooted kept;
  {
    Scope scope(own);
    gcroots_val_t code = gcroots::detail::Value<int32_t>::to(8);
    CHECK(gcroots_func_call(own.raw(), func_that_throws(own), &code, 1, nullptr, 0) ==
          GCROOTS_ERROR_EXCEPTION);
    kept = ManuallyRooted(own, gcroots::out<Ref>(gcroots_store_take_exception, own.raw()));
  }
  own.gc();
  for (int i = 0; i < 2; i++) {
    OK(gcroots_store_throw(own.raw(), kept.ref()));
    CHECK(code_of(own, FuncRef::make(own, [] { CHECK(false); })) == 8);
  }
  is_at_rest(own);
}

static gcroots_status_t fail_in_c(void *env, gcroots_store_t *, const gcroots_val_t *, size_t,
                                  gcroots_val_t *, size_t) {
  return *static_cast<gcroots_status_t *>(env);
}

CASE(a_status_of_a_callback_in_c_is_an_error) {
  static gcroots_status_t status;
  Store own = new_hpp_store();
  Ref func = gcroots::out<Ref>(gcroots_func_new, own.raw(), Type::func<void()>(own.engine()).raw(),
                               fail_in_c, &status, nullptr);
  static const gcroots_status_t all[] = {GCROOTS_ERROR_LIMIT, GCROOTS_ERROR_EXCEPTION, 70000,
                                         GCROOTS_STATUS_EMBEDDER};
  for (gcroots_status_t one : all) {
    status = one;
    try {
      as<FuncRef>(func).call(own);
      CHECK(false);
    } catch (const Error &error) {
      CHECK(error.status() == one && dynamic_cast<const Thrown *>(&error) == nullptr);
      CHECK(strstr(error.what(), "the function returned status") != nullptr);
    }
  }
}

/* --- No memory for the throw ------------------------------------------------- */

/* Fills its store and throws. */
static Ref func_without_memory(StoreRef of) {
  return FuncRef::make(of, [](StoreRef its_store, int32_t code) {
    fill(its_store);
    throw Failure(code);
  });
}

CASE(the_same_exception_arrives_without_memory_for_the_throw) {
  Store own = new_small_store();
  Ref inner = func_without_memory(own);
  Ref outer = FuncRef::make(own, [inner](StoreRef of) { as<FuncRef>(inner).call(of, 4); });
  for (int i = 1; i < 4; i++) CHECK(code_of(own, inner, i) == i);
  CHECK(code_of(own, outer) == 4);
  is_at_rest(own);
  own.close();
  CHECK(Object::alive == 0);
}

CASE(c_sees_an_exception_without_memory_for_the_throw) {
  Store own = new_small_store();
  inner_func = func_without_memory(own);
  Ref outer = func_of_c(own, Type::func<void(int32_t)>(own.engine()));
  CHECK(code_of(own, outer, 5) == 5 && c_status == GCROOTS_ERROR_EXCEPTION);
  c_catches = true;
  as<FuncRef>(outer).call(own, 6);
  c_catches = false;
  CHECK(code_of(own, outer, 7) == 7);
  is_at_rest(own);
}

/* Calls a function that throws, and takes the exception as C does. */
static ManuallyRooted<> exception_of(StoreRef of, Ref func, int32_t code) {
  gcroots_val_t arg = gcroots::detail::Value<int32_t>::to(code);
  CHECK(gcroots_func_call(of.raw(), func, &arg, 1, nullptr, 0) == GCROOTS_ERROR_EXCEPTION);
  return ManuallyRooted(gcroots::out<gcroots_manually_rooted_t>(
      gcroots_store_take_exception_manually_rooted, of.raw()));
}

/* The code of the Failure that an exception object carries. */
static int code_in(StoreRef of, const ManuallyRooted<> &exn) {
  OK(gcroots_store_throw(of.raw(), exn));
  return code_of(of, FuncRef::make(of, [] { CHECK(false); }));
}

CASE(an_exception_that_is_kept_stays_what_it_was_once_there_is_memory) {
  if (!collects) return;
  Store own = new_small_store();
  Ref without = func_without_memory(own), with = func_that_throws(own);
  ManuallyRooted first = exception_of(own, without, 1);
  CHECK(code_in(own, first) == 1);
  ManuallyRooted second = exception_of(own, with, 2);
  ManuallyRooted third = exception_of(own, without, 3);
  CHECK(code_in(own, first) == 1 && code_in(own, second) == 2 && code_in(own, third) == 3);
  /* Without memory in between, they are one object. */
  ManuallyRooted fourth = exception_of(own, without, 4);
  CHECK(own.same(third, fourth) && code_in(own, third) == 4);
  own.close();
  CHECK(Object::alive == 0);
}

CASE(an_error_of_a_full_store_arrives) {
  Store own = new_small_store();
  Ref func = FuncRef::make(own, [](StoreRef of) {
    fill(of);
    ExternRef::make<int>(of, 1);
  });
  for (int i = 0; i < 3; i++) THROWS(GCROOTS_ERROR_OUT_OF_MEMORY, as<FuncRef>(func).call(own));
  is_at_rest(own);
}

/* --- Exception objects ------------------------------------------------------- */

/* An exception object of a tag of its own, whose field is an externref. */
static Ref new_exn(StoreRef of) {
  auto tag = gcroots::out<gcroots_tag_t>(gcroots_tag_new, of.raw(),
                                         Type::func<void(Ref)>(of.engine()).raw());
  gcroots_val_t field =
      gcroots::detail::Value<Ref>::to(ExternRef::make<std::string>(of, "a field"));
  return gcroots::out<Ref>(gcroots_exn_new, of.raw(), tag, &field, size_t{1});
}

/* Calls it and returns the exception object that arrives. */
static Ref exn_of(StoreRef of, Ref func) {
  try {
    as<FuncRef>(func).call(of);
  } catch (const Thrown &thrown) {
    CHECK(thrown.status() == GCROOTS_ERROR_EXCEPTION);
    of.gc();
    return gcroots::out<Ref>(gcroots_manually_rooted_to_rooted, of.raw(),
                             gcroots_manually_rooted_t{thrown.exn()});
  }
  return Ref{};
}

CASE(an_exception_object_arrives_as_thrown) {
  Store own = new_hpp_store();
  Ref exn = new_exn(own);
  Ref func = FuncRef::make(own, [exn](StoreRef of) { OK(gcroots_store_throw(of.raw(), exn)); });
  CHECK(own.same(exn_of(own, func), exn));
  is_at_rest(own);
}

CASE(thrown_throws_an_exception_object) {
  Store own = new_hpp_store();
  Ref exn = new_exn(own);
  Ref inner = FuncRef::make(own, [exn](StoreRef of) { throw Thrown(of, exn); });
  Ref outer = FuncRef::make(own, [inner](StoreRef of) { as<FuncRef>(inner).call(of); });
  CHECK(own.same(exn_of(own, inner), exn) && own.same(exn_of(own, outer), exn));
  CHECK(gcroots_func_call(own.raw(), outer, nullptr, 0, nullptr, 0) == GCROOTS_ERROR_EXCEPTION);
  CHECK(own.same(gcroots::out<Ref>(gcroots_store_take_exception, own.raw()), exn));
  is_at_rest(own);
}

CASE(the_last_copy_of_thrown_ends_the_root) {
  Store own = new_hpp_store();
  {
    Scope scope(own);
    std::exception_ptr kept;
    try {
      throw Thrown(own, new_exn(own));
    } catch (const Thrown &thrown) {
      Thrown copy = thrown;
      kept = std::make_exception_ptr(copy);
    }
    CHECK(own.stats().manual_roots == 1);
  }
  own.gc();
  if (collects) CHECK(own.stats().manual_roots == 0);
}

CASE(thrown_of_another_store_arrives_as_it_is) {
  Store own = new_hpp_store(), other = new_hpp_store();
  Ref exn = new_exn(other);
  Ref func = FuncRef::make(own, [exn, &other] { throw Thrown(other, exn); });
  try {
    as<FuncRef>(func).call(own);
    CHECK(false);
  } catch (const Thrown &thrown) {
    CHECK(other.same(thrown.exn(), exn));
  }
  is_at_rest(own);
  is_at_rest(other);
}

CASE(thrown_that_names_no_exception_arrives_as_it_is) {
  Store own = new_hpp_store();
  Ref func = FuncRef::make(own, [](StoreRef of) { throw Thrown(of, ExternRef::make<int>(of, 1)); });
  THROWS_A(Thrown, as<FuncRef>(func).call(own));
  THROWS(GCROOTS_ERROR_WRONG_STORE, Thrown(own, untouched()));
  is_at_rest(own);
}
