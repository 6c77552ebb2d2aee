/* `copies COPY...`: loads copies of the library into one process. A thread of each copy owns
   a store, and no thread passes for the owner of another copy's store. */
#include <gcroots.h>

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { COPIES_MAX = 32 };

struct copy {
  __typeof__(&gcroots_engine_new) engine_new;
  __typeof__(&gcroots_engine_free) engine_free;
  __typeof__(&gcroots_store_new) store_new;
  __typeof__(&gcroots_store_free) store_free;
  __typeof__(&gcroots_externref_new) externref_new;
  __typeof__(&gcroots_last_error) last_error;
  gcroots_store_t *store;
  const char *fault;
};

static struct copy copies[COPIES_MAX];
static int count;
static pthread_barrier_t barrier;

static int find(void *library, const char *name, void *function) {
  void *symbol = dlsym(library, name);
  memcpy(function, &symbol, sizeof symbol);
  return symbol != NULL;
}

static int load(struct copy *copy, const char *path) {
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    fprintf(stderr, "copies: number %d: %s\n", count + 1, dlerror());
    return 0;
  }
  return find(library, "gcroots_engine_new", &copy->engine_new) &&
         find(library, "gcroots_engine_free", &copy->engine_free) &&
         find(library, "gcroots_store_new", &copy->store_new) &&
         find(library, "gcroots_store_free", &copy->store_free) &&
         find(library, "gcroots_externref_new", &copy->externref_new) &&
         find(library, "gcroots_last_error", &copy->last_error);
}

static void make_a_store(struct copy *self) {
  gcroots_engine_t *engine;
  gcroots_ref_t ref;
  if (self->engine_new(NULL, &engine) != GCROOTS_OK) {
    self->fault = "no engine";
    return;
  }
  if (self->store_new(engine, &self->store) != GCROOTS_OK ||
      self->externref_new(self->store, NULL, NULL, &ref) != GCROOTS_OK)
    self->fault = "no store";
  self->engine_free(engine);
}

/* Calls the stores of the other copies, through this copy and through theirs. */
static void use_the_others(struct copy *self) {
  int i;
  for (i = 0; i < count; ++i) {
    struct copy *other = &copies[i];
    gcroots_ref_t ref;
    if (other == self || other->store == NULL) continue;
    int refused =
        self->externref_new(other->store, NULL, NULL, &ref) == GCROOTS_ERROR_WRONG_THREAD &&
        other->externref_new(other->store, NULL, NULL, &ref) == GCROOTS_ERROR_WRONG_THREAD;
    if (!refused)
      self->fault = "its thread passes for the owner of another copy's store";
    else if (self->last_error()[0] == '\0' || other->last_error()[0] == '\0')
      self->fault = "a refusal left no message";
  }
}

static void *own_a_store(void *copy) {
  struct copy *self = copy;
  make_a_store(self);
  pthread_barrier_wait(&barrier);
  if (self->fault == NULL) use_the_others(self);
  pthread_barrier_wait(&barrier);
  if (self->fault == NULL && self->store_free(self->store) != GCROOTS_OK)
    self->fault = "its store cannot be freed";
  return NULL;
}

int main(int arguments, char **paths) {
  pthread_t threads[COPIES_MAX];
  int i, faults = 0;
  for (; count < COPIES_MAX && count + 1 < arguments; ++count)
    if (!load(&copies[count], paths[count + 1])) return 1;
  if (count == 0 || pthread_barrier_init(&barrier, NULL, (unsigned)count) != 0) return 1;
  for (i = 0; i < count; ++i)
    if (pthread_create(&threads[i], NULL, own_a_store, &copies[i]) != 0) return 1;
  for (i = 0; i < count; ++i) {
    if (pthread_join(threads[i], NULL) != 0) return 1;
    if (copies[i].fault == NULL) continue;
    fprintf(stderr, "copies: number %d: %s\n", i + 1, copies[i].fault);
    ++faults;
  }
  return faults == 0 ? 0 : 1;
}
