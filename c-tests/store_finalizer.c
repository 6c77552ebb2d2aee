/* Finalizers of externrefs that get an `env` and the store. */
#define _GNU_SOURCE
#include "check.h"
#include "objects.h"

#include <sys/mman.h>

static const char tag;

/* What the finalizers of one store, or of several, have seen. */
struct seen {
  gcroots_store_t *of;
  int calls;
  void *data;
};

static void see(void *env, gcroots_store_t *of, void *data) {
  struct seen *seen = env;
  CHECK(seen->of == of);
  ++seen->calls;
  seen->data = data;
}

static gcroots_externref_options_t options_with(gcroots_externref_finalizer_t finalizer, void *env,
                                                void *data) {
  gcroots_externref_options_t options = {0};
  options.struct_size = sizeof options;
  options.data = data;
  options.finalizer_with_store = finalizer;
  options.env = env;
  return options;
}

static gcroots_ref_t new_with(gcroots_externref_options_t options) {
  gcroots_ref_t ref;
  OK(gcroots_externref_new_with(store, &options, &ref));
  return ref;
}

/* Makes an externref in the fixture's store and drops it. */
static void drop(gcroots_externref_finalizer_t finalizer, void *env, void *data) {
  gcroots_scope_t scope = enter();
  new_with(options_with(finalizer, env, data));
  OK(gcroots_scope_exit(store, scope));
}

CASE(a_finalizer_gets_its_env_its_store_and_its_data) {
  struct seen seen = {store, 0, NULL};
  int here;
  drop(see, &seen, &here);
  for (int i = 0; i < 3; i++) OK(gcroots_store_gc(store));
  CHECK(seen.calls == (collects ? 1 : 0) && stats_of(store).finalizers_run == (uint64_t)seen.calls);
  OK(gcroots_store_verify(store));
  free_store();
  CHECK(seen.calls == 1 && seen.data == &here);
}

CASE(each_store_counts_its_own) {
  gcroots_store_t *first = store, *second = new_store(0);
  struct seen seen[2] = {{first, 0, NULL}, {second, 0, NULL}};
  for (int i = 0; i < 30; i++) {
    store = i % 3 == 0 ? first : second;
    drop(see, &seen[i % 3 == 0 ? 0 : 1], NULL);
  }
  store = first;
  OK(gcroots_store_gc(second));
  if (!stressed) CHECK(seen[0].calls == 0 && seen[1].calls == (collects ? 20 : 0));
  OK(gcroots_store_gc(first));
  CHECK(seen[0].calls == (collects ? 10 : 0));
  OK(gcroots_store_free(second));
  free_store();
  CHECK(seen[0].calls == 10 && seen[1].calls == 20);
}

static int nulls;

static void count_nulls(void *env, gcroots_store_t *of, void *data) {
  if (env == NULL && of == store && data == NULL) ++nulls;
}

CASE(an_env_and_data_may_be_null) {
  drop(count_nulls, NULL, NULL);
  OK(gcroots_store_gc(store));
  CHECK(nulls == (collects ? 1 : 0));
}

CASE(an_externref_with_such_a_finalizer_is_like_others) {
  struct seen seen = {store, 0, NULL};
  int a, b;
  void *data = NULL;
  gcroots_scope_t scope = enter();
  gcroots_externref_options_t options = options_with(see, &seen, &a);
  gcroots_ref_t tagged, untagged = new_with(options);
  options.tag = &tag;
  options.external_bytes = 7;
  tagged = new_with(options);
  for (int i = 0; i < 3; i++) {
    CHECK(data_of(tagged) == (i == 0 ? &a : &b) && stats_of(store).external_bytes == 7);
    OK(gcroots_externref_data_tagged(store, tagged, &tag, &data));
    CHECK(data == (i == 0 ? &a : &b));
    REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_externref_data_tagged(store, tagged, NULL, &data));
    OK(gcroots_externref_data_tagged(store, untagged, NULL, &data));
    REFUSED(GCROOTS_ERROR_TYPE_MISMATCH,
            gcroots_externref_data_tagged(store, untagged, &tag, &data));
    OK(gcroots_externref_set_data(store, tagged, &b));
    OK(gcroots_externref_adjust_external_bytes(store, untagged, 5));
    OK(gcroots_externref_adjust_external_bytes(store, untagged, -5));
    OK(gcroots_store_gc(store));
    OK(gcroots_store_verify(store));
  }
  CHECK(seen.calls == 0);
  OK(gcroots_externref_set_data(store, untagged, &b));
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_store_gc(store));
  CHECK(stats_of(store).external_bytes == (collects ? 0 : 7));
  free_store();
  CHECK(seen.calls == 2 && seen.data == &b);
}

CASE(two_finalizers_are_refused) {
  struct seen seen = {store, 0, NULL};
  int finalized = 0;
  gcroots_externref_options_t options = options_with(see, &seen, &finalized);
  gcroots_ref_t out = untouched();
  gcroots_manually_rooted_t handle = untouched_handle();
  options.finalizer = count_call;
  REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_externref_new_with(store, &options, &out));
  CHECK(strstr(gcroots_last_error(), "`options->finalizer_with_store` is ") != NULL);
  CHECK(strstr(gcroots_last_error(), "must be NULL, because `options->finalizer` is not") != NULL);
  REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT,
          gcroots_externref_new_with_manually_rooted(store, &options, &handle));
  free_store();
  CHECK(same_bits(out, untouched()) && same_bits(handle.ref, untouched()));
  CHECK(finalized == 0 && seen.calls == 0);
}

CASE(a_refused_create_runs_none) {
  gcroots_store_t *fixture = store;
  struct seen seen;
  gcroots_externref_options_t options;
  gcroots_ref_t ref;
  store = new_store(64 << 10);
  seen = (struct seen){store, 0, NULL};
  options = options_with(see, &seen, NULL);
  while (gcroots_externref_new(store, NULL, NULL, &ref) == GCROOTS_OK) continue;
  REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_OUT_OF_MEMORY,
                           gcroots_externref_new_with(store, &options, &ref));
  free_store();
  CHECK(seen.calls == 0);
  store = fixture;
}

/* Programs that were built before the two members pass a smaller size. */
CASE(options_without_the_new_members_are_read_to_their_end) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  size_t old = offsetof(gcroots_externref_options_t, finalizer_with_store);
  char *two = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  gcroots_externref_options_t options = {0};
  gcroots_ref_t ref;
  int finalized = 0;
  CHECK(two != MAP_FAILED && mprotect(two + page, page, PROT_NONE) == 0);
  options.struct_size = old;
  options.data = &finalized;
  options.finalizer = count_call;
  options.external_bytes = 9;
  memcpy(two + page - old, &options, old);
  OK(gcroots_externref_new_with(store, (const void *)(two + page - old), &ref));
  CHECK(munmap(two, 2 * page) == 0);
  CHECK(data_of(ref) == &finalized && stats_of(store).external_bytes == 9);
  free_store();
  CHECK(finalized == 1);
}

CASE(members_beyond_the_size_are_ignored) {
  struct seen seen = {store, 0, NULL};
  gcroots_externref_options_t options = options_with(see, &seen, NULL);
  options.struct_size = offsetof(gcroots_externref_options_t, finalizer_with_store);
  new_with(options);
  free_store();
  CHECK(seen.calls == 0);
}

CASE(a_manually_rooted_externref_has_it_too) {
  struct seen seen = {store, 0, NULL};
  gcroots_externref_options_t options = options_with(see, &seen, &seen);
  gcroots_manually_rooted_t handle;
  OK(gcroots_externref_new_with_manually_rooted(store, &options, &handle));
  OK(gcroots_store_gc(store));
  CHECK(seen.calls == 0 && data_of(handle.ref) == &seen);
  OK(gcroots_manually_rooted_unroot(store, &handle));
  OK(gcroots_store_gc(store));
  free_store();
  CHECK(seen.calls == 1 && seen.data == &seen);
}

/* --- Many, among others --------------------------------------------------------- */

enum { COUNT = 3000 };
static int counts[COUNT], with_store;

static void count_with_store(void *env, gcroots_store_t *of, void *data) {
  CHECK(env == &with_store && of == store);
  ++with_store;
  ++*(int *)data;
}

CASE(each_of_many_runs_once_with_its_own_data) {
  gcroots_scope_t scope = enter();
  for (int i = 0; i < COUNT; i++) {
    gcroots_scope_t inner = enter();
    gcroots_ref_t ref;
    if (i % 3 == 0)
      OK(gcroots_externref_new(store, &counts[i], count_call, &ref));
    else
      ref = new_with(options_with(count_with_store, &with_store, &counts[i]));
    if (i % 2 == 0)
      OK(gcroots_scope_escape(store, inner, ref, &ref));
    else
      OK(gcroots_scope_exit(store, inner));
  }
  for (int gc = 0; gc < 3; gc++) {
    OK(gcroots_store_gc(store));
    OK(gcroots_store_verify(store));
    for (int i = 0; i < COUNT; i++) CHECK(counts[i] == (collects && i % 2 == 1 ? 1 : 0));
  }
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_store_gc(store));
  for (int i = 0; i < COUNT; i++) CHECK(counts[i] == (collects ? 1 : 0));
  free_store();
  for (int i = 0; i < COUNT; i++) CHECK(counts[i] == 1);
  CHECK(with_store == COUNT / 3 * 2);
}

/* --- What it may do ------------------------------------------------------------- */

static gcroots_manually_rooted_t kept;

static void unroot_kept(void *env, gcroots_store_t *of, void *data) {
  see(env, of, data);
  OK(gcroots_manually_rooted_unroot(of, &kept));
}

/* finalizer.when: one call of gcroots_store_gc() follows what old finalizers release. */
CASE(one_gc_ends_what_it_released) {
  struct seen seen = {store, 0, NULL};
  int finalized = 0;
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref;
  if (!collects) return;
  OK(gcroots_externref_new(store, &finalized, count_call, &ref));
  kept = root(ref);
  new_with(options_with(unroot_kept, &seen, NULL));
  OK(gcroots_store_gc(store));
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_store_gc(store));
  CHECK(seen.calls == 1 && finalized == 1);
}

static void allocate_another(void *env, gcroots_store_t *of, void *data) {
  gcroots_externref_options_t options = options_with(see, env, data);
  gcroots_ref_t ref;
  struct seen *seen = env;
  CHECK(seen->of == of);
  OK(gcroots_externref_new_with(of, &options, &ref));
  OK(gcroots_store_gc(of));
}

CASE(it_may_allocate_and_collect) {
  struct seen seen = {store, 0, NULL};
  if (!collects) return;
  drop(allocate_another, &seen, &seen);
  for (int i = 0; i < 3; i++) OK(gcroots_store_gc(store));
  CHECK(seen.calls == 1 && seen.data == &seen);
}

static void busy(void *env, gcroots_store_t *of, void *data) {
  gcroots_ref_t ref;
  see(env, of, data);
  CHECK(gcroots_externref_new(of, NULL, NULL, &ref) == GCROOTS_ERROR_BUSY);
  CHECK(gcroots_store_gc(of) == GCROOTS_ERROR_BUSY);
  CHECK(gcroots_store_free(of) == GCROOTS_ERROR_BUSY);
}

CASE(while_the_store_is_deleted_its_calls_return_busy) {
  struct seen seen = {store, 0, NULL};
  gcroots_ref_t ref = new_with(options_with(busy, &seen, &seen));
  CHECK(data_of(ref) == &seen);
  free_store();
  CHECK(seen.calls == 1);
}

CASE(it_can_be_deferred) {
  struct seen seen;
  gcroots_config_t *config = variant_config(0);
  size_t left = 0;
  OK(gcroots_config_set_finalizers(config, GCROOTS_FINALIZERS_DEFERRED));
  free_store();
  store = store_with(config);
  seen = (struct seen){store, 0, NULL};
  for (int i = 0; i < 5; i++) drop(see, &seen, &seen);
  OK(gcroots_store_gc(store));
  OK(gcroots_store_gc(store));
  OK(gcroots_store_verify(store));
  CHECK(seen.calls == 0);
  OK(gcroots_store_run_finalizers(store, 2, &left));
  CHECK(seen.calls == (collects ? 2 : 0) && left == (collects ? 3 : 0));
  free_store();
  CHECK(seen.calls == 5 && seen.data == &seen);
}

/* --- The memory that it takes ---------------------------------------------------- */

static int ignored;

static void ignore(void *data) {
  CHECK(data == &ignored);
}

static void ignore_with_store(void *env, gcroots_store_t *of, void *data) {
  CHECK(env == &ignored && of == store);
  ignore(data);
}

/* Makes a store that defers finalizers, and objects in its current scope. */
static gcroots_scope_t fill_deferred(bool is_plain) {
  gcroots_config_t *config = variant_config(0);
  gcroots_scope_t scope;
  OK(gcroots_config_set_finalizers(config, GCROOTS_FINALIZERS_DEFERRED));
  free_store();
  store = store_with(config);
  scope = enter();
  for (int i = 0; i < COUNT; i++) {
    gcroots_ref_t ref;
    if (is_plain)
      OK(gcroots_externref_new(store, &ignored, ignore, &ref));
    else
      new_with(options_with(ignore_with_store, &ignored, &ignored));
  }
  return scope;
}

CASE(it_counts_as_memory_beside_the_heap_until_it_has_run) {
  uint64_t bytes[2][3], least;
  size_t left;
  for (int is_plain = 0; is_plain < 2; is_plain++) {
    gcroots_scope_t scope = fill_deferred(is_plain != 0);
    bytes[is_plain][0] = stats_of(store).side_bytes;
    OK(gcroots_scope_exit(store, scope));
    OK(gcroots_store_gc(store));
    bytes[is_plain][1] = stats_of(store).side_bytes;
    OK(gcroots_store_run_finalizers(store, SIZE_MAX, &left));
    bytes[is_plain][2] = stats_of(store).side_bytes;
  }
  least = COUNT * 6 * sizeof(void *);
  CHECK(bytes[0][0] >= bytes[1][0] + least && bytes[0][1] >= bytes[1][1] + least);
  CHECK(bytes[0][1] - bytes[0][2] == (collects ? least : 0) && bytes[1][1] == bytes[1][2]);
}

CASE(a_limit_of_the_memory_beside_the_heap_refuses_it) {
  gcroots_config_t *config = variant_config(0);
  gcroots_externref_options_t options;
  struct seen seen;
  gcroots_ref_t ref;
  gcroots_status_t status;
  int made = 0;
  OK(gcroots_config_set_side_limit(config, 256 << 10));
  free_store();
  store = store_with(config);
  seen = (struct seen){store, 0, NULL};
  options = options_with(see, &seen, NULL);
  while ((status = gcroots_externref_new_with(store, &options, &ref)) == GCROOTS_OK) made++;
  CHECK(status == GCROOTS_ERROR_OUT_OF_MEMORY && made > 1000);
  CHECK((size_t)made * 6 * sizeof(void *) <= 256 << 10);
  OK(gcroots_store_verify(store));
  free_store();
  CHECK(seen.calls == made);
}
