/* gcroots_wasm.h: raw references. */
#include <gcroots_wasm.h>

#include "threads.h"
#include "wasm_references.h"

/* The functions of each type, and the kinds of references that they accept. */
static const struct raw {
  const char *name;
  uint32_t (*to)(gcroots_store_t *store, const wasm_anyref_t *ref);
  bool (*from)(gcroots_store_t *store, uint32_t raw, wasm_anyref_t *out);
  gcroots_heap_type_t heap;
  bool takes[REFERENCES];
} raws[] = {
    {"anyref",
     wasm_anyref_to_raw,
     wasm_anyref_from_raw,
     GCROOTS_HEAP_ANY,
     {[NOTHING] = 1, [HOST] = 1, [STRUCT_] = 1, [ARRAY] = 1, [I31] = 1}},
    {"externref",
     wasm_externref_to_raw,
     wasm_externref_from_raw,
     GCROOTS_HEAP_EXTERN,
     {[NOTHING] = 1, [HOST] = 1, [STRUCT_] = 1, [ARRAY] = 1, [I31] = 1}},
    {"exnref",
     wasm_exnref_to_raw,
     wasm_exnref_from_raw,
     GCROOTS_HEAP_EXN,
     {[NOTHING] = 1, [EXN] = 1}},
    {"funcref",
     wasm_funcref_to_raw,
     wasm_funcref_from_raw,
     GCROOTS_HEAP_FUNC,
     {[NOTHING] = 1, [FUNC] = 1}},
};

static uint32_t raw_of(wasm_anyref_t ref) {
  uint32_t bits;
  OK(gcroots_ref_to_raw(store, ref.ref, &bits));
  return bits;
}

CASE(a_raw_reference_has_the_bits_of_gcroots) {
  wasm_anyref_t refs[REFERENCES];
  make_references(refs);
  leave_another_message();
  EACH(r, raws) {
    for (int kind = 0; kind < REFERENCES; ++kind)
      CHECK(raws[i_r].to(store, &refs[kind]) == raw_of(refs[kind]));
    CHECK(raws[i_r].to(store, NULL) == 0);
  }
  CHECK(another_message_is_still_there());
}

CASE(each_makes_roots_of_its_own_kinds_only) {
  wasm_anyref_t refs[REFERENCES];
  make_references(refs);
  EACH(r, raws) {
    gcroots_ref_type_t type = {NULL, raws[i_r].heap, 1};
    for (int kind = 0; kind < REFERENCES; ++kind) {
      struct check_counts before = check_count(), after;
      wasm_anyref_t out = untouched_wasm();
      gcroots_ref_t cast;
      if (raws[i_r].takes[kind]) {
        CHECK(raws[i_r].from(store, raw_of(refs[kind]), &out));
        CHECK(same_object(out.ref, refs[kind].ref));
        after = check_count();
        CHECK(after.manual_roots == before.manual_roots + (kind != NOTHING));
        OK(gcroots_manually_rooted_unroot(store, &out));
      } else {
        REFUSED_AS(GCROOTS_ERROR_TYPE_MISMATCH,
                   gcroots_ref_cast(store, refs[kind].ref, type, &cast),
                   raws[i_r].from(store, raw_of(refs[kind]), &out));
        CHECK(same_bits(out.ref, untouched()));
      }
      CHECK(same_counts(before, check_count()));
    }
  }
}

CASE(a_root_of_a_raw_reference_outlives_the_original) {
  wasm_anyref_t ref, again;
  use_types();
  ref = pair_of(3, gcroots_ref_null());
  CHECK(wasm_anyref_from_raw(store, raw_of(ref), &again));
  wasm_anyref_unroot(&ref);
  OK(gcroots_store_gc(store));
  CHECK(field_i32(again.ref, 0) == 3);
}

/* Reading the bits is refused with this status. */
static void to_refused(const struct raw *raw, gcroots_status_t expected, gcroots_store_t *of,
                       wasm_anyref_t ref) {
  uint32_t bits;
  REFUSED_AS(expected, gcroots_ref_to_raw(of, ref.ref, &bits), raw->to(of, &ref));
}

CASE(raw_references_of_bad_handles_are_refused) {
  wasm_anyref_t refs[REFERENCES];
  make_references(refs);
  EACH(r, raws) {
    to_refused(&raws[i_r], GCROOTS_ERROR_NULL_ARGUMENT, NULL, refs[HOST]);
  }
  EACH_BAD_HANDLE(bad) {
    wasm_anyref_t ref = {bad->ref};
    for (size_t i = 0; i < COUNT_OF(raws); ++i) to_refused(&raws[i], bad->status, store, ref);
  }
}

CASE(roots_of_bad_bits_are_refused) {
  wasm_anyref_t refs[REFERENCES], out = untouched_wasm();
  gcroots_ref_t scoped;
  uint32_t bits[3] = {0, 0xfffffff8, 0xfffffffe};
  make_references(refs);
  bits[0] = raw_of(refs[STRUCT_]) + 2;
  EACH(r, raws) {
    for (size_t i = 0; i < COUNT_OF(bits); ++i)
      REFUSED_AS(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_ref_from_raw(store, bits[i], &scoped),
                 raws[i_r].from(store, bits[i], &out));
    REFUSED_AS(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_ref_from_raw(NULL, 0, &scoped),
               raws[i_r].from(NULL, 0, &out));
    REFUSED_AS(GCROOTS_ERROR_NULL_ARGUMENT, gcroots_ref_from_raw(store, 0, NULL),
               raws[i_r].from(store, 0, NULL));
  }
  CHECK(same_bits(out.ref, untouched()));
}

CASE(without_memory_for_its_root_no_root_is_left) {
  wasm_anyref_t refs[REFERENCES], out;
  make_references(refs);
  memory_out(true);
  while (wasm_anyref_clone(store, &refs[I31], &out)) {
  }
  out = untouched_wasm();
  EACH(r, raws) {
    for (int kind = HOST; kind < REFERENCES; ++kind) {
      if (!raws[i_r].takes[kind]) continue;
      REFUSED_AS(GCROOTS_ERROR_OUT_OF_MEMORY,
                 gcroots_manually_rooted_clone(store, refs[kind], &out),
                 raws[i_r].from(store, raw_of(refs[kind]), &out));
    }
  }
  CHECK(same_bits(out.ref, untouched()));
  memory_out(false);
  CHECK(wasm_funcref_from_raw(store, raw_of(refs[FUNC]), &out));
}

static wasm_anyref_t shared;

static void every_call_is_of_the_wrong_thread(void) {
  wasm_anyref_t out = untouched_wasm();
  gcroots_ref_t scoped;
  EACH(r, raws) {
    to_refused(&raws[i_r], GCROOTS_ERROR_WRONG_THREAD, store, shared);
    REFUSED_AS(GCROOTS_ERROR_WRONG_THREAD, gcroots_ref_from_raw(store, 0, &scoped),
               raws[i_r].from(store, 0, &out));
  }
  CHECK(same_bits(out.ref, untouched()));
}

CASE(another_threads_calls_are_refused) {
  shared = i31_of(1);
  on_another_thread(every_call_is_of_the_wrong_thread);
}
