/* Arrays and the heap: how large an array may be, and what happens to an array and its
 * values when the call that makes it collects, fails, or asks the growth callback.
 */
#include "arrays.h"

enum { INITIAL = 32 << 10, LIMIT = 128 << 10 };

/* The bytes that one array's elements can have in a space: all of it, except the first
   granule of most heaps, and the array's header and length. */
static size_t room(void) {
  return LIMIT / spaces() - (heap_has(BLOCKS) ? 0 : 8) - 16;
}

/* Replaces the fixture's engine and store by ones with the heap limit. */
static void limit_store(void) {
  gcroots_config_t *config = variant_config(LIMIT);
  OK(gcroots_store_free(store));
  gcroots_engine_free(engine);
  OK(gcroots_engine_new(config, &engine));
  gcroots_config_free(config);
  OK(gcroots_store_new(engine, &store));
}

/* Every function that makes an array refuses this length, and changes nothing. It may
   collect. */
static void length_is_refused(gcroots_status_t expected, const gcroots_type_t *type,
                              gcroots_val_t value, size_t length) {
  gcroots_ref_t out = untouched();
  gcroots_stats_t before, after;
  OK(gcroots_store_gc(store));
  before = stats_of(store);
  REFUSED_AFTER_COLLECTION(expected, gcroots_array_new(store, type, &value, length, &out));
  CHECK(strstr(gcroots_last_error(), "bytes do not fit") != NULL);
  REFUSED_AFTER_COLLECTION(expected, gcroots_array_new_default(store, type, length, &out));
  after = stats_of(store);
  CHECK(same_bits(out, untouched()));
  CHECK(after.objects == before.objects && after.live_bytes == before.live_bytes);
  CHECK(after.scoped_roots == before.scoped_roots);
  OK(gcroots_store_verify(store));
}

/* --- How large ----------------------------------------------------------------- */

CASE(an_array_may_fill_the_heap) {
  EACH_STORAGE(storage) {
    size_t length = room() / element_bytes[storage];
    gcroots_val_t value = val_made_of(storage, 3);
    gcroots_type_t *type;
    limit_store();
    type = array_of(storage);
    length_is_refused(GCROOTS_ERROR_OUT_OF_MEMORY, type, value, length + 1);
    /* Each array takes the place of the one before. */
    for (int round = 0; round < 3; round++) {
      gcroots_scope_t scope = enter();
      gcroots_ref_t ref, out = untouched();
      gcroots_status_t status = gcroots_array_new(store, type, &value, length, &ref);
      CHECK(status == (collects || round == 0 ? GCROOTS_OK : GCROOTS_ERROR_OUT_OF_MEMORY));
      if (status == GCROOTS_OK) {
        CHECK_ALL(ref, value, length);
        REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_OUT_OF_MEMORY,
                                 gcroots_array_new_default(store, type, length, &out));
        CHECK(same_bits(out, untouched()));
        CHECK_ALL(ref, value, length);
      }
      OK(gcroots_scope_exit(store, scope));
    }
    OK(gcroots_store_gc(store));
    CHECK(stats_of(store).objects == (collects ? 0 : 1));
    gcroots_type_free(type);
  }
}

CASE(an_array_that_the_heap_has_no_room_for_is_out_of_memory) {
  limit_store();
  EACH_STORAGE(storage) {
    gcroots_type_t *type = array_of(storage);
    size_t most = room() / element_bytes[storage];
    size_t lengths[] = {most + 1, LIMIT / element_bytes[storage], (size_t)1 << 31, UINT32_MAX};
    gcroots_scope_t scope = enter();
    gcroots_ref_t ref = make_zeros(type, 3);
    for (size_t i = 0; i < COUNT_OF(lengths); i++)
      length_is_refused(GCROOTS_ERROR_OUT_OF_MEMORY, type, val_made_of(storage, 1), lengths[i]);
    CHECK_ALL(ref, default_of(storage), 3);
    OK(gcroots_scope_exit(store, scope));
    gcroots_type_free(type);
  }
}

CASE(a_refusal_for_size_has_the_bytes_and_the_limit) {
  gcroots_type_t *type;
  gcroots_ref_t out;
  char text[80];
  limit_store();
  type = array_of(GCROOTS_STORAGE_I64);
  CHECK(snprintf(text, sizeof text, "%zu bytes do not fit into the heap, whose limit is %d bytes",
                 ((size_t)UINT32_MAX * 8) + 16, LIMIT) > 0);
  REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_OUT_OF_MEMORY,
                           gcroots_array_new_default(store, type, UINT32_MAX, &out));
  CHECK(strstr(gcroots_last_error(), text) != NULL);
  gcroots_type_free(type);
}

CASE(too_many_values_are_out_of_memory) {
  enum { COUNT = LIMIT / 16 };
  static gcroots_val_t values[COUNT];
  gcroots_type_t *type;
  gcroots_ref_t first, out = untouched();
  limit_store();
  type = array_of(GCROOTS_STORAGE_V128);
  first = make_filled(type, val_v128(5), 3);
  for (size_t i = 0; i < COUNT; i++) values[i] = val_v128((uint8_t)i);
  REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_OUT_OF_MEMORY,
                           gcroots_array_new_fixed(store, type, values, COUNT, &out));
  CHECK(same_bits(out, untouched()) && stats_of(store).objects == 1);
  CHECK_ALL(first, val_v128(5), 3);
  CHECK_ELEMENTS(make_fixed(type, values, COUNT / 4), values, COUNT / 4);
  gcroots_type_free(type);
}

CASE(an_array_may_take_more_than_half_of_what_is_free) {
  enum { KEPT = 28 << 10, REST = 24 << 10 };
  gcroots_type_t *type;
  gcroots_ref_t kept;
  limit_store();
  type = array_of(GCROOTS_STORAGE_I8);
  kept = make_filled(type, val_i32(1), KEPT);
  for (int i = 0; i < (collects ? 10 : 4); i++) {
    gcroots_scope_t scope = enter();
    gcroots_ref_t ref = make_filled(type, val_i32(2), REST);
    CHECK_ALL(ref, val_i32(2), REST);
    CHECK_ALL(kept, val_i32(1), KEPT);
    OK(gcroots_scope_exit(store, scope));
  }
  gcroots_type_free(type);
}

/* --- Collections inside -------------------------------------------------------- */

CASE(a_value_survives_the_collection_that_makes_room) {
  enum { LENGTH = 500 };
  gcroots_type_t *type;
  gcroots_val_t values[LENGTH];
  limit_store();
  type = array_of(GCROOTS_STORAGE_REF);
  for (size_t i = 0; i < LENGTH; i++) values[i] = val_ref(new_externref(&values[i]));
  /* Enough garbage to fill the heap of a collector several times. */
  for (int i = 0; i < (collects ? 100 : 10); i++) {
    gcroots_scope_t scope = enter();
    gcroots_ref_t filled, fixed;
    gcroots_val_t own = val_ref(new_externref(&scope));
    filled = make_filled(type, own, LENGTH);
    fixed = make_fixed(type, values, LENGTH);
    CHECK_ALL(filled, own, LENGTH);
    CHECK(data_of(element_ref(filled, LENGTH - 1)) == &scope);
    CHECK_ELEMENTS(fixed, values, LENGTH);
    CHECK(data_of(element_ref(fixed, LENGTH - 1)) == &values[LENGTH - 1]);
    OK(gcroots_scope_exit(store, scope));
  }
  CHECK((stats_of(store).collections > 0) == collects);
  gcroots_type_free(type);
}

/* How many roots are queued: more than one call unroots. */
enum { QUEUED = 2000 };

/* Makes garbage until the next array of 8 KiB needs a collection. Does nothing under a
   collector that never collects. */
static void use_up_room(const gcroots_type_t *type) {
  gcroots_scope_t scope = enter();
  gcroots_ref_t out;
  OK(gcroots_no_gc_enter(store));
  while (gcroots_array_new_default(store, type, 1024, &out) == GCROOTS_OK) {
  }
  OK(gcroots_scope_exit(store, scope));
}

/* Makes an array while one of its values loses its root, among many roots that end at
   that time. Returns whether a collection freed the value, if there was room for the
   array already. */
static bool a_value_dies(const gcroots_type_t *type, size_t order) {
  static gcroots_manually_rooted_t roots[QUEUED];
  enum { COUNT = 2048 };
  static gcroots_val_t values[COUNT];
  gcroots_scope_t scope = enter();
  gcroots_ref_t kept = new_externref(&order), out = untouched();
  gcroots_stats_t before, after;
  bool collected;
  for (size_t i = 0; i < QUEUED; i++) roots[i] = root(kept);
  for (size_t i = 0; i < COUNT; i++) values[i] = val_ref(kept);
  values[COUNT / 2] = val_ref(roots[order].ref);
  OK(gcroots_store_gc(store));
  before = stats_of(store);
  if (!stressed) use_up_room(type);
  for (size_t i = 0; i < QUEUED; i++) OK(gcroots_manually_rooted_unroot_later(&roots[i]));
  REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_UNROOTED,
                           gcroots_array_new_fixed(store, type, values, COUNT, &out));
  CHECK(strstr(gcroots_last_error(), "`value`") != NULL);
  OK(gcroots_store_verify(store));
  collected = stats_of(store).collections > before.collections;
  if (!collected) OK(gcroots_store_gc(store));
  after = stats_of(store);
  CHECK(same_bits(out, untouched()) && after.scoped_roots == before.scoped_roots);
  CHECK(after.objects == before.objects && after.live_bytes == before.live_bytes);
  CHECK(after.manual_roots == 0);
  CHECK(data_of(kept) == &order);
  OK(gcroots_scope_exit(store, scope));
  return collected;
}

CASE(an_array_whose_value_loses_its_root_is_given_back) {
  gcroots_type_t *type;
  int collected = 0;
  if (!collects) return;
  limit_store();
  type = array_of(GCROOTS_STORAGE_REF);
  for (size_t order = 0; order < QUEUED; order += 97) collected += a_value_dies(type, order);
  CHECK(collected > 0);
  CHECK_ALL(make_zeros(type, 5), val_null(), 5);
  gcroots_type_free(type);
}

/* --- No-GC spans --------------------------------------------------------------- */

CASE(a_full_heap_answers_no_gc_in_a_span) {
  gcroots_status_t full = collects ? GCROOTS_ERROR_NO_GC : GCROOTS_ERROR_OUT_OF_MEMORY;
  gcroots_type_t *type;
  gcroots_ref_t first, ref, out = untouched();
  gcroots_val_t value = val_i64(5), values[100];
  gcroots_status_t status;
  gcroots_scope_t scope;
  for (size_t i = 0; i < 100; i++) values[i] = value;
  limit_store();
  type = array_of(GCROOTS_STORAGE_I64);
  first = make_filled(type, value, 100);
  scope = enter();
  OK(gcroots_no_gc_enter(store));
  while ((status = gcroots_array_new(store, type, &value, 100, &ref)) == GCROOTS_OK) {
  }
  CHECK(status == full);
  REFUSED(full, gcroots_array_new(store, type, &value, 100, &out));
  REFUSED(full, gcroots_array_new_default(store, type, 100, &out));
  REFUSED(full, gcroots_array_new_fixed(store, type, values, 100, &out));
  CHECK(same_bits(out, untouched()));
  OK(gcroots_scope_exit(store, scope));
  CHECK_ALL(first, value, 100);
  if (collects) CHECK_ALL(make_filled(type, value, 100), value, 100);
  gcroots_type_free(type);
}

/* --- Growth -------------------------------------------------------------------- */

/* What the callback returns, and what it was told in the last call. */
static struct {
  bool allows;
  /* Runs inside the callback (nullable). */
  void (*body)(void);
  int calls;
  size_t committed, wanted;
} host;

static bool answer(void *env, gcroots_store_t *of, size_t committed, size_t wanted) {
  CHECK(env == &host && of == store);
  host.calls++;
  host.committed = committed;
  host.wanted = wanted;
  if (host.body != NULL) host.body();
  return host.allows;
}

/* Replaces the fixture's engine and store by ones that ask the callback. */
static void ask_host(void) {
  gcroots_config_t *config = variant_config(LIMIT);
  OK(gcroots_config_set_heap_initial(config, INITIAL));
  OK(gcroots_config_set_grow_callback(config, answer, &host));
  OK(gcroots_store_free(store));
  gcroots_engine_free(engine);
  OK(gcroots_engine_new(config, &engine));
  gcroots_config_free(config);
  OK(gcroots_store_new(engine, &store));
}

enum { MORE = 40 << 10 };

CASE(the_growth_callback_is_asked_for_an_arrays_bytes) {
  gcroots_type_t *type;
  gcroots_val_t value = val_i32(7);
  gcroots_ref_t first, out = untouched();
  gcroots_stats_t before, after;
  ask_host();
  type = array_of(GCROOTS_STORAGE_I8);
  first = make_filled(type, value, 10);
  before = stats_of(store);
  REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_OUT_OF_MEMORY,
                           gcroots_array_new(store, type, &value, MORE, &out));
  CHECK(strstr(gcroots_last_error(), "callback") != NULL);
  CHECK(host.calls > 0 && host.committed == INITIAL);
  CHECK(host.wanted >= MORE * spaces() && host.wanted <= LIMIT);
  after = stats_of(store);
  CHECK(same_bits(out, untouched()) && after.objects == before.objects);
  CHECK(after.live_bytes == before.live_bytes && after.committed_bytes == INITIAL);
  host.allows = true;
  OK(gcroots_array_new(store, type, &value, MORE, &out));
  CHECK(stats_of(store).committed_bytes == host.wanted);
  CHECK_ALL(out, value, MORE);
  CHECK_ALL(first, value, 10);
  gcroots_type_free(type);
}

static gcroots_manually_rooted_t let_go;

static void unroot_inside(void) {
  OK(gcroots_manually_rooted_unroot_later(&let_go));
}

CASE(a_value_that_the_growth_callback_unroots_is_refused) {
  enum { COUNT = MORE / 4 };
  static gcroots_val_t values[COUNT];
  host.allows = true;
  host.body = unroot_inside;
  for (int fixed = 0; fixed < 2; fixed++) {
    gcroots_ref_t kept, out = untouched();
    gcroots_stats_t before, after;
    gcroots_type_t *type;
    /* Each round needs a new store, since the heap grows. */
    ask_host();
    type = array_of(GCROOTS_STORAGE_REF);
    kept = new_externref(&fixed);
    let_go = root(kept);
    for (size_t i = 0; i < COUNT; i++) values[i] = val_ref(kept);
    values[COUNT - 1] = val_ref(let_go.ref);
    host.calls = 0;
    before = stats_of(store);
    REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_UNROOTED,
                             fixed
                                 ? gcroots_array_new_fixed(store, type, values, COUNT, &out)
                                 : gcroots_array_new(store, type, &values[COUNT - 1], COUNT, &out));
    CHECK(host.calls == 1 && same_bits(out, untouched()));
    after = stats_of(store);
    CHECK(after.objects == before.objects && after.scoped_roots == before.scoped_roots);
    CHECK(after.manual_roots == 0 && data_of(kept) == &fixed);
    OK(gcroots_store_verify(store));
    gcroots_type_free(type);
  }
}

static void collect_is_busy(void) {
  REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_BUSY, gcroots_store_gc(store));
}

CASE(values_survive_an_allocation_that_asks_to_grow) {
  enum { COUNT = MORE / 4 };
  static gcroots_val_t values[COUNT];
  gcroots_type_t *type;
  gcroots_ref_t ref;
  ask_host();
  host.allows = true;
  host.body = collect_is_busy;
  type = array_of(GCROOTS_STORAGE_REF);
  for (size_t i = 0; i < COUNT; i++) values[i] = val_ref(new_i31((int32_t)i));
  for (size_t i = 0; i < COUNT; i += 1000) values[i] = val_ref(new_externref(&values[i]));
  ref = make_fixed(type, values, COUNT);
  CHECK(host.calls == 1);
  CHECK_ELEMENTS(ref, values, COUNT);
  for (size_t i = 0; i < COUNT; i += 1000) CHECK(data_of(element_ref(ref, i)) == &values[i]);
  gcroots_type_free(type);
}
