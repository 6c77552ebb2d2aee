/* Works with the hot functions in line. PART is the name of the function, so that several copies
   can be parts of one program. */
#include <gcroots_inline.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Makes a store and a list in it, and reads it again. Returns 0 on success, otherwise the number of
   the line that found a fault. */
__attribute__((visibility("default"))) int PART(void);

#define MUST(call) \
  if ((call) != GCROOTS_OK) return __LINE__

static int use(gcroots_store_t *store, const gcroots_type_t *pair) {
  gcroots_scope_t outer;
  gcroots_ref_t list;
  int32_t number, sum = 0;
  /* The fast paths are taken here. */
  if (gcroots_inline_entered(store) == NULL) return __LINE__;
  MUST(gcroots_scope_enter(store, &outer));
  MUST(gcroots_local_new(store, gcroots_ref_null(), &list));
  for (number = 1; number <= 1000; number++) {
    gcroots_val_t fields[2];
    fields[0].kind = GCROOTS_STORAGE_I32;
    fields[0].of.i32 = number;
    fields[1].kind = GCROOTS_STORAGE_REF;
    fields[1].of.ref = list;
    MUST(gcroots_struct_new_into(store, pair, fields, 2, list));
  }
  MUST(gcroots_store_gc(store));
  for (;;) {
    bool is_null;
    MUST(gcroots_local_is_null(store, list, &is_null));
    if (is_null) break;
    MUST(gcroots_struct_get_i32(store, list, 0, &number));
    MUST(gcroots_struct_get_ref_into(store, list, 1, list));
    sum += number;
  }
  MUST(gcroots_scope_exit(store, outer));
  if (gcroots_struct_get_i32(store, list, 0, &number) != GCROOTS_ERROR_UNROOTED) return __LINE__;
  return sum == 500500 ? 0 : __LINE__;
}

/* Registers the type of a number and a reference. */
static int new_pair(gcroots_engine_t *engine, gcroots_type_t **out) {
  gcroots_field_type_t fields[2];
  gcroots_rec_group_t *group = gcroots_rec_group_new();
  const gcroots_rec_group_t *groups[1];
  gcroots_status_t status;
  uint32_t position;
  memset(fields, 0, sizeof fields);
  fields[0].storage = GCROOTS_STORAGE_I32;
  fields[1].storage = GCROOTS_STORAGE_REF;
  fields[1].heap = GCROOTS_HEAP_ANY;
  fields[1].is_nullable = 1;
  MUST(gcroots_rec_group_add_struct(group, NULL, fields, 2, &position));
  groups[0] = group;
  status = gcroots_rec_group_register(engine, groups, 1, out, 1);
  gcroots_rec_group_free(group);
  return status == GCROOTS_OK ? 0 : __LINE__;
}

int PART(void) {
  gcroots_engine_t *engine;
  gcroots_store_t *store;
  gcroots_type_t *pair;
  int fault;
  MUST(gcroots_engine_new(NULL, &engine));
  MUST(gcroots_store_new(engine, &store));
  fault = new_pair(engine, &pair);
  if (fault == 0) {
    fault = use(store, pair);
    gcroots_type_free(pair);
  }
  gcroots_engine_free(engine);
  if (fault == 0) MUST(gcroots_store_free(store));
  return fault;
}

#ifdef __cplusplus
}
#endif
