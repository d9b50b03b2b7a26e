/* http_server.c - the server the HTTP client's tests talk to. */
#include "http_server.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

struct connection {
	struct http_server *server;
	int fd, requests;
};

struct request {
	char text[16384];
	size_t length;
	char path[128];
};

static void say(int fd, const char *text)
{
	(void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
}

static void nap(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
}

/* Until the headers and the body they promise are there. */
static bool read_request(int fd, struct request *request)
{
	memset(request, 0, sizeof(*request));
	for (;;) {
		const char *end = strstr(request->text, "\r\n\r\n");
		if (end) {
			const char *length = strcasestr(request->text, "\r\nContent-Length:");
			size_t body = length ? strtoul(length + 17, NULL, 10) : 0;
			if (request->length >= (size_t)(end - request->text) + 4 + body)
				break;
		}
		ssize_t got =
		    recv(fd, request->text + request->length, sizeof(request->text) - 1 - request->length, 0);
		if (got <= 0)
			return false;
		request->length += (size_t)got;
		if (request->text[0] == 0x16) { /* a TLS hello */
			say(fd, "HTTP/1.1 400 Bad Request\r\n\r\n");
			return false;
		}
	}
	return sscanf(request->text, "%*s %127s", request->path) == 1;
}

static void answer(int fd, const char *status, const char *body, size_t length)
{
	char head[256];

	snprintf(head, sizeof(head), "HTTP/1.1 %s\r\nContent-Length: %zu\r\nX-Test: yes\r\n\r\n", status,
		 length);
	say(fd, head);
	while (length) {
		ssize_t put = send(fd, body, length, MSG_NOSIGNAL);
		if (put <= 0)
			return;
		body += put;
		length -= (size_t)put;
	}
}

static void wait_until_gone(struct connection *connection)
{
	char byte;

	while (recv(connection->fd, &byte, 1, 0) > 0)
		;
	connection->server->gone++;
}

static void drip(int fd)
{
	say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n");
	for (int i = 0; i < 20; i++) {
		nap();
		say(fd, "x");
	}
}

static void endless_headers(int fd)
{
	static const char line[] =
	    "X-Long: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n";

	say(fd, "HTTP/1.1 200 OK\r\n");
	for (int i = 0; i < 40000; i++)
		if (send(fd, line, sizeof(line) - 1, MSG_NOSIGNAL) <= 0)
			return;
}

static void send_big(int fd)
{
	char *big = calloc(1, 1 << 20);

	answer(fd, "200 OK", big, 1 << 20);
	free(big);
}

/* --- connections given away ---------------------------------------------------------------- */

static void send_back(struct connection *connection, const char *head)
{
	char bytes[65536];
	ssize_t got;

	say(connection->fd, head);
	while ((got = recv(connection->fd, bytes, sizeof(bytes), 0)) > 0) {
		connection->server->heard += got;
		for (ssize_t put = 0, sent; put < got; put += sent)
			if ((sent = send(connection->fd, bytes + put, (size_t)(got - put), MSG_NOSIGNAL)) <=
			    0)
				return;
	}
	say(connection->fd, "over");
}

static void say_slowly(int fd, const char *text)
{
	for (; *text; text++) {
		send(fd, text, 1, MSG_NOSIGNAL);
		if (text[0] == '\n')
			nap();
	}
}

static void reset(int fd)
{
	const struct sockaddr nobody = {.sa_family = AF_UNSPEC};

	say(fd, "HTTP/1.1 101 UPGRADED\r\n\r\nhalf");
	nap();
	connect(fd, &nobody, sizeof(nobody));
}

#define UPGRADED "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"

/* False when the path asks for nothing of the kind. */
static bool give_away(struct connection *connection, const struct request *request)
{
	const char *path = request->path;
	int fd = connection->fd;

	if (!strcmp(path, "/upgrade")) {
		send_back(connection, UPGRADED);
	} else if (!strcmp(path, "/hijack")) {
		send_back(connection,
			  "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n");
	} else if (!strcmp(path, "/slowly")) {
		say_slowly(fd, "HTTP/1.1 100 Continue\r\n\r\n" UPGRADED);
		send_back(connection, "");
	} else if (!strcmp(path, "/early")) {
		send_back(connection, UPGRADED "early");
	} else if (!strcmp(path, "/deaf")) {
		say(fd, UPGRADED);
		while (!connection->server->hears && !connection->server->stopping)
			nap();
		send_back(connection, "");
	} else if (!strcmp(path, "/cut101")) {
		reset(fd);
	} else if (!strcmp(path, "/half-head")) {
		say(fd, "HTTP/1.1 10");
	} else {
		return false;
	}
	return true;
}

/* False when the path asks for nothing of the kind. */
static bool refuse(int fd, const char *path)
{
	if (!strcmp(path, "/refused")) {
		say(fd, "HTTP/1.1 409 Conflict\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nis no");
		nap();
		say(fd, "\r\n9\r\nt running\r\n0\r\n\r\n");
	} else if (!strcmp(path, "/wordless")) {
		answer(fd, "422 ", "{}", 2);
	} else if (!strcmp(path, "/answered")) {
		answer(fd, "200 OK", "hello", 5);
	} else if (!strcmp(path, "/blabber")) {
		char *big = calloc(1, 1 << 20);
		answer(fd, "409 Conflict", big, 1 << 20);
		free(big);
	} else {
		return false;
	}
	return true;
}

/* Whether the connection goes on. */
static bool misbehave(struct connection *connection, const struct request *request)
{
	const char *path = request->path;
	int fd = connection->fd;

	if (!strcmp(path, "/cut")) {
		say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789");
	} else if (!strcmp(path, "/never")) {
		wait_until_gone(connection);
	} else if (!strcmp(path, "/garbage")) {
		say(fd, "!!! what is this\r\n\r\n");
	} else if (!strcmp(path, "/headers")) {
		endless_headers(fd);
	} else if (!strcmp(path, "/silent")) {
		say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npiece");
		wait_until_gone(connection);
	} else if (!strcmp(path, "/second") && connection->requests == 1) {
		answer(fd, "200 OK", "hello", 5);
		return true;
	} else if (strcmp(path, "/second") != 0) {
		answer(fd, "404 Not Found", "no such thing", 13);
		return true;
	}
	return false;
}

static bool serve(struct connection *connection, const struct request *request)
{
	const char *path = request->path;
	int fd = connection->fd;

	if (!strcmp(path, "/hello")) {
		answer(fd, "200 OK", "hello", strstr(request->text, "HEAD ") ? 0 : 5);
	} else if (!strcmp(path, "/echo")) {
		answer(fd, "200 OK", request->text, request->length);
	} else if (!strcmp(path, "/chunked")) {
		say(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
		nap();
		say(fd, "3\r\ntwo\r\n5\r\nthree\r\n0\r\n\r\n");
	} else if (!strcmp(path, "/drip")) {
		drip(fd);
	} else if (!strcmp(path, "/big")) {
		send_big(fd);
	} else if (!strcmp(path, "/continue")) {
		say(fd, "HTTP/1.1 100 Continue\r\nX-Early: yes\r\n\r\n");
		answer(fd, "200 OK", "late", 4);
	} else if (!strcmp(path, "/redirect")) {
		say(fd, "HTTP/1.1 302 Found\r\nLocation: /hello\r\nContent-Length: 0\r\n\r\n");
	} else if (!strcmp(path, "/until-end")) {
		say(fd, "HTTP/1.1 500 Oh\r\n\r\nso be it");
		return false;
	} else if (give_away(connection, request)) {
		return false;
	} else if (!refuse(fd, path)) {
		return misbehave(connection, request);
	}
	return true;
}

static void *connection_main(void *argument)
{
	struct connection *connection = argument;
	struct request *request = malloc(sizeof(*request));

	while (request && read_request(connection->fd, request)) {
		connection->server->arrivals++;
		connection->requests++;
		if (!serve(connection, request))
			break;
	}
	shutdown(connection->fd, SHUT_RDWR);
	free(request);
	free(connection);
	return NULL;
}

static void *server_main(void *argument)
{
	struct http_server *server = argument;

	for (;;) {
		int fd = accept(server->listener, NULL, NULL);
		if (fd < 0 || server->stopping || server->count == 128) {
			if (fd >= 0)
				close(fd);
			return NULL;
		}
		struct connection *connection = calloc(1, sizeof(*connection));
		connection->server = server;
		connection->fd = fd;
		server->accepted++;
		server->sockets[server->count] = fd;
		pthread_create(&server->connections[server->count++], NULL, connection_main, connection);
	}
}

static int listen_tcp(struct http_server *server)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert_eq(bind(fd, (struct sockaddr *)&address, size), 0);
	cr_assert_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	server->port = ntohs(address.sin_port);
	return fd;
}

static int listen_unix(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert_lt(strlen(path), sizeof(address.sun_path));
	strcpy(address.sun_path, path);
	cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

struct http_server *server_start(const char *unix_path)
{
	struct http_server *server = calloc(1, sizeof(*server));

	server->listener = unix_path ? listen_unix(unix_path) : listen_tcp(server);
	cr_assert_eq(listen(server->listener, 64), 0);
	pthread_create(&server->thread, NULL, server_main, server);
	return server;
}

void server_stop(struct http_server **slot)
{
	struct http_server *server = *slot;

	if (!server)
		return;
	*slot = NULL;
	server->stopping = true;
	shutdown(server->listener, SHUT_RDWR);
	pthread_join(server->thread, NULL);
	for (int i = 0; i < server->count; i++) {
		shutdown(server->sockets[i], SHUT_RDWR);
		pthread_join(server->connections[i], NULL);
		close(server->sockets[i]);
	}
	close(server->listener);
	free(server);
}
