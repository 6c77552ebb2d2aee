/* Random calls with live, stale, forged, mutated and other stores' bits, against
 * a model of which handles are live and which object each names.
 *
 * The model knows handles and scopes only by the bits that the library gave
 * out: a handle is live if its bits equal a live one's. From that it predicts
 * the status of every call. Finalizers make calls too.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

enum {
  OPERATIONS = 400000,
  OBJECTS = 1 << 16,
  SCOPED = 400,
  MANUAL = 150,
  WEAK = 100,
  SCOPES = 40,
  STALE = 256
};

/* --- The model --------------------------------------------------------------- */

/* An object's host data is the address of one of its two bytes. */
struct object {
  char data[2];
  bool finalizes, finalized;
  uint8_t which, tag;
  uint32_t roots, world;
  uint64_t hash;
};

struct root {
  gcroots_ref_t ref;
  struct object *object; /* NULL in a local that holds null */
};

/* Its object may have died. */
struct weak {
  gcroots_weak_t bits;
  struct object *object;
};

struct scope {
  gcroots_scope_t bits;
  uint32_t roots, spans;
};

static struct world {
  gcroots_store_t *store;
  uint64_t id;
  struct root scoped[SCOPED], manual[MANUAL];
  struct scope scopes[SCOPES];
  struct weak weak[WEAK];
  uint32_t scoped_count, manual_count, scope_count, weak_count, spans;
  /* Scopes that the running finalizer found open; spans likewise. */
  uint32_t outer_scopes, outer_spans;
  bool in_finalizer;
  gcroots_ref_t stale[STALE];
  gcroots_scope_t stale_scopes[STALE];
  gcroots_weak_t stale_weak[STALE];
  uint64_t stale_count, stale_scope_count, stale_weak_count, stale_unroots;
} worlds[2];

static struct object objects[OBJECTS];
static uint32_t object_count;
static gcroots_ref_t deleted_ref;
static gcroots_scope_t deleted_scope;
static const int tags[3];

static uint64_t random_state;

/* SplitMix64. */
static uint64_t random_bits(void) {
  uint64_t z = random_state += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

static uint32_t below(uint32_t count) {
  return (uint32_t)(random_bits() >> 32) % count;
}

static bool is_manual(gcroots_ref_t ref) {
  return ref.index >> 31 != 0;
}

static struct root *find_in(struct root *roots, uint32_t count, gcroots_ref_t ref) {
  for (uint32_t i = 0; i < count; i++)
    if (same_bits(roots[i].ref, ref)) return &roots[i];
  return NULL;
}

static struct root *find(struct world *w, gcroots_ref_t ref) {
  struct root *root = find_in(w->scoped, w->scoped_count, ref);
  return root != NULL ? root : find_in(w->manual, w->manual_count, ref);
}

/* What resolving a handle answers; *object is NULL for null. */
static gcroots_status_t resolve(struct world *w, gcroots_ref_t ref, struct object **object) {
  struct root *root;
  *object = NULL;
  if (ref.store_id == 0) return GCROOTS_OK;
  if (ref.store_id != w->id) return GCROOTS_ERROR_WRONG_STORE;
  root = find(w, ref);
  if (root == NULL) return GCROOTS_ERROR_UNROOTED;
  *object = root->object;
  return GCROOTS_OK;
}

/* As resolve, where null is refused. */
static gcroots_status_t resolve_object(struct world *w, gcroots_ref_t ref, struct object **object) {
  gcroots_status_t status = resolve(w, ref, object);
  return status == GCROOTS_OK && *object == NULL ? GCROOTS_ERROR_NULL_REFERENCE : status;
}

/* As resolve, where scoped handles are unrooted. */
static gcroots_status_t resolve_manual(struct world *w, gcroots_ref_t ref, struct object **object) {
  gcroots_status_t status = resolve(w, ref, object);
  if (status == GCROOTS_OK && ref.store_id != 0 && !is_manual(ref)) return GCROOTS_ERROR_UNROOTED;
  return status;
}

static void remember_stale(struct world *w, gcroots_ref_t ref) {
  w->stale[w->stale_count++ % STALE] = ref;
}

/* Takes one root off an object. */
static void release(struct object *object) {
  if (object != NULL) object->roots--;
}

static void add_scoped(struct world *w, gcroots_ref_t ref, struct object *object) {
  CHECK(ref.store_id == w->id && !is_manual(ref));
  CHECK(find(w, ref) == NULL);
  w->scoped[w->scoped_count++] = (struct root){ref, object};
  if (object != NULL) object->roots++;
}

static void add_manual(struct world *w, gcroots_ref_t ref, struct object *object) {
  CHECK(ref.store_id == w->id && is_manual(ref));
  CHECK(find(w, ref) == NULL);
  w->manual[w->manual_count++] = (struct root){ref, object};
  object->roots++;
}

static void remove_manual(struct world *w, gcroots_ref_t ref) {
  struct root *root = find_in(w->manual, w->manual_count, ref);
  remember_stale(w, ref);
  release(root->object);
  *root = w->manual[--w->manual_count];
}

static void truncate_scoped(struct world *w, uint32_t count) {
  while (w->scoped_count > count) {
    struct root *root = &w->scoped[--w->scoped_count];
    remember_stale(w, root->ref);
    release(root->object);
  }
}

/* Leaves scopes until `count` are open. */
static void leave_scopes(struct world *w, uint32_t count) {
  while (w->scope_count > count) {
    struct scope *scope = &w->scopes[--w->scope_count];
    w->stale_scopes[w->stale_scope_count++ % STALE] = scope->bits;
    truncate_scoped(w, scope->roots);
    w->spans = scope->spans;
  }
}

/* --- Choosing bits ----------------------------------------------------------- */

static gcroots_ref_t live_ref(struct world *w) {
  uint32_t count = w->scoped_count + w->manual_count, at;
  if (count == 0) return gcroots_ref_null();
  if (w->manual_count > 0 && below(3) == 0) return w->manual[below(w->manual_count)].ref;
  at = below(count);
  return at < w->scoped_count ? w->scoped[at].ref : w->manual[at - w->scoped_count].ref;
}

static gcroots_ref_t stale_ref(struct world *w) {
  if (w->stale_count == 0) return deleted_ref;
  return w->stale[random_bits() % (w->stale_count < STALE ? w->stale_count : STALE)];
}

static gcroots_ref_t mutated_ref(struct world *w) {
  gcroots_ref_t ref = below(2) == 0 ? live_ref(w) : stale_ref(w);
  switch (below(10)) {
    case 0: ref.generation++; break;
    case 1: ref.generation--; break;
    case 2: ref.index++; break;
    case 3: ref.index--; break;
    case 4: ref.index ^= 0x80000000; break;
    case 5: ref.generation ^= 1u << below(32); break;
    case 6: ref.index ^= 1u << below(32); break;
    case 7: ref.store_id ^= (uint64_t)1 << below(64); break;
    case 8: ref.generation = below(2) == 0 ? 0 : 0xffffffff - below(3); break;
    default: ref.index = (ref.index & 0x80000000) | (below(2) == 0 ? 0x7fffffff - below(3) : 4095);
  }
  return ref;
}

static gcroots_ref_t forged_ref(struct world *w) {
  gcroots_ref_t ref = {w->id, below(4), below(700) | (below(2) << 31)};
  switch (below(5)) {
    case 0: ref.store_id = UINT64_MAX, ref.generation = 0; break;
    case 1: ref.store_id = random_bits(); break;
    case 2: ref.generation = (uint32_t)random_bits(), ref.index = (uint32_t)random_bits(); break;
    case 3: memset(&ref, 0xff, sizeof ref); break;
    default: break;
  }
  return ref;
}

static gcroots_ref_t any_ref(struct world *w) {
  struct world *other = &worlds[w == &worlds[0]];
  gcroots_ref_t ref;
  uint32_t choice = below(100);
  /* The root that an allocation has made is there before the model knows its
     bits: nothing near it is guessed while that call's finalizers run. */
  if (worlds[0].in_finalizer || worlds[1].in_finalizer) choice %= 84;
  if (choice < 54) return live_ref(w);
  if (choice < 64) return stale_ref(w);
  if (choice < 72) return live_ref(other);
  if (choice < 76) return deleted_ref;
  if (choice < 84) {
    ref = live_ref(w);
    ref.store_id = 0;
    return ref;
  }
  return choice < 94 ? mutated_ref(w) : forged_ref(w);
}

static gcroots_manually_rooted_t any_manual(struct world *w) {
  gcroots_manually_rooted_t handle;
  handle.ref = any_ref(w);
  if (w->manual_count > 0 && below(2) == 0) handle.ref = w->manual[below(w->manual_count)].ref;
  return handle;
}

static gcroots_weak_t as_weak(gcroots_ref_t ref) {
  return (gcroots_weak_t){ref.store_id, ref.generation, ref.index};
}

/* A live weak handle, a freed one, one of another store, or other bits. */
static gcroots_weak_t any_weak(struct world *w) {
  struct world *other = &worlds[w == &worlds[0]];
  gcroots_weak_t weak;
  uint32_t choice = below(100);
  if (choice < 60 && w->weak_count > 0) return w->weak[below(w->weak_count)].bits;
  if (choice < 70 && w->stale_weak_count > 0)
    return w
        ->stale_weak[random_bits() % (w->stale_weak_count < STALE ? w->stale_weak_count : STALE)];
  if (choice < 76 && other->weak_count > 0) return other->weak[below(other->weak_count)].bits;
  if (choice < 90 || w->weak_count == 0) return as_weak(any_ref(w));
  weak = w->weak[below(w->weak_count)].bits;
  switch (below(4)) {
    case 0: weak.generation ^= 1u << below(32); break;
    case 1: weak.index ^= 1u << below(32); break;
    case 2: weak.store_id ^= (uint64_t)1 << below(64); break;
    default: weak.generation = below(2) == 0 ? 0 : UINT32_MAX - below(3); break;
  }
  return weak;
}

static gcroots_scope_t any_scope(struct world *w) {
  struct world *other = &worlds[w == &worlds[0]];
  gcroots_scope_t scope = {w->id, below(3) == 0 ? random_bits() : below(2000)};
  gcroots_ref_t ref;
  uint32_t choice = below(100);
  if (choice < 45 && w->scope_count > 0) return w->scopes[w->scope_count - 1].bits;
  if (choice < 60 && w->scope_count > 0) return w->scopes[below(w->scope_count)].bits;
  if (choice < 70 && w->stale_scope_count > 0) return w->stale_scopes[random_bits() % STALE];
  if (choice < 76 && other->scope_count > 0) return other->scopes[other->scope_count - 1].bits;
  if (choice < 80) return deleted_scope;
  if (choice < 84) memset(&scope, below(2) == 0 ? 0 : 0xff, sizeof scope);
  if (choice >= 84 && choice < 88) {
    ref = live_ref(w);
    memcpy(&scope, &ref, sizeof scope);
  }
  if (choice >= 88 && choice < 94 && w->scope_count > 0) {
    scope = w->scopes[below(w->scope_count)].bits;
    scope.serial ^= (uint64_t)1 << below(64);
  }
  if (choice == 94) scope.serial = 0;
  if (choice == 95) scope.serial = UINT64_MAX;
  return scope;
}

/* What the bits name: the place of an open scope, or a status. */
static gcroots_status_t find_scope(struct world *w, gcroots_scope_t scope, uint32_t *at) {
  if (scope.store_id != w->id) return GCROOTS_ERROR_WRONG_STORE;
  for (*at = w->scope_count; (*at)-- > w->outer_scopes;)
    if (w->scopes[*at].bits.serial == scope.serial) return GCROOTS_OK;
  return GCROOTS_ERROR_SCOPE_ORDER;
}

/* As find_scope, for the innermost one only. */
static gcroots_status_t innermost_scope(struct world *w, gcroots_scope_t scope) {
  uint32_t at;
  gcroots_status_t status = find_scope(w, scope, &at);
  return status == GCROOTS_OK && at + 1 != w->scope_count ? GCROOTS_ERROR_SCOPE_ORDER : status;
}

/* --- Operations -------------------------------------------------------------- */

static const gcroots_ref_t no_handle = {0x1111111111111111, 0x22222222, 0x33333333};

/* The status is the predicted one, and `out` was written only on success. */
static void expect(int line, gcroots_status_t expected, gcroots_status_t status,
                   const gcroots_ref_t *out) {
  if (status != expected)
    check_fail(__FILE__, line, "expected %s, got %s (%s)", gcroots_status_name(expected),
               gcroots_status_name(status), gcroots_last_error());
  if (out != NULL && status != GCROOTS_OK && !same_bits(*out, no_handle))
    check_fail(__FILE__, line, "a refused call wrote its output");
}
#define EXPECT(expected, status, out) expect(__LINE__, expected, status, out)

static void make_calls(uint32_t count);

static void finalize(void *data) {
  struct object *object = &objects[((char *)data - (char *)objects) / (long)sizeof *objects];
  struct world *w = &worlds[object->world];
  uint32_t roots = w->scoped_count, scopes = w->scope_count, spans = w->spans;
  uint32_t outer_scopes = w->outer_scopes, outer_spans = w->outer_spans;
  CHECK(object->finalizes && !object->finalized && object->roots == 0);
  CHECK(data == &object->data[object->which]);
  object->finalized = true;
  if (w->store == NULL) return;
  CHECK(collects && !w->in_finalizer);
  if (below(4) != 0) return;
  w->in_finalizer = true;
  w->outer_scopes = scopes;
  w->outer_spans = spans;
  EXPECT(GCROOTS_ERROR_BUSY, gcroots_store_free(w->store), NULL);
  EXPECT(GCROOTS_ERROR_BUSY, gcroots_store_detach(w->store), NULL);
  EXPECT(GCROOTS_ERROR_BUSY, gcroots_store_attach(w->store), NULL);
  make_calls(below(6));
  leave_scopes(w, scopes);
  truncate_scoped(w, roots);
  w->spans = spans;
  w->outer_scopes = outer_scopes;
  w->outer_spans = outer_spans;
  w->in_finalizer = false;
}

static void create(struct world *w) {
  struct object *object = &objects[object_count];
  gcroots_ref_t out = no_handle;
  gcroots_externref_options_t options = {sizeof options, object->data, NULL, NULL, below(100)};
  bool plain = below(2) == 0;
  uint32_t at = w->scoped_count;
  if (object_count == OBJECTS || w->scoped_count >= SCOPED) return;
  options.tag = &tags[object->tag = plain ? 0 : (uint8_t)below(3)];
  if (object->tag == 0) options.tag = NULL;
  object->finalizes = below(4) != 0;
  if (object->finalizes) options.finalizer = finalize;
  object->world = (uint32_t)(w - worlds);
  if (!plain && below(8) == 0) {
    options.struct_size += 1 + below(20);
    EXPECT(GCROOTS_ERROR_INVALID_ARGUMENT, gcroots_externref_new_with(w->store, &options, &out),
           &out);
    return;
  }
  object_count++;
  object->roots = 1;
  /* Its finalizers come before its handle is known. */
  w->scoped[w->scoped_count++] = (struct root){no_handle, object};
  EXPECT(GCROOTS_OK,
         plain ? gcroots_externref_new(w->store, options.data, options.finalizer, &out)
               : gcroots_externref_new_with(w->store, &options, &out),
         NULL);
  CHECK(w->scoped_count == at + 1);
  w->scoped_count = at;
  object->roots--;
  add_scoped(w, out, object);
}

/* As create, with a manual root from the start. */
static void create_manually_rooted(struct world *w) {
  struct object *object = &objects[object_count];
  gcroots_manually_rooted_t out = {no_handle};
  uint32_t at = 0;
  if (object_count == OBJECTS || w->manual_count == MANUAL) return;
  object->finalizes = below(4) != 0;
  object->tag = 0;
  object->world = (uint32_t)(w - worlds);
  object_count++;
  object->roots = 1;
  /* Its finalizers come before its handle is known, and may move it. */
  w->manual[w->manual_count++] = (struct root){no_handle, object};
  EXPECT(GCROOTS_OK,
         gcroots_externref_new_manually_rooted(w->store, object->data,
                                               object->finalizes ? finalize : NULL, &out),
         NULL);
  while (w->manual[at].object != object) at++;
  w->manual[at] = w->manual[--w->manual_count];
  object->roots--;
  add_manual(w, out.ref, object);
}

static void read_data(struct world *w) {
  struct object *object;
  gcroots_ref_t ref = any_ref(w);
  gcroots_status_t expected = resolve_object(w, ref, &object);
  void *data = &worlds;
  EXPECT(expected, gcroots_externref_data(w->store, ref, &data), NULL);
  CHECK(data == (expected == GCROOTS_OK ? (void *)&object->data[object->which] : &worlds));
}

static void read_tagged(struct world *w) {
  struct object *object;
  gcroots_ref_t ref = any_ref(w);
  gcroots_status_t expected = resolve_object(w, ref, &object);
  uint8_t tag = (uint8_t)below(3);
  void *data = &worlds;
  if (expected == GCROOTS_OK && object->tag != tag) expected = GCROOTS_ERROR_TYPE_MISMATCH;
  EXPECT(expected,
         gcroots_externref_data_tagged(w->store, ref, tag == 0 ? NULL : &tags[tag], &data), NULL);
  CHECK(data == (expected == GCROOTS_OK ? (void *)&object->data[object->which] : &worlds));
}

static void change_data(struct world *w) {
  struct object *object;
  gcroots_ref_t ref = any_ref(w);
  gcroots_status_t expected = resolve_object(w, ref, &object);
  uint8_t which = (uint8_t)below(2);
  void *data = object != NULL ? &object->data[which] : NULL;
  EXPECT(expected, gcroots_externref_set_data(w->store, ref, data), NULL);
  if (expected == GCROOTS_OK) object->which = which;
  EXPECT(expected, gcroots_externref_set_external_bytes(w->store, ref, below(1000)), NULL);
}

static void compare(struct world *w) {
  struct object *first, *second;
  gcroots_ref_t a = any_ref(w), b = below(4) == 0 ? a : any_ref(w);
  gcroots_status_t expected = resolve(w, a, &first);
  gcroots_status_t of_b = resolve(w, b, &second);
  bool null = a.store_id == 0 && b.store_id == 0, equal = true;
  if (expected == GCROOTS_OK) expected = of_b;
  EXPECT(expected, gcroots_ref_eq(w->store, a, b, &equal), NULL);
  CHECK(equal == (expected != GCROOTS_OK || first == second));
  CHECK(gcroots_ref_same_root(a, b) == (null || same_bits(a, b)));
}

static void hash(struct world *w) {
  struct object *object;
  gcroots_ref_t ref = any_ref(w);
  gcroots_status_t expected = resolve(w, ref, &object);
  uint64_t out = 77;
  EXPECT(expected, gcroots_ref_hash(w->store, ref, &out), NULL);
  if (expected != GCROOTS_OK) {
    CHECK(out == 77);
  } else if (object == NULL) {
    CHECK(out == 0);
  } else {
    CHECK(out != 0 && (object->hash == 0 || object->hash == out));
    object->hash = out;
  }
}

static void assign(struct world *w) {
  struct object *old, *new;
  gcroots_ref_t dst = any_ref(w), src = any_ref(w);
  gcroots_status_t expected = resolve(w, dst, &old);
  gcroots_status_t of_src = resolve(w, src, &new);
  if (dst.store_id == 0) expected = GCROOTS_ERROR_NULL_REFERENCE;
  if (expected == GCROOTS_OK && is_manual(dst)) expected = GCROOTS_ERROR_INVALID_ARGUMENT;
  if (expected == GCROOTS_OK) expected = of_src;
  EXPECT(expected, gcroots_ref_assign(w->store, dst, src), NULL);
  if (expected != GCROOTS_OK) return;
  find(w, dst)->object = new;
  if (new != NULL) new->roots++;
  release(old);
}

static void make_local(struct world *w) {
  struct object *object;
  gcroots_ref_t ref = any_ref(w), out = no_handle;
  gcroots_status_t expected = resolve(w, ref, &object);
  if (w->scoped_count >= SCOPED) return;
  EXPECT(expected, gcroots_local_new(w->store, ref, &out), &out);
  if (expected == GCROOTS_OK) add_scoped(w, out, object);
}

static void make_manual(struct world *w) {
  struct object *object;
  gcroots_manually_rooted_t handle = any_manual(w), out = {no_handle};
  bool clone = below(2) == 0;
  gcroots_status_t expected =
      clone ? resolve_manual(w, handle.ref, &object) : resolve(w, handle.ref, &object);
  if (w->manual_count == MANUAL) return;
  EXPECT(expected,
         clone ? gcroots_manually_rooted_clone(w->store, handle, &out)
               : gcroots_ref_to_manually_rooted(w->store, handle.ref, &out),
         &out.ref);
  if (expected != GCROOTS_OK) return;
  if (object == NULL) CHECK(gcroots_ref_is_null(out.ref));
  if (object != NULL) add_manual(w, out.ref, object);
}

static void unroot(struct world *w) {
  struct object *object;
  gcroots_manually_rooted_t handle = any_manual(w), before = handle;
  gcroots_status_t expected = resolve_manual(w, handle.ref, &object);
  EXPECT(expected, gcroots_manually_rooted_unroot(w->store, &handle), NULL);
  if (expected != GCROOTS_OK) {
    CHECK(same_bits(handle.ref, before.ref));
    return;
  }
  CHECK(gcroots_ref_is_null(handle.ref));
  if (object != NULL) remove_manual(w, before.ref);
}

/* Queues a handle of any store, and has that store's owner take it out. */
static void unroot_later(struct world *w) {
  struct object *object;
  gcroots_manually_rooted_t handle = any_manual(w), before = handle;
  struct world *its = NULL;
  gcroots_status_t expected;
  gcroots_scope_t scope;
  gcroots_ref_t local;
  void *data;
  for (int i = 0; i < 2; i++)
    if (worlds[i].store != NULL && worlds[i].id == handle.ref.store_id) its = &worlds[i];
  EXPECT(GCROOTS_OK, gcroots_manually_rooted_unroot_later(&handle), NULL);
  CHECK(same_bits(handle.ref, gcroots_ref_null()));
  if (its == NULL || its->store == NULL) return;
  expected = resolve_manual(its, before.ref, &object);
  if (expected != GCROOTS_OK) {
    its->stale_unroots++;
    return;
  }
  EXPECT(GCROOTS_OK, gcroots_externref_data(its->store, before.ref, &data), NULL);
  OK(gcroots_scope_enter(its->store, &scope));
  OK(gcroots_local_new(its->store, gcroots_ref_null(), &local));
  OK(gcroots_scope_exit(its->store, scope));
  remove_manual(its, before.ref);
}

/* What using a weak handle answers; *weak is NULL for null. */
static gcroots_status_t resolve_weak(struct world *w, gcroots_weak_t bits, struct weak **weak) {
  *weak = NULL;
  if (bits.store_id == 0) return GCROOTS_OK;
  if (bits.store_id != w->id) return GCROOTS_ERROR_WRONG_STORE;
  for (uint32_t i = 0; i < w->weak_count; i++)
    if (memcmp(&w->weak[i].bits, &bits, sizeof bits) == 0) *weak = &w->weak[i];
  return *weak == NULL ? GCROOTS_ERROR_UNROOTED : GCROOTS_OK;
}

static void make_weak(struct world *w) {
  struct object *object;
  struct weak *weak;
  gcroots_ref_t ref = any_ref(w);
  gcroots_weak_t out = as_weak(no_handle);
  gcroots_status_t expected = resolve(w, ref, &object);
  if (w->weak_count == WEAK) return;
  EXPECT(expected, gcroots_weak_new(w->store, ref, &out), NULL);
  if (expected != GCROOTS_OK) CHECK(out.store_id == no_handle.store_id);
  if (expected == GCROOTS_OK && object == NULL) CHECK(out.store_id == 0);
  if (expected != GCROOTS_OK || object == NULL) return;
  CHECK(resolve_weak(w, out, &weak) == GCROOTS_ERROR_UNROOTED);
  w->weak[w->weak_count++] = (struct weak){out, object};
}

static void upgrade_weak(struct world *w) {
  struct weak *weak;
  gcroots_weak_t bits = any_weak(w);
  gcroots_ref_t out = no_handle;
  gcroots_status_t expected = resolve_weak(w, bits, &weak);
  void *data;
  if (w->scoped_count >= SCOPED) return;
  EXPECT(expected, gcroots_weak_upgrade(w->store, bits, &out), &out);
  if (expected != GCROOTS_OK) return;
  if (weak == NULL || gcroots_ref_is_null(out)) {
    CHECK(gcroots_ref_is_null(out));
    if (weak != NULL) CHECK(collects && weak->object->roots == 0);
    return;
  }
  CHECK(!weak->object->finalized);
  OK(gcroots_externref_data(w->store, out, &data));
  CHECK(data == &weak->object->data[weak->object->which]);
  add_scoped(w, out, weak->object);
}

static void free_weak(struct world *w) {
  struct weak *weak;
  gcroots_weak_t bits = any_weak(w), before = bits;
  gcroots_status_t expected = resolve_weak(w, bits, &weak);
  EXPECT(expected, gcroots_weak_free(w->store, &bits), NULL);
  if (expected != GCROOTS_OK) {
    CHECK(memcmp(&bits, &before, sizeof bits) == 0);
    return;
  }
  CHECK(bits.store_id == 0 && bits.generation == 0 && bits.index == 0);
  if (weak == NULL) return;
  w->stale_weak[w->stale_weak_count++ % STALE] = before;
  *weak = w->weak[--w->weak_count];
}

static void make_scoped(struct world *w) {
  struct object *object;
  gcroots_manually_rooted_t handle = any_manual(w), before = handle;
  gcroots_ref_t out = no_handle;
  gcroots_status_t expected = resolve_manual(w, handle.ref, &object);
  if (w->scoped_count >= SCOPED) return;
  if (below(2) == 0) {
    EXPECT(expected, gcroots_manually_rooted_to_rooted(w->store, handle, &out), &out);
  } else if (below(2) == 0) {
    EXPECT(expected, gcroots_manually_rooted_into_rooted(w->store, &handle, &out), &out);
    CHECK(expected == GCROOTS_OK ? gcroots_ref_is_null(handle.ref)
                                 : same_bits(handle.ref, before.ref));
    if (object != NULL && expected == GCROOTS_OK) remove_manual(w, before.ref);
  } else {
    EXPECT(expected, gcroots_manually_rooted_into_rooted(w->store, &handle, &handle.ref), NULL);
    if (expected != GCROOTS_OK) CHECK(same_bits(handle.ref, before.ref));
    if (object != NULL && expected == GCROOTS_OK) remove_manual(w, before.ref);
    out = handle.ref;
  }
  if (expected != GCROOTS_OK) return;
  if (object == NULL) CHECK(gcroots_ref_is_null(out));
  if (object != NULL) add_scoped(w, out, object);
}

static void enter_scope(struct world *w) {
  struct scope *scope = &w->scopes[w->scope_count];
  uint32_t at;
  gcroots_scope_t out;
  if (w->scope_count >= SCOPES) return;
  EXPECT(GCROOTS_OK, gcroots_scope_enter(w->store, &out), NULL);
  CHECK(out.store_id == w->id && find_scope(w, out, &at) == GCROOTS_ERROR_SCOPE_ORDER);
  *scope = (struct scope){out, w->scoped_count, w->spans};
  w->scope_count++;
}

static void leave_scope(struct world *w) {
  uint32_t at = 0;
  gcroots_scope_t scope = any_scope(w);
  bool unwind = below(4) == 0;
  gcroots_status_t expected = unwind ? find_scope(w, scope, &at) : innermost_scope(w, scope);
  if (!unwind) at = w->scope_count - 1;
  EXPECT(expected,
         unwind ? gcroots_scope_unwind(w->store, scope) : gcroots_scope_exit(w->store, scope),
         NULL);
  if (expected == GCROOTS_OK) leave_scopes(w, at);
}

static void escape(struct world *w) {
  struct object *object;
  gcroots_scope_t scope = any_scope(w);
  gcroots_ref_t ref = any_ref(w), out = no_handle;
  gcroots_status_t expected = innermost_scope(w, scope);
  gcroots_status_t of_ref = resolve(w, ref, &object);
  if (w->scoped_count >= SCOPED) return;
  if (expected == GCROOTS_OK) expected = of_ref;
  if (below(2) == 0) {
    EXPECT(expected, gcroots_scope_escape(w->store, scope, ref, &out), &out);
  } else {
    out = ref;
    EXPECT(expected, gcroots_scope_escape(w->store, scope, out, &out), NULL);
    if (expected != GCROOTS_OK) CHECK(same_bits(out, ref));
  }
  if (expected != GCROOTS_OK) return;
  if (object != NULL) object->roots++;
  leave_scopes(w, w->scope_count - 1);
  if (object == NULL) {
    CHECK(gcroots_ref_is_null(out));
  } else {
    add_scoped(w, out, object);
    object->roots--;
  }
}

static void reserve(struct world *w) {
  EXPECT(GCROOTS_OK, gcroots_scope_reserve(w->store, below(600)), NULL);
  EXPECT(GCROOTS_ERROR_LIMIT, gcroots_scope_reserve(w->store, SIZE_MAX - below(10)), NULL);
}

static void change_spans(struct world *w) {
  uint32_t inherited =
      w->scope_count > w->outer_scopes ? w->scopes[w->scope_count - 1].spans : w->outer_spans;
  if (below(4) == 0) {
    EXPECT(GCROOTS_OK, gcroots_no_gc_enter(w->store), NULL);
    w->spans++;
  } else {
    bool open = w->spans > inherited;
    EXPECT(open ? GCROOTS_OK : GCROOTS_ERROR_SCOPE_ORDER, gcroots_no_gc_exit(w->store), NULL);
    if (open) w->spans--;
  }
}

static void collect(struct world *w) {
  static bool unreachable[OBJECTS];
  static uint32_t settled[2];
  uint32_t count = object_count, mine = (uint32_t)(w - worlds);
  bool outermost = !w->in_finalizer && w->spans == 0 && collects;
  /* Nested collections of the other store would overwrite the notes. */
  bool check = outermost && !worlds[1 - mine].in_finalizer;
  while (settled[mine] < count &&
         (objects[settled[mine]].world != mine || !objects[settled[mine]].finalizes ||
          objects[settled[mine]].finalized))
    settled[mine]++;
  if (check)
    for (uint32_t i = settled[mine]; i < count; i++)
      unreachable[i] = objects[i].world == mine && objects[i].finalizes && objects[i].roots == 0;
  EXPECT(w->spans > 0 ? GCROOTS_ERROR_NO_GC : GCROOTS_OK, gcroots_store_gc(w->store), NULL);
  if (check)
    for (uint32_t i = settled[mine]; i < count; i++) CHECK(!unreachable[i] || objects[i].finalized);
}

static void detach(struct world *w) {
  struct object *object;
  gcroots_ref_t ref = any_ref(w), out = no_handle;
  gcroots_manually_rooted_t handle = {any_ref(w)}, before = handle;
  void *data = &worlds;
  if (w->in_finalizer) return;
  EXPECT(GCROOTS_OK, gcroots_store_detach(w->store), NULL);
  EXPECT(GCROOTS_ERROR_WRONG_THREAD, gcroots_externref_data(w->store, ref, &data), NULL);
  EXPECT(GCROOTS_ERROR_WRONG_THREAD, gcroots_scope_exit(w->store, any_scope(w)), NULL);
  EXPECT(GCROOTS_ERROR_WRONG_THREAD, gcroots_scope_escape(w->store, any_scope(w), ref, &out), &out);
  EXPECT(GCROOTS_ERROR_WRONG_THREAD, gcroots_manually_rooted_unroot(w->store, &handle), NULL);
  EXPECT(GCROOTS_ERROR_WRONG_THREAD, gcroots_externref_new(w->store, NULL, NULL, &out), &out);
  EXPECT(GCROOTS_ERROR_WRONG_THREAD, gcroots_store_free(w->store), NULL);
  CHECK(data == &worlds && same_bits(handle.ref, before.ref));
  EXPECT(GCROOTS_OK, gcroots_store_attach(w->store), NULL);
  EXPECT(GCROOTS_OK, gcroots_store_attach(w->store), NULL);
  EXPECT(resolve_object(w, ref, &object), gcroots_externref_data(w->store, ref, &data), NULL);
}

static void check_counts(struct world *w) {
  gcroots_stats_t stats = stats_of(w->store);
  CHECK(stats.scoped_roots == w->scoped_count);
  CHECK(stats.manual_roots == w->manual_count);
  CHECK(stats.weak_handles == w->weak_count);
  CHECK(stats.stale_unroots == w->stale_unroots);
}

static void make_call(struct world *w) {
  switch (below(48)) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4: create(w); break;
    case 5:
    case 6:
    case 7: read_data(w); break;
    case 8: read_tagged(w); break;
    case 9: change_data(w); break;
    case 10:
    case 11: compare(w); break;
    case 12: hash(w); break;
    case 13:
    case 14: assign(w); break;
    case 15:
    case 16: make_local(w); break;
    case 17:
    case 18:
    case 19: make_manual(w); break;
    case 20:
    case 21:
    case 22: unroot(w); break;
    case 23:
    case 24:
    case 25: make_scoped(w); break;
    case 26:
    case 27:
    case 28:
    case 29: enter_scope(w); break;
    case 30:
    case 31:
    case 32: leave_scope(w); break;
    case 33:
    case 34: escape(w); break;
    case 35: reserve(w); break;
    case 36:
    case 37: change_spans(w); break;
    case 38: collect(w); break;
    case 39:
    case 40: create_manually_rooted(w); break;
    case 41:
    case 42: unroot_later(w); break;
    case 43:
    case 44: make_weak(w); break;
    case 45: upgrade_weak(w); break;
    case 46: free_weak(w); break;
    default: detach(w); break;
  }
  check_counts(w);
}

static void make_calls(uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    struct world *w = &worlds[below(3) == 0];
    make_call(w);
  }
}

static void open_world(struct world *w, gcroots_store_t *its_store) {
  gcroots_scope_t scope;
  w->store = its_store;
  OK(gcroots_scope_enter(its_store, &scope));
  w->id = scope.store_id;
  OK(gcroots_scope_exit(its_store, scope));
  /* So that any place may be chosen. */
  for (int i = 0; i < STALE; i++) w->stale_scopes[i] = scope;
}

static void close_world(struct world *w) {
  gcroots_store_t *its_store = w->store;
  uint32_t mine = (uint32_t)(w - worlds);
  leave_scopes(w, 0);
  truncate_scoped(w, 0);
  while (w->manual_count > 0) remove_manual(w, w->manual[0].ref);
  w->store = NULL;
  OK(gcroots_store_free(its_store));
  for (uint32_t i = 0; i < object_count; i++)
    if (objects[i].world == mine) CHECK(objects[i].finalized == objects[i].finalizes);
}

/* Two stores of one engine, and handles of a third that was deleted. */
static void misuse(uint64_t seed) {
  gcroots_store_t *third;
  random_state = seed;
  OK(gcroots_store_new(engine, &third));
  OK(gcroots_scope_enter(third, &deleted_scope));
  OK(gcroots_externref_new(third, NULL, NULL, &deleted_ref));
  OK(gcroots_store_free(third));
  open_world(&worlds[0], store);
  OK(gcroots_store_new(engine, &third));
  open_world(&worlds[1], third);
  for (int i = 0; i < OPERATIONS / 1000; i++) {
    make_calls(1000);
    OK(gcroots_store_verify(worlds[0].store));
    OK(gcroots_store_verify(worlds[1].store));
  }
  close_world(&worlds[1]);
  /* Its handles are now those of a deleted store. */
  for (int i = 0; i < STALE; i++) {
    void *data = &worlds;
    EXPECT(GCROOTS_ERROR_WRONG_STORE,
           gcroots_externref_data(worlds[0].store, worlds[1].stale[i], &data), NULL);
    CHECK(data == &worlds);
  }
  close_world(&worlds[0]);
  store = NULL;
}

CASE(random_calls_answer_what_the_model_predicts_1) {
  misuse(1);
}

CASE(random_calls_answer_what_the_model_predicts_2) {
  misuse(0x0123456789abcdef);
}

CASE(random_calls_answer_what_the_model_predicts_3) {
  misuse(20240229);
}

CASE(random_calls_answer_what_the_model_predicts_4) {
  misuse(0xfeedfacecafebeef);
}

/* Random bits that no store gave out, in great number: none names anything. */
CASE(random_bits_name_nothing) {
  gcroots_ref_t ref = new_externref(NULL);
  gcroots_manually_rooted_t handle = root(ref);
  random_state = 42;
  for (int i = 0; i < 200000; i++) {
    gcroots_ref_t forged = {ref.store_id, (uint32_t)random_bits(), (uint32_t)random_bits()};
    gcroots_scope_t scope = {ref.store_id, random_bits()};
    gcroots_manually_rooted_t manual = {forged};
    void *data = &ref;
    if (same_bits(forged, ref) || same_bits(forged, handle.ref)) continue;
    EXPECT(GCROOTS_ERROR_UNROOTED, gcroots_externref_data(store, forged, &data), NULL);
    EXPECT(GCROOTS_ERROR_UNROOTED, gcroots_manually_rooted_unroot(store, &manual), NULL);
    EXPECT(GCROOTS_ERROR_SCOPE_ORDER, gcroots_scope_exit(store, scope), NULL);
    EXPECT(GCROOTS_ERROR_SCOPE_ORDER, gcroots_scope_unwind(store, scope), NULL);
    CHECK(data == &ref);
  }
}

/* Every generation near the live ones, in every slot near theirs. */
CASE(neighbours_of_live_handles_name_nothing) {
  gcroots_ref_t refs[20];
  gcroots_manually_rooted_t manuals[20];
  for (int i = 0; i < 20; i++) manuals[i] = root(refs[i] = new_externref(&refs[i]));
  for (uint32_t index = 0; index < 600; index++)
    for (uint32_t step = 0; step < 64; step++) {
      gcroots_ref_t forged = {refs[0].store_id, step - 32, (index / 2) | (index << 31)};
      void *data = NULL;
      int live = -1;
      for (int i = 0; i < 20; i++)
        if (same_bits(forged, refs[i]) || same_bits(forged, manuals[i].ref)) live = i;
      EXPECT(live < 0 ? GCROOTS_ERROR_UNROOTED : GCROOTS_OK,
             gcroots_externref_data(store, forged, &data), NULL);
      CHECK(data == (live < 0 ? NULL : (void *)&refs[live]));
    }
}

static void *attach_in_child(void *argument) {
  return (void *)(uintptr_t)gcroots_store_attach(argument);
}

/* `store.one-thread`, and after fork the child owns the forking thread's stores. */
CASE(a_new_thread_of_a_forked_child_cannot_take_its_store) {
  int status;
  pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    pthread_t thread;
    void *answer;
    if (pthread_create(&thread, NULL, attach_in_child, store) != 0) _exit(2);
    if (pthread_join(thread, &answer) != 0) _exit(3);
    _exit((uintptr_t)answer == GCROOTS_ERROR_WRONG_THREAD ? 0 : 1);
  }
  CHECK(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
