/* gcroots.hpp: Scope, Local and ManuallyRooted. */
#include "hpp.h"
#include <thread>

using gcroots::Local;
using gcroots::ManuallyRooted;
using gcroots::Scope;
using gcroots::Store;
using gcroots::StoreRef;

using Object = Counted<0>;

static_assert(!std::is_copy_constructible_v<Scope> && !std::is_move_constructible_v<Scope>);
static_assert(!std::is_copy_assignable_v<Scope> && !std::is_move_assignable_v<Scope>);
static_assert(!std::is_copy_constructible_v<Local<>> && !std::is_move_constructible_v<Local<>>);
static_assert(!std::is_copy_constructible_v<ManuallyRooted<>>);
static_assert(!std::is_copy_assignable_v<ManuallyRooted<>>);
static_assert(std::is_nothrow_move_constructible_v<ManuallyRooted<>>);
static_assert(std::is_nothrow_move_assignable_v<ManuallyRooted<>>);
static_assert(std::is_convertible_v<ManuallyRooted<> &, Ref>);
static_assert(!std::is_convertible_v<ManuallyRooted<>, Ref>, "the root would end too soon");

/* Collects, and returns how many objects live then. */
static int alive(StoreRef of) {
  of.gc();
  return Object::alive;
}

/* --- Scopes ------------------------------------------------------------------ */

CASE(a_scope_ends_its_roots) {
  Store own = new_hpp_store();
  Ref ref;
  {
    Scope scope(own);
    ref = ExternRef::make<Object>(own);
    CHECK(alive(own) == 1);
  }
  THROWS(GCROOTS_ERROR_UNROOTED, as<ExternRef>(ref).get<Object>(own));
  CHECK(alive(own) == (collects ? 0 : 1));
}

CASE(a_scope_ends_when_an_exception_leaves_it) {
  Store own = new_hpp_store();
  auto leave = [&own] {
    Scope outer(own), inner(own);
    ExternRef::make<Object>(own);
    throw std::out_of_range("out");
  };
  THROWS_A(std::out_of_range, leave());
  CHECK(own.stats().scoped_roots == 0);
}

CASE(a_scope_ends_those_of_c_inside_it) {
  Store own = new_hpp_store();
  {
    Scope scope(own);
    gcroots::out<gcroots_scope_t>(gcroots_scope_enter, own.raw());
    OK(gcroots_no_gc_enter(own.raw()));
    ExternRef::make<Object>(own);
  }
  CHECK(own.stats().scoped_roots == 0);
  own.gc();
}

CASE(an_escaped_object_is_rooted_in_the_outer_scope) {
  Store own = new_hpp_store();
  Scope outer(own);
  Ref kept;
  {
    Scope inner(own);
    ExternRef::make<Object>(own, 1);
    kept = inner.escape(ExternRef::make<Object>(own, 2));
    CHECK(own.stats().scoped_roots == 1);
    Scope next(own);
    ExternRef::make<Object>(own, 3);
  }
  CHECK(alive(own) == (collects ? 1 : 3));
  CHECK(as<ExternRef>(kept).get<Object>(own).number == 2);
}

CASE(an_escape_that_is_refused_leaves_the_scope_open) {
  Store own = new_hpp_store();
  {
    Scope scope(own);
    Ref ref = ExternRef::make<Object>(own);
    THROWS(GCROOTS_ERROR_WRONG_STORE, scope.escape(untouched()));
    CHECK(as<ExternRef>(ref).get<Object>(own).number == 0);
    {
      Scope inner(own);
      THROWS(GCROOTS_ERROR_SCOPE_ORDER, scope.escape(ref));
    }
  }
  CHECK(own.stats().scoped_roots == 0);
}

/* --- Locals ------------------------------------------------------------------ */

CASE(a_local_is_one_root_for_many_objects) {
  Store own = new_hpp_store();
  Scope scope(own);
  Local last(own);
  CHECK(last.is_null() && own.is_null(last) && !gcroots_ref_is_null(last));
  for (int i = 0; i < 10; i++) {
    Scope step(own);
    last = ExternRef::make<Object>(own, i);
  }
  CHECK(!last.is_null() && own.stats().scoped_roots == 1);
  CHECK(alive(own) == (collects ? 1 : 10) && as<ExternRef>(last).get<Object>(own).number == 9);
  last = Ref{};
  CHECK(last.is_null() && alive(own) == (collects ? 0 : 10));
}

CASE(a_local_that_is_assigned_to_another_keeps_its_own_root) {
  Store own = new_hpp_store();
  Scope scope(own);
  Local a(own, ExternRef::make<Object>(own, 1)), b(own, ExternRef::make<Object>(own, 2));
  a = b;
  CHECK(own.same(a, b) && !gcroots_ref_same_root(a, b));
  b = nullptr;
  CHECK(as<ExternRef>(a).get<Object>(own).number == 2 && b.is_null());
}

CASE(a_local_ends_with_its_scope) {
  Store own = new_hpp_store();
  Ref ref;
  {
    Scope scope(own);
    Local local(own, ExternRef::make<Object>(own));
    ref = local.ref();
  }
  THROWS(GCROOTS_ERROR_UNROOTED, own.kind(ref));
}

/* --- Manual roots ------------------------------------------------------------ */

/* Makes an object that only the result keeps alive. */
static ManuallyRooted<> new_root(StoreRef of, int number) {
  Scope scope(of);
  return ManuallyRooted(of, ExternRef::make<Object>(of, number));
}

CASE(a_manual_root_lasts_until_it_is_destroyed) {
  Store own = new_hpp_store();
  {
    ManuallyRooted kept = new_root(own, 5);
    CHECK(alive(own) == 1 && as<ExternRef>(kept).get<Object>(own).number == 5);
    CHECK(own.stats().manual_roots == 1);
  }
  CHECK(alive(own) == (collects ? 0 : 1));
  CHECK(own.stats().stale_unroots == 0);
}

CASE(a_manual_root_that_is_moved_is_one_root) {
  Store own = new_hpp_store();
  ManuallyRooted a = new_root(own, 1), b = new_root(own, 2), none;
  ManuallyRooted c(std::move(a));
  CHECK(own.is_null(a) && as<ExternRef>(c).get<Object>(own).number == 1);
  b = std::move(c);
  CHECK(own.is_null(c) && as<ExternRef>(b).get<Object>(own).number == 1);
  CHECK(alive(own) == (collects ? 1 : 2));
  ManuallyRooted<> &same = b;
  b = std::move(same);
  CHECK(as<ExternRef>(b).get<Object>(own).number == 1);
  b = std::move(none);
  CHECK(alive(own) == (collects ? 0 : 2) && own.is_null(b));
}

CASE(a_clone_is_a_root_of_its_own) {
  Store own = new_hpp_store();
  ManuallyRooted a = new_root(own, 1);
  ManuallyRooted b = a.clone(own);
  a.unroot(own);
  CHECK(own.is_null(a) && alive(own) == 1 && as<ExternRef>(b).get<Object>(own).number == 1);
  ManuallyRooted of_null = a.clone(own);
  CHECK(own.is_null(of_null));
}

CASE(unroot_ends_the_root_at_once) {
  Store own = new_hpp_store();
  ManuallyRooted a = new_root(own, 1);
  a.unroot(own);
  CHECK(own.stats().manual_roots == 0);
  a.unroot(own);
  ManuallyRooted b = new_root(own, 2);
  Store other = new_hpp_store();
  THROWS(GCROOTS_ERROR_WRONG_STORE, b.unroot(other));
  CHECK(as<ExternRef>(b).get<Object>(own).number == 2);
}

CASE(c_may_take_and_give_a_manual_root) {
  Store own = new_hpp_store();
  gcroots_manually_rooted_t raw = new_root(own, 3).release();
  CHECK(alive(own) == 1);
  {
    ManuallyRooted taken(raw);
    CHECK(as<ExternRef>(taken).get<Object>(own).number == 3);
  }
  CHECK(alive(own) == (collects ? 0 : 1));
}

CASE(a_manual_root_may_be_destroyed_by_another_thread) {
  Store own = new_hpp_store();
  std::thread([kept = new_root(own, 1)] {}).join();
  CHECK(alive(own) == (collects ? 0 : 1) && own.stats().stale_unroots == 0);
}

CASE(a_manual_root_may_outlive_its_store) {
  ManuallyRooted kept;
  {
    Store own = new_hpp_store();
    kept = new_root(own, 1);
  }
  CHECK(Object::alive == 0);
}

/* The body's root is destroyed by a finalizer while the store is deleted. */
CASE(the_body_of_a_function_may_own_a_root_of_its_store) {
  Store own = new_hpp_store();
  FuncRef::make(own, [kept = new_root(own, 1)] {});
  own.close();
  CHECK(Object::alive == 0);
}
