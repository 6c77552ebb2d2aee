/* Marks on objects, and the objects of a structure that need labels. */
#include "marks.h"

#include "growing.h"

/* --- The table ------------------------------------------------------------------------ */

struct entry {
  uint64_t key;
  uint32_t mark;
};
static struct entry *entries; /* open addressing; the key 0 is free */
static size_t capacity, used;

static struct entry *find_entry(uint64_t key) {
  size_t at = (size_t)(key * 0x9e3779b97f4a7c15u >> 20) & (capacity - 1);
  while (entries[at].key != 0 && entries[at].key != key) at = (at + 1) & (capacity - 1);
  return &entries[at];
}

static void resize(size_t larger) {
  struct entry *const old = entries;
  const size_t old_capacity = capacity;
  struct entry *made = calloc(larger, sizeof *made);
  if (made == NULL) library_failed(GCROOTS_ERROR_OUT_OF_MEMORY);
  entries = made;
  capacity = larger;
  for (size_t i = 0; i < old_capacity; i++)
    if (old[i].key != 0) *find_entry(old[i].key) = old[i];
  free(old);
}

void marks_clear(void) {
  if (capacity > 4096) { /* large ones are rare, and cost time to clear */
    free(entries);
    entries = NULL;
    capacity = 0;
  }
  if (entries != NULL) memset(entries, 0, capacity * sizeof *entries);
  used = 0;
}

uint32_t *mark_of(uint64_t key) {
  if (2 * (used + 1) > capacity) resize(capacity == 0 ? 64 : 2 * capacity);
  struct entry *entry = find_entry(key);
  if (entry->key == 0) {
    entry->key = key;
    entry->mark = 0;
    used++;
  }
  return &entry->mark;
}

/* --- Traversal ------------------------------------------------------------------------ */

/* What is left to do: visit a value, or leave an object whose parts are done. */
struct step {
  value v;
  bool leaves;
};
static struct step *steps;
static size_t step_count, step_capacity;

static void push_step(value v, bool leaves) {
  if (step_count == step_capacity) steps = grown(steps, &step_capacity, sizeof *steps);
  steps[step_count++] = (struct step){v, leaves};
}

enum { ENTERED = 1, LEFT = 2 };

/* Visits a pair or a vector. Returns whether it was met before, in a way that asks for a label. */
static bool visit(value v, enum labelling labelling) {
  uint32_t *mark = mark_of(v);
  if (*mark != 0) {
    const bool repeats = labelling == SHARED || *mark == ENTERED || *mark == LABELLED;
    if (repeats) *mark = LABELLED;
    return repeats;
  }
  *mark = ENTERED;
  push_step(v, true);
  if (is_pair(v)) {
    push_step(cdr(v), false);
    push_step(car(v), false);
  } else {
    for (uint32_t i = VECTOR_AT(v)->length; i > 0; i--) push_step(VECTOR_AT(v)->at[i - 1], false);
  }
  return false;
}

/* Does a step. Returns true if it finds an object to label. */
static bool take_step(enum labelling labelling) {
  const struct step step = steps[--step_count];
  if (step.leaves) {
    uint32_t *mark = mark_of(step.v);
    if (*mark == ENTERED) *mark = LEFT;
    return false;
  }
  return (is_pair(step.v) || is_kind(step.v, VECTOR)) && visit(step.v, labelling);
}

bool find_labels(value v, enum labelling labelling) {
  bool found = false;
  if (labelling == NO_LABELS || (!is_pair(v) && !is_kind(v, VECTOR))) return false;
  marks_clear();
  step_count = 0;
  push_step(v, false);
  while (step_count > 0) found = take_step(labelling) || found;
  return found;
}

bool is_circular_program(value program, value quote) {
  marks_clear();
  step_count = 0;
  push_step(program, false);
  while (step_count > 0) {
    const struct step top = steps[step_count - 1];
    if (!top.leaves && is_pair(top.v) && car(top.v) == quote)
      step_count--;
    else if (take_step(CYCLES))
      return true;
  }
  return false;
}
