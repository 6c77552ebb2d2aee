/* Statuses, their names, the messages, and the version. */
#define _GNU_SOURCE
#include <inttypes.h>
#include <pthread.h>

#include "refusals.h"

static const struct {
  gcroots_status_t status;
  uint32_t number;
  const char *name;
} statuses[] = {
    {GCROOTS_OK, 0, "GCROOTS_OK"},
    {GCROOTS_ERROR_NULL_ARGUMENT, 1, "GCROOTS_ERROR_NULL_ARGUMENT"},
    {GCROOTS_ERROR_INVALID_ARGUMENT, 2, "GCROOTS_ERROR_INVALID_ARGUMENT"},
    {GCROOTS_ERROR_WRONG_STORE, 3, "GCROOTS_ERROR_WRONG_STORE"},
    {GCROOTS_ERROR_WRONG_ENGINE, 4, "GCROOTS_ERROR_WRONG_ENGINE"},
    {GCROOTS_ERROR_WRONG_THREAD, 5, "GCROOTS_ERROR_WRONG_THREAD"},
    {GCROOTS_ERROR_BUSY, 6, "GCROOTS_ERROR_BUSY"},
    {GCROOTS_ERROR_UNROOTED, 7, "GCROOTS_ERROR_UNROOTED"},
    {GCROOTS_ERROR_NULL_REFERENCE, 8, "GCROOTS_ERROR_NULL_REFERENCE"},
    {GCROOTS_ERROR_TYPE_MISMATCH, 9, "GCROOTS_ERROR_TYPE_MISMATCH"},
    {GCROOTS_ERROR_IMMUTABLE, 10, "GCROOTS_ERROR_IMMUTABLE"},
    {GCROOTS_ERROR_OUT_OF_BOUNDS, 11, "GCROOTS_ERROR_OUT_OF_BOUNDS"},
    {GCROOTS_ERROR_SCOPE_ORDER, 12, "GCROOTS_ERROR_SCOPE_ORDER"},
    {GCROOTS_ERROR_NO_GC, 13, "GCROOTS_ERROR_NO_GC"},
    {GCROOTS_ERROR_OUT_OF_MEMORY, 14, "GCROOTS_ERROR_OUT_OF_MEMORY"},
    {GCROOTS_ERROR_LIMIT, 15, "GCROOTS_ERROR_LIMIT"},
    {GCROOTS_ERROR_EXCEPTION, 16, "GCROOTS_ERROR_EXCEPTION"},
    {GCROOTS_ERROR_INTERNAL, 17, "GCROOTS_ERROR_INTERNAL"},
    {GCROOTS_ERROR_UNSUPPORTED, 18, "GCROOTS_ERROR_UNSUPPORTED"},
};
enum { STATUSES = sizeof statuses / sizeof *statuses };

static bool says(const char *text) {
  return strstr(gcroots_last_error(), text) != NULL;
}

/* Whether the message contains the number, in decimal or hexadecimal. */
static bool names(uint64_t number) {
  char decimal[32], hexadecimal[32];
  snprintf(decimal, sizeof decimal, "%" PRIu64, number);
  snprintf(hexadecimal, sizeof hexadecimal, "%" PRIx64, number);
  return says(decimal) || says(hexadecimal);
}

static gcroots_ref_t stale_handle(void) {
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref = new_externref(NULL);
  OK(gcroots_scope_exit(store, scope));
  return ref;
}

CASE(statuses_have_their_numbers_and_names) {
  CHECK(STATUSES == 19);
  for (int i = 0; i < STATUSES; i++) {
    CHECK(statuses[i].status == statuses[i].number);
    CHECK(strcmp(gcroots_status_name(statuses[i].status), statuses[i].name) == 0);
  }
}

CASE(statuses_of_the_embedder_begin_above_the_librarys) {
  CHECK(GCROOTS_STATUS_EMBEDDER == 0x10000 && STATUSES < GCROOTS_STATUS_EMBEDDER);
  CHECK(strcmp(gcroots_status_name(GCROOTS_STATUS_EMBEDDER), "GCROOTS_UNKNOWN") == 0);
}

CASE(other_numbers_have_no_name) {
  static const uint32_t none[] = {19,    20,         31,         255,        256,
                                  65536, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff};
  for (size_t i = 0; i < sizeof none / sizeof *none; i++)
    CHECK(strcmp(gcroots_status_name(none[i]), "GCROOTS_UNKNOWN") == 0);
}

CASE(names_are_static) {
  const char *busy = gcroots_status_name(GCROOTS_ERROR_BUSY);
  const char *unknown = gcroots_status_name(1000);
  CHECK(gcroots_status_name(GCROOTS_ERROR_LIMIT) != busy);
  CHECK(gcroots_status_name(GCROOTS_ERROR_BUSY) == busy);
  CHECK(gcroots_status_name(1000) == unknown);
  CHECK(strcmp(busy, "GCROOTS_ERROR_BUSY") == 0);
}

CASE(collectors_have_their_numbers) {
  CHECK(GCROOTS_COLLECTOR_AUTO == 0 && GCROOTS_COLLECTOR_NULL == 1);
  CHECK(GCROOTS_COLLECTOR_DRC == 2 && GCROOTS_COLLECTOR_COPYING == 3);
  CHECK(GCROOTS_COLLECTOR_GENERATIONAL == 4 && GCROOTS_COLLECTOR_CHECK == 5);
  CHECK(sizeof(gcroots_status_t) == 4 && sizeof(gcroots_collector_t) == 4);
}

CASE(the_message_is_empty_before_the_first_failure) {
  CHECK(gcroots_last_error() != NULL);
  CHECK(strcmp(gcroots_last_error(), "") == 0);
  new_externref(NULL);
  OK(gcroots_store_gc(store));
  CHECK(strcmp(gcroots_last_error(), "") == 0);
}

CASE(success_does_not_clear_the_message) {
  void *data;
  char before[512];
  gcroots_ref_t stale = stale_handle();
  REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_externref_data(store, stale, &data));
  snprintf(before, sizeof before, "%s", gcroots_last_error());
  data_of(new_externref(NULL));
  OK(gcroots_store_gc(store));
  OK(gcroots_store_verify(store));
  OK(gcroots_scope_exit(store, enter()));
  CHECK(strcmp(gcroots_last_error(), before) == 0);
}

CASE(reading_names_and_version_leaves_the_message) {
  REFUSED(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_store_gc(NULL));
  CHECK(says("store"));
  gcroots_status_name(99);
  gcroots_version();
  CHECK(says("store"));
}

CASE(the_next_failure_replaces_the_message) {
  void *data;
  char before[512];
  gcroots_ref_t stale = stale_handle();
  REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_externref_data(store, stale, &data));
  snprintf(before, sizeof before, "%s", gcroots_last_error());
  REFUSED(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_store_gc(NULL));
  CHECK(strcmp(gcroots_last_error(), before) != 0);
}

CASE(a_shorter_message_has_nothing_of_a_longer_one) {
  gcroots_config_t *config = variant_config(0);
  REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_config_set_collector(config, UINT32_MAX));
  gcroots_config_free(config);
  CHECK(names(UINT32_MAX));
  REFUSED(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_store_gc(NULL));
  CHECK(!names(UINT32_MAX));
  CHECK(!says("collector"));
}

CASE(a_message_that_was_set_is_the_last_one) {
  char message[] = "a message";
  OK(gcroots_set_error(message));
  message[0] = 'x';
  CHECK(strcmp(gcroots_last_error(), "a message") == 0);
  OK(gcroots_store_gc(store));
  CHECK(strcmp(gcroots_last_error(), "a message") == 0);
  REFUSED(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_store_gc(NULL));
  CHECK(!says("a message"));
  OK(gcroots_set_error(""));
  CHECK(strcmp(gcroots_last_error(), "") == 0);
}

CASE(the_last_message_may_be_set_again) {
  char before[256];
  REFUSED(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_store_gc(NULL));
  strcpy(before, gcroots_last_error());
  OK(gcroots_set_error(gcroots_last_error()));
  CHECK(strcmp(gcroots_last_error(), before) == 0);
  OK(gcroots_set_error(gcroots_last_error() + 8));
  CHECK(strcmp(gcroots_last_error(), before + 8) == 0);
}

CASE(a_message_that_was_set_is_cut_between_characters) {
  char text[1024];
  /* A byte more than fits, or many. */
  memset(text, 'x', sizeof text);
  text[256] = '\0';
  OK(gcroots_set_error(text));
  CHECK(strlen(gcroots_last_error()) == 255 && says("xxx"));
  memset(text, 'x', sizeof text);
  text[1023] = '\0';
  OK(gcroots_set_error(text));
  CHECK(strlen(gcroots_last_error()) == 255);
  /* A character of four bytes, of which one to three would fit. */
  for (size_t begin = 252; begin < 256; begin++) {
    memset(text, 'x', sizeof text);
    memcpy(text + begin, "\xf0\x9f\x98\x80", 5);
    OK(gcroots_set_error(text));
    CHECK(strlen(gcroots_last_error()) == begin);
  }
  memcpy(text + 251, "\xf0\x9f\x98\x80z", 6);
  OK(gcroots_set_error(text));
  CHECK(strlen(gcroots_last_error()) == 255 && says("\x80"));
  /* Bytes that are not UTF-8. */
  memset(text, 0x80, sizeof text);
  text[1023] = '\0';
  OK(gcroots_set_error(text));
  CHECK(strlen(gcroots_last_error()) == 255);
}

CASE(a_message_must_not_be_a_null_pointer) {
  check_nulls(error_calls);
}

CASE(messages_of_null_name_the_parameter) {
  gcroots_ref_t ref = gcroots_ref_null();
  gcroots_scope_t scope = {0, 0};
  gcroots_manually_rooted_t handle = {{0, 0, 0}};
  REFUSED(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_config_set_poison(NULL, true));
  CHECK(says("config"));
  REFUSED(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_store_new(NULL, NULL));
  CHECK(says("engine"));
  REFUSED(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_scope_enter(NULL, NULL));
  CHECK(says("store"));
  REFUSED(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_scope_enter(store, NULL));
  CHECK(says("out"));
  REFUSED(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_scope_escape(NULL, scope, ref, NULL));
  CHECK(says("store"));
  REFUSED(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_externref_new_with(store, NULL, NULL));
  CHECK(says("options"));
  REFUSED(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_manually_rooted_unroot(store, NULL));
  CHECK(says("handle"));
  REFUSED(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_manually_rooted_into_rooted(store, NULL, NULL));
  CHECK(says("handle"));
  REFUSED(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_manually_rooted_into_rooted(store, &handle, NULL));
  CHECK(says("out"));
}

CASE(messages_of_invalid_arguments_have_the_value) {
  gcroots_config_t *config = variant_config(1 << 20);
  gcroots_externref_options_t options = {12345, NULL, NULL, NULL, 0, NULL, NULL};
  gcroots_engine_t *made = NULL;
  gcroots_ref_t out;
  REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_config_set_collector(config, 777));
  CHECK(names(777) && says("collector"));
  REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_config_set_heap_limit(config, 0));
  CHECK(names(0));
  REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_config_set_heap_limit(config, SIZE_MAX));
  CHECK(names(SIZE_MAX));
  OK(gcroots_config_set_heap_initial(config, 7654321));
  REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_engine_new(config, &made));
  CHECK(names(7654321) && says("heap_initial"));
  gcroots_config_free(config);
  REFUSED(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_externref_new_with(store, &options, &out));
  CHECK(names(12345) && says("struct_size"));
}

CASE(messages_of_wrong_stores_have_both_ids) {
  void *data;
  gcroots_ref_t ref = new_externref(NULL);
  uint64_t mine = ref.store_id;
  ref.store_id ^= 0x123456;
  REFUSED(GCROOTS_ERROR_WRONG_STORE, gcroots_externref_data(store, ref, &data));
  CHECK(names(mine) && names(ref.store_id));
}

CASE(messages_of_stale_handles_have_slot_and_generation) {
  void *data;
  gcroots_ref_t ref = new_externref(NULL);
  gcroots_manually_rooted_t handle = root(ref);
  ref.generation = 3000000001u;
  ref.index = 1987654321u;
  REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_externref_data(store, ref, &data));
  CHECK(names(3000000001u) && names(1987654321u));
  handle.ref.generation = 3000000003u;
  REFUSED(GCROOTS_ERROR_UNROOTED, gcroots_externref_data(store, handle.ref, &data));
  CHECK(names(3000000003u) && names(handle.ref.index & 0x7fffffff));
}

CASE(messages_of_null_references_name_the_parameter) {
  void *data;
  REFUSED(GCROOTS_ERROR_NULL_REFERENCE, gcroots_externref_data(store, gcroots_ref_null(), &data));
  CHECK(says("ref"));
  REFUSED(GCROOTS_ERROR_NULL_REFERENCE,
          gcroots_ref_assign(store, gcroots_ref_null(), gcroots_ref_null()));
  CHECK(says("dst"));
}

CASE(messages_of_scopes_out_of_order_have_both_serials) {
  gcroots_scope_t outer = enter(), inner = enter();
  gcroots_scope_t forged = {outer.store_id, 999999999};
  REFUSED(GCROOTS_ERROR_SCOPE_ORDER, gcroots_scope_exit(store, outer));
  CHECK(names(outer.serial) && names(inner.serial));
  REFUSED(GCROOTS_ERROR_SCOPE_ORDER, gcroots_scope_unwind(store, forged));
  CHECK(names(999999999));
}

CASE(messages_of_no_gc_have_the_number_of_spans) {
  for (int i = 0; i < 37; i++) OK(gcroots_no_gc_enter(store));
  REFUSED(GCROOTS_ERROR_NO_GC, gcroots_store_gc(store));
  CHECK(names(37));
}

CASE(messages_of_a_full_heap_have_its_limit) {
  gcroots_ref_t out;
  gcroots_status_t status;
  OK(gcroots_store_free(store));
  store = new_store(64 << 10);
  while ((status = gcroots_externref_new(store, NULL, NULL, &out)) == GCROOTS_OK) continue;
  CHECK(status == GCROOTS_ERROR_OUT_OF_MEMORY);
  CHECK(names(64 << 10));
}

CASE(messages_of_limits_have_the_limit) {
  REFUSED(GCROOTS_ERROR_LIMIT, gcroots_scope_reserve(store, SIZE_MAX));
  CHECK(names(0x7fffffff));
}

static void *read_message(void *argument) {
  char *mine = argument;
  void *data = NULL;
  CHECK(strcmp(gcroots_last_error(), "") == 0);
  REFUSED(GCROOTS_ERROR_WRONG_THREAD, gcroots_externref_data(store, gcroots_ref_null(), &data));
  CHECK(says("thread"));
  snprintf(mine, 512, "%s", gcroots_last_error());
  return NULL;
}

CASE(messages_are_per_thread) {
  pthread_t thread;
  char before[512], other[512];
  REFUSED(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_store_gc(NULL));
  snprintf(before, sizeof before, "%s", gcroots_last_error());
  CHECK(pthread_create(&thread, NULL, read_message, other) == 0);
  CHECK(pthread_join(thread, NULL) == 0);
  CHECK(strcmp(gcroots_last_error(), before) == 0);
  CHECK(strcmp(other, before) != 0);
}

static pthread_barrier_t barrier;

/* In each round every thread fails with its own number before any thread reads its
   message. */
static void *fail_in_step(void *argument) {
  uint32_t number = *(uint32_t *)argument;
  gcroots_config_t *config = gcroots_config_new();
  CHECK(config != NULL);
  for (uint32_t round = 0; round < 200; round++) {
    uint32_t wrong = 1000000 + number * 1000 + round;
    CHECK(gcroots_config_set_collector(config, wrong) == GCROOTS_ERROR_INVALID_ARGUMENT);
    pthread_barrier_wait(&barrier);
    CHECK(names(wrong));
    pthread_barrier_wait(&barrier);
  }
  gcroots_config_free(config);
  return NULL;
}

CASE(threads_do_not_overwrite_each_others_messages) {
  enum { THREADS = 4 };
  pthread_t threads[THREADS];
  uint32_t numbers[THREADS];
  CHECK(pthread_barrier_init(&barrier, NULL, THREADS) == 0);
  for (uint32_t i = 0; i < THREADS; i++) {
    numbers[i] = i;
    CHECK(pthread_create(&threads[i], NULL, fail_in_step, &numbers[i]) == 0);
  }
  for (int i = 0; i < THREADS; i++) CHECK(pthread_join(threads[i], NULL) == 0);
}

/* --- Messages and callbacks --------------------------------------------------- */

/* Sets `data` as the message. */
static void set_message(void *data) {
  OK(gcroots_set_error(data));
}

CASE(a_finalizer_sets_a_message_which_a_failure_replaces) {
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref;
  if (!collects) return;
  OK(gcroots_externref_new(store, "of a finalizer", set_message, &ref));
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_store_gc(store));
  CHECK(strcmp(gcroots_last_error(), "of a finalizer") == 0);
}

/* Refuses to grow, and sets a message. */
static bool refuse_with_message(void *env, gcroots_store_t *of, size_t committed, size_t wanted) {
  (void)env, (void)of, (void)committed, (void)wanted;
  OK(gcroots_set_error("of a growth callback"));
  return false;
}

CASE(the_message_of_a_failed_allocation_replaces_those_of_its_callbacks) {
  gcroots_config_t *config = variant_config(0);
  gcroots_status_t status;
  gcroots_ref_t ref;
  gcroots_store_t *full;
  OK(gcroots_config_set_heap_initial(config, 32 * 1024));
  OK(gcroots_config_set_grow_callback(config, refuse_with_message, NULL));
  full = store_with(config);
  while ((status = gcroots_externref_new(full, NULL, NULL, &ref)) == GCROOTS_OK) {
  }
  CHECK(status == GCROOTS_ERROR_OUT_OF_MEMORY && says("gcroots_externref_new: "));
  OK(gcroots_store_free(full));
}

/* Fails inside a finalizer: gcroots_store_free() is refused there. */
static void fail_in_finalizer(void *data) {
  REFUSED(GCROOTS_ERROR_BUSY, gcroots_store_free(store));
  snprintf(data, 512, "%s", gcroots_last_error());
}

CASE(messages_of_busy_say_what_the_store_does) {
  static char message[512];
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref;
  OK(gcroots_externref_new(store, message, fail_in_finalizer, &ref));
  OK(gcroots_scope_exit(store, scope));
  if (collects) {
    OK(gcroots_store_gc(store));
    CHECK(strstr(message, "finalizer") != NULL);
  } else {
    /* Under the null collector the finalizer runs when the store is deleted. */
    gcroots_store_t *deleted = store;
    OK(gcroots_store_free(deleted));
    store = NULL;
    CHECK(strstr(message, "delet") != NULL);
  }
}

CASE(a_finalizers_failure_leaves_the_callers_status_ok) {
  static char message[512];
  gcroots_scope_t scope = enter();
  gcroots_ref_t ref;
  OK(gcroots_externref_new(store, message, fail_in_finalizer, &ref));
  OK(gcroots_scope_exit(store, scope));
  OK(gcroots_store_gc(store));
  if (collects) CHECK(strcmp(gcroots_last_error(), message) == 0);
  if (!collects) CHECK(gcroots_last_error()[0] == '\0');
}

CASE(the_message_may_be_read_before_the_thread_ever_failed_or_called) {
  pthread_t thread;
  char other[512];
  CHECK(pthread_create(&thread, NULL, read_message, other) == 0);
  CHECK(pthread_join(thread, NULL) == 0);
  CHECK(strcmp(gcroots_last_error(), "") == 0);
}

/* --- Messages without memory, and at a thread's end --------------------------- */

/* Takes the memory that the process has but does not use. */
static void *take_free_memory(void) {
  void *taken = NULL;
  size_t size;
  for (size = 1 << 20; size >= sizeof(void *); size /= 2) {
    void **piece;
    while ((piece = malloc(size)) != NULL) {
      *piece = taken;
      taken = piece;
    }
  }
  return taken;
}

static void give_back(void *taken) {
  while (taken != NULL) {
    void *next = *(void **)taken;
    free(taken);
    taken = next;
  }
}

static void *fail_without_memory(void *nothing) {
  gcroots_status_t first, second;
  bool same, lost, still;
  const char *message;
  void *taken;
  CHECK(strcmp(gcroots_last_error(), "") == 0);
  memory_out(true);
  taken = take_free_memory();
  first = gcroots_store_gc(NULL);
  message = gcroots_last_error();
  lost = says("no memory");
  second = gcroots_store_attach(NULL);
  same = gcroots_last_error() == message;
  give_back(taken);
  memory_out(false);
  CHECK(first == GCROOTS_ERROR_NULL_ARGUMENT && second == GCROOTS_ERROR_NULL_ARGUMENT);
  CHECK(lost && same);
  /* Success gives the thread memory for a message, and leaves the message as it is. */
  OK(gcroots_store_free(new_store(0)));
  still = says("no memory");
  CHECK(still && strcmp(message, gcroots_last_error()) == 0);
  REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_store_gc(NULL));
  CHECK(says("`store`"));
  return nothing;
}

CASE(without_memory_for_a_message_there_is_one_that_says_so) {
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, fail_without_memory, NULL) == 0);
  CHECK(pthread_join(thread, NULL) == 0);
  CHECK(strcmp(gcroots_last_error(), "") == 0);
}

CASE(a_thread_that_has_a_store_has_memory_for_a_message) {
  gcroots_status_t status;
  bool named;
  void *taken;
  memory_out(true);
  taken = take_free_memory();
  status = gcroots_store_gc(NULL);
  named = says("`store`");
  give_back(taken);
  memory_out(false);
  CHECK(status == GCROOTS_ERROR_NULL_ARGUMENT && named);
}

static pthread_key_t first_key, last_key;
static const char *message_of_the_first_round;
static int first_rounds, last_rounds;

/* Fails in each round. The library's own destructor may have had its last round. */
static void fail_while_ending(void *rounds) {
  bool is_first = rounds == &first_rounds;
  CHECK(gcroots_config_set_collector(NULL, 0) == GCROOTS_ERROR_NULL_ARGUMENT);
  CHECK(says("`config`"));
  CHECK(gcroots_store_gc(NULL) == GCROOTS_ERROR_NULL_ARGUMENT);
  CHECK(says("`store`"));
  if (message_of_the_first_round == NULL) message_of_the_first_round = gcroots_last_error();
  CHECK(message_of_the_first_round == gcroots_last_error());
  if (++*(int *)rounds < 4)
    CHECK(pthread_setspecific(is_first ? first_key : last_key, rounds) == 0);
}

static void *leave_keys(void *has_store) {
  if (has_store != NULL) OK(gcroots_store_free(new_store(0)));
  CHECK(pthread_setspecific(first_key, &first_rounds) == 0);
  CHECK(pthread_setspecific(last_key, &last_rounds) == 0);
  return NULL;
}

static void fail_while_a_thread_ends(bool it_had_a_store) {
  pthread_t thread;
  first_rounds = last_rounds = 0;
  message_of_the_first_round = NULL;
  CHECK(pthread_create(&thread, NULL, leave_keys, it_had_a_store ? &thread : NULL) == 0);
  CHECK(pthread_join(thread, NULL) == 0);
  CHECK(first_rounds == 4 && last_rounds == 4);
  CHECK(strcmp(gcroots_last_error(), "") == 0);
}

CASE(a_message_lasts_until_its_thread_has_really_ended) {
  /* The fixture has made the library's key, whose destructor runs before these. */
  CHECK(pthread_key_create(&first_key, fail_while_ending) == 0);
  CHECK(pthread_key_create(&last_key, fail_while_ending) == 0);
  fail_while_a_thread_ends(true);
  fail_while_a_thread_ends(false);
}

static void *fail_once(void *nothing) {
  CHECK(gcroots_store_gc(NULL) == GCROOTS_ERROR_NULL_ARGUMENT);
  return nothing;
}

CASE(messages_of_ended_threads_are_freed) {
  size_t before = 0, after;
  int i;
  for (i = 0; i < 11000; ++i) {
    pthread_t thread;
    if (i == 1000) before = resident_bytes();
    CHECK(pthread_create(&thread, NULL, fail_once, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
  }
  after = resident_bytes();
  if (after > before + 1024 * 1024)
    check_fail(__FILE__, __LINE__, "%zu bytes before, %zu after", before, after);
}

CASE(the_version_is_that_of_the_header) {
  char parts[64];
  snprintf(parts, sizeof parts, "%d.%d.%d", GCROOTS_VERSION_MAJOR, GCROOTS_VERSION_MINOR,
           GCROOTS_VERSION_PATCH);
  CHECK(strcmp(gcroots_version(), GCROOTS_VERSION) == 0);
  /* A pre-release has a hyphen and its name after the numbers. */
  CHECK(strncmp(GCROOTS_VERSION, parts, strlen(parts)) == 0);
  CHECK(strchr("-", GCROOTS_VERSION[strlen(parts)]) != NULL);
  CHECK(gcroots_version() == gcroots_version());
}
