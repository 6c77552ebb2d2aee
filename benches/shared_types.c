/* Types that threads register with one engine. Prints the CPU time of registering a group of one
 * type, and of releasing it, in one thread and in two at the same time:
 *
 *   new      no other thread has the type
 *   shared   the engine has the type already
 *
 * Threads get into each other's way only while they run at the same time: the last number says
 * how many processors the two threads had.
 */
#include "cpu_time.h"

#include "must.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum { ROUNDS = 40, TYPES = 256, BITS = 20, THREADS = 2, RUNS = 40 };

static gcroots_engine_t *engine;

struct work {
  uint32_t first; /* the number of the first type */
  gcroots_type_t *types[TYPES];
};

/* Registers a struct with a field for each bit of the number. */
static gcroots_type_t *register_type(uint32_t number) {
  gcroots_field_type_t fields[BITS];
  gcroots_rec_group_t *group = gcroots_rec_group_new();
  const gcroots_rec_group_t *groups[1];
  gcroots_type_t *made;
  uint32_t position;
  for (int bit = 0; bit < BITS; bit++) {
    const gcroots_storage_t storage = number >> bit & 1 ? GCROOTS_STORAGE_I64 : GCROOTS_STORAGE_I32;
    const gcroots_field_type_t field = {storage, 0, 0, 1, 0, NULL};
    fields[bit] = field;
  }
  MUST(gcroots_rec_group_add_struct(group, NULL, fields, BITS, &position));
  groups[0] = group;
  MUST(gcroots_rec_group_register(engine, groups, 1, &made, 1));
  gcroots_rec_group_free(group);
  return made;
}

static void *register_rounds(void *argument) {
  struct work *work = argument;
  for (int round = 0; round < ROUNDS; round++) {
    for (uint32_t i = 0; i < TYPES; i++) work->types[i] = register_type(work->first + i);
    for (uint32_t i = 0; i < TYPES; i++) gcroots_type_free(work->types[i]);
  }
  return NULL;
}

/* Of several runs, the one in which the threads ran the most at the same time. */
struct run {
  double cpu;        /* CPU time of a type, in nanoseconds */
  double processors; /* how many processors the program had */
};

static double elapsed_nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return 1e9 * (double)now.tv_sec + (double)now.tv_nsec;
}

static struct run time_of(int threads, bool shared) {
  static struct work work[THREADS];
  struct run best = {0, 0};
  for (int run = 0; run < RUNS; run++) {
    pthread_t started[THREADS];
    double before = nanoseconds(), began = elapsed_nanoseconds(), cpu, processors;
    for (int i = 0; i < threads; i++) {
      work[i].first = shared ? 0 : (uint32_t)(i + 1) * TYPES;
      if (pthread_create(&started[i], NULL, register_rounds, &work[i]) != 0) abort();
    }
    for (int i = 0; i < threads; i++) pthread_join(started[i], NULL);
    cpu = nanoseconds() - before;
    processors = cpu / (elapsed_nanoseconds() - began);
    if (processors > best.processors) {
      best.processors = processors;
      best.cpu = cpu / threads / ROUNDS / TYPES;
    }
  }
  return best;
}

int main(void) {
  gcroots_type_t *kept[TYPES];
  MUST(gcroots_engine_new(NULL, &engine));
  for (uint32_t i = 0; i < TYPES; i++) kept[i] = register_type(i);
  for (int shared = 0; shared < 2; shared++) {
    struct run one = time_of(1, shared), two = time_of(2, shared);
    printf("%-8s one thread %7.1f ns, two %7.1f ns: %.2f times, on %.2f processors\n",
           shared ? "shared" : "new", one.cpu, two.cpu, two.cpu / one.cpu, two.processors);
  }
  for (uint32_t i = 0; i < TYPES; i++) gcroots_type_free(kept[i]);
  gcroots_engine_free(engine);
  return 0;
}
