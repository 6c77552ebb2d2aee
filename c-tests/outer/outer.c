/* Somebody else's program. */
#include <gcroots.h>
#include <string.h>

int main(void) {
  return strcmp(gcroots_version(), GCROOTS_VERSION) == 0 ? 0 : 1;
}
