/* Types and rec groups. */
#include "functions.h"

static void clone_free(uint64_t count) {
  REPEAT(gcroots_type_free(gcroots_type_clone(type.pair)))
}

static void kind(uint64_t count) {
  gcroots_type_kind_t read;
  REPEAT(MUST(gcroots_type_kind(type.pair, &read)); KEEP(read))
}

static void index_of(uint64_t count) {
  uint32_t read;
  REPEAT(MUST(gcroots_type_index(type.pair, &read)); KEEP(read))
}

static void counts(uint64_t count) {
  size_t read;
  REPEAT(MUST(gcroots_type_field_count(type.pair, &read)); KEEP(read);
         MUST(gcroots_type_param_count(type.func, &read)); KEEP(read))
}

static void field(uint64_t count) {
  gcroots_field_type_t read;
  REPEAT(MUST(gcroots_type_field(type.pair, 1, &read)); KEEP(&read))
}

static void supertype(uint64_t count) {
  REPEAT(gcroots_type_t * of; MUST(gcroots_type_supertype(type.pair, &of)); gcroots_type_free(of))
}

static void trampoline(uint64_t count) {
  REPEAT(gcroots_type_t * of; MUST(gcroots_type_trampoline(type.func, &of)); gcroots_type_free(of))
}

static void compare(uint64_t count) {
  bool is;
  REPEAT(MUST(gcroots_type_eq(type.pair, type.upper, &is)); KEEP(is);
         MUST(gcroots_type_is_subtype(type.pair, type.upper, &is)); KEEP(is))
}

static void layout(uint64_t count) {
  gcroots_layout_t read;
  REPEAT(MUST(gcroots_type_layout(type.pair, &read)); KEEP(&read))
}

/* The engine has the type already. */
static void new_func(uint64_t count) {
  const gcroots_field_type_t ref = field_of(GCROOTS_STORAGE_REF);
  gcroots_type_t *first;
  MUST(gcroots_type_new_func(engine, &ref, 1, &ref, 1, &first));
  REPEAT(gcroots_type_t * made; MUST(gcroots_type_new_func(engine, &ref, 1, &ref, 1, &made));
         gcroots_type_free(made))
  gcroots_type_free(first);
}

const struct row types[] = {ROW(gcroots_type_clone, 0, clone_free),
                            ROW(gcroots_type_free, 0, clone_free),
                            ROW(gcroots_type_kind, 0, kind),
                            ROW(gcroots_type_index, 0, index_of),
                            ROW(gcroots_type_field_count, 0, counts),
                            ROW(gcroots_type_param_count, 0, counts),
                            ROW(gcroots_type_field, 0, field),
                            ROW(gcroots_type_supertype, 0, supertype),
                            ROW(gcroots_type_trampoline, 0, trampoline),
                            ROW(gcroots_type_eq, 0, compare),
                            ROW(gcroots_type_is_subtype, 0, compare),
                            ROW(gcroots_type_layout, 0, layout),
                            BULK(gcroots_type_new_func, 0, "the parameters", new_func),
                            END};

/* Registers a group of a struct, an array and a function. The engine has it already from the
   first time. */
static void group(uint64_t count) {
  enum { TYPES = 3 };
  const gcroots_field_type_t ref = field_of(GCROOTS_STORAGE_REF);
  gcroots_type_t *kept[TYPES];
  for (uint64_t i = 0; i <= count; i++) {
    gcroots_rec_group_t *made = gcroots_rec_group_new();
    const gcroots_rec_group_t *registered[1];
    gcroots_type_t *again[TYPES];
    uint32_t position;
    MUST(gcroots_rec_group_set_unique(made, false));
    MUST(gcroots_rec_group_add_struct(made, NULL, &ref, 1, &position));
    MUST(gcroots_rec_group_add_array(made, NULL, &ref, &position));
    MUST(gcroots_rec_group_add_func(made, NULL, &ref, 1, &ref, 1, &position));
    registered[0] = made;
    MUST(gcroots_rec_group_register(engine, registered, 1, i == 0 ? kept : again, TYPES));
    gcroots_rec_group_free(made);
    for (int t = 0; i > 0 && t < TYPES; t++) gcroots_type_free(again[t]);
  }
  for (int t = 0; t < TYPES; t++) gcroots_type_free(kept[t]);
}

const struct row groups[] = {ROW(gcroots_rec_group_new, 0, group),
                             BULK(gcroots_rec_group_free, 0, "the types and fields", group),
                             ROW(gcroots_rec_group_set_unique, 0, group),
                             BULK(gcroots_rec_group_add_struct, 0, "the fields", group),
                             ROW(gcroots_rec_group_add_array, 0, group),
                             BULK(gcroots_rec_group_add_func, 0, "the parameters", group),
                             BULK(gcroots_rec_group_register, 0, "the types and fields", group),
                             END};
