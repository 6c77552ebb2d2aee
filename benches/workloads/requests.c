/* Times the requests of a workload. */
#include "../cpu_time.h"

#include "requests.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>

/* The elapsed times of the requests, in nanoseconds. */
static double *times;
static size_t count, room;
static double began;

static double elapsed(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return 1e9 * (double)now.tv_sec + (double)now.tv_nsec;
}

void request_begins(void) {
  began = elapsed();
}

void request_ends(void) {
  if (count == room) {
    room = room > 0 ? 2 * room : 1 << 16;
    times = realloc(times, room * sizeof *times);
    if (times == NULL) abort();
  }
  times[count++] = elapsed() - began;
}

static double percentile(double share) {
  return count > 0 ? times[(size_t)(share * (double)(count - 1))] : 0;
}

/* The greatest amount of memory that the process has used. */
static double peak_bytes(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return 1024.0 * (double)usage.ru_maxrss;
}

void run_workload(const char *name, uint64_t (*body)(void)) {
  double before = nanoseconds(), took;
  uint64_t units = body();
  took = nanoseconds() - before;
  if (count > 0) qsort(times, count, sizeof *times, compare_times);
  printf("workload\t%s\t%" PRIu64 "\t%.0f\t%.0f\t%.0f\t%.0f\t%.0f\t%.0f\n", name, units, took,
         peak_bytes(), percentile(0.5), percentile(0.99), percentile(0.999), percentile(1));
}
