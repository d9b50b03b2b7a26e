/* memory.c - memory for what comes and goes all the time. */
#include "base/memory.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#define SMALL ((size_t)1032) /* what glibc keeps ready for the next one who asks */

void *memory_zeroed(size_t size)
{
	if (size > SMALL)
		return calloc(1, size);
	void *memory = malloc(size);
	/* Else compilers see through it, and call calloc. */
	__asm__ volatile("" : "+r"(memory));
	return memory ? memset(memory, 0, size) : NULL;
}

void memory_give_back(void)
{
#ifdef __GLIBC__
	malloc_trim(0);
#endif
}
