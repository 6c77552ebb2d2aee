/* The fixture of the small benchmarks: an engine and a store. */
#ifndef FIXTURE_H
#define FIXTURE_H

#include "must.h"

static gcroots_engine_t *engine;
static gcroots_store_t *store;

/* Makes the engine on the collector with this number, which is an argument of the
   program. NULL stands for the default collector. */
static inline void make_engine(const char *collector_or_null) {
  gcroots_config_t *config = gcroots_config_new();
  if (config == NULL) exit(1);
  if (collector_or_null != NULL)
    MUST(gcroots_config_set_collector(config, (uint32_t)strtoul(collector_or_null, NULL, 10)));
  MUST(gcroots_engine_new(config, &engine));
  gcroots_config_free(config);
}

static inline void make_store(void) {
  MUST(gcroots_store_new(engine, &store));
}

/* Registers a group (taken) of `count` types. */
static inline void register_group(gcroots_rec_group_t *group, gcroots_type_t **types,
                                  size_t count) {
  const gcroots_rec_group_t *groups[1];
  groups[0] = group;
  MUST(gcroots_rec_group_register(engine, groups, 1, types, count));
  gcroots_rec_group_free(group);
}

static inline void free_types(gcroots_type_t **types, size_t count) {
  for (size_t i = 0; i < count; i++) gcroots_type_free(types[i]);
}

static inline void free_store_and_engine(void) {
  MUST(gcroots_store_free(store));
  gcroots_engine_free(engine);
}

#endif
