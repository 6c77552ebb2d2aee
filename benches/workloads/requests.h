/* How the workloads measure. A workload works in requests, each of a fixed number of steps. A
 * collection delays the request that it falls into. The program prints one line, with tabs
 * between the fields:
 *
 *   workload NAME UNITS NANOSECONDS PEAK P50 P99 P999 GREATEST
 *
 * The workload does UNITS units of work in NANOSECONDS of CPU time, and its process has used
 * PEAK bytes of memory at most. The last four fields are percentiles of the elapsed time of
 * a request, in nanoseconds. */
#ifndef REQUESTS_H
#define REQUESTS_H

#include <stdint.h>

void request_begins(void);
void request_ends(void);

/* What is called where a request begins and ends, unless it is NULL. */
extern void (*request_watcher)(void);

/* Runs a workload, which returns the number of its units, and prints its line. */
void run_workload(const char *name, uint64_t (*body)(void));

#endif
