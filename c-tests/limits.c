/* Limits of the heap: the overhead limit, the headroom, the initial size, and what a store
 * takes of the process's address space and mappings.
 */
#define _DEFAULT_SOURCE
#include <sys/mman.h>
#include <unistd.h>

#include "objects.h"

static const size_t kib = 1 << 10, mib = 1 << 20;

/* Replaces the fixture's engine and store by those of this configuration. */
static void use(gcroots_config_t *config) {
  OK(gcroots_store_free(store));
  gcroots_engine_free(engine);
  OK(gcroots_engine_new(config, &engine));
  gcroots_config_free(config);
  OK(gcroots_store_new(engine, &store));
}

/* Whether allocations collect when the heap is full, and only then. */
static bool collects_when_full(void) {
  return collects && !stressed;
}

/* --- The overhead limit ------------------------------------------------------ */

/* The collections of an allocation that only a full collection makes room for. */
static uint64_t rounds(uint64_t full_collections) {
  return heap_has(MINOR_FIRST) ? 2 * full_collections : full_collections;
}

/* Uses a heap of this limit, of which a collection has to free `percent`. */
static void use_overhead_limit(size_t limit, uint32_t percent) {
  gcroots_config_t *config = variant_config(limit);
  OK(gcroots_config_set_overhead_limit(config, percent));
  use(config);
}

/* Fills the heap with rooted objects of 16 bytes, except for room for `left` of them.
   Returns the number of all. */
static size_t fill_all_but(size_t left) {
  gcroots_scope_t scope = enter();
  size_t count = fill_store(GCROOTS_ERROR_OUT_OF_MEMORY);
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_store_gc(store));
  for (size_t i = left; i < count; i++) new_externref(NULL);
  return count;
}

/* Makes a dead object of 16 bytes that refers to itself, so that only a full collection
   frees it. */
static gcroots_status_t make_cycle(const gcroots_type_t *type) {
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref;
  gcroots_status_t status = gcroots_struct_new_default(store, type, &ref);
  if (status == GCROOTS_OK) OK(gcroots_struct_set_ref(store, ref, 0, ref));
  OK(gcroots_scope_exit(store, scope));
  return status;
}

/* Makes dead objects until one is refused. Returns the number of collections, or 0 if none
   of 20000 objects is refused. */
static uint64_t collections_until_refused(void) {
  gcroots_type_t *type = STRUCT_TYPE(any_field());
  uint64_t before = stats_of(store).collections, collections = 0;
  for (int i = 0; i < 20000 && collections == 0; i++) {
    gcroots_status_t status = make_cycle(type);
    if (status == GCROOTS_OK) continue;
    CHECK(status == GCROOTS_ERROR_OUT_OF_MEMORY);
    collections = stats_of(store).collections - before;
  }
  gcroots_type_free(type);
  return collections;
}

/* Makes dead objects until this number of collections has run. */
static void make_cycles_until(uint64_t collections) {
  gcroots_type_t *type = STRUCT_TYPE(any_field());
  uint64_t before = stats_of(store).collections;
  while (stats_of(store).collections - before < collections) OK(make_cycle(type));
  gcroots_type_free(type);
}

CASE(after_five_collections_in_vain_an_allocation_is_refused) {
  use(variant_config(64 * kib));
  if (!collects_when_full()) return;
  fill_all_but(10);
  CHECK(collections_until_refused() == rounds(6));
  CHECK(strstr(gcroots_last_error(), "overhead limit") != NULL);
  CHECK(strstr(gcroots_last_error(), "2 %") != NULL);
  OK(gcroots_store_verify(store));
}

CASE(an_allocation_that_was_refused_for_overhead_is_refused_again) {
  use(variant_config(64 * kib));
  if (!collects_when_full()) return;
  fill_all_but(10);
  CHECK(collections_until_refused() == rounds(6));
  for (int i = 0; i < 3; i++) CHECK(collections_until_refused() == rounds(1));
}

CASE(a_collection_that_frees_enough_starts_the_count_anew) {
  gcroots_scope_t scope;
  use(variant_config(64 * kib));
  if (!collects_when_full()) return;
  fill_all_but(310);
  for (int round = 0; round < 3; round++) {
    /* Fewer each time, since a minor collection leaves the cycles. */
    scope = enter();
    for (int i = 0; i < 300 - 12 * round; i++) new_externref(NULL);
    make_cycles_until(rounds(5));
    OK(gcroots_scope_exit(store, scope));
    make_cycles_until(1);
  }
  scope = enter();
  for (int i = 0; i < 276; i++) new_externref(NULL);
  CHECK(collections_until_refused() != 0);
  OK(gcroots_scope_exit(store, scope));
}

CASE(store_gc_that_frees_enough_starts_the_count_anew) {
  gcroots_scope_t scope;
  use(variant_config(64 * kib));
  if (!collects_when_full()) return;
  fill_all_but(310);
  for (int round = 0; round < 3; round++) {
    scope = enter();
    for (int i = 0; i < 300; i++) new_externref(NULL);
    CHECK(collections_until_refused() == rounds(6));
    OK(gcroots_scope_exit(store, scope));
    OK(gcroots_store_gc(store));
  }
}

CASE(the_overhead_limit_is_a_share_of_what_objects_may_occupy) {
  size_t count;
  use_overhead_limit(64 * kib, 60);
  if (!collects_when_full()) return;
  count = fill_store(GCROOTS_ERROR_OUT_OF_MEMORY);
  use_overhead_limit(64 * kib, 60);
  fill_all_but(count / 2);
  CHECK(collections_until_refused() == rounds(6));
  use_overhead_limit(64 * kib, 40);
  fill_all_but(count / 2);
  CHECK(collections_until_refused() == 0);
}

CASE(an_overhead_limit_of_zero_is_off) {
  use_overhead_limit(64 * kib, 0);
  if (!collects_when_full()) return;
  fill_all_but(10);
  CHECK(collections_until_refused() == 0);
}

CASE(objects_that_do_not_fit_are_refused_for_the_heap_limit) {
  gcroots_ref_t ref;
  use(variant_config(64 * kib));
  fill_store(GCROOTS_ERROR_OUT_OF_MEMORY);
  for (int i = 0; i < 10; i++) {
    REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_OUT_OF_MEMORY,
                             gcroots_externref_new(store, NULL, NULL, &ref));
    CHECK(strstr(gcroots_last_error(), "do not fit") != NULL);
  }
}

static bool never(void *env, gcroots_store_t *of, size_t committed, size_t wanted) {
  (void)env, (void)of, (void)committed, (void)wanted;
  return false;
}

CASE(a_heap_that_may_not_grow_is_at_its_limit) {
  gcroots_config_t *config = variant_config(0);
  OK(gcroots_config_set_heap_initial(config, 64 * kib));
  OK(gcroots_config_set_grow_callback(config, never, NULL));
  use(config);
  if (!collects_when_full()) return;
  fill_all_but(10);
  CHECK(collections_until_refused() == rounds(6));
  CHECK(strstr(gcroots_last_error(), "overhead limit") != NULL);
}

CASE(a_heap_that_grows_is_not_at_its_limit) {
  use_overhead_limit(64 * mib, 100);
  if (!collects_when_full()) return;
  for (int i = 0; i < 20000; i++) new_externref(NULL);
  CHECK(collections_until_refused() == 0);
}

CASE(an_overhead_limit_of_more_than_100_percent_is_refused) {
  gcroots_config_t *config = variant_config(64 * kib);
  OK(gcroots_config_set_overhead_limit(config, 100));
  OK(gcroots_config_set_overhead_limit(config, 0));
  REFUSED_SAYING(GCROOTS_ERROR_INVALID_ARGUMENT, "`percent` is 101",
                 gcroots_config_set_overhead_limit(config, 101));
  REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_config_set_overhead_limit(config, UINT32_MAX));
  use(config);
  if (!collects_when_full()) return;
  fill_all_but(10);
  CHECK(collections_until_refused() == 0);
}

/* --- Headroom ---------------------------------------------------------------- */

/* The collections so far, without those of a nursery, which need no headroom. */
static uint64_t collections_of_heap(void) {
  gcroots_stats_t stats = stats_of(store);
  return stats.collections - (heap_has(NURSERY) ? stats.minor_collections : 0);
}

/* Makes this number of arrays of 4 KiB, of which the last few are alive: in a heap with a nursery
   they outlive that. Returns the number of collections of the heap as a whole. */
static uint64_t collections_of_arrays(int count) {
  enum { KEPT = 24 };
  gcroots_ref_t kept[KEPT];
  gcroots_type_t *type = new_array(plain(GCROOTS_STORAGE_I8));
  uint64_t before = collections_of_heap();
  for (int i = 0; i < KEPT; i++) OK(gcroots_local_new(store, gcroots_ref_null(), &kept[i]));
  for (int i = 0; i < count; i++) {
    gcroots_scope_t scope = enter();
    gcroots_ref_t ref;
    OK(gcroots_array_new_default(store, type, 4096 - 16, &ref));
    if (heap_has(NURSERY)) OK(gcroots_ref_assign(store, kept[i % KEPT], ref));
    OK(gcroots_scope_exit(store, scope));
  }
  gcroots_type_free(type);
  return collections_of_heap() - before;
}

/* The collections while 16 MiB of dead arrays are made in a heap of 1 MiB of live ones, with this
   configuration, which is freed. */
static uint64_t collections_with(gcroots_config_t *config) {
  gcroots_type_t *type;
  gcroots_ref_t ref;
  OK(gcroots_config_set_pause_budget(config, 1));
  use(config);
  type = new_array(plain(GCROOTS_STORAGE_I8));
  OK(gcroots_array_new_default(store, type, 1 << 20, &ref));
  gcroots_type_free(type);
  OK(gcroots_store_gc(store));
  return collections_of_arrays(4096);
}

static uint64_t collections_with_growth(uint32_t percent) {
  gcroots_config_t *config = variant_config(64 * mib);
  OK(gcroots_config_set_heap_growth(config, percent));
  return collections_with(config);
}

static uint64_t collections_with_sizing(gcroots_heap_sizing_t rule, uint32_t percent) {
  gcroots_config_t *config = variant_config(64 * mib);
  OK(gcroots_config_set_heap_sizing(config, rule, percent));
  return collections_with(config);
}

CASE(headroom_is_the_configured_share_of_the_live_bytes) {
  /* With a nursery, the end of the headroom is noticed when that is full. */
  uint64_t late = heap_has(NURSERY) ? 8 : 0;
  /* A collection between whose steps the program runs begins before the end of the headroom. */
  uint64_t early = heap_has(BETWEEN) ? 2 : 1;
  if (!collects_when_full()) return;
  CHECK(collections_with_growth(400) >= 3 && collections_with_growth(400) <= 4 * early);
  CHECK(collections_with_growth(100) + late / 4 >= 14 &&
        collections_with_growth(100) <= 16 * early);
  CHECK(collections_with_growth(1600) <= 1);
  /* 256 KiB are the least. */
  CHECK(collections_with_growth(1) + late >= 56 && collections_with_growth(1) <= 64 * early);
  CHECK(collections_with_growth(UINT32_MAX) <= 1);
}

CASE(a_rule_of_heap_sizing_that_does_not_exist_is_refused) {
  gcroots_config_t *config = gcroots_config_new();
  REFUSED_SAYING(GCROOTS_ERROR_INVALID_ARGUMENT, "`rule` is 3",
                 gcroots_config_set_heap_sizing(config, 3, 10));
  REFUSED_SAYING(GCROOTS_ERROR_INVALID_ARGUMENT, "`percent` is 1",
                 gcroots_config_set_heap_sizing(config, GCROOTS_HEAP_SIZING_BALANCED, 1));
  REFUSED_SAYING(GCROOTS_ERROR_INVALID_ARGUMENT, "`percent` is 0",
                 gcroots_config_set_heap_sizing(config, GCROOTS_HEAP_SIZING_RATIO, 0));
  REFUSED_SAYING(GCROOTS_ERROR_INVALID_ARGUMENT, "`percent` is 0",
                 gcroots_config_set_heap_sizing(config, GCROOTS_HEAP_SIZING_TIME_SHARE, 0));
  REFUSED_SAYING(GCROOTS_ERROR_INVALID_ARGUMENT, "`percent` is 100",
                 gcroots_config_set_heap_sizing(config, GCROOTS_HEAP_SIZING_TIME_SHARE, 100));
  OK(gcroots_config_set_heap_sizing(config, GCROOTS_HEAP_SIZING_TIME_SHARE, 99));
  OK(gcroots_config_set_heap_sizing(config, GCROOTS_HEAP_SIZING_RATIO, UINT32_MAX));
  OK(gcroots_config_set_heap_sizing(config, GCROOTS_HEAP_SIZING_BALANCED, 0));
  gcroots_config_free(config);
}

CASE(a_ratio_is_the_configured_share_of_the_live_bytes) {
  uint64_t early = heap_has(BETWEEN) ? 2 : 1;
  if (!collects_when_full()) return;
  CHECK(collections_with_sizing(GCROOTS_HEAP_SIZING_RATIO, 400) >= 3);
  CHECK(collections_with_sizing(GCROOTS_HEAP_SIZING_RATIO, 400) <= 4 * early);
  CHECK(collections_with_sizing(GCROOTS_HEAP_SIZING_RATIO, UINT32_MAX) <= 1);
}

/* However slow or fast the machine is. */
CASE(a_share_of_the_time_keeps_the_headroom_within_its_bounds) {
  uint64_t collections;
  if (!collects_when_full()) return;
  collections = collections_with_sizing(GCROOTS_HEAP_SIZING_TIME_SHARE, 99);
  CHECK(collections >= 1 && collections <= 128);
  collections = collections_with_sizing(GCROOTS_HEAP_SIZING_TIME_SHARE, 1);
  CHECK(collections <= 64);
}

CASE(headroom_of_zero_percent_is_the_rule_of_the_library) {
  uint64_t collections;
  if (!collects_when_full()) return;
  collections = collections_with_growth(0);
  CHECK(collections >= 3 && collections <= 64);
}

CASE(no_allocation_collects_before_the_initial_size_is_full) {
  gcroots_config_t *config = variant_config(64 * mib);
  uint64_t collections, expected = 8 * spaces();
  OK(gcroots_config_set_heap_initial(config, 8 * mib));
  OK(gcroots_config_set_pause_budget(config, 1));
  use(config);
  if (!collects_when_full()) return;
  collections = collections_of_arrays(16384);
  CHECK(collections + 1 >= expected);
  CHECK(collections <= (heap_has(BETWEEN) ? 2 : 1) * expected);
  /* A nursery keeps blocks free for what is promoted. */
  CHECK(stats_of(store).committed_bytes >= 8 * mib);
  CHECK(stats_of(store).committed_bytes <= 8 * mib + (heap_has(NURSERY) ? mib : 0));
}

/* --- Address space ----------------------------------------------------------- */

CASE(statistics_have_the_heap_limit) {
  static const size_t limits[] = {1 << 20, 64 << 10, 100001, (size_t)3 << 30};
  CHECK(stats_of(store).heap_limit == 0);
  new_externref(NULL);
  CHECK(stats_of(store).heap_limit == (uint64_t)4 << 30);
  for (size_t i = 0; i < COUNT_OF(limits); i++) {
    use(variant_config(limits[i]));
    new_externref(NULL);
    CHECK(stats_of(store).heap_limit <= limits[i]);
    CHECK(stats_of(store).heap_limit > limits[i] - 8192);
  }
  use(variant_config(1));
  new_externref(NULL);
  CHECK(stats_of(store).heap_limit == check_collector.least_limit);
}

/* The address space of the process. */
static size_t mapped_bytes(void) {
  size_t pages;
  FILE *file = open_statm();
  CHECK(file != NULL && fscanf(file, "%zu", &pages) == 1);
  fclose(file);
  return pages * (size_t)sysconf(_SC_PAGESIZE);
}

CASE(the_default_limit_shrinks_to_the_address_space) {
  rlim_t before = limit_addresses(mapped_bytes() + 600 * mib);
  gcroots_stats_t stats;
  new_externref(NULL);
  stats = stats_of(store);
  limit_addresses(before);
  CHECK(stats.heap_limit == 512 * mib || (heap_has(SHADOWS) && stats.heap_limit == 256 * mib));
  OK(gcroots_store_gc(store));
  OK(gcroots_store_verify(store));
}

CASE(a_limit_that_was_set_does_not_shrink) {
  rlim_t before;
  gcroots_ref_t ref = {1, 2, 3}, pattern = ref;
  use(variant_config((size_t)4 << 30));
  before = limit_addresses(mapped_bytes() + 600 * mib);
  REFUSED_SAYING(GCROOTS_ERROR_OUT_OF_MEMORY, "address space",
                 gcroots_externref_new(store, NULL, NULL, &ref));
  limit_addresses(before);
  CHECK(same_bits(ref, pattern));
  new_externref(NULL);
  CHECK(stats_of(store).heap_limit == (uint64_t)4 << 30);
}

CASE(the_default_limit_shrinks_no_further_than_the_initial_size) {
  gcroots_config_t *config = variant_config(0);
  gcroots_ref_t ref;
  rlim_t before;
  OK(gcroots_config_set_heap_initial(config, (size_t)1 << 30));
  use(config);
  before = limit_addresses(mapped_bytes() + 600 * mib);
  REFUSED(GCROOTS_ERROR_OUT_OF_MEMORY, gcroots_externref_new(store, NULL, NULL, &ref));
  limit_addresses(before);
}

/* --- Mappings ---------------------------------------------------------------- */

/* The number that a file of the system begins with, or the number of its lines. */
static size_t read_file(const char *path, bool lines) {
  FILE *file;
  size_t number = 0;
  int c;
  no_emulator("the mappings of the process are also those of the emulator");
  file = fopen(path, "r");
  CHECK(file != NULL);
  if (!lines) CHECK(fscanf(file, "%zu", &number) == 1);
  while (lines && (c = getc(file)) != EOF) number += c == '\n';
  fclose(file);
  return number;
}

CASE(a_store_takes_two_mappings) {
  enum { STORES = 64 };
  gcroots_store_t *stores[STORES];
  size_t before, each = heap_has(SHADOWS) ? 4 : 2;
  gcroots_ref_t ref;
  new_externref(NULL);
  before = read_file("/proc/self/maps", true);
  for (int i = 0; i < STORES; i++) {
    OK(gcroots_store_new(engine, &stores[i]));
    OK(gcroots_externref_new(stores[i], NULL, NULL, &ref));
  }
  CHECK(read_file("/proc/self/maps", true) <= before + each * STORES + 8);
  for (int i = 0; i < STORES; i++) {
    OK(gcroots_externref_new(stores[i], NULL, NULL, &ref));
    OK(gcroots_store_gc(stores[i]));
  }
  CHECK(read_file("/proc/self/maps", true) <= before + each * STORES + 8);
  for (int i = 0; i < STORES; i++) OK(gcroots_store_free(stores[i]));
}

CASE(a_store_that_has_shrunk_takes_two_mappings) {
  enum { STORES = 32 };
  gcroots_type_t *bytes = new_array(mutable_of(GCROOTS_STORAGE_I8));
  gcroots_store_t *stores[STORES];
  size_t before, each = heap_has(SHADOWS) ? 4 : 2;
  gcroots_ref_t ref;
  new_externref(NULL);
  before = read_file("/proc/self/maps", true);
  for (int i = 0; i < STORES; i++) {
    gcroots_scope_t scope;
    OK(gcroots_store_new(engine, &stores[i]));
    OK(gcroots_scope_enter(stores[i], &scope));
    OK(gcroots_array_new_default(stores[i], bytes, 8 * mib, &ref));
    OK(gcroots_scope_exit(stores[i], scope));
    /* The halves of a semi-space lie together once it allocates in the first one. */
    for (int j = 0; j < 3; j++) OK(gcroots_store_gc(stores[i]));
  }
  if (collects) CHECK(read_file("/proc/self/maps", true) <= before + each * STORES + 8);
  for (int i = 0; i < STORES; i++) OK(gcroots_store_free(stores[i]));
  gcroots_type_free(bytes);
}

CASE(a_lack_of_mappings_is_named) {
  size_t most = read_file("/proc/sys/vm/max_map_count", false), page = 64 * kib, used = 0;
  gcroots_ref_t ref;
  char *pages;
  if (most > 200000) {
    printf("not run: the system allows %zu mappings\n", most);
    exit(77);
  }
  pages =
      mmap(NULL, 2 * most * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  CHECK(pages != MAP_FAILED);
  while (mprotect(pages + 2 * used * page, page, PROT_READ) == 0) used++;
  REFUSED_SAYING(GCROOTS_ERROR_OUT_OF_MEMORY, "memory mappings",
                 gcroots_externref_new(store, NULL, NULL, &ref));
  munmap(pages, 2 * most * page);
  new_externref(NULL);
}
