/* Memory beside the heap: how much the tables of a store have, and its limit. */
#include "allocator.h"
#include "bursts.h"

/* Replaces the fixture's store by a new one, which has made its first object. */
static void renew_store(void) {
  OK(gcroots_store_free(store));
  OK(gcroots_store_new(engine, &store));
  OK(gcroots_scope_exit(store, ((void)new_externref(NULL), enter())));
}

static long side_bytes(void) {
  return (long)stats_of(store).side_bytes;
}

CASE(statistics_count_what_the_tables_take_from_the_allocator) {
  size_t count = stressed ? 500 : 3000;
  /* This collector keeps copies of its slots, in memory that it maps. */
  if (heap_has(SHADOWS)) return;
  EACH_BURST(burst) {
    renew_store();
    long side = side_bytes(), taken = block_bytes;
    begin_burst();
    for (size_t i = 0; i < count; i++) OK(burst->make(i));
    side = side_bytes() - side;
    taken = block_bytes - taken;
    /* The allocator rounds up. */
    CHECK(side >= (long)(count * burst->bytes));
    CHECK(side <= taken && taken <= side + side / 16 + 2048);
    burst->end(count);
    end_burst();
    OK(gcroots_store_gc(store));
  }
}

CASE(statistics_subtract_what_the_tables_give_back) {
  size_t count = stressed ? 500 : 20000;
  if (heap_has(SHADOWS)) return;
  EACH_BURST(burst) {
    renew_store();
    begin_burst();
    for (size_t i = 0; i < count; i++) OK(burst->make(i));
    burst->end(count);
    end_burst();
    long side = side_bytes(), taken = block_bytes;
    for (int i = 0; i < 3; i++) OK(gcroots_store_gc(store));
    side -= side_bytes();
    taken -= block_bytes;
    CHECK(labs(side - taken) <= labs(taken) / 16 + 2048);
  }
}

/* --- The limit --------------------------------------------------------------------- */

/* Replaces the fixture's engine and store by ones with this limit beside the heap. */
static void limit_side(size_t bytes) {
  gcroots_config_t *config = variant_config(0);
  OK(gcroots_config_set_side_limit(config, bytes));
  OK(gcroots_store_free(store));
  gcroots_engine_free(engine);
  OK(gcroots_engine_new(config, &engine));
  gcroots_config_free(config);
  OK(gcroots_store_new(engine, &store));
}

CASE(each_kind_of_growth_is_refused_at_the_limit) {
  const size_t limit = (stressed ? 32 : 256) << 10;
  EACH_BURST(burst) {
    limit_side(limit);
    for (int round = 0; round < 2; round++) {
      gcroots_status_t status;
      size_t count = 0;
      begin_burst();
      while ((status = burst->make(count)) == GCROOTS_OK) count++;
      CHECK(status == GCROOTS_ERROR_OUT_OF_MEMORY);
      CHECK(strstr(gcroots_last_error(), "beside the heap") != NULL);
      CHECK(heap_has(SHADOWS) || count * burst->bytes > limit / 16);
      CHECK(count * burst->bytes <= limit);
      REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_OUT_OF_MEMORY, burst->make(count));
      OK(gcroots_store_verify(store));
      OK(gcroots_store_gc(store));
      burst->end(count);
      end_burst();
      OK(gcroots_store_trim(store));
      OK(gcroots_store_verify(store));
      /* What these have taken stays until the store ends. */
      if (burst->make == burst_make_tag || (!collects && burst->has_object)) break;
    }
  }
}

CASE(the_tables_stay_below_the_limit) {
  const size_t limit = (stressed ? 32 : 256) << 10;
  if (heap_has(SHADOWS)) return;
  EACH_BURST(burst) {
    size_t count = 0;
    limit_side(limit);
    begin_burst();
    while (burst->make(count) == GCROOTS_OK) count++;
    /* What the collector keeps for itself is not refused. */
    CHECK(stats_of(store).side_bytes < limit + limit / 4);
    burst->end(count);
    end_burst();
  }
}

CASE(a_refused_growth_changes_nothing_and_says_the_values) {
  gcroots_ref_t out = untouched();
  char text[64];
  limit_side(4096);
  new_externref(NULL);
  while (gcroots_local_new(store, gcroots_ref_null(), &out) == GCROOTS_OK) continue;
  out = untouched();
  REFUSED(GCROOTS_ERROR_OUT_OF_MEMORY, gcroots_local_new(store, gcroots_ref_null(), &out));
  CHECK(same_bits(out, untouched()));
  snprintf(text, sizeof text, "and the limit is %d", 4096);
  CHECK(strstr(gcroots_last_error(), text) != NULL);
  snprintf(text, sizeof text, "%llu are in use", (unsigned long long)stats_of(store).side_bytes);
  CHECK(strstr(gcroots_last_error(), text) != NULL);
}

/* With a limit that is exceeded from the beginning, nothing grows. */
CASE(what_ends_or_collects_is_never_refused) {
  static int finalized;
  gcroots_manually_rooted_t roots[64];
  gcroots_weak_t weak;
  gcroots_ref_t ref;
  gcroots_scope_t scope;
  size_t count = 0;
  limit_side(1);
  REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_OUT_OF_MEMORY,
                           gcroots_externref_new(store, NULL, NULL, &ref));
  REFUSED(GCROOTS_ERROR_OUT_OF_MEMORY, gcroots_i31_new(store, 1, &ref));
  OK(gcroots_store_gc(store));
  OK(gcroots_store_trim(store));

  limit_side(40 << 10);
  scope = enter();
  OK(gcroots_externref_new(store, &finalized, count_call, &ref));
  OK(gcroots_weak_new(store, ref, &weak));
  for (int i = 0; i < 64; i++) roots[i] = root(ref);
  while (gcroots_local_new(store, ref, &ref) == GCROOTS_OK) count++;
  CHECK(count > 100);
  OK(gcroots_manually_rooted_unroot(store, &roots[0]));
  for (int i = 1; i < 64; i++) OK(gcroots_manually_rooted_unroot_later(&roots[i]));
  OK(gcroots_store_gc(store));
  OK(gcroots_weak_free(store, &weak));
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_store_gc(store));
  OK(gcroots_store_trim(store));
  OK(gcroots_store_verify(store));
  CHECK(finalized == collects);
  CHECK(stats_of(store).manual_roots == 0 && stats_of(store).scoped_roots == 0);
}

CASE(no_limit_is_the_default) {
  size_t count = stressed ? 3000 : BURST_MOST;
  limit_side(0);
  begin_burst();
  for (size_t i = 0; i < count; i++) OK(burst_make_manual(i));
  burst_end_manual(count);
  end_burst();
}
