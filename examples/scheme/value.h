/* How values look: a value is a raw reference of the library, 32 bits.
 *
 *   ...00   an object in the heap, whose header tells its kind. 0 is no value: it marks what is not
 *           set, such as a global variable without a definition
 *   ...01   a fixnum of 30 bits
 *   ...11   another immediate value: a character, a boolean, the empty list and so on
 *
 * The library sees the last two as i31s, which need no memory. The structures below are what the
 * library's layouts promise: heap_open() compares each offset with the library's answer. */
#ifndef SCHEME_VALUE_H
#define SCHEME_VALUE_H

#include <stdbool.h>
#include <stdint.h>

typedef uint32_t value;

/* --- Immediate values ------------------------------------------------------------- */

enum { FIXNUM_TAG = 1, CHARACTER_TAG = 7, SPECIAL_TAG = 15 };
#define SPECIAL(number) ((value)(number) << 8 | SPECIAL_TAG)
#define FALSE SPECIAL(0)
#define TRUE SPECIAL(1)
#define EMPTY SPECIAL(2)
#define UNSPECIFIED SPECIAL(3)
#define END_OF_FILE SPECIAL(4)
#define UNSET ((value)0)

enum { FIXNUM_MAX = 0x1fffffff, FIXNUM_MIN = -0x20000000 };

static inline bool is_fixnum(value v) {
  return (v & 3) == FIXNUM_TAG;
}
static inline value fixnum(int32_t number) {
  return (value)number << 2 | FIXNUM_TAG;
}
static inline int32_t fixnum_value(value v) {
  return (int32_t)v >> 2;
}
static inline bool is_character(value v) {
  return (v & 0xff) == CHARACTER_TAG;
}
static inline value character(uint32_t code) {
  return code << 8 | CHARACTER_TAG;
}
static inline uint32_t character_code(value v) {
  return v >> 8;
}
static inline value boolean(bool truth) {
  return truth ? TRUE : FALSE;
}
static inline bool is_object(value v) {
  return (v & 1) == 0 && v != UNSET;
}

/* --- Objects ------------------------------------------------------------------------ */

/* The kinds of objects, each a type of its own in the library. */
enum kind {
  /* structs */
  PAIR,
  FLONUM,
  INTEGER, /* an exact integer that is no fixnum */
  SYMBOL,
  PRIMITIVE,
  CODE,
  CELL, /* a variable that is assigned, or that is used before it is set */
  TABLE,
  RECORD_TYPE,
  CONDITION,
  CONTINUATION,
  ESCAPE,
  PORT,
  MACRO,
  /* arrays */
  STRING,
  BYTES,
  WORDS, /* the instructions of a procedure */
  VECTOR,
  CLOSURE, /* the code and the captured values */
  RECORD,  /* the record type and the fields */
  VALUES,  /* none or several results */
  KINDS
};

struct header {
  uint32_t of_library, type;
};
struct pair {
  struct header header;
  value car, cdr;
};
struct flonum {
  struct header header;
  double number;
};
struct integer {
  struct header header;
  int64_t number;
};
struct symbol {
  struct header header;
  value name;      /* a string */
  value global;    /* the value of the global variable, or UNSET */
  value syntax;    /* a fixnum for a form that the compiler knows, a macro, or FALSE */
  value base;      /* of an alias that a macro made: the symbol behind it. FALSE otherwise */
  int32_t hash;    /* of the name */
  int32_t inlined; /* what the compiler emits for a call of the global procedure, or 0 */
};
struct primitive {
  struct header header;
  int32_t index;
};
struct code {
  struct header header;
  value words, constants, name;
  int32_t required;    /* parameters. With a rest parameter behind n others it is -1 - n */
  int32_t frame_slots; /* the slots that a call may need */
};
struct cell {
  struct header header;
  value content;
};
struct table {
  struct header header;
  value buckets; /* a vector of lists of entries; an entry is a pair of a key and a value */
  int32_t count;
  int32_t comparison; /* 0: eqv?, 1: equal? */
};
struct record_type {
  struct header header;
  value name, fields;
};
struct condition {
  struct header header;
  value kind, message, irritants;
};
struct continuation {
  struct header header;
  value slots, handlers;
};
struct escape {
  struct header header;
  value slot, handlers;
};
struct port {
  struct header header;
  value text; /* a string */
  value is_output;
  int32_t at; /* how many characters have been read or written */
};
struct macro {
  struct header header;
  value literals, rules, ellipsis;
  value meaning; /* what the symbols of its templates stand for: see add_environment() */
};
struct string {
  struct header header;
  uint32_t length, padding;
  int32_t at[];
};
struct bytes {
  struct header header;
  uint32_t length, padding;
  uint8_t at[];
};
struct words {
  struct header header;
  uint32_t length, padding;
  int32_t at[];
};
struct vector { /* also closures, records and multiple values */
  struct header header;
  uint32_t length, padding;
  value at[];
};

/* --- Access ------------------------------------------------------------------------- */

/* The heap's base, and the index of each kind's type. Both stay the same. */
extern char *heap_base;
extern uint32_t type_index[KINDS];

static inline void *address_of(value object) {
  return heap_base + 4 * (uint64_t)object;
}
/* The bits of null lead to a header that is of no type. */
static inline bool is_kind(value v, enum kind kind) {
  return (v & 1) == 0 && ((struct header *)address_of(v))->type == type_index[kind] && v != UNSET;
}
static inline bool is_pair(value v) {
  return is_kind(v, PAIR);
}

#define PAIR_AT(v) ((struct pair *)address_of(v))
#define FLONUM_AT(v) ((struct flonum *)address_of(v))
#define INTEGER_AT(v) ((struct integer *)address_of(v))
#define SYMBOL_AT(v) ((struct symbol *)address_of(v))
#define PRIMITIVE_AT(v) ((struct primitive *)address_of(v))
#define CODE_AT(v) ((struct code *)address_of(v))
#define CELL_AT(v) ((struct cell *)address_of(v))
#define TABLE_AT(v) ((struct table *)address_of(v))
#define RECORD_TYPE_AT(v) ((struct record_type *)address_of(v))
#define CONDITION_AT(v) ((struct condition *)address_of(v))
#define CONTINUATION_AT(v) ((struct continuation *)address_of(v))
#define ESCAPE_AT(v) ((struct escape *)address_of(v))
#define PORT_AT(v) ((struct port *)address_of(v))
#define MACRO_AT(v) ((struct macro *)address_of(v))
#define STRING_AT(v) ((struct string *)address_of(v))
#define BYTES_AT(v) ((struct bytes *)address_of(v))
#define WORDS_AT(v) ((struct words *)address_of(v))
#define VECTOR_AT(v) ((struct vector *)address_of(v))

static inline value car(value pair) {
  return PAIR_AT(pair)->car;
}
static inline value cdr(value pair) {
  return PAIR_AT(pair)->cdr;
}

#endif
