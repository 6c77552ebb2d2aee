/* Gives a C object to a WebAssembly module, and gets it back: from a table, from a
 * global, and from functions, before a collection and after it.
 *
 *   externref COLLECTOR    COLLECTOR: copying, drc, generational or null
 *
 * An interpreter runs the module in the program's store. The interpreter is not part of
 * the library; it uses the library as any embedder would.
 */
#include <gcroots.h>
#include <gcroots_interpreter.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLOT = 3, SLOTS = 10 };

static const char *const collectors[] = {"null", "drc", "copying", "generational"};
static const gcroots_collector_t collector_ids[] = {GCROOTS_COLLECTOR_NULL, GCROOTS_COLLECTOR_DRC,
                                                    GCROOTS_COLLECTOR_COPYING,
                                                    GCROOTS_COLLECTOR_GENERATIONAL};

static char text[] = "Hello, World!";
static int finalized;

static gcroots_store_t *store;
static interpreter_t *module;
static gcroots_table_t table;
static gcroots_global_t global;

static void fail(const char *what, const char *why) {
  fprintf(stderr, "externref: %s: %s\n", what, why);
  exit(1);
}

/* A call of a function can return a status of the interpreter. */
#define MUST(call)                                                             \
  do {                                                                         \
    gcroots_status_t status_ = (call);                                         \
    if (status_ >= INTERPRETER_TRAPPED) fail(#call, interpreter_last_error()); \
    if (status_ != GCROOTS_OK) fail(#call, gcroots_last_error());              \
  } while (0)

/* Does the same for functions of the interpreter. */
#define MUST_RUN(call)                                               \
  do {                                                               \
    if ((call) != GCROOTS_OK) fail(#call, interpreter_last_error()); \
  } while (0)

#define CHECK(condition)                             \
  do {                                               \
    if (!(condition)) fail(#condition, "is not so"); \
  } while (0)

static void finalize(void *data) {
  CHECK(data == text);
  finalized++;
}

/* --- The store and the module ------------------------------------------------ */

static gcroots_engine_t *new_engine(gcroots_collector_t collector) {
  gcroots_config_t *config = gcroots_config_new();
  gcroots_engine_t *engine;
  CHECK(config != NULL);
  MUST(gcroots_config_set_collector(config, collector));
  MUST(gcroots_engine_new(config, &engine));
  gcroots_config_free(config);
  return engine;
}

static void load(gcroots_engine_t *engine) {
  static char wat[4096];
  FILE *file = fopen(MODULE_FILE, "rb");
  size_t length;
  if (file == NULL) {
    perror(MODULE_FILE);
    exit(1);
  }
  length = fread(wat, 1, sizeof wat, file);
  CHECK(!ferror(file) && feof(file));
  fclose(file);
  MUST_RUN(interpreter_module_new(engine, store, wat, length, &module));
  MUST_RUN(interpreter_table(module, "table", &table));
  MUST_RUN(interpreter_global(module, "global", &global));
}

/* Calls an exported function of one parameter and one result. */
static gcroots_status_t call(const char *name, gcroots_val_t arg, gcroots_ref_t *out) {
  gcroots_ref_t func;
  gcroots_val_t result;
  gcroots_status_t status;
  MUST_RUN(interpreter_func(module, name, &func));
  status = gcroots_func_call(store, func, &arg, 1, &result, 1);
  if (status == GCROOTS_OK) *out = result.of.ref;
  return status;
}

static gcroots_val_t ref_val(gcroots_ref_t ref) {
  gcroots_val_t val;
  val.kind = GCROOTS_STORAGE_REF;
  val.of.ref = ref;
  return val;
}

static gcroots_val_t i32_val(int32_t number) {
  gcroots_val_t val;
  val.kind = GCROOTS_STORAGE_I32;
  val.of.i32 = number;
  return val;
}

/* --- What the module gives back ---------------------------------------------- */

/* Checks that `ref` refers to the same object as `object`, and that its data is the text. */
static void check_same(gcroots_ref_t ref, gcroots_ref_t object, const char *from) {
  bool same;
  void *data;
  MUST(gcroots_ref_eq(store, ref, object, &same));
  if (!same) fail(from, "is another object");
  MUST(gcroots_externref_data(store, ref, &data));
  if (data != text) fail(from, "has other data");
  printf("  %s: %s\n", from, (const char *)data);
}

/* Every place that holds the object gives it back, and no other place holds it. */
static void check_all(gcroots_ref_t object) {
  gcroots_ref_t ref;
  gcroots_val_t val;
  for (uint64_t i = 0; i < SLOTS; i++) {
    MUST(gcroots_table_get(store, table, i, &ref));
    if (i == SLOT)
      check_same(ref, object, "table[3]");
    else
      CHECK(gcroots_ref_is_null(ref));
  }
  MUST(gcroots_global_get(store, global, &val));
  CHECK(val.kind == GCROOTS_STORAGE_REF);
  check_same(val.of.ref, object, "global");
  MUST(call("func", ref_val(object), &ref));
  check_same(ref, object, "func(object)");
  MUST(call("get", i32_val(SLOT), &ref));
  check_same(ref, object, "get(3)");
}

/* Works in a scope, so that no handle of the object is left afterwards. */
static void put(void) {
  gcroots_scope_t scope;
  gcroots_ref_t object, none;
  gcroots_val_t val;
  MUST(gcroots_scope_enter(store, &scope));
  MUST(gcroots_externref_new(store, text, finalize, &object));
  MUST(gcroots_table_set(store, table, SLOT, object));
  val = ref_val(object);
  MUST(gcroots_global_set(store, global, &val));
  printf("put into the module:\n");
  check_all(object);
  CHECK(call("get", i32_val(SLOTS), &none) == INTERPRETER_TRAPPED);
  printf("  get(10): %s\n", interpreter_last_error());
  MUST(gcroots_scope_exit(store, scope));
}

/* Now only the module keeps the object alive. */
static void check_after_collection(void) {
  gcroots_scope_t scope;
  gcroots_ref_t object;
  MUST(gcroots_store_gc(store));
  CHECK(finalized == 0);
  printf("after a collection:\n");
  MUST(gcroots_scope_enter(store, &scope));
  MUST(gcroots_table_get(store, table, SLOT, &object));
  check_all(object);
  MUST(gcroots_scope_exit(store, scope));
}

/* At first only the table keeps the object alive, and then nothing does. */
static void let_go(bool collects) {
  gcroots_val_t null = ref_val(gcroots_ref_null());
  gcroots_ref_t ref;
  MUST(gcroots_global_set(store, global, &null));
  MUST(gcroots_store_gc(store));
  CHECK(finalized == 0);
  interpreter_free(module);
  CHECK(gcroots_table_get(store, table, SLOT, &ref) != GCROOTS_OK);
  MUST(gcroots_store_gc(store));
  CHECK(finalized == (collects ? 1 : 0));
}

int main(int argc, char **argv) {
  const char *name = argc > 1 ? argv[1] : "copying";
  size_t at = 0, count = sizeof collectors / sizeof *collectors;
  gcroots_engine_t *engine;
  while (at < count && strcmp(name, collectors[at]) != 0) at++;
  if (at == count) fail(name, "is no collector");
  engine = new_engine(collector_ids[at]);
  MUST(gcroots_store_new(engine, &store));
  load(engine);
  gcroots_engine_free(engine); /* the store and the interpreter keep it */
  put();
  check_after_collection();
  let_go(collector_ids[at] != GCROOTS_COLLECTOR_NULL);
  MUST(gcroots_store_free(store));
  CHECK(finalized == 1);
  printf("let go: finalized once\n");
  return 0;
}
