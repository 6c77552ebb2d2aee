/* The layout for compiled code: that of gcroots_inline.h is that of the library. */
#include "gcroots_inline.h"
#include "refusals.h"
#include "threads.h"

#include <stddef.h>

#define EACH_OF_STORE(X) \
  X(entry)               \
  X(id)                  \
  X(scoped_length)       \
  X(scoped_old)          \
  X(scoped_slots)        \
  X(scope_top)           \
  X(scope_end)           \
  X(scope_next_serial)   \
  X(heap_base)           \
  X(heap_start)          \
  X(heap_end)            \
  X(heap_object_offsets) \
  X(window_next)         \
  X(window_limit)        \
  X(window_end)          \
  X(objects)             \
  X(barrier_first)       \
  X(barrier_length)      \
  X(barrier_nursery)     \
  X(barrier_new_objects) \
  X(no_gc_spans)         \
  X(type_table)          \
  X(type_count)          \
  X(checks_raw_slowly)   \
  X(counted_releases)    \
  X(manual_used)         \
  X(manual_free)         \
  X(manual_slots)        \
  X(manual_created)      \
  X(manual_released)     \
  X(manual_group_shift)  \
  X(manual_groups)       \
  X(manual_queue)        \
  X(host_entries)        \
  X(host_used)           \
  X(host_free)           \
  X(host_group_shift)    \
  X(host_groups)

#define EACH_OF_TYPE(X) \
  X(header)             \
  X(bytes)              \
  X(element_bytes)      \
  X(has_defaults)       \
  X(fields)             \
  X(field_count)        \
  X(supertypes)         \
  X(supertype_count)    \
  X(raw_kind)

static gcroots_code_layout_t layout_of_library(void) {
  gcroots_code_layout_t layout;
  OK(gcroots_code_layout(&layout));
  return layout;
}

CASE(the_header_has_the_layout_of_the_library) {
  const gcroots_code_layout_t layout = layout_of_library();
#define SAME(name) CHECK(layout.name == offsetof(struct gcroots_inline_store, name));
  EACH_OF_STORE(SAME)
#undef SAME
#define SAME(name) CHECK(layout.type_##name == offsetof(struct gcroots_inline_type, name));
  EACH_OF_TYPE(SAME)
#undef SAME
#define SAME(name, of, member) CHECK(layout.name == offsetof(struct gcroots_inline_##of, member))
  SAME(field_offset, field, offset);
  SAME(field_type_index, field, type_index);
  SAME(field_kinds, field, kinds);
  SAME(field_depth, field, depth);
  SAME(field_storage, field, storage);
  SAME(field_mutable, field, is_mutable);
  SAME(field_takes, field, takes);
  SAME(host_entry_data, entry, data);
  SAME(host_entry_finalizer, entry, finalizer);
  SAME(host_entry_object, entry, object);
  SAME(host_entry_link, entry, link);
#undef SAME
  CHECK(sizeof(struct gcroots_inline_field) == 16);
  CHECK(sizeof(struct gcroots_inline_entry) == layout.host_entry_bytes);
  CHECK(sizeof(struct gcroots_inline_slot) == 8 && sizeof(struct gcroots_inline_scope) == 16);
  CHECK(layout.version == GCROOTS_INLINE_VERSION);
}

/* The word of the calling thread, as compiled code finds it. */
static uint64_t word_of_thread(void) {
  uint64_t word;
  char *pointer;
#if defined(__x86_64__)
  __asm__("mov %%fs:0, %0" : "=r"(pointer));
#else
  __asm__("mrs %0, tpidr_el0" : "=r"(pointer));
#endif
  memcpy(&word, pointer + layout_of_library().thread_token, sizeof word);
  return word;
}

/* The first word of the store. */
static uint64_t entry_word(void) {
  uint64_t word;
  memcpy(&word, store, sizeof word);
  return word;
}

static void has_another_word(void) {
  CHECK(word_of_thread() == 0 && gcroots_thread_token == 0);
  CHECK(gcroots_inline_entered(store) == NULL);
}

CASE(the_word_of_a_thread_opens_its_stores) {
  CHECK(word_of_thread() == gcroots_thread_token && word_of_thread() != 0);
  CHECK(entry_word() == (word_of_thread() | layout_of_library().version));
  CHECK((const void *)gcroots_inline_entered(store) == store);
  on_another_thread(has_another_word);
  OK(gcroots_store_detach(store));
  CHECK(gcroots_inline_entered(store) == NULL);
  OK(gcroots_store_attach(store));
  CHECK((const void *)gcroots_inline_entered(store) == store);
}

CASE(a_library_of_another_layout_is_only_called) {
  /* The entry word is compared with that of this header. */
  const uint64_t entry = entry_word(), other = entry + 1;
  memcpy(store, &other, sizeof other);
  CHECK(gcroots_inline_entered(store) == NULL);
  memcpy(store, &entry, sizeof entry);
  CHECK((const void *)gcroots_inline_entered(store) == store);
}

CASE(the_address_of_a_function_is_the_librarys) {
  gcroots_status_t (*enter_scope)(gcroots_store_t *, gcroots_scope_t *) = gcroots_scope_enter;
  gcroots_scope_t scope;
  OK(enter_scope(store, &scope));
  OK((gcroots_scope_exit)(store, scope));
}

CASE(a_null_pointer_is_refused) {
  check_nulls(layout_calls);
}
