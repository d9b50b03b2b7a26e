/* owner.h - which controller a state directory belongs to. */
#ifndef BERTH_API_OWNER_H
#define BERTH_API_OWNER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* Make the directory ours, as long as the descriptor stays open. -1 with *err: who has it (ERR_LOCKED). */
int owner_take(const char *directory, struct error *err);
/* Tell others who has it, and by which socket to speak to it (may be NULL). */
int owner_describe(int fd, const char *socket, const char *who, struct error *err);
/* The socket of a living controller that has the directory; false: none has, or it has no socket. */
bool owner_socket(const char *directory, char *ret_socket, size_t size);

#endif
