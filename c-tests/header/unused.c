/* Includes both headers and uses nothing: inline functions must not warn then. */
#include <gcroots.h>
#include <gcroots_wasm.h>

extern const int header_unused;
const int header_unused = 0;
