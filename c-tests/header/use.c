/* Compiles in each supported version of C and C++: includes the header twice and before any
 * other, and uses what it defines inline.
 */
#include <gcroots.h>
#include <gcroots.h>

#if GCROOTS_VERSION_MAJOR < 0 || GCROOTS_VERSION_MINOR < 0 || GCROOTS_VERSION_PATCH < 0
#error "no version"
#endif

extern const char *const header_version;
const char *const header_version = GCROOTS_VERSION;

/* Owned types come through const pointers, too, and are freed without a cast. */
void header_free(gcroots_store_t *store, const gcroots_type_t *type, gcroots_table_t table,
                 gcroots_global_t global);
void header_free(gcroots_store_t *store, const gcroots_type_t *type, gcroots_table_t table,
                 gcroots_global_t global) {
  gcroots_field_type_t field;
  gcroots_table_type_t of;
  gcroots_type_t *owned = gcroots_type_clone(type);
  if (gcroots_type_field(type, 0, &field) == GCROOTS_OK) gcroots_type_free(field.type);
  if (gcroots_global_type(store, global, &field) == GCROOTS_OK) gcroots_type_free(field.type);
  if (gcroots_table_type(store, table, &of) == GCROOTS_OK) gcroots_type_free(of.element.type);
  gcroots_type_free(owned);
}

int header_use(gcroots_store_t *store);
int header_use(gcroots_store_t *store) {
  gcroots_ref_t ref = gcroots_ref_null();
  gcroots_manually_rooted_t handle;
  gcroots_status_t status = gcroots_ref_to_manually_rooted(store, ref, &handle);
  return status == GCROOTS_OK && gcroots_ref_is_null(handle.ref);
}
