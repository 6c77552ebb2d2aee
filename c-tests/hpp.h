/* What the tests of gcroots.hpp share. They use the fixture of check.h for its engine, and
 * make stores of their own.
 */
#ifndef HPP_H
#define HPP_H

#include <gcroots.hpp>
#include "check.h"

using gcroots::as;
using gcroots::ExternRef;
using gcroots::FuncRef;
using gcroots::Ref;

/* The expression throws a gcroots::Error with this status. */
#define THROWS(expected, expression)                                                \
  do {                                                                              \
    gcroots_status_t check_status = GCROOTS_OK;                                     \
    try {                                                                           \
      static_cast<void>(expression);                                                \
    } catch (const gcroots::Error &error) {                                         \
      check_status = error.status();                                                \
    }                                                                               \
    if (check_status != (expected))                                                 \
      check_fail(__FILE__, __LINE__, "%s: expected %s, got %s", #expression,        \
                 gcroots_status_name(expected), gcroots_status_name(check_status)); \
  } while (0)

/* The expression throws an exception of this type. Its address is then in `caught`. */
#define THROWS_A(type, expression)                                                            \
  do {                                                                                        \
    caught = nullptr;                                                                         \
    try {                                                                                     \
      static_cast<void>(expression);                                                          \
    } catch (const type &error) {                                                             \
      caught = &error;                                                                        \
    }                                                                                         \
    if (caught == nullptr) check_fail(__FILE__, __LINE__, "%s threw no " #type, #expression); \
  } while (0)

inline const void *caught;

static inline gcroots::Engine fixture_engine() {
  return gcroots::Engine(gcroots_engine_clone(engine));
}

#if GCROOTS_HPP_THROWS

static inline gcroots::Store new_hpp_store() {
  return gcroots::Store(fixture_engine());
}

/* Makes a store of the variant that 64 KiB of objects fill. */
static inline gcroots::Store new_small_store() {
  gcroots_config_t *config = variant_config(spaces() * 64 * 1024);
  gcroots_engine_t *its_engine;
  OK(gcroots_engine_new(config, &its_engine));
  gcroots_config_free(config);
  return gcroots::Store(gcroots::Engine(its_engine));
}

#endif

static inline gcroots_status_t make_until_refused(gcroots::StoreRef of) {
  Ref ref;
  gcroots_status_t status;
  while ((status = gcroots_externref_new(of.raw(), nullptr, nullptr, &ref)) == GCROOTS_OK) {
  }
  return status;
}

/* Makes objects until the store has no room for another one: as fill_store() in check.h. */
static inline void fill(gcroots::StoreRef of) {
  if (stressed) {
    OK(gcroots_store_gc(of.raw()));
    OK(gcroots_no_gc_enter(of.raw()));
    make_until_refused(of);
    OK(gcroots_no_gc_exit(of.raw()));
  }
  CHECK(make_until_refused(of) == GCROOTS_ERROR_OUT_OF_MEMORY);
}

/* Counts the instances that live. */
template <int>
struct Counted {
  static inline int alive = 0;
  int number = 0;
  Counted() {
    alive++;
  }
  explicit Counted(int its_number) : number(its_number) {
    alive++;
  }
  Counted(const Counted &other) : number(other.number) {
    alive++;
  }
  ~Counted() {
    alive--;
  }
};

#endif
