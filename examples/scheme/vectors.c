/* Vectors, bytevectors and records. */
#include "builtins.h"
#include "errors.h"
#include "parts.h"
#include "text.h"

static value checked(const char *procedure, value v, enum kind kind) {
  if (!is_kind(v, kind)) fail_type(procedure, kind == BYTES ? "a bytevector" : "a vector", v);
  return v;
}

/* The index of an element. */
static uint32_t element_of(const char *procedure, value array, value index, enum kind kind) {
  const uint32_t length = VECTOR_AT(checked(procedure, array, kind))->length;
  const uint32_t at = checked_index(procedure, index, FIXNUM_MAX);
  if (at >= length) fail_type(procedure, "an index that is in range", index);
  return at;
}

static value make_vector(value *arguments, int count) {
  const uint32_t length = checked_index("make-vector", arguments[0], FIXNUM_MAX);
  return new_vector(VECTOR, length, count > 1 ? arguments[1] : fixnum(0));
}

static value vector_of(value *arguments, int count) {
  (void)arguments;
  return new_vector_of_stack(VECTOR, (uint32_t)count);
}

static value vector_length(value *arguments, int count) {
  (void)count;
  return fixnum((int32_t)VECTOR_AT(checked("vector-length", arguments[0], VECTOR))->length);
}

static value vector_ref(value *arguments, int count) {
  (void)count;
  const uint32_t index = element_of("vector-ref", arguments[0], arguments[1], VECTOR);
  return VECTOR_AT(arguments[0])->at[index];
}

static value vector_set(value *arguments, int count) {
  (void)count;
  set_element(arguments[0], element_of("vector-set!", arguments[0], arguments[1], VECTOR),
              arguments[2]);
  return UNSPECIFIED;
}

static value vector_fill(value *arguments, int count) {
  const uint32_t length = VECTOR_AT(checked("vector-fill!", arguments[0], VECTOR))->length;
  const uint32_t end = count > 3 ? checked_index("vector-fill!", arguments[3], length) : length;
  const uint32_t start = count > 2 ? checked_index("vector-fill!", arguments[2], end) : 0;
  for (uint32_t i = start; i < end; i++) set_element(arguments[0], i, arguments[1]);
  return UNSPECIFIED;
}

static value vector_to_list(value *arguments, int count) {
  const size_t slot = (size_t)(arguments - stack);
  const uint32_t length = VECTOR_AT(checked("vector->list", arguments[0], VECTOR))->length;
  const uint32_t end = count > 2 ? checked_index("vector->list", arguments[2], length) : length;
  const uint32_t start = count > 1 ? checked_index("vector->list", arguments[1], end) : 0;
  const size_t list = push(EMPTY);
  for (uint32_t i = end; i > start; i--)
    stack_put(list, new_pair(VECTOR_AT(stack[slot])->at[i - 1], stack[list]));
  return stack[list];
}

static value list_to_vector(value *arguments, int count) {
  const int64_t length = list_length(arguments[0]);
  (void)count;
  if (length < 0) fail_type("list->vector", "a list", arguments[0]);
  for (value rest = arguments[0]; is_pair(rest); rest = cdr(rest)) push(car(rest));
  return new_vector_of_stack(VECTOR, (uint32_t)length);
}

/* (vector-copy! to at from [start end]) */
static value vector_copy_to(value *arguments, int count) {
  const value to = checked("vector-copy!", arguments[0], VECTOR);
  const value from = checked("vector-copy!", arguments[2], VECTOR);
  const uint32_t length = VECTOR_AT(from)->length;
  const uint32_t end = count > 4 ? checked_index("vector-copy!", arguments[4], length) : length;
  const uint32_t start = count > 3 ? checked_index("vector-copy!", arguments[3], end) : 0;
  const uint32_t at = checked_index("vector-copy!", arguments[1], VECTOR_AT(to)->length);
  if (end - start > VECTOR_AT(to)->length - at) fail("vector-copy!: no room", arguments[1]);
  must(gcroots_raw_array_copy(store, to, at, from, start, end - start));
  return UNSPECIFIED;
}

static value vector_copy(value *arguments, int count) {
  const size_t slot = (size_t)(arguments - stack);
  const uint32_t length = VECTOR_AT(checked("vector-copy", arguments[0], VECTOR))->length;
  const uint32_t end = count > 2 ? checked_index("vector-copy", arguments[2], length) : length;
  const uint32_t start = count > 1 ? checked_index("vector-copy", arguments[1], end) : 0;
  const value made = new_vector(VECTOR, end - start, UNSET);
  must(gcroots_raw_array_copy(store, made, 0, stack[slot], start, end - start));
  return made;
}

/* --- Bytevectors ---------------------------------------------------------------------- */

static value make_bytes(value *arguments, int count) {
  const uint32_t length = checked_index("make-bytevector", arguments[0], FIXNUM_MAX);
  return new_bytes(length,
                   count > 1 ? (int)checked_index("make-bytevector", arguments[1], 255) : 0);
}

static value bytes_length(value *arguments, int count) {
  (void)count;
  return fixnum((int32_t)BYTES_AT(checked("bytevector-length", arguments[0], BYTES))->length);
}

static value bytes_ref(value *arguments, int count) {
  (void)count;
  const uint32_t index = element_of("bytevector-u8-ref", arguments[0], arguments[1], BYTES);
  return fixnum(BYTES_AT(arguments[0])->at[index]);
}

static value bytes_set(value *arguments, int count) {
  (void)count;
  const uint32_t index = element_of("bytevector-u8-set!", arguments[0], arguments[1], BYTES);
  BYTES_AT(arguments[0])->at[index] =
      (uint8_t)checked_index("bytevector-u8-set!", arguments[2], 255);
  return UNSPECIFIED;
}

static value bytes_of(value *arguments, int count) {
  const size_t slot = (size_t)(arguments - stack);
  for (int i = 0; i < count; i++) checked_index("bytevector", arguments[i], 255);
  const value made = new_bytes((uint32_t)count, 0);
  for (int i = 0; i < count; i++)
    BYTES_AT(made)->at[i] = (uint8_t)fixnum_value(stack[slot + (size_t)i]);
  return made;
}

static value bytes_copy(value *arguments, int count) {
  const size_t slot = (size_t)(arguments - stack);
  const uint32_t length = BYTES_AT(checked("bytevector-copy", arguments[0], BYTES))->length;
  const struct part part = part_of("bytevector-copy", length, arguments + 1, count - 1);
  const value made = new_bytes(part.end - part.start, 0);
  memcpy(BYTES_AT(made)->at, BYTES_AT(stack[slot])->at + part.start, part.end - part.start);
  return made;
}

/* (bytevector-copy! to at from [start end]) */
static value bytes_copy_to(value *arguments, int count) {
  struct bytes *to = BYTES_AT(checked("bytevector-copy!", arguments[0], BYTES));
  const struct bytes *from = BYTES_AT(checked("bytevector-copy!", arguments[2], BYTES));
  const struct part part = part_of("bytevector-copy!", from->length, arguments + 3, count - 3);
  const uint32_t at = checked_index("bytevector-copy!", arguments[1], to->length);
  if (part.end - part.start > to->length - at) fail("bytevector-copy!: no room", arguments[1]);
  memmove(to->at + at, from->at + part.start, part.end - part.start);
  return UNSPECIFIED;
}

static value bytes_append(value *arguments, int count) {
  const size_t slot = (size_t)(arguments - stack);
  uint64_t length = 0;
  for (int i = 0; i < count; i++)
    length += BYTES_AT(checked("bytevector-append", arguments[i], BYTES))->length;
  if (length > FIXNUM_MAX) fail("bytevector-append: the bytevector is too long", UNSET);
  const value made = new_bytes((uint32_t)length, 0);
  uint8_t *to = BYTES_AT(made)->at;
  for (int i = 0; i < count; i++) {
    const struct bytes *part = BYTES_AT(stack[slot + (size_t)i]);
    memcpy(to, part->at, part->length);
    to += part->length;
  }
  return made;
}

static value string_to_utf8(value *arguments, int count) {
  if (!is_kind(arguments[0], STRING)) fail_type("string->utf8", "a string", arguments[0]);
  const struct string *s = STRING_AT(arguments[0]);
  const struct part part = part_of("string->utf8", s->length, arguments + 1, count - 1);
  text_clear();
  for (uint32_t i = part.start; i < part.end; i++) text_add_character((uint32_t)s->at[i]);
  const value made = new_bytes((uint32_t)text_length(), 0);
  memcpy(BYTES_AT(made)->at, text_bytes(), text_length());
  return made;
}

/* The bytes are copied to the buffer of text first, because objects move. */
static value utf8_to_string(value *arguments, int count) {
  const struct bytes *bytes = BYTES_AT(checked("utf8->string", arguments[0], BYTES));
  const struct part part = part_of("utf8->string", bytes->length, arguments + 1, count - 1);
  text_clear();
  text_add_bytes((const char *)bytes->at + part.start, part.end - part.start);
  return new_string_from(text_bytes(), text_length());
}

/* --- Records -------------------------------------------------------------------------- */

static value new_record_type(value *arguments, int count) {
  (void)count;
  return new_struct_of_2(RECORD_TYPE, arguments[0], arguments[1]);
}

static value new_record(value *arguments, int count) {
  (void)arguments;
  return new_vector_of_stack(RECORD, (uint32_t)count);
}

static bool is_record_of(value v, value type) {
  return is_kind(v, RECORD) && VECTOR_AT(v)->at[0] == type;
}

static value is_record(value *arguments, int count) {
  (void)count;
  return boolean(is_record_of(arguments[0], arguments[1]));
}

static value record_ref(value *arguments, int count) {
  (void)count;
  if (!is_record_of(arguments[0], arguments[1]))
    fail("not a record of the right type:", arguments[0]);
  return VECTOR_AT(arguments[0])->at[fixnum_value(arguments[2])];
}

static value record_set(value *arguments, int count) {
  (void)count;
  if (!is_record_of(arguments[0], arguments[1]))
    fail("not a record of the right type:", arguments[0]);
  set_element(arguments[0], (uint32_t)fixnum_value(arguments[2]), arguments[3]);
  return UNSPECIFIED;
}

static value vector_p(value *arguments, int count) {
  (void)count;
  return boolean(is_kind(arguments[0], VECTOR));
}
static value bytes_p(value *arguments, int count) {
  (void)count;
  return boolean(is_kind(arguments[0], BYTES));
}

const struct builtin vector_builtins[] = {
    {"vector?", vector_p, 1, 1, 0},
    {"make-vector", make_vector, 1, 2, 0},
    {"vector", vector_of, 0, -1, 0},
    {"vector-length", vector_length, 1, 1, 0},
    {"vector-ref", vector_ref, 2, 2, 0},
    {"vector-set!", vector_set, 3, 3, 0},
    {"vector-fill!", vector_fill, 2, 4, 0},
    {"vector->list", vector_to_list, 1, 3, 0},
    {"list->vector", list_to_vector, 1, 1, 0},
    {"vector-copy!", vector_copy_to, 3, 5, 0},
    {"vector-copy", vector_copy, 1, 3, 0},
    {"bytevector?", bytes_p, 1, 1, 0},
    {"make-bytevector", make_bytes, 1, 2, 0},
    {"bytevector-length", bytes_length, 1, 1, 0},
    {"bytevector-u8-ref", bytes_ref, 2, 2, 0},
    {"bytevector-u8-set!", bytes_set, 3, 3, 0},
    {"bytevector", bytes_of, 0, -1, 0},
    {"bytevector-copy", bytes_copy, 1, 3, 0},
    {"bytevector-copy!", bytes_copy_to, 3, 5, 0},
    {"bytevector-append", bytes_append, 0, -1, 0},
    {"string->utf8", string_to_utf8, 1, 3, 0},
    {"utf8->string", utf8_to_string, 1, 3, 0},
    {"%record-type", new_record_type, 2, 2, 0},
    {"%record", new_record, 1, -1, 0},
    {"%record?", is_record, 2, 2, 0},
    {"%record-ref", record_ref, 3, 3, 0},
    {"%record-set!", record_set, 4, 4, 0},
    {NULL, NULL, 0, 0, 0},
};
