/* The random numbers of the workloads: the same ones in each language. */
#ifndef RANDOM_H
#define RANDOM_H

#include <stdint.h>

static uint32_t random_state = 1;

/* The generator of Numerical Recipes: the upper bits are good enough for a workload. */
static inline uint32_t random_next(void) {
  return random_state = random_state * 1664525u + 1013904223u;
}

/* A number below `bound`, which is at most 2^16 times 2^16. */
static inline uint32_t random_below(uint32_t bound) {
  uint64_t high = random_next() >> 16, low = random_next() >> 16;
  return (uint32_t)(((high << 16 | low) * bound) >> 32);
}

#endif
