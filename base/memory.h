/* memory.h - memory for what comes and goes all the time. */
#ifndef BERTH_BASE_MEMORY_H
#define BERTH_BASE_MEMORY_H

#include <stddef.h>

/* Zeroed, for free(); NULL when none is left. What is small is what was given back last, which is still near:
 * calloc of glibc before 2.41 takes what was given back first, somewhere in all that the process ever used.
 */
void *memory_zeroed(size_t size);

/* The C library keeps what is freed for allocations to come: the system has it back. Walks through the heap.
 */
void memory_give_back(void);

#endif
