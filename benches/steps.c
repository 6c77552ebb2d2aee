/* Collections in steps. For each budget of a step it prints how many steps a collection
 * takes, and the CPU time of the longest step, of the median step and of all steps. The heap
 * holds a million objects:
 *
 *   list         structs of two references, all live
 *   externrefs   externrefs with finalizers and their own roots, of which half die
 *   array        structs in one array, all live
 *   garbage      only garbage
 *
 *   steps [COLLECTOR]    COLLECTOR: its number
 */
#include "cpu_time.h"

#include "fixture.h"

enum { OBJECTS = 1000000, STEPS_MAX = 1 << 20 };

static gcroots_type_t *node, *refs;
static gcroots_manually_rooted_t kept[OBJECTS];
static double times[STEPS_MAX];
static size_t finalized;

static gcroots_type_t *register_type(bool array) {
  const gcroots_field_type_t fields[2] = {{GCROOTS_STORAGE_REF, GCROOTS_HEAP_ANY, 0, 1, 1, NULL},
                                          {GCROOTS_STORAGE_REF, GCROOTS_HEAP_ANY, 0, 1, 1, NULL}};
  gcroots_rec_group_t *group = gcroots_rec_group_new();
  gcroots_type_t *type;
  uint32_t position;
  if (array)
    MUST(gcroots_rec_group_add_array(group, NULL, fields, &position));
  else
    MUST(gcroots_rec_group_add_struct(group, NULL, fields, 2, &position));
  register_group(group, &type, 1);
  return type;
}

static gcroots_ref_t make_struct(gcroots_ref_t first, gcroots_ref_t second) {
  gcroots_val_t fields[2];
  gcroots_ref_t made;
  fields[0].kind = fields[1].kind = GCROOTS_STORAGE_REF;
  fields[0].of.ref = first;
  fields[1].of.ref = second;
  MUST(gcroots_struct_new(store, node, fields, 2, &made));
  return made;
}

static void make_list(void) {
  gcroots_ref_t list, made;
  MUST(gcroots_local_new(store, gcroots_ref_null(), &list));
  for (int i = 0; i < OBJECTS; i++) {
    gcroots_scope_t scope;
    MUST(gcroots_scope_enter(store, &scope));
    made = make_struct(list, list);
    MUST(gcroots_ref_assign(store, list, made));
    MUST(gcroots_scope_exit(store, scope));
  }
}

static void count(void *data) {
  (void)data;
  finalized++;
}

static void make_externrefs(void) {
  for (int i = 0; i < OBJECTS; i++)
    MUST(gcroots_externref_new_manually_rooted(store, NULL, count, &kept[i]));
  for (int i = 0; i < OBJECTS; i += 2) MUST(gcroots_manually_rooted_unroot(store, &kept[i]));
}

static void make_array(void) {
  gcroots_ref_t array;
  MUST(gcroots_array_new_default(store, refs, OBJECTS, &array));
  for (uint32_t i = 0; i < OBJECTS; i++) {
    gcroots_scope_t scope;
    MUST(gcroots_scope_enter(store, &scope));
    MUST(gcroots_array_set_ref(store, array, i,
                               make_struct(gcroots_ref_null(), gcroots_ref_null())));
    MUST(gcroots_scope_exit(store, scope));
  }
}

static void make_garbage(void) {
  gcroots_scope_t scope;
  MUST(gcroots_scope_enter(store, &scope));
  make_list();
  MUST(gcroots_scope_exit(store, scope));
}

static void measure(const char *name, void (*make)(void), size_t budget) {
  double total = 0, last = 0;
  size_t steps = 0, longest = 0;
  bool done = false;
  make_store();
  make();
  MUST(gcroots_store_gc_start(store));
  while (!done && steps < STEPS_MAX) {
    double before = nanoseconds();
    MUST(gcroots_store_gc_step(store, budget, &done));
    last = times[steps] = 1e-3 * (nanoseconds() - before);
    total += last;
    if (times[steps] > times[longest]) longest = steps;
    steps++;
  }
  if (budget == SIZE_MAX)
    printf("%-10s      none", name);
  else
    printf("%-10s %9zu", name, budget >> 10);
  printf(" %8zu %10.0f", steps, times[longest]);
  printf(" %7zu %10.0f", longest + 1, last);
  printf(" %10.1f %10.0f\n", median(times, steps), total);
  MUST(gcroots_store_free(store));
}

int main(int argc, char **argv) {
  static const size_t budgets[] = {16 << 10, 64 << 10, 1 << 20, SIZE_MAX};
  make_engine(argc == 2 ? argv[1] : NULL);
  node = register_type(false);
  refs = register_type(true);
  printf("%-10s %9s %8s %10s %7s %10s %10s %10s\n", "objects", "KiB", "steps", "longest us",
         "is the", "last us", "median us", "all us");
  for (size_t i = 0; i < sizeof budgets / sizeof *budgets; i++) {
    measure("list", make_list, budgets[i]);
    measure("externrefs", make_externrefs, budgets[i]);
    measure("array", make_array, budgets[i]);
    measure("garbage", make_garbage, budgets[i]);
  }
  gcroots_type_free(node);
  gcroots_type_free(refs);
  gcroots_engine_free(engine);
  return 0;
}
