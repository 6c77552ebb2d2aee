/* Every function that can refuse its arguments, in one table a noun.
 *
 * A row is X(function, variant, pointers, handles, arguments):
 *
 *   variant    tells several rows of one function apart
 *   pointers   the parameters that must not be NULL, in the order in which they are checked
 *   handles    the parameters that are handles; "table.dst" is the parameter `dst`, a table
 *   arguments  the call's, from a `struct arguments *a`
 *
 * refusals.h runs the tables. tests/refusals.rs compares them with the header: a function
 * that is exported and has no row fails there.
 */
#ifndef CALLS_H
#define CALLS_H

#include "objects.h"

struct handles {
  gcroots_ref_t ref, a, b, dst, src, func, exn, key, value, init;
  gcroots_scope_t scope;
  gcroots_manually_rooted_t handle;
  gcroots_weak_t weak;
  gcroots_pin_t pin;
  gcroots_weakmap_t map;
  gcroots_tag_t tag, tag_a, tag_b;
  gcroots_table_t table, table_dst, table_src;
  gcroots_global_t global;
  gcroots_root_source_t source;
};

struct arguments {
  /* Pointers, named as the parameters are. */
  void *store, *engine, *config, *group, *groups, *type, *supertype, *other, *element;
  void *params, *value, *fields, *elements, *args, *results, *data, *options, *range, *out;
  void *handle, *weak, *map, *table, *global, *source, *message, *key, *bytes, *out_left;
  void *pin, *address;
  gcroots_callback_t callback;
  gcroots_root_visitor_t visitor;
  struct handles h;
  /* What is passed by value, or what the pointers refer to. */
  size_t index;
  gcroots_ref_type_t of;
  gcroots_val_t val, result;
  gcroots_field_type_t field;
  gcroots_slot_layout_t layout;
  gcroots_root_range_t slots;
  gcroots_externref_options_t externref;
  unsigned char written[sizeof(gcroots_code_layout_t)];
};

/* The finalizer that is passed. A refused call leaves the data with the caller. */
static inline void never_finalize(void *data) {
  check_fail(__FILE__, __LINE__, "the finalizer of a refused call ran: %p", data);
}

/* `other`, if the pointer is not NULL. */
#define IF(pointer, other) ((pointer) == NULL ? NULL : (other))

/* The type of references to `a->type`. */
static inline gcroots_ref_type_t concrete(const struct arguments *a) {
  gcroots_ref_type_t of = {a->type, GCROOTS_HEAP_TYPE, 1};
  return of;
}

/* --- Without a store ---------------------------------------------------------- */

#define CONFIG_CALLS(X)                                                                      \
  X(gcroots_config_set_collector, , "config", "", (a->config, GCROOTS_COLLECTOR_AUTO))       \
  X(gcroots_config_set_collector, _wrong, "config", "", (a->config, 99))                     \
  X(gcroots_config_set_heap_limit, , "config", "", (a->config, 1 << 20))                     \
  X(gcroots_config_set_heap_limit, _0, "config", "", (a->config, 0))                         \
  X(gcroots_config_set_heap_limit, _huge, "config", "", (a->config, SIZE_MAX))               \
  X(gcroots_config_set_heap_initial, , "config", "", (a->config, 0))                         \
  X(gcroots_config_set_heap_growth, , "config", "", (a->config, 50))                         \
  X(gcroots_config_set_heap_sizing, , "config", "",                                          \
    (a->config, GCROOTS_HEAP_SIZING_TIME_SHARE, 20))                                         \
  X(gcroots_config_set_pause_budget, , "config", "", (a->config, 500))                       \
  X(gcroots_config_set_overhead_limit, , "config", "", (a->config, 3))                       \
  X(gcroots_config_set_overhead_limit, _101, "config", "", (a->config, 101))                 \
  X(gcroots_config_set_stress, , "config", "", (a->config, 1))                               \
  X(gcroots_config_set_move_always, , "config", "", (a->config, true))                       \
  X(gcroots_config_set_side_limit, , "config", "", (a->config, 1 << 20))                     \
  X(gcroots_config_set_external_limit, , "config", "", (a->config, 1 << 20))                 \
  X(gcroots_config_set_pool, , "config", "", (a->config, 0))                                 \
  X(gcroots_config_set_poison, , "config", "", (a->config, true))                            \
  X(gcroots_config_set_grow_callback, , "config", "", (a->config, NULL, NULL))               \
  X(gcroots_config_set_grow_callback_finalized, , "config", "",                              \
    (a->config, NULL, NULL, never_finalize))                                                 \
  X(gcroots_config_set_call_depth, , "config", "", (a->config, 1))                           \
  X(gcroots_config_set_call_depth, _0, "config", "", (a->config, 0))                         \
  X(gcroots_config_set_wake_callback, , "config", "", (a->config, NULL, NULL))               \
  X(gcroots_config_set_finalizers, , "config", "", (a->config, GCROOTS_FINALIZERS_DEFERRED)) \
  X(gcroots_config_set_finalizers, _2, "config", "", (a->config, 2))                         \
  X(gcroots_config_set_exact_slots, , "config", "", (a->config, true))

#define ENGINE_CALLS(X)                                          \
  X(gcroots_engine_new, , "out", "", (NULL, a->out))             \
  X(gcroots_engine_new, _config, "out", "", (a->config, a->out)) \
  X(gcroots_store_new, , "engine out", "", (a->engine, a->out))

#define ERROR_CALLS(X) X(gcroots_set_error, , "message", "", (a->message))

#define LAYOUT_CALLS(X) X(gcroots_code_layout, , "out", "", (a->out))

#define TYPE_CALLS(X)                                                                     \
  X(gcroots_type_kind, , "type out", "", (a->type, a->out))                               \
  X(gcroots_type_index, , "type out", "", (a->type, a->out))                              \
  X(gcroots_type_field_count, , "type out", "", (a->type, a->out))                        \
  X(gcroots_type_param_count, , "type out", "", (a->type, a->out))                        \
  X(gcroots_type_field, , "type out", "", (a->type, 0, a->out))                           \
  X(gcroots_type_supertype, , "type out", "", (a->type, a->out))                          \
  X(gcroots_type_trampoline, , "type out", "", (a->type, a->out))                         \
  X(gcroots_type_is_subtype, , "type supertype out", "", (a->type, a->supertype, a->out)) \
  X(gcroots_type_eq, , "type other out", "", (a->type, a->other, a->out))                 \
  X(gcroots_type_layout, , "type out", "", (a->type, a->out))

#define GROUP_CALLS(X)                                                                           \
  X(gcroots_rec_group_add_struct, , "group fields out", "",                                      \
    (a->group, NULL, IF(a->fields, &a->field), 1, a->out))                                       \
  X(gcroots_rec_group_add_struct, _0, "group out", "", (a->group, NULL, NULL, 0, a->out))        \
  X(gcroots_rec_group_add_array, , "group element out", "",                                      \
    (a->group, NULL, IF(a->element, &a->field), a->out))                                         \
  X(gcroots_rec_group_add_func, , "group params results out", "",                                \
    (a->group, NULL, IF(a->params, &a->field), 1, IF(a->results, &a->field), 1, a->out))         \
  X(gcroots_rec_group_add_func, _0, "group out", "", (a->group, NULL, NULL, 0, NULL, 0, a->out)) \
  X(gcroots_rec_group_set_unique, , "group", "", (a->group, true))                               \
  X(gcroots_rec_group_register, , "engine groups out", "",                                       \
    (a->engine, IF(a->groups, (const gcroots_rec_group_t *const *)&a->group), 1, a->out, 1))     \
  X(gcroots_rec_group_register, _0, "engine", "", (a->engine, NULL, 0, a->out, 0))               \
  X(gcroots_type_new_func, , "engine params results out", "",                                    \
    (a->engine, IF(a->params, &a->field), 1, IF(a->results, &a->field), 1, a->out))              \
  X(gcroots_type_new_func, _0, "engine out", "", (a->engine, NULL, 0, NULL, 0, a->out))

#define UNROOT_LATER_CALLS(X) X(gcroots_manually_rooted_unroot_later, , "handle", "", (a->handle))

/* --- Stores ------------------------------------------------------------------- */

/* Also allowed between the steps of a collection. */
#define STEP_CALLS(X)                                                                \
  X(gcroots_store_stats, , "store out", "", (a->store, a->out))                      \
  X(gcroots_store_pauses, , "store out", "", (a->store, GCROOTS_PAUSE_FULL, a->out)) \
  X(gcroots_store_pauses, _wrong, "store out", "", (a->store, 99, a->out))           \
  X(gcroots_store_gc_step, , "store out", "", (a->store, SIZE_MAX, a->out))          \
  X(gcroots_store_gc_step_for, , "store out_more", "", (a->store, 1000000, a->out))  \
  X(gcroots_store_gc_cancel, , "store", "", (a->store))

#define FREE_CALLS(X) X(gcroots_store_free, , "", "", (a->store))

#define ATTACH_CALLS(X) X(gcroots_store_attach, , "store", "", (a->store))

#define STORE_CALLS(X)                                                                            \
  X(gcroots_store_detach, , "store", "", (a->store))                                              \
  X(gcroots_store_set_data, , "store", "", (a->store, a->data, never_finalize))                   \
  X(gcroots_store_data, , "store out", "", (a->store, a->out))                                    \
  X(gcroots_store_id, , "store out", "", (a->store, a->out))                                      \
  X(gcroots_store_engine, , "store out", "", (a->store, a->out))                                  \
  X(gcroots_store_set_data_keyed, , "store key", "", (a->store, a->key, a->data, never_finalize)) \
  X(gcroots_store_data_keyed, , "store key out", "", (a->store, a->key, a->out))                  \
  X(gcroots_store_gc, , "store", "", (a->store))                                                  \
  X(gcroots_store_trim, , "store", "", (a->store))                                                \
  X(gcroots_store_gc_start, , "store", "", (a->store))                                            \
  X(gcroots_store_verify, , "store", "", (a->store))                                              \
  X(gcroots_no_gc_enter, , "store", "", (a->store))                                               \
  X(gcroots_store_drain_unroots, , "store", "", (a->store))                                       \
  X(gcroots_store_run_finalizers, , "store out_left", "", (a->store, 1, a->out_left))             \
  X(gcroots_no_gc_exit, , "store", "", (a->store))

/* --- Roots -------------------------------------------------------------------- */

#define REFERENCE_CALLS(X)                                                    \
  X(gcroots_ref_eq, , "store out", "a b", (a->store, a->h.a, a->h.b, a->out)) \
  X(gcroots_ref_hash, , "store out", "ref", (a->store, a->h.ref, a->out))     \
  X(gcroots_ref_assign, , "store", "dst src_or_null", (a->store, a->h.dst, a->h.src))

#define SCOPE_CALLS(X)                                                                          \
  X(gcroots_scope_enter, , "store out", "", (a->store, a->out))                                 \
  X(gcroots_scope_exit, , "store", "scope", (a->store, a->h.scope))                             \
  X(gcroots_scope_unwind, , "store", "scope", (a->store, a->h.scope))                           \
  X(gcroots_scope_escape, , "store out", "scope ref", (a->store, a->h.scope, a->h.ref, a->out)) \
  X(gcroots_scope_reserve, , "store", "", (a->store, SIZE_MAX))

#define LOCAL_CALLS(X)                                                             \
  X(gcroots_local_new, , "store out", "ref_or_null", (a->store, a->h.ref, a->out)) \
  X(gcroots_local_is_null, , "store out", "ref", (a->store, a->h.ref, a->out))

#define MANUALLY_ROOTED_CALLS(X)                                                                 \
  X(gcroots_ref_to_manually_rooted, , "store out", "ref", (a->store, a->h.ref, a->out))          \
  X(gcroots_manually_rooted_clone, , "store out", "handle", (a->store, a->h.handle, a->out))     \
  X(gcroots_manually_rooted_unroot, , "store handle", "handle", (a->store, a->handle))           \
  X(gcroots_manually_rooted_to_rooted, , "store out", "handle", (a->store, a->h.handle, a->out)) \
  X(gcroots_manually_rooted_into_rooted, , "store handle out", "handle",                         \
    (a->store, a->handle, a->out))

#define WEAK_CALLS(X)                                                           \
  X(gcroots_weak_new, , "store out", "ref", (a->store, a->h.ref, a->out))       \
  X(gcroots_weak_upgrade, , "store out", "weak", (a->store, a->h.weak, a->out)) \
  X(gcroots_weak_free, , "store weak", "weak", (a->store, a->weak))

#define PIN_CALLS(X)                                                                              \
  X(gcroots_pin, , "store out", "ref", (a->store, a->h.ref, a->out))                              \
  X(gcroots_pin_data, , "store address bytes", "pin", (a->store, a->h.pin, a->address, a->bytes)) \
  X(gcroots_unpin, , "store pin", "pin", (a->store, a->pin))

#define WEAKMAP_CALLS(X)                                                                      \
  X(gcroots_weakmap_new, , "store out", "", (a->store, a->out))                               \
  X(gcroots_weakmap_set, , "store", "map key value_or_null",                                  \
    (a->store, a->h.map, a->h.key, a->h.value))                                               \
  X(gcroots_weakmap_get, , "store out", "map key", (a->store, a->h.map, a->h.key, a->out))    \
  X(gcroots_weakmap_delete, , "store out", "map key", (a->store, a->h.map, a->h.key, a->out)) \
  X(gcroots_weakmap_size, , "store out", "map", (a->store, a->h.map, a->out))                 \
  X(gcroots_weakmap_free, , "store map", "map", (a->store, a->map))

/* --- Objects ------------------------------------------------------------------ */

#define EXTERNREF_CALLS(X)                                                                   \
  X(gcroots_externref_new, , "store out", "", (a->store, NULL, never_finalize, a->out))      \
  X(gcroots_externref_new_manually_rooted, , "store out", "",                                \
    (a->store, NULL, never_finalize, a->out))                                                \
  X(gcroots_externref_new_with, , "store options out", "", (a->store, a->options, a->out))   \
  X(gcroots_externref_new_with_manually_rooted, , "store options out", "",                   \
    (a->store, a->options, a->out))                                                          \
  X(gcroots_externref_data, , "store out", "ref", (a->store, a->h.ref, a->out))              \
  X(gcroots_externref_data_tagged, , "store out", "ref", (a->store, a->h.ref, NULL, a->out)) \
  X(gcroots_externref_set_data, , "store", "ref", (a->store, a->h.ref, a->data))             \
  X(gcroots_externref_set_external_bytes, , "store", "ref", (a->store, a->h.ref, 1))         \
  X(gcroots_externref_adjust_external_bytes, , "store", "ref", (a->store, a->h.ref, 1))

#define STRUCT_CALLS(X)                                                                           \
  X(gcroots_struct_new, , "store type fields out", "", (a->store, a->type, a->fields, 1, a->out)) \
  X(gcroots_struct_new, _0, "store type out", "", (a->store, a->type, NULL, 0, a->out))           \
  X(gcroots_struct_new_default, , "store type out", "", (a->store, a->type, a->out))

#define FUSED_CALLS(X)                                                                        \
  X(gcroots_struct_new_into, , "store type fields", "dst",                                    \
    (a->store, a->type, a->fields, 1, a->h.dst))                                              \
  X(gcroots_struct_new_into, _0, "store type", "dst", (a->store, a->type, NULL, 0, a->h.dst)) \
  X(gcroots_struct_new_escape, , "store type fields out", "scope",                            \
    (a->store, a->h.scope, a->type, a->fields, 1, a->out))                                    \
  X(gcroots_struct_new_escape, _0, "store type out", "scope",                                 \
    (a->store, a->h.scope, a->type, NULL, 0, a->out))

#define FIELD_CALLS(X)                                                                           \
  X(gcroots_struct_get, , "store out", "ref", (a->store, a->h.ref, a->index, a->out))            \
  X(gcroots_struct_set, , "store value", "ref", (a->store, a->h.ref, a->index, a->value))        \
  X(gcroots_struct_get_i32, , "store out", "ref", (a->store, a->h.ref, a->index, a->out))        \
  X(gcroots_struct_get_i64, , "store out", "ref", (a->store, a->h.ref, a->index, a->out))        \
  X(gcroots_struct_get_f32, , "store out", "ref", (a->store, a->h.ref, a->index, a->out))        \
  X(gcroots_struct_get_f64, , "store out", "ref", (a->store, a->h.ref, a->index, a->out))        \
  X(gcroots_struct_get_v128, , "store out", "ref", (a->store, a->h.ref, a->index, a->out))       \
  X(gcroots_struct_get_s, , "store out", "ref", (a->store, a->h.ref, a->index, a->out))          \
  X(gcroots_struct_get_u, , "store out", "ref", (a->store, a->h.ref, a->index, a->out))          \
  X(gcroots_struct_get_ref, , "store out", "ref", (a->store, a->h.ref, a->index, a->out))        \
  X(gcroots_struct_get_ref_into, , "store", "ref dst", (a->store, a->h.ref, a->index, a->h.dst)) \
  X(gcroots_struct_set_i32, , "store", "ref", (a->store, a->h.ref, a->index, 1))                 \
  X(gcroots_struct_set_i64, , "store", "ref", (a->store, a->h.ref, a->index, 1))                 \
  X(gcroots_struct_set_f32, , "store", "ref", (a->store, a->h.ref, a->index, 1))                 \
  X(gcroots_struct_set_f64, , "store", "ref", (a->store, a->h.ref, a->index, 1))                 \
  X(gcroots_struct_set_v128, , "store", "ref", (a->store, a->h.ref, a->index, a->val.of.v128))   \
  X(gcroots_struct_set_ref, , "store", "ref value_or_null",                                      \
    (a->store, a->h.ref, a->index, a->h.value))

#define ARRAY_CALLS(X)                                                                          \
  X(gcroots_array_new, , "store type value out", "", (a->store, a->type, a->value, 1, a->out))  \
  X(gcroots_array_new_default, , "store type out", "", (a->store, a->type, 1, a->out))          \
  X(gcroots_array_new_fixed, , "store type elements out", "",                                   \
    (a->store, a->type, a->elements, 1, a->out))                                                \
  X(gcroots_array_new_bytes, , "store type bytes out", "",                                      \
    (a->store, a->type, a->bytes, 1, a->out))                                                   \
  X(gcroots_array_new_bytes, _0, "store type out", "", (a->store, a->type, NULL, 0, a->out))    \
  X(gcroots_array_new_fixed, _0, "store type out", "", (a->store, a->type, NULL, 0, a->out))    \
  X(gcroots_array_len, , "store out", "ref", (a->store, a->h.ref, a->out))                      \
  X(gcroots_array_get, , "store out", "ref", (a->store, a->h.ref, a->index, a->out))            \
  X(gcroots_array_set, , "store value", "ref", (a->store, a->h.ref, a->index, a->value))        \
  X(gcroots_array_get_i32, , "store out", "ref", (a->store, a->h.ref, a->index, a->out))        \
  X(gcroots_array_get_i64, , "store out", "ref", (a->store, a->h.ref, a->index, a->out))        \
  X(gcroots_array_get_f32, , "store out", "ref", (a->store, a->h.ref, a->index, a->out))        \
  X(gcroots_array_get_f64, , "store out", "ref", (a->store, a->h.ref, a->index, a->out))        \
  X(gcroots_array_get_v128, , "store out", "ref", (a->store, a->h.ref, a->index, a->out))       \
  X(gcroots_array_get_s, , "store out", "ref", (a->store, a->h.ref, a->index, a->out))          \
  X(gcroots_array_get_u, , "store out", "ref", (a->store, a->h.ref, a->index, a->out))          \
  X(gcroots_array_get_ref, , "store out", "ref", (a->store, a->h.ref, a->index, a->out))        \
  X(gcroots_array_get_ref_into, , "store", "ref dst", (a->store, a->h.ref, a->index, a->h.dst)) \
  X(gcroots_array_set_i32, , "store", "ref", (a->store, a->h.ref, a->index, 1))                 \
  X(gcroots_array_set_i64, , "store", "ref", (a->store, a->h.ref, a->index, 1))                 \
  X(gcroots_array_set_f32, , "store", "ref", (a->store, a->h.ref, a->index, 1))                 \
  X(gcroots_array_set_f64, , "store", "ref", (a->store, a->h.ref, a->index, 1))                 \
  X(gcroots_array_set_v128, , "store", "ref", (a->store, a->h.ref, a->index, a->val.of.v128))   \
  X(gcroots_array_set_ref, , "store", "ref value_or_null",                                      \
    (a->store, a->h.ref, a->index, a->h.value))

#define ARRAY_RANGE_CALLS(X)                                                                   \
  X(gcroots_array_fill, , "store value", "ref", (a->store, a->h.ref, a->index, a->value, 1))   \
  X(gcroots_array_fill, _0, "store value", "ref", (a->store, a->h.ref, a->index, a->value, 0)) \
  X(gcroots_array_copy, , "store", "dst src", (a->store, a->h.dst, 0, a->h.src, 0, 1))         \
  X(gcroots_array_copy, _0, "store", "dst src", (a->store, a->h.dst, 0, a->h.src, 0, 0))       \
  X(gcroots_array_read, , "store out", "ref", (a->store, a->h.ref, a->index, a->out, 1))       \
  X(gcroots_array_read, _0, "store", "ref", (a->store, a->h.ref, a->index, NULL, 0))           \
  X(gcroots_array_write, , "store data", "ref", (a->store, a->h.ref, a->index, a->data, 1))    \
  X(gcroots_array_write, _0, "store", "ref", (a->store, a->h.ref, a->index, NULL, 0))

#define I31_CALLS(X)                                                       \
  X(gcroots_i31_new, , "store out", "", (a->store, 1, a->out))             \
  X(gcroots_i31_get_s, , "store out", "ref", (a->store, a->h.ref, a->out)) \
  X(gcroots_i31_get_u, , "store out", "ref", (a->store, a->h.ref, a->out))

#define CAST_CALLS(X)                                                                            \
  X(gcroots_ref_kind, , "store out", "ref", (a->store, a->h.ref, a->out))                        \
  X(gcroots_ref_type, , "store out", "ref", (a->store, a->h.ref, a->out))                        \
  X(gcroots_ref_test, , "store out", "ref", (a->store, a->h.ref, a->of, a->out))                 \
  X(gcroots_ref_test, _type, "store type out", "ref", (a->store, a->h.ref, concrete(a), a->out)) \
  X(gcroots_ref_cast, , "store out", "ref", (a->store, a->h.ref, a->of, a->out))                 \
  X(gcroots_ref_cast, _type, "store type out", "ref", (a->store, a->h.ref, concrete(a), a->out)) \
  X(gcroots_extern_convert_any, , "store out", "ref", (a->store, a->h.ref, a->out))              \
  X(gcroots_any_convert_extern, , "store out", "ref", (a->store, a->h.ref, a->out))

#define EXN_CALLS(X)                                                                          \
  X(gcroots_tag_new, , "store type out", "", (a->store, a->type, a->out))                     \
  X(gcroots_tag_type, , "store out", "tag", (a->store, a->h.tag, a->out))                     \
  X(gcroots_tag_eq, , "store out", "tag.a tag.b", (a->store, a->h.tag_a, a->h.tag_b, a->out)) \
  X(gcroots_exn_new, , "store fields out", "tag", (a->store, a->h.tag, a->fields, 1, a->out)) \
  X(gcroots_exn_new, _0, "store out", "tag", (a->store, a->h.tag, NULL, 0, a->out))           \
  X(gcroots_exn_tag, , "store out", "ref", (a->store, a->h.ref, a->out))                      \
  X(gcroots_exn_field, , "store out", "ref", (a->store, a->h.ref, a->index, a->out))

#define THROW_CALLS(X)                                                                   \
  X(gcroots_store_throw, , "store", "exn", (a->store, a->h.exn))                         \
  X(gcroots_store_take_exception, , "store out", "", (a->store, a->out))                 \
  X(gcroots_store_take_exception_manually_rooted, , "store out", "", (a->store, a->out)) \
  X(gcroots_store_has_exception, , "store out", "", (a->store, a->out))

#define FUNC_CALLS(X)                                                                \
  X(gcroots_func_new, , "store type callback out", "",                               \
    (a->store, a->type, a->callback, NULL, never_finalize, a->out))                  \
  X(gcroots_func_call, , "store args results", "func",                               \
    (a->store, a->h.func, a->args, 1, a->results, 1))                                \
  X(gcroots_func_call, _0, "store", "func", (a->store, a->h.func, NULL, 0, NULL, 0)) \
  X(gcroots_func_env, , "store callback out", "func", (a->store, a->h.func, a->callback, a->out))

#define TABLE_CALLS(X)                                                                            \
  X(gcroots_table_new, , "store out", "init_or_null", (a->store, a->of, 1, 2, a->h.init, a->out)) \
  X(gcroots_table_new, _small, "store out", "", (a->store, a->of, 2, 1, a->h.init, a->out))       \
  X(gcroots_table_new, _type, "store type out", "",                                               \
    (a->store, concrete(a), 2, 1, a->h.init, a->out))                                             \
  X(gcroots_table_get, , "store out", "table", (a->store, a->h.table, a->index, a->out))          \
  X(gcroots_table_get_ref_into, , "store", "table dst",                                           \
    (a->store, a->h.table, a->index, a->h.dst))                                                   \
  X(gcroots_table_set, , "store", "table value_or_null",                                          \
    (a->store, a->h.table, a->index, a->h.value))                                                 \
  X(gcroots_table_size, , "store out", "table", (a->store, a->h.table, a->out))                   \
  X(gcroots_table_type, , "store out", "table", (a->store, a->h.table, a->out))                   \
  X(gcroots_table_grow, , "store out", "table init_or_null",                                      \
    (a->store, a->h.table, 1, a->h.init, a->out))                                                 \
  X(gcroots_table_fill, , "store", "table value_or_null",                                         \
    (a->store, a->h.table, a->index, a->h.value, 1))                                              \
  X(gcroots_table_copy, , "store", "table.dst table.src",                                         \
    (a->store, a->h.table_dst, 0, a->h.table_src, 0, 1))                                          \
  X(gcroots_table_free, , "store table", "table", (a->store, a->table))

#define GLOBAL_CALLS(X)                                                                      \
  X(gcroots_global_new, , "store type value out", "",                                        \
    (a->store, IF(a->type, &a->field), a->value, a->out))                                    \
  X(gcroots_global_get, , "store out", "global", (a->store, a->h.global, a->out))            \
  X(gcroots_global_get_ref_into, , "store", "global dst", (a->store, a->h.global, a->h.dst)) \
  X(gcroots_global_set, , "store value", "global", (a->store, a->h.global, a->value))        \
  X(gcroots_global_type, , "store out", "global", (a->store, a->h.global, a->out))           \
  X(gcroots_global_free, , "store global", "global", (a->store, a->global))

/* --- Engines ------------------------------------------------------------------ */

#define RAW_CALLS(X)                                                                \
  X(gcroots_ref_to_raw, , "store out", "ref_or_null", (a->store, a->h.ref, a->out)) \
  X(gcroots_ref_from_raw, , "store out", "", (a->store, 2, a->out))                 \
  X(gcroots_ref_from_raw, _0, "store out", "", (a->store, 0, a->out))               \
  X(gcroots_raw_cast, , "store type out", "", (a->store, 2, a->type, a->out))       \
  X(gcroots_heap_base, , "store out", "", (a->store, a->out))                       \
  X(gcroots_array_span, , "store out", "ref", (a->store, a->h.ref, 1, 2, a->out))

#define RAW_STRUCT_CALLS(X)                                                                 \
  X(gcroots_raw_struct_new, , "store type fields out", "",                                  \
    (a->store, a->type, a->fields, 1, a->out))                                              \
  X(gcroots_raw_struct_new, _0, "store type out", "", (a->store, a->type, NULL, 0, a->out)) \
  X(gcroots_raw_struct_new_default, , "store type out", "", (a->store, a->type, a->out))    \
  X(gcroots_raw_struct_get, , "store out", "", (a->store, 2, 0, a->out))                    \
  X(gcroots_raw_struct_set, , "store value", "", (a->store, 2, 0, a->value))                \
  X(gcroots_raw_struct_get_ref, , "store out", "", (a->store, 2, 0, a->out))                \
  X(gcroots_raw_struct_set_ref, , "store", "", (a->store, 2, 0, 0))

#define RAW_ARRAY_CALLS(X)                                                                        \
  X(gcroots_raw_array_new, , "store type out", "", (a->store, a->type, NULL, 1, a->out))          \
  X(gcroots_raw_array_new, _fill, "store type out", "", (a->store, a->type, a->value, 1, a->out)) \
  X(gcroots_raw_array_new_fixed, , "store type elements out", "",                                 \
    (a->store, a->type, a->elements, 1, a->out))                                                  \
  X(gcroots_raw_array_new_fixed, _0, "store type out", "", (a->store, a->type, NULL, 0, a->out))  \
  X(gcroots_raw_array_new_bytes, , "store type bytes out", "",                                    \
    (a->store, a->type, a->bytes, 1, a->out))                                                     \
  X(gcroots_raw_array_new_bytes, _0, "store type out", "", (a->store, a->type, NULL, 0, a->out))  \
  X(gcroots_raw_array_len, , "store out", "", (a->store, 2, a->out))                              \
  X(gcroots_raw_array_get, , "store out", "", (a->store, 2, 0, a->out))                           \
  X(gcroots_raw_array_set, , "store value", "", (a->store, 2, 0, a->value))                       \
  X(gcroots_raw_array_get_ref, , "store out", "", (a->store, 2, 0, a->out))                       \
  X(gcroots_raw_array_set_ref, , "store", "", (a->store, 2, 0, 0))                                \
  X(gcroots_raw_array_fill, , "store value", "", (a->store, 2, 0, a->value, 1))                   \
  X(gcroots_raw_array_copy, , "store", "", (a->store, 2, 0, 2, 0, 1))

#define RAW_HOST_CALLS(X)                                                                         \
  X(gcroots_raw_externref_new, , "store out", "", (a->store, NULL, never_finalize, a->out))       \
  X(gcroots_raw_externref_data, , "store out", "", (a->store, 2, a->out))                         \
  X(gcroots_raw_exn_new, , "store fields out", "tag", (a->store, a->h.tag, a->fields, 1, a->out)) \
  X(gcroots_raw_exn_new, _0, "store out", "tag", (a->store, a->h.tag, NULL, 0, a->out))           \
  X(gcroots_raw_exn_tag, , "store out", "", (a->store, 2, a->out))                                \
  X(gcroots_raw_exn_field, , "store out", "", (a->store, 2, 0, a->out))                           \
  X(gcroots_raw_throw, , "store", "", (a->store, 2))                                              \
  X(gcroots_raw_take_exception, , "store out", "", (a->store, a->out))                            \
  X(gcroots_raw_func_call, , "store args results", "", (a->store, 2, a->args, 1, a->results, 1))  \
  X(gcroots_raw_func_call, _0, "store", "", (a->store, 2, NULL, 0, NULL, 0))

#define ROOT_RANGE_CALLS(X)                                                              \
  X(gcroots_root_range_add, , "store range out", "", (a->store, a->range, NULL, a->out)) \
  X(gcroots_root_range_add, _layout, "store range out", "",                              \
    (a->store, a->range, &a->layout, a->out))                                            \
  X(gcroots_root_range_remove, , "store source", "source", (a->store, a->source))

#define ROOT_VISITOR_CALLS(X)                                                                  \
  X(gcroots_root_visitor_add, , "store visitor out", "", (a->store, a->visitor, NULL, a->out)) \
  X(gcroots_root_visitor_remove, , "store source", "source", (a->store, a->source))

#define REPORT_CALLS(X)                                                           \
  X(gcroots_root_visitor_report, , "store range", "", (a->store, a->range, NULL)) \
  X(gcroots_root_visitor_report, _layout, "store range", "", (a->store, a->range, &a->layout))

/* --- The tables --------------------------------------------------------------- */

struct call {
  const char *name, *function, *pointers, *handles;
  gcroots_status_t (*run)(struct arguments *a);
};

#define DEFINE_CALL(function, variant, pointers, handles, passed)                \
  static inline gcroots_status_t call_##function##variant(struct arguments *a) { \
    return function passed;                                                      \
  }
#define CALL_ROW(function, variant, pointers, handles, passed) \
  {#function #variant, #function, pointers, handles, call_##function##variant},

/* Ends with a row without a name. */
#define DEFINE_TABLE(name, CALLS) \
  CALLS(DEFINE_CALL)              \
  static const struct call name[] = {CALLS(CALL_ROW){NULL, NULL, NULL, NULL, NULL}};

DEFINE_TABLE(config_calls, CONFIG_CALLS)
DEFINE_TABLE(engine_calls, ENGINE_CALLS)
DEFINE_TABLE(error_calls, ERROR_CALLS)
DEFINE_TABLE(layout_calls, LAYOUT_CALLS)
DEFINE_TABLE(type_calls, TYPE_CALLS)
DEFINE_TABLE(group_calls, GROUP_CALLS)
DEFINE_TABLE(unroot_later_calls, UNROOT_LATER_CALLS)
DEFINE_TABLE(step_calls, STEP_CALLS)
DEFINE_TABLE(free_calls, FREE_CALLS)
DEFINE_TABLE(attach_calls, ATTACH_CALLS)
DEFINE_TABLE(store_calls, STORE_CALLS)
DEFINE_TABLE(reference_calls, REFERENCE_CALLS)
DEFINE_TABLE(scope_calls, SCOPE_CALLS)
DEFINE_TABLE(local_calls, LOCAL_CALLS)
DEFINE_TABLE(manually_rooted_calls, MANUALLY_ROOTED_CALLS)
DEFINE_TABLE(weak_calls, WEAK_CALLS)
DEFINE_TABLE(pin_calls, PIN_CALLS)
DEFINE_TABLE(weakmap_calls, WEAKMAP_CALLS)
DEFINE_TABLE(externref_calls, EXTERNREF_CALLS)
DEFINE_TABLE(struct_calls, STRUCT_CALLS)
DEFINE_TABLE(fused_calls, FUSED_CALLS)
DEFINE_TABLE(field_calls, FIELD_CALLS)
DEFINE_TABLE(array_calls, ARRAY_CALLS)
DEFINE_TABLE(array_range_calls, ARRAY_RANGE_CALLS)
DEFINE_TABLE(i31_calls, I31_CALLS)
DEFINE_TABLE(cast_calls, CAST_CALLS)
DEFINE_TABLE(exn_calls, EXN_CALLS)
DEFINE_TABLE(throw_calls, THROW_CALLS)
DEFINE_TABLE(func_calls, FUNC_CALLS)
DEFINE_TABLE(table_calls, TABLE_CALLS)
DEFINE_TABLE(global_calls, GLOBAL_CALLS)
DEFINE_TABLE(raw_calls, RAW_CALLS)
DEFINE_TABLE(raw_struct_calls, RAW_STRUCT_CALLS)
DEFINE_TABLE(raw_array_calls, RAW_ARRAY_CALLS)
DEFINE_TABLE(raw_host_calls, RAW_HOST_CALLS)
DEFINE_TABLE(root_range_calls, ROOT_RANGE_CALLS)
DEFINE_TABLE(root_visitor_calls, ROOT_VISITOR_CALLS)
DEFINE_TABLE(report_calls, REPORT_CALLS)

/* All that take a store and are refused between the steps of a collection. */
static const struct call *const tables_of_stores[] = {
    store_calls,      reference_calls,   scope_calls,      local_calls,       manually_rooted_calls,
    weak_calls,       pin_calls,         weakmap_calls,    externref_calls,   struct_calls,
    fused_calls,      field_calls,       array_calls,      array_range_calls, i31_calls,
    cast_calls,       exn_calls,         throw_calls,      func_calls,        table_calls,
    global_calls,     raw_calls,         raw_struct_calls, raw_array_calls,   raw_host_calls,
    root_range_calls, root_visitor_calls};

#endif
