/* CPU time of the process, and the median of several measurements. Include this file first.
 */
#ifndef CPU_TIME_H
#define CPU_TIME_H

/* For clock_gettime. */
#define _POSIX_C_SOURCE 199309L
#include <stdlib.h>
#include <time.h>

static inline double nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return 1e9 * (double)now.tv_sec + (double)now.tv_nsec;
}

static inline int compare_times(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Sorts the times. */
static inline double median(double *times, size_t count) {
  qsort(times, count, sizeof *times, compare_times);
  return times[count / 2];
}

#endif
