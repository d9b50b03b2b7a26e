/* channel_internal.h - a channel: its connection, the answer that opens it, and the bytes on their way. */
#ifndef BERTH_BASE_CHANNEL_INTERNAL_H
#define BERTH_BASE_CHANNEL_INTERNAL_H

#include "base/http_head.h"
#include "base/http_internal.h"

enum moved {
	MOVED,
	STALLED, /* not now: again when the socket is ready */
	ENDED,   /* the other side has said all */
	BROKEN,  /* answer.error says why */
};

struct channel {
	struct link link; /* in real->channels until over */
	struct real *real;
	struct channel_sink sink;
	struct http *http; /* of its own: libcurl ends idle connections of a shared one when others begin */
	struct exchange *exchange; /* the connection; NULL once it failed */
	curl_socket_t socket;      /* CURL_SOCKET_BAD: not connected yet */
	uv_poll_t poll;            /* of the socket */
	uv_timer_t turn;           /* what is to be done without waiting for the socket */
	uv_timer_t limit;
	int64_t limit_ms;
	unsigned handles; /* that must be closed before the memory goes */
	bool open;
	bool ending, ended; /* our side's end is wanted; is told */
	bool shy;           /* it was to be told once, and could not be yet */
	bool hurt;          /* the socket has an error; what it still has is read */
	bool busy;          /* its bytes are being moved: what ends it now is carried out after that */
	bool over, cancelled;
	struct text queue; /* written, not yet on its way */
	struct text
	    flight; /* on its way from `flown` on, the request first; never changed or moved meanwhile */
	size_t flown;
	struct text early; /* what came before it was open */
	struct http_head head;
	bool refused; /* the head is read, and its body is to come */
	size_t body_limit;
	struct http_answer answer;
};

/* --- channel.c --- */
/* Connected: its bytes can move. */
void channel_begin(struct channel *channel, curl_socket_t socket);
/* It is over: tell its owner of `answer`, unless that is being done already. From the loop only. */
void channel_over(struct channel *channel);

/* --- channel_connection.c --- */
/* 0, or -1 with *err. */
int channel_connect(struct channel *channel, const struct http_request *request, struct error *err);
enum moved channel_send(struct channel *channel, const char *bytes, size_t count, size_t *ret_count);
enum moved channel_receive(struct channel *channel, char *bytes, size_t room, size_t *ret_count);
/* All of ours is sent: say so. */
enum moved channel_close_ours(struct channel *channel);

/* --- channel_answer.c --- */
/* What comes before the channel is open. */
void channel_take_early(struct channel *channel, const char *bytes, size_t count);
/* The other side has ended: *answer.error, unless that is how its answer ends. */
void channel_take_end(struct channel *channel);

#endif
