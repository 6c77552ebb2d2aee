/* Runs the tables of calls.h: each call with NULL where it needs a pointer, with bits that
 * name nothing, and at a wrong time or from a wrong thread.
 */
#ifndef REFUSALS_H
#define REFUSALS_H

#include "bad_handles.h"
#include "calls.h"

#include <stddef.h>

/* --- One refused call --------------------------------------------------------- */

/* The call returns `expected` with a message that begins with its name and contains `text`,
   and writes nothing. */
static inline void check_call_refused(const struct call *call, gcroots_status_t expected,
                                      const char *text, struct arguments *a) {
  struct arguments before;
  size_t length = strlen(call->function);
  memcpy(&before, a, sizeof before);
  check_refused(__FILE__, __LINE__, call->name, expected, call->run(a));
  if (strncmp(gcroots_last_error(), call->function, length) != 0 ||
      strncmp(gcroots_last_error() + length, ": ", 2) != 0)
    check_fail(__FILE__, __LINE__, "%s: not the message's function: \"%s\"", call->name,
               gcroots_last_error());
  if (strstr(gcroots_last_error(), text) == NULL)
    check_fail(__FILE__, __LINE__, "%s: no \"%s\" in \"%s\"", call->name, text,
               gcroots_last_error());
  if (memcmp(&before, a, sizeof before) != 0)
    check_fail(__FILE__, __LINE__, "%s wrote although it was refused", call->name);
}

/* The same, and the counts of the fixture's store do not change. */
static inline void check_call_changes_nothing(const struct call *call, gcroots_status_t expected,
                                              const char *text, struct arguments *a) {
  struct check_counts before = check_count(), after;
  check_call_refused(call, expected, text, a);
  after = check_count();
  if (memcmp(&before, &after, sizeof before) != 0)
    check_fail(__FILE__, __LINE__, "%s changed the store", call->name);
}

/* --- Arguments ---------------------------------------------------------------- */

/* A visitor that is never added. */
static inline void never_visit(void *env, gcroots_store_t *of) {
  check_fail(__FILE__, __LINE__, "a visitor that was refused: %p %p", env, (void *)of);
}

/* Sets every handle to the same bits. */
static inline void set_handles(struct handles *h, gcroots_ref_t bits) {
  for (size_t i = 0; i < sizeof *h / sizeof bits; i++)
    memcpy((char *)h + i * sizeof bits, &bits, sizeof bits);
}

/* Arguments that are accepted, except that the handles are null. aim() sets the pointers
   that point into the structure. Release the arguments with free_arguments(). */
static inline void new_arguments(struct arguments *a, gcroots_store_t *of) {
  memset(a, 0, sizeof *a);
  a->store = of;
  a->engine = engine;
  a->config = gcroots_config_new();
  a->group = new_group();
  a->type = a->supertype = a->other = new_func(NULL, 0, NULL, 0);
  a->callback = answer_ok;
  a->visitor = never_visit;
  a->of.heap = GCROOTS_HEAP_ANY;
  a->of.is_nullable = 1;
  a->val = val_i32(7);
  a->field = plain(GCROOTS_STORAGE_I32);
  a->layout = (gcroots_slot_layout_t){0, 1, 1, 0, 1};
  a->slots.count = 1;
  a->externref.struct_size = sizeof a->externref;
  a->externref.finalizer = never_finalize;
  a->result = untouched_val();
  memset(a->written, 0x5a, sizeof a->written);
}

static inline void free_arguments(struct arguments *a) {
  gcroots_config_free(a->config);
  gcroots_rec_group_free(a->group);
  gcroots_type_free(a->type);
}

/* Makes what is passed wrong in every way that is not a pointer or a handle. */
static inline void spoil(struct arguments *a) {
  gcroots_engine_t *own;
  gcroots_rec_group_t *group = new_group();
  const gcroots_rec_group_t *groups[1];
  gcroots_type_t *type;
  uint32_t position;
  groups[0] = group;
  OK(gcroots_engine_new(NULL, &own));
  OK(gcroots_rec_group_add_array(group, NULL, &a->field, &position));
  OK(gcroots_rec_group_register(own, groups, 1, &type, 1));
  gcroots_rec_group_free(group);
  gcroots_engine_free(own);
  gcroots_type_free(a->type);
  a->type = a->supertype = a->other = type;
  a->index = SIZE_MAX;
  a->of.heap = UINT32_MAX;
  a->val.kind = STORAGES;
  a->field.storage = STORAGES;
  a->externref.struct_size = 0;
}

/* Copies the arguments; the pointers of the copy point into the copy. */
static inline void aim(struct arguments *a, const struct arguments *from) {
  memcpy(a, from, sizeof *a);
  a->groups = &a->group;
  a->element = a->params = &a->field;
  a->value = a->fields = a->elements = a->args = a->data = &a->val;
  a->results = &a->result;
  a->options = &a->externref;
  a->range = &a->slots;
  a->out = a->out_left = a->address = a->written;
  a->handle = &a->h.handle;
  a->weak = &a->h.weak;
  a->pin = &a->h.pin;
  a->map = &a->h.map;
  a->table = &a->h.table;
  a->global = &a->h.global;
  a->source = &a->h.source;
  a->message = a->key = a->bytes = "any bytes";
}

/* --- Parameters by their names ------------------------------------------------ */

/* The most bytes of a name. */
enum { WORD = 24 };

/* Reads the next word of a list into `word`; `false` at the end of the list. */
static inline bool next_word(const char **list, char word[WORD]) {
  size_t length;
  *list += strspn(*list, " ");
  length = strcspn(*list, " ");
  CHECK(length < WORD);
  memcpy(word, *list, length);
  word[length] = '\0';
  *list += length;
  return length > 0;
}

#define POINTER(name) #name, offsetof(struct arguments, name)
static const struct pointer_parameter {
  const char *name;
  size_t at;
} pointer_parameters[] = {{POINTER(store)},     {POINTER(engine)},
                          {POINTER(config)},    {POINTER(group)},
                          {POINTER(groups)},    {POINTER(type)},
                          {POINTER(supertype)}, {POINTER(element)},
                          {POINTER(params)},    {POINTER(value)},
                          {POINTER(fields)},    {POINTER(elements)},
                          {POINTER(args)},      {POINTER(results)},
                          {POINTER(data)},      {POINTER(options)},
                          {POINTER(range)},     {POINTER(out)},
                          {POINTER(handle)},    {POINTER(weak)},
                          {POINTER(map)},       {POINTER(table)},
                          {POINTER(global)},    {POINTER(source)},
                          {POINTER(callback)},  {POINTER(visitor)},
                          {POINTER(other)},     {POINTER(message)},
                          {POINTER(key)},       {POINTER(bytes)},
                          {POINTER(out_left)},  {POINTER(pin)},
                          {POINTER(address)},   {"out_more", offsetof(struct arguments, out)}};
#undef POINTER

/* Sets a pointer to NULL. */
static inline void set_null(struct arguments *a, const char *name) {
  for (size_t i = 0; i < COUNT_OF(pointer_parameters); i++)
    if (strcmp(pointer_parameters[i].name, name) == 0) {
      memset((char *)a + pointer_parameters[i].at, 0, sizeof(void *));
      return;
    }
  check_fail(__FILE__, __LINE__, "calls.h: no pointer is called %s", name);
}

#define HANDLE(member) offsetof(struct arguments, h.member)
static const struct handle_parameter {
  const char *name;
  size_t at;
  enum handle_kind kind;
} handle_parameters[] = {{"ref", HANDLE(ref), ROOT},
                         {"ref_or_null", HANDLE(ref), ROOT},
                         {"a", HANDLE(a), ROOT},
                         {"b", HANDLE(b), ROOT},
                         {"dst", HANDLE(dst), ROOT},
                         {"src", HANDLE(src), ROOT},
                         {"src_or_null", HANDLE(src), ROOT},
                         {"func", HANDLE(func), ROOT},
                         {"exn", HANDLE(exn), ROOT},
                         {"key", HANDLE(key), ROOT},
                         {"value_or_null", HANDLE(value), ROOT},
                         {"init_or_null", HANDLE(init), ROOT},
                         {"scope", HANDLE(scope), SCOPE},
                         {"handle", HANDLE(handle), MANUAL},
                         {"weak", HANDLE(weak), WEAK},
                         {"pin", HANDLE(pin), PIN},
                         {"map", HANDLE(map), WEAKMAP},
                         {"tag", HANDLE(tag), TAG},
                         {"tag.a", HANDLE(tag_a), TAG},
                         {"tag.b", HANDLE(tag_b), TAG},
                         {"table", HANDLE(table), TABLE},
                         {"table.dst", HANDLE(table_dst), TABLE},
                         {"table.src", HANDLE(table_src), TABLE},
                         {"global", HANDLE(global), GLOBAL},
                         {"source", HANDLE(source), SOURCE}};
#undef HANDLE

static inline const struct handle_parameter *find_handle(const char *name) {
  for (size_t i = 0; i < COUNT_OF(handle_parameters); i++)
    if (strcmp(handle_parameters[i].name, name) == 0) return &handle_parameters[i];
  check_fail(__FILE__, __LINE__, "calls.h: no handle is called %s", name);
  return NULL;
}

/* --- The tables --------------------------------------------------------------- */

/* The first pointer of `list` is NULL and all else good; or the others of the list are NULL
   too, and all else is wrong. */
static inline void check_nulls_of(const struct call *call, const char *list,
                                  const struct arguments *good, const struct arguments *wrong) {
  struct arguments one, all;
  char first[WORD], word[WORD], quoted[WORD + 2];
  aim(&one, good);
  aim(&all, wrong);
  next_word(&list, first);
  snprintf(quoted, sizeof quoted, "`%s`", first);
  set_null(&one, first);
  set_null(&all, first);
  while (next_word(&list, word)) set_null(&all, word);
  check_call_changes_nothing(call, GCROOTS_ERROR_NULL_ARGUMENT, quoted, &one);
  check_call_changes_nothing(call, GCROOTS_ERROR_NULL_ARGUMENT, quoted, &all);
}

/* Each call refuses NULL for each pointer that it requires, before all else, and names the
   first of several. */
static inline void check_nulls(const struct call *table) {
  struct arguments good, wrong;
  new_arguments(&good, store);
  new_arguments(&wrong, store);
  spoil(&wrong);
  set_handles(&wrong.h, untouched());
  for (; table->name != NULL; table++) {
    const char *list = table->pointers, *rest = list;
    char word[WORD];
    for (; next_word(&rest, word); list = rest) check_nulls_of(table, list, &good, &wrong);
  }
  free_arguments(&good);
  free_arguments(&wrong);
}

/* Whether the bits are those of a handle that is passed. */
static inline bool is_passed(const struct handles *h, gcroots_ref_t bits) {
  for (size_t i = 0; i < sizeof *h / sizeof bits; i++)
    if (memcmp((const char *)h + i * sizeof bits, &bits, sizeof bits) == 0) return true;
  return false;
}

/* How the message about a bad handle begins to name it: "`value" also for `value_or_null`.
   Messages about scopes have the scope's number instead. */
static inline void name_in_messages(char text[WORD + 1], const char *name, enum handle_kind kind) {
  const char *dot = strchr(name, '.');
  char *end;
  snprintf(text, WORD + 1, kind == SCOPE ? "" : "`%s", dot != NULL ? dot + 1 : name);
  end = strstr(text, "_or_null");
  if (end != NULL) *end = '\0';
}

/* A call refuses each bad handle in the place of one that it takes, whatever the index. */
static inline void check_bad_handles_of(const struct call *call, const char *name,
                                        const struct arguments *good) {
  static struct bad_handle bad[HANDLE_KINDS][MOST_BAD];
  static size_t counts[HANDLE_KINDS];
  const struct handle_parameter *parameter = find_handle(name);
  enum handle_kind kind = parameter->kind;
  char text[WORD + 1];
  name_in_messages(text, name, kind);
  if (counts[kind] == 0) counts[kind] = bad_of_kind(kind, bad[kind]);
  for (size_t i = 0; i < 2 * counts[kind]; i++) {
    const struct bad_handle *it = &bad[kind][i / 2];
    struct arguments a;
    if (is_passed(&good->h, it->ref)) continue;
    check_note = it->name;
    aim(&a, good);
    a.index = i % 2 == 0 ? 0 : SIZE_MAX;
    memcpy((char *)&a + parameter->at, &it->ref, sizeof it->ref);
    check_call_changes_nothing(call, it->status, text, &a);
    check_note = NULL;
  }
}

/* Each call refuses each bad handle in the place of each handle that it takes. All else is
   as in `good`, which new_arguments() has made. */
static inline void check_bad_handles(const struct call *table, const struct arguments *good) {
  for (; table->name != NULL; table++) {
    const char *list = table->handles;
    char word[WORD];
    while (next_word(&list, word)) check_bad_handles_of(table, word, good);
  }
}

/* Each call is refused for a reason that comes before its arguments: these are correct at
   first, then wrong. */
static inline void table_is_refused(const struct call *table, gcroots_status_t expected,
                                    const struct arguments *passed) {
  for (; table->name != NULL; table++) {
    struct arguments a;
    aim(&a, passed);
    check_call_refused(table, expected, "", &a);
  }
}

static inline void tables_are_refused(const struct call *const *tables, size_t count,
                                      gcroots_status_t expected, gcroots_store_t *of,
                                      gcroots_ref_t ref, gcroots_scope_t scope) {
  struct arguments a;
  new_arguments(&a, of);
  set_handles(&a.h, ref);
  a.h.scope = scope;
  for (size_t i = 0; i < count; i++) table_is_refused(tables[i], expected, &a);
  spoil(&a);
  for (size_t i = 0; i < count; i++) table_is_refused(tables[i], expected, &a);
  free_arguments(&a);
}

/* The one call that root visitors may make. */
static inline void a_report_is_refused(gcroots_status_t expected, gcroots_store_t *of) {
  static const struct call *const tables[] = {report_calls};
  gcroots_scope_t scope = {0, 0};
  tables_are_refused(tables, 1, expected, of, gcroots_ref_null(), scope);
}

/* Passes the store, the reference and the scope to every function that is refused between
   the steps of a collection. */
static inline void every_other_call_is_refused(gcroots_status_t expected, gcroots_store_t *of,
                                               gcroots_ref_t ref, gcroots_scope_t scope) {
  tables_are_refused(tables_of_stores, COUNT_OF(tables_of_stores), expected, of, ref, scope);
}

/* Passes them to every function that takes a store, except gcroots_store_attach() and
   gcroots_root_visitor_report(). Each returns `expected` and writes nothing. */
static inline void every_call_is_refused(gcroots_status_t expected, gcroots_store_t *of,
                                         gcroots_ref_t ref, gcroots_scope_t scope) {
  static const struct call *const tables[] = {step_calls, free_calls};
  every_other_call_is_refused(expected, of, ref, scope);
  tables_are_refused(tables, COUNT_OF(tables), expected, of, ref, scope);
}

#endif
