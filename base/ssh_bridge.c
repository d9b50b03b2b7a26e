/* ssh_bridge.c - HTTP to a socket of another machine: libcurl connects to us, and what goes through that is
 * carried by a connection that the machine makes for us.
 *
 * It is led to a socket in a folder of its own, which is gone when it has come: libcurl 7.88 connects
 * whatever it is given, so that one end of a pair will not do, and uses no connection twice whose address has
 * no path. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/http_internal.h"
#include "base/ssh_internal.h"

enum { PIECE = 32768, BACKLOG = 256 * 1024 };

#define FOLDER "/tmp/berth-ssh-XXXXXX"
#define SOCKET "/s"

struct ssh_bridge {
	struct link link; /* in ssh->bridges */
	struct real *real;
	struct exchange *exchange; /* told why it fails; NULL: it has ended */
	struct ssh_call *call;     /* NULL: the other side has said all */
	int fd;                    /* where libcurl is to come; once it has, our end of its connection */
	bool connected;
	char folder[sizeof(FOLDER)]; /* of that place; "": it is gone */
	uv_poll_t *poll;
	struct text out; /* for libcurl, from `out_at` on */
	size_t out_at;
	bool heard_all; /* libcurl says no more */
};

static void free_handle(uv_handle_t *handle)
{
	free(handle);
}

static void remove_folder(struct ssh_bridge *bridge)
{
	char path[sizeof(FOLDER SOCKET)];

	if (!*bridge->folder)
		return;
	snprintf(path, sizeof(path), "%s" SOCKET, bridge->folder);
	unlink(path);
	rmdir(bridge->folder);
	bridge->folder[0] = '\0';
}

static void ssh_bridge_close(struct ssh_bridge *bridge)
{
	if (bridge->exchange)
		bridge->exchange->bridge = NULL;
	real_ssh_ops.cancel(&bridge->real->world, bridge->call);
	if (bridge->poll) {
		uv_poll_stop(bridge->poll);
		uv_close((uv_handle_t *)bridge->poll, free_handle);
	}
	if (bridge->fd >= 0)
		close(bridge->fd);
	remove_folder(bridge);
	link_remove(&bridge->link);
	text_release(&bridge->out);
	free(bridge);
}

static void on_poll(uv_poll_t *poll, int status, int events);

static void watch(struct ssh_bridge *bridge)
{
	bool full = bridge->call && real_ssh_ops.waiting(bridge->call) >= BACKLOG;
	int events = (bridge->heard_all || full ? 0 : UV_READABLE) |
		     (bridge->out_at < bridge->out.length ? UV_WRITABLE : 0);

	if (!bridge->connected)
		return; /* on_knock looks there */
	if (events)
		uv_poll_start(bridge->poll, events, on_poll);
	else
		uv_poll_stop(bridge->poll);
}

static bool gone(const struct ssh_bridge *bridge)
{
	struct pollfd end = {.fd = bridge->fd};

	return poll(&end, 1, 0) > 0 && end.revents & (POLLHUP | POLLERR);
}

/* False: libcurl is gone, or has all and the other side has said all. */
static bool to_curl(struct ssh_bridge *bridge)
{
	while (bridge->out_at < bridge->out.length) {
		ssize_t sent = send(bridge->fd, bridge->out.data + bridge->out_at,
				    bridge->out.length - bridge->out_at, MSG_NOSIGNAL);
		if (sent < 0)
			return errno == EAGAIN || errno == EINTR;
		bridge->out_at += (size_t)sent;
	}
	bridge->out_at = 0;
	text_clear(&bridge->out);
	return bridge->call;
}

static bool from_curl(struct ssh_bridge *bridge)
{
	char bytes[PIECE];
	struct world *world = &bridge->real->world;

	if (bridge->heard_all || !bridge->call)
		return true;
	ssize_t got = recv(bridge->fd, bytes, sizeof(bytes), 0);
	if (got < 0)
		return errno == EAGAIN || errno == EINTR;
	if (got > 0) {
		real_ssh_ops.write(world, bridge->call, bytes, (size_t)got);
		return true;
	}
	bridge->heard_all = true;
	real_ssh_ops.end(world, bridge->call);
	return !gone(bridge);
}

static void move(struct ssh_bridge *bridge)
{
	if (!bridge->connected || (to_curl(bridge) && from_curl(bridge)))
		watch(bridge);
	else
		ssh_bridge_close(bridge);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	(void)status, (void)events;
	move(poll->data);
}

static void came(void *owner, bool errors, const char *bytes, size_t count)
{
	struct ssh_bridge *bridge = owner;

	(void)errors;
	text_add_bytes(&bridge->out, bytes, count);
	watch(bridge);
}

static void drained(void *owner)
{
	watch(owner);
}

static void done(void *owner, struct ssh_answer *answer)
{
	struct ssh_bridge *bridge = owner;

	bridge->call = NULL;
	if (bridge->exchange && answer->error.code && !bridge->exchange->bridge_error.code)
		bridge->exchange->bridge_error = answer->error;
	move(bridge);
}

/* Whether it is this process that has come. */
static bool ours(int fd)
{
	struct ucred who;
	socklen_t size = sizeof(who);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) && who.pid == getpid();
}

static bool look_at(struct ssh_bridge *bridge, void (*ready)(uv_poll_t *poll, int status, int events))
{
	bridge->poll = malloc(sizeof(*bridge->poll));
	if (!bridge->poll || uv_poll_init_socket(&bridge->real->loop, bridge->poll, bridge->fd)) {
		free(give(bridge->poll));
		return false;
	}
	bridge->poll->data = bridge;
	uv_poll_start(bridge->poll, UV_READABLE, ready);
	return true;
}

static void on_knock(uv_poll_t *poll, int status, int events)
{
	struct ssh_bridge *bridge = poll->data;
	int fd = accept4(bridge->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)status, (void)events;
	if (fd < 0)
		return;
	if (!ours(fd)) {
		close(fd);
		return;
	}
	uv_poll_stop(poll);
	uv_close((uv_handle_t *)poll, free_handle);
	close(bridge->fd);
	bridge->fd = fd;
	bridge->poll = NULL;
	bridge->connected = true;
	remove_folder(bridge);
	if (look_at(bridge, on_poll))
		move(bridge);
	else
		ssh_bridge_close(bridge);
}

/* The address of the socket takes the place of the one that was to be connected to, whose room it has. */
static int listen_for_curl(struct ssh_bridge *bridge, struct curl_sockaddr *ret_address)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	owned_fd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	strcpy(bridge->folder, FOLDER);
	if (!mkdtemp(bridge->folder)) {
		bridge->folder[0] = '\0';
		return -1;
	}
	snprintf(name.sun_path, sizeof(name.sun_path), "%s" SOCKET, bridge->folder);
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name.sun_path) + 1);
	if (fd < 0 || bind(fd, (struct sockaddr *)&name, size) || listen(fd, 4) ||
	    size > ret_address->addrlen)
		return -1;
	memcpy((char *)ret_address + offsetof(struct curl_sockaddr, addr), &name, size);
	ret_address->addrlen = size;
	int listener = fd;
	fd = -1;
	return listener;
}

curl_socket_t ssh_bridge_open(struct exchange *exchange, struct curl_sockaddr *address)
{
	const struct ssh_target target = {.socket = exchange->machine_socket};
	struct ssh_bridge *bridge = calloc(1, sizeof(*bridge));
	struct real *real = exchange->http->real;

	if (!bridge)
		return CURL_SOCKET_BAD;
	const struct ssh_sink sink = {.done = done, .bytes = came, .drained = drained, .owner = bridge};
	bridge->real = real;
	bridge->fd = listen_for_curl(bridge, address);
	link_append(&real->ssh->bridges, &bridge->link);
	if (bridge->fd >= 0 && look_at(bridge, on_knock))
		bridge->call = real_ssh_ops.forward(&real->world, &exchange->machine->host, &target, &sink,
						    &exchange->bridge_error);
	int fd = bridge->call ? socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) : -1;
	if (fd < 0) {
		ssh_bridge_close(bridge);
		return CURL_SOCKET_BAD;
	}
	bridge->exchange = exchange;
	exchange->bridge = bridge;
	return fd;
}

void ssh_bridge_forget(struct exchange *exchange)
{
	if (exchange->bridge)
		exchange->bridge->exchange = NULL;
	exchange->bridge = NULL;
	ssh_peer_leave(exchange->machine);
	exchange->machine = NULL;
	free(give(exchange->machine_socket));
}

int ssh_bridge_prepare(struct exchange *exchange, const struct http_request *request, struct error *err)
{
	struct real *real = exchange->http->real;
	owned_text both = {0};
	char digest[DIGEST_HEX];

	exchange->machine = ssh_peer_visit(real, request->ssh, err);
	if (!exchange->machine)
		return -1;
	exchange->machine_socket = strdup(request->unix_socket);
	text_format(&both, "%s %s", exchange->machine->digest, request->unix_socket);
	if (!exchange->machine_socket || both.failed || digest_hex(both.data, both.length, digest))
		return fail_memory(err);
	/* No path: libcurl tells by it which connections lead to one place. */
	snprintf(exchange->way, sizeof(exchange->way), "ssh:%s", digest);
	snprintf(exchange->peer, sizeof(exchange->peer), "%.80s:%.70s", exchange->machine->name,
		 request->unix_socket);
	return 0;
}

void ssh_bridges_close(struct ssh *ssh)
{
	while (!link_alone(&ssh->bridges))
		ssh_bridge_close(owner_of(ssh->bridges.next, struct ssh_bridge, link));
}
