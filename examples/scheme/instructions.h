/* The instructions of the machine. An instruction is a word, and its operands are words after it.
 * The machine has an accumulator, a stack, and the closure of the current frame:
 *
 *   fp[-3]  where the caller's frame is, as an i31
 *   fp[-2]  where the caller goes on, as an i31
 *   fp[-1]  the closure
 *   fp[0]   the arguments, then variables and intermediate values */
#ifndef SCHEME_INSTRUCTIONS_H
#define SCHEME_INSTRUCTIONS_H

#define INSTRUCTIONS(X)                                             \
  /* The accumulator becomes a value: operands in brackets. */      \
  X(constant)  /* [number] */                                       \
  X(immediate) /* [value] */                                        \
  X(local)     /* [slot] */                                         \
  X(free)      /* [number]: a captured value */                     \
  X(local_cell)                                                     \
  X(free_cell)                                                      \
  X(self)                                                           \
  X(global) /* [constant] */                                        \
  /* The same, and it is pushed. */                                 \
  X(push)                                                           \
  X(push_immediate)                                                 \
  X(push_local)                                                     \
  X(push_free)                                                      \
  X(push_cell) /* a new cell, which is not set */                   \
  /* Stores. */                                                     \
  X(set_local)                                                      \
  X(set_local_cell)                                                 \
  X(set_free_cell)                                                  \
  X(set_global)                                                     \
  X(define_global)                                                  \
  X(box) /* [slot]: its value moves into a cell */                  \
  /* Control. */                                                    \
  X(drop) /* [count] */                                             \
  X(jump) /* [distance] */                                          \
  X(jump_if_false)                                                  \
  X(jump_if_true)                                                   \
  X(frame) /* [distance to where the caller goes on] */             \
  X(call)  /* [arguments] */                                        \
  X(tail_call)                                                      \
  X(return_value)                                                   \
  X(closure) /* [constant, captured values on the stack] */         \
  /* Procedures in line: the last operand is in the accumulator. */ \
  X(car)                                                            \
  X(cdr)                                                            \
  X(cadr)                                                           \
  X(cddr)                                                           \
  X(caar)                                                           \
  X(is_null)                                                        \
  X(is_pair)                                                        \
  X(not )                                                           \
  X(is_zero)                                                        \
  X(cons)                                                           \
  X(is_eq)                                                          \
  X(add)                                                            \
  X(subtract)                                                       \
  X(multiply)                                                       \
  X(quotient)                                                       \
  X(remainder)                                                      \
  X(less)                                                           \
  X(greater)                                                        \
  X(less_equal)                                                     \
  X(greater_equal)                                                  \
  X(equal)                                                          \
  X(vector_ref)                                                     \
  X(vector_set)                                                     \
  X(string_ref)                                                     \
  X(record_ref)                                                     \
  /* The same, with a fixnum as the last operand: [value]. */       \
  X(add_number)                                                     \
  X(less_number)                                                    \
  X(greater_number)                                                 \
  X(equal_number)

enum instruction {
#define X(name) INSTRUCTION_##name,
  INSTRUCTIONS(X)
#undef X
      INSTRUCTION_halt
};

#endif
