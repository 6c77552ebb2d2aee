/* As use.c, for gcroots_wasm.h, which needs nothing included before it. */
#include <gcroots_wasm.h>
#include <gcroots_wasm.h>

bool header_use_wasm(gcroots_store_t *store, wasm_externref_t *out);
bool header_use_wasm(gcroots_store_t *store, wasm_externref_t *out) {
  wasm_externref_t ref;
  bool cloned;
  wasm_externref_set_null(&ref);
  if (!wasm_externref_new(store, NULL, NULL, &ref)) return false;
  cloned = wasm_externref_clone(store, &ref, out);
  wasm_externref_unroot(&ref);
  return cloned && !wasm_externref_is_null(out) && wasm_externref_data(store, out) == NULL;
}
