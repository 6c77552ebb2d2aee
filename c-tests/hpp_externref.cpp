/* gcroots.hpp: C++ objects in externrefs. */
#include "hpp.h"
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
      for (int i = 0; i < 100; i++) own.externref<Object>(i);
      own.gc();
      CHECK(Object::alive == 100);
    }
    own.gc();
    CHECK(Object::alive == (collects ? 0 : 100));
    CHECK(own.stats().finalizers_run == (collects ? 100 : 0));
    own.externref<Object>();
  }
  CHECK(Object::alive == 0);
}

CASE(get_finds_the_object_and_its_address_stays) {
  Store own = new_hpp_store();
  Ref ref = own.externref<std::string>(3, 'x');
  std::string *address = &own.get<std::string>(ref);
  address->push_back('y');
  own.gc();
  CHECK(&own.get<std::string>(ref) == address && *address == "xxxy");
  CHECK(own.get_if<std::string>(ref) == address);
}

CASE(an_object_may_have_a_manual_root_from_the_start) {
  Store own = new_hpp_store();
  {
    gcroots::ManuallyRooted root = own.externref_manually_rooted<Object>(7);
    CHECK(own.stats().manual_roots == 1 && own.stats().scoped_roots_max == 0);
    own.gc();
    CHECK(own.get<Object>(root).number == 7 && Object::alive == 1);
  }
  own.gc();
  CHECK(Object::alive == (collects ? 0 : 1));
}

CASE(get_refuses_an_object_of_another_type) {
  struct Derived : Object {};
  Store own = new_hpp_store();
  Ref ref = own.externref<Object>();
  THROWS(GCROOTS_ERROR_TYPE_MISMATCH, own.get<Other>(ref));
  CHECK(own.get_if<Other>(ref) == nullptr);
  Ref derived = own.externref<Derived>();
  THROWS(GCROOTS_ERROR_TYPE_MISMATCH, own.get<Object>(derived));
  CHECK(own.get_if<Object>(derived) == nullptr && own.get_if<Derived>(derived) != nullptr);
}

CASE(get_refuses_what_holds_no_object_of_this_header) {
  static int data;
  Store own = new_hpp_store();
  Ref of_c = gcroots::out<Ref>(gcroots_externref_new, own.raw(), &data, nullptr);
  Ref others[] = {of_c, own.func([] {}), gcroots::out<Ref>(gcroots_i31_new, own.raw(), 7)};
  for (Ref ref : others) {
    THROWS(GCROOTS_ERROR_TYPE_MISMATCH, own.get<int>(ref));
    CHECK(own.get_if<int>(ref) == nullptr);
  }
  THROWS(GCROOTS_ERROR_NULL_REFERENCE, own.get<int>(Ref{}));
  CHECK(own.get_if<int>(Ref{}) == nullptr);
}

CASE(get_refuses_a_stale_or_foreign_handle) {
  Store own = new_hpp_store(), other = new_hpp_store();
  Ref stale, foreign = other.externref<int>(1);
  {
    Scope scope(own);
    stale = own.externref<int>(1);
  }
  THROWS(GCROOTS_ERROR_UNROOTED, own.get<int>(stale));
  THROWS(GCROOTS_ERROR_UNROOTED, own.get_if<int>(stale));
  THROWS(GCROOTS_ERROR_WRONG_STORE, own.get<int>(foreign));
  THROWS(GCROOTS_ERROR_WRONG_STORE, own.get_if<int>(foreign));
}

CASE(an_object_need_not_be_movable) {
  struct Fixed {
    int number;
    explicit Fixed(int its_number) : number(its_number) {
    }
    Fixed(const Fixed &) = delete;
  };
  Store own = new_hpp_store();
  Ref fixed = own.externref<Fixed>(7);
  Ref owner = own.externref<std::unique_ptr<int>>(std::make_unique<int>(8));
  CHECK(own.get<Fixed>(fixed).number == 7 && *own.get<std::unique_ptr<int>>(owner) == 8);
}

CASE(an_object_whose_constructor_throws_makes_no_externref) {
  struct Thrower {
    Object member;
    Thrower() {
      throw std::out_of_range("no");
    }
  };
  Store own = new_hpp_store();
  THROWS_A(std::out_of_range, own.externref<Thrower>());
  CHECK(Object::alive == 0 && own.stats().objects == 0);
}

CASE(an_object_that_the_store_refuses_is_destroyed) {
  Store own = new_small_store();
  fill(own);
  THROWS(GCROOTS_ERROR_OUT_OF_MEMORY, own.externref<Object>());
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
      of.externref<Object>(++replaced);
      of.gc();
    }
  };
  Store own = new_hpp_store();
  {
    Scope scope(own);
    own.externref<Phoenix>(Phoenix{own});
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
    of.externref<Bomb>();
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
    own.externref<Bomb>();
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
  own.func(Body());
  own.close();
  CHECK(calls == 1 && Object::alive == 0);
}
