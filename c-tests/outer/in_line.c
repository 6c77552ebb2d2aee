/* `in_line [PLUGIN]`: two translation units and a plugin work with the hot functions in line. */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

int first_part(void);
int second_part(void);

static int run(const char *what, int (*part)(void)) {
  int line = part();
  if (line != 0) fprintf(stderr, "in_line: %s finds a fault in line %d\n", what, line);
  return line;
}

/* Loads the plugin after this thread has owned stores. */
static int run_plugin(const char *path) {
  int (*part)(void);
  void *plugin = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  void *symbol = plugin != NULL ? dlsym(plugin, "plugin_part") : NULL;
  if (symbol == NULL) {
    fprintf(stderr, "in_line: %s\n", plugin != NULL ? "no plugin_part" : dlerror());
    return 1;
  }
  memcpy(&part, &symbol, sizeof part);
  return run("the plugin", part);
}

int main(int count, char **arguments) {
  int fault = run("the first part", first_part) != 0 || run("the second part", second_part) != 0;
  if (fault == 0 && count == 2) fault = run_plugin(arguments[1]);
  if (fault == 0) fault = run("the first part, again", first_part) != 0;
  return fault != 0;
}
