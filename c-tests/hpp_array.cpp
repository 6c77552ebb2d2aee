/* gcroots.hpp: arrays, byte strings, spans and iteration. */
#include "hpp.h"
#include <array>
#include <vector>

using namespace gcroots;

struct Node : struct_type<field<int32_t>> {};

CASE(an_element_has_the_value_that_was_set) {
  Store own = new_hpp_store();
  Scope scope(own);
  auto numbers = ArrayRef<int64_t>::make(own, 10);
  numbers.set(own, 3, INT64_MIN);
  CHECK(numbers.get(own, 3) == INT64_MIN && numbers.get(own, 4) == 0);
  CHECK(numbers.length(own) == 10);
  THROWS(GCROOTS_ERROR_OUT_OF_BOUNDS, numbers.get(own, 10));
  THROWS(GCROOTS_ERROR_OUT_OF_BOUNDS, numbers.set(own, SIZE_MAX, 1));
  auto equal = ArrayRef<uint16_t>::make(own, 5, 65535);
  CHECK(equal.get(own, 4) == 65535);
  auto given = ArrayRef<const float>::of(own, 1.5f, 2.5f);
  CHECK(given.length(own) == 2 && given.get(own, 1) == 2.5f);
}

CASE(an_array_holds_references) {
  Store own = new_hpp_store();
  Scope scope(own);
  auto node = StructRef<Node>::make(own, 7);
  auto nodes = ArrayRef<nullable<StructRef<Node>>>::make(own, 4);
  nodes.set(own, 2, node);
  own.gc();
  CHECK(own.is_null(nodes.get(own, 0)) && nodes.get(own, 2).get<0>(own) == 7);
  Local<StructRef<Node>> local(own);
  nodes.get_into(own, 2, local);
  CHECK(own.same(local, node));
  nodes.fill(own, 0, node, 4);
  for (auto each : nodes.elements(own)) CHECK(own.same(each, node));
  auto others = ArrayRef<nullable<StructRef<Node>>>::of(own, node, nullptr, local);
  CHECK(own.is_null(others.get(own, 1)) && own.same(others.get(own, 2), node));
  nodes.copy(own, 1, others, 1, 2);
  CHECK(own.is_null(nodes.get(own, 1)) && own.same(nodes.get(own, 0), node));
  THROWS(GCROOTS_ERROR_OUT_OF_BOUNDS, nodes.copy(own, 3, others, 0, 2));
  THROWS(GCROOTS_ERROR_NULL_REFERENCE, ArrayRef<ref<StructRef<Node>>>::make(own, 2, nullptr));
}

CASE(elements_are_copied_from_and_to_memory) {
  Store own = new_hpp_store();
  Scope scope(own);
  std::vector<double> from{1, 2, 3};
  auto numbers = ArrayRef<double>::copy_of(own, from);
  std::array<double, 2> to{};
  numbers.read(own, 1, to);
  CHECK(to[0] == 2 && to[1] == 3);
  const double more[] = {8, 9};
  numbers.write(own, 0, more);
  CHECK(numbers.get(own, 0) == 8 && numbers.get(own, 1) == 9 && numbers.get(own, 2) == 3);
  THROWS(GCROOTS_ERROR_OUT_OF_BOUNDS, numbers.write(own, 2, more));
  THROWS(GCROOTS_ERROR_OUT_OF_BOUNDS, numbers.read(own, 2, to));
  double sum = 0;
  for (double number : numbers.elements(own)) sum += number;
  CHECK(sum == 20);
  CHECK(ArrayRef<double>::copy_of(own, Span<const double>()).length(own) == 0);
}

CASE(a_byte_string_has_its_bytes) {
  Store own = new_hpp_store();
  Scope scope(own);
  auto text = Bytes::copy_of(own, "caf\xc3\xa9");
  CHECK(text.length(own) == 5 && text.string(own) == "caf\xc3\xa9" && text.get(own, 4) == 0xa9);
  auto zeros = ArrayRef<char>::copy_of(own, std::string_view("a\0b", 3));
  zeros.set(own, 0, 'x');
  CHECK(zeros.string(own) == std::string("x\0b", 3));
  CHECK(Bytes::copy_of(own, "").string(own).empty());
  CHECK(ArrayRef<char>::copy_of(own, std::string("text")).string(own) == "text");
}

CASE(a_span_is_the_memory_of_the_elements) {
  Store own = new_hpp_store();
  Scope scope(own);
  auto numbers = ArrayRef<int32_t>::make(own, 100);
  {
    NoGc no_gc(own);
    Span<int32_t> span = numbers.span(no_gc);
    CHECK(span.size() == 100 && span.end() - span.begin() == 100);
    for (size_t i = 0; i < span.size(); i++) span[i] = int32_t(i);
    THROWS(GCROOTS_ERROR_NO_GC, own.gc());
#ifdef __cpp_lib_span
    std::span<int32_t> standard = span;
    CHECK(standard.data() == span.data() && standard.size() == 100);
#endif
  }
  own.gc();
  CHECK(numbers.get(own, 99) == 99);
  auto constant = Bytes::copy_of(own, "abc");
  NoGc no_gc(own);
  static_assert(std::is_same_v<decltype(constant.span(no_gc)), Span<const uint8_t>>);
  CHECK(constant.span(no_gc)[1] == 'b');
}

CASE(any_array_has_a_length_and_values) {
  Store own = new_hpp_store();
  Scope scope(own);
  Rooted<ArrayRef<>> any = ArrayRef<int32_t>::of(own, 1, 2, 3);
  CHECK(any.length(own) == 3 && any.get_value(own, 2).of.i32 == 3);
  gcroots_val_t value{};
  value.kind = GCROOTS_STORAGE_I32;
  value.of.i32 = 9;
  any.set_value(own, 0, value);
  CHECK(own.cast<ArrayRef<int32_t>>(any).get(own, 0) == 9);
  THROWS(GCROOTS_ERROR_TYPE_MISMATCH, own.cast<ArrayRef<int64_t>>(any));
  THROWS(GCROOTS_ERROR_TYPE_MISMATCH, own.cast<ArrayRef<const int32_t>>(any));
}

CASE(elements_of_another_type_are_refused) {
  Store own = new_hpp_store();
  Scope scope(own);
  auto numbers = ArrayRef<int32_t>::make(own, 3);
  THROWS(GCROOTS_ERROR_TYPE_MISMATCH, as<ArrayRef<double>>(numbers).get(own, 0));
  THROWS(GCROOTS_ERROR_TYPE_MISMATCH, as<ArrayRef<int64_t>>(numbers).set(own, 0, 1));
  THROWS(GCROOTS_ERROR_TYPE_MISMATCH,
         as<ArrayRef<int32_t>>(StructRef<Node>::make(own, 1)).get(own, 0));
  THROWS(GCROOTS_ERROR_IMMUTABLE, as<ArrayRef<char>>(Bytes::copy_of(own, "x")).set(own, 0, 'y'));
}
