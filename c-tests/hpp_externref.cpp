/* gcroots.hpp: C++ objects in externrefs. */
#include "hpp.h"
#include <memory>
#include <string>
#include <vector>

using gcroots::Scope;
using gcroots::Store;
using gcroots::StoreRef;

using Object = Counted<0>;
using Other = Counted<1>;

CASE(an_object_is_destroyed_once_after_its_death) {
  {
    Store own = new_hpp_store();
    {
      Scope scope(own);
      for (int i = 0; i < 100; i++) ExternRef::make<Object>(own, i);
      own.gc();
      CHECK(Object::alive == 100);
    }
    own.gc();
    CHECK(Object::alive == (collects ? 0 : 100));
    CHECK(own.stats().finalizers_run == (collects ? 100 : 0));
    ExternRef::make<Object>(own);
  }
  CHECK(Object::alive == 0);
}

CASE(get_finds_the_object_and_its_address_stays) {
  Store own = new_hpp_store();
  Ref ref = ExternRef::make<std::string>(own, 3, 'x');
  std::string *address = &as<ExternRef>(ref).get<std::string>(own);
  address->push_back('y');
  own.gc();
  CHECK(&as<ExternRef>(ref).get<std::string>(own) == address && *address == "xxxy");
  CHECK(as<ExternRef>(ref).get_if<std::string>(own) == address);
}

CASE(an_object_may_have_a_manual_root_from_the_start) {
  Store own = new_hpp_store();
  {
    gcroots::ManuallyRooted root = ExternRef::make_manually_rooted<Object>(own, 7);
    CHECK(own.stats().manual_roots == 1 && own.stats().scoped_roots_max == 0);
    own.gc();
    CHECK(as<ExternRef>(root).get<Object>(own).number == 7 && Object::alive == 1);
  }
  own.gc();
  CHECK(Object::alive == (collects ? 0 : 1));
}

CASE(get_refuses_an_object_of_another_type) {
  struct Derived : Object {};
  Store own = new_hpp_store();
  Ref ref = ExternRef::make<Object>(own);
  THROWS(GCROOTS_ERROR_TYPE_MISMATCH, as<ExternRef>(ref).get<Other>(own));
  CHECK(as<ExternRef>(ref).get_if<Other>(own) == nullptr);
  Ref derived = ExternRef::make<Derived>(own);
  THROWS(GCROOTS_ERROR_TYPE_MISMATCH, as<ExternRef>(derived).get<Object>(own));
  CHECK(as<ExternRef>(derived).get_if<Object>(own) == nullptr &&
        as<ExternRef>(derived).get_if<Derived>(own) != nullptr);
}

CASE(get_refuses_what_holds_no_object_of_this_header) {
  static int data;
  Store own = new_hpp_store();
  Ref of_c = gcroots::out<Ref>(gcroots_externref_new, own.raw(), &data, nullptr);
  Ref others[] = {of_c, FuncRef::make(own, [] {}),
                  gcroots::out<Ref>(gcroots_i31_new, own.raw(), 7)};
  for (Ref ref : others) {
    THROWS(GCROOTS_ERROR_TYPE_MISMATCH, as<ExternRef>(ref).get<int>(own));
    CHECK(as<ExternRef>(ref).get_if<int>(own) == nullptr);
  }
  THROWS(GCROOTS_ERROR_NULL_REFERENCE, as<ExternRef>(Ref{}).get<int>(own));
  CHECK(as<ExternRef>(Ref{}).get_if<int>(own) == nullptr);
}

CASE(get_refuses_a_stale_or_foreign_handle) {
  Store own = new_hpp_store(), other = new_hpp_store();
  Ref stale, foreign = ExternRef::make<int>(other, 1);
  {
    Scope scope(own);
    stale = ExternRef::make<int>(own, 1);
  }
  THROWS(GCROOTS_ERROR_UNROOTED, as<ExternRef>(stale).get<int>(own));
  THROWS(GCROOTS_ERROR_UNROOTED, as<ExternRef>(stale).get_if<int>(own));
  THROWS(GCROOTS_ERROR_WRONG_STORE, as<ExternRef>(foreign).get<int>(own));
  THROWS(GCROOTS_ERROR_WRONG_STORE, as<ExternRef>(foreign).get_if<int>(own));
}

CASE(an_object_need_not_be_movable) {
  struct Fixed {
    int number;
    explicit Fixed(int its_number) : number(its_number) {
    }
    Fixed(const Fixed &) = delete;
  };
  Store own = new_hpp_store();
  Ref fixed = ExternRef::make<Fixed>(own, 7);
  Ref owner = ExternRef::make<std::unique_ptr<int>>(own, std::make_unique<int>(8));
  CHECK(as<ExternRef>(fixed).get<Fixed>(own).number == 7 &&
        *as<ExternRef>(owner).get<std::unique_ptr<int>>(own) == 8);
}

CASE(an_object_whose_constructor_throws_makes_no_externref) {
  struct Thrower {
    Object member;
    Thrower() {
      throw std::out_of_range("no");
    }
  };
  Store own = new_hpp_store();
  THROWS_A(std::out_of_range, ExternRef::make<Thrower>(own));
  CHECK(Object::alive == 0 && own.stats().objects == 0);
}

CASE(an_object_that_the_store_refuses_is_destroyed) {
  Store own = new_small_store();
  fill(own);
  THROWS(GCROOTS_ERROR_OUT_OF_MEMORY, ExternRef::make<Object>(own));
  CHECK(Object::alive == 0);
}

CASE(a_destructor_may_use_the_store) {
  static int replaced;
  struct Phoenix {
    StoreRef of;
    ~Phoenix() {
      if (gcroots_status_t status = gcroots_store_verify(of.raw())) {
        CHECK(status == GCROOTS_ERROR_BUSY);  // the store is being deleted
        return;
      }
      ExternRef::make<Object>(of, ++replaced);
      of.gc();
    }
  };
  Store own = new_hpp_store();
  {
    Scope scope(own);
    ExternRef::make<Phoenix>(own, Phoenix{own});
  }
  own.gc();
  own.close();
  CHECK(Object::alive == 0);
}

/* --- Exceptions that leave destructors --------------------------------------- */

struct Bomb {
  Object member;
  bool armed = true;
  Bomb() = default;
  ~Bomb() noexcept(false) {
    if (armed) throw std::out_of_range("bomb");
  }
};

/* Drops a bomb and collects. */
static void drop_bomb(StoreRef of) {
  {
    Scope scope(of);
    ExternRef::make<Bomb>(of);
  }
  of.gc();
}

CASE(an_exception_of_a_destructor_goes_to_the_handler) {
  std::vector<std::string> seen;
  {
    Store own = new_hpp_store();
    own.on_finalizer_error([&](std::exception_ptr error) {
      try {
        std::rethrow_exception(error);
      } catch (const std::out_of_range &bomb) {
        seen.push_back(bomb.what());
      }
    });
    drop_bomb(own);
    CHECK(seen.size() == (collects ? 1 : 0) && Object::alive == (collects ? 0 : 1));
    own.verify();
    ExternRef::make<Bomb>(own);
  }
  CHECK(seen.size() == 2 && seen[0] == "bomb" && Object::alive == 0);
}

CASE(an_exception_of_a_destructor_is_dropped_without_a_handler) {
  Store own = new_hpp_store();
  drop_bomb(own);
  own.verify();
  own.close();
  CHECK(Object::alive == 0);
}

CASE(an_exception_of_the_handler_is_dropped) {
  static int calls;
  Store own = new_hpp_store();
  own.on_finalizer_error([&own](std::exception_ptr error) {
    calls++;
    own.on_finalizer_error(nullptr);
    std::rethrow_exception(error);
  });
  drop_bomb(own);
  drop_bomb(own);
  own.close();
  CHECK(calls == 1 && Object::alive == 0);
}

CASE(an_exception_of_the_destructor_of_a_body_goes_to_the_handler) {
  static int calls;
  Store own = new_hpp_store();
  own.on_finalizer_error([](std::exception_ptr) { calls++; });
  struct Body {
    std::unique_ptr<Object> member = std::make_unique<Object>();
    Body() = default;
    Body(Body &&) = default;
    ~Body() noexcept(false) {
      if (member) throw std::out_of_range("body");
    }
    void operator()() const {
    }
  };
  FuncRef::make(own, Body());
  own.close();
  CHECK(calls == 1 && Object::alive == 0);
}
