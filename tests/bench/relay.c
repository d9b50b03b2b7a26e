/* relay.c - what a stand-in costs: the same bytes and the same requests directly and through the helper, in
 * turn, with how much of the direct figure is left. A line of Markdown for each.
 *
 * berth-relay HELPER ROUNDS: the medians of so many rounds, of half a second each way. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST_ROUNDS = 99, MOST_CONNECTIONS = 64, REQUEST = 100, ANSWER = 1000, BULK = 1 << 16 };
#define ROUND_S 0.5

struct bench {
	const char *helper;
	unsigned server, front;
	pid_t children[2];
	char folder[40], table[64];
};

static _Noreturn void give_up(const char *what)
{
	perror(what);
	exit(1);
}

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static struct sockaddr_in at_port(unsigned port)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
				    .sin_port = htons((uint16_t)port),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int listening(unsigned *ret_port)
{
	struct sockaddr_in address = at_port(0);
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) || listen(fd, MOST_CONNECTIONS) ||
	    getsockname(fd, (struct sockaddr *)&address, &size))
		give_up("listen");
	*ret_port = ntohs(address.sin_port);
	return fd;
}

static int connected(unsigned port)
{
	static const int on = 1;
	struct sockaddr_in address = at_port(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		return fd;
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

/* --- the server: a request that begins with `b` is answered by all that there is ------------------- */

static void pour(int fd)
{
	static char bytes[BULK];

	while (send(fd, bytes, sizeof(bytes), MSG_NOSIGNAL) > 0)
		;
}

/* Whether the connection goes on. */
static bool answer(int fd)
{
	static char answer[ANSWER];
	char request[REQUEST];
	ssize_t count = recv(fd, request, sizeof(request), 0);

	if (count > 0 && *request == 'b')
		pour(fd);
	else if (count == REQUEST && send(fd, answer, sizeof(answer), MSG_NOSIGNAL) == ANSWER)
		return true;
	close(fd);
	return false;
}

static _Noreturn void serve(int listener)
{
	static const int on = 1;
	struct epoll_event events[MOST_CONNECTIONS], event = {.events = EPOLLIN, .data.fd = listener};
	int epoll = epoll_create1(0);

	epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
	for (;;) {
		int count = epoll_wait(epoll, events, MOST_CONNECTIONS, -1);
		for (int i = 0; i < count; i++) {
			int fd = events[i].data.fd;
			if (fd != listener) {
				answer(fd);
				continue;
			}
			event.data.fd = accept(listener, NULL, NULL);
			setsockopt(event.data.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
			epoll_ctl(epoll, EPOLL_CTL_ADD, event.data.fd, &event);
		}
	}
}

/* --- the client ------------------------------------------------------------------------------------ */

/* Bytes a second. */
static double bulk(unsigned port, unsigned connections)
{
	static char bytes[BULK];
	char request[REQUEST] = "b";
	int fd = connected(port);
	double began = now_s(), total = 0;
	ssize_t count = 1;

	(void)connections;
	if (fd < 0 || send(fd, request, sizeof(request), MSG_NOSIGNAL) != REQUEST)
		give_up("bulk");
	while (count > 0 && now_s() - began < ROUND_S) {
		count = recv(fd, bytes, sizeof(bytes), 0);
		total += (double)count;
	}
	if (count <= 0)
		give_up("bulk");
	close(fd);
	return total / (now_s() - began);
}

static void ask(int fd)
{
	static const char request[REQUEST] = "a";

	if (send(fd, request, sizeof(request), MSG_NOSIGNAL) != REQUEST)
		give_up("request");
}

/* Requests a second, of so many connections that are kept. */
static double requests(unsigned port, unsigned connections)
{
	struct pollfd polled[MOST_CONNECTIONS];
	size_t got[MOST_CONNECTIONS] = {0};
	double total = 0;

	for (unsigned i = 0; i < connections; i++)
		if ((polled[i] = (struct pollfd){.fd = connected(port), .events = POLLIN}).fd < 0)
			give_up("connect");
	double began = now_s();
	for (unsigned i = 0; i < connections; i++)
		ask(polled[i].fd);
	while (now_s() - began < ROUND_S) {
		poll(polled, connections, 1000);
		for (unsigned i = 0; i < connections; i++) {
			char bytes[ANSWER];
			if (!polled[i].revents)
				continue;
			ssize_t count = recv(polled[i].fd, bytes, sizeof(bytes), 0);
			if (count <= 0)
				give_up("answer");
			if ((got[i] += (size_t)count) < ANSWER)
				continue;
			got[i] = 0;
			total++;
			ask(polled[i].fd);
		}
	}
	double rate = total / (now_s() - began);
	for (unsigned i = 0; i < connections; i++)
		close(polled[i].fd);
	return rate;
}

/* --- the whole ------------------------------------------------------------------------------------- */

static void begin(struct bench *bench)
{
	int listener = listening(&bench->server), spare = listening(&bench->front), fd;

	close(spare);
	snprintf(bench->folder, sizeof(bench->folder), "/tmp/berth-relay.XXXXXX");
	if (!mkdtemp(bench->folder))
		give_up("mkdtemp");
	snprintf(bench->table, sizeof(bench->table), "%s/table", bench->folder);
	FILE *file = fopen(bench->table, "we");
	if (!file)
		give_up(bench->table);
	fprintf(file, "127.0.0.1:%u 127.0.0.1:%u\n", bench->front, bench->server);
	fclose(file);
	if (!(bench->children[0] = fork()))
		serve(listener);
	close(listener);
	if (!(bench->children[1] = fork())) {
		execl(bench->helper, bench->helper, "relay", bench->table, (char *)NULL);
		_exit(127);
	}
	for (double until = now_s() + 10; (fd = connected(bench->front)) < 0;) {
		if (now_s() > until)
			give_up("the helper does not listen");
		poll(NULL, 0, 5);
	}
	close(fd);
}

static void end(const struct bench *bench)
{
	for (size_t i = 0; i < 2; i++) {
		kill(bench->children[i], SIGKILL);
		waitpid(bench->children[i], NULL, 0);
	}
	unlink(bench->table);
	rmdir(bench->folder);
}

static int by_size(const void *a, const void *b)
{
	double one = *(const double *)a, other = *(const double *)b;

	return (one > other) - (one < other);
}

static double median(double *numbers, unsigned count)
{
	qsort(numbers, count, sizeof(*numbers), by_size);
	return numbers[count / 2];
}

static void compare(const struct bench *bench, unsigned rounds, const char *what, bool of_bytes,
		    double (*measure)(unsigned port, unsigned connections), unsigned connections)
{
	double direct[MOST_ROUNDS], through[MOST_ROUNDS], ratios[MOST_ROUNDS], unit = of_bytes ? 1e9 : 1;
	const char *suffix = of_bytes ? " GB/s" : "/s";
	int digits = of_bytes ? 2 : 0;

	for (unsigned i = 0; i < rounds; i++) {
		direct[i] = measure(bench->server, connections) / unit;
		through[i] = measure(bench->front, connections) / unit;
		ratios[i] = through[i] / direct[i];
	}
	printf("| %s | %.*f%s | %.*f%s", what, digits, median(direct, rounds), suffix, digits,
	       median(through, rounds), suffix);
	printf(" | %.2f |\n", median(ratios, rounds));
	fflush(stdout);
}

int main(int count, char **arguments)
{
	struct bench bench = {.helper = count == 3 ? arguments[1] : NULL};
	unsigned rounds = count == 3 ? (unsigned)strtoul(arguments[2], NULL, 10) : 0;

	if (!rounds || rounds > MOST_ROUNDS) {
		fprintf(stderr, "usage: berth-relay HELPER ROUNDS\n");
		return 64;
	}
	begin(&bench);
	printf("| | directly | through a stand-in | of direct |\n|---|---|---|---|\n");
	compare(&bench, rounds, "one transfer", true, bulk, 1);
	compare(&bench, rounds, "requests of one connection", false, requests, 1);
	compare(&bench, rounds, "requests of four", false, requests, 4);
	compare(&bench, rounds, "requests of 32", false, requests, 32);
	end(&bench);
	return 0;
}
