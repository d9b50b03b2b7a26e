/* relay.h - the helper's third job: it takes connections where a provider is expected, and passes them on to
 * where it is.
 *
 * A file says what it does, a line for each place where it listens, with the targets that take turns:
 *   [ADDRESS:]PORT [ADDRESS:PORT ...]
 * Addresses are numbers; those of IPv6 stand in brackets. A SIGHUP has it read anew: connections that are
 * there go on, new ones go where it says now. One for which no target answers is tried again for a moment,
 * since a provider that moves is told of when it has moved.
 */
#ifndef BERTH_HELPER_RELAY_H
#define BERTH_HELPER_RELAY_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* Until SIGTERM, and then until the last connection has ended. Returns an exit code. */
int relay_serve(const char *path);
/* Puts standard input in the file's place where $berth_size says how long it is, and has the first process of
 * this container read it. Returns an exit code. */
int relay_told(const char *path);

/* --- relay_table.c: the file --- */

struct relay_address {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} at;
	socklen_t size; /* 0: none */
};

struct relay_line {
	struct relay_address here; /* the port alone: every address */
	struct relay_address *targets;
	size_t target_count;
};

struct relay_table {
	struct relay_line *lines;
	size_t count;
};

/* False with words on standard error, and an empty table. */
bool relay_table_read(const char *path, struct relay_table *ret);
void relay_table_free(struct relay_table *table);
bool relay_address_same(const struct relay_address *a, const struct relay_address *b);

/* --- relay_stream.c: one connection, once both ends are there --- */

enum relay_end { RELAY_CLIENT, RELAY_TARGET };

struct relay_stream;

/* Takes both sockets over. NULL: no memory or descriptors, and both are closed. */
struct relay_stream *relay_stream_new(int client, int target);
/* That end is said to be ready (of epoll's events, each told once): moves what can be moved. False: it has
 * ended. */
bool relay_stream_move(struct relay_stream *stream, enum relay_end end, uint32_t events);
void relay_stream_free(struct relay_stream *stream);

#endif
