/* A small Scheme whose values all live in a heap of libgcroots.
 *
 *   scheme [--collector NAME] [--stress N] [--heap MiB] [--prelude FILE] [FILE...]
 *
 * Runs programs, or reads from the standard input if there is no FILE and prints each value. NAME
 * is null, drc, copying, generational or check. With --stress each N-th allocation collects and
 * moves objects.
 *
 * The exit status is 1 after an error that the program does not handle. A file ends with the error.
 * The standard input goes on, and the status is 0 if it is a terminal.
 *
 * The text of a file is read once. If a form calls a continuation that an earlier form made, the
 * rest of the earlier form runs again. Then the form after the caller runs. */
#include "builtins.h"
#include "errors.h"
#include "machine.h"
#include "reader.h"
#include "symbols.h"
#include "syntax.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#ifndef SCHEME_PRELUDE
#define SCHEME_PRELUDE "prelude.scm"
#endif

/* --- Running text --------------------------------------------------------------------- */

/* What is done with each datum. */
enum mode { QUIET, PRINTING };

/* Runs the datum on top of the stack, and puts the value into its place. */
static bool run_datum(void) {
  jmp_buf target;
  const volatile size_t slot = stack_height() - 1;
  jmp_buf *const outer = raise_target;
  raise_target = &target;
  if (setjmp(target) != 0) {
    raise_target = outer;
    stack_cut(slot);
    push(roots[CONDITION_RAISED]);
    return false;
  }
  compile();
  raise_target = outer;
  return machine_run();
}

/* Reads a datum. Returns false after an error, which is then on top of the stack. */
static bool read_guarded(struct source *source, enum read_result *result) {
  jmp_buf target;
  const volatile size_t height = stack_height();
  raise_target = &target;
  if (setjmp(target) != 0) {
    stack_cut(height);
    push(roots[CONDITION_RAISED]);
    return false;
  }
  *result = read_datum(source);
  return true;
}

static void print_value(value v) {
  if (v == UNSPECIFIED) return;
  text_clear();
  text_add_value(v, true, SIZE_MAX);
  printf("%s\n", text_bytes());
}

/* Forgets what a program that ended with an error has left. */
static void reset(size_t height) {
  stack_cut(height);
  set_root(HANDLERS, EMPTY);
  set_root(WINDERS, EMPTY);
  set_root(OUTPUT, FALSE);
}

/* Runs all data of a text. Returns false at the first error, unless values are printed. */
static bool run_text(struct source *source, enum mode mode) {
  const size_t height = stack_height();
  bool is_right = true;
  for (;;) {
    enum read_result result = READ_END;
    bool succeeds = read_guarded(source, &result);
    if (succeeds && result == READ_END) return is_right;
    if (succeeds && result == READ_INCOMPLETE) {
      fprintf(stderr, "error: line %u: the text ends within a datum\n", source->line);
      return false;
    }
    if (!succeeds) source->at = source->end;
    if (succeeds) succeeds = run_datum();
    if (!succeeds) {
      report(stack[stack_height() - 1]);
      is_right = false;
      if (mode == QUIET) return false;
    } else if (mode == PRINTING) {
      print_value(stack[stack_height() - 1]);
    }
    reset(height);
  }
}

static char *read_file(const char *name, size_t *bytes) {
  FILE *file = fopen(name, "rb");
  char *text = NULL;
  size_t capacity = 0;
  *bytes = 0;
  if (file == NULL) {
    fprintf(stderr, "scheme: %s cannot be opened\n", name);
    exit(66);
  }
  for (;;) {
    if (*bytes == capacity) {
      capacity = capacity == 0 ? 4096 : 2 * capacity;
      text = realloc(text, capacity);
      if (text == NULL) exit(70);
    }
    const size_t got = fread(text + *bytes, 1, capacity - *bytes, file);
    *bytes += got;
    if (got == 0) break;
  }
  fclose(file);
  return text;
}

static bool run_file(const char *name) {
  size_t bytes;
  char *text = read_file(name, &bytes);
  struct source source = {text, text + bytes, 1, false};
  const bool succeeds = run_text(&source, QUIET);
  free(text);
  return succeeds;
}

/* --- The prompt ----------------------------------------------------------------------- */

/* Whether a text is at least one datum, so that it can be run. */
static bool is_complete(const char *text, size_t bytes) {
  struct source source = {text, text + bytes, 1, false};
  const size_t height = stack_height();
  enum read_result result = READ_DATUM;
  while (read_guarded(&source, &result) && result == READ_DATUM) stack_cut(height);
  const bool is_wrong = stack_height() > height;
  stack_cut(height);
  return is_wrong || result == READ_END;
}

/* Reads from the standard input, and prints values. An error does not end it. Returns false if
   there was one and no person saw it, since the input is not a terminal. */
static bool prompt(void) {
  const bool is_terminal = isatty(0);
  bool is_right = true;
  char *text = NULL, line[4096];
  size_t bytes = 0;
  for (;;) {
    if (is_terminal) printf("%s", bytes == 0 ? "> " : "  ");
    fflush(stdout);
    const bool has_line = fgets(line, sizeof line, stdin) != NULL;
    if (has_line) {
      const size_t length = strlen(line);
      text = realloc(text, bytes + length + 1);
      if (text == NULL) exit(70);
      memcpy(text + bytes, line, length + 1);
      bytes += length;
    }
    if (bytes > 0 && (!has_line || is_complete(text, bytes))) {
      struct source source = {text, text + bytes, 1, false};
      is_right = run_text(&source, PRINTING) && is_right;
      bytes = 0;
    }
    if (!has_line) break;
  }
  free(text);
  return is_right || is_terminal;
}

/* --- The command line ----------------------------------------------------------------- */

static const char *const collectors[] = {
    [GCROOTS_COLLECTOR_NULL] = "null",       [GCROOTS_COLLECTOR_DRC] = "drc",
    [GCROOTS_COLLECTOR_COPYING] = "copying", [GCROOTS_COLLECTOR_GENERATIONAL] = "generational",
    [GCROOTS_COLLECTOR_CHECK] = "check",
};

_Noreturn static void usage(void) {
  fprintf(
      stderr,
      "usage: scheme [--collector NAME] [--stress N] [--heap MiB] [--prelude FILE] [FILE...]\n");
  exit(64);
}

static gcroots_collector_t collector_named(const char *name) {
  for (size_t i = 0; i < sizeof collectors / sizeof collectors[0]; i++)
    if (collectors[i] != NULL && strcmp(collectors[i], name) == 0) return (gcroots_collector_t)i;
  usage();
}

/* Reads the options. Returns the index of the first file. */
static int read_options(int argc, char **argv, struct heap_options *options, const char **prelude) {
  int i = 1;
  for (; i < argc && strncmp(argv[i], "--", 2) == 0; i += 2) {
    if (i + 1 == argc) usage();
    if (strcmp(argv[i], "--collector") == 0)
      options->collector = collector_named(argv[i + 1]);
    else if (strcmp(argv[i], "--stress") == 0)
      options->stress = (uint32_t)strtoul(argv[i + 1], NULL, 10);
    else if (strcmp(argv[i], "--heap") == 0)
      options->heap_bytes = (size_t)strtoul(argv[i + 1], NULL, 10) << 20;
    else if (strcmp(argv[i], "--prelude") == 0)
      *prelude = argv[i + 1];
    else
      usage();
  }
  return i;
}

/* Makes what errors need. */
static void errors_open(void) {
  set_root(HANDLERS, EMPTY);
  set_root(WINDERS, EMPTY);
  set_root(OUTPUT, FALSE);
  push(new_string_from("the heap is full", 16));
  set_root(OUT_OF_MEMORY, new_struct_of_3(CONDITION, FALSE, stack[stack_height() - 1], EMPTY));
  pop();
  set_root(RESERVE, new_bytes(32 << 10, 0));
}

static void open_scheme(const struct heap_options *options) {
  jmp_buf target;
  heap_open(options);
  raise_target = &target;
  if (setjmp(target) != 0) {
    fprintf(stderr, "scheme: the heap is too small\n");
    exit(70);
  }
  symbols_open();
  errors_open();
  builtins_open();
  machine_open();
}

int main(int argc, char **argv) {
  struct heap_options options = {GCROOTS_COLLECTOR_GENERATIONAL, 0, 0};
  const char *prelude = SCHEME_PRELUDE;
  int i = read_options(argc, argv, &options, &prelude);
  bool succeeds;
  open_scheme(&options);
  succeeds = run_file(prelude);
  if (succeeds) seal_prelude();
  if (succeeds && i == argc) succeeds = prompt();
  for (; i < argc && succeeds; i++) succeeds = run_file(argv[i]);
  heap_close();
  return succeeds ? 0 : 1;
}
