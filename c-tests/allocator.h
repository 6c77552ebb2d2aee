/* Replaces the allocator, and the functions that map and commit pages. Any request of the
 * library can be made to fail, and everything that the library gives back is counted. Only
 * requests of this thread fail, and only while `armed`.
 *
 * Included first, in one source file of a program.
 */
#ifndef ALLOCATOR_H
#define ALLOCATOR_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *old, size_t bytes);
void *__libc_memalign(size_t alignment, size_t bytes);
void __libc_free(void *block);

static _Thread_local bool armed;
/* How many requests succeed before the first one fails. */
static _Thread_local uint64_t granted;
/* Whether every request after the first failed one fails too. */
static _Thread_local bool lasting;
static _Thread_local uint64_t refusals;
/* The bytes of the largest request that failed. */
static _Thread_local size_t most_refused;
/* Whether only requests to commit pages fail. */
static _Thread_local bool commits_only;

static inline bool refuse(size_t bytes) {
  if (!armed || commits_only) return false;
  if (granted > 0) {
    granted--;
    return false;
  }
  if (!lasting && refusals > 0) return false;
  refusals++;
  if (bytes > most_refused) most_refused = bytes;
  errno = ENOMEM;
  return true;
}

/* The number of blocks that have not been freed, their bytes, and the mapped bytes that
   have not been unmapped. */
static atomic_long blocks, block_bytes, mapped;

static inline void *counted(void *block) {
  if (block != NULL) blocks++;
  block_bytes += (long)malloc_usable_size(block);
  return block;
}

void *malloc(size_t bytes) {
  return refuse(bytes) ? NULL : counted(__libc_malloc(bytes));
}

void *calloc(size_t count, size_t bytes) {
  return refuse(count * bytes) ? NULL : counted(__libc_calloc(count, bytes));
}

void *realloc(void *old, size_t bytes) {
  void *block;
  long before = (long)malloc_usable_size(old);
  if (refuse(bytes)) return NULL;
  block = __libc_realloc(old, bytes);
  if (block != NULL || bytes == 0) block_bytes += (long)malloc_usable_size(block) - before;
  if (old == NULL && block != NULL) blocks++;
  if (old != NULL && block == NULL && bytes == 0) blocks--;
  return block;
}

void *aligned_alloc(size_t alignment, size_t bytes) {
  return refuse(bytes) ? NULL : counted(__libc_memalign(alignment, bytes));
}

void *memalign(size_t alignment, size_t bytes) {
  return aligned_alloc(alignment, bytes);
}

int posix_memalign(void **out, size_t alignment, size_t bytes) {
  void *block = aligned_alloc(alignment, bytes);
  if (block == NULL) return ENOMEM;
  *out = block;
  return 0;
}

void free(void *block) {
  if (block != NULL) blocks--;
  block_bytes -= (long)malloc_usable_size(block);
  __libc_free(block);
}

void *mmap(void *address, size_t bytes, int protection, int flags, int file, off_t offset) {
  void *mapping;
  if (refuse(bytes)) return MAP_FAILED;
  mapping = (void *)syscall(SYS_mmap, address, bytes, protection, flags, file, offset);
  if (mapping != MAP_FAILED) mapped += (long)bytes;
  return mapping;
}

int munmap(void *address, size_t bytes) {
  mapped -= (long)bytes;
  return (int)syscall(SYS_munmap, address, bytes);
}

int mprotect(void *address, size_t bytes, int protection) {
  if ((protection & PROT_WRITE) != 0) {
    if (refuse(bytes)) return -1;
    if (armed && commits_only && (lasting || refusals == 0)) {
      refusals++;
      errno = ENOMEM;
      return -1;
    }
  }
  return (int)syscall(SYS_mprotect, address, bytes, protection);
}

/* Lets `grants` requests succeed. Then one request fails, or all do if `lastingly`. */
static inline void arm(uint64_t grants, bool lastingly) {
  granted = grants;
  lasting = lastingly;
  commits_only = false;
  refusals = most_refused = 0;
  armed = true;
}

/* Lets one request to commit pages fail, or all of them if `lastingly`. */
static inline void arm_commits(bool lastingly) {
  arm(0, lastingly);
  commits_only = true;
}

/* Whether the message names some bytes of a request that failed, if it is about memory that the
   system did not provide. A vector may have requested more than it needed. */
static inline bool names_refused_bytes(const char *message) {
  static const char words[] = "did not provide ";
  const char *at = strstr(message, words);
  unsigned long long bytes = at == NULL ? 0 : strtoull(at + strlen(words), NULL, 10);
  return at == NULL || (bytes > 0 && bytes <= most_refused);
}

/* Takes 32 keys. Setting the library's own key then needs memory in a new thread. */
__attribute__((constructor)) static void take_keys(void) {
  for (int i = 0; i < 32; i++) {
    pthread_key_t key;
    if (pthread_key_create(&key, NULL) != 0) abort();
  }
}

#endif
