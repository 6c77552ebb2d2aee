/* Times the requests of a workload. */
#include "../cpu_time.h"

#include "requests.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>

/* The most requests of a workload. */
enum { MOST_REQUESTS = 1 << 19 };

/* The elapsed times of the requests, in nanoseconds. They count in the memory of the process, and
   so they are small. */
static float times[MOST_REQUESTS];
static size_t count;
static double began;

void (*request_watcher)(void);

static double elapsed(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return 1e9 * (double)now.tv_sec + (double)now.tv_nsec;
}

void request_begins(void) {
  if (request_watcher != NULL) request_watcher();
  began = elapsed();
}

void request_ends(void) {
  if (count == MOST_REQUESTS) abort();
  times[count++] = (float)(elapsed() - began);
  if (request_watcher != NULL) request_watcher();
}

static int compare_floats(const void *a, const void *b) {
  float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

static double percentile(double share) {
  return count > 0 ? (double)times[(size_t)(share * (double)(count - 1))] : 0;
}

/* The greatest amount of memory that the process has used. */
static double peak_bytes(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return 1024.0 * (double)usage.ru_maxrss;
}

void run_workload(const char *name, uint64_t (*body)(void)) {
  double before = nanoseconds(), took, peak;
  uint64_t units = body();
  took = nanoseconds() - before;
  peak = peak_bytes();
  qsort(times, count, sizeof *times, compare_floats);
  printf("workload\t%s\t%" PRIu64 "\t%.0f\t%.0f\t%.0f\t%.0f\t%.0f\t%.0f\n", name, units, took, peak,
         percentile(0.5), percentile(0.99), percentile(0.999), percentile(1));
}
