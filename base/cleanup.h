/* cleanup.h - owners that let go by themselves when their block ends. */
#ifndef BERTH_BASE_CLEANUP_H
#define BERTH_BASE_CLEANUP_H

#include <stdlib.h>
#include <unistd.h>

#define owned_by(release) __attribute__((cleanup(release), unused)) /* some own only to let go */

/* Hand P to its next owner and leave NULL behind. */
#define give(p)                                                                                              \
	({                                                                                                   \
		__typeof__(p) given_ = (p);                                                                  \
		(p) = NULL;                                                                                  \
		given_;                                                                                      \
	})

static inline void release_memory(void *pointer)
{
	free(*(void **)pointer);
}

static inline void release_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

#define owned_memory owned_by(release_memory) /* owned_memory char *copy = strdup(...); */
#define owned_fd     owned_by(release_fd) int /* owned_fd fd = -1; */

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#endif
