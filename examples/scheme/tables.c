/* Hash tables: a vector of lists of entries. Numbers, characters, symbols and strings are found by
 * what they are. For other objects the library keeps a hash of their identity, since they move. */
#include "builtins.h"
#include "errors.h"
#include "numbers.h"
#include "symbols.h"

enum { BY_EQV, BY_EQUAL };

static value checked(value v) {
  if (!is_kind(v, TABLE)) fail_type("hash-table", "a hash table", v);
  return v;
}

/* The only place where this program needs a handle. The scope ends the root at once. */
static uint32_t identity_hash(value object) {
  gcroots_scope_t scope;
  gcroots_ref_t ref;
  uint64_t hash = 0;
  must(gcroots_scope_enter(store, &scope));
  const gcroots_status_t rooted = gcroots_ref_from_raw(store, object, &ref);
  const gcroots_status_t hashed =
      rooted == GCROOTS_OK ? gcroots_ref_hash(store, ref, &hash) : rooted;
  must(gcroots_scope_exit(store, scope));
  if (hashed != GCROOTS_OK) library_failed(hashed);
  return (uint32_t)(hash ^ hash >> 32);
}

static uint32_t hash_number(uint64_t bits) {
  return (uint32_t)((bits * 0x9e3779b97f4a7c15u) >> 33);
}

/* Equal pairs and vectors have equal parts, of which a few count. */
static uint32_t hash_of(value v, int comparison, int depth) {
  if (!is_object(v)) return hash_number(v);
  if (is_kind(v, SYMBOL)) return (uint32_t)SYMBOL_AT(v)->hash;
  if (is_kind(v, INTEGER)) return hash_number((uint64_t)INTEGER_AT(v)->number);
  if (is_kind(v, FLONUM)) {
    uint64_t bits;
    memcpy(&bits, &FLONUM_AT(v)->number, sizeof bits);
    return hash_number(bits);
  }
  if (comparison == BY_EQUAL) {
    if (is_kind(v, STRING)) return string_hash(v);
    if (is_kind(v, VECTOR)) return VECTOR_AT(v)->length;
    if (is_kind(v, BYTES)) return BYTES_AT(v)->length;
    if (is_pair(v)) {
      uint32_t hash = 17;
      for (; is_pair(v) && depth < 4; v = cdr(v), depth++)
        hash = 31 * hash + hash_of(car(v), comparison, depth + 1);
      return hash;
    }
  }
  return identity_hash(v);
}

static bool is_same(value a, value b, int comparison) {
  return comparison == BY_EQUAL ? is_equal(a, b) : is_eqv(a, b);
}

static uint32_t place_of(value table, value key) {
  const uint32_t hash = hash_of(key, TABLE_AT(table)->comparison, 0);
  return hash & (VECTOR_AT(TABLE_AT(table)->buckets)->length - 1);
}

/* The entry of a key, or UNSET. */
static value find(value table, value key, uint32_t place) {
  value rest = VECTOR_AT(TABLE_AT(table)->buckets)->at[place];
  for (; rest != EMPTY; rest = cdr(rest))
    if (is_same(car(car(rest)), key, TABLE_AT(table)->comparison)) return car(rest);
  return UNSET;
}

/* Makes the table in a slot larger. Its pairs move to the new lists. */
static void grow(size_t table) {
  const uint32_t length = VECTOR_AT(TABLE_AT(stack[table])->buckets)->length;
  const size_t larger = push(new_vector(VECTOR, 2 * length, EMPTY));
  const value old = TABLE_AT(stack[table])->buckets; /* nothing is made from here on */
  set_field(stack[table], 0, stack[larger]);
  for (uint32_t i = 0; i < length; i++) {
    for (value rest = VECTOR_AT(old)->at[i]; rest != EMPTY;) {
      const value pair = rest;
      const uint32_t place = place_of(stack[table], car(car(pair)));
      rest = cdr(pair);
      set_cdr(pair, VECTOR_AT(stack[larger])->at[place]);
      set_element(stack[larger], place, pair);
    }
  }
  stack_cut(larger);
}

static value make_table(value *arguments, int count) {
  const size_t slot = push(new_vector(VECTOR, 8, EMPTY));
  gcroots_raw_val_t fields[3];
  fields[0].ref = stack[slot];
  fields[1].i32 = 0;
  fields[2].i32 = count > 0 && arguments[0] != FALSE ? BY_EQV : BY_EQUAL;
  return new_struct(TABLE, fields, 3);
}

static value table_set(value *arguments, int count) {
  const size_t slot = (size_t)(arguments - stack);
  value table = checked(arguments[0]);
  uint32_t place = place_of(table, arguments[1]);
  const value entry = find(table, arguments[1], place);
  (void)count;
  if (entry != UNSET) {
    set_cdr(entry, arguments[2]);
    return UNSPECIFIED;
  }
  if ((uint32_t)++TABLE_AT(table)->count > VECTOR_AT(TABLE_AT(table)->buckets)->length) {
    grow(slot);
    place = place_of(stack[slot], stack[slot + 1]);
  }
  push(new_pair(stack[slot + 1], stack[slot + 2]));
  push(VECTOR_AT(TABLE_AT(stack[slot])->buckets)->at[place]);
  push_pair();
  set_element(TABLE_AT(stack[slot])->buckets, place, pop());
  return UNSPECIFIED;
}

/* (%hash-table-ref table key default) */
static value table_ref(value *arguments, int count) {
  const value table = checked(arguments[0]);
  const value entry = find(table, arguments[1], place_of(table, arguments[1]));
  return entry != UNSET ? cdr(entry) : count > 2 ? arguments[2] : FALSE;
}

static value table_delete(value *arguments, int count) {
  const value table = checked(arguments[0]);
  const uint32_t place = place_of(table, arguments[1]);
  const value buckets = TABLE_AT(table)->buckets;
  value before = UNSET;
  (void)count;
  for (value rest = VECTOR_AT(buckets)->at[place]; rest != EMPTY; before = rest, rest = cdr(rest)) {
    if (!is_same(car(car(rest)), arguments[1], TABLE_AT(table)->comparison)) continue;
    if (before == UNSET)
      set_element(buckets, place, cdr(rest));
    else
      set_cdr(before, cdr(rest));
    TABLE_AT(table)->count--;
    break;
  }
  return UNSPECIFIED;
}

static value table_count(value *arguments, int count) {
  (void)count;
  return fixnum(TABLE_AT(checked(arguments[0]))->count);
}

/* The entries, as a list of new pairs. */
static value table_to_list(value *arguments, int count) {
  const size_t slot = (size_t)(arguments - stack);
  const uint32_t length = VECTOR_AT(TABLE_AT(checked(arguments[0]))->buckets)->length;
  const size_t list = push(EMPTY);
  (void)count;
  for (uint32_t i = 0; i < length; i++) {
    push(VECTOR_AT(TABLE_AT(stack[slot])->buckets)->at[i]);
    while (stack[stack_height() - 1] != EMPTY) {
      const value entry = car(stack[stack_height() - 1]);
      push(new_pair(car(entry), cdr(entry)));
      push(stack[list]);
      push_pair();
      stack_put(list, pop());
      stack_put(stack_height() - 1, cdr(stack[stack_height() - 1]));
    }
    pop();
  }
  return stack[list];
}

static value table_clear(value *arguments, int count) {
  (void)count;
  const value buckets = TABLE_AT(checked(arguments[0]))->buckets;
  for (uint32_t i = 0; i < VECTOR_AT(buckets)->length; i++) set_element(buckets, i, EMPTY);
  TABLE_AT(arguments[0])->count = 0;
  return UNSPECIFIED;
}

static value table_p(value *arguments, int count) {
  (void)count;
  return boolean(is_kind(arguments[0], TABLE));
}

const struct builtin table_builtins[] = {
    {"%make-hash-table", make_table, 0, 1, 0},     {"hash-table?", table_p, 1, 1, 0},
    {"hash-table-set!", table_set, 3, 3, 0},       {"hash-table-ref/default", table_ref, 3, 3, 0},
    {"hash-table-delete!", table_delete, 2, 2, 0}, {"hash-table-size", table_count, 1, 1, 0},
    {"hash-table-count", table_count, 1, 1, 0},    {"hash-table->alist", table_to_list, 1, 1, 0},
    {"hash-table-clear!", table_clear, 1, 1, 0},   {NULL, NULL, 0, 0, 0},
};
