/* Stores. The store of a row has about 30 objects. */
#include "functions.h"

/* Makes a store with one object, and deletes it. */
static void new_free(uint64_t count) {
  REPEAT(gcroots_store_t * made; gcroots_ref_t ref; MUST(gcroots_store_new(engine, &made));
         MUST(gcroots_externref_new(made, &store, NULL, &ref)); MUST(gcroots_store_free(made)))
}

static void detach_attach(uint64_t count) {
  REPEAT(MUST(gcroots_store_detach(store)); MUST(gcroots_store_attach(store)))
}

static void id(uint64_t count) {
  uint64_t read;
  REPEAT(MUST(gcroots_store_id(store, &read)); KEEP(read))
}

static void engine_of(uint64_t count) {
  REPEAT(gcroots_engine_t * of; MUST(gcroots_store_engine(store, &of)); gcroots_engine_free(of))
}

static void data(uint64_t count) {
  void *read;
  REPEAT(MUST(gcroots_store_set_data(store, &store, NULL)); MUST(gcroots_store_data(store, &read));
         KEEP(read))
}

static void data_keyed(uint64_t count) {
  static const char key;
  void *read;
  REPEAT(MUST(gcroots_store_set_data_keyed(store, &key, &store, NULL));
         MUST(gcroots_store_data_keyed(store, &key, &read)); KEEP(read))
}

static void gc(uint64_t count) {
  REPEAT(MUST(gcroots_store_gc(store)))
}

static void gc_step(uint64_t count) {
  REPEAT(bool is_over = false; MUST(gcroots_store_gc_start(store));
         while (!is_over) MUST(gcroots_store_gc_step(store, 1 << 16, &is_over)))
}

/* The time is enough for the whole collection, so that the instructions do not depend on it. */
static void gc_step_for(uint64_t count) {
  REPEAT(bool has_more = true; MUST(gcroots_store_gc_start(store));
         while (has_more) MUST(gcroots_store_gc_step_for(store, UINT32_MAX, &has_more)))
}

static void gc_cancel(uint64_t count) {
  bool is_over;
  REPEAT(MUST(gcroots_store_gc_start(store)); MUST(gcroots_store_gc_step(store, 0, &is_over));
         MUST(gcroots_store_gc_cancel(store)))
}

static void trim(uint64_t count) {
  REPEAT(MUST(gcroots_store_trim(store)))
}

static void verify(uint64_t count) {
  REPEAT(MUST(gcroots_store_verify(store)))
}

static void stats(uint64_t count) {
  gcroots_stats_t read;
  REPEAT(MUST(gcroots_store_stats(store, &read)); KEEP(&read))
}

static void pauses(uint64_t count) {
  gcroots_pauses_t read;
  REPEAT(MUST(gcroots_store_pauses(store, GCROOTS_PAUSE_FULL, &read)); KEEP(&read))
}

/* One handle waits. */
static void drain_unroots(uint64_t count) {
  REPEAT(gcroots_manually_rooted_t root;
         MUST(gcroots_ref_to_manually_rooted(store, object.host, &root));
         MUST(gcroots_manually_rooted_unroot_later(&root));
         MUST(gcroots_store_drain_unroots(store)))
}

/* None waits. */
static void run_finalizers(uint64_t count) {
  size_t left;
  REPEAT(MUST(gcroots_store_run_finalizers(store, 1, &left)); KEEP(left))
}

const struct row stores[] = {
    BULK(gcroots_store_new, 0, "constant", new_free),
    BULK(gcroots_store_free, 0, "the roots and host objects", new_free),
    ROW(gcroots_store_detach, 0, detach_attach),
    ROW(gcroots_store_attach, 0, detach_attach),
    ROW(gcroots_store_id, 0, id),
    ROW(gcroots_store_engine, 0, engine_of),
    ROW(gcroots_store_data, 0, data),
    ROW(gcroots_store_set_data, 0, data),
    ROW(gcroots_store_data_keyed, 0, data_keyed),
    ROW(gcroots_store_set_data_keyed, 0, data_keyed),
    BULK(gcroots_store_gc, 0, "the objects and roots", gc),
    ROW(gcroots_store_gc_start, 0, gc_step),
    BULK(gcroots_store_gc_step, 0, "the budget", gc_step),
    BULK(gcroots_store_gc_step_for, 0, "the time", gc_step_for),
    BULK(gcroots_store_gc_cancel, 0, "the objects and roots", gc_cancel),
    BULK(gcroots_store_trim, 0, "the objects, roots and tables", trim),
    BULK(gcroots_store_verify, 0, "the heap", verify),
    ROW(gcroots_store_stats, 0, stats),
    ROW(gcroots_store_pauses, 0, pauses),
    BULK(gcroots_store_drain_unroots, 1, "the queued roots", drain_unroots),
    ROW(gcroots_store_run_finalizers, 0, run_finalizers),
    END};
