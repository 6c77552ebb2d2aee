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

int header_use(gcroots_store_t *store);
int header_use(gcroots_store_t *store) {
  gcroots_ref_t ref = gcroots_ref_null();
  gcroots_manually_rooted_t handle;
  gcroots_status_t status = gcroots_ref_to_manually_rooted(store, ref, &handle);
  return status == GCROOTS_OK && gcroots_ref_is_null(handle.ref);
}
