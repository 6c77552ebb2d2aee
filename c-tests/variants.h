/* The collectors on which each C test runs, the variants of them, and the properties that
 * tests depend on. A new collector gets a row in each of the two tables.
 *
 * A variant is a collector and its settings. CMakeLists.txt reads the names of the variants
 * from the table below. A case tests properties, never names:
 *
 *   COLLECTS      unreachable objects die
 *   MAY_MOVE      a collection may move objects, and moves most under `move_always`
 *   MOVES_ALL     each collection moves every live object
 *   HALVES        objects fill one half of the heap only
 *   MINOR_FIRST   an allocation first runs a minor collection, which leaves some garbage
 *   IN_ORDER      until the first collection, later objects have higher references
 *   BLOCKS        objects lie in blocks of 32 KiB, and larger ones than half a block in blocks of
 *                 their own; the heap grows by blocks
 *   NURSERY       objects are made in a nursery, for which up to 7 blocks of a new heap are kept
 *   BETWEEN       the program runs between the steps of a full collection; the statistics count
 *                 each one when it is complete, besides the minor collections that it needs
 *   SHADOWS       the heap has a copy of its slots, half as large as its limit, beside it
 *   PINS          objects can be pinned
 */
#ifndef VARIANTS_H
#define VARIANTS_H

#include <gcroots.h>
#include <string.h>

enum {
  COLLECTS = 1,
  MAY_MOVE = 2,
  MOVES_ALL = MAY_MOVE | 4,
  HALVES = 8,
  MINOR_FIRST = 16,
  IN_ORDER = 32,
  SHADOWS = 64,
  BLOCKS = 128,
  NURSERY = 256,
  BETWEEN = 512,
  PINS = 1024
};

struct check_collector {
  gcroots_collector_t number;
  int properties;
  size_t least_limit;
};

static const struct check_collector check_collectors[] = {
    {GCROOTS_COLLECTOR_NULL, IN_ORDER | PINS, 16 << 10},
    {GCROOTS_COLLECTOR_DRC, COLLECTS | MINOR_FIRST | BLOCKS | PINS, 64 << 10},
    {GCROOTS_COLLECTOR_COPYING, COLLECTS | MOVES_ALL | HALVES | IN_ORDER, 32 << 10},
    {GCROOTS_COLLECTOR_GENERATIONAL, COLLECTS | MAY_MOVE | BLOCKS | NURSERY | BETWEEN | PINS,
     64 << 10},
    {GCROOTS_COLLECTOR_CHECK, COLLECTS | MOVES_ALL | HALVES | IN_ORDER | SHADOWS, 32 << 10},
};

/* A stressed variant collects at every allocation and fills freed memory. `move_always` is
   set where collections do not move all objects anyway. */
struct check_variant {
  const char *name;
  gcroots_collector_t collector;
  bool stressed, move_always;
};

static const struct check_variant check_variants[] = {
    {"null", GCROOTS_COLLECTOR_NULL, false, false},
    {"drc", GCROOTS_COLLECTOR_DRC, false, false},
    {"drc_stress", GCROOTS_COLLECTOR_DRC, true, false},
    {"copying", GCROOTS_COLLECTOR_COPYING, false, false},
    {"stress", GCROOTS_COLLECTOR_COPYING, true, false},
    {"generational", GCROOTS_COLLECTOR_GENERATIONAL, false, false},
    {"generational_stress", GCROOTS_COLLECTOR_GENERATIONAL, true, true},
    {"check", GCROOTS_COLLECTOR_CHECK, false, false},
};

/* The variant of the case. */
static struct check_variant check_variant;
static struct check_collector check_collector;

/* Returns `false` if no variant has this name. */
static inline bool choose_variant(const char *name) {
  const size_t variants = sizeof check_variants / sizeof *check_variants;
  const size_t collectors = sizeof check_collectors / sizeof *check_collectors;
  for (size_t i = 0; i < variants; i++) {
    if (strcmp(check_variants[i].name, name) != 0) continue;
    check_variant = check_variants[i];
    for (size_t k = 0; k < collectors; k++)
      if (check_collectors[k].number == check_variant.collector)
        check_collector = check_collectors[k];
    return check_collector.least_limit != 0;
  }
  return false;
}

/* Whether the collector has all of these properties. */
static inline bool heap_has(int properties) {
  return (check_collector.properties & properties) == properties;
}

/* Whether it is right that a collection did or did not move some object. */
static inline bool may_have(bool moved) {
  return moved ? heap_has(MAY_MOVE) : !heap_has(MOVES_ALL);
}

/* Whether `expected` collections have been counted. Where the program runs between the steps of
   full ones, minor collections do the steps of those and count as well. */
static inline bool has_collected(uint64_t collections, uint64_t expected) {
  return heap_has(BETWEEN) ? collections >= expected : collections == expected;
}

/* The number of the heap's spaces. Objects can fill one of them. */
static inline size_t spaces(void) {
  return heap_has(HALVES) ? 2 : 1;
}

/* The bytes by which a heap grows at least. */
static inline size_t heap_unit(void) {
  return heap_has(BLOCKS) ? 32 << 10 : 4096;
}

/* The number of objects of `bytes`, at most half a block, that fill a heap of `heap` bytes. A
   fortieth of the blocks stays free. */
static inline size_t objects_in(size_t heap, size_t bytes) {
  if (heap_has(BLOCKS)) {
    size_t blocks = heap / heap_unit();
    return (blocks - blocks / 40) * (heap_unit() / bytes);
  }
  /* The first granule of a space stays free. */
  return (heap / spaces() - 8) / bytes;
}

#endif
