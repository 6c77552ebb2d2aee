/* Includes the header twice and before any other, and uses each template of it. */
#include <gcroots.hpp>
#include <gcroots.hpp>

#if __cplusplus < 201703L
#error "an older version of C++"
#endif

int header_use_hpp();
int header_use_hpp() {
  gcroots::Store store(gcroots::Engine(gcroots::Config().pool(0)));
  gcroots::Scope scope(store);
  gcroots::Local local(store, store.externref<std::string>("text"));
  gcroots::ManuallyRooted kept(store, local);
  gcroots::Type type = gcroots::Type::func<std::tuple<float, gcroots::Ref>(double)>(store.engine());
  gcroots::Ref typed =
      store.func(type, [](double number) { return std::tuple(float(number), gcroots::Ref{}); });
  gcroots::Ref dynamic = store.func(
      type, [](gcroots::StoreRef of, const gcroots_val_t *, size_t, gcroots_val_t *results,
               size_t) { results[1].of.ref = of.externref<int>(1); });
  gcroots::Ref length = store.func([](gcroots::StoreRef of, gcroots::Ref text) noexcept {
    return static_cast<uint64_t>(of.get<std::string>(text).size());
  });
  auto [number, ref] = store.call<std::tuple<float, gcroots::Ref>>(typed, 2.0);
  store.call<std::tuple<float, gcroots::Ref>>(dynamic, 2.0);
  bool found = store.get_if<std::string>(scope.escape(ref)) != nullptr;
  return found && number > 1 && store.call<uint64_t>(length, kept) == 4;
}
