/* Work whose cost is measured at several sizes. What is not linear in the size shows as a unit
 * that costs more where there are more of them. */
#ifndef CURVES_H
#define CURVES_H

#include "../measure.h"
#include "../must.h"
#include "../workloads/random.h"

/* How the cost of the work may grow with the size. A unit is one of what the size counts, or the
   whole work if its cost should not grow. SQUARE is for what the documentation says so of. */
enum kind { LINEAR, FLAT, SQUARE };

struct curve {
  const char *name;
  void (*prepare)(uint64_t size); /* not measured */
  void (*body)(uint64_t size);
  enum kind kind;
  bool heap_grows; /* from nothing, with collections */
};

/* The curves of the files. Each table ends with a row without a name. */
extern const struct curve collections[], weak_collections[], objects_made[], roots[],
    weak_handles[], containers[], types[], stores[];

/* Each run of a body has its own engine and store, and these types: a struct of two references, and
   an array of references. */
extern uint32_t collector;
extern gcroots_engine_t *engine;
extern gcroots_store_t *store;
extern gcroots_type_t *node_type, *array_type;

extern const gcroots_ref_type_t any_ref;
gcroots_field_type_t any_field(void);

/* Registers a group (taken) of `count` types. */
void register_group(gcroots_rec_group_t *group, gcroots_type_t **made, size_t count);

/* What a body needs from its preparation. `objects` has `size` manual roots of different objects
   after root_objects(). */
extern gcroots_manually_rooted_t *objects;
void root_objects(uint64_t size);

/* Memory for `count` elements, which is released after the run. */
void *memory(uint64_t count, size_t bytes);

/* Memory for types, which are released after the run. */
gcroots_type_t **memory_of_types(uint64_t count);

/* A new node in the current scope. */
gcroots_ref_t new_node(gcroots_ref_t left, gcroots_ref_t right);

#define EACH(i, size) for (uint64_t i = 0; i < (size); i++)

/* Runs the statements in a scope. */
#define IN_SCOPE(...)                          \
  do {                                         \
    gcroots_scope_t scope_;                    \
    MUST(gcroots_scope_enter(store, &scope_)); \
    __VA_ARGS__;                               \
    MUST(gcroots_scope_exit(store, scope_));   \
  } while (0)

#endif
