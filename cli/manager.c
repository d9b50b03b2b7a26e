/* manager.c - systemd's side of a service: datagrams that say how it goes, and sockets that it opened. */
#include "cli/manager.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/cli.h"

enum { FIRST_SOCKET = 3 };

static int connect_to(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t length = path ? strlen(path) : 0;
	if (length < 2 || length >= sizeof address.sun_path)
		return -1;
	memcpy(address.sun_path, path, length);
	if (*path == '@')
		*address.sun_path = '\0';
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, size)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* A number that is meant for this very process; 0: none is. */
static long number_for_us(const char *name, const char *process)
{
	const char *number = getenv(name), *pid = getenv(process);
	if (!number || (pid && strtol(pid, NULL, 10) != (long)getpid()))
		return 0;
	return strtol(number, NULL, 10);
}

static void take_sockets(struct manager *manager)
{
	long count = number_for_us("LISTEN_FDS", "LISTEN_PID");
	for (long i = 0; i < count && i < MANAGER_SOCKETS; i++)
		manager->sockets[manager->socket_count++] = FIRST_SOCKET + (int)i;
}

void manager_begin(struct manager *manager)
{
	static const char *const taken[] = {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID",
					    "LISTEN_FDS",    "LISTEN_PID",    "LISTEN_FDNAMES"};
	*manager = (struct manager){.fd = connect_to(getenv("NOTIFY_SOCKET"))};
	manager->alive_every_ms = number_for_us("WATCHDOG_USEC", "WATCHDOG_PID") / 1000 / 2;
	take_sockets(manager);
	for (size_t i = 0; i < COUNT_OF(taken); i++)
		unsetenv(taken[i]);
}

void manager_tell(struct manager *manager, const char *line)
{
	if (manager->fd >= 0 && send(manager->fd, line, strlen(line), MSG_NOSIGNAL) < 0)
		return; /* it has gone, or is full: it asks again, or restarts us */
}

int manager_timeout_ms(const struct manager *manager)
{
	if (!manager->alive_every_ms || manager->fd < 0)
		return -1;
	int64_t left = manager->alive_at_ms - steady_ms();
	return left > 0 ? (int)left : 0;
}

void manager_alive(struct manager *manager)
{
	int64_t now_ms = steady_ms();
	if (!manager->alive_every_ms || now_ms < manager->alive_at_ms)
		return;
	manager_tell(manager, "WATCHDOG=1");
	manager->alive_at_ms = now_ms + manager->alive_every_ms;
}

void manager_end(struct manager *manager)
{
	if (manager->fd >= 0)
		close(manager->fd);
	manager->fd = -1;
}
