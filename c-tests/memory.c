/* Memory: the heap's limit, its growth and shrinking, and calls for which the system has no
 * memory.
 */
#include "allocator.h"
#include "objects.h"

/* Replaces the fixture's engine by one that keeps no heaps of deleted stores. */
static void keep_no_heaps(void) {
  gcroots_config_t *config = variant_config(0);
  OK(gcroots_config_set_pool(config, 0));
  gcroots_engine_free(engine);
  OK(gcroots_engine_new(config, &engine));
  gcroots_config_free(config);
}

/* --- The limit --------------------------------------------------------------- */

/* Replaces the fixture's store by one with this limit. */
static void limit_store(size_t limit) {
  OK(gcroots_store_free(store));
  store = new_store(limit);
}

/* How many objects of 16 bytes fit into one space of a heap with this limit. */
static size_t room(size_t limit) {
  return objects_in(limit, 16);
}

CASE(a_full_heap_answers_out_of_memory) {
  size_t count;
  limit_store(64 << 10);
  count = fill_store(GCROOTS_ERROR_OUT_OF_MEMORY);
  CHECK(count <= room(64 << 10) && count + 2 >= room(64 << 10));
  CHECK(stats_of(store).objects == count);
}

CASE(a_full_heap_collects_before_it_refuses) {
  gcroots_ref_t out;
  uint64_t before;
  limit_store(64 << 10);
  fill_store(GCROOTS_ERROR_OUT_OF_MEMORY);
  before = stats_of(store).collections;
  REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_OUT_OF_MEMORY,
                           gcroots_externref_new(store, NULL, NULL, &out));
  if (collects) CHECK(stats_of(store).collections > before);
  if (!collects) CHECK(stats_of(store).collections == 0);
}

CASE(a_refused_object_changes_nothing) {
  gcroots_ref_t first, out = {1, 2, 3}, before = out;
  gcroots_stats_t stats;
  int finalized = 0;
  limit_store(32 << 10);
  first = new_externref(&first);
  fill_store(GCROOTS_ERROR_OUT_OF_MEMORY);
  stats = stats_of(store);
  for (int i = 0; i < 10; i++)
    REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_OUT_OF_MEMORY,
                             gcroots_externref_new(store, &finalized, count_call, &out));
  CHECK(same_bits(out, before));
  CHECK(stats_of(store).objects == stats.objects);
  CHECK(stats_of(store).scoped_roots == stats.scoped_roots);
  CHECK(stats_of(store).live_bytes == stats.live_bytes);
  CHECK(data_of(first) == &first);
  OK(gcroots_store_verify(store));
  OK(gcroots_store_free(store));
  store = NULL;
  CHECK(finalized == 0);
}

CASE(dropping_roots_makes_room_again) {
  gcroots_scope_t scope;
  size_t first, second;
  gcroots_ref_t out;
  limit_store(64 << 10);
  scope = enter();
  first = fill_store(GCROOTS_ERROR_OUT_OF_MEMORY);
  OK(gcroots_scope_exit(store, scope));
  if (!collects) {
    REFUSED(GCROOTS_ERROR_OUT_OF_MEMORY, gcroots_externref_new(store, NULL, NULL, &out));
    return;
  }
  for (int round = 0; round < 5; round++) {
    scope = enter();
    second = fill_store(GCROOTS_ERROR_OUT_OF_MEMORY);
    CHECK(second == first);
    OK(gcroots_scope_exit(store, scope));
  }
}

CASE(dropping_one_root_makes_room_for_one_object) {
  gcroots_manually_rooted_t handle;
  gcroots_scope_t scope;
  gcroots_ref_t out;
  limit_store(32 << 10);
  scope = enter();
  handle = root(new_externref(NULL));
  OK(gcroots_scope_exit(store, scope));
  fill_store(GCROOTS_ERROR_OUT_OF_MEMORY);
  OK(gcroots_manually_rooted_unroot(store, &handle));
  if (!collects) {
    REFUSED(GCROOTS_ERROR_OUT_OF_MEMORY, gcroots_externref_new(store, NULL, NULL, &out));
    return;
  }
  OK(gcroots_externref_new(store, NULL, NULL, &out));
  REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_OUT_OF_MEMORY,
                           gcroots_externref_new(store, NULL, NULL, &out));
}

CASE(the_newest_object_dies_after_free_memory) {
  /* In one of the rounds, the next allocation under stress causes a minor collection. */
  for (int collections = 1; collections <= 2; collections++) {
    gcroots_manually_rooted_t older, newest;
    new_externref(NULL);
    older = new_rooted(NULL, NULL);
    newest = new_rooted(NULL, NULL);
    OK(gcroots_manually_rooted_unroot(store, &older));
    for (int i = 0; i < collections; i++) OK(gcroots_store_gc(store));
    OK(gcroots_manually_rooted_unroot(store, &newest));
    for (int i = 0; i < 10; i++) new_externref(NULL);
    OK(gcroots_store_verify(store));
  }
}

CASE(garbage_never_fills_a_small_heap) {
  int finalized = 0;
  limit_store(1);
  if (!collects) return;
  for (int i = 0; i < 20000; i++) {
    gcroots_scope_t scope = enter();
    gcroots_ref_t ref;
    OK(gcroots_externref_new(store, &finalized, count_call, &ref));
    OK(gcroots_scope_exit(store, scope));
  }
  OK(gcroots_store_gc(store));
  CHECK(finalized == 20000);
  CHECK(stats_of(store).committed_bytes <= 64 << 10);
}

CASE(external_bytes_never_refuse_an_object) {
  gcroots_externref_options_t options = {sizeof options, NULL, NULL, NULL, SIZE_MAX, NULL, NULL};
  gcroots_ref_t ref;
  limit_store(32 << 10);
  for (size_t i = 0; i + 2 < room(32 << 10); i++)
    OK(gcroots_externref_new_with(store, &options, &ref));
  OK(gcroots_store_verify(store));
}

CASE(a_small_limit_is_rounded_up_to_64_kib_at_most) {
  static const size_t limits[] = {1, 15, 16, 4095, 4096, 8192, 16383};
  size_t least = 0;
  for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
    size_t count;
    limit_store(limits[i]);
    count = fill_store(GCROOTS_ERROR_OUT_OF_MEMORY);
    if (i == 0) least = count;
    CHECK(count == least && count > 0);
    CHECK(stats_of(store).committed_bytes <= 64 << 10);
  }
}

CASE(committed_bytes_never_exceed_the_limit) {
  static const size_t limits[] = {64 << 10, 65537,  69632,  73727,   100000,
                                  131071,   131072, 135168, 1 << 20, (1 << 20) + 4095};
  for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
    gcroots_ref_t ref;
    size_t count = 0;
    limit_store(limits[i]);
    for (; gcroots_externref_new(store, NULL, NULL, &ref) == GCROOTS_OK; count++)
      if (count % 64 == 0 || count > room(limits[i]) - 300)
        CHECK(stats_of(store).committed_bytes <= limits[i]);
    CHECK(stats_of(store).committed_bytes <= limits[i]);
    /* Rounding loses less than a page of each space, or a block. */
    CHECK(count <= room(limits[i]) && count + 4096 / 16 + 2 >= room(limits[i]));
    if (stressed && i == 1) return;
  }
}

CASE(an_initial_size_does_not_exceed_the_limit) {
  static const size_t limits[] = {1, 40000, 65537, 69632, 135168};
  for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
    gcroots_config_t *config = variant_config(limits[i]);
    gcroots_engine_t *made;
    OK(gcroots_config_set_heap_initial(config, limits[i]));
    OK(gcroots_engine_new(config, &made));
    gcroots_config_free(config);
    OK(gcroots_store_free(store));
    OK(gcroots_store_new(made, &store));
    gcroots_engine_free(made);
    new_externref(NULL);
    CHECK(stats_of(store).committed_bytes <= (limits[i] > 65536 ? limits[i] : 65536));
    fill_store(GCROOTS_ERROR_OUT_OF_MEMORY);
    CHECK(stats_of(store).committed_bytes <= (limits[i] > 65536 ? limits[i] : 65536));
  }
}

CASE(no_gc_spans_let_the_heap_fill_to_its_limit) {
  gcroots_ref_t out = {1, 2, 3}, before = out;
  size_t count = 0;
  gcroots_status_t status, full = collects ? GCROOTS_ERROR_NO_GC : GCROOTS_ERROR_OUT_OF_MEMORY;
  limit_store(64 << 10);
  OK(gcroots_no_gc_enter(store));
  for (; (status = gcroots_externref_new(store, NULL, NULL, &before)) == GCROOTS_OK; count++)
    CHECK(stats_of(store).committed_bytes <= 64 << 10);
  CHECK(status == full);
  CHECK(count + 2 >= room(64 << 10));
  CHECK(stats_of(store).collections == 0);
  before = out;
  REFUSED(full, gcroots_externref_new(store, NULL, NULL, &out));
  CHECK(same_bits(out, before));
}

/* --- Growth and shrinking ---------------------------------------------------- */

CASE(an_empty_store_commits_nothing) {
  OK(gcroots_store_gc(store));
  OK(gcroots_store_verify(store));
  OK(gcroots_scope_exit(store, enter()));
  CHECK(stats_of(store).committed_bytes == 0);
  CHECK(stats_of(store).live_bytes == 0 && stats_of(store).objects == 0);
}

CASE(the_heap_grows_with_what_lives) {
  enum { COUNT = 100000 };
  gcroots_ref_t first = new_externref(&first), last = first;
  uint64_t small = stats_of(store).committed_bytes;
  if (stressed) return;
  for (int i = 0; i < COUNT; i++) last = new_externref(&small);
  CHECK(stats_of(store).committed_bytes > small);
  CHECK(stats_of(store).committed_bytes >= COUNT * 16);
  CHECK(data_of(first) == &first && data_of(last) == &small);
}

CASE(the_heap_shrinks_when_most_has_died) {
  gcroots_ref_t kept = new_externref(&kept);
  gcroots_scope_t scope = enter();
  uint64_t large;
  if (stressed) return;
  for (int i = 0; i < 300000; i++) new_externref(NULL);
  large = stats_of(store).committed_bytes;
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_store_gc(store));
  if (collects) CHECK(stats_of(store).committed_bytes < large / 2);
  if (!collects) CHECK(stats_of(store).committed_bytes == large);
  CHECK(data_of(kept) == &kept);
  /* Decommitted memory can be committed again, and is zeroed. */
  for (int i = 0; i < 300000; i++) new_externref(NULL);
  CHECK(data_of(kept) == &kept);
}

/* Makes arrays of 4000 bytes with 16 MiB in all, and lets them die, except that it roots a few
   of them, the last one too, if `keep` is set. */
static void fill_and_let_go(const gcroots_type_t *refs, const gcroots_type_t *bytes, bool keep) {
  enum { COUNT = 4096 };
  gcroots_scope_t scope = enter();
  gcroots_ref_t holder;
  OK(gcroots_array_new_default(store, refs, COUNT, &holder));
  for (uint32_t i = 0; i < COUNT; i++) {
    gcroots_scope_t inner = enter();
    gcroots_ref_t made;
    OK(gcroots_array_new_default(store, bytes, 4000, &made));
    OK(gcroots_array_set_ref(store, holder, i, made));
    if (keep && (i + 1) % (COUNT / 8) == 0) root(made);
    OK(gcroots_scope_exit(store, inner));
  }
  OK(gcroots_scope_exit(store, scope));
}

CASE(free_pages_inside_the_heap_go_back) {
  gcroots_type_t *refs = new_array(mutable_of(GCROOTS_STORAGE_REF));
  gcroots_type_t *bytes = new_array(mutable_of(GCROOTS_STORAGE_I8));
  size_t before, most;
  /* The collector that checks barriers has a copy of the heap. */
  if (collects && !stressed && !heap_has(SHADOWS)) {
    before = resident_bytes();
    fill_and_let_go(refs, bytes, true);
    most = resident_bytes();
    CHECK(most > before + (14 << 20));
    for (int i = 0; i < 3; i++) OK(gcroots_store_gc(store));
    CHECK(resident_bytes() < before + (3 << 20));
    /* The pages can be used again. */
    OK(gcroots_store_verify(store));
    fill_and_let_go(refs, bytes, false);
    OK(gcroots_store_gc(store));
  }
  gcroots_type_free(refs);
  gcroots_type_free(bytes);
}

/* Makes pairs of arrays of 4000 bytes that refer to each other, with `pairs` pairs in all. */
static void make_cycles(const gcroots_type_t *refs, int pairs) {
  for (int i = 0; i < pairs; i++) {
    gcroots_scope_t scope = enter();
    gcroots_ref_t a, b;
    OK(gcroots_array_new_default(store, refs, 1000, &a));
    OK(gcroots_array_new_default(store, refs, 1000, &b));
    OK(gcroots_array_set_ref(store, a, 0, b));
    OK(gcroots_array_set_ref(store, b, 0, a));
    OK(gcroots_scope_exit(store, scope));
  }
}

/* Replaces the fixture's engine and store by ones that fill freed memory, or do not. */
static void renew(bool poison) {
  gcroots_config_t *config = variant_config(0);
  OK(gcroots_config_set_poison(config, poison));
  free_store();
  gcroots_engine_free(engine);
  OK(gcroots_engine_new(config, &engine));
  gcroots_config_free(config);
  OK(gcroots_store_new(engine, &store));
}

CASE(free_pages_go_back_though_no_collection_was_asked_for) {
  /* The drc collector finds cycles when the heap has doubled. */
  if (!collects || heap_has(MAY_MOVE) || stressed) return;
  for (int poison = 0; poison < 2; poison++) {
    renew(poison != 0);
    gcroots_type_t *refs = new_array(mutable_of(GCROOTS_STORAGE_REF));
    gcroots_type_t *bytes = new_array(mutable_of(GCROOTS_STORAGE_I8));
    size_t before = resident_bytes();
    fill_and_let_go(refs, bytes, true);
    OK(gcroots_store_gc(store));
    CHECK(resident_bytes() > before + (14 << 20));
    make_cycles(refs, 10000);
    CHECK(resident_bytes() < before + (10 << 20));
    OK(gcroots_store_verify(store));
    fill_and_let_go(refs, bytes, false);
    OK(gcroots_store_verify(store));
    gcroots_type_free(refs);
    gcroots_type_free(bytes);
  }
}

static long page_faults(void) {
  struct rusage usage;
  CHECK(getrusage(RUSAGE_SELF, &usage) == 0);
  return usage.ru_minflt;
}

CASE(a_heap_that_is_filled_again_keeps_its_pages) {
  enum { ROUNDS = 4, PAGES = (16 << 20) / 4096 };
  gcroots_type_t *refs = new_array(mutable_of(GCROOTS_STORAGE_REF));
  gcroots_type_t *bytes = new_array(mutable_of(GCROOTS_STORAGE_I8));
  /* A collector that moves objects gives pages back at other times. */
  if (collects && !heap_has(MAY_MOVE) && !stressed && GRAPH_SCALE == 1) {
    long before = 0;
    no_emulator("the page faults of the process are also those of the emulator");
    for (int i = -2; i < ROUNDS; i++) {
      if (i == 0) before = page_faults();
      fill_and_let_go(refs, bytes, i == -2);
      OK(gcroots_store_gc(store));
    }
    CHECK(page_faults() - before < ROUNDS * PAGES / 8);
  }
  gcroots_type_free(refs);
  gcroots_type_free(bytes);
}

CASE(many_free_blocks_that_are_too_small_delay_no_allocation) {
  /* If an allocation looked at all free blocks, this would take minutes. */
  enum { SMALL = 200000, LARGE = 60000 };
  gcroots_type_t *bytes = NULL;
  if (collects && !heap_has(HALVES) && !stressed) {
    gcroots_config_t *config = variant_config(0);
    OK(gcroots_config_set_heap_initial(config, 256 << 20));
    OK(gcroots_store_free(store));
    gcroots_engine_free(engine);
    OK(gcroots_engine_new(config, &engine));
    gcroots_config_free(config);
    OK(gcroots_store_new(engine, &store));
    bytes = new_array(mutable_of(GCROOTS_STORAGE_I8));
    /* Blocks of 520 bytes, then blocks of 1000 bytes, which are in one list. */
    for (int i = 0; i < SMALL + LARGE; i++) {
      gcroots_scope_t scope = enter();
      gcroots_ref_t dies;
      OK(gcroots_array_new_default(store, bytes, i < SMALL ? 504 : 984, &dies));
      new_rooted(NULL, NULL);
      OK(gcroots_scope_exit(store, scope));
    }
    OK(gcroots_store_gc(store));
    for (int i = 0; i < LARGE; i++) {
      gcroots_ref_t lives;
      OK(gcroots_array_new_default(store, bytes, 984, &lives));
    }
  }
  gcroots_type_free(bytes);
}

CASE(garbage_does_not_grow_the_heap) {
  if (stressed || !collects) return;
  for (int i = 0; i < 1000000; i++) {
    gcroots_scope_t scope = enter();
    new_externref(NULL);
    OK(gcroots_scope_exit(store, scope));
  }
  CHECK(stats_of(store).committed_bytes <= 4 << 20);
}

CASE(many_small_stores_exist_at_once) {
  enum { STORES = 200 };
  static gcroots_store_t *stores[STORES];
  gcroots_ref_t ref;
  void *data;
  for (int i = 0; i < STORES; i++) {
    stores[i] = new_store(i % 2 == 0 ? 1 : 0);
    OK(gcroots_externref_new(stores[i], &stores[i], NULL, &ref));
    OK(gcroots_externref_data(stores[i], ref, &data));
    CHECK(data == &stores[i]);
  }
  for (int i = 0; i < STORES; i++) OK(gcroots_store_free(stores[i]));
}

CASE(everything_is_given_back) {
  long blocks_before = blocks, mapped_before = mapped;
  for (int round = 0; round < 3; round++) {
    gcroots_store_t *made = new_store(1 << 20);
    gcroots_ref_t ref;
    gcroots_scope_t scope;
    gcroots_manually_rooted_t handle;
    gcroots_weak_t weak;
    uint64_t hash;
    for (int i = 0; i < 300; i++) {
      OK(gcroots_externref_new(made, NULL, NULL, &ref));
      OK(gcroots_ref_hash(made, ref, &hash));
      OK(gcroots_ref_to_manually_rooted(made, ref, &handle));
      OK(gcroots_weak_new(made, ref, &weak));
      OK(gcroots_scope_enter(made, &scope));
      if (i % 3 == 0) OK(gcroots_manually_rooted_unroot_later(&handle));
    }
    OK(gcroots_store_gc(made));
    OK(gcroots_store_verify(made));
    OK(gcroots_store_free(made));
    CHECK(blocks == blocks_before);
    CHECK(mapped == mapped_before);
  }
}

CASE(refused_constructions_give_everything_back) {
  long blocks_before, mapped_before;
  keep_no_heaps();
  blocks_before = blocks;
  mapped_before = mapped;
  for (uint64_t n = 0;; n++) {
    gcroots_store_t *made = NULL;
    gcroots_ref_t ref;
    gcroots_status_t status;
    arm(n, true);
    status = gcroots_store_new(engine, &made);
    if (status == GCROOTS_OK) status = gcroots_externref_new(made, NULL, NULL, &ref);
    armed = false;
    if (refusals > 0) CHECK(status == GCROOTS_ERROR_OUT_OF_MEMORY);
    OK(gcroots_store_free(made));
    CHECK(blocks == blocks_before && mapped == mapped_before);
    if (refusals == 0) break;
    CHECK(n < 100);
  }
}

/* --- Refusals of the system -------------------------------------------------- */

CASE(a_heap_that_cannot_be_reserved_is_out_of_memory) {
  gcroots_ref_t out = {1, 2, 3}, pattern = out;
  int finalized = 0;
  rlim_t before;
  gcroots_status_t status;
  limit_store((size_t)4 << 30);
  before = limit_addresses((rlim_t)1 << 30);
  status = gcroots_externref_new(store, &finalized, count_call, &out);
  limit_addresses(before);
  CHECK(status == GCROOTS_ERROR_OUT_OF_MEMORY);
  CHECK(same_bits(out, pattern) && finalized == 0);
  CHECK(stats_of(store).committed_bytes == 0 && stats_of(store).objects == 0);
  CHECK(stats_of(store).scoped_roots == 0);
  OK(gcroots_externref_new(store, &finalized, count_call, &out));
  CHECK(data_of(out) == &finalized);
  OK(gcroots_store_free(store));
  store = NULL;
  CHECK(finalized == 1);
}

CASE(a_heap_that_cannot_be_committed_is_out_of_memory) {
  gcroots_ref_t out = {1, 2, 3}, pattern = out;
  long mapped_before = mapped;
  arm_commits(true);
  REFUSED(GCROOTS_ERROR_OUT_OF_MEMORY, gcroots_externref_new(store, NULL, NULL, &out));
  armed = false;
  CHECK(refusals > 0 && same_bits(out, pattern));
  CHECK(mapped == mapped_before);
  CHECK(stats_of(store).committed_bytes == 0);
  CHECK(data_of(new_externref(&out)) == &out);
}

CASE(a_heap_that_cannot_grow_keeps_what_it_has) {
  gcroots_ref_t first = new_externref(&first);
  uint64_t committed = stats_of(store).committed_bytes;
  size_t count;
  /* Filling takes quadratic time under stress. */
  if (stressed) return;
  arm_commits(true);
  count = fill_store(GCROOTS_ERROR_OUT_OF_MEMORY);
  armed = false;
  CHECK(refusals > 0 && count > 0);
  /* A nursery may have given its blocks up. */
  CHECK(stats_of(store).committed_bytes <= committed);
  CHECK(stats_of(store).objects == count + 1);
  CHECK(data_of(first) == &first);
  OK(gcroots_store_verify(store));
  for (int i = 0; i < 100000; i++) new_externref(NULL);
  CHECK(data_of(first) == &first);
}

/* The heap of some collectors has several parts, which grow one after the other. */
CASE(a_heap_whose_parts_cannot_all_grow_is_as_large_as_it_was) {
  gcroots_type_t *words = new_array(mutable_of(GCROOTS_STORAGE_I64));
  int refused = 0, made = 0;
  for (uint64_t grants = 0; grants < 8; grants++) {
    gcroots_ref_t out = untouched();
    gcroots_status_t status;
    uint64_t before;
    free_store();
    OK(gcroots_store_new(engine, &store));
    OK(gcroots_array_new_default(store, words, 1, &out));
    OK(gcroots_store_gc(store));
    out = untouched();
    before = stats_of(store).committed_bytes;
    arm(grants, true);
    status = gcroots_array_new_default(store, words, 1 << 20, &out);
    armed = false;
    OK(gcroots_store_verify(store));
    if (status == GCROOTS_OK) {
      made++;
      continue;
    }
    check_refused(__FILE__, __LINE__, "array_new", GCROOTS_ERROR_OUT_OF_MEMORY, status);
    refused++;
    CHECK(stats_of(store).committed_bytes == before && same_bits(out, untouched()));
    OK(gcroots_array_new_default(store, words, 1 << 20, &out));
  }
  CHECK(refused > 0 && made > 0);
  gcroots_type_free(words);
}

CASE(a_heap_that_cannot_grow_as_wanted_grows_as_needed) {
  gcroots_type_t *bytes = new_array(mutable_of(GCROOTS_STORAGE_I8));
  int refused = 0;
  new_externref(NULL);
  OK(gcroots_no_gc_enter(store));
  for (int i = 0; i < 1000; i++) {
    uint64_t before = stats_of(store).committed_bytes;
    gcroots_ref_t ref;
    arm_commits(false);
    OK(gcroots_array_new_default(store, bytes, 4000, &ref));
    armed = false;
    if (refusals == 0) continue;
    refused++;
    /* At most one page more than the array needs, in each space, or the next block. */
    CHECK(stats_of(store).committed_bytes - before <= 2 * heap_unit() * spaces());
  }
  CHECK(refused > 0);
  OK(gcroots_no_gc_exit(store));
  gcroots_type_free(bytes);
}

CASE(a_heap_that_cannot_grow_collects) {
  int finalized = 0;
  new_externref(NULL);
  if (!collects) return;
  arm_commits(true);
  for (int i = 0; i < 50000; i++) {
    gcroots_scope_t scope = enter();
    gcroots_ref_t ref;
    OK(gcroots_externref_new(store, &finalized, count_call, &ref));
    OK(gcroots_scope_exit(store, scope));
  }
  armed = false;
  OK(gcroots_store_gc(store));
  CHECK(finalized == 50000);
}

CASE(a_collection_needs_no_memory) {
  int finalized = 0;
  gcroots_ref_t kept[100];
  for (int i = 0; i < 1000; i++) {
    gcroots_scope_t scope = enter();
    gcroots_ref_t ref;
    uint64_t hash;
    OK(gcroots_externref_new(store, &finalized, count_call, &ref));
    OK(gcroots_ref_hash(store, ref, &hash));
    OK(gcroots_scope_exit(store, scope));
    if (i % 10 == 0) kept[i / 10] = new_externref(&kept[i / 10]);
  }
  arm(0, true);
  OK(gcroots_store_gc(store));
  armed = false;
  CHECK(finalized == (collects ? 1000 : 0));
  for (int i = 0; i < 100; i++) CHECK(data_of(kept[i]) == &kept[i]);
  OK(gcroots_store_free(store));
  store = NULL;
  CHECK(finalized == 1000);
}

enum { HELD = 2000 };

/* Makes an array of structs. Each struct refers to the one before. */
static gcroots_ref_t array_of_structs(gcroots_type_t *types[2]) {
  gcroots_rec_group_t *group = new_group();
  gcroots_field_type_t element = any_field();
  uint32_t position;
  gcroots_ref_t array;
  OK(gcroots_rec_group_add_array(group, NULL, &element, &position));
  types[0] = register_one(group);
  types[1] = new_struct((gcroots_field_type_t[]){mutable_of(GCROOTS_STORAGE_I32), element}, 2);
  OK(gcroots_array_new_default(store, types[0], HELD, &array));
  for (uint32_t i = 0; i < HELD; i++) {
    gcroots_scope_t scope = enter();
    gcroots_ref_t before = gcroots_ref_null();
    if (i > 0) OK(gcroots_array_get_ref(store, array, i - 1, &before));
    OK(gcroots_array_set_ref(store, array, i,
                             STRUCT(types[1], val_i32((int32_t)i), val_ref(before))));
    OK(gcroots_scope_exit(store, scope));
  }
  return array;
}

CASE(what_a_collection_without_memory_reaches_survives) {
  gcroots_type_t *types[2];
  gcroots_ref_t array = array_of_structs(types), held;
  arm(0, true);
  OK(gcroots_store_gc(store));
  armed = false;
  OK(gcroots_store_verify(store));
  CHECK(stats_of(store).objects == HELD + 1);
  for (uint32_t i = 0; i < HELD; i++) {
    gcroots_scope_t scope = enter();
    OK(gcroots_array_get_ref(store, array, i, &held));
    CHECK(field_i32(held, 0) == (int32_t)i);
    OK(gcroots_scope_exit(store, scope));
  }
  gcroots_type_free(types[0]);
  gcroots_type_free(types[1]);
}

/* A collector that has no memory to note a dead object must find it at the next
   collection that an allocation causes. */
CASE(what_is_let_go_without_memory_dies) {
  if (!collects) return;
  gcroots_type_t *types[2];
  gcroots_ref_t array = array_of_structs(types);
  arm(0, true);
  for (uint32_t i = 0; i < HELD; i++)
    OK(gcroots_array_set_ref(store, array, HELD - 1 - i, gcroots_ref_null()));
  armed = false;
  uint64_t collections = stats_of(store).collections;
  while (stats_of(store).collections == collections) {
    gcroots_scope_t scope = enter();
    gcroots_ref_t made;
    OK(gcroots_struct_new_default(store, types[1], &made));
    OK(gcroots_scope_exit(store, scope));
  }
  CHECK(stats_of(store).objects <= 2);
  OK(gcroots_store_verify(store));
  gcroots_type_free(types[0]);
  gcroots_type_free(types[1]);
}

/* At most one object is refused. The next collection finds what the first had no memory
   to note. */
CASE(garbage_makes_room_without_memory) {
  const int tried = heap_has(SHADOWS) ? 10000 : 100000;
  if (!collects) return;
  gcroots_type_t *type = STRUCT_TYPE(mutable_of(GCROOTS_STORAGE_I64));
  for (uint64_t grants = 0; grants < 4; grants++) {
    gcroots_ref_t made;
    int refused = 0;
    OK(gcroots_store_free(store));
    OK(gcroots_store_new(engine, &store));
    OK(gcroots_struct_new_default(store, type, &made));
    arm(grants, true);
    for (int i = 0; i < tried; i++) {
      gcroots_scope_t scope = enter();
      if (gcroots_struct_new_default(store, type, &made) != GCROOTS_OK) refused++;
      OK(gcroots_scope_exit(store, scope));
    }
    armed = false;
    CHECK(refused <= 1);
    OK(gcroots_store_verify(store));
  }
  gcroots_type_free(type);
}

CASE(what_shrinks_needs_no_memory) {
  int finalized = 0;
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref;
  gcroots_manually_rooted_t handle;
  OK(gcroots_externref_new(store, &finalized, count_call, &ref));
  handle = root(ref);
  arm(0, true);
  CHECK(data_of(handle.ref) == &finalized);
  OK(gcroots_externref_set_data(store, ref, &finalized));
  OK(gcroots_externref_set_external_bytes(store, ref, SIZE_MAX));
  OK(gcroots_manually_rooted_unroot(store, &handle));
  REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_manually_rooted_unroot(
                                      store, &(gcroots_manually_rooted_t){{ref.store_id, 1, ~0u}}));
  OK(gcroots_no_gc_enter(store));
  OK(gcroots_scope_unwind(store, scope));
  OK(gcroots_store_detach(store));
  OK(gcroots_store_attach(store));
  OK(gcroots_store_free(store));
  armed = false;
  store = NULL;
  CHECK(refusals == 0 && finalized == 1);
}

/* Makes a call that fails, which leaves a message. */
static void count_and_fail(void *data) {
  ++*(int *)data;
  CHECK(gcroots_store_detach(store) == GCROOTS_ERROR_BUSY);
}

/* The heap has room, but the host-data table cannot grow. */
/* Makes this many dying externrefs with identity hashes, and as many entries of a weak map,
   and collects. */
static void burst(gcroots_weakmap_t map, int count) {
  gcroots_scope_t scope = enter();
  for (int i = 0; i < count; i++) {
    gcroots_ref_t ref = new_externref(NULL);
    uint64_t hash;
    OK(gcroots_ref_hash(store, ref, &hash));
    OK(gcroots_weakmap_set(store, map, ref, gcroots_ref_null()));
  }
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_store_gc(store));
}

CASE(tables_that_fill_before_each_collection_keep_their_memory) {
  enum { ROUNDS = 6 };
  gcroots_config_t *config = gcroots_config_new();
  gcroots_weakmap_t map;
  int count = 3000;
  OK(gcroots_config_set_collector(config, collector));
  free_store();
  store = store_with(config);
  if (!collects) return;
  OK(gcroots_weakmap_new(store, &map));
  for (int i = 0; i < ROUNDS; i++) {
    long before = blocks;
    /* No request fails; they are counted. */
    arm(UINT64_MAX, false);
    burst(map, count);
    armed = false;
    CHECK(blocks == before || i < 3);
    if (i >= 3) CHECK(UINT64_MAX - granted <= 4);
  }
}

CASE(what_survives_a_burst_is_there_when_the_tables_have_shrunk) {
  enum { KEPT = 300 };
  static gcroots_manually_rooted_t kept[KEPT];
  static uint64_t hashes[KEPT];
  gcroots_weakmap_t map;
  OK(gcroots_weakmap_new(store, &map));
  for (int i = 0; i < KEPT; i++) {
    gcroots_scope_t scope = enter();
    gcroots_ref_t ref = new_externref(&hashes[i]);
    kept[i] = root(ref);
    OK(gcroots_ref_hash(store, ref, &hashes[i]));
    OK(gcroots_weakmap_set(store, map, ref, ref));
    OK(gcroots_scope_exit(store, scope));
  }
  burst(map, stressed ? 2000 : 30000);
  for (int i = 0; i < 5; i++) OK(gcroots_store_gc(store));
  for (int i = 0; i < KEPT; i++) {
    gcroots_scope_t scope = enter();
    gcroots_ref_t value;
    uint64_t hash;
    void *data;
    OK(gcroots_externref_data(store, kept[i].ref, &data));
    OK(gcroots_ref_hash(store, kept[i].ref, &hash));
    OK(gcroots_weakmap_get(store, map, kept[i].ref, &value));
    CHECK(data == &hashes[i] && hash == hashes[i] && same_object(value, kept[i].ref));
    OK(gcroots_scope_exit(store, scope));
  }
  OK(gcroots_store_verify(store));
}

CASE(finalizers_run_when_the_allocation_then_fails) {
  int finalized = 0, failed = 0;
  gcroots_ref_t out = {1, 2, 3}, pattern = out;
  gcroots_status_t status = GCROOTS_OK;
  gcroots_scope_t scope;
  if (!stressed) return;
  OK(gcroots_scope_reserve(store, 100000));
  for (int i = 0; status == GCROOTS_OK; i++) {
    CHECK(i < 10000);
    scope = enter();
    OK(gcroots_externref_new(store, &finalized, count_and_fail, &out));
    OK(gcroots_scope_exit(store, scope));
    finalized = 0;
    out = pattern;
    arm(0, true);
    status = gcroots_externref_new(store, &failed, count_call, &out);
    armed = false;
    CHECK(finalized == 1);
  }
  CHECK(status == GCROOTS_ERROR_OUT_OF_MEMORY);
  CHECK(same_bits(out, pattern));
  CHECK(strstr(gcroots_last_error(), "finalizer") == NULL);
  CHECK(stats_of(store).finalizers_run > 0 && failed == 0);
}

static void *attach_without_memory(void *argument) {
  arm(0, true);
  CHECK(gcroots_store_attach(argument) == GCROOTS_ERROR_WRONG_THREAD);
  armed = false;
  CHECK(gcroots_store_attach(argument) == GCROOTS_ERROR_WRONG_THREAD);
  return NULL;
}

/* `capi.error-order`: the wrong thread is reported before missing memory. */
CASE(another_threads_store_is_wrong_thread_also_without_memory) {
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, attach_without_memory, store) == 0);
  CHECK(pthread_join(thread, NULL) == 0);
}

static void *make_stores_without_memory(void *argument) {
  uint64_t n = *(uint64_t *)argument;
  gcroots_store_t *made = NULL;
  gcroots_status_t status;
  arm(n, true);
  status = gcroots_store_new(engine, &made);
  armed = false;
  *(uint64_t *)argument = refusals;
  if (refusals == 0) {
    OK(status);
  } else {
    CHECK(status == GCROOTS_ERROR_OUT_OF_MEMORY && made == NULL);
    CHECK(gcroots_last_error()[0] != '\0');
    OK(gcroots_store_new(engine, &made));
  }
  OK(gcroots_store_free(made));
  return NULL;
}

CASE(a_new_thread_without_memory_can_try_again) {
  for (uint64_t n = 0;; n++) {
    uint64_t argument = n;
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, make_stores_without_memory, &argument) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    if (argument == 0) break;
    CHECK(n < 100);
  }
}

static void *attach_at_last(void *argument) {
  gcroots_status_t status = GCROOTS_OK;
  for (uint64_t n = 0;; n++) {
    arm(n, true);
    status = gcroots_store_attach(argument);
    armed = false;
    if (status == GCROOTS_OK) break;
    CHECK(status == GCROOTS_ERROR_OUT_OF_MEMORY && n < 100);
  }
  OK(gcroots_store_detach(argument));
  return NULL;
}

CASE(a_new_thread_without_memory_can_attach_again) {
  pthread_t thread;
  OK(gcroots_store_detach(store));
  CHECK(pthread_create(&thread, NULL, attach_at_last, store) == 0);
  CHECK(pthread_join(thread, NULL) == 0);
  OK(gcroots_store_attach(store));
}

/* --- Calls whose values find no memory ---------------------------------------- */

enum { PASSED_MOST = 20 };

/* Returns its first argument, or the object that is its env, as each result. */
static gcroots_status_t answer_one(void *env, gcroots_store_t *of, const gcroots_val_t *args,
                                   size_t nargs, gcroots_val_t *results, size_t nresults) {
  gcroots_val_t value = nargs > 0 ? args[0] : val_ref(*(gcroots_ref_t *)env);
  (void)of;
  for (size_t i = 0; i < nresults; i++) results[i] = value;
  return GCROOTS_OK;
}

/* Makes a function of references in a new store of an engine in which one call is as deep as
   calls may be. A refused call that counts as open then refuses the next one. */
static gcroots_ref_t func_in_new_store(size_t nargs, size_t nresults, gcroots_ref_t *env) {
  gcroots_field_type_t fields[PASSED_MOST];
  gcroots_config_t *config = variant_config(0);
  gcroots_type_t *type;
  gcroots_ref_t func;
  free_store();
  gcroots_engine_free(engine);
  OK(gcroots_config_set_call_depth(config, 1));
  OK(gcroots_engine_new(config, &engine));
  gcroots_config_free(config);
  OK(gcroots_store_new(engine, &store));
  for (int i = 0; i < PASSED_MOST; i++) fields[i] = any_field();
  type = new_func(fields, nargs, fields, nresults);
  func = make_func(type, answer_one, env);
  gcroots_type_free(type);
  return func;
}

/* Calls a function where `live` scoped roots are live, `depth` scopes are open, and memory is
   refused after `grants` requests. Returns whether the call was refused. */
static bool call_with_little_memory(size_t nargs, size_t nresults, int live, int depth,
                                    uint64_t grants) {
  static gcroots_ref_t object;
  gcroots_ref_t func = func_in_new_store(nargs, nresults, &object);
  gcroots_val_t args[PASSED_MOST], results[PASSED_MOST];
  gcroots_scope_t scope = enter();
  gcroots_status_t status;
  for (int i = 1; i < depth; i++) scope = enter();
  object = new_externref(NULL);
  for (int i = 2; i < live; i++) new_local(gcroots_ref_null());
  for (int i = 0; i < PASSED_MOST; i++) args[i] = val_ref(object), results[i] = untouched_val();
  arm(grants, true);
  status = gcroots_func_call(store, func, args, nargs, results, nresults);
  armed = false;
  if (status != GCROOTS_OK) {
    check_refused(__FILE__, __LINE__, "func_call", GCROOTS_ERROR_OUT_OF_MEMORY, status);
    CHECK(names_refused_bytes(gcroots_last_error()));
    for (int i = 0; i < PASSED_MOST; i++) CHECK(is_untouched(results[i]));
    CHECK(stats_of(store).scoped_roots == (uint64_t)live);
    OK(gcroots_func_call(store, func, args, nargs, results, nresults));
  }
  for (size_t i = 0; i < nresults; i++) CHECK(same_object(results[i].of.ref, object));
  CHECK(stats_of(store).scoped_roots == (uint64_t)live + nresults);
  OK(gcroots_store_verify(store));
  OK(gcroots_scope_exit(store, scope));
  CHECK(stats_of(store).scoped_roots == 1);
  return status != GCROOTS_OK;
}

/* The roots of a store begin with room for 64, and its scopes with room for fewer than 16. */
CASE(a_call_whose_values_find_no_memory_leaves_nothing_open) {
  static const size_t counts[][2] = {{0, 0}, {1, 0}, {1, 1}, {6, 0}, {0, 6}, {3, 9}, {20, 20}};
  for (size_t i = 0; i < COUNT_OF(counts); i++) {
    int refused = 0, done = 0;
    for (int live = 2; live < 72; live++)
      for (uint64_t grants = 0; grants < 3; grants++) {
        if (call_with_little_memory(counts[i][0], counts[i][1], live, 1, grants))
          refused++;
        else
          done++;
      }
    CHECK(refused > 0 && done > 0);
  }
}

CASE(a_call_whose_scope_finds_no_memory_leaves_nothing_open) {
  int refused = 0;
  for (int depth = 1; depth < 40; depth++) refused += call_with_little_memory(3, 9, 10, depth, 0);
  CHECK(refused > 0);
}

/* --- Every allocation in turn ------------------------------------------------ */

enum {
  OBJECTS = 200,
  MANUALS = 150,
  SCOPES = 40,
  STRUCTS = 24,
  ELEMENTS = 150,
  EXNS = 24,
  FUNCS = 24,
  MAPS = 12,
  TABLES = 8,
  GLOBALS = 12,
  SOURCES = 270
};

/* What the script has made in the store under test. */
static struct {
  gcroots_store_t *store;
  uint64_t scoped, manual, weak;
  /* The objects and external bytes after the last call that succeeded. */
  uint64_t objects, external;
  int created[OBJECTS], finalized[OBJECTS];
  int data_set[3], data_finalized[3];
  int own_created[MANUALS], own_finalized[MANUALS];
  gcroots_ref_t refs[OBJECTS];
  gcroots_manually_rooted_t manuals[MANUALS];
  gcroots_scope_t scopes[SCOPES];
  int depth;
  gcroots_ref_t structs[STRUCTS];
} script;

/* Whether the call succeeded. Otherwise memory was missing, and the call made no root and left
   no object. It may have collected. */
static bool succeeded(gcroots_status_t status) {
  gcroots_stats_t stats;
  memset(&stats, 0, sizeof stats);
  if (script.store != NULL) OK(gcroots_store_stats(script.store, &stats));
  if (status != GCROOTS_OK) {
    check_refused(__FILE__, __LINE__, "a call without memory", GCROOTS_ERROR_OUT_OF_MEMORY, status);
    CHECK(refusals > 0 && names_refused_bytes(gcroots_last_error()));
    if (script.store != NULL) {
      CHECK(stats.scoped_roots == script.scoped && stats.manual_roots == script.manual);
      CHECK(stats.weak_handles == script.weak);
      CHECK(stats.objects <= script.objects && stats.external_bytes <= script.external);
    }
  }
  script.objects = stats.objects;
  script.external = stats.external_bytes;
  return status == GCROOTS_OK;
}

static const gcroots_ref_t no_handle = {~(uint64_t)0, 0x55555555, 0x33333333};

/* Whether the call succeeded, which is whether it wrote its output. */
static bool made(gcroots_status_t status, gcroots_ref_t out) {
  CHECK(same_bits(out, no_handle) == (status != GCROOTS_OK));
  return succeeded(status);
}

static void count_with_store(void *env, gcroots_store_t *of, void *data) {
  CHECK(env == &script && of != NULL);
  count_call(data);
}

static void script_objects(void) {
  for (int i = 0; i < OBJECTS; i++) {
    gcroots_externref_options_t options = {
        sizeof options, &script.finalized[i], count_call, &script, 1000, NULL, NULL};
    gcroots_ref_t out = no_handle;
    gcroots_status_t status;
    if (i % 4 == 0) {
      options.finalizer = NULL;
      options.finalizer_with_store = count_with_store;
      options.env = &script;
    }
    status = i % 2 == 0
                 ? gcroots_externref_new_with(script.store, &options, &out)
                 : gcroots_externref_new(script.store, &script.finalized[i], count_call, &out);
    script.refs[i] = gcroots_ref_null();
    if (!made(status, out)) continue;
    script.scoped++;
    script.created[i] = 1;
    script.refs[i] = out;
  }
}

/* Leaves a scope with a manual root's object as the result. `outside` scoped roots lie
   around the scope; their slots may be full, so that the escape needs memory. */
static void escape_manual(gcroots_scope_t scope, uint64_t outside) {
  gcroots_ref_t out = no_handle;
  gcroots_ref_t kept = script.manuals[0].ref;
  if (made(gcroots_scope_escape(script.store, scope, kept, &out), out)) {
    script.scoped = outside + (gcroots_ref_is_null(kept) ? 0 : 1);
  } else {
    OK(gcroots_scope_exit(script.store, scope));
    script.scoped = outside;
  }
}

static void script_roots(void) {
  for (int i = 0; i < MANUALS; i++) {
    gcroots_manually_rooted_t out = {no_handle};
    gcroots_manually_rooted_t first = script.manuals[0];
    gcroots_status_t status =
        i % 2 == 0 ? gcroots_ref_to_manually_rooted(script.store, script.refs[i], &out)
                   : gcroots_manually_rooted_clone(script.store, first, &out);
    script.manuals[i].ref = gcroots_ref_null();
    if (!made(status, out.ref)) continue;
    script.manuals[i] = out;
    if (!gcroots_ref_is_null(out.ref)) script.manual++;
  }
  for (int i = 0; i < OBJECTS; i++) {
    gcroots_ref_t out = no_handle;
    gcroots_scope_t scope;
    if (made(gcroots_local_new(script.store, script.refs[i], &out), out)) script.scoped++;
    OK(gcroots_scope_enter(script.store, &scope));
    escape_manual(scope, script.scoped);
    if (script.created[i]) OK(gcroots_ref_assign(script.store, script.refs[i], script.refs[i]));
  }
  for (int i = 0; i < MANUALS; i++) {
    gcroots_ref_t out = no_handle;
    gcroots_manually_rooted_t handle = script.manuals[i];
    bool null = gcroots_ref_is_null(handle.ref);
    if (i % 2 == 0) {
      if (made(gcroots_manually_rooted_to_rooted(script.store, handle, &out), out) && !null)
        script.scoped++;
    } else if (made(gcroots_manually_rooted_into_rooted(script.store, &script.manuals[i], &out),
                    out)) {
      CHECK(gcroots_ref_is_null(script.manuals[i].ref));
      if (!null) script.scoped++, script.manual--;
    } else {
      CHECK(same_bits(script.manuals[i].ref, handle.ref));
    }
  }
}

/* Makes objects that have a manual root from the start. */
static void script_own(void) {
  for (int i = 0; i < MANUALS; i++) {
    gcroots_manually_rooted_t out = {no_handle};
    gcroots_status_t status = gcroots_externref_new_manually_rooted(
        script.store, &script.own_finalized[i], count_call, &out);
    if (!made(status, out.ref)) continue;
    script.own_created[i] = 1;
    script.manual++;
  }
}

/* Registers an open struct, or a function without results. Returns NULL if memory is
   missing. */
static gcroots_type_t *script_type(gcroots_engine_t *of, gcroots_type_kind_t kind,
                                   const gcroots_field_type_t *fields, size_t count) {
  gcroots_rec_group_t *group = gcroots_rec_group_new();
  const gcroots_rec_group_t *groups[1] = {group};
  gcroots_sub_type_t sub = open_type();
  gcroots_type_t *type = NULL;
  uint32_t position;
  CHECK(group != NULL || refusals > 0);
  if (group == NULL) return NULL;
  if (succeeded(kind == GCROOTS_TYPE_STRUCT
                    ? gcroots_rec_group_add_struct(group, &sub, fields, count, &position)
                    : gcroots_rec_group_add_func(group, &sub, fields, count, NULL, 0, &position)) &&
      !succeeded(gcroots_rec_group_register(of, groups, 1, &type, 1)))
    CHECK(type == NULL);
  gcroots_rec_group_free(group);
  return type;
}

/* Makes structs, each of its own type, which refer to the structs before them. */
static void script_structs(gcroots_engine_t *of) {
  gcroots_field_type_t fields[STRUCTS];
  gcroots_val_t values[STRUCTS];
  for (size_t i = 0; i < STRUCTS; i++) {
    gcroots_ref_t out = no_handle, again = no_handle;
    gcroots_type_t *type;
    fields[i] = any_field();
    values[i] = val_ref(i == 0 ? script.refs[0] : script.structs[i - 1]);
    script.structs[i] = gcroots_ref_null();
    type = script_type(of, GCROOTS_TYPE_STRUCT, fields, i + 1);
    if (type == NULL) continue;
    if (made(gcroots_struct_new(script.store, type, values, i + 1, &out), out)) {
      script.scoped++;
      script.structs[i] = out;
    }
    if (made(gcroots_struct_new_default(script.store, type, &again), again)) script.scoped++;
    gcroots_type_free(type);
  }
  for (size_t i = 0; i < STRUCTS; i++) {
    gcroots_ref_t struct_ = script.structs[i], out = no_handle;
    gcroots_val_t val = val_ref(no_handle);
    if (gcroots_ref_is_null(struct_)) continue;
    OK(gcroots_struct_set_ref(script.store, struct_, i, struct_));
    OK(gcroots_struct_set(script.store, struct_, i, &values[i]));
    if (made(gcroots_struct_get_ref(script.store, struct_, i, &out), out))
      script.scoped += !gcroots_ref_is_null(out);
    if (made(gcroots_struct_get(script.store, struct_, i, &val), val.of.ref))
      script.scoped += !gcroots_ref_is_null(val.of.ref);
  }
}

/* Registers an array. Returns NULL if memory is missing. */
static gcroots_type_t *script_array_type(gcroots_engine_t *of, gcroots_storage_t storage) {
  gcroots_rec_group_t *group = gcroots_rec_group_new();
  const gcroots_rec_group_t *groups[1] = {group};
  gcroots_field_type_t element = mutable_of(storage);
  gcroots_type_t *type = NULL;
  uint32_t position;
  CHECK(group != NULL || refusals > 0);
  if (group == NULL) return NULL;
  if (succeeded(gcroots_rec_group_add_array(group, NULL, &element, &position)) &&
      !succeeded(gcroots_rec_group_register(of, groups, 1, &type, 1)))
    CHECK(type == NULL);
  gcroots_rec_group_free(group);
  return type;
}

/* Reads and sets the elements of an array. Reading needs memory for handles. */
static void use_array(gcroots_ref_t array, gcroots_val_t element) {
  for (size_t i = 0; i < ELEMENTS; i++) {
    gcroots_ref_t out = no_handle;
    gcroots_val_t val = val_ref(no_handle);
    OK(gcroots_array_set(script.store, array, i, &element));
    OK(gcroots_array_set_ref(script.store, array, i, array));
    if (made(gcroots_array_get_ref(script.store, array, i, &out), out)) script.scoped++;
    if (made(gcroots_array_get(script.store, array, i, &val), val.of.ref)) script.scoped++;
  }
  OK(gcroots_array_fill(script.store, array, 0, &element, ELEMENTS / 2));
  OK(gcroots_array_copy(script.store, array, 1, array, 0, ELEMENTS - 1));
}

/* Makes arrays of references to the arrays before them, and arrays of numbers, until the
   heap must grow. */
static void script_arrays(gcroots_engine_t *of) {
  static const gcroots_storage_t storages[] = {GCROOTS_STORAGE_V128, GCROOTS_STORAGE_REF};
  gcroots_val_t elements[ELEMENTS];
  for (size_t i = 0; i < ELEMENTS; i++) elements[i] = val_ref(script.refs[i]);
  for (size_t i = 0; i < COUNT_OF(storages); i++) {
    gcroots_storage_t storage = storages[i];
    bool refs = storage == GCROOTS_STORAGE_REF;
    gcroots_val_t value = refs ? val_ref(script.refs[0]) : val_made_of(storage, 1);
    gcroots_ref_t filled = no_handle, zeros = no_handle, fixed = no_handle;
    gcroots_type_t *type = script_array_type(of, storage);
    if (type == NULL) continue;
    if (made(gcroots_array_new(script.store, type, &value, 2000, &filled), filled)) script.scoped++;
    if (made(gcroots_array_new_default(script.store, type, 2000, &zeros), zeros)) script.scoped++;
    elements[0] = value;
    if (made(gcroots_array_new_fixed(script.store, type, elements, refs ? ELEMENTS : 1, &fixed),
             fixed)) {
      script.scoped++;
      if (refs) use_array(fixed, value);
    }
    gcroots_type_free(type);
  }
}

/* Casts and converts a reference that is not null, and an i31. */
static void script_casts(gcroots_ref_t ref) {
  gcroots_ref_type_t any = {NULL, GCROOTS_HEAP_ANY, 0};
  gcroots_ref_t i31 = no_handle, cast = no_handle, external = no_handle, internal = no_handle;
  if (made(gcroots_i31_new(script.store, 1, &i31), i31)) script.scoped++;
  if (made(gcroots_ref_cast(script.store, ref, any, &cast), cast)) script.scoped++;
  if (made(gcroots_extern_convert_any(script.store, ref, &external), external)) script.scoped++;
  if (made(gcroots_any_convert_extern(script.store, ref, &internal), internal)) script.scoped++;
}

/* Makes a tag of this type and an exception of these values, and reads them. */
static void script_exn(const gcroots_type_t *type, const gcroots_val_t *values, size_t count) {
  gcroots_tag_t tag = {no_handle.store_id, no_handle.generation, no_handle.index}, read;
  gcroots_val_t val = val_ref(no_handle);
  gcroots_ref_t out = no_handle;
  bool tagged = succeeded(gcroots_tag_new(script.store, type, &tag));
  CHECK((tag.store_id == no_handle.store_id) == !tagged);
  if (!tagged || !made(gcroots_exn_new(script.store, tag, values, count, &out), out)) return;
  script.scoped++;
  OK(gcroots_exn_tag(script.store, out, &read));
  CHECK(memcmp(&read, &tag, sizeof tag) == 0);
  if (made(gcroots_exn_field(script.store, out, 0, &val), val.of.ref))
    script.scoped += !gcroots_ref_is_null(val.of.ref);
}

/* Returns its arguments, in their order. */
static gcroots_status_t answer_args(void *env, gcroots_store_t *of, const gcroots_val_t *args,
                                    size_t nargs, gcroots_val_t *results, size_t nresults) {
  (void)env, (void)of;
  CHECK(nargs == nresults);
  memcpy(results, args, nargs * sizeof *args);
  return GCROOTS_OK;
}

/* Makes and calls a function of these values. */
static void script_func(const gcroots_type_t *type, const gcroots_val_t *values, size_t count) {
  gcroots_val_t results[FUNCS];
  gcroots_ref_t func = no_handle;
  gcroots_status_t status;
  if (!made(gcroots_func_new(script.store, type, answer_args, NULL, NULL, &func), func)) return;
  script.scoped++;
  results[0] = val_ref(no_handle);
  status = gcroots_func_call(script.store, func, values, count, results, count);
  CHECK(same_bits(results[0].of.ref, no_handle) == (status != GCROOTS_OK));
  if (status == GCROOTS_OK)
    for (size_t i = 0; i < count; i++) script.scoped += !gcroots_ref_is_null(results[i].of.ref);
  succeeded(status);
}

/* The function that call_itself() calls, and how deep the calls are. */
static gcroots_ref_t nested;
static int nested_depth;

/* Calls itself more deeply than a new store has room for scopes. */
static gcroots_status_t call_itself(void *env, gcroots_store_t *of, const gcroots_val_t *args,
                                    size_t nargs, gcroots_val_t *results, size_t nresults) {
  gcroots_status_t status = GCROOTS_OK;
  (void)env;
  if (++nested_depth < SCOPES)
    status = gcroots_func_call(of, nested, args, nargs, results, nresults);
  nested_depth--;
  return status;
}

static void script_nested(gcroots_engine_t *of) {
  gcroots_type_t *type = script_type(of, GCROOTS_TYPE_FUNC, NULL, 0);
  nested = no_handle;
  if (type != NULL &&
      made(gcroots_func_new(script.store, type, call_itself, NULL, NULL, &nested), nested)) {
    script.scoped++;
    succeeded(gcroots_func_call(script.store, nested, NULL, 0, NULL, 0));
    CHECK(nested_depth == 0);
  }
  gcroots_type_free(type);
}

static void script_funcs(gcroots_engine_t *of) {
  gcroots_field_type_t params[FUNCS];
  gcroots_val_t values[FUNCS];
  script_nested(of);
  for (size_t i = 0; i < FUNCS; i++) {
    const gcroots_rec_group_t *groups[1];
    gcroots_rec_group_t *group = gcroots_rec_group_new();
    gcroots_type_t *type = NULL;
    uint32_t position;
    params[i] = any_field();
    values[i] = val_ref(script.refs[i]);
    groups[0] = group;
    if (group == NULL) continue;
    if (succeeded(
            gcroots_rec_group_add_func(group, NULL, params, i + 1, params, i + 1, &position)) &&
        succeeded(gcroots_rec_group_register(of, groups, 1, &type, 1)))
      script_func(type, values, i + 1);
    gcroots_rec_group_free(group);
    gcroots_type_free(type);
  }
}

static void script_exns(gcroots_engine_t *of) {
  gcroots_field_type_t params[EXNS];
  gcroots_val_t values[EXNS];
  for (size_t i = 0; i < EXNS; i++) {
    gcroots_type_t *type;
    params[i] = any_field();
    values[i] = val_ref(script.refs[i]);
    if (script.created[i]) script_casts(script.refs[i]);
    type = script_type(of, GCROOTS_TYPE_FUNC, params, i + 1);
    if (type == NULL) continue;
    script_exn(type, values, i + 1);
    gcroots_type_free(type);
  }
}

static void script_weak(void) {
  for (int i = 0; i < OBJECTS; i++) {
    gcroots_weak_t weak = {no_handle.store_id, no_handle.generation, no_handle.index};
    gcroots_ref_t out = no_handle;
    bool weakened = succeeded(gcroots_weak_new(script.store, script.refs[i], &weak));
    CHECK((weak.store_id == no_handle.store_id) == !weakened);
    if (!weakened) continue;
    if (script.created[i]) script.weak++;
    if (made(gcroots_weak_upgrade(script.store, weak, &out), out) && script.created[i])
      script.scoped++;
    if (i % 2 != 0) continue;
    OK(gcroots_weak_free(script.store, &weak));
    if (script.created[i]) script.weak--;
  }
}

/* Makes maps. Each has one entry more than the one before, and some are freed. */
static void script_maps(gcroots_engine_t *of) {
  (void)of;
  script_objects();
  for (int m = 0; m < MAPS; m++) {
    gcroots_weakmap_t map = {no_handle.store_id, no_handle.generation, no_handle.index};
    bool map_made = succeeded(gcroots_weakmap_new(script.store, &map));
    size_t entries = 0, counted;
    CHECK((map.store_id == no_handle.store_id) == !map_made);
    if (!map_made) continue;
    for (int i = 0; i < 4 * m; i++) {
      gcroots_ref_t key = script.refs[i], out = no_handle;
      if (gcroots_ref_is_null(key)) continue;
      if (!succeeded(gcroots_weakmap_set(script.store, map, key, script.refs[0]))) continue;
      entries++;
      if (i % 5 == 0 && made(gcroots_weakmap_get(script.store, map, key, &out), out))
        script.scoped += !gcroots_ref_is_null(script.refs[0]);
    }
    OK(gcroots_weakmap_size(script.store, map, &counted));
    CHECK(counted == entries);
    if (m % 3 == 0) OK(gcroots_weakmap_free(script.store, &map));
  }
  succeeded(gcroots_store_verify(script.store));
  OK(gcroots_store_gc(script.store));
}

/* Grows a table until it is larger than the initial heap. */
static void grow_table(gcroots_table_t table, uint64_t size) {
  for (uint64_t delta = 1; delta < 20000; delta *= 9) {
    uint64_t before = 77, now;
    bool grown = succeeded(gcroots_table_grow(script.store, table, delta, script.refs[0], &before));
    CHECK(before == (grown ? size : 77));
    if (grown) size += delta;
    OK(gcroots_table_size(script.store, table, &now));
    CHECK(now == size);
  }
}

/* Makes tables, each of its own type, and frees some. */
static void script_tables(gcroots_engine_t *of) {
  gcroots_field_type_t field = any_field();
  gcroots_type_t *type = script_type(of, GCROOTS_TYPE_STRUCT, &field, 1);
  script_objects();
  for (uint32_t t = 0; t < TABLES; t++) {
    gcroots_ref_type_t element = {type, t == 1 && type != NULL ? GCROOTS_HEAP_TYPE : t % 3 * 4, 1};
    gcroots_table_t table = {no_handle.store_id, no_handle.generation, no_handle.index};
    bool table_made = succeeded(
        gcroots_table_new(script.store, element, 10, UINT64_MAX, gcroots_ref_null(), &table));
    CHECK((table.store_id == no_handle.store_id) == !table_made);
    if (!table_made) continue;
    if (t == 0) grow_table(table, 10);
    for (uint64_t i = 0; i < 10 && element.heap == GCROOTS_HEAP_ANY; i++) {
      gcroots_ref_t out = no_handle;
      OK(gcroots_table_set(script.store, table, i, script.refs[i]));
      if (made(gcroots_table_get(script.store, table, i, &out), out))
        script.scoped += !gcroots_ref_is_null(script.refs[i]);
    }
    OK(gcroots_table_fill(script.store, table, 0, gcroots_ref_null(), 3));
    OK(gcroots_table_copy(script.store, table, 0, table, 1, 9));
    if (t % 3 == 2) OK(gcroots_table_free(script.store, &table));
  }
  gcroots_type_free(type);
  succeeded(gcroots_store_verify(script.store));
  OK(gcroots_store_gc(script.store));
}

/* Makes globals of each type, and frees some. */
static void script_globals(gcroots_engine_t *of) {
  (void)of;
  script_objects();
  for (uint32_t g = 0; g < GLOBALS; g++) {
    gcroots_storage_t storage = GCROOTS_STORAGE_I32 + g % (STORAGES - GCROOTS_STORAGE_I32);
    gcroots_field_type_t type = mutable_of(storage);
    gcroots_val_t value = val_made_of(storage, g), out = val_ref(no_handle);
    gcroots_global_t global = {no_handle.store_id, no_handle.generation, no_handle.index};
    bool global_made = succeeded(gcroots_global_new(script.store, &type, &value, &global));
    CHECK((global.store_id == no_handle.store_id) == !global_made);
    if (!global_made) continue;
    if (storage == GCROOTS_STORAGE_REF) value = val_ref(script.refs[g]);
    OK(gcroots_global_set(script.store, global, &value));
    if (storage != GCROOTS_STORAGE_REF)
      OK(gcroots_global_get(script.store, global, &out));
    else if (made(gcroots_global_get(script.store, global, &out), out.of.ref))
      script.scoped += !gcroots_ref_is_null(script.refs[g]);
    if (g % 3 == 2) OK(gcroots_global_free(script.store, &global));
  }
  succeeded(gcroots_store_verify(script.store));
  OK(gcroots_store_gc(script.store));
}

static uint32_t script_slots[SOURCES];
static gcroots_root_range_t script_ranges[SOURCES];

static void report_slots(void *env, gcroots_store_t *of) {
  (void)env;
  for (int i = 0; i < SOURCES; i += 3) {
    gcroots_status_t status = gcroots_root_visitor_report(of, &script_ranges[i], NULL);
    CHECK(status == GCROOTS_OK || (status == GCROOTS_ERROR_OUT_OF_MEMORY && refusals > 0));
  }
}

/* The root source, if the call that makes it succeeded; otherwise zeros. */
static gcroots_root_source_t source_made(gcroots_status_t status, gcroots_root_source_t out) {
  gcroots_root_source_t none = {0, 0, 0};
  bool is = succeeded(status);
  CHECK((out.store_id == no_handle.store_id) == !is);
  return is ? out : none;
}

/* Uses what is made for engines: raw references in both directions, root ranges, and
   visitors. */
static void script_engine(gcroots_engine_t *of) {
  gcroots_root_source_t sources[SOURCES];
  void *heap_base = NULL;
  (void)of;
  memset(script_slots, 0, sizeof script_slots);
  if (!succeeded(gcroots_heap_base(script.store, &heap_base))) CHECK(heap_base == NULL);
  script_objects();
  for (int i = 0; i < SOURCES; i++) {
    gcroots_root_source_t out = {no_handle.store_id, 0, 0};
    gcroots_status_t status;
    script_ranges[i] = (gcroots_root_range_t){&script_slots[i], 1, 0};
    OK(gcroots_ref_to_raw(script.store, script.refs[i % OBJECTS], &script_slots[i]));
    status = i % 10 == 9 ? gcroots_root_visitor_add(script.store, report_slots, NULL, &out)
                         : gcroots_root_range_add(script.store, &script_ranges[i], NULL, &out);
    sources[i] = source_made(status, out);
  }
  succeeded(gcroots_store_gc(script.store));
  for (int i = 0; i < SOURCES; i++) {
    gcroots_ref_t back = no_handle;
    uint32_t raw;
    OK(gcroots_ref_to_raw(script.store, script.refs[i % OBJECTS], &raw));
    if (made(gcroots_ref_from_raw(script.store, raw, &back), back)) script.scoped += raw != 0;
    OK((i % 10 == 9 ? gcroots_root_visitor_remove : gcroots_root_range_remove)(script.store,
                                                                               &sources[i]));
  }
  succeeded(gcroots_store_verify(script.store));
  OK(gcroots_store_gc(script.store));
}

static void script_scopes(void) {
  uint64_t base;
  for (int i = 0; i < SCOPES; i++) {
    gcroots_scope_t out = {1, 2};
    if (succeeded(gcroots_scope_enter(script.store, &out))) {
      script.scopes[script.depth++] = out;
    } else {
      CHECK(out.store_id == 1 && out.serial == 2);
    }
  }
  base = script.scoped;
  while (script.depth > 0) escape_manual(script.scopes[--script.depth], base);
}

/* Collections in steps need no memory. */
static void script_steps(void) {
  bool done = false;
  OK(gcroots_store_gc_start(script.store));
  while (!done) OK(gcroots_store_gc_step(script.store, 100, &done));
  OK(gcroots_store_gc_start(script.store));
  OK(gcroots_store_gc_cancel(script.store));
}

static void script_rest(void) {
  for (int i = 0; i < 40; i++) {
    uint64_t hash = 7, again = 7;
    if (!succeeded(gcroots_ref_hash(script.store, script.refs[i], &hash))) {
      CHECK(hash == 7);
      continue;
    }
    OK(gcroots_ref_hash(script.store, script.refs[i], &again));
    CHECK(hash == again && (hash == 0) == gcroots_ref_is_null(script.refs[i]));
  }
  succeeded(gcroots_scope_reserve(script.store, 5000));
  for (int i = 0; i < 3; i++)
    script.data_set[i] =
        succeeded(gcroots_store_set_data(script.store, &script.data_finalized[i], count_call));
  succeeded(gcroots_store_verify(script.store));
  OK(gcroots_store_gc(script.store));
  script_steps();
}

/* Makes all calls that need no types, while requests for memory fail. */
static void script_without_types(void) {
  script_objects();
  script_roots();
  script_own();
  script_weak();
  script_scopes();
  script_rest();
}

/* The part of the script that runs, on its own engine; NULL is the part that needs no
   types. Each part has a case of its own, since a case takes time quadratic in the
   length of its part. */
static void (*part)(gcroots_engine_t *of);

static void run_script(void) {
  gcroots_config_t *config;
  gcroots_engine_t *made_engine = NULL, *clone = NULL;
  memset(&script, 0, sizeof script);
  config = gcroots_config_new();
  CHECK(config != NULL || refusals > 0);
  if (config != NULL) {
    OK(gcroots_config_set_collector(config, collector));
    OK(gcroots_config_set_stress(config, stressed ? 5 : 0));
  }
  if (!succeeded(gcroots_engine_new(config, &made_engine))) CHECK(made_engine == NULL);
  gcroots_config_free(config);
  clone = gcroots_engine_clone(made_engine != NULL ? made_engine : engine);
  CHECK(clone != NULL || refusals > 0);
  gcroots_engine_free(clone);
  if (!succeeded(gcroots_store_new(made_engine != NULL ? made_engine : engine, &script.store)))
    CHECK(script.store == NULL);
  /* An engine keeps the memory that its types have used. Only a new engine needs memory
     for types, so only it runs the parts with types. */
  if (script.store != NULL && part == NULL) script_without_types();
  if (script.store != NULL && part != NULL && made_engine != NULL) part(made_engine);
  gcroots_engine_free(made_engine);
}

/* When memory is available again, the store is sound, works, and finalizes its objects. */
static void check_script(void) {
  gcroots_ref_t ref;
  void *data;
  if (script.store == NULL) return;
  OK(gcroots_store_verify(script.store));
  for (int i = 0; i < OBJECTS; i++) {
    CHECK(script.finalized[i] == 0);
    if (!script.created[i]) continue;
    OK(gcroots_externref_data(script.store, script.refs[i], &data));
    CHECK(data == &script.finalized[i]);
  }
  for (int i = 0; i < OBJECTS; i++) OK(gcroots_externref_new(script.store, NULL, NULL, &ref));
  OK(gcroots_store_verify(script.store));
  OK(gcroots_store_free(script.store));
  for (int i = 0; i < OBJECTS; i++) CHECK(script.finalized[i] == script.created[i]);
  for (int i = 0; i < MANUALS; i++) CHECK(script.own_finalized[i] == script.own_created[i]);
  for (int i = 0; i < 3; i++) CHECK(script.data_finalized[i] == script.data_set[i]);
}

static void refuse_each(bool lastingly, void (*of_part)(gcroots_engine_t *of)) {
  keep_no_heaps();
  part = of_part;
  for (uint64_t n = 0;; n++) {
    long blocks_before = blocks, mapped_before = mapped;
    arm(n, lastingly);
    run_script();
    armed = false;
    check_script();
    CHECK(blocks == blocks_before && mapped == mapped_before);
    if (refusals == 0) return;
    CHECK(n < 2000);
  }
}

CASE(no_call_aborts_when_memory_runs_out_at_any_allocation) {
  refuse_each(true, NULL);
}

CASE(no_call_aborts_when_any_one_allocation_is_refused) {
  refuse_each(false, NULL);
}

CASE(no_call_with_structs_aborts_when_memory_runs_out) {
  refuse_each(true, script_structs);
}

CASE(no_call_with_structs_aborts_when_one_allocation_is_refused) {
  refuse_each(false, script_structs);
}

CASE(no_call_with_arrays_aborts_when_memory_runs_out) {
  refuse_each(true, script_arrays);
}

CASE(no_call_with_arrays_aborts_when_one_allocation_is_refused) {
  refuse_each(false, script_arrays);
}

CASE(no_call_with_exceptions_aborts_when_memory_runs_out) {
  refuse_each(true, script_exns);
}

CASE(no_call_with_exceptions_aborts_when_one_allocation_is_refused) {
  refuse_each(false, script_exns);
}

CASE(no_call_of_functions_aborts_when_memory_runs_out) {
  refuse_each(true, script_funcs);
}

CASE(no_call_of_functions_aborts_when_one_allocation_is_refused) {
  refuse_each(false, script_funcs);
}

CASE(no_call_with_weak_maps_aborts_when_memory_runs_out) {
  refuse_each(true, script_maps);
}

CASE(no_call_with_weak_maps_aborts_when_one_allocation_is_refused) {
  refuse_each(false, script_maps);
}

CASE(no_call_with_tables_aborts_when_memory_runs_out) {
  refuse_each(true, script_tables);
}

CASE(no_call_with_tables_aborts_when_one_allocation_is_refused) {
  refuse_each(false, script_tables);
}

CASE(no_call_with_globals_aborts_when_memory_runs_out) {
  refuse_each(true, script_globals);
}

CASE(no_call_with_globals_aborts_when_one_allocation_is_refused) {
  refuse_each(false, script_globals);
}

CASE(no_call_for_engines_aborts_when_memory_runs_out) {
  refuse_each(true, script_engine);
}

CASE(no_call_for_engines_aborts_when_one_allocation_is_refused) {
  refuse_each(false, script_engine);
}

/* A store of a reference needs no memory. A collector that notes such stores does without a note,
   and the object survives. */
CASE(references_that_are_stored_without_memory_keep_their_objects) {
  enum { HOLDERS = 400 };
  static int data;
  gcroots_type_t *type = STRUCT_TYPE(any_field());
  gcroots_ref_t holders[HOLDERS];
  gcroots_scope_t scope;
  for (int i = 0; i < HOLDERS; i++) OK(gcroots_struct_new_default(store, type, &holders[i]));
  OK(gcroots_store_gc(store));
  scope = enter();
  {
    gcroots_ref_t young = new_externref(&data);
    arm(0, true);
    for (int i = 0; i < HOLDERS; i++) OK(gcroots_struct_set_ref(store, holders[i], 0, young));
    armed = false;
  }
  if (heap_has(NURSERY) && !stressed) CHECK(refusals > 0);
  OK(gcroots_scope_exit(store, scope));
  for (int i = 0; i < (stressed ? 10 : 100000); i++) {
    scope = enter();
    new_externref(NULL);
    OK(gcroots_scope_exit(store, scope));
  }
  for (int i = 0; i < HOLDERS; i++) CHECK(data_of(field_ref(holders[i], 0)) == &data);
  gcroots_type_free(type);
}
