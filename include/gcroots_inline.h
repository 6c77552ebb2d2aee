/*
 * gcroots_inline.h: the hot functions of gcroots.h, in line.
 *
 * Include this header in place of gcroots.h, or after it. From then on calls of the functions
 * that are defined here are checked and done in the caller's code: the same names, the same
 * checks and the same answers. What a fast path does not do itself (a refusal, a collection,
 * more memory) is left to the function of the library, which does all checks again. The address
 * of a function is still that of the library's.
 *
 *   GCROOTS_NO_INLINE         Define it to have all calls back. GCROOTS_CHECK_NULL and
 *                             GCROOTS_CHECK_THREADS, which gcroots.h describes, do so too.
 *   GCROOTS_INLINE_COMPARE    Define it to have each fast path compared with the library's
 *                             answer. A difference ends the program by abort().
 *
 * The code depends on the layout of a store. A store's first word contains the version of its
 * layout, so with a library of another layout each call is a call, and nothing is wrong: see
 * gcroots_code_layout(). It also depends on the platform: x86-64 and AArch64 with GCC or Clang.
 * Elsewhere this header is gcroots.h.
 *
 * The code reads the thread's word, gcroots_thread_token, by the initial-exec model. A program may
 * link the library, load it, or load a plugin that links it.
 */
#ifndef GCROOTS_INLINE_H
#define GCROOTS_INLINE_H

#include "gcroots.h"

#if !defined(GCROOTS_NO_INLINE) && !defined(GCROOTS_CHECK_NULL) &&                \
    !defined(GCROOTS_CHECK_THREADS) && defined(__GNUC__) && defined(__linux__) && \
    (defined(__x86_64__) || defined(__aarch64__)) && defined(__LP64__)

#include <string.h>

#ifdef GCROOTS_INLINE_COMPARE
#include <stdio.h>
#include <stdlib.h>
#endif

#ifdef __cplusplus
extern "C" {
#define GCROOTS_INLINE inline __attribute__((always_inline))
#define GCROOTS_INLINE_AS(type, value) static_cast<type>(value)
#define GCROOTS_INLINE_AT(type, address) reinterpret_cast<type>(address)
#define GCROOTS_INLINE_NULL nullptr
#else
#define GCROOTS_INLINE static inline __attribute__((always_inline))
#define GCROOTS_INLINE_AS(type, value) ((type)(value))
#define GCROOTS_INLINE_AT(type, address) ((type)(address))
#define GCROOTS_INLINE_NULL NULL
#endif

#define GCROOTS_INLINE_LIKELY(condition) __builtin_expect(!!(condition), 1)

/* --- The layout --------------------------------------------------------------
 *
 * The structures are those of the library. gcroots_code_layout() returns the same offsets.
 */

/* The version of the layout below. */
#ifndef GCROOTS_INLINE_VERSION
#define GCROOTS_INLINE_VERSION 1
#endif

/* The thread's word without a version. 0 if the thread has never owned a store, or ends. */
extern __thread uint64_t gcroots_thread_token __attribute__((tls_model("initial-exec")));

struct gcroots_inline_slot {
  uint32_t generation;
  uint32_t reference; /* of a free manual root: the index of the next one, in the upper bits */
};

struct gcroots_inline_scope {
  uint64_t serial; /* 0: no token names it */
  uint32_t scoped_length;
  uint32_t no_gc_spans;
};

struct gcroots_inline_field {
  uint32_t offset;
  uint32_t type_index; /* the index of the type that a reference must have */
  uint16_t kinds;      /* the kinds of references that it admits, a bit each */
  uint8_t depth;       /* the number of supertypes of that type */
  uint8_t unused;
  uint8_t storage;
  bool is_mutable;
  uint8_t takes; /* the kind of the values */
  bool is_word;
};

struct gcroots_inline_type {
  uint64_t header;
  uint32_t bytes;
  uint32_t element_bytes;
  bool has_defaults;
  uint64_t unused_1[3];
  const struct gcroots_inline_field *fields;
  size_t field_count;
  uint64_t unused_2[3];
  const uint32_t *supertypes;
  size_t supertype_count;
  uint64_t unused_3[3];
  uint8_t raw_kind;
};

/* An entry of the host data. */
struct gcroots_inline_entry {
  void *data;
  gcroots_finalizer_t finalizer;
  const void *tag;
  uint64_t external_bytes;
  uint32_t object;
  uint32_t link;
};

struct gcroots_inline_store {
  uint64_t entry;
  uint64_t id;
  uint32_t scoped_length;
  uint32_t scoped_old;
  struct gcroots_inline_slot *scoped_slots;
  uint64_t unused_1[6];
  struct gcroots_inline_scope *scope_top;
  struct gcroots_inline_scope *scope_end;
  uint64_t scope_next_serial;
  uint64_t unused_2[3];
  unsigned char *heap_base;
  uint64_t heap_start;
  uint64_t heap_end;
  uint64_t heap_object_offsets;
  uint64_t window_next;
  uint64_t window_limit;
  uint64_t objects;
  uint64_t window_start;
  uint64_t window_end;
  uint64_t unused_3[5];
  uint64_t barrier_first;
  uint64_t barrier_length;
  uint64_t barrier_nursery;
  bool barrier_marks;
  bool barrier_concerns_all;
  bool barrier_counts;
  bool barrier_new_objects;
  uint64_t unused_4[33];
  uint32_t no_gc_spans;
  const struct gcroots_inline_type **type_table;
  size_t type_count;
  bool checks_raw_slowly;
  uint64_t counted_releases;
  uint32_t manual_used;
  uint32_t manual_free;
  struct gcroots_inline_slot *manual_slots;
  uint64_t unused_5[9];
  uint64_t manual_created;
  uint64_t manual_released;
  uint64_t unused_6[2];
  uint32_t manual_group_shift;
  bool manual_groups[64];
  uint64_t unused_7[10];
  uint32_t manual_queue;
  uint64_t unused_8[9];
  struct gcroots_inline_entry *host_entries;
  uint64_t unused_9;
  uint32_t host_used;
  uint32_t host_free;
  uint64_t unused_10[20];
  uint32_t host_group_shift;
  bool host_groups[64];
};

/* --- The parts of fast paths -------------------------------------------------
 *
 * A part that returns bool returns false if the library must do the whole call. Nothing has
 * changed then.
 */

#define GCROOTS_INLINE_STRUCT 2u /* the kinds of objects */
#define GCROOTS_INLINE_ARRAY 3u
#define GCROOTS_INLINE_I31_KIND 8 /* the bits of `kinds` that are no kinds of objects */
#define GCROOTS_INLINE_NULL_KIND 9
#define GCROOTS_INLINE_ANY_TYPE 255 /* the `depth` of a type that is not concrete */
#define GCROOTS_INLINE_RETIRED UINT32_MAX
#define GCROOTS_INLINE_MANUAL 0x80000000u
#define GCROOTS_INLINE_FREE_END 0x7fffffffu
#define GCROOTS_INLINE_ELEMENTS 16u /* the offset of an array's elements */
#define GCROOTS_INLINE_LARGE 512u   /* the bytes of an array that the library fills */

#ifdef GCROOTS_INLINE_COMPARE
/* Ends the program, because a fast path and the library differ. */
static inline void gcroots_inline_differs(const char *function) {
  fprintf(stderr, "gcroots_inline.h: %s differs from the library's answer\n", function);
  abort();
}
/* Requires, after a fast path, a condition that the library computes. */
#define GCROOTS_INLINE_COMPARED(function, condition)    \
  do {                                                  \
    if (!(condition)) gcroots_inline_differs(function); \
  } while (0)
#else
#define GCROOTS_INLINE_COMPARED(function, condition) ((void)0)
#endif

/* The store, if the calling thread may call it and it has the layout above. */
GCROOTS_INLINE struct gcroots_inline_store *gcroots_inline_entered(gcroots_store_t *store) {
  struct gcroots_inline_store *s = GCROOTS_INLINE_AT(struct gcroots_inline_store *, store);
  if (s == GCROOTS_INLINE_NULL) return GCROOTS_INLINE_NULL;
  /* Other threads may write the word. The thread's word has no bits of the version. */
  if (!GCROOTS_INLINE_LIKELY(__atomic_load_n(&s->entry, __ATOMIC_RELAXED) - gcroots_thread_token ==
                             GCROOTS_INLINE_VERSION))
    return GCROOTS_INLINE_NULL;
  return s;
}

/* Whether other threads have queued manual roots to be unrooted. */
GCROOTS_INLINE bool gcroots_inline_has_queue(const struct gcroots_inline_store *s) {
  return __atomic_load_n(&s->manual_queue, __ATOMIC_RELAXED) != 0;
}

/* A handle is stored at once: a processor delays whoever loads 16 bytes that were stored in pieces.
   Analysers that do not know vectors define GCROOTS_INLINE_WITHOUT_VECTORS. */
#ifndef GCROOTS_INLINE_WITHOUT_VECTORS
typedef uint64_t gcroots_inline_words __attribute__((vector_size(16)));
#endif

GCROOTS_INLINE gcroots_ref_t gcroots_inline_handle(const struct gcroots_inline_store *s,
                                                   uint32_t generation, uint32_t index) {
  gcroots_ref_t handle;
#ifdef GCROOTS_INLINE_WITHOUT_VECTORS
  handle.store_id = s->id;
  handle.generation = generation;
  handle.index = index;
#else
  const gcroots_inline_words words = {s->id, GCROOTS_INLINE_AS(uint64_t, index) << 32 | generation};
  memcpy(&handle, &words, sizeof handle);
#endif
  return handle;
}

GCROOTS_INLINE gcroots_ref_t gcroots_inline_null(void) {
  gcroots_ref_t handle;
  handle.store_id = 0;
  handle.generation = 0;
  handle.index = 0;
  return handle;
}

/* Whether a scoped root can be made at `index`, which is at most the length. */
GCROOTS_INLINE bool gcroots_inline_has_slot_at(const struct gcroots_inline_store *s,
                                               uint32_t index) {
  return GCROOTS_INLINE_LIKELY(s->scoped_slots[index].generation < GCROOTS_INLINE_RETIRED - 1) &&
         GCROOTS_INLINE_LIKELY(!gcroots_inline_has_queue(s));
}

GCROOTS_INLINE bool gcroots_inline_has_slot(const struct gcroots_inline_store *s) {
  return gcroots_inline_has_slot_at(s, s->scoped_length);
}

/* Makes a scoped root, for which there is a slot. */
GCROOTS_INLINE gcroots_ref_t gcroots_inline_push(struct gcroots_inline_store *s,
                                                 uint32_t reference) {
  const uint32_t index = s->scoped_length;
  struct gcroots_inline_slot *slot = &s->scoped_slots[index];
  const uint32_t generation = slot->generation + 1;
  slot->generation = generation;
  slot->reference = reference;
  s->scoped_length = index + 1;
  return gcroots_inline_handle(s, generation, index);
}

/* Ends the scoped roots from `length` on. */
GCROOTS_INLINE void gcroots_inline_truncate(struct gcroots_inline_store *s, uint32_t length) {
  s->scoped_length = length;
  if (length < s->scoped_old) s->scoped_old = length;
}

/* The slot of the scoped root that a handle of this store names. */
GCROOTS_INLINE struct gcroots_inline_slot *gcroots_inline_scoped(
    const struct gcroots_inline_store *s, gcroots_ref_t ref) {
  struct gcroots_inline_slot *slot;
  if (ref.index >= s->scoped_length) return GCROOTS_INLINE_NULL;
  slot = &s->scoped_slots[ref.index];
  return slot->generation == ref.generation && ref.generation != GCROOTS_INLINE_RETIRED
             ? slot
             : GCROOTS_INLINE_NULL;
}

/* The slot of the manual root that a handle of this store names. */
GCROOTS_INLINE struct gcroots_inline_slot *gcroots_inline_manual(
    const struct gcroots_inline_store *s, gcroots_ref_t ref) {
  const uint32_t index = ref.index & ~GCROOTS_INLINE_MANUAL;
  struct gcroots_inline_slot *slot;
  if (index >= s->manual_used) return GCROOTS_INLINE_NULL;
  slot = &s->manual_slots[index];
  return slot->generation == ref.generation && (ref.generation & 1) != 0 ? slot
                                                                         : GCROOTS_INLINE_NULL;
}

/* The raw reference that a handle names. Not for null. */
GCROOTS_INLINE bool gcroots_inline_find(const struct gcroots_inline_store *s, gcroots_ref_t ref,
                                        uint32_t *out) {
  const struct gcroots_inline_slot *slot;
  if (!GCROOTS_INLINE_LIKELY(ref.store_id == s->id)) return false;
  slot = (ref.index & GCROOTS_INLINE_MANUAL) == 0 ? gcroots_inline_scoped(s, ref)
                                                  : gcroots_inline_manual(s, ref);
  if (!GCROOTS_INLINE_LIKELY(slot != GCROOTS_INLINE_NULL)) return false;
  *out = slot->reference;
  return true;
}

/* The same for callers that refuse null and odd bits: those of a slot without a live root are null
   or odd. */
GCROOTS_INLINE bool gcroots_inline_find_object(const struct gcroots_inline_store *s,
                                               gcroots_ref_t ref, uint32_t *out) {
  const struct gcroots_inline_slot *slots = s->scoped_slots;
  uint32_t index = ref.index, count = s->scoped_length;
  if (!GCROOTS_INLINE_LIKELY(ref.store_id == s->id)) return false;
  if ((index & GCROOTS_INLINE_MANUAL) != 0) {
    slots = s->manual_slots;
    index &= ~GCROOTS_INLINE_MANUAL;
    count = s->manual_used;
  }
  if (!GCROOTS_INLINE_LIKELY(index < count && slots[index].generation == ref.generation))
    return false;
  *out = slots[index].reference;
  return (*out & 1) == 0;
}

/* The raw reference that a handle names, which may be null. */
GCROOTS_INLINE bool gcroots_inline_find_or_null(const struct gcroots_inline_store *s,
                                                gcroots_ref_t ref, uint32_t *out) {
  if (ref.store_id == 0) {
    *out = 0;
    return true;
  }
  return gcroots_inline_find(s, ref, out);
}

/* Reads the header of an object, or of null, which has kind 0. */
GCROOTS_INLINE uint64_t gcroots_inline_header(const struct gcroots_inline_store *s,
                                              uint32_t object) {
  uint64_t header;
  memcpy(&header, s->heap_base + 4 * GCROOTS_INLINE_AS(uint64_t, object), sizeof header);
  return header;
}

/* The type with this index, if the store knows it. */
GCROOTS_INLINE const struct gcroots_inline_type *gcroots_inline_type_at(
    const struct gcroots_inline_store *s, uint32_t index) {
  return index < s->type_count ? s->type_table[index] : GCROOTS_INLINE_NULL;
}

/* Whether the store has made objects of this type before, and they are of this kind. */
GCROOTS_INLINE bool gcroots_inline_knows(const struct gcroots_inline_store *s,
                                         const struct gcroots_inline_type *type, uint32_t kind) {
  const uint64_t header = type->header;
  return (header & 0xff) == kind &&
         gcroots_inline_type_at(s, GCROOTS_INLINE_AS(uint32_t, header >> 32)) == type;
}

/* The type of the struct or array that a handle names, and its raw reference. */
GCROOTS_INLINE const struct gcroots_inline_type *gcroots_inline_typed(
    const struct gcroots_inline_store *s, gcroots_ref_t ref, uint32_t kind, uint32_t *object) {
  uint64_t header;
  if (!gcroots_inline_find_object(s, ref, object)) return GCROOTS_INLINE_NULL;
  header = gcroots_inline_header(s, *object);
  if ((header & 0xff) != kind) return GCROOTS_INLINE_NULL;
  return gcroots_inline_type_at(s, GCROOTS_INLINE_AS(uint32_t, header >> 32));
}

/* Whether memory of an object may be at a raw reference. Not for null and an i31. */
GCROOTS_INLINE bool gcroots_inline_is_in_heap(const struct gcroots_inline_store *s,
                                              uint32_t reference) {
  /* The low bit of an i31 becomes the highest, so it is beyond each heap. */
  const uint32_t granules = reference >> 1 | reference << 31;
  return 8 * GCROOTS_INLINE_AS(uint64_t, granules) - s->heap_start < s->heap_object_offsets;
}

/* Whether a slot may hold these bits. */
GCROOTS_INLINE bool gcroots_inline_is_sound(const struct gcroots_inline_store *s,
                                            uint32_t reference) {
  return (reference & 1) != 0 || reference == 0 || gcroots_inline_is_in_heap(s, reference);
}

/* The bytes of an array: a header, a length, the elements, and padding. */
GCROOTS_INLINE uint64_t gcroots_inline_array_bytes(uint32_t length, uint32_t element_bytes) {
  return (GCROOTS_INLINE_AS(uint64_t, length) * element_bytes + GCROOTS_INLINE_ELEMENTS + 7) &
         ~GCROOTS_INLINE_AS(uint64_t, 7);
}

GCROOTS_INLINE uint32_t gcroots_inline_length(const struct gcroots_inline_store *s,
                                              uint32_t array) {
  uint32_t length;
  memcpy(&length, s->heap_base + 4 * GCROOTS_INLINE_AS(uint64_t, array) + 8, sizeof length);
  return length;
}

/* The type of the struct or array at a raw reference, which may be any bits. */
GCROOTS_INLINE const struct gcroots_inline_type *gcroots_inline_raw_typed(
    const struct gcroots_inline_store *s, uint32_t reference) {
  const uint64_t offset = 4 * GCROOTS_INLINE_AS(uint64_t, reference);
  const struct gcroots_inline_type *type;
  uint64_t header, bytes;
  if (s->checks_raw_slowly || !gcroots_inline_is_in_heap(s, reference) ||
      (offset >= s->window_next && offset < s->window_end))
    return GCROOTS_INLINE_NULL;
  header = gcroots_inline_header(s, reference);
  type = gcroots_inline_type_at(s, GCROOTS_INLINE_AS(uint32_t, header >> 32));
  if (type == GCROOTS_INLINE_NULL || type->raw_kind != (header & 0xff)) return GCROOTS_INLINE_NULL;
  if (type->raw_kind == GCROOTS_INLINE_STRUCT)
    bytes = type->bytes;
  else if (type->raw_kind == GCROOTS_INLINE_ARRAY)
    bytes = gcroots_inline_array_bytes(gcroots_inline_length(s, reference), type->element_bytes);
  else
    return GCROOTS_INLINE_NULL;
  return offset + bytes <= s->heap_end ? type : GCROOTS_INLINE_NULL;
}

/* The same, for one kind. */
GCROOTS_INLINE const struct gcroots_inline_type *gcroots_inline_raw_of_kind(
    const struct gcroots_inline_store *s, uint32_t reference, uint32_t kind) {
  const struct gcroots_inline_type *type = gcroots_inline_raw_typed(s, reference);
  return type != GCROOTS_INLINE_NULL && type->raw_kind == kind ? type : GCROOTS_INLINE_NULL;
}

/* The layout of a field. */
GCROOTS_INLINE bool gcroots_inline_field_of(const struct gcroots_inline_type *type, size_t index,
                                            const struct gcroots_inline_field **field) {
  if (type == GCROOTS_INLINE_NULL || !GCROOTS_INLINE_LIKELY(index < type->field_count))
    return false;
  *field = &type->fields[index];
  return true;
}

/* Whether `bytes` bytes at an offset, behind the start of an object of the heap, are in the heap.
 */
GCROOTS_INLINE bool gcroots_inline_fits(const struct gcroots_inline_store *s, uint64_t offset,
                                        uint64_t bytes) {
  return GCROOTS_INLINE_LIKELY(offset + bytes <= s->heap_end);
}

/* Reads bytes of an object in the heap. */
GCROOTS_INLINE bool gcroots_inline_load(const struct gcroots_inline_store *s, uint64_t offset,
                                        uint64_t bytes, void *out) {
  if (!gcroots_inline_fits(s, offset, bytes)) return false;
  memcpy(out, s->heap_base + offset, bytes);
  return true;
}

/* Writes bytes of an object in the heap, which are no reference. */
GCROOTS_INLINE bool gcroots_inline_store_bytes(const struct gcroots_inline_store *s,
                                               uint64_t offset, uint64_t bytes, const void *value) {
  if (!gcroots_inline_fits(s, offset, bytes)) return false;
  memcpy(s->heap_base + offset, value, bytes);
  return true;
}

/* The layout of a field of a struct that a handle names, and the raw reference of the struct. */
GCROOTS_INLINE bool gcroots_inline_struct_field(const struct gcroots_inline_store *s,
                                                gcroots_ref_t ref, size_t index, uint32_t *object,
                                                const struct gcroots_inline_field **field) {
  return gcroots_inline_field_of(gcroots_inline_typed(s, ref, GCROOTS_INLINE_STRUCT, object), index,
                                 field);
}

/* The layout of the elements of an array that a handle names, if it has one at `index`. */
GCROOTS_INLINE bool gcroots_inline_element(const struct gcroots_inline_store *s, gcroots_ref_t ref,
                                           size_t index, uint32_t *object,
                                           const struct gcroots_inline_field **element) {
  return gcroots_inline_field_of(gcroots_inline_typed(s, ref, GCROOTS_INLINE_ARRAY, object), 0,
                                 element) &&
         GCROOTS_INLINE_LIKELY(index < gcroots_inline_length(s, *object));
}

GCROOTS_INLINE uint64_t gcroots_inline_field_offset(const struct gcroots_inline_field *field,
                                                    uint32_t object) {
  return 4 * GCROOTS_INLINE_AS(uint64_t, object) + field->offset;
}

GCROOTS_INLINE uint64_t gcroots_inline_element_offset(uint32_t array, size_t index, size_t bytes) {
  return 4 * GCROOTS_INLINE_AS(uint64_t, array) + GCROOTS_INLINE_ELEMENTS +
         GCROOTS_INLINE_AS(uint64_t, index) * bytes;
}

/* Whether a slot admits an object of this type. */
GCROOTS_INLINE bool gcroots_inline_admits_type(const struct gcroots_inline_field *slot,
                                               const struct gcroots_inline_type *type) {
  return type != GCROOTS_INLINE_NULL && slot->depth < type->supertype_count &&
         type->supertypes[slot->depth] == slot->type_index;
}

/* Whether a slot admits a reference that a root or an object has. */
GCROOTS_INLINE bool gcroots_inline_admits(const struct gcroots_inline_store *s,
                                          const struct gcroots_inline_field *slot,
                                          uint32_t reference) {
  uint64_t header;
  uint32_t kind, index;
  if ((reference & 1) != 0) return (slot->kinds >> GCROOTS_INLINE_I31_KIND & 1) != 0;
  if (reference == 0) return (slot->kinds >> GCROOTS_INLINE_NULL_KIND & 1) != 0;
  header = gcroots_inline_header(s, reference);
  kind = header & 0xff;
  index = GCROOTS_INLINE_AS(uint32_t, header >> 32);
  if (kind >= 8 || (slot->kinds >> kind & 1) == 0) return false;
  return index == slot->type_index || slot->depth == GCROOTS_INLINE_ANY_TYPE ||
         gcroots_inline_admits_type(slot, gcroots_inline_type_at(s, index));
}

/* Whether a slot admits a raw reference, which may be any bits. */
GCROOTS_INLINE bool gcroots_inline_admits_raw(const struct gcroots_inline_store *s,
                                              const struct gcroots_inline_field *slot,
                                              uint32_t reference) {
  const struct gcroots_inline_type *type;
  if ((reference & 1) != 0 || reference == 0) return gcroots_inline_admits(s, slot, reference);
  type = gcroots_inline_raw_typed(s, reference);
  if (type == GCROOTS_INLINE_NULL) return false;
  if (GCROOTS_INLINE_AS(uint32_t, type->header >> 32) == slot->type_index) return true;
  if ((slot->kinds >> type->raw_kind & 1) == 0) return false;
  return slot->depth == GCROOTS_INLINE_ANY_TYPE || gcroots_inline_admits_type(slot, type);
}

/* Stores a reference that a field admits. The write barrier decides whether that needs the
   library. */
GCROOTS_INLINE bool gcroots_inline_store_reference(const struct gcroots_inline_store *s,
                                                   uint32_t holder, uint64_t offset,
                                                   uint32_t reference) {
  const uint64_t first = s->barrier_first;
  const uint32_t granules = reference >> 1 | reference << 31;
  if (granules - first < s->barrier_length && (holder >> 1) - first >= s->barrier_nursery)
    return false;
  return gcroots_inline_store_bytes(s, offset, 4, &reference);
}

/* Makes a scoped root of a reference from the heap. Null stays null. */
GCROOTS_INLINE bool gcroots_inline_push_loaded(struct gcroots_inline_store *s, uint32_t reference,
                                               gcroots_ref_t *out) {
  if (reference == 0) {
    *out = gcroots_inline_null();
    return true;
  }
  if (!gcroots_inline_has_slot(s)) return false;
  *out = gcroots_inline_push(s, reference);
  return true;
}

/* Makes a scoped root refer to something else. */
GCROOTS_INLINE bool gcroots_inline_assign(struct gcroots_inline_store *s, gcroots_ref_t dst,
                                          uint32_t reference) {
  struct gcroots_inline_slot *slot;
  if (dst.store_id != s->id) return false;
  slot = gcroots_inline_scoped(s, dst);
  if (slot == GCROOTS_INLINE_NULL) return false;
  slot->reference = reference;
  if (dst.index < s->scoped_old) s->scoped_old = dst.index;
  s->counted_releases++;
  return true;
}

/* --- Making objects ----------------------------------------------------------
 *
 * An object is written before it exists: the memory behind the window's `next` is unused.
 */

/* The address of a new object of this type, with its header, if there is room for it. */
GCROOTS_INLINE unsigned char *gcroots_inline_begin(const struct gcroots_inline_store *s,
                                                   const struct gcroots_inline_type *type,
                                                   uint32_t kind, uint64_t bytes) {
  unsigned char *object;
  if (s->barrier_new_objects || !gcroots_inline_knows(s, type, kind) ||
      s->window_next + bytes > s->window_limit)
    return GCROOTS_INLINE_NULL;
  object = s->heap_base + s->window_next;
  memcpy(object, &type->header, 8);
  return object;
}

/* Does something for each index below a number. If the compiler knows a small number, it writes a
   copy for each index, in which it knows the kind of the value too. */
#ifdef __clang__
#define GCROOTS_INLINE_UNROLL
#else
#define GCROOTS_INLINE_UNROLL _Pragma("GCC unroll 8")
#endif
#define GCROOTS_INLINE_EACH(index, count, body)                          \
  if (__builtin_constant_p(count) && (count) <= 8) {                     \
    GCROOTS_INLINE_UNROLL for (index = 0; index < (count); index++) body \
  } else {                                                               \
    for (index = 0; index < (count); index++) body                       \
  }

/* Completes a new object, and returns its raw reference. */
GCROOTS_INLINE uint32_t gcroots_inline_end(struct gcroots_inline_store *s, uint64_t bytes) {
  const uint64_t offset = s->window_next;
  s->window_next = offset + bytes;
  s->objects++;
  return GCROOTS_INLINE_AS(uint32_t, offset / 4);
}

/* The bytes of an element. */
GCROOTS_INLINE size_t gcroots_inline_bytes_of(uint8_t storage) {
  switch (storage) {
    case GCROOTS_STORAGE_I8: return 1;
    case GCROOTS_STORAGE_I16: return 2;
    case GCROOTS_STORAGE_I64:
    case GCROOTS_STORAGE_F64: return 8;
    case GCROOTS_STORAGE_V128: return 16;
    default: return 4;
  }
}

/* Writes the lower bits of a value to a field. */
GCROOTS_INLINE void gcroots_inline_write(unsigned char *place, uint8_t storage, const void *value) {
  /* The lower bits of a number come first: these platforms are little-endian. */
  switch (storage) {
    case GCROOTS_STORAGE_I8: memcpy(place, value, 1); break;
    case GCROOTS_STORAGE_I16: memcpy(place, value, 2); break;
    case GCROOTS_STORAGE_I64:
    case GCROOTS_STORAGE_F64: memcpy(place, value, 8); break;
    case GCROOTS_STORAGE_V128: memcpy(place, value, 16); break;
    default: memcpy(place, value, 4); break;
  }
}

/* Writes the value of a new object's field. */
GCROOTS_INLINE bool gcroots_inline_initialise(const struct gcroots_inline_store *s,
                                              const struct gcroots_inline_field *field,
                                              unsigned char *place, const gcroots_val_t *value) {
  const gcroots_storage_t kind = value->kind;
  uint32_t reference;
  if (kind != field->takes) return false;
  /* By the kind: compilers often know it. The most frequent ones come first. */
  if (kind == GCROOTS_STORAGE_REF) {
    if (!gcroots_inline_find_or_null(s, value->of.ref, &reference) ||
        !gcroots_inline_admits(s, field, reference))
      return false;
    memcpy(place, &reference, 4);
  } else if (kind == GCROOTS_STORAGE_I32 || kind == GCROOTS_STORAGE_F32) {
    if (field->is_word)
      memcpy(place, &value->of, 4);
    else
      gcroots_inline_write(place, field->storage, &value->of);
  } else {
    memcpy(place, &value->of, kind == GCROOTS_STORAGE_V128 ? 16 : 8);
  }
  return true;
}

/* The same for a value without a kind. */
GCROOTS_INLINE bool gcroots_inline_initialise_raw(const struct gcroots_inline_store *s,
                                                  const struct gcroots_inline_field *field,
                                                  unsigned char *place,
                                                  const gcroots_raw_val_t *value) {
  if (field->storage == GCROOTS_STORAGE_REF) {
    if (!gcroots_inline_admits_raw(s, field, value->ref)) return false;
    memcpy(place, &value->ref, 4);
    return true;
  }
  if (field->is_word)
    memcpy(place, value, 4);
  else
    gcroots_inline_write(place, field->storage, value);
  return true;
}

/* --- Scopes ------------------------------------------------------------------ */

GCROOTS_INLINE bool gcroots_inline_try_scope_enter(gcroots_store_t *store, gcroots_scope_t *out) {
  struct gcroots_inline_store *s = gcroots_inline_entered(store);
  struct gcroots_inline_scope *record;
  if (s == GCROOTS_INLINE_NULL || out == GCROOTS_INLINE_NULL) return false;
  record = s->scope_top + 1;
  /* Not `==`: in a callback the innermost record may be the one at the end. */
  if (!GCROOTS_INLINE_LIKELY(record < s->scope_end)) return false;
  record->serial = s->scope_next_serial++;
  /* Atomic, so that the compiler does not make one vector of the two, which takes longer. */
  __atomic_store_n(&record->scoped_length, s->scoped_length, __ATOMIC_RELAXED);
  __atomic_store_n(&record->no_gc_spans, s->no_gc_spans, __ATOMIC_RELAXED);
  s->scope_top = record;
  out->store_id = s->id;
  out->serial = record->serial;
  return true;
}

GCROOTS_INLINE gcroots_status_t gcroots_inline_scope_enter(gcroots_store_t *store,
                                                           gcroots_scope_t *out) {
  if (!GCROOTS_INLINE_LIKELY(gcroots_inline_try_scope_enter(store, out)))
    return (gcroots_scope_enter)(store, out);
  return GCROOTS_OK;
}

/* Whether a scope is the innermost one of the store. */
GCROOTS_INLINE bool gcroots_inline_is_innermost(const struct gcroots_inline_store *s,
                                                gcroots_scope_t scope) {
  return scope.store_id == s->id && scope.serial != 0 && s->scope_top->serial == scope.serial;
}

/* Leaves the innermost scope. */
GCROOTS_INLINE void gcroots_inline_leave(struct gcroots_inline_store *s) {
  const struct gcroots_inline_scope *record = s->scope_top;
  s->scope_top--;
  s->no_gc_spans = record->no_gc_spans;
  gcroots_inline_truncate(s, record->scoped_length);
}

GCROOTS_INLINE gcroots_status_t gcroots_inline_scope_exit(gcroots_store_t *store,
                                                          gcroots_scope_t scope) {
  struct gcroots_inline_store *s = gcroots_inline_entered(store);
  if (s == GCROOTS_INLINE_NULL || !GCROOTS_INLINE_LIKELY(gcroots_inline_is_innermost(s, scope)))
    return (gcroots_scope_exit)(store, scope);
  gcroots_inline_leave(s);
  GCROOTS_INLINE_COMPARED("gcroots_scope_exit",
                          (gcroots_scope_exit)(store, scope) == GCROOTS_ERROR_SCOPE_ORDER);
  return GCROOTS_OK;
}

GCROOTS_INLINE bool gcroots_inline_try_scope_escape(gcroots_store_t *store, gcroots_scope_t scope,
                                                    gcroots_ref_t ref, gcroots_ref_t *out) {
  struct gcroots_inline_store *s = gcroots_inline_entered(store);
  uint32_t reference;
  if (s == GCROOTS_INLINE_NULL || out == GCROOTS_INLINE_NULL ||
      !gcroots_inline_is_innermost(s, scope) || !gcroots_inline_find(s, ref, &reference) ||
      reference == 0 || !gcroots_inline_has_slot_at(s, s->scope_top->scoped_length))
    return false;
  gcroots_inline_leave(s);
  *out = gcroots_inline_push(s, reference);
  return true;
}

GCROOTS_INLINE gcroots_status_t gcroots_inline_scope_escape(gcroots_store_t *store,
                                                            gcroots_scope_t scope,
                                                            gcroots_ref_t ref, gcroots_ref_t *out) {
  gcroots_ref_t escaped;
  if (out == GCROOTS_INLINE_NULL || !gcroots_inline_try_scope_escape(store, scope, ref, &escaped))
    return (gcroots_scope_escape)(store, scope, ref, out);
  *out = escaped;
  GCROOTS_INLINE_COMPARED("gcroots_scope_escape",
                          (gcroots_scope_exit)(store, scope) == GCROOTS_ERROR_SCOPE_ORDER);
  return GCROOTS_OK;
}

/* --- No-GC spans ------------------------------------------------------------- */

GCROOTS_INLINE gcroots_status_t gcroots_inline_no_gc_enter(gcroots_store_t *store) {
  struct gcroots_inline_store *s = gcroots_inline_entered(store);
  if (s == GCROOTS_INLINE_NULL || s->no_gc_spans == UINT32_MAX) return (gcroots_no_gc_enter)(store);
  s->no_gc_spans++;
  return GCROOTS_OK;
}

GCROOTS_INLINE gcroots_status_t gcroots_inline_no_gc_exit(gcroots_store_t *store) {
  struct gcroots_inline_store *s = gcroots_inline_entered(store);
  if (s == GCROOTS_INLINE_NULL || s->no_gc_spans <= s->scope_top->no_gc_spans)
    return (gcroots_no_gc_exit)(store);
  s->no_gc_spans--;
  return GCROOTS_OK;
}

/* --- Scoped roots and locals -------------------------------------------------- */

GCROOTS_INLINE bool gcroots_inline_try_local_new(gcroots_store_t *store, gcroots_ref_t ref,
                                                 gcroots_ref_t *out) {
  struct gcroots_inline_store *s = gcroots_inline_entered(store);
  uint32_t reference;
  if (s == GCROOTS_INLINE_NULL || out == GCROOTS_INLINE_NULL ||
      !gcroots_inline_find_or_null(s, ref, &reference) || !gcroots_inline_has_slot(s))
    return false;
  *out = gcroots_inline_push(s, reference);
  return true;
}

#ifdef GCROOTS_INLINE_COMPARE
/* Whether two handles name the same object, as the library finds. */
static inline bool gcroots_inline_same(gcroots_store_t *store, gcroots_ref_t a, gcroots_ref_t b) {
  bool same = false;
  return (gcroots_ref_eq)(store, a, b, &same) == GCROOTS_OK && same;
}
#endif

GCROOTS_INLINE gcroots_status_t gcroots_inline_local_new(gcroots_store_t *store,
                                                         gcroots_ref_t ref_or_null,
                                                         gcroots_ref_t *out) {
  if (!GCROOTS_INLINE_LIKELY(gcroots_inline_try_local_new(store, ref_or_null, out)))
    return (gcroots_local_new)(store, ref_or_null, out);
  GCROOTS_INLINE_COMPARED("gcroots_local_new", gcroots_inline_same(store, ref_or_null, *out));
  return GCROOTS_OK;
}

GCROOTS_INLINE gcroots_status_t gcroots_inline_local_is_null(gcroots_store_t *store,
                                                             gcroots_ref_t ref, bool *out) {
  struct gcroots_inline_store *s = gcroots_inline_entered(store);
  uint32_t reference;
  if (s == GCROOTS_INLINE_NULL || out == GCROOTS_INLINE_NULL ||
      !gcroots_inline_find_or_null(s, ref, &reference))
    return (gcroots_local_is_null)(store, ref, out);
  *out = reference == 0;
  GCROOTS_INLINE_COMPARED("gcroots_local_is_null",
                          gcroots_inline_same(store, ref, gcroots_inline_null()) == *out);
  return GCROOTS_OK;
}

GCROOTS_INLINE bool gcroots_inline_try_ref_assign(gcroots_store_t *store, gcroots_ref_t dst,
                                                  gcroots_ref_t src) {
  struct gcroots_inline_store *s = gcroots_inline_entered(store);
  uint32_t reference;
  return s != GCROOTS_INLINE_NULL && gcroots_inline_find_or_null(s, src, &reference) &&
         gcroots_inline_assign(s, dst, reference);
}

GCROOTS_INLINE gcroots_status_t gcroots_inline_ref_assign(gcroots_store_t *store, gcroots_ref_t dst,
                                                          gcroots_ref_t src_or_null) {
  if (!GCROOTS_INLINE_LIKELY(gcroots_inline_try_ref_assign(store, dst, src_or_null)))
    return (gcroots_ref_assign)(store, dst, src_or_null);
  GCROOTS_INLINE_COMPARED("gcroots_ref_assign", gcroots_inline_same(store, dst, src_or_null));
  return GCROOTS_OK;
}

/* --- Manual roots -------------------------------------------------------------- */

/* Makes a manual root of a reference that is not null. */
GCROOTS_INLINE bool gcroots_inline_root(struct gcroots_inline_store *s, uint32_t reference,
                                        gcroots_manually_rooted_t *out) {
  const uint32_t index = s->manual_free;
  struct gcroots_inline_slot *slot;
  uint32_t generation;
  if (index == GCROOTS_INLINE_FREE_END || gcroots_inline_has_queue(s)) return false;
  slot = &s->manual_slots[index];
  s->manual_free = slot->reference >> 1;
  generation = slot->generation + 1;
  /* Other threads read it when they queue roots. */
  __atomic_store_n(&slot->generation, generation, __ATOMIC_RELAXED);
  slot->reference = reference;
  s->manual_groups[index >> s->manual_group_shift & 63] = true;
  s->manual_created++;
  out->ref = gcroots_inline_handle(s, generation, index | GCROOTS_INLINE_MANUAL);
  return true;
}

GCROOTS_INLINE gcroots_status_t gcroots_inline_ref_to_manually_rooted(
    gcroots_store_t *store, gcroots_ref_t ref, gcroots_manually_rooted_t *out) {
  struct gcroots_inline_store *s = gcroots_inline_entered(store);
  uint32_t reference;
  if (s == GCROOTS_INLINE_NULL || out == GCROOTS_INLINE_NULL ||
      !gcroots_inline_find(s, ref, &reference) || reference == 0 ||
      !gcroots_inline_root(s, reference, out))
    return (gcroots_ref_to_manually_rooted)(store, ref, out);
  return GCROOTS_OK;
}

GCROOTS_INLINE gcroots_status_t gcroots_inline_manually_rooted_clone(
    gcroots_store_t *store, gcroots_manually_rooted_t handle, gcroots_manually_rooted_t *out) {
  if (handle.ref.store_id != 0 && (handle.ref.index & GCROOTS_INLINE_MANUAL) == 0)
    return (gcroots_manually_rooted_clone)(store, handle, out);
  {
    struct gcroots_inline_store *s = gcroots_inline_entered(store);
    uint32_t reference;
    if (s == GCROOTS_INLINE_NULL || out == GCROOTS_INLINE_NULL ||
        !gcroots_inline_find(s, handle.ref, &reference) || reference == 0 ||
        !gcroots_inline_root(s, reference, out))
      return (gcroots_manually_rooted_clone)(store, handle, out);
  }
  return GCROOTS_OK;
}

GCROOTS_INLINE bool gcroots_inline_try_unroot(gcroots_store_t *store, gcroots_ref_t ref) {
  struct gcroots_inline_store *s = gcroots_inline_entered(store);
  struct gcroots_inline_slot *slot;
  if (s == GCROOTS_INLINE_NULL || ref.store_id != s->id || (ref.index & GCROOTS_INLINE_MANUAL) == 0)
    return false;
  slot = gcroots_inline_manual(s, ref);
  if (slot == GCROOTS_INLINE_NULL || ref.generation + 1 == GCROOTS_INLINE_RETIRED - 1) return false;
  __atomic_store_n(&slot->generation, ref.generation + 1, __ATOMIC_RELAXED);
  slot->reference = s->manual_free << 1 | 1;
  s->manual_free = ref.index & ~GCROOTS_INLINE_MANUAL;
  s->manual_released++;
  return true;
}

GCROOTS_INLINE gcroots_status_t
gcroots_inline_manually_rooted_unroot(gcroots_store_t *store, gcroots_manually_rooted_t *handle) {
  if (handle == GCROOTS_INLINE_NULL || !gcroots_inline_try_unroot(store, handle->ref))
    return (gcroots_manually_rooted_unroot)(store, handle);
  GCROOTS_INLINE_COMPARED(
      "gcroots_manually_rooted_unroot",
      (gcroots_manually_rooted_unroot)(store, handle) == GCROOTS_ERROR_UNROOTED);
  handle->ref = gcroots_inline_null();
  return GCROOTS_OK;
}

GCROOTS_INLINE gcroots_status_t gcroots_inline_manually_rooted_to_rooted(
    gcroots_store_t *store, gcroots_manually_rooted_t handle, gcroots_ref_t *out) {
  struct gcroots_inline_store *s = gcroots_inline_entered(store);
  uint32_t reference;
  if (s == GCROOTS_INLINE_NULL || out == GCROOTS_INLINE_NULL ||
      (handle.ref.index & GCROOTS_INLINE_MANUAL) == 0 ||
      !gcroots_inline_find(s, handle.ref, &reference) || !gcroots_inline_has_slot(s))
    return (gcroots_manually_rooted_to_rooted)(store, handle, out);
  *out = gcroots_inline_push(s, reference);
  GCROOTS_INLINE_COMPARED("gcroots_manually_rooted_to_rooted",
                          gcroots_inline_same(store, handle.ref, *out));
  return GCROOTS_OK;
}

/* --- Externrefs ---------------------------------------------------------------- */

GCROOTS_INLINE bool gcroots_inline_try_externref_new(gcroots_store_t *store, void *data,
                                                     gcroots_finalizer_t finalizer,
                                                     gcroots_ref_t *out) {
  struct gcroots_inline_store *s = gcroots_inline_entered(store);
  struct gcroots_inline_entry *entry;
  uint32_t index, reference;
  uint64_t words[2];
  if (s == GCROOTS_INLINE_NULL || out == GCROOTS_INLINE_NULL ||
      s->window_next + sizeof words > s->window_limit || !gcroots_inline_has_slot(s) ||
      s->host_free == UINT32_MAX)
    return false;
  index = s->host_free;
  words[0] = 1; /* the header: an externref, without a type */
  words[1] = index;
  memcpy(s->heap_base + s->window_next, words, sizeof words);
  reference = gcroots_inline_end(s, sizeof words);
  entry = &s->host_entries[index];
  s->host_free = entry->link;
  entry->data = data;
  entry->finalizer = finalizer;
  entry->object = reference;
  s->host_groups[index >> s->host_group_shift & 63] = true;
  *out = gcroots_inline_push(s, reference);
  return true;
}

#ifdef GCROOTS_INLINE_COMPARE
/* Whether an externref has this pointer, as the library finds. */
static inline bool gcroots_inline_has_data(gcroots_store_t *store, gcroots_ref_t ref,
                                           const void *data) {
  void *found = GCROOTS_INLINE_NULL;
  return (gcroots_externref_data)(store, ref, &found) == GCROOTS_OK && found == data;
}
#endif

GCROOTS_INLINE gcroots_status_t gcroots_inline_externref_new(gcroots_store_t *store, void *data,
                                                             gcroots_finalizer_t finalizer_or_null,
                                                             gcroots_ref_t *out) {
  if (!GCROOTS_INLINE_LIKELY(gcroots_inline_try_externref_new(store, data, finalizer_or_null, out)))
    return (gcroots_externref_new)(store, data, finalizer_or_null, out);
  GCROOTS_INLINE_COMPARED("gcroots_externref_new", gcroots_inline_has_data(store, *out, data));
  return GCROOTS_OK;
}

GCROOTS_INLINE bool gcroots_inline_try_externref_data(gcroots_store_t *store, gcroots_ref_t ref,
                                                      void **out) {
  struct gcroots_inline_store *s = gcroots_inline_entered(store);
  uint32_t reference;
  uint64_t index;
  if (s == GCROOTS_INLINE_NULL || out == GCROOTS_INLINE_NULL ||
      !gcroots_inline_find_object(s, ref, &reference))
    return false;
  /* Of null and of other objects, it is some number. */
  memcpy(&index, s->heap_base + 4 * GCROOTS_INLINE_AS(uint64_t, reference) + 8, sizeof index);
  if (index >= s->host_used || s->host_entries[index].object != reference) return false;
  *out = s->host_entries[index].data;
  return true;
}

GCROOTS_INLINE gcroots_status_t gcroots_inline_externref_data(gcroots_store_t *store,
                                                              gcroots_ref_t ref, void **out) {
  if (!GCROOTS_INLINE_LIKELY(gcroots_inline_try_externref_data(store, ref, out)))
    return (gcroots_externref_data)(store, ref, out);
  GCROOTS_INLINE_COMPARED("gcroots_externref_data", gcroots_inline_has_data(store, ref, *out));
  return GCROOTS_OK;
}

/* --- Fields and elements of numbers -------------------------------------------- */

GCROOTS_INLINE bool gcroots_inline_try_struct_get(gcroots_store_t *store, gcroots_ref_t ref,
                                                  size_t index, uint8_t storage, size_t bytes,
                                                  void *out) {
  const struct gcroots_inline_store *s = gcroots_inline_entered(store);
  const struct gcroots_inline_field *field;
  uint32_t object;
  if (s == GCROOTS_INLINE_NULL || out == GCROOTS_INLINE_NULL) return false;
  if (!gcroots_inline_struct_field(s, ref, index, &object, &field) || field->storage != storage)
    return false;
  return gcroots_inline_load(s, gcroots_inline_field_offset(field, object), bytes, out);
}

GCROOTS_INLINE bool gcroots_inline_try_struct_set(gcroots_store_t *store, gcroots_ref_t ref,
                                                  size_t index, uint8_t storage, size_t bytes,
                                                  const void *value) {
  const struct gcroots_inline_store *s = gcroots_inline_entered(store);
  const struct gcroots_inline_field *field;
  uint32_t object;
  if (s == GCROOTS_INLINE_NULL) return false;
  if (!gcroots_inline_struct_field(s, ref, index, &object, &field) || field->storage != storage ||
      !field->is_mutable)
    return false;
  return gcroots_inline_store_bytes(s, gcroots_inline_field_offset(field, object), bytes, value);
}

GCROOTS_INLINE bool gcroots_inline_try_array_get(gcroots_store_t *store, gcroots_ref_t ref,
                                                 size_t index, uint8_t storage, size_t bytes,
                                                 void *out) {
  const struct gcroots_inline_store *s = gcroots_inline_entered(store);
  const struct gcroots_inline_field *element;
  uint32_t array;
  if (s == GCROOTS_INLINE_NULL || out == GCROOTS_INLINE_NULL) return false;
  if (!gcroots_inline_element(s, ref, index, &array, &element) || element->storage != storage)
    return false;
  return gcroots_inline_load(s, gcroots_inline_element_offset(array, index, bytes), bytes, out);
}

GCROOTS_INLINE bool gcroots_inline_try_array_set(gcroots_store_t *store, gcroots_ref_t ref,
                                                 size_t index, uint8_t storage, size_t bytes,
                                                 const void *value) {
  const struct gcroots_inline_store *s = gcroots_inline_entered(store);
  const struct gcroots_inline_field *element;
  uint32_t array;
  if (s == GCROOTS_INLINE_NULL) return false;
  if (!gcroots_inline_element(s, ref, index, &array, &element) || element->storage != storage ||
      !element->is_mutable)
    return false;
  return gcroots_inline_store_bytes(s, gcroots_inline_element_offset(array, index, bytes), bytes,
                                    value);
}

/* The four functions of a type. The comparisons are of bytes: a NaN equals itself. */
#ifdef GCROOTS_INLINE_COMPARE
#define GCROOTS_INLINE_SAME_NUMBER(name, type)                                              \
  static inline bool gcroots_inline_same_##name(gcroots_status_t status, const type *found, \
                                                const type *given) {                        \
    return status == GCROOTS_OK && memcmp(found, given, sizeof(type)) == 0;                 \
  }
#else
#define GCROOTS_INLINE_SAME_NUMBER(name, type)
#endif

#define GCROOTS_INLINE_NUMBER(of, name, type, storage)                                             \
  GCROOTS_INLINE gcroots_status_t gcroots_inline_##of##_get_##name(                                \
      gcroots_store_t *store, gcroots_ref_t ref, size_t index, type *out) {                        \
    type value;                                                                                    \
    if (out == GCROOTS_INLINE_NULL || !GCROOTS_INLINE_LIKELY(gcroots_inline_try_##of##_get(        \
                                          store, ref, index, storage, sizeof value, &value)))      \
      return (gcroots_##of##_get_##name)(store, ref, index, out);                                  \
    *out = value;                                                                                  \
    GCROOTS_INLINE_COMPARED(                                                                       \
        "gcroots_" #of "_get_" #name,                                                              \
        gcroots_inline_same_##name((gcroots_##of##_get_##name)(store, ref, index, &value), &value, \
                                   out));                                                          \
    return GCROOTS_OK;                                                                             \
  }                                                                                                \
  GCROOTS_INLINE gcroots_status_t gcroots_inline_##of##_set_##name(                                \
      gcroots_store_t *store, gcroots_ref_t ref, size_t index, type value) {                       \
    if (!GCROOTS_INLINE_LIKELY(                                                                    \
            gcroots_inline_try_##of##_set(store, ref, index, storage, sizeof value, &value)))      \
      return (gcroots_##of##_set_##name)(store, ref, index, value);                                \
    GCROOTS_INLINE_COMPARED("gcroots_" #of "_set_" #name,                                          \
                            (gcroots_##of##_set_##name)(store, ref, index, value) == GCROOTS_OK);  \
    return GCROOTS_OK;                                                                             \
  }

#define GCROOTS_INLINE_NUMBERS(name, type, storage)  \
  GCROOTS_INLINE_SAME_NUMBER(name, type)             \
  GCROOTS_INLINE_NUMBER(struct, name, type, storage) \
  GCROOTS_INLINE_NUMBER(array, name, type, storage)

GCROOTS_INLINE_NUMBERS(i32, int32_t, GCROOTS_STORAGE_I32)
GCROOTS_INLINE_NUMBERS(i64, int64_t, GCROOTS_STORAGE_I64)
GCROOTS_INLINE_NUMBERS(f32, float, GCROOTS_STORAGE_F32)
GCROOTS_INLINE_NUMBERS(f64, double, GCROOTS_STORAGE_F64)
GCROOTS_INLINE_NUMBERS(v128, gcroots_v128_t, GCROOTS_STORAGE_V128)

#undef GCROOTS_INLINE_NUMBERS
#undef GCROOTS_INLINE_NUMBER
#undef GCROOTS_INLINE_SAME_NUMBER

GCROOTS_INLINE gcroots_status_t gcroots_inline_array_len(gcroots_store_t *store, gcroots_ref_t ref,
                                                         size_t *out) {
  const struct gcroots_inline_store *s = gcroots_inline_entered(store);
  uint32_t array;
  if (s == GCROOTS_INLINE_NULL || out == GCROOTS_INLINE_NULL ||
      gcroots_inline_typed(s, ref, GCROOTS_INLINE_ARRAY, &array) == GCROOTS_INLINE_NULL)
    return (gcroots_array_len)(store, ref, out);
  *out = gcroots_inline_length(s, array);
  return GCROOTS_OK;
}

/* --- Fields and elements of references ------------------------------------------ */

/* Reads a reference field of a struct. */
GCROOTS_INLINE bool gcroots_inline_load_field(const struct gcroots_inline_store *s,
                                              gcroots_ref_t ref, size_t index, uint32_t *out) {
  uint32_t object;
  const struct gcroots_inline_field *field;
  return gcroots_inline_struct_field(s, ref, index, &object, &field) &&
         field->storage == GCROOTS_STORAGE_REF &&
         gcroots_inline_load(s, gcroots_inline_field_offset(field, object), 4, out) &&
         gcroots_inline_is_sound(s, *out);
}

/* Reads a reference element of an array. */
GCROOTS_INLINE bool gcroots_inline_load_element(const struct gcroots_inline_store *s,
                                                gcroots_ref_t ref, size_t index, uint32_t *out) {
  uint32_t array;
  const struct gcroots_inline_field *element;
  return gcroots_inline_element(s, ref, index, &array, &element) &&
         element->storage == GCROOTS_STORAGE_REF &&
         gcroots_inline_load(s, gcroots_inline_element_offset(array, index, 4), 4, out) &&
         gcroots_inline_is_sound(s, *out);
}

/* Stores a reference in a field or an element, if it is one of references and admits it. */
GCROOTS_INLINE bool gcroots_inline_store_value(const struct gcroots_inline_store *s,
                                               const struct gcroots_inline_field *field,
                                               uint32_t holder, uint64_t offset,
                                               gcroots_ref_t value) {
  uint32_t reference;
  return field->is_mutable && field->storage == GCROOTS_STORAGE_REF &&
         gcroots_inline_find_or_null(s, value, &reference) &&
         gcroots_inline_admits(s, field, reference) &&
         gcroots_inline_store_reference(s, holder, offset, reference);
}

GCROOTS_INLINE bool gcroots_inline_try_struct_set_ref(gcroots_store_t *store, gcroots_ref_t ref,
                                                      size_t index, gcroots_ref_t value) {
  const struct gcroots_inline_store *s = gcroots_inline_entered(store);
  const struct gcroots_inline_field *field;
  uint32_t object;
  if (s == GCROOTS_INLINE_NULL || s->barrier_concerns_all) return false;
  return gcroots_inline_struct_field(s, ref, index, &object, &field) &&
         gcroots_inline_store_value(s, field, object, gcroots_inline_field_offset(field, object),
                                    value);
}

GCROOTS_INLINE bool gcroots_inline_try_array_set_ref(gcroots_store_t *store, gcroots_ref_t ref,
                                                     size_t index, gcroots_ref_t value) {
  const struct gcroots_inline_store *s = gcroots_inline_entered(store);
  const struct gcroots_inline_field *element;
  uint32_t array;
  if (s == GCROOTS_INLINE_NULL || s->barrier_concerns_all) return false;
  return gcroots_inline_element(s, ref, index, &array, &element) &&
         gcroots_inline_store_value(s, element, array,
                                    gcroots_inline_element_offset(array, index, 4), value);
}

#ifdef GCROOTS_INLINE_COMPARE
/* Whether the library reads this reference. Its root ends at once. */
#define GCROOTS_INLINE_READ_AGAIN(of)                                                     \
  static inline bool gcroots_inline_##of##_has(gcroots_store_t *store, gcroots_ref_t ref, \
                                               size_t index, gcroots_ref_t expected) {    \
    gcroots_scope_t scope;                                                                \
    gcroots_ref_t value;                                                                  \
    bool same;                                                                            \
    if ((gcroots_scope_enter)(store, &scope) != GCROOTS_OK) return false;                 \
    same = (gcroots_##of##_get_ref)(store, ref, index, &value) == GCROOTS_OK &&           \
           gcroots_inline_same(store, value, expected);                                   \
    return (gcroots_scope_exit)(store, scope) == GCROOTS_OK && same;                      \
  }
#else
#define GCROOTS_INLINE_READ_AGAIN(of)
#endif

#define GCROOTS_INLINE_REFERENCE(of, slot)                                                         \
  GCROOTS_INLINE bool gcroots_inline_try_##of##_get_ref(gcroots_store_t *store, gcroots_ref_t ref, \
                                                        size_t index, gcroots_ref_t *out) {        \
    struct gcroots_inline_store *s = gcroots_inline_entered(store);                                \
    uint32_t reference;                                                                            \
    return s != GCROOTS_INLINE_NULL && gcroots_inline_load_##slot(s, ref, index, &reference) &&    \
           gcroots_inline_push_loaded(s, reference, out);                                          \
  }                                                                                                \
  GCROOTS_INLINE gcroots_status_t gcroots_inline_##of##_get_ref(                                   \
      gcroots_store_t *store, gcroots_ref_t ref, size_t index, gcroots_ref_t *out) {               \
    gcroots_ref_t value;                                                                           \
    if (out == GCROOTS_INLINE_NULL ||                                                              \
        !GCROOTS_INLINE_LIKELY(gcroots_inline_try_##of##_get_ref(store, ref, index, &value)))      \
      return (gcroots_##of##_get_ref)(store, ref, index, out);                                     \
    *out = value;                                                                                  \
    GCROOTS_INLINE_COMPARED("gcroots_" #of "_get_ref",                                             \
                            gcroots_inline_##of##_has(store, ref, index, value));                  \
    return GCROOTS_OK;                                                                             \
  }                                                                                                \
  GCROOTS_INLINE gcroots_status_t gcroots_inline_##of##_get_ref_into(                              \
      gcroots_store_t *store, gcroots_ref_t ref, size_t index, gcroots_ref_t dst) {                \
    struct gcroots_inline_store *s = gcroots_inline_entered(store);                                \
    uint32_t reference;                                                                            \
    if (s == GCROOTS_INLINE_NULL || !gcroots_inline_load_##slot(s, ref, index, &reference) ||      \
        !gcroots_inline_assign(s, dst, reference))                                                 \
      return (gcroots_##of##_get_ref_into)(store, ref, index, dst);                                \
    return GCROOTS_OK;                                                                             \
  }                                                                                                \
  GCROOTS_INLINE gcroots_status_t gcroots_inline_##of##_set_ref(                                   \
      gcroots_store_t *store, gcroots_ref_t ref, size_t index, gcroots_ref_t value_or_null) {      \
    if (!GCROOTS_INLINE_LIKELY(                                                                    \
            gcroots_inline_try_##of##_set_ref(store, ref, index, value_or_null)))                  \
      return (gcroots_##of##_set_ref)(store, ref, index, value_or_null);                           \
    GCROOTS_INLINE_COMPARED(                                                                       \
        "gcroots_" #of "_set_ref",                                                                 \
        (gcroots_##of##_set_ref)(store, ref, index, value_or_null) == GCROOTS_OK);                 \
    return GCROOTS_OK;                                                                             \
  }

GCROOTS_INLINE_READ_AGAIN(struct)
GCROOTS_INLINE_READ_AGAIN(array)
GCROOTS_INLINE_REFERENCE(struct, field)
GCROOTS_INLINE_REFERENCE(array, element)

#undef GCROOTS_INLINE_REFERENCE
#undef GCROOTS_INLINE_READ_AGAIN

/* --- Packed numbers, and values of any kind ------------------------------------- */

/* The layout of a field of a struct, the raw reference of the struct, and the offset of the field
   in the heap. */
GCROOTS_INLINE bool gcroots_inline_struct_slot(const struct gcroots_inline_store *s,
                                               gcroots_ref_t ref, size_t index, uint32_t *holder,
                                               uint64_t *offset,
                                               const struct gcroots_inline_field **field) {
  if (!gcroots_inline_struct_field(s, ref, index, holder, field)) return false;
  *offset = gcroots_inline_field_offset(*field, *holder);
  return true;
}

/* The same for an element of an array. */
GCROOTS_INLINE bool gcroots_inline_array_slot(const struct gcroots_inline_store *s,
                                              gcroots_ref_t ref, size_t index, uint32_t *holder,
                                              uint64_t *offset,
                                              const struct gcroots_inline_field **element) {
  if (!gcroots_inline_element(s, ref, index, holder, element)) return false;
  *offset =
      gcroots_inline_element_offset(*holder, index, gcroots_inline_bytes_of((*element)->storage));
  return true;
}

/* Reads a packed number. `is_signed` chooses sign extension over zero extension. */
GCROOTS_INLINE bool gcroots_inline_read_packed(const struct gcroots_inline_store *s,
                                               const struct gcroots_inline_field *field,
                                               uint64_t offset, bool is_signed, void *out) {
  uint8_t byte;
  uint16_t half;
  int32_t number;
  if (field->storage == GCROOTS_STORAGE_I8) {
    if (!gcroots_inline_load(s, offset, 1, &byte)) return false;
    number = is_signed ? GCROOTS_INLINE_AS(int8_t, byte) : byte;
  } else if (field->storage == GCROOTS_STORAGE_I16) {
    if (!gcroots_inline_load(s, offset, 2, &half)) return false;
    number = is_signed ? GCROOTS_INLINE_AS(int16_t, half) : half;
  } else {
    return false;
  }
  memcpy(out, &number, sizeof number);
  return true;
}

/* Reads a value. A reference becomes a scoped root, a packed number is extended with zeros. */
GCROOTS_INLINE bool gcroots_inline_read_value(struct gcroots_inline_store *s,
                                              const struct gcroots_inline_field *field,
                                              uint64_t offset, gcroots_val_t *out) {
  const size_t bytes = gcroots_inline_bytes_of(field->storage);
  uint32_t reference;
  gcroots_val_t value;
  memset(&value, 0, sizeof value);
  value.kind = field->takes;
  if (field->storage == GCROOTS_STORAGE_REF) {
    if (!gcroots_inline_load(s, offset, 4, &reference) || !gcroots_inline_is_sound(s, reference) ||
        !gcroots_inline_push_loaded(s, reference, &value.of.ref))
      return false;
  } else if (!gcroots_inline_load(s, offset, bytes, &value.of)) {
    return false;
  }
  *out = value;
  return true;
}

/* Stores a value, if the field may be set and takes its kind. */
GCROOTS_INLINE bool gcroots_inline_write_value(const struct gcroots_inline_store *s,
                                               const struct gcroots_inline_field *field,
                                               uint32_t holder, uint64_t offset,
                                               const gcroots_val_t *value) {
  if (!field->is_mutable || value->kind != field->takes) return false;
  if (value->kind == GCROOTS_STORAGE_REF)
    return !s->barrier_concerns_all &&
           gcroots_inline_store_value(s, field, holder, offset, value->of.ref);
  return gcroots_inline_store_bytes(s, offset, gcroots_inline_bytes_of(field->storage), &value->of);
}

#define GCROOTS_INLINE_VALUES(of)                                                            \
  GCROOTS_INLINE gcroots_status_t gcroots_inline_##of##_get(                                 \
      gcroots_store_t *store, gcroots_ref_t ref, size_t index, gcroots_val_t *out) {         \
    struct gcroots_inline_store *s = gcroots_inline_entered(store);                          \
    const struct gcroots_inline_field *field;                                                \
    uint64_t offset;                                                                         \
    uint32_t holder;                                                                         \
    if (s == GCROOTS_INLINE_NULL || out == GCROOTS_INLINE_NULL ||                            \
        !gcroots_inline_##of##_slot(s, ref, index, &holder, &offset, &field) ||              \
        !gcroots_inline_read_value(s, field, offset, out))                                   \
      return (gcroots_##of##_get)(store, ref, index, out);                                   \
    return GCROOTS_OK;                                                                       \
  }                                                                                          \
  GCROOTS_INLINE gcroots_status_t gcroots_inline_##of##_set(                                 \
      gcroots_store_t *store, gcroots_ref_t ref, size_t index, const gcroots_val_t *value) { \
    const struct gcroots_inline_store *s = gcroots_inline_entered(store);                    \
    const struct gcroots_inline_field *field;                                                \
    uint64_t offset;                                                                         \
    uint32_t holder;                                                                         \
    if (s == GCROOTS_INLINE_NULL || value == GCROOTS_INLINE_NULL ||                          \
        !gcroots_inline_##of##_slot(s, ref, index, &holder, &offset, &field) ||              \
        !gcroots_inline_write_value(s, field, holder, offset, value))                        \
      return (gcroots_##of##_set)(store, ref, index, value);                                 \
    return GCROOTS_OK;                                                                       \
  }                                                                                          \
  GCROOTS_INLINE gcroots_status_t gcroots_inline_##of##_get_s(                               \
      gcroots_store_t *store, gcroots_ref_t ref, size_t index, int32_t *out) {               \
    const struct gcroots_inline_store *s = gcroots_inline_entered(store);                    \
    const struct gcroots_inline_field *field;                                                \
    uint64_t offset;                                                                         \
    uint32_t holder;                                                                         \
    if (s == GCROOTS_INLINE_NULL || out == GCROOTS_INLINE_NULL ||                            \
        !gcroots_inline_##of##_slot(s, ref, index, &holder, &offset, &field) ||              \
        !gcroots_inline_read_packed(s, field, offset, true, out))                            \
      return (gcroots_##of##_get_s)(store, ref, index, out);                                 \
    return GCROOTS_OK;                                                                       \
  }                                                                                          \
  GCROOTS_INLINE gcroots_status_t gcroots_inline_##of##_get_u(                               \
      gcroots_store_t *store, gcroots_ref_t ref, size_t index, uint32_t *out) {              \
    const struct gcroots_inline_store *s = gcroots_inline_entered(store);                    \
    const struct gcroots_inline_field *field;                                                \
    uint64_t offset;                                                                         \
    uint32_t holder;                                                                         \
    if (s == GCROOTS_INLINE_NULL || out == GCROOTS_INLINE_NULL ||                            \
        !gcroots_inline_##of##_slot(s, ref, index, &holder, &offset, &field) ||              \
        !gcroots_inline_read_packed(s, field, offset, false, out))                           \
      return (gcroots_##of##_get_u)(store, ref, index, out);                                 \
    return GCROOTS_OK;                                                                       \
  }

GCROOTS_INLINE_VALUES(struct)
GCROOTS_INLINE_VALUES(array)

#undef GCROOTS_INLINE_VALUES

/* --- New structs and arrays ------------------------------------------------------ */

/* Writes a new struct, without completing it. */
GCROOTS_INLINE bool gcroots_inline_write_struct(const struct gcroots_inline_store *s,
                                                const struct gcroots_inline_type *type,
                                                const gcroots_val_t *fields, size_t count) {
  unsigned char *object;
  size_t i;
  if (type == GCROOTS_INLINE_NULL || fields == GCROOTS_INLINE_NULL || count != type->field_count)
    return false;
  object = gcroots_inline_begin(s, type, GCROOTS_INLINE_STRUCT, type->bytes);
  if (object == GCROOTS_INLINE_NULL) return false;
  GCROOTS_INLINE_EACH(i, count, {
    const struct gcroots_inline_field *field = &type->fields[i];
    if (!gcroots_inline_initialise(s, field, object + field->offset, &fields[i])) return false;
  })
  return true;
}

GCROOTS_INLINE const struct gcroots_inline_type *gcroots_inline_type_of(
    const gcroots_type_t *type) {
  return GCROOTS_INLINE_AT(const struct gcroots_inline_type *, type);
}

GCROOTS_INLINE bool gcroots_inline_try_struct_new(gcroots_store_t *store,
                                                  const gcroots_type_t *type,
                                                  const gcroots_val_t *fields, size_t count,
                                                  gcroots_ref_t *out) {
  struct gcroots_inline_store *s = gcroots_inline_entered(store);
  if (s == GCROOTS_INLINE_NULL || !gcroots_inline_has_slot(s) ||
      !gcroots_inline_write_struct(s, gcroots_inline_type_of(type), fields, count))
    return false;
  *out = gcroots_inline_push(s, gcroots_inline_end(s, gcroots_inline_type_of(type)->bytes));
  return true;
}

GCROOTS_INLINE gcroots_status_t gcroots_inline_struct_new(gcroots_store_t *store,
                                                          const gcroots_type_t *type,
                                                          const gcroots_val_t *fields, size_t count,
                                                          gcroots_ref_t *out) {
  gcroots_ref_t made;
  if (out == GCROOTS_INLINE_NULL ||
      !GCROOTS_INLINE_LIKELY(gcroots_inline_try_struct_new(store, type, fields, count, &made)))
    return (gcroots_struct_new)(store, type, fields, count, out);
  *out = made;
  return GCROOTS_OK;
}

GCROOTS_INLINE bool gcroots_inline_write_default(const struct gcroots_inline_store *s,
                                                 const struct gcroots_inline_type *type) {
  unsigned char *object;
  if (type == GCROOTS_INLINE_NULL || !type->has_defaults || type->bytes > GCROOTS_INLINE_LARGE)
    return false;
  object = gcroots_inline_begin(s, type, GCROOTS_INLINE_STRUCT, type->bytes);
  if (object == GCROOTS_INLINE_NULL) return false;
  memset(object + 8, 0, type->bytes - 8);
  return true;
}

GCROOTS_INLINE gcroots_status_t gcroots_inline_struct_new_default(gcroots_store_t *store,
                                                                  const gcroots_type_t *type,
                                                                  gcroots_ref_t *out) {
  struct gcroots_inline_store *s = gcroots_inline_entered(store);
  if (s == GCROOTS_INLINE_NULL || out == GCROOTS_INLINE_NULL || !gcroots_inline_has_slot(s) ||
      !gcroots_inline_write_default(s, gcroots_inline_type_of(type)))
    return (gcroots_struct_new_default)(store, type, out);
  *out = gcroots_inline_push(s, gcroots_inline_end(s, gcroots_inline_type_of(type)->bytes));
  return GCROOTS_OK;
}

/* The address of the elements of a new array, with its header and its length, and its bytes. */
GCROOTS_INLINE unsigned char *gcroots_inline_begin_array(const struct gcroots_inline_store *s,
                                                         const struct gcroots_inline_type *type,
                                                         size_t length, uint64_t *bytes) {
  const uint64_t length_word = length;
  unsigned char *array;
  if (type == GCROOTS_INLINE_NULL || length > GCROOTS_INLINE_LARGE) return GCROOTS_INLINE_NULL;
  *bytes = gcroots_inline_array_bytes(GCROOTS_INLINE_AS(uint32_t, length), type->element_bytes);
  if (*bytes > GCROOTS_INLINE_LARGE) return GCROOTS_INLINE_NULL;
  array = gcroots_inline_begin(s, type, GCROOTS_INLINE_ARRAY, *bytes);
  if (array == GCROOTS_INLINE_NULL) return GCROOTS_INLINE_NULL;
  /* The padding first: the last word may be that of the length. */
  memset(array + *bytes - 8, 0, 8);
  memcpy(array + 8, &length_word, 8);
  return array + GCROOTS_INLINE_ELEMENTS;
}

GCROOTS_INLINE gcroots_status_t gcroots_inline_array_new_default(gcroots_store_t *store,
                                                                 const gcroots_type_t *type,
                                                                 size_t length,
                                                                 gcroots_ref_t *out) {
  struct gcroots_inline_store *s = gcroots_inline_entered(store);
  unsigned char *elements = GCROOTS_INLINE_NULL;
  uint64_t bytes = 0;
  if (s != GCROOTS_INLINE_NULL && out != GCROOTS_INLINE_NULL && gcroots_inline_has_slot(s))
    elements = gcroots_inline_begin_array(s, gcroots_inline_type_of(type), length, &bytes);
  if (elements == GCROOTS_INLINE_NULL || !gcroots_inline_type_of(type)->has_defaults)
    return (gcroots_array_new_default)(store, type, length, out);
  memset(elements, 0, bytes - GCROOTS_INLINE_ELEMENTS);
  *out = gcroots_inline_push(s, gcroots_inline_end(s, bytes));
  return GCROOTS_OK;
}

/* Writes a new array, each element with the value `step` values behind the one before. */
GCROOTS_INLINE bool gcroots_inline_write_array(const struct gcroots_inline_store *s,
                                               const struct gcroots_inline_type *type,
                                               const gcroots_val_t *values, size_t step,
                                               size_t length, uint64_t *bytes) {
  unsigned char *elements;
  size_t i;
  if (values == GCROOTS_INLINE_NULL || length == 0) return false;
  elements = gcroots_inline_begin_array(s, type, length, bytes);
  if (elements == GCROOTS_INLINE_NULL) return false;
  for (i = 0; i < length; i++) {
    if (!gcroots_inline_initialise(s, type->fields, elements, &values[i * step])) return false;
    elements += type->element_bytes;
  }
  return true;
}

GCROOTS_INLINE gcroots_status_t gcroots_inline_array_new(gcroots_store_t *store,
                                                         const gcroots_type_t *type,
                                                         const gcroots_val_t *value, size_t length,
                                                         gcroots_ref_t *out) {
  struct gcroots_inline_store *s = gcroots_inline_entered(store);
  uint64_t bytes;
  if (s == GCROOTS_INLINE_NULL || out == GCROOTS_INLINE_NULL || !gcroots_inline_has_slot(s) ||
      !gcroots_inline_write_array(s, gcroots_inline_type_of(type), value, 0, length, &bytes))
    return (gcroots_array_new)(store, type, value, length, out);
  *out = gcroots_inline_push(s, gcroots_inline_end(s, bytes));
  return GCROOTS_OK;
}

GCROOTS_INLINE gcroots_status_t gcroots_inline_array_new_fixed(gcroots_store_t *store,
                                                               const gcroots_type_t *type,
                                                               const gcroots_val_t *elements,
                                                               size_t count, gcroots_ref_t *out) {
  struct gcroots_inline_store *s = gcroots_inline_entered(store);
  uint64_t bytes;
  if (s == GCROOTS_INLINE_NULL || out == GCROOTS_INLINE_NULL || !gcroots_inline_has_slot(s) ||
      !gcroots_inline_write_array(s, gcroots_inline_type_of(type), elements, 1, count, &bytes))
    return (gcroots_array_new_fixed)(store, type, elements, count, out);
  *out = gcroots_inline_push(s, gcroots_inline_end(s, bytes));
  return GCROOTS_OK;
}

/* --- Structs made for a root ------------------------------------------------------- */

GCROOTS_INLINE bool gcroots_inline_try_struct_new_into(gcroots_store_t *store,
                                                       const struct gcroots_inline_type *type,
                                                       const gcroots_val_t *fields, size_t count,
                                                       gcroots_ref_t dst) {
  struct gcroots_inline_store *s = gcroots_inline_entered(store);
  struct gcroots_inline_slot *slot;
  if (s == GCROOTS_INLINE_NULL || dst.store_id != s->id) return false;
  slot = gcroots_inline_scoped(s, dst);
  if (slot == GCROOTS_INLINE_NULL || gcroots_inline_has_queue(s) ||
      !gcroots_inline_write_struct(s, type, fields, count))
    return false;
  return gcroots_inline_assign(s, dst, gcroots_inline_end(s, type->bytes));
}

GCROOTS_INLINE gcroots_status_t gcroots_inline_struct_new_into(gcroots_store_t *store,
                                                               const gcroots_type_t *type,
                                                               const gcroots_val_t *fields,
                                                               size_t count, gcroots_ref_t dst) {
  if (!GCROOTS_INLINE_LIKELY(gcroots_inline_try_struct_new_into(store, gcroots_inline_type_of(type),
                                                                fields, count, dst)))
    return (gcroots_struct_new_into)(store, type, fields, count, dst);
  return GCROOTS_OK;
}

GCROOTS_INLINE bool gcroots_inline_try_struct_new_escape(gcroots_store_t *store,
                                                         gcroots_scope_t scope,
                                                         const struct gcroots_inline_type *type,
                                                         const gcroots_val_t *fields, size_t count,
                                                         gcroots_ref_t *out) {
  struct gcroots_inline_store *s = gcroots_inline_entered(store);
  if (s == GCROOTS_INLINE_NULL || !gcroots_inline_is_innermost(s, scope) ||
      !gcroots_inline_has_slot_at(s, s->scope_top->scoped_length) ||
      !gcroots_inline_write_struct(s, type, fields, count))
    return false;
  gcroots_inline_leave(s);
  *out = gcroots_inline_push(s, gcroots_inline_end(s, type->bytes));
  return true;
}

GCROOTS_INLINE gcroots_status_t gcroots_inline_struct_new_escape(gcroots_store_t *store,
                                                                 gcroots_scope_t scope,
                                                                 const gcroots_type_t *type,
                                                                 const gcroots_val_t *fields,
                                                                 size_t count, gcroots_ref_t *out) {
  gcroots_ref_t made;
  if (out == GCROOTS_INLINE_NULL ||
      !GCROOTS_INLINE_LIKELY(gcroots_inline_try_struct_new_escape(
          store, scope, gcroots_inline_type_of(type), fields, count, &made)))
    return (gcroots_struct_new_escape)(store, scope, type, fields, count, out);
  *out = made;
  return GCROOTS_OK;
}

/* --- Raw references --------------------------------------------------------------- */

GCROOTS_INLINE gcroots_status_t gcroots_inline_ref_to_raw(gcroots_store_t *store,
                                                          gcroots_ref_t ref_or_null,
                                                          uint32_t *out) {
  const struct gcroots_inline_store *s = gcroots_inline_entered(store);
  if (s == GCROOTS_INLINE_NULL || out == GCROOTS_INLINE_NULL ||
      !gcroots_inline_find_or_null(s, ref_or_null, out))
    return (gcroots_ref_to_raw)(store, ref_or_null, out);
  return GCROOTS_OK;
}

GCROOTS_INLINE bool gcroots_inline_try_raw_struct_new(gcroots_store_t *store,
                                                      const struct gcroots_inline_type *type,
                                                      const gcroots_raw_val_t *fields, size_t count,
                                                      uint32_t *out) {
  struct gcroots_inline_store *s = gcroots_inline_entered(store);
  unsigned char *object;
  size_t i;
  if (s == GCROOTS_INLINE_NULL || type == GCROOTS_INLINE_NULL || fields == GCROOTS_INLINE_NULL ||
      count != type->field_count || gcroots_inline_has_queue(s))
    return false;
  object = gcroots_inline_begin(s, type, GCROOTS_INLINE_STRUCT, type->bytes);
  if (object == GCROOTS_INLINE_NULL) return false;
  GCROOTS_INLINE_EACH(i, count, {
    const struct gcroots_inline_field *field = &type->fields[i];
    if (!gcroots_inline_initialise_raw(s, field, object + field->offset, &fields[i])) return false;
  })
  *out = gcroots_inline_end(s, type->bytes);
  return true;
}

GCROOTS_INLINE gcroots_status_t gcroots_inline_raw_struct_new(gcroots_store_t *store,
                                                              const gcroots_type_t *type,
                                                              const gcroots_raw_val_t *fields,
                                                              size_t count, uint32_t *out) {
  uint32_t made;
  if (out == GCROOTS_INLINE_NULL || !GCROOTS_INLINE_LIKELY(gcroots_inline_try_raw_struct_new(
                                        store, gcroots_inline_type_of(type), fields, count, &made)))
    return (gcroots_raw_struct_new)(store, type, fields, count, out);
  *out = made;
  return GCROOTS_OK;
}

GCROOTS_INLINE gcroots_status_t gcroots_inline_raw_struct_new_default(gcroots_store_t *store,
                                                                      const gcroots_type_t *type,
                                                                      uint32_t *out) {
  struct gcroots_inline_store *s = gcroots_inline_entered(store);
  if (s == GCROOTS_INLINE_NULL || out == GCROOTS_INLINE_NULL || gcroots_inline_has_queue(s) ||
      !gcroots_inline_write_default(s, gcroots_inline_type_of(type)))
    return (gcroots_raw_struct_new_default)(store, type, out);
  *out = gcroots_inline_end(s, gcroots_inline_type_of(type)->bytes);
  return GCROOTS_OK;
}

/* The layout of a field of a struct, which may be any bits, and its offset in the heap. */
GCROOTS_INLINE bool gcroots_inline_raw_field(const struct gcroots_inline_store *s, uint32_t object,
                                             uint32_t index, uint64_t *offset,
                                             const struct gcroots_inline_field **field) {
  if (!gcroots_inline_field_of(gcroots_inline_raw_of_kind(s, object, GCROOTS_INLINE_STRUCT), index,
                               field))
    return false;
  *offset = gcroots_inline_field_offset(*field, object);
  return true;
}

/* The same for an element of an array. */
GCROOTS_INLINE bool gcroots_inline_raw_element(const struct gcroots_inline_store *s, uint32_t array,
                                               uint32_t index, uint64_t *offset,
                                               const struct gcroots_inline_field **element) {
  const struct gcroots_inline_type *type =
      gcroots_inline_raw_of_kind(s, array, GCROOTS_INLINE_ARRAY);
  if (!gcroots_inline_field_of(type, 0, element) || index >= gcroots_inline_length(s, array))
    return false;
  *offset = gcroots_inline_element_offset(array, index, type->element_bytes);
  return true;
}

/* Reads a value at an offset, and fills the rest of `out` with zeros. */
GCROOTS_INLINE bool gcroots_inline_raw_read(const struct gcroots_inline_store *s, uint8_t storage,
                                            uint64_t offset, gcroots_raw_val_t *out) {
  const unsigned char *place = s->heap_base + offset;
  gcroots_raw_val_t value;
  if (!gcroots_inline_fits(s, offset, gcroots_inline_bytes_of(storage))) return false;
  memset(&value, 0, sizeof value);
  switch (storage) {
    case GCROOTS_STORAGE_I8: memcpy(&value, place, 1); break;
    case GCROOTS_STORAGE_I16: memcpy(&value, place, 2); break;
    case GCROOTS_STORAGE_I64:
    case GCROOTS_STORAGE_F64: memcpy(&value, place, 8); break;
    case GCROOTS_STORAGE_V128: memcpy(&value, place, 16); break;
    default: memcpy(&value, place, 4); break;
  }
  if (storage == GCROOTS_STORAGE_REF && !gcroots_inline_is_sound(s, value.ref)) return false;
  *out = value;
  return true;
}

/* Writes a value at an offset, if the field may be set and admits it. */
GCROOTS_INLINE bool gcroots_inline_raw_write(const struct gcroots_inline_store *s,
                                             const struct gcroots_inline_field *field,
                                             uint32_t holder, uint64_t offset,
                                             const gcroots_raw_val_t *value) {
  if (!field->is_mutable) return false;
  if (field->storage == GCROOTS_STORAGE_REF)
    return gcroots_inline_admits_raw(s, field, value->ref) &&
           gcroots_inline_store_reference(s, holder, offset, value->ref);
  if (!gcroots_inline_fits(s, offset, gcroots_inline_bytes_of(field->storage))) return false;
  gcroots_inline_write(s->heap_base + offset, field->storage, value);
  return true;
}

/* The four functions of fields or elements. */
#define GCROOTS_INLINE_RAW(of, slot)                                                             \
  GCROOTS_INLINE gcroots_status_t gcroots_inline_raw_##of##_get(                                 \
      gcroots_store_t *store, uint32_t object, uint32_t index, gcroots_raw_val_t *out) {         \
    const struct gcroots_inline_store *s = gcroots_inline_entered(store);                        \
    const struct gcroots_inline_field *field;                                                    \
    uint64_t offset;                                                                             \
    if (s == GCROOTS_INLINE_NULL ||                                                              \
        !gcroots_inline_raw_##slot(s, object, index, &offset, &field) ||                         \
        out == GCROOTS_INLINE_NULL || !gcroots_inline_raw_read(s, field->storage, offset, out))  \
      return (gcroots_raw_##of##_get)(store, object, index, out);                                \
    return GCROOTS_OK;                                                                           \
  }                                                                                              \
  GCROOTS_INLINE gcroots_status_t gcroots_inline_raw_##of##_set(                                 \
      gcroots_store_t *store, uint32_t object, uint32_t index, const gcroots_raw_val_t *value) { \
    const struct gcroots_inline_store *s = gcroots_inline_entered(store);                        \
    const struct gcroots_inline_field *field;                                                    \
    uint64_t offset;                                                                             \
    if (s == GCROOTS_INLINE_NULL ||                                                              \
        !gcroots_inline_raw_##slot(s, object, index, &offset, &field) ||                         \
        value == GCROOTS_INLINE_NULL ||                                                          \
        !gcroots_inline_raw_write(s, field, object, offset, value))                              \
      return (gcroots_raw_##of##_set)(store, object, index, value);                              \
    return GCROOTS_OK;                                                                           \
  }                                                                                              \
  GCROOTS_INLINE gcroots_status_t gcroots_inline_raw_##of##_get_ref(                             \
      gcroots_store_t *store, uint32_t object, uint32_t index, uint32_t *out) {                  \
    const struct gcroots_inline_store *s = gcroots_inline_entered(store);                        \
    const struct gcroots_inline_field *field;                                                    \
    uint64_t offset;                                                                             \
    if (s == GCROOTS_INLINE_NULL ||                                                              \
        !gcroots_inline_raw_##slot(s, object, index, &offset, &field) ||                         \
        field->storage != GCROOTS_STORAGE_REF || out == GCROOTS_INLINE_NULL ||                   \
        !gcroots_inline_load(s, offset, 4, out))                                                 \
      return (gcroots_raw_##of##_get_ref)(store, object, index, out);                            \
    return GCROOTS_OK;                                                                           \
  }                                                                                              \
  GCROOTS_INLINE gcroots_status_t gcroots_inline_raw_##of##_set_ref(                             \
      gcroots_store_t *store, uint32_t object, uint32_t index, uint32_t value) {                 \
    const struct gcroots_inline_store *s = gcroots_inline_entered(store);                        \
    const struct gcroots_inline_field *field;                                                    \
    uint64_t offset;                                                                             \
    if (s == GCROOTS_INLINE_NULL ||                                                              \
        !gcroots_inline_raw_##slot(s, object, index, &offset, &field) || !field->is_mutable ||   \
        field->storage != GCROOTS_STORAGE_REF || !gcroots_inline_admits_raw(s, field, value) ||  \
        !gcroots_inline_store_reference(s, object, offset, value))                               \
      return (gcroots_raw_##of##_set_ref)(store, object, index, value);                          \
    return GCROOTS_OK;                                                                           \
  }

GCROOTS_INLINE_RAW(struct, field)
GCROOTS_INLINE_RAW(array, element)

#undef GCROOTS_INLINE_RAW

/* Whether a type is another one or below it. Both are of structs or arrays that the store knows. */
GCROOTS_INLINE bool gcroots_inline_is_below(const struct gcroots_inline_type *type,
                                            const struct gcroots_inline_type *above) {
  return type == above || (above->supertype_count < type->supertype_count &&
                           type->supertypes[above->supertype_count] ==
                               GCROOTS_INLINE_AS(uint32_t, above->header >> 32));
}

GCROOTS_INLINE bool gcroots_inline_try_raw_cast(gcroots_store_t *store, uint32_t object,
                                                const struct gcroots_inline_type *type, bool *out) {
  const struct gcroots_inline_store *s = gcroots_inline_entered(store);
  const struct gcroots_inline_type *found;
  if (s == GCROOTS_INLINE_NULL || type == GCROOTS_INLINE_NULL || out == GCROOTS_INLINE_NULL ||
      !gcroots_inline_knows(s, type, type->raw_kind))
    return false;
  if ((object & 1) != 0) {
    *out = false;
    return true;
  }
  found = gcroots_inline_raw_typed(s, object);
  if (found == GCROOTS_INLINE_NULL) return false;
  *out = gcroots_inline_is_below(found, type);
  return true;
}

GCROOTS_INLINE gcroots_status_t gcroots_inline_raw_cast(gcroots_store_t *store, uint32_t object,
                                                        const gcroots_type_t *type, bool *out) {
  bool again = false;
  if (!gcroots_inline_try_raw_cast(store, object, gcroots_inline_type_of(type), out))
    return (gcroots_raw_cast)(store, object, type, out);
  GCROOTS_INLINE_COMPARED(
      "gcroots_raw_cast",
      (gcroots_raw_cast)(store, object, type, &again) == GCROOTS_OK && again == *out);
  (void)again;
  return GCROOTS_OK;
}

GCROOTS_INLINE gcroots_status_t gcroots_inline_raw_array_len(gcroots_store_t *store, uint32_t array,
                                                             uint32_t *out) {
  const struct gcroots_inline_store *s = gcroots_inline_entered(store);
  if (s == GCROOTS_INLINE_NULL || out == GCROOTS_INLINE_NULL ||
      gcroots_inline_raw_of_kind(s, array, GCROOTS_INLINE_ARRAY) == GCROOTS_INLINE_NULL)
    return (gcroots_raw_array_len)(store, array, out);
  *out = gcroots_inline_length(s, array);
  return GCROOTS_OK;
}

/* Writes a new array of values without a kind, and completes it. */
GCROOTS_INLINE bool gcroots_inline_try_raw_array(gcroots_store_t *store,
                                                 const struct gcroots_inline_type *type,
                                                 const gcroots_raw_val_t *values, size_t step,
                                                 uint32_t length, uint32_t *out) {
  struct gcroots_inline_store *s = gcroots_inline_entered(store);
  unsigned char *elements;
  uint64_t bytes;
  uint32_t i;
  if (s == GCROOTS_INLINE_NULL || values == GCROOTS_INLINE_NULL || length == 0 ||
      gcroots_inline_has_queue(s))
    return false;
  elements = gcroots_inline_begin_array(s, type, length, &bytes);
  if (elements == GCROOTS_INLINE_NULL) return false;
  for (i = 0; i < length; i++) {
    if (!gcroots_inline_initialise_raw(s, type->fields, elements, &values[i * step])) return false;
    elements += type->element_bytes;
  }
  *out = gcroots_inline_end(s, bytes);
  return true;
}

GCROOTS_INLINE gcroots_status_t gcroots_inline_raw_array_new(gcroots_store_t *store,
                                                             const gcroots_type_t *type,
                                                             const gcroots_raw_val_t *fill_or_null,
                                                             uint32_t length, uint32_t *out) {
  uint32_t made;
  if (out == GCROOTS_INLINE_NULL ||
      !gcroots_inline_try_raw_array(store, gcroots_inline_type_of(type), fill_or_null, 0, length,
                                    &made))
    return (gcroots_raw_array_new)(store, type, fill_or_null, length, out);
  *out = made;
  return GCROOTS_OK;
}

GCROOTS_INLINE gcroots_status_t gcroots_inline_raw_array_new_fixed(
    gcroots_store_t *store, const gcroots_type_t *type, const gcroots_raw_val_t *elements,
    uint32_t length, uint32_t *out) {
  uint32_t made;
  if (out == GCROOTS_INLINE_NULL ||
      !gcroots_inline_try_raw_array(store, gcroots_inline_type_of(type), elements, 1, length,
                                    &made))
    return (gcroots_raw_array_new_fixed)(store, type, elements, length, out);
  *out = made;
  return GCROOTS_OK;
}

#ifdef __cplusplus
} /* extern "C" */
#endif

/* --- The names --------------------------------------------------------------------
 *
 * Each macro takes any arguments, because the commas of a braced initialiser separate them too.
 * A name without parentheses behind it, or in parentheses, is the function of the library.
 */
#define gcroots_struct_get(...) gcroots_inline_struct_get(__VA_ARGS__)
#define gcroots_struct_set(...) gcroots_inline_struct_set(__VA_ARGS__)
#define gcroots_struct_get_s(...) gcroots_inline_struct_get_s(__VA_ARGS__)
#define gcroots_struct_get_u(...) gcroots_inline_struct_get_u(__VA_ARGS__)
#define gcroots_struct_get_v128(...) gcroots_inline_struct_get_v128(__VA_ARGS__)
#define gcroots_struct_set_v128(...) gcroots_inline_struct_set_v128(__VA_ARGS__)
#define gcroots_array_get(...) gcroots_inline_array_get(__VA_ARGS__)
#define gcroots_array_set(...) gcroots_inline_array_set(__VA_ARGS__)
#define gcroots_array_get_s(...) gcroots_inline_array_get_s(__VA_ARGS__)
#define gcroots_array_get_u(...) gcroots_inline_array_get_u(__VA_ARGS__)
#define gcroots_array_get_v128(...) gcroots_inline_array_get_v128(__VA_ARGS__)
#define gcroots_array_set_v128(...) gcroots_inline_array_set_v128(__VA_ARGS__)
#define gcroots_scope_enter(...) gcroots_inline_scope_enter(__VA_ARGS__)
#define gcroots_scope_exit(...) gcroots_inline_scope_exit(__VA_ARGS__)
#define gcroots_scope_escape(...) gcroots_inline_scope_escape(__VA_ARGS__)
#define gcroots_no_gc_enter(...) gcroots_inline_no_gc_enter(__VA_ARGS__)
#define gcroots_no_gc_exit(...) gcroots_inline_no_gc_exit(__VA_ARGS__)
#define gcroots_local_new(...) gcroots_inline_local_new(__VA_ARGS__)
#define gcroots_local_is_null(...) gcroots_inline_local_is_null(__VA_ARGS__)
#define gcroots_ref_assign(...) gcroots_inline_ref_assign(__VA_ARGS__)
#define gcroots_ref_to_manually_rooted(...) gcroots_inline_ref_to_manually_rooted(__VA_ARGS__)
#define gcroots_manually_rooted_clone(...) gcroots_inline_manually_rooted_clone(__VA_ARGS__)
#define gcroots_manually_rooted_unroot(...) gcroots_inline_manually_rooted_unroot(__VA_ARGS__)
#define gcroots_manually_rooted_to_rooted(...) gcroots_inline_manually_rooted_to_rooted(__VA_ARGS__)
#define gcroots_externref_new(...) gcroots_inline_externref_new(__VA_ARGS__)
#define gcroots_externref_data(...) gcroots_inline_externref_data(__VA_ARGS__)
#define gcroots_struct_new(...) gcroots_inline_struct_new(__VA_ARGS__)
#define gcroots_struct_new_into(...) gcroots_inline_struct_new_into(__VA_ARGS__)
#define gcroots_struct_new_escape(...) gcroots_inline_struct_new_escape(__VA_ARGS__)
#define gcroots_struct_new_default(...) gcroots_inline_struct_new_default(__VA_ARGS__)
#define gcroots_array_new(...) gcroots_inline_array_new(__VA_ARGS__)
#define gcroots_array_new_default(...) gcroots_inline_array_new_default(__VA_ARGS__)
#define gcroots_array_new_fixed(...) gcroots_inline_array_new_fixed(__VA_ARGS__)
#define gcroots_array_len(...) gcroots_inline_array_len(__VA_ARGS__)
#define gcroots_ref_to_raw(...) gcroots_inline_ref_to_raw(__VA_ARGS__)
#define gcroots_raw_struct_new(...) gcroots_inline_raw_struct_new(__VA_ARGS__)
#define gcroots_raw_struct_new_default(...) gcroots_inline_raw_struct_new_default(__VA_ARGS__)
#define gcroots_raw_array_new(...) gcroots_inline_raw_array_new(__VA_ARGS__)
#define gcroots_raw_array_new_fixed(...) gcroots_inline_raw_array_new_fixed(__VA_ARGS__)
#define gcroots_raw_array_len(...) gcroots_inline_raw_array_len(__VA_ARGS__)
#define gcroots_raw_cast(...) gcroots_inline_raw_cast(__VA_ARGS__)
#define gcroots_struct_get_i32(...) gcroots_inline_struct_get_i32(__VA_ARGS__)
#define gcroots_struct_set_i32(...) gcroots_inline_struct_set_i32(__VA_ARGS__)
#define gcroots_struct_get_i64(...) gcroots_inline_struct_get_i64(__VA_ARGS__)
#define gcroots_struct_set_i64(...) gcroots_inline_struct_set_i64(__VA_ARGS__)
#define gcroots_struct_get_f32(...) gcroots_inline_struct_get_f32(__VA_ARGS__)
#define gcroots_struct_set_f32(...) gcroots_inline_struct_set_f32(__VA_ARGS__)
#define gcroots_struct_get_f64(...) gcroots_inline_struct_get_f64(__VA_ARGS__)
#define gcroots_struct_set_f64(...) gcroots_inline_struct_set_f64(__VA_ARGS__)
#define gcroots_struct_get_ref(...) gcroots_inline_struct_get_ref(__VA_ARGS__)
#define gcroots_struct_get_ref_into(...) gcroots_inline_struct_get_ref_into(__VA_ARGS__)
#define gcroots_struct_set_ref(...) gcroots_inline_struct_set_ref(__VA_ARGS__)
#define gcroots_raw_struct_get(...) gcroots_inline_raw_struct_get(__VA_ARGS__)
#define gcroots_raw_struct_set(...) gcroots_inline_raw_struct_set(__VA_ARGS__)
#define gcroots_raw_struct_get_ref(...) gcroots_inline_raw_struct_get_ref(__VA_ARGS__)
#define gcroots_raw_struct_set_ref(...) gcroots_inline_raw_struct_set_ref(__VA_ARGS__)
#define gcroots_array_get_i32(...) gcroots_inline_array_get_i32(__VA_ARGS__)
#define gcroots_array_set_i32(...) gcroots_inline_array_set_i32(__VA_ARGS__)
#define gcroots_array_get_i64(...) gcroots_inline_array_get_i64(__VA_ARGS__)
#define gcroots_array_set_i64(...) gcroots_inline_array_set_i64(__VA_ARGS__)
#define gcroots_array_get_f32(...) gcroots_inline_array_get_f32(__VA_ARGS__)
#define gcroots_array_set_f32(...) gcroots_inline_array_set_f32(__VA_ARGS__)
#define gcroots_array_get_f64(...) gcroots_inline_array_get_f64(__VA_ARGS__)
#define gcroots_array_set_f64(...) gcroots_inline_array_set_f64(__VA_ARGS__)
#define gcroots_array_get_ref(...) gcroots_inline_array_get_ref(__VA_ARGS__)
#define gcroots_array_get_ref_into(...) gcroots_inline_array_get_ref_into(__VA_ARGS__)
#define gcroots_array_set_ref(...) gcroots_inline_array_set_ref(__VA_ARGS__)
#define gcroots_raw_array_get(...) gcroots_inline_raw_array_get(__VA_ARGS__)
#define gcroots_raw_array_set(...) gcroots_inline_raw_array_set(__VA_ARGS__)
#define gcroots_raw_array_get_ref(...) gcroots_inline_raw_array_get_ref(__VA_ARGS__)
#define gcroots_raw_array_set_ref(...) gcroots_inline_raw_array_set_ref(__VA_ARGS__)

#endif /* not turned off, and the platform is known */

#endif /* GCROOTS_INLINE_H */
