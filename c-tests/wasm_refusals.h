/* Functions of gcroots_wasm.h refuse what the functions of gcroots.h under them refuse. */
#ifndef WASM_REFUSALS_H
#define WASM_REFUSALS_H

#include <gcroots_wasm.h>

#include "refusals.h"

/* What was wrong: the last message without the name of the function. */
static inline const char *last_reason(void) {
  const char *colon = strchr(gcroots_last_error(), ':');
  return colon == NULL ? "" : colon;
}

/* `call` returns `false` or NULL. Its reason is that of `model`, a call of gcroots.h,
   and so is its message, which may name another function of gcroots.h. Neither call changes
   a count. */
#define REFUSED_AS(expected, model, call)                             \
  do {                                                                \
    char check_reason[512];                                           \
    struct check_counts check_before;                                 \
    REFUSED(expected, model);                                         \
    snprintf(check_reason, sizeof check_reason, "%s", last_reason()); \
    leave_another_message();                                          \
    check_before = check_count();                                     \
    CHECK(!(call));                                                   \
    CHECK(strcmp(last_reason(), check_reason) == 0);                  \
    CHECK(same_counts(check_before, check_count()));                  \
  } while (0)

/* Leaves a message that no other call here leaves. */
static inline void leave_another_message(void) {
  REFUSED_AFTER_COLLECTION(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_config_set_poison(NULL, true));
}

static inline bool another_message_is_still_there(void) {
  return strcmp(gcroots_last_error(), "gcroots_config_set_poison: `config` is NULL") == 0;
}

static inline bool same_counts(struct check_counts a, struct check_counts b) {
  return memcmp(&a, &b, sizeof a) == 0;
}

static inline wasm_externref_t untouched_wasm(void) {
  wasm_externref_t pattern = {untouched()};
  return pattern;
}

static inline wasm_externref_t null_wasm(void) {
  wasm_externref_t ref;
  wasm_externref_set_null(&ref);
  return ref;
}

#endif
