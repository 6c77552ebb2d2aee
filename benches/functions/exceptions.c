/* Tags and exceptions. An exception has two references. */
#include "functions.h"

static void tag_new(uint64_t count) {
  REPEAT(gcroots_tag_t tag; MUST(gcroots_tag_new(store, type.tag, &tag)))
}

static void tag_type(uint64_t count) {
  REPEAT(gcroots_type_t * of; MUST(gcroots_tag_type(store, object.tag, &of)); gcroots_type_free(of))
}

static void tag_eq(uint64_t count) {
  bool is;
  REPEAT(MUST(gcroots_tag_eq(store, object.tag, object.tag, &is)); KEEP(is))
}

static void new (uint64_t count) {
  const gcroots_val_t val = val_of_ref(object.pair), fields[2] = {val, val};
  IN_SCOPES(gcroots_ref_t ref; MUST(gcroots_exn_new(store, object.tag, fields, 2, &ref)))
}

static void tag(uint64_t count) {
  gcroots_tag_t read;
  REPEAT(MUST(gcroots_exn_tag(store, object.exn, &read)); KEEP(&read))
}

static void field(uint64_t count) {
  IN_SCOPES(gcroots_val_t val; MUST(gcroots_exn_field(store, object.exn, 1, &val)))
}

static void throw_take(uint64_t count) {
  IN_SCOPES(gcroots_ref_t ref; MUST(gcroots_store_throw(store, object.exn));
            MUST(gcroots_store_take_exception(store, &ref)))
}

static void throw_take_manually_rooted(uint64_t count) {
  REPEAT(gcroots_manually_rooted_t root; MUST(gcroots_store_throw(store, object.exn));
         MUST(gcroots_store_take_exception_manually_rooted(store, &root));
         MUST(gcroots_manually_rooted_unroot(store, &root)))
}

static void has(uint64_t count) {
  bool is;
  REPEAT(MUST(gcroots_store_has_exception(store, &is)); KEEP(is))
}

const struct row exceptions[] = {
    ROW(gcroots_tag_new, 1, tag_new),
    ROW(gcroots_tag_type, 1, tag_type),
    ROW(gcroots_tag_eq, 2, tag_eq),
    ROW(gcroots_exn_new, 4, new),
    ROW(gcroots_exn_tag, 2, tag),
    ROW(gcroots_exn_field, 2, field),
    ROW(gcroots_store_throw, 1, throw_take),
    ROW(gcroots_store_take_exception, 1, throw_take),
    ROW(gcroots_store_take_exception_manually_rooted, 1, throw_take_manually_rooted),
    ROW(gcroots_store_has_exception, 0, has),
    END};
