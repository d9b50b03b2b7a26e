/* arena.c - a chain of blocks handed out from the front and freed together. */
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

/* Blocks grow: by a half while they are small, so that thousands of small arenas stay small; then by a
 * quarter, so that little of a large one lies idle; to a size of which few are needed, because glibc keeps
 * what is freed sorted and walks along that. The first ones, with their heads, are what malloc calls small
 * (less than a kilobyte): for anything larger all that was freed before is joined and sorted at first. */
#define FIRST_BLOCK ((size_t)56)
#define SMALL_BLOCK ((size_t)15360)
#define LAST_BLOCK  ((size_t)262144)
#define ALIGNMENT   _Alignof(max_align_t)

/* Small, since of thousands of small arenas each has some. */
struct arena_block {
	struct arena_block *next;
	uint32_t used, size;
	_Alignas(max_align_t) unsigned char bytes[];
};

static struct arena_block *block_new(size_t size)
{
	struct arena_block *block = size <= UINT32_MAX ? memory_zeroed(sizeof(*block) + size) : NULL;
	if (block)
		block->size = (uint32_t)size;
	else
		count_memory_failure();
	return block;
}

static size_t grown(size_t size)
{
	if (size < SMALL_BLOCK)
		return size + size / (size < 512 ? 4 : 2);
	return size < LAST_BLOCK ? size + size / 4 : LAST_BLOCK;
}

/* What is big gets a block of its own behind the first, so that the rest of the first stays in use. */
static void *alloc_big(struct arena *arena, size_t size)
{
	struct arena_block *block = block_new(size);

	if (!block)
		return NULL;
	block->used = (uint32_t)size;
	if (arena->blocks) {
		block->next = arena->blocks->next;
		arena->blocks->next = block;
	} else {
		arena->blocks = block;
	}
	return block->bytes;
}

static void *take(struct arena *arena, size_t size, size_t alignment)
{
	struct arena_block *block = arena->blocks;
	size_t start = block ? (block->used + alignment - 1) / alignment * alignment : 0;

	if (!block || start > block->size || block->size - start < size) {
		size_t room = block ? grown(block->size) : FIRST_BLOCK;
		if (size > FIRST_BLOCK && size > room / 4)
			return alloc_big(arena, size);
		struct arena_block *next = block_new(room);
		if (!next)
			return NULL;
		next->next = block;
		arena->blocks = block = next;
		start = 0;
	}
	block->used = (uint32_t)(start + size);
	return block->bytes + start;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	return size > SIZE_MAX / 2 ? NULL : take(arena, size ? size : 1, ALIGNMENT);
}

char *arena_copy(struct arena *arena, const char *text, size_t length)
{
	char *copy = length < SIZE_MAX / 2 ? take(arena, length + 1, 1) : NULL;

	if (copy && length)
		memcpy(copy, text, length);
	return copy;
}

char *arena_text(struct arena *arena, const char *text)
{
	return arena_copy(arena, text, strlen(text));
}

/* Most are short, and are formatted once. */
char *arena_format(struct arena *arena, const char *format, ...)
{
	char small[256];
	va_list arguments;

	va_start(arguments, format);
	int length = vsnprintf(small, sizeof(small), format, arguments);
	va_end(arguments);
	if (length >= 0 && (size_t)length < sizeof(small))
		return arena_copy(arena, small, (size_t)length);
	char *made = length < 0 ? NULL : take(arena, (size_t)length + 1, 1);
	if (!made)
		return NULL;
	va_start(arguments, format);
	vsnprintf(made, (size_t)length + 1, format, arguments);
	va_end(arguments);
	return made;
}

void arena_release(struct arena *arena)
{
	while (arena->blocks) {
		struct arena_block *block = arena->blocks;
		arena->blocks = block->next;
		free(block);
	}
}
