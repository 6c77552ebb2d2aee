/* A part of a program with exceptions. c-tests/hpp_result.cpp is the other part, without them. */
#include <gcroots.hpp>

#include <stdexcept>

gcroots::Ref part_func(gcroots_store_t *store);
std::string *part_string(gcroots_store_t *store, gcroots::Ref ref);

gcroots::Ref part_func(gcroots_store_t *store) {
  return gcroots::FuncRef::make(gcroots::StoreRef(store), [](int32_t number) {
    if (number % 2 != 0) throw std::out_of_range("an odd number");
    return 2 * number;
  });
}

std::string *part_string(gcroots_store_t *store, gcroots::Ref ref) {
  gcroots::StoreRef own(store);
  return &gcroots::as<gcroots::ExternRef>(ref).get<std::string>(own);
}
