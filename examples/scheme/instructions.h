/* The instructions of the machine. An instruction is a word, and its operands are words after it.
 * The machine has an accumulator, a stack, and the closure of the current frame:
 *
 *   fp[-3]  where the caller's frame is, as an i31
 *   fp[-2]  where the caller goes on, as an i31
 *   fp[-1]  the closure
 *   fp[0]   the arguments, then variables and intermediate values
 *
 * Each instruction costs a jump that the processor predicts badly, so the instructions that
 * programs do most often have forms that do the work of two or three: they take their last operand
 * from a variable, or jump. The lists below make the forms. */
#ifndef SCHEME_INSTRUCTIONS_H
#define SCHEME_INSTRUCTIONS_H

#define PLAIN_INSTRUCTIONS(X)                                                                \
  /* The accumulator becomes a value: operands in brackets. */                               \
  X(constant)  /* [number] */                                                                \
  X(immediate) /* [value] */                                                                 \
  X(local)     /* [slot] */                                                                  \
  X(free)      /* [number]: a captured value */                                              \
  X(local_cell)                                                                              \
  X(free_cell)                                                                               \
  X(self)                                                                                    \
  X(global) /* [constant] */                                                                 \
  /* The same, and it is pushed. */                                                          \
  X(push)                                                                                    \
  X(push_immediate)                                                                          \
  X(push_local)                                                                              \
  X(push_free)                                                                               \
  X(push_cell) /* a new cell, which is not set */                                            \
  /* Stores. */                                                                              \
  X(set_local)                                                                               \
  X(set_local_cell)                                                                          \
  X(set_free_cell)                                                                           \
  X(set_global)                                                                              \
  X(define_global)                                                                           \
  X(box) /* [slot]: its value moves into a cell */                                           \
  /* Control. */                                                                             \
  X(drop) /* [count] */                                                                      \
  X(jump) /* [distance] */                                                                   \
  X(jump_if_false)                                                                           \
  X(jump_if_true)                                                                            \
  X(frame) /* [distance to where the caller goes on] */                                      \
  X(call)  /* [arguments] */                                                                 \
  X(tail_call)                                                                               \
  X(call_global) /* [constant, arguments] */                                                 \
  X(tail_call_global)                                                                        \
  X(call_self) /* [arguments]: as many as the procedure takes */                             \
  X(tail_call_self)                                                                          \
  X(repeat) /* [arguments, slot, distance]: moves the arguments to the slots, and jumps */   \
  X(return_value)                                                                            \
  X(closure) /* [constant, captured values on the stack] */                                  \
  /* Procedures in line: the last operand is in the accumulator, the others on the stack. */ \
  X(not )                                                                                    \
  X(set_car)                                                                                 \
  X(set_cdr)                                                                                 \
  X(vector_length)                                                                           \
  X(vector_set)                                                                              \
  X(string_length)                                                                           \
  X(record_ref)

/* The forms of an instruction: the last operand is in the accumulator, an immediate value, a
   local variable, or a constant. The operand before it is on the stack in the first form, and
   otherwise in the accumulator. */
#define UNARY_FORMS(X, name) X(name) X(name##_local) /* [slot] */
#define BINARY_FORMS(X, name) \
  X(name) X(name##_immediate) X(name##_local) X(name##_constant) /* [value], [slot], [number] */

/* A test makes a boolean, or it jumps unless that would be true, or if: [..., distance]. */
#define UNARY_TEST_FORMS(X, name) \
  UNARY_FORMS(X, name) UNARY_FORMS(X, unless_##name) UNARY_FORMS(X, when_##name)
#define BINARY_TEST_FORMS(X, name) \
  BINARY_FORMS(X, name) BINARY_FORMS(X, unless_##name) BINARY_FORMS(X, when_##name)

#define INSTRUCTIONS(X)               \
  PLAIN_INSTRUCTIONS(X)               \
  UNARY_FORMS(X, car)                 \
  UNARY_FORMS(X, cdr)                 \
  UNARY_FORMS(X, cadr)                \
  UNARY_FORMS(X, cddr)                \
  UNARY_FORMS(X, caar)                \
  BINARY_FORMS(X, cons)               \
  BINARY_FORMS(X, add)                \
  BINARY_FORMS(X, subtract)           \
  BINARY_FORMS(X, multiply)           \
  BINARY_FORMS(X, quotient)           \
  BINARY_FORMS(X, remainder)          \
  BINARY_FORMS(X, vector_ref)         \
  BINARY_FORMS(X, string_ref)         \
  UNARY_TEST_FORMS(X, is_null)        \
  UNARY_TEST_FORMS(X, is_pair)        \
  UNARY_TEST_FORMS(X, is_zero)        \
  BINARY_TEST_FORMS(X, is_eq)         \
  BINARY_TEST_FORMS(X, less)          \
  BINARY_TEST_FORMS(X, greater)       \
  BINARY_TEST_FORMS(X, less_equal)    \
  BINARY_TEST_FORMS(X, greater_equal) \
  BINARY_TEST_FORMS(X, equal)

enum instruction {
#define X(name) INSTRUCTION_##name,
  INSTRUCTIONS(X)
#undef X
      INSTRUCTION_halt,
  FIRST_UNARY = INSTRUCTION_car,
  FIRST_BINARY = INSTRUCTION_cons,
  FIRST_UNARY_TEST = INSTRUCTION_is_null,
  FIRST_BINARY_TEST = INSTRUCTION_is_eq
};

#endif
