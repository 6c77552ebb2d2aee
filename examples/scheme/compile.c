/* Runs the two halves of the compiler, and owns their memory. */
#include "syntax.h"

#include "errors.h"
#include "marks.h"

#include <stdlib.h>

size_t first_literal;

/* --- Memory --------------------------------------------------------------------------- */

struct block {
  struct block *next;
  size_t used, bytes;
  _Alignas(16) char memory[];
};
static struct block *blocks;

void *allocate(size_t bytes) {
  bytes = (bytes + 15) & ~(size_t)15;
  if (blocks == NULL || blocks->used + bytes > blocks->bytes) {
    const size_t size = bytes > 16000 ? bytes : 16000;
    struct block *block = malloc(sizeof *block + size);
    if (block == NULL) library_failed(GCROOTS_ERROR_OUT_OF_MEMORY);
    block->next = blocks;
    block->used = 0;
    block->bytes = size;
    blocks = block;
  }
  void *memory = blocks->memory + blocks->used;
  blocks->used += bytes;
  return memset(memory, 0, bytes);
}

static void free_memory(void) {
  while (blocks != NULL) {
    struct block *next = blocks->next;
    free(blocks);
    blocks = next;
  }
}

int add_literal(value v) {
  return (int)(push(v) - first_literal);
}

void fail_syntax(const char *message, value form) {
  fail(message, form == UNSET ? UNSET : strip_aliases(form));
}

/* --- The first half ------------------------------------------------------------------- */

/* Analyses the expression in a slot in a no-GC span. Returns NULL if that needs a collection, which
   is done then. */
static struct lambda *try_to_analyse(size_t slot) {
  jmp_buf *const outer = raise_target;
  jmp_buf raised, interrupted;
  struct lambda *volatile lambda = NULL;
  volatile bool is_raised = false;
  free_memory();
  stack_cut(slot + 1);
  must(gcroots_no_gc_enter(store));
  raise_target = &raised;
  no_gc_target = &interrupted;
  if (setjmp(raised) != 0)
    is_raised = true;
  else if (setjmp(interrupted) == 0)
    lambda = analyse_program(stack[slot]);
  no_gc_target = NULL;
  raise_target = outer;
  must(gcroots_no_gc_exit(store));
  if (is_raised) raise_value(roots[CONDITION_RAISED]);
  if (lambda == NULL) must(gcroots_store_gc(store));
  return lambda;
}

void compile(void) {
  const size_t slot = stack_height() - 1;
  struct lambda *lambda;
  if (is_circular_program(stack[slot], symbol_named(NAME_quote)))
    fail("a program is circular:", UNSET);
  first_literal = slot + 1;
  lambda = try_to_analyse(slot);
  if (lambda == NULL) lambda = try_to_analyse(slot);
  if (lambda == NULL) library_failed(GCROOTS_ERROR_OUT_OF_MEMORY);
  generate(lambda);
  stack_put(slot, new_vector_of_stack(CLOSURE, 1));
  stack_cut(slot + 1);
  free_memory();
}
