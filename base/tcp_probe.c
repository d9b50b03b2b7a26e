/* tcp_probe.c - whether an address accepts TCP connections, or one to it: each of its addresses is tried,
 * within one time limit. */
#include "base/world_real_internal.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"

/* Looking a name up cannot be broken off, so what the thread uses lives apart from the call. */
struct look_up {
	struct probe_call *call; /* NULL once nobody waits */
	char *name;
	char service[8];
	struct addrinfo *found;
	int status;
};

struct probe_call {
	struct link link; /* in real->probes until over */
	struct real *real;
	uv_timer_t timer;
	uv_poll_t *poll; /* of the connection under way; freed by its own closing */
	int fd;
	struct job *job; /* the look-up under way */
	bool numeric;    /* no look-up was needed */
	struct addrinfo *addresses, *next;
	struct error error; /* why the last address failed */
	char peer[300];
	void (*answered)(void *owner, const struct error *);
	void (*connected)(void *owner, int fd, const struct error *); /* instead: the connection is wanted */
	void *owner;
};

static void try_next(struct probe_call *call);

static void free_handle(uv_handle_t *handle)
{
	free(handle);
}

static void free_call(uv_handle_t *timer)
{
	struct probe_call *call = timer->data;

	if (call->addresses)
		freeaddrinfo(call->addresses);
	free(call);
}

/* No longer ours. */
static int give_fd(struct probe_call *call)
{
	int fd = call->fd;

	if (call->poll) {
		uv_poll_stop(call->poll);
		uv_close((uv_handle_t *)call->poll, free_handle);
		call->poll = NULL;
	}
	call->fd = -1;
	return fd;
}

static void close_socket(struct probe_call *call)
{
	int fd = give_fd(call);

	if (fd >= 0)
		close(fd);
}

static void end_call(struct probe_call *call)
{
	if (uv_is_closing((uv_handle_t *)&call->timer))
		return; /* cancelled from its own callback */
	close_socket(call);
	if (call->job)
		worker_cancel(call->job);
	call->job = NULL;
	link_remove(&call->link);
	uv_close((uv_handle_t *)&call->timer, free_call);
}

static void answer(struct probe_call *call, const struct error *error)
{
	end_call(call);
	if (call->connected)
		call->connected(call->owner, -1, error);
	else
		call->answered(call->owner, error);
}

static void hand_over(struct probe_call *call)
{
	int fd = give_fd(call);

	end_call(call);
	call->connected(call->owner, fd, &(struct error){.code = OK});
}

/* Nothing has left this machine then. */
static bool is_ours(int error)
{
	static const int ours[] = {ENETUNREACH, ENETDOWN, EADDRNOTAVAIL, EACCES, EPERM,
				   EMFILE,      ENFILE,   ENOBUFS,       ENOMEM};

	for (size_t i = 0; i < COUNT_OF(ours); i++)
		if (error == ours[i])
			return true;
	return false;
}

static int fail_connect(struct probe_call *call, int error)
{
	char words[64];

	/* "connection refused" reads on after the address. */
	snprintf(words, sizeof(words), "%s", strerror(error));
	if (words[0] >= 'A' && words[0] <= 'Z')
		words[0] = (char)(words[0] - 'A' + 'a');
	fail(&call->error, ERR_UNREACHABLE, "%s: %s", call->peer, words);
	call->error.here = is_ours(error);
	return -1;
}

static void on_connected(uv_poll_t *poll, int status, int events)
{
	struct probe_call *call = poll->data;
	int error = 0;
	socklen_t size = sizeof(error);

	(void)events;
	if (getsockopt(call->fd, SOL_SOCKET, SO_ERROR, &error, &size))
		error = errno;
	if (!error && status < 0)
		error = -status;
	if (!error && call->connected) {
		hand_over(call);
		return;
	}
	close_socket(call);
	if (!error) {
		answer(call, &(struct error){.code = OK});
		return;
	}
	fail_connect(call, error);
	try_next(call);
}

static int watch(struct probe_call *call)
{
	call->poll = malloc(sizeof(*call->poll));
	if (!call->poll)
		return fail_memory(&call->error);
	int status = uv_poll_init_socket(&call->real->loop, call->poll, call->fd);
	if (status) {
		free(call->poll);
		call->poll = NULL;
		return fail_connect(call, -status);
	}
	call->poll->data = call;
	uv_poll_start(call->poll, UV_WRITABLE, on_connected);
	return 0;
}

/* 0 when the connection is under way (or there at once, which the poll tells too). */
static int begin_connect(struct probe_call *call, const struct addrinfo *address)
{
	call->fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (call->fd < 0)
		return fail_connect(call, errno);
	if (!connect(call->fd, address->ai_addr, address->ai_addrlen) || errno == EINPROGRESS)
		if (!watch(call))
			return 0;
	if (!call->error.code)
		fail_connect(call, errno);
	close_socket(call);
	return -1;
}

static void try_next(struct probe_call *call)
{
	while (call->next) {
		const struct addrinfo *address = call->next;
		call->next = address->ai_next;
		call->error.code = OK;
		if (!begin_connect(call, address))
			return;
	}
	struct error error = call->error;
	answer(call, &error);
}

static void work_look_up(void *owner)
{
	struct look_up *look_up = owner;
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};

	look_up->status = getaddrinfo(look_up->name, look_up->service, &hints, &look_up->found);
	if (look_up->status)
		look_up->found = NULL;
}

static void looked_up(void *owner)
{
	struct look_up *look_up = owner;
	struct probe_call *call = look_up->call;

	call->job = NULL;
	if (look_up->status) {
		struct error error;
		fail(&error, ERR_UNREACHABLE, "%s: the name cannot be resolved: %s", call->peer,
		     gai_strerror(look_up->status));
		error.here = true;
		remedy(&error, "check the spelling of the host name, and the name service of this machine");
		answer(call, &error);
		return;
	}
	call->addresses = call->next = look_up->found;
	look_up->found = NULL;
	try_next(call);
}

static void release_look_up(void *owner)
{
	struct look_up *look_up = owner;

	if (look_up->found)
		freeaddrinfo(look_up->found);
	free(look_up->name);
	free(look_up);
}

static int begin_look_up(struct probe_call *call, const char *name, const char *service)
{
	struct look_up *look_up = calloc(1, sizeof(*look_up));

	if (!look_up)
		return -1;
	look_up->call = call;
	look_up->name = strdup(name);
	snprintf(look_up->service, sizeof(look_up->service), "%s", service);
	if (look_up->name)
		call->job = worker_add(call->real, &call->real->look_ups, work_look_up, looked_up,
				       release_look_up, look_up);
	if (!call->job) {
		release_look_up(look_up);
		return -1;
	}
	return 0;
}

static void on_late(uv_timer_t *timer)
{
	struct probe_call *call = timer->data;
	struct error error;

	fail(&error, ERR_TIMED_OUT, "%s: %s", call->peer,
	     call->job ? "the name was not resolved in time" : "no answer in time");
	error.here = call->job != NULL;
	answer(call, &error);
}

/* The first turn of the timer comes at once: numeric addresses are tried then, never inside tcp_probe itself.
 */
static void on_timer(uv_timer_t *timer)
{
	struct probe_call *call = timer->data;

	uv_timer_start(timer, on_late, uv_timer_get_repeat(timer), 0);
	if (call->numeric)
		try_next(call);
}

static struct probe_call *begin(struct real *real, const char *address, uint16_t port, int64_t timeout_ms)
{
	const struct addrinfo numeric = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
					 .ai_socktype = SOCK_STREAM};
	struct probe_call *call = calloc(1, sizeof(*call));
	char service[8];

	if (!call)
		return NULL;
	call->real = real;
	call->fd = -1;
	snprintf(call->peer, sizeof(call->peer), strchr(address, ':') ? "[%s]:%u" : "%s:%u", address,
		 (unsigned int)port);
	snprintf(service, sizeof(service), "%u", (unsigned int)port);
	call->numeric = !getaddrinfo(address, service, &numeric, &call->addresses);
	if (!call->numeric) {
		call->addresses = NULL;
		if (begin_look_up(call, address, service)) {
			free(call);
			return NULL;
		}
	}
	call->next = call->addresses;
	link_append(&real->probes, &call->link);
	uv_timer_init(&real->loop, &call->timer);
	call->timer.data = call;
	uv_timer_set_repeat(&call->timer, timeout_ms > 0 ? (uint64_t)timeout_ms : 1);
	uv_update_time(&real->loop);
	uv_timer_start(&call->timer, on_timer, 0, uv_timer_get_repeat(&call->timer));
	return call;
}

struct probe_call *real_tcp_probe(struct world *world, const char *address, uint16_t port, int64_t timeout_ms,
				  void (*answered)(void *owner, const struct error *), void *owner)
{
	struct probe_call *call = begin(real_of(world), address, port, timeout_ms);

	if (call) {
		call->answered = answered;
		call->owner = owner;
	}
	return call;
}

struct probe_call *tcp_connect(struct real *real, const char *address, uint16_t port, int64_t timeout_ms,
			       void (*connected)(void *owner, int fd, const struct error *), void *owner)
{
	struct probe_call *call = begin(real, address, port, timeout_ms);

	if (call) {
		call->connected = connected;
		call->owner = owner;
	}
	return call;
}

void real_tcp_cancel(struct world *world, struct probe_call *call)
{
	(void)world;
	if (call)
		end_call(call);
}

void probes_close(struct real *real)
{
	while (!link_alone(&real->probes))
		end_call(owner_of(real->probes.next, struct probe_call, link));
}
