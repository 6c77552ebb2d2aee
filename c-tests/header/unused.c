/* Includes both headers and uses nothing from them. Unused inline functions must not cause
 * warnings.
 */
#include <gcroots.h>
#include <gcroots_wasm.h>

extern const int header_unused;
const int header_unused = 0;
