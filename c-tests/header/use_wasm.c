/* Does for gcroots_wasm.h what use.c does for gcroots.h. The header needs no other one
 * before it.
 */
#include <gcroots_wasm.h>
#include <gcroots_wasm.h>

bool header_use_wasm_externref(gcroots_store_t *store, wasm_externref_t *out);
bool header_use_wasm_externref(gcroots_store_t *store, wasm_externref_t *out) {
  wasm_externref_t ref;
  bool cloned;
  wasm_externref_set_null(&ref);
  if (!wasm_externref_new(store, GCROOTS_WASM_NULL, GCROOTS_WASM_NULL, &ref)) return false;
  cloned = wasm_externref_clone(store, &ref, out);
  wasm_externref_unroot(&ref);
  return cloned && !wasm_externref_is_null(out) &&
         wasm_externref_data(store, out) == GCROOTS_WASM_NULL;
}

bool header_use_wasm_anyref(gcroots_store_t *store, wasm_anyref_t *ref);
bool header_use_wasm_anyref(gcroots_store_t *store, wasm_anyref_t *ref) {
  wasm_externref_t external;
  wasm_anyref_t any;
  wasm_eqref_t eq;
  wasm_structref_t object;
  wasm_arrayref_t array;
  int32_t sign;
  uint32_t zeros;
  wasm_anyref_set_null(ref);
  if (!wasm_anyref_is_null(ref) || !wasm_anyref_from_i31(store, 0xffffffff, ref)) return false;
  if (!wasm_externref_convert_any(store, ref, &external)) return false;
  if (!wasm_anyref_convert_extern(store, &external, &any)) return false;
  wasm_anyref_unroot(&any);
  return wasm_anyref_i31_get_s(store, ref, &sign) && wasm_anyref_i31_get_u(store, ref, &zeros) &&
         wasm_anyref_is_i31(store, ref) && wasm_anyref_is_eqref(store, ref) &&
         !wasm_anyref_is_struct(store, ref) && !wasm_anyref_is_array(store, ref) &&
         wasm_anyref_as_eqref(store, ref, &eq) && !wasm_anyref_as_struct(store, ref, &object) &&
         !wasm_anyref_as_array(store, ref, &array) && wasm_anyref_clone(store, ref, &any);
}

bool header_use_wasm_eqref(gcroots_store_t *store, wasm_eqref_t *ref);
bool header_use_wasm_eqref(gcroots_store_t *store, wasm_eqref_t *ref) {
  wasm_anyref_t any;
  wasm_eqref_t eq;
  wasm_structref_t object;
  wasm_arrayref_t array;
  int32_t sign;
  uint32_t zeros;
  wasm_eqref_set_null(ref);
  if (!wasm_eqref_is_null(ref) || !wasm_eqref_from_i31(store, 1, ref)) return false;
  if (!wasm_eqref_clone(store, ref, &eq)) return false;
  wasm_eqref_unroot(&eq);
  return wasm_eqref_i31_get_s(store, ref, &sign) && wasm_eqref_i31_get_u(store, ref, &zeros) &&
         wasm_eqref_is_i31(store, ref) && !wasm_eqref_is_struct(store, ref) &&
         !wasm_eqref_is_array(store, ref) && !wasm_eqref_as_struct(store, ref, &object) &&
         !wasm_eqref_as_array(store, ref, &array) && wasm_eqref_to_anyref(store, ref, &any);
}

bool header_use_wasm_structref(gcroots_store_t *store, const gcroots_type_t *type,
                               wasm_structref_t *out);
bool header_use_wasm_structref(gcroots_store_t *store, const gcroots_type_t *type,
                               wasm_structref_t *out) {
  wasm_anyref_t any;
  wasm_eqref_t eq;
  wasm_structref_t ref;
  gcroots_val_t val;
  wasm_structref_set_null(&ref);
  if (!wasm_structref_is_null(&ref)) return false;
  if (!wasm_structref_new_default(store, type, &ref)) return false;
  if (!wasm_structref_field(store, &ref, 0, &val)) return false;
  if (!wasm_structref_set_field(store, &ref, 0, &val)) return false;
  wasm_structref_unroot(&ref);
  return wasm_structref_new(store, type, &val, 1, out) && wasm_structref_clone(store, out, &ref) &&
         wasm_structref_to_anyref(store, out, &any) && wasm_structref_to_eqref(store, out, &eq);
}

bool header_use_wasm_arrayref(gcroots_store_t *store, const gcroots_type_t *type,
                              wasm_arrayref_t *out);
bool header_use_wasm_arrayref(gcroots_store_t *store, const gcroots_type_t *type,
                              wasm_arrayref_t *out) {
  wasm_anyref_t any;
  wasm_eqref_t eq;
  wasm_arrayref_t ref;
  gcroots_val_t val;
  uint32_t length;
  wasm_arrayref_set_null(&ref);
  if (!wasm_arrayref_is_null(&ref)) return false;
  if (!wasm_arrayref_new_default(store, type, 1, &ref)) return false;
  if (!wasm_arrayref_get(store, &ref, 0, &val)) return false;
  if (!wasm_arrayref_set(store, &ref, 0, &val)) return false;
  wasm_arrayref_unroot(&ref);
  return wasm_arrayref_new(store, type, &val, 2, out) && wasm_arrayref_len(store, out, &length) &&
         length == 2 && wasm_arrayref_clone(store, out, &ref) &&
         wasm_arrayref_to_anyref(store, out, &any) && wasm_arrayref_to_eqref(store, out, &eq);
}

bool header_use_wasm_exnref(gcroots_store_t *store, gcroots_tag_t tag, wasm_exnref_t *out);
bool header_use_wasm_exnref(gcroots_store_t *store, gcroots_tag_t tag, wasm_exnref_t *out) {
  gcroots_type_t *type;
  wasm_exnref_t ref;
  gcroots_tag_t same;
  gcroots_val_t val;
  wasm_exnref_set_null(&ref);
  if (!wasm_exnref_is_null(&ref) || !wasm_exnref_from_raw(store, 0, &ref)) return false;
  if (!wasm_exnref_new(store, tag, GCROOTS_WASM_NULL, 0, &ref)) return false;
  if (!wasm_exnref_tag(store, &ref, &same)) return false;
  if (!wasm_context_set_exception(store, &ref)) return false;
  if (wasm_exnref_field_count(store, &ref) > 0 && !wasm_exnref_field(store, &ref, 0, &val))
    return false;
  type = wasm_exnref_type(store, &ref);
  gcroots_type_free(type);
  wasm_exnref_unroot(&ref);
  if (!wasm_context_has_exception(store)) return false;
  return wasm_context_take_exception(store, &ref) && wasm_exnref_clone(store, &ref, out) &&
         wasm_exnref_to_raw(store, out) != 0;
}

bool header_use_wasm_funcref(gcroots_store_t *store, const gcroots_type_t *type,
                             gcroots_callback_t callback, wasm_funcref_t *out);
bool header_use_wasm_funcref(gcroots_store_t *store, const gcroots_type_t *type,
                             gcroots_callback_t callback, wasm_funcref_t *out) {
  gcroots_type_t *same;
  wasm_funcref_t ref;
  wasm_funcref_set_null(&ref);
  if (!wasm_funcref_is_null(&ref) || !wasm_funcref_from_raw(store, 0, &ref)) return false;
  if (!wasm_funcref_new(store, type, callback, GCROOTS_WASM_NULL, GCROOTS_WASM_NULL, &ref))
    return false;
  same = wasm_funcref_type(store, &ref);
  gcroots_type_free(same);
  if (!wasm_funcref_clone(store, &ref, out)) return false;
  wasm_funcref_unroot(&ref);
  return wasm_funcref_to_raw(store, out) != 0;
}

bool header_use_wasm_types(gcroots_store_t *store, const wasm_anyref_t *ref);
bool header_use_wasm_types(gcroots_store_t *store, const wasm_anyref_t *ref) {
  gcroots_type_t *type_of_struct = wasm_structref_type(store, ref);
  gcroots_type_t *type_of_array = wasm_arrayref_type(store, ref);
  wasm_heaptype_t any, eq;
  wasm_anyref_t again;
  wasm_externref_t external;
  gcroots_type_free(type_of_struct);
  gcroots_type_free(type_of_array);
  if (!wasm_anyref_type(store, ref, &any) || !wasm_eqref_type(store, ref, &eq)) return false;
  gcroots_type_free(any.type);
  gcroots_type_free(eq.type);
  return wasm_anyref_from_raw(store, wasm_anyref_to_raw(store, ref), &again) &&
         wasm_externref_from_raw(store, wasm_externref_to_raw(store, ref), &external);
}
