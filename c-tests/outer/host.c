/* `host PLUGIN`: a thread uses the plugin, and ends after the plugin was closed. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static pthread_barrier_t used, closed;
static int (*run)(void);

static void *use(void *result) {
  *(int *)result = run();
  pthread_barrier_wait(&used);
  pthread_barrier_wait(&closed);
  return NULL;
}

int main(int count, char **arguments) {
  pthread_t thread;
  int result = 1;
  void *plugin = count == 2 ? dlopen(arguments[1], RTLD_NOW) : NULL;
  void *symbol = plugin ? dlsym(plugin, "plugin_run") : NULL;
  if (!symbol) {
    fprintf(stderr, "host: %s\n", plugin ? "no plugin_run" : dlerror());
    return 1;
  }
  memcpy(&run, &symbol, sizeof run);
  pthread_barrier_init(&used, NULL, 2);
  pthread_barrier_init(&closed, NULL, 2);
  if (pthread_create(&thread, NULL, use, &result) != 0) return 1;
  pthread_barrier_wait(&used);
  if (dlclose(plugin) != 0) return 1;
  pthread_barrier_wait(&closed);
  if (pthread_join(thread, NULL) != 0) return 1;
  return result;
}
