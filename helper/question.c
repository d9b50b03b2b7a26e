/* question.c - asks an address, and says in one line what came of it. */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "helper/answer.h"
#include "helper/question.h"

#define NAME_LENGTH 40

struct question {
	char name[NAME_LENGTH + 1];
	char peer[64]; /* "10.0.0.5:80" */
	int fd;
	int64_t due_ms;
	bool connected;
	char *request; /* NULL: only whether it takes a connection */
	size_t sent;
	struct answer answer;
};

int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- what came of it ------------------------------------------------------------------------- */

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void say(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	/* Whoever asks is gone. */
	if (fflush(stdout) != 0)
		exit(EXIT_FAILURE);
}

void question_refuse(const char *line, const char *words)
{
	say("%.*s error %s\n", (int)strcspn(line, " \n"), line, words);
}

static struct question *gone(struct question *question)
{
	if (question->fd >= 0)
		close(question->fd);
	free(question->request);
	free(question);
	return NULL;
}

static struct question *not_reached(struct question *question, int error)
{
	char words[80];
	snprintf(words, sizeof(words), "%s", strerror(error));
	if (question->request) {
		say("%s error cannot connect to %s: %s\n", question->name, question->peer, words);
		return gone(question);
	}
	words[0] = (char)tolower((unsigned char)words[0]);
	say("%s error %s: %s\n", question->name, question->peer, words);
	return gone(question);
}

static struct question *too_late(struct question *question)
{
	if (question->request)
		say("%s error no answer from %s in time\n", question->name, question->peer);
	else
		say("%s error %s: no answer in time\n", question->name, question->peer);
	return gone(question);
}

static struct question *cut(struct question *question)
{
	say("%s error %s ended the connection before its answer was whole\n", question->name, question->peer);
	return gone(question);
}

static struct question *answered(struct question *question)
{
	const struct answer *answer = &question->answer;
	char hex[2 * sizeof(answer->body) + 1] = "";
	for (size_t i = 0; i < answer->body_length; i++)
		snprintf(hex + 2 * i, 3, "%02x", (unsigned char)answer->body[i]);
	say("%s status %d %s\n", question->name, answer->status, hex);
	return gone(question);
}

/* --- asking ---------------------------------------------------------------------------------- */

static struct question *begin_connection(struct question *question, const struct sockaddr *address,
					 socklen_t size)
{
	question->fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (question->fd < 0)
		return not_reached(question, errno);
	if (connect(question->fd, address, size) < 0 && errno != EINPROGRESS)
		return not_reached(question, errno);
	return question;
}

static struct question *begin_at(struct question *question, const char *address, unsigned port)
{
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
	if (inet_pton(AF_INET, address, &four.sin_addr) == 1)
		return begin_connection(question, (const struct sockaddr *)&four, sizeof(four));
	if (inet_pton(AF_INET6, address, &six.sin6_addr) == 1)
		return begin_connection(question, (const struct sockaddr *)&six, sizeof(six));
	question_refuse(question->name, "the address is not numeric");
	return gone(question);
}

static void write_request(struct question *question, unsigned port, const char *path)
{
	int host = (int)strlen(question->peer);
	if (port == 80)
		host -= (int)strlen(":80");
	if (asprintf(&question->request, "GET %s HTTP/1.1\r\nHost: %.*s\r\nAccept: */*\r\n\r\n", path, host,
		     question->peer) < 0)
		exit(EXIT_FAILURE);
}

struct question *question_begin(const char *line)
{
	char name[NAME_LENGTH + 1], kind[5], address[48];
	unsigned limit_ms, port;
	int path = -1;
	int parts = sscanf(line, "%40s %4s %u %47s %u %n", name, kind, &limit_ms, address, &port, &path);
	bool http = parts == 5 && strcmp(kind, "http") == 0;
	if (parts != 5 || port < 1 || port > 65535 ||
	    !(http ? path > 0 && line[path] == '/' : strcmp(kind, "tcp") == 0)) {
		question_refuse(line, "the question is not understood");
		return NULL;
	}
	struct question *question = calloc(1, sizeof(*question));
	if (!question)
		exit(EXIT_FAILURE);
	question->fd = -1;
	question->due_ms = now_ms() + limit_ms;
	snprintf(question->name, sizeof(question->name), "%s", name);
	snprintf(question->peer, sizeof(question->peer), strchr(address, ':') ? "[%s]:%u" : "%s:%u", address,
		 port);
	if (http)
		write_request(question, port, line + path);
	return begin_at(question, address, port);
}

struct pollfd question_waits(const struct question *question)
{
	bool sends = !question->connected || (question->request && question->request[question->sent]);
	return (struct pollfd){.fd = question->fd, .events = sends ? POLLIN | POLLOUT : POLLIN};
}

int64_t question_due(const struct question *question)
{
	return question->due_ms;
}

static struct question *connected(struct question *question)
{
	int error = 0;
	socklen_t size = sizeof(error);
	if (getsockopt(question->fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
		error = errno;
	if (error)
		return not_reached(question, error);
	question->connected = true;
	if (question->request)
		return question;
	say("%s open\n", question->name);
	return gone(question);
}

/* A server may answer, and hang up, before it has taken the whole request. */
static void send_some(struct question *question)
{
	const char *left = question->request + question->sent;
	ssize_t count = *left ? send(question->fd, left, strlen(left), MSG_NOSIGNAL) : 0;
	if (count > 0)
		question->sent += (size_t)count;
}

static struct question *receive_some(struct question *question)
{
	char bytes[4096];
	ssize_t count = recv(question->fd, bytes, sizeof(bytes), 0);
	if (count < 0 && (errno == EAGAIN || errno == EINTR))
		return question;
	if (count > 0)
		answer_take(&question->answer, bytes, (size_t)count);
	else if (count == 0)
		answer_closed(&question->answer);
	if (question->answer.at == AT_END)
		return answered(question);
	if (question->answer.at == AT_GARBAGE) {
		say("%s error %s does not answer as HTTP should\n", question->name, question->peer);
		return gone(question);
	}
	return count > 0 ? question : cut(question);
}

static struct question *go_on(struct question *question)
{
	if (!question->connected && !(question = connected(question)))
		return NULL;
	send_some(question);
	return receive_some(question);
}

struct question *question_move(struct question *question, short events)
{
	if (events && !(question = go_on(question)))
		return NULL;
	return now_ms() < question->due_ms ? question : too_late(question);
}
