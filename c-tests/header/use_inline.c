/* Compiles in each supported version of C and C++, with the hot functions in line. */
#include <gcroots_inline.h>
#include <gcroots_inline.h>

typedef gcroots_status_t (*enter_function)(gcroots_store_t *store, gcroots_scope_t *out);
enter_function in_line_address(void);
enter_function in_line_address(void) {
  return gcroots_scope_enter;
}

gcroots_status_t in_line_roots(gcroots_store_t *store, gcroots_ref_t ref);
gcroots_status_t in_line_roots(gcroots_store_t *store, gcroots_ref_t ref) {
  gcroots_scope_t scope;
  gcroots_manually_rooted_t manual, copy;
  gcroots_ref_t local;
  bool is_null;
  if (gcroots_scope_enter(store, &scope) != GCROOTS_OK ||
      gcroots_no_gc_enter(store) != GCROOTS_OK || gcroots_no_gc_exit(store) != GCROOTS_OK ||
      gcroots_local_new(store, ref, &local) != GCROOTS_OK ||
      gcroots_local_is_null(store, local, &is_null) != GCROOTS_OK ||
      gcroots_ref_assign(store, local, ref) != GCROOTS_OK ||
      gcroots_ref_to_manually_rooted(store, ref, &manual) != GCROOTS_OK ||
      gcroots_manually_rooted_clone(store, manual, &copy) != GCROOTS_OK ||
      gcroots_manually_rooted_unroot(store, &copy) != GCROOTS_OK ||
      gcroots_manually_rooted_to_rooted(store, manual, &local) != GCROOTS_OK ||
      gcroots_manually_rooted_unroot(store, &manual) != GCROOTS_OK)
    return gcroots_scope_exit(store, scope);
  return gcroots_scope_escape(store, scope, ref, &local);
}

gcroots_status_t in_line_objects(gcroots_store_t *store, const gcroots_type_t *type);
gcroots_status_t in_line_objects(gcroots_store_t *store, const gcroots_type_t *type) {
  gcroots_val_t fields[1];
  gcroots_ref_t ref, read;
  gcroots_val_t value;
  gcroots_v128_t vector;
  double number;
  int32_t small;
  uint32_t unsigned_small;
  size_t length;
  void *data;
  fields[0].kind = GCROOTS_STORAGE_F64;
  fields[0].of.f64 = 1.5;
  if (gcroots_struct_new(store, type, fields, 1, &ref) != GCROOTS_OK ||
      gcroots_struct_new_into(store, type, fields, 1, ref) != GCROOTS_OK ||
      gcroots_struct_new_default(store, type, &ref) != GCROOTS_OK ||
      gcroots_struct_get_f64(store, ref, 0, &number) != GCROOTS_OK ||
      gcroots_struct_set_f64(store, ref, 0, number) != GCROOTS_OK ||
      gcroots_struct_get(store, ref, 0, &value) != GCROOTS_OK ||
      gcroots_struct_set(store, ref, 0, &value) != GCROOTS_OK ||
      gcroots_struct_get_s(store, ref, 0, &small) != GCROOTS_OK ||
      gcroots_struct_get_u(store, ref, 0, &unsigned_small) != GCROOTS_OK ||
      gcroots_struct_get_v128(store, ref, 0, &vector) != GCROOTS_OK ||
      gcroots_struct_get_ref(store, ref, 0, &read) != GCROOTS_OK ||
      gcroots_struct_get_ref_into(store, ref, 0, read) != GCROOTS_OK ||
      gcroots_struct_set_ref(store, ref, 0, read) != GCROOTS_OK ||
      gcroots_array_new(store, type, fields, 1, &ref) != GCROOTS_OK ||
      gcroots_array_new_default(store, type, 1, &ref) != GCROOTS_OK ||
      gcroots_array_new_fixed(store, type, fields, 1, &ref) != GCROOTS_OK ||
      gcroots_array_len(store, ref, &length) != GCROOTS_OK ||
      gcroots_externref_new(store, &number, NULL, &ref) != GCROOTS_OK)
    return GCROOTS_ERROR_INTERNAL;
  return gcroots_externref_data(store, ref, &data);
}

gcroots_status_t in_line_raw(gcroots_store_t *store, const gcroots_type_t *type);
gcroots_status_t in_line_raw(gcroots_store_t *store, const gcroots_type_t *type) {
  gcroots_raw_val_t value;
  uint32_t raw, read;
  value.ref = 0;
  if (gcroots_raw_struct_new(store, type, &value, 1, &raw) != GCROOTS_OK ||
      gcroots_raw_struct_new_default(store, type, &raw) != GCROOTS_OK ||
      gcroots_raw_struct_get(store, raw, 0, &value) != GCROOTS_OK ||
      gcroots_raw_struct_set(store, raw, 0, &value) != GCROOTS_OK ||
      gcroots_raw_struct_get_ref(store, raw, 0, &read) != GCROOTS_OK ||
      gcroots_raw_struct_set_ref(store, raw, 0, read) != GCROOTS_OK ||
      gcroots_raw_array_new(store, type, &value, 1, &raw) != GCROOTS_OK ||
      gcroots_raw_array_new_fixed(store, type, &value, 1, &raw) != GCROOTS_OK ||
      gcroots_raw_array_len(store, raw, &read) != GCROOTS_OK ||
      gcroots_raw_array_get(store, raw, 0, &value) != GCROOTS_OK ||
      gcroots_raw_array_set(store, raw, 0, &value) != GCROOTS_OK)
    return GCROOTS_ERROR_INTERNAL;
  return gcroots_raw_array_set_ref(store, raw, 0, read);
}
