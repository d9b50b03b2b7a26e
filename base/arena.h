/* arena.h - memory that is given back all at once, for trees that live and die together. */
#ifndef BERTH_BASE_ARENA_H
#define BERTH_BASE_ARENA_H

#include <stddef.h>

struct arena {
	struct arena_block *blocks; /* zero-initialised is ready for use */
};

/* Zeroed memory aligned for any type, or NULL when there is none left. */
void *arena_alloc(struct arena *arena, size_t size);
/* Texts lie close together: aligned for nothing else. Adds the final NUL. */
char *arena_copy(struct arena *arena, const char *text, size_t length);
char *arena_text(struct arena *arena, const char *text);
char *arena_format(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
void arena_release(struct arena *arena);

#define owned_arena owned_by(arena_release) struct arena /* owned_arena room = {0}; */

#define arena_array(arena, type, count) ((type *)arena_alloc((arena), sizeof(type) * (count)))

#endif
