/* ssh_wire.c - a way to an sshd on which things go wrong: a thread for each connection. */
#include "ssh_wire.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct way {
	struct ssh_wire *wire;
	int client;
};

/* False when that direction is over. */
static bool pass(int from, int to, long *left)
{
	char bytes[4096];
	ssize_t got =
	    recv(from, bytes, left && *left >= 0 && *left < 4096 ? (size_t)*left : sizeof(bytes), 0);

	if (got <= 0)
		return false;
	if (left && *left >= 0)
		*left -= got;
	return send(to, bytes, (size_t)got, MSG_NOSIGNAL) == got;
}

static void carry(struct way *way, int server)
{
	struct pollfd both[2] = {{.fd = way->client, .events = POLLIN}, {.fd = server, .events = POLLIN}};
	long left = way->wire->cut_after;

	while (!way->wire->stopping && left != 0) {
		if (way->wire->silent || poll(both, 2, 20) <= 0) {
			usleep(way->wire->silent ? 20000 : 0);
			continue;
		}
		if (both[0].revents && !pass(way->client, server, NULL))
			return;
		if (both[1].revents && !pass(server, way->client, &left))
			return;
	}
}

static void *go(void *argument)
{
	struct way *way = argument;
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				      .sin_port = htons(way->wire->to)};
	int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (!connect(server, (struct sockaddr *)&address, sizeof(address)))
		carry(way, server);
	close(server);
	close(way->client);
	free(way);
	return NULL;
}

static void *serve(void *argument)
{
	struct ssh_wire *wire = argument;
	int client;

	while (wire->count < SSH_WIRE_MOST && (client = accept(wire->listener, NULL, NULL)) >= 0) {
		struct way *way = calloc(1, sizeof(*way));
		way->wire = wire;
		way->client = client;
		wire->accepted++;
		pthread_create(&wire->ways[wire->count++], NULL, go, way);
	}
	return NULL;
}

void ssh_wire_start(struct ssh_wire *wire, uint16_t to)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);

	memset(wire, 0, sizeof(*wire));
	wire->to = to;
	wire->cut_after = -1;
	wire->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cr_assert_eq(bind(wire->listener, (struct sockaddr *)&address, size), 0);
	cr_assert_eq(getsockname(wire->listener, (struct sockaddr *)&address, &size), 0);
	cr_assert_eq(listen(wire->listener, 64), 0);
	wire->port = ntohs(address.sin_port);
	cr_assert_eq(pthread_create(&wire->thread, NULL, serve, wire), 0);
}

void ssh_wire_stop(struct ssh_wire *wire)
{
	wire->stopping = true;
	shutdown(wire->listener, SHUT_RDWR);
	pthread_join(wire->thread, NULL);
	for (int i = 0; i < wire->count; i++)
		pthread_join(wire->ways[i], NULL);
	close(wire->listener);
}
