/* Runs code on other threads, to their end. */
#ifndef THREADS_H
#define THREADS_H

#include "check.h"

#include <pthread.h>

static inline void *run_body(void *body) {
  (*(void (**)(void))body)();
  return NULL;
}

/* Runs `body` on a new thread and waits for the thread's end. */
static inline void on_another_thread(void (*body)(void)) {
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, run_body, &body) == 0);
  CHECK(pthread_join(thread, NULL) == 0);
}

#endif
