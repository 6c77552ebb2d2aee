/* Pins: roots whose objects do not move. */
#include "arrays.h"

/* --- Short forms --------------------------------------------------------------- */

static gcroots_pin_t pin_of(gcroots_ref_t ref) {
  gcroots_pin_t pin;
  OK(gcroots_pin(store, ref, &pin));
  CHECK(pin.store_id != 0);
  return pin;
}

/* Ends a pin and checks that it is zeroed. */
static void end_pin(gcroots_pin_t *pin) {
  static const unsigned char zeros[sizeof *pin];
  OK(gcroots_unpin(store, pin));
  CHECK(memcmp(pin, zeros, sizeof zeros) == 0);
}

static size_t size_at(gcroots_pin_t pin, void **address) {
  size_t bytes;
  OK(gcroots_pin_data(store, pin, address, &bytes));
  return bytes;
}

static void *address_of(gcroots_pin_t pin) {
  void *address;
  size_at(pin, &address);
  return address;
}

static uint32_t raw_of(gcroots_ref_t ref) {
  uint32_t raw;
  OK(gcroots_ref_to_raw(store, ref, &raw));
  return raw;
}

/* Makes garbage and collects, so that what can move has reason to. */
static void churn(void) {
  for (int i = 0; i < 100; i++) {
    gcroots_scope_t scope = enter();
    new_externref(NULL);
    OK(gcroots_scope_exit(store, scope));
  }
  OK(gcroots_store_gc(store));
  OK(gcroots_store_verify(store));
}

/* Makes garbage until a minor collection has run, where there are minor collections. */
static void collect_minor(void) {
  uint64_t before = stats_of(store).minor_collections;
  while (heap_has(NURSERY) && stats_of(store).minor_collections == before) {
    gcroots_scope_t scope = enter();
    new_externref(NULL);
    OK(gcroots_scope_exit(store, scope));
  }
}

/* Ends a case of which nothing can be said where objects cannot be pinned. */
#define NEEDS_PINS \
  if (!heap_has(PINS)) return

static gcroots_pin_t untouched_pin(void) {
  gcroots_pin_t pin;
  memset(&pin, 0x5a, sizeof pin);
  return pin;
}

static bool same_pin(gcroots_pin_t a, gcroots_pin_t b) {
  return memcmp(&a, &b, sizeof a) == 0;
}

/* Every function returns this status for the pin, and writes nothing. */
static void check_refused_by_all(gcroots_status_t status, gcroots_pin_t pin) {
  gcroots_pin_t kept = pin;
  void *address = &address;
  size_t bytes = 7;
  REFUSED(status, gcroots_pin_data(store, pin, &address, &bytes));
  REFUSED(status, gcroots_unpin(store, &pin));
  CHECK(address == &address && bytes == 7 && same_pin(pin, kept));
}

/* --- The address ---------------------------------------------------------------- */

CASE(the_address_stays_across_collections) {
  NEEDS_PINS;
  EACH_STORAGE(storage) {
    gcroots_type_t *type;
    gcroots_pin_t pin;
    void *address, *again;
    if (storage == GCROOTS_STORAGE_REF) continue;
    type = array_of(storage);
    pin = pin_of(make_zeros(type, 33));
    CHECK(size_at(pin, &address) == 33 * element_bytes[storage]);
    memset(address, 0x61, 33 * element_bytes[storage]);
    for (int i = 0; i < 5; i++) {
      churn();
      CHECK(size_at(pin, &again) == 33 * element_bytes[storage] && again == address);
    }
    for (size_t i = 0; i < 33 * element_bytes[storage]; i++) CHECK(((char *)address)[i] == 0x61);
    end_pin(&pin);
    gcroots_type_free(type);
  }
}

CASE(data_are_shared_with_the_functions_for_elements) {
  gcroots_type_t *type = array_of(GCROOTS_STORAGE_I32);
  gcroots_ref_t ref;
  gcroots_pin_t pin;
  int32_t *data, read;
  NEEDS_PINS;
  ref = make_zeros(type, 1000);
  pin = pin_of(ref);
  data = address_of(pin);
  for (int round = 0; round < 3; round++) {
    for (int32_t i = 0; i < 1000; i++) {
      data[i] = i * round;
      OK(gcroots_array_get_i32(store, ref, (size_t)i, &read));
      CHECK(read == i * round);
      OK(gcroots_array_set_i32(store, ref, (size_t)i, ~i));
      CHECK(data[i] == ~i);
    }
    churn();
  }
  end_pin(&pin);
  gcroots_type_free(type);
}

CASE(an_empty_array_has_no_bytes) {
  gcroots_type_t *type = array_of(GCROOTS_STORAGE_I8);
  gcroots_pin_t pin;
  void *address = NULL;
  NEEDS_PINS;
  pin = pin_of(make_zeros(type, 0));
  CHECK(size_at(pin, &address) == 0 && address != NULL);
  end_pin(&pin);
  gcroots_type_free(type);
}

/* All that is not an array of numbers can be pinned, but has no address. */
CASE(other_objects_have_no_address) {
  gcroots_type_t *type = array_of(GCROOTS_STORAGE_REF);
  gcroots_ref_t refs[KINDS];
  void *address = &address;
  size_t bytes = 7;
  NEEDS_PINS;
  one_of_each_kind(refs);
  refs[GCROOTS_REF_ARRAY] = make_zeros(type, 3);
  for (int kind = 0; kind < KINDS; kind++) {
    gcroots_pin_t pin;
    check_note = kind_names[kind];
    if (kind == GCROOTS_REF_NULL || kind == GCROOTS_REF_I31) continue;
    pin = pin_of(refs[kind]);
    REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_pin_data(store, pin, &address, &bytes));
    CHECK(strstr(gcroots_last_error(), "an array of numbers") != NULL);
    end_pin(&pin);
  }
  CHECK(address == &address && bytes == 7);
  gcroots_type_free(type);
}

/* --- Lives and deaths ------------------------------------------------------------ */

CASE(an_object_lives_while_it_is_pinned) {
  static int finalized;
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref;
  gcroots_pin_t pins[2];
  NEEDS_PINS;
  OK(gcroots_externref_new(store, &finalized, count_call, &ref));
  for (int i = 0; i < 2; i++) pins[i] = pin_of(ref);
  CHECK(!same_pin(pins[0], pins[1]));
  OK(gcroots_scope_exit(store, scope));
  for (int i = 0; i < 2; i++) {
    churn();
    CHECK(finalized == 0);
    end_pin(&pins[i]);
  }
  churn();
  CHECK(finalized == dead(1));
}

CASE(an_array_stays_until_its_last_pin_ends) {
  gcroots_type_t *type = array_of(GCROOTS_STORAGE_I8);
  gcroots_pin_t first, second;
  gcroots_ref_t ref;
  uint32_t raw;
  void *address;
  NEEDS_PINS;
  ref = make_zeros(type, 100);
  first = pin_of(ref);
  second = pin_of(ref);
  address = address_of(first);
  raw = raw_of(ref);
  end_pin(&first);
  churn();
  CHECK(address_of(second) == address && raw_of(ref) == raw);
  end_pin(&second);
  /* Two collections might move it back. */
  OK(gcroots_store_gc(store));
  if (check_variant.move_always) CHECK(raw_of(ref) != raw);
  if (!heap_has(MAY_MOVE)) CHECK(raw_of(ref) == raw);
  gcroots_type_free(type);
}

CASE(what_a_pinned_object_refers_to_lives_and_may_move) {
  static int finalized;
  gcroots_type_t *type = new_array(mutable_(or_null(ref_to(GCROOTS_HEAP_EVERY))));
  gcroots_scope_t scope = enter();
  gcroots_ref_t array, ref, read;
  gcroots_manually_rooted_t rooted;
  gcroots_pin_t pin;
  NEEDS_PINS;
  array = make_zeros(type, 1);
  pin = pin_of(array);
  OK(gcroots_externref_new(store, &finalized, count_call, &ref));
  OK(gcroots_array_set_ref(store, array, 0, ref));
  rooted = root(array);
  OK(gcroots_scope_exit(store, scope));
  for (int i = 0; i < 3; i++) churn();
  OK(gcroots_array_get_ref(store, rooted.ref, 0, &read));
  CHECK(finalized == 0);
  end_pin(&pin);
  OK(gcroots_manually_rooted_unroot(store, &rooted));
  gcroots_type_free(type);
}

static gcroots_pin_t unpinned_by_finalizer;

static void unpin_in_finalizer(void *data) {
  ++*(int *)data;
  OK(gcroots_unpin(store, &unpinned_by_finalizer));
}

/* gcroots_store_gc() collects again for what a finalizer has unpinned. */
CASE(a_finalizer_may_unpin) {
  static int finalized[2];
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref;
  if (!heap_has(PINS) || !collects) return;
  OK(gcroots_externref_new(store, &finalized[1], count_call, &ref));
  unpinned_by_finalizer = pin_of(ref);
  OK(gcroots_externref_new(store, &finalized[0], unpin_in_finalizer, &ref));
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_store_gc(store));
  CHECK(finalized[0] == 1 && finalized[1] == 1);
  OK(gcroots_unpin(store, &unpinned_by_finalizer));
}

CASE(a_store_is_deleted_with_its_pins) {
  gcroots_type_t *type = array_of(GCROOTS_STORAGE_I8);
  NEEDS_PINS;
  for (int round = 0; round < 3; round++) {
    gcroots_ref_t ref = make_zeros(type, 100);
    gcroots_pin_t pin = pin_of(ref);
    uint32_t raw = raw_of(ref);
    churn();
    CHECK(raw_of(ref) == raw);
    ref = make_zeros(type, 100);
    OK(gcroots_store_gc(store));
    OK(gcroots_store_verify(store));
    (void)pin;
    OK(gcroots_store_free(store));
    OK(gcroots_store_new(engine, &store));
  }
  gcroots_type_free(type);
}

/* --- Collections ------------------------------------------------------------------ */

/* Only a new object is moved first, and only where objects are made in a nursery. */
CASE(only_a_new_object_makes_a_pin_collect) {
  gcroots_type_t *type = array_of(GCROOTS_STORAGE_I8);
  gcroots_ref_t ref;
  gcroots_pin_t pins[2];
  uint64_t before;
  uint32_t raw;
  NEEDS_PINS;
  ref = make_zeros(type, 100);
  raw = raw_of(ref);
  before = stats_of(store).collections;
  pins[0] = pin_of(ref);
  CHECK((stats_of(store).collections > before) == heap_has(NURSERY));
  CHECK((raw_of(ref) != raw) == heap_has(NURSERY));
  before = stats_of(store).collections;
  pins[1] = pin_of(ref);
  CHECK(stats_of(store).collections == before);
  CHECK(address_of(pins[0]) == address_of(pins[1]));
  for (int i = 0; i < 2; i++) end_pin(&pins[i]);
  gcroots_type_free(type);
}

CASE(a_pin_that_collects_runs_finalizers) {
  static int finalized;
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref;
  gcroots_pin_t pin;
  NEEDS_PINS;
  OK(gcroots_externref_new(store, &finalized, count_call, &ref));
  OK(gcroots_scope_exit(store, scope));
  pin = pin_of(new_externref(NULL));
  CHECK(finalized == (heap_has(NURSERY) || (collects && stressed) ? 1 : 0));
  end_pin(&pin);
}

CASE(a_new_object_is_not_pinned_in_a_no_gc_span) {
  gcroots_type_t *type = array_of(GCROOTS_STORAGE_I8);
  gcroots_ref_t ref;
  gcroots_pin_t pin = untouched_pin();
  NEEDS_PINS;
  ref = make_zeros(type, 100);
  OK(gcroots_no_gc_enter(store));
  if (heap_has(NURSERY)) {
    REFUSED(GCROOTS_ERROR_NO_GC, gcroots_pin(store, ref, &pin));
    CHECK(same_pin(pin, untouched_pin()));
  } else {
    pin = pin_of(ref);
    end_pin(&pin);
  }
  OK(gcroots_no_gc_exit(store));
  OK(gcroots_store_gc(store));
  OK(gcroots_no_gc_enter(store));
  pin = pin_of(ref);
  CHECK(address_of(pin) != NULL);
  OK(gcroots_no_gc_exit(store));
  end_pin(&pin);
  gcroots_type_free(type);
}

/* A large object has blocks to itself. The pin alone keeps it. */
CASE(a_large_array_is_pinned_at_once) {
  enum { LENGTH = 200000 };
  gcroots_type_t *type = array_of(GCROOTS_STORAGE_I8);
  gcroots_scope_t scope = enter();
  gcroots_pin_t pin;
  void *address, *again;
  NEEDS_PINS;
  OK(gcroots_no_gc_enter(store));
  pin = pin_of(make_zeros(type, LENGTH));
  OK(gcroots_no_gc_exit(store));
  OK(gcroots_scope_exit(store, scope));
  CHECK(size_at(pin, &address) == LENGTH);
  memset(address, 3, LENGTH);
  collect_minor();
  for (int i = 0; i < 3; i++) churn();
  CHECK(size_at(pin, &again) == LENGTH && again == address);
  for (int i = 0; i < LENGTH; i++) CHECK(((char *)again)[i] == 3);
  end_pin(&pin);
  churn();
  CHECK(stats_of(store).objects < 100 || !collects);
  gcroots_type_free(type);
}

/* Arrays fill many blocks, of which little stays alive, so that a collection which can move them
   does. Some of them are pinned. */
CASE(pinned_objects_stay_in_sparse_blocks) {
  enum { COUNT = 8000, EACH = 40, PINNED = 400 };
  static gcroots_manually_rooted_t roots[COUNT];
  static gcroots_pin_t pins[COUNT];
  static uint32_t raws[COUNT];
  gcroots_type_t *type = array_of(GCROOTS_STORAGE_I32);
  const int count = stressed ? COUNT / 4 : COUNT;
  uint64_t moved_before, moved = 0;
  NEEDS_PINS;
  for (int i = 0; i < count; i++) {
    gcroots_scope_t scope = enter();
    gcroots_ref_t ref = make_zeros(type, 50);
    OK(gcroots_array_set_i32(store, ref, 49, i));
    roots[i] = root(ref);
    OK(gcroots_scope_exit(store, scope));
  }
  OK(gcroots_store_gc(store));
  for (int i = 0; i < count; i += PINNED) pins[i] = pin_of(roots[i].ref);
  for (int i = 0; i < count; i++)
    if (i % EACH != 0) OK(gcroots_manually_rooted_unroot(store, &roots[i]));
  for (int i = 0; i < count; i += EACH) raws[i] = raw_of(roots[i].ref);
  moved_before = stats_of(store).moved_bytes;
  for (int round = 0; round < 3; round++) OK(gcroots_store_gc(store));
  for (int i = 0; i < count; i += EACH) {
    int32_t number;
    OK(gcroots_array_get_i32(store, roots[i].ref, 49, &number));
    CHECK(number == i);
    if (i % PINNED == 0)
      CHECK(raw_of(roots[i].ref) == raws[i] && ((int32_t *)address_of(pins[i]))[49] == i);
    else
      moved += raw_of(roots[i].ref) != raws[i];
  }
  CHECK((moved > 0) == heap_has(MAY_MOVE));
  CHECK((stats_of(store).moved_bytes > moved_before) == (moved > 0));
  for (int i = 0; i < count; i += PINNED) end_pin(&pins[i]);
  for (int i = 0; i < count; i += EACH) OK(gcroots_manually_rooted_unroot(store, &roots[i]));
  OK(gcroots_store_gc(store));
  CHECK(stats_of(store).objects == (uint64_t)(count - dead(count)));
  gcroots_type_free(type);
}

/* Whether a call is refused because a collection in steps is under way, which no call may
   disturb. */
static bool is_busy(gcroots_status_t status) {
  CHECK(status == GCROOTS_OK || status == GCROOTS_ERROR_BUSY);
  return status == GCROOTS_ERROR_BUSY;
}

CASE(pins_come_and_go_between_the_steps_of_a_collection) {
  enum { COUNT = 500 };
  static int finalized;
  gcroots_type_t *type = array_of(GCROOTS_STORAGE_I8);
  gcroots_pin_t pins[COUNT];
  gcroots_manually_rooted_t roots[COUNT];
  bool complete = false;
  int pinned = 0;
  NEEDS_PINS;
  for (int i = 0; i < COUNT; i++) {
    gcroots_scope_t scope = enter();
    roots[i] = root(make_zeros(type, 100));
    new_rooted(&finalized, count_call);
    OK(gcroots_scope_exit(store, scope));
  }
  OK(gcroots_store_gc(store));
  OK(gcroots_store_gc_start(store));
  for (int i = 0; !complete; i = (i + 1) % COUNT) {
    OK(gcroots_store_gc_step(store, 100, &complete));
    if (pinned == COUNT || complete) continue;
    if (is_busy(gcroots_pin(store, roots[pinned].ref, &pins[pinned]))) continue;
    /* From now on the pin alone keeps the array. */
    OK(gcroots_manually_rooted_unroot(store, &roots[pinned]));
    memset(address_of(pins[pinned]), pinned & 0x7f, 100);
    if (pinned % 2 == 0) end_pin(&pins[pinned]);
    pinned++;
  }
  CHECK((pinned > 0) == heap_has(BETWEEN));
  for (int i = 0; i < pinned; i++) {
    if (i % 2 == 0) continue;
    for (int k = 0; k < 100; k++) CHECK(((char *)address_of(pins[i]))[k] == (i & 0x7f));
    end_pin(&pins[i]);
  }
  for (int i = pinned; i < COUNT; i++) OK(gcroots_manually_rooted_unroot(store, &roots[i]));
  gcroots_type_free(type);
}

CASE(pins_survive_a_trim) {
  enum { COUNT = 3000 };
  static gcroots_pin_t pins[COUNT];
  gcroots_type_t *type = array_of(GCROOTS_STORAGE_I8);
  gcroots_ref_t ref;
  void *address;
  NEEDS_PINS;
  ref = make_zeros(type, 100);
  for (int i = 0; i < COUNT; i++) pins[i] = pin_of(ref);
  address = address_of(pins[0]);
  for (int i = 1; i < COUNT; i++) {
    gcroots_pin_t copy = pins[i];
    end_pin(&pins[i]);
    pins[i] = copy;
  }
  OK(gcroots_store_trim(store));
  CHECK(address_of(pins[0]) == address);
  for (int i = 1; i < COUNT; i += 100) check_refused_by_all(GCROOTS_ERROR_UNROOTED, pins[i]);
  for (int i = 1; i < COUNT; i++) pins[i] = pin_of(ref);
  OK(gcroots_store_trim(store));
  CHECK(address_of(pins[COUNT - 1]) == address);
  for (int i = 0; i < COUNT; i++) end_pin(&pins[i]);
  gcroots_type_free(type);
}

/* --- Refusals ---------------------------------------------------------------------- */

CASE(a_second_unpin_is_refused) {
  gcroots_ref_t ref;
  gcroots_pin_t pin, copy;
  NEEDS_PINS;
  ref = new_externref(NULL);
  copy = pin = pin_of(ref);
  end_pin(&pin);
  check_refused_by_all(GCROOTS_ERROR_UNROOTED, copy);
  /* A later pin uses the same slot. */
  pin = pin_of(ref);
  CHECK(pin.index == copy.index && pin.generation != copy.generation);
  check_refused_by_all(GCROOTS_ERROR_UNROOTED, copy);
  end_pin(&pin);
}

CASE(the_pin_of_another_store_is_refused) {
  gcroots_store_t *mine = store;
  gcroots_pin_t pin;
  NEEDS_PINS;
  store = another_store();
  pin = pin_of(new_externref(NULL));
  store = mine;
  check_refused_by_all(GCROOTS_ERROR_WRONG_STORE, pin);
}

static gcroots_pin_t kept;

static void every_call_is_busy(void *data) {
  gcroots_pin_t out = untouched_pin(), null = {0, 0, 0};
  gcroots_ref_t ref = gcroots_ref_null();
  ++*(int *)data;
  check_refused_by_all(GCROOTS_ERROR_BUSY, kept);
  check_refused_by_all(GCROOTS_ERROR_BUSY, untouched_pin());
  check_refused_by_all(GCROOTS_ERROR_BUSY, null);
  REFUSED(GCROOTS_ERROR_BUSY, gcroots_pin(store, ref, &out));
  CHECK(same_pin(out, untouched_pin()));
}

CASE(every_call_in_the_deletion_of_the_store_is_busy) {
  static int finalized;
  gcroots_ref_t ref;
  NEEDS_PINS;
  OK(gcroots_externref_new(store, &finalized, every_call_is_busy, &ref));
  kept = pin_of(ref);
  free_store();
  CHECK(finalized == 1);
}

CASE(outputs_may_be_written_over_inputs) {
  union {
    gcroots_ref_t ref;
    gcroots_pin_t pin;
  } both;
  NEEDS_PINS;
  both.ref = new_externref(NULL);
  OK(gcroots_pin(store, both.ref, &both.pin));
  end_pin(&both.pin);
}

CASE(a_null_pin_has_no_object_and_ends_at_once) {
  gcroots_pin_t null = {0, 3, 5};
  void *address = &address;
  size_t bytes = 7;
  REFUSED(GCROOTS_ERROR_NULL_REFERENCE, gcroots_pin_data(store, null, &address, &bytes));
  CHECK(address == &address && bytes == 7);
  end_pin(&null);
}

CASE(only_objects_are_pinned) {
  gcroots_pin_t pin = untouched_pin();
  gcroots_ref_t null = new_local(gcroots_ref_null()), number = new_i31(7);
  REFUSED(GCROOTS_ERROR_NULL_REFERENCE, gcroots_pin(store, gcroots_ref_null(), &pin));
  REFUSED(GCROOTS_ERROR_NULL_REFERENCE, gcroots_pin(store, null, &pin));
  REFUSED(GCROOTS_ERROR_TYPE_MISMATCH, gcroots_pin(store, number, &pin));
  CHECK(same_pin(pin, untouched_pin()));
}

CASE(the_bits_of_a_pin_are_no_root) {
  gcroots_pin_t pin;
  gcroots_ref_t ref, out = untouched();
  gcroots_scope_t scope;
  NEEDS_PINS;
  scope = enter();
  pin = pin_of(new_externref(NULL));
  OK(gcroots_scope_exit(store, scope));
  ref.store_id = pin.store_id;
  ref.generation = pin.generation;
  ref.index = pin.index;
  REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_local_new(store, ref, &out));
  ref.index |= 1U << 31;
  REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_local_new(store, ref, &out));
  pin.index |= 1U << 31;
  check_refused_by_all(GCROOTS_ERROR_UNROOTED, pin);
  pin.index &= ~(1U << 31);
  end_pin(&pin);
}

CASE(a_collector_that_moves_all_has_no_pins) {
  gcroots_ref_t ref = new_externref(NULL);
  gcroots_pin_t pin = untouched_pin();
  const char *name = collector == GCROOTS_COLLECTOR_CHECK ? "check" : "copying";
  if (heap_has(PINS)) return;
  REFUSED(GCROOTS_ERROR_UNSUPPORTED, gcroots_pin(store, ref, &pin));
  CHECK(strstr(gcroots_last_error(), name) != NULL && same_pin(pin, untouched_pin()));
  /* The handle is checked first, the span later. */
  REFUSED(GCROOTS_ERROR_NULL_REFERENCE, gcroots_pin(store, gcroots_ref_null(), &pin));
  OK(gcroots_no_gc_enter(store));
  REFUSED(GCROOTS_ERROR_UNSUPPORTED, gcroots_pin(store, ref, &pin));
  OK(gcroots_no_gc_exit(store));
}

CASE(every_bad_argument_is_refused) {
  struct arguments good;
  check_nulls(pin_calls);
  new_arguments(&good, store);
  good.h.ref = new_externref(NULL);
  check_bad_handles(pin_calls, &good);
  free_arguments(&good);
}
