/* Counts the words of real text, and lets the collector clean up.
 *
 *   words [copying|drc|generational|null] [FILE...]
 *
 * Each distinct word of a line is an externref whose host data is a C structure
 * with a finalizer. A line is a scope: when it ends, its words are garbage,
 * except the most frequent ones so far, which manual roots hold across lines. A
 * small heap limit makes collections happen by themselves. At the end the
 * program prints the top words and what the collector did, deletes the store,
 * and checks that every finalizer ran exactly once. Without a FILE it reads its own
 * source, or the files that it was compiled for.
 */
#include <ctype.h>
#include <gcroots.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef DEFAULT_FILES
#define DEFAULT_FILES __FILE__
#endif

enum { TOP = 10, WORD_MAX_BYTES = 64, LINE_MAX_BYTES = 4096 };
enum { LIMIT = 64 << 10, NULL_LIMIT = 256 << 20 };

/* The host data of a word's externref. It stays until the program ends, so that a
   finalizer that runs twice is noticed. */
struct word {
  char text[WORD_MAX_BYTES];
  size_t count;
  bool finalized;
  struct word *made_before;
};

static struct word *last_made;
static size_t words_made, words_finalized, finalized_twice;

static void finalize_word(void *data) {
  struct word *word = (struct word *)data;
  if (word->finalized) finalized_twice++;
  word->finalized = true;
  words_finalized++;
}

static void must(gcroots_status_t status, const char *what) {
  if (status == GCROOTS_OK) return;
  fprintf(stderr, "words: %s: %s: %s\n", what, gcroots_status_name(status), gcroots_last_error());
  exit(1);
}

/* --- How often each word occurred: a plain C table, open addressing ---------- */

struct occurrences {
  char text[WORD_MAX_BYTES];
  size_t count;
};

static struct occurrences *table;
static size_t table_size, table_used;

static struct occurrences *find(struct occurrences *in, size_t size, const char *text) {
  size_t hash = 1469598103934665603u;
  const char *c;
  for (c = text; *c != '\0'; c++) hash = (hash ^ (unsigned char)*c) * 1099511628211u;
  while (in[hash % size].count != 0 && strcmp(in[hash % size].text, text) != 0) hash++;
  return &in[hash % size];
}

static struct occurrences *count_one(const char *text) {
  struct occurrences *entry;
  if (2 * table_used >= table_size) {
    size_t i, larger = table_size == 0 ? 1024 : 2 * table_size;
    struct occurrences *grown = (struct occurrences *)calloc(larger, sizeof *grown);
    if (grown == NULL) exit(1);
    for (i = 0; i < table_size; i++)
      if (table[i].count != 0) *find(grown, larger, table[i].text) = table[i];
    free(table);
    table = grown;
    table_size = larger;
  }
  entry = find(table, table_size, text);
  if (entry->count == 0) {
    strcpy(entry->text, text);
    table_used++;
  }
  entry->count++;
  return entry;
}

/* --- The top words: manual roots, most frequent first ------------------------ */

static gcroots_manually_rooted_t top[TOP];
static size_t top_length;

static struct word *word_of(gcroots_store_t *store, gcroots_ref_t ref) {
  void *data;
  must(gcroots_externref_data(store, ref, &data), "data");
  return (struct word *)data;
}

/* Whether `a` comes before `b`: the greater count first, then in alphabetical order. */
static bool before(const struct word *a, const struct word *b) {
  return a->count != b->count ? a->count > b->count : strcmp(a->text, b->text) < 0;
}

/* Puts a word whose count has grown among the top words, or moves it up. */
static void promote(gcroots_store_t *store, gcroots_ref_t ref) {
  struct word *word = word_of(store, ref);
  size_t at = 0;
  while (at < top_length && strcmp(word_of(store, top[at].ref)->text, word->text) != 0) at++;
  if (at == top_length) {
    if (top_length < TOP) {
      top_length++;
    } else {
      at = TOP - 1;
      if (!before(word, word_of(store, top[at].ref))) return;
      must(gcroots_manually_rooted_unroot(store, &top[at]), "unroot");
    }
    must(gcroots_ref_to_manually_rooted(store, ref, &top[at]), "root");
  }
  for (; at > 0 && before(word_of(store, top[at].ref), word_of(store, top[at - 1].ref)); at--) {
    gcroots_manually_rooted_t up = top[at];
    top[at] = top[at - 1];
    top[at - 1] = up;
  }
}

/* --- Lines ------------------------------------------------------------------- */

/* The words of the line that are not among the top ones: roots in the line's scope. */
static gcroots_ref_t line_words[LINE_MAX_BYTES / 2];
static size_t line_length;

/* The externref of the word if it is among the top words or the line's words, or null. */
static gcroots_ref_t find_word(gcroots_store_t *store, const char *text) {
  size_t i;
  for (i = 0; i < top_length; i++)
    if (strcmp(word_of(store, top[i].ref)->text, text) == 0) return top[i].ref;
  for (i = 0; i < line_length; i++)
    if (strcmp(word_of(store, line_words[i])->text, text) == 0) return line_words[i];
  return gcroots_ref_null();
}

static void count_word(gcroots_store_t *store, const char *text) {
  size_t count = count_one(text)->count;
  gcroots_ref_t ref = find_word(store, text);
  if (gcroots_ref_is_null(ref)) {
    struct word *word = (struct word *)calloc(1, sizeof *word);
    if (word == NULL) exit(1);
    strcpy(word->text, text);
    word->made_before = last_made;
    last_made = word;
    must(gcroots_externref_new(store, word, finalize_word, &ref), "new");
    words_made++;
    line_words[line_length++] = ref;
  }
  word_of(store, ref)->count = count;
  promote(store, ref);
}

static void count_line(gcroots_store_t *store, const char *line) {
  char text[WORD_MAX_BYTES];
  size_t length = 0;
  gcroots_scope_t scope;
  must(gcroots_scope_enter(store, &scope), "enter");
  line_length = 0;
  for (;; line++) {
    if (isalpha((unsigned char)*line)) {
      if (length < sizeof text - 1) text[length++] = (char)tolower((unsigned char)*line);
    } else if (length > 0) {
      text[length] = '\0';
      count_word(store, text);
      length = 0;
    }
    if (*line == '\0') break;
  }
  must(gcroots_scope_exit(store, scope), "exit");
}

static void count_file(gcroots_store_t *store, const char *name) {
  char line[LINE_MAX_BYTES];
  FILE *file = fopen(name, "r");
  if (file == NULL) {
    perror(name);
    exit(1);
  }
  while (fgets(line, sizeof line, file) != NULL) count_line(store, line);
  if (ferror(file)) {
    perror(name);
    exit(1);
  }
  fclose(file);
}

/* --- The program ------------------------------------------------------------- */

static const char *const collectors[] = {"copying", "drc", "generational", "null"};
static const gcroots_collector_t collector_ids[] = {
    GCROOTS_COLLECTOR_COPYING, GCROOTS_COLLECTOR_DRC, GCROOTS_COLLECTOR_GENERATIONAL,
    GCROOTS_COLLECTOR_NULL};

/* The collector with this name, or 0, which lets the library choose. */
static gcroots_collector_t collector_of(const char *name) {
  for (size_t i = 0; i < sizeof collectors / sizeof *collectors; i++)
    if (strcmp(name, collectors[i]) == 0) return collector_ids[i];
  return GCROOTS_COLLECTOR_AUTO;
}

static gcroots_store_t *new_store(gcroots_collector_t collector) {
  gcroots_config_t *config = gcroots_config_new();
  gcroots_engine_t *engine;
  gcroots_store_t *store;
  if (config == NULL) exit(1);
  must(gcroots_config_set_collector(config, collector), "collector");
  must(gcroots_config_set_heap_limit(config,
                                     collector == GCROOTS_COLLECTOR_NULL ? NULL_LIMIT : LIMIT),
       "limit");
  must(gcroots_engine_new(config, &engine), "engine");
  gcroots_config_free(config);
  must(gcroots_store_new(engine, &store), "store");
  gcroots_engine_free(engine); /* the store keeps it */
  return store;
}

static void report(gcroots_store_t *store) {
  gcroots_stats_t stats;
  size_t i;
  for (i = 0; i < top_length; i++) {
    const struct word *word = word_of(store, top[i].ref);
    printf("%8zu  %s\n", word->count, word->text);
  }
  must(gcroots_store_stats(store, &stats), "stats");
  printf("objects made          %zu\n", words_made);
  printf("collections           %llu\n", (unsigned long long)stats.collections);
  printf("bytes moved           %llu\n", (unsigned long long)stats.moved_bytes);
  printf("time in collections   %.3f ms\n", (double)stats.gc_nanoseconds / 1e6);
  printf("bytes committed       %llu\n", (unsigned long long)stats.committed_bytes);
  printf("finalizers run so far %llu\n", (unsigned long long)stats.finalizers_run);
}

int main(int argc, char **argv) {
  static const char *const default_files[] = {DEFAULT_FILES};
  gcroots_collector_t collector = collector_of(argc > 1 ? argv[1] : "");
  int first = collector == GCROOTS_COLLECTOR_AUTO ? 1 : 2;
  gcroots_store_t *store = new_store(collector);
  size_t i;
  if (first < argc) {
    for (; first < argc; first++) count_file(store, argv[first]);
  } else {
    for (i = 0; i < sizeof default_files / sizeof *default_files; i++)
      count_file(store, default_files[i]);
  }
  report(store);
  for (i = 0; i < top_length; i++) must(gcroots_manually_rooted_unroot(store, &top[i]), "unroot");
  must(gcroots_store_free(store), "free");
  free(table);
  while (last_made != NULL) {
    struct word *word = last_made;
    last_made = word->made_before;
    free(word);
  }
  printf("finalizers at the end %zu of %zu, %zu twice\n", words_finalized, words_made,
         finalized_twice);
  if (words_finalized != words_made || finalized_twice != 0) {
    fprintf(stderr, "words: a finalizer did not run exactly once\n");
    return 1;
  }
  return 0;
}
