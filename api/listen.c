/* listen.c - what is to be listened on: "unix:PATH", "tcp:HOST:PORT", and sockets that listen already. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

#include "api/server.h"
#include "base/cleanup.h"

enum { BACKLOG = 128, ALIVE_TRIES = 5 /* while one that was killed still dies */ };

static struct door *door_add(struct berth_server *server, enum door_kind kind, int fd, const char *name,
			     struct error *err)
{
	struct door *door = calloc(1, sizeof *door);
	if (!door || !(door->name = strdup(name))) {
		free(door);
		fail_memory(err);
		return NULL;
	}
	struct door **end = &server->doors;
	while (*end)
		end = &(*end)->next;
	*end = door;
	door->server = server;
	door->kind = kind;
	door->fd = fd;
	return door;
}

/* --- this machine --------------------------------------------------------------------------- */

static int address_of(const char *path, struct sockaddr_un *ret, struct error *err)
{
	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (!*path || strlen(path) >= sizeof ret->sun_path - 4)
		return fail(err, ERR_INVALID, "`%.200s` is no path of a socket: 1 to %zu bytes long", path,
			    sizeof ret->sun_path - 5);
	strcpy(ret->sun_path, path);
	return 0;
}

/* Whether somebody listens there; what lies there otherwise is what a killed one left. */
static bool is_alive(const struct sockaddr_un *address)
{
	owned_fd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	return fd >= 0 &&
	       (connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 || errno == EAGAIN);
}

static int check_place(const struct sockaddr_un *address, struct error *err)
{
	const struct timespec pause = {.tv_nsec = 50 * 1000 * 1000};
	struct stat facts;
	if (lstat(address->sun_path, &facts))
		return 0;
	if (!S_ISSOCK(facts.st_mode))
		return fail(err, ERR_INVALID, "%s is there already, and is no socket", address->sun_path);
	for (int tries = 0; is_alive(address); tries++)
		if (tries == ALIVE_TRIES || nanosleep(&pause, NULL))
			return fail(err, ERR_LOCKED, "somebody listens on %s already", address->sun_path);
	return 0;
}

/* Made under another name, so that nobody finds it before it is private and listens. */
static int listen_unix(struct berth_server *server, const char *path, struct error *err)
{
	struct sockaddr_un address, beside;
	owned_text name = {0};
	text_format(&name, "unix:%s", path);
	if (address_of(path, &address, err) || check_place(&address, err))
		return -1;
	beside = address;
	strcat(beside.sun_path, ".new");
	owned_fd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	unlink(beside.sun_path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&beside, sizeof beside) || chmod(beside.sun_path, 0600) ||
	    listen(fd, BACKLOG) || rename(beside.sun_path, address.sun_path)) {
		fail(err, ERR_INVALID, "%s cannot be listened on: %s", text_view(&name), strerror(errno));
		unlink(beside.sun_path);
		return -1;
	}
	struct door *door = door_add(server, DOOR_UNIX, fd, text_view(&name), err);
	if (!door)
		return -1;
	fd = -1;
	door->path = strdup(path);
	return 0;
}

/* --- others --------------------------------------------------------------------------------- */

static int check_tls(const struct berth_server_options *options, const char *name, struct error *err)
{
	const char *lacks = !options->tls_certificate || !options->tls_key ? "TLS (--tls-cert and --tls-key)"
			    : !options->token_file && !options->client_ca
				? "who may come in (--token-file or --client-ca)"
				: NULL;
	if (!lacks)
		return 0;
	fail(err, ERR_INVALID, "%s is not listened on without %s", name, lacks);
	remedy(err, "TCP takes TLS and a token or client certificate: --tls-cert FILE --tls-key FILE "
		    "--token-file FILE; on this machine unix:PATH needs neither");
	return -1;
}

/* "HOST:PORT", "[::1]:PORT" */
static int split(const char *text, char *host, size_t size, const char **ret_port)
{
	const char *colon = strrchr(text, ':');
	bool bracketed = *text == '[';
	size_t length = colon ? (size_t)(colon - text) : 0;
	if (bracketed && length > 2 && text[length - 1] == ']') {
		text++;
		length -= 2;
	}
	int64_t port;
	if (!length || length >= size || !parse_number(colon + 1, 0, 65535, &port))
		return -1;
	snprintf(host, size, "%.*s", (int)length, text);
	*ret_port = colon + 1;
	return 0;
}

static int bind_first(const struct addrinfo *found)
{
	int yes = 1;
	for (; found; found = found->ai_next) {
		owned_fd fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (fd < 0)
			continue;
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
		if (bind(fd, found->ai_addr, found->ai_addrlen) || listen(fd, BACKLOG))
			continue;
		int taken = fd;
		fd = -1;
		return taken;
	}
	return -1;
}

static int listen_tcp(struct berth_server *server, const char *name,
		      const struct berth_server_options *options, struct error *err)
{
	char host[256];
	const char *port;
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *found = NULL;
	if (check_tls(options, name, err))
		return -1;
	if (split(name + strlen("tcp:"), host, sizeof host, &port))
		return fail(err, ERR_INVALID, "`%.200s` is not tcp:HOST:PORT", name);
	int why = getaddrinfo(host, port, &hints, &found);
	if (why)
		return fail(err, ERR_INVALID, "%s: %s", name, gai_strerror(why));
	int fd = bind_first(found);
	int saved = errno;
	freeaddrinfo(found);
	if (fd < 0) {
		bool taken = saved == EADDRINUSE;
		fail(err, taken ? ERR_LOCKED : ERR_INVALID, "%s cannot be listened on: %s", name,
		     strerror(saved));
		if (taken)
			remedy(err, "`ss -ltnp` shows who has that port; or name another with --listen");
		return -1;
	}
	if (door_add(server, DOOR_TLS, fd, name, err))
		return 0;
	close(fd);
	return -1;
}

/* --- what listens already ------------------------------------------------------------------- */

static int take_socket(struct berth_server *server, int fd, const struct berth_server_options *options,
		       struct error *err)
{
	struct sockaddr_storage address = {0};
	socklen_t size = sizeof address;
	char name[32];
	snprintf(name, sizeof name, "socket %d", fd);
	if (getsockname(fd, (struct sockaddr *)&address, &size))
		return fail(err, ERR_INVALID, "descriptor %d is no socket: %s", fd, strerror(errno));
	bool here = address.ss_family == AF_UNIX;
	if (!here && check_tls(options, name, err))
		return -1;
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	return door_add(server, here ? DOOR_UNIX : DOOR_TLS, fd, name, err) ? 0 : -1;
}

static int listen_on(struct berth_server *server, const char *name,
		     const struct berth_server_options *options, struct error *err)
{
	if (starts_with(name, "unix:"))
		return listen_unix(server, name + strlen("unix:"), err);
	if (starts_with(name, "tcp:"))
		return listen_tcp(server, name, options, err);
	fail(err, ERR_INVALID, "`%.200s` is nothing to listen on", name);
	remedy(err, "unix:PATH, or tcp:HOST:PORT");
	return -1;
}

int listen_open(struct berth_server *server, const struct berth_server_options *options, struct error *err)
{
	for (size_t i = 0; i < options->socket_count; i++)
		if (take_socket(server, options->sockets[i], options, err))
			return -1;
	for (const char *const *name = options->listen; name && *name; name++)
		if (listen_on(server, *name, options, err))
			return -1;
	if (server->doors)
		return 0;
	owned_text path = {0};
	text_format(&path, "%s/controller.sock", berth_state_directory(server->berth));
	return listen_unix(server, text_view(&path), err);
}

void listen_close(struct door *door)
{
	if (door->path)
		unlink(door->path);
	if (door->fd >= 0)
		close(door->fd);
	free(door->path);
	free(door->name);
	free(door);
}
