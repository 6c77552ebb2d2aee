/* How the programs of the benchmark suite measure operations. They print a line for each
 * operation, with tabs between the fields:
 *
 *   operation NAME NANOSECONDS    the CPU time of one operation
 *
 * Include this file first. */
#ifndef MEASURE_H
#define MEASURE_H

#include "cpu_time.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Keeps the compiler from removing the computation of a value. */
#define KEEP(value) __asm__ volatile("" : : "r"(value) : "memory")

struct operation {
  const char *name;
  void (*body)(uint64_t count);
};

/* A profiler counts the instructions of this function only. */
__attribute__((noinline)) static void measured(void (*body)(uint64_t), uint64_t count) {
  body(count);
  KEEP(body);
}

/* The CPU time of one operation: the median of five runs of about eight milliseconds. */
static inline double time_of(const struct operation *operation) {
  double times[5], took = 0;
  uint64_t count = 16;
  for (;; count *= 2) {
    double before = nanoseconds();
    operation->body(count);
    took = nanoseconds() - before;
    if (took > 2e6 || count >> 40 != 0) break;
  }
  count = (uint64_t)((double)count * 8e6 / took) + 1;
  for (int run = 0; run < 5; run++) {
    double before = nanoseconds();
    operation->body(count);
    times[run] = (nanoseconds() - before) / (double)count;
  }
  return median(times, 5);
}

/* Does what the arguments of the program ask for:
 *   PROGRAM --time         times each operation
 *   PROGRAM NAME COUNT     runs operation NAME COUNT times to warm up, and COUNT times inside
 *                          measured()
 *   PROGRAM --count COUNT  does the same for each operation
 *   PROGRAM                prints the names
 * Returns the program's exit status. */
static inline int run_operations(int argc, char **argv, const struct operation *operations,
                                 size_t count) {
  const int counts = argc > 1 && strcmp(argv[1], "--count") == 0;
  for (size_t i = 0; i < count; i++) {
    if (argc < 2)
      puts(operations[i].name);
    else if (strcmp(argv[1], "--time") == 0) {
      printf("operation\t%s\t%.3f\n", operations[i].name, time_of(&operations[i]));
      fflush(stdout);
    } else if (argc > 2 && (counts || strcmp(operations[i].name, argv[1]) == 0)) {
      uint64_t times = strtoull(argv[2], NULL, 10);
      operations[i].body(times);
      measured(operations[i].body, times);
      if (!counts) return 0;
    }
  }
  return argc > 1 && strcmp(argv[1], "--time") != 0 && !counts ? 2 : 0;
}

#endif
