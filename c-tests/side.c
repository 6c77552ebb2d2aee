/* Memory beside the heap: how much the tables of a store have. */
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
  if (collector == GCROOTS_COLLECTOR_CHECK) return;
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
  if (collector == GCROOTS_COLLECTOR_CHECK) return;
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
