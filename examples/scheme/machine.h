/* The machine that runs instructions. Its registers are in memory while anything is called that may
 * collect, raise or look at frames. */
#ifndef SCHEME_MACHINE_H
#define SCHEME_MACHINE_H

#include "heap.h"

/* The registers in memory: the slot of the current frame, and the next instruction. */
extern size_t frame_slot;
extern int32_t next_word;

void machine_open(void) MAY_COLLECT;

/* Calls the procedure without parameters on top of the stack, and puts the result in its place.
   Returns false if a condition was not handled: then that is on top of the stack. */
bool machine_run(void) MAY_COLLECT;

/* Ends machine_run() with a condition that nothing handles. */
_Noreturn void machine_stop(value condition);

/* --- apply.c ------------------------------------------------------------------------------ */

/* Calls the procedure below the topmost `count` slots of the stack, which are the arguments. The
   caller's frame is below. The machine goes on where the registers in memory say. Returns the
   accumulator. */
value apply(int count) MAY_COLLECT;

/* Pushes the beginning of a frame, to return to the next instruction. */
void push_frame(value procedure);

#endif
