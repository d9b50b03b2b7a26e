/* server.c - answers redis' clients as far as a test asks: PING, and INFO with the version that it was
 * built as. */
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#ifndef VERSION
#define VERSION "3.0.0"
#endif

enum { MOST = 16 };

static const char *option(int count, char **words, const char *name, const char *otherwise)
{
	for (int i = 1; i + 1 < count; i++)
		if (!strcmp(words[i], name))
			return words[i + 1];
	return otherwise;
}

static int listening(const char *address, int port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
	int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

	inet_pton(AF_INET, address, &at.sin_addr);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(fd, (struct sockaddr *)&at, sizeof at) || listen(fd, MOST)) {
		perror(address);
		exit(1);
	}
	return fd;
}

/* 0: it has gone. */
static int answer(int fd)
{
	char asked[4096], said[128], text[] = "redis_version:" VERSION "\r\n";
	ssize_t size = read(fd, asked, sizeof asked - 1);

	if (size <= 0)
		return 0;
	asked[size] = '\0';
	for (char *c = asked; *c; c++)
		*c = (char)(*c >= 'A' && *c <= 'Z' ? *c + 'a' - 'A' : *c);
	if (strstr(asked, "\r\ninfo\r\n"))
		snprintf(said, sizeof said, "$%zu\r\n%s\r\n", strlen(text), text);
	else
		snprintf(said, sizeof said, strstr(asked, "\r\nping\r\n") ? "+PONG\r\n" : "-ERR unknown\r\n");
	return write(fd, said, strlen(said)) > 0;
}

int main(int count, char **words)
{
	struct pollfd all[MOST] = {{.events = POLLIN}};
	nfds_t open = 1;

	if (count > 1 && !strcmp(words[1], "--version")) {
		puts("Redis server v=" VERSION " sha=00000000:0 malloc=libc bits=64 build=0");
		return 0;
	}
	all[0].fd = listening(option(count, words, "--bind", "127.0.0.1"),
			      atoi(option(count, words, "--port", "6379")));
	while (poll(all, open, -1) > 0) {
		for (nfds_t i = open; i-- > 1;)
			if (all[i].revents && !answer(all[i].fd)) {
				close(all[i].fd);
				all[i] = all[--open];
			}
		if (all[0].revents && open < MOST)
			all[open++] = (struct pollfd){.fd = accept(all[0].fd, NULL, NULL), .events = POLLIN};
	}
	return 1;
}
