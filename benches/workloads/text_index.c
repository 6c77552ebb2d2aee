/* An index of a text: a hash table in the heap, from words to lists of places. The lists lie
 * outside the heap, in externrefs with finalizers. A word that occurs again replaces its list
 * by a longer one; the old list is finalized. A unit is a word of the text. */
#include "raw.h"

#include "random.h"
#include "sizes.h"

#include <inttypes.h>

/* The fields of an entry of a bucket. */
enum { NEXT, WORD, PLACES, ENTRY_FIELDS };

struct places {
  uint32_t word, count, last[6];
};

static gcroots_type_t *entry_type, *bytes_type;
static uint64_t lists_made, lists_ended;

static void end_list(void *list) {
  free(list);
  lists_ended++;
  host_bytes -= sizeof(struct places);
}

/* A new list: the places of `before`, if there is one, and one more. */
static struct places *longer_list(const struct places *before_or_null, uint32_t word,
                                  uint32_t place) {
  struct places *list = malloc(sizeof *list);
  EXPECT(list != NULL);
  if (before_or_null != NULL)
    *list = *before_or_null;
  else
    memset(list, 0, sizeof *list);
  list->word = word;
  list->last[list->count++ % 6] = place;
  lists_made++;
  host_bytes += sizeof *list;
  return list;
}

/* Writes the text of a word, and returns its length. */
static size_t write_text(char text[16], uint32_t word) {
  return (size_t)snprintf(text, 16, "word-%" PRIu32, word);
}

static uint32_t bucket_of(uint32_t word) {
  return word * 2654435761u % INDEX_BUCKETS;
}

/* Some words are frequent, and most are rare. */
static uint32_t random_word(void) {
  return random_below(1 + random_below(INDEX_VOCABULARY));
}

/* Indexes all words of the text. */
static inline void index_text(void (*index_word)(uint32_t word, uint32_t place)) {
  for (uint32_t place = 0; place < INDEX_WORDS; place++) {
    if (place % REQUEST == 0) request_begins();
    index_word(random_word(), place);
    if (place % REQUEST == REQUEST - 1) request_ends();
  }
}

static void register_index_types(void) {
  const gcroots_field_type_t byte = {GCROOTS_STORAGE_I8, 0, 0, 1, 0, NULL};
  const gcroots_field_type_t any = {GCROOTS_STORAGE_REF, GCROOTS_HEAP_ANY, 0, 1, 1, NULL};
  const gcroots_field_type_t fields[ENTRY_FIELDS] = {any, any, any};
  gcroots_rec_group_t *group = gcroots_rec_group_new();
  gcroots_type_t *types[2];
  uint32_t position;
  MUST(gcroots_rec_group_add_struct(group, NULL, fields, ENTRY_FIELDS, &position));
  MUST(gcroots_rec_group_add_array(group, NULL, &byte, &position));
  register_types_of(group, types, 2);
  entry_type = types[0];
  bytes_type = types[1];
}

/* Ends the index, whose buckets are no longer alive. */
static uint64_t end_index(void) {
  MUST(gcroots_store_gc(heap));
  EXPECT(lists_ended == lists_made || !collects);
  gcroots_type_free(entry_type);
  gcroots_type_free(bytes_type);
  return INDEX_WORDS;
}

/* --- By handles ------------------------------------------------------------------ */

static gcroots_ref_t buckets;

static gcroots_ref_t new_list(const struct places *before_or_null, uint32_t word, uint32_t place) {
  gcroots_ref_t made;
  MUST(gcroots_externref_new(heap, longer_list(before_or_null, word, place), end_list, &made));
  return made;
}

static void add_entry(uint32_t bucket, uint32_t word, uint32_t place) {
  char text[16];
  gcroots_val_t fields[ENTRY_FIELDS];
  gcroots_ref_t made;
  size_t length = write_text(text, word);
  for (int field = 0; field < ENTRY_FIELDS; field++) fields[field].kind = GCROOTS_STORAGE_REF;
  MUST(gcroots_array_get_ref(heap, buckets, bucket, &fields[NEXT].of.ref));
  MUST(gcroots_array_new_default(heap, bytes_type, length, &fields[WORD].of.ref));
  MUST(gcroots_array_write(heap, fields[WORD].of.ref, 0, text, length));
  fields[PLACES].of.ref = new_list(NULL, word, place);
  MUST(gcroots_struct_new(heap, entry_type, fields, ENTRY_FIELDS, &made));
  MUST(gcroots_array_set_ref(heap, buckets, bucket, made));
}

/* Whether `entry`, a local, holds null. */
static bool at_end(gcroots_ref_t entry) {
  bool is_null;
  MUST(gcroots_local_is_null(heap, entry, &is_null));
  return is_null;
}

static void index_word(uint32_t word, uint32_t place) {
  const uint32_t bucket = bucket_of(word);
  gcroots_scope_t scope;
  gcroots_ref_t entry, list;
  bool found = false;
  void *places;
  MUST(gcroots_scope_enter(heap, &scope));
  MUST(gcroots_local_new(heap, gcroots_ref_null(), &entry));
  MUST(gcroots_local_new(heap, gcroots_ref_null(), &list));
  MUST(gcroots_array_get_ref_into(heap, buckets, bucket, entry));
  while (!found && !at_end(entry)) {
    MUST(gcroots_struct_get_ref_into(heap, entry, PLACES, list));
    MUST(gcroots_externref_data(heap, list, &places));
    found = ((const struct places *)places)->word == word;
    if (!found) MUST(gcroots_struct_get_ref_into(heap, entry, NEXT, entry));
  }
  if (found)
    MUST(gcroots_struct_set_ref(heap, entry, PLACES, new_list(places, word, place)));
  else
    add_entry(bucket, word, place);
  MUST(gcroots_scope_exit(heap, scope));
}

uint64_t text_index(void) {
  gcroots_scope_t scope;
  register_index_types();
  MUST(gcroots_scope_enter(heap, &scope));
  MUST(gcroots_array_new_default(heap, array_type, INDEX_BUCKETS, &buckets));
  index_text(index_word);
  MUST(gcroots_scope_exit(heap, scope));
  return end_index();
}

/* --- By raw references ----------------------------------------------------------- */

/* Where compiled code finds the fields of an entry. */
static uint32_t next_offset, places_offset;

/* Pushes a new list. */
static void push_list(const struct places *before_or_null, uint32_t word, uint32_t place) {
  uint32_t made;
  MUST(gcroots_raw_externref_new(heap, longer_list(before_or_null, word, place), end_list, &made));
  raw_push(made);
}

/* The array of buckets is the first slot of the stack. */
static void add_raw_entry(uint32_t bucket, uint32_t word, uint32_t place) {
  char text[16];
  gcroots_raw_val_t fields[ENTRY_FIELDS];
  uint32_t made;
  size_t length = write_text(text, word);
  MUST(gcroots_raw_array_new_bytes(heap, bytes_type, text, length, &made));
  raw_push(made);
  push_list(NULL, word, place);
  fields[PLACES].ref = raw_pop();
  fields[WORD].ref = raw_pop();
  fields[NEXT].ref = raw_element(raw_stack[0], bucket);
  MUST(gcroots_raw_struct_new(heap, entry_type, fields, ENTRY_FIELDS, &made));
  raw_set_element(raw_stack[0], bucket, made);
}

static struct places *places_of(uint32_t entry) {
  void *places;
  MUST(gcroots_raw_externref_data(heap, raw_load(entry, places_offset), &places));
  return places;
}

static void index_raw_word(uint32_t word, uint32_t place) {
  const uint32_t bucket = bucket_of(word);
  const struct places *places = NULL;
  uint32_t entry = raw_element(raw_stack[0], bucket);
  for (; entry != 0; entry = raw_load(entry, next_offset)) {
    places = places_of(entry);
    if (places->word == word) break;
  }
  if (entry == 0) {
    add_raw_entry(bucket, word, place);
    return;
  }
  raw_push(entry);
  push_list(places, word, place);
  raw_set(raw_stack[1], PLACES, places_offset, raw_stack[2]);
  raw_range.count = 1;
}

uint64_t text_index_raw(void) {
  gcroots_layout_t layout;
  uint32_t all;
  register_index_types();
  MUST(gcroots_type_layout(entry_type, &layout));
  next_offset = layout.offsets[NEXT];
  places_offset = layout.offsets[PLACES];
  raw_begin();
  MUST(gcroots_raw_array_new(heap, array_type, NULL, INDEX_BUCKETS, &all));
  raw_push(all);
  index_text(index_raw_word);
  raw_end();
  return end_index();
}
