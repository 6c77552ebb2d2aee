/* References, scopes, locals and manual roots. */
#include "functions.h"

static void same_root(uint64_t count) {
  REPEAT(KEEP(gcroots_ref_same_root(object.pair, object.host)))
}

static void eq(uint64_t count) {
  bool is;
  REPEAT(MUST(gcroots_ref_eq(store, object.pair, object.local, &is)); KEEP(is))
}

/* The object was hashed before. */
static void hash(uint64_t count) {
  uint64_t value;
  REPEAT(MUST(gcroots_ref_hash(store, object.pair, &value)); KEEP(value))
}

static void assign(uint64_t count) {
  REPEAT(MUST(gcroots_ref_assign(store, object.local, object.pair)))
}

const struct row references[] = {ROW(gcroots_ref_same_root, 2, same_root),
                                 ROW(gcroots_ref_eq, 2, eq), ROW(gcroots_ref_hash, 1, hash),
                                 ROW(gcroots_ref_assign, 2, assign), END};

static void enter_exit(uint64_t count) {
  REPEAT(gcroots_scope_t scope; MUST(gcroots_scope_enter(store, &scope));
         MUST(gcroots_scope_exit(store, scope)))
}

static void unwind(uint64_t count) {
  REPEAT(gcroots_scope_t scope; MUST(gcroots_scope_enter(store, &scope));
         MUST(gcroots_scope_unwind(store, scope)))
}

static void escape(uint64_t count) {
  IN_SCOPES(gcroots_scope_t scope; gcroots_ref_t ref, escaped;
            MUST(gcroots_scope_enter(store, &scope));
            MUST(gcroots_local_new(store, object.pair, &ref));
            MUST(gcroots_scope_escape(store, scope, ref, &escaped)))
}

static void reserve(uint64_t count) {
  REPEAT(MUST(gcroots_scope_reserve(store, 16)))
}

static void local_new(uint64_t count) {
  IN_SCOPES(gcroots_ref_t ref; MUST(gcroots_local_new(store, object.pair, &ref)))
}

static void local_is_null(uint64_t count) {
  bool is;
  REPEAT(MUST(gcroots_local_is_null(store, object.local, &is)); KEEP(is))
}

const struct row scopes[] = {
    ROW(gcroots_scope_enter, 1, enter_exit),      ROW(gcroots_scope_exit, 1, enter_exit),
    ROW(gcroots_scope_unwind, 1, unwind),         ROW(gcroots_scope_escape, 3, escape),
    ROW(gcroots_scope_reserve, 0, reserve),       ROW(gcroots_local_new, 2, local_new),
    ROW(gcroots_local_is_null, 1, local_is_null), END};

static void root_unroot(uint64_t count) {
  REPEAT(gcroots_manually_rooted_t root;
         MUST(gcroots_ref_to_manually_rooted(store, object.host, &root));
         MUST(gcroots_manually_rooted_unroot(store, &root)))
}

static void clone(uint64_t count) {
  REPEAT(gcroots_manually_rooted_t root;
         MUST(gcroots_manually_rooted_clone(store, object.manual, &root));
         MUST(gcroots_manually_rooted_unroot(store, &root)))
}

static void unroot_later(uint64_t count) {
  REPEAT(gcroots_manually_rooted_t root;
         MUST(gcroots_ref_to_manually_rooted(store, object.host, &root));
         MUST(gcroots_manually_rooted_unroot_later(&root)))
  MUST(gcroots_store_drain_unroots(store));
}

static void to_rooted(uint64_t count) {
  IN_SCOPES(gcroots_ref_t ref; MUST(gcroots_manually_rooted_to_rooted(store, object.manual, &ref)))
}

static void into_rooted(uint64_t count) {
  IN_SCOPES(gcroots_manually_rooted_t root; gcroots_ref_t ref;
            MUST(gcroots_ref_to_manually_rooted(store, object.host, &root));
            MUST(gcroots_manually_rooted_into_rooted(store, &root, &ref)))
}

const struct row manual_roots[] = {ROW(gcroots_ref_to_manually_rooted, 2, root_unroot),
                                   ROW(gcroots_manually_rooted_unroot, 1, root_unroot),
                                   ROW(gcroots_manually_rooted_clone, 2, clone),
                                   ROW(gcroots_manually_rooted_unroot_later, 1, unroot_later),
                                   ROW(gcroots_manually_rooted_to_rooted, 2, to_rooted),
                                   ROW(gcroots_manually_rooted_into_rooted, 2, into_rooted),
                                   END};
