/* manager.h - what a service manager (systemd) tells a service and is told by it. */
#ifndef BERTH_CLI_MANAGER_H
#define BERTH_CLI_MANAGER_H

#include <stddef.h>
#include <stdint.h>

enum { MANAGER_SOCKETS = 16 };

struct manager {
	int fd;                 /* to tell it; -1: nobody is there */
	int64_t alive_every_ms; /* 0: it does not watch */
	int64_t alive_at_ms;    /* when to tell it next */
	int sockets[MANAGER_SOCKETS];
	size_t socket_count;
};

/* Takes what the environment says, away from those that are started later. */
void manager_begin(struct manager *manager);
void manager_tell(struct manager *manager, const char *line);
/* Milliseconds until it wants to hear that we live; -1: never. */
int manager_timeout_ms(const struct manager *manager);
void manager_alive(struct manager *manager);
void manager_end(struct manager *manager);

#endif
