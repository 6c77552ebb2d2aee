/* Raw references, no-GC spans, root ranges and root visitors. */
#include "functions.h"

static void to_raw(uint64_t count) {
  uint32_t raw;
  REPEAT(MUST(gcroots_ref_to_raw(store, object.pair, &raw)); KEEP(raw))
}

static void from_raw(uint64_t count) {
  uint32_t raw;
  MUST(gcroots_ref_to_raw(store, object.pair, &raw));
  IN_SCOPES(gcroots_ref_t ref; MUST(gcroots_ref_from_raw(store, raw, &ref)))
}

static void heap_base(uint64_t count) {
  void *base;
  REPEAT(MUST(gcroots_heap_base(store, &base)); KEEP(base))
}

static void no_gc(uint64_t count) {
  REPEAT(MUST(gcroots_no_gc_enter(store)); MUST(gcroots_no_gc_exit(store)))
}

const struct row raw_references[] = {
    ROW(gcroots_ref_to_raw, 1, to_raw),   ROW(gcroots_ref_from_raw, 1, from_raw),
    ROW(gcroots_heap_base, 0, heap_base), ROW(gcroots_no_gc_enter, 0, no_gc),
    ROW(gcroots_no_gc_exit, 0, no_gc),    END};

enum { SLOTS = 16 };
static uint32_t slots[SLOTS];

/* A range of null references. */
static gcroots_root_range_t null_slots(void) {
  gcroots_root_range_t made;
  memset(&made, 0, sizeof made);
  made.slots = slots;
  made.count = SLOTS;
  return made;
}

static void range_add_remove(uint64_t count) {
  gcroots_root_range_t of = null_slots();
  REPEAT(gcroots_root_source_t source; MUST(gcroots_root_range_add(store, &of, NULL, &source));
         MUST(gcroots_root_range_remove(store, &source)))
}

static void visit(void *env, gcroots_store_t *of) {
  const gcroots_root_range_t reported = null_slots();
  (void)env;
  MUST(gcroots_root_visitor_report(of, &reported, NULL));
}

static void visitor_add_remove(uint64_t count) {
  REPEAT(gcroots_root_source_t source; MUST(gcroots_root_visitor_add(store, visit, NULL, &source));
         MUST(gcroots_root_visitor_remove(store, &source)))
}

static void visitor_report(uint64_t count) {
  gcroots_root_source_t source;
  MUST(gcroots_root_visitor_add(store, visit, NULL, &source));
  REPEAT(MUST(gcroots_store_gc(store)))
  MUST(gcroots_root_visitor_remove(store, &source));
}

const struct row root_sources[] = {
    ROW(gcroots_root_range_add, 1, range_add_remove),
    ROW(gcroots_root_range_remove, 1, range_add_remove),
    ROW(gcroots_root_visitor_add, 1, visitor_add_remove),
    ROW(gcroots_root_visitor_remove, 1, visitor_add_remove),
    BULK(gcroots_root_visitor_report, 0, "the slots", visitor_report),
    END};
