/* Versions, errors, configurations and engines. */
#include "functions.h"

static void version(uint64_t count) {
  REPEAT(KEEP(gcroots_version()))
}

static void status_name(uint64_t count) {
  REPEAT(KEEP(gcroots_status_name(GCROOTS_ERROR_BUSY)))
}

static void error(uint64_t count) {
  REPEAT(MUST(gcroots_set_error("something is wrong")); KEEP(gcroots_last_error()))
}

static void code_layout(uint64_t count) {
  REPEAT(gcroots_code_layout_t layout; MUST(gcroots_code_layout(&layout)); KEEP(layout.version))
}

const struct row errors[] = {
    ROW(gcroots_code_layout, 0, code_layout), ROW(gcroots_version, 0, version),
    ROW(gcroots_status_name, 0, status_name), ROW(gcroots_last_error, 0, error),
    ROW(gcroots_set_error, 0, error),         END};

static bool grow(void *env, gcroots_store_t *of, size_t committed, size_t wanted) {
  (void)env, (void)of, (void)committed, (void)wanted;
  return true;
}

static void wake(void *env, gcroots_store_t *of, gcroots_wake_t kind) {
  (void)env, (void)of, (void)kind;
}

/* Makes a configuration, sets everything, and releases it. */
static void config(uint64_t count) {
  REPEAT(gcroots_config_t *c = gcroots_config_new(); if (c == NULL) exit(1);
         MUST(gcroots_config_set_collector(c, GCROOTS_COLLECTOR_COPYING));
         MUST(gcroots_config_set_heap_limit(c, 1 << 24));
         MUST(gcroots_config_set_heap_initial(c, 1 << 20));
         MUST(gcroots_config_set_side_limit(c, 1 << 24));
         MUST(gcroots_config_set_external_limit(c, 1 << 24));
         MUST(gcroots_config_set_heap_growth(c, 100));
         MUST(gcroots_config_set_heap_sizing(c, GCROOTS_HEAP_SIZING_RATIO, 100));
         MUST(gcroots_config_set_pause_budget(c, 1000));
         MUST(gcroots_config_set_overhead_limit(c, 98)); MUST(gcroots_config_set_stress(c, 0));
         MUST(gcroots_config_set_move_always(c, false)); MUST(gcroots_config_set_pool(c, 4));
         MUST(gcroots_config_set_poison(c, false)); MUST(gcroots_config_set_call_depth(c, 100));
         MUST(gcroots_config_set_exact_slots(c, false));
         MUST(gcroots_config_set_finalizers(c, GCROOTS_FINALIZERS_INLINE));
         MUST(gcroots_config_set_grow_callback(c, grow, NULL));
         MUST(gcroots_config_set_grow_callback_finalized(c, grow, NULL, NULL));
         MUST(gcroots_config_set_wake_callback(c, wake, NULL)); gcroots_config_free(c))
}

const struct row configs[] = {ROW(gcroots_config_new, 0, config),
                              ROW(gcroots_config_free, 0, config),
                              ROW(gcroots_config_set_collector, 0, config),
                              ROW(gcroots_config_set_heap_limit, 0, config),
                              ROW(gcroots_config_set_heap_initial, 0, config),
                              ROW(gcroots_config_set_side_limit, 0, config),
                              ROW(gcroots_config_set_external_limit, 0, config),
                              ROW(gcroots_config_set_heap_growth, 0, config),
                              ROW(gcroots_config_set_heap_sizing, 0, config),
                              ROW(gcroots_config_set_pause_budget, 0, config),
                              ROW(gcroots_config_set_overhead_limit, 0, config),
                              ROW(gcroots_config_set_stress, 0, config),
                              ROW(gcroots_config_set_move_always, 0, config),
                              ROW(gcroots_config_set_pool, 0, config),
                              ROW(gcroots_config_set_poison, 0, config),
                              ROW(gcroots_config_set_call_depth, 0, config),
                              ROW(gcroots_config_set_exact_slots, 0, config),
                              ROW(gcroots_config_set_finalizers, 0, config),
                              ROW(gcroots_config_set_grow_callback, 0, config),
                              ROW(gcroots_config_set_grow_callback_finalized, 0, config),
                              ROW(gcroots_config_set_wake_callback, 0, config),
                              END};

static void new_free(uint64_t count) {
  REPEAT(gcroots_engine_t * made; MUST(gcroots_engine_new(NULL, &made)); gcroots_engine_free(made))
}

static void clone(uint64_t count) {
  REPEAT(gcroots_engine_free(gcroots_engine_clone(engine)))
}

const struct row engines[] = {BULK(gcroots_engine_new, 0, "constant", new_free),
                              BULK(gcroots_engine_free, 0, "the pooled heaps", new_free),
                              ROW(gcroots_engine_clone, 0, clone), END};
