/* Host objects. */
#include "functions.h"

static void new (uint64_t count) {
  IN_SCOPES(gcroots_ref_t ref; MUST(gcroots_externref_new(store, &store, NULL, &ref)))
}

static void new_manually_rooted(uint64_t count) {
  REPEAT(gcroots_manually_rooted_t root;
         MUST(gcroots_externref_new_manually_rooted(store, &store, NULL, &root));
         MUST(gcroots_manually_rooted_unroot(store, &root)))
}

/* The options have a finalizer, a tag and external bytes. */
static gcroots_externref_options_t options(void) {
  gcroots_externref_options_t made;
  memset(&made, 0, sizeof made);
  made.struct_size = sizeof made;
  made.data = &store;
  made.finalizer = ignore;
  made.tag = &store;
  made.external_bytes = 16;
  return made;
}

static void new_with(uint64_t count) {
  const gcroots_externref_options_t of = options();
  IN_SCOPES(gcroots_ref_t ref; MUST(gcroots_externref_new_with(store, &of, &ref)))
}

static void new_with_manually_rooted(uint64_t count) {
  const gcroots_externref_options_t of = options();
  REPEAT(gcroots_manually_rooted_t root;
         MUST(gcroots_externref_new_with_manually_rooted(store, &of, &root));
         MUST(gcroots_manually_rooted_unroot(store, &root)))
}

static void data(uint64_t count) {
  void *read;
  REPEAT(MUST(gcroots_externref_data(store, object.host, &read)); KEEP(read))
}

static void data_tagged(uint64_t count) {
  const gcroots_externref_options_t of = options();
  gcroots_ref_t ref;
  void *read;
  MUST(gcroots_externref_new_with(store, &of, &ref));
  REPEAT(MUST(gcroots_externref_data_tagged(store, ref, of.tag, &read)); KEEP(read))
}

static void set_data(uint64_t count) {
  REPEAT(MUST(gcroots_externref_set_data(store, object.host, &store)))
}

static void external_bytes(uint64_t count) {
  REPEAT(MUST(gcroots_externref_set_external_bytes(store, object.host, 64));
         MUST(gcroots_externref_adjust_external_bytes(store, object.host, 64));
         MUST(gcroots_externref_adjust_external_bytes(store, object.host, -64)))
}

const struct row externrefs[] = {
    ROW(gcroots_externref_new, 1, new),
    ROW(gcroots_externref_new_manually_rooted, 1, new_manually_rooted),
    ROW(gcroots_externref_new_with, 1, new_with),
    ROW(gcroots_externref_new_with_manually_rooted, 1, new_with_manually_rooted),
    ROW(gcroots_externref_data, 1, data),
    ROW(gcroots_externref_data_tagged, 1, data_tagged),
    ROW(gcroots_externref_set_data, 1, set_data),
    ROW(gcroots_externref_set_external_bytes, 1, external_bytes),
    ROW(gcroots_externref_adjust_external_bytes, 1, external_bytes),
    END};
