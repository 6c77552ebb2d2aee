/* What every function refuses: handles that name nothing, and calls at the wrong
 * time or from the wrong thread.
 */
#ifndef REFUSALS_H
#define REFUSALS_H

#include "objects.h"

/* Handles that every function refuses, and how. */
enum { BAD_HANDLES = 19 };
struct bad_handle {
  const char *name;
  gcroots_ref_t ref;
  gcroots_status_t status;
};

/* Fills in the handles. Leaves a scoped and a manual root, of which most are
   forged. */
static inline void bad_handles(struct bad_handle bad[BAD_HANDLES]) {
  gcroots_store_t *others[2] = {another_store(), NULL};
  gcroots_ref_t live, stale, foreign[2], bits;
  gcroots_manually_rooted_t owned, stale_owned, foreign_owned;
  int n = 0;
#define BAD(name, ref, status) (bad[n++] = (struct bad_handle){name, ref, status})
#define FORGED(name, live, member, value) \
  bits = (live), bits.member = (value), BAD(name, bits, GCROOTS_ERROR_UNROOTED)
  /* So that the scoped root's generation is even, which a manual root's never
     is, and the manual root's not that of a root in a slot that is new. */
  for (int i = 0; i < 3; ++i) {
    gcroots_scope_t scope;
    OK(gcroots_scope_enter(store, &scope));
    OK(gcroots_externref_new(store, NULL, NULL, &stale));
    OK(gcroots_ref_to_manually_rooted(store, stale, &owned));
    stale_owned = owned;
    OK(gcroots_manually_rooted_unroot(store, &owned));
    OK(gcroots_scope_exit(store, scope));
  }
  OK(gcroots_externref_new(store, NULL, NULL, &live));
  OK(gcroots_ref_to_manually_rooted(store, live, &owned));
  OK(gcroots_store_new(engine, &others[1]));
  for (int i = 0; i < 2; ++i) OK(gcroots_externref_new(others[i], NULL, NULL, &foreign[i]));
  OK(gcroots_ref_to_manually_rooted(others[0], foreign[0], &foreign_owned));
  OK(gcroots_store_free(others[1]));

  BAD("stale", stale, GCROOTS_ERROR_UNROOTED);
  BAD("unrooted", stale_owned.ref, GCROOTS_ERROR_UNROOTED);
  BAD("of another store", foreign[0], GCROOTS_ERROR_WRONG_STORE);
  BAD("manual, of another store", foreign_owned.ref, GCROOTS_ERROR_WRONG_STORE);
  BAD("of a deleted store", foreign[1], GCROOTS_ERROR_WRONG_STORE);
  memset(&bits, 0xff, sizeof bits);
  BAD("all ones", bits, GCROOTS_ERROR_WRONG_STORE);
  bits.store_id = live.store_id;
  BAD("all ones but the store", bits, GCROOTS_ERROR_UNROOTED);
  FORGED("generation 0", live, generation, 0);
  FORGED("the greatest generation", live, generation, UINT32_MAX);
  FORGED("the next generation", live, generation, live.generation + 1);
  FORGED("manual bit set", live, index, live.index | 1U << 31);
  FORGED("a slot never used", live, index, live.index + 1000000);
  FORGED("the last slot", live, index, UINT32_MAX >> 1);
  FORGED("manual, generation 0", owned.ref, generation, 0);
  FORGED("manual, the greatest generation", owned.ref, generation, UINT32_MAX);
  FORGED("manual, the next generation", owned.ref, generation, owned.ref.generation + 1);
  FORGED("manual bit cleared", owned.ref, index, owned.ref.index & UINT32_MAX >> 1);
  FORGED("a manual slot never used", owned.ref, index, owned.ref.index + 1000000);
  FORGED("the last manual slot", owned.ref, index, UINT32_MAX);
#undef FORGED
#undef BAD
  CHECK(n == BAD_HANDLES);
}

/* The body runs for each bad handle `at`. */
#define EACH_BAD_HANDLE(at)                 \
  struct bad_handle check_bad[BAD_HANDLES]; \
  bad_handles(check_bad);                   \
  for (struct bad_handle *at = check_bad;   \
       at < check_bad + BAD_HANDLES && (check_note = at->name) != NULL; ++at, check_note = NULL)

/* The functions of structs, for every_call_is_refused(). */
static inline void every_struct_call_is_refused(gcroots_status_t expected, gcroots_store_t *of,
                                                gcroots_ref_t ref) {
  gcroots_type_t *type = new_struct(NULL, 0);
  gcroots_val_t val = val_of(STORAGES), out = untouched_val();
  REFUSED_AFTER_COLLECTION(expected, gcroots_struct_new(of, type, NULL, 0, &out.of.ref));
  REFUSED_AFTER_COLLECTION(expected, gcroots_struct_new(of, type, &val, 1, &out.of.ref));
  REFUSED_AFTER_COLLECTION(expected, gcroots_struct_new_default(of, type, &out.of.ref));
  REFUSED_AFTER_COLLECTION(expected, gcroots_struct_get(of, ref, 0, &out));
  REFUSED_AFTER_COLLECTION(expected, gcroots_struct_set(of, ref, 0, &val));
  REFUSED_AFTER_COLLECTION(expected, gcroots_struct_get_i32(of, ref, 0, &out.of.i32));
  REFUSED_AFTER_COLLECTION(expected, gcroots_struct_get_i64(of, ref, 0, &out.of.i64));
  REFUSED_AFTER_COLLECTION(expected, gcroots_struct_get_f32(of, ref, 0, &out.of.f32));
  REFUSED_AFTER_COLLECTION(expected, gcroots_struct_get_f64(of, ref, 0, &out.of.f64));
  REFUSED_AFTER_COLLECTION(expected, gcroots_struct_get_v128(of, ref, 0, &out.of.v128));
  REFUSED_AFTER_COLLECTION(expected, gcroots_struct_get_s(of, ref, 0, &out.of.i32));
  REFUSED_AFTER_COLLECTION(expected, gcroots_struct_get_u(of, ref, 0, (uint32_t *)&out.of.i32));
  REFUSED_AFTER_COLLECTION(expected, gcroots_struct_get_ref(of, ref, 0, &out.of.ref));
  REFUSED_AFTER_COLLECTION(expected, gcroots_struct_set_i32(of, ref, 0, 1));
  REFUSED_AFTER_COLLECTION(expected, gcroots_struct_set_i64(of, ref, 0, 1));
  REFUSED_AFTER_COLLECTION(expected, gcroots_struct_set_f32(of, ref, 0, 1));
  REFUSED_AFTER_COLLECTION(expected, gcroots_struct_set_f64(of, ref, 0, 1));
  REFUSED_AFTER_COLLECTION(expected, gcroots_struct_set_v128(of, ref, 0, val.of.v128));
  REFUSED_AFTER_COLLECTION(expected, gcroots_struct_set_ref(of, ref, 0, ref));
  CHECK(is_untouched(out));
  gcroots_type_free(type);
}

/* The functions of arrays, for every_call_is_refused(). The type is another
   engine's, and the value's kind is none. */
static inline void every_array_call_is_refused(gcroots_status_t expected, gcroots_store_t *of,
                                               gcroots_ref_t ref) {
  gcroots_engine_t *own;
  gcroots_rec_group_t *group = new_group();
  const gcroots_rec_group_t *groups[1] = {group};
  gcroots_field_type_t element = plain(GCROOTS_STORAGE_I8);
  gcroots_type_t *type;
  gcroots_val_t val = val_of(STORAGES), out = untouched_val();
  size_t length = 0x5a;
  uint32_t position;
  OK(gcroots_engine_new(NULL, &own));
  OK(gcroots_rec_group_add_array(group, NULL, &element, &position));
  OK(gcroots_rec_group_register(own, groups, 1, &type, 1));
  gcroots_rec_group_free(group);
  gcroots_engine_free(own);
  REFUSED_AFTER_COLLECTION(expected, gcroots_array_new(of, type, &val, 1, &out.of.ref));
  REFUSED_AFTER_COLLECTION(expected, gcroots_array_new_default(of, type, 1, &out.of.ref));
  REFUSED_AFTER_COLLECTION(expected, gcroots_array_new_fixed(of, type, &val, 1, &out.of.ref));
  REFUSED_AFTER_COLLECTION(expected, gcroots_array_len(of, ref, &length));
  REFUSED_AFTER_COLLECTION(expected, gcroots_array_get(of, ref, 0, &out));
  REFUSED_AFTER_COLLECTION(expected, gcroots_array_set(of, ref, 0, &val));
  REFUSED_AFTER_COLLECTION(expected, gcroots_array_get_i32(of, ref, 0, &out.of.i32));
  REFUSED_AFTER_COLLECTION(expected, gcroots_array_get_i64(of, ref, 0, &out.of.i64));
  REFUSED_AFTER_COLLECTION(expected, gcroots_array_get_f32(of, ref, 0, &out.of.f32));
  REFUSED_AFTER_COLLECTION(expected, gcroots_array_get_f64(of, ref, 0, &out.of.f64));
  REFUSED_AFTER_COLLECTION(expected, gcroots_array_get_v128(of, ref, 0, &out.of.v128));
  REFUSED_AFTER_COLLECTION(expected, gcroots_array_get_s(of, ref, 0, &out.of.i32));
  REFUSED_AFTER_COLLECTION(expected, gcroots_array_get_u(of, ref, 0, (uint32_t *)&out.of.i32));
  REFUSED_AFTER_COLLECTION(expected, gcroots_array_get_ref(of, ref, 0, &out.of.ref));
  REFUSED_AFTER_COLLECTION(expected, gcroots_array_set_i32(of, ref, 0, 1));
  REFUSED_AFTER_COLLECTION(expected, gcroots_array_set_i64(of, ref, 0, 1));
  REFUSED_AFTER_COLLECTION(expected, gcroots_array_set_f32(of, ref, 0, 1));
  REFUSED_AFTER_COLLECTION(expected, gcroots_array_set_f64(of, ref, 0, 1));
  REFUSED_AFTER_COLLECTION(expected, gcroots_array_set_v128(of, ref, 0, val.of.v128));
  REFUSED_AFTER_COLLECTION(expected, gcroots_array_set_ref(of, ref, 0, ref));
  REFUSED_AFTER_COLLECTION(expected, gcroots_array_fill(of, ref, 0, &val, 0));
  REFUSED_AFTER_COLLECTION(expected, gcroots_array_copy(of, ref, 0, ref, 0, 0));
  REFUSED_AFTER_COLLECTION(expected, gcroots_array_read(of, ref, 0, &out, 1));
  REFUSED_AFTER_COLLECTION(expected, gcroots_array_read(of, ref, 0, NULL, 0));
  REFUSED_AFTER_COLLECTION(expected, gcroots_array_write(of, ref, 0, &val, 1));
  REFUSED_AFTER_COLLECTION(expected, gcroots_array_write(of, ref, 0, NULL, 0));
  CHECK(is_untouched(out) && length == 0x5a);
  gcroots_type_free(type);
}

/* The functions of i31s, kinds, casts, tags and exceptions, for
   every_call_is_refused(). */
static inline void every_kind_call_is_refused(gcroots_status_t expected, gcroots_store_t *of,
                                              gcroots_ref_t ref) {
  gcroots_type_t *type = new_func(NULL, 0, NULL, 0), *its_type = NULL;
  gcroots_ref_type_t types[] = {
      {NULL, GCROOTS_HEAP_ANY, 1}, {NULL, UINT32_MAX, 0}, {type, GCROOTS_HEAP_TYPE, 1}};
  gcroots_tag_t tag = {ref.store_id, ref.generation, ref.index}, tag_out = {1, 2, 3};
  gcroots_val_t val = val_of(STORAGES), out = untouched_val();
  gcroots_ref_kind_t kind = 77;
  unsigned char is = 77;
  REFUSED_AFTER_COLLECTION(expected, gcroots_i31_new(of, 1, &out.of.ref));
  REFUSED_AFTER_COLLECTION(expected, gcroots_i31_get_s(of, ref, &out.of.i32));
  REFUSED_AFTER_COLLECTION(expected, gcroots_i31_get_u(of, ref, (uint32_t *)&out.of.i32));
  REFUSED_AFTER_COLLECTION(expected, gcroots_ref_kind(of, ref, &kind));
  REFUSED_AFTER_COLLECTION(expected, gcroots_ref_type(of, ref, &its_type));
  for (size_t i = 0; i < COUNT_OF(types); i++) {
    REFUSED_AFTER_COLLECTION(expected, gcroots_ref_test(of, ref, types[i], (bool *)&is));
    REFUSED_AFTER_COLLECTION(expected, gcroots_ref_cast(of, ref, types[i], &out.of.ref));
  }
  REFUSED_AFTER_COLLECTION(expected, gcroots_extern_convert_any(of, ref, &out.of.ref));
  REFUSED_AFTER_COLLECTION(expected, gcroots_any_convert_extern(of, ref, &out.of.ref));
  REFUSED_AFTER_COLLECTION(expected, gcroots_tag_new(of, type, &tag_out));
  REFUSED_AFTER_COLLECTION(expected, gcroots_tag_type(of, tag, &its_type));
  REFUSED_AFTER_COLLECTION(expected, gcroots_exn_new(of, tag, NULL, 0, &out.of.ref));
  REFUSED_AFTER_COLLECTION(expected, gcroots_exn_new(of, tag, &val, 1, &out.of.ref));
  REFUSED_AFTER_COLLECTION(expected, gcroots_exn_tag(of, ref, &tag_out));
  REFUSED_AFTER_COLLECTION(expected, gcroots_exn_field(of, ref, 0, &out));
  CHECK(is_untouched(out) && kind == 77 && is == 77 && its_type == NULL);
  CHECK(tag_out.store_id == 1 && tag_out.generation == 2 && tag_out.index == 3);
  gcroots_type_free(type);
}

/* Those of functions and the pending exception, for every_call_is_refused(). */
static inline void every_func_call_is_refused(gcroots_status_t expected, gcroots_store_t *of,
                                              gcroots_ref_t ref) {
  gcroots_type_t *type = new_func(NULL, 0, NULL, 0);
  gcroots_val_t val = val_of(STORAGES), result = untouched_val();
  gcroots_ref_t out = untouched();
  void *env = &out;
  REFUSED_AFTER_COLLECTION(expected, gcroots_func_new(of, type, answer_ok, NULL, NULL, &out));
  REFUSED_AFTER_COLLECTION(expected, gcroots_func_call(of, ref, NULL, 0, NULL, 0));
  REFUSED_AFTER_COLLECTION(expected, gcroots_func_call(of, ref, &val, 1, &result, 1));
  REFUSED_AFTER_COLLECTION(expected, gcroots_func_env(of, ref, answer_ok, &env));
  REFUSED_AFTER_COLLECTION(expected, gcroots_store_throw(of, ref));
  REFUSED_AFTER_COLLECTION(expected, gcroots_store_take_exception(of, &out));
  CHECK(same_bits(out, untouched()) && is_untouched(result) && env == &out);
  gcroots_type_free(type);
}

/* The functions of weak maps, for every_call_is_refused(). */
static inline void every_map_call_is_refused(gcroots_status_t expected, gcroots_store_t *of,
                                             gcroots_ref_t ref) {
  gcroots_weakmap_t map = {ref.store_id, ref.generation, ref.index}, kept = map;
  gcroots_weakmap_t map_out = {1, 2, 3};
  gcroots_ref_t out = untouched();
  unsigned char found = 77;
  size_t count = 77;
  REFUSED_AFTER_COLLECTION(expected, gcroots_weakmap_new(of, &map_out));
  REFUSED_AFTER_COLLECTION(expected, gcroots_weakmap_set(of, map, ref, ref));
  REFUSED_AFTER_COLLECTION(expected, gcroots_weakmap_get(of, map, ref, &out));
  REFUSED_AFTER_COLLECTION(expected, gcroots_weakmap_delete(of, map, ref, (bool *)&found));
  REFUSED_AFTER_COLLECTION(expected, gcroots_weakmap_size(of, map, &count));
  REFUSED_AFTER_COLLECTION(expected, gcroots_weakmap_free(of, &map));
  CHECK(same_bits(out, untouched()) && found == 77 && count == 77);
  CHECK(map_out.store_id == 1 && map_out.generation == 2 && map_out.index == 3);
  CHECK(memcmp(&map, &kept, sizeof map) == 0);
}

/* The functions of tables and globals, for every_call_is_refused(). */
static inline void every_table_call_is_refused(gcroots_status_t expected, gcroots_store_t *of,
                                               gcroots_ref_t ref) {
  gcroots_table_t table = {ref.store_id, ref.generation, ref.index}, kept = table;
  gcroots_table_t table_out = {1, 2, 3};
  gcroots_ref_type_t none = {NULL, UINT32_MAX, 1};
  gcroots_ref_t out = untouched();
  uint64_t number = 77;
  REFUSED_AFTER_COLLECTION(expected, gcroots_table_new(of, none, 2, 1, ref, &table_out));
  REFUSED_AFTER_COLLECTION(expected, gcroots_table_get(of, table, 0, &out));
  REFUSED_AFTER_COLLECTION(expected, gcroots_table_set(of, table, 0, ref));
  REFUSED_AFTER_COLLECTION(expected, gcroots_table_size(of, table, &number));
  REFUSED_AFTER_COLLECTION(expected, gcroots_table_grow(of, table, 1, ref, &number));
  REFUSED_AFTER_COLLECTION(expected, gcroots_table_fill(of, table, 0, ref, 1));
  REFUSED_AFTER_COLLECTION(expected, gcroots_table_copy(of, table, 0, table, 0, 1));
  REFUSED_AFTER_COLLECTION(expected, gcroots_table_free(of, &table));
  CHECK(same_bits(out, untouched()) && number == 77);
  CHECK(table_out.store_id == 1 && table_out.generation == 2 && table_out.index == 3);
  CHECK(memcmp(&table, &kept, sizeof table) == 0);
}

static inline void every_global_call_is_refused(gcroots_status_t expected, gcroots_store_t *of,
                                                gcroots_ref_t ref) {
  gcroots_global_t global = {ref.store_id, ref.generation, ref.index}, kept = global;
  gcroots_global_t global_out = {1, 2, 3};
  gcroots_field_type_t packed = plain(GCROOTS_STORAGE_I8);
  gcroots_val_t val = val_of(STORAGES), out = untouched_val();
  REFUSED_AFTER_COLLECTION(expected, gcroots_global_new(of, &packed, &val, &global_out));
  REFUSED_AFTER_COLLECTION(expected, gcroots_global_get(of, global, &out));
  REFUSED_AFTER_COLLECTION(expected, gcroots_global_set(of, global, &val));
  REFUSED_AFTER_COLLECTION(expected, gcroots_global_free(of, &global));
  CHECK(is_untouched(out) && memcmp(&global, &kept, sizeof global) == 0);
  CHECK(global_out.store_id == 1 && global_out.generation == 2 && global_out.index == 3);
}

/* A root visitor that is not added. */
static inline void never_visit(void *env, gcroots_store_t *of) {
  check_fail(__FILE__, __LINE__, "a visitor that was refused: %p %p", env, (void *)of);
}

/* The functions for engines, for every_call_is_refused(). */
static inline void every_engine_call_is_refused(gcroots_status_t expected, gcroots_store_t *of,
                                                gcroots_ref_t ref) {
  gcroots_root_range_t range = {NULL, 1};
  gcroots_slot_layout_t layout = {0, 1, 1, 0, 1};
  gcroots_root_source_t source = {ref.store_id, ref.generation, ref.index}, kept = source;
  gcroots_root_source_t source_out = {1, 2, 3};
  gcroots_ref_t out = untouched();
  uint32_t raw = 77;
  void *address = &out;
  REFUSED_AFTER_COLLECTION(expected, gcroots_ref_to_raw(of, ref, &raw));
  REFUSED_AFTER_COLLECTION(expected, gcroots_ref_from_raw(of, 0, &out));
  REFUSED_AFTER_COLLECTION(expected, gcroots_ref_from_raw(of, 2, &out));
  REFUSED_AFTER_COLLECTION(expected, gcroots_heap_base(of, &address));
  REFUSED_AFTER_COLLECTION(expected, gcroots_array_span(of, ref, 1, 2, &address));
  REFUSED_AFTER_COLLECTION(expected, gcroots_root_range_add(of, &range, NULL, &source_out));
  REFUSED_AFTER_COLLECTION(expected, gcroots_root_range_add(of, &range, &layout, &source_out));
  REFUSED_AFTER_COLLECTION(expected, gcroots_root_range_remove(of, &source));
  REFUSED_AFTER_COLLECTION(expected, gcroots_root_visitor_add(of, never_visit, NULL, &source_out));
  REFUSED_AFTER_COLLECTION(expected, gcroots_root_visitor_remove(of, &source));
  CHECK(same_bits(out, untouched()) && raw == 77 && address == &out);
  CHECK(source_out.store_id == 1 && source_out.generation == 2 && source_out.index == 3);
  CHECK(memcmp(&source, &kept, sizeof source) == 0);
}

/* The one call that root visitors may make. */
static inline void a_report_is_refused(gcroots_status_t expected, gcroots_store_t *of) {
  gcroots_root_range_t range = {NULL, 1};
  gcroots_slot_layout_t layout = {0, 1, 1, 0, 1};
  REFUSED_AFTER_COLLECTION(expected, gcroots_root_visitor_report(of, &range, NULL));
  REFUSED_AFTER_COLLECTION(expected, gcroots_root_visitor_report(of, &range, &layout));
}

/* As below, for every function that is refused between the steps of a collection. */
static inline void every_other_call_is_refused(gcroots_status_t expected, gcroots_store_t *of,
                                               gcroots_ref_t ref, gcroots_scope_t scope) {
  struct {
    void *data;
    gcroots_scope_t scope;
    gcroots_ref_t ref;
    gcroots_manually_rooted_t rooted;
    gcroots_weak_t weak;
    uint64_t hash;
    bool eq;
  } out, untouched;
  gcroots_manually_rooted_t handle = {ref};
  gcroots_weak_t weak = {ref.store_id, ref.generation, ref.index}, kept = weak;
  gcroots_externref_options_t options = {sizeof options, NULL, NULL, NULL, 0};
  memset(&out, 0x5a, sizeof out);
  memcpy(&untouched, &out, sizeof out);
  REFUSED_AFTER_COLLECTION(expected, gcroots_store_detach(of));
  REFUSED_AFTER_COLLECTION(expected, gcroots_store_set_data(of, &out, NULL));
  REFUSED_AFTER_COLLECTION(expected, gcroots_store_data(of, &out.data));
  REFUSED_AFTER_COLLECTION(expected, gcroots_store_gc(of));
  REFUSED_AFTER_COLLECTION(expected, gcroots_store_gc_start(of));
  REFUSED_AFTER_COLLECTION(expected, gcroots_store_verify(of));
  REFUSED_AFTER_COLLECTION(expected, gcroots_ref_eq(of, ref, ref, &out.eq));
  REFUSED_AFTER_COLLECTION(expected, gcroots_ref_hash(of, ref, &out.hash));
  REFUSED_AFTER_COLLECTION(expected, gcroots_ref_assign(of, ref, ref));
  REFUSED_AFTER_COLLECTION(expected, gcroots_scope_enter(of, &out.scope));
  REFUSED_AFTER_COLLECTION(expected, gcroots_scope_exit(of, scope));
  REFUSED_AFTER_COLLECTION(expected, gcroots_scope_unwind(of, scope));
  REFUSED_AFTER_COLLECTION(expected, gcroots_scope_escape(of, scope, ref, &out.ref));
  REFUSED_AFTER_COLLECTION(expected, gcroots_scope_reserve(of, SIZE_MAX));
  REFUSED_AFTER_COLLECTION(expected, gcroots_local_new(of, ref, &out.ref));
  REFUSED_AFTER_COLLECTION(expected, gcroots_ref_to_manually_rooted(of, ref, &out.rooted));
  REFUSED_AFTER_COLLECTION(expected, gcroots_manually_rooted_clone(of, handle, &out.rooted));
  REFUSED_AFTER_COLLECTION(expected, gcroots_manually_rooted_unroot(of, &handle));
  REFUSED_AFTER_COLLECTION(expected, gcroots_manually_rooted_to_rooted(of, handle, &out.ref));
  REFUSED_AFTER_COLLECTION(expected, gcroots_manually_rooted_into_rooted(of, &handle, &out.ref));
  REFUSED_AFTER_COLLECTION(expected, gcroots_externref_new(of, NULL, NULL, &out.ref));
  REFUSED_AFTER_COLLECTION(expected,
                           gcroots_externref_new_manually_rooted(of, NULL, NULL, &out.rooted));
  REFUSED_AFTER_COLLECTION(expected, gcroots_weak_new(of, ref, &out.weak));
  REFUSED_AFTER_COLLECTION(expected, gcroots_weak_upgrade(of, weak, &out.ref));
  REFUSED_AFTER_COLLECTION(expected, gcroots_weak_free(of, &weak));
  REFUSED_AFTER_COLLECTION(expected, gcroots_externref_new_with(of, &options, &out.ref));
  options.struct_size = 0;
  REFUSED_AFTER_COLLECTION(expected, gcroots_externref_new_with(of, &options, &out.ref));
  REFUSED_AFTER_COLLECTION(expected, gcroots_externref_data(of, ref, &out.data));
  REFUSED_AFTER_COLLECTION(expected, gcroots_externref_data_tagged(of, ref, NULL, &out.data));
  REFUSED_AFTER_COLLECTION(expected, gcroots_externref_set_data(of, ref, &out));
  REFUSED_AFTER_COLLECTION(expected, gcroots_externref_set_external_bytes(of, ref, 1));
  REFUSED_AFTER_COLLECTION(expected, gcroots_no_gc_enter(of));
  REFUSED_AFTER_COLLECTION(expected, gcroots_no_gc_exit(of));
  every_engine_call_is_refused(expected, of, ref);
  every_map_call_is_refused(expected, of, ref);
  every_table_call_is_refused(expected, of, ref);
  every_global_call_is_refused(expected, of, ref);
  every_struct_call_is_refused(expected, of, ref);
  every_array_call_is_refused(expected, of, ref);
  every_kind_call_is_refused(expected, of, ref);
  every_func_call_is_refused(expected, of, ref);
  CHECK(memcmp(&out, &untouched, sizeof out) == 0);
  CHECK(same_bits(handle.ref, ref) && memcmp(&weak, &kept, sizeof weak) == 0);
}

/* Passes these to every function that takes a store but gcroots_store_attach() and
   gcroots_root_visitor_report(): each answers `expected` and writes nothing. */
static inline void every_call_is_refused(gcroots_status_t expected, gcroots_store_t *of,
                                         gcroots_ref_t ref, gcroots_scope_t scope) {
  gcroots_stats_t stats, untouched;
  unsigned char done = 77;
  memset(&stats, 0x5a, sizeof stats);
  memcpy(&untouched, &stats, sizeof stats);
  every_other_call_is_refused(expected, of, ref, scope);
  REFUSED_AFTER_COLLECTION(expected, gcroots_store_free(of));
  REFUSED_AFTER_COLLECTION(expected, gcroots_store_stats(of, &stats));
  REFUSED_AFTER_COLLECTION(expected, gcroots_store_gc_step(of, SIZE_MAX, (bool *)&done));
  REFUSED_AFTER_COLLECTION(expected, gcroots_store_gc_cancel(of));
  CHECK(memcmp(&stats, &untouched, sizeof stats) == 0 && done == 77);
}

#endif
