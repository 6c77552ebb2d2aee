/* Short forms for declarations of types. */
#ifndef DECLARE_H
#define DECLARE_H

#include "check.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

/* Checks as REFUSED does. The message must also contain `text`. */
#define REFUSED_SAYING(expected, text, call)                                 \
  do {                                                                       \
    REFUSED(expected, call);                                                 \
    if (strstr(gcroots_last_error(), text) == NULL)                          \
      check_fail(__FILE__, __LINE__, "%s: no \"%s\" in \"%s\"", #call, text, \
                 gcroots_last_error());                                      \
  } while (0)

/* The call refuses NULL for this parameter and names the parameter. */
#define NULL_REFUSED(parameter, call) \
  REFUSED_SAYING(GCROOTS_ERROR_NULL_ARGUMENT, "`" parameter "`", call)

/* --- Fields ------------------------------------------------------------------ */

static inline gcroots_field_type_t plain(gcroots_storage_t storage) {
  gcroots_field_type_t field = {0, 0, 0, 0, 0, NULL};
  field.storage = storage;
  return field;
}

static inline gcroots_field_type_t ref_to(gcroots_heap_type_t heap) {
  gcroots_field_type_t field = plain(GCROOTS_STORAGE_REF);
  field.heap = heap;
  return field;
}

static inline gcroots_field_type_t ref_to_local(uint32_t index) {
  gcroots_field_type_t field = ref_to(GCROOTS_HEAP_LOCAL);
  field.local = index;
  return field;
}

static inline gcroots_field_type_t ref_to_type(const gcroots_type_t *type) {
  gcroots_field_type_t field = ref_to(GCROOTS_HEAP_TYPE);
  field.type = type;
  return field;
}

static inline gcroots_field_type_t or_null(gcroots_field_type_t field) {
  field.is_nullable = 1;
  return field;
}

static inline gcroots_field_type_t mutable_(gcroots_field_type_t field) {
  field.is_mutable = 1;
  return field;
}

/* --- Places in the order of types -------------------------------------------- */

static inline gcroots_sub_type_t open_type(void) {
  gcroots_sub_type_t sub = {0, 0, 0, NULL};
  return sub;
}

static inline gcroots_sub_type_t below(uint32_t index) {
  gcroots_sub_type_t sub = {0, 1, 0, NULL};
  sub.local = index;
  return sub;
}

static inline gcroots_sub_type_t below_type(const gcroots_type_t *type) {
  gcroots_sub_type_t sub = {0, 1, 0, NULL};
  sub.supertype = type;
  return sub;
}

/* --- Groups ------------------------------------------------------------------ */

static inline gcroots_rec_group_t *new_group(void) {
  gcroots_rec_group_t *group = gcroots_rec_group_new();
  CHECK(group != NULL);
  return group;
}

/* Adds an open struct of one field, or of no field for NULL. */
static inline uint32_t add_struct_of(gcroots_rec_group_t *group,
                                     const gcroots_field_type_t *field) {
  gcroots_sub_type_t sub = open_type();
  uint32_t position;
  OK(gcroots_rec_group_add_struct(group, &sub, field, field != NULL, &position));
  return position;
}

static inline uint32_t add_struct_below(gcroots_rec_group_t *group, gcroots_sub_type_t sub,
                                        const gcroots_field_type_t *fields, size_t count) {
  uint32_t position;
  OK(gcroots_rec_group_add_struct(group, &sub, fields, count, &position));
  return position;
}

/* Registers a group (taken) of this many members. */
static inline void register_group(gcroots_rec_group_t *group, gcroots_type_t **types,
                                  size_t count) {
  const gcroots_rec_group_t *groups[1];
  groups[0] = group;
  OK(gcroots_rec_group_register(engine, groups, 1, types, count));
  gcroots_rec_group_free(group);
}

/* Registers a group (taken) of one member. */
static inline gcroots_type_t *register_one(gcroots_rec_group_t *group) {
  gcroots_type_t *type;
  register_group(group, &type, 1);
  return type;
}

/* Registers a group of an open struct. */
static inline gcroots_type_t *new_struct(const gcroots_field_type_t *fields, size_t count) {
  gcroots_rec_group_t *group = new_group();
  add_struct_below(group, open_type(), fields, count);
  return register_one(group);
}

/* Registers a group of an array. */
static inline gcroots_type_t *new_array(gcroots_field_type_t element) {
  gcroots_rec_group_t *group = new_group();
  uint32_t position;
  OK(gcroots_rec_group_add_array(group, NULL, &element, &position));
  return register_one(group);
}

static inline gcroots_type_t *new_func(const gcroots_field_type_t *params, size_t param_count,
                                       const gcroots_field_type_t *results, size_t result_count) {
  gcroots_rec_group_t *group = new_group();
  uint32_t position;
  OK(gcroots_rec_group_add_func(group, NULL, params, param_count, results, result_count,
                                &position));
  return register_one(group);
}

static inline void free_types(gcroots_type_t **types, size_t count) {
  for (size_t i = 0; i < count; i++) gcroots_type_free(types[i]);
}

/* --- Types ------------------------------------------------------------------- */

static inline uint32_t index_of(const gcroots_type_t *type) {
  uint32_t index;
  OK(gcroots_type_index(type, &index));
  return index;
}

static inline bool is_subtype(const gcroots_type_t *type, const gcroots_type_t *supertype) {
  bool is;
  OK(gcroots_type_is_subtype(type, supertype, &is));
  return is;
}

/* Whether both are one type. A type has only one address. */
static inline bool same_type(const gcroots_type_t *a, const gcroots_type_t *b) {
  bool same = index_of(a) == index_of(b);
  CHECK(same == (is_subtype(a, b) && is_subtype(b, a)));
  CHECK(same == (a == b));
  return same;
}

static inline gcroots_field_type_t field_of(const gcroots_type_t *type, size_t index) {
  gcroots_field_type_t field;
  OK(gcroots_type_field(type, index, &field));
  return field;
}

static inline gcroots_layout_t layout_of(const gcroots_type_t *type) {
  gcroots_layout_t layout;
  OK(gcroots_type_layout(type, &layout));
  return layout;
}

#endif
