/* Making objects and storing references as an engine's compiled code does: it checks what
 * docs/engines.md asks for, and not the references, which it knows from its own types. These
 * functions return 0 or false if the library must do it. Without COMPILED_CODE it always must. */
#ifndef COMPILED_H
#define COMPILED_H

#include "workload.h"

#include <string.h>

#ifdef COMPILED_CODE

/* A struct whose references are at these offsets. */
static inline uint32_t compiled_struct(const gcroots_type_t *of, const uint32_t *offsets,
                                       const gcroots_raw_val_t *fields, size_t count) {
  struct gcroots_inline_store *s = gcroots_inline_entered(heap);
  const struct gcroots_inline_type *type = gcroots_inline_type_of(of);
  unsigned char *made;
  if (s == NULL) return 0;
  made = gcroots_inline_begin(s, type, GCROOTS_INLINE_STRUCT, type->bytes);
  if (made == NULL) return 0;
  for (size_t i = 0; i < count; i++) memcpy(made + offsets[i], &fields[i].ref, 4);
  return gcroots_inline_end(s, type->bytes);
}

/* An array of references. */
static inline uint32_t compiled_array(const gcroots_type_t *of, const gcroots_raw_val_t *elements,
                                      uint32_t count) {
  struct gcroots_inline_store *s = gcroots_inline_entered(heap);
  unsigned char *place;
  uint64_t bytes;
  if (s == NULL) return 0;
  place = gcroots_inline_begin_array(s, gcroots_inline_type_of(of), count, &bytes);
  if (place == NULL) return 0;
  for (size_t i = 0; i < count; i++) memcpy(place + 4 * i, &elements[i].ref, 4);
  return gcroots_inline_end(s, bytes);
}

/* Stores a reference at this offset of an object. */
static inline bool compiled_store(uint32_t object, uint64_t offset, uint32_t value) {
  const struct gcroots_inline_store *s = gcroots_inline_entered(heap);
  return s != NULL &&
         gcroots_inline_store_reference(s, object, (uint64_t)object * 4 + offset, value);
}

#else
#define compiled_struct(...) 0
#define compiled_array(...) 0
#define compiled_store(object, offset, value) ((void)(offset), false)
#endif

#endif
