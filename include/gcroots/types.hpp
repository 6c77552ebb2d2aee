/// Types: registered ones, and descriptions of structs, arrays and functions as C++ types.
///
///   struct Node : gcroots::struct_type<gcroots::field<int32_t>,
///                                      gcroots::field<gcroots::nullable<gcroots::StructRef<Node>>>>
///                                      {
///     enum : std::size_t { number, next };
///   };
///
/// A description is registered with the engine when a store first needs its type. Types that
/// refer to each other are registered as one rec group, in the order of their C++ names, with
/// supertypes first. So one description gives one type of the engine in each store. GCC and Clang
/// spell names differently: where parts of a process are compiled by both, types that refer to each
/// other may be different types in the two.
#ifndef GCROOTS_TYPES_HPP
#define GCROOTS_TYPES_HPP

#include "values.hpp"

#pragma GCC visibility push(default)

namespace gcroots {

namespace shared {
inline namespace v1 {

struct DescribedField {
  gcroots_storage_t storage;
  gcroots_heap_type_t heap;
  bool is_mutable;
  bool is_nullable;
  /// The description of what it refers to, or null.
  const Description *(*described)() noexcept;
};

/// A type as C++ describes it. There is one object for each C++ type in each shared object.
struct Description {
  /// Orders the members of a rec group.
  const char *name;
  /// Of the name, and of the names and storages of the fields.
  std::uint64_t fingerprint;
  gcroots_type_kind_t kind;
  bool is_final;
  /// The description of the supertype, or null.
  const Description *(*above)() noexcept;
  const DescribedField *fields;
  /// Of functions: parameters, then results.
  std::size_t field_count;
  std::size_t param_count;
};

inline std::uint64_t fingerprint_of(const Description *of) noexcept {
  return of->fingerprint;
}

/// Registers a description and all that it refers to. Finds the rec groups as the strongly
/// connected components of the references, by Tarjan's algorithm (SIAM J. Comput. 1(2), 1972).
class Registration {
 public:
  Registration() = default;
  Registration(const Registration &) = delete;
  Registration &operator=(const Registration &) = delete;
  ~Registration() {
    while (nodes_ != nullptr) delete std::exchange(nodes_, nodes_->next);
    while (groups_ != nullptr) {
      gcroots_rec_group_free(groups_->group);
      delete std::exchange(groups_, groups_->next);
    }
  }

  /// Registers the types. `take(description, type)` gets each of them, owned.
  template <class Take>
  gcroots_status_t run(gcroots_engine_t *engine, const Description *root, Take take) {
    if (visit(root) == nullptr) return status_;
    Array<const gcroots_rec_group_t *> groups(group_count_);
    Array<gcroots_type_t *> types(count_);
    if (groups.all == nullptr || types.all == nullptr) return GCROOTS_ERROR_OUT_OF_MEMORY;
    std::size_t last = group_count_;
    for (Group *group = groups_; group != nullptr; group = group->next)
      groups.all[--last] = group->group;
    gcroots_status_t status =
        gcroots_rec_group_register(engine, groups.all, group_count_, types.all, count_);
    if (status != GCROOTS_OK) return status;
    for (Node *node = nodes_; node != nullptr; node = node->next)
      take(node->of, types.all[node->index]);
    return GCROOTS_OK;
  }

 private:
  struct Node {
    const Description *of;
    Node *next;   // of all nodes
    Node *below;  // on the stack, and then in its component
    std::uint32_t order;
    std::uint32_t low;
    std::uint32_t index;  // in the collection
    std::uint32_t depth;  // the number of supertypes
    bool is_open;
  };
  struct Group {
    gcroots_rec_group_t *group;
    Group *next;
  };
  template <class T>
  struct Array {
    explicit Array(std::size_t count) noexcept : all(new (std::nothrow) T[count + 1]{}) {
    }
    Array(const Array &) = delete;
    Array &operator=(const Array &) = delete;
    ~Array() {
      delete[] all;
    }
    T *all;
  };

  Node *find(const Description *of) const noexcept {
    Node *node = nodes_;
    while (node != nullptr && node->of != of) node = node->next;
    return node;
  }

  static std::uint32_t depth_of(const Description *of) noexcept {
    std::uint32_t depth = 0;
    while (of->above != nullptr) {
      of = of->above();
      depth++;
    }
    return depth;
  }

  /// Returns the node, or null if something failed.
  Node *visit(const Description *of) {
    auto *node = new (std::nothrow) Node{of, nodes_, open_, order_, order_, 0, depth_of(of), true};
    if (node == nullptr) return nullptr;
    order_++;
    nodes_ = open_ = node;
    if (of->above != nullptr && !follow(node, of->above())) return nullptr;
    for (std::size_t i = 0; i < of->field_count; i++) {
      const Description *other = of->fields[i].described();
      if (other != nullptr && !follow(node, other)) return nullptr;
    }
    return node->low != node->order || close(node) ? node : nullptr;
  }

  bool follow(Node *node, const Description *other) {
    Node *found = find(other);
    if (found == nullptr) {
      found = visit(other);
      if (found == nullptr) return false;
      if (found->low < node->low) node->low = found->low;
    } else if (found->is_open && found->order < node->low) {
      node->low = found->order;
    }
    return true;
  }

  /// Whether `a` comes before `b` in their group.
  static bool before(const Node *a, const Node *b) noexcept {
    if (a->depth != b->depth) return a->depth < b->depth;
    return __builtin_strcmp(a->of->name, b->of->name) < 0;
  }

  /// Makes a rec group of the nodes above `root` on the stack.
  bool close(Node *root) {
    Node *members = nullptr;
    Node *node;
    do {
      node = open_;
      open_ = node->below;
      node->is_open = false;
      Node **place = &members;
      while (*place != nullptr && before(*place, node)) place = &(*place)->below;
      node->below = *place;
      *place = node;
    } while (node != root);
    for (node = members; node != nullptr; node = node->below) node->index = count_++;

    auto *group = new (std::nothrow) Group{gcroots_rec_group_new(), groups_};
    if (group == nullptr) return false;
    groups_ = group;
    group_count_++;
    if (group->group == nullptr) return false;
    for (node = members; node != nullptr; node = node->below) {
      status_ = add(group->group, node->of);
      if (status_ != GCROOTS_OK) return false;
    }
    status_ = GCROOTS_ERROR_OUT_OF_MEMORY;
    return true;
  }

  gcroots_status_t add(gcroots_rec_group_t *group, const Description *of) const {
    Array<gcroots_field_type_t> fields(of->field_count);
    if (fields.all == nullptr) return GCROOTS_ERROR_OUT_OF_MEMORY;
    for (std::size_t i = 0; i < of->field_count; i++) fields.all[i] = field(of->fields[i]);
    gcroots_sub_type_t sub{};
    sub.is_final = of->is_final;
    sub.has_supertype = of->above != nullptr;
    if (of->above != nullptr) sub.local = find(of->above())->index;
    std::uint32_t position;
    switch (of->kind) {
      case GCROOTS_TYPE_STRUCT:
        return gcroots_rec_group_add_struct(group, &sub, fields.all, of->field_count, &position);
      case GCROOTS_TYPE_ARRAY:
        return gcroots_rec_group_add_array(group, &sub, fields.all, &position);
      default:
        return gcroots_rec_group_add_func(group, &sub, fields.all, of->param_count,
                                          fields.all + of->param_count,
                                          of->field_count - of->param_count, &position);
    }
  }

  gcroots_field_type_t field(const DescribedField &of) const noexcept {
    gcroots_field_type_t type{};
    type.storage = of.storage;
    type.heap = of.heap;
    type.is_mutable = of.is_mutable;
    type.is_nullable = of.is_nullable;
    const Description *other = of.described();
    if (other != nullptr) {
      type.heap = GCROOTS_HEAP_LOCAL;
      type.local = find(other)->index;
    }
    return type;
  }

  Node *nodes_ = nullptr;
  Node *open_ = nullptr;
  Group *groups_ = nullptr;
  std::size_t group_count_ = 0;
  std::uint32_t order_ = 0;
  std::uint32_t count_ = 0;
  gcroots_status_t status_ = GCROOTS_ERROR_OUT_OF_MEMORY;
};

/// The registered type of a description, owned by the table of the store.
inline gcroots_status_t type_of(gcroots_store_t *store, StoreState *state, const Description *of,
                                gcroots_type_t **out) {
  // A Store that was moved from or closed has no state, and the library refuses it below.
  *out = state != nullptr ? state->types.find(of) : nullptr;
  if (*out != nullptr) return GCROOTS_OK;
  gcroots_engine_t *engine = nullptr;
  gcroots_status_t status = gcroots_store_engine(store, &engine);
  if (status != GCROOTS_OK) return status;
  bool all = true;
  status = Registration().run(engine, of, [&](const Description *each, gcroots_type_t *type) {
    if (state->types.find(each) != nullptr) {
      gcroots_type_free(type);
    } else if (!state->types.add(each, type)) {
      gcroots_type_free(type);
      all = false;
    }
  });
  gcroots_engine_free(engine);
  if (status != GCROOTS_OK) return status;
  *out = state->types.find(of);
  return *out != nullptr && all ? GCROOTS_OK : GCROOTS_ERROR_OUT_OF_MEMORY;
}

}  // namespace v1
}  // namespace shared

inline namespace GCROOTS_HPP_MODE {

/// A field of a description. `field<const T>` is immutable. See values.hpp for the types.
template <class T>
struct field {
  using Type = T;
};

namespace detail {

template <class... Fields>
struct Fields_ {
  static constexpr std::size_t count = sizeof...(Fields);
};

template <class List, class... More>
struct Append;
template <class... Fields, class... More>
struct Append<Fields_<Fields...>, More...> {
  using Type = Fields_<Fields..., More...>;
};

template <std::size_t I, class List>
struct FieldAt;
template <std::size_t I>
struct FieldAt<I, Fields_<>> {
  static_assert(I == SIZE_MAX, "the type has no such field");
};
template <std::size_t I, class First, class... Rest>
struct FieldAt<I, Fields_<First, Rest...>> : FieldAt<I - 1, Fields_<Rest...>> {};
template <class First, class... Rest>
struct FieldAt<0, Fields_<First, Rest...>> {
  using Type = typename First::Type;
};

}  // namespace detail

/// A struct type that is final and has no supertype.
template <class... Fields>
struct struct_type {
  using described_fields = detail::Fields_<Fields...>;
  using described_supertype = void;
  static constexpr bool described_final = true;
};

/// A struct type that others may extend.
template <class... Fields>
struct open_struct_type {
  using described_fields = detail::Fields_<Fields...>;
  using described_supertype = void;
  static constexpr bool described_final = false;
};

/// A struct type with the fields of Super, an open one, and then its own.
template <class Super, class... Fields>
struct sub_struct_type {
  static_assert(!Super::described_final,
                "only an open_struct_type or a sub_struct_type can be extended");
  using described_fields =
      typename detail::Append<typename Super::described_fields, Fields...>::Type;
  using described_supertype = Super;
  static constexpr bool described_final = false;
};

namespace detail {

template <class T>
constexpr shared::DescribedField described_field() noexcept {
  using V = ValueOf<T>;
  return {V::storage, V::heap, !std::is_const_v<T>, V::is_nullable, V::described};
}

/// The name of a C++ type, as the compiler spells it.
template <class T>
constexpr const char *name_of() noexcept {
  return __PRETTY_FUNCTION__;
}

/// A hash of a C++ type's name: FNV-1a.
template <class T>
constexpr std::uint64_t fingerprint() noexcept {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char *at = name_of<T>(); *at != 0; at++)
    hash = (hash ^ static_cast<unsigned char>(*at)) * 0x100000001b3;
  return hash;
}

template <class List>
struct FieldArray;
template <class... Fields>
struct FieldArray<Fields_<Fields...>> {
  static constexpr shared::DescribedField all[sizeof...(Fields) + 1] = {
      described_field<typename Fields::Type>()...};
};

template <class S>
const shared::Description *describe() noexcept;

template <class S>
struct Describe {
  static constexpr shared::Description self = {
      name_of<S>(),
      fingerprint<S>() ^ fingerprint<typename S::described_fields>(),
      GCROOTS_TYPE_STRUCT,
      S::described_final,
      std::is_void_v<typename S::described_supertype> ? nullptr
                                                      : describe<typename S::described_supertype>,
      FieldArray<typename S::described_fields>::all,
      S::described_fields::count,
      0};
};

template <class S>
const shared::Description *describe() noexcept {
  if constexpr (std::is_void_v<S>)
    return nullptr;
  else
    return &Describe<S>::self;
}

template <class E>
struct DescribeArray {
  static constexpr shared::DescribedField element = described_field<E>();
  static constexpr shared::Description self = {name_of<ArrayRef<E>>(),
                                               fingerprint<ArrayRef<E>>(),
                                               GCROOTS_TYPE_ARRAY,
                                               true,
                                               nullptr,
                                               &element,
                                               1,
                                               0};
};

template <class S>
struct ParentOf<StructRef<S>> {
  using Type = StructRef<typename S::described_supertype>;
};
template <>
struct ParentOf<StructRef<void>> {
  using Type = EqRef;
};

template <class S>
struct KindOf<StructRef<S>> {
  static constexpr gcroots_heap_type_t heap = GCROOTS_HEAP_TYPE;
  static const shared::Description *described() noexcept {
    return describe<S>();
  }
};

template <class E>
struct KindOf<ArrayRef<E>> {
  using Parent = ArrayRef<void>;
  static constexpr gcroots_heap_type_t heap = GCROOTS_HEAP_TYPE;
  static const shared::Description *described() noexcept {
    return &DescribeArray<E>::self;
  }
};

/// The registered type of a kind, owned by the store's table. Null for kinds without one.
template <class K>
gcroots_status_t type_of(StoreRef store, gcroots_type_t **out) {
  static_assert(KindOf<K>::heap == GCROOTS_HEAP_TYPE, "the kind has no type of its own");
  return shared::type_of(store.raw(), store.state(), KindOf<K>::described(), out);
}

/// The reference type of a kind, for casts.
template <class K>
gcroots_status_t ref_type_of(StoreRef store, bool is_nullable, gcroots_ref_type_t *out) {
  *out = {};
  out->heap = KindOf<K>::heap;
  out->is_nullable = is_nullable;
  if constexpr (KindOf<K>::heap == GCROOTS_HEAP_TYPE) {
    gcroots_type_t *type = nullptr;
    gcroots_status_t status = type_of<K>(store, &type);
    out->type = type;
    return status;
  } else {
    return GCROOTS_OK;
  }
}

/// The type of a field or global that holds a T.
template <class T>
gcroots_status_t field_type_of(StoreRef store, gcroots_field_type_t *out) {
  using V = ValueOf<T>;
  *out = {};
  out->storage = V::storage;
  out->heap = V::heap;
  out->is_mutable = !std::is_const_v<T>;
  out->is_nullable = V::is_nullable;
  const shared::Description *described = V::described();
  if (described == nullptr) return GCROOTS_OK;
  gcroots_type_t *type = nullptr;
  gcroots_status_t status = shared::type_of(store.raw(), store.state(), described, &type);
  out->type = type;
  return status;
}

}  // namespace detail

/// A counted reference to a registered type.
class Type : public detail::Counted<gcroots_type_t, gcroots_type_clone, gcroots_type_free> {
 public:
  /// None.
  Type() noexcept : Counted(nullptr) {
  }
  /// Takes over a reference that the caller owns.
  explicit Type(gcroots_type_t *taken) noexcept : Counted(taken) {
  }

  /// The type of a kind: `Type::of<StructRef<Node>>(store)`.
  template <class K>
  static Returns<Type> of(StoreRef store) {
    gcroots_type_t *type = nullptr;
    gcroots_status_t status = detail::type_of<K>(store, &type);
    if (status == GCROOTS_OK) {
      type = gcroots_type_clone(type);
      if (type == nullptr) status = GCROOTS_ERROR_LIMIT;
    }
    return detail::finish<Type>(status, type);
  }
  /// The type of a kind, registered with an engine.
  template <class K>
  static Returns<Type> of(const Engine &engine) {
    static_assert(detail::KindOf<K>::heap == GCROOTS_HEAP_TYPE, "the kind has no type of its own");
    gcroots_type_t *found = nullptr;
    const shared::Description *described = detail::KindOf<K>::described();
    gcroots_status_t status = shared::Registration().run(
        engine.raw(), described, [&](const shared::Description *each, gcroots_type_t *type) {
          if (each == described)
            found = type;
          else
            gcroots_type_free(type);
        });
    return detail::finish<Type>(status, found);
  }
  /// The function type of a C++ signature: `Type::func<double(Ref, int32_t)>(engine)`.
  template <class Signature>
  static Returns<Type> func(const Engine &engine);

  Returns<gcroots_type_kind_t> kind() const {
    gcroots_type_kind_t found = 0;
    gcroots_status_t status = gcroots_type_kind(raw(), &found);
    return detail::finish<gcroots_type_kind_t>(status, found);
  }
  Returns<std::uint32_t> index() const {
    std::uint32_t found = 0;
    gcroots_status_t status = gcroots_type_index(raw(), &found);
    return detail::finish<std::uint32_t>(status, found);
  }
  /// Of a function type: parameters and results.
  Returns<std::size_t> field_count() const {
    std::size_t found = 0;
    gcroots_status_t status = gcroots_type_field_count(raw(), &found);
    return detail::finish<std::size_t>(status, found);
  }
  Returns<std::size_t> param_count() const {
    std::size_t found = 0;
    gcroots_status_t status = gcroots_type_param_count(raw(), &found);
    return detail::finish<std::size_t>(status, found);
  }
  /// The caller owns the member `type` of the result.
  Returns<gcroots_field_type_t> field_type(std::size_t at) const {
    gcroots_field_type_t found{};
    gcroots_status_t status = gcroots_type_field(raw(), at, &found);
    return detail::finish<gcroots_field_type_t>(status, found);
  }
  /// Its raw() is null if there is none.
  Returns<Type> supertype() const {
    gcroots_type_t *found = nullptr;
    gcroots_status_t status = gcroots_type_supertype(raw(), &found);
    return detail::finish<Type>(status, found);
  }
  Returns<Type> trampoline() const {
    gcroots_type_t *found = nullptr;
    gcroots_status_t status = gcroots_type_trampoline(raw(), &found);
    return detail::finish<Type>(status, found);
  }
  Returns<bool> same(const Type &other) const {
    bool found = false;
    gcroots_status_t status = gcroots_type_eq(raw(), other.raw(), &found);
    return detail::finish<bool>(status, found);
  }
  Returns<bool> is_subtype_of(const Type &other) const {
    bool found = false;
    gcroots_status_t status = gcroots_type_is_subtype(raw(), other.raw(), &found);
    return detail::finish<bool>(status, found);
  }
  Returns<gcroots_layout_t> layout() const {
    gcroots_layout_t found{};
    gcroots_status_t status = gcroots_type_layout(raw(), &found);
    return detail::finish<gcroots_layout_t>(status, found);
  }
};

// --- Casts

template <class K>
Returns<bool> StoreRef::test(Ref ref) const {
  gcroots_ref_type_t type;
  bool found = false;
  gcroots_status_t status = detail::ref_type_of<K>(*this, false, &type);
  if (status == GCROOTS_OK) status = gcroots_ref_test(raw_, ref, type, &found);
  return detail::finish<bool>(status, found);
}

template <class K>
Returns<Rooted<K>> StoreRef::cast(Ref ref) const {
  gcroots_ref_type_t type;
  Ref made{};
  gcroots_status_t status = detail::ref_type_of<K>(*this, true, &type);
  if (status == GCROOTS_OK) status = gcroots_ref_cast(raw_, ref, type, &made);
  return detail::finish<Rooted<K>>(status, made);
}

/// The registered type of the object that a reference refers to. Its raw() is null if the
/// object has no type of its own.
inline Returns<Type> type_of(StoreRef store, Ref ref) {
  gcroots_type_t *found = nullptr;
  gcroots_status_t status = gcroots_ref_type(store.raw(), ref, &found);
  return detail::finish<Type>(status, found);
}

}  // namespace GCROOTS_HPP_MODE
}  // namespace gcroots

#pragma GCC visibility pop

#endif  // GCROOTS_TYPES_HPP
