/* What a compiler emits for x86-64: making a pair, and storing a reference in an object.
 *
 * The offsets are those of version 1 of the layout. main.c compares them with those of the
 * library. */
        .intel_syntax noprefix

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
        .type compiled_new_pair, @function
compiled_new_pair:
        mov     rax, qword ptr [rip + gcroots_thread_token@GOTTPOFF]
        mov     rax, qword ptr fs:[rax]
        or      rax, VERSION
        cmp     rax, qword ptr [rdi + ENTRY]
        jne     1f
        cmp     byte ptr [rdi + BARRIER_NEW_OBJECTS], 0
        jne     1f
        mov     rax, qword ptr [rdi + WINDOW_NEXT]
        lea     r8, [rax + PAIR_BYTES]
        cmp     r8, qword ptr [rdi + WINDOW_LIMIT]
        ja      1f
        mov     r9, qword ptr [rdi + HEAP_BASE]
        mov     qword ptr [r9 + rax], rsi
        mov     dword ptr [r9 + rax + 8], edx
        mov     dword ptr [r9 + rax + 12], ecx
        mov     qword ptr [rdi + WINDOW_NEXT], r8
        inc     qword ptr [rdi + OBJECTS]
        shr     rax, 2
        ret
1:      xor     eax, eax
        ret
        .size compiled_new_pair, .-compiled_new_pair

/* int compiled_store(gcroots_store_t *store, uint32_t holder, uint32_t offset, uint32_t value)
 *
 * Stores a reference at an offset of the object `holder`. Returns 0, with nothing stored, if that
 * needs a call. */
        .globl compiled_store
        .type compiled_store, @function
compiled_store:
        mov     rax, qword ptr [rip + gcroots_thread_token@GOTTPOFF]
        mov     rax, qword ptr fs:[rax]
        or      rax, VERSION
        cmp     rax, qword ptr [rdi + ENTRY]
        jne     3f
        mov     eax, ecx
        ror     eax, 1
        sub     rax, qword ptr [rdi + BARRIER_FIRST]
        cmp     rax, qword ptr [rdi + BARRIER_LENGTH]
        jae     2f
        mov     eax, esi
        shr     eax, 1
        sub     rax, qword ptr [rdi + BARRIER_FIRST]
        cmp     rax, qword ptr [rdi + BARRIER_NURSERY]
        jae     3f
2:      mov     r9, qword ptr [rdi + HEAP_BASE]
        lea     rsi, [rdx + 4 * rsi]
        mov     dword ptr [r9 + rsi], ecx
        mov     eax, 1
        ret
3:      xor     eax, eax
        ret
        .size compiled_store, .-compiled_store

/* The offsets above, in the order in which main.c expects them. */
        .section .rodata
        .balign 4
        .globl compiled_offsets
        .type compiled_offsets, @object
compiled_offsets:
        .long VERSION, ENTRY, HEAP_BASE, WINDOW_NEXT, WINDOW_LIMIT, OBJECTS
        .long BARRIER_FIRST, BARRIER_LENGTH, BARRIER_NURSERY, BARRIER_NEW_OBJECTS
        .size compiled_offsets, .-compiled_offsets
        .section .note.GNU-stack, "", @progbits
