/* A program of the other library that is called libgcroots. */
#include <gcroots.h>
#include <stdio.h>
#include <stdlib.h>

#ifdef GCROOTS_VERSION
#error "this header is not theirs"
#endif

static int marked;

static void mark(void *start, void *end, int is_certain, int is_aligned) {
  (void)is_certain;
  (void)is_aligned;
  if (start != end) marked = 1;
}

static void *mark_all(void *context) {
  GCROOTS_mark((GCROOTS_context *)context);
  return NULL;
}

int main(void) {
  GCROOTS_context *context = GCROOTS_init(malloc, mark, 0);
  if (!context) return 1;
  GCROOTS_call_with_gc_ready_stack(context, mark_all, context);
  GCROOTS_fin(context);
  if (!marked) return 1;
  puts("theirs");
  return 0;
}
