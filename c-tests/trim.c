/* Trimming: an idle store gives its memory back, and no old handle resolves afterwards. */
#include "bursts.h"
#include "threads.h"

#include <malloc.h>

static size_t burst_size(void) {
  return stressed ? 2000 : BURST_MOST;
}

static void trim(void) {
  OK(gcroots_store_trim(store));
  OK(gcroots_store_verify(store));
}

static void make_burst(const struct burst *burst, size_t count) {
  begin_burst();
  for (size_t i = 0; i < count; i++) OK(burst->make(i));
}

/* Replaces the fixture's store by a new one. */
static void renew_store(void) {
  OK(gcroots_store_free(store));
  OK(gcroots_store_new(engine, &store));
}

/* --- Memory ---------------------------------------------------------------------- */

CASE(a_trimmed_store_keeps_little_beside_its_heap) {
  EACH_BURST(burst) {
    renew_store();
    make_burst(burst, burst_size());
    uint64_t before = stats_of(store).side_bytes;
    burst->end(burst_size());
    end_burst();
    trim();
    /* Under the null collector objects live as long as the store, and tags always do. */
    if (!collects && burst->has_object) continue;
    if (burst->make == burst_make_tag) continue;
    CHECK(before >= burst_size() * burst->bytes);
    CHECK(stats_of(store).side_bytes < 24 << 10);
  }
}

CASE(a_trimmed_store_is_not_resident) {
  size_t before;
  if (!collects || stressed) return;
  /* Otherwise the allocator keeps larger and larger blocks after they were freed. */
  CHECK(mallopt(M_MMAP_THRESHOLD, 128 << 10) == 1);
  touch_bursts();
  trim();
  before = resident_bytes();
  EACH_BURST(burst) {
    if (burst->make == burst_make_tag) continue;
    make_burst(burst, BURST_MOST);
    burst->end(BURST_MOST);
    end_burst();
    trim();
    CHECK(resident_bytes() < before + ((size_t)4 << 20));
  }
}

static gcroots_ref_t upgraded(gcroots_weak_t weak) {
  gcroots_ref_t ref;
  OK(gcroots_weak_upgrade(store, weak, &ref));
  return ref;
}

/* One handle in the middle and one at the end keep their own pages, and no others. */
CASE(pages_before_a_live_handle_go_back) {
  size_t last = burst_size() - 1, middle = last / 2, full;
  int data;
  begin_burst();
  touch_bursts();
  gcroots_manually_rooted_t object = new_rooted(&data, NULL);
  for (size_t i = 0; i <= last; i++) {
    burst_roots[i] = clone_root(object);
    OK(gcroots_weak_new(store, object.ref, &burst_weak[i]));
  }
  full = resident_bytes();
  for (size_t i = 0; i <= last; i++) {
    if (i == middle || i == last) continue;
    OK(gcroots_manually_rooted_unroot(store, &burst_roots[i]));
    OK(gcroots_weak_free(store, &burst_weak[i]));
  }
  trim();
  /* Each table had 1.5 MiB. */
  if (!stressed) CHECK(resident_bytes() + ((size_t)2 << 20) < full);
  for (size_t i = middle; i <= last; i += last - middle) {
    CHECK(data_of(burst_roots[i].ref) == &data);
    CHECK(data_of(upgraded(burst_weak[i])) == &data);
  }
  end_burst();
}

/* The host data of dead externrefs goes back though one in the middle and one at the end live,
 * and its entries are used again. */
CASE(host_data_before_a_live_externref_goes_back) {
  static int data[2];
  size_t last = burst_size() - 1, full;
  gcroots_manually_rooted_t middle, end;
  gcroots_scope_t scope = enter();
  for (size_t i = 0; i < last / 2; i++) new_externref(NULL);
  middle = root(new_externref(&data[0]));
  for (size_t i = last / 2 + 1; i < last; i++) new_externref(NULL);
  end = root(new_externref(&data[1]));
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_store_gc(store));
  full = resident_bytes();
  for (int round = 0; round < 3; round++) {
    int value;
    trim();
    /* The table had 7.6 MiB. */
    if (collects && !stressed) CHECK(resident_bytes() + ((size_t)5 << 20) < full);
    OK(gcroots_store_gc(store));
    OK(gcroots_store_verify(store));
    CHECK(data_of(middle.ref) == &data[0] && data_of(end.ref) == &data[1]);
    scope = enter();
    for (size_t i = 0; i < last; i++) {
      gcroots_ref_t ref = new_externref(&value);
      CHECK(data_of(ref) == &value);
    }
    OK(gcroots_store_verify(store));
    CHECK(data_of(middle.ref) == &data[0] && data_of(end.ref) == &data[1]);
    OK(gcroots_scope_exit(store, scope));
    OK(gcroots_store_gc(store));
  }
}

CASE(the_heap_keeps_what_it_has_at_first) {
  uint64_t initial;
  gcroots_scope_t scope;
  trim();
  new_externref(NULL);
  initial = stats_of(store).committed_bytes;
  scope = enter();
  for (size_t i = 0; i < burst_size(); i++) new_externref(NULL);
  CHECK(stressed || stats_of(store).committed_bytes > initial);
  OK(gcroots_scope_exit(store, scope));
  trim();
  if (collects) CHECK(stats_of(store).committed_bytes <= initial);
  for (size_t i = 0; i < burst_size(); i++) {
    scope = enter();
    CHECK(data_of(new_externref(&scope)) == &scope);
    OK(gcroots_scope_exit(store, scope));
  }
}

CASE(live_objects_stay) {
  gcroots_manually_rooted_t kept[64];
  gcroots_scope_t scope = enter();
  for (size_t i = 0; i < burst_size(); i++) {
    gcroots_ref_t ref = new_externref(&kept[i % 64]);
    if (i < 64) kept[i] = root(ref);
  }
  OK(gcroots_scope_exit(store, scope));
  trim();
  for (size_t i = 0; i < 64; i++) CHECK(data_of(kept[i].ref) == &kept[i]);
  for (size_t i = 0; i < burst_size(); i++) new_externref(NULL);
  for (size_t i = 0; i < 64; i++) CHECK(data_of(kept[i].ref) == &kept[i]);
}

/* --- Handles ----------------------------------------------------------------------- */

/* Scoped roots: some pages' slots issued many generations before they were given back. */
CASE(stale_scoped_handles_stay_stale) {
  enum { SLOTS = 5000, ROUNDS = 3 };
  static gcroots_ref_t stale[ROUNDS * ROUNDS][SLOTS];
  size_t kinds = 0;
  int data;
  for (size_t round = 0; round < ROUNDS; round++) {
    /* Pages further up have issued fewer generations. */
    for (size_t depth = 0; depth < ROUNDS; depth++) {
      gcroots_scope_t scope = enter();
      size_t slots = SLOTS / (depth + 1);
      for (size_t i = 0; i < slots; i++) stale[kinds][i] = new_local(gcroots_ref_null());
      for (size_t i = slots; i < SLOTS; i++) stale[kinds][i] = stale[kinds][0];
      kinds++;
      OK(gcroots_scope_exit(store, scope));
    }
    trim();
    gcroots_scope_t scope = enter();
    gcroots_ref_t ref = new_externref(&data);
    for (size_t i = 1; i < SLOTS; i++) new_local(ref);
    for (size_t kind = 0; kind < kinds; kind++)
      for (size_t i = 0; i < SLOTS; i++) {
        void *found = &found;
        REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_externref_data(store, stale[kind][i], &found));
        CHECK(found == &found);
      }
    OK(gcroots_scope_exit(store, scope));
    if (round == 1) trim();
  }
}

CASE(live_scoped_handles_stay) {
  enum { SLOTS = 3000 };
  static gcroots_ref_t live[SLOTS];
  static int data[SLOTS];
  gcroots_scope_t outer = enter(), inner;
  for (size_t i = 0; i < SLOTS; i++) live[i] = new_externref(&data[i]);
  inner = enter();
  for (size_t i = 0; i < burst_size(); i++) new_local(live[0]);
  OK(gcroots_scope_exit(store, inner));
  trim();
  CHECK(stats_of(store).scoped_roots == SLOTS);
  for (size_t i = 0; i < SLOTS; i++) CHECK(data_of(live[i]) == &data[i]);
  for (size_t i = 0; i < 10 * SLOTS; i++) new_local(live[1]);
  for (size_t i = 0; i < SLOTS; i++) CHECK(data_of(live[i]) == &data[i]);
  OK(gcroots_scope_exit(store, outer));
}

CASE(stale_manual_handles_stay_stale) {
  enum { SLOTS = 5000, ROUNDS = 3 };
  static gcroots_manually_rooted_t stale[ROUNDS][SLOTS], now[SLOTS];
  gcroots_manually_rooted_t object = new_rooted(NULL, NULL);
  for (int round = 0; round < ROUNDS; round++) {
    for (size_t i = 0; i < SLOTS; i++) stale[round][i] = now[i] = clone_root(object);
    for (size_t i = 0; i < SLOTS; i++) OK(gcroots_manually_rooted_unroot(store, &now[i]));
    trim();
    for (size_t i = 0; i < SLOTS; i++) now[i] = clone_root(object);
    for (int before = 0; before <= round; before++)
      for (size_t i = 0; i < SLOTS; i++) {
        gcroots_ref_t out = untouched();
        gcroots_manually_rooted_t copy = stale[before][i];
        REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_local_new(store, copy.ref, &out));
        REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_manually_rooted_unroot(store, &copy));
        copy = stale[before][i];
        OK(gcroots_manually_rooted_unroot_later(&copy));
      }
    OK(gcroots_store_gc(store));
    for (size_t i = 0; i < SLOTS; i++) OK(gcroots_manually_rooted_unroot(store, &now[i]));
  }
  CHECK(data_of(object.ref) == NULL);
}

/* Each round keeps two roots and two weak handles, so that pages before them go back. */
CASE(handles_stay_stale_when_their_page_is_used_again) {
  enum { SLOTS = 5000, ROUNDS = 3 };
  static gcroots_manually_rooted_t stale[ROUNDS][SLOTS], now[SLOTS];
  static gcroots_weak_t stale_weak[ROUNDS][SLOTS], weak[SLOTS];
  int data;
  gcroots_manually_rooted_t object = new_rooted(&data, NULL);
  for (size_t round = 0; round < ROUNDS; round++) {
    for (size_t i = 0; i < SLOTS; i++) {
      stale[round][i] = now[i] = clone_root(object);
      OK(gcroots_weak_new(store, object.ref, &weak[i]));
      stale_weak[round][i] = weak[i];
    }
    for (size_t i = 0; i < SLOTS; i++) {
      if (i == SLOTS / 2 || i == SLOTS - 1) continue;
      OK(gcroots_manually_rooted_unroot(store, &now[i]));
      OK(gcroots_weak_free(store, &weak[i]));
    }
    trim();
    CHECK(stats_of(store).manual_roots == 3 + 2 * round);
    for (size_t i = 0; i < SLOTS; i++) {
      if (i == SLOTS / 2 || i == SLOTS - 1) continue;
      now[i] = clone_root(object);
      OK(gcroots_weak_new(store, object.ref, &weak[i]));
    }
    OK(gcroots_store_verify(store));
    for (size_t before = 0; before <= round; before++)
      for (size_t i = 0; i < SLOTS; i++) {
        gcroots_ref_t out = untouched();
        gcroots_manually_rooted_t copy = stale[before][i];
        gcroots_weak_t weak_copy = stale_weak[before][i];
        if (i == SLOTS / 2 || i == SLOTS - 1) {
          CHECK(data_of(copy.ref) == &data);
          continue;
        }
        REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_local_new(store, copy.ref, &out));
        REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_manually_rooted_unroot(store, &copy));
        OK(gcroots_manually_rooted_unroot_later(&copy));
        REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_weak_upgrade(store, weak_copy, &out));
        REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_weak_free(store, &weak_copy));
      }
    OK(gcroots_store_gc(store));
    for (size_t i = 0; i < SLOTS; i++) {
      CHECK(data_of(now[i].ref) == &data);
      if (i == SLOTS / 2 || i == SLOTS - 1) continue;
      OK(gcroots_manually_rooted_unroot(store, &now[i]));
      OK(gcroots_weak_free(store, &weak[i]));
    }
    CHECK(stats_of(store).manual_roots_max == SLOTS + 1 + 2 * round);
  }
}

/* One root in the middle keeps its page, and stays. */
CASE(a_live_manual_handle_keeps_its_page) {
  enum { SLOTS = 5000, KEPT = 2600 };
  static gcroots_manually_rooted_t handles[SLOTS];
  int data;
  uint64_t side;
  gcroots_manually_rooted_t object = new_rooted(&data, NULL);
  for (size_t i = 0; i < SLOTS; i++) handles[i] = clone_root(object);
  side = stats_of(store).side_bytes;
  for (size_t i = 0; i < SLOTS; i++)
    if (i != KEPT) OK(gcroots_manually_rooted_unroot(store, &handles[i]));
  trim();
  CHECK(stats_of(store).side_bytes < side);
  CHECK(data_of(handles[KEPT].ref) == &data);
  CHECK(stats_of(store).manual_roots == 2 && stats_of(store).manual_roots_max == SLOTS + 1);
  for (size_t i = 0; i < SLOTS; i++)
    if (i != KEPT) handles[i] = clone_root(object);
  for (size_t i = 0; i < SLOTS; i++) OK(gcroots_manually_rooted_unroot(store, &handles[i]));
}

CASE(handles_of_every_other_kind_stay_stale) {
  enum { SLOTS = 2000 };
  static gcroots_weak_t weak[SLOTS];
  static gcroots_table_t tables[SLOTS];
  static gcroots_global_t globals[SLOTS];
  static gcroots_weakmap_t maps[SLOTS];
  for (int round = 0; round < 2; round++) {
    begin_burst();
    for (size_t i = 0; i < SLOTS; i++) {
      OK(burst_make_weak(i));
      OK(burst_make_table(i));
      OK(burst_make_global(i));
      OK(burst_make_map(i));
    }
    for (size_t i = 0; round == 1 && i < SLOTS; i++) {
      gcroots_ref_t out;
      gcroots_val_t val;
      size_t size;
      REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_weak_upgrade(store, weak[i], &out));
      REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_table_size(store, tables[i], &size));
      REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_global_get(store, globals[i], &val));
      REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_weakmap_size(store, maps[i], &size));
    }
    memcpy(weak, burst_weak, sizeof weak);
    memcpy(tables, burst_tables, sizeof tables);
    memcpy(globals, burst_globals, sizeof globals);
    memcpy(maps, burst_maps, sizeof maps);
    burst_end_weak(SLOTS);
    burst_end_tables(SLOTS);
    burst_end_globals(SLOTS);
    burst_end_maps(SLOTS);
    end_burst();
    trim();
  }
}

CASE(open_scopes_stay_open) {
  enum { DEPTH = 300 };
  gcroots_scope_t outer[DEPTH], left;
  for (size_t i = 0; i < DEPTH; i++) outer[i] = enter();
  left = enter();
  for (size_t i = 0; i < burst_size(); i++) enter();
  OK(gcroots_scope_unwind(store, left));
  trim();
  REFUSED(GCROOTS_ERROR_SCOPE_ORDER, gcroots_scope_exit(store, left));
  for (size_t i = 0; i < burst_size(); i++) OK(gcroots_scope_exit(store, enter()));
  for (size_t i = DEPTH; i-- > 0;) OK(gcroots_scope_exit(store, outer[i]));
}

CASE(the_most_roots_are_still_known) {
  gcroots_scope_t scope = enter();
  for (size_t i = 0; i < 5000; i++) new_local(gcroots_ref_null());
  OK(gcroots_scope_exit(store, scope));
  trim();
  CHECK(stats_of(store).scoped_roots_max == 5000);
  for (size_t i = 0; i < 6000; i++) new_local(gcroots_ref_null());
  CHECK(stats_of(store).scoped_roots_max == 6000 && stats_of(store).scoped_roots == 6000);
}

/* --- When ---------------------------------------------------------------------------- */

CASE(a_no_gc_span_refuses_a_trim) {
  OK(gcroots_no_gc_enter(store));
  REFUSED(GCROOTS_ERROR_NO_GC, gcroots_store_trim(store));
  OK(gcroots_no_gc_exit(store));
  trim();
}

CASE(another_thread_is_refused) {
  OK(gcroots_store_detach(store));
  REFUSED(GCROOTS_ERROR_WRONG_THREAD, gcroots_store_trim(store));
  OK(gcroots_store_attach(store));
}

CASE(between_the_steps_of_a_collection_a_trim_is_refused) {
  new_externref(NULL);
  OK(gcroots_store_gc_start(store));
  if (heap_has(BETWEEN)) OK(gcroots_store_trim(store));
  if (!heap_has(BETWEEN)) REFUSED(GCROOTS_ERROR_BUSY, gcroots_store_trim(store));
  OK(gcroots_store_gc_cancel(store));
}

static int trims;

static void trim_in_finalizer(void *data) {
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref = new_externref(data);
  for (int i = 0; i < 2000; i++) new_local(ref);
  OK(gcroots_store_trim(store));
  CHECK(data_of(ref) == data);
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_store_trim(store));
  trims++;
}

CASE(a_finalizer_may_trim) {
  int data;
  if (!run_as_finalizer(trim_in_finalizer, &data)) return;
  CHECK(trims == 1);
  OK(gcroots_store_verify(store));
}

static gcroots_status_t trim_in_call(void *env, gcroots_store_t *of, const gcroots_val_t *args,
                                     size_t arg_count, gcroots_val_t *results,
                                     size_t result_count) {
  (void)env, (void)arg_count, (void)results, (void)result_count;
  void *data = NULL;
  gcroots_scope_t scope = enter();
  for (int i = 0; i < 5000; i++) new_local(args[0].of.ref);
  OK(gcroots_scope_exit(of, scope));
  OK(gcroots_store_trim(of));
  OK(gcroots_externref_data(of, args[0].of.ref, &data));
  CHECK(data == &trims);
  trims++;
  return GCROOTS_OK;
}

CASE(a_host_function_may_trim) {
  gcroots_field_type_t param = ref_to(GCROOTS_HEAP_EXTERN);
  gcroots_type_t *type = new_func(&param, 1, NULL, 0);
  gcroots_ref_t func = make_func(type, trim_in_call, NULL);
  gcroots_val_t arg = val_ref(new_externref(&trims));
  for (int i = 0; i < 3; i++) OK(gcroots_func_call(store, func, &arg, 1, NULL, 0));
  CHECK(trims == 3);
  gcroots_type_free(type);
}

CASE(a_store_without_objects_can_be_trimmed) {
  trim();
  trim();
  CHECK(stats_of(store).committed_bytes == 0);
}
