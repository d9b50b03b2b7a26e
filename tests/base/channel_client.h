/* channel_client.h - one channel of the world under test, and what came over it. */
#ifndef BERTH_TESTS_BASE_CHANNEL_CLIENT_H
#define BERTH_TESTS_BASE_CHANNEL_CLIENT_H

#include "http_client.h"

struct talk {
	struct world *world;
	struct channel *channel; /* NULL once it is over */
	size_t compares;         /* so many bytes with the pattern that was sent; they are not kept */
	enum { NEVER, AT_OPENING, AT_BYTES } cancel_at;
	bool opened, over, sent, differs;
	struct error error;
	int status, drains;
	size_t received, largest;
	struct text said, body;
};

/* Cancels what is still open. */
void release_talk(struct talk *talk);
#define owned_talk __attribute__((cleanup(release_talk), unused)) struct talk

void talk_to(struct talk *talk, struct world *world, const struct http_request *request);
void talk_begin(struct talk *talk, struct world *world, const struct http_server *server, const char *path,
		struct http_request request);
/* Until that has been said, and nothing else. */
void talk_until(struct talk *talk, const char *said);
/* The byte at a place of what is sent to be compared. */
unsigned char pattern_at(size_t place);

#endif
