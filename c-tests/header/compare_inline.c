/* use_inline.c, where each fast path is compared with the library's answer. */
#define GCROOTS_INLINE_COMPARE
#include "use_inline.c"
