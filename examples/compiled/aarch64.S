/* What a compiler emits for AArch64: making a pair, and storing a reference in an object.
 *
 * The offsets are those of version 1 of the layout. main.c compares them with those of the
 * library. */
        .set ENTRY, 0
        .set HEAP_BASE, 128
        .set WINDOW_NEXT, 160
        .set WINDOW_LIMIT, 168
        .set OBJECTS, 176
        .set BARRIER_FIRST, 240
        .set BARRIER_LENGTH, 248
        .set BARRIER_NURSERY, 256
        .set BARRIER_NEW_OBJECTS, 267
        .set VERSION, 1
        .set PAIR_BYTES, 16     /* a header, a number and a reference */

        .text

/* uint32_t compiled_new_pair(gcroots_store_t *store, uint64_t header, int32_t number,
 *                            uint32_t rest)
 *
 * Returns the raw reference of the new pair, or 0 if that needs a call. */
        .globl compiled_new_pair
        .type compiled_new_pair, %function
compiled_new_pair:
        adrp    x9, :gottprel:gcroots_thread_token
        ldr     x9, [x9, :gottprel_lo12:gcroots_thread_token]
        mrs     x10, tpidr_el0
        ldr     x9, [x10, x9]
        orr     x9, x9, VERSION
        ldr     x10, [x0, ENTRY]
        cmp     x9, x10
        b.ne    1f
        ldrb    w9, [x0, BARRIER_NEW_OBJECTS]
        cbnz    w9, 1f
        ldp     x9, x10, [x0, WINDOW_NEXT]      /* and the limit behind it */
        add     x11, x9, PAIR_BYTES
        cmp     x11, x10
        b.hi    1f
        ldr     x10, [x0, HEAP_BASE]
        add     x10, x10, x9
        str     x1, [x10]
        stp     w2, w3, [x10, 8]
        str     x11, [x0, WINDOW_NEXT]
        ldr     x10, [x0, OBJECTS]
        add     x10, x10, 1
        str     x10, [x0, OBJECTS]
        lsr     x0, x9, 2
        ret
1:      mov     w0, 0
        ret
        .size compiled_new_pair, .-compiled_new_pair

/* int compiled_store(gcroots_store_t *store, uint32_t holder, uint32_t offset, uint32_t value)
 *
 * Stores a reference at an offset of the object `holder`. Returns 0, with nothing stored, if that
 * needs a call. */
        .globl compiled_store
        .type compiled_store, %function
compiled_store:
        adrp    x9, :gottprel:gcroots_thread_token
        ldr     x9, [x9, :gottprel_lo12:gcroots_thread_token]
        mrs     x10, tpidr_el0
        ldr     x9, [x10, x9]
        orr     x9, x9, VERSION
        ldr     x10, [x0, ENTRY]
        cmp     x9, x10
        b.ne    3f
        ldp     x9, x10, [x0, BARRIER_FIRST]    /* and the length behind it */
        ror     w11, w3, 1
        sub     x11, x11, x9
        cmp     x11, x10
        b.hs    2f
        ldr     x10, [x0, BARRIER_NURSERY]
        lsr     w11, w1, 1
        sub     x11, x11, x9
        cmp     x11, x10
        b.hs    3f
2:      ldr     x9, [x0, HEAP_BASE]
        add     x9, x9, w1, uxtw 2
        str     w3, [x9, w2, uxtw]
        mov     w0, 1
        ret
3:      mov     w0, 0
        ret
        .size compiled_store, .-compiled_store

/* The offsets above, in the order in which main.c expects them. */
        .section .rodata
        .balign 4
        .globl compiled_offsets
        .type compiled_offsets, %object
compiled_offsets:
        .word VERSION, ENTRY, HEAP_BASE, WINDOW_NEXT, WINDOW_LIMIT, OBJECTS
        .word BARRIER_FIRST, BARRIER_LENGTH, BARRIER_NURSERY, BARRIER_NEW_OBJECTS
        .size compiled_offsets, .-compiled_offsets
        .section .note.GNU-stack, "", %progbits
