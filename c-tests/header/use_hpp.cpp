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
  gcroots::Local local(store, gcroots::ExternRef::make<std::string>(store, "text"));
  gcroots::ManuallyRooted kept(store, local);
  gcroots::Type type = gcroots::Type::func<std::tuple<float, gcroots::Ref>(double)>(store.engine());
  gcroots::Ref typed = gcroots::FuncRef::make(
      store, type, [](double number) { return std::tuple(float(number), gcroots::Ref{}); });
  gcroots::Ref dynamic = gcroots::FuncRef::make(
      store, type,
      [](gcroots::StoreRef of, const gcroots_val_t *, size_t, gcroots_val_t *results, size_t) {
        results[1].of.ref = gcroots::ExternRef::make<int>(of, 1);
      });
  gcroots::Ref length = gcroots::FuncRef::make(store, [](gcroots::StoreRef of,
                                                         gcroots::Ref text) noexcept {
    return static_cast<uint64_t>(gcroots::as<gcroots::ExternRef>(text).get<std::string>(of).size());
  });
  auto [number, ref] =
      gcroots::as<gcroots::FuncRef>(typed).call<std::tuple<float, gcroots::Ref>>(store, 2.0);
  gcroots::as<gcroots::FuncRef>(dynamic).call<std::tuple<float, gcroots::Ref>>(store, 2.0);
  bool found =
      gcroots::as<gcroots::ExternRef>(scope.escape(ref)).get_if<std::string>(store) != nullptr;
  return found && number > 1 &&
         gcroots::as<gcroots::FuncRef>(length).call<uint64_t>(store, kept) == 4;
}
