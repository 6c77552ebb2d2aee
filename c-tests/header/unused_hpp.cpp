/* Includes the header and uses nothing of it. */
#include <gcroots.hpp>
