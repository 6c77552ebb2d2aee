/* A proof of the fast paths of handles, scopes and roots in include/gcroots_inline.h.
 *
 * This file includes the header and calls its functions. ESBMC, a bounded model checker, reads both
 * as C and searches all executions at once, for all bits of handles, tokens and generations. So the
 * proof is about the code that callers compile. scripts/models runs the proof, and the faults that
 * it must find.
 *
 * The method
 * ----------
 * The proof is an induction over the operations of a store.
 *
 *   The base  A new store satisfies the invariant.
 *   The step  A store is in any state that satisfies the invariant. One operation with any
 * arguments follows. Its answer satisfies the properties, and the invariant holds after it.
 *
 * Together they cover sequences of any length. The functions `invariant...` have the invariant. It
 * compares the store with the ghost state: what each root and each scope is, whatever the store
 * says. The ghost state follows from the answers of the operations alone.
 *
 * Properties
 * ----------
 *   resolve   A handle with any bits resolves exactly if it names a live root, and gives that
 *             root's reference.
 *   once      No handle names two roots, and no scope's token names two scopes.
 *   ends      A root ends exactly when its scope ends, or when it is unrooted. Only the innermost
 *             scope can be left.
 *   refuse    A fast path that leaves the call to the library has changed nothing. If the thread
 *             may not call the store, or the layout is another, each call is left to the library.
 *   young     Each root that was made or assigned since the last collection is among those that
 *             the next minor collection scans (HEAP-93). This is part of the invariant.
 *
 * ESBMC also checks that each access is inside of an array or object. The arrays below have the
 * elements of their capacities, so the sentinel is the last slot that may be read.
 *
 * The stubs
 * ---------
 * The functions of the library are stubs here, which keep the contracts of those in src. Rust tests
 * test those.
 *
 *   - A stub accepts only handles and scopes that the ghost state has. It may refuse any call, as
 *     for lack of memory, and then changes nothing.
 *   - A push retires slots without a generation left, and jumps over them (roots/lifo.rs). The jump
 *     is any odd number, because the header never follows it.
 *   - An array that grows moves, and its new slots begin at their floors (roots/slots.rs).
 *   - What else the program and the library do are operations too: collections that move objects,
 *     arrays that grow in advance and shrink, callbacks, unwinding, roots that other threads have
 *     queued, trimming.
 *
 * Bounds
 * ------
 * An array of slots has 0 or 3 slots (64 and more in the library), and there are 4 records of
 * scopes (16 and more). So an array grows when it has no roots, and a full one refuses to grow.
 * Generations, serial numbers, store ids, references and counts are as wide as in the library.
 *
 * What is left out
 * ----------------
 * The heap, and so the fast paths of objects: they make roots with the functions that this proof
 * covers. Other threads: they may queue roots between two operations, and not in the middle of one
 * (tests/loom.rs). More than 2^64 scopes.
 *
 * Switches
 * --------
 *   BEGIN        the base of the induction
 *   OPERATION=O  the step with this operation: a name in the list below
 *   REACH        The step must fail where the fast path has done the operation. That shows that no
 *                assumption excludes it.
 */
/* ESBMC does not know vectors. */
#define GCROOTS_INLINE_WITHOUT_VECTORS
#include "gcroots_inline.h"

#ifndef GCROOTS_INLINE_LIKELY
#error "the header has no fast paths for the platform that ESBMC has"
#endif

#ifndef OPERATION
#define OPERATION NOTHING
#endif

enum operation {
  NOTHING,
  /* those with a fast path */
  SCOPE_ENTER,
  SCOPE_EXIT,
  SCOPE_ESCAPE,
  LOCAL_NEW,
  REF_ASSIGN,
  TO_MANUALLY_ROOTED,
  CLONE,
  UNROOT,
  TO_ROOTED,
  NO_GC_ENTER,
  NO_GC_EXIT,
  TO_RAW,
  IS_NULL,
  /* what else the program and the library do */
  COLLECT,
  GROW_SCOPED,
  GROW_MANUAL,
  SHRINK_SCOPED,
  SHRINK_MANUAL,
  BEGIN_CALLBACK,
  UNWIND,
  DRAIN,
  TRIM
};

#define SLOTS 3u   /* the slots of an array that has any */
#define RECORDS 4u /* the records of scopes */
#define RETIRED UINT32_MAX
#define LAST (RETIRED - 1)         /* the last generation of a scoped root */
#define RETIRED_EVEN (RETIRED - 1) /* the generation of a retired manual slot */
#define MANUAL 0x80000000u
#define FREE_END 0x7fffffffu

void __ESBMC_assume(bool);
void __ESBMC_assert(bool, const char *);
bool nondet_bool(void);
uint8_t nondet_u8(void);
uint32_t nondet_u32(void);
uint64_t nondet_u64(void);
struct gcroots_inline_store nondet_store(void);

#define CHECK(condition, property) __ESBMC_assert(condition, property)

__thread uint64_t gcroots_thread_token;

/* --- The store and its memory ---------------------------------------------------------- */

static struct gcroots_inline_store store;
#define STORE ((gcroots_store_t *)&store)

/* Each array of slots ends in its sentinel. */
static struct gcroots_inline_slot scoped_none[1], scoped_some[SLOTS + 1];
static struct gcroots_inline_slot manual_none[1], manual_some[SLOTS + 1];
static struct gcroots_inline_scope records[RECORDS];

static uint32_t scoped_capacity, manual_capacity;

/* --- The ghost state -------------------------------------------------------------------- */

/* The roots of a slot: its newest root, which may have ended. */
struct roots {
  uint32_t issued; /* no handle with a greater generation was made */
  uint32_t floor;  /* the generation at which the slot begins when it gets memory */
  uint32_t reference;
  uint32_t depth; /* the depth of the root's scope */
  bool is_live;
  bool is_young; /* made or assigned since the last collection */
};
static struct roots scoped[SLOTS], manual[SLOTS];

/* An open scope. That at depth 0 is the store's own. Callbacks have serial 0. */
struct scope {
  uint64_t serial;
  uint32_t spans; /* the open no-GC spans when it began */
};
static struct scope scopes[RECORDS];
static uint32_t depth, spans;
static uint64_t manual_live;   /* the number of live manual roots */
static uint64_t serial_issued; /* no scope with a greater serial was made */

static bool library_called;

/* The root that a handle names, or null. */
static struct roots *root_of(gcroots_ref_t ref) {
  uint32_t i;
  if (ref.store_id != store.id) return NULL;
  for (i = 0; i < SLOTS; i++) {
    if (ref.index == i && scoped[i].is_live && ref.generation == scoped[i].issued)
      return &scoped[i];
    if (ref.index == (i | MANUAL) && manual[i].is_live && ref.generation == manual[i].issued)
      return &manual[i];
  }
  return NULL;
}

/* Whether a handle is null or names a live root, and its reference. */
static bool resolves(gcroots_ref_t ref, uint32_t *reference) {
  const struct roots *root = root_of(ref);
  *reference = root != NULL ? root->reference : 0;
  return root != NULL || ref.store_id == 0;
}

static bool is_innermost(gcroots_scope_t scope) {
  return scope.store_id == store.id && scope.serial != 0 && scope.serial == scopes[depth].serial;
}

static void note_root(struct roots *root, uint32_t generation, uint32_t reference) {
  CHECK(!root->is_live, "ends: a new root has the slot of a live one");
  CHECK(generation > root->issued, "once: a handle names two roots");
  root->issued = generation;
  root->reference = reference;
  root->depth = depth;
  root->is_live = true;
  root->is_young = true;
}

static void note_scoped(gcroots_ref_t made, uint32_t reference) {
  uint32_t i;
  CHECK(made.store_id == store.id && made.index < scoped_capacity, "once: a scoped handle's bits");
  for (i = 0; i < SLOTS; i++)
    if (made.index == i) note_root(&scoped[i], made.generation, reference);
}

static void note_manual(gcroots_ref_t made, uint32_t reference) {
  uint32_t i;
  CHECK(made.store_id == store.id && (made.index & MANUAL) != 0 &&
            (made.index & ~MANUAL) < manual_capacity,
        "once: a manual handle's bits");
  manual_live++;
  for (i = 0; i < SLOTS; i++)
    if (made.index == (i | MANUAL)) note_root(&manual[i], made.generation, reference);
}

/* Notes that a live manual root has ended. */
static void note_unrooted(uint32_t index) {
  uint32_t i;
  for (i = 0; i < SLOTS; i++)
    if (i == index) manual[i].is_live = false;
  manual_live--;
}

/* Ends the scopes that are deeper than `outer`. */
static void note_exit(uint32_t outer) {
  uint32_t i;
  if (outer < RECORDS - 1) spans = scopes[outer + 1].spans;
  depth = outer;
  for (i = 0; i < SLOTS; i++)
    if (scoped[i].depth > outer) scoped[i].is_live = false;
}

/* --- The invariant ------------------------------------------------------------------------ */

#define HOLDS(condition)                          \
  do {                                            \
    if (is_assumed)                               \
      __ESBMC_assume(condition);                  \
    else                                          \
      CHECK(condition, "invariant: " #condition); \
  } while (0)

static void invariant_of_scoped(bool is_assumed) {
  const struct gcroots_inline_slot *const slots = scoped_some;
  uint32_t i, d;
  HOLDS(scoped_capacity == 0 || scoped_capacity == SLOTS);
  HOLDS(store.scoped_slots == (scoped_capacity == 0 ? scoped_none : scoped_some));
  HOLDS(store.scoped_length <= scoped_capacity);
  HOLDS(store.scoped_old <= store.scoped_length);
  HOLDS(scoped_none[0].generation == RETIRED && slots[SLOTS].generation == RETIRED);
  for (i = 0; i < SLOTS; i++) {
    const struct roots *root = &scoped[i];
    HOLDS(root->floor < LAST && root->issued <= LAST);
    HOLDS(!root->is_live || i < store.scoped_length);
    if (i >= scoped_capacity) {
      HOLDS(root->issued <= root->floor);
      continue;
    }
    HOLDS(root->issued <= slots[i].generation);
    HOLDS(slots[i].generation != RETIRED || (slots[i].reference & 1) != 0);
    /* Below the length, a slot is in use or retired. */
    if (i < store.scoped_length) HOLDS(root->is_live == (slots[i].generation != RETIRED));
    if (!root->is_live) continue;
    HOLDS(slots[i].generation == root->issued && slots[i].reference == root->reference);
    HOLDS(!root->is_young || i >= store.scoped_old);
    HOLDS(root->depth <= depth);
    for (d = 1; d < RECORDS; d++)
      if (d <= depth) HOLDS((records[d].scoped_length <= i) == (root->depth >= d));
  }
}

/* Whether a manual slot is free. Retired slots are not. */
static bool is_free(uint32_t index) {
  const uint32_t generation = manual_some[index].generation;
  return index < store.manual_used && (generation & 1) == 0 && generation != RETIRED_EVEN;
}

/* Whether the free list has a slot behind `link`, or ends there. */
static bool leads_to_free(uint32_t link) {
  bool leads = link == FREE_END;
  uint32_t i;
  for (i = 0; i < SLOTS; i++) leads |= link == i && is_free(i);
  return leads;
}

static void invariant_of_manual(bool is_assumed) {
  const struct gcroots_inline_slot *const slots = manual_some;
  uint32_t i, j;
  HOLDS(manual_capacity == 0 || manual_capacity == SLOTS);
  HOLDS(store.manual_slots == (manual_capacity == 0 ? manual_none : manual_some));
  HOLDS(store.manual_used <= manual_capacity);
  HOLDS(store.manual_created - store.manual_released == manual_live);
  HOLDS(store.manual_group_shift < 32);
  for (i = 0; i < SLOTS; i++) {
    const struct roots *root = &manual[i];
    HOLDS(root->floor < RETIRED_EVEN && (root->floor & 1) == 0 && root->issued < RETIRED_EVEN);
    HOLDS(!root->is_live || i < store.manual_used);
    if (i >= manual_capacity) {
      HOLDS(root->issued <= root->floor);
      continue;
    }
    HOLDS(root->issued <= slots[i].generation && slots[i].generation != RETIRED);
    HOLDS(root->is_live == ((slots[i].generation & 1) != 0));
    if (root->is_live) {
      HOLDS(slots[i].generation == root->issued && slots[i].reference == root->reference);
      HOLDS(!root->is_young || store.manual_groups[i >> store.manual_group_shift & 63]);
    } else if (slots[i].generation == RETIRED_EVEN) {
      HOLDS(slots[i].reference == 0);
    }
  }
  /* The free list has an end: each of its links leads to another free slot, and no two links lead
     to the same slot. */
  HOLDS(leads_to_free(store.manual_free));
  for (i = 0; i < SLOTS; i++) {
    const uint32_t link = slots[i].reference >> 1;
    if (!is_free(i)) continue;
    HOLDS((slots[i].reference & 1) != 0 && leads_to_free(link));
    HOLDS(link != store.manual_free || link == FREE_END);
    for (j = 0; j < i; j++)
      HOLDS(!is_free(j) || link != slots[j].reference >> 1 || link == FREE_END);
  }
}

static void invariant_of_scopes(bool is_assumed) {
  uint32_t d;
  uint64_t named = 0;
  HOLDS(depth < RECORDS && store.scope_top == records + depth);
  HOLDS(store.scope_end == records + (RECORDS - 1));
  HOLDS(serial_issued < store.scope_next_serial);
  HOLDS(records[0].serial == 0 && records[0].scoped_length == 0 && records[0].no_gc_spans == 0);
  HOLDS(store.no_gc_spans == spans);
  for (d = 0; d < RECORDS; d++) {
    if (d > depth) continue;
    HOLDS(records[d].serial == scopes[d].serial && records[d].no_gc_spans == scopes[d].spans);
    HOLDS(records[d].scoped_length <=
          (d < depth ? records[d + 1].scoped_length : store.scoped_length));
    HOLDS(scopes[d].spans <= (d < depth ? scopes[d + 1].spans : spans));
    HOLDS(scopes[d].serial == 0 || scopes[d].serial > named);
    HOLDS(scopes[d].serial <= serial_issued);
    if (scopes[d].serial != 0) named = scopes[d].serial;
  }
}

static void invariant(bool is_assumed) {
  HOLDS(store.id != 0);
  invariant_of_scopes(is_assumed);
  invariant_of_scoped(is_assumed);
  invariant_of_manual(is_assumed);
}

/* Compares the store with a copy from before the call, as the library's function begins. */
static struct gcroots_inline_store before;
static struct gcroots_inline_slot before_scoped[SLOTS], before_manual[SLOTS];

static void remember(void) {
  uint32_t i;
  before = store;
  for (i = 0; i < SLOTS; i++) {
    before_scoped[i] = scoped_some[i];
    before_manual[i] = manual_some[i];
  }
}

static bool same(const struct gcroots_inline_slot *a, const struct gcroots_inline_slot *b) {
  return a->generation == b->generation && a->reference == b->reference;
}

static void begin_library(void) {
  bool is_same =
      before.scoped_length == store.scoped_length && before.scoped_old == store.scoped_old &&
      before.scope_top == store.scope_top && before.scope_next_serial == store.scope_next_serial &&
      before.no_gc_spans == store.no_gc_spans &&
      before.counted_releases == store.counted_releases &&
      before.manual_used == store.manual_used && before.manual_free == store.manual_free &&
      before.manual_created == store.manual_created &&
      before.manual_released == store.manual_released;
  uint32_t i;
  for (i = 0; i < SLOTS; i++)
    is_same = is_same && same(&before_scoped[i], &scoped_some[i]) &&
              same(&before_manual[i], &manual_some[i]);
  CHECK(is_same, "refuse: a fast path changes something and calls the library");
  library_called = true;
}

/* --- The stubs ---------------------------------------------------------------------------- */

#define REFUSED GCROOTS_ERROR_INVALID_ARGUMENT /* any status but GCROOTS_OK */

static void end_slots(struct gcroots_inline_slot *sentinel) {
  sentinel->generation = RETIRED;
  sentinel->reference = 0;
}

/* More memory for slots, which move. The system may refuse it. */
static bool grow(struct gcroots_inline_slot **slots, struct gcroots_inline_slot *to,
                 uint32_t *capacity, const struct roots *roots) {
  uint32_t i;
  if (*capacity != 0 || nondet_bool()) return false;
  for (i = 0; i < SLOTS; i++) {
    to[i].generation = roots[i].floor;
    to[i].reference = 0;
  }
  end_slots(&to[SLOTS]);
  *slots = to;
  *capacity = SLOTS;
  return true;
}

static bool grow_scoped(void) {
  return grow(&store.scoped_slots, scoped_some, &scoped_capacity, scoped);
}

static bool grow_manual(void) {
  return grow(&store.manual_slots, manual_some, &manual_capacity, manual);
}

/* Gives back all slots. Their floors become at least what they have issued. Nothing is given back
   if a slot is worn. `even` is 1 if floors are even. */
static void shrink(struct gcroots_inline_slot **slots, struct gcroots_inline_slot *none,
                   uint32_t *capacity, uint32_t used, struct roots *roots, uint32_t even) {
  const uint32_t floor = nondet_u32();
  uint32_t i;
  if (*capacity == 0 || used != 0) return;
  __ESBMC_assume(floor < LAST && (floor & even) == 0);
  for (i = 0; i < SLOTS; i++)
    if ((*slots)[i].generation > floor) return;
  for (i = 0; i < SLOTS; i++) roots[i].floor = floor;
  *slots = none;
  *capacity = 0;
}

/* LifoRoots::push_at: truncates the roots and makes one. */
static bool push_at(uint32_t length, uint32_t reference, gcroots_ref_t *out) {
  uint32_t i, index = length;
  for (i = 0; i < SLOTS; i++)
    if (index < scoped_capacity && scoped_some[index].generation >= LAST) index++;
  if (index == scoped_capacity && !grow_scoped()) return false;
  for (i = 0; i < SLOTS; i++) {
    if (i < length || i >= index) continue;
    scoped_some[i].generation = RETIRED;
    scoped_some[i].reference = nondet_u32() | 1;
  }
  if (index < store.scoped_old) store.scoped_old = index;
  scoped_some[index].generation++;
  scoped_some[index].reference = reference;
  store.scoped_length = index + 1;
  out->store_id = store.id;
  out->generation = scoped_some[index].generation;
  out->index = index;
  return true;
}

/* FreeListSlots::link_free: puts the free slots in front of the free list. */
static void link_free(uint32_t from, uint32_t to) {
  uint32_t i;
  for (i = SLOTS; i-- > 0;) {
    struct gcroots_inline_slot *slot;
    if (i < from || i >= to) continue;
    slot = &manual_some[i];
    if ((slot->generation & 1) != 0 || slot->generation == RETIRED_EVEN) continue;
    slot->reference = store.manual_free << 1 | 1;
    store.manual_free = i;
  }
}

/* FreeListSlots::release: a slot without a generation left is retired. */
static void release(uint32_t index) {
  uint32_t i;
  for (i = 0; i < SLOTS; i++) {
    struct gcroots_inline_slot *const slot = &manual_some[i];
    if (i != index) continue;
    slot->generation++;
    slot->reference = 0;
    if (slot->generation != RETIRED_EVEN) {
      slot->reference = store.manual_free << 1 | 1;
      store.manual_free = i;
    }
  }
  store.manual_released++;
}

/* Ends a root that another thread has queued. */
static void drain(void) {
  const uint32_t index = nondet_u32();
  if (index >= SLOTS || !manual[index].is_live) return;
  release(index);
  note_unrooted(index);
}

/* ManualRoots::create. */
static bool root(uint32_t reference, gcroots_manually_rooted_t *out) {
  uint32_t i, index;
  if (store.manual_free == FREE_END) {
    const uint32_t used = store.manual_used;
    if (used == manual_capacity && !grow_manual()) return false;
    store.manual_used = manual_capacity;
    link_free(used, manual_capacity);
    /* The new slots may be retired ones that were trimmed. */
    if (store.manual_free == FREE_END) return false;
  }
  index = store.manual_free;
  out->ref.store_id = store.id;
  out->ref.index = index | MANUAL;
  for (i = 0; i < SLOTS; i++) {
    struct gcroots_inline_slot *const slot = &manual_some[i];
    if (i != index) continue;
    store.manual_free = slot->reference >> 1;
    out->ref.generation = ++slot->generation;
    slot->reference = reference;
  }
  store.manual_groups[index >> store.manual_group_shift & 63] = true;
  store.manual_created++;
  return true;
}

/* Leaves the scopes that are deeper than `outer`. */
static void leave(uint32_t outer) {
  store.no_gc_spans = records[outer + 1].no_gc_spans;
  store.scoped_length = records[outer + 1].scoped_length;
  if (store.scoped_length < store.scoped_old) store.scoped_old = store.scoped_length;
  store.scope_top = records + outer;
}

gcroots_status_t(gcroots_scope_enter)(gcroots_store_t *s, gcroots_scope_t *out) {
  struct gcroots_inline_scope *record;
  begin_library();
  if (s == NULL || out == NULL || nondet_bool()) return REFUSED;
  if (depth + 1 >= RECORDS - 1) return REFUSED;
  record = ++store.scope_top;
  record->serial = store.scope_next_serial++;
  record->scoped_length = store.scoped_length;
  record->no_gc_spans = store.no_gc_spans;
  out->store_id = store.id;
  out->serial = record->serial;
  return GCROOTS_OK;
}

gcroots_status_t(gcroots_scope_exit)(gcroots_store_t *s, gcroots_scope_t scope) {
  begin_library();
  if (s == NULL || !is_innermost(scope) || nondet_bool()) return REFUSED;
  leave(depth - 1);
  return GCROOTS_OK;
}

gcroots_status_t(gcroots_scope_escape)(gcroots_store_t *s, gcroots_scope_t scope, gcroots_ref_t ref,
                                       gcroots_ref_t *out) {
  uint32_t reference;
  begin_library();
  if (s == NULL || out == NULL || !is_innermost(scope) || !resolves(ref, &reference) ||
      reference == 0 || nondet_bool() || !push_at(records[depth].scoped_length, reference, out))
    return REFUSED;
  store.no_gc_spans = records[depth].no_gc_spans;
  store.scope_top--;
  return GCROOTS_OK;
}

gcroots_status_t(gcroots_no_gc_enter)(gcroots_store_t *s) {
  begin_library();
  return REFUSED;
}

gcroots_status_t(gcroots_no_gc_exit)(gcroots_store_t *s) {
  begin_library();
  return REFUSED;
}

gcroots_status_t(gcroots_local_new)(gcroots_store_t *s, gcroots_ref_t ref, gcroots_ref_t *out) {
  uint32_t reference;
  begin_library();
  if (s == NULL || out == NULL || !resolves(ref, &reference) || nondet_bool() ||
      !push_at(store.scoped_length, reference, out))
    return REFUSED;
  return GCROOTS_OK;
}

gcroots_status_t(gcroots_local_is_null)(gcroots_store_t *s, gcroots_ref_t ref, bool *out) {
  uint32_t reference;
  begin_library();
  if (s == NULL || out == NULL || !resolves(ref, &reference) || nondet_bool()) return REFUSED;
  *out = reference == 0;
  return GCROOTS_OK;
}

gcroots_status_t(gcroots_ref_to_raw)(gcroots_store_t *s, gcroots_ref_t ref, uint32_t *out) {
  uint32_t reference;
  begin_library();
  if (s == NULL || out == NULL || !resolves(ref, &reference) || nondet_bool()) return REFUSED;
  *out = reference;
  return GCROOTS_OK;
}

gcroots_status_t(gcroots_ref_assign)(gcroots_store_t *s, gcroots_ref_t dst, gcroots_ref_t src) {
  uint32_t reference;
  begin_library();
  if (s == NULL || root_of(dst) == NULL || (dst.index & MANUAL) != 0 ||
      !resolves(src, &reference) || nondet_bool())
    return REFUSED;
  scoped_some[dst.index].reference = reference;
  if (dst.index < store.scoped_old) store.scoped_old = dst.index;
  return GCROOTS_OK;
}

static gcroots_status_t root_a_copy(gcroots_store_t *s, gcroots_ref_t ref,
                                    gcroots_manually_rooted_t *out) {
  uint32_t reference;
  begin_library();
  if (s == NULL || out == NULL || !resolves(ref, &reference) || reference == 0 || nondet_bool() ||
      !root(reference, out))
    return REFUSED;
  return GCROOTS_OK;
}

gcroots_status_t(gcroots_ref_to_manually_rooted)(gcroots_store_t *s, gcroots_ref_t ref,
                                                 gcroots_manually_rooted_t *out) {
  return root_a_copy(s, ref, out);
}

gcroots_status_t(gcroots_manually_rooted_clone)(gcroots_store_t *s,
                                                gcroots_manually_rooted_t handle,
                                                gcroots_manually_rooted_t *out) {
  return root_a_copy(s, handle.ref, out);
}

gcroots_status_t(gcroots_manually_rooted_unroot)(gcroots_store_t *s,
                                                 gcroots_manually_rooted_t *handle) {
  begin_library();
  if (s == NULL || handle == NULL || root_of(handle->ref) == NULL ||
      (handle->ref.index & MANUAL) == 0 || nondet_bool())
    return REFUSED;
  release(handle->ref.index & ~MANUAL);
  handle->ref = gcroots_inline_null();
  return GCROOTS_OK;
}

gcroots_status_t(gcroots_manually_rooted_to_rooted)(gcroots_store_t *s,
                                                    gcroots_manually_rooted_t handle,
                                                    gcroots_ref_t *out) {
  uint32_t reference;
  begin_library();
  if (s == NULL || out == NULL || !resolves(handle.ref, &reference) || nondet_bool() ||
      !push_at(store.scoped_length, reference, out))
    return REFUSED;
  return GCROOTS_OK;
}

/* --- What the library does besides -------------------------------------------------------- */

/* A collection moves objects. No root refers to a young object after it. */
static void collect(void) {
  uint32_t i;
  for (i = 0; i < SLOTS; i++) {
    if (scoped[i].is_live) scoped_some[i].reference = scoped[i].reference = nondet_u32();
    if (manual[i].is_live) manual_some[i].reference = manual[i].reference = nondet_u32();
    scoped[i].is_young = manual[i].is_young = false;
  }
  store.scoped_old = store.scoped_length;
  for (i = 0; i < 64; i++) store.manual_groups[i] = false;
}

/* Takes free slots at the end out of the part that collectors scan. */
static void trim(void) {
  const uint32_t used = nondet_u32();
  uint32_t i;
  if (used > store.manual_used) return;
  for (i = 0; i < SLOTS; i++)
    if (i >= used && manual[i].is_live) return;
  store.manual_used = used;
  store.manual_free = FREE_END;
  link_free(0, used);
}

/* Begins a callback. Its record may be the last one. */
static void begin_callback(void) {
  if (depth + 1 >= RECORDS) return;
  store.scope_top++;
  store.scope_top->serial = 0;
  store.scope_top->scoped_length = store.scoped_length;
  store.scope_top->no_gc_spans = store.no_gc_spans;
  depth++;
  scopes[depth].serial = 0;
  scopes[depth].spans = spans;
}

/* Leaves a callback, or unwinds a scope: all scopes from some depth on end. */
static void unwind(void) {
  const uint32_t outer = nondet_u32();
  if (outer >= depth) return;
  leave(outer);
  note_exit(outer);
}

/* --- The operations ----------------------------------------------------------------------- */

static gcroots_ref_t any_handle(void) {
  gcroots_ref_t ref;
  ref.store_id = nondet_u64();
  ref.generation = nondet_u32();
  ref.index = nondet_u32();
  return ref;
}

static void operate(enum operation operation) {
  gcroots_ref_t ref = any_handle(), other = any_handle(), made;
  gcroots_ref_t *out = nondet_bool() ? &made : NULL;
  gcroots_manually_rooted_t handle, rooted, *out_rooted = nondet_bool() ? &rooted : NULL;
  gcroots_scope_t scope, entered, *out_scope = nondet_bool() ? &entered : NULL;
  gcroots_store_t *const s = nondet_bool() ? STORE : NULL;
  uint32_t reference;
  bool is_good = resolves(ref, &reference) && s != NULL;
  handle.ref = ref;
  scope.store_id = nondet_u64();
  scope.serial = nondet_u64();
  store.entry = nondet_u64();
  store.manual_queue = nondet_u32();
  __ESBMC_assume(store.scope_next_serial < UINT64_MAX);
  remember();
  library_called = false;

  switch (operation) {
    case SCOPE_ENTER:
      if (gcroots_scope_enter(s, out_scope) != GCROOTS_OK) break;
      CHECK(s != NULL && entered.store_id == store.id && entered.serial > serial_issued,
            "once: a serial number names two scopes");
      CHECK(depth + 1 < RECORDS, "bounds: more scopes than records");
      serial_issued = entered.serial;
      depth++;
      scopes[depth].serial = entered.serial;
      scopes[depth].spans = spans;
      break;
    case SCOPE_EXIT:
      is_good = s != NULL && is_innermost(scope);
      if (gcroots_scope_exit(s, scope) != GCROOTS_OK) break;
      CHECK(is_good, "ends: a scope that is not the innermost one is left");
      note_exit(depth - 1);
      break;
    case SCOPE_ESCAPE:
      is_good = is_good && is_innermost(scope) && reference != 0;
      if (gcroots_scope_escape(s, scope, ref, out) != GCROOTS_OK) break;
      CHECK(is_good, "resolve: scope_escape");
      note_exit(depth - 1);
      note_scoped(made, reference);
      break;
    case LOCAL_NEW:
      if (gcroots_local_new(s, ref, out) != GCROOTS_OK) break;
      CHECK(is_good, "resolve: local_new");
      note_scoped(made, reference);
      break;
    case REF_ASSIGN: {
      struct roots *root = root_of(other);
      if (gcroots_ref_assign(s, other, ref) != GCROOTS_OK) break;
      CHECK(is_good && root != NULL && (other.index & MANUAL) == 0, "resolve: ref_assign");
      if (root == NULL) break;
      root->reference = reference;
      root->is_young = true;
      break;
    }
    case TO_MANUALLY_ROOTED:
      if (gcroots_ref_to_manually_rooted(s, ref, out_rooted) != GCROOTS_OK) break;
      CHECK(is_good && reference != 0, "resolve: ref_to_manually_rooted");
      note_manual(rooted.ref, reference);
      break;
    case CLONE:
      if (gcroots_manually_rooted_clone(s, handle, out_rooted) != GCROOTS_OK) break;
      CHECK(is_good && reference != 0, "resolve: manually_rooted_clone");
      note_manual(rooted.ref, reference);
      break;
    case UNROOT:
      is_good = is_good && root_of(ref) != NULL && (ref.index & MANUAL) != 0;
      if (gcroots_manually_rooted_unroot(s, nondet_bool() ? &handle : NULL) != GCROOTS_OK) break;
      CHECK(is_good, "resolve: unroot");
      CHECK(handle.ref.store_id == 0, "resolve: the handle of an unrooted root");
      note_unrooted(ref.index & ~MANUAL);
      break;
    case TO_ROOTED:
      if (gcroots_manually_rooted_to_rooted(s, handle, out) != GCROOTS_OK) break;
      CHECK(is_good, "resolve: manually_rooted_to_rooted");
      note_scoped(made, reference);
      break;
    case NO_GC_ENTER:
      if (gcroots_no_gc_enter(s) == GCROOTS_OK) spans++;
      break;
    case NO_GC_EXIT:
      if (gcroots_no_gc_exit(s) != GCROOTS_OK) break;
      CHECK(spans > scopes[depth].spans, "ends: a no-GC span of an outer scope");
      spans--;
      break;
    case TO_RAW: {
      uint32_t raw;
      if (gcroots_ref_to_raw(s, ref, nondet_bool() ? &raw : NULL) != GCROOTS_OK) break;
      CHECK(is_good && raw == reference, "resolve: ref_to_raw");
      break;
    }
    case IS_NULL: {
      bool is_null;
      if (gcroots_local_is_null(s, ref, nondet_bool() ? &is_null : NULL) != GCROOTS_OK) break;
      CHECK(is_good && is_null == (reference == 0), "resolve: local_is_null");
      break;
    }
    case NOTHING: break;
    case COLLECT: collect(); break;
    case GROW_SCOPED: grow_scoped(); break;
    case GROW_MANUAL: grow_manual(); break;
    case SHRINK_SCOPED:
      shrink(&store.scoped_slots, scoped_none, &scoped_capacity, store.scoped_length, scoped, 0);
      break;
    case SHRINK_MANUAL:
      shrink(&store.manual_slots, manual_none, &manual_capacity, store.manual_used, manual, 1);
      break;
    case BEGIN_CALLBACK: begin_callback(); break;
    case UNWIND: unwind(); break;
    case DRAIN: drain(); break;
    case TRIM: trim(); break;
  }
  CHECK(library_called || operation == NOTHING || operation >= COLLECT ||
            store.entry == (gcroots_thread_token | GCROOTS_INLINE_VERSION),
        "refuse: a fast path for a thread that may not call the store");
#ifdef REACH
  CHECK(library_called, "reached");
#endif
}

/* Any handle, resolved in each way. */
static void resolve(void) {
  const gcroots_ref_t ref = any_handle();
  const struct roots *root = root_of(ref);
  uint32_t found, object, or_null;
  bool is_found = gcroots_inline_find(&store, ref, &found);
  CHECK(ref.store_id == 0 || is_found == (root != NULL), "resolve: find");
  CHECK(!is_found || root == NULL || found == root->reference, "resolve: the reference of find");
  /* Its callers refuse null. */
  if (gcroots_inline_find_object(&store, ref, &object))
    CHECK(object == 0 || (root != NULL && object == root->reference), "resolve: find_object");
  else
    CHECK(root == NULL || (root->reference & 1) != 0, "resolve: find_object of a live root");
  is_found = gcroots_inline_find_or_null(&store, ref, &or_null);
  CHECK(is_found == (root != NULL || ref.store_id == 0), "resolve: find_or_null");
  CHECK(!is_found || or_null == (root != NULL ? root->reference : 0), "resolve: null");
}

/* --- The proof ---------------------------------------------------------------------------- */

static void any_slots(struct gcroots_inline_slot *slots) {
  uint32_t i;
  for (i = 0; i < SLOTS; i++) {
    slots[i].generation = nondet_u32();
    slots[i].reference = nondet_u32();
  }
  end_slots(&slots[SLOTS]);
}

static void any_roots(struct roots *roots) {
  uint32_t i;
  for (i = 0; i < SLOTS; i++) {
    roots[i].issued = nondet_u32();
    roots[i].floor = nondet_u32();
    roots[i].reference = nondet_u32();
    roots[i].depth = nondet_u32();
    roots[i].is_live = nondet_bool();
    roots[i].is_young = nondet_bool();
  }
}

/* Any state, before the invariant is assumed. */
static void any_state(void) {
  uint32_t i;
  const uint8_t choice = nondet_u8();
  any_slots(scoped_some);
  any_slots(manual_some);
  end_slots(scoped_none);
  end_slots(manual_none);
  any_roots(scoped);
  any_roots(manual);
  for (i = 0; i < RECORDS; i++) {
    records[i].serial = nondet_u64();
    records[i].scoped_length = nondet_u32();
    records[i].no_gc_spans = nondet_u32();
    scopes[i].serial = nondet_u64();
    scopes[i].spans = nondet_u32();
  }
  depth = nondet_u32();
  spans = nondet_u32();
  manual_live = nondet_u64();
  serial_issued = nondet_u64();
  scoped_capacity = choice & 1 ? SLOTS : 0;
  store.scoped_slots = choice & 1 ? scoped_some : scoped_none;
  manual_capacity = choice & 2 ? SLOTS : 0;
  store.manual_slots = choice & 2 ? manual_some : manual_none;
  __ESBMC_assume(depth < RECORDS);
  store.scope_top = records + depth;
  store.scope_end = records + (RECORDS - 1);
}

/* A new store, whose slots begin at any generations. */
static void new_store(void) {
  const uint32_t first = nondet_u32(), first_manual = nondet_u32();
  uint32_t i;
  __ESBMC_assume(first < LAST && first_manual < RETIRED_EVEN && (first_manual & 1) == 0);
  for (i = 0; i < SLOTS; i++) {
    scoped[i].floor = scoped[i].issued = first;
    manual[i].floor = manual[i].issued = first_manual;
  }
  end_slots(scoped_none);
  end_slots(manual_none);
  end_slots(&scoped_some[SLOTS]);
  end_slots(&manual_some[SLOTS]);
  store.scoped_slots = scoped_none;
  store.manual_slots = manual_none;
  store.scoped_length = store.scoped_old = 0;
  store.manual_used = 0;
  store.manual_free = FREE_END;
  store.manual_created = store.manual_released = manual_live = 0;
  store.scope_top = records;
  store.scope_end = records + (RECORDS - 1);
  store.scope_next_serial = 1;
  store.no_gc_spans = 0;
}

int main(void) {
  store = nondet_store();
  /* The library's words have no bits of the version. */
  gcroots_thread_token = nondet_u64() & ~UINT64_C(255);
  __ESBMC_assume(store.id != 0 && store.manual_group_shift < 32);
#ifdef BEGIN
  new_store();
#else
  any_state();
  invariant(true);
  operate(OPERATION);
#endif
  resolve();
  invariant(false);
  return 0;
}
