/* relay.c - takes connections, finds a target for each, and has them moved. */
#include "helper/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "helper/question.h"

enum {
	BACKLOG = 1024,
	EVENTS = 256,
	CONNECT_MS = 3000, /* for one target */
	AGAIN_MS = 50,     /* from one round over all targets to the next */
	TURNS = 2,
	SOON_US = 40,
	AWAKE_US = 20,     /* so long the next turn is waited for awake */
	PATIENCE_MS = 2000 /* until a client is let go of for which no target answers */
};

enum kind { OF_SIGNALS, OF_LISTENER, OF_CLIENT, OF_TARGET };

#define MOVES (EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET)

struct listener {
	enum kind kind;
	int fd;
	struct relay_line line;
	size_t turn; /* whose it is next */
};

/* A client, on its way to a target or connected to one. */
struct passage {
	struct end {
		enum kind kind;
		struct passage *passage;
	} ends[2];
	int client, target;          /* -1: none is tried just now */
	struct relay_stream *stream; /* has both, once they are connected */
	struct relay_address by;     /* where it came in */
	size_t tried;                /* in this round */
	int64_t due_ms, last_ms;     /* of the attempt or the pause; of all of them */
	bool gone;
	struct passage *next;
};

struct relay {
	const char *path;
	int epoll, signals;
	enum kind of_signals;
	struct listener **listeners;
	size_t count;
	struct passage *seeking; /* those that are not connected yet */
	struct passage *leaving; /* events may still name them */
	size_t passages;
	bool deaf; /* there were no descriptors for one more */
	bool ending;
	unsigned turns; /* events that came alone, and soon after the one before */
};

static bool watch_fd(const struct relay *relay, int how, int fd, uint32_t events, void *what)
{
	struct epoll_event event = {.events = events, .data.ptr = what};
	return epoll_ctl(relay->epoll, how, fd, &event) == 0;
}

static void at_once(int fd)
{
	static const int on = 1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
}

/* Consumers are on this machine: what paces a sender to what a network carries only costs time there. */
static void beside_us(int fd)
{
	if (setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "cubic", strlen("cubic")) < 0)
		setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", strlen("reno"));
}

/* --- where it listens ------------------------------------------------------------------------ */

static struct listener *listener_at(const struct relay *relay, const struct relay_address *here)
{
	for (size_t i = 0; i < relay->count; i++)
		if (relay_address_same(&relay->listeners[i]->line.here, here))
			return relay->listeners[i];
	return NULL;
}

static int listen_at(const struct relay_address *here)
{
	static const int on = 1, off = 0;
	int fd = socket(here->at.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (here->at.any.sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, &here->at.any, here->size) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	close(fd);
	return -1;
}

/* Where there is no IPv6, every address is one of IPv4. */
static int listen_for(const struct relay_line *line)
{
	int fd = listen_at(&line->here);

	if (fd >= 0 || line->here.at.any.sa_family != AF_INET6 ||
	    !IN6_IS_ADDR_UNSPECIFIED(&line->here.at.v6.sin6_addr))
		return fd;
	struct relay_address v4 = {.size = sizeof(v4.at.v4)};
	v4.at.v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = line->here.at.v6.sin6_port};
	return listen_at(&v4);
}

static void listener_free(struct listener *listener)
{
	close(listener->fd);
	free(listener->line.targets);
	free(listener);
}

static struct listener *listener_new(const struct relay *relay, const struct relay_line *line)
{
	struct listener *listener = calloc(1, sizeof(*listener));

	if (!listener)
		return NULL;
	*listener =
	    (struct listener){.kind = OF_LISTENER, .fd = listen_for(line), .line = {.here = line->here}};
	if (listener->fd >= 0 && watch_fd(relay, EPOLL_CTL_ADD, listener->fd, EPOLLIN, listener))
		return listener;
	fprintf(stderr, "cannot listen on port %u: %s\n", ntohs(line->here.at.v4.sin_port), strerror(errno));
	if (listener->fd >= 0)
		close(listener->fd);
	free(listener);
	return NULL;
}

/* The listener of that line, with its targets; one that was there before goes on. */
static struct listener *listener_for(struct relay *relay, struct relay_line *line)
{
	struct listener *listener = listener_at(relay, &line->here);

	if (!listener && !(listener = listener_new(relay, line)))
		return NULL;
	free(listener->line.targets);
	listener->line = *line;
	*line = (struct relay_line){0};
	return listener;
}

static bool holds(struct listener *const *list, size_t count, const struct listener *one)
{
	for (size_t i = 0; i < count; i++)
		if (list[i] == one)
			return true;
	return false;
}

/* False when the file cannot be read, or not all of it be done: what was before stays as far as it can. */
static bool take_table(struct relay *relay)
{
	struct relay_table table;
	bool good = relay_table_read(relay->path, &table);
	struct listener **listeners = good ? calloc(table.count + 1, sizeof(struct listener *)) : NULL;
	size_t count = 0;

	if (!listeners) {
		relay_table_free(&table);
		return false;
	}
	for (size_t i = 0; i < table.count; i++) {
		struct listener *listener = listener_for(relay, &table.lines[i]);
		good = good && listener;
		if (listener && !holds(listeners, count, listener))
			listeners[count++] = listener;
	}
	for (size_t i = 0; i < relay->count; i++)
		if (!holds(listeners, count, relay->listeners[i]))
			listener_free(relay->listeners[i]);
	free(relay->listeners);
	relay->listeners = listeners;
	relay->count = count;
	relay_table_free(&table);
	return good;
}

static void hear(struct relay *relay, bool well)
{
	relay->deaf = !well;
	for (size_t i = 0; i < relay->count; i++)
		watch_fd(relay, EPOLL_CTL_MOD, relay->listeners[i]->fd, well ? EPOLLIN : 0,
			 relay->listeners[i]);
}

/* --- a client's way to a target -------------------------------------------------------------- */

static void seeks_no_more(struct relay *relay, const struct passage *passage)
{
	struct passage **at = &relay->seeking;

	while (*at && *at != passage)
		at = &(*at)->next;
	if (*at)
		*at = passage->next;
}

static void passage_end(struct relay *relay, struct passage *passage)
{
	if (passage->stream) {
		relay_stream_free(passage->stream);
	} else {
		seeks_no_more(relay, passage);
		close(passage->client);
		if (passage->target >= 0)
			close(passage->target);
	}
	passage->gone = true;
	passage->next = relay->leaving;
	relay->leaving = passage;
	relay->passages--;
	if (relay->deaf)
		hear(relay, true);
}

static void connected(struct relay *relay, struct passage *passage)
{
	int client = passage->client, target = passage->target;

	seeks_no_more(relay, passage);
	at_once(client);
	beside_us(client);
	at_once(target);
	passage->stream = relay_stream_new(client, target);
	if (passage->stream && watch_fd(relay, EPOLL_CTL_ADD, client, MOVES, &passage->ends[RELAY_CLIENT]) &&
	    watch_fd(relay, EPOLL_CTL_MOD, target, MOVES, &passage->ends[RELAY_TARGET]))
		return;
	passage->client = passage->target = -1;
	passage_end(relay, passage);
}

/* What is to be done next: that target was no use, or there is none. */
static void no_target(struct passage *passage)
{
	if (passage->target >= 0)
		close(passage->target);
	passage->target = -1;
	passage->tried++;
}

/* True once it is on its way to a target. */
static bool try_target(struct relay *relay, struct passage *passage, const struct relay_address *to)
{
	passage->target = socket(to->at.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	passage->due_ms = now_ms() + CONNECT_MS;
	if (passage->target >= 0 &&
	    (connect(passage->target, &to->at.any, to->size) == 0 || errno == EINPROGRESS) &&
	    watch_fd(relay, EPOLL_CTL_ADD, passage->target, EPOLLOUT, &passage->ends[RELAY_TARGET]))
		return true;
	no_target(passage);
	return false;
}

static void seek(struct relay *relay, struct passage *passage)
{
	struct listener *listener = listener_at(relay, &passage->by);
	size_t count = listener ? listener->line.target_count : 0;

	while (passage->tried < count)
		if (try_target(relay, passage, &listener->line.targets[listener->turn++ % count]))
			return;
	passage->due_ms = now_ms() + AGAIN_MS;
	if (passage->due_ms > passage->last_ms)
		passage_end(relay, passage);
}

static void passage_new(struct relay *relay, int client, const struct listener *listener)
{
	struct passage *passage = calloc(1, sizeof(*passage));

	if (!passage) {
		close(client);
		return;
	}
	*passage = (struct passage){.ends = {{OF_CLIENT, passage}, {OF_TARGET, passage}},
				    .client = client,
				    .target = -1,
				    .by = listener->line.here,
				    .last_ms = now_ms() + PATIENCE_MS,
				    .next = relay->seeking};
	relay->seeking = passage;
	relay->passages++;
	seek(relay, passage);
}

static void accept_all(struct relay *relay, const struct listener *listener)
{
	for (;;) {
		int client = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (client >= 0) {
			passage_new(relay, client, listener);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE)
			hear(relay, false);
		if (errno != ECONNABORTED && errno != EINTR)
			return;
	}
}

static void passage_move(struct relay *relay, const struct end *end, uint32_t events)
{
	struct passage *passage = end->passage;
	int failed = 0;
	socklen_t size = sizeof(failed);

	if (passage->gone || (!passage->stream && passage->target < 0))
		return;
	if (!passage->stream) {
		if (getsockopt(passage->target, SOL_SOCKET, SO_ERROR, &failed, &size) < 0 || failed) {
			no_target(passage);
			seek(relay, passage);
			return;
		}
		connected(relay, passage);
		return;
	}
	if (!relay_stream_move(passage->stream, end->kind == OF_CLIENT ? RELAY_CLIENT : RELAY_TARGET, events))
		passage_end(relay, passage);
}

/* --- time ------------------------------------------------------------------------------------ */

static int patience(const struct relay *relay)
{
	int64_t now = now_ms(), least = -1;

	for (const struct passage *one = relay->seeking; one; one = one->next) {
		int64_t left = one->due_ms > now ? one->due_ms - now : 0;
		least = least < 0 || left < least ? left : least;
	}
	return (int)least;
}

static void seek_again(struct relay *relay, bool at_once)
{
	int64_t now = now_ms();
	struct passage *next;

	for (struct passage *one = relay->seeking; one; one = next) {
		next = one->next;
		bool pauses = one->target < 0;
		if (one->due_ms > now && !(at_once && pauses))
			continue;
		if (pauses)
			one->tried = 0;
		else
			no_target(one);
		seek(relay, one);
	}
}

static void free_leaving(struct relay *relay)
{
	while (relay->leaving) {
		struct passage *one = relay->leaving;
		relay->leaving = one->next;
		free(one);
	}
}

/* --- the whole ------------------------------------------------------------------------------- */

static void end(struct relay *relay)
{
	relay->ending = true;
	for (size_t i = 0; i < relay->count; i++)
		listener_free(relay->listeners[i]);
	relay->count = 0;
}

static void heed(struct relay *relay)
{
	struct signalfd_siginfo signal;

	while (read(relay->signals, &signal, sizeof(signal)) == sizeof(signal)) {
		if (signal.ssi_signo != SIGHUP)
			end(relay);
		else if (!relay->ending && take_table(relay))
			seek_again(relay, true);
	}
}

static bool set_up(struct relay *relay)
{
	struct rlimit files;
	sigset_t heeded;

	sigemptyset(&heeded);
	sigaddset(&heeded, SIGHUP);
	sigaddset(&heeded, SIGTERM);
	sigaddset(&heeded, SIGINT);
	sigprocmask(SIG_BLOCK, &heeded, NULL);
	signal(SIGPIPE, SIG_IGN);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	relay->signals = signalfd(-1, &heeded, SFD_NONBLOCK | SFD_CLOEXEC);
	relay->epoll = epoll_create1(EPOLL_CLOEXEC);
	return relay->signals >= 0 && relay->epoll >= 0 &&
	       watch_fd(relay, EPOLL_CTL_ADD, relay->signals, EPOLLIN, &relay->of_signals);
}

static void dispatch(struct relay *relay, void *what, uint32_t events)
{
	switch (*(const enum kind *)what) {
	case OF_SIGNALS:
		heed(relay);
		break;
	case OF_LISTENER:
		accept_all(relay, what);
		break;
	case OF_CLIENT:
	case OF_TARGET:
		passage_move(relay, what, events);
		break;
	}
}

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Of two that take turns in answering at once, falling asleep and being woken takes longer than the answer.
 */
static int next_events(struct relay *relay, struct epoll_event *events)
{
	int64_t began = now_us();
	int count = 0;

	while (relay->turns >= TURNS && !count && now_us() - began < AWAKE_US) {
		sched_yield();
		count = epoll_wait(relay->epoll, events, EVENTS, 0);
	}
	if (!count)
		count = epoll_wait(relay->epoll, events, EVENTS, patience(relay));
	relay->turns = count == 1 && now_us() - began < SOON_US ? relay->turns + 1 : 0;
	return count;
}

int relay_serve(const char *path)
{
	static struct relay relay;
	struct epoll_event events[EVENTS];

	relay = (struct relay){.path = path, .of_signals = OF_SIGNALS};
	if (!set_up(&relay) || !take_table(&relay))
		return EXIT_FAILURE;
	while (!relay.ending || relay.passages) {
		int count = next_events(&relay, events);
		if (count < 0 && errno != EINTR)
			return EXIT_FAILURE;
		/* Signals last: they close what other events are of. */
		for (int last = 0; last < 2; last++)
			for (int i = 0; i < count; i++)
				if ((events[i].data.ptr == &relay.of_signals) == last)
					dispatch(&relay, events[i].data.ptr, events[i].events);
		seek_again(&relay, false);
		free_leaving(&relay);
	}
	return EXIT_SUCCESS;
}

/* --- it is told ------------------------------------------------------------------------------ */

static bool copy_all(int to, size_t size)
{
	char bytes[8192];
	size_t got = 0;

	while (got < size) {
		ssize_t count = read(STDIN_FILENO, bytes, sizeof(bytes));
		if (count <= 0 || write(to, bytes, (size_t)count) != count)
			return false;
		got += (size_t)count;
	}
	return got == size;
}

static bool take_file(const char *path, size_t size)
{
	char fresh[4096];
	int fd;

	snprintf(fresh, sizeof(fresh), "%s.new", path);
	if ((fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)) < 0)
		return false;
	bool good = copy_all(fd, size);
	close(fd);
	return good && rename(fresh, path) == 0;
}

int relay_told(const char *path)
{
	const char *size = getenv("berth_size");
	struct relay_table table;

	if (size && !take_file(path, (size_t)strtoull(size, NULL, 10))) {
		fprintf(stderr, "cannot write %s: %s\n", path, strerror(errno));
		return EXIT_FAILURE;
	}
	if (!relay_table_read(path, &table))
		return EXIT_FAILURE;
	relay_table_free(&table);
	return kill(1, SIGHUP) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
