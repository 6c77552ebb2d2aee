/* gcroots.hpp: configurations, engines, types, stores and errors. */
#include "hpp.h"
#include <thread>

using gcroots::Config;
using gcroots::Engine;
using gcroots::Error;
using gcroots::Store;
using gcroots::StoreRef;
using gcroots::Type;

static_assert(!std::is_copy_constructible_v<Store> && !std::is_copy_assignable_v<Store>);
static_assert(std::is_nothrow_move_constructible_v<Store>);
static_assert(std::is_nothrow_move_assignable_v<Store>);
static_assert(!std::is_copy_constructible_v<Config> && std::is_move_constructible_v<Config>);
static_assert(std::is_copy_constructible_v<Engine> && std::is_copy_constructible_v<Type>);
static_assert(std::is_nothrow_copy_constructible_v<Error>);
static_assert(std::is_trivially_copyable_v<StoreRef>);

CASE(an_error_has_the_status_and_the_message) {
  Store own = new_hpp_store();
  try {
    own.kind(untouched());
    CHECK(false);
  } catch (const Error &error) {
    CHECK(error.status() == GCROOTS_ERROR_WRONG_STORE);
    CHECK(error.what() == gcroots_last_error() + std::string(": GCROOTS_ERROR_WRONG_STORE"));
    CHECK(error.code() == gcroots::Status::wrong_store);
  }
}

CASE(a_status_without_a_name_is_a_number_in_the_message) {
  CHECK(Error(70000).what() == std::string("status 70000"));
  OK(gcroots_set_error("out of cheese"));
  CHECK(Error(70000).what() == std::string("out of cheese: status 70000"));
  CHECK(Error(70000).status() == 70000);
}

CASE(an_error_has_its_message_apart) {
  OK(gcroots_set_error("out of cheese"));
  CHECK(Error(70000).message() == "out of cheese");
  CHECK(Error(GCROOTS_ERROR_BUSY, "").message().empty());
}

CASE(a_function_for_c_returns_the_status_of_its_exception) {
  CHECK(gcroots::status_of([] {}) == GCROOTS_OK);
  CHECK(gcroots::status_of([] { throw Error(GCROOTS_ERROR_BUSY, "busy"); }) == GCROOTS_ERROR_BUSY);
  CHECK(gcroots_last_error() == std::string("busy"));
  CHECK(gcroots::status_of([] { throw std::bad_alloc(); }) == GCROOTS_ERROR_OUT_OF_MEMORY);
  CHECK(gcroots::status_of([] { throw std::out_of_range("far"); }) == GCROOTS_STATUS_EMBEDDER);
  CHECK(gcroots_last_error() == std::string("far"));
  CHECK(gcroots::status_of([] { throw 7; }) == GCROOTS_STATUS_EMBEDDER);
}

CASE(an_error_is_a_system_error_with_a_category) {
  Store own = new_hpp_store();
  try {
    own.set_data(nullptr);
    gcroots::check(gcroots_store_gc(nullptr));
    CHECK(false);
  } catch (const std::system_error &error) {
    CHECK(error.code().category() == gcroots::category());
    CHECK(error.code() == std::errc::invalid_argument);
    CHECK(error.code() != std::errc::not_enough_memory);
  }
  std::error_code none = gcroots::Status::ok;
  CHECK(!none && none.message() == "GCROOTS_OK");
}

CASE(check_throws_unless_the_call_succeeded) {
  gcroots::check(GCROOTS_OK);
  THROWS(GCROOTS_ERROR_NULL_ARGUMENT, gcroots::check(gcroots_store_gc(nullptr)));
  THROWS(GCROOTS_ERROR_NULL_ARGUMENT, gcroots::out<void *>(gcroots_store_data, nullptr));
}

CASE(a_configuration_is_what_its_setters_say) {
  Config config;
  config.collector(collector).heap_limit(spaces() * 64 * 1024).heap_initial(0).stress(0);
  config.heap_growth(0).overhead_limit(2);
  config.poison(true).move_always(false).pool(0).call_depth(3);
  Engine its_engine(config);
  Store own(its_engine);
  fill(own);
  CHECK(own.stats().committed_bytes <= (spaces() + 1) * 64 * 1024);
}

/* Counts its calls by kind, in an array. */
static void count_wakes(void *env, gcroots_store_t *, gcroots_wake_t kind) {
  ++static_cast<int *>(env)[kind];
}

CASE(a_configuration_defers_finalizers_and_wakes_the_owner) {
  static int wakes[2], finalized;
  Config config;
  config.collector(collector).finalizers(GCROOTS_FINALIZERS_DEFERRED);
  config.wake_callback(count_wakes, wakes).external_limit(1000);
  Engine its_engine(config);
  Store own(its_engine);
  Ref ref;
  {
    gcroots::Scope scope(own);
    OK(gcroots_externref_new(own.raw(), &finalized, count_call, &ref));
    gcroots::ManuallyRooted(own, ref);
  }
  THROWS(GCROOTS_ERROR_OUT_OF_MEMORY, gcroots::check(gcroots_externref_set_external_bytes(
                                          own.raw(), ExternRef::make<int>(own, 1), 1001)));
  own.gc();
  CHECK(finalized == 0 && wakes[GCROOTS_WAKE_FINALIZERS] == dead(1));
  CHECK(wakes[GCROOTS_WAKE_UNROOTS] == 1);
  CHECK(own.run_finalizers() == 0 && finalized == dead(1));
  config.wake_callback(nullptr, nullptr).finalizers(GCROOTS_FINALIZERS_INLINE);
}

CASE(a_setting_that_is_refused_throws) {
  Config config;
  THROWS(GCROOTS_ERROR_INVALID_ARGUMENT, config.collector(99));
  THROWS(GCROOTS_ERROR_INVALID_ARGUMENT, config.call_depth(0));
  config.heap_limit(64 * 1024).heap_initial(128 * 1024);
  THROWS(GCROOTS_ERROR_INVALID_ARGUMENT, Engine(config));
}

CASE(copies_of_an_engine_are_one_engine) {
  Engine one = fixture_engine();
  Engine two = one;
  Engine three(Config{});
  CHECK(one.raw() == two.raw() && three.raw() != one.raw());
  three = std::move(two);
  CHECK(three.raw() == one.raw() && two.raw() == nullptr);
  Engine of_nothing = two;
  CHECK(of_nothing.raw() == nullptr);
}

CASE(equal_signatures_are_one_type) {
  Engine of = fixture_engine();
  Type one = Type::func<double(Ref, int32_t)>(of);
  Type two = Type::func<double(const Ref &, uint32_t)>(of);
  Type other = Type::func<double(Ref, int64_t)>(of);
  CHECK(one.raw() == two.raw() && one.raw() != other.raw());
  other = one;
  CHECK(other.raw() == one.raw());
}

CASE(the_data_of_a_store_are_the_programs) {
  static int finalized;
  {
    Store own = new_hpp_store();
    FuncRef::make(own, [] {});
    CHECK(gcroots::out<void *>(gcroots_store_data, own.raw()) == nullptr);
    OK(gcroots_store_set_data(own.raw(), &finalized, count_call));
  }
  CHECK(finalized == 1);
}

CASE(a_store_that_moves_stays_where_it_is) {
  Store first = new_hpp_store();
  StoreRef view = first;
  Ref func = FuncRef::make(first, [](StoreRef of) { of.gc(); });
  Store second(std::move(first));
  CHECK(first.raw() == nullptr && second.raw() == view.raw());
  as<FuncRef>(func).call(view);
  Store third = new_hpp_store();
  third = std::move(second);
  CHECK(third.raw() == view.raw() && second.raw() == nullptr);
  as<FuncRef>(func).call(third);
}

CASE(a_store_that_is_replaced_is_deleted) {
  using Object = Counted<0>;
  Store own = new_hpp_store();
  ExternRef::make<Object>(own);
  own = new_hpp_store();
  CHECK(Object::alive == 0);
}

CASE(a_store_of_c_can_be_taken_over) {
  gcroots_store_t *made;
  OK(gcroots_store_new(engine, &made));
  Store own(made);
  CHECK(own.raw() == made && own.engine().raw() == engine);
  CHECK(FuncRef::make(own, [] { return 7; }).call<int32_t>(own) == 7);
}

CASE(a_store_of_c_can_be_referred_to) {
  static int handled;
  StoreRef first(store), second(store);
  first.on_finalizer_error([](std::exception_ptr) { handled++; });
  Ref func = FuncRef::make(first, [] { throw 7; });
  THROWS_A(int, as<FuncRef>(func).call(second));
  CHECK(ExternRef::make<int>(first, 3).get<int>(second) == 3);
  struct Bomb {
    bool armed = false;
    ~Bomb() noexcept(false) {
      if (armed) throw 8;
    }
  };
  ExternRef::make<Bomb>(second).get<Bomb>(second).armed = true;
  OK(gcroots_store_free(store));
  store = nullptr;
  CHECK(handled == 1);
}

CASE(a_store_of_another_thread_cannot_be_referred_to) {
  std::thread([] { THROWS(GCROOTS_ERROR_WRONG_THREAD, StoreRef(store)); }).join();
  THROWS(GCROOTS_ERROR_NULL_ARGUMENT, StoreRef(nullptr));
}

CASE(close_deletes_once) {
  using Object = Counted<0>;
  Store own = new_hpp_store();
  ExternRef::make<Object>(own);
  own.close();
  CHECK(own.raw() == nullptr && Object::alive == 0);
  own.close();
}

CASE(close_inside_a_callback_throws_and_changes_nothing) {
  Store own = new_hpp_store();
  FuncRef::make(own, [&own] { THROWS(GCROOTS_ERROR_BUSY, own.close()); }).call(own);
  CHECK(own.raw() != nullptr);
  own.verify();
}

CASE(a_detached_store_is_deleted_by_any_thread) {
  using Object = Counted<0>;
  Store own = new_hpp_store();
  ExternRef::make<Object>(own);
  own.detach();
  THROWS(GCROOTS_ERROR_WRONG_THREAD, own.gc());
  std::thread([taken = std::move(own)]() mutable { Store here = std::move(taken); }).join();
  CHECK(Object::alive == 0);
}

CASE(a_store_whose_thread_has_ended_is_deleted) {
  using Object = Counted<0>;
  Store own;
  std::thread([&own] {
    own = new_hpp_store();
    ExternRef::make<Object>(own);
  }).join();
  own.attach();
  CHECK(Object::alive == 1);
  own.detach();
  own = new_hpp_store();
  CHECK(Object::alive == 0);
}

CASE(a_store_of_a_thread_that_lives_is_leaked) {
  using Object = Counted<0>;
  static Store own = new_hpp_store();
  static StoreRef view = own;
  Ref ref = ExternRef::make<Object>(view, 7);
  std::thread([] { Store here = std::move(own); }).join();
  CHECK(own.raw() == nullptr && Object::alive == 1);
  CHECK(as<ExternRef>(ref).get<Object>(view).number == 7);
  FuncRef::make(view, [] {}).call(view);
  OK(gcroots_store_free(view.raw()));
  CHECK(Object::alive == 0);
}
