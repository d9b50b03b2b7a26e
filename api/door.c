/* door.c - HTTP on one socket: a libmicrohttpd daemon that is driven by our loop. */
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "api/server.h"
#include "base/cleanup.h"

/* It would write to standard error what a stranger can make happen. */
static void say_nothing(void *of, const char *format, va_list arguments)
{
	(void)of, (void)format, (void)arguments;
}

/* The descriptor that it is given is its own, and closed with it, also when it does not even start. */
static struct MHD_Daemon *start(struct door *door)
{
	struct berth_server *server = door->server;
	int fd = fcntl(door->fd, F_DUPFD_CLOEXEC, 3);
	bool tls = door->kind == DOOR_TLS;
	unsigned flags =
	    MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG | (tls ? MHD_USE_TLS : 0);
	const struct MHD_OptionItem plain[] = {
	    {MHD_OPTION_EXTERNAL_LOGGER, (intptr_t)say_nothing, NULL},
	    {MHD_OPTION_LISTEN_SOCKET, fd, NULL},
	    {MHD_OPTION_CONNECTION_LIMIT, MOST_GUESTS, NULL},
	    {MHD_OPTION_CONNECTION_MEMORY_LIMIT, MOST_HEADER, NULL},
	    {MHD_OPTION_CONNECTION_TIMEOUT, SILENCE_S, NULL},
	    {MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL},
	    {MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)guest_notice, door},
	    {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)exchange_completed, door},
	    {MHD_OPTION_END, 0, NULL},
	};
	struct MHD_OptionItem secure[] = {
	    {MHD_OPTION_HTTPS_MEM_CERT, 0, server->certificate},
	    {MHD_OPTION_HTTPS_MEM_KEY, 0, server->key},
	    {MHD_OPTION_HTTPS_PRIORITIES, 0, "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"},
	    {server->ca ? MHD_OPTION_HTTPS_MEM_TRUST : MHD_OPTION_END, 0, server->ca},
	    {MHD_OPTION_END, 0, NULL},
	};
	return server->http.start(flags, 0, NULL, NULL, exchange_take, door, MHD_OPTION_ARRAY, plain,
				  tls ? MHD_OPTION_ARRAY : MHD_OPTION_END, secure, MHD_OPTION_END);
}

static int watch(struct door *door, struct MHD_Daemon *daemon)
{
	const union MHD_DaemonInfo *info = door->server->http.daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
	struct epoll_event event = {.events = EPOLLIN};
	return info ? epoll_ctl(door->server->epoll_fd, EPOLL_CTL_ADD, info->epoll_fd, &event) : -1;
}

int door_open(struct door *door, struct error *err)
{
	door->daemon = start(door);
	if (!door->daemon && door->kind == DOOR_TLS) {
		fail(err, ERR_INVALID, "%s cannot be opened with this certificate and key", door->name);
		remedy(err, "both are PEM, and the key is the certificate's");
		return -1;
	}
	if (!door->daemon || watch(door, door->daemon))
		return fail(err, ERR_FAILED, "%s cannot be served", door->name);
	return 0;
}

/* It does not stop while anybody on it waits: they go on, to their end. */
static void stop(struct door *door, struct MHD_Daemon *daemon)
{
	exchanges_resume(door->server, daemon);
	door->server->http.stop(daemon);
}

void door_end_former(struct door *door)
{
	if (door->former)
		stop(door, give(door->former));
}

/* Who is inside stays with the certificates by which they came, until the next time; and with bad ones
 * nothing changes. */
int door_reload(struct door *door, struct error *err)
{
	struct MHD_Daemon *before = door->daemon;
	if (door->kind != DOOR_TLS)
		return 0;
	door_end_former(door);
	if (door_open(door, err)) {
		door->daemon = before;
		return -1;
	}
	close(door->server->http.quiesce(before));
	door->former = before;
	return 0;
}

void door_close(struct door *door)
{
	door_end_former(door);
	if (door->daemon)
		stop(door, give(door->daemon));
	listen_close(door);
}
