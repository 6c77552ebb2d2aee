/* Types: how they are registered and released, and casts. */
#include "curves.h"

enum { FIELDS = 10 };

static gcroots_type_t **made;

/* Adds a struct with a field for each digit of the number in base 4. */
static void add_struct(gcroots_rec_group_t *group, uint64_t number) {
  gcroots_field_type_t fields[FIELDS];
  uint32_t position;
  for (int i = 0; i < FIELDS; i++) {
    fields[i] = any_field();
    fields[i].storage = GCROOTS_STORAGE_I8 + (number >> 2 * i & 3);
  }
  MUST(gcroots_rec_group_add_struct(group, NULL, fields, FIELDS, &position));
}

static void make_room(uint64_t size) {
  made = memory_of_types(size);
}

static void register_each(uint64_t size) {
  EACH(i, size) {
    gcroots_rec_group_t *group = gcroots_rec_group_new();
    add_struct(group, i);
    register_group(group, &made[i], 1);
  }
}

static void release_each(uint64_t size) {
  EACH(i, size) {
    gcroots_type_free(made[i]);
    made[i] = NULL;
  }
}

static void registered(uint64_t size) {
  make_room(size);
  register_each(size);
}

/* The engine has the types already. */
static void register_again(uint64_t size) {
  make_room(size);
  register_each(size);
}

static void register_as_group(uint64_t size) {
  gcroots_rec_group_t *group = gcroots_rec_group_new();
  EACH(i, size) add_struct(group, i);
  register_group(group, made, size);
}

/* Each type is made and released before the next. */
static void register_release(uint64_t size) {
  EACH(i, size) {
    register_each(1);
    release_each(1);
  }
}

/* Objects of many types are cast to their own types. */
static void objects_of_types(uint64_t size) {
  registered(size);
  objects = memory(size, sizeof *objects);
  EACH(i, size)
    IN_SCOPE(gcroots_ref_t ref; MUST(gcroots_struct_new_default(store, made[i], &ref));
             MUST(gcroots_ref_to_manually_rooted(store, ref, &objects[i])));
}

static void new_of_types(uint64_t size) {
  IN_SCOPE(EACH(i, size) {
    gcroots_ref_t ref;
    MUST(gcroots_struct_new_default(store, made[i], &ref));
  });
}

static void casts(uint64_t size) {
  EACH(i, size) {
    const gcroots_ref_type_t to = {made[(i + 1) % size], GCROOTS_HEAP_TYPE, 0};
    bool is;
    MUST(gcroots_ref_test(store, objects[i].ref, to, &is));
    KEEP(is);
  }
}

const struct curve types[] = {
    {"types_register", make_room, register_each, LINEAR, false},
    {"types_register_again", registered, register_again, LINEAR, false},
    {"types_register_group", make_room, register_as_group, LINEAR, false},
    {"types_register_release", make_room, register_release, LINEAR, false},
    {"types_release", registered, release_each, LINEAR, false},
    {"types_first_object", registered, new_of_types, LINEAR, false},
    {"types_cast", objects_of_types, casts, LINEAR, false},
    {NULL, NULL, NULL, LINEAR, false}};
