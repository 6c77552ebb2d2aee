/* 31-bit integers, kinds, casts and conversions. */
#include "functions.h"

static void i31_new(uint64_t count) {
  IN_SCOPES(gcroots_ref_t ref; MUST(gcroots_i31_new(store, 7, &ref)))
}

static void i31_get(uint64_t count) {
  REPEAT(int32_t s; uint32_t u; MUST(gcroots_i31_get_s(store, object.i31, &s)); KEEP(s);
         MUST(gcroots_i31_get_u(store, object.i31, &u)); KEEP(u))
}

static void kind(uint64_t count) {
  gcroots_ref_kind_t read;
  REPEAT(MUST(gcroots_ref_kind(store, object.pair, &read)); KEEP(read))
}

static void type_of(uint64_t count) {
  REPEAT(gcroots_type_t * of; MUST(gcroots_ref_type(store, object.pair, &of));
         gcroots_type_free(of))
}

/* To the supertype. */
static void test(uint64_t count) {
  const gcroots_ref_type_t to = {type.upper, GCROOTS_HEAP_TYPE, 0};
  bool is;
  REPEAT(MUST(gcroots_ref_test(store, object.pair, to, &is)); KEEP(is))
}

static void cast(uint64_t count) {
  const gcroots_ref_type_t to = {type.upper, GCROOTS_HEAP_TYPE, 0};
  IN_SCOPES(gcroots_ref_t ref; MUST(gcroots_ref_cast(store, object.pair, to, &ref)))
}

static void to_extern(uint64_t count) {
  IN_SCOPES(gcroots_ref_t ref; MUST(gcroots_extern_convert_any(store, object.pair, &ref)))
}

static void to_any(uint64_t count) {
  IN_SCOPES(gcroots_ref_t ref; MUST(gcroots_any_convert_extern(store, object.converted, &ref)))
}

const struct row casts[] = {ROW(gcroots_i31_new, 1, i31_new),
                            ROW(gcroots_i31_get_s, 1, i31_get),
                            ROW(gcroots_i31_get_u, 1, i31_get),
                            ROW(gcroots_ref_kind, 1, kind),
                            ROW(gcroots_ref_type, 1, type_of),
                            ROW(gcroots_ref_test, 1, test),
                            ROW(gcroots_ref_cast, 2, cast),
                            ROW(gcroots_extern_convert_any, 2, to_extern),
                            ROW(gcroots_any_convert_extern, 2, to_any),
                            END};
