/* The hot operations in C and in C++, side by side: what gcroots.hpp costs over gcroots.h. Both
 * run the same loop, and the loop is part of the figure.
 *
 *   cpp_operations NAME_c|NAME_cpp COUNT   runs an operation COUNT times inside measured()
 *   cpp_operations                         prints the names
 *   cpp_operations --time                  prints the time of each
 */
#include "../measure.h"

#include <gcroots.hpp>

#include "../must.h"

using namespace gcroots;

struct Pair : struct_type<field<int32_t>, field<nullable<StructRef<Pair>>>> {
  enum : std::size_t { number, next };
};

static Store owner;
static gcroots_store_t *store;
static gcroots_type_t *type;
static Rooted<StructRef<Pair>> pair;
static Rooted<ArrayRef<int32_t>> numbers;
static Rooted<ExternRef> object;
static ManuallyRooted<StructRef<Pair>> manual;

/* Runs BODY `count` times, 256 times in each scope. */
#define IN_SCOPES_C(BODY)                       \
  gcroots_store_t *const s = store;             \
  while (count > 0) {                           \
    uint64_t batch = count < 256 ? count : 256; \
    gcroots_scope_t scope;                      \
    count -= batch;                             \
    MUST(gcroots_scope_enter(s, &scope));       \
    while (batch-- > 0) {                       \
      BODY;                                     \
    }                                           \
    MUST(gcroots_scope_exit(s, scope));         \
  }
#define IN_SCOPES_CPP(BODY)                     \
  const StoreRef s = owner;                     \
  while (count > 0) {                           \
    uint64_t batch = count < 256 ? count : 256; \
    count -= batch;                             \
    Scope scope(s);                             \
    while (batch-- > 0) {                       \
      BODY;                                     \
    }                                           \
  }

static void scope_c(uint64_t count) {
  gcroots_store_t *const s = store;
  while (count-- > 0) {
    gcroots_scope_t scope;
    MUST(gcroots_scope_enter(s, &scope));
    MUST(gcroots_scope_exit(s, scope));
  }
}
static void scope_cpp(uint64_t count) {
  const StoreRef s = owner;
  while (count-- > 0) Scope scope(s);
}

static void root_c(uint64_t count) {
  const gcroots_ref_t from = pair;
  IN_SCOPES_C(gcroots_ref_t ref; MUST(gcroots_local_new(s, from, &ref)); KEEP(&ref))
}
static void root_cpp(uint64_t count) {
  const auto from = pair;
  IN_SCOPES_CPP(Local local(s, from); auto ref = local.ref(); KEEP(&ref))
}

static void escape_c(uint64_t count) {
  const gcroots_ref_t ref = pair;
  IN_SCOPES_C(gcroots_scope_t inner; gcroots_ref_t escaped; MUST(gcroots_scope_enter(s, &inner));
              MUST(gcroots_scope_escape(s, inner, ref, &escaped)); KEEP(&escaped))
}
static void escape_cpp(uint64_t count) {
  const auto ref = pair;
  IN_SCOPES_CPP(Scope inner(s); auto escaped = inner.escape(ref); KEEP(&escaped))
}

static void assign_c(uint64_t count) {
  gcroots_store_t *const s = store;
  const gcroots_ref_t from = pair;
  gcroots_scope_t scope;
  gcroots_ref_t local;
  MUST(gcroots_scope_enter(s, &scope));
  MUST(gcroots_local_new(s, from, &local));
  while (count-- > 0) MUST(gcroots_ref_assign(s, local, from));
  MUST(gcroots_scope_exit(s, scope));
}
static void assign_cpp(uint64_t count) {
  const auto from = pair;
  Scope scope(owner);
  Local local(owner, from);
  while (count-- > 0) local = from;
}

static void field_get_c(uint64_t count) {
  gcroots_store_t *const s = store;
  const gcroots_ref_t ref = pair;
  while (count-- > 0) {
    int32_t value;
    MUST(gcroots_struct_get_i32(s, ref, Pair::number, &value));
    KEEP(value);
  }
}
static void field_get_cpp(uint64_t count) {
  const StoreRef s = owner;
  const auto ref = pair;
  while (count-- > 0) KEEP(ref.get<Pair::number>(s));
}

static void field_set_c(uint64_t count) {
  gcroots_store_t *const s = store;
  const gcroots_ref_t ref = pair;
  while (count-- > 0) MUST(gcroots_struct_set_i32(s, ref, Pair::number, 7));
}
static void field_set_cpp(uint64_t count) {
  const StoreRef s = owner;
  const auto ref = pair;
  while (count-- > 0) ref.set<Pair::number>(s, 7);
}

static void field_get_ref_c(uint64_t count) {
  const gcroots_ref_t ref = pair;
  IN_SCOPES_C(gcroots_ref_t next; MUST(gcroots_struct_get_ref(s, ref, Pair::next, &next));
              KEEP(&next))
}
static void field_get_ref_cpp(uint64_t count) {
  const auto ref = pair;
  IN_SCOPES_CPP(auto next = ref.get<Pair::next>(s); KEEP(&next))
}

static void field_set_ref_c(uint64_t count) {
  gcroots_store_t *const s = store;
  const gcroots_ref_t ref = pair;
  while (count-- > 0) MUST(gcroots_struct_set_ref(s, ref, Pair::next, ref));
}
static void field_set_ref_cpp(uint64_t count) {
  const StoreRef s = owner;
  const auto ref = pair;
  while (count-- > 0) ref.set<Pair::next>(s, ref);
}

static void read_manual_c(uint64_t count) {
  gcroots_store_t *const s = store;
  const gcroots_ref_t ref = manual.ref();
  while (count-- > 0) {
    int32_t value;
    MUST(gcroots_struct_get_i32(s, ref, Pair::number, &value));
    KEEP(value);
  }
}
static void read_manual_cpp(uint64_t count) {
  const StoreRef s = owner;
  const auto &ref = manual;
  while (count-- > 0) KEEP(ref.get<Pair::number>(s));
}

static void read_object_c(uint64_t count) {
  gcroots_store_t *const s = store;
  const gcroots_ref_t ref = object;
  while (count-- > 0) {
    void *data;
    MUST(gcroots_externref_data_tagged(s, ref, &shared::tag<int>, &data));
    KEEP(data);
  }
}
static void read_object_cpp(uint64_t count) {
  const StoreRef s = owner;
  const auto ref = object;
  while (count-- > 0) KEEP(&ref.get<int>(s));
}

static void element_get_c(uint64_t count) {
  gcroots_store_t *const s = store;
  const gcroots_ref_t ref = numbers;
  while (count-- > 0) {
    int32_t value;
    MUST(gcroots_array_get_i32(s, ref, 3, &value));
    KEEP(value);
  }
}
static void element_get_cpp(uint64_t count) {
  const StoreRef s = owner;
  const auto ref = numbers;
  while (count-- > 0) KEEP(ref.get(s, 3));
}

static void struct_new_c(uint64_t count) {
  const gcroots_type_t *const its_type = type;
  const gcroots_ref_t next = pair;
  gcroots_val_t fields[2];
  IN_SCOPES_C(gcroots_ref_t ref; fields[0].kind = GCROOTS_STORAGE_I32; fields[0].of.i32 = 7;
              fields[1].kind = GCROOTS_STORAGE_REF; fields[1].of.ref = next;
              MUST(gcroots_struct_new(s, its_type, fields, 2, &ref)); KEEP(&ref))
}
static void struct_new_cpp(uint64_t count) {
  const gcroots_type_t *const its_type = type;
  const auto next = pair;
  IN_SCOPES_CPP(auto ref = StructRef<Pair>::make(s, its_type, 7, next); KEEP(&ref))
}

/* The type is searched in the store each time. */
static void struct_new_search_cpp(uint64_t count) {
  const auto next = pair;
  IN_SCOPES_CPP(auto ref = StructRef<Pair>::make(s, 7, next); KEEP(&ref))
}

static void manual_unroot_c(uint64_t count) {
  gcroots_store_t *const s = store;
  const gcroots_ref_t ref = pair;
  while (count-- > 0) {
    gcroots_manually_rooted_t root;
    MUST(gcroots_ref_to_manually_rooted(s, ref, &root));
    MUST(gcroots_manually_rooted_unroot(s, &root));
  }
}
static void manual_unroot_cpp(uint64_t count) {
  const StoreRef s = owner;
  const auto ref = pair;
  while (count-- > 0) {
    ManuallyRooted root(s, ref);
    root.unroot(s);
  }
}

/* The destructor unroots. */
static void manual_destroy_c(uint64_t count) {
  gcroots_store_t *const s = store;
  const gcroots_ref_t ref = pair;
  while (count-- > 0) {
    gcroots_manually_rooted_t root;
    MUST(gcroots_ref_to_manually_rooted(s, ref, &root));
    MUST(gcroots_manually_rooted_unroot_later(&root));
  }
}
static void manual_destroy_cpp(uint64_t count) {
  const StoreRef s = owner;
  const auto ref = pair;
  while (count-- > 0) ManuallyRooted root(s, ref);
}

#define BOTH(name)           \
  {#name "_c", name##_c}, {  \
#name "_cpp", name##_cpp \
  }
static const struct operation operations[] = {
    BOTH(scope),         BOTH(root),           BOTH(escape),
    BOTH(assign),        BOTH(field_get),      BOTH(field_set),
    BOTH(field_get_ref), BOTH(field_set_ref),  BOTH(read_manual),
    BOTH(read_object),   BOTH(element_get),    BOTH(struct_new),
    BOTH(manual_unroot), BOTH(manual_destroy), {"struct_new_search_cpp", struct_new_search_cpp},
};
#undef BOTH

int main(int argc, char **argv) {
  owner = Store(Engine());
  store = owner.raw();
  Scope scope(owner);
  pair = StructRef<Pair>::make(owner, 7, nullptr);
  pair.set<Pair::next>(owner, pair);
  numbers = ArrayRef<int32_t>::make(owner, 10);
  object = ExternRef::make<int>(owner, 5);
  manual = ManuallyRooted(owner, pair);
  Type registered = Type::of<StructRef<Pair>>(owner);
  type = registered.raw();
  int status = run_operations(argc, argv, operations, sizeof operations / sizeof *operations);
  manual.unroot(owner);
  return status;
}
