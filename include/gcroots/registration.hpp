/// Descriptions of types, and how they are registered with an engine.
#ifndef GCROOTS_REGISTRATION_HPP
#define GCROOTS_REGISTRATION_HPP

#include "state.hpp"

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

}  // namespace gcroots

#pragma GCC visibility pop

#endif  // GCROOTS_REGISTRATION_HPP
