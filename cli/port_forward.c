/* port_forward.c - `berth port-forward`: a port of this machine leads to one of an instance, for each
 * connection as the instance is reached then. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/screen.h"

enum {
	MOST_CONNECTIONS = 500,
	PIECE = 64 * 1024,
	MOST_WAITING = 256 * 1024, /* on its way in one direction; no more is taken while so much is there */
};

/* Bytes on their way in one direction. */
struct flow {
	char *bytes;
	size_t from, count, room;
	bool ended; /* no more comes */
	bool told;  /* and whoever reads them knows */
};

struct forwarding;

/* `far` leads to the instance, or the operation carries it there; neither as long as it is not known how. */
struct connection {
	struct forwarding *of;
	struct connection *next;
	int near, far;
	struct berth_operation *operation;
	struct flow up, down;
	bool connecting, gone;
	bool passed;                         /* something was given to the operation to be carried */
	struct pollfd *near_poll, *far_poll; /* of this turn; NULL: not asked */
};

struct forwarding {
	struct invocation *invocation;
	struct berth_request request;
	struct connection *connections;
	size_t count;
	int listener;
	bool through; /* as far as is known: the target itself carries the bytes */
	struct pollfd polls[3 + 2 * MOST_CONNECTIONS];
};

/* --- flows ---------------------------------------------------------------------------------- */

static bool flow_add(struct flow *flow, const char *bytes, size_t count)
{
	if (flow->from && flow->from + flow->count + count > flow->room) {
		memmove(flow->bytes, flow->bytes + flow->from, flow->count);
		flow->from = 0;
	}
	if (flow->count + count > flow->room) {
		size_t room = flow->count + count + PIECE;
		char *more = realloc(flow->bytes, room);
		if (!more)
			return false;
		flow->bytes = more;
		flow->room = room;
	}
	memcpy(flow->bytes + flow->from + flow->count, bytes, count);
	flow->count += count;
	return true;
}

/* What there is to read now; false when the connection is broken. */
static bool flow_read(struct flow *flow, int fd)
{
	static char piece[PIECE];
	ssize_t count = read(fd, piece, sizeof piece);
	if (count < 0)
		return errno == EINTR || errno == EAGAIN;
	flow->ended = count == 0;
	return flow_add(flow, piece, (size_t)count);
}

static bool flow_write(struct flow *flow, int fd)
{
	ssize_t count = send(fd, flow->bytes + flow->from, flow->count, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (count < 0)
		return errno == EINTR || errno == EAGAIN;
	flow->count -= (size_t)count;
	flow->from = flow->count ? flow->from + (size_t)count : 0;
	return true;
}

/* The end goes on, too: what comes the other way may go on after it. */
static void flow_finish(struct flow *flow, int fd)
{
	if (!flow->ended || flow->count || flow->told)
		return;
	flow->told = true;
	(void)shutdown(fd, SHUT_WR);
}

/* --- one connection ------------------------------------------------------------------------- */

static void tell(const struct connection *connection, const char *text, const char *what_to_do)
{
	complain(connection->of->invocation, BERTH_FAILED, text, what_to_do);
}

/* A reader that is slow is waited for, so that nothing piles up here. */
static void take_event(void *context, const struct berth_event *event)
{
	struct connection *connection = context;
	if (event->kind != BERTH_EVENT_OUTPUT) {
		show_warning(connection->of->invocation, event);
		return;
	}
	while (!connection->gone && connection->down.count > MOST_WAITING) {
		struct pollfd wait = {.fd = connection->near, .events = POLLOUT};
		if (poll(&wait, 1, 30000) != 1 || !flow_write(&connection->down, connection->near))
			connection->gone = true;
	}
	if (!connection->gone && !flow_add(&connection->down, event->text, event->text_size))
		connection->gone = true;
}

static void find_way(struct connection *connection)
{
	struct forwarding *forwarding = connection->of;
	const struct berth_listener listener = {
	    .size = sizeof listener, .event = take_event, .context = connection};
	struct berth_error error = {0};
	forwarding->request.interactive = forwarding->through;
	connection->operation =
	    berth_forward(forwarding->invocation->berth, &forwarding->request, &listener, &error);
	if (connection->operation)
		return;
	tell(connection, error.text, error.remedy);
	connection->gone = true;
}

static void let_in(struct forwarding *forwarding)
{
	struct connection *connection = calloc(1, sizeof *connection);
	int fd = accept4(forwarding->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0 || !connection) {
		free(connection);
		if (fd >= 0)
			close(fd);
		return;
	}
	*connection =
	    (struct connection){.of = forwarding, .near = fd, .far = -1, .next = forwarding->connections};
	forwarding->connections = connection;
	forwarding->count++;
	find_way(connection);
}

/* Neither is waited for. */
static int dial(const char *address, const char *number)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	if (getaddrinfo(address, number, &hints, &found))
		return -1;
	int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) && errno != EINPROGRESS) {
		close(fd);
		fd = -1;
	}
	freeaddrinfo(found);
	return fd;
}

static void tell_unreached(struct connection *connection, int error)
{
	owned_memory char *text = NULL;
	if (asprintf(&text, "the port is not reached: %s", strerror(error)) < 0)
		text = NULL;
	tell(connection, text ? text : "the port is not reached",
	     error == ECONNREFUSED ? "nothing listens there; `berth status` shows its ports"
				   : "`publish: [PORT]` in the blueprint makes it reachable from here");
	connection->gone = true;
}

static void begin_direct(struct connection *connection, const char *address, int number)
{
	char text[16];
	snprintf(text, sizeof text, "%d", number);
	connection->far = dial(address, text);
	connection->connecting = connection->far >= 0;
	if (connection->far < 0)
		tell_unreached(connection, errno);
}

/* It is known how the instance is reached, or the connection through its target has ended. */
static void go_on(struct connection *connection)
{
	struct berth_operation *operation = connection->operation;
	struct forwarding *forwarding = connection->of;
	owned_json document = json_loads(berth_result(operation), 0, NULL);
	const char *address = text_of(document, "address");
	bool carried = connection->passed || forwarding->through;
	if (berth_outcome(operation) != BERTH_OK)
		tell(connection, berth_message(operation), berth_remedy(operation));
	connection->gone = berth_outcome(operation) != BERTH_OK && !connection->down.count;
	connection->operation = NULL;
	if (!connection->gone && *address && !connection->passed) {
		forwarding->through = false;
		begin_direct(connection, address, (int)number_of(document, "number"));
	} else if (!connection->gone && !*address && !carried) {
		forwarding->through = true;
		find_way(connection);
	} else {
		connection->down.ended = connection->up.ended = true;
		connection->up.count = 0;
		connection->up.told = true; /* nobody is there who would read on */
	}
	berth_operation_free(operation);
}

static void connected(struct connection *connection)
{
	int error = 0;
	socklen_t size = sizeof error;
	connection->connecting = false;
	if (getsockopt(connection->far, SOL_SOCKET, SO_ERROR, &error, &size) || error)
		tell_unreached(connection, error);
}

/* Through the target. */
static void pass_up(struct connection *connection)
{
	struct flow *up = &connection->up;
	connection->passed = connection->passed || up->count || up->ended;
	if (up->count)
		berth_exec_input(connection->operation, up->bytes + up->from, up->count);
	up->count = up->from = 0;
	if (up->ended && !up->told)
		berth_exec_input_end(connection->operation);
	up->told = up->ended;
}

static void move(struct connection *connection)
{
	const struct pollfd *near = connection->near_poll, *far = connection->far_poll;
	bool good = true;
	if (near && near->revents & (POLLIN | POLLHUP | POLLERR) && near->events & POLLIN)
		good = flow_read(&connection->up, connection->near);
	if (good && far && connection->connecting && far->revents)
		connected(connection);
	else if (good && far && far->revents & (POLLIN | POLLHUP | POLLERR) && far->events & POLLIN)
		good = flow_read(&connection->down, connection->far);
	if (good && connection->far >= 0 && !connection->connecting && connection->up.count)
		good = flow_write(&connection->up, connection->far);
	if (good && connection->down.count)
		good = flow_write(&connection->down, connection->near);
	if (good && connection->far >= 0 && !connection->connecting)
		flow_finish(&connection->up, connection->far);
	if (good)
		flow_finish(&connection->down, connection->near);
	bool over = connection->down.told && (connection->up.told || connection->far < 0);
	connection->gone = connection->gone || !good || (over && !connection->operation);
}

static void release(struct connection *connection)
{
	if (connection->operation) {
		berth_cancel(connection->operation);
		berth_cancel(connection->operation);
		berth_operation_free(connection->operation);
	}
	close(connection->near);
	if (connection->far >= 0)
		close(connection->far);
	free(connection->up.bytes);
	free(connection->down.bytes);
	free(connection);
}

/* --- all of them ---------------------------------------------------------------------------- */

static struct pollfd *ask(struct forwarding *forwarding, size_t *count, int fd, short events)
{
	struct pollfd *poll = fd >= 0 && events ? &forwarding->polls[(*count)++] : NULL;
	if (poll)
		*poll = (struct pollfd){.fd = fd, .events = events};
	return poll;
}

static void ask_of(struct forwarding *forwarding, struct connection *connection, size_t *count)
{
	const struct flow *up = &connection->up, *down = &connection->down;
	bool room = !up->ended && up->count < MOST_WAITING;
	short near = (short)((room ? POLLIN : 0) | (down->count ? POLLOUT : 0));
	short far =
	    (short)((!down->ended && down->count < MOST_WAITING ? POLLIN : 0) | (up->count ? POLLOUT : 0));
	connection->near_poll = ask(forwarding, count, connection->near, near);
	connection->far_poll =
	    ask(forwarding, count, connection->far, connection->connecting ? POLLOUT : far);
}

static bool is_carried(const struct connection *connection)
{
	return connection->operation && connection->of->through &&
	       berth_exec_input_waiting(connection->operation) < MOST_WAITING;
}

static void serve(struct connection *connection)
{
	if (connection->operation && berth_done(connection->operation))
		go_on(connection);
	move(connection);
	if (is_carried(connection))
		pass_up(connection);
}

static void take_turn(struct forwarding *forwarding, int signals)
{
	struct berth *berth = forwarding->invocation->berth;
	size_t count = 0;
	ask(forwarding, &count, signals, POLLIN);
	ask(forwarding, &count, berth_fd(berth), POLLIN);
	struct pollfd *listener =
	    ask(forwarding, &count, forwarding->listener, forwarding->count < MOST_CONNECTIONS ? POLLIN : 0);
	for (struct connection *one = forwarding->connections; one; one = one->next)
		ask_of(forwarding, one, &count);
	if (poll(forwarding->polls, count, berth_timeout_ms(berth)) < 0)
		for (size_t i = 0; i < count; i++)
			forwarding->polls[i].revents = 0;
	berth_dispatch(berth);
	for (struct connection **at = &forwarding->connections; *at;) {
		struct connection *one = *at;
		serve(one);
		if (!one->gone) {
			at = &one->next;
			continue;
		}
		*at = one->next;
		forwarding->count--;
		release(one);
	}
	if (listener && listener->revents)
		let_in(forwarding);
}

static int listen_at(struct invocation *invocation, uint16_t port, uint16_t *ret_port)
{
	struct sockaddr_in address = {
	    .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t size = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), yes = 1;
	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
	    bind(fd, (struct sockaddr *)&address, size) == 0 && listen(fd, SOMAXCONN) == 0 &&
	    getsockname(fd, (struct sockaddr *)&address, &size) == 0) {
		*ret_port = ntohs(address.sin_port);
		return fd;
	}
	char text[120];
	snprintf(text, sizeof text, "port %d of 127.0.0.1 cannot be taken: %s", port, strerror(errno));
	complain(invocation, BERTH_FAILED, text, "name another one before it: 0:PORT is any that is free");
	if (fd >= 0)
		close(fd);
	return -1;
}

static int forward(struct forwarding *forwarding)
{
	int signals = signals_begin();
	while (!signals_taken())
		take_turn(forwarding, signals);
	signals_end();
	while (forwarding->connections) {
		struct connection *one = forwarding->connections;
		forwarding->connections = one->next;
		release(one);
	}
	return BERTH_INTERRUPTED;
}

/* What is to be reached is asked for once before anybody connects. */
static int find_first(struct forwarding *forwarding, int local)
{
	struct invocation *invocation = forwarding->invocation;
	const struct berth_listener listener = {
	    .size = sizeof listener, .event = show_warning, .context = invocation};
	struct screen out = screen_of(stdout, invocation), err = screen_of(stderr, invocation);
	struct carried carried = carry_out(invocation, berth_forward, &forwarding->request, &listener, NULL);
	uint16_t port = 0;
	int code = conclude(invocation, &carried);
	if (code && carried.document && !wants_json(invocation))
		show_diagnostics(&err, carried.document);
	if (code == 0) {
		int number = (int)number_of(carried.document, "port");
		forwarding->through = !*text_of(carried.document, "address");
		forwarding->listener = listen_at(invocation, (uint16_t)(local < 0 ? number : local), &port);
		code = forwarding->listener < 0 ? BERTH_FAILED : 0;
		if (!code && !wants_json(invocation)) {
			fprintf(stdout, "127.0.0.1:%d leads to ", port);
			put(&out, PLAIN, text_of(carried.document, "instance"));
			fprintf(stdout, ", port %d\n", number);
		} else if (!code) {
			json_object_set_new(carried.document, "local", json_integer(port));
			json_dumpf(carried.document, stdout, JSON_COMPACT);
			putchar('\n');
		}
		fflush(stdout);
	}
	carried_release(&carried);
	return code;
}

/* "[LOCAL:]PORT"; a port that is no number is a name. */
static int read_ports(struct invocation *invocation, const char *text, struct berth_request *request,
		      int *ret_local)
{
	const char *colon = strchr(text, ':'), *port = colon ? colon + 1 : text;
	char *end = NULL;
	*ret_local = -1;
	unsigned long local = colon ? strtoul(text, &end, 10) : 0;
	if (colon && (end != colon || end == text || local > UINT16_MAX))
		return complain_usage(invocation, "write [LOCAL:]PORT, such as 8080:80",
				      "`%s` begins with no port of this machine", text);
	if (colon)
		*ret_local = (int)local;
	unsigned long number = strtoul(port, &end, 10);
	if (!*port || (!*end && (!number || number > UINT16_MAX)))
		return complain_usage(invocation, "write [LOCAL:]PORT, such as 8080:80", "`%s` is no port",
				      port);
	if (*end)
		request->name = port;
	else
		request->port = (unsigned)number;
	return 0;
}

static int port_forward_run(struct invocation *invocation)
{
	const struct words *arguments = &invocation->arguments;
	struct input input = {0};
	int local, code;
	if (arguments->count < 3)
		return complain_usage(invocation, "usage: berth port-forward APP COMPONENT[/N] [LOCAL:]PORT",
				      !arguments->count       ? "in which application?"
				      : arguments->count == 1 ? "in which component?"
							      : "which port?");
	code = input_either(invocation, arguments->items[0], &input);
	if (code)
		return code;
	const char *const components[] = {arguments->items[1], NULL};
	owned_memory struct forwarding *forwarding = calloc(1, sizeof *forwarding);
	if (!forwarding) {
		input_release(&input);
		return complain(invocation, BERTH_FAILED, "out of memory", NULL);
	}
	forwarding->invocation = invocation;
	forwarding->request = request_of(invocation, &input);
	forwarding->request.components = components;
	forwarding->listener = -1;
	code = read_ports(invocation, arguments->items[2], &forwarding->request, &local);
	if (!code)
		code = find_first(forwarding, local);
	if (!code)
		code = forward(forwarding);
	if (forwarding->listener >= 0)
		close(forwarding->listener);
	input_release(&input);
	return code;
}

const struct command command_port_forward = {
    .name = "port-forward",
    .arguments = "APP|BLUEPRINT COMPONENT[/N] [LOCAL:]PORT",
    .summary = "lead a port of this machine to one of an instance",
    .details = "Listens on the port LOCAL of 127.0.0.1 (the same number as PORT, unless it is given; 0 is "
	       "any that is "
	       "free) and leads every connection to PORT of the instance N of a component, or of the lowest "
	       "one that "
	       "runs; a named port may be written by its name. On a machine reached by SSH the connection "
	       "goes through "
	       "its session, so that what listens on its loopback alone is reached; what is in a container "
	       "is reached "
	       "as it is published, else at its own address, where this machine reaches that.\n\n"
	       "For each connection it is looked up anew how the instance is reached, so that one that was "
	       "replaced is "
	       "found again. It goes on until it is interrupted. No connection goes through a controller.",
    .examples = {{"berth port-forward shop web 8080:80", "http://127.0.0.1:8080 is the web"},
		 {"berth port-forward shop db/2 0:6379", "some free port leads to the second `db`"}},
    .endings = ENDS_LOOKING,
    .subjects = {SUBJECT_EITHER, SUBJECT_COMPONENT},
    .most = 3,
    .run = port_forward_run,
};
