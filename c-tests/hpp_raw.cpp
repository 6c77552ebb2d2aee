/* gcroots.hpp: raw references, stacks of them, and root visitors. */
#include "hpp.h"
#include <stdexcept>

using namespace gcroots;

struct Node : struct_type<field<int32_t>, field<nullable<StructRef<Node>>>> {
  enum : std::size_t { number, next };
};
using RawNode = RawRef<StructRef<Node>>;

static_assert(sizeof(RawNode) == 4 && std::is_trivially_copyable_v<RawNode>);
static_assert(std::is_convertible_v<RawNode, RawRef<AnyRef>>);
static_assert(!std::is_convertible_v<RawRef<AnyRef>, RawNode>);

CASE(a_raw_reference_has_the_fields_of_its_object) {
  Store own = new_hpp_store();
  Scope scope(own);
  auto node = StructRef<Node>::make(own, 7, nullptr);
  NoGc no_gc(own);
  RawNode raw = RawNode::of(own, node);
  CHECK(!raw.is_null() && raw.get<Node::number>(own) == 7);
  raw.set<Node::number>(own, 8);
  raw.set<Node::next>(own, raw);
  CHECK(node.get<Node::number>(own) == 8 && raw.get<Node::next>(own) == raw);
  CHECK(own.same(raw.rooted(own), node));
  CHECK(raw.is<StructRef<Node>>(own));
  THROWS(GCROOTS_ERROR_NULL_REFERENCE, RawNode().get<Node::number>(own));
}

CASE(a_raw_array_has_elements) {
  Store own = new_hpp_store();
  RootRange<> stack(own);
  Scope scope(own);
  stack.push(make_raw_array<int64_t>(own, 4, 5));
  auto numbers = RawRef<ArrayRef<int64_t>>(stack.top().bits());
  CHECK(numbers.length(own) == 4 && numbers.get(own, 3) == 5);
  numbers.set(own, 1, 6);
  numbers.copy(own, 0, numbers, 1, 1);
  numbers.fill(own, 2, 9, 2);
  CHECK(numbers.get(own, 0) == 6 && numbers.get(own, 3) == 9);
  THROWS(GCROOTS_ERROR_OUT_OF_BOUNDS, numbers.get(own, 4));
}

/* An interpreter's stack, through collections that move what it refers to. */
CASE(a_stack_keeps_what_it_refers_to) {
  Store own = new_hpp_store();
  RootRange<StructRef<Node>> stack(own);
  Type type = Type::of<StructRef<Node>>(own);
  for (int i = 0; i < 200; i++) {
    stack.push(nullptr);
    RawNode below = i == 0 ? RawNode() : stack.get(size_t(i) - 1);
    stack.set(size_t(i), make_raw<Node>(own, type, i, below));
    if (i % 50 == 0) own.gc();
  }
  CHECK(stack.size() == 200);
  own.gc();
  for (int i = 199; i >= 0; i--) {
    CHECK(stack.top().get<Node::number>(own) == i);
    RawNode popped = stack.pop();
    if (i > 0) CHECK(popped.get<Node::next>(own) == stack.top());
  }
  CHECK(stack.empty());
  own.gc();
  own.verify();
}

CASE(positions_outside_of_a_stack_are_refused) {
  Store own = new_hpp_store();
  RootRange<> stack(own);
  THROWS(GCROOTS_ERROR_OUT_OF_BOUNDS, stack.pop());
  THROWS(GCROOTS_ERROR_OUT_OF_BOUNDS, stack.top());
  THROWS(GCROOTS_ERROR_OUT_OF_BOUNDS, stack.get(0));
  THROWS(GCROOTS_ERROR_OUT_OF_BOUNDS, stack.set(0, nullptr));
  THROWS(GCROOTS_ERROR_OUT_OF_BOUNDS, stack.truncate(1));
  stack.push(nullptr);
  stack.push(nullptr);
  stack.truncate(1);
  CHECK(stack.size() == 1);
}

CASE(a_stack_that_is_moved_is_one_range) {
  Store own = new_hpp_store();
  RootRange<StructRef<Node>> a(own), b(own);
  a.push(make_raw<Node>(own, Type::of<StructRef<Node>>(own), 5, nullptr));
  RootRange<StructRef<Node>> c(std::move(a));
  b = std::move(c);
  own.gc();
  CHECK(b.size() == 1 && b.top().get<Node::number>(own) == 5);
  RootRange<StructRef<Node>> &same = b;
  b = std::move(same);
  CHECK(b.size() == 1);
}

CASE(a_root_visitor_reports_roots) {
  Store own = new_hpp_store();
  static uint32_t slot;
  static int visits;
  slot = 0;
  visits = 0;
  gcroots_root_range_t range{&slot, 1, 0};
  {
    RootVisitor visitor(own, [&range](gcroots_store_t *of) {
      visits++;
      CHECK(report_roots(of, range) == GCROOTS_OK);
    });
    slot = make_raw<Node>(own, Type::of<StructRef<Node>>(own), 5, nullptr).bits();
    own.gc();
    CHECK(!collects || visits > 0);
    CHECK(RawNode(slot).get<Node::number>(own) == 5);
  }
  int before = visits;
  own.gc();
  CHECK(visits == before);
}

CASE(raw_arrays_are_made_of_elements) {
  Store own = new_hpp_store();
  RootRange<> stack(own);
  stack.push(make_raw_array_of<uint8_t>(own, uint8_t(1), uint8_t(255)));
  CHECK(RawRef<ArrayRef<uint8_t>>(stack.top().bits()).get(own, 1) == 255);
  const double numbers[] = {0.5, 1.5};
  stack.push(make_raw_array_copy<double>(own, numbers, 2));
  CHECK(RawRef<ArrayRef<double>>(stack.top().bits()).get(own, 1) == 1.5);
  stack.push(make_raw_default<Node>(own, Type::of<StructRef<Node>>(own)));
  CHECK(RawNode(stack.top().bits()).get<Node::next>(own).is_null());
  NoGc no_gc(own);
  auto *base = static_cast<char *>(own.heap_base());
  CHECK(base != nullptr);
}

CASE(raw_references_name_host_objects) {
  Store own = new_hpp_store();
  Scope scope(own);
  RootRange<> stack(own);
  stack.push(make_raw_externref(own, &own));
  CHECK(RawRef<ExternRef>(stack.top().bits()).data(own) == &own);
  Tag<int32_t> tag(own);
  stack.push(make_raw_exn(own, tag, 5));
  RawRef<ExnRef> exn(stack.top().bits());
  CHECK(exn.field(own, 0).i32 == 5);
  gcroots_tag_t its_tag = exn.tag(own);
  CHECK(gcroots::out<bool>(gcroots_tag_eq, own.raw(), its_tag, tag.raw()));
  exn.make_pending(own);
  CHECK(own.has_exception() && take_raw_exception(own) == exn && !own.has_exception());
  auto twice = FuncRef::make(own, [](int32_t number) {
    if (number == 0) throw std::out_of_range("zero");
    return 2 * number;
  });
  auto func = RawRef<FuncRef>::of(own, twice);
  gcroots_raw_val_t number{}, result{};
  number.i32 = 21;
  func.call(own, &number, 1, &result, 1);
  CHECK(result.i32 == 42);
  number.i32 = 0;
  THROWS(GCROOTS_ERROR_EXCEPTION,
         RawRef<FuncRef>::of(own, twice).call(own, &number, 1, &result, 1));
  CHECK(own.has_exception() && take_raw_exception(own) != nullptr);
}
