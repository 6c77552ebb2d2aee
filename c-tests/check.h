/* The fixture and the checks of the C tests.
 *
 *   CASE(a_fact) { ... }      one case; CMake makes a ctest of it for each variant
 *
 * `scope a_fact copying` runs one case of scope.c. The fixture makes an engine and a store
 * for the variant. After the case it verifies the store and deletes both. Finalizers may run
 * then, so their data are static unless the case has run them.
 *
 * The variants, in variants.h, are collectors and settings. `collects` tells whether
 * unreachable objects die, and `stressed` whether each allocation collects. heap_has() tells the
 * other properties of the collector.
 */
#ifndef CHECK_H
#define CHECK_H

/* Cases pass wrong counts to see them refused. */
#ifndef GCROOTS_ACCESS
#define GCROOTS_ACCESS(mode, array, count)
#endif
#ifdef HOT_FUNCTIONS_INLINE
#include <gcroots_inline.h>
#else
#include <gcroots.h>
#endif
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "variants.h"

#define CASE(name)                                                 \
  static void name(void);                                          \
  __attribute__((constructor)) static void register_##name(void) { \
    static struct check_case self = {#name, name, NULL};           \
    self.next = check_cases;                                       \
    check_cases = &self;                                           \
  }                                                                \
  static void name(void)

/* The condition holds. */
#define CHECK(condition)                                                \
  do {                                                                  \
    if (!(condition)) check_fail(__FILE__, __LINE__, "%s", #condition); \
  } while (0)

/* The call returns GCROOTS_OK. */
#define OK(call)                                                                             \
  do {                                                                                       \
    gcroots_status_t check_status = (call);                                                  \
    if (check_status != GCROOTS_OK)                                                          \
      check_fail(__FILE__, __LINE__, "%s: %s: %s", #call, gcroots_status_name(check_status), \
                 gcroots_last_error());                                                      \
  } while (0)

/* The call returns this status, leaves a message, and changes no count of the store. */
#define REFUSED(expected, call)                                        \
  do {                                                                 \
    struct check_counts check_before = check_count();                  \
    gcroots_status_t check_status = (call);                            \
    struct check_counts check_after = check_count();                   \
    check_refused(__FILE__, __LINE__, #call, expected, check_status);  \
    if (memcmp(&check_before, &check_after, sizeof check_before) != 0) \
      check_fail(__FILE__, __LINE__, "%s changed the store", #call);   \
  } while (0)

/* Checks as REFUSED does, for calls that may collect before they refuse. */
#define REFUSED_AFTER_COLLECTION(expected, call) \
  check_refused(__FILE__, __LINE__, #call, expected, (call))

struct check_case {
  const char *name;
  void (*body)(void);
  struct check_case *next;
};

struct check_counts {
  uint64_t objects, live_bytes, scoped_roots, manual_roots, weak_handles, external_bytes,
      collections, finalizers_run;
};

static struct check_case *check_cases;

/* What the current loop works on, for the message of a failure. */
static const char *check_note;

/* The variant's name, and the properties that follow from it. */
static const char *variant;
static bool collects, stressed;
static gcroots_collector_t collector;

/* The fixture. A case may delete these and set them to NULL. */
static gcroots_engine_t *engine;
static gcroots_store_t *store;

/* Another store of the same engine. another_store() makes it. */
static gcroots_store_t *another;

__attribute__((noreturn)) static inline void check_fail(const char *file, int line,
                                                        const char *format, ...) {
  va_list arguments;
  fprintf(stderr, "%s:%d: ", file, line);
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  if (check_note != NULL) fprintf(stderr, " (at: %s)", check_note);
  fputc('\n', stderr);
  exit(1);
}

static inline void check_refused(const char *file, int line, const char *call,
                                 gcroots_status_t expected, gcroots_status_t status) {
  if (status != expected)
    check_fail(file, line, "%s: expected %s, got %s (%s)", call, gcroots_status_name(expected),
               gcroots_status_name(status), gcroots_last_error());
  if (gcroots_last_error()[0] == '\0') check_fail(file, line, "%s left no message", call);
}

/* The counts that a refused call must not change. They are zeros if the store does not
   answer. */
static inline struct check_counts check_count(void) {
  struct check_counts counts = {0, 0, 0, 0, 0, 0, 0, 0};
  gcroots_stats_t stats;
  if (store == NULL || gcroots_store_stats(store, &stats) != GCROOTS_OK) return counts;
  counts.objects = stats.objects;
  counts.live_bytes = stats.live_bytes;
  counts.scoped_roots = stats.scoped_roots;
  counts.manual_roots = stats.manual_roots;
  counts.weak_handles = stats.weak_handles;
  counts.external_bytes = stats.external_bytes;
  counts.collections = stats.collections;
  counts.finalizers_run = stats.finalizers_run;
  return counts;
}

static inline gcroots_stats_t stats_of(gcroots_store_t *of) {
  gcroots_stats_t stats;
  OK(gcroots_store_stats(of, &stats));
  return stats;
}

/* A configuration for the variant; a limit of 0 is the default. */
static inline gcroots_config_t *variant_config(size_t heap_limit) {
  gcroots_config_t *config = gcroots_config_new();
  CHECK(config != NULL);
  OK(gcroots_config_set_collector(config, collector));
  if (heap_limit != 0) OK(gcroots_config_set_heap_limit(config, heap_limit));
  if (stressed) {
    OK(gcroots_config_set_stress(config, 1));
    OK(gcroots_config_set_poison(config, true));
  }
  if (check_variant.move_always) OK(gcroots_config_set_move_always(config, true));
  return config;
}

/* Makes a store of a new engine with this configuration (taken). */
static inline gcroots_store_t *store_with(gcroots_config_t *config) {
  gcroots_engine_t *its_engine;
  gcroots_store_t *made;
  OK(gcroots_engine_new(config, &its_engine));
  gcroots_config_free(config);
  OK(gcroots_store_new(its_engine, &made));
  gcroots_engine_free(its_engine);
  return made;
}

/* Makes a store of its own engine with this heap limit. 0 is the default limit. */
static inline gcroots_store_t *new_store(size_t heap_limit) {
  return store_with(variant_config(heap_limit));
}

/* Makes an externref with this data and no finalizer. */
static inline gcroots_ref_t new_externref(void *data) {
  gcroots_ref_t ref;
  OK(gcroots_externref_new(store, data, NULL, &ref));
  return ref;
}

/* Makes rooted objects until one is refused. Adds their number to `made`. */
static inline gcroots_status_t make_until_refused(size_t *made) {
  gcroots_ref_t ref;
  gcroots_status_t status;
  while ((status = gcroots_externref_new(store, NULL, NULL, &ref)) == GCROOTS_OK) (*made)++;
  return status;
}

/* Makes rooted objects until one is refused with this status. Returns how many were
   made. */
static inline size_t fill_one_by_one(gcroots_status_t refusal) {
  size_t count = 0;
  check_refused(__FILE__, __LINE__, "fill", refusal, make_until_refused(&count));
  return count;
}

/* The same. In a stressed store, where each allocation collects and traces all objects before
   it, it makes them in a no-GC span, after one collection. */
static inline size_t fill_store(gcroots_status_t refusal) {
  size_t count = 0;
  if (stressed && gcroots_store_gc(store) == GCROOTS_OK &&
      gcroots_no_gc_enter(store) == GCROOTS_OK) {
    make_until_refused(&count);
    OK(gcroots_no_gc_exit(store));
  }
  return count + fill_one_by_one(refusal);
}

/* The host's pointer of an externref. */
static inline void *data_of(gcroots_ref_t ref) {
  void *data = NULL;
  OK(gcroots_externref_data(store, ref, &data));
  return data;
}

static inline gcroots_scope_t enter(void) {
  gcroots_scope_t scope;
  OK(gcroots_scope_enter(store, &scope));
  return scope;
}

static inline gcroots_manually_rooted_t root(gcroots_ref_t ref) {
  gcroots_manually_rooted_t handle;
  OK(gcroots_ref_to_manually_rooted(store, ref, &handle));
  return handle;
}

/* Makes an externref that only the new manual root keeps alive. */
static inline gcroots_manually_rooted_t new_rooted(void *data, gcroots_finalizer_t finalizer) {
  gcroots_manually_rooted_t handle;
  OK(gcroots_externref_new_manually_rooted(store, data, finalizer, &handle));
  return handle;
}

static inline gcroots_manually_rooted_t clone_root(gcroots_manually_rooted_t handle) {
  gcroots_manually_rooted_t clone;
  OK(gcroots_manually_rooted_clone(store, handle, &clone));
  return clone;
}

static inline gcroots_ref_t new_local(gcroots_ref_t ref) {
  gcroots_ref_t local;
  OK(gcroots_local_new(store, ref, &local));
  return local;
}

/* Deletes the fixture's store before the case is over. */
static inline void free_store(void) {
  OK(gcroots_store_free(store));
  store = NULL;
}

static inline bool same_bits(gcroots_ref_t a, gcroots_ref_t b) {
  return memcmp(&a, &b, sizeof a) == 0;
}

/* A handle that no call returns. It shows whether an output was written. */
static inline gcroots_ref_t untouched(void) {
  gcroots_ref_t pattern = {0x5a5a5a5a5a5a5a5a, 0x5a5a5a5a, 0x5a5a5a5a};
  return pattern;
}

static inline gcroots_manually_rooted_t untouched_handle(void) {
  gcroots_manually_rooted_t handle = {untouched()};
  return handle;
}

static inline gcroots_store_t *another_store(void) {
  if (another == NULL) OK(gcroots_store_new(engine, &another));
  return another;
}

/* Ends the case as one that cannot run, if an emulator of another processor runs it. */
static inline void no_emulator(const char *reason) {
#ifdef EMULATED
  printf("not run: %s\n", reason);
  exit(77);
#else
  (void)reason;
#endif
}

/* Limits the process's address space, and returns the limit of before. */
static inline rlim_t limit_addresses(rlim_t bytes) {
  struct rlimit limit;
  rlim_t before;
  no_emulator("the emulator does not limit the address space");
  CHECK(getrlimit(RLIMIT_AS, &limit) == 0);
  before = limit.rlim_cur;
  limit.rlim_cur = bytes;
  CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
  return before;
}

/* Makes the system refuse memory, or grant it again. The process may still reuse memory
   that it freed before. */
static inline void memory_out(bool out) {
  static rlim_t before;
  if (out)
    before = limit_addresses(0);
  else
    limit_addresses(before);
}

/* The kernel's measures of the process's memory. */
static inline FILE *open_statm(void) {
  no_emulator("the memory of the process is also that of the emulator");
  return fopen("/proc/self/statm", "r");
}

/* The process's resident memory, without what the C library keeps of freed memory. */
static inline size_t resident_bytes(void) {
  size_t whole, resident;
  FILE *file = open_statm();
#ifdef __GLIBC__
  malloc_trim(0);
#endif
  CHECK(file != NULL && fscanf(file, "%zu %zu", &whole, &resident) == 2);
  fclose(file);
  return resident * (size_t)sysconf(_SC_PAGESIZE);
}

/* How many of `count` unreachable objects a collection frees: none under the null
   collector. */
static inline int dead(int count) {
  return collects ? count : 0;
}

/* Counts its calls in the int that `data` points to. */
static inline void count_call(void *data) {
  ++*(int *)data;
}

/* Drops an object with this finalizer, and collects. Returns `false` under the null
   collector, whose finalizers wait until the store is deleted; it then only checks that
   they do. */
static inline bool run_as_finalizer(gcroots_finalizer_t finalizer, void *data) {
  static int waits;
  gcroots_scope_t scope;
  gcroots_ref_t ref;
  OK(gcroots_scope_enter(store, &scope));
  if (collects)
    OK(gcroots_externref_new(store, data, finalizer, &ref));
  else
    OK(gcroots_externref_new(store, &waits, count_call, &ref));
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_store_gc(store));
  CHECK(waits == 0);
  return collects;
}

static inline int check_main(int argc, char **argv) {
  struct check_case *it = check_cases;
  if (argc != 3) {
    for (; it != NULL; it = it->next) puts(it->name);
    return argc == 1 ? 0 : 2;
  }
  variant = argv[2];
  CHECK(choose_variant(variant));
  stressed = check_variant.stressed;
  collector = check_variant.collector;
  collects = heap_has(COLLECTS);
  while (it != NULL && strcmp(it->name, argv[1]) != 0) it = it->next;
  CHECK(it != NULL);
  {
    gcroots_config_t *config = variant_config(0);
    OK(gcroots_engine_new(config, &engine));
    gcroots_config_free(config);
  }
  OK(gcroots_store_new(engine, &store));
  it->body();
  if (store != NULL) OK(gcroots_store_verify(store));
  check_note = NULL;
  OK(gcroots_store_free(store));
  OK(gcroots_store_free(another));
  gcroots_engine_free(engine);
  return 0;
}

int main(int argc, char **argv) {
  return check_main(argc, argv);
}

#endif
